"""Make the file system of Debian's slim image: `base_image.py SUITE FOLDER`. Standard library only.

Called by script/base-image. It is debootstrap's smallest variant with Debian's own addresses as its sources, without
what the slim image leaves out: documentation but for copyright notices, manual pages, translations, and what apt can
fetch again.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import fresh_root
from package_settings import sources_of

# https://github.com/debuerreotype/debuerreotype, scripts/.slimify-excludes
_LEFT_OUT = ("info", "linda", "lintian", "locale", "man", "groff", "doc/kde", "omf", "help", "gnome/help")
_FETCHED_AGAIN = (
    "var/lib/apt/lists",
    "var/cache/apt",
    "var/log",
    "tmp",
    "run",
    "var/cache/debconf",
    "var/cache/ldconfig",
)
_CONFIG = {
    "docker-clean": 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };\n'
    'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";\n',
    "docker-no-languages": 'Acquire::Languages "none";\n',
    "docker-gzip-indexes": 'Acquire::GzipIndexes "true"; Acquire::CompressionTypes::Order:: "gz";\n',
    "docker-autoremove-suggests": 'Apt::AutoRemove::SuggestsImportant "false";\n',
}


def main(suite: str, folder: Path) -> int:
    """Make it, taking packages from where this machine's apt does."""
    try:
        mirror = fresh_root.debian_source().mirror
    except fresh_root.Trouble:
        mirror = debians_own()
    command = ["debootstrap", "--variant=minbase", suite, str(folder), mirror]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, env=_environ(), check=False)
    if done.returncode:
        print(f"debootstrap ended with {done.returncode}; see {folder}/debootstrap/debootstrap.log", file=sys.stderr)
        return 1
    _set_sources(folder, debians_own())
    _trim(folder)
    return 0


def _environ() -> dict[str, str]:
    """Return this process's environment, with apt's proxy for debootstrap's downloader."""
    said = subprocess.run(
        ["apt-config", "dump", "--format", "%v", "Acquire::http::Proxy"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return dict(os.environ) | ({"http_proxy": said} if said not in {"", "DIRECT"} else {})


def debians_own() -> str:
    """Return the address of Debian's own servers, as debootstrap knows it."""
    text = Path(shutil.which("debootstrap") or "").read_text()
    found = re.search(r'^DEF_MIRROR="?([^"\s]+)', text, re.MULTILINE)
    if found is None:
        raise SystemExit("debootstrap names no server of its own; give apt a source of Debian.")
    return found[1]


def _set_sources(folder: Path, mirror: str) -> None:
    """Name Debian's own servers, whatever this machine uses, and bring in the slim image's settings."""
    (folder / "etc/apt/sources.list").unlink(missing_ok=True)
    sources = sources_of({"Debian": mirror, "Debian-Security": f"{mirror}-security"})
    (folder / "etc/apt/sources.list.d/debian.sources").write_text(sources)
    for name, text in _CONFIG.items():
        (folder / "etc/apt/apt.conf.d" / name).write_text(text)
    for name in ("resolv.conf", "hostname"):
        (folder / "etc" / name).write_text("")
    excluded = [f"path-exclude /usr/share/{name}/*\n" for name in (*_LEFT_OUT, "doc")]
    kept = "path-include /usr/share/doc/*/copyright\n"
    (folder / "etc/dpkg/dpkg.cfg.d/docker").write_text("force-unsafe-io\n" + "".join(excluded) + kept)


def _trim(folder: Path) -> None:
    for name in _LEFT_OUT:
        _empty(folder / "usr/share" / name)
    for path in sorted((folder / "usr/share/doc").rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path.name != "copyright":
            path.unlink()
    for name in _FETCHED_AGAIN:
        _empty(folder / name)
    (folder / "var/lib/apt/lists/partial").mkdir(mode=0o700)
    (folder / "var/cache/apt/archives/partial").mkdir(mode=0o700, parents=True)
    (folder / "run/lock").mkdir(mode=0o1777)


def _empty(folder: Path) -> None:
    """Remove what is in a folder; the folder stays."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
