"""Call objects as the scene's author does: by the name of a variable, and the line that made them."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from manimatic_worker.scene_source import SCENE_FILE

MAX_NAMED = 5_000
"""Objects that one look through the variables takes in."""
MAX_DEPTH = 3
"""Of groups in groups."""
MAX_NAME_CHARS = 60
_LINE, _WRITING = "_made_on_line", "_written_as"


def current_line() -> int | None:
    """Return the line of the scene that is being executed."""
    for frame in _scene_frames():
        return frame.f_lineno
    return None


def note_origins() -> dict[int, Any]:
    """Have every object remember the line that made it, and every glyph the text that it is part of.

    Copies remember what their originals did. Changes Manim for the rest of the process; returns the texts that are
    made from now on, by number.
    """
    from manim.mobject.mobject import Mobject
    from manim.mobject.text.numbers import DecimalNumber
    from manim.mobject.text.tex_mobject import SingleStringMathTex
    from manim.mobject.text.text_mobject import MarkupText, Paragraph, Text

    setattr(Mobject, "__init__", _remembering(Mobject.__init__))  # noqa: B010
    texts: dict[int, Any] = {}
    for kind in (Text, MarkupText, Paragraph, SingleStringMathTex, DecimalNumber):
        setattr(kind, "__init__", _writing(kind.__init__, texts))  # noqa: B010
    return texts


def line_of(mobject: Any) -> int | None:
    """Return the line that made the object, or the original of which it is a copy."""
    line = vars(mobject).get(_LINE)
    return line if isinstance(line, int) else None


def writing_of(mobject: Any) -> int | None:
    """Return the number of the text that a glyph was made for; copies of a text have the same."""
    number = vars(mobject).get(_WRITING)
    return number if isinstance(number, int) else None


def _remembering(init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def remembering(self: Any, *args: Any, **kwargs: Any) -> None:
        vars(self).setdefault(_LINE, current_line())
        init(self, *args, **kwargs)

    return remembering


def _writing(init: Callable[..., None], texts: dict[int, Any]) -> Callable[..., None]:
    @functools.wraps(init)
    def writing(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        number = len(texts) + 1
        texts[number] = self
        for glyph in self.get_family():
            vars(glyph)[_WRITING] = number  # the outermost text ends last, and its number stays

    return writing


def _scene_frames() -> Iterator[types.FrameType]:
    """Yield the scene's own frames, innermost first."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == SCENE_FILE:
            yield frame
        frame = frame.f_back


class Namer:
    """Finds names of objects in the scene's variables. Names that were found once stay."""

    def __init__(self, scene: Any) -> None:
        self._scene = scene
        self._names: dict[int, str] = {}
        self._named: list[Any] = []  # keeps them alive, so that no other object gets their id

    def learn(self) -> None:
        """Look through the variables of the functions of the scene that are running, and the scene's attributes."""
        places = [dict(frame.f_locals) for frame in _scene_frames()]
        own = {f"self.{name}": value for name, value in vars(self._scene).items() if not name.startswith("_")}
        for variables in (*places, own):
            for name, value in variables.items():
                if _is_mobject(value):
                    self._keep(name, value)
        for variables in (*places, own):
            for name, value in variables.items():
                self._enter(name, value, MAX_DEPTH)

    def name_of(self, mobject: Any) -> str | None:
        """Return the object's name."""
        return self._names.get(id(mobject))

    def _keep(self, name: str, mobject: Any) -> None:
        if id(mobject) not in self._names and len(self._names) < MAX_NAMED and len(name) <= MAX_NAME_CHARS:
            self._names[id(mobject)] = name
            self._named.append(mobject)

    def _enter(self, name: str, value: Any, depth: int) -> None:
        """Name what a list, a dictionary or a group holds."""
        if depth == 0 or name in {"self", "self.mobjects", "self.moving_mobjects", "self.static_mobjects"}:
            return
        for key, item in _items(value):
            if _is_mobject(item):
                self._keep(f"{name}[{key}]", item)
            self._enter(f"{name}[{key}]", item, depth - 1)


def _items(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(repr(key), item) for key, item in list(value.items())[:200] if isinstance(key, (str, int))]
    if isinstance(value, (list, tuple)):
        return [(str(number), item) for number, item in enumerate(value[:200])]
    if _is_mobject(value) and len(value.submobjects) < 200:
        return [(str(number), item) for number, item in enumerate(value.submobjects)]
    return []


def _is_mobject(value: Any) -> bool:
    from manim.mobject.mobject import Mobject

    return isinstance(value, Mobject)
