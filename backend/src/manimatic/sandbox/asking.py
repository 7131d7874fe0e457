"""What a worker is asked: the request, and files that go with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from manimatic_worker import protocol
from manimatic_worker.protocol import Chunk

from manimatic.ports import RunRequest


def to_wire(request: RunRequest, mark: str) -> protocol.Request:
    """Return the message that asks a worker for this run, and to end its log with this mark."""
    picture, options = request.options.picture(), request.options
    return protocol.Request(
        code=request.code,
        mode="join" if request.parts else "render",
        rehearse="no" if request.parts else request.rehearse.value,
        limit_s=request.limits.timeout_s,
        max_log_bytes=request.limits.max_log_bytes,
        scene=options.scene,
        width=picture.width,
        height=picture.height,
        fps=picture.fps,
        frame_width=picture.frame_width,
        frame_height=picture.frame_height,
        background=options.background,
        seed=options.seed,
        threads=max(1, round(request.limits.cpu_cores)),
        parts=len(request.parts),
        mark=mark,
    )


def write_file(stream: Any, path: Path) -> None:
    """Write a file's bytes as pieces of the artefact that is open."""
    with path.open("rb") as source:
        while data := source.read(protocol.MAX_CHUNK_BYTES):
            stream.write(protocol.encode(Chunk(data)))
