# verdict: scene_error
# line: 8
from manim import *


class BadFormula(Scene):
    def construct(self):
        self.play(Write(MathTex(r"\nosuchmacro")))
