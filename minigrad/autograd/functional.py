"""Derivatives of functions: products with the Jacobian and the Hessian, and both as whole tensors.

Everything is made of backward passes. One gives v^T J (`vjp`). It is linear in v, so differentiating it with
respect to v gives J v (`jvp`): two backward passes do the work of forward mode.

See https://docs.pytorch.org/docs/stable/autograd.html#functional-higher-level-api
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ops.dual import FUNCTIONS
from ..tensor import Tensor
from . import engine, gradients
from .grad_mode import enable_grad
from .gradients import zeros
from .notes import computing
from .views import gradient_edge

Function = Callable[..., Any]
Tensors = Tensor | tuple[Tensor, ...]


@computing
def vjp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)`` and v^T J: for each input the product of ``v`` (shaped like the output) with the Jacobian.

    Args:
        v: may be left out where what it is shaped like is one number.
        create_graph: record everything, so that the results can be differentiated.
        strict: an error where an output does not depend on an input, instead of zeros.

    >>> import minigrad as torch
    >>> torch.autograd.functional.vjp(lambda x: x * x, torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    return _product("vjp", func, inputs, v, create_graph, strict)


@computing
def jvp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)`` and J v: for each output the product of the Jacobian with ``v`` (shaped like the inputs)."""
    return _product("jvp", func, inputs, v, create_graph, strict)


@computing
def vhp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)``, one number, and v^T H (``v`` shaped like the inputs): two backward passes."""
    return _product("vhp", func, inputs, v, create_graph, strict)


@computing
def hvp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)``, one number, and H v: three backward passes, where `vhp` needs two for the same numbers."""
    return _product("hvp", func, inputs, v, create_graph, strict)


# What strict mode says where a gradient is missing (None), or constant although it is to be differentiated.
_STRICT = "This is not allowed in strict mode"
_MISSING = f"The output of the user-provided function is independent of input {{}}. {_STRICT}."
_MISSING_BY_NAME = {
    "vjp": _MISSING,
    "jvp": "The gradient with respect to the input is independent of entry {} in the grad_outputs when using the "
    f"double backward trick to compute forward mode gradients. {_STRICT}.",
    "vhp": f"The jacobian of the user-provided function is independent of input {{}}. {_STRICT}.",
    "hvp": f"The hessian of the user-provided function is independent of entry {{}} in the grad_jacobian. {_STRICT} as "
    "it prevents from using the double backward trick to replace forward mode AD.",
}
_MISSING_ROW = f"Output {{}} of the user-provided function is independent of input {{}}. {_STRICT}."
_CONSTANT = f"The {{}} of the user-provided function is independent of input {{}}. {_STRICT} when create_graph=True."
_CONSTANT_PRODUCT = (
    f"The gradient with respect to input {{}} is independent of the inputs of the user-provided function. {_STRICT}."
)
_CONSTANT_JACOBIAN = (
    "While computing the hessian, found that the jacobian of the user-provided function with respect to input {} is "
    f"independent of the input. {_STRICT}. You should ensure that your function is twice differentiable and that the "
    "jacobian depends on the inputs (this would be violated by a linear function for example)."
)


def _check(grads: Sequence[Any], missing: str, constant: str | None = None) -> None:
    """What strict mode refuses."""
    for number, grad in enumerate(grads):
        if grad is None:
            raise RuntimeError(missing.format(number))
        if constant is not None and not grad.requires_grad:
            raise RuntimeError(constant.format(number))


def _product(name: str, func: Function, inputs: Any, v: Any, create_graph: bool, strict: bool) -> tuple[Any, Any]:
    """One backward pass (vjp) after those that make what it differentiates: a gradient (?h?), a product (?v?)."""
    with enable_grad():
        several, inputs = _tensors(inputs, "inputs", name)
        inputs = targets = like = _own(inputs, create_graph, True)
        if name != "vjp":
            v = _vector(name, v, inputs, several, create_graph)
        several_outputs, outputs = _call(name, func, inputs, strict)
        differentiated: Sequence[Any] = outputs
        if name == "vjp":
            v = _vector(name, v, outputs, several_outputs, create_graph)
        elif name == "jvp":
            like, several = outputs, several_outputs
        else:
            _one_number(name, outputs, several_outputs)
            differentiated = _grad(outputs, inputs, None, True)
            if strict:
                _check(differentiated, _MISSING, _CONSTANT_JACOBIAN)
        if name in ("jvp", "hvp"):  # linear: the result does not depend on the numbers of these targets
            targets = tuple([zeros(each).requires_grad_() for each in like])
            differentiated = _grad(differentiated, inputs, targets, True)
            if strict and name == "jvp":
                _check(differentiated, _MISSING, _CONSTANT_PRODUCT)
    grads = _grad(differentiated, targets, v, create_graph)
    if strict:
        constant = _CONSTANT.format("hessian" if name in ("vhp", "hvp") else "jacobian", "{}")
        _check(grads, _MISSING_BY_NAME[name], constant if create_graph else None)
    found = [zeros(other) if grad is None else grad for grad, other in zip(grads, like, strict=True)]
    return _answer(outputs, several_outputs, create_graph), _answer(found, several, create_graph)


@computing
def jacobian(
    func: Function, inputs: Tensors, create_graph: bool = False, strict: bool = False, vectorize: bool = False
) -> Any:
    """The Jacobian of ``func`` at ``inputs``: of shape (*output.shape, *input.shape), one backward pass a row.

    A tuple of outputs gives a tuple, and so does a tuple of inputs: ``J[output][input]``. ``vectorize`` says how
    PyTorch is to compute it; here the rows come one after the other in any case.

    >>> import minigrad as torch
    >>> torch.autograd.functional.jacobian(lambda x: x.prod() * x, torch.tensor([2.0, 3.0]))
    tensor([[12.,  4.],
            [ 9., 12.]])
    """
    with enable_grad():
        several, given = _tensors(inputs, "inputs", "jacobian")
        given = _own(given, create_graph, True)
        several_outputs, outputs = _call("jacobian", func, given, strict)
        if vectorize and strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
                "Please either set `strict=False` or `vectorize=False`."
            )
        if not all(output.numel() for output in outputs):
            raise RuntimeError("stack expects a non-empty TensorList")
        made = [jacobians(number, output, given, create_graph, strict) for number, output in enumerate(outputs)]
        found = [_answer(each, several, create_graph) for each in made]
    return tuple(found) if several_outputs else found[0]


@computing
def hessian(
    func: Function, inputs: Tensors, create_graph: bool = False, strict: bool = False, vectorize: bool = False
) -> Any:
    """The second derivatives of ``func``, which returns one number: the Jacobian of its gradient.

    A tuple of inputs gives a tuple of tuples, ``H[i][j]`` of shape (*inputs[i].shape, *inputs[j].shape).

    >>> import minigrad as torch
    >>> torch.autograd.functional.hessian(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    several, inputs = _tensors(inputs, "inputs", "hessian")

    def gradient(*given: Tensor) -> tuple[Tensor, ...]:
        given = _own(given, True, True)
        several_outputs, outputs = _call("hessian", func, given, strict)
        output = _one_number("hessian", outputs, several_outputs).squeeze()
        found = jacobians(0, output, given, create_graph=True)
        if strict:
            _check(found, _MISSING, _CONSTANT_JACOBIAN)
        return tuple(found)

    found = jacobian(gradient, inputs, create_graph, strict, vectorize)
    return found if several else found[0][0]


def jacobians(number: int, output: Tensor, inputs: Any, create_graph: bool = False, strict: bool = False) -> list[Any]:
    """Those of one output, the ``number``-th: a backward pass for each of its numbers, all along a way found once."""
    targets = [gradients.target(each, False) for each in inputs]
    way = engine.way([gradient_edge(output)], targets, accumulates=False) if output.requires_grad else None
    size, shape = output._array.size, output._array.shape
    found = [np.zeros((size, *each._array.shape), each._array.dtype) for each in inputs]
    recorded: list[list[Tensor]] = [[] for _ in inputs]  # the rows as Tensors, to be stacked
    for place in range(size if way is not None else 0):
        seed = np.zeros(shape, output._array.dtype)
        seed.reshape(-1)[place] = 1
        caught = engine.run(way, [Tensor._plain(seed) if create_graph else seed], True, create_graph)
        for index, target in enumerate(targets):
            grad = caught[target]
            if strict:
                constant = _CONSTANT.format("jacobian", number) if create_graph else None
                _check([grad], _MISSING_ROW.format(number, index), constant)
            if create_graph:
                recorded[index].append(zeros(inputs[index]) if grad is None else grad)
            elif grad is not None:
                found[index][place] = grad
    if create_graph and way is not None:
        return [FUNCTIONS["stack"](rows, 0).view(output.shape + rows[0].shape) for rows in recorded]
    return [Tensor._plain(jacobian.reshape(shape + jacobian.shape[1:])) for jacobian in found]


def _tensors(value: Any, what: str, name: str) -> tuple[bool, Any]:
    """Whether it is a tuple, and the tuple."""
    several = isinstance(value, tuple)
    tensors = value if several else (value,)
    for index, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            which = f"value at index {index}" if several else f"given {what}"
            raise TypeError(
                f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the {which} has type "
                f"{type(tensor)}."
            )
    return several, tensors


def _own(tensors: tuple[Any, ...], create_graph: bool, requires_grad: bool) -> tuple[Tensor, ...]:
    """New tensors on the same memory: what ``func`` knows from elsewhere is not mistaken for its input."""
    recorded = [create_graph and t.requires_grad for t in tensors]
    given = zip(tensors, recorded, strict=True)
    return tuple([t.view_as(t) if kept else t.detach().requires_grad_(requires_grad) for t, kept in given])


def _call(name: str, func: Function, inputs: tuple[Tensor, ...], strict: bool) -> tuple[bool, tuple[Tensor, ...]]:
    several, outputs = _tensors(func(*inputs), "outputs of the user-provided function", name)
    for number, output in enumerate(outputs if strict else ()):
        if not output.requires_grad:
            raise RuntimeError(
                f"Output {number} of the user-provided function does not require gradients. The outputs must be "
                "computed in a differentiable manner from the input when running in strict mode."
            )
    return several, outputs


def _vector(name: str, v: Any, like: tuple[Tensor, ...], several: bool, create_graph: bool) -> Any:
    """``v`` as a tuple of tensors shaped like ``like``; None for one number, whose v is 1."""
    if v is None:
        if len(like) != 1 or like[0]._array.size != 1:
            what = "user-provided function returns" if name == "vjp" else "input to the user-provided function is"
            raise RuntimeError(f"The vector v can only be None if the {what} a single Tensor with a single element.")
        return None
    v = _own(_tensors(v, "v", name)[1], create_graph, False)
    if len(like) != len(v):
        if several:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for index, (tensor, other) in enumerate(zip(v, like, strict=True)):
        if tensor.shape != other.shape:
            entry = f"Entry {index} in " if several else ""
            raise RuntimeError(f"{entry}v has invalid size: should be {other.shape} but got {tensor.shape}.")
    return v


def _one_number(name: str, outputs: tuple[Any, ...], several: bool) -> Any:
    if several:
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {name} should contain a single element")
    return outputs[0]


def _grad(outputs: Sequence[Any], inputs: Sequence[Tensor], seeds: Any, create_graph: bool) -> tuple[Any, ...]:
    """``autograd.grad`` that leaves out the outputs that have no gradient."""
    chosen = [place for place, output in enumerate(outputs) if output is not None and output.requires_grad]
    if not chosen:
        return (None,) * len(inputs)
    seeds = None if seeds is None else [seeds[place] for place in chosen]
    roots = [outputs[place] for place in chosen]
    return gradients.grad(roots, inputs, seeds, None, create_graph, allow_unused=True)


def _answer(tensors: Sequence[Tensor], several: bool, create_graph: bool) -> Any:
    found = tuple([tensor if create_graph else tensor.detach() for tensor in tensors])
    return found if several else found[0]
