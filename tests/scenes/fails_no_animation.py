# verdict: no_output
from manim import *


class Still(Scene):
    def construct(self):
        self.add(Circle())
