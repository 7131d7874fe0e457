"""A few lines for each kind of rewrite: what is mended, and into what."""

from __future__ import annotations

REWRITTEN = {
    "methods of every object": (
        (
            "m = Circle()\nm.center_on_screen()\nm.move_left(2)\n"
            "self.play(m.animate.shift_up(1 + 1))\nm.to_left_edge(buff=1)"
        ),
        (
            "m = Circle()\nm.center()\nm.shift(2 * LEFT)\n"
            "self.play(m.animate.shift((1 + 1) * UP))\nm.to_edge(LEFT, buff=1)"
        ),
    ),
    "groups": (
        "v = VGroup()\nv.append(Circle())\nv.arrange_vertically(buff=1)\nDot(v.get_upper_left_corner())",
        "v = VGroup()\nv.add(Circle())\nv.arrange(DOWN, buff=1)\nDot(v.get_corner(UL))",
    ),
    "points of a graph, in any order": (
        "axes = Axes()\ng = axes.plot(lambda x: x)\naxes.get_point_on_graph(2, g)\naxes.get_point_on_graph(g, 2)",
        "axes = Axes()\ng = axes.plot(lambda x: x)\naxes.input_to_graph_point(2, g)\naxes.input_to_graph_point(2, g)",
    ),
    "lines of a graph": (
        (
            "axes = Axes()\ng = axes.plot(lambda x: x)\naxes.get_vertical_line_to_graph(2, g, color=RED)\n"
            "axes.get_tangent_line(2, g, length=3, color=RED)\naxes.get_derivative_graph(g, color=RED)"
        ),
        (
            "axes = Axes()\ng = axes.plot(lambda x: x)\naxes.get_vertical_line(axes.i2gp(2, g), color=RED)\n"
            "Line(ORIGIN, 3 * RIGHT, color=RED).rotate(axes.angle_of_tangent(2, g)).move_to(axes.i2gp(2, g))\n"
            "axes.plot_derivative_graph(g, color=RED)"
        ),
    ),
    "attributes": (
        "axes = Axes()\naxes.x_min + axes.y_max\nLine(LEFT, RIGHT).length + 1",
        "axes = Axes()\naxes.x_range[0] + axes.y_range[1]\nLine(LEFT, RIGHT).get_length() + 1",
    ),
    "methods that are animations": (
        "m = Circle()\nself.play(m.fade_in(run_time=2), Square().fade_out())\nself.play(m.animate.fade_out())",
        "m = Circle()\nself.play(FadeIn(m, run_time=2), FadeOut(Square()))\nself.play(FadeOut(m))",
    ),
    "methods of the scene": (
        "self.sleep(2)\nself.fade_out(Circle())\nself.get_mobjects()\nself.wait()",
        "self.wait(2)\nself.play(FadeOut(Circle()))\nself.mobjects\nself.wait()",
    ),
    "animations": (
        (
            "m = Circle()\nself.play(MoveTo(m, UP, run_time=2))\n"
            "self.play(Sequence(FadeIn(m), FadeInFromLeft(Dot(), run_time=3)))\nself.play(VFadeOut(m))"
        ),
        (
            "m = Circle()\nself.play(m.animate(run_time=2).move_to(UP))\n"
            "self.play(Succession(FadeIn(m), FadeIn(Dot(), shift=RIGHT, run_time=3)))\nself.play(FadeOut(m))"
        ),
    ),
    "shapes": (
        "Hexagon(color=RED)\nSemicircle(radius=2)\nCheckmark(color=GREEN)",
        'RegularPolygon(n=6, color=RED)\nArc(2, angle=PI)\nMathTex(r"\\checkmark", color=GREEN)',
    ),
    "value": (
        "t = ValueTracker(initial_value=1)\nself.play(t.animate.increment(2))\nt.get()",
        "t = ValueTracker(value=1)\nself.play(t.animate.increment_value(2))\nt.get_value()",
    ),
    "spelling": (
        "Vgroup(Circle(), Mathtex('x'), color=Blue)\nLatex('x')",
        "VGroup(Circle(), MathTex('x'), color=BLUE)\nMathTex('x')",
    ),
    "directions and rate functions": (
        "Dot(UPPER_LEFT)\nself.play(FadeIn(Dot()), rate_func=easeInOutQuad)",
        "Dot(UL)\nself.play(FadeIn(Dot()), rate_func=rate_functions.ease_in_out_quad)",
    ),
    "size of labels": (
        (
            "axes = Axes()\ng = axes.plot(np.sin)\naxes.get_graph_label(g, 'f', font_size=24)\n"
            "axes.get_axis_labels('x', 'y', font_size=24)\naxes.get_x_axis_label('x', color=RED)"
        ),
        (
            "axes = Axes()\ng = axes.plot(np.sin)\naxes.get_graph_label(g, MathTex('f', font_size=24))\n"
            "axes.get_axis_labels(MathTex('x', font_size=24), MathTex('y', font_size=24))\n"
            "axes.get_x_axis_label(MathTex('x', color=RED))"
        ),
    ),
    "rectangles": (
        (
            "n = 6\nRectangle(width=3, corner_radius=0.2, color=RED)\n"
            "Square(2, corner_radius=0.2)\nRegularPolygon(n, side_length=2)"
        ),
        (
            "n = 6\nRoundedRectangle(width=3, corner_radius=0.2, color=RED)\n"
            "RoundedRectangle(0.2, width=2, height=2)\nRegularPolygon(n, radius=2 / (2 * np.sin(PI / n)))"
        ),
    ),
    "dashes": (
        "Line(LEFT, RIGHT, dash_length=0.2)\nLine(LEFT, RIGHT, dashed=True)\nCircle(radius=1, line_style='dashed')",
        "DashedLine(LEFT, RIGHT, dash_length=0.2)\nDashedLine(LEFT, RIGHT)\nDashedVMobject(Circle(radius=1))",
    ),
    "letters": ("Text('a', size=24, bold=True)", "Text('a', weight=BOLD, font_size=24)"),
    "angles": (
        "Arc(start_angle=PI / 4, end_angle=PI / 2)\nCircle(diameter=1 + 1).rotate(degrees=90)",
        "Arc(radius=1, start_angle=PI / 4, angle=(PI / 2) - (PI / 4))\nCircle(radius=(1 + 1) / 2).rotate(90 * DEGREES)",
    ),
    "place and size": ("Square(position=UP, scale=2)", "Square().scale(2).move_to(UP)"),
    "opacity of a part": (
        "c = Circle()\nc.set_opacity(fill=0.5)\nself.play(c.animate.set_opacity(fill=0.5, stroke=1))",
        "c = Circle()\nc.set_fill(opacity=0.5)\nself.play(c.animate.set_fill(opacity=0.5).set_stroke(opacity=1))",
    ),
    "opacity that is reckoned": ("Circle(opacity=1 / 2)", "Circle().set_opacity(1 / 2)"),
    "arguments that have no name": (
        (
            "c = Circle()\nc.shift(direction=UP)\nself.play(FadeIn(mobject=c))\n"
            "MathTex(text='x', color=RED)\nPolygon(vertices=[UP, LEFT, DOWN])"
        ),
        "c = Circle()\nc.shift(UP)\nself.play(FadeIn(c))\nMathTex('x', color=RED)\nPolygon(*[UP, LEFT, DOWN])",
    ),
    "text of a brace": (
        "b = Brace(Circle())\nb.get_text('a', font_size=24)\nb.get_tex('a', color=RED)",
        (
            "b = Brace(Circle())\nTex('a', font_size=24).next_to(b.get_tip(), np.round(b.get_direction()))\n"
            "b.get_tex('a').set_color(RED)"
        ),
    ),
    "names of arguments": (
        (
            "Circle().next_to(target=Square(), direction=UP, padding=1)\n"
            "Line(start_point=UP, end_point=DOWN, strokeWidth=2)"
        ),
        "Circle().next_to(mobject_or_point=Square(), direction=UP, buff=1)\nLine(start=UP, end=DOWN, stroke_width=2)",
    ),
    "style of axes": (
        "Axes(axis_color=RED, axis_config={'stroke_width': 2}, include_numbers=False)\nMatrix([[1]], font_size=20)",
        (
            'Axes(axis_config={\'stroke_width\': 2, "color": RED, "include_numbers": False})\n'
            'Matrix([[1]], element_to_mobject_config={"font_size": 20})'
        ),
    ),
    "given twice": ("Circle(2, radius=2)", "Circle(2)"),
    "maths in a text": (
        (
            "Tex('The area is A = \\\\pi r^2.')\n"
            "Tex(r'Find a \\frac{1}{2} of x^2!')\nTitle('E = mc^2 \\\\\\\\ and f(x) = x_1')"
        ),
        (
            "Tex('The area is $A = \\\\pi r^2$.')\n"
            "Tex(r'Find a $\\frac{1}{2}$ of $x^2$!')\nTitle('$E = mc^2$ \\\\\\\\ and $f(x) = x_1$')"
        ),
    ),
    "matrix in words": (
        "Tex(r'Let \\vec{v} = \\begin{bmatrix} 1 \\\\ 2 \\end{bmatrix} and $x$')",
        "Tex(r'Let $\\vec{v} = \\begin{bmatrix} 1 \\\\ 2 \\end{bmatrix}$ and $x$')",
    ),
    "characters of TeX": ("Tex('R&D #1')", "Tex(r'R\\&D \\#1')"),
    "commands": (
        "MathTex(r'90\\degree, \\R^n \\abs{x} \\dv{f}{x}')\nMathTex('90\\\\degree')",
        "MathTex(r'90^\\circ, \\mathbb{R}^n \\left|x\\right| \\frac{df}{dx}')\nMathTex('90^\\\\circ')",
    ),
    "environment around the whole": (
        "MathTex(r'\\begin{align*} a &= b \\\\ c &= d \\end{align*}')\nMathTex(r'\\[ x^2 \\]')",
        "MathTex(r' a &= b \\\\ c &= d ')\nMathTex(r' x^2 ')",
    ),
    "shades and other palettes": (
        (
            "Circle(color=LIGHT_RED)\nSquare(color=ORANGE_A)\n"
            "Dot(color=Colors.BLUE)\nDot(color='rgb(255, 0, 0)')\nDot(color='58C4DD')"
        ),
        (
            "Circle(color=RED_B)\nSquare(color=ORANGE.lighter(0.4))\n"
            'Dot(color=BLUE)\nDot(color="#ff0000")\nDot(color="#58C4DD")'
        ),
    ),
    "names of axes where they are made": (
        "axes = Axes(x_range=[0, 5], x_label='t', y_label='Speed (m/s)')\nplane = NumberPlane(axis_labels=['a', 'b'])",
        (
            "axes = Axes(x_range=[0, 5])\naxes.add(axes.get_axis_labels('t', 'Speed (m/s)'))\n"
            "plane = NumberPlane()\nplane.add(plane.get_axis_labels('a', 'b'))"
        ),
    ),
    "what axes hand on to their lines": (
        "Axes(axis_config={'numbers': True}, x_axis_config={'numbers_to_show': [1, 2], 'include_tips': False})",
        (
            'Axes(axis_config={"include_numbers": True}, '
            'x_axis_config={"numbers_to_include": [1, 2], "include_tip": False})'
        ),
    ),
    "what is asked of a graph and is the axes' to do": (
        "axes = Axes()\ng = axes.plot(lambda x: x, color=RED)\ng.get_area(x_range=[0, 1])\ng.get_slope(1)",
        (
            "axes = Axes()\ng = axes.plot(lambda x: x, color=RED)\n"
            "axes.get_area(g, x_range=[0, 1])\naxes.slope_of_tangent(1, g)"
        ),
    ),
    "axes, numbers and graphs in another form": (
        (
            "axes = Axes()\ng = axes.plot(np.sin, 0, 2)\naxes.get_area(g, 0, 2)\naxes.i2gp(g, 1)\n"
            "axes.plot([0, 1], [1, 2])\naxes.scatter([0, 1], [1, 2])\naxes.add_axis_labels('x', 'y')"
        ),
        (
            "axes = Axes()\ng = axes.plot(np.sin, x_range=[0, 2])\naxes.get_area(g, x_range=[0, 2])\naxes.i2gp(1, g)\n"
            "axes.plot_line_graph([0, 1], [1, 2], add_vertex_dots=False)\n"
            "VGroup(*[Dot(axes.c2p(x, y)) for x, y in zip([0, 1], [1, 2])])\naxes.add(axes.get_axis_labels('x', 'y'))"
        ),
    ),
    "animations of several, of everything, of a line, and timed": (
        (
            "a, b = Circle(), Line(LEFT, RIGHT)\nself.play(Create(a, b))\nself.play(GrowArrow(b))\n"
            "self.play(a.animate.shift(UP, run_time=2))\nself.play(Group(FadeIn(a), FadeIn(b)))\n"
            "self.play(ApplyMethod(a.shift, UP))\n"
            "self.play(Circumscribe(a, shape='circle'))\nself.play(FadeOut(self.mobjects))"
        ),
        (
            "a, b = Circle(), Line(LEFT, RIGHT)\nself.play(Create(VGroup(a, b)))\n"
            "self.play(GrowFromPoint(b, b.get_start()))\n"
            "self.play(a.animate(run_time=2).shift(UP))\nself.play(AnimationGroup(FadeIn(a), FadeIn(b)))\n"
            "self.play(ApplyMethod(a.shift, UP))\n"
            "self.play(Circumscribe(a, shape=Circle))\nself.play(FadeOut(*self.mobjects))"
        ),
    ),
    "Update": (
        (
            "m = Dot()\nself.play(Update(m, lambda m: m.shift(UP)))\n"
            "self.play(Update(m), Update(m, updater=lambda m: m, run_time=2))"
        ),
        (
            "m = Dot()\nself.play(UpdateFromFunc(m, lambda m: m.shift(UP)))\n"
            "self.play(UpdateFromFunc(m, lambda mobject: mobject), UpdateFromFunc(m, lambda m: m, run_time=2))"
        ),
    ),
    "labels, data and corners of shapes": (
        (
            "Rectangle(width=2, height=1, label='M')\nSquare(mass=3, x=2)\n"
            "Triangle(UP, LEFT, RIGHT)\nLine(LEFT, RIGHT, tip=True)"
        ),
        (
            "Rectangle(width=2, height=1).add(Text('M'))\nSquare().set_x(2).set(mass=3)\n"
            "Polygon(UP, LEFT, RIGHT)\nLine(LEFT, RIGHT).add_tip()"
        ),
    ),
    "directions in words": (
        "c = Circle()\nc.to_edge(TOP)\nc.shift(TOP)\nc.next_to(Square(), BELOW)\nc.to_corner('upper left')",
        (
            "c = Circle()\nc.to_edge(UP)\nc.shift((config.frame_y_radius * UP))\n"
            "c.next_to(Square(), DOWN)\nc.to_corner(UL)"
        ),
    ),
    "the same words": (
        "a = Axes()\ng = a.plot(np.sin)\na.get_riemanns_rectangle(g, [0, 1])\nMatrix([[1]], buff_v=1)",
        "a = Axes()\ng = a.plot(np.sin)\na.get_riemann_rectangles(g, [0, 1])\nMatrix([[1]], v_buff=1)",
    ),
}
"""The bodies of a bad scene and of the mended one."""
UNTOUCHED = {
    "size that is a factor": "Text('a', size=1.2)",
    "number and graph that nobody knows": "axes = Axes()\na, b = self.mobjects\naxes.get_point_on_graph(a, b)",
    "receiver that is made twice": "Axes().get_tangent_line(2, Axes().plot(np.sin))",
    "argument without a place": "m = Circle()\nm.move_left(2, 3)",
    "list under a star": "a = [1]\nCircle().move_left(*a)",
    "dashes that are said otherwise": "Line(line_style='wavy')",
    "word with an underscore": "Tex('my_variable is here')",
    "product of letters": "Tex('so y = mx + b^2')",
    "half of a bracket": "Tex(r'so \\left( x^2')",
    "variable in small letters": "self.add(circle3d)",
    "attribute of a builder": "self.play(Line().animate.length)",
}
"""What looks like one of them, and is not certain."""
