"""Fixes of keyword arguments that a call has no place for, but another way to say."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Mapping

from manimatic.checking.findings import Findings
from manimatic.diagnostics import Edit, Fix

ENDS = {
    "Arrow3D": ("start", "end"),
    "Line3D": ("start", "end"),
    "CurvedArrow": ("start_point", "end_point"),
    "CurvedDoubleArrow": ("start_point", "end_point"),
    "ArcBetweenPoints": ("start", "end"),
}
"""Classes between two points that leave no gap at them, with the names of these."""
GRID = {
    "grid_color": "stroke_color",
    "grid_line_color": "stroke_color",
    "grid_stroke_color": "stroke_color",
    "grid_stroke_width": "stroke_width",
    "grid_line_width": "stroke_width",
    "grid_opacity": "stroke_opacity",
    "grid_stroke_opacity": "stroke_opacity",
}
"""Arguments of invented planes, and what of the lines behind the axes they style."""
GRID_STYLES = frozenset({"grid_line_config", "grid_config", "grid_style", "grid_line_style", "line_style"})
STYLES = {
    "color": "stroke_color",
    "stroke_color": "stroke_color",
    "width": "stroke_width",
    "weight": "stroke_width",
    "stroke_width": "stroke_width",
    "opacity": "stroke_opacity",
    "stroke_opacity": "stroke_opacity",
}
STEP = "grid_step"
STYLE = "background_line_style"


CONFIGS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "Code": {
        "paragraph_config": {"font_size": "font_size", "font": "font", "line_spacing": "line_spacing"},
        "background_config": {"corner_radius": "corner_radius", "margin": "buff", "background_color": "fill_color"},
    },
    **{
        name: {
            "axis_config": {
                "axis_color": "color",
                "axes_color": "color",
                "include_numbers": "include_numbers",
                "include_ticks": "include_ticks",
                "numbers_to_exclude": "numbers_to_exclude",
                "tick_size": "tick_size",
                "font_size": "font_size",
                "decimal_number_config": "decimal_number_config",
                "tip_length": "tip_length",
                "include_tip": "include_tip",
            }
        }
        for name in ("Axes", "ThreeDAxes", "NumberPlane", "BarChart")
    },
    **{
        name: {"element_to_mobject_config": {"font_size": "font_size"}}
        for name in ("Matrix", "IntegerMatrix", "DecimalMatrix", "Table", "MathTable", "IntegerTable", "DecimalTable")
    },
}
"""Arguments that have moved into a dictionary, by class and dictionary, with their names there."""


def other_way(
    findings: Findings, call: ast.Call, word: ast.keyword, name: str, allowed: frozenset[str]
) -> tuple[str, Fix | None] | None:
    """Return how an argument is said in another way, with the fix where it is certain; None where there is no way."""
    if word.arg == "buff" and name in ENDS:
        return f"*Line(…, buff=…).get_start_and_end() in {name}", _shortened(findings, call, word, ENDS[name])
    if name == "NumberPlane" and (word.arg in GRID or word.arg in GRID_STYLES or word.arg == STEP):
        return STYLE, _styled(findings, call)
    given = {other.arg for other in call.keywords}
    if name == "Sector" and "inner_radius" in given and word.arg in {"inner_radius", "outer_radius"}:
        return "AnnularSector", findings.replacing(call.func, "AnnularSector")
    for config, words in CONFIGS.get(name, {}).items():
        if word.arg in words:
            return config, _gathered(findings, call, config, words)
    axis, _, end = str(word.arg).partition("_")
    if end in {"min", "max"} and f"{axis}_range" in allowed:
        return f"{axis}_range", _ranged(findings, call, axis)
    return None


def _gathered(findings: Findings, call: ast.Call, config: str, words: Mapping[str, str]) -> Fix | None:
    """Return the fix that puts arguments into one dictionary."""
    given = {word.arg: word for word in call.keywords}
    if None in given:
        return None
    found = [word for word in call.keywords if word.arg in words]
    parts = [f'"{words[str(word.arg)]}": {findings.source.text(word.value)}' for word in found]
    if config in given:
        return _extended(findings, call, given[config], found, parts)
    first = findings.replacing(found[0], f"{config}={{{', '.join(parts)}}}").edits
    return Fix((*first, *(without(findings, call, word) for word in found[1:])))


def _extended(
    findings: Findings, call: ast.Call, config: ast.keyword, found: list[ast.keyword], parts: list[str]
) -> Fix | None:
    """Return the fix that adds entries to a dictionary that is written down and says nothing of them."""
    if not isinstance(config.value, ast.Dict) or not all(isinstance(key, ast.Constant) for key in config.value.keys):
        return None
    keys = {f'"{key.value!s}"' for key in config.value.keys if isinstance(key, ast.Constant)}
    if not config.value.values or keys & {part.partition(":")[0] for part in parts}:
        return None
    entries = ", ".join([findings.source.text(config.value)[1:-1].rstrip().rstrip(","), *parts])
    kept = [findings.source.text(part) for part in call.args]
    for word in call.keywords:
        if word not in found:
            kept.append(
                f"{word.arg}={{{entries}}}" if word is config else f"{word.arg}={findings.source.text(word.value)}"
            )
    return findings.replacing(call, f"{findings.source.text(call.func)}({', '.join(kept)})")


def _ranged(findings: Findings, call: ast.Call, axis: str) -> Fix | None:
    """Return the fix that makes a range of its two ends, and of the distance of a line's ticks."""
    given = {word.arg: word for word in call.keywords}
    low, high, step = (given.get(word) for word in (f"{axis}_min", f"{axis}_max", "tick_frequency"))
    if None in given or low is None or high is None or f"{axis}_range" in given:
        return None
    numbers = [findings.source.text(word.value) for word in (low, high, step) if word is not None]
    first, *others = sorted((word for word in (low, high, step) if word is not None), key=findings.source.span)
    edits = findings.replacing(first, f"{axis}_range=[{', '.join(numbers)}]").edits
    return Fix((*edits, *(without(findings, call, word) for word in others)))


def _shortened(findings: Findings, call: ast.Call, word: ast.keyword, ends: tuple[str, str]) -> Fix | None:
    """Return the fix that leaves the gap between the ends and their points."""
    if isinstance(word.value, ast.Constant) and word.value.value == 0:
        return Fix((without(findings, call, word),))
    named = {one.arg: one for one in call.keywords}
    text = findings.source.text
    if len(call.args) == 2 and not any(isinstance(part, ast.Starred) for part in call.args):
        points = [text(part) for part in call.args]
        rest: list[ast.keyword] = call.keywords
    elif not call.args and set(ends) <= set(named):
        points = [text(named[end].value) for end in ends]
        rest = [one for one in call.keywords if one.arg not in ends]
    else:
        return None
    if None in named or {"start", "end"} & {one.arg for one in rest}:
        return None
    line = f"*Line({', '.join(points)}, buff={text(word.value)}).get_start_and_end()"
    others = [f"{one.arg}={text(one.value)}" for one in rest if one is not word]
    return findings.replacing(call, f"{text(call.func)}({', '.join([line, *others])})")


def _styled(findings: Findings, call: ast.Call) -> Fix | None:
    """Return the fix that puts everything about the lines of a plane into one style."""
    steps = _stepped(findings, call)
    if steps is None:
        return None
    parts: list[str] = []
    words = [word for word in call.keywords if word.arg in GRID or word.arg in GRID_STYLES]
    if None in {word.arg for word in call.keywords} or STYLE in {word.arg for word in call.keywords}:
        return None
    for word in words:
        found = _style_of(findings.source.text, word)
        if found is None:
            return None
        parts.extend(found)
    names = [part.partition(":")[0] for part in parts]
    if len(set(names)) < len(names):
        return None
    if not words:
        return Fix(tuple(steps)) if steps else None
    first = findings.replacing(words[0], f"{STYLE}={{{', '.join(parts)}}}").edits
    return Fix((*steps, *first, *(without(findings, call, word) for word in words[1:])))


def _stepped(findings: Findings, call: ast.Call) -> list[Edit] | None:
    """Return the edits that put `grid_step` into the ranges of both axes; None where these are not written down."""
    step = next((word for word in call.keywords if word.arg == STEP), None)
    if step is None:
        return []
    ranges = [word.value for word in call.keywords if word.arg in {"x_range", "y_range"}]
    edits = [without(findings, call, step)]
    for one in ranges:
        if not isinstance(one, (ast.List, ast.Tuple)) or len(one.elts) != 2 or step is call.keywords[0]:
            return None
        span = findings.source.span(one.elts[-1])
        edits.append(findings.inserting(span.end_line, span.end_column, f", {findings.source.text(step.value)}"))
    return edits if len(ranges) == 2 else None


def _style_of(text: Callable[[ast.expr], str], word: ast.keyword) -> list[str] | None:
    if word.arg in GRID:
        return [f'"{GRID[word.arg]}": {text(word.value)}']
    if not isinstance(word.value, ast.Dict):
        return None
    keys = [str(key.value) if isinstance(key, ast.Constant) else "" for key in word.value.keys]
    if not all(key in STYLES for key in keys):
        return None
    return [f'"{STYLES[key]}": {text(value)}' for key, value in zip(keys, word.value.values, strict=True)]


def without(findings: Findings, call: ast.Call, word: ast.keyword) -> Edit:
    """Return the edit that takes a keyword argument out of a call, with the comma before it."""
    span = findings.source.span(word)
    spans = [*map(findings.source.span, call.args), *map(findings.source.span, call.keywords)]
    before = max((other for other in spans if other < span), default=None)
    after = min((other for other in spans if other > span), default=None)
    if before is None and after is not None:
        return Edit(dataclasses.replace(span, end_line=after.line, end_column=after.column), "")
    if before is None:
        return Edit(span, "")
    return Edit(dataclasses.replace(span, line=before.end_line, column=before.end_column), "")
