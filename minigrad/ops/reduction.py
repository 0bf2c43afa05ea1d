"""Reductions: what makes few numbers of many, over all dimensions or some; and running sums and products.

A row keeps ``dim`` as it was given (None and () mean all dimensions), as PyTorch's nodes show it.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np

from ..autograd import notes
from ..dtypes import dtype as Dtype
from ..dtypes import get_default_dtype, of, refuse_kinds
from ..tensor import Tensor
from . import dual
from .arguments import function, wrap_dim, wrap_dims
from .dual import FUNCTIONS, cat, either, exp, expand, like, masked, plain, power, reshape, sgn, total, where
from .templates import Operation, operation, row

Dims = int | Iterable[int] | None


def _check_not_empty(name: str, shape: tuple[int, ...], dim: Dims) -> None:
    """What has no neutral element needs at least one."""
    places = wrap_dims(dim, len(shape))
    if 0 not in shape:
        return
    if dim is None or dim == ():
        text = f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
        if name.startswith("arg"):
            raise IndexError(text)
        raise RuntimeError(f"{text} Specify the reduction dim with the 'dim' argument.")
    for shown, place in zip(dim if isinstance(dim, tuple) else places, places, strict=True):
        if not shape[place]:
            raise IndexError(f"{name}(): Expected reduction dim {shown} to have non-zero size.")


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


def in_order(array: np.ndarray) -> np.ndarray:
    """The array, copied where its elements do not lie in order: many results of PyTorch's lie so."""
    return array if array.flags.c_contiguous else array.copy()


def _accumulating(ufunc: Any) -> Callable[..., np.ndarray]:
    def forward(self: np.ndarray, dim: Dims = None, keepdim: bool = False, dtype: Dtype | None = None) -> np.ndarray:
        return in_order(ufunc.reduce(self, _axis(dim, self.ndim), _wide(self, dtype), keepdims=keepdim, out=...))

    return forward


_sum, _product = _accumulating(np.add), _accumulating(np.multiply)


def _count(shape: tuple[int, ...], dim: Dims) -> int:
    """How many numbers go into one."""
    return math.prod([shape[d] for d in wrap_dims(dim, len(shape))])


def _mean(self: np.ndarray, dim: Dims = None, keepdim: bool = False, dtype: Dtype | None = None) -> np.ndarray:
    kind = dtype or of(self)
    if not kind.is_floating_point:
        raise RuntimeError(
            f"mean(): could not infer output dtype. {'Input' if dtype is None else 'Optional'} dtype must be either a "
            f"floating point or complex dtype. Got: {kind.scalar_name}"
        )
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


def _reduction(
    name: str, forward: Any, whole: Any, derivative: Any, formula: str, doc: str, dim: str = "int[1]? dim", **more: Any
) -> Callable[..., Tensor]:
    """A function of all elements (whose gradient is ``whole``), or over dimensions: a node each."""
    of_all = row(name, lambda self, dtype: forward(self, dtype=dtype), whole, formula)
    over_dims = row(name, forward, derivative, formula, node=f"{name.capitalize()}Backward1", **more)

    @function(
        f"{name}(Tensor input, *, dtype dtype=None{', Tensor out=None' if name == 'mean' else ''})",
        f"{name}(Tensor input, {dim}, bool keepdim=False, *, dtype dtype=None, Tensor out=None)",
        doc=doc,
    )
    def reduced(input: Tensor, dim: Any = ..., keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
        return of_all(input, dtype) if dim is ... else over_dims(input, dim, keepdim, dtype)

    return reduced


_reduction(
    "sum",
    _sum,
    lambda grad, self_sym_sizes: expand(grad, self_sym_sizes),
    _spread,
    r"\bar{z}\,\mathbf{1}",
    "The sum of all elements, or over the dimensions ``dim``; integers and bools sum to int64.",
)
mean = _reduction(
    "mean",
    _mean,
    lambda grad, self_sym_sizes, self_sym_numel: expand(grad, self_sym_sizes) / self_sym_numel,
    _spread_thin,
    r"\bar{z} / n",
    "The mean of all elements, or over the dimensions ``dim``; RuntimeError for integers without ``dtype``.",
    shows=("self_sym_numel",),
)
_reduction(
    "prod",
    _product,
    lambda grad, self, result: _prod_backward(grad, self, None, False, result),
    _prod_backward,
    r"\bar{z}\, z / x",
    "The product of all elements, or over the dimension ``dim``.",
    dim="int dim",
)


def _spread_known(grad: Any, self: Any, dim: Dims, keepdim: bool) -> Any:
    return _spread(grad, dim, keepdim, tuple(self.shape)) * ~dual.isnan(self)


@operation(
    "nansum(Tensor input, int[1]? dim=None, bool keepdim=False, *, dtype dtype=None, Tensor out=None)",
    _spread_known,
    r"\bar{z} \cdot [x \text{ is a number}]",
)
def nansum(self: np.ndarray, dim: Dims, keepdim: bool, dtype: Dtype | None) -> np.ndarray:
    """The sum of what is not NaN, of all elements or over the dimensions ``dim``."""
    return _sum(np.where(np.isnan(self), self.dtype.type(0), self), dim, keepdim, dtype)


# Variance and standard deviation

_average = dual.dual("mean", _mean)


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


def _deviation(name: str, finish: Any, derivative: Any, what: str, formula: str, **more: Any) -> None:
    """A function of the variance: ``finish`` is given that, and what a mean is made of."""

    def forward(self: np.ndarray, dim: Dims, correction: float | None, keepdim: bool) -> Any:
        mean = _mean(self, dim, True)
        off, count = self - mean, self.size // mean.size if mean.size else 0
        freedom = max(0, count - (1 if correction is None else correction))
        if freedom <= 0:
            notes.warn(
                f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
                "(input numel divided by output numel)."
            )
        variance = np.true_divide(_sum(off * off, dim, keepdim), self.dtype.type(freedom), out=...)
        return finish(variance, self, dim, keepdim)

    made = row(name, forward, derivative, formula, **more)
    out = "" if name == "var_mean" else ", Tensor out=None"

    @function(
        f"{name}(Tensor input, int[1]? dim, bool unbiased=True, bool keepdim=False{out and ', *' + out})",
        f"{name}(Tensor input, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False{out})",
        f"{name}(Tensor input, bool unbiased=True)",
        method=name != "var_mean",
        doc=f"{what}, of all elements or over ``dim``; the squares are divided by n - 1, or n - ``correction``.",
    )
    def deviation(
        input: Tensor, dim: Dims = None, unbiased: Any = None, keepdim: bool = False, *, correction: Any = None
    ) -> Any:
        if input._array.dtype.kind != "f":
            who = "std and var" if name in ("std", "var") else name
            raise RuntimeError(f"{who} only support floating point and complex dtypes")
        if unbiased is not None or (dim is not None and correction is None):
            correction = int(unbiased is not False)
        return made(input, dim, correction, keepdim)


_deviation("var", lambda var, *_: var, _var_backward, "The variance", r"\bar{z} \cdot \tfrac{2}{n - 1} (x - \bar x)")
_deviation(
    "std",
    lambda var, *_: np.sqrt(var, out=...),
    lambda grad, self, dim, correction, keepdim, result: _var_backward(
        masked(grad / (result * 2), result == 0), self, dim, correction, keepdim
    ),
    "The standard deviation",
    r"\bar{z} \cdot \tfrac{1}{(n - 1)\, z} (x - \bar x)",
)
_deviation(
    "var_mean",
    lambda var, *given: (var, _mean(*given)),
    _var_mean_backward,
    "The variance and the mean",
    r"\bar{v} \cdot \tfrac{2}{n - 1} (x - \bar x) + \bar{m} / n",
    outputs=("result0", "result1"),
    differentiable=2,
)


# The largest and the smallest

PAIR = ("values", "indices")
_SHARED = r"\bar{z}\,[x = z] / \#\{x = z\}"


def _evenly(grad: Any, self: Any, result: Any) -> Any:
    """All elements that are the result share its gradient."""
    mask = dual.isnan(self) if plain(dual.isnan(result)).item() else self == result
    share = grad / like(grad, np.asarray(plain(mask).sum(), plain(grad).dtype))
    if isinstance(grad, Tensor):
        return FUNCTIONS["masked_fill"](dual.zeros(self), mask, share)
    return np.where(mask, share, share.dtype.type(0))  # not a product: 0 * nan is nan


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


def _choosing(name: str, of_all: Any, find: Callable[..., np.ndarray], nodes: tuple[int, int]) -> Callable[..., Any]:
    """A function that chooses one element of all, or with ``dim`` one of each row: ``find`` gives their places.

    ``nodes``: the numbers that PyTorch gives the nodes of the two.
    """

    def in_rows(self: np.ndarray, dim: int, keepdim: bool) -> tuple[np.ndarray, np.ndarray]:
        _check_not_empty(name, self.shape, dim)
        if not self.ndim:
            return self.copy(), np.zeros((), np.int64)
        indices = find(self, dim)
        values = np.take_along_axis(self, indices, dim)
        return (values, indices) if keepdim else (np.squeeze(values, dim), np.squeeze(indices, dim))

    of_one, of_rows = (f"{name.capitalize()}Backward{number}" for number in nodes)
    whole, pair = row(name, of_all, _evenly, _SHARED, node=of_one), return_type(name, *PAIR)
    in_dim = row(name, in_rows, _to_index, r"\bar{z}\,[i = \text{index}]", outputs=PAIR, node=of_rows)
    return lambda input, dim=None, keepdim=False: whole(input) if dim is None else pair(*in_dim(input, dim, keepdim))


def _extremes(name: str, ufunc: Any, find: Any, what: str) -> None:
    """``max``, ``amax`` and ``argmax``, or those of ``min``."""

    def over_dims(self: np.ndarray, dim: Dims, keepdim: bool) -> np.ndarray:
        _check_not_empty(f"a{name}", self.shape, dim)
        return in_order(ufunc.reduce(self, axis=_axis(dim, self.ndim), keepdims=keepdim, out=...))

    def of_all(self: np.ndarray) -> np.ndarray:  # much used: no more than it needs
        _check_not_empty(name, self.shape, None)
        return ufunc.reduce(self, axis=None, out=...)

    def index(self: np.ndarray, dim: int | None, keepdim: bool) -> np.ndarray:
        if self.dtype.kind == "b":
            raise RuntimeError(f"arg{name}(): does not support bool input")
        _check_not_empty(f"arg{name}", self.shape, dim)
        return np.asarray(find(self, axis=dim if self.ndim else None, keepdims=keepdim))

    choose = _choosing(name, of_all, partial(find, keepdims=True), (1, 0))

    @function(
        f"{name}(Tensor input, *, Tensor out=None)",
        f"{name}(Tensor input, Tensor other, *, Tensor out=None)",
        f"{name}(Tensor input, int dim, bool keepdim=False, *, Tensor[] out=None)",
        doc=f"The {what} element of all, or of two tensors' elements each; or with ``dim`` of each row, and its index:"
        " (values, indices). Equals share the gradient evenly; with ``dim`` it goes to the one at the index.",
    )
    def extreme(input: Tensor, dim: int | None = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
        return choose(input, dim, keepdim) if other is None else FUNCTIONS[f"{name}imum"](input, other)

    function(
        f"a{name}(Tensor input, int[1]? dim=(), bool keepdim=False, *, Tensor out=None)",
        doc=f"The {what} element, of all or over the dimensions ``dim``; equals share the gradient.",
    )(row(f"a{name}", over_dims, _evenly_in_dims, _SHARED))
    function(
        f"arg{name}(Tensor input, int? dim=None, bool keepdim=False, *, Tensor out=None)",
        doc=f"The index of the {what} element: in the flattened tensor, or in the dimension ``dim``.",
    )(Operation(f"arg{name}", index))


_extremes("max", np.maximum, np.argmax, "largest")
_extremes("min", np.minimum, np.argmin, "smallest")


def _middle(self: np.ndarray, dim: int) -> np.ndarray:
    unknown = np.isnan(self).sum(dim, keepdims=True)  # which are sorted to the end: the first of them is the result
    place = np.where(unknown, self.shape[dim] - unknown, (self.shape[dim] - 1) // 2)
    return np.take_along_axis(np.argsort(self, dim, kind="stable"), place, dim)


def _median(self: np.ndarray) -> np.ndarray:
    row = self.ravel() if self.size else np.array([math.nan]).astype(self.dtype)
    return row[_middle(row, 0)[0]]


function(
    "median(Tensor input)",
    "median(Tensor input, int dim=-1, bool keepdim=False, *, Tensor[] out=None)",
    doc="The element in the middle (of two the smaller) of all, or of each row, and its index: (values, indices).",
)(_choosing("median", _median, _middle, (0, 1)))


# True or false, and counting


def _truth(name: str, ufunc: Any, what: str) -> None:
    def forward(self: np.ndarray, dim: Dims = None, keepdim: bool = False) -> np.ndarray:
        axis = () if dim == () else wrap_dims(dim, self.ndim)
        out = in_order(ufunc.reduce(self.astype(bool), axis=axis, keepdims=keepdim, out=...))
        return out.astype(np.uint8) if self.dtype == np.uint8 else out

    function(
        f"{name}(Tensor input, *, Tensor out=None)",
        f"{name}(Tensor input, int[1]? dim=None, bool keepdim=False, *, Tensor out=None)",
        f"{name}(Tensor input, int dim, bool keepdim=False, *, Tensor out=None)",
        doc=f"Whether {what} is true (not zero): of all, or over the dimensions ``dim``.",
    )(Operation(name, forward))


_truth("all", np.logical_and, "every element")
_truth("any", np.logical_or, "an element")
function(
    "count_nonzero(Tensor input, int? dim=None)", "count_nonzero(Tensor input, int[] dim)", doc="How many are not zero."
)(Operation("count_nonzero", lambda self, dim: _sum(self != 0, dim)))


# Norms


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


_NORMS = "int[1]? dim=None, bool keepdim=False, *, dtype dtype=None, Tensor out=None)"
_LINALG: Any = {"method": False, "function": False}


@operation(
    f"linalg_vector_norm(Tensor input, Scalar ord=2, {_NORMS}",
    _norm_backward,
    r"\bar{z}\, \mathrm{sgn}(x)\, |x|^{p - 1} / z^{p - 1}",
    public=partial(function, page="torch.linalg.vector_norm", **_LINALG),
)
def vector_norm(self: np.ndarray, ord: float, dim: Dims, keepdim: bool, dtype: Dtype | None) -> np.ndarray:
    """The norm of all elements as one vector, or of those in the dimensions ``dim``."""
    if self.dtype.kind != "f":
        text = "linalg.vector_norm: Expected a floating point or complex tensor as input. Got"
        raise RuntimeError(f"{text} {of(self).scalar_name}")
    return _norm(self if dtype is None else self.astype(dtype.numpy), ord, dim, keepdim)


@dual.rounded_once
def _norm(self: np.ndarray, ord: float, dim: Dims, keepdim: bool) -> np.ndarray:
    if ord == 2:
        return np.sqrt(_sum(self * self, dim, keepdim), out=...)
    if ord == 0:
        return _sum(self != 0, dim, keepdim).astype(self.dtype)
    size = np.abs(self)
    if abs(ord) == math.inf:
        _check_not_empty("linalg.vector_norm", self.shape, dim)
        extreme: Any = np.maximum if ord > 0 else np.minimum
        return extreme.reduce(size, axis=_axis(dim, self.ndim), keepdims=keepdim, out=...)
    number = self.dtype.type
    return np.power(_sum(np.power(size, number(ord), out=...), dim, keepdim), number(1 / ord), out=...)


@function(
    f"linalg_norm(Tensor input, Scalar? ord=None, {_NORMS}",
    f"linalg_norm(Tensor input, str ord, {_NORMS}",
    page="torch.linalg.norm",
    **_LINALG,
)
def linalg_norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Dtype | None = None
) -> Tensor:
    """The norm of a vector; of a matrix the Frobenius norm alone ("fro", and the default)."""
    ndim = A._array.ndim
    if ord is not None and dim is None and ndim not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {ndim}D.")
    if ord is not None and dim is None and ndim == 2:
        dim = (0, 1)
    if ord not in (None, "fro") and dim is not None and len(dim) == 2:
        raise NotImplementedError(f"of the norms of a matrix minigrad has 'fro' alone, not {ord!r}")
    return vector_norm(A, {None: 2.0, "fro": 2}.get(ord, ord), dim, keepdim, dtype=dtype)


@function("norm(Tensor input, any p='fro', int[1]? dim=None, bool keepdim=False, dtype dtype=None, *, Tensor out=None)")
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Dtype | None = None) -> Tensor:
    """The p-norm of all elements, or over the dimensions ``dim``; "fro" is the 2-norm."""
    if isinstance(p, str) and p != "fro":
        raise NotImplementedError(f"of the norms of a matrix minigrad has 'fro' alone, not {p!r}")
    return vector_norm(input, 2 if p is None or p == "fro" else p, dim, keepdim, dtype=dtype)


# Exponentials summed


def _weighted(grad: Any, self: Any, dim: Dims, keepdim: bool, result: Any) -> Any:
    shape = tuple(self.shape)
    return _restored(grad, shape, dim, keepdim) * exp(self - _restored(result, shape, dim, keepdim))


@operation(
    "logsumexp(Tensor input, int[1] dim, bool keepdim=False, *, Tensor out=None)", _weighted, r"\bar{z} \cdot e^{x - z}"
)
def logsumexp(self: np.ndarray, dim: Dims, keepdim: bool) -> np.ndarray:
    """The logarithm of the sum of the exponentials over the dimensions ``dim``, computed without overflow."""
    if self.dtype.kind != "f":
        self = self.astype(get_default_dtype().numpy)
    largest: Any = np.maximum.reduce(self, axis=_axis(dim, self.ndim), keepdims=True, initial=-math.inf, out=...)
    largest[np.isinf(largest)] = 0
    out = np.log(_sum(np.exp(self - largest), dim, keepdim), out=...)
    return np.add(out, largest if keepdim else np.squeeze(largest, wrap_dims(dim, self.ndim)), out=...)


def _row_sum(value: Any, dim: int) -> Any:
    return total(value, (dim,), True) if len(value.shape) else value


@dual.rounded_once
def _softmax_backward(grad_output: Any, output: Any, dim: int) -> Any:
    weighted = grad_output * output
    return weighted - output * _row_sum(weighted, dim)


def _softmax_twice(grad: Any, grad_output: Any, output: Any, dim: int) -> Any:
    return grad * grad_output - _row_sum(output * grad_output, dim) * grad - grad_output * _row_sum(grad * output, dim)


_softmax_data: Operation = Operation(
    "_softmax_backward_data",
    _softmax_backward,
    grad_output=(lambda grad, output, dim: either(_softmax_data, grad, output, dim), ""),
    output=(_softmax_twice, ""),
)
_log_softmax_data: Operation = Operation(
    "_log_softmax_backward_data",
    dual.rounded_once(lambda grad_output, output, dim: grad_output - exp(output) * _row_sum(grad_output, dim)),
    grad_output=(lambda grad, output, dim: grad - _row_sum(grad * exp(output), dim), ""),
    output=(lambda grad, grad_output, output, dim: -grad * exp(output) * _row_sum(grad_output, dim), ""),
)


def _normalizing(data: Operation, alone: int, formula: str) -> Callable[..., Any]:
    """A function of rows that does not care what is added to them all: what is declared gets the largest at 0."""

    def declare(finish: Callable[..., np.ndarray]) -> Callable[..., Tensor]:
        name = finish.__name__

        def forward(self: np.ndarray, dim: int) -> np.ndarray:
            last = wrap_dim(dim, self.ndim) >= self.ndim - 1
            if not self.size:
                return self.copy()
            if self.dtype.kind != "f":
                refuse_kinds("biu", self.dtype, f"{name}{'_lastdim' if last else ''}_kernel_impl")
            if not self.ndim:
                return np.asarray(self - self + alone, self.dtype)  # NaN where it is not finite
            half = self.dtype == np.float16
            wide = self.astype(np.float32) if half else self
            row = in_order(wide - np.maximum.reduce(wide, axis=dim, keepdims=True))
            return finish(row, dim, half, last).astype(self.dtype, copy=False)

        made = row(name, forward, lambda grad, dim, result: either(data, grad, result, dim), formula)

        @function(f"{name}(Tensor input, int dim, dtype? dtype=None, *, Tensor out=None)", doc=finish.__doc__ or "")
        def normalized(input: Tensor, dim: int, dtype: Dtype | None = None) -> Tensor:
            return made.run(input if dtype is None else dual.cast(input, dtype.numpy), dim)

        return normalized

    return declare


@_normalizing(_softmax_data, 1, r"z \odot (\bar{z} - \textstyle\sum z \odot \bar{z})")
def softmax(row: np.ndarray, dim: int, half: bool, last: bool) -> np.ndarray:
    """Exponentials divided by their sum over ``dim``: what lies along it sums to 1."""
    np.exp(row, out=row)
    total = np.add.reduce(row, axis=dim, keepdims=True)
    return np.true_divide(dual.through_half(row) if half and not last else row, total, out=row)


@_normalizing(_log_softmax_data, 0, r"\bar{z} - e^{z} \textstyle\sum \bar{z}")
def log_softmax(row: np.ndarray, dim: int, half: bool, last: bool) -> np.ndarray:
    """The logarithm of the softmax, computed without overflow."""
    stored = dual.through_half if half and last else np.asarray
    row -= stored(np.log(stored(np.add.reduce(np.exp(row), axis=dim, keepdims=True))))
    return row


# Running sums and products


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


def _running(name: str, ufunc: Any, derivative: Callable[..., Any], formula: str, what: str) -> None:
    accumulate = dual.rounded_once(lambda x, dim: in_order(ufunc.accumulate(x, dim, x.dtype)))

    def forward(self: np.ndarray, dim: int, dtype: Dtype | None) -> np.ndarray:
        dim, kind = wrap_dim(dim, self.ndim), _wide(self, dtype)
        return accumulate(self.astype(kind, copy=False), dim) if self.ndim else self.astype(kind)

    function(
        f"{name}(Tensor input, int dim, *, dtype dtype=None, Tensor out=None)",
        in_place=True,
        doc=f"Running {what} along a dimension.",
    )(row(name, forward, derivative, formula))


_running("cumsum", np.add, _cumsum_backward, r"\textstyle\sum_{j \ge i} \bar{z}_j", "sums")
_running("cumprod", np.multiply, _cumprod_backward, r"\textstyle\sum_{j \ge i} \bar{z}_j z_j / x_i", "products")
