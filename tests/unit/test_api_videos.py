"""GET /videos/<name>."""

from __future__ import annotations

import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.api import VIDEO_BYTES, VIDEO_NAME, Api, open_api
from harness.s3 import READ_KEY_ID, S3, s3_server
from manimatic.storage.s3 import S3Storage

URL = f"/videos/{VIDEO_NAME}"
SIZE = len(VIDEO_BYTES)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Give an API with one video."""
    with open_api(tmp_path) as opened:
        opened.put_video(tmp_path)
        yield opened


def test_video_is_served_whole_with_careful_headers(api: Api) -> None:
    """Type, no sniffing, a safe name, and leave to keep it."""
    answer = api.client.get(URL, buffered=True)
    headers = answer.headers
    assert (answer.status_code, answer.data) == (200, VIDEO_BYTES)
    assert headers["Content-Type"] == "video/mp4"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"] == f'inline; filename="{VIDEO_NAME}"'
    assert headers["Cache-Control"] == "private, max-age=86400, immutable"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Last-Modified"]
    assert headers["ETag"]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, SIZE), ("bytes=-7", SIZE - 7, SIZE), ("bytes=5-999999", 5, SIZE)],
)
def test_range_is_served_as_206(api: Api, asked: str, start: int, stop: int) -> None:
    """A player gets the piece that it seeks."""
    answer = api.client.get(URL, buffered=True, headers={"Range": asked})
    assert (answer.status_code, answer.data) == (206, VIDEO_BYTES[start:stop])
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert answer.headers["Content-Length"] == str(stop - start)


def test_range_outside_the_video_is_416(api: Api) -> None:
    """The answer says how long the video is."""
    answer = api.client.get(URL, buffered=True, headers={"Range": f"bytes={SIZE}-"})
    assert (answer.status_code, answer.get_json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{SIZE}"


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "seconds=0-1", "bytes=x-y", "bytes", "", "bytes=9-1"])
def test_range_that_cannot_be_read_is_passed_over(api: Api, asked: str) -> None:
    """A server may ignore Range; it must not fail for it."""
    answer = api.client.get(URL, buffered=True, headers={"Range": asked})
    assert (answer.status_code, answer.data) == (200, VIDEO_BYTES)


def test_known_video_is_answered_with_304(api: Api) -> None:
    """By ETag and by date."""
    first = api.client.get(URL, buffered=True).headers
    by_tag = api.client.get(URL, buffered=True, headers={"If-None-Match": first["ETag"]})
    by_date = api.client.get(URL, buffered=True, headers={"If-Modified-Since": first["Last-Modified"]})
    assert (by_tag.status_code, by_tag.data, by_date.status_code) == (304, b"", 304)


def test_range_of_a_changed_video_is_served_whole(api: Api) -> None:
    """If-Range keeps a player from joining pieces of two files."""
    etag = api.client.get(URL, buffered=True).headers["ETag"]
    same = api.client.get(URL, buffered=True, headers={"Range": "bytes=0-1", "If-Range": etag})
    other = api.client.get(URL, buffered=True, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    assert (same.status_code, other.status_code) == (206, 200)
    assert other.data == VIDEO_BYTES


def test_head_tells_the_length_without_the_video(api: Api) -> None:
    """A player asks so before it begins."""
    answer = api.client.head(URL, buffered=True)
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (200, b"", str(SIZE))


@pytest.mark.parametrize(
    "name",
    [
        "b" * 40 + ".mp4",
        "x.mp4",
        "../manimatic.sqlite3",
        "..%2fmanimatic.sqlite3",
        "%2e%2e",
        "a%00.mp4",
        "A" * 40 + ".mp4",
    ],
)
def test_anything_else_is_not_found(api: Api, name: str) -> None:
    """No name leads out of the folder."""
    answer = api.client.get(f"/videos/{name}")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_link_planted_in_the_folder_is_not_followed(api: Api, tmp_path: Path) -> None:
    """Whoever can make a link there does not get at other files."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (tmp_path / "videos" / ("c" * 40 + ".mp4")).symlink_to(secret)
    assert api.client.get("/videos/" + "c" * 40 + ".mp4").status_code == 404


# ---------------------------------------------------------------- videos that lie in S3


@pytest.fixture
def in_s3(tmp_path: Path) -> Iterator[tuple[Api, S3Storage, S3]]:
    """Give an API whose videos are in S3, what stores there, and the service."""
    with s3_server() as server:
        storage = S3Storage(server.bucket(), "", 0, time.time)
        signer = S3Storage(server.bucket(reads_only=True), "", 0, time.time, tries=1, timeout_s=2)
        with open_api(tmp_path, signer=signer, s3_address_s=120.0) as api:
            yield api, storage, server


def test_video_in_s3_is_led_to_by_a_signed_address(in_s3: tuple[Api, S3Storage, S3], tmp_path: Path) -> None:
    """The address in the job stays good; the one of the bucket is good for the time that is set."""
    api, storage, server = in_s3
    (tmp_path / "rendered.mp4").write_bytes(VIDEO_BYTES)
    stored = storage.put(VIDEO_NAME, tmp_path / "rendered.mp4")
    answer = api.client.get(stored.url)
    assert (answer.status_code, answer.data) == (302, b"")
    assert answer.headers["Location"].startswith(f"{server.endpoint}/")
    assert "X-Amz-Expires=120&" in answer.headers["Location"]
    assert answer.headers["Cache-Control"] == "private, max-age=60"
    with urllib.request.urlopen(answer.headers["Location"], timeout=10) as fetched:  # noqa: S310 (a loopback address)
        assert fetched.read() == VIDEO_BYTES


def test_video_that_is_still_here_is_served_from_here(in_s3: tuple[Api, S3Storage, S3], tmp_path: Path) -> None:
    """What was made before the storage was changed."""
    api, _, _ = in_s3
    api.put_video(tmp_path)
    assert api.client.get(f"/videos/{VIDEO_NAME}", buffered=True).status_code == 200


@pytest.mark.parametrize("name", [VIDEO_NAME, "nonsense", "a" * 40])
def test_video_that_is_nowhere_is_not_found(in_s3: tuple[Api, S3Storage, S3], name: str) -> None:
    """Nobody is sent to an address that answers with S3's own words."""
    answer = in_s3[0].client.get(f"/videos/{name}")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "video_not_found")


def test_s3_that_is_away_is_503(in_s3: tuple[Api, S3Storage, S3]) -> None:
    """It may be back soon; no key is in the answer."""
    api, _, server = in_s3
    server.server.stop()
    answer = api.client.get(f"/videos/{VIDEO_NAME}")
    assert (answer.status_code, answer.get_json()["code"]) == (503, "storage_error")
    assert READ_KEY_ID not in answer.text
