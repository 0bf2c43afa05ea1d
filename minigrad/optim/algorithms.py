"""How each optimizer changes a parameter: the formulas of the papers, in place on arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..autograd import grad_mode, notes
from ..autograd.grad_mode import enable_grad
from ..autograd.observe import tell
from ..memory import pieces
from ..ops.templates import constant
from ..tensor import Tensor
from .optimizer import Optimizer

_NOT_NEGATIVE = ("lr", "eps", "momentum", "weight_decay", "alpha", "lr_decay", "initial_accumulator_value")
_CALLED = {"lr": "learning rate", "eps": "epsilon value"}  # in errors; the others by their names


class Formula(Optimizer):
    """An optimizer that is a formula: ``update`` says how one parameter's array changes."""

    def __init__(self, params: Iterable[Any], **options: Any) -> None:
        for key in _NOT_NEGATIVE:
            if not options.get(key, 0.0) >= 0.0:
                raise ValueError(f"Invalid {_CALLED.get(key, f'{key} value')}: {options[key]}")
        for index, beta in enumerate(options.get("betas", ())):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
        if options.get("differentiable"):
            raise NotImplementedError(
                "minigrad's optimizers step outside of the graph, as with differentiable=False. For a step within it "
                "write it out: grad(loss, w, create_graph=True), then w - lr * gradient."
            )
        super().__init__(params, options)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        observed = grad_mode.special and grad_mode.state.observers
        where = notes.here()
        for group in self.param_groups:
            rate = group["lr"]
            options = group | {"lr": rate.item()} if isinstance(rate, Tensor) else group
            decay, apart = group["weight_decay"], group.get("decoupled_weight_decay", False)
            for param in group["params"]:
                if param._grad is None:
                    continue
                p, g = param._array, param._grad._array
                before = p.copy() if observed else None
                if group["maximize"]:
                    g = np.negative(g, out=...)  # an array also where it has no dimension
                if decay and apart:
                    p *= 1 - options["lr"] * decay
                elif decay:
                    g = np.add(g, decay * p, out=...)
                self.update(p, g, self.state[param], options)
                counter = param._version_counter or param._counter()
                version = counter.version
                counter.version, counter.where = version + (2 if decay and apart else 1), where  # once for each write
                if observed:
                    tell("update", param, type(self).__name__, before, version, options | self.state[param])
        return loss

    def update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change ``p`` in place by its gradient ``g``, which is left as it is."""
        raise NotImplementedError


def _array_in(state: dict[str, Any], name: str, like: np.ndarray) -> np.ndarray:
    """The array of a state tensor, made of zeros the first time."""
    if name not in state:
        state[name] = Tensor._plain(np.zeros_like(like))
    return state[name]._array


def _next_step(state: dict[str, Any]) -> float:
    """Count a step; the number it has."""
    count = _array_in(state, "step", np.zeros((), np.float32))
    count += 1
    return float(count)


class SGD(Formula):
    """Gradient descent with momentum: ``b = momentum·b + (1 − dampening)·g``, ``p = p − lr·b``.

    See https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, momentum: float = 0, dampening: float = 0,
        weight_decay: float = 0, nesterov: bool = False, *, maximize: bool = False, foreach: bool | None = None,
        differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(**_given(locals()))

    def update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        rate, momentum, moving = constant(group["lr"], p.dtype), group["momentum"], "momentum_buffer" in state
        if momentum and not moving:
            state["momentum_buffer"] = Tensor._plain(g.copy())
        buffer = state["momentum_buffer"]._array if momentum else g
        for parts in pieces(p, g, buffer):
            p, g, buffer = parts
            if momentum and moving:
                buffer *= momentum
                buffer += g if group["dampening"] == 0 else (1 - group["dampening"]) * g
            p -= rate * (g + momentum * buffer if group["nesterov"] else buffer)


class Adam(Formula):
    """Kingma and Ba (2015): steps by the mean of the gradients over the root of the mean of their squares.

    See https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, amsgrad: bool = False, *, maximize: bool = False, foreach: bool | None = None,
        capturable: bool = False, differentiable: bool = False, fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(**_given(locals()))

    def update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        step = _next_step(state)
        mean, square = _array_in(state, "exp_avg", p), _array_in(state, "exp_avg_sq", p)
        beta1, beta2 = group["betas"]
        mean += (1 - beta1) * (g - mean)
        square *= beta2
        square += (1 - beta2) * (g * g)
        if group["amsgrad"]:
            largest = _array_in(state, "max_exp_avg_sq", p)
            square = np.maximum(largest, square, out=largest)
        root = np.sqrt(square) / math.sqrt(1 - beta2**step) + group["eps"]
        p -= group["lr"] / (1 - beta1**step) * (mean / root)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019).

    See https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 1e-2, amsgrad: bool = False, **options: Any,
    ) -> None:  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, decoupled_weight_decay=True, **options)


class RMSprop(Formula):
    """Hinton (2012): steps by the gradient over the root of the mean of its squares.

    See https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
        weight_decay: float = 0, momentum: float = 0, centered: bool = False, capturable: bool = False,
        foreach: bool | None = None, maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(**_given(locals(), "params", "lr", "momentum", "alpha", "eps", "centered", "weight_decay"))

    def update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        _next_step(state)
        square = _array_in(state, "square_avg", p)
        square *= group["alpha"]
        square += (1 - group["alpha"]) * (g * g)
        root = np.sqrt(square)
        if group["centered"]:
            mean = _array_in(state, "grad_avg", p)
            mean += (1 - group["alpha"]) * (g - mean)
            root = np.sqrt(square - mean * mean)
        g = g / (root + group["eps"])
        if group["momentum"]:
            buffer = _array_in(state, "momentum_buffer", p)
            buffer *= group["momentum"]
            buffer += g
            g = buffer
        p -= group["lr"] * g


class Adagrad(Formula):
    """Duchi et al. (2011): steps by the gradient over the root of the sum of all its squares.

    See https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
        initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool | None = None, *,
        maximize: bool = False, differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(**_given(locals(), "params", "lr", "lr_decay", "eps", "weight_decay"))

    def update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        step, squares = _next_step(state), _array_in(state, "sum", p)
        if step == 1:
            squares += group["initial_accumulator_value"]
        squares += g * g
        p -= group["lr"] / (1 + (step - 1) * group["lr_decay"]) * (g / (np.sqrt(squares) + group["eps"]))


class Adadelta(Formula):
    """Zeiler (2012): steps as large as the last ones were, by the gradient over the root of the mean of its squares.

    See https://docs.pytorch.org/docs/stable/generated/torch.optim.Adadelta.html
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0,
        foreach: bool | None = None, *, capturable: bool = False, maximize: bool = False,
        differentiable: bool = False,
    ) -> None:  # fmt: skip
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        super().__init__(**_given(locals(), "params", "lr", "rho", "eps", "weight_decay", "maximize", "capturable"))

    def update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        _next_step(state)
        square, steps, rho = _array_in(state, "square_avg", p), _array_in(state, "acc_delta", p), group["rho"]
        square *= rho
        square += (1 - rho) * (g * g)
        step = np.sqrt(steps + group["eps"]) / np.sqrt(square + group["eps"]) * g
        steps *= rho
        steps += (1 - rho) * (step * step)
        p -= group["lr"] * step


def _given(arguments: dict[str, Any], *first: str) -> dict[str, Any]:
    """The arguments of an ``__init__``, from its ``locals()``; in the order in which PyTorch lists them."""
    return {key: arguments[key] for key in (*first, *arguments) if key not in ("self", "__class__")}
