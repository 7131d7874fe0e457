"""Expressions in x: tokenizer, recursive descent parser and tree. Nothing is ever run as code."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

MAX_LENGTH = 120
MAX_DEPTH = 16
MAX_NODES = 80

CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau}
FUNCTIONS = frozenset(
    "sin cos tan asin acos atan sinh cosh tanh sqrt cbrt exp log ln abs floor ceil".split()  # noqa: SIM905
)
_SPELLINGS = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "log10": "log", "ceiling": "ceil", "root": "sqrt"}
_PLAIN = str.maketrans({"−": "-", "–": "-", "·": "*", "×": "*", "÷": "/", "π": " pi ", "τ": " tau ", "√": " sqrt "})
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?|\.\d+)|([A-Za-z]+(?:10)?)|(\*\*|[-+*/^()|²³]))")
_NAME = re.compile(
    r"arcsin|arccos|arctan|asin|acos|atan|sinh|cosh|tanh|sin|cos|tan|sqrt|root|cbrt|exp|log10|log|ln|abs|floor|ceiling|ceil|tau|pi|squared|cubed|times|over|plus|minus|e|x"
)


class BadExpression(Exception):
    """This is no expression in x; the message says why."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number, with the text that stands for it."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Constant:
    """pi, e or tau."""

    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """The variable x."""


@dataclass(frozen=True, slots=True)
class Negative:
    """A minus before a term."""

    inner: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """Two terms and + - * / or ^ between them."""

    sign: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Call:
    """A function of a term."""

    name: str
    inner: Node


Node = Number | Constant | Variable | Negative | Binary | Call

_WORDS = {"squared": ("^", "2"), "cubed": ("^", "3"), "times": ("*",), "over": ("/",), "plus": ("+",), "minus": ("-",)}
_SIGNS = {"**": ("^",), "²": ("^", "2"), "³": ("^", "3")}


def parse(text: str) -> Node:
    """Parse an expression.

    Raises:
        BadExpression: It is none, or too long, or nests too deeply.
    """
    if len(text) > MAX_LENGTH:
        raise BadExpression(f"an expression may have at most {MAX_LENGTH} characters")
    parser = _Parser(_tokens(text.translate(_PLAIN)))
    return parser.whole()


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadExpression(f"{text[at:].strip()[:20]!r} is not understood in an expression")
        at = match.end()
        number, name, sign = match.groups()
        if number:
            tokens.append(number)
        elif name:
            tokens += _names(name)
        else:
            tokens += _SIGNS.get(sign, (sign,))
    return tokens


def _names(run: str) -> list[str]:
    """Split a run of letters: "sinx" is sin x, "xsin" is x sin."""
    tokens: list[str] = []
    at, lower = 0, run.lower()
    while at < len(lower):
        match = _NAME.match(lower, at)
        if match is None:
            raise BadExpression(
                f"{run!r} is not understood in an expression: only x, pi, e, tau and known functions are"
            )
        name = _SPELLINGS.get(match.group(), match.group())
        tokens += _WORDS.get(name, (name,))
        at = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens, self._at, self._depth, self._nodes, self._bars = tokens, 0, 0, 0, 0

    def whole(self) -> Node:
        node = self._sum()
        if self._peek():
            raise BadExpression(f"{self._peek()!r} stands where nothing may follow")
        return node

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, *wanted: str) -> str:
        piece = self._peek()
        if piece and piece in wanted:
            self._at += 1
            return piece
        return ""

    def _made(self, node: Node) -> Node:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise BadExpression("the expression has too many parts")
        return node

    def _sum(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadExpression("the expression nests too deeply")
        node = self._product()
        while sign := self._take("+", "-"):
            node = self._made(Binary(sign, node, self._product()))
        self._depth -= 1
        return node

    def _product(self) -> Node:
        node = self._signed()
        while True:
            if sign := self._take("*", "/"):
                node = self._made(Binary(sign, node, self._signed()))
            elif self._starts_factor():
                node = self._made(Binary("*", node, self._power()))
            else:
                return node

    def _starts_factor(self) -> bool:
        piece = self._peek()
        if piece == "|":
            return self._bars == 0
        return bool(piece) and (piece == "(" or piece[0].isalnum() or piece[0] == ".") and not self._two_numbers()

    def _two_numbers(self) -> bool:
        before = self._tokens[self._at - 1]
        if self._peek()[0].isdigit() and before[0].isdigit():
            raise BadExpression("two numbers stand side by side")
        return False

    def _signed(self) -> Node:
        negative = False
        while sign := self._take("-", "+"):
            negative = negative != (sign == "-")
        node = self._power()
        return self._made(Negative(node)) if negative else node

    def _power(self) -> Node:
        base = self._atom()
        if not self._take("^"):
            return base
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadExpression("the expression nests too deeply")
        exponent = self._made(Negative(self._power())) if self._take("-") else self._power()
        self._depth -= 1
        return self._made(Binary("^", base, exponent))

    def _atom(self) -> Node:
        piece = self._peek()
        self._at += 1
        if not piece:
            raise BadExpression("the expression ends too early")
        if piece[0].isdigit() or piece[0] == ".":
            return self._made(Number(float(piece), piece))
        if piece == "x":
            return self._made(Variable())
        if piece in CONSTANTS:
            return self._made(Constant(piece))
        if piece in FUNCTIONS:
            return self._call(piece)
        return self._bracketed(piece)

    def _bracketed(self, piece: str) -> Node:
        if piece == "(":
            bars, self._bars = self._bars, 0
            node = self._sum()
            self._bars = bars
            if not self._take(")"):
                raise BadExpression("a parenthesis is not closed")
            return node
        if piece == "|" and self._bars == 0:
            self._bars = 1
            node = self._sum()
            self._bars = 0
            if not self._take("|"):
                raise BadExpression("a bar | is not closed")
            return self._made(Call("abs", node))
        raise BadExpression(f"{piece!r} stands where a number or x should")

    def _call(self, name: str) -> Node:
        power = None
        if self._take("^"):
            power = self._atom()
            if not isinstance(power, Number):
                raise BadExpression(f"{name} may be raised to a plain number only")
        inner = self._argument()
        node = self._made(Call(name, inner))
        return node if power is None else self._made(Binary("^", node, power))

    def _argument(self) -> Node:
        """Read what a function applies to: parentheses, or "2x" as in sin 2x."""
        if self._peek() in {"(", "|"}:
            return self._atom()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise BadExpression("the expression nests too deeply")
        node = self._power()
        while isinstance(node, (Number, Constant, Binary)) and self._peek() in {"x", *CONSTANTS}:
            node = self._made(Binary("*", node, self._power()))
        self._depth -= 1
        return node
