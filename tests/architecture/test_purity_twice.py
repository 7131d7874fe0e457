"""What may be jumped through is written twice, since fastmanim and the worker know nothing of each other yet."""

from __future__ import annotations

from source_tree import ROOT

PLACES = ("fastmanim/src/fastmanim/purity.py", "worker/src/manimatic_worker/rehearsal/pure.py")


def test_both_say_the_same() -> None:
    """A rule that is added to one alone would make a rehearsal and a render differ."""
    ours, theirs = ((ROOT / place).read_text().partition("from __future__")[2] for place in PLACES)
    assert ours == theirs
