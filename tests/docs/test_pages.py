"""The pages themselves: links lead somewhere, examples are well-formed, nothing private is told."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from source_tree import ROOT, text_of, tracked_files

HERE = Path(__file__).resolve()
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").glob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
PRIVATE = re.compile(r"(?<![\w./$}-])/(?:work|root)/[\w.]", re.ASCII)
REGISTRIES = re.compile(r"\b(?:pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org|crates\.io)\b")
MARKETING = re.compile(
    r"\b(?:blazing|seamless|cutting-edge|world-class|effortless|revolutionary|powerful|simply|state-of-the-art)\w*",
    re.I,
)
GUESTS_TMP = re.compile(r"(?<![\w./~-])/tmp/[\w-]")
OWN_ROOT = ROOT / "script/fresh_root.py"
"""Its paths lie inside a root of its own."""
FIRST_DESCRIPTION = (
    *("backend/app.py", "backend/gemini_functions.py", "backend/worker_entrypoint.py", "backend/manim.cfg"),
    *("backend/Dockerfile.backend", "backend/Dockerfile.worker", "docker-compose.yml", "docker-compose.dev.yml"),
    *("build.sh", ".env", "JOB_ID", "CODE", "USER_PROMPT", "GEMINI_API_KEY", "docker.sock", "who uploads"),
    *("CLOUDINARY_CLOUD_NAME", "CLOUDINARY_API_KEY", "CLOUDINARY_API_SECRET"),
)
MEANS_ITS_OWN = ("backend/src/manimatic/sandbox/", "tests/", "worker/", "deploy/nginx.conf")
"""Sandboxes and containers have one of their own there."""


def relative(path: Path) -> str:
    """Return the name of a file inside the repository."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_relative_links_lead_somewhere(path: Path) -> None:
    """Each link inside the repository leads to a file or folder, and each anchor to a heading."""
    for found in LINK.finditer(text_of(path)):
        target, _, anchor = found["target"].partition("#")
        if ":" in target:
            continue
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), found["target"]
        if anchor:
            headings = re.findall(r"^#+ (.+)$", text_of(there), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}, found[0]


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_examples_are_well_formed(path: Path) -> None:
    """Shell examples parse; JSON examples and bodies are JSON but for what is left out with …."""
    for fence in FENCE.finditer(text_of(path)):
        if fence["kind"] == "bash":
            text = re.sub(r"<(\w+)>", r"\1", fence["text"])
            done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            for body in re.findall(r"-d '(.+?)'", fence["text"]):
                json.loads(body)
        elif fence["kind"] == "json":
            json.loads(fence["text"])


def test_every_page_is_reached_from_the_readme() -> None:
    """Each page is linked from another, the README in the end."""
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in reached or not path.exists():
            continue
        reached.add(path)
        if path.is_dir():
            waiting.extend(path.glob("*.md"))
        elif path.suffix == ".md":
            targets = (found["target"].partition("#")[0] for found in LINK.finditer(text_of(path)))
            waiting.extend((path.parent / target).resolve() for target in targets if target and ":" not in target)
    assert {relative(path) for path in (ROOT / "docs").rglob("*.md")} <= {relative(path) for path in reached}


def test_no_file_names_this_machine() -> None:
    """No tracked file holds a path of a developer's machine or a package registry's host name."""
    for path in tracked_files():
        if path in {HERE, OWN_ROOT}:
            continue
        text = text_of(path)
        assert not PRIVATE.search(text), f"{relative(path)}: {PRIVATE.findall(text)}"
        assert not REGISTRIES.search(text), f"{relative(path)}: {REGISTRIES.findall(text)}"


def test_tmp_is_named_only_where_a_sandbox_or_container_has_its_own() -> None:
    """Elsewhere a temporary folder is asked for, not named."""
    for path in tracked_files():
        if not relative(path).startswith(MEANS_ITS_OWN):
            assert not GUESTS_TMP.search(text_of(path)), relative(path)


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_pages_do_not_boast(path: Path) -> None:
    """Plain words."""
    assert MARKETING.findall(text_of(path)) == []


def test_first_description_is_mapped_whole() -> None:
    """Each file, command and variable of the first description has its place."""
    text = text_of(ROOT / "docs/decisions/0001-where-the-first-description-went.md")
    for name in FIRST_DESCRIPTION:
        assert name in text, name


def test_every_invariant_names_a_test_that_exists() -> None:
    """What ARCHITECTURE.md and the threat model cite is there."""
    for page in ("ARCHITECTURE.md", "SECURITY.md"):
        for cited in re.findall(r"`((?:tests|script)/[\w/.-]+?)(?:::(\w+))?`", text_of(ROOT / page)):
            path = ROOT / cited[0]
            assert path.exists(), cited
            assert cited[1] in text_of(path) if cited[1] else True, cited
    zoo = {path.stem for path in (ROOT / "tests/scenes").glob("*.py")}
    assert set(re.findall(r"`(hostile_\w+)`", text_of(ROOT / "SECURITY.md"))) <= zoo


def test_the_map_has_every_module() -> None:
    """Each module and package of the trusted side stands on ARCHITECTURE.md's map."""
    drawn = text_of(ROOT / "ARCHITECTURE.md").partition("```")[2].partition("```")[0]
    for path in sorted((ROOT / "backend/src/manimatic").iterdir()):
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.stem != "__init__":
            assert re.search(rf"\b{path.stem}\b", drawn), path.stem
