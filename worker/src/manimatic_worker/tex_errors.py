"""What TeX said, in the error of a formula that it could not set: Manim only logs it, and fails over some logs."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any

MAX_LOG_BYTES = 1 << 20
MAX_SAID = 3
"""Errors that are told: those behind the first few are mostly what these led to."""
MAX_SAID_CHARS = 300
_SAID = re.compile(r"^! (.+(?:\n(?!l\.\d|\s*$|!).*)?)", re.MULTILINE)
"""An error of TeX and the line behind it, where its message may go on."""
_PLACE = re.compile(r"^l\.\d+ (.*)", re.MULTILINE)


class TexError(ValueError):
    """TeX could not set a formula; says what TeX said."""


def tell_tex_errors() -> None:
    """Have formulas that TeX cannot set fail with what TeX said. Changes Manim for the rest of the process."""
    from manim.utils import tex_file_writing

    logging = tex_file_writing.print_all_tex_errors
    if getattr(logging, "tells", False):
        return

    def telling(log_file: Path, tex_compiler: str, tex_file: Path) -> Any:
        with contextlib.suppress(IndexError, ValueError, OSError):
            logging(log_file, tex_compiler, tex_file)
        if said := what_tex_said(_log_of(log_file)):
            raise TexError(f"{tex_compiler} cannot set this: {said}")

    telling.tells = True  # type: ignore[attr-defined]
    setattr(tex_file_writing, "print_all_tex_errors", telling)  # noqa: B010


def what_tex_said(log: str) -> str:
    """Return the errors in a log of TeX, with the text that they stand behind; empty where there are none."""
    told: list[str] = []
    for found in list(_SAID.finditer(log))[:MAX_SAID]:
        message = " ".join(found[1].split())
        place = _PLACE.search(log, found.end())
        told.append(f"{message} (behind {place[1].strip()!r})" if place and place[1].strip() else message)
    return "; ".join(text[:MAX_SAID_CHARS] for text in dict.fromkeys(told))


def _log_of(path: Path) -> str:
    try:
        with path.open("rb") as log:
            return log.read(MAX_LOG_BYTES).decode(errors="backslashreplace")
    except OSError:
        return ""
