"""The proof in an emulated machine: what it starts there, and what it makes of what it hears."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from script_modules import SCRIPT, load


@pytest.fixture
def guest() -> Iterator[Any]:
    """What runs inside."""
    yield load("cgroup2_guest", SCRIPT / "cgroup2_guest.py")
    del sys.modules["cgroup2_guest"]


@pytest.fixture
def host() -> Iterator[Any]:
    """What boots the machine."""
    for name in ("fresh_root", "proving"):
        load(name, SCRIPT / f"{name}.py")
    yield load("prove_cgroup2", SCRIPT / "prove-cgroup2")
    for name in ("fresh_root", "proving", "prove_cgroup2"):
        del sys.modules[name]


def test_every_place_of_a_service_is_tried(guest: Any) -> None:
    """Root's service, a login, a user's service, and none; the words of a command stay what they are."""
    places = {place.title: place for place in guest.places("someone")}
    argv = ["python", "-c", "print('a b')"]
    as_root = places["root's service"].command(argv)
    assert as_root[0] == "systemd-run"
    assert "--property=Delegate=yes" in as_root
    assert as_root[-3:] == argv
    *start, line = places["user's service"].command(argv)
    assert start == ["runuser", "--login", "someone", "--command"]
    assert shlex.split(line)[-3:] == argv
    assert [len(guest.steps(place)) for place in places.values()] == [4, 3, 3, 1]


@pytest.mark.parametrize(
    ("code", "wanted", "passed"),
    [("print('3 passed')", r"\d+ passed", True), ("print('3 failed')", r"\d+ passed", False), ("1/0", "", False)],
)
def test_step_passes_when_it_ends_well_and_shows_what_it_must(guest: Any, code: str, wanted: str, passed: bool) -> None:
    """Either alone is not enough."""
    row = guest.take("a step", [sys.executable, "-c", code], wanted)
    assert (row["title"], row["passed"]) == ("a step", passed)


def test_rows_are_read_as_they_come_until_the_machine_is_off(host: Any, tmp_path: Path) -> None:
    """A line may come in pieces."""
    said = tmp_path / "said"
    said.touch()
    rows = [{"title": "one", "passed": True, "seconds": 1.0, "note": ""}, {"is_over": True}]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    program = (
        "import sys, time\nout = open(sys.argv[1], 'a')\n"
        "for piece in (sys.argv[2][:9], sys.argv[2][9:]):\n    out.write(piece); out.flush(); time.sleep(0.6)"
    )
    machine = subprocess.Popen([sys.executable, "-c", program, str(said), text])
    assert list(host.follow(machine, said, time.monotonic())) == rows
    machine.wait()


def test_machine_has_no_network_and_keeps_its_disk(host: Any, tmp_path: Path) -> None:
    """What runs inside reaches nothing, and a kept image stays what it was."""
    words = host.machine(tmp_path / "disk", tmp_path / "tar", tmp_path / "console", tmp_path / "said", "")
    assert words[words.index("-nic") + 1] == "none"
    assert "tcg,thread=multi" in words
    drives = [words[at + 1] for at, word in enumerate(words) if word == "-drive"]
    assert ["snapshot=on" in drive or "readonly=on" in drive for drive in drives] == [True, True]
