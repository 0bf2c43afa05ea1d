"""The backward pass: one walk over the graph, from the newest node to the oldest.

A node is always newer than the nodes of its inputs. So when nodes take their turns by falling sequence number,
every gradient that a node is owed has arrived by then. A leaf is no node: its ``.grad`` takes in the sum as soon as
the last edge that leads to it has brought its part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import numpy as np

from ..tensor import Tensor
from . import grad_mode, notes
from .care import NOTHING, Care
from .graph import LAST, Edge, Node, accumulate
from .saved import Freed

newness = attrgetter("sequence")
NONE: set[Any] = set()


class Root:
    """Stands before several tensors (or a leaf) that a pass starts from: its edges lead there, with the seeds."""

    sequence, hooks, saved, multi, owns_gradients = LAST + 1, None, (), False, False

    def __init__(self, edges: Sequence[Edge]) -> None:
        self.edges = edges

    def backward(self, seeds: Sequence[Any], _: Sequence[Edge]) -> Sequence[Any]:
        return seeds


def way(roots: Sequence[Edge], inputs: Sequence[Edge] | None = None, accumulates: bool = True) -> Any:
    """What has to be known of a graph before a walk: where it starts, the nodes in order, who is on a way to inputs.

    Without ``inputs`` every leaf that is reached will get its ``.grad``. With them only the nodes on a way to one of
    these leaves or outputs ``(node, number)`` run, and compute what goes that way; if it ``accumulates``, leaves among
    them get their ``.grad``.
    """
    root = roots[0] if len(roots) == 1 and isinstance(roots[0], Node) else Root(roots)
    order, owed = schedule(root)
    ways = None
    if inputs is not None:
        ways = ways_to(inputs, order)
        order = [node for node in order if node in ways]
    return root, order, owed, ways, inputs, accumulates


def run(way: Any, seeds: Sequence[Any], retain_graph: bool, create_graph: bool = False) -> dict[Edge, Any]:
    """Send ``seeds`` (arrays, or Tensors with create_graph) along a way.

    What comes back are the gradients that arrived at its inputs (None: nothing arrived).
    """
    root, order, owed, ways, inputs, _ = way
    several, owed = type(root) is Root, owed.copy()
    care, asked, watched = None, NONE, NONE
    careful = create_graph or inputs is not None or grad_mode.special
    if careful:
        care = Care(way, create_graph, not retain_graph)
        asked, watched = care.asked, care.watched()
        if ways is not None and len(seeds) == 1:
            care.root(root.edges[0] if several else root, seeds[0])
    freed = None if retain_graph else Freed(notes.here())
    arrived: dict[Edge, Any] = {root: seeds if several else seeds[0]}
    borrowed: set[Edge] = {root}  # whom an array was sent that somebody else has, too

    for node in order:
        grad = arrived.pop(node, None)
        if node.multi:
            grad = gathered(node, grad, arrived)
        edges = node.edges if ways is None else wanted(node.edges, ways)
        if node.hooks is None and node not in watched:
            outgoing = NOTHING if grad is None else node.backward(grad, edges)
        else:
            care = care or Care(way, create_graph, not retain_graph)
            grad, outgoing = care.run(node, grad, edges)
            if outgoing is None:
                continue
        if freed is not None and node.saved:
            node.saved = freed
        ours = node.owns_gradients and node.hooks is None and not create_graph
        for edge, made in zip(edges, outgoing):  # noqa: B905  (speed)
            if edge is None:
                continue
            out, own = made, ours
            left = owed.get(edge)  # None: it is no leaf
            if out is not None:
                like = edge._array if left else edge[0] if type(edge) is tuple else edge
                if out.shape != like.shape or out.dtype is not like.dtype:
                    out = fit(out, edge, node)
                if own and (out is grad or out.base is not None):
                    own = alone(out, node, grad, outgoing, left, node in borrowed or node in asked)
            if edge in arrived:
                pending = arrived.pop(edge)
                if out is None:
                    out, own = pending, edge not in borrowed
                elif own:
                    out += pending  # in the memory of the newcomer
                else:
                    out, own = pending + out, not create_graph
                borrowed.discard(edge)
            if left:
                owed[edge] = left = left - 1
                if not left:
                    if careful or edge._meta is not None:
                        care = care or Care(way, create_graph, not retain_graph)
                        care.settle(edge, out, own)
                    elif out is not None:
                        accumulate(edge, out, own)
                    continue
            if out is not None:
                arrived[edge] = out
                if not own:
                    borrowed.add(edge)
    return care.caught if care else {}


def schedule(root: Any) -> tuple[list[Any], dict[Tensor, int]]:
    """Every node that ``root`` leads to, newest first, and for every leaf the number of edges to it."""
    order, seen = [root], {root}
    owed: dict[Tensor, int] = {}
    for node in order:  # which grows meanwhile
        for edge in node.edges:
            if edge is None:
                continue
            child = edge[0] if type(edge) is tuple else edge
            if child in owed:
                owed[child] += 1
            elif child not in seen:
                if isinstance(child, Node):
                    seen.add(child)
                    order.append(child)
                else:
                    owed[child] = 1
    order.sort(key=newness, reverse=True)
    return order, owed


def ways_to(targets: Iterable[Edge], order: Sequence[Node]) -> set[Any]:
    """The targets, and the nodes that lead to one of them."""
    ways = {target[0] if type(target) is tuple else target for target in targets} - {None}
    for node in reversed(order):
        if any(edge is not None for edge in wanted(node.edges, ways)):
            ways.add(node)
    return ways


def wanted(edges: Sequence[Edge], ways: set[Any]) -> list[Edge]:
    """The edges that are on one of the ways; None in place of the others."""
    return [edge if (edge[0] if type(edge) is tuple else edge) in ways else None for edge in edges]


def gathered(node: Node, first: Any, arrived: dict[Edge, Any]) -> list[Any] | None:
    """The gradients of all outputs of a node; None if there are none."""
    grads = [first, *[arrived.pop((node, number), None) for number in range(1, len(node.shape))]]
    return None if all(grad is None for grad in grads) else grads


def alone(out: Any, node: Node, grad: Any, outgoing: Sequence[Any], to_leaf: Any, shared: bool) -> bool:
    """Whether nobody else has the memory of ``out``: the gradient of ``node`` handed on, or a view of some array."""
    base = out.base  # numpy's base is the owner of the memory
    if base is not None and (node.multi or not (out.flags.c_contiguous if to_leaf else out.flags.forc)):
        return False  # a part of it
    if out is grad or base is grad or (base is not None and base is grad.base):  # still ours if it was, at one place
        once = len(outgoing) == 1 or (len(outgoing) == 2 and (outgoing[0] is None or outgoing[1] is None))
        return once and not shared
    return True


def fit(grad: Any, edge: Edge, node: Node) -> Any:
    """Undo what the forward did silently: broadcasting (sum over it) and type promotion (cast back)."""
    target, number = edge if type(edge) is tuple else (edge, 0)
    if isinstance(target, Tensor):
        target = target._array
    several = isinstance(target, Node) and target.multi
    shape, dtype = (target.shape[number], target.dtype[number]) if several else (target.shape, target.dtype)
    if type(grad) is np.ndarray and grad.dtype is dtype and shape and grad.shape[1:] == shape:  # a bias: the usual case
        if grad.ndim == 2 and dtype.itemsize > 2:
            return ones(len(grad), dtype).dot(grad)  # in a third of the time of a sum
        return np.add.reduce(grad, 0)
    from ..ops.dual import cast, sum_to

    return cast(grad if tuple(grad.shape) == shape else sum_to(grad, shape, node), dtype)


@lru_cache(16)
def ones(length: int, dtype: Any) -> np.ndarray:
    """A vector of ones, kept for the next time."""
    return np.ones(length, dtype)
