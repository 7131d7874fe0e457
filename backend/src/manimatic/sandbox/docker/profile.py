"""The system-call policy as a profile of the container engine's.

A profile's rules have no order and know only equality under a mask, so a decision that falls through several cases is
taken apart into boxes that do not overlap: each fixes some bits of some arguments. Two answers differ from the filter
that bubblewrap loads, neither of them towards more: a foreign architecture's call ends the thread instead of the
process, and an engine that does not know `defaultErrnoRet` (before 23.0) says EPERM to numbers that no call has.
"""

from __future__ import annotations

import errno
import itertools
import platform
from collections.abc import Iterator, Mapping
from typing import Any

from manimatic.sandbox.seccomp import Case, Policy, PolicyError, Rule, SyscallTable, load_policy, load_table

Box = Mapping[int, tuple[int, int]]
"""Argument values, by the argument's index: (mask, value) holds those that have the value in the mask's bits."""
_ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
_EVERYTHING: Box = {}


def profile(policy: Policy | None = None, table: SyscallTable | None = None) -> dict[str, Any]:
    """Return the profile as the engine's JSON has it, of the policy for workers and this machine unless told.

    Raises:
        PolicyError: There is no table for this architecture, or an action has no counterpart.
    """
    policy, table = policy or load_policy(), table or load_table(platform.machine())
    return {
        **_default(policy.unknown_default),
        "architectures": [_ARCHITECTURES[table.architecture]],
        "syscalls": [*_plain(policy, table), *_by_argument(policy, table)],
    }


def _default(action: str) -> dict[str, Any]:
    answer = _answer(action)
    return {f"default{name[0].upper()}{name[1:]}": value for name, value in answer.items()}


def _plain(policy: Policy, table: SyscallTable) -> Iterator[dict[str, Any]]:
    """Yield one rule for each answer, with every call that always gets it: also those that nothing names."""
    decisions = {name: policy.decision(name) for name in table.numbers}
    answers = sorted({decision for decision in decisions.values() if isinstance(decision, str)})
    for answer in answers:
        yield {"names": sorted(name for name, one in decisions.items() if one == answer), **_answer(answer)}


def _by_argument(policy: Policy, table: SyscallTable) -> Iterator[dict[str, Any]]:
    for name, rule in policy.rules.items():
        if name in table.numbers:
            for action, box in regions(rule):
                yield {"names": [name], **_answer(action), **({"args": _conditions(box)} if box else {})}


def regions(rule: Rule) -> Iterator[tuple[str, Box]]:
    """Yield what a rule answers and for which arguments; the boxes cover all arguments and do not overlap."""
    rest: list[Box] = [_EVERYTHING]
    for case in rule.cases:
        for hole in _boxes(case):
            yield from ((case.action, found) for box in rest if (found := _common(box, hole)) is not None)
            rest = [piece for box in rest for piece in _without(box, hole)]
    yield from ((rule.otherwise, box) for box in rest)


def _boxes(case: Case) -> Iterator[Box]:
    """Yield the boxes in which a case holds: one for each choice of values."""
    for values in itertools.product(*(test.values for test in case.when)):
        found: Box | None = _EVERYTHING
        for test, value in zip(case.when, values, strict=True):
            never = value & ~test.mask
            found = None if found is None or never else _common(found, {test.arg: (test.mask, value)})
        if found is not None:
            yield found


def _common(one: Box, other: Box) -> Box | None:
    """Return what two boxes have in common, if anything."""
    both = dict(one)
    for arg, (mask, value) in other.items():
        own_mask, own_value = both.get(arg, (0, 0))
        if (own_value ^ value) & own_mask & mask:
            return None
        both[arg] = (own_mask | mask, own_value | value)
    return both


def _without(box: Box, hole: Box) -> Iterator[Box]:
    """Yield boxes that together are the first without the second: one for each bit that must differ first."""
    if _common(box, hole) is None:
        yield box
        return
    inside = dict(box)
    for arg, (mask, value) in hole.items():
        for bit in _bits(mask):
            own_mask, own_value = inside.get(arg, (0, 0))
            if not own_mask & bit:
                yield {**inside, arg: (own_mask | bit, own_value | (bit & ~value))}
                inside[arg] = (own_mask | bit, own_value | (bit & value))


def _bits(mask: int) -> Iterator[int]:
    """Yield a mask's bits, the highest first: values that lie close together then share most of their boxes."""
    for place in reversed(range(mask.bit_length())):
        if mask >> place & 1:
            yield 1 << place


def _conditions(box: Box) -> list[dict[str, Any]]:
    return [
        {"index": arg, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}
        for arg, (mask, value) in sorted(box.items())
    ]


def _answer(action: str) -> dict[str, Any]:
    if action == "allow":
        return {"action": "SCMP_ACT_ALLOW"}
    number = getattr(errno, action, None)
    if not isinstance(number, int):
        raise PolicyError(f"{action!r} has no counterpart in an engine's profile")
    return {"action": "SCMP_ACT_ERRNO", "errnoRet": number}
