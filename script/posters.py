"""Draw the gallery's posters, for recipes that have none or that are named: `script/posters.py [RECIPE…]`.

A poster is the frame of the last two thirds of a recipe's video that shows most, 480 pixels wide, as WebP. They are
committed, since drawing them takes minutes: after a recipe has changed, draw its poster again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import numpy
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
POSTERS = ROOT / "web" / "posters"
WIDTH, HEIGHT = 480, 270
EARLIEST = 1 / 3
"""Where in the video the poster may come from: what comes before is still being built up."""
EVERY_S = 0.4
QUALITY = 60


def main(arguments: list[str]) -> int:
    """Draw what is missing or named, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help="those without a poster where none is named")
    named = parser.parse_args(arguments).recipes
    scenes = sorted(ROOT.glob("examples/*/scene.py"))
    wanted = [path for path in scenes if (path.parent.name in named if named else not poster_of(path).exists())]
    POSTERS.mkdir(exist_ok=True)
    for path in wanted:
        with tempfile.TemporaryDirectory() as folder:
            picture = fullest(rendered(path, Path(folder)))
        picture.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(poster_of(path), quality=QUALITY, method=6)
        print(f"{path.parent.name}: {poster_of(path).stat().st_size} bytes", flush=True)
    return 0


def poster_of(scene: Path) -> Path:
    """Return where a recipe's poster lies."""
    return POSTERS / f"{scene.parent.name}.webp"


def rendered(scene: Path, folder: Path) -> Path:
    """Render a scene in low quality at few frames a second and return the video."""
    command = [
        Path(sys.executable).with_name("fastmanim"),
        "-ql",
        "--fps",
        "5",
        "--progress_bar",
        "none",
        "--seed",
        "1",
        "-v",
        "ERROR",
    ]
    subprocess.run([*command, "--media_dir", folder, scene], check=True, stdout=subprocess.DEVNULL)
    return next(path for path in folder.rglob("*.mp4") if "partial_movie_files" not in path.parts)


def fullest(video: Path) -> Image.Image:
    """Return the frame that has most on it."""
    best, most = None, -1.0
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        first = float(stream.duration * stream.time_base) * EARLIEST
        for frame in container.decode(stream):
            if frame.time < first:
                continue
            first = frame.time + EVERY_S
            picture = frame.to_image()
            ink = float(numpy.asarray(picture.convert("L").resize((96, 54))).mean())
            if ink >= most:
                best, most = picture, ink
    assert best is not None
    return best


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
