"""What checking costs grows with the source, not with what is wrong in it."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from manimatic.checking.check import check_source

NAMES = "".join(f"        self.add(Circle(radius={number}))\n" for number in range(1, 30))
CALLBACKS = "        dot = Dot()\n" + "".join(
    f"        def moved{number}(mobject, dt):\n            dot.shift(dt * UP)\n"
    f"        self.add_updater(moved{number})\n"
    f"        def curve{number}(t):\n            return [t, {number}]\n"
    f"        self.add(ParametricFunction(curve{number}))\n"
    for number in range(10)
)


@pytest.mark.parametrize(
    ("head", "body"),
    [("", NAMES), ("from manim import *\n", CALLBACKS)],
    ids=["names that are not imported", "functions that are given away"],
)
def test_source_is_parsed_once_however_much_is_wrong(head: str, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in each line of a long scene must not cost a parse of all of it."""
    parsed: list[Any] = []
    parse = ast.parse

    def counting(*args: Any, **kwargs: Any) -> ast.Module:
        parsed.append(args)
        return parse(*args, **kwargs)

    monkeypatch.setattr(ast, "parse", counting)
    report = check_source(f"{head}class A(Scene):\n    def construct(self):\n{body}")
    assert len(report.diagnostics) > 10
    assert len(parsed) == 1
