r"""Formulas: TeX with its preamble loaded already, and files that appear when they are whole.

Patch of `tex_to_svg_file` (utils/tex_file_writing.py:35). The preamble of Manim's default template is dumped once into
a format file; TeX then reads the same document from `\begin{document}` on, and DVI and SVG come out the same. A
document that fails, or any other template, compiler or output format, goes Manim's own way, with its messages.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from manim import config, logger
from manim.utils.tex_file_writing import tex_hash
from manim.utils.tex_file_writing import tex_to_svg_file as _stock_tex_to_svg_file

from fastmanim.patching import Patch

_BEGIN = "\\begin{document}"
_FORMAT = "fastmanim"


def tex_to_svg_file(expression: str, environment: str | None = None, tex_template: Any = None) -> Path:
    """Return the picture of an expression (utils/tex_file_writing.py:35)."""
    template = config["tex_template"] if tex_template is None else tex_template
    if environment is None:
        source = template.get_texcode_for_expression(expression)
    else:
        source = template.get_texcode_for_expression_in_env(expression, environment)
    folder = config.get_dir("tex_dir")
    svg: Path = folder / f"{tex_hash(source)}.svg"
    if svg.exists():
        return svg
    preamble, begin, rest = source.partition(_BEGIN)
    if (
        begin
        and template.tex_compiler == "latex"
        and template.output_format == ".dvi"
        and not config["no_latex_cleanup"]
    ):
        folder.mkdir(parents=True, exist_ok=True)
        if _compiled(source, preamble, begin + rest, svg):
            logger.info("Writing %(expression)s to %(path)s", {"expression": expression, "path": f"{svg}"})
            return svg
    return Path(_stock_tex_to_svg_file(expression, environment, tex_template))


def _compiled(source: str, preamble: str, rest: str, svg: Path) -> bool:
    """Compile a document in a folder of its own, and tell whether that came to a picture."""
    formats = _format_of(preamble)
    if formats is None:
        return False
    with tempfile.TemporaryDirectory(prefix="fastmanim-") as folder:
        place = Path(folder)
        (place / "formula.tex").write_text(rest, encoding="utf-8")
        tex = [
            "latex",
            f"-fmt={formats}",
            "-interaction=batchmode",
            "-halt-on-error",
            "-output-format=dvi",
            "formula.tex",
        ]
        if _ran(tex, place) and _ran(_DVISVGM, place):
            svg.with_suffix(".tex").write_text(source, encoding="utf-8")
            _move(place / "formula.svg", svg)
            return True
    return False


_DVISVGM = ["dvisvgm", "--page=1", "--no-fonts", "--verbosity=0", "--output=formula.svg", "formula.dvi"]


def _format_of(preamble: str) -> str | None:
    """Return the format file with a preamble loaded, or None where it cannot be had; made once and kept.

    A user's own folder for caches holds it, under the hash of the preamble and of the LaTeX that is installed.
    """
    latex = shutil.which("latex")
    if latex is None:
        return None
    found = Path(latex).resolve()
    version = f"{preamble}\0{found}\0{found.stat().st_mtime_ns}\0{_base_format(found)}"
    name = f"{_FORMAT}-{hashlib.sha256(version.encode()).hexdigest()[:16]}"
    kept = _cache_folder() / f"{name}.fmt"
    if not kept.exists() and not _dump(preamble, kept):
        return None
    return str(kept.with_suffix(""))


def _base_format(latex: Path) -> str:
    """Return when LaTeX's own format was made, as far as that is easily known."""
    made = Path("/var/lib/texmf/web2c/pdftex/latex.fmt")
    return str(made.stat().st_mtime_ns) if made.exists() else latex.name


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastmanim"


def _dump(preamble: str, kept: Path) -> bool:
    with tempfile.TemporaryDirectory(prefix="fastmanim-") as folder:
        place = Path(folder)
        (place / "preamble.tex").write_text(f"{preamble}\\dump\n", encoding="utf-8")
        command = [
            "latex",
            "-ini",
            "-interaction=batchmode",
            "-halt-on-error",
            "-jobname=made",
            "&latex",
            "preamble.tex",
        ]
        if not _ran(command, place):
            return False
        try:
            kept.parent.mkdir(parents=True, exist_ok=True)
            _move(place / "made.fmt", kept)
        except OSError:
            return False
    return True


def _ran(command: list[str], place: Path) -> bool:
    done = subprocess.run(
        command, cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    )
    return done.returncode == 0


def _move(made: Path, target: Path) -> None:
    """Put a file where others see it whole or not at all."""
    beside = target.with_name(f".{os.getpid()}-{target.name}")
    shutil.copyfile(made, beside)
    beside.replace(target)


PATCHES = (
    Patch(
        module="manim.utils.tex_file_writing",
        name="tex_to_svg_file",
        sha256="b9bf5e69f268457b",
        by=tex_to_svg_file,
        imported_by=("manim.mobject.text.tex_mobject",),
    ),
)
