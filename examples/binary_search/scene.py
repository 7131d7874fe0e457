from manim import *

TARGET = 23
VALUES = "3,8,12,17,23,29,34,41,52,67,80"


class BinarySearch(Scene):
    def construct(self):
        wide = config.frame_width > config.frame_height
        tall = config.frame_width < config.frame_height
        words = VALUES.replace(",", " ").split()
        values = sorted({int(w) for w in words if w.isdecimal() and len(w) <= 3})[:11]
        if len(values) < 3:
            values = [3, 8, 12, 17, 23, 29, 34, 41, 52, 67, 80]

        # The sorted list: a row, or a column in portrait
        title = self.heading(f"Where is {TARGET} in a sorted list?" if wide else f"Where is {TARGET}?")
        n = len(values)
        size = [1.7, 0.82] if tall else [min((config.frame_width - 1) / n, 1.3), 1]
        boxes = VGroup(*[Rectangle(width=size[0], height=size[1], color=GREY_B) for _ in values])
        boxes.arrange(DOWN if tall else RIGHT, buff=0).move_to(0.3 * (DOWN if tall else UP))
        numbers = VGroup()
        for value, box in zip(values, boxes, strict=True):
            number = Integer(value, font_size=44)
            numbers.add(number.scale_to_fit_width(min(number.width, 0.75 * size[0])).move_to(box))
        side = RIGHT if tall else DOWN
        low_mark = self.pointer("low", side, BLUE_B)
        high_mark = self.pointer("high", side, BLUE_B)
        mid_mark = self.pointer("mid", -side, YELLOW)
        near = 0 if tall or size[0] > 0.9 else 1

        def place_ends(low, high):
            place = boxes[high].get_edge_center(side) + 0.15 * side
            if high - low <= near:
                place += side * (1.35 if tall else 0.9)
            return [
                low_mark.animate.next_to(boxes[low], side, buff=0.15),
                high_mark.animate.next_to(place, side, buff=0),
            ]

        self.play(Write(title), run_time=1.5)
        self.play(LaggedStart(*[FadeIn(VGroup(*p)) for p in zip(boxes, numbers, strict=True)]), run_time=1.5)
        low, high, steps = 0, n - 1, 0
        low_mark.next_to(boxes[low], side, buff=0.15)
        high_mark.next_to(boxes[high], side, buff=0.15)
        self.play(FadeIn(low_mark, high_mark))
        self.wait(0.5)

        # Look at the middle, and drop the half that cannot hold the target
        signs = {s: MathTex(s, font_size=56) for s in "<>="}
        words = {"<": "too small", ">": "too large", "=": "found"}
        while low <= high:
            mid = (low + high) // 2
            steps += 1
            if steps == 1:
                self.play(FadeIn(mid_mark.next_to(boxes[mid], -side, buff=0.15)))
            else:
                self.play(mid_mark.animate.next_to(boxes[mid], -side, buff=0.15))
            sign = "<" if values[mid] < TARGET else ">" if values[mid] > TARGET else "="
            color = GREEN if sign == "=" else YELLOW
            pair = [Integer(v, font_size=56) for v in (values[mid], TARGET)]
            note = VGroup(pair[0], signs[sign].copy(), pair[1]).arrange(RIGHT, buff=0.3)
            verdict = Text(words[sign], font_size=40, color=color)
            note = VGroup(note, verdict).arrange(RIGHT, buff=0.6).to_edge(DOWN, buff=1.1 if tall else 0.8)
            self.play(boxes[mid].animate.set_fill(color, 0.4), FadeIn(note))
            self.wait(0.8)
            if sign == "=":
                self.play(FadeOut(low_mark, high_mark))
                break
            gone = range(mid, high + 1) if sign == ">" else range(low, mid + 1)
            low, high = (low, mid - 1) if sign == ">" else (mid + 1, high)
            moves = [FadeOut(note)]
            if low <= high:
                moves += place_ends(low, high)
            else:
                moves.append(FadeOut(low_mark, high_mark, mid_mark))
            dim = [numbers[i].animate.set_opacity(0.3) for i in gone]
            dim += [boxes[i].animate.set_fill(opacity=0).set_stroke(opacity=0.3) for i in gone]
            self.play(*dim, *moves)

        # The result
        times = "1 look" if steps == 1 else f"{steps} looks"
        if low <= high:
            answer = self.heading(f"Found after {times},", "halving the list each time")
        else:
            answer = self.heading(f"{TARGET} is not there:", f"{times} are enough to know")
        self.play(FadeOut(title), run_time=0.5)
        self.play(Write(answer), run_time=1.2)
        self.wait(2)

    def pointer(self, name, direction, color):
        tip = Triangle(color=color, fill_opacity=1).scale(0.13)
        tip.rotate(angle_of_vector(-direction) - PI / 2)
        return VGroup(tip, Text(name, font_size=32, color=color)).arrange(direction, buff=0.15)

    def heading(self, *lines):
        if config.frame_width > config.frame_height:
            lines = [" ".join(lines)]
        text = VGroup(*[Text(line, font_size=44) for line in lines]).arrange(DOWN, buff=0.15)
        text.scale_to_fit_width(min(text.width, config.frame_width - 1))
        return text.to_edge(UP, buff=1.2 if config.frame_width < config.frame_height else 0.45)
