"""The job store on a SQL database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from manimatic.jobs import Attempt, Event, Job, JobState, NewJob, RequestKey, Submitted
from manimatic.ports import Claim, Page, QueueDepth, ServiceReport
from manimatic.settings import MAX_LEASE_S
from manimatic.store import queueing, reading, upkeep
from manimatic.store.database import Database, began_at
from manimatic.store.keys import SqlKeyStore
from manimatic.store.webhooks import SqlWebhookStore


class SqlJobStore:
    """A `JobStore` whose every method is one transaction.

    Open it with `open_store`, once in each process; threads share it. A claim holds until somebody else claims,
    reaps, cancels or ends the job: a late heartbeat revives a lease that nobody took. When cancelling was asked for
    and the work is done all the same, the holder may still end the job as `complete`.
    """

    def __init__(self, database: Database, clock: Callable[[], float] | None = None) -> None:
        self._database = database
        self._clock = clock

    def close(self) -> None:
        """Close the connections."""
        self._database.close()

    def submit(self, new: NewJob, *, max_queued: int) -> Job:
        """Insert a queued job. Raises QueueFull where `max_queued` jobs are waiting, and QuotaExceeded."""
        with self._database.write() as connection:
            return queueing.submit(connection, new, max_queued, self._now(connection))

    def submit_once(self, new: NewJob, once: RequestKey, *, max_queued: int) -> Submitted:
        """Insert a queued job, or return the one that the account has submitted with this key in the last 24 hours.

        Raises:
            RequestKeyReused: The key came with another request.
            QueueFull: `max_queued` jobs are waiting.
            QuotaExceeded: The API key has used what it may.
        """
        with self._database.write() as connection:
            return queueing.submit_once(connection, new, once, max_queued, self._now(connection))

    def get(self, job_id: str) -> Job:
        """Return the job. Raises JobNotFound."""
        with self._database.read() as connection:
            return reading.get(connection, job_id)

    def list_jobs(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        state: JobState | None = None,
        account: str | None = None,
        lineage: str | None = None,
    ) -> Page:
        """Return jobs, newest first, at most 500. Raises InvalidInput for a cursor that was not handed out here."""
        with self._database.read() as connection:
            return reading.list_jobs(connection, limit, cursor, state, account, lineage)

    def queue_position(self, job_id: str) -> int | None:
        """Return how many jobs run before this one, plus one; None when it is not queued. Raises JobNotFound."""
        with self._database.read() as connection:
            return reading.queue_position(connection, job_id, self._now(connection))

    def claim(self, owner: str, *, lease_s: float, max_tries: int, job_id: str | None = None) -> Claim | None:
        """Take the next job that waits, is not past its deadline and has a try left; else return None.

        Accounts take turns: next is the oldest job of the account with the fewest running jobs, and of several such of
        the one that was served longest ago.
        """
        with self._database.write() as connection:
            return queueing.claim(connection, owner, lease_s, max_tries, job_id, self._now(connection))

    def heartbeat(self, claim: Claim, *, lease_s: float) -> bool:
        """Prolong the lease; return whether cancelling was asked for. Raises LeaseLost."""
        with self._database.write() as connection:
            return queueing.heartbeat(connection, claim, lease_s, self._now(connection))

    def advance(self, claim: Claim, to: JobState, **changes: Any) -> Job:
        """Move the claimed job to another state, with changes to other fields of `Job`, in one step.

        The store adds the seconds spent in the state that is left to `timings` and appends a `state` event; a final
        state ends the lease and appends an `end` event too. `queued` hands the job back without counting the try.

        Raises:
            LeaseLost: The claim is no longer the newest, or the job has ended.
            Conflict: The transition table does not have this arrow.
            TypeError: A change names no field that a claim's holder may change.
        """
        with self._database.write() as connection:
            return queueing.advance(connection, claim, to, changes, self._now(connection))

    def update(self, claim: Claim, **changes: Any) -> Job:
        """Change fields of the claimed job without changing its state. Raises LeaseLost."""
        with self._database.write() as connection:
            return queueing.change(connection, claim, changes, self._now(connection))

    def record_attempt(
        self, claim: Claim, attempt: Attempt, *, told: Sequence[tuple[str, Mapping[str, Any]]] = ()
    ) -> None:
        """Insert the attempt, or replace the one with the same number, and append events. Raises LeaseLost."""
        with self._database.write() as connection:
            queueing.record_attempt(connection, claim, attempt, told, self._now(connection))

    def attempts(self, job_id: str) -> Sequence[Attempt]:
        """Return the job's attempts, first to last; none for a job that is not there."""
        with self._database.read() as connection:
            return reading.attempts_of(connection, job_id)

    def add_event(self, claim: Claim, kind: str, data: Mapping[str, Any]) -> Event:
        """Append a numbered event. Raises LeaseLost, so nothing follows the `end` event."""
        return self.add_events(claim, [(kind, data)])[0]

    def add_events(
        self, claim: Claim, told: Sequence[tuple[str, Mapping[str, Any]]], **changes: Any
    ) -> Sequence[Event]:
        """Append events, each with its kind, and change fields, all or nothing. Raises LeaseLost."""
        with self._database.write() as connection:
            return queueing.add_events(connection, claim, told, changes, self._now(connection))

    def events(self, job_id: str, *, after: int = 0, limit: int = 1000) -> Sequence[Event]:
        """Return the events with a number above `after`, in order, at most 1000."""
        with self._database.read() as connection:
            return reading.events_of(connection, job_id, after, limit)

    def request_cancel(self, job_id: str) -> Job:
        """Cancel a queued job at once and ask a running one to stop; a final job stays. Raises JobNotFound."""
        with self._database.write() as connection:
            return upkeep.request_cancel(connection, job_id, self._now(connection))

    def requeue_held(self, job_id: str) -> Job:
        """Put a job that failed as `storage_error` back in the queue, without its deadline.

        Raises:
            JobNotFound: No job has this id.
            Conflict: The job holds no video that waits to be stored.
        """
        with self._database.write() as connection:
            return upkeep.requeue_held(connection, job_id, self._now(connection))

    def share(self, job_id: str, token: str | None) -> Job:
        """Share a complete job under this token, or no more with None; see the port. Raises JobNotFound, Conflict."""
        with self._database.write() as connection:
            return upkeep.share(connection, job_id, token, self._now(connection))

    def shared(self, token: str) -> Job:
        """Return the job that is shared under this token. Raises JobNotFound."""
        with self._database.read() as connection:
            return reading.shared(connection, token)

    def delete(self, job_id: str) -> Job:
        """Remove a final job and return what it was. Raises JobNotFound, Conflict while it runs."""
        with self._database.write() as connection:
            return upkeep.remove(connection, job_id)

    def doom(self, job_id: str) -> Job:
        """Hide a complete job at once; `expired_videos` then has it, `Job.is_doomed`, until it is deleted.

        Raises:
            JobNotFound: There is no such job.
            Conflict: It is not complete, or holds no stored video.
        """
        with self._database.write() as connection:
            return upkeep.doom(connection, job_id, self._now(connection))

    def reap(self, *, max_tries: int, longest_lease_s: float = MAX_LEASE_S) -> Sequence[Job]:
        """Settle the jobs that nobody holds and return those that changed.

        What was asked to stop is cancelled; what is past its deadline expires; what a dead dispatcher held goes back
        to the queue, or fails as `worker_lost` when it has been tried `max_tries` times. A lease that ends later than
        `longest_lease_s` from now was given before the clock was set back, and is cut to that.
        """
        changed: list[Job] = []
        with self._database.write() as connection:
            upkeep.cut_leases(connection, self._now(connection) + longest_lease_s)
        while True:
            with self._database.write() as connection:
                batch = upkeep.reap(connection, max_tries, self._now(connection))
            changed += batch
            if len(batch) < upkeep.REAP_BATCH:
                return changed

    def expired_videos(self, limit: int = 100) -> Sequence[Job]:
        """Return complete jobs whose video's retention has ended and that still hold a video."""
        with self._database.read() as connection:
            return upkeep.expired_videos(connection, limit, self._now(connection))

    def drop_ended(self, *, older_than_s: float, limit: int = 100) -> Sequence[Job]:
        """Remove final jobs that ended so long ago and hold no stored video, at most `limit`; return them."""
        with self._database.write() as connection:
            return upkeep.drop_ended(connection, self._now(connection) - older_than_s, limit)

    def forget_video(self, job_id: str) -> None:
        """Note that the job's video is gone; harmless when the job is gone too."""
        with self._database.write() as connection:
            upkeep.forget_video(connection, job_id, self._now(connection))

    def report(self, report: ServiceReport) -> None:
        """Keep the newest report of a service."""
        with self._database.write() as connection:
            reading.keep_report(connection, report, self._now(connection))

    def reports(self, *, within_s: float) -> Sequence[ServiceReport]:
        """Return the reports of services seen lately, by name."""
        with self._database.read() as connection:
            return reading.reports(connection, within_s, self._now(connection))

    def waiting(self, *, older_than_s: float, limit: int = 1000) -> Sequence[str]:
        """Return the ids of jobs that have been queued for so long and that nobody has taken, oldest first."""
        with self._database.read() as connection:
            return reading.waiting(connection, older_than_s, limit, self._now(connection))

    def depth(self) -> QueueDepth:
        """Return how much is waiting."""
        with self._database.read() as connection:
            return reading.depth(connection, self._now(connection))

    def ping(self) -> None:
        """Do nothing, over the real connection."""
        with self._database.read() as connection:
            connection.execute(select(1))

    def _now(self, connection: Connection) -> float:
        return began_at(connection) if self._clock is None else self._clock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """All that is kept in one database."""

    jobs: SqlJobStore
    keys: SqlKeyStore
    webhooks: SqlWebhookStore


def open_store(url: str, *, clock: Callable[[], float] | None = None) -> SqlJobStore:
    """Open a job store alone, as `open_stores` does. Raises SettingsError, StoreError."""
    return open_stores(url, clock=clock).jobs


def open_stores(url: str, *, clock: Callable[[], float] | None = None) -> Stores:
    """Open a database, bringing its tables up to date first; closing the job store closes it.

    Processes that open the same database together wait for one another. `sqlite://` lives in memory, in this process
    only: it is the store to use in tests.

    Args:
        url: `sqlite:////path/to/file`, `sqlite://`, or `postgresql://…`.
        clock: Tells the time in seconds since the epoch; None: this machine for SQLite, the server for Postgres.

    Raises:
        SettingsError: The address is not usable.
        StoreError: The database cannot be used; the message names it and the hint says what to do.
    """
    database = Database(url)
    database.upgrade()
    shared = clock or database.now
    return Stores(
        jobs=SqlJobStore(database, clock),
        keys=SqlKeyStore(database, shared),
        webhooks=SqlWebhookStore(database, shared),
    )
