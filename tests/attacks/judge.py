"""From what the host saw to the cell of a table."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from attacks.cells import Cell
from attacks.checks import CHECKS
from attacks.registry import Row, Weaker, for_backend
from attacks.session import Observed, Session

REFUSALS = frozenset(
    [
        *(
            "EPERM",
            "EACCES",
            "ENOSYS",
            "ENOENT",
            "ESRCH",
            "EXDEV",
            "EROFS",
            "ENOTTY",
            "EOPNOTSUPP",
            "ENODATA",
            "ENODEV",
        ),
        *("EAFNOSUPPORT", "EPROTONOSUPPORT", "ENETUNREACH", "EHOSTUNREACH", "ECONNREFUSED", "EISCONN", "gaierror"),
        *(
            "EMFILE",
            "EAGAIN",
            "ENOSPC",
            "EFBIG",
            "EMSGSIZE",
            "ETOOMANYREFS",
            "ENXIO",
            "ENODEV",
            "ECHILD",
            "ENOTDIR",
            "ELOOP",
        ),
    ]
)
"""Errors that say no. Not EINVAL or EFAULT: with them the kernel has taken the call and only disliked its arguments."""

CROWD = 4
"""So many runs at once."""


def judge(session: Session, row: Row, backend: str) -> Cell:
    """Run what the row needs and decide; nothing that the guest says can make it pass on its own."""
    started = time.monotonic()
    if row.machines and os.uname().machine not in row.machines:
        return Cell(row=row.id, backend=backend, outcome="not here", ok=True, details=(), took_s=0.0)
    wrong = list(_of_runs(session, row, backend))
    weaker = for_backend(row.weaker, backend)
    outcome = "FAILED" if wrong else "weaker" if weaker else row.expect
    took_s = round(time.monotonic() - started, 2)
    return Cell(row=row.id, backend=backend, outcome=outcome, ok=not wrong, details=tuple(wrong), took_s=took_s)


def judge_crowd(session: Session, row: Row, backend: str) -> Cell:
    """Run four of each of the row's runs at once and decide: each has to end as one does alone."""
    started, wrong = time.monotonic(), []
    lanes: list[dict[str, str]] = [{} for _ in range(CROWD)]
    for name in row.runs:
        for lane, found in zip(lanes, session.crowd(name, CROWD), strict=True):
            lane |= found.told
            wrong += [*_of_verdict(found, backend), *found.broken]
    wrong += [one for lane in lanes for one in _of_probes(row, lane, backend)]
    outcome = "FAILED" if wrong else "weaker" if for_backend(row.weaker, backend) else row.expect
    took_s = round(time.monotonic() - started, 2)
    return Cell(row=f"{row.id} ×4", backend=backend, outcome=outcome, ok=not wrong, details=tuple(wrong), took_s=took_s)


def _of_runs(session: Session, row: Row, backend: str) -> Iterator[str]:
    told: dict[str, str] = {}
    for name in row.runs:
        found = session.observe(name, row.group)
        told |= found.told
        yield from _of_verdict(found, backend)
        yield from (f"{name}: {one}" for one in found.broken)
        for check in row.checks:
            yield from (f"{name}: {one}" for one in CHECKS[check](session, found))
    yield from _of_probes(row, told, backend)


def _of_verdict(found: Observed, backend: str) -> Iterator[str]:
    wanted = for_backend(found.run.but, backend) or found.run.verdicts
    if found.verdict not in wanted:
        tail = " | ".join(found.text.strip().splitlines()[-6:])
        yield f"{found.run.name} ended as {found.verdict}, not {'/'.join(wanted)}: {found.message} … {tail}"


def _of_probes(row: Row, told: dict[str, str], backend: str) -> Iterator[str]:
    weaker = for_backend(row.weaker, backend) or Weaker(reason="")
    allowed = (set(row.errnos) or REFUSALS) | set(weaker.errnos) | set(for_backend(row.also, backend) or ())
    for name in sorted(set(row.probes) - set(weaker.excused)):
        outcome, _, how = told.get(name, "never tried").partition(" ")
        if outcome != "killed" and (outcome != "refused" or not set(how.split(",")) <= allowed):
            yield f"{name}: {told.get(name, 'was never tried')}"
    for name in sorted(set(row.done) - set(weaker.excused)):
        if not told.get(name, "").startswith("done"):
            yield f"{name}: {told.get(name, 'was never tried')}"
