"""Reads the recipe gallery and checks every field of it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from typing import Any

_TOPICS = frozenset(
    "geometry algebra trigonometry calculus linear_algebra probability algorithms physics plots text".split()  # noqa: SIM905
)
_FIELDS = frozenset("title topic summary explanation prompts keywords requires parameters".split())  # noqa: SIM905
_PARAMETER_FIELDS = frozenset("type default minimum maximum choices help pattern least most".split())  # noqa: SIM905
_KINDS: Mapping[str, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "text": (str,),
    "colour": (str,),
    "choice": (str,),
    "quadratic": (str,),
}
COEFFICIENTS = 3
_HEX = re.compile(r"#[0-9A-Fa-f]{6}")


class BadRecipe(ValueError):
    """A recipe breaks the format of examples/README.md; the message names file and field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A constant of a scene that a prompt may set."""

    name: str
    type: str
    default: Any
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    least: tuple[float, ...] = ()
    most: tuple[float, ...] = ()
    """Limits of the coefficients of a quadratic, the highest power first."""
    help: str
    pattern: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A ready-made scene with what is known about it."""

    id: str
    title: str
    topic: str
    summary: str
    explanation: str
    prompts: tuple[str, ...]
    keywords: tuple[str, ...]
    requires: tuple[tuple[str, ...], ...]
    parameters: tuple[Parameter, ...]
    source: str


def load_recipes(folder: Traversable) -> tuple[Recipe, ...]:
    """Read every recipe of a folder, in the order of their names.

    Raises:
        BadRecipe: A file or a field is missing, unknown or wrong.
    """
    if not folder.is_dir():
        return ()
    folders = [entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith((".", "_"))]
    return tuple(_load(entry) for entry in sorted(folders, key=lambda entry: entry.name))


def constants(source: str) -> dict[str, ast.expr]:
    """Return the upper-case constants at a module's top level, with the expressions that they are set to."""
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name.isupper():
                found[name] = node.value
    return found


def _load(folder: Traversable) -> Recipe:
    where = f"{folder.name}/recipe.toml"
    try:
        data = tomllib.loads((folder / "recipe.toml").read_text(encoding="utf-8"))
        source = (folder / "scene.py").read_text(encoding="utf-8")
        known = constants(source)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, SyntaxError) as error:
        raise BadRecipe(f"{folder.name}: {error}") from error
    _check_fields(data, where)
    tables = data.get("parameters", {})
    _expect(isinstance(tables, dict), where, "parameters", "it has to be a table")
    parameters = tuple(_parameter(name, entry, known, where) for name, entry in tables.items())
    _check_explanation(data["explanation"], {p.name for p in parameters}, where)
    return Recipe(
        id=folder.name,
        title=data["title"],
        topic=data["topic"],
        summary=data["summary"],
        explanation=data["explanation"],
        prompts=tuple(data["prompts"]),
        keywords=tuple(data["keywords"]),
        requires=tuple(tuple(group) for group in data["requires"]),
        parameters=parameters,
        source=source,
    )


def _expect(condition: bool, where: str, field: str, what: str) -> None:
    if not condition:
        raise BadRecipe(f"{where}, {field}: {what}.")


def _check_fields(data: Mapping[str, Any], where: str) -> None:
    for field in sorted(set(data) - _FIELDS):
        raise BadRecipe(f"{where}, {field}: there is no such field.")
    for field in ("title", "topic", "summary", "explanation"):
        text = data.get(field)
        _expect(isinstance(text, str) and bool(text.strip()), where, field, "a text is missing")
    _expect(len(data["title"]) <= 60, where, "title", "it is longer than 60 characters")
    _expect(data["topic"] in _TOPICS, where, "topic", f"allowed are {', '.join(sorted(_TOPICS))}")
    for field, least in (("prompts", 3), ("keywords", 1)):
        _expect(_texts(data.get(field)) and len(data[field]) >= least, where, field, f"it needs at least {least} texts")
    groups = data.get("requires")
    good = isinstance(groups, list) and bool(groups) and all(_texts(group) and group for group in groups)
    _expect(good, where, "requires", "it has to be a list of lists of words, none of them empty")


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) and text.strip() for text in value)


def _check_explanation(text: str, names: set[str], where: str) -> None:
    for name in re.findall(r"\{([A-Z_0-9]+)\}", text):
        _expect(name in names, where, "explanation", f"{{{name}}} is no parameter")


def _parameter(name: str, entry: Any, known: Mapping[str, ast.expr], where: str) -> Parameter:
    field = f"parameters.{name}"
    _expect(isinstance(entry, dict), where, field, "it has to be a table")
    for extra in sorted(set(entry) - _PARAMETER_FIELDS):
        raise BadRecipe(f"{where}, {field}.{extra}: there is no such field.")
    kind, default = entry.get("type"), entry.get("default")
    _expect(kind in _KINDS, where, f"{field}.type", f"allowed are {', '.join(_KINDS)}")
    good = isinstance(default, _KINDS[kind]) and not isinstance(default, bool)
    _expect(good, where, f"{field}.default", f"it has to be a {kind}")
    _expect(isinstance(entry.get("help"), str), where, f"{field}.help", "a text is missing")
    _check_literal(name, default, known, where)
    _check_limits(entry, where, field)
    _check_pattern(entry.get("pattern"), where, field)
    lists = {key: tuple(entry.get(key, ())) for key in ("choices", "least", "most")}
    return Parameter(name=name, **{**entry, **lists})


def _check_literal(name: str, default: Any, known: Mapping[str, ast.expr], where: str) -> None:
    field = f"parameters.{name}"
    _expect(name in known, where, field, f"scene.py has no constant {name} at its top level")
    try:
        value = ast.literal_eval(known[name])
    except ValueError as error:
        raise BadRecipe(f"{where}, {field}: the constant in scene.py is no literal.") from error
    _expect(value == default, where, f"{field}.default", f"scene.py has {value!r}")


def _check_limits(entry: Mapping[str, Any], where: str, field: str) -> None:
    kind, default = entry["type"], entry["default"]
    if kind in {"number", "integer"}:
        low, high = entry.get("minimum"), entry.get("maximum")
        good = isinstance(low, int | float) and isinstance(high, int | float)
        _expect(good, where, f"{field}.minimum", "minimum and maximum are missing")
        _expect(low <= default <= high, where, f"{field}.default", "it is out of its own range")
    if kind == "quadratic":
        _check_coefficients(entry, where, field)
    if kind == "choice":
        _expect(_texts(entry.get("choices")), where, f"{field}.choices", "they have to be texts")
        _expect(default in entry["choices"], where, f"{field}.default", "it is none of the choices")
    if kind == "colour":
        _expect(bool(_HEX.fullmatch(default)), where, f"{field}.default", "it has to be #rrggbb")


def _check_coefficients(entry: Mapping[str, Any], where: str, field: str) -> None:
    least, most = (_three_numbers(entry.get(name), where, f"{field}.{name}") for name in ("least", "most"))
    try:
        values = [float(part) for part in entry["default"].split(",")]
    except ValueError:
        values = []
    inside = len(values) == COEFFICIENTS
    inside = inside and all(low <= value <= high for low, value, high in zip(least, values, most, strict=True))
    _expect(inside, where, f"{field}.default", "it has to be three numbers within least and most")


def _three_numbers(value: Any, where: str, field: str) -> list[float]:
    good = isinstance(value, list) and len(value) == COEFFICIENTS
    _expect(good and all(isinstance(item, int | float) for item in value), where, field, "it has to be three numbers")
    return list(value)


def _check_pattern(pattern: Any, where: str, field: str) -> None:
    if pattern is None:
        return
    good = isinstance(pattern, str) and pattern.count("{value}") == 1
    _expect(good, where, f"{field}.pattern", "it has to hold {value} once")
    try:
        re.compile(pattern.replace("{value}", "(x)"))
    except re.error as error:
        raise BadRecipe(f"{where}, {field}.pattern: {error}.") from error
