"""Who asks: API keys, and what each operation needs one for.

A key that is brought is looked at even where none is needed. What stands neither in `NEEDED` nor in `OPEN` needs a key;
a test holds that every operation was thought of.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping

from apiflask import APIFlask
from flask import g, request

from manimatic.api.parts import Caller, parts
from manimatic.errors import KeyMissing, KeyWrong, StoreError
from manimatic.jobs import LOCAL
from manimatic.keys import ApiKey, Scope, read_key, verify

READ = frozenset({Scope.READ})
WRITE = frozenset({Scope.WRITE})
METRICS = frozenset({Scope.METRICS})
ANY = frozenset(Scope)

NEEDED: Mapping[str, frozenset[Scope]] = {
    "jobs.generate": WRITE,
    "jobs.revise": WRITE,
    "jobs.cancel": WRITE,
    "share.share": WRITE,
    "share.unshare": WRITE,
    "jobs.retry": WRITE,
    "jobs.delete": WRITE,
    "jobs.status": READ,
    "jobs.logs": READ,
    "jobs.jobs": READ,
    "webhooks.deliveries": READ,
    "events.events": READ,
    "check.check": WRITE,
    "health.health": ANY,
    "metrics.metrics": METRICS,
}
"""The scopes of which one is needed, by operation."""
OPEN = frozenset(
    {
        *("health.live", "health.ready"),  # load balancers hold no keys
        "videos.video",  # the name cannot be guessed, and a page shows the video by its address alone
        *("share.page", "share.scene"),  # the address cannot be guessed, and is given away by the job's owner
        *("studio.page", "studio.asset", "docs.docs", "openapi.spec", "static"),
    }
)
"""Operations that nobody needs a key for."""
TOUCH_S = 60.0
"""The time of a key's last use is kept no finer, so that not every request writes."""


def install(app: APIFlask) -> None:
    """Have every request's key looked at before its operation runs."""
    app.before_request(_identify)


def _identify() -> None:
    """Find out who asks. Raises KeyMissing and its kinds, ScopeMissing, StoreError."""
    g.caller = Caller(account=LOCAL)
    if request.endpoint is None or request.endpoint in OPEN or request.method == "OPTIONS":
        return
    given = request.headers.get("Authorization", "")
    if given:
        key = _known(given)
        key.require(NEEDED.get(request.endpoint, ANY))
        g.caller = Caller(account=key.account, key=key)
        _note_use(key)
    elif parts().settings.keys_required:
        raise KeyMissing


def _known(header: str) -> ApiKey:
    scheme, _, text = header.partition(" ")
    if scheme.lower() != "bearer":
        raise KeyWrong("The Authorization header brings no Bearer key.")
    presented = read_key(text.strip())
    return verify(presented, parts().keys.find(presented.prefix), time.time())


def _note_use(key: ApiKey) -> None:
    """Keep that the key is in use; where that cannot be written, the request is served all the same."""
    if key.used_at is None or time.time() - key.used_at > TOUCH_S:
        with contextlib.suppress(StoreError):
            parts().keys.touch(key.prefix)
