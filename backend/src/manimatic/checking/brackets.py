"""The mending of sources with one bracket too few or too many, where only one place is possible."""

from __future__ import annotations

import io
import re
import tokenize

from manimatic.checking.findings import Findings, Source
from manimatic.diagnostics import Edit, Fix, Span, edited

_MISMATCH = re.compile(r"closing parenthesis '[\])}]' does not match opening parenthesis '(?P<open>[\[({])'")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_OPEN_END = (",", "\\", ":", "(", "[", "{", "+", "-", "*", "/", "=", ".", " and", " or")


def bracket_fix(error: SyntaxError, findings: Findings) -> Fix | None:
    """Return the fix after which the source can be parsed, where the line that is wrong says which."""
    code, lines = findings.source.code, findings.source.lines
    number = error.lineno or 0
    if not 0 < number <= len(lines):
        return None
    edits = [_before_mismatch(error), _at_end(lines, number), _stray(lines, number, error.msg or "")]
    for edit in edits:
        if edit is not None and _parses(edited(code, [edit])):
            return Fix((edit,))
    return None


def _before_mismatch(error: SyntaxError) -> Edit | None:
    """Close what is open where another bracket closes."""
    found = _MISMATCH.search(error.msg or "")
    if found is None:
        return None
    return _inserting(error.lineno or 1, error.offset or 1, _CLOSING[found["open"]])


def _at_end(lines: list[str], number: int) -> Edit | None:
    """Close what a line leaves open that is a statement of its own."""
    text = lines[number - 1].rstrip()
    after = next((line for line in lines[number:] if line.strip()), "")
    if not text.strip() or not after or text.endswith(_OPEN_END) or _indent(after) > _indent(text):
        return None
    return _inserting(number, len(text) + 1, ")") if _balance(text) == 1 else None


def _stray(lines: list[str], number: int, message: str) -> Edit | None:
    """Take a bracket off the end of a line that closes one more than it opens."""
    text = lines[number - 1].rstrip()
    if "unmatched ')'" not in message or not text.endswith("))") or _balance(text) != -1:
        return None
    return Edit(Span(line=number, column=len(text), end_line=number, end_column=len(text) + 1), "")


def _inserting(line: int, column: int, text: str) -> Edit:
    return Edit(Span(line=line, column=column, end_line=line, end_column=column), text)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _balance(text: str) -> int | None:
    """Return how many round brackets a line leaves open; None where other brackets or strings are open."""
    counts = dict.fromkeys("([{", 0)
    try:
        for token in tokenize.generate_tokens(io.StringIO(text.strip()).readline):
            if token.type == tokenize.COMMENT or token.type == tokenize.ERRORTOKEN:
                return None
            for opening, closing in _CLOSING.items():
                counts[opening] += (token.string == opening) - (token.string == closing)
    except (tokenize.TokenError, SyntaxError):
        pass
    return counts["("] if counts["["] == counts["{"] == 0 else None


def _parses(code: str) -> bool:
    try:
        return Source(code).tree is not None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
