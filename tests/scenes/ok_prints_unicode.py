# verdict: ok
# Escapes, control characters and broken UTF-8 in the log harm nobody.
import sys

from manim import *


class Prints(Scene):
    def construct(self):
        print("\x1b]52;c;aGk=\x07 \x1b[2J \u202e evil \x00")
        sys.stdout.flush()
        sys.stdout.buffer.write(b"\xff\xfe broken\n")
        self.wait(0.2)
