"""What full backward hooks of a Module see: the gradients of its outputs and of its inputs.

The module's inputs and its outputs each pass through a node that changes nothing. When the gradients of the outputs
reach the second, the pre-hooks run; when those of the inputs leave the first, the hooks.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from ..autograd import grad_mode
from ..autograd.function import Function
from ..autograd.notes import warn
from ..tensor import Tensor

if TYPE_CHECKING:
    from .module import Module


class BackwardHookFunction(Function):
    """A node that hands everything on as it is."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Any:
        ctx.mark_non_differentiable(*(tensor for tensor in tensors if not tensor.requires_grad))
        return tensors

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return grads


class BackwardWatch:
    """One call of a module with backward hooks. It holds neither tensors nor nodes: the nodes hold it."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.hooks, self.pre_hooks = list(module._backward_hooks.values()), list(module._backward_pre_hooks.values())
        self.grad_outputs: Any = None

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments forward is to be called with."""
        args, node, self.places_in = _through(args)
        self.inputs_wanted = node is not None
        if node is not None:
            node.register_hook(self.inputs_done)
        return args

    def outputs(self, result: Any) -> Any:
        """The result that takes forward's place."""
        several = isinstance(result, tuple)
        if not several and not isinstance(result, Tensor):
            warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                f"{type(result)}"
            )
        results, node, self.places_out = _through(result if several else (result,))
        if node is not None:
            node.register_prehook(self.outputs_known)
        if not several:
            return results[0]
        return results if type(result) is tuple else type(result)(*results)  # a named tuple stays one

    def outputs_known(self, grads: tuple[Any, ...]) -> Any:
        """The pre-hooks' turn, and the hooks' where no input requires grad."""
        seen = self.grad_outputs = _spread(grads, self.places_out)
        for hook in self.pre_hooks:
            seen = self.grad_outputs = _replaced("Backward pre hook", "grad_output", seen, hook(self.module, seen))
        if self.hooks and not self.inputs_wanted:
            warn(
                "Full backward hook is firing when gradients are computed with respect to module outputs since no "
                "inputs require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html#"
                "torch.nn.Module.register_full_backward_hook for more details."
            )
            for hook in self.hooks:
                hook(self.module, (None,) * len(self.places_in), seen)
        return tuple(itertools.compress(seen, self.places_out))

    def inputs_done(self, grads: tuple[Any, ...], _: Any) -> Any:
        """The hooks' turn."""
        if self.grad_outputs is None:  # the gradients did not come through the outputs
            return None
        seen = _spread(grads, self.places_in)
        for hook in self.hooks:
            seen = _replaced("Backward hook", "grad_input", seen, hook(self.module, seen, self.grad_outputs))
        self.grad_outputs = None
        return tuple(itertools.compress(seen, self.places_in))


def _through(values: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any, list[bool]]:
    """The values with all tensors passed through one node; the node, if any needs a gradient; which are tensors."""
    places = [isinstance(value, Tensor) for value in values]
    tensors = list(itertools.compress(values, places))
    if not (grad_mode.state.grad_enabled and any(tensor.requires_grad for tensor in tensors)):
        return values, None, places
    passed = BackwardHookFunction.apply(*tensors)
    return _spread(passed, places, values), next(t.grad_fn for t in passed if t.grad_fn is not None), places


def _spread(tensors: Any, places: list[bool], others: tuple[Any, ...] | None = None) -> tuple[Any, ...]:
    """Tensors at their places among the other values (None)."""
    rest = iter(tensors)
    return tuple(next(rest) if tensor else None if others is None else others[i] for i, tensor in enumerate(places))


def _replaced(who: str, what: str, before: tuple[Any, ...], given: Any) -> tuple[Any, ...]:
    if given is None:
        return before
    after = given if isinstance(given, tuple) else (given,)
    if len(after) != len(before):
        raise RuntimeError(f"{who} returned an invalid number of {what}, got {len(after)}, but expected {len(before)}")
    return after
