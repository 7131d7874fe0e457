"""The storage at Cloudinary: requests, retries and refusals, at a server on the loopback interface."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback.cloudinary_server import CloudinaryServer, Fault
from manimatic.errors import StorageError
from manimatic.storage.cloudinary import LONGEST_WAIT_S, CloudinaryStorage

NAME = "abcdefghijkmnpqrstuvwxyz23.mp4"
PUBLIC_ID = "abcdefghijkmnpqrstuvwxyz23"
KEY = ("video", PUBLIC_ID)
TRIES = 3
PASSING = [
    Fault(status=420),
    Fault(status=429),
    Fault(status=500),
    Fault(status=503),
    Fault(status=502, html=True),
    Fault(status=504, html=True),
    Fault(drop="body"),
    Fault(drop="answer"),
]


@pytest.fixture
def server() -> Iterator[CloudinaryServer]:
    """The vendor's API."""
    with CloudinaryServer() as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    """How long the storage would have waited."""
    return []


@pytest.fixture
def storage(server: CloudinaryServer, pauses: list[float]) -> CloudinaryStorage:
    """A storage that tries three times."""
    return make_storage(server, sleep=pauses.append)


def make_storage(server: CloudinaryServer, **changes: Any) -> CloudinaryStorage:
    """Make a storage for the server's account."""
    account = server.account
    given: dict[str, Any] = {"cloud_name": account.cloud_name, "api_key": account.api_key}
    given |= {"api_secret": account.api_secret}
    given |= {"upload_prefix": server.address, "timeout_s": 10, "tries": TRIES, "sleep": lambda _: None}
    return CloudinaryStorage(**(given | changes))


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A rendered video of 13 MB: three chunks."""
    path = tmp_path / "rendered.mp4"
    path.write_bytes(os.urandom(13_000_000))
    return path


def test_a_long_video_goes_up_in_signed_chunks(
    server: CloudinaryServer, storage: CloudinaryStorage, video: Path
) -> None:
    """Three requests of one upload, none with the secret in it."""
    storage.put(NAME, video)
    seen = server.account.seen
    assert [request.content_range for request in seen] == [
        "bytes 0-5999999/13000000",
        "bytes 6000000-11999999/13000000",
        "bytes 12000000-12999999/13000000",
    ]
    assert len({request.upload_id for request in seen}) == 1
    assert all(request.fields["overwrite"] == "0" for request in seen)
    assert all(request.fields["invalidate"] == "1" for request in seen)
    assert all(server.account.api_secret not in str(request.fields) for request in seen)


def test_a_video_at_cloudinary_does_not_expire(storage: CloudinaryStorage, video: Path) -> None:
    """The account's owner decides."""
    assert storage.put(NAME, video).expires_at is None


@pytest.mark.parametrize("fault", PASSING, ids=repr)
@pytest.mark.parametrize("before", [0, 1, 2], ids=["first", "second", "last"])
def test_a_fault_that_passes_is_tried_again(
    server: CloudinaryServer, storage: CloudinaryStorage, video: Path, fault: Fault, before: int
) -> None:
    """Whichever chunk it hits, the video is whole in the end."""
    server.fail([None] * before + [fault])
    storage.put(NAME, video)
    assert server.account.files[KEY] == ("mp4", video.read_bytes())


def test_a_lost_answer_does_not_store_twice(server: CloudinaryServer, storage: CloudinaryStorage, video: Path) -> None:
    """The second try finds the video that the first one stored."""
    server.fail([None, None, Fault(drop="answer")])
    stored = storage.put(NAME, video)
    assert list(server.account.files) == [KEY]
    assert stored.url.endswith(NAME)


def test_tries_are_bounded_and_pauses_grow(
    server: CloudinaryServer, storage: CloudinaryStorage, video: Path, pauses: list[float]
) -> None:
    """Three tries, two pauses, then an error that can be tried again later."""
    server.fail([Fault(status=503)] * 10)
    with pytest.raises(StorageError, match="Internal error") as caught:
        storage.put(NAME, video)
    assert caught.value.retryable
    assert len(server.account.seen) == TRIES
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1.0
    assert server.account.files == {}


def test_pauses_have_a_limit(server: CloudinaryServer, video: Path) -> None:
    """However many tries are allowed."""
    pauses: list[float] = []
    server.fail([Fault(status=429)] * 20)
    with pytest.raises(StorageError):
        make_storage(server, tries=12, sleep=pauses.append).delete(NAME)
    assert max(pauses) <= LONGEST_WAIT_S


def test_a_connection_that_is_always_cut_leaves_nothing_visible(
    server: CloudinaryServer, storage: CloudinaryStorage, video: Path
) -> None:
    """Cut in the second chunk of every try."""
    server.fail([None, Fault(drop="body")] * TRIES)
    with pytest.raises(StorageError):
        storage.put(NAME, video)
    assert server.account.files == {}


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refusal_is_not_tried_again(
    server: CloudinaryServer, storage: CloudinaryStorage, video: Path, pauses: list[float], status: int
) -> None:
    """Asking again would give the same answer."""
    server.fail([Fault(status=status, message="No such preset")])
    with pytest.raises(StorageError, match="No such preset"):
        storage.put(NAME, video)
    assert len(server.account.seen) == 1
    assert pauses == []


@pytest.mark.parametrize("wrong", [{"api_secret": "not-the-secret"}, {"api_key": "999999999999999"}])
def test_a_wrong_key_is_named_without_showing_any(server: CloudinaryServer, video: Path, wrong: dict[str, str]) -> None:
    """The message quotes the vendor; key, secret and signature are masked, in the traceback too."""
    with pytest.raises(StorageError) as caught:
        make_storage(server, **wrong).put(NAME, video)
    account = server.account
    shown = "".join(traceback.format_exception(caught.value)) + caught.value.hint
    for secret in (*wrong.values(), account.api_secret, account.api_key, account.seen[0].fields["signature"]):
        assert secret not in shown
    assert "CLOUDINARY_API_SECRET" in caught.value.hint


def test_a_wrong_account_is_refused(server: CloudinaryServer, video: Path) -> None:
    """The vendor's words are passed on."""
    with pytest.raises(StorageError, match="Invalid cloud_name"):
        make_storage(server, cloud_name="other").put(NAME, video)


def test_secrets_do_not_show_in_repr(server: CloudinaryServer, storage: CloudinaryStorage) -> None:
    """Nor in str."""
    assert server.account.api_secret not in repr(storage) + str(storage)


def test_two_accounts_live_in_one_process(video: Path) -> None:
    """Nothing is kept in the SDK's global configuration."""
    import cloudinary

    with CloudinaryServer() as one, CloudinaryServer() as two:
        two.account.cloud_name, two.account.api_secret = "second", "another-secret-value"
        first, second = make_storage(one), make_storage(two)
        first.put(NAME, video)
        second.put(NAME, video)
        assert one.account.files == two.account.files
    assert not any(vars(cloudinary.config()).get(name) for name in ("cloud_name", "api_key", "api_secret"))


def test_deleting_tells_the_delivery_network(server: CloudinaryServer, storage: CloudinaryStorage, video: Path) -> None:
    """Copies at the edge are dropped too."""
    storage.put(NAME, video)
    storage.delete(NAME)
    assert server.account.seen[-1].path == "/v1_1/demo/video/destroy"
    assert server.account.seen[-1].fields["invalidate"] == "1"
    assert server.account.files == {}


def test_ping_makes_no_request(server: CloudinaryServer, storage: CloudinaryStorage) -> None:
    """The vendor counts requests; opening a connection is none."""
    storage.ping()
    assert server.account.seen == []


def test_ping_fails_where_nobody_listens() -> None:
    """A port that was just given back."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(StorageError, match="cannot be reached"):
        CloudinaryStorage("demo", "1", "s", f"http://127.0.0.1:{port}").ping()


def test_the_sdk_is_loaded_only_when_a_storage_is_made() -> None:
    """Importing the adapter loads no vendor and opens nothing."""
    code = "import sys, manimatic.storage.cloudinary; sys.exit('cloudinary' in sys.modules or 'urllib3' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


@pytest.mark.parametrize(
    ("before", "environ", "expected"),
    [
        ("sys.modules['cloudinary'] = None", {}, "Storing at Cloudinary needs the package `cloudinary`."),
        ("", {"CLOUDINARY_URL": "http://key:secret@x"}, "CLOUDINARY_URL is malformed."),
    ],
    ids=["not installed", "malformed address"],
)
def test_an_sdk_that_cannot_be_loaded_is_a_settings_error(before: str, environ: dict[str, str], expected: str) -> None:
    """The message says what to do; it does not quote the address, which holds the secret."""
    code = (
        f"import sys; {before}\nfrom manimatic.errors import SettingsError\n"
        "from manimatic.storage.cloudinary import CloudinaryStorage\n"
        "try:\n    CloudinaryStorage('demo', '1', 's')\nexcept SettingsError as error:\n    print(error.message)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environ, capture_output=True, text=True, timeout=60
    )
    assert (ended.stdout.strip(), ended.stderr) == (expected, "")
