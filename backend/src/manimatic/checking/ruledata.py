"""Reads the rules' data files."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any


@functools.cache
def read_data(name: str) -> Any:
    """Return the content of a data file; it is read once and never changed."""
    return json.loads(resources.files("manimatic.checking").joinpath("data", name).read_text(encoding="utf-8"))


def read_all() -> None:
    """Read every data file of the rules, for who cannot open files later."""
    for path in resources.files("manimatic.checking").joinpath("data").iterdir():
        if path.name.endswith(".json"):
            read_data(path.name)


@functools.cache
def certain_rules() -> frozenset[str]:
    """Return the rules about sources of which nothing can be shown, wherever the finding stands."""
    return frozenset(rule["id"] for rule in read_data("catalogue.json") if rule["certain"])


def css_color(name: str) -> str | None:
    """Return the hex value of a colour of CSS, however its name is spelled: `LIGHT_GREEN`, `lightgreen`."""
    found: str | None = read_data("css_colors.json").get(name.replace("_", "").replace(" ", "").lower())
    return found
