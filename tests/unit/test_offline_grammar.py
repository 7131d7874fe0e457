"""The offline grammar: what is asked for is what the scene does."""

from __future__ import annotations

import ast
import threading

import pytest
from manimatic.codegen.offline import OfflineComposer
from manimatic.jobs import Options
from manimatic.ports import Brief, Draft


class _Silent:
    def draft(self, *, title: str, explanation: str, code: str) -> None:
        """Take no notice."""


@pytest.fixture(scope="module")
def composer() -> OfflineComposer:
    """Return one composer for all tests: it keeps no state between prompts."""
    return OfflineComposer()


def compose(composer: OfflineComposer, prompt: str, **options: object) -> Draft:
    """Return the draft for a prompt; its code compiles."""
    draft = composer.generate(Brief(prompt=prompt, options=Options(**options)), _Silent(), threading.Event())
    compile(draft.code, "scene.py", "exec")
    return draft


def plays(code: str) -> list[str]:
    """Return the source of what each `self.play` plays, in order."""
    calls = [n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Call)]
    played = [n for n in calls if isinstance(n.func, ast.Attribute) and n.func.attr == "play"]
    return [", ".join(ast.unparse(a) for a in n.args) for n in sorted(played, key=lambda n: n.lineno)]


def test_square_that_turns_into_circle_moves_and_fades_gives_animations_in_this_order(
    composer: OfflineComposer,
) -> None:
    """Every verb of the prompt is one animation, in the prompt's order."""
    code = compose(composer, "a red square turns into a blue circle, moves left and fades out").code
    assert "Square(side_length=" in code
    assert "color=RED" in code
    assert "color=BLUE" in code
    kinds = [p.split("(")[0] for p in plays(code)]
    assert kinds == ["DrawBorderThenFill", "ReplacementTransform", "circle.animate.shift", "FadeOut"]
    assert "LEFT" in plays(code)[2]
