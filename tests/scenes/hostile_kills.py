# attack: signals to everybody: the launcher, others of the host, the first process, all at once; run by tests/attacks
import os
import signal

from manim import *


class Kills(Scene):
    def construct(self):
        self.wait(0.1)
        for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
            probe(f"kill {int(number)}", *[(os.kill, pid, number) for pid in ATTACK["pids"]])
        tell("kill all", "done")
        outcome_of(os.kill, -1, signal.SIGKILL)
        for number in range(1, 32):
            outcome_of(os.kill, 1, number)
            outcome_of(os.kill, os.getppid(), number)
