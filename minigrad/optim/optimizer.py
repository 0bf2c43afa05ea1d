"""Optimizer: parameter groups, state, zero_grad and step.

See https://docs.pytorch.org/docs/stable/optim.html
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from ..autograd.graph import RemovableHandle
from ..autograd.notes import telling, warn
from ..nn.module import forget_gradients, typename
from ..tensor import Tensor


class Optimizer:
    """The base of every optimizer; a subclass writes ``step``.

    ``param_groups`` is a list of dicts: ``params`` and the options that hold for them; ``state[parameter]`` is what
    has to be remembered of each parameter.

    See https://docs.pytorch.org/docs/stable/optim.html#torch.optim.Optimizer
    """

    stepped = False  # whether step was ever called: a schedule must not run ahead

    def __init_subclass__(cls) -> None:
        if "step" in cls.__dict__:
            cls.step = _noticed(cls.step)  # type: ignore[method-assign]
        cls.__init__ = telling(cls.__init__)  # type: ignore[method-assign]

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                + typename(params)
            )
        self.defaults = defaults
        self.state: dict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._step_pre_hooks: dict[int, Callable[..., Any]] = {}
        self._step_post_hooks: dict[int, Callable[..., Any]] = {}
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    @telling
    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own; options that are not given take the defaults.

        Parameters with names, ``(name, tensor)``, leave the names in the group's ``param_names``.

        Raises:
            TypeError: not a dict, or not tensors.
            ValueError: a non-leaf, a parameter that is there already, or some with names and some without.
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
        given = {**param_group, "params": [param[1] if isinstance(param, tuple) else param for param in params]}
        if names := [param[0] for param in params if isinstance(param, tuple)]:
            given["param_names"] = names
            if len(names) < len(params):
                raise ValueError("all optimizer params should be with/without names. Some param names are missing")
        for param in given["params"]:
            if not isinstance(param, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {typename(param)}")
            if not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        distinct = set(given["params"])
        if len(distinct) < len(params):
            warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information"
            )
        for group in self.param_groups:
            if ("param_names" in given) != ("param_names" in group):
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param group "
                    f"{'with' if names else 'without'} names to the optimizer"
                )
            if not distinct.isdisjoint(group["params"]):
                raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(given | self.defaults | given)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Let the gradients go (None), or fill them with zeros."""
        for group in self.param_groups:
            forget_gradients(group["params"], set_to_none)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; ``closure`` computes the loss anew first and is returned."""
        raise NotImplementedError

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return other ``(args, kwargs)``."""
        return RemovableHandle(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return RemovableHandle(self._step_post_hooks, hook)

    def state_dict(self) -> dict[str, Any]:
        """State and groups with parameters numbered in order; the state's tensors themselves, not copies."""
        numbers = {p: n for n, p in enumerate(p for group in self.param_groups for p in group["params"])}
        groups = [
            {**{k: v for k, v in group.items() if k != "params"}, "params": [numbers[p] for p in group["params"]]}
            for group in self.param_groups
        ]
        return {"state": {numbers[p]: dict(s) for p, s in self.state.items() if s}, "param_groups": groups}

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
        params: dict[int, Tensor] = {}
        for group, saved in zip(self.param_groups, given, strict=True):
            params.update(zip(saved["params"], group["params"], strict=True))
            group.update({k: v for k, v in saved.items() if k != "params"})
        self.state = defaultdict(dict)
        for number, entries in state_dict["state"].items():
            param = params[number]
            self.state[param] = {
                k: v.to(param.dtype) if isinstance(v, Tensor) and k != "step" else v for k, v in entries.items()
            }

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for number, group in enumerate(self.param_groups):
            options = "".join(f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params")
            text += f"\nParameter Group {number}\n{options}"
        return text + ")"


def _noticed(step: Callable[..., Any]) -> Callable[..., Any]:
    """A step between its hooks, after which the optimizer has stepped."""

    @functools.wraps(step)
    def run(*args: Any, **kwargs: Any) -> Any:
        self = args[0]
        for hook in self._step_pre_hooks.values():
            changed = hook(self, args, kwargs)
            if changed is not None and not (isinstance(changed, tuple) and len(changed) == 2):
                raise RuntimeError(f"{step} must return None or a tuple of (new_args, new_kwargs), but got {changed}.")
            args, kwargs = changed or (args, kwargs)
        self.stepped = True
        result = step(*args, **kwargs)
        for hook in self._step_post_hooks.values():
            hook(self, args, kwargs)
        return result

    return run
