"""Landlock, resource limits and dumpability in the real kernel."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from manimatic.sandbox.mp4 import inspect_mp4
from manimatic_worker.confine import landlock_abi
from support import require

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")

PLUGINS = str(Path(__file__).resolve().parents[2] / "fastmanim/src")
"""Manim's command line imports every plugin that is installed beside it."""
PRELUDE = """
import os, resource, signal, socket, subprocess, sys
from manimatic_worker.confine import *
def attempt(action):
    try:
        action()
    except OSError as error:
        return type(error).__name__
    return "done"
ROOT = sys.argv[1]
RULES = LandlockRules(
    read_only=("/usr", "/lib", "/lib64", "/etc", "/bin", sys.prefix, sys.base_prefix, ROOT + "/read", "/no/such/path"),
    writable=(ROOT + "/write", ROOT + "/also", "/dev/null"),
)
"""
NO_LANDLOCK = """
import errno
from manimatic.sandbox import bpf
kill = bpf.branch(bpf.IF_AT_LEAST, 447, bpf.give(0x7FFF0000), bpf.give(0x50000 | errno.ENOSYS))
apply_seccomp(bpf.assemble(bpf.load(0) + bpf.branch(bpf.IF_AT_LEAST, 444, kill, bpf.give(0x7FFF0000))))
"""


def needs_landlock(abi: int) -> None:
    """Skip on an older kernel."""
    require(landlock_abi() >= abi, f"needs Landlock ABI {abi}, this kernel has {landlock_abi()}")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder to read, two to write and one that is out of reach."""
    for name in ("read", "write", "also", "secret"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    return tmp_path


@pytest.fixture
def abstract_listener() -> Iterator[str]:
    """An abstract socket of this process, as the host's services have them."""
    name = f"manimatic-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0" + name)
        server.listen()
        yield name


def guest(body: str, *args: str) -> str:
    """Run Python code in a process of its own and give what it printed."""
    command = [sys.executable, "-c", PRELUDE + body, *args]
    env = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def confined(expression: str, tree: Path) -> str:
    """Give what an expression prints behind Landlock."""
    needs_landlock(1)
    return guest(f"apply_landlock(RULES)\nprint({expression})", str(tree))


@pytest.mark.parametrize(
    ("action", "outcome"),
    [
        ("open(ROOT + '/read/file').close()", "done"),
        ("os.listdir(ROOT + '/read')", "done"),
        ("open(ROOT + '/write/new', 'w').close()", "done"),
        ("os.makedirs(ROOT + '/write/deep/deeper')", "done"),
        ("os.unlink(ROOT + '/write/file')", "done"),
        ("os.symlink('/etc/passwd', ROOT + '/write/link')", "done"),
        ("open('/dev/null', 'w').close()", "done"),
        ("subprocess.run(['/bin/true'], check=True)", "done"),
        ("open(ROOT + '/read/file', 'w').close()", "PermissionError"),
        ("os.unlink(ROOT + '/read/file')", "PermissionError"),
        ("open(ROOT + '/read/new', 'w').close()", "PermissionError"),
        ("open(ROOT + '/secret/file').close()", "PermissionError"),
        ("os.listdir(ROOT + '/secret')", "PermissionError"),
        ("os.listdir('/')", "PermissionError"),
        ("open('/proc/1/environ').close()", "PermissionError"),
        ("os.mkfifo(ROOT + '/write/fifo')", "PermissionError"),
        ("os.mknod(ROOT + '/write/null', 0o20666, os.makedev(1, 3))", "PermissionError"),
        ("os.mknod(ROOT + '/write/disk', 0o60666, os.makedev(7, 0))", "PermissionError"),
        ("socket.socket(socket.AF_UNIX).bind(ROOT + '/write/socket')", "PermissionError"),
        ("os.link(ROOT + '/read/file', ROOT + '/write/hard')", "OSError"),
        ("os.rename(ROOT + '/secret/file', ROOT + '/write/stolen')", "PermissionError"),
    ],
)
def test_path_is_reachable_as_its_rule_says(action: str, outcome: str, tree: Path) -> None:
    """Read-only paths are read, writable paths are written, all others are refused."""
    assert confined(f"attempt(lambda: {action})", tree) == outcome


def test_program_in_a_writable_folder_cannot_be_executed(tree: Path) -> None:
    """What the guest writes it cannot run as a program of its own."""
    program = tree / "write" / "program"
    program.write_bytes(Path("/bin/true").read_bytes())
    program.chmod(0o755)
    assert confined("attempt(lambda: subprocess.run([ROOT + '/write/program']))", tree) == "PermissionError"


def test_file_moves_between_writable_folders(tree: Path) -> None:
    """Renames across folders, which Landlock forbids unless told otherwise, work where ABI >= 2."""
    needs_landlock(2)
    assert confined("attempt(lambda: os.rename(ROOT + '/write/file', ROOT + '/also/moved'))", tree) == "done"


def test_read_only_file_cannot_be_truncated(tree: Path) -> None:
    """Emptying a file counts as writing where ABI >= 3."""
    needs_landlock(3)
    assert confined("attempt(lambda: os.truncate(ROOT + '/read/file', 0))", tree) == "PermissionError"


def test_tcp_is_denied(tree: Path) -> None:
    """Neither bind nor connect on TCP where ABI >= 4."""
    needs_landlock(4)
    expression = "[attempt(lambda: getattr(socket.socket(), act)(('127.0.0.1', 9))) for act in ('bind', 'connect')]"
    assert confined(expression, tree) == "['PermissionError', 'PermissionError']"


def test_abstract_socket_of_the_host_is_out_of_reach(tree: Path, abstract_listener: str) -> None:
    """The name is known, the connection is refused, where ABI >= 6."""
    needs_landlock(6)
    reach = f"attempt(lambda: socket.socket(socket.AF_UNIX).connect('\\0{abstract_listener}'))"
    assert guest(f"print({reach})", str(tree)) == "done"
    assert confined(reach, tree) == "PermissionError"


def test_signal_to_a_process_outside_is_refused(tree: Path) -> None:
    """Neither to kill nor to probe, where ABI >= 6; its own children it may kill."""
    needs_landlock(6)
    assert confined("attempt(lambda: os.kill(os.getppid(), 0))", tree) == "PermissionError"
    child = "(lambda child: (child.kill(), child.wait()))(subprocess.Popen(['/bin/sleep', '60']))[1]"
    assert confined(child, tree) == "-9"


def test_children_stay_confined(tree: Path) -> None:
    """A shell started afterwards has the same walls."""
    shell = f"subprocess.run(['/bin/sh', '-c', 'cat {tree}/secret/file'], capture_output=True).returncode"
    assert confined(shell, tree) == "1"


def test_report_names_what_is_in_force(tree: Path) -> None:
    """The ABI, the number of rules and the path that was not there."""
    needs_landlock(6)
    body = "report = apply_landlock(RULES)\nprint(report.abi, report.in_force, report.missing, report.tcp_denied)"
    assert guest(body, str(tree)) == f"{landlock_abi()} True ('/no/such/path',) True"
    assert guest("print(apply_landlock(RULES).scopes)", str(tree)) == "('abstract_unix_sockets', 'signals')"


def test_kernel_without_landlock_gives_a_report_with_abi_0(tree: Path) -> None:
    """Absence is told, not raised; no_new_privs is set all the same."""
    body = "report = apply_landlock(RULES)\nprint(report.abi, report.in_force, bool(report.reason))"
    status = "\nprint([line.split()[1] for line in open('/proc/self/status') if line.startswith('NoNewPrivs')])"
    assert guest(NO_LANDLOCK + body + status, str(tree)) == "0 False True\n['1']"


def test_limits_are_in_force_after_apply_rlimits() -> None:
    """What the report says is what the kernel says, soft and hard."""
    body = """
report = apply_rlimits(Rlimits(open_files=100, processes=50, file_bytes=1000, cpu_s=30))
assert all(resource.getrlimit(getattr(resource, 'RLIMIT_' + name)) == (s, h) for name, s, h in report.limits)
print([report.soft(name) for name in ('CORE', 'MEMLOCK', 'MSGQUEUE', 'NOFILE', 'NPROC', 'FSIZE', 'CPU')])
"""
    assert guest(body, "") == "[0, 0, 0, 100, 50, 1000, 30]"


def test_limit_above_the_hard_limit_stays_at_the_hard_limit() -> None:
    """A lower limit from outside wins, even for root."""
    body = """
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
print(apply_rlimits(Rlimits(open_files=1024)).soft('NOFILE'))
"""
    assert guest(body, "") == "64"


@pytest.mark.parametrize(
    ("limits", "deed", "outcome"),
    [
        (
            "file_bytes=4096",
            "os.truncate(ROOT + '/write/file', 8192)",
            "OSError",
        ),
        ("open_files=20", "[os.dup(0) for _ in range(30)]", "OSError"),
        ("address_space_bytes=1 << 30", "bytes(2 << 30)", "MemoryError"),
    ],
)
def test_going_over_a_limit_fails(limits: str, deed: str, outcome: str, tree: Path) -> None:
    """The kernel refuses what is over the limit."""
    body = f"""
apply_rlimits(Rlimits({limits}))
try:
    {deed}
except (OSError, MemoryError) as error:
    print(type(error).__name__)
"""
    assert guest(body, str(tree)) == outcome


def test_too_many_processes_fail_for_a_plain_user() -> None:
    """Fork is refused at the limit; root would be spared, which is why a slot has a uid."""
    require(os.geteuid() == 0, "needs root to change to an unused uid")
    body = """
os.setgroups([]); os.setgid(64321); os.setuid(64321)
apply_rlimits(Rlimits(processes=5))
children = []
def fork():
    while len(children) < 50:
        child = os.fork()
        if child == 0:
            signal.pause()
        children.append(child)
outcome = attempt(fork)
for child in children:
    os.kill(child, 9)
print(outcome, len(children))
"""
    assert guest(body, "") == "BlockingIOError 4"


def test_dropped_dumpability_is_reported_and_closes_proc() -> None:
    """The process's /proc files belong to root afterwards."""
    body = """
before = open('/proc/self/environ').close()
report = drop_dumpable()
print(report.dumpable, os.stat('/proc/self/environ').st_uid)
"""
    assert guest(body, "") == "False 0"


def test_scene_renders_behind_all_walls_of_one_process(tree: Path) -> None:
    """Landlock, limits and the call filter together let the real Manim and TeX work, without bwrap."""
    needs_landlock(1)
    manim = Path(sys.executable).with_name("manim")
    require(manim.exists() and shutil.which("latex"), "needs manim and latex")
    (tree / "read" / "scene.py").write_text(
        "from manim import *\n"
        "class S(Scene):\n"
        "    def construct(self):\n"
        "        self.play(Write(VGroup(Text('a'), MathTex('x'))), run_time=0.2)\n"
    )
    body = f"""
from manimatic.sandbox.seccomp import filter_bytes
program = filter_bytes()
report = apply_landlock(LandlockRules(
    read_only=("/usr", "/lib", "/lib64", "/etc", "/bin", "/var/lib", "/var/cache", "/proc", "/sys", "/dev/urandom",
               {str(manim.parents[1])!r}, sys.base_prefix, {PLUGINS!r}, ROOT + "/read"),
    writable=(ROOT + "/write", "/dev/null", "/dev/shm"),
))
apply_rlimits(Rlimits())
apply_seccomp(program)
home = ROOT + "/write"
os.chdir(home)
env = {{"PATH": "/usr/bin:/bin", "HOME": home, "TMPDIR": home, "OPENBLAS_NUM_THREADS": "1"}}
os.execve({str(manim)!r}, ["manim", "-ql", ROOT + "/read/scene.py", "S", "--media_dir", home + "/media"], env)
"""
    guest(body, str(tree))
    assert inspect_mp4(next(tree.rglob("S.mp4")), 10_000_000).height == 480
