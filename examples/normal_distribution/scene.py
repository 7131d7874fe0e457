from manim import *

MEAN = 100.0
DEVIATION = 15.0


class NormalDistribution(Scene):
    def construct(self):
        wide = config.frame_width > config.frame_height
        tall = config.frame_width < config.frame_height
        colors = [BLUE_C, GREEN_C, YELLOW_D]

        def density(x):
            return np.exp(-(x**2) / 2) / np.sqrt(TAU)

        def percent(w):
            x = np.linspace(-w, w, 301)
            return 100 * np.trapezoid(density(x), x)

        title = self.heading("How many values lie", "near the mean?")
        axes = Axes(
            x_range=[-3.5, 3.5, 1],
            y_range=[0, 0.45, 0.45],
            x_length=min(config.frame_width - 1, 11.5),
            y_length=3.1 if wide else 6.2 if tall else 2.5,
            tips=False,
            axis_config={"color": GREY_B},
        )
        axes.y_axis.set_opacity(0)
        names = MathTex(*[f"{MEAN + k * DEVIATION:.4g}" for k in range(-3, 4)], font_size=34)
        for k, name in enumerate(names, -3):
            name.next_to(axes.c2p(k, 0), DOWN, buff=0.25)
        if max(name.width for name in names) > 0.85 * axes.x_axis.unit_size:
            names = names[1::2]
        rows = VGroup(*[self.row(axes, k, c, 0.75 if tall else 0.55) for k, c in enumerate(colors, 1)])
        rows.arrange(DOWN, buff=0.2).next_to(axes.c2p(0, 0), DOWN, buff=0.9)
        VGroup(axes, names, rows).next_to(title, DOWN, buff=1.2 if tall else 0.2)

        # Measured values pile up in the shape of a bell
        values = np.random.default_rng(3).normal(size=3000)
        heights, edges = np.histogram(values, bins=21, range=(-3.5, 3.5), density=True)
        bars = VGroup()
        for height, left, right in zip(heights, edges, edges[1:], strict=False):
            corners = [(left, 0), (left, height), (right, height), (right, 0)]
            bars.add(Polygon(*[axes.c2p(*c) for c in corners]))
        bars.set_style(GREY_B, fill_opacity=0.4, stroke_color=GREY_B, stroke_width=1.5)
        curve = axes.plot(density, color=WHITE)
        self.play(Write(title), run_time=1.5)
        self.play(Create(axes.x_axis), FadeIn(names))
        self.play(LaggedStart(*[GrowFromEdge(b, DOWN) for b in bars], lag_ratio=0.1), run_time=2)
        self.play(Create(curve), run_time=1.2)
        self.play(FadeOut(bars))

        # Its two numbers
        middle = DashedLine(axes.c2p(0, 0), axes.c2p(0, density(0)))
        mu = MathTex(rf"\mu = {MEAN:.4g}", font_size=40).move_to(axes.c2p(-2.4, 0.36))
        arrow = DoubleArrow(axes.c2p(0, 0.242), axes.c2p(1, 0.242), buff=0, tip_length=0.18, stroke_width=4)
        sigma = MathTex(rf"\sigma = {DEVIATION:.4g}", font_size=40).move_to(axes.c2p(2.4, 0.36))
        self.play(Create(middle), FadeIn(mu, shift=0.3 * LEFT))
        self.play(GrowFromPoint(arrow, axes.c2p(0, 0.242)), FadeIn(sigma, shift=0.3 * RIGHT))
        self.wait(1)
        self.play(FadeOut(arrow))

        # The share within 1, 2 and 3 standard deviations
        w = ValueTracker(0)
        area = always_redraw(lambda: self.area(axes, curve, w.get_value(), colors))
        self.add(area, curve, middle)
        for k, (bar, label, share) in enumerate(rows, 1):
            share.set_value(percent(k - 1))
            self.play(FadeIn(label, share), GrowFromCenter(bar), run_time=0.5)
            share.add_updater(lambda m: m.set_value(percent(w.get_value())))
            self.play(w.animate.set_value(k), run_time=1.5)
            share.clear_updaters()
            self.wait(0.8)

        answer = self.heading("The 68–95–99.7 rule")
        self.play(FadeOut(title), run_time=0.5)
        self.play(Write(answer), run_time=1)
        self.wait(2)

    def area(self, axes, curve, w, colors):
        parts = VGroup()
        for k, color in enumerate(colors):
            if w > k:
                for ends in [(k, min(w, k + 1)), (-min(w, k + 1), -k)]:
                    parts.add(axes.get_area(curve, x_range=ends, color=color, opacity=0.6))
        return parts

    def row(self, axes, k, color, height):
        unit = axes.x_axis.unit_size
        size = 42 if unit > 1.5 else 36
        bar = Rectangle(width=2 * k * unit, height=height, color=color, stroke_width=2, fill_opacity=0.3)
        label = MathTex(rf"{k}\sigma:" if k > 1 else r"\sigma:", font_size=size)
        share = DecimalNumber(99.7, num_decimal_places=1, unit=r"\%", font_size=size)
        VGroup(label, share).arrange(RIGHT, buff=0.2).move_to(bar)
        return VGroup(bar, label, share)

    def heading(self, *lines):
        if config.frame_width > config.frame_height:
            lines = [" ".join(lines)]
        text = VGroup(*[Text(line, font_size=44) for line in lines]).arrange(DOWN, buff=0.15)
        return text.to_edge(UP, buff=1.2 if config.frame_width < config.frame_height else 0.45)
