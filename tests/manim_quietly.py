"""Manim, imported although some of what it brings warns when it is compiled, which in a test is an error."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import manim

__all__ = ["manim"]
