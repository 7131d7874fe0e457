from manim import *

SPEED = 20.0
ANGLE = 50.0


class Projectile(Scene):
    def construct(self):
        wide = config.frame_width > config.frame_height
        tall = config.frame_width < config.frame_height
        g = 9.81
        vx, vy = SPEED * np.cos(ANGLE * DEGREES), SPEED * np.sin(ANGLE * DEGREES)
        flight = 2 * vy / g
        reach, height = vx * flight, vy**2 / (2 * g)

        title = self.heading("How far does", "a thrown ball fly?")
        size = 54 if tall else 42
        given = MathTex(rf"v = {SPEED:.3g}\,\mathrm{{m/s}}", rf"\theta = {ANGLE:.3g}^\circ", font_size=size)
        given.set_color(YELLOW).arrange(RIGHT, buff=0.8).next_to(title, DOWN, buff=0.7 if tall else 0.3)

        # The picture is to scale: one metre is `unit` units
        room = [config.frame_width - 2.4, 2.8 if wide else 6 if tall else 2.3]
        unit = min(room[0] / reach, room[1] / height)
        middle = (given.get_bottom()[1] - config.frame_height / 2 + 0.5) / 2
        start = np.array([-reach * unit / 2 - 0.4, middle - height * unit / 2 + 0.5, 0])
        arrow_unit = 1.2 / SPEED
        t = ValueTracker(0)

        def place(time):
            return start + unit * np.array([vx * time, vy * time - g * time**2 / 2, 0])

        def components():
            ball_at = place(t.get_value())
            vy_now = vy - g * t.get_value()
            return VGroup(
                self.arrow(ball_at, arrow_unit * vx * RIGHT, BLUE_C),
                self.arrow(ball_at, arrow_unit * vy_now * UP, GREEN_C),
            )

        ground = Line(LEFT, RIGHT, color=GREY_B).scale_to_fit_width(config.frame_width - 1).set_y(start[1])
        ball = Dot(start, radius=0.14, color=WHITE)
        throw = self.arrow(start, arrow_unit * np.array([vx, vy, 0]), YELLOW)
        parts = components()
        names = MathTex("v", "v_x", "v_y", font_size=44)
        names[0].set_color(YELLOW).next_to(throw.get_end(), RIGHT, buff=0.2)
        names[1].set_color(BLUE_C).next_to(parts[0].get_end(), DOWN, buff=0.25)
        names[2].set_color(GREEN_C).next_to(parts[1].get_end(), UP, buff=0.2)
        rows = VGroup()
        for symbol, value, color in (("v_x", vx, BLUE_C), ("v_y", vy, GREEN_C)):
            label = MathTex(symbol, "=", font_size=size)
            number = DecimalNumber(-value if symbol == "v_y" else value, num_decimal_places=1, font_size=size)
            metres = MathTex(r"\mathrm{m/s}", font_size=size)
            rows.add(VGroup(label, number, metres).arrange(RIGHT, buff=0.2).set_color(color))
            number.match_y(label[1]).set_value(value)
            metres.match_y(label[1])
        rows.arrange(DOWN if tall else RIGHT, buff=0.4 if tall else 0.8).move_to(given, aligned_edge=UP)

        # The throw and its two components
        self.play(Write(title), run_time=1.5)
        self.play(Create(ground), GrowFromCenter(ball))
        self.play(GrowArrow(throw), FadeIn(names[0], given))
        self.wait(0.5)
        self.play(FadeOut(given), run_time=0.5)
        self.play(GrowArrow(parts[0]), GrowArrow(parts[1]), FadeIn(names[1], names[2], rows))
        self.wait(1)
        self.play(FadeOut(throw, names))

        # The flight: v_x stays, v_y shrinks and turns downwards
        path = VMobject().set_points_as_corners([place(s) for s in np.linspace(0, flight, 101)])
        track = VMobject(color=YELLOW)
        track.add_updater(lambda m: m.pointwise_become_partial(path, 0, t.get_value() / flight))
        ball.add_updater(lambda m: m.move_to(place(t.get_value())))
        parts.add_updater(lambda m: m.become(components()))
        rows[1][1].add_updater(lambda m: m.set_value(vy - g * t.get_value()))
        self.add(track, parts, ball)
        self.play(t.animate.set_value(flight), run_time=5, rate_func=linear)
        for m in (track, ball, parts, rows[1][1]):
            m.clear_updaters()
        self.wait(0.5)
        self.play(FadeOut(parts, rows), run_time=0.6)
        self.play(VGroup(track, ball).animate.shift(0.4 * RIGHT), run_time=0.6)
        start += 0.4 * RIGHT

        # The result
        top = MathTex(rf"{height:.3g}\,\mathrm{{m}}", font_size=44).next_to(place(flight / 2), UP, buff=0.25)
        drop = DashedLine(place(flight / 2), place(flight / 2) - unit * height * UP, color=GREY_B)
        brace = BraceBetweenPoints(start, place(flight), direction=DOWN, buff=0.15)
        result = MathTex(r"\frac{v^2 \sin 2\theta}{g}", rf"= {reach:.3g}\,\mathrm{{m}}", font_size=size)
        result.next_to(brace, DOWN, buff=0.2)
        self.play(Create(drop), FadeIn(top, given))
        self.play(GrowFromCenter(brace), run_time=0.7)
        self.play(Write(result), run_time=1.5)
        self.wait(2)

    def arrow(self, start, vector, color):
        return Arrow(
            start,
            start + vector,
            buff=0,
            color=color,
            stroke_width=6,
            tip_length=0.2,
            max_tip_length_to_length_ratio=0.5,
            max_stroke_width_to_length_ratio=20,
        )

    def heading(self, *lines):
        if config.frame_width > config.frame_height:
            lines = [" ".join(lines)]
        text = VGroup(*[Text(line, font_size=44) for line in lines]).arrange(DOWN, buff=0.15)
        text.scale_to_fit_width(min(text.width, config.frame_width - 1))
        return text.to_edge(UP, buff=1.2 if config.frame_width < config.frame_height else 0.45)
