"""The docker backend: each run in a fresh container of the pinned worker image, with every wall that an engine has.

Nothing of the host is mounted into it: the image holds what a scene may see, the rest is in memory. The container's
name stands for the run's uid, so that the engine, which all launchers of the machine share, gives each uid once.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from manimatic.errors import SandboxError, SandboxUnavailable
from manimatic.jobs import new_id
from manimatic.ports import Limits
from manimatic.sandbox.cgroup.base import group_name
from manimatic.sandbox.docker.container import FIRST_UID, SLOTS, Recipe, config, confinement
from manimatic.sandbox.docker.engine import TIMEOUT_S, Engine, NameTaken
from manimatic.sandbox.docker.guest import DockerGuest
from manimatic.sandbox.docker.reaper import reap
from manimatic.sandbox.docker.stream import AttachedStreams
from manimatic.sandbox.docker.trial import examined, report, settled_recipe
from manimatic.sandbox.identity import LauncherIdentity
from manimatic.sandbox.supervised import SupervisedRuns

REAP_EVERY_S = 60.0


class DockerSandbox(SupervisedRuns):
    """Runs each worker in a container of its own.

    Args:
        address: Where the engine listens: `unix://` and a path.
        image: The worker image's name, resolved once to the id that then runs.
        runtime: The engine's runtime; empty for its default.
        identity: Whose runs these are, for whoever cleans up after this process.
        timeout_s: How long one answer of the engine's may take.
    """

    def __init__(
        self, address: str, image: str, runtime: str, identity: LauncherIdentity, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._image = image
        self._runtime = runtime
        self._identity = identity
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._reap_at = 0.0

    def describe(self) -> Mapping[str, Any]:
        """Return the layers in force, as a trial container found them.

        Raises:
            SandboxUnavailable: No engine, no image, or a wall that does not stand.
            SandboxError: The engine was there and is not any more.
        """
        found = self._probed
        self._engine.ping()
        return found

    @contextmanager
    def _fresh(self, run_id: str, limits: Limits) -> Iterator[DockerGuest]:
        group_name(self._identity.id, run_id)  # which refuses an id that is more than one
        with suppress(SandboxError):  # what is left of others does not keep this run from its own container
            self.clean_up()
        argv = ["serve", confinement(self.recipe, limits)]
        with self.container(self.recipe, run_id, limits, argv) as guest:
            guest.start()
            yield guest

    @contextmanager
    def container(self, recipe: Recipe, run_id: str, limits: Limits, argv: list[str]) -> Iterator[DockerGuest]:
        """Give a container that waits for its start; afterwards nothing of it is left. Raises SandboxError."""
        with ExitStack() as stack:
            stack.enter_context(self._noted(run_id))
            container = self._create(recipe, run_id, limits, argv)
            stack.callback(self._engine.remove, container)
            streams = AttachedStreams(self._engine.attach(container))
            stack.callback(streams.close)
            guest = DockerGuest(self._engine, container, streams, limits, recipe)
            stack.callback(guest.close)
            stack.callback(guest.kill)
            yield guest

    @contextmanager
    def _noted(self, run_id: str) -> Iterator[None]:
        """Let nobody take the run's container for one that was left behind, as long as the block lasts."""
        with self._lock:
            self._running.add(run_id)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(run_id)

    def _create(self, recipe: Recipe, run_id: str, limits: Limits, argv: list[str]) -> str:
        """Make the container under the first free name, whose number is its uid. Raises SandboxError."""
        for uid in range(FIRST_UID, FIRST_UID + SLOTS):
            try:
                container, _ = self._engine.create(f"manimatic-{uid}", config(recipe, run_id, limits, uid, argv))
            except NameTaken:
                continue
            return container
        raise SandboxError(f"All {SLOTS} slots of this engine are in use.")

    def clean_up(self, *, now: bool = False) -> None:
        """Remove what is left of dead launchers, and of this one's runs whose removal failed, every now and then."""
        with self._lock:
            if time.monotonic() < self._reap_at and not now:
                return
            self._reap_at = time.monotonic() + REAP_EVERY_S
        reap(self._engine, self._identity, self._is_running)

    def close(self) -> None:
        """Let go of the engine, where it was reached."""
        if "_engine" in vars(self):
            self._engine.close()

    def _is_running(self, run_id: str) -> bool:
        with self._lock:
            return run_id in self._running

    @functools.cached_property
    def _engine(self) -> Engine:
        return Engine(self._address, self._timeout_s)

    @functools.cached_property
    def recipe(self) -> Recipe:
        """Return what all containers have in common, fixed when it is first asked. Raises SandboxError."""
        return settled_recipe(self._engine, self._image, self._runtime, self._identity.id)

    @functools.cached_property
    def _probed(self) -> Mapping[str, Any]:
        with suppress(SandboxError):
            self.clean_up(now=True)
        try:
            found = examined(self.container, self.recipe, new_id())
        except SandboxUnavailable:
            raise
        except SandboxError as error:
            raise SandboxUnavailable(f"No container can be started: {error.message}") from error
        return report(self._engine, self.recipe, found)
