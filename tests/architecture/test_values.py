"""Values are frozen."""

from __future__ import annotations

import dataclasses
import enum
import inspect
from types import ModuleType
from typing import Any

import pytest
from manimatic import deliveries, diagnostics, findings, jobs, keys, ports, rehearsal, verdicts
from manimatic_worker import protocol

MODULES = (jobs, deliveries, keys, verdicts, diagnostics, ports, findings, rehearsal, protocol)


def values(module: ModuleType) -> list[type[Any]]:
    """Return the classes of a module that are neither enums, interfaces nor errors."""
    return [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__
        and not issubclass(kind, (enum.Enum, Exception))
        and not getattr(kind, "_is_protocol", False)
        and kind is not protocol.Decoder
    ]


@pytest.mark.parametrize(
    "kind", [kind for module in MODULES for kind in values(module)], ids=lambda kind: kind.__name__
)
def test_values_are_frozen_slots_dataclasses(kind: type[Any]) -> None:
    """Nobody changes a value, and a value has no attribute but its fields."""
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(kind)


@pytest.mark.parametrize(
    "kind", [kind for module in MODULES[:-1] for kind in values(module)], ids=lambda kind: kind.__name__
)
def test_values_with_many_fields_are_keyword_only(kind: type[Any]) -> None:
    """More than two fields are given by name."""
    fields = dataclasses.fields(kind)
    assert len(fields) <= 2 or all(field.kw_only for field in fields)
