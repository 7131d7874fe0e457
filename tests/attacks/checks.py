"""Further questions that a row asks the host about a run; each yields what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from manimatic.sandbox.bwrap_command import ENVIRON

from attacks.session import Observed, Session

END_S = 2.0
"""How much later than its wall-clock limit a run may have ended, with its sandbox taken down."""
DRAIN_S = 8.0
"""How much longer a run may take whose main process has ended while others hold its pipes."""
CPU_TOLERANCE = 1.15
CPU_START_S = 1.5
"""CPU time that a run may have used before its quota could be looked at."""
SLOWER = 4.0
"""A good run beside a hostile one may take so many times its usual time."""
_FILTERED = ("2", "3")  # under a filter, and just killed by one
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def on_time(session: Session, found: Observed) -> Iterator[str]:
    """Ask whether the run ended at its limit."""
    limit_s = found.timeout_s
    if not limit_s - 0.2 <= found.figures["wall_s"] <= limit_s + END_S:
        yield f"it ended after {found.figures['wall_s']} s; its limit is {limit_s:g} s"


def no_hang(session: Session, found: Observed) -> Iterator[str]:
    """Ask whether the run ended soon after its main process."""
    usual_s = float(found.figures.get("ready_s", 0.0))
    if found.wall_s > usual_s + DRAIN_S:
        yield f"it took {found.wall_s:.1f} s although its main process had ended"


def cpu_share(session: Session, found: Observed) -> Iterator[str]:
    """Ask the group's counter, where there is one, how much CPU the run has used."""
    cores = 1.0
    used_s, wall_s = found.figures.get("cpu_s"), found.figures["wall_s"]
    if used_s is None:
        layers = found.isolation["layers"]
        if "watchdog" not in layers["cpu"]:
            yield "nobody has counted its CPU time"
    elif used_s > wall_s * cores * CPU_TOLERANCE + CPU_START_S:
        yield f"it used {used_s} s of CPU in {wall_s} s"


def rights(session: Session, found: Observed) -> Iterator[str]:
    """Ask the host's own /proc which rights the run's processes had."""
    if not session.exact or found.isolation["layers"].get("runtime") == "runsc":
        return  # under gVisor the host sees the guest's kernel and not its processes
    deepest = max((int(one.get("Seccomp_filters", "0")) for one in found.guests), default=0)
    workers = [one for one in found.guests if int(one.get("Seccomp_filters", "0")) == deepest]
    if not deepest:
        yield "no process with a system-call filter was seen"
    for one in workers:
        uids = set(one["Uid"].split())
        if "0" in uids:
            yield f"a process of the run was the host's root: {one}"
        if (
            one["NoNewPrivs"] != "1"
            or one["Seccomp"] not in _FILTERED
            or int(one["CapEff"], 16)
            or int(one["CapPrm"], 16)
        ):
            yield f"a process of the run had more rights than it may: {one}"


def printable_text(session: Session, found: Observed) -> Iterator[str]:
    """Ask whether the log and the message are safe to show, and come through JSON."""
    for name, text in {"log": found.text, "message": found.message}.items():
        if hit := UNSAFE.search(text):
            yield f"the {name} holds {hit[0]!r}"
        if json.loads(json.dumps(text)).encode() != text.encode():
            yield f"the {name} does not come through JSON"


def flat_log(session: Session, found: Observed) -> Iterator[str]:
    """Ask whether the log was cut at its cap."""
    if len(found.text) > found.run.limits.get("max_log_bytes", 64 * 1024) + 4096:
        yield f"the log has {len(found.text)} characters"


def no_video(session: Session, found: Observed) -> Iterator[str]:
    """Ask whether nothing was taken for a video."""
    if found.has_video:
        yield "a video was taken"


def nothing_handed_on(session: Session, found: Observed) -> Iterator[str]:
    """Ask whether what an earlier run left is in nothing of this one."""
    if found.run.scene == "hostile_leaves_things":
        return
    for name, token in session.tokens.items():
        if name != found.run.name and token in found.seen:
            yield f"a token of the run {name} was found"


def own_numbers(session: Session, found: Observed) -> Iterator[str]:
    """Ask whether a second run draws other numbers, ids and addresses than the first one."""
    again = session.once(found.run, number=1000)
    first, second = found.told.get("drawn", "").split(), again.told.get("drawn", "").split()
    if not first or len(first) != len(second):
        yield "nothing was drawn"
    yield from (f"drawn twice: {one}" for one, other in zip(first[1:], second[1:], strict=False) if one == other)
    if again.told.get("marks", "").startswith("done"):
        yield "the second run found what the first had left in its process"
    yield from again.broken


def others_go_on(session: Session, found: Observed) -> Iterator[str]:
    """Ask whether a good run beside this one is not slowed down beyond what its share allows."""
    alone_s = session.good().wall_s
    with ThreadPoolExecutor(2) as pool:
        hostile = pool.submit(session.once, found.run, number=1, alone=False)
        beside = pool.submit(session.good, alone=False)
        beside_s = beside.result().wall_s
        hostile.result()
    if beside.result().verdict != "ok":
        yield f"the run beside it ended as {beside.result().verdict}"
    if beside_s > alone_s * SLOWER + CPU_START_S:
        yield f"the run beside it took {beside_s:.1f} s instead of {alone_s:.1f} s"


def own_paths_only(session: Session, found: Observed) -> Iterator[str]:
    """Ask whether what a run can read of itself names nothing of the session's own."""
    own = str(session.canaries.house.parent)
    for name, told in found.told.items():
        if name.startswith("own ") and own + "/house" in told:
            yield f"{name} names the host's folders"


def environment(session: Session, found: Observed) -> Iterator[str]:
    """Ask whether the environment held no more than its fixed names."""
    extra = {"PWD", "MALLOC_ARENA_MAX", "LC_CTYPE", "HOSTNAME"}
    names = set(found.told.get("environment", "").split()[1:])
    if not names:
        yield "it did not say what is in its environment"
    if more := names - set(ENVIRON) - extra:
        yield f"its environment holds {sorted(more)}"


def no_core(session: Session, found: Observed) -> Iterator[str]:
    """Ask whether a crash left no memory image, whoever the kernel would hand it to."""
    folder = Path(Path("/proc/sys/kernel/core_pattern").read_text().strip()).parent
    if folder.is_absolute() and folder.is_dir() and any(folder.glob("core*")):
        yield f"a core file lies in {folder}"


CHECKS: Mapping[str, Callable[[Session, Observed], Iterator[str]]] = {
    one.__name__: one
    for one in (
        on_time, no_hang, cpu_share, rights, printable_text, flat_log, no_video, nothing_handed_on, own_numbers,
        others_go_on, own_paths_only, environment, no_core,
    )
}  # fmt: skip
