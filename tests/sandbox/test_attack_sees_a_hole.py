"""A sandbox that has a hole on purpose: the attack suite finds it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from attacks.canaries import Canaries
from attacks.registry import load
from attacks.session import Session
from manimatic.sandbox.bubblewrap import BubblewrapSandbox
from manimatic.sandbox.cgroup import choose
from manimatic.sandbox.identity import identity_folder, take_identity
from manimatic.sandbox.runtime import GuestRuntime, install_runtime, runtime_root


@dataclass(frozen=True, slots=True, kw_only=True)
class Holey(GuestRuntime):
    """A runtime through which a file of the host's is seen."""

    hole: Path

    def binds(self) -> Iterator[tuple[str, str]]:
        """Show the file besides."""
        yield from GuestRuntime.binds(self)
        yield str(self.hole), "/runtime/hole"


def test_secret_that_can_be_read_is_found(tmp_path: Path) -> None:
    """Searching finds it, and that it was carried out is seen."""
    with ExitStack() as stack:
        canaries = Canaries(tmp_path, (), stack)
        identity = stack.enter_context(take_identity(identity_folder()))
        sandbox = BubblewrapSandbox(choose(), identity, runtime_root())
        parts = dataclasses.asdict(install_runtime(runtime_root()))
        secret = Path("/var/tmp") / f"manimatic-hole-{identity.id}"  # which any uid can reach
        stack.callback(secret.unlink, missing_ok=True)
        secret.write_text(canaries.secret)
        secret.chmod(0o644)
        vars(sandbox)["_runtime"] = Holey(**parts, hole=secret)
        session = Session(load(), sandbox, canaries, tmp_path, left=lambda _: [], processes=lambda _: None, exact=False)
        found = session.once(session.registry.runs["searches"], number=0)
    assert any("a canary's text has left the run" in one for one in found.broken), found.broken
