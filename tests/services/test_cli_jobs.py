"""`manimatic jobs …` and `manimatic doctor`: what was made, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.service import clean_environ
from harness.shell import SMALL_SCENE, Shell
from loopback.cloudinary_server import CloudinaryServer, Fault
from manimatic import bootstrap
from manimatic.jobs import Job
from manimatic.service import new_job
from manimatic.settings import Settings

PRINTS = SMALL_SCENE + "        print('[bold]two\\nlines[/bold] :smile:')\n"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A data folder that all tests of this file share."""
    folder = tmp_path_factory.mktemp("jobs")
    (folder / ".env").touch()  # keeps a checkout's own .env out of this
    return Shell(folder=folder, data=folder / "data")


@pytest.fixture(scope="module")
def made(shell: Shell) -> str:
    """A job that is complete."""
    shell.write("scene.py", PRINTS)
    done = shell.run("render", "scene.py", "-ql", "--json")
    assert done.status == 0, done.err
    job_id: str = done.json["id"]
    return job_id


@pytest.fixture
def waiting(shell: Shell) -> Iterator[Job]:
    """A job that nobody runs."""
    store = bootstrap.build_store(Settings.from_env(clean_environ(shell.data)))
    job = store.submit(new_job(prompt="a circle"), max_queued=100)
    yield job
    if store.get(job.id).is_final:
        store.delete(job.id)


def test_list_shows_whole_ids_and_can_be_narrowed(shell: Shell, made: str, waiting: Job) -> None:
    """Newest first; a state that is none is refused by name."""
    lines = shell.run("jobs", "list").out.splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [[waiting.id, "queued"], [made, "complete"]]
    assert [job["id"] for job in shell.run("jobs", "list", "--state", "queued", "--json").json] == [waiting.id]
    assert len(shell.run("jobs", "list", "--limit", "1", "--json").json) == 1
    done = shell.run("jobs", "list", "--state", "sleeping")
    assert (done.status, done.out) == (2, "")
    assert "'sleeping' is not one of queued" in done.err


def test_show_prints_the_job_its_attempts_and_its_code(shell: Shell, made: str) -> None:
    """The code as it is: neither markup nor an emoji's name is changed."""
    shown = shell.run("jobs", "show", made)
    assert shown.status == 0
    assert f"job          {made}" in shown.out
    assert "attempt 1" in shown.out
    assert PRINTS in shown.out
    body = shell.run("jobs", "show", made, "--json").json
    assert [item["verdict"] for item in body["attempts"]] == ["ok"]


def test_logs_print_what_the_scene_printed(shell: Shell, made: str) -> None:
    """And nothing else."""
    assert shell.run("jobs", "logs", made).out == "[bold]two\nlines[/bold] :smile:\n"


def test_cancel_ends_a_job_that_waits(shell: Shell, waiting: Job) -> None:
    """Twice is harmless; one that runs or waits cannot be deleted."""
    assert shell.run("jobs", "delete", waiting.id).status == 2
    for _ in range(2):
        done = shell.run("jobs", "cancel", waiting.id)
        assert (done.status, done.out) == (0, f"{waiting.id} is cancelled\n")


@pytest.mark.parametrize("command", ["show", "logs", "cancel", "retry", "delete"])
@pytest.mark.parametrize("job_id", ["abc12345", "", "../../etc/passwd"])
def test_a_job_that_is_none_is_not_found(shell: Shell, command: str, job_id: str) -> None:
    """By every command."""
    done = shell.run("jobs", command, job_id)
    assert (done.status, done.out) == (2, "")
    assert "job_not_found: " in done.err


def test_a_complete_job_is_not_stored_again_and_can_be_deleted(shell: Shell) -> None:
    """With its video."""
    shell.write("scene.py", SMALL_SCENE)
    job_id = shell.run("render", "scene.py", "-ql", "--json").json["id"]
    done = shell.run("jobs", "retry", job_id)
    assert (done.status, "conflict: " in done.err) == (2, True)
    before = set((shell.data / "videos").iterdir())
    assert shell.run("jobs", "delete", job_id).out == f"{job_id} is gone\n"
    assert len(before - set((shell.data / "videos").iterdir())) == 1
    assert shell.run("jobs", "show", job_id).status == 2


def test_a_video_that_cannot_be_stored_is_kept_for_later(shell: Shell) -> None:
    """Exit code 8, and `jobs retry` puts the job back into the queue."""
    shell.write("scene.py", SMALL_SCENE)
    with CloudinaryServer() as cloud:
        cloud.fail([Fault(status=400, message="no room")])
        settings = {
            "CLOUDINARY_CLOUD_NAME": cloud.account.cloud_name,
            "CLOUDINARY_API_KEY": cloud.account.api_key,
            "CLOUDINARY_API_SECRET": cloud.account.api_secret,
            "CLOUDINARY_UPLOAD_PREFIX": cloud.address,
        }
        done = shell.run("render", "scene.py", "-ql", "-o", "kept.mp4", **settings)
    assert (done.status, done.out) == (8, "")
    assert "storage_error: " in done.err
    assert cloud.account.api_secret not in done.err
    assert len(list((shell.data / "held").iterdir())) == 1
    job_id = shell.run("jobs", "list", "--limit", "1", "--json").json[0]["id"]
    assert shell.run("jobs", "retry", job_id).out == f"{job_id} waits for a dispatcher\n"
    shell.run("jobs", "cancel", job_id)
    shell.run("jobs", "delete", job_id)
    assert not list((shell.data / "held").iterdir())


def test_a_folder_of_videos_that_is_none_keeps_the_video(tmp_path: Path) -> None:
    """The storage failed, and neither the scene nor the program."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "videos").touch()
    (tmp_path / ".env").touch()
    shell = Shell(folder=tmp_path, data=tmp_path / "data")
    shell.write("scene.py", SMALL_SCENE)
    done = shell.run("render", "scene.py", "-ql")
    assert (done.status, done.out) == (8, "")
    assert "storage_error: " in done.err
    assert len(list((shell.data / "held").iterdir())) == 1


def test_doctor_ends_well_on_a_machine_that_renders(shell: Shell) -> None:
    """In words and as JSON."""
    done = shell.run("doctor")
    assert done.status == 0, done.out
    assert "Manimatic can render here" in done.out
    found = shell.run("doctor", "--json").json
    assert found["ok"]
    assert {"python", "data folder", "database", "storage", "model"} <= {item["name"] for item in found["findings"]}
