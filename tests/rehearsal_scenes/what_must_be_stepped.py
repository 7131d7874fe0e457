from manim import *


class Counting(Square):
    """A shape that counts how often it is interpolated."""

    def interpolate_color(self, *args, **kwargs):
        super().interpolate_color(*args, **kwargs)
        self.shift(RIGHT * 0.001)


class WhatMustBeStepped(MovingCameraScene):
    def construct(self):
        value = ValueTracker(0)
        dot = Dot()
        dot.add_updater(lambda mobject, dt: mobject.shift(RIGHT * dt))
        label = always_redraw(lambda: DecimalNumber(value.get_value()).next_to(dot, UP))
        self.add(dot, label)
        self.play(value.animate.set_value(3), run_time=0.6)
        self.wait(0.4)
        dot.clear_updaters()
        label.clear_updaters()
        self.play(MoveAlongPath(dot, Circle()), run_time=0.5)
        self.play(Homotopy(lambda x, y, z, t: (x + t, y, z), dot), run_time=0.4)
        count = Counting()
        self.play(count.animate.shift(UP), run_time=0.5)
        steps = []
        self.play(FadeIn(Circle(), rate_func=lambda t: steps.append(t) or t), run_time=0.4)
        self.play(self.camera.frame.animate.shift(RIGHT * len(steps)), run_time=0.3)
        self.add_updater(lambda dt: dot.shift(UP * dt))
        self.play(FadeOut(count), run_time=0.3)
