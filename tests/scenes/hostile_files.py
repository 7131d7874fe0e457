# attack: paths that are not a scene's to read or write; run by tests/attacks
import os
import shutil
import subprocess

from manim import *

SECRETS = [*ATTACK["secrets"], "/root" + "/.ssh/id_rsa", "/root" + "/.config", "/run/secrets/gemini",
           "/run/docker.sock", "/var/run/docker.sock", "/.env", "/data/manimatic.db", "/var/lib/manimatic/runs", "/home"]
DEVICES = ["/dev/mem", "/dev/kmem", "/dev/port", "/dev/kmsg", "/dev/kvm", "/dev/fuse", "/dev/loop-control", "/dev/loop0",
           "/dev/sda", "/dev/vda", "/dev/vsock", "/dev/vhost-vsock", "/dev/vhost-net", "/dev/net/tun", "/dev/dri/card0",
           "/dev/uinput", "/dev/input", "/dev/snd", "/dev/hwrng", "/dev/tpm0", "/dev/bus/usb", "/dev/cpu/0/msr"]
SWITCHES = ["/proc/sysrq-trigger", "/proc/sys/vm/drop_caches", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/core_pattern",
            "/proc/sys/fs/binfmt_misc/register", "/proc/sys/kernel/hostname", "/proc/sys/kernel/ns_last_pid",
            "/sys/kernel/uevent_helper", "/sys/fs/cgroup/release_agent", "/proc/sys/net/ipv4/ip_forward"]
TELLTALES = ["/proc/cmdline", "/proc/keys", "/proc/kcore", "/proc/kallsyms", "/proc/timer_list", "/proc/sched_debug",
             "/sys/firmware/acpi", "/sys/class/dmi/id/product_serial", "/sys/kernel/notes", "/proc/config.gz", "/boot"]


def look(path):
    """List a folder, read a file; what is empty counts as masked."""
    found = os.listdir(path) if os.path.isdir(path) else content(path)
    if not found:
        raise OSError(_errno.ENODATA, path)
    return found


def write(path, text="x"):
    with open(path, "w") as file:
        file.write(text)


def suid_copy():
    shutil.copy("/bin/sh", "sh")
    os.chmod("sh", 0o6755)
    ran(os.path.abspath("sh"), "-p", "-c", "true")


def house():
    """A folder of the launcher's that everybody may write."""
    place = ATTACK["house"]
    deeds = [
        (write, place + "/file"), (write, place + "/new"), (os.truncate, place + "/file", 0),
        (os.unlink, place + "/file"), (os.rmdir, place + "/folder"), (os.mkdir, place + "/made"),
        (os.symlink, "/etc/passwd", place + "/link"), (os.mkfifo, place + "/fifo"),
        (os.link, place + "/file", place + "/twin"), (os.link, place + "/file", "twin"),
        (os.rename, place + "/file", place + "/moved"), (os.rename, place + "/file", "moved"),
    ]  # fmt: skip
    probe("open house", *deeds)
    for deed in ((os.chmod, place + "/file", 0o4777), (os.chown, place + "/file", os.getuid(), os.getgid()),
                 (os.utime, place + "/file", (1, 1)), (os.chmod, place, 0), (os.setxattr, place + "/file", "user.x", b"1")):
        outcome_of(*deed)  # where files are shared these are left out and reported as done; the host looks


class Files(Scene):
    def construct(self):
        probe("read-only system", *[(write, path) for path in ("/usr/bin/evil", "/etc/evil", "/evil", "/usr/lib/evil",
                                                                "/runtime/site/evil.py", "/var/lib/evil", *ATTACK["runtime"])])
        probe("secrets", *[(look, path) for path in SECRETS])
        probe("passwords", (look, "/etc/shadow"), (look, "/etc/gshadow"))
        probe("other processes", *[(look, f"/proc/{pid}/{name}") for pid in ATTACK["pids"]
                                   for name in ("environ", "root", "cwd", "fd", "maps", "task", "stat")],
              *[(os.readlink, f"/proc/{pid}/{name}") for pid in ATTACK["pids"] for name in ("exe", "root", "cwd")])
        probe("first process", *[(look, f"/proc/1/root{path}") for path in ATTACK["secrets"]])
        probe("telltales", *[(look, path) for path in TELLTALES])
        for path in ("/proc/self/mountinfo", "/proc/self/cgroup", "/proc/version", "/proc/1/environ", "/proc/self/environ"):
            tell("own " + path, outcome_of(lambda path: content(path)[:300], path))
        probe("switches", *[(opened, path) for path in SWITCHES])
        probe("devices", *[(opened, path, os.O_RDONLY | os.O_NONBLOCK) for path in DEVICES])
        probe("device nodes", (os.mknod, "disk", 0o60666, os.makedev(8, 0)), (os.mknod, "mem", 0o20666, os.makedev(1, 1)))
        probe("set-uid copy", suid_copy)
        probe("hard links", *[(os.link, path, f"link{n}") for n, path in enumerate(["/usr/bin/env", "/etc/passwd", *ATTACK["secrets"]])])
        probe("huge files", (fallocate, 100 << 30), (truncate, 1 << 50), (truncate, 1 << 40))
        house()
        self.wait(0.1)


def fallocate(size):
    with open("huge", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, size)


def truncate(size):
    with open("sparse", "wb") as file:
        file.truncate(size)
