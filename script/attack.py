"""Attack the sandbox: every row of tests/attacks/rows.toml on each backend, judged on the host.

    script/attack [BACKEND…] [--rows A1,C41] [--class E] [--json] [--no-crowd] [--write]

Prints a table of rows and backends and what failed; the exit status is 1 where a cell is not as expected. The first
twelve attacks also run four at once. ``--write`` keeps the cells in tests/attacks/results.json, with the commit, and
writes the table of SECURITY.md anew. Takes some minutes for each backend.
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT / "tests")

from attacks import report  # noqa: E402
from attacks.backends import BACKENDS, Backend  # noqa: E402
from attacks.cells import Cell  # noqa: E402
from attacks.client import SessionLost, attacker  # noqa: E402
from attacks.registry import CLASSES, Registry, Row, load  # noqa: E402


def main(arguments: list[str]) -> int:
    """Run what was asked for."""
    wanted, registry = parsed(arguments), load()
    cells: list[Cell] = []
    for found in chosen(wanted.backends):
        backend, crowd = dataclasses.replace(found, pooled=wanted.pool), wanted.crowd and not wanted.pool
        for cell in attacked(backend, registry, rows_of(wanted, registry), crowd=crowd):
            cells.append(cell)
            say(cell)
    if wanted.json:
        print(report.as_json(cells))
    else:
        print(report.text_table(registry, cells))
    if wanted.write:
        report.keep(cells, head())
        subprocess.run([sys.executable, str(ROOT / "script/docs.py")], check=True)
    return 0 if cells and all(cell.ok for cell in cells) else 1


def parsed(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="script/attack", description="Attack the sandbox.")
    parser.add_argument("backends", nargs="*", metavar="BACKEND", help=", ".join(BACKENDS))
    parser.add_argument("--rows", default="", help="only these, by commas")
    parser.add_argument("--class", dest="group", choices=sorted(CLASSES), help="only this class")
    parser.add_argument("--json", action="store_true", help="cells as JSON instead of a table")
    parser.add_argument("--pool", action="store_true", help="each run gets a worker that waited; nothing four at once")
    parser.add_argument("--no-crowd", dest="crowd", action="store_false", help="nothing four at once")
    parser.add_argument("--write", action="store_true", help="keep the cells and write the table of SECURITY.md")
    found = parser.parse_args(arguments)
    if unknown := set(found.backends) - BACKENDS.keys():
        parser.error(f"no such backend: {', '.join(sorted(unknown))}; there are {', '.join(BACKENDS)}")
    return found


def chosen(names: list[str]) -> Iterator[Backend]:
    """Yield the backends that were named, else all that this machine has; why one is passed over is said."""
    for backend in BACKENDS.values():
        if names and backend.name not in names:
            continue
        lack = backend.lacks()
        if lack is None:
            yield backend
        elif names:
            raise SystemExit(f"{backend.name}: {lack}")
        else:
            print(f"{backend.name}: passed over: {lack}", file=sys.stderr)


def rows_of(wanted: argparse.Namespace, registry: Registry) -> list[Row]:
    """Return the rows that were asked for."""
    names = set(filter(None, wanted.rows.split(",")))
    if unknown := names - registry.rows.keys():
        raise SystemExit(f"no such row: {', '.join(sorted(unknown))}")
    rows = [row for row in registry.rows.values() if not names or row.id in names]
    return [row for row in rows if wanted.group in (None, row.group)]


def attacked(backend: Backend, registry: Registry, rows: list[Row], *, crowd: bool) -> Iterator[Cell]:
    """Yield the cells of one backend; a session that is lost is a failure of its row, and the next goes on."""
    waiting = [(row, False) for row in rows] + [(row, True) for row in registry.first() if crowd and row in rows]
    while waiting:
        try:
            with attacker(backend) as session:
                while waiting:
                    row, many = waiting[0]
                    yield session.cell(row.id, crowd=many)
                    waiting.pop(0)
        except SessionLost as error:
            if not waiting:
                return
            row, many = waiting.pop(0)
            name = f"{row.id} ×4" if many else row.id
            yield Cell(row=name, backend=backend.name, outcome="FAILED", ok=False, details=(str(error),), took_s=0.0)


def say(cell: Cell) -> None:
    """Tell of a cell as soon as it is there."""
    print(f"{cell.backend:16} {cell.row:8} {cell.outcome:10} {cell.took_s:6.1f} s", file=sys.stderr, flush=True)
    for detail in cell.details:
        print(f"    {detail[:1000]}", file=sys.stderr, flush=True)


def head() -> str:
    """Return the commit that is checked out, and whether it was changed."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=no"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return commit.stdout.strip() + ("+changes" if changed.stdout.strip() else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
