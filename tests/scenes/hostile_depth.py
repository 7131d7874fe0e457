# attack: folders in folders, deeper than any path can say; run by tests/attacks
import os

from manim import *


class Depth(Scene):
    def construct(self):
        self.wait(0.1)
        home = os.open(".", os.O_RDONLY)
        for number in range(100_000):
            os.mkdir("d")
            os.chdir("d")
            if number == 100:
                tell("depth", "done")
        os.fchdir(home)
