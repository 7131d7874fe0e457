# verdict: ok
# scene: Second
# Of several scenes the last one defined is rendered.
from manim import *


class First(Scene):
    def construct(self):
        raise RuntimeError("the wrong scene")


class Second(Scene):
    def construct(self):
        self.wait(0.2)
