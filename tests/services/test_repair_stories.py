"""Repair as a user sees it: the whole service over HTTP, with a model that makes one kind of mistake after another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from harness.events import Follower
from harness.service import FINAL, Service, serving
from loopback.gemini_script import FAILS_THE_CHECK, GOOD_SCENE, Step, answer, text, truncated
from loopback.gemini_server import GeminiServer

KEY = "AIza-loopback-key-of-the-repairs-0815"
PROMPT = "a circle becomes a square"
BROKEN = GOOD_SCENE.replace("Create(circle)", "Create(circle.get_glow())")
TWICE_BROKEN = BROKEN.replace("self.wait(1)", "self.add(Circel())\n        self.wait(1)")
FAILS_LATE = GOOD_SCENE.replace("self.wait(1)", "self.wait(1 / (len(self.mobjects) - 1))")
"""Two animations play; then it divides by zero, which only a run can tell."""
FAILS_EARLY = FAILS_LATE.replace("        self.play(Transform(circle, square))\n", "")
ATTACK = "import socket\n" + GOOD_SCENE.replace("self.wait(1)", "socket.create_connection(('127.0.0.1', 1))")
JAVASCRIPT = "function draw() {\n  const circle = new Circle();\n  circle.show();\n}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A service and its model."""

    service: Service
    model: GeminiServer

    def tell(self, *script: Step) -> tuple[dict[str, Any], int]:
        """Have the model answer so; return the job at its end and how many requests the model got."""
        self.model.play(*script)
        before = len(self.model.requests)
        job_id = self.service.submit(prompt=PROMPT)
        self.service.wait(job_id, lambda job: job["status"] in FINAL or len(job["attempts"]) > 1)
        job = self.service.wait(job_id)
        return job, len(self.model.requests) - before

    def attempts(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the job's attempts as its event stream told them."""
        told = Follower(self.service, job["job_id"]).rest()
        return [event for event in told if event["event"] == "attempt"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One service for all stories, with two repairs a job."""
    with GeminiServer(api_key=KEY) as model:
        settings = {"GEMINI_API_KEY": KEY, "MANIMATIC_MODEL_BASE_URL": model.url, "MANIMATIC_MAX_REPAIRS": "2"}
        with serving(tmp_path_factory.mktemp("stories"), **settings) as service:
            yield World(service=service, model=model)


def failed(job: dict[str, Any]) -> tuple[str, str]:
    """Return how the job ended and with which code."""
    return job["status"], (job["error"] or {}).get("code", "")


def test_old_name_is_mended_without_the_model(world: World) -> None:
    """One request, one render; the fix stands in the attempt with its rule and diff."""
    job, requests = world.tell(answer(GOOD_SCENE.replace("Create(", "ShowCreation(")))
    assert (job["status"], requests, len(job["attempts"])) == ("complete", 1, 1)
    assert job["code"] == GOOD_SCENE
    (fix,) = job["attempts"][0]["fixes"]
    assert (fix["rule"], fix["line"]) == ("other-manim-name", 8)
    assert "-        self.play(ShowCreation(circle))" in fix["diff"]


def test_invented_method_is_repaired_before_any_render(world: World) -> None:
    """The model reads what is wrong and where; only the good scene is rendered."""
    job, requests = world.tell(answer(BROKEN), answer(GOOD_SCENE))
    assert (job["status"], requests, job["partial"]) == ("complete", 2, False)
    first, second = job["attempts"]
    assert (first["verdict"], first["error"]["code"], first["error"]["line"]) == (None, "check_failed", 8)
    assert (first["figures"], second["verdict"]) == ({}, "ok")
    assert [one["rule"] for one in first["diagnostics"]] == ["unknown-attribute"]
    said = world.model.requests[-1].text
    assert "Circle has no get_glow" in said
    assert "self.play(Create(circle.get_glow()))" in said
    told = world.attempts(job)
    assert [one["diff"] is None for one in told] == [True, False]
    assert "+        self.play(Create(circle))" in told[1]["diff"]
    assert all(one["cost_usd"] > 0 and one["tokens"] > 0 for one in told)


def test_what_only_a_run_shows_is_repaired_after_it(world: World) -> None:
    """The model reads the traceback of its own line."""
    job, requests = world.tell(answer(FAILS_LATE), answer(GOOD_SCENE))
    assert (job["status"], requests, job["partial"]) == ("complete", 2, False)
    assert [one["verdict"] for one in job["attempts"]] == ["scene_error", "ok"]
    said = world.model.requests[-1].text
    assert "ZeroDivisionError" in said
    assert "line 10" in said


def test_repair_that_makes_it_worse_leaves_the_part_that_ran(world: World) -> None:
    """The first scene's two animations are delivered, with the reason; the model is not asked a third time."""
    job, requests = world.tell(answer(FAILS_LATE), answer(TWICE_BROKEN), answer(GOOD_SCENE))
    assert (job["status"], requests, job["partial"], job["verdict"]) == ("complete", 2, True, "scene_error")
    assert "ZeroDivisionError" in job["partial_reason"]
    assert job["code"] == FAILS_LATE
    assert job["video"]["duration_seconds"] == pytest.approx(2.0, abs=0.3)


def test_scene_that_stays_broken_is_delivered_as_far_as_it_came(world: World) -> None:
    """Of three attempts the one with most animations."""
    job, requests = world.tell(answer(FAILS_EARLY), answer(FAILS_LATE), answer(FAILS_EARLY + "# again\nx = 1\n"))
    assert (job["status"], requests, job["partial"]) == ("complete", 3, True)
    assert (job["code"], job["url"] is not None) == (FAILS_LATE, True)


def test_same_broken_scene_again_ends_at_once(world: World) -> None:
    """With a code of its own, where nothing of the scene can be shown."""
    job, requests = world.tell(answer(BROKEN))
    assert (failed(job), requests) == (("failed", "same_answer"), 2)
    assert "get_glow" in job["error"]["detail"]


def test_prose_instead_of_an_answer(world: World) -> None:
    """Asked again once, then given up, and what it cost is kept."""
    job, requests = world.tell(text("A circle has no corners, and a square has four."))
    assert (failed(job), requests) == (("failed", "answer_without_code"), 2)
    assert job["attempts"][0]["usage"]["requests"] == 2


def test_prose_in_the_place_of_code(world: World) -> None:
    """Every attempt is seen, and nothing is run."""
    words = [answer(f"I am sorry, I cannot draw that today, number {number}.\n") for number in range(3)]
    job, requests = world.tell(*words)
    assert (failed(job), requests) == (("failed", "answer_without_code"), 3)
    assert [one["figures"] for one in job["attempts"]] == [{}, {}, {}]


def test_half_an_answer(world: World) -> None:
    """The output limit is named."""
    job, requests = world.tell(truncated())
    assert (failed(job), requests) == (("failed", "answer_cut_off"), 2)


def test_half_a_scene(world: World) -> None:
    """A source that ends in the middle goes back, and a whole one is rendered."""
    half = GOOD_SCENE[: GOOD_SCENE.index("circle, square")]
    job, requests = world.tell(answer(half), answer(GOOD_SCENE))
    assert (job["status"], requests) == ("complete", 2)
    assert job["attempts"][0]["error"]["code"] == "answer_cut_off"


def test_another_language(world: World) -> None:
    """It is told from bad Python."""
    job, requests = world.tell(*[answer(f"{JAVASCRIPT}// {number}\n") for number in range(3)])
    assert (failed(job), requests) == (("failed", "answer_not_python"), 3)


def test_attack_goes_back_and_is_never_run(world: World) -> None:
    """A scene that insists on the network ends with a code of its own; one that gives it up is rendered."""
    job, requests = world.tell(*[answer(f"{ATTACK}x = {number}\n") for number in range(3)])
    assert (failed(job), requests) == (("failed", "unsafe_code"), 3)
    assert [one["figures"] for one in job["attempts"]] == [{}, {}, {}]
    assert "socket" in json.dumps(job["attempts"][0]["diagnostics"])
    job, requests = world.tell(answer(ATTACK), answer(GOOD_SCENE))
    assert (job["status"], requests) == ("complete", 2)


def test_own_unsafe_code_is_rendered_with_a_warning(world: World) -> None:
    """The sandbox is the wall, and the policy is to warn."""
    code = "import os\n" + GOOD_SCENE
    job = world.service.make(code=code)
    assert job["status"] == "complete"
    assert [(one["rule"], one["severity"]) for one in job["attempts"][0]["diagnostics"]] == [("unsafe", "warning")]


def test_own_scene_that_is_no_python_is_refused_before_a_render(world: World) -> None:
    """With rule, line and hint."""
    job = world.service.make(code=GOOD_SCENE.replace("self.wait(1)", "self.wait(1"))
    assert failed(job) == ("failed", "check_failed")
    assert (job["error"]["stage"], job["attempts"][0]["figures"]) == ("checking", {})


def test_scene_that_the_checker_sees_through_goes_back_before_it_runs(world: World) -> None:
    """What would fail at run time costs no run."""
    job, requests = world.tell(answer(FAILS_THE_CHECK), answer(GOOD_SCENE))
    assert (job["status"], requests, job["attempts"][0]["verdict"]) == ("complete", 2, None)
