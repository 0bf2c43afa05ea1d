"""Functions of one tensor, element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .dual import sign
from .templates import Operation, unary

exp = unary("exp", np.exp, lambda grad, result: grad * result, formula=r"\bar{z} \cdot z")
log = unary("log", np.log, lambda grad, self: grad / self, formula=r"\bar{z} / x")
tanh = unary("tanh", np.tanh, lambda grad, result: grad * (1 - result * result), formula=r"\bar{z} \cdot (1 - z^2)")
abs = unary("abs", np.absolute, lambda grad, self: grad * sign(self), floating=False, formula=r"\bar{z} \cdot \mathrm{sgn}\,x")


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, x.dtype.type(0), out=...)


relu = unary(
    "relu", _relu, lambda grad, result: grad * (result > 0), floating=False, formula=r"\bar{z} \cdot [z > 0]"
)

_clone = Operation("clone", lambda self: self.copy(), {"self": lambda grad: grad}, formula={"self": r"\bar{z}"})


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy that gradients flow through.

    See https://docs.pytorch.org/docs/stable/generated/torch.clone.html
    """
    return _clone(input)


BOTH = (exp, log, tanh, abs, relu, clone)
IN_PLACE = (exp, log, tanh, abs, relu)
ALIASES = {"absolute": abs}
