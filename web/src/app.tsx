import { useEffect } from "preact/hooks";
import { ask } from "./api";
import { health, place, said } from "./state";
import type { Health } from "./types";
import { Gallery } from "./parts/gallery";
import { Header } from "./parts/header";
import { History } from "./parts/history";
import { Home } from "./parts/home";
import { KeyDialog } from "./parts/key";
import { JobPage, RecipePage, SharedPage } from "./parts/pages";

const HEALTH_EVERY_MS = 60_000;

export function App() {
  useEffect(() => {
    const look = () => void ask<Health>("GET", "/health").then((found) => { health.value = found; }, () => { health.value = null; });
    look();
    const timer = setInterval(look, HEALTH_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const here = place.value;
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>Skip to the content</a>
      <Header />
      <main id="main" tabIndex={-1}>
        {here.kind === "home" && <Home />}
        {here.kind === "gallery" && <Gallery />}
        {here.kind === "history" && <History />}
        {here.kind === "job" && <JobPage key={here.id} id={here.id} />}
        {here.kind === "shared" && <SharedPage key={here.id} id={here.id} />}
        {here.kind === "recipe" && <RecipePage key={here.id} id={here.id} />}
      </main>
      <footer>
        <a href="/docs">HTTP API</a>
        <span>Manimatic {health.value?.version ?? ""}</span>
      </footer>
      <KeyDialog />
      <div role="status" aria-live="polite" class="unseen">{said}</div>
    </>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
