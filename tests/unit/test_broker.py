"""The wake-up through a broker: what a message holds, what a reminder sends, and a broker that is away."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clocks import Clock
from harness.servers import free_port
from manimatic.errors import BrokerError, SettingsError, StoreError
from manimatic.wakeup import InProcessWakeup
from manimatic.wakeup.broker import QUIET_S, CeleryWakeup, make_receiver, make_sender, waiting_messages
from manimatic.wakeup.worker import Stopping, _Task

SECRET = "s3cret-w0rd"
JOB_TIMEOUT_S = 900.0


@pytest.fixture
def away() -> str:
    """Give the address of a broker that nobody runs."""
    return f"redis://:{SECRET}@127.0.0.1:{free_port()}/0"


@pytest.fixture
def told() -> list[str]:
    """Collect what the operator is told."""
    return []


@pytest.fixture
def clock() -> Clock:
    """Give the clock of the wake-up."""
    return Clock()


@pytest.fixture
def make(told: list[str], clock: Clock) -> Iterator[Callable[[str], CeleryWakeup]]:
    """Give what makes wake-ups and closes them."""
    made: list[CeleryWakeup] = []

    def one(url: str) -> CeleryWakeup:
        made.append(CeleryWakeup(make_sender(url, JOB_TIMEOUT_S), InProcessWakeup(), told.append, clock))
        return made[-1]

    yield one
    for wakeup in made:
        wakeup.close()


@pytest.mark.parametrize("url", ["", "nonsense", "amqp://host", "http://127.0.0.1", "memory://", "filesystem://"])
def test_address_of_no_redis_is_refused(url: str) -> None:
    """Other brokers of Celery's have other promises."""
    with pytest.raises(SettingsError, match="MANIMATIC_BROKER_URL"):
        make_sender(url, JOB_TIMEOUT_S)


def test_broker_that_is_away_costs_one_try_and_one_line(
    make: Callable[[str], CeleryWakeup], away: str, told: list[str], clock: Clock
) -> None:
    """The next calls do not wait for it; after a while it is tried again. Its password is in no line."""
    wakeup = make(away)
    started = time.monotonic()
    for _ in range(100):
        wakeup.notify("job")
    assert time.monotonic() - started < 5
    assert len(told) == 1
    clock.pass_s(QUIET_S)
    wakeup.notify("job")
    assert len(told) == 2
    assert all(line.startswith("broker_error: redis://:**@127.0.0.1") for line in told)
    assert SECRET not in "".join(told)


def test_reminder_of_a_broker_that_is_away_is_no_error(
    make: Callable[[str], CeleryWakeup], away: str, told: list[str]
) -> None:
    """The upkeep has other things to do."""
    make(away).remind(["a", "b"])
    assert len(told) == 1


def test_counting_at_a_broker_that_is_away_says_so(away: str) -> None:
    """For `doctor`."""
    app = make_sender(away, JOB_TIMEOUT_S)
    with pytest.raises(BrokerError) as caught:
        waiting_messages(app)
    assert SECRET not in str(caught.value)
    assert "MANIMATIC_BROKER_URL" in caught.value.hint
    app.close()


@pytest.mark.parametrize("job_timeout_s", [1.0, 900.0, 86_400.0])
def test_message_is_redelivered_only_after_its_job_cannot_run_any_more(job_timeout_s: float) -> None:
    """Redis gives a message to another worker after the visibility timeout, whether it is being worked on or not."""
    conf = make_receiver("redis://127.0.0.1", job_timeout_s).conf
    assert job_timeout_s < conf.task_soft_time_limit < conf.task_time_limit
    assert conf.broker_transport_options["visibility_timeout"] > conf.task_time_limit


def test_worker_takes_messages_late_one_at_a_time_and_as_json_only() -> None:
    """And nothing but messages: no remote control, no results."""
    conf = make_receiver("redis://127.0.0.1", JOB_TIMEOUT_S).conf
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert (conf.accept_content, conf.task_serializer, conf.result_backend) == (["json"], "json", None)
    assert conf.broker_connection_retry_on_startup
    assert not conf.worker_enable_remote_control


def test_process_that_cannot_look_for_a_job_gives_the_message_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is away loses no wake-up."""
    from celery.exceptions import Reject

    monkeypatch.setattr("manimatic.wakeup.worker.AGAIN_S", 0.01)

    def fails(stopping: threading.Event) -> bool:
        raise StoreError

    with pytest.raises(Reject) as caught:
        _Task(lambda: fails, threading.Event())("job")
    assert caught.value.requeue


def test_process_that_is_to_stop_takes_nothing_more() -> None:
    """The message goes to another worker."""
    from celery.exceptions import Reject

    stopping = threading.Event()
    stopping.set()
    with pytest.raises(Reject):
        _Task(lambda: pytest.fail, stopping)("job")


def test_processes_hear_that_their_parent_is_gone(tmp_path: Path) -> None:
    """Also where it was killed and said nothing."""
    said = tmp_path / "said"
    parent = os.fork()
    if parent == 0:
        stopping = Stopping()
        if os.fork() == 0:
            stopping.listen()
            stopping.event.wait(20)
            said.write_text(str(stopping.event.is_set()))
            os._exit(0)
        os.kill(os.getpid(), 9)
    os.waitpid(parent, 0)
    give_up_at = time.monotonic() + 20
    while not (said.exists() and said.read_text()) and time.monotonic() < give_up_at:
        time.sleep(0.01)
    assert said.read_text() == "True"
