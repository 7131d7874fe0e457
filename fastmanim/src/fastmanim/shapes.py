"""Shapes from files: read in memory, and written so that no other process sees half of one.

Patches of `SVGMobject` (mobject/svg/svg_mobject.py) and of what Pango writes. Manim writes what it changes in a picture
to a file beside the picture, reads that and removes it; two processes that read the same picture then remove each
other's file. Here it stays in memory.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import manimpango
import svgelements
from manim.constants import RIGHT
from manimpango import MarkupUtils

from fastmanim.patching import BUILT_IN, Patch

_LAST_MOVE = re.compile(r'Z M [^A-Za-z]*? "\/>')
_stock_text2svg = manimpango.text2svg
_stock_markup2svg = MarkupUtils.text2svg


def generate_mobject(self: Any) -> Any:
    """Parse the picture and make its elements submobjects (mobject/svg/svg_mobject.py:197)."""
    tree = self.modify_xml_tree(ElementTree.parse(self.get_file_path()))  # noqa: S314  as Manim does
    changed = io.BytesIO()
    tree.write(changed)
    changed.seek(0)
    mobjects, groups = self.get_mobjects_from(svgelements.SVG.parse(changed))
    self.add(*mobjects)
    self.id_to_vgroup_dict = groups
    self.flip(RIGHT)
    return self


def remove_last_move(file_name: str) -> None:
    """Remove what Pango writes behind a glyph's end (manimpango/utils.py:39), and write only what changes."""
    path = Path(file_name)
    content = path.read_text()
    changed = _LAST_MOVE.sub('Z "/>', content)
    if changed != content:
        write_whole(path, changed)


def text2svg(settings: Any, size: Any, line_spacing: Any, disable_ligatures: Any, file_name: str, *rest: Any) -> str:
    """Have Pango write a text to a file, which appears when it is whole."""
    return _whole(file_name, lambda name: _stock_text2svg(settings, size, line_spacing, disable_ligatures, name, *rest))


def markup2svg(*arguments: Any, **options: Any) -> str:
    """Have Pango write marked-up text to a file, which appears when it is whole."""
    before, file_name, after = arguments[:7], arguments[7], arguments[8:]
    return _whole(file_name, lambda name: _stock_markup2svg(*before, name, *after, **options))


def write_whole(path: Path, content: str) -> None:
    """Write a file that others see whole or not at all."""
    unfinished = path.with_name(f".{os.getpid()}-{path.name}")
    unfinished.write_text(content)
    unfinished.replace(path)


def _whole(file_name: str, write: Any) -> str:
    path = Path(file_name)
    unfinished = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        write(str(unfinished))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return file_name


PATCHES = (
    Patch(
        module="manim.mobject.svg.svg_mobject",
        name="SVGMobject.generate_mobject",
        sha256="6dbfb3e78b1d8550",
        by=generate_mobject,
    ),
    Patch(
        module="manimpango.utils",
        name="PangoUtils.remove_last_M",
        sha256="c6c04b0a8d52ad7c",
        by=staticmethod(remove_last_move),
    ),
    Patch(module="manimpango", name="text2svg", sha256=BUILT_IN, by=text2svg),
    Patch(module="manimpango", name="MarkupUtils.text2svg", sha256=BUILT_IN, by=staticmethod(markup2svg)),
)
