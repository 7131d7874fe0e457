from manim import *

ANGLE = "60"

COS, SIN = BLUE, ORANGE
SPECIAL = [0, 30, 45, 60, 90, 120, 135, 150, 180, 210, 225, 240, 270, 300, 315, 330]


def exact(value):
    """The exact name of a sine or cosine of a special angle; its square is a whole number of quarters."""
    names = ["0", r"\tfrac{1}{2}", r"\tfrac{\sqrt{2}}{2}", r"\tfrac{\sqrt{3}}{2}", "1"]
    quarters = round(4 * value**2)
    return ("-" if value < 0 and quarters else "") + names[quarters]


class UnitCircle(Scene):
    def construct(self):
        self.title = Tex("Which sines and cosines are exact?", font_size=46).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        self.arrange_frame()
        self.draw_circle()
        self.half_a_square()
        self.half_a_triangle()
        self.reflect()
        self.chosen_angle()

    def arrange_frame(self):
        """Choose the circle and the place of the table: beside it, or below it in portrait."""
        W, H = config.frame_width, config.frame_height
        if W > 1.2 * H:
            self.radius, self.middle, self.panel_at = 2.1, LEFT * 3.2 + DOWN * 0.85, RIGHT * 3.2 + DOWN * 0.85
        elif H > 1.2 * W:
            self.radius, self.middle, self.panel_at = 2.7, UP * 1.5, DOWN * 4.2
        else:
            self.radius, self.middle, self.panel_at = 1.65, LEFT * 1.35 + DOWN * 0.7, RIGHT * 2.3 + DOWN * 0.7

    def point(self, degrees, radius=1.0):
        angle = degrees * DEGREES
        return self.middle + radius * self.radius * np.array([np.cos(angle), np.sin(angle), 0])

    def row(self, degrees):
        """One line of the table: the angle, its cosine and its sine."""
        angle = degrees * DEGREES
        cells = [rf"{degrees}^\circ", exact(np.cos(angle)), exact(np.sin(angle))]
        colours = [WHITE, COS, SIN]
        return [MathTex(text, font_size=44, color=c) for text, c in zip(cells, colours, strict=True)]

    def triangle(self, degrees):
        """The triangle below a point of the circle: radius, cosine along the axis, sine upwards."""
        tip, foot = self.point(degrees), self.point(0, np.cos(degrees * DEGREES))
        return VGroup(
            Polygon(self.middle, foot, tip, stroke_width=0).set_fill(YELLOW, 0.15),
            Line(self.middle, tip, color=WHITE),
            Line(self.middle, foot, color=COS, stroke_width=7),
            Line(foot, tip, color=SIN, stroke_width=7),
            Dot(tip, color=YELLOW),
        )

    def draw_circle(self):
        reach = 1.1 * self.radius
        axes = VGroup(
            Line(self.middle + reach * LEFT, self.middle + reach * RIGHT),
            Line(self.middle + reach * DOWN, self.middle + reach * UP),
        ).set_stroke(GREY_C, 2)
        circle = Circle(self.radius, color=GREY_A, stroke_width=3).move_to(self.middle)
        head = [
            Tex("angle", font_size=40),
            Tex("cos", font_size=40, color=COS),
            Tex("sin", font_size=40, color=SIN),
        ]
        cells = [*head, *self.row(30), *self.row(45), *self.row(60)]
        self.table = VGroup(*cells).arrange_in_grid(4, 3, buff=(0.5, 0.4)).move_to(self.panel_at)
        self.table[2].align_to(self.table[1], DOWN)  # else the dot of the i pushes it down
        self.rows = {degrees: self.table[3 * k : 3 * k + 3] for k, degrees in enumerate((0, 30, 45, 60))}
        self.play(Write(self.title), run_time=1.4)
        self.play(Create(axes), Create(circle), run_time=1.2)
        self.play(FadeIn(self.rows[0]), run_time=0.6)

    def half_a_square(self):
        self.say("$45^\\circ$: half a square whose diagonal is 1")
        whole = [self.middle, self.point(0, np.cos(PI / 4)), self.point(45), self.point(90, np.cos(PI / 4))]
        square = DashedVMobject(Polygon(*whole, color=GREY_A), num_dashes=30)
        self.shape = self.triangle(45)
        self.play(Create(square), run_time=0.8)
        self.play(FadeIn(self.shape), run_time=0.8)
        self.play(FadeIn(self.rows[45], shift=UP * 0.2), run_time=0.8)
        self.wait(0.6)
        self.play(FadeOut(square), run_time=0.4)

    def half_a_triangle(self):
        self.say("$30^\\circ$, $60^\\circ$: half a triangle with equal sides 1")
        for degrees, third in ((60, 0), (30, -30)):
            corners = [self.middle, self.point(third), self.point(degrees)]
            whole = DashedVMobject(Polygon(*corners, color=GREY_A), num_dashes=30)
            self.play(Transform(self.shape, self.triangle(degrees)), run_time=0.8)
            self.play(Create(whole), FadeIn(self.rows[degrees], shift=UP * 0.2), run_time=0.8)
            self.wait(0.6)
            self.play(FadeOut(whole), run_time=0.3)

    def reflect(self):
        self.say("Mirrored, they give all the others")
        dots = VGroup(*[Dot(self.point(d), radius=0.06, color=YELLOW) for d in SPECIAL])
        labels = VGroup(
            *[
                MathTex(rf"{d}^\circ", font_size=26).move_to(self.point(d, 1 + 0.38 / self.radius))
                for d in SPECIAL
            ]
        )
        pairs = [FadeIn(VGroup(dot, label)) for dot, label in zip(dots, labels, strict=True)]
        self.play(FadeOut(self.shape), run_time=0.4)
        self.play(LaggedStart(*pairs, lag_ratio=0.15), run_time=2.2)
        self.wait(0.5)

    def chosen_angle(self):
        degrees = int(ANGLE)
        self.say("Only the signs change between quarters")
        shape = self.triangle(degrees)
        angle, cosine, sine = self.row(degrees)
        result = VGroup(
            MathTex(rf"\cos {degrees}^\circ = {cosine.tex_string}", font_size=56, color=COS),
            MathTex(rf"\sin {degrees}^\circ = {sine.tex_string}", font_size=56, color=SIN),
        ).arrange(DOWN, buff=0.5, aligned_edge=LEFT)
        result.scale_to_fit_width(min(result.width, 2.9 if config.frame_width == 8 else 5)).move_to(
            self.panel_at
        )
        self.play(FadeOut(self.table), FadeIn(shape[0], shape[1], shape[4]), run_time=0.8)
        self.play(Create(shape[2]), FadeIn(result[0]), run_time=0.9)
        self.play(Create(shape[3]), FadeIn(result[1]), run_time=0.9)
        self.wait(2)

    def say(self, text):
        """Change the line below the title."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), run_time=0.7)
        self.wait(0.3)
