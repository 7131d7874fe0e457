"""Figures: that they are there, that they are right, who may read them, and that everything in `deploy/` exists."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.api import Api, open_api
from manimatic.errors import StoreError
from manimatic.figures import count_attempts, count_ended
from manimatic.jobs import Attempt, Usage
from manimatic.keys import Scope
from manimatic.tally import Tally, cumulative
from manimatic.verdicts import Verdict
from prometheus_client.parser import text_string_to_metric_families
from source_tree import ROOT

NAME = re.compile(r"manimatic_[a-z0-9_]+")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Give an API with nothing in it."""
    with open_api(tmp_path) as opened:
        yield opened


def samples(api: Api, **headers: str) -> list[Any]:
    """Read the figures as Prometheus does."""
    answer = api.client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    return [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]


def value(api: Api, name: str, **labels: str) -> float:
    """Return one figure."""
    (found,) = [one for one in samples(api) if one.name == name and labels.items() <= one.labels.items()]
    return float(found.value)


def report(api: Api) -> None:
    """Report as a dispatcher does that has run a job: three seconds of rendering, two attempts, one repair."""
    tally = Tally()
    job_id = api.generate()
    api.complete(job_id, verdict=Verdict.OK)
    job = api.store.get(job_id)
    object.__setattr__(job, "timings", {"queued": 0.2, "rendering": 5.0})
    count_ended(tally, job)
    charged = Usage(requests=1, input_tokens=100, output_tokens=20, cost_usd=0.01)
    first = Attempt(number=1, origin="m", code="", verdict=Verdict.SCENE_ERROR, usage=charged)
    count_attempts(tally, [first, Attempt(number=2, origin="m", code="", verdict=Verdict.OK, usage=charged)])
    machine = {
        "name": "far",
        "cpu": {"cores": 8, "load_1m": 0.5},
        "memory": {"total_bytes": 10, "available_bytes": 5},
        "disk": {"total_bytes": 20, "free_bytes": 2},
    }
    api.report(tally=json.loads(json.dumps(tally.told())), host=machine)


def test_requests_are_measured_by_route_and_status(api: Api) -> None:
    """By the route and not by the address: ids would be figures without end."""
    api.client.get("/status/nothing-1")
    api.client.get("/status/nothing-2")
    api.client.get("/nowhere/at/all")
    api.client.open("/jobs", method="BREW")
    count = "manimatic_request_seconds_count"
    assert value(api, count, route="/status/<job_id>", status="404") == 2
    assert value(api, count, route="none", method="GET") == 1
    assert value(api, count, method="OTHER") == 1


def test_queue_and_machines_are_shown(api: Api) -> None:
    """This one's and the dispatchers'."""
    api.generate()
    report(api)
    assert value(api, "manimatic_queue_jobs", state="queued") == 1
    assert value(api, "manimatic_queue_oldest_seconds") > 0
    assert value(api, "manimatic_dispatchers") == 1
    assert value(api, "manimatic_launcher_ready", dispatcher="one") == 1
    assert value(api, "manimatic_host_disk_bytes", host="far", kind="free") == 2
    assert len([one for one in samples(api) if one.name == "manimatic_host_cpu_cores"]) == 2


def test_what_dispatchers_count_is_shown(api: Api) -> None:
    """Ends, stages, attempts, repairs, tokens, money, speed."""
    report(api)
    assert value(api, "manimatic_jobs_ended_total", dispatcher="one", state="complete", verdict="ok") == 1
    assert value(api, "manimatic_attempts_total", verdict="scene_error") == 1
    assert value(api, "manimatic_repairs_total") == 1
    assert value(api, "manimatic_tokens_total", kind="input") == 200
    assert value(api, "manimatic_cost_usd_total") == pytest.approx(0.02)
    assert value(api, "manimatic_video_seconds_total") == 2.5
    assert value(api, "manimatic_render_seconds_total") == 5
    bucket = "manimatic_stage_seconds_bucket"
    assert value(api, bucket, stage="rendering", le="5.0") == 1
    assert value(api, bucket, stage="rendering", le="2.5") == 0
    assert value(api, bucket, stage="rendering", le="+Inf") == 1
    assert value(api, "manimatic_stage_seconds_sum", stage="rendering") == 5


def test_without_the_database_the_rest_is_shown(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """And that it is down."""

    def fail() -> None:
        raise StoreError

    monkeypatch.setattr(api.store, "ping", fail)
    assert value(api, "manimatic_database_up") == 0
    assert value(api, "manimatic_event_streams") == 0


def test_nonsense_in_a_report_harms_nothing(api: Api) -> None:
    """A dispatcher of another release may count other things."""
    api.report(tally={"counts": [["unheard_of", {"a": "b"}, 1.0]], "times": [["else", {}, [1.0]]]}, host="x")
    assert value(api, "manimatic_dispatchers") == 1


def test_key_with_the_scope_is_needed_where_keys_are(tmp_path: Path) -> None:
    """A key for jobs is none for figures."""
    with open_api(tmp_path, require_keys=True) as api:
        assert api.client.get("/metrics").status_code == 401
        assert api.client.get("/metrics", headers={"Authorization": f"Bearer {api.key()}"}).status_code == 403
        meter = api.key("watcher", Scope.METRICS)
        assert samples(api, Authorization=f"Bearer {meter}")


def test_longest_times_count_in_the_last_bucket() -> None:
    """Which has no bound, and holds all."""
    tally = Tally()
    for seconds in (0.05, 0.1, 7.0, 10**6):
        tally.observe("t", seconds)
    ((_, _, told),) = tally.told()["times"]
    buckets = dict(cumulative(told[:-1]))
    assert (buckets["0.1"], buckets["5.0"], buckets["10.0"], buckets["+Inf"]) == (2, 2, 3, 4)
    assert told[-1] == pytest.approx(0.15 + 7 + 10**6)


@pytest.mark.parametrize("file", ["grafana-dashboard.json", "prometheus-alerts.yml"])
def test_every_figure_that_is_watched_exists(api: Api, file: str) -> None:
    """A name that is changed here is changed there."""
    report(api)
    api.client.get("/jobs")
    known = {one.name for one in samples(api)}
    text = (ROOT / "deploy" / file).read_text()
    watched = set(NAME.findall(text))
    assert len(watched) > 8
    assert watched <= known, watched - known


def test_labels_that_are_watched_exist(api: Api) -> None:
    """Those of selectors and of groups."""
    report(api)
    api.client.get("/jobs")
    known: dict[str, set[str]] = {}
    for one in samples(api):
        known.setdefault(one.name, set()).update(one.labels)
    texts = [(ROOT / "deploy" / name).read_text() for name in ("grafana-dashboard.json", "prometheus-alerts.yml")]
    for name, selector in re.findall(r"(manimatic_[a-z0-9_]+)\{([^}]*)\}", "".join(texts).replace('\\"', '"')):
        assert set(re.findall(r"([a-z]+)=", selector)) <= known[name], (name, selector)


def test_dashboard_has_a_panel_for_each_question(api: Api) -> None:
    """It is the form that Grafana reads, with no two panels in one place."""
    dashboard = json.loads((ROOT / "deploy/grafana-dashboard.json").read_text())
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places) >= 12
    assert all(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
