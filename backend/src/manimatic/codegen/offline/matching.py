"""Finds the recipe that answers a prompt, or the ones that come nearest to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from manimatic.codegen.offline.filling import Filling, pick
from manimatic.codegen.offline.lexicon import Lexicon, read_data
from manimatic.codegen.offline.recipes import Recipe
from manimatic.codegen.offline.tokens import NotUnderstood

THRESHOLD = 0.7
"""Share of a prompt's words that a recipe has to know."""
_SIGNS = re.compile(r"[+*/^=<>\\{}]")
_SPOKEN = {"π": " pi ", "²": " squared", "³": " cubed", "^2": " squared", "^3": " cubed"}
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SIZE = re.compile(r"\b\d+x\d+\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A recipe that answers, the values for it, and the words of the prompt that it knows nothing of."""

    recipe: Recipe
    filling: Filling
    unknown: tuple[str, ...] = ()


def words_of(text: str) -> list[str]:
    """Return a text's words in lower case, plurals without their s."""
    return [_stem(word) for word in _WORD.findall(text.lower())]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def plain(prompt: str) -> str:
    """Return the prompt with "πr²" and "pi r^2" both said as "pi r squared"."""
    for sign, words in _SPOKEN.items():
        prompt = prompt.replace(sign, words)
    return prompt


class Gallery:
    """All recipes, ready to be searched."""

    def __init__(self, recipes: Sequence[Recipe], lexicon: Lexicon) -> None:
        self._recipes, self._lexicon = recipes, lexicon
        self._vocabularies = {recipe.id: _vocabulary(recipe) for recipe in recipes}

    @cached_property
    def _generic(self) -> set[str]:
        return {_stem(word) for word in read_data("recipe_words.toml")["generic"]}

    @cached_property
    def _negations(self) -> set[str]:
        return set(read_data("recipe_words.toml")["negations"])

    def exact(self, prompt: str) -> Match | None:
        """Return the recipe that lists this very prompt."""
        wanted = words_of(plain(prompt))
        for recipe in self._recipes:
            if any(words_of(plain(listed)) == wanted for listed in recipe.prompts):
                return Match(recipe=recipe, filling=pick(recipe, plain(prompt), self._lexicon))
        return None

    def best(self, prompt: str) -> Match | None:
        """Return the recipe that answers this prompt, if one does.

        Raises:
            Unsuitable: It does, but a value is out of its range.
            NotUnderstood: One comes near, but something in the prompt would be left out.
        """
        prompt = plain(prompt)
        if set(_WORD.findall(prompt.lower())) & self._negations:
            return None
        fitting = [recipe for recipe in self._recipes if _has_required(recipe, prompt)]
        ranked = sorted(fitting, key=lambda recipe: self._score(recipe, prompt), reverse=True)
        return self._match(ranked[0], prompt) if ranked else None

    def _match(self, recipe: Recipe, prompt: str) -> Match:
        filling = pick(recipe, prompt, self._lexicon)
        words = self._content(filling.rest)
        unknown = tuple(w for w in words if w not in self._vocabularies[recipe.id])
        left = self._values_left(recipe, filling.rest)
        if left or (words and 1 - len(unknown) / len(words) < THRESHOLD):
            listed = ", ".join(repr(word) for word in list(dict.fromkeys([*left, *unknown]))[:5])
            raise NotUnderstood(f"the recipe “{recipe.title}” comes near, but it has no use for {listed}")
        return Match(recipe=recipe, filling=filling, unknown=unknown)

    def _values_left(self, recipe: Recipe, rest: str) -> list[str]:
        """Return the numbers, colours and quoted texts of the prompt that would be left out."""
        known = self._vocabularies[recipe.id]
        values = _NUMBER.findall(_SIZE.sub(lambda size: " " if size[0].lower() in known else size[0], rest))
        values += [word for word in words_of(rest) if word in self._lexicon.colours or word in {"squared", "cubed"}]
        quoted = re.findall(r"\"[^\"]+\"|“[^”]+”|\$[^$]+\$|\#[0-9A-Fa-f]{6}", rest)
        signs = set(_SIGNS.findall(rest)) - set(_SIGNS.findall(" ".join(recipe.prompts)))
        return [value for value in values if value not in known] + quoted + sorted(signs)

    def nearest(self, prompt: str, number: int) -> list[str]:
        """Return a prompt of each of the recipes that share the most with this one."""
        shared = [(len(set(self._content(prompt)) & self._vocabularies[r.id]), r) for r in self._recipes]
        ranked = sorted((pair for pair in shared if pair[0]), key=lambda pair: -pair[0])
        return [recipe.prompts[0] for _, recipe in ranked[:number]]

    def _score(self, recipe: Recipe, prompt: str) -> tuple[float, int]:
        words = self._content(prompt)
        known = sum(word in self._vocabularies[recipe.id] for word in words)
        keywords = {w for keyword in recipe.keywords for w in words_of(keyword)}
        return known / max(1, len(words)), len(set(words) & keywords)

    def _content(self, text: str) -> list[str]:
        return [word for word in words_of(text) if word not in self._generic]


def _vocabulary(recipe: Recipe) -> set[str]:
    """Return the words of a recipe; a number in a listed prompt or a choice is a value, and no word that is known."""
    own = [recipe.title, *recipe.keywords, *(word for group in recipe.requires for word in group)]
    others = [*recipe.prompts, *(choice for p in recipe.parameters for choice in p.choices)]
    words = {word for text in others for word in words_of(plain(text)) if not word.isdecimal()}
    words |= {word for text in own for word in (*words_of(plain(text)), *_NUMBER.findall(text))}
    return words | {w for p in recipe.parameters for w in words_of(re.sub(r"\\.|\{value\}", " ", p.pattern or ""))}


def _has_required(recipe: Recipe, prompt: str) -> bool:
    text = " " + " ".join(words_of(prompt)) + " "
    return all(any(f" {' '.join(words_of(word))} " in text for word in group) for group in recipe.requires)
