"""Where launchers keep their locks and sockets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from manimatic.errors import SandboxUnavailable
from manimatic.sandbox.identity import REALM_CHARS, identity_folder, launcher_socket, take_identity


def test_fresh_folder_is_made_for_this_user_alone(tmp_path: Path) -> None:
    """Nobody else may look in."""
    with take_identity(tmp_path / "locks") as identity:
        assert (tmp_path / "locks" / "launchers" / identity.id).exists()
    assert (tmp_path / "locks").stat().st_mode & 0o777 == 0o700


def test_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    """Somebody else could put a socket of their own there."""
    folder = tmp_path / "locks"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(SandboxUnavailable), take_identity(folder):
        pass
    with pytest.raises(SandboxUnavailable):
        launcher_socket(folder)


def test_link_is_refused(tmp_path: Path) -> None:
    """A link leads where its maker wants."""
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "locks").symlink_to(tmp_path / "real")
    with pytest.raises(SandboxUnavailable):
        launcher_socket(tmp_path / "locks")


def test_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who made it first may take it away again."""
    somebody_else = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody_else)
    with pytest.raises(SandboxUnavailable):
        launcher_socket(tmp_path)


def test_place_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A file in the way is our error, with a hint."""
    (tmp_path / "file").touch()
    with pytest.raises(SandboxUnavailable, match="cannot be made"):
        launcher_socket(tmp_path / "file" / "locks")


def test_sockets_of_dead_processes_are_swept(tmp_path: Path) -> None:
    """What a killed launcher left behind goes with the next start."""
    folder = tmp_path / "locks"
    folder.mkdir(mode=0o700)
    (folder / "launcher-4194305.sock").touch()  # above the highest process id
    (folder / f"launcher-{os.getppid()}.sock").touch()
    assert launcher_socket(folder) == folder / f"launcher-{os.getpid()}.sock"
    assert [path.name for path in folder.iterdir()] == [f"launcher-{os.getppid()}.sock"]


def test_lock_files_of_dead_launchers_are_swept(tmp_path: Path) -> None:
    """A killed launcher cannot remove its own; those that live and those just being made stay."""
    folder = tmp_path / "locks"
    with take_identity(folder) as living:
        realm = living.id[:REALM_CHARS]
        for name in (f"{realm}dead", f"{realm}young", "another-realm"):
            (folder / "launchers" / name).touch()
        for path in (folder / "launchers").iterdir():
            if "young" not in path.name:
                os.utime(path, (0, 0))
        with take_identity(folder) as second:
            left = {path.name for path in (folder / "launchers").iterdir()}
    assert left == {living.id, second.id, f"{realm}young", "another-realm"}


def test_plain_user_has_a_folder_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime folder of the session, else one named after the user."""
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1234")
    assert identity_folder() == Path("/run/user/1234/manimatic")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert identity_folder() == Path("/tmp/manimatic-1234")
