"""The backends that are attacked: adding one is one entry of `BACKENDS`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from manimatic.sandbox.bubblewrap import BubblewrapSandbox
from manimatic.sandbox.cgroup import NoGroups, choose
from manimatic.sandbox.identity import take_identity
from manimatic.sandbox.keeper_command import _filters
from manimatic.sandbox.landlock import LandlockSandbox
from manimatic.sandbox.launcher_server import SupervisedSandbox
from manimatic.sandbox.runtime import GuestRuntime

Opened = Callable[[Path, GuestRuntime], AbstractContextManager[SupervisedSandbox]]


def _no_reason() -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Backend:
    """How to make a sandbox for a session, and as whom.

    Attributes:
        name: As the table shows it; the part before the dash is its family.
        opened: Gives the sandbox, whose files lie in the session's folder.
        plain_user: The session gives up root before.
        in_a_container: The session is where user namespaces are refused, as in an ordinary container.
        lacks: Says why this machine cannot have it.
    """

    name: str
    opened: Opened
    plain_user: bool = False
    in_a_container: bool = False
    lacks: Callable[[], str | None] = _no_reason


@contextmanager
def _bubblewrap(folder: Path, runtime: GuestRuntime) -> Iterator[SupervisedSandbox]:
    with take_identity(folder / "identity") as identity:
        sandbox = BubblewrapSandbox(choose(), identity, folder)
        vars(sandbox)["_runtime"] = runtime
        yield sandbox


@contextmanager
def _landlock(folder: Path, runtime: GuestRuntime) -> Iterator[SupervisedSandbox]:
    """Without groups, which a container cannot make: the weakest form."""
    _filters("seccomp", "landlock", "landlock_shared_user")
    with take_identity(folder / "identity") as identity:
        sandbox = LandlockSandbox(NoGroups(("none here",)), identity, folder)
        vars(sandbox)["_runtime"] = runtime
        yield sandbox


def _root_only() -> str | None:
    return None if os.geteuid() == 0 else "needs root"


BACKENDS = {
    one.name: one
    for one in (
        Backend(name="bubblewrap-root", opened=_bubblewrap, lacks=_root_only),
        Backend(name="bubblewrap-user", opened=_bubblewrap, plain_user=True),
        Backend(name="landlock-root", opened=_landlock, in_a_container=True, lacks=_root_only),
        Backend(name="landlock-user", opened=_landlock, in_a_container=True, plain_user=True),
    )
}
