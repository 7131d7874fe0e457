"""Imports point inwards, and importing does nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from source_tree import PACKAGES, ROOT, module_names

WATCH = Path(__file__).with_name("import_watch.py")
ADAPTERS = ("codegen", "checking", "store", "sandbox", "storage", "wakeup")
SOURCES = tuple(folder.parent for folder in PACKAGES.values())
START = """
import sys, runpy
sys.path[:0] = sys.argv.pop(1).split(":")
runpy.run_path(sys.argv.pop(1), run_name="__main__")
"""
NAUGHTY = """
import os, threading, time
os.environ.get("HOME")
open(os.path.join(os.path.dirname(__file__), "left"), "w").close()
threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
"""
MAX_S = 280
"""Nine modules load a vendor's library each in a process of its own: seconds each where no byte code is kept."""
pytestmark = pytest.mark.timeout(MAX_S + 20)
MODEL_SDKS = {"pydantic_ai", "google", "openai", "anthropic"}


def watched_imports(*names: str, folders: Sequence[Path] = SOURCES) -> dict[str, dict[str, Any]]:
    """Import each module in a fresh process with an empty environment and return what happened."""
    argv = [sys.executable, "-B", "-c", START, ":".join(map(str, folders)), str(WATCH), *names]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env={}, cwd="/", timeout=MAX_S)
    assert done.returncode == 0, done.stderr
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    return {report["name"]: report for report in reports}


@pytest.fixture(scope="module")
def reports() -> dict[str, dict[str, Any]]:
    """Every module, imported."""
    return watched_imports(*module_names())


def third_party(report: dict[str, Any]) -> set[str]:
    """Return the packages that a module loaded which are neither the standard library's nor ours."""
    ours = {*PACKAGES, "__main__", "sitecustomize", "_distutils_hack", "_virtualenv"}
    found = set(report["loaded"]) - set(sys.stdlib_module_names) - ours
    return {name for name in found if not name.startswith(("__editable__", "_sysconfigdata"))}


def test_watch_notices_what_a_module_does(tmp_path: Path) -> None:
    """The watch itself works: a module that does everything wrong is caught."""
    (tmp_path / "manimatic_naughty.py").write_text(NAUGHTY)
    report = watched_imports("manimatic_naughty", folders=(tmp_path,))["manimatic_naughty"]
    assert "error" not in report, report
    assert report["did"] == ["environment", f"open {tmp_path}/left"]
    assert report["threads"] == 2


def test_contracts_hold() -> None:
    """The layers of pyproject.toml are kept, and only bootstrap names adapters."""
    program = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(cache_dir=None))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", module_names())
def test_importing_does_nothing(reports: dict[str, dict[str, Any]], name: str) -> None:
    """Each module imports by itself, starts no thread, reads no environment and changes nothing outside."""
    report = reports[name]
    assert "error" not in report, report
    assert report["did"] == []
    assert report["threads"] == 1


@pytest.mark.parametrize("name", ["manimatic", "manimatic.bootstrap", "manimatic.pipeline", "manimatic.ports"])
def test_core_loads_nothing_from_others(reports: dict[str, dict[str, Any]], name: str) -> None:
    """The core needs the standard library only."""
    assert third_party(reports[name]) == set()


@pytest.mark.parametrize("name", ["manimatic.bootstrap", "manimatic.cli.commands", "manimatic.dispatcher"])
def test_no_adapter_is_loaded_before_it_is_asked_for(reports: dict[str, dict[str, Any]], name: str) -> None:
    """Adapters are imported where they are built."""
    loaded = {module.split(".")[1] for module in reports[name]["ours"] if "." in module}
    assert loaded.isdisjoint(ADAPTERS)


def test_launcher_knows_neither_database_nor_model(reports: dict[str, dict[str, Any]]) -> None:
    """What has the engine has nothing else."""
    loaded = third_party(reports["manimatic.launcher"]) | third_party(reports["manimatic.sandbox.launcher_server"])
    assert loaded.isdisjoint({"sqlalchemy", "alembic", "flask", "cloudinary", "manim", *MODEL_SDKS})


def test_engines_sdk_is_loaded_only_where_an_engine_is_asked(reports: dict[str, dict[str, Any]]) -> None:
    """A launcher that needs no container engine does not load what talks to one."""
    assert "manimatic.sandbox.docker.engine" in reports
    assert {name for name, report in reports.items() if "docker" in third_party(report)} == set()


def test_api_knows_neither_engine_nor_model(reports: dict[str, dict[str, Any]]) -> None:
    """What listens to the network has neither keys nor Manim."""
    assert third_party(reports["manimatic.api"]).isdisjoint({"manim", "cloudinary", "docker", *MODEL_SDKS})


def test_worker_loads_nothing_from_others_before_it_renders(reports: dict[str, dict[str, Any]]) -> None:
    """The worker's modules import Manim where they use it."""
    for name in module_names():
        if name.startswith("manimatic_worker"):
            assert third_party(reports[name]) == set(), name
