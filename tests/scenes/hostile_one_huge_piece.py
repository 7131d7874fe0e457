# attack: ten gigabytes at once; run by tests/attacks
from manim import *


class Huge(Scene):
    def construct(self):
        tell("piece", "done")
        kept = bytearray(10 << 30)
        kept[:: 4096] = b"x" * (len(kept) // 4096)
        self.wait(0.1)
