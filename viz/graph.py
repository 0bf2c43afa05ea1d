"""From a tensor back to its leaves: the computation graph as plain nodes and edges.

It looks only at ``grad_fn``, ``next_functions``, ``variable``, ``_saved_*`` and ``_base``, which PyTorch and minigrad
both have, so it reads the graph of either. One walk, without recursion; nodes are numbered in the order they are met,
so the same computation gives the same graph on every run.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from .names import is_tensor

if TYPE_CHECKING:
    from .fold import Cluster

SAVED = "_saved_"

# What a tensor's box stands for. A tensor that is several of these takes the last.
ROLES = ("saved", "base", "output", "leaf")


@dataclass(slots=True)
class TensorNode:
    """A tensor in the picture. ``state`` is "held", or why a saved tensor can't be read: "freed" or "changed"."""

    role: str
    name: str
    tensor: Any
    state: str = "held"
    changed: tuple[int, int] | None = None  # the version that was saved, and the one it has now, where they differ

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Its shape; None when it is gone."""
        return None if self.tensor is None else tuple(self.tensor.shape)

    @property
    def label(self) -> str:
        """Its name and shape on one line: ``layer1.weight (256, 784)``."""
        size = self.state if self.shape is None else f"({', '.join(map(str, self.shape))})"
        return f"{self.name} {size}".strip()


class Edge(NamedTuple):
    """An edge between two nodes, by their numbers, in the direction of the forward computation.

    ``feeds`` is a number for an edge between functions: which input of ``target`` it feeds (the position in its
    ``next_functions``; a gradient travels back along it). Else it says what joins a tensor and a function: "leaf"
    (a variable and its AccumulateGrad), "output", "saved", "kept" (saved by a custom Function) or "view"
    (a base and its view).
    """

    source: int
    target: int
    feeds: int | str


class Graph:
    """The graph behind one or more outputs.

    Attributes:
        nodes: ``grad_fn`` objects and TensorNodes; a node's number is its place here.
        edges: plain tuples, each an ``Edge`` (``map(Edge._make, graph.edges)`` names the fields).
        paths: the module a node belongs to, by its number.
        ages: when a function was made, by its number.
        clusters: frames to draw around nodes.
        loops: edges from one repetition of a part that is drawn once to the next.
        note: what was left out or drawn once, for the reader of the picture.
    """

    def __init__(self, outputs: Any, names: Mapping[int, str] | None = None, saved: bool = False) -> None:
        """Read the graph of ``outputs``: a tensor, a ``grad_fn``, or a tuple or list of them.

        Args:
            outputs: where to start.
            names: names of tensors, by ``id()``.
            saved: also read what built-in functions saved. What custom Functions saved is always read.
        """
        self.nodes: list[Any] = []
        self.edges: list[tuple[int, int, int | str]] = []
        self._names = names or {}
        self._read_saved = saved
        self._numbers: dict[Any, int] = {}  # of functions
        self._tensor_numbers: dict[int, int] = {}  # of tensors by id(); self.nodes keeps them alive
        self.kinds: dict[type, _Kind] = {}  # of all functions in nodes, by class
        # Filled by viz.fold, for pictures that need them.
        self.paths: dict[int, str] = {}
        self.ages: dict[int, int] = {}
        self.clusters: dict[str, Cluster] = {}
        self.loops: set[tuple[int, int]] = set()
        self.note = ""
        for output in outputs if isinstance(outputs, tuple | list) else (outputs,):
            if hasattr(output, "next_functions"):
                self._walk(output)
            else:
                self._add_output(output)

    def kind(self, function: Any) -> _Kind:
        """What every node of ``function``'s class has in common."""
        cls = type(function)
        kind = self.kinds.get(cls)
        if kind is None:
            kind = self.kinds[cls] = _Kind(function)
        return kind

    def saved_names(self, function: Any) -> list[str]:
        """The names under which ``function`` shows what it saved, without the prefix."""
        kind = self.kind(function)
        if kind.saved_names is not None:
            return kind.saved_names
        names = [name[len(SAVED) :] for name in dir(function) if name.startswith(SAVED)]
        own: Any = type(function).__dir__
        if own is object.__dir__:  # another __dir__ may answer differently for each node
            kind.saved_names = names
        return names

    def with_leaves_drawn_per_use(self) -> Graph:
        """The same graph for a picture: a leaf that many functions use stands once beside each of them.

        Left shared, the weights of an unrolled RNN tie all of its steps together, and the layout takes minutes.
        """
        users: dict[int, set[int]] = {}
        for source, target, feeds in self.edges:
            if feeds != "leaf":
                users.setdefault(source, set()).add(target)
        variables = {target: source for source, target, feeds in self.edges if feeds == "leaf"}
        shared = {n for n, found in users.items() if len(found) > 1 and (n in variables or self._is_loose(n))}
        shared |= {variables[n] for n in shared if n in variables}

        drawn = Graph(())
        drawn.kinds, drawn.note = self.kinds, self.note
        places: dict[tuple[int, int], int] = {}  # where a node is drawn: (node, its user if it is shared)

        def place(number: int, user: int = -1) -> int:
            key = (number, user if number in shared else -1)
            if key not in places:
                places[key] = len(drawn.nodes)
                drawn.nodes.append(self.nodes[number])
                if number in shared and number in variables:
                    drawn.edges.append((place(variables[number], places[key]), places[key], "leaf"))
            return places[key]

        for number in range(len(self.nodes)):
            if number not in shared:
                place(number)
        for source, target, feeds in self.edges:
            if target not in shared:
                drawn.edges.append((place(source, target), place(target), feeds))
        return drawn

    def _is_loose(self, number: int) -> bool:
        """Whether this is a tensor's box that nothing computes."""
        node = self.nodes[number]
        return isinstance(node, TensorNode) and node.role in ("leaf", "saved")

    def _add_output(self, tensor: Any) -> None:
        if id(tensor) in self._tensor_numbers:
            node = self.nodes[self._tensor_numbers[id(tensor)]]
            if node.role in ("output", "leaf"):
                return
        number = self._add_tensor("output", tensor)
        if tensor.grad_fn is not None:
            self.edges.append((self._walk(tensor.grad_fn), number, "output"))
        if tensor._is_view():
            # A view of a view has the same base, so one step is all there is.
            base = tensor._base
            new = id(base) not in self._tensor_numbers
            base_number = self._add_tensor("base", base)
            if new and base.grad_fn is not None:
                self.edges.append((self._walk(base.grad_fn), base_number, "output"))
            self.edges.append((base_number, number, "view"))

    def _add_tensor(self, role: str, tensor: Any, name: str = "") -> int:
        number = self._tensor_numbers.get(id(tensor))
        if number is None:
            number = self._tensor_numbers[id(tensor)] = len(self.nodes)
            self.nodes.append(TensorNode(role, name or self._names.get(id(tensor), ""), tensor))
            return number
        node = self.nodes[number]
        if ROLES.index(role) > ROLES.index(node.role):
            node.role, node.name = role, self._names.get(id(tensor), "")
        elif node.role == role == "saved" and name:
            node.name = name
        return number

    def _walk(self, root: Any) -> int:
        """Add what can be reached from ``root``, in the order of a depth-first search; return root's number."""
        nodes, edges, numbers = self.nodes, self.edges, self._numbers
        known = numbers.get(root)
        if known is not None:
            return known
        first, first_edge = len(nodes), len(edges)
        bare: set[type] = set()  # classes whose nodes have no tensors to show
        stack: list[tuple[Any, int, int]] = [(root, -1, 0)]  # a function, and the input of which node it feeds
        while stack:
            function, target, position = stack.pop()
            while function is not None:
                new = len(nodes)
                number = numbers.setdefault(function, new)
                edges.append((number, target, position))
                if number != new:
                    break
                nodes.append(function)
                if type(function) not in bare and not self._add_tensors_of(function, number):
                    bare.add(type(function))
                inputs = function.next_functions
                if not inputs:
                    break
                # The first input is next; the others wait on the stack, the last at the bottom.
                if len(inputs) > 1:
                    for position in range(len(inputs) - 1, 0, -1):
                        if inputs[position][0] is not None:
                            stack.append((inputs[position][0], number, position))  # noqa: PERF401
                function, target, position = inputs[0][0], number, 0
        del edges[first_edge]  # of the root, which feeds nothing
        return first

    def _add_tensors_of(self, function: Any, number: int) -> bool:
        """Add a function's variable and what it saved; False if nodes of its class never have any to show."""
        kind = self.kind(function)
        if self._read_saved:
            saved: list[tuple[str, Any]] = []
            for name in self.saved_names(function):
                value = read_saved(function, SAVED + name)
                if isinstance(value, tuple):
                    saved += [(f"{name}[{i}]", item) for i, item in enumerate(value)]
                else:
                    saved.append((name, value))
            for name, value in saved:
                same = [other for other, item in saved if item is value]  # in h * h: self and other
                self._add_saved(number, value, ", ".join(same) if is_tensor(value) else name, "saved")
        if kind.has_variable and function.variable is not None:
            self.edges.append((self._add_tensor("leaf", function.variable), number, "leaf"))
        if kind.keeps_tensors:
            kept = read_saved(function, "saved_tensors")
            for value in kept if isinstance(kept, tuple | list) else (kept,):
                self._add_saved(number, value, "", "kept")
        return self._read_saved or kind.has_variable or kind.keeps_tensors

    def _add_saved(self, function: int, value: Any, name: str, relation: str) -> None:
        if isinstance(value, Unreadable):
            self.nodes.append(TensorNode("saved", name, None, value.state, value.versions))
            self.edges.append((len(self.nodes) - 1, function, relation))
        elif is_tensor(value):
            self.edges.append((self._add_tensor("saved", value, name), function, relation))


class _Kind:
    """What all nodes of one class have in common, so that it is looked up once."""

    __slots__ = ("has_variable", "keeps_tensors", "name", "saved_names")

    def __init__(self, function: Any) -> None:
        cls = type(function)
        self.name: str = cls.__name__
        self.has_variable = hasattr(function, "variable")
        # A custom Function's node shows what it saved as `saved_tensors`; reading it here could raise.
        kept = getattr(cls, "saved_tensors", None)
        self.keeps_tensors = kept is not None and not callable(kept)
        self.saved_names: list[str] | None = None


@dataclass(slots=True)
class Unreadable:
    """In the place of a saved value that can't be read: "freed", or "changed" in place since it was saved."""

    state: str
    versions: tuple[int, int] | None = None  # of a changed one: when it was saved, and now


def read_saved(function: Any, attribute: str) -> Any:
    """The value of an attribute that holds saved tensors, or an Unreadable."""
    try:
        return getattr(function, attribute)
    except RuntimeError as error:
        versions = re.search(r"is at version (\d+); expected version (\d+)", str(error))
        return Unreadable("freed") if versions is None else Unreadable("changed", (int(versions[2]), int(versions[1])))


# The graph itself, for other programs and for a terminal.


def to_json(source: Any) -> str:
    """The graph of a tensor (or of what make_dot returned) as JSON: a list of nodes and a list of edges.

    An edge's ``argument`` is the position of the input it feeds; other edges say in ``kind`` what they mean.

    >>> import minigrad as torch
    >>> print(to_json(torch.ones(1, requires_grad=True) * 2)[:74])
    {"nodes": [{"id": 0, "kind": "output", "name": "", "shape": [1], "dtype":
    """
    return json.dumps(_plain(_graph_of(source)))


def to_networkx(source: Any) -> Any:
    """The graph of a tensor (or of what make_dot returned) as a ``networkx.MultiDiGraph``, edges running forward."""
    try:
        networkx: Any = importlib.import_module("networkx")
    except ImportError as error:
        error.add_note("to_networkx needs networkx: pip install networkx")
        raise
    plain = _plain(_graph_of(source))
    graph = networkx.MultiDiGraph()
    graph.add_nodes_from((node.pop("id"), node) for node in plain["nodes"])
    graph.add_edges_from((edge.pop("source"), edge.pop("target"), edge) for edge in plain["edges"])
    return graph


def to_text(source: Any, limit: int = 200) -> str:
    """The graph of a tensor (or of what make_dot returned) as a tree for a terminal, at most ``limit`` lines of it.

    Inputs stand below the function that used them, indented where there are several.

    >>> import minigrad as torch
    >>> x, y = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    >>> print(to_text(((x + y) * y).sum()))
    SumBackward0
    MulBackward0
    ├─ AddBackward0
    │  ├─ AccumulateGrad (1)
    │  └─ AccumulateGrad (1)
    └─ AccumulateGrad (1), seen above
    """
    graph = _graph_of(source)
    inputs: dict[int, list[int]] = {}
    variables: dict[int, TensorNode] = {}
    roots = {number for number, node in enumerate(graph.nodes) if not isinstance(node, TensorNode)}
    for source_number, target, feeds in graph.edges:
        if isinstance(feeds, int):
            inputs.setdefault(target, []).append(source_number)
            roots.discard(source_number)
        elif feeds == "leaf":
            variables[target] = graph.nodes[source_number]
    lines: list[str] = []
    seen: set[int] = set()
    stack = [(number, "", "") for number in sorted(roots, reverse=True)]
    while stack and len(lines) < limit:
        number, branch, indent = stack.pop()
        text = branch + graph.kind(graph.nodes[number]).name
        if number in variables:
            text += " " + variables[number].label
        lines.append(text + (", seen above" if number in seen else ""))
        if number in seen:
            continue
        seen.add(number)
        found = inputs.get(number, [])
        if len(found) == 1:
            stack.append((found[0], indent, indent))
        for place, below in reversed(list(enumerate(found if len(found) > 1 else []))):
            last = place == len(found) - 1
            stack.append((below, indent + ("└─ " if last else "├─ "), indent + ("   " if last else "│  ")))
    if stack:
        lines.append(f"… cut after {limit} lines; the graph has {len(graph.nodes)} nodes")
    return "\n".join(lines)


def _graph_of(source: Any) -> Graph:
    found = source if isinstance(source, Graph) else getattr(source, "graph", None)
    return found if isinstance(found, Graph) else Graph(source)


def _plain(graph: Graph) -> dict[str, list[dict[str, Any]]]:
    nodes: list[dict[str, Any]] = []
    for number, node in enumerate(graph.nodes):
        if not isinstance(node, TensorNode):
            nodes.append({"id": number, "kind": "function", "name": graph.kind(node).name})
            continue
        entry = {"id": number, "kind": node.role, "name": node.name}
        if node.tensor is None:
            entry["state"] = node.state
        else:
            entry |= {"shape": list(node.tensor.shape), "dtype": str(node.tensor.dtype).rpartition(".")[2]}
        nodes.append(entry)
    edges: list[dict[str, Any]] = [
        {"source": source, "target": target}
        | ({"kind": "gradient", "argument": feeds} if isinstance(feeds, int) else {"kind": feeds})
        for source, target, feeds in graph.edges
    ]
    return {"nodes": nodes, "edges": edges}
