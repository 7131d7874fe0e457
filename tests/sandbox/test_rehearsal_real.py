"""Scenes are rehearsed in the worker that then renders them, in the real sandbox."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from manimatic.jobs import Options, Quality
from manimatic.ports import RunResult
from manimatic.rehearsal import Rehearse
from manimatic.verdicts import Verdict
from sandbox_bench import SLOWDOWN, SMALL, Bench
from zoo import ZOO, facts_of, source_of

HERE = Path(__file__).resolve().parent.parent
SHORT_S = 15.0 * SLOWDOWN
"""Wall-clock limit of the scenes that never end: room for the start on a busy machine."""
LAYOUT = """from manim import *
class A(Scene):
    def construct(self):
        title = Text("Areas")
        formula = MathTex("a^2")
        self.play(Write(title), run_time=0.3)
        self.play(FadeIn(formula), run_time=0.3)
        labels = VGroup(Text("far"))
        labels[0].shift(RIGHT * 20)
        self.add(labels)
        self.wait(1)
"""
KEEPS_STATE = """import json, os, random
from pathlib import Path
import manim
from manim import *
os.environ["RUNS"] = str(int(os.environ.get("RUNS", 0)) + 1)
manim.Square.runs = getattr(manim.Square, "runs", 0) + 1
config.background_color = "#101020"
def once_more(kept=[]):
    kept.append(1)
    return len(kept)
class A(Scene):
    def construct(self):
        note = Path("note.txt")
        before = int(note.read_text()) if note.exists() else 0
        note.write_text(str(before + 1))
        seen = [manim.Square.runs, int(os.environ["RUNS"]), once_more(), before]
        print("seen", seen, random.random(), np.random.rand())
        dots = VGroup(*[Dot([random.uniform(-5, 5), np.random.uniform(-3, 3), 0]) for _ in range(9)])
        self.play(FadeIn(dots, MathTex(*map(str, seen))), run_time=0.4)
        self.play(dots.animate.shift(UP * random.random()), run_time=0.4)
"""
SURFACE = """from manim import *
class A(ThreeDScene):
    def construct(self):
        self.set_camera_orientation(phi=1, theta=1)
        self.add(Surface(lambda u, v: np.array([u, v, u * v]), resolution=(16, 16)))
        if {camera}:
            self.begin_ambient_camera_rotation({camera})
        self.wait(3)
"""
ENDLESS = "from manim import *\nclass A(Scene):\n    def construct(self):\n        "


def render(bench: Bench, folder: Path, code: str, rehearse: Rehearse) -> tuple[RunResult, list[bytes]]:
    """Run the source into a folder of its own, and return what was delivered."""
    folder.mkdir()
    run = Bench(bench.sandbox, folder)
    result = run.run(code, rehearse=rehearse, options=Options(quality=Quality.LOW, seed=3))
    bench.heard = run.heard
    return result, [item.path.read_bytes() for item in result.artefacts]


@pytest.mark.timeout(400)
def test_render_is_the_same_with_and_without_a_rehearsal(bench: Bench, tmp_path: Path) -> None:
    """Whatever a scene keeps in modules, defaults, the environment and files, and every random number."""
    plain, without = render(bench, tmp_path / "no", KEEPS_STATE, Rehearse.NO)
    said = bench.heard.text
    rehearsed, with_it = render(bench, tmp_path / "first", KEEPS_STATE, Rehearse.FIRST)
    assert (plain.verdict, rehearsed.verdict) == (Verdict.OK, Verdict.OK)
    assert without == with_it
    assert said == bench.heard.text
    assert "seen [1, 1, 1, 0]" in said


def test_rehearsal_counts_what_the_render_comes_to(each_bench: Bench) -> None:
    """Animations and seconds, in every backend."""
    bench = each_bench
    result = bench.run(LAYOUT, rehearse=Rehearse.FIRST)
    assert result.rehearsal is not None
    assert result.video is not None
    assert result.rehearsal.animations == result.animations == 3
    assert result.rehearsal.duration_s == pytest.approx(result.video.duration_s, abs=0.05)
    assert bench.heard.totals == [3, 3, 3]


def test_layout_is_told_with_names_lines_and_times(bench: Bench) -> None:
    """In the author's own words, and without a video."""
    result = bench.run(LAYOUT, rehearse=Rehearse.ONLY)
    assert (result.verdict, result.artefacts) == (Verdict.OK, ())
    assert result.rehearsal is not None
    over, off = sorted(result.rehearsal.findings, key=lambda finding: finding.rule, reverse=True)
    assert (over.rule, [item.line for item in over.objects]) == ("text_over_text", [5, 4])
    assert [item.name for item in over.objects] == ["formula ('a^2')", "title ('Areas')"]
    assert (off.rule, off.objects[0].line) == ("off_frame", 8)
    assert off.objects[0].name == "labels[0] ('far')"
    assert (off.start_s, off.line) == (pytest.approx(0.6, abs=0.1), 11)


@pytest.mark.parametrize("mode", [Rehearse.FIRST, Rehearse.ONLY])
def test_scene_that_fails_is_told_before_anything_is_rendered(bench: Bench, mode: Rehearse) -> None:
    """With its line, what it printed, and what had been played."""
    code = LAYOUT.replace("labels = VGroup", "print('here'); Histogram(); labels = VGroup")
    result = bench.run(code, rehearse=mode)
    assert (result.verdict, result.error_type, result.line) == (Verdict.SCENE_ERROR, "NameError", 8)
    assert (result.artefacts, bench.heard.animations) == ((), [])
    assert "here" in bench.heard.text
    assert result.rehearsal is not None
    assert (result.rehearsal.ended, result.rehearsal.animations) == (False, 2)


def test_scene_that_would_take_far_too_long_is_stopped_at_its_line(bench: Bench) -> None:
    """Plays without end; the message says what to change."""
    code = ENDLESS + "while True:\n            self.play(Create(Square()), run_time=60)\n"
    result = bench.run(code, rehearse=Rehearse.FIRST, options=Options(quality=Quality.HIGH))
    assert (result.verdict, result.error_type, result.line) == (Verdict.SCENE_ERROR, "RenderTooLong", 5)
    assert "Shorten it" in result.message
    assert bench.heard.animations == []


def test_drawing_again_and_again_is_foretold_from_what_it_takes(bench: Bench) -> None:
    """A surface under a moving camera is drawn in every frame, and its faces are dear."""
    still, turning = (bench.run(SURFACE.format(camera=camera), rehearse=Rehearse.ONLY).rehearsal for camera in (0, 0.3))
    assert still is not None
    assert turning is not None
    assert turning.predicted_render_s > 3 * still.predicted_render_s


def test_characters_that_tex_leaves_out_are_told(bench: Bench) -> None:
    """TeX itself calls that no error; a formula with nothing missing is not named."""
    code = "from manim import *\nclass A(Scene):\n    def construct(self):\n"
    code += "        self.add(Tex(r'say \\symbol{200}'), MathTex('a^2').shift(UP))\n        self.wait()\n"
    rehearsal = bench.run(code, rehearse=Rehearse.ONLY).rehearsal
    assert rehearsal is not None
    told = [finding for finding in rehearsal.findings if finding.rule == "missing_glyph"]
    assert ["\\xc8" in finding.message for finding in told] == [True]


def test_scene_that_computes_without_end_is_stopped_at_its_line(bench: Bench) -> None:
    """Its share of the time is up. On a machine so busy that it could not compute, the host's clock ends it."""
    code = ENDLESS + "while True:\n            pass\n"
    result = bench.run(code, rehearse=Rehearse.FIRST, limits=dataclasses.replace(SMALL, timeout_s=30))
    told = (result.verdict, result.error_type, result.line)
    blamed = {(Verdict.SCENE_ERROR, "TimeIsUp", line) for line in (4, 5)}
    assert told in blamed | {(Verdict.TIMEOUT, None, None)}


def test_scene_that_is_only_wanted_as_a_video_is_soon_drawn(bench: Bench) -> None:
    """Its rehearsal is cut off, and blames it for nothing; what was drawn when its time was up is delivered."""
    code = ENDLESS + "self.play(FadeIn(Square()), run_time=0.2)\n        while True:\n            pass\n"
    result = bench.run(code, rehearse=Rehearse.BRIEFLY, limits=dataclasses.replace(SMALL, timeout_s=40 * SLOWDOWN))
    assert (result.verdict, bench.heard.animations) == (Verdict.TIMEOUT, [1])
    assert [item.kind for item in result.artefacts] == ["part"]
    assert result.rehearsal is None or not result.rehearsal.ended


def test_scene_that_turns_the_end_of_its_time_into_an_error_is_rendered(bench: Bench) -> None:
    """It was interrupted by us: what it made of that is no failure of its own."""
    loop = "try:\n            while time.time() < end: pass\n        except: raise ValueError('not mine')\n"
    code = ENDLESS + "import time; end = time.time() + 5\n        " + loop + "        self.wait(0.2)\n"
    result = bench.run(code, rehearse=Rehearse.BRIEFLY)
    assert result.verdict is Verdict.OK, result.message
    assert result.rehearsal is None or not result.rehearsal.ended


def test_prints_beyond_the_log_end_a_rehearsal_alone(bench: Bench) -> None:
    """The host counts them, as it does where the scene is rendered."""
    result = bench.run(source_of(ZOO / "hostile_prints.py"), rehearse=Rehearse.ONLY)
    assert result.verdict is Verdict.OUTPUT_LIMIT


@pytest.mark.parametrize(
    "name",
    [
        "fails_exit",
        "fails_latex",
        "fails_no_animation",
        "fails_no_scene",
        "hostile_crash",
        "hostile_hard_exit",
        "hostile_memory",
        "hostile_prints",
    ],
)
def test_verdict_is_the_same_where_a_rehearsal_decides(bench: Bench, name: str) -> None:
    """What a scene does to the rehearsal it does to the render, and the host decides."""
    path = ZOO / f"{name}.py"
    assert bench.run(source_of(path), rehearse=Rehearse.FIRST).verdict == facts_of(path)["verdict"]


def test_scene_that_ends_its_parent_gains_nothing(bench: Bench) -> None:
    """The worker is gone, and with it the run."""
    code = "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nimport time\ntime.sleep(5)\n"
    result = bench.run(code, rehearse=Rehearse.FIRST)
    assert result.verdict in {Verdict.CRASHED, Verdict.SCENE_ERROR, Verdict.NO_SCENE, Verdict.SANDBOX_ERROR}


@pytest.mark.parametrize("scene", ["every_pure_animation", "what_must_be_stepped"])
def test_jumping_comes_to_what_stepping_does(scene: str) -> None:
    """After every play all that is on the screen is the same, to the last bit, and jumping takes fewer steps."""
    done = subprocess.run(
        [sys.executable, HERE / "stepping.py", HERE / f"rehearsal_scenes/{scene}.py"],
        capture_output=True,
        check=True,
        timeout=110,
    )
    told = json.loads(done.stdout)
    jumping, stepping = told["jumping"], told["stepping"]
    assert (jumping["error"], stepping["error"], jumping["blind"]) == (None, None, 0)
    assert jumping["states"] == stepping["states"] != []
    assert (jumping["steps"] < stepping["steps"]) is (scene == "every_pure_animation")
