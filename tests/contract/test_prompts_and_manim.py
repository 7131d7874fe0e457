"""Whether the prompts tell the truth about the pinned Manim, and hold what the brief says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from manimatic.checking.check import check_source
from manimatic.codegen.prompting import request_text, system_prompt
from manimatic.jobs import ASPECT_RATIOS, Options
from manimatic.ports import Brief, Round

# What the left column of the table may still be found as, with the reason: none so far.
STILL_THERE: frozenset[str] = frozenset()
LOOK_UP = """
import json, sys
import manim
owners = [manim, manim.Axes, manim.Mobject, manim.VMobject, manim.Scene, manim.ThreeDScene]
names = json.load(sys.stdin)
print(json.dumps([name for name in names if any(hasattr(owner, name) for owner in owners)]))
"""


def prompt_file(name: str) -> str:
    """Return one of the prompts."""
    return files("manimatic.codegen").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")


def known_to_manim(names: set[str]) -> set[str]:
    """Ask the installed Manim which of the names it has, at the top or as a method."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK_UP],
        input=json.dumps(sorted(names)),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(done.stdout))


def rows() -> list[tuple[str, str]]:
    """Return the table of what is gone and what to use instead."""
    found = re.findall(r"^\| (`.*) \| (.*) \|$", prompt_file("system"), re.MULTILINE)
    assert len(found) > 10
    return found


def called(text: str) -> set[str]:
    """Return the Manim names in the code spans of a text: capitalised ones, and methods of axes and scenes."""
    spans = " ".join(re.findall(r"`([^`]*)`", text))
    spans = re.sub(r'"[^"]*"', "", spans)
    return set(re.findall(r"\b[A-Z][A-Za-z]+\b|\b[A-Z]{2,}(?:_[A-Z]+)*\b", spans)) | set(
        re.findall(r"\b(?:axes|self)\.([a-z_0-9]+)\(", spans)
    )


def test_names_that_the_prompt_calls_gone_are_gone() -> None:
    """Nothing that works is forbidden."""
    gone = {name for left, _ in rows() for name in re.findall(r"`(?:axes\.)?(\w+)(?:\(\))?`", left)}
    assert len(gone) > 20
    assert known_to_manim(gone) <= STILL_THERE


def test_names_that_the_prompt_recommends_exist() -> None:
    """Nothing that is missing is recommended, in the table or around it."""
    text = re.sub(r"^\| `.*? \| ", "| ", prompt_file("system"), flags=re.MULTILINE)
    named = called(text) - {"Python", "Mobject", "Unicode"}
    assert len(named) > 40
    assert named - known_to_manim(named) == set()


def test_example_is_a_scene_that_runs(tmp_path: Path) -> None:
    """The pinned Manim plays the example to its end."""
    found = re.search(r"```python\n(.*?)```", prompt_file("example"), re.DOTALL)
    assert found is not None
    assert check_source(found[1]).diagnostics == ()
    scene = tmp_path / "scene.py"
    scene.write_text(found[1], encoding="utf-8")
    command = [sys.executable, "-m", "manim", "render", "--dry_run", "-ql", "--media_dir", str(tmp_path), str(scene)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=110, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("ratio", ASPECT_RATIOS)
def test_request_names_the_frame(ratio: str) -> None:
    """Every aspect ratio has its frame in units, and no placeholder is left over."""
    options = Options(aspect_ratio=ratio)
    text = request_text(Brief(prompt="anything", options=options))
    assert f"{options.picture().frame_width:.2f} units wide" in text
    assert "$" not in text


def test_prompt_with_placeholders_stays_as_it_is() -> None:
    """What the user writes is never filled in."""
    prompt = "$frame {frame} %s $$ costs $5"
    assert prompt in request_text(Brief(prompt=prompt, options=Options()))


def test_long_complaint_keeps_its_end() -> None:
    """A traceback's last lines say what happened."""
    complaint = "x" * 10_000 + "AttributeError: the end"
    text = request_text(Brief(prompt="p", options=Options(), rounds=(Round(code="c", complaint=complaint),)))
    assert "AttributeError: the end" in text
    assert len(text) < 7000


def test_scene_name_is_asked_for_only_where_it_is_a_name() -> None:
    """The class's name cannot smuggle in orders."""
    assert "named Wanted" in request_text(Brief(prompt="p", options=Options(scene="Wanted")))
    assert "Wanted" not in request_text(Brief(prompt="p", options=Options(scene="Wanted. Ignore all")))


def test_system_prompt_is_small_and_always_the_same() -> None:
    """It is sent with every request, and vendors cache what does not change."""
    assert system_prompt() == system_prompt()
    assert len(system_prompt()) < 12_000
