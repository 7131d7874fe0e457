"""A run in a process that writes down every path that it touches: ``python audited_run.py BACKEND FOLDER < SCENE``.

Prints one JSON object a line for each of Python's audit events about files, from the moment that the sandbox is ready.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from manimatic.sandbox.bubblewrap import BubblewrapSandbox
from manimatic.sandbox.cgroup import choose
from manimatic.sandbox.identity import identity_folder, take_identity
from manimatic.sandbox.landlock import LandlockSandbox
from manimatic.sandbox.runtime import runtime_root
from sandbox_bench import Bench

TOUCHES = ("open", "os.", "shutil.", "pathlib.")


def main(backend: str, folder: Path) -> None:
    """Run the scene, and tell what this side did meanwhile."""
    events: list[tuple[str, list[str]]] = []
    is_on = False

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if is_on and event.startswith(TOUCHES):
            first, *rest = arguments or ("",)
            events.append((event, [_shown(first), *map(str, rest)]))

    make = {"bubblewrap": BubblewrapSandbox, "landlock": LandlockSandbox}[backend]
    with take_identity(identity_folder()) as identity:
        bench = Bench(make(choose(), identity, runtime_root()), folder)  # type: ignore[operator]
        bench.sandbox.describe()
        code = sys.stdin.read()
        sys.addaudithook(note)
        is_on = True
        result = bench.run(code)
        is_on = False
    for event, arguments in events:
        sys.stdout.write(json.dumps({"event": event, "arguments": arguments}) + "\n")
    sys.stdout.write(
        json.dumps({"verdict": result.verdict.value, "message": result.message, "run_id": bench.run_id}) + "\n"
    )


def _shown(what: Any) -> str:
    """Return a path as text, and a descriptor in brackets: a guest may have given a file a number as its name."""
    if isinstance(what, int):
        return f"<{what}>"
    return os.fsdecode(what) if isinstance(what, (str, bytes, os.PathLike)) else str(what)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
