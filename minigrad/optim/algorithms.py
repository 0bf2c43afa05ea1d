"""How each optimizer changes a parameter: the formulas of the papers, in place on arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..tensor import Tensor
from .optimizer import Optimizer, array_in, check


class SGD(Optimizer):
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
        check(learning_rate=lr, momentum_value=momentum, weight_decay_value=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        options |= {"nesterov": nesterov, "maximize": maximize, "foreach": foreach, "differentiable": differentiable}
        super().__init__(params, {**options, "fused": fused})

    def update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        momentum = group["momentum"]
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        if momentum:
            buffer = state.get("momentum_buffer")
            if buffer is None:
                state["momentum_buffer"] = Tensor._plain(g.copy())
                b = g
            else:
                b = buffer._array
                b *= momentum
                b += g if group["dampening"] == 0 else (1 - group["dampening"]) * g
            g = g + momentum * b if group["nesterov"] else b
        p -= group["lr"] * g


class Adam(Optimizer):
    """Kingma and Ba (2015): steps by the mean of the gradients over the root of the mean of their squares.

    See https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
    """

    decoupled = False

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check(learning_rate=lr, epsilon_value=eps)
        for index, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
        check(weight_decay_value=weight_decay)
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        options |= {
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, {**options, "fused": fused, "decoupled_weight_decay": decoupled_weight_decay})

    def update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if "step" not in state:
            state["step"] = Tensor._plain(np.zeros((), np.float32))
        state["step"]._array += 1
        step = float(state["step"]._array)
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
            np.maximum(largest, square, out=largest)
            square = largest
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


class RMSprop(Optimizer):
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
        check(learning_rate=lr, epsilon_value=eps, momentum_value=momentum, weight_decay_value=weight_decay)
        check(alpha_value=alpha)
        options = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered}
        options |= {"weight_decay": weight_decay, "capturable": capturable, "foreach": foreach, "maximize": maximize}
        super().__init__(params, {**options, "differentiable": differentiable})

    def update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        if "step" not in state:
            state["step"] = Tensor._plain(np.zeros((), np.float32))
        state["step"]._array += 1
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
        root += group["eps"]
        if group["momentum"]:
            buffer = array_in(state, "momentum_buffer", p)
            buffer *= group["momentum"]
            buffer += g / root
            p -= group["lr"] * buffer
        else:
            p -= group["lr"] * (g / root)
