"""Where the kernel's control groups are mounted, and which of them this process is in."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """One mounted tree of control groups."""

    version: int  # 1 or 2
    controllers: frozenset[str]  # of version 1; version 2 tells them per group
    mount: Path
    own: Path  # the folder of this process's own group


def hierarchies(proc: Path = Path("/proc")) -> tuple[Hierarchy, ...]:
    """List the mounted trees; none when /proc cannot be read."""
    try:
        mounts = (proc / "self" / "mountinfo").read_text()
        groups = (proc / "self" / "cgroup").read_text()
    except OSError:
        return ()
    own = dict(_own_groups(groups))
    return tuple(found for line in mounts.splitlines() if (found := _hierarchy(line, own)))


def makes_groups(folder: Path, file: str | None = None) -> bool:
    """Try whether this process may make a group in a folder, and write that file of it."""
    probe = folder / f"manimatic.probe.{os.getpid()}"
    with contextlib.suppress(OSError):
        probe.mkdir()
        usable = file is None or os.access(probe / file, os.W_OK)
        probe.rmdir()
        return usable
    return False


def named_below(folder: Path, prefix: str) -> Iterator[Path]:
    """Find groups by the start of their name, anywhere in a tree."""
    for parent, names, _ in os.walk(folder):
        yield from (Path(parent, name) for name in names if name.startswith(prefix))


def _own_groups(text: str) -> Iterator[tuple[str, str]]:
    """Read lines like `4:memory:/path` and, for version 2, `0::/path` (key "")."""
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        yield from ((controller, path) for controller in controllers.split(","))


def _hierarchy(line: str, own: dict[str, str]) -> Hierarchy | None:
    """Read one line of mountinfo; None when it is no mount of control groups."""
    left, _, right = line.partition(" - ")
    kind, _, options = right.split(" ", 2)
    if kind not in ("cgroup", "cgroup2"):
        return None
    version = 2 if kind == "cgroup2" else 1
    controllers = frozenset(options.split(",")) & own.keys() if version == 1 else frozenset[str]()
    root, mount = left.split(" ")[3:5]
    path = own.get("" if version == 2 else next(iter(controllers), "?"), "/")
    return Hierarchy(version=version, controllers=controllers, mount=Path(mount), own=_folder(mount, root, path))


def _folder(mount: str, root: str, path: str) -> Path:
    """Turn a group's path into the folder that shows it; the mount may show only a part of the tree."""
    if root == "/" or path == root or path.startswith(f"{root}/"):
        path = path.removeprefix(root.rstrip("/"))
        return Path(mount, path.lstrip("/"))
    return Path(mount)
