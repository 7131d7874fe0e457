from manim import *

LENGTH = 1.0
ANGLE = 30.0


class Pendulum(Scene):
    def construct(self):
        wide = config.frame_width > config.frame_height
        tall = config.frame_width < config.frame_height
        seconds, g = 8, 9.81

        # The motion, step by step (Runge-Kutta)
        dt = 0.04
        state = np.array([ANGLE * DEGREES, 0.0])
        angles = [state[0]]
        for _ in range(int(seconds / dt)):
            k1 = self.slope(state, g)
            k2 = self.slope(state + dt / 2 * k1, g)
            k3 = self.slope(state + dt / 2 * k2, g)
            k4 = self.slope(state + dt * k3, g)
            state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            angles.append(state[0])
        times = np.linspace(0, seconds, len(angles))
        t = ValueTracker(0)

        def theta():
            return np.interp(t.get_value(), times, angles)

        # The period: exact from the arithmetic-geometric mean, and for small swings
        small = TAU * np.sqrt(LENGTH / g)
        a, b = 1.0, np.cos(ANGLE * DEGREES / 2)
        for _ in range(6):
            a, b = (a + b) / 2, np.sqrt(a * b)
        period = small / a

        # Places for the pendulum, the values, the graph and the formula
        title = self.heading("How long does one swing take?")
        rod = 3.2 if wide else 3.4 if tall else 1.7
        room = Rectangle(width=2 * rod * np.sin(ANGLE * DEGREES) + 0.6, height=rod + 0.4)
        length = MathTex(rf"L = {LENGTH:.3g}\,\mathrm{{m}}", font_size=44, color=BLUE_B)
        name = MathTex(r"\theta =", font_size=44, color=YELLOW)
        value = DecimalNumber(ANGLE, num_decimal_places=1, unit=r"^\circ", font_size=44, color=YELLOW)
        values = VGroup(length, VGroup(name, value).arrange(RIGHT, buff=0.2))
        values.arrange(RIGHT if wide or tall else DOWN, buff=0.6, aligned_edge=DOWN if wide or tall else LEFT)
        axes = Axes(
            x_range=[0, seconds, 2],
            y_range=[0, 2, 1],
            x_length=config.frame_width - 3 - max(room.width, values.width) if wide else 5.8,
            y_length=3.1 if wide else 3 if tall else 1.5,
            tips=False,
            axis_config={"color": GREY_B, "font_size": 34},
            x_axis_config={"numbers_to_include": range(0, seconds + 1, 2)},
        )
        x_name = Text("seconds", font_size=28, color=GREY_A).next_to(axes.x_axis, DOWN, buff=0.15)
        marks = MathTex(*[rf"{y * ANGLE:.3g}^\circ" for y in (-1, 0, 1)], font_size=34)
        for y, mark in enumerate(marks):
            mark.next_to(axes.c2p(0, y), LEFT, buff=0.2)
        middle = DashedLine(axes.c2p(0, 1), axes.c2p(seconds, 1), color=GREY_B)
        span = DoubleArrow(axes.c2p(0, 2), axes.c2p(period, 2), buff=0, tip_length=0.18, stroke_width=4)
        span.set_color(GREEN_B).shift(0.3 * UP)
        measured = MathTex(rf"T = {period:.2f}\,\mathrm{{s}}", font_size=44, color=GREEN_B)
        measured.next_to(span, RIGHT, buff=0.2)
        graph = VGroup(axes, x_name, marks, middle, span, measured)
        formula = MathTex("T", r"\approx 2\pi\sqrt{L / g}", rf"= {small:.2f}\,\mathrm{{s}}", font_size=42)
        formula[0].set_color(GREEN_B)
        formula = VGroup(Text("small swings:", font_size=30, color=GREY_A), formula).arrange(RIGHT, buff=0.3)
        if wide:
            swing = VGroup(room, values).arrange(DOWN, buff=0.35)
            top = VGroup(swing, graph).arrange(RIGHT, buff=0.6)
        elif tall:
            top = VGroup(room, values, graph).arrange(DOWN, buff=0.5)
        else:
            top = VGroup(VGroup(room, values).arrange(RIGHT, buff=0.7), graph).arrange(DOWN, buff=0.25)
        body = VGroup(top, formula).arrange(DOWN, buff=0.55 if wide or tall else 0.3)
        body.next_to(title, DOWN, buff=0.6 if tall else 0.35).set_x(0)

        # The pendulum follows the clock
        pivot = room.get_top() + 0.1 * DOWN

        def place():
            return pivot + rod * np.array([np.sin(theta()), -np.cos(theta()), 0])

        ceiling = Line(0.8 * LEFT, 0.8 * RIGHT, stroke_width=6, color=GREY_B).move_to(pivot)
        rest = DashedLine(pivot, pivot + rod * DOWN, color=GREY_B)
        line = Line(pivot, place(), stroke_width=5, color=BLUE_B)
        bob = Dot(place(), radius=0.22, color=WHITE)
        arc = self.arc(pivot, rod, theta())
        self.play(Write(title), run_time=1.5)
        self.play(Create(ceiling), Create(rest), Create(line), run_time=1)
        self.play(GrowFromCenter(bob), FadeIn(length), run_time=0.7)
        self.play(Create(arc), FadeIn(name, value))
        self.play(Create(axes), FadeIn(x_name, marks), Create(middle), run_time=1.2)

        line.add_updater(lambda m: m.put_start_and_end_on(pivot, place()))
        bob.add_updater(lambda m: m.move_to(place()))
        arc.add_updater(lambda m: m.become(self.arc(pivot, rod, theta())))
        value.add_updater(lambda m: m.set_value(theta() / DEGREES))
        path = VMobject().set_points_as_corners(
            [axes.c2p(x, 1 + y / ANGLE / DEGREES) for x, y in zip(times, angles, strict=True)]
        )
        curve = VMobject(color=YELLOW)
        curve.add_updater(lambda m: m.pointwise_become_partial(path, 0, t.get_value() / seconds))
        dot = Dot(color=YELLOW, radius=0.1)
        dot.add_updater(lambda m: m.move_to(axes.c2p(t.get_value(), 1 + theta() / ANGLE / DEGREES)))
        self.add(curve, dot)
        self.play(t.animate.set_value(seconds), run_time=seconds, rate_func=linear)
        for m in (line, bob, arc, value, curve, dot):
            m.clear_updaters()

        # The period, in the graph and as a formula
        self.play(GrowFromCenter(span), FadeIn(measured))
        self.play(Write(formula), run_time=1.5)
        self.wait(2)

    def slope(self, state, g):
        return np.array([state[1], -g / LENGTH * np.sin(state[0])])

    def arc(self, pivot, rod, angle):
        return Arc(0.4 * rod, -PI / 2, angle, arc_center=pivot, color=YELLOW, stroke_width=5)

    def heading(self, *lines):
        text = VGroup(*[Text(line, font_size=44) for line in lines]).arrange(DOWN, buff=0.15)
        text.scale_to_fit_width(min(text.width, config.frame_width - 1))
        return text.to_edge(UP, buff=1.2 if config.frame_width < config.frame_height else 0.45)
