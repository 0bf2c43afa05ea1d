"""Views and in-place changes: tensors that share memory, and what a write does to their history.

A view remembers its base, never the view it was taken from: where its elements lie is said by its strides and
its offset in the memory they share, whatever chain of slices and transposes made it. After a write to a view
the history of the *base* goes through the write (``CopySlices``), and every view of it gets a new ``grad_fn``
(``AsStridedBackward0``, made when it is next asked for) that leads to the base.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from .. import memory
from ..tensor import Meta, Tensor
from . import grad_mode, notes
from .graph import Edge, Node, accumulator, next_sequence, short_name
from .saved import SavedTensor, held

# How a view was made, where that forbids changing it in place later.
NO_GRAD, MULTI, INFERENCE, CUSTOM = "no_grad", "multi", "inference", "custom"

_AMBIGUOUS = (
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both "
    "the view and the inplace either both inside the {} block (if you don't want the inplace to be tracked) or both "
    "outside (if you want the inplace to be tracked)."
)
_WHY = {
    NO_GRAD: _AMBIGUOUS.format("no_grad"),
    INFERENCE: _AMBIGUOUS.format("inference_mode"),
    MULTI: "This view is the output of a function that returns multiple views. Such functions do not allow the output "
    "views to be modified inplace. You should replace the inplace operation by an out-of-place one.",
    CUSTOM: "This view was created inside a custom Function (or because an input was returned as-is) and the autograd "
    "logic to handle view+inplace would override the custom backward associated with the custom Function, leading to "
    "incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function.",
}


def as_view(view: Tensor, of: Tensor, multi: bool = False) -> Tensor:
    """Mark ``view`` as sharing the memory of ``of``."""
    view._meta = meta = view._meta or Meta()
    parent = of._meta
    meta.inference = parent is not None and parent.inference
    if meta.inference:  # nobody will ever ask for its history
        view._node = None
        return view
    meta.base = of if parent is None or parent.base is None else parent.base
    if grad_mode.special and not grad_mode.state.grad_enabled:
        meta.creation = INFERENCE if grad_mode.state.inference else NO_GRAD
    elif multi:
        meta.creation = MULTI
    elif parent is not None:
        meta.creation = parent.creation
    view._version_counter = counter = of._version_counter or of._counter()
    meta.seen_version = counter.version
    return view


# The history of a view


def gradient_edge(tensor: Tensor) -> Edge:
    """Where a tensor's gradient goes: to its grad_fn, or to the leaf that it is or stands for; None: nowhere."""
    node = tensor._node if tensor._meta is None else current_grad_fn(tensor)
    if node is not None:
        return (node, tensor._output_nr) if tensor._output_nr else node
    if not tensor._requires_grad:
        return None
    return tensor if tensor._accumulator is None else accumulator(tensor).variable


def current_grad_fn(tensor: Tensor) -> Node | None:
    """A tensor's grad_fn; a view's is made anew when its memory was changed through another tensor."""
    meta = tensor._meta
    if meta is None or meta.base is None:
        return tensor._node
    base = meta.base
    if tensor._node is None and not base.requires_grad:
        return None
    version = tensor._version_counter.version  # type: ignore[union-attr]
    if meta.seen_version != version:
        check_view(tensor, "its base or another view of its base has been")
        from ..ops.shaping import strided_node

        _set_edge(tensor, strided_node(base, tensor))
        meta.seen_version = version
    return tensor._node


def _set_edge(tensor: Tensor, node: Node) -> None:
    """Give a tensor another node. A ``retain_grad`` goes along, hooks stay with the value they were hung on."""
    before, number = tensor._node, tensor._output_nr
    tensor._node, tensor._output_nr, tensor._requires_grad = node, 0, False
    if before is not None and before.hooks is not None:
        kept = before.hooks.retained.get(number)
        if kept is not None and kept() is tensor:
            node._hooks().retained[0] = before.hooks.retained.pop(number)


def check_view(tensor: Tensor, what: str) -> None:
    """Refuse a change of a view whose history cannot be written down."""
    meta = tensor._meta
    if meta is None or meta.creation is None:
        return
    node, creation = tensor._node, meta.creation
    made = "" if node is None else f"Output {tensor._output_nr} of {short_name(node)} is a view"
    if creation in (MULTI, CUSTOM) and node is not None:
        text = f"{made} and {what} modified inplace."
    else:
        mode, then = ("inference", "in normal mode") if creation == INFERENCE else ("no_grad", "with grad mode enabled")
        begin = f"{made} of a view which was" if made else "A view was"
        text = f"{begin} created in {mode} mode and {what} modified inplace {then}."
    text = f"{text} {_WHY[creation]}"
    raise notes.explain(RuntimeError(text), "Use an index (x[0] is a view of its own) or change a .clone().")


# In-place changes


def check_inplace(tensor: Tensor, recorded: bool) -> None:
    """Raise where PyTorch refuses an in-place change. ``recorded``: the change itself would be recorded."""
    meta = tensor._meta
    if meta is not None and meta.inference and not grad_mode.state.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a "
            "normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
        )
    if not recorded or tensor._array.dtype.kind != "f":
        return
    if meta is not None and meta.base is not None:
        check_view(tensor, "is being")
        if tensor.requires_grad and meta.base.is_leaf:
            raise _leaf_error("a view of a leaf Variable", "The view shares the leaf's memory.")
    if tensor.requires_grad and tensor._node is None:  # (or a view whose grad_fn nobody has asked for since)
        raise _leaf_error("a leaf Variable", "A leaf is what gradients are taken with respect to: it has no history.")


def _leaf_error(what: str, why: str) -> RuntimeError:
    return notes.explain(
        RuntimeError(f"{what} that requires grad is being used in an in-place operation."),
        why,
        "Change it under torch.no_grad() (as an optimizer does), or write the operation out of place.",
    )


def rebase(tensor: Tensor, node: Node) -> None:
    """After a recorded in-place change made ``node``: the tensor's history, and its base's, now go through it."""
    base = tensor._base
    if base is None:
        _set_edge(tensor, node)
        return
    written = CopySlices(base, tensor, node)
    _set_edge(base, written)
    written.view_node = weakref.ref(current_grad_fn(tensor))  # type: ignore[arg-type]


def reshaped(tensor: Tensor, node: Node) -> None:
    """After ``t_`` and the like: the tensor has another shape and a node for that; a base has not changed."""
    _set_edge(tensor, node)
    if tensor._is_view():
        tensor._own_meta().seen_version = tensor._counter().version


class CopySlices(Node):
    """The history of a base after a write to one of its views.

    The gradient of the base goes on to what the base was before, except where the view lies: that part goes
    through the in-place operation (``fn``), and comes back as what it says.
    """

    __slots__ = ("base_strides", "offset", "view_node", "view_shape", "view_strides")
    owns_gradients = False  # what fn returns may be what it was given
    view_node: weakref.ref[Node]  # the view's grad_fn after the write

    def __init__(self, base: Tensor, view: Tensor, fn: Node) -> None:
        self.saved = (fn,)
        self.edges = (gradient_edge(base), *fn.edges[1:])
        fn.edges = self.edges  # it need not hold the view's history
        whole, part = base._array, view._array
        self.shape, self.dtype = whole.shape, whole.dtype
        self.base_strides, self.view_strides, self.view_shape = whole.strides, part.strides, part.shape
        self.offset = memory.offset(part) - memory.offset(whole)
        self.sequence, self.hooks = next_sequence(), None
        notes.stamp(self)

    def backward(self, grad: Any, edges: Sequence[Edge]) -> Any:
        (fn,) = held(self)
        whole = memory.like_strided(self.shape, self.base_strides, grad.dtype)
        whole[...] = grad
        part = memory.strided(whole, self.view_shape, self.view_strides, self.offset)
        first, *others = fn.backward([part.copy()] if fn.multi else part.copy(), edges)
        part[...] = 0 if first is None else first
        return [None if edges[0] is None else whole, *others]

    def backward_graph(self, grad: Any, edges: Sequence[Edge]) -> Any:
        (fn,) = held(self)
        whole = Tensor._plain(memory.like_strided(self.shape, self.base_strides, grad._array.dtype)).copy_(grad)
        size = self.dtype.itemsize
        part = whole.as_strided(self.view_shape, [step // size for step in self.view_strides], self.offset // size)
        saved = fn.saved
        fn.saved = tuple([self._with_history(entry, fn) for entry in saved])
        try:
            first, *others = fn.backward_graph([part.clone()] if fn.multi else part.clone(), edges)
        finally:
            fn.saved = saved
        if first is None:
            part.zero_()
        else:
            part.copy_(first)
        return [None if edges[0] is None else whole, *others]

    def _with_history(self, entry: Any, fn: Node) -> Any:
        """What ``fn`` saved; an output of its own as what it became: a view of the base after this write."""
        if type(entry) is not SavedTensor or entry.output_nr is None:
            return entry
        from ..ops.shaping import strided_node

        node = self.view_node()
        if node is None:
            base = Tensor._plain(memory.like_strided(self.shape, self.base_strides, self.dtype))
            base._node = self
            part = memory.strided(base._array, self.view_shape, self.view_strides, self.offset)
            node = strided_node(base, Tensor._plain(part))
        tensor = entry.unpack_tensor(fn)
        tensor._node, tensor._output_nr = node, 0
        return SavedTensor(tensor)
