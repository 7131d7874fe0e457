from manim import *

MASS = 1.0
STIFFNESS = 10.0

SECONDS = 8


class SpringOscillator(Scene):
    def construct(self):
        self.wide = config.frame_width > config.frame_height
        self.tall = config.frame_width < config.frame_height
        self.period = TAU * np.sqrt(MASS / STIFFNESS)
        self.clock = ValueTracker(-1)  # the mass is let go at 0

        # A spring on the left, and on the right the graph of its height at the same scale
        title = self.heading("A mass on a spring:", "how fast does it swing?")
        height = 4.1 if self.wide else 7.5 if self.tall else 3.4
        self.reach = 0.25 * height
        room = Rectangle(width=1.6, height=height)
        graph = self.graph(config.frame_width - (5.5 if self.wide else 3.4))
        VGroup(room, graph).arrange(RIGHT, buff=0.3, aligned_edge=DOWN)
        VGroup(room, graph).next_to(title, DOWN, buff=0.7 if self.tall else 0.35).set_x(0)
        self.top = room.get_top()
        rest = self.axes.c2p(0, 0)[1] - self.top[1]
        self.rest_at = self.top + rest * UP

        ceiling = Line(0.8 * LEFT, 0.8 * RIGHT, stroke_width=6, color=GREY_B).move_to(self.top)
        spring, mass = self.spring(), self.mass()
        values = MathTex(
            rf"k = {STIFFNESS:g}\,\mathrm{{N/m}}", r"\qquad", rf"m = {MASS:g}\,\mathrm{{kg}}", font_size=42
        )
        values[0].set_color(BLUE_B)
        values[2].set_color(YELLOW)
        values.next_to(VGroup(room, graph), DOWN, buff=0.6 if self.tall else 0.2).set_x(0)

        self.play(Write(title), run_time=1.5)
        self.play(Create(ceiling), Create(spring), run_time=1.2)
        self.play(GrowFromCenter(mass), FadeIn(values), run_time=0.8)
        self.play(Create(self.axes), FadeIn(self.marks), run_time=1)

        # Pull the mass down, then let it go
        spring.add_updater(lambda m: m.become(self.spring()))
        mass.add_updater(lambda m: m.move_to(self.at()))
        self.play(self.clock.animate.set_value(0), run_time=1, rate_func=linear)
        self.swing()
        self.show_period(values)

    def height(self, seconds):
        """Return the height of the mass over its rest, as a share of the amplitude."""
        return -smooth(1 + seconds) if seconds < 0 else -np.cos(TAU * seconds / self.period)

    def now(self):
        return self.height(self.clock.get_value())

    def swing(self):
        """Let eight seconds pass, in real time, while the graph is drawn."""
        path = self.axes.plot(self.height, x_range=[0, SECONDS, 0.02])
        curve = VMobject(color=YELLOW)
        curve.add_updater(lambda m: m.pointwise_become_partial(path, 0, self.clock.get_value() / SECONDS))
        dot = Dot(color=YELLOW, radius=0.1)
        dot.add_updater(lambda m: m.move_to(self.axes.c2p(self.clock.get_value(), self.now())))
        level = Line(color=GREY_B, stroke_width=2)
        level.add_updater(lambda m: m.put_start_and_end_on(self.at() + 0.4 * RIGHT, dot.get_center()))
        self.add(curve, dot, level)
        self.play(self.clock.animate.set_value(SECONDS), run_time=SECONDS, rate_func=linear)
        self.play(FadeOut(level, dot), run_time=0.5)

    def show_period(self, values):
        """Measure the period in the graph, and say what it depends on."""
        span = DoubleArrow(self.axes.c2p(0, 1), self.axes.c2p(self.period, 1), buff=0, tip_length=0.16, stroke_width=4)
        span.set_color(GREEN_B).shift(0.35 * UP)
        measured = MathTex(rf"T = {self.period:.2f}\,\mathrm{{s}}", font_size=42, color=GREEN_B)
        measured.next_to(span, RIGHT, buff=0.2)
        self.play(GrowFromCenter(span), FadeIn(measured))
        formula = MathTex("T", r"= 2\pi\sqrt{\frac{m}{k}}", rf"= {self.period:.2f}\,\mathrm{{s}}", font_size=46)
        formula[0].set_color(GREEN_B)
        formula[1][5].set_color(YELLOW)
        formula[1][7].set_color(BLUE_B)
        formula.next_to(values, DOWN, buff=0.5 if self.tall else 0.15)
        self.play(Write(formula), run_time=1.5)
        self.wait(2.5)

    def at(self):
        return self.rest_at + self.now() * self.reach * UP

    def spring(self):
        """Return the spring as long as it is now."""
        length = np.linalg.norm(self.top - self.at()) - 0.35
        turns = [self.top]
        for i in range(25):
            side = 0 if i in (0, 24) else 0.32 if i % 2 else -0.32
            turns.append(self.top + (0.06 + 0.88 * i / 24) * length * DOWN + side * RIGHT)
        turns.append(self.top + length * DOWN)
        return VMobject(color=BLUE_B, stroke_width=4).set_points_as_corners(turns)

    def mass(self):
        box = Square(0.7, color=YELLOW).set_fill(YELLOW, 1).move_to(self.at())
        return VGroup(box, MathTex("m", font_size=44, color=BLACK).move_to(box))

    def graph(self, width):
        """Return axes for the height over time, with their marks."""
        self.axes = Axes(
            x_range=[0, SECONDS, 2],
            y_range=[-1, 1, 1],
            x_length=width,
            y_length=2 * self.reach,
            tips=False,
            axis_config={"color": GREY_B},
        )
        names = [MathTex(name, font_size=38) for name in ("-A", "0", "A")]
        limits = VGroup(*[DashedLine(self.axes.c2p(0, y), self.axes.c2p(SECONDS, y), color=GREY_D) for y in (-1, 1)])
        for y, name in enumerate(names):
            name.next_to(self.axes.c2p(SECONDS, y - 1), RIGHT, buff=0.2)
        seconds = [MathTex(str(t), font_size=34) for t in range(2, SECONDS + 1, 2)]
        for t, number in enumerate(seconds):
            number.next_to(self.axes.c2p(2 * t + 2, -1), DOWN, buff=0.2)
        unit = Text("seconds", font_size=28, color=GREY_A).next_to(VGroup(*seconds), DOWN, buff=0.15)
        self.marks = VGroup(limits, *names, *seconds, unit)
        return VGroup(self.axes, self.marks)

    def heading(self, *lines):
        if self.wide:
            lines = [" ".join(lines)]
        text = VGroup(*[Text(line, font_size=44) for line in lines]).arrange(DOWN, buff=0.15)
        text.scale_to_fit_width(min(text.width, config.frame_width - 1))
        return text.to_edge(UP, buff=1.2 if self.tall else 0.45)
