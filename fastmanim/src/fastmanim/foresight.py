"""Compile formulas before the scene asks for them.

Where the scene's file says `MathTex(r"…")` with nothing but texts in it, the formula is known before the line is
reached. When the scene asks for its first formula that has no picture yet, processes are forked that compile them all;
the scene then waits for a formula at most as long as it takes to compile. A formula that fails there is compiled again
when it is asked for, with Manim's messages.
"""

from __future__ import annotations

import ast
import re
import select
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fastmanim.crew import Crew

CLASSES = frozenset({"MathTex", "Tex", "SingleStringMathTex"})
DECIDING = frozenset({"arg_separator", "substrings_to_isolate", "tex_environment", "tex_template", "tex_to_color_map"})
"""Arguments that decide what is compiled; where one of them is no constant, the formula is not foreseen."""
_TEX = re.compile(r"\\[A-Za-z]|\^")
MAX_FORMULAS = 200
_LOOK_S = 0.005


def calls_in(source: str) -> Iterator[tuple[str, list[str], dict[str, Any]]]:
    """Yield the formulas that stand in a source: name of the class, texts, deciding arguments.

    Where a class is called with one variable, each text of a list that looks like TeX may be meant.
    """
    tree = ast.parse(source)
    open_calls: dict[str, dict[str, Any]] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or node.func.id not in CLASSES:
            continue
        texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        deciding = [one for one in node.keywords if one.arg is None or one.arg in DECIDING]
        constants = {one.arg: one.value.value for one in deciding if one.arg and isinstance(one.value, ast.Constant)}
        if len(constants) != len(deciding):
            continue
        if texts and len(texts) == len(node.args):
            yield node.func.id, texts, constants
        elif len(node.args) == 1 and isinstance(node.args[0], (ast.Name, ast.Subscript)):
            open_calls[node.func.id] = constants
    for name, constants in open_calls.items():
        for text in _listed(tree):
            yield name, [text], constants


def _listed(tree: ast.AST) -> Iterator[str]:
    """Yield the texts in lists, tuples and dictionaries that look like TeX."""
    for node in ast.walk(tree):
        items = node.elts if isinstance(node, (ast.List, ast.Tuple)) else ()
        for item in node.values if isinstance(node, ast.Dict) else items:
            if isinstance(item, ast.Constant) and isinstance(item.value, str) and _TEX.search(item.value):
                yield item.value


class Foresight:
    """The formulas that are being compiled ahead.

    Args:
        processes: How many compile at once.
    """

    def __init__(self, processes: int) -> None:
        self._crew = Crew(processes, lambda _: None)
        self._processes = processes
        self._jobs: dict[Path, Path] = {}

    def begin(self, work: list[tuple[Path, Callable[[], object]]]) -> None:
        """Have each formula compiled that has no picture yet, in this order; each comes with its picture's file."""
        missing = [(picture, compiling) for picture, compiling in work if not picture.exists()][:MAX_FORMULAS]
        for number in range(min(self._processes, len(missing))):
            share = missing[number :: self._processes]
            self._jobs |= {picture: Path(str(number)) for picture, _ in share}
            self._crew.send(Path(str(number)), _all_of([compiling for _, compiling in share]))

    def wait_for(self, picture: Path) -> None:
        """Wait until a formula that is being compiled has its picture, or will not have it."""
        job = self._jobs.get(picture)
        while job is not None and not picture.exists() and self._crew.is_busy_at(job):
            select.select([], [], [], _LOOK_S)

    def finish(self) -> None:
        """Wait until nothing is compiled any more."""
        self._crew.finish()


def _all_of(work: list[Callable[[], object]]) -> Callable[[], None]:
    def do_all() -> None:
        for one in work:
            one()

    return do_all
