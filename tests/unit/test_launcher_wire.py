"""The dispatcher's side and the launcher's side of one unix socket, with a scripted sandbox behind."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from manimatic.errors import JobCancelled, SandboxError, SandboxUnavailable
from manimatic.jobs import Options, Quality
from manimatic.ports import Limits, RunListener, RunRequest, RunResult
from manimatic.sandbox import launcher_client, launcher_server, wire
from manimatic.sandbox.launcher_client import LauncherSandbox
from manimatic.sandbox.launcher_server import LauncherServer, is_allowed
from manimatic.sandbox.scripted import ScriptedRun, ScriptedSandbox
from manimatic.sandbox.supervisor import ArtefactSink
from manimatic.verdicts import Verdict
from manimatic_worker.protocol import HEADER, MAX_CHUNK_BYTES
from pipe_guest import Heard
from tiny_video import tiny_video

BOUNDS = Limits(timeout_s=20.0, max_artefact_bytes=1_000_000)


class Behind(ScriptedSandbox):
    """A scripted sandbox that notes how its runs were told to stop, and may refuse to describe itself."""

    def __init__(self) -> None:
        super().__init__()
        self.cancelled = threading.Event()
        self.refusal: Exception | None = None
        self.parts: list[bytes] = []

    def describe(self) -> Mapping[str, Any]:
        """Return the report, or refuse."""
        if self.refusal:
            raise self.refusal
        return super().describe()

    def supervise(
        self, request: RunRequest, listener: RunListener, cancel: threading.Event, sink: ArtefactSink
    ) -> RunResult:
        """Play the next run."""
        self.parts = [part.read_bytes() for part in request.parts]
        try:
            return super().supervise(request, listener, cancel, sink)
        except JobCancelled:
            self.cancelled.set()
            raise


@dataclasses.dataclass
class Bench:
    """A launcher in a thread, and the way to it."""

    behind: Behind
    path: Path
    listener: socket.socket
    folder: Path

    def run(self, cancel: threading.Event | None = None, **fields: Any) -> tuple[RunResult, Heard]:
        """Run a scene through the socket."""
        heard = Heard()
        request = RunRequest(**{"run_id": "r1", "code": "x", "limits": BOUNDS, **fields})
        self.folder.mkdir(exist_ok=True)
        return LauncherSandbox(self.path).run(request, heard, cancel or threading.Event(), self.folder), heard

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        """Connect without a client."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(str(self.path))
            yield connection


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Give a launcher that serves until the test is over."""
    monkeypatch.setattr(launcher_client, "RESTART_S", 0.3)
    monkeypatch.setattr(launcher_client, "POLL_S", 0.05)
    with tempfile.TemporaryDirectory() as short:  # a socket's path has at most 107 bytes
        behind, path = Behind(), Path(short) / "launcher.sock"
        server = LauncherServer(behind, BOUNDS, path)
        listener = server.listen()
        thread = threading.Thread(target=server.serve_forever, args=(listener,))
        thread.start()
        yield Bench(behind, path, listener, tmp_path / "artefacts")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        listener.close()
        assert not thread.is_alive()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Give a socket's path where nobody listens."""
    with tempfile.TemporaryDirectory() as short:
        yield Path(short) / "launcher.sock"


# ---------------------------------------------------------------- runs


def test_run_passes_everything_on(bench: Bench) -> None:
    """Request, log, progress, artefacts and result are the same on both sides."""
    film = tiny_video()
    bench.behind.add(
        ScriptedRun(
            log=("hé\n", "x" * 100_000),
            progress=((1, 0.5, None), (2, 1.0, 7)),
            video=film,
            scene="A",
            animations=2,
            figures={"cpu_s": 1.5},
        )
    )
    options = Options(quality=Quality.HIGH, aspect_ratio="9:16", fps=24, seed=2, scene="A")
    result, heard = bench.run(code="π = '\ud800'", options=options)
    (request,) = bench.behind.requests
    assert request == RunRequest(run_id="r1", code="π = '\ud800'", options=options, limits=BOUNDS)
    assert (heard.text, heard.steps) == ("hé\n" + "x" * 100_000, [(1, 0.5, None), (2, 1.0, 7)])
    assert (result.verdict, result.scene, result.animations, result.figures) == (Verdict.OK, "A", 2, {"cpu_s": 1.5})
    assert result.isolation == bench.behind.describe()
    assert result.video is not None
    assert result.artefacts[0].path.read_bytes() == film


def test_failed_run_keeps_its_words_and_parts(bench: Bench) -> None:
    """The verdict, where it broke, and what was finished."""
    bench.behind.add(
        ScriptedRun(
            verdict=Verdict.TIMEOUT, message="too long", line=3, traceback="t", error_type="E", parts=(b"1", b"2")
        )
    )
    result, _ = bench.run()
    assert (result.verdict, result.message, result.line) == (Verdict.TIMEOUT, "too long", 3)
    assert (result.traceback, result.error_type) == ("t", "E")
    assert [item.path.read_bytes() for item in result.artefacts] == [b"1", b"2"]


def test_parts_reach_the_sandbox(bench: Bench, tmp_path: Path) -> None:
    """Large ones in pieces, and empty ones."""
    contents = [b"a" * (MAX_CHUNK_BYTES + 5), b"", b"c"]
    for number, content in enumerate(contents):
        (tmp_path / str(number)).write_bytes(content)
    bench.behind.add(ScriptedRun(video=tiny_video()))
    result, _ = bench.run(parts=tuple(tmp_path / str(number) for number in range(3)))
    assert (result.verdict, bench.behind.parts) == (Verdict.OK, contents)


def test_video_that_is_none_is_refused_on_this_side(bench: Bench) -> None:
    """The launcher is not asked whether it is one."""
    bench.behind.add(ScriptedRun(video=b"no film"))
    assert bench.run()[0].verdict is Verdict.INVALID_OUTPUT


def test_more_bytes_than_asked_for_end_the_run(bench: Bench) -> None:
    """The caps hold on this side as well."""
    bench.behind.add(ScriptedRun(verdict=Verdict.TIMEOUT, parts=(b"x" * 200,)))
    result, _ = bench.run(limits=dataclasses.replace(BOUNDS, max_artefact_bytes=100))
    assert result.verdict is Verdict.INVALID_OUTPUT


def test_runs_go_side_by_side(bench: Bench) -> None:
    """One that lasts holds up no other."""
    bench.behind.add(ScriptedRun(lasts_s=60))
    bench.behind.add(ScriptedRun(verdict=Verdict.NO_SCENE))
    cancel = threading.Event()

    def be_cancelled() -> None:
        with pytest.raises(JobCancelled):
            bench.run(cancel)

    first = threading.Thread(target=be_cancelled)
    first.start()
    while not bench.behind.requests:
        time.sleep(0.01)
    assert bench.run()[0].verdict is Verdict.NO_SCENE
    cancel.set()
    first.join()


# ---------------------------------------------------------------- stopping


def test_cancel_reaches_the_run_soon(bench: Bench) -> None:
    """The connection is closed, and the launcher kills the run."""
    bench.behind.add(ScriptedRun(lasts_s=60))
    cancel = threading.Event()
    timer = threading.Timer(0.1, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(JobCancelled):
        bench.run(cancel)
    assert bench.behind.cancelled.wait(5)
    assert time.monotonic() - started < 3
    timer.join()


def test_run_is_killed_when_its_dispatcher_dies(bench: Bench) -> None:
    """However it dies: the kernel closes its end."""
    bench.behind.add(ScriptedRun(lasts_s=60))
    with bench.connected() as connection:
        request = wire.request_to_dict(RunRequest(run_id="r", code="x", limits=BOUNDS))
        wire.send(connection, {"type": "run", "request": request})
        while not bench.behind.requests:
            time.sleep(0.01)
    assert bench.behind.cancelled.wait(5)


def test_cancel_is_heard_while_the_launcher_is_away(short_path: Path, tmp_path: Path) -> None:
    """Nobody waits for a restart that nobody needs."""
    cancel = threading.Event()
    timer = threading.Timer(0.1, cancel.set)
    timer.start()
    started = time.monotonic()
    with pytest.raises(JobCancelled):
        LauncherSandbox(short_path).run(RunRequest(run_id="r", code="x"), Heard(), cancel, tmp_path)
    assert time.monotonic() - started < 3
    timer.join()


# ---------------------------------------------------------------- our own failures


def test_launcher_that_is_not_there_is_a_sandbox_error(
    short_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the time that a restart may take; asking what it enforces fails at once."""
    monkeypatch.setattr(launcher_client, "RESTART_S", 0.1)
    sandbox = LauncherSandbox(short_path)
    result = sandbox.run(RunRequest(run_id="r", code="x"), Heard(), threading.Event(), tmp_path)
    assert (result.verdict, str(short_path) in result.message) == (Verdict.SANDBOX_ERROR, True)
    with pytest.raises(SandboxError, match="not reachable"):
        sandbox.describe()


def test_launcher_that_comes_back_in_time_takes_the_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart costs no attempt."""
    monkeypatch.setattr(launcher_client, "RESTART_S", 8.0)
    away = bench.path.with_name("away")
    bench.path.rename(away)
    timer = threading.Timer(0.2, away.rename, [bench.path])
    timer.start()
    bench.behind.add(ScriptedRun(verdict=Verdict.NO_SCENE))
    assert bench.run()[0].verdict is Verdict.NO_SCENE
    timer.join()


@contextmanager
def answering(path: Path, *messages: bytes) -> Iterator[None]:
    """Play a launcher that says this to whoever comes, and hangs up."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                wire.Receiver(connection).receive()
                connection.sendall(b"".join(messages))

        thread = threading.Thread(target=answer)
        thread.start()
        yield
        thread.join()


def framed(payload: bytes, kind: bytes = b"J") -> bytes:
    """Return a frame of whatever bytes."""
    return HEADER.pack(kind, len(payload)) + payload


BAD_ANSWERS = [
    b"",
    framed(b'{"type":"log","text":"x"}'),
    framed(b'{"type":"log","text":"x"}')[:-1],
    framed(b"{"),
    framed(b"[]"),
    framed(b"{}"),
    framed(b"", b"X"),
    framed(b"x", b"A"),
    HEADER.pack(b"J", 2**31),
    framed(b'{"type":"result","result":{}}'),
    framed(b'{"type":"result","result":{"verdict":"no such"}}'),
    framed(b'{"type":"result","result":{"verdict":"ok","more":1}}'),
]


@pytest.mark.parametrize("answer", BAD_ANSWERS, ids=lambda answer: answer[:40].decode(errors="replace"))
def test_launcher_that_dies_or_raves_in_mid_run_is_a_sandbox_error(
    short_path: Path, tmp_path: Path, answer: bytes
) -> None:
    """Never the scene's fault, and never another exception; bytes that are not due are the guest's."""
    with answering(short_path, answer):
        result = LauncherSandbox(short_path).run(RunRequest(run_id="r", code="x"), Heard(), threading.Event(), tmp_path)
    due = Verdict.INVALID_OUTPUT if answer[:1] == b"A" else Verdict.SANDBOX_ERROR
    assert (result.verdict, bool(result.message)) == (due, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answer", BAD_ANSWERS[:9], ids=lambda answer: answer[:40].decode(errors="replace"))
def test_launcher_that_dies_or_raves_while_asked_what_it_enforces_raises_a_sandbox_error(
    short_path: Path, answer: bytes
) -> None:
    """The dispatcher reports it and goes on."""
    with answering(short_path, answer), pytest.raises(SandboxError):
        LauncherSandbox(short_path).describe()


def test_artefacts_that_cannot_be_written_here_are_our_failure(bench: Bench) -> None:
    """A full disk of the dispatcher is not the launcher's end."""
    bench.behind.add(ScriptedRun(parts=(b"x",)))
    bench.folder.mkdir()
    (bench.folder / "00000.video").write_text("in the way")
    result, _ = bench.run()
    assert result.verdict is Verdict.SANDBOX_ERROR
    assert "cannot be read or written" in result.message


# ---------------------------------------------------------------- describing


def test_isolation_report_is_handed_on(bench: Bench) -> None:
    """As the sandbox gave it."""
    assert LauncherSandbox(bench.path).describe() == bench.behind.describe()


def test_errors_are_carried_over_with_their_hints(bench: Bench) -> None:
    """Of describing and of running, each as its own kind."""
    bench.behind.refusal = SandboxUnavailable("no namespaces", hint="allow them")
    with pytest.raises(SandboxUnavailable) as caught:
        LauncherSandbox(bench.path).describe()
    assert (caught.value.message, caught.value.hint) == ("no namespaces", "allow them")
    bench.behind.refusal = SandboxError("broke")
    with pytest.raises(SandboxError, match="broke") as other:
        LauncherSandbox(bench.path).describe()
    assert not isinstance(other.value, SandboxUnavailable)
    bench.behind.add(SandboxUnavailable("no namespaces"))
    with pytest.raises(SandboxUnavailable):
        bench.run()


@pytest.mark.parametrize("error", [RuntimeError("sk-secret"), KeyError("x"), OSError("disk")])
def test_bug_of_the_launcher_is_a_sandbox_error(bench: Bench, error: Exception) -> None:
    """It says so itself, without the error's words, and serves on."""
    bench.behind.add(error)
    result, _ = bench.run()
    assert (result.verdict, "sk-secret" in result.message) == (Verdict.SANDBOX_ERROR, False)
    assert type(error).__name__ in result.message
    assert LauncherSandbox(bench.path).describe()


# ---------------------------------------------------------------- what may be asked


@pytest.mark.parametrize("name", Limits.__slots__)
@pytest.mark.parametrize("factor", [0, -1, 1.01, float("nan"), float("inf")])
def test_run_beyond_the_bounds_is_refused(bench: Bench, name: str, factor: float) -> None:
    """Every limit, and nothing is started."""
    limits = dataclasses.replace(BOUNDS, **{name: getattr(BOUNDS, name) * factor})
    result, _ = bench.run(limits=limits)
    assert (result.verdict, bench.behind.requests) == (Verdict.SANDBOX_ERROR, [])
    assert name in result.message or factor != factor  # this side does not wait for ever either


def test_parts_beyond_the_bounds_are_refused(bench: Bench, tmp_path: Path) -> None:
    """The launcher's disk is not the dispatcher's."""
    (tmp_path / "part").write_bytes(bytes(600_000))
    result, _ = bench.run(parts=(tmp_path / "part", tmp_path / "part"))
    assert (result.verdict, bench.behind.requests) == (Verdict.SANDBOX_ERROR, [])


def good_request() -> dict[str, Any]:
    """Return a request's values."""
    return wire.request_to_dict(RunRequest(run_id="r", code="x", limits=BOUNDS))


@pytest.mark.parametrize(
    "message",
    [
        {"type": "shell", "command": "id"},
        {"type": "run"},
        {"type": "run", "request": []},
        {"type": "run", "request": {**good_request(), "parts": "1"}},
        {"type": "run", "request": {**good_request(), "limits": {"image": "evil"}}},
        {"type": "run", "request": {**good_request(), "limits": {"timeout_s": "1"}}},
        {"type": "run", "request": {**good_request(), "options": {"quality": "best"}}},
        {"type": "run", "request": {**good_request(), "options": {**good_request()["options"], "mount": "/"}}},
        {"type": "run", "request": {"parts": 0}},
        {},
        {"type": 3},
    ],
    ids=lambda message: json.dumps(message)[:50],
)
def test_anything_else_that_is_asked_is_refused(bench: Bench, message: dict[str, Any]) -> None:
    """There is one thing that the launcher does."""
    with bench.connected() as connection:
        wire.send(connection, message)
        answer = wire.Receiver(connection).receive()
    assert isinstance(answer, dict)
    assert (answer["type"], answer["code"]) == ("error", "sandbox_error")
    assert bench.behind.requests == []


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\0" * 50, framed(b"x", b"A"), framed(b"null")])
def test_noise_is_answered_with_an_error_and_a_closed_connection(bench: Bench, noise: bytes) -> None:
    """And others are served."""
    with bench.connected() as connection:
        connection.sendall(noise)
        receiver = wire.Receiver(connection)
        answer = receiver.receive()
        assert isinstance(answer, dict)
        assert answer["type"] == "error"
        with pytest.raises((EOFError, ConnectionError)):
            receiver.receive()
    assert LauncherSandbox(bench.path).describe()


def test_only_this_user_and_root_may_ask(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are hung up on, and cannot even open the socket's file."""
    assert bench.path.stat().st_mode & 0o777 == 0o600
    assert is_allowed(os.geteuid())
    assert is_allowed(0)
    assert not is_allowed(os.geteuid() + 1)
    assert is_allowed(61180, client=61180)
    assert not is_allowed(61181, client=61180)
    monkeypatch.setattr(launcher_server, "is_allowed", lambda uid, client: uid != os.geteuid())
    with pytest.raises(SandboxError):
        LauncherSandbox(bench.path).describe()


def test_launcher_without_free_descriptors_serves_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full table of open files is no reason to end."""
    failing = [OSError(24, "Too many open files")]

    class Listener:
        """Fails once, then is the real one."""

        def accept(self) -> Any:
            """Fail, or take a connection."""
            if failing:
                raise failing.pop()
            return bench.listener.accept()

    monkeypatch.setattr(launcher_server, "ACCEPT_PAUSE_S", 0.01)
    server = LauncherServer(bench.behind, BOUNDS, bench.path)
    thread = threading.Thread(target=server.serve_forever, args=(Listener(),))
    thread.start()
    while failing:
        time.sleep(0.01)
    assert LauncherSandbox(bench.path).describe()
    bench.listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def test_old_socket_at_the_same_path_is_replaced(short_path: Path) -> None:
    """A launcher that was killed leaves its file behind."""
    for _ in range(2):
        listener = LauncherServer(Behind(), BOUNDS, short_path).listen()
        listener.close()
    assert short_path.is_socket()
