"""torch.linalg: the norms."""

from __future__ import annotations

from .ops.reduction import linalg_norm as norm
from .ops.reduction import matrix_norm, vector_norm

__all__ = ["matrix_norm", "norm", "vector_norm"]
