from manim import *

FUNCTION = "wave"
X = 3.0

END = 6.0
CURVE, AREA, STRIP = BLUE, GREEN, YELLOW
FUNCTIONS = {  # a function and its area from 0 to x
    "wave": (lambda t: 1.2 + 0.8 * np.sin(t), lambda x: 1.2 * x + 0.8 * (1 - np.cos(x))),
    "line": (lambda t: 0.3 + 0.3 * t, lambda x: 0.3 * x + 0.15 * x**2),
    "parabola": (lambda t: 0.3 + 0.2 * t * (END - t), lambda x: 0.3 * x + 0.1 * END * x**2 - 0.2 * x**3 / 3),
}


class AreaFunction(Scene):
    def construct(self):
        self.f, self.F = FUNCTIONS[FUNCTION]
        self.title = Tex("How fast does an area grow?", font_size=48).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        self.arrange_frame()
        self.draw_function()
        self.collect()
        self.one_strip()
        self.slope()

    def arrange_frame(self):
        """Two graphs: side by side, or one below the other in portrait."""
        W, H = config.frame_width, config.frame_height
        if W > 1.2 * H:
            size, places, self.result_at = (
                (5.4, 3.3),
                (LEFT * 3.5 + DOWN * 0.35, RIGHT * 3.5 + DOWN * 0.35),
                DOWN * 3.1,
            )
        elif H > 1.2 * W:
            size, places, self.result_at = (6.4, 3.6), (UP * 2.7, DOWN * 2.1), DOWN * 5.6
        else:
            size, places, self.result_at = (3.2, 2.9), (LEFT * 2 + UP * 0.1, RIGHT * 2 + UP * 0.1), DOWN * 2.6
        tops = 2.5, self.F(END) * 1.08
        self.left, self.right = [
            Axes(
                x_range=[0, END * 1.08],
                y_range=[0, top],
                x_length=size[0],
                y_length=size[1],
                axis_config={"color": GREY_B, "include_ticks": False, "tip_width": 0.16, "tip_height": 0.16},
            ).move_to(place)
            for top, place in zip(tops, places, strict=True)
        ]

    def under(self, start, end, colour):
        """The area under f, as a polygon."""
        curve = [self.left.c2p(t, self.f(t)) for t in np.linspace(start, end, 60)]
        area = Polygon(self.left.c2p(start, 0), *curve, self.left.c2p(end, 0), color=colour, stroke_width=1)
        return area.set_fill(colour, 0.55)

    def grown(self, end):
        """The graph of the area function up to here."""
        return self.right.plot(self.F, x_range=[0, end, max(end, 0.01) / 40], color=AREA, stroke_width=5)

    def draw_function(self):
        self.curve = self.left.plot(self.f, x_range=[0, END], color=CURVE, stroke_width=5)
        f_name = MathTex("f(t)", font_size=40, color=CURVE).next_to(
            self.left.y_axis.get_end(), RIGHT, buff=0.2
        )
        self.F_name = MathTex("A(x)", font_size=40, color=AREA).next_to(
            self.right.y_axis.get_end(), RIGHT, buff=0.2
        )
        self.play(Write(self.title), run_time=1.4)
        self.play(Create(self.left), Create(self.right), run_time=0.8)
        self.play(Create(self.curve), FadeIn(f_name), run_time=1)

    def collect(self):
        self.say("$A(x)$ is the area under $f$ from 0 to $x$")
        x = ValueTracker(0.01)
        self.area, self.graph = self.under(0, 0.01, AREA), self.grown(0.01)
        self.x_name = MathTex("x", font_size=38).next_to(self.left.c2p(0.01, 0), DOWN, buff=0.12)

        def follow(_):
            now = x.get_value()
            self.area.become(self.under(0, now, AREA))
            self.graph.become(self.grown(now))
            self.x_name.next_to(self.left.c2p(now, 0), DOWN, buff=0.12)

        self.play(FadeIn(self.F_name, self.x_name), run_time=0.4)
        moving = VGroup(self.area, self.graph, self.x_name)
        self.play(x.animate.set_value(END), UpdateFromFunc(moving, follow), run_time=4, rate_func=linear)
        self.wait(0.4)
        self.say("Stop at one place and go on by a little $h$")
        whole = self.grown(END)
        self.add(whole)
        self.play(x.animate.set_value(X), UpdateFromFunc(moving, follow), run_time=1.2)
        self.remove(self.graph)

    def one_strip(self):
        h = 0.6
        strip = self.under(X, X + h, STRIP)
        corner = self.right.c2p(X + h, self.F(X))
        step = VGroup(
            Line(self.right.c2p(X, self.F(X)), corner, color=WHITE),
            Line(corner, self.right.c2p(X + h, self.F(X + h)), color=STRIP, stroke_width=7),
        )
        self.dot = Dot(self.right.c2p(X, self.F(X)), color=WHITE)
        self.play(FadeIn(strip, self.dot), run_time=0.8)
        self.say("The strip is about $f(x)$ high and $h$ wide")
        self.play(TransformFromCopy(strip, step[1]), Create(step[0]), run_time=1.2)
        growth = MathTex(r"A(x + h) - A(x) \approx f(x) \cdot h", font_size=46)
        growth.scale_to_fit_width(min(growth.width, 6.4)).move_to(self.result_at)
        self.play(FadeIn(growth), run_time=0.7)
        self.wait(0.8)
        self.play(FadeOut(growth, strip, step), run_time=0.5)

    def slope(self):
        self.say("So the slope of $A$ is the height of $f$")
        slope = self.f(X)
        reach = 1.1
        ends = [self.right.c2p(X + d, self.F(X) + slope * d) for d in (-reach, reach)]
        tangent = Line(*ends, color=STRIP, stroke_width=5)
        height = Line(self.left.c2p(X, 0), self.left.c2p(X, slope), color=STRIP, stroke_width=6)
        self.play(Create(height), run_time=0.7)
        self.play(Create(tangent), run_time=0.8)
        self.bring_to_front(self.dot)
        result = MathTex("A'(x) = f(x)", rf"\qquad A'({X:g}) = f({X:g}) \approx {slope:.2f}", font_size=46)
        result[0].set_color(STRIP)
        if config.frame_width < 10:
            result[1].next_to(result[0], DOWN, buff=0.25)
        result.move_to(self.result_at)
        self.play(FadeIn(result[0], shift=UP * 0.2), run_time=0.8)
        self.play(FadeIn(result[1]), run_time=0.7)
        self.wait(2)

    def say(self, text):
        """Change the line below the title."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), run_time=0.7)
        self.wait(0.3)
