"""Every differentiable operation: forward, derivative and formula stand together, a row each.

Here the operations that the modules declare (see arguments.py) become methods of Tensor.
"""

from __future__ import annotations

from typing import Any, NoReturn

from ..tensor import Tensor
from . import arithmetic, indexing, linalg, pointwise, reduction, shaping
from .arguments import METHODS

__all__ = ["arithmetic", "indexing", "linalg", "pointwise", "reduction", "shaping"]

_THEIRS = """
addbmm addmv addmv_ addr addr_ adjoint aminmax angle argwhere as_strided_scatter baddbmm baddbmm_ bfloat16 bincount
cholesky cholesky_solve conj copysign corrcoef cov cummax cummin deg2rad det diag_embed diagflat
diagonal_scatter digamma dist dsplit erfc erfinv erfinv_ exponential_ fill_diagonal_ fliplr flipud float_power
fmax fmin frexp gcd geometric_ get_device hardshrink heaviside histc histogram hsplit hypot i0 igamma imag
index_copy index_copy_ index_fill index_fill_ index_reduce inner inverse is_nonzero is_signed
isneginf isposinf isreal kthvalue lcm ldexp lgamma logaddexp2 logcumsumexp logdet logit logit_
log_normal_ lu lu_solve map_ masked_scatter masked_scatter_ matrix_exp matrix_power mode msort
mvlgamma nan_to_num nan_to_num_ nanmean nanmedian nanquantile narrow_copy new nextafter pin_memory pinverse
polygamma prelu put_ qr quantile rad2deg real renorm resize_ resize_as_ rot90 scatter_reduce scatter_reduce_
select_scatter set_ share_memory_ signbit sinc slice_scatter slogdet stft storage sum_to_size svd
take_along_dim tensor_split to_dense to_sparse triangular_solve unique_consecutive
untyped_storage vdot vsplit xlogy
"""
MISSING = frozenset(_THEIRS.split())  # methods that PyTorch has and minigrad has not


class Missing:
    """Stands on Tensor where PyTorch has a method and minigrad has none, to say so; hasattr() is False."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, tensor: Tensor | None, kind: Any) -> NoReturn:
        raise AttributeError(
            f"'Tensor' object has no attribute '{self.name}'. minigrad covers what lessons on autograd use, not all of "
            "PyTorch: dir() of a tensor lists what is there."
        )


for _name in MISSING:
    setattr(Tensor, _name, Missing(_name))
for _name, _method in METHODS.items():
    setattr(Tensor, _name, _method)
