"""The scenes of the zoo get the same verdicts in a container as elsewhere, and leave none behind."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from docker_bench import ROOMY, TEST_TIMEOUT_S, containers_of
from manimatic.sandbox.docker.engine import Engine
from manimatic.verdicts import Verdict
from sandbox_bench import SMALL, Bench
from zoo import ONE_OF_EACH, promised, scenes, source_of

pytestmark = pytest.mark.timeout(TEST_TIMEOUT_S)
SHORT_S = 20.0
"""Wall-clock limit of the scenes that never end: room for the start on a busy machine."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Take one scene of each kind, or with --whole-zoo all."""
    if "path" in metafunc.fixturenames:
        whole = metafunc.config.getoption("--whole-zoo")
        chosen = sorted(path for path in scenes() if whole or path.stem in ONE_OF_EACH)
        metafunc.parametrize("path", chosen, ids=lambda path: path.stem)


def test_a_scene_of_the_zoo_gets_its_verdict(each_container_bench: Bench, engine: Engine, path: Path) -> None:
    """The verdict, the line, the scene's name and the delivered parts are as promised."""
    bench = each_container_bench
    layers = bench.sandbox.describe()["layers"]
    backend = "docker-runsc" if layers["runtime"] == "runsc" else "docker"
    facts = promised(backend, path)
    limits = dataclasses.replace(SMALL, timeout_s=SHORT_S) if facts["verdict"] == "timeout" else ROOMY

    result = bench.run(source_of(path), limits=limits)

    assert result.verdict == facts["verdict"], (result.message, bench.heard.text[-2000:])
    if "line" in facts:
        assert result.line == int(facts["line"])
    if "scene" in facts:
        assert result.scene == facts["scene"]
    parts = [item for item in result.artefacts if item.kind == "part"]
    assert len(parts) >= int(facts.get("parts", 0))
    assert (result.video is not None) == (result.verdict is Verdict.OK)
    assert containers_of(engine, bench.run_id) == []
