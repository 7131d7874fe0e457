"""A limit is where it is said to be: what is allowed is given, and not more."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from conformance_types import Trial, Trials
from manimatic.verdicts import Verdict
from sandbox_bench import SLOWDOWN

MIB = 1024**2
GROWS = """
held = []
def anonymous():
    for line in open("/proc/self/status"):
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
while self:
    held.append(b"x" * (4 << 20))
    print(anonymous())
"""
SPINS = "import os\nos.fork()\nwhile self:\n    pass\n"
FORKS = """
import os, time
made = 0
try:
    while made < 400:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        made += 1
except OSError:
    print("made", made)
    raise ValueError(self)
"""
DELIVERS = """
import os, struct
def say(kind, data):
    data = struct.pack(">cI", kind, len(data)) + data
    while data:
        data = data[os.write(101, data):]
say(b"J", b'{"type": "begin", "kind": "part"}')
left = SIZE
while left:
    say(b"A", bytes(min(left, 200_000)))
    left -= min(left, 200_000)
say(b"J", b'{"type": "end"}')
raise ValueError(self)
"""


def test_memory_is_given_up_to_its_limit_and_not_beyond(trial: Trial) -> None:
    """Within five in a hundred, counted by what the guest itself has touched."""
    limit = 768 * MIB
    result = trial.run(GROWS, memory_bytes=limit)
    assert result.verdict is Verdict.MEMORY_LIMIT, (result, trial.heard.text[-500:])
    assert int(trial.heard.text.split()[-1]) == pytest.approx(limit, rel=0.05)


def test_wall_clock_ends_a_run_within_a_second(trial: Trial) -> None:
    """Neither early nor late; the processes are gone by then."""
    limit_s = 6.0 * SLOWDOWN
    started = time.monotonic()
    result = trial.run("while self:\n    pass\n", timeout_s=limit_s)
    took_s = time.monotonic() - started
    assert result.verdict is Verdict.TIMEOUT
    assert limit_s <= result.figures["wall_s"] <= limit_s + 1
    assert took_s <= limit_s + 1.5


def test_cpu_share_is_what_was_asked_for(trials: Trials) -> None:
    """Two busy processes get no more than a tenth above it, and no less than a tenth below where the machine has it."""
    cores, shares = 0.4, []
    for _ in range(3):
        trial, before = trials.new(), _idle_s()
        result = trial.run(SPINS, timeout_s=8.0, cpu_cores=cores)
        assert result.verdict is Verdict.TIMEOUT
        shares.append(result.figures["cpu_s"] / result.figures["wall_s"])
        assert shares[-1] <= cores * 1.1
        if shares[-1] >= cores * 0.9:
            return
        had_time = _idle_s() - before > 0.1 * result.figures["wall_s"]
        assert not had_time, f"the machine was idle, yet the run got {shares[-1]:.2f} of {cores} cores"


def _idle_s() -> float:
    """Return for how long this machine's processors had nothing to do."""
    return int(Path("/proc/stat").read_text().split(maxsplit=5)[4]) / 100


@pytest.mark.parametrize("more", [0, 1])
def test_log_is_kept_to_the_byte(trial: Trial, more: int) -> None:
    """As many bytes as allowed pass, one more ends the run."""
    limit = 20_000
    code = f"import sys\nsys.stdout.write('x' * {limit - 1 + more} + '\\n')\nself.wait(0.1)\n"
    result = trial.run(code, max_log_bytes=limit)
    assert result.verdict is (Verdict.OUTPUT_LIMIT if more else Verdict.OK), (result, trial.heard.text[-300:])
    assert len(trial.heard.text) == limit


@pytest.mark.parametrize("more", [0, 1])
def test_artefacts_leave_to_the_byte(trial: Trial, more: int) -> None:
    """As many bytes as allowed leave; with one more the artefact does not."""
    limit = 3 * MIB + 17
    result = trial.run(DELIVERS.replace("SIZE", str(limit + more)), max_artefact_bytes=limit)
    assert result.verdict is (Verdict.OUTPUT_LIMIT if more else Verdict.SCENE_ERROR), result
    assert [item.bytes for item in result.artefacts] == ([] if more else [limit])
    assert sum(path.stat().st_size for path in trial.folder.iterdir()) == (0 if more else limit)


def test_processes_are_given_up_to_their_limit_and_not_beyond(trial: Trial) -> None:
    """The sandbox's own few processes count too."""
    result = trial.run(FORKS, max_processes=60)
    assert result.verdict is Verdict.PROCESS_LIMIT, result
    assert 60 - 8 <= int(trial.heard.text.rpartition("made ")[2]) < 60


@pytest.mark.parametrize(("share", "verdict"), [(0.9, Verdict.OK), (1.1, Verdict.DISK_LIMIT)])
def test_disk_is_given_up_to_its_limit_and_not_beyond(trial: Trial, share: float, verdict: Verdict) -> None:
    """A tenth below fits, a tenth above does not."""
    limit = 64 * MIB
    code = f"open('fill', 'wb').write(bytes({int(limit * share)}))\nimport time\ntime.sleep(0.5)\nself.wait(0.1)\n"
    result = trial.run(code, disk_bytes=limit)
    assert result.verdict is verdict, result
