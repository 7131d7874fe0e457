"""The argument list of bubblewrap: what a guest sees, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from manimatic.ports import Limits
from manimatic.sandbox.runtime import GuestRuntime

GUEST_ID = 65534
JOB_DIR = "/job"
_FLAGS = [
    "--unshare-user",
    "--unshare-ipc",
    "--unshare-pid",
    "--unshare-net",
    "--unshare-uts",
    "--unshare-cgroup",
    "--disable-userns",
    "--die-with-parent",
    "--new-session",
    "--clearenv",
    "--cap-drop",
    "ALL",
    "--hostname",
    "job",
]
SYSTEM = (
    "/usr/bin",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/share/color",  # ghostscript, which dvisvgm starts, wants its colour profiles
    "/usr/share/fontconfig",
    "/usr/share/fonts",
    "/usr/share/ghostscript",
    "/usr/share/texlive",
    "/usr/share/texmf",
    "/usr/share/texmf-dist",
    "/usr/share/zoneinfo",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/texmf",
    "/var/cache/fontconfig",
    "/var/lib/texmf",
)
"""Programs, libraries, fonts and TeX. Not /usr/local, /usr/sbin, /usr/src, nor any of /etc's own settings."""
READABLE = ("/usr", "/etc", "/var", "/runtime", "/proc", "/dev")
TEMPORARY = (JOB_DIR, "/tmp", "/dev/shm")  # noqa: S108
"""The file systems in memory, each of its own size, that a guest writes to."""
WRITABLE = (*TEMPORARY, "/dev/null", "/dev/zero")
"""What Landlock leaves reachable, as a second wall behind the mounts."""
_LINKS = (("usr/bin", "/bin"), ("usr/lib", "/lib"), ("usr/lib64", "/lib64"))
_MASKED_FILES = (
    "/proc/kcore",
    "/proc/keys",
    "/proc/kallsyms",
    "/proc/sysrq-trigger",
    "/proc/timer_list",
    "/proc/cmdline",
    "/proc/config.gz",
)
_MASKED_FOLDERS = ("/proc/acpi", "/proc/scsi", "/proc/irq", "/proc/bus", "/proc/fs")
ENVIRON = {
    "PATH": "/usr/bin:/bin",
    "HOME": JOB_DIR,
    "TMPDIR": "/tmp",  # noqa: S108  the guest's own tmpfs
    "LANG": "C.UTF-8",
    "XDG_CACHE_HOME": "/tmp/.cache",  # noqa: S108
    "TEXMFVAR": "/tmp/.texmf",  # noqa: S108
    "TEXMFHOME": "/tmp/.texmf",  # noqa: S108
    "openin_any": "r",
    "openout_any": "p",
    "shell_escape": "f",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
WORKER_PROGRAM = (
    "import sys, os, site; site.setquit(); sys.path[:0] = ['/runtime/worker', '/runtime/site']; "
    "from manimatic_worker.worker_entrypoint import main; os._exit(main(sys.argv))"
)


def command(
    bwrap: str, runtime: GuestRuntime, limits: Limits, fds: Mapping[str, int], program: Sequence[str]
) -> list[str]:
    """Return the whole argument list.

    Args:
        bwrap: Path of bubblewrap.
        runtime: The guest's own files.
        limits: Sizes of the temporary file systems come from here.
        fds: Inherited descriptors: `seccomp` (the filter), `info` (bubblewrap says the child's id there), `block`
            (the child waits until a byte is there).
        program: The source of the Python program inside, and its arguments.
    """
    return [
        bwrap,
        *_FLAGS,
        *("--uid", str(GUEST_ID), "--gid", str(GUEST_ID)),
        *_file_system(runtime, limits),
        *(part for name, value in ENVIRON.items() for part in ("--setenv", name, value)),
        *("--seccomp", str(fds["seccomp"]), "--info-fd", str(fds["info"]), "--block-fd", str(fds["block"])),
        *("--chdir", JOB_DIR, "--", runtime.python, "-I", "-S", "-B", "-c", *program),
    ]


def probe_command(bwrap: str) -> list[str]:
    """Return the smallest command that needs every namespace; it succeeds where the sandbox can work."""
    return [bwrap, *_FLAGS, "--uid", str(GUEST_ID), "--gid", str(GUEST_ID), "--ro-bind", "/", "/", "--", "/bin/true"]


def _file_system(runtime: GuestRuntime, limits: Limits) -> Iterator[str]:
    for path in SYSTEM:
        if Path(path).exists():
            yield from ("--ro-bind", path, path)
    for target, link in _LINKS:
        yield from ("--symlink", target, link)
    for host, guest in runtime.binds():
        yield from ("--ro-bind", host, guest)
    yield from ("--proc", "/proc", "--dev", "/dev")
    yield from _masks()
    small, large = str(min(64 * 1024**2, limits.disk_bytes)), str(limits.disk_bytes)
    yield from ("--size", small, "--tmpfs", "/dev/shm", "--size", small, "--tmpfs", "/tmp")  # noqa: S108
    yield from ("--size", large, "--tmpfs", JOB_DIR, "--remount-ro", "/dev", "--remount-ro", "/")


def _masks() -> Iterator[str]:
    for path in _MASKED_FILES:
        if Path(path).exists():
            yield from ("--ro-bind", "/dev/null", path)
    for path in _MASKED_FOLDERS:
        if Path(path).exists():
            yield from ("--tmpfs", path, "--remount-ro", path)
