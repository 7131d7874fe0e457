"""The rule of `self.play(self.apply_matrix(…))`: methods of a scene that play by themselves, and their mending."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from manimatic.checking.findings import Findings
from manimatic.checking.ruledata import read_data
from manimatic.checking.values import Instance, Value
from manimatic.checking.world import World
from manimatic.diagnostics import Fix


class SelfPlayRule:
    """Reports calls that play something themselves where an animation belongs."""

    def __init__(self, world: World, findings: Findings) -> None:
        self.world, self.findings = world, findings
        self.names = frozenset(read_data("rules.json")["plays_itself"])

    def check(self, play: ast.Call, values: Mapping[int, Value], scene: Instance) -> set[int]:
        """Report them, and return the arguments that belong to them."""
        found = [node for node in play.args if self._plays(node, scene, values)]
        for node in found:
            fix = self._fix(play, node) if len(found) == 1 else None
            message = "This plays by itself: it gives no animation to play()."
            hint = "Give it the others as added_anims=[…]."
            self.findings.add("not-an-animation", node, message, hint=hint, fix=fix)
        return {id(node) for node in found}

    def _plays(self, node: ast.expr, scene: Instance, values: Mapping[int, Value]) -> bool:
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return False
        name, own = node.func.attr, ast.unparse(node.func.value) == "self"
        linear = self.world.is_a(scene.kind, "LinearTransformationScene")
        return own and linear and name in self.names and self.world.own_method(scene.kind, name) is None

    def _fix(self, play: ast.Call, node: ast.expr) -> Fix | None:
        """Return the fix that calls the method alone, with everything else that is played at the same time."""
        assert isinstance(node, ast.Call)  # noqa: S101
        words = [word.arg for word in (*node.keywords, *play.keywords)]
        if None in words or len(set(words)) < len(words) or "added_anims" in words:
            return None
        text = self.findings.source.text
        others = ", ".join(text(part) for part in play.args if part is not node)
        given = [text(part) for part in node.args]
        given += [f"added_anims=[{others}]"] if others else []
        given += [f"{word.arg}={text(word.value)}" for word in (*node.keywords, *play.keywords)]
        return self.findings.replacing(play, f"{text(node.func)}({', '.join(given)})")
