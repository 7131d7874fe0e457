from manim import *

FLIPS = 400
HEADS = 0.5
SEED = 16


class CoinFlips(Scene):
    def construct(self):
        wide = config.frame_width > config.frame_height
        tall = config.frame_width < config.frame_height
        rng = np.random.default_rng(SEED)
        flips = rng.random((5, FLIPS)) < HEADS
        heads = flips.cumsum(axis=1)
        share = heads / np.arange(1, FLIPS + 1)

        # The question, and the first ten flips as coins
        title = self.heading("How often does a coin", "land heads?")
        first = flips[0, :10]
        coins = VGroup(*[self.coin(h) for h in first])
        coins.arrange_in_grid(rows=1 if wide else 2, buff=0.3)
        coins.scale_to_fit_width(min(config.frame_width - 1.2, 11.5))
        count = Text(f"{first.sum()} heads in {len(first)} flips", font_size=40)
        count.next_to(coins, DOWN, buff=0.7)
        VGroup(coins, count).move_to(DOWN * 0.4)
        self.play(Write(title), run_time=1.5)
        self.play(LaggedStart(*[FadeIn(c, shift=0.6 * DOWN) for c in coins], lag_ratio=0.25), run_time=2.5)
        self.play(FadeIn(count))
        self.wait(1)

        # Counters and a graph of the running share
        n = ValueTracker(1)

        def index():
            return int(n.get_value()) - 1

        counters = VGroup(
            self.counter("flips", WHITE, 0, lambda: index() + 1),
            self.counter("heads", WHITE, 0, lambda: heads[0, index()]),
            self.counter("share", YELLOW, 3, lambda: share[0, index()]),
        )
        step = next(s for s in (10, 20, 25, 50, 100, 200, 250) if FLIPS / s <= 5)
        axes = Axes(
            x_range=[0, FLIPS, step],
            y_range=[0, 1, 0.25],
            x_length=8.2 if wide else 6,
            y_length=4.5 if wide else 6.6 if tall else 2.9,
            tips=False,
            axis_config={"color": GREY_B, "font_size": 34},
            x_axis_config={
                "numbers_to_include": np.arange(0, FLIPS + 1, step),
                "decimal_number_config": {"num_decimal_places": 0, "group_with_commas": False},
            },
            y_axis_config={
                "numbers_to_include": [0.5, 1],
                "decimal_number_config": {"num_decimal_places": 1},
            },
        )
        x_name = Text("flips", font_size=28, color=GREY_A).next_to(axes.x_axis, DOWN, buff=0.25)
        level = DashedLine(axes.c2p(0, HEADS), axes.c2p(FLIPS, HEADS)).set_z_index(1)
        p = VGroup(DashedLine(ORIGIN, 0.7 * RIGHT), MathTex(f"p = {HEADS:.3g}", font_size=40))
        p.arrange(RIGHT, buff=0.2).move_to(axes.c2p(FLIPS, 0.9 if HEADS <= 0.5 else 0.15), aligned_edge=RIGHT)
        graph = VGroup(axes, x_name, level, p)
        if wide:
            counters.arrange(DOWN, buff=0.55, aligned_edge=LEFT)
            VGroup(counters, graph).arrange(RIGHT, buff=1.1).next_to(title, DOWN, buff=0.5)
        else:
            counters.arrange(RIGHT, buff=1, aligned_edge=UP)
            VGroup(counters, graph).arrange(DOWN, buff=0.9 if tall else 0.35)
            VGroup(counters, graph).next_to(title, DOWN, buff=0.9 if tall else 0.6)
        VGroup(counters, graph).set_x(0)

        runs = [self.path(axes, row) for row in share]
        run = runs[0].copy().set_stroke(YELLOW, width=3).set_z_index(2)
        run.add_updater(lambda m: m.pointwise_become_partial(runs[0], 0, n.get_value() / FLIPS))
        dot = Dot(color=YELLOW, radius=0.1).set_z_index(3)
        dot.add_updater(lambda m: m.move_to(axes.c2p(n.get_value(), share[0, index()])))

        self.play(FadeOut(coins, count))
        self.play(Create(axes), FadeIn(x_name, counters), run_time=1.2)
        self.play(Create(level), FadeIn(p))
        self.add(run, dot)
        self.play(n.animate.set_value(FLIPS), run_time=6.5, rate_func=lambda t: t**2 * (2 - t))
        run.clear_updaters()
        dot.clear_updaters()
        self.wait(0.5)

        # More runs end at the same level
        others = VGroup(*runs[1:]).set_stroke(BLUE_C, width=2.5, opacity=0.8)
        self.play(*[Create(r, rate_func=linear) for r in others], run_time=2.5)
        answer = self.heading("Every long run of flips", f"settles near {HEADS:.3g}")
        self.play(FadeOut(title), run_time=0.5)
        self.play(Write(answer), run_time=1.5)
        self.wait(2)

    def heading(self, *lines):
        if config.frame_width > config.frame_height:
            lines = [" ".join(lines)]
        text = VGroup(*[Text(line, font_size=44) for line in lines]).arrange(DOWN, buff=0.15)
        return text.to_edge(UP, buff=1.2 if config.frame_width < config.frame_height else 0.45)

    def coin(self, heads):
        disc = Circle(radius=0.5, color=YELLOW if heads else GREY_B, fill_opacity=0.3)
        return VGroup(disc, Text("H" if heads else "T", font_size=40).move_to(disc))

    def counter(self, name, color, places, value):
        label = Text(name, font_size=30, color=GREY_A)
        number = DecimalNumber(value(), places, group_with_commas=False, font_size=52, color=color)
        number.move_to(label, aligned_edge=UL).shift(0.55 * DOWN)
        number.add_updater(lambda m: m.set_value(value()))
        return VGroup(label, number)

    def path(self, axes, row):
        return VMobject().set_points_as_corners([axes.c2p(i + 1, y) for i, y in enumerate(row)])
