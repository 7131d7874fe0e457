"""Tell which plays may be jumped through: those whose end does not depend on the steps between.

Such a play consists of Manim's own animations, of a closed list, that set what they animate to a function of how far
they have come; nothing that is there has an updater, and no class of the scene's own has a hand in it. All others are
stepped.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

PURE_ANIMATIONS = frozenset(
    {
        "Add",
        "AddTextLetterByLetter",
        "AnimationGroup",
        "ApplyComplexFunction",
        "ApplyFunction",
        "ApplyMatrix",
        "ApplyMethod",
        "ApplyPointwiseFunction",
        "Circumscribe",
        "ClockwiseTransform",
        "CounterclockwiseTransform",
        "Create",
        "CyclicReplace",
        "DrawBorderThenFill",
        "FadeIn",
        "FadeOut",
        "FadeToColor",
        "FadeTransform",
        "FadeTransformPieces",
        "Flash",
        "FocusOn",
        "GrowArrow",
        "GrowFromCenter",
        "GrowFromEdge",
        "GrowFromPoint",
        "Indicate",
        "LaggedStart",
        "LaggedStartMap",
        "MoveToTarget",
        "RemoveTextLetterByLetter",
        "ReplacementTransform",
        "Restore",
        "Rotate",
        "Rotating",
        "ScaleInPlace",
        "ShowIncreasingSubsets",
        "ShowPassingFlash",
        "ShrinkToCenter",
        "SpinInFromNothing",
        "Succession",
        "Swap",
        "Transform",
        "TransformFromCopy",
        "TransformMatchingShapes",
        "TransformMatchingTex",
        "Uncreate",
        "Unwrite",
        "Wait",
        "Write",
        "_MethodAnimation",
    }
)
"""Names of classes of Manim itself whose `finish` sets everything that their steps set, to values that the steps do
not change. Not here: what adds up rounding (`MoveAlongPath`), what calls functions of the scene at every step
(`UpdateFromFunc`, `Homotopy`), and what keeps a clock (`ChangeSpeed`)."""
_SCENE_HOOKS = frozenset({"update_to_time", "update_mobjects", "update_self", "play_internal", "get_run_time"})
_MOBJECT_HOOKS = frozenset(
    {
        "align_data",
        "align_points",
        "become",
        "copy",
        "get_family",
        "interpolate",
        "interpolate_color",
        "pointwise_become_partial",
        "set_points",
        "update",
        "__deepcopy__",
        "__setattr__",
    }
)
"""Methods that an animation calls, and that a class of the scene's own may have made to count."""


class Purity:
    """Judges plays; remembers what it has seen of classes."""

    def __init__(self) -> None:
        self._is_plain: dict[type[Any], bool] = {}

    def may_jump(self, scene: Any) -> bool:
        """Tell whether the play that has begun ends the same without its steps."""
        if scene.updaters or scene.stop_condition is not None or not self._plain(type(scene), _SCENE_HOOKS):
            return False
        animations = list(_all_animations(scene.animations))
        if not all(_is_pure(animation) for animation in animations):
            return False
        involved = [mobject for animation in animations for mobject in _involved(animation)]
        return not any(self._counts(mobject) for mobject in _families([*scene.mobjects, *involved]))

    def _counts(self, mobject: Any) -> bool:
        """Tell whether a step may change something that is not a function of the animation's progress."""
        return bool(mobject.updaters) or not self._plain(type(mobject), _MOBJECT_HOOKS)

    def _plain(self, kind: type[Any], hooks: frozenset[str]) -> bool:
        """Tell whether no class outside of Manim defines one of these methods for this one."""
        if kind not in self._is_plain:
            foreign = (base for base in kind.__mro__ if not _is_manims(base.__module__) and base is not object)
            self._is_plain[kind] = not any(hooks & vars(base).keys() for base in foreign)
        return self._is_plain[kind]


def _all_animations(animations: Iterable[Any]) -> Iterable[Any]:
    for animation in animations:
        yield animation
        yield from _all_animations(getattr(animation, "animations", ()))


def _is_pure(animation: Any) -> bool:
    kind = type(animation)
    if kind.__name__ not in PURE_ANIMATIONS or not _is_manims(kind.__module__):
        return False
    functions = (animation.rate_func, getattr(animation, "path_func", None))
    return all(function is None or _is_manims(getattr(function, "__module__", None)) for function in functions)


def _involved(animation: Any) -> Iterable[Any]:
    return (
        mobject
        for name in ("mobject", "starting_mobject", "target_mobject", "target_copy")
        if (mobject := getattr(animation, name, None)) is not None
    )


def _families(mobjects: Iterable[Any]) -> Iterable[Any]:
    for mobject in mobjects:
        yield mobject
        yield from _families(mobject.submobjects)


def _is_manims(module: str | None) -> bool:
    return module is not None and (module == "manim" or module.startswith("manim."))
