"""The rule of unknown names: what is neither bound anywhere, nor imported, nor built in."""

from __future__ import annotations

import ast
import builtins
import functools

from manimatic.checking.api import nearest
from manimatic.checking.findings import Findings
from manimatic.checking.frames import Scope, bound_names
from manimatic.checking.oldcalls import box_fix, old_call_fix, shape_fix
from manimatic.checking.rewrites import read_rewrite, rewritten
from manimatic.checking.ruledata import css_color, read_data
from manimatic.checking.samewords import same_words
from manimatic.checking.shades import shade
from manimatic.checking.world import World
from manimatic.diagnostics import Edit, Fix

BUILTIN_NAMES = frozenset(dir(builtins)) | {
    "__file__",
    "__name__",
    "__doc__",
    "__class__",
    "__annotations__",
    "__path__",
}
PALETTES = frozenset({"Colors", "colors", "COLORS", "Color", "Colour", "Colours", "color", "ManimColors", "palette"})
"""Names that stand for a collection of colours elsewhere."""
TOWARDS = frozenset({"to_edge", "to_corner", "next_to", "align_to", "get_edge_center", "get_corner", "align_on_border"})
"""Methods that ask for a direction."""
MIN_SPELLED = 4
"""A shorter name may stand for anything, however it is spelled."""


class NameRule:
    """Walks through the scopes of a source and reports names that nothing binds."""

    def __init__(self, world: World, findings: Findings, *, short: bool) -> None:
        self.world, self.findings, self.short = world, findings, short
        others = read_data("other_manims.json")
        self.others, self.edges = others["names"], others["edges"]
        self.calls, self.shapes = others["calls"], others["shapes"]
        calls: dict[str, str | list[str]] = read_data("rewrites.json")["calls"]
        self.rewrites = {n: [read_rewrite(one) for one in ([t] if isinstance(t, str) else t)] for n, t in calls.items()}
        self.imports, self.owned, self.maths = others["imports"], others["owned_imports"], others["maths"]
        self.hidden = {n: f"from {module} import {n}" for module, names in others["hidden"].items() for n in names}
        self.dynamic = False
        self.known: frozenset[str] = frozenset()

    def check(self, tree: ast.Module) -> None:
        """Report every unknown name of a source."""
        if self.world.imports.foreign_star or self._is_dynamic(tree):
            return
        known = bound_names(tree) | self._declared_global(tree) | BUILTIN_NAMES
        if self.world.imports.star or self.short:
            known |= self.world.index.star
        self.known = known | ({"self"} if self.short else frozenset())
        self._scope(tree, ())

    def _is_dynamic(self, tree: ast.Module) -> bool:
        calls = {
            node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        return bool(calls & {"exec", "globals", "eval"})

    def _declared_global(self, tree: ast.Module) -> frozenset[str]:
        return frozenset(name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names)

    def _scope(self, node: Scope, outer: tuple[frozenset[str], ...]) -> None:
        own = frozenset() if isinstance(node, ast.Module) else bound_names(node)
        inner = outer if isinstance(node, ast.ClassDef) else (*outer, own)
        body = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
        for part in body:
            self._visit(part, (*outer, own), inner)

    def _report_palette(self, node: ast.Attribute, color: str) -> None:
        message = f"Manim has no {ast.unparse(node)}."
        fix = self.findings.replacing(node, color) if self.world.imports.star or self.short else None
        self.findings.add("unknown-color", node, message, hint=f"Write {color}.", nearest=color, fix=fix)

    def _visit(self, node: ast.AST, here: tuple[frozenset[str], ...], inner: tuple[frozenset[str], ...]) -> None:
        if isinstance(node, ast.Name):
            if self._is_unknown(node, here):
                self._report(node)
        elif isinstance(node, ast.Attribute) and (color := self._color_of(node, here)) is not None:
            self._report_palette(node, color)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and self._is_old(node.func, here):
            self._report_call(node, node.func)
            for child in (*node.args, *node.keywords):
                self._visit(child, here, inner)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            for part in self._outside_parts(node):
                self._visit(part, here, inner)
            self._scope(node, inner)
        elif isinstance(node, ast.Try) and any(self._catches_names(handler) for handler in node.handlers):
            with self.findings.muted():
                self._children(node, here, inner)
        else:
            self._children(node, here, inner)

    def _color_of(self, node: ast.Attribute, here: tuple[frozenset[str], ...]) -> str | None:
        """Return the colour that `Colors.BLUE` means, where nothing has that name."""
        if not isinstance(node.value, ast.Name) or node.value.id not in PALETTES:
            return None
        known = node.attr.upper() in self.world.index.colors & self.world.index.star
        return node.attr.upper() if known and self._is_unknown(node.value, here) else None

    def _is_unknown(self, node: ast.Name, here: tuple[frozenset[str], ...]) -> bool:
        loaded = isinstance(node.ctx, ast.Load)
        return loaded and node.id not in self.known and not any(node.id in names for names in here)

    def _is_old(self, node: ast.Name, here: tuple[frozenset[str], ...]) -> bool:
        imported = self.world.imports.star or self.short
        known = node.id in {"Box", *self.calls, *self.shapes, *self.rewrites}
        return imported and known and self._is_unknown(node, here)

    def _report_call(self, call: ast.Call, name: ast.Name) -> None:
        if name.id in self.rewrites and name.id not in self.calls and name.id not in self.shapes:
            ways = self.rewrites[name.id]
            fixes = ((way, rewritten(self.findings, call, way)) for way in ways)
            way, fix = next(((way, fix) for way, fix in fixes if fix is not None), (ways[0], None))
            self._report_old(name, way.shown, fix)
            return
        entry = self.calls.get(name.id) or self.shapes.get(name.id, {})
        use = self.others.get(name.id, entry)["use"]
        if name.id == "Box":
            fix = box_fix(self.findings, call)
        else:
            fix = (shape_fix if name.id in self.shapes else old_call_fix)(self.findings, call, entry)
        self._report_old(name, use, fix)

    def _report_old(self, name: ast.Name, use: str, fix: Fix | None) -> None:
        message = f"This Manim has no {name.id}."
        self.findings.add("other-manim-name", name, message, hint=f"Use {use}.", nearest=use, fix=fix)

    def _children(self, node: ast.AST, here: tuple[frozenset[str], ...], inner: tuple[frozenset[str], ...]) -> None:
        parts = (node.target, node.value) if isinstance(node, ast.AnnAssign) else ast.iter_child_nodes(node)
        for child in parts:
            if child is not None:
                self._visit(child, here, inner)

    def _outside_parts(self, node: Scope) -> list[ast.AST]:
        """Return what belongs to the scope around a definition; annotations are left alone."""
        if isinstance(node, ast.ClassDef):
            return [*node.decorator_list, *node.bases, *node.keywords]
        if isinstance(node, ast.Module):
            return []
        decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
        return [*decorators, *node.args.defaults, *(value for value in node.args.kw_defaults if value)]

    def _catches_names(self, handler: ast.ExceptHandler) -> bool:
        return handler.type is None or any(
            isinstance(part, ast.Name) and part.id in {"NameError", "Exception", "ImportError", "BaseException"}
            for part in ast.walk(handler.type)
        )

    def _report(self, node: ast.Name) -> None:
        name = node.id
        other = self.others.get(name)
        line = self._import_of(node) or (self.world.imports.star and self.hidden.get(name))
        if line:
            edit = self.findings.inserting(self._import_line(), 1, f"{line}\n")
            hint = f"Add `{line}`."
            self.findings.add("missing-import", node, f"{name} is not imported.", hint=hint, fix=Fix((edit,)))
        elif not self.world.imports.star and name in self.world.index.star:
            self._report_unimported(node)
        elif name in self.edges and self.world.imports.star:
            ways = id(node) in self._directions
            use = self.edges[name] if ways else f"(config.frame_y_radius * {self.edges[name]})"
            self._report_old(node, use, self.findings.replacing(node, use))
        elif name == "degrees" and id(node) not in self._functions:
            self._report_old(node, "DEGREES", self.findings.replacing(node, "DEGREES"))
        elif other is not None:
            self._report_old(
                node, other["use"], self.findings.replacing(node, other["use"]) if other.get("same") else None
            )
        elif spelled := self._spelled(name):
            self._report_old(node, spelled, self.findings.replacing(node, spelled))
        elif css_color(name) and name.isupper():
            self._report_color(node, f'ManimColor("{css_color(name)}")')
        elif (expression := shade(name, self.world.index)) is not None:
            self._report_color(node, expression)
        elif name in self.maths:
            use = f"np.{self.maths[name]}"
            fix = self.findings.replacing(node, use) if self.world.imports.star or self.short else None
            self.findings.add("missing-import", node, f"{name} is not defined.", nearest=use, fix=fix)
        else:
            self.findings.add("unknown-name", node, f"{name} is not defined.", nearest=self._nearest(name))

    def _import_of(self, node: ast.Name) -> str | None:
        """Return the import of a name that certainly means it: a module's where something of it is used."""
        if (owned := self.owned.get(node.id)) and self._owners.get(id(node)) in owned:
            return str(owned[self._owners[id(node)]])
        if node.id == "product" and id(node) in self._pairs:
            return "from itertools import product"
        line: str | None = self.imports.get(node.id)
        return line if line is None or not line.startswith("import ") or id(node) in self._owners else None

    @functools.cached_property
    def _owners(self) -> dict[int, str]:
        """Return the expressions of which an attribute is used, with its name."""
        return {id(n.value): n.attr for n in ast.walk(self.findings.source.tree) if isinstance(n, ast.Attribute)}

    @functools.cached_property
    def _calls(self) -> list[ast.Call]:
        return [node for node in ast.walk(self.findings.source.tree) if isinstance(node, ast.Call)]

    @functools.cached_property
    def _functions(self) -> frozenset[int]:
        """Return what is called, or given to a call as a function."""
        return frozenset(id(node.func) for node in self._calls)

    @functools.cached_property
    def _pairs(self) -> frozenset[int]:
        """Return what is called with several arguments."""
        return frozenset(id(call.func) for call in self._calls if len(call.args) > 1 or call.keywords)

    @functools.cached_property
    def _directions(self) -> frozenset[int]:
        """Return the names in arguments that are directions, alone or in a sum."""
        methods = [c for c in self._calls if isinstance(c.func, ast.Attribute) and c.func.attr in TOWARDS]
        values = [part for call in methods for part in (*call.args, *(word.value for word in call.keywords))]
        sums = [part for value in values if isinstance(value, ast.BinOp) for part in (value.left, value.right)]
        return frozenset(map(id, [*values, *sums]))

    def _report_color(self, node: ast.Name, use: str) -> None:
        fix = self.findings.replacing(node, use) if self.world.imports.star or self.short else None
        message = f"Manim has no colour {node.id}."
        self.findings.add("unknown-color", node, message, hint=f"Write {use}.", nearest=use, fix=fix)

    def _report_unimported(self, node: ast.Name) -> None:
        edit: Edit = self.findings.inserting(self._import_line(), 1, "from manim import *\n")
        hint = "Add `from manim import *`."
        self.findings.add("missing-import", node, f"{node.id} is not imported from manim.", hint=hint, fix=Fix((edit,)))

    def _spelled(self, name: str) -> str | None:
        """Return the one name of Manim that differs only in capitals and underscores, if it is no variable."""
        if len(name) < MIN_SPELLED or name.islower() or not (self.world.imports.star or self.short):
            return None
        folded = name.replace("_", "").lower()
        found = [one for one in self.world.index.star if one.replace("_", "").lower() == folded and not one.islower()]
        if len(found) == 1 or name.isupper():
            return found[0] if len(found) == 1 else None
        return same_words(name, filter(self.world.index.has_class, self.world.index.star))

    def _nearest(self, name: str) -> str | None:
        own = {word for word in self.known if word not in BUILTIN_NAMES}
        return nearest(name, own) if len(name) > 2 else None

    def _import_line(self) -> int:
        """Return the line before which an import may be put: behind the docstring and `__future__`."""
        line = 1
        for node in self.findings.source.tree.body:
            future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
            text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if not (future or text):
                break
            line = (node.end_lineno or node.lineno) + 1
        return line
