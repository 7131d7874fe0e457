"""Runs in a backend, as the conformance suite makes them."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from typing import Any

from manimatic.jobs import Options, Quality, new_id
from manimatic.ports import RunRequest, RunResult, Sandbox
from sandbox_bench import SMALL, Heard


class Trial:
    """One run."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.run_id = new_id()
        self.heard = Heard()
        self.cancel = threading.Event()
        self.folder = folder
        self._sandbox = sandbox

    def run(self, code: str, **limits: Any) -> RunResult:
        """Run the source to its verdict."""
        request = RunRequest(
            run_id=self.run_id,
            code=code,
            options=Options(quality=Quality.LOW),
            limits=dataclasses.replace(SMALL, **limits),
        )
        return self._sandbox.run(request, self.heard, self.cancel, self.folder)


class Trials:
    """Makes runs in one backend, each with a folder of its own."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self._sandbox, self._folder, self._made = sandbox, folder, 0

    def new(self) -> Trial:
        """Make a run."""
        self._made += 1
        folder = self._folder / str(self._made)
        folder.mkdir()
        return Trial(self._sandbox, folder)
