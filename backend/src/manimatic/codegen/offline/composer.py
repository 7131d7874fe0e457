"""The generator that works without a model: plots, a grammar of shapes and moves, and the recipes."""

from __future__ import annotations

import threading
from importlib import resources
from importlib.resources.abc import Traversable

from manimatic.codegen.offline.filling import explain, fill
from manimatic.codegen.offline.lexicon import load_lexicon, read_data
from manimatic.codegen.offline.matching import Gallery, Match
from manimatic.codegen.offline.narration import explanation_of, plot_explanation_of, plot_title_of, title_of
from manimatic.codegen.offline.paints import Paints
from manimatic.codegen.offline.plot_request import read_plot
from manimatic.codegen.offline.plot_writer import write_plot
from manimatic.codegen.offline.reader import read_story
from manimatic.codegen.offline.recipes import load_recipes
from manimatic.codegen.offline.tokens import MAX_PROMPT, NotUnderstood, Unsuitable
from manimatic.codegen.offline.writer import write_scene
from manimatic.errors import JobCancelled, NoOfflineAnswer
from manimatic.ports import Brief, Draft, DraftListener

HINT = "Configure a model (set GEMINI_API_KEY, say), or use one of the prompts that the message names."
_NEAREST = 3

CANNOT_REVISE = "No model is configured, and the offline composer cannot change a scene that there is."
REVISE_HINT = "Change the code yourself and render it, say the whole prompt anew, or configure a model."


class OfflineComposer:
    """Answers what it wholly understands, and refuses everything else; the same prompt gives the same scene.

    Args:
        recipes_dir: The recipe gallery; without it the one that is installed with this package.
    """

    name = "offline"
    can_repair = False

    def __init__(self, recipes_dir: Traversable | None = None) -> None:
        self._lexicon = load_lexicon()
        folder = recipes_dir if recipes_dir is not None else resources.files("manimatic") / "examples"
        self._gallery = Gallery(load_recipes(folder), self._lexicon)

    def generate(self, brief: Brief, listener: DraftListener, cancel: threading.Event) -> Draft:
        """Write a scene from the prompt alone.

        Raises:
            NoOfflineAnswer: The prompt is not wholly understood, or a value in it is out of its range.
            JobCancelled: `cancel` was set.
        """
        if cancel.is_set():
            raise JobCancelled
        if brief.revision is not None:
            raise NoOfflineAnswer(CANNOT_REVISE, hint=REVISE_HINT)
        draft = self._draft(brief)
        listener.draft(title=draft.title, explanation=draft.explanation, code=draft.code)
        return draft

    def _draft(self, brief: Brief) -> Draft:
        if len(brief.prompt) > MAX_PROMPT:
            raise self._refusal("", f"it is longer than {MAX_PROMPT:,} characters")
        try:
            match = self._gallery.exact(brief.prompt)
            return self._from_recipe(match, brief) if match else self._understood(brief)
        except (NotUnderstood, Unsuitable) as error:
            raise self._refusal(brief.prompt, str(error).rstrip(".")) from error

    def _understood(self, brief: Brief) -> Draft:
        try:
            return self._plot(brief) or self._story(brief)
        except NotUnderstood:
            match = self._gallery.best(brief.prompt)
            if match is None:
                raise
            return self._from_recipe(match, brief)

    def _refusal(self, prompt: str, reason: str) -> NoOfflineAnswer:
        near = self._gallery.nearest(prompt, _NEAREST)
        near += read_data("samples.toml")["prompts"][: _NEAREST - len(near)]
        listed = "; ".join(f"“{text}”" for text in near)
        return NoOfflineAnswer(
            f"No model is configured, and the offline composer cannot show this: {reason}. Nearest recipes: {listed}.",
            hint=HINT,
        )

    # ------------------------------------------------ the three ways to answer

    def _from_recipe(self, match: Match, brief: Brief) -> Draft:
        recipe, values = match.recipe, match.filling.values
        if Paints(brief.options.background, self._lexicon).light:
            raise Unsuitable(f"The recipe “{recipe.title}” is drawn for a dark background.")
        explanation = explain(recipe, values)
        if match.unknown:
            explanation += " Not taken from the prompt: " + ", ".join(match.unknown) + "."
        code = fill(recipe.source, values)
        return Draft(title=recipe.title, explanation=explanation, code=code, generator=self.name)

    def _plot(self, brief: Brief) -> Draft | None:
        request = read_plot(brief.prompt, self._lexicon)
        if request is None:
            return None
        code = write_plot(request, *self._canvas(brief), self._lexicon)
        title, explanation = plot_title_of(request), plot_explanation_of(request)
        return Draft(title=title, explanation=explanation, code=code, generator=self.name)

    def _story(self, brief: Brief) -> Draft:
        story = read_story(brief.prompt, self._lexicon)
        code = write_scene(story, *self._canvas(brief), self._lexicon)
        return Draft(title=title_of(story), explanation=explanation_of(story), code=code, generator=self.name)

    @staticmethod
    def _canvas(brief: Brief) -> tuple[tuple[float, float], str, float | None]:
        picture, options = brief.options.picture(), brief.options
        return (picture.frame_width, picture.frame_height), options.background, options.duration_hint_seconds
