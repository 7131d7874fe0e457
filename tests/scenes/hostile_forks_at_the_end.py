# attack: thousands of short-lived processes at the moment of the kill; run by tests/attacks
import os
import signal

from manim import *


class Forks(Scene):
    def construct(self):
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        tell("forks", "done")
        for _ in range(8):
            if os.fork() == 0:
                break
        while True:
            try:
                if os.fork() == 0:
                    os.setsid()
                    os._exit(0) if os.getpid() % 3 else None
                    os.fork()
                    os._exit(0)
            except OSError:
                pass
