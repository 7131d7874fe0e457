# attack: the kernel's surface, one probe a way in; run by tests/attacks
import ctypes
import mmap
import os
import resource
import signal
import sys
import time

from manim import *

CLONE = {"user": 0x10000000, "mount": 0x00020000, "pid": 0x20000000, "net": 0x40000000, "ipc": 0x08000000,
         "uts": 0x04000000, "cgroup": 0x02000000}
PATH = ctypes.c_char_p(b"/job/x")
ROOM = ctypes.create_string_buffer(4096)
PIDS = [1, os.getppid(), *ATTACK["pids"]]


def clone(flags):
    if call("clone", flags | signal.SIGCHLD, 0, 0, 0, 0) == 0:
        os._exit(0)


def clone3(flags):
    args = (ctypes.c_uint64 * 11)(flags, 0, 0, 0, signal.SIGCHLD)
    if call("clone3", ctypes.byref(args), ctypes.sizeof(args)) == 0:
        os._exit(0)


def namespaces():
    for name, flag in CLONE.items():
        probe(f"clone {name}", (clone, flag))
        probe(f"unshare {name}", (in_child, call, "unshare", flag))
    probe("unshare time", (in_child, call, "unshare", 0x80))
    probe("clone3 user", (clone3, CLONE["user"]))
    probe("setns", *[(enter, name) for name in ("user", "mnt", "net", "pid", "ipc", "uts", "cgroup", "time")],
          enter_own)


def enter(name):
    fd = os.open(f"/proc/self/ns/{name}", os.O_RDONLY)
    in_child(call, "setns", fd, 0)


def enter_own():
    call("setns", os.pidfd_open(os.getpid()), CLONE["user"])


def others():
    probe("ptrace", *[(call, "ptrace", request, pid, 0, 0) for pid in PIDS for request in (16, 0x4206)],
          (in_child, call, "ptrace", 0, 0, 0, 0))
    vector = (ctypes.c_uint64 * 2)(ctypes.addressof(ROOM), 16)
    both = ctypes.byref(vector)
    probe("process memory", *[(call, name, pid, both, 1, both, 1, 0) for pid in PIDS
                              for name in ("process_vm_readv", "process_vm_writev")])
    probe("/proc mem", *[(opened, f"/proc/{pid}/mem", os.O_RDWR) for pid in ATTACK["pids"]])
    probe("pidfd_getfd", *[(steal, pid) for pid in PIDS])
    probe("kcmp", (call, "kcmp", os.getpid(), 1, 0, 0, 0))
    probe("prlimit", *[(resource.prlimit, pid, resource.RLIMIT_NOFILE, (3, 3)) for pid in ATTACK["pids"]])


def steal(pid):
    call("pidfd_getfd", os.pidfd_open(pid), 0, 0)


def rare_calls():
    calls = {
        "bpf": (0, ROOM, 16), "perf_event_open": (ROOM, 0, -1, -1, 0), "userfaultfd": (1,),
        "kexec_load": (0, 0, 0, 0), "kexec_file_load": (0, 0, 0, 0, 0), "init_module": (ROOM, 16, b"".ljust(1)),
        "finit_module": (0, b" ", 0), "delete_module": (b"x", 0), "reboot": (0xFEE1DEAD, 672274793, 0, 0),
        "swapon": (PATH, 0), "swapoff": (PATH,), "acct": (0,), "quotactl": (0x800002, PATH, 0, ROOM),
        "lookup_dcookie": (0, ROOM, 16), "nfsservctl": (0, 0, 0), "syslog": (3, ROOM, 100),
        "add_key": (b"user", b"x", b"y", 1, -3), "keyctl": (0, -3, 1), "request_key": (b"user", b"x", 0, -3),
        "io_uring_setup": (4, ROOM), "open_by_handle_at": (3, ROOM, 0), "name_to_handle_at": (-100, b"/", ROOM, ROOM, 0),
        "fanotify_init": (0, 0), "inotify_init1": (0,), "memfd_create": (b"x", 0), "mount_setattr": (-100, b"/", 0, ROOM, 32),
        "fsopen": (b"tmpfs", 0), "fspick": (-100, b"/", 0), "open_tree": (-100, b"/", 1), "move_mount": (-100, b"/", -100, b"/job", 0),
        "pivot_root": (b"/job", b"/job"), "chroot": (b"/job",), "umount2": (b"/job", 2), "setuid": (0,),
        "setgid": (0,), "setgroups": (0, 0), "capset": (ROOM, ROOM), "sethostname": (b"x", 1), "setdomainname": (b"x", 1),
        "modify_ldt": (0, ROOM, 16), "iopl": (3,), "ioperm": (0, 8, 1), "vm86": (0,), "vm86old": (0,),
        "clock_settime": (0, ROOM), "settimeofday": (ROOM, 0), "adjtimex": (ROOM,), "clock_adjtime": (0, ROOM),
        "shmget": (0, 4096, 0o1666), "semget": (0, 1, 0o1666), "msgget": (0, 0o1666), "mq_open": (b"x", 66, 0o666, 0),
        "ioprio_set": (1, 0, 0x2000), "sched_setscheduler": (0, 1, ROOM), "sched_setattr": (0, ROOM, 0),
        "process_madvise": (0, ROOM, 1, 4, 0), "migrate_pages": (0, 0, 0, 0), "move_pages": (1, 0, 0, 0, 0, 0),
        "personality": (0x0040000,), "execveat": (3, b"", 0, 0, 0x1000), "seccomp": (1, 8, ROOM),
    }  # fmt: skip
    for name, args in calls.items():
        if name not in ("personality", "seccomp"):
            probe(name, (call, name, *args))
    probe("personality", (call, "personality", 0x0040000), (call, "personality", 0x400000))
    for name, args in {"tmpfs": (b"tmpfs", 0), "proc": (b"proc", 0), "overlay": (b"overlay", 0), "fuse": (b"fuse", 0),
                       "remount": (b"none", 32 | 4096)}.items():  # fmt: skip
        target = b"/" if name == "remount" else b"/job"
        probe(f"mount {name}", (call, "mount", b"none", target, args[0], args[1], 0))
    word = (ctypes.c_int * 4)()
    probe("futex pi", *[(call, "futex", ctypes.byref(word), op, 0, 0, 0, 0) for op in (6, 8, 13, 128 | 6, 128 | 8)],
          *[(call, "futex", ctypes.byref(word), op, 1, 0, ctypes.byref(word, 4), 0) for op in (11, 12)])
    if "arch_prctl" in ATTACK["numbers"] and os.uname().machine == "x86_64":
        probe("arch_prctl", *[(call, "arch_prctl", code, 0) for code in (0x1012, 0x1023, 0x2001, 0x4001)])
    room = ctypes.create_string_buffer(64)
    probe("terminal", *[(call, "ioctl", fd, code, room) for fd in (1, 2) for code in (0x5412, 0x541C, 0x5401)])


def own_rights():
    probe("nice", (os.setpriority, os.PRIO_PROCESS, 0, -20))
    probe("oom_score_adj", (write, "/proc/self/oom_score_adj", "-1000"))
    probe("loosen", loosen)
    probe("write own program", (opened, "/proc/self/exe", os.O_RDWR), (opened, sys.executable, os.O_RDWR),
          (write, "/proc/self/attr/current", "x"), (write, "/proc/self/attr/exec", "x"))  # fmt: skip
    for program in ("sudo", "su", "pkexec", "mount", "umount", "newuidmap", "newgidmap", "fusermount", "fusermount3", "passwd",
                    "chsh", "unshare", "nsenter", "bwrap", "setpriv"):  # fmt: skip
        probe(f"run {program}", (ran, program, *TRIES.get(program, ())))
    tell("status", "done " + " ".join(line for line in open("/proc/self/status").read().split("\n")
                                      if line.startswith(("NoNewPrivs", "Seccomp:", "CapEff", "Uid"))))


TRIES = {"su": ("-c", "id"), "mount": ("-t", "tmpfs", "none", "/tmp"), "umount": ("/proc",), "unshare": ("-U", "true"),
         "newuidmap": ("1", "0", "0", "1"), "newgidmap": ("1", "0", "0", "1"), "chsh": ("-s", "/bin/sh", "root"),
         "nsenter": ("-t", "1", "-a", "true"), "passwd": ("-d", "root"), "bwrap": ("--bind", "/", "/", "true"),
         "setpriv": ("--reuid", "0", "true")}  # fmt: skip


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def loosen():
    """Take the filter and no_new_privs off again; a filter that allows all is added and must not help."""
    in_child(_loosen)


def _loosen():
    libc = ctypes.CDLL(None)
    libc.prctl(38, 0, 0, 0, 0)
    libc.prctl(4, 1, 0, 0, 0)
    libc.prctl(22, 0, 0, 0, 0)
    code = (ctypes.c_uint64 * 1)(0x7FFF000000000006)  # return ALLOW
    program = (ctypes.c_uint64 * 2)(1, ctypes.addressof(code))
    libc.prctl(22, 2, ctypes.byref(program), 0, 0)
    if "NoNewPrivs:\t0" in open("/proc/self/status").read():
        os._exit(0)
    call("unshare", CLONE["user"])


def foreign_calls():
    code = bytes.fromhex("53b866000000bb0100000031c9cd805bc3")  # push rbx; socketcall(SYS_SOCKET, NULL) by int 0x80
    if os.uname().machine != "x86_64":
        return
    probe("int 0x80", (in_child, machine_code, code))
    probe("x32", (in_child, call, 0x40000000 | 41, 2, 1, 0))
    probe("x32 numbers", *[(in_child, call, 0x40000000 | number, 0, 0, 0) for number in (512, 520, 536, 547)])


def machine_code(code):
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(code)
    got = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
    if got < 0:
        raise OSError(-got, "int 0x80")


def descriptors():
    probe("many descriptors", many)
    probe("descriptors under way", under_way)


def many():
    kept = []
    try:
        for _ in range(1_000_000):
            kept.append(os.dup(0))
    finally:
        for fd in kept:
            os.close(fd)


def under_way():
    import array
    import socket

    pairs = []
    try:
        for _ in range(100_000):
            left, right = socket.socketpair()
            rights = array.array("i", [left.fileno(), right.fileno()])
            left.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
            pairs.append((left, right))
    finally:
        for pair in pairs:
            for one in pair:
                one.close()


def contained():
    wrap = next(one for one in ().__class__.__base__.__subclasses__() if one.__name__ == "_wrap_close")
    probe("subclasses", lambda: wrap.__init__.__globals__["system"]("true"))
    probe("hidden import", lambda: getattr(__import__("imp" + "ortlib"), "import_module")("o" + "s").getpid())
    probe("pythonapi", lambda: ctypes.pythonapi.PyRun_SimpleString(b"import os; os.getcwd()"))
    probe("exec", lambda: exec(__import__("base64").b64decode("aW1wb3J0IG9zOyBvcy5nZXR1aWQoKQ==")))
    probe("load", lambda: content("/proc/loadavg"), lambda: content("/proc/stat"))
    probe("command lines", *[(content, f"/proc/{pid}/cmdline") for pid in ATTACK["pids"]])
    probe("graphics", *[(os.stat, path) for path in ("/dev/dri", "/dev/nvidia0", "/dev/nvidiactl", "/dev/kfd", "/dev/nvidia-uvm")])


class Kernel(Scene):
    def construct(self):
        for part in (namespaces, others, rare_calls, own_rights, foreign_calls, descriptors, contained):
            part()
        self.wait(0.1)
        time.sleep(ATTACK.get("stay_s", 0))
