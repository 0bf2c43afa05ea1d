"""What full backward hooks of a Module see: the gradients of its outputs and of its inputs.

The module's inputs and its outputs each pass through a node that changes nothing. When the gradients of the outputs
reach the second, the pre-hooks run; when those of the inputs leave the first, the hooks.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ..autograd import grad_mode
from ..autograd.function import Function
from ..tensor import Tensor

if TYPE_CHECKING:
    from .module import Module


class BackwardHookFunction(Function):
    """A node that hands everything on as it is."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Any:
        """The same tensors."""
        ctx.mark_non_differentiable(*(tensor for tensor in tensors if not tensor.requires_grad))
        return tensors

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """The same gradients."""
        return grads


class BackwardWatch:
    """One call of a module with backward hooks."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.hooks = list(module._backward_hooks.values())
        self.pre_hooks = list(module._backward_pre_hooks.values())
        self.input_places: list[int] | None = None
        self.grad_outputs: Any = None

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments forward is to be called with."""
        self.input_count = len(args)
        args, self.input_places, node = _through(args)
        if node is not None:
            node.register_hook(self.inputs_done)
        return args

    def outputs(self, result: Any) -> Any:
        """The result that takes forward's place."""
        several = isinstance(result, tuple)
        results, places, node = _through(result if several else (result,))
        if node is not None:
            self.output_places, self.output_count = places, len(results)
            node.register_prehook(self.outputs_known)
        return results if several else results[0]

    def outputs_known(self, grads: tuple[Any, ...]) -> Any:
        """The pre-hooks' turn, and the hooks' where no input requires grad."""
        assert self.output_places is not None
        seen = _spread(grads, self.output_places, self.output_count)
        for hook in self.pre_hooks:
            seen = _replaced("Backward pre hook", "grad_output", seen, hook(self.module, seen))
        self.grad_outputs = seen
        if self.input_places is None and self.hooks:
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module outputs since no "
                "inputs require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html#"
                "torch.nn.Module.register_full_backward_hook for more details.",
                UserWarning,
                stacklevel=5,
            )
            for hook in self.hooks:
                given = hook(self.module, (None,) * self.input_count, seen)
                if given is not None and not (isinstance(given, tuple) and all(each is None for each in given)):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always return None or None "
                        "for all gradients."
                    )
        return tuple(seen[place] for place in self.output_places)

    def inputs_done(self, grads: tuple[Any, ...], _: Any) -> Any:
        """The hooks' turn."""
        if self.grad_outputs is None:  # the gradients did not come through the outputs
            return None
        assert self.input_places is not None
        seen = _spread(grads, self.input_places, self.input_count)
        for hook in self.hooks:
            seen = _replaced("Backward hook", "grad_input", seen, hook(self.module, seen, self.grad_outputs))
        self.grad_outputs = None
        return tuple(seen[place] for place in self.input_places)


def _through(values: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[int] | None, Any]:
    """The values with all tensors passed through one node; the tensors' places; the node."""
    places = [place for place, value in enumerate(values) if isinstance(value, Tensor)]
    tensors = [values[place] for place in places]
    if not (grad_mode.state.grad_enabled and any(tensor.requires_grad for tensor in tensors)):
        return values, None, None
    passed = dict(zip(places, BackwardHookFunction.apply(*tensors), strict=True))
    node = next(tensor.grad_fn for tensor in passed.values() if tensor.grad_fn is not None)
    return tuple(passed.get(place, value) for place, value in enumerate(values)), places, node


def _spread(grads: tuple[Any, ...], places: list[int], count: int) -> tuple[Any, ...]:
    known = dict(zip(places, grads, strict=True))
    return tuple(known.get(place) for place in range(count))


def _replaced(who: str, what: str, before: tuple[Any, ...], given: Any) -> tuple[Any, ...]:
    if given is None:
        return before
    after = given if isinstance(given, tuple) else (given,)
    if len(after) != len(before):
        raise RuntimeError(f"{who} returned an invalid number of {what}, got {len(after)}, but expected {len(before)}")
    return after
