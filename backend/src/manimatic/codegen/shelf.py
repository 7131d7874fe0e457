"""Finds the recipes that come nearest to a prompt, to show them to the model.

The search is SQLite's own full-text index, made in memory for each prompt: forty recipes take milliseconds, and nothing
is shared between threads.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing

from manimatic.codegen.offline.lexicon import read_data
from manimatic.codegen.offline.matching import plain
from manimatic.codegen.offline.recipes import Recipe

MAX_WORDS = 64
"""Words of a prompt that are searched for; what a scene is about is said in fewer."""
LEAST_SCORE = 3.0
"""A recipe that scores less has but a passing word in common with the prompt."""
LEAST_SHARE = 0.4
"""Of the best one's score; what scores less would distract from it."""
_TABLE = """create virtual table shelf using fts5(
    title, keywords, prompts, summary, explanation, tokenize = "porter unicode61 remove_diacritics 2")"""
# What a word counts in each column stands in the order of the table's.
_SEARCH = """select rowid - 1, -bm25(shelf, 6.0, 8.0, 5.0, 2.0, 1.0) as score
    from shelf where shelf match ? order by score desc, rowid limit ?"""
_WORD = re.compile(r"[^\W_]+")


class Shelf:
    """All recipes, ready to be searched; one instance serves any number of threads."""

    def __init__(self, recipes: Sequence[Recipe]) -> None:
        self._recipes = tuple(recipes)
        self._rows = [_row(recipe) for recipe in recipes]
        self._generic = frozenset(read_data("recipe_words.toml")["generic"])

    def nearest(self, prompt: str, count: int) -> tuple[Recipe, ...]:
        """Return the recipes that have most in common with a prompt, best first; none where nothing fits."""
        said = _WORD.findall(plain(prompt).lower())
        words = [word for word in said if not word.isdigit() and word not in self._generic]
        words = list(dict.fromkeys(words))[:MAX_WORDS]
        if not words or not self._rows:
            return ()
        return tuple(self._recipes[number] for number in self._search(words, count))

    def _search(self, words: Sequence[str], count: int) -> list[int]:
        with closing(sqlite3.connect(":memory:")) as database:
            database.execute(_TABLE)
            database.executemany("insert into shelf values (?, ?, ?, ?, ?)", self._rows)
            query = " OR ".join(f'"{word}"' for word in words)
            found = database.execute(_SEARCH, (query, count)).fetchall()
        least = max(LEAST_SCORE, LEAST_SHARE * found[0][1]) if found else 0.0
        return [number for number, score in found if score >= least]


def _row(recipe: Recipe) -> tuple[str, ...]:
    words = (recipe.title, " ".join(recipe.keywords), " ".join(recipe.prompts), recipe.summary, recipe.explanation)
    return tuple(plain(text) for text in words)
