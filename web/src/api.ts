/** Asking the server. Every refusal becomes a `Refusal` with the problem document that came, or one of our own words. */

import { signal } from "@preact/signals";
import type { Problem } from "./types";

const KEY = "manimatic.key";

export const keyWanted = signal<Problem | null>(null);
/** Set while the server asks for a key, or for another one. */

export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

export function storedKey(): string {
  return sessionStorage.getItem(KEY) ?? "";
}

export function keepKey(key: string): void {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
  keyWanted.value = null;
}

export function headers(): Record<string, string> {
  const key = storedKey();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

export async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await send(method, path, body, signal);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

export async function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const sent: RequestInit = { method, headers: headers(), cache: "no-cache" };
  if (signal) sent.signal = signal;
  if (body !== undefined) {
    sent.headers = { ...headers(), "Content-Type": "application/json" };
    sent.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(path, sent);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(unreachable());
  }
  if (!response.ok) throw new Refusal(await problemOf(response));
  return response;
}

export async function problemOf(response: Response): Promise<Problem> {
  const problem = await readProblem(response);
  if (response.status === 401) keyWanted.value = problem;
  return problem;
}

async function readProblem(response: Response): Promise<Problem> {
  try {
    const found = (await response.json()) as Problem;
    if (typeof found.code === "string" && typeof found.detail === "string") return found;
  } catch {
    // Something between here and the server answered; its page says nothing to people.
  }
  return {
    code: "no_answer", status: response.status, title: "The server did not answer as expected.",
    detail: `It answered with status ${response.status}.`, hint: "Try again in a moment.", retryable: true,
  };
}

export function unreachable(): Problem {
  return {
    code: "unreachable", status: 0, title: "The server cannot be reached.",
    detail: "The page got no answer.", hint: "Look whether Manimatic still runs; nothing that you wrote here is lost.",
    retryable: true,
  };
}

export function problemFrom(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
  return {
    code: "page_error", status: 0, title: "The page made a mistake.", detail: String(error),
    hint: "Reload the page; if it happens again, report it.",
  };
}
