"""The BPF assembler and its interpreter."""

from __future__ import annotations

import struct

import pytest
from manimatic.sandbox import bpf

WORDS = struct.pack("=4I", 7, 1, 2, 3)


def test_branch_takes_then_when_the_test_holds() -> None:
    """Equal words take the first arm."""
    code = bpf.load(0) + bpf.branch(bpf.IF_EQUAL, 7, bpf.give(1), bpf.give(2))
    assert bpf.run(code, WORDS) == 1


def test_branch_takes_otherwise_when_the_test_fails() -> None:
    """Smaller words fail 'at least'."""
    code = bpf.load(4) + bpf.branch(bpf.IF_AT_LEAST, 2, bpf.give(1), bpf.give(2))
    assert bpf.run(code, WORDS) == 2


@pytest.mark.parametrize("padding", [253, 254, 255, 256, 1000])
def test_branch_over_a_long_arm_lands_behind_it(padding: int) -> None:
    """A jump longer than one byte can say goes by way of a plain jump."""
    long_arm = bpf.load(0) * padding + bpf.give(1)
    code = bpf.load(0) + bpf.branch(bpf.IF_EQUAL, 7, long_arm, bpf.give(2))
    assert bpf.run(code, WORDS) == 1
    assert bpf.run(code, struct.pack("=4I", 8, 0, 0, 0)) == 2


def test_mask_keeps_only_its_bits() -> None:
    """The accumulator is cut to the mask."""
    code = bpf.load(12) + bpf.mask(2) + bpf.branch(bpf.IF_EQUAL, 2, bpf.give(1), bpf.give(2))
    assert bpf.run(code, WORDS) == 1


def test_assembled_code_disassembles_to_itself() -> None:
    """Eight bytes an instruction, nothing lost."""
    code = bpf.load(4) + bpf.mask(0xFFFFFFFF) + bpf.branch(bpf.IF_EQUAL, 0x7FFFFFFF, bpf.give(0), bpf.give(1))
    program = bpf.assemble(code)
    assert len(program) == 8 * len(code)
    assert bpf.disassemble(program) == code


@pytest.mark.parametrize("length", [0, 4097])
def test_program_of_a_length_the_kernel_refuses_is_an_error(length: int) -> None:
    """Empty programs and more than 4096 instructions are refused before the kernel sees them."""
    with pytest.raises(bpf.BpfError, match="1 to 4096"):
        bpf.assemble(bpf.give(0) * length)


def test_half_an_instruction_is_an_error() -> None:
    """Bytes that are no whole number of instructions are refused."""
    with pytest.raises(bpf.BpfError, match="whole number"):
        bpf.disassemble(b"\0" * 9)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (bpf.load(0), "past its end"),
        (bpf.load(16), "out of bounds"),
        (bpf.load(2), "out of bounds"),
        ((bpf.Instruction(0x00, 0),), "unknown instruction"),
    ],
)
def test_bad_program_is_an_error_when_run(code: bpf.Code, reason: str) -> None:
    """The interpreter is no laxer than the kernel's checker."""
    with pytest.raises(bpf.BpfError, match=reason):
        bpf.run(code, WORDS)
