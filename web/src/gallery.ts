/** The recipes: what they are called at once, their scenes when somebody opens one. */

import recipes from "./generated/gallery.json";
import type { Recipe } from "./types";

const posters = import.meta.glob<string>("../posters/*.webp", { eager: true, query: "?url", import: "default" });

export const gallery: readonly Recipe[] = recipes;

export const TOPICS: Record<string, string> = {
  geometry: "Geometry", algebra: "Algebra", trigonometry: "Trigonometry", calculus: "Calculus",
  linear_algebra: "Linear algebra", probability: "Probability", algorithms: "Algorithms", physics: "Physics",
  plots: "Plots", text: "Text",
};

export function posterOf(id: string): string | null {
  return posters[`../posters/${id}.webp`] ?? null;
}

export async function sceneOf(id: string): Promise<string | null> {
  const { default: scenes } = await import("./generated/scenes.json");
  return (scenes as Record<string, string>)[id] ?? null;
}
