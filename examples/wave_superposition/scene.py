from manim import *

FREQUENCY_1 = 4.0
FREQUENCY_2 = 5.0
PHASE = 0.0
DIRECTION = "same"


class WaveSuperposition(Scene):
    def construct(self):
        self.wide = config.frame_width > config.frame_height
        self.tall = config.frame_width < config.frame_height
        self.clock = ValueTracker(0)
        colours = [BLUE, YELLOW, GREEN]

        # Three places, one below the other: two waves and their sum, at the same scale
        self.title = self.lines(44, WHITE, "Two waves meet:", "what is their sum?")
        self.title.to_edge(UP, buff=1.2 if self.tall else 0.45)
        self.axes = [self.panel(1), self.panel(1), self.panel(2)]
        body = VGroup(*self.axes).arrange(DOWN, buff=0.5 if self.tall else 0.2)
        body.next_to(self.title, DOWN, buff=0.8 if self.tall else 0.3).set_x(0.5)
        names = [MathTex(*parts, font_size=44) for parts in (["y_1"], ["y_2"], ["y_1", r"+\,y_2"])]
        names[2].arrange(DOWN, buff=0.1, aligned_edge=LEFT)
        for name, axes, color in zip(names, self.axes, colours, strict=True):
            name.set_color(color).next_to(axes, LEFT, buff=0.25)
        curves = [self.curve(i, color) for i, color in enumerate(colours)]
        self.caption = VGroup()

        self.play(Write(self.title), run_time=1.5)
        for i in (0, 1):
            self.play(Create(self.axes[i]), FadeIn(names[i]), Create(curves[i]), run_time=1.2)
        self.say("At every place,", "add the two heights", Create(self.axes[2]), FadeIn(names[2]))
        self.add_up(curves[2], colours)

        # Time goes on, and the sum with it
        for i, curve in enumerate(curves):
            curve.add_updater(lambda m, i=i: m.become(self.curve(i, colours[i])))
        self.add(*curves)
        self.say("Now the waves move")
        self.play(self.clock.animate.set_value(0.75), run_time=6, rate_func=linear)
        self.say(*self.result())
        self.wait(2.5)

    def panel(self, size):
        """Return axes for heights up to this size; one unit is as high in all of them."""
        return Axes(
            x_range=[0, 1, 1],
            y_range=[-size, size, 1],
            x_length=config.frame_width - 2.2,
            y_length=size * (1.2 if self.wide else 1.76 if self.tall else 1),
            tips=False,
            axis_config={"color": GREY_D, "include_ticks": False},
        )

    def wave(self, i, x):
        """Return the height of a wave, or of their sum, now and at this place."""
        t = self.clock.get_value()
        if i == 0:
            return np.sin(TAU * FREQUENCY_1 * (x - t))
        if i == 1:
            way = 1 if DIRECTION == "same" else -1
            return np.sin(TAU * FREQUENCY_2 * (x - way * t) + PHASE * DEGREES)
        return self.wave(0, x) + self.wave(1, x)

    def curve(self, i, color):
        points = [self.axes[i].c2p(x, self.wave(i, x)) for x in np.linspace(0, 1, 241)]
        return VMobject(color=color, stroke_width=4).set_points_as_corners(points)

    def add_up(self, total, colours):
        """Move along the waves, put one height on the other, and leave the sum behind."""
        place = ValueTracker(0)

        def rods():
            x = place.get_value()
            ends = [(0, 0, self.wave(0, x)), (1, 0, self.wave(1, x))]
            ends += [(2, 0, self.wave(0, x)), (2, self.wave(0, x), self.wave(2, x))]
            rods = VGroup()
            for (i, low, high), color in zip(ends, [*colours[:2], *colours[:2]], strict=True):
                rods.add(Line(self.axes[i].c2p(x, low), self.axes[i].c2p(x, high), color=color, stroke_width=8))
            return rods.add(Dot(self.axes[2].c2p(x, self.wave(2, x)), color=colours[2]))

        moving = always_redraw(rods)
        self.play(FadeIn(moving), run_time=0.5)
        self.play(place.animate.set_value(1), Create(total), run_time=5, rate_func=linear)
        self.play(FadeOut(moving), run_time=0.5)

    def result(self):
        """Return what there is to see, in two parts."""
        if FREQUENCY_1 != FREQUENCY_2 and DIRECTION == "same":
            return "Strong where crests meet,", "weak where crest meets trough: beats"
        if FREQUENCY_1 != FREQUENCY_2:
            return "The waves pass through each other,", "and everywhere their heights add up"
        if DIRECTION == "opposite":
            return "A standing wave: it swings,", "but it does not travel"
        strength = 2 * abs(np.cos(PHASE * DEGREES / 2))
        if strength < 0.01:
            return "Crest meets trough:", "the waves cancel out"
        return "The same wave again,", f"{strength:.3g} times as high"

    def say(self, *parts_and_animations):
        """Change the caption while something else happens."""
        parts = [part for part in parts_and_animations if isinstance(part, str)]
        animations = [animation for animation in parts_and_animations if not isinstance(animation, str)]
        new = self.lines(32, GREY_A, *parts).to_edge(DOWN, buff=1.2 if self.tall else 0.4)
        self.play(FadeOut(self.caption), run_time=0.3)
        self.play(FadeIn(new), *animations, run_time=0.8)
        self.caption = new

    def lines(self, size, color, *parts):
        if self.wide:
            parts = [" ".join(parts)]
        text = VGroup(*[Text(part, font_size=size, color=color) for part in parts]).arrange(DOWN, buff=0.15)
        return text.scale_to_fit_width(min(text.width, config.frame_width - 1))
