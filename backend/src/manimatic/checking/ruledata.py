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
