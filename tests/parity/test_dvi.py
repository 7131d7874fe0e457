"""Formulas drawn without Ghostscript are those drawn with it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from fastmanim.dvi import groups_of, with_groups

_DRAW = ["dvisvgm", "--page=1", "--no-fonts", "--verbosity=0"]
_BODY = r"\special{dvisvgm:raw <g id='a'>}\frac{P_k}{2}\special{dvisvgm:raw </g>}=\sqrt{\overline{x}\cdot\sum_{k}y}"


def _typeset(folder: Path, body: str) -> bytes:
    lines = (r"\documentclass[preview]{standalone}", r"\usepackage{amsmath}", r"\begin{document}", f"${body}$")
    (folder / "formula.tex").write_text("\n".join((*lines, r"\end{document}")))
    command = ["latex", "-interaction=batchmode", "-output-format=dvi", "formula.tex"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return (folder / "formula.dvi").read_bytes()


def _drawn(folder: Path, *options: str) -> bytes:
    subprocess.run([*_DRAW, *options, "--output=formula.svg", "formula.dvi"], cwd=folder, check=True)
    return (folder / "formula.svg").read_bytes()


def _in_any_order_of_glyphs(picture: bytes) -> tuple[list[bytes], list[bytes]]:
    """Part the picture into outlines, which dvisvgm lists in the order of addresses in memory, and all else."""
    lines = picture.splitlines()
    return sorted(line for line in lines if line.startswith(b"<path")), [
        line for line in lines if not line.startswith(b"<path")
    ]


def test_groups_are_put_where_dvisvgm_puts_them(tmp_path: Path) -> None:
    """Between the same characters and rules, and nothing else differs."""
    found = groups_of(_typeset(tmp_path, _BODY))
    assert found is not None
    ours = with_groups(_drawn(tmp_path, "--no-specials"), *found)
    assert ours is not None
    assert _in_any_order_of_glyphs(ours) == _in_any_order_of_glyphs(_drawn(tmp_path))


@pytest.mark.parametrize("special", ["color push rgb 1 0 0", "ps: 1 0 0 setrgbcolor", "dvisvgm:raw <rect/>"])
def test_document_with_any_other_special_is_left_to_dvisvgm(tmp_path: Path, special: str) -> None:
    """What is in it may change what is drawn."""
    assert groups_of(_typeset(tmp_path, rf"x\special{{{special}}}y")) is None


def test_document_that_is_cut_short_is_left_to_dvisvgm(tmp_path: Path) -> None:
    """It is for dvisvgm to say what is wrong with it."""
    document = _typeset(tmp_path, "x")
    assert groups_of(document) is not None
    assert groups_of(document[:60]) is None


def test_picture_with_more_than_was_set_gets_no_groups() -> None:
    """Then nobody knows where they belong."""
    picture = b"<svg>\n<g id='page1'>\n<use x='1'/>\n<use x='2'/>\n</g>\n</svg>\n"
    assert with_groups(picture, [(1, b"</g>")], 1) is None
    assert with_groups(picture, [(0, b"<g id='a'>"), (1, b"</g>")], 2) == picture.replace(
        b"<use x='1'/>", b"<g id='a'>\n<use x='1'/>\n</g>"
    )
