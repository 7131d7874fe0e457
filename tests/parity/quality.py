"""How near the pictures of a video are to what was drawn, against those of stock Manim's video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np

from parity.comparing import recorded
from parity.corpus import CorpusScene

MAX_LOSS_DB = 0.5
"""How much worse than stock Manim's a picture may be."""
GOOD_ENOUGH_DB = 60.0
"""From here on nobody can tell a picture from its source, and the measure runs away: equal pictures have no bound."""


def losses(scenes: Sequence[CorpusScene], folder: Path, processes: int = 2) -> dict[str, list[float]]:
    """Return by scene how many decibels worse than stock Manim's each picture is; below 0 it is better."""
    stock = {one["name"]: one for one in recorded("stock", scenes, folder / "stock", pictures=True)}
    found = {}
    for fast in recorded(str(processes), scenes, folder / "fast"):
        name = fast["name"]
        videos = [record["video"].get("path") for record in (stock[name], fast)]
        if all(videos):
            sources = folder / "stock" / name / "media"
            found[name] = [theirs - ours for theirs, ours in zip(*map(list, _decibels(sources, videos)), strict=True)]
    return found


def _decibels(sources: Path, videos: Sequence[str]) -> list[Iterator[float]]:
    return [_against(video, sources) for video in videos]


def _against(video: str, sources: Path) -> Iterator[float]:
    """Yield the signal-to-noise ratio of each picture of a video, in decibels."""
    with av.open(video) as container:
        stream = container.streams.video[0]
        size = stream.height * 3 // 2 * stream.width
        wanted = _pictures(sources, size)
        for frame in container.decode(stream):
            error = np.mean((frame.to_ndarray().reshape(-1).astype(float) - next(wanted)) ** 2)
            yield min(GOOD_ENOUGH_DB, float(10 * np.log10(255**2 / max(error, 1e-9))))


def _pictures(sources: Path, size: int) -> Iterator[Any]:
    """Yield the pictures that were drawn, from the files beside the segments."""
    for path in sorted(sources.rglob("*.yuv")):
        with path.open("rb") as file:
            while data := file.read(size):
                yield np.frombuffer(data, dtype=np.uint8)
