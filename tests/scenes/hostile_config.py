# attack: Manim's configuration turned against the run, by the way that ATTACK names; run by tests/attacks
from manim import *


def media_everywhere():
    config.media_dir = "/"
    config.output_file = "../../../../x"


WAYS = {
    "media folder": media_everywhere,
    "output file": lambda: setattr(config, "output_file", ATTACK["house"] + "/new"),
    "pixels": lambda: setattr(config, "pixel_width", 100_000) or setattr(config, "pixel_height", 100_000),
    "frame rate": lambda: setattr(config, "frame_rate", 10**6),
    "plugins": lambda: setattr(config, "plugins", ["os", "evil"]),
    "renderer": lambda: setattr(config, "renderer", "opengl"),
    "encoder": lambda: setattr(config, "video_encoder_options", {"threads": "1000", "x264-params": "stats=" + ATTACK["house"] + "/new:pass=1"}),
    "wait": lambda: None, "redraw": lambda: None, "read only": lambda: None,
}  # fmt: skip
way = ATTACK["way"]
tell(f"way {way}", outcome_of(WAYS[way]).split()[0])


class Config(Scene):
    def construct(self):
        if way == "wait":
            self.wait(10**9)
        if way == "redraw":
            self.add(*[always_redraw(lambda: Text("x" * 200)) for _ in range(300)])
            self.play(Create(Square()), run_time=1000)
        if way == "frame rate":
            self.play(Create(Square()), run_time=100)
        self.play(Create(Square()), run_time=0.2)
