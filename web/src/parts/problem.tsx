import type { ComponentChildren } from "preact";
import { BLAME_WORDS, blameOf } from "../words";
import type { Problem } from "../types";

const OWN_TITLES = new Set(["unreachable", "no_answer", "page_error"]);
/** The page's own errors, whose titles say more than whose fault they are. */

interface Props {
  problem: Problem;
  tried?: string;
  children?: ComponentChildren;
}

/** An error in plain words: whose fault, what, what was tried, what to do next. */
export function ProblemCard({ problem, tried, children }: Props) {
  const blame = blameOf(problem);
  return (
    <section class={`problem ${blame}`} role={blame === "user" ? undefined : "alert"}>
      <h2>{OWN_TITLES.has(problem.code) ? problem.title.replace(/\.$/, "") : BLAME_WORDS[blame]}</h2>
      <p class="what">{problem.detail}</p>
      {problem.line ? <p>It happened in line {problem.line} of the scene.</p> : null}
      {problem.errors?.length ? (
        <ul>{problem.errors.map((one) => <li key={one.pointer}><code>{one.pointer.replace(/^[#/]+/, "")}</code>: {one.detail}</li>)}</ul>
      ) : null}
      {tried && <p>{tried}</p>}
      {problem.hint && <p><b>What to do:</b> {problem.hint}</p>}
      {problem.traceback && (
        <details>
          <summary>Where it failed, as Python says it</summary>
          <pre tabIndex={0} aria-label="Traceback">{problem.traceback}</pre>
        </details>
      )}
      {children && <div class="row">{children}</div>}
      <p class="code-name">Name of this error: <code>{problem.code}</code></p>
    </section>
  );
}
