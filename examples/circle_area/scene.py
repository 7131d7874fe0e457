from manim import *

SECTORS = 16
COLOUR = "#58C4DD"


class CircleArea(Scene):
    def construct(self):
        W, H = config.frame_width, config.frame_height
        self.title = Tex(r"Why is the area of a circle $\pi r^2$?", font_size=48)
        self.title.to_edge(UP, buff=0.5)
        self.caption = VGroup()

        # where things go: side by side when wide, one below the other otherwise
        if W > 1.2 * H:
            R, circle_at = 1.95, LEFT * 4.3 + DOWN * 0.5
            row_at, formula_at = RIGHT * 2.1 + UP * 0.3, RIGHT * 2.1 + DOWN * 2.7
        elif H > 1.2 * W:
            R, circle_at = 2.0, UP * 2.3
            row_at, formula_at = LEFT * 0.35 + DOWN * 1.9, DOWN * 5.2
        else:
            R, circle_at = 1.35, LEFT * 1.9 + UP * 0.85
            row_at, formula_at = LEFT * 0.3 + DOWN * 1.7, RIGHT * 1.75 + UP * 0.85

        light = ManimColor(COLOUR)
        dark = light.darker(0.45)

        def wedge(apex, angle, count, colour, line=1.5):
            piece = Sector(radius=R, angle=TAU / count, start_angle=angle - PI / count)
            piece.set_fill(colour, 1).set_stroke(BLACK, line)
            return piece.shift(apex)

        def places(count):
            """For every sector: (start angle, apex in the row, angle in the row)."""
            half = count // 2
            w, h = 2 * R * np.sin(PI / count), R * np.cos(PI / count)
            left = row_at + LEFT * w * (half + 0.5) / 2
            low = [
                (PI + (i + 0.5) * TAU / count, left + RIGHT * w * (i + 0.5) + UP * h / 2, 1.5 * PI)
                for i in range(half)
            ]
            high = [
                (PI - (i + 0.5) * TAU / count, left + RIGHT * w * (i + 1) + DOWN * h / 2, 0.5 * PI)
                for i in range(half)
            ]
            return low, high

        def fly(piece, place, colour):
            start, apex, angle = place

            def step(mob, a):
                at, turn = interpolate(circle_at, apex, a), interpolate(start, angle, a)
                mob.become(wedge(at, turn, count, colour))

            return UpdateFromAlphaFunc(piece, step, run_time=1.2)

        # the question
        disc = Circle(R, color=WHITE, stroke_width=3).set_fill(light, 0.4).move_to(circle_at)
        radius = Line(circle_at, circle_at + RIGHT * R, color=YELLOW)
        r_label = MathTex("r", color=YELLOW, font_size=44).next_to(radius, UP, buff=0.12)
        self.play(Write(self.title), run_time=1.5)
        self.play(DrawBorderThenFill(disc), run_time=1)
        self.play(Create(radius), FadeIn(r_label), run_time=0.7)
        self.wait(0.6)

        # cut
        self.play(FadeOut(radius, r_label), run_time=0.4)
        count = 2 * (SECTORS // 2)
        low, high = places(count)
        low_pieces = VGroup(*[wedge(circle_at, p[0], count, dark) for p in low])
        high_pieces = VGroup(*[wedge(circle_at, p[0], count, light) for p in high])
        rim = Circle(R, color=WHITE, stroke_width=3).move_to(circle_at)
        self.add(rim, low_pieces, high_pieces)
        self.remove(disc)
        self.say(f"Cut it into {count} sectors", FadeIn(low_pieces), FadeIn(high_pieces))
        self.wait(0.5)

        # rearrange
        self.say("Lay one half in a row, fit in the other")
        lag = 1.5 / count
        low_moves = [fly(low_pieces[i], low[i], dark) for i in range(count // 2)]
        high_moves = [fly(high_pieces[i], high[i], light) for i in range(count // 2)]
        self.play(LaggedStart(*reversed(low_moves), lag_ratio=lag))
        self.play(LaggedStart(*reversed(high_moves), lag_ratio=lag))
        self.wait(0.3)

        # the limit
        many = 120
        low, high = places(many)
        fine = VGroup(*[wedge(p[1], p[2], many, dark, 0.3) for p in low])
        fine.add(*[wedge(p[1], p[2], many, light, 0.3) for p in high])
        self.say("The more sectors, the straighter: a rectangle", FadeIn(fine))
        self.play(FadeOut(low_pieces, high_pieces), run_time=0.3)
        base = Line(ORIGIN, RIGHT * PI * R).next_to(fine, DOWN, buff=0)
        width = Brace(base, DOWN, buff=0.12, color=GREEN)
        width_label = MathTex(r"\pi r", color=GREEN, font_size=44).next_to(width, DOWN, buff=0.12)
        side = Brace(fine, RIGHT, buff=0.12, color=YELLOW)
        side_label = MathTex("r", color=YELLOW, font_size=44).next_to(side, RIGHT, buff=0.12)
        radius = Line(circle_at, circle_at + RIGHT * R, color=YELLOW)
        r_label = MathTex("r", color=YELLOW, font_size=44).next_to(radius, UP, buff=0.12)
        lower_rim = Arc(R, PI, PI, arc_center=circle_at, color=GREEN, stroke_width=7)
        rim_label = MathTex(r"\pi r", color=GREEN, font_size=44).next_to(circle_at + DOWN * R, UP, buff=0.25)

        # its sides
        self.say("Its base is half the rim, its height the radius", Create(lower_rim), FadeIn(rim_label))
        self.play(GrowFromCenter(width), FadeIn(width_label), run_time=0.8)
        self.play(Create(radius), FadeIn(r_label), GrowFromCenter(side), FadeIn(side_label), run_time=0.8)
        self.wait(0.6)

        # the result
        formula = MathTex("A", "=", r"\pi r", r"\cdot", "r", font_size=60)
        formula[2].set_color(GREEN)
        formula[4].set_color(YELLOW)
        result = MathTex("A", "=", r"\pi r^2", font_size=72)
        formula.move_to(formula_at)
        result.move_to(formula_at)
        self.play(
            FadeIn(formula[:2]),
            TransformFromCopy(width_label, formula[2]),
            FadeIn(formula[3]),
            TransformFromCopy(side_label, formula[4]),
            run_time=1.2,
        )
        self.wait(0.6)
        self.play(
            ReplacementTransform(formula[:2], result[:2]),
            ReplacementTransform(formula[2:], result[2]),
            FadeOut(self.caption),
            run_time=1,
        )
        self.play(Create(SurroundingRectangle(result, color=light, buff=0.25)), run_time=0.6)
        self.wait(2)

    def say(self, text, *animations):
        """Change the line below the title while something else happens."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), *animations, run_time=1)
        self.wait(0.5)
