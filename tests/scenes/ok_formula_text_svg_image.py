# verdict: ok
# LaTeX, text in several scripts, an SVG and an image made by the scene all work inside.
import numpy as np
from manim import *


class Everything(Scene):
    def construct(self):
        with open("drawing.svg", "w") as file:
            file.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path fill="white" d="M0 0L9 0L4 9Z"/></svg>')
        pixels = np.uint8([[[250, 0, 0, 255], [0, 250, 0, 255]], [[0, 0, 250, 255], [250, 250, 0, 255]]])
        picture = ImageMobject(pixels).set(height=1)
        self.add(
            MathTex(r"\int_0^1 x^2\,dx").to_edge(UP),
            Tex("Plain \\TeX"),
            Text("Ελληνικά русский 你好 नमस्ते שלום مرحبا ไทย").scale(0.5).to_edge(DOWN),
            SVGMobject("drawing.svg").shift(2 * LEFT),
            picture.shift(2 * RIGHT),
        )
        self.wait(0.2)
