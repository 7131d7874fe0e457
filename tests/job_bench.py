"""A pipeline on fakes, for tests of what happens to one job."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from clocks import Clock
from manimatic.attempts import Budget
from manimatic.checking.scripted import ScriptedChecker
from manimatic.codegen.scripted import ScriptedGenerator
from manimatic.diagnostics import Severity
from manimatic.errors import ManimaticError
from manimatic.jobs import Event, Job, JobState, NewJob, Usage
from manimatic.pipeline import Folders, Pipeline
from manimatic.ports import Brief, Claim, Draft, DraftListener, RunListener, RunRequest, RunResult, Storage, Stored
from manimatic.recorder import Stop
from manimatic.sandbox.scripted import ScriptedRun, ScriptedSandbox
from manimatic.storage.local import LocalStorage
from manimatic.store import SqlJobStore, open_store

CODE = "class A(Scene): ..."
Hook = Callable[[], None]


class HookedGenerator(ScriptedGenerator):
    """Calls `before` and `after` around each answer."""

    before: Hook = staticmethod(lambda: None)
    after: Hook = staticmethod(lambda: None)

    def generate(self, brief: Brief, listener: DraftListener, cancel: threading.Event) -> Draft:
        """Give the next answer."""
        self.before()
        draft = super().generate(brief, listener, cancel)
        self.after()
        return draft


class HookedSandbox(ScriptedSandbox):
    """Calls `before` and `after` around each run, and notes where it wrote."""

    before: Hook = staticmethod(lambda: None)
    after: Hook = staticmethod(lambda: None)

    def run(self, request: RunRequest, listener: RunListener, cancel: threading.Event, folder: Path) -> RunResult:
        """Play the next entry."""
        self.before()
        result = super().run(request, listener, cancel, folder)
        self.after()
        return result


class HookedStorage:
    """Calls `before` and `after` around each `put`."""

    before: Hook = staticmethod(lambda: None)
    after: Hook = staticmethod(lambda: None)

    def __init__(self, inner: Storage) -> None:
        self.inner = inner
        self.name = inner.name

    def put(self, name: str, path: Path) -> Stored:
        """Store the file."""
        self.before()
        stored = self.inner.put(name, path)
        self.after()
        return stored

    def delete(self, name: str) -> None:
        """Remove the file."""
        self.inner.delete(name)

    def open_local(self, name: str) -> Path:
        """Return the file."""
        return self.inner.open_local(name)

    def ping(self) -> None:
        """Check the inner storage."""
        self.inner.ping()


class JobBench:
    """One store and one of each fake, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Clock(time.time())
        self.store: SqlJobStore = open_store("sqlite://", clock=self.clock)
        self.generator = HookedGenerator()
        self.checker = ScriptedChecker()
        self.policy = Severity.WARNING
        self.sandbox = HookedSandbox()
        self.local = LocalStorage(folder / "videos", "http://here", 3600, self.clock)
        self.storage = HookedStorage(self.local)
        self.folders = Folders(work=folder / "work", held=folder / "held")
        self.warnings: list[str] = []
        self.bugs: list[tuple[BaseException, dict[str, str]]] = []
        self.budget = Budget()
        self.stop = Stop(time.monotonic() + 600)

    def pipeline(self) -> Pipeline:
        """Wire a pipeline."""
        return Pipeline(
            store=self.store,
            generator=self.generator,
            checker=self.checker,
            sandbox=self.sandbox,
            storage=self.storage,
            budget=self.budget,
            folders=self.folders,
            policy=self.policy,
            warn=self.warnings.append,
            tell_bug=lambda error, **ids: self.bugs.append((error, ids)),
        )

    def submit(self, prompt: str = "a circle", **fields: Any) -> Job:
        """Queue a job."""
        return self.store.submit(NewJob(prompt=prompt, **fields), max_queued=100)

    def claim(self, owner: str = "one") -> Claim:
        """Claim a job that has to be there."""
        claim = self.store.claim(owner, lease_s=30, max_tries=3)
        assert claim is not None
        return claim

    def run(self, **fields: Any) -> Job:
        """Submit a job and run it to its end."""
        self.submit(**fields)
        return self.run_waiting()

    def run_waiting(self) -> Job:
        """Run the job that waits."""
        return self.pipeline().run(self.claim(), self.stop)

    def script(self, *answers: Draft | ManimaticError, runs: Iterable[ScriptedRun | Exception] = ()) -> None:
        """Tell the fakes what to do."""
        for answer in answers:
            self.generator.add(answer)
        for run in runs:
            self.sandbox.add(run)

    def stops(self, reason: str) -> Hook:
        """Return what stops the job."""
        return lambda: self.stop.set(reason)

    def loses_its_lease(self) -> None:
        """Let the lease end and another dispatcher take the job."""
        self.clock.now += 100
        self.store.reap(max_tries=9)
        self.other = self.claim("other")

    def videos(self) -> list[Path]:
        """List the stored videos."""
        return sorted((self.folder / "videos").glob("*")) if (self.folder / "videos").is_dir() else []

    def events(self, job: Job) -> list[Event]:
        """Return the job's events, having checked that their numbers have no gap."""
        events = list(self.store.events(job.id))
        assert [event.number for event in events] == list(range(1, len(events) + 1))
        return events

    def states(self, job: Job) -> list[str]:
        """Return the states that the job went through."""
        return [event.data["state"] for event in self.events(job) if event.kind == "state"]


def draft(code: str = CODE, tokens: int = 10, cost: float | None = 0.01) -> Draft:
    """Return a model's answer."""
    usage = Usage(requests=1, input_tokens=tokens, output_tokens=tokens, cost_usd=cost)
    return Draft(title="A title", explanation="Why.", code=code, generator="model", model="m-1", usage=usage)


def drafts(count: int, **fields: Any) -> list[Draft]:
    """Return answers that differ."""
    return [draft(f"{CODE}  # {number}\nx = {number}", **fields) for number in range(count)]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobBench]:
    """Give a bench; afterwards no work folder is left, however the job ended."""
    monkeypatch.setattr("manimatic.renders.MACHINERY_PAUSE_S", 0.01)
    bench = JobBench(tmp_path)
    yield bench
    bench.store.close()
    assert not list(bench.folders.work.glob("*")), "a work folder is left"


S = JobState
