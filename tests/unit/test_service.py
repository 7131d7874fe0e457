"""What may be asked for, field by field, and the use cases around a job."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from job_bench import CODE, JobBench, S, bench, draft
from manimatic.errors import Conflict, InvalidInput, JobNotFound, QueueFull, StorageError, VideoNotFound
from manimatic.jobs import MAX_CODE_BYTES, Failure, NewJob, Options, Quality
from manimatic.sandbox.scripted import ScriptedRun
from manimatic.service import FieldError, JobService, new_job
from manimatic.storage.flaky import FlakyStorage

__all__ = ["bench"]
HUGE = 10**400


def made(**fields: Any) -> NewJob:
    """Ask for a circle with these fields."""
    return new_job(**{"prompt": "a circle", **fields}, clock=lambda: 1000.0)


def test_prompt_alone_gives_the_defaults() -> None:
    """Medium quality, 16:9, black, no deadline."""
    assert made(prompt="  a circle\n") == NewJob(prompt="a circle")


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("quality", "low", Quality.LOW),
        ("quality", "k", Quality.FOURK),
        ("aspect_ratio", "9:16", "9:16"),
        ("fps", 1, 1),
        ("fps", 120, 120),
        ("background", "#FFF", "#FFF"),
        ("background", "#1c1c1c", "#1c1c1c"),
        ("seed", 0, 0),
        ("seed", 2**32 - 1, 2**32 - 1),
        ("scene", "Größe", "Größe"),
        ("model", "google/gemini-3.8:flash", "google/gemini-3.8:flash"),
        ("duration_hint_seconds", 1, 1),
        ("duration_hint_seconds", 599.5, 599.5),
    ],
)
def test_good_value_becomes_an_option(field: str, value: object, read: object) -> None:
    """As it was given, aliases resolved."""
    assert made(**{field: value}).options == Options(**{field: read})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("prompt", " \n"),
        ("prompt", "x" * 8001),
        ("prompt", "a\0b"),
        ("prompt", "a\x1b[2J"),
        ("prompt", "a\ud800"),
        ("prompt", "…!?"),
        ("code", ""),
        ("code", "a\0b"),
        ("code", "x" * (MAX_CODE_BYTES + 1)),
        ("quality", ""),
        ("quality", "best"),
        ("quality", "LOW"),
        ("aspect_ratio", ""),
        ("aspect_ratio", "16:10"),
        ("fps", 0),
        ("fps", 121),
        ("fps", -1),
        ("fps", HUGE),
        ("fps", float("nan")),
        ("background", ""),
        ("background", "red"),
        ("background", "#12345"),
        ("background", "#1c1c1c\n"),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", -HUGE),
        ("scene", ""),
        ("scene", "A B"),
        ("scene", "__import__('os')"),
        ("scene", "A" * 201),
        ("model", ""),
        ("model", "../etc"),
        ("model", "a b"),
        ("model", "a\n"),
        ("model", "m" * 101),
        ("duration_hint_seconds", 0.5),
        ("duration_hint_seconds", 601),
        ("duration_hint_seconds", float("inf")),
        ("deadline_seconds", 0),
        ("deadline_seconds", 86401),
        ("deadline_seconds", float("nan")),
        ("deadline_seconds", HUGE),
        ("metadata", {str(number): "" for number in range(33)}),
        ("metadata", {"key": "v" * 500}),
    ],
    ids=lambda value: str(value)[:20],
)
def test_bad_value_is_refused_by_the_name_of_its_field(field: str, value: object) -> None:
    """The error can be shown beside the field, and is no longer than a line or two."""
    with pytest.raises(FieldError) as caught:
        made(**{field: value})
    assert caught.value.field == field
    assert caught.value.message == f"{field}: {caught.value.detail}"
    assert len(caught.value.message) < 200
    assert (caught.value.code, caught.value.http_status) == (InvalidInput.code, 422)


def test_prompt_may_be_missing_beside_code() -> None:
    """The user's own scene needs no words, and any words do."""
    assert made(prompt="", code=CODE).code == CODE
    assert made(prompt="…", code=CODE).prompt == "…"


def test_prompt_in_any_script_is_taken_whole() -> None:
    """Up to its limit, with line breaks and tabs."""
    text = "円の面積\n\tπr² – “круг” 🙂" + "x" * 7000
    assert made(prompt=text).prompt == text


def test_deadline_counts_from_now() -> None:
    """In seconds since the epoch."""
    assert made(deadline_seconds=60).deadline_at == 1060.0


def test_metadata_is_kept() -> None:
    """As many and as long as allowed."""
    data = {str(number): "v" * 400 for number in range(32)}
    assert made(metadata=data).metadata == data


@settings(deadline=None, max_examples=200)
@given(value=st.integers() | st.floats(), field=st.sampled_from(["fps", "seed", "deadline_seconds"]))
def test_any_number_is_taken_or_refused_as_a_field(value: float, field: str) -> None:
    """No other error comes out than a FieldError."""
    with contextlib.suppress(FieldError):
        made(**{field: value})


# ---------------------------------------------------------------- use cases


class Notes:
    """A wake-up that notes who called."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def notify(self, job_id: str) -> None:
        """Note the job."""
        self.told.append(job_id)

    def wait(self, timeout_s: float) -> None:
        """Return at once."""


@pytest.fixture
def wakeup() -> Notes:
    """Give a wake-up."""
    return Notes()


@pytest.fixture
def service(bench: JobBench, wakeup: Notes) -> JobService:
    """Give the use cases on the bench's store and storage."""
    return JobService(
        store=bench.store,
        wakeup=wakeup,
        storage=bench.storage,
        max_queued=2,
        held_folder=bench.folders.held,
    )


def test_submitted_job_waits_and_is_told(service: JobService, wakeup: Notes) -> None:
    """Whoever sleeps is woken for it, once."""
    job = service.submit(made())
    assert (service.get(job.id), wakeup.told) == (job, [job.id])
    assert service.list_jobs(limit=9, cursor=None, state=S.QUEUED).jobs == (job,)


def test_full_queue_wakes_nobody(service: JobService, wakeup: Notes) -> None:
    """What was refused is not there."""
    for _ in range(2):
        service.submit(made())
    with pytest.raises(QueueFull):
        service.submit(made())
    assert len(wakeup.told) == 2


def test_log_is_put_together_from_its_events(service: JobService, bench: JobBench) -> None:
    """However many pages of events there are, and after any of them."""
    bench.script(draft())
    job = service.submit(made())
    claim = bench.claim()
    for number in range(1005):
        bench.store.add_event(claim, "log", {"text": f"{number}\n"})
    bench.store.add_event(claim, "progress", {"animation": 1})
    whole = "".join(f"{number}\n" for number in range(1005))
    assert service.log(job.id) == whole
    assert service.log(job.id, after=1004) == "1003\n1004\n"
    with pytest.raises(JobNotFound):
        service.log("nobody")


def test_waiting_job_is_cancelled_at_once(service: JobService, wakeup: Notes) -> None:
    """And whoever waits for it is told."""
    job = service.submit(made())
    assert service.cancel(job.id).state is S.CANCELLED
    assert wakeup.told == [job.id] * 2


def test_deleted_job_takes_its_video_along(service: JobService, bench: JobBench) -> None:
    """Row and file."""
    bench.script(draft())
    job = bench.run()
    service.delete(job.id)
    assert bench.videos() == []
    with pytest.raises(JobNotFound):
        service.get(job.id)


def test_video_that_lies_elsewhere_is_left_to_a_dispatcher(service: JobService, bench: JobBench) -> None:
    """The job is gone for everybody, and stands among the videos to remove."""
    bench.script(draft())
    job = bench.run()

    def nowhere(name: str) -> Path:
        raise VideoNotFound

    bench.storage.open_local = nowhere  # type: ignore[method-assign]
    service.delete(job.id)
    with pytest.raises(JobNotFound):
        service.get(job.id)
    assert [doomed.id for doomed in bench.store.expired_videos()] == [job.id]


def test_deleted_job_takes_its_kept_video_along(service: JobService, bench: JobBench) -> None:
    """What waited to be stored is not stored any more."""
    bench.storage.inner = FlakyStorage(bench.local, 1)
    bench.script(draft(), runs=[ScriptedRun()])
    job = bench.run()
    assert job.held_video
    service.delete(job.id)
    assert not Path(job.held_video).exists()


def test_deleted_job_takes_no_other_file_along(service: JobService, bench: JobBench, tmp_path: Path) -> None:
    """A row may name any path; only what lies in the folder of kept videos is one."""
    other = tmp_path / "other"
    other.touch()
    job = service.submit(made())
    failure = Failure(code="storage_error", message="full", hint="")
    bench.store.advance(bench.claim(), S.FAILED, held_video=str(other), failure=failure)
    service.delete(job.id)
    assert other.exists()


def test_running_job_is_not_deleted(service: JobService, bench: JobBench) -> None:
    """It has to be cancelled first."""
    job = service.submit(made())
    bench.store.advance(bench.claim(), S.GENERATING)
    with pytest.raises(Conflict):
        service.delete(job.id)


def test_kept_video_is_queued_to_be_stored_again(service: JobService, bench: JobBench, wakeup: Notes) -> None:
    """A job without one is refused."""
    bench.storage.inner = FlakyStorage(bench.local, 1)
    bench.script(draft())
    job = bench.run()
    assert service.store_again(job.id).state is S.QUEUED
    assert wakeup.told == [job.id]
    done = bench.run_waiting()
    with pytest.raises(Conflict):
        service.store_again(done.id)


def test_storage_error_of_a_delete_is_told(service: JobService, bench: JobBench) -> None:
    """The job is gone; the video could not be removed."""
    bench.script(draft())
    job = bench.run()
    bench.storage.inner = FlakyStorage(bench.local, 1)
    with pytest.raises(StorageError):
        service.delete(job.id)
