/** The job that is shown: what the server says of it, and what its events add. */

import { batch, signal } from "@preact/signals";
import { ask, problemFrom } from "./api";
import { follow, type Connection, type JobEvent } from "./events";
import type { Attempt, Draft, Job, Problem, Progress, Rehearsal, State } from "./types";

export const job = signal<Job | null>(null);
export const draft = signal<Draft | null>(null);
export const progress = signal<Progress | null>(null);
export const renderingSince = signal(0);
export const rehearsal = signal<Rehearsal | null>(null);
export const log = signal("");
export const state = signal<State | null>(null);
export const connection = signal<Connection>("open");
export const trouble = signal<Problem | null>(null);
/** Why the job cannot be shown. */

export const FINAL: ReadonlySet<State | null> = new Set<State | null>(["complete", "failed", "cancelled", "expired"]);
const MAX_LOG_CHARS = 400_000;
const QUEUE_POLL_MS = 2_000;

let stop: AbortController | null = null;

export function leave(): void {
  stop?.abort();
  stop = null;
  batch(() => {
    for (const one of [job, draft, progress, rehearsal, state, trouble]) one.value = null;
    log.value = "";
    connection.value = "open";
  });
}

/** Show a job, from its first event on. */
export function open(jobId: string): void {
  leave();
  const mine = (stop = new AbortController());
  void refresh(jobId, mine.signal);
  void pollQueue(jobId, mine.signal);
  const listener = {
    events: (events: JobEvent[]) => take(jobId, events, mine.signal),
    connection: (now: Connection) => { if (!mine.signal.aborted) connection.value = now; },
  };
  follow(jobId, listener, mine.signal).catch((error: unknown) => { trouble.value = problemFrom(error); });
}

export async function cancel(jobId: string): Promise<void> {
  try {
    job.value = await ask<Job>("POST", `/status/${jobId}/cancel`);
  } catch (error) {
    trouble.value = problemFrom(error);
  }
}

async function refresh(jobId: string, signal: AbortSignal): Promise<void> {
  try {
    const found = await ask<Job>("GET", `/status/${jobId}`, undefined, signal);
    if (signal.aborted) return;
    batch(() => {
      job.value = found;
      state.value = found.status;
      trouble.value = null;
    });
  } catch (error) {
    if (!signal.aborted && problemFrom(error).code !== "unreachable") trouble.value = problemFrom(error);
  }
}

async function pollQueue(jobId: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (state.value === null || state.value === "queued")) {
    await new Promise((resolve) => setTimeout(resolve, QUEUE_POLL_MS));
    if (!signal.aborted && state.value === "queued") await refresh(jobId, signal);
  }
}

function take(jobId: string, events: JobEvent[], signal: AbortSignal): void {
  if (signal.aborted) return;
  let text = "";
  batch(() => {
    for (const event of events) {
      if (event.kind === "log") text += String(event.data["text"] ?? "");
      else one(event);
    }
    if (text) log.value = (log.value + text).slice(-MAX_LOG_CHARS);
  });
  if (events.some((event) => ["state", "attempt", "end"].includes(event.kind))) void refresh(jobId, signal);
}

function one(event: JobEvent): void {
  const data = event.data as unknown;
  switch (event.kind) {
    case "state":
      state.value = event.data["state"] as State;
      if (state.value === "rendering") renderingSince.value = Date.parse(String(event.data["at"]));
      if (state.value === "generating") progress.value = rehearsal.value = null;
      break;
    case "draft": draft.value = data as Draft; break;
    case "progress": progress.value = data as Progress; break;
    case "rehearsal": rehearsal.value = data as Rehearsal; break;
  }
}

/** How many animations there are; a rehearsal that was cut short does not know. */
export function totalAnimations(): number | null {
  const known = rehearsal.value;
  return progress.value?.total ?? (known?.ended ? known.animations : null);
}

/** Seconds that rendering will still take, as far as that can be told. */
export function secondsLeft(now: number): number | null {
  const [done, known, total] = [progress.value, rehearsal.value, totalAnimations()];
  if (!known || !total) return null;
  const share = done ? done.animation / total : 0;
  const spent = (now - renderingSince.value) / 1000;
  const guess = share > 0.2 ? (spent / share) * (1 - share) : known.predicted_render_s * (1 - share);
  return Math.max(1, guess);
}

export function costOf(attempts: Attempt[]): string {
  const known = attempts.map((attempt) => attempt.usage.cost_usd).filter((cost) => cost !== null);
  const tokens = attempts.reduce((sum, attempt) => sum + attempt.usage.input_tokens + attempt.usage.output_tokens, 0);
  if (!tokens) return "no cost";
  const cost = known.length ? `$${known.reduce((sum, one) => sum + one, 0).toFixed(4)}, ` : "";
  return `${cost}${tokens.toLocaleString("en")} tokens`;
}
