"""Plant defects in scenes that have none, to see whether the layout report finds them.

A defect is a few lines that run in the scene just before its last play: they take a text or a shape that is on the
screen, whichever the scene has, and spoil it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

_HELPER = """

def _on_screen(scene, texts):
    kinds = (Text, MarkupText, Paragraph, MathTex)
    found = []

    def walk(mobject):
        if isinstance(mobject, kinds):
            seen = any(max(m.get_fill_opacity(), m.get_stroke_opacity()) > 0.5 for m in mobject.get_family() if len(m.points))
            if texts and seen and mobject.width > 0.3:
                found.append(mobject)
            return
        if not texts and isinstance(mobject, VMobject) and 0.5 < mobject.width < 6 and 0.5 < mobject.height < 6:
            seen = any(max(m.get_fill_opacity(), m.get_stroke_opacity()) > 0.5 for m in mobject.get_family() if len(m.points))
            if seen and len(mobject.points) and not mobject.submobjects:
                found.append(mobject)
        for part in mobject.submobjects:
            walk(part)

    for top in scene.mobjects:
        walk(top)
    for mobject in found:
        mobject.clear_updaters()
    return found


def _text(scene):
    found = _on_screen(scene, True)
    if found:
        return max(found, key=lambda text: text.width)
    text = Text("Planted words", font_size=36).to_edge(DOWN)
    scene.add(text)
    return text


def _shape(scene):
    found = _on_screen(scene, False)
    if found:
        return max(found, key=lambda shape: shape.width)
    shape = Square(1.5)
    scene.add(shape)
    return shape


def _plant(scene):
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """What is planted, and which rules may name it."""

    name: str
    body: str
    rules: frozenset[str]


def _defect(name: str, body: str, *rules: str) -> Defect:
    return Defect(name=name, body=body, rules=frozenset(rules))


DEFECTS = (
    _defect(
        "text far off",
        "text = _text(scene)\ntext.copy().shift(RIGHT * 40)\nnew = Text('Planted words')\n"
        "scene.add(new.shift(RIGHT * 30))",
        "off_frame",
    ),
    _defect("text half off at the right", "text = _text(scene)\ntext.set_x(config.frame_width / 2)", "off_frame"),
    _defect("text half off at the top", "text = _text(scene)\ntext.set_y(config.frame_height / 2)", "off_frame"),
    _defect("text a little off", "text = _text(scene)\ntext.to_edge(LEFT, buff=-0.3)", "off_frame"),
    _defect("shape half off", "shape = _shape(scene)\nshape.set_x(-config.frame_width / 2)", "off_frame"),
    _defect("shape off from the start", "scene.add(Circle(0.7, color=BLUE).shift(UP * 12))", "off_frame"),
    _defect(
        "text on a text",
        "text = _text(scene)\nscene.add(Text('Planted words', font_size=36).move_to(text))",
        "text_over_text",
    ),
    _defect(
        "text on part of a text",
        "text = _text(scene)\nnew = Text('Planted words', font_size=36)\n"
        "scene.add(new.move_to(text).shift(UP * 0.5 * text.height))",
        "text_over_text",
    ),
    _defect(
        "text at the end of a text",
        "text = _text(scene)\nnew = Text('Planted words', font_size=36)\nnew.move_to(text.get_left())\nscene.add(new)",
        "text_over_text",
    ),
    _defect(
        "formula on a text",
        "text = _text(scene)\nscene.play(Write(MathTex('x^2 + y^2 = r^2').move_to(text)))",
        "text_over_text",
    ),
    _defect(
        "text across an edge",
        "shape = _shape(scene)\n"
        "new = Text('Planted words', font_size=30).move_to(shape.point_from_proportion(0.13))\nscene.add(new)",
        "text_over_shape",
        "text_over_text",
        "off_frame",
    ),
    _defect(
        "text under a shape",
        "text = _text(scene)\n"
        "scene.add(Rectangle(width=text.width + 0.4, height=text.height + 0.4, color=BLUE, fill_opacity=1)"
        ".move_to(text))",
        "text_hidden",
    ),
    _defect(
        "tiny text",
        "text = _text(scene)\ntext.scale(0.2)\nnew = Text('Planted words', font_size=9)\nscene.add(new.to_corner(DL))",
        "too_small",
    ),
    _defect(
        "dark text",
        "new = Text('Planted words', font_size=30, color='#1c1c1c')\nscene.add(new.to_corner(DR))",
        "low_contrast",
    ),
    _defect(
        "text without opacity", "new = Text('Planted words').set_opacity(0)\nscene.play(FadeIn(new))", "never_visible"
    ),
    _defect("character without a font", "scene.add(Text('\\ue123', font_size=36).to_corner(DL))", "missing_glyph"),
    _defect("empty screen", "scene.clear()\nscene.wait(4)", "empty_screen"),
)


def planted(source: str) -> Iterator[tuple[Defect, str]]:
    """Yield the source with each defect in it."""
    for defect in DEFECTS:
        yield defect, _with(source, defect)


def _with(source: str, defect: Defect) -> str:
    """Put the defect before the last statement of `construct` that plays or waits, and hold the picture."""
    tree = ast.parse(source)
    construct = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "construct")
    last = next(node for node in reversed(construct.body) if isinstance(node, ast.Expr))
    call = ast.parse("_plant(self)\nself.wait(1)").body
    construct.body[construct.body.index(last) : construct.body.index(last)] = call
    body = "\n".join(f"    {line}" for line in defect.body.splitlines())
    return f"{ast.unparse(ast.fix_missing_locations(tree))}\n{_HELPER}{body}\n"
