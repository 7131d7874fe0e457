"""The rules of colours and rate functions that are given as text."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from manimatic.checking.api import nearest
from manimatic.checking.binding import Bound
from manimatic.checking.findings import Findings
from manimatic.checking.ruledata import css_color, read_data
from manimatic.checking.shades import same_color, shade
from manimatic.checking.values import Plain, Value
from manimatic.checking.world import World

_HEX = re.compile(r"(?:#|0x)[0-9a-f]+", re.IGNORECASE)
_GOOD_HEX = re.compile(r"(?:#|0x)(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$", re.IGNORECASE)


class ColorRules:
    """Looks at colours."""

    def __init__(self, world: World, findings: Findings) -> None:
        self.world, self.findings = world, findings
        self.data = read_data("rules.json")
        self.others = read_data("other_manims.json")["names"]

    def check(self, bound: Bound, values: Mapping[int, Value]) -> None:
        """Look at every argument that is a colour."""
        for name in self.data["colors"]:
            argument = bound.get(name)
            value = values.get(id(argument)) if argument is not None else None
            if argument is not None and isinstance(value, Plain) and value.text is not None:
                self._color(argument, value.text)

    def _color(self, node: ast.expr, text: str) -> None:
        if text.upper() in self.world.index.colors or _GOOD_HEX.search(text):
            return
        near = nearest(text.upper(), self.world.index.colors)
        if near is None and _HEX.match(f"#{text}") and len(text) == 6:
            near = f"#{text}"
        fix = None
        if (css := css_color(text)) is not None:
            near, fix = css, self.findings.replacing(node, f'"{css}"') if isinstance(node, ast.Constant) else None
        elif (same := same_color(text, self.world.index)) is not None:
            near, fix = same, self.findings.replacing(node, f'"{same}"') if isinstance(node, ast.Constant) else None
        elif (expression := shade(re.sub(r"[\s-]+", "_", text).upper(), self.world.index)) and self.world.imports.star:
            near, fix = expression, self.findings.replacing(node, expression)
        hint = f"Did you mean {near}?" if near else "Use a hex value such as '#58C4DD' or a name such as BLUE."
        self.findings.add("bad-color", node, f"Manim knows no colour {text!r}.", hint=hint, nearest=near, fix=fix)

    def check_rate_function(self, argument: ast.expr | None, values: Mapping[int, Value]) -> None:
        """Report a rate function that is given as text."""
        value = values.get(id(argument)) if argument is not None else None
        if argument is None or not isinstance(value, Plain) or value.kind != "str":
            return
        name = value.text or ""
        known = name if name in self.world.index.star else self.others.get(name, {}).get("use", "")
        fix = self.findings.replacing(argument, known) if known and self.world.imports.star else None
        message = "A rate function is a function such as smooth or linear, not text."
        self.findings.add("text-for-function", argument, message, nearest=known or None, fix=fix)
