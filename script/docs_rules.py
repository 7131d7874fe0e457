"""The reference of the checker's rules, made from their catalogue."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from docs_tables import table
from manimatic.checking.ruledata import read_data

MAX_LINES = 20
"""Longer examples are not printed."""


def rules_table() -> str:
    """Return every rule with what it finds, how bad that is and what is mended."""
    head = ("rule", "what it finds", "severity", "certain", "fix without a model")
    return table(head, (_row(rule) for rule in _rules()))


def examples() -> str:
    """Return an example of each rule: what is found, and what is right."""
    return "\n\n".join(_example(rule) for rule in _rules() if rule["bad"].isprintable() or "\0" not in rule["bad"])


def _rules() -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = read_data("catalogue.json")
    return rules


def _row(rule: Mapping[str, Any]) -> list[str]:
    certain = "yes" if rule["certain"] else "no"
    return [f"`{rule['id']}`", rule["what"], rule["severity"], certain, rule["fix"] or "none"]


def _example(rule: Mapping[str, Any]) -> str:
    bad, good = rule["bad"].splitlines(), rule["good"].splitlines()
    head = f"### `{rule['id']}`\n\n{rule['what']}"
    if not bad or max(map(len, bad)) > 100 or len(bad) > MAX_LINES:
        return head
    changed = list(difflib.unified_diff(bad, good, lineterm="", n=1))[2:]
    lines = [line for line in changed if not line.startswith("@@") and line.strip(" +-")]
    return head + "\n\n```diff\n" + "\n".join(lines) + "\n```"
