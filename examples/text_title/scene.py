from manim import *

TITLE = "The beauty of mathematics"
SUBTITLE = "A short introduction"
ACCENT = "#FFD166"


class TextTitle(Scene):
    def construct(self):
        wide = config.frame_width > config.frame_height
        width = config.frame_width - (2 if wide else 1.2)

        # Long texts are wrapped, and what is still too large is scaled to fit
        title = self.block(TITLE.strip() or "Untitled", 72 if wide else 84, width, 28 if wide else 15)
        subtitle = self.block(SUBTITLE.strip() or "none", 40, width, 48 if wide else 28).set_color(GREY_A)
        line = Line(LEFT, RIGHT, color=ACCENT, stroke_width=8)
        line.scale_to_fit_width(min(max(title.width, 2), width))
        card = VGroup(title, line, subtitle) if SUBTITLE.split() else VGroup(title, line)
        card.arrange(DOWN, buff=0.45)
        card.scale_to_fit_height(min(card.height, config.frame_height - 1.6)).move_to(ORIGIN)

        dots = VGroup(Dot(color=ACCENT), Dot(color=ACCENT)).move_to(line)
        self.play(Write(title), run_time=min(2.5, 1 + 0.04 * len(TITLE)))
        self.play(GrowFromCenter(dots[0]), run_time=0.3)
        self.add(dots[1])
        self.play(
            GrowFromCenter(line),
            dots[0].animate.move_to(line.get_left()),
            dots[1].animate.move_to(line.get_right()),
            run_time=1.2,
        )
        if SUBTITLE.split():
            self.play(FadeIn(subtitle, shift=0.4 * UP), run_time=1.2)
        self.wait(1)
        self.play(title.animate.set_color_by_gradient(WHITE, ACCENT), run_time=1.5)
        self.wait(3)

    def block(self, text, size, width, letters):
        count = int(np.ceil(len(text) / letters))
        letters = min(letters, len(text) // max(count, 1) + 5)
        lines = [""]
        for word in text.split():
            if lines[-1] and len(lines[-1]) + len(word) >= letters:
                lines.append("")
            lines[-1] = f"{lines[-1]} {word}".strip()
        # "Áp" makes all lines equally high, so that they stand at equal distances
        block = VGroup(*[Text(f"Áp{line}", font_size=size) for line in lines]).arrange(DOWN, buff=0.1)
        for line in block:
            line.remove(*line[:2]).set_x(0)
        return block.scale_to_fit_width(min(block.width, width))
