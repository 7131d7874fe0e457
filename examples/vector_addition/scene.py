from manim import *

UX = 3.0
UY = 1.0
VX = 1.0
VY = 2.0

U_COLOUR, V_COLOUR, SUM_COLOUR = BLUE, ORANGE, YELLOW


class VectorAddition(Scene):
    def construct(self):
        self.u, self.v = np.array([UX, UY]), np.array([VX, VY])
        self.title = Tex("How do we add two vectors?", font_size=48).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        self.arrange_frame()
        self.two_vectors()
        self.tip_to_tail()
        self.other_way_round()
        self.in_numbers()

    def arrange_frame(self):
        """Choose the grid and its place: the panel stands beside it, or below where the frame is not wide."""
        W, H = config.frame_width, config.frame_height
        if W > 1.2 * H:
            width, height, middle, self.panel_at = 7.4, 5.2, LEFT * 2.9 + DOWN * 0.85, RIGHT * 4 + DOWN * 0.85
        elif H > 1.2 * W:
            width, height, middle, self.panel_at = 7, 7.5, UP * 1.2, DOWN * 4.6
        else:
            width, height, middle, self.panel_at = 7, 3.6, UP * 0.2, DOWN * 2.85
        points = np.array([[0, 0], self.u, self.v, self.u + self.v])
        low, high = np.floor(points.min(axis=0)) - 1, np.ceil(points.max(axis=0)) + 1
        unit = min(width / (high[0] - low[0]), height / (high[1] - low[1]), 1.2)
        self.plane = NumberPlane(
            x_range=[low[0], high[0]],
            y_range=[low[1], high[1]],
            x_length=unit * (high[0] - low[0]),
            y_length=unit * (high[1] - low[1]),
            background_line_style={"stroke_color": GREY_D, "stroke_width": 1},
            axis_config={"stroke_color": GREY_D},
        ).move_to(middle)

    def arrow(self, start, vector, colour):
        """An arrow on the grid, or a dot where it has no length."""
        a, b = self.plane.c2p(*start), self.plane.c2p(*(start + vector))
        if np.linalg.norm(b - a) < 0.1:
            return Dot(a, color=colour)
        limits = {"max_stroke_width_to_length_ratio": 20, "max_tip_length_to_length_ratio": 0.4}
        return Arrow(a, b, buff=0, color=colour, stroke_width=7, tip_length=0.25, **limits)

    def name(self, text, arrow, colour, turn):
        """A label beside the middle of an arrow, on its left (turn 1) or its right (turn -1)."""
        along = arrow.get_end() - arrow.get_start()
        side = rotate_vector(along, turn * PI / 2)
        side = side / np.linalg.norm(side) if np.linalg.norm(side) > 0.1 else DOWN
        label = MathTex(text, color=colour, font_size=44).set_stroke(BLACK, 6, background=True)
        return label.move_to(arrow.get_center() + 0.38 * side)

    def two_vectors(self):
        # u and v bend apart: their names stand on the outer sides
        self.turn = 1 if UX * VY - UY * VX < 0 else -1
        self.u_arrow = self.arrow(np.zeros(2), self.u, U_COLOUR)
        self.v_arrow = self.arrow(np.zeros(2), self.v, V_COLOUR)
        self.u_name = self.name(r"\vec u", self.u_arrow, U_COLOUR, self.turn)
        self.v_name = self.name(r"\vec v", self.v_arrow, V_COLOUR, -self.turn)
        self.play(Write(self.title), run_time=1.2)
        self.play(FadeIn(self.plane), run_time=0.8)
        self.play(GrowFromPoint(self.u_arrow, self.plane.c2p(0, 0)), FadeIn(self.u_name), run_time=0.8)
        self.play(GrowFromPoint(self.v_arrow, self.plane.c2p(0, 0)), FadeIn(self.v_name), run_time=0.8)
        self.wait(0.5)

    def tip_to_tail(self):
        self.say(r"Walk along $\vec u$, and from its tip along $\vec v$")
        moved = self.arrow(self.u, self.v, V_COLOUR)
        moved_name = self.name(r"\vec v", moved, V_COLOUR, self.turn)
        self.ghost = self.v_arrow.copy().set_opacity(0.35)
        self.add(self.ghost, self.v_arrow, self.v_name)
        self.play(Transform(self.v_arrow, moved), Transform(self.v_name, moved_name), run_time=1.5)
        self.sum_arrow = self.arrow(np.zeros(2), self.u + self.v, SUM_COLOUR)
        self.play(GrowFromPoint(self.sum_arrow, self.plane.c2p(0, 0)), run_time=1)
        self.wait(0.6)

    def other_way_round(self):
        self.say(r"The other way round leads to the same point")
        moved = self.arrow(self.v, self.u, U_COLOUR).set_opacity(0.35)
        self.play(self.ghost.animate.set_opacity(0.7), run_time=0.5)
        self.play(TransformFromCopy(self.u_arrow, moved), run_time=1.5)
        tip = Dot(self.plane.c2p(*(self.u + self.v)), color=WHITE, radius=0.09)
        self.play(FadeIn(tip), Flash(tip, color=SUM_COLOUR), run_time=0.8)
        self.wait(0.4)

    def in_numbers(self):
        self.say("So add the coordinates one by one")

        def column(vector):
            return rf"\begin{{pmatrix}} {vector[0]:g} \\ {vector[1]:g} \end{{pmatrix}}"

        total = np.round(self.u + self.v, 6) + 0.0  # + 0.0 turns -0 into 0
        equation = MathTex(column(self.u), "+", column(self.v), "=", column(total), font_size=48)
        for part, colour in zip((0, 2, 4), (U_COLOUR, V_COLOUR, SUM_COLOUR), strict=True):
            equation[part].set_color(colour)
        equation.scale_to_fit_width(min(equation.width, 4.6)).move_to(self.panel_at)
        names = VGroup(self.u_name.copy(), self.v_name.copy())
        for name, part in zip(names, (equation[0], equation[2]), strict=True):
            name.next_to(part, UP, buff=0.15)
        self.play(
            FadeIn(equation[0], names[0], shift=UP * 0.2), Indicate(self.u_arrow, 1.1, U_COLOUR), run_time=0.9
        )
        self.play(
            FadeIn(equation[1:3], names[1], shift=UP * 0.2),
            Indicate(self.v_arrow, 1.1, V_COLOUR),
            run_time=0.9,
        )
        self.play(
            FadeIn(equation[3:], shift=UP * 0.2), Indicate(self.sum_arrow, 1.1, SUM_COLOUR), run_time=0.9
        )
        self.play(Create(SurroundingRectangle(equation[4], color=SUM_COLOUR, buff=0.15)), run_time=0.6)
        self.wait(2)

    def say(self, text):
        """Change the line below the title."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), run_time=0.7)
        self.wait(0.3)
