from fractions import Fraction

from manim import *

RATIO = "1/2"

TERMS = 9
FIRST, LAST = BLUE, YELLOW


def tex(fraction):
    if fraction.denominator == 1:
        return str(fraction.numerator)
    return rf"\tfrac{{{fraction.numerator}}}{{{fraction.denominator}}}"


class GeometricSeries(Scene):
    def construct(self):
        self.q = Fraction(RATIO)
        self.share = 1 - self.q  # of what is left, every step takes this share
        self.terms = [self.share * self.q**k for k in range(TERMS)]
        self.colours = color_gradient([FIRST, LAST], TERMS)
        start = " + ".join(tex(term) for term in self.terms[:3])
        self.title = MathTex(rf"\text{{What is }} {start} + \cdots \text{{ ?}}", font_size=46).to_edge(
            UP, buff=0.4
        )
        self.caption = VGroup()
        self.arrange_frame()
        self.whole()
        self.cut()
        self.result(start)

    def arrange_frame(self):
        """Choose the square, and the places of the counter and of the formulas."""
        W, H = config.frame_width, config.frame_height
        if W > 1.2 * H:
            self.side, middle = 4.7, LEFT * 3.6 + DOWN * 0.95
            self.counter_at, self.formula_at, self.formula_width = (
                RIGHT * 2.9 + UP * 0.6,
                RIGHT * 2.9 + DOWN * 1.6,
                6,
            )
        elif H > 1.2 * W:
            self.side, middle = 6.0, UP * 1.7
            self.counter_at, self.formula_at, self.formula_width = DOWN * 2.3, DOWN * 4.6, 6.4
        else:
            self.side, middle = 3.1, LEFT * 1.7 + UP * 0.2
            self.counter_at, self.formula_at, self.formula_width = RIGHT * 1.9 + UP * 0.2, DOWN * 2.6, 6
        self.square = Square(self.side, color=WHITE, stroke_width=3).move_to(middle)
        self.numbers()

    def numbers(self):
        self.sum_value, self.count_value = DecimalNumber(0, 4, font_size=46), Integer(0, font_size=46)
        rows = [
            VGroup(Tex(name, font_size=42), value)
            for name, value in (("terms:", self.count_value), ("sum:", self.sum_value))
        ]
        for row in rows:
            row.arrange(RIGHT, buff=0.25, aligned_edge=DOWN)
        self.counter = VGroup(*rows).arrange(DOWN, buff=0.4, aligned_edge=LEFT).move_to(self.counter_at)

    def whole(self):
        self.play(Write(self.title), run_time=1.5)
        self.play(Create(self.square), run_time=0.8)
        self.say("Start with a square of area 1")
        one = MathTex("1", font_size=64).move_to(self.square)
        self.play(FadeIn(one), run_time=0.5)
        self.wait(0.3)
        self.play(FadeOut(one), FadeIn(self.counter), run_time=0.5)

    def cut(self):
        """Take the same share of what is left, in turns from the left and from below."""
        corner, size = self.square.get_corner(DL), [self.side, self.side]
        share, total = float(self.share), Fraction(0)
        self.pieces = VGroup()
        for k, term in enumerate(self.terms):
            if k in (0, 1, 3):
                self.say(
                    (
                        f"Take ${tex(self.share)}$ of it",
                        f"Take ${tex(self.share)}$ of what is left",
                        "And so on",
                    )[min(k, 2)]
                )
            axis = k % 2
            piece_size = list(size)
            piece_size[axis] *= share
            piece = Rectangle(width=piece_size[0], height=piece_size[1], color=WHITE, stroke_width=1.5)
            piece.set_fill(self.colours[k], 0.6).move_to(corner, aligned_edge=DL)
            corner = corner + (RIGHT, UP)[axis] * piece_size[axis]
            size[axis] *= 1 - share
            total += term
            label = MathTex(tex(term), font_size=48 if min(piece_size) > 1 else 36)
            fits = label.width < 0.8 * piece_size[0] and label.height < 0.8 * piece_size[1]
            self.pieces.add(VGroup(piece, label.move_to(piece)) if fits else VGroup(piece))
            self.count_value.set_value(k + 1)
            self.sum_value.set_value(float(total))
            self.play(FadeIn(self.pieces[-1]), run_time=0.8 if k < 3 else 0.4)
            self.wait(0.4 if k < 3 else 0.1)

    def result(self, start):
        self.say("The pieces fill the square: the sum is 1")
        first = MathTex(start, r"+ \cdots =", "1", font_size=48)
        first[2].set_color(LAST)
        divided = MathTex(
            rf"1 + q + q^2 + \cdots = \frac{{1}}{{1 - q}} = {tex(1 / self.share)}",
            r"\quad q = " + tex(self.q),
            font_size=44,
        )
        both = VGroup(first, divided)
        for line in both:
            line.scale_to_fit_width(min(line.width, self.formula_width))
        both.arrange(DOWN, buff=0.4).move_to(self.formula_at)
        self.play(Indicate(self.square, 1.03, LAST), FadeIn(first), run_time=1.2)
        self.wait(0.8)
        self.say(f"Divide by ${tex(self.share)}$: the rule for every ratio")
        self.play(FadeIn(divided, shift=UP * 0.2), run_time=1)
        self.play(Create(SurroundingRectangle(divided, color=LAST, buff=0.15)), run_time=0.6)
        self.wait(2)

    def say(self, text):
        """Change the line below the title."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.25)
        self.play(FadeIn(self.caption), run_time=0.6)
        self.wait(0.2)
