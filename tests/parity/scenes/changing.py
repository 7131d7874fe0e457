"""Animations, alone and composed."""

from manim import *


class EveryFade(Scene):
    def construct(self):
        shapes = VGroup(*[RegularPolygon(n, fill_opacity=0.5) for n in range(3, 8)]).arrange()
        self.play(FadeIn(shapes, shift=UP, scale=0.5), run_time=0.4)
        self.play(FadeOut(shapes[0], shift=DOWN), FadeToColor(shapes[1], RED), run_time=0.4)
        self.play(FadeTransform(shapes[2], Star()), run_time=0.4)
        self.play(FadeTransformPieces(shapes[3:], VGroup(Circle(), Square()).arrange(DOWN)), run_time=0.4)


class EveryCreation(Scene):
    def construct(self):
        text = Text("abc def")
        self.play(Write(text), run_time=0.5)
        self.play(Unwrite(text), run_time=0.4)
        self.play(DrawBorderThenFill(Square(fill_opacity=1)), run_time=0.5)
        self.play(Uncreate(Circle()), SpiralIn(VGroup(Dot(), Square()).arrange()), run_time=0.5)
        self.play(AddTextLetterByLetter(Text("letters").shift(DOWN)), run_time=0.4)
        self.play(ShowIncreasingSubsets(VGroup(Dot(), Dot(RIGHT), Dot(UP))), run_time=0.3)


class EveryGrowth(Scene):
    def construct(self):
        self.play(GrowFromCenter(Square()), GrowArrow(Arrow(LEFT, UP * 2)), run_time=0.4)
        self.play(GrowFromPoint(Circle(), UP), GrowFromEdge(Triangle(), DOWN), run_time=0.4)
        self.play(SpinInFromNothing(Star()), run_time=0.4)


class EveryIndication(Scene):
    def construct(self):
        square = Square()
        text = Text("look")
        self.add(square, text)
        self.play(Indicate(text), FocusOn(square), run_time=0.5)
        self.play(Circumscribe(text), Flash(UP), run_time=0.5)
        self.play(ShowPassingFlash(Circle(), time_width=0.4), Wiggle(text), run_time=0.5)
        self.play(ApplyWave(text), Blink(square, blinks=2, time_on=0.1, time_off=0.1), run_time=0.6)


class EveryTransform(Scene):
    def construct(self):
        shape = Square()
        self.play(Transform(shape, Circle(color=RED, fill_opacity=0.4)), run_time=0.4)
        self.play(ReplacementTransform(shape, star := Star(color=[BLUE, YELLOW])), run_time=0.4)
        self.play(TransformFromCopy(star, Triangle().shift(RIGHT * 3)), run_time=0.4)
        self.play(ClockwiseTransform(star, Square().shift(UP)), run_time=0.3)
        self.play(ApplyMatrix([[1, 0.5], [0, 1]], star), run_time=0.3)
        self.play(ApplyPointwiseFunction(lambda p: p + 0.2 * np.sin(p[::-1]), star), run_time=0.3)
        self.play(ScaleInPlace(star, 2), ShrinkToCenter(star.copy()), run_time=0.3)


class UnequalPoints(Scene):
    def construct(self):
        first = VGroup(Line(), Circle(), Text("many"))
        second = VGroup(RegularPolygon(9), Square(), Star(7), Dot()).arrange()
        self.play(Transform(first, second), run_time=0.8)
        self.play(Transform(first, VGroup()), run_time=0.3)


class Matching(Scene):
    def construct(self):
        first, second = Text("the morse code"), Text("here come dots")
        self.play(FadeIn(first), run_time=0.2)
        self.play(TransformMatchingShapes(first, second, path_arc=PI / 2), run_time=0.8)


class Lagged(Scene):
    def construct(self):
        dots = VGroup(*[Dot() for _ in range(10)]).arrange()
        self.play(LaggedStart(*[FadeIn(d, shift=UP) for d in dots], lag_ratio=0.2), run_time=0.8)
        self.play(LaggedStartMap(Indicate, dots), run_time=0.6)
        self.play(dots.animate(lag_ratio=0.3).shift(DOWN), run_time=0.5)


class Successive(Scene):
    def construct(self):
        circle, square = Circle(), Square()
        self.play(Succession(Create(circle), circle.animate.shift(LEFT), FadeIn(square), Wait(0.2)), run_time=1.2)
        self.play(Succession(*[square.animate.rotate(0.3) for _ in range(3)], lag_ratio=0.8), run_time=0.6)


class Grouped(Scene):
    def construct(self):
        self.play(
            AnimationGroup(
                AnimationGroup(Create(Square()), FadeIn(Dot()), lag_ratio=0.5),
                Write(Text("deep").shift(UP * 2)),
                lag_ratio=0.3,
            ),
            run_time=1,
        )


class Animated(Scene):
    def construct(self):
        square = Square()
        self.play(square.animate.shift(UP).scale(0.5).set_fill(RED, 0.7), run_time=0.4)
        self.play(square.animate(rate_func=there_and_back, run_time=0.5).rotate(1))
        square.generate_target().shift(LEFT * 2)
        self.play(MoveToTarget(square), run_time=0.3)
        square.save_state()
        self.play(square.animate.set_color(BLUE).stretch(2, 0), run_time=0.3)
        self.play(Restore(square), run_time=0.3)


class Swapped(Scene):
    def construct(self):
        trio = VGroup(Square(), Circle(), Triangle()).arrange(buff=1)
        self.add(trio)
        self.play(Swap(trio[0], trio[1]), run_time=0.4)
        self.play(CyclicReplace(*trio), run_time=0.4)


class Rated(Scene):
    def construct(self):
        names = [linear, smooth, rush_into, rush_from, there_and_back_with_pause, wiggle, ease_out_bounce, exponential_decay]
        dots = VGroup(*[Dot(LEFT * 4 + UP * (2 - 0.5 * n)) for n in range(len(names))])
        self.add(dots)
        self.play(*[d.animate(rate_func=f).shift(RIGHT * 6) for d, f in zip(dots, names)], run_time=0.8)


class Homotopic(Scene):
    def construct(self):
        self.play(Homotopy(lambda x, y, z, t: (x, y + t * np.sin(x), z), Line(LEFT * 3, RIGHT * 3)), run_time=0.5)
        circle = Circle()
        self.play(PhaseFlow(lambda p: np.array([p[1], -p[0], 0]), circle), run_time=0.5)
        self.play(UpdateFromAlphaFunc(circle, lambda m, a: m.set_stroke(width=2 + 9 * a)), run_time=0.4)
        self.play(UpdateFromFunc(circle, lambda m: m.rotate(0.1)), run_time=0.4)


class Rotations(Scene):
    def construct(self):
        square = Square().shift(RIGHT)
        self.play(Rotate(square, PI / 2, about_point=ORIGIN), run_time=0.4)
        self.play(Rotating(square, angle=PI, run_time=0.5))
        self.play(Broadcast(Circle(), n_mobs=2, run_time=0.6))


class Numbers(Scene):
    def construct(self):
        number = DecimalNumber(0)
        self.add(number)
        self.play(ChangeDecimalToValue(number, 7), run_time=0.5)
        self.play(ChangingDecimal(number, lambda a: a**2), run_time=0.3)


class OwnAnimation(Scene):
    def construct(self):
        class Jitter(Animation):
            def interpolate_mobject(self, alpha):
                self.mobject.become(self.starting_mobject).shift(UP * np.sin(alpha * 40) * 0.1)

        class Halting(Transform):
            def interpolate(self, alpha):
                super().interpolate(min(alpha, 0.5))

        square = Square()
        self.play(Jitter(square), run_time=0.5)
        self.play(Halting(square, Circle()), run_time=0.5)
        self.wait(0.2)


class OwnMobject(Scene):
    def construct(self):
        class Clock(VMobject):
            def __init__(self):
                super().__init__()
                self.add(Circle(), Line(ORIGIN, UP))
                self.calls = 0

            def interpolate_color(self, *args):
                self.calls += 1
                super().interpolate_color(*args)
                self.set_stroke(width=1 + self.calls % 5)

        clock = Clock()
        self.play(Create(clock), run_time=0.3)
        self.play(clock.animate.shift(RIGHT), run_time=0.5)
        self.play(clock.animate.scale(2), run_time=0.3)


class OwnRate(Scene):
    def construct(self):
        calls = []

        def rate(t):
            calls.append(t)
            return t**2 + 0.001 * len(calls)

        dot = Dot()
        self.play(dot.animate(rate_func=rate).shift(RIGHT * 3), run_time=0.5)
        self.play(dot.animate.shift(UP * 0.1 * len(calls)), run_time=0.3)


class Waits(Scene):
    def construct(self):
        self.wait(0.2)
        self.add(Square())
        self.wait(0.73)
        self.pause(0.1)
        self.play(Wait(0.4), Create(Circle()))
        self.wait(0.05, frozen_frame=False)
        self.wait(1 / 15)


class Layers(Scene):
    def construct(self):
        low, high = Square(fill_opacity=1, color=RED), Circle(fill_opacity=1, color=BLUE).set_z_index(2)
        self.add(high, low, Text("static"))
        self.add_foreground_mobject(Dot(color=YELLOW))
        self.play(low.animate.shift(RIGHT), run_time=0.3)
        self.bring_to_back(low)
        self.play(low.animate.shift(LEFT), high.animate.set_z_index(-1), run_time=0.3)
        self.remove(high)
        self.wait(0.2)


class Styled(Scene):
    def construct(self):
        square = Square(fill_opacity=0.5, stroke_width=12, color=[RED, BLUE, GREEN], sheen_factor=0.3, sheen_direction=UR)
        square.set_background_stroke(color=WHITE, width=20)
        dashed = DashedVMobject(Circle(), num_dashes=9).shift(RIGHT * 2)
        joints = VGroup(*[Triangle(joint_type=j, stroke_width=15) for j in LineJointType]).arrange().shift(DOWN * 2)
        lines = VGroup(*[Line(cap_style=c, stroke_width=15) for c in CapStyleType]).arrange(DOWN).shift(LEFT * 4)
        self.play(Create(square), FadeIn(dashed, joints, lines), run_time=0.4)
        self.play(square.animate.set_fill(opacity=0).set_stroke(opacity=0.2), run_time=0.3)
        self.play(square.animate.set_stroke(width=0), dashed.animate.set_opacity(0), run_time=0.3)


class Odd(Scene):
    def construct(self):
        empty, point = VMobject(), VectorizedPoint(UP)
        bad = VMobject().set_points_as_corners([ORIGIN, [np.nan, 1, 0], RIGHT])
        far = Square().shift(RIGHT * 1e6)
        self.add(empty, point, bad, far)
        hole = Cutout(Square(3), Circle(), fill_opacity=1)
        self.play(FadeIn(hole), Create(Union(Square(), Circle().shift(RIGHT), color=RED)), run_time=0.4)
        self.play(hole.animate.apply_complex_function(lambda z: z**2 / 2), run_time=0.4)
