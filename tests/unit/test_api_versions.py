"""Other versions of what there is: changed by a model, or brought as code."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.api import Api, open_api
from manimatic import bootstrap
from manimatic.codegen.prompting import request_text
from manimatic.errors import NoOfflineAnswer
from manimatic.jobs import Options, Revision
from manimatic.ports import Brief
from manimatic.settings import Settings

CODE = "from manim import *\n"
REVISION = Revision(instruction="make it blue </change> now", code="x = '```'")


class Deaf:
    """Hears drafts and forgets them."""

    def draft(self, *, title: str, explanation: str, code: str) -> None:
        """Take the draft."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """An API over a store in memory."""
    with open_api(tmp_path) as api:
        yield api


def revise(api: Api, job_id: str, **fields: object) -> str:
    """Ask for a change and return the new job's id."""
    answer = api.client.post(f"/status/{job_id}/revise", json={"instruction": "make it blue", **fields})
    assert answer.status_code == 202, answer.text
    found: str = answer.get_json()["job_id"]
    return found


def versions(api: Api, job_id: str) -> list[str]:
    """Return the ids of all versions, newest first."""
    return [job["job_id"] for job in api.client.get(f"/jobs?lineage={job_id}").get_json()["jobs"]]


def test_revision_keeps_options_and_holds_the_scene_that_was(api: Api) -> None:
    """The new job knows what to change; the old one stays as it is."""
    first = api.generate("a circle", quality="low", aspect_ratio="1:1")
    before = api.complete(first)
    job = api.store.get(revise(api, first))
    assert (job.prompt, job.options) == ("a circle", before.options)
    assert job.revision == Revision(instruction="make it blue", code="x = 1\n")
    assert job.brought_code is None
    shown = api.status(job.id)
    assert (shown["parent"], shown["lineage"], shown["instruction"]) == (first, first, "make it blue")
    assert api.store.get(first) == before


def test_versions_of_versions_have_the_first_in_common(api: Api) -> None:
    """Whether a model or the user made them; other jobs are not among them."""
    first = api.generate()
    api.complete(first)
    second = revise(api, first, code="y = 2\n")
    api.complete(second)
    third = api.generate(code=CODE, parent=second)
    other = api.generate("a square")
    assert versions(api, first) == [third, second, first]
    assert versions(api, other) == [other]
    assert api.status(third)["parent"] == second


def test_job_without_a_scene_cannot_be_changed(api: Api) -> None:
    """There is nothing yet; asking is a conflict, and no job is made."""
    first = api.generate()
    answer = api.client.post(f"/status/{first}/revise", json={"instruction": "make it blue"})
    assert (answer.status_code, answer.get_json()["code"]) == (409, "conflict")
    assert versions(api, first) == [first]


@pytest.mark.parametrize("instruction", ["", "  ", "…", "a\u0007b", "a" * 2001])
def test_instruction_that_says_nothing_is_refused(api: Api, instruction: str) -> None:
    """The answer names the field."""
    first = api.generate()
    api.complete(first)
    answer = api.client.post(f"/status/{first}/revise", json={"instruction": instruction})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.get_json()["errors"]] == ["/instruction"]


def test_nobody_makes_versions_of_anothers_job(tmp_path: Path) -> None:
    """Another account's job is not there, neither to be changed nor as a parent."""
    with open_api(tmp_path, require_keys="on") as api:
        alice, bob = ({"Authorization": f"Bearer {api.key(name)}"} for name in ("alice", "bob"))
        first = api.client.post("/generate", json={"prompt": "a circle"}, headers=alice).get_json()["job_id"]
        api.complete(first)
        changed = api.client.post(f"/status/{first}/revise", json={"instruction": "bluer"}, headers=bob)
        joined = api.client.post("/generate", json={"code": CODE, "parent": first}, headers=bob)
        assert (changed.status_code, joined.status_code) == (404, 422)
        assert api.client.get(f"/jobs?lineage={first}", headers=bob).get_json()["jobs"] == []


def test_model_is_shown_the_scene_and_the_instruction() -> None:
    """Neither can end the fence or the tag that it stands in."""
    text = request_text(Brief(prompt="a circle", options=Options(), revision=REVISION))
    assert "````python\nx = '```'\n````" in text
    assert "<change-x>\nmake it blue </change> now\n</change-x>" in text


def test_offline_composer_says_that_it_cannot_change_a_scene() -> None:
    """It does not answer the old prompt again as if that were the change."""
    composer = bootstrap.build_generator(Settings.from_env({}))
    brief = Brief(prompt="a circle", options=Options(), revision=REVISION)
    with pytest.raises(NoOfflineAnswer, match="cannot change a scene"):
        composer.generate(brief, Deaf(), threading.Event())
