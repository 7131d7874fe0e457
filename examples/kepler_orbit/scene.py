from manim import *

ECCENTRICITY = 0.6

PARTS = 12


class KeplerOrbit(Scene):
    def construct(self):
        self.wide = config.frame_width > config.frame_height
        self.tall = config.frame_width < config.frame_height
        self.clock = ValueTracker(0)  # in periods, from the point nearest to the Sun
        self.caption = VGroup()

        # An ellipse that fits, with the Sun in one of its foci
        title = self.lines(44, WHITE, "Where is a planet fast,", "and where is it slow?")
        title.to_edge(UP, buff=1.2 if self.tall else 0.45)
        self.flatness = np.sqrt(1 - ECCENTRICITY**2)
        width, height = (11, 4.7) if self.wide else (6.8, 8) if self.tall else (6.8, 4.2)
        self.a = min(width / 2, height / 2 / self.flatness)
        self.middle = (0.25 if self.tall else -0.2) * UP
        orbit = Ellipse(2 * self.a, 2 * self.a * self.flatness, color=GREY_B, stroke_width=3).move_to(self.middle)
        self.sun = self.middle + ECCENTRICITY * self.a * RIGHT
        sun = Dot(self.sun, radius=0.2, color=YELLOW, z_index=2)
        planet = Dot(self.place(0), radius=0.13, color=WHITE, z_index=2)
        ray = Line(self.sun, self.place(0), stroke_width=3, z_index=1)

        self.play(Write(title), run_time=1.5)
        self.play(Create(orbit), GrowFromCenter(sun), run_time=1.2)
        self.say("The orbit is an ellipse,", "with the Sun in a focus", FadeIn(planet), Create(ray))
        planet.add_updater(lambda m: m.move_to(self.place(self.clock.get_value())))
        ray.add_updater(lambda m: m.put_start_and_end_on(self.sun, self.place(self.clock.get_value())))

        # One part for each twelfth of the year, drawn while the planet passes
        self.say("Each part takes the planet", "a twelfth of its year")
        parts = VGroup()
        for n in range(PARTS):
            part = self.part(n / PARTS, lambda n=n: min(self.clock.get_value(), (n + 1) / PARTS))
            part.set_fill(BLUE if n % 2 else TEAL, 0.55)
            parts.add(part)
            self.add(part)
            self.play(self.clock.animate.set_value((n + 1) / PARTS), run_time=0.75, rate_func=linear)
            part.clear_updaters()
        self.compare(parts)

    def compare(self, parts):
        """Set the part nearest to the Sun beside the one that is farthest away."""
        near, far = parts[0], parts[PARTS // 2]
        others = VGroup(*[part for part in parts if part not in (near, far)])
        self.say(
            "Short and wide, or long and thin:",
            "the areas are equal",
            others.animate.set_fill(opacity=0.15),
            near.animate.set_fill(GREEN, 0.8),
            far.animate.set_fill(GREEN, 0.8),
        )
        self.wait(1)
        ratio = (1 + ECCENTRICITY) / (1 - ECCENTRICITY)
        if ratio == 1:
            self.say("On a circle, it is", "equally fast everywhere")
        else:
            self.say("So at its nearest, it is", f"{ratio:.3g} times as fast as at its farthest")
        self.wait(2.5)

    def place(self, time):
        """Return where the planet is after a share of its year, by Kepler's equation M = E - e sin E."""
        mean = TAU * time
        angle = mean + ECCENTRICITY * np.sin(mean)
        for _ in range(12):
            error = angle - ECCENTRICITY * np.sin(angle) - mean
            angle -= error / (1 - ECCENTRICITY * np.cos(angle))
        return self.middle + self.a * np.array([np.cos(angle), self.flatness * np.sin(angle), 0])

    def part(self, start, end):
        """Return what the ray sweeps over from a time on; its end is asked for at every frame."""

        def redraw(part):
            times = np.linspace(start, end(), 24)
            part.set_points_as_corners([self.sun, *[self.place(time) for time in times], self.sun])

        return VMobject(color=WHITE, stroke_width=2).add_updater(redraw, call_updater=True)

    def say(self, *parts_and_animations):
        """Change the caption while something else happens."""
        parts = [part for part in parts_and_animations if isinstance(part, str)]
        animations = [animation for animation in parts_and_animations if not isinstance(animation, str)]
        new = self.lines(32, GREY_A, *parts).to_edge(DOWN, buff=1.2 if self.tall else 0.4)
        self.play(FadeOut(self.caption), run_time=0.3)
        self.play(FadeIn(new), *animations, run_time=0.8)
        self.caption = new
        self.wait(0.7)

    def lines(self, size, color, *parts):
        if self.wide:
            parts = [" ".join(parts)]
        text = VGroup(*[Text(part, font_size=size, color=color) for part in parts]).arrange(DOWN, buff=0.15)
        return text.scale_to_fit_width(min(text.width, config.frame_width - 1))
