# attack: text that acts on terminals, browsers and decoders; run by tests/attacks
import os
import sys

from manim import *

NASTY = ["\x1b]52;c;ZXZpbA==\x07", "\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "\x1b[2J\x1b[31m", "a\rb", "nul\0nul", "\ufeffbom",
         "\u202eright to left", "\u2066isolate\u2069", "\x9b31m", "\x85next line", "\u2028line", "<script>alert(1)</script>", "${jndi:ldap://x}"]


class Words(Scene):
    def construct(self):
        for word in NASTY:
            print(word)
        for raw in (b"\xff\xfe\xfd\n", b"\xed\xa0\x80 surrogate\n", b"\xc0\xaf overlong\n", b"\xf4\x90\x80\x80\n"):
            os.write(2, raw)
        try:
            print(chr(56550))
        except UnicodeEncodeError:
            sys.stdout.buffer.write(chr(56550).encode("utf-8", "surrogatepass") + b"\n")
        tell("words", "done")
        self.wait(0.1)
        raise ValueError("\x1b[31m" + "\u202e" + chr(56550) + "\0")
