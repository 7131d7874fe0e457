# attack: TeX that never ends; run by tests/attacks
from manim import *


class Loop(Scene):
    def construct(self):
        tell("tex loop", "done")
        Tex(r"\loop\iftrue\repeat")
