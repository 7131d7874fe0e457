"""The files that settings come from: `.env`, and a file for each secret."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from manimatic.errors import SettingsError


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
