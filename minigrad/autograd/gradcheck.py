"""gradcheck: is a backward right? Every derivative is compared with what central differences say.

Column j of the numerical Jacobian comes from moving the j-th number of an input a little up and down; row i of
the analytical one from a backward pass that starts with 1 at the i-th output and 0 elsewhere.

See https://docs.pytorch.org/docs/stable/autograd.html#numerical-gradient-checking
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..memory import overlaps_itself
from ..tensor import Tensor
from . import gradients, notes
from .gradients import zeros

Jacobians = list[np.ndarray]  # of one output with respect to each input, or of each output with respect to one input
# Options of PyTorch's that say nothing here, and those that ask for what there is not.
_IDLE = {"check_backward_ad", "check_rev_over_rev", "check_grad_dtypes", "fast_mode", "masked"}
_ABSENT = {"check_forward_ad", "check_batched_grad", "check_batched_forward_grad", "check_fwd_over_rev"}


class GradcheckError(RuntimeError):
    """What gradcheck raises when a gradient is wrong."""


@notes.computing
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
    **options: bool | None,
) -> bool:
    """Compare the gradients of ``func(*inputs)`` with central differences, for every input that requires grad.

    Args:
        inputs: what ``func`` is called with; float64, or rounding spoils the differences.
        eps: how far an input is moved.
        raise_exception: False returns False for a wrong gradient instead of raising.
        nondet_tol: how much two backward passes over the same graph may differ.
        check_undefined_grad: also check a backward in which some of several outputs got no gradient.
        options: PyTorch's others. ``fast_mode`` and the like are taken: the whole Jacobian is compared either way.

    Raises:
        GradcheckError: shows both Jacobians. ValueError: no input requires grad.

    >>> import minigrad as torch
    >>> x = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(lambda x: x.exp() * x, x)
    True

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html
    """
    for name in options.keys() - _IDLE - _ABSENT:
        raise TypeError(f"gradcheck() got an unexpected keyword argument '{name}'")
    if any(options.get(name) for name in _ABSENT):
        raise NotImplementedError(
            "minigrad has neither forward mode nor vmap: gradcheck compares backward passes only."
        )
    inputs = _as_tuple(inputs)
    _check_inputs(inputs)
    with contextlib.suppress(*() if raise_exception else (GradcheckError,)):
        _check_jacobians(func, inputs, eps, atol, rtol, nondet_tol)
        if check_undefined_grad:
            _check_undefined(func, inputs)
        return True
    return False


@notes.computing
def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Tensor | Sequence[Tensor] | None = None,
    *,
    gen_non_contig_grad_outputs: bool = False,
    **options: Any,
) -> bool:
    """Compare the second derivatives of ``func`` with central differences of its first ones.

    What is checked is the backward pass as a function of ``inputs`` and ``grad_outputs`` (by default drawn evenly
    from (-1, 1)); the other arguments are those of `gradcheck`.

    See https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradgradcheck.html
    """
    inputs = _as_tuple(inputs)
    if grad_outputs is None:
        outputs = _differentiable(func(*inputs))
        grad_outputs = tuple([zeros(output).uniform_(-1, 1).requires_grad_() for output in outputs])

    def backward(*args: Any) -> tuple[Tensor, ...]:
        given, grads = args[: len(inputs)], args[len(inputs) :]
        targets = list(filter(_requires_grad, given))
        found = gradients.grad(_differentiable(func(*given)), targets, grads, create_graph=True, allow_unused=True)
        return tuple([grad for grad in found if grad is not None])

    return gradcheck(backward, (*inputs, *_as_tuple(grad_outputs)), **options)


def _check_inputs(inputs: tuple[Any, ...]) -> None:
    for number, value in enumerate(inputs):
        if not _requires_grad(value):
            continue
        if value._array.dtype != np.float64:
            notes.warn(
                f"Input #{number} requires gradient and is not a double precision floating point or complex. This "
                "check will likely fail if all the inputs are not of double precision floating point or complex. "
            )
        if overlaps_itself(value._array):
            raise RuntimeError(
                f"The {number}th input has a dimension with stride 0. gradcheck only supports inputs that are "
                "non-overlapping to be able to compute the numerical gradients correctly. You should call .contiguous "
                "on the input before passing it to gradcheck."
            )
    if not any(map(_requires_grad, inputs)):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )


def _check_jacobians(
    func: Callable[..., Any], inputs: tuple[Any, ...], eps: float, atol: float, rtol: float, nondet_tol: float
) -> None:
    everything, targets = _as_tuple(func(*inputs)), list(filter(_requires_grad, inputs))
    places = [place for place, output in enumerate(everything) if output.requires_grad]
    numerical = [_numerical(func, inputs, target, everything, eps) for target in targets]
    if not places and any((jacobian != 0).any() for jacobians in numerical for jacobian in jacobians):
        raise GradcheckError("Numerical gradient for function expected to be zero")
    for number, place in enumerate(places):
        analytical, again = (_analytical(everything[place], targets) for _ in range(2))
        if any(a.size and np.abs(a - b).max() > nondet_tol for a, b in zip(analytical, again, strict=True)):
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times "
                "gives different values, although analytical gradient matches numerical gradient.The tolerance for "
                f"nondeterminism was {nondet_tol}."
            )
        for index, (a, columns) in enumerate(zip(analytical, numerical, strict=True)):
            if not np.allclose(a, columns[place], rtol, atol):
                raise _mismatch(number, index, columns[place], a, targets[index])
    if places and not _stays_zero(_differentiable(everything), targets):
        raise GradcheckError("backward not multiplied by grad_output")


def _check_undefined(func: Callable[..., Any], inputs: tuple[Any, ...]) -> None:
    """Check backward passes in which one of several outputs got no gradient."""
    outputs = _differentiable(func(*inputs))
    for some in itertools.combinations(outputs, len(outputs) - 1) if len(outputs) > 1 else ():
        hint = 'Please look at "Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'
        try:
            fine = _stays_zero(some, list(filter(_requires_grad, inputs)))
        except RuntimeError as error:
            raise GradcheckError(f"Expected backward function to handle undefined output grads. {hint}") from error
        if not fine:
            what = "Expected all input grads to be undefined or zero when all output grads are undefined or zero."
            raise GradcheckError(f"{what} {hint}")


def _stays_zero(outputs: Sequence[Tensor], targets: list[Tensor]) -> bool:
    """Whether a backward pass that starts with zeros gives zeros."""
    grads = gradients.grad(outputs, targets, list(map(zeros, outputs)), retain_graph=True, allow_unused=True)
    return not any(grad is not None and (grad._array != 0).any() for grad in grads)


def _numerical(
    func: Callable[..., Any], inputs: tuple[Any, ...], target: Tensor, outputs: tuple[Tensor, ...], eps: float
) -> Jacobians:
    """For each output, how its numbers change with those of ``target``: one row for each of target's."""
    array = target._array
    kinds = [o._array.dtype if o.is_floating_point() else np.float64 for o in outputs]
    found: Jacobians = [np.zeros((array.size, o.numel()), kind) for o, kind in zip(outputs, kinds, strict=True)]
    for row, place in enumerate(np.ndindex(array.shape)):
        number, ends = array[place], []
        try:
            for moved in (number - eps, number + eps):
                array[place] = moved
                ends.append([output._array.copy() for output in _as_tuple(func(*inputs))])
        finally:
            array[place] = number
        for jacobian, a, b in zip(found, *ends, strict=True):
            for what in ("shape", "dtype"):
                if getattr(a, what) != getattr(b, what):
                    before, after = (getattr(Tensor._plain(each), what) for each in (a, b))
                    raise AssertionError(
                        f"Expected `func` to return outputs with the same {what} when inputs are perturbed on index "
                        f"{place} by {eps}, but got: {what}s {before} and {after}."
                    )
            jacobian[row] = ((b - a) / (2 * eps)).reshape(-1) if b.dtype.kind == "f" else 0
    return found


def _analytical(output: Tensor, targets: list[Tensor]) -> Jacobians:
    """The same by one backward pass for each number of ``output``."""
    from .functional import jacobians

    found = jacobians(0, output, targets)
    return [each._array.reshape(output.numel(), target.numel()).T for each, target in zip(found, targets, strict=True)]


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
    return notes.noted(
        error,
        f"The largest gap is at row {row}, column {column}: when number {row} of the input moves, number {column} of "
        f"the output changes {numerical[row, column]:.6g} times as much; backward says {analytical[row, column]:.6g}.",
        advice,
    )


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _differentiable(outputs: Any) -> tuple[Tensor, ...]:
    return tuple([output for output in _as_tuple(outputs) if output.requires_grad])


def _requires_grad(value: Any) -> bool:
    return isinstance(value, Tensor) and value.requires_grad
