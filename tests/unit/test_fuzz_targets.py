"""What the fuzzer feeds, fed with its own seeds, with seeds that are shaken, and with what it once found."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manimatic_worker.protocol import HEADER
from script_modules import SCRIPT, load

MODULE = load("fuzz_targets", SCRIPT / "fuzz_targets.py")
TARGETS = MODULE.TARGETS


def message(text: str) -> bytes:
    """Give a message of the wire."""
    return HEADER.pack(b"J", len(text.encode())) + text.encode()


FOUND = {
    "progress without its line": ("dispatcher", message('{"type": "progress", "animation": 1, "video_s": 0.5}')),
    "progress that is text": (
        "dispatcher",
        message('{"type": "progress", "animation": "1", "video_s": {}, "line": null}'),
    ),
    "log of half a character": ("dispatcher", message('{"type": "log", "text": "\\ud800"}')),
    "log of a number": ("dispatcher", message('{"type": "log", "text": 7}')),
    "begin of nothing": ("dispatcher", message('{"type": "begin"}')),
    "result that is a list": ("dispatcher", message('{"type": "result", "result": []}')),
    "result with an ill-typed field": (
        "dispatcher",
        message('{"type": "result", "result": {"verdict": "ok", "message": 7}}'),
    ),
    "error whose message is a number": ("dispatcher", message('{"type": "error", "message": 7, "hint": []}')),
}


@pytest.mark.parametrize(("target", "data"), FOUND.values(), ids=FOUND)
def test_what_broke_a_promise_once_keeps_it(target: str, data: bytes) -> None:
    """Each of these ended in an exception that nobody had declared."""
    TARGETS[target].feed(data)


@pytest.mark.parametrize("target", TARGETS)
def test_seeds_are_taken_and_shaken_ones_break_nothing(target: str) -> None:
    """A first look, without a fuzzer: some bytes changed, cut out or doubled."""
    chosen = TARGETS[target]
    seeds = list(chosen.seeds())
    for seed in seeds:
        assert len(seed) <= chosen.max_bytes
        chosen.feed(seed)

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(st.sampled_from(seeds), st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(max_size=4)), max_size=4))
    def shake(seed: bytes, changes: list[tuple[int, bytes]]) -> None:
        data = seed
        for place, new in changes:
            at = place % (len(data) + 1)
            data = data[:at] + new + data[at + place % 5 :]
        chosen.feed(data)

    shake()


def test_planted_fault_is_one() -> None:
    """What shows that the fuzzer finds something: a target that does not bear one word."""
    MODULE.PLANTED["planted"].feed(b"x y")
    with pytest.raises(AssertionError):
        MODULE.PLANTED["planted"].feed(b"..xy..")
