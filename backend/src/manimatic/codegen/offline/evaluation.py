"""Evaluates an expression with plain floats, and writes it as numpy source and as LaTeX."""

from __future__ import annotations

import math
from collections.abc import Callable

from manimatic.codegen.offline.expression import CONSTANTS, Binary, Call, Constant, Negative, Node, Number, Variable

NAN = math.nan

_FLOAT: dict[str, Callable[[float], float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "sqrt": math.sqrt,
    "cbrt": math.cbrt,
    "exp": math.exp,
    "log": math.log10,
    "ln": math.log,
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
}
_NUMPY = {
    "asin": "np.arcsin",
    "acos": "np.arccos",
    "atan": "np.arctan",
    "log": "np.log10",
    "ln": "np.log",
    "abs": "abs",
}
_LATEX = {
    "asin": r"\arcsin",
    "acos": r"\arccos",
    "atan": r"\arctan",
    "log": r"\log_{10}",
}
_RANK = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}


def value(node: Node, x: float) -> float:
    """Return the expression's value, or nan where it has none."""
    try:
        result = _value(node, x)
    except (ValueError, OverflowError, ZeroDivisionError):
        return NAN
    return result if math.isfinite(result) else NAN


def _value(node: Node, x: float) -> float:
    match node:
        case Number():
            return node.value
        case Constant():
            return CONSTANTS[node.name]
        case Variable():
            return x
        case Negative():
            return -_value(node.inner, x)
        case Call():
            return float(_FLOAT[node.name](_value(node.inner, x)))
        case Binary():
            return _apply(node.sign, _value(node.left, x), _value(node.right, x))


def _apply(sign: str, left: float, right: float) -> float:
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    if sign == "/":
        return left / right
    return math.pow(left, right)


def numpy_source(node: Node) -> str:
    """Write the expression as numpy source."""
    return _numpy(node)[0]


def _numpy(node: Node) -> tuple[str, int]:
    match node:
        case Number():
            return node.text if node.text[0] != "." else "0" + node.text, 9
        case Constant():
            return {"pi": "np.pi", "e": "np.e", "tau": "2 * np.pi"}[node.name], 2 if node.name == "tau" else 9
        case Variable():
            return "x", 9
        case Negative():
            return "-" + _wrapped(_numpy(node.inner), 3), 1
        case Call():
            return f"{_NUMPY.get(node.name, 'np.' + node.name)}({_numpy(node.inner)[0]})", 9
        case Binary():
            return _numpy_binary(node)


def _numpy_binary(node: Binary) -> tuple[str, int]:
    if node.sign == "^" and node.left == Constant("e"):
        return f"np.exp({_numpy(node.right)[0]})", 9
    rank = _RANK[node.sign]
    left = _wrapped(_numpy(node.left), rank + (node.sign == "^"))
    right = _wrapped(_numpy(node.right), rank + (node.sign in "-/"))
    return (f"{left}**{right}" if node.sign == "^" else f"{left} {node.sign} {right}"), rank


def _wrapped(written: tuple[str, int], rank: int) -> str:
    text, own = written
    return text if own >= rank else f"({text})"


def latex(node: Node) -> str:
    """Write the expression as LaTeX."""
    return _latex(node)[0]


def _latex(node: Node) -> tuple[str, int]:
    match node:
        case Number():
            return node.text if node.text[0] != "." else "0" + node.text, 9
        case Constant():
            return {"pi": r"\pi", "e": "e", "tau": r"\tau"}[node.name], 9
        case Variable():
            return "x", 9
        case Negative():
            return "-" + _bracketed(_latex(node.inner), 2), 1
        case Call():
            return _latex_call(node)
        case Binary():
            return _latex_binary(node)


def _latex_call(node: Call) -> tuple[str, int]:
    inner = _latex(node.inner)[0]
    frames = {
        "sqrt": rf"\sqrt{{{inner}}}",
        "cbrt": rf"\sqrt[3]{{{inner}}}",
        "abs": rf"\left|{inner}\right|",
        "floor": rf"\left\lfloor {inner} \right\rfloor",
        "ceil": rf"\left\lceil {inner} \right\rceil",
    }
    if node.name in frames:
        return frames[node.name], 9
    if node.name == "exp":
        return f"e^{{{inner}}}", 4
    if isinstance(node.inner, Variable):
        return rf"{_LATEX.get(node.name, chr(92) + node.name)} x", 3
    return rf"{_LATEX.get(node.name, chr(92) + node.name)}\left({inner}\right)", 3


def _latex_binary(node: Binary) -> tuple[str, int]:
    if node.sign == "/":
        return rf"\frac{{{_latex(node.left)[0]}}}{{{_latex(node.right)[0]}}}", 3
    if node.sign == "^":
        return _latex_power(node), 4
    left, right = _latex(node.left), _latex(node.right)
    rank = _RANK[node.sign]
    if node.sign == "*":
        text = _bracketed(right, 2)
        return f"{_bracketed(left, 2)}{_times(node.left, node.right, text)}{text}", 2
    return f"{_bracketed(left, rank)} {node.sign} {_bracketed(right, rank + 1)}", rank


def _latex_power(node: Binary) -> str:
    exponent = _latex(node.right)[0]
    if isinstance(node.left, Call) and node.left.name in {"sin", "cos", "tan", "sinh", "cosh", "tanh"}:
        inner = _latex(node.left.inner)[0]
        argument = " x" if isinstance(node.left.inner, Variable) else rf"\left({inner}\right)"
        return rf"\{node.left.name}^{{{exponent}}}{argument}"
    return f"{_bracketed(_latex(node.left), 5)}^{{{exponent}}}"


def _times(left: Node, right: Node, written: str) -> str:
    if written[0].isdigit() or (isinstance(left, Call) and isinstance(right, Constant | Variable)):
        return r" \cdot "
    if isinstance(left, Variable) and isinstance(right, Variable):
        return r" \cdot "
    return r" \, " if isinstance(right, Call) or isinstance(left, Call) else " "


def _bracketed(written: tuple[str, int], rank: int) -> str:
    text, own = written
    return text if own >= rank else rf"\left({text}\right)"
