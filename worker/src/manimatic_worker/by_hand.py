r"""Render one scene in a container that was started by hand, for debugging: no launcher, no protocol.

    docker run --rm --network none --read-only --memory 2g --tmpfs /job --tmpfs /tmp \
        -e JOB_ID=abc12345 -e CODE="$(cat scene.py)" manimatic-worker >video.mp4

The source is in `CODE`. `JOB_ID` names the job in the log and the file; `USER_PROMPT` is only shown in the log. The
video goes to standard output, or, where a folder is mounted at /output, to /output/<JOB_ID>.mp4. Everything else that
is said, by the scene too, goes to standard error.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from manimatic_worker.protocol import Done, Frame, Progress, Request

OUTPUT = Path("/output")
UNUSABLE = 2
FAILED = 1
_ROUTES = Path("/proc/net/route")
_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def main(environ: Mapping[str, str]) -> int:
    """Render and return the exit status: 0 with a video, 1 where the scene failed, 2 where it cannot be tried."""
    job_id = environ.get("JOB_ID", "") or "video"
    if trouble := reason_against(job_id, routes=_ROUTES.read_text(), is_terminal=sys.stdout.isatty()):
        say(trouble)
        return UNUSABLE
    say(f"job {job_id}: {environ.get('USER_PROMPT') or 'no prompt'}")
    with open_video(job_id) as video:
        done = render(environ["CODE"], Handed(video))
    say(describe(done))
    return 0 if done.outcome == "ok" else FAILED


def reason_against(job_id: str, *, routes: str, is_terminal: bool) -> str:
    """Return why the container has to be started in another way; empty where it is right."""
    if not _JOB_ID.fullmatch(job_id):
        return "JOB_ID is made of at most 64 letters, digits, - and _."
    if has_network(routes):
        return "This container has a network. Start it with --network none."
    if is_terminal and not OUTPUT.is_dir():
        return "Send standard output to a file (docker run … >video.mp4, without -t), or mount a folder at /output."
    return ""


def has_network(routes: str) -> bool:
    """Tell from /proc/net/route whether packets can leave; its first line is a heading."""
    return len(routes.splitlines()) > 1


def open_video(job_id: str) -> BinaryIO:
    """Open where the video goes, and send everything that is printed from now on to standard error."""
    video = (OUTPUT / f"{job_id}.mp4").open("wb") if OUTPUT.is_dir() else os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return video


def render(code: str, outlet: Handed) -> Done:
    """Render the scene at 1280x720 and 30 frames per second, as the service does by default."""
    from manimatic_worker import render as renderer
    from manimatic_worker.worker_entrypoint import confine_worker

    confine_worker("{}")
    os.environ.pop("CODE", None)
    renderer.warm_up()
    return renderer.render(Request(code=code, width=1280, height=720, fps=30), outlet)


class Handed:
    """Stands in for the channel to the host: writes the video, says what happens, leaves parts where they are."""

    def __init__(self, video: BinaryIO) -> None:
        self._video = video

    def send(self, frame: Frame) -> None:
        """Say how far the scene is."""
        if isinstance(frame, Progress):
            say(f"animation {frame.animation} done, {frame.video_s:.1f} s of video")

    def send_file(self, kind: str, path: Path) -> None:
        """Write the video."""
        if kind == "video":
            self._video.write(path.read_bytes())


def describe(done: Done) -> str:
    """Return how it ended, with the traceback where the scene failed."""
    if done.outcome == "ok":
        return f"{done.scene}: {done.animations} animations, {done.video_s:.1f} s of video"
    return done.traceback or done.error_message or done.outcome


def say(line: str) -> None:
    """Write a line to standard error."""
    print(f"worker: {line.rstrip()}", file=sys.stderr, flush=True)  # noqa: T201
