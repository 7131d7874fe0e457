"""The policy taken apart into an engine's rules, which have no order."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from manimatic.sandbox import seccomp
from manimatic.sandbox.docker.profile import Box, profile, regions
from manimatic.sandbox.seccomp import ArgTest, Case, Policy, PolicyError, Rule

BITS = 6
MASKS = st.integers(0, (1 << BITS) - 1)
TESTS = st.builds(
    lambda arg, mask, values: ArgTest(arg, mask, tuple(value & mask for value in values)),
    st.integers(0, 1),
    MASKS,
    st.lists(MASKS, min_size=1, max_size=3),
)
CASES = st.builds(Case, st.lists(TESTS, max_size=3).map(tuple), st.sampled_from(["allow", "EPERM", "ENOSYS"]))
RULES = st.builds(
    lambda cases: Rule(syscall="clone", why="", cases=tuple(cases), otherwise="ENOTTY"), st.lists(CASES, max_size=4)
)


def decision(rule: Rule, args: tuple[int, int]) -> str:
    """Say what a rule means, read from the top."""
    for case in rule.cases:
        if all(args[test.arg] & test.mask in test.values for test in case.when):
            return case.action
    return rule.otherwise


def holds(box: Box, args: tuple[int, int]) -> bool:
    """Tell whether the arguments lie in a box."""
    return all(args[arg] & mask == value for arg, (mask, value) in box.items())


@given(RULES, st.tuples(MASKS, MASKS))
def test_arguments_lie_in_one_box_of_the_rules_answer(rule: Rule, args: tuple[int, int]) -> None:
    """The boxes do not overlap, leave nothing out, and answer as the rule does."""
    assert [action for action, box in regions(rule) if holds(box, args)] == [decision(rule, args)]


def test_profile_is_json_of_the_engines_form() -> None:
    """Every condition tests each argument once, and no call stands in two plain rules."""
    found = json.loads(json.dumps(profile()))
    plain = [name for rule in found["syscalls"] if "args" not in rule for name in rule["names"]]
    assert len(plain) == len(set(plain))
    assert found["defaultAction"] == "SCMP_ACT_ERRNO"
    for rule in found["syscalls"]:
        indices = [test["index"] for test in rule.get("args", [])]
        assert len(indices) == len(set(indices))


def test_profile_names_every_call_of_the_machine() -> None:
    """What it does not name would get the answer of calls that nobody knows."""
    table = seccomp.load_table("aarch64")
    found = profile(table=table)
    assert {name for rule in found["syscalls"] for name in rule["names"]} == set(table.numbers)
    assert found["architectures"] == ["SCMP_ARCH_AARCH64"]


def test_answer_without_counterpart_is_an_error() -> None:
    """An engine cannot pretend that a call was done."""
    policy = Policy(actions={"read": "pretend"}, rules={}, known_default="EPERM", unknown_default="ENOSYS")
    with pytest.raises(PolicyError, match="pretend"):
        profile(policy)
