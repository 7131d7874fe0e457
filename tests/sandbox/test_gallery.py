"""The recipes of the gallery, rehearsed in the real sandbox, each in one of the three frames that it is drawn for.

All three would take minutes; `script/bench gallery` rehearses them, and the ends of all parameters, too.
"""

from __future__ import annotations

import dataclasses

import pytest
from manimatic.jobs import Options, Quality
from manimatic.rehearsal import Rehearse
from manimatic.verdicts import Verdict
from sandbox_bench import SMALL, Bench
from source_tree import ROOT

FRAMES = ("16:9", "9:16", "1:1")
NAMES = sorted(path.parent.name for path in ROOT.glob("examples/*/scene.py"))
ROOMY = dataclasses.replace(SMALL, timeout_s=300)
"""Most of the time goes into compiling formulas; on a busy machine that takes long."""
LENGTH_S = (7.5, 26.0)
"""The 8 to 25 seconds of examples/README.md, rounded."""


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("name", "frame"), [(name, FRAMES[place % len(FRAMES)]) for place, name in enumerate(NAMES)], ids=NAMES
)
def test_recipe_is_clean_and_as_long_as_a_recipe_is(bench: Bench, name: str, frame: str) -> None:
    """Nothing over something else, off the frame or too small, in the frame that is its turn."""
    code = (ROOT / "examples" / name / "scene.py").read_text(encoding="utf-8")
    options = Options(quality=Quality.LOW, aspect_ratio=frame, seed=1)
    result = bench.run(code, rehearse=Rehearse.ONLY, options=options, limits=ROOMY)
    assert result.verdict == Verdict.OK, result.message
    assert result.rehearsal is not None
    assert [f"{found.rule}: {found.message}" for found in result.rehearsal.findings] == []
    assert LENGTH_S[0] <= result.rehearsal.duration_s <= LENGTH_S[1]
