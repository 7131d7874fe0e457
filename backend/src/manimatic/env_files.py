"""Where settings come from: variables, `.env`, and a file for each secret."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from manimatic.errors import SettingsError

PREFIX = "MANIMATIC_"


def read_dotenv(path: Path | None) -> dict[str, str]:
    """Return what a `.env` file sets; nothing where there is none. Raises SettingsError."""
    if path is None or not path.is_file():
        return {}
    from dotenv.parser import parse_stream

    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error
    for binding in bindings:
        if binding.error:
            raise SettingsError(f"{path}, line {binding.original.line}: this is not NAME=value.")
    return {binding.key: binding.value for binding in bindings if binding.key and binding.value is not None}


def leave_out_given(dotenv: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """Leave out what the environment gives in the other of the two forms, `NAME` and `NAME_FILE`."""
    return {
        name: value
        for name, value in dotenv.items()
        if not environ.get(f"{name}_FILE") and not (name.endswith("_FILE") and environ.get(name.removesuffix("_FILE")))
    }


def read_secret_file(variable: str, path: str) -> str:
    """Return the secret that a file holds. Raises SettingsError, which names the variable and not the secret."""
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}={path!r} cannot be read: {error.strerror}.") from error
    except ValueError:
        raise SettingsError(f"{variable}={path!r} cannot be read: it holds no UTF-8 text.") from None
    if not secret:
        raise SettingsError(f"{variable}={path!r} holds nothing.")
    return secret


def refuse_unknown(fields: Sequence[dataclasses.Field[Any]], given: Mapping[str, str]) -> None:
    """Raise SettingsError for a variable with our prefix that no setting has; only secrets may come from files."""
    names = {f.metadata["name"]: f.metadata["secret"] for f in fields}
    files = {f"{name}_FILE" for name, secret in names.items() if secret}
    for name in given:
        if name.startswith(PREFIX) and name not in names and name not in files:
            raise SettingsError(f"{name} is not a setting of Manimatic.")


def is_given(f: dataclasses.Field[Any], given: Mapping[str, str]) -> bool:
    """Tell whether the environment has a value for this setting, or names the file of its secret."""
    name = f.metadata["name"]
    return bool(given.get(name)) or (f.metadata["secret"] and bool(given.get(f"{name}_FILE")))


def read_value(f: dataclasses.Field[Any], given: Mapping[str, str]) -> Any:
    """Return the setting's value, parsed. Raises SettingsError, with secrets masked."""
    name, secret = f.metadata["name"], f.metadata["secret"]
    text = given.get(name) or read_secret_file(f"{name}_FILE", given[f"{name}_FILE"])
    try:
        return f.metadata["parse"](text)
    except ValueError as error:
        shown = "(hidden)" if secret else repr(text)
        raise SettingsError(f"{name}={shown} is not acceptable: {error}.") from error
