"""The first thing that runs in a container of the worker's image.

It refuses to run beside a secret. With a scene in `CODE` it renders by hand; else it is `worker_entrypoint`, which
hears of its scene from the launcher.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable

REFUSED = 64
_SECRET = re.compile(
    r"^(CLOUDINARY|GEMINI|GOOGLE|OPENAI|ANTHROPIC|AWS|AZURE)_|(_|^)(API_?KEY|SECRET|TOKEN|PASSWORD|CREDENTIALS?)(_|$)",
    re.IGNORECASE,
)


def main(argv: list[str]) -> int:
    """Serve one request, unless the environment holds what a scene must not see."""
    if names := secret_names(os.environ):
        print(  # noqa: T201
            f"The worker runs code that nobody has read, and refuses to start beside secrets: {', '.join(names)}. "
            "Take them out of its environment; it needs none, since the trusted side stores its video.",
            file=sys.stderr,
            flush=True,
        )
        return REFUSED
    if "CODE" in os.environ:
        from manimatic_worker.by_hand import main as render_by_hand

        return render_by_hand(os.environ)
    from manimatic_worker.worker_entrypoint import main as serve

    return serve(argv)


def secret_names(names: Iterable[str]) -> list[str]:
    """Return those names of variables that are a key, a secret or an account of a service."""
    return sorted(name for name in names if _SECRET.search(name))
