# verdict: disk_limit
from manim import *


class Disk(Scene):
    def construct(self):
        with open("big", "wb") as file:
            for _ in range(10_000):
                file.write(bytes(1_000_000))
