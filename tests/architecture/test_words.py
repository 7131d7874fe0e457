"""What stands nowhere in the source."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import pytest
from source_tree import PACKAGES, ROOT, docstring_lines, source_files, text_of, tracked_files

ZOO = ROOT / "tests/scenes"
HERE = Path(__file__).resolve()
MAX_LITERAL_LINES = 20
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
WORKER_MAY_IMPORT = {*sys.stdlib_module_names, "manim", "av", "numpy", "tqdm", "fastmanim", "manimatic_worker"}


def python_files() -> list[Path]:
    """Return every Python file that is tracked, except this one and the zoo, whose scenes are meant to be bad."""
    return [path for path in tracked_files() if path.suffix == ".py" and path != HERE and ZOO not in path.parents]


def imported(tree: ast.AST) -> set[str]:
    """Return the top names of everything that a module imports, wherever it does."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").partition(".")[0])
    return names


def test_nothing_is_left_unfinished() -> None:
    """No tracked file holds a note of work to be done: an issue does."""
    found = [str(path) for path in tracked_files() if path != HERE and UNFINISHED.search(text_of(path))]
    assert found == []


def test_nothing_of_ours_is_mocked() -> None:
    """Tests use real parts, or the fakes that are shipped."""
    for path in python_files():
        assert not re.search(r"unittest\.mock|from unittest import mock|\bMagicMock\b", text_of(path)), path


def test_no_shell_and_no_pickle() -> None:
    """Commands are argument lists; bytes from elsewhere are JSON or raw."""
    for path in python_files():
        tree = ast.parse(text_of(path))
        assert imported(tree).isdisjoint({"pickle", "marshal", "shelve", "dill"}), path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                shells = [word for word in node.keywords if word.arg == "shell"]
                assert not shells, f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_long_texts_are_data_files(path: Path) -> None:
    """A literal of more than 20 lines is a prompt, a policy or a page, and has a file of its own."""
    tree = ast.parse(text_of(path))
    docstrings = docstring_lines(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.lineno not in docstrings:
            assert (node.end_lineno or 0) - node.lineno < MAX_LITERAL_LINES, f"line {node.lineno}"


def test_worker_needs_only_what_is_in_its_sandbox() -> None:
    """The untrusted side imports the standard library, Manim and what Manim brings."""
    for path in PACKAGES["manimatic_worker"].rglob("*.py"):
        assert imported(ast.parse(text_of(path))) <= WORKER_MAY_IMPORT, path
