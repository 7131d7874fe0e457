"""Warn of tools and kernels with holes that are known: `policy/patch_levels.json` says which, and what they mean here.

A version below the first one without the hole is mended all the same where the distribution has taken the patch into
an older version: its changelog then names the hole.
"""

from __future__ import annotations

import datetime
import gzip
import importlib.resources
import json
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from manimatic.findings import Finding, ok, warning
from manimatic.sandbox.machine import EVERYWHERE, Machine

MAX_CHANGELOG_CHARS = 8 << 20
"""A kernel's changelog goes back for years; the newest entries come first."""
Version = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """A known hole of a tool.

    Attributes:
        mended: For each series the first version known to be without it; the last one holds for all that comes after.
        since: The first version with it.
        backports: Versions of distributions' packages that are mended, and whose changelog may not say so.
        only_setuid: It is there only where the program is set-uid.
        means: What it means here, to be read after a colon.
    """

    cves: tuple[str, ...]
    mended: tuple[str, ...]
    means: str
    since: str = "0"
    backports: tuple[str, ...] = ()
    only_setuid: bool = False

    def has(self, version: Version) -> bool:
        """Tell whether this version, as its makers released it, has the hole."""
        if version < parse(self.since):
            return False
        firsts = sorted(map(parse, self.mended))
        return version < firsts[-1] and not any(version[:-1] == first[:-1] and version >= first for first in firsts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """How to ask a tool for its version, and what is known of it."""

    name: str
    version: str
    packages: tuple[str, ...]
    mend: str
    holes: tuple[Hole, ...]
    command: tuple[str, ...] = ()
    max_age_days: int | None = None
    ages: str = ""


def known_tools() -> dict[str, Tool]:
    """Read the data file."""
    text = importlib.resources.files("manimatic.sandbox").joinpath("policy/patch_levels.json").read_text("utf-8")
    return {name: _tool(name, body) for name, body in json.loads(text).items() if name != "about"}


def parse(text: str) -> Version:
    """Return a version's numbers, always three at least: 6.18 comes before 6.18.1."""
    numbers = tuple(map(int, text.split(".")))
    return numbers + (0,) * (3 - len(numbers))


def examine_patch_level(machine: Machine, tool: Tool, today: datetime.date, path: str | None = None) -> Finding | None:
    """Return what is known of the tool on this machine; None where it is not there.

    Args:
        machine: Where to look.
        tool: What to look for.
        today: What ages are counted to.
        path: The program, where it is known; else it is looked for.
    """
    program = path or machine.find(tool.command[0], EVERYWHERE)
    if program is None:
        return None
    done = machine.call(program, *tool.command[1:])
    return judge(machine, tool, done.output or done.complaint, today, program)


def examine_engine(machine: Machine, said: Mapping[str, Any], today: datetime.date | None = None) -> Iterator[Finding]:
    """Yield what is known of a container engine that has said its version, of its parts, and of the kernel.

    Args:
        machine: The engine's, which is this one.
        said: The answer to `GET /version`; empty where the engine does not answer.
        today: What ages are counted to; the day that it is, by default.
    """
    tools, today = known_tools(), today or datetime.datetime.now(datetime.UTC).date()
    parts = {str(part.get("Name")): str(part.get("Version")) for part in said.get("Components") or ()}
    if said:
        yield judge(machine, tools["docker"], str(said.get("Version")), today)
    if "runc" in parts:
        yield judge(machine, tools["runc"], f"runc version {parts['runc']}", today)
    for name in ("runsc", "kernel"):
        if finding := examine_patch_level(machine, tools[name], today):
            yield finding


def judge(machine: Machine, tool: Tool, said: str, today: datetime.date, program: str | None = None) -> Finding:
    """Return what is known of a tool that has said this of its version."""
    found = re.search(tool.version, said, re.MULTILINE)
    if found is None:
        return warning(tool.name, f"It does not say its version; it says: {said.strip()[:100] or 'nothing'}", tool.mend)
    text = next(filter(None, found.groups()))
    if tool.max_age_days is not None:
        return _age(tool, text, today)
    release = said.split()[0]
    return _holes(machine, tool, text, program, [name.format(release=release) for name in tool.packages])


def _holes(machine: Machine, tool: Tool, text: str, program: str | None, packages: Sequence[str]) -> Finding:
    suspect = [hole for hole in tool.holes if hole.has(parse(text)) and _concerns(machine, hole, program)]
    open_ones = [hole for hole in suspect if not _is_backported(machine, hole, packages)]
    if open_ones:
        told = " ".join(f"{' and '.join(hole.cves)}: {hole.means}" for hole in open_ones)
        return warning(tool.name, f"{text} may have {told}", tool.mend)
    if suspect:
        cves = ", ".join(cve for hole in suspect for cve in hole.cves)
        return ok(tool.name, f"{text}; the distribution has mended {cves} in it")
    return ok(tool.name, f"{text}, without a hole that is known here")


def _concerns(machine: Machine, hole: Hole, program: str | None) -> bool:
    if not hole.only_setuid:
        return True
    return program is not None and bool(machine.path(program).stat().st_mode & stat.S_ISUID)


def _is_backported(machine: Machine, hole: Hole, packages: Sequence[str]) -> bool:
    """Ask the distribution's own changelogs, and the list of those that are known to be silent."""
    told = "".join(_changelogs(machine, packages))
    if all(cve in told for cve in hole.cves):
        return True
    return any(_is_at_least(machine, name, backport) for name in packages for backport in hole.backports)


def _changelogs(machine: Machine, packages: Sequence[str]) -> Iterator[str]:
    for name in packages:
        try:
            path = machine.path(f"/usr/share/doc/{name}/changelog.Debian.gz")
            with gzip.open(path, "rt", encoding="utf-8", errors="replace") as stream:
                yield stream.read(MAX_CHANGELOG_CHARS)
        except (OSError, EOFError):
            continue


def _is_at_least(machine: Machine, package: str, backport: str) -> bool:
    """Tell whether the package is of the backport's upstream version, and not older than the backport."""
    if machine.find("dpkg-query") is None:
        return False
    installed = machine.call("dpkg-query", "-W", "-f", "${Version}", package).output
    if installed.rpartition("-")[0] != backport.rpartition("-")[0]:
        return False
    return machine.call("dpkg", "--compare-versions", installed, "ge", backport).status == 0


def _age(tool: Tool, text: str, today: datetime.date) -> Finding:
    days = (today - datetime.datetime.strptime(text[:8], "%Y%m%d").replace(tzinfo=datetime.UTC).date()).days
    if days > (tool.max_age_days or 0):
        return warning(tool.name, f"The release of {text[:8]} is {days} days old: {tool.ages}", tool.mend)
    return ok(tool.name, f"the release of {text[:8]}")


def _tool(name: str, body: Mapping[str, Any]) -> Tool:
    return Tool(name=name, **{**_frozen(body), "holes": tuple(Hole(**_frozen(hole)) for hole in body["holes"])})


def _frozen(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in body.items()}
