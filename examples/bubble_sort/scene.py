from manim import *

VALUES = "5,2,9,1,7,3"


class BubbleSort(Scene):
    def construct(self):
        wide = config.frame_width > config.frame_height
        tall = config.frame_width < config.frame_height
        words = VALUES.replace(",", " ").split()
        values = [int(w) for w in words if w.isdecimal() and len(w) <= 3][:7]
        if len(values) < 2:
            values = [5, 2, 9, 1, 7, 3]

        # Bars, counters and a line for what happens
        title = self.heading("Bubble sort swaps neighbours", "that are out of order")
        step = min((config.frame_width - 1.2) / len(values), 1.8)
        height = 3.7 if wide else 7.2 if tall else 3.1
        bars = VGroup()
        for i, value in enumerate(values):
            bar = Rectangle(width=0.8 * step, height=height * (0.1 + 0.9 * value / max(*values, 1)))
            bar.set_fill(BLUE_D, 1).set_stroke(BLACK, 4).move_to(i * step * RIGHT, aligned_edge=DOWN)
            name = Integer(value, font_size=48)
            name.scale_to_fit_width(min(name.width, bar.width)).next_to(bar, UP, buff=0.15)
            bars.add(VGroup(bar, name))
        comparisons, swaps = Integer(0, font_size=48), Integer(0, font_size=48)
        counters = VGroup(self.counter("comparisons", comparisons), self.counter("swaps", swaps))
        counters.arrange(RIGHT, buff=1)
        line = Rectangle(width=1, height=0.6)
        VGroup(counters, bars, line).arrange(DOWN, buff=0.9 if tall else 0.35)
        VGroup(counters, bars, line).next_to(title, DOWN, buff=0.9 if tall else 0.4)
        greater, smaller = MathTex(">", font_size=48), MathTex(r"\leq", font_size=48)

        self.play(Write(title), run_time=1.5)
        self.play(LaggedStart(*[FadeIn(b, shift=0.5 * UP) for b in bars], lag_ratio=0.15), run_time=1.2)
        self.play(FadeIn(counters))
        pairs = [(a, b) for i, a in enumerate(values) for b in values[i + 1 :]]
        pace = min(0.5, 13 / sum(2 if a > b else 1 for a, b in pairs))

        # After each pass the largest of the rest stands at the end
        bars = list(bars)
        for end in range(len(values) - 1, 0, -1):
            swapped = False
            for j in range(end):
                left, right = bars[j], bars[j + 1]
                a, b = left[1].get_value(), right[1].get_value()
                note = VGroup(
                    Integer(a, font_size=48),
                    (greater if a > b else smaller).copy(),
                    Integer(b, font_size=48),
                    Text("swap" if a > b else "keep", font_size=36, color=YELLOW if a > b else GREY_A),
                )
                note.arrange(RIGHT, buff=0.25).move_to(line)
                note[3].align_to(note[0], DOWN).shift(0.25 * RIGHT + 0.1 * DOWN)
                comparisons.set_value(comparisons.get_value() + 1)
                self.add(note)
                self.play(self.paint(left, YELLOW_E), self.paint(right, YELLOW_E), run_time=pace)
                if a > b:
                    swapped = True
                    swaps.set_value(swaps.get_value() + 1)
                    left.set_z_index(1)
                    moves = [left.animate.shift(step * RIGHT), right.animate.shift(step * LEFT)]
                    self.play(*moves, run_time=pace)
                    left.set_z_index(0)
                    bars[j], bars[j + 1] = right, left
                self.remove(note)
                bars[j][0].set_fill(BLUE_D)
                bars[j + 1][0].set_fill(BLUE_D)
            self.play(self.paint(bars[end], GREEN_D), run_time=pace)
            if not swapped:
                break

        # The result
        self.play(LaggedStart(*[self.paint(b, GREEN_D) for b in bars], lag_ratio=0.2), run_time=1)
        answer = self.heading("Each pass carries the largest", "value to the end")
        self.play(FadeOut(title), run_time=0.5)
        self.play(Write(answer), run_time=1.2)
        self.wait(2)

    def paint(self, bar, color):
        return bar[0].animate.set_fill(color)

    def counter(self, name, number):
        label = Text(name, font_size=32, color=GREY_A)
        number.next_to(label, RIGHT, buff=0.25).align_to(label, DOWN).shift(0.1 * UP)
        return VGroup(label, number)

    def heading(self, *lines):
        if config.frame_width > config.frame_height:
            lines = [" ".join(lines)]
        text = VGroup(*[Text(line, font_size=44) for line in lines]).arrange(DOWN, buff=0.15)
        text.scale_to_fit_width(min(text.width, config.frame_width - 1))
        return text.to_edge(UP, buff=1.2 if config.frame_width < config.frame_height else 0.45)
