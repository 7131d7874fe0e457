from manim import *

QUOTE = "The whole is more than the sum of its parts."
AUTHOR = ""
EMPHASIS = "more"
ACCENT = "#FFD166"


class TypewriterQuote(Scene):
    def construct(self):
        self.wide = config.frame_width > config.frame_height
        lines = self.break_lines((QUOTE.strip() or "…").split())
        page = self.page(lines)
        letters = VGroup(*[letter for line in page for letter in line if letter.width > 0])  # no spaces
        levels = [level for line, level in zip(page, self.levels, strict=True) for n in line if n.width > 0]
        cursor = Rectangle(width=0.06, height=self.height, color=ACCENT, fill_opacity=1)
        cursor.next_to(letters[0], LEFT, buff=0.1).set_y(levels[0])

        def follow(cursor):
            """Stand behind the last letter that is shown."""
            shown = [n for n, letter in enumerate(letters) if letter.get_fill_opacity() > 0]
            if shown:
                cursor.next_to(letters[shown[-1]], RIGHT, buff=0.08).set_y(levels[shown[-1]])

        # The cursor blinks, then runs along while letter after letter appears
        self.play(Blink(cursor, blinks=2, time_on=0.4, time_off=0.3), run_time=1.4)
        self.add(letters, cursor.add_updater(follow))
        self.play(ShowIncreasingSubsets(letters, rate_func=linear), run_time=min(9, 0.12 * len(letters)))
        cursor.clear_updaters()
        self.play(Blink(cursor, blinks=2, time_on=0.3, time_off=0.3, hide_at_end=True), run_time=1.2)
        self.emphasise(lines, page)

        # Who said it
        if AUTHOR.strip():
            author = Text(f"– {AUTHOR.strip()}", font_size=40, color=GREY_A)
            author.scale_to_fit_width(min(author.width, config.frame_width - 1.4)).next_to(page, DOWN, buff=0.7)
            self.play(FadeIn(author, shift=0.3 * UP))
        self.wait(3)

    def break_lines(self, words):
        """Return the words line by line, so that every line fits."""
        room = 28 if self.wide else 17
        lines = [[]]
        for word in words:
            if lines[-1] and len(" ".join([*lines[-1], word])) > room:
                lines.append([])
            lines[-1].append(word)
        return lines

    def page(self, lines):
        """Return the lines as texts; "Áp" makes all of them equally high, and is then left out."""
        texts = [Text("Áp" + " ".join(line), font_size=64, disable_ligatures=True) for line in lines]
        page = VGroup(*texts).arrange(DOWN, buff=0.2)
        page.scale_to_fit_width(min(page.width, config.frame_width - (2 if self.wide else 1)))
        page.scale_to_fit_height(min(page.height, config.frame_height - 3))
        self.height, self.levels = page[0].height, [text.get_y() for text in page]
        for text in page:
            text.remove(*text[:2]).set_x(0)
        return page

    def emphasise(self, lines, page):
        """Colour and underline what is to be emphasised, wherever it stands in the quote."""
        wanted = [word.lower() for word in EMPHASIS.split()]
        found = VGroup()
        for line, text in zip(lines, page, strict=True):
            first = 0
            for word in line:
                if word.lower().strip(".,;:!?\"'()") in wanted:
                    found.add(VGroup(*text[first : first + len(word)]))
                first += len(word) + 1
        if found:
            bars = [Underline(word, color=ACCENT, stroke_width=6, buff=0.12) for word in found]
            self.play(*[word.animate.set_color(ACCENT) for word in found], *[Create(bar) for bar in bars])
            self.wait(0.5)
