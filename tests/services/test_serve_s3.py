"""`manimatic serve` with its videos in S3: a video from its scene to a viewer, and who has which key."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.processes import environment, of_role, until
from harness.s3 import KEY_ID, READ_KEY_ID, READ_SECRET, S3, SECRET, s3_server
from harness.service import Service, serving
from harness.shell import SMALL_SCENE, Shell
from manimatic.sandbox.mp4 import inspect_mp4

MAX_API_MB = 120


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3]:
    """Give a service with an empty bucket."""
    with s3_server() as started:
        yield started


@pytest.fixture(scope="module")
def service(bucket: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service whose videos lie there."""
    with serving(tmp_path_factory.mktemp("s3"), **bucket.settings()) as started:
        yield started


def path_of(job: dict[str, str]) -> str:
    """Return the path of a job's video."""
    return "/videos/" + job["url"].rpartition("/")[2]


def test_video_reaches_a_viewer_by_a_signed_address(service: Service, tmp_path: Path) -> None:
    """The job's own address stays; where it leads is signed with the key that reads, for an hour."""
    job = service.make(code=SMALL_SCENE)
    assert job["status"] == "complete"
    assert job["url"].startswith(f"http://127.0.0.1:{service.port}/videos/")
    answer = service.ask("GET", path_of(job))
    address = answer.headers["Location"]
    assert answer.status == 302
    assert READ_KEY_ID in address
    assert "X-Amz-Expires=3600&" in address
    with urllib.request.urlopen(address, timeout=10) as fetched:  # noqa: S310 (a loopback address)
        (tmp_path / "video.mp4").write_bytes(fetched.read())
    assert inspect_mp4(tmp_path / "video.mp4", max_bytes=2**29).width == 854
    assert not list((service.data / "videos").glob("*"))


def test_deleted_job_takes_its_video_along(service: Service) -> None:
    """The API cannot delete it; the dispatcher does, within seconds."""
    job = service.make(code=SMALL_SCENE)
    address = service.ask("GET", path_of(job)).headers["Location"]
    assert service.ask("DELETE", f"/status/{job['job_id']}").status == 204
    until(lambda: service.ask("GET", path_of(job)).status == 404, "the video's end")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(address, timeout=10)  # noqa: S310 (a loopback address)
    caught.value.close()


def test_keys_are_where_they_are_used(service: Service) -> None:
    """The API can read, the dispatcher write, the launcher neither; no key is in a log."""
    of = {role: of_role(role, service.process.pid) for role in ("api", "dispatcher", "launcher")}
    told = {role: b"".join(map(environment, pids)).decode() for role, pids in of.items()}
    assert READ_SECRET in told["api"]
    assert SECRET not in told["api"]
    assert KEY_ID not in told["api"]
    assert SECRET in told["dispatcher"]
    assert not [key for key in (SECRET, READ_SECRET, KEY_ID, READ_KEY_ID) if key in told["launcher"]]
    assert not [key for key in (SECRET, READ_SECRET) if key in service.log()]


def test_api_stays_small(service: Service) -> None:
    """What signs costs no more than what is allowed to the whole process."""
    for pid in of_role("api", service.process.pid):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        assert pages * os.sysconf("SC_PAGE_SIZE") < MAX_API_MB * 2**20


def test_doctor_tries_the_bucket(service: Service, bucket: S3, tmp_path: Path) -> None:
    """And says what is wrong with one that is not there."""
    (tmp_path / ".env").touch()
    shell = Shell(folder=tmp_path, data=service.data)
    assert "s3 takes videos" in shell.run("doctor", **bucket.settings()).out
    wrong = shell.run("doctor", **{**bucket.settings(), "MANIMATIC_S3_BUCKET": "no-such-bucket"})
    assert "MANIMATIC_S3_BUCKET" in wrong.out
    assert SECRET not in wrong.out + wrong.err
