"""Every scene of the zoo ends in the verdict that its first line names, and leaves nothing behind."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import pytest
from manimatic.rehearsal import Rehearse
from manimatic.sandbox.runtime import runtime_root
from manimatic.sandbox.slots import FIRST_UID, SLOTS
from manimatic.verdicts import Verdict
from sandbox_bench import SLOWDOWN, SMALL, Bench, groups_of
from zoo import ONE_OF_EACH, ZOO, facts_of, promised, scenes, source_of

SHORT_S = 15.0 * SLOWDOWN
"""Wall-clock limit of the scenes that never end: room for the start on a busy machine."""


@pytest.mark.parametrize("path", scenes(), ids=lambda path: path.stem)
def test_a_scene_of_the_zoo_gets_its_verdict(each_bench: Bench, path: Path) -> None:
    """The verdict, the line, the scene's name and the delivered parts are as promised.

    On bubblewrap with a rehearsal before, as jobs have it; elsewhere without, which must come to the same.
    """
    bench = each_bench
    backend = bench.sandbox.describe()["backend"]
    facts = promised(backend, path)
    limits = dataclasses.replace(SMALL, timeout_s=SHORT_S) if facts["verdict"] == "timeout" else SMALL
    rehearse = Rehearse.BRIEFLY if backend == "bubblewrap" else Rehearse.NO

    result = bench.run(source_of(path), limits=limits, rehearse=rehearse)

    assert result.verdict == facts["verdict"], (result.message, bench.heard.text[-2000:])
    if "line" in facts:
        assert result.line == int(facts["line"])
    if "scene" in facts:
        assert result.scene == facts["scene"]
    parts = [item for item in result.artefacts if item.kind == "part"]
    assert len(parts) >= int(facts.get("parts", 0))
    assert (result.video is not None) == (result.verdict is Verdict.OK)
    assert_nothing_is_left(bench)


def assert_nothing_is_left(bench: Bench) -> None:
    """No process of a slot's uid, no resource group of the run."""
    uids = {f"\nUid:\t{FIRST_UID + number}\t" for number in range(SLOTS)}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        assert bench.run_id not in text
        held = [uid for uid in uids if uid in text]
        assert not held or "\nState:\tZ" in text or not _is_of_this_run(status, bench)
    assert not groups_of(bench.run_id)
    assert not list((runtime_root() / "runs").glob(f"*{bench.run_id}"))


def _is_of_this_run(status: Path, bench: Bench) -> bool:
    """Tell by its groups; other test processes may run sandboxes at the same time."""
    try:
        return bench.run_id in (status.parent / "cgroup").read_text()
    except OSError:
        return False


def test_every_scene_of_the_zoo_names_its_verdict() -> None:
    """A file without a verdict is no test."""
    for path in scenes():
        assert facts_of(path)["verdict"] in Verdict.__members__.values(), path


def test_the_zoo_has_every_verdict_that_a_scene_can_reach() -> None:
    """Each verdict but `sandbox_error`, which is ours, has a scene."""
    reached = {facts_of(path)["verdict"] for path in scenes()}
    assert reached == {verdict.value for verdict in Verdict} - {"sandbox_error"}


def test_one_of_each_kind_has_every_verdict() -> None:
    """Where not the whole zoo runs, no verdict is left out that a scene of the whole zoo reaches in the same way."""
    chosen = {facts_of(ZOO / f"{name}.py")["verdict"] for name in ONE_OF_EACH}
    assert {verdict.value for verdict in Verdict} - chosen == {"sandbox_error"}


def test_scenes_that_parse_are_python() -> None:
    """Only the scenes about syntax may fail to parse."""
    for path in ZOO.glob("[!f]*.py"):
        ast.parse(path.read_text())


def test_nothing_is_compiled_at_the_start_of_a_run(each_bench: Bench) -> None:
    """A guest cannot keep byte code, so what has none when it comes would cost its time in every run."""
    looks = "[m for m in list(sys.modules.values()) if getattr(m, '__cached__', None)]"
    code = f"import os, sys\nfrom manim import *\nfound = {looks}\n"
    code += "bare = sorted(m.__name__ for m in found if not os.path.exists(m.__cached__))\n"
    code += "print('without', bare, len(found) > 500)\n"
    each_bench.run(code + "class A(Scene):\n    def construct(self):\n        self.wait(0.1)\n")
    assert "without [] True" in each_bench.heard.text
