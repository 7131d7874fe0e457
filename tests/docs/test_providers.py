"""The pages about providers: what they tell to put in `.env` is taken, and builds the generator that they name."""

from __future__ import annotations

import re

import pytest
from manimatic import bootstrap
from manimatic.settings import Settings
from source_tree import ROOT

PAGES = sorted((ROOT / "docs/howto").glob("use-*.md"))
BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = [(path, block) for path in PAGES for block in BLOCK.findall(path.read_text(encoding="utf-8"))]


def test_every_way_has_its_page() -> None:
    """OpenAI, Anthropic, OpenRouter, and three servers of one's own."""
    assert len(PAGES) == 4
    assert len(BLOCKS) == 6


@pytest.mark.parametrize(("path", "block"), BLOCKS, ids=lambda value: getattr(value, "name", ""))
def test_settings_of_the_page_build_its_generator(path: object, block: str) -> None:
    """Nothing but these lines is needed."""
    given = dict(line.split("=", 1) for line in block.splitlines())
    settings = Settings.from_env({"HOME": "/nowhere", **given})
    generator = bootstrap.build_generator(settings)
    assert generator.name == given["MANIMATIC_PROVIDER"]
    assert settings.resolved_model == given["MANIMATIC_MODEL"]
