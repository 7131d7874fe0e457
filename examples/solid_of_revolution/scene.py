from fractions import Fraction

from manim import *

SOLID = "paraboloid"

# The radius of each solid over x from 0 to 4: as a formula, and as a function
SOLIDS = {
    "paraboloid": (r"\sqrt{x}", lambda x: np.sqrt(x)),
    "cone": (r"\tfrac{x}{2}", lambda x: x / 2),
    "sphere": (r"\sqrt{4 - (x - 2)^2}", lambda x: np.sqrt(np.maximum(0, 4 - (x - 2) ** 2))),
}


class SolidOfRevolution(ThreeDScene):
    def construct(self):
        self.wide = config.frame_width > config.frame_height
        self.tall = config.frame_width < config.frame_height
        formula, self.radius = SOLIDS[SOLID]
        self.caption = VGroup()
        title = self.lines(44, WHITE, "A curve turns round an axis:", "what is the volume?")
        title.to_edge(UP, buff=1.2 if self.tall else 0.45)
        self.axes = ThreeDAxes(
            x_range=[0, 5, 1],
            y_range=[-2, 2, 1],
            z_range=[-2, 2, 1],
            x_length=5,
            y_length=4,
            z_length=4,
            tips=False,
            axis_config={"color": GREY_B, "include_ticks": False},
        )
        self.axes.shift(0.3 * OUT - self.axes.c2p(2.2, 0, 0))
        zoom = 0.9 if self.wide else 1.15 if self.tall else 0.8
        self.set_camera_orientation(phi=0, theta=-90 * DEGREES, zoom=zoom)
        self.renderer.camera.light_source.move_to(10 * DOWN + 4 * RIGHT + 6 * OUT)

        # Flat at first: the curve, and the area below it
        curve = self.axes.plot(self.radius, x_range=[0, 4, 0.02], color=YELLOW, stroke_width=5)
        area = self.axes.get_area(curve, x_range=(0, 4), color=BLUE, opacity=0.5)
        self.show(title, Write(title), run_time=1.5)
        self.play(Create(self.axes), run_time=0.8)
        self.say(MathTex("y = " + formula, font_size=48, color=YELLOW), Create(curve), FadeIn(area), run_time=1.2)
        self.wait(0.5)

        # It turns, and sweeps out a solid
        self.move_camera(phi=60 * DEGREES, theta=-70 * DEGREES, run_time=1.5)
        turn = ValueTracker(0.02)
        solid = always_redraw(lambda: self.swept(turn.get_value()))
        self.add(solid)
        self.play(turn.animate.set_value(TAU), run_time=3)
        solid.clear_updaters()
        self.slice_up(solid, area, curve, formula)

    def swept(self, angle):
        """Return what the curve sweeps over when it turns by an angle."""

        def point(u, phi):
            x = 2 - 2 * np.cos(u)  # with u the surface has no edge where it is closed
            return self.axes.c2p(x, self.radius(x) * np.cos(phi), self.radius(x) * np.sin(phi))

        steps = max(1, round(16 * angle / TAU))
        look = {"fill_opacity": 0.5, "stroke_width": 0.5, "checkerboard_colors": [BLUE_D, BLUE_E]}
        return Surface(point, u_range=[0, PI], v_range=[0, angle], resolution=(10, steps), **look)

    def slice_up(self, solid, area, curve, formula):
        """Move a disc through the solid, and add up all discs."""
        place = ValueTracker(0.5)

        def disc():
            x = place.get_value()
            disc = Circle(self.radius(x), color=YELLOW).set_fill(YELLOW, 0.7)
            return disc.rotate(PI / 2, UP).move_to(self.axes.c2p(x, 0, 0))

        moving = always_redraw(disc)
        slice_area = MathTex(r"\text{area of a slice: }", r"\pi y^2", font_size=44)
        slice_area[1].set_color(YELLOW)
        self.say(slice_area, FadeOut(area), FadeIn(moving), solid.animate.set_fill(opacity=0.25), run_time=1)
        self.play(place.animate.set_value(3.8), run_time=3)
        self.play(place.animate.set_value(2), run_time=1)

        x = np.linspace(0, 4, 40001)
        volume = Fraction(float(np.trapezoid(self.radius(x) ** 2, x))).limit_denominator(30)
        whole = volume.denominator == 1
        number = str(volume) if whole else rf"\tfrac{{{volume.numerator}}}{{{volume.denominator}}}"
        answer = MathTex(rf"V = \pi\int_0^4 \Bigl({formula}\Bigr)^2 dx =", rf"{number}\,\pi", font_size=46)
        answer[1].set_color(YELLOW)
        self.say(answer, run_time=1.2)
        self.move_camera(theta=-25 * DEGREES, run_time=3)
        self.wait(2)

    def show(self, text, *animations, run_time):
        """Play something that stays flat on the screen, whatever the camera does."""
        self.add_fixed_in_frame_mobjects(text)
        self.remove(text)
        self.play(*animations, run_time=run_time)

    def say(self, new, *animations, run_time):
        """Change the caption while something else happens."""
        new.scale_to_fit_width(min(new.width, config.frame_width - 1)).to_edge(DOWN, buff=1.5 if self.tall else 0.35)
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.show(new, FadeIn(new), *animations, run_time=run_time)
        self.caption = new

    def lines(self, size, color, *parts):
        if self.wide:
            parts = [" ".join(parts)]
        text = VGroup(*[Text(part, font_size=size, color=color) for part in parts]).arrange(DOWN, buff=0.15)
        return text.scale_to_fit_width(min(text.width, config.frame_width - 1))
