# verdict: ok
# No process but its own can be seen: neither a parent of the host's nor a folder of a process that runs for others.
import os

from manim import *


class ProcessIds(Scene):
    def construct(self):
        assert os.getppid() < 5, os.getppid()
        others = [pid for pid in range(100, 40_000) if os.path.exists(f"/proc/{pid}")]
        assert others == [], others
        self.wait(0.2)
