"""Updaters, trackers, paths and time."""

import random

from manim import *


class DtUpdater(Scene):
    def construct(self):
        square = Square().add_updater(lambda m, dt: m.rotate(dt).shift(RIGHT * dt * 0.3))
        self.add(square, Dot(UP * 2))
        self.wait(0.8)
        square.clear_updaters()
        self.play(square.animate.set_color(RED), run_time=0.4)


class FollowingUpdater(Scene):
    def construct(self):
        dot = Dot(LEFT * 3)
        label = Text("here", font_size=30)
        label.add_updater(lambda m: m.next_to(dot, UP))
        self.add(dot, label)
        self.play(dot.animate.shift(RIGHT * 4), run_time=0.8)
        self.wait(0.3)


class Redrawn(Scene):
    def construct(self):
        angle = ValueTracker(0.2)
        line = Line(ORIGIN, RIGHT * 2)
        turned = always_redraw(lambda: Line(ORIGIN, RIGHT * 2).rotate(angle.get_value(), about_point=ORIGIN))
        arc = always_redraw(lambda: Arc(radius=0.6, angle=angle.get_value()))
        number = always_redraw(lambda: DecimalNumber(angle.get_value()).to_corner(UL))
        self.add(line, turned, arc, number)
        self.play(angle.animate.set_value(2.5), run_time=1)
        self.wait(0.2)


class Tracked(Scene):
    def construct(self):
        tracker = ValueTracker(0)
        number = DecimalNumber(0, num_decimal_places=3).add_updater(lambda m: m.set_value(tracker.get_value()))
        whole = Integer(0).shift(DOWN).add_updater(lambda m: m.set_value(tracker.get_value() * 7))
        self.add(number, whole)
        self.play(tracker.animate.set_value(5), run_time=0.7, rate_func=linear)
        self.play(tracker.animate.increment_value(-3), run_time=0.4)


class Traced(Scene):
    def construct(self):
        dot = Dot(RIGHT, color=YELLOW)
        path = TracedPath(dot.get_center, stroke_width=4, stroke_color=BLUE)
        fading = TracedPath(lambda: dot.get_center() + DOWN, dissipating_time=0.4, stroke_opacity=[0, 1])
        self.add(path, fading, dot)
        self.play(Rotating(dot, angle=PI, about_point=ORIGIN, run_time=0.8))
        self.play(dot.animate.shift(UP), run_time=0.4)


class SceneUpdater(Scene):
    def construct(self):
        dot = Dot()
        self.add(dot)
        passed = [0.0]

        def count(dt):
            passed[0] += dt
            dot.set_opacity(0.5 + 0.5 * np.sin(9 * passed[0]))

        self.add_updater(count)
        self.wait(0.6)
        self.play(Create(Circle()), run_time=0.4)
        self.remove_updater(count)
        self.wait(0.2)


class WaitUntil(Scene):
    def construct(self):
        dot = Dot(LEFT * 2).add_updater(lambda m, dt: m.shift(RIGHT * dt * 2))
        self.add(dot)
        self.wait_until(lambda: dot.get_x() > -1)
        dot.clear_updaters()
        self.wait(0.3)


class RandomWalk(Scene):
    def construct(self):
        dots = VGroup(*[Dot([random.uniform(-4, 4), np.random.uniform(-2, 2), 0]) for _ in range(12)])
        dots.add_updater(lambda m, dt: m.shift([random.gauss(0, 0.05), np.random.normal() * 0.05, 0]))
        self.play(FadeIn(dots), run_time=0.4)
        self.wait(0.5)
        dots.clear_updaters()
        self.play(dots.animate.shift(UP * random.random()), run_time=0.3)


class RandomColours(Scene):
    def construct(self):
        for _ in range(4):
            self.play(Create(Square(color=random_bright_color()).shift(random.choice([UP, DOWN, LEFT]))), run_time=0.2)
        self.wait(0.2)


class Sped(Scene):
    def construct(self):
        dot = Dot(LEFT * 3)
        self.add(dot)
        self.play(ChangeSpeed(dot.animate.shift(RIGHT * 5), speedinfo={0.3: 1, 0.5: 0.2, 0.8: 1}, rate_func=linear))


class SpedUpdater(Scene):
    def construct(self):
        dot = Dot(LEFT * 3)
        ChangeSpeed.add_updater(dot, lambda m, dt: m.shift(RIGHT * dt))
        self.add(dot)
        self.play(ChangeSpeed(Wait(0.8), speedinfo={0.5: 0.5, 1: 2}, affects_speed_updaters=True))


class OnPath(Scene):
    def construct(self):
        path = ParametricFunction(lambda t: [3 * np.cos(t), np.sin(2 * t), 0], t_range=[0, TAU])
        dot = Dot()
        self.add(path, dot)
        self.play(MoveAlongPath(dot, path), run_time=0.8)
        self.wait(0.2)


class Suspended(Scene):
    def construct(self):
        square = Square().add_updater(lambda m, dt: m.rotate(dt))
        self.add(square)
        self.play(square.animate.shift(RIGHT), run_time=0.4)
        square.suspend_updating()
        self.wait(0.3)
        square.resume_updating()
        self.wait(0.3)


class AddedMidway(Scene):
    def construct(self):
        dot = Dot()
        seen = []

        def add_one(m, dt):
            seen.append(dt)
            if len(seen) == 4:
                self.add(Square())

        dot.add_updater(add_one)
        self.add(dot, Triangle())
        self.wait(0.6)
        self.play(dot.animate.shift(UP), run_time=0.3)


class Clocked(Scene):
    def construct(self):
        dot = Dot().add_updater(lambda m: m.set_x(np.sin(3 * self.time)))
        self.add(dot)
        self.wait(0.5)
        self.play(FadeIn(Square()), run_time=0.5)


class LongPlay(Scene):
    def construct(self):
        self.play(Create(Circle()), Rotate(Square(), PI), run_time=5)


class LongUpdater(Scene):
    def construct(self):
        square = Square().add_updater(lambda m, dt: m.rotate(dt * random.random()))
        self.add(square)
        self.wait(5)
        self.play(FadeOut(square), run_time=0.3)


class Physics(Scene):
    def construct(self):
        ball = Dot(UP * 2)
        ball.velocity = np.array([1.0, 0.0, 0.0])

        def fall(m, dt):
            m.velocity += DOWN * 9.8 * dt
            m.shift(m.velocity * dt)
            if m.get_y() < -2:
                m.velocity[1] *= -0.8

        ball.add_updater(fall)
        self.add(ball, Line(LEFT * 4, RIGHT * 4).shift(DOWN * 2.1))
        self.wait(1.5)
