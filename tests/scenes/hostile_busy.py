# attack: more processor than its share, on every processor; run by tests/attacks
import os
import threading
import time

from manim import *


def burn(until):
    while time.monotonic() < until:
        sum(range(10_000))


class Busy(Scene):
    def construct(self):
        until = time.monotonic() + ATTACK["busy_s"]
        children = []
        for number in range(8):
            pid = os.fork()
            if pid == 0:
                try:
                    os.sched_setaffinity(0, [number % os.cpu_count()])
                except OSError:
                    pass
                threading.Thread(target=burn, args=(until,)).start()
                burn(until)
                os._exit(0)
            children.append(pid)
        tell("busy", "done")
        burn(until)
        for pid in children:
            os.waitpid(pid, 0)
        self.wait(0.1)
