"""A rehearsal as JSON between launcher and dispatcher, read as strictly as everything that began with a guest."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from manimatic.errors import SandboxError
from manimatic.rehearsal import LayoutFinding, LayoutObject, Rehearsal
from manimatic.sandbox.printable import printable


def rehearsal_to_dict(rehearsal: Rehearsal) -> dict[str, Any]:
    """Return the rehearsal as JSON values."""
    return dataclasses.asdict(rehearsal)


def rehearsal_from_dict(body: Mapping[str, Any]) -> Rehearsal:
    """Rebuild a rehearsal.

    Raises:
        SandboxError: A field is missing, unknown or ill-typed.
    """
    try:
        findings = tuple(_finding(item) for item in body["findings"])
        fields = {**_checked(Rehearsal, body, {"findings"}), "findings": findings}
        return Rehearsal(**fields)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SandboxError(f"The launcher's rehearsal cannot be read: {error}.") from error


def _finding(body: Mapping[str, Any]) -> LayoutFinding:
    objects = tuple(_object(item) for item in body["objects"])
    return LayoutFinding(**{**_checked(LayoutFinding, body, {"objects"}), "objects": objects})


def _object(body: Mapping[str, Any]) -> LayoutObject:
    box = body["box"]
    if box is not None:
        left, bottom, right, top = (float(side) for side in box)
        box = (left, bottom, right, top)
    return LayoutObject(**{**_checked(LayoutObject, body, {"box"}), "box": box})


def _checked(kind: type[Any], body: Mapping[str, Any], others: set[str]) -> dict[str, Any]:
    """Check the plain fields against their annotations, and make texts printable. Raises TypeError."""
    types = {field.name: str(field.type) for field in dataclasses.fields(kind)}
    if body.keys() != types.keys():
        raise TypeError(f"{kind.__name__} has other fields")
    plain = {name: value for name, value in body.items() if name not in others}
    for name, value in plain.items():
        if not isinstance(value, _TYPES[types[name]]) or (isinstance(value, bool) and types[name] != "bool"):
            raise TypeError(f"{name} is not of its type")
    return {name: printable(value) if isinstance(value, str) else value for name, value in plain.items()}


_TYPES: Mapping[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "int | None": (int, type(None)),
    "float": (int, float),
    "str": (str,),
}
