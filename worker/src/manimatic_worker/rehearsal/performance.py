"""Rehearse one scene in this process, which is of no use for anything else afterwards."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from manimatic_worker import scene_source
from manimatic_worker.layout import words
from manimatic_worker.layout.glyphs import note_missing_glyphs
from manimatic_worker.layout.looking import Looker
from manimatic_worker.layout.report import Report
from manimatic_worker.layout.values import View
from manimatic_worker.protocol import MAX_FINDINGS, Finding, Rehearsed, Request
from manimatic_worker.rehearsal.budget import BUDGETS
from manimatic_worker.rehearsal.cost import Cost
from manimatic_worker.rehearsal.drawing import Sketch
from manimatic_worker.rehearsal.names import Namer, line_of, note_origins
from manimatic_worker.rehearsal.stage import Play, Stage

TOO_LONG = 2.0
"""A scene is stopped here when rendering it would take this many times what the run may: predictions are rough."""
MAX_ALIKE = 3
"""Findings of one rule about objects that the same lines made."""
LAST_LOOK_S = 1.0
"""The picture at the end counts as if it stayed for this long."""


class RenderTooLong(BaseException):
    """Rendering the scene would take far longer than the run may; not caught by what a scene expects of errors."""


class Performance:
    """One rehearsal, and what it finds out.

    Args:
        request: What is to be rendered.
    """

    def __init__(self, request: Request) -> None:
        self.animations = 0
        self.duration_s = 0.0
        self.scene_name: str | None = None
        self.ended = False
        self.blind = 0
        """Pictures that could not be looked at."""
        self._request = request
        self._cost = Cost(request.width * request.height)
        self._report = Report()
        self._looker = Looker({})
        self._sketch = Sketch()
        self._namer: Namer | None = None
        self._names: dict[int, words.Called] = {}
        self._scene: Any = None
        self._drawing_s: float | None = None
        """For a frame of the play under way, once it has been looked at."""

    def run(self, stage: Stage | None = None) -> None:
        """Execute the scene.

        Raises:
            NoScene: The source has none.
            RenderTooLong: Rendering it would take far too long.
            BaseException: Whatever the scene raises.
        """
        _share_svg_paths()
        self._looker = Looker(note_origins())
        note_missing_glyphs()
        self._cost.begin()
        (stage or Stage(self)).take()
        kind = scene_source.load_scene(self._request.code, self._request.scene)
        self.scene_name = kind.__name__
        scene = self._scene = kind()
        self._namer = Namer(scene)
        self._look_at_the_end(kind)
        scene.render()
        self.ended = True

    def _look_at_the_end(self, kind: type[Any]) -> None:
        """Have the scene looked at once more when it has ended, before it is taken down."""
        tear_down = kind.tear_down

        def looking(scene: Any) -> None:
            self.look(scene, at_s=self.duration_s, lasts_s=LAST_LOOK_S, flying=[])
            tear_down(scene)

        kind.tear_down = looking

    # ------------------------------------------------------------ the stage's audience

    def look(self, scene: Any, *, at_s: float, lasts_s: float, flying: list[Any]) -> None:
        """Take in the picture; what cannot be looked at is not the scene's fault, unlike what cannot be drawn."""
        self._sketch.draw_new(scene)
        try:
            if self._drawing_s is None:
                self._drawing_s = self._sketch.time_moving(scene)
            self._take_in(self._looker.look(scene, at_s=at_s, lasts_s=lasts_s, flying=flying))
        except Exception as error:  # noqa: BLE001
            self.blind += 1
            print(f"A picture was not looked at: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201

    def _take_in(self, view: View) -> None:
        """Learn the names of what is wrong in the picture, while they are there."""
        fresh = self._report.add(view)
        if fresh and self._namer is not None:
            self._namer.learn()
            for key in fresh:
                self._names[key] = self._call(key)

    def played(self, play: Play) -> None:
        """Count a play. Raises RenderTooLong."""
        self.animations += 1
        self.duration_s = float(self._scene.renderer.time)
        self._cost.add(play, self._drawing_s or 0.0)
        self._drawing_s = None
        limit_s = self._request.limit_s
        is_too_long = limit_s is not None and self._cost.render_s > TOO_LONG * limit_s
        if BUDGETS[self._request.rehearse].ends_run and is_too_long:
            raise RenderTooLong(
                f"Rendering would take more than {self._cost.render_s:.0f} seconds up to here, and the limit is "
                f"{limit_s:.0f}: the video is {self.duration_s:.0f} seconds long at {self._request.fps} frames a "
                "second. Shorten it, take fewer objects with updaters, or choose a lower quality."
            )

    # ------------------------------------------------------------ what it came to

    def told(self) -> Iterator[Finding | Rehearsed]:
        """Yield the findings, then the figures."""
        width, height = self._request.frame_width, self._request.frame_height
        told = Counter[tuple[str, int | None, int | None]]()
        for one in self._report.findings(ended=self.ended):
            one.end_s = max(one.start_s, min(one.end_s, self.duration_s))  # the last look goes on after the end
            finding = words.finding(one, self._called, width=width, height=height)
            kind = (finding.rule, finding.line, finding.other_line)
            if told[kind] < MAX_ALIKE and told.total() < MAX_FINDINGS:
                told[kind] += 1
                yield finding
        yield Rehearsed(
            ended=self.ended,
            animations=self.animations,
            duration_s=round(self.duration_s, 3),
            predicted_render_s=round(self._cost.render_s, 3),
        )

    def _called(self, key: int) -> words.Called:
        return self._names.get(key) or self._call(key)

    def _call(self, key: int) -> words.Called:
        mobject = self._looker.seen[key]
        name = None if self._namer is None else self._namer.name_of(mobject)
        return words.called(mobject, name, line_of(mobject))


def _share_svg_paths() -> None:
    """Have copies of a glyph share what it was parsed from.

    Manim looks at that only when a glyph is made, and copying it is most of the work of copying a text.
    """
    from manim.mobject.svg.svg_mobject import se

    se.Path.__deepcopy__ = lambda path, _: path
