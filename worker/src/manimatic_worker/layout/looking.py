"""Turn what a scene holds into a `View`: the only module of the layout report that knows Manim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from manimatic_worker.layout.geometry import letter_height
from manimatic_worker.layout.values import Array, Box, Colour, Shape, Text, View
from manimatic_worker.rehearsal.names import current_line, writing_of

VISIBLE = 0.05
"""Opacity below which nothing is seen."""
VISIBLE_SIZE = 1e-3
"""Of a glyph, in units: an animation that takes a text away may leave it without extent."""
MISSING = "_missing_characters"
_PLAIN_GROUPS = frozenset({"Group", "VGroup", "VDict", "Mobject", "VMobject"})
_NOTHING: Colour = (0.0, 0.0, 0.0, 0.0)
_BLACK: Colour = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A mobject with points, and where it stands."""

    mobject: Any
    text: Any
    ancestors: tuple[Any, ...]


@dataclass(slots=True)
class _Glyphs:
    """The glyphs of one text, as they are gathered."""

    text: Any
    ancestors: tuple[Any, ...]
    order: int = 0
    boxes: list[Array] = field(default_factory=list)
    fills: list[Colour] = field(default_factory=list)
    rims: list[Colour] = field(default_factory=list)
    shown_by: str | None = None


class Looker:
    """Looks at scenes; keeps what it has seen alive, so that keys stay those of one object.

    Args:
        writings: Texts by the number that their glyphs remember.
    """

    def __init__(self, writings: Mapping[int, Any]) -> None:
        self._writings = writings
        self.seen: dict[int, Any] = {}
        """By key, every object that a view has told of."""

    def look(self, scene: Any, *, at_s: float, lasts_s: float, flying: Iterable[Any]) -> View:
        """Return what is on the screen now.

        Args:
            scene: The scene.
            at_s: The moment.
            lasts_s: How long the picture lasts.
            flying: The animations that are going on.
        """
        from manim import ManimColor

        camera = scene.renderer.camera
        width, height, centre = _frame(camera)
        texts, shapes, unseen = self._sort(_drawn(scene), camera, centre, _in_flight(flying))
        background = getattr(camera, "background_color", None)
        return View(
            texts=texts,
            shapes=shapes,
            unseen=unseen,
            width=width,
            height=height,
            pixels_per_unit=camera.pixel_height / height if height else 1.0,
            ground=_BLACK if background is None else _colour(ManimColor.parse(background).to_rgba()),
            at_s=at_s,
            lasts_s=lasts_s,
            line=current_line(),
            is_flat=not hasattr(camera, "get_rotation_matrix"),
            is_zoomed=_is_zoomed(width, height, centre),
        )

    def _sort(
        self, leaves: list[_Leaf], camera: Any, centre: Array, in_flight: Mapping[int, str]
    ) -> tuple[tuple[Text, ...], tuple[Shape, ...], dict[int, str | None]]:
        gathered: dict[int, _Glyphs] = {}
        shapes = []
        for order, (leaf, path, box) in enumerate(_measured(leaves, camera, centre)):
            shown_by = in_flight.get(id(leaf.mobject))
            key = self._text_key(leaf)
            if key is None:
                shape = self._shape(leaf, path, box, order, flying=shown_by is not None)
                if shape is not None:
                    shapes.append(shape)
                continue
            glyphs = gathered.setdefault(key, _Glyphs(self.seen[key], leaf.ancestors))
            glyphs.shown_by = glyphs.shown_by or shown_by
            _gather(glyphs, leaf.mobject, box, order)
        texts = tuple(self._text(key, glyphs) for key, glyphs in gathered.items() if glyphs.boxes)
        return texts, tuple(shapes), {key: one.shown_by for key, one in gathered.items() if not one.boxes}

    def _text_key(self, leaf: _Leaf) -> int | None:
        """Return the key of the text that the leaf is a glyph of, if it is one."""
        if leaf.text is not None:
            return self._key(leaf.text)
        number = writing_of(leaf.mobject)
        if number is None:
            return None
        self.seen.setdefault(-number, self._writings.get(number, leaf.mobject))
        return -number

    def _text(self, key: int, glyphs: _Glyphs) -> Text:
        import numpy as np

        boxes = np.array(glyphs.boxes)
        return Text(
            key=key,
            glyphs=boxes,
            box=_union(boxes),
            order=glyphs.order,
            colour=Counter(glyphs.fills).most_common(1)[0][0],
            rim=Counter(glyphs.rims).most_common(1)[0][0] if glyphs.rims else None,
            writing=writing_of(glyphs.text),
            part_of=frozenset(type(item).__name__ for item in (*glyphs.ancestors, glyphs.text)),
            groups=frozenset(id(item) for item in glyphs.ancestors),
            flying=glyphs.shown_by is not None,
            driven=any(item.updaters for item in (*glyphs.ancestors, glyphs.text)),
            glyph_height=letter_height(boxes),
            missing=vars(glyphs.text).get(MISSING, ""),
        )

    def _shape(self, leaf: _Leaf, path: Array, box: Array, order: int, *, flying: bool) -> Shape | None:
        mobject = leaf.mobject
        is_image = not hasattr(mobject, "fill_rgbas")
        fill = _NOTHING if is_image else _colour(mobject.fill_rgbas)
        stroke, width = (_image_colour(mobject), 1.0) if is_image else _stroke(mobject)
        if max(fill[3], stroke[3] if width > 0 else 0.0) < VISIBLE:
            return None
        owner = next((item for item in leaf.ancestors if type(item).__name__ not in _PLAIN_GROUPS), mobject)
        return Shape(
            key=self._key(mobject),
            owner=self._key(owner),
            kind=type(mobject).__name__,
            box=(float(box[0]), float(box[1]), float(box[2]), float(box[3])),
            order=order,
            path=path,
            fill=fill,
            stroke=stroke,
            stroke_width=width,
            part_of=frozenset(type(item).__name__ for item in (*leaf.ancestors, mobject)),
            groups=frozenset(id(item) for item in leaf.ancestors),
            flying=flying,
            driven=any(item.updaters for item in (*leaf.ancestors, mobject)),
            is_image=is_image,
        )

    def _key(self, mobject: Any) -> int:
        self.seen[id(mobject)] = mobject
        return id(mobject)


def _gather(glyphs: _Glyphs, mobject: Any, box: Array, order: int) -> None:
    """Add a glyph to its text, if it can be seen."""
    fill, (stroke, width) = _colour(mobject.fill_rgbas), _stroke(mobject)
    opacity = max(fill[3], stroke[3] if width > 0 else 0.0)
    if opacity < VISIBLE or max(box[2] - box[0], box[3] - box[1]) < VISIBLE_SIZE:
        return
    seen = fill if fill[3] >= VISIBLE else stroke
    glyphs.order = order
    glyphs.boxes.append(box)
    glyphs.fills.append((*seen[:3], opacity))
    if width > 0 and stroke[3] >= VISIBLE:
        glyphs.rims.append(stroke)


def _drawn(scene: Any) -> list[_Leaf]:
    """List what the scene draws, lowest first, as Manim orders it."""
    from manim.mobject.text.numbers import DecimalNumber
    from manim.mobject.text.tex_mobject import SingleStringMathTex
    from manim.mobject.text.text_mobject import MarkupText, Paragraph, Text

    kinds = (Text, MarkupText, Paragraph, SingleStringMathTex, DecimalNumber)
    found: dict[int, _Leaf] = {}
    for top in (*scene.mobjects, *scene.foreground_mobjects):
        for leaf in _leaves(top, None, (), kinds):
            found.pop(id(leaf.mobject), None)  # of those that come twice, the last counts
            found[id(leaf.mobject)] = leaf
    return sorted(found.values(), key=lambda leaf: float(leaf.mobject.z_index))


def _leaves(mobject: Any, text: Any, ancestors: tuple[Any, ...], kinds: tuple[type[Any], ...]) -> Iterator[_Leaf]:
    from manim.mobject.geometry.line import Line

    if text is None and isinstance(mobject, kinds):
        text = mobject
    if len(mobject.points):
        yield _Leaf(mobject, None if isinstance(mobject, Line) else text, ancestors)
    below = (*ancestors, mobject)
    for submobject in mobject.submobjects:
        yield from _leaves(submobject, text, below, kinds)


def _measured(leaves: list[_Leaf], camera: Any, centre: Array) -> Iterator[tuple[_Leaf, Array, Array]]:
    """Yield each leaf with its path and its box as the camera sees them; what is nowhere is left out."""
    import numpy as np

    paths = [leaf.mobject.points for leaf in leaves]
    if hasattr(camera, "get_rotation_matrix"):
        camera.reset_rotation_matrix()
        paths = [
            camera.transform_points_pre_display(leaf.mobject, points)
            for leaf, points in zip(leaves, paths, strict=True)
        ]
    if not paths:
        return
    ends = np.cumsum([len(path) for path in paths])
    starts = np.concatenate([[0], ends[:-1]])
    points = np.concatenate(paths)[:, :2] - centre
    low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
    boxes = np.hstack([low, high])
    for leaf, start, end, box in zip(leaves, starts, ends, boxes, strict=True):
        if np.isfinite(box).all():
            yield leaf, points[start:end], box


def _in_flight(animations: Iterable[Any]) -> dict[int, str]:
    """Return what is animated, by id, with the name of the animation."""
    found: dict[int, str] = {}
    for animation in animations:
        for mobject in animation.mobject.get_family():
            found[id(mobject)] = type(animation).__name__
        found |= _in_flight(getattr(animation, "animations", ()))
    return found


def _frame(camera: Any) -> tuple[float, float, Array]:
    import numpy as np

    return float(camera.frame_width), float(camera.frame_height), np.array(camera.frame_center)[:2]


def _is_zoomed(width: float, height: float, centre: Array) -> bool:
    from manim import config

    near = 0.02 * height
    moved = abs(width - config.frame_width) > near or abs(height - config.frame_height) > near
    return bool(moved or abs(centre).max() > near)


def _stroke(mobject: Any) -> tuple[Colour, float]:
    """Return the stroke that is seen: that in front, or that behind the fill."""
    front = _colour(mobject.stroke_rgbas), float(mobject.stroke_width)
    behind = _colour(mobject.background_stroke_rgbas), float(mobject.background_stroke_width)
    return front if front[1] > 0 and front[0][3] >= VISIBLE else behind


def _image_colour(mobject: Any) -> Colour:
    rgbas = getattr(mobject, "rgbas", None)  # of a cloud of points; an image has none
    return (1.0, 1.0, 1.0, 1.0) if rgbas is None or not len(rgbas) else _colour(rgbas)


def _colour(rgbas: Array) -> Colour:
    """Return the mean of some colours."""
    import numpy as np

    rows = np.atleast_2d(rgbas)
    if not len(rows):
        return _NOTHING
    red, green, blue, opacity = (rows[0] if len(rows) == 1 else rows.mean(axis=0)).tolist()
    return (red, green, blue, opacity)


def _union(boxes: Array) -> Box:
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
