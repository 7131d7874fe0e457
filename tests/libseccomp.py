"""Build an engine's profile into a filter as its runtime does, with the real libseccomp, and run it."""

from __future__ import annotations

import ctypes
import errno
import functools
import json
import struct
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from manimatic.sandbox import seccomp

_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0
_MASKED_EQ = 7  # enum scmp_compare of seccomp.h
_OPTIMIZE, _BY_TREE = 8, 2  # SCMP_FLTATR_CTL_OPTIMIZE, as runc sets it
_NATIVE = 0
_UNKNOWN = -1  # other negative numbers stand for calls that only another architecture has
_DATA = struct.Struct("=IIQ6Q")
_INSTRUCTION = struct.Struct("=HBBI")


class _ArgCmp(ctypes.Structure):
    """`struct scmp_arg_cmp`."""

    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


def is_there() -> bool:
    """Tell whether this machine has the library."""
    try:
        return bool(_library())
    except OSError:
        return False


def decide(profile: Mapping[str, Any], architecture: str, syscall: str | int, args: Sequence[int] = ()) -> str:
    """Name what the filter that libseccomp makes of a profile does with one call."""
    table = seccomp.load_table(architecture)
    number = table.numbers[syscall] if isinstance(syscall, str) else syscall
    words = [value & 0xFFFFFFFFFFFFFFFF for value in (*args, 0, 0, 0, 0, 0, 0)[:6]]
    program = build(json.dumps(profile, sort_keys=True), table.audit_arch)
    value = _run(program, _DATA.pack(number & 0xFFFFFFFF, table.audit_arch, 0, *words))
    if value == _ALLOW:
        return "allow"
    return errno.errorcode[value & 0xFFFF] if value & 0xFFFF0000 == _ERRNO else "kill"


@functools.lru_cache(maxsize=8)
def build(profile_json: str, arch: int) -> bytes:
    """Return the filter's instructions."""
    profile, lib = json.loads(profile_json), _library()
    context = ctypes.c_void_p(lib.seccomp_init(_action(profile, "default")))
    try:
        _checked(lib.seccomp_attr_set(context, _OPTIMIZE, _BY_TREE))
        if arch != lib.seccomp_arch_native():
            _checked(lib.seccomp_arch_add(context, arch))
            _checked(lib.seccomp_arch_remove(context, _NATIVE))
        for rule in profile["syscalls"]:
            for name in rule["names"]:
                number = lib.seccomp_syscall_resolve_name(name.encode())
                if number != _UNKNOWN:  # the runtime skips what its library does not know
                    _add(lib, context, rule, number, _action(profile, "default"))
        with tempfile.TemporaryFile() as stream:
            _checked(lib.seccomp_export_bpf(context, stream.fileno()))
            stream.seek(0)
            return stream.read()
    finally:
        lib.seccomp_release(context)


def _add(lib: ctypes.CDLL, context: ctypes.c_void_p, rule: Mapping[str, Any], number: int, default: int) -> None:
    tests = rule.get("args", [])
    assert all(test["op"] == "SCMP_CMP_MASKED_EQ" for test in tests)
    assert len({test["index"] for test in tests}) == len(tests), "one test for each argument"
    array = (_ArgCmp * len(tests))(*((t["index"], _MASKED_EQ, t["value"], t["valueTwo"]) for t in tests))
    if _action(rule) != default:  # the runtime leaves out what is the default anyway
        _checked(lib.seccomp_rule_add_array(context, _action(rule), number, len(tests), array))


def _action(rule: Mapping[str, Any], prefix: str = "") -> int:
    action = rule.get(f"{prefix}Action" if prefix else "action")
    if action == "SCMP_ACT_ALLOW":
        return _ALLOW
    number = rule.get(f"{prefix}ErrnoRet" if prefix else "errnoRet", errno.EPERM)
    return _ERRNO | number if action == "SCMP_ACT_ERRNO" else _KILL


def _checked(result: int) -> None:
    if result < 0:
        raise OSError(-result, f"libseccomp: {errno.errorcode.get(-result, result)}")


def _library() -> ctypes.CDLL:
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_init.restype = ctypes.c_void_p
    lib.seccomp_init.argtypes = (ctypes.c_uint32,)
    lib.seccomp_rule_add_array.argtypes = (
        ctypes.c_void_p,
        ctypes.c_uint32,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_void_p,
    )
    lib.seccomp_arch_native.restype = ctypes.c_uint32
    for name in ("seccomp_arch_add", "seccomp_arch_remove"):
        getattr(lib, name).argtypes = (ctypes.c_void_p, ctypes.c_uint32)
    lib.seccomp_syscall_resolve_name.argtypes = (ctypes.c_char_p,)
    return lib


def _run(program: bytes, data: bytes) -> int:
    """Interpret classic BPF, as far as libseccomp emits it."""
    code = list(_INSTRUCTION.iter_unpack(program))
    at = accumulator = 0
    while True:
        op, yes, no, k = code[at]
        at += 1
        if op == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, k)
        elif op == 0x54:
            accumulator &= k
        elif op == 0x06:
            return k
        elif op == 0x05:
            at += k
        else:
            holds = {0x15: accumulator == k, 0x25: accumulator > k, 0x35: accumulator >= k, 0x45: accumulator & k}[op]
            at += yes if holds else no
