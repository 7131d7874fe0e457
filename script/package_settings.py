"""Write this machine's package settings as one secret of an image build. Standard library only.

    python3 script/package_settings.py FILE

FILE becomes a tar archive, private to this user, of what the machine sets; where it sets nothing no file is made, and a
build takes packages from where Debian and Python have them. In the archive are `apt.conf` (how apt fetches),
`apt.sources` (its mirrors of Debian), `apt.auth` (its passwords), `pip.conf` (another index), `ca.crt` (whom to
trust) and `environment` (proxies). What names a file or a folder of this machine is left out: it would not be there.
`script/use-package-settings` puts them to use inside a build.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

SUITE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITES = {"Debian": f"{SUITE} {SUITE}-updates", "Debian-Security": f"{SUITE}-security"}
BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
MAX_SECRET_BYTES = 500 * 1024
"""What the engine takes as one secret."""
_LOCAL_CERTIFICATES = Path("/usr/local/share/ca-certificates")
_NO_FILES = b'Dir::Etc::main "/nonexistent"; Dir::Etc::parts "/nonexistent";\n'
_LEFT_OUT = re.compile(r"^Acquire::IndexTargets|::(SslCert|SslKey|CaInfo|Proxy-Auto-Detect)\b", re.IGNORECASE)
_PIP = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "default-timeout", "retries")
_PROXIES = re.compile(r"^(HTTPS?|FTP|NO|ALL)_PROXY$", re.IGNORECASE)
_BUNDLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")


def main(target: Path) -> int:
    """Write the archive, if there is anything to write."""
    found = {name: text for name, text in settings(os.environ).items() if text}
    if not found:
        return 0
    content = archive(found)
    if len(content) > MAX_SECRET_BYTES:
        print(f"{', '.join(found)} together have {len(content)} bytes, more than a build takes.", file=sys.stderr)
        return 1
    with os.fdopen(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
    return 0


def settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the text of each file; empty where the machine has no such setting."""
    return {
        "apt.conf": apt_conf(),
        "apt.sources": apt_sources(),
        "apt.auth": "".join(f"{path.read_text()}\n" for path in Path("/etc/apt/auth.conf.d").glob("*.conf")),
        "pip.conf": pip_conf(pip_settings()),
        "ca.crt": certificates(environ),
        "environment": proxies(environ),
    }


def archive(files: Mapping[str, str]) -> bytes:
    """Pack the files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text.encode()), 0o600
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


def apt_conf() -> str:
    """Return apt's settings for fetching that are not its own."""
    with tempfile.NamedTemporaryFile() as without:
        without.write(_NO_FILES)
        without.flush()
        plain = _said("apt-config", "dump", "Acquire", APT_CONFIG=without.name).splitlines()
    lines = [line for line in _said("apt-config", "dump", "Acquire").splitlines() if line not in plain]
    return "".join(f"{line}\n" for line in lines if not _LEFT_OUT.search(line))


def apt_sources() -> str:
    """Return sources with this machine's mirrors of Debian; empty where apt knows of none."""
    return sources_of(dict(_mirrors()))


def sources_of(mirrors: Mapping[str, str]) -> str:
    """Return the file that names these mirrors, given by their label, for the images' release of Debian."""
    return "\n".join(
        f"Types: deb\nURIs: {mirror}\nSuites: {SUITES[label]}\nComponents: main\nSigned-By: {KEYRING}\n"
        for label, mirror in mirrors.items()
    )


def _mirrors() -> Iterator[tuple[str, str]]:
    """Yield (label, address) of where this machine takes Debian and its security updates from."""
    for line in _said("apt-get", "indextargets", "--format", "$(LABEL)|$(REPO_URI)").splitlines():
        label, _, address = line.partition("|")
        if label in SUITES and not address.startswith("file:"):
            yield label, address.rstrip("/")


def pip_settings() -> dict[str, str]:
    """Return what pip's files and the environment say about indexes, without folders of this machine."""
    found: dict[str, str] = {}
    for line in _said(sys.executable, "-m", "pip", "config", "list").splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        if name in _PIP:
            words = value.strip("'\"").replace("\\n", " ").split()
            found[name] = " ".join(word for word in words if not word.startswith(("file:", "/")))
    return {name: value for name, value in found.items() if value}


def pip_conf(found: Mapping[str, str]) -> str:
    """Write them as pip's own file."""
    return "".join(["[global]\n", *(f"{name} = {value}\n" for name, value in found.items())]) if found else ""


def certificates(environ: Mapping[str, str]) -> str:
    """Return the bundle that this machine trusts, where it trusts others than Debian does."""
    named = [Path(environ[name]) for name in _BUNDLES if environ.get(name)]
    bundle = next((path for path in named if path.is_file()), BUNDLE)
    has_own = _LOCAL_CERTIFICATES.is_dir() and any(_LOCAL_CERTIFICATES.rglob("*.crt"))
    return bundle.read_text() if bundle.is_file() and (has_own or bundle != BUNDLE) else ""


def proxies(environ: Mapping[str, str]) -> str:
    """Return the proxies as lines that a shell reads."""
    found = {name: value for name, value in environ.items() if value and _PROXIES.match(name)}
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in found.items())


def _said(*command: str, **environ: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environ})
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
