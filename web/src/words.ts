/** Plain words for what the server names. */

import type { Problem, State } from "./types";

export const STATE_WORDS: Record<State, string> = {
  queued: "Waiting for a free place",
  generating: "Writing the scene",
  checking: "Checking the scene",
  rendering: "Rendering",
  uploading: "Storing the video",
  complete: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
  expired: "Out of time",
};

export type Blame = "scene" | "limit" | "writer" | "request" | "machine" | "user";

const LIMITS = new Set(["timeout", "memory_limit", "process_limit", "disk_limit", "output_limit", "expired", "budget_exceeded", "quota_exceeded", "too_many_requests"]);
const SCENE = new Set(["scene_error", "no_scene", "no_output", "check_failed", "unsafe_code", "same_answer", "crashed", "invalid_output"]);
const WRITER = new Set(["generation_failed", "no_offline_answer", "model_refused", "model_unavailable", "model_rejected_key", "unusable_answer", "answer_without_code", "answer_cut_off", "answer_not_python"]);

export function blameOf(problem: Problem): Blame {
  if (problem.code === "cancelled") return "user";
  if (LIMITS.has(problem.code)) return "limit";
  if (SCENE.has(problem.code)) return "scene";
  if (WRITER.has(problem.code)) return "writer";
  return problem.status >= 400 && problem.status < 500 ? "request" : "machine";
}

export const BLAME_WORDS: Record<Blame, string> = {
  scene: "The scene has a mistake",
  limit: "A limit was reached",
  writer: "No scene could be written",
  request: "The request was not taken",
  machine: "Something went wrong on the server, not in your scene",
  user: "You stopped this",
};

const VERDICTS: Record<string, string> = {
  ok: "rendered", scene_error: "failed while running", timeout: "ran out of time", memory_limit: "ran out of memory",
  process_limit: "started too many processes", disk_limit: "wrote too much", output_limit: "sent too much",
  crashed: "crashed", no_scene: "holds no scene", no_output: "drew nothing", invalid_output: "made a broken video",
  sandbox_error: "could not be run",
};

export function verdictWords(verdict: string | null): string {
  return verdict === null ? "not run" : VERDICTS[verdict] ?? verdict;
}

export function seconds(count: number): string {
  if (count < 9.95) return `${count.toFixed(1)} s`;
  if (count < 90) return `${Math.round(count)} s`;
  return `${Math.floor(count / 60)} min ${Math.round(count % 60)} s`;
}

export function clock(at: number): string {
  const whole = Math.max(0, Math.floor(at));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function size(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.max(1, Math.round(bytes / 1000))} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export function ago(iso: string, now = Date.now()): string {
  const passed = (now - Date.parse(iso)) / 1000;
  if (passed < 60) return "just now";
  if (passed < 3600) return `${Math.floor(passed / 60)} min ago`;
  if (passed < 86_400) return `${Math.floor(passed / 3600)} h ago`;
  return new Date(iso).toLocaleDateString("en", { day: "numeric", month: "short", year: "numeric" });
}
