"""Whatever happens to jobs in whatever order, the store keeps its promises."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from manimatic.errors import Conflict, LeaseLost
from manimatic.jobs import FINAL_STATES, RUNNING_STATES, TRANSITIONS, Failure, Job, JobState, NewJob
from manimatic.ports import Claim
from manimatic.store import open_store

LEASE_S = 30.0
MAX_TRIES = 3
OWNERS = ("left", "left", "right")  # a name comes back more often than not: what counts is the fence
NO_STORAGE = Failure(code="storage_error", message="The storage is away.", hint="Wait.")
USUAL = dict(itertools.pairwise(JobState))  # queued, generating, … in the order in which jobs usually go
picks = st.integers(min_value=0, max_value=5)
MAX_JOBS = 3  # few, so that much happens to each


def holds(claim: Claim, job: Job) -> bool:
    """Tell whether the claim is the one that the row knows."""
    return (job.owner, job.fence) == (claim.owner, claim.fence)


class Jobs(RuleBasedStateMachine):
    """Submitting, claiming, advancing, cancelling, reaping, deleting and dying, in any order.

    Every claim that was ever given is kept, so that dead holders go on talking.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.store = open_store("sqlite://", clock=lambda: self.now)
        self.claims: list[Claim] = []
        self.fences: dict[str, int] = defaultdict(int)
        self.states: dict[str, list[JobState]] = {}
        self.finals: dict[str, Any] = {}

    def teardown(self) -> None:
        """Close the store."""
        self.store.close()

    def claim_of(self, pick: int) -> Claim:
        """Return one of the newest claims, dead or alive, the very newest more often than not."""
        return self.claims[-(1, 1, 1, 2, 3, 4)[pick] :][0]

    def job_of(self, pick: int) -> str:
        """Return the id of one of the jobs."""
        return list(self.states)[pick % len(self.states)]

    @initialize(owner=st.sampled_from(OWNERS))
    def begin(self, owner: str) -> None:
        """Begin with something to do."""
        self.submit(None)
        self.submit(None)
        self.claim(owner)

    @precondition(lambda self: len(self.states) < MAX_JOBS)
    @rule(deadline_s=st.sampled_from([None, None, 5.0, 100.0]))
    def submit(self, deadline_s: float | None) -> None:
        """A user asks for something."""
        deadline = None if deadline_s is None else self.now + deadline_s
        job = self.store.submit(NewJob(prompt="x", deadline_at=deadline), max_queued=10**6)
        self.states[job.id] = [JobState.QUEUED]

    @rule(owner=st.sampled_from(OWNERS))
    def claim(self, owner: str) -> None:
        """A dispatcher takes the oldest job that may run; the fence only grows and no live lease is broken."""
        leases = self.leases()
        claim = self.store.claim(owner, lease_s=LEASE_S, max_tries=MAX_TRIES)
        if claim is None:
            return
        before = leases[claim.job.id]
        assert before is None or before <= self.now
        assert claim.fence > self.fences[claim.job.id]
        assert claim.job.state is JobState.QUEUED
        assert claim.job.tries <= MAX_TRIES
        assert not claim.job.cancel_requested
        assert claim.job.deadline_at is None or claim.job.deadline_at > self.now
        self.fences[claim.job.id] = claim.fence
        self.claims.append(claim)

    @precondition(lambda self: self.claims)
    @rule(pick=picks, to=st.sampled_from([*sorted(RUNNING_STATES), *JobState]), kept=st.booleans())
    def advance(self, pick: int, to: JobState, kept: bool) -> None:
        """A holder, dead or alive, moves its job anywhere; only the newest claim and the table's arrows count."""
        claim = self.claim_of(pick)
        changes = {"failure": NO_STORAGE, "held_video": "/kept.mp4"} if to is JobState.FAILED and kept else {}
        try:
            job = self.store.advance(claim, to, **changes)
        except LeaseLost:
            assert not self.is_held(claim)
        except Conflict:
            assert to not in TRANSITIONS[self.store.get(claim.job.id).state]
        else:
            assert claim.fence == self.fences[job.id]
            assert job.state is to
            assert (job.owner is None) == (to in FINAL_STATES or to is JobState.QUEUED)

    @precondition(lambda self: self.claims)
    @rule(pick=picks)
    def go_on(self, pick: int) -> None:
        """A holder takes the usual next step, so that runs also come to their end."""
        claim = self.claim_of(pick)
        if not self.is_held(claim):
            return
        self.store.advance(claim, USUAL[self.store.get(claim.job.id).state])

    @precondition(lambda self: self.claims)
    @rule(pick=picks)
    def heartbeat(self, pick: int) -> None:
        """A holder says that it lives, and hears whether to stop."""
        claim = self.claim_of(pick)
        if self.is_held(claim):
            asked = self.store.heartbeat(claim, lease_s=LEASE_S)
            job = self.store.get(claim.job.id)
            assert (asked, self.now + LEASE_S) == (job.cancel_requested, job.lease_until)
        else:
            with pytest.raises(LeaseLost):
                self.store.heartbeat(claim, lease_s=LEASE_S)

    @precondition(lambda self: self.claims)
    @rule(pick=picks)
    def log(self, pick: int) -> None:
        """A holder, dead or alive, has something to tell."""
        claim = self.claim_of(pick)
        held = self.is_held(claim)
        try:
            self.store.add_event(claim, "log", {"text": "x"})
        except LeaseLost:
            assert not held
        else:
            assert held

    @rule(seconds=st.sampled_from([1.0, 1.0, 10.0, LEASE_S + 1]), reaped=st.booleans())
    def crash(self, seconds: float, reaped: bool) -> None:
        """Time passes; whoever does not say that it lives is dead, and sooner or later the reaper comes."""
        self.now += seconds
        if reaped:
            self.reap()

    def reap(self) -> None:
        """What nobody holds is settled, and a second look finds nothing to do."""
        leases = self.leases()
        for job in self.store.reap(max_tries=MAX_TRIES):
            before = leases[job.id]
            assert before is None or before <= self.now
            assert job.owner is None
            assert job.state is JobState.QUEUED or job.state in FINAL_STATES
        assert not self.store.reap(max_tries=MAX_TRIES)
        for job in self.store.list_jobs(limit=500).jobs:
            if job.state in RUNNING_STATES:
                assert job.lease_until is not None
                assert job.lease_until > self.now

    @precondition(lambda self: self.states)
    @rule(pick=picks, changed_mind=st.sampled_from([True, True, False]))
    def cancel(self, pick: int, changed_mind: bool) -> None:
        """A user does not want it any more; asking again changes nothing more."""
        if changed_mind:
            return
        before = self.store.get(self.job_of(pick))
        job = self.store.request_cancel(before.id)
        live = before.lease_until is not None and before.lease_until > self.now
        at_once = before.state is JobState.QUEUED and not live
        assert job.state is (JobState.CANCELLED if at_once else before.state)
        assert job.is_final or job.cancel_requested
        again = self.store.request_cancel(job.id)
        assert (again.state, again.cancel_requested) == (job.state, job.cancel_requested)

    @precondition(lambda self: self.states)
    @rule(pick=picks)
    def store_again(self, pick: int) -> None:
        """An operator has kept videos stored again: the only way out of a final state."""
        job = self.store.get(self.job_of(pick))
        kept = job.state is JobState.FAILED and job.failure == NO_STORAGE
        if not kept:
            with pytest.raises(Conflict):
                self.store.requeue_held(job.id)
            return
        queued = self.store.requeue_held(job.id)
        assert (queued.state, queued.tries, queued.deadline_at) == (JobState.QUEUED, 0, None)
        del self.finals[job.id]

    @precondition(lambda self: len(self.states) == MAX_JOBS)
    @rule(pick=picks)
    def delete(self, pick: int) -> None:
        """A user removes a job; only those that are done with can go."""
        job = self.store.get(self.job_of(pick))
        if not job.is_final:
            with pytest.raises(Conflict):
                self.store.delete(job.id)
            return
        assert self.store.delete(job.id) == job
        assert not self.store.events(job.id)
        del self.states[job.id], self.finals[job.id]
        self.claims = [claim for claim in self.claims if claim.job.id != job.id]

    def leases(self) -> dict[str, float | None]:
        """Return when each job's lease ends."""
        return {job.id: job.lease_until for job in self.store.list_jobs(limit=500).jobs}

    def is_held(self, claim: Claim) -> bool:
        """Tell from the row whether the claim is the one that counts."""
        return holds(claim, self.store.get(claim.job.id))

    @invariant()
    def promises_hold(self) -> None:
        """Look at every job once, from every side."""
        rows = {job.id: job for job in self.store.list_jobs(limit=500).jobs}
        assert set(rows) == set(self.states)
        for job in rows.values():
            self.events_tell_the_whole_story(job)
            self.final_job_stays_as_it_is(job)
            self.time_adds_up(job)
        holders = [claim for claim in self.claims if holds(claim, rows[claim.job.id])]
        assert len({claim.job.id for claim in holders}) == len(holders), "two claims hold one job"
        assert all(claim.fence == self.fences[claim.job.id] for claim in holders), "an old claim holds"

    def events_tell_the_whole_story(self, job: Job) -> None:
        """Numbers have no gaps, states follow the table's arrows, each run ends once, and the row agrees."""
        events = self.store.events(job.id)
        assert [event.number for event in events] == list(range(1, len(events) + 1))
        path = [JobState(event.data["state"]) for event in events if event.kind == "state"]
        for before, after in itertools.pairwise(path):
            # A job that was claimed but not begun is handed back from `queued` to `queued`.
            assert after in TRANSITIONS[before] or before is after is JobState.QUEUED
        assert path[-1] is job.state
        assert path[: len(self.states[job.id])] == self.states[job.id]
        self.states[job.id] = path
        ends = [event for event in events if event.kind == "end"]
        assert [end.data["state"] for end in ends] == [state.value for state in path if state in FINAL_STATES]
        assert (events[-1].kind == "end") == job.is_final

    def final_job_stays_as_it_is(self, job: Job) -> None:
        """Not a field changes after the end, and nobody holds what has ended."""
        assert job.is_final == (job.ended_at is not None)
        if job.is_final:
            assert job == self.finals.setdefault(job.id, job)
            assert (job.owner, job.lease_until) == (None, None)

    def time_adds_up(self, job: Job) -> None:
        """The seconds of all states together are the job's age."""
        if job.ended_at is not None and not set(self.states[job.id][:-1]) & FINAL_STATES:
            assert sum(job.timings.values()) == pytest.approx(job.ended_at - job.created_at)


TestJobs = Jobs.TestCase
TestJobs.settings = settings(
    max_examples=12,
    stateful_step_count=50,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.mark.parametrize("state", JobState)
def test_every_running_state_can_end_and_be_handed_back(state: JobState) -> None:
    """No state is a trap, and no final state is left except to store a kept video."""
    arrows = TRANSITIONS[state]
    if state in RUNNING_STATES:
        assert arrows >= {JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED, JobState.QUEUED}
    if state in FINAL_STATES:
        assert arrows <= {JobState.QUEUED}
        assert bool(arrows) == (state is JobState.FAILED)
