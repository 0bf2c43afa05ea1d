"""What a backward pass takes care of besides computing: hooks, retain_grad, gradients to catch, anomalies, observers.

Only nodes and passes that have any of these come here. Hooks see Tensors: a plain pass works on arrays, so gradients
are wrapped on the way in and unwrapped on the way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

from ..tensor import Tensor
from . import anomaly, grad_mode, notes
from .graph import AccumulateGrad, Edge, Hooks, Node, OneOfSeveral, accumulator, as_pair
from .observe import tell
from .saved import saved_bytes

NOTHING: Any = repeat(None)  # no gradient for any edge


class Care:
    """The care of one pass, which goes a ``way``: see engine.py. If it ``frees``, saved tensors go after use.

    The gradients that are asked for are ``caught`` as they arrive.
    """

    def __init__(self, way: Any, create_graph: bool, frees: bool) -> None:
        _, self.order, self.owed, self.ways, inputs, self.accumulates = way
        self.create_graph, self.frees = create_graph, frees
        self.caught: dict[Edge, Any] = dict.fromkeys(inputs or ())
        self.asked = {target[0] for target in self.caught if type(target) is tuple}
        self.observed = bool(grad_mode.state.observers)

    def watched(self) -> set[Any]:
        """The nodes that need care, hooks apart."""
        if self.create_graph or self.observed or grad_mode.state.anomaly is not None:
            return {node for node in self.order if isinstance(node, Node)}
        return self.asked

    def reaches(self, end: Node | Tensor | None) -> bool:
        """Whether the pass comes to a node or to a leaf."""
        if not isinstance(end, Tensor):
            return end in self.order
        if end in self.caught and not self.accumulates:
            raise RuntimeError(
                "A leaf node was passed to _will_engine_execute_node but we are currently running autograd.grad(). "
                "This is currently not supported."
            )
        return end in self.owed and (self.ways is None or end in self.caught)

    def root(self, root: Edge, seed: Any) -> None:
        """Where no way leads from the only root, nothing runs but the hooks of its tensors."""
        node, number = as_pair(root)
        end = node.variable if isinstance(node, AccumulateGrad) else node
        if node.hooks is not None and end not in self.ways:
            outputs = range(len(node.shape)) if node.multi else ()
            grad = [seed if output == number else None for output in outputs] if node.multi else seed
            self.before(node, node.hooks, grad, alone=True)

    def settle(self, leaf: Tensor, grad: Any, own: bool) -> None:
        """All gradients of a leaf have arrived."""
        if leaf._meta is None and self.ways is not None and not self.accumulates:
            self.caught[leaf] = grad
            return
        node = accumulator(leaf)
        node.own = own
        self.run(node, grad, ())

    def run(self, node: Node, grad: Any, edges: Sequence[Edge]) -> tuple[Any, Any]:
        """The gradient as hooks left it, and the outgoing gradients; None in their place if the node does not run."""
        hooks = node.hooks
        at: Edge = node.variable if isinstance(node, AccumulateGrad) else node
        runs = self.ways is None or self.accumulates or any(edge is not None for edge in edges)
        asked = [target for target in self.caught if target is at or (type(target) is tuple and target[0] is at)]
        if asked and not runs and hooks is not None and grad is not None:
            grad = self.before(node, hooks, grad, alone=True)
        for target in asked:
            self.caught[target] = grad[target[1]] if node.multi and grad is not None else grad
        if not runs:
            return grad, None
        if grad is None:
            return None, NOTHING
        try:
            if hooks is not None:
                grad = self.before(node, hooks, grad)
            given = tuple(grad) if node.multi else (grad,)
            if self.observed:
                tell("node_begin", node, given)
            outgoing = (node.backward_graph if self.create_graph else node.backward)(grad, edges)
            if hooks is not None:
                outgoing = self.after(node, hooks, outgoing, given)
            if grad_mode.state.anomaly:
                anomaly.check_nan(node, outgoing)
        except Exception as error:
            tell("error", error, node)
            if grad_mode.state.anomaly is not None:
                anomaly.warn(node)
            raise
        if self.observed:
            wanted = [None if edge is None else out for edge, out in zip(edges, outgoing, strict=True)]
            tell("node_end", node, given, _handed_on(node, wanted))
            if self.frees and node.saved:
                tell("freed", node, saved_bytes(node.saved))
        return grad, outgoing

    def before(self, node: Node, hooks: Hooks, grad: Any, alone: bool = False) -> Any:
        """Tensor hooks in the order they were registered, then retain_grad, then (unless ``alone``) node pre-hooks."""
        if not (hooks.tensor or hooks.retained or hooks.pre or hooks.post_accumulate):
            return grad
        grads = _wrapped(grad if node.multi else [grad])
        with self.recording():
            for index, on_tensor in list(hooks.tensor.items()):
                for hook in list(on_tensor.values()):
                    seen, grads[index] = grads[index], _fitting(hook, hook(grads[index]), grads[index])
                    if type(hook) is not OneOfSeveral:
                        _tell(node, index, [seen], [grads[index]])
            for index, reference in hooks.retained.items():
                tensor, grad = reference(), grads[index]
                if tensor is not None and grad is not None:
                    tensor._grad = grad.clone() if tensor._grad is None else tensor._grad + grad
                    tell("retain", tensor, tensor._grad._array)
            for hook in [] if alone else list(hooks.pre.values()):
                grads = list(_all_replaced(node, hook, hook(tuple(grads)), tuple(grads)))
        out = self.unwrapped(grads)
        accumulates = self.accumulates or self.ways is None
        if type(node) is AccumulateGrad and accumulates and not self.create_graph and out[0] is not None:
            return out[0].copy()  # a hook may have kept the one it saw
        return out if node.multi else out[0]

    def after(self, node: Node, hooks: Hooks, outgoing: Any, given: tuple[Any, ...]) -> Any:
        """The leaf's post-accumulate hooks; the node's post-hooks, which may replace the outgoing gradients."""
        with self.recording():
            if isinstance(node, AccumulateGrad):
                for hook in list(hooks.post_accumulate.values()):
                    _tell(node, -1, [node.variable._grad], [node.variable._grad])
                    if _fitting(hook, hook(node.variable), node.variable) is not node.variable:
                        raise RuntimeError("Tensor post accumulate grad hooks should return None.")
            if not hooks.post:
                return outgoing
            grads = tuple(_wrapped(_handed_on(node, outgoing)))
            for hook in list(hooks.post.values()):
                grads = _all_replaced(node, hook, hook(grads, tuple(_wrapped(given))), grads)
        return self.unwrapped(grads)

    def recording(self) -> Any:
        """The mode that hooks run in."""
        return grad_mode.Mode(grad_asked=self.create_graph, care=self)

    def unwrapped(self, grads: Iterable[Any]) -> list[Any]:
        """What the walk works on."""
        return list(grads) if self.create_graph else [None if g is None else g._array for g in grads]


def _wrapped(grads: Iterable[Any]) -> list[Any]:
    return [g if g is None or isinstance(g, Tensor) else Tensor._of(g) for g in grads]


def _tell(node: Node, output: int | None, before: Sequence[Any], after: Sequence[Any]) -> None:
    """Tell of a hook: each gradient it has replaced, or the first that it has seen."""
    seen = [(old, new) for old, new in zip(before, after, strict=True) if old is not None and new is not None]
    for old, new in [(old, new) for old, new in seen if old is not new] or seen[:1]:
        tell("hook", node, output, old._array, new._array)


def _all_replaced(node: Node, hook: Any, results: Any, grads: tuple[Any, ...]) -> tuple[Any, ...]:
    """What a node's hook returned, in the place of all its gradients."""
    if results is None:
        _tell(node, None, grads, grads)
        return grads
    if not isinstance(results, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(results).__name__}'")
    if len(results) != len(grads):
        raise RuntimeError(
            f"hook '{_name(hook)}' has returned an incorrect number of values (got {len(results)}, but expected "
            f"{len(grads)})"
        )
    new = tuple(None if new is None else _fitting(hook, new, grad) for new, grad in zip(results, grads, strict=True))
    _tell(node, None, grads, new)
    return new


def _fitting(hook: Any, result: Any, grad: Any) -> Any:
    """What a hook returned for one gradient (None: the gradient stays), refused where it is not like it."""
    if result is None:
        return grad
    if not isinstance(result, Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(result).__name__}'")
    if grad is None:
        raise RuntimeError("can't replace a None gradient with a non-None value")
    if result.dtype != grad.dtype:
        raise RuntimeError(
            f"hook '{_name(hook)}' has changed the type of value (was {grad.type()} got {result.type()})"
        )
    if result.shape != grad.shape:
        raise notes.explain(
            RuntimeError(f"hook '{_name(hook)}' has changed the size of value"),
            f"It was given {list(grad.shape)} and returned {list(result.shape)}.",
        )
    return result


def _name(hook: Any) -> str:
    return getattr(hook, "__name__", str(hook))


def _handed_on(node: Node, outgoing: Any) -> tuple[Any, ...]:
    """The outgoing gradients as the next nodes will get them."""
    from .engine import fit

    return tuple(
        out if edge is None or out is None else fit(out, edge, node)
        for edge, out in zip(node.edges, outgoing, strict=True)
    )
