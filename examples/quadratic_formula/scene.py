from manim import *

EQUATION = "1,-2,-3"

A, B, C = [float(part) for part in EQUATION.split(",")]
CURVE, MIDDLE, STEP, ROOT = BLUE, ORANGE, TEAL, YELLOW


def f(x):
    return A * x**2 + B * x + C


def term(value, power):
    """A term of the equation with its sign, or nothing where the coefficient is 0."""
    size = "" if abs(value) == 1 and power else f"{abs(value):g}"
    return f"{'-' if value < 0 else '+'} {size}{power}" if value else ""


def number(x):
    """A solution as two parts, rounded where it has to be."""
    text = f"{x + 0.0:.3g}"
    return ["x =" if abs(float(text) - x) < 1e-9 else r"x \approx", text]


class QuadraticFormula(Scene):
    def construct(self):
        self.middle = -B / (2 * A) + 0.0
        self.inside = B**2 - 4 * A * C  # the number under the root decides how many solutions there are
        self.reach = np.sqrt(abs(self.inside)) / (2 * A)
        left = f"{term(A, 'x^2')} {term(B, 'x')} {term(C, '')}".removeprefix("+")
        self.title = MathTex(rf"\text{{Where is }} {left} = 0 \text{{ ?}}", font_size=46)
        self.title.scale_to_fit_width(min(self.title.width, config.frame_width - 0.8)).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        self.arrange_frame()
        self.draw_parabola()
        self.axis_of_symmetry()
        self.both_sides()
        self.formula()

    def arrange_frame(self):
        """Choose the piece of the parabola around its axis, and the place of the formulas."""
        W, H = config.frame_width, config.frame_height
        self.panel_width, self.panel_height = 5.4, 4.6
        if W > 1.2 * H:
            size, middle, self.panel_at = (6.4, 4.2), LEFT * 3.3 + DOWN * 0.7, RIGHT * 3.7 + DOWN * 0.7
        elif H > 1.2 * W:
            size, middle, self.panel_at = (6.8, 5.2), UP * 1.7, DOWN * 4
        else:
            size, middle, self.panel_at = (6.6, 2.4), UP * 0.65, DOWN * 2.3
            self.panel_height = 2.6
        half = 1.6 * max(self.reach, 1)
        low, high = f(self.middle), f(self.middle + half)
        low = min(low, 0) - 0.25 * (high - min(low, 0))
        self.axes = Axes(
            x_range=[self.middle - half, self.middle + half],
            y_range=[low, high],
            x_length=size[0],
            y_length=size[1],
            tips=False,
            x_axis_config={"color": GREY_B, "include_ticks": False},
            y_axis_config={"stroke_opacity": 0, "include_ticks": False},
        ).move_to(middle)
        self.curve = self.axes.plot(f, color=CURVE, stroke_width=5)

    def draw_parabola(self):
        self.play(Write(self.title), run_time=1.5)
        self.play(Create(self.axes.x_axis), run_time=0.6)
        self.play(Create(self.curve), run_time=1)
        self.say("Where does the parabola meet the axis?")
        self.wait(0.3)

    def axis_of_symmetry(self):
        self.say(r"It is symmetric about $x = -\frac{b}{2a}$")
        x = self.middle
        top = self.axes.c2p(x, self.axes.y_range[1])
        line = DashedLine(top, self.axes.c2p(x, self.axes.y_range[0]), color=MIDDLE)
        self.foot = Dot(self.axes.c2p(x, 0), color=MIDDLE)
        name = MathTex(f"{x:.3g}", font_size=38, color=MIDDLE).set_stroke(BLACK, 6, background=True)
        name.next_to(top, RIGHT, buff=0.15).align_to(top, UP)
        self.panel()
        self.play(Create(line), FadeIn(self.foot, name), run_time=0.9)
        self.play(FadeIn(self.whole[:3], self.given), run_time=0.6)
        self.wait(0.5)

    def panel(self):
        lines = VGroup(
            MathTex("x", "=", r"\frac{-b}{2a}", r"\pm", r"\frac{\sqrt{b^2 - 4ac}}{2a}", font_size=52),
            MathTex(rf"a = {A:g}, \quad b = {B:g}, \quad c = {C:g}", font_size=40),
            MathTex(rf"b^2 - 4ac = {self.inside:g}", font_size=44, color=STEP),
            MathTex(*self.solution(), font_size=48),
        )
        lines[0][2].set_color(MIDDLE)
        lines[0][3:].set_color(STEP)
        for line in lines:
            line.scale_to_fit_width(min(line.width, self.panel_width))
        lines.arrange(DOWN, buff=0.35)
        lines.scale_to_fit_height(min(lines.height, self.panel_height)).move_to(self.panel_at)
        self.whole, self.given, self.number, self.solutions = lines

    def solution(self):
        """The solutions in numbers, as parts that can be coloured."""
        if self.inside < 0:
            return [r"\text{no real solution}"]
        if self.reach < 1e-9:
            return number(self.middle)
        low, high = [number(self.middle + sign * self.reach) for sign in (-1, 1)]
        return [*low, r"\quad \text{or} \quad", *high]

    def both_sides(self):
        if self.inside < 0:
            self.say("It never meets the axis: the root has no value")
            self.play(Indicate(self.axes.x_axis, 1.02, ROOT), FadeIn(self.whole[3:], self.number), run_time=1)
            self.wait(0.6)
            return
        single = self.reach < 1e-9
        self.say("It touches the axis at one place" if single else "Both solutions lie equally far from it")
        ends = [self.axes.c2p(self.middle + sign * self.reach, 0) for sign in (-1, 1)]
        steps = [Line(self.foot.get_center(), end, color=STEP, stroke_width=8) for end in ends if not single]
        roots = VGroup(*[Dot(end, radius=0.11, color=ROOT) for end in ends])
        if not single:
            self.play(*[Create(step) for step in steps], run_time=1)
        self.play(FadeIn(roots), Flash(roots[0], color=ROOT), Flash(roots[1], color=ROOT), run_time=0.8)
        self.play(FadeIn(self.whole[3:], self.number), run_time=0.8)
        self.names = VGroup()
        for root, side in zip(roots, (LEFT, RIGHT), strict=True):
            value = self.middle + (0 if single else side[0] * self.reach)
            name = MathTex(f"{value + 0.0:.3g}", font_size=38, color=ROOT)
            name.set_stroke(BLACK, 6, background=True)
            self.names.add(name.next_to(root, DOWN + side, buff=0.08))
            if single:
                break
        self.play(FadeIn(self.names), run_time=0.5)
        self.wait(0.5)

    def formula(self):
        self.say("That is what the quadratic formula says")
        for part in self.solutions[1::3]:
            part.set_color(ROOT)
        self.play(Indicate(self.whole, 1.06, WHITE), run_time=0.9)
        self.play(FadeIn(self.solutions, shift=UP * 0.2), run_time=0.8)
        self.play(Create(SurroundingRectangle(self.solutions, color=ROOT, buff=0.15)), run_time=0.6)
        self.wait(2)

    def say(self, text):
        """Change the line below the title."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), run_time=0.7)
        self.wait(0.4)
