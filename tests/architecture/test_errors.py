"""Every error says what it is, in the same ways."""

from __future__ import annotations

import importlib
import re

import pytest
from manimatic import errors
from manimatic.errors import ManimaticError
from source_tree import module_names

TREE_LINE = re.compile(r"^    (?P<indent>[ │├└─]*)(?P<name>[A-Z]\w+)\s{2,}(?P<code>\w+|\(.+\))$", re.MULTILINE)


def classes(kind: type[ManimaticError] = ManimaticError) -> list[type[ManimaticError]]:
    """Return an error class and all below it, in the order of their definition."""
    return [kind, *(found for child in kind.__subclasses__() for found in classes(child))]


def everywhere() -> list[type[ManimaticError]]:
    """Return the error classes of all modules."""
    for name in module_names():
        if name.startswith("manimatic.") and ".migrations" not in name:
            importlib.import_module(name)
    return classes()


OWN = [kind for kind in classes() if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", OWN, ids=lambda kind: kind.__name__)
def test_every_error_is_complete(kind: type[ManimaticError]) -> None:
    """It has a message of its own, a hint, a code, an HTTP status and an exit code."""
    assert (kind.__doc__ or "").splitlines()[0].endswith(".")
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", kind.code)
    assert kind.hint
    assert 400 <= kind.http_status <= 599
    assert 1 <= kind.exit_code <= 125


def test_codes_are_unique() -> None:
    """A code names one class; a subclass elsewhere has its own, or shares its parent's."""
    assert len({kind.code for kind in OWN}) == len(OWN)
    own = {kind.code for kind in OWN}
    for kind in everywhere():
        if kind not in OWN and not kind.__name__.startswith("_"):
            parent = kind.__mro__[1]
            assert kind.code not in own or kind.code == getattr(parent, "code", None), kind


def test_tree_in_the_docstring_is_complete() -> None:
    """The drawing at the top of errors.py has every class with its code, in order, below its parent."""
    drawn = [(found["name"], found["code"]) for found in TREE_LINE.finditer(errors.__doc__ or "")]
    assert [name for name, _ in drawn] == [kind.__name__ for kind in OWN]
    for kind, (_, code) in zip(OWN, drawn, strict=True):
        assert code == kind.code or code.startswith("("), kind


def test_tree_in_the_docstring_has_the_right_depths() -> None:
    """Each class is drawn as deep as it stands."""
    for found in TREE_LINE.finditer(errors.__doc__ or ""):
        kind = getattr(errors, found["name"])
        assert len(found["indent"]) // 4 == len(kind.__mro__) - len(ManimaticError.__mro__), kind
