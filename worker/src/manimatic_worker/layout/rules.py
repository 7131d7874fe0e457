"""What can be wrong in one picture. Pure functions of a `View`: each yields what it sees, however short it lasts.

A rule says nothing of what is being animated: what flies may pass over anything. What is deliberate and looks the
same as a fault is left out by name: labels in their shapes, braces, tables, numbers on axes, grids behind everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from manimatic_worker.layout import geometry
from manimatic_worker.layout.colours import contrast, painted
from manimatic_worker.layout.values import Array, Box, Colour, Shape, Sight, Text, View

CLEAR = 0.35
"""Opacity from which a text can be read; fainter ones are ghosts, which may lie under others."""
SOLID = 0.5
"""Opacity from which a filling hides what is behind it in part, and a line disturbs a text."""
OPAQUE = 0.9
"""Opacity from which a filling hides what is behind it."""

OUT_TEXT = 0.06
"""How far a text may stand out of the frame, in units: the overshoot of round letters."""
OUT_SHARE = 0.2
"""How much of a shape may be off the frame."""
LARGE = 0.95
"""A shape of this share of the frame's width or height is a backdrop, and may reach beyond the frame."""
OVERLAP = 0.03
"""Share of the smaller text's ink boxes that another text may cover."""
DEPTH = 0.03
"""How deep the boxes of two glyphs may be in each other, in units."""
STRUCK_GLYPHS = 0.3
"""Share of a text's glyphs that a line may go through, and at least two of them (one where it has but two)."""
PARTED = 0.15
"""Share of a text's glyphs that lie on the smaller side of the edge of a shape, from which it is parted in two."""
STROKE_UNIT = 0.01
"""Width of a stroke of 1, in units."""
CLOSED = 1e-3
"""How near a path's end is to its start where it goes around something."""
MIDDLE = 0.7
"""Share of a text's width in which a line that goes across it disturbs; at its ends lines touch many labels."""
_WORD = 3
_TOUCH = 1e-9
"""The box of a straight line has no height; what it shares with others has none either."""
HIDDEN = 0.6
"""Share of a text's glyphs that lie behind a filling, from which it counts as hidden."""

BACKDROPS = frozenset({"NumberPlane", "ComplexPlane", "PolarPlane", "ThreeDAxes", "Surface", "ArrowVectorField"})
_STRETCHING = BACKDROPS | {
    "FunctionGraph",
    "ParametricFunction",
    "StreamLine",
    "StreamLines",
    "TracedPath",
    "VectorField",
}
"""What may reach beyond the frame by its nature."""
_MARKS = frozenset(
    {
        "BackgroundRectangle",
        "Cross",
        "Cutout",
        "SurroundingRectangle",
        "ScreenRectangle",
        "Underline",
        "Brace",
        "Title",
        "Code",
    }
)
"""What is put on texts on purpose."""
_AXES = frozenset({"NumberLine", "Axes", "NumberPlane", "ComplexPlane", "PolarPlane", "ThreeDAxes", "BarChart"})


def off_frame(view: View) -> Iterator[Sight]:
    """Yield texts that stand out of the frame, and shapes of which too much is off it."""
    frame = _frame(view)
    for text in view.texts:
        out = geometry.protrusion(text.box, frame)
        share = geometry.share_inside(text.box, frame)
        is_rest = not text.flying and text.colour[3] >= CLEAR and not text.part_of & BACKDROPS
        if is_rest and out > OUT_TEXT and not (view.is_zoomed and share > 0):
            yield Sight(rule="off_frame", key=text.key, box=text.box, detail={"inside": share, "out": out})
    for owner, box in _owners(view).items():
        share = geometry.share_inside(box, frame)
        if share < 1 - OUT_SHARE and not (share > 0 and (view.is_zoomed or not view.is_flat or _is_large(box, view))):
            out = geometry.protrusion(box, frame)
            yield Sight(rule="off_frame", key=owner, box=box, detail={"inside": share, "out": out})


def inside(view: View) -> Iterator[tuple[int, bool]]:
    """Yield the keys of what is mostly on the frame, so that it has been seen, and whether it is at rest."""
    frame = _frame(view)
    for text in view.texts:
        if geometry.share_inside(text.box, frame) > 0.5:
            yield text.key, not (text.flying or text.driven)
    for shape in view.shapes:
        if geometry.share_inside(shape.box, frame) > 0.5:
            yield shape.owner, not (shape.flying or shape.driven)


def moving(view: View) -> Iterator[int]:
    """Yield the keys of what is being animated or driven, wherever it is."""
    yield from (text.key for text in view.texts if text.flying or text.driven)
    yield from (shape.owner for shape in view.shapes if shape.flying or shape.driven)


def text_over_text(view: View) -> Iterator[Sight]:
    """Yield pairs of texts whose glyphs lie over each other."""
    clear = [text for text in view.texts if not text.flying and text.colour[3] >= CLEAR]
    boxes = [text.box for text in clear]
    for one, another in geometry.meeting(boxes, boxes, DEPTH):
        first, second = clear[one], clear[another]
        if one >= another:
            continue
        shared, depth = geometry.shared_area(first.glyphs, second.glyphs)
        smaller = min(_ink(first), _ink(second))
        if depth > DEPTH and shared > OVERLAP * smaller and not _is_twin(first, second):
            late, early = (first, second) if first.order > second.order else (second, first)
            yield Sight(
                rule="text_over_text",
                key=late.key,
                other=early.key,
                box=late.box,
                other_box=early.box,
                detail={"share": shared / smaller},
            )


def text_over_shape(view: View) -> Iterator[Sight]:
    """Yield texts that a line or the edge of a shape goes through."""
    if not view.is_flat:
        return
    for text, shapes in _with_shapes(view):
        if text.flying or text.colour[3] < CLEAR or text.part_of & _AXES:
            continue
        core = geometry.shrunk(text.glyphs, 0.2)
        for shape in shapes:
            if _may_disturb(shape, text) and not _has_ground(text, shape, view) and _strikes(shape, text, core):
                box, other_box = text.box, shape.box
                yield Sight(rule="text_over_shape", key=text.key, other=shape.owner, box=box, other_box=other_box)
                break


def text_hidden(view: View) -> Iterator[Sight]:
    """Yield texts of which most lies behind something that was drawn over them."""
    for text, shapes in _with_shapes(view):
        if text.flying or not view.is_flat or text.part_of & _AXES:
            continue
        for shape in shapes:
            covers = shape.order > text.order and not shape.flying and (shape.fill[3] >= OPAQUE or _is_picture(shape))
            if covers and _inside(shape, text) > HIDDEN:
                yield Sight(rule="text_hidden", key=text.key, other=shape.owner, box=text.box, other_box=shape.box)
                break


def legibility(view: View) -> Iterator[tuple[Text, float, float]]:
    """Yield each text with the height of its glyphs in pixels and its contrast with what is behind it."""
    for text, shapes in _with_shapes(view):
        yield text, text.glyph_height * view.pixels_per_unit, _contrast(text, shapes, view.ground)


def is_empty(view: View) -> bool:
    """Tell whether nothing can be seen in the frame."""
    frame = _frame(view)
    boxes = [text.box for text in view.texts] + [shape.box for shape in view.shapes]
    return not any(geometry.share_inside(box, frame) > 0 for box in boxes)


def _with_shapes(view: View) -> Iterator[tuple[Text, list[Shape]]]:
    """Yield each text with the shapes whose boxes meet its own."""
    near: dict[int, list[Shape]] = {}
    pairs = geometry.meeting([text.box for text in view.texts], [shape.box for shape in view.shapes], -_TOUCH)
    for number, other in pairs:
        near.setdefault(number, []).append(view.shapes[other])
    for number, text in enumerate(view.texts):
        yield text, near.get(number, [])


def _frame(view: View) -> Box:
    return (-view.width / 2, -view.height / 2, view.width / 2, view.height / 2)


def _owners(view: View) -> dict[int, Box]:
    """Return the boxes of the objects that the shapes are pieces of, where those are at rest and no backdrop."""
    boxes: dict[int, Box] = {}
    left_out = {shape.owner for shape in view.shapes if shape.flying or shape.part_of & _STRETCHING or shape.is_image}
    for shape in view.shapes:
        if shape.owner not in left_out:
            old = boxes.get(shape.owner, shape.box)
            boxes[shape.owner] = (*map(min, old[:2], shape.box[:2]), *map(max, old[2:], shape.box[2:]))  # type: ignore[assignment]
    return boxes


def _is_large(box: Box, view: View) -> bool:
    return box[2] - box[0] > LARGE * view.width or box[3] - box[1] > LARGE * view.height


def _ink(text: Text) -> float:
    sides = text.glyphs[:, 2:] - text.glyphs[:, :2]
    return float((sides[:, 0] * sides[:, 1]).sum()) or 1e-9


def _is_twin(first: Text, second: Text) -> bool:
    """Tell whether two texts are one, drawn twice: a part that is highlighted, a copy that starts from its original."""
    if first.writing is None or first.writing != second.writing:
        return False
    across, down = geometry.overlap(first.box, second.box)
    return across * down > 0.5 * min(geometry.area(first.box), geometry.area(second.box))


def _may_disturb(shape: Shape, text: Text) -> bool:
    """Tell whether the shape has an edge that is seen near the text and has nothing to do with it."""
    high = text.box[3] - text.box[1]
    has_line = shape.stroke[3] >= SOLID and 1 <= shape.stroke_width < high / STROKE_UNIT
    has_edge = shape.fill[3] >= SOLID
    if shape.flying or shape.is_image or not (has_line or has_edge):
        return False
    if shape.part_of & (_MARKS | BACKDROPS):
        return False
    return text.key not in shape.groups and shape.owner not in text.groups


def _has_ground(text: Text, shape: Shape, view: View) -> bool:
    """Tell whether something lies between text and shape, so that the text can be read."""
    if shape.order > text.order:
        return False
    if text.rim is not None:
        return True
    grounds = (
        other
        for other in view.shapes
        if shape.order < other.order < text.order and other.fill[3] >= SOLID and other.key != shape.key
    )
    return any(geometry.share_inside(text.box, other.box) > 0.9 for other in grounds)


def _strikes(shape: Shape, text: Text, core: Array) -> bool:
    """Tell whether the shape's line goes through the text, or its edge parts the text in two."""
    if _is_strike(shape, text):
        return False
    struck = geometry.crossed(*geometry.polyline(shape.path), core)
    if struck.sum() >= max(min(2, len(core)), STRUCK_GLYPHS * len(core)):
        return True
    if len(shape.path) > 0 and abs(shape.path[0] - shape.path[-1]).max() < CLOSED:
        return PARTED < _inside(shape, text) < 1 - PARTED
    if shape.box[1] > text.box[1] or shape.box[3] < text.box[3] or len(core) < _WORD:
        return False
    at = (geometry.centres(core)[:, 0] - text.box[0]) / (text.box[2] - text.box[0])
    return bool((struck & (abs(at - 0.5) < MIDDLE / 2)).any())


def _is_strike(shape: Shape, text: Text) -> bool:
    """Tell whether a line strikes the text out: it lies within the text's width, and its middle is the text's."""
    wide = text.box[2] - text.box[0]
    long = shape.box[2] - shape.box[0]
    middle = (shape.box[0] + shape.box[2] - text.box[0] - text.box[2]) / 2
    return shape.kind in {"Line", "DashedLine"} and 0.5 * wide < long < 1.6 * wide and abs(middle) < 0.2 * wide


def _is_picture(shape: Shape) -> bool:
    return shape.kind.startswith("ImageMobject")


def _inside(shape: Shape, text: Text) -> float:
    """Return the share of the text's glyphs whose middle lies in the shape."""
    points = geometry.centres(text.glyphs)
    if _is_picture(shape):
        left, bottom, right, top = shape.box
        within = (points[:, 0] > left) & (points[:, 0] < right) & (points[:, 1] > bottom) & (points[:, 1] < top)
        return float(within.mean())
    return float(geometry.contains(shape.path, points).mean())


def _contrast(text: Text, shapes: Sequence[Shape], ground: Colour) -> float:
    """Return the text's contrast, that of its rim if it is better; 21 over a picture, which may be anything."""
    layers: list[Colour] = []
    for shape in sorted(shapes, key=lambda shape: shape.order):
        if shape.order < text.order:
            if shape.is_image:
                return 21.0
            layers.extend(_layers(shape, text))
    ground = painted(ground, layers)
    return max(contrast(colour, ground) for colour in (text.colour, text.rim) if colour is not None)


def _layers(shape: Shape, text: Text) -> Iterator[Colour]:
    """Yield what the shape puts behind most of the text: its filling, or a line so broad that it is a ground."""
    if shape.fill[3] > 0 and _inside(shape, text) > 0.5:
        yield shape.fill
    is_broad = shape.stroke_width * STROKE_UNIT > text.glyph_height
    if is_broad and geometry.crossed(*geometry.polyline(shape.path), text.glyphs).mean() > 0.5:
        yield shape.stroke
