"""The rules of the whole: text that is no Python, an answer that was cut, no scene, loops without an end."""

from __future__ import annotations

import ast
import dataclasses
import re

from manimatic.checking.brackets import bracket_fix
from manimatic.checking.findings import Findings
from manimatic.checking.ruledata import read_data
from manimatic.checking.world import OWN, World
from manimatic.checking.wrapping import shown_at_last
from manimatic.diagnostics import Edit, Fix, Severity, Span

_CUT = re.compile(r"was never closed|unexpected EOF|expected an indented block|unterminated triple-quoted|expected ':'")
_FENCE = re.compile(r"^[ \t]*```", re.MULTILINE)
_THIRD_BRACE = re.compile(r"\\end\{\{\w+\*?\}\}(?=\}(?!\}))")
_CODE = re.compile(r"^(?:from|import|class|def|@|#|self\.|\w+\s*=)", re.MULTILINE)
_OTHER_LANGUAGE = re.compile(
    r"^\s*(?:#include\b|using namespace\b|package \w|public (?:static |final )*(?:class|void)|import java|"
    r"(?:export )?(?:default )?(?:async )?function\b|(?:const|let|var) \w+ ?=|console\.log|fn \w+\(|use \w+::|"
    r"func \w+\(|<!DOCTYPE|<html|<svg|<script|\\documentclass|\\begin\{(?:document|tikzpicture)\}|library\()",
    re.MULTILINE,
)
MAX_PLAYS = 3_000
PLAIN_SCENES = frozenset({"Scene", "MovingCameraScene", "ThreeDScene", "ZoomedScene"})
"""Scenes that do nothing by themselves."""


def report_syntax(error: SyntaxError, findings: Findings) -> None:
    """Report why a text cannot be parsed."""
    code = findings.source.code
    lines = len(findings.source.lines)
    line = min(max(error.lineno or 1, 1), lines)
    column = max(error.offset or 1, 1)
    span = Span(line=line, column=column, end_line=line, end_column=column + 1)
    fence = list(_FENCE.finditer(code))
    if fence:
        findings.add("markdown-fence", span, "Markdown fences stand in the code.", fix=_without_fences(code, findings))
    elif _OTHER_LANGUAGE.search(code):
        message = "This is another language than Python."
        findings.add("other-language", span, message, hint="Write the scene in Python, for Manim.")
    elif not _CODE.search(code):
        findings.add("not-code", span, "This is not Python.", hint="Answer with the scene's source only.")
    elif (fix := _without_third_brace(error, findings) or bracket_fix(error, findings)) is None and _is_cut(
        error, findings
    ):
        findings.add(
            "truncated", span, f"The source ends too early: {error.msg}.", hint="Write the whole scene, shorter."
        )
    else:
        message = f"{(error.msg or 'invalid syntax')[:200]}."
        findings.add("syntax-error", span, message, fix=fix)


def _without_third_brace(error: SyntaxError, findings: Findings) -> Fix | None:
    """Return the fix of an f-string whose TeX environment ends with one brace too many."""
    line = findings.source.lines[min(max(error.lineno or 1, 1), len(findings.source.lines)) - 1]
    found = _THIRD_BRACE.search(line)
    if found is None or "single '}'" not in (error.msg or ""):
        return None
    place = Span(line=error.lineno or 1, column=found.end() + 1, end_line=error.lineno or 1, end_column=found.end() + 2)
    return Fix((Edit(place, ""),))


def _is_cut(error: SyntaxError, findings: Findings) -> bool:
    """Tell whether everything up to the end belongs to what is not finished."""
    lines = [number for number, text in enumerate(findings.source.lines, 1) if text.strip()]
    if not lines or not _CUT.search(error.msg or ""):
        return False
    at_end = (error.lineno or 0) >= lines[-1] or (error.end_lineno or 0) >= lines[-1]
    return at_end or ("was never closed" in (error.msg or "") and (error.lineno or 0) >= lines[-1] - 3)


def _without_fences(code: str, findings: Findings) -> Fix | None:
    """Return the fix that keeps what stands between the first pair of fences, or drops stray ones."""
    found = re.search(r"^[ \t]*```[^\n]*\n(?P<code>.*?)(?:^[ \t]*```[ \t]*$|\Z)", code, re.MULTILINE | re.DOTALL)
    if found is None:
        return None
    last = findings.source.lines
    whole = Span(line=1, column=1, end_line=len(last), end_column=len(last[-1]) + 1)
    return Fix((Edit(whole, found["code"]),))


class StructureRules:
    """Looks at scenes and loops."""

    def __init__(self, world: World, findings: Findings) -> None:
        self.world, self.findings = world, findings
        self.silent = frozenset(read_data("rules.json")["silent"])

    def check(self, tree: ast.Module, *, short: bool) -> None:
        """Report what is wrong with the whole."""
        if not short:
            self._scenes(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.While):
                self._while(node)
            elif isinstance(node, ast.For):
                self._for(node)

    def _scenes(self, tree: ast.Module) -> None:
        kinds = [k for k in self.world.own if self.world.is_a(k, "Scene")]
        unknown = any(self.world.is_open(k) for k in self.world.own) or self.world.imports.foreign_star
        end = Span(line=1, column=1, end_line=1, end_column=1)
        if not kinds and not unknown:
            last = next((n for n in reversed(tree.body) if isinstance(n, ast.ClassDef)), None)
            message = "There is no class that derives from Scene."
            self.findings.add(
                "no-scene", last or end, message, hint="Define `class MyScene(Scene)` with construct(self)."
            )
        for kind in kinds:
            self._construct(kind)
        if kinds:
            self._plays(max(kinds, key=lambda kind: self.world.own[kind].node.lineno))

    def _plays(self, kind: str) -> None:
        """Report a scene that certainly plays nothing; it is the last one that is rendered."""
        own = self.world.own[kind]
        construct = own.methods.get("construct")
        plain = self.world.manim_base(kind) in PLAIN_SCENES and len(own.bases) == 1 and not own.bases[0].startswith(OWN)
        blank = construct is not None and ast.unparse(construct.body[-1]) == "..."
        if (
            construct is None
            or blank
            or own.is_open
            or not plain
            or not self._is_silent(own.node, frozenset(own.methods))
        ):
            return
        span = self.findings.source.span(construct)
        place = dataclasses.replace(span, end_line=span.line, end_column=span.column + len("def construct"))
        fix = shown_at_last(self.findings, construct)
        message = "The scene plays nothing and waits for nothing: there is no video of it."
        hint = "End with self.wait()." if fix else "The code may have been cut off: play at least one animation."
        self.findings.add("no-animation", place, message, severity=Severity.WARNING, hint=hint, fix=fix)

    def _is_silent(self, node: ast.ClassDef, methods: frozenset[str]) -> bool:
        """Tell whether nothing in a class asks the scene for more than adding and removing objects."""
        quiet = methods | self.silent
        bases = {id(part.value) for part in ast.walk(node) if isinstance(part, ast.Attribute)}
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and part.id == "self" and id(part) not in bases:
                return False
            if isinstance(part, ast.Name) and part.id == "super":
                return False
            if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute):
                owner = part.func.value
                if isinstance(owner, ast.Name) and owner.id == "self" and part.func.attr not in quiet:
                    return False
        return True

    def _construct(self, kind: str) -> None:
        own = self.world.own[kind]
        if self.world.own_method(kind, "construct") is not None or own.heirs - {kind} or own.is_open:
            return
        base = self.world.manim_base(kind)
        if base in PLAIN_SCENES:
            near = next((name for name in own.methods if name.lower().startswith("cons")), None)
            message = f"{kind.removeprefix(OWN)} has no construct method: nothing is shown."
            self.findings.add("no-construct", own.node.bases[0], message, severity=Severity.WARNING, nearest=near)

    def _while(self, node: ast.While) -> None:
        endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
        if endless and not self._leaves(node):
            span = self.findings.source.span(node.test)
            self.findings.add("endless-loop", span, "This loop never ends.", hint="Loop a fixed number of times.")

    def _leaves(self, loop: ast.While) -> bool:
        stack: list[tuple[ast.AST, bool]] = [(part, True) for part in loop.body]
        while stack:
            node, ours = stack.pop()
            leaving = (ast.Return, ast.Raise, ast.Yield, ast.YieldFrom, *((ast.Break,) if ours else ()))
            if isinstance(node, leaving):
                return True
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"exit", "quit", "sys.exit", "next"}:
                return True
            if isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
                continue
            inner = ours and not isinstance(node, (ast.For, ast.While))
            stack.extend((child, inner) for child in ast.iter_child_nodes(node))
        return False

    def _for(self, node: ast.For) -> None:
        call = node.iter
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range"):
            return
        numbers = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, int)]
        if len(numbers) != len(call.args) or len(numbers) not in {1, 2, 3} or (len(numbers) == 3 and numbers[2] == 0):
            return
        rounds = len(range(*numbers)) if max(map(abs, numbers)) < 2**60 else 2**60
        plays = any(isinstance(p, ast.Attribute) and p.attr in {"play", "wait"} for p in ast.walk(node))
        leaves = any(isinstance(p, (ast.Break, ast.Return)) for p in ast.walk(node))
        if plays and rounds > MAX_PLAYS and not leaves:
            message = f"This loop plays {rounds} times."
            self.findings.add("endless-loop", call, message, hint="A scene has some dozens of animations.")


class DimensionRule:
    """Advises where a flat scene holds solid objects."""

    def __init__(self, world: World, findings: Findings) -> None:
        self.world, self.findings = world, findings
        self.solid = frozenset(read_data("rules.json")["three_d"])

    def check(self) -> None:
        """Look at each scene of the source."""
        for kind, own in self.world.own.items():
            if not self.world.is_a(kind, "Scene") or self.world.is_a(kind, "ThreeDScene") or own.is_open:
                continue
            for node in ast.walk(own.node):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self.solid:
                    message = f"{node.func.id} looks flat in a scene without a 3-D camera."
                    hint = "Derive the scene from ThreeDScene and call set_camera_orientation."
                    self.findings.add("solid-in-flat-scene", node.func, message, severity=Severity.ADVICE, hint=hint)
                    break
