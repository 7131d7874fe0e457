# verdict: invalid_output
# A "video" that is something else does not pass the container check.
import struct
import time

from manim import *


class Forged(Scene):
    def construct(self):
        def say(body):
            return struct.pack(">cI", b"J", len(body)) + body

        with open(101, "wb", buffering=0) as out:
            out.write(say(b'{"type": "begin", "kind": "video"}'))
            out.write(struct.pack(">cI", b"A", 30) + b"<html><script>alert(1)</script")
            out.write(say(b'{"type": "end"}') + say(b'{"type": "done", "outcome": "ok"}'))
        time.sleep(60)
