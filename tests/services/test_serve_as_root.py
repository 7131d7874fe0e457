"""`manimatic serve` started by root where every user can read it: the parts are users of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from harness.processes import of_role
from harness.service import Service, serving
from manimatic.service_users import ServiceUsers
from readable_copy import everyone_reaches, link_or_copy
from source_tree import ROOT
from support import require

USERS = ServiceUsers()
PYTHON = "/usr/bin/python3"
OURS = (ROOT / "backend/src", ROOT / "worker/src", ROOT / "fastmanim/src")
KEY = "AIza-a-key-of-the-test"
CODE = """from manim import *


class Small(Scene):
    def construct(self):
        self.wait(0.2)
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that every user reaches, unlike pytest's own."""
    require(os.geteuid() == 0, "only root can start a service with several users")
    require(f"{sys.version_info.major}.{sys.version_info.minor}" in _version(), f"{PYTHON} is of another version")
    with TemporaryDirectory(dir="/tmp", prefix="manimatic-users-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def python(folder: Path) -> Path:
    """An environment of the system's Python that sees this one's packages; its own may lie in a private folder."""
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    (site,) = (folder / "venv" / "lib").glob("python*/site-packages")
    seen = [_reachable(Path(place), folder) for place in (sysconfig.get_path("purelib"), *OURS)]
    (site / "seen.pth").write_text("".join(f"{path}\n" for path in seen))
    return folder / "venv" / "bin" / "python"


@pytest.fixture(scope="module")
def service(folder: Path, python: Path) -> Iterator[Service]:
    """A service on a data folder that root's command line has used before."""
    (folder / "data" / "videos").mkdir(parents=True)
    (folder / "data").chmod(0o700)
    (folder / "data" / "videos" / f"{'a' * 40}.mp4").write_bytes(b"an old film")
    with serving(folder, python=python, GEMINI_API_KEY=KEY, MANIMATIC_MAX_REPAIRS="0") as started:
        yield started


def _reachable(place: Path, folder: Path) -> Path:
    """Return where every user finds what lies there: a checkout may be in a private folder."""
    if everyone_reaches(place):
        return place
    return shutil.copytree(place, folder / place.relative_to("/"), copy_function=link_or_copy)


def _version() -> str:
    return subprocess.run([PYTHON, "-V"], capture_output=True, text=True, check=False).stdout


def users_of(role: str, service: Service) -> set[str]:
    """Return real, effective, saved and file system uids of a role's processes."""
    uids = set()
    for pid in of_role(role, service.process.pid):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        uids |= {" ".join(line.split()[1:]) for line in lines if line.startswith("Uid:")}
    return uids


def attempt(uid: int, program: str, *words: str | int) -> str:
    """Run a small program as a user of the service and return what went wrong."""
    command = [PYTHON, "-c", f"import sys, socket\n{program}", *map(str, words)]
    done = subprocess.run(
        command, user=uid, group=USERS.group, extra_groups=[], cwd="/", capture_output=True, text=True, check=False
    )
    return done.stderr


def test_every_part_is_a_user_of_its_own(service: Service) -> None:
    """The launcher alone is root."""
    assert users_of("launcher", service) == {"0 0 0 0"}
    assert users_of("dispatcher", service) == {" ".join([str(USERS.dispatcher)] * 4)}
    assert users_of("api", service) == {" ".join([str(USERS.api)] * 4)}


def test_a_job_is_made_and_removed(service: Service) -> None:
    """Database, wake-up, sandbox, storage and download work across the users; the api may remove a video."""
    job = service.make(code=CODE)
    assert job["status"] == "complete", (job, service.log())
    name = Path(job["url"]).name
    assert service.ask("GET", f"/videos/{name}").status == 200
    assert service.ask("DELETE", f"/status/{job['job_id']}").status == 204
    assert not (service.data / "videos" / name).exists()


def test_what_was_there_before_is_still_served(service: Service) -> None:
    """The folder changed hands with what was in it."""
    assert service.ask("GET", f"/videos/{'a' * 40}.mp4").body == b"an old film"


def test_the_api_cannot_read_the_keys(service: Service) -> None:
    """They are in the dispatcher's environment, which is another user's."""
    (dispatcher,) = of_role("dispatcher", service.process.pid)
    read = "print(open(f'/proc/{sys.argv[1]}/environ').read())"
    assert KEY in Path(f"/proc/{dispatcher}/environ").read_text()
    assert "PermissionError" in attempt(USERS.api, read, dispatcher)
    assert "PermissionError" in attempt(USERS.api, "import os; os.kill(int(sys.argv[1]), 9)", dispatcher)


def test_the_launcher_answers_the_dispatcher_alone(service: Service) -> None:
    """The socket's file keeps the api away; root may pass."""
    (launcher,) = of_role("launcher", service.process.pid)
    path = Path(f"/proc/{launcher}/cmdline").read_bytes().split(b"\0--socket\0")[1].split(b"\0")[0].decode()
    connect = "socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    assert attempt(USERS.dispatcher, connect, path) == ""
    assert "PermissionError" in attempt(USERS.api, connect, path)


def test_no_part_can_write_beside_the_data_folder(service: Service) -> None:
    """Neither its own program nor another's files."""
    write = "open(sys.argv[1], 'a')"
    for uid in (USERS.api, USERS.dispatcher):
        assert "PermissionError" in attempt(uid, write, service.folder / "serve.log")
        assert "PermissionError" in attempt(uid, write, ROOT / "backend/src/manimatic/__init__.py")
