"""The decisions of the system-call filter, one by one, without a kernel: of ours and of a container engine's."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence

import libseccomp
import pytest
from manimatic.sandbox import bpf, seccomp
from manimatic.sandbox.docker.profile import profile
from support import require

CLONE_NEW = {
    "NEWNS": 0x00020000,
    "NEWCGROUP": 0x02000000,
    "NEWUTS": 0x04000000,
    "NEWIPC": 0x08000000,
    "NEWUSER": 0x10000000,
    "NEWPID": 0x20000000,
    "NEWNET": 0x40000000,
}
THREAD_FLAGS = 0x003D0F00  # what pthread_create passes: VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, …
DENIED = """
    socket connect bind listen accept accept4 setsockopt sendmmsg recvmmsg
    keyctl add_key request_key ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp
    userfaultfd bpf perf_event_open
    mount umount2 fsopen fsconfig fsmount fspick move_mount open_tree mount_setattr pivot_root chroot
    unshare setns open_by_handle_at name_to_handle_at
    kexec_load init_module finit_module delete_module reboot swapon swapoff acct quotactl quotactl_fd syslog
    settimeofday clock_settime adjtimex clock_adjtime fanotify_init fanotify_mark
    memfd_create memfd_secret shmget shmat shmctl shmdt msgget msgsnd msgrcv msgctl semget semop semctl semtimedop
    mq_open mknodat mlock mlockall mlock2 vmsplice splice tee io_setup io_submit execveat
    setuid setgid setreuid setresuid setgroups capset sync syncfs vhangup sethostname setdomainname
    process_madvise process_mrelease remap_file_pages move_pages migrate_pages mbind set_mempolicy
    sched_setscheduler sched_setattr ioprio_set lookup_dcookie nfsservctl inotify_init1 rt_sigqueueinfo
"""
NEEDED = """
    read write openat close mmap munmap mprotect brk execve exit_group clock_gettime getrandom rseq
    set_robust_list wait4 pipe2 dup3 epoll_pwait ppoll prlimit64 sched_getaffinity statx newfstatat getdents64
    prctl seccomp landlock_restrict_self kill tgkill copy_file_range sendfile flock ftruncate renameat2
"""

Decide = Callable[..., str]
both = pytest.mark.parametrize("arch", seccomp.ARCHITECTURES)


def engine_decides(arch: str, syscall: str | int, args: Sequence[int] = ()) -> str:
    """Say what the filter does that a container's runtime makes of the same policy."""
    return libseccomp.decide(engine_profile(arch), arch, syscall, args)


@functools.cache
def engine_profile(arch: str) -> dict[str, object]:
    """Return an architecture's profile."""
    return profile(table=seccomp.load_table(arch))


@pytest.fixture(params=["our filter", "an engine's profile"])
def decide(request: pytest.FixtureRequest) -> Decide:
    """Decide by one and by the other."""
    if request.param == "our filter":
        return seccomp.decide
    require(libseccomp.is_there(), "needs libseccomp.so.2")
    return engine_decides


@both
@pytest.mark.parametrize("name", DENIED.split())
def test_call_off_the_list_gives_eperm(decide: Decide, arch: str, name: str) -> None:
    """A known call that nothing allows is refused, whatever its arguments."""
    if name in seccomp.load_table(arch).numbers:
        assert decide(arch, name) == "EPERM"
        assert decide(arch, name, [1, 1, 1, 1, 1, 1]) == "EPERM"


@pytest.mark.parametrize("name", ["modify_ldt", "iopl", "ioperm", "mknod", "uselib", "create_module"])
def test_call_of_x86_alone_gives_eperm(decide: Decide, name: str) -> None:
    """The old x86 calls are refused too."""
    assert decide("x86_64", name) == "EPERM"


@both
@pytest.mark.parametrize("name", NEEDED.split())
def test_needed_call_is_allowed(decide: Decide, arch: str, name: str) -> None:
    """What every Python program asks for is let through."""
    assert decide(arch, name) == "allow"


@both
@pytest.mark.parametrize("name", ["clone3", "io_uring_setup", "io_uring_enter", "io_uring_register", "futex_waitv"])
def test_call_with_a_fallback_gives_enosys(decide: Decide, arch: str, name: str) -> None:
    """The caller hears that the call does not exist, and uses the older one."""
    assert decide(arch, name) == "ENOSYS"


@both
@pytest.mark.parametrize("number", [451, 500, 4096, 0x3FFFFFFF])
def test_number_above_the_table_gives_enosys(decide: Decide, arch: str, number: int) -> None:
    """Calls younger than the table look as on an older kernel."""
    assert decide(arch, number) == "ENOSYS"


@both
def test_hole_in_the_table_gives_enosys(decide: Decide, arch: str) -> None:
    """A number that no call has is unknown, not denied."""
    assert decide(arch, 400) == "ENOSYS"


@pytest.mark.parametrize("number", [0x40000000, 0x40000000 | 39, 0x40000000 | 512, 0x80000000, 0xFFFFFFFF])
def test_x32_number_kills_the_process(number: int) -> None:
    """Numbers with the x32 bit are another ABI: no table for them, no mercy."""
    assert seccomp.decide("x86_64", number) == "kill_process"


@pytest.mark.parametrize("number", [0x40000000, 0x40000000 | 39, 0x40000000 | 512, 0x80000000])
def test_x32_number_ends_at_least_the_thread_in_a_container(number: int) -> None:
    """The library's filter says so in its own way."""
    require(libseccomp.is_there(), "needs libseccomp.so.2")
    assert engine_decides("x86_64", number) == "kill"


@pytest.mark.parametrize(
    ("arch", "caller"),
    [("x86_64", 0x40000003), ("x86_64", 0xC00000B7), ("aarch64", 0xC000003E), ("aarch64", 0x40000028)],
)
def test_foreign_architecture_kills_the_process(arch: str, caller: int) -> None:
    """i386, arm and each other's calls never reach the numbers."""
    assert seccomp.decide(arch, 0, audit_arch=caller) == "kill_process"


@both
@pytest.mark.parametrize("flag", CLONE_NEW.values(), ids=CLONE_NEW)
@pytest.mark.parametrize("beside", [0, 17, THREAD_FLAGS, 0xFFFFFFFF00000000])
def test_clone_into_a_new_namespace_gives_eperm(decide: Decide, arch: str, flag: int, beside: int) -> None:
    """One namespace flag is enough, whatever is beside it."""
    assert decide(arch, "clone", [flag | beside]) == "EPERM"


@both
@pytest.mark.parametrize("flags", [17, THREAD_FLAGS, 0x01200011])
def test_clone_of_a_thread_or_child_is_allowed(decide: Decide, arch: str, flags: int) -> None:
    """pthread_create, fork and posix_spawn work."""
    assert decide(arch, "clone", [flags]) == "allow"


@both
@pytest.mark.parametrize("high", [0, 1 << 32, 0xFFFFFFFF << 32])
@pytest.mark.parametrize("request_number", [0x5412, 0x541C])
def test_typing_into_a_terminal_gives_eperm(decide: Decide, arch: str, request_number: int, high: int) -> None:
    """TIOCSTI and TIOCLINUX are refused also with bits set that the kernel ignores."""
    assert decide(arch, "ioctl", [0, high | request_number]) == "EPERM"


@both
@pytest.mark.parametrize("request_number", [0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451])
def test_harmless_ioctl_is_allowed(decide: Decide, arch: str, request_number: int) -> None:
    """isatty, window size and non-blocking mode work."""
    assert decide(arch, "ioctl", [0, request_number]) == "allow"


@both
def test_other_ioctl_gives_enotty(decide: Decide, arch: str) -> None:
    """Any other request looks like one that the file does not know."""
    assert decide(arch, "ioctl", [3, 0x40049409]) == "ENOTTY"  # FICLONE


@both
@pytest.mark.parametrize("operation", [6, 7, 8, 11, 12, 13])
@pytest.mark.parametrize("flags", [0, 128, 256, 384])
def test_priority_inheritance_futex_gives_enosys(decide: Decide, arch: str, operation: int, flags: int) -> None:
    """The PI operations are hidden, private or not, on either clock."""
    assert decide(arch, "futex", [0, operation | flags]) == "ENOSYS"


@both
@pytest.mark.parametrize("operation", [0, 1, 3, 4, 5, 9, 10, 128, 129, 137, 393])
def test_ordinary_futex_is_allowed(decide: Decide, arch: str, operation: int) -> None:
    """Waiting, waking and requeueing work."""
    assert decide(arch, "futex", [0, operation]) == "allow"


@both
@pytest.mark.parametrize("persona", [0, 8, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF])
def test_plain_personality_is_allowed(decide: Decide, arch: str, persona: int) -> None:
    """Asking for it, and plain Linux, are let through."""
    assert decide(arch, "personality", [persona]) == "allow"


@pytest.mark.parametrize(
    ("code", "action"),
    [(0x1001, "allow"), (0x1002, "allow"), (0x1003, "allow"), (0x1004, "allow")]
    + [(code, "EPERM") for code in (0x1012, 0x1023, 0x2001, 0x3001, 0x4001, 0x5001, 0)],
)
def test_processor_switch_is_refused_but_for_thread_data(code: int, action: str) -> None:
    """The C library says where a thread's data lie; nobody turns features of the processor."""
    assert seccomp.decide("x86_64", "arch_prctl", [code]) == action


@both
@pytest.mark.parametrize("persona", [0x0040000, 0x0400000, 0x20000, 0x4000000])
def test_weakening_personality_gives_eperm(decide: Decide, arch: str, persona: int) -> None:
    """No switching off of address randomisation, no executable data."""
    assert decide(arch, "personality", [persona]) == "EPERM"


@both
@pytest.mark.parametrize(
    ("args", "action"),
    [
        ([1, 1, 0], "allow"),
        ([1, 1 | 0x80000 | 0x800, 0], "allow"),
        ([1, 5, 0], "allow"),
        ([1, 2, 0], "EPERM"),
        ([1, 3, 0], "EPERM"),
        ([2, 1, 0], "EPERM"),
        ([40, 1, 0], "EPERM"),
        ([1, 1, 6], "EPERM"),
    ],
)
def test_socketpair_is_a_local_stream_or_nothing(decide: Decide, arch: str, args: Sequence[int], action: str) -> None:
    """Local streams and sequenced packets only; a datagram pair could reach the host's sockets."""
    assert decide(arch, "socketpair", args) == action


@both
@pytest.mark.parametrize("name", ["setxattr", "fsetxattr", "removexattr"])
def test_writing_attributes_gives_not_supported(decide: Decide, arch: str, name: str) -> None:
    """File copiers go on without attributes."""
    assert decide(arch, name) in {"EOPNOTSUPP", "ENOTSUP"}


@both
def test_every_call_of_the_table_gets_what_the_policy_says(decide: Decide, arch: str) -> None:
    """The compiled search finds the same answer as a look into the policy, for all numbers."""
    policy, table = seccomp.load_policy(), seccomp.load_table(arch)
    for name in table.numbers:
        decision = policy.decision(name)
        if isinstance(decision, str):
            expected = {"EOPNOTSUPP": "ENOTSUP"}.get(decision, decision)
            assert decide(arch, name).replace("EOPNOTSUPP", "ENOTSUP") == expected, name


def test_every_name_of_the_policy_is_a_call() -> None:
    """A misspelt name would silently deny what it meant to allow."""
    known = {name for arch in seccomp.ARCHITECTURES for name in seccomp.load_table(arch).numbers}
    policy = seccomp.load_policy()
    assert {*policy.actions, *policy.rules} <= known


@both
def test_filter_fits_the_kernel_and_ends_soon(arch: str) -> None:
    """Far below 4096 instructions, and never more than thirty steps to an answer."""
    code = seccomp.compile_filter(seccomp.load_policy(), seccomp.load_table(arch))
    assert len(code) < 1000
    assert seccomp.filter_bytes(arch) == bpf.assemble(code)


def test_open_filter_gives_a_descriptor_at_its_start() -> None:
    """The filter is read by bwrap from where the descriptor stands."""
    fd = seccomp.open_filter(b"12345678")
    try:
        assert os.read(fd, 100) == b"12345678"
        assert not os.get_inheritable(fd)
    finally:
        os.close(fd)


def test_unknown_machine_is_an_error() -> None:
    """There is no guessing of numbers."""
    with pytest.raises(seccomp.PolicyError, match="riscv64"):
        seccomp.filter_bytes("riscv64")


def test_call_named_twice_is_an_error() -> None:
    """Two answers for one call are a mistake in the data."""
    raw = {"allow": {"a": ["read", "read"]}, "answers": {}, "rules": [], "known_default": "", "unknown_default": ""}
    with pytest.raises(seccomp.PolicyError, match="read"):
        seccomp.parse_policy(raw)


def test_unknown_action_is_an_error() -> None:
    """An action is 'allow' or an errno's name."""
    policy = seccomp.Policy(actions={"read": "EMAYBE"}, rules={}, known_default="EPERM", unknown_default="ENOSYS")
    with pytest.raises(seccomp.PolicyError, match="EMAYBE"):
        seccomp.compile_filter(policy, seccomp.load_table("x86_64"))


@pytest.mark.parametrize(
    ("name", "args", "why"),
    [
        ("clone", [0x10000000], "no"),
        ("read", [], "named"),
        ("bpf", [], "not on the list"),
    ],
)
def test_explain_says_which_part_decides(name: str, args: list[int], why: str) -> None:
    """A person can ask why a call failed."""
    assert why in seccomp.explain("x86_64", name, args).why


def test_explain_of_a_call_that_the_architecture_lacks_says_so() -> None:
    """aarch64 has no plain open."""
    assert seccomp.explain("aarch64", "open") == seccomp.Decision(action="ENOSYS", why="aarch64 has no open")


@pytest.mark.parametrize("architecture", seccomp.ARCHITECTURES)
@pytest.mark.parametrize(
    ("policy", "syscall", "args", "action"),
    [
        ("landlock", "prlimit64", (0, 7), "allow"),
        ("landlock", "prlimit64", (1234, 7), "EPERM"),
        ("landlock", "prlimit64", ((1 << 32), 7), "allow"),  # the kernel takes 32 bits of it
        ("landlock", "sched_setaffinity", (0,), "allow"),
        ("landlock", "sched_setaffinity", (1,), "EPERM"),
        ("landlock", "setpriority", (0, 0), "allow"),
        ("landlock", "setpriority", (0, 1), "EPERM"),
        ("landlock", "setpriority", (2, 0), "EPERM"),
        ("landlock", "sendmsg", (), "EPERM"),
        ("landlock", "openat", (), "allow"),
        ("landlock", 4000, (), "allow"),
        ("landlock_shared_user", "fchmodat", (), "pretend"),
        ("landlock_shared_user", "utimensat", (), "pretend"),
        ("landlock_shared_user", "openat", (), "allow"),
    ],
)
def test_filters_on_top_answer_only_what_they_are_for(
    architecture: str, policy: str, syscall: str | int, args: tuple[int, ...], action: str
) -> None:
    """What they do not name is left to the first filter; a foreign call is never let through."""
    assert seccomp.decide(architecture, syscall, args, policy=policy) == action
    assert seccomp.decide(architecture, syscall, args, audit_arch=1, policy=policy) == "kill_process"
