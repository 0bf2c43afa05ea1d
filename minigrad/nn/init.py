"""How parameters start: every function fills a tensor in place and returns it.

See https://docs.pytorch.org/docs/stable/nn.init.html
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd.grad_mode import no_grad
from ..autograd.notes import warn
from ..creation import empty_like, eye
from ..random import Generator
from ..tensor import Tensor


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform between ``a`` and ``b``."""
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with this mean and standard deviation."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(
    tensor: Any, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """Normal with this mean and standard deviation, but between ``a`` and ``b``: what is not is drawn again."""
    if mean < a - 2 * std or mean > b + 2 * std:
        warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be incorrect."
        )
    below = [math.erf((bound - mean) / std / math.sqrt(2)) / 2 for bound in (a, b)]
    highest = ((max(a, min(mean, b)) - mean) / std) ** 2

    def draw(values: Any) -> Any:
        """Fill ``values``; which of them have to be drawn again."""
        if below[1] - below[0] > 0.3:
            values.normal_(mean, std, generator=generator)
            return (values < a) | (values > b)
        values.uniform_(a, b, generator=generator)  # and each stays as often as it is likely
        chance = empty_like(tensor).uniform_(generator=generator)
        return chance.log() > (((values - mean) / std).pow(2) - highest) * -0.5

    with no_grad():
        pending, values = draw(tensor), tensor
        while pending.any():
            others = empty_like(tensor)
            refused = draw(others)
            values, pending = others.where(pending, values), pending & refused
        return tensor if values is tensor else tensor.copy_(values)


def constant_(tensor: Any, val: float) -> Tensor:
    """One value everywhere."""
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return constant_(tensor, 0.0)


def eye_(tensor: Any) -> Tensor:
    """The identity: ones on the diagonal of a matrix."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    with no_grad():
        return tensor.copy_(eye(*tensor.shape))


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which a nonlinearity's inputs should be scaled to keep the variance."""
    slope = 0.01 if param is None else param
    if nonlinearity == "leaky_relu" and (isinstance(slope, bool) or not isinstance(slope, int | float)):
        raise ValueError(f"negative_slope {param} not a valid number")
    leaky = math.sqrt(2.0 / (1 + slope**2)) if nonlinearity == "leaky_relu" else 0
    gains = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4, "leaky_relu": leaky}
    convolutions = (f"conv{kind}{dims}d" for kind in ("", "_transpose") for dims in (1, 2, 3))
    gains |= dict.fromkeys(("linear", "sigmoid", *convolutions), 1)
    if nonlinearity not in gains:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return gains[nonlinearity]


def _fans(tensor: Tensor) -> tuple[int, int]:
    """The numbers of inputs and outputs of one unit of a weight (out, in, *kernel)."""
    if tensor.ndim < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Glorot and Bengio (2010), uniform: ±gain √(6 / (fan_in + fan_out))."""
    bound = gain * math.sqrt(6.0 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Glorot and Bengio (2010), normal."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_fans(tensor))), generator)


_NOTHING = "Initializing zero-element tensors is a no-op"


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan = _fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """He et al. (2015), uniform."""
    if 0 in tensor.shape:
        warn(_NOTHING)
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """He et al. (2015), normal."""
    if 0 in tensor.shape:
        warn(_NOTHING)
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Any, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Rows (or columns, of a higher than wide matrix) of length ``gain`` at right angles (Saxe et al., 2013)."""
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if 0 in tensor.shape:
        return tensor
    drawn = normal_(tensor.new_empty((tensor.shape[0], math.prod(tensor.shape[1:]))), generator=generator)._array
    wide = drawn.shape[0] < drawn.shape[1]
    q, r = np.linalg.qr(drawn.T if wide else drawn)
    q = q * np.sign(np.diagonal(r))  # evenly among all of them
    with no_grad():
        return tensor.copy_(Tensor._of((q.T if wide else q).reshape(tensor.shape))).mul_(gain)
