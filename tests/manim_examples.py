"""The examples in the docstrings of the installed Manim: code that is known to be good."""

from __future__ import annotations

import importlib.util
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

_DIRECTIVE = re.compile(r"(?P<indent>\s*)\.\. manim:: *(?P<name>\w+)")
_PROMPT = re.compile(r"^(?:>>>|\.\.\.) ?", re.MULTILINE)
NOT_FOR_US = {
    "LabeledCountryExample": "fetches a map over the network",
    "DirectiveDoctestExample": "shows the directive itself",
}
"""Examples that do not run as they stand, and why; those of the OpenGL renderer use names that are not exported."""


def manim_examples() -> Iterator[tuple[str, str]]:
    """Yield the name and the source of every example."""
    spec = importlib.util.find_spec("manim")
    assert spec is not None
    assert spec.origin is not None
    for path in sorted(Path(spec.origin).parent.rglob("*.py")):
        if "opengl" not in path.parts:
            for name, body in _in_file(path.read_text(encoding="utf-8").split("\n")):
                if name not in NOT_FOR_US:
                    yield f"{path.stem}-{name}", "from manim import *\n" + body


def _in_file(lines: list[str]) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(lines):
        found = _DIRECTIVE.match(line)
        if found is None:
            continue
        body = []
        for text in lines[number + 1 :]:
            if text.strip() and len(text) - len(text.lstrip()) <= len(found["indent"]):
                break
            body.append(text)
        code = textwrap.dedent("\n".join(text for text in body if not text.strip().startswith(":")))
        yield found["name"], _PROMPT.sub("", code.strip("\n")) + "\n"
