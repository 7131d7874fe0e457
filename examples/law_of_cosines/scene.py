from manim import *

SIDE_A = 4.0
SIDE_B = 5.0
ANGLE = 60.0

A_COLOUR, B_COLOUR, C_COLOUR, H_COLOUR = BLUE, ORANGE, YELLOW, TEAL


class LawOfCosines(Scene):
    def construct(self):
        self.title = Tex("Pythagoras without a right angle", font_size=48).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        self.arrange_frame()
        self.draw_triangle()
        self.drop_height()
        self.right_triangle()
        self.formula()

    def arrange_frame(self):
        """Choose the scale and the corners: C at the origin, A on the right, B above."""
        W, H = config.frame_width, config.frame_height
        if W > 1.2 * H:
            width, height, middle, self.panel_at = 5.2, 3.6, LEFT * 3.5 + DOWN * 0.6, RIGHT * 3.6 + DOWN * 0.7
            self.panel_width = 5.8
        elif H > 1.2 * W:
            width, height, middle, self.panel_at = 5.8, 5.5, UP * 1.5, DOWN * 4.2
            self.panel_width = 7
        else:
            width, height, middle, self.panel_at = 6, 2.0, UP * 0.75, DOWN * 2.45
            self.panel_width = 5.6
        angle = ANGLE * DEGREES
        self.foot_x, self.h = SIDE_A * np.cos(angle), SIDE_A * np.sin(angle)
        left, right = min(0, self.foot_x), max(SIDE_B, self.foot_x)
        unit = min(width / (right - left), height / self.h)
        origin = middle - unit * np.array([(left + right) / 2, self.h / 2, 0])
        self.C, self.A = origin, origin + unit * SIDE_B * RIGHT
        self.foot = origin + unit * self.foot_x * RIGHT
        self.B = self.foot + unit * self.h * UP

    def name(self, text, start, end, colour):
        """The name of a side, at its middle and away from the triangle."""
        middle, centre = (start + end) / 2, (self.A + self.B + self.C) / 3
        normal = normalize(rotate_vector(end - start, PI / 2))
        normal = normal if np.dot(normal, middle - centre) > 0 else -normal
        label = MathTex(text, color=colour, font_size=46).set_stroke(BLACK, 6, background=True)
        return label.move_to(middle + 0.35 * normal)

    def draw_triangle(self):
        a = Line(self.C, self.B, color=A_COLOUR, stroke_width=6)
        b = Line(self.C, self.A, color=B_COLOUR, stroke_width=6)
        self.c = Line(self.A, self.B, color=C_COLOUR, stroke_width=6)
        self.a_name, self.b_name = (
            self.name("a", self.C, self.B, A_COLOUR),
            self.name("b", self.C, self.A, B_COLOUR),
        )
        self.c_name = self.name("c", self.A, self.B, C_COLOUR)
        half = ANGLE * DEGREES / 2
        inside = 2 * a.get_length() * b.get_length() * np.cos(half) / (a.get_length() + b.get_length())
        reach = min(max(0.8, 0.25 / np.sin(half)), 0.6 * inside)  # how far from the corner the name fits
        arc = Angle(b, a, radius=0.6 * reach, color=WHITE)
        at = self.C + reach * np.array([np.cos(half), np.sin(half), 0])
        gamma = MathTex(r"\gamma", font_size=42).set_stroke(BLACK, 6, background=True).move_to(at)
        self.play(Write(self.title), run_time=1.4)
        self.play(Create(a), Create(b), FadeIn(self.a_name, self.b_name), run_time=1)
        self.play(Create(arc), FadeIn(gamma), run_time=0.6)
        self.say(r"Given $a$, $b$ and $\gamma$: how long is $c$?")
        self.play(Create(self.c), FadeIn(self.c_name), run_time=0.8)
        self.add(a, b, self.c)
        self.wait(0.4)

    def drop_height(self):
        self.say("The height makes right triangles")
        self.height = DashedLine(self.B, self.foot, color=H_COLOUR, stroke_width=5)
        parts = [self.height]
        if not self.C[0] <= self.foot[0] <= self.A[0]:  # the base has to be made longer
            parts.append(DashedLine(self.C if self.foot_x < 0 else self.A, self.foot, color=GREY_B))
        to_c, to_a = self.C[0] - self.foot[0], self.A[0] - self.foot[0]
        if min(abs(to_c), abs(to_a)) < 0.6:  # close to a side: its name goes inside
            side = RIGHT if abs(to_c) < abs(to_a) else LEFT
        elif to_c * to_a < 0:
            side = RIGHT if abs(to_a) > abs(to_c) else LEFT
        else:
            side = np.sign(-to_c) * RIGHT
        h_name = MathTex("h", color=H_COLOUR, font_size=42).set_stroke(BLACK, 6, background=True)
        h_name.next_to(self.height, side, buff=0.12)
        if abs(self.foot_x) > 0.05:
            self.play(*[Create(part) for part in parts], run_time=0.8)
            self.play(FadeIn(h_name), run_time=0.4)
        self.wait(0.3)

    def right_triangle(self):
        self.say(r"$h = a\sin\gamma$, and the rest of the base is known")
        past = self.foot_x > SIDE_B
        ends = sorted([self.foot, self.A], key=lambda p: p[0])
        rest = Line(*ends)
        text = r"a\cos\gamma - b" if past else r"b - a\cos\gamma"
        self.play(FadeOut(self.b_name), run_time=0.3)
        brace = (
            BraceBetweenPoints(*ends, direction=DOWN, buff=0.1, color=B_COLOUR)
            if rest.get_length() > 0.3
            else Dot(self.A)
        )
        label = MathTex(text, font_size=40, color=B_COLOUR).next_to(brace, DOWN, buff=0.1)
        right = Polygon(self.foot, self.A, self.B, stroke_width=0).set_fill(C_COLOUR, 0.2)
        self.play(FadeIn(right), FadeIn(brace), FadeIn(label), run_time=0.9)
        self.bring_to_front(self.c)
        self.wait(0.6)

    def formula(self):
        cosine = np.cos(ANGLE * DEGREES)
        square = SIDE_A**2 + SIDE_B**2 - 2 * SIDE_A * SIDE_B * cosine
        numbers = (
            rf"{SIDE_A:g}^2 + {SIDE_B:g}^2 - 2 \cdot {SIDE_A:g} \cdot {SIDE_B:g} \cdot \cos {ANGLE:g}^\circ"
        )
        side = round(np.sqrt(square), 2)
        sign = "=" if abs(side**2 - square) < 1e-9 else r"\approx"
        lines = VGroup(
            MathTex(r"c^2 = (a \sin\gamma)^2 + (b - a \cos\gamma)^2", font_size=44),
            MathTex(r"c^2 = a^2 + b^2 - 2ab \cos\gamma", font_size=52, color=C_COLOUR),
            MathTex(rf"c = \sqrt{{{numbers}}} {sign} {side:g}", font_size=40),
        )
        for line in lines:
            line.scale_to_fit_width(min(line.width, self.panel_width))
        lines.arrange(DOWN, buff=0.3).move_to(self.panel_at)
        self.play(FadeIn(lines[0]), run_time=0.9)
        self.wait(0.8)
        self.say(r"$\sin^2\gamma + \cos^2\gamma = 1$ tidies it up")
        self.play(TransformFromCopy(lines[0], lines[1]), run_time=1.2)
        self.play(Create(SurroundingRectangle(lines[1], color=C_COLOUR, buff=0.15)), run_time=0.6)
        self.play(FadeIn(lines[2]), run_time=0.8)
        self.wait(2)

    def say(self, text):
        """Change the line below the title."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), run_time=0.7)
        self.wait(0.4)
