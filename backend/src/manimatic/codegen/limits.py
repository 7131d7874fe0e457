"""What one call of a model may cost, and how long it is worth waiting for."""

from __future__ import annotations

import random
from dataclasses import dataclass

from manimatic.errors import BudgetExceeded
from manimatic.jobs import Usage

MAX_TRIES = 3
"""Times one request is sent while the vendor answers with transient errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How often an answer is sent back, and how long a failing vendor is waited for."""

    max_corrections: int
    backoff_s: float
    max_wait_s: float


class Spending:
    """Adds up what the answers of one call cost, on top of what the job's earlier calls did."""

    def __init__(self, *, max_tokens: int, max_cost_usd: float, before: Usage | None = None) -> None:
        self._before = before or Usage()
        self._max_tokens = max_tokens
        self._max_cost_usd = max_cost_usd
        self.total = Usage()

    def add(self, usage: Usage) -> None:
        """Add what an answer has cost, whether it was finished or not."""
        self.total += usage

    def check(self, running: Usage | None = None) -> None:
        """Compare the sum, with an answer that is still being written, to the limits.

        Raises:
            BudgetExceeded: The tokens or the money are used up.
        """
        spent = self._before + self.total + (running or Usage())
        tokens = spent.input_tokens + spent.output_tokens
        if tokens > self._max_tokens:
            raise BudgetExceeded(f"The job has taken {tokens} tokens; {self._max_tokens} are allowed.")
        if spent.cost_usd is not None and spent.cost_usd > self._max_cost_usd:
            raise BudgetExceeded(f"The job has cost ${spent.cost_usd:.4f}; ${self._max_cost_usd:g} are allowed.")


class Patience:
    """Says how long to wait before a request is sent again: exponential, with jitter, within a total."""

    def __init__(self, terms: Terms) -> None:
        self._backoff_s = terms.backoff_s
        self._left_s = terms.max_wait_s
        self._tries = 1

    def next_wait_s(self, retry_after_s: float | None) -> float | None:
        """Return the seconds to wait, or None when it is time to give up.

        Args:
            retry_after_s: What the vendor asked for; it is never undercut.
        """
        wait_s = self._backoff_s * 2.0 ** (self._tries - 1) * random.uniform(1.0, 1.5)
        wait_s = max(wait_s, retry_after_s or 0.0)
        if self._tries >= MAX_TRIES or wait_s > self._left_s:
            return None
        self._tries += 1
        self._left_s -= wait_s
        return wait_s
