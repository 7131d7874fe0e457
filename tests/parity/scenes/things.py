"""Kinds of mobjects: text, pictures, tables, plots, graphs."""

from manim import *


class Texts(Scene):
    def construct(self):
        text = Text("Grüße, 世界", t2c={"Gr": RED}, slant=ITALIC)
        markup = MarkupText('<b>bold</b> and <span foreground="blue">blue</span>').shift(DOWN)
        self.play(Write(text), FadeIn(markup), run_time=0.5)
        self.play(Paragraph("two lines", "of text", alignment="center").shift(UP * 2).animate.scale(0.5), run_time=0.4)
        self.play(FadeIn(BulletedList("one", "two", font_size=30).shift(LEFT * 4)), run_time=0.3)


class Formulas(Scene):
    def construct(self):
        first = MathTex("a^2", "+", "b^2", "=", "c^2")
        second = MathTex("a^2", "=", "c^2", "-", "b^2")
        first.set_color_by_tex("a", YELLOW)
        self.play(Write(first), run_time=0.5)
        self.play(TransformMatchingTex(first, second), run_time=0.6)
        self.play(Create(SurroundingRectangle(second)), FadeIn(Tex(r"so $\int_0^1 x\,dx$").shift(DOWN)), run_time=0.4)


class ManyFormulas(Scene):
    def construct(self):
        rows = VGroup(*[MathTex(rf"x_{{{n}}} = \frac{{{n}}}{{{n + 1}}}", font_size=30) for n in range(5)]).arrange(DOWN)
        self.play(LaggedStart(*[Write(row) for row in rows], lag_ratio=0.2), run_time=0.8)
        self.play(rows[2].animate.set_color(RED), Circumscribe(rows[1]), run_time=0.4)


class Codes(Scene):
    def construct(self):
        code = Code(code_string="def f(x):\n    return x + 1\n", language="python")
        self.play(FadeIn(code), run_time=0.3)
        self.play(code.animate.shift(UP), run_time=0.3)


class Tables(Scene):
    def construct(self):
        table = Table([["1", "2"], ["3", "4"]], row_labels=[Text("a"), Text("b")], include_outer_lines=True)
        self.play(Create(table), run_time=0.5)
        self.play(table.get_entries((1, 2)).animate.set_color(RED), run_time=0.3)


class Matrices(Scene):
    def construct(self):
        matrix = IntegerMatrix([[1, 2], [3, 4]])
        self.play(Write(matrix), run_time=0.5)
        self.play(matrix.get_rows()[0].animate.set_color(BLUE), Indicate(matrix.get_columns()[1]), run_time=0.4)


class Bars(Scene):
    def construct(self):
        chart = BarChart([1, 3, 2], bar_names=["a", "b", "c"], y_range=[0, 4, 1])
        self.play(Create(chart), run_time=0.5)
        self.play(chart.animate.change_bar_values([2, 1, 3]), run_time=0.4)


class Plane(Scene):
    def construct(self):
        plane = NumberPlane(x_range=[-3, 3], y_range=[-2, 2]).add_coordinates()
        self.play(Create(plane, lag_ratio=0.1), run_time=0.5)
        self.play(plane.animate.apply_matrix([[1, 1], [0, 1]]), run_time=0.5)


class Plots(Scene):
    def construct(self):
        axes = Axes(x_range=[0, 5, 1], y_range=[-1, 1, 0.5], x_length=8, y_length=4, tips=False)
        curve = axes.plot(np.sin, color=BLUE)
        area = axes.get_area(curve, x_range=[1, 3], color=[GREEN, YELLOW], opacity=0.4)
        bars = axes.get_riemann_rectangles(curve, x_range=[0, 3], dx=0.25)
        self.play(Create(axes), run_time=0.3)
        self.play(Create(curve), FadeIn(area), run_time=0.4)
        self.play(FadeIn(bars), FadeIn(axes.get_graph_label(curve, "f")), run_time=0.3)


class PointOnPlot(Scene):
    def construct(self):
        axes = Axes(x_range=[0, 4], y_range=[0, 4], x_length=5, y_length=5)
        x = ValueTracker(1)
        dot = always_redraw(lambda: Dot(axes.c2p(x.get_value(), np.sqrt(x.get_value()))))
        lines = always_redraw(lambda: axes.get_lines_to_point(dot.get_center()))
        self.add(axes, axes.plot(np.sqrt, x_range=[0, 4]), dot, lines)
        self.play(x.animate.set_value(3), run_time=0.6)


class Networks(Scene):
    def construct(self):
        graph = Graph([1, 2, 3, 4], [(1, 2), (2, 3), (3, 4), (4, 1)], layout="circular", labels=True)
        self.play(Create(graph), run_time=0.4)
        self.play(graph[1].animate.shift(UP), graph.animate.remove_vertices(3), run_time=0.4)
        moved = DiGraph([1, 2], [(1, 2)], layout={1: LEFT, 2: RIGHT}).shift(DOWN * 2)
        self.add(moved)
        self.play(moved[2].animate.shift(UP), run_time=0.3)


class Pictures(Scene):
    def construct(self):
        image = ImageMobject(np.uint8([[0, 100, 30, 200], [255, 0, 5, 33]])).set_resampling_algorithm(
            RESAMPLING_ALGORITHMS["nearest"]
        )
        image.height = 3
        self.play(FadeIn(image), run_time=0.3)
        self.play(image.animate.shift(RIGHT).rotate(0.3), run_time=0.4)
        self.play(FadeOut(image), Create(Circle()), run_time=0.3)


class Clouds(Scene):
    def construct(self):
        dots = PGroup(*[PointCloudDot(radius=0.6, density=8, color=c).shift(LEFT * 2 + RIGHT * n * 2) for n, c in enumerate([RED, BLUE])])
        self.play(FadeIn(dots), run_time=0.3)
        self.play(dots.animate.shift(UP), run_time=0.3)


class Arrows(Scene):
    def construct(self):
        field = ArrowVectorField(lambda p: np.array([-p[1], p[0], 0]), x_range=[-3, 3], y_range=[-2, 2])
        self.play(Create(field), run_time=0.4)
        self.play(CurvedArrow(LEFT, RIGHT).animate.shift(UP), DoubleArrow().animate.rotate(1), run_time=0.4)


class Streams(Scene):
    def construct(self):
        lines = StreamLines(
            lambda p: np.array([np.cos(p[1]), 1, 0]), x_range=[-3, 3, 1], y_range=[-2, 2, 1], virtual_time=1, padding=1
        )
        self.add(lines)
        lines.start_animation(warm_up=False, flow_speed=1.5)
        self.wait(0.6)


class Braces(Scene):
    def construct(self):
        line = Line(LEFT * 2, RIGHT)
        brace = BraceLabel(line, "x+1")
        self.play(Create(line), FadeIn(brace), run_time=0.3)
        self.play(line.animate.scale(0.5), MaintainPositionRelativeTo(brace, line), run_time=0.3)


class Vectors(Scene):
    def construct(self):
        shape = SVGMobject("shape.svg") if False else ManimBanner().scale(0.4)
        self.play(shape.create(run_time=0.6))
        self.play(shape.expand(run_time=0.6))


class Angles(Scene):
    def construct(self):
        a, b = Line(ORIGIN, RIGHT * 2), Line(ORIGIN, UP * 2 + RIGHT)
        self.add(a, b)
        self.play(Create(Angle(a, b, radius=0.7)), Create(RightAngle(a, Line(ORIGIN, UP))), run_time=0.4)
        self.play(FadeIn(LabeledDot("a"), LabeledLine("b", start=LEFT, end=DOWN)), run_time=0.3)


class Boolean(Scene):
    def construct(self):
        one, two = Circle(fill_opacity=0.4).shift(LEFT * 0.5), Square(fill_opacity=0.4)
        self.play(FadeIn(one, two), run_time=0.2)
        self.play(Transform(one, Intersection(one, two, color=GREEN, fill_opacity=1)), run_time=0.4)
