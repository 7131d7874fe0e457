r"""Formulas: TeX with its preamble loaded already, and files that appear when they are whole.

Patch of `tex_to_svg_file` (utils/tex_file_writing.py:35). The preamble of Manim's default template is dumped once into
a format file; TeX then reads the same document from `\begin{document}` on, and DVI and SVG come out the same. A
document that fails or lacks a character, or any other template, compiler or output format, goes Manim's own way, with
its messages.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from manim import config, logger
from manim.mobject.text import tex_mobject
from manim.renderer.cairo_renderer import CairoRenderer
from manim.utils.tex_file_writing import tex_hash
from manim.utils.tex_file_writing import tex_to_svg_file as _stock_tex_to_svg_file

from fastmanim.dvi import groups_of, with_groups
from fastmanim.foresight import Foresight, calls_in
from fastmanim.patching import Patch

_BEGIN = "\\begin{document}"
_FORMAT = "fastmanim-plain"
_GZIP = b"\x1f\x8b"


class _Collected(BaseException):
    """Ends the making of a formula when it is known what is to be compiled."""


def tex_to_svg_file(expression: str, environment: str | None = None, tex_template: Any = None) -> Path:
    """Return the picture of an expression (utils/tex_file_writing.py:35)."""
    document = _document(expression, environment, tex_template)
    if document.svg.exists():
        return document.svg
    foresight = _foresight()
    if foresight is not None:
        foresight.wait_for(document.svg)
    if document.svg.exists() or (document.is_usual and _compiled(document)):
        logger.info("Writing %(expression)s to %(path)s", {"expression": expression, "path": f"{document.svg}"})
        return document.svg
    return Path(_stock_tex_to_svg_file(expression, environment, tex_template))


def prepare(folder: Path | None = None) -> bool:
    """Have the preamble of the template that is set loaded before a formula is asked for; tell whether that went.

    Args:
        folder: Where the format file shall be, to be named as an installation's `formats`; else the user's cache.
    """
    preamble, found, _ = config["tex_template"].get_texcode_for_expression("x").partition(_BEGIN)
    return bool(found) and _format_of(preamble, folder) is not None


@dataclass(frozen=True, slots=True)
class _Document:
    """What is to be compiled, and the file of its picture."""

    source: str
    svg: Path
    is_usual: bool


def _document(expression: str, environment: str | None, tex_template: Any) -> _Document:
    template = config["tex_template"] if tex_template is None else tex_template
    if environment is None:
        source = template.get_texcode_for_expression(expression)
    else:
        source = template.get_texcode_for_expression_in_env(expression, environment)
    folder = config.get_dir("tex_dir")
    usual = template.tex_compiler == "latex" and template.output_format == ".dvi" and not config["no_latex_cleanup"]
    return _Document(source, folder.absolute() / f"{tex_hash(source)}.svg", usual and _BEGIN in source)


def _foresight() -> Foresight | None:
    """Return what compiles ahead, from the first formula on; None where there is one processor."""
    installation = getattr(CairoRenderer, "fastmanim_installation", None)
    if installation is None or CairoRenderer.fastmanim_processes < 2 or threading.active_count() > 1:
        return None
    if installation.foresight is None:
        installation.foresight = Foresight(CairoRenderer.fastmanim_processes)
        documents = [one for one in _foreseen() if one.is_usual]
        if documents and _format_of(documents[0].source.partition(_BEGIN)[0]) is not None:
            installation.foresight.begin([(one.svg, partial(_compiled, one)) for one in documents])
    return cast("Foresight", installation.foresight)


def _foreseen() -> list[_Document]:
    """Return what the formulas in the scene's file come to, by making each as far as its text."""
    try:
        source = Path(config["input_file"]).read_text(encoding="utf-8")
        calls = list(calls_in(source))
    except (OSError, TypeError, ValueError, SyntaxError):
        return []
    found: dict[Path, _Document] = {}
    stock = tex_mobject.tex_to_svg_file

    def collect(expression: str, environment: str | None = None, tex_template: Any = None) -> None:
        document = _document(expression, environment, tex_template)
        found.setdefault(document.svg, document)
        raise _Collected

    tex_mobject.tex_to_svg_file = collect
    try:
        for name, texts, options in calls:
            with contextlib.suppress(_Collected, Exception):
                getattr(tex_mobject, name)(*texts, **options)
    finally:
        tex_mobject.tex_to_svg_file = stock
    return list(found.values())


def _compiled(document: _Document) -> bool:
    """Compile a document in a folder of its own, and tell whether that came to a picture."""
    preamble, _, rest = document.source.partition(_BEGIN)
    formats = _format_of(preamble)
    if formats is None:
        return False
    document.svg.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fastmanim-") as folder:
        place = Path(folder)
        (place / "formula.tex").write_text(_BEGIN + rest, encoding="utf-8")
        made = _ran([*_LATEX, f"-fmt={formats}", "-output-format=dvi", "formula.tex"], place)
        if made and not _lacks_characters(place) and _drawn(place):
            document.svg.with_suffix(".tex").write_text(document.source, encoding="utf-8")
            _move(place / "formula.svg", document.svg)
            return True
    return False


def _lacks_characters(place: Path) -> bool:
    """Tell whether TeX left characters out, of which its log alone tells; Manim's own way keeps the log."""
    try:
        return b"Missing character: There is no" in (place / "formula.log").read_bytes()
    except OSError:
        return True


def _drawn(place: Path) -> bool:
    """Make a picture of what TeX wrote, without Ghostscript where nothing needs it."""
    document, picture = place / "formula.dvi", place / "formula.svg"
    groups = groups_of(document.read_bytes()) if document.is_file() else None
    if groups is not None and _ran([*_DVISVGM, "--no-specials"], place):
        whole = with_groups(picture.read_bytes(), *groups)
        if whole is not None:
            picture.write_bytes(whole)
            return True
    return _ran(_DVISVGM, place)


_LATEX = ["latex", "-interaction=batchmode", "-halt-on-error"]
_DVISVGM = ["dvisvgm", "--page=1", "--no-fonts", "--verbosity=0", "--output=formula.svg", "formula.dvi"]


def _format_of(preamble: str, folder: Path | None = None) -> str | None:
    """Return the format file with a preamble loaded, or None where it cannot be had; made once and kept.

    It is kept in this folder or the user's own for caches, under the hash of the preamble and of the LaTeX that is
    installed; one that came with the installation is taken instead.
    """
    latex = shutil.which("latex")
    if latex is None:
        return None
    found = Path(latex).resolve()
    version = f"{preamble}\0{found}\0{_second_of(found)}\0{_base_format(found)}"
    name = f"{_FORMAT}-{hashlib.sha256(version.encode()).hexdigest()[:16]}"
    installed = getattr(CairoRenderer, "fastmanim_installation", None)
    if installed is not None and installed.formats is not None and (installed.formats / f"{name}.fmt").exists():
        return str(installed.formats / name)
    kept = (folder or _cache_folder()) / f"{name}.fmt"
    if not kept.exists() and not _dump(preamble, kept):
        return None
    return str(kept.with_suffix(""))


def _base_format(latex: Path) -> str:
    """Return when LaTeX's own format was made, as far as that is easily known."""
    made = Path("/var/lib/texmf/web2c/pdftex/latex.fmt")
    return _second_of(made) if made.exists() else latex.name


def _second_of(file: Path) -> str:
    """Return when a file was changed: in seconds, which is what a container's image keeps."""
    return str(int(file.stat().st_mtime))


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
            _inflate(place / "made.fmt")
            _move(place / "made.fmt", kept)
        except OSError:
            return False
    return True


def _inflate(made: Path) -> None:
    """Keep the format as TeX reads it: to inflate its 18 MB took half the time of a formula."""
    content = made.read_bytes()
    if content.startswith(_GZIP):
        made.write_bytes(gzip.decompress(content))


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
