"""Runs asynchronous work in the caller's thread, and lets go of it at once when it is cancelled."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from manimatic.errors import JobCancelled

T = TypeVar("T")
_LOG = logging.getLogger(__name__)
POLL_S = 0.05
"""How often the cancel event is looked at."""
GRACE_S = 0.3
"""How long cancelled work may take to close its connections."""


def run_until_cancelled(work: Coroutine[Any, Any, T], cancel: threading.Event) -> T:
    """Run the work to its end in a new event loop and return its result.

    `asyncio.run` is not used because it waits for the resolver's thread, which nothing can interrupt.

    Raises:
        JobCancelled: `cancel` was set before the work was done.
    """
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(_note_leftover)
    try:
        return loop.run_until_complete(_race(work, cancel))
    finally:
        loop.run_until_complete(_stop_all())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _note_leftover(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # The work's own error is raised; what is left is a vendor's streams that complain of being closed half-read.
    _LOG.debug("left over: %s", context.get("message"))


async def _race(work: Coroutine[Any, Any, T], cancel: threading.Event) -> T:
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.wait({task}, timeout=POLL_S)
        if cancel.is_set() and not task.done():
            raise JobCancelled
    return task.result()


async def _stop_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=GRACE_S)
