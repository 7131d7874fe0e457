# verdict: memory_limit
# The limit is the group's, not one process's.
import os
import time

from manim import *


class Family(Scene):
    def construct(self):
        for _ in range(4):
            if os.fork() == 0:
                kept = bytearray(200_000_000)
                time.sleep(60)
        time.sleep(60)
