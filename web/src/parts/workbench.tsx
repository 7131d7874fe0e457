import { useEffect, useState } from "preact/hooks";
import { draft, FINAL, rehearsal, state } from "../live";
import { asking, make, refused } from "../make";
import { go, kept, keep, prompt } from "../state";
import type { Job, LayoutFinding, Recipe } from "../types";
import { Attempts, Log } from "./attempts";
import { CodePanel } from "./code";
import { Downloads } from "./downloads";
import { LayoutList } from "./layout";
import { Player } from "./player";
import { ProblemCard } from "./problem";
import { ByApi, OptionFields } from "./prompt";
import { Revise } from "./revise";
import { Share } from "./share";
import { Stages } from "./stages";
import { Tabs, type Tab } from "./tabs";
import { Versions } from "./versions";

interface Props {
  job?: Job;
  recipe?: Recipe;
  code?: string;
  poster?: string | null;
}

/** One animation: how far it is or what it became, and its scene beside it. */
export function Workbench({ job, recipe, code, poster }: Props) {
  const rendered = code ?? job?.code ?? draft.value?.code ?? "";
  const running = job !== undefined && !FINAL.has(state.value ?? job.status);
  const name = `edit.${job?.job_id ?? recipe?.id ?? ""}`;
  const [edit, setEdit] = useState<string | null>(kept<string | null>(name, null));
  const [tab, setTab] = useState("code");
  const [finding, setFinding] = useState<LayoutFinding | null>(null);
  const [line, setLine] = useState<number | null>(null);
  const text = edit ?? rendered;
  const stale = edit !== null && edit !== rendered;
  const change = (next: string) => {
    setEdit(next === rendered ? null : next);
    keep(name, next === rendered ? null : next);
  };
  const render = () => void make({ code: text, prompt: captionOf(job, recipe), ...(job ? { parent: job.job_id } : {}) });
  const findings = rehearsal.value?.findings ?? [];
  const title = job?.title ?? draft.value?.title ?? recipe?.title ?? (job?.prompt || "Your scene");
  useEffect(() => { document.title = `${title} · Manimatic`; return () => { document.title = "Manimatic"; }; }, [title]);
  return (
    <div class="bench">
      <div class="bench-side">
        <h1>{title}</h1>
        {job?.prompt && job.prompt !== title && <p class="asked">{job.prompt}</p>}
        {recipe && <p>{recipe.summary}</p>}
        {job?.instruction && <p class="asked">Changed: {job.instruction}</p>}
        {job && <Stages job={job} />}
        {job?.error && <Failed job={job} goTo={(at) => { setTab("code"); setLine(at); }} />}
      </div>
      <div class="bench-main">
        {job?.url ? <Player key={job.url} job={job} stale={stale} findings={findings} shown={finding} />
          : (running || poster) && <Screen poster={poster ?? null} running={running} />}
        {job?.status === "complete" && <Downloads job={job} code={rendered} />}
        <div class="render-bar">
          <OptionFields only={["quality", "aspect_ratio", "background"]} />
          <button type="button" class={stale || !job ? "primary" : undefined} disabled={asking.value || running || !text.trim()} onClick={render}>
            {recipe || stale || !job ? "Render this code" : "Render again"}
          </button>
          {stale && <span class="chip stale">Edited</span>}
        </div>
        {refused.value && <ProblemCard problem={refused.value} />}
        <Tabs tabs={tabsFor(job, findings)} chosen={tab} choose={setTab}>
          {tab === "code" && (running ? <Writing code={rendered} />
            : <CodePanel code={rendered} text={text} changed={change} render={render} line={line} shown={() => setLine(null)} />)}
          {tab === "about" && <About job={job} />}
          {tab === "layout" && <LayoutList findings={findings} show={(found) => setFinding({ ...found })} />}
          {tab === "attempts" && job && <Attempts attempts={job.attempts} />}
          {tab === "log" && job && <Log jobId={job.job_id} />}
          {tab === "api" && <ByApi body={job && !recipe && job.generator !== "user" ? { prompt: job.prompt } : { code: text }} />}
        </Tabs>
      </div>
      {job && (
        <div class="bench-more">
          {!running && job.code && <Revise job={job} edited={stale ? text : null} />}
          {job.url && <Share key={job.job_id} job={job} />}
          <Versions job={job} />
        </div>
      )}
    </div>
  );
}

function captionOf(job: Job | undefined, recipe: Recipe | undefined): string {
  return (job?.title ?? job?.prompt ?? recipe?.title ?? "").slice(0, 8000);
}

function tabsFor(job: Job | undefined, findings: LayoutFinding[]): Tab[] {
  const code = { id: "code", name: "Code" };
  const api = { id: "api", name: "API" };
  if (!job) return [code, api];
  return [
    code, { id: "about", name: "Explanation" }, { id: "layout", name: "Layout", count: findings.length },
    { id: "attempts", name: "Attempts", count: job.attempts.length > 1 ? job.attempts.length : 0 }, { id: "log", name: "Log" }, api,
  ];
}

function Failed({ job, goTo }: { job: Job; goTo(line: number): void }) {
  const problem = job.error!;
  const count = job.attempts.length;
  const tried = count > 1 ? `${count} attempts were made; the tab “Attempts” shows what changed from each to the next.` : "";
  const again = () => { prompt.value = job.prompt; go("/"); };
  return (
    <ProblemCard problem={problem} tried={tried}>
      {problem.line && job.code ? <button type="button" onClick={() => goTo(problem.line!)}>Show line {problem.line}</button> : null}
      {job.prompt && job.generator !== "user" && <button type="button" onClick={again}>Change the prompt</button>}
      {problem.retryable && job.generator !== "user" && <button type="button" onClick={() => void make({ prompt: job.prompt })}>Try again</button>}
    </ProblemCard>
  );
}

function Screen({ poster, running }: { poster: string | null; running: boolean }) {
  return (
    <div class={running ? "screen waiting" : "screen"}>
      {poster ? <img src={poster} alt="" width={480} height={270} /> : <p>The video appears here</p>}
    </div>
  );
}

/** The scene as it is being written. */
function Writing({ code }: { code: string }) {
  return code ? <pre class="writing" tabIndex={0} aria-label="The scene as far as it is written">{code}</pre>
    : <p class="note">The scene appears here as it is written.</p>;
}

function About({ job }: { job: Job | undefined }) {
  const text = job?.explanation ?? draft.value?.explanation ?? "";
  return text ? <div class="about">{text.split(/\n{2,}/).map((part, place) => <p key={place}>{part}</p>)}</div>
    : <p class="note">{job?.generator === "user" ? "You wrote this scene; it came without an explanation." : "The explanation appears here as it is written."}</p>;
}
