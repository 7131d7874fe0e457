"""What `manimatic` says and how it ends where something is wrong: one message, a hint, an exit code of its class."""

from __future__ import annotations

import os

import pytest
from harness.shell import SMALL_SCENE, Done, Shell, assert_refused
from loopback.gemini_script import GOOD_SCENE, answer, status
from loopback.gemini_server import GeminiServer

KEY = "AIza-loopback-key-of-the-command-line-4711"
FAILS = SMALL_SCENE.replace("Circle()", "Circel()")
# ------------------------------------------------------------ what the user gives


@pytest.mark.parametrize(
    "prompt",
    ["", "   ", "🎉🎉🎉", "\u202e\u2067", "a\x07b", b"a circle \xff", "circle " * 15_000],
    ids=["empty", "blank", "emoji", "marks", "bell", "bytes", "long"],
)
def test_a_prompt_that_is_none_is_refused(shell: Shell, prompt: str | bytes) -> None:
    """Before anything is started."""
    assert_refused(shell.run("generate", os.fsdecode(prompt)), "invalid_input: prompt", 2)
    assert not shell.data.exists()


def test_a_prompt_that_nobody_understands_is_answered(shell: Shell) -> None:
    """Without a model: what was not understood, and what would be; right-to-left writing and markup included."""
    for prompt in ("ارسم دائرة زرقاء", "[/bold] sing :smile:"):
        done = shell.run("generate", prompt)
        assert (done.status, done.out) == (4, "")
        assert "no_offline_answer: " in done.err
        assert "GEMINI_API_KEY" in done.err
    listed = shell.run("jobs", "list")
    assert listed.status == 0, listed.err
    assert "[/bold] sing :smile:" in listed.out
    assert "ارسم دائرة زرقاء" in listed.out


@pytest.mark.parametrize(
    "words",
    [
        ["-q", "tiny"],
        ["--fps", "1000000000"],
        ["--fps", "9" * 400],
        ["--fps", "0"],
        ["--fps", "ten"],
        ["--seed", "-1"],
        ["--aspect-ratio", "2:1"],
        ["--background", "reddish"],
        ["-o", "missing/scene.mp4"],
        ["-o", "scene.gif"],
        ["-o", "folder.mp4"],
        ["-o", "scene.py/scene.mp4"],
        ["Not-A-Name"],
        ["--no-such-option"],
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_an_option_that_is_none_is_refused(shell: Shell, words: list[str]) -> None:
    """Before anything is started, and naming the option or its value."""
    (shell.folder / "folder.mp4").mkdir()
    done = shell.run("render", "scene.py", *words)
    assert (done.status, done.out) == (2, "")
    assert words[-1][:20] in done.err or words[0].lstrip("-") in done.err or "scene: " in done.err
    assert not shell.data.exists()


@pytest.mark.parametrize("words", [["generate"], ["render"], ["jobs", "show"], ["no-such-command"]])
def test_a_command_that_is_none_is_refused(shell: Shell, words: list[str]) -> None:
    """With its usage."""
    done = shell.run(*words)
    assert (done.status, done.out) == (2, "")
    assert "Usage: " in done.err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing.py", None),
        ("binary.py", b"\x7fELF\xff\xfe\x00\x01"),
        ("latin.py", "# é\n".encode("latin-1")),
        ("nul.py", b"a = 1\0\n"),
        ("empty.py", b""),
        ("huge.py", "é".encode() * 600_000),
        ("/dev/zero", None),
        ("/", None),
    ],
)
def test_a_file_that_is_no_scene_is_refused(shell: Shell, name: str, content: bytes | None) -> None:
    """However large it is, and from standard input as well."""
    if content is not None:
        (shell.folder / name).write_bytes(content)
        assert_refused(shell.run("render", "-", stdin=content), "invalid_input", 2)
    assert_refused(shell.run("render", name), "invalid_input", 2)
    assert not shell.data.exists()


def test_a_huge_file_is_called_too_long(shell: Shell) -> None:
    """Also where the limit falls into the middle of a character."""
    (shell.folder / "huge.py").write_bytes(b"#" + "é".encode() * 600_000)
    assert "longer than" in shell.run("render", "huge.py").err
    assert "longer than" in shell.run("render", "-", stdin=b"#" + "é".encode() * 600_000).err


# ------------------------------------------------------------ what goes wrong on the way


@pytest.mark.parametrize(
    ("code", "words", "error"),
    [
        (FAILS, [], "scene_error (line 6 of the scene): NameError"),
        ("x = 1\n", [], "check_failed (line 1 of the scene): There is no class that derives from Scene"),
        (SMALL_SCENE, ["Other"], "no_scene"),
        (SMALL_SCENE.replace("self.play(Create(Circle()), run_time=0.2)", "pass"), [], "no_output"),
        ("from manim import *\nclass A(Scene\n", [], "check_failed (line 2 of the scene): The source ends too early"),
    ],
    ids=["raises", "no scene", "other scene", "no animation", "syntax"],
)
def test_a_scene_that_fails_ends_as_the_scene_s_fault(shell: Shell, code: str, words: list[str], error: str) -> None:
    """Exit code 5, the verdict, and where it is known the line; no video and nothing half-written."""
    shell.write("scene.py", code)
    done = shell.run("render", "scene.py", *words, "-ql")
    assert (done.status, done.out) == (5, "")
    assert error in done.err
    assert {path.name for path in shell.folder.iterdir()} == {".env", "scene.py"}


def test_a_failed_job_as_json_is_json(shell: Shell) -> None:
    """On standard output, with the same exit code and nothing on standard error."""
    shell.write("scene.py", FAILS)
    done = shell.run("render", "scene.py", "-ql", "--json")
    assert (done.status, done.err) == (5, "")
    assert (done.json["state"], done.json["failure"]["code"], done.json["file"]) == ("failed", "scene_error", None)


def test_a_model_writes_where_a_key_is_set(shell: Shell) -> None:
    """The command line asks it itself; a refused key and a model that is down have codes of their own."""
    with GeminiServer([answer(GOOD_SCENE)], api_key=KEY) as model:
        settings = {"GEMINI_API_KEY": KEY, "MANIMATIC_MODEL_BASE_URL": model.url}
        done = shell.run("generate", "a circle becomes a square", "-ql", "-o", "a.mp4", **settings)
        assert (done.status, (shell.folder / "a.py").read_text()) == (0, GOOD_SCENE)
        model.play(status(500))
        assert_failed(shell.run("generate", "a circle", **settings), "model_unavailable")
        model.api_key = "another"
        assert_failed(shell.run("generate", "a circle", **settings), "model_rejected_key")
    assert_failed(shell.run("generate", "a circle", **settings), "model_unavailable")


def assert_failed(done: Done, code: str) -> None:
    """The model is to blame, and its key is not shown."""
    assert (done.status, done.out) == (4, ""), done.err
    assert f"{code}: " in done.err
    assert KEY not in done.err
