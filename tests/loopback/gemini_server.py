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
import json
import sys
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

if not __package__:  # run by hand
    sys.path.insert(0, str(Path(__file__).parents[1]))

from loopback.gemini_script import GOOD_SCENE, MODELS, SCRIPTS, Step, answer, wrong_key


@dataclass(frozen=True)
class Recorded:
    """A request as it came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any

    @property
    def text(self) -> str:
        """All words of the conversation, system prompt excluded."""
        turns = self.body.get("contents", []) if self.body else []
        return "\n".join(part.get("text", "") for turn in turns for part in turn.get("parts", []))

    @property
    def roles(self) -> list[str]:
        """Who speaks in which turn."""
        return [turn.get("role", "user") for turn in self.body["contents"]]


class Handler(BaseHTTPRequestHandler):
    """Answers one request with the next step of the script."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """List the models."""
        self._record(None)
        if not self._key_is_good():
            return
        if self.server.owner.listing is not None:
            self.server.owner.listing(self)
            return
        models = [{"name": f"models/{name}", "version": "1"} for name in self.server.owner.models]
        self.send_json(200, {"models": models})

    def do_POST(self) -> None:
        """Take the next step of the script."""
        self._record(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        if self._key_is_good():
            self.server.owner.next_step()(self)

    def send_json(self, code: int, body: Any, headers: dict[str, str] | None = None) -> None:
        """Send a whole body."""
        data = json.dumps(body).encode()
        self.send_response(code)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def begin_stream(self) -> None:
        """Open a stream of events that ends when the connection is closed."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def send_event(self, chunk: Any) -> None:
        """Send one event."""
        self.send_raw(f"data: {json.dumps(chunk)}\r\n\r\n".encode())

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.wfile.write(data)
        self.wfile.flush()

    @property
    def streams(self) -> bool:
        """Tell whether the client asked for a stream."""
        return ":streamGenerateContent" in self.path

    def pause(self, seconds: float) -> None:
        """Wait, but not beyond the server's end."""
        self.server.owner.closing.wait(seconds)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet; `requests` holds what came in."""

    def _record(self, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.owner.requests.append(Recorded(self.command, self.path, headers, body))

    def _key_is_good(self) -> bool:
        wanted = self.server.owner.api_key
        if wanted is None or self.headers.get("x-goog-api-key") == wanted:
            return True
        wrong_key(self)
        return False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: GeminiServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of what is tested."""


class GeminiServer:
    """The server with its script; the last step is repeated when the script is at its end.

    Args:
        script: The steps, one a request.
        cycle: Begin again at the end of the script instead of repeating its last step.
        api_key: The only key that is accepted; None accepts all.
    """

    def __init__(
        self, script: Iterable[Step] = (), *, cycle: bool = False, api_key: str | None = None, port: int = 0
    ) -> None:
        self.requests: list[Recorded] = []
        self.models: Sequence[str] = MODELS
        self.listing: Step | None = None
        self.api_key = api_key
        self.closing = threading.Event()
        self._script = list(script) or [answer(GOOD_SCENE)]
        self._cycle = cycle
        self._taken = 0
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", port), Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        """The address to use as the vendor's base URL."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def play(self, *script: Step) -> None:
        """Replace the script."""
        with self._lock:
            self._script, self._taken = list(script), 0

    def next_step(self) -> Step:
        """Return the step for the request that has just come in."""
        with self._lock:
            number = self._taken % len(self._script) if self._cycle else min(self._taken, len(self._script) - 1)
            self._taken += 1
            return self._script[number]

    def __enter__(self) -> GeminiServer:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


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
