"""The system-call wall: turn the policy data into a filter for bwrap's `--seccomp FD` or prctl.

The filter first looks at the architecture (a foreign one kills the process, so that 32-bit
calls cannot slip past numbers meant for 64-bit ones), then finds the number by binary search:
at most nine comparisons for any call. Since Linux 5.11 the kernel remembers which numbers are
always allowed and does not run the filter for them at all.
"""

from __future__ import annotations

import errno
import json
import os
import platform
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from importlib import resources
from typing import Any

from manimatic.sandbox import bpf

# Values of linux/seccomp.h.
_KILL_PROCESS = 0x80000000
_ERRNO = 0x00050000
_ALLOW = 0x7FFF0000
_PLAIN = {"allow": _ALLOW, "pretend": _ERRNO}
"""An errno of 0 leaves the call out and tells the caller that it was done."""
# struct seccomp_data: int nr; u32 arch; u64 instruction_pointer; u64 args[6].
_DATA = struct.Struct("=IIQ6Q")
_NUMBER_OFFSET = 0
_ARCH_OFFSET = 4
_ARGS_OFFSET = 16

ARCHITECTURES = ("x86_64", "aarch64")


class PolicyError(ValueError):
    """The policy data is wrong, or there is none for this machine."""


@dataclass(frozen=True, slots=True)
class ArgTest:
    """Holds when an argument's low 32 bits, masked, are one of the values."""

    arg: int  # 0 to 5
    mask: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """What to do when all tests hold."""

    when: tuple[ArgTest, ...]
    action: str  # "allow" or the name of an errno


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A decision by argument: the first case that holds, else `otherwise`."""

    syscall: str
    why: str
    cases: tuple[Case, ...]
    otherwise: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a worker may ask of the kernel, by the names of system calls."""

    actions: Mapping[str, str]  # name -> "allow" or errno
    rules: Mapping[str, Rule]
    known_default: str
    unknown_default: str

    def decision(self, syscall: str) -> str | Rule:
        """Find what the policy says of a call that the kernel knows by this name."""
        return self.rules.get(syscall) or self.actions.get(syscall, self.known_default)


@dataclass(frozen=True, slots=True, kw_only=True)
class SyscallTable:
    """One architecture's numbers."""

    architecture: str
    audit_arch: int  # AUDIT_ARCH_* of linux/audit.h
    foreign_abi_bit: int | None  # __X32_SYSCALL_BIT on x86_64
    numbers: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the filter does with one call."""

    action: str  # "allow", "pretend", "kill_process" or the name of an errno
    why: str


def load_policy(name: str = "seccomp") -> Policy:
    """Read policy data of this package."""
    return parse_policy(_data(f"{name}.json"))


def load_table(architecture: str) -> SyscallTable:
    """Read one architecture's system-call numbers.

    Raises:
        PolicyError: There is no table for this architecture.
    """
    if architecture not in ARCHITECTURES:
        raise PolicyError(f"no system-call table for {architecture!r}; there are {', '.join(ARCHITECTURES)}")
    raw = _data(f"syscalls_{architecture}.json")
    bit = raw["foreign_abi_bit"]
    return SyscallTable(
        architecture=architecture,
        audit_arch=int(raw["audit_arch"], 0),
        foreign_abi_bit=None if bit is None else int(bit, 0),
        numbers=raw["numbers"],
    )


def parse_policy(raw: Mapping[str, Any]) -> Policy:
    """Turn the policy's JSON into values; a call named twice is an error.

    Raises:
        PolicyError: A call has two answers, or an action is not an errno's name.
    """
    allowed = [(name, "allow") for group in raw["allow"].values() for name in group]
    answered = [(name, action) for action, answer in raw["answers"].items() for name in answer["syscalls"]]
    rules = [_parse_rule(rule) for rule in raw["rules"]]
    _refuse_twins([name for name, _ in (*allowed, *answered)] + [rule.syscall for rule in rules])
    return Policy(
        actions=dict((*allowed, *answered)),
        rules={rule.syscall: rule for rule in rules},
        known_default=raw["known_default"],
        unknown_default=raw["unknown_default"],
    )


def compile_filter(policy: Policy, table: SyscallTable) -> bpf.Code:
    """Build the whole filter for one architecture."""
    numbers = bpf.load(_NUMBER_OFFSET) + _search(list(_ranges(policy, table)))
    return bpf.load(_ARCH_OFFSET) + bpf.branch(bpf.IF_EQUAL, table.audit_arch, numbers, bpf.give(_KILL_PROCESS))


def filter_bytes(architecture: str | None = None, policy: str = "seccomp") -> bytes:
    """Give a policy's filter as `struct sock_filter[]`, for this machine unless another is named.

    Raises:
        PolicyError: There is no table for this architecture.
    """
    table = load_table(architecture or platform.machine())
    return bpf.assemble(compile_filter(load_policy(policy), table))


def open_filter(program: bytes) -> int:
    """Put a filter into memory and give a descriptor at its start; the caller closes it.

    The descriptor is closed on exec: name it in Popen's `pass_fds`.
    """
    fd = os.memfd_create("seccomp-filter", os.MFD_CLOEXEC)
    view = memoryview(program)
    while view:
        view = view[os.write(fd, view) :]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def decide(
    architecture: str,
    syscall: str | int,
    args: Sequence[int] = (),
    audit_arch: int | None = None,
    policy: str = "seccomp",
) -> str:
    """Run the compiled filter over one call, without a kernel, and name the action.

    Args:
        architecture: Whose filter to run.
        syscall: A name of that architecture's table, or a raw number.
        args: Up to six 64-bit arguments.
        audit_arch: The architecture of the caller when it is not the filter's own.
        policy: Which of the filters.
    """
    table = load_table(architecture)
    number = table.numbers[syscall] if isinstance(syscall, str) else syscall
    words = [value & 0xFFFFFFFFFFFFFFFF for value in (*args, 0, 0, 0, 0, 0, 0)[:6]]
    data = _DATA.pack(number & 0xFFFFFFFF, audit_arch or table.audit_arch, 0, *words)
    return _name(bpf.run(compile_filter(load_policy(policy), table), data))


def explain(architecture: str, syscall: str, args: Sequence[int] = ()) -> Decision:
    """Say what the filter does with a call, and which part of the policy says so."""
    policy, table = load_policy(), load_table(architecture)
    if syscall not in table.numbers:
        return Decision(action=policy.unknown_default, why=f"{architecture} has no {syscall}")
    rule = policy.rules.get(syscall)
    reason = rule.why if rule else "named" if syscall in policy.actions else "not on the list"
    return Decision(action=decide(architecture, syscall, args), why=reason)


def _data(name: str) -> dict[str, Any]:
    """Read one JSON file of the policy folder."""
    text = resources.files("manimatic.sandbox").joinpath("policy", name).read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _refuse_twins(names: list[str]) -> None:
    """Refuse a policy that names one call twice."""
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise PolicyError(f"named more than once: {', '.join(twins)}")


def _parse_rule(raw: Mapping[str, Any]) -> Rule:
    """Turn one rule's JSON into a value."""
    return Rule(
        syscall=raw["syscall"],
        why=raw["why"],
        cases=tuple(Case(tuple(map(_parse_test, case["when"])), case["action"]) for case in raw["cases"]),
        otherwise=raw["otherwise"],
    )


def _parse_test(raw: Mapping[str, Any]) -> ArgTest:
    """Turn one argument test's JSON into a value."""
    return ArgTest(raw["arg"], int(raw["mask"], 0), tuple(int(value, 0) for value in raw["values"].values()))


def _ranges(policy: Policy, table: SyscallTable) -> Iterator[tuple[int, bpf.Code]]:
    """Cut the number line into ranges of one decision: (first number, code), ascending."""
    names = {number: name for name, number in table.numbers.items()}
    edges = sorted({0, *names, *(number + 1 for number in names)})
    last: bpf.Code | None = None
    for edge in edges:
        known = edge in names
        code = _leaf(policy.decision(names[edge]) if known else policy.unknown_default)
        if code != last:
            yield edge, code
        last = code
    if table.foreign_abi_bit is not None:
        yield table.foreign_abi_bit, bpf.give(_KILL_PROCESS)


def _search(ranges: list[tuple[int, bpf.Code]]) -> bpf.Code:
    """Find the number's range by halves."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    return bpf.branch(bpf.IF_AT_LEAST, ranges[middle][0], _search(ranges[middle:]), _search(ranges[:middle]))


def _leaf(decision: str | Rule) -> bpf.Code:
    """Turn a decision into code that ends the program."""
    if isinstance(decision, str):
        return bpf.give(_value(decision))
    return reduce(_before, reversed(decision.cases), bpf.give(_value(decision.otherwise)))


def _before(rest: bpf.Code, case: Case) -> bpf.Code:
    """Put one case in front of what is done when it does not hold."""
    return reduce(
        lambda then, test: _test(test, then, rest),
        reversed(case.when),
        bpf.give(_value(case.action)),
    )


def _test(test: ArgTest, then: bpf.Code, rest: bpf.Code) -> bpf.Code:
    """Compare one argument with its values."""
    chain = reduce(
        lambda other, value: bpf.branch(bpf.IF_EQUAL, value, then, other),
        _reversed(test.values),
        rest,
    )
    return bpf.load(_ARGS_OFFSET + 8 * test.arg) + bpf.mask(test.mask) + chain


def _reversed(values: Iterable[int]) -> Iterator[int]:
    """Go backwards, so that the first value is compared first."""
    return reversed(tuple(values))


def _value(action: str) -> int:
    """Give the filter's return value for an action.

    Raises:
        PolicyError: It is neither "allow" nor "pretend" nor the name of an errno.
    """
    if action in _PLAIN:
        return _PLAIN[action]
    number = getattr(errno, action, None)
    if not isinstance(number, int):
        raise PolicyError(f"unknown action {action!r}")
    return _ERRNO | number


def _name(value: int) -> str:
    """Name the action of a filter's return value."""
    if value in _PLAIN.values():
        return next(name for name, plain in _PLAIN.items() if plain == value)
    return "kill_process" if value == _KILL_PROCESS else errno.errorcode[value & 0xFFFF]
