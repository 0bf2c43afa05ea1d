"""Optimizer: parameter groups, state, zero_grad and step.

See https://docs.pytorch.org/docs/stable/optim.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..autograd import grad_mode
from ..autograd.grad_mode import enable_grad
from ..autograd.observe import tell
from ..dtypes import type_name
from ..nn.module import forget_gradient
from ..tensor import Tensor


class Optimizer:
    """The base of every optimizer: a subclass says in ``update`` how one parameter changes.

    ``param_groups`` is a list of dicts: ``params`` and the options that hold for them.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                + type_name(params.dtype)
            )
        self.defaults = defaults
        self.state: dict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own; what is not given takes the defaults.

        Raises:
            TypeError: not a dict, or not tensors. ValueError: a non-leaf, or a parameter that is there already.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
                "will change between runs. Please use a list instead."
            )
        params = [params] if isinstance(params, Tensor) else list(params)
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(param).__name__}")
            if not param.is_leaf:
                raise ValueError("can't optimize a non-leaf Tensor")
        known = {id(param) for group in self.param_groups for param in group["params"]}
        if known & {id(param) for param in params}:
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(
            {"params": params, **self.defaults, **{k: v for k, v in param_group.items() if k != "params"}}
        )

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Let the gradients go (None), or fill them with zeros."""
        for group in self.param_groups:
            for param in group["params"]:
                forget_gradient(param, set_to_none)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; ``closure`` computes the loss anew first."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        observed = grad_mode.special and grad_mode.state.observers
        for group in self.param_groups:
            for param in group["params"]:
                grad = param._grad
                if grad is None:
                    continue
                before = param._array.copy() if observed else None
                gradient = -grad._array if group.get("maximize") else grad._array
                self.update(param._array, gradient, self.state[param], group)
                version = param._changed()
                if observed:
                    tell("update", param, type(self).__name__, before, version, group)
        return loss

    def update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]) -> None:
        """Change the array ``p`` in place by its gradient ``g``."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """State and groups with parameters numbered in order."""
        numbers = {id(p): n for n, p in enumerate(p for group in self.param_groups for p in group["params"])}
        groups = [
            {**{k: v for k, v in group.items() if k != "params"}, "params": [numbers[id(p)] for p in group["params"]]}
            for group in self.param_groups
        ]
        return {"state": {numbers[id(p)]: dict(s) for p, s in self.state.items() if s}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over state and options from ``state_dict()`` of an optimizer with the same groups.

        Raises:
            ValueError: the groups or their sizes differ.
        """
        given = state_dict["param_groups"]
        if len(given) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(a["params"]) != len(b["params"]) for a, b in zip(given, self.param_groups, strict=True)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        for group, saved in zip(self.param_groups, given, strict=True):
            group.update({k: v for k, v in saved.items() if k != "params"})
        params = [p for group in self.param_groups for p in group["params"]]
        self.state = defaultdict(dict)
        for number, entries in state_dict["state"].items():
            self.state[params[number]] = {
                k: Tensor._plain(v._array.copy()) if isinstance(v, Tensor) else v for k, v in entries.items()
            }

    def __repr__(self) -> str:
        lines = [type(self).__name__ + " ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])


def check(**at_least_zero: float) -> None:
    """ValueError for the first option that is negative: its key is what the message calls it."""
    for what, value in at_least_zero.items():
        if not value >= 0.0:
            label = what.replace("_", " ").removesuffix(" value")
            raise ValueError(f"Invalid {label}{' value' if what.endswith('_value') else ''}: {value}")


def array_in(state: dict[str, Any], name: str, like: np.ndarray) -> np.ndarray:
    """The array of a state tensor, made of zeros the first time."""
    if name not in state:
        state[name] = Tensor._plain(np.zeros_like(like))
    return state[name]._array
