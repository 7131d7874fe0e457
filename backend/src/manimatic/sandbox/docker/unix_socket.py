"""The SDK's way to an engine's socket, which closes what it opened also where nobody answers.

The SDK's own leaves the socket of an attempt that fails to the garbage collector: a launcher whose engine is away would
gather descriptors. Import it when it is used, like the SDK.
"""

from __future__ import annotations

import socket
from typing import Any

from docker.transport.unixconn import (  # type: ignore[import-untyped]
    UnixHTTPAdapter,
    UnixHTTPConnection,
    UnixHTTPConnectionPool,
)


class ClosingAdapter(UnixHTTPAdapter):  # type: ignore[misc]
    """Gives pools whose connections close themselves."""

    def get_connection(self, url: str, proxies: Any = None) -> Any:
        """Return the pool of an address."""
        with self.pools.lock:
            pool = self.pools.get(url)
            if pool is None:
                pool = self.pools[url] = _Pool(url, self.socket_path, self.timeout, maxsize=self.max_pool_size)
            return pool


class _Pool(UnixHTTPConnectionPool):  # type: ignore[misc]
    def _new_conn(self) -> Any:
        return _Connection(self.base_url, self.socket_path, self.timeout)


class _Connection(UnixHTTPConnection):  # type: ignore[misc]
    def connect(self) -> None:
        """Reach the engine. Raises OSError."""
        own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            own.settimeout(self.timeout)
            own.connect(self.unix_socket)
        except OSError:
            own.close()
            raise
        self.sock = own
