"""What a dispatcher can say to a launcher: a scene and limits within the bounds, and nothing of how workers are made.

A launcher may hold a container engine's socket, which gives root's rights. So its own language has no word for an
image, a command, a mount, a right or a network; whoever sends one is refused, and nothing is started.
"""

from __future__ import annotations

import dataclasses
import json
import math
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from manimatic.jobs import new_id
from manimatic.ports import Limits, RunRequest
from manimatic.sandbox import wire
from manimatic.sandbox.docker.container import Recipe, config
from manimatic.sandbox.launcher_server import LauncherServer
from manimatic.sandbox.scripted import ScriptedRun, ScriptedSandbox

BOUNDS = Limits(timeout_s=20.0, memory_bytes=1 << 30, cpu_cores=1.0, max_processes=64)
WORDS: dict[str, Any] = {
    "image": "evil:latest",
    "worker_image": "evil:latest",
    "entrypoint": ["/bin/sh"],
    "command": ["/bin/sh", "-c", "id"],
    "argv": ["probe"],
    "env": {"LD_PRELOAD": "/x"},
    "binds": ["/:/host"],
    "mounts": [{"type": "bind", "source": "/", "target": "/host"}],
    "volumes": {"/": "/host"},
    "devices": ["/dev/mem"],
    "cap_add": ["SYS_ADMIN"],
    "capabilities": ["ALL"],
    "privileged": True,
    "security_opt": ["seccomp=unconfined"],
    "network": "host",
    "network_mode": "host",
    "pid_mode": "host",
    "runtime": "runc",
    "user": "0:0",
    "uid": 0,
    "host_config": {"Privileged": True},
    "HostConfig": {"Privileged": True},
}


@dataclasses.dataclass
class Asked:
    """A launcher, and what reached the sandbox behind it."""

    sandbox: ScriptedSandbox
    path: Path

    def say(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message and return the last answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(str(self.path))
            wire.send(connection, message)
            receiver = wire.Receiver(connection)
            answer = receiver.receive()
            assert isinstance(answer, dict)
            return answer

    def is_refused(self, message: dict[str, Any]) -> bool:
        """Tell whether it was answered with an error, and nothing was started."""
        answer = self.say(message)
        return (answer["type"], answer.get("code"), self.sandbox.requests) == ("error", "sandbox_error", [])


@pytest.fixture
def launcher() -> Iterator[Asked]:
    """A launcher in a thread."""
    with tempfile.TemporaryDirectory() as folder:
        sandbox, path = ScriptedSandbox(), Path(folder) / "launcher.sock"
        sandbox.add(ScriptedRun())
        server = LauncherServer(sandbox, BOUNDS, path)
        listener = server.listen()
        thread = threading.Thread(target=server.serve_forever, args=(listener,))
        thread.start()
        yield Asked(sandbox, path)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        listener.close()


def request(**limits: Any) -> dict[str, Any]:
    """Return a request that is in order, but for these limits."""
    body = wire.request_to_dict(RunRequest(run_id=new_id(), code="x", limits=BOUNDS))
    return body | {"limits": body["limits"] | limits}


def test_request_in_order_is_run(launcher: Asked) -> None:
    """Else the refusals below would mean nothing."""
    launcher.say({"type": "run", "request": request()})
    assert len(launcher.sandbox.requests) == 1


@pytest.mark.parametrize("word", WORDS)
def test_word_about_how_a_worker_is_made_is_refused_wherever_it_stands(launcher: Asked, word: str) -> None:
    """Beside the request, in it, among its limits and among its options."""
    extra, body = {word: WORDS[word]}, request()
    assert launcher.is_refused({"type": "run", "request": body} | extra)
    assert launcher.is_refused({"type": "run", "request": body | extra})
    assert launcher.is_refused({"type": "run", "request": body | {"limits": body["limits"] | extra}})
    assert launcher.is_refused({"type": "run", "request": body | {"options": body["options"] | extra}})
    assert launcher.is_refused({"type": "describe"} | extra)


@pytest.mark.parametrize("kind", ["create", "exec", "pull", "build", "attach", "kill", "info", "RUN", ""])
def test_other_kind_of_message_is_refused(launcher: Asked, kind: str) -> None:
    """There are two."""
    assert launcher.is_refused({"type": kind, "request": request()})


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, 1 << 62, math.inf, math.nan, True, "1", None, [1], {"max": 1}])
def test_limit_that_is_beyond_the_bounds_or_no_number_is_refused(launcher: Asked, name: str, value: Any) -> None:
    """No limit can be left out of force by a strange value."""
    assert launcher.is_refused({"type": "run", "request": request(**{name: value})})


@pytest.mark.parametrize("name", ["memory_bytes", "max_processes", "max_files", "disk_bytes"])
def test_limit_of_whole_things_is_a_whole_number(launcher: Asked, name: str) -> None:
    """Half a process is a way to be rounded."""
    assert launcher.is_refused({"type": "run", "request": request(**{name: 1.5})})


def test_words_of_a_scene_reach_no_place_in_the_container_but_its_label() -> None:
    """Of a request only the limits and the id are in what the engine is asked for: code goes over the stream."""
    limits = dataclasses.replace(BOUNDS, memory_bytes=123 << 20)
    recipe = Recipe(image="sha256:00", launcher="a" * 20)
    asked = config(recipe, "somerunid", limits, 60900, ["serve", "{}"])
    assert json.dumps(asked).count("somerunid") == 1
    assert asked["Labels"]["manimatic.run"] == "somerunid"
