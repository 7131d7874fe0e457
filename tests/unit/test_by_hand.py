"""The worker's container: what it refuses, and what it makes of its environment when it is started by hand."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from manimatic_worker import by_hand
from manimatic_worker.container import REFUSED, main, secret_names
from manimatic_worker.protocol import Done, Progress

ROUTES = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


@pytest.mark.parametrize(
    "name",
    [
        *("GEMINI_API_KEY", "CLOUDINARY_CLOUD_NAME", "CLOUDINARY_API_SECRET", "CLOUDINARY_URL", "OPENAI_API_KEY"),
        *("AWS_ACCESS_KEY_ID", "GOOGLE_APPLICATION_CREDENTIALS", "DB_PASSWORD", "api_key", "GITHUB_TOKEN", "MY_APIKEY"),
    ],
)
def test_a_secrets_name_is_known(name: str) -> None:
    """Keys and accounts of storages and models, whoever's."""
    assert secret_names({"PATH": "", name: ""}) == [name]


def test_what_a_worker_is_given_is_no_secret() -> None:
    """Neither what the image sets, nor what is given by hand."""
    usual = [
        "PATH",
        "HOME",
        "TMPDIR",
        "LANG",
        "XDG_CACHE_HOME",
        "TEXMFVAR",
        "openin_any",
        "OMP_NUM_THREADS",
        "HOSTNAME",
    ]
    assert secret_names([*usual, "JOB_ID", "CODE", "USER_PROMPT", "TOKENIZERS_PARALLELISM", "KEYBOARD"]) == []


def test_beside_a_secret_the_worker_ends_before_anything_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the variable and does not show its value."""
    monkeypatch.setenv("CLOUDINARY_API_SECRET", "hunter2")
    monkeypatch.setenv("CODE", "raise SystemExit")
    assert main(["worker"]) == REFUSED
    said = capsys.readouterr()
    assert "CLOUDINARY_API_SECRET" in said.err
    assert "hunter2" not in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("routes", "expected"), [("", False), (ROUTES, False), (ROUTES + "eth0\t00000000\t010011AC\t0003\n", True)]
)
def test_a_route_out_is_a_network(routes: str, expected: bool) -> None:
    """As /proc/net/route tells; a container without a network has the heading alone, or nothing."""
    assert by_hand.has_network(routes) is expected


@pytest.mark.parametrize("job_id", ["", "../evil", "a/b", "x" * 65, "a b", "a\n"])
def test_a_job_id_that_is_no_name_is_refused(job_id: str) -> None:
    """It becomes a file's name."""
    assert "JOB_ID" in by_hand.reason_against(job_id, routes=ROUTES, is_terminal=False)


def test_a_video_is_not_written_on_a_terminal() -> None:
    """The message says where to send it."""
    assert "video.mp4" in by_hand.reason_against("abc12345", routes=ROUTES, is_terminal=True)
    assert by_hand.reason_against("abc12345", routes=ROUTES, is_terminal=False) == ""


def test_only_the_video_is_handed_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Parts stay where they are, and progress goes to standard error."""
    path = tmp_path / "file"
    path.write_bytes(b"bytes")
    video = io.BytesIO()
    outlet = by_hand.Handed(video)
    outlet.send(Progress(2, 1.5, 7))
    outlet.send_file("part", path)
    assert video.getvalue() == b""
    outlet.send_file("video", path)
    assert video.getvalue() == b"bytes"
    assert "animation 2" in capsys.readouterr().err


def test_the_end_is_described() -> None:
    """With the traceback where there is one."""
    assert "3 animations" in by_hand.describe(Done(outcome="ok", scene="S", animations=3, video_s=2.0))
    assert by_hand.describe(Done(outcome="scene_error", error_message="m", traceback="t")) == "t"
    assert by_hand.describe(Done(outcome="no_output")) == "no_output"
