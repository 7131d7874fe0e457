"""GET /health and its two short forms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.api import Api, open_api
from manimatic import __version__, host
from manimatic.errors import StorageError, StoreError


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Give an API with nothing in it."""
    with open_api(tmp_path) as opened:
        yield opened


def health(api: Api, status: int = 200) -> dict[str, Any]:
    """Return the body of /health."""
    answer = api.client.get("/health")
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def fail(error: Exception) -> Any:
    """Return a function that raises."""

    def raising(*_arguments: Any, **_named: Any) -> Any:
        raise error

    return raising


def test_service_with_a_ready_dispatcher_is_ok(api: Api) -> None:
    """Everything that there is says so."""
    api.report()
    body = health(api)
    assert (body["status"], body["version"]) == ("ok", __version__)
    assert body["database"]["status"] == "ok"
    assert (body["storage"]["status"], body["storage"]["kind"]) == ("ok", "local")
    assert body["model"] == {"configured": False, "generator": "offline", "model": None}
    assert body["dispatchers"][0]["name"] == "one"
    assert body["launchers"][0]["backend"] == "bubblewrap"
    assert body["queue"] == {"queued": 0, "running": 0, "oldest_age_seconds": None}
    assert body["resources"]["disk"]["free_bytes"] > 0
    assert body["resources"]["memory"]["available_bytes"] > 0
    assert body["resources"]["cpu"]["cores"] >= 1


def test_service_without_a_dispatcher_is_degraded(api: Api) -> None:
    """Jobs are taken, and nobody runs them yet."""
    body = health(api)
    assert (body["status"], body["dispatchers"], body["model"]["configured"]) == ("degraded", [], False)


def test_dispatcher_that_is_gone_is_not_listed(tmp_path: Path) -> None:
    """A report counts for a minute."""
    with open_api(tmp_path) as api:
        api.store._clock = lambda: 1000.0
        api.report()
        api.store._clock = lambda: 1061.0
        assert health(api)["dispatchers"] == []


def test_launcher_that_does_not_answer_degrades(api: Api) -> None:
    """The reason is handed on."""
    api.report(launcher={"state": "sandbox_unavailable", "message": "no user namespaces"})
    body = health(api)
    assert body["status"] == "degraded"
    assert (body["launchers"][0]["state"], body["launchers"][0]["message"]) == (
        "sandbox_unavailable",
        "no user namespaces",
    )


def test_model_is_configured_where_any_dispatcher_has_one(api: Api) -> None:
    """The api itself has no key to look at."""
    api.report("one")
    api.report("two", generator="gemini", model="gemini-3.8-flash")
    assert health(api)["model"] == {"configured": True, "generator": "gemini", "model": "gemini-3.8-flash"}


def test_queue_is_counted(api: Api) -> None:
    """What waits, what runs, and for how long."""
    api.generate()
    api.render(api.generate())
    queue = health(api)["queue"]
    assert (queue["queued"], queue["running"]) == (1, 1)
    assert queue["oldest_age_seconds"] >= 0


def test_database_that_cannot_be_used_is_503_and_said(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is told as far as it is known."""
    monkeypatch.setattr(api.store, "ping", fail(StoreError("It is locked.")))
    body = health(api, 503)
    assert (body["status"], body["database"]["status"], body["queue"]) == ("down", "down", None)
    assert "It is locked." in body["database"]["detail"]
    assert api.client.get("/health/ready").status_code == 503
    assert api.client.get("/health/live").status_code == 200


def test_full_disk_is_503(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing could be stored; a load balancer has to know."""
    monkeypatch.setattr(host, "disk", lambda folder: {"total_bytes": 10**9, "free_bytes": 10**6})
    body = health(api, 503)
    assert (body["status"], body["storage"]["status"]) == ("down", "down")
    assert api.client.get("/health/ready").get_json()["status"] == "down"


def test_storage_that_cannot_be_written_degrades(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are still taken; their videos are kept and stored later."""
    api.report()
    monkeypatch.setattr(api.storage, "ping", fail(StorageError("It cannot be written.")))
    body = health(api)
    assert (body["status"], body["storage"]["status"]) == ("degraded", "degraded")


def test_storage_elsewhere_is_left_to_the_dispatchers(api: Api) -> None:
    """The api has no keys to try it with."""
    api.report(storage="cloudinary")
    body = health(api)
    assert (body["status"], body["storage"]["kind"]) == ("ok", "cloudinary")


def test_ready_and_live_answer_briefly(api: Api) -> None:
    """For supervisors and load balancers."""
    for path in ("/health/ready", "/health/live"):
        answer = api.client.get(path)
        assert (answer.status_code, answer.get_json()) == (200, {"status": "ok", "detail": None})
    assert api.client.head("/health").status_code == 200


def test_memory_is_unknown_where_the_kernel_does_not_say(tmp_path: Path) -> None:
    """No file, no figures."""
    assert host.memory(tmp_path / "none") == {"total_bytes": None, "available_bytes": None}


def test_disk_is_unknown_where_there_is_no_folder(tmp_path: Path) -> None:
    """No folder, no figures."""
    assert host.disk(tmp_path / "none") is None
