"""Look for what scenes are made with: TeX for formulas, fonts for the world's scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from manimatic.findings import Finding, ok, warning
from manimatic.sandbox.machine import Machine

_TEX = (
    "apt-get install -y --no-install-recommends texlive-latex-base texlive-latex-recommended texlive-latex-extra "
    "texlive-fonts-recommended texlive-science cm-super-minimal dvisvgm"
)
_FONTS_FOLDER = "/usr/share/fonts"


@dataclass(frozen=True, slots=True)
class Script:
    """A script, one letter of it, and the package that brings a font."""

    name: str
    letter: int
    package: str


SCRIPTS = (
    Script("Latin", ord("A"), "fonts-dejavu-core"),
    Script("CJK", ord("世"), "fonts-noto-cjk"),
    Script("Devanagari", 0x0928, "fonts-noto-core"),
    Script("Arabic", 0x0639, "fonts-noto-core"),
    Script("Hebrew", 0x05D0, "fonts-noto-core"),
    Script("Thai", 0x0E01, "fonts-noto-core"),
)


def examine_tools(machine: Machine) -> list[Finding]:
    """Return the findings about TeX and fonts; without them only some scenes fail, so none is an error."""
    return [*_tex(machine), _fonts(machine)]


def _tex(machine: Machine) -> Iterator[Finding]:
    missing = [name for name in ("latex", "dvisvgm") if machine.find(name) is None]
    if missing:
        message = (
            f"Formulas do not render: no {' and no '.join(missing)} in /usr/bin, the only place that a sandbox sees."
        )
        yield warning("tex", message, _TEX)
    else:
        yield ok("tex", "latex and dvisvgm are there")
    if not machine.has("/usr/share/color"):
        message = "Ghostscript's colour profiles are missing: dvisvgm fails on formulas with PostScript in them."
        yield warning("colour profiles", message, "apt-get install -y --no-install-recommends libgs-common")


def _fonts(machine: Machine) -> Finding:
    if machine.find("fc-list") is None:
        return warning("fonts", "fontconfig is not installed.", "apt-get install -y fontconfig fonts-noto-core")
    missing = [script for script in SCRIPTS if not _has_font(machine, script)]
    if not missing:
        return ok("fonts", f"for {', '.join(script.name for script in SCRIPTS)}")
    packages = sorted({script.package for script in missing})
    names = ", ".join(script.name for script in missing)
    return warning(
        "fonts",
        f"No font for {names} in {_FONTS_FOLDER}, the only place that a sandbox sees: boxes will be drawn instead.",
        f"apt-get install -y --no-install-recommends {' '.join(packages)}",
    )


def _has_font(machine: Machine, script: Script) -> bool:
    listed = machine.call("fc-list", f":charset={script.letter:x}", "file").output
    return any(line.startswith(f"{_FONTS_FOLDER}/") for line in listed.splitlines())
