# verdict: crashed
import os

from manim import *


class Leaves(Scene):
    def construct(self):
        os._exit(0)
