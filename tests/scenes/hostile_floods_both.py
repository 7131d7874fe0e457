# attack: both pipes flooded at once, so that whoever reads one waits for the other; run by tests/attacks
import os
import struct
import threading

from manim import *


class Floods(Scene):
    def construct(self):
        tell("floods", "done")
        body = b'{"type": "progress", "animation": 1, "video_s": 1.0}'
        frames = (struct.pack(">cI", b"J", len(body)) + body) * 500

        def flood(fd, data):
            while True:
                os.write(fd, data)

        threading.Thread(target=flood, args=(101, frames), daemon=True).start()
        flood(2, b"x" * 100 + b"\n")
