"""What of a machine's package settings goes into an image build, and what stays."""

from __future__ import annotations

import random
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from source_tree import ROOT

SCRIPT = ROOT / "script/package_settings.py"


def written(folder: Path, **environ: str) -> dict[str, str]:
    """Run the script with an environment of this test's own, and return what is in its archive."""
    target = folder / "secret"
    usual = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PIP_CONFIG_FILE": "/dev/null"}
    subprocess.run([sys.executable, "-B", SCRIPT, target], env=usual | environ, check=True)
    if not target.exists():
        return {}
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with tarfile.open(target) as archive:
        return {entry.name: (archive.extractfile(entry) or sys.exit()).read().decode() for entry in archive}


def test_an_index_is_passed_on_and_folders_of_this_machine_are_not(tmp_path: Path) -> None:
    """They would not be there inside."""
    found = written(
        tmp_path,
        PIP_INDEX_URL="https://user:pass@index.example/simple",
        PIP_EXTRA_INDEX_URL="file:///opt/simple https://other.example/simple",
        PIP_FIND_LINKS="/opt/wheels",
    )
    assert found["pip.conf"].splitlines() == [
        "[global]",
        "extra-index-url = https://other.example/simple",
        "index-url = https://user:pass@index.example/simple",
    ]


def test_without_pip_settings_there_is_no_file_of_them(tmp_path: Path) -> None:
    """Python's own index is taken then."""
    assert "pip.conf" not in written(tmp_path)


def test_proxies_are_passed_on_as_a_shell_reads_them(tmp_path: Path) -> None:
    """Quoted, and nothing else of the environment."""
    found = written(tmp_path, https_proxy="http://u:p'w@proxy.example:3128", GEMINI_API_KEY="hunter2")
    (tmp_path / "environment").write_text(found["environment"])
    program = '. "$1" && env'
    said = subprocess.run(
        ["/bin/sh", "-c", program, "sh", tmp_path / "environment"], env={}, capture_output=True, text=True, check=True
    ).stdout
    assert "https_proxy=http://u:p'w@proxy.example:3128" in said.splitlines()
    assert "hunter2" not in said


@pytest.mark.parametrize("name", ["PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_bundle_that_the_environment_names_is_passed_on(tmp_path: Path, name: str) -> None:
    """Whichever tool it was named for."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\n")
    assert written(tmp_path, **{name: str(bundle)})["ca.crt"] == bundle.read_text()


def test_more_than_a_build_takes_is_refused(tmp_path: Path) -> None:
    """The engine would say less clearly why."""
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(random.Random(1).randbytes(600_000).hex())
    done = subprocess.run(
        [sys.executable, "-B", SCRIPT, tmp_path / "secret"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PIP_CERT": str(bundle)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, (tmp_path / "secret").exists()) == (1, False)
    assert "ca.crt" in done.stderr
