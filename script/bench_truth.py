"""What really becomes of a scene: plain Manim in the sandbox, remembered by the scene's hash.

Pictures are small and few, for only the outcome counts. A run that is longer than the cap is a class of its own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from manimatic.jobs import Options, Picture, new_id
from manimatic.ports import Limits, RunRequest, Sandbox
from manimatic.rehearsal import Rehearsal, Rehearse
from manimatic.sandbox.bubblewrap import BubblewrapSandbox
from manimatic.sandbox.cgroup import choose
from manimatic.sandbox.identity import identity_folder, take_identity
from manimatic.sandbox.runtime import runtime_root
from manimatic.verdicts import Blame, Verdict

WIDTH, HEIGHT, FPS = 256, 144, 6
CORES = 1.0
OUT_OF_TIME = frozenset({"TimeIsUp", "RenderTooLong"})
"""Errors by which a rehearsal ends a scene that is too slow; it steps more frames than are rendered here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """How a scene ended."""

    verdict: str
    error_type: str | None
    message: str
    line: int | None
    traceback: str | None
    animations: int
    cap_s: float
    wall_s: float

    @property
    def outcome(self) -> str:
        """Return `ok`, `failed`, or `limit` for a run that a limit, or the time of its rehearsal, ended."""
        if self.verdict == Verdict.OK:
            return "ok"
        if self.error_type in OUT_OF_TIME:
            return "limit"
        return "failed" if Verdict(self.verdict).blame is Blame.SCENE else "limit"

    @property
    def kind(self) -> str:
        """Return the class of the error."""
        if self.outcome != "failed":
            return self.verdict
        return _kind(self.error_type or "", self.message, self.verdict)


_KINDS = (
    ("syntax", r"^(SyntaxError|IndentationError|TabError)"),
    ("attribute or method", r"^AttributeError"),
    ("name", r"^(NameError|UnboundLocalError)"),
    ("import", r"^(ImportError|ModuleNotFoundError)"),
    ("keyword argument", r"unexpected keyword|multiple values for (keyword )?argument"),
    ("arity", r"positional argument|missing \d+ required"),
    ("points and shapes", r"broadcast|inhomogeneous|shape|dimension|matmul|concatenate|array at index"),
    ("LaTeX", r"latex|LaTeX|\.tex|TeX"),
    ("colour", r"[Cc]olor"),
    ("not a mobject or animation", r"Animation|[Mm]object|animate"),
    ("file", r"^(FileNotFoundError|OSError|PermissionError)"),
    ("other type", r"^TypeError"),
    ("index or key", r"^(IndexError|KeyError)"),
    ("value", r"^ValueError"),
)


def _kind(error_type: str, message: str, verdict: str) -> str:
    text = f"{error_type}: {message.removeprefix(error_type + ': ')}" if error_type else message
    if verdict != Verdict.SCENE_ERROR:
        return verdict
    return next((name for name, pattern in _KINDS if re.search(pattern, text)), "other")


class SmallOptions(Options):
    """Options with a small picture and few of them."""

    def picture(self) -> Picture:
        """Return the frame."""
        whole = super().picture()
        return dataclasses.replace(whole, width=WIDTH, height=HEIGHT, fps=FPS)


class Truths:
    """Renders scenes, one at a time, and remembers how they ended."""

    def __init__(self, sandbox: Sandbox, cache: Path, cap_s: float) -> None:
        self._sandbox, self._cache, self._cap_s = sandbox, cache, cap_s
        cache.mkdir(parents=True, exist_ok=True)

    def of(self, code: str, rehearse: Rehearse = Rehearse.NO) -> Truth:
        """Return how the scene ends when it is rendered, or only rehearsed."""
        name = self.key(code) + ("" if rehearse is Rehearse.NO else "-rehearsed")
        path = self._cache / f"{name}.json"
        known = Truth(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None
        if known is not None and (known.outcome != "limit" or known.cap_s >= self._cap_s):
            return known
        truth = self._rendered(code, rehearse)
        if truth.verdict != Verdict.SANDBOX_ERROR:
            path.write_text(json.dumps(dataclasses.asdict(truth)), encoding="utf-8")
        return truth

    def key(self, code: str) -> str:
        """Return what a scene is remembered by; with a longer cap only those are rendered again that ran into it."""
        place = f"{WIDTH}x{HEIGHT}@{FPS} {CORES:g} cores\n"
        return hashlib.sha256((place + code).encode(errors="surrogatepass")).hexdigest()[:32]

    def _rendered(self, code: str, rehearse: Rehearse) -> Truth:
        limits = Limits(timeout_s=self._cap_s, cpu_cores=CORES)
        request = RunRequest(run_id=new_id(), code=code, options=SmallOptions(), limits=limits, rehearse=rehearse)
        with tempfile.TemporaryDirectory() as folder:
            result = self._sandbox.run(request, Silent(), threading.Event(), Path(folder))
        return Truth(
            verdict=result.verdict.value,
            error_type=result.error_type,
            message=result.message,
            line=result.line,
            traceback=result.traceback,
            animations=result.animations,
            cap_s=self._cap_s,
            wall_s=float(result.figures.get("wall_s", 0.0)),
        )


class Silent:
    """Hears nothing."""

    def rehearsed(self, rehearsal: Rehearsal) -> None:
        """Take no notice."""

    def progress(self, *, animation: int, video_s: float, line: int | None, total: int | None = None) -> None:
        """Take no notice."""

    def log(self, text: str) -> None:
        """Take no notice."""


@contextmanager
def open_truths(cache: Path, cap_s: float) -> Iterator[Truths]:
    """Give the renderer of this machine."""
    with take_identity(identity_folder()) as identity:
        yield Truths(BubblewrapSandbox(choose(), identity, runtime_root()), cache, cap_s)
