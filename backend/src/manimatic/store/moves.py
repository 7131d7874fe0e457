"""Moving jobs along the transition table, and what every move leaves behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, true, update

from manimatic.errors import Conflict, JobNotFound, LeaseLost, ManimaticError
from manimatic.jobs import FINAL_STATES, TRANSITIONS, Event, Failure, Job, JobState
from manimatic.ports import Claim
from manimatic.store import outbox, usage
from manimatic.store.rows import clean, job_of
from manimatic.store.schema import events, jobs, not_doomed


def locked(connection: Connection, job_id: str, *, doomed_too: bool = False) -> RowMapping:
    """Return the job's row, which nobody else changes until the transaction ends. Raises JobNotFound."""
    wanted = true() if doomed_too else not_doomed()
    mine = select(jobs).where(jobs.c.id == job_id, wanted).with_for_update()
    row = connection.execute(mine).mappings().one_or_none()
    if row is None:
        raise JobNotFound(f"No job has the id {job_id!r}.")
    return row


def held(connection: Connection, claim: Claim) -> RowMapping:
    """Return the locked row of a job that the claim still holds. Raises LeaseLost."""
    mine = select(jobs).where(*holds(claim)).with_for_update()
    row = connection.execute(mine).mappings().one_or_none()
    if row is None:
        raise LeaseLost
    return row


def holds(claim: Claim) -> tuple[Any, ...]:
    """Return the conditions under which a claim holds its job: nobody has claimed, reaped or ended it since.

    A lease that ran out unnoticed still holds; what counts is that nobody took it.
    """
    return (jobs.c.id == claim.job.id, jobs.c.fence == claim.fence, jobs.c.owner == claim.owner)


def check_arrow(row: RowMapping, to: JobState) -> None:
    """Raise Conflict where the transition table does not lead from the row's state to `to`."""
    if to not in TRANSITIONS[JobState(row["state"])]:
        raise Conflict(f"A job that is {row['state']} cannot become {to.value}.")


def move(
    connection: Connection,
    row: RowMapping,
    to: JobState,
    now: float,
    *,
    changes: Mapping[str, Any] | None = None,
    handed_back: bool = False,
) -> Job:
    """Move a locked row to another state: fields, timings, lease and events, all in the open transaction.

    A final state appends an `end` event after the `state` event. The final states and `queued` end the lease.
    """
    values = {**(changes or {}), "state": to.value, "state_since": now, "updated_at": now}
    values["timings"] = _timings(row, now)
    if row["state"] == JobState.RENDERING.value:
        usage.charge(connection, row["api_key"], now, render_s=max(0.0, now - row["state_since"]))
    if to in FINAL_STATES:
        values |= {"ended_at": now, "owner": None, "lease_until": None}
    elif to is JobState.QUEUED:
        values |= {"ended_at": None, "owner": None, "lease_until": None, "progress": {}}
    told: list[tuple[str, Mapping[str, Any]]] = [("state", _state_data(to, handed_back))]
    if to in FINAL_STATES:
        told.append(("end", _end_data(row, values)))
    values["last_event"] = row["last_event"] + len(told)
    change = update(jobs).where(jobs.c.seq == row["seq"]).values(values).returning(jobs)
    moved = connection.execute(change).mappings().one()
    append(connection, row["id"], row["last_event"], told, now)
    outbox.put_down(connection, row, values, now)
    return job_of(moved)


def append(
    connection: Connection, job_id: str, after: int, told: Sequence[tuple[str, Mapping[str, Any]]], now: float
) -> list[Event]:
    """Insert events numbered from `after` + 1; the caller has raised `last_event` of the locked row."""
    made = [
        Event(job_id=job_id, number=number, at=now, kind=kind, data=clean(data))
        for number, (kind, data) in enumerate(told, start=after + 1)
    ]
    rows = [{"job_id": e.job_id, "number": e.number, "at": e.at, "kind": e.kind, "data": e.data} for e in made]
    connection.execute(insert(events), rows)
    return made


def failure_of(error: type[ManimaticError], stage: str) -> dict[str, Any]:
    """Return the `failure` column for a job that the store itself ends."""
    message = (error.__doc__ or "").splitlines()[0]
    failure = Failure(code=error.code, message=message, hint=error.hint, retryable=error.retryable, stage=stage)
    column: dict[str, Any] = clean(failure)
    return column


def _timings(row: RowMapping, now: float) -> dict[str, float]:
    """Add the seconds spent in the state that is left; time spent in a final state is nobody's."""
    state: str = row["state"]
    timings: dict[str, float] = dict(row["timings"])
    if JobState(state) not in FINAL_STATES:
        timings[state] = timings.get(state, 0.0) + max(0.0, now - row["state_since"])
    return timings


def _state_data(to: JobState, handed_back: bool) -> dict[str, Any]:
    return {"state": to.value} | ({"handed_back": True} if handed_back else {})


def _end_data(row: RowMapping, values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values.get(name, row[name]) for name in ("state", "failure", "partial")}
