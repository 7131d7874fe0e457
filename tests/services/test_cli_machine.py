"""What `manimatic` says about settings, folders, disks, ports and terminals that are not as they should be."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness.processes import WAIT_S
from harness.shell import MANIMATIC, Shell, assert_refused
from support import require

LARGE = """from manim import *


class Noise(Scene):
    def construct(self):
        dots = np.random.default_rng(1).integers(0, 255, (480, 854, 3), dtype=np.uint8)
        image = ImageMobject(dots).scale_to_fit_width(14)
        self.play(image.animate.rotate(0.3), run_time=0.3)
"""
"""Its video has more than half a megabyte."""
PROMPT = "Create a simple circle animation"


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
    assert_refused(shell.run("serve", "--host", "0.0.0.0"), "bad_settings: The API listens on 0.0.0.0", 3)
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


def test_a_machine_without_bubblewrap_is_refused(shell: Shell) -> None:
    """There is no way around the sandbox; what to install is said."""
    (shell.folder / "bin").mkdir()
    done = shell.run("render", "scene.py", "-ql", PATH=str(shell.folder / "bin"), MANIMATIC_SANDBOX="bubblewrap")
    assert (done.status, done.out) == (7, "")
    assert "sandbox_unavailable: bubblewrap is not installed" in done.err
    assert "apt-get install" in done.err
