"""The rules of TeX in strings, as Manim's default template sees it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

from manimatic.checking.findings import Findings
from manimatic.checking.ruledata import read_data
from manimatic.checking.texfixes import TexFixes
from manimatic.checking.world import World
from manimatic.diagnostics import Fix, Severity

TEXT_KINDS = frozenset({"Tex", "Title", "BulletedList"})
_MATHS = re.compile(
    r"(?<!\\)\$\$.*?\$\$|(?<!\\)\$.*?(?<!\\)\$|\\\(.*?\\\)|\\\[.*?\\\]|\\ensuremath\{.*?\}"
    r"|\\begin\{(?P<env>(?:align|equation|gather|multline|flalign|eqnarray|math|displaymath|tabular|itemize|center)\*?)\}"
    r".*?\\end\{(?P=env)\}",
    re.DOTALL,
)
_INNER = "(?:[bpvBV]|small)?matrix|cases|aligned|gathered|array"
"""Environments that stand within maths."""
_IN_TEXT = re.compile(r"\\(?:text\w*|mbox|hbox|operatorname)\*?\s*\{(?:[^{}]|\{[^{}]*\})*\}")
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_BEGIN_END = re.compile(r"\\(begin|end)\{([A-Za-z]+\*?)\}")
_ENVIRONMENT_IN_F = re.compile(
    r"(\\(?:begin|end))(?<!\{)\{((?:[bpvBV]|small)?matrix|cases|aligned|array|align\*?|gather\*?|equation\*?)\}(?!\})"
)
_LOST_BACKSLASH = re.compile("[\t\r](?:ext|heta|imes|au|an|o\\b|frac|ho\\b|ight|angle)")
_BROKEN = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
MARKS = re.compile(r"\s*\\{1,2}[(\[](?P<inner>.*)\\{1,2}[)\]]\s*", re.DOTALL)
"""The marks around displayed maths, in a raw string or one that doubles its backslashes."""
ALIGNED = re.compile(
    r"\s*\\{1,2}begin\{(?P<env>(?:align|equation)\*?)\}(?P<inner>.*)\\{1,2}end\{(?P=env)\}\s*", re.DOTALL
)
"""An environment around the whole that Manim puts there itself."""
_WHOLE = frozenset({"align", "align*", "equation", "equation*", "gather", "gather*", "displaymath"})


class TexRules:
    """Looks at the strings of MathTex, Tex and what derives from them."""

    def __init__(self, world: World, findings: Findings) -> None:
        self.findings, self.fixes = findings, TexFixes(findings)
        self.data = read_data("tex.json")
        commands = "|".join(self.data["math_commands"])
        self.maths = re.compile(rf"(?<!\\)[_^]|\\(?:{commands})(?![A-Za-z])|\\begin\{{(?:{_INNER})\}}")
        self.own_template = "TexTemplate" in findings.source.code or "tex_template" in findings.source.code

    def check(self, call: ast.Call, kind: str) -> None:
        """Look at the strings of one call."""
        words = {word.arg for word in call.keywords}
        strings = [a for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        for node in strings:
            if self._control_characters(node):
                return
        if self._parts([part for part in call.args if isinstance(part, ast.JoinedStr)], kind):
            return
        if kind == "Tex" and len(call.args) == 1 and not strings and "tex_environment" not in words:
            self._put_together(call)
        if "tex_environment" in words or len(strings) < len(call.args) or not strings:
            return
        whole = " ".join(str(node.value) for node in strings)
        self._environments(call, whole)
        self._percent(strings)
        if not self.own_template:
            self._foreign(strings)
            self._unicode(strings, kind)
        if kind in TEXT_KINDS:
            self._text(call, strings, kind)
        elif kind in {"MathTex", "SingleStringMathTex"}:
            self._math(call, strings)

    def _parts(self, nodes: Sequence[ast.JoinedStr], kind: str) -> bool:
        """Look at f-strings; return whether they hold characters that are to be spelled first."""
        for node in nodes:
            self._control_in_parts(node)
            self._braces(node)
        return not self.own_template and self._unicode(nodes, kind)

    def check_labels(self, call: ast.Call, nodes: Iterable[ast.expr | None]) -> None:
        """Look at strings that Manim sets as maths."""
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and not self._control_characters(node):
                if not self.own_template:
                    self._foreign([node])
                    self._unicode([node], "MathTex")
                self._math(call, [node])

    def _put_together(self, call: ast.Call) -> None:
        """Look for maths in a text that is put together of strings; what is put in counts as a number."""
        text = _flat(call.args[0])
        if text is None or "$" in text or r"\(" in text or r"\[" in text:
            return
        found = self.maths.search(_MATHS.sub("", text))
        if found:
            words = _words(text)
            simple = isinstance(call.func, ast.Name) and not words
            fix = self.findings.replacing(call.func, "MathTex") if simple else None
            message = f"{found[0]} is maths, and Tex sets text."
            hint = "Put the maths between $…$, or use MathTex."
            self.findings.add("tex-maths-in-text", call, message, hint=hint, nearest="MathTex", fix=fix)

    def _braces(self, node: ast.JoinedStr) -> None:
        """Report the name of an environment that an f-string takes for a variable."""
        text = self.findings.source.text(node)
        mended = _ENVIRONMENT_IN_F.sub(r"\1{{\2}}", text)
        if mended != text:
            message = "An f-string takes the braces of this environment for its own."
            fix = self.findings.replacing(node, mended)
            self.findings.add("tex-braces", node, message, hint="Double them: {{…}}.", fix=fix)

    # ------------------------------------------------------------ characters

    def _control_characters(self, node: ast.Constant) -> bool:
        text = str(node.value)
        broken = next((shown for character, shown in _BROKEN.items() if character in text), None)
        if broken is None and _LOST_BACKSLASH.search(text) is None:
            return False
        severity = Severity.ERROR if broken else Severity.WARNING
        message = f"{broken or 'A backslash with a letter'} is a control character in this string, not TeX."
        hint = 'Write a raw string: r"…".'
        self.findings.add("tex-not-raw", node, message, severity=severity, hint=hint, fix=self._raw(node))
        return broken is not None

    def _raw(self, node: ast.Constant) -> Fix | None:
        """Return the fix that makes a string raw, or doubles the lost backslashes where it needs the other ones."""
        text = self.findings.source.text(node)
        if not text.startswith(('"', "'")):
            return None
        one_line = node.lineno == node.end_lineno and text[1:].find(text[0]) == len(text) - 2
        return self.findings.replacing(node, "r" + text if one_line and _is_raw(text) else self._doubled(text))

    def _doubled(self, text: str) -> str:
        """Return a string's text with a second backslash before each letter that made a control character."""
        text = re.sub(r"(?<!\\)((?:\\\\)*)\\(?=[abfv])", r"\1\\\\", text)
        lost = r"(?<!\\)((?:\\\\)*)\\(?=text|theta|times|tau|tan|to\b|tfrac|rho\b|right|rangle)"
        return re.sub(lost, r"\1\\\\", text)

    def _control_in_parts(self, node: ast.JoinedStr) -> None:
        for part in node.values:
            if isinstance(part, ast.Constant) and any(character in str(part.value) for character in _BROKEN):
                message = "A backslash with a letter is a control character in this string, not TeX."
                text = self.findings.source.text(node)
                simple = text.startswith(("f'", 'f"')) and "\n" not in text
                mended = "r" + text if _is_raw(text) else self._doubled(text)
                fix = self.findings.replacing(node, mended) if simple else None
                self.findings.add("tex-not-raw", node, message, hint='Write a raw string: rf"…".', fix=fix)
                return

    def _unicode(self, strings: Sequence[ast.Constant | ast.JoinedStr], kind: str) -> bool:
        """Report characters that LaTeX does not have; return whether there are some."""
        table: dict[str, str] = self.data["unicode"]
        found = False
        for node in strings:
            bad = [c for c in _written(node) if self._is_foreign_character(c)]
            if not bad:
                continue
            found = True
            message = f"LaTeX has no character {bad[0]!r} in Manim's template."
            use = table.get(bad[0]) or self._script(bad[0])
            hint = f"Write {use}." if use else "Use Text for it."
            known = all(c in table or self._script(c) for c in bad)
            fix = self._spelled(node, kind) if known else None
            self.findings.add("tex-character", node, message, hint=hint, nearest=use, fix=fix)
        return found

    def _script(self, character: str) -> str | None:
        """Return the maths of a small raised or lowered character."""
        found: str | None = self.data["scripts"].get(character)
        return found

    def _is_foreign_character(self, character: str) -> bool:
        code = ord(character)
        if character in self.data["unicode"] or character in self.data["scripts"]:
            return True
        if character in self.data["unicode_without"]:
            return True
        return 0x370 <= code <= 0x52F or 0x3040 <= code <= 0x30FF or 0x4E00 <= code <= 0x9FFF or code >= 0x1F000

    def _spelled(self, node: ast.Constant | ast.JoinedStr, kind: str) -> Fix | None:
        """Return the fix that spells characters as commands, between dollars where the text is no maths."""
        text = self.findings.source.text(node)
        prefix = re.match("[a-z]*", text.lower())
        opening = prefix[0] if prefix else ""
        if opening not in {"", "r", "f", "rf", "fr"} or (kind != "MathTex" and kind not in TEXT_KINDS):
            return None
        pieces, in_maths = [], kind == "MathTex"
        characters = f"[{''.join(self.data['unicode'])}]|[{''.join(self.data['scripts'])}]+|[$]"
        inserted = r"|\{\{|\}\}|\{[^{}]*\}" if "f" in opening else ""
        for piece in re.split(f"({characters}{inserted})", text):
            if piece == "$" and kind != "MathTex":
                in_maths = not in_maths
            command = self._command(piece, "r" in opening, in_maths)
            changed = "f" in opening and command != piece
            pieces.append(command.replace("{", "{{").replace("}", "}}") if changed else command)
        return self.findings.replacing(node, "".join(pieces))

    def _command(self, piece: str, raw: bool, in_maths: bool) -> str:
        command: str | None = self.data["unicode"].get(piece)
        if command is not None:
            command += " " if in_maths else ""
        elif piece and all(self._script(c) for c in piece):
            kinds = {self.data["scripts"][c][0] for c in piece}
            letters = "".join(self.data["scripts"][c][1:] for c in piece)
            command = kinds.pop() + (letters if len(letters) == 1 else f"{{{letters}}}") if len(kinds) == 1 else None
        if command is None:
            return piece
        command = command if raw else command.replace("\\", "\\\\")
        return command if in_maths else f"${command}$"

    # ------------------------------------------------------------ commands

    def _foreign(self, strings: list[ast.Constant]) -> None:
        table: dict[str, str | None] = self.data["foreign_commands"]
        for node in strings:
            for found in _COMMAND.finditer(str(node.value)):
                if found[1] in table and not self._is_escaped(str(node.value), found.start()):
                    use = table[found[1]]
                    hint = f"Write {use}." if use else ""
                    message = f"Manim's TeX template has no \\{found[1]}."
                    fix = self.fixes.known(node)
                    self.findings.add("tex-command", node, message, hint=hint, nearest=use, fix=fix)

    def _is_escaped(self, text: str, at: int) -> bool:
        return at > 0 and text[at - 1] == "\\"

    def _environments(self, call: ast.Call, whole: str) -> None:
        open_ones: list[str] = []
        for word, name in _BEGIN_END.findall(whole):
            if word == "begin":
                open_ones.append(name)
            elif not open_ones or open_ones.pop() != name:
                self.findings.add("tex-environment", call, f"\\end{{{name}}} ends nothing that was begun.")
                return
        if open_ones:
            self.findings.add("tex-environment", call, f"\\begin{{{open_ones[-1]}}} is not ended.")

    def _percent(self, strings: list[ast.Constant]) -> None:
        for node in strings:
            text = str(node.value)
            if re.search(r"(?<!\\)%", text) and "\n" not in text:
                message = "% begins a comment in TeX: the rest is lost."
                hint = "Write \\% in a raw string."
                self.findings.add("tex-special", node, message, hint=hint, fix=self.fixes.escaped(node, "%"))
            elif re.search(r"(?<!\\)#", text):
                message = "# has a meaning of its own in TeX."
                self.findings.add("tex-special", node, message, hint="Write \\#.", fix=self.fixes.escaped(node, "#"))

    # ------------------------------------------------------------ maths in text, text in maths

    def _text(self, call: ast.Call, strings: list[ast.Constant], kind: str) -> None:
        joined = "".join(str(node.value) for node in strings)
        if joined.count("$") % 2:
            return
        if "$" in joined and any(str(node.value).count("$") % 2 for node in strings):
            return
        for node in strings:
            outside = _MATHS.sub("", str(node.value))
            found = self.maths.search(outside)
            if found:
                message = f"{found[0]} is maths, and {kind} sets text."
                hint = "Put the maths between $…$, or use MathTex."
                fix = self._as_maths(call, strings, kind) or self.fixes.in_dollars(node, self.maths)
                self.findings.add("tex-maths-in-text", node, message, hint=hint, nearest="MathTex", fix=fix)
                return
            if re.search(r"(?<!\\)&", outside):
                message = "& has a meaning of its own in TeX."
                fix = self.fixes.escaped(node, "&") if "begin" not in joined else None
                self.findings.add("tex-special", node, message, hint="Write \\&.", fix=fix)

    def _as_maths(self, call: ast.Call, strings: list[ast.Constant], kind: str) -> Fix | None:
        """Return the fix to MathTex for a string that is maths and nothing else."""
        text = str(strings[0].value)
        words = _words(text)
        if kind != "Tex" or len(strings) > 1 or words or "$" in text or not isinstance(call.func, ast.Name):
            return None
        return self.findings.replacing(call.func, "MathTex")

    def _math(self, call: ast.Call, strings: list[ast.Constant]) -> None:
        for node in strings:
            text = str(node.value)
            outside = _IN_TEXT.sub("", text)
            if re.search(r"(?<!\\)\$", outside):
                message = "MathTex is maths already; $ does not belong into it."
                fix = self._without_dollars(node)
                self.findings.add("tex-dollars", node, message, hint="Leave the $ out, or use Tex.", fix=fix)
            elif re.search(r"(?<!\\)\\[\[(]", outside):
                message = "MathTex is maths already; \\( and \\[ do not belong into it."
                fix = self.fixes.inside(node, MARKS)
                self.findings.add("tex-dollars", node, message, hint="Leave them out.", fix=fix)
            elif (whole := re.search(r"\\begin\{([a-z]+\*?)\}", text)) and whole[1] in _WHOLE:
                message = f"MathTex is an align* already; {whole[1]} does not belong into it."
                hint = "Leave the environment out, or use aligned."
                fix = self.fixes.inside(node, ALIGNED)
                self.findings.add("tex-environment", node, message, hint=hint, fix=fix)
            elif re.search(r"\n[ \t]*\n", text.strip()):
                fix = self.fixes.without_empty_lines(node)
                self.findings.add("tex-special", node, "An empty line ends the formula.", hint="Leave it out.", fix=fix)

    def _without_dollars(self, node: ast.Constant) -> Fix | None:
        text = self.findings.source.text(node)
        value = str(node.value)
        inner = value.strip("$")
        if value.startswith("$") and value.endswith("$") and "$" not in inner and "$" + inner + "$" in value:
            return self.findings.replacing(node, text.replace("$", ""))
        return None


def _words(text: str) -> list[str]:
    """Return the words of a text that are no commands and no names of environments."""
    return re.findall(r"[A-Za-z]{2,}", _COMMAND.sub(" ", _BEGIN_END.sub(" ", text)))


def _is_raw(text: str) -> bool:
    """Tell whether a string is written as if it were raw: no command's backslash is doubled, no line is broken."""
    return re.search(r"\\\\[A-Za-z]|\\n", text) is None


def _written(node: ast.Constant | ast.JoinedStr) -> str:
    """Return what a string says itself, without what is put into it."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))


def _flat(node: ast.expr) -> str | None:
    """Return the text of strings that are added together, with a number for what is put in; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "0" for part in node.values)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "str":
        return "0"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _flat(node.left), _flat(node.right)
        return None if left is None or right is None else left + right
    return None
