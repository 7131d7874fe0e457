"""Checks what a prompt wants shown: texts, formulas, sizes. Anything else than a clean value is refused."""

from __future__ import annotations

import re
import unicodedata

from manimatic.codegen.offline.lexicon import read_data
from manimatic.codegen.offline.story import Look
from manimatic.codegen.offline.tokens import NotUnderstood, Unsuitable

MAX_TEXT = 200
MAX_FORMULA = 300
MAX_DEPTH = 12
"""Nested braces of a formula."""
UNIT_RANGE = (0.05, 3.5)
SIDES_RANGE = (3, 20)

_COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.DOTALL)
_DOUBLE_SCRIPT = re.compile(r"([\^_])(?:[A-Za-z0-9]|\\[A-Za-z]+)\s*\1")


def look(look: Look) -> None:
    """Check the values of a look.

    Raises:
        NotUnderstood: The text or the formula cannot be shown.
        Unsuitable: A length or a number of sides is out of its range.
    """
    if look.kind == "text":
        text(look.words)
    if look.kind == "formula":
        formula(look.words)
    if look.label:
        text(look.label)
    if look.unit is not None and not UNIT_RANGE[0] <= look.unit <= UNIT_RANGE[1]:
        raise Unsuitable(f"This size does not fit the frame: a {look.name} may reach {_reach(look)}.")
    _check_sides(look)


def _reach(look: Look) -> str:
    low, high = UNIT_RANGE
    lengths = look.shape.length if look.shape else {}
    return ", ".join(f"{name} {low / factor:.2g} to {high / factor:.2g}" for name, factor in lengths.items())


def _check_sides(look: Look) -> None:
    if look.shape is None or look.shape.name != "polygon":
        return
    if look.sides is None:
        raise NotUnderstood("a polygon needs its number of sides ('a polygon with 7 sides')")
    if not SIDES_RANGE[0] <= look.sides <= SIDES_RANGE[1]:
        raise Unsuitable(f"A polygon with {look.sides} sides is not possible: allowed are 3 to 20.")


def text(words: str) -> None:
    """Check a text that is to be written.

    Raises:
        NotUnderstood: It is empty, too long, or needs letters that the fonts may not have.
    """
    if not words.strip():
        raise NotUnderstood("the text in quotes is empty")
    if len(words) > MAX_TEXT:
        raise NotUnderstood(f"the text in quotes is longer than {MAX_TEXT} characters")
    ranges = [(int(a, 16), int(b, 16)) for a, b in read_data("letters.toml")["ranges"]]
    for letter in words:
        known = any(low <= ord(letter) <= high for low, high in ranges)
        if not known or unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn"}:
            raise NotUnderstood(f"the character {letter!r} cannot be shown with the fonts at hand")


def formula(tex: str) -> None:
    """Check a formula: known commands only, braces and environments in pairs.

    Raises:
        NotUnderstood: It cannot be shown.
    """
    if not tex.strip():
        raise NotUnderstood("the formula is empty")
    if len(tex) > MAX_FORMULA:
        raise NotUnderstood(f"the formula is longer than {MAX_FORMULA} characters")
    if any(not " " <= letter <= "~" for letter in tex):
        raise NotUnderstood("a formula may hold plain characters and TeX commands only")
    _check_commands(tex)
    _check_braces(tex)


def _check_commands(tex: str) -> None:
    data = read_data("tex.toml")
    commands, environments = set(data["commands"]), set(data["environments"])
    for name in _COMMAND.findall(tex):
        if name not in commands:
            raise NotUnderstood(f"the TeX command \\{name} is not among the known ones")
    rest = _COMMAND.sub(" ", tex)
    if any(sign in rest for sign in '%#$~"`\\') or "^^" in rest:
        raise NotUnderstood("the formula holds characters that TeX treats specially")
    begins, ends = re.findall(r"\\begin\{(\w*)\}", tex), re.findall(r"\\end\{(\w*)\}", tex)
    if sorted(begins) != sorted(ends) or set(begins) - environments or len(begins) != tex.count("\\begin"):
        raise NotUnderstood("the formula's environments are unknown or not closed")
    if not begins and "&" in rest:
        raise NotUnderstood("'&' stands outside of a matrix")
    if len(re.findall(r"\\left(?![a-z])", tex)) != len(re.findall(r"\\right(?![a-z])", tex)):
        raise NotUnderstood("\\left and \\right do not pair")


def _check_braces(tex: str) -> None:
    depth = 0
    for sign in re.sub(r"\\.", "  ", tex):
        depth += (sign == "{") - (sign == "}")
        if depth < 0 or depth > MAX_DEPTH:
            break
    if depth != 0:
        raise NotUnderstood("the formula's braces do not pair, or nest too deeply")
    bare = tex.rstrip()
    if bare.endswith(("^", "_")) or _DOUBLE_SCRIPT.search(tex) or re.search(r"[\^_]\s*[\^_}]", tex):
        raise NotUnderstood("the formula has a '^' or '_' with nothing, or two in a row")
