# verdict: process_limit
import threading
import time

from manim import *


class Threads(Scene):
    def construct(self):
        for _ in range(10_000):
            threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
