"""Cloudinary's upload API on the loopback interface, as far as Manimatic uses it.

It checks what the vendor checks (account, key, SHA-1 signature, age of the timestamp, order and size of chunks), keeps
what it is given, serves it back, and fails as it is told to. Written from the vendor's API reference, not from the SDK.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

SMALLEST_CHUNK = 5_000_000
_UNSIGNED = frozenset({"file", "api_key", "signature", "cloud_name", "resource_type"})
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_STALE_S = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """How one request goes wrong."""

    status: int = 500
    message: str = "Internal error"
    html: bool = False
    """Answer with a page, as a gateway in front of the API does."""
    drop: str = ""
    """`body`: cut the connection in the middle of the request; `answer`: do the work, then cut it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request that arrived whole."""

    path: str
    fields: dict[str, str]
    content_range: str
    upload_id: str


@dataclass(slots=True, kw_only=True)
class Account:
    """One account and what is stored in it; files are kept under resource type and public id."""

    cloud_name: str = "demo"
    api_key: str = "123456789012345"
    api_secret: str = "loopback-secret-value"
    files: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    chunks: dict[str, bytes] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    script: list[Fault | None] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_fault(self) -> Fault | None:
        """Take the next scripted fault; None lets the request pass."""
        with self.lock:
            return self.script.pop(0) if self.script else None

    def signature(self, fields: dict[str, str]) -> str:
        """Return the SHA-1 signature that these fields should carry."""
        signed = sorted(f"{k}={v}".replace("&", "%26") for k, v in fields.items() if k not in _UNSIGNED and v)
        return hashlib.sha1(("&".join(signed) + self.api_secret).encode()).hexdigest()  # noqa: S324


class Refusal(Exception):
    """The API answers with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class CloudinaryServer:
    """A running server; use it as a context manager."""

    def __init__(self) -> None:
        self.account = Account()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.account = self.account
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def address(self) -> str:
        """The server's address; goes where the vendor's `https://api.…` goes."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def fail(self, faults: Iterable[Fault | None]) -> None:
        """Let the next requests go wrong, one after the other; None lets one pass."""
        self.account.script.extend(faults)

    def __enter__(self) -> CloudinaryServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    account: Account
    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    @property
    def _account(self) -> Account:
        return cast(_Server, self.server).account

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent."""

    def do_GET(self) -> None:
        """Serve a stored file, as the delivery network does."""
        match = re.fullmatch(r"/([^/]+)/(\w+)/upload/v\d+/(\w+)\.(\w+)", self.path)
        kept = self._account.files.get((match[2], match[3])) if match else None
        if match is None or kept is None or kept[0] != match[4]:
            self._answer(404, b"", "text/plain")
        else:
            self._answer(200, kept[1], f"video/{kept[0]}")

    def do_POST(self) -> None:
        """Take an upload, a chunk of one, or an order to destroy."""
        fault = self._account.next_fault()
        if fault and fault.drop == "body":
            return self._cut_in_body()
        fields, content, file_name = _read_multipart(self.headers["Content-Type"], self._body())
        self._note(fields)
        if fault and not fault.drop:
            return self._go_wrong(fault)
        try:
            result = self._do(fields, content, file_name)
        except Refusal as refusal:
            return self._error(refusal.status, str(refusal))
        if fault:
            return self._cut()
        return self._json(200, result)

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _note(self, fields: dict[str, str]) -> None:
        content_range, upload_id = self.headers.get("Content-Range", ""), self.headers.get("X-Unique-Upload-Id", "")
        with self._account.lock:
            seen = Seen(path=self.path, fields=fields, content_range=content_range, upload_id=upload_id)
            self._account.seen.append(seen)

    def _do(self, fields: dict[str, str], content: bytes, file_name: str) -> dict[str, Any]:
        match = re.fullmatch(r"/v1_1/([^/]+)/(image|video|raw)/(upload|destroy)", self.path)
        if match is None or match[1] != self._account.cloud_name:
            raise Refusal(401, "Invalid cloud_name")
        _authorize(self._account, fields)
        key = (match[2], fields.get("public_id", ""))
        with self._account.lock:
            if match[3] == "destroy":
                return {"result": "ok" if self._account.files.pop(key, None) else "not found"}
            return self._upload(key, fields, content, file_name.rpartition(".")[2])

    def _upload(self, key: tuple[str, str], fields: dict[str, str], content: bytes, suffix: str) -> dict[str, Any]:
        whole = self._join(content)
        if whole is None:
            return {"public_id": key[1], "done": False, "kind": "upload", "bytes": len(content)}
        existing = key in self._account.files and fields.get("overwrite") == "0"
        if not existing:
            self._account.files[key] = (suffix, whole)
        return self._describe(key) | ({"existing": True} if existing else {})

    def _join(self, content: bytes) -> bytes | None:
        """Add a chunk; return the whole file once it is there."""
        if "Content-Range" not in self.headers:
            return content
        first, last, total = _read_range(self.headers["Content-Range"])
        upload_id, is_last = self.headers["X-Unique-Upload-Id"], last + 1 == total
        before = self._account.chunks.get(upload_id, b"")
        if len(before) != first or len(content) != last + 1 - first:
            raise Refusal(400, "Chunk out of order")
        if len(content) < SMALLEST_CHUNK and not is_last:
            raise Refusal(400, "All parts except EOF-chunk must be larger than 5mb")
        self._account.chunks[upload_id] = before + content
        return self._account.chunks.pop(upload_id) if is_last else None

    def _describe(self, key: tuple[str, str]) -> dict[str, Any]:
        suffix, whole = self._account.files[key]
        host = f"http://127.0.0.1:{cast(_Server, self.server).server_port}"
        url = f"{host}/{self._account.cloud_name}/{key[0]}/upload/v1/{key[1]}.{suffix}"
        return {"public_id": key[1], "resource_type": key[0], "format": suffix, "bytes": len(whole), "secure_url": url}

    def _go_wrong(self, fault: Fault) -> None:
        if fault.html:
            self._answer(fault.status, b"<html>Bad gateway</html>", "text/html")
        else:
            self._error(fault.status, fault.message)

    def _error(self, status: int, message: str) -> None:
        self._json(status, {"error": {"message": message}})

    def _json(self, status: int, content: dict[str, Any]) -> None:
        self._answer(status, json.dumps(content).encode(), "application/json")

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(content))), ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def _cut_in_body(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]) // 2)
        self._cut()

    def _cut(self) -> None:
        # lingering for zero seconds makes closing a reset, as when the machine at the other end is gone
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)


def _authorize(account: Account, fields: dict[str, str]) -> None:
    if fields.get("api_key") != account.api_key:
        raise Refusal(401, f"Unknown API key {fields.get('api_key')}")
    if fields.get("signature") != account.signature(fields):
        signed = "&".join(sorted(f"{k}={v}" for k, v in fields.items() if k not in _UNSIGNED))
        raise Refusal(401, f"Invalid Signature {fields.get('signature')}. String to sign - '{signed}'.")
    if abs(time.time() - int(fields["timestamp"])) > _STALE_S:
        raise Refusal(400, f"Stale request - reported time is {fields['timestamp']}")


def _read_range(text: str) -> tuple[int, int, int]:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise Refusal(400, "Bad Content-Range")
    return int(match[1]), int(match[2]), int(match[3])


def _read_multipart(content_type: str, body: bytes) -> tuple[dict[str, str], bytes, str]:
    """Return the plain fields, the file's bytes and the file's name."""
    fields, content, file_name = {}, b"", ""
    for head, value in _parts(content_type, body):
        name = _parameter(head, "name")
        if name == "file":
            content, file_name = value, _parameter(head, "filename")
        else:
            fields[name] = value.decode()
    return fields, content, file_name


def _parts(content_type: str, body: bytes) -> Iterator[tuple[str, bytes]]:
    boundary = b"--" + content_type.partition("boundary=")[2].strip('"').encode()
    for part in body.split(boundary)[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        yield head.decode(), value.removesuffix(b"\r\n")


def _parameter(head: str, name: str) -> str:
    match = re.search(rf'\b{name}="([^"]*)"', head)
    return match[1] if match else ""
