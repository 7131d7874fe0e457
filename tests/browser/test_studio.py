"""The studio in a real browser, against the real service with the real worker and the offline composer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.browser import chromium, saved, violations, watched_page
from harness.service import Service, serving
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.timeout(240)
CIRCLE = "Create a simple circle animation"
NASTY = '<img src=x onerror="window.ran = 1">'
CHANGED = """from manim import *


class Changed(Scene):
    def construct(self):
        self.play(ShowCreation(Square()))
"""
BROKEN = f"""from manim import *


class Broken(Scene):
    def construct(self):
        print("<script>window.ran = 1</script>")
        self.play(Create(Circle()), run_time=0.2)
        raise ValueError('{NASTY}')
"""
LONG = """from manim import *


class Long(Scene):
    def construct(self):
        square = Square(color=BLUE)
        for _ in range(40):
            self.play(Rotate(square), run_time=20)
"""
PLAYS = "video => video.readyState >= 2 && video.videoWidth > 0"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Run a service for all tests of this file."""
    with serving(tmp_path_factory.mktemp("studio")) as service:
        yield service


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run a browser for all tests of this file."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(service: Service, browser: Browser) -> Iterator[Page]:
    """Open the studio; in the end nobody else was asked for anything, and no script ran that should not."""
    base = f"http://127.0.0.1:{service.port}"
    with watched_page(browser, base) as (page, seen):
        page.goto("/")
        page.get_by_label("Quality").select_option("low")
        yield page
        assert page.evaluate("window.ran") is None
        assert seen.hosts == {f"127.0.0.1:{service.port}"}
        assert seen.errors == []


def write(page: Page, code: str) -> None:
    """Put a scene into the editor in place of what is there."""
    page.get_by_label("Code of the scene").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)


def is_clean(page: Page) -> None:
    """Nothing on the page is wrong for people who cannot see, point or wait."""
    assert violations(page) == []


def expect_video(page: Page) -> None:
    """Wait for a video that this browser can play."""
    video = page.locator("video")
    expect(video).to_be_visible()
    page.wait_for_function(f"() => ({PLAYS})(document.querySelector('video'))")


def is_shared_and_taken_back(page: Page) -> None:
    """The page for everybody works without script and in another browser, until its owner takes it back."""
    page.get_by_role("button", name="Share").click()
    is_clean(page)
    url = page.get_by_role("link", name="Page for everybody").get_attribute("href")
    assert url
    assert page.context.browser
    with watched_page(page.context.browser, url, java_script_enabled=False) as (other, _):
        other.goto(url)
        expect(other.get_by_role("heading", name="A circle")).to_be_visible()
        expect(other.locator("video")).to_be_visible()
        other.get_by_text("The code", exact=True).click()
        expect(other.get_by_label("Code of the scene")).to_contain_text("from manim import")
    page.get_by_role("button", name="Stop sharing").click()
    expect(page.get_by_role("button", name="Share")).to_be_visible()
    assert page.request.get(url).status == 404


def test_from_an_example_to_a_second_version(page: Page, tmp_path: Path) -> None:
    """A chip becomes a video; changed code is checked, mended by one click and rendered as another version."""
    is_clean(page)
    page.get_by_role("button", name="A simple circle").click()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    is_clean(page)
    expect_video(page)
    is_clean(page)
    assert saved(page, "Video, MP4", tmp_path)[4:8] == b"ftyp"
    is_shared_and_taken_back(page)
    write(page, CHANGED)
    expect(page.get_by_text("The code has changed since this was rendered")).to_be_visible()
    page.get_by_role("button", name="Fix line 6").click()
    expect(page.get_by_text("The checker has nothing to say against it.")).to_be_visible()
    is_clean(page)
    page.get_by_role("button", name="Render this code").click()
    expect(page.get_by_role("heading", name="Versions")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("Your code|Rendering"))).to_be_visible()
    expect_video(page)
    assert b"Create(Square())" in saved(page, "Scene, Python", tmp_path)
    page.get_by_role("button", name="One frame on").click()
    for tab in ("Explanation", "Layout", "Attempts", "Log", "API"):
        page.get_by_role("tab", name=tab).click()
        is_clean(page)


def test_page_that_is_loaded_again_or_cut_off_goes_on_where_it_was(page: Page) -> None:
    """The work goes on meanwhile; it is cancelled by keyboard alone."""
    page.goto("/#/recipe/circle_area")
    write(page, LONG)
    page.keyboard.press("Control+Enter")
    stages = page.get_by_label("Progress", exact=True)
    expect(stages.get_by_text(re.compile(r"Rendering animation \d+ of 40"))).to_be_visible()
    page.reload()
    expect(stages.get_by_text(re.compile(r"Rendering animation \d+ of 40"))).to_be_visible()
    expect(stages.get_by_text(re.compile(r"about .* left"))).to_be_visible()
    page.get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="You stopped this")).to_be_visible()
    is_clean(page)
    page.goto("/#/history")
    expect(page.get_by_text("Cancelled").first).to_be_visible()
    is_clean(page)


def test_scene_that_fails_says_where_and_nothing_of_it_runs_here(page: Page) -> None:
    """The error, the log and the caption are text; the button leads to the line."""
    page.goto("/#/recipe/text_title")
    write(page, BROKEN)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="The scene has a mistake")).to_be_visible()
    expect(page.get_by_text(NASTY).first).to_be_visible()
    is_clean(page)
    page.get_by_role("tab", name="Log").click()
    expect(page.locator("pre.log")).to_contain_text("<script>")
    page.get_by_role("button", name="Show line 8").click()
    expect(page.get_by_label("Code of the scene")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Code of the scene")).not_to_be_focused()


def test_prompt_that_cannot_be_answered_says_what_to_do(page: Page) -> None:
    """Written with the keyboard alone; script in the prompt is text."""
    page.get_by_label("What do you want to see?").focus()
    page.keyboard.type(f"prove the Riemann hypothesis {NASTY}")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="No scene could be written")).to_be_visible()
    expect(page.get_by_text("What to do:")).to_be_visible()
    is_clean(page)
    page.get_by_role("button", name="Change the prompt").click()
    expect(page.get_by_label("What do you want to see?")).to_have_value(f"prove the Riemann hypothesis {NASTY}")


def test_prompt_of_a_megabyte_is_refused_before_it_is_sent(page: Page) -> None:
    """The page says how much is too much, and keeps what was written."""
    page.get_by_label("What do you want to see?").fill("circle " * 150_000)
    expect(page.get_by_text(re.compile("characters too many"))).to_be_visible()
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_label("What do you want to see?")).to_be_focused()
    assert page.url.endswith("/")


def test_unknown_job_and_lost_server_are_told_in_words(page: Page) -> None:
    """Neither leaves an empty page."""
    page.goto("/#/job/nothing")
    expect(page.get_by_role("heading", name="This animation cannot be shown")).to_be_visible()
    is_clean(page)
    page.goto("/#/")
    page.context.set_offline(True)
    page.get_by_label("What do you want to see?").fill(CIRCLE)
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="The server cannot be reached")).to_be_visible()


def test_gallery_is_searched_and_opens_in_the_studio(page: Page) -> None:
    """Every recipe has a card, and its scene is there to be changed."""
    page.goto("/#/gallery")
    is_clean(page)
    page.get_by_label("Search").fill("pythagoras")
    page.get_by_role("link", name="The theorem of Pythagoras").click()
    expect(page.get_by_label("Code of the scene")).to_contain_text("from manim import")
    is_clean(page)
