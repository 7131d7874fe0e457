# verdict: crashed
import ctypes

from manim import *


class Crash(Scene):
    def construct(self):
        self.wait(0.1)
        ctypes.string_at(0)
