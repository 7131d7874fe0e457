"""The health checks of single processes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from manimatic import bootstrap, health
from manimatic.ports import ServiceReport
from manimatic.settings import Settings


@contextmanager
def answering(status: int) -> Iterator[int]:
    """Serve one status on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_api_is_asked_whether_it_takes_jobs(
    status: int, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its own answer decides."""
    with answering(status) as port:
        monkeypatch.setenv("MANIMATIC_PORT", str(port))
        assert health.main(["api"]) == code
    assert capsys.readouterr().err.startswith("api: ") == bool(code)


def test_an_api_that_does_not_answer_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("MANIMATIC_PORT", str(port))
    assert health.main(["api"]) == 1


def test_a_dispatcher_is_well_when_it_has_reported_of_late(tmp_path: Path) -> None:
    """One of this host; another host's does not count."""
    settings = Settings(data_dir=tmp_path)
    store = bootstrap.build_store(settings)
    store.report(ServiceReport(name="elsewhere-1-abc", role="dispatcher", facts={}))
    assert "no dispatcher of here" in health.of_dispatcher(settings, "here")
    store.report(ServiceReport(name="here-1-abc", role="dispatcher", facts={}))
    assert health.of_dispatcher(settings, "here") == ""


def test_a_launcher_that_is_not_there_is_not_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the socket."""
    assert health.main(["launcher", str(tmp_path / "socket")]) == 1
    assert str(tmp_path / "socket") in capsys.readouterr().err
