"""The build machine's package settings are in no layer and no history of an image."""

from __future__ import annotations

import gzip
import io
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from harness.docker import BACKEND, WORKER, docker, said, saved
from source_tree import ROOT

MARK = "mark-of-the-building-machine-5f1c"
PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s+(\S+)\s+(\S+)")


def where(image: str, needles: Sequence[bytes]) -> Iterator[str]:
    """Yield where in a saved image, its configuration, its history and the files of all its layers, a text stands."""
    with saved(image) as stream, tarfile.open(fileobj=stream, mode="r|") as outer:
        for entry in outer:
            content = outer.extractfile(entry)
            if content is None:
                continue
            if entry.name.endswith("layer.tar"):
                yield from (f"{entry.name}: {name}" for name in _in_layer(content, needles))
                continue
            data = content.read()
            if any(needle in data for needle in needles):
                yield entry.name


def _in_layer(layer: object, needles: Sequence[bytes]) -> Iterator[str]:
    """Yield the files of a layer that hold a text, also where gzip hides it."""
    with tarfile.open(fileobj=layer, mode="r|") as files:  # type: ignore[call-overload]
        for file in files:
            content = files.extractfile(file) if file.isreg() else None
            if content is None:
                continue
            data = content.read()
            if data[:2] == b"\x1f\x8b":
                data += _unpacked(data)
            if any(needle in data for needle in needles):
                yield file.name


def _unpacked(data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError):
        return b""


def own_settings(folder: Path) -> dict[str, str]:
    """Return what this machine would hand to a build."""
    target = folder / "package-settings"
    subprocess.run([sys.executable, "-B", ROOT / "script/package_settings.py", target], check=True)
    if not target.exists():
        return {}
    with tarfile.open(target) as archive:
        members = ((entry.name, archive.extractfile(entry)) for entry in archive)
        return {name: content.read().decode() for name, content in members if content}


def private_parts(settings: dict[str, str], public_certificates: str) -> list[bytes]:
    """Return texts that only this machine's settings hold: own certificates, addresses, proxies, passwords."""
    public = {found[1] for found in PEM.findall(public_certificates)}
    parts = [second for _, second in PEM.findall(settings.get("ca.crt", "")) if second not in public]
    parts += re.findall(r"\S+://\S+", settings.get("pip.conf", ""))
    parts += [line for name in ("environment", "apt.auth") for line in settings.get(name, "").splitlines() if line]
    return [part.encode() for part in parts]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("image", [BACKEND, WORKER])
def test_no_layer_and_no_history_holds_them(image: str, images: None, tmp_path: Path) -> None:
    """What this machine hands to a build is looked for in every file of every layer, deleted ones included."""
    bundle = said("run", "--rm", "--network", "none", BACKEND, "cat", "/etc/ssl/certs/ca-certificates.crt")
    needles = [MARK.encode(), *private_parts(own_settings(tmp_path), bundle)]
    assert list(where(image, needles)) == []
    assert "use-package-settings" in said("history", "--no-trunc", image)  # else the build did not go this way


def test_what_a_build_is_given_is_used_and_gone_afterwards(engine_address: str, tmp_path: Path) -> None:
    """A step sees its settings and leaves nothing of them, not even the place where they were."""
    context = build_context(tmp_path)
    settings = {"apt.conf": f'Acquire::http::Proxy "http://{MARK}";\n', "pip.conf": f"[global]\nindex-url = {MARK}\n"}
    secret = tmp_path / "secret"
    secret.write_bytes(archive(settings | {"ca.crt": MARK, "environment": f"export HTTPS_PROXY={MARK}\n"}))
    image = "manimatic-test-build-secret"
    try:
        build(context, image, "--secret", f"id=package-settings,src={secret}")
        seen = said("run", "--rm", "--network", "none", image, "cat", "/seen").split()
        assert seen == ["apt", "pip", "certificate", "proxy"]
        assert list(where(image, [MARK.encode()])) == []
        assert said("run", "--rm", "--network", "none", image, "find", "/run", "-mindepth", "1") == "/run/lock\n"
    finally:
        docker("rmi", "-f", image)


def test_without_settings_the_same_step_builds(engine_address: str, tmp_path: Path) -> None:
    """The secret is left out on a machine that sets nothing."""
    context = build_context(tmp_path)
    image = "manimatic-test-build-plain"
    try:
        build(context, image)
        assert said("run", "--rm", "--network", "none", image, "cat", "/seen") == ""
    finally:
        docker("rmi", "-f", image)


def test_the_search_finds_what_was_deleted_packed_or_only_said(engine_address: str, tmp_path: Path) -> None:
    """A file that a later layer removes, a packed one, and a build's argument are all found."""
    steps = f"echo {MARK} >/gone", "rm /gone", f"echo {MARK} | gzip >/packed"
    lines = ["FROM debian:bookworm-slim", *(f"RUN {step}" for step in steps), f"LABEL told={MARK}"]
    (tmp_path / "Dockerfile").write_text("\n".join(lines))
    image = "manimatic-test-build-leaky"
    try:
        build(tmp_path, image)
        found = list(where(image, [MARK.encode()]))
        assert [any(item.endswith(name) for item in found) for name in ("gone", "packed", ".json")] == [True] * 3
    finally:
        docker("rmi", "-f", image)


def build(context: Path, image: str, *options: str) -> None:
    """Build from nothing: an engine takes a layer that it has, whatever secret it was made with."""
    said("build", "--quiet", "--no-cache", "--network", "none", *options, "-t", image, context)


def build_context(folder: Path) -> Path:
    """Write a build of one step, mounted as the steps of both images are, that notes which settings it sees."""
    context = folder / "context"
    context.mkdir()
    (context / "use-package-settings").write_bytes((ROOT / "script/use-package-settings").read_bytes())
    step = """RUN --mount=type=tmpfs,target=/run --mount=type=secret,id=package-settings \\
    --mount=type=bind,source=use-package-settings,target=/run/use-package-settings \\
    . /run/use-package-settings && touch /seen \\
    && if apt-config dump | grep -q mark-of; then echo apt >>/seen; fi \\
    && if grep -qs mark-of "${PIP_CONFIG_FILE:-}"; then echo pip >>/seen; fi \\
    && if grep -qs mark-of "${SSL_CERT_FILE:-}"; then echo certificate >>/seen; fi \\
    && if [ -n "${HTTPS_PROXY:-}" ]; then echo proxy >>/seen; fi
"""
    (context / "Dockerfile").write_text(f"FROM debian:bookworm-slim\n{step}")
    for name in ("backend/Dockerfile.backend", "worker/Dockerfile.worker"):
        mounts = step.partition(" \\\n")[0]
        assert (ROOT / name).read_text().count(mounts) == (ROOT / name).read_text().count("id=package-settings")
    return context


def archive(files: dict[str, str]) -> bytes:
    """Pack settings as script/package_settings.py does."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def test_the_build_context_holds_sources_only() -> None:
    """Neither .env nor secrets nor a data folder is ever sent to an engine."""
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignore[1] == "*"
    assert [line for line in ignore if line.startswith("!")] == [
        *("!backend/bin", "!backend/src", "!worker/src", "!fastmanim/src", "!examples", "!requirements/*.txt"),
        *("!deploy/start-postgres", "!deploy/pg_hba.conf", "!deploy/redis.conf", "!script/use-package-settings"),
    ]
