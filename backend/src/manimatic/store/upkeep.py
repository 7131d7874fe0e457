"""What happens to jobs that nobody holds: cancelling, reaping, storing again, deleting."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, not_, or_, select, update

from manimatic.errors import Conflict, JobCancelled, JobExpired, StorageError, WorkerLost
from manimatic.jobs import DOOMED, FINAL_STATES, RUNNING_STATES, Job, JobState
from manimatic.store import moves
from manimatic.store.queueing import no_live_lease
from manimatic.store.rows import job_of
from manimatic.store.schema import jobs

REAP_BATCH = 100
"""Jobs that one transaction of `reap` changes at most, so that dispatchers get their turn in between."""


def request_cancel(connection: Connection, job_id: str, now: float) -> Job:
    """Cancel a job that waits; ask the holder of any other that is not final. Raises JobNotFound."""
    row = moves.locked(connection, job_id)
    state = JobState(row["state"])
    if state in FINAL_STATES:
        return job_of(row)
    if state is JobState.QUEUED and not _has_live_lease(row, now):
        return _end(connection, row, JobState.CANCELLED, now)
    ask = update(jobs).where(jobs.c.seq == row["seq"]).values(cancel_requested=True, updated_at=now)
    return job_of(connection.execute(ask.returning(jobs)).mappings().one())


def reap(connection: Connection, max_tries: int, now: float) -> list[Job]:
    """Settle up to `REAP_BATCH` jobs that nobody holds and that cannot stay as they are."""
    rows = connection.execute(
        select(jobs)
        .where(jobs.c.state.in_([state.value for state in JobState if state not in FINAL_STATES]))
        .where(no_live_lease(now))
        .where(
            or_(
                jobs.c.state.in_([state.value for state in RUNNING_STATES]),
                jobs.c.lease_until.is_not(None),
                jobs.c.cancel_requested.is_(True),
                jobs.c.deadline_at <= now,
                jobs.c.tries >= max_tries,
            )
        )
        .order_by(jobs.c.seq)
        .limit(REAP_BATCH)
        .with_for_update(skip_locked=True)
    )
    return [_settle(connection, row, max_tries, now) for row in rows.mappings().all()]


def cut_leases(connection: Connection, latest: float) -> None:
    """Let no lease end later; its holder, where it lives, prolongs it as ever."""
    connection.execute(update(jobs).where(jobs.c.lease_until > latest).values(lease_until=latest))


def requeue_held(connection: Connection, job_id: str, now: float) -> Job:
    """Queue a failed job whose video is kept, with all its tries and no deadline. Raises JobNotFound, Conflict."""
    row = moves.locked(connection, job_id)
    code = (row["failure"] or {}).get("code")
    if row["state"] != JobState.FAILED.value or code != StorageError.code or not row["held_video"]:
        raise Conflict(f"Job {job_id} holds no video that waits to be stored.")
    changes: dict[str, Any] = {"failure": None, "tries": 0, "cancel_requested": False, "deadline_at": None}
    return moves.move(connection, row, JobState.QUEUED, now, changes=changes)


def share(connection: Connection, job_id: str, token: str | None, now: float) -> Job:
    """Share the job under this token, unless it is shared already, or no more. Raises JobNotFound, Conflict."""
    row = moves.locked(connection, job_id)
    if token is not None and row["share_token"]:
        return job_of(row)
    if token is not None and (row["state"] != JobState.COMPLETE.value or not row["video"]):
        raise Conflict(f"Job {job_id} has no video that could be shared.")
    change = update(jobs).where(jobs.c.seq == row["seq"]).values(share_token=token, updated_at=now).returning(jobs)
    return job_of(connection.execute(change).mappings().one())


def remove(connection: Connection, job_id: str) -> Job:
    """Delete a final job with its events and attempts. Raises JobNotFound, Conflict."""
    row = moves.locked(connection, job_id, doomed_too=True)
    if JobState(row["state"]) not in FINAL_STATES:
        raise Conflict(f"Job {job_id} is {row['state']}; cancel it first.")
    connection.execute(delete(jobs).where(jobs.c.seq == row["seq"]))
    return job_of(row)


def doom(connection: Connection, job_id: str, now: float) -> Job:
    """Hide a complete job until its video is removed and it is deleted. Raises JobNotFound, Conflict."""
    row = moves.locked(connection, job_id)
    if row["state"] != JobState.COMPLETE.value or not row["video"]:
        raise Conflict(f"Job {job_id} holds no stored video.")
    values = {"video": {**row["video"], "expires_at": DOOMED}, "video_expires_at": DOOMED, "updated_at": now}
    change = update(jobs).where(jobs.c.seq == row["seq"]).values(values).returning(jobs)
    return job_of(connection.execute(change).mappings().one())


def expired_videos(connection: Connection, limit: int, now: float) -> list[Job]:
    """Return complete jobs whose video's time is over, the longest over first."""
    over = and_(jobs.c.state == JobState.COMPLETE.value, jobs.c.video_expires_at <= now)
    rows = connection.execute(select(jobs).where(over).order_by(jobs.c.video_expires_at).limit(limit))
    return [job_of(row) for row in rows.mappings()]


def drop_ended(connection: Connection, ended_before: float, limit: int) -> list[Job]:
    """Delete final jobs without a stored video that ended before, with their events and attempts."""
    over = and_(jobs.c.state.in_([state.value for state in FINAL_STATES]), jobs.c.ended_at < ended_before)
    stored = and_(jobs.c.state == JobState.COMPLETE.value, jobs.c.video.is_not(None))
    oldest = select(jobs.c.seq).where(over, not_(stored)).order_by(jobs.c.seq).limit(limit)
    rows = connection.execute(delete(jobs).where(jobs.c.seq.in_(oldest)).returning(jobs))
    return [job_of(row) for row in rows.mappings()]


def forget_video(connection: Connection, job_id: str, now: float) -> None:
    """Note that the video is gone; a job that is gone as well is no error."""
    gone = {"video": None, "video_expires_at": None, "updated_at": now}
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(gone))


def _settle(connection: Connection, row: RowMapping, max_tries: int, now: float) -> Job:
    if row["cancel_requested"]:
        return _end(connection, row, JobState.CANCELLED, now)
    if row["deadline_at"] is not None and row["deadline_at"] <= now:
        return _end(connection, row, JobState.EXPIRED, now)
    if row["tries"] >= max_tries:
        return _end(connection, row, JobState.FAILED, now)
    return moves.move(connection, row, JobState.QUEUED, now, handed_back=True)


def _end(connection: Connection, row: RowMapping, to: JobState, now: float) -> Job:
    errors = {JobState.CANCELLED: JobCancelled, JobState.EXPIRED: JobExpired, JobState.FAILED: WorkerLost}
    changes = {"failure": moves.failure_of(errors[to], row["state"])}
    return moves.move(connection, row, to, now, changes=changes)


def _has_live_lease(row: RowMapping, now: float) -> bool:
    return row["lease_until"] is not None and row["lease_until"] > now
