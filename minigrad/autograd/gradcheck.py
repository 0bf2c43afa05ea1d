"""gradcheck: is a backward right? Every derivative is compared with what central differences say.

Column j of the numerical Jacobian comes from moving the j-th number of an input a little up and down; row i of
the analytical one from a backward pass that starts with 1 at the i-th output and 0 elsewhere.

See https://docs.pytorch.org/docs/stable/autograd.html#numerical-gradient-checking
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor
from . import gradients, notes


class GradcheckError(RuntimeError):
    """What gradcheck raises when a gradient is wrong."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of ``func(*inputs)`` with central differences, for every input that requires grad.

    Args:
        inputs: what ``func`` is called with; float64, or rounding spoils the differences.
        eps: how far an input is moved.
        raise_exception: False returns False for a wrong gradient instead of raising.
        nondet_tol: how much two backward passes over the same graph may differ.
        check_undefined_grad: also check a backward in which some of several outputs got no gradient.
        fast_mode: taken for PyTorch's sake; the whole Jacobian is compared either way.

    Raises:
        GradcheckError: shows both Jacobians. ValueError: no input requires grad.

    >>> import minigrad as torch
    >>> x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(lambda x: x.exp() * x, x)
    True

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    if check_forward_ad or check_batched_grad:
        raise NotImplementedError(
            "minigrad has neither forward mode nor vmap: gradcheck compares backward passes only."
        )
    inputs = _as_tuple(inputs)
    _check_inputs(inputs)
    try:
        _check(func, inputs, eps, atol, rtol, nondet_tol, check_undefined_grad)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compare the second derivatives of ``func`` with central differences of its first ones.

    What is checked is the backward pass as a function of ``inputs`` and ``grad_outputs`` (by default drawn evenly
    from (-1, 1)); the other arguments are those of `gradcheck`.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradgradcheck.html
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    inputs = _as_tuple(inputs)
    if grad_outputs is None:
        seeds: tuple[Tensor, ...] = tuple(_seed_like(output) for output in _differentiable(func(*inputs)))
    else:
        seeds = _as_tuple(grad_outputs)
    places = [place for place, value in enumerate(inputs) if _requires_grad(value)]

    def backward(*args: Any) -> tuple[Tensor, ...]:
        given, grads = args[: len(inputs)], args[len(inputs) :]
        outputs = _differentiable(func(*given))
        found = gradients.grad(outputs, [given[place] for place in places], grads, create_graph=True, allow_unused=True)
        return tuple(grad for grad in found if grad is not None)

    return gradcheck(
        backward,
        (*inputs, *seeds),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
    )


def _check_inputs(inputs: tuple[Any, ...]) -> None:
    for number, value in enumerate(inputs):
        if not _requires_grad(value):
            continue
        if value._array.dtype != np.float64:
            warnings.warn(
                f"Input #{number} requires gradient and is not a double precision floating point or complex. This "
                "check will likely fail if all the inputs are not of double precision floating point or complex. ",
                UserWarning,
                stacklevel=3,
            )
        if any(step == 0 and length > 1 for step, length in zip(value.stride(), value.shape, strict=True)):
            raise RuntimeError(
                f"The {number}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call .contiguous "
                "on the input before passing it to gradcheck."
            )
    if not any(map(_requires_grad, inputs)):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )


def _check(
    func: Callable[..., Any],
    inputs: tuple[Any, ...],
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
    check_undefined_grad: bool,
) -> None:
    everything = _as_tuple(func(*inputs))
    outputs = _differentiable(everything)
    targets = [value for value in inputs if _requires_grad(value)]
    numerical = [_numerical_jacobians(func, inputs, target, everything, eps) for target in targets]
    if not outputs:
        if any((jacobian != 0).any() for jacobians in numerical for jacobian in jacobians):
            raise GradcheckError("Numerical gradient for function expected to be zero")
        return
    places = [place for place, output in enumerate(everything) if output.requires_grad]
    for number, output in enumerate(outputs):
        analytical = _analytical_jacobians(output, targets)
        again = _analytical_jacobians(output, targets)
        if any(a.size and np.abs(a - b).max() > nondet_tol for a, b in zip(analytical, again, strict=True)):
            raise GradcheckError(NOT_REENTRANT.format(nondet_tol))
        for index, (a, columns) in enumerate(zip(analytical, numerical, strict=True)):
            n = columns[places[number]]
            if not np.allclose(a, n, rtol, atol):
                raise _mismatch(number, index, n, a, targets[index])
    for grad in gradients.grad(outputs, targets, [_zeros(output) for output in outputs], allow_unused=True):
        if grad is not None and (grad._array != 0).any():
            raise GradcheckError("backward not multiplied by grad_output")
    if check_undefined_grad and len(outputs) > 1:
        for left_out in range(len(outputs)):
            some = _differentiable(func(*inputs))
            _check_undefined([o for number, o in enumerate(some) if number != left_out], targets)


def _check_undefined(outputs: list[Tensor], targets: list[Tensor]) -> None:
    """A backward pass in which one output gets no gradient and the others get zeros must give zeros."""
    hint = 'Please look at "Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'
    try:
        grads = gradients.grad(outputs, targets, [_zeros(output) for output in outputs], allow_unused=True)
    except RuntimeError as error:
        raise GradcheckError(f"Expected backward function to handle undefined output grads. {hint}") from error
    if any(grad is not None and (grad._array != 0).any() for grad in grads):
        raise GradcheckError(
            "Expected all input grads to be undefined or zero when all output grads are undefined or zero. " + hint
        )


def _numerical_jacobians(
    func: Callable[..., Any], inputs: tuple[Any, ...], target: Tensor, outputs: tuple[Tensor, ...], eps: float
) -> list[np.ndarray]:
    """For each output, how its numbers change with those of ``target``: one row for each of target's."""
    array = target._array
    found = [np.zeros((array.size, o._array.size), _floating(o._array.dtype)) for o in outputs]
    for row, place in enumerate(np.ndindex(array.shape)):
        before = array[place]
        try:
            array[place] = before - eps
            low = [o._array.copy() for o in _as_tuple(func(*inputs))]
            array[place] = before + eps
            high = [o._array.copy() for o in _as_tuple(func(*inputs))]
        finally:
            array[place] = before
        for jacobian, a, b in zip(found, low, high, strict=True):
            for what, x, y in (("shape", a.shape, b.shape), ("dtype", a.dtype, b.dtype)):
                if x != y:
                    shown = [
                        Tensor._plain(each).shape if what == "shape" else Tensor._plain(each).dtype for each in (a, b)
                    ]
                    raise AssertionError(
                        f"Expected `func` to return outputs with the same {what} when inputs are perturbed on index "
                        f"{place} by {eps}, but got: {what}s {shown[0]} and {shown[1]}."
                    )
            jacobian[row] = ((b - a) / (2 * eps)).reshape(-1) if b.dtype.kind == "f" else 0
    return found


def _analytical_jacobians(output: Tensor, targets: list[Tensor]) -> list[np.ndarray]:
    """The same by one backward pass for each number of ``output``."""
    found = [np.zeros((target._array.size, output._array.size), target._array.dtype) for target in targets]
    for column in range(output._array.size):
        seed = _zeros(output)
        seed._array.reshape(-1)[column] = 1
        grads = gradients.grad(output, targets, seed, retain_graph=True, allow_unused=True)
        for jacobian, grad in zip(found, grads, strict=True):
            if grad is not None:
                jacobian[:, column] = grad._array.reshape(-1)
    return found


def _mismatch(output: int, index: int, numerical: np.ndarray, analytical: np.ndarray, target: Tensor) -> GradcheckError:
    with np.errstate(all="ignore"):
        gap = np.nan_to_num(np.abs(numerical - analytical), nan=np.inf)
    row, column = np.unravel_index(int(gap.argmax()), gap.shape)
    error = GradcheckError(
        f"Jacobian mismatch for output {output} with respect to input {index},\n"
        f"numerical:{Tensor._plain(numerical)}\nanalytical:{Tensor._plain(analytical)}\n"
    )
    advice = (
        "Check what backward returns there."
        if target._array.dtype == np.float64
        else "The input is not float64: rounding alone can do this. Try dtype=torch.float64, or a larger eps."
    )
    return notes.explain(
        error,
        f"The largest gap is at row {row}, column {column}: when number {row} of the input moves, number {column} of "
        f"the output changes {numerical[row, column]:.6g} times as much; backward says {analytical[row, column]:.6g}.",
        advice,
    )


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _differentiable(outputs: Any) -> tuple[Tensor, ...]:
    return tuple(output for output in _as_tuple(outputs) if output.requires_grad)


def _requires_grad(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad


def _zeros(tensor: Tensor) -> Tensor:
    return Tensor._plain(np.zeros(tensor._array.shape, tensor._array.dtype))


def _floating(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def _seed_like(output: Tensor) -> Tensor:
    from ..creation import empty

    seed = empty(tuple(output.shape), dtype=output.dtype)
    return seed.uniform_(-1, 1).requires_grad_()


NOT_REENTRANT = """\
Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different \
values, although analytical gradient matches numerical gradient.The tolerance for nondeterminism was {}.

NOTE: If your op relies on non-deterministic operations i.e., it is listed here:
https://pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html
this failure might be expected.

If you are adding a new operator, please file an issue and then use one of the
workarounds. The workaround depends on how your test invokes gradcheck/gradgradcheck.
If the test
- manually invokes gradcheck/gradgradcheck, then call gradcheck/gradgradcheck
  with `nondet_tol=<tol>` as a keyword argument.
- is OpInfo-based (e.g., in test_ops_gradients.py), then modify the OpInfo for the test
  to have `gradcheck_nondet_tol=<tol>`.
- is a Module test (e.g., in common_nn.py), then modify the corresponding
  module_test entry to have `gradcheck_nondet_tol=<tol>`
"""
