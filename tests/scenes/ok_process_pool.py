# verdict: ok
# Python's own process pool, whose semaphores lie in /dev/shm.
import multiprocessing

from manim import *


def square(number):
    return number * number


class Pool(Scene):
    def construct(self):
        with multiprocessing.Pool(2) as pool:
            assert pool.map(square, [2, 3]) == [4, 9]
        self.wait(0.2)
