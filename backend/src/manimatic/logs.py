"""The operator's log: one line for each thing that happens, as JSON or as text, to standard error.

Its lines hold ids, codes and figures; no prompt, no code, no key, and nothing that a scene has printed.
"""

from __future__ import annotations

import sys
from typing import Any, TextIO

import structlog
from structlog.typing import FilteringBoundLogger

from manimatic.settings import Settings

INFO = 20


def make_log(settings: Settings, stream: TextIO | None = None, *, part: str = "api") -> FilteringBoundLogger:
    """Return the logger of a part of the service; structlog's global configuration is left alone."""
    target = stream or sys.stderr
    as_text = settings.log_format == "text" or (settings.log_format == "auto" and target.isatty())
    log: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(target),
        processors=_processors(as_text=as_text),
        wrapper_class=structlog.make_filtering_bound_logger(INFO),
        context_class=dict,
        cache_logger_on_first_use=True,
        part=part,
    )
    return log


def _processors(*, as_text: bool) -> list[Any]:
    renderer: Any = structlog.processors.JSONRenderer()
    if as_text:
        renderer = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        renderer,
    ]
