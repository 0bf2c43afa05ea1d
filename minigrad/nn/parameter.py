"""Parameter: a tensor that a module trains."""

from __future__ import annotations

import numpy as np

from ..dtypes import get_default_dtype
from ..tensor import Tensor


class Parameter(Tensor):
    """A tensor that a Module counts among its parameters when it is assigned as an attribute.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
    """

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            data = Tensor._plain(np.empty(0, get_default_dtype().numpy))
        array = data.detach()._array
        if requires_grad and array.dtype.kind != "f":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        parameter: Parameter = cls._plain(array)  # type: ignore[assignment]
        parameter._version_counter = data._counter()
        parameter.requires_grad = requires_grad
        return parameter
