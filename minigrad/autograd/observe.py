"""The one seam through which anything watches the engine.

An observer is told what happens, in the order it happens. It may read everything it is handed and
change nothing. With no observer the engine pays one test of a flag it tests anyway.

    class Printer(Observer):
        def operation(self, name, inputs, outputs, node):
            print(name, "->", outputs[0].shape)

    with observing(Printer()):
        y = x * 2
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .grad_mode import change, state

if TYPE_CHECKING:
    from ..tensor import Tensor
    from .graph import Node


class Observer:
    """What can be seen. Every method is called on the thread that runs the engine and does nothing here."""

    def leaf(self, tensor: Tensor) -> None:
        """A tensor was made from data (tensor, zeros, randn, ...), or requires_grad_ was called on it."""

    def operation(self, name: str, inputs: tuple[Any, ...], outputs: tuple[Tensor, ...], node: Node | None) -> None:
        """An operation ran. ``inputs`` are its arguments (Tensors and numbers) in PyTorch's order; ``node`` is
        None when it was not recorded. A view's output has ``_is_view()``. What it saved: ``node.saved``."""

    def inplace(self, name: str, tensor: Tensor, inputs: tuple[Any, ...], before: int, after: int) -> None:
        """``tensor`` was changed in place by ``name``: its version went from ``before`` to ``after``; its
        ``grad_fn`` is already the new one."""

    def changed(self, tensor: Tensor, how: str) -> None:
        """``tensor`` is another without an operation: given numbers (``data``), cut off (``detach_``), or to keep its
        gradient (``retain_grad``)."""

    def backward_begin(self, roots: tuple[Tensor, ...], gradients: tuple[Any, ...], options: dict[str, Any]) -> None:
        """backward() or grad() begins, with these seeds (arrays or Tensors). Options: retain_graph, create_graph."""

    def backward_end(self) -> None:
        """The walk is over (also after an error, which was told first)."""

    def node_begin(self, node: Node, grad_outputs: tuple[Any, ...]) -> None:
        """``node`` is about to run on these gradients (arrays, or Tensors under create_graph; None: undefined)."""

    def node_end(self, node: Node, grad_outputs: tuple[Any, ...], grad_inputs: tuple[Any, ...]) -> None:
        """``node`` has run: one outgoing gradient (or None) for each of ``node.next_functions``, as it is
        handed on, that is, already summed over broadcast dimensions."""

    def accumulate(self, tensor: Tensor, before: Any, arriving: Any, after: Any) -> None:
        """``arriving`` was added to a leaf's .grad. Arrays; ``before`` is a copy, or None when .grad was None."""

    def retain(self, tensor: Tensor, gradient: Any) -> None:
        """A non-leaf with retain_grad() kept ``gradient`` (array) in its .grad."""

    def returned(self, inputs: tuple[Tensor, ...], gradients: tuple[Tensor | None, ...]) -> None:
        """autograd.grad() is about to return ``gradients``, one for each of ``inputs``; no ``.grad`` has changed."""

    def hook(self, node: Node, output: int | None, before: Any, after: Any) -> None:
        """A hook saw the gradient ``before`` and left ``after`` (maybe the same): one on the tensor that is this
        ``output`` of ``node`` (a leaf: of its AccumulateGrad), or (None) on the node itself, before or after it ran;
        (-1) one on a leaf whose .grad is complete."""

    def several_hook(self, mode: str, ends: list[Any], gradients: list[Tensor | None]) -> None:
        """A hook on several tensors (``register_multi_grad_hook``) saw these gradients, in one call; ``ends``: of each
        the node and the number of its output, or the leaf and 0."""

    def computed(self, name: str, given: tuple[Any, ...], result: Any) -> None:
        """``name(*given)`` (jacobian, gradcheck, ...), whose operations and passes are its own, will return ``result``.
        The first of ``given`` is a function, the second what it was called with."""

    def freed(self, node: Node, byte_count: int) -> None:
        """``node`` let go of what it saved after running (retain_graph=False); numbers take no bytes."""

    def grad_set(self, tensor: Tensor, before: Any, after: Any) -> None:
        """``tensor.grad = after`` was run by the learner (Tensor or None)."""

    def update(self, tensor: Tensor, optimizer: str, before: Any, version: int, options: dict[str, Any]) -> None:
        """An optimizer changed a parameter from ``before`` (a copy) at ``version``, by these options of its group; what
        it remembers of the parameter is among them (``momentum_buffer``, a Tensor)."""

    def module_begin(self, module: Any, inputs: tuple[Any, ...]) -> None:
        """A ``nn.Module`` is about to run its forward: what runs until its ``module_end`` belongs to it."""

    def module_end(self, module: Any) -> None:
        """Its forward is over (also after an error)."""

    def error(self, error: BaseException, node: Node | None) -> None:
        """The engine is about to raise ``error``; ``node`` is where it happened in a backward pass, if anywhere.
        The same error may be told twice: when it is made, and again with its node."""


@contextmanager
def observing(observer: Observer) -> Iterator[Observer]:
    """Let ``observer`` watch this thread for the length of the block."""
    change(observers=(*state.observers, observer))
    try:
        yield observer
    finally:
        change(observers=tuple(other for other in state.observers if other is not observer))


def tell(event: str, *details: Any) -> None:
    """Tell every observer of this thread. Callers test ``state.observers`` or ``special`` first."""
    for observer in state.observers:
        getattr(observer, event)(*details)
