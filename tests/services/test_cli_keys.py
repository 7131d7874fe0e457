"""`manimatic keys …` as whoever runs the service uses it, and a server that asks for keys."""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path

import pytest
from harness.service import serving
from harness.shell import Shell, assert_refused

HUGE = "Bearer mk_" + "a" * 65_536


def test_key_is_shown_once_and_kept_as_a_hash(shell: Shell) -> None:
    """Standard output holds the key alone, the database nothing of its secret."""
    done = shell.run("keys", "create", "alice", "--name", "laptop", "--jobs-per-day", "5", "--days", "30")
    key = done.out.strip()
    assert done.status == 0
    assert key.startswith("mk_")
    assert "once" in done.err
    secret = key.rpartition("_")[2]
    assert secret.encode() not in b"".join(path.read_bytes() for path in shell.data.glob("manimatic.sqlite3*"))
    listed = shell.run("keys", "list").out
    assert secret not in listed
    for word in (key.split("_")[1], "alice", "laptop", "read write", "usable", "0/5"):
        assert word in listed


def test_key_as_json_and_its_end(shell: Shell) -> None:
    """A script reads the key, and revokes it by its prefix."""
    made = shell.run("keys", "create", "bob", "--scope", "metrics", "--json").json
    assert (made["account"], made["scopes"], made["expires_at"]) == ("bob", ["metrics"], None)
    assert shell.run("keys", "revoke", made["prefix"]).out == f"{made['prefix']} of bob is revoked\n"
    (shown,) = shell.run("keys", "list", "--json").json
    assert (shown["state"], shown["today"]["jobs"]) == ("revoked", {"used": 0, "most": None})
    assert "key" not in shown


@pytest.mark.parametrize("words", [("alice", "--scope", "root"), ("",), ("a b",), ("../x",), ("-" * 1,), ("x" * 65,)])
def test_bad_account_or_scope_is_refused(shell: Shell, words: tuple[str, ...]) -> None:
    """By name, and nothing is made."""
    assert_refused(shell.run("keys", "create", *words), "invalid_input", 2)
    assert shell.run("keys", "list", "--json").json == []


@pytest.mark.parametrize(("option", "value"), [("--cost-usd", "nan"), ("--render-minutes", "inf"), ("--days", "inf")])
def test_bound_that_is_no_number_makes_no_boundless_key(shell: Shell, option: str, value: str) -> None:
    """What cannot be kept would be no bound at all."""
    assert shell.run("keys", "create", "alice", option, value).status == 2
    assert shell.run("keys", "list", "--json").json == []


def test_unknown_prefix_is_refused(shell: Shell) -> None:
    """A typing error revokes nothing silently."""
    assert_refused(shell.run("keys", "revoke", "aaaaaaaaaa"), "key_not_found", 2)


def test_serving_beyond_loopback_without_a_key_is_refused(shell: Shell) -> None:
    """It says how to make one."""
    done = shell.run("serve", "--host", "0.0.0.0", "--port", "0")
    assert_refused(done, "bad_settings", 3)
    assert "manimatic keys create" in done.err


def test_server_asks_for_keys_and_refuses_a_huge_one(tmp_path: Path, shell: Shell) -> None:
    """Through the real server: in with the key, 401 without one, 431 for a header of 64 KB; none of it is logged."""
    here = Shell(folder=shell.folder, data=tmp_path / "serving" / "data")
    (tmp_path / "serving").mkdir()
    key = here.run("keys", "create", "alice").out.strip()
    meter = here.run("keys", "create", "watcher", "--scope", "metrics").out.strip()
    with serving(tmp_path / "serving", key=meter, MANIMATIC_REQUIRE_KEYS="on") as service:
        assert dataclasses.replace(service, key="").ask("GET", "/jobs").status == 401
        assert service.ask("GET", "/jobs").status == 403
        assert service.ask("GET", "/jobs", Authorization=f"Bearer {key}").status == 200
        refused = service.ask("GET", "/jobs", Authorization=HUGE)
        assert (refused.status, refused.json["code"]) == (431, "headers_too_large")
        assert service.ask("GET", "/jobs", Authorization=f"Bearer {key}").status == 200
    assert key.rpartition("_")[2] not in service.log()
    connection = sqlite3.connect(here.data / "manimatic.sqlite3")
    assert connection.execute("SELECT count(*) FROM api_keys WHERE used_at IS NOT NULL").fetchone() == (2,)
    connection.close()
