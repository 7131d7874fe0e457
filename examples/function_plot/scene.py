from manim import *

FUNCTION = "sin"
X_MIN = -6.0
X_MAX = 6.0
COLOUR = "#58C4DD"


class FunctionPlot(Scene):
    def construct(self):
        wide = config.frame_width > config.frame_height
        tall = config.frame_width < config.frame_height
        functions = {
            "sin": (r"\sin x", np.sin),
            "cos": (r"\cos x", np.cos),
            "parabola": ("x^2", lambda x: x**2),
            "cubic": ("x^3 - 3x", lambda x: x**3 - 3 * x),
            "exponential": ("e^x", np.exp),
            "sinc": (r"\frac{\sin x}{x}", lambda x: np.sinc(x / PI)),
        }
        tex, f = functions[FUNCTION]
        a, b = sorted((X_MIN, X_MAX))
        b = max(b, a + 1)

        # Where the graph lies, and its key points
        xs = np.linspace(a, b, 2001)
        ys = f(xs)
        low, high = min(ys.min(), 0), max(ys.max(), 0)
        pad = 0.08 * (high - low)
        low, high = low - pad, high + pad
        step = xs[1] - xs[0]
        turns, zeros = [], []
        for i in range(1, 2000):
            y0, y1, y2 = ys[i - 1 : i + 2]
            if (y1 > y0 and y1 >= y2) or (y1 < y0 and y1 <= y2):
                x = xs[i] + step / 2 * (y0 - y2) / (y0 - 2 * y1 + y2)
                turns.append((x, f(x)))
                if abs(f(x)) < 1e-6:
                    zeros.append(x)
            if y0 * y1 < 0 or (y1 == 0 and y0 * y2 < 0):
                zeros.append(xs[i] - y1 * step / (y1 - y0))

        # Title, axes in the form of a frame, and two lines for what is found
        title = VGroup(Text("The graph of", font_size=44), MathTex(f"y = {tex}", font_size=56, color=COLOUR))
        title.arrange(RIGHT, buff=0.35).to_edge(UP, buff=1.2 if tall else 0.45)
        axes = Axes(
            x_range=[a, b, b - a],
            y_range=[low, high, high - low],
            x_length=11 if wide else 5.3,
            y_length=3.6 if wide else 7.4 if tall else 3.5,
            tips=False,
        )
        frame = VGroup()
        for x in self.ticks(a, b, 8 if wide else 5):
            tick = Line(axes.c2p(x, low), axes.c2p(x, low) + 0.12 * DOWN, color=GREY_B)
            frame.add(tick, self.number(x).next_to(tick, DOWN, buff=0.15))
        for y in self.ticks(low, high, 5 if tall else 3):
            tick = Line(axes.c2p(a, y), axes.c2p(a, y) + 0.12 * LEFT, color=GREY_B)
            frame.add(tick, self.number(y).next_to(tick, LEFT, buff=0.15))
        bottom = Line(axes.c2p(a, low), axes.c2p(b, low), color=GREY_B)
        left = Line(axes.c2p(a, low), axes.c2p(a, high), color=GREY_B)
        names = MathTex("x", "y", font_size=44)
        names[0].next_to(bottom, RIGHT, buff=0.25)
        names[1].next_to(left, UP, buff=0.2)
        frame.add(bottom, left, names)
        if a < 0 < b:
            frame.add(DashedLine(axes.c2p(0, low), axes.c2p(0, high), color=GREY))
        frame.add(DashedLine(axes.c2p(a, 0), axes.c2p(b, 0), color=GREY))
        limit = 5 if wide else 3
        found = VGroup(
            self.row("zeros", [f"{self.text(x)}" for x in zeros], limit + 1, YELLOW),
            self.row("turns", [f"({self.text(x)},\\, {self.text(y)})" for x, y in turns], limit - 1, PINK),
        )
        found.arrange(DOWN, buff=0.3, aligned_edge=LEFT)
        VGroup(VGroup(axes, frame), found).arrange(DOWN, buff=0.6 if tall else 0.4).next_to(
            title, DOWN, buff=0.6 if tall else 0.2
        )

        # The curve is drawn from left to right, then the key points light up
        x = ValueTracker(a)
        path = VMobject().set_points_as_corners([axes.c2p(p, f(p)) for p in np.linspace(a, b, 301)])
        curve = VMobject(color=COLOUR, stroke_width=5)
        curve.add_updater(lambda m: m.pointwise_become_partial(path, 0, (x.get_value() - a) / (b - a)))
        pen = Dot(color=COLOUR)
        pen.add_updater(lambda m: m.move_to(axes.c2p(x.get_value(), f(x.get_value()))))
        zero_dots = VGroup(*[Dot(axes.c2p(p, 0), radius=0.11, color=YELLOW) for p in zeros])
        turn_dots = VGroup(*[Dot(axes.c2p(*p), radius=0.11, color=PINK) for p in turns])
        self.play(Write(title), run_time=1.5)
        self.play(FadeIn(frame), run_time=1)
        self.add(curve, pen)
        self.play(x.animate.set_value(b), run_time=4, rate_func=linear)
        curve.clear_updaters()
        self.play(FadeOut(pen.clear_updaters()), run_time=0.5)
        for dots, row in ((zero_dots, found[0]), (turn_dots, found[1])):
            pops = [GrowFromCenter(dot) for dot in dots]
            self.play(LaggedStart(*pops, FadeIn(row), lag_ratio=0.3), run_time=1.5)
            self.wait(1)
        self.wait(2)

    def ticks(self, low, high, count):
        steps = [m * 10.0**k for k in range(-3, 6) for m in (1, 2, 5)]
        step = next(s for s in steps if (high - low) / s <= count)
        return step * np.arange(np.ceil(low / step), np.floor(high / step) + 1)

    def number(self, value):
        return MathTex(self.text(value, False), font_size=34)

    def text(self, value, with_pi=True):
        halves = round(value / (PI / 2))
        if with_pi and halves and abs(value - halves * PI / 2) < 1e-4:
            count = abs(halves) // 2 if halves % 2 == 0 else abs(halves)
            sign = "-" if halves < 0 else ""
            return sign + ("" if count == 1 else str(count)) + r"\pi" + ("/2" if halves % 2 else "")
        return f"{round(value, 2) + 0:.5g}"

    def row(self, name, values, limit, color):
        shown = values[:limit] + ([r"\dots"] if len(values) > limit else [])
        label = Text(f"{name}:", font_size=32, color=color)
        math = MathTex(r",\;\, ".join(shown), font_size=38) if shown else Text("none", font_size=32)
        row = VGroup(label, math).arrange(RIGHT, buff=0.3)
        return row.scale_to_fit_width(min(row.width, config.frame_width - 1))
