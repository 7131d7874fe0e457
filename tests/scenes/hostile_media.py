# attack: media libraries that could fetch for the scene; run by tests/attacks
import av
from manim import *

SECRET = ATTACK["secrets"][0]
PORT = ATTACK["sockets"]["tcp"]
PLACES = {
    "http": f"http://127.0.0.1:{PORT}/x.wav", "metadata": "http://169.254.169.254/latest", "tcp": f"tcp://127.0.0.1:{PORT}",
    "udp": f"udp://127.0.0.1:{ATTACK['sockets']['udp']}", "file": f"file://{SECRET}", "concat": f"concat:{SECRET}|{SECRET}",
    "subfile": f"subfile,,start,0,end,100,,:{SECRET}", "crypto": f"crypto:{SECRET}", "unix": f"unix:{ATTACK['sockets']['path']}",
    "rtmp": f"rtmp://127.0.0.1:{PORT}/x", "hls": f"hls+http://127.0.0.1:{PORT}/x.m3u8", "plain": SECRET, "pipe": "pipe:99",
}


def fetch(place):
    try:
        with av.open(place, timeout=2.0) as found:
            return list(found.streams)
    except av.FFmpegError as error:
        raise PermissionError(error.errno or _errno.EPERM, place) from error


class Media(Scene):
    def construct(self):
        for name, place in PLACES.items():
            tell(f"media {name}", outcome_of(fetch, place).split()[0] + " EPERM")
        probe("sound", *[(sound, self, place) for place in PLACES.values()])
        for deed in (lambda: ImageMobject(SECRET), lambda: SVGMobject(SECRET), lambda: ImageMobject(f"http://127.0.0.1:{PORT}/x.png")):
            tell("picture", outcome_of(deed)[:80])
        self.wait(0.1)


def sound(scene, place):
    try:
        scene.add_sound(place)
    except Exception as error:
        raise PermissionError(_errno.EPERM, "sound") from error
