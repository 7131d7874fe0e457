"""A private Docker engine for tests and CI: start it, stop it, or run one command with it. Standard library only.

    script/engine run -- COMMAND…    start, run the command with DOCKER_HOST set, stop; its status is the command's
    script/engine start | stop       the same by hand; `start` prints the lines to set for a shell

It shares nothing with a system's own engine: socket, data, run-time state and settings are its own. It touches neither
packet filter nor forwarding: its containers reach one another and answer on published ports, and reach the world only
with the host's network. The data folder is kept, and with it the layers of images. Needs root, Debian's docker.io and
runsc. Ends with 69 when the engine cannot be had.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

UNAVAILABLE = 69
START_S = 60.0
STOP_S = 40.0
"""The engine gives its containers 15 s."""
WAIT_S = 600.0
"""How long a `run` waits for another one's end on the same data folder."""
PAUSE_S = 0.05
NEEDED = {"dockerd": "docker.io", "containerd": "containerd", "runsc": "runsc", "setpriv": "util-linux"}
DAEMON = "/usr/sbin/dockerd"
CLIENT = "/usr/bin/docker"
RUNTIMES = {"runsc": {"path": "/usr/bin/runsc", "runtimeArgs": ["--network=none", "--platform=ptrace"]}}
"""gVisor: its kvm platform hangs under nested virtualisation."""


class Trouble(Exception):
    """The engine cannot be had; the message says why."""


class Engine:
    """The engine of one data folder.

    Args:
        data: Where its images are.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        # sockets take paths of 107 bytes at most, so what the engine makes anew each time lies elsewhere
        self.folder = Path("/run") / f"manimatic-engine-{hashlib.sha256(str(data).encode()).hexdigest()[:8]}"
        self.socket = self.folder / "docker.sock"
        self.log = data / "engine.log"
        self._kept = self.folder / "kept"

    def environ(self) -> dict[str, str]:
        """Return the variables of a command that uses it: its socket, and the client that belongs to it."""
        path = f"{self.folder / 'bin'}:{os.environ.get('PATH', '/usr/sbin:/usr/bin:/sbin:/bin')}"
        return {"DOCKER_HOST": f"unix://{self.socket}", "DOCKER_BUILDKIT": "1", "PATH": path}

    @property
    def is_kept(self) -> bool:
        """Tell whether `start` was asked for it: then `run` uses it and leaves it running."""
        return self._kept.exists() and bool(self.pids()) and _answers(self.socket)

    def start(self, *, keep: bool) -> None:
        """Start it, ending what an earlier one left behind; returns when it answers. Raises Trouble."""
        self.end_leftovers()
        self._prepare()
        command = [*self._tie(keep), DAEMON, *self._options()]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        answered = _wait(lambda: _answers(self.socket) or process.poll() is not None, START_S)
        if not answered or process.poll() is not None:
            self.end_leftovers()
            raise Trouble(f"The engine did not start:\n{_tail(self.log)}")
        if keep:
            self._kept.touch()

    def stop(self) -> None:
        """Stop it with everything that runs in it."""
        self.end_leftovers()

    def end_leftovers(self) -> None:
        """End every engine of this data folder, by its pid, and whatever it left running or mounted."""
        for number, patience_s in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, 10.0)):
            for pid in self.pids():
                _signal(pid, number)
            if _wait(lambda: not self.pids(), patience_s):
                break
        else:
            raise Trouble(f"The engine of {self.data} does not end: {self.pids()}.")
        self._end_containers()
        for place in sorted(self._mounts(), reverse=True):
            subprocess.run(["umount", "--lazy", place], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def pids(self) -> list[int]:
        """Return the engines of this data folder that are alive: one, or none."""
        wanted = [b"--data-root", str(self.data).encode()]
        return [pid for pid, words in _processes() if _follows(words, wanted) and words[0].endswith(b"dockerd")]

    def _end_containers(self) -> None:
        """Kill what an engine that was itself killed has left: its containerd, its shims and what they started."""
        mine = str(self.folder / "exec").encode()
        for pid, words in _processes():
            if b"containerd" in words[0] and any(word.startswith(mine) for word in words[1:]):
                for each in [*_descendants(pid), pid]:
                    _signal(each, signal.SIGKILL)

    def _mounts(self) -> list[str]:
        """Return what is mounted in this engine's folders; what lies in another comes after it.

        An engine binds its data folder to itself; a disk of its own that is mounted there was mounted by somebody else.
        """
        fields = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        places = [(root, place.encode().decode("unicode_escape")) for _, _, _, root, place, *_ in fields]
        return [
            place
            for root, place in places
            if {Path(place), *Path(place).parents} & {self.data, self.folder}
            and (root != "/" or Path(place) != self.data)
        ]

    def _tie(self, keep: bool) -> list[str]:
        """Return what lets it end with this process, however this process ends."""
        return [] if keep else ["setpriv", "--pdeathsig", "TERM", "--"]

    def _options(self) -> list[str]:
        return [
            *("--config-file", str(self.folder / "daemon.json"), "--host", f"unix://{self.socket}"),
            *("--data-root", str(self.data), "--exec-root", str(self.folder / "exec")),
            *("--pidfile", str(self.folder / "pid")),
            *("--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"),
        ]

    def _prepare(self) -> None:
        (self.folder / "bin").mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        (self.folder / "daemon.json").write_text(json.dumps({"runtimes": RUNTIMES}))
        client = self.folder / "bin" / "docker"
        client.unlink(missing_ok=True)
        client.symlink_to(CLIENT)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs on this data folder out. Raises Trouble when one does not end in time."""
        self.data.mkdir(parents=True, exist_ok=True, mode=0o710)
        with (self.data / "lock").open("w") as lock:
            if not _wait(lambda: _is_locked(lock.fileno()), WAIT_S):
                raise Trouble(f"Another run has used the engine of {self.data} for {WAIT_S:g} s.")
            yield


def main() -> int:
    """Read the arguments and do it."""
    args = _arguments()
    try:
        _check_machine()
        engine = Engine(args.data.absolute())
        if args.deed == "run":
            return _run(engine, args.command)
        with engine.locked():
            if args.deed == "stop":
                engine.stop()
            elif not engine.is_kept:
                engine.start(keep=True)
    except (Trouble, OSError) as error:
        print(f"script/engine: {error}", file=sys.stderr)
        return UNAVAILABLE
    if args.deed == "start":
        print("".join(f"export {name}={value}\n" for name, value in engine.environ().items()), end="")
    return 0


def _arguments() -> argparse.Namespace:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser = argparse.ArgumentParser(prog="script/engine", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=cache / "manimatic/engine", help="where images are kept")
    deeds = parser.add_subparsers(dest="deed", required=True)
    deeds.add_parser("start", help="start the engine and leave it running")
    deeds.add_parser("stop", help="stop it")
    run = deeds.add_parser("run", help="start it, run a command, stop it")
    run.add_argument("command", nargs="+")
    return parser.parse_args()


def _check_machine() -> None:
    if os.geteuid():
        raise Trouble("A Docker engine needs root.")
    if missing := [package for program, package in NEEDED.items() if not shutil.which(program)]:
        raise Trouble(f"Missing here: apt-get install -y --no-install-recommends {' '.join(missing)}")


def _run(engine: Engine, command: list[str]) -> int:
    """Run the command with an engine and return its status; what ends this process ends the command too."""
    told: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: told.append(number))
    with engine.locked():
        kept = engine.is_kept
        if not kept:
            engine.start(keep=False)
        try:
            return 128 + told[0] if told else _status(command, {**os.environ, **engine.environ()}, told)
        finally:
            if not kept:
                engine.stop()


def _status(command: list[str], environ: dict[str, str], told: list[int]) -> int:
    process = subprocess.Popen(command, env=environ)
    passed_on = 0
    while True:
        try:
            status = process.wait(PAUSE_S)
        except subprocess.TimeoutExpired:
            for number in told[passed_on:]:
                process.send_signal(number)
            passed_on = len(told)
            continue
        return status if status >= 0 else 128 - status


def _answers(path: Path) -> bool:
    """Ask the engine whether it is there."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        connection.connect(str(path))
        connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        return b" 200 " in connection.recv(64)
    return False


def _processes() -> Iterator[tuple[int, list[bytes]]]:
    """Yield the pid and the command line of every process that has one."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if words := (entry / "cmdline").read_bytes().split(b"\0")[:-1]:
                    yield int(entry.name), words


def _follows(words: list[bytes], wanted: list[bytes]) -> bool:
    """Tell whether a command line has these words, one after the other."""
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words)))


def _descendants(pid: int) -> list[int]:
    """Return the children of a process, their children and so on."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_bytes().rpartition(b") ")[2].split()[1])
                parents.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _is_locked(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(condition: Callable[[], bool], patience_s: float) -> bool:
    """Wait until something holds; False when it does not in time."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_S)
    return True


def _tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


if __name__ == "__main__":
    sys.exit(main())
