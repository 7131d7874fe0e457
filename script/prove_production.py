"""Prove docker-compose.production.yml: what the pages on deploying, scaling, backups and upgrades say, done for real.

Run by script/prove-production, with the images built and DOCKER_HOST set. Brings the services up on free ports and
secrets of their own, asks them over HTTPS, kills and replaces parts of them in mid-run, saves and restores the
database, takes everything away again, and prints what it saw. Ends with 1 where something is not as it should be.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from harness.compose import Project, compose_command, free_port, project_of  # noqa: E402
from harness.docker import docker, said  # noqa: E402
from harness.nginx import SecureClient  # noqa: E402
from harness.processes import until  # noqa: E402

FILE = ROOT / "docker-compose.production.yml"
PROMPT = "Create a simple circle animation"
UP_S = 300.0
FIRST = Counter({"proxy": 1, "manimatic-backend": 2, "dispatcher": 1, "launcher": 1, "postgres": 1, "redis": 1})
GROWN = FIRST | Counter({"manimatic-backend": 3, "dispatcher": 2})


def main() -> int:
    """Do all of it."""
    with (
        tempfile.TemporaryDirectory(prefix="manimatic-production-") as name,
        production(Path(name)) as (project, client),
    ):
        makes_a_video(client)
        guards_the_door(project, client)
        streams_at_once(client)
        shares_the_work(project, client)
        outlives_an_api(project, client)
        grows(project)
        loses_no_job_in_a_deploy(project, client)
        comes_back_from_a_backup(project, client)
    print("all of it holds")
    return 0


@contextmanager
def production(folder: Path) -> Iterator[tuple[Project, SecureClient]]:
    """Bring everything up as docs/howto/deploy.md does, and take it away again."""
    project, port = project_of(FILE, folder), free_port()
    told = {"MANIMATIC_PUBLIC_URL": f"https://localhost:{port}", "HTTPS_PORT": port, "HTTP_PORT": free_port()}
    project.settings.write_text("".join(f"{name}={value}\n" for name, value in told.items()))
    environ = {**os.environ, "PRODUCTION_SECRETS_DIR": str(project.secrets)}
    subprocess.run([ROOT / "deploy/make-secrets", "localhost"], env=environ, check=True, capture_output=True)
    started = time.monotonic()
    try:
        made = compose(project, "run", "--rm", "manimatic-backend", "manimatic", "keys", "create", "prover")
        key = made.strip().splitlines()[-1].strip()
        compose(project, "up", "-d")
        until(lambda: healthy(project) == FIRST, "the services' health", within_s=UP_S)
        print(f"up     {FIRST.total()} containers healthy after {time.monotonic() - started:.0f} s")
        yield project, SecureClient(port=port, key=key, certificate=project.secrets / "proxy/tls.crt")
    except BaseException:
        print(project.log(), compose(project, "ps"), file=sys.stderr)
        raise
    finally:
        compose(project, "down", "--volumes", "--timeout", "20")


def compose(project: Project, *words: str) -> str:
    """Run a compose command, which has to succeed, and return what it printed."""
    done = project.run(*words, timeout_s=UP_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


def healthy(project: Project) -> Counter[str]:
    """Return how many healthy containers each service has."""
    return Counter(
        {name: sum(1 for each in containers(project, name) if health_of(each) == "healthy") for name in FIRST}
    )


def containers(project: Project, service: str) -> list[str]:
    """Return the ids of a service's containers."""
    label = f"label=com.docker.compose.project={project.name}"
    return said("ps", "-q", "--filter", label, "--filter", f"label=com.docker.compose.service={service}").split()


def health_of(container: str) -> str:
    """Return what a container's own check says."""
    return docker("inspect", "--format", "{{.State.Health.Status}}", container).stdout.decode().strip()


def makes_a_video(client: SecureClient) -> None:
    """A prompt becomes a video over HTTPS, with a key."""
    started = time.monotonic()
    job = client.make(prompt=PROMPT)
    assert (job["status"], job["isolation"]["backend"]) == ("complete", "docker"), job
    assert job["url"].startswith(f"https://localhost:{client.port}/videos/"), job["url"]
    body = client.ask("GET", job["url"].partition(str(client.port))[2]).body
    assert body[4:8] == b"ftyp"
    print(f"video  {len(body)} bytes over HTTPS, {time.monotonic() - started:.1f} s from prompt to video")


def guards_the_door(project: Project, client: SecureClient) -> None:
    """No key, no service; no plain HTTP; nothing too large; no published port but the proxy's."""
    stranger = SecureClient(port=client.port, certificate=client.certificate)
    assert stranger.ask("POST", "/generate", {"prompt": PROMPT}).json["code"] == "key_missing"
    answer = client.ask("GET", "/jobs")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    large = client.ask("POST", "/generate", {"prompt": "x" * 4_000_000})
    assert (large.status, large.json["code"]) == (413, "too_large")
    published = {
        name
        for name in FIRST
        for each in containers(project, name)
        if "->" in said("ps", "--filter", f"id={each}", "--format", "{{.Ports}}")
    }
    assert published == {"proxy"}, published
    print("door   401 without a key, HSTS, 413 above 3 MB, published ports: the proxy's alone")


def streams_at_once(client: SecureClient) -> None:
    """Events arrive while the job runs, not when it is over."""
    job_id = client.submit(prompt=PROMPT)
    with closing(client.connect()) as connection:
        headers = {"Authorization": f"Bearer {client.key}"}
        connection.request("GET", f"/status/{job_id}/events", headers=headers)
        answer = connection.getresponse()
        first = answer.readline()
        status = client.job(job_id)["status"]
        rest = answer.read()
    assert first.startswith((b"id: ", b"retry: ", b": ")), first
    assert status not in {"complete", "failed"}, status
    assert b"event: end" in rest
    print(f"stream first event while the job was {status}, the end event at last")


def shares_the_work(project: Project, client: SecureClient) -> None:
    """Both apis are asked."""
    for _ in range(40):
        assert client.ask("GET", "/health/ready").status == 200
    asked = Counter(line.split('"api":"')[1].split('"')[0] for line in proxy_lines(project) if "/health/ready" in line)
    assert len(asked) == 2, asked
    print(f"share  40 requests over two apis: {sorted(asked.values())}")


def proxy_lines(project: Project) -> list[str]:
    """Return the proxy's access log."""
    return [line for line in compose(project, "logs", "--no-color", "proxy").splitlines() if '"api":"' in line]


def outlives_an_api(project: Project, client: SecureClient) -> None:
    """One api of two is killed; nobody notices."""
    docker("kill", containers(project, "manimatic-backend")[0])
    statuses = Counter(client.ask("GET", "/jobs").status for _ in range(60))
    assert statuses == {200: 60}, statuses
    until(lambda: healthy(project)["manimatic-backend"] == 2 or compose_up(project), "both apis", within_s=UP_S)
    print("kill   one api of two killed: 60 of 60 requests answered 200")


def compose_up(project: Project) -> bool:
    """Start what was killed by hand; the engine takes that for meant."""
    compose(project, "up", "-d")
    return False


def grows(project: Project) -> None:
    """Three apis and two dispatchers, as docs/howto/scale.md does it; nothing is told to the proxy."""
    with project.settings.open("a") as settings:
        settings.write("API_REPLICAS=3\nDISPATCHER_REPLICAS=2\n")
    compose(project, "up", "-d")
    until(lambda: healthy(project) == GROWN, "more apis and dispatchers", within_s=UP_S)
    print("scale  three apis and two dispatchers, healthy")


def loses_no_job_in_a_deploy(project: Project, client: SecureClient) -> None:
    """Every container of ours is replaced while jobs run and wait: each job still ends well, once."""
    jobs = [client.submit(prompt=PROMPT) for _ in range(4)]
    client.wait(jobs[0], lambda job: job["status"] == "rendering")
    started = time.monotonic()
    ours = ("manimatic-backend", "dispatcher", "launcher")
    compose(project, "up", "-d", "--no-deps", "--force-recreate", "--timeout", "40", *ours)
    until(lambda: healthy(project) == GROWN, "the new containers", within_s=UP_S)
    took_s = time.monotonic() - started
    ends = [client.wait(job_id) for job_id in jobs]
    assert [job["status"] for job in ends] == ["complete"] * 4, ends
    for job_id in jobs:
        events = client.ask("GET", f"/status/{job_id}/events").body
        assert events.count(b"event: end") == 1
    print(f"deploy all of ours replaced in {took_s:.0f} s with 4 jobs accepted: 4 complete, one end each")


def comes_back_from_a_backup(project: Project, client: SecureClient) -> None:
    """The database is saved, lost and restored with docs/howto/backup.md's commands."""
    before = client.ask("GET", "/jobs").json
    done = project.run("exec", "-T", "postgres", "pg_dump", "--clean", "--if-exists", "manimatic")
    assert done.returncode == 0, done.stderr
    compose(project, "stop", "manimatic-backend", "dispatcher")
    compose(project, "exec", "-T", "postgres", "psql", "-q", "-d", "manimatic", "-c", "DROP TABLE jobs CASCADE")
    words = ("exec", "-T", "postgres", "psql", "-q", "-v", "ON_ERROR_STOP=1", "manimatic")
    restored = subprocess.run(
        [*compose_command(), "--file", str(FILE), "--env-file", str(project.settings), *words],
        env=project.environ,
        input=done.stdout,
        text=True,
        capture_output=True,
        check=False,
    )
    assert restored.returncode == 0, restored.stderr
    compose(project, "up", "-d")
    until(lambda: healthy(project) == GROWN, "the services after the restore", within_s=UP_S)
    assert client.ask("GET", "/jobs").json == before
    print(f"backup {len(done.stdout)} bytes saved, a table dropped, restored: the same jobs")


if __name__ == "__main__":
    sys.exit(main())
