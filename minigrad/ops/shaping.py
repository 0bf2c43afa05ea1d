"""Shapes: views and copies of the same numbers in another arrangement."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .arguments import infer_shape, read_shape, wrap_dim
from .dual import permute as rearrange
from .dual import reshape as reshaped
from .dual import sum_to, transpose as swapped
from .pointwise import clone
from .templates import Operation


def _viewed(self: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    try:
        return np.reshape(self, size, copy=False)
    except ValueError:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        ) from None


_view = Operation(
    "view",
    _viewed,
    {"self": lambda grad, self_sym_sizes: reshaped(grad, self_sym_sizes)},
    view=True,
    formula={"self": r"\bar{z}"},
)
_unsafe_view = Operation(
    "_unsafe_view",
    lambda self, size: np.reshape(self, size),
    {"self": lambda grad, self_sym_sizes: reshaped(grad, self_sym_sizes)},
    node="UnsafeViewBackward0",
    formula={"self": r"\bar{z}"},
)
_transpose = Operation(
    "transpose",
    lambda self, dim0, dim1: np.swapaxes(self, dim0, dim1),
    {"self": lambda grad, dim0, dim1: swapped(grad, dim0, dim1)},
    view=True,
    formula={"self": r"\bar{z}^\top"},
)
_expand = Operation(
    "expand",
    lambda self, size: np.broadcast_to(self, size),
    {"self": lambda grad, self_sym_sizes: sum_to(grad, self_sym_sizes)},
    view=True,
    formula={"self": r"\sum \bar{z}"},
)


def view(input: Tensor, *shape: Any) -> Tensor:
    """The same memory in another shape.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html
    """
    return _view(input, infer_shape(read_shape(shape), input._array.size))


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """Another shape: a view where the memory allows, else a copy.

    See https://docs.pytorch.org/docs/stable/generated/torch.reshape.html
    """
    size = infer_shape(read_shape(shape), input._array.size)
    try:
        return _view(input, size)
    except RuntimeError:
        return _unsafe_view(clone(input), size)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """A view with two dimensions exchanged.

    See https://docs.pytorch.org/docs/stable/generated/torch.transpose.html
    """
    ndim = input._array.ndim
    return _transpose(input, wrap_dim(dim0, ndim), wrap_dim(dim1, ndim))


def expand(input: Tensor, *sizes: Any) -> Tensor:
    """A view stretched over dimensions of length 1 and new ones in front; -1 keeps a length.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand.html
    """
    sizes = read_shape(sizes)
    extra = len(sizes) - input._array.ndim
    size = tuple(input._array.shape[i - extra] if length == -1 else length for i, length in enumerate(sizes))
    return _expand(input, size)


BOTH = (reshape, transpose)
METHODS_ONLY = (view, expand)
ALIASES = {"swapaxes": transpose, "swapdims": transpose}
