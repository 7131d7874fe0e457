"""`manimatic generate` and `manimatic render` as a user runs them, with the real sandbox and the real Manim."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from harness.processes import WAIT_S, alive, descendants, groups_of, of_role, until
from harness.shell import LOOPS, MANIMATIC, SMALL_SCENE, Shell, Terminal
from manimatic.sandbox.mp4 import inspect_mp4

PROMPT = "Create a simple circle animation"
TWO_SCENES = SMALL_SCENE + SMALL_SCENE.replace("from manim import *", "").replace("Small", "Later")


def width_of(video: Path) -> int:
    """Return the width of a valid video."""
    return inspect_mp4(video, max_bytes=2**29).width


def test_generate_makes_video_code_and_explanation(shell: Shell) -> None:
    """The same command works again, and what the user wrote into the code stays."""
    done = shell.run("generate", PROMPT, "-ql", "-o", "circle.mp4")
    assert done.status == 0, done.err
    assert "This animation shows" in done.out
    assert "circle.mp4" in done.out
    assert width_of(shell.folder / "circle.mp4") == 854
    code = shell.folder / "circle.py"
    assert code.read_text().startswith("from manim import *\n")
    code.write_text("# mine\n")
    again = shell.run("generate", PROMPT, "-ql", "-o", "circle.mp4")
    assert again.status == 0, again.err
    assert code.read_text() == "# mine\n"
    assert (shell.folder / "circle-2.py").read_text().startswith("from manim import *\n")
    assert {path.name for path in shell.folder.iterdir()} == {
        ".env",
        "scene.py",
        "circle.mp4",
        "circle.py",
        "circle-2.py",
    }


def test_without_a_name_the_video_is_named_after_its_title(shell: Shell) -> None:
    """And JSON is all that a script sees."""
    done = shell.run("generate", PROMPT, "-ql", "--json")
    assert (done.status, done.err) == (0, "")
    assert (done.json["state"], done.json["verdict"], done.json["file"]) == ("complete", "ok", "a_circle.mp4")
    assert done.json["explanation"]
    assert width_of(shell.folder / "a_circle.mp4") == 854
    assert (shell.folder / "a_circle.py").read_text() == done.json["code"]


def test_render_takes_a_file_and_a_scene_by_name(shell: Shell) -> None:
    """Without a name the last scene of the file is taken; the file stays as it is, and no copy of it is made."""
    path = shell.write("mine.py", TWO_SCENES)
    assert shell.run("render", "mine.py", "Small", "-ql", "--fps", "10", "--aspect-ratio", "1:1").status == 0
    assert width_of(shell.folder / "small.mp4") == 480
    assert inspect_mp4(shell.folder / "small.mp4", max_bytes=2**29).fps == 10
    assert shell.run("render", path, "-ql").status == 0
    assert path.read_text() == TWO_SCENES
    assert {item.name for item in shell.folder.iterdir()} == {".env", "scene.py", "mine.py", "small.mp4", "mine.mp4"}


def test_check_rehearses_in_the_frame_that_was_asked_for(shell: Shell) -> None:
    """What fits into a wide frame may not fit into a tall one; a frame that there is none of is refused."""
    shell.write("mine.py", SMALL_SCENE.replace("Circle()", "Circle().shift(RIGHT * 4)"))
    wide, tall = (
        shell.run("check", "mine.py", "--rehearse", "--json", *frame) for frame in ((), ("--aspect-ratio", "9:16"))
    )
    assert (wide.status, wide.json[0]["layout"]) == (0, [])
    assert (tall.status, [found["rule"] for found in tall.json[0]["layout"]]) == (0, ["off_frame"])
    refused = shell.run("check", "mine.py", "--rehearse", "--aspect-ratio", "2:1")
    assert refused.status == 2
    assert "aspect_ratio: '2:1' is not one of 16:9" in refused.err


def test_render_reads_standard_input(shell: Shell) -> None:
    """A byte-order mark, as some editors write it, does no harm."""
    done = shell.run("render", "-", "-ql", "--json", stdin=SMALL_SCENE.encode("utf-8-sig"))
    assert (done.status, done.json["file"]) == (0, "animation.mp4")
    assert width_of(shell.folder / "animation.mp4") == 854


def test_progress_goes_to_standard_error_in_plain_lines(shell: Shell) -> None:
    """So that standard output can be read by a program, and both can be kept in a file."""
    shell.write("mine.py", SMALL_SCENE + "        print('from the scene')\n")
    done = shell.run("render", "mine.py", "-ql")
    assert done.err.splitlines() == [
        *("Waiting", "Checking the scene", "Rendering", "from the scene", "Storing the video"),
    ]
    assert [line.split()[0] for line in done.out.splitlines()][-1] == "Video"


def test_a_terminal_shows_a_line_that_lives(shell: Shell) -> None:
    """A spinner with the stage and the animations that are done."""
    shell.write("mine.py", SMALL_SCENE)
    terminal = Terminal(shell, "render", "mine.py", "-ql")
    terminal.read_until("Rendering")
    assert terminal.end() == 0
    assert "\x1b[" in terminal.text
    assert re.search(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Rendering", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.text))
    assert "mine.mp4" in terminal.text


@pytest.mark.parametrize("how", ["key", "signal"])
def test_an_interrupt_cancels_and_leaves_nothing(shell: Shell, how: str) -> None:
    """Ctrl-C reaches every process of the terminal, a signal the command alone; both end it in good order."""
    shell.write("mine.py", LOOPS)
    terminal = Terminal(shell, "render", "mine.py", "-ql")
    terminal.read_until("animation 1")
    processes, groups = descendants(terminal.process.pid), groups_of(terminal.process.pid)
    assert of_role("worker", terminal.process.pid)
    if how == "key":
        terminal.press(b"\x03")
    else:
        terminal.process.send_signal(signal.SIGTERM)
    assert terminal.end() == 9, terminal.text
    until(lambda: not alive(processes), "the end of all processes", within_s=10.0)
    assert "cancelled" in terminal.text
    assert "Traceback" not in terminal.text
    assert "attempt" not in terminal.text
    assert [group for group in groups if group.exists()] == []
    assert not (shell.folder / "mine.mp4").exists()
    assert not list((shell.data / "work").iterdir())
    assert [job["state"] for job in shell.run("jobs", "list", "--json").json] == ["cancelled"]


def test_an_interrupt_stops_a_service_in_good_order(shell: Shell) -> None:
    """Ctrl-C is for the keeper, which stops its parts; none of them complains."""
    terminal = Terminal(shell, "serve", "--port", "0")
    terminal.read_until("Manimatic serves on")
    until(lambda: of_role("api", terminal.process.pid), "the start of all parts")
    processes = descendants(terminal.process.pid)
    terminal.press(b"\x03")
    assert terminal.end() == 0, terminal.text
    until(lambda: not alive(processes), "the end of all processes", within_s=10.0)
    assert "Traceback" not in terminal.text


def test_help_loads_nothing_heavy() -> None:
    """Neither the database, nor Manim, nor what a model needs; every command's help is there.

    For commands with options typer itself loads pydantic.
    """
    words = [["generate"], ["render"], ["serve"], ["doctor"], ["settings"], ["jobs"], ["jobs", "show"]]
    program = f"""
import contextlib, io, json, sys
from manimatic.cli import main
shown = []
for words in [[], *{words!r}]:
    sys.argv = ["manimatic", *words, "--help"]
    with contextlib.redirect_stdout(io.StringIO()) as text, contextlib.suppress(SystemExit):
        main()
    shown.append(text.getvalue())
    assert words or "pydantic" not in sys.modules
heavy = {{"sqlalchemy", "manim", "pydantic_ai", "flask", "numpy", "rich"}} & set(sys.modules)
print(json.dumps([sorted(heavy), shown]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=WAIT_S)
    heavy, shown = json.loads(done.stdout)
    assert heavy == []
    assert all("Usage: manimatic" in text and "--help" in text for text in shown)


def test_the_module_runs_as_the_command_does(shell: Shell) -> None:
    """`python -m manimatic.cli` is `manimatic`, wherever that script was installed."""
    assert MANIMATIC[1:] == ["-m", "manimatic.cli"]
    done = shell.run("--help")
    assert done.status == 0
    assert done.out.startswith("Usage: manimatic") or "Usage: python -m manimatic" in done.out
