"""Which argument goes to which parameter, and the rules of calls: unknown, missing, duplicate, too many."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from manimatic.checking.api import Signature, nearest
from manimatic.checking.axislabels import BOTH, NAMES, labels_fix
from manimatic.checking.findings import Findings
from manimatic.checking.keywords import other_way, without
from manimatic.checking.oldcalls import moved_fix
from manimatic.checking.rewrites import Rewrite, read_rewrite, rewritten
from manimatic.checking.ruledata import read_data
from manimatic.checking.samewords import same_words
from manimatic.checking.wrapping import WORDS_OF_ANIMATIONS, timed
from manimatic.diagnostics import Fix, Span

FONTS = frozenset(
    {"Tex", "MathTex", "SingleStringMathTex", "Title", "BulletedList", "Paragraph", "Code", "DecimalNumber"}
)
OPACITIES = frozenset({"fill_opacity", "stroke_opacity"})
OPACITY = "(*, opacity, **) -> {callee}({*}{**}).set_opacity({opacity})"
AXES = frozenset({"Axes", "NumberPlane"})
TOLD = "(*, WORD, **) -> {callee}({*}{**}).set(WORD={WORD})"
MOBJECT_WORDS = frozenset({"dim", "z_index"})
"""Arguments that what makes an object takes, and no animation."""


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
        self.renamed_of = _by_name(others["keywords_of"])
        rewrites = read_data("rewrites.json")
        self.templates, self.told = _by_name(rewrites["keywords"]), frozenset(rewrites["told"])
        self.too_many: Mapping[str, str] = rewrites["too_many"]

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
            if (text := self.too_many.get(name)) is not None:
                fix = rewritten(self.findings, call, read_rewrite(text))
            hint = "Write mobject.animate.move_to(…)." if fix else f"{name}{signature}"
            self.findings.add("too-many-arguments", first, message, hint=hint, fix=fix)

    def _keywords(self, call: ast.Call, signature: Signature, name: str) -> None:
        if signature.words is None:
            for word in call.keywords:
                self._rewritten(call, word, signature.by_name, name)
            return
        allowed = signature.by_name | signature.words
        for word in call.keywords:
            if word.arg is not None and word.arg not in allowed and not self._rewritten(call, word, allowed, name):
                self._unknown_keyword(call, word, allowed, name)

    def _rewritten(self, call: ast.Call, word: ast.keyword, allowed: frozenset[str], name: str) -> bool:
        """Report an argument that the table of rewrites has another form for; return whether there is a fix."""
        if word.arg is None or word.arg in allowed:
            return False
        for rewrite in self._templates_of(name, word.arg, allowed):
            if (fix := rewritten(self.findings, call, rewrite)) is not None:
                message = f"{name}() has no argument {word.arg}."
                hint = f"Write {rewrite.shown}."
                self.findings.add("renamed-argument", word, message, hint=hint, nearest=rewrite.shown, fix=fix)
                return True
        return False

    def _templates_of(self, name: str, word: str, allowed: frozenset[str]) -> list[Rewrite]:
        """Return the rewrites of an argument: those of the class or method first, then those of every object."""
        method = name.partition(".")[2]
        names = [f".{method}"] if method else [name, "*"] if allowed >= MOBJECT_WORDS else [name]
        texts = [self.templates.get(one, {}).get(word, []) for one in names]
        return [read_rewrite(text) for found in texts for text in ([found] if isinstance(found, str) else found)]

    def _unknown_keyword(self, call: ast.Call, word: ast.keyword, allowed: frozenset[str], name: str) -> None:
        assert word.arg is not None  # noqa: S101
        message = f"{name}() has no argument {word.arg}."
        if word.arg in WORDS_OF_ANIMATIONS and (fix := timed(self.findings, call)) is not None:
            hint = f"Write .animate({word.arg}=…)."
            self.findings.add("renamed-argument", word, message, hint=hint, fix=fix)
            return
        if name in AXES and (word.arg in NAMES or word.arg in BOTH):
            fix = labels_fix(self.findings, call, word)
            self.findings.add("renamed-argument", word, message, hint="Add axes.get_axis_labels(…).", fix=fix)
            return
        if (way := other_way(self.findings, call, word, name, allowed)) is not None:
            self.findings.add("renamed-argument", word, message, hint=f"Use {way[0]}.", nearest=way[0], fix=way[1])
            return
        given = {other.arg for other in call.keywords}
        of = {**self.renamed_of.get("." + name.partition(".")[2], {}), **self.renamed_of.get(name, {})}
        other = of.get(word.arg) or self.renamed.get(word.arg) or _spelled(word.arg, allowed)
        if word.arg == "weight" and (name in FONTS or not _is_number(word.value)):
            other = None  # the weight of letters, not of a line
        if other is not None and other in allowed and other not in given:
            fix = self.findings.replacing(self._word_span(word), other)
            self.findings.add("renamed-argument", word, message, nearest=other, fix=fix)
            return
        if word.arg == "opacity" and allowed >= OPACITIES and given.isdisjoint(OPACITIES):
            self._opacity(call, word, name)
            return
        weight = word.arg == "weight" and name not in FONTS and _is_number(word.value)
        if (word.arg in self.told or weight) and allowed >= MOBJECT_WORDS:
            fix = rewritten(self.findings, call, read_rewrite(TOLD.replace("WORD", word.arg)))
            self.findings.add("renamed-argument", word, message, hint=f"Write .set({word.arg}=…).", fix=fix)
            return
        near = nearest(word.arg, allowed)
        hint = "" if near else f"It takes {', '.join(sorted(allowed)[:12])}…" if len(allowed) > 12 else ""
        self.findings.add("unknown-argument", word, message, hint=hint, nearest=near)

    def _opacity(self, call: ast.Call, word: ast.keyword, name: str) -> None:
        """Report `opacity`, which set_opacity knows and constructors do not: it is that of fill and stroke."""
        text = self.findings.source.text(word.value)
        fix = None
        if isinstance(word.value, (ast.Constant, ast.Name)):
            fix = self.findings.replacing(word, f"fill_opacity={text}, stroke_opacity={text}")
        else:
            fix = rewritten(self.findings, call, read_rewrite(OPACITY))
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
                text = self.findings.source.text
                same = text(word.value) == text(call.args[slots.index(word.arg)])
                fix = Fix((without(self.findings, call, word),)) if same else None
                message = f"{name}() gets {word.arg} twice."
                self.findings.add("duplicate-argument", word, message, hint=f"{name}{signature}", fix=fix)

    def _missing(self, call: ast.Call, signature: Signature, name: str) -> None:
        if _has_stars(call):
            return
        given = bind(call, signature).named
        needed = [p.name for p in signature.parameters if not p.optional and p.kind != "many" and p.name not in given]
        if needed:
            message = f"{name}() needs {', '.join(needed)}."
            self.findings.add("missing-argument", call, message, hint=f"{name}{signature}")


def _by_name(table: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return a table whose keys name several classes or methods at once with one key for each."""
    found: dict[str, dict[str, Any]] = {}
    for names, words in table.items():
        for name in names.split():
            found.setdefault(name, {}).update(words)
    return found


def _spelled(word: str, allowed: frozenset[str]) -> str | None:
    """Return the one argument that differs only in capitals and underscores."""
    folded = word.replace("_", "").lower()
    found = [one for one in allowed if one.replace("_", "").lower() == folded]
    return found[0] if len(found) == 1 else same_words(word, allowed)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
