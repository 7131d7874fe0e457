"""Writes the Manim expression of each thing."""

from __future__ import annotations

import textwrap

from manimatic.codegen.offline.literals import literal, number
from manimatic.codegen.offline.paints import Paints
from manimatic.codegen.offline.stage import Stage
from manimatic.codegen.offline.story import Look, Paint


class Drawing:
    """Writes constructor calls in the colours and sizes of one story."""

    def __init__(self, stage: Stage, paints: Paints) -> None:
        self._stage, self._paints = stage, paints

    def lines(self, name: str, key: int, look: Look, *, unit: float, spoke: bool) -> list[str]:
        """Write the lines that make a thing under this name."""
        if look.count > 1:
            return self._group(name, key, look, unit)
        lines = [f"{name} = {self.single(look, unit)}"]
        if look.kind != "shape":
            lines.append(f"{name}.scale_to_fit_width(min({name}.width, config.frame_width - 1))")
        if spoke and look.name == "circle":
            lines.append(f"{name}.add(Line({name}.get_center(), {name}.get_top(), color={self._stroke(look)}))")
        if look.label:
            size = 64 if len(look.label) <= 3 else 40
            lines.append(
                f"label = Text({literal(look.label)}, font_size={size}, color={self._paints.label_code(look.paint)})"
            )
            lines.append(f"label.scale_to_fit_width(min(label.width, {number(1.3 * unit)})).move_to({name})")
            lines.append(f"{name} = VGroup({name}, label)")
        return lines

    def _group(self, name: str, key: int, look: Look, unit: float) -> list[str]:
        one = self.single(look, unit)
        gap = number(self._stage.gap(key))
        lines = [f"{name} = VGroup(*[{one} for _ in range({look.count})])"]
        if look.count > 8:
            lines.append(f"{name}.arrange_in_grid(buff={gap})")
            lines.append(f"{name}.scale_to_fit_width(0.75 * config.frame_width)")
            lines.append(f"{name}.scale_to_fit_height(min({name}.height, 0.6 * config.frame_height))")
            return lines
        axis = self._stage.axis([key])
        lines.append(f"{name}.arrange({arrow(axis)}, buff={gap})")
        lines.append(f"{name}.scale_to_fit_width(min({name}.width, config.frame_width - 1))")
        if axis == "column":
            lines.append(f"{name}.scale_to_fit_height(min({name}.height, config.frame_height - 1))")
        return lines

    def single(self, look: Look, unit: float) -> str:
        """Write the expression of one thing."""
        if look.shape is None:
            return self._writing(look)
        style = self._style(look) if look.shape.fill >= 0 else ""
        return look.shape.code.format(
            unit=number(unit),
            double=number(2 * unit),
            triple=number(3.2 * unit),
            thin=number(0.6 * unit),
            sides=look.sides or 0,
            style=style,
            colour="" if style else self._plain(look),
        )

    def _writing(self, look: Look) -> str:
        colour = f", color={self._plain(look)}" if look.paint or self._paints.light else ""
        size = self._font_size(look)
        if look.kind == "formula":
            tex = look.words.replace("{{", "{ {").replace("}}", "} }")
            return f"MathTex({literal(tex)}, font_size={number(size)}{colour})"
        lines = self._wrapped(" ".join(look.words.split()))
        spacing = ", line_spacing=1" if len(lines) > 1 else ""
        return f"Text({literal(chr(10).join(lines))}, font_size={number(size)}{spacing}{colour})"

    def _wrapped(self, words: str) -> list[str]:
        """Break a long text into lines of about the same length."""
        most = self._letters_a_line()
        number_of_lines = len(textwrap.wrap(words, width=most))
        for width in range(max(1, len(words) // max(1, number_of_lines)), most):
            lines = textwrap.wrap(words, width=width)
            if len(lines) <= number_of_lines:
                return lines
        return textwrap.wrap(words, width=most)

    def _letters_a_line(self) -> int:
        return min(32, int((self._stage.frame[0] - 1) / 0.34))

    def _font_size(self, look: Look) -> float:
        letters = len(look.words)
        base = 96 if look.kind == "formula" and letters < 30 else 96 if letters <= 14 else 64 if letters <= 28 else 54
        base = min(base, 60) if self._stage.crowded and look.kind == "text" else base
        return max(28, round(base * look.size))

    def _plain(self, look: Look) -> str:
        if look.paint is None:
            return self._paints.foreground
        return self._paints.visible_code(look.paint, look.name)

    def _stroke(self, look: Look) -> str:
        if look.outline is not None:
            return self._paints.visible_code(look.outline, "outline")
        return self._outline(look.paint)

    def _outline(self, paint: Paint | None) -> str:
        if paint is None or self._paints.hidden(paint):
            return self._paints.foreground
        return self._paints.code(paint)

    def _style(self, look: Look) -> str:
        usual = look.shape.fill if look.shape else 0.5
        fill = number(usual if look.fill is None else look.fill)
        if look.paint is None:
            return f"color={self._paints.foreground}, fill_opacity={fill}"
        stroke, colour = self._stroke(look), self._paints.code(look.paint)
        if stroke == colour:
            return f"color={colour}, fill_opacity={fill}"
        solid = "1" if look.fill is None else fill
        return f"color={stroke}, fill_color={colour}, fill_opacity={solid}"


def arrow(axis: str) -> str:
    """Write the direction of a row, of a column, or of whichever suits the frame."""
    if axis == "auto":
        return "RIGHT if config.frame_width >= config.frame_height else DOWN"
    return "RIGHT" if axis == "row" else "DOWN"
