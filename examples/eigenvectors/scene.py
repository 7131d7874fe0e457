from manim import *

A = 1.0
B = 0.5
D = 1.0


class Eigenvectors(Scene):
    def construct(self):
        W, H = config.frame_width, config.frame_height
        X_COLOUR, IMAGE, EIGEN = BLUE, YELLOW, GREEN
        matrix = np.array([[A, B], [B, D]])
        values, vectors = np.linalg.eigh(matrix)

        # where things go
        if W > 1.2 * H:
            w, h, middle, panel_at = 7.6, 5.6, LEFT * 2.7 + DOWN * 0.75, RIGHT * 4.05 + DOWN * 0.75
        elif H > 1.2 * W:
            w, h, middle, panel_at = 7.0, 7.0, UP * 1.6, DOWN * 4.5
        else:
            w, h, middle, panel_at = 4.1, 5.6, LEFT * 1.65 + DOWN * 0.75, RIGHT * 2.1 + DOWN * 0.75

        self.title = Tex("Which vectors keep their line?", font_size=52).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        unit = min(1.8, (min(w, h) / 2 - 0.4) / np.abs(values).max())
        angle = ValueTracker(0)

        def place(v):
            return middle + unit * (v[0] * RIGHT + v[1] * UP)

        def x():
            return np.array([np.cos(angle.get_value()), np.sin(angle.get_value())])

        def arrow(v, colour):
            if np.linalg.norm(v) * unit < 0.1:
                return Dot(place(v), color=colour)
            limits = {"max_stroke_width_to_length_ratio": 12, "max_tip_length_to_length_ratio": 0.4}
            return Arrow(place([0, 0]), place(v), buff=0, color=colour, tip_length=0.22, **limits)

        def beside(label, v, turn):
            """Keep a label next to the tip of a vector, on the side given by turn."""
            phi = np.arctan2(v[1], v[0]) + turn * 0.45 * PI
            label.move_to(place(v) + 0.42 * (np.cos(phi) * RIGHT + np.sin(phi) * UP))

        axes = VGroup(
            Line(middle + LEFT * w / 2, middle + RIGHT * w / 2),
            Line(middle + DOWN * h / 2, middle + UP * h / 2),
        ).set_stroke(GREY_D, 2)
        ring = Circle(unit, color=X_COLOUR, stroke_width=2, stroke_opacity=0.6).move_to(middle)
        x_label = MathTex("x", color=X_COLOUR, font_size=44).set_stroke(BLACK, 6, background=True)
        image_label = MathTex("Mx", color=IMAGE, font_size=44).set_stroke(BLACK, 6, background=True)

        # the panel
        table = VGroup(
            MathTex("M =", font_size=48),
            Matrix([[f"{A:g}", f"{B:g}"], [f"{B:g}", f"{D:g}"]], h_buff=1),
        ).arrange(RIGHT, buff=0.2)
        table.scale_to_fit_width(min(table.width, 2.9))
        rule = MathTex("M", "x", "=", r"\lambda", "x", font_size=56)
        rule[:2].set_color(IMAGE)
        rule[3].set_color(EIGEN)
        rule[4].set_color(X_COLOUR)

        # directions in the order in which the turning vector meets them
        turns = sorted((np.arctan2(v[1], v[0]) % PI, k) for k, v in enumerate(vectors.T))
        answers = VGroup()
        for n, (_, k) in enumerate(turns):
            sign = "=" if abs(round(values[k], 2) - values[k]) < 1e-9 else r"\approx"
            number = f"{round(values[k], 2) + 0.0:g}"
            answers.add(MathTex(rf"\lambda_{n + 1} {sign} {number}", font_size=48, color=EIGEN))
        answers.arrange(DOWN, buff=0.35)
        VGroup(table, rule, answers).arrange(DOWN, buff=0.6).move_to(panel_at)

        # the turning vector, its image, and labels on their outer sides
        angle.set_value(turns[0][0] - 0.8)
        image_x = matrix @ x()
        side = ValueTracker(1 if x()[0] * image_x[1] > x()[1] * image_x[0] else -1)
        x_arrow = always_redraw(lambda: arrow(x(), X_COLOUR))
        image = always_redraw(lambda: arrow(matrix @ x(), IMAGE))
        x_label.add_updater(lambda m: beside(m, x(), -side.get_value()), call_updater=True)
        image_label.add_updater(lambda m: beside(m, matrix @ x(), side.get_value()), call_updater=True)

        # the matrix and one vector
        self.play(Write(self.title), run_time=1.4)
        self.play(Create(axes), FadeIn(table), run_time=0.8)
        self.say("A vector $x$ and its image $Mx$", FadeIn(ring, x_arrow, x_label))
        self.play(FadeIn(image, image_label), run_time=0.8)
        self.wait(0.6)

        # turn the vector until both lie on one line
        self.say("Turn $x$: mostly, $Mx$ points elsewhere")
        for n, (direction, k) in enumerate(turns):
            self.play(angle.animate.set_value(direction), run_time=2.2)
            reach = vectors[:, k] / max(np.abs(vectors[:, k]) * unit / np.array([w / 2, h / 2]))
            line = Line(place(-reach), place(reach), color=EIGEN, stroke_width=3)
            text = "Here both lie on one line" if n == 0 else "And here once more"
            self.say(text, Create(line), FadeIn(answers[n]))
            longer, shorter = (image, x_arrow) if abs(values[k]) > 1 else (x_arrow, image)
            self.bring_to_front(longer, shorter, x_label, image_label)
            self.wait(0.8)
            if n == 0:
                self.play(side.animate.set_value(-side.get_value()), run_time=0.6)

        # the result
        self.say("Along these lines, $M$ only scales", FadeIn(rule))
        self.play(Create(SurroundingRectangle(rule, color=EIGEN, buff=0.2)), run_time=0.6)
        self.wait(2)

    def say(self, text, *animations):
        """Change the line below the title while something else happens."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), *animations, run_time=0.8)
        self.wait(0.3)
