"""The container engine behind one address, asked through its SDK; every call has a timeout.

The SDK is imported when it is used: what it is built on opens a socket while it is imported.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from manimatic.errors import SandboxError, SandboxUnavailable
from manimatic.sandbox.docker.unix_socket import closing_adapter

TIMEOUT_S = 60.0
"""Of one call: a busy engine may take many seconds to make a container, and longer than this to take nothing."""
_REACH = (
    "Start the engine, or name its address in MANIMATIC_DOCKER_HOST. The launcher's user has to be in the group that "
    "owns the engine's socket (usermod -aG docker USER); do not open the socket to everyone: it gives root's rights."
)
_ATTACHED = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}


class Vanished(SandboxError):
    """The container is gone: somebody has removed it."""


class NameTaken(SandboxError):
    """Another container has this name."""


class Engine:
    """What a launcher asks of the engine, and nothing else.

    Args:
        address: `unix://` and the path of the engine's socket.

    Raises:
        SandboxUnavailable: It does not answer.
    """

    def __init__(self, address: str, timeout_s: float = TIMEOUT_S) -> None:
        import docker  # type: ignore[import-untyped]

        self.address = address
        try:
            self._api: Any = _client(address, timeout_s, _version(address, timeout_s))
        except (docker.errors.DockerException, OSError, KeyError) as error:
            raise SandboxUnavailable(f"No engine answers at {address}: {_reason(error)}.", hint=_REACH) from error

    def info(self) -> Mapping[str, Any]:
        """Return what the engine says of itself and its machine."""
        with self._asked("describe itself"):
            found: Mapping[str, Any] = self._api.info()
            return found

    def version(self) -> Mapping[str, Any]:
        """Return the versions of the engine and its parts."""
        with self._asked("say its version"):
            found: Mapping[str, Any] = self._api.version()
            return found

    def ping(self) -> None:
        """Ask whether it is there. Raises SandboxError."""
        with self._asked("answer"):
            self._api.ping()

    def image(self, name: str) -> Mapping[str, Any]:
        """Return what is known of an image; nothing is pulled.

        Raises:
            SandboxUnavailable: The engine does not have it.
        """
        try:
            with self._asked("look for the worker's image"):
                found: Mapping[str, Any] = self._api.inspect_image(name)
                return found
        except Vanished as error:
            raise SandboxUnavailable(
                f"The engine at {self.address} has no image {name}.",
                hint="Build it with ./build.sh, or name another in MANIMATIC_WORKER_IMAGE; nothing is pulled.",
            ) from error

    def create(self, name: str, config: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
        """Make a container, and return its id and the engine's warnings.

        Raises:
            NameTaken: Another has this name.
        """
        with self._asked("make a container"):
            made = self._api.create_container_from_config(dict(config), name)
            return str(made["Id"]), tuple(made.get("Warnings") or ())

    def attach(self, container: str) -> socket.socket:
        """Return a connection to the container's streams; call it before `start`, else bytes are missed."""
        with self._asked("attach to a container"):
            given = self._api.attach_socket(container, params=_ATTACHED)
            own: socket.socket = given._sock.dup()
            given._response.close()  # the SDK's end, which would hold the connection open besides
            return own

    def start(self, container: str) -> None:
        """Start the container."""
        with self._asked("start a container"):
            self._api.start(container)

    def inspect(self, container: str) -> Mapping[str, Any]:
        """Return the container's state and settings. Raises Vanished."""
        with self._asked("show a container"):
            found: Mapping[str, Any] = self._api.inspect_container(container)
            return found

    def stats(self, container: str) -> Mapping[str, Any]:
        """Return one look at the container's counters."""
        with self._asked("count for a container"):
            found: Mapping[str, Any] = self._api.stats(container, stream=False, one_shot=True)
            return found

    def memory_kills(self, container: str) -> int:
        """Count the times that the kernel killed for memory in a container; the engine hears of it a moment later."""
        with self._asked("tell what happened to a container"):
            wanted = {"container": container, "event": "oom"}
            events = self._api.events(since="1", until=f"{time.time():.9f}", filters=wanted, decode=True)
            return sum(1 for _ in events)

    def share(self, container: str, shares: int) -> None:
        """Set the container's weight beside others, of which 1024 is the usual one."""
        with self._asked("set the share of a container"):
            self._api.update_container(container, cpu_shares=shares)

    def kill(self, container: str) -> None:
        """End the container's processes and wait for that; one that has ended or is gone is no error."""
        with self._asked("end a container", but={404, 409}):
            self._api.kill(container)
        with self._asked("wait for a container's end", but={404}):
            self._api.wait(container, condition="not-running")

    def remove(self, container: str) -> None:
        """Take the container away, whatever state it is in; one that is gone already is no error."""
        with self._asked("remove a container", but={404, 409}):
            self._api.remove_container(container, force=True, v=True)

    def labelled(self, label: str) -> list[Mapping[str, Any]]:
        """List the containers that have a label, the ended ones too."""
        with self._asked("list containers"):
            found: list[Mapping[str, Any]] = self._api.containers(all=True, filters={"label": [label]})
            return found

    def close(self) -> None:
        """Let go of the connections."""
        self._api.close()

    @contextmanager
    def _asked(self, deed: str, *, but: frozenset[int] | set[int] = frozenset()) -> Iterator[None]:
        """Turn what the SDK raises into our own; the statuses in `but` are no errors."""
        from docker import errors

        try:
            yield
        except errors.APIError as error:
            status = error.response.status_code if error.response is not None else 500
            if status in but:
                return
            kinds = {404: Vanished, 409: NameTaken}
            raise kinds.get(status, SandboxError)(f"The engine could not {deed}: {_reason(error)}.") from error
        except (errors.DockerException, OSError, ValueError) as error:
            raise SandboxError(f"The engine did not {deed}: {_reason(error)}.") from error


def _version(address: str, timeout_s: float) -> str:
    """Ask for the newest version of its language that the engine knows. Raises what the SDK raises."""
    from docker.constants import MINIMUM_DOCKER_API_VERSION  # type: ignore[import-untyped]

    client = _client(address, timeout_s, MINIMUM_DOCKER_API_VERSION)
    try:
        return str(client.version(api_version=False)["ApiVersion"])
    finally:
        client.close()


def _client(address: str, timeout_s: float, version: str) -> Any:
    """Return the SDK's client, which has asked nothing yet: asking for the version by itself, it keeps its own way."""
    import docker

    client = docker.APIClient(base_url=address, version=version, timeout=timeout_s)
    client.mount("http+docker://", closing_adapter(address, timeout_s))
    return client


def _reason(error: BaseException) -> str:
    """Return the engine's own words, or the system's, in one line."""
    said = getattr(error, "explanation", None) or _of_the_system(error) or str(error)
    if isinstance(said, bytes):
        said = said.decode(errors="replace")
    with suppress(ValueError, TypeError, KeyError):
        said = json.loads(said)["message"]
    return " ".join(str(said).split())[:300].rstrip(".")


def _of_the_system(error: BaseException) -> str | None:
    """Return what the system said, where that is what the SDK's exceptions are wrapped around."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, OSError) and link.strerror:
            return link.strerror
        link = link.__context__
    return None
