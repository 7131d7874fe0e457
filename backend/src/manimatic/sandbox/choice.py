"""Take the first sandbox that this machine can give."""

from __future__ import annotations

import functools
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from manimatic.errors import SandboxUnavailable
from manimatic.ports import Limits, RunListener, RunRequest, RunResult
from manimatic.sandbox.launcher_server import SupervisedSandbox
from manimatic.sandbox.supervisor import ArtefactSink


class FirstAvailable:
    """Stands for the first of several sandboxes whose walls can be had here; asked once, when first needed.

    Args:
        candidates: The strongest first, each with its name.
    """

    def __init__(self, candidates: Sequence[tuple[str, SupervisedSandbox]]) -> None:
        self._candidates = candidates

    def describe(self) -> Mapping[str, Any]:
        """Return the chosen one's report, with the reasons against those before it. Raises SandboxUnavailable."""
        sandbox, refused = self._chosen
        report = sandbox.describe()
        return {**report, "missing": {**report["missing"], **refused}} if refused else report

    def run(self, request: RunRequest, listener: RunListener, cancel: threading.Event, folder: Path) -> RunResult:
        """Run one worker; see the port."""
        return self._chosen[0].run(request, listener, cancel, folder)

    def supervise(
        self, request: RunRequest, listener: RunListener, cancel: threading.Event, sink: ArtefactSink
    ) -> RunResult:
        """Run one worker, handing its artefacts to `sink`."""
        return self._chosen[0].supervise(request, listener, cancel, sink)

    def keep_warm(self, size: int, limits: Limits, until: threading.Event) -> None:
        """Have the chosen one keep workers waiting. Raises SandboxUnavailable."""
        self._chosen[0].keep_warm(size, limits, until)

    def pool_state(self) -> Mapping[str, int]:
        """Return how many workers are to wait and how many do."""
        return self._chosen[0].pool_state()

    @functools.cached_property
    def _chosen(self) -> tuple[SupervisedSandbox, Mapping[str, str]]:
        refused: dict[str, str] = {}
        hints = []
        for name, sandbox in self._candidates:
            try:
                sandbox.describe()
            except SandboxUnavailable as error:
                refused[name] = error.message
                hints.append(error.hint)
                continue
            return sandbox, refused
        reasons = " ".join(f"{name}: {reason}" for name, reason in refused.items())
        raise SandboxUnavailable(f"No sandbox can be had here. {reasons}", hint=" ".join(dict.fromkeys(hints)))
