"""Write the parts of the documentation that are made from the source, between their markers.

A part stands between ``<!-- generated: NAME -->`` and ``<!-- end -->``. With ``--check`` nothing is written; the exit
status is 1 where a file differs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import docs_attacks
import docs_gallery
import docs_rules
import docs_tables

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"(?P<start><!-- generated: (?P<name>[a-z-]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)
PARTS: dict[str, Callable[[], str]] = {
    "attacks": docs_attacks.attacks_table,
    "gallery": docs_gallery.gallery_tables,
    "settings": docs_tables.settings_table,
    "settings-short": docs_tables.settings_short_table,
    "errors": docs_tables.errors_table,
    "verdicts": docs_tables.verdicts_table,
    "limits": docs_tables.limits_table,
    "limits-short": docs_tables.limits_short_table,
    "limits-fixed": docs_tables.fixed_limits_table,
    "cli": docs_tables.cli_help,
    "endpoints": docs_tables.endpoints_table,
    "generate-fields": docs_tables.generate_fields_table,
    "statuses": docs_tables.statuses_table,
    "rules": docs_rules.rules_table,
    "rule-examples": docs_rules.examples,
}
FILES: dict[str, Callable[[], str]] = {".env.example": docs_tables.env_example}


def pages() -> list[Path]:
    """Return the files that may hold generated parts."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def filled(text: str) -> str:
    """Return a page with every generated part made anew."""
    return MARKED.sub(lambda found: f"{found['start']}{PARTS[found['name']]()}\n{found['end']}", text)


def wanted() -> dict[Path, str]:
    """Return what every generated file should hold."""
    found = {path: filled(path.read_text(encoding="utf-8")) for path in pages()}
    return found | {ROOT / name: make() for name, make in FILES.items()}


def main(arguments: list[str]) -> int:
    """Write what differs, or say so."""
    stale = [path for path, text in wanted().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)} is not up to date; run script/docs")
        else:
            path.write_text(wanted()[path], encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
