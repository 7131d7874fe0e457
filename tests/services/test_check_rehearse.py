"""`manimatic check --rehearse`, in the real sandbox: what only executing a scene shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from harness.shell import SMALL_SCENE, Shell

OVER_EACH_OTHER = """from manim import *


class Crowded(Scene):
    def construct(self):
        title = Text("One over the other")
        answer = Text("The other over one")
        self.add(title, answer)
        self.wait(2)
"""
FAILS = SMALL_SCENE + "        raise ValueError('as it must')\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell in an empty folder."""
    (tmp_path / ".env").touch()
    return Shell(folder=tmp_path, data=tmp_path / "data")


def checked(shell: Shell, scene: str) -> tuple[int, dict[str, Any]]:
    """Check and rehearse one scene; return the exit code and what is said of the scene."""
    done = shell.run("check", "--rehearse", "--json", shell.write("scene.py", scene))
    (told,) = done.json
    return done.status, told


def test_clean_scene_gives_its_length_and_an_empty_layout(shell: Shell) -> None:
    """The figures of the video that it would become; none is made."""
    status, told = checked(shell, SMALL_SCENE)
    assert (status, told["ok"], told["error"], told["layout"]) == (0, True, None, [])
    assert told["animations"] == 1
    assert told["duration_s"] == pytest.approx(0.2, abs=0.05)
    assert not list(shell.folder.rglob("*.mp4"))


def test_text_over_text_is_told_and_is_no_failure(shell: Shell) -> None:
    """With the names and the lines of both, as data and as text."""
    status, told = checked(shell, OVER_EACH_OTHER)
    assert (status, told["ok"], told["error"]) == (0, True, None)
    (found,) = told["layout"]
    assert found["rule"] == "text_over_text"
    assert {(one["name"].split()[0], one["line"]) for one in found["objects"]} == {("title", 6), ("answer", 7)}
    said = shell.run("check", "--rehearse", "scene.py").out
    assert "title" in said
    assert said.endswith("1 file: 1 advice.\n")


def test_scene_that_raises_ends_with_one_and_its_line(shell: Shell) -> None:
    """No check of the text knows of it."""
    status, told = checked(shell, FAILS)
    assert (status, told["ok"], told["animations"]) == (1, False, 1)
    error = told["error"]
    assert (error["verdict"], error["line"]) == ("scene_error", len(FAILS.splitlines()))
    assert "as it must" in error["message"]
    assert "as it must" in error["traceback"]
