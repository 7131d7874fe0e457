"""The states that are drawn are those of the source."""

from __future__ import annotations

import re

from manimatic.jobs import FINAL_STATES, TRANSITIONS, JobState
from source_tree import ROOT

PAGE = (ROOT / "docs/architecture/states.md").read_text(encoding="utf-8")
ARROW = re.compile(r"^    (\[\*\]|\w+) --> (\[\*\]|\w+)$", re.MULTILINE)


def drawn() -> set[tuple[str, str]]:
    """Return the arrows of the drawing."""
    return set(ARROW.findall(PAGE))


def test_drawing_has_exactly_the_arrows_of_the_table() -> None:
    """Every transition is drawn, and nothing else is."""
    arrows = {(state.value, to.value) for state, following in TRANSITIONS.items() for to in following}
    assert {arrow for arrow in drawn() if "[*]" not in arrow} == arrows


def test_drawing_begins_and_ends_where_jobs_do() -> None:
    """Jobs begin as queued and end in the final states."""
    ends = {(state.value, "[*]") for state in FINAL_STATES}
    assert {arrow for arrow in drawn() if "[*]" in arrow} == {("[*]", JobState.QUEUED.value)} | ends


def test_every_state_is_explained() -> None:
    """Each state has a line of its own, with the words of the source."""
    for state in JobState:
        assert re.search(rf"^\| `{state.value}` \| .+ \|$", PAGE, re.MULTILINE), state
