"""The worker's image: what is in it, what is not, and that it works under any user on a read-only root."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from harness.docker import HARDENED, WORKER, docker, engine_environ, said
from manimatic_worker.protocol import Begin, Chunk, Decoder, Done, End, Frame, Ready, Request, encode
from source_tree import ROOT

pytestmark = pytest.mark.timeout(300)
MAX_BYTES = 2 * 10**9
EVERYTHING = (ROOT / "tests/scenes/ok_formula_text_svg_image.py").read_text()
SCRIPTS = {"Latin": "61", "Chinese": "4f60", "Devanagari": "928", "Arabic": "645", "Hebrew": "5e9", "Thai": "e44"}


@pytest.fixture(autouse=True)
def _images(images: None) -> None:
    """Each test looks at the image of this checkout."""


def inside(command: str, *options: str) -> str:
    """Run a shell command in the image and return what it printed."""
    return said("run", "--rm", "--network", "none", *options, "--entrypoint", "sh", WORKER, "-c", command)


def converse(*options: str, code: str = EVERYTHING) -> tuple[list[Frame], bytes]:
    """Run a scene through the protocol, as a launcher does; return the frames and the video."""
    environ = engine_environ()
    command = ["docker", "run", "-i", *HARDENED, *options, WORKER, json.dumps({"open_files": 256})]
    with subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        decoder, frames, kind, video = Decoder(), list[Frame](), "", bytearray()
        while data := process.stdout.read1():
            for frame in decoder.feed(data):
                match frame:
                    case Ready():
                        process.stdin.write(encode(Request(code=code)))
                        process.stdin.flush()
                    case Begin():
                        kind = frame.kind
                    case Chunk() if kind == "video":
                        video += frame.data
                    case Done():
                        process.stdin.close()
                frames += [] if isinstance(frame, (Chunk, End)) else [frame]
        assert process.wait() == 0
    return frames, bytes(video)


@pytest.mark.parametrize("user", ["65534:65534", "0:0", "4711:4711"])
def test_a_scene_with_everything_renders_under_any_user(user: str) -> None:
    """TeX, letters of many scripts, an SVG and an image, on a read-only root without network or capabilities."""
    frames, video = converse("--user", user)
    assert isinstance(frames[-1], Done)
    assert (frames[-1].outcome, frames[-1].error_message) == ("ok", None)
    assert video[4:8] == b"ftyp"


def test_caches_are_made_before_the_first_run() -> None:
    """A scene writes neither a font cache nor a TeX format: those of the image are taken."""
    code = EVERYTHING + "        import os; print(os.popen('find /tmp -type f').read(), file=open('/job/seen', 'w'))\n"
    code += "        assert 'fontconfig' not in open('/job/seen').read() and '.fmt' not in open('/job/seen').read()\n"
    frames, _ = converse(code=code)
    assert isinstance(frames[-1], Done)
    assert (frames[-1].outcome, frames[-1].traceback) == ("ok", None)


def test_it_starts_as_nobody() -> None:
    """Who starts it without saying who gets a user without rights."""
    assert inside("id -u; id -g; pwd").split() == ["65534", "65534", "/job"]


def test_it_is_small_enough() -> None:
    """Two gigabytes at most, as it lies on the disk."""
    assert int(said("image", "inspect", "--format", "{{.Size}}", WORKER)) <= MAX_BYTES


def test_nothing_of_the_service_is_in_it() -> None:
    """No service code, no package of the trusted side, no client of an engine."""
    assert inside("ls /runtime/worker").split() == ["fastmanim", "formats", "manimatic_worker"]
    found = inside("ls -d /runtime/site/*").lower()
    for name in ("sqlalchemy", "flask", "pydantic", "google", "cloudinary", "gunicorn"):
        assert f"/{name}" not in found
    assert inside("find / -xdev -type f -name 'docker*' -not -path '/etc/*'", "--user", "0") == ""


def test_compilers_and_headers_stay_behind() -> None:
    """What built the packages is not in the image."""
    tools = "for tool in gcc cc g++ make pip pip3 pkg-config ld; do command -v $tool; done; true"
    assert inside(tools) == ""
    assert inside("find /usr/include -name '*.h' 2>/dev/null | head; true") == ""


def test_no_program_changes_its_user() -> None:
    """No file is set-user-id or set-group-id."""
    assert inside("find / -xdev -type f -perm /6000", "--user", "0") == ""


def test_what_a_guest_runs_belongs_to_root() -> None:
    """No user but root may write anything that a scene runs or reads; only the work folders are for all."""
    command = "find / -xdev -not -type l -perm /022 -not -path '/proc/*' -not -path '/dev/*'"
    assert sorted(inside(command, "--user", "0").split()) == ["/job", "/tmp", "/var/tmp"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_there_are_letters_for_every_script(script: str) -> None:
    """A font covers it; Manim draws boxes without a word otherwise."""
    assert inside(f"fc-list :charset={SCRIPTS[script]} family | head -1").strip()


def test_versions_are_those_of_the_lock() -> None:
    """What is installed is what requirements/worker.txt pins."""
    pinned = (ROOT / "requirements/worker.txt").read_text()
    found = inside("ls -d /runtime/site/*.dist-info | sed 's,.*/,,; s,.dist-info,,'").split()
    assert "manim-0.22.0" in found
    for item in found:
        name, _, version = item.rpartition("-")
        assert f"{name.lower().replace('_', '-')}=={version} " in pinned.replace("\\", " "), item


def test_beside_a_secret_it_does_not_start() -> None:
    """A key of a storage or a model in its environment is named, not shown, and ends it."""
    for name in ("CLOUDINARY_URL", "CLOUDINARY_API_SECRET", "GEMINI_API_KEY", "OPENAI_API_KEY"):
        done = docker("run", *HARDENED, "-e", f"{name}=hunter2", "-e", "CODE=pass", WORKER)
        assert done.returncode == 64
        assert name in done.stderr.decode()
        assert "hunter2" not in done.stderr.decode()
        assert done.stdout == b""


def test_by_hand_it_renders_what_its_environment_says(tmp_path: Path) -> None:
    """JOB_ID, CODE and USER_PROMPT as first described; the video is on standard output and nothing else is."""
    code = (ROOT / "tests/scenes/ok_prints_unicode.py").read_text()
    given = ("-e", "JOB_ID=abc12345", "-e", f"CODE={code}", "-e", "USER_PROMPT=a circle")
    done = docker("run", *HARDENED, *given, WORKER)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout[4:8] == b"ftyp"
    assert "job abc12345: a circle" in done.stderr.decode()
    tmp_path.chmod(0o777)
    done = docker("run", *HARDENED, *given, "-v", f"{tmp_path}:/output", WORKER)
    assert (done.returncode, done.stdout) == (0, b"")
    assert (tmp_path / "abc12345.mp4").read_bytes()[4:8] == b"ftyp"


def test_by_hand_a_scene_that_fails_says_where() -> None:
    """The scene's own line is in the log, and no video comes."""
    code = "from manim import *\nclass S(Scene):\n    def construct(self):\n        self.play(Circle().nope())\n"
    done = docker("run", *HARDENED, "-e", f"CODE={code}", WORKER)
    assert (done.returncode, done.stdout) == (1, b"")
    assert 'File "scene.py", line 4' in done.stderr.decode()


def test_by_hand_with_a_network_it_does_not_start(engine_address: str) -> None:
    """A scene never runs beside a network, by hand neither."""
    options = [word for word in HARDENED if word not in {"--network", "none"}]
    done = docker("run", *options, "--network", "host", "-e", "CODE=pass", WORKER)
    assert done.returncode == 2
    assert "--network none" in done.stderr.decode()


def test_fonts_that_the_prompt_names_are_in_the_image() -> None:
    """A model is told of no family that a container has not."""
    prompt = (ROOT / "backend/src/manimatic/codegen/prompts/runtime.md").read_text(encoding="utf-8")
    line = next(line for line in prompt.splitlines() if line.startswith("- Fonts"))
    families = {name.strip() for row in inside("fc-list : family").splitlines() for name in row.split(",")}
    named = set(re.findall(r"`([^`]+)`", line)) - {"font", "font="}
    assert len(named) > 5
    assert named - families == set()
