"""Attacks that need no sandbox: hostile bytes and texts for the trusted side's own readers."""

from __future__ import annotations

import ast
import io
import os
import random
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from pathlib import Path

from harness.api import open_api
from manimatic.checking.process import CheckerProcess
from manimatic.errors import InvalidInput
from manimatic.jobs import MAX_CODE_BYTES, check_source
from manimatic.ports import CheckOptions
from manimatic.sandbox.mp4 import InvalidVideo, inspect_mp4
from manimatic_worker.protocol import HEADER, MAX_JSON_BYTES, Decoder, ProtocolViolation, Request
from manimatic_worker.scene_source import load_scene
from tiny_video import tiny_video

MAX_S = 5.0
MAX_BYTES = 8 * 1024**2
GOOD = "from manim import *\nclass S(Scene):\n    def construct(self):\n        self.wait()\n"
MESSAGES = {
    "nested lists": b"[" * 60_000,
    "nested objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "not a number": b'{"type": "progress", "animation": NaN, "video_s": 1}',
    "infinity": b'{"type": "progress", "animation": 1, "video_s": Infinity}',
    "huge number": b'{"type": "progress", "animation": ' + b"9" * 60_000 + b', "video_s": 1}',
    "huge power": b'{"type": "progress", "animation": 1, "video_s": 1e999999}',
    "a key twice": b'{"type": "done", "outcome": "scene_error", "outcome": "ok"}',
    "a key unknown": b'{"type": "done", "outcome": "ok", "verdict": "ok"}',
    "a key missing": b'{"type": "done"}',
    "another type": b'{"type": "done", "outcome": ["ok"]}',
    "no object": b'"done"',
    "not UTF-8": b'{"type": "log", "text": "\xff\xfe"}',
    "nothing": b"",
    "no type": b"{}",
}


def messages() -> None:
    """Every message that is none is refused, soon and in little memory; so is a length that is a lie."""
    tracemalloc.start()
    started = time.monotonic()
    for name, body in MESSAGES.items():
        assert len(body) <= MAX_JSON_BYTES, name
        assert _is_refused(HEADER.pack(b"J", len(body)) + body), f"{name} was taken for a message"
    for kind, length in ((b"J", MAX_JSON_BYTES + 1), (b"A", 1 << 31), (b"X", 1)):
        assert _is_refused(HEADER.pack(kind, length)), f"a frame of {length} bytes was waited for"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MAX_BYTES, f"{peak} bytes of memory"
    assert time.monotonic() - started < MAX_S, "it took too long"


def _is_refused(data: bytes) -> bool:
    try:
        frames = list(Decoder().feed(data))
    except ProtocolViolation:
        return True
    return any(isinstance(frame, Request) for frame in frames)


def videos() -> None:
    """A video that is cut, turned over at random or wrong in a size gives a reason, or still keeps to the grammar."""
    whole, chance = tiny_video(), random.Random(7)
    broken = [whole[:length] for length in range(0, len(whole), 101)]
    broken += [_flipped(whole, chance) for _ in range(400)]
    broken += [_with_size(whole, at, size) for at in _boxes(whole) for size in (0, 1, 7, 8, 0x7FFFFFFF, 0xFFFFFFFF)]
    broken += [
        b"",
        b"\0" * 4096,
        whole + whole,
        whole + b"\0" * 16,
        b"<html>" + whole,
        b"GIF89a" + whole,
        b"%PDF-1.7\n" + whole,
    ]
    broken += [b"#EXTM3U\nhttp://127.0.0.1/x.ts\n", b"ffconcat version 1.0\nfile /etc/passwd\n", b"RIFF\0\0\0\0AVI "]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "video")
        started, taken = time.monotonic(), 0
        for data in broken:
            path.write_bytes(data)
            taken += _is_taken(path)
        assert taken < len(broken) / 2, f"{taken} of {len(broken)} broken videos were taken"
        assert time.monotonic() - started < 6 * MAX_S, "it took too long"
        _refuses_what_is_no_file(path)


def _is_taken(path: Path) -> bool:
    try:
        inspect_mp4(path, max_bytes=MAX_BYTES)
    except InvalidVideo:
        return False
    return True


def _refuses_what_is_no_file(path: Path) -> None:
    """A link, a pipe, a folder, a device and a file of a pebibyte are no videos, and nobody waits for them."""
    path.write_bytes(tiny_video())
    link, pipe, sparse = (path.with_name(name) for name in ("link", "pipe", "sparse"))
    link.symlink_to(path)
    os.mkfifo(pipe)
    sparse.touch()
    os.truncate(sparse, 1 << 40)
    for one in (link, pipe, sparse, path.parent, Path("/dev/zero"), Path("/proc/self/environ")):
        assert not _is_taken(one), f"{one} was taken for a video"


def _flipped(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _boxes(data: bytes) -> list[int]:
    kinds = (b"ftyp", b"moov", b"trak", b"mdia", b"stbl", b"stsz", b"stco", b"stts", b"mdat", b"dref", b"avc1")
    return [data.index(kind) - 4 for kind in kinds if kind in data]


def _with_size(data: bytes, at: int, size: int) -> bytes:
    return data[:at] + size.to_bytes(4, "big") + data[at + 4 :]


def source_texts() -> None:
    """What cannot be read is refused; what is read is what runs, whatever the text says of its encoding."""
    for name, text in {"NUL": GOOD + "\0", "fifty megabytes": "#" * (50 << 20), "nothing": " \n"}.items():
        try:
            check_source(text)
        except InvalidInput:
            continue
        raise AssertionError(f"{name} was taken")
    assert MAX_CODE_BYTES < 50 << 20
    with CheckerProcess() as checker:
        for first in ("# coding: rot13\n", "# -*- coding: utf-7 -*-\n", "# coding: idna\n", "\f", "#\u202e\n"):
            _runs_as_it_reads(first + GOOD + "MARK = 'as it reads'\n", checker)
        for odd in (
            "\ufeff" + GOOD,
            GOOD.replace("\n", "\r\n"),
            GOOD.replace("wait", "w\u0430it"),
            GOOD + "x = '\u202e'\n",
        ):
            assert checker.check(odd, CheckOptions()) is not None
        assert checker.check(GOOD, CheckOptions()).ok, "a good scene is refused afterwards"


def _runs_as_it_reads(text: str, checker: CheckerProcess) -> None:
    """The tree that is looked at is the tree that the worker makes: both read text, and no cookie turns it."""
    names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    assert {"MARK", "Scene"} <= names, "the text reads otherwise"
    assert checker.check(text, CheckOptions()).ok, f"refused: {text[:30]!r}"
    assert load_scene.__module__ == "manimatic_worker.scene_source"


DEADLY = {
    "nested brackets": "x = " + "(" * 100_000 + ")" * 100_000,
    "unclosed brackets": "x = " + "[" * 100_000,
    "long chain": "x" + ".y" * 200_000,
    "long sum": "x = " + "1+" * 200_000 + "1",
    "ten million digits": "x = " + "9" * 1_000_000,
    "signs": "x = " + "-" * 300_000 + "1",
    "nested texts": 'x = f"{' * 100 + "1" + '}"' * 100,
    "lambdas": "x = " + "lambda:" * 30_000 + "1",
}
HARMLESS = {"power": "x = 9**9**9", "long text": "x = 'a' * 10**10", "shift": "x = 1 << (1 << 60)"}


def deadly_sources() -> None:
    """Reading happens in a limited child: whatever becomes of it, there is an answer, and the next source is read."""
    started = time.monotonic()
    with CheckerProcess() as checker:
        for name, text in {**DEADLY, **HARMLESS}.items():
            report = checker.check(text, CheckOptions())
            assert name in HARMLESS or not report.ok, f"{name} was found good"
            assert checker.check(GOOD, CheckOptions()).ok, f"after {name} a good scene is refused"
    assert time.monotonic() - started < 30 * MAX_S, "it took too long"


WORDS = (
    "; touch {mark}",
    "$(touch {mark})",
    "`touch {mark}`",
    "| touch {mark}",
    "--config_file={mark}",
    "-o{mark}",
    "\n touch {mark}",
)


def shell_words() -> None:
    """Words that a shell would act on are refused in names and go through texts untouched; nothing acts on them."""
    with (
        redirect_stderr(io.StringIO()),  # which takes the log of requests
        tempfile.TemporaryDirectory() as folder,
        open_api(Path(folder)) as api,
    ):
        mark = Path(folder, "mark")
        for word in (one.format(mark=mark) for one in WORDS):
            for name in ("scene", "quality", "aspect_ratio", "background", "model", "format"):
                answer = api.client.post("/generate", json={"prompt": "a circle", name: word})
                assert answer.status_code == 422, f"{name}={word!r} gave {answer.status_code}"
            job = api.status(api.generate(prompt=f"a circle {word}"))
            assert job["prompt"].endswith(word.strip()), job["prompt"]
        for path in ("/videos/..%2f..%2fetc%2fpasswd", "/videos/--help", "/status/$(id)", "/videos/%00"):
            assert api.client.get(path).status_code in (400, 404), path
        assert not mark.exists(), "something acted on it"


CASES: Mapping[str, Callable[[], None]] = {
    one.__name__: one for one in (messages, videos, source_texts, deadly_sources, shell_words)
}
