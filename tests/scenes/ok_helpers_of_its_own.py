# verdict: ok
# Threads, a process pool, a socket pair, 100 MB and a temporary file are a scene's right.
import multiprocessing
import socket
import tempfile
import threading

import numpy as np
from manim import *


def square(number):
    return number * number


class Helpers(Scene):
    def construct(self):
        one, other = socket.socketpair()
        one.sendall(b"hello")
        assert other.recv(5) == b"hello"
        found = []
        threads = [threading.Thread(target=found.append, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with multiprocessing.Pool(2) as pool:
            assert pool.map(square, [2, 3]) == [4, 9]
        assert np.ones(13_000_000).sum() > 0
        with tempfile.TemporaryFile() as file:
            file.write(b"x" * 1000)
        self.wait(0.2)
