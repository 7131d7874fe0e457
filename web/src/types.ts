/** What the api answers, as far as the page reads it; `/openapi.json` has all of it. */

export type State =
  | "queued" | "generating" | "checking" | "rendering" | "uploading"
  | "complete" | "failed" | "cancelled" | "expired";

export interface Problem {
  code: string;
  title: string;
  detail: string;
  hint: string;
  status: number;
  retryable?: boolean;
  stage?: string | null;
  line?: number | null;
  traceback?: string | null;
  errors?: { pointer: string; detail: string }[];
}

export interface Fix {
  rule: string;
  line: number;
  diff: string;
}

export interface Diagnostic {
  rule: string;
  severity: "error" | "warning" | "advice";
  line: number;
  column?: number;
  end_line?: number;
  end_column?: number;
  message: string;
  hint?: string;
  fix?: string | null;
}

export interface Report {
  ok: boolean;
  diagnostics: Diagnostic[];
  fixed_code: string | null;
}

export interface Attempt {
  number: number;
  origin: string;
  diff: string | null;
  fixes: Fix[];
  diagnostics: Diagnostic[];
  verdict: string | null;
  error: Problem | null;
  usage: { input_tokens: number; output_tokens: number; cost_usd: number | null };
}

export interface Video {
  bytes: number;
  width: number;
  height: number;
  fps: number;
  duration_seconds: number;
  expires_at: string | null;
}

export interface JobSummary {
  job_id: string;
  status: State;
  url: string | null;
  title: string | null;
  prompt: string;
  partial: boolean;
  partial_reason: string | null;
  error: Problem | null;
  created_at: string;
  parent?: string | null;
  lineage?: string;
  instruction?: string | null;
}

export interface Job extends JobSummary {
  code: string | null;
  explanation: string | null;
  generator: string | null;
  queue_position: number | null;
  cancel_requested: boolean;
  attempts: Attempt[];
  share_url: string | null;
  timings: Record<string, number>;
  video: Video | null;
}

export interface LayoutObject {
  name: string;
  line: number | null;
  box: [number, number, number, number] | null;
}

export interface LayoutFinding {
  rule: string;
  message: string;
  hint: string;
  objects: LayoutObject[];
  start_s: number;
  end_s: number;
  line: number | null;
}

export interface Rehearsal {
  ended: boolean;
  animations: number;
  duration_s: number;
  predicted_render_s: number;
  findings: LayoutFinding[];
}

export interface Draft {
  title: string;
  explanation: string;
  code: string;
  final: boolean;
}

export interface Progress {
  animation: number;
  video_s: number;
  line: number | null;
  total?: number;
}

export interface Recipe {
  id: string;
  title: string;
  topic: string;
  summary: string;
  prompts: string[];
}

export interface Health {
  status: "ok" | "degraded" | "down";
  version: string;
  model: { configured: boolean; model: string | null };
}
