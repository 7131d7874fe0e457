"""Classic BPF: build decision trees, turn them into bytes, and run them without a kernel.

A block of code is a tuple of instructions that ends in a return on every path. Blocks are
joined by `branch`, so jumps only go forward and need no labels. Encodings are those of
`linux/filter.h` and `linux/bpf_common.h`; the interpreter knows only what `seccomp` allows
and this module emits.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS: accumulator = the 32-bit word at byte offset k
AND = 0x54  # BPF_ALU | BPF_AND | BPF_K: accumulator &= k
JUMP = 0x05  # BPF_JMP | BPF_JA: skip k instructions
IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
IF_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K

MAX_INSTRUCTIONS = 4096  # BPF_MAXINSNS in linux/bpf_common.h
_LONGEST_BRANCH = 255  # jt and jf are one byte each
_INSTRUCTION = struct.Struct("=HBBI")  # struct sock_filter: code, jt, jf, k


class BpfError(ValueError):
    """A BPF program is malformed."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One `struct sock_filter`."""

    code: int
    k: int
    jt: int = 0  # instructions to skip when the test holds
    jf: int = 0  # instructions to skip when it does not


Code = tuple[Instruction, ...]


def load(offset: int) -> Code:
    """Load the word at a byte offset of the input into the accumulator."""
    return (Instruction(LOAD_WORD, offset),)


def mask(bits: int) -> Code:
    """Keep only these bits of the accumulator."""
    return (Instruction(AND, bits),)


def give(value: int) -> Code:
    """End the program with this value."""
    return (Instruction(RETURN, value),)


def branch(test: int, k: int, then: Code, otherwise: Code) -> Code:
    """Run `then` when the accumulator passes the test against k, else `otherwise`."""
    if len(then) <= _LONGEST_BRANCH:
        return (Instruction(test, k, 0, len(then)), *then, *otherwise)
    far = Instruction(JUMP, len(then))
    return (Instruction(test, k, 1, 0), far, *then, *otherwise)


def assemble(code: Code) -> bytes:
    """Encode a program as an array of `struct sock_filter` in this machine's byte order.

    Raises:
        BpfError: The program is empty or longer than the kernel takes.
    """
    if not 0 < len(code) <= MAX_INSTRUCTIONS:
        raise BpfError(f"a program has 1 to {MAX_INSTRUCTIONS} instructions, not {len(code)}")
    return b"".join(_INSTRUCTION.pack(i.code, i.jt, i.jf, i.k) for i in code)


def disassemble(program: bytes) -> Code:
    """Decode an array of `struct sock_filter`.

    Raises:
        BpfError: The bytes are not a whole number of instructions.
    """
    if len(program) % _INSTRUCTION.size:
        raise BpfError(f"{len(program)} bytes are not a whole number of instructions")
    fields = _INSTRUCTION.iter_unpack(program)
    return tuple(Instruction(code, k, jt, jf) for code, jt, jf, k in fields)


def run(code: Code, data: bytes) -> int:
    """Interpret a program over its input, as the kernel would, and give its value.

    Raises:
        BpfError: An unknown instruction, a jump or a load out of bounds.
    """
    at = accumulator = 0
    while at < len(code):
        step = code[at]
        if step.code == RETURN:
            return step.k
        if step.code == LOAD_WORD:
            accumulator = _word(data, step.k)
        elif step.code == AND:
            accumulator &= step.k
        at += 1 + _skip(step, accumulator)
    raise BpfError("the program ran past its end")


def _word(data: bytes, offset: int) -> int:
    """Read one aligned word of the input."""
    if offset % 4 or offset + 4 > len(data):
        raise BpfError(f"load at byte {offset} is out of bounds")
    return int(struct.unpack_from("=I", data, offset)[0])


def _skip(step: Instruction, accumulator: int) -> int:
    """Say how many instructions to leave out after this one."""
    match step.code:
        case 0x20 | 0x54:
            return 0
        case 0x05:
            return step.k
        case 0x15:
            return step.jt if accumulator == step.k else step.jf
        case 0x35:
            return step.jt if accumulator >= step.k else step.jf
    raise BpfError(f"unknown instruction {step.code:#x}")
