"""The reference of the gallery, made from its recipes."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from docs_tables import table
from manimatic.codegen.offline.recipes import Recipe, load_recipes

GALLERY = Path(__file__).resolve().parent.parent / "examples"


def gallery_tables() -> str:
    """Return every recipe by topic, with a prompt that it answers and what a prompt may change."""
    recipes = sorted(load_recipes(GALLERY), key=lambda recipe: (recipe.topic, recipe.id))
    parts = [_topic(topic, list(found)) for topic, found in groupby(recipes, key=lambda recipe: recipe.topic)]
    return f"{len(recipes)} recipes.\n\n" + "\n\n".join(parts)


def _topic(topic: str, recipes: list[Recipe]) -> str:
    return f"### {topic.capitalize()}\n\n" + table(("recipe", "shows", "a prompt", "it may set"), map(_row, recipes))


def _row(recipe: Recipe) -> list[str]:
    settable = ", ".join(parameter.name.lower().replace("_", " ") for parameter in recipe.parameters)
    return [f"[`{recipe.id}`](../../examples/{recipe.id}/scene.py)", recipe.summary, recipe.prompts[0], settable or "–"]
