# attack: TeX's own ways to files and programs; run by tests/attacks
import os

from manim import *

SECRET = ATTACK["secrets"][0]
BODIES = {
    "input": rf"\input{{{SECRET}}}",
    "openin": rf"\newread\f\openin\f={SECRET} \ifeof\f\undefinedmacro\else\read\f to\l\meaning\l\fi",
    "verbatiminput": rf"\csname @@input\endcsname {SECRET} ",
    "write18": r"\immediate\write18{id > /tmp/ran}\undefinedmacro",
    "piped input": r'\input{"|id > /tmp/ran"}',
    "openout": rf"\newwrite\f\immediate\openout\f={ATTACK['house']}/new\immediate\write\f{{x}}\immediate\closeout\f\undefinedmacro",
}


def typeset(body, **options):
    try:
        Tex(body, **options)
    except ValueError as error:
        raise PermissionError(_errno.EPERM, "TeX failed") from error
    return "typeset"


class TexAttack(Scene):
    def construct(self):
        for name, body in BODIES.items():
            probe(f"tex {name}", (typeset, body))
        shell = TexTemplate(tex_compiler="latex --shell-escape")
        tell("tex shell", outcome_of(lambda: typeset(BODIES["write18"], tex_template=shell)))
        escape = TexTemplate(tex_compiler="latex -shell-escape -output-directory=" + ATTACK["house"])
        tell("tex elsewhere", outcome_of(lambda: typeset("x", tex_template=escape)))
        self.wait(0.1)
