"""The landlock backend as a whole: who may use it, when it is taken, and what it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from landlock_runs import PLAIN_UID, Runner, runner
from manimatic.errors import JobCancelled, SandboxUnavailable
from manimatic.jobs import Options, Quality, new_id
from manimatic.ports import RunRequest
from manimatic.sandbox.choice import FirstAvailable
from manimatic.sandbox.landlock import MISSING, LandlockSandbox, insist
from manimatic.sandbox.mp4 import inspect_mp4
from manimatic.sandbox.runtime import runtime_root
from sandbox_bench import SMALL, Bench, Heard
from support import require
from zoo import NOT_HELD, ZOO, facts_of, scenes, source_of

HERE = Path(__file__).parent
WALLS_STAND = {"deeds": {"make a socket": "PermissionError"}, "own": {"write here": "done"}}


@pytest.fixture(scope="module")
def plain_user() -> Iterator[Runner]:
    """The backend under a plain user, without groups."""
    with runner(PLAIN_UID + 2 if os.geteuid() == 0 else 0) as served:
        yield served


@pytest.mark.parametrize("path", scenes(), ids=lambda path: path.stem)
def test_a_scene_of_the_zoo_gets_its_verdict_under_a_plain_user(plain_user: Runner, path: Path) -> None:
    """The same verdicts as with a uid for each run."""
    facts = facts_of(path)
    verdict, _ = NOT_HELD.get(("landlock", path.stem), (facts["verdict"], ""))
    outcome = plain_user.run(source_of(path), timeout_s=10.0 if verdict == "timeout" else SMALL.timeout_s)
    assert outcome.verdict == verdict, outcome
    assert outcome.line == int(facts["line"]) if "line" in facts else True
    assert outcome.parts >= int(facts.get("parts", 0))
    assert outcome.has_video == (verdict == "ok")


def test_report_names_what_only_namespaces_give(landlock_sandbox: LandlockSandbox) -> None:
    """Every loss stands in the report that goes into the job."""
    report = landlock_sandbox.describe()
    assert report["backend"] == "landlock"
    assert set(MISSING) <= set(report["missing"])


def test_cancelling_ends_the_run(landlock_sandbox: LandlockSandbox, tmp_path: Path) -> None:
    """Nothing of the run is there when `run` returns."""
    cancel, heard = threading.Event(), Heard()
    code = "self.wait(0.1)\nwhile True:\n    pass\n"
    request = RunRequest(run_id=new_id(), code=code, options=Options(quality=Quality.LOW), limits=SMALL)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(landlock_sandbox.run, request, heard, cancel, tmp_path)
        for _ in range(1200):
            if heard.animations or running.done():
                break
            threading.Event().wait(0.05)
        cancel.set()
        with pytest.raises(JobCancelled):
            running.result(timeout=60)
    assert not list((runtime_root() / "runs").glob(f"*{request.run_id}"))


def test_two_runs_at_once_do_not_meet(landlock_sandbox: LandlockSandbox, tmp_path: Path) -> None:
    """Each kills and forks all it can; both end well."""
    code = (
        "import os, signal, time\n"
        "for _ in range(20):\n"
        "    try:\n        os.kill(-1, signal.SIGKILL)\n    except OSError:\n        pass\n"
        "    time.sleep(0.1)\n"
        "self.wait(0.1)\n"
    )
    benches = []
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        benches.append(Bench(landlock_sandbox, tmp_path / str(number)))
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda bench: bench.run(code), benches))
    assert [result.verdict for result in results] == ["ok", "ok"], [result.message for result in results]


def test_parts_join_without_namespaces(landlock_bench: Bench, tmp_path: Path) -> None:
    """After a limit, what was finished becomes a video."""
    first = landlock_bench.run("self.wait(0.4)\nself.wait(0.6)\nraise ValueError\n")
    parts = tuple(item.path for item in first.artefacts if item.kind == "part")
    folder = tmp_path / "joined"
    folder.mkdir()
    request = RunRequest(run_id=new_id(), code="", options=Options(quality=Quality.LOW), limits=SMALL, parts=parts)
    joined = landlock_bench.sandbox.run(request, Heard(), threading.Event(), folder)
    assert joined.video is not None, joined.message
    assert joined.video.duration_s == pytest.approx(1.0, abs=0.1)


def test_auto_takes_it_where_user_namespaces_are_forbidden(tmp_path: Path) -> None:
    """The command line renders there by itself, and doctor says how."""
    environ = {"PATH": "/usr/bin:/bin", "MANIMATIC_DATA_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    environ |= {"HOME": os.environ.get("HOME", "/")}
    start = [sys.executable, str(HERE.parent / "without_user_namespaces.py"), sys.executable, "-m", "manimatic.cli"]
    video = tmp_path / "video.mp4"
    for argv in (["render", str(ZOO / "ok_square.py"), "-o", str(video), "-q", "l"], ["doctor"]):
        done = subprocess.run([*start, *argv], env=environ, capture_output=True, text=True, check=False, timeout=110)
        assert done.returncode == 0, done.stdout + done.stderr
    assert inspect_mp4(video, 10_000_000).height == 480
    assert "landlock backend" in done.stdout


def test_a_wall_that_lets_something_through_refuses() -> None:
    """What a trial run could do and must not is named, and so is what it could not."""
    insist(WALLS_STAND, 7, is_root=False)
    with pytest.raises(SandboxUnavailable, match="make a socket"):
        insist({**WALLS_STAND, "deeds": {"make a socket": "done"}}, 7, is_root=True)
    with pytest.raises(SandboxUnavailable, match="write here"):
        insist({**WALLS_STAND, "own": {"write here": "OSError"}}, 7, is_root=True)


def test_an_old_landlock_needs_uids() -> None:
    """Before ABI 6 a run could end other processes of its user, unless it has a user of its own."""
    insist(WALLS_STAND, 5, is_root=True)
    with pytest.raises(SandboxUnavailable, match="ABI 5"):
        insist(WALLS_STAND, 5, is_root=False)


class Refuses:
    """A sandbox that cannot be had."""

    def describe(self) -> dict[str, object]:
        """Refuse."""
        raise SandboxUnavailable("not here", hint="Elsewhere.")

    run = supervise = describe


def test_first_that_is_available_is_taken(landlock_sandbox: LandlockSandbox) -> None:
    """Why the stronger ones were passed over stands in the report."""
    chosen = FirstAvailable([("bubblewrap", Refuses()), ("landlock", landlock_sandbox)])  # type: ignore[list-item]
    assert chosen.describe()["missing"]["bubblewrap"] == "not here"
    with pytest.raises(SandboxUnavailable, match="bubblewrap: not here"):
        FirstAvailable([("bubblewrap", Refuses())]).describe()  # type: ignore[list-item]


def test_kernel_without_landlock_is_refused(tmp_path: Path) -> None:
    """No file wall, no run."""
    require(os.geteuid() == 0, "needs root to load the filter")
    code = (
        "import errno, sys\nfrom manimatic.sandbox import bpf\nfrom manimatic_worker.confine import apply_seccomp\n"
        "no, yes = bpf.give(0x50000 | errno.ENOSYS), bpf.give(0x7FFF0000)\n"
        "apply_seccomp(bpf.assemble(bpf.load(0) + bpf.branch(bpf.IF_EQUAL, 444, no, yes)))\n"
        "from pathlib import Path\nfrom manimatic.sandbox.cgroup import NoGroups\n"
        "from manimatic.sandbox.identity import take_identity\nfrom manimatic.sandbox.landlock import LandlockSandbox\n"
        "from manimatic.sandbox.runtime import runtime_root\n"
        "with take_identity(Path(sys.argv[1])) as identity:\n"
        "    print(LandlockSandbox(NoGroups(()), identity, runtime_root()).describe())\n"
    )
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join(sys.path)}
    argv = [sys.executable, "-c", code, str(tmp_path)]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, timeout=110)
    assert "SandboxUnavailable" in done.stderr, done.stdout + done.stderr
    assert "There is no file wall" in done.stderr
