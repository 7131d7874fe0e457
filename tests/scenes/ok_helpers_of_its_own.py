# verdict: ok
# Threads, a child process, a socket pair, 100 MB and a temporary file are a scene's right.
import socket
import subprocess
import tempfile
import threading

import numpy as np
from manim import *


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
        assert subprocess.run(["echo", "hello"], capture_output=True).stdout == b"hello\n"
        assert np.ones(13_000_000).sum() > 0
        with tempfile.TemporaryFile() as file:
            file.write(b"x" * 1000)
        self.wait(0.2)
