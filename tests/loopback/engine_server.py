"""A made-up container engine on a unix socket: for what the real one cannot be brought to do."""

from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

API = "1.41"
INFO: dict[str, Any] = {
    "MemoryLimit": True,
    "SwapLimit": True,
    "CpuCfsQuota": True,
    "PidsLimit": True,
    "SecurityOptions": ["name=seccomp,profile=default"],
    "Runtimes": {"runc": {}, "runsc": {}},
    "DefaultRuntime": "runc",
    "CgroupVersion": "2",
    "SystemTime": "2026-11-25T13:00:00Z",
}


class MadeUpEngine(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers as it is told; notes what it was asked."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), _Handler)
        self.address = f"unix://{path}"
        self.info = dict(INFO)
        self.image: dict[str, Any] | None = {"Id": "sha256:1", "Config": {}}
        self.stream = b""
        """What comes over an attached connection."""
        self.taken: set[str] = set()
        """Names that other containers have; `*` is every name."""
        self.left: list[dict[str, Any]] = []
        """Containers that are there already; they cannot be removed."""
        self.states: list[dict[str, Any]] = [{"Running": True, "Pid": 0, "OOMKilled": False}]
        """What is said of a container when it is looked at, one after the other; the last one stays."""
        self.peak_memory_bytes = 0
        self.asked: list[str] = []
        self._started = threading.Event()

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        """Return status and body."""
        routes: list[tuple[str, Callable[[], tuple[int, Any]]]] = [
            (r"GET /version", lambda: (200, {"ApiVersion": API, "Version": "99"})),
            (r"GET /_ping", lambda: (200, "OK")),
            (r"GET /info", lambda: (200, self.info)),
            (r"GET /images/.*", lambda: (200, self.image) if self.image else (404, {"message": "No such image"})),
            (r"GET /containers/json.*", lambda: (200, self.left)),
            (r"POST /containers/create\?name=(.*)", lambda: self._create(path)),
            (r"POST /containers/c/start", self._start),
            (r"POST /containers/c/kill.*", lambda: (204, None)),
            (r"POST /containers/c/wait.*", lambda: (200, {"StatusCode": 137})),
            (r"GET /containers/c/json", lambda: (200, {"State": self._state()})),
            (r"GET /containers/c/stats.*", lambda: (200, {"memory_stats": {"max_usage": self.peak_memory_bytes}})),
            (r"DELETE /containers/c\?.*", lambda: (204, None)),
            (r"DELETE .*", lambda: (500, {"message": "device or resource busy"})),
        ]
        for route, make in routes:
            if re.fullmatch(route, f"{method} {path}"):
                return make()
        return 404, {"message": f"no {method} {path}"}

    def send_stream(self, send: Callable[[bytes], object]) -> None:
        """Send an attached connection's bytes as soon as the container is started."""
        send(b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
        if self._started.wait(10):
            send(self.stream)

    def _start(self) -> tuple[int, Any]:
        self._started.set()
        return 204, None

    def _state(self) -> dict[str, Any]:
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def _create(self, path: str) -> tuple[int, Any]:
        name = path.partition("name=")[2]
        if name in self.taken or "*" in self.taken:
            return 409, {"message": f"Conflict. The name {name} is in use."}
        self._started.clear()
        return 201, {"Id": "c", "Warnings": []}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MadeUpEngine

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    def do_DELETE(self) -> None:
        """Answer."""
        self._answer()

    def do_POST(self) -> None:
        """Answer, or become a stream."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "/attach?" in self.path:
            self.server.asked.append("attach")
            self.server.send_stream(self.wfile.write)
            self.close_connection = True
            return
        self._answer()

    def _answer(self) -> None:
        path = re.sub(r"^/v[\d.]+", "", self.path)
        self.server.asked.append(f"{self.command} {path}")
        if path.startswith("/events?"):
            self._send_no_events()
            return
        status, body = self.server.answer(self.command, path)
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send_no_events(self) -> None:
        """Send a stream that ends at once: nothing happened to anyone."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"0\r\n\r\n")

    def address_string(self) -> str:
        """Return who asks: a unix socket has no address."""
        return "unix"

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def made_up_engine(folder: Path) -> Iterator[MadeUpEngine]:
    """Run one in a thread; the folder's path has to be short."""
    with MadeUpEngine(folder / "engine.sock") as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
