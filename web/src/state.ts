/** What the page keeps: where one is, what was written and chosen, how it looks. */

import { effect, signal } from "@preact/signals";
import type { Health } from "./types";

export interface Options {
  quality: string;
  aspect_ratio: string;
  length: string;
  background: string;
  format: string;
  model: string;
}

export const DEFAULTS: Options = {
  quality: "medium", aspect_ratio: "16:9", length: "", background: "", format: "", model: "",
};

export type Place =
  | { kind: "home" } | { kind: "gallery" } | { kind: "history" }
  | { kind: "job"; id: string } | { kind: "recipe"; id: string } | { kind: "shared"; id: string };

export const place = signal<Place>(readPlace());
export const prompt = signal(kept("prompt", ""));
export const options = signal<Options>({ ...DEFAULTS, ...kept<Partial<Options>>("options", {}) });
export const theme = signal<"auto" | "light" | "dark">(kept("theme", "auto"));
export const health = signal<Health | null>(null);
export const said = signal("");
/** What a screen reader is told, politely. */

const SAY_EVERY_MS = 1_500;
let saidAt = 0;
let sayLater: number | undefined;

export function begin(): void {
  addEventListener("hashchange", () => { place.value = readPlace(); });
  effect(() => keep("prompt", prompt.value));
  effect(() => keep("options", options.value));
  effect(() => {
    keep("theme", theme.value);
    document.documentElement.dataset["theme"] = theme.value;
  });
}

export function go(where: string): void {
  location.hash = where;
}

/** Say something when the last thing has had its time; what is overtaken is left out. */
export function say(text: string): void {
  clearTimeout(sayLater);
  sayLater = setTimeout(() => { said.value = text; saidAt = Date.now(); }, Math.max(0, saidAt + SAY_EVERY_MS - Date.now()));
}

/** The request's fields beside prompt or code. */
export function chosen(): Record<string, string | number> {
  const { length, ...rest } = options.value;
  const given = Object.entries(rest).filter(([name, value]) => value && (value !== DEFAULTS[name as keyof Options] || name === "quality"));
  return { ...Object.fromEntries(given), ...(length ? { duration_hint_seconds: Number(length) } : {}) };
}

function readPlace(): Place {
  const [, kind, id] = location.hash.replace(/^#/, "").split("/");
  if ((kind === "job" || kind === "recipe" || kind === "shared") && id && /^[A-Za-z0-9_-]{1,64}$/.test(id)) return { kind, id };
  return kind === "history" || kind === "gallery" ? { kind } : { kind: "home" };
}

export function kept<T>(name: string, otherwise: T): T {
  try {
    return (JSON.parse(localStorage.getItem(`manimatic.${name}`) ?? "null") as T | null) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function keep(name: string, value: unknown): void {
  try {
    localStorage.setItem(`manimatic.${name}`, JSON.stringify(value));
  } catch {
    // The browser's room is full or closed: then this is not kept.
  }
}
