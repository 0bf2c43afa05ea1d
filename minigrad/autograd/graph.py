"""The graph: nodes, the edges between them, and the leaves' AccumulateGrad.

A tensor points to the node that made it (``grad_fn``); a node points to the nodes that made its inputs
(``next_functions``). Nothing points the other way, so a graph has no reference cycles and goes at once
with the last tensor that holds it.
"""

from __future__ import annotations

import itertools
import re
import weakref
from collections.abc import Callable, Iterable
from types import CodeType, SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import grad_mode, notes
from .observe import tell

if TYPE_CHECKING:
    from ..tensor import Tensor

next_sequence = itertools.count().__next__
LAST = 2**64 - 1  # the sequence number of an AccumulateGrad, as PyTorch has it


_BACKWARD = re.compile(r"Backward0?$|Backward(?=\d+$)")


class Hooks:
    """What was hung on a node: kept apart, so that a node without hooks (nearly every one) pays for one None."""

    __slots__ = ("metadata", "post", "post_accumulate", "pre", "retained", "tensor")

    def __init__(self) -> None:
        self.tensor: dict[int, dict[int, Callable[..., Any]]] = {}  # output number -> hooks on that output
        self.retained: dict[int, weakref.ref[Tensor]] = {}  # output number -> the tensor that called retain_grad()
        self.pre: dict[int, Callable[..., Any]] = {}
        self.post: dict[int, Callable[..., Any]] = {}
        self.post_accumulate: dict[int, Callable[..., Any]] = {}
        self.metadata: dict[Any, Any] = {}


class RemovableHandle:
    """Takes a hook away again: ``handle.remove()``, or at the end of ``with handle:``."""

    _ids = itertools.count()

    def __init__(self, hooks: dict[int, Callable[..., Any]], hook: Callable[..., Any]) -> None:
        self.id = next(self._ids)
        self._hooks = hooks
        hooks[self.id] = hook

    def remove(self) -> None:
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class Node:
    """One recorded operation, seen from its backward.

    ``next_nodes[i]`` is the node that receives the gradient of input i (None: it needs none) as that node's
    output ``next_indices[i]``. ``shape`` and ``dtype`` are those of the output, hence of the incoming
    gradient; a node with several outputs is ``multi`` and has tuples there.
    """

    __slots__ = (
        "__weakref__",
        "code",
        "dtype",
        "hooks",
        "instruction",
        "next_indices",
        "next_nodes",
        "sequence",
        "shape",
    )
    multi = False
    owns_gradients = True  # its backward returns arrays nobody else has, or the very one it was given

    next_nodes: tuple[Node | None, ...]
    next_indices: tuple[int, ...]
    shape: Any
    dtype: Any
    sequence: int
    hooks: Hooks | None
    code: CodeType | None  # the learner's code that made it, and the instruction there: see notes.py
    instruction: int

    def backward(self, grad: Any) -> Any:
        """The gradients of the inputs, one for each of ``next_nodes``, from the gradient of the output (arrays)."""
        raise NotImplementedError

    def backward_graph(self, grad: Any) -> Any:
        """The same on Tensors, itself recorded: what ``create_graph=True`` runs."""
        raise NotImplementedError

    def release(self, freed: Any) -> None:
        """Let the saved tensors go; ``freed`` says who did it."""

    def saved_bytes(self) -> int:
        """Bytes of the tensors it holds for its backward."""
        return 0

    @property
    def where(self) -> notes.Place:
        """The place in the learner's code that made it."""
        return None if self.code is None else (self.code, self.instruction)

    def __call__(self, *grads: Tensor | None) -> Any:
        """Run this node alone: the gradients of its inputs (one is not wrapped in a tuple)."""
        from ..tensor import Tensor

        arrays = [None if g is None else g._array for g in grads]
        outgoing = self.backward(arrays if self.multi else arrays[0])
        found = [None if out is None else Tensor._of(out) for out in outgoing]
        return found[0] if len(found) == 1 else tuple(found)

    # What PyTorch shows of a node.

    def name(self) -> str:
        """The name of the derivative: ``MulBackward0``; nodes written by hand carry PyTorch's namespace."""
        title = type(self).__name__
        return title if _BACKWARD.search(title) else f"torch::autograd::{title}"

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The edges to the nodes of the inputs: (node or None, which output of it)."""
        return tuple(zip(self.next_nodes, self.next_indices, strict=False))

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dict for notes of the user's own."""
        return self._hooks().metadata

    @property
    def requires_grad(self) -> bool:
        return True

    @property
    def _input_metadata(self) -> tuple[SimpleNamespace, ...]:
        """Shape and dtype of each gradient it takes: those of its outputs."""
        from ..dtypes import FROM_NUMPY

        kinds = zip(self.shape, self.dtype, strict=True) if self.multi else [(self.shape, self.dtype)]
        return tuple([SimpleNamespace(shape=list(shape), dtype=FROM_NUMPY[kind]) for shape, kind in kinds])

    def _sequence_nr(self) -> int:
        return self.sequence

    def _hooks(self) -> Hooks:
        if self.hooks is None:
            self.hooks = Hooks()
        return self.hooks

    def register_prehook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call ``fn(grad_outputs)`` before this node runs; a returned tuple replaces them."""
        return RemovableHandle(self._hooks().pre, fn)

    def register_hook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call ``fn(grad_inputs, grad_outputs)`` after this node has run; a returned tuple replaces grad_inputs."""
        return RemovableHandle(self._hooks().post, fn)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"


def short_name(node: Node) -> str:
    """The operation's name as PyTorch's errors have it: ``Mul`` for ``MulBackward0``, ``Pow1`` for ``PowBackward1``."""
    return _BACKWARD.sub("", node.name())


class AccumulateGrad(Node):
    """The end of every path: adds the gradient that arrives to the leaf's ``.grad``."""

    __slots__ = ("variable",)
    multi = False

    def __init__(self, leaf: Tensor) -> None:
        self.variable = leaf
        self.next_nodes = self.next_indices = ()
        self.sequence = LAST
        self.hooks = None if leaf._meta is None else leaf._meta.hooks
        self.shape, self.dtype = leaf._array.shape, leaf._array.dtype
        self.code = None

    def _hooks(self) -> Hooks:  # they stay with the leaf, this node may not
        self.hooks = self.variable._own_meta().own_hooks()
        return self.hooks

    def backward(self, grad: Any) -> tuple[()]:
        """Keep the first gradient, add every later one in place: whoever holds ``.grad`` sees the sum."""
        leaf = self.variable
        if not leaf._requires_grad and leaf._node is None:  # no longer
            return ()
        kept = leaf._grad
        before = None
        if kept is None:
            kept = leaf._grad = leaf._gradient(grad)
        else:
            if grad_mode.special and grad_mode.state.observers:
                before = kept._array.copy()
            kept._array += grad
            kept._counter().version += 1
        if grad_mode.special and grad_mode.state.observers:
            tell("accumulate", leaf, before, grad, kept._array)
        return ()

    def backward_graph(self, grad: Tensor) -> tuple[()]:
        """With create_graph the sum is recorded too, so it is always a new tensor."""
        leaf = self.variable
        if not leaf.requires_grad:
            return ()
        before = leaf._grad
        after = leaf._gradient(np.zeros_like(grad._array)).copy_(grad) if before is None else before + grad
        leaf._grad = after
        if grad_mode.special and grad_mode.state.observers:
            tell("accumulate", leaf, None if before is None else before._array, grad._array, after._array)
        return ()


def accumulator(leaf: Tensor) -> AccumulateGrad:
    """The AccumulateGrad of a leaf: one at a time, held by the nodes that lead to it and not by the leaf."""
    node = None if leaf._accumulator is None else leaf._accumulator()
    if node is None:
        node = AccumulateGrad(leaf)
        leaf._accumulator = weakref.ref(node)
    return node


# What PyTorch has in torch.autograd.graph.


class saved_tensors_hooks:
    """Inside, every saved tensor is stored as ``pack_hook(tensor)`` and read back with ``unpack_hook(packed)``.

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.saved_tensors_hooks
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        if grad_mode.state.saved_tensors_disabled is not None:
            raise RuntimeError(grad_mode.state.saved_tensors_disabled)
        hooks = grad_mode.state.saved_tensors_hooks
        grad_mode.change(saved_tensors_hooks=(*hooks, (self.pack_hook, self.unpack_hook)))

    def __exit__(self, *exc: object) -> None:
        grad_mode.change(saved_tensors_hooks=grad_mode.state.saved_tensors_hooks[:-1])


class save_on_cpu(saved_tensors_hooks):
    """Saved tensors are kept as copies (in PyTorch: moved from the GPU to the CPU)."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor.detach().clone(), lambda packed: packed)


class disable_saved_tensors_hooks(grad_mode._Mode):
    """Inside, using ``saved_tensors_hooks`` raises RuntimeError(error_message)."""

    def __init__(self, error_message: str) -> None:
        self.error_message = error_message

    def clone(self) -> disable_saved_tensors_hooks:
        return type(self)(self.error_message)

    def modes(self) -> dict[str, Any]:
        return {"saved_tensors_disabled": self.error_message}


class GradientEdge(NamedTuple):
    """Where a tensor's gradient arrives: output ``output_nr`` of ``node``; stands for the tensor in grad()."""

    node: Node
    output_nr: int


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The gradient edge of a tensor that requires grad."""
    from .views import gradient_edge

    node = gradient_edge(tensor)
    if node is None:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    return GradientEdge(node, tensor._output_nr)


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Count a change in place that autograd could not see."""
    from ..tensor import Tensor

    tensors: Iterable[Tensor] = (tensor,) if isinstance(tensor, Tensor) else tensor
    for each in tensors:
        each._changed()
