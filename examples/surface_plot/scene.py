from manim import *

SURFACE = "saddle"

# Each surface as a formula and as a function of x and y, which go from -2 to 2
SURFACES = {
    "saddle": ("x^2 - y^2", lambda x, y: x**2 - y**2),
    "paraboloid": ("x^2 + y^2", lambda x, y: x**2 + y**2),
    "waves": (r"\sin 2x \,\cos 2y", lambda x, y: np.sin(2 * x) * np.cos(2 * y)),
    "hill": ("e^{-x^2 - y^2}", lambda x, y: np.exp(-(x**2) - y**2)),
    "ripple": (r"\cos\bigl(2\sqrt{x^2 + y^2}\bigr)", lambda x, y: np.cos(2 * np.hypot(x, y))),
}


class SurfacePlot(ThreeDScene):
    def construct(self):
        self.wide = config.frame_width > config.frame_height
        self.tall = config.frame_width < config.frame_height
        formula, self.height = SURFACES[SURFACE]
        self.caption = VGroup()
        title = MathTex("z =", formula, font_size=64).to_edge(UP, buff=1.4 if self.tall else 0.45)
        title[1].set_color(YELLOW)

        span = np.linspace(-2, 2, 41)
        heights = [self.height(x, y) for x in span for y in span]
        names = self.build_axes(np.floor(min(*heights, 0)), np.ceil(max(heights)))
        zoom = 0.95 if self.wide else 1.05 if self.tall else 0.8
        self.set_camera_orientation(phi=65 * DEGREES, theta=-60 * DEGREES, zoom=zoom)
        self.renderer.camera.light_source.move_to(12 * DOWN + 6 * LEFT + 2 * OUT)
        plane, surface = self.surface(lambda x, y: 0), self.surface(self.height)
        colors = [(BLUE_E, min(heights)), (TEAL_E, (min(heights) + max(heights)) / 2), (YELLOW_E, max(heights))]
        surface.set_fill_by_value(axes=self.axes, colorscale=colors, axis=2)

        self.show(title, Write(title), run_time=1.5)
        self.add_fixed_orientation_mobjects(*names)  # they face the camera
        self.remove(*names)
        self.play(Create(self.axes), FadeIn(names), run_time=1)
        self.say("Over every point (x, y)", "of a plane")
        self.play(FadeIn(plane), run_time=1)
        self.say("a point at the height z", "makes a surface")
        self.play(Transform(plane, surface), run_time=2)
        self.wait(0.5)
        self.go_round()

    def go_round(self):
        """Look at the surface from all sides, and from above."""
        self.say("Blue is low,", "yellow is high")
        self.move_camera(theta=120 * DEGREES, run_time=4.5)
        self.say("Seen from above, colours", "show the height like a map")
        self.move_camera(phi=0, theta=-90 * DEGREES, run_time=2)
        self.wait(1)
        self.say("Every point of the plane", "has one height")
        self.move_camera(phi=60 * DEGREES, theta=-50 * DEGREES, run_time=1.5)
        self.wait(2)

    def build_axes(self, low, high):
        """Make axes that hold heights in this range, and return their names."""
        self.axes = ThreeDAxes(
            x_range=[-2, 2, 1],
            y_range=[-2, 2, 1],
            z_range=[low, high, 1],
            x_length=4.6,
            y_length=4.6,
            z_length=2.8,
            tips=False,
            axis_config={"color": GREY_B, "include_ticks": False},
        )
        self.axes.shift(-self.axes.c2p(0, 0, (low + high) / 2))
        ends = [(2.25, 0, 0), (0, 2.25, 0), (0, 0, high + 0.1 * (high - low))]
        return VGroup(
            *[MathTex(name, font_size=40).move_to(self.axes.c2p(*end)) for name, end in zip("xyz", ends, strict=True)]
        )

    def surface(self, height):
        return Surface(
            lambda x, y: self.axes.c2p(x, y, height(x, y)),
            u_range=[-2, 2],
            v_range=[-2, 2],
            resolution=14,
            checkerboard_colors=[TEAL_E, TEAL_D],
            fill_opacity=1,
            stroke_width=0,
        )

    def show(self, text, animation, run_time):
        """Play something that stays flat on the screen, whatever the camera does."""
        self.add_fixed_in_frame_mobjects(text)
        self.remove(text)
        self.play(animation, run_time=run_time)

    def say(self, *parts):
        """Change the caption."""
        new = self.lines(32, GREY_A, *parts).to_edge(DOWN, buff=1.2 if self.tall else 0.4)
        if len(self.caption):
            self.play(FadeOut(self.caption), run_time=0.3)
        self.show(new, FadeIn(new), run_time=0.6)
        self.caption = new

    def lines(self, size, color, *parts):
        if self.wide:
            parts = [" ".join(parts)]
        text = VGroup(*[Text(part, font_size=size, color=color) for part in parts]).arrange(DOWN, buff=0.15)
        return text.scale_to_fit_width(min(text.width, config.frame_width - 1))
