# attack: recursion in C, first where Python counts it, then where nobody does; run by tests/attacks
import ctypes
import re

from manim import *


def nested(depth):
    found = []
    for _ in range(depth):
        found = [found]
    return found


class Deep(Scene):
    def construct(self):
        self.wait(0.1)
        for name, deed in {"repr": lambda: repr(nested(1_000_000)), "re": lambda: re.compile("(" * 50_000 + ")" * 50_000),
                           "eval": lambda: eval("(" * 100_000)}.items():  # fmt: skip
            tell(f"recursion in {name}", "done " + outcome_of(deed)[:40])
        room = ctypes.CFUNCTYPE(None)
        libc = ctypes.CDLL(None)
        libc.qsort.restype = None
        compare_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        data = (ctypes.c_int * 2)(2, 1)

        def deeper(*_):
            libc.qsort(data, 2, 4, callback)
            return 0

        callback = compare_type(deeper)
        import sys

        sys.setrecursionlimit(10**9)
        tell("stack", "done")
        deeper()
