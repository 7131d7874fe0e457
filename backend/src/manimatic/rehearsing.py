"""Rehearsing people's own scenes for themselves: no job, no video."""

from __future__ import annotations

import dataclasses
import tempfile
import threading
from pathlib import Path
from typing import Any

from manimatic.jobs import Options, new_id
from manimatic.ports import Limits, RunRequest, Sandbox
from manimatic.rehearsal import Rehearsal, Rehearse
from manimatic.verdicts import Verdict


class _Deaf:
    """Hears nothing of a run."""

    def rehearsed(self, rehearsal: Rehearsal) -> None:
        """Take no notice."""

    def progress(self, *, animation: int, video_s: float, line: int | None, total: int | None = None) -> None:
        """Take no notice."""

    def log(self, text: str) -> None:
        """Take no notice."""


def rehearse_scene(sandbox: Sandbox, code: str, limits: Limits, options: Options) -> dict[str, Any]:
    """Execute a scene without drawing it, and return what it came to as plain data.

    `animations` and `duration_s` tell how far it came, `error` what ended it (None for its own end), `layout` what is
    wrong with the picture.

    Raises:
        SandboxUnavailable: There is no sandbox.
    """
    request = RunRequest(run_id=new_id(), code=code, options=options, limits=limits, rehearse=Rehearse.ONLY)
    with tempfile.TemporaryDirectory(prefix="manimatic-") as folder:
        result = sandbox.run(request, _Deaf(), threading.Event(), Path(folder))
    told = result.rehearsal
    error = {
        "verdict": result.verdict.value,
        "message": result.message,
        "line": result.line,
        "traceback": result.traceback,
    }
    return {
        "animations": told.animations if told else result.animations,
        "duration_s": told.duration_s if told else 0.0,
        "error": None if result.verdict is Verdict.OK else error,
        "layout": [dataclasses.asdict(found) for found in told.findings] if told else [],
    }
