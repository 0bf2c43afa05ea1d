"""checkpoint: save nothing of a part of the forward pass, and run that part again when backward needs it.

Two ways lead there. With ``use_reentrant=False`` the part is recorded as always, only what its nodes save is left
out; the first node that asks for its saved tensors has the part run again, up to the last tensor needed. With
``use_reentrant=True`` the part is not recorded at all; one node stands for it, whose backward runs it again, recorded
this time, and then a backward pass inside the backward pass.

See https://docs.pytorch.org/docs/stable/checkpoint.html
"""

from __future__ import annotations

import contextlib
import sys
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

from .. import random
from ..autograd import engine, notes
from ..autograd.function import Function
from ..autograd.grad_mode import enable_grad, is_grad_enabled, no_grad
from ..autograd.gradients import backward
from ..autograd.graph import Node, saved_tensors_hooks
from ..autograd.saved import SavedTensor, changed, save
from ..tensor import Tensor

Contexts = tuple[contextlib.AbstractContextManager[Any], contextlib.AbstractContextManager[Any]]


class CheckpointError(RuntimeError):
    """The part did not do the same again."""


def noop_context_fn() -> Contexts:
    """No context around the forward pass and none around the second run."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args)``, without keeping what its backward needs: that is computed again when the time comes.

    Args:
        use_reentrant: which of the two ways; PyTorch recommends False and warns where nothing is said.
        context_fn: makes two contexts, for the forward pass and for the second run (use_reentrant=False).
        determinism_check: "default" compares shapes and dtypes of both runs, "none" does not.
        debug: taken for PyTorch's sake; the error is the same.
        early_stop: stop the second run when all that was saved is there again.
        preserve_rng_state: draw the same random numbers in the second run (default True).

    >>> import minigrad as torch
    >>> from minigrad.utils.checkpoint import checkpoint
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> checkpoint(lambda x: x.exp().sin(), x, use_reentrant=False).sum().backward()

    See https://docs.pytorch.org/docs/stable/checkpoint.html#torch.utils.checkpoint.checkpoint
    """
    if use_reentrant is None:
        threat = "Starting in PyTorch 2.9, calling checkpoint without use_reentrant will raise an exception"
        _warn_unsaid("checkpoint", threat)
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug is not False:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve, *args)
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ['default', 'none'], but got {determinism_check}")
    forward_context, again_context = context_fn()
    state = random.get_rng_state() if preserve else None

    def again(*inputs: Any) -> None:
        with _random_state(state), again_context:
            function(*inputs, **kwargs)

    if not is_grad_enabled():
        return function(*args, **kwargs)
    part = _Part(again, args, early_stop, determinism_check == "default")
    with saved_tensors_hooks(part.leave_out, part.bring_back), forward_context:
        return function(*args, **kwargs)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Run modules one after the other, cut into ``segments`` of which all but the last are checkpointed.

    See https://docs.pytorch.org/docs/stable/checkpoint.html#torch.utils.checkpoint.checkpoint_sequential
    """
    if use_reentrant is None:
        _warn_unsaid(
            "checkpoint.checkpoint_sequential",
            "In version 2.9 we will raise an exception if use_reentrant is not passed",
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    modules = list(functions.children() if hasattr(functions, "children") else functions)
    size = len(modules) // segments
    last = size * (segments - 1)
    for start in range(0, last, size):
        run = _in_order(modules[start : start + size])
        input = checkpoint(run, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return _in_order(modules[last:])(input)


def _in_order(modules: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def run(input: Any) -> Any:
        for module in modules:
            input = module(input)
        return input

    return run


def _warn_unsaid(who: str, threat: str) -> None:
    warnings.warn(
        f"torch.utils.{who}: the use_reentrant parameter should be passed explicitly. {threat}. use_reentrant=False is "
        "recommended, but if you need to preserve the current default behavior, you can pass use_reentrant=True. Refer "
        "to docs for more details on the differences between the two variants.",
        UserWarning,
        stacklevel=3,
    )


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

    __slots__ = ("__weakref__", "tensor")

    def __init__(self) -> None:
        self.tensor: Tensor | None = None


class _Stop(Exception):
    """Everything that was saved is there again."""


class _Part(Node):
    """One checkpointed part. (A node so that errors about its inputs have a name and a place.)"""

    def __init__(self, again: Callable[..., None], inputs: tuple[Any, ...], early_stop: bool, check: bool) -> None:
        self.hooks = None
        notes.stamp(self)
        self.again, self.early_stop, self.check = again, early_stop, check
        self.inputs = tuple(save(value) if isinstance(value, Tensor) else value for value in inputs)
        self.placeholders: list[weakref.ref[_Placeholder]] = []  # gone with its node
        self.seen: list[dict[str, Any]] = []  # what the first run saved

    def name(self) -> str:
        return "checkpoint"

    def leave_out(self, tensor: Tensor) -> _Placeholder:
        placeholder = _Placeholder()
        self.placeholders.append(weakref.ref(placeholder))
        self.seen.append(_looks(tensor))
        return placeholder

    def bring_back(self, placeholder: _Placeholder) -> Tensor:
        if placeholder.tensor is None:
            self.run_again()
        tensor, placeholder.tensor = placeholder.tensor, None
        assert tensor is not None
        return tensor

    def run_again(self) -> None:
        inputs = [self._input(entry) for entry in self.inputs]
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

        with saved_tensors_hooks(keep, lambda kept: kept), enable_grad(), contextlib.suppress(_Stop):
            self.again(*inputs)
        if len(found) != len(self.placeholders):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.placeholders)}\nNumber of tensors "
                f"saved during recomputation: {len(found)}.\n"
            )
        different = ""
        for number, (reference, tensor) in enumerate(zip(self.placeholders, found, strict=True)):
            placeholder = reference()
            if placeholder is None:
                continue
            placeholder.tensor = tensor
            if self.check and self.seen[number] != _looks(tensor):
                different += (
                    f"tensor at position {number}:\nsaved metadata: {self.seen[number]}\n"
                    f"recomputed metadata: {_looks(tensor)}\n"
                )
        if different:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                f"during the forward pass.\n{different}.\n"
            )

    def _input(self, entry: Any) -> Any:
        if isinstance(entry, SavedTensor):
            return entry.unpack_tensor(self)
        if isinstance(entry, Tensor) and entry._version:  # kept bare, hence at version 0
            raise changed(self, entry)
        return entry


def _looks(tensor: Tensor) -> dict[str, Any]:
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


# use_reentrant=True


class CheckpointFunction(Function):
    """One node for the whole part."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        """Run the part without recording it."""
        if not any(isinstance(arg, Tensor) and arg.requires_grad for arg in args):
            warnings.warn(
                "None of the inputs have requires_grad=True. Gradients will be None", UserWarning, stacklevel=4
            )
        ctx.part, ctx.state = function, random.get_rng_state() if preserve else None
        ctx.rest = [None if isinstance(arg, Tensor) else arg for arg in args]
        ctx.places = [place for place, arg in enumerate(args) if isinstance(arg, Tensor)]
        ctx.save_for_backward(*(args[place] for place in ctx.places))
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
        inputs = list(ctx.rest)
        for place, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            inputs[place] = tensor.detach().requires_grad_(tensor.requires_grad)
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
