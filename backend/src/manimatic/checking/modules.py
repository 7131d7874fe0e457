"""The rule of imports that cannot work."""

from __future__ import annotations

import ast
import sys

from manimatic.checking.api import nearest
from manimatic.checking.findings import Findings
from manimatic.checking.ruledata import read_data
from manimatic.checking.world import World
from manimatic.diagnostics import Fix

RULE = "unknown-import"
TEX_IS_MATHS = frozenset({"manimlib", "manimgl", "manim_imports_ext"})
"""Modules of another Manim whose Tex sets maths."""


class ModuleRules:
    """Reports modules that are not there, and names that Manim does not export."""

    def __init__(self, world: World, findings: Findings, packages: frozenset[str]) -> None:
        self.world, self.findings = world, findings
        others = read_data("other_manims.json")
        self.other_manims, self.other_names = frozenset(others["modules"]), others["names"]
        self.known = frozenset(sys.stdlib_module_names) | world.index.packages | packages

    def check(self, tree: ast.Module) -> None:
        """Look at every import that is not tried."""
        tried = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Try) for part in ast.walk(node)}
        for node in ast.walk(tree):
            if id(node) in tried:
                continue
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._module(node, alias.name)
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and self._module(node, node.module or ""):
                self._names(node)

    def _module(self, node: ast.Import | ast.ImportFrom, name: str) -> bool:
        top = name.partition(".")[0]
        if top in self.other_manims:
            message = f"{top} is another Manim; this one is called manim."
            hint = "Write `from manim import *`."
            fix = self._translated(node, top)
            self.findings.add("other-manim-import", node, message, hint=hint, nearest="manim", fix=fix)
            return False
        if top not in self.known:
            message = f"There is no module {top} where scenes run."
            self.findings.add(RULE, node, message, hint="Manim, numpy, scipy and the standard library are there.")
            return False
        if top == "manim" and name not in self.world.index.modules:
            near = nearest(name, self.world.index.modules)
            self.findings.add(RULE, node, f"Manim has no module {name}.", nearest=near, fix=self._moved(node))
            return False
        return True

    def _translated(self, node: ast.Import | ast.ImportFrom, module: str) -> Fix | None:
        """Return the fix of `from manimlib import *`; Tex is maths in the newer ones."""
        if not isinstance(node, ast.ImportFrom) or [alias.name for alias in node.names] != ["*"]:
            return None
        edits = list(self.findings.replacing(self.findings.source.span(node), "from manim import *").edits)
        if module in TEX_IS_MATHS:
            names = [part for part in ast.walk(self.findings.source.tree) if isinstance(part, ast.Name)]
            for part in names:
                if part.id == "Tex":
                    edits.extend(self.findings.replacing(part, "MathTex").edits)
        return Fix(tuple(edits))

    def _moved(self, node: ast.Import | ast.ImportFrom) -> Fix | None:
        """Return the fix of an import from a module that is gone, of names that Manim itself exports."""
        if not isinstance(node, ast.ImportFrom):
            return None
        names = [alias.name for alias in node.names]
        if names != ["*"] and not set(names) <= self.world.index.star:
            return None
        shown = ", ".join(ast.unparse(alias) for alias in node.names)
        return self.findings.replacing(self.findings.source.span(node), f"from manim import {shown}")

    def _names(self, node: ast.ImportFrom) -> None:
        if node.module != "manim":
            return
        index = self.world.index
        for alias in node.names:
            if alias.name == "*" or alias.name in index.members or f"manim.{alias.name}" in index.modules:
                continue
            other = self.other_names.get(alias.name, {})
            near = other.get("use") or nearest(alias.name, index.star)
            fix: Fix | None = None
            if other.get("same") and near in index.star:
                fix = self.findings.replacing(alias, f"{near} as {alias.asname or alias.name}")
            self.findings.add(RULE, alias, f"manim has no {alias.name}.", nearest=near, fix=fix)
