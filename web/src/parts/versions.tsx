import { useEffect, useState } from "preact/hooks";
import { ask } from "../api";
import { STATE_WORDS } from "../words";
import type { Job, JobSummary } from "../types";

const MOST = 100;

/** Every version of what is shown, the newest first; each stays as it is. */
export function Versions({ job }: { job: Job }) {
  const [versions, setVersions] = useState<JobSummary[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const path = `/jobs?limit=${MOST}&lineage=${job.lineage ?? job.job_id}`;
    void ask<{ jobs: JobSummary[] }>("GET", path, undefined, stop.signal).then((page) => setVersions(page.jobs), () => undefined);
    return () => stop.abort();
  }, [job.job_id, job.status]);
  if (versions.length < 2) return null;
  return (
    <section class="versions" aria-labelledby="versions-title">
      <h2 id="versions-title">Versions</h2>
      <ol>
        {versions.map((one, place) => (
          <li key={one.job_id}>
            <a href={`#/job/${one.job_id}`} aria-current={one.job_id === job.job_id ? "page" : undefined}>
              <span class={`dot ${one.status}`} aria-hidden="true" />
              <b>{versions.length - place}</b>
              <span>{wordsFor(one)}</span>
            </a>
          </li>
        ))}
      </ol>
      {versions[0]!.job_id !== job.job_id && <p class="note">You look at an older version. What you render from it becomes the newest.</p>}
    </section>
  );
}

function wordsFor(version: JobSummary): string {
  if (version.status !== "complete") return STATE_WORDS[version.status];
  return version.instruction ?? (version.parent ? "Your code" : version.prompt || "Your scene");
}
