# verdict: no_output
# A forged "ok" without a video is not believed.
import struct
import time

from manim import *


class Forged(Scene):
    def construct(self):
        body = b'{"type": "done", "outcome": "ok"}'
        with open(101, "wb", buffering=0) as out:
            out.write(struct.pack(">cI", b"J", len(body)) + body)
        time.sleep(60)
