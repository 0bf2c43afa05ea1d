"""Reading arguments the way PyTorch reads them, with its errors: dimensions, shapes, numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def wrap_dim(dim: int, ndim: int) -> int:
    """A dimension counted from the front; IndexError where there is none."""
    limit = max(ndim, 1)
    if not -limit <= dim < limit:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-limit}, {limit - 1}], but got {dim})")
    return dim + limit if dim < 0 else dim


def wrap_dims(dim: int | Iterable[int] | None, ndim: int) -> tuple[int, ...]:
    """Several dimensions counted from the front; None and () mean all of them."""
    if dim is None:
        return tuple(range(ndim))
    if isinstance(dim, int):
        return (wrap_dim(dim, ndim),) if ndim else (wrap_dim(dim, ndim),)[:0]
    dims = tuple(wrap_dim(d, ndim) for d in dim)
    for place, d in enumerate(dims):
        if d in dims[:place]:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return (dims if ndim else ()) or tuple(range(ndim))


def read_shape(sizes: tuple[Any, ...]) -> tuple[int, ...]:
    """``f(2, 3)``, ``f((2, 3))`` and ``f([2, 3])`` all name the shape (2, 3)."""
    if len(sizes) == 1 and isinstance(sizes[0], tuple | list):
        sizes = tuple(sizes[0])
    return tuple(int(size) for size in sizes)


def infer_shape(shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """A shape with its one -1 filled in, checked against the number of elements."""
    known, open_at = 1, None
    for place, length in enumerate(shape):
        if length == -1:
            if open_at is not None:
                raise RuntimeError("only one dimension can be inferred")
            open_at = place
        elif length < 0:
            raise RuntimeError(f"invalid shape dimension {length} at index {place} of shape {list(shape)}")
        else:
            known *= length
    if open_at is not None and known == 0 and size == 0:
        raise RuntimeError(
            f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size -1 "
            "can be any value and is ambiguous"
        )
    if known == size or (open_at is not None and known > 0 and size % known == 0):
        return tuple(size // known if length == -1 else length for length in shape)
    raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {size}")


def broadcast_error(a: tuple[int, ...], b: tuple[int, ...]) -> RuntimeError:
    """PyTorch's words for two shapes that do not broadcast."""
    width = max(len(a), len(b))
    for dim in reversed(range(width)):
        x = a[dim - width + len(a)] if dim >= width - len(a) else 1
        y = b[dim - width + len(b)] if dim >= width - len(b) else 1
        if x != y and x != 1 and y != 1:
            return RuntimeError(
                f"The size of tensor a ({x}) must match the size of tensor b ({y}) at non-singleton dimension {dim}"
            )
    return RuntimeError(f"shapes {list(a)} and {list(b)} do not broadcast")


def must_be_tensor(function: str, name: str, position: int, value: Any) -> TypeError:
    """PyTorch's words for an argument that is no tensor."""
    kind = type(value).__name__
    return TypeError(f"{function}(): argument '{name}' (position {position}) must be Tensor, not {kind}")


def is_number(value: Any) -> bool:
    """Whether it is a Python or numpy number (a bool is one)."""
    return isinstance(value, int | float | np.number | np.bool_)
