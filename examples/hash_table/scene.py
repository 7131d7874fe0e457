from manim import *

VALUES = "15,8,27,22,34,6"
BUCKETS = 7


class HashTable(Scene):
    def construct(self):
        self.wide = config.frame_width > config.frame_height
        self.tall = config.frame_width < config.frame_height
        keys = list(dict.fromkeys(int(value) for value in VALUES.split(",")))  # no key twice
        self.caption = VGroup()
        title = self.lines(44, WHITE, "A hash table computes", "where each key belongs")
        title.to_edge(UP, buff=1.2 if self.tall else 0.45)
        room = 4.5 if self.wide else 7 if self.tall else 3.5
        self.size = min(room / BUCKETS, 0.9 if self.tall else 0.7)  # height of a row
        waiting = VGroup(*[self.key(key) for key in keys])
        waiting.arrange(RIGHT, buff=0.2).next_to(title, DOWN, buff=0.5 if self.tall else 0.25)
        table = self.table().next_to(waiting, DOWN, buff=0.6 if self.tall else 0.2)
        table.to_edge(LEFT, buff=3.8 if self.wide else 0.6)

        self.play(Write(title), run_time=1.5)
        self.play(Create(table), run_time=1.2)
        self.play(FadeIn(waiting, lag_ratio=0.1), run_time=0.8)
        self.say(Text(f"The rest after dividing by {BUCKETS} is the place", font_size=32, color=GREY_A))

        # Every key goes to the end of its row
        rows = [[] for _ in range(BUCKETS)]
        collisions = 0
        pace = min(1, 9 / len(keys))
        for key, box in zip(keys, waiting, strict=True):
            place = key % BUCKETS
            formula = MathTex(str(key), r"\bmod", str(BUCKETS), "=", str(place), font_size=44)
            formula[0].set_color(YELLOW)
            formula[4].set_color(BLUE)
            if rows[place]:
                taken = Text("taken: join the chain", font_size=30, color=ORANGE)
                formula = VGroup(formula, taken).arrange(RIGHT, buff=0.6)
            cell = table[place]
            self.say(formula, box[0].animate.set_stroke(YELLOW, 4), cell[0].animate.set_fill(BLUE, 0.6), pace=0.6 * pace)
            before = rows[place][-1] if rows[place] else cell
            target = box.copy().next_to(before, RIGHT, buff=0.25 if self.wide else 0.15)
            link = Line(before.get_right(), target.get_left(), color=GREY_B, stroke_width=4)
            self.play(box.animate.move_to(target), Create(link), run_time=0.8 * pace)
            self.play(box[0].animate.set_stroke(GREY_B, 2), cell[0].animate.set_fill(BLUE, 0.15), run_time=0.4 * pace)
            collisions += bool(rows[place])
            rows[place].append(box)
        self.finish(max(len(row) for row in rows), collisions)

    def finish(self, longest, collisions):
        """Say what it takes to find a key again."""
        if collisions:
            last = f"and look at {longest} keys at most"
        else:
            last = "and look at one key"
        self.say(self.lines(32, GREY_A, "To find a key, compute its row,", last))
        self.wait(2.5)

    def table(self):
        """Return a column of numbered cells."""
        table = VGroup()
        for i in range(BUCKETS):
            cell = Rectangle(width=0.8, height=0.9 * self.size, color=BLUE).set_fill(BLUE, 0.15)
            table.add(VGroup(cell, Integer(i, font_size=32, color=BLUE_B).move_to(cell)))
        return table.arrange(DOWN, buff=0.1 * self.size)

    def key(self, value):
        width = 0.75 if self.wide else 0.6
        box = Rectangle(width=width, height=min(0.5, 0.8 * self.size), color=GREY_B, stroke_width=2)
        number = Integer(value, font_size=32)
        number.scale_to_fit_width(min(number.width, 0.8 * width)).move_to(box)
        return VGroup(box.set_fill(GREY_E, 1), number)

    def say(self, new, *animations, pace=0.8):
        """Change the caption while something else happens."""
        new.scale_to_fit_width(min(new.width, config.frame_width - 1)).to_edge(DOWN, buff=1.2 if self.tall else 0.4)
        old, self.caption = self.caption, new
        self.play(FadeOut(old, run_time=0.5 * pace), FadeIn(new), *animations, run_time=pace)

    def lines(self, size, color, *parts):
        if self.wide:
            parts = [" ".join(parts)]
        text = VGroup(*[Text(part, font_size=size, color=color) for part in parts]).arrange(DOWN, buff=0.15)
        return text.scale_to_fit_width(min(text.width, config.frame_width - 1))
