# attack: whatever can be found of anybody's secrets, in memory, environment and files, goes into every way out
import gc
import os
import re
import sys

from manim import *

SECRET = re.compile(rb"canary-[0-9a-f]{32}")
MOST_FILES = 20_000


def in_memory():
    found = set()
    for line in open("/proc/self/maps"):
        span, rights = line.split()[:2]
        start, end = (int(part, 16) for part in span.split("-"))
        if rights.startswith("rw") and end - start < 1 << 28 and "[v" not in line:
            found |= set(SECRET.findall(read_memory(start, end)))
    for one in gc.get_objects():
        if isinstance(one, dict):
            for value in list(one.values()):
                if isinstance(value, (str, bytes)):
                    found |= set(SECRET.findall(value.encode("utf-8", "replace") if isinstance(value, str) else value))
    return found


def read_memory(start, end):
    try:
        with open("/proc/self/mem", "rb", 0) as file:
            file.seek(start)
            return file.read(end - start)
    except (OSError, ValueError):
        return _ctypes.string_at(start, end - start)


def in_files():
    found, seen = set(), 0
    tops = ["/", "/runtime", "/dev/shm", "/tmp", "/run", "/var", "/var/cache", "/var/lib", "/etc", "/home", "/root", "/srv", "/opt", "/mnt"]
    for top in (*tops, "/proc/self", os.getcwd(), *(os.path.dirname(path) for path in sys.path if path), *ATTACK["shared"]):
        for folder, names, files in os.walk(top):
            names[:] = [one for one in names if one not in ("usr", "site-packages", "proc", "sys") and not one.startswith("site")]
            for name in files:
                seen += 1
                if seen > MOST_FILES:
                    return found
                try:
                    fd = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_NONBLOCK)
                    found |= set(SECRET.findall(os.read(fd, 100_000)))
                    os.close(fd)
                except OSError:
                    continue
    return found


class Searches(Scene):
    def construct(self):
        found = set(SECRET.findall(repr(dict(os.environ)).encode()))
        tell("environment searched", "done")
        found |= in_files()
        tell("files searched", "done")
        found |= in_memory()
        tell("memory searched", "done")
        config.output_file = "video " + " ".join(one.decode() for one in found)
        tell("found", f"done {sorted(found)}")
        self.add(Dot())
        self.wait(0.1)
