"""What the queue costs and how it shares: dispatchers on a PostgreSQL of their own, with a sandbox that only waits.

    script/load [two|cost|fair|streams]...

Rendering is not what is measured, so nothing is rendered: each run lasts as long as it is told and costs no CPU. All
else is real: the server (Debian's, with `fsync` off), the store, the pipeline and its events, leases and upkeep, and
for `cost` Redis and a Celery worker too. Each dispatcher is a process that is pinned to one core.

- `two`: how many times the jobs of one dispatcher two finish. At least 1.8.
- `cost`: what a job costs beside its run, from submitting all to the end of the last; 2,000 jobs wait. At most 20 ms.
- `fair`: how long others wait while one account keeps 20 jobs queued, and while it keeps 2,000. At most 10 % more.
- `streams`: how soon an api answers 100 status requests a second with 500 event streams open. At most 50 ms, of 99 %.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from harness.postgres import Postgres, postgres_server  # noqa: E402
from harness.redis import redis_server  # noqa: E402
from load_streams import measure_streams  # noqa: E402
from manimatic.attempts import budget_of  # noqa: E402
from manimatic.bootstrap import limits_of  # noqa: E402
from manimatic.checking.scripted import ScriptedChecker  # noqa: E402
from manimatic.codegen.scripted import ScriptedGenerator  # noqa: E402
from manimatic.diagnostics import Severity  # noqa: E402
from manimatic.jobs import FINAL_STATES, Job, JobState, NewJob  # noqa: E402
from manimatic.pipeline import Folders, Pipeline  # noqa: E402
from manimatic.ports import RunListener, RunRequest, RunResult, Wakeup  # noqa: E402
from manimatic.runner import Runner  # noqa: E402
from manimatic.sandbox.scripted import ScriptedRun, ScriptedSandbox  # noqa: E402
from manimatic.settings import Settings  # noqa: E402
from manimatic.storage.local import LocalStorage  # noqa: E402
from manimatic.store import SqlJobStore, open_store  # noqa: E402
from manimatic.wakeup import PollingWakeup  # noqa: E402

RUN_S = 0.2
MANY, FEW = 2_000, 20
MIN_RATIO, MAX_COST_S, MAX_LONGER = 1.8, 0.020, 0.10
JOBS = 100
"""Jobs that one dispatcher runs to be compared with two."""
OTHERS, EVERY_S = 60, 0.4
"""Jobs of others, and the time between two of them."""


class WaitingSandbox(ScriptedSandbox):
    """Delivers a video after a fixed time."""

    def __init__(self, lasts_s: float) -> None:
        super().__init__()
        self._lasts_s = lasts_s

    def run(self, request: RunRequest, listener: RunListener, cancel: threading.Event, folder: Path) -> RunResult:
        """Wait and deliver."""
        self.requests.clear()
        self.add(ScriptedRun(lasts_s=self._lasts_s))
        return super().run(request, listener, cancel, folder)


def make_runner(store: SqlJobStore, folder: Path, run_s: float, wakeup: Wakeup) -> Runner:
    """Wire a dispatcher whose sandbox only waits."""
    settings = Settings(data_dir=folder)
    storage = LocalStorage(folder / "videos", "", 0, time.time)
    folders = Folders(work=folder / "work", held=folder / "held")
    pipeline = Pipeline(
        store=store,
        generator=ScriptedGenerator([]),
        checker=ScriptedChecker(),
        sandbox=WaitingSandbox(run_s),
        storage=storage,
        budget=budget_of(settings, limits_of(settings)),
        folders=folders,
        policy=Severity.WARNING,
    )
    return Runner(
        name=f"load-{os.getpid()}",
        store=store,
        pipeline=pipeline,
        storage=storage,
        wakeup=wakeup,
        work_folder=folders.work,
        job_timeout_s=600.0,
        warn=lambda line: print(line, file=sys.stderr),
    )


def dispatch(url: str, folder: str, run_s: str, core: str, broker: str) -> None:
    """Be a dispatcher, which begins when it is told to and ends when it is killed."""
    os.sched_setaffinity(0, {int(core)})
    sandbox_s, wakeup = float(run_s), PollingWakeup(Path(folder))

    def prepare() -> Callable[[threading.Event], bool]:
        return make_runner(open_store(url), Path(folder), sandbox_s, wakeup).run_next

    if broker:
        from manimatic.wakeup.broker import make_receiver
        from manimatic.wakeup.worker import work

        _begin()
        work(make_receiver(broker, 900), prepare, 1)
    else:
        runner = make_runner(open_store(url), Path(folder), sandbox_s, wakeup)
        _begin()
        runner.run(threading.Event())


def _begin() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


@contextmanager
def dispatchers(number: int, url: str, folder: Path, run_s: float, broker: str = "") -> Iterator[None]:
    """Have so many dispatchers at work during the block, each on a core of its own."""
    cores = sorted(os.sched_getaffinity(0))
    children = []
    for place in range(number):
        own = folder / str(place)
        own.mkdir(parents=True, exist_ok=True)
        arguments = ["--dispatcher", url, str(own), str(run_s), str(cores[place % len(cores)]), broker]
        command = [sys.executable, __file__, *arguments]
        children.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    try:
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        yield
    finally:
        for child in children:
            child.terminate() if broker else child.kill()
            child.communicate()


def submit(store: SqlJobStore, account: str = "local") -> Job:
    """Queue a job that brings its own scene, so that nobody has to write one."""
    return store.submit(NewJob(prompt="", code="class A(Scene): ...", account=account), max_queued=10**6)


def await_end(store: SqlJobStore, left: int = 0) -> None:
    """Wait until no more than so many jobs are queued and nothing runs."""
    while (depth := store.depth()).queued > left or depth.running:
        time.sleep(0.02)


def measure_two(server: Postgres, folder: Path) -> bool:
    """Compare one dispatcher with two."""
    rates = []
    for number in (1, 2):
        store = open_store(server.url(name := server.make()))
        for _ in range(JOBS * number):
            submit(store)
        with dispatchers(number, server.url(name), folder / f"two-{number}", RUN_S):
            started = time.monotonic()
            await_end(store)
            rates.append(JOBS * number / (time.monotonic() - started))
        store.close()
    ratio = rates[1] / rates[0]
    print(
        f"two   runs of {RUN_S} s: {rates[0]:.2f} jobs/s with one, {rates[1]:.2f} with two: {ratio:.2f} times as many"
    )
    return ratio >= MIN_RATIO


def measure_cost(server: Postgres, folder: Path, broker: str, kind: str) -> bool:
    """Measure what a job costs whose run takes no time, behind a long queue."""
    url = server.url(server.make())
    store = open_store(url)
    for _ in range(MANY):
        submit(store)
    with dispatchers(1, url, folder / f"cost-{kind}", 0.0, broker):
        if broker:
            _send_all(broker, MANY)
        while store.depth().queued == MANY:
            time.sleep(0.005)
        started, first = time.monotonic(), store.depth().queued
        while (queued := store.depth().queued) > first - 1000:
            time.sleep(0.02)
        cost_s = (time.monotonic() - started) / (first - queued)
    store.close()
    print(f"cost  {kind}: {cost_s * 1000:.1f} ms a job, with {MANY} to {MANY - 1000} jobs waiting")
    return cost_s <= MAX_COST_S


def _send_all(broker: str, messages: int) -> None:
    from manimatic.wakeup import InProcessWakeup
    from manimatic.wakeup.broker import CeleryWakeup, make_sender

    wakeup = CeleryWakeup(make_sender(broker, 900), InProcessWakeup())
    for number in range(messages):
        wakeup.notify(f"job-{number}")
    wakeup.close()


def measure_fair(server: Postgres, folder: Path) -> bool:
    """Compare how long others wait beside a short queue of somebody else's and beside a long one."""
    means = {}
    for many in (FEW, MANY):
        url = server.url(server.make())
        store = open_store(url)
        waits = _waits(store, url, folder / f"fair-{many}", many)
        means[many] = statistics.fmean(waits)
        middle, late = statistics.median(waits), sorted(waits)[int(len(waits) * 0.95)]
        print(f"fair  beside {many:>5} jobs: waits of {means[many]:.3f} s, median {middle:.3f}, 95th {late:.3f}")
        store.close()
    longer = means[MANY] / means[FEW] - 1
    print(f"fair  others wait {longer:+.1%} longer beside {MANY} jobs than beside {FEW}")
    return longer <= MAX_LONGER


def _waits(store: SqlJobStore, url: str, folder: Path, many: int) -> list[float]:
    """Return how long each job of others was queued while one account keeps so many waiting."""
    for _ in range(many):
        submit(store, "many")
    over = threading.Event()

    def refill() -> None:
        while not over.wait(0.05):
            for _ in range(many - store.depth().queued):
                submit(store, "many")

    filler = threading.Thread(target=refill)
    with dispatchers(2, url, folder, RUN_S):
        filler.start()
        others = []
        for number in range(OTHERS):
            time.sleep(EVERY_S)
            others.append(submit(store, f"other-{number % 5}").id)
        while any(store.get(job_id).state not in FINAL_STATES for job_id in others):
            time.sleep(0.05)
        over.set()
        filler.join()
    return [store.get(job_id).timings[JobState.QUEUED.value] for job_id in others]


def main(wanted: list[str]) -> int:
    """Measure what is wanted, print it, and fail where a bar is missed."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="manimatic-load-")))
        held = []
        if "two" in wanted:
            held.append(measure_two(server, folder))
        if "cost" in wanted:
            held.append(measure_cost(server, folder, "", "embedded"))
            broker = stack.enter_context(redis_server()).url
            held.append(measure_cost(server, folder, broker, "celery"))
        if "fair" in wanted:
            held.append(measure_fair(server, folder))
        if "streams" in wanted:
            held.append(measure_streams(server, folder / "streams"))
    return 0 if all(held) else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["--dispatcher"]:
        dispatch(*sys.argv[2:])
    else:
        sys.exit(main(sys.argv[1:] or ["two", "cost", "fair", "streams"]))
