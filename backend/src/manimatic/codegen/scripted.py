"""A generator that says what it was told to say, for tests and demonstrations."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from manimatic.errors import JobCancelled, ManimaticError, UnusableAnswer
from manimatic.ports import Brief, Draft, DraftListener


class ScriptedGenerator:
    """Gives the answers of its script, one a call; an error in the script is raised instead."""

    name = "scripted"
    can_repair = True

    def __init__(self, script: Iterable[Draft | ManimaticError] = ()) -> None:
        self._script = deque(script)
        self.briefs: list[Brief] = []
        """Every brief so far, oldest first."""

    def add(self, answer: Draft | ManimaticError) -> None:
        """Append an answer to the script."""
        self._script.append(answer)

    def generate(self, brief: Brief, listener: DraftListener, cancel: threading.Event) -> Draft:
        """Give the next answer of the script, in two steps as a model would write it.

        Raises:
            UnusableAnswer: The script is at its end.
            JobCancelled: `cancel` was set.
            ManimaticError: The script says so.
        """
        if cancel.is_set():
            raise JobCancelled
        self.briefs.append(brief)
        answer = self._next()
        listener.draft(title=answer.title, explanation=answer.explanation, code="")
        listener.draft(title=answer.title, explanation=answer.explanation, code=answer.code)
        return replace(answer, generator=self.name)

    def _next(self) -> Draft:
        try:
            answer = self._script.popleft()
        except IndexError:
            raise UnusableAnswer("The script has no answer left.") from None
        if isinstance(answer, ManimaticError):
            raise answer
        return answer
