from manim import *

POINT = 1.8
EPSILON = 0.7

CURVE, EPS_COLOUR, DELTA_COLOUR = BLUE, YELLOW, TEAL


def f(x):
    return x**2 / 2


class EpsilonDelta(Scene):
    def construct(self):
        self.limit = f(POINT)
        self.title = Tex(r"What does a limit mean?", font_size=48).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        self.arrange_frame()
        self.draw_curve()
        self.first_band()
        self.narrower()
        self.definition()

    def arrange_frame(self):
        """Choose the axes and the places of the numbers and of the definition."""
        W, H = config.frame_width, config.frame_height
        self.stacked = True
        if W > 1.2 * H:
            size, middle, self.panel_at = (6.6, 4.5), LEFT * 2.8 + DOWN * 0.8, RIGHT * 4 + DOWN * 0.7
        elif H > 1.2 * W:
            size, middle, self.panel_at = (6.4, 6), UP * 1.5, DOWN * 4.3
        else:
            size, middle, self.panel_at = (6, 3.1), UP * 0.3, DOWN * 2.75
            self.stacked = False
        self.axes = Axes(
            x_range=[0, 2.9],
            y_range=[0, 3.8],
            x_length=size[0],
            y_length=size[1],
            axis_config={"color": GREY_B, "include_ticks": False, "tip_width": 0.18, "tip_height": 0.18},
        ).move_to(middle)

    def delta(self, epsilon):
        """How far x may go from the point so that f(x) stays in the band; the curve bends, so one side decides."""
        return min(np.sqrt(2 * (self.limit + epsilon)) - POINT, POINT - np.sqrt(2 * (self.limit - epsilon)))

    def area(self, x0, x1, y0, y1, colour):
        corners = [self.axes.c2p(*c) for c in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
        return Polygon(*corners, color=colour, stroke_width=1.5).set_fill(colour, 0.25)

    def eps_band(self, epsilon):
        return self.area(0, 2.75, self.limit - epsilon, self.limit + epsilon, EPS_COLOUR)

    def delta_band(self, epsilon):
        d = self.delta(epsilon)
        return self.area(POINT - d, POINT + d, 0, 3.4, DELTA_COLOUR)

    def caught(self, epsilon):
        """The piece of the curve above the band around the point."""
        d = self.delta(epsilon)
        return self.axes.plot(f, x_range=[POINT - d, POINT + d, d / 10], color=WHITE, stroke_width=8)

    def draw_curve(self):
        curve = self.axes.plot(f, x_range=[0, 2.6], color=CURVE, stroke_width=5)
        name = MathTex("f(x)", font_size=40, color=CURVE).next_to(self.axes.c2p(2.6, f(2.6)), UR, buff=0.05)
        at = self.axes.c2p(POINT, self.limit)
        self.hole = Circle(0.09, color=WHITE, stroke_width=3).set_fill(BLACK, 1).move_to(at)
        lines = VGroup(
            DashedLine(self.axes.c2p(POINT, 0), at, color=GREY_A),
            DashedLine(self.axes.c2p(0, self.limit), at, color=GREY_A),
        )
        a = MathTex("a", font_size=42).next_to(self.axes.c2p(POINT, 0), DOWN, buff=0.15)
        limit = MathTex("L", font_size=42).next_to(self.axes.c2p(0, self.limit), LEFT, buff=0.15)
        self.play(Write(self.title), run_time=1.2)
        self.play(Create(self.axes), run_time=0.7)
        self.play(Create(curve), FadeIn(name), run_time=1)
        self.say("Near $a$ the values come near $L$. How near?")
        self.play(Create(lines), FadeIn(a, limit, self.hole), run_time=0.8)
        self.wait(0.4)

    def number(self, name, sign, value, colour):
        label = MathTex(name, sign, font_size=48, color=colour)
        return VGroup(
            label, DecimalNumber(value, 3, font_size=48, color=colour).next_to(label[1], RIGHT, buff=0.2)
        )

    def panel(self):
        self.values = VGroup(
            self.number(r"\varepsilon", "=", EPSILON, EPS_COLOUR),
            self.number(r"\delta", r"\approx", self.delta(EPSILON), DELTA_COLOUR),
        )
        self.rule = VGroup(
            MathTex(r"0 < |x - a| <", r"\delta", font_size=44),
            MathTex(r"\Rightarrow |f(x) - L| <", r"\varepsilon", font_size=44),
        )
        self.rule[0][1].set_color(DELTA_COLOUR)
        self.rule[1][1].set_color(EPS_COLOUR)
        if self.stacked:
            self.values.arrange(DOWN, buff=0.4, aligned_edge=LEFT)
            self.rule.arrange(DOWN, buff=0.4, aligned_edge=LEFT)
        else:
            self.values.arrange(RIGHT, buff=0.8, aligned_edge=DOWN)
            self.rule.arrange(RIGHT, buff=0.35)
        VGroup(self.values, self.rule).arrange(DOWN, buff=0.8 if self.stacked else 0.4).move_to(self.panel_at)

    def first_band(self):
        self.panel()
        self.say(r"Name any band of $\pm\varepsilon$ around $L$")
        self.bands = VGroup(self.eps_band(EPSILON), self.delta_band(EPSILON), self.caught(EPSILON))
        self.play(FadeIn(self.bands[0], self.values[0]), run_time=0.8)
        self.wait(0.4)
        self.say(r"There is a band $\pm\delta$ whose values stay inside")
        self.play(FadeIn(self.bands[1], self.values[1]), run_time=0.8)
        self.play(Create(self.bands[2]), run_time=0.7)
        self.add(self.bands, self.hole)
        self.wait(0.5)

    def narrower(self):
        self.say(r"However narrow $\varepsilon$ is, some $\delta$ will do")
        for epsilon in (EPSILON / 2, EPSILON / 5):
            target = VGroup(self.eps_band(epsilon), self.delta_band(epsilon), self.caught(epsilon))
            self.play(
                Transform(self.bands, target),
                ChangeDecimalToValue(self.values[0][1], epsilon),
                ChangeDecimalToValue(self.values[1][1], self.delta(epsilon)),
                run_time=1.6,
            )
            self.bring_to_front(self.hole)
            self.wait(0.5)

    def definition(self):
        self.say("What happens at $a$ itself does not matter")
        self.play(Indicate(self.hole, 1.8, WHITE), run_time=0.8)
        self.play(FadeIn(self.rule[0], shift=UP * 0.2), run_time=0.7)
        self.play(FadeIn(self.rule[1], shift=UP * 0.2), run_time=0.7)
        self.play(Create(SurroundingRectangle(self.rule, color=WHITE, buff=0.18)), run_time=0.6)
        self.wait(2)

    def say(self, text):
        """Change the line below the title."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), run_time=0.7)
        self.wait(0.4)
