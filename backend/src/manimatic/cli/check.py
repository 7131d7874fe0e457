"""`manimatic check`: say what is wrong with scenes, and mend what is certain."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from manimatic import bootstrap
from manimatic.checks import look_over, policy_of
from manimatic.cli.environment import read_settings
from manimatic.cli.findings import show_findings, show_sum
from manimatic.cli.show import show_json
from manimatic.diagnostics import Severity
from manimatic.errors import InvalidInput, RequestError
from manimatic.jobs import MAX_CODE_BYTES, Options
from manimatic.ports import Checker, Limits, Sandbox
from manimatic.rehearsing import rehearse_scene
from manimatic.service import frame_options

CLEAN, FOUND, USAGE = 0, 1, RequestError.exit_code
BOM = b"\xef\xbb\xbf"


@dataclass(slots=True, kw_only=True)
class Looked:
    """One file, its text as far as it could be read, and what is told of it."""

    path: Path
    code: str = ""
    told: dict[str, Any] = field(default_factory=dict)
    exit_code: int = CLEAN
    written: bool = False


def check_files(
    paths: Sequence[Path], *, as_json: bool, fix: bool, rehearse: bool = False, aspect_ratio: str = "16:9"
) -> int:
    """Check the files one after the other and return the exit code: 0 clean, 1 something fails, 2 unreadable.

    `aspect_ratio` is the frame that is rehearsed in.

    Raises:
        InvalidInput: Standard input is to be mended, or there is no such aspect ratio.
        CheckerError: The checker failed.
        SandboxError: There is no sandbox to rehearse in.
    """
    if fix and any(str(path) == "-" for path in paths):
        raise InvalidInput("--fix writes files; standard input is none.", hint="Name the file.")
    options = frame_options(aspect_ratio)
    settings = read_settings()
    checker = bootstrap.build_checker()
    with ExitStack() as stack:
        stack.callback(checker.close)
        sandbox = stack.enter_context(bootstrap.run_launcher(settings, os.environ)) if rehearse else None
        looked = []
        for one in _looked(checker, paths, policy_of(settings), fix=fix):
            if sandbox is not None and one.code:
                _rehearse(one, sandbox, bootstrap.limits_of(settings), options)
            looked.append(_shown(one, as_json=as_json))
    if as_json:
        show_json([{"file": str(one.path), **one.told} for one in looked])
    else:
        show_sum([one.told for one in looked], fixed=fix)
    return max((one.exit_code for one in looked), default=CLEAN)


def _looked(checker: Checker, paths: Sequence[Path], policy: Severity, *, fix: bool) -> Iterator[Looked]:
    for path in paths:
        one = _read(path)
        if not one.told:
            one.told = look_over(checker, one.code, policy)
            one.exit_code = CLEAN if one.told["ok"] else FOUND
            if fix and one.told["fixed_code"] is not None:
                _mend(checker, one, policy)
        yield one


def _rehearse(one: Looked, sandbox: Sandbox, limits: Limits, options: Options) -> None:
    """Execute a scene, too; what only that shows is an error like the checker's."""
    one.told |= rehearse_scene(sandbox, one.code, limits, options)
    one.told["ok"] = one.told["ok"] and one.told["error"] is None
    one.exit_code = CLEAN if one.told["ok"] else FOUND


def _mend(checker: Checker, one: Looked, policy: Severity) -> None:
    """Write the mended source, and tell of what is left in it."""
    fixed, fixes = one.told["fixed_code"], one.told["fixes"]
    try:
        _write(one.path, fixed)
    except OSError as error:
        one.told, one.exit_code = _finding("unwritable", f"It cannot be written: {error.strerror}."), USAGE
        return
    one.code, one.written = fixed, True
    one.told = look_over(checker, fixed, policy) | {"fixed_code": fixed, "fixes": fixes}
    one.exit_code = CLEAN if one.told["ok"] else FOUND


def _shown(one: Looked, *, as_json: bool) -> Looked:
    if not as_json:
        show_findings(one.path, one.code, one.told, written=one.written)
    return one


# ---------------------------------------------------------------- files


def _read(path: Path) -> Looked:
    """Read a file; one that cannot be read is told of like a finding."""
    try:
        with nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb") as stream:
            data = stream.read(MAX_CODE_BYTES + 1)
        code = data.decode("utf-8-sig")
    except OSError as error:
        told = _finding("unreadable", f"It cannot be read: {error.strerror}.", "Name a Python file.")
        return Looked(path=path, told=told, exit_code=USAGE)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        told = _finding("bad-encoding", "It is not UTF-8 text.", "Save it as UTF-8.", line=line)
        return Looked(path=path, told=told, exit_code=FOUND)
    if len(data) > MAX_CODE_BYTES:
        told = _finding("too-long", f"It is longer than {MAX_CODE_BYTES} bytes; no such scene is rendered.")
        return Looked(path=path, told=told, exit_code=FOUND)
    if not code.strip():
        return Looked(path=path, told=_finding("empty", "It holds no code."), exit_code=FOUND)
    return Looked(path=path, code=code)


def _finding(rule: str, message: str, hint: str = "", *, line: int = 1) -> dict[str, Any]:
    place = {"line": line, "column": 1, "end_line": line, "end_column": 1}
    found = {"rule": rule, "severity": Severity.ERROR.value, **place, "message": message, "hint": hint}
    return {"ok": False, "diagnostics": [{**found, "nearest": None, "fix": None}], "fixed_code": None, "fixes": []}


def _write(path: Path, code: str) -> None:
    """Replace a file at once, keeping its mode and its byte-order mark."""
    place = path.resolve()
    mark = BOM if place.read_bytes().startswith(BOM) else b""
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(mark + code.encode())
        Path(name).chmod(place.stat().st_mode & 0o7777)
        Path(name).replace(place)
    except OSError:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
