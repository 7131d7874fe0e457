# verdict: output_limit
# More artefact bytes than allowed, written straight into the protocol's descriptor.
import struct

from manim import *


class Delivers(Scene):
    def construct(self):
        out = open(101, "wb")
        body = b'{"type": "begin", "kind": "part"}'
        out.write(struct.pack(">cI", b"J", len(body)) + body)
        while True:
            out.write(struct.pack(">cI", b"A", 200_000) + bytes(200_000))
