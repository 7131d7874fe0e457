"""Claim jobs and run them: the loop of a dispatcher.

Each running job has a keeper thread that prolongs the lease and watches for cancelling; losing the lease, the job's
own time limit and shutting down stop the job through the same `Stop`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manimatic.errors import JobNotFound, LeaseLost, ManimaticError
from manimatic.figures import count_attempts, count_ended
from manimatic.jobs import Job
from manimatic.outcomes import place_of
from manimatic.pipeline import Pipeline
from manimatic.ports import Claim, JobStore, ServiceReport, Storage, Wakeup
from manimatic.recorder import Stop
from manimatic.settings import MAX_LEASE_S
from manimatic.sweeping import discard_videos, sweep_held, sweep_work
from manimatic.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often things are done, in seconds, and how often a job is tried."""

    lease_s: float = 30.0
    heartbeat_s: float = 10.0
    watch_s: float = 0.3
    idle_s: float = 1.0
    upkeep_s: float = 5.0
    drop_s: float = 600.0
    remind_s: float = 60.0
    """How long a job may wait before its wake-up is taken for lost."""
    max_tries: int = 3
    """Claims of one job, after which it fails as `worker_lost`."""

    @property
    def longest_lease_s(self) -> float:
        """Return what no lease exceeds, also not of a dispatcher that is set to another pace."""
        return min(MAX_LEASE_S, 10 * self.lease_s)


class Runner:
    """Runs the store's jobs, `concurrency` at once; with none it only does the upkeep.

    Args:
        name: Unique among all dispatchers; the owner of its claims.
        held_folder: Where videos wait whose storage failed; None where there are none.
        jobs_kept_s: How long an ended job without a stored video is kept; 0 keeps it for ever.
        role: As what to report.
        facts: What to report of this dispatcher, asked for at every report.
        warn: Takes a line for the operator's log.
        tell: Takes an event and its facts for the operator's log.
        tell_bug: Takes an exception that is a bug of ours.
    """

    def __init__(
        self,
        *,
        name: str,
        store: JobStore,
        pipeline: Pipeline,
        storage: Storage,
        wakeup: Wakeup,
        work_folder: Path,
        job_timeout_s: float,
        held_folder: Path | None = None,
        jobs_kept_s: float = 0.0,
        concurrency: int = 1,
        pace: Pace = Pace(),
        role: str = "dispatcher",
        facts: Callable[[], Mapping[str, Any]] = dict,
        warn: Callable[[str], None] = lambda line: None,
        tell: Callable[..., None] = lambda event, **facts: None,
        tell_bug: Callable[..., None] = lambda error, **ids: None,
    ) -> None:
        self.name = name
        self._store = store
        self._pipeline = pipeline
        self._storage = storage
        self._wakeup = wakeup
        self._work_folder = work_folder
        self._held_folder = held_folder
        self._jobs_kept_s = jobs_kept_s
        self._drop_at = 0.0
        self._job_timeout_s = job_timeout_s
        self._concurrency = concurrency
        self._pace = pace
        self._role = role
        self._facts = facts
        self._warn = warn
        self._tell = tell
        self._tell_bug = tell_bug
        self._tally = Tally()

    def run(self, shutdown: threading.Event) -> None:
        """Serve until `shutdown` is set; running jobs are then handed back to the queue."""
        threads = [
            threading.Thread(target=self._serve, args=(shutdown,), name=f"runner-{number}")
            for number in range(self._concurrency)
        ]
        for thread in threads:
            thread.start()
        while not shutdown.is_set():
            self.upkeep()
            shutdown.wait(self._pace.upkeep_s)
        for thread in threads:
            thread.join()
        with self._warned():
            self._report()  # what the last jobs came to

    def keep_reporting(self, shutdown: threading.Event) -> None:
        """Report until `shutdown` is set, and nothing else: for who is told by others when to run the next job."""
        while not shutdown.wait(self._pace.upkeep_s):
            with self._warned():
                self._report()

    def run_next(self, shutdown: threading.Event, *, job_id: str | None = None) -> bool:
        """Run the next job, or just the one named, if it waits; tell whether there was one."""
        claim = self._store.claim(self.name, lease_s=self._pace.lease_s, max_tries=self._pace.max_tries, job_id=job_id)
        if claim is None:
            return False
        stop = Stop(self._time_limit(claim))
        with self._keeping(claim, stop, shutdown), self._told(claim) as ended, contextlib.suppress(LeaseLost):
            ended.append(job := self._pipeline.run(claim, stop))
            self._count(job)
        if stop.reason == "shutdown":
            self._wakeup.notify(claim.job.id)  # it waits again, for another dispatcher
        return True

    @contextmanager
    def _told(self, claim: Claim) -> Iterator[list[Job]]:
        """Have the log know of a job's beginning and end here, under its own id and that of its request.

        What the job has become is put into the list; where nothing is, the store is asked.
        """
        ids = {"job_id": claim.job.id, "request_id": claim.job.request_id or ""}
        self._tell("job begins", **ids, number=claim.job.tries)
        ended: list[Job] = []
        try:
            yield ended
        finally:
            with self._warned():
                job = ended[0] if ended else self._store.get(claim.job.id)
                verdict = job.verdict.value if job.verdict else None
                code = job.failure.code if job.failure else None
                seconds = {stage: round(value, 3) for stage, value in job.timings.items()}
                self._tell("job rests", **ids, state=job.state.value, verdict=verdict, code=code, seconds=seconds)

    def _count(self, job: Job) -> None:
        if job.is_final:
            count_ended(self._tally, job)
            with self._warned():
                count_attempts(self._tally, self._store.attempts(job.id))

    def upkeep(self) -> None:
        """Reap dead claims, drop what is past its time, remove what dead runs left, and report."""
        with self._warned():
            for job in self._store.reap(max_tries=self._pace.max_tries, longest_lease_s=self._pace.longest_lease_s):
                if job.is_final:
                    count_ended(self._tally, job)
                if job.is_final and not job.held_video:
                    discard_videos(job, self._storage)
                self._wakeup.notify(job.id)
        with self._warned():
            if lost := self._store.waiting(older_than_s=self._pace.remind_s):
                self._wakeup.remind(lost)
        with self._warned():
            for job in self._store.expired_videos():
                with self._warned():
                    self._drop_video(job)
        with self._warned():
            sweep_work(self._work_folder, self._store)
        if time.monotonic() >= self._drop_at:
            with self._warned():
                self._drop_old()
        with self._warned():
            self._report()

    def _report(self) -> None:
        facts = {**self._facts(), "tally": self._tally.told()}
        self._store.report(ServiceReport(name=self.name, role=self._role, facts=facts))

    def _drop_old(self) -> None:
        """Remove what is old; seldom, since it looks through all jobs that have ended."""
        self._drop_at = time.monotonic() + self._pace.drop_s
        if self._jobs_kept_s:
            while self._store.drop_ended(older_than_s=self._jobs_kept_s):
                continue
        if self._held_folder:
            sweep_held(self._held_folder, self._store)

    def _drop_video(self, job: Job) -> None:
        self._storage.delete(job.video.name if job.video else "")
        if job.is_doomed:
            self._store.delete(job.id)
        else:
            self._store.forget_video(job.id)

    def _serve(self, shutdown: threading.Event) -> None:
        while not shutdown.is_set():
            had_one = False
            with self._warned():
                had_one = self.run_next(shutdown)
            if not had_one:
                self._wakeup.wait(self._pace.idle_s)

    def _time_limit(self, claim: Claim) -> float:
        own = time.monotonic() + self._job_timeout_s
        if claim.job.deadline_at is None:
            return own
        return min(own, time.monotonic() + claim.job.deadline_at - time.time())

    @contextmanager
    def _keeping(self, claim: Claim, stop: Stop, shutdown: threading.Event) -> Iterator[None]:
        over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(claim, stop, shutdown, over), name="keeper")
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()

    def _keep(self, claim: Claim, stop: Stop, shutdown: threading.Event, over: threading.Event) -> None:
        lease_until = time.monotonic() + self._pace.lease_s
        beat_at = time.monotonic() + self._pace.heartbeat_s
        while not over.wait(self._pace.watch_s):
            with self._warned(), self._noting_loss(stop):
                if time.monotonic() >= beat_at:
                    asked_at = time.monotonic()
                    self._store.heartbeat(claim, lease_s=self._pace.lease_s)
                    lease_until = asked_at + self._pace.lease_s
                    beat_at = asked_at + self._pace.heartbeat_s
                if self._store.get(claim.job.id).cancel_requested:
                    stop.set("cancelled")
            if time.monotonic() > lease_until:
                stop.set("lease_lost")
            if stop.left_s() <= 0:
                stop.set("expired")
            if shutdown.is_set():
                stop.set("shutdown")

    @contextmanager
    def _noting_loss(self, stop: Stop) -> Iterator[None]:
        """Stop the job where the store says that it is no longer ours."""
        try:
            yield
        except (LeaseLost, JobNotFound):
            stop.set("lease_lost")

    @contextmanager
    def _warned(self) -> Iterator[None]:
        """Tell the operator what went wrong; nothing but the end of the process ends the loop."""
        try:
            yield
        except LeaseLost:
            return
        except ManimaticError as error:
            self._warn(f"{error.code}: {error.message}")
        except Exception as error:  # noqa: BLE001  a bug in one round must not end all rounds to come
            self._warn(f"internal_error: {place_of(error)}")
            self._tell_bug(error)
