# attack: children and threads that go on writing the video while it is taken; run by tests/attacks
import os
import threading
import time

from manim import *
from manim.scene.scene_file_writer import SceneFileWriter

finish = SceneFileWriter.finish


def scribble(path):
    while True:
        try:
            with open(path, "r+b") as file:
                file.seek(0, 2)
                file.write(b"\0\0\0\x08free")
            time.sleep(0.001)
        except OSError:
            pass


def finished(self):
    finish(self)
    path = str(self.final_file_path)
    for _ in range(3):
        if os.fork() == 0:
            scribble(path)
    threading.Thread(target=scribble, args=(path,), daemon=True).start()
    tell("writers", "done")
    time.sleep(0.1)


SceneFileWriter.finish = finished


class HalfWritten(Scene):
    def construct(self):
        self.wait(0.2)
