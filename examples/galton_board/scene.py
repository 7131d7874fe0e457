from math import comb

from manim import *

ROWS = 6
BALLS = 120
SEED = 169

BALL, BARS, EXPECTED = YELLOW, BLUE, ORANGE
WAVES = 4


class GaltonBoard(Scene):
    def construct(self):
        rng = np.random.default_rng(SEED)
        self.turns = rng.random((BALLS, ROWS)) < 0.5  # True: to the right
        self.title = Tex("Where do the balls end?", font_size=48).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        self.arrange_frame()
        self.draw_board()
        self.one_ball()
        self.many_balls()
        self.count_ways()
        self.compare()

    def arrange_frame(self):
        """Choose the board and the place of the formulas: beside it, or below it in portrait."""
        W, H = config.frame_width, config.frame_height
        self.formula_width = 5.6
        if W > 1.2 * H:
            width, pins, self.tallest = 6.4, 2.5, 2.0
            self.base, self.panel_at = LEFT * 3.2 + DOWN * 2.9, RIGHT * 3.5 + DOWN * 0.8
        elif H > 1.2 * W:
            width, pins, self.tallest = 6.8, 3.6, 3.0
            self.base, self.panel_at = DOWN * 2.1, DOWN * 4.8
        else:
            width, pins, self.tallest = 4.4, 2.6, 1.8
            self.base, self.panel_at = LEFT * 1.5 + DOWN * 2.9, RIGHT * 2.3 + DOWN * 0.6
            self.formula_width = 2.8
        self.step = width / (ROWS + 1)  # between two pins, and the width of a bin
        self.drop = pins / ROWS  # between two rows
        self.top = self.base + UP * (self.tallest + pins + 0.15)

    def pin(self, row, k):
        return self.top + self.step * (k - row / 2) * RIGHT + self.drop * row * DOWN

    def bin_at(self, k):
        return self.base + self.step * (k - ROWS / 2) * RIGHT

    def bars(self, counts, colour, opacity):
        """One bar for each bin, as high as its share of the balls."""
        highest = max(comb(ROWS, ROWS // 2) / 2**ROWS, np.bincount(self.turns.sum(axis=1)).max() / BALLS)
        bars = VGroup()
        for k, count in enumerate(counts):
            height = max(self.tallest * count / highest, 0.001)
            bar = Rectangle(width=0.84 * self.step, height=height, color=colour, stroke_width=2)
            bars.add(bar.set_fill(colour, opacity).move_to(self.bin_at(k), aligned_edge=DOWN))
        return bars

    def path(self, turns):
        """The way of one ball from pin to pin into its bin."""
        k, points = 0, [self.top + UP * 0.35]
        for row, right in enumerate(turns):
            points.append(self.pin(row, k) + UP * 0.14)
            k += int(right)
        points += [self.bin_at(k) + UP * (self.tallest + 0.1), self.bin_at(k) + UP * 0.1]
        return VMobject(color=BALL, stroke_width=3).set_points_as_corners(points)

    def draw_board(self):
        pins = VGroup(
            *[Dot(self.pin(r, k), radius=0.05, color=GREY_A) for r in range(ROWS) for k in range(r + 1)]
        )
        ends = [self.bin_at(-0.5), self.bin_at(ROWS + 0.5)]
        self.floor = Line(*ends, color=GREY_B)
        walls = VGroup(
            *[
                Line(self.bin_at(k - 0.5), self.bin_at(k - 0.5) + UP * 0.25, color=GREY_B)
                for k in range(ROWS + 2)
            ]
        )
        self.play(Write(self.title), run_time=1.2)
        self.play(LaggedStart(*[FadeIn(pin, scale=2) for pin in pins], lag_ratio=0.05), run_time=1)
        self.play(Create(self.floor), FadeIn(walls), run_time=0.6)

    def one_ball(self):
        self.say("At every pin left or right, like a coin")
        ball = Dot(radius=0.1, color=BALL).move_to(self.top + UP * 0.35)
        trace = TracedPath(ball.get_center, stroke_color=BALL, stroke_width=3)
        self.play(FadeIn(ball), run_time=0.3)
        self.add(trace)
        self.play(MoveAlongPath(ball, self.path(self.turns[0])), run_time=2, rate_func=linear)
        trace.clear_updaters()
        self.play(FadeOut(ball, trace), run_time=0.4)

    def many_balls(self):
        self.say(f"{BALLS} balls: most end near the middle")
        ends = self.turns.sum(axis=1)
        self.heap = self.bars(np.zeros(ROWS + 1), BARS, 0.6)
        self.add(self.heap)
        for wave in np.array_split(np.arange(BALLS), WAVES):
            balls = [Dot(radius=0.07, color=BALL).move_to(self.top + UP * 0.35) for _ in wave]
            falls = [
                MoveAlongPath(ball, self.path(self.turns[i]), rate_func=rate_functions.ease_in_sine)
                for ball, i in zip(balls, wave, strict=True)
            ]
            shares = np.bincount(ends[: wave[-1] + 1], minlength=ROWS + 1) / BALLS
            self.play(
                LaggedStart(*falls, lag_ratio=0.06),
                Transform(self.heap, self.bars(shares, BARS, 0.6)),
                run_time=1.6,
                rate_func=linear,
            )
            self.remove(*balls)
        self.wait(0.4)

    def count_ways(self):
        self.say("More ways lead to the middle")
        ways = VGroup(*[MathTex(str(comb(ROWS, k)), font_size=32, color=EXPECTED) for k in range(ROWS + 1)])
        for k, number in enumerate(ways):
            number.next_to(self.bin_at(k), DOWN, buff=0.15)
        formulas = VGroup(
            MathTex(r"\text{ways to bin } k:\ \binom{n}{k}", font_size=44, color=EXPECTED),
            MathTex(r"P(k) = \binom{n}{k} \cdot \frac{1}{2^n}", font_size=48),
            MathTex(rf"n = {ROWS}", font_size=44),
        ).arrange(DOWN, buff=0.35)
        formulas.scale_to_fit_width(min(formulas.width, self.formula_width)).move_to(self.panel_at)
        self.formulas = formulas
        self.play(
            LaggedStart(*[FadeIn(number, shift=UP * 0.1) for number in ways], lag_ratio=0.2), run_time=1.4
        )
        self.play(FadeIn(formulas[0], formulas[2]), run_time=0.8)
        self.wait(0.5)

    def compare(self):
        self.say("Counting the ways foretells the heap")
        expected = self.bars([comb(ROWS, k) / 2**ROWS for k in range(ROWS + 1)], EXPECTED, 0)
        self.play(FadeIn(self.formulas[1], shift=UP * 0.2), run_time=0.7)
        self.play(LaggedStart(*[Create(bar) for bar in expected], lag_ratio=0.15), run_time=1.6)
        self.play(Create(SurroundingRectangle(self.formulas[1], color=EXPECTED, buff=0.15)), run_time=0.6)
        self.wait(2)

    def say(self, text):
        """Change the line below the title."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), run_time=0.7)
        self.wait(0.3)
