"""Render one scene with Manim, in this process."""

from __future__ import annotations

import sys
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

from manimatic_worker import scene_source
from manimatic_worker.channel import Channel
from manimatic_worker.protocol import Done, Progress, Request
from manimatic_worker.scene_source import SCENE_FILE, NoScene

MEDIA_DIR = Path("media")
MAX_MESSAGE_CHARS = 2_000
MAX_TRACEBACK_CHARS = 8_000


def warm_up() -> None:
    """Import Manim, which takes most of a second, before there is work."""
    import manim  # noqa: F401
    import tqdm  # type: ignore[import-untyped]

    tqdm.tqdm.monitor_interval = 0  # else every play starts a thread


def render(request: Request, channel: Channel) -> Done:
    """Render the request's scene, delivering parts as they are ready and the video at the end."""
    configure(request)
    counter = Counter(channel)
    counter.install()
    name = None
    try:
        scene_class = scene_source.load_scene(request.code, request.scene)
        name = scene_class.__name__
        scene = scene_class()
        scene.render()
        video = Path(scene.renderer.file_writer.final_file_path)
    except NoScene as error:
        return Done(outcome="no_scene", error_message=str(error))
    except BaseException as error:  # noqa: BLE001  what a scene may raise has no bounds
        if counter.animations == 0 and "has no play calls" in str(error):
            return Done(outcome="no_output", scene=name)
        return failure(error, name, counter)
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
    config.media_dir = str(MEDIA_DIR)
    config.format = "mp4"
    config.disable_caching = True
    config.notify_outdated_version = False
    config.progress_bar = "none"
    config.verbosity = "WARNING"
    config.video_encoder_options = {"threads": str(max(1, request.threads))}


class Counter:
    """Counts animations by wrapping Manim's own calls, and delivers each finished part."""

    def __init__(self, channel: Channel) -> None:
        self.animations = 0
        self.video_s = 0.0
        self._channel = channel

    def install(self) -> None:
        """Wrap `Manager.play` and the closing of a part."""
        from manim.manager import Manager
        from manim.scene.scene_file_writer import SceneFileWriter

        setattr(Manager, "play", self._counted(Manager.play))  # noqa: B010
        closing = SceneFileWriter.close_partial_movie_stream
        setattr(SceneFileWriter, "close_partial_movie_stream", self._delivered(closing))  # noqa: B010

    def _counted(self, play: Callable[..., None]) -> Callable[..., None]:
        def counted(manager: Any, *args: Any, **kwargs: Any) -> None:
            play(manager, *args, **kwargs)
            self.animations += 1
            self.video_s = float(manager.time)
            self._channel.send(Progress(self.animations, self.video_s, current_line()))

        return counted

    def _delivered(self, close: Callable[[Any], None]) -> Callable[[Any], None]:
        def delivered(writer: Any) -> None:
            path = Path(writer._current_encode_job.path)
            close(writer)
            self._channel.send_file("part", path)

        return delivered


def current_line() -> int | None:
    """Return the line of the scene that is being executed."""
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename == SCENE_FILE:
            return frame.f_lineno
        frame = frame.f_back
    return None


def failure(error: BaseException, scene: str | None, counter: Counter) -> Done:
    """Describe an exception of the scene: its type, message, the user's own line and a trimmed traceback."""
    message = f"the scene called exit({error.code!r})" if isinstance(error, SystemExit) else str(error)
    return Done(
        outcome="scene_error",
        scene=scene,
        animations=counter.animations,
        video_s=counter.video_s,
        error_type=type(error).__name__[:100],
        error_message=message[:MAX_MESSAGE_CHARS],
        error_line=error_line(error),
        traceback=trimmed_traceback(error)[-MAX_TRACEBACK_CHARS:],
    )


def error_line(error: BaseException) -> int | None:
    """Return the innermost line of the scene that the exception passed through."""
    if isinstance(error, SyntaxError) and error.filename == SCENE_FILE:
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == SCENE_FILE]
    return lines[-1] if lines else None


def trimmed_traceback(error: BaseException) -> str:
    """Format the traceback with the scene's own frames and the place in the library where it ended."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == SCENE_FILE]
    last = frames[-1:] if frames and frames[-1].filename != SCENE_FILE and own else []
    for frame in last:
        frame.filename = frame.filename.rpartition("site-packages/")[2] or frame.filename
    shown = traceback.format_list([*own, *last])
    return "".join(["Traceback:\n", *shown, *traceback.format_exception_only(error)])
