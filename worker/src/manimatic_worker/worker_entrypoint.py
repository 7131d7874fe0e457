"""The program inside the sandbox: one request in, frames out, then the end.

Started with a JSON object as its only argument: the fields of `confine.Rlimits`, the paths that stay reachable as
`read_only` and `writable`, and, where nothing outside does it, the system-call `filters` to put in force (base64) and
`insist`, to end where there is no Landlock. It moves the protocol out of reach, puts up the walls that only a process
itself can (resource limits, Landlock, seccomp), imports Manim, says `Ready` and waits for its request.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import io
import json
import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from manimatic_worker.protocol import Request

from manimatic_worker.confine import LandlockRules, Rlimits, apply_landlock, apply_rlimits, apply_seccomp


def main(argv: list[str]) -> int:
    """Serve one request."""
    began: float | None = time.monotonic()
    from manimatic_worker.channel import Channel
    from manimatic_worker.protocol import Done, Ready

    channel = Channel.seize()
    log_every_line()
    layers = confine_worker(argv[1] if len(argv) > 1 else "{}")
    from manimatic_worker import render

    render.warm_up()
    if not channel.is_asked():
        began = None
        render.warm_fonts_and_tex()
    channel.send(Ready(layers))
    try:
        request = channel.receive_request()
    except EOFError:
        return 0
    if request.mode == "join":
        from manimatic_worker.join import join

        done: Done = join(request, channel)
    else:
        done = render.perform(_with_time_left(request, began), channel)
    end_log(request.mark)
    channel.send(done)
    channel.wait_for_close()
    return 0


def _with_time_left(request: Request, began: float | None) -> Request:
    """Take the time that the start has taken off the limit, where the request waited for it: the host's clock ran."""
    if request.limit_s is None or began is None:
        return request
    return dataclasses.replace(request, limit_s=max(1.0, request.limit_s - (time.monotonic() - began)))


def log_every_line() -> None:
    """Have `print` hand over each line at once: a worker that is killed has no time to do it later."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)


def end_log(mark: str) -> None:
    """Hand over what was printed, and after it the mark by which the host knows that it has all."""
    with contextlib.suppress(OSError, ValueError):  # the scene may have closed them
        sys.stdout.flush()
        sys.stderr.flush()
        data = mark.encode()
        while data:
            data = data[os.write(2, data) :]


def confine_worker(limits_json: str) -> dict[str, str]:
    """Put up this process's own walls and tell which stand.

    Raises:
        ConfineError: The kernel refused one.
        SystemExit: There is no Landlock where it is insisted on.
    """
    wanted = json.loads(limits_json)
    paths = LandlockRules(read_only=tuple(wanted.pop("read_only", ())), writable=tuple(wanted.pop("writable", ())))
    filters = [base64.b64decode(one) for one in wanted.pop("filters", ())]
    insist = wanted.pop("insist", False)
    limits = apply_rlimits(Rlimits(**{name: value for name, value in wanted.items() if value is not None}))
    layers = {"rlimits": f"on, but for {', '.join(limits.refused)}" if limits.refused else "on"}
    if paths.read_only:
        landlock = apply_landlock(paths)
        layers["landlock"] = f"ABI {landlock.abi}" if landlock.in_force else f"off: {landlock.reason}"
        if insist and not landlock.in_force:
            raise SystemExit(f"There is no file wall: {landlock.reason}.")
    if filters:
        instructions = [apply_seccomp(program).instructions for program in filters]
        layers["seccomp"] = f"{sum(instructions)} instructions"
    return layers


if __name__ == "__main__":
    os._exit(main(sys.argv))
