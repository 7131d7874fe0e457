# verdict: scene_error
# No socket of any family can be made.
import socket

from manim import *


class Network(Scene):
    def construct(self):
        socket.create_connection(("127.0.0.1", 5000), timeout=2)
