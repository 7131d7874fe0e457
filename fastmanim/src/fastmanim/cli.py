"""`fastmanim render FILE [SCENE…]`: Manim's own command line, with all that is faster in place."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Install, and hand over to Manim."""
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # small matrices; and no thread may run where a process is forked
    from fastmanim.late import import_manim

    gc.disable()  # what is imported stays: nothing to look for
    import_manim()
    gc.freeze()
    gc.enable()
    from manim._config import logger

    if "DEBUG" in sys.argv:
        logger.setLevel("DEBUG")
    from fastmanim.installation import install

    install()
    from manim.__main__ import main as manim_main

    manim_main(prog_name="fastmanim")
