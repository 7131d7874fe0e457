"""Render scenes in this interpreter and write down what came out: `python record.py stock|N FOLDER < scenes`.

The first argument is `stock`, or the number of processes that fastmanim may draw with. Scenes come as lines of JSON
with `name`, `path` and `scene` on standard input; for each a line of JSON goes out, with the digest of each frame in
its order, the moments, sections, sounds and captions, and how the scene ended. Each is rendered in a process of its
own, forked from this one, which has imported Manim.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

if len(sys.argv) > 1 and sys.argv[1] != "stock":
    from fastmanim.late import import_manim

    import_manim()  # as the command line does
import av
import manim
import numpy as np
from manim.scene.video_segment_encoder import VideoSegmentEncoder

WIDTH, HEIGHT, FPS, SEED = 426, 240, 15, 7
_LIMIT_S = 240


def main(engine: str, folder: Path) -> None:
    """Record each scene of standard input."""
    watch(VideoSegmentEncoder)
    if engine != "stock":
        from fastmanim.encoder import SegmentEncoder

        import fastmanim

        watch(SegmentEncoder)
        installed = fastmanim.install(processes=int(engine))
        assert not installed.why_not
    for line in sys.stdin:
        scene = json.loads(line)
        place = folder / scene["name"]
        place.mkdir(parents=True)
        if os.fork() == 0:
            try:
                record(scene, place, tex=folder / "tex")
            finally:
                sys.stderr.flush()
                os._exit(0)
        os.wait()
        told = place / "record.json"
        record_of_it = json.loads(told.read_text()) if told.is_file() else {"error": "ended without a word"}
        sys.stdout.write(json.dumps({"name": scene["name"], **record_of_it}) + "\n")
        sys.stdout.flush()


def watch(encoder: Any) -> None:
    """Have an encoder write the digest of each frame beside its segment."""
    write_frame = encoder.write_frame

    def watched(self: Any, pixels: Any, *, repeat: int = 1) -> None:
        digest = hashlib.blake2b(pixels.tobytes(), digest_size=12).hexdigest()
        with Path(f"{self.target}.frames").open("a") as log:
            log.write(f"{digest} {repeat}\n")
        if os.environ.get("PARITY_PICTURES"):
            picture = av.VideoFrame.from_ndarray(pixels, format="rgba").reformat(format="yuv420p").to_ndarray()
            with Path(f"{self.target}.yuv").open("ab") as pictures:
                pictures.write(picture.tobytes() * repeat)
        write_frame(self, pixels, repeat=repeat)

    encoder.write_frame = watched


def record(scene: dict[str, str], place: Path, tex: Path) -> None:
    """Render one scene and write its record."""
    os.chdir(place)
    log = os.open("log.txt", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    with contextlib.suppress(ValueError):
        import signal

        signal.alarm(_LIMIT_S)
    configure(tex)
    random.seed(SEED)  # for what a file does before its scene seeds them
    np.random.seed(SEED)
    told: dict[str, Any] = {"error": None}
    made: Any = None
    try:
        made = load(scene["path"], scene["scene"])()
        made.render()
    except BaseException as error:  # noqa: BLE001  what a scene may raise has no bounds
        told["error"] = f"{type(error).__name__}: {error}".replace(str(place), ".")[:300]
    if made is not None:
        told |= facts(made)
    Path("record.json").write_text(json.dumps(told))


def configure(tex: Path) -> None:
    """Set Manim's configuration: small pictures, few of them, always the same random numbers."""
    config = manim.config
    config.pixel_width, config.pixel_height, config.frame_rate = WIDTH, HEIGHT, FPS
    config.media_dir, config.seed, config.disable_caching = "media", SEED, True
    config.tex_dir, config.text_dir = str(tex), "{media_dir}/texts"
    config.save_sections = True
    config.progress_bar, config.verbosity = "none", "WARNING"
    config.format = "mp4"


def load(path: str, name: str) -> Any:
    """Import the file and return one of its scenes, or the last where none is named."""
    spec = importlib.util.spec_from_file_location("scene_file", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["scene_file"] = module
    spec.loader.exec_module(module)
    if name:
        return getattr(module, name)
    found = [one for one in vars(module).values() if isinstance(one, type) and one.__module__ == "scene_file"]
    return [one for one in found if issubclass(one, manim.Scene)][-1]


def facts(scene: Any) -> dict[str, Any]:
    """Return what a scene came to."""
    writer = scene.renderer.file_writer
    files = [Path(path) for path in writer.partial_movie_files if path is not None]
    sound = writer.audio_segment.raw_data if writer.includes_sound else b""
    return {
        "plays": scene.renderer.num_plays,
        "time": repr(float(scene.renderer.time)),
        "frames": [frames_of(path) for path in files if path.is_file()],
        "sections": [[one.name, one.type_, one.video, len(one.partial_movie_files)] for one in writer.sections],
        "sound": hashlib.sha256(sound).hexdigest() if sound else "",
        "captions": [[str(one.start), str(one.end), one.content] for one in writer.subcaptions],
        "random": [random.random(), float(np.random.random())],
        "video": video_of(getattr(writer, "final_file_path", None)),
        "left": sorted(str(path) for path in Path("media").rglob(".*") if path.is_file()),
    }


def frames_of(segment: Path) -> list[str]:
    """Return the digests of a segment's frames, whether it was drawn at once or in parts."""
    parts = sorted(segment.parent.glob(f".{segment.stem}.*{segment.suffix}.frames"))
    digests: list[str] = []
    for log in parts or [Path(f"{segment}.frames")]:
        for line in log.read_text().splitlines() if log.is_file() else ():
            digest, repeat = line.split()
            digests += [digest] * int(repeat)
        log.unlink(missing_ok=True)
    return digests


def video_of(path: Path | None) -> dict[str, Any]:
    """Return the moments of a video's frames, as they come out of a decoder."""
    if path is None or not path.is_file() or path.suffix != ".mp4":
        return {}
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        moments = [float(frame.pts * frame.time_base) for frame in container.decode(stream) if frame.pts is not None]
    return {"moments": moments, "path": str(path.absolute())}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
