"""Functions for derivatives: on arrays they are numpy's, on Tensors they are our own recorded operations.

Operators (``grad * other``) work on both by themselves; what has no operator goes through here. This is how
a derivative is written once and serves both the plain backward pass and create_graph.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd.graph import Node
from ..dtypes import FROM_NUMPY
from ..memory import strided
from ..tensor import Tensor
from .arguments import FUNCTIONS as FUNCTIONS


def dual(name: str, on_arrays: Callable[..., Any]) -> Callable[..., Any]:
    """``on_arrays`` for arrays and the operation ``name`` for Tensors."""

    def function(*args: Any) -> Any:
        for arg in args:
            if isinstance(arg, Tensor):
                return (FUNCTIONS.get(name) or getattr(Tensor, name))(*args)
        return on_arrays(*args)

    function.__name__ = function.__qualname__ = name
    return function


def either(operation: Any, value: Any, *args: Any) -> Any:
    """An operation inside a derivative: itself for Tensors, its forward for arrays."""
    return operation(value, *args) if isinstance(value, Tensor) else operation.forward(value, *args)


_HALF = np.dtype(np.float16)


def rounded_once(compute: Callable[..., Any]) -> Callable[..., Any]:
    """``compute`` as PyTorch's kernels do it: float16 is float32 inside and rounded at the end, not at every step."""

    @functools.wraps(compute)
    def computed(first: Any, *args: Any) -> Any:
        if first.dtype is not _HALF:
            return compute(first, *args)
        wide = [a.astype(np.float32) if type(a) is np.ndarray and a.dtype is _HALF else a for a in (first, *args)]
        out = compute(*wide)
        return tuple([each.astype(_HALF) for each in out]) if type(out) is tuple else out.astype(_HALF)

    return computed


def through_half(value: np.ndarray) -> np.ndarray:
    """The value as it is after having been stored as float16: PyTorch's kernels do so with some."""
    return value.astype(_HALF).astype(value.dtype)


def plain(value: Any) -> np.ndarray:
    """The array of a value that may be a Tensor."""
    return value._array if isinstance(value, Tensor) else value


# Elements

exp, log, sqrt = dual("exp", np.exp), dual("log", np.log), dual("sqrt", np.sqrt)
sin, cos, sinh, cosh, tanh = (dual(f.__name__, f) for f in (np.sin, np.cos, np.sinh, np.cosh, np.tanh))
absolute, isnan, isfinite = dual("abs", np.abs), dual("isnan", np.isnan), dual("isfinite", np.isfinite)
where, sgn = dual("where", np.where), dual("sgn", lambda x: signs(x))
inverse_root = rounded_once(lambda x: np.true_divide(1, np.sqrt(x), out=...))
reciprocal, rsqrt = dual("reciprocal", lambda x: 1 / x), dual("rsqrt", inverse_root)
power = dual("pow", lambda x, y: raised(x, y) if isinstance(y, int | float) else np.power(x, y))


def signs(x: np.ndarray) -> np.ndarray:
    """-1, 0 or 1 for each element; 0 for NaN, as in PyTorch."""
    return np.subtract(x > 0, x < 0, dtype=x.dtype, out=...)


_POWERS: dict[float, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda x: np.multiply(x, x, out=...),
    3: rounded_once(lambda x: np.multiply(x * x, x, out=...)),
    0.5: lambda x: np.sqrt(x, out=...),
    -0.5: inverse_root,
    -1: lambda x: np.true_divide(1, x, out=...),
    -2: rounded_once(lambda x: np.true_divide(1, x * x, out=...)),
}


def raised(x: np.ndarray, exponent: float) -> np.ndarray:
    """A floating array to the power of a number; as in PyTorch some powers are products and roots, which is faster."""
    special = _POWERS.get(exponent)
    return np.power(x, exponent, out=...) if special is None else special(x)


def scaled(value: Any, factor: float) -> Any:
    """A value times a number, which mostly is 1."""
    return value if factor == 1 else value * factor


def first(extreme: np.ufunc) -> Callable[..., Any]:
    """np.maximum and its like, taking the first of 0.0 and -0.0 as PyTorch does; numpy takes the second."""
    return lambda x, y: extreme(y, x, out=...)


def _rounded(mode: str, on_arrays: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y: FUNCTIONS["div"](x, y, rounding_mode=mode) if isinstance(x, Tensor) else on_arrays(x, y)


floored, truncated = _rounded("floor", np.floor_divide), _rounded("trunc", lambda x, y: np.trunc(x / y))  # x / y


# Masks

_BITS = {np.dtype(f"float{n}"): np.dtype(f"int{n}") for n in (16, 32, 64)}
_ZERO = {kind: np.zeros((), kind) for kind in _BITS}
_LARGE = 2000  # from here on masking the bits takes an eighth of the time of np.where


def kept(grad: Any, mask: Any) -> Any:
    """``grad`` where ``mask`` is true; elsewhere 0, whatever ``grad`` is there: infinite, NaN, or negative (no -0)."""
    if isinstance(grad, Tensor):
        return FUNCTIONS["where"](mask, grad, Tensor._plain(_ZERO[grad._array.dtype]))
    if mask.size < _LARGE:
        return np.where(mask, grad, _ZERO[grad.dtype])
    ones = mask.astype(_BITS[grad.dtype])
    return np.multiply(ones, grad.view(ones.dtype), out=ones if ones.shape == grad.shape else None).view(grad.dtype)


def dropped(grad: Any, mask: Any) -> Any:
    """0 where ``mask`` is true and ``grad`` elsewhere."""
    if isinstance(grad, Tensor):
        return FUNCTIONS["where"](mask, Tensor._plain(_ZERO[grad._array.dtype]), grad)
    return np.where(mask, _ZERO[grad.dtype], grad) if mask.size < _LARGE else kept(grad, ~mask)


def masked(grad: Any, mask: Any) -> Any:
    """The same, recorded as PyTorch's masked_fill."""
    return FUNCTIONS["masked_fill"](grad, mask, 0) if isinstance(grad, Tensor) else dropped(grad, mask)


def masked_total(grad: Any, mask: Any) -> Any:
    """The sum of ``grad`` where ``mask`` is true."""
    return FUNCTIONS["masked_select"](grad, mask).sum() if isinstance(grad, Tensor) else kept(grad, mask).sum()


def choose(mask: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """np.where for floating arrays of one dtype."""
    if mask.size < _LARGE or x.dtype not in _BITS:
        return np.where(mask, x, y)
    bits = np.negative(mask.view(np.int8), dtype=_BITS[x.dtype])  # every bit set where the mask is true
    return ((x.view(bits.dtype) & bits) | (y.view(bits.dtype) & ~bits)).view(x.dtype)


# Shapes, products and sums

reshape, expand = dual("reshape", np.reshape), dual("expand", lambda x, shape: stretched(x, shape))
permute, transpose = dual("permute", np.transpose), dual("transpose", np.swapaxes)


def t(matrix: Any) -> Any:
    """A matrix turned."""
    return matrix.T if type(matrix) is np.ndarray else FUNCTIONS["t"](matrix)


flip, unsqueeze, matmul = (
    dual("flip", lambda x, dims: np.flip(x, dims).copy()),
    dual("unsqueeze", np.expand_dims),
    dual("matmul", np.matmul),
)
cumsum, cumprod = dual("cumsum", np.cumsum), dual("cumprod", np.cumprod)


def stretched(x: Any, shape: tuple[int, ...]) -> np.ndarray:
    """``x`` broadcast to ``shape``, memory shared; writable where ``x`` is, which numpy's own is not."""
    x = np.asarray(x)
    view = np.broadcast_to(x, shape)
    return strided(x, view.shape, view.strides)


def cat(values: list[Any], dim: int) -> Any:
    """Values one after the other in a dimension that they have."""
    return FUNCTIONS["cat"](values, dim) if isinstance(values[0], Tensor) else np.concatenate(values, dim)


def total(value: Any, dims: tuple[int, ...], keepdim: bool = False) -> Any:
    """The sum over some dimensions (none: the value itself)."""
    if not dims:
        return value
    if isinstance(value, Tensor):
        return FUNCTIONS["sum"](value, dims, keepdim)
    return np.add.reduce(value, axis=dims, keepdims=keepdim)  # type: ignore[call-overload]


def sum_to(grad: Any, shape: tuple[int, ...], node: Node | None = None) -> Any:
    """Undo broadcasting: the one place where a gradient is summed over the dimensions its input was stretched in.

    Raises:
        RuntimeError: ``grad`` could not have come from broadcasting ``shape``.
    """
    given = tuple(grad.shape)
    extra = len(given) - len(shape)
    if extra < 0 or any(want not in (1, have) for want, have in zip(shape, given[extra:], strict=True)):
        who = "A function" if node is None else f"Function {node.name()}"
        raise RuntimeError(
            f"{who} returned an invalid gradient at index 0 - got {list(given)} but expected shape compatible with "
            f"{list(shape)}"
        )
    if not shape:
        return FUNCTIONS["sum"](grad) if isinstance(grad, Tensor) else np.asarray(np.add.reduce(grad, axis=None))
    dims = tuple(range(extra)) + tuple(
        place + extra for place, want in enumerate(shape) if want == 1 and given[place + extra] != 1
    )
    grad = total(grad, dims, keepdim=True)
    return reshape(grad, shape) if extra else grad


def scatter_flat(grad: Any, places: np.ndarray, shape: tuple[int, ...]) -> Any:
    """Zeros of ``shape`` with ``grad`` added at these indices into its elements in a row."""
    summed = np.zeros(math.prod(shape), plain(grad).dtype)
    if isinstance(grad, Tensor):
        return reshape(FUNCTIONS["index_put"](Tensor._plain(summed), (Tensor._plain(places),), grad, True), shape)
    np.add.at(summed, places, grad)
    return summed.reshape(shape)


# Of the same kind


def zeros(value: Any) -> Any:
    """Zeros like ``value``."""
    return zeros_of(value, value.shape)


def zeros_of(value: Any, shape: Sequence[int]) -> Any:
    """Zeros of this shape, of the kind and dtype of ``value``."""
    return like(value, np.zeros(shape, plain(value).dtype))


def like(value: Any, number: Any) -> Any:
    """A constant of the value's kind: an array stays one, a Tensor gets a Tensor."""
    return Tensor._of(np.asarray(number)) if isinstance(value, Tensor) else number


def cast(value: Any, dtype: np.dtype[Any]) -> Any:
    """The value in another dtype (numpy's)."""
    if isinstance(value, Tensor):
        return value if value._array.dtype == dtype else value.to(FROM_NUMPY[dtype])
    return value if value.dtype == dtype else value.astype(dtype)


def cast_like(value: Any, other: Any) -> Any:
    """The value in the dtype of another."""
    return cast(value, plain(other).dtype)
