from manim import *

TURNS = 1
COLOUR = "#FFD166"


class SineFromCircle(Scene):
    def construct(self):
        W, H = config.frame_width, config.frame_height
        wide, tall = W > 1.2 * H, H > 1.2 * W
        WAVE, ANGLE = ManimColor(COLOUR), BLUE

        # the circle to the left of the wave, or above it
        if wide:
            R, center, origin, length = 1.9, LEFT * 4.6 + DOWN * 0.8, LEFT * 1.9 + DOWN * 0.8, 7.6
            formula_at = RIGHT * 2.2 + UP * 1.9
        elif tall:
            R, center, origin, length = 1.8, UP * 2.9, LEFT * 3.3 + DOWN * 2.1, 6.3
            formula_at = DOWN * 5.3
        else:
            R, center, origin, length = 1.15, LEFT * 2.0 + UP * 1.05, LEFT * 3.3 + DOWN * 2.05, 6.3
            formula_at = RIGHT * 1.75 + UP * 1.05

        self.title = Tex("Where do sine waves come from?", font_size=48).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        end = TAU * TURNS
        angle = ValueTracker(0)

        def rim(t):
            return center + R * (np.cos(t) * RIGHT + np.sin(t) * UP)

        def point(t):
            return origin + length * t / end * RIGHT + R * np.sin(t) * UP

        # the still parts
        circle = Circle(R, color=WHITE, stroke_width=3).move_to(center)
        cross = VGroup(
            Line(center + LEFT * 1.15 * R, center + RIGHT * 1.15 * R),
            Line(center + DOWN * 1.15 * R, center + UP * 1.15 * R),
        ).set_stroke(GREY_C, 2)
        tips = {"color": GREY_C, "buff": 0, "stroke_width": 3, "tip_length": 0.18}
        plot = VGroup(
            Arrow(origin + LEFT * 0.15, origin + RIGHT * (length + 0.35), **tips),
            Arrow(origin + DOWN * 1.15 * R, origin + UP * 1.2 * R, **tips),
        )
        marks = VGroup()
        for k in range(1, 2 * TURNS + 1):
            text = r"\pi" if k == 1 else rf"{k}\pi"
            below = point(k * PI) + DOWN * 0.35 + (LEFT if k % 2 else RIGHT) * 0.28
            marks.add(MathTex(text, font_size=34, color=ANGLE).move_to(below))
        marks.set_stroke(BLACK, 6, background=True)

        # the moving parts
        def build():
            t = angle.get_value()
            radius = Line(center, rim(t), color=WHITE, stroke_width=4)
            foot = np.array([rim(t)[0], center[1], 0])
            height = Line(foot, rim(t), color=WAVE, stroke_width=6)
            copy = Line(point(t) - R * np.sin(t) * UP, point(t), color=WAVE, stroke_width=6)
            arc = Arc(0.3 * R, 0, t % TAU, arc_center=center, color=ANGLE, stroke_width=5)
            run = Line(origin, origin + length * t / end * RIGHT, color=ANGLE, stroke_width=5)
            dots = VGroup(Dot(rim(t), color=WHITE), Dot(point(t), color=WHITE))
            link = DashedLine(rim(t), point(t), color=GREY_B, stroke_width=2) if wide else VGroup()
            wave = VMobject(color=WAVE, stroke_width=5)
            wave.set_points_as_corners([point(s) for s in np.linspace(0, t, 2 + int(20 * t))])
            return VGroup(link, arc, run, radius, height, copy, wave, dots)

        # the circle
        self.play(Write(self.title), run_time=1.4)
        self.play(Create(circle), FadeIn(cross), run_time=1)
        self.say("A point goes round a circle of radius 1")
        angle.set_value(0.9)
        first = build()
        radius, height, arc = first[3], first[4], first[1]
        theta = MathTex(r"\theta", color=ANGLE, font_size=36)
        theta.move_to(center + 0.46 * R * (np.cos(0.42) * RIGHT + np.sin(0.42) * UP))
        self.play(Create(radius), FadeIn(first[7][0]), run_time=0.7)
        self.play(Create(arc), FadeIn(theta), run_time=0.7)
        formula = MathTex(r"\text{height}", "=", r"\sin", r"\theta", font_size=56)
        formula[0].set_color(WAVE)
        formula[3].set_color(ANGLE)
        formula.move_to(formula_at)
        self.say(r"Its height belongs to the angle $\theta$", Create(height), FadeIn(formula))
        self.wait(0.8)

        # the wave
        self.play(FadeOut(radius, height, arc, theta, first[7][0]), run_time=0.4)
        angle.set_value(0)
        self.say("Draw the height over the angle", FadeIn(plot, marks))
        moving = always_redraw(build)
        self.add(moving, marks)
        self.play(angle.animate.set_value(end), run_time=5 + 1.5 * TURNS, rate_func=linear)
        moving.clear_updaters()
        self.wait(0.3)

        # the result
        result = MathTex("y", "=", r"\sin", r"\theta", font_size=72)
        result[0].set_color(WAVE)
        result[3].set_color(ANGLE)
        result.move_to(formula_at)
        self.play(FadeOut(moving[:6], moving[7]), FadeOut(formula), run_time=0.5)
        angle.set_value(0.9)
        last = build()
        last.remove(last[6])
        self.say("One turn of the circle is one wave", FadeIn(result, last, theta))
        self.wait(2)

    def say(self, text, *animations):
        """Change the line below the title while something else happens."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), *animations, run_time=0.8)
        self.wait(0.3)
