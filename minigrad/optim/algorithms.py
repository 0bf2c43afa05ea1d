"""How each optimizer changes a parameter: the formulas of the papers, in place on arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..tensor import Tensor
from .optimizer import ArrayOptimizer, array_in, next_step, options


class SGD(ArrayOptimizer):
    """Gradient descent with momentum: ``b = momentum·b + (1 − dampening)·g``, ``p = p − lr·b``.

    See https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        given = options(locals(), lr="learning rate", momentum="momentum value", weight_decay="weight_decay value")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, given)

    def update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        momentum = group["momentum"]
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        if momentum:
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = Tensor._plain(g.copy())
                buffer = g
            else:
                buffer = state["momentum_buffer"]._array
                buffer *= momentum
                buffer += g if group["dampening"] == 0 else (1 - group["dampening"]) * g
            g = g + momentum * buffer if group["nesterov"] else buffer
        p -= group["lr"] * g


class Adam(ArrayOptimizer):
    """Kingma and Ba (2015): steps by the mean of the gradients over the root of the mean of their squares.

    See https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        given = options(locals(), lr="learning rate", eps="epsilon value")
        for index, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
        super().__init__(params, options(given, weight_decay="weight_decay value"))

    def update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        step = next_step(state)
        mean, square = array_in(state, "exp_avg", p), array_in(state, "exp_avg_sq", p)
        beta1, beta2 = group["betas"]
        if group["weight_decay"]:
            if group["decoupled_weight_decay"]:
                p *= 1 - group["lr"] * group["weight_decay"]
            else:
                g = g + group["weight_decay"] * p
        mean += (1 - beta1) * (g - mean)
        square *= beta2
        square += (1 - beta2) * (g * g)
        if group["amsgrad"]:
            largest = array_in(state, "max_exp_avg_sq", p)
            square = np.maximum(largest, square, out=largest)
        root = np.sqrt(square) / math.sqrt(1 - beta2**step) + group["eps"]
        p -= group["lr"] / (1 - beta1**step) * (mean / root)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019).

    See https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, decoupled_weight_decay=True, **options)


class RMSprop(ArrayOptimizer):
    """Hinton (2012): steps by the gradient over the root of the mean of its squares.

    See https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        given = options(
            locals(),
            lr="learning rate",
            eps="epsilon value",
            momentum="momentum value",
            weight_decay="weight_decay value",
            alpha="alpha value",
        )
        order = ("lr", "momentum", "alpha", "eps", "centered", "weight_decay")  # in which PyTorch lists them
        super().__init__(params, {key: given[key] for key in order} | given)

    def update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        next_step(state)
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        square = array_in(state, "square_avg", p)
        square *= group["alpha"]
        square += (1 - group["alpha"]) * (g * g)
        root = np.sqrt(square)
        if group["centered"]:
            mean = array_in(state, "grad_avg", p)
            mean += (1 - group["alpha"]) * (g - mean)
            root = np.sqrt(square - mean * mean)
        g = g / (root + group["eps"])
        if group["momentum"]:
            buffer = array_in(state, "momentum_buffer", p)
            buffer *= group["momentum"]
            buffer += g
            g = buffer
        p -= group["lr"] * g
