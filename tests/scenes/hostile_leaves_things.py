# attack: a token in every place that the next run might see, and files that nobody may remove; run by tests/attacks
import fcntl
import mmap
import os
import socket

from manim import *

TOKEN = ATTACK["token"]
PLANTED = f"import os; os.write(2, b'{TOKEN}')\n"
NAMES = ("sitecustomize.py", "usercustomize.py", "x.pth", "manim.cfg", ".config/manim/manim.cfg", "ld.so.preload", ".bashrc",
         ".latexmkrc", "texmf.cnf", "fonts.conf", ".cache/x", "media/Tex/x.tex", "left.mp4", ".env", "libevil.so")
PLACES = ("/job", "/tmp", "/dev/shm", "/var/tmp", "/run", "/var/cache/fontconfig", "/var/lib/texmf", "/runtime/site",
          "/runtime/worker", "/usr/lib/python3/dist-packages", os.path.expanduser("~"), os.getcwd(), *ATTACK["shared"])


def plant(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


def locked_tree():
    """Folders that their owner has locked, deep and odd in name."""
    os.makedirs("locked/a/b/c", exist_ok=True)
    for name in ("\n", "-rf", "..x", "\udcff", "a" * 255):
        try:
            open(os.path.join("locked/a", name), "w").close()
        except OSError:
            pass
    for folder in ("locked/a/b/c", "locked/a/b", "locked/a", "locked"):
        os.chmod(folder, 0)
    tell("locked tree", "done")


def shared_memory():
    tell("shared memory", outcome_of(plant, "/dev/shm/manimatic-left", TOKEN))
    probe("much shared memory", lambda: write_much("/dev/shm/much"))
    probe("System V", (call, "shmget", 0x4D414E, 1 << 32, 0o1666), (call, "msgget", 0x4D414E, 0o1666), (call, "semget", 0x4D414E, 1, 0o1666))
    probe("keyring", (call, "add_key", b"user", b"left", TOKEN.encode(), len(TOKEN), -5))


def write_much(path):
    with open(path, "wb") as file:
        for _ in range(4096):
            file.write(bytes(1 << 20))


class Leaves(Scene):
    def construct(self):
        self.wait(0.1)
        os.environ["LEFT"] = TOKEN
        shared_memory()
        for place in PLACES:
            for name in NAMES:
                outcome_of(plant, os.path.join(place, name), PLANTED if name.endswith(".py") else TOKEN)
        tell("planted", "done")
        probe("attribute", (call, "ioctl", os.open(".", os.O_RDONLY), 0x40086602, ctypes_long(0x10)))
        kept = [os.open(path, os.O_RDONLY) for path in ("/usr/bin/env", "/usr/bin/sh")]
        tell("file locks", outcome_of(lambda: [fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB) for fd in kept]))
        probe("last pid", (plant, "/proc/sys/kernel/ns_last_pid", "4242"))
        locked_tree()


def ctypes_long(value):
    import ctypes

    return ctypes.byref(ctypes.c_long(value))
