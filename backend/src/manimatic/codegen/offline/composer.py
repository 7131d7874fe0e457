"""The generator that works without a model: a grammar of shapes, moves, formulas and plots, and the recipes."""

from __future__ import annotations

import threading
from importlib import resources
from importlib.resources.abc import Traversable

from manimatic.codegen.offline.lexicon import load_lexicon
from manimatic.codegen.offline.narration import explanation_of, title_of
from manimatic.codegen.offline.reader import read_story
from manimatic.codegen.offline.tokens import NotUnderstood, Unsuitable
from manimatic.codegen.offline.writer import write_scene
from manimatic.errors import JobCancelled, NoOfflineAnswer
from manimatic.ports import Brief, Draft, DraftListener

HINT = "Set GEMINI_API_KEY to have a model write the scene, or use one of the prompts that the message names."


class OfflineComposer:
    """Answers what it wholly understands, and refuses everything else."""

    name = "offline"
    can_repair = False

    def __init__(self, recipes_dir: Traversable | None = None) -> None:
        self._recipes_dir = recipes_dir or resources.files("manimatic") / "examples"
        self._lexicon = load_lexicon()

    def generate(self, brief: Brief, listener: DraftListener, cancel: threading.Event) -> Draft:
        """Write a scene from the prompt alone; the same prompt gives the same scene.

        Raises:
            NoOfflineAnswer: The prompt is not wholly understood, or a value in it is out of its range.
            JobCancelled: `cancel` was set.
        """
        if cancel.is_set():
            raise JobCancelled
        draft = self._draft(brief)
        listener.draft(title=draft.title, explanation=draft.explanation, code=draft.code)
        return draft

    def _draft(self, brief: Brief) -> Draft:
        try:
            return self._composed(brief)
        except (NotUnderstood, Unsuitable) as error:
            raise NoOfflineAnswer(f"Without a model this prompt cannot be shown: {error}.", hint=HINT) from error

    def _composed(self, brief: Brief) -> Draft:
        story = read_story(brief.prompt, self._lexicon)
        options, picture = brief.options, brief.options.picture()
        frame = (picture.frame_width, picture.frame_height)
        code = write_scene(story, frame, options.background, options.duration_hint_seconds, self._lexicon)
        return Draft(title=title_of(story), explanation=explanation_of(story), code=code, generator=self.name)
