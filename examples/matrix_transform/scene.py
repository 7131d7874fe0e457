from manim import *

A = 2.0
B = -1.0
C = 1.0
D = 1.0


class MatrixTransform(Scene):
    def construct(self):
        W, H = config.frame_width, config.frame_height
        I_COLOUR, J_COLOUR, AREA = TEAL, ORANGE, YELLOW
        matrix = np.array([[A, B], [C, D]])

        # where things go
        if W > 1.2 * H:
            w, h, middle, panel_at = 7.6, 5.6, LEFT * 2.7 + DOWN * 0.75, RIGHT * 4.05 + DOWN * 0.75
        elif H > 1.2 * W:
            w, h, middle, panel_at = 7.0, 7.0, UP * 1.7, DOWN * 4.4
        else:
            w, h, middle, panel_at = 4.1, 5.6, LEFT * 1.6 + DOWN * 0.75, RIGHT * 2.15 + DOWN * 0.75

        self.title = Tex("What does a matrix do?", font_size=52).to_edge(UP, buff=0.5)
        self.caption = VGroup()

        # one unit as long as the picture allows
        tips = np.array([[1, 1], [A, C], [B, D], [A + B, C + D]])
        unit = min(1.1, (w / 2 - 0.6) / np.abs(tips[:, 0]).max(), (h / 2 - 0.6) / np.abs(tips[:, 1]).max())
        step = 1 if unit > 0.45 else 2  # a coarser grid when the unit is short
        t = ValueTracker(0)

        def current():
            return np.eye(2) + t.get_value() * (matrix - np.eye(2))

        def place(x, y):
            return middle + unit * (x * RIGHT + y * UP)

        def clip(start, direction):
            """The part of a line that lies inside the picture, or nothing."""
            low, high = -1e3, 1e3
            for k, half in ((0, w / 2 / unit), (1, h / 2 / unit)):
                if abs(direction[k]) > 1e-6:
                    ends = sorted([(-half - start[k]) / direction[k], (half - start[k]) / direction[k]])
                    low, high = max(low, ends[0]), min(high, ends[1])
                elif abs(start[k]) > half:
                    return None
            if low >= high or high - low > 999:
                return None
            return place(*(start + low * direction)), place(*(start + high * direction))

        def grid(m, colour, width):
            lines = VMobject(color=colour, stroke_width=width)
            for k in range(-15, 16):
                for column in (0, 1):
                    ends = clip(step * k * m[:, column], m[:, 1 - column])
                    if ends:
                        lines.start_new_path(ends[0]).add_line_to(ends[1])
            return lines

        def arrow(column, colour):
            tip = current()[:, column]
            if np.linalg.norm(tip) < 0.05:
                return Dot(place(0, 0), color=colour)
            limits = {"max_stroke_width_to_length_ratio": 12, "max_tip_length_to_length_ratio": 0.4}
            return Arrow(place(0, 0), place(*tip), buff=0, color=colour, tip_length=0.22, **limits)

        def square():
            m = current()
            corners = [place(*c) for c in ([0, 0], m[:, 0], m[:, 0] + m[:, 1], m[:, 1])]
            return Polygon(*corners, color=AREA, stroke_width=2).set_fill(AREA, 0.35)

        def beside(label, column):
            """Put a label to the side of its vector's tip that faces away from the other vector."""
            m = current()
            tip = m[:, column]
            away = tip / max(np.linalg.norm(tip), 0.05)
            turn = 1 if (np.linalg.det(m) >= 0) == (column == 1) else -1
            side = turn * np.array([-away[1], away[0]])
            x, y = 0.32 * side + 0.1 * away
            label.move_to(place(*tip) + x * RIGHT + y * UP)

        still = grid(np.eye(2), GREY_D, 1)
        moving = grid(current(), BLUE_D, 2)
        area = square()
        i_arrow, j_arrow = arrow(0, I_COLOUR), arrow(1, J_COLOUR)
        i_label = MathTex(r"\hat\imath", color=I_COLOUR, font_size=44).set_stroke(BLACK, 6, background=True)
        j_label = MathTex(r"\hat\jmath", color=J_COLOUR, font_size=44).set_stroke(BLACK, 6, background=True)
        beside(i_label, 0)
        beside(j_label, 1)

        # the panel
        table = Matrix([[f"{A:g}", f"{B:g}"], [f"{C:g}", f"{D:g}"]], h_buff=1.4)
        table.scale_to_fit_width(min(table.width, 2.9))
        table.get_columns()[0].set_color(I_COLOUR)
        table.get_columns()[1].set_color(J_COLOUR)
        area_name = Tex("area =", font_size=44, color=AREA)
        area_value = DecimalNumber(1, num_decimal_places=2, font_size=44, color=AREA)
        size = VGroup(area_name, area_value).arrange(RIGHT, buff=0.2, aligned_edge=DOWN)
        determinant = float(np.linalg.det(matrix))
        rule = MathTex(r"\det", "=", "ad - bc", font_size=44)
        result = MathTex(r"\det", "=", f"{round(determinant, 2) + 0.0:g}", font_size=56)
        result[2].set_color(AREA)
        VGroup(table, size, rule, result).arrange(DOWN, buff=0.55).move_to(panel_at)
        size.shift(LEFT * 0.1)

        # the plane before
        self.play(Write(self.title), run_time=1.4)
        self.play(FadeIn(still, moving), run_time=0.8)
        self.play(FadeIn(i_arrow, j_arrow, i_label, j_label), run_time=0.8)
        self.say("Its columns tell where the arrows land", FadeIn(table))
        self.play(Indicate(table.get_columns()[0], 1.2, I_COLOUR), run_time=0.8)
        self.play(Indicate(table.get_columns()[1], 1.2, J_COLOUR), run_time=0.8)
        self.say("Follow the unit square, of area 1", FadeIn(area, size))
        self.bring_to_front(i_arrow, j_arrow, i_label, j_label)
        self.wait(0.5)

        # the transformation
        self.say("The whole plane follows the two arrows")
        left = area_value.get_corner(DL)
        area_value.add_updater(lambda m: m.set_value(abs(np.linalg.det(current()))).move_to(left, DL))
        moving.add_updater(lambda m: m.become(grid(current(), BLUE_D, 2)))
        area.add_updater(lambda m: m.become(square()))
        i_arrow.add_updater(lambda m: m.become(arrow(0, I_COLOUR)))
        j_arrow.add_updater(lambda m: m.become(arrow(1, J_COLOUR)))
        i_label.add_updater(lambda m: beside(m, 0))
        j_label.add_updater(lambda m: beside(m, 1))
        self.play(t.animate.set_value(1), run_time=3.5)
        for part in (moving, area, i_arrow, j_arrow, i_label, j_label, area_value):
            part.clear_updaters()
        self.wait(0.8)

        # the result
        if abs(determinant) < 1e-9:
            ending = "Area 0: the plane is squashed flat"
        elif determinant < 0:
            ending = "The minus sign: the plane was flipped"
        else:
            ending = r"Every area is multiplied by $\det$"
        self.say(ending, FadeIn(rule))
        self.play(FadeIn(result, shift=UP * 0.2), run_time=0.8)
        self.play(Create(SurroundingRectangle(result, color=AREA, buff=0.2)), run_time=0.6)
        self.wait(2)

    def say(self, text, *animations):
        """Change the line below the title while something else happens."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), *animations, run_time=0.8)
        self.wait(0.3)
