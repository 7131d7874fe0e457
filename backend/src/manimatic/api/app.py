"""Putting the app together."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from apiflask import APIFlask

from manimatic import __version__, bootstrap, logs
from manimatic.api import (
    around,
    auth,
    check_routes,
    cors,
    docs_routes,
    event_routes,
    health_routes,
    hosts,
    job_routes,
    limits,
    metrics,
    metrics_routes,
    problems,
    share_routes,
    spec,
    studio_routes,
    video_routes,
    webhook_routes,
)
from manimatic.api.parsing import ApiRequest, StrictJson
from manimatic.api.parts import EXTENSION, Parts
from manimatic.api.streams import Streams
from manimatic.error_tracking import Tracker
from manimatic.errors import ManimaticError
from manimatic.ports import Checker, JobStore, KeyStore, Signer, Storage, WebhookStore
from manimatic.service import JobService
from manimatic.settings import Settings

MAX_BODY_BYTES = 2 * 1024**2
STUDIO = Path(__file__).with_name("studio")
BOOT_FAILED = 3
"""The exit status on which gunicorn gives up instead of starting the worker again."""


def create_app(
    settings: Settings | None = None,
    *,
    service: JobService | None = None,
    store: JobStore | None = None,
    keys: KeyStore | None = None,
    webhooks: WebhookStore | None = None,
    storage: Storage | None = None,
    signer: Signer | None = None,
    checker: Checker | None = None,
    studio: Path = STUDIO,
) -> APIFlask:
    """Return the API as a WSGI application.

    Args:
        settings: Read from the environment where none are given; `.env` is not read here.
        service: The use cases. Give all of service, store, keys, webhooks and storage, or none to have them built.
        store: The job store.
        keys: The API keys.
        webhooks: What is told to webhooks.
        storage: Where the videos of this machine lie.
        signer: What gives addresses of videos that lie elsewhere, where they need to be signed.
        checker: Who looks scenes over; its own process where none is given.
        studio: Where the built files of the studio page lie.

    Raises:
        SettingsError: A setting is unknown or bad.
        StoreError: The job database cannot be used.
    """
    settings = settings or Settings.from_env(os.environ)
    if service is None or store is None or keys is None or webhooks is None or storage is None:
        built = bootstrap.build_api(settings)
        service, store, storage = built.service, built.store, built.storage
        keys, webhooks, signer = built.keys, built.webhooks, built.signer
    log = logs.make_log(settings)
    parts = Parts(
        settings=settings,
        store=store,
        keys=keys,
        webhooks=webhooks,
        service=service,
        storage=storage,
        signer=signer,
        checker=checker or bootstrap.build_checker(),
        streams=Streams(store, log),
        log=log,
        tracker=Tracker(settings.sentry_dsn, "api"),
        studio=studio,
    )
    return _assemble(parts)


def serve_app() -> APIFlask:
    """Return the API for gunicorn; a start that fails says why in one line and is not tried again."""
    try:
        return create_app()
    except ManimaticError as error:
        print(f"api: {error.message} {error.hint}", file=sys.stderr)  # noqa: T201
        sys.exit(BOOT_FAILED)


def _assemble(parts: Parts) -> APIFlask:
    app = APIFlask(
        "manimatic.api",
        title="Manimatic",
        version=__version__,
        docs_path=None,
        json_errors=False,
        static_url_path="/static",
    )
    app.request_class = ApiRequest
    app.json = StrictJson(app)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.extensions[EXTENSION] = parts
    around.install(app)
    hosts.install(app, parts.settings)
    auth.install(app)
    limits.install(app, parts.settings)
    metrics.install(app)
    cors.install(app, parts.settings)
    problems.install(app)
    spec.configure(app)
    for routes in (
        job_routes,
        check_routes,
        event_routes,
        webhook_routes,
        video_routes,
        health_routes,
        metrics_routes,
        docs_routes,
        studio_routes,
        share_routes,
    ):
        app.register_blueprint(routes.blueprint)
    return app
