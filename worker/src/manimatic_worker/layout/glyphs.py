"""Find characters that no font has: Pango draws a box with their number instead, and TeX leaves them out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from manimatic_worker.layout.looking import MISSING

_BOX = b"fill:none;stroke-width:"
"""How the picture of a text draws the box, and nothing else: letters and underlines are filled."""
_ASCII = 0x7E
MAX_TRIED = 40
"""Characters of one text that are looked up by themselves."""
MAX_LOG_BYTES = 1 << 20
_LEFT_OUT = re.compile(r"^Missing character: There is no (\S+)[^\n]* in font (?!nullfont)", re.MULTILINE)
"""How TeX's log tells of it. What is set in no font at all, such as spaces within a drawing, is no loss."""


def note_missing_glyphs() -> None:
    """Have texts remember the characters that could not be drawn. Changes Manim for the rest of the process."""
    _note_in_texts()
    _note_in_formulas()


def _note_in_texts() -> None:
    from manim.mobject.text.text_mobject import MarkupText, Text

    for kind in (Text, MarkupText):
        setattr(kind, "_text2svg", _noting(kind._text2svg))  # noqa: B010


def _noting(write: Callable[..., Any]) -> Callable[..., Any]:
    def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        path = write(self, *args, **kwargs)
        if _has_boxes(path):
            vars(self)[MISSING] = " ".join(_missing_in(self)) or "?"
        return path

    return noting


def _note_in_formulas() -> None:
    from manim.mobject.text.tex_mobject import SingleStringMathTex
    from manim.utils import tex_file_writing

    left_out: dict[str, str] = {}
    compiling, making = tex_file_writing.compile_tex, SingleStringMathTex.__init__

    def compile_tex(tex_file: Path, *args: Any, **kwargs: Any) -> Any:
        result = compiling(tex_file, *args, **kwargs)
        left_out[tex_file.stem] = " ".join(dict.fromkeys(_LEFT_OUT.findall(_log_of(tex_file))))
        return result

    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        making(self, *args, **kwargs)
        vars(self)[MISSING] = left_out.get(Path(self.file_name).stem, "")

    setattr(tex_file_writing, "compile_tex", compile_tex)  # noqa: B010
    setattr(SingleStringMathTex, "__init__", made)  # noqa: B010


def _log_of(tex_file: Path) -> str:
    try:
        with tex_file.with_suffix(".log").open("rb") as log:
            return log.read(MAX_LOG_BYTES).decode(errors="backslashreplace")
    except OSError:
        return ""


def _missing_in(text: Any) -> list[str]:
    """Find out which characters it is by writing each alone."""
    from manim.mobject.text.text_mobject import Text

    suspects = sorted({character for character in str(text.text) if ord(character) > _ASCII})[:MAX_TRIED]
    if len(suspects) == 1:
        return suspects
    return [one for one in suspects if MISSING in vars(Text(one, font=text.font))]


def _has_boxes(path: Any) -> bool:
    try:
        return _BOX in Path(path).read_bytes()
    except OSError:
        return False
