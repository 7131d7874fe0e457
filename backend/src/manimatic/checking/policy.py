"""The safety policy: what a scene has no business with. A first look; the sandbox is the wall."""

from __future__ import annotations

import ast

from manimatic.checking.findings import Findings
from manimatic.checking.ruledata import read_data
from manimatic.diagnostics import UNSAFE, Severity


class PolicyRules:
    """Reports imports, calls and attributes that reach out of the scene."""

    def __init__(self, findings: Findings, severity: Severity) -> None:
        self.findings, self.severity = findings, severity
        data = read_data("policy.json")
        self.modules = {module: area for area, names in data["modules"].items() for module in names}
        self.calls = {name: area for area, names in data["calls"].items() for name in names}
        self.harmless: dict[str, list[str]] = data["harmless"]
        self.attributes, self.readers = frozenset(data["attributes"]), frozenset(data["readers"])

    def check(self, tree: ast.Module) -> None:
        """Look at the whole source."""
        own = _bound(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._module(node, alias.name, ())
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                self._module(node, node.module or "", tuple(alias.name for alias in node.names))
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in own:
                area = self.calls.get(node.id)
                if area:
                    self._report(node, f"{node.id} reaches out of the scene ({area}).")
            elif isinstance(node, ast.Attribute):
                self._attribute(node)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in self.attributes:
                self._report(node, f"{node.value} reaches out of the scene (introspection).")

    def _attribute(self, node: ast.Attribute) -> None:
        if node.attr in self.attributes:
            self._report(node, f".{node.attr} reaches out of the scene (introspection).")
        elif node.attr in self.readers and isinstance(node.value, ast.Name) and node.value.id in {"np", "numpy"}:
            self._report(node, f"{node.value.id}.{node.attr} reaches out of the scene (foreign files).")

    def _module(self, node: ast.Import | ast.ImportFrom, name: str, parts: tuple[str, ...]) -> None:
        top, _, rest = name.partition(".")
        area = self.modules.get(top)
        harmless = self.harmless.get(top, [])
        if area is None or (parts and set(parts) <= set(harmless)) or (rest and rest in harmless):
            return
        self._report(node, f"A scene has no business with {top} ({area}).")

    def _report(self, node: ast.expr | ast.stmt, message: str) -> None:
        hint = "Leave it out: a scene needs Manim, numpy and mathematics only."
        self.findings.add(UNSAFE, node, message, severity=self.severity, hint=hint)


def _bound(tree: ast.Module) -> frozenset[str]:
    """Return the names that the source gives a meaning of its own, wherever it does."""
    names = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return frozenset(names | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)})
