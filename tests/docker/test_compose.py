"""docker-compose.yml, brought up whole: three parted processes, the three addresses, a prompt that becomes a video."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from harness.compose import Project, composed, project_of
from harness.docker import WORKER, docker, said
from harness.processes import until
from manimatic.sandbox.mp4 import inspect_mp4
from source_tree import ROOT

pytestmark = pytest.mark.timeout(600)  # services come up and go, which takes a busy engine long
PROMPT = "Create a simple circle animation"
SECRET_NAMES = (
    *("GEMINI_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "MANIMATIC_MODEL_API_KEY"),
    *("CLOUDINARY_API_KEY", "CLOUDINARY_API_SECRET"),
)
SERVICES = {"manimatic-backend", "dispatcher", "launcher"}
ASK = """
import dataclasses, json, socket, sys
from manimatic.ports import Limits, RunRequest
from manimatic.sandbox import wire
request = wire.request_to_dict(RunRequest(run_id="abc12345", code="pass"))
changes = json.loads(sys.argv[1])
request["limits"] |= changes.pop("limits", {})
message = {"type": "run", "request": request | changes.pop("request", {})} | changes
with socket.socket(socket.AF_UNIX) as connection:
    connection.settimeout(20)
    connection.connect("/launcher/socket")
    wire.send(connection, message)
    print(json.dumps(wire.Receiver(connection).receive()))
"""
"""Says to the launcher, from where the dispatcher is, what a dispatcher would not."""


@pytest.fixture(scope="module")
def project(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The services of docker-compose.yml, all of them healthy."""
    with composed(ROOT / "docker-compose.yml", tmp_path_factory.mktemp("compose")) as started:
        until(lambda: healths(started) == dict.fromkeys(SERVICES, "healthy"), "the services' health", within_s=200)
        yield started


@contextmanager
def by_hand(project: Project, options: Sequence[str], service: str, *command: str) -> Iterator[str]:
    """Run a command in a service's container, and give the container's name."""
    name = f"{project.name}_by_hand"
    try:
        done = project.run("run", "-d", "--no-deps", "--name", name, *options, service, *command)
        assert done.returncode == 0, done.stderr
        yield name
    finally:
        docker("rm", "-f", name)


def healths(project: Project) -> dict[str, str]:
    """Return how each service is, by its own check."""
    return {name: found["State"]["Health"]["Status"] for name, found in project.containers().items()}


def test_a_prompt_becomes_a_video(project: Project, tmp_path: Path) -> None:
    """POST /generate, GET /status/<id> and GET /health as first described, and a video in the end."""
    answer = project.client.ask("POST", "/generate", {"prompt": PROMPT})
    assert (answer.status, answer.json["status"]) == (202, "started")
    job = project.client.wait(answer.json["job_id"])
    assert job["status"] == "complete", (job, project.log())
    assert job["code"].startswith("from manim import *\n")
    assert len(job["explanation"]) > 20
    assert job["url"].startswith(f"http://127.0.0.1:{project.port}/videos/")
    (tmp_path / "video.mp4").write_bytes(project.client.ask("GET", job["url"].partition(str(project.port))[2]).body)
    assert inspect_mp4(tmp_path / "video.mp4", max_bytes=2**29).width == 1280
    health = project.client.ask("GET", "/health").json
    assert health["status"] == "ok"
    isolation = health["launchers"][0]["isolation"]
    assert (isolation["backend"], isolation["layers"]["network"]) == ("docker", "none")
    assert job["isolation"]["layers"] == isolation["layers"]
    assert isolation["layers"]["image"] == said("image", "inspect", "--format", "{{.Id}}", WORKER).strip()


def test_a_scene_that_fails_says_where(project: Project) -> None:
    """The scene's own line reaches the user through all processes."""
    code = "from manim import *\nclass S(Scene):\n    def construct(self):\n        self.play(Circle().nope())\n"
    job = project.client.make(code=code)
    assert (job["status"], job["error"]["code"], job["error"]["line"]) == ("failed", "scene_error", 4)


def test_each_process_has_only_what_it_needs(project: Project) -> None:
    """Read-only roots, no capabilities, the engine for the launcher alone, keys for the dispatcher alone."""
    found = project.containers()
    assert set(found) == SERVICES
    for name, container in found.items():
        host = container["HostConfig"]
        assert (host["ReadonlyRootfs"], host["Privileged"], host["CapDrop"]) == (True, False, ["ALL"]), name
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        has_engine = any("docker.sock" in mount["Destination"] for mount in container["Mounts"])
        assert has_engine == (name == "launcher")
        assert (host["NetworkMode"] == "none") == (name == "launcher")
        assert sorted(host["CapAdd"] or []) == (["SETGID", "SETUID"] if name == "launcher" else [])
        named = {line.partition("=")[0] for line in container["Config"]["Env"]}
        assert set(SECRET_NAMES) <= named if name == "dispatcher" else named.isdisjoint(SECRET_NAMES)
    published = {name: container["HostConfig"]["PortBindings"] for name, container in found.items()}
    assert published.pop("manimatic-backend") == {"5000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(project.port)}]}
    assert not any(published.values())


def test_no_process_of_the_service_is_root(project: Project) -> None:
    """The launcher begins as root and gives that up with every capability; the engine's own init is left."""
    for name, container in project.containers().items():
        top = said("top", container["Id"], "-eo", "uid,pid,args").splitlines()[1:]
        users = {line.split()[0] for line in top if "docker-init" not in line}
        assert users == {"10001"}, (name, top)
    program = "import re; print(*re.findall(r'^Cap(?:Prm|Eff):\\s*(\\w+)', open('/proc/self/status').read(), re.M))"
    done = project.run("exec", "-T", "launcher", "as-launcher", "python", "-c", program)
    assert {int(word, 16) for word in done.stdout.split()} == {0}


@pytest.mark.parametrize(
    ("changes", "said_of"),
    [
        ({"type": "containers"}, "expected a request"),
        ({"type": "run", "request": {"image": "debian:bookworm-slim"}}, "takes no image"),
        ({"request": {"mounts": ["/:/host"], "privileged": True}}, "takes no mounts, privileged"),
        ({"limits": {"memory_bytes": 2**40}}, "does not allow memory_bytes"),
        ({"limits": {"timeout_s": 1e9}}, "does not allow timeout_s"),
        ({"limits": {"max_processes": -1}}, "does not allow max_processes"),
        ({"limits": {"network": True}}, "cannot read the request"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_launcher_takes_only_runs_within_its_bounds(project: Project, changes: Any, said_of: str) -> None:
    """Whoever has the dispatcher gets no more out of the engine than scenes rendered by the pinned image."""
    done = project.run("exec", "-T", "dispatcher", "python", "-c", ASK, json.dumps(changes))
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["type"] == "error"
    assert said_of in answer["message"]


def test_a_key_may_be_a_file_that_the_dispatcher_alone_sees(project: Project) -> None:
    """A file in the folder of secrets is read by its name; the others have no such folder."""
    key = project.secrets / "gemini_api_key"
    key.write_text("not-a-real-key\n")
    program = "import os; from manimatic.settings import Settings; print(Settings.from_env(os.environ).gemini_api_key)"
    given = ("-e", "GEMINI_API_KEY_FILE=/run/secrets/gemini_api_key")
    with by_hand(project, given, "dispatcher", "python", "-c", program) as container:
        said("wait", container)
        assert said("logs", container).strip() == "not-a-real-key"
    for name in ("manimatic-backend", "launcher"):
        assert project.run("exec", "-T", name, "ls", "/run/secrets").returncode != 0


def test_the_api_alone_starts_by_hand(project: Project) -> None:
    """The debug mode of the first description: one service by itself, whose output is not held back."""
    with by_hand(project, (), "manimatic-backend", "python", "-u", "-m", "manimatic.api") as container:
        check = ("exec", container, "python", "-m", "manimatic.health", "api")
        until(lambda: docker(*check).returncode == 0, "the api's health", within_s=60)


def test_the_development_services_start_again_when_a_source_changes(images: None, tmp_path: Path) -> None:
    """With this checkout's sources mounted, an edit is served seconds later, and needs no key and no build."""
    checkout = copy_of_checkout(tmp_path / "checkout")
    with composed(checkout / "docker-compose.dev.yml", tmp_path) as project:
        until(lambda: healths(project).get("manimatic-backend") == "healthy", "the api's health", within_s=200)
        assert project.client.ask("GET", "/health").json["version"] != "9.9.9"
        (checkout / "backend/src/manimatic/__init__.py").write_text('"""Changed."""\n\n__version__ = "9.9.9"\n')
        until(lambda: is_served(project, "9.9.9"), "the edit to be served", within_s=200)
        until(lambda: "reload: __init__.py changed" in project.log(), "the other processes' restart")
        job = project.client.make(prompt=PROMPT)
        assert (job["status"], job["generator"]) == ("complete", "offline"), project.log()


def is_served(project: Project, version: str) -> bool:
    """Tell whether the api answers with this version; it may be starting."""
    try:
        return bool(project.client.ask("GET", "/health").json["version"] == version)
    except OSError:
        return False


def copy_of_checkout(folder: Path) -> Path:
    """Copy what is under version control or about to be, links as links."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    for path in (ROOT / name for name in listed.split("\0") if name):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target, follow_symlinks=False)
    subprocess.run(["chmod", "-R", "go+rX", folder], check=True)
    return folder


@pytest.mark.parametrize("file", ["docker-compose.yml", "docker-compose.dev.yml", "docker-compose.production.yml"])
def test_the_files_are_valid(file: str, engine_address: str, tmp_path: Path) -> None:
    """Whichever compose is here accepts them."""
    project = project_of(ROOT / file, tmp_path)
    project.settings.write_text("MANIMATIC_PUBLIC_URL=https://films.example.org\n")
    done = project.run("config", "--quiet")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
