from manim import *

VALUES = "1,2,3,4"


class StackAndQueue(Scene):
    def construct(self):
        self.wide = config.frame_width > config.frame_height
        self.tall = config.frame_width < config.frame_height
        values = [int(value) for value in VALUES.split(",")]
        n = len(values)
        self.size = min(0.8, 3.6 / (n + 0.8), (3.9 if self.wide else 7 if self.tall else 2.9) / (n + 2.5))
        self.caption = VGroup()
        title = self.lines(44, WHITE, "Stack and queue:", "which comes out first?")
        title.to_edge(UP, buff=1.2 if self.tall else 0.45)
        self.build(n)

        self.play(Write(title), run_time=1.5)
        self.play(Create(self.bin), Create(self.pipe), FadeIn(self.names), run_time=1.2)
        self.say("Put the same things", "into both")
        stack = [self.item(value, BLUE).move_to(self.stack_place(n + 0.2)) for value in values]
        queue = [self.item(value, YELLOW).move_to(self.queue_place(n + 0.2)) for value in values]
        for i, (above, behind) in enumerate(zip(stack, queue, strict=True)):
            self.play(FadeIn(above, behind), run_time=0.3)
            moves = [above.animate.move_to(self.stack_place(i)), behind.animate.move_to(self.queue_place(i))]
            self.play(*moves, run_time=0.6)

        self.say("Take them out again,", "one after the other", FadeIn(self.outs))
        for i in range(n):
            last, first = stack[n - 1 - i], queue[i]
            self.play(last.animate.move_to(self.stack_place(n + 0.2)), run_time=0.4)
            moves = [item.animate.move_to(self.queue_place(k)) for k, item in enumerate(queue[i + 1 :])]
            moves.append(last.animate(path_arc=-1.5).move_to(self.out_place(0, i)))
            moves.append(first.animate.move_to(self.out_place(1, i)))
            self.play(*moves, run_time=0.9)
        self.say("Stack: last in, first out.", "Queue: first in, first out.")
        self.wait(2.5)

    def build(self, n):
        """Draw a bin that is open at the top, and a pipe that is open at both ends, with a row for what comes out."""
        long, short = (n + 0.3) * self.size, 1.3 * self.size
        self.columns = [x * (3.2 if self.wide else 1.95) * RIGHT for x in (-1, 1)]
        top = (2.55 if self.wide else 3.4 if self.tall else 2.05) * UP
        floor = top + (0.6 + 1.1 * self.size + long) * DOWN  # of the bin; the pipe lies half way up
        corners = [(-short, long), (-short, 0), (short, 0), (short, long)]
        corners = [self.columns[0] + floor + x / 2 * RIGHT + y * UP for x, y in corners]
        self.bin = VMobject(color=GREY_B, stroke_width=5).set_points_as_corners(corners)
        rail = Line(long / 2 * LEFT, long / 2 * RIGHT, color=GREY_B, stroke_width=5)
        self.pipe = VGroup(rail, rail.copy().shift(short * DOWN)).move_to(self.columns[1] + floor + long / 2 * UP)
        self.names, self.outs = VGroup(), VGroup()
        for column, name, color in zip(self.columns, ("Stack", "Queue"), (BLUE, YELLOW), strict=True):
            self.names.add(Text(name, font_size=36, color=color).move_to(column + top).align_to(top, UP))
            word = Text("what comes out:", font_size=28, color=GREY_A).move_to(column + floor + 0.45 * DOWN)
            line = Line(ORIGIN, n * self.size * RIGHT, color=GREY_B)
            line.next_to(word, DOWN, buff=0.2 + 1.05 * self.size)
            self.outs.add(VGroup(word, line))

    def stack_place(self, i):
        return self.bin.get_bottom() + (i + 0.6) * self.size * UP

    def queue_place(self, i):
        return self.pipe.get_left() + (i + 0.65) * self.size * RIGHT

    def out_place(self, column, i):
        line = self.outs[column][1]
        return line.get_left() + (i + 0.5) * self.size * RIGHT + 0.55 * self.size * UP

    def item(self, value, color):
        square = Square(0.88 * self.size, color=color).set_fill(color, 1)
        number = Integer(value, font_size=40, color=BLACK)
        return VGroup(square, number.scale_to_fit_width(min(number.width, 0.8 * self.size)).move_to(square))

    def say(self, *parts_and_animations):
        """Change the caption while something else happens."""
        parts = [part for part in parts_and_animations if isinstance(part, str)]
        animations = [animation for animation in parts_and_animations if not isinstance(animation, str)]
        new = self.lines(32, GREY_A, *parts).to_edge(DOWN, buff=1.2 if self.tall else 0.4)
        self.play(FadeOut(self.caption), run_time=0.3)
        self.play(FadeIn(new), *animations, run_time=0.8)
        self.caption = new
        self.wait(0.4)

    def lines(self, size, color, *parts):
        if self.wide:
            parts = [" ".join(parts)]
        text = VGroup(*[Text(part, font_size=size, color=color) for part in parts]).arrange(DOWN, buff=0.15)
        return text.scale_to_fit_width(min(text.width, config.frame_width - 1))
