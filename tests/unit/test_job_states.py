"""Whatever happens to jobs in whatever order, the store keeps its promises."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from manimatic.errors import Conflict, LeaseLost
from manimatic.jobs import FINAL_STATES, RUNNING_STATES, TRANSITIONS, Failure, JobState, NewJob
from manimatic.ports import Claim
from manimatic.store import open_store

LEASE_S = 30.0
MAX_TRIES = 3
OWNERS = ("left", "left", "right")  # a name comes back more often than not: what counts is the fence
NO_STORAGE = Failure(code="storage_error", message="The storage is away.", hint="Wait.")
picks = st.integers(min_value=0, max_value=1000)


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
        """Return one of all the claims, dead or alive."""
        return self.claims[pick % len(self.claims)]

    def job_of(self, pick: int) -> str:
        """Return the id of one of the jobs."""
        return list(self.states)[pick % len(self.states)]

    @rule(deadline_s=st.sampled_from([None, 5.0, 100.0]))
    def submit(self, deadline_s: float | None) -> None:
        """A user asks for something."""
        deadline = None if deadline_s is None else self.now + deadline_s
        job = self.store.submit(NewJob(prompt="x", deadline_at=deadline), max_queued=10**6)
        self.states[job.id] = [JobState.QUEUED]

    @rule(owner=st.sampled_from(OWNERS))
    def claim(self, owner: str) -> None:
        """A dispatcher takes the oldest job that may run; the fence only grows and no live lease is broken."""
        leases = {job.id: job.lease_until for job in self.store.list_jobs(limit=500).jobs}
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
    @rule(pick=picks, to=st.sampled_from(JobState), kept=st.booleans())
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
        usual = (*(state for state in JobState if state in RUNNING_STATES), JobState.COMPLETE)
        arrows = TRANSITIONS[self.store.get(claim.job.id).state]
        self.store.advance(claim, next(state for state in reversed(usual) if state in arrows))

    @precondition(lambda self: self.claims)
    @rule(pick=picks)
    def heartbeat(self, pick: int) -> None:
        """A holder says that it lives, and hears whether to stop."""
        claim = self.claim_of(pick)
        if self.is_held(claim):
            asked = self.store.heartbeat(claim, lease_s=LEASE_S)
            assert asked == self.store.get(claim.job.id).cancel_requested
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

    @rule(seconds=st.sampled_from([1.0, 10.0, LEASE_S + 1]))
    def crash(self, seconds: float) -> None:
        """Time passes; whoever does not say that it lives is dead."""
        self.now += seconds

    @rule()
    def reap(self) -> None:
        """What nobody holds is settled, and a second look finds nothing to do."""
        for job in self.store.reap(max_tries=MAX_TRIES):
            assert job.owner is None
            assert job.state is JobState.QUEUED or job.state in FINAL_STATES
        assert not self.store.reap(max_tries=MAX_TRIES)
        for job in self.store.list_jobs(limit=500).jobs:
            if job.state in RUNNING_STATES:
                assert job.lease_until is not None
                assert job.lease_until > self.now

    @precondition(lambda self: self.states)
    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        """A user does not want it any more; asking again changes nothing more."""
        job = self.store.request_cancel(self.job_of(pick))
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
        assert self.store.requeue_held(job.id).state is JobState.QUEUED
        del self.finals[job.id]

    @precondition(lambda self: self.states)
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

    def is_held(self, claim: Claim) -> bool:
        """Tell from the row whether the claim is the one that counts."""
        job = self.store.get(claim.job.id)
        return (job.owner, job.fence) == (claim.owner, claim.fence)

    @invariant()
    def events_tell_the_whole_story(self) -> None:
        """Numbers have no gaps, states follow the table's arrows, each run ends once, and the row agrees."""
        for job_id in self.states:
            events = self.store.events(job_id)
            assert [event.number for event in events] == list(range(1, len(events) + 1))
            path = [JobState(event.data["state"]) for event in events if event.kind == "state"]
            for before, after in itertools.pairwise(path):
                # A job that was claimed but not begun is handed back from `queued` to `queued`.
                assert after in TRANSITIONS[before] or before is after is JobState.QUEUED
            assert path[-1] is self.store.get(job_id).state
            assert path[: len(self.states[job_id])] == self.states[job_id]
            self.states[job_id] = path
            ends = [event for event in events if event.kind == "end"]
            assert [end.data["state"] for end in ends] == [state.value for state in path if state in FINAL_STATES]
            assert (events[-1].kind == "end") == (path[-1] in FINAL_STATES)

    @invariant()
    def final_jobs_stay_as_they_are(self) -> None:
        """Not a field changes after the end, and nobody holds what has ended."""
        for job_id in self.states:
            job = self.store.get(job_id)
            assert job.is_final == (job.ended_at is not None)
            if job.is_final:
                assert job == self.finals.setdefault(job_id, job)
                assert (job.owner, job.lease_until) == (None, None)

    @invariant()
    def at_most_one_claim_counts(self) -> None:
        """Of all the claims ever given for a job, one at most still holds, and it is the newest."""
        holders = [claim for claim in self.claims if self.is_held(claim)]
        assert len({claim.job.id for claim in holders}) == len(holders)
        assert all(claim.fence == self.fences[claim.job.id] for claim in holders)

    @invariant()
    def time_adds_up(self) -> None:
        """The seconds of all states together are the job's age."""
        for job_id, path in self.states.items():
            job = self.store.get(job_id)
            if job.ended_at is not None and not set(path[:-1]) & FINAL_STATES:
                assert sum(job.timings.values()) == pytest.approx(job.ended_at - job.created_at)


TestJobs = Jobs.TestCase
TestJobs.settings = settings(
    max_examples=16,
    stateful_step_count=30,
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
