# verdict: output_limit
from manim import *


class Prints(Scene):
    def construct(self):
        for _ in range(1_000_000):
            print("x" * 1000)
