"""Import one module after the other, each in a fresh process, and print what importing it did.

Run as ``python -B import_watch.py MODULE…`` with an empty environment; prints a JSON object for each module. The
processes are forked from one that has loaded nothing but this file.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from types import FrameType
from typing import Any

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
ACTS = {
    "os.system",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.putenv",
    "os.exec",
    "os.posix_spawn",
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "subprocess.Popen",
}
OURS = ("manimatic", "fastmanim")
done: list[str] = []


def is_ours(frame: FrameType | None) -> bool:
    """Tell whether the nearest frame that is not of the standard library's plumbing belongs to Manimatic."""
    while frame is not None and frame.f_globals.get("__name__") in {"os", "_collections_abc", __name__}:
        frame = frame.f_back
    return frame is not None and str(frame.f_globals.get("__name__")).startswith(OURS)


class WatchedEnviron(dict[str, str]):
    """An empty environment that notes who of us looks into it."""

    def _note(self) -> None:
        if is_ours(sys._getframe(2)):
            done.append("environment")

    def __getitem__(self, name: str) -> str:
        self._note()
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._note()
        return super().__contains__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Look up a variable."""
        self._note()
        return super().get(name, default)


def on_event(event: str, arguments: tuple[Any, ...]) -> None:
    """Note what changes something outside this process."""
    if event in ACTS:
        done.append(event)
    elif event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES and arguments[0] != os.devnull:
        done.append(f"open {arguments[0]}")


def import_one(name: str) -> dict[str, Any]:
    """Import the module and return what happened."""
    os.environ = WatchedEnviron()  # type: ignore[assignment]  # noqa: B003
    sys.addaudithook(on_event)
    __import__(name)
    loaded = sorted({module.partition(".")[0] for module in sys.modules})
    ours = sorted(module for module in sys.modules if module.startswith(OURS))
    return {"name": name, "did": done, "threads": threading.active_count(), "loaded": loaded, "ours": ours}


def main(names: list[str]) -> None:
    """Fork for each module. What makes Manim faster imports it; what Manim does when it is imported is not ours."""
    for name in sorted(names, key=lambda name: name.startswith("fastmanim.")):
        if name.startswith("fastmanim."):
            os.environ["PATH"] = os.defpath  # pydub, which Manim brings, insists on one
            __import__("manim")
        if os.fork() == 0:
            try:
                report = import_one(name)
            except BaseException as error:  # noqa: BLE001
                report = {"name": name, "error": repr(error)}
            os.write(1, json.dumps(report).encode() + b"\n")
            os._exit(0)
        os.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
