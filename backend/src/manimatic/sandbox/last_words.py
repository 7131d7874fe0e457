"""Know when all of a worker's log is there, though its end is told over another pipe.

Between a container's two outputs an engine keeps no order. So the host names a mark in its request, and an honest
worker writes it into its log right before it says that it is done. Whoever forges it cuts nothing off: what comes after
it is still log. Whoever leaves it out is waited for a moment.
"""

from __future__ import annotations

import secrets


class LastWords:
    """Take the mark out of a log that comes in pieces of any size."""

    def __init__(self) -> None:
        self.mark = f"end-of-log-{secrets.token_hex(16)}"
        self.are_heard = False
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Return what of the log is certain; bytes that may be the mark's beginning are held back."""
        data, mark = self._held + data, self.mark.encode()
        if not self.are_heard and mark in data:
            self.are_heard = True
            data = data.replace(mark, b"", 1)
        kept = 0 if self.are_heard else _begun(data, mark)
        self._held = data[len(data) - kept :]
        return data[: len(data) - kept]

    def rest(self) -> bytes:
        """Return what was held back, at the end of the log."""
        held, self._held = self._held, b""
        return held


def _begun(data: bytes, mark: bytes) -> int:
    """Return how many bytes at the end of the data are the beginning of the mark."""
    return next((size for size in range(len(mark) - 1, 0, -1) if data.endswith(mark[:size])), 0)
