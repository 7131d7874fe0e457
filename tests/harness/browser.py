"""Debian's Chromium, driven by Playwright, and what every page of ours has to keep to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect, sync_playwright
from source_tree import ROOT

from harness.servers import needed

AXE = ROOT / "web/node_modules/axe-core/axe.min.js"
FLAGS = (
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_VIOLATIONS = """async rules => (await axe.run(document, {runOnly: rules})).violations
    .map(found => `${found.id}: ${found.nodes.map(node => node.target.join(" ")).join(", ")}`)"""
WAIT_MS = 60_000
"""How long anything on a page may take: a worker on a busy machine renders in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What happened on a page that should not have."""

    hosts: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser; without one the test is skipped on a person's machine, and fails in CI."""
    program = needed("chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(FLAGS), chromium_sandbox=os.geteuid() != 0
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched_page(browser: Browser, base: str, **options: Any) -> Iterator[tuple[Page, Watched]]:
    """Give a page with a memory of its own, and note whom it asks and which errors it has."""
    context = browser.new_context(base_url=base, **{"reduced_motion": "reduce", **options})
    context.set_default_timeout(WAIT_MS)
    expect.set_options(timeout=WAIT_MS)
    page, seen = context.new_page(), Watched()
    page.on("request", lambda request: seen.hosts.add(urlsplit(request.url).netloc))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("dialog", lambda dialog: seen.errors.append(f"dialog: {dialog.message}"))
    try:
        yield page, seen
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong with the page as it stands."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    found: list[str] = page.evaluate(_VIOLATIONS, RULES)
    return found


def saved(page: Page, name: str, folder: Path) -> bytes:
    """Click a download and return what was saved."""
    with page.expect_download() as waiting:
        page.get_by_role("link", name=name).or_(page.get_by_role("button", name=name)).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path.read_bytes()
