"""Put all that is faster in Manim's place, and take it away again."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastmanim import patching, quota

TOPICS = ("rendering", "shapes", "copying", "updating", "formulas", "geometry", "painting", "space")
"""Modules that hold patches, in the order in which they are put in place."""
PROCESSES = "FASTMANIM_PROCESSES"
"""Variable of the environment: how many processes may draw at once."""
_WATCHED = (
    ("manim.camera.camera", "Camera"),
    ("manim.camera.moving_camera", "MovingCamera"),
    ("manim.camera.multi_camera", "MultiCamera"),
    ("manim.camera.three_d_camera", "ThreeDCamera"),
    ("manim.mobject.mobject", "Mobject"),
    ("manim.mobject.types.vectorized_mobject", "VMobject"),
    ("manim.animation.animation", "Animation"),
    ("manim.animation.transform", "Transform"),
    ("manim.scene.scene", "Scene"),
    ("manim.scene.scene_file_writer", "SceneFileWriter"),
    ("manim.scene.video_segment_encoder", "VideoSegmentEncoder"),
    ("manim.renderer.cairo_renderer", "CairoRenderer"),
    ("manim.manager", "Manager"),
)
_OFTEN_SET = frozenset({"__init__", "_original__init__", "animation_overrides", "__doc__"})
"""What Manim itself sets in its classes: `set_default`, `override_animation`."""


@dataclass(slots=True)
class Installation:
    """What was put in place; `why_not` says why nothing was.

    Args:
        why_not: An empty text where Manim is faster now.
    """

    why_not: str = ""
    applied: list[patching.Applied] = field(default_factory=list)
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    foresight: Any = None
    formats: Path | None = None
    """A folder with what `formulas.prepare` has made for this LaTeX."""
    drawn: Callable[[Path], None] | None = None
    """Called with each segment that other processes have drawn, as soon as it is whole and known to be."""

    def changed_by_others(self) -> list[str]:
        """Return what of Manim's classes somebody else has changed since."""
        now = _members()
        return [
            f"{kind}.{name}"
            for kind, members in self.members.items()
            for name in sorted(members.keys() | now[kind].keys())
            if members.get(name) is not now[kind].get(name) and name not in _OFTEN_SET
        ]

    def accept_changes(self) -> None:
        """Take what was changed up to now for the doing of whoever installed this, who knows that it does no harm."""
        self.members = _members()

    def take_away(self) -> None:
        """Put Manim's own functions back."""
        patching.revert(self.applied)
        self.applied = []


def install(processes: int | None = None) -> Installation:
    """Make Manim faster in this process.

    Args:
        processes: How many may draw at once; by default as many as there are processors, by affinity and quota.
    """
    import manim
    from manim.renderer.cairo_renderer import CairoRenderer

    if hasattr(CairoRenderer, "fastmanim_installation"):
        return _again(CairoRenderer, processes)
    if manim.__version__ != patching.WRITTEN_FOR:
        why_not = f"it is written for Manim {patching.WRITTEN_FOR}, and this is {manim.__version__}"
        manim.logger.debug("fastmanim leaves everything to Manim: %(why)s", {"why": why_not})
        return Installation(why_not)
    _quieten_progress_bars()
    patches = [patch for topic in TOPICS for patch in importlib.import_module(f"fastmanim.{topic}").PATCHES]
    installation = Installation(applied=patching.apply(patches))
    _add("fastmanim_installation", installation)
    _add("fastmanim_processes", processes or _wanted_processes())
    _set_encoder_options()
    _hash_less()
    installation.members = _members()
    return installation


def _again(renderer: Any, processes: int | None) -> Installation:
    if processes is not None:
        renderer.fastmanim_processes = processes
    installed: Installation = renderer.fastmanim_installation
    return installed


def _add(name: str, value: Any) -> None:
    from manim.renderer.cairo_renderer import CairoRenderer

    setattr(CairoRenderer, name, value)


def _wanted_processes() -> int:
    wanted = os.environ.get(PROCESSES, "")
    return max(1, int(wanted)) if wanted.isdecimal() else quota.processors()


def _set_encoder_options() -> None:
    """Ask x264 for less where Manim asks for its defaults; what a user asks for still counts."""
    from manim._config import video_encoder

    from fastmanim.encoder import OPTIONS

    video_encoder._DEFAULT_OPTIONS["libx264"] = dict(OPTIONS)


def _hash_less() -> None:
    """Leave out of the hash of a play what its pictures do not depend on: paths that were read, and caches of ours."""
    from manim.utils import hashing

    hashing.KEYS_TO_FILTER_OUT.update({"path_obj", "fastmanim_faces", "fastmanim_axes"})


def _quieten_progress_bars() -> None:
    """Keep progress bars from starting a thread: none may run where a process is forked."""
    import tqdm  # type: ignore[import-untyped]

    tqdm.tqdm.monitor_interval = 0


def _members() -> dict[str, dict[str, Any]]:
    return {name: dict(vars(getattr(importlib.import_module(module), name))) for module, name in _WATCHED}
