# verdict: scene_error
# line: 9
import sys
from manim import *


class Exits(Scene):
    def construct(self):
        sys.exit(0)
