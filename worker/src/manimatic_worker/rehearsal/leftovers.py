"""Remove what a rehearsal that was cut off has left half written in the folder that it shares with the render.

Manim takes a formula or a text from its file where there is one, and never asks whether the file is whole.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_END = b"</svg>"
_TAIL_BYTES = 64


def remove_unfinished(folder: Path) -> None:
    """Remove all files below the folder but pictures that are whole; what cannot be removed stays."""
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file() and not _is_whole(path):
                path.unlink()


def _is_whole(path: Path) -> bool:
    """Tell whether a file is a picture with its end."""
    with path.open("rb") as stream:
        stream.seek(max(0, os.fstat(stream.fileno()).st_size - _TAIL_BYTES))
        return stream.read(_TAIL_BYTES).rstrip().endswith(_END)
