"""The system-call filter in the real kernel, and the real Manim under it."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from manimatic.sandbox.mp4 import inspect_mp4
from manimatic.sandbox.seccomp import filter_bytes, open_filter
from support import require

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")

PRELUDE = """
import ctypes, errno, os, socket, sys
from manimatic.sandbox.mp4 import inspect_mp4
from manimatic.sandbox.seccomp import filter_bytes, load_table
from manimatic_worker.confine import apply_seccomp
libc = ctypes.CDLL(None, use_errno=True)
numbers = load_table(os.uname().machine).numbers
def call(name, *args):
    number = numbers[name] if isinstance(name, str) else name
    got = libc.syscall(ctypes.c_long(number), *map(ctypes.c_ulong, args))
    return "done" if got >= 0 else errno.errorcode[ctypes.get_errno()]
apply_seccomp(filter_bytes())
"""
SCENE = """
from manim import *

class Everything(Scene):
    def construct(self):
        words = VGroup(
            Text("Héllo"), Tex("area $x$"), MathTex(r"\\pi r^2"), Code(code_string="print(1)", language="python")
        ).arrange(DOWN)
        self.play(Write(words), run_time=0.3)
"""
WORKS = """
import asyncio, multiprocessing, shutil, subprocess, tempfile, threading
from multiprocessing import shared_memory

async def child():
    return await (await asyncio.create_subprocess_exec("true")).wait()

with multiprocessing.Pool(2) as pool:
    assert pool.map(abs, [-1, 2]) == [1, 2]
assert asyncio.run(child()) == 0
assert subprocess.run("echo hi | cat", shell=True, capture_output=True).stdout == b"hi\\n"
block = shared_memory.SharedMemory(create=True, size=10); block.close(); block.unlink()
with tempfile.TemporaryDirectory() as folder:
    shutil.copy2(sys.executable, folder + "/copy")
    shutil.move(folder + "/copy", folder + "/moved")
thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
left, right = socket.socketpair(); left.sendall(b"x"); assert right.recv(1) == b"x"
import numpy
assert (numpy.ones((300, 300)) @ numpy.ones((300, 300)))[0, 0] == 300
print("all work")
"""
GUEST = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.environ.get("PATH", ""), "OPENBLAS_NUM_THREADS": "2"}


def require_programs(*programs: str) -> None:
    """Skip when a program is missing; in CI that is a failure."""
    missing = [name for name in programs if shutil.which(name) is None]
    require(not missing, f"needs {missing}")


def guest(body: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own, under the filter."""
    command = [sys.executable, "-c", PRELUDE + body]
    return subprocess.run(command, env=GUEST, capture_output=True, text=True, timeout=60, check=False)


def answer(expression: str) -> str:
    """Give what an expression prints under the filter."""
    done = guest(f"print({expression})")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("family", [1, 2, 10, 16, 17, 38, 40, 44])
def test_socket_call_gives_eperm(family: int) -> None:
    """No socket of any family: unix, inet, inet6, netlink, packet, alg, vsock, xdp."""
    assert answer(f"[call('socket', {family}, kind, 0) for kind in (1, 2, 3)]") == "['EPERM', 'EPERM', 'EPERM']"


def test_datagram_pair_gives_eperm_and_stream_pair_works() -> None:
    """A datagram pair could send to any local socket of the host by name."""
    body = "room = (ctypes.c_int * 2)(); at = ctypes.addressof(room)\n"
    done = guest(body + "print(call('socketpair', 1, 2, 0, at), call('socketpair', 1, 1, 0, at))")
    assert done.stdout == "EPERM done\n"


@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        ("'unshare', 0x10000000", "EPERM"),
        ("'clone', 0x10000011, 0, 0, 0, 0", "EPERM"),
        ("'clone', 0x40000011, 0, 0, 0, 0", "EPERM"),
        ("'clone3', 0, 0", "ENOSYS"),
        ("'io_uring_setup', 1, 0", "ENOSYS"),
        ("'ptrace', 0, 0, 0, 0", "EPERM"),
        ("'keyctl', 0, -3, 0", "EPERM"),
        ("'add_key', 0, 0, 0, 0, 0", "EPERM"),
        ("'userfaultfd', 1", "EPERM"),
        ("'bpf', 0, 0, 0", "EPERM"),
        ("'perf_event_open', 0, 0, -1, -1, 0", "EPERM"),
        ("'process_vm_readv', os.getpid(), 0, 0, 0, 0, 0", "EPERM"),
        ("'memfd_create', 0, 0", "EPERM"),
        ("'shmget', 0, 4096, 0o1600", "EPERM"),
        ("'personality', 0x0040000", "EPERM"),
        ("'ioctl', 0, 0x5412, 0", "EPERM"),
        ("'ioctl', 0, 0x100005412, 0", "EPERM"),
        ("'futex', 0, 6, 0, 0, 0, 0", "ENOSYS"),
        ("'mount', 0, 0, 0, 0, 0", "EPERM"),
        ("'open_by_handle_at', 0, 0, 0", "EPERM"),
        ("999", "ENOSYS"),
    ],
)
def test_forbidden_call_is_refused_by_the_kernel(call: str, outcome: str) -> None:
    """The kernel gives the errno that the policy names."""
    assert answer(f"call({call})") == outcome


@pytest.mark.skipif(platform.machine() != "x86_64", reason="x32 is an ABI of x86_64")
def test_x32_call_kills_the_process() -> None:
    """Asking for the pid by its x32 number ends the process."""
    assert guest("call(0x40000000 | 39)").returncode == -signal.SIGSYS


@pytest.mark.skipif(platform.machine() != "x86_64", reason="int 0x80 is i386's")
def test_i386_call_kills_the_process() -> None:
    """Asking for the pid by int 0x80 from a page of machine code ends the process."""
    body = """
import mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes([0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xC3]))
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
"""
    assert guest(body).returncode == -signal.SIGSYS


def test_what_python_programs_do_works() -> None:
    """Pools, threads, children, shells, shared memory, copies, event loops and BLAS all run."""
    done = guest(WORKS)
    assert "all work" in done.stdout, done.stderr


def test_scene_with_tex_text_and_code_renders_in_bwrap(tmp_path: Path) -> None:
    """The real Manim, TeX, dvisvgm, Pango and x264 need nothing that the filter refuses."""
    manim = str(Path(sys.executable).with_name("manim"))
    require_programs("bwrap", "latex", "dvisvgm", manim)
    (tmp_path / "scene.py").write_text(SCENE)
    fd = open_filter(filter_bytes())
    walls = ["--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"]
    walls += ["--tmpfs", "/tmp", "--bind", str(tmp_path), "/mnt", "--setenv", "HOME", "/mnt", "--seccomp", str(fd)]
    order = [manim, "-ql", "/mnt/scene.py", "Everything", "--media_dir", "/mnt/media"]
    try:
        done = subprocess.run(["bwrap", *walls, *order], pass_fds=[fd], capture_output=True, text=True, check=False)
    finally:
        os.close(fd)
    assert done.returncode == 0, done.stdout + done.stderr
    video = inspect_mp4(next(tmp_path.rglob("Everything.mp4")), 10_000_000)
    assert (video.width, video.height, video.fps) == (854, 480, 15)
