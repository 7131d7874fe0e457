"""The storage in a bucket: what is tried again, what is said, and what is signed."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from harness.s3 import BUCKET, KEY_ID, READ_KEY_ID, READ_SECRET, S3, SECRET, s3_server
from harness.servers import free_port
from manimatic.errors import SettingsError, StorageError, VideoNotFound
from manimatic.ports import Signer
from manimatic.settings import Settings
from manimatic.storage.s3 import Bucket, S3Storage

NAME = "abcdefghijkmnpqrstuvwxyz23.mp4"
LARGE = 20 * 1024**2


@pytest.fixture
def service() -> Iterator[S3]:
    """Give a service with an empty bucket."""
    with s3_server() as started:
        yield started


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A rendered video of one part."""
    path = tmp_path / "rendered.mp4"
    path.write_bytes(b"video" * 1000)
    return path


def storage_of(bucket: Bucket, waits: list[float] | None = None, **changes: Any) -> S3Storage:
    """Return a storage that does not wait between tries."""
    sleep = (lambda seconds: None) if waits is None else waits.append
    return S3Storage(bucket, "", 0, time.time, sleep=sleep, **changes)


# ---------------------------------------------------------------- against a service


def test_large_video_arrives_in_parts_and_whole(service: S3, tmp_path: Path) -> None:
    """Twenty megabytes, byte for byte, with their type."""
    path = tmp_path / "large.mp4"
    path.write_bytes(bytes(range(256)) * (LARGE // 256))
    storage = storage_of(service.bucket())
    storage.put(NAME, path)
    with urllib.request.urlopen(storage.sign(NAME, 60), timeout=10) as answer:  # noqa: S310 (a loopback address)
        assert answer.headers["Content-Type"] == "video/mp4"
        assert answer.read() == path.read_bytes()


def test_signed_address_lets_a_player_seek(service: S3, video: Path) -> None:
    """A part of the video is served by S3 itself."""
    storage = storage_of(service.bucket())
    storage.put(NAME, video)
    request = urllib.request.Request(storage.sign(NAME, 60), headers={"Range": "bytes=5-9"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 (a loopback address)
        assert (answer.status, answer.read()) == (206, b"video")


def test_signed_address_names_the_reading_key_and_its_end(service: S3, video: Path) -> None:
    """Neither secret is in it, nor the key that may write."""
    storage_of(service.bucket()).put(NAME, video)
    signer = storage_of(service.bucket(reads_only=True))
    assert isinstance(signer, Signer)
    address = signer.sign(NAME, 90)
    asked = parse_qs(urlsplit(address).query)
    assert asked["X-Amz-Expires"] == ["90"]
    assert asked["X-Amz-Credential"][0].startswith(READ_KEY_ID)
    assert not [secret for secret in (READ_SECRET, SECRET, KEY_ID) if secret in address]


@pytest.mark.parametrize("name", [NAME, "", "../etc/passwd", f"{BUCKET}/{NAME}", NAME + "?x=1"])
def test_nothing_is_signed_that_is_not_there(service: S3, name: str) -> None:
    """Least of all what is no video's name."""
    with pytest.raises(VideoNotFound):
        storage_of(service.bucket()).sign(name, 60)


def test_bucket_that_is_not_there_is_named_with_what_to_do(service: S3, video: Path) -> None:
    """It is said at once: trying again does not make a bucket."""
    waits: list[float] = []
    storage = storage_of(service.bucket("no-such-bucket"), waits)
    for call in (storage.ping, lambda: storage.put(NAME, video)):
        with pytest.raises(StorageError) as caught:
            call()
        assert "MANIMATIC_S3_BUCKET" in caught.value.hint
    assert waits == []


# ---------------------------------------------------------------- against what misbehaves


@contextmanager
def answering(*statuses: int, body: bytes = b"") -> Iterator[tuple[Bucket, list[str]]]:
    """Run a service that gives these statuses in turn, the last one for ever, and notes what it is asked."""
    asked: list[str] = []
    left = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append(self.command)
            status = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("ETag", '"x"')
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_DELETE = do_GET = do_HEAD = _answer  # noqa: N815  the names are http.server's

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield Bucket(name=BUCKET, key_id=KEY_ID, secret=SECRET, endpoint=endpoint), asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_with_growing_pauses(video: Path, status: int) -> None:
    """Two failures and an answer: the video is stored."""
    waits: list[float] = []
    with answering(status, status, 200) as (bucket, asked):
        storage_of(bucket, waits).put(NAME, video)
    assert asked == ["PUT"] * 3
    assert 0.25 <= waits[0] <= 0.5 <= waits[1] <= 1.0


def test_what_does_not_pass_is_given_up_after_four_tries(video: Path) -> None:
    """The video is kept, and the hint says so."""
    with answering(503) as (bucket, asked), pytest.raises(StorageError) as caught:
        storage_of(bucket).put(NAME, video)
    assert len(asked) == 4
    assert "kept" in caught.value.hint


@pytest.mark.parametrize("status", [401, 403])
def test_refused_keys_are_named_at_once_and_not_shown(video: Path, status: int) -> None:
    """S3 quotes the key and the signature that it was sent; neither reaches a user."""
    signature = "5ca1ab1e" * 8
    body = f"<Error><Code>SignatureDoesNotMatch</Code><Id>{KEY_ID}</Id><Sig>{signature}</Sig><S>{SECRET}</S></Error>"
    with answering(status, body=body.encode()) as (bucket, asked), pytest.raises(StorageError) as caught:
        storage_of(bucket).put(NAME, video)
    assert len(asked) == 1
    assert "MANIMATIC_S3_ACCESS_KEY_ID" in caught.value.hint
    shown = str(caught.value) + caught.value.hint
    assert not [secret for secret in (KEY_ID, SECRET, signature) if secret in shown]


def test_service_that_is_away_is_said_to_be(video: Path) -> None:
    """Nobody listens there."""
    bucket = Bucket(name=BUCKET, key_id=KEY_ID, secret=SECRET, endpoint=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StorageError) as caught:
        storage_of(bucket).put(NAME, video)
    assert "out of reach" in caught.value.hint


def test_service_that_never_answers_is_given_up(video: Path) -> None:
    """The time-out of each try is ours."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:  # it listens and accepts nobody
        endpoint = f"http://127.0.0.1:{silent.server_port}"
        bucket = Bucket(name=BUCKET, key_id=KEY_ID, secret=SECRET, endpoint=endpoint)
        started = time.monotonic()
        with pytest.raises(StorageError):
            storage_of(bucket, timeout_s=0.3, tries=2).put(NAME, video)
    assert time.monotonic() - started < 10


# ---------------------------------------------------------------- settings


def test_secrets_are_in_no_repr() -> None:
    """Neither of the bucket nor of the settings."""
    bucket = Bucket(name=BUCKET, key_id=KEY_ID, secret=SECRET)
    settings = Settings(s3_access_key_id=KEY_ID, s3_secret_access_key=SECRET, s3_read_secret_key=READ_SECRET)
    shown = repr(bucket) + repr(settings)
    assert not [secret for secret in (KEY_ID, SECRET, READ_SECRET) if secret in shown]


@pytest.mark.parametrize("missing", ["s3_bucket", "s3_access_key_id", "s3_secret_access_key"])
def test_storing_needs_bucket_and_keys(missing: str) -> None:
    """Who stores does not need the keys that read."""
    given = {"s3_bucket": BUCKET, "s3_access_key_id": KEY_ID, "s3_secret_access_key": SECRET, "storage": "s3"}
    Settings(**given).require_storage_keys()  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="MANIMATIC_S3_BUCKET"):
        Settings(**{**given, missing: ""}).require_storage_keys()  # type: ignore[arg-type]


@pytest.mark.parametrize("missing", ["s3_bucket", "s3_read_key_id", "s3_read_secret_key"])
def test_serving_needs_the_keys_that_read_and_no_other(missing: str) -> None:
    """The API is never given those that write."""
    given = {"s3_bucket": BUCKET, "s3_read_key_id": READ_KEY_ID, "s3_read_secret_key": READ_SECRET, "storage": "s3"}
    Settings(**given).require_signing_keys()  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="READ"):
        Settings(**{**given, missing: ""}).require_signing_keys()  # type: ignore[arg-type]
