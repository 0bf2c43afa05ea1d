"""checkpoint: save nothing of a part of the forward pass, and run that part again when backward needs it.

Two ways lead there. With ``use_reentrant=False`` the part is recorded as always, only what its nodes save is left
out; the first node that asks for its saved tensors has the part run again, up to the last tensor needed. With
``use_reentrant=True`` the part is not recorded at all; one node stands for it, whose backward runs it again, recorded
this time, and then a backward pass inside the backward pass.

See https://docs.pytorch.org/docs/stable/checkpoint.html
"""

from __future__ import annotations

import contextlib
import functools
import sys
import weakref
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from .. import random
from ..autograd import engine, notes
from ..autograd.function import Function
from ..autograd.grad_mode import enable_grad, is_grad_enabled, no_grad
from ..autograd.gradients import backward
from ..autograd.graph import Node, saved_tensors_hooks
from ..autograd.saved import SavedTensor, as_tensor, save
from ..tensor import Tensor


class CheckpointError(RuntimeError):
    """The part did not do the same again."""


def _no_contexts() -> tuple[Any, Any]:
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[Any, Any]] = _no_contexts, determinism_check: str = "default", debug: bool = False,
    early_stop: bool = True, preserve_rng_state: bool = True, **kwargs: Any,
) -> Any:  # fmt: skip
    """``function(*args)``, without keeping what its backward needs: that is computed again when the time comes.

    Args:
        use_reentrant: which of the two ways; PyTorch recommends False and warns where nothing is said.
        context_fn: makes two contexts, for the first run and for the second (not if reentrant; ``debug`` neither).
        determinism_check: "default" compares shapes and dtypes of the second run with the first, "none" does not.
        early_stop: the second run ends when everything that was saved is there again.
        preserve_rng_state: draw the same random numbers in the second run.

    >>> import minigrad as torch
    >>> from minigrad.utils.checkpoint import checkpoint
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> checkpoint(lambda x: x.exp().sin(), x, use_reentrant=False).sum().backward()

    See https://docs.pytorch.org/docs/stable/checkpoint.html#torch.utils.checkpoint.checkpoint
    """
    threat = "Starting in PyTorch 2.9, calling checkpoint without use_reentrant will raise an exception"
    if _reentrant(use_reentrant, "checkpoint", threat):
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not _no_contexts or debug:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve_rng_state, *args)
    if debug:
        raise NotImplementedError("minigrad's checkpoint logs no operations; its errors tell which tensors differ.")
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ['default', 'none'], but got {determinism_check}")
    first, again = context_fn()
    if not is_grad_enabled():
        return function(*args, **kwargs)
    state = random.get_rng_state() if preserve_rng_state else None
    part = _Part(functools.partial(function, **kwargs), args, state, again, early_stop, determinism_check == "default")
    with saved_tensors_hooks(part.leave_out, part.bring_back), first:
        return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, *, preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """Run modules one after the other, cut into ``segments`` of which all but the last are checkpointed.

    See https://docs.pytorch.org/docs/stable/checkpoint.html#torch.utils.checkpoint.checkpoint_sequential
    """
    threat = "In version 2.9 we will raise an exception if use_reentrant is not passed"
    use_reentrant = _reentrant(use_reentrant, "checkpoint.checkpoint_sequential", threat)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    modules = list(functions.children() if hasattr(functions, "children") else functions)
    size = len(modules) // segments
    last = size * (segments - 1)

    def run(start: int, stop: int, input: Any) -> Any:
        for module in modules[start:stop]:
            input = module(input)
        return input

    for start in range(0, last, size):
        part = functools.partial(run, start, start + size)
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve_rng_state)
    return run(last, len(modules), input)


def _reentrant(given: bool | None, who: str, threat: str) -> bool:
    if given is None:
        notes.warn(
            f"torch.utils.{who}: the use_reentrant parameter should be passed explicitly. {threat}. "
            "use_reentrant=False is recommended, but if you need to preserve the current default behavior, you can "
            "pass use_reentrant=True. Refer to docs for more details on the differences between the two variants."
        )
    return given is None or given


@contextlib.contextmanager
def _random_state(state: Tensor | None) -> Iterator[None]:
    """The random numbers that followed ``state``; afterwards the generator is where it was."""
    with random.fork_rng(enabled=state is not None):
        if state is not None:
            random.set_rng_state(state)
        yield


# use_reentrant=False


class _Placeholder:
    """What a node holds in place of a saved tensor; filled for one use when the part has run again."""

    tensor: Tensor | None = None

    def __init__(self, looks: dict[str, Any]) -> None:
        self.looks = looks  # of what the first run saved


class _Stop(Exception):
    """Everything that was saved is there again."""


class _Part(Node):
    """One checkpointed part. (A node so that errors about its inputs have a name and a place.)"""

    def __init__(
        self, function: Callable[..., Any], inputs: tuple[Any, ...], random_state: Tensor | None, context: Any,
        early_stop: bool, compares: bool,
    ) -> None:  # fmt: skip
        self.hooks = None
        notes.stamp(self)
        self.function, self.random_state, self.context = function, random_state, context
        self.early_stop, self.compares = early_stop, compares
        self.inputs = tuple(save(value) if isinstance(value, Tensor) else value for value in inputs)
        self.placeholders: list[weakref.ref[_Placeholder]] = []  # gone with its node

    def name(self) -> str:
        return "checkpoint"

    def leave_out(self, tensor: Tensor) -> _Placeholder:
        placeholder = _Placeholder(_looks(tensor))
        self.placeholders.append(weakref.ref(placeholder))
        return placeholder

    def bring_back(self, placeholder: _Placeholder) -> Tensor:
        if placeholder.tensor is None:
            self.run_again()
        tensor, placeholder.tensor = placeholder.tensor, None
        assert tensor is not None
        return tensor

    def run_again(self) -> None:
        inputs = [as_tensor(entry, self) if isinstance(entry, Tensor | SavedTensor) else entry for entry in self.inputs]
        found: list[Tensor] = []

        def keep(tensor: Tensor) -> Tensor:
            if len(found) == len(self.placeholders):
                raise CheckpointError(
                    "torch.utils.checkpoint: trying to save more tensors during recomputation than during the original "
                    "forward pass.\n"
                )
            found.append(tensor.detach() if tensor.requires_grad else tensor)
            if self.early_stop and len(found) == len(self.placeholders):
                raise _Stop
            return found[-1]

        hooks, state = saved_tensors_hooks(keep, lambda kept: kept), _random_state(self.random_state)
        with contextlib.suppress(_Stop), hooks, state, enable_grad(), self.context:
            self.function(*inputs)
        if len(found) != len(self.placeholders):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.placeholders)}\nNumber of tensors "
                f"saved during recomputation: {len(found)}.\n"
            )
        different = ""
        for number, (reference, tensor) in enumerate(zip(self.placeholders, found, strict=True)):
            placeholder, looks = reference(), _looks(tensor)
            if placeholder is None:
                continue
            placeholder.tensor = tensor
            if self.compares and placeholder.looks != looks:
                different += (
                    f"tensor at position {number}:\nsaved metadata: {placeholder.looks}\nrecomputed metadata: {looks}\n"
                )
        if different:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                f"during the forward pass.\n{different}.\n"
            )


def _looks(tensor: Tensor) -> dict[str, Any]:
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


# use_reentrant=True


class CheckpointFunction(Function):
    """One node for the whole part."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        """Run the part without recording it."""
        if not any(isinstance(arg, Tensor) and arg.requires_grad for arg in args):
            notes.warn("None of the inputs have requires_grad=True. Gradients will be None")
        ctx.part, ctx.state = function, random.get_rng_state() if preserve else None
        ctx.rest = [None if isinstance(arg, Tensor) else arg for arg in args]
        ctx.save_for_backward(*(arg if isinstance(arg, Tensor) else None for arg in args))
        with no_grad():
            return function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Run it again, recorded, and go backward through that."""
        if _has_inputs():
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` "
                "parameter to .backward(). To resolve this error, you can either set use_reentrant=False, or call "
                ".backward() without passing the `inputs` argument."
            )
        inputs = [
            other if tensor is None else tensor.detach().requires_grad_(tensor.requires_grad)
            for tensor, other in zip(ctx.saved_tensors, ctx.rest, strict=True)
        ]
        with _random_state(ctx.state), enable_grad():
            outputs = ctx.part(*inputs)
        outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
        pairs = [(o, g) for o, g in zip(outputs, grads, strict=False) if isinstance(o, Tensor) and o.requires_grad]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        backward([o for o, _ in pairs], [g for _, g in pairs])
        return None, None, *(value.grad if isinstance(value, Tensor) else None for value in inputs)


def _has_inputs() -> bool:
    """Whether the backward pass that is running was told where to go (``grad()``, ``inputs=``)."""
    frame: FrameType | None = sys._getframe()
    while frame is not None and frame.f_code is not engine.run.__code__:
        frame = frame.f_back
    return frame is not None and frame.f_locals["inputs"] is not None
