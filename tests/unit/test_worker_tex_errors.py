"""What TeX said, out of its log."""

from __future__ import annotations

from manimatic_worker.tex_errors import what_tex_said

UNDEFINED = "(file)\n! Undefined control sequence.\nl.7 \\wrongcommand\n              {x}\n"
NO_LINE = "This is LuaHBTeX\n! error:  (type 2): cannot find file\n!  ==> Fatal error occurred\n"


def test_error_is_told_with_the_text_before_it() -> None:
    """As TeX has it, on one line."""
    assert what_tex_said(UNDEFINED) == "Undefined control sequence. (behind '\\\\wrongcommand')"


def test_error_without_a_line_is_told_too() -> None:
    """Manim itself fails over such a log, with an IndexError."""
    assert what_tex_said(NO_LINE).startswith("error: (type 2): cannot find file; ==> Fatal error occurred")


def test_log_without_errors_says_nothing() -> None:
    """Then Manim's own message is what there is."""
    assert what_tex_said("all is well\n") == ""
