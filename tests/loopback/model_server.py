"""The part that the loopback servers of all models share: HTTP on 127.0.0.1, a script of steps, what came in.

Standard library only.
"""

from __future__ import annotations

import abc
import json
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self

Step = Callable[["ModelHandler"], None]


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
        return "\n".join(words for _, words in self.turns)

    @property
    def roles(self) -> list[str]:
        """Who speaks in which turn."""
        return [role for role, _ in self.turns]

    @property
    def turns(self) -> list[tuple[str, str]]:
        """Who says what, system prompt excluded; each protocol has its own form."""
        if "contents" in (self.body or {}):
            return [(turn.get("role", "user"), _joined(turn.get("parts", []))) for turn in self.body["contents"]]
        turns = (self.body or {}).get("messages", [])
        return [(turn["role"], _joined(turn["content"])) for turn in turns if turn["role"] != "system"]

    @property
    def system(self) -> str:
        """The instructions."""
        if "systemInstruction" in self.body:
            return _joined(self.body["systemInstruction"]["parts"])
        if "system" in self.body:
            return _joined(self.body["system"])
        return "\n".join(_joined(turn["content"]) for turn in self.body["messages"] if turn["role"] == "system")


def _joined(content: Any) -> str:
    return content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)


class ModelHandler(BaseHTTPRequestHandler, abc.ABC):
    """Answers one request with the next step of the script; a subclass speaks one protocol."""

    protocol_version = "HTTP/1.1"
    server: _Server

    @abc.abstractmethod
    def given_key(self) -> str | None:
        """Return the key that came with the request."""

    @abc.abstractmethod
    def listing(self, models: Sequence[str]) -> Any:
        """Return the body that lists the models."""

    @abc.abstractmethod
    def refuse_key(self) -> None:
        """Refuse the key as the vendor does."""

    @property
    @abc.abstractmethod
    def streams(self) -> bool:
        """Tell whether the client asked for a stream."""

    def do_GET(self) -> None:
        """List the models."""
        self._record(None)
        if not self._key_is_good():
            return
        if self.server.owner.listing is not None:
            self.server.owner.listing(self)
            return
        self.send_json(200, self.listing(self.server.owner.models))

    def do_POST(self) -> None:
        """Take the next step of the script."""
        self.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._record(self.asked)
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

    def send_event(self, chunk: Any, name: str | None = None) -> None:
        """Send one event."""
        head = f"event: {name}\r\n" if name else ""
        self.send_raw(f"{head}data: {json.dumps(chunk)}\r\n\r\n".encode())

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.wfile.write(data)
        self.wfile.flush()

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
        if wanted is None or self.given_key() == wanted:
            return True
        self.refuse_key()
        return False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    owner: ModelServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of what is tested."""


class ModelServer:
    """A server with its script; the last step is repeated when the script is at its end.

    Args:
        script: The steps, one a request.
        cycle: Begin again at the end of the script instead of repeating its last step.
        api_key: The only key that is accepted; None accepts all.
    """

    handler: ClassVar[type[ModelHandler]]
    offered: ClassVar[Sequence[str]]
    good: ClassVar[Step]
    """What is answered where there is no script."""

    def __init__(
        self, script: Iterable[Step] = (), *, cycle: bool = False, api_key: str | None = None, port: int = 0
    ) -> None:
        self.requests: list[Recorded] = []
        self.models: Sequence[str] = self.offered
        self.listing: Step | None = None
        self.api_key = api_key
        self.closing = threading.Event()
        self._script = list(script) or [type(self).good]
        self._cycle = cycle
        self._taken = 0
        self._lock = threading.Lock()
        self._http = _Server(("127.0.0.1", port), self.handler)
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

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
