from manim import *

A = 3.0
B = 1.0
C = 1.0
D = 2.0

U_COLOUR, V_COLOUR, AREA = TEAL, ORANGE, YELLOW


class DeterminantArea(Scene):
    def construct(self):
        self.u, self.v = np.array([A, C]), np.array([B, D])  # the columns of the matrix
        self.height = D - B * C / A
        self.title = Tex("Why is $ad - bc$ an area?", font_size=48).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        self.arrange_frame()
        self.show_matrix()
        self.shear_v()
        self.shear_u()
        self.count()

    def arrange_frame(self):
        """Choose the grid and its place: the panel stands beside it, or below where the frame is not wide."""
        W, H = config.frame_width, config.frame_height
        self.wide = W > 1.2 * H
        if self.wide:
            width, height, middle, self.panel_at = 7.2, 5.2, LEFT * 2.9 + DOWN * 0.85, RIGHT * 4 + DOWN * 0.85
        elif H > 1.2 * W:
            width, height, middle, self.panel_at = 7, 6.6, UP * 1.5, DOWN * 4.2
        else:
            width, height, middle, self.panel_at = 7, 3.6, UP * 0.2, DOWN * 2.7
        low_v = np.array([0, self.height])  # where v ends after the first push
        points = np.array(
            [[0, 0], self.u, self.v, self.u + self.v, low_v, self.u + low_v, [A, 0], [A, self.height]]
        )
        low, high = np.floor(points.min(axis=0) - 0.2), np.ceil(points.max(axis=0) + 0.2)
        high[0] += 1
        if self.height >= 0:  # room for the braces
            low[1] -= 1
        else:
            high[1] += 1
        unit = min(width / (high[0] - low[0]), height / (high[1] - low[1]), 1.2)
        self.plane = NumberPlane(
            x_range=[low[0], high[0]],
            y_range=[low[1], high[1]],
            x_length=unit * (high[0] - low[0]),
            y_length=unit * (high[1] - low[1]),
            background_line_style={"stroke_color": GREY_D, "stroke_width": 1},
            axis_config={"stroke_color": GREY_C},
        ).move_to(middle)

    def figure(self, u, v):
        """The parallelogram of u and v, with its two arrows."""
        corners = [self.plane.c2p(*p) for p in ((0, 0), u, u + v, v)]
        area = Polygon(*corners, color=AREA, stroke_width=2).set_fill(AREA, 0.35)
        limits = {"max_stroke_width_to_length_ratio": 20, "max_tip_length_to_length_ratio": 0.4}
        arrows = [
            Arrow(corners[0], corners[k], buff=0, color=colour, stroke_width=7, tip_length=0.25, **limits)
            if np.linalg.norm(corners[k] - corners[0]) > 0.1
            else Dot(corners[0], color=colour)
            for k, colour in ((1, U_COLOUR), (3, V_COLOUR))
        ]
        return VGroup(area, *arrows)

    def panel(self):
        """The matrix, and the area in letters and in numbers."""
        matrices = [
            Matrix(rows, h_buff=gap, v_buff=0.65)
            for rows, gap in (
                ([["a", "b"], ["c", "d"]], 0.7),
                ([[f"{A:g}", f"{B:g}"], [f"{C:g}", f"{D:g}"]], 1.1),
            )
        ]
        for matrix in matrices:
            matrix.get_columns()[0].set_color(U_COLOUR)
            matrix.get_columns()[1].set_color(V_COLOUR)
        self.matrices = VGroup(matrices[0], MathTex("=", font_size=64), matrices[1]).arrange(RIGHT, buff=0.3)
        self.letters = MathTex(
            "a", r"\cdot", r"\left( d - \tfrac{bc}{a} \right)", "=", "ad - bc", font_size=46
        )
        self.letters[0].set_color(U_COLOUR)
        self.letters[2].set_color(V_COLOUR)
        self.letters[4].set_color(AREA)
        products = f"{A:g} * {self.bracket(D)} - {self.bracket(B)} * {self.bracket(C)}".replace("*", r"\cdot")
        determinant = round(A * D - B * C, 4) + 0.0
        self.numbers = MathTex(r"\det =", products, "=", f"{determinant:g}", font_size=46)
        self.numbers[3].set_color(AREA)
        formulas = VGroup(self.letters, self.numbers).arrange(DOWN, buff=0.35)
        formulas.scale_to_fit_width(min(formulas.width, 5 if self.wide else 4.2))
        if self.wide or config.frame_height > 1.2 * config.frame_width:
            VGroup(self.matrices, formulas).arrange(DOWN, buff=0.6).move_to(self.panel_at)
        else:
            VGroup(self.matrices.scale_to_fit_width(2.8), formulas).arrange(RIGHT, buff=0.4).move_to(
                self.panel_at
            )

    @staticmethod
    def bracket(value):
        return f"{value:g}" if value >= 0 else f"({value:g})"

    def show_matrix(self):
        self.panel()
        self.shape = self.figure(self.u, self.v)
        area, *arrows = self.shape
        self.play(Write(self.title), run_time=1.2)
        self.play(FadeIn(self.plane), FadeIn(self.matrices), run_time=0.8)
        self.play(*[FadeIn(arrow) for arrow in arrows], run_time=0.8)
        self.say("Its columns span a parallelogram")
        self.play(FadeIn(area), run_time=0.8)
        self.add(self.shape)
        self.wait(0.5)

    def shear_v(self):
        self.say("Slide the far side: same base and height")
        along = self.line(self.v, self.u)
        self.v = np.array([0, self.height])
        self.play(FadeIn(along), run_time=0.4)
        self.play(Transform(self.shape, self.figure(self.u, self.v)), run_time=2)
        self.play(FadeOut(along), run_time=0.4)

    def shear_u(self):
        self.say("Slide the right side down: the same again")
        along = self.line(self.u, UP[:2])
        self.u = np.array([A, 0])
        self.play(FadeIn(along), run_time=0.4)
        self.play(Transform(self.shape, self.figure(self.u, self.v)), run_time=1.6)
        self.play(FadeOut(along), run_time=0.4)

    def line(self, through, direction):
        """The dashed line that a side slides along, as far as the grid goes."""
        point, step = self.plane.c2p(*through), self.plane.c2p(*direction) - self.plane.c2p(0, 0)
        step = normalize(step) * 20
        whole = Line(point - step, point + step)
        half = np.array([self.plane.width, self.plane.height]) / 2
        inside = [
            p
            for p in (whole.point_from_proportion(k) for k in np.linspace(0, 1, 801))
            if np.all(np.abs(p[:2] - self.plane.get_center()[:2]) <= half)
        ]
        return DashedLine(inside[0], inside[-1], color=GREY_A, stroke_width=2)

    def count(self):
        flat = abs(self.height) < 1e-9
        self.say("Flat: the area is zero" if flat else "A rectangle: its area is base times height")
        base = Line(self.plane.c2p(0, 0), self.plane.c2p(A, 0))
        side = Line(self.plane.c2p(A, 0), self.plane.c2p(A, self.height))
        marks = VGroup()
        for line, text, colour, where in (
            (base, "a", U_COLOUR, DOWN if self.height >= 0 else UP),
            (side, r"d - \tfrac{bc}{a}", V_COLOUR, RIGHT),
        ):
            if line.get_length() > 0.4:
                brace = Brace(line, where, buff=0.1, color=colour)
                label = MathTex(text, font_size=40, color=colour).next_to(brace, where, buff=0.1)
                marks.add(VGroup(brace, label.set_stroke(BLACK, 6, background=True)))
        self.play(LaggedStart(*[FadeIn(mark) for mark in marks], lag_ratio=0.5), run_time=1.2)
        self.play(FadeIn(self.letters[:4]), run_time=0.8)
        self.play(FadeIn(self.letters[4]), run_time=0.8)
        self.wait(0.5)
        if self.height < 0:
            self.say("Negative: the corner order was flipped")
        self.play(Write(self.numbers), run_time=1)
        self.play(Create(SurroundingRectangle(self.numbers, color=AREA, buff=0.15)), run_time=0.6)
        self.wait(2)

    def say(self, text):
        """Change the line below the title."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), run_time=0.7)
        self.wait(0.3)
