"""Bytes of a guest become files that only the host has touched."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manimatic.ports import RunResult, VideoFacts
from manimatic.sandbox import intake as module
from manimatic.sandbox.intake import KINDS, Intake, IntakeRefused
from manimatic.verdicts import Verdict
from tiny_video import tiny_video

OK = RunResult(verdict=Verdict.OK, message="said", animations=2)
LIMIT = 100_000


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """Give an intake into an empty folder."""
    return Intake(tmp_path, LIMIT)


def put(intake: Intake, kind: str, *pieces: bytes) -> None:
    """Deliver an artefact."""
    intake.begin(kind)
    for piece in pieces:
        intake.chunk(piece)
    intake.end()


def names(folder: Path) -> list[str]:
    """List what lies in the folder."""
    return sorted(path.name for path in folder.iterdir())


def test_good_video_is_described_and_stands_first(intake: Intake, tmp_path: Path) -> None:
    """Whatever came before it; the facts come from its own tables."""
    film = tiny_video()
    put(intake, "part", b"one")
    put(intake, "video", film[:100], b"", film[100:])
    put(intake, "captions", b"")
    settled = intake.settle(OK)
    assert (settled.verdict, settled.message, settled.animations) == (Verdict.OK, "said", 2)
    assert settled.video == VideoFacts(width=64, height=48, fps=10.0, duration_s=0.5)
    assert [(item.kind, item.bytes) for item in settled.artefacts] == [
        ("video", len(film)),
        ("part", 3),
        ("captions", 0),
    ]
    assert settled.artefacts[0].path.read_bytes() == film
    assert names(tmp_path) == ["00000.part", "00001.video", "00002.captions"]


def test_ok_without_a_video_is_no_output(intake: Intake) -> None:
    """The guest's word is not enough."""
    put(intake, "part", b"one")
    settled = intake.settle(OK)
    assert (settled.verdict, settled.video, len(settled.artefacts)) == (Verdict.NO_OUTPUT, None, 1)


def test_two_videos_are_no_output(intake: Intake) -> None:
    """Neither is shown."""
    put(intake, "video", tiny_video())
    put(intake, "video", tiny_video())
    assert intake.settle(OK).verdict is Verdict.NO_OUTPUT


@pytest.mark.parametrize("data", [b"", b"<html>", tiny_video()[:-20], tiny_video()[20:]])
def test_what_is_no_video_is_invalid_output(intake: Intake, data: bytes) -> None:
    """The result is without it."""
    put(intake, "video", data)
    put(intake, "part", b"one")
    settled = intake.settle(OK)
    assert (settled.verdict, settled.video) == (Verdict.INVALID_OUTPUT, None)
    assert "container check" in settled.message
    assert [item.kind for item in settled.artefacts] == ["part"]


def test_parts_of_a_run_that_hit_a_limit_are_handed_on(intake: Intake, tmp_path: Path) -> None:
    """The one that was cut off is dropped, and so is a video."""
    put(intake, "part", b"one")
    put(intake, "video", b"two")
    intake.begin("part")
    intake.chunk(b"thr")
    settled = intake.settle(RunResult(verdict=Verdict.TIMEOUT))
    assert [item.path.read_bytes() for item in settled.artefacts] == [b"one"]
    assert settled.video is None
    assert names(tmp_path) == ["00000.part", "00001.video"]


@pytest.mark.parametrize("kind", ["", "Video", "..", "../x", "/etc/passwd", "video\0", "exe", "video/../../x"])
def test_unknown_kind_is_refused(intake: Intake, tmp_path: Path, kind: str) -> None:
    """No name of the guest's becomes a path."""
    with pytest.raises(IntakeRefused):
        intake.begin(kind)
    assert names(tmp_path) == []


def test_artefacts_out_of_order_are_refused(intake: Intake) -> None:
    """One at a time, from its begin to its end."""
    for call in (lambda: intake.chunk(b"x"), intake.end):
        with pytest.raises(IntakeRefused):
            call()
    intake.begin("part")
    with pytest.raises(IntakeRefused):
        intake.begin("part")
    intake.close()


def test_bytes_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    """All artefacts together; the limit itself is allowed."""
    intake = Intake(tmp_path, 10)
    put(intake, "part", b"x" * 4)
    intake.begin("part")
    intake.chunk(b"x" * 6)
    with pytest.raises(IntakeRefused, match="more bytes"):
        intake.chunk(b"x")
    intake.close()


def test_artefacts_beyond_their_number_are_refused(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guest cannot fill the host's folder with empty files."""
    monkeypatch.setattr(module, "MAX_ARTEFACTS", 3)
    for _ in range(3):
        put(intake, "part")
    with pytest.raises(IntakeRefused):
        intake.begin("part")


def test_file_that_is_there_already_is_never_written(intake: Intake, tmp_path: Path) -> None:
    """The folder was empty: what lies there is not ours."""
    (tmp_path / "00000.part").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        intake.begin("part")
    assert not (tmp_path / "victim").exists()


def test_closing_is_harmless_at_any_time(intake: Intake, tmp_path: Path) -> None:
    """Twice, and before anything came."""
    intake.close()
    intake.begin("part")
    intake.close()
    intake.close()
    assert names(tmp_path) == []


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(
        st.tuples(st.just("begin"), st.sampled_from(sorted(KINDS)))
        | st.tuples(st.just("chunk"), st.binary(max_size=9))
        | st.tuples(st.just("end"))
    )
)
def test_any_order_of_calls_is_taken_or_refused(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[str]]
) -> None:
    """Nothing else is raised, and what is settled lies in the folder."""
    folder = tmp_path_factory.mktemp("intake")
    intake = Intake(folder, 30)
    for name, *arguments in calls:
        with contextlib.suppress(IntakeRefused):
            getattr(intake, name)(*arguments)
    settled = intake.settle(OK)
    assert all(item.path.parent == folder and item.path.stat().st_size == item.bytes for item in settled.artefacts)
