"""What a call may cost, and how long a failing vendor is waited for."""

from __future__ import annotations

import subprocess
import sys

import pytest
from manimatic.codegen.limits import Patience, Spending, Terms
from manimatic.errors import BudgetExceeded
from manimatic.jobs import Usage


def test_waits_grow_and_end_after_three_tries() -> None:
    """Two waits, the second about twice the first, then no more."""
    patience = Patience(Terms(max_corrections=0, backoff_s=1.0, max_wait_s=60))
    first, second = patience.next_wait_s(None), patience.next_wait_s(None)
    assert first is not None
    assert second is not None
    assert 1.0 <= first <= 1.5
    assert 2.0 <= second <= 3.0
    assert patience.next_wait_s(None) is None


def test_wait_that_the_vendor_names_is_never_undercut() -> None:
    """Retry-After is the least."""
    assert Patience(Terms(max_corrections=0, backoff_s=0.1, max_wait_s=60)).next_wait_s(7.0) == 7.0


def test_waits_together_stay_within_the_total() -> None:
    """What the first wait took is missing for the second."""
    patience = Patience(Terms(max_corrections=0, backoff_s=0.1, max_wait_s=10))
    assert patience.next_wait_s(6.0) == 6.0
    assert patience.next_wait_s(6.0) is None


def test_unknown_cost_is_not_zero_and_does_not_hide_a_known_one() -> None:
    """Costs are summed where they are known."""
    spending = Spending(max_tokens=100, max_cost_usd=0.5)
    spending.add(Usage(requests=1, input_tokens=10))
    assert spending.total.cost_usd is None
    spending.add(Usage(requests=1, output_tokens=5, cost_usd=0.25))
    assert spending.total == Usage(requests=2, input_tokens=10, output_tokens=5, cost_usd=0.25)


def test_running_answer_counts_before_it_is_added() -> None:
    """The limit is compared with what was spent and what is being spent."""
    spending = Spending(max_tokens=100, max_cost_usd=0.5)
    spending.add(Usage(input_tokens=60))
    spending.check(Usage(output_tokens=40))
    with pytest.raises(BudgetExceeded, match="101 tokens"):
        spending.check(Usage(output_tokens=41))


def test_importing_the_generators_loads_no_vendor() -> None:
    """The web page and the command line start without the vendor's three seconds."""
    code = (
        "import sys, manimatic.codegen.generator, manimatic.codegen.scripted, manimatic.codegen.prompting\n"
        "print(sorted({'pydantic_ai', 'pydantic', 'google', 'httpx2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_what_earlier_attempts_cost_counts_against_the_limits() -> None:
    """A repair has only what is left of the job's budget."""
    spending = Spending(max_tokens=100, max_cost_usd=1.0, before=Usage(input_tokens=60, cost_usd=0.1))
    spending.add(Usage(output_tokens=40))
    spending.check()
    spending.add(Usage(output_tokens=1))
    with pytest.raises(BudgetExceeded):
        spending.check()
    assert spending.total == Usage(output_tokens=41)
