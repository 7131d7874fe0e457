# verdict: ok
# A plain scene renders.
from manim import *


class Square1(Scene):
    def construct(self):
        self.play(Create(Square()), run_time=0.3)
