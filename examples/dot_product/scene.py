from manim import *

UX = 4.0
UY = 1.0
VX = 2.0
VY = 3.0

U_COLOUR, V_COLOUR, SHADOW = BLUE, ORANGE, YELLOW
WIDEST = 150 * DEGREES  # the largest angle that v is turned to


class DotProduct(Scene):
    def construct(self):
        self.u, self.v = np.array([UX, UY]), np.array([VX, VY])
        self.u_length, self.v_length = np.linalg.norm(self.u), np.linalg.norm(self.v)
        self.side = 1 if UX * VY - UY * VX >= 0 else -1  # on which side of u is v?
        cosine = self.u @ self.v / self.u_length / self.v_length
        self.angle = ValueTracker(np.arccos(np.clip(cosine, -1, 1)))
        self.title = Tex("What does the dot product measure?", font_size=43).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        self.arrange_frame()
        self.two_vectors()
        self.cast_shadow()
        self.turn_round()
        self.in_numbers()

    def turned(self, angle):
        """The vector v when its angle to u is this one."""
        direction = np.arctan2(UY, UX) + self.side * angle
        return self.v_length * np.array([np.cos(direction), np.sin(direction)])

    def arrange_frame(self):
        """Choose the grid and its place: the panel stands beside it, or below where the frame is not wide."""
        W, H = config.frame_width, config.frame_height
        self.wide = W > 1.2 * H
        if self.wide:
            width, height, middle, self.panel_at = 7.2, 5.2, LEFT * 3 + DOWN * 0.85, RIGHT * 3.8 + DOWN * 0.85
        elif H > 1.2 * W:
            width, height, middle, self.panel_at = 7, 6.4, UP * 1.5, DOWN * 4
        else:
            width, height, middle, self.panel_at = 7, 3.4, UP * 0.3, DOWN * 2.65
        start = self.angle.get_value()
        sweep = [self.turned(a) for a in np.linspace(min(start, PI / 2), max(start, WIDEST), 30)]
        points = np.array([[0, 0], 1.15 * self.u, *sweep])
        low, high = np.floor(points.min(axis=0) - 0.3), np.ceil(points.max(axis=0) + 0.3)
        unit = min(width / (high[0] - low[0]), height / (high[1] - low[1]), 1.2)
        self.plane = NumberPlane(
            x_range=[low[0], high[0]],
            y_range=[low[1], high[1]],
            x_length=unit * (high[0] - low[0]),
            y_length=unit * (high[1] - low[1]),
            background_line_style={"stroke_color": GREY_D, "stroke_width": 1},
            axis_config={"stroke_color": GREY_D},
        ).move_to(middle)

    # ------------------------------------------------ what follows the angle

    def shadow_length(self):
        """How far v reaches along u; negative when it points backwards."""
        return self.v_length * np.cos(self.angle.get_value())

    def foot(self):
        return self.plane.c2p(*(self.shadow_length() * self.u / self.u_length))

    def arrow(self, vector, colour):
        limits = {"max_stroke_width_to_length_ratio": 20, "max_tip_length_to_length_ratio": 0.4}
        ends = self.plane.c2p(0, 0), self.plane.c2p(*vector)
        return Arrow(*ends, buff=0, color=colour, stroke_width=7, tip_length=0.25, **limits)

    def put_beside(self, name, vector, turn):
        """Put a name beside the middle of a vector, on its left (turn 1) or its right (turn -1)."""
        side = turn * np.array([-vector[1], vector[0], 0]) / np.linalg.norm(vector)
        return name.move_to(self.plane.c2p(*(0.6 * vector)) + 0.4 * side)

    def v_now(self):
        return self.turned(self.angle.get_value())

    def shadow(self):
        return Line(self.plane.c2p(0, 0), self.foot(), color=SHADOW, stroke_width=10)

    def light(self):
        tip = self.plane.c2p(*self.v_now())
        return DashedLine(tip, self.foot(), color=GREY_A, dash_length=0.1)

    # ------------------------------------------------ the steps

    def two_vectors(self):
        ends = [self.plane.c2p(*(t * self.u / self.u_length)) for t in (-self.v_length, self.v_length)]
        self.line = Line(*ends, color=GREY_B, stroke_width=2)
        self.u_arrow = self.arrow(self.u, U_COLOUR)
        names = [
            MathTex(text, font_size=44).set_stroke(BLACK, 6, background=True)
            for text in (r"\vec u", r"\vec v")
        ]
        self.u_name = self.put_beside(names[0].set_fill(U_COLOUR), self.u, -self.side)
        self.v_arrow = self.arrow(self.v, V_COLOUR)
        self.v_name = self.put_beside(names[1].set_fill(V_COLOUR), self.v, self.side)
        self.play(Write(self.title), run_time=1.4)
        self.play(FadeIn(self.plane), run_time=0.6)
        self.play(FadeIn(self.u_arrow, self.u_name), run_time=0.7)
        self.play(FadeIn(self.v_arrow, self.v_name), run_time=0.7)
        self.wait(0.3)

    def cast_shadow(self):
        self.say(r"Light falls straight onto $\vec u$: $\vec v$ casts a shadow")
        self.shade, self.ray = self.shadow(), self.light()
        self.play(FadeIn(self.line), Create(self.ray), run_time=0.8)
        self.play(FadeIn(self.shade), run_time=0.6)
        self.bring_to_front(self.v_arrow)
        self.panel()
        self.play(FadeIn(self.rows[0]), run_time=0.6)
        self.wait(0.4)
        self.say(r"Dot product: shadow times length of $\vec u$")
        self.play(FadeIn(self.rows[1:]), run_time=0.6)
        self.wait(0.6)

    def panel(self):
        """Three lines of numbers, and the product of the coordinates."""

        def row(name, sign, colour, value):
            label = MathTex(name, sign, font_size=44, color=colour)
            number = DecimalNumber(value, 2, font_size=44, color=colour)
            return VGroup(label, number.next_to(label[1], RIGHT, buff=0.2))

        self.rows = VGroup(
            row(r"\text{shadow}", r"\approx", SHADOW, self.shadow_length()),
            row(r"|\vec u|", r"\approx", U_COLOUR, self.u_length),
            row(r"\vec u \cdot \vec v", "=", WHITE, self.dot()),
        )
        products = rf"{UX:g} \cdot ({VX:g}) + {UY:g} \cdot ({VY:g})".replace("+ -", "- ")
        for value in (VX, VY):
            products = products if value < 0 else products.replace(f"({value:g})", f"{value:g}")
        self.result = MathTex(
            r"\vec u \cdot \vec v =", products, "=", f"{round(self.dot(), 4):g}", font_size=46
        )
        self.result.scale_to_fit_width(min(self.result.width, 5.4 if self.wide else 6.8))
        if self.wide or config.frame_height > 1.2 * config.frame_width:
            self.rows.arrange(DOWN, buff=0.4, aligned_edge=LEFT)
        else:
            self.rows.arrange(RIGHT, buff=0.5)
            self.rows.scale_to_fit_width(min(self.rows.width, 7))
        VGroup(self.rows, self.result).arrange(DOWN, buff=0.6).move_to(self.panel_at)

    def dot(self):
        return float(self.u @ self.v) + 0.0

    def turn_to(self, angle, seconds):
        """Turn v, and let everything that depends on it follow."""
        moving = VGroup(self.shade, self.ray, self.v_arrow, self.v_name, self.rows)

        def follow(_):
            self.shade.become(self.shadow())
            self.ray.become(self.light())
            self.v_arrow.become(self.arrow(self.v_now(), V_COLOUR))
            self.put_beside(self.v_name, self.v_now(), self.side)
            values = self.shadow_length(), self.shadow_length() * self.u_length
            for row, value in zip((self.rows[0], self.rows[2]), values, strict=True):
                row[1].set_value(round(value, 4) + 0.0).next_to(row[0][1], RIGHT, buff=0.2)

        self.play(self.angle.animate.set_value(angle), UpdateFromFunc(moving, follow), run_time=seconds)

    def turn_round(self):
        start = self.angle.get_value()
        self.say("At a right angle there is no shadow: zero")
        self.turn_to(PI / 2, 2)
        self.wait(0.5)
        self.say("Beyond it the shadow counts as negative")
        self.turn_to(WIDEST, 1.8)
        self.wait(0.5)
        self.turn_to(start, 1.6)

    def in_numbers(self):
        self.say("The coordinates give the same number")
        self.play(Write(self.result), run_time=1.2)
        self.play(Create(SurroundingRectangle(self.result, color=SHADOW, buff=0.18)), run_time=0.6)
        self.wait(2)

    def say(self, text):
        """Change the line below the title."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), run_time=0.7)
        self.wait(0.3)
