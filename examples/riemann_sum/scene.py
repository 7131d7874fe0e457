from manim import *

START = 0.0
END = 2.0


class RiemannSum(Scene):
    def construct(self):
        W, H = config.frame_width, config.frame_height
        CURVE, AREA = BLUE, GREEN
        a, b = START, max(END, START + 0.5)

        def f(x):
            return x**2

        # where things go
        wide, tall = W > 1.2 * H, H > 1.2 * W
        if wide:
            size, graph_at, panel_at = (7.2, 4.6), LEFT * 2.9 + DOWN * 0.7, RIGHT * 4 + DOWN * 0.5
        elif tall:
            size, graph_at, panel_at = (6.8, 6), UP * 1.9, DOWN * 4.1
        else:
            size, graph_at, panel_at = (6.6, 3.2), UP * 0.6, DOWN * 2.65

        self.title = Tex("What is the area under a curve?", font_size=48).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        axes = Axes(
            x_range=[0, 1.12 * b, b],
            y_range=[0, 1.12 * f(b), f(b)],
            x_length=size[0],
            y_length=size[1],
            axis_config={"color": GREY_B, "include_ticks": False, "tip_width": 0.18, "tip_height": 0.18},
        ).move_to(graph_at)
        curve = axes.plot(f, x_range=[0, 1.04 * b], color=CURVE, stroke_width=5)
        limits = VGroup(
            *[MathTex(f"{x:g}", font_size=40).next_to(axes.c2p(x, 0), DOWN, buff=0.2) for x in (a, b)]
        )

        def rectangles(count, parents=1):
            """As many rectangles, each as high as the curve at its (or its parent's) left end."""
            w = (b - a) / count
            line = min(2, 40 * w / b)
            bars = VGroup()
            for i in range(count):
                x, y = a + i * w, f(a + (i // parents) * parents * w)
                corners = [axes.c2p(*c) for c in ((x, 0), (x + w, 0), (x + w, y), (x, y))]
                bars.add(Polygon(*corners, color=WHITE, stroke_width=line).set_fill(AREA, 0.55))
            return bars

        def total(count):
            w = (b - a) / count
            return sum(f(a + i * w) * w for i in range(count))

        # the panel
        curve_name = MathTex("f(x) = x^2", font_size=48, color=CURVE)
        count_name, count_value = MathTex("n =", font_size=48), Integer(4, font_size=48)
        sum_name = MathTex(r"\text{sum} =", font_size=48, color=AREA)
        sum_value = DecimalNumber(total(4), num_decimal_places=3, font_size=48, color=AREA)
        numbers = VGroup(
            VGroup(count_name, count_value).arrange(RIGHT, buff=0.2, aligned_edge=DOWN),
            VGroup(sum_name, sum_value).arrange(RIGHT, buff=0.2, aligned_edge=DOWN),
        )
        if wide or tall:
            numbers.arrange(DOWN, buff=0.45, aligned_edge=LEFT)
        else:
            numbers.arrange(RIGHT, buff=0.8, aligned_edge=DOWN)
        exact = (b**3 - a**3) / 3
        value = round(exact, 3)
        sign = "=" if abs(value - exact) < 1e-9 else r"\approx"
        result = MathTex(rf"\int_{{{a:g}}}^{{{b:g}}} x^2 \, dx {sign}", f"{value:g}", font_size=52)
        result[1].set_color(AREA)
        if wide or tall:
            VGroup(curve_name, numbers, result).arrange(DOWN, buff=0.6).move_to(panel_at)
        else:
            curve_name.move_to(axes.c2p(0.38 * b, 0.8 * f(b)))
            numbers.move_to(panel_at)
            result.move_to(panel_at)

        # the curve
        self.play(Write(self.title), run_time=1.4)
        self.play(Create(axes), run_time=0.8)
        self.play(Create(curve), FadeIn(curve_name), run_time=1.2)
        self.play(FadeIn(limits), run_time=0.5)
        self.wait(0.4)

        # four rectangles
        bars = rectangles(4)
        self.say("Fill it with rectangles: too little")
        self.play(LaggedStart(*[GrowFromEdge(bar, DOWN) for bar in bars], lag_ratio=0.3), run_time=1.6)
        self.bring_to_front(curve)
        self.play(FadeIn(numbers), run_time=0.6)
        self.wait(1)

        # finer and finer
        self.say("Twice as many, half as wide: the gaps shrink")
        for count in (8, 16, 32, 64):
            self.remove(*bars, bars)
            bars = rectangles(count, parents=2)
            self.add(bars)
            self.bring_to_front(curve)
            count_value.set_value(count)
            self.play(
                Transform(bars, rectangles(count)),
                ChangeDecimalToValue(sum_value, total(count)),
                run_time=1,
            )
            self.wait(0.5)

        # the limit
        area = axes.get_area(curve, x_range=[a, b], color=AREA, opacity=0.6)
        self.say("In the limit: the integral", FadeIn(area))
        self.bring_to_front(curve)
        self.play(FadeOut(bars, *[] if wide or tall else [numbers]), run_time=0.4)
        self.play(FadeIn(result, shift=UP * 0.2), run_time=1)
        self.play(Create(SurroundingRectangle(result, color=AREA, buff=0.2)), run_time=0.6)
        self.wait(2)

    def say(self, text, *animations):
        """Change the line below the title while something else happens."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), *animations, run_time=0.8)
        self.wait(0.3)
