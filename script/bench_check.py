"""Measure the checker on a folder of scenes: `script/bench check FOLDER [--cap SECONDS] [--rehearse] [--json]`.

The truth is plain Manim in the sandbox. Scenes that a limit ends are a class of their own and count neither way. A
mend counts only where the mended scene renders, with no fewer plays and objects than the scene had. What was rendered
once is remembered by the scene's hash, so that a measure that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import ast
import collections
import json
import os
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench_truth import CORES, FPS, HEIGHT, WIDTH, Truth, Truths, open_truths
from manimatic.checking.api import ApiIndex
from manimatic.checking.process import CheckerProcess
from manimatic.diagnostics import CheckReport
from manimatic.ports import CheckOptions
from manimatic.rehearsal import Rehearse

CACHE = Path(__file__).resolve().parent.parent / "build/bench-check"
BRACKET = 1.96
"""Standard errors of a 95 % interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is known of one scene."""

    name: str
    truth: Truth
    report: CheckReport
    mended: CheckReport
    mended_truth: Truth | None
    rehearsed: Truth | None
    check_ms: float
    keeps_all: bool
    """Whether the mended scene asks for no fewer plays and objects than the scene."""

    @property
    def is_flagged(self) -> bool:
        """Tell whether the static checker found an error."""
        return not self.report.ok

    @property
    def is_flagged_at_all(self) -> bool:
        """Tell whether the static checker or the rehearsal found an error."""
        return self.is_flagged or (self.rehearsed is not None and self.rehearsed.outcome == "failed")

    @property
    def is_too_slow(self) -> bool:
        """Tell whether the rehearsal was stopped because rendering would take too long."""
        return self.rehearsed is not None and self.rehearsed.outcome == "limit"

    @property
    def is_mended(self) -> bool:
        """Tell whether the fixes alone made the scene render, with all that it shows."""
        after = self.mended_truth
        return after is not None and after.outcome == "ok" and self.keeps_all and not self.is_poorer

    @property
    def is_poorer(self) -> bool:
        """Tell whether the mended scene plays less than the scene did, as far as that came."""
        after = self.mended_truth
        return after is not None and (after.outcome == "failed" or after.animations < self.truth.animations)


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="script/bench check", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="every .py file below it is a scene; equal ones count once")
    parser.add_argument("--cap", type=float, default=20.0, help="seconds that a render may take")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where outcomes are remembered")
    parser.add_argument("--rehearse", action="store_true", help="rehearse each scene, too")
    parser.add_argument("--json", action="store_true", help="print one JSON object per scene and no summary")
    options = parser.parse_args(arguments)
    os.nice(5)
    rows: list[Row] = []
    with open_truths(options.cache, options.cap) as truths, CheckerProcess() as checker:
        try:
            for row in measured(scenes(options.folder), truths, checker, rehearse=options.rehearse):
                rows.append(row)
                print(json.dumps(as_dict(row)) if options.json else line(row), flush=True)
        except KeyboardInterrupt:
            print("stopped; the same command goes on from here", flush=True)
    if not options.json:
        print(summary(rows, options.cap, rehearsed=options.rehearse))
    return 0


def scenes(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield name and source of each scene below a folder, equal ones once."""
    seen = set()
    for path in sorted(folder.rglob("*.py")):
        code = path.read_bytes().decode("utf-8-sig", errors="replace")
        if code not in seen:
            seen.add(code)
            yield str(path.relative_to(folder)), code


def measured(
    found: Iterable[tuple[str, str]], truths: Truths, checker: CheckerProcess, *, rehearse: bool
) -> Iterator[Row]:
    """Check, mend and render each scene."""
    index = ApiIndex.load()
    checker.check("x = 1", CheckOptions())
    for name, code in found:
        started = time.perf_counter()
        report = checker.check(code, CheckOptions())
        check_ms = 1000 * (time.perf_counter() - started)
        mended = checker.check(code, CheckOptions(fix=True))
        truth = truths.of(code)
        worth = mended.applied and truth.outcome != "limit" and (mended.ok or truth.outcome == "ok")
        yield Row(
            name=name,
            truth=truth,
            report=report,
            mended=mended,
            mended_truth=truths.of(mended.code) if worth else None,
            rehearsed=truths.of(code, Rehearse.ONLY) if rehearse else None,
            check_ms=check_ms,
            keeps_all=counted(mended.code, index) >= counted(code, index),
        )


def counted(code: str, index: ApiIndex) -> int:
    """Return how many plays, waits and objects of Manim's a source asks for; 0 where it is no Python."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 0
    return sum(_asks(node, index) for node in ast.walk(tree) if isinstance(node, ast.Call))


SELF_PLAYING = frozenset(
    {"apply_matrix", "apply_inverse", "apply_transposed_matrix", "apply_nonlinear_transformation", "apply_function"}
)
"""Methods of a scene that play by themselves; a play() around one is no second play."""


def _asks(call: ast.Call, index: ApiIndex) -> bool:
    if isinstance(call.func, ast.Attribute):
        around = any(_plays_itself(part) for part in call.args)
        return _plays_itself(call) or (call.func.attr in {"play", "wait"} and not around)
    return isinstance(call.func, ast.Name) and index.has_class(call.func.id) and index.is_a(call.func.id, "Mobject")


def _plays_itself(node: ast.expr) -> bool:
    method = node.func if isinstance(node, ast.Call) else None
    return isinstance(method, ast.Attribute) and method.attr in SELF_PLAYING and ast.unparse(method.value) == "self"


# ---------------------------------------------------------------- what is printed


def line(row: Row) -> str:
    """Return one scene's line."""
    rules = collections.Counter(found.rule for found in row.report.errors)
    fixes = collections.Counter(one.rule for one in row.mended.applied)
    after = f" -> {row.mended_truth.verdict}" if row.mended_truth else ""
    parts = [f"{row.truth.kind:26}", "flagged" if row.is_flagged else "passed ", row.name]
    parts += [f"errors {dict(rules)}"] if rules else []
    parts += [f"fixes {dict(fixes)}{after}"] if fixes else []
    return "  ".join(parts)


def as_dict(row: Row) -> dict[str, object]:
    """Return one scene as JSON values."""
    return {
        "scene": row.name,
        "outcome": row.truth.outcome,
        "kind": row.truth.kind,
        "message": row.truth.message,
        "flagged": row.is_flagged,
        "flagged_with_rehearsal": row.is_flagged_at_all if row.rehearsed else None,
        "errors": [[found.rule, found.line, found.message] for found in row.report.errors],
        "fixes": [[one.rule, one.line] for one in row.mended.applied],
        "mended": row.is_mended,
        "check_ms": round(row.check_ms, 1),
    }


def summary(rows: Sequence[Row], cap_s: float, *, rehearsed: bool) -> str:
    """Return all figures."""
    failed = [row for row in rows if row.truth.outcome == "failed"]
    good = [row for row in rows if row.truth.outcome == "ok"]
    touched = [row for row in good if row.mended.applied]
    limited = len(rows) - len(good) - len(failed)
    lines = [
        f"{len(rows)} scenes: {len(good)} render, {len(failed)} fail, {limited} a limit ended",
        f"({WIDTH}x{HEIGHT} at {FPS} frames a second, {CORES:g} core, cap {cap_s:g} s of wall clock)",
        f"caught, static              {share([row.is_flagged for row in failed])}",
        f"false alarms, static        {share([row.is_flagged for row in good])}",
    ]
    if rehearsed:
        lines.append(f"caught, with rehearsal      {share([row.is_flagged_at_all for row in failed])}")
        lines.append(f"false alarms, with rehearsal {share([row.is_flagged_at_all for row in good])}")
        lines.append(f"too slow to rehearse        {share([row.is_too_slow for row in good])}")
    lines += [
        f"mended without a model      {share([row.is_mended for row in failed])}",
        f"good scenes changed         {share([bool(row.mended.applied) for row in good])}",
        f"of these broken or poorer   {share([row.is_poorer or not row.keeps_all for row in touched])}",
        f"time of a check             {spread([row.check_ms for row in rows])}",
        "",
        "class                       scenes  caught  mended",
        *by_class(failed),
    ]
    return "\n".join(["", *lines])


def by_class(failed: Sequence[Row]) -> list[str]:
    """Return a line for each class of errors, the commonest first."""
    kinds = collections.Counter(row.truth.kind for row in failed)
    return [
        f"{kind:26} {count:7} {sum(row.is_flagged for row in failed if row.truth.kind == kind):7}"
        f" {sum(row.is_mended for row in failed if row.truth.kind == kind):7}"
        for kind, count in kinds.most_common()
    ]


def share(hits: Sequence[bool]) -> str:
    """Return a share with its 95 % interval (Wilson's)."""
    count, total = sum(hits), len(hits)
    if not total:
        return "none"
    rate, square = count / total, BRACKET**2
    middle = (rate + square / (2 * total)) / (1 + square / total)
    half = BRACKET * ((rate * (1 - rate) + square / (4 * total)) / total) ** 0.5 / (1 + square / total)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return f"{100 * rate:5.1f} %  ({count} of {total}; {100 * low:.0f} to {100 * high:.0f} %)"


def spread(times_ms: Sequence[float]) -> str:
    """Return the median and the greatest of some times."""
    return f"{statistics.median(times_ms):.0f} ms, at most {max(times_ms):.0f} ms" if times_ms else "none"
