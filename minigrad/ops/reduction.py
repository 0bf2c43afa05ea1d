"""Reductions: what makes few numbers of many, over all dimensions or some; and running sums and products.

A row keeps ``dim`` as it was given (None and () mean all dimensions), as PyTorch's nodes show it.
"""

from __future__ import annotations

import builtins
import math
import warnings
from collections import namedtuple
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import numpy as np

from ..dtypes import get_default_dtype
from ..dtypes import dtype as Dtype
from ..tensor import Tensor
from .arguments import must_be_tensor, wrap_dim, wrap_dims
from .dual import FUNCTIONS, absolute, cast, dual, exp, expand, power, reshape, scatter_flat, sign, total, where
from .templates import Operation

Dims = int | Iterable[int] | None

isnan, cumulated, cumulated_product = dual("isnan", np.isnan), dual("cumsum", np.cumsum), dual("cumprod", np.cumprod)
_reduce_add: Any = np.add.reduce
_INFINITY = float("inf")


def flipped(value: Any, dim: int) -> Any:
    """The value with one dimension back to front."""
    return FUNCTIONS["flip"](value, (dim,)) if isinstance(value, Tensor) else np.flip(value, dim)


def joined(values: list[Any], dim: int) -> Any:
    """Values one after the other in a dimension that they have."""
    return FUNCTIONS["cat"](values, dim) if isinstance(values[0], Tensor) else np.concatenate(values, dim)


def piece(value: Any, dim: int, start: int, stop: int) -> Any:
    """The part of a value from start to stop in a dimension."""
    return value[(slice(None),) * dim + (slice(start, stop),)]


def kept(value: Any, shape: tuple[int, ...], dim: Dims, keepdim: bool) -> Any:
    """A reduced value with the dimensions of ``shape`` that it lost, at length 1."""
    if keepdim or not shape:
        return value
    dims = wrap_dims(dim, len(shape))
    return reshape(value, tuple(1 if place in dims else length for place, length in enumerate(shape)))


def count(shape: tuple[int, ...], dim: Dims) -> int:
    """How many numbers go into one."""
    return math.prod([shape[d] for d in wrap_dims(dim, len(shape))])


def _spread(grad: Any, shape: tuple[int, ...], dim: Dims, keepdim: bool) -> Any:
    return expand(kept(grad, shape, dim, keepdim), shape)


# Arguments


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    """Check ``input``, ``dim`` and ``keepdim`` first, and let numpy's names for the last two pass."""
    name = function.__name__

    @wraps(function)
    def call(input: Tensor, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(input, Tensor):
            raise must_be_tensor(name, "input", 1, input)
        if kwargs:
            for numpys, ours in (("axis", "dim"), ("keepdims", "keepdim")):
                if numpys in kwargs:
                    kwargs[ours] = kwargs.pop(numpys)
            kwargs.pop("out", None)
        return function(input, *args, **kwargs)

    return call


def _as_dims(name: str, dim: Any) -> Dims:
    """A dimension or several, as a row keeps them: an int becomes a tuple of one."""
    if dim is None:
        return None
    if isinstance(dim, int) and not isinstance(dim, bool):
        return (dim,)
    if isinstance(dim, tuple | list) and builtins.all(isinstance(d, int) for d in dim):
        return tuple(dim)
    kind = type(dim).__name__
    raise TypeError(f"{name}(): argument 'dim' (position 2) must be tuple of ints, not {kind}")


def _one_dim(name: str, dim: Any, ndim: int) -> int:
    if not isinstance(dim, int) or isinstance(dim, bool):
        raise TypeError(f"{name}(): argument 'dim' (position 2) must be int, not {type(dim).__name__}")
    return wrap_dim(dim, ndim)


def _check_keepdim(name: str, keepdim: Any, position: int = 3) -> None:
    if type(keepdim) is not bool:
        kind = repr(keepdim) if isinstance(keepdim, Dtype) else type(keepdim).__name__
        raise TypeError(f"{name}(): argument 'keepdim' (position {position}) must be bool, not {kind}")


def _return_type(name: str, *fields: str) -> Any:
    """The named tuple that PyTorch calls ``torch.return_types.<name>``."""

    def __repr__(self: Any) -> str:
        items = ",\n".join(f"{field}={value!r}" for field, value in zip(fields, self, strict=True))
        return f"torch.return_types.{name}(\n{items})"

    base = namedtuple(name, fields)
    return type(name, (base,), {"__slots__": (), "__module__": "torch.return_types", "__repr__": __repr__})


# Sums, means, products


def _sum(self: np.ndarray, dim: Dims = None, keepdim: bool = False, dtype: Dtype | None = None) -> np.ndarray:
    kind = self.dtype if self.dtype.kind == "f" else np.dtype(np.int64)
    return _reduce_add(
        self,
        axis=wrap_dims(dim, self.ndim) if dim else None,
        dtype=kind if dtype is None else dtype.numpy,
        keepdims=keepdim,
        out=...,
    )


def _mean(self: np.ndarray, dim: Dims = None, keepdim: bool = False, dtype: Dtype | None = None) -> np.ndarray:
    if dtype is not None:
        self = self.astype(dtype.numpy)
    out = _sum(self, dim, keepdim)
    number = self.size if dim is None else count(self.shape, dim)
    return np.true_divide(out, self.dtype.type(number), out=...)


_sum_all = Operation(
    "sum",
    lambda self, dtype: _sum(self, dtype=dtype),
    {"self": lambda grad, self_sym_sizes: expand(grad, self_sym_sizes)},
    formula={"self": r"\bar{z}\,\mathbf{1}"},
)
_sum_dims = Operation(
    "sum",
    lambda self, dim, keepdim, dtype: _sum(self, dim, keepdim, dtype),
    {"self": lambda grad, dim, keepdim, self_sym_sizes: _spread(grad, self_sym_sizes, dim, keepdim)},
    node="SumBackward1",
    formula={"self": r"\bar{z}\,\mathbf{1}"},
)
_mean_all = Operation(
    "mean",
    lambda self, dtype: _mean(self, dtype=dtype),
    {"self": lambda grad, self_sym_sizes, self_sym_numel: expand(grad, self_sym_sizes) / self_sym_numel},
    formula={"self": r"\bar{z} / n"},
)
_mean_dims = Operation(
    "mean",
    lambda self, dim, keepdim, dtype: _mean(self, dim, keepdim, dtype),
    {
        "self": lambda grad, dim, keepdim, self_sym_sizes, self_sym_numel: (
            _spread(grad, self_sym_sizes, dim, keepdim) / count(self_sym_sizes, dim)
        )
    },
    node="MeanBackward1",
    formula={"self": r"\bar{z} / n"},
)


@_reduction
def sum(input: Tensor, dim: Any = ..., keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The sum of all elements, or over the dimensions ``dim``; integers and bools sum to int64.

    >>> import minigrad as torch
    >>> torch.ones(2, 3).sum(), torch.ones(2, 3).sum(0)
    (tensor(6.), tensor([2., 2., 2.]))

    See https://docs.pytorch.org/docs/stable/generated/torch.sum.html
    """
    if dim is ...:
        return _sum_all(input, dtype)
    _check_keepdim("sum", keepdim, 2)
    return _sum_dims(input, _as_dims("sum", dim), keepdim, dtype)


@_reduction
def mean(input: Tensor, dim: Any = ..., keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The mean of all elements, or over the dimensions ``dim``.

    Raises:
        RuntimeError: the elements are no floating numbers (``dtype`` can make them so).

    See https://docs.pytorch.org/docs/stable/generated/torch.mean.html
    """
    kind = input.dtype if dtype is None else dtype
    if not kind.is_floating_point:
        raise RuntimeError(
            f"mean(): could not infer output dtype. {'Input' if dtype is None else 'Optional'} dtype must be either a "
            f"floating point or complex dtype. Got: {kind.scalar_name}"
        )
    if dim is ...:
        return _mean_all(input, dtype)
    _check_keepdim("mean", keepdim, 2)
    return _mean_dims(input, _as_dims("mean", dim), keepdim, dtype)


def _prod(self: np.ndarray, dim: int | None, keepdim: bool, dtype: Dtype | None) -> np.ndarray:
    kind = self.dtype if self.dtype.kind == "f" else np.dtype(np.int64)
    axis = None if dim is None or not self.ndim else dim
    run: Any = np.multiply.reduce
    return run(
        self, axis=axis, dtype=kind if dtype is None else dtype.numpy, keepdims=keepdim and axis is not None, out=...
    )


def _prod_backward(grad: Any, self: Any, result: Any) -> Any:
    """``grad * result / self``; where there is a zero, by the products of what stands before and after."""
    if not len(self.shape):
        return grad
    if _has_no(self == 0):
        return grad * (result / self)
    return reshape(_others_product(reshape(self, (-1,)), 0), tuple(self.shape)) * grad


def _prod_dim_backward(grad: Any, self: Any, dim: int, keepdim: bool, result: Any) -> Any:
    shape = tuple(self.shape)
    if not shape:
        return grad
    grad = kept(grad, shape, dim, keepdim)
    if _has_no(self == 0):
        return grad * (kept(result, shape, dim, keepdim) / self)
    return grad * _others_product(self, wrap_dim(dim, len(shape)))


def _has_no(mask: Any) -> bool:
    return not (mask._array if isinstance(mask, Tensor) else mask).any()


def _others_product(value: Any, dim: int) -> Any:
    """For each element the product of all others in the dimension, without a division."""
    length = value.shape[dim]
    one = piece(value, dim, 0, 1) * 0 + 1
    before = joined([one, piece(value, dim, 0, length - 1)], dim)
    after = joined([one, piece(flipped(value, dim), dim, 0, length - 1)], dim)
    return cumulated_product(before, dim) * flipped(cumulated_product(after, dim), dim)


_prod_all = Operation(
    "prod",
    lambda self, dtype: _prod(self, None, False, dtype),
    {"self": lambda grad, self, result: _prod_backward(grad, self, result)},
    formula={"self": r"\bar{z}\, z / x"},
)
_prod_dim = Operation(
    "prod",
    lambda self, dim, keepdim, dtype: _prod(self, dim, keepdim, dtype),
    {"self": lambda grad, self, dim, keepdim, result: _prod_dim_backward(grad, self, dim, keepdim, result)},
    node="ProdBackward1",
    formula={"self": r"\bar{z}\, z / x"},
)


@_reduction
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The product of all elements, or over the dimension ``dim``.

    See https://docs.pytorch.org/docs/stable/generated/torch.prod.html
    """
    if dim is None:
        return _prod_all(input, dtype)
    _one_dim("prod", dim, input._array.ndim)
    return _prod_dim(input, dim, keepdim, dtype)


_nansum = Operation(
    "nansum",
    lambda self, dim, keepdim, dtype: _sum(np.where(np.isnan(self), self.dtype.type(0), self), dim, keepdim, dtype),
    {
        "self": lambda grad, self, dim, keepdim: (
            _spread(grad, tuple(self.shape), dim, keepdim) * (self == self)  # false for NaN
        )
    },
    formula={"self": r"\bar{z}\,[x \text{ is a number}]"},
)


@_reduction
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The sum of the elements that are numbers: NaN counts as zero.

    See https://docs.pytorch.org/docs/stable/generated/torch.nansum.html
    """
    return _nansum(input, _as_dims("nansum", dim), keepdim, dtype)


@_reduction
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The mean of the elements that are numbers.

    See https://docs.pytorch.org/docs/stable/generated/torch.nanmean.html
    """
    if input._array.dtype.kind != "f":
        name = input.dtype.scalar_name
        raise RuntimeError(f"nanmean(): expected input to have floating point or complex dtype but got {name}")
    numbers = Tensor._of(_sum(~np.isnan(input._array), _as_dims("nanmean", dim), keepdim))
    return nansum(input, dim, keepdim, dtype=dtype) / numbers


# Variance and standard deviation


def _variance(name: str, self: np.ndarray, dim: Dims, correction: float | None, keepdim: bool) -> tuple[Any, Any]:
    center = _mean(self, dim, keepdim=True) if self.ndim else self
    off = self - center
    freedom = builtins.max(0, count(self.shape, dim) - (1 if correction is None else correction))
    if freedom <= 0:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor (input "
            "numel divided by output numel).",
            UserWarning,
            stacklevel=7,
        )
    variance = np.true_divide(_sum(off * off, dim, keepdim), self.dtype.type(freedom), out=...)
    return variance, center if keepdim else np.squeeze(center, wrap_dims(dim, self.ndim))


def _var_backward(grad: Any, self: Any, dim: Dims, correction: float | None, keepdim: bool) -> Any:
    shape = tuple(self.shape)
    freedom = count(shape, dim) - (1 if correction is None else correction)
    dims = wrap_dims(dim, len(shape))
    center = total(self, dims, True) / builtins.max(1, count(shape, dim))
    grad = kept(grad, shape, dim, keepdim)
    if freedom <= 0:
        return grad * where(self == center, float("nan"), float("inf"))
    return (2.0 / freedom) * grad * (self - center)


def _std_backward(result: Any, grad: Any, self: Any, dim: Dims, correction: float | None, keepdim: bool) -> Any:
    safe = where(result == 0, 0.0, grad / (result * 2))
    return _var_backward(safe, self, dim, correction, keepdim)


def _mean_backward(grad: Any, self: Any, dim: Dims, keepdim: bool) -> Any:
    shape = tuple(self.shape)
    return _spread(grad, shape, dim, keepdim) / count(shape, dim)


def _both(first: Any, second: Any) -> Any:
    if first is None or second is None:
        return second if first is None else first
    return first + second


_var = Operation(
    "var",
    lambda self, dim, correction, keepdim: _variance("var", self, dim, correction, keepdim)[0],
    {
        "self": lambda grad, self, dim, correction, keepdim: _var_backward(grad, self, dim, correction, keepdim),
    },
    formula={"self": r"\bar{z} \cdot \tfrac{2}{n - 1} (x - \bar x)"},
)
_std = Operation(
    "std",
    lambda self, dim, correction, keepdim: np.sqrt(_variance("std", self, dim, correction, keepdim)[0], out=...),
    {
        "self": lambda grad, self, dim, correction, keepdim, result: _std_backward(
            result, grad, self, dim, correction, keepdim
        )
    },
    formula={"self": r"\bar{z} \cdot \tfrac{1}{(n - 1)\, z} (x - \bar x)"},
)
_var_mean = Operation(
    "var_mean",
    lambda self, dim, correction, keepdim: _variance("var_mean", self, dim, correction, keepdim),
    {
        "self": lambda grads, self, dim, correction, keepdim: _both(
            None if grads[0] is None else _var_backward(grads[0], self, dim, correction, keepdim),
            None if grads[1] is None else _mean_backward(grads[1], self, dim, keepdim),
        )
    },
    outputs=("result0", "result1"),
    differentiable=2,
)


def _std_and_mean(self: np.ndarray, dim: Dims, correction: float | None, keepdim: bool) -> tuple[Any, Any]:
    variance, center = _variance("std_mean", self, dim, correction, keepdim)
    return np.sqrt(variance, out=...), center


_std_mean = Operation(
    "std_mean",
    _std_and_mean,
    {
        "self": lambda grads, self, dim, correction, keepdim, result0: _both(
            None if grads[0] is None else _std_backward(result0, grads[0], self, dim, correction, keepdim),
            None if grads[1] is None else _mean_backward(grads[1], self, dim, keepdim),
        )
    },
    outputs=("result0", "result1"),
    differentiable=2,
)


def _spread_of(operation: Operation, what: str) -> Callable[..., Any]:
    """``f(input, unbiased)``, ``f(input, dim, unbiased, keepdim)`` and ``f(input, dim, *, correction, keepdim)``."""
    name = operation.name

    def function(
        input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: Any = None
    ) -> Any:
        if input._array.dtype.kind != "f":
            who = "std and var" if name in ("std", "var") else name
            raise RuntimeError(f"{who} only support floating point and complex dtypes")
        if type(dim) is bool:
            dim, unbiased = None, dim
        if unbiased is not None:
            correction = int(unbiased)
        elif dim is not None and correction is None:
            correction = 1
        return operation(input, _as_dims(name, dim), correction, keepdim)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{what}, of all elements or over the dimensions ``dim``; divided by n - ``correction`` (1 unless said).\n\n"
        f"    See https://docs.pytorch.org/docs/stable/generated/torch.{name}.html\n    "
    )
    return _reduction(function)


var = _spread_of(_var, "The variance")
std = _spread_of(_std, "The standard deviation")
var_mean = _spread_of(_var_mean, "The variance and the mean")
std_mean = _spread_of(_std_mean, "The standard deviation and the mean")


# The largest and the smallest


def _evenly(grad: Any, self: Any, result: Any) -> Any:
    """All elements that are the result share its gradient."""
    mask = isnan(self) if isnan(result).item() else self == result
    return mask * (grad / mask.sum().item())


def _evenly_in_dims(grad: Any, self: Any, dim: Dims, keepdim: bool, result: Any) -> Any:
    shape = tuple(self.shape)
    mask = self == kept(result, shape, dim, keepdim)
    return (kept(grad, shape, dim, keepdim) * mask) / _how_many(mask, grad, dim)


def _how_many(mask: Any, grad: Any, dim: Dims) -> Any:
    """How many in each row are true, in the dtype of ``grad``."""
    dtype = (grad._array if isinstance(grad, Tensor) else grad).dtype
    return total(cast(mask, dtype), wrap_dims(dim, len(mask.shape)), True)


def _to_places(grad: Any, dim: int, indices: Any, shape: tuple[int, ...], keepdim: bool) -> Any:
    """Zeros of ``shape`` with the gradient at the places in ``dim`` that were chosen."""
    if not shape:
        return grad
    places = indices._array if isinstance(indices, Tensor) else indices
    if not keepdim:
        grad, places = kept(grad, shape, dim, False), kept(places, shape, dim, False)
    if isinstance(grad, Tensor):
        return scatter_flat(grad, _flat(places, shape, dim), shape)
    zeros = np.zeros(shape, grad.dtype)
    np.put_along_axis(zeros, places, grad, dim)
    return zeros


def _flat(places: np.ndarray, shape: tuple[int, ...], dim: int) -> np.ndarray:
    """Flat indices into ``shape`` of places counted in one dimension."""
    grid = list(np.indices(places.shape, sparse=True))
    grid[dim] = places
    return np.asarray(np.ravel_multi_index(tuple(np.broadcast_arrays(*grid)), shape)) if places.size else places


def _chosen(self: np.ndarray, places: np.ndarray, dim: int, keepdim: bool) -> tuple[np.ndarray, np.ndarray]:
    """The values at the places (kept at length 1 in ``dim``), and the places."""
    values = np.take_along_axis(self, places, dim)
    return (values, places) if keepdim else (np.squeeze(values, dim), np.squeeze(places, dim))


def _extreme(find: Callable[..., Any]) -> Callable[..., Any]:
    def forward(self: np.ndarray, dim: int, keepdim: bool) -> tuple[np.ndarray, np.ndarray]:
        if not self.ndim:
            return self.copy(), np.zeros((), np.int64)
        return _chosen(self, find(self, axis=dim, keepdims=True), dim, keepdim)

    return forward


def _place_derivative() -> dict[str, Callable[..., Any]]:
    return {
        "self": lambda grad, dim, indices, self_sym_sizes, keepdim: _to_places(
            grad, dim, indices, self_sym_sizes, keepdim
        )
    }


def _check_not_empty(name: str, input: Tensor, dim: int | None, what: str) -> None:
    if dim is None:
        if not input._array.size:
            raise IndexError(what) if name.startswith("arg") else RuntimeError(what)
    elif input._array.ndim and not input._array.shape[wrap_dim(dim, input._array.ndim)]:
        where_ = wrap_dim(dim, input._array.ndim)
        raise IndexError(f"{name}(): Expected reduction dim {where_} to have non-zero size.")


def _extremes(name: str, find: Callable[..., Any], ufunc: Any, pairwise: str, what: str) -> Callable[..., Any]:
    of_all = Operation(
        name,
        lambda self: ufunc.reduce(self, axis=None, out=...),
        {"self": lambda grad, self, result: _evenly(grad, self, result)},
        node=f"{name.capitalize()}Backward1",
        formula={"self": r"\bar{z}\,[x = z] / \#\{x = z\}"},
    )
    in_dim = Operation(
        name,
        _extreme(find),
        _place_derivative(),
        params=("self", "dim", "keepdim"),
        outputs=("values", "indices"),
        formula={"self": r"\bar{z}\,[i = \mathrm{index}]"},
    )
    pair = _return_type(name, "values", "indices")

    def function(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
        if isinstance(dim, Tensor) or other is not None:
            return FUNCTIONS[pairwise](input, dim if other is None else other)
        if dim is None:
            _check_not_empty(
                name,
                input,
                None,
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
                "the 'dim' argument.",
            )
            return of_all(input)
        _one_dim(name, dim, input._array.ndim)
        _check_not_empty(name, input, dim, "")
        return pair(*in_dim(input, dim, keepdim))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The {what} element; with ``dim`` the {what} of each row and where it stands (values, indices); with a second "
        f"tensor the {what} of each two elements.\n\n"
        "    The gradient of the first is shared evenly among equals, that of the second goes to the one at the index.\n\n"
        f"    See https://docs.pytorch.org/docs/stable/generated/torch.{name}.html\n    "
    )
    return _reduction(function)


max = _extremes("max", np.argmax, np.maximum, "maximum", "largest")
min = _extremes("min", np.argmin, np.minimum, "minimum", "smallest")


def _extremes_in_dims(name: str, ufunc: Any, what: str) -> Callable[..., Any]:
    operation = Operation(
        name,
        lambda self, dim, keepdim: ufunc.reduce(self, axis=wrap_dims(dim, self.ndim), keepdims=keepdim, out=...),
        {"self": lambda grad, self, dim, keepdim, result: _evenly_in_dims(grad, self, dim, keepdim, result)},
        formula={"self": r"\bar{z}\,[x = z] / \#\{x = z\}"},
    )

    def function(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
        dims = _as_dims(name, dim)
        if not dims:
            _check_not_empty(
                name,
                input,
                None,
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
                "the 'dim' argument.",
            )
        for one in wrap_dims(dims, input._array.ndim):
            _check_not_empty(name, input, one, "")
        return operation(input, dims, keepdim)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The {what} element over the dimensions ``dim``; equals share the gradient.\n\n"
        f"    See https://docs.pytorch.org/docs/stable/generated/torch.{name}.html\n    "
    )
    return _reduction(function)


amax = _extremes_in_dims("amax", np.maximum, "largest")
amin = _extremes_in_dims("amin", np.minimum, "smallest")


def _aminmax_backward(grads: Any, self: Any, dim: int | None, keepdim: bool, min: Any, max: Any) -> Any:
    return _both(
        *[
            None if g is None else _evenly_in_dims(g, self, dim, keepdim, r)
            for g, r in zip(grads, (min, max), strict=True)
        ]
    )


_aminmax = Operation(
    "aminmax",
    lambda self, dim, keepdim: tuple(
        ufunc.reduce(self, axis=None if dim is None else wrap_dims(dim, self.ndim), keepdims=keepdim, out=...)
        for ufunc in (np.minimum, np.maximum)
    ),
    {"self": lambda grads, self, dim, keepdim, min, max: _aminmax_backward(grads, self, dim, keepdim, min, max)},
    outputs=("min", "max"),
    differentiable=2,
)
_AMINMAX = _return_type("aminmax", "min", "max")


@_reduction
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest and the largest element (min, max).

    See https://docs.pytorch.org/docs/stable/generated/torch.aminmax.html
    """
    text = "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
    _check_not_empty("aminmax", input, dim, text)
    return _AMINMAX(*_aminmax(input, dim, keepdim))


def _places(name: str, find: Callable[..., Any], what: str) -> Callable[..., Any]:
    operation = Operation(name, lambda self, dim, keepdim: np.asarray(find(self, axis=dim, keepdims=keepdim)), {})

    def function(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        if input._array.dtype.kind == "b":
            raise RuntimeError(f"{name}(): does not support bool input")
        if dim is not None:
            _one_dim(name, dim, input._array.ndim)
        _check_not_empty(name, input, dim, f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
        return operation(input, dim if input._array.ndim else None, keepdim)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"Where the {what} element stands: in the flattened tensor, or in the dimension ``dim``.\n\n"
        f"    See https://docs.pytorch.org/docs/stable/generated/torch.{name}.html\n    "
    )
    return _reduction(function)


argmax = _places("argmax", np.argmax, "largest")
argmin = _places("argmin", np.argmin, "smallest")


# In the middle, and most often


def _median(self: np.ndarray) -> np.ndarray:
    if not self.size:
        return np.array(np.nan if self.dtype.kind == "f" else 0, self.dtype)
    if self.dtype.kind == "f" and np.isnan(self).any():
        return np.array(np.nan, self.dtype)
    middle = (self.size - 1) // 2
    return np.array(np.partition(self, middle, axis=None)[middle])


def _median_in_dim(self: np.ndarray, dim: int, keepdim: bool) -> tuple[np.ndarray, np.ndarray]:
    if not self.ndim:
        return self.copy(), np.zeros((), np.int64)
    order = np.argsort(self, axis=dim, kind="stable")
    middle = (self.shape[dim] - 1) // 2
    places = np.take(order, [middle], axis=dim)
    if self.dtype.kind == "f":
        missing = np.isnan(self)
        places = np.where(missing.any(axis=dim, keepdims=True), missing.argmax(axis=dim, keepdims=True), places)
    return _chosen(self, places, dim, keepdim)


_median_all = Operation("median", _median, {"self": lambda grad, self, result: _evenly(grad, self, result)})
_median_dim = Operation(
    "median", _median_in_dim, _place_derivative(), node="MedianBackward1", outputs=("values", "indices")
)
_MEDIAN = _return_type("median", "values", "indices")


@_reduction
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The element in the middle (the lower one of two); with ``dim`` that of each row and where it stands.

    See https://docs.pytorch.org/docs/stable/generated/torch.median.html
    """
    if input._array.dtype.kind == "b":
        raise NotImplementedError("\"median_cpu\" not implemented for 'Bool'")
    if dim is None:
        return _median_all(input)
    _one_dim("median", dim, input._array.ndim)
    _check_not_empty("median", input, dim, "")
    return _MEDIAN(*_median_dim(input, dim, keepdim))


# True or false, and counting


def _truth(name: str, ufunc: Any, what: str) -> Callable[..., Any]:
    def forward(self: np.ndarray, dim: Dims, keepdim: bool) -> np.ndarray:
        out = ufunc.reduce(self.astype(bool), axis=wrap_dims(dim, self.ndim), keepdims=keepdim, out=...)
        return out.astype(np.uint8) if self.dtype == np.uint8 else out

    operation = Operation(name, forward, {})

    def function(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        return operation(input, _as_dims(name, dim), keepdim)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"Whether {what} is true (not zero), over all elements or the dimensions ``dim``.\n\n"
        f"    See https://docs.pytorch.org/docs/stable/generated/torch.{name}.html\n    "
    )
    return _reduction(function)


all = _truth("all", np.logical_and, "every element")
any = _truth("any", np.logical_or, "an element")
_count_nonzero = Operation("count_nonzero", lambda self, dim: _sum(self != 0, dim), {})


@_reduction
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are not zero.

    See https://docs.pytorch.org/docs/stable/generated/torch.count_nonzero.html
    """
    return _count_nonzero(input, _as_dims("count_nonzero", dim))


# Norms


def _norm(self: np.ndarray, ord: float, dim: Dims, keepdim: bool, dtype: Dtype | None) -> np.ndarray:
    if dtype is not None:
        self = self.astype(dtype.numpy)
    if ord == 2:
        return np.sqrt(_sum(self * self, dim, keepdim), out=...)
    if ord == 0:
        return _sum(self != 0, dim, keepdim).astype(self.dtype)
    size = np.abs(self)
    if ord == 1:
        return _sum(size, dim, keepdim)
    if abs(ord) == _INFINITY:
        ufunc: Any = np.maximum if ord > 0 else np.minimum
        return ufunc.reduce(size, axis=wrap_dims(dim, self.ndim), keepdims=keepdim, out=...)
    kind = self.dtype.type
    return np.power(_sum(np.power(size, kind(ord), out=...), dim, keepdim), kind(1 / ord), out=...)


def _norm_backward(grad: Any, self: Any, ord: float, dim: Dims, keepdim: bool, result: Any) -> Any:
    shape = tuple(self.shape)
    grad, result = kept(grad, shape, dim, keepdim), kept(result, shape, dim, keepdim)
    if ord == 0:
        return self * 0 if isinstance(self, Tensor) else np.zeros_like(self)
    if ord == 1:
        return sign(self) * grad
    if ord == 2:
        return self * where(result == 0, 0.0, grad / result)
    if abs(ord) == _INFINITY:
        mask = (absolute(self) == result) | isnan(self)
        return sign(self) * (grad / _how_many(mask, grad, dim) * mask)
    if ord < 1:
        scaled = sign(self) * where(self == 0, 0.0, power(absolute(self), ord - 1))
        return scaled * grad * power(result, 1 - ord)
    if ord < 2:
        return sign(self) * power(absolute(self), ord - 1) * where(result == 0, 0.0, grad / power(result, ord - 1))
    return self * power(absolute(self), ord - 2) * where(result == 0, 0.0, grad / power(result, ord - 1))


_vector_norm = Operation(
    "linalg_vector_norm",
    _norm,
    {
        "self": lambda grad, self, ord, dim, keepdim, result: _norm_backward(grad, self, ord, dim, keepdim, result),
    },
    formula={"self": r"\bar{z} \cdot x / z"},
)


def vector_norm(
    x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Dtype | None = None, out: None = None
) -> Tensor:
    """The norm of all elements as one vector, or of those in the dimensions ``dim``.

    See https://docs.pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html
    """
    if not isinstance(ord, int | float):
        kind = type(ord).__name__
        raise TypeError(f"linalg_vector_norm(): argument 'ord' (position 2) must be Number, not {kind}")
    if x._array.dtype.kind != "f":
        name = x.dtype.scalar_name
        raise RuntimeError(f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {name}")
    dims = _as_dims("linalg_vector_norm", dim)
    if ord < 0 or ord == _INFINITY:
        shape, shown = x._array.shape, ord if isinstance(ord, int) else f"{ord:g}"
        what = f"linalg.vector_norm cannot compute the {shown} norm on "
        why = "the operation does not have an identity"
        if not dims and not x._array.size:
            raise RuntimeError(f"{what}an empty tensor because {why}")
        for one in dims or ():
            if shape and shape[one] == 0:
                raise RuntimeError(f"{what}the dimension {one}because this dimension is empty and {why}")
    return _vector_norm(x, ord, dims, keepdim, dtype)


def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Dtype | None = None
) -> Tensor:
    """A norm of matrices: "fro", or 1, -1 (columns) and inf, -inf (rows). Those that need singular values are left out.

    See https://docs.pytorch.org/docs/stable/generated/torch.linalg.matrix_norm.html
    """
    if A._array.ndim < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    if not isinstance(dim, tuple | list) or len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {_shown(dim)}")
    if ord == "fro":
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if ord in ("nuc", 2, -2):
        raise NotImplementedError(f"the matrix norm {ord!r} needs singular values, which minigrad does not have")
    if ord not in (1, -1, _INFINITY, -_INFINITY):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    rows, columns = (wrap_dim(d, A._array.ndim) for d in dim)
    inner, outer = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = vector_norm(A, 1, inner, keepdim, dtype=dtype)
    if not keepdim and outer > inner:
        outer -= 1
    return (amax if ord > 0 else amin)(sums, outer, keepdim)


def _shown(dim: Any) -> str:
    return " ".join(map(str, dim)) if isinstance(dim, tuple | list) else str(dim)


def linalg_norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Dtype | None = None, out: None = None
) -> Tensor:
    """The norm of a vector or a matrix.

    See https://docs.pytorch.org/docs/stable/generated/torch.linalg.norm.html
    """
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is None:
        if A._array.ndim not in (1, 2):
            raise RuntimeError(
                f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A._array.ndim}D."
            )
        if A._array.ndim == 2 or isinstance(ord, str):
            return matrix_norm(A, ord, (0, 1), keepdim, dtype=dtype)
        return vector_norm(A, ord, None, keepdim, dtype=dtype)
    if isinstance(ord, str) or isinstance(dim, tuple | list) and len(dim) == 2:
        return matrix_norm(A, ord, dim, keepdim, dtype=dtype)
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


@_reduction
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Dtype | None = None) -> Tensor:
    """The p-norm of all elements, or over the dimensions ``dim``; "fro" is the 2-norm.

    See https://docs.pytorch.org/docs/stable/generated/torch.norm.html
    """
    if p is None or (p == "fro" and (dim is None or isinstance(dim, int) or len(dim) <= 2)):
        p = 2
    if isinstance(p, str):
        return matrix_norm(input, p, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(input, p, dim, keepdim, dtype=dtype)


# Exponentials summed


def _logsumexp(self: np.ndarray, dim: Dims, keepdim: bool) -> np.ndarray:
    dims = wrap_dims(dim, self.ndim)
    if not self.size:
        return np.log(_sum(np.exp(self), dim, keepdim), out=...)
    largest: Any = np.maximum.reduce(self, axis=dims, keepdims=True, out=...)
    largest[np.isinf(largest)] = 0
    out = np.log(_sum(np.exp(self - largest), dim, keepdim), out=...)
    return np.add(out, largest if keepdim else np.squeeze(largest, dims), out=...)


_lse = Operation(
    "logsumexp",
    _logsumexp,
    {
        "self": lambda grad, self, dim, keepdim, result: (
            kept(grad, tuple(self.shape), dim, keepdim) * exp(self - kept(result, tuple(self.shape), dim, keepdim))
        )
    },
    formula={"self": r"\bar{z} \cdot e^{x - z}"},
)


@_reduction
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """The logarithm of the sum of the exponentials over the dimensions ``dim``, computed without overflow.

    See https://docs.pytorch.org/docs/stable/generated/torch.logsumexp.html
    """
    if input._array.dtype.kind != "f":
        input = cast(input, get_default_dtype().numpy)
    return _lse(input, _as_dims("logsumexp", dim), keepdim)


def softmax_array(x: np.ndarray, dim: int) -> np.ndarray:
    """The softmax of an array."""
    if not x.ndim or not x.size:
        return np.ones_like(x)
    out: Any = x - np.maximum.reduce(x, axis=dim, keepdims=True)
    np.exp(out, out=out)
    out /= _reduce_add(out, axis=dim, keepdims=True)
    return out


def log_softmax_array(x: np.ndarray, dim: int) -> np.ndarray:
    """The logarithm of the softmax of an array."""
    if not x.ndim or not x.size:
        return np.zeros_like(x)
    out: Any = x - np.maximum.reduce(x, axis=dim, keepdims=True)
    out -= np.log(_reduce_add(np.exp(out), axis=dim, keepdims=True))
    return out


def _softmax_backward(grad: Any, dim: int, result: Any) -> Any:
    weighted = grad * result
    return weighted - result * _row_sum(weighted, dim)


def _log_softmax_backward(grad: Any, dim: int, result: Any) -> Any:
    return grad - exp(result) * _row_sum(grad, dim)


def _row_sum(value: Any, dim: int) -> Any:
    return total(value, (wrap_dim(dim, len(value.shape)),), True) if len(value.shape) else value


_softmax = Operation(
    "softmax",
    lambda self, dim: softmax_array(self, dim),
    {"self": lambda grad, dim, result: _softmax_backward(grad, dim, result)},
    formula={"self": r"z \odot \bar{z} - z \textstyle\sum z \odot \bar{z}"},
)
_log_softmax = Operation(
    "log_softmax",
    lambda self, dim: log_softmax_array(self, dim),
    {"self": lambda grad, dim, result: _log_softmax_backward(grad, dim, result)},
    formula={"self": r"\bar{z} - e^{z} \textstyle\sum \bar{z}"},
)


def _normalized(name: str, operation: Operation, what: str) -> Callable[..., Any]:
    def function(input: Tensor, dim: int, dtype: Dtype | None = None) -> Tensor:
        if dtype is not None:
            input = cast(input, dtype.numpy)
        ndim = input._array.ndim
        _one_dim(name, dim, ndim)
        if input._array.dtype.kind != "f":
            kernel = f"{name}_lastdim_kernel_impl" if wrap_dim(dim, ndim) >= ndim - 1 else f"{name}_kernel_impl"
            raise NotImplementedError(f"\"{kernel}\" not implemented for '{input.dtype.scalar_name}'")
        return operation(input, dim)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"{what}\n\n    See https://docs.pytorch.org/docs/stable/generated/torch.{name}.html\n    "
    return _reduction(function)


softmax = _normalized("softmax", _softmax, "Exponentials divided by their sum over ``dim``: each row sums to 1.")
log_softmax = _normalized("log_softmax", _log_softmax, "The logarithm of the softmax, computed without overflow.")


# Running sums, products and extremes


def _running_type(self: np.ndarray, dtype: Dtype | None) -> np.dtype[Any]:
    if dtype is not None:
        return dtype.numpy
    return self.dtype if self.dtype.kind == "f" else np.dtype(np.int64)


def _running(ufunc: Any) -> Callable[..., Any]:
    def forward(self: np.ndarray, dim: int, dtype: Dtype | None) -> np.ndarray:
        kind = _running_type(self, dtype)
        return ufunc.accumulate(self, axis=dim, dtype=kind) if self.ndim else self.astype(kind)

    return forward


def _reverse_cumsum(grad: Any, dim: int) -> Any:
    if not len(grad.shape):
        return grad
    dim = wrap_dim(dim, len(grad.shape))
    return flipped(cumulated(flipped(grad, dim), dim), dim)


def _cumprod_backward(grad: Any, self: Any, dim: int, result: Any) -> Any:
    if not len(self.shape):
        return grad
    if _has_no(self == 0):
        return _reverse_cumsum(result * grad, dim) / self
    dim, length = wrap_dim(dim, len(self.shape)), self.shape[dim]
    columns = []
    for place in range(length):  # with zeros: the products without this element, one by one
        one = piece(self, dim, place, place + 1) * 0 + 1
        without = [piece(self, dim, 0, place), one, piece(self, dim, place + 1, length)]
        products = cumulated_product(joined([part for part in without if part.shape[dim]], dim), dim)
        columns.append(total(piece(grad * products, dim, place, length), (dim,), True))
    return joined(columns, dim)


_cumsum = Operation(
    "cumsum",
    _running(np.add),
    {"self": lambda grad, dim: _reverse_cumsum(grad, dim)},
    params=("self", "dim", "dtype"),
    formula={"self": r"\textstyle\sum_{j \ge i} \bar{z}_j"},
)
_cumprod = Operation(
    "cumprod",
    _running(np.multiply),
    {"self": lambda grad, self, dim, result: _cumprod_backward(grad, self, dim, result)},
    params=("self", "dim", "dtype"),
    formula={"self": r"\textstyle\sum_{j \ge i} \bar{z}_j z_j / x_i"},
)


@_reduction
def cumsum(input: Tensor, dim: int, *, dtype: Dtype | None = None) -> Tensor:
    """Running sums along a dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.cumsum.html
    """
    _one_dim("cumsum", dim, input._array.ndim)
    return _cumsum(input, dim, dtype)


@_reduction
def cumprod(input: Tensor, dim: int, *, dtype: Dtype | None = None) -> Tensor:
    """Running products along a dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.cumprod.html
    """
    _one_dim("cumprod", dim, input._array.ndim)
    return _cumprod(input, dim, dtype)


def _running_extreme(name: str, ufunc: Any, what: str) -> Callable[..., Any]:
    def forward(self: np.ndarray, dim: int) -> tuple[np.ndarray, np.ndarray]:
        if not self.ndim:
            return self.copy(), np.zeros((), np.int64)
        values = ufunc.accumulate(self, axis=dim)
        counted = np.arange(self.shape[dim]).reshape((-1,) + (1,) * (self.ndim - 1 - wrap_dim(dim, self.ndim)))
        new = (self == values) | (self != self)  # a NaN is new as well
        return values, np.maximum.accumulate(np.where(new, counted, 0), axis=dim)

    def derivative(grad: Any, self: Any, indices: Any, dim: int) -> Any:
        if not len(self.shape):
            return grad
        places = indices._array if isinstance(indices, Tensor) else indices
        shape = tuple(self.shape)
        return scatter_flat(grad, _flat(places, shape, dim), shape)

    operation = Operation(
        name,
        forward,
        {"self": lambda grad, self, indices, dim: derivative(grad, self, indices, dim)},
        outputs=("values", "indices"),
    )
    pair = _return_type(name, "values", "indices")

    def function(input: Tensor, dim: int) -> Any:
        _one_dim(name, dim, input._array.ndim)
        return pair(*operation(input, dim))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The {what} element so far along a dimension, and where it stands (values, indices).\n\n"
        f"    See https://docs.pytorch.org/docs/stable/generated/torch.{name}.html\n    "
    )
    return _reduction(function)


cummax = _running_extreme("cummax", np.maximum, "largest")
cummin = _running_extreme("cummin", np.minimum, "smallest")


BOTH = (
    *(sum, mean, prod, nansum, nanmean, var, std, max, min, amax, amin, aminmax, argmax, argmin, median, all, any),
    *(count_nonzero, norm, logsumexp, softmax, log_softmax, cumsum, cumprod, cummax, cummin),
)
FUNCTIONS_ONLY = (var_mean, std_mean)
IN_PLACE = (cumsum, cumprod)
