"""The runs of one job: each in a folder of its own, within what is left of the job's time."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from manimatic.jobs import Options, new_id
from manimatic.ports import Artefact, Limits, RunRequest, RunResult, Sandbox, Trace
from manimatic.recorder import Recorder, Stop
from manimatic.rehearsal import Rehearse
from manimatic.verdicts import Verdict

JOIN_TIMEOUT_S = 60.0
RUN_SHARE = 0.95
"""Of the job's time left, a run may use this; with the rest, what a run leaves unfinished is still joined."""


class Runs:
    """Runs scenes of one job and joins what they leave. Make one per claim.

    Args:
        sandbox: Where they run.
        options: What the user asked for.
        limits: What one run may use.
        stop: Says when to stop, and how much time is left.
        recorder: Hears of progress and of what is printed.
        folder: An empty folder for the runs.
        trace: What logs say the runs are for.
    """

    def __init__(
        self,
        *,
        sandbox: Sandbox,
        options: Options,
        limits: Limits,
        stop: Stop,
        recorder: Recorder,
        folder: Path,
        trace: Trace,
    ) -> None:
        self._sandbox = sandbox
        self._options = options
        self._limits = limits
        self._stop = stop
        self._recorder = recorder
        self._folder = folder
        self._trace = trace
        self._count = 0

    def render(self, code: str, rehearse: Rehearse) -> RunResult:
        """Run a scene. Raises JobCancelled, SandboxUnavailable."""
        return self._run(code, (), min(self._limits.timeout_s, RUN_SHARE * self._stop.left_s()), rehearse)

    def joined(self, result: RunResult) -> RunResult | None:
        """Return the result with its finished parts made one video, or None where nothing can be made of them.

        Raises:
            JobCancelled: The job has to stop.
            SandboxUnavailable: There is no sandbox.
        """
        parts = tuple(item.path for item in result.artefacts if item.kind == "part")
        if not parts:
            return None
        self._stop.check()
        longest_s = min(JOIN_TIMEOUT_S, self._limits.timeout_s, self._stop.left_s())
        made = self._run("", parts, longest_s, Rehearse.NO)
        if made.verdict is not Verdict.OK:
            return None
        return dataclasses.replace(result, artefacts=made.artefacts, video=made.video)

    def _run(self, code: str, parts: tuple[Path, ...], timeout_s: float, rehearse: Rehearse) -> RunResult:
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        limits = dataclasses.replace(self._limits, timeout_s=max(0.001, timeout_s))
        request = RunRequest(
            run_id=new_id(),
            code=code,
            options=self._options,
            limits=limits,
            parts=parts,
            trace=self._trace,
            rehearse=rehearse,
        )
        return self._sandbox.run(request, self._recorder, self._stop.event, folder)


def discard(artefacts: Sequence[Artefact]) -> None:
    """Remove what a run left and nobody will want."""
    for item in artefacts:
        with contextlib.suppress(OSError):
            item.path.unlink()
