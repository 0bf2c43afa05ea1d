"""Reductions: sums and means."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import dtype as Dtype
from ..tensor import Tensor
from .arguments import wrap_dims
from .dual import cast, expand, reshape
from .templates import Operation


def _spread(grad: Any, shape: tuple[int, ...], dims: tuple[int, ...], keepdim: bool) -> Any:
    """A reduced gradient stretched over the dimensions that were reduced."""
    if not keepdim and dims and len(shape) > 0:
        grad = reshape(grad, tuple(1 if place in dims else length for place, length in enumerate(shape)))
    return expand(grad, shape)


def _total(x: np.ndarray, dims: tuple[int, ...] | None = None, keepdim: bool = False) -> np.ndarray:
    kind = np.int64 if x.dtype.kind in "biu" else None
    return np.asarray(np.add.reduce(x, axis=dims, dtype=kind, keepdims=keepdim))


_sum_all = Operation(
    "sum",
    lambda self: _total(self, None),
    {"self": lambda grad, self_sym_sizes: expand(grad, self_sym_sizes)},
    node="SumBackward0",
    formula={"self": r"\bar{z}\,\mathbf{1}"},
)
_sum_dims = Operation(
    "sum",
    lambda self, dim, keepdim: _total(self, dim, keepdim),
    {"self": lambda grad, dim, keepdim, self_sym_sizes: _spread(grad, self_sym_sizes, dim, keepdim)},
    node="SumBackward1",
    formula={"self": r"\bar{z}\,\mathbf{1}"},
)
_mean_all = Operation(
    "mean",
    lambda self: _mean(self, None),
    {"self": lambda grad, self_sym_sizes, self_sym_numel: expand(grad, self_sym_sizes) / self_sym_numel},
    node="MeanBackward0",
    formula={"self": r"\bar{z} / n"},
)
_mean_dims = Operation(
    "mean",
    lambda self, dim, keepdim: _mean(self, dim, keepdim),
    {
        "self": lambda grad, dim, keepdim, self_sym_sizes: (
            _spread(grad, self_sym_sizes, dim, keepdim) / _count(self_sym_sizes, dim)
        )
    },
    node="MeanBackward1",
    formula={"self": r"\bar{z} / n"},
)


def _count(shape: tuple[int, ...], dims: tuple[int, ...]) -> int:
    count = 1
    for dim in dims:
        count *= shape[dim] if shape else 1
    return count


def _mean(x: np.ndarray, dims: tuple[int, ...] | None = None, keepdim: bool = False) -> np.ndarray:
    if x.dtype.kind != "f":
        from ..dtypes import FROM_NUMPY

        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {FROM_NUMPY[x.dtype].scalar_name}"
        )
    count = x.size if dims is None else _count(x.shape, dims)
    return np.true_divide(np.add.reduce(x, axis=dims, keepdims=keepdim), x.dtype.type(count), out=...)


def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Dtype | None = None, out: None = None) -> Tensor:
    """The sum of all elements, or over the dimensions ``dim``; integers sum to int64.

    >>> import minigrad as torch
    >>> torch.ones(2, 3).sum(), torch.ones(2, 3).sum(0)
    (tensor(6.), tensor([2., 2., 2.]))

    See https://docs.pytorch.org/docs/stable/generated/torch.sum.html
    """
    if dtype is not None:
        input = cast(input, dtype.numpy)
    if dim is None and not keepdim:
        return _sum_all(input)
    return _sum_dims(input, wrap_dims(dim, input._array.ndim), keepdim)


def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Dtype | None = None, out: None = None) -> Tensor:
    """The mean of all elements, or over the dimensions ``dim``; of floating tensors only.

    See https://docs.pytorch.org/docs/stable/generated/torch.mean.html
    """
    if dtype is not None:
        input = cast(input, dtype.numpy)
    if dim is None and not keepdim:
        return _mean_all(input)
    return _mean_dims(input, wrap_dims(dim, input._array.ndim), keepdim)


BOTH = (sum, mean)
