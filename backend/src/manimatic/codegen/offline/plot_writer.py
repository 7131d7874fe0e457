"""Writes the source of a scene that plots functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from manimatic.codegen.offline import curve as curves
from manimatic.codegen.offline.curve import Interval
from manimatic.codegen.offline.evaluation import latex, numpy_source, value
from manimatic.codegen.offline.expression import Node
from manimatic.codegen.offline.lexicon import Lexicon
from manimatic.codegen.offline.paints import Paints
from manimatic.codegen.offline.plot_request import PlotRequest
from manimatic.codegen.offline.ticks import Axis, axis, multiples_of_pi

_NAMES = "fghpq"
_HEAD = "from manim import *\nimport numpy as np\n\n\nclass FunctionPlot(Scene):\n    def construct(self):\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plotted:
    """One function, ready to be drawn."""

    node: Node
    name: str
    colour: str
    pieces: tuple[Interval, ...]


def write_plot(
    request: PlotRequest, frame: tuple[float, float], background: str, hint_s: float | None, lexicon: Lexicon
) -> str:
    """Return the source of the scene.

    Raises:
        Unsuitable: A function has no values in the range, or too many pieces.
    """
    if request.background is not None:
        background = Paints("#000000", lexicon).value(request.background)
    return _PlotWriter(request, frame, Paints(background, lexicon), hint_s).source()


def _function(node: Node) -> Callable[[float], float]:
    return lambda x: value(node, x)


class _PlotWriter:
    def __init__(self, request: PlotRequest, frame: tuple[float, float], paints: Paints, hint_s: float | None) -> None:
        self._request, self._frame, self._paints = request, frame, paints
        self._hint_s = hint_s
        self._up = axis(*self._heights(), 6)
        self._plotted = tuple(self._plotted_one(n, node) for n, node in enumerate(request.functions))

    def _heights(self) -> tuple[float, float]:
        start, end = self._request.start, self._request.end
        ranges = [curves.heights(curves.sample(_function(f), start, end)) for f in self._request.functions]
        low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
        if high - low < 1e-9 * max(1.0, abs(high)):
            low, high = min(low - 1, 0.0), max(high + 1, 0.0)
        if 0 < low < 0.5 * (high - low):
            low = 0.0
        if 0 < -high < 0.5 * (high - low):
            high = 0.0
        return low, high

    def _plotted_one(self, n: int, node: Node) -> Plotted:
        margin = 1e-6 * (self._up.high - self._up.low)
        start, end = self._request.start, self._request.end
        found = curves.pieces(_function(node), start, end, self._up.low - margin, self._up.high + margin)
        return Plotted(node=node, name=_NAMES[n], colour=self._colour(n), pieces=tuple(found))

    def _colour(self, n: int) -> str:
        if self._request.paint is not None:
            return self._paints.visible_code(self._request.paint, "curve")
        used: list[str] = []
        for _ in range(n):
            used.append(self._paints.free(used).name)
        return self._paints.code(self._paints.free(used))

    # ------------------------------------------------ source

    def source(self) -> str:
        lines = [*self._ground(), *self._functions(), "", *self._axes(), "", *self._curves(), "", *self._shown()]
        body = "\n".join("        " + line if line else "" for line in lines)
        return f"{_HEAD}{body}\n"

    def _ground(self) -> list[str]:
        if self._paints.background == "#000000":
            return []
        return [f'self.camera.background_color = "{self._paints.background}"', ""]

    def _functions(self) -> list[str]:
        lines: list[str] = []
        for plotted in self._plotted:
            source = numpy_source(plotted.node)
            constant = "x" not in source.replace("np.exp", "").replace("np.maximum", "")
            lines += [f"def {plotted.name}(x):", f"    return {source}" + (" + 0 * x" if constant else ""), ""]
        return lines[:-1]

    def _axes(self) -> list[str]:
        grey = "GRAY_D" if self._paints.light else "GRAY_B"
        across, up = self._across(), self._up
        lines = [
            "axes = Axes(",
            f"    x_range=[{across}],",
            f"    y_range=[{_n(up.low)}, {_n(up.high)}, {_n(up.step)}],",
            "    x_length=config.frame_width - 1.8,",
            "    y_length=min(config.frame_height - 2.8, 1.2 * config.frame_width),",
            "    tips=False,",
            f'    axis_config={{"color": {grey}, "font_size": 30}},',
            *([] if self._request.in_pi else [f"    x_axis_config={self._numbers(self._x_axis())},"]),
            f"    y_axis_config={self._numbers(up)},",
            ")",
        ]
        return [*lines, *self._pi_labels(), *self._number_colour()]

    def _x_axis(self) -> Axis:
        return axis(self._request.start, self._request.end, max(4, round(self._frame[0] / 1.5)))

    def _across(self) -> str:
        if self._request.in_pi:
            step, _ = self._pi_ticks()
            return f"{self._x(self._request.start)}, {self._x(self._request.end)}, {_n(step)} * PI"
        x = self._x_axis()
        return f"{_n(x.low)}, {_n(x.high)}, {_n(x.step)}"

    def _pi_ticks(self) -> tuple[float, dict[float, str]]:
        return multiples_of_pi(self._request.start, self._request.end, max(4, round(self._frame[0] / 1.4)))

    @staticmethod
    def _numbers(a: Axis) -> str:
        numbers = ", ".join(_n(number) for number in a.numbers)
        return f'{{"numbers_to_include": [{numbers}], "decimal_number_config": {{"num_decimal_places": {a.places}}}}}'

    def _pi_labels(self) -> list[str]:
        if not self._request.in_pi:
            return []
        colour = f", color={self._paints.foreground}" if self._paints.light else ""
        pairs = ", ".join(f'{_n(k)}: r"{tex}"' for k, tex in self._pi_ticks()[1].items())
        return [
            f"labels = {{{pairs}}}",
            f"axes.x_axis.add_labels({{k * PI: MathTex(tex, font_size=30{colour}) for k, tex in labels.items()}})",
        ]

    def _number_colour(self) -> list[str]:
        if not self._paints.light:
            return []
        which = ["y"] if self._request.in_pi else ["x", "y"]
        return [f"axes.{letter}_axis.numbers.set_color({self._paints.foreground})" for letter in which]

    def _curves(self) -> list[str]:
        lines: list[str] = []
        for plotted in self._plotted:
            lines += self._curve(plotted)
        legend = ", ".join(f"{p.name}_label" for p in self._plotted)
        stacked = len(self._plotted) > 2 and self._frame[0] <= self._frame[1]
        arranged = "arrange_in_grid(cols=2, buff=(0.8, 0.3))" if stacked else "arrange(RIGHT, buff=0.8)"
        lines += [
            f"legend = VGroup({legend}).{arranged}",
            "legend.scale_to_fit_width(min(legend.width, config.frame_width - 1))",
            "legend.next_to(axes, UP, buff=0.35)",
            f"picture = VGroup(axes, legend, {self._graph_names()})",
            "picture.scale_to_fit_width(min(picture.width, config.frame_width - 0.8)).move_to(ORIGIN)",
        ]
        return lines

    def _graph_names(self) -> str:
        return ", ".join(f"{p.name}_graph" for p in self._plotted)

    def _curve(self, plotted: Plotted) -> list[str]:
        ranges = [self._rounded(piece) for piece in plotted.pieces]
        step = _n(self._step(plotted, ranges))
        options = f"use_smoothing=False, color={plotted.colour}, stroke_width=5"
        name = plotted.name
        if len(ranges) == 1:
            a, b = ranges[0]
            lines = [f"{name}_graph = axes.plot({name}, x_range=[{self._x(a)}, {self._x(b)}, {step}], {options})"]
        else:
            listed = ", ".join(f"({self._x(a)}, {self._x(b)})" for a, b in ranges)
            plots = f"axes.plot({name}, x_range=[a, b, {step}], {options})"
            lines = [f"{name}_pieces = [{listed}]", f"{name}_graph = VGroup(*[{plots} for a, b in {name}_pieces])"]
        label = f'MathTex(r"y = {latex(plotted.node)}", color={plotted.colour}, font_size=44)'
        return [*lines, f"{name}_label = {label}"]

    def _x(self, x: float) -> str:
        """Write an end of a range, as a multiple of π where it is one."""
        turns = 4 * x / math.pi
        if self._request.in_pi and x and abs(turns - round(turns)) < 1e-9:
            return f"{_n(turns / 4)} * PI"
        return _n(x)

    def _rounded(self, piece: Interval) -> tuple[float, float]:
        """Round inwards, so that both ends are still where the function is defined."""
        digits = 6 - math.floor(math.log10(self._request.end - self._request.start))
        unit = 10.0**-digits
        start, end = self._request.start, self._request.end
        a = piece.start if piece.start == start else math.ceil(piece.start / unit) * unit
        b = piece.end if piece.end == end else math.floor(piece.end / unit) * unit
        return a, b

    def _step(self, plotted: Plotted, ranges: Sequence[tuple[float, float]]) -> float:
        """Choose a step that lands on no hole in the function."""
        spread = self._request.end - self._request.start
        for parts in (400, 397, 389, 383):
            step = float(f"{spread / parts:.4g}")
            points = [a + k * step for a, b in ranges for k in range(int((b - a) / step) + 1)]
            if not any(math.isnan(value(plotted.node, x)) for x in points):
                return step
        return float(f"{spread / 379.31:.7g}")

    # ------------------------------------------------ what is played

    def _shown(self) -> list[str]:
        number = len(self._plotted)
        trace = 3.0 if number == 1 else 2.0
        spare = (self._hint_s or 0.0) - (1.5 + number * (trace + 0.5) + 2.0)
        if self._hint_s is not None and spare < 0:
            trace, spare = max(0.8, trace + spare / number), 0.0
        lines = ["self.play(Create(axes), run_time=1.5)"]
        for plotted in self._plotted:
            name = plotted.name
            lines.append(
                f"self.play(Create({name}_graph, rate_func=linear), Write({name}_label), run_time={_n(trace)})"
            )
            lines.append(f"self.wait({_n(0.5 + max(0.0, spare) * 0.5 / number)})")
        lines[-1] = f"self.wait({_n(2.5 + max(0.0, spare) * (0.5 + 0.5 / number))})"
        return lines


def _n(number: float) -> str:
    rounded = round(number, 10)
    return str(int(rounded)) if rounded == int(rounded) else f"{rounded:.10g}"
