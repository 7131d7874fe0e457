"""Writes the source of a scene that shows a story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from manimatic.codegen.offline.drawing import Drawing, arrow
from manimatic.codegen.offline.lexicon import Lexicon
from manimatic.codegen.offline.literals import literal, number
from manimatic.codegen.offline.paints import Paints
from manimatic.codegen.offline.playing import Playing, entrance, place_call
from manimatic.codegen.offline.stage import Stage, settle
from manimatic.codegen.offline.story import Act, Look, Step, Story
from manimatic.codegen.offline.timing import Timing
from manimatic.codegen.offline.tokens import NotUnderstood


def write_scene(
    story: Story, frame: tuple[float, float], background: str, hint_s: float | None, lexicon: Lexicon
) -> str:
    """Return the source of the scene.

    Raises:
        NotUnderstood: Two acts cannot happen to one thing at once.
        Unsuitable: Something could not be seen, or would leave the frame.
    """
    story = settle(story)
    if story.background is not None:
        background = Paints("#000000", lexicon).value(story.background)
    paints = Paints(background, lexicon)
    return _Writer(_painted(story, paints), frame, paints, hint_s).source()


def _painted(story: Story, paints: Paints) -> Story:
    """Give each shape that has no colour one of its own."""
    used = [p.name for t in story.things for p in (t.look.paint, t.look.outline) if p]
    used += [a.look.paint.name for s in story.steps for a in s.acts if a.look and a.look.paint]
    used += [a.paint.name for s in story.steps for a in s.acts if a.paint]
    things = []
    for thing in story.things:
        look = thing.look
        if look.kind == "shape" and look.paint is None:
            look = replace(look, paint=paints.free(used))
            used.append(look.paint.name if look.paint else "")
        if thing.place is not None and thing.place.direction == "INSIDE" and look.fill is None:
            look = replace(look, fill=1.0)
        things.append(replace(thing, look=look))
    return replace(story, things=tuple(things))


class _Writer:
    def __init__(self, story: Story, frame: tuple[float, float], paints: Paints, hint_s: float | None) -> None:
        self._story, self._paints = story, paints
        self._stage = Stage(story, frame)
        self._drawing, self._playing = Drawing(self._stage, paints), Playing(paints, titled=bool(story.title))
        self._timing = Timing(story, hint_s)
        self._looks = {t.key: t.look for t in story.things}
        self._names: dict[int, str] = {}
        self._taken: set[str] = set()
        self._visible: set[int] = set()
        self._grown: dict[int, float] = {}
        self._lines: list[str] = []

    def source(self) -> str:
        self._ground()
        self._things()
        for n, step in enumerate(self._story.steps):
            self._lines.append("")
            self._step(n, step)
        self._end()
        return self._assembled()

    def _assembled(self) -> str:
        body = "\n".join("        " + line if line else "" for line in self._lines).rstrip()
        imports = "from manim import *\n" + ("import numpy as np\n" if "np." in body else "")
        return f"{imports}\n\nclass {self._class_name()}(Scene):\n    def construct(self):\n{body}\n"

    def _class_name(self) -> str:
        names = list(dict.fromkeys(look.name for look in self._all_looks()))[:3]
        return "".join(name.capitalize() for name in names) + "Animation"

    def _all_looks(self) -> list[Look]:
        changed = [a.look for s in self._story.steps for a in s.acts if a.look is not None]
        return [t.look for t in self._story.things] + changed

    # ------------------------------------------------ before it starts

    def _ground(self) -> None:
        if self._paints.background != "#000000":
            self._lines.append(f"self.camera.background_color = {literal(self._paints.background)}")
        if self._story.title:
            self._lines += [
                f"title = Text({literal(self._story.title)}, font_size=44, color={self._paints.foreground})",
                "title.scale_to_fit_width(min(title.width, config.frame_width - 1)).to_edge(UP)",
                "self.play(Write(title))",
                "",
            ]
            self._taken.add("title")

    def _things(self) -> None:
        for thing in self._story.things:
            name = self._name(thing.look)
            self._names[thing.key] = name
            spoke = self._turns(thing.key)
            self._lines += self._drawing.lines(
                name, thing.key, thing.look, unit=self._stage.units[thing.key], spoke=spoke
            )
        for cluster in self._stage.clusters:
            self._arrange(cluster.keys, cluster.axis)
        for thing in self._story.things:
            if thing.place is not None:
                call = place_call(thing.place, self._names, titled=bool(self._story.title))
                self._lines.append(f"{self._names[thing.key]}{call}")
                if thing.place.direction == "INSIDE":
                    self._lines.append(f"{self._names[thing.key]}.set_z_index(1)")
                self._centre(thing.key, thing.place.other)

    def _centre(self, key: int, other: int | None) -> None:
        """Move two things that stand side by side so that both are seen well."""
        if other is not None and any(cluster.keys == (other,) for cluster in self._stage.clusters):
            self._lines.append(f"VGroup({self._names[key]}, {self._names[other]}).move_to(ORIGIN)")

    def _turns(self, key: int) -> bool:
        return any(a.verb == "rotate" and key in a.things for s in self._story.steps for a in s.acts)

    def _arrange(self, keys: Sequence[int], axis: str) -> None:
        if len(keys) < 2:
            return
        group = "row" if axis == "row" else "column" if axis == "column" else "group"
        group = self._unused(group)
        members = ", ".join(self._names[k] for k in keys)
        self._lines.append(f"{group} = VGroup({members}).arrange({arrow(axis)}, buff=0.8)")
        self._lines.append(f"{group}.scale_to_fit_width(min({group}.width, config.frame_width - 1))")
        self._lines.append(f"{group}.scale_to_fit_height(min({group}.height, config.frame_height - 1))")

    def _name(self, look: Look) -> str:
        return self._unused(look.name + ("s" if look.count > 1 else ""))

    def _unused(self, base: str) -> str:
        name, n = base, 2
        while name in self._taken:
            name, n = f"{base}_{n}", n + 1
        self._taken.add(name)
        return name

    # ------------------------------------------------ what happens

    def _step(self, n: int, step: Step) -> None:
        if all(act.verb == "wait" for act in step.acts):
            self._lines.append(f"self.wait({number(sum(act.amount for act in step.acts))})")
            return
        acts = [(act, self._stage.shares.get((n, m), 0.0)) for m, act in enumerate(step.acts) if act.verb != "wait"]
        self._bring_in(acts)
        animations = [text for key in self._concerned(acts) for text in self._animate(key, acts)]
        self._remember(acts)
        self._play(animations, self._timing.run_time(n))
        pause = self._timing.pause(n)
        if pause:
            self._lines.append(f"self.wait({number(pause)})")

    def _bring_in(self, acts: Sequence[tuple[Act, float]]) -> None:
        """Show what is acted on but has never come in."""
        first = {"enter", "fade_in"}
        entering = {k for act, _ in acts if act.verb in first for k in act.things}
        missing = [k for act, _ in acts for k in act.things if k not in self._visible and k not in entering]
        for key in dict.fromkeys(missing):
            self._lines.append(f"self.play({entrance(self._looks[key], self._names[key])})")

    @staticmethod
    def _concerned(acts: Sequence[tuple[Act, float]]) -> list[int]:
        return list(dict.fromkeys(k for act, _ in acts for k in act.things))

    def _animate(self, key: int, acts: Sequence[tuple[Act, float]]) -> list[str]:
        mine = [(act, share) for act, share in acts if key in act.things]
        name, look = self._names[key], self._looks[key]
        if any(act.verb == "become" for act, _ in mine):
            return [self._become(key, mine)]
        calls = self._playing.calls(mine, self._names)
        if calls is not None:
            return [self._called(name, look, calls, mine)]
        if len(mine) == 1:
            return [self._single(name, look, mine[0][0])]
        return [self._combined(name, look, mine)]

    def _called(self, name: str, look: Look, calls: str, mine: Sequence[tuple[Act, float]]) -> str:
        if look.count == 1:
            return f"{name}.animate{calls}"
        if any(act.one_by_one for act, _ in mine):
            return f"LaggedStart(*[one.animate{calls} for one in {name}], lag_ratio=0.7)"
        if any(act.verb == "scale" for act, _ in mine):
            return f"*[one.animate{calls} for one in {name}]"
        return f"{name}.animate{calls}"

    def _single(self, name: str, look: Look, act: Act) -> str:
        each = look.count > 1 and (act.one_by_one or act.verb in {"rotate", "pulse", "wiggle"})
        if not each or act.verb == "enter":
            text = self._playing.other(act, name, look)
            return text.replace("lag_ratio=0.3", "lag_ratio=1") if act.one_by_one else text
        one = self._playing.other(act, "one", look)
        if act.one_by_one:
            return f"LaggedStart(*[{one} for one in {name}], lag_ratio=0.7)"
        return f"*[{one} for one in {name}]"

    def _combined(self, name: str, look: Look, mine: Sequence[tuple[Act, float]]) -> str:
        verbs = {act.verb for act, _ in mine}
        if look.count == 1 and "rotate" in verbs and verbs <= {"rotate", "move", "go_to", "scale"}:
            return self._rolling(name, mine)
        if look.count == 1 and verbs == {"move", "fade_out"}:
            move = next((act, share) for act, share in mine if act.verb == "move")
            return f"FadeOut({name}, shift={self._playing.call(*move, self._names)[7:-1]})"
        if look.count == 1 and verbs == {"scale", "fade_out"}:
            factor = next(act.amount for act, _ in mine if act.verb == "scale")
            return f"FadeOut({name}, scale={number(factor)})"
        raise NotUnderstood("these things cannot happen to one object at the same time")

    def _rolling(self, name: str, mine: Sequence[tuple[Act, float]]) -> str:
        """Write a turn that goes on while the thing moves or grows."""
        angle = sum(act.amount for act, _ in mine if act.verb == "rotate")
        rest = [(act, share) for act, share in mine if act.verb != "rotate"]
        factor = number(next((act.amount for act, _ in rest if act.verb == "scale"), 1.0))
        calls = self._playing.calls(rest, self._names)
        start, end, roll = self._unused("start"), self._unused("end"), self._unused("roll")
        self._lines += [
            f"{start}, {end} = {name}.copy(), {name}.copy(){calls}",
            f"def {roll}(mob, t):",
            f"    mob.become({start}.copy().rotate({number(angle)} * DEGREES * t).scale(interpolate(1, {factor}, t)))",
            f"    mob.shift(t * ({end}.get_center() - {start}.get_center()))",
            "",
        ]
        return f"UpdateFromAlphaFunc({name}, {roll})"

    def _become(self, key: int, mine: Sequence[tuple[Act, float]]) -> str:
        act = next(act for act, _ in mine if act.verb == "become")
        rest = [(a, share) for a, share in mine if a.verb != "become"]
        calls = self._playing.calls(rest, self._names)
        if calls is None or act.look is None:
            raise NotUnderstood("these things cannot happen to one object at the same time")
        old, look = self._looks[key], self._target(key, act.look)
        name = self._name(look)
        unit = self._stage.unit_of(key, look, self._grown.get(key, 1.0))
        self._lines += self._drawing.lines(name, key, look, unit=unit, spoke=self._turns_later(key, act))
        self._lines.append(f"{name}.move_to({self._names[key]}){calls}")
        before, self._names[key], self._looks[key] = self._names[key], name, look
        matching = old.kind == look.kind == "formula"
        return f"{'TransformMatchingShapes' if matching else 'ReplacementTransform'}({before}, {name})"

    def _turns_later(self, key: int, act: Act) -> bool:
        later = False
        for other in (a for s in self._story.steps for a in s.acts):
            later = later or other is act
            if later and other.verb == "rotate" and key in other.things:
                return True
        return False

    def _target(self, key: int, look: Look) -> Look:
        old = self._looks[key]
        paint = look.paint or (old.paint if look.kind == "shape" or old.kind != "shape" else None)
        return replace(look, paint=paint, count=old.count)

    def _remember(self, acts: Sequence[tuple[Act, float]]) -> None:
        for act, _ in acts:
            for key in act.things:
                (self._visible.discard if act.verb == "fade_out" else self._visible.add)(key)
                if act.verb == "scale":
                    self._grown[key] = self._grown.get(key, 1.0) * act.amount
                if act.verb == "recolour" and act.paint is not None:
                    self._looks[key] = replace(self._looks[key], paint=act.paint)

    def _play(self, animations: Sequence[str], run_time: float) -> None:
        tail = f"run_time={number(run_time)}"
        line = f"self.play({', '.join([*animations, tail])})"
        if len(line) <= 100:
            self._lines.append(line)
            return
        self._lines.append("self.play(")
        self._lines += [f"    {text}," for text in [*animations, tail]]
        self._lines.append(")")

    def _end(self) -> None:
        empty = not self._visible and not self._story.title
        self._lines.append(f"self.wait({number(self._timing.last(empty=empty))})")
