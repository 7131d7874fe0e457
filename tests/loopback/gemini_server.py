"""A server on 127.0.0.1 that speaks Gemini's REST protocol and answers from a script.

In tests::

    with GeminiServer([status(429, headers={"Retry-After": "1"}), answer(GOOD_SCENE)]) as server:
        ...  # point MANIMATIC_MODEL_BASE_URL at server.url
        server.requests[0].text

By hand, for demonstrations without a key (any key will do)::

    python tests/loopback/gemini_server.py --port 8123 --script repair

It serves `POST /v1beta/models/<model>:generateContent`, `:streamGenerateContent?alt=sse` and `GET /v1beta/models`.
Standard library only.
"""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if not __package__:  # run by hand
    sys.path.insert(0, str(Path(__file__).parents[1]))

from loopback.gemini_script import GOOD_SCENE, MODELS, SCRIPTS, answer, wrong_key
from loopback.model_server import ModelHandler, ModelServer


class GeminiHandler(ModelHandler):
    """Speaks Gemini's protocol."""

    def given_key(self) -> str | None:
        """Return the key that came with the request."""
        return self.headers.get("x-goog-api-key")

    def listing(self, models: Sequence[str]) -> Any:
        """Return the body that lists the models."""
        return {"models": [{"name": f"models/{name}", "version": "1"} for name in models]}

    def refuse_key(self) -> None:
        """Refuse the key as the vendor does."""
        wrong_key(self)

    @property
    def streams(self) -> bool:
        """Tell whether the client asked for a stream."""
        return ":streamGenerateContent" in self.path


class GeminiServer(ModelServer):
    """Gemini's server."""

    handler = GeminiHandler
    offered = MODELS
    good = staticmethod(answer(GOOD_SCENE))


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted, and print the address first."""
    parser = argparse.ArgumentParser(description="Speak Gemini's protocol on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--script", choices=sorted(SCRIPTS), default="good", help="what to answer, over and over")
    options = parser.parse_args(arguments)
    with GeminiServer(SCRIPTS[options.script], cycle=True, port=options.port) as server:
        print(server.url, flush=True)  # noqa: T201
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
