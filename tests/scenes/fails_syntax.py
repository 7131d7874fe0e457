# verdict: scene_error
# line: 7
from manim import *

class Fails(Scene):
    def construct(self):
        self.play(Create(Circle())
