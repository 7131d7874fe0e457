import math

from manim import *

FUNCTION = "sin"
TERMS = 5


class TaylorSeries(Scene):
    def construct(self):
        W, H = config.frame_width, config.frame_height
        wide, tall = W > 1.2 * H, H > 1.2 * W
        CURVE, POLYNOMIAL = BLUE, ORANGE

        # name: (function, degrees of the terms, sign of a term, x from, to, y from, to)
        reach = 7 if wide else 5
        functions = {
            "sin": (np.sin, [2 * k + 1 for k in range(TERMS)], -1, -reach, reach, -2.4, 2.4),
            "cos": (np.cos, [2 * k for k in range(TERMS)], -1, -reach, reach, -2.4, 2.4),
            "exp": (np.exp, list(range(TERMS)), 1, -4.5, 3.5, -2, 8),
        }
        f, degrees, sign, left, right, low, high = functions[FUNCTION]
        name = {"sin": r"\sin x", "cos": r"\cos x", "exp": "e^x"}[FUNCTION]

        # where things go
        if wide:
            size, graph_at, formula_at = (12.8, 3.9), UP * 0.25, DOWN * 2.85
        elif tall:
            size, graph_at, formula_at = (7, 6.4), UP * 1.7, DOWN * 4.1
        else:
            size, graph_at, formula_at = (7, 3.4), UP * 0.6, DOWN * 2.4

        self.title = MathTex(name, r"\text{ as a sum of powers}", font_size=50).to_edge(UP, buff=0.5)
        self.title[0].set_color(CURVE)
        self.caption = VGroup()
        axes = Axes(
            x_range=[left - 0.3, right + 0.3, 1],
            y_range=[low, high, 1],
            x_length=size[0],
            y_length=size[1],
            axis_config={"color": GREY_B, "include_ticks": False, "tip_width": 0.18, "tip_height": 0.18},
        ).move_to(graph_at)

        def graph(function, colour):
            """The part of a graph around 0 that lies between low and high."""
            ends = []
            for end in (left, right):
                xs = np.linspace(0, end, 300)
                inside = (function(xs) >= low) & (function(xs) <= high)
                ends.append(xs[-1] if inside.all() else xs[np.argmin(inside) - 1])
            step = (ends[1] - ends[0]) / 80
            return axes.plot(function, x_range=[*ends, step], color=colour, stroke_width=5)

        def polynomial(count):
            def p(x):
                terms = [sign**k * x**d / math.factorial(d) for k, d in enumerate(degrees[:count])]
                return sum(terms) + 0 * x

            return p

        def term(k, d):
            power = {0: "1", 1: "x"}.get(d, rf"\frac{{x^{{{d}}}}}{{{d}!}}")
            return power if k == 0 else ("+" if sign**k > 0 else "-") + power

        formula = MathTex(name, r"\approx", *[term(k, d) for k, d in enumerate(degrees)], font_size=46)
        formula[0].set_color(CURVE)
        if not tall:
            formula.scale_to_fit_width(min(formula.width, W - 1))
        elif formula.width > W - 1:
            formula[5:].next_to(formula[2:5], DOWN, buff=0.3, aligned_edge=LEFT)
        degree_name = Tex("degree", font_size=44, color=POLYNOMIAL)
        degree_value = Integer(degrees[0], font_size=44, color=POLYNOMIAL)
        degree = VGroup(degree_name, degree_value).arrange(RIGHT, buff=0.2)
        degree_value.align_to(degree_name[0][0], DOWN)
        if wide:
            VGroup(formula, degree).arrange(RIGHT, buff=1).move_to(formula_at)
        else:
            VGroup(degree, formula).arrange(DOWN, buff=0.8 if tall else 0.4).move_to(formula_at)

        # the function
        curve = graph(f, CURVE)
        self.play(Write(self.title), run_time=1.4)
        self.play(Create(axes), run_time=0.8)
        self.play(Create(curve), run_time=1.2)
        self.wait(0.3)

        # the first term
        self.say("Start with one term")
        current = graph(polynomial(1), POLYNOMIAL)
        formula[2].set_color(POLYNOMIAL)
        self.play(FadeIn(formula[:3]), FadeIn(degree_name, degree_value), Create(current), run_time=1.2)
        self.wait(0.8)

        # one term after the other
        self.say("Each new term bends it onto the curve")
        for k in range(1, TERMS):
            new = formula[2 + k].set_color(POLYNOMIAL)
            old = formula[1 + k]
            self.play(FadeIn(new, shift=UP * 0.2), old.animate.set_color(WHITE), run_time=0.6)
            degree_value.set_value(degrees[k])
            self.play(Transform(current, graph(polynomial(k + 1), POLYNOMIAL)), run_time=1.1)
            self.wait(0.3)

        # the result
        self.say("More terms: the match reaches further", formula[-1].animate.set_color(WHITE))
        self.play(Create(SurroundingRectangle(formula, color=POLYNOMIAL, buff=0.2)), run_time=0.8)
        self.wait(2)

    def say(self, text, *animations):
        """Change the line below the title while something else happens."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.25)
        self.play(FadeIn(self.caption), *animations, run_time=0.8)
        self.wait(0.3)
