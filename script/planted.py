"""Plant defects in scenes that have none, to see whether the layout report finds them.

A defect is a few lines that run in the scene just before its last play: they take a text or a shape that is on the
screen, whichever the scene has, and spoil it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HELPER = (Path(__file__).parent / "planting.py").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """What is planted, and which rules may name it."""

    name: str
    body: str
    rules: frozenset[str]


def _defect(name: str, body: str, *rules: str) -> Defect:
    return Defect(name=name, body=body, rules=frozenset(rules))


DEFECTS = (
    _defect("text off from the start", "scene.add(Text('Planted words').shift(RIGHT * 30))", "off_frame"),
    _defect("text half off at the right", "_text(scene).set_x(config.frame_width / 2)", "off_frame"),
    _defect("text half off at the top", "_text(scene).set_y(config.frame_height / 2)", "off_frame"),
    _defect("text a little off", "_text(scene).to_edge(LEFT, buff=-0.3)", "off_frame"),
    _defect("text suddenly off", "_text(scene).shift(RIGHT * 20)", "off_frame"),
    _defect("shape half off", "_shape(scene).set_x(-config.frame_width / 2)", "off_frame"),
    _defect("shape off from the start", "scene.add(Circle(0.7, color=BLUE).shift(UP * 12))", "off_frame"),
    _defect("text on a text", "scene.add(_new(scene).move_to(_text(scene)))", "text_over_text"),
    _defect(
        "text on part of a text",
        "text = _text(scene)\nscene.add(_new(scene).move_to(text).shift(UP * 0.5 * text.height))",
        "text_over_text",
    ),
    _defect("text at the end of a text", "scene.add(_new(scene).move_to(_text(scene).get_right()))", "text_over_text"),
    _defect("formula on a text", "scene.play(Write(MathTex('x^2 + y^2').move_to(_text(scene))))", "text_over_text"),
    _defect(
        "text across an edge",
        "scene.add(_new(scene).move_to(_shape(scene).point_from_proportion(0.13)))",
        "text_over_shape",
        "text_over_text",
        "off_frame",
    ),
    _defect(
        "text under a shape",
        "text = _text(scene)\nscene.add(Rectangle(width=text.width + 0.4, height=text.height + 0.4, color=BLUE, "
        "fill_opacity=1).move_to(text))",
        "text_hidden",
    ),
    _defect("tiny text", "scene.add(Text('Planted words', font_size=9).to_corner(DL))", "too_small"),
    _defect(
        "dark text",
        "dark = ManimColor(config.background_color).interpolate(WHITE, 0.12)\n"
        "scene.add(_new(scene).set_color(dark).to_corner(DR))",
        "low_contrast",
    ),
    _defect("text without opacity", "scene.play(FadeIn(_new(scene).set_opacity(0)))", "never_visible"),
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
    return f"{ast.unparse(ast.fix_missing_locations(tree))}\n{_HELPER}\n\ndef _plant(scene):\n{body}\n"
