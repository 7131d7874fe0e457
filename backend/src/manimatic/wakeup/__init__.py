"""Saying that there is work: within one process, and between processes of one machine."""

from __future__ import annotations

from manimatic.wakeup.in_process import InProcessWakeup
from manimatic.wakeup.polling import PollingWakeup

__all__ = ["InProcessWakeup", "PollingWakeup"]
