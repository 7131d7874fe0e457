from manim import *

VALUES = "8,3,10,1,6,14,4"


class BinarySearchTree(Scene):
    def construct(self):
        self.wide = config.frame_width > config.frame_height
        self.tall = config.frame_width < config.frame_height
        values = list(dict.fromkeys(int(value) for value in VALUES.split(",")))  # no value twice
        self.caption = VGroup()
        title = self.lines(44, WHITE, "A binary search tree", "keeps numbers in order")
        title.to_edge(UP, buff=1.2 if self.tall else 0.45)
        paths = self.paths(values)
        places, row = self.places(values, paths)
        waiting = {value: self.number(value) for value in values}
        VGroup(*waiting.values()).arrange(RIGHT, buff=0.35).next_to(title, DOWN, buff=0.5 if self.tall else 0.3)

        self.play(Write(title), run_time=1.5)
        self.play(FadeIn(*waiting.values(), lag_ratio=0.1), run_time=0.8)
        self.say("Smaller numbers go left,", "larger ones go right")

        # Every number walks down from the root until there is a free place
        pace = min(0.5, 11 / sum(len(path) + 1.5 for path in paths.values()))
        nodes = {}
        for value, path in paths.items():
            self.play(waiting[value].animate.set_color(YELLOW), run_time=0.6 * pace)
            ring = Circle(self.radius + 0.1, color=YELLOW, stroke_width=5)
            for n, other in enumerate(path):
                way = ring.animate.move_to(places[other]) if n else FadeIn(ring.move_to(places[other]))
                self.play(way, run_time=pace)
            nodes[value] = Circle(self.radius, color=BLUE, stroke_width=3).set_fill(BLUE_E, 1).move_to(places[value])
            moves = [FadeIn(nodes[value]), waiting[value].animate.move_to(places[value]).set_color(WHITE)]
            if path:
                line = Line(places[path[-1]], places[value], buff=self.radius, color=GREY_B)
                moves += [Create(line), FadeOut(ring)]
            self.add(waiting[value].set_z_index(1))
            self.play(*moves, run_time=1.2 * pace)

        # Read from left to right
        self.say("Read from left to right,", "the numbers are sorted")
        order = sorted(values)
        copies = [waiting[value].copy().set_color(GREEN) for value in order]
        drops = [copy.animate.move_to(RIGHT * places[value] + row) for copy, value in zip(copies, order, strict=True)]
        self.play(LaggedStart(*drops, lag_ratio=0.4), run_time=2.5)
        self.wait(2)

    def paths(self, values):
        """Return, for every value, the values that it is compared with on its way down."""
        children, paths = {}, {}
        for value in values:
            path = [values[0]] if paths else []
            while path and (path[-1], value < path[-1]) in children:
                path.append(children[path[-1], value < path[-1]])
            if path:
                children[path[-1], value < path[-1]] = value
            paths[value] = path
        return paths

    def places(self, values, paths):
        """Return where the nodes stand: a column for every rank, a row for every depth; and where the result goes."""
        step = min((config.frame_width - 1) / len(values), 1.5)
        self.radius = min(0.42, 0.42 * step)
        top, bottom = (1.35, -1.7) if self.wide else (2.7, -2.9) if self.tall else (0.95, -1.45)
        depth = max(len(path) for path in paths.values())
        drop = min((top - bottom) / max(depth, 1), 1.5)
        order = sorted(values)
        places = {}
        for value, path in paths.items():
            x = (order.index(value) - (len(values) - 1) / 2) * step
            places[value] = np.array([x, top - len(path) * drop, 0])
        return places, (bottom - self.radius - 0.35) * UP

    def number(self, value):
        number = Integer(value, font_size=40)
        return number.scale_to_fit_width(min(number.width, 1.5 * self.radius))

    def say(self, *parts):
        """Change the caption."""
        new = self.lines(32, GREY_A, *parts).to_edge(DOWN, buff=1.2 if self.tall else 0.4)
        self.play(FadeOut(self.caption), run_time=0.3)
        self.play(FadeIn(new), run_time=0.6)
        self.caption = new
        self.wait(0.5)

    def lines(self, size, color, *parts):
        if self.wide:
            parts = [" ".join(parts)]
        text = VGroup(*[Text(part, font_size=size, color=color) for part in parts]).arrange(DOWN, buff=0.15)
        return text.scale_to_fit_width(min(text.width, config.frame_width - 1))
