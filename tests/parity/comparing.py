"""Record scenes with stock Manim and with fastmanim, and tell what differs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from parity.corpus import CorpusScene

RECORD = Path(__file__).with_name("record.py")
PROCESSES = (1, 2, 4)
MAX_SHIFT_S = 0.001
"""Manim's own moments are a third of a millisecond off where segments join (frames that are reordered)."""
ALIKE = ("error", "plays", "time", "frames", "sections", "sound", "captions", "random")


def recorded(
    engine: str, scenes: Iterable[CorpusScene], folder: Path, *, pictures: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield the record of each scene, rendered by `stock` or by fastmanim with a number of processes.

    Args:
        engine: `stock`, or how many processes may draw.
        scenes: What to render.
        folder: Where to.
        pictures: Leave each picture that is encoded beside its segment.
    """
    folder.mkdir(parents=True)
    environ = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
    if pictures:
        environ["PARITY_PICTURES"] = "yes"
    command = [sys.executable, str(RECORD), engine, str(folder)]
    lines = "".join(json.dumps({"name": one.name, "path": str(one.path), "scene": one.scene}) + "\n" for one in scenes)
    with tempfile.TemporaryFile("w+") as wanted:
        wanted.write(lines)
        wanted.seek(0)
        with subprocess.Popen(command, stdin=wanted, stdout=subprocess.PIPE, text=True, env=environ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                yield json.loads(line)
        assert process.returncode == 0


def differences(stock: dict[str, Any], fast: dict[str, Any]) -> list[str]:
    """Return in what two records of a scene differ."""
    found = []
    for name in ALIKE:
        ours, theirs = fast.get(name), stock.get(name)
        if ours != theirs:
            found.append(_told(name, theirs, ours))
    theirs, ours = (record.get("video", {}).get("moments", []) for record in (stock, fast))
    if len(theirs) != len(ours) or any(abs(one - other) > MAX_SHIFT_S for one, other in zip(theirs, ours, strict=True)):
        found.append(f"the video's moments: {theirs} / {ours}"[:500])
    if fast.get("left"):
        found.append(f"left behind: {fast['left']}")
    return found


def compare(scenes: Sequence[CorpusScene], folder: Path, processes: Sequence[int] = PROCESSES) -> dict[str, list[str]]:
    """Return what differs, by scene and number of processes; an empty answer means that nothing does."""
    stock = {one["name"]: one for one in recorded("stock", scenes, folder / "stock")}
    found: dict[str, list[str]] = {}
    for number in processes:
        for fast in recorded(str(number), scenes, folder / str(number)):
            wrong = differences(stock[fast["name"]], fast)
            if wrong:
                found[f"{fast['name']} on {number}"] = wrong
    return found


def _told(name: str, stock: Any, fast: Any) -> str:
    if name != "frames" or stock is None or fast is None:
        return f"{name}: {stock!r} / {fast!r}"[:500]
    counts = [[len(play) for play in plays] for plays in (stock, fast)]
    if counts[0] != counts[1]:
        return f"frames per play: {counts[0]} / {counts[1]}"
    places = [(play, at) for play, frames in enumerate(stock) for at, one in enumerate(frames) if one != fast[play][at]]
    return f"{len(places)} of {sum(counts[0])} frames, the first is number {places[0][1]} of play {places[0][0]}"
