import { useState } from "preact/hooks";
import { ask, problemFrom } from "../api";
import { say } from "../state";
import type { Job, Problem } from "../types";
import { ProblemCard } from "./problem";

/** Gives the animation a page for everybody, and takes it away. */
export function Share({ job }: { job: Job }) {
  const [url, setUrl] = useState(job.share_url);
  const [problem, setProblem] = useState<Problem | null>(null);
  const path = `/status/${job.job_id}/share`;
  const attempt = (work: Promise<string | null>, words: string) =>
    work.then((next) => { setUrl(next); setProblem(null); say(words); }, (error: unknown) => setProblem(problemFrom(error)));
  const share = () => void attempt(ask<{ url: string }>("POST", path).then((found) => found.url), "The page for everybody is there.");
  const stop = () => void attempt(ask<undefined>("DELETE", path).then(() => null), "It is not shared any more.");
  return (
    <div class="share">
      {url ? (
        <div class="row">
          <a href={url}>Page for everybody</a>
          <button type="button" onClick={() => void navigator.clipboard.writeText(url).then(() => say("The address is copied."))}>Copy its address</button>
          <button type="button" onClick={stop}>Stop sharing</button>
        </div>
      ) : <button type="button" onClick={share}>Share</button>}
      {problem && <ProblemCard problem={problem} />}
    </div>
  );
}
