"""The backward pass: one walk over the graph, from the newest node to the oldest.

A node is always newer than the nodes of its inputs. So when the nodes are visited by falling sequence
number, every gradient that a node is owed has arrived by the time its turn comes; no counting is needed.
A leaf's AccumulateGrad takes its turn right after the last node that has a gradient for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import grad_mode, notes
from .graph import AccumulateGrad, Node
from .hooks import after_node, before_node
from .observe import tell
from .saved import Freed

if TYPE_CHECKING:
    pass

Edge = tuple[Node, int]


def run(
    roots: Sequence[Edge],
    seeds: Sequence[Any],
    *,
    retain_graph: bool,
    create_graph: bool,
    inputs: Sequence[Edge] | None = None,
    accumulate: bool = True,
) -> list[Any]:
    """Send ``seeds`` (arrays, or Tensors with create_graph) from ``roots`` through the graph.

    Without ``inputs`` every leaf that is reached gets its ``.grad``. With them only the nodes on a way to one
    of these edges run, and the gradients that arrive there are returned (None: nothing arrived); with
    ``accumulate`` leaves among them get their ``.grad`` as well.
    """
    order = schedule(roots)
    captured: dict[Edge, Any] = dict.fromkeys(inputs or ())
    wanted = None if inputs is None else on_the_way(order, captured)
    observed = bool(grad_mode.special and grad_mode.state.observers)
    anomaly = grad_mode.state.anomaly if grad_mode.special else None
    freed = None if retain_graph else Freed(notes.here())
    gradients: dict[Node, Any] = {}
    borrowed: set[Node] = set()  # nodes whose gradient is an array that somebody else has, too
    for (node, index), seed in zip(roots, seeds, strict=True):
        deposit(gradients, node, index, seed)
        if type(node) is AccumulateGrad:
            borrowed.add(node)

    for node in order:
        grad = gradients.pop(node, None)
        if node.hooks is not None and grad is not None and (wanted is None or node in wanted):
            grad = before_node(node, grad, create_graph)
        if wanted is not None:
            capture(captured, node, grad)
            if not wanted.get(node) or (type(node) is AccumulateGrad and not accumulate):
                continue
        if grad is None:
            if freed is not None:
                node.release(freed)
            continue
        if observed:
            tell("node_begin", node, _per_output(node, grad))
        if node in borrowed and not create_graph:
            grad = grad.copy()  # a leaf keeps what it is given: it is given its own
        try:
            outgoing = node.backward_graph(grad) if create_graph else node.backward(grad)
            if anomaly is not None:
                anomaly.check(node, outgoing)
        except Exception as error:
            if anomaly is not None:
                anomaly.warn(node)
            if observed:
                tell("error", error, node)
            raise
        if node.hooks is not None:
            outgoing = after_node(node, outgoing, grad, create_graph)
        if observed:
            tell("node_end", node, _per_output(node, grad), _handed_on(node, outgoing))
            if freed is not None and node.saved_bytes():
                tell("freed", node, node.saved_bytes())
        if freed is not None:
            node.release(freed)
        hand_on(gradients, borrowed, node, grad, outgoing, create_graph)
    return list(captured.values())


def hand_on(
    gradients: dict[Node, Any], borrowed: set[Node], node: Node, grad: Any, outgoing: Any, create_graph: bool
) -> None:
    """Give the gradients that ``node`` made of ``grad`` to the nodes of its inputs, summing where several arrive."""
    for child, index, out in zip(node.next_nodes, node.next_indices, outgoing):  # noqa: B905  (speed)
        if child is None or out is None:
            continue
        if child.multi:
            deposit(gradients, child, index, fit(out, child.shape[index], child.dtype[index], node))
            continue
        given = out
        if create_graph or out.shape != child.shape or out.dtype is not child.dtype:
            given = fit(out, child.shape, child.dtype, node)
        pending = gradients.get(child)
        own = not create_graph and given is not grad and node.owns_gradients and given.base is None
        if pending is None:
            if not own and type(child) is AccumulateGrad:
                borrowed.add(child)
        elif own:
            given += pending  # nobody else has this array: no new one is needed
            borrowed.discard(child)
        else:
            given = pending + given
            borrowed.discard(child)
        gradients[child] = given


def schedule(roots: Sequence[Edge]) -> list[Node]:
    """Every node that the roots lead to, in the order of their turns."""
    turns: dict[Node, float] = {}
    stack = []
    for node, _ in roots:
        if node not in turns:
            turns[node] = node.sequence
            stack.append(node)
    while stack:
        node = stack.pop()
        turn: float = node.sequence
        for child in node.next_nodes:
            if child is None:
                continue
            if type(child) is AccumulateGrad:
                turn -= 1e-6  # of several leaves that complete together, the first argument goes first
                if turn < turns.get(child, LATEST):
                    turns[child] = turn
            elif child not in turns:
                turns[child] = child.sequence
                stack.append(child)
    return sorted(turns, key=turns.__getitem__, reverse=True)


LATEST = float("inf")


def on_the_way(order: Sequence[Node], targets: dict[Edge, Any]) -> dict[Node, bool]:
    """The targets and every node that leads to one: True where it must run, False where a target is only read."""
    wanted = {node: type(node) is AccumulateGrad for node, _ in targets}
    for node in reversed(order):
        if any(child in wanted for child in node.next_nodes):
            wanted[node] = True
    return wanted


def capture(captured: dict[Edge, Any], node: Node, grad: Any) -> None:
    """Keep the gradients that arrived at the targets among this node's outputs."""
    for edge in captured:
        if edge[0] is node:
            captured[edge] = grad[edge[1]] if node.multi and grad is not None else grad


def deposit(gradients: dict[Node, Any], node: Node, index: int, grad: Any) -> None:
    """Add a gradient to what ``node`` has been sent for its output ``index``."""
    if node.multi:
        sent = gradients.setdefault(node, [None] * len(node.shape))
        sent[index] = grad if sent[index] is None else sent[index] + grad
    else:
        pending = gradients.get(node)
        gradients[node] = grad if pending is None else pending + grad


def fit(grad: Any, shape: tuple[int, ...], dtype: np.dtype[Any], node: Node) -> Any:
    """Undo what the forward did silently: broadcasting (sum over it) and type promotion (cast back)."""
    from ..ops.dual import cast, sum_to

    if tuple(grad.shape) != shape:
        grad = sum_to(grad, shape, node)
    return cast(grad, dtype)


def _handed_on(node: Node, outgoing: Any) -> tuple[Any, ...]:
    """The outgoing gradients as the next nodes will get them, for observers."""
    given: list[Any] = []
    for child, index, out in zip(node.next_nodes, node.next_indices, outgoing, strict=True):
        if child is None or out is None:
            given.append(None)
        else:
            at = (child.shape[index], child.dtype[index]) if child.multi else (child.shape, child.dtype)
            given.append(fit(out, *at, node))
    return tuple(given)


def _per_output(node: Node, grad: Any) -> tuple[Any, ...]:
    return tuple(grad) if node.multi else (grad,)
