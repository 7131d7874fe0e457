import { useEffect, useState } from "preact/hooks";
import { cancel, connection, costOf, FINAL, progress, secondsLeft, state, totalAnimations } from "../live";
import { say } from "../state";
import { seconds, STATE_WORDS } from "../words";
import type { Job, State } from "../types";

const ORDER: State[] = ["queued", "generating", "checking", "rendering", "uploading", "complete"];
const STEPS: [State, string][] = [["generating", "Write"], ["checking", "Check"], ["rendering", "Render"], ["uploading", "Store"]];

/** How far a job is, in steps that are true. */
export function Stages({ job }: { job: Job }) {
  const now = state.value ?? job.status;
  const ended = FINAL.has(now);
  const words = sentence(job, now);
  useEffect(() => say(spoken(job, now)), [now, progress.value?.animation, job.title]);
  return (
    <section class={`stages ${now}`} aria-label="Progress">
      <ol class="steps">
        {STEPS.map(([step, name]) => (
          <li key={step} class={stepClass(job, now, step)} aria-current={step === now ? "step" : undefined}>
            <span>{step === "generating" && job.generator === "user" ? "Yours" : name}</span>
            {job.timings[step] !== undefined && <small>{seconds(job.timings[step])}</small>}
          </li>
        ))}
      </ol>
      <p class="now">{words}</p>
      {now === "rendering" && <Bar />}
      {connection.value === "lost" && !ended && <p class="note bad">The connection is lost; trying again. The work goes on meanwhile.</p>}
      {!ended && (
        <div class="row">
          <button type="button" onClick={() => void cancel(job.job_id)} disabled={job.cancel_requested}>
            {job.cancel_requested ? "Stopping…" : "Cancel"}
          </button>
          {job.attempts.length > 0 && <span class="note">{job.attempts.length > 1 ? `Attempt ${job.attempts.length}. ` : ""}{costOf(job.attempts)}</span>}
        </div>
      )}
    </section>
  );
}

function Bar() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const total = totalAnimations();
  const left = secondsLeft(now);
  return (
    <div class="bar">
      <progress aria-label="Animations rendered" {...(total ? { max: total, value: Math.min(total, progress.value?.animation ?? 0) } : {})} />
      <span>{left !== null ? `about ${Math.round(left) < 90 ? `${Math.round(left)} s` : seconds(left)} left` : ""}</span>
    </div>
  );
}

function stepClass(job: Job, now: State, step: State): string {
  if (now === step) return "current";
  if (now === "complete") return "done";
  const reached = FINAL.has(now) ? (job.error?.stage as State | undefined) ?? "queued" : now;
  if (FINAL.has(now) && reached === step) return "stopped";
  return ORDER.indexOf(reached) > ORDER.indexOf(step) ? "done" : "todo";
}

function sentence(job: Job, now: State): string {
  if (now === "queued" && job.queue_position) {
    return job.queue_position === 1 ? "Next in the queue" : `Number ${job.queue_position} in the queue`;
  }
  if (now === "rendering") return rendering();
  if (now === "complete" && job.partial) return `A part of it is done. ${job.partial_reason ?? ""}`;
  return STATE_WORDS[now];
}

function rendering(): string {
  const total = totalAnimations();
  const done = progress.value?.animation ?? 0;
  if (total) return `Rendering animation ${Math.min(total, done + 1)} of ${total}`;
  return done ? `Rendering, ${done} ${done === 1 ? "animation is" : "animations are"} done` : "Rendering begins";
}

function spoken(job: Job, now: State): string {
  if (now === "complete") return `${job.title ?? "The video"} is ready.`;
  if (now === "failed") return `It failed: ${job.error?.detail ?? ""}`;
  return sentence(job, now);
}
