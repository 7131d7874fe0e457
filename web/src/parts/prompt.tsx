import { useRef } from "preact/hooks";
import { asking, make, refused } from "../make";
import { chosen, DEFAULTS, health, options, prompt, type Options } from "../state";
import { ProblemCard } from "./problem";
import { Snippets } from "./snippets";

export const MAX_PROMPT = 8_000;

const CHOICES: Partial<Record<keyof Options, [string, string][]>> = {
  quality: [["low", "Draft, 480p"], ["medium", "Medium, 720p"], ["high", "High, 1080p"], ["production", "Fine, 1440p"], ["fourk", "4K"]],
  aspect_ratio: [["16:9", "Wide, 16:9"], ["9:16", "Upright, 9:16"], ["1:1", "Square, 1:1"], ["4:5", "Portrait, 4:5"], ["4:3", "Slides, 4:3"]],
  length: [["", "As it needs"], ["10", "About 10 s"], ["20", "About 20 s"], ["40", "About 40 s"], ["60", "About a minute"]],
  background: [["", "Black"], ["#1c1c1c", "Charcoal"], ["#0b1d33", "Night blue"], ["#12261d", "Blackboard"]],
};
const NAMES: Partial<Record<keyof Options, string>> = { quality: "Quality", aspect_ratio: "Frame", length: "Length", background: "Background" };

export function PromptBox() {
  const box = useRef<HTMLTextAreaElement>(null);
  const text = prompt.value;
  const over = text.length - MAX_PROMPT;
  const submit = (event: Event) => {
    event.preventDefault();
    if (!text.trim() || over > 0) box.current?.focus();
    else void make({ prompt: text.trim() });
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  };
  return (
    <form class="prompt" onSubmit={submit}>
      <label class="unseen" for="prompt">What do you want to see?</label>
      <textarea id="prompt" ref={box} rows={3} value={text} onKeyDown={key} aria-describedby="prompt-note"
        aria-invalid={over > 0} placeholder="Show why the area of a circle is πr²"
        onInput={(event) => { prompt.value = event.currentTarget.value; }} />
      <div class="prompt-end">
        <OptionFields />
        <button type="submit" class="primary big" disabled={asking.value}>{asking.value ? "Asking…" : "Make it"}</button>
      </div>
      <p id="prompt-note" class={over > 0 ? "note bad" : "note"}>
        {over > 0 ? `${over.toLocaleString("en")} characters too many; ${MAX_PROMPT.toLocaleString("en")} are taken.` : <>Any language. <kbd>Ctrl</kbd> or <kbd>⌘</kbd> with <kbd>Enter</kbd> makes it.</>}
      </p>
      {refused.value && <ProblemCard problem={refused.value} />}
    </form>
  );
}

export function OptionFields({ only }: { only?: (keyof Options)[] }) {
  const set = (name: keyof Options, value: string) => { options.value = { ...options.value, [name]: value }; };
  const names = (Object.keys(CHOICES) as (keyof Options)[]).filter((name) => !only || only.includes(name));
  const model = health.value?.model;
  return (
    <div class="options" role="group" aria-label="Options">
      {names.map((name) => (
        <label key={name} class={options.value[name] === DEFAULTS[name] ? "option" : "option changed"}>
          <span>{NAMES[name]}</span>
          <select value={options.value[name]} onChange={(event) => set(name, event.currentTarget.value)}>
            {CHOICES[name]!.map(([value, words]) => <option key={value} value={value}>{words}</option>)}
          </select>
        </label>
      ))}
      {!only && model?.configured && (
        <label class="option">
          <span>Model</span>
          <input type="text" size={14} value={options.value.model} placeholder={model.model ?? ""} spellcheck={false}
            onInput={(event) => set("model", event.currentTarget.value)} />
        </label>
      )}
    </div>
  );
}

/** How the present settings are asked for by API. */
export function ByApi({ body }: { body: Record<string, unknown> }) {
  return <Snippets body={{ ...body, ...chosen() }} />;
}
