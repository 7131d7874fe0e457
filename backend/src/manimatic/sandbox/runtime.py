"""The guest runtime: everything that a sandbox may see of this machine, besides system libraries, fonts and TeX.

A sandbox runs under a uid that cannot cross a private folder such as a user's home, and it has no business with the
service's own packages. So the interpreter (unless it is the system's), Manim with what it needs, and the worker's
sources are copied to a world-readable place, named by a hash of what is in them; copies are never changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from manimatic.errors import SandboxUnavailable

WORKER = "manimatic-worker[render]"
SOURCES = ("manimatic_worker", "fastmanim")
"""Packages of ours that are copied as they lie here."""
PARTS = ("site", "worker", "python")
LAYOUT = "all of it with byte code, and a format of TeX"
"""Part of the names: what an older installer made differently is made anew."""
UNUSED_S = 14 * 86_400.0
"""Copying takes seconds, and who works on Manimatic goes back and forth between versions."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
SYSTEM_ROOT = Path("/var/lib/manimatic")
_SKIPPED_STDLIB = shutil.ignore_patterns("test", "tests", "idlelib", "site-packages", "config-*", "turtledemo")
_WARM_IMPORTS = "import manim, manim.utils.tex_templates, manimatic_worker.worker_entrypoint, manimatic_worker.render"
_PREPARE_TEX = "from fastmanim import formulas; formulas.prepare(manimatic_worker.render.FORMATS)"


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class GuestRuntime:
    """Where the guest's files lie on the host; `interpreter` is None where the system's Python is used."""

    python: str
    """Path of the interpreter as the guest sees it."""
    interpreter: Path | None
    site: Path
    worker: Path

    @property
    def host_python(self) -> str:
        """Return the interpreter's path on the host, for a guest that sees the host's own paths."""
        return str(self.interpreter / "bin" / _python_name()) if self.interpreter else self.python

    def binds(self) -> Iterator[tuple[str, str]]:
        """Yield (host path, guest path) of what to mount read-only."""
        yield str(self.site), "/runtime/site"
        yield str(self.worker), "/runtime/worker"
        if self.interpreter:
            yield str(self.interpreter), "/runtime/python"


def runtime_root() -> Path:
    """Return where guest runtimes are kept: the system's place for root, else the user's cache."""
    if os.geteuid() == 0:
        return SYSTEM_ROOT
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "manimatic"


def install_runtime(root: Path) -> GuestRuntime:
    """Return the runtime of this environment, copying what is missing (some seconds, once).

    Raises:
        SandboxUnavailable: The worker or Manim is not installed here, or the place cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o755)
        with (root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _remove_unfinished(root)
            runtime = _install(root)
            _hold(runtime)
            _remove_unused(root)
            return runtime
    except OSError as error:
        raise SandboxUnavailable(f"The guest runtime in {root} cannot be made: {error}.") from error


def missing_parts(root: Path) -> list[str]:
    """Name the parts of this environment's runtime that are not installed yet; nothing is copied.

    Raises:
        SandboxUnavailable: The worker or Manim is not installed here.
    """
    wanted = [("site", _site_digest(_dists())), ("worker", _sources_digest(_sources()))]
    if (prefix := _own_interpreter()) is not None:
        wanted.append(("python", _interpreter_digest(prefix)))
    return [name for name, digest in wanted if not (root / f"{name}-{digest}").is_dir()]


def _install(root: Path) -> GuestRuntime:
    dists = _dists()
    site = _once(root, "site", _site_digest(dists), lambda to: _copy_dists(dists, to))
    interpreter = _install_interpreter(root)
    sources = _sources()
    worker = _once(root, "worker", _sources_digest(sources), lambda to: _copy_sources(sources, site, to))
    python = f"/runtime/python/bin/{_python_name()}" if interpreter else f"{sys.base_prefix}/bin/{_python_name()}"
    return GuestRuntime(python=python, interpreter=interpreter, site=site, worker=worker)


def _hold(runtime: GuestRuntime) -> None:
    """Lock the runtime's folders for as long as the value is there, so that no other process removes them as unused."""
    for folder in filter(None, (runtime.site, runtime.worker, runtime.interpreter)):
        os.utime(folder)
        lock = os.open(folder, _FOLDER)
        weakref.finalize(runtime, os.close, lock)
        fcntl.flock(lock, fcntl.LOCK_SH)


def _remove_unfinished(root: Path) -> None:
    """Remove what installers that were killed left half-done; nobody else installs while we hold the lock."""
    for name in PARTS:
        for path in root.glob(f".{name}-*"):
            shutil.rmtree(path, ignore_errors=True)


def _remove_unused(root: Path) -> None:
    """Remove the folders of other versions that no process has and that none has asked for in a long time."""
    for name in PARTS:
        for path in root.glob(f"{name}-*"):
            with contextlib.suppress(OSError):
                _remove_if_unused(path)


def _remove_if_unused(path: Path) -> None:
    lock = os.open(path, _FOLDER)
    try:
        if os.fstat(lock).st_mtime > time.time() - UNUSED_S:
            return
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        aside = path.with_name(f".{path.name}")  # a removal that is cut short is no runtime, and goes next time
        path.rename(aside)
        shutil.rmtree(aside)
    finally:
        os.close(lock)


def _once(root: Path, name: str, digest: str, fill: Callable[[Path], None]) -> Path:
    """Return the folder of this content, filling it aside and moving it into place if it is new."""
    target = root / f"{name}-{digest}"
    if target.is_dir():
        return target
    with tempfile.TemporaryDirectory(dir=root, prefix=f".{name}-") as aside:
        fresh = Path(aside) / name
        fresh.mkdir()
        fill(fresh)
        _make_readable(fresh)
        fresh.rename(target)
    return target


def _dists() -> list[importlib.metadata.Distribution]:
    return sorted(_closure(WORKER), key=lambda dist: dist.name)


def _site_digest(dists: list[importlib.metadata.Distribution]) -> str:
    label = [f"{dist.name}=={dist.version}" for dist in dists] + [sys.version, platform.machine()]
    return _digest("\n".join(label).encode())


def _closure(requirement: str) -> Iterator[importlib.metadata.Distribution]:
    """Yield the installed distributions that a requirement needs, itself left out where it is editable."""
    seen: set[tuple[str, str]] = set()
    names: set[str] = set()
    waiting = [Requirement(requirement)]
    while waiting:
        wanted = waiting.pop()
        dist = _distribution(wanted.name)
        if canonicalize_name(wanted.name) not in names and wanted.name != "manimatic-worker":
            names.add(canonicalize_name(wanted.name))
            yield dist
        for extra in {"", *wanted.extras}:
            if (wanted.name, extra) not in seen:
                seen.add((wanted.name, extra))
                waiting.extend(_needed(dist, extra))


def _distribution(name: str) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError as error:
        raise SandboxUnavailable(
            f"{name} is not installed in this environment.",
            hint="Run script/run, or pip install 'manimatic-worker[render]'.",
        ) from error


def _needed(dist: importlib.metadata.Distribution, extra: str) -> Iterator[Requirement]:
    for line in dist.requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement


def _copy_dists(dists: list[importlib.metadata.Distribution], to: Path) -> None:
    for dist in dists:
        for file in dist.files or ():
            if ".." in file.parts or file.suffix == ".pyc":
                continue
            target = to / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), target)


def _install_interpreter(root: Path) -> Path | None:
    prefix = _own_interpreter()
    if prefix is None:
        return None
    return _once(root, "python", _interpreter_digest(prefix), lambda to: _copy_interpreter(prefix, to))


def _own_interpreter() -> Path | None:
    """Return where an interpreter lies that is not the system's, and so has to be copied."""
    prefix = Path(sys.base_prefix).resolve()
    return None if prefix == Path("/usr") else prefix


def _interpreter_digest(prefix: Path) -> str:
    return _digest(f"{prefix}\n{sys.version}\n{LAYOUT}".encode())


def _copy_interpreter(prefix: Path, to: Path) -> None:
    (to / "bin").mkdir()
    (to / "lib").mkdir()
    shutil.copy(prefix / "bin" / _python_name(), to / "bin")
    for library in (prefix / "lib").glob("libpython*.so*"):
        shutil.copy(library, to / "lib")
    shutil.copytree(prefix / "lib" / _python_name(), to / "lib" / _python_name(), ignore=_SKIPPED_STDLIB, symlinks=True)
    _compile(to / "bin" / _python_name(), to / "lib")


def _python_name() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def _sources() -> list[Path]:
    return [_source_of(name) for name in SOURCES]


def _source_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SandboxUnavailable(f"{package.replace('_', '-')} is not installed in this environment.")
    return Path(next(iter(spec.submodule_search_locations)))


def _copy_sources(sources: list[Path], site: Path, to: Path) -> None:
    """Copy the worker's and fastmanim's sources, make the byte code and the format of TeX that each run would make."""
    for source in sources:
        shutil.copytree(source, to / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    program = f"import sys; sys.path[:0] = [{str(to)!r}, {str(site)!r}]; {_WARM_IMPORTS}; {_PREPARE_TEX}"
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(to), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], env=environ, capture_output=True, check=False)
    if done.returncode:
        tail = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise SandboxUnavailable(f"Manim cannot be imported from the guest runtime: {' '.join(tail)}")
    _compile(Path(sys.executable), to)


def _compile(python: Path, folder: Path) -> None:
    """Make the byte code that is missing: a guest cannot keep any, and would make it in every run."""
    command = [str(python), "-I", "-S", "-m", "compileall", "-q", str(folder)]
    subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, capture_output=True, check=False)


def _make_readable(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if executable else 0o644)


def _tree_digest(folder: Path) -> str:
    digest = hashlib.sha256(f"{sys.version}\n{LAYOUT}".encode())
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _sources_digest(sources: list[Path]) -> str:
    return _digest("".join(_tree_digest(source) for source in sources).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
