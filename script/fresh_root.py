"""A fresh Debian root, and commands run inside it. Standard library only; for `script/prove-fresh`.

Nothing here names a mirror, an index or a certificate: what the machine's own apt, pip and environment say is passed
on. Mounts are made in a mount namespace of each command's own, so that they are gone when the command is.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PACKAGES = "python3,git,ca-certificates"
HOME = "root/manimatic"
_APT = Path("/etc/apt")
_LOCAL_CERTIFICATES = Path("/usr/local/share/ca-certificates")
_PASSED_ON = re.compile(
    r"^(PIP|UV|SSL|NPM_CONFIG)_|_CERTS?(_|$)|_CA_(BUNDLE|CERTS)|_CAINFO$|^(HTTPS?|FTP|NO|ALL)_PROXY$", re.IGNORECASE
)
_ENDS_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL")
_NAMESPACE = (
    *_ENDS_WITH_PARENT,
    "unshare",
    "--mount",
    "--pid",
    "--ipc",
    "--fork",
    "--kill-child=KILL",
    "--propagation",
    "private",
    "--",
)
_ENTER = """
set -euo pipefail
root=$1 binds=$2; shift 2
mount --rbind "$root" "$root"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
for folder in tmp run dev/shm; do mount -t tmpfs -o mode=1777 tmpfs "$root/$folder"; done
while IFS= read -r folder; do
    if [ -n "$folder" ]; then mount --bind "$folder" "$root$folder"; mount -o remount,bind,ro "$root$folder"; fi
done <<<"$binds"
cd "$root"
pivot_root . .
umount -l .
cd /root/manimatic 2>/dev/null || cd /root
status=0
"$@" || status=$?
exit "$status"
"""
# pivot_root, not chroot: the kernel allows no user namespaces to a process in a chroot, and the sandbox needs them.
# The shell stays process 1 of the namespace and so buries orphans; when it goes, everything inside goes.


class Trouble(Exception):
    """A step cannot be done; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where this machine's apt takes Debian from."""

    mirror: str
    codename: str
    alias: str


@dataclass(frozen=True, kw_only=True)
class FreshRoot:
    """A root that is ready for commands; `binds` are folders of this machine that its package settings point to."""

    folder: Path
    environ: Mapping[str, str]
    binds: tuple[str, ...] = ()

    def start(self, command: Sequence[str], log: Path, **environ: str) -> subprocess.Popen[bytes]:
        """Start a command in the checkout; killing the process returned ends all that it started."""
        line = [*_NAMESPACE, "bash", "-c", _ENTER, "enter", str(self.folder), "\n".join(self.binds), *command]
        with log.open("ab") as stream:
            return subprocess.Popen(
                line, env={**self.environ, **environ}, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )

    def run(self, command: Sequence[str], log: Path, *, timeout_s: float = 3600) -> None:
        """Run a command in the checkout to its end; raises Trouble with the log's last lines when it fails."""
        process = self.start(command, log)
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise Trouble(f"{_shown(command)} took more than {timeout_s:g} s:\n{tail(log)}") from None
        finally:
            end(process)
        if status:
            raise Trouble(f"{_shown(command)} ended with {status}:\n{tail(log)}")

    def output(self, command: Sequence[str], log: Path, *, timeout_s: float = 300) -> str:
        """Run a command like `run` and return what it printed."""
        before = log.stat().st_size if log.exists() else 0
        self.run(command, log, timeout_s=timeout_s)
        return log.read_bytes()[before:].decode(errors="replace")


def end(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that was started here, if it still runs, and bury it."""
    if process.poll() is None:
        process.kill()
    process.wait()


def tail(log: Path, lines: int = 30) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def debian_source() -> Source:
    """Ask apt where it takes this machine's own Debian release from."""
    codename = _release()["VERSION_CODENAME"]
    text = _said("apt-get", "indextargets", "--format", "$(ORIGIN)|$(CODENAME)|$(SUITE)|$(REPO_URI)")
    for line in text.splitlines():
        origin, found, alias, mirror = line.split("|", 3)
        if origin == "Debian" and found == codename:
            return Source(mirror=mirror.rstrip("/"), codename=codename, alias=alias)
    raise Trouble(f"apt has no index of Debian {codename}; run `apt-get update` first.")


def make_root(folder: Path, suite: str, source: Source, cache: Path | None, log: Path) -> str:
    """Fill the folder with a fresh Debian, from the cache if it is there; return where it came from."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    kept = cache / f"debian-{suite}-{_said('dpkg', '--print-architecture').strip()}.tar" if cache else None
    if kept and kept.is_file():
        _logged(["tar", "--extract", "--numeric-owner", f"--file={kept}", f"--directory={folder}"], log)
        folder.chmod(0o755)  # as every machine's root is: other users than root live below it
        return f"unpacked from {kept.name}"
    _debootstrap(folder, suite, source, log)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(f".{os.getpid()}.part")
        _logged(["tar", "--create", "--numeric-owner", f"--file={part}", f"--directory={folder}", "."], log)
        part.rename(kept)
    return "debootstrap"


def _debootstrap(folder: Path, suite: str, source: Source, log: Path) -> None:
    # apt's proxy is not the downloader's; an interrupted debootstrap would leave its mounts, hence the namespace
    proxy = _said("apt-config", "dump", "--format", "%v", "Acquire::http::Proxy").strip()
    environ = dict(os.environ) | ({"http_proxy": proxy} if proxy not in {"", "DIRECT"} else {})
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", suite, str(folder), source.mirror]
    _logged([*_NAMESPACE[:-1], "--mount-proc", "--", *command], log, environ)


def pass_on_settings(folder: Path, suite: str, source: Source, environ: Mapping[str, str]) -> FreshRoot:
    """Give the root this machine's apt, pip and certificate settings, and return it ready for use."""
    _pass_on_apt(folder, suite, source)
    settings = _pip_settings()
    _write(folder / "etc/pip.conf", _pip_conf(settings), 0o600)
    passed = {name: value for name, value in environ.items() if _PASSED_ON.search(name)}
    if _LOCAL_CERTIFICATES.is_dir():
        shutil.copytree(_LOCAL_CERTIFICATES, folder / _LOCAL_CERTIFICATES.relative_to("/"), dirs_exist_ok=True)
    binds = tuple(_place(folder, sorted(set(_paths([*settings.values(), *passed.values()])))))
    for name in ("resolv.conf", "hosts"):
        _write(folder / "etc" / name, Path("/etc", name).read_text(), 0o644)
    _write(folder / "usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)  # packages start no daemons
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    own = {"HOME": "/root", "PATH": path, "LANG": "C.UTF-8", "TERM": "dumb"}
    return FreshRoot(folder=folder, environ=passed | own, binds=binds)


def _pass_on_apt(folder: Path, suite: str, source: Source) -> None:
    """Copy the sources, changed to the suite, and the settings for fetching; hooks of installed programs stay here."""
    target = folder / "etc/apt"
    shutil.rmtree(target)
    shutil.copytree(_APT, target, ignore=shutil.ignore_patterns("apt.conf", "apt.conf.d"))
    (target / "apt.conf.d").mkdir()
    _write(target / "apt.conf.d/99building-machine", _said("apt-config", "dump", "Acquire"), 0o600)
    for path in (
        *target.glob("*.list"),
        *target.glob("sources.list.d/*.list"),
        *target.glob("sources.list.d/*.sources"),
    ):
        path.write_text(for_suite(path.read_text(), suite, source))
        for keyring in re.findall(r"signed-by[:=]\s*(/[^\s\]]+)", path.read_text(), re.IGNORECASE):
            _copy_if_missing(folder, Path(keyring))


def for_suite(sources: str, suite: str, source: Source) -> str:
    """Change the suites that apt sources name, and nothing else in them."""
    names = "|".join(re.escape(name) for name in (source.codename, source.alias))
    return re.sub(rf"(?<=\s)(?:{names})(?=[-/\s]|$)", suite, sources)


def _pip_settings() -> dict[str, str]:
    """Return what pip's own configuration files say, as `section.name`; the environment is passed on by itself."""
    if subprocess.run(["python3", "-m", "pip", "--version"], capture_output=True).returncode:
        return {}
    pairs = (line.partition("=") for line in _said("python3", "-m", "pip", "config", "list").splitlines())
    return {name: str(ast.literal_eval(value)) for name, _, value in pairs if not name.startswith(":env:")}


def _pip_conf(settings: Mapping[str, str]) -> str:
    """Write the settings as a configuration file; values of several lines are indented."""
    blocks: dict[str, list[str]] = {}
    for key, value in settings.items():
        section, _, name = key.partition(".")
        blocks.setdefault(f"[{section}]", []).append(f"{name} = {value}".replace("\n", "\n    "))
    return "".join("\n".join([head, *block, ""]) for head, block in blocks.items())


def _paths(values: Sequence[str]) -> Iterator[Path]:
    """Find the files and folders of this machine that the settings point to."""
    for word in " ".join(values).split():
        path = Path(word.removeprefix("file://"))
        if path.is_absolute() and path.exists():
            yield path.parent if path.name == "simple" else path  # an index's links may lead beside it


def _place(folder: Path, paths: Sequence[Path]) -> Iterator[str]:
    """Copy files into the root; give back folders that it lacks, to be bound there read-only."""
    for path in paths:
        inside = folder / path.relative_to("/")
        if path.is_file():
            inside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, inside)
        elif not inside.exists():
            inside.mkdir(parents=True)
            yield str(path)


def _copy_if_missing(folder: Path, path: Path) -> None:
    inside = folder / path.relative_to("/")
    if path.is_file() and not inside.exists():
        inside.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, inside)


def copy_checkout(repository: Path, folder: Path, log: Path) -> str:
    """Clone what is committed into the root and return the commit."""
    target = folder / HOME
    _logged(["git", "clone", "--no-hardlinks", "--no-local", "--quiet", str(repository), str(target)], log)
    commit = _said("git", "-C", str(repository), "rev-parse", "HEAD").strip()
    _logged(["git", "-C", str(target), "checkout", "--quiet", "--detach", commit], log)
    _logged(["git", "-C", str(target), "remote", "remove", "origin"], log)
    return commit


def remove_root(folder: Path) -> None:
    """Remove the root, unless something is still mounted in it."""
    mounts = Path("/proc/self/mountinfo").read_text()
    if f" {folder}/" in mounts:
        raise Trouble(f"Something is mounted below {folder}; it stays.")
    for pause_s in (0.1, 1.0, 5.0):  # what was killed a moment ago may still be writing
        if not subprocess.run(["rm", "-rf", "--one-file-system", "--", str(folder)], capture_output=True).returncode:
            return
        time.sleep(pause_s)
    raise Trouble(f"{folder} cannot be removed.")


def _release() -> dict[str, str]:
    pairs = (line.partition("=") for line in Path("/etc/os-release").read_text().splitlines())
    return {name: value.strip('"') for name, _, value in pairs}


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _logged(command: Sequence[str], log: Path, environ: Mapping[str, str] | None = None) -> None:
    with log.open("ab") as stream:
        process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
        try:
            status = process.wait()
        finally:
            end(process)
    if status:
        raise Trouble(f"{_shown(command)} ended with {status}:\n{tail(log)}")


def _write(path: Path, text: str, mode: int) -> None:
    path.unlink(missing_ok=True)  # it may be a link that leads out of the root
    path.write_text(text)
    path.chmod(mode)


def _shown(command: Sequence[str]) -> str:
    return " ".join(command)[-200:]
