import { costOf, log } from "../live";
import { verdictWords } from "../words";
import type { Attempt } from "../types";
import { DiffLines } from "./code";

const SHOWN_LOG_CHARS = 60_000;

/** Every round with what was wrong, what changed and what it cost. */
export function Attempts({ attempts }: { attempts: Attempt[] }) {
  if (!attempts.length) return <p class="note">Nothing was tried yet.</p>;
  return (
    <ol class="attempts">
      {attempts.map((attempt) => (
        <li key={attempt.number}>
          <h2>Attempt {attempt.number}: {attempt.verdict ? verdictWords(attempt.verdict) : attempt.error ? "sent back" : "under way"}</h2>
          <p class="note">Written by {writer(attempt.origin)}, {costOf([attempt])}</p>
          {attempt.error && <p>{attempt.error.detail}</p>}
          {attempt.fixes.length > 0 && <Shown title={`Mended without a model: ${attempt.fixes.length}`} diff={attempt.fixes.map((fix) => fix.diff).join("\n")} />}
          {attempt.diagnostics.length > 0 && (
            <ul class="diagnostics">
              {attempt.diagnostics.map((found, place) => <li key={place} class={found.severity}>Line {found.line}: {found.message}</li>)}
            </ul>
          )}
          {attempt.diff && <Shown title="Changed since the attempt before" diff={attempt.diff} />}
        </li>
      ))}
    </ol>
  );
}

function writer(origin: string): string {
  return origin === "user" ? "you" : origin === "offline" ? "the built-in composer" : origin;
}

function Shown({ title, diff }: { title: string; diff: string }) {
  return (
    <details>
      <summary>{title}</summary>
      <pre class="diff" tabIndex={0} aria-label={title}><DiffLines diff={diff} /></pre>
    </details>
  );
}

export function Log({ jobId }: { jobId: string }) {
  const text = log.value;
  if (!text) return <p class="note">The scene printed nothing.</p>;
  const shown = text.slice(-SHOWN_LOG_CHARS);
  return (
    <>
      {shown.length < text.length && <p class="note">The end of it; <a href={`/status/${jobId}/logs`}>the whole log</a> is longer.</p>}
      <pre class="log" tabIndex={0} aria-label="Log">{shown}</pre>
    </>
  );
}
