"""Users of their own for the api and the dispatcher of a service that root starts.

The launcher has to be root; the two others need not be. Each gets an unprivileged uid, so that a hole in one of them is
neither root nor the other: it cannot read the other's environment, where the keys are, signal it, or use the engine.
They share a group, to which the data folder belongs.

An unprivileged process has to be able to read the program that it is. Where it cannot (a checkout in root's home), and
where the data folder is not root's to give away, the parts run as root, and `doctor` says why.
"""

from __future__ import annotations

import os
import secrets
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from manimatic.errors import SettingsError
from manimatic.findings import Finding, ok, warning
from manimatic.settings import Settings

UMASK = 0o007
"""What one part makes the other may use, and nobody else."""
DATABASE = "manimatic.sqlite3"
PIPE = "wakeup.fifo"
FOLDERS = ("held", "videos", "work")
FOLDER_MODE = 0o2770
"""Its files come to the group, whoever of the two makes them."""
TRIAL_TIMEOUT_S = 60.0
"""On a busy machine a Python takes seconds to start; too little patience would leave the parts root."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_MEND = (
    "Install Manimatic where every user may read it, such as /opt, with a Python that every user may start, such as "
    "Debian's, and keep MANIMATIC_DATA_DIR outside of private folders and the database in it."
)
_TRIAL = (
    "import importlib.util, os, sys\n"
    "missing = [name for name in ('manimatic.dispatcher', 'manimatic.api', 'gunicorn', 'sqlalchemy')"
    " if importlib.util.find_spec(name) is None]\n"
    "sys.exit(f'cannot import {missing[0]}' if missing else 0 if os.access(sys.argv[1], os.X_OK) else"
    " f'cannot reach {sys.argv[1]}')\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceUsers:
    """Who the parts are; the numbers come from the end of the range that slots begin (see `sandbox.slots`)."""

    dispatcher: int = 61180
    api: int = 61181
    group: int = 61182

    def environ(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return a part's environment without the folders of root that it could not use."""
        own = {name: value for name, value in given.items() if not name.startswith("XDG_")}
        return {**own, "HOME": "/nonexistent"}


def find_obstacle(settings: Settings, users: ServiceUsers) -> str:
    """Return what keeps root's service from giving its parts users of their own; empty where nothing does."""
    folder = settings.data_dir
    if settings.resolved_database_url.startswith("sqlite") and settings.database_url:
        return "MANIMATIC_DATABASE_URL names a SQLite file, which may lie where they cannot write"
    if folder.is_dir() and not _is_roots_or(folder, users.dispatcher):
        return f"{folder} is not root's alone, so it is not the service's to give away"
    if link := next((path for path in _known(folder) if path.is_symlink()), None):
        return f"{link} is a link, which leads to what may not be the service's"
    if why := _try_giving(folder, users):
        return why
    for uid in (users.dispatcher, users.api):
        if why := _try(uid, users.group, folder.parent):
            return why
    return ""


def examine(settings: Settings, users: ServiceUsers, euid: int) -> Iterator[Finding]:
    """Say as whom a service of this user would run its parts; nothing where it is not root's."""
    if euid != 0:
        return
    if why := find_obstacle(settings, users):
        yield warning("users", f"The api and the dispatcher of a service run as root: {why}.", _MEND)
    else:
        yield ok("users", f"a service's api runs as uid {users.api}, its dispatcher as uid {users.dispatcher}")


def hand_over(settings: Settings, users: ServiceUsers) -> None:
    """Give the data folder to the parts, with what an earlier service left in it.

    As long as the folder is root's alone nobody can have planted anything in it; it is given away last, and never
    walked through again.

    Raises:
        SettingsError: It cannot be done.
    """
    try:
        top = os.open(settings.data_dir, _FOLDER)
        try:
            if os.fstat(top).st_uid == users.dispatcher:
                return
            _furnish(top, users, sqlite=not settings.database_url)
            os.fchown(top, users.dispatcher, users.group)
            os.fchmod(top, FOLDER_MODE)
        finally:
            os.close(top)
    except OSError as error:
        raise SettingsError(
            f"The data folder {settings.data_dir} cannot be given to the service's users: {error}.",
            hint="Name a folder on a disk of this machine in MANIMATIC_DATA_DIR.",
        ) from error


def _furnish(top: int, users: ServiceUsers, *, sqlite: bool) -> None:
    for name in FOLDERS:
        if name not in os.listdir(top):
            os.mkdir(name, 0o700, dir_fd=top)
    if sqlite and DATABASE not in os.listdir(top):  # SQLite itself would make one that the group cannot write
        os.close(os.open(DATABASE, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=top))
    for name in FOLDERS:
        _give_tree(top, name, users)
        os.chmod(name, FOLDER_MODE, dir_fd=top)
    for name in os.listdir(top):
        if name == PIPE or name.startswith(DATABASE):
            os.chown(name, users.dispatcher, users.group, dir_fd=top, follow_symlinks=False)
            os.chmod(name, 0o660, dir_fd=top)


def _give_tree(top: int, name: str, users: ServiceUsers) -> None:
    for _, folders, files, fd in os.fwalk(name, dir_fd=top, follow_symlinks=False):
        for entry in (*folders, *files):
            os.chown(entry, users.dispatcher, users.group, dir_fd=fd, follow_symlinks=False)
        os.fchown(fd, users.dispatcher, users.group)


def _is_roots_or(folder: Path, uid: int) -> bool:
    found = folder.lstat()
    return found.st_uid == uid or (found.st_uid == 0 and not found.st_mode & _OTHERS_MAY_WRITE)


def _known(folder: Path) -> Iterator[Path]:
    """Yield what of the data folder is ours."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name in FOLDERS or path.name == PIPE or path.name.startswith(DATABASE):
            yield path


def _try_giving(folder: Path, users: ServiceUsers) -> str:
    """Give a file away; return why that could not be done, as on a network's disk that knows no root."""
    if not folder.is_dir() or folder.lstat().st_uid == users.dispatcher:
        return ""
    trial = folder / f".probe-{secrets.token_hex(4)}"
    try:
        trial.touch()
        os.chown(trial, users.dispatcher, users.group)
    except OSError as error:
        return f"files in {folder} cannot be given away ({error.strerror})"
    finally:
        trial.unlink(missing_ok=True)
    return ""


def _try(uid: int, gid: int, folder: Path) -> str:
    """Start this Python as that user and have it look for the program; return why it could not."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _TRIAL, str(folder)],
            user=uid,
            group=gid,
            extra_groups=[],
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            timeout=TRIAL_TIMEOUT_S,
            check=False,
        )
    except OSError as error:
        return f"another user cannot start {sys.executable} ({error.strerror})"
    except subprocess.TimeoutExpired:
        return f"{sys.executable} does not answer another user"
    said = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"status {done.returncode}"]
    return f"as another user, this Python {said[0]}" if done.returncode else ""
