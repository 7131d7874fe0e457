# attack: what a second run could know in advance of a first one; run by tests/attacks
import os
import random
import sys
import uuid

import numpy as np
from manim import *


class Draws(Scene):
    def construct(self):
        tell("drawn", f"done {random.random()} {np.random.rand()} {uuid.uuid4()} {hash('x')} {os.urandom(8).hex()} {id(sys)}")
        marks = [name for name in ("left_in_modules", "left_in_manim") if name in sys.modules or hasattr(config, name)]
        tell("marks", f"done {marks}" if marks else "refused ENOENT")
        sys.modules["left_in_modules"] = sys
        random.seed(1)
        np.random.seed(1)
        self.wait(0.1)
