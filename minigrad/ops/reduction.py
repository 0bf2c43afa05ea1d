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

from ..dtypes import dtype as Dtype
from ..dtypes import get_default_dtype
from ..tensor import Tensor
from . import dual
from .arguments import must_be_tensor, wrap_dim, wrap_dims
from .dual import FUNCTIONS, cat, either, exp, expand, like, masked, plain, power, reshape, sgn, total, where
from .templates import Operation

Dims = int | Iterable[int] | None


def row(
    name: str, forward: Callable[..., Any], derivative: Callable[..., Any], formula: str = "", **more: Any
) -> Operation:
    """An operation with one input, ``self``."""
    return Operation(name, forward, {"self": derivative}, formula={"self": formula}, **more)


def public(name: str = "", doc: str = "", page: str = "torch.{}") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Finish a function: ``input`` is checked, numpy's ``axis`` and ``keepdims`` pass, PyTorch's page is named."""

    def finish(function: Callable[..., Any]) -> Callable[..., Any]:
        called = name or function.__name__

        @wraps(function)
        def call(input: Tensor, *args: Any, **kwargs: Any) -> Any:
            if not isinstance(input, Tensor):
                raise must_be_tensor(called, "input", 1, input)
            if kwargs:
                for numpys, ours in (("axis", "dim"), ("keepdims", "keepdim")):
                    if numpys in kwargs:
                        kwargs[ours] = kwargs.pop(numpys)
                kwargs.pop("out", None)
            return function(input, *args, **kwargs)

        call.__name__ = call.__qualname__ = called
        where_ = f"https://docs.pytorch.org/docs/stable/generated/{page.format(called)}.html"
        call.__doc__ = f"{doc or function.__doc__}\n\nSee {where_}\n"
        return call

    return finish


def _as_dims(name: str, dim: Any) -> Dims:
    """A dimension or several, as a row keeps them: an int becomes a tuple of one."""
    if dim is None:
        return None
    if isinstance(dim, int) and not isinstance(dim, bool):
        return (dim,)
    if isinstance(dim, tuple | list) and builtins.all(isinstance(d, int) for d in dim):
        return tuple(dim)
    raise TypeError(f"{name}(): argument 'dim' (position 2) must be tuple of ints, not {type(dim).__name__}")


def _one_dim(name: str, dim: Any, ndim: int) -> int:
    if not isinstance(dim, int) or isinstance(dim, bool):
        raise TypeError(f"{name}(): argument 'dim' (position 2) must be int, not {type(dim).__name__}")
    return wrap_dim(dim, ndim)


def _check_keepdim(name: str, keepdim: Any) -> None:
    if type(keepdim) is not bool:
        kind = repr(keepdim) if isinstance(keepdim, Dtype) else type(keepdim).__name__
        raise TypeError(f"{name}(): argument 'keepdim' (position 2) must be bool, not {kind}")


def _check_not_empty(name: str, input: Tensor, dim: Dims, error: Any = RuntimeError, more: str = "") -> None:
    """What has no neutral element needs at least one."""
    shape = input._array.shape
    if dim is None or dim == ():
        if not input._array.size:
            raise error(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.{more}")
        return
    for place, one in enumerate(wrap_dims(dim, len(shape))):
        if not shape[one]:
            shown = dim[place] if isinstance(dim, tuple) else one
            raise IndexError(f"{name}(): Expected reduction dim {shown} to have non-zero size.")


_SPECIFY = " Specify the reduction dim with the 'dim' argument."


def return_type(name: str, *fields: str) -> Any:
    """The named tuple that PyTorch calls ``torch.return_types.<name>``."""

    def __repr__(self: Any) -> str:
        items = ",\n".join(f"{field}={value!r}" for field, value in zip(fields, self, strict=True))
        return f"torch.return_types.{name}(\n{items})"

    base = namedtuple(name, fields)  # type: ignore[misc]
    return type(name, (base,), {"__slots__": (), "__module__": "torch.return_types", "__repr__": __repr__})


# Sums, means, products


def _axis(dim: Dims, ndim: int) -> tuple[int, ...] | None:
    """As numpy wants it: the cheap None for all dimensions."""
    return None if dim is None or dim == () else wrap_dims(dim, ndim)


def _wide(self: np.ndarray, dtype: Dtype | None) -> np.dtype[Any]:
    """The dtype of sums and products: int64 for all integers."""
    return dtype.numpy if dtype is not None else self.dtype if self.dtype.kind == "f" else np.dtype(np.int64)


def _accumulating(ufunc: Any) -> Callable[..., np.ndarray]:
    def forward(self: np.ndarray, dim: Dims = None, keepdim: bool = False, dtype: Dtype | None = None) -> np.ndarray:
        return ufunc.reduce(self, axis=_axis(dim, self.ndim), dtype=_wide(self, dtype), keepdims=keepdim, out=...)

    return forward


def _choosing(ufunc: Any) -> Callable[..., np.ndarray]:
    def forward(self: np.ndarray, dim: Dims = None, keepdim: bool = False) -> np.ndarray:
        return ufunc.reduce(self, axis=_axis(dim, self.ndim), keepdims=keepdim, out=...)

    return forward


_sum, _product, _largest, _smallest = (
    *(_accumulating(ufunc) for ufunc in (np.add, np.multiply)),
    *(_choosing(ufunc) for ufunc in (np.maximum, np.minimum)),
)


def _count(shape: tuple[int, ...], dim: Dims) -> int:
    """How many numbers go into one."""
    return math.prod([shape[d] for d in wrap_dims(dim, len(shape))])


def _mean(self: np.ndarray, dim: Dims = None, keepdim: bool = False, dtype: Dtype | None = None) -> np.ndarray:
    if dtype is not None:
        self = self.astype(dtype.numpy)
    number = self.size if dim is None else _count(self.shape, dim)
    return np.true_divide(_sum(self, dim, keepdim), self.dtype.type(number), out=...)


def _kept(shape: tuple[int, ...], dim: Dims) -> tuple[int, ...]:
    """The shape of what was reduced with ``keepdim``."""
    dims = wrap_dims(dim, len(shape))
    return tuple([1 if place in dims else length for place, length in enumerate(shape)])


def _restored(value: Any, shape: tuple[int, ...], dim: Dims, keepdim: bool) -> Any:
    """A reduced value with the dimensions that it lost at length 1 (one that lost all of them broadcasts)."""
    if keepdim or not shape or dim is None or dim == ():
        return value
    if not isinstance(value, Tensor):
        return value.reshape(_kept(shape, dim))
    for place in sorted(wrap_dims(dim, len(shape))):
        value = dual.unsqueeze(value, place)
    return value


def _spread(grad: Any, dim: Dims, keepdim: bool, self_sym_sizes: tuple[int, ...]) -> Any:
    return expand(_restored(grad, self_sym_sizes, dim, keepdim), self_sym_sizes)


def _spread_thin(grad: Any, dim: Dims, keepdim: bool, self_sym_sizes: tuple[int, ...]) -> Any:
    return _spread(grad, dim, keepdim, self_sym_sizes) / _count(self_sym_sizes, dim)


def _prod_backward(grad: Any, self: Any, dim: Any, keepdim: bool, result: Any) -> Any:
    """``grad * result / self``; where there is a zero, by the products of what stands before and after."""
    shape = tuple(self.shape)
    if not shape:
        return grad
    grad, result = _restored(grad, shape, dim, keepdim), _restored(result, shape, dim, keepdim)
    if not plain(self == 0).any():
        return grad * (result / self)
    if dim is None and type(self) is np.ndarray and np.count_nonzero(self) < self.size - 1:
        return np.zeros_like(self)
    if dim is None:
        return grad * reshape(_product_of_others(reshape(self, (-1,)), 0), shape)
    return grad * _product_of_others(self, wrap_dim(dim, len(shape)))


def _part(value: Any, dim: int, start: int, stop: int) -> Any:
    return value[(slice(None),) * dim + (slice(start, stop),)]


def _ones(value: Any, dim: int) -> Any:
    return like(value, np.ones(_kept(value.shape, dim), plain(value).dtype))


def _product_of_others(value: Any, dim: int) -> Any:
    """For each element the product of all others in the dimension, without a division."""
    last = value.shape[dim] - 1
    before = cat([_ones(value, dim), _part(value, dim, 0, last)], dim)
    after = cat([_ones(value, dim), _part(dual.flip(value, (dim,)), dim, 0, last)], dim)
    return dual.cumprod(before, dim) * dual.flip(dual.cumprod(after, dim), (dim,))


_sum_all = row(
    "sum",
    lambda self, dtype: _sum(self, dtype=dtype),
    lambda grad, self_sym_sizes: expand(grad, self_sym_sizes),
    r"\bar{z}\,\mathbf{1}",
)
_sum_dims = row("sum", _sum, _spread, r"\bar{z}\,\mathbf{1}", node="SumBackward1")
_mean_all = row(
    "mean",
    lambda self, dtype: _mean(self, dtype=dtype),
    lambda grad, self_sym_sizes, self_sym_numel: expand(grad, self_sym_sizes) / self_sym_numel,
    r"\bar{z} / n",
)
_mean_dims = row("mean", _mean, _spread_thin, r"\bar{z} / n", node="MeanBackward1", shows=("self_sym_numel",))
_prod_all = row(
    "prod",
    lambda self, dtype: _product(self, dtype=dtype),
    lambda grad, self, result: _prod_backward(grad, self, None, False, result),
    r"\bar{z}\, z / x",
)
_prod_dim = row("prod", _product, _prod_backward, r"\bar{z}\, z / x", node="ProdBackward1")


@public()
def sum(input: Tensor, dim: Any = ..., keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The sum of all elements, or over the dimensions ``dim``; integers and bools sum to int64."""
    if dim is ...:
        return _sum_all(input, dtype)
    _check_keepdim("sum", keepdim)
    return _sum_dims(input, _as_dims("sum", dim), keepdim, dtype)


@public()
def mean(input: Tensor, dim: Any = ..., keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The mean of all elements, or over the dimensions ``dim``; RuntimeError for integers without ``dtype``."""
    kind = input.dtype if dtype is None else dtype
    if not kind.is_floating_point:
        raise RuntimeError(
            f"mean(): could not infer output dtype. {'Input' if dtype is None else 'Optional'} dtype must be either a "
            f"floating point or complex dtype. Got: {kind.scalar_name}"
        )
    if dim is ...:
        return _mean_all(input, dtype)
    _check_keepdim("mean", keepdim)
    return _mean_dims(input, _as_dims("mean", dim), keepdim, dtype)


@public()
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The product of all elements, or over the dimension ``dim``."""
    if dim is None:
        return _prod_all(input, dtype)
    _one_dim("prod", dim, input._array.ndim)
    return _prod_dim(input, dim, keepdim, dtype)


# Variance and standard deviation

_average = dual.dual("mean", _mean)


def _variance(self: np.ndarray, dim: Dims, correction: float | None, keepdim: bool, name: str = "var") -> np.ndarray:
    off = self - _mean(self, dim, True)
    freedom = builtins.max(0, _count(self.shape, dim) - (1 if correction is None else correction))
    if freedom <= 0:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            "(input numel divided by output numel).",
            UserWarning,
            stacklevel=6,
        )
    return np.true_divide(_sum(off * off, dim, keepdim), self.dtype.type(freedom), out=...)


def _var_backward(grad: Any, self: Any, dim: Dims, correction: float | None, keepdim: bool) -> Any:
    shape = tuple(self.shape)
    freedom = _count(shape, dim) - (1 if correction is None else correction)
    center = _average(self) if dim is None else _average(self, dim, True)
    if freedom <= 0 and dim is None:
        return grad * where(self == center, math.nan, math.inf)
    return (2.0 / freedom if freedom else math.inf) * _restored(grad, shape, dim, keepdim) * (self - center)


def _var_mean_backward(grads: Any, self: Any, dim: Dims, correction: float | None, keepdim: bool) -> Any:
    of_var, of_mean = grads
    first = None if of_var is None else _var_backward(of_var, self, dim, correction, keepdim)
    second = None if of_mean is None else _spread_thin(of_mean, dim, keepdim, tuple(self.shape))
    return second if first is None else first if second is None else first + second


_var = row(
    "var",
    lambda self, dim, correction, keepdim: _variance(self, dim, correction, keepdim),
    _var_backward,
    r"\bar{z} \cdot \tfrac{2}{n - 1} (x - \bar x)",
)
_std = row(
    "std",
    lambda self, dim, correction, keepdim: np.sqrt(_variance(self, dim, correction, keepdim, "std"), out=...),
    lambda grad, self, dim, correction, keepdim, result: _var_backward(
        masked(grad / (result * 2), result == 0), self, dim, correction, keepdim
    ),
    r"\bar{z} \cdot \tfrac{1}{(n - 1)\, z} (x - \bar x)",
)
_var_mean = row(
    "var_mean",
    lambda self, dim, correction, keepdim: (
        _variance(self, dim, correction, keepdim, "var_mean"),
        _mean(self, dim, keepdim),
    ),
    _var_mean_backward,
    r"\bar{v} \cdot \tfrac{2}{n - 1} (x - \bar x) + \bar{m} / n",
    outputs=("result0", "result1"),
    differentiable=2,
)


def _deviation(operation: Operation, what: str) -> Callable[..., Any]:
    """``f(input, unbiased)``, ``f(input, dim, unbiased, keepdim)`` and ``f(input, dim, *, correction, keepdim)``."""
    name = operation.name

    @public(name, f"{what}, of all elements or over ``dim``; the squares are divided by n - 1, or n - ``correction``.")
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

    return function


var, std = _deviation(_var, "The variance"), _deviation(_std, "The standard deviation")
var_mean = _deviation(_var_mean, "The variance and the mean")


# The largest and the smallest


def _evenly(grad: Any, self: Any, result: Any) -> Any:
    """All elements that are the result share its gradient."""
    mask = dual.isnan(self) if plain(dual.isnan(result)).item() else self == result
    share = grad / like(grad, np.asarray(plain(mask).sum(), plain(grad).dtype))
    return FUNCTIONS["masked_fill"](dual.zeros(self), mask, share) if isinstance(grad, Tensor) else mask * share


def _evenly_in_dims(grad: Any, self: Any, dim: Dims, keepdim: bool, result: Any) -> Any:
    if not keepdim:
        left = _kept(self.shape, dim)
        grad, result = reshape(grad, left), reshape(result, left)
    return _shared(grad, self == result, dim)


def _shared(grad: Any, mask: Any, dim: Dims) -> Any:
    """The gradient at the places of a mask, divided by how many there are in each row."""
    return grad / total(dual.cast(mask, plain(grad).dtype), wrap_dims(dim, len(mask.shape)), True) * mask


def _to_index(grad: Any, dim: int, indices: Any, self_sym_sizes: tuple[int, ...], keepdim: bool) -> Any:
    """Zeros, with the gradient at the places in ``dim`` that were chosen."""
    shape = self_sym_sizes
    if not shape:
        return grad
    grad, indices = _restored(grad, shape, dim, keepdim), _restored(indices, shape, dim, keepdim)
    out = np.zeros(shape, plain(grad).dtype)
    if isinstance(grad, Tensor):
        return FUNCTIONS["scatter"](Tensor._plain(out), dim, indices, grad)
    np.put_along_axis(out, indices, grad, dim)
    return out


_SHARED = r"\bar{z}\,[x = z] / \#\{x = z\}"


def _extreme(name: str, of_all: Any, find: Any, what: str, pairwise: str) -> Callable[..., Any]:
    """``max`` and ``min``: of all elements, of each row in a dimension with its index, or of two tensors."""

    def in_rows(self: np.ndarray, dim: int, keepdim: bool) -> tuple[np.ndarray, np.ndarray]:
        if not self.ndim:
            return self.copy(), np.zeros((), np.int64)
        indices = find(self, axis=dim, keepdims=True)
        values = np.take_along_axis(self, indices, dim)
        return (values, indices) if keepdim else (np.squeeze(values, dim), np.squeeze(indices, dim))

    whole = row(name, lambda self: of_all(self), _evenly, _SHARED, node=f"{name.capitalize()}Backward1")
    in_dim = row(name, in_rows, _to_index, r"\bar{z}\,[i = \text{index}]", outputs=("values", "indices"))
    pair = return_type(name, "values", "indices")

    @public(
        name,
        f"The {what} element of all; or with ``dim`` of each row, and its index: (values, indices). The gradient of "
        "the former is shared evenly among equals, that of the latter goes to the one at the index.",
    )
    def function(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
        if isinstance(dim, Tensor) or other is not None:
            return FUNCTIONS[pairwise](input, dim if other is None else other)
        if dim is not None:
            _one_dim(name, dim, input._array.ndim)
        _check_not_empty(name, input, dim, more=_SPECIFY)
        return whole(input) if dim is None else pair(*in_dim(input, dim, keepdim))

    return function


def _extreme_in_dims(name: str, forward: Any, what: str) -> Callable[..., Any]:
    operation = row(name, forward, _evenly_in_dims, _SHARED)

    @public(name, f"The {what} element, of all or over the dimensions ``dim``; equals share the gradient.")
    def function(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
        dims = _as_dims(name, dim) or ()
        _check_not_empty(name, input, dims, more=_SPECIFY)
        return operation(input, dims, keepdim)

    return function


def _index_of(name: str, find: Callable[..., Any], what: str) -> Callable[..., Any]:
    operation = Operation(name, lambda self, dim, keepdim: np.asarray(find(self, axis=dim, keepdims=keepdim)), {})

    @public(name, f"The index of the {what} element: in the flattened tensor, or in the dimension ``dim``.")
    def function(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        if input._array.dtype.kind == "b":
            raise RuntimeError(f"{name}(): does not support bool input")
        if dim is not None:
            _one_dim(name, dim, input._array.ndim)
        _check_not_empty(name, input, dim, IndexError)
        return operation(input, dim if input._array.ndim else None, keepdim)

    return function


max = _extreme("max", _largest, np.argmax, "largest", "maximum")
min = _extreme("min", _smallest, np.argmin, "smallest", "minimum")
amax, amin = _extreme_in_dims("amax", _largest, "largest"), _extreme_in_dims("amin", _smallest, "smallest")
argmax, argmin = _index_of("argmax", np.argmax, "largest"), _index_of("argmin", np.argmin, "smallest")


# True or false, and counting


def _truth(name: str, ufunc: Any, what: str) -> Callable[..., Any]:
    def forward(self: np.ndarray, dim: Dims, keepdim: bool) -> np.ndarray:
        axis = () if dim == () else wrap_dims(dim, self.ndim)
        out = ufunc.reduce(self.astype(bool), axis=axis, keepdims=keepdim, out=...)
        return out.astype(np.uint8) if self.dtype == np.uint8 else out

    operation = Operation(name, forward, {})

    @public(name, f"Whether {what} is true (not zero): of all, or over the dimensions ``dim``.")
    def function(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        return operation(input, _as_dims(name, dim), keepdim)

    return function


all, any = _truth("all", np.logical_and, "every element"), _truth("any", np.logical_or, "an element")
_count_nonzero = Operation("count_nonzero", lambda self, dim: _sum(self != 0, dim), {})


@public()
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are not zero."""
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
    if abs(ord) == math.inf:
        return (_largest if ord > 0 else _smallest)(size, dim, keepdim)
    kind = self.dtype.type
    return np.power(_sum(np.power(size, kind(ord), out=...), dim, keepdim), kind(1 / ord), out=...)


def _norm_backward(grad: Any, self: Any, ord: float, dim: Dims, keepdim: bool, result: Any) -> Any:
    shape = tuple(self.shape)
    grad, result = _restored(grad, shape, dim, keepdim), _restored(result, shape, dim, keepdim)
    if ord == 0:
        return None
    if ord == 1:
        return sgn(self) * grad
    if ord == 2:
        return grad * masked(self / result, result == 0)
    if abs(ord) == math.inf:
        return sgn(self) * _shared(grad, (dual.absolute(self) == result) | dual.isnan(self), dim)
    if ord < 1:
        slope = sgn(self) * masked(power(dual.absolute(self), ord - 1), self == 0)
        return slope * grad * power(result, 1 - ord)
    size = dual.absolute(self)
    slope = sgn(self) * power(size, ord - 1) if ord < 2 else self * power(size, ord - 2)
    return slope * masked(grad / power(result, ord - 1), result == 0)


_vector_norm = row("linalg_vector_norm", _norm, _norm_backward, r"\bar{z}\, \mathrm{sgn}(x)\, |x|^{p - 1} / z^{p - 1}")


@public(page="torch.linalg.{}")
def vector_norm(
    x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Dtype | None = None
) -> Tensor:
    """The norm of all elements as one vector, or of those in the dimensions ``dim``."""
    if not isinstance(ord, int | float):
        kind = type(ord).__name__
        raise TypeError(f"linalg_vector_norm(): argument 'ord' (position 2) must be Number, not {kind}")
    if x._array.dtype.kind != "f":
        name = x.dtype.scalar_name
        raise RuntimeError(f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {name}")
    dims = _as_dims("linalg_vector_norm", dim)
    if ord < 0 or ord == math.inf:
        _check_not_empty("linalg.vector_norm", x, dims)
    return _vector_norm(x, ord, dims, keepdim, dtype)


@public("norm", page="torch.linalg.{}")
def linalg_norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Dtype | None = None
) -> Tensor:
    """The norm of a vector; of a matrix the Frobenius norm alone ("fro", and the default)."""
    ndim = A._array.ndim
    if ord is not None and dim is None and ndim not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {ndim}D.")
    if ord is not None and dim is None and ndim == 2:
        dim = (0, 1)
    if ord not in (None, "fro") and isinstance(dim, tuple | list) and len(dim) == 2:
        raise NotImplementedError(f"of the norms of a matrix minigrad has 'fro' alone, not {ord!r}")
    return vector_norm(A, {None: 2.0, "fro": 2}.get(ord, ord), dim, keepdim, dtype=dtype)


@public()
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Dtype | None = None) -> Tensor:
    """The p-norm of all elements, or over the dimensions ``dim``; "fro" is the 2-norm."""
    if isinstance(p, str) and p != "fro":
        raise NotImplementedError(f"of the norms of a matrix minigrad has 'fro' alone, not {p!r}")
    return vector_norm(input, 2 if p is None or p == "fro" else p, dim, keepdim, dtype=dtype)


# Exponentials summed


def _logsumexp(self: np.ndarray, dim: Dims, keepdim: bool) -> np.ndarray:
    if not self.size:
        return np.log(_sum(self, dim, keepdim), out=...)
    largest = _largest(self, dim, True)
    largest[np.isinf(largest)] = 0
    out = np.log(_sum(np.exp(self - largest), dim, keepdim), out=...)
    return np.add(out, largest if keepdim else np.squeeze(largest, wrap_dims(dim, self.ndim)), out=...)


def _logsumexp_backward(grad: Any, self: Any, dim: Dims, keepdim: bool, result: Any) -> Any:
    shape = tuple(self.shape)
    return _restored(grad, shape, dim, keepdim) * exp(self - _restored(result, shape, dim, keepdim))


_lse = row("logsumexp", _logsumexp, _logsumexp_backward, r"\bar{z} \cdot e^{x - z}")


@public()
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """The logarithm of the sum of the exponentials over the dimensions ``dim``, computed without overflow."""
    if input._array.dtype.kind != "f":
        input = dual.cast(input, get_default_dtype().numpy)
    return _lse(input, _as_dims("logsumexp", dim), keepdim)


def softmax_array(self: np.ndarray, dim: int) -> np.ndarray:
    """The softmax of an array."""
    if not self.ndim or not self.size:
        return np.ones_like(self)
    out: Any = self - _largest(self, dim, True)
    np.exp(out, out=out)
    out /= _sum(out, dim, True)
    return out


def log_softmax_array(self: np.ndarray, dim: int) -> np.ndarray:
    """The logarithm of the softmax of an array."""
    if not self.ndim or not self.size:
        return np.zeros_like(self)
    out: Any = self - _largest(self, dim, True)
    out -= np.log(_sum(np.exp(out), dim, True))
    return out


def _row_sum(value: Any, dim: int) -> Any:
    return total(value, (wrap_dim(dim, len(value.shape)),), True) if len(value.shape) else value


def _softmax_backward(grad_output: Any, output: Any, dim: int) -> Any:
    weighted = grad_output * output
    return weighted - output * _row_sum(weighted, dim)


def _softmax_twice(grad: Any, grad_output: Any, output: Any, dim: int) -> Any:
    return grad * grad_output - _row_sum(output * grad_output, dim) * grad - grad_output * _row_sum(grad * output, dim)


_softmax_data: Operation = Operation(
    "_softmax_backward_data",
    _softmax_backward,
    {"grad_output": lambda grad, output, dim: either(_softmax_data, grad, output, dim), "output": _softmax_twice},
    node="SoftmaxBackwardDataBackward0",
)
_log_softmax_data: Operation = Operation(
    "_log_softmax_backward_data",
    lambda grad_output, output, dim: grad_output - exp(output) * _row_sum(grad_output, dim),
    {
        "grad_output": lambda grad, output, dim: grad - _row_sum(grad * exp(output), dim),
        "output": lambda grad, grad_output, output, dim: -grad * exp(output) * _row_sum(grad_output, dim),
    },
    node="LogSoftmaxBackwardDataBackward0",
)
_softmax = row(
    "softmax",
    softmax_array,
    lambda grad, dim, result: either(_softmax_data, grad, result, dim),
    r"z \odot (\bar{z} - \textstyle\sum z \odot \bar{z})",
)
_log_softmax = row(
    "log_softmax",
    log_softmax_array,
    lambda grad, dim, result: either(_log_softmax_data, grad, result, dim),
    r"\bar{z} - e^{z} \textstyle\sum \bar{z}",
)


def _normalized(operation: Operation, doc: str) -> Callable[..., Any]:
    name = operation.name

    @public(name, doc)
    def function(input: Tensor, dim: int, dtype: Dtype | None = None) -> Tensor:
        if dtype is not None:
            input = dual.cast(input, dtype.numpy)
        ndim = input._array.ndim
        last = _one_dim(name, dim, ndim) >= ndim - 1
        if input._array.dtype.kind != "f":
            kernel = f"{name}_lastdim_kernel_impl" if last else f"{name}_kernel_impl"
            raise NotImplementedError(f"\"{kernel}\" not implemented for '{input.dtype.scalar_name}'")
        return operation(input, dim)

    return function


softmax = _normalized(_softmax, "Exponentials divided by their sum over ``dim``: what lies along it sums to 1.")
log_softmax = _normalized(_log_softmax, "The logarithm of the softmax, computed without overflow.")


# Running sums and products


def _running(name: str, ufunc: Any, derivative: Callable[..., Any], formula: str, what: str) -> Callable[..., Any]:
    def forward(self: np.ndarray, dim: int, dtype: Dtype | None) -> np.ndarray:
        kind = _wide(self, dtype)
        return ufunc.accumulate(self, axis=dim, dtype=kind) if self.ndim else self.astype(kind)

    operation = row(name, forward, derivative, formula)

    @public(name, f"Running {what} along a dimension.")
    def function(input: Tensor, dim: int, *, dtype: Dtype | None = None) -> Tensor:
        _one_dim(name, dim, input._array.ndim)
        return operation(input, dim, dtype)

    return function


def _cumsum_backward(grad: Any, dim: int) -> Any:
    if math.prod(grad.shape) <= 1 or grad.shape[dim] == 1:
        return grad
    return dual.flip(dual.cumsum(dual.flip(grad, (dim,)), dim), (dim,))


def _cumprod_backward(grad: Any, self: Any, dim: int, result: Any) -> Any:
    if 0 in self.shape or not len(self.shape):
        return grad
    if not plain(self == 0).any():
        return _cumsum_backward(result * grad, dim) / self
    dim, length = wrap_dim(dim, len(self.shape)), self.shape[dim]
    columns = []
    for place in range(length):  # with zeros: the products without this element, one by one
        without = cat([_part(self, dim, 0, place), _ones(self, dim), _part(self, dim, place + 1, length)], dim)
        columns.append(total(_part(grad * dual.cumprod(without, dim), dim, place, length), (dim,), True))
    return cat(columns, dim)


cumsum = _running("cumsum", np.add, _cumsum_backward, r"\textstyle\sum_{j \ge i} \bar{z}_j", "sums")
cumprod = _running(
    "cumprod", np.multiply, _cumprod_backward, r"\textstyle\sum_{j \ge i} \bar{z}_j z_j / x_i", "products"
)


BOTH = (
    *(sum, mean, prod, var, std, max, min, amax, amin, argmax, argmin, all, any),
    *(count_nonzero, norm, logsumexp, softmax, log_softmax, cumsum, cumprod),
)
FUNCTIONS_ONLY = (var_mean,)
IN_PLACE = (cumsum, cumprod)
