"""`POST /check`: what can be said of a scene without running it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from checking_cases import GOOD, scene
from harness.api import Api, open_api

OLD = scene("self.play(ShowCreation(Circle()))")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """An API with its checker."""
    with open_api(tmp_path) as opened:
        yield opened


def test_clean_scene_is_ok(api: Api) -> None:
    """Nothing is found, and no job is made."""
    answer = api.client.post("/check", json={"code": GOOD})
    assert (answer.status_code, answer.json) == (
        200,
        {"ok": True, "diagnostics": [], "fixed_code": None, "fixes": []},
    )
    assert api.client.get("/jobs").get_json()["jobs"] == []


def test_findings_come_with_fix_and_fixed_code(api: Api) -> None:
    """The same as the command line says."""
    answer = api.client.post("/check", json={"code": OLD}).get_json()
    assert (answer["ok"], answer["fixed_code"]) == (False, OLD.replace("ShowCreation", "Create"))
    (found,) = answer["diagnostics"]
    assert (found["rule"], found["line"], found["nearest"]) == ("other-manim-name", 6, "Create")
    assert "+        self.play(Create(Circle()))" in found["fix"]
    assert [one["rule"] for one in answer["fixes"]] == ["other-manim-name"]


@pytest.mark.parametrize("body", [{}, {"code": ""}, {"code": " "}, {"code": "a\0"}, {"code": 3}, {"code": "x", "y": 1}])
def test_bad_request_is_refused(api: Api, body: dict[str, object]) -> None:
    """With the field that is wrong."""
    answer = api.client.post("/check", json=body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_input")


def test_policy_of_the_service_decides_about_unsafe_code(tmp_path: Path) -> None:
    """To reject makes an error of the warning."""
    code = "import socket\n" + GOOD
    for policy, ok in (("warn", True), ("reject", False)):
        with open_api(tmp_path / policy, code_policy=policy) as api:
            answer = api.client.post("/check", json={"code": code}).get_json()
        assert (answer["ok"], [one["rule"] for one in answer["diagnostics"]]) == (ok, ["unsafe"])


def test_source_that_no_checker_survives_is_a_finding(api: Api) -> None:
    """The service goes on."""
    for code in ("x = " + "-" * 90_000 + "1", "x = " + "(" * 99_000, "x" * 900_000):
        answer = api.client.post("/check", json={"code": code})
        assert (answer.status_code, answer.get_json()["ok"]) == (200, False)
    assert api.client.post("/check", json={"code": GOOD}).get_json()["ok"]
