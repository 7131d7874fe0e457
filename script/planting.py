"""Put at the end of a scene's file: choose a text or a shape on the screen that can be spoiled."""


def _is_seen(mobject):
    parts = [part for part in mobject.get_family() if len(part.points)]
    return any(max(part.get_fill_opacity(), part.get_stroke_opacity()) > 0.5 for part in parts)


def _on_screen(mobjects, fits):
    """List what fits, without looking into texts."""
    found = []
    for mobject in mobjects:
        is_text = isinstance(mobject, (Text, MarkupText, Paragraph, MathTex))  # noqa: F821
        if fits(mobject, is_text) and _is_seen(mobject):
            found.append(mobject)
        elif not is_text:
            found.extend(_on_screen(mobject.submobjects, fits))
    return found


def _widest(scene, fits, otherwise):
    found = _on_screen(scene.mobjects, fits)
    for mobject in found:
        mobject.clear_updaters()
    if not found:
        scene.add(otherwise)
    return max(found, key=lambda mobject: mobject.width, default=otherwise)


def _text(scene):
    otherwise = Text("Planted words", font_size=36).to_edge(DOWN)  # noqa: F821
    return _widest(scene, lambda mobject, is_text: is_text and mobject.width > 0.3, otherwise)


def _shape(scene):
    def fits(mobject, is_text):
        is_leaf = isinstance(mobject, VMobject) and not is_text and not mobject.submobjects  # noqa: F821
        return is_leaf and len(mobject.points) and 0.5 < mobject.width < 6 and 0.5 < mobject.height < 6

    return _widest(scene, fits, Square(1.5))  # noqa: F821


def _new(scene):
    return Text("Planted words", font_size=36)  # noqa: F821
