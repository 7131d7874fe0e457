"""Looking at jobs, steering them, and removing them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from harness.api import STORAGE_FAILURE, VIDEO_NAME, Api, open_api, video
from manimatic.jobs import Attempt, Failure, JobState, Usage
from manimatic.runner import Runner
from manimatic.storage.flaky import FlakyStorage
from manimatic.verdicts import Verdict
from manimatic.wakeup import InProcessWakeup

SCENE_FAILURE = Failure(
    code="scene_error", message="NameError: x", hint="Mend it.", stage="rendering", line=3, traceback="line 3"
)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Give an API with nothing in it."""
    with open_api(tmp_path) as opened:
        yield opened


# ---------------------------------------------------------------- status


def test_waiting_job_shows_its_place_and_when_to_ask_again(api: Api) -> None:
    """A queued job has no video, a place in the queue and Retry-After."""
    api.generate()
    job_id = api.generate("a square", metadata={"a": "b"})
    answer = api.client.get(f"/status/{job_id}")
    body = answer.get_json()
    assert (body["status"], body["queue_position"], body["url"]) == ("queued", 2, None)
    assert (body["job_id"], body["prompt"], body["metadata"]) == (job_id, "a square", {"a": "b"})
    assert body["created_at"].endswith("Z")
    assert answer.headers["Retry-After"] == "1"


def test_complete_job_is_shown_as_the_first_description_has_it(api: Api) -> None:
    """Status, url, code and explanation are at the top."""
    job_id = api.generate()
    api.complete(job_id, verdict=Verdict.OK)
    answer = api.client.get(f"/status/{job_id}")
    body = answer.get_json()
    assert body["status"] == "complete"
    assert body["url"] == f"http://localhost/videos/{VIDEO_NAME}"
    assert (body["code"], body["explanation"]) == ("x = 1\n", "It is round.")
    assert body["video"]["duration_seconds"] == 2.5
    assert set(body["timings"]) == {"queued", "generating", "checking", "rendering", "uploading"}
    assert "Retry-After" not in answer.headers


def test_url_of_a_local_video_starts_with_the_public_url(tmp_path: Path) -> None:
    """Behind a proxy the request's own host is not the users'."""
    with open_api(tmp_path, public_url="https://films.example") as api:
        job_id = api.generate()
        api.complete(job_id)
        assert api.status(job_id)["url"] == f"https://films.example/videos/{VIDEO_NAME}"


def test_url_of_a_video_elsewhere_stays_as_it_is(api: Api) -> None:
    """A cloud's address is absolute already."""
    job_id = api.generate()
    api.complete(job_id, url="https://res.cloudinary.com/x/video.mp4")
    assert api.status(job_id)["url"] == "https://res.cloudinary.com/x/video.mp4"


def test_failed_job_shows_a_problem_with_line_and_traceback(api: Api) -> None:
    """The error has the form of every other, and what helps to mend the scene."""
    job_id = api.generate()
    api.fail(job_id, SCENE_FAILURE, verdict=Verdict.SCENE_ERROR)
    body = api.status(job_id)
    assert (body["status"], body["verdict"], body["url"]) == ("failed", "scene_error", None)
    error = body["error"]
    assert (error["code"], error["status"], error["type"]) == ("scene_error", 422, "/docs#problem-scene_error")
    assert (error["line"], error["traceback"], error["stage"]) == (3, "line 3", "rendering")
    assert (error["detail"], error["hint"]) == ("NameError: x", "Mend it.")


def test_attempts_are_shown_with_usage_and_error(api: Api) -> None:
    """Each round tells who wrote it, how it ended and what it cost."""
    job_id = api.generate()
    claim = api.render(job_id)
    usage = Usage(requests=1, input_tokens=10, output_tokens=20, cost_usd=0.01)
    attempt = Attempt(
        number=1, origin="model-x", code="x", verdict=Verdict.SCENE_ERROR, failure=SCENE_FAILURE, usage=usage
    )
    api.store.record_attempt(claim, attempt)
    [shown] = api.status(job_id)["attempts"]
    assert (shown["number"], shown["origin"], shown["verdict"]) == (1, "model-x", "scene_error")
    assert shown["usage"] == {"requests": 1, "input_tokens": 10, "output_tokens": 20, "cost_usd": 0.01}
    assert shown["error"]["code"] == "scene_error"


def test_progress_is_shown_while_rendering(api: Api) -> None:
    """What the runner noted last is there."""
    job_id = api.generate()
    api.store.update(api.render(job_id), progress={"animation": 2, "video_s": 1.5, "line": 9})
    body = api.status(job_id)
    assert (body["status"], body["progress"]["animation"], body["queue_position"]) == ("rendering", 2, None)


def test_unchanged_job_is_answered_with_304(api: Api) -> None:
    """The ETag stands for the whole answer and changes with it."""
    job_id = api.generate()
    etag = api.client.get(f"/status/{job_id}").headers["ETag"]
    same = api.client.get(f"/status/{job_id}", headers={"If-None-Match": etag})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", etag)
    api.claim(job_id)
    api.store.request_cancel(job_id)
    assert api.client.get(f"/status/{job_id}", headers={"If-None-Match": etag}).status_code == 200


def test_status_may_be_kept_but_has_to_be_asked_about(api: Api) -> None:
    """A cache that did not ask again would show an old state."""
    assert api.client.get(f"/status/{api.generate()}").headers["Cache-Control"] == "private, no-cache"


def test_head_answers_as_get_without_a_body(api: Api) -> None:
    """HEAD works on a status."""
    answer = api.client.head(f"/status/{api.generate()}")
    assert (answer.status_code, answer.data) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 100


@pytest.mark.parametrize("path", ["", "/events", "/logs"])
@pytest.mark.parametrize("job_id", ["abc12345", "a" * 26, "x" * 5000, "a%00b", "%F0%9F%8E%89", "..%2f..", "'--"])
def test_unknown_job_is_not_found(api: Api, job_id: str, path: str) -> None:
    """Whatever stands in the id's place, the answer is 404."""
    answer = api.client.get(f"/status/{job_id}{path}")
    assert answer.status_code == 404
    assert answer.get_json()["code"] in {"job_not_found", "not_found"}


# ---------------------------------------------------------------- steering


def test_cancelling_a_waiting_job_ends_it_and_twice_is_harmless(api: Api) -> None:
    """The second time shows the same end."""
    job_id = api.generate()
    first = api.client.post(f"/status/{job_id}/cancel")
    second = api.client.post(f"/status/{job_id}/cancel")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.get_json() == second.get_json()
    assert first.get_json()["status"] == "cancelled"
    assert first.get_json()["error"]["code"] == "cancelled"


def test_cancelling_a_running_job_asks_its_dispatcher(api: Api) -> None:
    """The job goes on until its dispatcher has heard of it."""
    job_id = api.generate()
    claim = api.render(job_id)
    body = api.client.post(f"/status/{job_id}/cancel").get_json()
    assert (body["status"], body["cancel_requested"]) == ("rendering", True)
    assert api.store.heartbeat(claim, lease_s=60) is True


def test_cancelling_a_complete_job_changes_nothing(api: Api) -> None:
    """What is done stays done."""
    job_id = api.generate()
    api.complete(job_id)
    assert api.client.post(f"/status/{job_id}/cancel").get_json()["status"] == "complete"


def test_retry_queues_a_job_whose_video_is_kept(api: Api) -> None:
    """Only storing is done again."""
    job_id = api.generate()
    api.fail(job_id, STORAGE_FAILURE, held_video="/somewhere/held.mp4")
    answer = api.client.post(f"/status/{job_id}/retry")
    assert (answer.status_code, answer.get_json()["status"]) == (202, "queued")


@pytest.mark.parametrize("failure", [None, SCENE_FAILURE, STORAGE_FAILURE])
def test_retry_of_anything_else_is_a_conflict(api: Api, failure: Failure | None) -> None:
    """Without a kept video there is nothing to store; the job stays as it is."""
    job_id = api.generate()
    if failure:
        api.fail(job_id, failure)
    before = api.status(job_id)
    answer = api.client.post(f"/status/{job_id}/retry")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "conflict")
    assert api.status(job_id) == before


@pytest.mark.parametrize("action", ["cancel", "retry"])
def test_steering_an_unknown_job_is_not_found(api: Api, action: str) -> None:
    """There is nothing to steer."""
    assert api.client.post(f"/status/abc12345/{action}").status_code == 404


# ---------------------------------------------------------------- deleting


def test_deleting_removes_job_and_local_video(api: Api, tmp_path: Path) -> None:
    """Neither is there afterwards, and a second time is 404."""
    job_id = api.generate()
    api.put_video(tmp_path)
    api.complete(job_id)
    answer = api.client.delete(f"/status/{job_id}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    assert api.client.get(f"/videos/{VIDEO_NAME}").status_code == 404
    assert api.client.get(f"/status/{job_id}").status_code == 404
    assert api.client.delete(f"/status/{job_id}").status_code == 404


def test_deleting_a_job_whose_video_lies_elsewhere_leaves_it_to_a_dispatcher(api: Api) -> None:
    """The job is gone for users at once; the dispatcher finds it until it has removed both."""
    job_id = api.generate()
    api.complete(job_id, url="https://res.cloudinary.com/x/video.mp4")
    assert api.client.delete(f"/status/{job_id}").status_code == 204
    assert api.client.get(f"/status/{job_id}").status_code == 404
    assert api.client.post(f"/status/{job_id}/cancel").status_code == 404
    assert api.client.get("/jobs").get_json()["jobs"] == []
    [left] = api.store.expired_videos()
    assert (left.id, left.is_doomed) == (job_id, True)


class Cloud(FlakyStorage):
    """A storage elsewhere that notes what it removes."""

    removed: ClassVar[list[str]] = []

    def delete(self, name: str) -> None:
        """Remove a video."""
        super().delete(name)
        self.removed.append(name)


def test_dispatcher_removes_what_was_deleted_and_tries_until_it_can(api: Api, tmp_path: Path) -> None:
    """First the video, then the job's row; a storage that fails loses neither."""
    job_id = api.generate()
    api.complete(job_id, url="https://res.cloudinary.com/x/video.mp4")
    api.client.delete(f"/status/{job_id}")
    cloud = Cloud(api.storage, failures=1)
    no_pipeline: Any = None
    runner = Runner(
        name="one",
        store=api.store,
        pipeline=no_pipeline,
        storage=cloud,
        wakeup=InProcessWakeup(),
        work_folder=tmp_path / "work",
        job_timeout_s=1,
    )
    runner.upkeep()
    assert (cloud.removed, len(api.store.expired_videos())) == ([], 1)
    runner.upkeep()
    assert (cloud.removed, len(api.store.expired_videos())) == ([VIDEO_NAME], 0)


def test_deleting_a_job_that_failed_removes_its_kept_video(api: Api, tmp_path: Path) -> None:
    """A video that waits to be stored goes with its job."""
    held = tmp_path / "held/kept.mp4"
    held.parent.mkdir()
    held.touch()
    job_id = api.generate()
    api.fail(job_id, STORAGE_FAILURE, held_video=str(held), video=video(name="", url=""))
    assert api.client.delete(f"/status/{job_id}").status_code == 204
    assert not held.exists()


@pytest.mark.parametrize("running", [False, True])
def test_deleting_a_job_that_has_not_ended_is_a_conflict(api: Api, *, running: bool) -> None:
    """It has to be cancelled first; nothing is lost."""
    job_id = api.generate()
    if running:
        api.render(job_id)
    answer = api.client.delete(f"/status/{job_id}")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "conflict")
    assert "cancel" in answer.get_json()["detail"]
    assert api.status(job_id)["job_id"] == job_id


# ---------------------------------------------------------------- logs and lists


def test_log_is_plain_text_and_goes_on_where_it_was_left(api: Api) -> None:
    """X-Last-Event is what `after` takes."""
    job_id = api.generate()
    claim = api.render(job_id)
    api.store.add_event(claim, "log", {"text": "<b>first</b>\n"})
    first = api.client.get(f"/status/{job_id}/logs")
    api.store.add_event(claim, "progress", {"animation": 1})
    api.store.add_event(claim, "log", {"text": "second\n"})
    rest = api.client.get(f"/status/{job_id}/logs?after={first.headers['X-Last-Event']}")
    assert (first.text, rest.text) == ("<b>first</b>\n", "second\n")
    assert first.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert first.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "9999999999", ""])
def test_log_after_something_else_than_a_number_is_refused(api: Api, after: str) -> None:
    """The problem points at `after`."""
    answer = api.client.get(f"/status/{api.generate()}/logs?after={after}")
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "/after"


def test_jobs_are_listed_newest_first_page_by_page(api: Api) -> None:
    """next_cursor leads through all of them, once each."""
    ids = [api.generate(f"circle {number}") for number in range(5)]
    found, query = [], "/jobs?limit=2"
    while query:
        body = api.client.get(query).get_json()
        found += [job["job_id"] for job in body["jobs"]]
        query = f"/jobs?limit=2&cursor={body['next_cursor']}" if body["next_cursor"] else ""
    assert found == ids[::-1]


def test_jobs_are_listed_by_state(api: Api) -> None:
    """Only those in that state."""
    ended, waiting = api.generate(), api.generate()
    api.store.request_cancel(ended)
    listed = api.client.get("/jobs?state=queued").get_json()["jobs"]
    assert [job["job_id"] for job in listed] == [waiting]
    assert listed[0]["status"] == JobState.QUEUED.value


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("limit=0", "/limit"), ("limit=101", "/limit"), ("limit=x", "/limit"), ("state=done", "/state"), ("a=1", "/a")],
)
def test_list_with_bad_parameters_is_refused(api: Api, query: str, pointer: str) -> None:
    """The problem names the parameter."""
    answer = api.client.get(f"/jobs?{query}")
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, pointer)


def test_cursor_from_elsewhere_is_refused(api: Api) -> None:
    """A cursor is not to be made up."""
    answer = api.client.get("/jobs?cursor=abc")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_input")
