"""The rows of the attack suite, read from `rows.toml` and checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from manimatic.verdicts import Verdict

HERE = Path(__file__).parent
ROWS = HERE / "rows.toml"
EXPECTATIONS = ("blocked", "limited", "contained", "rejected", "works")
CLASSES = {
    "A": "memory, CPU, processes, descriptors",
    "B": "time limits and undead processes",
    "C": "files",
    "D": "network",
    "E": "namespaces, privileges, the kernel's surface",
    "F": "lies to the supervisor: output, artefacts, protocol, source",
    "G": "from run to run",
    "H": "Manim and TeX",
}
FIRST = 12
"""So many of the first attacks also run four at once."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """One scene in one sandbox, which may serve several rows."""

    name: str
    scene: str
    params: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    verdicts: tuple[str, ...]
    but: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Other verdicts, by backend or family of backends."""
    watched: bool = False
    """The host notes the rights of the run's processes while they live."""


@dataclass(frozen=True, kw_only=True)
class Weaker:
    """What a backend cannot hold of a row, and what it holds instead."""

    reason: str
    missing: str = ""
    """Under which name the backend's own report names the loss."""
    errnos: tuple[str, ...] = ()
    """Refusals that count besides the usual ones."""
    excused: tuple[str, ...] = ()
    """Probes that may end otherwise."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One attack: what is tried, where, and what has to come of it."""

    id: str
    text: str
    expect: str
    runs: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    """Probes that have to succeed: what is allowed and harmless, or proof that the attack was made."""
    errnos: tuple[str, ...] = ()
    """The only refusals that count; without them the usual ones."""
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Refusals that count besides, by backend, where that is no loss."""
    checks: tuple[str, ...] = ()
    """Further questions to the host, by name: see `checks.py`."""
    host: str = ""
    """A case on the host's side, by name: see `host_cases.py`."""
    machines: tuple[str, ...] = ()
    """Processor architectures that the row is about; without them all."""
    weaker: Mapping[str, Weaker] = field(default_factory=dict)

    @property
    def group(self) -> str:
        """Return the class's letter."""
        return self.id[0]

    @property
    def is_control(self) -> bool:
        """Tell whether this is the harmless twin of a class, which has to work."""
        return self.expect == "works"


@dataclass(frozen=True, kw_only=True)
class Registry:
    """All rows and the runs that they need."""

    rows: Mapping[str, Row]
    runs: Mapping[str, Run]

    def first(self) -> list[Row]:
        """Return the attacks that also run four at once."""
        attacks = [row for row in self.rows.values() if not row.is_control]
        return [row for row in attacks[:FIRST] if row.runs]


def load(path: Path = ROWS) -> Registry:
    """Read and check the registry.

    Raises:
        ValueError: A row or run contradicts itself or names what is not there.
    """
    raw = tomllib.loads(path.read_text("utf-8"))
    runs = {name: _run(name, body) for name, body in raw["runs"].items()}
    rows = [_row(body) for body in raw["rows"]]
    if len({row.id for row in rows}) < len(rows):
        raise ValueError("a row stands twice")
    for row in rows:
        _check(row, runs)
    return Registry(rows={row.id: row for row in rows}, runs=runs)


def for_backend(found: Mapping[str, Any], backend: str) -> Any:
    """Return what a table says of a backend: of itself, else of its family (`landlock` for `landlock-user`)."""
    return found.get(backend) or found.get(backend.partition("-")[0])


def _run(name: str, body: dict[str, Any]) -> Run:
    but = {backend: tuple(verdicts) for backend, verdicts in body.pop("but", {}).items()}
    run = Run(
        name=name, verdicts=tuple(body.pop("verdicts")), but=but, scene=body.pop("scene", f"hostile_{name}"), **body
    )
    for verdict in (*run.verdicts, *(one for verdicts in but.values() for one in verdicts)):
        Verdict(verdict)
    return run


def _row(body: dict[str, Any]) -> Row:
    weaker = {name: Weaker(**_tuples(one)) for name, one in body.pop("weaker", {}).items()}
    return Row(weaker=weaker, **_tuples(body))


def _tuples(body: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in body.items()}


def _check(row: Row, runs: Mapping[str, Run]) -> None:
    if row.expect not in EXPECTATIONS or row.group not in CLASSES:
        raise ValueError(f"{row.id}: unknown class or expectation")
    if not (row.runs or row.host):
        raise ValueError(f"{row.id}: nothing is tried")
    if unknown := set(row.runs) - runs.keys():
        raise ValueError(f"{row.id}: no such run {sorted(unknown)}")
