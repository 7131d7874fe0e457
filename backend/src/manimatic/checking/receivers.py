"""The fix of what is asked of a graph, and is the axes' to do."""

from __future__ import annotations

import ast

from manimatic.checking.findings import Findings
from manimatic.diagnostics import Edit, Fix

OF_AXES = {
    "get_area": "get_area",
    "get_area_under_graph": "get_area",
    "get_area_under_curve": "get_area",
    "get_riemann_rectangles": "get_riemann_rectangles",
    "get_graph_label": "get_graph_label",
    "get_label": "get_graph_label",
    "get_derivative": "plot_derivative_graph",
    "get_derivative_graph": "plot_derivative_graph",
    "derivative": "plot_derivative_graph",
    "get_antiderivative": "plot_antiderivative_graph",
    "get_vertical_lines_to_graph": "get_vertical_lines_to_graph",
}
"""What axes do with a graph that they are given first, by what graphs are asked for."""
OF_AXES_AT = {
    **dict.fromkeys(("get_slope", "get_slope_at", "slope_at", "get_slope_of_tangent"), "slope_of_tangent"),
    **dict.fromkeys(("get_tangent_line", "get_tangent", "tangent_line", "get_tangent_line_at"), "get_tangent_line"),
    **dict.fromkeys(("get_vertical_line_to_graph",), "get_vertical_line_to_graph"),
    **dict.fromkeys(("angle_of_tangent", "get_angle_of_tangent"), "angle_of_tangent"),
}
"""What axes do with a number and a graph, in this order."""
PLOTS = frozenset({"plot", "get_graph"})


def graphs_fix(findings: Findings, call: ast.Call, node: ast.Attribute) -> tuple[str, Fix | None] | None:
    """Return what the axes of a graph do in its place, with the fix; None for any other method."""
    if node.attr not in OF_AXES and node.attr not in OF_AXES_AT:
        return None
    use = OF_AXES.get(node.attr) or OF_AXES_AT[node.attr]
    axes = _axes_of(findings, node.value)
    if axes is None or any(isinstance(part, ast.Starred) for part in call.args):
        return f"axes.{use}", None
    graph = findings.source.text(node.value)
    edits = [Edit(findings.source.span(node), f"{axes}.{use}")]
    if node.attr in OF_AXES_AT:
        if len(call.args) != 1:
            return f"{axes}.{use}", None
        span = findings.source.span(call.args[0])
        return f"{axes}.{use}", Fix((*edits, findings.inserting(span.end_line, span.end_column, f", {graph}")))
    parts = [*map(findings.source.text, call.args), *(findings.source.text(w.value) for w in call.keywords)]
    span = findings.source.span(node)
    comma = ", " if parts else ""
    return f"{axes}.{use}", Fix((*edits, findings.inserting(span.end_line, span.end_column + 1, f"{graph}{comma}")))


def _axes_of(findings: Findings, graph: ast.expr) -> str | None:
    """Return the axes that have plotted every graph of this name."""
    if not isinstance(graph, (ast.Name, ast.Attribute)):
        return None
    name, owners = ast.unparse(graph), set()
    for node in ast.walk(findings.source.tree):
        if isinstance(node, ast.Assign) and name in {ast.unparse(target) for target in node.targets}:
            owners.add(_plotter(node.value))
    return owners.pop() if len(owners) == 1 else None


def _plotter(node: ast.expr) -> str | None:
    func = node.func if isinstance(node, ast.Call) else None
    if not isinstance(func, ast.Attribute):
        return None
    if func.attr in PLOTS and isinstance(func.value, (ast.Name, ast.Attribute)):
        return ast.unparse(func.value)
    return _plotter(func.value)
