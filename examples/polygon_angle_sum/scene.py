from manim import *

SIDES = 6


class PolygonAngleSum(Scene):
    def construct(self):
        self.wide = config.frame_width > config.frame_height
        self.tall = config.frame_width < config.frame_height
        self.caption = VGroup()
        title = self.lines(44, WHITE, f"A polygon with {SIDES} sides:", "what do its angles add up to?")
        title.to_edge(UP, buff=1.2 if self.tall else 0.45)
        corners = self.corners()
        polygon = Polygon(*corners, color=WHITE, stroke_width=5)
        around = [corners[-1], *corners, corners[0]]
        angles = VGroup(*[self.wedge(around[i], around[i - 1], around[i + 1]) for i in range(1, SIDES + 1)])

        self.play(Write(title), run_time=1.5)
        self.play(Create(polygon), run_time=1.2)
        self.say("These angles are to be added", FadeIn(angles, lag_ratio=0.3))

        # Cut the polygon into triangles, all of them from the first corner
        colors = [(BLUE, TEAL_B, GREEN, PURPLE_B)[i % 4] for i in range(SIDES - 2)]
        triangles = VGroup(*[Polygon(corners[0], corners[i], corners[i + 1]) for i in range(1, SIDES - 1)])
        for triangle, color in zip(triangles, colors, strict=True):
            triangle.set_stroke(color, 3).set_fill(color, 0.45)
        count = "1 triangle" if SIDES == 3 else f"{SIDES - 2} triangles"
        self.play(FadeOut(angles), run_time=0.5)
        self.say("Cuts from one corner", f"leave {count}", FadeIn(triangles, lag_ratio=0.4), run_time=1.6)
        self.half_turn(corners[:3], colors[0])
        self.add_up(triangles)

    def half_turn(self, triangle, color):
        """Lay the three angles of a triangle side by side: they make a half turn."""
        a, b, c = triangle
        radius = 1.2 if self.wide or self.tall else 0.9
        self.panel = 3.6 * RIGHT + 0.3 * UP if self.wide else 2.75 * DOWN if self.tall else 2.3 * RIGHT + 0.2 * UP
        wedges = VGroup(self.wedge(a, c, b), self.wedge(b, a, c), self.wedge(c, b, a))
        wedges.set_fill(color, 0.9)
        turned, start = VGroup(), 0
        for wedge in wedges:
            sector = Sector(radius, start_angle=start, angle=wedge.angle, arc_center=self.panel, color=WHITE)
            turned.add(sector.set_fill(color, 0.9).set_stroke(WHITE, 2))
            start += wedge.angle
        line = Line(1.3 * radius * LEFT, 1.3 * radius * RIGHT).move_to(self.panel)
        self.total = MathTex(r"180^\circ", font_size=48, color=color).next_to(line, DOWN, buff=0.2)
        self.say("The angles of a triangle", "always make a half turn", FadeIn(wedges, lag_ratio=0.3))
        moves = [Transform(wedge, sector) for wedge, sector in zip(wedges, turned, strict=True)]
        self.play(*moves, Create(line), run_time=1.8)
        self.play(FadeIn(self.total), run_time=0.6)
        self.wait(0.6)

    def add_up(self, triangles):
        """Take a half turn for every triangle."""
        n = SIDES - 2
        formula = MathTex(rf"({SIDES} - 2)", r"\cdot 180^\circ", "=", rf"\;\,{180 * n}^\circ", font_size=50)
        formula[3].set_color(YELLOW)
        formula.next_to(self.total, DOWN, buff=0.5 if self.wide else 0.3)
        if not (self.wide or self.tall):
            formula.move_to(2.05 * DOWN)
        ticks = [Indicate(triangle, scale_factor=1.05, color=YELLOW) for triangle in triangles]
        words = "one half turn" if n == 1 else f"{n} half turns"
        self.say(f"{n} triangle{'s' if n > 1 else ''}:", words, LaggedStart(*ticks, lag_ratio=0.5), run_time=2)
        self.play(Write(formula), run_time=1.5)
        self.play(Create(SurroundingRectangle(formula[3], color=YELLOW, buff=0.12)), run_time=0.6)
        self.wait(2.5)

    def corners(self):
        """Return the corners, counter-clockwise, of a polygon that is not regular."""
        radius = 2.3 if self.wide else 2.5 if self.tall else 1.75
        middle = 3.2 * LEFT + 0.2 * DOWN if self.wide else 1.65 * UP if self.tall else 1.6 * LEFT + 0.3 * UP
        turns = [(i + 0.22 * np.sin(5 * i + 1)) * TAU / SIDES - PI / 2 for i in range(SIDES)]
        return [middle + radius * np.array([np.cos(turn), np.sin(turn), 0]) for turn in turns]

    def wedge(self, corner, before, after):
        """Return the angle at a corner, between its two neighbours."""
        start = angle_of_vector(after - corner)
        angle = (angle_of_vector(before - corner) - start) % TAU
        wedge = Sector(0.5, start_angle=start, angle=angle, arc_center=corner, color=YELLOW)
        wedge.set_fill(YELLOW, 0.8).angle = angle
        return wedge

    def say(self, *parts_and_animations, run_time=1):
        """Change the caption while something else happens."""
        parts = [part for part in parts_and_animations if isinstance(part, str)]
        animations = [animation for animation in parts_and_animations if not isinstance(animation, str)]
        new = self.lines(32, GREY_A, *parts).to_edge(DOWN, buff=1.2 if self.tall else 0.4)
        self.play(FadeOut(self.caption), run_time=0.3)
        self.play(FadeIn(new), *animations, run_time=run_time)
        self.caption = new
        self.wait(0.6)

    def lines(self, size, color, *parts):
        if self.wide:
            parts = [" ".join(parts)]
        text = VGroup(*[Text(part, font_size=size, color=color) for part in parts]).arrange(DOWN, buff=0.15)
        return text.scale_to_fit_width(min(text.width, config.frame_width - 1))
