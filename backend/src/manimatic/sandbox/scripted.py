"""A sandbox that ends every run as it was told to, for tests and demonstrations: nothing is executed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from manimatic.errors import JobCancelled
from manimatic.ports import Artefact, RunListener, RunRequest, RunResult, VideoFacts
from manimatic.rehearsal import Rehearsal, Rehearse
from manimatic.sandbox.supervisor import ArtefactSink
from manimatic.verdicts import Verdict

ISOLATION: Mapping[str, Any] = {"backend": "scripted", "layers": {}, "missing": {}}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedRun:
    """How one run goes and ends."""

    verdict: Verdict = Verdict.OK
    message: str = ""
    error_type: str | None = None
    line: int | None = None
    traceback: str | None = None
    scene: str | None = None
    animations: int = 0
    log: tuple[str, ...] = ()
    """What is printed, piece by piece."""
    progress: tuple[tuple[int, float, int | None], ...] = ()
    """Animation, seconds of video and line of each step."""
    parts: tuple[bytes, ...] = ()
    """Finished pieces of video that are delivered, whatever the verdict."""
    video: bytes = b"a scripted video"
    """Delivered where the verdict is `ok`."""
    rehearsal: Rehearsal | None = None
    """Told before anything else where a rehearsal was asked for."""
    facts: VideoFacts = VideoFacts(width=854, height=480, fps=15.0, duration_s=2.0)
    lasts_s: float = 0.0
    """How long the run goes on before it ends, unless it is cancelled."""
    figures: Mapping[str, float] = field(default_factory=dict)


class ScriptedSandbox:
    """Plays its script, one entry a run, and `ok` when that is at its end; an error in the script is raised."""

    def __init__(
        self, script: Iterable[ScriptedRun | Exception] = (), isolation: Mapping[str, Any] = ISOLATION
    ) -> None:
        self._script = deque(script)
        self._isolation = isolation
        self.requests: list[RunRequest] = []
        """Every request so far, oldest first."""

    def add(self, run: ScriptedRun | Exception) -> None:
        """Append a run to the script."""
        self._script.append(run)

    def describe(self) -> Mapping[str, Any]:
        """Return the isolation report that it was made with."""
        return self._isolation

    def run(self, request: RunRequest, listener: RunListener, cancel: threading.Event, folder: Path) -> RunResult:
        """Play the next entry, and write its artefacts into `folder`.

        Raises:
            JobCancelled: `cancel` was set.
            Exception: The script says so.
        """
        played = self._next(request, cancel)
        _act(played, request, listener, cancel)
        artefacts = tuple(
            _written(folder / f"{number:05d}.{kind}", kind, data)
            for number, (kind, data) in enumerate(_artefacts(played, request))
        )
        video = played.facts if artefacts and artefacts[0].kind == "video" else None
        return self._result(played, request, artefacts=artefacts, video=video)

    def supervise(
        self, request: RunRequest, listener: RunListener, cancel: threading.Event, sink: ArtefactSink
    ) -> RunResult:
        """Play the next entry, handing its artefacts to `sink`. Raises what `run` does."""
        played = self._next(request, cancel)
        _act(played, request, listener, cancel)
        for kind, data in _artefacts(played, request):
            sink.begin(kind)
            sink.chunk(data)
            sink.end()
        return self._result(played, request)

    def _next(self, request: RunRequest, cancel: threading.Event) -> ScriptedRun:
        if cancel.is_set():
            raise JobCancelled
        self.requests.append(request)
        played = self._script.popleft() if self._script else ScriptedRun()
        if isinstance(played, Exception):
            raise played
        return played

    def _result(
        self,
        played: ScriptedRun,
        request: RunRequest,
        *,
        artefacts: tuple[Artefact, ...] = (),
        video: VideoFacts | None = None,
    ) -> RunResult:
        return RunResult(
            verdict=played.verdict,
            message=played.message,
            error_type=played.error_type,
            line=played.line,
            traceback=played.traceback,
            scene=played.scene,
            animations=played.animations,
            artefacts=artefacts,
            video=video,
            rehearsal=_rehearsal(played, request),
            isolation=self._isolation,
            figures=played.figures,
        )


def _rehearsal(played: ScriptedRun, request: RunRequest) -> Rehearsal | None:
    return None if request.rehearse is Rehearse.NO else played.rehearsal


def _act(played: ScriptedRun, request: RunRequest, listener: RunListener, cancel: threading.Event) -> None:
    if rehearsal := _rehearsal(played, request):
        listener.rehearsed(rehearsal)
    for text in played.log:
        listener.log(text)
    for animation, video_s, line in played.progress:
        listener.progress(animation=animation, video_s=video_s, line=line)
    if cancel.wait(played.lasts_s) if played.lasts_s else cancel.is_set():
        raise JobCancelled


def _artefacts(played: ScriptedRun, request: RunRequest) -> list[tuple[str, bytes]]:
    """Return kind and bytes of each artefact; a video is the first."""
    if not request.wants_video:
        return []
    videos = [("video", played.video)] if played.verdict is Verdict.OK else []
    return videos + [("part", data) for data in played.parts]


def _written(path: Path, kind: str, data: bytes) -> Artefact:
    path.write_bytes(data)
    return Artefact(kind=kind, path=path, bytes=len(data))
