"""What a run is asked for is what comes out, and a run that is stopped leaves nothing."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from manimatic.errors import JobCancelled
from manimatic.jobs import Options, Quality, new_id
from manimatic.ports import RunRequest
from manimatic.sandbox.bubblewrap import BubblewrapSandbox
from manimatic.sandbox.slots import FIRST_UID, processes_of
from manimatic.verdicts import Verdict
from sandbox_bench import SMALL, Bench, Heard, groups_of

WAIT = "self.wait(0.3)\n"
LOOP = "self.wait(0.1)\nwhile True:\n    pass\n"


@pytest.mark.parametrize(
    ("aspect_ratio", "width", "height", "frame"),
    [
        ("16:9", 854, 480, "14.2 8.0"),
        ("9:16", 480, 854, "8.0 14.2"),
        ("1:1", 480, 480, "8.0 8.0"),
        ("4:5", 480, 600, "8.0 10.0"),
        ("4:3", 640, 480, "10.7 8.0"),
    ],
)
def test_an_aspect_ratio_gives_its_pixels_and_its_frame(
    bench: Bench, aspect_ratio: str, width: int, height: int, frame: str
) -> None:
    """The scene reads the frame that fits the picture, not only another number of pixels."""
    code = "print(f'frame {config.frame_width:.1f} {config.frame_height:.1f}')\n" + WAIT
    result = bench.run(code, options=Options(quality=Quality.LOW, aspect_ratio=aspect_ratio))
    assert result.video is not None
    assert (result.video.width, result.video.height) == (width, height)
    assert f"frame {frame}\n" in bench.heard.text


def test_fps_and_background_are_the_ones_asked_for(bench: Bench) -> None:
    """The container says the rate, the scene sees the colour."""
    code = "print('ground', self.camera.background_color)\n" + WAIT
    result = bench.run(code, options=Options(quality=Quality.LOW, fps=10, background="#1c2d3e"))
    assert result.video is not None
    assert result.video.fps == pytest.approx(10)
    assert re.search("ground #1c2d3e", bench.heard.text, re.IGNORECASE)


def test_a_seed_makes_random_numbers_repeat(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    """The same seed gives the same numbers, another seed others."""
    code = "import random\nprint('drawn', random.random(), np.random.rand())\n" + WAIT
    drawn = []
    for number, seed in enumerate((7, 7, 8)):
        folder = tmp_path / str(number)
        folder.mkdir()
        bench = Bench(sandbox, folder)
        bench.run(code, options=Options(quality=Quality.LOW, seed=seed))
        drawn.append(re.findall("drawn (.*)", bench.heard.text))
    assert drawn[0] == drawn[1] != drawn[2]


def test_progress_comes_with_every_animation(bench: Bench) -> None:
    """Animations are counted from one."""
    bench.run(WAIT * 3)
    assert bench.heard.animations == [1, 2, 3]


def test_preamble_of_tex_comes_with_the_runtime(each_bench: Bench) -> None:
    """A run that sets a formula makes no format of its own, which takes longer than the formula."""
    body = "        self.add(MathTex('a^2'))\n        self.wait(0.1)\n"
    looks = "        print('made', list(Path(os.environ['XDG_CACHE_HOME'], 'fastmanim').glob('*.fmt')))\n"
    code = "import os\nfrom pathlib import Path\nfrom manim import *\nclass A(Scene):\n    def construct(self):\n"
    result = each_bench.run(code + body + looks)
    assert result.verdict is Verdict.OK, result
    assert "made []" in each_bench.heard.text


def test_parts_that_left_join_to_a_video(bench: Bench, tmp_path: Path) -> None:
    """After a limit, what was finished becomes a video in a second sandbox."""
    first = bench.run("self.wait(0.4)\nself.play(FadeIn(Square()), run_time=0.6)\nraise ValueError\n")
    parts = tuple(item.path for item in first.artefacts if item.kind == "part")
    folder = tmp_path / "joined"
    folder.mkdir()
    request = RunRequest(run_id=new_id(), code="", options=Options(quality=Quality.LOW), limits=SMALL, parts=parts)
    joined = bench.sandbox.run(request, Heard(), threading.Event(), folder)
    assert joined.verdict is Verdict.OK, joined.message
    assert joined.video is not None
    assert joined.video.duration_s == pytest.approx(1.0, abs=0.1)


def test_a_part_that_is_no_video_ends_the_join_as_the_scenes_fault(bench: Bench, tmp_path: Path) -> None:
    """Parts are hostile too."""
    part = tmp_path / "evil"
    part.write_bytes(b"ffconcat version 1.0\nfile /etc/passwd\n")
    folder = tmp_path / "joined"
    folder.mkdir()
    request = RunRequest(run_id=new_id(), code="", limits=SMALL, parts=(part,))
    joined = bench.sandbox.run(request, Heard(), threading.Event(), folder)
    assert joined.verdict is not Verdict.OK
    assert joined.video is None


def test_cancelling_ends_the_run_and_all_its_processes(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    """Nothing of the run is alive when `run` returns."""
    cancel, heard = threading.Event(), Heard()
    request = RunRequest(run_id=new_id(), code=LOOP, options=Options(quality=Quality.LOW), limits=SMALL)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(sandbox.run, request, heard, cancel, tmp_path)
        deadline = time.monotonic() + 60
        while not heard.animations and time.monotonic() < deadline:
            time.sleep(0.05)
        cancel.set()
        with pytest.raises(JobCancelled):
            running.result(timeout=30)
    assert not groups_of(request.run_id)


def test_two_runs_at_once_have_uids_of_their_own(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    """One run's limits and kills do not touch the other's."""
    code = "import time\nprint('uid', open('/proc/self/uid_map').read().split())\ntime.sleep(3)\n" + WAIT
    uids: set[str] = set()
    with ThreadPoolExecutor(2) as pool:
        benches = []
        for number in range(2):
            folder = tmp_path / str(number)
            folder.mkdir()
            benches.append(Bench(sandbox, folder))
        results = list(pool.map(lambda bench: bench.run(code), benches))
    for bench in benches:
        uids |= set(re.findall(r"uid \['65534', '(\d+)'", bench.heard.text))
    assert [result.verdict for result in results] == [Verdict.OK, Verdict.OK]
    assert len(benches) == 2
    assert not any(pid for uid in uids if int(uid) >= FIRST_UID for pid in processes_of(int(uid)))
