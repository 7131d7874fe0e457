"""The tables of the documentation, made from the source."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import docs_limits
import manimatic
from manimatic.errors import ManimaticError
from manimatic.settings import Settings
from manimatic.verdicts import Verdict

DATA_DIR = "`data/` in a checkout, else `$XDG_DATA_HOME/manimatic`"
KINDS = {"string": "text", "integer": "a whole number", "number": "a number", "object": "texts by name"}
HELP_WIDTH = 80
SHORT = (
    "GEMINI_API_KEY",
    "MANIMATIC_PROVIDER",
    "MANIMATIC_MODEL",
    "CLOUDINARY_CLOUD_NAME",
    "CLOUDINARY_API_KEY",
    "CLOUDINARY_API_SECRET",
    "MANIMATIC_STORAGE",
    "MANIMATIC_DATA_DIR",
    "MANIMATIC_HOST",
    "MANIMATIC_PORT",
)

COMPOSE = (
    ("DOCKER_SOCKET", "/var/run/docker.sock", "Socket of the engine on this machine."),
    (
        "SECRETS_DIR",
        "./secrets",
        "Folder that the dispatcher sees as /run/secrets: keys as files.",
    ),
)
PRODUCTION = (
    ("HTTPS_PORT", "443", "Port of the proxy on this machine; it also needs MANIMATIC_PUBLIC_URL."),
    ("HTTP_PORT", "80", "Port on which the proxy sends people on to HTTPS."),
    ("API_REPLICAS", "2", "Containers of the api."),
    (
        "DISPATCHER_REPLICAS",
        "1",
        "Containers of the dispatcher, each of which runs MANIMATIC_CONCURRENCY jobs at once.",
    ),
    ("PRODUCTION_SECRETS_DIR", "./secrets/production", "Folder of secrets, with a folder in it for each part."),
    ("POSTGRES_MAX_CONNECTIONS", "400", "Connections; each api and each process of a dispatcher may open 16."),
    ("POSTGRES_SHARED_BUFFERS", "256MB", "Memory that PostgreSQL keeps pages in."),
)
"""Variables of the compose files that are no settings: name, default, help."""


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    names = list(head)
    lines = [names, ["---"] * len(names), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# ---------------------------------------------------------------- settings


def settings_table() -> str:
    """Return every setting with its default, what it takes and what it is for."""
    return table(
        ("variable", "default", "takes", "what it is"), (_setting_row(f) for f in dataclasses.fields(Settings))
    )


def settings_short_table() -> str:
    """Return the settings that most people look for."""
    fields = {f.metadata["name"]: f for f in dataclasses.fields(Settings)}
    rows = ([row[0], row[1], row[3]] for row in (_setting_row(fields[name]) for name in SHORT))
    return table(("variable", "default", "what it is"), rows)


def env_example() -> str:
    """Return a `.env` file with every setting commented out."""
    lines = ["# Copy to .env and uncomment what you need. The environment wins over this file.", ""]
    for f in dataclasses.fields(Settings):
        default = "" if f.metadata["name"] == "MANIMATIC_DATA_DIR" else _plain(f.default)
        lines += [f"# {f.metadata['help']}", f"# {f.metadata['name']}={default}", ""]
    for title, rows in (("docker-compose", COMPOSE), ("docker-compose.production.yml", PRODUCTION)):
        lines += [f"# For {title} alone:", ""]
        for name, default, purpose in rows:
            lines += [f"# {purpose}", f"# {name}={default}", ""]
    return "\n".join(lines)


def _setting_row(f: dataclasses.Field[Any]) -> list[str]:
    name = f.metadata["name"]
    default = DATA_DIR if name == "MANIMATIC_DATA_DIR" else f"`{_plain(f.default)}`" if _plain(f.default) else "none"
    shown = f"`{name}`" + (f" or `{name}_FILE`" if f.metadata["secret"] else "")
    return [shown, default, _takes(f), f.metadata["help"]]


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _takes(f: dataclasses.Field[Any]) -> str:
    """Say what a setting's parser takes; its bounds are what the parser was made with."""
    parse = f.metadata["parse"]
    bounds = inspect.getclosurevars(parse).nonlocals if inspect.isfunction(parse) else {}
    if "allowed" in bounds:
        return ", ".join(f"`{item}`" for item in bounds["allowed"])
    if "low" in bounds:
        kind = "a whole number" if bounds["kind"] is int else "a number"
        return f"{kind}, {_plain(bounds['low'])} to {_plain(bounds['high'])}"
    if isinstance(f.default, bool):
        return "`on`, `off`"
    return "an address" if parse.__name__ == "url" else "a path" if parse is Path else "text"


# ---------------------------------------------------------------- errors and verdicts


def errors_table() -> str:
    """Return every error class with its code and what follows from it."""
    head = ("code", "HTTP", "exit", "again?", "what happened", "what to do")
    return table(head, (_error_row(kind) for kind in _errors()))


def verdicts_table() -> str:
    """Return every verdict with its meaning and whose doing it is."""
    docs = docs_limits.enum_docs(Verdict)
    return table(
        ("verdict", "whose doing", "what it says"),
        ([f"`{item.value}`", item.blame.value if item.blame else "nobody's", docs[item.name]] for item in Verdict),
    )


def statuses_table() -> str:
    """Return the errors that the HTTP layer itself answers with."""
    from manimatic.api.problems import http_kinds

    rows = ([str(status), f"`{kind.code}`", kind.detail, kind.hint] for status, kind in http_kinds().items())
    return table(("HTTP", "code", "what happened", "what to do"), rows)


def _errors() -> Iterator[type[ManimaticError]]:
    _import_everything()
    waiting: list[type[ManimaticError]] = [ManimaticError]
    seen: set[str] = set()
    while waiting:
        kind = waiting.pop(0)
        waiting = [*kind.__subclasses__(), *waiting]
        if not kind.__name__.startswith("_") and kind.code not in seen:
            seen.add(kind.code)
            yield kind


def _import_everything() -> None:
    for found in pkgutil.walk_packages(manimatic.__path__, "manimatic."):
        if ".migrations" not in found.name and not found.name.startswith("manimatic.examples"):
            importlib.import_module(found.name)


def _error_row(kind: type[ManimaticError]) -> list[str]:
    message = (kind.__doc__ or "").splitlines()[0]
    again = "yes" if kind.retryable else "no"
    return [f"`{kind.code}`", str(kind.http_status), str(kind.exit_code), again, message, kind.hint]


# ---------------------------------------------------------------- limits


def limits_table() -> str:
    """Return every limit that can be set: unit, default, what happens, verdict."""
    defaults = {f.metadata["name"]: f for f in dataclasses.fields(Settings)}
    rows = (
        [f"`{item.setting}`", item.unit, _plain(defaults[item.setting].default), item.happens, item.verdict]
        for item in docs_limits.LIMITS
    )
    return table(("setting", "unit", "default", "what happens when it is reached", "verdict or code"), rows)


def limits_short_table() -> str:
    """Return the limits of one run."""
    defaults = {f.metadata["name"]: f for f in dataclasses.fields(Settings)}
    rows = (
        [item.what, f"{_plain(defaults[item.setting].default)} {item.unit}", item.verdict]
        for item in docs_limits.LIMITS
        if item.of_a_run
    )
    return table(("limit of one run", "default", "verdict"), rows)


def fixed_limits_table() -> str:
    """Return the limits that cannot be set."""
    return table(("limit", "value", "what happens when it is reached"), docs_limits.fixed())


# ---------------------------------------------------------------- command line and API


def cli_help() -> str:
    """Return the help of every command."""
    import typer
    from manimatic.cli.commands import app

    return "\n\n".join(_command_help(typer.main.get_command(app), "manimatic", None))


def _command_help(command: Any, name: str, parent: Any) -> Iterator[str]:
    context = command.context_class(command, info_name=name, parent=parent, terminal_width=HELP_WIDTH)
    title = context.command_path
    yield f"{'#' * (2 if parent is None else 3)} `{title}`\n\n```text\n{command.get_help(context).rstrip()}\n```"
    for child in getattr(command, "commands", {}).values():
        yield from _command_help(child, child.name, context)


def endpoints_table() -> str:
    """Return every operation of the API."""
    rows = (
        [f"`{method.upper()} {_path(path)}`", operation["summary"], ", ".join(operation["responses"])]
        for path, operations in _spec()["paths"].items()
        for method, operation in operations.items()
    )
    return table(("operation", "what it does", "answers"), rows)


def generate_fields_table() -> str:
    """Return the fields of `POST /generate`."""
    fields = _spec()["components"]["schemas"]["GenerateIn"]["properties"]
    return table(
        ("field", "takes", "what it is"), ([f"`{name}`", _kind(f), f["description"]] for name, f in fields.items())
    )


def _path(path: str) -> str:
    return path.replace("{", "<").replace("}", ">")


def _kind(schema: dict[str, Any]) -> str:
    schema = next((item for item in schema.get("anyOf", ()) if item.get("type") != "null"), schema)
    if "$ref" in schema:
        return "an object, see /docs"
    if "enum" in schema:
        return ", ".join(f"`{item}`" for item in schema["enum"])
    kind = KINDS[schema["type"]]
    if "minimum" in schema:
        return f"{kind}, {schema['minimum']} to {schema['maximum']}"
    return f"{kind}, up to {schema['maxLength']} characters" if "maxLength" in schema else kind


def _spec() -> dict[str, Any]:
    from manimatic.api import create_app

    with tempfile.TemporaryDirectory() as folder:
        spec = create_app(Settings.from_env({"MANIMATIC_DATA_DIR": folder})).spec
    assert isinstance(spec, dict)
    return spec
