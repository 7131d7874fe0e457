"""A receiver of webhooks on the loopback interface, good or bad in the ways that receivers are."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

GOOD = b"HTTP/1.1 204 No Content\r\n\r\n"
HELD_S = 20.0


@dataclass(frozen=True, slots=True)
class Received:
    """A request that arrived."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Receiver:
    """What is listening, and what has come."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    sent_bytes: int = 0

    @property
    def url(self) -> str:
        """The address that is told of jobs."""
        return f"http://127.0.0.1:{self.port}/hook?x=1"


Answer = Callable[[Receiver, socket.socket], None]


def says(data: bytes) -> Answer:
    """Answer with these bytes."""
    return lambda receiver, client: client.sendall(data)


def is_silent(receiver: Receiver, client: socket.socket) -> None:
    """Never answer."""
    receiver.over.wait(HELD_S)


def trickles(receiver: Receiver, client: socket.socket) -> None:
    """Answer a byte at a time, and never come to an end."""
    client.sendall(b"HTTP/1.1 200 OK\r\n")
    while not receiver.over.wait(0.05):
        client.sendall(b"X-A: b\r\n")


def floods(receiver: Receiver, client: socket.socket) -> None:
    """Answer with ten gigabytes, as far as anybody reads them."""
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
    while receiver.sent_bytes < 10**10 and not receiver.over.is_set():
        receiver.sent_bytes += client.send(b"x" * 65536)


@contextmanager
def receiving(*answers: Answer) -> Iterator[Receiver]:
    """Listen, and answer each request in turn, the last answer again and again."""
    receiver, waiting = Receiver(), list(answers) or [says(GOOD)]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        receiver.port = listener.getsockname()[1]
        listener.settimeout(0.05)
        thread = threading.Thread(target=_serve, args=(receiver, listener, waiting))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.over.set()
            thread.join()


def _serve(receiver: Receiver, listener: socket.socket, answers: list[Answer]) -> None:
    with contextlib.ExitStack() as stack:
        threads: list[threading.Thread] = []
        stack.callback(lambda: [thread.join() for thread in threads])
        while not receiver.over.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = listener.accept()
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                threads.append(threading.Thread(target=_answer, args=(receiver, client, answer)))
                threads[-1].start()


def _answer(receiver: Receiver, client: socket.socket, answer: Answer) -> None:
    with client, contextlib.suppress(OSError):
        client.settimeout(HELD_S)
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        line, *rest = head.decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (item.partition(": ") for item in rest)}
        while len(body) < int(headers.get("content-length", "0")):
            body += client.recv(65536)
        receiver.received.append(Received(line, headers, body))
        answer(receiver, client)
        time.sleep(0)
