"""A session in a process of its own: reads one row a line, answers with one cell a line.

``python serve.py BACKEND UID own|shared [pooled]`` is started by `client.py`; `own` says that its namespaces are its
own, `pooled` that each run is to get a worker that has waited for it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from contextlib import ExitStack

from manimatic.sandbox import landlock as _landlock  # noqa: F401  read while files can be read
from manimatic.sandbox.runtime import install_runtime, runtime_root

from attacks import place
from attacks.backends import BACKENDS
from attacks.canaries import Canaries
from attacks.judge import judge, judge_crowd
from attacks.registry import load
from attacks.session import Session, warmed


def main(backend_name: str, uid: int, *, exact: bool, pooled: bool) -> int:
    """Serve until the input ends."""
    backend, registry = BACKENDS[backend_name], load()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    runtime = install_runtime(runtime_root())
    covered = place.cover(backend.keeps()) if exact else ()
    with ExitStack() as stack:
        folder = stack.enter_context(place.home(uid or None, own=exact))
        if backend.plain_user and os.geteuid() == 0:
            place.become(uid)
        os.environ["HOME"] = str(folder)
        if backend.in_a_container:
            place.refuse_user_namespaces()
        canaries = Canaries(folder, covered, stack)
        sandbox = stack.enter_context(backend.opened(folder, runtime))
        sandbox.describe()
        session = Session(
            registry,
            sandbox,
            canaries,
            folder,
            left=backend.left,
            processes=backend.processes,
            exact=exact,
            warmed=warmed if pooled else None,
        )
        answers.write(json.dumps(dict(sandbox.describe())) + "\n")
        for line in sys.stdin:
            wanted = json.loads(line)
            decide = judge_crowd if wanted.get("crowd") else judge
            cell = decide(session, registry.rows[wanted["row"]], backend_name)
            answers.write(json.dumps(dataclasses.asdict(cell)) + "\n")
    return 0


if __name__ == "__main__":
    if sys.argv[3] == "own":
        place.be_init()
    sys.exit(main(sys.argv[1], int(sys.argv[2]), exact=sys.argv[3] == "own", pooled="pooled" in sys.argv[4:]))
