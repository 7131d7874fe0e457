"""What holds for every answer: problem documents, headers, request ids, hosts, the log."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness.api import Api, open_api
from manimatic.api import create_app, serve_app
from manimatic.api.app import BOOT_FAILED
from manimatic.api.hosts import trusted_names
from manimatic.api.present import default_message
from manimatic.errors import LeaseLost, ManimaticError, SettingsError, StoreError
from manimatic.logs import make_log
from manimatic.settings import Settings

PARTS_OF_A_PROBLEM = {
    "type",
    "title",
    "status",
    "detail",
    "instance",
    "code",
    "hint",
    "retryable",
    "request_id",
    "errors",
}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Give an API with nothing in it."""
    with open_api(tmp_path) as opened:
        yield opened


def fail(error: Exception) -> Any:
    """Return a function that raises."""

    def raising(*_arguments: Any, **_named: Any) -> Any:
        raise error

    return raising


def all_errors() -> list[type[ManimaticError]]:
    """Return every class of error."""
    found = [ManimaticError]
    for kind in found:
        found.extend(kind.__subclasses__())
    return [kind for kind in found if kind.__module__ == "manimatic.errors"]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/status/", 404, "not_found"),
        ("GET", "/status/abc12345", 404, "job_not_found"),
        ("GET", "/videos/x", 404, "video_not_found"),
        ("GET", "/generate", 405, "method_not_allowed"),
        ("PUT", "/status/abc12345", 405, "method_not_allowed"),
        ("TRACE", "/health", 405, "method_not_allowed"),
        ("GET", "/static/none.css", 404, "not_found"),
        ("GET", "/jobs?limit=x", 422, "invalid_input"),
    ],
)
def test_every_error_is_a_problem_document(api: Api, method: str, path: str, status: int, code: str) -> None:
    """RFC 9457, with all our members, whoever noticed the error."""
    answer = api.client.open(path, method=method)
    body = answer.get_json()
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert (body["status"], body["code"], set(body)) == (status, code, PARTS_OF_A_PROBLEM)
    assert body["type"] == f"/docs#problem-{code}"
    assert body["instance"] == path.partition("?")[0]
    assert body["request_id"] == answer.headers["X-Request-Id"]


def test_wrong_method_is_told_the_right_ones(api: Api) -> None:
    """Allow lists them."""
    assert set(api.client.get("/generate").headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


@pytest.mark.parametrize("kind", all_errors())
def test_error_class_gives_status_code_and_hint(
    api: Api, monkeypatch: pytest.MonkeyPatch, kind: type[ManimaticError]
) -> None:
    """One handler serves every class in `errors`, whichever is raised."""
    monkeypatch.setattr(api.store, "get", fail(kind()))
    answer = api.client.get("/status/abc12345")
    body = answer.get_json()
    assert (answer.status_code, body["code"], body["hint"]) == (kind.http_status, kind.code, kind.hint)
    assert body["title"] == default_message(kind)
    assert ("Retry-After" in answer.headers) == (kind.http_status == 503)


def test_lost_lease_is_said_to_be_harmless(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint says that the job goes on elsewhere."""
    monkeypatch.setattr(api.store, "list_jobs", fail(LeaseLost()))
    assert "goes on elsewhere" in api.client.get("/jobs").get_json()["hint"]


def test_bug_is_answered_without_its_words(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gets an id to report; the log gets the traceback."""
    monkeypatch.setattr(api.store, "list_jobs", fail(ZeroDivisionError("the password is hunter2")))
    answer = api.client.get("/jobs")
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (500, "internal_error")
    assert body["request_id"] in body["hint"]
    assert "hunter2" not in answer.text


# ---------------------------------------------------------------- headers


@pytest.mark.parametrize("path", ["/health", "/docs", "/nothing", "/openapi.json", "/static/docs.css", "/jobs", "/"])
def test_security_headers_are_on_every_answer(api: Api, path: str) -> None:
    """Errors, pages and data alike."""
    with api.client.get(path) as answer:
        headers = answer.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in headers
        assert answer.data


def test_sane_request_id_is_taken_over(api: Api) -> None:
    """A proxy's id runs through."""
    answer = api.client.get("/health/live", headers={"X-Request-Id": "trace-12345678"})
    assert answer.headers["X-Request-Id"] == "trace-12345678"


@pytest.mark.parametrize("given", ["", "short", "a b c d e f g", "x" * 65, "évil-évil-évil", "<script>alert(1)"])
def test_other_request_id_is_replaced(api: Api, given: str) -> None:
    """What could break a log or a page is not repeated."""
    answer = api.client.get("/health/live", headers={"X-Request-Id": given.encode().decode("latin-1")})
    assert len(answer.headers["X-Request-Id"]) == 32


# ---------------------------------------------------------------- hosts and proxies


@pytest.mark.parametrize("host", ["evil.example", "evil.example:5000", "127.0.0.1.evil.example", "a b", "[::1"])
def test_strange_host_is_refused_on_loopback(api: Api, host: str) -> None:
    """A web page cannot reach the service through a name of its own that leads here."""
    answer = api.client.get("/health", headers={"Host": host})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")
    assert "MANIMATIC_PUBLIC_URL" in answer.get_json()["hint"]


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1", "127.0.0.1:41234", "[::1]:5000"])
def test_own_names_are_answered_on_loopback(api: Api, host: str) -> None:
    """With any port: it may be published under another."""
    assert api.client.get("/health/live", headers={"Host": host}).status_code == 200


def test_public_name_is_answered_and_others_only_beyond_loopback(tmp_path: Path) -> None:
    """Who listens to the world has said so in the settings."""
    with open_api(tmp_path, public_url="https://films.example:8443/x") as api:
        assert api.client.get("/health/live", headers={"Host": "films.example:8443"}).status_code == 200
    assert trusted_names(Settings(host="0.0.0.0", allow_no_keys=True)) is None


def test_forwarded_headers_are_passed_over(api: Api, tmp_path: Path) -> None:
    """No proxy is trusted unless the settings name the public address."""
    job_id = api.generate()
    api.complete(job_id)
    forwarded = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
    body = api.client.get(f"/status/{job_id}", headers=forwarded).get_json()
    assert body["url"].startswith("http://localhost/videos/")


# ---------------------------------------------------------------- log


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Read a JSON log."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_request_is_logged_without_prompt_and_query(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line with id, method, path, status and time."""
    with open_api(tmp_path, log_format="json") as api:
        api.client.post("/generate?token=hunter2", json={"prompt": "a very private circle"})
    written = capsys.readouterr().err
    [line] = [json.loads(text) for text in written.splitlines()]
    assert (line["method"], line["path"], line["status"], line["level"]) == ("POST", "/generate", 202, "info")
    assert len(line["request_id"]) == 32
    assert "private" not in written
    assert "hunter2" not in written


def test_health_checks_are_not_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They come every few seconds and say nothing."""
    with open_api(tmp_path) as api:
        api.client.get("/health")
    assert capsys.readouterr().err == ""


def test_bug_is_logged_with_its_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with the id that the client was given."""
    with open_api(tmp_path, log_format="json") as api:
        monkeypatch.setattr(api.store, "list_jobs", fail(ZeroDivisionError("oh")))
        request_id = api.client.get("/jobs").headers["X-Request-Id"]
    bug, request = [json.loads(text) for text in capsys.readouterr().err.splitlines()]
    assert (bug["level"], bug["request_id"], request["request_id"]) == ("error", request_id, request_id)
    assert "ZeroDivisionError: oh" in bug["exception"]


def test_log_is_json_where_nobody_watches_and_text_where_asked() -> None:
    """`auto` asks whether the stream is a terminal."""
    stream = io.StringIO()
    make_log(Settings(), stream).info("hello", a="b\nc")
    assert lines(stream)[0]["event"] == "hello"
    stream = io.StringIO()
    make_log(Settings(log_format="text"), stream).info("hello", a="b\nc")
    assert stream.getvalue().count("\n") == 1
    assert "level=info event=hello" in stream.getvalue()


# ---------------------------------------------------------------- start


def test_app_is_built_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As gunicorn calls it, without any key."""
    monkeypatch.setenv("MANIMATIC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("MANIMATIC_STORAGE", "cloudinary")
    app = create_app()
    assert app.test_client().get("/health/live").status_code == 200
    app.extensions["manimatic"].store.close()


def test_bad_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable."""
    monkeypatch.setenv("MANIMATIC_PORT", "many")
    with pytest.raises(SettingsError, match="MANIMATIC_PORT"):
        create_app()


def test_failed_start_under_gunicorn_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And has the status on which gunicorn does not try again."""
    monkeypatch.setattr("manimatic.bootstrap.build_api", fail(StoreError("It is damaged.", hint="Move it away.")))
    with pytest.raises(SystemExit) as stopped:
        serve_app()
    assert stopped.value.code == BOOT_FAILED
    assert capsys.readouterr().err == "api: It is damaged. Move it away.\n"
