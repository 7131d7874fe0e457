# attack: none; the harmless twin of every class, which has to work; run by tests/attacks
import multiprocessing
import os
import socket
import subprocess
import threading

import numpy as np
from manim import *


def threads():
    made = [threading.Thread(target=sum, args=(range(1000),)) for _ in range(2)]
    for one in made:
        one.start()
    for one in made:
        one.join()
    return int(np.ones(12_500_000).sum())


def own_files():
    with open("mine", "w") as file:
        file.write("x")
    os.rename("mine", "yours")
    os.makedirs("a/b")
    return open("yours").read()


def pair():
    left, right = socket.socketpair()
    left.sendall(b"x")
    return right.recv(1)


def pool():
    with multiprocessing.Pool(2) as workers:
        return workers.map(abs, [-1, 2])


class Controls(Scene):
    def construct(self):
        probe("threads", threads)
        probe("pool", pool)
        probe("child", lambda: subprocess.run(["/bin/true"], check=True).returncode)
        probe("own files", own_files)
        probe("pair", pair)
        probe("raw call", lambda: call("getpid") == os.getpid())
        probe("child's call", (in_child, call, "getpid"))
        print("é" * 512)
        probe("text", lambda: None)
        probe("formula", lambda: Tex("$x^2$"))
        self.play(Create(Square()), run_time=0.2)
