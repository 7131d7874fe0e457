"""Measure renders: `script/bench render [FOLDER] [-qQUALITY] [--times N] [--only NAME…]`.

Each scene of the folder (scenes of the corpus of parity where none is named) is rendered by `manim render` and by
`fastmanim render`, whole process against whole process, in turns, each with nothing cached. Per scene and as geometric
mean: how many times sooner by the clock, how much less processor time, the greatest memory of all processes of a render
at one moment, the size of the video; and the floor, which is the time to encode the same frames alone.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = {"manim": ROOT / ".venv/bin/manim", "fastmanim": ROOT / ".venv/bin/fastmanim"}
LOOK_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class Render:
    """What one render took."""

    wall_s: float
    cpu_s: float
    memory_bytes: int
    size_bytes: int
    video: Path


def main(arguments: list[str]) -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="script/bench render", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "examples")
    parser.add_argument("-q", "--quality", default="h", choices=["l", "m", "h", "p", "k"])
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--no-floor", action="store_true")
    wanted = parser.parse_args(arguments)
    scenes = sorted(
        path.absolute() for path in wanted.folder.rglob("*.py") if not wanted.only or _named(path) in wanted.only
    )
    ratios: list[tuple[float, float]] = []
    for path in scenes:
        ratios += _measured(path, wanted.quality, wanted.times, floor=not wanted.no_floor)
    if ratios:
        wall, cpu = (math.exp(statistics.fmean(math.log(ratio[at]) for ratio in ratios)) for at in (0, 1))
        least = min(ratio[0] for ratio in ratios)
        sooner = f"{wall:.2f} times sooner (least {least:.2f})"
        print(f"geometric mean of {len(ratios)}: {sooner}, {cpu:.2f} times less processor")
    return 0


def _named(path: Path) -> str:
    return path.parent.name if path.name == "scene.py" else path.stem


def _measured(path: Path, quality: str, times: int, *, floor: bool) -> list[tuple[float, float]]:
    """Render in turns, print the medians of a scene and return its ratios; nothing where it fails."""
    taken: dict[str, list[Render]] = {name: [] for name in TOOLS}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(times):
            for name, tool in TOOLS.items():
                try:
                    taken[name].append(_render(tool, path, quality, Path(folder) / f"{name}{turn}"))
                except RuntimeError as error:
                    print(f"{_named(path)}: {name} fails: {error}", flush=True)
                    return []
        stock, fast = (_medians(taken[name]) for name in TOOLS)
        least = f", floor {_floor_s(stock.video, folder):.2f} s" if floor else ""
        pairs = {
            "wall": (f"{stock.wall_s:.2f} s", f"{fast.wall_s:.2f} s", stock.wall_s / fast.wall_s),
            "processor": (f"{stock.cpu_s:.2f} s", f"{fast.cpu_s:.2f} s", stock.cpu_s / fast.cpu_s),
            "memory": (_mib(stock.memory_bytes), _mib(fast.memory_bytes), fast.memory_bytes / stock.memory_bytes),
            "size": (_kib(stock.size_bytes), _kib(fast.size_bytes), fast.size_bytes / stock.size_bytes),
        }
        told = "; ".join(f"{name} {one} / {two} = {ratio:.2f}" for name, (one, two, ratio) in pairs.items())
        print(f"{_named(path)}: {told}{least}", flush=True)
    return [(stock.wall_s / fast.wall_s, stock.cpu_s / fast.cpu_s)]


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"


def _kib(size: int) -> str:
    return f"{size / (1 << 10):.0f} KiB"


def _medians(renders: list[Render]) -> Render:
    return Render(
        wall_s=statistics.median(one.wall_s for one in renders),
        cpu_s=statistics.median(one.cpu_s for one in renders),
        memory_bytes=int(statistics.median(one.memory_bytes for one in renders)),
        size_bytes=renders[-1].size_bytes,
        video=renders[-1].video,
    )


def _render(tool: Path, scene: Path, quality: str, place: Path) -> Render:
    """Run one render with folders of its own.

    Raises:
        RuntimeError: It made no video.
    """
    place.mkdir()
    environ = {**os.environ, "XDG_CACHE_HOME": str(place / "cache")}
    command = [str(tool), "render", str(scene), f"-q{quality}", "--media_dir", str(place / "media"), "-a"]
    command += ["--progress_bar", "none", "--silent", "-v", "ERROR"]
    before, began = _children_s(), time.perf_counter()
    with subprocess.Popen(
        command, cwd=place, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        watch = _Memory(process.pid)
        watch.start()
        _, printed = process.communicate()
    wall_s = time.perf_counter() - began
    watch.stop()
    videos = [path for path in (place / "media").rglob("*.mp4") if "partial_movie_files" not in path.parts]
    if process.returncode or not videos:
        raise RuntimeError(printed.decode(errors="replace")[-300:])
    size = sum(path.stat().st_size for path in videos)
    return Render(wall_s, _children_s() - before, watch.greatest, size, videos[0])


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class _Memory(threading.Thread):
    """Looks at the memory of all processes of a session: what they share is counted once."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.greatest = 0
        self._session = session
        self._over = threading.Event()

    def run(self) -> None:
        """Look until told to stop."""
        while not self._over.wait(LOOK_EVERY_S):
            self.greatest = max(self.greatest, sum(_proportional_bytes(pid) for pid in self._members()))

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()

    def _members(self) -> list[str]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    fields = (entry / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(fields[3]) == self._session:
                    found.append(entry.name)
        return found


def _proportional_bytes(pid: str) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return 0


def _floor_s(video: Path, folder: str) -> float:
    """Return how long encoding the frames of a video takes, with nothing else done: in one process, decoded before."""
    from frames_floor import floor_s

    return floor_s(video, Path(folder) / "floor.mp4")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
