"""The parts of fastmanim, each by itself."""

from __future__ import annotations

import copy
import functools
import importlib
import inspect
import os
import random
import signal
import subprocess
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastmanim.crew import Crew, DrawingFailed
from fastmanim.drawing import parts_of
from fastmanim.foresight import calls_in
from fastmanim.late import matrix_of
from fastmanim.quota import processors
from fastmanim.updating import takes_dt
from manim_quietly import manim

from fastmanim import installation, patching, plugin, suspects

PATCHES = [patch for topic in installation.TOPICS for patch in importlib.import_module(f"fastmanim.{topic}").PATCHES]


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)
def test_patch_was_written_against_the_source_that_is_installed(patch: patching.Patch) -> None:
    """Manim's function is still the one that ours stands for; where it has changed, ours has to be read again."""
    if patch.sha256 != patching.BUILT_IN:
        assert patching.source_hash(patch) == patch.sha256


def test_patches_are_taken_away_but_for_what_others_have_changed() -> None:
    """Manim's own functions come back, and what somebody put in place of ours stays."""
    place = types.ModuleType("place")
    sys.modules["place"] = place
    place.one = place.two = stock = lambda: "stock"  # type: ignore[attr-defined]
    patches = [patching.Patch(module="place", name=name, sha256="", by=lambda: "ours") for name in ("one", "two")]
    applied = patching.apply(patches)
    assert place.one() == "ours"
    place.two = theirs = lambda: "theirs"  # type: ignore[attr-defined]
    patching.revert(applied)
    assert place.one is stock
    assert place.two is theirs


def test_plugin_does_nothing_unless_it_is_asked_for() -> None:
    """Manim looks every installed plugin up."""
    assert plugin.activated is False  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("files", "line", "expected"),
    [
        ({"cpu.max": "150000 100000"}, "0::/", 1),
        ({"cpu.max": "max 100000"}, "0::/", None),
        ({"cpu.max": "100000 100000", "a/cpu.max": "max 100000"}, "0::/a", 1),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu,cpuacct:/", 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, "4:cpu:/", None),
        ({"cpu.max": "50000 100000"}, "0::/", 1),
        ({}, "0::/", None),
    ],
)
def test_processors_follow_the_quota(tmp_path: Path, files: dict[str, str], line: str, expected: int | None) -> None:
    """Of this group and those above it, in both versions; no quota leaves what the affinity allows."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "self").write_text(line + "\n")
    assert processors(tmp_path, tmp_path / "self") == (expected or len(os.sched_getaffinity(0)))


class Holder:
    """Has methods that take time steps."""

    def turn(self, dt: float) -> None:
        """Take one."""

    def dt(dt) -> None:  # type: ignore[misc]  # noqa: N805
        """Take none but itself."""


@functools.wraps(Holder.turn)
def wrapped(*args: Any) -> None:
    """Take what the wrapped one takes."""


@pytest.mark.parametrize(
    "updater",
    [
        lambda m: m,
        lambda m, dt: m,
        lambda m, dt=1: m,
        lambda m, *dt: m,
        lambda m, **dt: m,
        lambda m, *, dt: m,
        lambda m, d: [dt + 1 for dt in (m, d)],
        Holder().turn,
        Holder().dt,
        wrapped,
        functools.partial(lambda dt, m: m, 1),
        np.add,
    ],
)
def test_updaters_that_take_dt_are_known(updater: Callable[..., Any]) -> None:
    """As `inspect.signature` knows them."""
    try:
        expected = "dt" in inspect.signature(updater).parameters
    except ValueError:
        with pytest.raises(ValueError, match="signature"):
            takes_dt(updater)
    else:
        assert takes_dt(updater) == expected


def test_copies_share_nothing_that_changes() -> None:
    """A copy of ours has what a copy of Manim's has, and arrays, lists and submobjects of its own."""
    from fastmanim.copying import deepcopy_mobject

    Mobject = manim.Mobject  # noqa: N806
    group = manim.VGroup(manim.Text("ab", color=manim.RED), manim.Text("c"))
    group.kept = {"first": group[0], "list": [group[1]]}  # type: ignore[attr-defined]
    group.same = group[0].points  # type: ignore[attr-defined]
    stock_copy = copy.deepcopy(group)
    stock, Mobject.__deepcopy__ = Mobject.__deepcopy__, deepcopy_mobject
    try:
        ours = copy.deepcopy(group)
    finally:
        Mobject.__deepcopy__ = stock
    for one, other, source in zip(ours.get_family(), stock_copy.get_family(), group.get_family(), strict=True):
        assert one is not source
        assert one.original_id == other.original_id
        assert vars(one).keys() == vars(other).keys()
        for name, value in vars(one).items():
            if isinstance(value, np.ndarray):
                assert (value == vars(other)[name]).all()
                assert not np.shares_memory(value, vars(source)[name]) or value.size == 0
            if isinstance(value, list):
                assert value is not vars(source)[name]
    assert ours.kept["first"] is ours[0]
    assert ours.kept["list"][0] is ours[1]
    assert ours.same is not group.same


def test_rotations_are_scipys_to_the_last_bit() -> None:
    """Those of any angle, of none, of nearly none, and about an axis."""
    from scipy.spatial.transform import Rotation

    numbers = np.random.default_rng(0)
    vectors = [numbers.normal(size=3) * scale for scale in (1, 5, 1e-4, 0) for _ in range(500)]
    vectors += [np.array(axis) * angle for axis in np.eye(3) for angle in np.linspace(-7, 7, 99)]
    for vector in vectors:
        theirs = Rotation.from_rotvec(vector).as_matrix()
        assert np.array(matrix_of(vector.tolist())).tobytes() == theirs.tobytes(), vector


LATE = """
import sys
from fastmanim.late import import_manim
import_manim()
assert not {"scipy", "networkx", "bs4"} & sys.modules.keys()
from manim import *
from manim.utils.space_ops import Rotation
graph = Graph([1, 2, 3], [(1, 2)], layout="circular")
code = Code(code_string="a = 1", language="python")
import networkx, bs4
from manim.mobject.text.code_mobject import Tag
assert isinstance(bs4.BeautifulSoup("<a>b</a>", "html.parser").a, Tag) and not isinstance(1, Tag)
assert networkx.Graph is type(graph._graph)
turn = Rotation.from_rotvec([0, 0, PI])
assert abs(Rotation.from_rotvec(np.array([0, 0, PI])).magnitude() - turn.magnitude()) < 1e-12
"""


def test_libraries_that_are_loaded_late_are_there_when_they_are_used() -> None:
    """Manim does without them until then, and whoever imports them gets them."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", LATE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


FORMULAS = """
MathTex(r"a^2", "b", color=RED)
x = 3
MathTex(f"{x}"), MathTex("c", tex_template=mine), Tex("d", tex_environment="flushleft"), other.Tex("e"), Tex()
"""


def test_formulas_are_foreseen_where_they_stand_as_texts() -> None:
    """And not where their text or what decides it is worked out."""
    assert list(calls_in(FORMULAS)) == [
        ("MathTex", ["a^2", "b"], {}),
        ("Tex", ["d"], {"tex_environment": "flushleft"}),
    ]


LISTED = r"""
names = {"first": r"\frac12", "second": "one half"}
for text in ["x^2", f"{names}^2", "plain"]:
    MathTex(text)
"""


def test_formulas_are_foreseen_in_lists_where_a_variable_is_made_a_formula() -> None:
    """As far as they look like TeX."""
    assert [texts for _, texts, _ in calls_in(LISTED)] == [[r"\frac12"], ["x^2"]]
    assert not list(calls_in(LISTED.replace("MathTex", "Text")))


SUSPICIOUS = """
import threading
def made():
    class Inner:
        def run(self): return threading.Thread(target=print)
    return Inner
"""


def test_suspicious_names_are_found_wherever_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within functions within classes, in the file or in a module without one."""
    for name, path in (("with_file", tmp_path / "with_file.py"), ("without", None)):
        module = types.ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        if path:
            path.write_text(SUSPICIOUS)
            module.__file__ = str(path)
        exec(SUSPICIOUS, vars(module))  # noqa: S102
        assert "Thread" in {name for code in suspects._codes_of(module) for name in code.co_names}


def test_plays_are_divided_without_gaps() -> None:
    """Each frame belongs to one part, and short plays stay whole."""
    assert [(part.first, part.last) for part in parts_of(100, Path("a.mp4"), 3)] == [(0, 33), (33, 67), (67, 100)]
    assert [part.path.name for part in parts_of(59, Path("a.mp4"), 4)] == ["a.mp4"]


def _crew() -> tuple[Crew, list[Path]]:
    done: list[Path] = []
    return Crew(2, done.append), done


def test_crew_does_work_in_processes_of_their_own(tmp_path: Path) -> None:
    """With the random numbers of this one, and no more at once than there are places."""
    crew, done = _crew()
    random.seed(3)
    for number in range(5):
        segment = tmp_path / str(number)
        crew.send(segment, lambda segment=segment: segment.write_text(f"{os.getpid()} {random.random()}"))  # type: ignore[misc]
    crew.finish()
    written = [path.read_text().split() for path in sorted(tmp_path.iterdir())]
    assert len(done) == len({pid for pid, _ in written}) == 5
    assert {float(number) for _, number in written} == {random.Random(3).random()}


def test_crew_raises_what_a_process_raised() -> None:
    """With its message, and where it happened."""
    crew, _ = _crew()
    crew.send(Path("a"), lambda: [][1])
    with pytest.raises(IndexError, match="list index out of range") as caught:
        crew.finish()
    assert "test_parts" in caught.value.__notes__[0]


def test_crew_tells_of_a_process_that_was_killed() -> None:
    """Nothing that it was to draw is taken for drawn."""
    crew, done = _crew()
    crew.send(Path("a"), lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(DrawingFailed, match="signal 9"):
        crew.finish()
    assert done == []


def test_crew_abandons_work() -> None:
    """Its processes end at once."""
    crew, done = _crew()
    crew.send(Path("a"), lambda: time.sleep(60))
    began = time.monotonic()
    crew.abandon(Path("a"))
    crew.finish()
    assert time.monotonic() - began < 10
    assert done == []


ORPHANS = """
import os, time
from pathlib import Path
from fastmanim.crew import Crew
def work():
    os.write(3, f"{os.getpid()}\\n".encode())
    time.sleep(60)
Crew(2, print).send(Path("a"), work)
time.sleep(60)
"""


def test_crew_ends_with_its_parent() -> None:
    """A parent that is killed leaves no process behind."""
    read, write = os.pipe()

    def take_three() -> None:
        os.dup2(write, 3)

    process = subprocess.Popen([sys.executable, "-c", ORPHANS], pass_fds=(3,), preexec_fn=take_three)
    os.close(write)
    with os.fdopen(read) as told:
        told.readline()
        process.kill()
        process.wait()
        assert told.read() == ""  # its end of the pipe is closed by nothing but its end
