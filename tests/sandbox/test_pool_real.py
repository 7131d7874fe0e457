"""Workers that wait in real sandboxes: what they serve, what becomes of them, and that nothing is left."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from manimatic.sandbox.bubblewrap import BubblewrapSandbox
from manimatic.sandbox.cgroup import choose
from manimatic.sandbox.identity import LauncherIdentity, identity_folder, take_identity
from manimatic.sandbox.landlock import LandlockSandbox
from manimatic.sandbox.runtime import runtime_root
from manimatic.verdicts import Verdict
from sandbox_bench import SLOWDOWN, SMALL, Bench, groups_of

KINDS = {"bubblewrap": BubblewrapSandbox, "landlock": LandlockSandbox}
SQUARE = "self.play(Create(Square()), run_time=0.2)\n"
PATIENCE_S = 120.0 * SLOWDOWN
ASLEEP_S = 2.0


@contextmanager
def kept_warm(kind: str) -> Iterator[tuple[BubblewrapSandbox | LandlockSandbox, LauncherIdentity]]:
    """Keep one worker waiting for the length of the block."""
    with take_identity(identity_folder()) as identity:
        sandbox, until = KINDS[kind](choose(), identity, runtime_root()), threading.Event()
        warmer = threading.Thread(target=sandbox.keep_warm, args=(1, SMALL, until))
        warmer.start()
        try:
            yield sandbox, identity
        finally:
            until.set()
            warmer.join(PATIENCE_S)
            assert not warmer.is_alive()


def wait_until_ready(sandbox: BubblewrapSandbox | LandlockSandbox) -> None:
    """Wait until a worker waits."""
    give_up_at = time.monotonic() + PATIENCE_S
    while sandbox.pool_state()["ready"] != 1:
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_worker_that_waited_serves_one_run_within_its_limits(kind: str, tmp_path: Path) -> None:
    """It is ready at once; its time counts from the request; afterwards nothing of the launcher's is left."""
    with kept_warm(kind) as (sandbox, identity):
        wait_until_ready(sandbox)
        first = Bench(sandbox, tmp_path).run(SQUARE)
        wait_until_ready(sandbox)
        time.sleep(ASLEEP_S)
        short = dataclasses.replace(SMALL, timeout_s=ASLEEP_S)
        late = Bench(sandbox, tmp_path).run("while True: pass\nself.wait()", limits=short)

    assert (first.verdict, late.verdict) == (Verdict.OK, Verdict.TIMEOUT)
    assert late.figures["wall_s"] >= ASLEEP_S
    assert not groups_of(identity.id)
    assert not list((runtime_root() / "runs").glob(f"*{identity.id}*"))
