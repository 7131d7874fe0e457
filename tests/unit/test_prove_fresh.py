"""The proof on a fresh root: what it reads and rewrites before it starts anything."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from script_modules import SCRIPT, load

README = """
Ask for a video:
```sh
$ curl -X POST http://localhost:5000/generate \\
    -d '{"prompt": "a circle"}'
curl http://127.0.0.1:5000/status/abc12345
```
`curl` in a sentence is none.
```console
$ curl -O http://localhost:5000/videos/abc.mp4
{"answer": "curl"}
```
"""


@pytest.fixture
def root() -> Iterator[Any]:
    """The module that makes roots."""
    yield load("fresh_root", SCRIPT / "fresh_root.py")
    del sys.modules["fresh_root"]


@pytest.fixture
def proof(root: Any) -> Iterator[Any]:
    """The script itself."""
    load("proving", SCRIPT / "proving.py")
    yield load("prove_fresh", SCRIPT / "prove-fresh")
    del sys.modules["prove_fresh"], sys.modules["proving"]


def test_the_readmes_curl_lines_are_found_in_order(proof: Any) -> None:
    """Only those in code blocks, with continued lines joined."""
    assert proof.curl_lines(README) == [
        """curl -X POST http://localhost:5000/generate -d '{"prompt": "a circle"}'""",
        "curl http://127.0.0.1:5000/status/abc12345",
        "curl -O http://localhost:5000/videos/abc.mp4",
    ]


def test_a_line_asks_this_server_about_this_job(proof: Any) -> None:
    """Port, job and video are put in, and an error becomes a failure."""
    job = {"job_id": "j1", "url": "http://127.0.0.1:7/videos/v1.mp4"}
    fitted = [proof.fitted(line, 7, job) for line in proof.curl_lines(README)]
    assert "http://127.0.0.1:7/generate" in fitted[0]
    assert fitted[1].endswith("http://127.0.0.1:7/status/j1")
    assert fitted[2].endswith("http://127.0.0.1:7/videos/v1.mp4")
    assert all(line.startswith("curl --fail-with-body ") for line in fitted)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Suites: bookworm bookworm-updates\n", "Suites: trixie trixie-updates\n"),
        ("deb http://x/debian bookworm main", "deb http://x/debian trixie main"),
        ("deb http://x/security bookworm-security main", "deb http://x/security trixie-security main"),
        ("deb http://x/security oldstable/updates main", "deb http://x/security trixie/updates main"),
        ("Signed-By: /keys/debian-bookworm-stable.gpg", "Signed-By: /keys/debian-bookworm-stable.gpg"),
        ("URIs: http://x/bookworm/debian", "URIs: http://x/bookworm/debian"),
    ],
)
def test_only_suites_are_changed_in_apt_sources(root: Any, given: str, expected: str) -> None:
    """Addresses and keyrings keep their names."""
    source = root.Source(mirror="http://x/debian", codename="bookworm", alias="oldstable")
    assert root.for_suite(given, "trixie", source) == expected


@pytest.mark.parametrize("name", ["PIP_CERT", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "https_proxy"])
def test_package_settings_are_passed_on(root: Any, name: str) -> None:
    """Certificates, indexes and proxies are the machine's."""
    assert root._PASSED_ON.search(name)


@pytest.mark.parametrize("name", ["HOME", "PATH", "GEMINI_API_KEY", "CLOUDINARY_API_SECRET", "MANIMATIC_HOST", "CI"])
def test_everything_else_stays_outside(root: Any, name: str) -> None:
    """A fresh machine has no keys and no settings of Manimatic."""
    assert not root._PASSED_ON.search(name)


def test_pip_settings_make_one_section_each(root: Any) -> None:
    """Values of several lines are indented, as pip writes them."""
    settings = {"global.cert": "/c", "install.no-warn": "1", "global.find-links": "/a\n/b"}
    expected = "[global]\ncert = /c\nfind-links = /a\n    /b\n[install]\nno-warn = 1\n"
    assert root._pip_conf(settings) == expected
