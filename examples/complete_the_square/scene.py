from manim import *

EQUATION = "1,6,-7"

_, B, C = [float(part) for part in EQUATION.split(",")]
X_COLOUR, B_COLOUR, CORNER = BLUE, GREEN, YELLOW


class CompleteTheSquare(Scene):
    def construct(self):
        self.title = MathTex(rf"\text{{Solve }} {self.left()} = {-C:g}", font_size=48).to_edge(UP, buff=0.5)
        self.caption = VGroup()
        self.arrange_frame()
        self.write_lines()
        self.areas()
        self.cut_and_move()
        self.fill_corner()
        self.take_root()

    @staticmethod
    def left():
        return f"x^2 + {B:g}x" if B != 1 else "x^2 + x"

    def arrange_frame(self):
        """Choose the lengths of x and b/2 in the picture (x is not known yet) and the place of the lines."""
        W, H = config.frame_width, config.frame_height
        if W > 1.2 * H:
            self.x, self.half, middle = 2.6, 1.1, LEFT * 3.4 + DOWN * 1
            self.panel_at, self.panel_width = RIGHT * 3.4 + DOWN * 0.8, 5.8
        elif H > 1.2 * W:
            self.x, self.half, middle = 3.2, 1.3, UP * 1.9
            self.panel_at, self.panel_width = DOWN * 3.6, 6.4
        else:
            self.x, self.half, middle = 1.7, 0.75, LEFT * 1.5 + DOWN * 0.9
            self.panel_at, self.panel_width = RIGHT * 1.95 + DOWN * 0.8, 3.3
        self.corner = middle + np.array([-(self.x + 2 * self.half) / 2, (self.x + self.half) / 2, 0])

    def area(self, left, top, width, height, colour):
        """A rectangle at a place that is measured from the upper left corner of the picture."""
        shape = Rectangle(width=width, height=height, color=colour, stroke_width=3).set_fill(colour, 0.5)
        return shape.move_to(self.corner + RIGHT * left + DOWN * top, aligned_edge=UL)

    def write_lines(self):
        half, corner = B / 2, B**2 / 4
        total = corner - C
        root = np.sqrt(total)
        exact = abs(root - round(root, 4)) < 1e-9
        name = f"{root:g}" if exact else rf"\sqrt{{{total:g}}}"
        ends = f"x = {root - half + 0.0:.4g}", f"x = {-root - half:.4g}"
        sign = "" if exact else r"\approx"
        lines = [
            [f"{self.left()} =", f"{-C:g}"],
            [self.left(), f"+ {corner:g}", "=", f"{-C:g}", f"+ {corner:g}"],
            [rf"(x + {half:g})^2", "=", f"{total:g}"],
            [f"x + {half:g}", "=", rf"\pm {name}"],
            [
                rf"{ends[0].replace('=', sign or '=')} \quad \text{{or}} \quad {ends[1].replace('=', sign or '=')}"
            ],
        ]
        self.lines = VGroup(*[MathTex(*parts, font_size=48) for parts in lines])
        self.lines[1][1].set_color(CORNER)
        self.lines[1][4].set_color(CORNER)
        if self.panel_width < 4:  # the long line needs two
            self.lines[1][2:].next_to(self.lines[1][:2], DOWN, buff=0.25)
        for line in self.lines:
            line.scale_to_fit_width(min(line.width, self.panel_width))
        self.lines.arrange(DOWN, buff=0.42).move_to(self.panel_at)

    def areas(self):
        x, b = self.x, 2 * self.half
        self.x_square = self.area(0, 0, x, x, X_COLOUR)
        self.strip = self.area(x, 0, b, x, B_COLOUR)
        names = [("x^2", self.x_square), (f"{B:g}x" if B != 1 else "x", self.strip)]
        self.names = VGroup(*[MathTex(text, font_size=48).move_to(shape) for text, shape in names])
        self.play(Write(self.title), run_time=1.2)
        self.say("Draw the left side as areas")
        self.play(FadeIn(self.x_square, self.names[0]), run_time=0.8)
        self.play(FadeIn(self.strip, self.names[1]), FadeIn(self.lines[0]), run_time=0.8)
        side = MathTex("x", font_size=44, color=X_COLOUR).next_to(self.x_square, LEFT, buff=0.15)
        self.top = VGroup(
            MathTex("x", font_size=44, color=X_COLOUR).next_to(self.x_square, UP, buff=0.15),
            MathTex(f"{B:g}", font_size=44, color=B_COLOUR).next_to(self.strip, UP, buff=0.15),
        )
        self.play(FadeIn(side, self.top), run_time=0.6)
        self.wait(0.4)

    def cut_and_move(self):
        x, h = self.x, self.half
        self.say("Cut the strip in half, move one half below")
        first, second = self.area(x, 0, h, x, B_COLOUR), self.area(x + h, 0, h, x, B_COLOUR)
        half = f"{B / 2:g}"
        self.add(first, second)
        self.remove(self.strip)
        size = 48 if len(half) < 2 else 34
        label = MathTex(f"{half}x", font_size=size).move_to(first)
        above = MathTex(half, font_size=44, color=B_COLOUR).next_to(first, UP, buff=0.15)
        self.play(
            FadeOut(self.names[1], self.top[1]),
            FadeIn(above, label),
            second.animate.shift(RIGHT * 0.2),
            run_time=0.8,
        )
        target = second.copy().rotate(-PI / 2).move_to(self.area(0, x, x, h, B_COLOUR))
        self.play(Transform(second, target, path_arc=-PI / 2), run_time=1.6)
        below = MathTex(f"{half}x", font_size=size).move_to(second)
        beside = MathTex(half, font_size=44, color=B_COLOUR).next_to(second, LEFT, buff=0.15)
        self.play(FadeIn(below, beside), run_time=0.5)
        self.wait(0.3)

    def fill_corner(self):
        self.say("A corner is missing: add it on both sides")
        corner = self.area(self.x, self.x, self.half, self.half, CORNER)
        name = MathTex(f"{B**2 / 4:g}", font_size=44)
        name.scale_to_fit_width(min(name.width, 0.8 * self.half)).move_to(corner)
        self.play(GrowFromCenter(corner), FadeIn(name), run_time=0.9)
        self.play(FadeIn(self.lines[1], shift=UP * 0.2), run_time=0.8)
        self.wait(0.5)
        whole = self.area(0, 0, self.x + self.half, self.x + self.half, WHITE).set_fill(opacity=0)
        self.say(f"Now it is one square of side $x + {B / 2:g}$")
        self.play(Create(whole), FadeIn(self.lines[2], shift=UP * 0.2), run_time=1)
        self.wait(0.4)

    def take_root(self):
        self.say("Take the root: the equation is solved")
        self.play(FadeIn(self.lines[3], shift=UP * 0.2), run_time=0.8)
        self.play(FadeIn(self.lines[4], shift=UP * 0.2), run_time=0.8)
        self.play(Create(SurroundingRectangle(self.lines[4], color=CORNER, buff=0.15)), run_time=0.6)
        self.wait(2)

    def say(self, text):
        """Change the line below the title."""
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.caption = Tex(text, font_size=36, color=GREY_A).next_to(self.title, DOWN, buff=0.3)
        self.play(FadeIn(self.caption), run_time=0.7)
        self.wait(0.3)
