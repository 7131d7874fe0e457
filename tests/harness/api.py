"""An API over a job store in memory, and steps that a dispatcher would take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from manimatic.api import create_app
from manimatic.api.app import STUDIO
from manimatic.jobs import Failure, Job, JobState, Video
from manimatic.keys import Quotas, Scope, issue
from manimatic.ports import Claim, ServiceReport, Signer
from manimatic.service import JobService
from manimatic.settings import Settings
from manimatic.storage.local import LocalStorage
from manimatic.store import SqlJobStore, SqlKeyStore, SqlWebhookStore, open_stores
from manimatic.wakeup import InProcessWakeup

VIDEO_NAME = "a" * 40 + ".mp4"
VIDEO_BYTES = bytes(range(256)) * 40
STORAGE_FAILURE = Failure(code="storage_error", message="It is full.", hint="Free some space.", retryable=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The API and what lies behind it."""

    client: FlaskClient
    app: Any
    store: SqlJobStore
    keys: SqlKeyStore
    webhooks: SqlWebhookStore
    storage: LocalStorage
    settings: Settings

    def key(self, account: str = "alice", *scopes: Scope, **fields: Any) -> str:
        """Make a key, good for reading and writing unless scopes are named, and return its text."""
        usual: dict[str, Any] = {"name": "", "quotas": Quotas(), "now": time.time()}
        chosen = frozenset(scopes or {Scope.READ, Scope.WRITE})
        issued = issue(account=account, scopes=chosen, **usual | fields)
        self.keys.add(issued.key)
        return issued.text

    def generate(self, prompt: str = "a circle", **fields: Any) -> str:
        """Ask for an animation and return the job's id."""
        answer = self.client.post("/generate", json={"prompt": prompt, **fields})
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json["job_id"] if answer.json else ""
        return job_id

    def status(self, job_id: str) -> dict[str, Any]:
        """Return the job as the API shows it."""
        answer = self.client.get(f"/status/{job_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.get_json()
        return found

    def claim(self, job_id: str) -> Claim:
        """Take a job as a dispatcher does."""
        claim = self.store.claim("dispatcher", lease_s=60, max_tries=3, job_id=job_id)
        assert claim is not None
        return claim

    def render(self, job_id: str) -> Claim:
        """Take a job as far as rendering."""
        claim = self.claim(job_id)
        self.store.advance(claim, JobState.GENERATING, generator="scripted")
        self.store.advance(claim, JobState.CHECKING, title="A circle", explanation="It is round.", code="x = 1\n")
        self.store.advance(claim, JobState.RENDERING)
        return claim

    def complete(self, job_id: str, *, url: str = f"/videos/{VIDEO_NAME}", **changes: Any) -> Job:
        """Take a job to its good end; the video itself is not stored here."""
        claim = self.render(job_id)
        self.store.advance(claim, JobState.UPLOADING)
        return self.store.advance(claim, JobState.COMPLETE, video=video(url=url), **changes)

    def fail(self, job_id: str, failure: Failure, **changes: Any) -> Job:
        """Take a job to a bad end."""
        return self.store.advance(self.render(job_id), JobState.FAILED, failure=failure, **changes)

    def end_checker(self) -> None:
        """End the checker's process, which starts again with the next source."""
        self.app.extensions["manimatic"].checker.close()

    def put_video(self, folder: Path, name: str = VIDEO_NAME, content: bytes = VIDEO_BYTES) -> None:
        """Store a video on this machine."""
        path = folder / "rendered.mp4"
        path.write_bytes(content)
        self.storage.put(name, path)

    def report(self, name: str = "one", **facts: Any) -> None:
        """Report as a dispatcher does."""
        usual = {
            "generator": "offline",
            "model": None,
            "storage": "local",
            "concurrency": 1,
            "launcher": {"state": "ready", "isolation": {"backend": "bubblewrap", "layers": ["seccomp"]}},
        }
        self.store.report(ServiceReport(name=name, role="dispatcher", facts=usual | facts))


def video(**changes: Any) -> Video:
    """Return the facts of a video."""
    facts: dict[str, Any] = {
        "name": VIDEO_NAME,
        "url": f"/videos/{VIDEO_NAME}",
        "bytes": len(VIDEO_BYTES),
        "sha256": "ab" * 32,
        "width": 1280,
        "height": 720,
        "fps": 30.0,
        "duration_s": 2.5,
        "expires_at": time.time() + 3600,
    }
    return Video(**facts | changes)


@contextmanager
def open_api(
    folder: Path, *, max_queued: int = 1000, signer: Signer | None = None, studio: Path = STUDIO, **settings: Any
) -> Iterator[Api]:
    """Give an API of its own; its data folder is `folder`."""
    chosen = Settings(data_dir=folder, **settings)
    stores = open_stores("sqlite://")
    store = stores.jobs
    storage = LocalStorage(folder / "videos", chosen.public_url, 3600.0, time.time)
    service = JobService(
        store=store,
        wakeup=InProcessWakeup(),
        storage=storage,
        max_queued=max_queued,
        held_folder=folder / "held",
    )
    app = create_app(
        chosen,
        service=service,
        store=store,
        keys=stores.keys,
        webhooks=stores.webhooks,
        storage=storage,
        signer=signer,
        studio=studio,
    )
    try:
        yield Api(
            client=app.test_client(),
            app=app,
            store=store,
            keys=stores.keys,
            webhooks=stores.webhooks,
            storage=storage,
            settings=chosen,
        )
    finally:
        app.extensions["manimatic"].streams.close()
        app.extensions["manimatic"].checker.close()
        store.close()
