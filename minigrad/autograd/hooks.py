"""Running what was hung on a node: tensor hooks, retain_grad, node hooks, post-accumulate hooks.

Hooks see Tensors. A plain backward pass works on arrays, so gradients are wrapped on the way in and
unwrapped on the way out; only nodes that have hooks come here.
"""

from __future__ import annotations

from typing import Any

from . import grad_mode, notes
from .graph import AccumulateGrad, Node
from .observe import tell


def _wrapped(grads: Any) -> tuple[Any, ...]:
    from ..tensor import Tensor

    return tuple(g if g is None or isinstance(g, Tensor) else Tensor._of(g) for g in grads)


def _unwrapped(grads: Any, as_tensors: bool) -> list[Any]:
    return list(grads) if as_tensors else [None if g is None else g._array for g in grads]


def _recording(create_graph: bool) -> Any:
    return grad_mode.enable_grad() if create_graph else grad_mode.no_grad()


def before_node(node: Node, grad: Any, create_graph: bool) -> Any:
    """Tensor hooks in the order they were registered, then retain_grad, then the node's pre-hooks."""
    hooks = node.hooks
    assert hooks is not None
    if not (hooks.tensor or hooks.retained or hooks.pre or hooks.post_accumulate):
        return grad
    grads = list(_wrapped(grad if node.multi else [grad]))
    with _recording(create_graph):
        for index, on_tensor in sorted(hooks.tensor.items()):
            if grads[index] is not None:
                for hook in list(on_tensor.values()):
                    grads[index] = _replaced(node, hook, grads[index])
        for index, reference in hooks.retained.items():
            tensor = reference()
            if tensor is not None and grads[index] is not None:
                tensor._grad = grads[index].clone() if tensor._grad is None else tensor._grad + grads[index]
                if grad_mode.state.observers:
                    tell("retain", tensor, tensor._grad._array)
        for hook in list(hooks.pre.values()):
            replaced = hook(tuple(grads))
            if replaced is not None:
                grads = list(replaced) if isinstance(replaced, tuple) else [replaced]
    out = _unwrapped(grads, create_graph)
    if type(node) is AccumulateGrad and not create_graph and out[0] is not None:
        return out[0].copy()  # a hook may have kept the one it saw
    return out if node.multi else out[0]


def _replaced(node: Node, hook: Any, grad: Any) -> Any:
    """Call a tensor hook: what it returns takes the gradient's place."""
    from ..tensor import Tensor

    result = hook(grad)
    if result is None:
        result = grad
    elif not isinstance(result, Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(result).__name__}'")
    elif result.shape != grad.shape:
        raise notes.explain(
            RuntimeError(f"hook '{getattr(hook, '__name__', hook)}' has changed the size of value"),
            f"It was given {list(grad.shape)} and returned {list(result.shape)}.",
        )
    if grad_mode.state.observers:
        tell("hook", node, grad._array, result._array)
    return result


def after_node(node: Node, outgoing: Any, incoming: Any, create_graph: bool) -> Any:
    """The node's post-hooks, which may replace the outgoing gradients; the leaf's post-accumulate hooks."""
    hooks = node.hooks
    assert hooks is not None
    if isinstance(node, AccumulateGrad):
        with _recording(create_graph):
            for hook in list(hooks.post_accumulate.values()):
                hook(node.variable)
    if not hooks.post:
        return outgoing
    grads = _wrapped(outgoing)
    with _recording(create_graph):
        for hook in list(hooks.post.values()):
            replaced = hook(grads, _wrapped(incoming if node.multi else [incoming]))
            if replaced is not None:
                grads = replaced if isinstance(replaced, tuple) else (replaced,)
    return _unwrapped(grads, create_graph)
