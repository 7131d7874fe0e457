"""Schemathesis sends the API whatever its OpenAPI document allows, and what it forbids, with a key and without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from harness.api import STORAGE_FAILURE, VIDEO_NAME, Api, open_api
from hypothesis import HealthCheck, given, settings
from manimatic.jobs import NewJob
from manimatic.keys import Scope
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

EXAMPLES = 30
OFTEN = "999999999/second"
# Which prompts say something is more than JSON Schema can tell, and so is which cursor was handed out here.
CONFIG = {"checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "304", "404", "409", "422"]}}}
# That a key is needed is tried case by case; in walks the check takes the key that every step brings for made up.
WALKS = {
    "checks": {**CONFIG["checks"], "ignored_auth": {"enabled": False}},
    "phases": {name: {"enabled": name == "stateful"} for name in ("examples", "coverage", "fuzzing", "stateful")},
    "generation": {"max-examples": 60, "deterministic": True, "database": "none"},
    "seed": 1,
}
KEYLESS_CONFIG = {"checks": {"positive_data_acceptance": {"expected-statuses": ["401"]}}}

OPERATIONS = ["check", "generate", "jobs", "health", "live", "ready", "metrics"]
ABOUT_JOBS = ["status", "events", "logs", "deliveries", "revise", "share", "unshare", "cancel", "retry", "delete"]
NOTHING_TO_SPOIL = {"health", "live", "ready", "metrics"}
"""Operations without parameters: no request to them can be wrong."""
CASES = [
    (name, mode)
    for name in [*OPERATIONS, *ABOUT_JOBS, "video"]
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    if mode is GenerationMode.POSITIVE or name not in NOTHING_TO_SPOIL
]

few = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module", params=[False, True], ids=["no keys", "keys"])
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Give one API for all cases, with a video; one that asks for keys is brought one."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    settings = {"log_format": "json", "rate_limit": OFTEN, "submit_rate_limit": OFTEN}
    with open_api(folder, max_queued=100_000, require_keys=request.param, **settings) as opened:
        opened.put_video(folder)
        if request.param:
            key = opened.key("fuzz", *Scope)
            opened.client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        yield opened


@pytest.fixture(scope="module")
def operations(api: Api) -> dict[str, Any]:
    """Give the operations of the document as schemathesis reads them."""
    return read_operations(api, CONFIG)


def read_operations(api: Api, config: dict[str, Any]) -> dict[str, Any]:
    """Return the operations of an API's document."""
    document = schemathesis.openapi.from_wsgi("/openapi.json", api.app, config=SchemathesisConfig.from_dict(config))
    document.validate()
    found = [result.ok() for result in document.get_all_operations()]
    return {item.definition.raw["operationId"]: item for item in found}


def try_cases(
    api: Api, operation: Any, mode: GenerationMode, prepare: Callable[[schemathesis.Case], None] = lambda case: None
) -> None:
    """Send some cases of an operation and check every answer against the document."""
    key = api.client.environ_base.get("HTTP_AUTHORIZATION")

    @few
    @given(case=operation.as_strategy(generation_mode=mode))
    def cases(case: schemathesis.Case) -> None:
        prepare(case)
        case.call_and_validate(headers={"Authorization": key} if key else None)

    cases()


def existing(api: Api, operation: str) -> str:
    """Return the id of a new job; one that has ended where a stream would not end by itself."""
    account = "fuzz" if "HTTP_AUTHORIZATION" in api.client.environ_base else "local"
    job_id = api.store.submit(NewJob(prompt="a circle", account=account), max_queued=100_000).id
    if operation in {"events", "delete", "revise", "share"}:
        api.complete(job_id)
    if operation == "retry":
        api.fail(job_id, STORAGE_FAILURE, held_video="/nowhere/held.mp4")
    return job_id


def test_every_operation_is_tried(operations: dict[str, Any]) -> None:
    """The lists of this file are the document's."""
    assert set(operations) == {*OPERATIONS, *ABOUT_JOBS, "video"}


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_answers_conform_to_the_document(api: Api, operations: dict[str, Any], name: str, mode: GenerationMode) -> None:
    """No server error, no undocumented status, type, header or body, whatever is sent."""
    try:
        try_cases(api, operations[name], mode)
    finally:
        api.end_checker()


@pytest.mark.parametrize("name", ABOUT_JOBS)
def test_answers_about_existing_jobs_conform_to_the_document(api: Api, operations: dict[str, Any], name: str) -> None:
    """The same where the job is there."""

    def prepare(case: schemathesis.Case) -> None:
        case.path_parameters["job_id"] = existing(api, name)

    try_cases(api, operations[name], GenerationMode.POSITIVE, prepare)


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # schemathesis leaves closing to the collector
def test_answers_about_an_existing_video_conform_to_the_document(api: Api, operations: dict[str, Any]) -> None:
    """The same where the video is there."""

    def prepare(case: schemathesis.Case) -> None:
        case.path_parameters["name"] = VIDEO_NAME

    try_cases(api, operations["video"], GenerationMode.POSITIVE, prepare)


def test_answers_without_a_key_conform_to_the_document(tmp_path: Path) -> None:
    """Where keys are asked for and none is brought, every operation about jobs answers 401."""
    with open_api(tmp_path, log_format="json", require_keys=True) as api:
        operations = read_operations(api, KEYLESS_CONFIG)
        for name in ["check", "generate", "jobs", *ABOUT_JOBS]:
            try_cases(api, operations[name], GenerationMode.POSITIVE)


def test_walks_through_the_api_conform_to_the_document(api: Api) -> None:
    """Jobs are made, looked at, cancelled and deleted in any order; streams are left out, which end only with a job."""
    key = api.client.environ_base.get("HTTP_AUTHORIZATION")
    config = SchemathesisConfig.from_dict({**WALKS, **({"headers": {"Authorization": key}} if key else {})})
    document = schemathesis.openapi.from_wsgi("/openapi.json", api.app, config=config).exclude(operation_id="events")
    asked: set[tuple[str, int]] = set()
    failures: list[object] = []
    for event in from_schema(document).execute():
        assert not isinstance(event, events.NonFatalError | events.FatalError), event
        if isinstance(event, events.ScenarioFinished):
            found = event.recorder
            asked |= {
                (case.value.operation.definition.raw["operationId"], found.interactions[name].response.status_code)
                for name, case in found.cases.items()
                if name in found.interactions and found.interactions[name].response
            }
            checks = [check for made in found.checks.values() for check in made]
            failures += [check.failure_info.failure for check in checks if check.failure_info]
    assert failures == []
    assert {("generate", 202), ("status", 200), ("cancel", 202)} <= asked
