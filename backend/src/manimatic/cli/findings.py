"""What `manimatic check` prints for people: the place, the rule, what is wrong, what to write, and the line itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from manimatic.cli.show import open_console
from manimatic.rehearsal import rule_id

if TYPE_CHECKING:
    from rich.text import Text

_STYLES = {"error": "bold red", "warning": "bold yellow", "advice": "bold cyan"}
BESIDE = 60
"""Characters that are shown to the left of a finding in a line that is too long."""
MAX_WIDTH = 160


def show_findings(path: Path, code: str, told: Mapping[str, Any], *, written: bool) -> None:
    """Print one file's findings and what was mended in it; a clean file is silent."""
    console = open_console()
    lines = code.split("\n")
    for found in told["diagnostics"]:
        console.print(_head(path, found))
        console.print(_message(found))
        for part in _quoted(found, lines, min(console.width, MAX_WIDTH)):
            console.print(part)
    if "layout" in told:
        for text in _rehearsed(path, told):
            console.print(text)
    if written:
        for fix in told["fixes"]:
            console.print(_fixed(path, fix))


def show_sum(told: Sequence[Mapping[str, Any]], *, fixed: bool) -> None:
    """Print what it all comes to."""
    found = [one for file in told for one in file["diagnostics"]]
    counts = {kind: sum(one["severity"] == kind for one in found) for kind in _STYLES}
    counts["advice"] += sum(len(file.get("layout", ())) for file in told)
    parts = [f"{count} {_plural(kind, count)}" for kind, count in counts.items() if count]
    mends = sum(len(file["fixes"]) for file in told)
    mended = f"; {mends} mended" if fixed and mends else ""
    mended = f"; {mends} can be mended with --fix" if mends and not fixed else mended
    console = open_console()
    failed = sum(bool(file.get("error")) for file in told)
    parts += [f"{failed} failed in rehearsal"] if failed else []
    files = f"{len(told)} {_plural('file', len(told))}"
    console.print(f"{files}: {', '.join(parts) or 'nothing found'}{mended}.")


def _plural(word: str, count: int) -> str:
    return word if count == 1 or word == "advice" else f"{word}s"


def _head(path: Path, found: Mapping[str, Any]) -> Text:
    from rich.text import Text

    place = f"{printable(str(path))}:{found['line']}:{found['column']}"
    return Text.assemble(
        (place, "bold"), " ", (found["severity"], _STYLES[found["severity"]]), " ", (found["rule"], "magenta")
    )


def _message(found: Mapping[str, Any]) -> Text:
    from rich.text import Text

    hint = f" {printable(found['hint'])}" if found["hint"] else ""
    return Text.assemble("  ", printable(found["message"]), (hint, "green"))


def _quoted(found: Mapping[str, Any], lines: Sequence[str], width: int) -> list[Text]:
    """Return the line with carets below what was found; of a long line the stretch around it."""
    from rich.cells import cell_len
    from rich.text import Text

    number, column = found["line"], found["column"] - 1
    if not 0 < number <= len(lines) or not lines[number - 1].strip():
        return []
    text = printable(lines[number - 1].rstrip("\r"))
    end = found["end_column"] - 1 if found["end_line"] == number else len(text)
    start = max(0, column - BESIDE) if len(text) > width - 10 else 0
    shown = text[start : start + max(width - 10, 40)]
    gutter = f"{number:>5} │ "
    before = " " * cell_len(text[start:column])
    carets = "^" * max(1, cell_len(text[column : min(end, start + len(shown))]))
    style = _STYLES[found["severity"]]
    return [Text(f"{gutter}{shown}", style=""), Text.assemble(("      │ ", ""), before, (carets, style))]


def _rehearsed(path: Path, told: Mapping[str, Any]) -> list[Text]:
    """Say how far the scene came, what ended it and what is wrong with its picture."""
    from rich.text import Text

    place = printable(str(path))
    count = f"{told['animations']} {_plural('animation', told['animations'])}"
    shown = [Text(f"{place}: {count}, {told['duration_s']:.1f} s of video")]
    if (error := told["error"]) is not None:
        where = f"{place}:{error['line'] or 1}:1"
        shown.append(
            Text.assemble((where, "bold"), " ", ("error", _STYLES["error"]), " ", (error["verdict"], "magenta"))
        )
        shown.append(Text(f"  {printable(error['message'])}"))
    for found in told["layout"]:
        line = next((one["line"] for one in found["objects"] if one["line"]), found["line"]) or 1
        when = f"{found['start_s']:.1f}-{found['end_s']:.1f} s"
        head = (f"{place}:{line}:1", "bold")
        shown.append(
            Text.assemble(
                head, " ", ("advice", _STYLES["advice"]), " ", (rule_id(found["rule"]), "magenta"), f" {when}"
            )
        )
        shown.append(Text.assemble(f"  {printable(found['message'])}", (f" {printable(found['hint'])}", "green")))
    return shown


def _fixed(path: Path, fix: Mapping[str, Any]) -> Text:
    from rich.text import Text

    head = Text.assemble((f"{printable(str(path))}:{fix['line']}", "bold"), " ", ("mended", "bold green"), " ")
    head.append(fix["rule"], "magenta")
    for line in fix["diff"].split("\n"):
        if not line.startswith("@@"):
            head.append(f"\n    {printable(line)}", "red" if line.startswith("-") else "green")
    return head


def printable(text: str) -> str:
    """Return text as a terminal may show it, character for character: what steers it becomes a question mark."""
    return "".join(character if character.isprintable() else " " if character == "\t" else "�" for character in text)
