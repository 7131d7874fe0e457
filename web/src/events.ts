/** A job's events, over `fetch` since an EventSource cannot bring a key. */

import { headers, problemOf, Refusal } from "./api";

export interface JobEvent {
  id: number;
  kind: string;
  data: Record<string, unknown>;
}

export type Connection = "open" | "lost" | "closed";

const LONGEST_WAIT_MS = 10_000;
const FIRST_WAIT_MS = 500;

interface Listener {
  events(events: JobEvent[]): void;
  connection(state: Connection): void;
}

/** Follow a job until it has ended; a connection that breaks is made again and goes on where it was. */
export async function follow(jobId: string, listener: Listener, signal: AbortSignal): Promise<void> {
  let last = 0;
  let waitMs = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      const over = await readOnce(jobId, last, signal, (events) => {
        last = events[events.length - 1]!.id;
        waitMs = FIRST_WAIT_MS;
        listener.events(events);
        return last;
      }, () => listener.connection("open"));
      if (over) {
        listener.connection("closed");
        return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && error.problem.status < 500) throw error;
      listener.connection("lost");
    }
    await pause(waitMs, signal);
    waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
  }
}

/** Read one connection to its end; tell whether nothing follows. */
async function readOnce(
  jobId: string, after: number, signal: AbortSignal, take: (events: JobEvent[]) => number, opened: () => void,
): Promise<boolean> {
  const response = await fetch(`/status/${jobId}/events`, {
    headers: { ...headers(), "Last-Event-ID": String(after) }, signal, cache: "no-store",
  });
  if (response.status === 204) return true;
  if (!response.ok || !response.body) throw new Refusal(await problemOf(response));
  opened();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let ended = false;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return ended;
    text += value;
    const cut = text.lastIndexOf("\n\n");
    if (cut < 0) continue;
    const events = text.slice(0, cut).split("\n\n").map(parse).filter((event) => event !== null);
    text = text.slice(cut + 2);
    if (!events.length) continue;
    take(events);
    ended = events[events.length - 1]!.kind === "end";
  }
}

function parse(block: string): JobEvent | null {
  const fields: Record<string, string> = {};
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
  }
  if (!fields["id"] || !fields["event"] || !fields["data"]) return null;
  return { id: Number(fields["id"]), kind: fields["event"], data: JSON.parse(fields["data"]) as Record<string, unknown> };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
