"""torch.linalg: the norms and the cross product."""

from __future__ import annotations

from .ops import linalg as _products
from .ops.reduction import linalg_norm as norm
from .ops.reduction import matrix_norm, vector_norm
from .tensor import Tensor

__all__ = ["cross", "matrix_norm", "norm", "vector_norm"]


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product of vectors of three elements, which lie along ``dim``.

    See https://docs.pytorch.org/docs/stable/generated/torch.linalg.cross.html
    """
    return _products.cross(input, other, dim)
