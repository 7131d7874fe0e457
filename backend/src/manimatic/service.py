"""What the API and the command line can ask for: submit, look at, cancel, delete, store again, list."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from manimatic.deliveries import MAX_URL_CHARS, Webhook
from manimatic.errors import Conflict, InvalidInput, JobNotFound, VideoNotFound
from manimatic.jobs import (
    ASPECT_RATIOS,
    FINAL_STATES,
    MAX_FPS,
    QUALITY_ALIASES,
    Job,
    JobState,
    NewJob,
    Options,
    Origin,
    Quality,
    RequestKey,
    Revision,
    Submitted,
    check_source,
    new_id,
)
from manimatic.ports import JobStore, Page, Storage, Wakeup

MAX_PROMPT_CHARS = 8_000
MAX_INSTRUCTION_CHARS = 2_000
MAX_METADATA_ITEMS = 32
MAX_METADATA_CHARS = 500
MAX_DEADLINE_S = 86_400
_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")


class FieldError(InvalidInput):
    """A field of the request has a bad value."""

    code = "invalid_input"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.detail = message


class JobService:
    """The use cases around a job, apart from running it.

    Where an account is named, the jobs of others are not there; without one all jobs are.
    """

    def __init__(
        self, *, store: JobStore, wakeup: Wakeup, storage: Storage, max_queued: int, held_folder: Path
    ) -> None:
        self._store = store
        self._wakeup = wakeup
        self._storage = storage
        self._max_queued = max_queued
        self._held_folder = held_folder

    def submit(self, new: NewJob) -> Job:
        """Queue a job. Raises QueueFull, QuotaExceeded, StoreError."""
        job = self._store.submit(new, max_queued=self._max_queued)
        self._wakeup.notify(job.id)
        return job

    def submit_once(self, new: NewJob, once: RequestKey | None) -> Submitted:
        """Queue a job, unless this key has done so: then return that. Raises RequestKeyReused, and as `submit` does."""
        if once is None:
            return Submitted(self.submit(new), replayed=False)
        submitted = self._store.submit_once(new, once, max_queued=self._max_queued)
        self._wakeup.notify(submitted.job.id)
        return submitted

    def get(self, job_id: str, *, account: str | None = None) -> Job:
        """Return a job. Raises JobNotFound, StoreError."""
        job = self._store.get(job_id)
        if account is not None and job.account != account:
            raise JobNotFound(f"No job has the id {job_id!r}.")
        return job

    def list_jobs(
        self,
        *,
        limit: int,
        cursor: str | None,
        state: JobState | None,
        account: str | None = None,
        lineage: str | None = None,
    ) -> Page:
        """Return jobs, newest first; with `lineage` the versions of one. Raises InvalidInput, StoreError."""
        return self._store.list_jobs(limit=limit, cursor=cursor, state=state, account=account, lineage=lineage)

    def log(self, job_id: str, *, after: int = 0) -> str:
        """Return what the job's runs printed. Raises JobNotFound, StoreError."""
        self._store.get(job_id)
        pieces: list[str] = []
        while events := self._store.events(job_id, after=after):
            pieces.extend(event.data["text"] for event in events if event.kind == "log")
            after = events[-1].number
        return "".join(pieces)

    def cancel(self, job_id: str, *, account: str | None = None) -> Job:
        """Ask a job to stop; a job that has ended stays as it is. Raises JobNotFound, StoreError."""
        self.get(job_id, account=account)
        job = self._store.request_cancel(job_id)
        self._wakeup.notify(job_id)
        return job

    def share(self, job_id: str, *, account: str | None = None) -> Job:
        """Give the job a page for everybody who knows its address; one that has it keeps it.

        Raises:
            JobNotFound: There is no such job.
            Conflict: It has no video.
            StoreError: The database cannot be used.
        """
        self.get(job_id, account=account)
        return self._store.share(job_id, new_id())

    def unshare(self, job_id: str, *, account: str | None = None) -> Job:
        """Take that page away; doing so twice is harmless. Raises JobNotFound, StoreError."""
        self.get(job_id, account=account)
        return self._store.share(job_id, None)

    def shared(self, token: str) -> Job:
        """Return the job that is shared under this token, whoever asks. Raises JobNotFound, StoreError."""
        return self._store.shared(token)

    def delete(self, job_id: str, *, account: str | None = None) -> Job:
        """Remove an ended job with its video.

        A video that does not lie on this machine is left to a dispatcher, which has the storage's keys; the job is
        gone for everybody else at once.

        Raises:
            JobNotFound: There is no such job.
            Conflict: It still runs.
            StorageError: The job is gone, and its video could not be removed.
            StoreError: The database cannot be used.
        """
        job = self.get(job_id, account=account)
        if job.video and job.video.name and not self._is_here(job.video.name):
            return self._store.doom(job_id)
        job = self._store.delete(job_id)
        if job.video and job.video.name:
            self._storage.delete(job.video.name)
        if job.held_video:
            (self._held_folder / Path(job.held_video).name).unlink(missing_ok=True)
        return job

    def _is_here(self, video: str) -> bool:
        try:
            self._storage.open_local(video)
        except VideoNotFound:
            return False
        return True

    def store_again(self, job_id: str, *, account: str | None = None) -> Job:
        """Try again to store a video that a failed storage left behind. Raises JobNotFound, Conflict, StoreError."""
        self.get(job_id, account=account)
        job = self._store.requeue_held(job_id)
        self._wakeup.notify(job_id)
        return job


def new_job(
    *,
    prompt: str = "",
    code: str | None = None,
    quality: str | None = None,
    aspect_ratio: str | None = None,
    fps: int | None = None,
    background: str | None = None,
    seed: int | None = None,
    scene: str | None = None,
    model: str | None = None,
    duration_hint_seconds: float | None = None,
    deadline_seconds: float | None = None,
    metadata: Mapping[str, str] | None = None,
    webhook: Mapping[str, Any] | None = None,
    clock: Callable[[], float] = time.time,
) -> NewJob:
    """Check a request and turn it into a job.

    Raises:
        FieldError: A value is not acceptable; the error names the field.
    """
    options = Options(
        quality=_quality(quality),
        aspect_ratio=_aspect_ratio(aspect_ratio),
        fps=_whole("fps", fps, 1, MAX_FPS),
        background=_matching(
            "background", "#000000" if background is None else background, _COLOUR, "a colour such as #1c1c1c"
        ),
        seed=_whole("seed", seed, 0, 2**32 - 1),
        scene=None if scene is None else _scene(scene),
        model=None if model is None else _matching("model", model, _MODEL, "a model's name"),
        duration_hint_seconds=_duration(duration_hint_seconds),
    )
    return NewJob(
        prompt=_prompt(prompt, needed=code is None),
        code=None if code is None else _code(code),
        options=options,
        deadline_at=None
        if deadline_seconds is None
        else clock() + _within("deadline_seconds", deadline_seconds, 1, MAX_DEADLINE_S),
        metadata=_metadata(metadata or {}),
        webhook=_webhook(**webhook) if webhook else None,
    )


def revised(job: Job, instruction: str, code: str | None = None) -> NewJob:
    """Return a job that changes what another one made, with the options of that one.

    Raises:
        FieldError: The instruction says nothing, or is no plain text; the code is none.
        Conflict: The job has no scene that could be changed.
    """
    scene = job.code if code is None else _code(code)
    if not scene or not job.is_final:
        raise Conflict("The job has no scene yet that could be changed.", hint="Wait for its end, or submit a prompt.")
    try:
        wanted = _prompt(instruction, needed=True)
    except FieldError as error:
        raise FieldError("instruction", error.detail) from error
    return NewJob(
        prompt=job.prompt or job.title or "",
        options=job.options,
        origin=origin_of(job),
        revision=Revision(instruction=wanted, code=scene),
    )


def origin_of(job: Job) -> Origin:
    """Return what makes a job another version of this one."""
    return Origin(parent=job.id, lineage=job.first_version)


def frame_options(aspect_ratio: str) -> Options:
    """Return the usual options with a frame of this aspect ratio. Raises FieldError where there is none such."""
    return Options(aspect_ratio=_aspect_ratio(aspect_ratio))


def _prompt(prompt: str, *, needed: bool) -> str:
    text = prompt.strip()
    if needed and not text:
        raise FieldError("prompt", "it is empty; say what you want to see")
    if len(text) > MAX_PROMPT_CHARS:
        raise FieldError("prompt", f"it has {len(text)} characters; at most {MAX_PROMPT_CHARS} are allowed")
    if any((ord(char) < 32 and char not in "\n\r\t") or 0xD800 <= ord(char) <= 0xDFFF for char in text):
        raise FieldError("prompt", "it holds control characters; send plain text")
    if needed and not any(char.isalnum() for char in text):
        raise FieldError("prompt", "it holds no word or number; say what you want to see")
    return text


def _code(code: str) -> str:
    try:
        check_source(code)
    except InvalidInput as error:
        raise FieldError("code", error.message) from error
    return code


def _quality(quality: str | None) -> Quality:
    if quality is None:
        return Quality.MEDIUM
    name = QUALITY_ALIASES.get(quality, quality)
    return Quality(_choice("quality", name, {item.value: item for item in Quality}))


def _aspect_ratio(name: str | None) -> str:
    return "16:9" if name is None else _choice("aspect_ratio", name, ASPECT_RATIOS)


def _choice(field: str, value: str, allowed: Mapping[str, Any]) -> str:
    if value not in allowed:
        raise FieldError(field, f"{value[:40]!r} is not one of {', '.join(allowed)}")
    return value


def _duration(seconds: float | None) -> float | None:
    return None if seconds is None else _within("duration_hint_seconds", seconds, 1, 600)


def _whole(field: str, value: int | None, low: int, high: int) -> int | None:
    return None if value is None else int(_within(field, value, low, high))


def _within(field: str, value: float, low: float, high: float) -> float:
    if not low <= value <= high:  # so NaN is refused too
        raise FieldError(field, f"{str(value)[:40]} is not between {low:g} and {high:g}")
    return value


def _matching(field: str, value: str, pattern: re.Pattern[str], wanted: str) -> str:
    if not pattern.fullmatch(value):
        raise FieldError(field, f"{value[:40]!r} is not {wanted}")
    return value


def _scene(scene: str) -> str:
    if not scene.isidentifier() or len(scene) > 200:
        raise FieldError("scene", "it has to be the name of a class in the code")
    return scene


def _webhook(url: str, events: Sequence[str] | None = None) -> Webhook:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable or not (url.isascii() and url.isprintable()) or " " in url or len(url) > MAX_URL_CHARS:
        raise FieldError("webhook/url", "it has to be an http or https address, without user and password")
    allowed = {state.value: state for state in JobState if state is not JobState.QUEUED}
    chosen = [state.value for state in sorted(FINAL_STATES)] if events is None else events
    return Webhook(url, tuple(dict.fromkeys(_choice("webhook/events", name, allowed) for name in chosen)))


def _metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    if len(metadata) > MAX_METADATA_ITEMS:
        raise FieldError("metadata", f"it has more than {MAX_METADATA_ITEMS} items")
    for key, value in metadata.items():
        if len(key) + len(value) > MAX_METADATA_CHARS:
            raise FieldError("metadata", f"{key[:40]!r} is longer than {MAX_METADATA_CHARS} characters")
    return dict(metadata)
