"""Users of their own for the parts of a service that root starts."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from manimatic.findings import Level
from manimatic.service_users import ServiceUsers, examine, find_obstacle, hand_over
from manimatic.settings import Settings
from support import require

USERS = ServiceUsers()


def settings_of(folder: Path, **environ: str) -> Settings:
    """Return settings with this data folder."""
    return Settings.from_env({"MANIMATIC_DATA_DIR": str(folder), **environ})


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder that an earlier service of root's has left, in a place that others reach."""
    require(os.geteuid() == 0, "only root can give files away")
    with TemporaryDirectory(dir="/tmp", prefix="manimatic-users-") as top:
        Path(top).chmod(0o755)
        folder = Path(top) / "data"
        folder.mkdir(mode=0o700)
        (folder / "videos").mkdir(mode=0o750)
        (folder / "videos" / "old.mp4").write_bytes(b"film")
        (folder / "videos" / "old.mp4").chmod(0o640)
        (folder / "manimatic.sqlite3").touch(mode=0o644)
        (folder / "mine.txt").touch(mode=0o600)
        os.mkfifo(folder / "wakeup.fifo", 0o640)
        yield folder


def facts(path: Path) -> tuple[int, int, int]:
    """Return owner, group and mode."""
    found = path.lstat()
    return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)


def able(uid: int, program: str, *words: str | Path, group: int = USERS.group) -> bool:
    """Tell whether a user of the service can do something."""
    command = ["/usr/bin/python3", "-c", f"import os, sys\n{program}", *map(str, words)]
    done = subprocess.run(
        command, user=uid, group=group, extra_groups=[], umask=0o007, cwd="/", capture_output=True, check=False
    )
    return done.returncode == 0


def test_folder_of_an_earlier_service_is_given_to_both(data: Path) -> None:
    """What is ours becomes the dispatcher's and the group's; what is not ours stays."""
    hand_over(settings_of(data), USERS)
    assert facts(data) == (USERS.dispatcher, USERS.group, 0o2770)
    for name in ("videos", "held", "work"):
        assert facts(data / name) == (USERS.dispatcher, USERS.group, 0o2770)
    assert facts(data / "videos/old.mp4") == (USERS.dispatcher, USERS.group, 0o640)
    for name in ("manimatic.sqlite3", "wakeup.fifo"):
        assert facts(data / name) == (USERS.dispatcher, USERS.group, 0o660)
    assert facts(data / "mine.txt") == (0, 0, 0o600)


def test_parts_can_do_what_they_have_to(data: Path) -> None:
    """Both write the database and beside it; the api serves and removes videos that the dispatcher stored."""
    hand_over(settings_of(data), USERS)
    write = "import sqlite3; sqlite3.connect(sys.argv[1]).execute('create table if not exists t (a)')"
    assert able(USERS.dispatcher, write, data / "manimatic.sqlite3")
    assert able(USERS.api, write, data / "manimatic.sqlite3")
    assert able(USERS.dispatcher, "os.close(os.open(sys.argv[1], os.O_CREAT, 0o640))", data / "videos/new.mp4")
    assert able(USERS.api, "open(sys.argv[1]).read(); os.unlink(sys.argv[1])", data / "videos/new.mp4")
    assert able(USERS.api, "os.close(os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK))", data / "wakeup.fifo")
    assert not able(65534, "os.listdir(sys.argv[1])", data, group=65534)


def test_folder_is_walked_through_only_while_it_is_roots_alone(data: Path) -> None:
    """What somebody plants after it was given away is not given away, too."""
    hand_over(settings_of(data), USERS)
    (data / "videos" / "planted").touch()
    (data / "held").rmdir()
    (data / "held").symlink_to("/")
    hand_over(settings_of(data), USERS)
    assert facts(data / "videos" / "planted")[0] == 0
    assert facts(Path("/"))[0] == 0


def test_interrupted_handing_over_is_finished_by_the_next(data: Path) -> None:
    """The folder itself changes hands last."""
    os.chown(data / "videos", USERS.dispatcher, USERS.group)
    hand_over(settings_of(data), USERS)
    assert facts(data) == (USERS.dispatcher, USERS.group, 0o2770)
    assert facts(data / "videos/old.mp4")[0] == USERS.dispatcher


def test_folder_that_others_may_write_is_not_given_away(data: Path) -> None:
    """Anything may have been planted there."""
    data.chmod(0o777)
    assert "not root's alone" in find_obstacle(settings_of(data), USERS)
    data.chmod(0o700)
    os.chown(data, 12345, 12345)
    assert "not root's alone" in find_obstacle(settings_of(data), USERS)


def test_disk_on_which_nothing_can_be_given_away_is_an_obstacle(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a network's disk that takes root for nobody; the trial leaves nothing behind."""

    def refuse(path: Path, uid: int, gid: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    before = set(data.iterdir())
    monkeypatch.setattr(os, "chown", refuse)
    assert "cannot be given away (Operation not permitted)" in find_obstacle(settings_of(data), USERS)
    assert set(data.iterdir()) == before


def test_link_in_the_folder_is_an_obstacle(data: Path) -> None:
    """Videos on another disk stay as they are."""
    (data / "held").symlink_to("/var")
    assert "is a link" in find_obstacle(settings_of(data), USERS)


def test_database_elsewhere_is_an_obstacle_and_postgres_is_none(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite file of the operator's choice may lie where the parts cannot write."""
    elsewhere = settings_of(data, MANIMATIC_DATABASE_URL="sqlite:////srv/jobs.sqlite3")
    assert "MANIMATIC_DATABASE_URL" in find_obstacle(elsewhere, USERS)
    monkeypatch.setattr(sys, "executable", "/usr/bin/true")
    assert find_obstacle(settings_of(data, MANIMATIC_DATABASE_URL="postgresql://u:p@h/d"), USERS) == ""


def test_python_that_others_cannot_start_is_an_obstacle(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout in root's home."""
    python = data / "python"
    python.symlink_to("/usr/bin/true")
    monkeypatch.setattr(sys, "executable", str(python))
    assert "cannot start" in find_obstacle(settings_of(data), USERS)


def test_python_that_does_not_find_the_program_is_an_obstacle(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It starts, and the packages are out of reach."""
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    assert "manimatic" in find_obstacle(settings_of(data), USERS)


def test_doctor_says_who_the_parts_would_be(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root learns it, or why not; a plain user has only themselves."""
    monkeypatch.setattr(sys, "executable", "/usr/bin/true")
    assert [item.level for item in examine(settings_of(data), USERS, 0)] == [Level.OK]
    monkeypatch.setattr(sys, "executable", "/nonexistent")
    (found,) = examine(settings_of(data), USERS, 0)
    assert found.level is Level.WARNING
    assert "/opt" in found.mend
    assert list(examine(settings_of(data), USERS, 1000)) == []


def test_parts_are_given_no_folder_of_roots() -> None:
    """They could not use it."""
    given = {"HOME": "/home/r", "XDG_CACHE_HOME": "/home/r/.cache", "PATH": "/usr/bin", "MANIMATIC_PORT": "1"}
    assert USERS.environ(given) == {"HOME": "/nonexistent", "PATH": "/usr/bin", "MANIMATIC_PORT": "1"}
