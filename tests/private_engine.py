"""An engine that a test may stop, kill, freeze and fill: its own process, its own data folder, a tiny image."""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import manimatic_worker
from docker_bench import sdk
from support import require

ROOT = Path(__file__).resolve().parent.parent
TINY = "manimatic-worker-tiny:latest"
PYTHON = Path("/usr/bin/python3.11")
_STUBS = {
    "numpy/__init__.py": b"",
    "numpy/random.py": b"",
    "fastmanim/__init__.py": b"import types\n\n\ndef install(processes=None):\n"
    b"    return types.SimpleNamespace(accept_changes=print)\n",
    "fastmanim/late.py": b"def import_manim():\n    import manim\n",
    "fastmanim/purity.py": b"class Purity:\n    pass\n",
    "manim/__init__.py": b"import types\n\nconfig = types.SimpleNamespace()\n\n\nclass Scene:\n    pass\n",
    "manim/manager.py": b"class Manager:\n    def play(self):\n        pass\n",
    "manim/utils/__init__.py": b"",
    "manim/utils/tex_file_writing.py": b"print_all_tex_errors = print\n",
    "manim/scene/__init__.py": b"",
    "manim/scene/scene.py": b"from manim import Scene\n",
    "manim/scene/scene_file_writer.py": b"class SceneFileWriter:\n    close_partial_movie_stream = print\n",
}
"""Stands for Manim, numpy and fastmanim in the image: the scenes of these tests never come to draw anything."""


class PrivateEngine:
    """One engine of `script/engine`, by its data folder."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.address = ""
        self._module = _load(ROOT / "script/engine.py")

    def start(self) -> None:
        """Start it, or start it again."""
        said = self._ask("start")
        named = [line for line in said.splitlines() if line.startswith("export DOCKER_HOST=")]
        self.address = named[0].partition("=")[2].strip("'\"")

    def stop(self) -> None:
        """Stop it in good order."""
        self._ask("stop")

    def signal(self, number: signal.Signals) -> None:
        """Send the engine itself a signal, and none to what it started."""
        for pid in self._module.Engine(self.data).pids():
            os.kill(pid, number)

    def _ask(self, deed: str) -> str:
        """Do it, and once more where that fails: right after an engine was killed, what it started is still going."""
        argv = [sys.executable, "-B", str(ROOT / "script/engine.py"), "--data", str(self.data), deed]
        for _ in range(2):
            done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=110)
            if done.returncode == 0:
                return done.stdout
        raise AssertionError(done.stderr)

    def load_tiny_image(self) -> None:
        """Make an image of a Python and this checkout's worker, without Manim."""
        client = sdk(self.address)
        try:
            client.api.import_image_from_data(tiny_image(), repository=TINY.partition(":")[0], tag="latest")
        finally:
            client.close()


@contextmanager
def private_engine(size: str = "") -> Iterator[PrivateEngine]:
    """Run one, with a `size` on a disk in memory; skip where this machine cannot."""
    there = os.geteuid() == 0 and all(shutil.which(name) for name in ("dockerd", "containerd", "runsc"))
    require(there and PYTHON.exists(), "needs root, Debian's docker.io, runsc and python3.11 for an engine of its own")
    with _data_folder(size) as data:
        engine = PrivateEngine(data)
        engine.start()
        try:
            engine.load_tiny_image()
            yield engine
        finally:
            engine.signal(signal.SIGCONT)
            engine.stop()


@contextmanager
def _data_folder(size: str) -> Iterator[Path]:
    """Give a folder outside of pytest's, which removes its folders with what is mounted in them."""
    folder = Path(tempfile.mkdtemp(prefix="manimatic-engine-", dir="/var/tmp"))
    try:
        if size:
            argv = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
            mounted = subprocess.run(argv, capture_output=True, check=False)
            require(mounted.returncode == 0, "needs the right to mount")
        yield folder
    finally:
        for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
            if (place := line.split()[1]) == str(folder) or place.startswith(f"{folder}/"):
                subprocess.run(["umount", "--lazy", place], check=True)
        shutil.rmtree(folder)


def tiny_image() -> bytes:
    """Return the image's file system."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tree:
        for path in [PYTHON, *_libraries(PYTHON)]:
            tree.add(path.resolve(), str(path).lstrip("/"))
        _link(tree, "usr/bin/python3", "python3.11")
        for name in ("lib", "lib64", "bin"):
            _link(tree, name, f"usr/{name}")
        tree.add("/usr/lib/python3.11", "usr/lib/python3.11", filter=_without_caches)
        tree.add(next(iter(manimatic_worker.__path__)), "runtime/worker/manimatic_worker", filter=_without_caches)
        for name, text in _STUBS.items():
            _add(tree, f"runtime/site/{name}", text)
        for name in ("job", "tmp", "proc", "sys", "dev", "etc", "var"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tree.addfile(entry)
    return written.getvalue()


def _libraries(program: Path) -> Iterator[Path]:
    """Yield the shared libraries of a program and of Python's own extensions that the worker loads."""
    extensions = Path("/usr/lib/python3.11/lib-dynload").glob("*.so")
    said = subprocess.run(["ldd", program, *extensions], capture_output=True, text=True, check=False).stdout
    found = {word for line in said.splitlines() for word in line.split() if word.startswith("/lib") and ".so" in word}
    for name in sorted(found):
        yield Path("/usr" + name.rstrip(":"))


def _without_caches(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in entry.name or "/test" in entry.name else entry


def _link(tree: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    tree.addfile(entry)


def _add(tree: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o644
    tree.addfile(entry, io.BytesIO(data))


def _load(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location("script_engine", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
