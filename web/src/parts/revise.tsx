import { useState } from "preact/hooks";
import { asking, revise } from "../make";
import { health } from "../state";
import type { Job } from "../types";

/** Asks a model for another version. */
export function Revise({ job, edited }: { job: Job; edited: string | null }) {
  const [text, setText] = useState("");
  const able = health.value?.model.configured ?? true;
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim()) void revise(job.job_id, text.trim(), edited).then((taken) => { if (taken) setText(""); });
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  };
  if (!able) return <p class="note">Changes by words need a model, and none is configured. Change the code and render it.</p>;
  return (
    <form class="revise" onSubmit={submit}>
      <label class="field">
        <span>Say what to change</span>
        <textarea rows={2} maxLength={2000} value={text} onKeyDown={key}
          placeholder="Make the circle blue, slow down the second step" onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <button type="submit" disabled={asking.value || !text.trim()}>Make another version</button>
    </form>
  );
}
