"""The OpenAPI document and the page made from it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from harness.api import Api, open_api

OPERATIONS = {
    "check",
    "generate",
    "status",
    "events",
    "logs",
    "deliveries",
    "revise",
    "share",
    "unshare",
    "cancel",
    "retry",
    "delete",
    "jobs",
    "video",
    "health",
    "live",
    "ready",
    "metrics",
}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Give an API with nothing in it."""
    with open_api(tmp_path) as opened:
        yield opened


@pytest.fixture
def spec(api: Api) -> dict[str, Any]:
    """Give the OpenAPI document."""
    found: dict[str, Any] = api.client.get("/openapi.json").get_json()
    return found


def operations(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the operations by their ids."""
    return {item["operationId"]: item for path in spec["paths"].values() for item in path.values()}


def test_document_is_openapi_3_1_and_has_every_operation(spec: dict[str, Any]) -> None:
    """Nothing is left out, nothing has no id."""
    assert spec["openapi"].startswith("3.1")
    assert set(operations(spec)) == OPERATIONS


def test_every_address_of_the_app_is_documented(api: Api, spec: dict[str, Any]) -> None:
    """But for the pages and the document itself."""
    pages = {"/", "/assets/{name}", "/v/{token}", "/v/{token}/scene.py", "/docs", "/openapi.json", "/static/{filename}"}
    rules = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule) for rule in api.app.url_map.iter_rules()}
    assert rules - pages == set(spec["paths"])


def test_every_reference_leads_somewhere(spec: dict[str, Any]) -> None:
    """And component names are plain."""
    schemas = spec["components"]["schemas"]
    found = re.findall(r"'\$ref': '#/components/schemas/([^']+)'", str(spec))
    assert found
    assert set(found) <= set(schemas)
    assert all(name.isidentifier() for name in schemas)


def test_every_error_is_documented_as_a_problem(spec: dict[str, Any]) -> None:
    """Each operation lists 400, 500 and 503; health answers 503 in its own form."""
    for name, operation in operations(spec).items():
        responses = operation["responses"]
        assert {"400", "500", "503"} <= set(responses), name
        for status, answer in responses.items():
            if int(status) >= 400 and not (status == "503" and name in {"health", "live", "ready"}):
                assert list(answer["content"]) == ["application/problem+json"], (name, status)


def test_request_body_is_required_and_closed(spec: dict[str, Any]) -> None:
    """Unknown fields are errors, and the document says so."""
    assert operations(spec)["generate"]["requestBody"]["required"] is True
    assert spec["components"]["schemas"]["GenerateIn"]["additionalProperties"] is False


def test_stream_documents_how_to_resume(spec: dict[str, Any]) -> None:
    """By header and by parameter."""
    names = {(item["in"], item["name"]) for item in operations(spec)["events"]["parameters"]}
    assert {("header", "Last-Event-ID"), ("query", "after"), ("path", "job_id")} == names


class Page(HTMLParser):
    """Collects what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.sources: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag."""
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        values = {name: value or "" for name, value in attrs}
        self.ids |= {values["id"]} if "id" in values else set()
        self.links += [values["href"]] if tag == "a" else []
        self.sources += [values[name] for name in ("src", "href") if name in values and tag != "a"]


def page_of(api: Api) -> Page:
    """Read the reference page."""
    page = Page()
    page.feed(api.client.get("/docs").text)
    return page


def test_page_has_no_script_and_nothing_from_elsewhere(api: Api) -> None:
    """One style sheet, ours."""
    page = page_of(api)
    assert not {"script", "style", "iframe", "img"} & set(page.tags)
    assert not {name for name in page.attributes if name.startswith("on") or name == "style"}
    assert page.sources == ["/static/docs.css"]


def test_page_shows_every_operation_and_every_error(api: Api) -> None:
    """Problem types lead here."""
    page = page_of(api)
    assert page.ids >= OPERATIONS
    assert {"problem-job_not_found", "problem-not_json", "problem-too_large", "problem-storage_error"} <= page.ids
    assert {"problem-timeout", "problem-memory_limit", "problem-scene_error"} <= page.ids


def test_every_link_of_the_page_leads_somewhere(api: Api) -> None:
    """To a part of the page, or to an address of the API."""
    page = page_of(api)
    inner = {link[1:] for link in page.links if link.startswith("#")}
    assert inner <= page.ids
    for link in {link for link in page.links if not link.startswith("#")}:
        assert api.client.get(link).status_code == 200, link


def test_style_follows_light_and_dark(api: Api) -> None:
    """The style sheet is served by the API and knows both."""
    with api.client.get("/static/docs.css") as answer:
        assert answer.mimetype == "text/css"
        assert "prefers-color-scheme: dark" in answer.text
