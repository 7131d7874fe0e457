"""Hear of a group of version 1 that it ran out of memory, and know it still when the group is gone.

The counter of a group's kills goes with the group, which whoever made it takes away as soon as its last process is
dead: a look at intervals misses a kill that ends them all. The kernel adds one to an `eventfd` each time that the
group is out of memory, and one more when the group is taken away; the number stays as long as the descriptor does.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class OomEar:
    """One group's, open until it is closed.

    Args:
        folder: The group's, of the memory controller.

    Raises:
        OSError: The kernel does not tell it, or not to this user; nothing is left open.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._times = 0
        self._counter = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        try:
            with (folder / "memory.oom_control").open("rb") as control:
                (folder / "cgroup.event_control").write_text(f"{self._counter} {control.fileno()}")
        except OSError:
            self.close()
            raise

    def has_heard(self) -> bool:
        """Tell whether the group ran out of memory; the kernel says of one that is gone a moment later."""
        with contextlib.suppress(BlockingIOError):
            self._times += os.eventfd_read(self._counter)
        # asked after the number was read: a folder that is there now was not taken away before that
        return self._times > (0 if self._folder.exists() else 1)

    def close(self) -> None:
        """Hear nothing more. Calling it again is harmless."""
        if self._counter >= 0:
            os.close(self._counter)
            self._counter = -1
