# attack: show everything that an earlier run could have left; run by tests/attacks
import os

from manim import *

PLACES = ("/job", "/tmp", "/dev/shm", "/var/tmp", "/run", "/var/cache", "/var/lib", os.path.expanduser("~"), os.getcwd(),
          *ATTACK["shared"])


class Looks(Scene):
    def construct(self):
        seen = 0
        for place in PLACES:
            for folder, _, names in os.walk(place):
                for name in names[:200]:
                    path = os.path.join(folder, name)
                    seen += 1
                    if seen < 2000 and os.path.isfile(path) and os.path.getsize(path) < 5000:
                        found = outcome_of(content, path, 200)
                        if "token-" in found:
                            tell("found", found)
        print(dict(os.environ), [str(one) for one in vars(config).values()][:50])
        tell("looked", "done")
        probe("System V", (call, "shmget", 0x4D414E, 0, 0), (call, "msgget", 0x4D414E, 0))
        self.wait(0.1)
