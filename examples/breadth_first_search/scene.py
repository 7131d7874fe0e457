from manim import *

START = "A"

# Where the nodes stand (0 to 1), and which of them are neighbours
PLACES = {
    "A": (0, 0.5),
    "B": (0.22, 0.95),
    "C": (0.22, 0.05),
    "D": (0.42, 0.5),
    "E": (0.55, 1),
    "F": (0.6, 0),
    "G": (0.72, 0.5),
    "H": (0.95, 0.9),
    "I": (1, 0.15),
}
EDGES = ["AB", "AC", "BD", "CD", "BE", "CF", "DG", "EH", "FG", "FI", "GH", "GI"]
COLOURS = [YELLOW, GREEN, TEAL_B, BLUE, PURPLE_B, PINK]


class BreadthFirstSearch(Scene):
    def construct(self):
        self.wide = config.frame_width > config.frame_height
        self.tall = config.frame_width < config.frame_height
        self.caption = VGroup()
        title = self.lines(44, WHITE, "Breadth-first search:", "the near nodes come first")
        title.to_edge(UP, buff=1.2 if self.tall else 0.45)
        self.build_graph()
        self.queue = VGroup()
        self.distances = {START: 0}
        legend = self.legend()

        self.play(Write(title), run_time=1.5)
        lines, nodes = list(self.edges.values()), list(self.nodes.values())
        self.play(LaggedStart(*[Create(line) for line in lines], lag_ratio=0.1), run_time=1)
        self.play(LaggedStart(*[GrowFromCenter(node) for node in nodes], lag_ratio=0.1), run_time=1)
        self.say(f"Start at {START}, and put it", "into a queue", FadeIn(legend), *self.join(START))

        # Take the first of the queue, and add the neighbours that are new
        self.say("Take out the first node;", "its new neighbours join at the end")
        while len(self.queue):
            name = self.queue[0].name
            ring = Circle(0.42, color=WHITE, stroke_width=5).move_to(self.nodes[name])
            self.play(Create(ring), *self.leave(), run_time=0.5)
            fresh = [other for other in self.neighbours(name) if other not in self.distances]
            for other in fresh:
                self.distances[other] = self.distances[name] + 1
            if fresh:
                moves = [self.edges[frozenset(name + other)].animate.set_stroke(WHITE, 7) for other in fresh]
                self.play(*moves, *[move for other in fresh for move in self.join(other)], run_time=0.8)
            self.play(FadeOut(ring), run_time=0.2)
        far = max(self.distances.values())
        self.say("Every node was reached on a", f"shortest way: at most {far} edges from {START}")
        self.wait(2.5)

    def build_graph(self):
        """Lay the graph into the frame; in portrait it stands upright."""
        width, height = (11, 3.1) if self.wide else (5.6, 5.4) if self.tall else (6.4, 2.2)
        middle = (0.85 if self.wide else 1.2 if self.tall else 0.65) * UP
        self.nodes, self.edges = {}, {}
        for name, (x, y) in PLACES.items():
            x, y = (1 - y, 1 - x) if self.tall else (x, y)
            circle = Circle(0.32, color=GREY_B, stroke_width=3).set_fill(GREY_E, 1)
            node = VGroup(circle, MathTex(name, font_size=40)).set_z_index(1)
            self.nodes[name] = node.move_to(middle + (x - 0.5) * width * RIGHT + (y - 0.5) * height * UP)
        for a, b in EDGES:
            line = Line(self.nodes[a].get_center(), self.nodes[b].get_center(), color=GREY_C, stroke_width=3)
            self.edges[frozenset(a + b)] = line

    def legend(self):
        """Return the place of the queue, and below it what the colours say."""
        rail = VGroup(Line(ORIGIN, 3.9 * RIGHT), Line(0.65 * DOWN, 0.65 * DOWN + 3.9 * RIGHT)).set_color(GREY_B)
        row = VGroup(Text("queue", font_size=30), rail).arrange(RIGHT, buff=0.4)
        self.rail = rail
        colours = VGroup(Text("distance", font_size=30))
        for distance, color in enumerate(COLOURS[: self.depth() + 1]):
            colours.add(VGroup(Dot(radius=0.13, color=color), MathTex(str(distance), font_size=36)))
            colours[-1].arrange(RIGHT, buff=0.12)
        colours.arrange(RIGHT, buff=0.35)
        if self.wide:
            return VGroup(row, colours).arrange(RIGHT, buff=1.2).move_to(2 * DOWN)
        legend = VGroup(row, colours).arrange(DOWN, buff=0.4 if self.tall else 0.2)
        return legend.move_to((3.5 if self.tall else 1.65) * DOWN)

    def depth(self):
        """Return the distance of the farthest node."""
        reached, depth = {START}, 0
        while len(reached) < len(PLACES):
            reached |= {other for name in reached for other in self.neighbours(name)}
            depth += 1
        return depth

    def neighbours(self, name):
        return sorted(edge.replace(name, "") for edge in EDGES if name in edge)

    def join(self, name):
        """Colour a node by its distance, and put it at the end of the queue."""
        color = COLOURS[self.distances[name]]
        box = Square(0.5, color=color).set_fill(color, 1)
        item = VGroup(box, MathTex(name, font_size=36, color=BLACK).move_to(box))
        item.name = name
        item.move_to(self.place(len(self.queue)))
        self.queue.add(item)
        node = self.nodes[name]
        return [node[0].animate.set_fill(color).set_stroke(color), node[1].animate.set_color(BLACK), FadeIn(item)]

    def leave(self):
        """Take the first out of the queue; the others move up."""
        first = self.queue[0]
        self.queue.remove(first)
        moves = [item.animate.move_to(self.place(i)) for i, item in enumerate(self.queue)]
        return [FadeOut(first, shift=0.3 * LEFT), *moves]

    def place(self, i):
        return self.rail.get_left() + (0.45 + 0.75 * i) * RIGHT

    def say(self, *parts_and_animations):
        """Change the caption while something else happens."""
        parts = [part for part in parts_and_animations if isinstance(part, str)]
        animations = [animation for animation in parts_and_animations if not isinstance(animation, str)]
        new = self.lines(32, GREY_A, *parts).to_edge(DOWN, buff=1.2 if self.tall else 0.4)
        self.play(FadeOut(self.caption), run_time=0.3)
        self.play(FadeIn(new), *animations, run_time=0.8)
        self.caption = new
        self.wait(0.5)

    def lines(self, size, color, *parts):
        if self.wide:
            parts = [" ".join(parts)]
        text = VGroup(*[Text(part, font_size=size, color=color) for part in parts]).arrange(DOWN, buff=0.15)
        return text.scale_to_fit_width(min(text.width, config.frame_width - 1))
