"""Removing what dead runs and old jobs have left in the data folder."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from manimatic.errors import JobNotFound, ManimaticError, StorageError, StoreError
from manimatic.jobs import Job
from manimatic.outcomes import video_name
from manimatic.ports import JobStore, Storage


def sweep_work(folder: Path, store: JobStore) -> None:
    """Remove the folders of runs whose claim is no longer the job's newest, or has ended."""
    for path in _entries(folder):
        job_id, _, fence = path.name.rpartition("-")
        if not _is_live(store, job_id, fence):
            shutil.rmtree(path, ignore_errors=True)


def sweep_held(folder: Path, store: JobStore) -> None:
    """Remove kept videos that no job waits for any more."""
    for path in _entries(folder):
        if not _is_wanted(store, path):
            with contextlib.suppress(OSError):
                path.unlink()


def discard_videos(job: Job, storage: Storage) -> None:
    """Remove what the claims of a job that ended without a video may have stored before they died."""
    for fence in range(1, job.fence + 1):
        with contextlib.suppress(StorageError):
            storage.delete(video_name(job.id, fence))


def _entries(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return list(folder.iterdir())
    return []


def _is_live(store: JobStore, job_id: str, fence: str) -> bool:
    try:
        job = store.get(job_id)
    except StoreError:
        return True
    except ManimaticError:
        return False
    # Whether the lease has run out is for the store's clock to say; the reaper takes it away then.
    return str(job.fence) == fence and not job.is_final and job.lease_until is not None


def _is_wanted(store: JobStore, held: Path) -> bool:
    try:
        job = store.get(held.name.rpartition("-")[0])
    except JobNotFound:
        return False
    except StoreError:
        return True
    return not job.is_final or Path(job.held_video or "").name == held.name
