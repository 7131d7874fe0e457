"""API keys: who gets in, what a key is good for, and that one account never sees another's jobs."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.api import STORAGE_FAILURE, Api, open_api
from manimatic.api import auth
from manimatic.errors import SettingsError, StoreError
from manimatic.keys import Issued, Quotas, Scope, issue, read_key
from manimatic.logs import make_log
from manimatic.settings import Settings

ABOUT_A_JOB = [
    ("GET", "/status/{}"),
    ("GET", "/status/{}/events"),
    ("GET", "/status/{}/logs"),
    ("POST", "/status/{}/cancel"),
    ("POST", "/status/{}/retry"),
    ("DELETE", "/status/{}"),
]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Give an API that asks for keys."""
    with open_api(tmp_path, require_keys=True) as opened:
        yield opened


def bearer(key: str) -> dict[str, str]:
    """Return the header that brings a key."""
    return {"Authorization": f"Bearer {key}"}


def submit(api: Api, key: str) -> Any:
    """Ask for an animation."""
    return api.client.post("/generate", json={"prompt": "a circle"}, headers=bearer(key))


# ---------------------------------------------------------------- getting in


def test_every_operation_was_thought_of(api: Api) -> None:
    """Each needs a scope or is open; none is both."""
    endpoints = {rule.endpoint for rule in api.app.url_map.iter_rules()}
    assert endpoints == auth.NEEDED.keys() | auth.OPEN
    assert not auth.NEEDED.keys() & auth.OPEN


def test_without_a_key_only_what_is_open_answers(api: Api) -> None:
    """Everything else says that it wants one, and how."""
    for path in ("/health/live", "/health/ready", "/docs", "/openapi.json", "/videos/nothing.mp4"):
        assert api.client.get(path).status_code in {200, 404}, path
    for method, path in [*ABOUT_A_JOB, ("GET", "/jobs"), ("POST", "/generate"), ("POST", "/check"), ("GET", "/health")]:
        answer = api.client.open(path.format("x"), method=method)
        assert (answer.status_code, answer.get_json()["code"]) == (401, "key_missing"), path
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert answer.mimetype == "application/problem+json"


def test_right_key_gets_in(api: Api) -> None:
    """And its use is noted."""
    key = api.key()
    assert submit(api, key).status_code == 202
    found = api.keys.find(read_key(key).prefix)
    assert found is not None
    assert found.used_at is not None


@pytest.mark.parametrize(
    "header",
    [
        "Bearer ",
        "Bearer x",
        "Bearer mk_aaaaaaaaaa_" + "a" * 52,
        "Bearer mk_" + "a" * 60_000,
        "Basic dXNlcjpwYXNz",
        "mk_aaaaaaaaaa_" + "a" * 52,
        "Bearer mk_\u0661aaaaaaaaa_" + "a" * 52,
        "Bearer mk_aaaaaaaaaa_" + "a" * 52 + "' OR 1=1 --",
    ],
)
def test_wrong_key_is_refused_and_not_repeated(api: Api, header: str) -> None:
    """Whatever it looks like; the answer holds nothing of it."""
    answer = api.client.get("/jobs", headers={"Authorization": header})
    assert (answer.status_code, answer.get_json()["code"]) == (401, "key_wrong")
    assert "aaaaaaaaaa" not in answer.text


def test_right_prefix_with_another_secret_is_wrong(api: Api) -> None:
    """It does not tell that there is such a prefix, nor that the key is revoked."""
    key = api.key()
    forged = key[:-1] + ("a" if key[-1] != "a" else "b")
    api.keys.revoke(read_key(key).prefix)
    assert api.client.get("/jobs", headers=bearer(forged)).get_json()["code"] == "key_wrong"


def test_revoked_and_expired_keys_say_so(api: Api) -> None:
    """To who has the whole key; at once, and each with its own code."""
    key = api.key()
    assert api.client.get("/jobs", headers=bearer(key)).status_code == 200
    api.keys.revoke(read_key(key).prefix)
    answer = api.client.get("/jobs", headers=bearer(key))
    assert (answer.status_code, answer.get_json()["code"]) == (401, "key_revoked")
    old = api.key(expires_at=time.time() - 1)
    answer = api.client.get("/jobs", headers=bearer(old))
    assert (answer.status_code, answer.get_json()["code"]) == (401, "key_expired")


def test_key_that_is_brought_is_looked_at_where_none_is_needed(tmp_path: Path) -> None:
    """A client with a wrong key learns of it, and one with a right one has its own jobs."""
    with open_api(tmp_path) as api:
        assert api.client.get("/jobs", headers=bearer("mk_wrong")).status_code == 401
        mine = submit(api, api.key()).get_json()["job_id"]
        assert api.client.get(f"/status/{mine}").status_code == 404


def test_scope_is_needed(api: Api) -> None:
    """A key for reading starts nothing, one for figures reads no job."""
    reader, meter = api.key("alice", Scope.READ), api.key("alice", Scope.METRICS)
    answer = submit(api, reader)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "scope_missing")
    assert api.client.get("/jobs", headers=bearer(meter)).status_code == 403
    assert api.client.get("/health", headers=bearer(meter)).status_code == 200


def test_database_that_fails_lets_nobody_in(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """503, not in."""
    key = api.key()

    def fail(prefix: str) -> None:
        raise StoreError

    monkeypatch.setattr(api.keys, "find", fail)
    assert api.client.get("/jobs", headers=bearer(key)).status_code == 503


def test_database_that_cannot_be_written_still_lets_readers_in(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of the last use is worth no refusal."""
    key = api.key()

    def fail(prefix: str) -> None:
        raise StoreError

    monkeypatch.setattr(api.keys, "touch", fail)
    assert api.client.get("/jobs", headers=bearer(key)).status_code == 200


# ---------------------------------------------------------------- one account and another


@pytest.mark.parametrize(("method", "path"), ABOUT_A_JOB)
def test_job_of_another_account_is_not_there(api: Api, method: str, path: str) -> None:
    """The answer is the one for a job that never was, and nothing happens to the job."""
    alice, bob = api.key("alice"), api.key("bob")
    job_id = submit(api, alice).get_json()["job_id"]
    api.fail(job_id, STORAGE_FAILURE, held_video="/nowhere/held.mp4")
    before = api.store.get(job_id)
    answer = api.client.open(path.format(job_id), method=method, headers=bearer(bob))
    never = api.client.open(path.format("x" * len(job_id)), method=method, headers=bearer(bob))
    assert answer.status_code == never.status_code == 404
    told, of_none = answer.get_json(), never.get_json()
    assert told["detail"] == of_none["detail"].replace("x" * len(job_id), job_id)
    assert {**told, "detail": "", "instance": "", "request_id": ""} == {
        **of_none,
        "detail": "",
        "instance": "",
        "request_id": "",
    }
    assert api.store.get(job_id) == before


def test_list_holds_ones_own_jobs(api: Api) -> None:
    """Two keys of one account see the same, and another's cursor shows nobody else's."""
    first, second, bob = api.key("alice"), api.key("alice"), api.key("bob")
    mine = [submit(api, first).get_json()["job_id"], submit(api, second).get_json()["job_id"]]
    submit(api, bob)
    listed = api.client.get("/jobs", headers=bearer(second)).get_json()["jobs"]
    assert [job["job_id"] for job in listed] == mine[::-1]
    submit(api, bob)
    cursor = api.client.get("/jobs?limit=1", headers=bearer(bob)).get_json()["next_cursor"]
    shown = api.client.get(f"/jobs?cursor={cursor}", headers=bearer(first)).get_json()["jobs"]
    assert {job["job_id"] for job in shown} <= set(mine)


# ---------------------------------------------------------------- quotas


def test_used_up_quota_is_429_with_the_time_to_wait(api: Api) -> None:
    """Until the next day of UTC."""
    key = api.key(quotas=Quotas(jobs_per_day=1))
    assert submit(api, key).status_code == 202
    answer = submit(api, key)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "quota_exceeded")
    assert 0 < int(answer.headers["Retry-After"]) <= 86_400


# ---------------------------------------------------------------- nothing of a key is told


def made() -> Issued:
    """Make a key."""
    return issue(account="a", name="n", scopes=frozenset(Scope), quotas=Quotas(), now=0.0)


def test_no_repr_holds_a_secret() -> None:
    """Neither of the key, nor of what was kept, nor of what was presented."""
    issued = made()
    secret = issued.text.rpartition("_")[2]
    for value in (issued, issued.key, read_key(issued.text)):
        assert secret not in repr(value)
        assert issued.key.digest not in repr(value)


def test_no_log_holds_a_key(tmp_path: Path) -> None:
    """Not of a request that is let in, nor of one that is refused."""
    with open_api(tmp_path, require_keys=True, log_format="json") as api:
        key, heard = api.key(), io.StringIO()
        parts = api.app.extensions["manimatic"]
        object.__setattr__(parts, "log", make_log(api.settings, heard))
        assert submit(api, key).status_code == 202
        assert submit(api, key + "x").status_code == 401
    lines = [json.loads(line) for line in heard.getvalue().splitlines()]
    assert [line["status"] for line in lines] == [202, 401]
    assert key[:20] not in heard.getvalue()


# ---------------------------------------------------------------- starting


def test_service_that_asks_for_keys_does_not_start_without_one(tmp_path: Path) -> None:
    """Nobody could use it; the hint says how to make one. A revoked one is none."""
    from manimatic import bootstrap

    settings = Settings(data_dir=tmp_path, host="0.0.0.0")
    with pytest.raises(SettingsError, match="none has been made") as caught:
        bootstrap.build_store_to_serve(settings)
    assert "manimatic keys create" in caught.value.hint
    stores = bootstrap.build_stores(settings)
    issued = made()
    stores.keys.add(issued.key)
    bootstrap.build_store_to_serve(settings).jobs.close()
    stores.keys.revoke(issued.key.prefix)
    with pytest.raises(SettingsError):
        bootstrap.build_store_to_serve(settings)
    stores.jobs.close()
