"""A service that speaks S3's protocol, on the loopback interface: moto's, with a bucket in it."""

from __future__ import annotations

import http.client
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from manimatic.storage.s3 import Bucket
from moto.moto_server.threaded_moto_server import MotoRequestHandler, ThreadedMotoServer
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUCKET = "manimatic-videos"
KEY_ID, SECRET = "AKIAWRITES0000000000", "wr1te-s3cret-00000000000000000000000000"
READ_KEY_ID, READ_SECRET = "AKIAREADS00000000000", "r3ad-s3cret-000000000000000000000000000"


class OneAtATime(ThreadedMotoServer):
    """Answers one request at a time: two that write the same name at once make moto fail."""

    def _server_entry(self) -> None:
        answer, lock = DomainDispatcherApplication(create_backend_app), threading.Lock()

        def app(environ: Any, start_response: Any) -> Any:
            with lock:
                return answer(environ, start_response)

        self._server = make_server(self._ip_address, self._port, app, True, request_handler=MotoRequestHandler)
        self._server_ready_event.set()
        self._server.serve_forever()


@dataclass(frozen=True, slots=True, kw_only=True)
class S3:
    """A running service."""

    server: ThreadedMotoServer
    port: int

    @property
    def endpoint(self) -> str:
        """The address that Manimatic is told."""
        return f"http://127.0.0.1:{self.port}"

    def bucket(self, name: str = BUCKET, *, reads_only: bool = False) -> Bucket:
        """Return the bucket, with the rights to write or to read."""
        key_id, secret = (READ_KEY_ID, READ_SECRET) if reads_only else (KEY_ID, SECRET)
        return Bucket(name=name, key_id=key_id, secret=secret, endpoint=self.endpoint)

    def settings(self) -> dict[str, str]:
        """Return the settings of a service that keeps videos there."""
        return {
            "MANIMATIC_STORAGE": "s3",
            "MANIMATIC_S3_BUCKET": BUCKET,
            "MANIMATIC_S3_ENDPOINT": self.endpoint,
            "MANIMATIC_S3_ACCESS_KEY_ID": KEY_ID,
            "MANIMATIC_S3_SECRET_ACCESS_KEY": SECRET,
            "MANIMATIC_S3_READ_KEY_ID": READ_KEY_ID,
            "MANIMATIC_S3_READ_SECRET_KEY": READ_SECRET,
        }

    def request(self, method: str, path: str) -> int:
        """Ask the service for something and return the status."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path)
        status = connection.getresponse().status
        connection.close()
        return status


@contextmanager
def s3_server() -> Iterator[S3]:
    """Run the service; what was in an earlier one of this process is gone."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = OneAtATime(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        found = S3(server=server, port=server.get_host_and_port()[1])
        assert found.request("POST", "/moto-api/reset") == 200
        assert found.request("PUT", f"/{BUCKET}") == 200
        yield found
    finally:
        server.stop()
