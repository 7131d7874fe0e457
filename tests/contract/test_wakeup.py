"""Every `Wakeup` in `manimatic.wakeup` keeps the port's promises."""

from __future__ import annotations

import base64
import importlib
import inspect
import json
import pkgutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import manimatic.wakeup
import pytest
from harness.redis import Redis
from harness.servers import free_port
from manimatic.ports import Wakeup
from manimatic.wakeup import InProcessWakeup, PollingWakeup
from manimatic.wakeup.broker import CeleryWakeup, make_sender

LONG_S = 20.0
SOON_S = 1.0  # far from LONG_S, and generous to a busy machine

KINDS: dict[str, type[Wakeup]] = {
    "in-process": InProcessWakeup,
    "polling": PollingWakeup,
    "celery": CeleryWakeup,
    "celery-without-broker": CeleryWakeup,
}
CALLS = {"celery": 1_000}
"""Calls that nobody hears; each takes Redis and its client a third of a millisecond."""


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    """Name one kind of wake-up after the other."""
    found: str = request.param
    return found


@pytest.fixture
def wakeup(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Wakeup]:
    """Give one wake-up of each kind, one of them with a broker that is away."""
    local = InProcessWakeup() if kind == "in-process" else PollingWakeup(tmp_path)
    if not kind.startswith("celery"):
        yield local
    else:
        away = f"redis://:secret@127.0.0.1:{free_port()}/0"
        url = away if kind == "celery-without-broker" else request.getfixturevalue("redis").url
        made = CeleryWakeup(make_sender(url, 900), local)
        yield made
        made.close()
    if isinstance(local, PollingWakeup):
        local.close()


def waited_s(wakeup: Wakeup, timeout_s: float) -> float:
    """Return how long a wait took."""
    started = time.monotonic()
    wakeup.wait(timeout_s)
    return time.monotonic() - started


def test_every_implementation_is_in_this_suite() -> None:
    """A Wakeup that is missing from KINDS fails here."""
    found = set()
    for module in pkgutil.walk_packages(manimatic.wakeup.__path__, "manimatic.wakeup."):
        for _, kind in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if kind.__module__.startswith("manimatic.wakeup") and issubclass(kind, Wakeup):
                found.add(kind)
    assert found == set(KINDS.values())


def test_wait_without_a_call_lasts_its_timeout(wakeup: Wakeup) -> None:
    """Nothing happens: the wait is a sleep."""
    wakeup.wait(0)
    assert 0.045 <= waited_s(wakeup, 0.05) < SOON_S


@pytest.mark.parametrize("timeout_s", [0, -1.0])
def test_wait_with_no_time_returns_at_once(wakeup: Wakeup, timeout_s: float) -> None:
    """Zero and less are no error."""
    assert waited_s(wakeup, timeout_s) < SOON_S


def test_call_during_a_wait_ends_it_soon(wakeup: Wakeup) -> None:
    """A sleeping waiter is woken long before its timeout."""
    timer = threading.Timer(0.1, wakeup.notify, ["job"])
    timer.start()
    assert waited_s(wakeup, LONG_S) < SOON_S
    timer.join()


def test_call_between_two_waits_ends_the_second(wakeup: Wakeup) -> None:
    """What comes while the dispatcher works is not forgotten."""
    wakeup.wait(0)
    wakeup.notify("job")
    assert waited_s(wakeup, LONG_S) < SOON_S


def test_waits_last_again_after_the_calls_are_used_up(wakeup: Wakeup) -> None:
    """An old call does not make the waits spin for ever."""
    wakeup.wait(0)
    wakeup.notify("job")
    wakeup.wait(LONG_S)
    assert waited_s(wakeup, 0.05) >= 0.045


def test_many_waiters_are_woken_by_as_many_calls(wakeup: Wakeup) -> None:
    """Four sleeping threads and four calls: none sleeps on."""
    wakeup.wait(0)
    threads = [threading.Thread(target=wakeup.wait, args=(LONG_S,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(4):
        wakeup.notify(f"job-{number}")
    for thread in threads:
        thread.join(SOON_S)
    assert not any(thread.is_alive() for thread in threads)


def test_reminder_during_a_wait_ends_it_soon(wakeup: Wakeup) -> None:
    """Saying again is saying."""
    timer = threading.Timer(0.1, wakeup.remind, [["job", "other"]])
    timer.start()
    assert waited_s(wakeup, LONG_S) < SOON_S
    timer.join()


def test_reminder_of_nothing_wakes_nobody(wakeup: Wakeup) -> None:
    """No job waits."""
    wakeup.wait(0)
    wakeup.remind([])
    assert waited_s(wakeup, 0.05) >= 0.045


def test_calls_that_nobody_hears_never_block(wakeup: Wakeup, kind: str) -> None:
    """100 000 calls fill no pipe for good and raise nothing."""
    wakeup.wait(0)
    for _ in range(CALLS.get(kind, 100_000)):
        wakeup.notify("job")
    assert waited_s(wakeup, LONG_S) < SOON_S


def test_pipe_wakes_another_process_before_its_poll(tmp_path: Path) -> None:
    """Half of 20 wake-ups come long before the 20 s after which the waiting process would look by itself."""
    program = (
        "import sys, time, pathlib; from manimatic.wakeup import PollingWakeup\n"
        "w = PollingWakeup(pathlib.Path(sys.argv[1])); w.wait(0); print('ready', flush=True)\n"
        "for _ in range(20): w.wait(20); print(time.monotonic(), flush=True)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    wakeup, took = PollingWakeup(tmp_path), []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        for _ in range(20):
            time.sleep(0.01)
            started = time.monotonic()
            wakeup.notify("job")
            took.append(float(child.stdout.readline()) - started)
    assert sorted(took)[10] < 10


def test_pipe_that_was_removed_is_made_again(tmp_path: Path) -> None:
    """Emptying the data folder under a running dispatcher costs one poll, not every wake-up after it."""
    wakeup = PollingWakeup(tmp_path)
    wakeup.wait(0)
    (tmp_path / "wakeup.fifo").unlink()
    wakeup.notify("lost")
    wakeup.wait(0)
    wakeup.notify("heard")
    assert waited_s(wakeup, LONG_S) < SOON_S
    wakeup.close()


def test_file_in_the_pipes_place_is_left_alone(tmp_path: Path) -> None:
    """A planted file is neither written to nor read; waits are plain sleeps."""
    planted = tmp_path / "wakeup.fifo"
    planted.write_text("mine")
    wakeup = PollingWakeup(tmp_path)
    wakeup.notify("job")
    assert waited_s(wakeup, 0.05) >= 0.045
    assert planted.read_text() == "mine"


def test_folder_without_room_for_a_pipe_makes_waits_sleeps(tmp_path: Path) -> None:
    """Where the folder cannot be made, calls and waits still work."""
    (tmp_path / "file").touch()
    wakeup = PollingWakeup(tmp_path / "file" / "data")
    wakeup.notify("job")
    assert waited_s(wakeup, 0.05) >= 0.045


def test_waiting_leaks_no_descriptors(tmp_path: Path) -> None:
    """A hundred waits and closes leave as many open files as before."""
    wakeup = PollingWakeup(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(100):
        wakeup.wait(0)
    wakeup.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# ---------------------------------------------------------------- messages in Redis


@pytest.fixture
def sender(redis: Redis) -> Iterator[CeleryWakeup]:
    """Give a wake-up on an empty Redis that nobody takes messages from."""
    redis.flush()
    made = CeleryWakeup(make_sender(redis.url, 900), InProcessWakeup())
    yield made
    made.close()
    redis.flush()


def test_message_holds_the_jobs_id_and_nothing_else(sender: CeleryWakeup, redis: Redis) -> None:
    """Neither the prompt nor code nor any key passes through Redis."""
    sender.notify("job-1")
    with redis.client() as client:
        message = json.loads(client.lindex("manimatic", 0) or b"")  # type: ignore[arg-type]
    assert json.loads(base64.b64decode(message["body"]))[:2] == [["job-1"], {}]
    assert (message["content-type"], message["headers"]["task"]) == ("application/json", "manimatic.wake")


def test_reminder_sends_what_is_missing(sender: CeleryWakeup, redis: Redis) -> None:
    """What still lies there is enough for as many jobs, so that reminders do not pile up."""
    jobs = [f"job-{number}" for number in range(10)]
    for job_id in jobs[:4]:
        sender.notify(job_id)
    for _ in range(3):
        sender.remind(jobs)
        assert redis.messages() == 10
    redis.flush()
    sender.remind(jobs)
    assert redis.messages() == 10


def test_full_redis_is_no_error(sender: CeleryWakeup, redis: Redis) -> None:
    """It refuses to take more; the job is kept all the same."""
    with redis.client() as client:
        client.config_set("maxmemory", "1")
        sender.notify("job")
        sender.remind(["job"])
        client.config_set("maxmemory", "0")
    assert redis.messages() == 0


def test_sender_goes_on_with_a_redis_that_was_started_again(redis: Redis, sender: CeleryWakeup) -> None:
    """The connection that it had is gone; the first message after that gets through."""
    sender.notify("before")
    redis.stop(signal.SIGKILL)
    redis.start()
    sender.notify("after")
    assert redis.messages() == 1
