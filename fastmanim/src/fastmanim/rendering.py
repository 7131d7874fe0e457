"""Play a scene while other processes draw it.

Patches of `CairoRenderer` (renderer/cairo_renderer.py) and `SceneFileWriter` (scene/scene_file_writer.py). Where a
play has begun, processes are forked that draw its frames; this process goes on at once: through all steps of the play
without drawing, or straight to its end where that is the same.
"""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from manim import config, logger
from manim._config.video_encoder import video_encoder_fingerprint
from manim.renderer.cairo_renderer import CairoRenderer
from manim.scene.scene import Scene
from manim.scene.scene_file_writer import SceneFileWriter
from manim.utils.hashing import get_hash_from_play_call

from fastmanim.crew import Crew, join
from fastmanim.drawing import Watch, draw_hold, draw_part, parts_of
from fastmanim.encoder import SegmentEncoder, is_fit
from fastmanim.patching import Patch
from fastmanim.purity import Purity
from fastmanim.suspects import suspects_of

_stock_render = CairoRenderer.render
_stock_create_encoder = SceneFileWriter._create_segment_encoder
_stock_is_cached = SceneFileWriter.is_already_cached
_stock_join_all = SceneFileWriter.join_all_encode_jobs


class Studio:
    """What a renderer has beside itself for one scene: its crew, and what it judged of the scene.

    Args:
        processes: How many may draw at once.
        why_not: Why the scene is drawn in this process alone, or an empty text.
    """

    def __init__(self, processes: int, why_not: str) -> None:
        self.crew = Crew(processes, self._done)
        self.why_not = why_not
        self.purity = Purity()
        self._parts: dict[Path, list[Path]] = {}
        self._awaited: dict[Path, int] = {}

    def expect(self, segment: Path, parts: list[Path]) -> None:
        """Note that a segment comes in parts."""
        self._parts[segment], self._awaited[segment] = parts, len(parts)

    def abandon(self, segment: Path) -> None:
        """End the work at a segment and remove what there is of it."""
        self.crew.abandon(segment)
        for path in (segment, *self._parts.get(segment, ())):
            path.unlink(missing_ok=True)
            path.with_name(f".{path.name}.unfinished").unlink(missing_ok=True)

    def _done(self, segment: Path) -> None:
        self._awaited[segment] -= 1
        if self._awaited[segment]:
            return
        if self._parts[segment] != [segment]:
            join(self._parts[segment], segment)
        logger.info("Partial movie file written in %(path)s", {"path": f"'{segment}'"})
        if (drawn := CairoRenderer.fastmanim_installation.drawn) is not None:
            drawn(segment)


def play(self: Any, scene: Any, *args: Any, **kwargs: Any) -> None:
    """Play as `CairoRenderer.play` does (renderer/cairo_renderer.py:70), and have others draw where that may be."""
    self.skip_animations = self._original_skipping_status
    self.update_skipping_status()
    scene.compile_animation_data(*args, **kwargs)
    segment_hash = _hash_of_play(self, scene)
    self.file_writer.add_partial_movie_file(segment_hash)
    self.animations_hashes.append(segment_hash)
    logger.debug("List of the first few animation hashes of the scene: %(h)s", {"h": str(self.animations_hashes[:5])})
    if _others_may_draw(self, scene):
        _have_drawn(self, scene)
    else:
        _draw_here(self, scene)
    self.num_plays += 1


def _hash_of_play(renderer: Any, scene: Any) -> str | None:
    """Return the hash that names the play's segment, or None where it is not drawn (:83)."""
    if renderer.skip_animations:
        logger.debug(f"Skipping animation {renderer.num_plays}")
        renderer.time += scene.duration
        return None
    if config["disable_caching"]:
        logger.info("Caching disabled.")
        return f"uncached_{renderer.num_plays:05}"
    play_hash: str = get_hash_from_play_call(
        scene,
        renderer.camera,
        scene.animations,
        scene.mobjects,
        backend="cairo",
        encoder_fingerprint=video_encoder_fingerprint(scene.session_spec.video_encoder),
        renderer_state=(),
    )
    if renderer.file_writer.is_already_cached(play_hash):
        logger.info(
            f"Animation {renderer.num_plays} : Using cached data (hash : %(hash_current_animation)s)",
            {"hash_current_animation": play_hash},
        )
        renderer.skip_animations = True
        renderer.time += scene.duration
    return play_hash


def _draw_here(renderer: Any, scene: Any) -> None:
    """Go on as Manim does (:117)."""
    renderer.file_writer.begin_animation(not renderer.skip_animations, animation_index=renderer.num_plays)
    scene.begin_animations()
    renderer.save_static_frame_data(scene, scene.static_mobjects)
    if scene.is_current_animation_frozen_frame():
        renderer.update_frame(scene, mobjects=scene.moving_mobjects)
        renderer.freeze_current_frame(scene.duration)
    else:
        scene.play_internal()
    renderer.file_writer.end_animation(not renderer.skip_animations)


def _have_drawn(renderer: Any, scene: Any) -> None:
    studio: Studio = renderer.file_writer.fastmanim_studio
    segment = Path(renderer.file_writer.partial_movie_files[renderer.num_plays])
    segment.parent.mkdir(parents=True, exist_ok=True)
    scene.begin_animations()
    try:
        if scene.is_current_animation_frozen_frame():
            _have_held(renderer, scene, studio, segment)
        else:
            _have_stepped(renderer, scene, studio, segment)
    except BaseException:
        studio.abandon(segment)
        raise
    studio.crew.look()


def _have_held(renderer: Any, scene: Any, studio: Studio, segment: Path) -> None:
    frame_s = 1 / renderer.camera.frame_rate
    frames = int(scene.duration / frame_s)
    studio.expect(segment, [segment])
    studio.crew.send(segment, partial(draw_hold, renderer, scene, segment, frames))
    renderer.time += frames * frame_s


def _have_stepped(renderer: Any, scene: Any, studio: Studio, segment: Path) -> None:
    times = np.arange(0, scene.duration, 1 / config["frame_rate"])
    jumps = studio.purity.may_jump(scene)
    fit = is_fit(renderer.file_writer.video_encoder)
    parts = parts_of(len(times), segment, studio.crew.size if fit else 1)
    studio.expect(segment, [part.path for part in parts])
    for part in parts:
        studio.crew.send(segment, partial(draw_part, renderer, scene, part, times, jumps=jumps))
    renderer.fastmanim_watch = Watch()
    try:
        if jumps:
            _jump(renderer, scene, times)
        else:
            scene.play_internal()
    finally:
        renderer.fastmanim_watch = None


def _jump(renderer: Any, scene: Any, times: Any) -> None:
    """Bring a play to its end without its steps (scene/scene.py:1384)."""
    scene.update_to_time(times[-1])
    for _ in times:
        renderer.fastmanim_watch.frame(renderer, scene, ())
    for animation in scene.animations:
        animation.finish()
        animation.clean_up_from_scene(scene)
    scene.update_mobjects(0)
    renderer.static_image = None


def _others_may_draw(renderer: Any, scene: Any) -> bool:
    """Tell whether frames of the play that begins may be drawn in other processes."""
    studio = _studio_of(renderer, scene)
    if studio.why_not or renderer.skip_animations:
        return False
    if getattr(scene.animations[0], "stop_condition", None) is not None or scene.skip_animation_preview:
        return False
    if threading.active_count() > 1:
        logger.debug("fastmanim draws this play in one process: the scene has started threads")
        return False
    return bool(scene.duration >= 1 / renderer.camera.frame_rate)


def _studio_of(renderer: Any, scene: Any) -> Studio:
    """Return what goes with the renderer's writer, which is made where the first play begins."""
    writer = renderer.file_writer
    if not hasattr(writer, "fastmanim_studio"):
        processes = renderer.fastmanim_processes
        why_not = "there is one processor" if processes < 2 else _why_not(renderer, scene)
        if why_not:
            logger.debug("fastmanim draws in one process: %(why)s", {"why": why_not})
        writer.fastmanim_studio = Studio(processes, why_not)
    studio: Studio = writer.fastmanim_studio
    return studio


def _why_not(renderer: Any, scene: Any) -> str:
    """Return why the scene may not be drawn by other processes at all, or an empty text."""
    writer = renderer.file_writer
    if not writer.output_spec.is_video:
        return "the output is no video"
    if type(renderer) is not CairoRenderer or type(writer) is not SceneFileWriter:
        return "the renderer or the writer is not Manim's own"
    if type(scene).play_internal is not Scene.play_internal:
        return "the scene plays in a way of its own"
    changed = renderer.fastmanim_installation.changed_by_others()
    if changed:
        renderer.fastmanim_installation.take_away()
        return f"somebody has changed {', '.join(changed)}"
    names = suspects_of(scene)
    return f"the scene's code names {', '.join(names)}" if names else ""


def render(self: Any, scene: Any, time: float, moving_mobjects: Any = None) -> None:
    """Draw a frame, or leave it to others (renderer/cairo_renderer.py:177)."""
    watch = getattr(self, "fastmanim_watch", None)
    if watch is None:
        _stock_render(self, scene, time, moving_mobjects)
    else:
        watch.frame(self, scene, moving_mobjects)


def create_segment_encoder(self: Any, target: Path) -> Any:
    """Return the encoder of a segment (scene/scene_file_writer.py:565)."""
    spec = self.video_encoder
    if spec is None or not is_fit(spec):
        return _stock_create_encoder(self, target)
    return SegmentEncoder(target=target, spec=spec)


def is_already_cached(self: Any, hash_invocation: str) -> bool:
    """Tell whether there is a segment with this hash, waiting for it where it is being drawn (:691)."""
    if self.output_spec.is_video and hasattr(self, "fastmanim_studio"):
        self.fastmanim_studio.crew.wait_for(self.output_plan.segment_path(hash_invocation))
    return bool(_stock_is_cached(self, hash_invocation))


def join_all_encode_jobs(self: Any) -> None:
    """Wait for all that draw and encode (:632)."""
    _stock_join_all(self)
    if hasattr(self, "fastmanim_studio"):
        self.fastmanim_studio.crew.finish()
        if CairoRenderer.fastmanim_installation.foresight is not None:
            CairoRenderer.fastmanim_installation.foresight.finish()


_RENDERER = "manim.renderer.cairo_renderer"
_WRITER = "manim.scene.scene_file_writer"
PATCHES = (
    Patch(module=_RENDERER, name="CairoRenderer.play", sha256="b75bbf15095e80a6", by=play),
    Patch(module=_RENDERER, name="CairoRenderer.render", sha256="d6bed48cab384ebb", by=render),
    Patch(
        module=_WRITER,
        name="SceneFileWriter._create_segment_encoder",
        sha256="e399640273382b63",
        by=create_segment_encoder,
    ),
    Patch(module=_WRITER, name="SceneFileWriter.is_already_cached", sha256="bdd7d3ae313a25ea", by=is_already_cached),
    Patch(
        module=_WRITER, name="SceneFileWriter.join_all_encode_jobs", sha256="cc87035618205873", by=join_all_encode_jobs
    ),
)
