"""What `manimatic` says and how it ends where something is wrong: one message, a hint, an exit code of its class."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness.processes import WAIT_S
from harness.shell import MANIMATIC, SMALL_SCENE, Done, Shell
from loopback.gemini_script import GOOD_SCENE, answer, status
from loopback.gemini_server import GeminiServer
from support import require

KEY = "AIza-loopback-key-of-the-command-line-4711"
FAILS = SMALL_SCENE.replace("Circle()", "Circel()")
LARGE = """from manim import *


class Noise(Scene):
    def construct(self):
        dots = np.random.default_rng(1).integers(0, 255, (480, 854, 3), dtype=np.uint8)
        image = ImageMobject(dots).scale_to_fit_width(14)
        self.play(image.animate.rotate(0.3), run_time=0.3)
"""
"""Its video has more than half a megabyte."""
PROMPT = "Create a simple circle animation"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """An empty folder, with a scene in it, and an empty data folder."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / ".env").touch()  # keeps a checkout's own .env out of this
    (tmp_path / "here" / "scene.py").write_text(SMALL_SCENE)
    return Shell(folder=tmp_path / "here", data=tmp_path / "data")


def assert_refused(done: Done, code: str, exit_code: int) -> None:
    """It says what and what to do on standard error, and prints nothing else."""
    assert (done.status, done.out) == (exit_code, ""), (done.status, done.out, done.err)
    lines = done.err.strip().splitlines()
    assert any(line.startswith(code) for line in lines), done.err
    assert len(lines[-1]) > 10


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[None]:
    """Mount a small file system on the folder."""
    require(os.geteuid() == 0, "only root may mount a file system")
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False)
    require(done.returncode == 0, f"a tmpfs cannot be mounted here: {done.stderr.decode()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


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
        ("x = 1\n", [], "no_scene"),
        (SMALL_SCENE, ["Other"], "no_scene"),
        (SMALL_SCENE.replace("self.play(Create(Circle()), run_time=0.2)", "pass"), [], "no_output"),
        ("from manim import *\nclass A(Scene\n", [], "scene_error (line 2 of the scene): SyntaxError"),
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


# ------------------------------------------------------------ settings and machine


@pytest.mark.parametrize(
    ("settings", "dotenv", "named"),
    [
        ({"MANIMATIC_TIMEOUT": "5"}, "", "MANIMATIC_TIMEOUT is not a setting"),
        ({"MANIMATIC_TIMEOUT_S": "soon"}, "", "MANIMATIC_TIMEOUT_S='soon'"),
        ({"MANIMATIC_MEMORY_MB": "-1"}, "", "MANIMATIC_MEMORY_MB='-1'"),
        ({"MANIMATIC_STORAGE": "cloudinary"}, "", "CLOUDINARY_CLOUD_NAME"),
        ({"GEMINI_API_KEY_FILE": "/no/such/file"}, "", "GEMINI_API_KEY_FILE='/no/such/file'"),
        ({"MANIMATIC_DATABASE_URL": "mysql://u:hidden@h/d"}, "", "MANIMATIC_DATABASE_URL"),
        ({}, "MANIMATIC_PORTS=1\n", "MANIMATIC_PORTS is not a setting"),
        ({}, "fine=1\n'broken\n", "line 2"),
        ({}, "\xff\xfe", ".env"),
    ],
)
def test_a_setting_that_is_none_stops_every_command(
    shell: Shell, settings: dict[str, str], dotenv: str, named: str
) -> None:
    """Whether it comes from the environment or from `.env`; secrets are not shown."""
    (shell.folder / ".env").write_bytes(dotenv.encode("latin-1"))
    for words in (["generate", PROMPT], ["serve", "--port", "0"]):
        done = shell.run(*words, **settings)
        assert_refused(done, "bad_settings", 3)
        assert named in done.err
        assert "hidden" not in done.err


def test_the_environment_wins_over_the_file(shell: Shell) -> None:
    """And the file is read from the current folder."""
    shell.write(".env", "MANIMATIC_TIMEOUT_S=7\nMANIMATIC_MODEL=from-file\nGEMINI_API_KEY=very-secret\n")
    done = shell.run("settings", "--json", MANIMATIC_MODEL="from-environment")
    shown = {item["name"]: item["value"] for item in done.json}
    assert (shown["MANIMATIC_TIMEOUT_S"], shown["MANIMATIC_MODEL"]) == ("7.0", "from-environment")
    assert shown["GEMINI_API_KEY"] == "(set)"
    assert "very-secret" not in done.out
    plain = shell.run("settings")
    assert "very-secret" not in plain.out
    assert "GEMINI_API_KEY" in plain.out


@pytest.mark.parametrize("words", [["generate", PROMPT], ["jobs", "list"], ["serve", "--port", "0"]], ids=" ".join)
def test_a_data_folder_that_is_none_is_named(shell: Shell, words: list[str]) -> None:
    """A file in its place, or a disk that cannot be written."""
    shell.data.touch()
    assert_refused(shell.run(*words), "bad_settings: The data folder", 3)
    shell.data.unlink()
    with small_disk(shell.data, "ro,size=1m"):
        assert_refused(shell.run(*words), "bad_settings: The data folder", 3)


@pytest.mark.parametrize(("kib", "exit_code"), [(0, 8), (160, 8), (400, 7)], ids=["full", "in the job", "in the run"])
def test_a_full_disk_is_called_so(shell: Shell, kib: int, exit_code: int) -> None:
    """Wherever on the way it fills up; the scene is not to blame, and nothing is left to clean away."""
    shell.write("scene.py", LARGE)
    with small_disk(shell.data, f"size={kib + 100}k"):
        (shell.data / "ballast").write_bytes(bytes(100 * 1024))
        done = shell.run("render", "scene.py", "-ql")
        assert (done.status, done.out) == (exit_code, ""), done.err
        assert any(said in done.err for said in ("full", "No space left", "disk I/O error")), done.err
        assert not list(shell.data.glob("work/*"))


def test_a_port_that_is_taken_is_named(shell: Shell) -> None:
    """And another is proposed; an address beyond this machine needs a decision."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = shell.run("serve", "--port", str(port))
    assert_refused(done, f"bad_settings: 127.0.0.1:{port} cannot be listened on", 3)
    assert_refused(shell.run("serve", "--host", "0.0.0.0"), "bad_settings: MANIMATIC_HOST=0.0.0.0", 3)
    assert_refused(shell.run("serve", "--port", "99999"), "bad_settings: MANIMATIC_PORT", 3)


def test_a_terminal_without_unicode_harms_nothing(shell: Shell) -> None:
    """What cannot be shown is shown as an escape; so is a name that is no text."""
    name = os.fsdecode(b"\xff.mp4")
    done = shell.run("render", "scene.py", "-ql", "-o", name, LANG="C", PYTHONIOENCODING="ascii")
    assert done.status == 0, done.err
    assert "854\\xd7480" in done.out
    assert (shell.folder / name).is_file()
    assert shell.run("settings", PYTHONIOENCODING="ascii").status == 0


def test_a_reader_that_goes_away_is_no_error_of_ours(shell: Shell) -> None:
    """`manimatic settings | head -1`."""
    command = subprocess.Popen(
        [*MANIMATIC, "settings", "--json"],
        cwd=shell.folder,
        env=shell.environ(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert command.stdout is not None
    assert command.stderr is not None
    with command.stdout, command.stderr:
        command.stdout.close()
        assert b"Traceback" not in command.stderr.read()
    command.wait(WAIT_S)
