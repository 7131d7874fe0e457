"""Inside the emulated machine of `script/prove-cgroup2`: run what control groups decide, in every place of a service.

Run by the machine's systemd as root: ``cgroup2_guest.py PLAIN_USER REPORT``. Writes one JSON object a line to REPORT:
`title`, `passed`, `seconds`, `note`; the last is `{"is_over": true}`.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SLOWDOWN = 8
"""By this the limits of time are longer here than on a real machine."""
STEP_TIMEOUT_S = 2400.0
PYTHON = f"{Path.cwd()}/.venv/bin/python"
CHOSEN = "from manimatic.sandbox import cgroup\ngroups = cgroup.choose()\nprint(groups.describe(), groups)"
HOLDS_ALL = "GroupReport(kind='v2', memory=True, cpu=True, pids=True, reasons=())"
ZOO = "ok_square or hostile_memory or hostile_memory_of_children or hostile_fork_bomb or hostile_endless_loop"
PYTEST = (PYTHON, "-B", "-m", "pytest", "-q", "-rs", "--timeout=1500")
GROUP_TESTS = (*PYTEST, "tests/sandbox/test_cgroup_real.py", "-k", "not one_stroke")
RUN_TESTS = (*PYTEST, "tests/sandbox/test_zoo.py", "-k", f"bubblewrap and ({ZOO})")
KEPT_TESTS = (*PYTEST, "tests/sandbox/test_zoo.py", "-k", "landlock and (hostile_memory or ok_square)")
SETTINGS = {"CI": "true", "TEST_SLOWDOWN": str(SLOWDOWN), "LANG": "C.UTF-8"}


@dataclass(frozen=True)
class Place:
    """Where a service may stand: how a command is started there, and what its chosen groups' folder must show."""

    title: str
    before: tuple[str, ...]
    in_a_login_of: str | None
    folder: str

    def command(self, argv: Sequence[str]) -> list[str]:
        """Return the command that runs argv in this place."""
        settings = [f"{name}={value}" for name, value in SETTINGS.items()]
        line = [*self.before, "env", f"--chdir={Path.cwd()}", *settings, *argv]
        if self.in_a_login_of:
            return ["runuser", "--login", self.in_a_login_of, "--command", shlex.join(line)]
        return line


def main(plain_user: str, report: str) -> int:
    """Run every step in every place."""
    only = re.search(r"\bonly=(\S*)", Path("/proc/cmdline").read_text())
    with Path(report).open("w") as stream:
        for place in places(plain_user):
            for title, argv, wanted in steps(place):
                if only is None or only[1] in title:
                    stream.write(json.dumps(take(title, place.command(argv), wanted)) + "\n")
                    stream.flush()
        stream.write(json.dumps({"is_over": True}) + "\n")
    return 0


def places(plain_user: str) -> list[Place]:
    """Return the places."""
    service = ("systemd-run", "--wait", "--pipe", "--collect", "--quiet", "--property=Delegate=yes")
    own = (service[0], "--user", *service[1:])
    return [
        Place("root's service", service, None, r"/system\.slice/run-\w+\.service'"),
        Place("login of a user", (), plain_user, r"/app\.slice/manimatic\.\d+\.\d+\.scope'"),
        Place("user's service", own, plain_user, r"/app\.slice/run-\w+\.service'"),
        Place("root without a service", (), None, r"PosixPath\('/sys/fs/cgroup'\), controllers"),
    ]


def steps(place: Place) -> list[tuple[str, Sequence[str], str]]:
    """Return title, command and what its output has to show, of all steps in one place."""
    chosen = (f"{place.title}: what is chosen", (PYTHON, "-c", CHOSEN), f"{re.escape(HOLDS_ALL)}.*{place.folder}")
    if place.title == "root without a service":
        return [chosen]
    tests = [("group tests", GROUP_TESTS), ("runs", RUN_TESTS)]
    if place.in_a_login_of is None:  # this kernel's Landlock is too old for a plain user
        tests.append(("runs without namespaces", KEPT_TESTS))
    return [chosen, *((f"{place.title}: {title}", argv, r"\d+ passed") for title, argv in tests)]


def take(title: str, command: Sequence[str], wanted: str) -> dict[str, object]:
    """Run one step to its end."""
    start = time.monotonic()
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=STEP_TIMEOUT_S
        )
        status, said = done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as error:
        status, said = -1, (error.stdout or b"").decode(errors="replace") + "\nIt took too long."
    passed = status == 0 and re.search(wanted, said) is not None
    note = said.strip().splitlines()[-1:] if passed else said.strip().splitlines()[-60:]
    return {"title": title, "passed": passed, "seconds": time.monotonic() - start, "note": "\n".join(note)}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
