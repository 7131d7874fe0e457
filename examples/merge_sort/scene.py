from manim import *

VALUES = "38,27,43,3,9,82,10,19"


class MergeSort(Scene):
    def construct(self):
        self.wide = config.frame_width > config.frame_height
        self.tall = config.frame_width < config.frame_height
        values = [int(value) for value in VALUES.split(",")]
        n = len(values)
        self.caption = VGroup()
        title = self.lines(44, WHITE, "Merge sort: split the list,", "then merge sorted parts")
        title.to_edge(UP, buff=1.2 if self.tall else 0.45)

        # Row by row, the parts that the list is split into: (first, end) of each
        rows = [[(0, n)]]
        while any(end - first > 1 for first, end in rows[-1]):
            rows.append([part for whole in rows[-1] for part in self.halves(*whole)])
        self.size = min((config.frame_width - 1) / (1.35 * n), 0.95)
        top, bottom = (2.1, -2.2) if self.wide else (3.5, -4) if self.tall else (1.75, -2.1)
        heights = np.linspace(top, bottom, len(rows))
        places = [self.places(parts, y) for parts, y in zip(rows, heights, strict=True)]

        boxes = [self.box(value).move_to(place) for value, place in zip(values, places[0], strict=True)]
        self.play(Write(title), run_time=1.5)
        self.play(LaggedStart(*[FadeIn(box, shift=0.3 * DOWN) for box in boxes], lag_ratio=0.1), run_time=1)
        self.say("Split in the middle,", "until every part is one number")
        for above, row in zip(places, places[1:], strict=False):
            self.add(*[self.slot(place) for place in above], *boxes)
            self.play(*[box.animate.move_to(place) for box, place in zip(boxes, row, strict=True)], run_time=0.9)

        self.say("Merge two parts: compare their", "first numbers, take the smaller")
        pace = min(0.5, 12 / (n * (len(rows) - 1)))
        comparisons = 0
        for parts, row in zip(rows[-2::-1], places[-2::-1], strict=True):
            for first, end in parts:
                comparisons += self.merge(boxes, first, end, row, pace)
        times = "1 comparison" if comparisons == 1 else f"{comparisons} comparisons"
        self.say(f"Sorted after {times};", f"there are {n * (n - 1) // 2} pairs of numbers")
        self.wait(2)

    def merge(self, boxes, first, end, row, pace):
        """Merge the two sorted halves of a part into the row above, and return the number of comparisons."""
        halves = [boxes[a:b] for a, b in self.halves(first, end)]
        merged, comparisons = [], 0
        while any(halves):
            comparisons += all(halves) and len(halves) == 2
            waiting = [half for half in halves if half]
            fronts = [half[0] for half in waiting]
            for box in fronts:
                box[0].set_fill(YELLOW_E)
            smallest = min(waiting, key=lambda half: half[0][1].get_value()).pop(0)
            self.play(smallest.animate.move_to(row[first + len(merged)]), run_time=pace)
            for box in fronts:
                box[0].set_fill(GREEN_E)
            merged.append(smallest)
        boxes[first:end] = merged
        return comparisons

    def halves(self, first, end):
        middle = (first + end) // 2
        return [(first, middle), (middle, end)] if end - first > 1 else [(first, end)]

    def places(self, parts, y):
        """Return where the boxes of a row stand, with a gap between its parts."""
        xs, x = [], 0
        for first, end in parts:
            xs += [x + i * self.size for i in range(end - first)]
            x += (end - first + 0.35) * self.size
        return [np.array([x - (xs[0] + xs[-1]) / 2, y, 0]) for x in xs]

    def box(self, value):
        square = Square(self.size, color=GREY_B, stroke_width=3).set_fill(BLUE_E, 1)
        number = Integer(value, font_size=44)
        return VGroup(square, number.scale_to_fit_width(min(number.width, 0.75 * self.size)).move_to(square))

    def slot(self, place):
        return Square(self.size, color=GREY_D, stroke_width=2).move_to(place)

    def say(self, *parts):
        """Change the caption."""
        new = self.lines(32, GREY_A, *parts).to_edge(DOWN, buff=1.2 if self.tall else 0.4)
        self.play(FadeOut(self.caption), run_time=0.3)
        self.play(FadeIn(new), run_time=0.6)
        self.caption = new

    def lines(self, size, color, *parts):
        if self.wide:
            parts = [" ".join(parts)]
        text = VGroup(*[Text(part, font_size=size, color=color) for part in parts]).arrange(DOWN, buff=0.15)
        return text.scale_to_fit_width(min(text.width, config.frame_width - 1))
