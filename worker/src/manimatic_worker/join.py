"""Put finished parts together into one video, without encoding anything again.

Used after a limit has ended a render: what was finished is still delivered. The parts came from a hostile worker, so
this runs in a sandbox like a render does.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from manimatic_worker.channel import Channel
from manimatic_worker.protocol import Done, Request

VIDEO = Path("joined.mp4")


def join(request: Request, channel: Channel) -> Done:
    """Receive the parts, join them in order and deliver the video."""
    paths = [Path(f"part{number}.mp4") for number in range(request.parts)]
    for path in paths:
        channel.receive_file(path)
    seconds = concatenate(paths, VIDEO)
    channel.send_file("video", VIDEO)
    return Done(outcome="ok", animations=len(paths), video_s=seconds)


def concatenate(paths: Sequence[Path], target: Path) -> float:
    """Remux the parts one after the other; return the length in seconds."""
    import av

    manifest = io.BytesIO("".join(f"file 'file:{path.absolute()}'\n" for path in paths).encode())
    with av.open(manifest, format="concat", options={"safe": "0"}) as source, av.open(str(target), "w") as out:
        stream = source.streams.video[0]
        copy = out.add_stream_from_template(stream)
        seconds = 0.0
        for packet in source.demux(stream):
            if packet.dts is None:
                continue
            if packet.pts is not None and packet.time_base is not None:
                seconds = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            packet.dts = None
            packet.stream = copy
            out.mux(packet)
    return seconds
