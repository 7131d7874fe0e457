"""What an attack would reach if a wall had a hole: secrets, listeners, processes, files that everybody may write."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

VARIABLE = "GEMINI_API_KEY"
NOBODY = 65534
"""The uid that a guest of a namespace thinks it has."""


def fresh(kind: str = "canary") -> str:
    """Return a text that stands nowhere else."""
    return f"{kind}-{secrets.token_hex(16)}"


class Listeners:
    """Sockets that count who came: TCP, UDP, a path, abstract names of both kinds."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        made = [
            (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
        ]
        self.abstract = fresh("name")
        self.path = str(folder / "open.sock")
        made += [
            (socket.AF_UNIX, socket.SOCK_STREAM, self.path),
            (socket.AF_UNIX, socket.SOCK_STREAM, "\0" + self.abstract),
        ]  # type: ignore[list-item]
        made += [
            (socket.AF_UNIX, socket.SOCK_DGRAM, self.path + "d"),
            (socket.AF_UNIX, socket.SOCK_DGRAM, "\0" + self.abstract + "d"),
        ]  # type: ignore[list-item]
        self._sockets = [stack.enter_context(_listening(*one)) for one in made]
        for path in (self.path, self.path + "d"):
            Path(path).chmod(0o777)
        self.tcp, self.udp = (one.getsockname()[1] for one in self._sockets[:2])

    def visitors(self) -> list[str]:
        """Name the sockets that somebody has reached since the last question."""
        found = []
        for one in self._sockets:
            with contextlib.suppress(BlockingIOError):
                if one.type == socket.SOCK_STREAM:
                    one.accept()[0].close()
                else:
                    one.recv(100)
                found.append(f"somebody came to {one.getsockname()!r}")
        return found

    def for_guest(self) -> Mapping[str, Any]:
        """Return where the sockets are, for the attacker."""
        return {"tcp": self.tcp, "udp": self.udp, "path": self.path, "abstract": self.abstract}


def _listening(family: int, kind: int, address: Any) -> socket.socket:
    one = socket.socket(family, kind)
    one.bind(address)
    one.setblocking(False)
    if kind == socket.SOCK_STREAM:
        one.listen(64)
    return one


class Canaries:
    """Put them up for one session and look at them after every attack.

    Args:
        folder: The session's own, which everybody may enter; owned by the session's user.
        covered: Folders that are the session's own file systems, where well-known secrets can be put.
    """

    def __init__(self, folder: Path, covered: tuple[Path, ...], stack: ExitStack) -> None:
        self.secret = fresh()
        os.environ[VARIABLE] = self.secret
        stack.callback(os.environ.pop, VARIABLE)
        self.secrets = [str(path) for path in self._write_secrets(folder, covered)]
        self.house = folder / "house"
        _furnish(self.house)
        self.listeners = Listeners(folder, stack)
        self.victims = [stack.enter_context(_victim(uid)) for uid in ((None, NOBODY) if os.geteuid() == 0 else (None,))]
        self._files = [self.house, *map(Path, self.secrets)]
        self._before = self._state()

    def _write_secrets(self, folder: Path, covered: tuple[Path, ...]) -> Iterator[Path]:
        places = [folder / "secret", folder / ".env", folder / "manimatic.db"]
        places += [place / "secrets" / "gemini" for place in covered]
        for path in places:
            path.parent.mkdir(exist_ok=True)
            path.write_text(self.secret)
            path.chmod(0o644)
            yield path

    def victim_pids(self) -> list[int]:
        """Return the processes that an attacker may try."""
        return [one.pid for one in self.victims]

    def changes(self) -> list[str]:
        """Say what is not as it was when the canaries were put up."""
        found = self.listeners.visitors()
        now = self._state()
        found += [
            f"{name} has changed: {self._before[name]} -> {now[name]}"
            for name in now
            if now[name] != self._before[name]
        ]
        found += [f"the victim {one.pid} is dead" for one in self.victims if one.poll() is not None]
        if found:
            self._before = now
        return found

    def _state(self) -> dict[str, Any]:
        found: dict[str, Any] = {str(path): state_of(path) for path in self._files}
        for one in self.victims:
            found[f"the victim {one.pid}"] = _process_state(one.pid)
        for name in ("kernel/core_pattern", "kernel/modprobe", "kernel/hostname", "kernel/core_uses_pid"):
            with contextlib.suppress(OSError):
                found[name] = Path("/proc/sys", name).read_text()
        found["programs"] = {
            path: state_of(Path(path)) for path in ("/usr/bin/env", "/bin/sh", os.path.realpath("/usr/bin/python3"))
        }
        return found


def _furnish(house: Path) -> None:
    house.mkdir()
    (house / "folder").mkdir()
    (house / "file").write_text("as it was")
    for path in (house, house / "folder", house / "file"):
        path.chmod(0o777)


@contextlib.contextmanager
def _victim(uid: int | None) -> Iterator[subprocess.Popen[bytes]]:
    change: dict[str, Any] = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
    with subprocess.Popen(["/bin/sleep", "86400"], cwd="/", **change) as process:
        try:
            yield process
        finally:
            process.kill()


def _process_state(pid: int) -> tuple[Any, ...]:
    """Return what somebody could change of a process, and nothing of one that is gone."""
    if not Path(f"/proc/{pid}").exists():
        return ()
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (
        Path(f"/proc/{pid}/limits").read_text(),
        Path(f"/proc/{pid}/oom_score_adj").read_text(),
        sorted(os.sched_getaffinity(pid)),
        os.getpriority(os.PRIO_PROCESS, pid),
        stat[0] in "tT",
        stat[19],
    )


def state_of(path: Path) -> dict[str, tuple[Any, ...]]:
    """Return what could be changed of a file or a tree: names, contents, modes, owners, times."""
    found: dict[str, tuple[Any, ...]] = {}
    for one in [path, *(sorted(path.rglob("*")) if path.is_dir() else ())]:
        info = one.lstat()
        small = one.is_file() and not one.is_symlink() and info.st_size < 100_000
        content = one.read_bytes() if small else info.st_size
        found[str(one)] = (content, info.st_mode, info.st_uid, info.st_gid, info.st_mtime_ns, info.st_nlink)
    return found
