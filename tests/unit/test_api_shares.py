"""Pages of what is shared: for everybody who knows the address, until the owner takes it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.api import Api, open_api

NASTY = '"><script>alert(1)</script>'


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """An API that asks for keys."""
    with open_api(tmp_path, require_keys="on") as api:
        yield api


def made(api: Api, account: str = "alice", prompt: str = "a circle", **changes: object) -> tuple[str, dict[str, str]]:
    """Return a complete job and the header that its owner sends."""
    header = {"Authorization": f"Bearer {api.key(account)}"}
    answer = api.client.post("/generate", json={"prompt": prompt}, headers=header)
    job_id: str = answer.get_json()["job_id"]
    api.complete(job_id, **changes)
    return job_id, header


def test_nothing_is_shared_until_the_owner_says_so_and_no_longer_than_that(api: Api) -> None:
    """Sharing twice gives one page; after taking it back, another."""
    job_id, alice = made(api)
    assert api.client.get(f"/status/{job_id}", headers=alice).get_json()["share_url"] is None
    url = api.client.post(f"/status/{job_id}/share", headers=alice).get_json()["url"]
    assert api.client.post(f"/status/{job_id}/share", headers=alice).get_json()["url"] == url
    assert api.client.get(url).status_code == 200
    assert api.client.get(f"{url}/scene.py").text == "x = 1\n"
    assert api.client.delete(f"/status/{job_id}/share", headers=alice).status_code == 204
    assert [api.client.get(path).status_code for path in (url, f"{url}/scene.py")] == [404, 404]
    assert api.client.post(f"/status/{job_id}/share", headers=alice).get_json()["url"] != url


def test_page_holds_what_is_shared_as_text_and_no_script(api: Api) -> None:
    """Title and explanation come from a model, and run nowhere."""
    job_id, alice = made(api, prompt=f"a circle {NASTY}", title=f"A circle {NASTY}", explanation="It is round.\n\nSo.")
    answer = api.client.get(api.client.post(f"/status/{job_id}/share", headers=alice).get_json()["url"])
    assert "<script" not in answer.text
    assert "A circle &#34;&gt;&lt;script&gt;" in answer.text
    assert "<p>It is round.</p>" in answer.text
    assert 'property="og:video"' in answer.text
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Robots-Tag"] == "noindex"


def test_only_the_owner_shares_and_only_what_has_a_video(api: Api) -> None:
    """For others the job is not there."""
    job_id, alice = made(api)
    bob = {"Authorization": f"Bearer {api.key('bob')}"}
    assert api.client.post(f"/status/{job_id}/share", headers=bob).status_code == 404
    assert api.client.delete(f"/status/{job_id}/share", headers=bob).status_code == 404
    waiting = api.client.post("/generate", json={"prompt": "a square"}, headers=alice).get_json()["job_id"]
    assert api.client.post(f"/status/{waiting}/share", headers=alice).status_code == 409


@pytest.mark.parametrize("token", ["x", "a" * 26, "A" * 26, "..%2Fdocs", "a" * 500])
def test_address_that_was_not_given_away_shows_nothing(api: Api, token: str) -> None:
    """Whatever it looks like."""
    made(api)
    assert api.client.get(f"/v/{token}").status_code == 404


def test_page_of_a_deleted_job_is_gone(api: Api) -> None:
    """With the job."""
    job_id, alice = made(api)
    url = api.client.post(f"/status/{job_id}/share", headers=alice).get_json()["url"]
    api.client.delete(f"/status/{job_id}", headers=alice)
    assert api.client.get(url).status_code == 404
