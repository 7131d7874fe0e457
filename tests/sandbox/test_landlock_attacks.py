"""What namespaces would have given, attacked where there are none: as root with slots, and as a plain user.

Verdicts are taken on the host: a canary that is unchanged, a listener that nobody reached, a process that lives. No
resource group is used, so that the weakest form of the backend is the one that is tried.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from landlock_runs import PLAIN_UID, Runner, runner
from manimatic.sandbox.slots import processes_of
from support import require

GOES_ON = "self.wait(0.1)\n"
TRY = """
import ctypes, fcntl, os, signal, socket, sys, time
def attempt(deed, *args):
    try:
        return deed(*args)
    except Exception as error:
        return error
"""


@pytest.fixture(scope="module", params=["slots", "plain user"])
def attacked(request: pytest.FixtureRequest) -> Iterator[Runner]:
    """The backend without groups, with a uid for each run or under one plain user."""
    is_root = os.geteuid() == 0
    require(is_root or request.param != "slots", "slots need root")
    with runner(PLAIN_UID if is_root and request.param == "plain user" else 0) as served:
        yield served


@pytest.fixture
def victim(attacked: Runner) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the launcher's user."""
    change = {"user": attacked.uid, "group": attacked.uid} if attacked.uid else {}
    with subprocess.Popen(["/bin/sleep", "300"], **change) as process:  # type: ignore[call-overload]
        yield process
        process.kill()


@pytest.fixture
def open_house(attacked: Runner) -> Iterator[Path]:
    """A folder and a file of the launcher's user that everybody may write."""
    folder = attacked.folder / "house"
    folder.mkdir()
    (folder / "file").write_text("canary")
    (folder / "folder").mkdir()
    for path in (folder, folder / "file", folder / "folder"):
        os.chown(path, attacked.uid or os.getuid(), -1)
        path.chmod(0o777)
    yield folder
    subprocess.run(["/bin/rm", "-rf", str(folder)], check=True)


def state_of(folder: Path) -> dict[str, tuple[object, ...]]:
    """Return what could be changed of a folder: names, contents, modes, owners, times."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted([folder, *folder.rglob("*")]):
        info = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (content, info.st_mode, info.st_uid, info.st_mtime_ns, info.st_nlink)
    return found


def assert_nothing_is_left(attacked: Runner, run_id: str) -> None:
    """No process that has the run's folder in its environment, no folder."""
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            assert run_id.encode() not in place.read_bytes()
        except OSError:
            continue
    if attacked.uid:
        assert set(processes_of(attacked.uid)) == {attacked.process.pid}
    assert not list((attacked.folder / "runs").glob(f"*{run_id}"))


def test_signals_reach_nobody_outside(attacked: Runner, victim: subprocess.Popen[bytes]) -> None:
    """Neither one by one nor all at once: the victim, the launcher and the keeper live, and the run goes on."""
    targets = [victim.pid, attacked.process.pid]
    code = TRY + (
        f"for pid in [{targets[0]}, {targets[1]}, os.getppid(), 1, -1]:\n"
        "    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):\n"
        "        attempt(os.kill, pid, number)\n"
        f"for pid in {targets}:\n"
        "    ours, theirs = os.pipe()\n"  # a descriptor that signals its owner when there is something to read
        "    attempt(fcntl.fcntl, ours, 10, signal.SIGKILL)\n"
        "    attempt(fcntl.fcntl, ours, fcntl.F_SETOWN, pid)\n"
        "    attempt(fcntl.fcntl, ours, fcntl.F_SETFL, os.O_ASYNC)\n"
        "    os.write(theirs, b'x')\n"
        "    fd = attempt(os.pidfd_open, pid)\n"
        "    attempt(signal.pidfd_send_signal, fd, signal.SIGKILL)\n"
    )
    outcome = attacked.run(code + GOES_ON)
    assert outcome.verdict == "ok", outcome
    assert victim.poll() is None
    assert attacked.process.poll() is None


def test_limits_and_priorities_of_others_stay(attacked: Runner, victim: subprocess.Popen[bytes]) -> None:
    """What one user's processes may do to each other is not a run's to do."""
    pid = victim.pid
    code = TRY + (
        "import resource\n"
        f"attempt(resource.prlimit, {pid}, resource.RLIMIT_CPU, (0, 0))\n"
        f"attempt(resource.prlimit, {pid}, resource.RLIMIT_NOFILE, (3, 3))\n"
        f"attempt(os.setpriority, os.PRIO_PROCESS, {pid}, 19)\n"
        "attempt(os.setpriority, os.PRIO_USER, 0, 19)\n"
        f"attempt(os.sched_setaffinity, {pid}, [0])\n"
    )
    before = (Path(f"/proc/{pid}/limits").read_text(), os.sched_getaffinity(pid))
    assert attacked.run(code + GOES_ON).verdict == "ok"
    assert (Path(f"/proc/{pid}/limits").read_text(), os.sched_getaffinity(pid)) == before
    assert os.getpriority(os.PRIO_PROCESS, pid) == 0
    assert victim.poll() is None


def test_launcher_and_keeper_cannot_be_read(attacked: Runner) -> None:
    """No environment, memory, folder or descriptor of another process."""
    code = TRY + (
        f"for pid in ({attacked.process.pid}, os.getppid(), 1):\n"
        "    for name in ('environ', 'mem', 'maps', 'cmdline', 'status', 'root/etc/passwd', 'cwd/x', 'fd'):\n"
        "        path = f'/proc/{pid}/{name}'\n"
        "        got = attempt(os.listdir if name == 'fd' else lambda path: open(path, 'rb').read(10), path)\n"
        "        assert isinstance(got, OSError), (path, got)\n"
        "        assert isinstance(attempt(os.readlink, f'/proc/{pid}/exe'), OSError)\n"
        "print(dict(os.environ), open('/proc/self/status').read())\n"
    )
    outcome = attacked.run(code + GOES_ON)
    assert outcome.verdict == "ok", outcome
    assert "SECRET_OF_THE_LAUNCHER" not in outcome.text
    assert "CapPrm:\t0000000000000000" in outcome.text


def test_other_runs_are_out_of_reach(attacked: Runner) -> None:
    """The folder of runs cannot be listed, and one whose name is known cannot be entered."""
    other = attacked.folder / "runs" / "manimatic-other-run"
    other.mkdir(parents=True, exist_ok=True)
    (other / "secret").write_text("canary of another run")
    code = TRY + (
        f"got = [attempt(os.listdir, {str(other.parent)!r}), attempt(os.listdir, {str(other)!r}),\n"
        f"       attempt(lambda: open({str(other / 'secret')!r}).read()),\n"
        f"       attempt(os.rename, {str(other)!r}, 'mine'), attempt(os.link, {str(other / 'secret')!r}, 'mine')]\n"
        "print(got)\nassert all(isinstance(one, OSError) for one in got), got\n"
    )
    outcome = attacked.run(code + GOES_ON)
    assert outcome.verdict == "ok", outcome
    assert "canary of" not in outcome.text


def test_nothing_outside_can_be_changed(attacked: Runner, open_house: Path) -> None:
    """A folder that everybody may write, of the launcher's own user, stays as it is in every respect."""
    house = repr(str(open_house))
    code = TRY + (
        f"house = {house}\n"
        "for deed, *args in [\n"
        "    (lambda: open(house + '/file', 'w').write('x'),), (lambda: open(house + '/new', 'w'),),\n"
        "    (os.truncate, house + '/file', 0), (os.unlink, house + '/file'), (os.rmdir, house + '/folder'),\n"
        "    (os.mkdir, house + '/made'), (os.symlink, '/etc/passwd', house + '/link'), (os.mkfifo, house + '/fifo'),\n"
        "    (os.link, house + '/file', house + '/twin'), (os.link, house + '/file', 'twin'),\n"
        "    (os.rename, house + '/file', house + '/moved'), (os.rename, house + '/file', 'moved'),\n"
        "    (os.rename, 'tmp', house + '/tmp'), (os.chmod, house + '/file', 0o4777), (os.chmod, house, 0),\n"
        "    (os.chown, house + '/file', os.getuid(), os.getgid()), (os.utime, house + '/file', (1, 1)),\n"
        "    (os.setxattr, house + '/file', 'user.x', b'1'),\n"
        "]:\n"
        "    attempt(deed, *args)\n"
    )
    before = state_of(open_house)
    assert attacked.run(code + GOES_ON).verdict == "ok"
    assert state_of(open_house) == before


def test_host_sockets_cannot_be_reached(attacked: Runner) -> None:
    """Neither by path nor by abstract name, neither connected nor by datagram; no pair can be turned against them."""
    path = attacked.folder / "socket"
    with socket.socket(socket.AF_UNIX) as named, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract:
        named.bind(str(path))
        path.chmod(0o777)
        named.listen()
        abstract.bind("\0manimatic-test-canary")
        code = TRY + (
            f"names = [{str(path)!r}, '\\0manimatic-test-canary']\n"
            "for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):\n"
            "    own = attempt(socket.socket, socket.AF_UNIX, kind)\n"
            "    assert isinstance(own, OSError), own\n"
            "    pair = attempt(socket.socketpair, socket.AF_UNIX, kind)\n"
            "    for one in pair if isinstance(pair, tuple) else ():\n"
            "        for name in names:\n"
            "            attempt(one.sendto, b'x', name)\n"
            "            attempt(one.connect, name)\n"
            "            attempt(one.sendmsg, [b'x'], [], 0, name)\n"
        )
        outcome = attacked.run(code + GOES_ON)
        assert outcome.verdict == "ok", outcome
        for listener in (named, abstract):
            listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            named.accept()
        with pytest.raises(BlockingIOError):
            abstract.recv(1)
    path.unlink()


DAEMONS = """
def daemon():
    if os.fork():
        return
    os.setsid()
    for number in range(1, 32):
        attempt(signal.signal, number, signal.SIG_IGN)
    if os.fork():
        os._exit(0)
    os.closerange(0, 256)
    while True:
        DEED
"""


SLEEPS = "time.sleep(1)"
HOPS = "time.sleep(0.001) if os.fork() else None; os.fork() and os._exit(0)"


@pytest.mark.parametrize("deed", [SLEEPS, HOPS], ids=["sleeps", "hops"])
@pytest.mark.parametrize(
    ("ending", "verdict"), [(GOES_ON, "ok"), ("os._exit(0)\n", "crashed")], ids=["goes on", "exits"]
)
def test_daemons_do_not_outlive_the_run(attacked: Runner, deed: str, ending: str, verdict: str) -> None:
    """Those that left session and parents, hear no signal or change their id all the time are gone when it returns."""
    code = TRY + DAEMONS.replace("DEED", deed) + "for _ in range(5):\n    daemon()\ntime.sleep(0.3)\n"
    outcome = attacked.run(code + ending)
    assert outcome.verdict in ({verdict} if deed == SLEEPS else {verdict, "process_limit", "memory_limit"}), outcome
    assert_nothing_is_left(attacked, outcome.run_id)


def test_no_shared_memory_is_left(attacked: Runner) -> None:
    """Neither System V's nor POSIX's can be made."""
    before = (set(Path("/dev/shm").iterdir()), Path("/proc/sysvipc/shm").read_text())
    code = TRY + (
        "libc = ctypes.CDLL(None)\n"
        "made = [libc.shmget(0, 4096, 0o1666), libc.semget(0, 1, 0o1666), libc.msgget(0, 0o1666)]\n"
        "assert made == [-1, -1, -1], made\n"
        "assert isinstance(attempt(open, '/dev/shm/manimatic-left', 'w'), OSError)\n"
    )
    assert attacked.run(code + GOES_ON).verdict == "ok"
    after = (set(Path("/dev/shm").iterdir()), Path("/proc/sysvipc/shm").read_text())
    assert after[1] == before[1]
    assert Path("/dev/shm/manimatic-left") not in after[0]


FILLERS = {
    "many files": "n = 0\nwhile True:\n    open(f'{n}', 'wb').write(bytes(1_000_000)); n += 1\n",
    "no names": "kept = []\nwhile True:\n    f = open('x', 'wb'); os.unlink('x'); kept.append(f)\n"
    "    f.write(bytes(5_000_000)); f.flush(); time.sleep(0.02)\n",
    "mapped and closed": "kept = []\nwhile True:\n    f = open('x', 'w+b'); os.unlink('x'); f.write(bytes(5_000_000))\n"
    "    f.flush(); ctypes.CDLL(None).mmap(None, ctypes.c_long(4096), 1, 1, f.fileno(), ctypes.c_long(0))\n"
    "    f.close(); time.sleep(0.02)\n",
    "a folder that cannot be listed": "os.mkdir('d', 0o300)\nn = 0\nwhile True:\n"
    "    open(f'd/{n}', 'wb').write(bytes(1_000_000)); n += 1; time.sleep(0.01)\n",
    "out of sight": "libc = ctypes.CDLL(None)\nif os.fork() == 0:\n    libc.prctl(4, 0, 0, 0, 0)\n"
    "    time.sleep(60)\ntime.sleep(60)\n",
    "depth": "while True:\n    os.mkdir('d'); os.chdir('d')\n",
    "names": "n = 0\nwhile True:\n    os.mkdir(f'{n}', 0); n += 1\n",
}


@pytest.mark.parametrize("way", sorted(FILLERS))
def test_disk_cannot_be_filled(attacked: Runner, way: str) -> None:
    """However it is hidden, the run ends at its limit and its folder goes, whatever is in it."""
    before = os.statvfs(attacked.folder)
    outcome = attacked.run(TRY + GOES_ON + FILLERS[way], timeout_s=30)
    assert outcome.verdict == "disk_limit", outcome
    assert_nothing_is_left(attacked, outcome.run_id)
    after = os.statvfs(attacked.folder)
    assert (before.f_bavail - after.f_bavail) * before.f_frsize < 1 << 30


def test_launcher_that_is_killed_takes_its_runs_with_it() -> None:
    """The keeper hears of it, ends the family and itself; the next launcher removes the folder."""
    uid = PLAIN_UID + 1 if os.geteuid() == 0 else 0
    with runner(uid) as served:
        served.start(TRY + DAEMONS.replace("DEED", "time.sleep(1)") + "daemon()\ntime.sleep(60)\n")
        folder = served.folder / "runs"
        deadline = time.monotonic() + 30
        while not (list(folder.glob("*")) and _family_size(folder) >= 3) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert _family_size(folder) >= 3
        served.process.send_signal(signal.SIGKILL)
        while _family_size(folder) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert _family_size(folder) == 0


def _family_size(folder: Path) -> int:
    """Count the processes that have a run's folder in their environment."""
    found = 0
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            found += str(folder).encode() in place.read_bytes()
        except OSError:
            continue
    return found
