"""Rehearse the whole gallery: `script/bench gallery [RECIPE…] [--extremes]`.

Every recipe (or those named) is rehearsed in the sandbox at 16:9, 9:16 and 1:1; with `--extremes` also with the least
and the greatest values of its parameters and with each of its choices, in one frame each. What the layout report finds
is printed, and the exit code is 1 where it finds anything or a scene fails. The tests rehearse each in one frame.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

from manimatic.codegen.offline.filling import fill
from manimatic.codegen.offline.recipes import Parameter, Recipe, load_recipes
from manimatic.rehearsal import Rehearse
from rehearse_bench import Runner, running

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
FRAMES = ("16:9", "9:16", "1:1")


def main(arguments: list[str]) -> int:
    """Rehearse, print, and return the exit code."""
    parser = argparse.ArgumentParser(prog="script/bench gallery", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help="all where none is named")
    parser.add_argument("--extremes", action="store_true", help="also with the ends of each parameter's range")
    options = parser.parse_args(arguments)
    recipes = [recipe for recipe in load_recipes(EXAMPLES) if not options.recipes or recipe.id in options.recipes]
    clean = True
    with running() as runner:
        for recipe in recipes:
            for values, frame in _runs(recipe, extremes=options.extremes):
                clean = rehearse(runner, recipe, values, frame) and clean
    return 0 if clean else 1


def _runs(recipe: Recipe, *, extremes: bool) -> Iterator[tuple[Mapping[str, Any], str]]:
    yield from (({}, frame) for frame in FRAMES)
    if extremes:
        yield from zip(variants(recipe), cycle(FRAMES), strict=False)


def variants(recipe: Recipe) -> Iterator[dict[str, Any]]:
    """Yield values at the ends of the ranges of a recipe's parameters, and each of its choices."""
    ends = [(p.name, pair) for p in recipe.parameters if (pair := _ends(p))]
    if ends:
        for turns in (0b00, 0b11, 0b01, 0b10):  # all least, all greatest, and in turns
            yield {name: pair[turns >> place % 2 & 1] for place, (name, pair) in enumerate(ends)}
    for parameter in recipe.parameters:
        yield from ({parameter.name: choice} for choice in parameter.choices if choice != parameter.default)


def _ends(parameter: Parameter) -> tuple[Any, Any] | None:
    if parameter.type == "quadratic":
        return tuple(",".join(f"{end:g}" for end in ends) for ends in (parameter.least, parameter.most))  # type: ignore[return-value]
    if parameter.type in {"number", "integer"}:
        kind = int if parameter.type == "integer" else float
        return kind(parameter.minimum or 0), kind(parameter.maximum or 0)
    return None


def rehearse(runner: Runner, recipe: Recipe, values: Mapping[str, Any], frame: str) -> bool:
    """Rehearse one recipe, print what is wrong, and tell whether nothing is."""
    code = fill(recipe.source, values) if values else recipe.source
    result = runner.run(code, Rehearse.ONLY, aspect_ratio=frame)
    findings = result.rehearsal.findings if result.rehearsal else ()
    length_s = result.rehearsal.duration_s if result.rehearsal else 0.0
    given = " ".join(f"{name}={value}" for name, value in values.items())
    print(f"{recipe.id} {frame} {given}: {result.verdict} {result.message} {length_s:.1f} s", flush=True)
    for finding in findings:
        print(f"  {finding.rule} in line {finding.line}: {finding.message}", flush=True)
    return result.verdict == "ok" and not findings
