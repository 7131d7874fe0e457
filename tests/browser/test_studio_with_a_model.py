"""The studio with a model behind it: what is written is seen, mended, and changed by words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.browser import chromium, violations, watched_page
from harness.service import serving
from loopback.gemini_script import EXPLANATION, FAILS_THE_CHECK, GOOD_SCENE, TITLE, answer
from loopback.gemini_server import GeminiServer
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.timeout(240)
KEY = "AIza-loopback-key-of-the-studio-0817"
CHANGED = GOOD_SCENE.replace("YELLOW", "GREEN")


@pytest.fixture
def model() -> Iterator[GeminiServer]:
    """Run a model that makes a mistake, mends it, and then does as it is told."""
    script = [answer(FAILS_THE_CHECK, pieces=30, pause_s=0.1), answer(GOOD_SCENE), answer(CHANGED, title="Greener")]
    with GeminiServer(script, api_key=KEY) as model:
        yield model


@pytest.fixture
def page(model: GeminiServer, tmp_path: Path) -> Iterator[Page]:
    """Open the studio of a service with that model."""
    settings = {"GEMINI_API_KEY": KEY, "MANIMATIC_MODEL_BASE_URL": model.url}
    with (
        serving(tmp_path, **settings) as service,
        chromium() as browser,
        watched_page(browser, f"http://127.0.0.1:{service.port}") as (page, seen),
    ):
        page.goto("/")
        yield page
        assert seen.errors == []


def test_scene_is_seen_being_written_mended_and_changed_by_words(page: Page, model: GeminiServer) -> None:
    """Each attempt shows what was wrong, what changed and what it cost; the change is a version of its own."""
    page.get_by_label("Quality").select_option("low")
    page.get_by_label("What do you want to see?").fill("a circle becomes a square")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_label("The scene as far as it is written")).to_contain_text("class CircleToSquare")
    assert violations(page) == []
    expect(page.locator("video")).to_be_visible()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    page.get_by_role("tab", name="Explanation").click()
    expect(page.get_by_text(EXPLANATION)).to_be_visible()
    page.get_by_role("tab", name=re.compile("Attempts")).click()
    expect(page.get_by_role("heading", name="Attempt 1: sent back")).to_be_visible()
    expect(page.get_by_text("Circle has no get_glow").first).to_be_visible()
    page.get_by_text("Changed since the attempt before").click()
    expect(page.get_by_text("+        self.play(Create(circle))")).to_be_visible()
    assert page.get_by_text(re.compile(r"\$0\.\d+, [\d,]+ tokens")).count() == 2
    assert violations(page) == []
    page.get_by_label("Say what to change").fill("make the square green")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Greener")).to_be_visible()
    expect(page.get_by_role("heading", name="Versions")).to_be_visible()
    expect(page.locator("video")).to_be_visible()
    expect(page.get_by_label("Code of the scene")).to_contain_text("GREEN")
    assert violations(page) == []
    asked = model.requests[-1].text
    assert "make the square green" in asked
    assert "color=YELLOW" in asked
