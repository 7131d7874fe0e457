from manim import *

NUMBER = 5.0
START = 5.0

CURVE, TANGENT, GOOD = BLUE, ORANGE, YELLOW
STEPS = 5


def f(x):
    return x**2 - NUMBER


class NewtonMethod(Scene):
    def construct(self):
        self.guesses = [START]
        for _ in range(STEPS):
            x = self.guesses[-1]
            self.guesses.append(x - f(x) / (2 * x))
        self.title = Tex(rf"How do we compute $\sqrt{{{NUMBER:g}}}$?", font_size=48).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        self.arrange_frame()
        self.draw_parabola()
        self.first_steps()
        self.digits()

    def arrange_frame(self):
        """Choose the axes and the place of the list: beside them, or below in portrait."""
        W, H = config.frame_width, config.frame_height
        if W > 1.2 * H:
            size, middle, self.panel_at = (6.6, 4.6), LEFT * 3 + DOWN * 0.8, RIGHT * 3.9 + DOWN * 0.7
            self.panel_width = 4
        elif H > 1.2 * W:
            size, middle, self.panel_at = (6.8, 5.6), UP * 1.6, DOWN * 4
            self.panel_width = 3.9
        else:
            size, middle, self.panel_at = (3.9, 4.4), LEFT * 1.7 + DOWN * 0.8, RIGHT * 2.15 + DOWN * 0.7
            self.panel_width = 3
        top = f(START)
        self.low = min(NUMBER, 0.25 * top)  # how far below the axis the picture goes
        self.axes = Axes(
            x_range=[0, 1.12 * START],
            y_range=[-self.low, 1.1 * top],
            x_length=size[0],
            y_length=size[1],
            axis_config={"color": GREY_B, "include_ticks": False, "tip_width": 0.16, "tip_height": 0.16},
        ).move_to(middle)

    def draw_parabola(self):
        first = np.sqrt(NUMBER - self.low)  # where the parabola enters the picture
        curve = self.axes.plot(f, x_range=[first, 1.04 * START], color=CURVE, stroke_width=5)
        name = MathTex(rf"y = x^2 - {NUMBER:g}", font_size=40, color=CURVE)
        name.next_to(self.axes.c2p(0.92 * START, f(0.92 * START)), LEFT, buff=0.3)
        name.shift(RIGHT * max(0, self.axes.c2p(0, 0)[0] + 0.15 - name.get_left()[0]))
        self.root = Dot(self.axes.c2p(np.sqrt(NUMBER), 0), color=GOOD)
        self.play(Write(self.title), run_time=1.2)
        self.play(Create(self.axes), run_time=0.7)
        self.play(Create(curve), FadeIn(name), run_time=1)
        self.say("We look for the place where the curve is zero")
        self.play(FadeIn(self.root), Flash(self.root, color=GOOD), run_time=0.8)

    def entry(self, n):
        """A line of the list; the digits that are right already are coloured."""
        digits, right = f"{self.guesses[n]:.10f}", f"{np.sqrt(NUMBER):.10f}"
        same = next((k for k, (a, b) in enumerate(zip(digits, right)) if a != b), len(right))
        same = same if same > 1 else 0  # a lone "3." is no gain
        return MathTex(f"x_{n} =", digits[:same] or r"{}", digits[same:] or r"{}", font_size=44)

    def panel(self):
        self.rule = MathTex(r"x_{n+1} = x_n - \frac{f(x_n)}{f'(x_n)}", font_size=44, color=TANGENT)
        self.entries = VGroup(*[self.entry(n) for n in range(STEPS + 1)]).arrange(
            DOWN, buff=0.32, aligned_edge=LEFT
        )
        both = VGroup(self.rule, self.entries).arrange(DOWN, buff=0.5)
        both.scale_to_fit_width(self.panel_width).move_to(self.panel_at)
        for entry in self.entries:
            entry[1].set_color(GOOD)

    def first_steps(self):
        self.panel()
        self.say("Start with any guess")
        mark, label = self.mark(0)
        self.play(FadeIn(mark, label, self.entries[0]), run_time=0.8)
        texts = "Follow the tangent down to the axis", "Again from there", "And again"
        for n, text in enumerate(texts):
            self.say(text)
            x, next_x = self.guesses[n], self.guesses[n + 1]
            on_curve, below = self.axes.c2p(x, f(x)), self.axes.c2p(x, 0)
            up = DashedLine(below, on_curve, color=GREY_A)
            tangent = Line(on_curve, self.axes.c2p(next_x, 0), color=TANGENT, stroke_width=4)
            mark, label = self.mark(n + 1)
            self.play(Create(up), run_time=0.5)
            self.play(Create(tangent), run_time=0.8)
            extras = [self.rule] if n == 0 else []
            self.play(FadeIn(mark, label, self.entries[n + 1], *extras), run_time=0.6)
            self.wait(0.3)

    def mark(self, n):
        """A dot on the axis, and its name where there is room for it."""
        at = self.axes.c2p(self.guesses[n], 0)
        dot = Dot(at, radius=0.07, color=WHITE)
        room = n == 0 or self.axes.c2p(self.guesses[n - 1], 0)[0] - at[0] > 0.5
        text = MathTex(f"x_{n}", font_size=36).next_to(at, DOWN, buff=0.15)
        return dot, text if room else VGroup()

    def digits(self):
        self.say("Every step about doubles the right digits")
        for entry in self.entries[4:]:
            self.play(FadeIn(entry), run_time=0.7)
            self.wait(0.4)
        last = SurroundingRectangle(self.entries[-1], color=GOOD, buff=0.12)
        self.play(Create(last), run_time=0.6)
        self.wait(2)

    def say(self, text):
        """Change the line below the title."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), run_time=0.7)
        self.wait(0.3)
