import { useEffect, useState } from "preact/hooks";
import { ask, problemFrom } from "../api";
import { ago, STATE_WORDS } from "../words";
import type { JobSummary, Problem } from "../types";
import { ProblemCard } from "./problem";

const PAGE = 50;

interface Page {
  jobs: JobSummary[];
  next_cursor: string | null;
}

export function History() {
  const [jobs, setJobs] = useState<JobSummary[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [words, setWords] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const more = async (after: string | null) => {
    try {
      const page = await ask<Page>("GET", `/jobs?limit=${PAGE}${after ? `&cursor=${encodeURIComponent(after)}` : ""}`);
      setJobs((before) => [...(after ? before ?? [] : []), ...page.jobs]);
      setCursor(page.next_cursor);
      setProblem(null);
    } catch (error) {
      setProblem(problemFrom(error));
    }
  };
  useEffect(() => void more(null), []);
  const shown = (jobs ?? []).filter((job) => fits(job, words));
  return (
    <div class="page">
      <h1>History</h1>
      <div class="filters">
        <label class="field"><span>Search in what is listed</span>
          <input type="search" value={words} onInput={(event) => setWords(event.currentTarget.value)} /></label>
      </div>
      {problem && <ProblemCard problem={problem}><button type="button" onClick={() => void more(null)}>Try again</button></ProblemCard>}
      {jobs?.length === 0 && <p class="empty">Nothing was made yet. <a href="#/">Make the first one.</a></p>}
      {jobs && jobs.length > 0 && shown.length === 0 && <p class="empty">Nothing listed here fits these words.</p>}
      <ul class="jobs">
        {shown.map((job) => (
          <li key={job.job_id}>
            <a href={`#/job/${job.job_id}`}>
              <span class={`dot ${job.status}`} aria-hidden="true" />
              <b>{job.title ?? (job.prompt || "Your scene")}</b>
              <span class="job-words">{job.status === "failed" ? job.error?.detail : job.prompt}</span>
              <span class="job-end">{job.partial ? "A part of it" : STATE_WORDS[job.status]} · {ago(job.created_at)}</span>
            </a>
          </li>
        ))}
      </ul>
      {cursor && <button type="button" onClick={() => void more(cursor)}>Show older ones</button>}
    </div>
  );
}

function fits(job: JobSummary, words: string): boolean {
  const text = `${job.title ?? ""} ${job.prompt} ${job.job_id} ${job.status}`.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
