"""The source of this repository as the architecture tests and the documentation tests look at it."""

from __future__ import annotations

import ast
import io
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "manimatic": ROOT / "backend/src/manimatic",
    "manimatic_worker": ROOT / "worker/src/manimatic_worker",
    "fastmanim": ROOT / "fastmanim/src/fastmanim",
}
_LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def source_files() -> list[Path]:
    """Return every Python file of the packages and the scripts; the gallery's scenes are data."""
    found = [path for folder in PACKAGES.values() for path in folder.rglob("*.py") if "examples" not in path.parts]
    return sorted([*found, *(ROOT / "script").glob("*.py")])


def module_names() -> list[str]:
    """Return the name of every module of all packages."""
    names = []
    for package, folder in PACKAGES.items():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            if "examples" not in parts:
                names.append(".".join([package, *(part for part in parts if part != "__init__")]))
    return sorted(names)


def tracked_files() -> list[Path]:
    """Return every file under version control, or that is about to be."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """Return a file's text; empty for what is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def docstring_lines(tree: ast.AST) -> set[int]:
    """Return the lines that docstrings take, those of attributes included."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            lines.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return lines


def code_lines(source: str) -> set[int]:
    """Return the lines that hold code: neither blank, nor comments, nor docstrings."""
    found: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _LAYOUT:
            found.update(range(token.start[0], token.end[0] + 1))
    return found - docstring_lines(ast.parse(source))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a module, methods and inner ones included."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
