"""The table of attacks, made from what `script/attack --write` has kept."""

from __future__ import annotations

import sys
from pathlib import Path


def attacks_table() -> str:
    """Return every attack with what came of it on each backend."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from attacks import report

    return report.markdown()
