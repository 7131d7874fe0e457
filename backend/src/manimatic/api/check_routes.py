"""Checking a scene without running it."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from manimatic.api.asked import CheckIn
from manimatic.api.documented import problems
from manimatic.api.parts import parts
from manimatic.api.told import CheckOut
from manimatic.checks import look_over, policy_of
from manimatic.errors import InvalidInput
from manimatic.jobs import check_source
from manimatic.service import FieldError

EXAMPLE = (
    "from manim import *\n\nclass A(Scene):\n    def construct(self):\n        self.play(ShowCreation(Circle()))\n"
)

blueprint = APIBlueprint("check", __name__, tag="Jobs")


@blueprint.post("/check")
@blueprint.input(CheckIn, arg_name="wanted", example={"code": EXAMPLE})
@blueprint.output(CheckOut, description="What was found")
@blueprint.doc(summary="Check a scene without running it", operation_id="check", responses=problems(413, 415, 422))
def check(wanted: CheckIn) -> Any:
    """Look a scene over: names, methods and arguments that the installed Manim does not have, TeX, points, colours.

    Nothing is run and nothing kept. `ok` is false where something was found that makes the scene fail.
    """
    try:
        check_source(wanted.code)
    except InvalidInput as error:
        raise FieldError("code", error.message) from error
    return look_over(parts().checker, wanted.code, policy_of(parts().settings))
