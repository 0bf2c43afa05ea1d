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
from .arguments import must_be_tensor, wrap_dim, wrap_dims
from .dual import (
    FUNCTIONS,
    absolute,
    cast,
    dual,
    either,
    exp,
    expand,
    like,
    masked,
    power,
    reshape,
    sgn,
    total,
    unsqueeze,
    where,
    zeros,
)
from .templates import Operation

Dims = int | Iterable[int] | None

isnan = dual("isnan", np.isnan)
cumulated, cumulated_product = dual("cumsum", np.cumsum), dual("cumprod", np.cumprod)
_add: Any = np.add
_multiply: Any = np.multiply
_maximum: Any = np.maximum
_minimum: Any = np.minimum


def flipped(value: Any, dim: int) -> Any:
    """The value with one dimension back to front."""
    return FUNCTIONS["flip"](value, (dim,)) if isinstance(value, Tensor) else np.flip(value, dim)


def joined(values: list[Any], dim: int) -> Any:
    """Values one after the other in a dimension that they have."""
    return FUNCTIONS["cat"](values, dim) if isinstance(values[0], Tensor) else np.concatenate(values, dim)


def piece(value: Any, dim: int, start: int, stop: int) -> Any:
    """The part of a value from start to stop in a dimension."""
    return value[(slice(None),) * dim + (slice(start, stop),)]


def restored(value: Any, shape: tuple[int, ...], dim: Dims, keepdim: bool) -> Any:
    """A reduced value with the dimensions that it lost at length 1 (one that lost all of them broadcasts)."""
    if keepdim or not shape or dim is None or dim == ():
        return value
    dims = wrap_dims(dim, len(shape))
    if isinstance(value, Tensor):
        for place in sorted(dims):
            value = unsqueeze(value, place)
        return value
    return value.reshape([1 if place in dims else length for place, length in enumerate(shape)])


def count(shape: tuple[int, ...], dim: Dims) -> int:
    """How many numbers go into one."""
    return math.prod([shape[d] for d in wrap_dims(dim, len(shape))])


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


def _check_not_empty(name: str, input: Tensor, dim: Dims, error: Exception | None = None) -> None:
    """What has no neutral element needs at least one."""
    shape = input._array.shape
    if (dim is None or dim == ()) and not input._array.size:
        raise error or RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
            "the 'dim' argument."
        )
    if dim is not None and dim != ():
        for place, one in enumerate(wrap_dims(dim, len(shape))):
            if not shape[one]:
                shown = dim[place] if isinstance(dim, tuple) else one
                raise IndexError(f"{name}(): Expected reduction dim {shown} to have non-zero size.")


def _return_type(name: str, *fields: str) -> Any:
    """The named tuple that PyTorch calls ``torch.return_types.<name>``."""

    def __repr__(self: Any) -> str:
        items = ",\n".join(f"{field}={value!r}" for field, value in zip(fields, self, strict=True))
        return f"torch.return_types.{name}(\n{items})"

    base = namedtuple(name, fields)  # type: ignore[misc]
    return type(name, (base,), {"__slots__": (), "__module__": "torch.return_types", "__repr__": __repr__})


# Sums, means, products


def _accumulated(ufunc: Any, x: np.ndarray, dim: Dims, keepdim: bool, dtype: Dtype | None) -> np.ndarray:
    """Reduced by ``ufunc``: integers in int64, and all dimensions unless some are named."""
    kind = dtype.numpy if dtype is not None else x.dtype if x.dtype.kind == "f" else np.dtype(np.int64)
    axis = None if dim is None or dim == () else wrap_dims(dim, x.ndim)
    return ufunc.reduce(x, axis=axis, dtype=kind, keepdims=keepdim, out=...)


def _sum(self: np.ndarray, dim: Dims = None, keepdim: bool = False, dtype: Dtype | None = None) -> np.ndarray:
    return _accumulated(_add, self, dim, keepdim, dtype)


def _mean(self: np.ndarray, dim: Dims = None, keepdim: bool = False, dtype: Dtype | None = None) -> np.ndarray:
    if dtype is not None:
        self = self.astype(dtype.numpy)
    number = self.size if dim is None else count(self.shape, dim)
    return np.true_divide(_sum(self, dim, keepdim), self.dtype.type(number), out=...)


def _spread(grad: Any, dim: Dims, keepdim: bool, self_sym_sizes: tuple[int, ...]) -> Any:
    return expand(restored(grad, self_sym_sizes, dim, keepdim), self_sym_sizes)


def _spread_thin(grad: Any, dim: Dims, keepdim: bool, self_sym_sizes: tuple[int, ...], self_sym_numel: int = 0) -> Any:
    return _spread(grad, dim, keepdim, self_sym_sizes) / count(self_sym_sizes, dim)


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
_mean_dims = row("mean", _mean, _spread_thin, r"\bar{z} / n", node="MeanBackward1")
_nansum = row(
    "nansum",
    lambda self, dim, keepdim, dtype: _sum(np.where(np.isnan(self), self.dtype.type(0), self), dim, keepdim, dtype),
    lambda grad, self, dim, keepdim: _spread(grad, dim, keepdim, tuple(self.shape)) * (self == self),  # NaN is not
    r"\bar{z}\,[x \text{ is a number}]",
)


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
def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The sum of the elements that are numbers: NaN counts as zero."""
    return _nansum(input, _as_dims("nansum", dim), keepdim, dtype)


@public()
def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The mean of the elements that are numbers."""
    if input._array.dtype.kind != "f":
        name = input.dtype.scalar_name
        raise RuntimeError(f"nanmean(): expected input to have floating point or complex dtype but got {name}")
    numbers = _sum(~np.isnan(input._array), _as_dims("nanmean", dim), keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / Tensor._of(numbers)


def _prod_backward(grad: Any, self: Any, result: Any) -> Any:
    """``grad * result / self``; where there is a zero, by the products of what stands before and after."""
    if not len(self.shape):
        return grad
    if _has_no(self == 0):
        return grad * (result / self)
    if type(self) is np.ndarray and self.size - np.count_nonzero(self) > 1:
        return np.zeros_like(self)
    return reshape(_product_of_others(reshape(self, (-1,)), 0), tuple(self.shape)) * grad


def _prod_dim_backward(grad: Any, self: Any, dim: int, keepdim: bool, result: Any) -> Any:
    shape = tuple(self.shape)
    if not shape:
        return grad
    grad, result = restored(grad, shape, dim, keepdim), restored(result, shape, dim, keepdim)
    return grad * (result / self if _has_no(self == 0) else _product_of_others(self, wrap_dim(dim, len(shape))))


def _has_no(mask: Any) -> bool:
    return not (mask._array if isinstance(mask, Tensor) else mask).any()


def _ones(value: Any, dim: int) -> Any:
    """Ones in the value's shape, of length 1 in the dimension."""
    ones = np.ones([1 if place == dim else length for place, length in enumerate(value.shape)], plain(value).dtype)
    return like(value, ones)


def _product_of_others(value: Any, dim: int) -> Any:
    """For each element the product of all others in the dimension, without a division."""
    one, last = _ones(value, dim), value.shape[dim] - 1
    before = joined([one, piece(value, dim, 0, last)], dim)
    after = joined([one, piece(flipped(value, dim), dim, 0, last)], dim)
    return cumulated_product(before, dim) * flipped(cumulated_product(after, dim), dim)


_prod_all = row(
    "prod",
    lambda self, dtype: _accumulated(_multiply, self, None, False, dtype),
    _prod_backward,
    r"\bar{z}\, z / x",
)
_prod_dim = row(
    "prod",
    lambda self, dim, keepdim, dtype: _accumulated(_multiply, self, dim, keepdim, dtype),
    _prod_dim_backward,
    r"\bar{z}\, z / x",
    node="ProdBackward1",
)


@public()
def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Dtype | None = None) -> Tensor:
    """The product of all elements, or over the dimension ``dim``."""
    if dim is None:
        return _prod_all(input, dtype)
    _one_dim("prod", dim, input._array.ndim)
    return _prod_dim(input, dim, keepdim, dtype)


# Variance and standard deviation


def _variance(name: str, self: np.ndarray, dim: Dims, correction: float | None, keepdim: bool) -> tuple[Any, Any]:
    center = _mean(self, dim, keepdim=True)
    off = self - center
    freedom = builtins.max(0, count(self.shape, dim) - (1 if correction is None else correction))
    if freedom <= 0:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            "(input numel divided by output numel).",
            UserWarning,
            stacklevel=7,
        )
    variance = np.true_divide(_sum(off * off, dim, keepdim), self.dtype.type(freedom), out=...)
    return variance, center if keepdim else np.squeeze(center, wrap_dims(dim, self.ndim))


def _var_backward(grad: Any, self: Any, dim: Dims, correction: float | None, keepdim: bool) -> Any:
    shape = tuple(self.shape)
    number = count(shape, dim)
    freedom = number - (1 if correction is None else correction)
    center = _center(self, dim)
    grad = restored(grad, shape, dim, keepdim)
    if freedom <= 0 and dim is None:
        return grad * where(self == center, math.nan, math.inf)
    return (2.0 / freedom if freedom else math.inf) * grad * (self - center)


def _center(self: Any, dim: Dims) -> Any:
    """The mean, kept so that it broadcasts with what it is the mean of."""
    if isinstance(self, Tensor):
        return mean(self) if dim is None else mean(self, dim, True)
    return _mean(self, dim, keepdim=True)


def _std_backward(grad: Any, self: Any, dim: Dims, correction: float | None, keepdim: bool, result: Any) -> Any:
    return _var_backward(masked(grad / (result * 2), result == 0), self, dim, correction, keepdim)


def _with_mean(grads: Any, self: Any, dim: Dims, keepdim: bool, first: Any) -> Any:
    """The gradient of a pair: of what ``first`` makes of the first one's, and of a mean."""
    second = None if grads[1] is None else _spread_thin(grads[1], dim, keepdim, tuple(self.shape))
    return second if grads[0] is None else _both(first(grads[0]), second)


def _both(first: Any, second: Any) -> Any:
    return second if first is None else first if second is None else first + second


def _std_and_mean(self: np.ndarray, dim: Dims, correction: float | None, keepdim: bool) -> tuple[Any, Any]:
    variance, center = _variance("std_mean", self, dim, correction, keepdim)
    return np.sqrt(variance, out=...), center


_PAIR: dict[str, Any] = {"outputs": ("result0", "result1"), "differentiable": 2}
_var = row(
    "var",
    lambda self, dim, correction, keepdim: _variance("var", self, dim, correction, keepdim)[0],
    _var_backward,
    r"\bar{z} \cdot \tfrac{2}{n - 1} (x - \bar x)",
)
_std = row(
    "std",
    lambda self, dim, correction, keepdim: np.sqrt(_variance("std", self, dim, correction, keepdim)[0], out=...),
    _std_backward,
    r"\bar{z} \cdot \tfrac{1}{(n - 1)\, z} (x - \bar x)",
)
_var_mean = row(
    "var_mean",
    lambda self, dim, correction, keepdim: _variance("var_mean", self, dim, correction, keepdim),
    lambda grads, self, dim, correction, keepdim: _with_mean(
        grads, self, dim, keepdim, lambda grad: _var_backward(grad, self, dim, correction, keepdim)
    ),
    r"\bar{v} \cdot \tfrac{2}{n - 1} (x - \bar x) + \bar{m} / n",
    **_PAIR,
)
_std_mean = row(
    "std_mean",
    _std_and_mean,
    lambda grads, self, dim, correction, keepdim, result0: _with_mean(
        grads, self, dim, keepdim, lambda grad: _std_backward(grad, self, dim, correction, keepdim, result0)
    ),
    r"\bar{s} \cdot \tfrac{1}{(n - 1)\, s} (x - \bar x) + \bar{m} / n",
    **_PAIR,
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
std_mean = _deviation(_std_mean, "The standard deviation and the mean")


# The largest, the smallest, the one in the middle


def _evenly(grad: Any, self: Any, result: Any) -> Any:
    """All elements that are the result share its gradient."""
    mask = isnan(self) if isnan(result).item() else self == result
    share = grad / like(grad, np.asarray(plain(mask).sum(), plain(grad).dtype))
    if isinstance(grad, Tensor):
        return FUNCTIONS["masked_fill"](zeros(self), mask, share)
    return mask * share


def _evenly_in_dims(grad: Any, self: Any, dim: Dims, keepdim: bool, result: Any) -> Any:
    shape = tuple(self.shape)
    if not keepdim:
        dims = wrap_dims(dim, len(shape))
        left = tuple(1 if place in dims else length for place, length in enumerate(shape))
        grad, result = reshape(grad, left), reshape(result, left)
    mask = self == result
    return grad / _how_many(mask, grad, dim) * mask


def _how_many(mask: Any, grad: Any, dim: Dims) -> Any:
    """How many in each row are true, in the dtype of ``grad``."""
    dtype = (grad._array if isinstance(grad, Tensor) else grad).dtype
    return total(cast(mask, dtype), wrap_dims(dim, len(mask.shape)), True)


def _to_index(grad: Any, dim: int, indices: Any, self_sym_sizes: tuple[int, ...], keepdim: bool) -> Any:
    """Zeros, with the gradient at the places in ``dim`` that were chosen."""
    shape = self_sym_sizes
    if not shape:
        return grad
    grad, indices = restored(grad, shape, dim, keepdim), restored(indices, shape, dim, keepdim)
    out = np.zeros(shape, plain(grad).dtype)
    if isinstance(grad, Tensor):
        return FUNCTIONS["scatter"](Tensor._plain(out), dim, indices, grad)
    np.put_along_axis(out, indices, grad, dim)
    return out


def plain(value: Any) -> np.ndarray:
    """The array of a value that may be a Tensor."""
    return value._array if isinstance(value, Tensor) else value


def _at_index(find: Callable[[np.ndarray, int], np.ndarray]) -> Callable[..., Any]:
    """The forward of what chooses one element of each row: ``find`` gives its index, the dimension kept."""

    def forward(self: np.ndarray, dim: int, keepdim: bool) -> tuple[np.ndarray, np.ndarray]:
        if not self.ndim:
            return self.copy(), np.zeros((), np.int64)
        indices = find(self, dim)
        values = np.take_along_axis(self, indices, dim)
        return (values, indices) if keepdim else (np.squeeze(values, dim), np.squeeze(indices, dim))

    return forward


def _choice(name: str, of_all: Any, find: Any, what: str, number: int, pairwise: str = "") -> Callable[..., Any]:
    """An operation that chooses one element: of all, or of each row in a dimension, with its index."""
    pick = r"\bar{z}\,[x = z] / \#\{x = z\}"
    whole = row(name, of_all, _evenly, pick, node=f"{name.capitalize()}Backward{1 - number}", params=("self",))
    in_dim = row(
        name,
        _at_index(find),
        _to_index,
        r"\bar{z}\,[i = \text{index}]",
        node=f"{name.capitalize()}Backward{number}",
        outputs=("values", "indices"),
    )
    pair = _return_type(name, "values", "indices")

    @public(
        name,
        f"The {what} element of all; or with ``dim`` of each row, and its index: (values, indices). The gradient of "
        "the former is shared evenly among equals, that of the latter goes to the one at the index.",
    )
    def function(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Tensor | None = None) -> Any:
        if pairwise and (isinstance(dim, Tensor) or other is not None):
            return FUNCTIONS[pairwise](input, dim if other is None else other)
        if name == "median" and input._array.dtype.kind == "b":
            raise NotImplementedError(f"\"median_{'cpu' if dim is None else 'out'}\" not implemented for 'Bool'")
        if dim is None:
            if name != "median":
                _check_not_empty(name, input, None)
            return whole(input)
        _one_dim(name, dim, input._array.ndim)
        _check_not_empty(name, input, dim)
        return pair(*in_dim(input, dim, keepdim))

    return function


def _median(self: np.ndarray) -> np.ndarray:
    if not self.size or (self.dtype.kind == "f" and np.isnan(self).any()):
        return np.array(np.nan if self.dtype.kind == "f" else np.iinfo(self.dtype).min, self.dtype)
    middle = (self.size - 1) // 2
    return np.array(np.partition(self, middle, axis=None)[middle])


def _median_index(self: np.ndarray, dim: int) -> np.ndarray:
    order = np.argsort(self, axis=dim, kind="stable")
    indices = np.take(order, [(self.shape[dim] - 1) // 2], axis=dim)
    missing = self != self  # NaN
    return np.where(missing.any(axis=dim, keepdims=True), missing.argmax(axis=dim, keepdims=True), indices)


def _reduced(ufunc: Any) -> Callable[..., Any]:
    def forward(self: np.ndarray, dim: Dims = None, keepdim: bool = False) -> np.ndarray:
        return ufunc.reduce(self, axis=wrap_dims(dim, self.ndim), keepdims=keepdim, out=...)

    return forward


def _argument(find: Any) -> Callable[[np.ndarray, int], np.ndarray]:
    return lambda self, dim: find(self, axis=dim, keepdims=True)


max = _choice("max", _reduced(_maximum), _argument(np.argmax), "largest", 0, "maximum")
min = _choice("min", _reduced(_minimum), _argument(np.argmin), "smallest", 0, "minimum")
median = _choice("median", _median, _median_index, "middle", 1)


def _extreme_in_dims(name: str, ufunc: Any, what: str) -> Callable[..., Any]:
    operation = row(name, _reduced(ufunc), _evenly_in_dims, r"\bar{z}\,[x = z] / \#\{x = z\}")

    @public(name, f"The {what} element, of all or over the dimensions ``dim``; equals share the gradient.")
    def function(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
        dims = _as_dims(name, dim) or ()
        _check_not_empty(name, input, dims)
        return operation(input, dims, keepdim)

    return function


amax, amin = _extreme_in_dims("amax", _maximum, "largest"), _extreme_in_dims("amin", _minimum, "smallest")


def _aminmax_backward(grads: Any, self: Any, dim: int | None, keepdim: bool, min: Any, max: Any) -> Any:
    pairs = zip(grads, (min, max), strict=True)
    return _both(*[None if g is None else _evenly_in_dims(g, self, dim, keepdim, r) for g, r in pairs])


_aminmax = row(
    "aminmax",
    lambda self, dim, keepdim: (_reduced(_minimum)(self, dim, keepdim), _reduced(_maximum)(self, dim, keepdim)),
    _aminmax_backward,
    outputs=("min", "max"),
    differentiable=2,
)
_AMINMAX = _return_type("aminmax", "min", "max")


@public()
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest and the largest element (min, max), of all or over the dimension ``dim``."""
    text = "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
    _check_not_empty("aminmax", input, dim, RuntimeError(text))
    return _AMINMAX(*_aminmax(input, dim, keepdim))


def _index_of(name: str, find: Callable[..., Any], what: str) -> Callable[..., Any]:
    operation = Operation(name, lambda self, dim, keepdim: np.asarray(find(self, axis=dim, keepdims=keepdim)), {})

    @public(name, f"The index of the {what} element: in the flattened tensor, or in the dimension ``dim``.")
    def function(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        if input._array.dtype.kind == "b":
            raise RuntimeError(f"{name}(): does not support bool input")
        if dim is not None:
            _one_dim(name, dim, input._array.ndim)
        text = f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
        _check_not_empty(name, input, dim, IndexError(text))
        return operation(input, dim if input._array.ndim else None, keepdim)

    return function


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
        return _reduced(_maximum if ord > 0 else _minimum)(size, dim, keepdim)
    kind = self.dtype.type
    return np.power(_sum(np.power(size, kind(ord), out=...), dim, keepdim), kind(1 / ord), out=...)


def _norm_backward(grad: Any, self: Any, ord: float, dim: Dims, keepdim: bool, result: Any) -> Any:
    shape = tuple(self.shape)
    grad, result = restored(grad, shape, dim, keepdim), restored(result, shape, dim, keepdim)
    if ord == 0:
        return None
    if ord == 1:
        return sgn(self) * grad
    if ord == 2:
        return grad * masked(self / result, result == 0)
    if abs(ord) == math.inf:
        mask = (absolute(self) == result) | isnan(self)
        return sgn(self) * (grad / _how_many(mask, grad, dim) * mask)
    if ord < 1:
        slope = sgn(self) * masked(power(absolute(self), ord - 1), self == 0)
        return slope * grad * power(result, 1 - ord)
    slope = sgn(self) * power(absolute(self), ord - 1) if ord < 2 else self * power(absolute(self), ord - 2)
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
    dims: Any = _as_dims("linalg_vector_norm", dim)
    if (ord < 0 or ord == math.inf) and not x._array.size:
        empty = [f"the dimension {d}because this dimension is empty and" for d in dims or () if not x._array.shape[d]]
        if empty or not dims:
            where_ = empty[0] if empty else "an empty tensor because"
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {ord:g} norm on {where_} the operation does not have an "
                "identity"
            )
    return _vector_norm(x, ord, dims, keepdim, dtype)


@public(page="torch.linalg.{}")
def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Dtype | None = None
) -> Tensor:
    """A norm of matrices: "fro", 1 and -1 (of columns), inf and -inf (of rows); none that needs singular values."""
    if isinstance(ord, str) and ord not in ("fro", "nuc"):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    if A._array.ndim < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    if not isinstance(dim, tuple | list) or len(dim) != 2:
        shown = " ".join(map(str, dim)) if isinstance(dim, tuple | list) else dim
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {shown}")
    if ord == "fro":
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if ord in ("nuc", 2, -2):
        raise NotImplementedError(f"the matrix norm {ord!r} needs singular values, which minigrad does not have")
    if ord not in (1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    rows, columns = (wrap_dim(d, A._array.ndim) for d in dim)
    summed, left = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = vector_norm(A, 1.0, summed, keepdim, dtype=dtype)
    return (amax if ord > 0 else amin)(sums, left - (not keepdim and left > summed), keepdim)


@public("norm", page="torch.linalg.{}")
def linalg_norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Dtype | None = None
) -> Tensor:
    """The norm of a vector or a matrix."""
    ndim = A._array.ndim
    if ord is not None and dim is None:
        if ndim not in (1, 2):
            raise RuntimeError(
                f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {ndim}D."
            )
        dim = (0, 1) if ndim == 2 or isinstance(ord, str) else None
    if isinstance(ord, str) or (ord is not None and isinstance(dim, tuple | list) and len(dim) == 2):
        return matrix_norm(A, ord, dim, keepdim, dtype=dtype)
    return vector_norm(A, 2.0 if ord is None else ord, dim, keepdim, dtype=dtype)


@public()
def norm(input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Dtype | None = None) -> Tensor:
    """The p-norm of all elements, or over the dimensions ``dim``; "fro" is the 2-norm."""
    if p is None or (p == "fro" and (dim is None or isinstance(dim, int) or len(dim) <= 2)):
        p = 2
    if isinstance(p, str):
        return matrix_norm(input, p, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(input, p, dim, keepdim, dtype=dtype)


# Exponentials summed


def _logsumexp(self: np.ndarray, dim: Dims, keepdim: bool) -> np.ndarray:
    if not self.size:
        return np.log(_sum(self, dim, keepdim), out=...)
    largest = _reduced(_maximum)(self, dim, True)
    largest[np.isinf(largest)] = 0
    out = np.log(_sum(np.exp(self - largest), dim, keepdim), out=...)
    return np.add(out, largest if keepdim else np.squeeze(largest, wrap_dims(dim, self.ndim)), out=...)


def _logsumexp_backward(grad: Any, self: Any, dim: Dims, keepdim: bool, result: Any) -> Any:
    shape = tuple(self.shape)
    return restored(grad, shape, dim, keepdim) * exp(self - restored(result, shape, dim, keepdim))


_lse = row("logsumexp", _logsumexp, _logsumexp_backward, r"\bar{z} \cdot e^{x - z}")


@public()
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """The logarithm of the sum of the exponentials over the dimensions ``dim``, computed without overflow."""
    if input._array.dtype.kind != "f":
        input = cast(input, get_default_dtype().numpy)
    return _lse(input, _as_dims("logsumexp", dim), keepdim)


def softmax_array(self: np.ndarray, dim: int) -> np.ndarray:
    """The softmax of an array."""
    if not self.ndim or not self.size:
        return np.ones_like(self)
    out: Any = self - _maximum.reduce(self, axis=dim, keepdims=True)
    np.exp(out, out=out)
    out /= _add.reduce(out, axis=dim, keepdims=True)
    return out


def log_softmax_array(self: np.ndarray, dim: int) -> np.ndarray:
    """The logarithm of the softmax of an array."""
    if not self.ndim or not self.size:
        return np.zeros_like(self)
    out: Any = self - _maximum.reduce(self, axis=dim, keepdims=True)
    out -= np.log(_add.reduce(np.exp(out), axis=dim, keepdims=True))
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
            input = cast(input, dtype.numpy)
        ndim = input._array.ndim
        last = _one_dim(name, dim, ndim) >= ndim - 1
        if input._array.dtype.kind != "f":
            kernel = f"{name}_lastdim_kernel_impl" if last else f"{name}_kernel_impl"
            raise NotImplementedError(f"\"{kernel}\" not implemented for '{input.dtype.scalar_name}'")
        return operation(input, dim)

    return function


softmax = _normalized(_softmax, "Exponentials divided by their sum over ``dim``: what lies along it sums to 1.")
log_softmax = _normalized(_log_softmax, "The logarithm of the softmax, computed without overflow.")


# Running sums, products and extremes


def _running(name: str, ufunc: Any, derivative: Callable[..., Any], formula: str, what: str) -> Callable[..., Any]:
    def forward(self: np.ndarray, dim: int, dtype: Dtype | None) -> np.ndarray:
        kind = dtype.numpy if dtype is not None else self.dtype if self.dtype.kind == "f" else np.dtype(np.int64)
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
    dim = wrap_dim(dim, len(grad.shape))
    return flipped(cumulated(flipped(grad, dim), dim), dim)


def _cumprod_backward(grad: Any, self: Any, dim: int, result: Any) -> Any:
    if 0 in self.shape or not len(self.shape):
        return grad
    if _has_no(self == 0):
        return _cumsum_backward(result * grad, dim) / self
    dim, length = wrap_dim(dim, len(self.shape)), self.shape[dim]
    columns = []
    for place in range(length):  # with zeros: the products without this element, one by one
        without = joined([piece(self, dim, 0, place), _ones(self, dim), piece(self, dim, place + 1, length)], dim)
        columns.append(total(piece(grad * cumulated_product(without, dim), dim, place, length), (dim,), True))
    return joined(columns, dim)


cumsum = _running("cumsum", _add, _cumsum_backward, r"\textstyle\sum_{j \ge i} \bar{z}_j", "sums")
cumprod = _running("cumprod", _multiply, _cumprod_backward, r"\textstyle\sum_{j \ge i} \bar{z}_j z_j / x_i", "products")


def _cumulative_extreme_backward(grad: Any, self: Any, indices: Any, dim: int) -> Any:
    if not len(self.shape):
        return grad
    if isinstance(grad, Tensor):
        return FUNCTIONS["scatter_add"](zeros(self), dim, indices, grad)
    places = list(np.indices(indices.shape, sparse=True))
    places[dim] = indices
    out = np.zeros(self.shape, grad.dtype)
    np.add.at(out, tuple(places), grad)
    return out


def _running_extreme(name: str, ufunc: Any, what: str) -> Callable[..., Any]:
    def forward(self: np.ndarray, dim: int) -> tuple[np.ndarray, np.ndarray]:
        if not self.ndim:
            return self.copy(), np.zeros((), np.int64)
        values = ufunc.accumulate(self, axis=dim)
        counted = np.arange(self.shape[dim]).reshape((-1,) + (1,) * (self.ndim - 1 - wrap_dim(dim, self.ndim)))
        new = (self == values) | (self != self)  # a NaN is new as well
        return values, np.maximum.accumulate(np.where(new, counted, 0), axis=dim)

    operation = row(name, forward, _cumulative_extreme_backward, outputs=("values", "indices"))
    pair = _return_type(name, "values", "indices")

    @public(name, f"The {what} element so far along a dimension, and its index: (values, indices).")
    def function(input: Tensor, dim: int) -> Any:
        _one_dim(name, dim, input._array.ndim)
        return pair(*operation(input, dim))

    return function


cummax = _running_extreme("cummax", _maximum, "largest")
cummin = _running_extreme("cummin", _minimum, "smallest")


BOTH = (
    *(sum, mean, nansum, nanmean, prod, var, std, max, min, median, amax, amin, aminmax, argmax, argmin, all, any),
    *(count_nonzero, norm, logsumexp, softmax, log_softmax, cumsum, cumprod, cummax, cummin),
)
FUNCTIONS_ONLY = (var_mean, std_mean)
IN_PLACE = (cumsum, cumprod)
