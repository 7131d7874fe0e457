"""Cells as a table: on a terminal, and in the documentation from what was kept."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attacks.cells import Cell
from attacks.registry import CLASSES, Registry, Row, load

ABOUT = " ".join(
    [
        "Each row is judged on the host: by the run's verdict, by counters, canaries and processes, and by whether",
        "the machine is afterwards as it was: no process, group, mount or file is left, no canary has changed or left",
        "the run, and a plain scene renders in its usual time (tried after every limit and crash, and once a class).",
        "What a scene prints can make a row fail and never pass. *×4*: also four at once. Numbers are kept for good.",
        "*weaker* is explained below the tables.",
    ]
)
RESULTS = Path(__file__).parent / "results.json"


def text_table(registry: Registry, cells: Iterable[Cell]) -> str:
    """Return rows and backends in columns of equal width, and a line that adds up."""
    cells = list(cells)
    backends = list(dict.fromkeys(cell.backend for cell in cells))
    found = {(cell.row, cell.backend): cell.outcome for cell in cells}
    names = list(dict.fromkeys(cell.row for cell in cells))
    lines = [f"{'row':9}" + "".join(f"{one:17}" for one in backends) + "what is tried"]
    for name in names:
        columns = "".join(f"{found.get((name, one), '-'):17}" for one in backends)
        lines.append(f"{name:9}{columns}{registry.rows[name.split()[0]].text}")
    failed = [cell for cell in cells if not cell.ok]
    return "\n".join([*lines, "", f"{len(cells)} cells, {len(failed)} not as expected"])


def keep(cells: Iterable[Cell], commit: str) -> None:
    """Write each cell, with the commit, in place of the one that was kept."""
    kept: dict[str, Any] = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    for cell in cells:
        backend = kept.setdefault(cell.backend, {})
        backend["kernel"] = os.uname().release.partition("-")[0]
        backend.setdefault("cells", {})[cell.row] = {"outcome": cell.outcome, "commit": commit}
    RESULTS.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", "utf-8")


def kept() -> Mapping[str, Any]:
    """Return what was kept, by backend."""
    found: Mapping[str, Any] = json.loads(RESULTS.read_text("utf-8"))
    return found


def markdown() -> str:
    """Return the table of the documentation: every row on every backend, and what weaker ones do not hold."""
    registry, found = load(), kept()
    backends = list(found)
    parts = [ABOUT, "", _sources(found), ""]
    for letter, what in CLASSES.items():
        rows = [row for row in registry.rows.values() if row.group == letter]
        parts += [f"**{letter}. {what[0].upper()}{what[1:]}**", "", _line(["row", "what is tried", *backends])]
        parts += [_line(["---"] * (len(backends) + 2))]
        parts += [_line([row.id, row.text, *(_cell(row, found[one]["cells"]) for one in backends)]) for row in rows]
        parts += [""]
    parts += ["Not held by every backend, and why:", "", *_weaker(registry)]
    return "\n".join(parts)


def _sources(found: Mapping[str, Any]) -> str:
    return "From " + "; ".join(_source(name, one) for name, one in found.items()) + "."


def _source(name: str, one: Mapping[str, Any]) -> str:
    commits = sorted({cell["commit"] for cell in one["cells"].values()})
    return f"`{name}` at {', '.join(f'`{commit}`' for commit in commits)} on Linux {one['kernel']}"


def _cell(row: Row, cells: Mapping[str, Any]) -> str:
    alone, many = (cells.get(name, {}).get("outcome") for name in (row.id, f"{row.id} ×4"))
    told = alone or "not run"
    return told if many is None else f"{told}, ×4" if many == alone else f"{told}; ×4 {many}"


def _weaker(registry: Registry) -> Iterable[str]:
    for row in registry.rows.values():
        for backend, weaker in row.weaker.items():
            yield f"- {row.id} on `{backend}`: {weaker.reason}"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def as_json(cells: Iterable[Cell]) -> str:
    """Return cells as JSON."""
    return json.dumps([dataclasses.asdict(cell) for cell in cells], indent=1)
