import { useState } from "preact/hooks";
import { gallery, posterOf, TOPICS } from "../gallery";
import type { Recipe } from "../types";

export function Gallery() {
  const [topic, setTopic] = useState("");
  const [words, setWords] = useState("");
  const shown = gallery.filter((recipe) => (!topic || recipe.topic === topic) && fits(recipe, words));
  return (
    <div class="page">
      <h1>Gallery</h1>
      <p>Every recipe opens in the studio: render it, change it, make it yours.</p>
      <div class="filters">
        <label class="field"><span>Search</span>
          <input type="search" value={words} onInput={(event) => setWords(event.currentTarget.value)} /></label>
        <label class="field"><span>Topic</span>
          <select value={topic} onChange={(event) => setTopic(event.currentTarget.value)}>
            <option value="">All topics</option>
            {Object.entries(TOPICS).map(([id, name]) => <option key={id} value={id}>{name}</option>)}
          </select></label>
      </div>
      {shown.length ? <Cards recipes={shown} /> : <p class="empty">Nothing fits these words.</p>}
    </div>
  );
}

function fits(recipe: Recipe, words: string): boolean {
  const text = `${recipe.title} ${recipe.summary} ${recipe.prompts.join(" ")}`.toLowerCase();
  return words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

export function Cards({ recipes }: { recipes: readonly Recipe[] }) {
  return (
    <ul class="cards">
      {recipes.map((recipe) => (
        <li key={recipe.id}>
          <a href={`#/recipe/${recipe.id}`}>
            <Poster id={recipe.id} />
            <b>{recipe.title}</b>
            <span>{recipe.summary}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function Poster({ id }: { id: string }) {
  const src = posterOf(id);
  return src ? <img src={src} alt="" width={480} height={270} loading="lazy" decoding="async" /> : <span class="no-poster" />;
}
