"""Which argument goes to which parameter, and the rules of calls: unknown, missing, duplicate, too many."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from manimatic.checking.api import Signature, nearest
from manimatic.checking.findings import Findings
from manimatic.checking.keywords import other_way
from manimatic.checking.oldcalls import moved_fix
from manimatic.checking.ruledata import read_data
from manimatic.diagnostics import Span

FONTS = frozenset(
    {"Tex", "MathTex", "SingleStringMathTex", "Title", "BulletedList", "Paragraph", "Code", "DecimalNumber"}
)
OPACITIES = frozenset({"fill_opacity", "stroke_opacity"})


@dataclass
class Bound:
    """The arguments of one call by the parameter that they go to; `rest` are those of `*args`."""

    named: dict[str, ast.expr] = field(default_factory=dict)
    rest: list[ast.expr] = field(default_factory=list)
    is_open: bool = False
    """Whether a star hides some of them."""

    def get(self, name: str) -> ast.expr | None:
        """Return the argument of a parameter; of the n-th of `*args` where the name is a number."""
        if name.isdigit():
            return self.rest[int(name)] if int(name) < len(self.rest) else None
        return self.named.get(name)


def bind(call: ast.Call, signature: Signature) -> Bound:
    """Match arguments with parameters, reporting nothing."""
    found = Bound(is_open=_has_stars(call))
    slots = [p.name for p in signature.by_position]
    for number, argument in enumerate(call.args):
        if isinstance(argument, ast.Starred):
            found.rest.extend(call.args[number:] if signature.is_many else [])
            break
        if number < len(slots):
            found.named[slots[number]] = argument
        else:
            found.rest.append(argument)
    found.named.update({word.arg: word.value for word in call.keywords if word.arg})
    return found


def _has_stars(call: ast.Call) -> bool:
    return any(isinstance(a, ast.Starred) for a in call.args) or any(word.arg is None for word in call.keywords)


class CallRules:
    """Reports calls that a signature does not allow."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        others = read_data("other_manims.json")
        self.renamed: Mapping[str, str] = others["keywords"]
        self.renamed_of: Mapping[str, Mapping[str, str]] = others["keywords_of"]

    def check(self, call: ast.Call, signature: Signature, name: str) -> Bound:
        """Report what is wrong with a call and return its arguments."""
        self._too_many(call, signature, name)
        self._keywords(call, signature, name)
        self._duplicates(call, signature, name)
        self._missing(call, signature, name)
        return bind(call, signature)

    def _too_many(self, call: ast.Call, signature: Signature, name: str) -> None:
        slots = signature.by_position
        given = [argument for argument in call.args if not isinstance(argument, ast.Starred)]
        if not signature.is_many and len(given) > len(slots):
            first = given[len(slots)]
            takes = f"{len(slots)} positional argument{'s' * (len(slots) != 1)}"
            message = f"{name}() takes {takes}, and {len(given)} are given."
            fix = moved_fix(self.findings, call) if name == "MoveToTarget" else None
            hint = "Write mobject.animate.move_to(…)." if fix else f"{name}{signature}"
            self.findings.add("too-many-arguments", first, message, hint=hint, fix=fix)

    def _keywords(self, call: ast.Call, signature: Signature, name: str) -> None:
        if signature.words is None:
            return
        allowed = signature.by_name | signature.words
        for word in call.keywords:
            if word.arg is not None and word.arg not in allowed:
                self._unknown_keyword(call, word, allowed, name)

    def _unknown_keyword(self, call: ast.Call, word: ast.keyword, allowed: frozenset[str], name: str) -> None:
        assert word.arg is not None  # noqa: S101
        message = f"{name}() has no argument {word.arg}."
        if (way := other_way(self.findings, call, word, name, allowed)) is not None:
            self.findings.add("renamed-argument", word, message, hint=f"Use {way[0]}.", nearest=way[0], fix=way[1])
            return
        given = {other.arg for other in call.keywords}
        of = self.renamed_of.get(name) or self.renamed_of.get("." + name.partition(".")[2], {})
        other = of.get(word.arg) or self.renamed.get(word.arg)
        if word.arg == "weight" and (name in FONTS or not _is_number(word.value)):
            other = None  # the weight of letters, not of a line
        if other is not None and other in allowed and other not in given:
            fix = self.findings.replacing(self._word_span(word), other)
            self.findings.add("renamed-argument", word, message, nearest=other, fix=fix)
            return
        if word.arg == "opacity" and allowed >= OPACITIES and given.isdisjoint(OPACITIES):
            self._opacity(word, name)
            return
        near = nearest(word.arg, allowed)
        hint = "" if near else f"It takes {', '.join(sorted(allowed)[:12])}…" if len(allowed) > 12 else ""
        self.findings.add("unknown-argument", word, message, hint=hint, nearest=near)

    def _opacity(self, word: ast.keyword, name: str) -> None:
        """Report `opacity`, which set_opacity knows and constructors do not: it is that of fill and stroke."""
        text = self.findings.source.text(word.value)
        fix = None
        if isinstance(word.value, (ast.Constant, ast.Name)):
            fix = self.findings.replacing(word, f"fill_opacity={text}, stroke_opacity={text}")
        hint = "Write fill_opacity=…, stroke_opacity=…."
        message = f"{name}() has no argument opacity."
        self.findings.add("renamed-argument", word, message, hint=hint, nearest="fill_opacity", fix=fix)

    def _word_span(self, word: ast.keyword) -> Span:
        span = self.findings.source.span(word)
        return Span(
            line=span.line, column=span.column, end_line=span.line, end_column=span.column + len(word.arg or "")
        )

    def _duplicates(self, call: ast.Call, signature: Signature, name: str) -> None:
        slots = [p.name for p in signature.by_position]
        plain = [a for a in call.args if not isinstance(a, ast.Starred)]
        if len(plain) < len(call.args):
            return
        taken = set(slots[: len(plain)])
        for word in call.keywords:
            if word.arg in taken:
                self.findings.add(
                    "duplicate-argument", word, f"{name}() gets {word.arg} twice.", hint=f"{name}{signature}"
                )

    def _missing(self, call: ast.Call, signature: Signature, name: str) -> None:
        if _has_stars(call):
            return
        given = bind(call, signature).named
        needed = [p.name for p in signature.parameters if not p.optional and p.kind != "many" and p.name not in given]
        if needed:
            message = f"{name}() needs {', '.join(needed)}."
            self.findings.add("missing-argument", call, message, hint=f"{name}{signature}")


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
