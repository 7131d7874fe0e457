"""Render one scene with Manim, in this process."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import secrets
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from manimatic_worker import scene_source
from manimatic_worker.channel import Channel, Outlet
from manimatic_worker.failures import failure
from manimatic_worker.protocol import Done, Progress, Request
from manimatic_worker.rehearsal.leftovers import remove_unfinished
from manimatic_worker.rehearsal.names import current_line
from manimatic_worker.rehearsal.watch import Heard, rehearse
from manimatic_worker.tex_errors import tell_tex_errors

MEDIA_DIR = Path("media")
FORMATS = Path(__file__).parents[1] / "formats"
"""What the installation has made of TeX's preamble, beside the sources; without it each run would."""
SEED_BITS = 32


def warm_up() -> None:
    """Import Manim, which takes most of a second, and make it faster, before there is work."""
    from fastmanim.late import import_manim

    import_manim()
    import fastmanim

    fastmanim.install(processes=1).formats = FORMATS
    import numpy.random  # noqa: F401  numpy itself puts it off

    import manimatic_worker.rehearsal.performance  # noqa: F401  here once, instead of in each rehearsal's process

    gc.freeze()  # what is there now stays; a process that is forked then need not copy it for having looked at it


def warm_fonts_and_tex() -> None:
    """Have fonts looked up and TeX's preamble loaded, where nobody waits yet; a scene will tell what goes wrong."""
    with contextlib.suppress(Exception), tempfile.TemporaryDirectory() as folder:
        import manim

        from fastmanim import formulas

        with manim.tempconfig({"media_dir": folder}):
            manim.Text("a")
        formulas.prepare()


def perform(request: Request, channel: Channel) -> Done:
    """Rehearse the request's scene if that is wanted, and render it unless the rehearsal says how it fails."""
    if request.rehearse == "no":
        return render(request, channel)
    if request.seed is None:  # what is rehearsed shall be what is rendered
        request = dataclasses.replace(request, seed=secrets.randbits(SEED_BITS))
    configure(request)
    heard = rehearse(request, channel.forget)
    if heard.rehearsed is None or not heard.rehearsed.ended:
        remove_unfinished(MEDIA_DIR)
    for message in heard.messages:
        channel.send(message)
    done = outcome(heard, only=request.rehearse == "only")
    if done is None:
        rehearsed = heard.rehearsed
        return render(request, channel, total=rehearsed.animations if rehearsed and rehearsed.ended else None)
    sys.stderr.write(heard.printed.decode(errors="backslashreplace"))
    return done


def outcome(heard: Heard, *, only: bool) -> Done | None:
    """Return how the run ends after its rehearsal, or None where rendering is to go on and will tell."""
    if heard.done is not None:
        return heard.done
    rehearsed = heard.rehearsed
    if not only:
        return None
    if rehearsed is None or not rehearsed.ended:
        message = "the rehearsal did not come to the scene's end: its time was up, native code broke down, or a limit"
        return Done(outcome="scene_error", error_type="RehearsalEnded", error_message=message)
    return Done(outcome="ok", animations=rehearsed.animations, video_s=rehearsed.duration_s)


def render(request: Request, channel: Outlet, *, total: int | None = None) -> Done:
    """Render the request's scene, delivering parts as they are ready and the video at the end.

    Args:
        request: What to render.
        channel: Where to say so.
        total: Number of animations, where it is known.
    """
    configure(request)
    counter = Counter(channel, total)
    counter.install(processes=request.threads)
    name = None
    try:
        scene_class = scene_source.load_scene(request.code, request.scene)
        name = scene_class.__name__
        scene = scene_class()
        counter.follow(scene)
        scene.render()
        video = Path(scene.renderer.file_writer.final_file_path)
    except BaseException as error:  # noqa: BLE001  what a scene may raise has no bounds
        counter.deliver_rest()
        return failure(error, scene=name, animations=counter.animations, video_s=counter.video_s)
    channel.send_file("video", video)
    return Done(outcome="ok", scene=name, animations=counter.animations, video_s=counter.video_s)


def configure(request: Request) -> None:
    """Set Manim's global configuration from the request."""
    from manim import config

    config.pixel_width, config.pixel_height = request.width, request.height
    config.frame_width, config.frame_height = request.frame_width, request.frame_height
    config.frame_rate = request.fps
    config.background_color = request.background
    config.seed = request.seed
    config.media_dir = str(MEDIA_DIR.absolute())
    config.format = "mp4"
    config.disable_caching = True
    config.notify_outdated_version = False
    config.progress_bar = "none"
    config.verbosity = "WARNING"
    config.video_encoder_options = {"threads": str(max(1, request.threads))}
    tell_tex_errors()


class Counter:
    """Counts animations by wrapping Manim's own calls, and delivers each finished part.

    Args:
        channel: Where to say so.
        total: Number of animations, where it is known.
    """

    def __init__(self, channel: Outlet, total: int | None = None) -> None:
        self.animations = 0
        self.video_s = 0.0
        self._channel = channel
        self._total = total
        self._writer: Any = None
        self._waiting: list[Path] = []
        """Parts that are whole, behind one that is not."""
        self._delivered = 0

    def install(self, *, processes: int) -> None:
        """Wrap `Manager.play` and the closing of a part, and hear of parts that other processes have drawn.

        Args:
            processes: How many may draw at once.
        """
        from manim.manager import Manager
        from manim.scene.scene_file_writer import SceneFileWriter

        import fastmanim

        setattr(Manager, "play", self._counted(Manager.play))  # noqa: B010
        closing = SceneFileWriter.close_partial_movie_stream
        setattr(SceneFileWriter, "close_partial_movie_stream", self._followed(closing))  # noqa: B010
        faster = fastmanim.install(processes=max(1, processes))
        faster.drawn = self.deliver
        faster.accept_changes()

    def follow(self, scene: Any) -> None:
        """Take the order of the parts from this scene's writer."""
        self._writer = scene.renderer.file_writer

    def deliver(self, part: Path) -> None:
        """Deliver a part that is whole, and those behind it; it waits where one before it is not whole yet."""
        self._waiting.append(part)
        if part not in self._order():
            self._send(part)
        while (following := self._next()) is not None and following in self._waiting:
            self._send(following)

    def deliver_rest(self) -> None:
        """Deliver what is whole, or will be once those who draw have ended, where the scene ends before its end."""
        studio = getattr(self._writer, "fastmanim_studio", None)
        with contextlib.suppress(BaseException):  # what the scene failed with is known
            if studio is not None:
                studio.crew.finish()
        for part in self._order():
            if part in self._waiting:
                self._send(part)

    def _send(self, part: Path) -> None:
        self._waiting.remove(part)
        self._delivered += 1
        self._channel.send_file("part", part)

    def _order(self) -> list[Path]:
        return [Path(path) for path in self._writer.partial_movie_files if path] if self._writer else []

    def _next(self) -> Path | None:
        return next(iter(self._order()[self._delivered :]), None)

    def _counted(self, play: Callable[..., None]) -> Callable[..., None]:
        def counted(manager: Any, *args: Any, **kwargs: Any) -> None:
            play(manager, *args, **kwargs)
            self.animations += 1
            self.video_s = float(manager.time)
            self._channel.send(Progress(self.animations, self.video_s, current_line(), self._total))

        return counted

    def _followed(self, close: Callable[[Any], None]) -> Callable[[Any], None]:
        def followed(writer: Any) -> None:
            path = Path(writer._current_encode_job.path)
            close(writer)
            self.deliver(path)

        return followed
