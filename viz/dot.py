"""make_dot: a computation graph as a picture, with torchviz's signature, colours and labels.

The picture is a ``graphviz.Digraph``. It shows itself in a notebook and renders to SVG and PNG by the embedded
Graphviz, so nothing needs to be installed; ``.source`` is what torchviz would write, with steady numbers for ids.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import graphviz

from . import fold as folding
from . import formulas, layout, svg
from .graph import SAVED, Edge, Graph, TensorNode, Unreadable, read_saved
from .names import Names, describe, is_tensor
from .write import THEMES, Look, ids, write_body

_LARGE = 60  # nodes; beyond it, shared leaves are drawn once per use
_TOO_BIG_FOR_PNG = 500_000  # characters of SVG: such a picture would only make the notebook heavy
_STATES = {"freed": "freed by a backward pass", "changed": "changed in place since it was saved"}


def make_dot(
    var: Any,
    params: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
    show_attrs: bool = False,
    show_saved: bool = False,
    max_attr_chars: int = 50,
    *,
    names: Any = None,
    show_values: bool = False,
    show_grads: bool = False,
    show_versions: bool = False,
    show_formulas: bool = False,
    direction: str = "forward",
    rankdir: str | None = None,
    legend: bool = False,
    theme: str | None = None,
    depth: int | None = None,
    fold: bool = False,
    limit: int | None = 500,
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
            module, whose parameters are named ``layer1.weight``. ``params`` come first; what a recorder saw has its
            names already.
        show_values: the tensors' numbers where they are few, else their range.
        show_grads: the ``.grad`` of leaves, and of outputs that retain theirs.
        show_versions: the tensors' versions; of saved ones, that at which they were saved, and today's.
        show_formulas: what each function computes, and its derivative for each input.
        direction: "forward", or "backward" for edges that point the way gradients flow.
        rankdir: the way the picture runs: "TB", "LR", "BT" or "RL".
        legend: a frame that says what the boxes are.
        theme: "light", "dark" or "print" (black on white), where shapes tell the boxes apart as well as colours do.
            None: torchviz's colours.
        depth: how many levels of modules to open: 1 draws each child of the model as one box. Which module a function
            belongs to is what a recorder saw, or follows from the names of parameters.
        fold: draw a part that repeats three times or more once, marked ``× 12``.
        limit: the most nodes a picture has. A larger graph is folded, then cut, and the picture says so; ``.source``
            is whole all the same. None: no limit.

    Returns:
        A ``graphviz.Digraph``: the last line of a cell shows it, ``.source`` is its DOT, ``.render("name",
        format="png")`` writes a file.

    Raises:
        TypeError: ``var`` or one of ``params`` is not a tensor.
        ValueError: no output; a direction, rankdir, theme or depth that is none.
    """
    _check_outputs(var)
    _check_choice("direction", direction, ("forward", "backward"))
    _check_choice("rankdir", rankdir, (None, "TB", "LR", "BT", "RL"))
    _check_choice("theme", theme, (None, *THEMES))
    for name, number in (("depth", depth), ("limit", limit)):
        if not (number is None or number >= 1):
            raise ValueError(f"{name} is a number of at least 1, and got {number!r}")
    table = Names(params, names)
    look = Look(
        show_attrs, max_attr_chars, show_values, show_grads, show_versions, show_formulas,
        direction == "backward", legend, theme,
    )  # fmt: skip
    collecting = gc.isenabled()
    gc.disable()  # thousands of small tuples and no garbage: the collector would only go through them again and again
    try:
        graph = Graph(var, table.tensors, saved=show_saved or show_versions)
        if depth is not None or fold:
            graph = folding.folded(graph, table, depth, fold)
        dot = Dot.of(graph, look, table, limit)
    finally:
        if collecting:
            gc.enable()
    if rankdir is not None:
        dot.graph_attr["rankdir"] = rankdir
    return dot


class Dot(graphviz.Digraph):
    """A Digraph that lays itself out without a system ``dot``. ``.graph`` is the Graph it was made of."""

    graph: Graph | None = None
    _look: Look
    _names: Names
    _limit: int | None
    _written: list[str]

    @classmethod
    def of(cls, graph: Graph, look: Look, names: Names, limit: int | None) -> Dot:
        """The picture of ``graph``."""
        dot = cls.__new__(cls)  # graphviz's own constructor takes longer than drawing ten nodes
        dot.__dict__ |= vars(_EMPTY)
        dot.graph_attr, dot.node_attr, dot.edge_attr = look.attributes()
        dot.graph, dot._look, dot._names, dot._limit = graph, look, names, limit
        dot.body, rows = write_body(graph, look)
        dot._written = dot.body.copy()
        size = max(12, rows * 0.15)
        dot.graph_attr["size"] = f"{size},{size}"
        return dot

    def _drawn(self) -> tuple[str, Graph | None]:
        """The source to lay out, and the graph whose nodes and edges its first lines are.

        It is ``.source`` with three changes that only the layout sees: a graph over the limit is folded, another large
        one draws a shared leaf once per use, and a line to a saved leaf starts at the leaf, where a cycle would turn
        the picture round. Lines that the user added stay, and then nothing is folded.
        """
        count = 0 if self.graph is None else len(self._written)
        if self.graph is None or self.body[:count] != self._written:
            return self.source, None
        graph = self.graph
        if self._limit is not None and len(graph.nodes) > self._limit and not self.body[count:]:
            graph = folding.fitting(graph, self._names, self._limit)
        if len(graph.nodes) > _LARGE and not graph.clusters:
            graph = graph.with_leaves_drawn_per_use()
        copy = self.copy()
        copy.body = write_body(graph, self._look, from_leaves=True)[0] + self.body[count:]
        if graph.note:
            copy.graph_attr |= {"label": graph.note, "labelloc": "t", "fontname": "monospace", "fontsize": "10"}
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


_EMPTY = Dot()


def _tooltips(graph: Graph | None) -> tuple[dict[str, str], dict[str, str]]:
    """What the pointer reads on nodes and edges, for ``svg.page``."""
    if graph is None:
        return {}, {}
    nodes = {name: _describe_node(graph, node) for name, node in zip(ids(len(graph.nodes)), graph.nodes, strict=True)}
    edges = {f"edge{n}": _describe_edge(graph, Edge._make(edge)) for n, edge in enumerate(graph.edges, 1)}
    return nodes, edges


def _describe_node(graph: Graph, node: Any) -> str:
    if isinstance(node, folding.Box):
        return node.label
    if not isinstance(node, TensorNode):
        return _describe_function(graph, node)
    if node.tensor is None:
        return f"{node.name or 'saved tensor'}: {_STATES[node.state]}"
    kind = {"leaf": "leaf", "output": "output", "base": "base of a view", "saved": "saved tensor"}[node.role]
    dtype = str(node.tensor.dtype).rpartition(".")[2]
    return f"{node.name + ': ' if node.name else ''}{kind}, shape {node.shape}, {dtype}"


def _describe_function(graph: Graph, function: Any) -> str:
    """A function's name, the shape of what it made, what it saved, and its formulas, a line each."""
    name = graph.kind(function).name
    lines = [name]
    shapes = [tuple(made.shape) for made in getattr(function, "_input_metadata", ()) if made is not None]
    if shapes and not graph.kind(function).has_variable:
        lines.append("made shape " + ", ".join(map(str, shapes)))
    for key in graph.saved_names(function):
        value = read_saved(function, SAVED + key)
        if isinstance(value, Unreadable):
            lines.append(f"saved {key}: {_STATES[value.state]}")
        elif is_tensor(value):
            lines.append(f"saved {key}: shape {tuple(value.shape)}")
    return "\n".join([*lines, *formulas.lines(name)])


def _describe_edge(graph: Graph, edge: Edge) -> str:
    source, target = (graph.nodes[n] for n in (edge.source, edge.target))
    if isinstance(source, folding.Box) or isinstance(target, folding.Box):
        return "its outputs go here"
    if isinstance(edge.feeds, int):
        return f"{graph.kind(source).name} feeds input {edge.feeds} of {graph.kind(target).name}"
    return {
        "leaf": "its gradient is accumulated here",
        "output": "made here",
        "saved": "saved for backward",
        "kept": "saved for backward",
        "view": "a view of it",
    }[edge.feeds]


def _check_choice(name: str, value: Any, choices: tuple[Any, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is one of {', '.join(map(repr, choices))}, and got {value!r}")


def _check_outputs(var: Any) -> None:
    """Say what is wrong with ``var`` in words, before anything is read from it."""
    if isinstance(var, tuple | list) and len(var) == 0:
        raise ValueError("make_dot needs at least one output, and got an empty " + type(var).__name__)
    for place, output in enumerate(var) if isinstance(var, tuple | list) else [(None, var)]:
        if not (is_tensor(output) or hasattr(output, "next_functions")):
            where = "" if place is None else f" at position {place}"
            raise TypeError(f"make_dot draws a tensor, or a tuple of tensors, and got {describe(output)}{where}")


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
