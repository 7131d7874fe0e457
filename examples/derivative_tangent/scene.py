from manim import *

FUNCTION = "square"
X = 1.0


class DerivativeTangent(Scene):
    def construct(self):
        W, H = config.frame_width, config.frame_height
        CURVE, LINE, RISE, RUN = BLUE, YELLOW, GREEN, ORANGE

        # name: (f, derivative, formula, curve from, to, y from, to)
        functions = {
            "square": (lambda x: x**2, lambda x: 2 * x, "x^2", -2.6, 2.6, -1.5, 7),
            "cube": (lambda x: x**3, lambda x: 3 * x**2, "x^3", -2.04, 2.04, -8.5, 8.5),
            "sine": (np.sin, np.cos, r"\sin x", -3.8, 3.8, -2, 2),
            "exponential": (np.exp, np.exp, "e^x", -3.2, 2.07, -1.5, 8),
        }
        f, slope_at, tex, left, right, low, high = functions[FUNCTION]

        # where things go
        wide, tall = W > 1.2 * H, H > 1.2 * W
        space = 0.7 if wide or tall else 0.3
        if wide:
            size, graph_at, panel_at = (7.2, 5.1), LEFT * 3.05 + DOWN * 0.9, RIGHT * 3.95 + DOWN * 0.7
        elif tall:
            size, graph_at, panel_at = (7, 6.4), UP * 1.7, DOWN * 4.3
        else:
            size, graph_at, panel_at = (6.8, 2.8), UP * 0.87, DOWN * 2.02

        self.title = Tex("What is the slope of a curve?", font_size=52).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        x_end = max(-left, right) + 0.2
        axes = Axes(
            x_range=[-x_end, x_end, 1],
            y_range=[low, high, 1],
            x_length=size[0],
            y_length=size[1],
            axis_config={"color": GREY_B, "include_ticks": False, "tip_width": 0.18, "tip_height": 0.18},
        ).move_to(graph_at)
        curve = axes.plot(f, x_range=[left, right], color=CURVE, stroke_width=5)

        # the second point lies at x + h, on the side where it is seen
        start = 1.5 if low < f(X + 1.5) < high and X + 1.5 < right else -1.5
        h = ValueTracker(start)

        def slope():
            step = h.get_value()
            return (f(X + step) - f(X)) / step if abs(step) > 2e-3 else slope_at(X)

        def line():
            """The line through the point, as far as the graph reaches."""
            m = slope()
            ends = []
            for side in (-1, 1):
                reach = x_end - side * X
                if abs(m) > 1e-9:
                    reach = min(reach, ((high if side * m > 0 else low) - f(X)) / (side * m))
                ends.append(axes.c2p(X + side * reach, f(X) + side * reach * m))
            return Line(*ends, color=LINE, stroke_width=4)

        P = axes.c2p(X, f(X))
        secant = always_redraw(line)
        run = always_redraw(lambda: Line(P, axes.c2p(X + h.get_value(), f(X)), color=RUN, stroke_width=5))
        rise = always_redraw(
            lambda: Line(
                axes.c2p(X + h.get_value(), f(X)),
                axes.c2p(X + h.get_value(), f(X + h.get_value())),
                color=RISE,
                stroke_width=5,
            )
        )
        dot = Dot(P, radius=0.1, color=WHITE)
        other = always_redraw(
            lambda: Dot(axes.c2p(X + h.get_value(), f(X + h.get_value())), radius=0.1, color=WHITE)
        )

        # the panel of formulas and numbers
        def number(value, colour):
            return DecimalNumber(value(), num_decimal_places=2, font_size=44, color=colour)

        curve_name = MathTex("f(x) =", tex, font_size=44, color=CURVE)
        x_name = MathTex(f"x = {X:g}", font_size=44)
        quotient = MathTex(r"\text{slope} =", r"{f(x+h) - f(x)", r"\over", "h}", font_size=44)
        quotient[1].set_color(RISE)
        quotient[3].set_color(RUN)
        h_name = MathTex("h =", font_size=44, color=RUN)
        h_value = number(h.get_value, RUN)
        slope_name = MathTex(r"\text{slope} =", font_size=44)
        slope_value = number(slope, LINE)
        names = VGroup(curve_name, x_name).arrange(RIGHT, buff=0.8)
        numbers = VGroup(
            VGroup(h_name, h_value).arrange(RIGHT, buff=0.2),
            VGroup(slope_name, slope_value).arrange(RIGHT, buff=0.2),
        ).arrange(RIGHT, buff=0.6)
        VGroup(names, quotient, numbers).arrange(DOWN, buff=space).move_to(panel_at)
        h_value.align_to(h_name, DOWN)
        slope_value.align_to(slope_name[0][0], DOWN)
        h_left, slope_left = h_value.get_corner(DL), slope_value.get_corner(DL)
        h_value.add_updater(lambda m: m.set_value(h.get_value()).move_to(h_left, DL))
        slope_value.add_updater(lambda m: m.set_value(slope()).move_to(slope_left, DL))

        # the curve and the point
        self.play(Write(self.title), run_time=1.2)
        self.play(Create(axes), run_time=0.8)
        self.play(Create(curve), FadeIn(curve_name), run_time=1.2)
        self.play(FadeIn(dot, scale=2), FadeIn(x_name), run_time=0.6)
        self.wait(0.4)

        # the secant
        self.say("Two points have a line through them", FadeIn(other, secant))
        self.bring_to_front(dot)
        self.play(FadeIn(run, rise), FadeIn(quotient), run_time=0.8)
        self.play(FadeIn(numbers), run_time=0.6)
        self.wait(1)

        # the limit
        self.say("Bring the second point closer and closer")
        self.play(h.animate.set_value(start / 3), run_time=2.2)
        self.wait(0.4)
        self.play(h.animate.set_value(0.001), run_time=2.5)
        for part in (secant, run, rise, other, h_value, slope_value):
            part.clear_updaters()
        self.play(FadeOut(run, rise, other), run_time=0.3)

        # the result
        limit = MathTex(r"f'(x) =", r"\lim_{h \to 0}", r"{f(x+h) - f(x)", r"\over", "h}", font_size=40)
        limit[2].set_color(RISE)
        limit[4].set_color(RUN)
        limit.move_to(quotient)
        value = f"{round(slope_at(X), 2) + 0.0:g}"
        sign = "=" if abs(float(value) - slope_at(X)) < 1e-9 else r"\approx"
        result = MathTex(rf"f'({X:g}) {sign}", value, font_size=52)
        result[1].set_color(LINE)
        result.next_to(limit, DOWN, buff=space + 0.1)
        self.say("The secant has become the tangent", FadeOut(numbers, quotient[0]))
        self.play(FadeIn(limit[:2]), ReplacementTransform(quotient[1:], limit[2:]), run_time=0.8)
        self.wait(0.5)
        self.play(FadeIn(result, shift=UP * 0.2), run_time=0.8)
        self.play(Create(SurroundingRectangle(result, color=LINE, buff=0.17)), run_time=0.6)
        self.wait(2)

    def say(self, text, *animations):
        """Change the line below the title while something else happens."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), *animations, run_time=1)
        self.wait(0.3)
