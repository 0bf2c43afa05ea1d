"""Every differentiable operation: forward, derivative and formula stand together, a row each.

Here the operations that the modules declare (see arguments.py) become methods of Tensor.
"""

from __future__ import annotations

from ..tensor import Tensor
from . import arithmetic, indexing, linalg, pointwise, reduction, shaping
from .arguments import METHODS

__all__ = ["arithmetic", "indexing", "linalg", "pointwise", "reduction", "shaping"]

for _name, _method in METHODS.items():
    setattr(Tensor, _name, _method)
