# attack: always busy with a last frame when it is told to end; run by tests/attacks
import signal
import time

from manim import *


def still_rendering(*_):
    until = time.monotonic() + 300
    while time.monotonic() < until:
        sum(range(1000))


class Lingers(Scene):
    def construct(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM, signal.SIGPIPE):
            signal.signal(number, still_rendering)
        tell("lingers", "done")
        while True:
            self.wait(1 / 15)
