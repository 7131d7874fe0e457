"""Look over the machine for what the sandbox needs: the walls first, then what scenes are made with."""

from __future__ import annotations

import dataclasses
import datetime
import importlib.util
import shutil
import stat
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from manimatic.errors import SandboxError
from manimatic.findings import Finding, Level, error, ok, warning
from manimatic.sandbox import bwrap_command, seccomp
from manimatic.sandbox.cgroup import GroupReport
from manimatic.sandbox.examine_tools import examine_tools
from manimatic.sandbox.identity import make_private
from manimatic.sandbox.machine import THIS_MACHINE, Machine
from manimatic.sandbox.patch_levels import examine_patch_level, known_tools
from manimatic.sandbox.slots import take_slot

_INSTALL = "apt-get update && apt-get install -y bubblewrap"
_APPARMOR = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
_APPARMOR_PROFILE = (
    "printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile bwrap /usr/bin/bwrap flags=(unconfined) {\\n"
    "  userns,\\n}\\n' > /etc/apparmor.d/bwrap && apparmor_parser -r /etc/apparmor.d/bwrap"
)
_SWITCHES: Mapping[str, tuple[str, str, str]] = {
    _APPARMOR: (
        "1",
        "AppArmor's rule kernel.apparmor_restrict_unprivileged_userns forbids them (as on Ubuntu since 23.10)",
        f"{_APPARMOR_PROFILE}   # or, for every program: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    "/proc/sys/kernel/unprivileged_userns_clone": (
        "0",
        "kernel.unprivileged_userns_clone forbids them",
        "sysctl -w kernel.unprivileged_userns_clone=1",
    ),
    "/proc/sys/user/max_user_namespaces": (
        "0",
        "user.max_user_namespaces allows none",
        "sysctl -w user.max_user_namespaces=15000",
    ),
}
_DELEGATE = (
    "Run Manimatic as root or as a systemd service with Delegate=yes; for a plain user: "
    "mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu memory pids\\n' "
    "> /etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload, then log in again"
)
_KERNEL_PROBE = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from manimatic_worker.confine import apply_seccomp, landlock_abi; print(landlock_abi(), flush=True); "
    "apply_seccomp(sys.stdin.buffer.read()); print('filtered', flush=True)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What the examination is told of this installation.

    Attributes:
        slots: The folder that locks the uids of runs.
        groups: Says which resource groups there are; it may take seconds.
        runtime_missing: Names the parts of the guest runtime that are not installed yet.
        try_landlock: Tries the backend that needs no namespaces; None where the settings do not allow it.
        needs_bubblewrap: No other backend is tried first.
        tools: Names of `patch_levels.known_tools` whose age is looked at, beside bubblewrap.
        today: What ages are counted to.
    """

    slots: Path
    groups: Callable[[], GroupReport]
    runtime_missing: Callable[[], list[str]]
    try_landlock: Callable[[], Mapping[str, Any]] | None = None
    needs_bubblewrap: bool = True
    tools: Sequence[str] = ("kernel", "runc", "runsc")
    today: datetime.date = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).date())


def examine(places: Places, machine: Machine = THIS_MACHINE, *, quick: bool = False) -> list[Finding]:
    """Return the findings about the sandbox; a quick look only asks whether a sandbox can be made at all."""
    found = (
        [*_bubblewrap(machine, places.today), *_namespaces(machine, places.slots)] if places.needs_bubblewrap else []
    )
    if places.try_landlock and (not found or any(item.level is Level.ERROR for item in found)):
        found = list(_without_namespaces(found, places.try_landlock))
    if quick:
        return found
    found += [*_groups(places.groups()), *_kernel(machine), _core_dumps(machine), _runtime(places)]
    return [*found, *examine_tools(machine), *_patch_levels(machine, places)]


# ---------------------------------------------------------------- bubblewrap and namespaces


def _bubblewrap(machine: Machine, today: datetime.date) -> Iterator[Finding]:
    path = _find_bubblewrap(machine)
    if path is None:
        yield error("bubblewrap", "bubblewrap is not installed.", _INSTALL)
        return
    if machine.path(path).stat().st_mode & stat.S_ISUID:
        yield warning(
            "bubblewrap setuid", f"{path} is set-uid root, which has had holes of its own.", f"chmod u-s {path}"
        )
    yield examine_patch_level(machine, known_tools()["bubblewrap"], today, path) or ok("bubblewrap", path)


def _find_bubblewrap(machine: Machine) -> str | None:
    return machine.find("bwrap") or (shutil.which("bwrap") if machine.root == Path("/") else None)


def _patch_levels(machine: Machine, places: Places) -> Iterator[Finding]:
    tools = known_tools()
    for name in places.tools:
        if finding := examine_patch_level(machine, tools[name], places.today):
            yield finding


def _namespaces(machine: Machine, slots: Path) -> Iterator[Finding]:
    path = _find_bubblewrap(machine)
    if path is None:
        return
    try:
        make_private(slots.parent)
        with take_slot(slots) as slot:
            done = machine.call(*bwrap_command.probe_command(path), slot=slot)
    except SandboxError as failure:
        yield error("namespaces", f"No slot for a trial sandbox: {failure.message}", failure.hint)
        return
    if done.status == 0:
        who = f"uid {slot.uid}" if slot.uid is not None else "this user"
        yield ok("namespaces", f"{who} can make a sandbox with namespaces of its own")
        return
    yield _why_no_namespaces(machine, done.complaint)


def _why_no_namespaces(machine: Machine, complaint: str) -> Finding:
    for name, (bad, why, mend) in _SWITCHES.items():
        if machine.read(name) == bad:
            return error("namespaces", f"bubblewrap cannot make namespaces: {why}. It said: {complaint}", mend)
    return error(
        "namespaces",
        f"bubblewrap cannot make namespaces: {complaint or 'it said nothing'}.",
        "Containers forbid them: run Manimatic on the machine itself. Elsewhere: unshare --user true   # says more",
    )


def _without_namespaces(found: list[Finding], attempt: Callable[[], Mapping[str, Any]]) -> Iterator[Finding]:
    """Try the backend that needs none; where it works, what is missing for bubblewrap keeps nothing from running."""
    try:
        report = attempt()
    except SandboxError as failure:
        yield from found
        yield error("landlock backend", failure.message, failure.hint)
        return
    for item in found:
        yield dataclasses.replace(item, level=Level.WARNING) if item.level is Level.ERROR else item
    yield ok("landlock backend", f"scenes run without namespaces; missing: {', '.join(report['missing'])}")


# ---------------------------------------------------------------- limits and the kernel's own walls


def _groups(report: GroupReport) -> Iterator[Finding]:
    held = {"memory": report.memory, "cpu": report.cpu, "processes": report.pids}
    missing = [name for name, is_held in held.items() if not is_held]
    if not missing:
        yield ok("cgroup", f"cgroup {report.kind} holds memory, CPU and processes")
        return
    yield warning(
        "cgroup",
        f"No control group holds {' and '.join(missing)} ({_shortened(report.reasons)}). "
        "A watchdog looks several times a second instead; it is weaker.",
        _DELEGATE,
    )


def _shortened(reasons: Sequence[str]) -> str:
    """Return the first reason of each kind of group; the others say the same of other controllers."""
    return "; ".join({reason.partition(":")[0]: reason for reason in reversed(reasons)}.values())


def _kernel(machine: Machine) -> Iterator[Finding]:
    try:
        program = seccomp.filter_bytes()
    except seccomp.PolicyError as failure:
        yield error("seccomp", f"There is no system-call filter for this machine: {failure}.", "Use x86_64 or aarch64.")
        return
    done = machine.call(sys.executable, "-I", "-S", "-B", "-c", _KERNEL_PROBE, _worker_folder(), data=program)
    abi, _, filtered = done.output.partition("\n")
    yield _landlock(int(abi) if abi.isdigit() else 0)
    if filtered.strip() == "filtered":
        yield ok("seccomp", f"the filter of {len(program) // 8} instructions loads")
    else:
        last = done.complaint.splitlines()[-1:] or ["it said nothing"]
        yield error(
            "seccomp",
            f"The kernel does not take the system-call filter: {last[0]}",
            "Use a kernel with CONFIG_SECCOMP_FILTER=y.",
        )


def _landlock(abi: int) -> Finding:
    if abi:
        return ok("landlock", f"ABI {abi}")
    return warning(
        "landlock",
        "This kernel has no Landlock, or it is switched off: the mounts are the only file wall.",
        'Use Linux 5.13 or newer, with landlock in the kernel\'s "lsm=" list.',
    )


def _worker_folder() -> str:
    spec = importlib.util.find_spec("manimatic_worker")
    places = list(spec.submodule_search_locations or ()) if spec else []
    return str(Path(places[0]).parent) if places else ""


def _core_dumps(machine: Machine) -> Finding:
    pattern = machine.read("/proc/sys/kernel/core_pattern")
    if not pattern.startswith("|"):
        return ok("core dumps", "no program is started when a process crashes")
    return warning(
        "core dumps",
        f"A crash, also of a scene, starts a program of the host as root: {pattern.split()[0]}",
        "sysctl -w kernel.core_pattern=core",
    )


def _runtime(places: Places) -> Finding:
    mend = "script/run --help   # installs what is missing"
    try:
        missing = places.runtime_missing()
    except SandboxError as failure:
        return error("guest runtime", failure.message, mend)
    if missing:
        return warning("guest runtime", f"Not installed yet: {', '.join(missing)}. The first run does it.", mend)
    return ok("guest runtime", "installed")
