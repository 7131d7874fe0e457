# verdict: scene_error
# line: 9
# The user's own line is named.
from manim import *


class Fails(Scene):
    def construct(self):
        self.play(Create(Histogramm()))
