from manim import *

SPEED = 0.5
FREQUENCY = 440.0

REST, TRIP = 7, 9  # how many waves the source sends at rest, and then on its way


class DopplerEffect(Scene):
    def construct(self):
        self.wide = config.frame_width > config.frame_height
        self.tall = config.frame_width < config.frame_height
        self.clock = ValueTracker(0)  # in periods of the source
        self.caption = VGroup()

        # A band for the waves, with someone who listens at either end
        title = self.lines(44, WHITE, "Why does a siren change", "its pitch as it passes?")
        title.to_edge(UP, buff=1.2 if self.tall else 0.45)
        self.wavelength = 0.75 if self.wide else 0.55
        self.reach = 1.7 if self.wide else 1.9 if self.tall else 1.1
        self.middle = (1 if self.wide else 2.2 if self.tall else 0.95) * UP
        self.end = config.frame_width / 2 - 0.7
        listeners = VGroup(*[Dot(self.middle + s * self.end * RIGHT, radius=0.2) for s in (-1, 1)])
        listeners.set_color_by_gradient(RED_B, BLUE_B)
        names = self.names()
        source = Dot(self.source(0), radius=0.17, color=YELLOW)
        source.add_updater(lambda m: m.move_to(self.source(self.clock.get_value())))

        self.play(Write(title), run_time=1.5)
        self.play(FadeIn(listeners, names), GrowFromCenter(source), run_time=1)
        self.add(always_redraw(self.waves), source)
        self.say("At rest, the waves are", "equally long on both sides")
        self.play(self.clock.animate.set_value(REST), run_time=3.5, rate_func=linear)
        self.say("On its way, the source", "runs after its own waves")
        self.play(self.clock.animate.set_value(REST + TRIP), run_time=5, rate_func=linear)
        self.show_frequencies(names)

    def source(self, time):
        """Return where the source is at a time."""
        step = SPEED * self.wavelength
        return self.middle + step * (max(0, time - REST) - TRIP / 2) * RIGHT

    def waves(self):
        """Return the crests that are on their way, each a circle about the place that it was sent from."""
        now = self.clock.get_value()
        crests = VGroup()
        for sent in range(int(now) + 1):
            centre, radius = self.source(sent), (now - sent) * self.wavelength
            half = np.arcsin(min(1, self.reach / max(radius, 0.01)))  # what of the circle is in the band
            for middle, sign, color in ((0, 1, BLUE_B), (PI, -1, RED_B)):
                if radius > 0 and sign * centre[0] + radius < self.end - 0.2:
                    crests.add(Arc(radius, middle - half, 2 * half, arc_center=centre, color=color, stroke_width=3))
        return crests

    def names(self):
        """Return the heads of three columns below the waves."""
        names = VGroup()
        for name, x, color in (("behind", -1, RED_B), ("at the source", 0, YELLOW), ("ahead", 1, BLUE_B)):
            place = self.middle + (self.reach + 0.4) * DOWN + x * (self.end - 0.6) * RIGHT
            names.add(Text(name, font_size=28, color=color).move_to(place))
        return names

    def show_frequencies(self, names):
        """Say what each of the two hears, and why."""
        self.say("Ahead, the waves are shorter:", "more of them arrive each second")
        facts = VGroup()
        formulas = (r"\frac{f}{1 + v/c}", "f", r"\frac{f}{1 - v/c}")
        factors = (1 / (1 + SPEED), 1, 1 / (1 - SPEED))
        for name, formula, factor in zip(names, formulas, factors, strict=True):
            rows = VGroup(
                MathTex(formula, font_size=44 if self.tall else 40),
                MathTex(rf"{FREQUENCY * factor:.0f}\,\mathrm{{Hz}}", font_size=44, color=name.get_color()),
            )
            for row, gap in zip(rows, (0.95, 1.85) if self.tall else (0.75, 1.45), strict=True):
                row.move_to(name.get_center() + gap * DOWN)
            facts.add(rows)
        self.play(LaggedStart(*[FadeIn(fact, shift=0.3 * UP) for fact in facts], lag_ratio=0.4), run_time=2)
        self.wait(1)
        self.say(f"The source moves at v = {SPEED:g} c,", "where c is the speed of the waves")
        self.wait(2)

    def say(self, *parts):
        """Change the caption."""
        new = self.lines(32, GREY_A, *parts).to_edge(DOWN, buff=1.2 if self.tall else 0.4)
        self.play(FadeOut(self.caption), run_time=0.3)
        self.play(FadeIn(new), run_time=0.7)
        self.caption = new

    def lines(self, size, color, *parts):
        if self.wide:
            parts = [" ".join(parts)]
        text = VGroup(*[Text(part, font_size=size, color=color) for part in parts]).arrange(DOWN, buff=0.15)
        return text.scale_to_fit_width(min(text.width, config.frame_width - 1))
