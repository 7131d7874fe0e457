"""The same frames as Manim, several times sooner.

``fastmanim render FILE SCENE -qh`` takes the place of ``manim render``; in a program, ``fastmanim.install()`` before
a scene is rendered; in `manim.cfg`, ``plugins = fastmanim``. What it cannot do exactly it leaves to Manim.
"""

from __future__ import annotations

from fastmanim.installation import Installation, install

__all__ = ["Installation", "install"]
