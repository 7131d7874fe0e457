"""Take artefacts in: bytes that the guest sent become files that only the host has ever touched."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import BinaryIO

from manimatic.ports import Artefact, RunResult, VideoFacts
from manimatic.sandbox.mp4 import InvalidVideo, inspect_mp4
from manimatic.verdicts import Verdict

KINDS = frozenset({"video", "part", "poster", "captions", "chapters"})
MAX_ARTEFACTS = 20_000


class IntakeRefused(Exception):
    """The guest delivered something out of order, of unknown kind, or too much of it."""


class Intake:
    """Write artefacts into a folder of the host's, and check them when the run is over.

    Args:
        folder: An empty folder that nobody else writes.
        max_bytes: Cap of all artefacts together.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._left = max_bytes
        self._max_bytes = max_bytes
        self._done: list[Artefact] = []
        self._open: tuple[str, Path, BinaryIO] | None = None

    def begin(self, kind: str) -> None:
        """Start an artefact."""
        if kind not in KINDS or self._open or len(self._done) >= MAX_ARTEFACTS:
            raise IntakeRefused("an artefact that is not expected here")
        path = self._folder / f"{len(self._done):05d}.{kind}"
        self._open = (kind, path, path.open("xb"))

    def chunk(self, data: bytes) -> None:
        """Append to the artefact that is open."""
        if self._open is None:
            raise IntakeRefused("bytes outside an artefact")
        self._left -= len(data)
        if self._left < 0:
            raise IntakeRefused("more bytes than allowed")
        self._open[2].write(data)

    def end(self) -> None:
        """Close the artefact that is open."""
        if self._open is None:
            raise IntakeRefused("the end of no artefact")
        kind, path, stream = self._open
        self._open = None
        size = stream.tell()
        stream.close()
        self._done.append(Artefact(kind=kind, path=path, bytes=size))

    def close(self) -> None:
        """Drop an artefact that was cut off."""
        if self._open:
            self._open[2].close()
            self._open[1].unlink(missing_ok=True)
            self._open = None

    def settle(self, result: RunResult, *, wants_video: bool = True) -> RunResult:
        """Add the artefacts to the result; a run without a valid video is not `ok`, if it was to deliver one."""
        self.close()
        parts = tuple(item for item in self._done if item.kind != "video")
        if result.verdict is not Verdict.OK:
            return dataclasses.replace(result, artefacts=parts)
        if not wants_video:
            return result
        videos = [item for item in self._done if item.kind == "video"]
        if len(videos) != 1:
            return dataclasses.replace(
                result, verdict=Verdict.NO_OUTPUT, message="The worker delivered no video.", artefacts=parts
            )
        try:
            info = inspect_mp4(videos[0].path, max_bytes=self._max_bytes)
        except InvalidVideo as error:
            message = f"The video does not pass the container check: {error}."
            return dataclasses.replace(result, verdict=Verdict.INVALID_OUTPUT, message=message, artefacts=parts)
        facts = VideoFacts(width=info.width, height=info.height, fps=info.fps, duration_s=info.duration_s)
        return dataclasses.replace(result, artefacts=(*videos, *parts), video=facts)
