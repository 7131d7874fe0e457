import { useEffect, useState } from "preact/hooks";
import { problemFrom, send } from "../api";
import { gallery, posterOf, sceneOf } from "../gallery";
import { job, leave, open, trouble } from "../live";
import { go } from "../state";
import type { Problem } from "../types";
import { ProblemCard } from "./problem";
import { Workbench } from "./workbench";

export function JobPage({ id }: { id: string }) {
  useEffect(() => { open(id); return leave; }, [id]);
  if (trouble.value && !job.value) {
    return (
      <div class="page">
        <h1>This animation cannot be shown</h1>
        <ProblemCard problem={trouble.value}>
          <button type="button" onClick={() => open(id)}>Try again</button>
          <button type="button" onClick={() => go("/history")}>See what there is</button>
        </ProblemCard>
      </div>
    );
  }
  if (!job.value) return <p class="page note" role="status">Looking it up…</p>;
  return <Workbench job={job.value} />;
}

export function RecipePage({ id }: { id: string }) {
  const recipe = gallery.find((one) => one.id === id);
  const [code, setCode] = useState<string | null>(null);
  useEffect(() => void sceneOf(id).then(setCode), [id]);
  if (!recipe) return <div class="page"><h1>There is no such recipe</h1><p><a href="#/gallery">See the gallery.</a></p></div>;
  if (code === null) return <p class="page note" role="status">Opening the recipe…</p>;
  return <Workbench recipe={recipe} code={code} poster={posterOf(id)} />;
}

/** What somebody shared, to be made one's own. */
export function SharedPage({ id }: { id: string }) {
  const [code, setCode] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    send("GET", `/v/${id}/scene.py`).then((response) => response.text()).then(setCode, (error: unknown) => setProblem(problemFrom(error)));
  }, [id]);
  if (problem) return <div class="page"><h1>Nothing is shared here</h1><ProblemCard problem={problem} /></div>;
  if (code === null) return <p class="page note" role="status">Opening the scene…</p>;
  return <Workbench code={code} />;
}
