"""Not one byte of what a run says and delivers is lost; `CONFORMANCE_RUNS` says in how many runs."""

from __future__ import annotations

import hashlib
import os
import random

import pytest
from conformance_types import Trials
from manimatic.verdicts import Verdict

RUNS = int(os.environ.get("CONFORMANCE_RUNS", "4"))
SPEAKS = """
import os, random, struct, sys
source = random.Random(SEED)
def say(kind, data):
    data = struct.pack(">cI", kind, len(data)) + data
    while data:
        data = data[os.write(101, data):]
for number in range(source.randrange(2000)):
    print(f"{number:06d}")
for part in range(2):
    say(b"J", b'{"type": "begin", "kind": "part"}')
    for _ in range(source.randrange(9)):
        say(b"A", source.randbytes(source.randrange(200_000)))
    say(b"J", b'{"type": "end"}')
last = "".join(f"{number:07d}\\n" for number in range(source.randrange(1 << 13)))
"""
ENDS = (
    ("self.wait(0.1)\nsys.stdout.write(last)\n", Verdict.OK),
    ("sys.stdout.write(last)\nsys.stdout.flush()\nraise ValueError(self)\n", Verdict.SCENE_ERROR),
    ("sys.stdout.write(last)\nsys.stdout.flush()\nos._exit(hash(self) % 1 + 1)\n", Verdict.CRASHED),
    ("sys.stdout.write(last)\nsys.stdout.flush()\nos.kill(os.getpid(), self and 9)\n", Verdict.CRASHED),
)
"""Every way in which a worker goes away right after its last words."""


@pytest.mark.parametrize("number", range(RUNS))
def test_all_that_a_run_says_and_delivers_arrives(trials: Trials, number: int) -> None:
    """Numbered lines, parts of random bytes, and up to a pipe's whole capacity as last words."""
    end, verdict = ENDS[number % len(ENDS)]
    trial = trials.new()
    result = trial.run(SPEAKS.replace("SEED", str(number)) + end, max_log_bytes=1 << 20)
    text, parts = _expected(number)
    assert result.verdict is verdict, (result, trial.heard.text[-500:])
    assert trial.heard.text == text
    delivered = [item.path.read_bytes() for item in result.artefacts if item.kind == "part"][:2]
    assert [hashlib.sha256(part).hexdigest() for part in delivered] == parts


def _expected(seed: int) -> tuple[str, list[str]]:
    """Return the text and the digests of the parts that the scene makes from a seed."""
    source = random.Random(seed)
    text = "".join(f"{number:06d}\n" for number in range(source.randrange(2000)))
    parts = []
    for _ in range(2):
        pieces = [source.randbytes(source.randrange(200_000)) for _ in range(source.randrange(9))]
        parts.append(hashlib.sha256(b"".join(pieces)).hexdigest())
    return text + "".join(f"{number:07d}\n" for number in range(source.randrange(1 << 13))), parts
