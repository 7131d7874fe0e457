"""Everything that can be set, asked for or met stands in the documentation."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from manimatic import settings as settings_module
from manimatic.checking.ruledata import read_data
from manimatic.cli.commands import app
from manimatic.errors import ManimaticError
from manimatic.jobs import Event, JobState
from manimatic.ports import Limits
from manimatic.settings import Settings
from manimatic.verdicts import Verdict
from manimatic_worker.protocol import LAYOUT_RULES
from source_tree import ROOT

EVENTS = re.findall(r"`(\w+)`", inspect.getsource(Event).partition("kind: str")[2].partition("data:")[0])


def page(name: str) -> str:
    """Return a page's text."""
    return (ROOT / name).read_text(encoding="utf-8")


def test_generated_parts_are_up_to_date() -> None:
    """Tables and .env.example are what script/docs would write."""
    argv = [sys.executable, "-B", str(ROOT / "script/docs.py"), "--check"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", LAYOUT_RULES)
def test_every_rule_of_the_layout_report_is_documented(rule: str) -> None:
    """With what it finds and from where on."""
    assert f"| `{rule}` |" in page("docs/reference/rehearsal.md")


@pytest.mark.parametrize("item", settings_module.describe(), ids=lambda item: item["name"])
def test_every_setting_is_documented(item: dict[str, Any]) -> None:
    """Each variable stands in the reference with its help, and in .env.example."""
    row = next(
        line for line in page("docs/reference/settings.md").splitlines() if line.startswith(f"| `{item['name']}`")
    )
    assert item["help"] in row
    assert f"\n# {item['name']}=" in page(".env.example")


def test_env_example_loads() -> None:
    """The file as it is, and with every line uncommented, is accepted; compose's own variables follow the settings."""
    example, _, _ = page(".env.example").partition("# For docker-compose alone:")
    Settings.from_env({}, dotenv=ROOT / ".env.example")
    values = dict(re.findall(r"^# ([A-Z0-9_]+)=(.*)$", example, re.MULTILINE))
    assert len(values) == len(settings_module.describe())
    Settings.from_env({name: value for name, value in values.items() if value})


def errors(kind: type[ManimaticError] = ManimaticError) -> Iterator[type[ManimaticError]]:
    """Yield every error class."""
    yield kind
    for child in kind.__subclasses__():
        yield from errors(child)


def test_every_error_and_verdict_is_documented() -> None:
    """Each code has a row."""
    text = page("docs/reference/errors.md")
    for kind in errors():
        assert f"| `{kind.code}` |" in text, kind
    for verdict in Verdict:
        assert f"| `{verdict.value}` |" in text, verdict


def test_every_limit_is_documented() -> None:
    """Each limit of a run has a row with its verdict."""
    text = page("docs/reference/limits.md")
    assert len(re.findall(r"^\| `MANIMATIC_\w+` \|(?: [^|]+ \|){4}$", text, re.MULTILINE)) >= len(Limits.__slots__)
    for verdict in Verdict:
        if verdict.blame == "limit":
            assert f"`{verdict.value}`" in text, verdict


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every command with its whole name."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, f"{path} {name}")


def test_every_command_and_option_is_documented() -> None:
    """Each command has its section, and each option stands there."""
    import typer

    text = page("docs/reference/cli.md")
    for path, command in commands(typer.main.get_command(app), "manimatic"):
        section = text.partition(f"# `{path}`\n")[2].partition("\n#")[0]
        for parameter in command.params:
            for option in (*parameter.opts, *parameter.secondary_opts):
                assert option in section, (path, option)


def test_every_state_is_documented() -> None:
    """States have a page of their own."""
    for state in JobState:
        assert f"`{state.value}`" in page("docs/architecture/states.md")


def test_every_operation_is_documented(tmp_path: Path) -> None:
    """Each operation and each field of the OpenAPI document stands in the reference."""
    from manimatic.api import create_app

    spec: Any = create_app(Settings.from_env({"MANIMATIC_DATA_DIR": str(tmp_path)})).spec
    text = page("docs/reference/api.md")
    for path, operations in spec["paths"].items():
        for method in operations:
            assert f"| `{method.upper()} {path.replace('{', '<').replace('}', '>')}` |" in text
    for name in spec["components"]["schemas"]["GenerateIn"]["properties"]:
        assert f"| `{name}` |" in text


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_is_documented(kind: str) -> None:
    """Each kind of event has a row."""
    assert len(EVENTS) >= 6
    assert f"| `{kind}` |" in page("docs/reference/events.md")


def test_every_word_of_the_design_is_in_the_glossary() -> None:
    """The words that name things in the source are explained."""
    text = page("docs/glossary.md")
    for word in ("job", "scene", "attempt", "worker", "launcher", "dispatcher", "artefact", "verdict", "slot", "fence"):
        assert re.search(rf"^\| {word} \|", text, re.MULTILINE), word


def test_every_rule_of_the_checker_is_documented() -> None:
    """With what it finds and an example."""
    rules = page("docs/reference/rules.md")
    for rule in read_data("catalogue.json"):
        assert f"| `{rule['id']}` |" in rules
