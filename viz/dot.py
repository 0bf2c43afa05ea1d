"""make_dot: a computation graph as a picture, with torchviz's signature, colours and labels.

The picture is a ``graphviz.Digraph``. It shows itself in a notebook and renders to SVG and PNG by the embedded
Graphviz, so nothing needs to be installed; ``.source`` is what torchviz would write, with steady numbers for ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import graphviz

from . import layout
from .graph import SAVED, Graph, TensorNode, Unreadable, is_tensor, read_saved

_COLORS = {"leaf": "lightblue", "output": "darkolivegreen1", "base": "darkolivegreen3", "saved": "orange"}
_NODE_STYLE = {
    "style": "filled",
    "shape": "box",
    "align": "left",
    "fontsize": "10",
    "ranksep": "0.1",
    "height": "0.2",
    "fontname": "monospace",
}
_FIRST_ID = 100_000  # ids all have six digits or more, as torchviz's: addresses there, steady numbers here
_EDGE_STYLE = {"saved": " [dir=none]", "kept": " [dir=none]", "view": " [style=dotted]"}


def make_dot(
    var: Any,
    params: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
    show_attrs: bool = False,
    show_saved: bool = False,
    max_attr_chars: int = 50,
) -> Dot:
    """Draw the graph that ``var.backward()`` would walk.

    Grey boxes are backward functions. The others are tensors: blue for leaves whose ``.grad`` will be filled,
    green for outputs (dark green for the base of an output that is a view), orange for saved tensors.

    Args:
        var: the output, or a tuple or list of outputs; of minigrad or PyTorch.
        params: names for tensors: a dict, or ``model.named_parameters()``.
        show_attrs: list what a function saved besides tensors (``dim``, ``alpha``, ...).
        show_saved: draw the tensors that built-in functions saved; those of custom Functions are always drawn.
        max_attr_chars: how much of an attribute is shown.

    Returns:
        A ``graphviz.Digraph``: the last line of a cell shows it, ``.source`` is its DOT, ``.render("name",
        format="png")`` writes a file.

    Raises:
        TypeError: ``var`` or one of ``params`` is not a tensor.
    """
    _check_outputs(var)
    graph = Graph(var, _name_table(params), saved=show_saved)
    return Dot(graph, show_attrs, max_attr_chars)


class Dot(graphviz.Digraph):  # type: ignore[misc]
    """A Digraph that lays itself out without a system ``dot``. ``.graph`` is the Graph it shows."""

    def __init__(self, graph: Graph, show_attrs: bool = False, max_attr_chars: int = 50) -> None:
        super().__init__(node_attr=_NODE_STYLE)
        self.graph = graph
        self.body, rows = _write_body(graph, show_attrs, max_attr_chars)
        size = max(12, rows * 0.15)
        self.graph_attr["size"] = f"{size},{size}"

    def pipe(
        self,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """The picture as bytes, or as text when ``encoding`` is given. The default format is ``self.format``."""
        form = _full_format(format or self.format, renderer, formatter)
        if neato_no_op is not None:
            return super().pipe(form, renderer, formatter, neato_no_op, quiet, engine=engine, encoding=encoding)
        picture = layout.render(self.source, form, engine or self.engine)
        return picture if encoding is None else picture.decode(encoding)

    def _repr_image_svg_xml(self) -> str:
        return str(self.pipe("svg", encoding="utf-8"))


def _full_format(format: str, renderer: str | None, formatter: str | None) -> str:
    if formatter is not None and renderer is None:
        raise graphviz.RequiredArgumentError("formatter given without renderer")
    return ":".join(part for part in (format.lower(), renderer, formatter) if part)


def _write_body(graph: Graph, show_attrs: bool, max_attr_chars: int) -> tuple[list[str], int]:
    """The lines of the DOT source, nodes first, and how many lines torchviz would have written (it sizes by them)."""
    lines: list[str] = []
    endings: dict[type, str] = {}
    rows = len(graph.nodes) + len(graph.edges)
    for number, node in enumerate(graph.nodes, _FIRST_ID):
        cls = type(node)
        if cls is TensorNode:
            lines.append(f"\t{number} [label={quote(_tensor_label(node))}{_tensor_style(node)}]\n")
            rows -= node.role in ("leaf", "saved")
            continue
        ending = endings.get(cls)
        if ending is None or show_attrs:
            name = graph.kind(node).name
            label = _with_attributes(graph, node, name, max_attr_chars) if show_attrs else name
            ending = endings[cls] = f" [label={quote(label)}]\n"
        lines.append(f"\t{number}{ending}")
    ids = [str(number) for number in range(_FIRST_ID, _FIRST_ID + len(graph.nodes))]
    for source, target, feeds in graph.edges:
        if feeds.__class__ is int:
            lines.append(f"\t{ids[source]} -> {ids[target]}\n")
            continue
        rows += feeds in ("leaf", "saved", "kept")  # the box of such a tensor is written again with each edge
        if feeds == "saved":
            source, target = target, source
        lines.append(f"\t{ids[source]} -> {ids[target]}{_EDGE_STYLE.get(feeds, '')}\n")
    return lines, rows


def _tensor_label(node: TensorNode) -> str:
    shape = node.shape
    return f"{node.name}\n {node.state if shape is None else '(' + ', '.join(map(str, shape)) + ')'}"


def _tensor_style(node: TensorNode) -> str:
    if node.state != "held":
        return ' fillcolor=white style="filled,dashed"'
    return f" fillcolor={_COLORS[node.role]}"


def _with_attributes(graph: Graph, function: Any, name: str, max_chars: int) -> str:
    """The name of a function over a table of what it saved, in aligned columns."""
    values = {}
    for key in graph.saved_names(function):
        value = read_saved(function, SAVED + key)
        if isinstance(value, Unreadable):
            values[key] = f"[{value.state}]"
        elif is_tensor(value):
            values[key] = "[saved tensor]"
        elif isinstance(value, tuple) and any(map(is_tensor, value)):
            values[key] = "[saved tensors]"
        else:
            values[key] = str(value)
    if not values:
        return name
    key_width = max(map(len, values))
    value_width = min(max(map(len, values.values())), max(max_chars, 3))
    rows = [
        f"{key:<{key_width}}: {value if len(value) <= value_width else value[: value_width - 3] + '...':>{value_width}}"
        for key, value in values.items()
    ]
    return "\n".join([name, "-" * max(key_width + value_width + 2, len(name)), *rows])


_PLAIN_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_KEYWORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}
# What XML and C strings cannot hold, and halves of characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def quote(text: str) -> str:
    r"""``text`` as a DOT label that shows exactly these characters: no escapes, entities or markup of DOT's.

    >>> print(quote("AddBackward0"), quote('say "hi"'), quote(r"C:\new"), quote("<b>"), quote("&lt;"))
    AddBackward0 "say \"hi\"" "C:\\new" "<b>" "&amp;lt;"
    """
    if _PLAIN_ID.match(text) and text.lower() not in _KEYWORDS:
        return text
    text = _UNPRINTABLE.sub("\ufffd", text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"&(?=#?\w+;)", "&amp;", text) + '"'


def _check_outputs(var: Any) -> None:
    """Say what is wrong with ``var`` in words, before anything is read from it."""
    if isinstance(var, tuple | list) and len(var) == 0:
        raise ValueError("make_dot needs at least one output, and got an empty " + type(var).__name__)
    for place, output in enumerate(var) if isinstance(var, tuple | list) else [(None, var)]:
        if not (is_tensor(output) or hasattr(output, "next_functions")):
            where = "" if place is None else f" at position {place}"
            raise TypeError(f"make_dot draws a tensor, or a tuple of tensors, and got {_describe(output)}{where}")


def _describe(value: Any) -> str:
    if value is None:
        return "None (backward() returns None: pass its tensor instead)"
    return f"a {type(value).__module__}.{type(value).__qualname__}".replace("builtins.", "")


def _name_table(params: Mapping[str, Any] | Iterable[tuple[str, Any]] | None) -> dict[int, str]:
    table = {}
    for name, tensor in dict(params or {}).items():
        if not is_tensor(tensor):
            raise TypeError(f"params names tensors, and params[{name!r}] is {_describe(tensor)}")
        table[id(tensor)] = str(name)
    return table
