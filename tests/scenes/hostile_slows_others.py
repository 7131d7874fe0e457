# attack: memory, disk and processor kept busy so that others wait; run by tests/attacks
import os
import time

import numpy as np
from manim import *


class Slows(Scene):
    def construct(self):
        tell("slows", "done")
        until = time.monotonic() + ATTACK["busy_s"]
        for number in range(3):
            if os.fork() == 0:
                room = np.ones(4_000_000)
                while time.monotonic() < until:
                    room += room[::-1]
                    with open(f"f{number}", "wb") as file:
                        file.write(bytes(1 << 20))
                        os.fsync(file.fileno())
                    for name in range(200):
                        os.path.exists(f"/tmp/{name}")
                os._exit(0)
        while time.monotonic() < until:
            time.sleep(0.1)
        self.wait(0.1)
