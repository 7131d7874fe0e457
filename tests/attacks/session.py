"""One backend under attack: runs each scene once, looks at the machine afterwards, and judges every row on the host."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from manimatic.jobs import Options, Quality, new_id
from manimatic.ports import Limits, RunRequest, RunResult
from manimatic.sandbox.launcher_server import SupervisedSandbox
from manimatic.sandbox.seccomp import load_table
from manimatic.verdicts import Blame, Verdict
from sandbox_bench import SMALL, Heard

from attacks import aftermath
from attacks.canaries import Canaries, fresh
from attacks.registry import Registry, Run
from attacks.watcher import Find, Watcher, newcomers

HERE = Path(__file__).parent
PRELUDE = (HERE / "guest_prelude.py").read_text("utf-8")
SCENES = HERE.parent / "scenes"
TOLD = re.compile(r"^(?P<nonce>\S+) (?P<name>.+?) = (?P<outcome>\w+) ?(?P<more>.*)$", re.MULTILINE)
GOOD_SCENE = "self.play(Create(Square()), run_time=0.2)\n"
START_TIMES = 2
"""A time limit is prolonged by so many times what the last good scene took to start."""
CHANCES = 3
USUAL_TIMES = 4
USUAL_MORE_S = 6.0
"""A good scene after an attack takes at most this many times what the first one took, and these seconds more."""


Warmed = Callable[[SupervisedSandbox, Limits], AbstractContextManager[None]]
WARM_S = 120.0


@contextmanager
def warmed(sandbox: SupervisedSandbox, limits: Limits) -> Iterator[None]:
    """Have a worker wait for a run with these limits; the one that takes its place has ended when the block is left."""
    until = threading.Event()
    warmer = threading.Thread(target=sandbox.keep_warm, args=(1, limits, until))
    warmer.start()
    try:
        give_up_at = time.monotonic() + WARM_S
        while sandbox.pool_state()["ready"] != 1:
            if time.monotonic() > give_up_at:
                raise TimeoutError("no worker waits")
            time.sleep(0.02)
        yield
    finally:
        until.set()
        warmer.join()


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What the host knows of one run of a scene."""

    run: Run
    run_id: str
    verdict: str
    message: str
    text: str
    told: Mapping[str, str]
    wall_s: float
    timeout_s: float
    figures: Mapping[str, float]
    has_video: bool
    video_digest: str
    isolation: Mapping[str, Any]
    guests: tuple[Mapping[str, str], ...]
    broken: tuple[str, ...]
    """Post-conditions that do not hold."""
    seen: str = field(repr=False, default="")
    """Everything that left the run as text, for those who search it."""


class Session:
    """All attacks on one backend.

    Args:
        registry: Rows and runs.
        sandbox: The backend.
        canaries: What must not be reached.
        folder: The session's own.
        left: Names what of a run is left in the backend's own places.
        processes: Finds a run's processes by its id, where they are not the session's own.
        exact: It has its own processes and folders.
        warmed: Has a worker wait before each run, and none more when its block is left.
    """

    def __init__(
        self,
        registry: Registry,
        sandbox: SupervisedSandbox,
        canaries: Canaries,
        folder: Path,
        *,
        left: Callable[[str], list[str]],
        processes: Callable[[str], Find | None],
        exact: bool,
        warmed: Warmed | None = None,
    ) -> None:
        self.registry, self.sandbox, self.canaries, self.exact = registry, sandbox, canaries, exact
        self._left_elsewhere, self._processes_of, self._warmed = left, processes, warmed
        self.tokens: dict[str, str] = {}
        self._folder, self._places = folder, [folder, folder / "runs"]
        self._numbers = load_table(os.uname().machine).numbers
        self._observed: dict[str, Observed] = {}
        self._usual_s: float | None = None
        self._group = ""
        self._start_s = 0.0

    @property
    def family(self) -> str:
        """Return which kind of backend it is."""
        return str(self.sandbox.describe()["backend"])

    def observe(self, name: str, group: str = "") -> Observed:
        """Run a scene, or give what was seen when it ran; a good scene follows each limit and each class."""
        if name not in self._observed:
            if self._usual_s is None:
                self._usual_s = self.good().wall_s
            run = self.registry.runs[name]
            found = self._tried(run)
            if Verdict(found.verdict).blame is Blame.LIMIT or found.verdict == "crashed" or group != self._group:
                found = dataclasses.replace(found, broken=(*found.broken, *self._still_good()))
            self._group = group
            self._observed[name] = found
        return self._observed[name]

    def _tried(self, run: Run) -> Observed:
        """Run a scene; where a busy machine let its time pass before it came to its point, once more with more time."""
        found = self.once(run, number=len(self._observed))
        hurried = "timeout" not in run.verdicts or (not found.told and "tell(" in self._scene(run))
        if found.verdict == "timeout" and hurried:
            found = self.once(run, number=len(self._observed), patience=CHANCES)
        return found

    def crowd(self, name: str, size: int) -> list[Observed]:
        """Run a scene several times at once; what is left afterwards is everybody's."""
        run, before = self.registry.runs[name], self._snapshot()
        with ThreadPoolExecutor(size) as pool:
            found = list(
                pool.map(lambda number: self.once(run, number=number, alone=False, patience=size), range(size))
            )
        left = self._left(before, found[0].seen, tuple(one.run_id for one in found))
        return [dataclasses.replace(one, broken=(*one.broken, *left)) for one in found]

    def once(self, run: Run, *, number: int, alone: bool = True, patience: int = 1) -> Observed:
        """Run a scene now; with more patience its time limit is later."""
        before = self._snapshot() if alone else None
        nonce, run_id = fresh("told"), new_id()
        token = self.tokens.setdefault(run.name, fresh("token"))
        code = self._prelude(run, nonce, token) + self._scene(run)
        with (
            tempfile.TemporaryDirectory(dir=self._folder, prefix=f"out{number}-") as place,
            self._prepared(limits := self._limits(run, patience)),
            Watcher(self._find(run, run_id)) as watcher,
        ):
            started = time.monotonic()
            heard = Heard()
            result = self._result(limits, code, run_id, place, heard)
            wall_s = time.monotonic() - started
            found = _observed(run, result, heard, nonce, wall_s, watcher.guests())
        found = dataclasses.replace(found, run_id=run_id, timeout_s=limits.timeout_s)
        broken = self._left(before, found.seen, (run_id,)) if before else self._leaks(found.seen)
        return dataclasses.replace(found, broken=tuple(broken))

    def _prepared(self, limits: Limits) -> AbstractContextManager[None]:
        return nullcontext() if self._warmed is None else self._warmed(self.sandbox, limits)

    def _find(self, run: Run, run_id: str) -> Find | None:
        if not run.watched:
            return None
        return self._processes_of(run_id) or (newcomers() if self.exact else None)

    def _result(self, limits: Limits, code: str, run_id: str, place: str, heard: Heard) -> RunResult:
        request = RunRequest(run_id=run_id, code=code, options=Options(quality=Quality.LOW), limits=limits)
        return self.sandbox.run(request, heard, threading.Event(), Path(place))

    def _limits(self, run: Run, patience: int) -> Limits:
        """A run's limits; its time counts from when a scene usually begins, which a busy machine puts off."""
        limits = dataclasses.replace(SMALL, **run.limits)
        return dataclasses.replace(
            limits, timeout_s=limits.timeout_s * patience + START_TIMES * patience * self._start_s
        )

    def good(self, *, alone: bool = True) -> Observed:
        """Run a plain scene, and note how long a start takes just now."""
        found = self.once(Run(name="good", scene="", verdicts=("ok",)), number=999, alone=alone)
        self._start_s = float(found.figures.get("ready_s", found.wall_s))
        return found

    def _still_good(self) -> Iterator[str]:
        """Say what is wrong with a good scene now; one that is slow gets another chance, as others may be busy too."""
        most_s = (self._usual_s or 0.0) * USUAL_TIMES + USUAL_MORE_S
        for _ in range(CHANCES):
            found = self.good()
            if found.wall_s <= most_s:
                break
        else:
            yield f"a good scene afterwards took {found.wall_s:.1f} s, {CHANCES} times; allowed are {most_s:.1f} s"
        if found.verdict != "ok":
            yield f"a good scene afterwards ended as {found.verdict}: {found.message}"
        yield from (f"after the good scene: {one}" for one in found.broken)

    def _snapshot(self) -> aftermath.Snapshot:
        return aftermath.take(self._places, (), exact=self.exact)

    def _left(self, before: aftermath.Snapshot, seen: str, run_ids: tuple[str, ...]) -> list[str]:
        found = aftermath.differences(before, self._places, run_ids, exact=self.exact)
        found += [one for run_id in run_ids for one in self._left_elsewhere(run_id)]
        return [*found, *self.canaries.changes(), *self._leaks(seen)]

    def _leaks(self, seen: str) -> list[str]:
        return ["a canary's text has left the run"] if self.canaries.secret in seen else []

    def _prelude(self, run: Run, nonce: str, token: str) -> str:
        told = {
            "nonce": nonce,
            "token": token,
            "secrets": self.canaries.secrets,
            "house": str(self.canaries.house),
            "pids": [os.getpid(), *self.canaries.victim_pids()],
            "sockets": self.canaries.listeners.for_guest(),
            "numbers": self._numbers,
            "shared": [str(one) for one in self._places],
            "runtime": [],
            **run.params,
        }
        return f"ATTACK_JSON = {json.dumps(told)!r}\n{PRELUDE}"

    def _scene(self, run: Run) -> str:
        if not run.scene:
            return "from manim import *\nclass Good(Scene):\n    def construct(self):\n        " + GOOD_SCENE
        return (SCENES / f"{run.scene}.py").read_text("utf-8")


def _observed(
    run: Run, result: RunResult, heard: Heard, nonce: str, wall_s: float, guests: tuple[Mapping[str, str], ...]
) -> Observed:
    artefacts = [item.path.read_bytes() for item in result.artefacts]
    video = next((item.path.read_bytes() for item in result.artefacts if item.kind == "video"), b"")
    told = {m["name"]: f"{m['outcome']} {m['more']}".strip() for m in TOLD.finditer(heard.text) if m["nonce"] == nonce}
    names = [item.path.name for item in result.artefacts]
    seen = repr(result) + heard.text + "".join(names) + b"".join(artefacts).decode("latin-1")
    return Observed(
        run=run,
        run_id="",
        verdict=result.verdict.value,
        message=result.message,
        text=heard.text,
        told=told,
        wall_s=wall_s,
        timeout_s=0.0,
        figures=dict(result.figures),
        has_video=result.video is not None,
        video_digest=hashlib.sha256(video).hexdigest() if video else "",
        isolation=dict(result.isolation),
        guests=guests,
        broken=(),
        seen=seen,
    )
