"""`manimatic generate` and `manimatic render`: one job, run here, without a server."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import threading
import time
from concurrent.futures import Future, wait
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

from manimatic import bootstrap
from manimatic.cli.environment import read_settings
from manimatic.cli.show import Display, as_dict, exit_code_of, show_json, show_result
from manimatic.errors import InvalidInput, StorageError, VideoNotFound
from manimatic.jobs import MAX_CODE_BYTES, Job, JobState, NewJob
from manimatic.ports import JobStore, Storage
from manimatic.runner import Runner
from manimatic.scratch import scratch_folder

POLL_S = 0.05
WAIT_S = 0.5
_PARTS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user asked this command for."""

    new: NewJob
    output: Path | None
    as_json: bool
    name: str | None = None


def make_video(wanted: Wanted) -> int:
    """Run the job to its end, put the video where it belongs, and return the exit code."""
    settings = read_settings()
    if wanted.output:
        _check_output(wanted.output)
    bootstrap.prepare_data_dir(settings)
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        sandbox = stack.enter_context(bootstrap.run_launcher(settings, os.environ))
        store = bootstrap.build_store(settings)
        runner = bootstrap.build_runner(settings, store, sandbox, copies=folder)
        job = store.submit(wanted.new, max_queued=sys.maxsize)
        display = stack.enter_context(Display(quiet=wanted.as_json))
        job = _run(store, runner, job, display)
        if job.state is JobState.COMPLETE:
            video = deliver(job, copy_of(job, folder, bootstrap.build_storage(settings)), wanted)
        else:
            video = None
    code = _deliver_code(job, video) if video and wanted.new.code is None else None
    if wanted.as_json:
        show_json(as_dict(job) | {"file": str(video) if video else None})
    else:
        show_result(job, video, code)
    return exit_code_of(job)


def read_source(path: Path) -> str:
    """Return a scene's text from a file or standard input. Raises InvalidInput."""
    try:
        with nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb") as stream:
            data = stream.read(MAX_CODE_BYTES + 1)
        if len(data) > MAX_CODE_BYTES:
            raise InvalidInput(f"{path} is longer than {MAX_CODE_BYTES} bytes.", hint="Name a Python file.")
        return data.decode("utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", hint="Name a Python file.") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} is not UTF-8 text.", hint="Name a Python file.") from error


def _run(store: JobStore, runner: Runner, job: Job, display: Display) -> Job:
    """Run the job in a thread and show its events here; the first interrupt cancels it. Raises StoreError."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    ended: Future[None] = Future()
    threading.Thread(target=_until_final, args=(store, runner, job.id, ended), daemon=True).start()
    after, interrupted = 0, False
    while True:
        try:
            running = not ended.done()
            for event in store.events(job.id, after=after):
                after = event.number
                display.event(event)
            if not running:
                ended.result()
                return store.get(job.id)
            wait([ended], timeout=POLL_S)
        except KeyboardInterrupt:
            if interrupted:
                raise
            interrupted = True
            store.request_cancel(job.id)


def _until_final(store: JobStore, runner: Runner, job_id: str, ended: Future[None]) -> None:
    """Run the job here, or wait while a dispatcher of this data folder does; what goes wrong goes to `ended`."""
    try:
        while not store.get(job_id).is_final:
            if not runner.run_next(threading.Event(), job_id=job_id):
                time.sleep(WAIT_S)
                runner.upkeep()  # nobody else may be there to end a job whose dispatchers died
        ended.set_result(None)
    except BaseException as error:  # noqa: BLE001  the thread that waits raises it
        ended.set_exception(error)


def _check_output(output: Path) -> None:
    if output.suffix != ".mp4":
        raise InvalidInput(f"{output} does not end in .mp4.", hint="Videos are MP4 files: -o animation.mp4")
    if output.is_dir():
        raise InvalidInput(f"{output} is a folder.", hint="Name the file: -o animation.mp4")
    if not output.absolute().parent.is_dir():
        raise InvalidInput(f"The folder {output.absolute().parent} does not exist.", hint="Make it first.")


def copy_of(job: Job, copies: Path, storage: Storage) -> Path:
    """Return a copy of the video; where a service of this data folder was quicker and ran the job, there is none yet.

    Raises:
        StorageError: It does not lie on this machine.
    """
    assert job.video is not None  # noqa: S101  a complete job has one
    copy = copies / job.video.name
    try:
        if not copy.exists():
            shutil.copyfile(storage.open_local(job.video.name), copy)
    except (VideoNotFound, OSError) as error:
        raise StorageError(
            f"A service ran the job; its video is {job.video.url}.", hint="Get it from there, or stop the service."
        ) from error
    return copy


def deliver(job: Job, copy: Path, wanted: Wanted) -> Path:
    """Move the video to where the user wants it. Raises InvalidInput."""
    assert job.video is not None  # noqa: S101
    output = wanted.output or Path(f"{_slug(wanted.name or job.title or 'animation')}.mp4")
    try:
        shutil.move(copy, output)
    except OSError as error:
        raise InvalidInput(
            f"{output} cannot be written: {error.strerror}.", hint=f"The video is kept as {job.video.url}."
        ) from error
    return output


def _deliver_code(job: Job, video: Path) -> Path:
    """Write the scene beside the video, never over another text."""
    code = job.code or ""
    for number in range(1, 1000):
        path = video.with_suffix(".py") if number == 1 else video.with_name(f"{video.stem}-{number}.py")
        if not path.exists():
            path.write_text(code, encoding="utf-8")
            return path
        if path.read_bytes() == code.encode():
            return path
    raise InvalidInput(f"There are too many {video.stem}-….py files here.")


def _slug(title: str) -> str:
    return _PARTS.sub("_", title.lower()).strip("_")[:60] or "animation"
