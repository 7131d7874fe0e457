"""How a run of the worker ended."""

from __future__ import annotations

import enum


class Blame(enum.StrEnum):
    """Whose doing an outcome is; the three never mix."""

    SCENE = "scene"
    """The generated code is wrong; another attempt may mend it."""
    LIMIT = "limit"
    """The code wanted more than it is allowed."""
    MACHINERY = "machinery"
    """Our own side failed; the code may be fine."""


class Verdict(enum.StrEnum):
    """How one run of the worker ended, decided by the host."""

    OK = "ok"
    """The video is complete and passed the container check."""
    SCENE_ERROR = "scene_error"
    """The scene raised an exception."""
    NO_SCENE = "no_scene"
    """The source defines no scene to render."""
    NO_OUTPUT = "no_output"
    """The scene ended without playing a single animation."""
    INVALID_OUTPUT = "invalid_output"
    """What the worker delivered is not a valid video, or it broke the protocol."""
    CRASHED = "crashed"
    """The worker died without a verdict (a signal, or an exit in mid-run)."""
    TIMEOUT = "timeout"
    """The run took longer than its wall-clock limit."""
    MEMORY_LIMIT = "memory_limit"
    """The run wanted more memory than its limit."""
    PROCESS_LIMIT = "process_limit"
    """The run wanted more processes and threads than its limit."""
    DISK_LIMIT = "disk_limit"
    """The run filled its disk."""
    OUTPUT_LIMIT = "output_limit"
    """The run delivered or printed more than it may."""
    SANDBOX_ERROR = "sandbox_error"
    """The sandbox itself failed; the scene is not to blame."""

    @property
    def blame(self) -> Blame | None:
        """Tell whose doing it is; None for `ok`."""
        return _BLAME.get(self)


_BLAME = {
    Verdict.SCENE_ERROR: Blame.SCENE,
    Verdict.NO_SCENE: Blame.SCENE,
    Verdict.NO_OUTPUT: Blame.SCENE,
    Verdict.INVALID_OUTPUT: Blame.SCENE,
    Verdict.CRASHED: Blame.SCENE,
    Verdict.TIMEOUT: Blame.LIMIT,
    Verdict.MEMORY_LIMIT: Blame.LIMIT,
    Verdict.PROCESS_LIMIT: Blame.LIMIT,
    Verdict.DISK_LIMIT: Blame.LIMIT,
    Verdict.OUTPUT_LIMIT: Blame.LIMIT,
    Verdict.SANDBOX_ERROR: Blame.MACHINERY,
}
