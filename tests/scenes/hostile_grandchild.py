# verdict: ok
# A daemon that holds the pipes open and outlives its parent delays nothing and is gone afterwards.
import os
import time

from manim import *


class Daemon(Scene):
    def construct(self):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                while True:
                    time.sleep(1)
            os._exit(0)
        self.wait(0.2)
