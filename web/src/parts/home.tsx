import { gallery } from "../gallery";
import { health, prompt } from "../state";
import { Cards } from "./gallery";
import { ByApi, PromptBox } from "./prompt";

const CHIPS = ["circle_area", "sine_from_circle", "bubble_sort", "pythagoras", "taylor_series"];
const SHOWN = 8;

export function Home() {
  const offline = health.value !== null && !health.value.model.configured;
  return (
    <div class="home">
      <h1>What do you want to see?</h1>
      <PromptBox />
      <ul class="chips" aria-label="Examples">
        <li><button type="button" onClick={() => use("Create a simple circle animation")}>A simple circle</button></li>
        {gallery.filter((recipe) => CHIPS.includes(recipe.id)).map((recipe) => (
          <li key={recipe.id}><button type="button" onClick={() => use(recipe.prompts[0] ?? recipe.title)}>{recipe.title}</button></li>
        ))}
      </ul>
      {offline && (
        <p class="note offline">
          No model is configured, so scenes come from the built-in composer: it knows shapes, plots and the recipes below.
        </p>
      )}
      <section class="shelf" aria-labelledby="shelf-title">
        <div class="row between">
          <h2 id="shelf-title">Start from a recipe</h2>
          <a href="#/gallery">All {gallery.length} recipes</a>
        </div>
        <Cards recipes={gallery.filter((_, place) => place % 5 === 1).slice(0, SHOWN)} />
      </section>
      <details class="by-api">
        <summary>Use it by API</summary>
        <ByApi body={{ prompt: prompt.value.trim() || "Create a simple circle animation" }} />
      </details>
    </div>
  );
}

function use(text: string): void {
  prompt.value = text;
  document.getElementById("prompt")?.focus();
}
