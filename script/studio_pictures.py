"""Take the pictures of the studio for the documentation: `.venv/bin/python script/studio_pictures.py [NAME…]`.

Each state is brought about in a real service and photographed on a phone and a wide screen, some on a tablet too,
light and dark. They are JPEG files in docs/pictures/studio; whoever changes how the page looks takes them anew.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from harness.browser import chromium, watched_page  # noqa: E402
from harness.service import serving  # noqa: E402
from loopback.gemini_script import FAILS_THE_CHECK, GOOD_SCENE, answer  # noqa: E402
from loopback.gemini_server import GeminiServer  # noqa: E402
from playwright.sync_api import Browser, Page, expect  # noqa: E402

PICTURES = ROOT / "docs" / "pictures" / "studio"
SIZES = {"wide": (1440, 900), "tablet": (768, 1024), "phone": (360, 740)}
QUALITY = 70
KEY = "AIza-loopback-key-of-the-pictures-0818"
SETTLE_MS = 700
SLOW = """from manim import *


class Rings(Scene):
    def construct(self):
        rings = VGroup(*[Circle(radius=r / 5, color=interpolate_color(BLUE, YELLOW, r / 16)) for r in range(1, 16)])
        self.play(LaggedStart(*[Create(ring) for ring in rings], lag_ratio=0.1), run_time=3)
        for _ in range(14):
            self.play(Rotate(rings, PI / 3), run_time=4)
"""
CROWDED = """from manim import *


class Crowded(Scene):
    def construct(self):
        title = Text("The area of a circle")
        formula = Text("is pi times r squared", color=YELLOW).shift(0.2 * DOWN)
        far = Circle(radius=2, color=BLUE).shift(6 * RIGHT)
        self.play(Write(title), Create(far))
        self.play(Write(formula))
        self.wait(2)
"""
WRONG = """from manim import *


class Wrong(Scene):
    def construct(self):
        circle = Circle(color=BLEU)
        self.play(ShowCreation(circle))
        self.play(circle.animate.shft(UP))
"""
FAILING = """from manim import *


class Failing(Scene):
    def construct(self):
        sides = [3, 4, 5]
        self.play(Create(Square(side_length=sides[3])))
"""
State = Callable[[Page], None]


def empty(page: Page) -> None:
    """Nothing was asked yet."""
    page.goto("/#/")


def gallery(page: Page) -> None:
    """All recipes."""
    page.goto("/#/gallery")


def recipe(page: Page) -> None:
    """A recipe, not rendered yet."""
    page.goto("/#/recipe/circle_area")
    expect(page.get_by_label("Code of the scene")).to_be_visible()


def complete(page: Page) -> None:
    """An animation that is done."""
    page.goto("/#/")
    page.get_by_label("What do you want to see?").fill("Create a simple circle animation")
    page.keyboard.press("Control+Enter")
    expect(page.locator("video")).to_be_visible()
    expect(page.get_by_label("Code of the scene")).to_be_visible()


def running(page: Page) -> None:
    """One that is being rendered."""
    _render(page, SLOW)
    expect(page.locator(".now")).to_contain_text("animation 2 of")


def layout(page: Page) -> None:
    """One with findings of the layout report."""
    _render(page, CROWDED)
    expect(page.locator("video")).to_be_visible()
    page.get_by_role("tab", name="Layout").click()
    page.get_by_role("button", name="Show finding 1").first.click()


def checked(page: Page) -> None:
    """Code in which the checker finds mistakes."""
    recipe(page)
    _write(page, WRONG)
    expect(page.get_by_role("heading", name="The checker says")).to_be_visible()


def failed(page: Page) -> None:
    """A scene that fails."""
    _render(page, FAILING)
    expect(page.get_by_role("heading", name="The scene has a mistake")).to_be_visible()


def refused(page: Page) -> None:
    """A prompt that the offline composer does not understand."""
    page.goto("/#/")
    page.get_by_label("What do you want to see?").fill("prove the Riemann hypothesis")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="No scene could be written")).to_be_visible()


def history(page: Page) -> None:
    """What was made so far."""
    page.goto("/#/history")


def offline(page: Page) -> None:
    """The server is gone."""
    page.goto("/#/")
    page.get_by_label("What do you want to see?").fill("Create a simple circle animation")
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("The page got no answer.")).to_be_visible()


def written(page: Page) -> None:
    """A scene that a model is writing."""
    page.goto("/#/")
    page.get_by_label("What do you want to see?").fill("a circle becomes a square")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".writing")).to_contain_text("self.play")


def repaired(page: Page) -> None:
    """One that went back to the model once."""
    written(page)
    expect(page.locator("video")).to_be_visible()
    page.get_by_role("tab", name="Attempts").click()
    page.get_by_text("Changed since the attempt before").click()
    page.locator(".attempts").scroll_into_view_if_needed()


def versions(page: Page) -> None:
    """One that was changed by words."""
    written(page)
    page.get_by_label("Say what to change").fill("make the square green")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Versions")).to_be_visible()
    expect(page.locator("video")).to_be_visible()


WITH_A_MODEL: tuple[State, ...] = (repaired, written, versions)
STATES: tuple[State, ...] = (
    empty,
    gallery,
    recipe,
    complete,
    layout,
    checked,
    failed,
    refused,
    running,
    history,
    offline,
)
EVERYWHERE = {"empty", "complete"}
"""These are taken in every size, light and dark; the others in wide and dark, and on a light phone."""


def main(names: list[str]) -> int:
    """Take the pictures that are named, or all, and return the exit code."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as service, chromium() as browser:
        for state in STATES:
            if not names or state.__name__ in names:
                take(browser, f"http://127.0.0.1:{service.port}", state)
    for state in WITH_A_MODEL:
        if not names or state.__name__ in names:
            take_with_a_model(state)
    return 0


def take_with_a_model(state: State) -> None:
    """Photograph a state of a service that has a model, which answers slowly and mends its first scene."""
    slow = answer(GOOD_SCENE, pieces=40, pause_s=0.1)
    script = [answer(FAILS_THE_CHECK), slow] if state is repaired else [slow, slow]
    with tempfile.TemporaryDirectory() as folder, GeminiServer(script, api_key=KEY) as model, chromium() as browser:
        settings = {"GEMINI_API_KEY": KEY, "MANIMATIC_MODEL_BASE_URL": model.url}
        with serving(Path(folder), **settings) as service:
            take(browser, f"http://127.0.0.1:{service.port}", state)


def take(browser: Browser, base: str, state: State) -> None:
    """Bring a state about once, and photograph it in the sizes and colours that it is wanted in."""
    with watched_page(browser, base, viewport={"width": 1440, "height": 900}, reduced_motion="no-preference") as (
        page,
        _,
    ):
        state(page)
        for size, colours in views(state.__name__):
            page.set_viewport_size({"width": SIZES[size][0], "height": SIZES[size][1]})
            page.emulate_media(color_scheme=colours)
            page.wait_for_timeout(SETTLE_MS)
            path = PICTURES / f"{state.__name__}-{size}-{colours}.jpg"
            page.screenshot(path=path, type="jpeg", quality=QUALITY)
            print(f"{path.name}: {path.stat().st_size} bytes", flush=True)
        stop(page)


def views(name: str) -> Iterator[tuple[str, str]]:
    """Yield sizes and colours."""
    if name in EVERYWHERE:
        yield from ((size, colours) for size in SIZES for colours in ("dark", "light"))
        return
    yield from (("wide", "dark"), ("phone", "light"))


def stop(page: Page) -> None:
    """Stop what still runs, so that the next state has the worker."""
    button = page.get_by_role("button", name="Cancel")
    if button.is_visible():
        button.click()


def _write(page: Page, code: str) -> None:
    page.get_by_label("Code of the scene").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)


def _render(page: Page, code: str) -> None:
    recipe(page)
    page.get_by_label("Quality").select_option("medium")
    _write(page, code)
    page.keyboard.press("Control+Enter")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
