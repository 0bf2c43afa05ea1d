"""The graph: nodes, the edges between them, and the leaves' AccumulateGrad.

A tensor points to the node that made it (``grad_fn``); a node points to the nodes that made its inputs
(``next_functions``). Nothing points the other way, so a graph has no reference cycles and goes at once
with the last tensor that holds it.
"""

from __future__ import annotations

import itertools
import re
import weakref
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import CodeType, SimpleNamespace
from typing import Any, Literal, NamedTuple

import numpy as np

from ..dtypes import CPU, FROM_NUMPY
from ..tensor import Tensor
from . import grad_mode, notes
from .observe import tell

next_sequence = itertools.count().__next__
LAST = 2**64 - 1  # the sequence number of an AccumulateGrad, as PyTorch has it
Edge = Any  # Node | tuple[Node, int] | Tensor | None
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

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
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

    ``edges[i]`` says where the gradient of input i goes: to a node, to one of a node's outputs ``(node, number)``,
    straight to a leaf (a Tensor), or nowhere (None). ``shape`` and ``dtype`` are those of the output, hence of the
    incoming gradient; a node with several outputs is ``multi``: it has tuples there, and takes a list of gradients.
    """

    __slots__ = ("__weakref__", "code", "dtype", "edges", "hooks", "instruction", "saved", "sequence", "shape")
    multi = False
    owns_gradients = True  # its backward returns arrays nobody else has, or the very one it was given

    edges: tuple[Edge, ...]
    shape: Any
    dtype: Any
    saved: Any  # what its backward needs; a Freed once that is gone
    sequence: int
    hooks: Hooks | None
    code: CodeType | None  # the learner's code that made it, and the instruction there: see notes.py
    instruction: int

    def backward(self, grad: Any, edges: Sequence[Edge]) -> Any:
        """A gradient (or None) for each of its ``edges``, from the gradient of the output (arrays).

        Where an edge is None, here and not in the node, its gradient is not wanted this time.
        """
        raise NotImplementedError

    def backward_graph(self, grad: Any, edges: Sequence[Edge]) -> Any:
        """The same on Tensors, itself recorded: what ``create_graph=True`` runs."""
        raise NotImplementedError

    @property
    def where(self) -> notes.Place:
        """The place in the learner's code that made it."""
        return None if self.code is None else (self.code, self.instruction)

    @notes.telling
    def __call__(self, *grads: Tensor | None) -> Any:
        """Run this node alone: the gradients of its inputs (one is not wrapped in a tuple)."""
        expected = len(self.shape) if self.multi else 1
        if len(grads) != expected:
            raise TypeError(f"expected {expected} arguments, got {len(grads)} instead")
        found = self.backward_graph(list(grads) if self.multi else grads[0], self.edges)
        return found[0] if len(found) == 1 else tuple(found)

    # What PyTorch shows of a node.

    def name(self) -> str:
        """The name of the derivative: ``MulBackward0``; nodes written by hand carry PyTorch's namespace."""
        title = type(self).__name__
        return title if _BACKWARD.search(title) else f"torch::autograd::{title}"

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The edges to the nodes of the inputs: (node or None, which output of it)."""
        return tuple([as_pair(edge) for edge in self.edges])

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
        kinds = zip(self.shape, self.dtype, strict=True) if self.multi else [(self.shape, self.dtype)]
        return tuple([SimpleNamespace(shape=list(shape), dtype=FROM_NUMPY[kind], device=CPU) for shape, kind in kinds])

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
    """The end of every path as PyTorch shows it: what adds a gradient to the leaf's ``.grad``.

    The edges lead to the leaf itself; this is made when somebody looks at it.
    """

    __slots__ = ("own", "variable")
    edges, saved, sequence, code = (), (), LAST, None

    def __init__(self, leaf: Tensor) -> None:
        self.variable = leaf
        self.hooks = None if leaf._meta is None else leaf._meta.hooks
        self.shape, self.dtype = leaf._array.shape, leaf._array.dtype
        self.own = False  # whether nobody else has the array it is about to be given

    def _hooks(self) -> Hooks:  # they stay with the leaf, this node may not
        meta = self.variable._own_meta()
        self.hooks = meta.hooks = meta.hooks or Hooks()
        return self.hooks

    def backward(self, grad: Any, edges: Sequence[Edge]) -> tuple[()]:
        """Add an array."""
        accumulate(self.variable, grad, self.own)
        return ()

    def backward_graph(self, grad: Tensor, edges: Sequence[Edge]) -> tuple[()]:
        """With create_graph the sum is recorded too, so it is always a new tensor."""
        leaf = self.variable
        if not leaf.requires_grad:
            return ()
        before = leaf._grad
        after = Tensor._of(np.zeros_like(leaf._array)).copy_(grad) if before is None else before + grad
        leaf._grad = after
        if grad_mode.special:
            tell("accumulate", leaf, None if before is None else before._array, grad._array, after._array)
        return ()


def accumulate(leaf: Tensor, grad: Any, own: bool) -> None:
    """Keep the first gradient (a copy of what is not its ``own``), add every later one in place.

    So whoever holds ``.grad`` sees the sum. PyTorch counts the copy as a change.
    """
    if not leaf._requires_grad and leaf._node is None:  # no longer
        return
    kept, before = leaf._grad, None
    if kept is not None:
        array = kept._array
        if grad_mode.special and grad_mode.state.observers:
            before = array.copy()
        try:
            array += grad
        except ValueError:  # .data has been given another shape
            from ..ops.arguments import broadcast_error

            raise broadcast_error(array.shape, grad.shape) from None
        (kept._version_counter or kept._counter()).version += 1
    elif own:
        leaf._grad = Tensor._plain(grad if type(grad) is np.ndarray else np.asarray(grad))
    else:
        leaf._grad = kept = Tensor._of(np.array(grad, order="C" if leaf._array.flags.c_contiguous else "K"))
        kept._counter().version = 1
    if grad_mode.special:
        tell("accumulate", leaf, before, grad, leaf._grad._array)  # type: ignore[union-attr]


def accumulator(leaf: Tensor) -> AccumulateGrad:
    """The AccumulateGrad of a leaf: the same one as long as somebody holds it."""
    node = None if leaf._accumulator is None else leaf._accumulator()
    if node is None:
        node = AccumulateGrad(leaf)
        leaf._accumulator = weakref.ref(node)
    return node


def as_pair(edge: Edge) -> tuple[Any, int]:
    """An edge as PyTorch has it: the node (for a leaf its AccumulateGrad) and which output of it."""
    if type(edge) is tuple:
        return edge
    return (accumulator(edge) if isinstance(edge, Tensor) else edge), 0


# What PyTorch has in torch.autograd.graph.


class saved_tensors_hooks(grad_mode.Mode):
    """Inside, every saved tensor is stored as ``pack_hook(tensor)`` and read back with ``unpack_hook(packed)``.

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.saved_tensors_hooks
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self) -> None:
        if grad_mode.state.saved_tensors_disabled is not None:
            raise RuntimeError(grad_mode.state.saved_tensors_disabled)
        hooks = (*grad_mode.state.saved_tensors_hooks, (self.pack_hook, self.unpack_hook))
        self.modes = {"saved_tensors_hooks": hooks}
        super().__enter__()


class save_on_cpu(saved_tensors_hooks):
    """Saved tensors are moved to the CPU; here they are there already."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: tensor, lambda packed: packed)


class disable_saved_tensors_hooks(grad_mode.Mode):
    """Inside, using ``saved_tensors_hooks`` raises RuntimeError(error_message)."""

    def __init__(self, error_message: str) -> None:
        super().__init__(saved_tensors_disabled=error_message)


class GradientEdge(NamedTuple):
    """Where a tensor's gradient arrives: output ``output_nr`` of ``node``; stands for the tensor in grad()."""

    node: Node
    output_nr: int
    ownership_token: Node | None = None  # what PyTorch needs to keep the graph alive; here the node does


@notes.telling
def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The gradient edge of a tensor that requires grad."""
    from .views import gradient_edge

    edge = gradient_edge(tensor)
    if edge is None:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    return GradientEdge(*as_pair(edge))


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Count a change in place that autograd could not see."""
    for each in (tensor,) if isinstance(tensor, Tensor) else tensor:
        each._changed()


class _Handles(RemovableHandle):
    """Takes several hooks away again."""

    def __init__(self, handles: list[RemovableHandle]) -> None:
        self.handles = handles

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()


class OneOfSeveral(partial[None]):
    """A hook on one of several tensors. Observers are told of the learner's, when all of them have called it."""


@notes.telling
def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[[Any], None], *, mode: Literal["all", "any"] = "all"
) -> RemovableHandle:
    """Call ``fn`` once in a backward pass that comes to some of ``tensors``.

    Args:
        mode: "all" waits for all of their gradients that the pass computes, and gives ``fn`` a list of them (None for
            a tensor that it does not come to); "any" gives it the first. (PyTorch does not count the tensor that a pass
            starts from, so that there the hook is called too early, or never.)

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.graph.register_multi_grad_hook
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    passes: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()  # what has arrived in each

    def arrive(place: int, grad: Tensor) -> None:
        care = grad_mode.state.care
        if care not in passes:
            awaited = 1 if mode == "any" else sum(care.reaches(end()) for end, _ in ends)
            passes[care] = [None] * len(ends), awaited
        grads, awaited = passes[care]
        grads[place], passes[care] = grad, (grads, awaited - 1)
        if awaited == 1:
            fn(grad if mode == "any" else list(grads))
            tell("several_hook", mode, [(end(), number) for end, number in ends], list(grads))

    tensors = [tensor for tensor in tensors if mode == "all" or tensor.requires_grad]
    if not all(tensor.requires_grad for tensor in tensors):
        raise AssertionError("Expected gradient function to be set")
    # their hooks must not hold them
    ends: list[Any] = [(weakref.ref(tensor.grad_fn or tensor), tensor.output_nr) for tensor in tensors]
    return _Handles([tensor.register_hook(OneOfSeveral(arrive, place)) for place, tensor in enumerate(tensors)])
