"""Text fields that take some values only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError


def one_of(allowed: Iterable[str], instead: str = "it is not one of {allowed}") -> tuple[Any, ...]:
    """Return what makes a text field take only these values."""
    names = tuple(allowed)

    def check(value: str) -> str:
        if value not in names:
            raise PydanticCustomError("one_of", instead, {"allowed": ", ".join(names)})
        return value

    return AfterValidator(check), Field(json_schema_extra={"enum": list(names)})
