"""Derivatives of functions: products with the Jacobian and the Hessian, and both as whole tensors.

Everything is made of backward passes. One gives v^T J (`vjp`). It is linear in v, so differentiating it with
respect to v gives J v (`jvp`): two backward passes do the work of forward mode.

See https://docs.pytorch.org/docs/stable/autograd.html#functional-higher-level-api
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..ops.dual import FUNCTIONS
from ..tensor import Tensor
from . import engine, grad_mode, gradients
from .grad_mode import enable_grad
from .graph import AccumulateGrad
from .views import gradient_edge

Function = Callable[..., Any]
Tensors = Tensor | tuple[Tensor, ...]


def vjp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)`` and v^T J: for each input the product of ``v`` (shaped like the output) with the Jacobian.

    Args:
        v: may be left out where the output is one number.
        create_graph: record everything, so that the results can be differentiated.
        strict: an error where an output does not depend on an input, instead of zeros.

    >>> import minigrad as torch
    >>> torch.autograd.functional.vjp(lambda x: x * x, torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.vjp.html
    """
    return _product("vjp", func, inputs, v, create_graph, strict)


def jvp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)`` and J v: for each output the product of the Jacobian with ``v`` (shaped like the inputs).

    The arguments are those of `vjp`; ``v`` may be left out where the input is one number.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.jvp.html
    """
    return _product("jvp", func, inputs, v, create_graph, strict)


def vhp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)``, one number, and v^T H: two backward passes. The arguments are those of `jvp`.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.vhp.html
    """
    return _product("vhp", func, inputs, v, create_graph, strict)


def hvp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """``func(*inputs)``, one number, and H v: three backward passes, where `vhp` needs two for the same numbers.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hvp.html
    """
    return _product("hvp", func, inputs, v, create_graph, strict)


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
        elif name != "jvp":
            _one_number(name, outputs, several_outputs)
            differentiated = _grad(outputs, inputs, None, True)
            _check_gradient(differentiated, "hessian", strict)
        else:
            like, several = outputs, several_outputs
        if name in ("jvp", "hvp"):
            targets = tuple(
                _zeros(each).requires_grad_() for each in like
            )  # linear: the result does not depend on them
            differentiated = _grad(differentiated, inputs, targets, True)
            _check_gradient(differentiated, "gradient", strict and name == "jvp")
    found = list(_grad(differentiated, targets, v, create_graph))
    what = "hessian" if name in ("vhp", "hvp") else "jacobian"
    for index, grad in enumerate(found):
        if grad is None:
            if strict:
                _not_strict(*(text.format(index) for text in MISSING[name]))
            found[index] = _zeros(like[index])
        elif strict and create_graph and not grad.requires_grad:
            _not_strict(
                f"The {what} of the user-provided function is independent of input {index}", " when create_graph=True"
            )
    return _answer(outputs, several_outputs, create_graph), _answer(found, several, create_graph)


MISSING = {
    "vjp": ("The output of the user-provided function is independent of input {}", ""),
    "jvp": (
        "The gradient with respect to the input is independent of entry {} in the grad_outputs when using the double "
        "backward trick to compute forward mode gradients",
        "",
    ),
    "vhp": ("The jacobian of the user-provided function is independent of input {}", ""),
    "hvp": (
        "The hessian of the user-provided function is independent of entry {} in the grad_jacobian",
        " as it prevents from using the double backward trick to replace forward mode AD",
    ),
}


def jacobian(
    func: Function,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of ``func`` at ``inputs``: of shape (*output.shape, *input.shape), one backward pass a row.

    A tuple of outputs gives a tuple, and so does a tuple of inputs: ``J[output][input]``. ``vectorize`` and
    ``strategy`` say how PyTorch is to compute it; here the rows come one after the other in any case.

    >>> import minigrad as torch
    >>> torch.autograd.functional.jacobian(lambda x: x.prod() * x, torch.tensor([2.0, 3.0]))
    tensor([[12.,  4.],
            [ 9., 12.]])

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.jacobian.html
    """
    _check_strategy(strategy, create_graph, strict, vectorize)
    with enable_grad():
        several, given = _tensors(inputs, "inputs", "jacobian")
        given = _own(given, create_graph, True)
        several_outputs, outputs = _call("jacobian", func, given, strict)
        if vectorize and strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
                "Please either set `strict=False` or `vectorize=False`."
            )
        rows = _recorded_rows if create_graph else _rows
        found = tuple(
            _answer(rows(number, output, given, strict), several, create_graph) for number, output in enumerate(outputs)
        )
    return found if several_outputs else found[0]


def hessian(
    func: Function,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of ``func``, which returns one number: the Jacobian of its gradient.

    A tuple of inputs gives a tuple of tuples, ``H[i][j]`` of shape (*inputs[i].shape, *inputs[j].shape).

    >>> import minigrad as torch
    >>> torch.autograd.functional.hessian(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.functional.hessian.html
    """
    several, inputs = _tensors(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def scalar(*given: Tensor) -> Any:
        several_outputs, outputs = _call("hessian", func, given, strict)
        return _one_number("hessian", outputs, several_outputs).squeeze()

    def gradient(*given: Tensor) -> tuple[Tensor, ...]:
        found: tuple[Tensor, ...] = jacobian(scalar, given, create_graph=True)
        _check_gradient(found, "hessian", strict)
        return found

    found = jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)
    return found if several else found[0][0]


def _rows(number: int, output: Tensor, inputs: tuple[Tensor, ...], strict: bool) -> list[Tensor]:
    """The Jacobians of one output: a backward pass for each of its numbers."""
    size, shape = output._array.size, output._array.shape
    if not size:
        raise RuntimeError("stack expects a non-empty TensorList")
    found = [np.zeros((size, *each._array.shape), each._array.dtype) for each in inputs]
    if output.requires_grad:
        backward = _repeated(output, inputs)
        for row in range(size):
            seed = np.zeros(shape, output._array.dtype)
            seed.reshape(-1)[row] = 1
            for index, grad in enumerate(backward(seed)):
                if grad is not None:
                    found[index][row] = grad
                elif strict:
                    _not_strict(f"Output {number} of the user-provided function is independent of input {index}")
    return [Tensor._plain(jacobian.reshape(shape + jacobian.shape[1:])) for jacobian in found]


def _repeated(output: Tensor, inputs: tuple[Tensor, ...]) -> Callable[[np.ndarray], Sequence[np.ndarray | None]]:
    """The way from an output to leaves, to be gone once for each seed."""
    leaves = [gradient_edge(tensor) for tensor in inputs]
    def backward(seed: np.ndarray) -> list[np.ndarray | None]:
        caught = engine.run([gradient_edge(output)], [seed], True, False, leaves, False)
        return [caught[leaf] for leaf in leaves]

    return backward


def _recorded_rows(number: int, output: Any, inputs: tuple[Tensor, ...], strict: bool) -> list[Tensor]:
    """The same, recorded: every row is a gradient with a graph, and they are stacked."""
    rows: list[list[Tensor]] = [[] for _ in inputs]
    for place in range(output.numel()):
        grads = _grad((output.reshape(-1)[place],), inputs, None, True)
        for index, (jacobian, grad) in enumerate(zip(rows, grads, strict=True)):
            if strict and grad is None:
                _not_strict(f"Output {number} of the user-provided function is independent of input {index}")
            if strict and not grad.requires_grad:
                _not_strict(
                    f"The jacobian of the user-provided function is independent of input {number}",
                    " when create_graph=True",
                )
            jacobian.append(_zeros(inputs[index]) if grad is None else grad)
    stack = FUNCTIONS["stack"]
    return [stack(row, 0).view(output.shape + each.shape) for row, each in zip(rows, inputs, strict=True)]


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
    return tuple(
        t.view_as(t) if create_graph and t.requires_grad else t.detach().requires_grad_(requires_grad) for t in tensors
    )


def _call(name: str, func: Function, inputs: tuple[Tensor, ...], strict: bool) -> tuple[bool, tuple[Tensor, ...]]:
    several, outputs = _tensors(func(*inputs), "outputs of the user-provided function", name)
    for number, output in enumerate(outputs) if strict else ():
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
            where = "function returns" if name == "vjp" else "function is"
            what = f"{'' if name == 'vjp' else 'input to the '}user-provided {where}"
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


def _grad(
    outputs: Sequence[Any], inputs: Sequence[Tensor], seeds: Any, create_graph: bool, retain_graph: bool | None = None
) -> tuple[Any, ...]:
    """``autograd.grad`` that leaves out the outputs that have no gradient."""
    chosen = [place for place, output in enumerate(outputs) if output is not None and output.requires_grad]
    if not chosen:
        return (None,) * len(inputs)
    roots = [outputs[place] for place in chosen]
    seeds = None if seeds is None else [seeds[place] for place in chosen]
    return gradients.grad(roots, inputs, seeds, retain_graph, create_graph, allow_unused=True)


def _answer(tensors: Sequence[Tensor], several: bool, create_graph: bool) -> Any:
    found = tuple(tensors) if create_graph else tuple(tensor.detach() for tensor in tensors)
    return found if several else found[0]


def _zeros(tensor: Tensor) -> Tensor:
    return Tensor._plain(np.zeros(tensor._array.shape, tensor._array.dtype))


def _check_gradient(gradient: Sequence[Any], what: str, strict: bool) -> None:
    """In strict mode a gradient that is differentiated again must depend on the inputs."""
    for number, each in enumerate(gradient) if strict else ():
        if each is None:
            _not_strict(f"The output of the user-provided function is independent of input {number}")
        if not each.requires_grad and what == "gradient":
            _not_strict(
                f"The gradient with respect to input {number} is independent of the inputs of the user-provided "
                "function"
            )
        if not each.requires_grad:
            raise RuntimeError(
                "While computing the hessian, found that the jacobian of the user-provided function with respect to "
                f"input {number} is independent of the input. This is not allowed in strict mode. You should ensure "
                "that your function is twice differentiable and that the jacobian depends on the inputs (this would be "
                "violated by a linear function for example)."
            )


def _not_strict(what: str, why: str = "") -> NoReturn:
    raise RuntimeError(f"{what}. This is not allowed in strict mode{why}.")


def _check_strategy(strategy: str, create_graph: bool, strict: bool, vectorize: bool) -> None:
    """PyTorch's conditions for forward mode."""
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs '
            'than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "reverse-mode":
        return
    for refused, option, error in (
        (create_graph, "create_graph", NotImplementedError),
        (strict, "strict", RuntimeError),
    ):
        if refused:
            raise error(
                f'torch.autograd.functional.jacobian: `{option}=True` and `strategy="forward-mode"` are not supported '
                f'together (yet). Please either set `{option}=False` or `strategy="reverse-mode"`.'
            )
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian is"
            "only implemented for `vectorize=True`."
        )
