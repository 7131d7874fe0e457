"""The SDK's way to an engine's socket, which closes what it opened also where nobody answers.

The SDK's own leaves the socket of an attempt that fails to the garbage collector: a launcher whose engine is away would
gather descriptors. Like the SDK itself, what it is made of is imported when it is used.
"""

from __future__ import annotations

import socket
from typing import Any


def closing_adapter(address: str, timeout_s: float) -> Any:
    """Return the SDK's adapter for `unix://` and a path, with connections that close themselves."""
    from docker.transport import unixconn  # type: ignore[import-untyped]

    class Connection(unixconn.UnixHTTPConnection):  # type: ignore[misc]
        def connect(self) -> None:
            self.sock = connected(self.unix_socket, self.timeout)

    class Pool(unixconn.UnixHTTPConnectionPool):  # type: ignore[misc]
        def _new_conn(self) -> Connection:
            return Connection(self.base_url, self.socket_path, self.timeout)

    class Adapter(unixconn.UnixHTTPAdapter):  # type: ignore[misc]
        def get_connection(self, url: str, proxies: object = None) -> Any:
            with self.pools.lock:
                pool = self.pools.get(url)
                if pool is None:
                    pool = self.pools[url] = Pool(url, self.socket_path, self.timeout, maxsize=self.max_pool_size)
                return pool

    return Adapter(address.replace("unix://", "http+unix://"), timeout_s)


def connected(path: str, timeout_s: float) -> socket.socket:
    """Reach a socket. Raises OSError where nobody answers, and then leaves nothing open."""
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        own.settimeout(timeout_s)
        own.connect(path)
    except OSError:
        own.close()
        raise
    return own
