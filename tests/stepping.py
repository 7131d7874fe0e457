"""Play a scene twice in this interpreter, jumping and stepping, and print what each came to as JSON.

Run as ``python stepping.py SCENE_FILE``. For every play it prints a digest of all that is on the screen.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from manimatic_worker import render
from manimatic_worker.protocol import Request
from manimatic_worker.rehearsal.performance import Performance
from manimatic_worker.rehearsal.stage import Play, Stage


class Noting(Performance):
    """A performance that keeps a digest of the screen after every play."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.states: list[str] = []
        self.steps = 0

    def played(self, play: Play) -> None:
        """Take the digest."""
        super().played(play)
        self.steps += play.steps
        digest = hashlib.sha256()
        for mobject in self._scene.get_mobject_family_members():
            digest.update(mobject.points.tobytes())
            for name in ("fill_rgbas", "stroke_rgbas", "background_stroke_rgbas"):
                digest.update(getattr(mobject, name, b"").__repr__().encode())
            digest.update(repr(getattr(mobject, "stroke_width", None)).encode())
        digest.update(repr(self._scene.renderer.time).encode())
        self.states.append(digest.hexdigest())


def main(path: str) -> None:
    """Play and print."""
    render.warm_up()
    code = Path(path).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        told = [_forked(Request(code=code, rehearse="only", seed=1), step_all=step_all) for step_all in (False, True)]
        os.chdir("/")
    sys.stdout.write(json.dumps({"jumping": told[0], "stepping": told[1]}))


def _forked(request: Request, *, step_all: bool) -> dict[str, Any]:
    """Play in a child, since it changes Manim for good."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        render.configure(request)
        noting, error = Noting(request), None
        try:
            noting.run(Stage(noting, step_all=step_all))
        except BaseException as problem:  # noqa: BLE001
            error = repr(problem)
        body = {"states": noting.states, "steps": noting.steps, "error": error, "blind": noting.blind}
        os.write(write, json.dumps(body).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as stream:
        body = json.loads(stream.read())
    os.waitpid(child, 0)
    return dict(body)


if __name__ == "__main__":
    main(sys.argv[1])
