"""Functions and modules stay small enough to be read in one go."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from source_tree import ROOT, code_lines, functions, source_files

MAX_FUNCTION = 40
MAX_MODULE = 300


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_and_no_function_is_too_long(path: Path) -> None:
    """A module has at most 300 lines of code, a function at most 40."""
    source = path.read_text(encoding="utf-8")
    lines = code_lines(source)
    assert len(lines) <= MAX_MODULE
    for function in functions(ast.parse(source)):
        own = lines & set(range(function.lineno, (function.end_lineno or 0) + 1))
        assert len(own) <= MAX_FUNCTION, f"{function.name} has {len(own)} lines"


def test_most_functions_are_short() -> None:
    """Nine in ten functions have at most 20 lines of code."""
    sizes = []
    for path in source_files():
        source = path.read_text(encoding="utf-8")
        lines = code_lines(source)
        for function in functions(ast.parse(source)):
            sizes.append(len(lines & set(range(function.lineno, (function.end_lineno or 0) + 1))))
    assert sorted(sizes)[len(sizes) * 9 // 10] <= 20
