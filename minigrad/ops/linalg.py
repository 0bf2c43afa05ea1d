"""Products of matrices and vectors."""

from __future__ import annotations

import numpy as np

from ..tensor import Tensor
from .dual import matmul as product
from .dual import transpose
from .templates import Operation

_mm = Operation(
    "mm",
    np.matmul,
    {
        "self": lambda grad, mat2: product(grad, transpose(mat2, 0, 1)),
        "mat2": lambda grad, self: product(transpose(self, 0, 1), grad),
    },
    params=("self", "mat2"),
    formula={"self": r"\bar{Z} B^\top", "mat2": r"A^\top \bar{Z}"},
)


def mm(input: Tensor, mat2: Tensor, *, out: None = None) -> Tensor:
    """The product of two matrices: (n, m) and (m, p) give (n, p).

    See https://docs.pytorch.org/docs/stable/generated/torch.mm.html
    """
    a, b = input._array, mat2._array
    if a.ndim != 2:
        raise RuntimeError("self must be a matrix")
    if b.ndim != 2:
        raise RuntimeError("mat2 must be a matrix")
    if a.shape[1] != b.shape[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({a.shape[0]}x{a.shape[1]} and {b.shape[0]}x{b.shape[1]})"
        )
    return _mm(input, mat2)


BOTH = (mm,)
