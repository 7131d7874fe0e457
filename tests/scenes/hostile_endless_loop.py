# verdict: timeout
# parts: 1
# What was rendered before the limit is there.
from manim import *


class Endless(Scene):
    def construct(self):
        self.wait(0.2)
        while True:
            pass
