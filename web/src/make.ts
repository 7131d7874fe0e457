/** Asking for animations, from a prompt, from code, from what is there. */

import { signal } from "@preact/signals";
import { ask, problemFrom } from "./api";
import { chosen, go } from "./state";
import type { Problem } from "./types";

export const asking = signal(false);
export const refused = signal<Problem | null>(null);
/** Why the last request was not taken. */

export interface Wanted {
  prompt?: string;
  code?: string;
  parent?: string;
}

/** Ask, and go to the job; tell whether it was taken. */
export async function make(wanted: Wanted): Promise<boolean> {
  return submit("/generate", { ...wanted, ...withoutModel(wanted) });
}

export async function revise(jobId: string, instruction: string, code: string | null): Promise<boolean> {
  return submit(`/status/${jobId}/revise`, { instruction, ...(code === null ? {} : { code }) });
}

async function submit(path: string, body: object): Promise<boolean> {
  if (asking.value) return false;
  asking.value = true;
  refused.value = null;
  try {
    const started = await ask<{ job_id: string }>("POST", path, body);
    go(`/job/${started.job_id}`);
    return true;
  } catch (error) {
    refused.value = problemFrom(error);
    return false;
  } finally {
    asking.value = false;
  }
}

/** Code needs no model and no length. */
function withoutModel(wanted: Wanted): Record<string, string | number> {
  const fields = chosen();
  if (wanted.code === undefined) return fields;
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !["model", "duration_hint_seconds"].includes(name)));
}
