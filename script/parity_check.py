"""Compare what stock Manim and fastmanim draw: `script/bench parity [NAME…] [--corpus own|official] [--processes N…]`.

Every frame of the corpus has to be equal, and the moments, sections, sounds, captions, random numbers and failures.
Each scene is drawn by stock Manim once and by fastmanim with 1, 2 and 4 processes. What differs is printed; the status
is 1 where anything does. Manim's graphical test scenes are not among them: its source distribution does not hold them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Compare what was asked for."""
    sys.path.append(str(ROOT / "tests"))
    from parity.comparing import PROCESSES, compare
    from parity.corpus import official_scenes, own_scenes

    parser = argparse.ArgumentParser(prog="script/bench parity")
    parser.add_argument("--corpus", choices=["own", "official", "all"], default="all")
    parser.add_argument("--processes", nargs="+", type=int, default=list(PROCESSES))
    parser.add_argument("names", nargs="*")
    wanted = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        scenes = [] if wanted.corpus == "official" else list(own_scenes())
        scenes += [] if wanted.corpus == "own" else list(official_scenes(place / "scenes"))
        scenes = [scene for scene in scenes if not wanted.names or any(name in scene.name for name in wanted.names)]
        found = compare(scenes, place / "renders", wanted.processes)
    for name, wrong in found.items():
        print(name, *wrong, sep="\n    ")
    print(f"{len(scenes)} scenes, drawn with {wanted.processes} processes: {len(found)} differ")
    return 1 if found else 0
