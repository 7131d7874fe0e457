"""What every storage promises: `manimatic.ports.Storage`, on every implementation."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import secrets
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import manimatic.storage
import pytest
from harness.s3 import s3_server
from loopback.cloudinary_server import CloudinaryServer, Fault
from manimatic.errors import StorageError, VideoNotFound
from manimatic.jobs import new_id
from manimatic.ports import Storage, Stored
from manimatic.storage.cloudinary import CloudinaryStorage
from manimatic.storage.copying import CopyingStorage
from manimatic.storage.flaky import FlakyStorage
from manimatic.storage.local import LocalStorage
from manimatic.storage.s3 import S3Storage

NAME = "abcdefghijkmnpqrstuvwxyz23.mp4"
MORE_THAN_A_CHUNK = 7_000_000
BAD_NAMES = [
    "",
    "short.mp4",
    "../" + NAME,
    "/nowhere-at-all/passwd",  # a test that goes wrong must not harm the machine
    NAME + "\n",
    NAME + "\0",
    NAME.upper(),
    NAME.replace("a", "á"),
    NAME.replace("a", "/"),
    NAME.removesuffix(".mp4"),
    NAME.removesuffix(".mp4") + ".html",
    NAME + ".part",
    "." + NAME,
    "a" * 65 + ".mp4",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A storage, how a viewer gets its videos, and how to break it for good."""

    storage: Storage
    view: Callable[[str, Stored], bytes | None]
    breaks: Callable[[], None]


@contextmanager
def local_bench(folder: Path) -> Iterator[Bench]:
    """Give the storage that keeps files here."""
    storage = LocalStorage(folder / "videos", "https://example.org", 3600, lambda: 1_000_000.0)

    def view(name: str, stored: Stored) -> bytes | None:
        assert stored.url == f"https://example.org/videos/{name}"
        try:
            return storage.open_local(name).read_bytes()
        except VideoNotFound:
            return None

    def breaks() -> None:
        (folder / "videos").write_text("a file where the folder should be")

    yield Bench(storage=storage, view=view, breaks=breaks)


@contextmanager
def cloudinary_bench(folder: Path) -> Iterator[Bench]:
    """Give the storage at Cloudinary, whose API is played on the loopback interface."""
    with CloudinaryServer() as server:
        account = server.account
        storage = CloudinaryStorage(
            account.cloud_name, account.api_key, account.api_secret, server.address, 10, 2, first_wait_s=0.001
        )

        def breaks() -> None:
            server.fail([Fault(status=503)] * 1000)

        yield Bench(storage=storage, view=_get, breaks=breaks)


@contextmanager
def s3_bench(folder: Path) -> Iterator[Bench]:
    """Give the storage in a bucket, whose service is played on the loopback interface."""
    with s3_server() as server:
        storage = S3Storage(
            server.bucket(), "https://example.org", 3600, lambda: 1_000_000.0, tries=2, first_wait_s=0.001
        )

        def view(name: str, stored: Stored) -> bytes | None:
            assert stored.url == f"https://example.org/videos/{name}"
            try:
                return _fetch(storage.sign(name, 60))
            except VideoNotFound:
                return None

        yield Bench(storage=storage, view=view, breaks=server.server.stop)


@contextmanager
def flaky_bench(folder: Path) -> Iterator[Bench]:
    """Give the fake, with no failures asked for."""
    with local_bench(folder) as bench:
        yield Bench(storage=FlakyStorage(bench.storage, 0), view=bench.view, breaks=bench.breaks)


@contextmanager
def copying_bench(tmp_path: Path) -> Iterator[Bench]:
    """The storage of the command line, around a local one."""
    copies = tmp_path / "copies"
    copies.mkdir()
    with local_bench(tmp_path) as bench:
        yield Bench(storage=CopyingStorage(bench.storage, copies), view=bench.view, breaks=bench.breaks)


BENCHES = {
    LocalStorage: local_bench,
    CloudinaryStorage: cloudinary_bench,
    S3Storage: s3_bench,
    FlakyStorage: flaky_bench,
    CopyingStorage: copying_bench,
}


def _get(name: str, stored: Stored) -> bytes | None:
    return _fetch(stored.url)


def _fetch(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 (a loopback address)
            content: bytes = answer.read()
            return content
    except urllib.error.HTTPError as error:
        error.close()
        return None


@pytest.fixture(params=BENCHES, ids=lambda kind: kind.__name__)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """One bench for each implementation."""
    with BENCHES[request.param](tmp_path) as made:
        yield made


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A rendered video, longer than one chunk of an upload."""
    return make_video(tmp_path / "rendered.mp4")


def make_video(path: Path, size: int = MORE_THAN_A_CHUNK) -> Path:
    """Write random bytes; no storage looks inside."""
    path.write_bytes(secrets.token_bytes(size))
    return path


def test_every_storage_is_in_this_suite() -> None:
    """A class of `manimatic.storage` with the port's methods has a bench above."""
    methods = [name for name, _ in inspect.getmembers(Storage, inspect.isfunction) if not name.startswith("_")]
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(manimatic.storage.__path__, "manimatic.storage.")
    ]
    classes = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__.startswith("manimatic.storage.") and all(hasattr(kind, name) for name in methods)
    }
    assert {"put", "delete", "open_local", "ping"} <= set(methods)
    assert classes == set(BENCHES)


def test_a_storage_is_of_the_port(bench: Bench) -> None:
    """It has the port's methods and a name."""
    assert isinstance(bench.storage, Storage)
    assert bench.storage.name


def test_a_stored_video_comes_back_byte_for_byte(bench: Bench, video: Path) -> None:
    """What a viewer gets is what was put."""
    stored = bench.storage.put(NAME, video)
    assert bench.view(NAME, stored) == video.read_bytes()


@pytest.mark.parametrize("suffix", ["mp4", "webm", "mov", "gif", "png"])
def test_every_format_can_be_stored_and_deleted(bench: Bench, tmp_path: Path, suffix: str) -> None:
    """Each format that a job may ask for has a home."""
    name = f"{new_id()}.{suffix}"
    stored = bench.storage.put(name, make_video(tmp_path / "rendered", 100))
    assert stored.url.endswith(name)
    assert bench.view(name, stored) is not None
    bench.storage.delete(name)
    assert bench.view(name, stored) is None


def test_putting_the_same_video_again_is_harmless(bench: Bench, video: Path) -> None:
    """A second put gives the same address and the same bytes."""
    first = bench.storage.put(NAME, video)
    assert bench.storage.put(NAME, video) == first
    assert bench.view(NAME, first) == video.read_bytes()


def test_concurrent_puts_of_one_name_are_harmless(bench: Bench, video: Path) -> None:
    """Whoever wins, the video is whole and every put succeeds."""
    results: list[Stored] = []
    threads = [threading.Thread(target=lambda: results.append(bench.storage.put(NAME, video))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 6
    assert len(set(results)) == 1
    assert bench.view(NAME, results[0]) == video.read_bytes()


def test_a_put_leaves_the_rendered_video_in_place(bench: Bench, video: Path) -> None:
    """The caller may store it again."""
    before = video.read_bytes()
    bench.storage.put(NAME, video)
    assert video.read_bytes() == before


def test_a_deleted_video_is_gone(bench: Bench, video: Path) -> None:
    """A viewer gets nothing any more."""
    stored = bench.storage.put(NAME, video)
    bench.storage.delete(NAME)
    assert bench.view(NAME, stored) is None


def test_deleting_what_is_not_there_is_harmless(bench: Bench) -> None:
    """Also twice, and before anything was stored."""
    bench.storage.delete(NAME)
    bench.storage.delete(NAME)


def test_an_unknown_video_is_not_found(bench: Bench) -> None:
    """Wherever videos live, this machine has none of this name."""
    with pytest.raises(VideoNotFound):
        bench.storage.open_local(NAME)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_name_is_refused_everywhere(bench: Bench, video: Path, name: str) -> None:
    """Only unguessable names of one strict form pass."""
    with pytest.raises(StorageError):
        bench.storage.put(name, video)
    with pytest.raises(StorageError):
        bench.storage.delete(name)
    with pytest.raises(VideoNotFound):
        bench.storage.open_local(name)


def test_a_new_id_makes_a_good_name(bench: Bench, video: Path) -> None:
    """What jobs are named with fits."""
    bench.storage.put(f"{new_id()}.mp4", video)


def test_a_missing_or_empty_rendering_is_refused(bench: Bench, tmp_path: Path) -> None:
    """Nothing becomes a video of no bytes."""
    with pytest.raises(StorageError, match="cannot be read"):
        bench.storage.put(NAME, tmp_path / "nothing.mp4")
    with pytest.raises(StorageError, match="empty"):
        bench.storage.put(NAME, make_video(tmp_path / "empty.mp4", 0))


def test_a_rendering_that_is_a_link_or_a_pipe_is_refused(bench: Bench, video: Path, tmp_path: Path) -> None:
    """Neither is followed, and a pipe does not make the put wait."""
    (tmp_path / "link.mp4").symlink_to(video)
    os.mkfifo(tmp_path / "pipe.mp4")
    for name in ("link.mp4", "pipe.mp4"):
        with pytest.raises(StorageError):
            bench.storage.put(NAME, tmp_path / name)


def test_ping_passes_where_a_video_could_be_stored(bench: Bench, video: Path) -> None:
    """A healthy storage says nothing."""
    bench.storage.ping()
    bench.storage.put(NAME, video)


def test_a_broken_storage_says_so_with_a_hint(bench: Bench, video: Path) -> None:
    """Put and delete raise StorageError with something to do about it."""
    bench.breaks()
    for call in (lambda: bench.storage.put(NAME, video), lambda: bench.storage.delete(NAME)):
        with pytest.raises(StorageError) as caught:
            call()
        assert caught.value.message
        assert caught.value.hint
