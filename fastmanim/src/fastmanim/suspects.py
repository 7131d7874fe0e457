"""Look for what a scene does that frames drawn in other processes would change: then all is drawn in this one.

Looking at names is crude and errs on the safe side: a scene that says `pixel_array` anywhere is drawn in one process.
"""

from __future__ import annotations

import site
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

_KNOWN = frozenset({"fastmanim", "manim", "manimatic_worker"})
NAMES = frozenset(
    [
        "pixel_array",
        "get_image",
        "get_frame",
        "save_image",
        "static_image",
        "capture_mobject",
        "capture_mobjects",
        "get_pixel_array",
        "file_writer",
        "write_frame",
        "add_frame",
        "update_frame",
        "show_frame",
        "freeze_current_frame",
        "save_static_frame_data",
        "threading",
        "Thread",
        "_thread",
        "multiprocessing",
        "concurrent",
        "asyncio",
        "subprocess",
        "Popen",
        "system",
        "popen",
        "fork",
        "waitpid",
        "wait4",
        "socket",
        "socketserver",
        "urllib",
        "requests",
        "http",
        "open",
        "fdopen",
        "write_text",
        "write_bytes",
        "mkdir",
        "unlink",
        "rename",
        "rmtree",
        "touch",
        "psutil",
        "getpid",
        "ctypes",
        "mmap",
        "atexit",
        "signal",
        "setattr",
        "__setattr__",
        "exec",
        "eval",
        "__import__",
        "import_module",
        "settrace",
        "setprofile",
        "time_ns",
        "perf_counter",
        "monotonic",
        "process_time",
        "datetime",
        "urandom",
        "secrets",
        "SystemRandom",
    ]
)
"""Names of what reads pictures, runs something beside, touches what lies outside the process, or asks the clock."""


def suspects_of(scene: Any) -> list[str]:
    """Return the names in the scene's own code, and in what it imports from beside it, that are to be afraid of."""
    found: set[str] = set()
    for module in _own_modules(type(scene)):
        for code in _codes_of(module):
            found.update(NAMES.intersection(code.co_names))
    return sorted(found)


def _own_modules(kind: type[Any]) -> Iterator[ModuleType]:
    names = {base.__module__ for base in kind.__mro__}
    libraries = _library_folders()
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if (name in names and name.partition(".")[0] not in _KNOWN and name != "builtins") or (
            name != "__main__"
            and path
            and path.endswith(".py")
            and not any(Path(path).is_relative_to(folder) for folder in libraries)
        ):
            yield module


def _library_folders() -> set[str]:
    """Return where Python's own modules, installed packages and this package are."""
    paths = sysconfig.get_paths()
    own, manims = Path(__file__).parent, Path(sys.modules["manim"].__file__ or "").parents[1]
    beside = {str(own), str(manims), *_folders_of("manimatic_worker")}  # wherever they lie, they are no scene's
    return {paths["stdlib"], paths["platstdlib"], paths["purelib"], paths["platlib"], *site.getsitepackages(), *beside}


def _folders_of(package: str) -> Iterable[str]:
    return getattr(sys.modules.get(package), "__path__", ())


def _codes_of(module: ModuleType) -> Iterator[CodeType]:
    """Yield all code of a module: of its file, or where it has none, of its functions."""
    path = getattr(module, "__file__", None)
    try:
        source = Path(path).read_bytes() if path else b""
        yield from _within(compile(source, str(path), "exec"))
    except (OSError, SyntaxError, ValueError):
        source = b""
    if not source:
        yield from _codes(vars(module).values(), vars(module))


def _codes(values: Iterable[Any], home: dict[str, Any]) -> Iterator[CodeType]:
    """Yield the code of all functions and classes among these that were made in a module."""
    for value in values:
        function = getattr(value, "__func__", value)
        if isinstance(function, property):
            yield from _codes([function.fget, function.fset], home)
        elif isinstance(function, FunctionType) and function.__globals__ is home:
            yield from _within(function.__code__)
        elif isinstance(function, type) and function.__module__ == home.get("__name__"):
            yield from _codes(vars(function).values(), home)


def _within(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _within(constant)
