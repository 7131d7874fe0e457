# verdict: memory_limit
# parts: 1
from manim import *


class Hungry(Scene):
    def construct(self):
        self.wait(0.2)
        kept = []
        while True:
            kept.append(bytearray(50_000_000))
