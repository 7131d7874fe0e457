from manim import *

ILL = 10.0
FOUND = 80.0
FALSE_ALARMS = 10.0

ILL_COLOUR, HEALTHY_COLOUR = ORANGE, BLUE


class BayesAreas(Scene):
    def construct(self):
        self.ill, self.found, self.false = ILL / 100, FOUND / 100, FALSE_ALARMS / 100
        self.title = Tex("The test is positive. Am I ill?", font_size=48).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        self.arrange_frame()
        self.everybody()
        self.positives()
        self.compare()
        self.answer()

    def arrange_frame(self):
        """Choose the square of all people and the place of the sums: beside it, or below it."""
        W, H = config.frame_width, config.frame_height
        if W > 1.2 * H:
            side, middle, self.panel_at, self.panel_width = (
                4.3,
                LEFT * 3.6 + DOWN * 1.1,
                RIGHT * 3.2 + DOWN * 0.9,
                5.8,
            )
        elif H > 1.2 * W:
            side, middle, self.panel_at, self.panel_width = 5, UP * 1.5, DOWN * 3.9, 6.8
        else:
            side, middle, self.panel_at, self.panel_width = 2.7, UP * 0.05, DOWN * 2.6, 5.4
        self.square = Square(side, color=WHITE, stroke_width=3).move_to(middle)

    def part(self, left, right, height, colour, opacity):
        """A rectangle on the bottom of the square, measured in shares of its sides."""
        side, corner = self.square.width, self.square.get_corner(DL)
        area = Rectangle(width=side * (right - left), height=side * height, color=colour, stroke_width=2)
        return area.set_fill(colour, opacity).move_to(corner + RIGHT * side * left, aligned_edge=DL)

    def everybody(self):
        self.play(Write(self.title), run_time=1.4)
        self.play(Create(self.square), run_time=0.8)
        self.say("The square stands for everybody")
        self.columns = VGroup(
            self.part(0, self.ill, 1, ILL_COLOUR, 0.2), self.part(self.ill, 1, 1, HEALTHY_COLOUR, 0.2)
        )
        ill = Tex(rf"ill: {ILL:g}\%", font_size=34, color=ILL_COLOUR)
        ill.next_to(self.square, UP, buff=0.15).align_to(self.square, LEFT)
        healthy = Tex(rf"healthy: {100 - ILL:g}\%", font_size=34, color=HEALTHY_COLOUR)
        healthy.next_to(self.square, UP, buff=0.15).align_to(self.square, RIGHT)
        healthy.shift(RIGHT * max(0, ill.get_right()[0] + 0.3 - healthy.get_left()[0])).align_to(ill, UP)
        self.play(FadeIn(self.columns[0], ill), run_time=0.8)
        self.play(FadeIn(self.columns[1], healthy), run_time=0.8)
        self.wait(0.5)

    def positives(self):
        self.true_part = self.part(0, self.ill, self.found, ILL_COLOUR, 0.75)
        self.false_part = self.part(self.ill, 1, self.false, HEALTHY_COLOUR, 0.75)
        for text, part, side, share, colour in (
            (rf"Of the ill the test finds {FOUND:g}\%", self.true_part, LEFT, FOUND, ILL_COLOUR),
            (
                rf"It also alarms {FALSE_ALARMS:g}\% of the healthy",
                self.false_part,
                RIGHT,
                FALSE_ALARMS,
                HEALTHY_COLOUR,
            ),
        ):
            self.say(text)
            edge = Line(part.get_corner(DOWN + side), part.get_corner(UP + side))
            brace = Brace(edge, side, buff=0.1, color=colour) if edge.get_length() > 0.3 else edge
            label = Tex(rf"{share:g}\%", font_size=34, color=colour).next_to(brace, side, buff=0.12)
            self.play(GrowFromEdge(part, DOWN), run_time=0.9)
            self.play(FadeIn(brace, label), run_time=0.5)
            self.wait(0.4)

    def panel(self):
        self.true_share, self.false_share = self.ill * self.found, (1 - self.ill) * self.false
        answer = self.true_share / (self.true_share + self.false_share)
        lines = VGroup(
            MathTex(
                r"\text{ill and positive: }",
                rf"{self.ill:.3g} \cdot {self.found:.3g} = {self.true_share:.3g}",
                font_size=42,
                color=ILL_COLOUR,
            ),
            MathTex(
                r"\text{healthy and positive: }",
                rf"{1 - self.ill:.3g} \cdot {self.false:.3g} = {self.false_share:.3g}",
                font_size=42,
                color=HEALTHY_COLOUR,
            ),
            MathTex(
                r"P(\text{ill} \mid +) =",
                rf"\frac{{{self.true_share:.3g}}}{{{self.true_share:.3g} + {self.false_share:.3g}}}",
                rf"\approx {100 * answer:.0f}\%",
                font_size=48,
            ),
        )
        lines[:2].scale(min(1, self.panel_width / lines[1].width))  # the second one is the longest
        lines[2].scale_to_fit_width(min(lines[2].width, self.panel_width))
        return lines.arrange(DOWN, buff=0.35).move_to(self.panel_at)

    def compare(self):
        self.say("A positive test: only these people are left")
        self.lines = self.panel()
        self.play(self.columns.animate.set_fill(opacity=0.04), run_time=0.9)
        self.play(FadeIn(self.lines[0]), Indicate(self.true_part, 1.05, ILL_COLOUR), run_time=1)
        self.play(FadeIn(self.lines[1]), Indicate(self.false_part, 1.05, HEALTHY_COLOUR), run_time=1)
        self.wait(0.5)

    def answer(self):
        self.say("Which share of them is ill?")
        self.play(FadeIn(self.lines[2][:2], shift=UP * 0.2), run_time=0.9)
        self.wait(0.3)
        self.play(FadeIn(self.lines[2][2]), run_time=0.7)
        self.play(Create(SurroundingRectangle(self.lines[2], color=WHITE, buff=0.15)), run_time=0.6)
        self.wait(2)

    def say(self, text):
        """Change the line below the title."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), run_time=0.7)
        self.wait(0.4)
