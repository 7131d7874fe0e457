"""The files of the studio page: how they are served, how large they are, and that nothing foreign is in them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.api import Api, open_api
from manimatic.api.app import STUDIO
from source_tree import ROOT

FIRST_LOAD_BYTES = 200_000
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML", "http://www.w3.org/1999/xhtml"}
ON_DEMAND = ("editor-", "scenes-")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """An API that keeps videos on this machine."""
    with open_api(tmp_path, storage="local") as api:
        yield api


def first_files(page: str) -> list[str]:
    """Return the files that the page itself names."""
    return re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)


def test_page_has_a_policy_without_inline_scripts_or_foreign_hosts(api: Api) -> None:
    """Scripts, styles, pictures, videos and requests are this service's own."""
    answer = api.client.get("/")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert not re.search(r"unsafe|https?:|data:|\*", policy)
    assert not re.search(r"<style|<script(?![^>]* src=)| style=| on[a-z]+=", answer.text)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_files_are_kept_for_ever_under_names_that_change_with_them(api: Api) -> None:
    """Each file that the page names is there, packed for who takes that."""
    names = first_files(api.client.get("/").text)
    assert {name.rpartition(".")[2] for name in names} == {"js", "css", "svg"}
    for name in names:
        plain, packed = api.client.get(name), api.client.get(name, headers={"Accept-Encoding": "gzip"})
        assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert packed.headers["Content-Encoding"] == "gzip"
        assert len(packed.data) < len(plain.data)
        assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"


def test_wheel_holds_the_page(tmp_path: Path) -> None:
    """What git does not keep is packed all the same."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT / "backend", check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        assert "manimatic/api/studio/index.html" in packed.namelist()


def test_first_load_is_small() -> None:
    """Everything but the editor and the recipes' scenes, which come on demand, is below 200 kB packed."""
    files = [path for path in (STUDIO / "assets").glob("*.gz") if not path.name.startswith(ON_DEMAND)]
    assert 0 < sum(path.stat().st_size for path in files) <= FIRST_LOAD_BYTES


def test_no_file_names_a_foreign_address() -> None:
    """No script, style or page of ours asks another host for anything."""
    ours = [path for path in STUDIO.rglob("*") if not path.name.startswith("scenes-")]
    texts = [path for path in ours if path.suffix in {".js", ".css", ".html"}]
    assert texts
    found = {address for path in texts for address in re.findall(r"https?://[\w.-]+[\w/.-]*", path.read_text())}
    assert found <= NAMESPACES | {"http://127.0.0.1"}, found


@pytest.mark.parametrize("name", ["nothing.js", "..%2Findex.html", "%2e%2e/stamp", "index.html", "x.js.gz", "a\0.js"])
def test_names_that_are_no_file_of_the_page_are_not_found(api: Api, name: str) -> None:
    """Nothing but the files of the page can be asked for."""
    answer = api.client.get(f"/assets/{name}")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_page_that_was_not_built_leads_to_the_reference(tmp_path: Path) -> None:
    """Without the page the service does its work."""
    with open_api(tmp_path, studio=tmp_path / "nothing") as api:
        answer = api.client.get("/")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/docs")


def test_videos_may_come_from_where_the_storage_is(tmp_path: Path) -> None:
    """The policy names the storage's own host and no other."""
    with open_api(tmp_path, storage="s3", s3_bucket="b", s3_endpoint="https://s3.example:9000") as api:
        policy = api.client.get("/").headers["Content-Security-Policy"]
    assert "media-src 'self' https://s3.example:9000 https://*.s3.example:9000;" in policy


def test_lock_file_names_no_registry() -> None:
    """The pins of the page's build hold hashes and no addresses."""
    packages = json.loads((ROOT / "web/package-lock.json").read_text())["packages"]
    assert all("resolved" not in package for package in packages.values())
    assert all("integrity" in package for name, package in packages.items() if name)


def test_every_recipe_has_a_poster() -> None:
    """The gallery shows a picture of each."""
    recipes = {path.parent.name for path in ROOT.glob("examples/*/recipe.toml")}
    assert {path.stem for path in ROOT.glob("web/posters/*.webp")} == recipes
