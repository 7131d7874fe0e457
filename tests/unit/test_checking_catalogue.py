"""The catalogue of rules, from which the reference is made, says what the checker does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from manimatic.checking.api import ApiIndex
from manimatic.checking.check import check_source
from manimatic.checking.fixing import fix_source
from manimatic.checking.ruledata import read_data
from manimatic.diagnostics import Severity
from source_tree import PACKAGES

RULES: list[dict[str, Any]] = read_data("catalogue.json")
UNSEEN = {"too-long", "too-complex"}
"""Rules without an example: one is too long to print, the other cannot be had on purpose."""
FIXED_ELSEWHERE = {"syntax-error"}
"""Rules of which only a special case is mended; the tests of fixes have it."""


@pytest.fixture(scope="module")
def index() -> ApiIndex:
    """The index, read once."""
    return ApiIndex.load()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["id"])
def test_example_breaks_its_rule_and_its_mending_does_not(rule: dict[str, Any], index: ApiIndex) -> None:
    """With the severity and the certainty that the catalogue names; the good example is wholly clean."""
    assert check_source(rule["good"], index=index).diagnostics == ()
    if rule["id"] not in UNSEEN:
        found = [one for one in check_source(rule["bad"], index=index).diagnostics if one.rule == rule["id"]]
        assert found
        assert {one.severity for one in found} == {Severity(rule["severity"])}
        assert {one.certain for one in found} == {rule["certain"]}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule["fix"]], ids=lambda rule: rule["id"])
def test_rule_that_promises_a_fix_makes_one(rule: dict[str, Any], index: ApiIndex) -> None:
    """The example is mended, unless only other cases of the rule are."""
    applied = {one.rule for one in fix_source(rule["bad"], index=index).applied}
    assert (rule["id"] in applied) is (rule["id"] not in FIXED_ELSEWHERE)


def test_every_entry_is_of_a_rule_that_there_is() -> None:
    """No entry is of a rule that is gone."""
    texts = [path.read_text(encoding="utf-8") for path in (PACKAGES["manimatic"] / "checking").glob("*.py")]
    texts.append((PACKAGES["manimatic"] / "diagnostics.py").read_text(encoding="utf-8"))
    named = set(re.findall(r'"([a-z][a-z0-9]*(?:-[a-z0-9]+)*)"', "".join(texts)))
    assert {rule["id"] for rule in RULES} <= named


def test_every_reported_rule_is_in_the_catalogue(index: ApiIndex) -> None:
    """A rule that nobody has written down cannot be looked up."""
    known = {rule["id"] for rule in RULES}
    for rule in RULES:
        assert {found.rule for found in check_source(rule["bad"], index=index).diagnostics} <= known
