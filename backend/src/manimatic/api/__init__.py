"""The HTTP API: takes prompts, shows jobs, streams events, serves local videos.

It holds no key of a model or a storage and no engine: it writes job rows, and dispatchers do the rest. Run it as
``gunicorn -c python:manimatic.api.gunicorn_conf 'manimatic.api:serve_app()'``, or call `create_app` in a process of
your own.
"""

from __future__ import annotations

from manimatic.api.app import create_app, serve_app

__all__ = ["create_app", "serve_app"]
