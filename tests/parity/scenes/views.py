"""Cameras, space, sections, sounds and captions, and what only one process can do."""

import struct
import wave

from manim import *


class MovingFrame(MovingCameraScene):
    def construct(self):
        square, dot = Square(), Dot(RIGHT * 3)
        self.add(square, dot, Text("far").shift(LEFT * 4))
        self.camera.frame.save_state()
        self.play(self.camera.frame.animate.scale(0.5).move_to(dot), run_time=0.5)
        self.wait(0.2)
        self.play(Restore(self.camera.frame), square.animate.rotate(1), run_time=0.4)
        self.play(self.camera.auto_zoom([square], margin=1), run_time=0.3)


class FollowingFrame(MovingCameraScene):
    def construct(self):
        dot = Dot(LEFT * 3)
        self.add(NumberPlane(), dot)
        self.camera.frame.add_updater(lambda m: m.move_to(dot))
        self.play(dot.animate.shift(RIGHT * 3), run_time=0.6)
        self.camera.frame.clear_updaters()
        self.wait(0.2)


class Zoomed(ZoomedScene):
    def construct(self):
        dot = Dot().shift(UL)
        self.add(dot, Square())
        self.activate_zooming(animate=True)
        self.play(self.zoomed_camera.frame.animate.shift(RIGHT), run_time=0.4)
        self.play(ScaleInPlace(self.zoomed_camera.frame, 2), run_time=0.3)


class Solid(ThreeDScene):
    def construct(self):
        self.set_camera_orientation(phi=70 * DEGREES, theta=30 * DEGREES)
        self.add(ThreeDAxes())
        self.play(Create(Sphere(resolution=(8, 8))), run_time=0.5)
        self.move_camera(phi=30 * DEGREES, theta=-30 * DEGREES, zoom=1.2, run_time=0.5)
        self.play(FadeIn(Cube().shift(RIGHT * 2)), run_time=0.3)


class Curved(ThreeDScene):
    def construct(self):
        axes = ThreeDAxes()
        surface = Surface(
            lambda u, v: axes.c2p(u, v, np.sin(u) * np.cos(v)),
            u_range=[-2, 2],
            v_range=[-2, 2],
            resolution=(8, 8),
            fill_opacity=0.7,
        )
        surface.set_fill_by_value(axes=axes, colorscale=[(RED, -0.5), (YELLOW, 0), (GREEN, 0.5)])
        self.set_camera_orientation(phi=65 * DEGREES, theta=-45 * DEGREES)
        self.add(axes, surface)
        self.begin_ambient_camera_rotation(rate=0.5)
        self.wait(1)
        self.stop_ambient_camera_rotation()
        self.wait(0.2)


class Illusion(ThreeDScene):
    def construct(self):
        self.set_camera_orientation(phi=75 * DEGREES, theta=30 * DEGREES)
        self.add(Torus(resolution=(8, 8)), Arrow3D(), Line3D(LEFT * 2, RIGHT * 2 + UP), Dot3D(UP * 2))
        self.begin_3dillusion_camera_rotation(rate=2)
        self.wait(0.6)
        self.stop_3dillusion_camera_rotation()


class FixedInSpace(ThreeDScene):
    def construct(self):
        title, label = Text("fixed"), Text("turned").shift(RIGHT * 2)
        self.add_fixed_in_frame_mobjects(title.to_corner(UL))
        self.add_fixed_orientation_mobjects(label)
        self.set_camera_orientation(phi=60 * DEGREES)
        self.add(Cylinder(resolution=(4, 8)), Cone(resolution=8), ParametricFunction(lambda t: [np.cos(t), np.sin(t), t / 4], t_range=[0, 6]))
        self.play(label.animate.shift(UP), run_time=0.3)
        self.move_camera(theta=40 * DEGREES, focal_distance=8, gamma=0.3, run_time=0.4)
        self.play(Create(Polyhedra().scale(0.4)) if False else Create(Octahedron()), run_time=0.4)


class Twisted(ThreeDScene):
    def construct(self):
        self.set_camera_orientation(phi=50 * DEGREES, theta=20 * DEGREES, frame_center=UP)
        prism = Prism([1, 2, 1])
        self.add(prism)
        self.play(Rotate(prism, PI / 2, axis=RIGHT + UP), run_time=0.4)
        self.play(Transform(prism, Sphere(resolution=(6, 6))), run_time=0.5)
        self.renderer.camera.light_source.move_to(3 * IN)
        self.play(prism.animate.set_color(RED).scale(0.5), run_time=0.3)


class Linear(LinearTransformationScene):
    def __init__(self, **kwargs):
        super().__init__(show_coordinates=True, leave_ghost_vectors=True, **kwargs)

    def construct(self):
        self.add_vector([1, 2], animate=True)
        self.apply_matrix([[0, 1], [1, 1]])
        self.wait(0.2)


class Sections(Scene):
    def construct(self):
        self.next_section("first")
        self.play(Create(Square()), run_time=0.3)
        self.next_section("skipped", skip_animations=True)
        self.play(Create(Circle()), run_time=0.3)
        self.wait(0.3)
        self.next_section("last", "default.presentation.complementary")
        self.play(FadeIn(Dot()), run_time=0.3)


class Sounds(Scene):
    def construct(self):
        with wave.open("beep.wav", "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(b"".join(struct.pack("<h", int(8000 * np.sin(n / 3))) for n in range(800)))
        self.add_sound("beep.wav")
        self.play(Create(Square()), run_time=0.4)
        self.add_sound("beep.wav", time_offset=0.1, gain=-3)
        self.wait(0.4)


class Captions(Scene):
    def construct(self):
        self.add_subcaption("begins", duration=0.5)
        self.play(Create(Square()), subcaption="a square", run_time=0.4)
        self.play(FadeIn(Dot()), subcaption="a dot", subcaption_duration=0.2, subcaption_offset=0.1, run_time=0.4)
        self.wait(0.2)


class ReadsPixels(Scene):
    def construct(self):
        self.add(Square(fill_opacity=1, color=RED))
        self.wait(0.2)
        colour = self.camera.pixel_array[120, 213].copy()
        dot = Dot().shift(RIGHT * int(colour[0]) / 255)
        dot.add_updater(lambda m: m.shift(UP * 0.0005 * int(self.camera.pixel_array[120, 213, 0])))
        self.add(dot)
        self.play(FadeIn(Text("seen")), run_time=0.4)


class ShowsItself(Scene):
    def construct(self):
        self.play(Create(Square(fill_opacity=1)), run_time=0.2)
        picture = ImageMobject(self.renderer.get_frame()).scale(0.3).to_corner(UR)
        self.add(picture)
        self.wait(0.3)


class Coloured(Scene):
    def construct(self):
        self.camera.background_color = BLUE_E
        self.play(Create(Square()), run_time=0.3)
        self.camera.background_color = "#202020"
        self.play(FadeOut(self.mobjects[0]), run_time=0.3)
        self.wait(0.2)


class StopsEarly(Scene):
    def construct(self):
        self.play(Create(Square()), run_time=0.3)
        raise ValueError("enough of it")


class FailsInUpdater(Scene):
    def construct(self):
        dot = Dot().add_updater(lambda m, dt: m.shift(RIGHT / max(0, int(10 - 20 * self.time))))
        self.add(dot)
        self.play(Create(Square()), run_time=0.3)
        self.wait(1)


class Leaves(Scene):
    def construct(self):
        self.play(Create(Square()), run_time=0.3)
        raise SystemExit(3)


class WrongColour(Scene):
    def construct(self):
        self.play(Create(Square()), run_time=0.3)
        square = Square()
        square.fill_rgbas = np.zeros((1, 2))
        self.add(square)
        self.wait(0.3)


class Patches(Scene):
    def construct(self):
        stock = VMobject.get_fill_rgbas
        VMobject.get_fill_rgbas = lambda m: stock(m) * 0.5
        try:
            self.play(FadeIn(Square(fill_opacity=1)), run_time=0.3)
        finally:
            VMobject.get_fill_rgbas = stock


class Threaded(Scene):
    def construct(self):
        import threading

        seen = []
        thread = threading.Thread(target=lambda: seen.append(1))
        thread.start()
        thread.join()
        self.play(Create(Square().scale(len(seen))), run_time=0.3)
