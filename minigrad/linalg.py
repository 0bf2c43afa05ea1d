"""torch.linalg: the norms."""

from .ops.reduction import linalg_norm as norm
from .ops.reduction import vector_norm

__all__ = ["norm", "vector_norm"]
