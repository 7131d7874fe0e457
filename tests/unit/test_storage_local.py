"""The storage on this machine: what only a folder can do wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from manimatic.errors import StorageError, VideoNotFound
from manimatic.storage.flaky import FlakyStorage
from manimatic.storage.local import LocalStorage
from support import require

NAME = "abcdefghijkmnpqrstuvwxyz23.mp4"
OTHER = "bbcdefghijkmnpqrstuvwxyz23.mp4"
PUT = """
import resource, signal, sys
from pathlib import Path
from manimatic.errors import StorageError
from manimatic.storage.local import LocalStorage
limit, how, folder, video = int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
if how == "dies":
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
try:
    LocalStorage(folder, "", 0, lambda: 0.0).put("abcdefghijkmnpqrstuvwxyz23.mp4", video)
except StorageError as error:
    sys.exit(f"{error.message}|{error.hint}")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the videos; it is not made yet."""
    return tmp_path / "deep" / "videos"


@pytest.fixture
def storage(folder: Path) -> LocalStorage:
    """A storage that keeps videos for an hour and starts at second 5000."""
    return LocalStorage(folder, "", 3600, lambda: 5000.0)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """A rendered video of 3 MB."""
    path = tmp_path / "rendered.mp4"
    path.write_bytes(os.urandom(3_000_000))
    return path


def put_elsewhere(folder: Path, video: Path, *, limit: int = 0, how: str = "", within: list[str] | None = None) -> str:
    """Put in a process of its own and return what it says; a death by signal is said as its number."""
    command = [*(within or []), sys.executable, "-c", PUT, str(limit), how, str(folder), str(video)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return ended.stderr.strip() if ended.returncode >= 0 else str(-ended.returncode)


def test_an_empty_public_url_gives_a_path(storage: LocalStorage, video: Path) -> None:
    """The API makes it absolute."""
    assert storage.put(NAME, video).url == f"/videos/{NAME}"


def test_retention_gives_the_time_of_expiry(storage: LocalStorage, video: Path) -> None:
    """An hour from the clock's time."""
    assert storage.put(NAME, video).expires_at == 8600.0


def test_no_retention_keeps_a_video_for_ever(folder: Path, video: Path) -> None:
    """Zero is not at once."""
    assert LocalStorage(folder, "", 0, lambda: 5000.0).put(NAME, video).expires_at is None


def test_making_a_storage_touches_nothing(folder: Path, storage: LocalStorage) -> None:
    """The folder is made when it is first needed."""
    assert not folder.exists()
    with pytest.raises(VideoNotFound):
        storage.open_local(NAME)
    assert not folder.exists()


def test_a_death_in_the_middle_of_a_put_leaves_nothing_visible(
    folder: Path, storage: LocalStorage, video: Path
) -> None:
    """The process is killed while it writes; a later put works."""
    assert put_elsewhere(folder, video, limit=1_500_000, how="dies") == str(int(signal.SIGXFSZ))
    with pytest.raises(VideoNotFound):
        storage.open_local(NAME)
    assert [path.suffix for path in folder.iterdir()] == [".part"]
    storage.put(NAME, video)
    assert storage.open_local(NAME).read_bytes() == video.read_bytes()


def test_a_death_in_the_middle_of_a_second_put_leaves_the_first(
    folder: Path, storage: LocalStorage, video: Path
) -> None:
    """The old video stays whole until the new one is."""
    storage.put(NAME, video)
    put_elsewhere(folder, video, limit=1_500_000, how="dies")
    assert storage.open_local(NAME).read_bytes() == video.read_bytes()


def test_what_a_dead_process_left_is_removed_later(folder: Path, video: Path) -> None:
    """Unfinished files that are an hour old go with the next put; videos and other files stay."""
    put_elsewhere(folder, video, limit=1_500_000, how="dies")
    left = next(folder.iterdir())
    os.utime(left, (1000, 1000))
    (folder / "keep.txt").touch()
    LocalStorage(folder, "", 0, lambda: 4000.0).put(OTHER, video)
    assert left.exists()
    LocalStorage(folder, "", 0, lambda: 5000.0).put(NAME, video)
    assert {path.name for path in folder.iterdir()} == {NAME, OTHER, "keep.txt"}


def test_a_failed_put_leaves_no_half_file(folder: Path, video: Path) -> None:
    """A write that the system refuses ends in a plain message and an empty folder."""
    said = put_elsewhere(folder, video, limit=1_500_000)
    assert said.startswith("The video could not be written: File too large.")
    assert list(folder.iterdir()) == []


def test_a_full_disk_is_named_and_leaves_no_half_file(tmp_path: Path, video: Path) -> None:
    """A disk of 1 MB does not take 3 MB."""
    said = put_on_small_disk(tmp_path, video, "size=1m")
    assert said.startswith("The disk that holds the videos is full.|Free some space")
    assert said.endswith("left: 0")


def test_a_read_only_disk_is_named(tmp_path: Path, video: Path) -> None:
    """The hint says which right is missing."""
    said = put_on_small_disk(tmp_path, video, "ro")
    assert said.startswith("The folder of the videos cannot be written.|Give the service's user")


def put_on_small_disk(tmp_path: Path, video: Path, options: str) -> str:
    """Put on a disk of its own, in a mount namespace of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    tried = subprocess.run([*namespace, "true"], capture_output=True)
    require(tried.returncode == 0, "this machine allows no user namespaces")
    script = f'mount -t tmpfs -o {options} tmpfs {folder}; "$@"; echo "left: $(ls -A {folder} | wc -l)" >&2'
    return put_elsewhere(folder, video, within=[*namespace, "sh", "-c", script, "sh"])


def test_a_planted_link_is_not_followed(folder: Path, storage: LocalStorage, video: Path, tmp_path: Path) -> None:
    """Reading refuses it; putting replaces the link and leaves what it pointed to; deleting removes the link only."""
    storage.put(OTHER, video)
    secret = tmp_path / "secret"
    secret.write_text("secret")
    (folder / NAME).symlink_to(secret)
    with pytest.raises(VideoNotFound):
        storage.open_local(NAME)
    storage.put(NAME, video)
    assert not (folder / NAME).is_symlink()
    storage.delete(NAME)
    (folder / NAME).symlink_to(secret)
    storage.delete(NAME)
    assert secret.read_text() == "secret"


def test_a_link_to_another_video_is_not_followed_either(folder: Path, storage: LocalStorage, video: Path) -> None:
    """Not even inside the folder."""
    storage.put(OTHER, video)
    (folder / NAME).symlink_to(OTHER)
    with pytest.raises(VideoNotFound):
        storage.open_local(NAME)


def test_a_planted_pipe_or_folder_is_not_a_video(folder: Path, storage: LocalStorage) -> None:
    """Neither is served, and a pipe does not make the reader wait."""
    folder.mkdir(parents=True)
    os.mkfifo(folder / NAME)
    (folder / OTHER).mkdir()
    for name in (NAME, OTHER):
        with pytest.raises(VideoNotFound):
            storage.open_local(name)


def test_a_folder_in_the_way_is_an_error(folder: Path, storage: LocalStorage, video: Path) -> None:
    """The put says so and leaves no unfinished file."""
    (folder / NAME).mkdir(parents=True)
    with pytest.raises(StorageError):
        storage.put(NAME, video)
    assert [path.name for path in folder.iterdir()] == [NAME]


def test_others_may_not_read_a_video(folder: Path, storage: LocalStorage, video: Path) -> None:
    """Sandboxes run under users of their own."""
    storage.put(NAME, video)
    assert (folder / NAME).stat().st_mode & 0o007 == 0
    assert folder.stat().st_mode & 0o007 == 0


def test_ping_leaves_nothing_behind(folder: Path, storage: LocalStorage) -> None:
    """The probe is removed."""
    storage.ping()
    assert list(folder.iterdir()) == []


def test_ping_fails_when_space_is_short(folder: Path) -> None:
    """Less than the minimum is as good as full."""
    with pytest.raises(StorageError, match="full"):
        LocalStorage(folder, "", 0, lambda: 0.0, min_free_bytes=2**62).ping()


def test_ping_fails_where_the_folder_cannot_be_made(tmp_path: Path) -> None:
    """A file stands in its place."""
    (tmp_path / "videos").touch()
    with pytest.raises(StorageError):
        LocalStorage(tmp_path / "videos", "", 0, lambda: 0.0).ping()


def test_a_flaky_storage_fails_as_often_as_asked(storage: LocalStorage, video: Path) -> None:
    """The call after the last failure works."""
    flaky = FlakyStorage(storage, 2)
    for call in (lambda: flaky.put(NAME, video), flaky.ping, lambda: flaky.delete(NAME)):
        with pytest.raises(StorageError):
            call()
    flaky.ping()
    flaky.put(NAME, video)
    assert flaky.open_local(NAME).is_file()
    assert flaky.calls == 3


def test_a_flaky_storage_can_lose_only_the_answer(storage: LocalStorage, video: Path) -> None:
    """The work is done although the call fails."""
    with pytest.raises(StorageError):
        FlakyStorage(storage, 1, answer_lost=True).put(NAME, video)
    assert storage.open_local(NAME).is_file()
