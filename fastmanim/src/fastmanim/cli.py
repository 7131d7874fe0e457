"""`fastmanim render FILE [SCENE…]`: Manim's own command line, with all that is faster in place."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Install, and hand over to Manim."""
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # small matrices; and no thread may run where a process is forked
    from fastmanim.late import import_manim

    import_manim()
    from manim._config import logger

    if "DEBUG" in sys.argv:
        logger.setLevel("DEBUG")
    from fastmanim.installation import install

    install()
    from manim.__main__ import main as manim_main

    manim_main(prog_name="fastmanim")
