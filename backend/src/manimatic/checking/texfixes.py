"""Fixes of TeX in strings: maths in a text goes between dollars, unknown commands are spelled with known ones."""

from __future__ import annotations

import ast
import re

from manimatic.checking.findings import Findings
from manimatic.checking.ruledata import read_data
from manimatic.diagnostics import Fix

_OPENING = re.compile("(r?)(\"\"\"|'''|\"|')")

_INNER = r"\\begin\{(?P<env>(?:[bpvBV]|small)?matrix|cases|aligned|array)\}.*?\\end\{(?P=env)\}"
"""Environments that stand within maths."""
_GROUP = r"\{[^{}]*(?:\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}[^{}]*)*\}"
_TOKEN = re.compile(rf"{_INNER}|\s+|(?:\\(?!begin\{{)[A-Za-z]+\*?|\\[^A-Za-z]|{_GROUP}|[^\s\\{{}}])+", re.DOTALL)
"""A formula's environment, a space, or what stands together without one, with its braces."""
_WORD = re.compile(r"(?<!\\)(?<![A-Za-z])(?!d[a-z]\b)[A-Za-z]{2,}(?!(?<=\b[A-Za-z]{2})\^|(?<=\b[A-Za-z]{3})\^)")
"""Letters that make a word: neither `dx`, nor the factors before a power as in `mc^2`."""
_ENDING = re.compile(r"[.,;:!?]+$")
_NEUTRAL = re.compile(r"[-+*/=<>|()\[\]\d.,']+$|[B-HJ-Zb-z]$|[A-Za-z]'*\([A-Za-z\d,]+\)$|d[a-z]$|.*\\[,;!]")
_OPERATOR = re.compile(r"[-+*/=<>]+$")
_LAYOUT = re.compile(
    r"\\(?:\\|newline|par|centering|hfill|quad|qquad|item|vspace|hspace|text\w*|emph|underline|large|Large|small|bf|it)"
)


class TexFixes:
    """Mends strings of TeX, in raw strings and in those that double every backslash."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def _split(self, node: ast.Constant) -> tuple[re.Match[str], str] | None:
        """Return how a string begins, and what stands in it as TeX sees it; None for any other string."""
        text = self.findings.source.text(node)
        opening = _OPENING.match(text)
        if opening is None:
            return None
        inner = text[opening.end() : -len(opening[2])]
        plain = inner if opening[1] else inner.replace("\\\\", "\\")
        return (opening, plain) if plain == node.value else None

    def _replaced(self, node: ast.Constant, opening: re.Match[str], plain: str) -> Fix:
        inner = plain if opening[1] else plain.replace("\\", "\\\\")
        return self.findings.replacing(node, opening[0] + inner + opening[2])

    def in_dollars(self, node: ast.Constant, maths: re.Pattern[str]) -> Fix | None:
        """Return the fix that puts the maths of a text between dollars."""
        split = self._split(node)
        mended = with_dollars(split[1], maths) if split else None
        return self._replaced(node, split[0], mended) if split and mended is not None else None

    def known(self, node: ast.Constant) -> Fix | None:
        """Return the fix that spells unknown commands with known ones."""
        split = self._split(node)
        mended = with_known_commands(split[1]) if split else None
        return self._replaced(node, split[0], mended) if split and mended is not None else None

    def escaped(self, node: ast.Constant, character: str) -> Fix | None:
        """Return the fix that takes its meaning from a character."""
        split = self._split(node)
        if split is None:
            return None
        opening, plain = split
        mended = re.sub(rf"(?<!\\){character}", rf"\\{character}", plain)
        if "\\" in plain or opening[1]:
            return self._replaced(node, opening, mended)
        return self.findings.replacing(node, f"r{opening[2]}{mended}{opening[2]}")

    def inside(self, node: ast.Constant, pattern: re.Pattern[str]) -> Fix | None:
        """Return the fix that keeps what stands between marks around the whole."""
        split = self._split(node)
        found = pattern.fullmatch(split[1]) if split else None
        if split is None or found is None or pattern.search(found["inner"]):
            return None
        unfit = re.search(r"(?<!\\)\\[()\[\]]|\n[ \t]*\n", found["inner"].strip())
        return None if unfit else self._replaced(node, split[0], found["inner"])

    def without_empty_lines(self, node: ast.Constant) -> Fix | None:
        """Return the fix that leaves out empty lines, which mean nothing in maths."""
        split = self._split(node)
        if split is None or "\n" not in self.findings.source.text(node):
            return None
        return self._replaced(node, split[0], re.sub(r"\n(?:[ \t]*\n)+", "\n", split[1]))


def with_dollars(text: str, maths: re.Pattern[str]) -> str | None:
    """Return a text whose maths stands between dollars; None where it is not clear what belongs to the maths.

    Args:
        text: A string of Tex as it is written, without dollars and environments.
        maths: What shows that a piece is maths.
    """
    if "$" in text:
        parts = re.split(r"(?<!\\)(\$[^$]*\$)", text)
        mended = [part if number % 2 else with_dollars(part, maths) for number, part in enumerate(parts)]
        whole = not any("$" in part for part in parts[::2])
        return "".join(str(part) for part in mended) if whole and None not in mended else None
    pieces = [found[0] for found in _TOKEN.finditer(text)]
    outside = "".join(piece for piece in pieces if not piece.startswith(r"\begin"))
    if "".join(pieces) != text or re.search(r"\\[(\[]|\\begin|(?<!\\)&", outside):
        return None
    found: list[str] = []
    run: list[str] = []
    for piece in [*pieces, ""]:
        if piece and _belongs(piece, maths):
            run.append(piece)
        else:
            shown = _closed(run, maths)
            if shown is None or _is_cut(shown, found[-1:], piece):
                return None
            found.extend([shown, piece])
            run = []
    return "".join(found)


def _is_cut(shown: str, before: list[str], after: str) -> bool:
    """Tell whether a formula goes on in a product of letters such as `mx`, which looks like a word."""
    sign_first = re.match(r"\s*\$\s*[-+*/=<>]", shown) is not None
    sign_last = re.search(r"[-+*/=<>]\s*\$\s*$", shown) is not None
    return bool(
        (sign_first and before and re.search(r"(?<![A-Za-z])[A-Za-z]{2}$", before[0]))
        or (sign_last and re.match(r"[A-Za-z]{2}(?![A-Za-z])", after))
    )


def _belongs(piece: str, maths: re.Pattern[str]) -> bool:
    """Tell whether a piece may be a part of a formula: maths, a sign, a number, a letter alone, or a space."""
    if piece.isspace():
        return "\n" not in piece
    bare = _ENDING.sub("", piece)
    if _LAYOUT.search(piece) and not maths.search(piece):
        return False
    return bool(maths.search(piece)) or _NEUTRAL.match(bare or piece) is not None or bare in {"a", "A", "I"}


def _closed(run: list[str], maths: re.Pattern[str]) -> str | None:
    """Return a run of pieces with dollars around its formula; None where it holds words or half a formula."""
    if not any(maths.search(piece) for piece in run):
        return "".join(run)
    first, last = 0, len(run)
    while run[first].isspace() or (_is_article(run, first) and not maths.search(run[first])):
        first += 1
    while run[last - 1].isspace() or _ENDING.fullmatch(run[last - 1]):
        last -= 1
    body = "".join(run[first:last])
    ending = _ENDING.search(body)
    end = ending[0] if ending and not body.endswith("\\" + ending[0]) else ""
    body = body.removesuffix(end)
    if _WORD.search(re.sub(rf"{_INNER}|{_GROUP}|\\[A-Za-z]+", " ", body, flags=re.DOTALL)):
        return None
    if body.count(r"\left") != body.count(r"\right") or body.count("{") != body.count("}") or body[:1] in "_^":
        return None
    return f"{''.join(run[:first])}${body}${end}{''.join(run[last:])}"


def _is_article(run: list[str], at: int) -> bool:
    """Tell whether a letter is a word of its own: no sign stands behind it."""
    following = next((piece for piece in run[at + 1 :] if not piece.isspace()), "")
    return run[at] in {"a", "A", "I"} and _OPERATOR.match(following) is None


def with_known_commands(text: str) -> str | None:
    """Return a text with the commands that the template lacks spelled by others; None where there are none."""
    table = read_data("tex.json")["spelled_commands"]
    changed = text
    for name, use in table.items():
        pattern = re.compile(rf"(?<!\\)\\{name}(?![A-Za-z])" + r"\s*\{([^{}]*)\}" * use.count("#"))
        if use.count("#"):
            changed = pattern.sub(lambda found, use=use: _with_arguments(use, found.groups()), changed)  # type: ignore[misc]
        else:
            changed = pattern.sub(lambda found, use=use: _apart(use, found), changed)  # type: ignore[misc]
    return changed if changed != text else None


def _with_arguments(use: str, arguments: tuple[str, ...]) -> str:
    for number, argument in enumerate(arguments, 1):
        use = use.replace(f"#{number}", argument)
    return use


def _apart(use: str, found: re.Match[str]) -> str:
    """Return a command with a space behind it where a letter would become a part of it."""
    following = found.string[found.end() : found.end() + 1]
    return use + " " if use[-1:].isalpha() and following.isalpha() else use
