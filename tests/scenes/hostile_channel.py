# attack: the protocol's own descriptors, misused by the way that ATTACK names; run by tests/attacks
import os
import struct
import time

from manim import *


def frame(body):
    return struct.pack(">cI", b"J", len(body)) + body


def say(data):
    view = memoryview(data)
    while view:
        view = view[os.write(101, view) :]


WAYS = {
    "closed": lambda: os.close(101),
    "log over it": lambda: os.dup2(2, 101),
    "huge frame": lambda: say(struct.pack(">cI", b"A", 1 << 31) + bytes(1 << 20)),
    "half a frame": lambda: say(struct.pack(">cI", b"J", 1000) + b"{"),
    "nested": lambda: say(frame(b"[" * 60_000)),
    "not a number": lambda: say(frame(b'{"type": "progress", "animation": NaN, "video_s": Infinity}')),
    "huge number": lambda: say(frame(b'{"type": "progress", "animation": ' + b"9" * 60_000 + b', "video_s": 1}')),
    "twice": lambda: say(frame(b'{"type": "done", "outcome": "scene_error", "outcome": "ok"}')),
    "request": lambda: say(frame(b'{"type": "request", "code": "x"}')),
    "path as kind": lambda: say(frame(b'{"type": "begin", "kind": "../../etc/x"}')),
    "sandbox error": lambda: say(frame(b'{"type": "done", "outcome": "sandbox_error"}')),
}


class Channel(Scene):
    def construct(self):
        tell(f"way {ATTACK['way']}", "done")
        time.sleep(0.2)
        WAYS[ATTACK["way"]]()
        if ATTACK["way"] not in ("closed", "log over it"):
            time.sleep(60)
        self.wait(0.1)
