"""``backward`` and ``grad``: reading the arguments, finding where to start, and the errors for what cannot work."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..tensor import Tensor
from . import engine, grad_mode, notes
from .grad_mode import enable_grad, no_grad
from .graph import AccumulateGrad, GradientEdge, Node
from .observe import tell
from .views import as_view, gradient_edge

Several = tuple[Any, ...]  # Tensors or GradientEdges
_AS_IT_IS = nullcontext()


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the gradient of ``tensors`` to ``.grad`` of the leaves they were computed from.

    Args:
        tensors: what to differentiate; the gradients of several are summed.
        grad_tensors: for each, the gradient to start from (its shape); a tensor of one element starts from 1.
        retain_graph: keep what the graph saved, so that backward can run again (default: ``create_graph``).
        create_graph: record the backward pass itself, so that its result can be differentiated.
        inputs: accumulate into these tensors only.

    Raises:
        RuntimeError: nothing requires grad; an output that is not scalar without its gradient; saved tensors
            were freed or changed.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.backward.html
    """
    usual = inputs is None and grad_variables is None and not create_graph and not grad_mode.special
    if usual and isinstance(tensors, Tensor) and (grad_tensors is None or isinstance(grad_tensors, Tensor)):
        seed = _seed(tensors, grad_tensors)._array  # what follows, without its tuples and tests
        engine.run(engine.way((_edge(tensors, 0),)), (seed,), bool(retain_graph))
        return
    try:
        if inputs is not None and not (inputs := _as_tuple(inputs)):
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        if grad_variables is not None:
            text = "`grad_variables` is deprecated. Use `grad_tensors` instead."
            notes.warn(text, FutureWarning)
            if grad_tensors is not None:
                raise RuntimeError(
                    "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please "
                    "only use `grad_tensors`."
                )
            grad_tensors = grad_variables
        _run(_as_tuple(tensors), grad_tensors, retain_graph, create_graph, inputs, accumulates=True)
    except Exception as error:
        notes.told(error)
        raise


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of ``outputs`` with respect to ``inputs``, returned and not accumulated.

    Args:
        allow_unused: None for an input that the outputs do not depend on, instead of an error.
        materialize_grads: zeros instead of that None.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad.html
    """
    try:
        if is_grads_batched:
            raise NotImplementedError("minigrad has no vmap: call grad() once for each row of grad_outputs instead.")
        if materialize_grads and allow_unused is False:
            raise ValueError(
                "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
                "allow_unused=False."
            )
        if not only_inputs:
            notes.warn(
                "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for "
                "other parts of the graph, please use torch.autograd.backward.",
                FutureWarning,
            )
        targets = _as_tuple(inputs)
        if not targets:
            raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
        found = _run(_as_tuple(outputs), grad_outputs, retain_graph, create_graph, targets, accumulates=False)
        for number, (target, gradient) in enumerate(zip(targets, found, strict=True)):
            if gradient is None and not (allow_unused or materialize_grads):
                raise RuntimeError(
                    f"The differentiated Tensor at index {number} appears to not have been used in the graph. Set "
                    "allow_unused=True if this is the desired behavior."
                )
            if gradient is None and materialize_grads:
                if isinstance(target, GradientEdge):
                    raise RuntimeError("materialize_grads cannot be used when the given input is a GradientEdge")
                found[number] = zeros(target)
                found[number]._requires_grad = create_graph
    except Exception as error:
        notes.told(error)
        raise
    if grad_mode.special:
        tell("returned", targets, tuple(found))
    return tuple(found)


def _run(
    roots: Several, seeds: Any, retain_graph: bool | None, create_graph: bool, inputs: Several | None, accumulates: bool
) -> list[Any]:
    """Start the engine, and tell the observers of the walk; the gradients of ``inputs``."""
    retain_graph = create_graph if retain_graph is None else retain_graph
    given = (None,) * len(roots) if seeds is None else _as_tuple(seeds)
    if len(given) < len(roots):  # more are ignored
        raise RuntimeError(f"got {len(roots)} tensors and {len(given)} gradients")
    starts = [_seed(root, seed) for root, seed in zip(roots, given, strict=False)]
    edges = [_edge(root, number) for number, root in enumerate(roots)]
    targets = None if inputs is None else [target(tensor, accumulates) for tensor in inputs]
    if create_graph and accumulates:
        notes.warn(
            "Using backward() with create_graph=True will create a reference cycle between the parameter and its "
            "gradient which can cause a memory leak. We recommend using autograd.grad when creating the graph to avoid "
            "this. If you have to use this function, make sure to reset the .grad fields of your parameters to None "
            "after use to break the cycle and avoid the leak."
        )
    arrays = [seed._array for seed in starts]
    if grad_mode.special:
        tell("backward_begin", roots, tuple(arrays), {"retain_graph": retain_graph, "create_graph": create_graph})
    try:
        with enable_grad() if create_graph else _AS_IT_IS:
            way = engine.way(edges, targets, accumulates)
            caught = engine.run(way, starts if create_graph else arrays, retain_graph, create_graph)
    finally:
        if grad_mode.special:
            tell("backward_end")
    if accumulates or targets is None:
        return []
    if not create_graph:
        same = {id(seed._array): seed for seed in starts}  # a gradient passed through is the seed itself
        caught = {at: same[id(g)] if id(g) in same else _returned(g) for at, g in caught.items() if g is not None}
    return [caught.get(target) for target in targets]


def _returned(array: Any) -> Tensor:
    """A gradient for the caller; one that a derivative made by stretching another is a view, as in PyTorch."""
    result = Tensor._of(array)
    if array.base is not None:
        with no_grad():
            as_view(result, Tensor._of(array.base))
    return result


def _seed(root: Tensor | GradientEdge, seed: Tensor | None) -> Tensor:
    """The gradient to start from: checked, or 1 for a scalar."""
    if isinstance(root, GradientEdge):
        like = root.node._input_metadata[root.output_nr]
        root = Tensor._plain(np.empty(like.shape, like.dtype.numpy)).requires_grad_()
    elif not isinstance(root, Tensor):
        raise AssertionError("Expected output to be a torch.Tensor")
    if seed is None:
        if root._array.size != 1 and root.requires_grad:
            raise notes.explain(
                RuntimeError("grad can be implicitly created only for scalar outputs"),
                f"The output has shape {list(root.shape)}.",
                "Reduce it to one number first (.sum() or .mean()), or pass gradient= with a tensor of that shape: "
                "the v of v^T J.",
            )
        return Tensor._plain(np.array(1, root._array.dtype, ndmin=root._array.ndim))
    if not isinstance(seed, Tensor):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(seed).__name__}")
    if seed._array.shape != root._array.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {seed.shape} and output[0] has a shape of {root.shape}."
        )
    return seed if seed._array.dtype is root._array.dtype else seed.to(root.dtype)


def _edge(tensor: Any, number: int) -> Any:
    edge = _place(tensor)
    if edge is None:
        raise notes.explain(
            RuntimeError(f"element {number} of tensors does not require grad and does not have a grad_fn"),
            "Nothing it was computed from has requires_grad=True, or it was computed under no_grad() or detached.",
            "Make the tensor you want a gradient for with requires_grad=True, before the computation.",
        )
    return edge


def target(tensor: Tensor | GradientEdge, accumulates: bool) -> Any:
    """Where the engine is to catch a gradient: a leaf or (node, number)."""
    if not isinstance(tensor, Tensor | GradientEdge):
        raise RuntimeError(f"all inputs have to be Tensors or GradientEdges, but got {type(tensor).__name__}")
    if isinstance(tensor, Tensor):
        if accumulates:
            tensor.retain_grad()  # a leaf has its .grad anyway
        elif not tensor.requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    edge = _place(tensor)
    return (edge, 0) if edge is None or isinstance(edge, Node) else edge  # None: a view made in no_grad, out of reach


def _place(at: Tensor | GradientEdge) -> Any:
    """A tensor or gradient edge as nodes have it in their edges."""
    if isinstance(at, Tensor):
        return gradient_edge(at)
    node, number, _ = at
    return node.variable if isinstance(node, AccumulateGrad) else (node, number) if number else node


def _as_tuple(tensors: Any) -> tuple[Any, ...]:
    return (tensors,) if isinstance(tensors, Tensor | GradientEdge) else tuple(tensors)


def zeros(tensor: Tensor) -> Tensor:
    """Zeros in the shape, dtype and layout of a tensor."""
    return Tensor._plain(np.zeros_like(tensor._array))


class _AnyTensor(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor)


class Variable(metaclass=_AnyTensor):
    """What older code wraps tensors in: a tensor on the same memory, which is all that a Variable is today."""

    def __new__(cls, data: Tensor, requires_grad: bool = False) -> Tensor:  # type: ignore[misc]
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return data.data.requires_grad_(requires_grad)
