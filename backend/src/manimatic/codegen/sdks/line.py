"""What an opened SDK gives: the model to ask, how to ask it, and what it raises."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_ai.models import Model
    from pydantic_ai.settings import ModelSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A model of one vendor, over one connection pool."""

    model: Model
    settings: ModelSettings
    list_names: Callable[[], Awaitable[frozenset[str]]]
    """Ask for the models that the vendor offers to this key."""
    errors: tuple[type[Exception], ...]
    """What the SDK raises of its own."""
