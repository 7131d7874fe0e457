"""Take in what a guest says of its rehearsal: counted, checked, made printable, and never believed."""

from __future__ import annotations

from manimatic_worker.protocol import (
    LAYOUT_RULES,
    MAX_FINDING_CHARS,
    MAX_FINDINGS,
    Finding,
    ProtocolViolation,
    Rehearsed,
)

from manimatic.rehearsal import LayoutFinding, LayoutObject, Rehearsal
from manimatic.sandbox.printable import printable

_SIDES = 4


class RehearsalIntake:
    """Gathers the messages of one rehearsal.

    Args:
        asked: A rehearsal was asked for; else nothing of it may come.
    """

    def __init__(self, *, asked: bool) -> None:
        self._awaited = asked
        self._findings: list[LayoutFinding] = []

    def find(self, message: Finding) -> None:
        """Keep a finding.

        Raises:
            ProtocolViolation: None is due, there are too many, or a field is out of its bounds.
        """
        if not self._awaited or len(self._findings) >= MAX_FINDINGS:
            raise ProtocolViolation("a finding that is not due")
        self._findings.append(_finding(message))

    def close(self, message: Rehearsed) -> Rehearsal:
        """Return the whole rehearsal; nothing more of it may come.

        Raises:
            ProtocolViolation: It is not due, or a figure is negative.
        """
        if not self._awaited:
            raise ProtocolViolation("a rehearsal that is not due")
        if min(message.animations, message.duration_s, message.predicted_render_s) < 0:
            raise ProtocolViolation("a rehearsal of negative length")
        self._awaited = False
        return Rehearsal(
            ended=message.ended,
            animations=message.animations,
            duration_s=message.duration_s,
            predicted_render_s=message.predicted_render_s,
            findings=tuple(self._findings),
        )


def _finding(message: Finding) -> LayoutFinding:
    if message.rule not in LAYOUT_RULES:
        raise ProtocolViolation("a finding of no known rule")
    if not 0 <= message.start_s <= message.end_s:
        raise ProtocolViolation("a finding that ends before it starts")
    first = _object(message.name, message.line, message.box)
    second = _object(message.other_name, message.other_line, message.other_box)
    return LayoutFinding(
        rule=message.rule,
        message=_text(message.message),
        hint=_text(message.hint),
        objects=tuple(item for item in (first, second) if item is not None),
        start_s=message.start_s,
        end_s=message.end_s,
        line=message.play_line,
    )


def _object(name: str | None, line: int | None, box: tuple[float, ...]) -> LayoutObject | None:
    if len(box) not in {0, _SIDES}:
        raise ProtocolViolation("a box that has not four sides")
    if name is None:
        return None
    sides = (box[0], box[1], box[2], box[3]) if box else None
    return LayoutObject(name=_text(name), line=line, box=sides)


def _text(text: str) -> str:
    if len(text) > MAX_FINDING_CHARS:
        raise ProtocolViolation("a finding with too long a text")
    return printable(text)
