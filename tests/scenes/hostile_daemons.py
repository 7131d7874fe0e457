# attack: processes that leave their session, parents and pipes, and hear no signal; run by tests/attacks
import os
import signal
import time

from manim import *


def daemon(close):
    if os.fork():
        return
    os.setsid()
    for number in range(1, 32):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    if os.fork():
        os._exit(0)
    if close:
        os.closerange(0, 256)
    while True:
        time.sleep(0.5)


class Daemons(Scene):
    def construct(self):
        self.wait(0.1)
        for number in range(4):
            daemon(close=number % 2 == 0)
        tell("daemons", "done")
        time.sleep(0.3)
        if ATTACK["exits"]:
            os._exit(0)
