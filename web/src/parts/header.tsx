import { keyWanted, storedKey } from "../api";
import { health, place, theme } from "../state";

const NEXT = { auto: "light", light: "dark", dark: "auto" } as const;
const LOOKS = { auto: "As the system", light: "Light", dark: "Dark" } as const;

export function Header() {
  const here = place.value.kind;
  const link = (kind: string, href: string, text: string) => (
    <a href={href} aria-current={here === kind ? "page" : undefined}>{text}</a>
  );
  return (
    <header class="top">
      <a class="brand" href="#/" aria-label="Manimatic">
        <Mark />
        <span class="wide-only">Manimatic</span>
      </a>
      <nav aria-label="Main">
        {link("home", "#/", "Make")}
        {link("gallery", "#/gallery", "Gallery")}
        {link("history", "#/history", "History")}
      </nav>
      <div class="top-end">
        <HealthMark />
        {storedKey() && <button type="button" class="quiet" onClick={askForKey}>API key</button>}
        <button type="button" class="quiet" onClick={() => { theme.value = NEXT[theme.value]; }}
          aria-label={`Colours: ${LOOKS[theme.value]}. Change`}>
          <span aria-hidden="true">{theme.value === "dark" ? "☾" : theme.value === "light" ? "☀" : "◐"}</span>
          <span class="wide-only">{LOOKS[theme.value]}</span>
        </button>
      </div>
    </header>
  );
}

function askForKey(): void {
  keyWanted.value = {
    code: "key_change", status: 401, title: "API key", detail: "Requests from this page bring the key that you give here.", hint: "",
  };
}

function HealthMark() {
  const found = health.value;
  if (!found || found.status === "ok") return null;
  const words = found.status === "down" ? "The service is down" : "Not everything works";
  return <span class={`chip ${found.status}`}>{words}</span>;
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" class="mark">
      <rect x="4" y="11" width="16" height="16" rx="1" />
      <circle cx="20" cy="12" r="9" />
    </svg>
  );
}
