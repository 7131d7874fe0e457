# verdict: invalid_output
from manim import *


class Garbage(Scene):
    def construct(self):
        with open(101, "wb", buffering=0) as out:
            out.write(b"garbage" * 1000)
