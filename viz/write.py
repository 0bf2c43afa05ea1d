"""A graph as the lines of a DOT source: what stands in each box, in which colours and shapes, which way edges point.

The default is torchviz's look, line for line. Everything past it is asked for by a ``Look``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from . import svg
from .fold import Box
from .graph import SAVED, Graph, TensorNode, Unreadable, read_saved
from .names import is_tensor

_FIRST_ID = 100_000  # ids all have six digits or more, as torchviz's: addresses there, steady numbers here
_LONGEST_NAME = 100  # characters; a longer one is cut in the picture
_FEW_NUMBERS = 12  # as many stand in a box; more are summarised
_FONT = "\tfontname=monospace fontsize=10\n"
_WITH_BOX = frozenset(("leaf", "saved", "kept"))
_EDGE_STYLE: dict[int | str, str] = {"saved": " [dir=none]", "kept": " [dir=none]", "view": " [style=dotted]"}
_COLORS = {"leaf": "lightblue", "output": "darkolivegreen1", "base": "darkolivegreen3", "saved": "orange"}

# Themes: colours by role, and beside them a shape or border for each, so that no colour is needed to tell them apart.
_SHAPES = {
    "leaf": "shape=box style={filled},rounded",
    "output": "shape=box style={filled} peripheries=2",
    "base": "shape=box style={filled},dashed peripheries=2",
    "saved": "shape=note style={filled}",
    "gone": "shape=note style=dashed",
    "function": "shape=box style={filled}",
    "module": "shape=box3d style={filled}",
    "cut": "shape=box style=dotted",
}
_THEMES: dict[str, dict[str, Any]] = {
    "light": {
        "ink": "#1d2430", "rule": "#667085", "ground": "white", "frame": "#f7f8fa", "leaf": "#cfe8f7",
        "output": "#cdeee0", "base": "#a8dcc6", "saved": "#fde3a7", "function": "#eceff3", "module": "#e8ddf1",
    },
    "dark": {
        "ink": "#e6e9ee", "rule": "#98a2b3", "ground": "#111418", "frame": "#181c22", "leaf": "#12384d",
        "output": "#123b2d", "base": "#0d5c40", "saved": "#5c4408", "function": "#242a33", "module": "#3b2a4d",
    },
    "print": {"ink": "black", "rule": "black", "ground": "white", "frame": "white"},
}  # fmt: skip
THEMES = tuple(_THEMES)
_LEGEND = {
    "leaf": "leaf: .grad is filled here",
    "function": "backward function",
    "output": "output",
    "base": "base of a view",
    "saved": "saved for backward",
    "gone": "saved, and freed or changed",
    "module": "module, folded",
    "cut": "left out",
}


@dataclass(slots=True)
class Look:
    """What a picture shows, and how; the fields are ``make_dot``'s arguments."""

    attrs: bool = False
    max_attr_chars: int = 50
    values: bool = False
    grads: bool = False
    versions: bool = False
    formulas: bool = False
    backward: bool = False
    legend: bool = False
    theme: str | None = None

    @property
    def plain(self) -> bool:
        """Whether this is torchviz's own look."""
        more = self.values or self.grads or self.versions or self.formulas
        return not (more or self.backward or self.legend or self.theme)

    def attributes(self) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        """Graphviz's default attributes for the graph, its nodes and its edges."""
        node = {
            "style": "filled", "shape": "box", "align": "left", "fontsize": "10", "ranksep": "0.1", "height": "0.2",
            "fontname": "monospace",
        }  # fmt: skip
        if self.theme is None:
            return {}, node, {}
        colors = _THEMES[self.theme]
        ink = {"color": colors["rule"], "fontcolor": colors["ink"]}
        graph = {"bgcolor": colors["ground"], "fontname": "monospace", "fontsize": "10"} | ink
        return graph, node | ink | {"fillcolor": colors.get("function", "white")}, {"color": colors["rule"]}


def write_body(graph: Graph, look: Look, from_leaves: bool = False) -> tuple[list[str], int]:
    """The lines of the DOT source, nodes first, and how many lines torchviz would have written (it sizes by them).

    A line without an arrow joins a function and what it saved; torchviz starts it at the function, ``from_leaves`` at
    the tensor if that is a leaf.
    """
    endings = {cls: f" [label={quote(kind.name)}]\n" for cls, kind in graph.kinds.items()}
    endings[TensorNode] = endings[Box] = ""
    names = ids(len(graph.nodes))
    kinds = list(map(type, graph.nodes))
    lines = [f"\t{name}{endings[kind]}" for name, kind in zip(names, kinds, strict=True)]
    boxes = [place for place, kind in enumerate(kinds) if kind is TensorNode]
    others = look.attrs or not look.plain or Box in kinds
    for place in range(len(lines)) if others else boxes:
        node = graph.nodes[place]
        lines[place] = f"\t{names[place]} [label={quote(_label(graph, node, look))}{_style(_role(node), look.theme)}]\n"

    def joined(source: int, target: int, feeds: int | str) -> str:
        style = " [style=dashed constraint=false]" if (source, target) in graph.loops else _EDGE_STYLE.get(feeds, "")
        backwards = look.backward or (feeds == "saved" and not (from_leaves and graph.nodes[source].role == "leaf"))
        start, end = (target, source) if backwards else (source, target)
        return f"\t{names[start]} -> {names[end]}{style}\n"

    if look.backward or graph.loops:
        lines += [joined(*edge) for edge in graph.edges]
    else:
        lines += [
            f"\t{names[source]} -> {names[target]}\n" if feeds.__class__ is int else joined(source, target, feeds)
            for source, target, feeds in graph.edges
        ]
    # torchviz writes the box of a leaf or a saved tensor not once, but with each of its edges.
    again = sum([feeds in _WITH_BOX for _, _, feeds in graph.edges if feeds.__class__ is str])
    once = sum([graph.nodes[place].role in ("leaf", "saved") for place in boxes])
    rows = len(lines) + again - once
    lines += _frames(graph, names)
    if look.legend:
        lines += _legend(graph, look)
    return lines, rows


_known_ids: list[str] = []


def ids(count: int) -> list[str]:
    """The names of the first ``count`` nodes: the same for every graph, so they are written once."""
    while len(_known_ids) < count:
        _known_ids.append(str(_FIRST_ID + len(_known_ids)))
    return _known_ids[:count]


# What stands in a box


def _label(graph: Graph, node: Any, look: Look) -> str:
    if type(node) is Box:
        return node.label
    if type(node) is TensorNode:
        return "\n ".join(_tensor_lines(node, look))
    label = _with_attributes(graph, node, look.max_attr_chars) if look.attrs else graph.kind(node).name
    if look.formulas:
        from .formulas import lines

        label = "\n".join([label, *lines(graph.kind(node).name)])
    return label


def _tensor_lines(node: TensorNode, look: Look) -> Iterator[str]:
    """A tensor's name and shape, and what else is asked for, a line each."""
    yield node.name if len(node.name) <= _LONGEST_NAME else node.name[: _LONGEST_NAME - 1] + "…"
    yield node.state if node.shape is None else f"({', '.join(map(str, node.shape))})"
    tensor = node.tensor
    if look.versions:
        if node.changed is not None:
            yield f"saved v{node.changed[0]} · now v{node.changed[1]}"
        elif tensor is not None:
            now = f"v{tensor._version}"
            yield f"saved {now} · now {now}" if node.role == "saved" else now
    if tensor is None:
        return
    if look.values:
        yield from value_lines(tensor)
    if look.grads and node.role != "saved" and (tensor.is_leaf or tensor.retains_grad):
        first, *more = ["None"] if tensor.grad is None else value_lines(tensor.grad)
        yield f".grad {first}"
        yield from more


def value_lines(tensor: Any) -> list[str]:
    """A tensor's numbers where they are few, a row a line; else their range."""
    tensor = tensor.detach()
    count = tensor.numel()
    if count == 0:
        return ["[]"]
    if count > _FEW_NUMBERS or tensor.dim() > 2:
        return [f"{_number(tensor.min().item())} to {_number(tensor.max().item())}"]
    values = tensor.tolist()
    if tensor.dim() == 0:
        return [_number(values)]
    rows = values if tensor.dim() == 2 else [values]
    texts = [[_number(value) for value in row] for row in rows]
    width = max(len(text) for row in texts for text in row) if len(rows) > 1 else 0
    lines = ["[" + " ".join(f"{text:>{width}}" for text in row) + "]" for row in texts]
    return lines if tensor.dim() == 1 or len(lines) == 1 else [f"[{lines[0]}", *lines[1:-1], f"{lines[-1]}]"]


def _number(value: float) -> str:
    return str(value) if isinstance(value, bool) else f"{value:.4g}"


def _with_attributes(graph: Graph, function: Any, max_chars: int) -> str:
    """The name of a function over a table of what it saved, in aligned columns."""
    name = graph.kind(function).name
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


# How a box looks


def _role(node: Any) -> str:
    if type(node) is TensorNode:
        return node.role if node.state == "held" else "gone"
    return node.role if type(node) is Box else "function"


def _style(role: str, theme: str | None) -> str:
    """The attributes of a box that differ from the default's."""
    if theme is not None:
        color = _THEMES[theme].get(role)
        shape = _SHAPES[role].format(filled="filled" if color else "")
        shape = re.sub(r"style=(\S*)", lambda m: f'style="{m[1].strip(",")}"', shape)
        return f" {shape}" + (f' fillcolor="{color}"' if color else "")
    if role == "gone":
        return ' fillcolor=white style="filled,dashed"'
    if role in ("module", "cut"):
        return f" {_SHAPES[role].format(filled='filled')}"
    return f" fillcolor={_COLORS[role]}" if role in _COLORS else ""


def _frames(graph: Graph, names: list[str]) -> list[str]:
    """Clusters, those inside others within them."""
    if not graph.clusters:
        return []
    order = {key: number for number, key in enumerate(graph.clusters)}
    inside: dict[str, list[str]] = {}
    for key, frame in graph.clusters.items():
        inside.setdefault(frame.inside, []).append(key)
    lines = []
    stack = [(key, False) for key in reversed(inside.get("", []))]
    while stack:
        key, closing = stack.pop()
        if closing:
            lines.append("\t}\n")
            continue
        frame = graph.clusters[key]
        lines += [f"\tsubgraph cluster_{order[key]} {{\n", f"\tlabel={quote(frame.label)} style=rounded\n", _FONT]
        lines += [f"\t{names[place]}\n" for place in frame.members]
        stack.append((key, True))
        stack += [(inner, False) for inner in reversed(inside.get(key, []))]
    return lines


def _legend(graph: Graph, look: Look) -> list[str]:
    """A frame that says what the boxes of this picture are."""
    present = {_role(node) for node in graph.nodes}
    roles = [role for role in _LEGEND if role in present]
    lines = ["\tsubgraph cluster_legend {\n", "\tlabel=legend style=dotted\n", _FONT]
    lines += [f"\tlegend_{role} [label={quote(_LEGEND[role])}{_style(role, look.theme)}]\n" for role in roles]
    lines += [f"\tlegend_{a} -> legend_{b} [style=invis]\n" for a, b in pairwise(roles)]
    return [*lines, "\t}\n"]


# Text

_PLAIN_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_KEYWORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}


@functools.lru_cache(maxsize=1000)
def quote(text: str) -> str:
    r"""``text`` as a DOT label that shows exactly these characters: no escapes, entities or markup of DOT's.

    >>> print(quote("AddBackward0"), quote('say "hi"'), quote(r"C:\new"), quote("<b>"), quote("&lt;"))
    AddBackward0 "say \"hi\"" "C:\\new" "<b>" "&amp;lt;"
    """
    if _PLAIN_ID.match(text) and text.lower() not in _KEYWORDS:
        return text
    text = svg.printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"&(?=#?\w+;)", "&amp;", text) + '"'
