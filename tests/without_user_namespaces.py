"""Run a command where the kernel refuses user namespaces, as it does in an ordinary container.

``python without_user_namespaces.py COMMAND…`` puts a filter in front of `unshare` and `clone` that answers as such a
kernel does, and becomes the command.
"""

from __future__ import annotations

import errno
import os
import sys

from manimatic.sandbox import bpf
from manimatic.sandbox.seccomp import load_table
from manimatic_worker.confine import apply_seccomp

CLONE_NEWUSER = 0x10000000
ALLOW, REFUSE, ABSENT = (bpf.give(value) for value in (0x7FFF0000, 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS))


def refusing_filter() -> bytes:
    """Return a filter that lets everything through but new user namespaces."""
    numbers = load_table(os.uname().machine).numbers
    flags = bpf.load(16) + bpf.mask(CLONE_NEWUSER) + bpf.branch(bpf.IF_EQUAL, 0, ALLOW, REFUSE)
    code = bpf.branch(bpf.IF_EQUAL, numbers["clone3"], ABSENT, ALLOW)  # its flags lie in memory, out of sight
    for name in ("clone", "unshare"):
        code = bpf.branch(bpf.IF_EQUAL, numbers[name], flags, code)
    return bpf.assemble(bpf.load(0) + code)


if __name__ == "__main__":
    apply_seccomp(refusing_filter())
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606
