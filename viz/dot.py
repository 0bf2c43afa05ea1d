"""make_dot: a computation graph as a picture, with torchviz's signature, colours and labels.

The picture is a ``graphviz.Digraph``. It shows itself in a notebook and renders to SVG and PNG by the embedded
Graphviz, so nothing needs to be installed; ``.source`` is what torchviz would write, with steady numbers for ids.
"""

from __future__ import annotations

import functools
import gc
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import graphviz

from . import layout, svg
from .graph import SAVED, Edge, Graph, TensorNode, Unreadable, is_tensor, read_saved

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
_LARGE = 60  # nodes; beyond it, shared leaves are drawn once per use
_TOO_BIG_FOR_PNG = 500_000  # characters of SVG: such a picture would only make the notebook heavy
_LONGEST_NAME = 100  # characters; a longer one is cut in the picture
_STATES = {"freed": "freed by a backward pass", "changed": "changed in place since it was saved"}
_WITH_BOX = frozenset(("leaf", "saved", "kept"))
_EDGE_STYLE = {"saved": " [dir=none]", "kept": " [dir=none]", "view": " [style=dotted]"}


def make_dot(
    var: Any,
    params: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
    show_attrs: bool = False,
    show_saved: bool = False,
    max_attr_chars: int = 50,
    *,
    names: Any = None,
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
        names: more names, from what is at hand: ``locals()`` (what is no tensor or module in it is passed over), or a
            module, whose parameters are named ``layer1.weight``. ``params`` come first.

    Returns:
        A ``graphviz.Digraph``: the last line of a cell shows it, ``.source`` is its DOT, ``.render("name",
        format="png")`` writes a file.

    Raises:
        TypeError: ``var`` or one of ``params`` is not a tensor.
    """
    _check_outputs(var)
    table = _names_around(names) | _names_given(params)
    write = functools.partial(_write_body, show_attrs=show_attrs, max_attr_chars=max_attr_chars)
    collecting = gc.isenabled()
    gc.disable()  # thousands of small tuples and no garbage: the collector would only go through them again and again
    try:
        return Dot.of(Graph(var, table, saved=show_saved), write)
    finally:
        if collecting:
            gc.enable()


class Dot(graphviz.Digraph):
    """A Digraph that lays itself out without a system ``dot``. ``.graph`` is the Graph it was made of."""

    graph: Graph | None = None
    _write: Callable[..., tuple[list[str], int]]
    _written: list[str]

    @classmethod
    def of(cls, graph: Graph, write: Callable[..., tuple[list[str], int]]) -> Dot:
        """The picture of ``graph``, whose lines and number of rows ``write`` gives."""
        dot = cls(node_attr=_NODE_STYLE)
        dot.graph, dot._write = graph, write
        dot.body, rows = write(graph)
        dot._written = dot.body.copy()
        size = max(12, rows * 0.15)
        dot.graph_attr["size"] = f"{size},{size}"
        return dot

    def _drawn(self) -> tuple[str, Graph | None]:
        """The source to lay out, and the graph whose nodes and edges its first lines are.

        It is ``.source`` with two changes that only the layout sees: a large graph draws a shared leaf once per use,
        and a line to a saved leaf starts at the leaf, where a cycle would turn the picture round. Lines that the user
        added stay.
        """
        count = 0 if self.graph is None else len(self._written)
        if self.graph is None or self.body[:count] != self._written:
            return self.source, None
        graph = self.graph if len(self.graph.nodes) <= _LARGE else self.graph.with_leaves_drawn_per_use()
        copy = self.copy()
        copy.body = self._write(graph, from_leaves=True)[0] + self.body[count:]
        return copy.source, graph

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
        format, engine = (format or self.format).lower(), engine or self.engine
        if renderer or formatter or neato_no_op is not None or not layout.is_embedded(format):
            layout.find_program(engine)
            rest: dict[str, Any] = {
                "renderer": renderer,
                "formatter": formatter,
                "neato_no_op": neato_no_op,
                "quiet": quiet,
            }
            return super().pipe(format, **rest, engine=engine, encoding=encoding)
        picture = layout.render(self._drawn()[0], format, engine)
        return picture if encoding is None else picture.decode(encoding)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        quiet_view: bool = False,
        *,
        outfile: str | os.PathLike[str] | None = None,
        engine: str | None = None,
        raise_if_result_exists: bool = False,
        overwrite_source: bool = False,
    ) -> str:
        """Write the source to ``filename`` and the picture beside it; return the picture's path.

        ``render("net", format="png")`` writes ``net`` and ``net.png``; ``cleanup=True`` removes the source again.
        The arguments are those of ``graphviz.Digraph.render``.
        """
        suffix = None if outfile is None else Path(outfile).suffix[1:]
        form, engine = (format or suffix or self.format).lower(), engine or self.engine
        if renderer or formatter or neato_no_op is not None or not layout.is_embedded(form):
            layout.find_program(engine)
            rest: dict[str, Any] = {
                "format": format,
                "renderer": renderer,
                "formatter": formatter,
                "neato_no_op": neato_no_op,
            }
            rest |= {"directory": directory, "view": view, "cleanup": cleanup, "quiet": quiet, "quiet_view": quiet_view}
            rest |= {"outfile": outfile, "engine": engine}
            rest |= {"raise_if_result_exists": raise_if_result_exists, "overwrite_source": overwrite_source}
            return str(super().render(filename, **rest))
        if outfile is not None and filename is None:
            filename = Path(outfile).with_suffix(".gv")
        source = Path(directory or self.directory, filename or self.filename)
        target = Path(f"{source}.{form}") if outfile is None else Path(directory or self.directory, outfile)
        if target == source and not overwrite_source:
            raise ValueError(f"outfile {str(outfile)!r} is the file of the source (overwrite_source=True allows it)")
        if raise_if_result_exists and target.exists():
            raise graphviz.FileExistsError(f"output file exists: {str(target)!r}")
        self.save(filename, directory=directory)
        target.write_bytes(self.pipe(form, engine=engine))
        if cleanup and target != source:
            source.unlink()
        if view or quiet_view:
            graphviz.view(str(target), quiet=quiet_view)
        return str(target)

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any
    ) -> dict[str, Any]:
        """What a notebook stores: HTML with the SVG inside, and a PNG for where HTML isn't shown."""
        wanted = set(include or ("text/html", "image/png", "text/plain")) - set(exclude or ())
        source, graph = self._drawn()
        picture = layout.render(source, "svg", self.engine).decode()
        bundle: dict[str, Any] = {}
        if "text/html" in wanted:
            bundle["text/html"] = svg.page(picture, *_tooltips(graph))
        if "image/svg+xml" in wanted:
            bundle["image/svg+xml"] = picture
        if "image/png" in wanted and len(picture) < _TOO_BIG_FOR_PNG:
            bundle["image/png"] = layout.png(picture)
        if "text/plain" in wanted:
            bundle["text/plain"] = repr(self)
        return bundle

    def __repr__(self) -> str:
        count = "" if self.graph is None else f" of {len(self.graph.nodes)} nodes and {len(self.graph.edges)} edges"
        return f"<graph{count}>"


def _tooltips(graph: Graph | None) -> tuple[dict[str, str], dict[str, str]]:
    """What the pointer reads on nodes and edges, for ``svg.page``."""
    if graph is None:
        return {}, {}
    nodes = {name: _describe_node(graph, node) for name, node in zip(_ids(len(graph.nodes)), graph.nodes, strict=True)}
    edges = {f"edge{n}": _describe_edge(graph, Edge._make(edge)) for n, edge in enumerate(graph.edges, 1)}
    return nodes, edges


def _describe_node(graph: Graph, node: Any) -> str:
    if not isinstance(node, TensorNode):
        return graph.kind(node).name
    if node.tensor is None:
        return f"{node.name or 'saved tensor'}: {_STATES[node.state]}"
    kind = {"leaf": "leaf", "output": "output", "base": "base of a view", "saved": "saved tensor"}[node.role]
    dtype = str(node.tensor.dtype).rpartition(".")[2]
    return f"{node.name + ': ' if node.name else ''}{kind}, shape {node.shape}, {dtype}"


def _describe_edge(graph: Graph, edge: Edge) -> str:
    source, target = (graph.nodes[n] for n in (edge.source, edge.target))
    if isinstance(edge.feeds, int):
        return f"{graph.kind(source).name} feeds input {edge.feeds} of {graph.kind(target).name}"
    return {
        "leaf": "its gradient is accumulated here",
        "output": "made here",
        "saved": "saved for backward",
        "kept": "saved for backward",
        "view": "a view of it",
    }[edge.feeds]


def _write_body(
    graph: Graph, show_attrs: bool, max_attr_chars: int, from_leaves: bool = False
) -> tuple[list[str], int]:
    """The lines of the DOT source, nodes first, and how many lines torchviz would have written (it sizes by them).

    A line without an arrow joins a function and what it saved; torchviz starts it at the function, ``from_leaves`` at
    the tensor if that is a leaf.
    """
    endings = {cls: f" [label={quote(kind.name)}]\n" for cls, kind in graph.kinds.items()}
    endings[TensorNode] = ""
    ids = _ids(len(graph.nodes))
    lines = [f"\t{name}{endings[type(node)]}" for name, node in zip(ids, graph.nodes, strict=True)]
    boxes = [place for place, node in enumerate(graph.nodes) if type(node) is TensorNode]
    for place in range(len(lines)) if show_attrs else boxes:
        node = graph.nodes[place]
        if type(node) is TensorNode:
            text = f"{quote(_tensor_label(node))}{_tensor_style(node)}"
        else:
            text = quote(_with_attributes(graph, node, max_attr_chars))
        lines[place] = f"\t{ids[place]} [label={text}]\n"

    def joined(source: int, target: int, relation: str) -> str:
        backwards = relation == "saved" and not (from_leaves and graph.nodes[source].role == "leaf")
        start, end = (target, source) if backwards else (source, target)
        return f"\t{ids[start]} -> {ids[end]}{_EDGE_STYLE.get(relation, '')}\n"

    lines += [
        f"\t{ids[source]} -> {ids[target]}\n" if feeds.__class__ is int else joined(source, target, str(feeds))
        for source, target, feeds in graph.edges
    ]
    # torchviz writes the box of a leaf or a saved tensor not once, but with each of its edges.
    again = sum([feeds in _WITH_BOX for _, _, feeds in graph.edges if feeds.__class__ is str])
    once = sum([graph.nodes[place].role in ("leaf", "saved") for place in boxes])
    return lines, len(lines) + again - once


_known_ids: list[str] = []


def _ids(count: int) -> list[str]:
    """The names of the first ``count`` nodes: the same for every graph, so they are written once."""
    while len(_known_ids) < count:
        _known_ids.append(str(_FIRST_ID + len(_known_ids)))
    return _known_ids[:count]


def _tensor_label(node: TensorNode) -> str:
    shape = node.shape
    name = node.name if len(node.name) <= _LONGEST_NAME else node.name[: _LONGEST_NAME - 1] + "…"
    return f"{name}\n {node.state if shape is None else '(' + ', '.join(map(str, shape)) + ')'}"


def _tensor_style(node: TensorNode) -> str:
    if node.state != "held":
        return ' fillcolor=white style="filled,dashed"'
    return f" fillcolor={_COLORS[node.role]}"


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


def _names_given(params: Mapping[str, Any] | Iterable[tuple[str, Any]] | None) -> dict[int, str]:
    table = {}
    for name, tensor in dict(params or {}).items():
        if not is_tensor(tensor):
            raise TypeError(f"params names tensors, and params[{name!r}] is {_describe(tensor)}")
        table[id(tensor)] = str(name)
    return table


def _names_around(names: Any) -> dict[int, str]:
    """The names of tensors in a namespace or a module, by ``id()``."""
    if names is None:
        return {}
    if hasattr(names, "named_parameters"):
        return {id(tensor): name for name, tensor in names.named_parameters()}
    if not isinstance(names, Mapping):
        raise TypeError(f"names takes locals(), a dict or a module, and got {_describe(names)}")
    table: dict[int, str] = {}
    modules = {}
    for name, value in names.items():
        # A notebook's namespace is full of _, _12 and the like.
        if not isinstance(name, str) or name.startswith("_") or isinstance(value, type | ModuleType):
            continue
        if is_tensor(value):
            table.setdefault(id(value), name)
        elif hasattr(value, "named_parameters"):
            modules[name] = value
    for name, module in modules.items():
        prefix = f"{name}." if len(modules) > 1 else ""
        for inner, tensor in module.named_parameters():
            table[id(tensor)] = prefix + inner
    return table


def save(what: Any, path: str | os.PathLike[str]) -> None:
    """Write a graph (a tensor's, or what make_dot returned) to a file in the format of its suffix; a Trace as JSON."""
    path = Path(path)
    if callable(getattr(what, "to_json", None)):  # a Trace
        path.write_text(what.to_json() + "\n", encoding="utf-8")
        return
    if not path.suffix[1:]:
        raise ValueError(f"the name says what to write: {path.name}.svg, {path.name}.png, ...")
    picture = what if isinstance(what, Dot) else make_dot(what)
    path.write_bytes(picture.pipe(path.suffix[1:]))
