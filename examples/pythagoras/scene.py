from manim import *

LEG_A = 3.0
LEG_B = 4.0


class Pythagoras(Scene):
    def construct(self):
        W, H = config.frame_width, config.frame_height
        A, B, C = BLUE, ORANGE, YELLOW  # one colour for each side
        self.title = MathTex(r"\text{Why is }", "a^2", "+", "b^2", "=", "c^2", r"\text{?}", font_size=52)
        self.title[1].set_color(A)
        self.title[3].set_color(B)
        self.title[5].set_color(C)
        self.title.to_edge(UP, buff=0.5)
        self.caption = VGroup()

        # two big squares: side by side, or one below the other in portrait
        wide = W > 1.2 * H
        if wide:
            size, first, second, formula_y = 3.9, LEFT * 3.2 + UP * 0.1, RIGHT * 3.2 + UP * 0.1, -3.05
        elif H > 1.2 * W:
            size, first, second, formula_y = 4.1, UP * 2.9, DOWN * 2.2, -5.6
        else:
            size, first, second, formula_y = 2.8, LEFT * 1.7 + UP * 0.45, RIGHT * 1.7 + UP * 0.45, -2.5

        unit = size / (LEG_A + LEG_B)
        a, b = LEG_A * unit, LEG_B * unit

        def point(x, y):
            return first + np.array([x - size / 2, y - size / 2, 0])

        def area(colour, *corners):
            return Polygon(*[point(*c) for c in corners], color=colour, stroke_width=2).set_fill(colour, 0.55)

        def triangle(*corners):
            return Polygon(*[point(*c) for c in corners], color=WHITE, stroke_width=2).set_fill(GREY_D, 1)

        def inside(text, colour, square, outside):
            """The name of a square, beside it when it is too small to hold it."""
            label = MathTex(text, color=colour, font_size=48 if square.width > 1.1 else 32)
            if square.width > 0.7:
                return label.set_color(WHITE).move_to(square)
            return label.next_to(square, outside, buff=0.1)

        s = size
        t1 = triangle((0, 0), (a, 0), (0, b))
        t2 = triangle((s, 0), (s, a), (a, 0))
        t3 = triangle((s, s), (b, s), (s, a))
        t4 = triangle((0, s), (0, b), (b, s))
        c_square = area(C, (a, 0), (s, a), (b, s), (0, b))
        a_square = area(A, (0, b), (a, b), (a, s), (0, s))
        b_square = area(B, (a, 0), (s, 0), (s, b), (a, b))

        def name(text, colour, start, end, side):
            middle = (point(*start) + point(*end)) / 2
            return MathTex(text, color=colour, font_size=40).next_to(middle, side, buff=0.18)

        a_label = name("a", A, (0, 0), (a, 0), DOWN)
        b_label = name("b", B, (0, 0), (0, b), LEFT)
        c_label = name("c", C, (a, 0), (0, b), UR)
        others = VGroup(name("b", B, (a, 0), (s, 0), DOWN), name("a", A, (0, b), (0, s), LEFT))

        # one triangle
        self.play(Write(self.title), run_time=1.2)
        self.say(f"A right triangle with legs {LEG_A:g} and {LEG_B:g}", Create(t1))
        self.play(FadeIn(a_label, b_label, c_label), run_time=0.8)
        self.wait(0.6)

        # four of them
        self.say("Four copies leave a tilted square of side $c$", FadeOut(c_label))
        corners = [point(s, 0), point(s, s), point(0, s)]
        grow = [GrowFromPoint(t, corner) for t, corner in zip((t2, t3, t4), corners, strict=True)]
        self.play(LaggedStart(*grow, lag_ratio=0.4), run_time=1.6)
        c_name = MathTex("c^2", font_size=56).move_to(c_square)
        self.play(FadeIn(c_square, c_name, others), run_time=0.9)
        self.wait(0.8)

        # the same square again, rearranged
        move = second - first
        triangles = VGroup(t1, t2, t3, t4)
        frame = Square(size, color=WHITE, stroke_width=2).move_to(second)
        copies = triangles.copy().shift(move)
        labels = VGroup(a_label, b_label, *others).copy().shift(move)
        self.say("Slide the same four triangles together", FadeIn(frame, copies, labels))
        self.play(copies[2].animate.shift(LEFT * b + DOWN * a), run_time=1)
        self.play(copies[1].animate.shift(UP * b), copies[3].animate.shift(RIGHT * a), run_time=1)
        a_square.shift(move)
        b_square.shift(move)
        a_name, b_name = inside("a^2", A, a_square, UP), inside("b^2", B, b_square, RIGHT)
        self.play(FadeIn(a_square, a_name), run_time=0.7)
        self.play(FadeIn(b_square, b_name), run_time=0.7)
        self.wait(0.6)

        # the result
        self.say("Same big square, same triangles: equal rest")
        formula = MathTex("a^2", "+", "b^2", "=", "c^2", font_size=60)
        formula[0].set_color(A)
        formula[2].set_color(B)
        formula[4].set_color(C)
        total = LEG_A**2 + LEG_B**2
        root = round(total**0.5, 2)
        sign = "=" if abs(root**2 - total) < 1e-9 else r"\approx"
        numbers = MathTex(rf"{LEG_A:g}^2 + {LEG_B:g}^2 = {total:.6g} {sign} {root:g}^2", font_size=44)
        result = VGroup(formula, numbers).arrange(RIGHT if wide else DOWN, buff=1.2 if wide else 0.4)
        result.move_to(UP * formula_y)
        self.play(Indicate(a_square, 1.06, A), Indicate(b_square, 1.06, B), FadeIn(formula[:3]), run_time=1.2)
        self.play(Indicate(c_square, 1.06, C), FadeIn(formula[3:]), run_time=1.2)
        self.play(FadeIn(numbers), run_time=0.8)
        self.wait(2)

    def say(self, text, *animations):
        """Change the line below the title while something else happens."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), *animations, run_time=1)
        self.wait(0.3)
