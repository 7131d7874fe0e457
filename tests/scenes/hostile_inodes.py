# verdict: memory_limit
# Files without content take the kernel's memory, which counts as the run's.
import os

from manim import *


class Inodes(Scene):
    def construct(self):
        for number in range(10_000_000):
            os.close(os.open(f"f{number}", os.O_CREAT | os.O_WRONLY))
