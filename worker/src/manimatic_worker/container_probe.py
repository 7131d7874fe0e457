"""Try a container's walls from inside: put up the worker's own, say what is there, attempt what is forbidden."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from manimatic_worker.probe import attempt, create
from manimatic_worker.worker_entrypoint import confine_worker

_STEP_BYTES = 1 << 20
_STATUS = ("CapBnd", "CapEff", "CapPrm", "NoNewPrivs", "Seccomp")


def main(argv: list[str]) -> int:
    """Print one JSON object a line; the last, about memory, may end the whole container.

    Args:
        argv: The second item is what the worker is told, the third an object: `processes` and `memory_bytes` to try.
    """
    wanted = json.loads(argv[2])
    engines = {"process": _status(), "interfaces": _interfaces(), "root_is_read_only": _is_read_only("/")}
    _say({**engines, "disk_bytes": _size("/job"), "layers": confine_worker(argv[1]), **_deeds()})
    _say({"processes": _fork_until_refused(wanted["processes"])})
    _say({"memory": _overfill(wanted["memory_bytes"])})
    return 0


def _say(found: dict[str, Any]) -> None:
    print(json.dumps(found), flush=True)  # noqa: T201


def _status() -> dict[str, str]:
    lines = (line.partition(":") for line in Path("/proc/self/status").read_text().splitlines())
    found = {name: value.strip() for name, _, value in lines if name in _STATUS}
    return found | {"uid": str(os.getuid()), "gid": str(os.getgid()), "groups": str(os.getgroups())}


def _interfaces() -> list[str]:
    """List the network's devices that this process can see."""
    lines = Path("/proc/self/net/dev").read_text().splitlines()
    return sorted(line.partition(":")[0].strip() for line in lines if ":" in line)


def _deeds() -> dict[str, Any]:
    deeds: dict[str, Callable[[], object]] = {
        "write /usr": lambda: create("/usr/manimatic-probe"),
        "write /runtime": lambda: create("/runtime/manimatic-probe"),
        "make a socket": lambda: socket.socket(socket.AF_INET).close(),
    }
    own = {
        "write /job": lambda: create("/job/probe"),
        "write /tmp": lambda: create("/tmp/probe"),  # noqa: S108
        "write /dev/shm": lambda: create("/dev/shm/probe"),  # noqa: S108
    }
    return {
        "deeds": {name: attempt(deed) for name, deed in deeds.items()},
        "own": {name: attempt(deed) for name, deed in own.items()},
    }


def _is_read_only(folder: str) -> bool:
    """Ask the table of mounts: the flags of `statvfs` are not filled in everywhere."""
    mounts = (line.split(" ") for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return any("ro" in fields[5].split(",") for fields in mounts if fields[4] == folder)


def _size(folder: str) -> int:
    stat = os.statvfs(folder)
    return stat.f_blocks * stat.f_frsize


def _fork_until_refused(most: int) -> int:
    """Return how many processes there could be besides this one and the first."""
    children: list[int] = []
    try:
        while len(children) < most:
            child = os.fork()
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
    except OSError:
        pass
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return len(children)


def _overfill(size: int) -> str:
    """Let a child fill this much memory, and say how that ended."""
    child = os.fork()
    if child == 0:
        kept = [bytearray(os.urandom(1) * _STEP_BYTES) for _ in range(size // _STEP_BYTES)]
        os._exit(0 if kept else 1)
    _, status = os.waitpid(child, 0)
    return "given" if status == 0 else "refused"
