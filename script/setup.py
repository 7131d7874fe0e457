"""Prepare this checkout: system packages, `.venv`, the guest runtime, the studio page. Standard library only.

Used by script/run (`setup.py run`) and script/test (`setup.py test`). Each step says what it does; a stamp holds a hash
of everything that was installed, so that a prepared checkout is recognised in a moment.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import studio

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "manimatic.stamp"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"
PACKAGE_LISTS = ("system-packages.txt", "worker-packages.txt")
PROJECTS = ("worker", "backend", "fastmanim")
OLDEST_PYTHON = (3, 11)


def main(purpose: str) -> int:
    """Bring the checkout up to date for `run` or `test`."""
    had = STAMP.read_text() if STAMP.is_file() else ""
    if had.startswith("test "):
        purpose = "test"  # whoever tests here keeps the test tools when running something
    wanted = stamp_of(purpose)
    if had == wanted:
        studio.main()
        return 0
    if sys.version_info < OLDEST_PYTHON:
        return fail(f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed; this is {sys.version.split()[0]}.")
    if not install_system_packages():
        return 1
    install_environment(purpose)
    say("Preparing the guest runtime (what a sandbox may see)")
    run(PYTHON, "-c", "from manimatic.bootstrap import install_guest_runtime; install_guest_runtime()")
    STAMP.write_text(wanted)
    studio.main()
    say("Ready.")
    return 0


def stamp_of(purpose: str) -> str:
    """Hash everything that decides what is installed."""
    digest = hashlib.sha256(f"{purpose} {sys.version}".encode())
    files = [REQUIREMENTS / name for name in (f"{purpose}.txt", "uv.txt", *PACKAGE_LISTS)]
    for path in [*files, *(ROOT / project / "pyproject.toml" for project in PROJECTS), Path(__file__)]:
        digest.update(path.read_bytes())
    return f"{purpose} {digest.hexdigest()}"


def install_system_packages() -> bool:
    """Install the Debian packages that are missing, or say how; tell whether all are there."""
    if not shutil.which("dpkg-query"):
        say("This is not Debian or a relative of it: install the like of these packages yourself:")
        say("  " + " ".join(system_packages()))
        return True
    missing = [name for name in system_packages() if not is_installed(name)]
    if not missing:
        return True
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            fail("System packages are missing and this user cannot install them. Have them installed with:")
            print(f"  apt-get update && {shlex.join(command)}")
            return False
        command = ["sudo", *command]
    say(f"Installing system packages: {' '.join(missing)}")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(*([*command[: command.index("apt-get")]]), "apt-get", "update", "-qq", env=environ)
    run(*command, env=environ, stdout=subprocess.DEVNULL)
    return True


def system_packages() -> list[str]:
    """Read the lists of Debian packages."""
    lines = [line for name in PACKAGE_LISTS for line in (REQUIREMENTS / name).read_text().splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def is_installed(name: str) -> bool:
    """Ask dpkg."""
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}", name]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    return done.stdout == "installed"


def install_environment(purpose: str) -> None:
    """Make `.venv` with exactly the pinned packages, and the distributions of this checkout in place."""
    if not PYTHON.exists():
        say(f"Making the environment {VENV.name}")
        run(sys.executable, "-m", "venv", VENV)
    say(f"Installing the pinned Python packages (requirements/{purpose}.txt)")
    run(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", REQUIREMENTS / "uv.txt")
    uv = VENV / "bin" / "uv"
    environ = {**os.environ, "VIRTUAL_ENV": str(VENV)}
    run(uv, "pip", "sync", "--quiet", "--require-hashes", REQUIREMENTS / f"{purpose}.txt", env=environ)
    editable = [part for project in PROJECTS for part in ("-e", ROOT / project)]
    run(uv, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", *editable, env=environ)
    compiled = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    run(
        PYTHON, "-c", "import manim", env=compiled, stdout=subprocess.DEVNULL
    )  # else each start of Manim takes 1 s more


def run(*command: object, **options: object) -> None:
    """Run a command; end with its status when it fails."""
    done = subprocess.run([str(part) for part in command], check=False, **options)  # type: ignore[call-overload]
    if done.returncode:
        fail(f"This failed: {shlex.join(str(part) for part in command)}")
        sys.exit(1)


def say(text: str) -> None:
    """Say what happens."""
    print(f"==> {text}", file=sys.stderr, flush=True)


def fail(text: str) -> int:
    """Say what went wrong."""
    print(f"script/setup: {text}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
