# verdict: ok
# os.system runs what the sandbox holds; there is nothing to find, to write or to reach.
import os

from manim import *

CHECKS = [
    ": > /usr/bin/evil",
    ": > /etc/evil",
    ": > /runtime/site/evil",
    ": > /evil",
    "cat /etc/shadow",
    "ls /root",
    "ls /home",
    "ls /work",
    "ls /usr/local",
    "ls /run",
    "echo 1 > /proc/sys/vm/drop_caches",
    "mount -t tmpfs none /job",
    "unshare -U true",
    "kill -9 1",
]


class System(Scene):
    def construct(self):
        done = [check for check in CHECKS if os.system(f"({check}) >/dev/null 2>&1") == 0]
        assert done == [], done
        assert not any("KEY" in name or "SECRET" in name for name in os.environ), os.environ
        assert open("/proc/self/status").read().count("NoNewPrivs:\t1") == 1
        self.wait(0.2)
