"""Views and in-place changes: tensors that share memory, and what a write does to their history.

A view remembers its base. Where the elements of a view lie in its base is one integer array (``locate``),
whatever chain of slices and transposes made it; the gradient of a write goes through that array.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import grad_mode, notes
from .graph import Hooks, Node, accumulator, next_sequence, short_name

if TYPE_CHECKING:
    from ..tensor import Tensor

# How a view was made, where that forbids changing it in place later.
NO_GRAD, MULTI, INFERENCE, CUSTOM = "no_grad", "multi", "inference", "custom"

_NO_GRAD_VIEW = (
    "A view was created in {} mode and is being modified inplace with grad mode enabled. Given that this use case is "
    "ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace "
    "either both inside the {} block (if you don't want the inplace to be tracked) or both outside (if you want the "
    "inplace to be tracked)."
)


class Meta:
    """What only some tensors have: a base they are a view of, hooks, the mark of inference mode."""

    __slots__ = ("base", "creation", "hooks", "inference", "seen_version")

    def __init__(self) -> None:
        self.base: Tensor | None = None
        self.creation: str | None = None
        self.seen_version = 0  # the version at which the view's grad_fn was right
        self.hooks: Hooks | None = None  # a leaf's, until it has an AccumulateGrad to hang them on
        self.inference = False

    def own_hooks(self) -> Hooks:
        if self.hooks is None:
            self.hooks = Hooks()
        return self.hooks


def as_view(view: Tensor, of: Tensor, multi: bool = False) -> Tensor:
    """Mark ``view`` as sharing the memory of ``of``."""
    meta = view._own_meta()
    parent = of._meta
    meta.base = of if parent is None or parent.base is None else parent.base
    if parent is not None and parent.creation is not None:
        meta.creation = parent.creation
    elif multi:
        meta.creation = MULTI
    elif grad_mode.special and not grad_mode.state.grad_enabled:
        meta.creation = INFERENCE if grad_mode.state.inference else NO_GRAD
    view._version_counter = counter = of._counter()
    meta.seen_version = counter.version
    return view


def locate(base: Tensor, view: Tensor) -> np.ndarray:
    """For each element of ``view`` its index in ``base`` flattened (int64, shape of the view)."""
    whole, part = base._array, view._array
    size = whole.itemsize
    offset = (part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]) // size
    addresses = np.full(part.shape, offset, dtype=np.int64)
    for axis, (length, stride) in enumerate(zip(part.shape, part.strides, strict=True)):
        steps = np.arange(length) * (stride // size)
        addresses += steps.reshape((-1,) + (1,) * (part.ndim - axis - 1))
    if whole.flags.c_contiguous:
        return addresses
    at = np.empty(0, dtype=np.int64)
    whole_addresses = np.zeros(whole.shape, dtype=np.int64)
    for axis, (length, stride) in enumerate(zip(whole.shape, whole.strides, strict=True)):
        steps = np.arange(length) * (stride // size)
        whole_addresses += steps.reshape((-1,) + (1,) * (whole.ndim - axis - 1))
    at = np.zeros(int(whole_addresses.max(initial=0)) + 1, dtype=np.int64)
    at[whole_addresses.reshape(-1)] = np.arange(whole.size)
    return at[addresses]


def gradient_edge(tensor: Tensor) -> Node | None:
    """The node that receives a tensor's gradient: its grad_fn, or a leaf's AccumulateGrad, or None."""
    node = tensor._node if tensor._meta is None else current_grad_fn(tensor)
    if node is None and tensor._requires_grad:
        return accumulator(tensor)
    return node


def current_grad_fn(tensor: Tensor) -> Node | None:
    """A tensor's grad_fn; a view's is made anew when its memory was changed through another tensor."""
    meta = tensor._meta
    if meta is None or meta.base is None:
        return tensor._node
    base = meta.base
    if tensor._node is None and not base.requires_grad:
        return None
    version = tensor._version_counter.version
    if meta.seen_version != version and base.requires_grad:
        if meta.creation is not None:
            check_view(tensor)
        tensor._node, tensor._output_nr = AsStridedBackward0(base, tensor), 0
        meta.seen_version = version
    return tensor._node


def check_view(tensor: Tensor) -> None:
    """Refuse to change a view whose history cannot be written down."""
    creation = tensor._meta.creation
    if creation == MULTI:
        node = tensor._node
        which = f"Output {tensor._output_nr} of {short_name(node)}" if node is not None else "This tensor"
        raise notes.explain(
            RuntimeError(
                f"{which} is a view and is being modified inplace. This view is the output of a function that returns "
                "multiple views. Such functions do not allow the output views to be modified inplace. You should replace "
                "the inplace operation by an out-of-place one."
            ),
            "Use an index (x[0], a view of its own) or change a .clone().",
        )
    if creation == CUSTOM:
        node = tensor._node
        which = f"Output {tensor._output_nr} of {short_name(node)}" if node is not None else "This tensor"
        raise RuntimeError(
            f"{which} is a view and is being modified inplace. This view was created inside a custom Function (or because "
            "an input was returned as-is) and the autograd logic to handle view+inplace would override the custom backward "
            "associated with the custom Function, leading to incorrect gradients. This behavior is forbidden. You can fix "
            "this by cloning the output of the custom Function."
        )
    if creation in (NO_GRAD, INFERENCE):
        raise RuntimeError(_NO_GRAD_VIEW.format(creation, creation))


def check_inplace(tensor: Tensor, recorded: bool) -> None:
    """Raise where PyTorch refuses an in-place change. ``recorded``: the change itself would be recorded."""
    meta = tensor._meta
    if meta is not None and meta.inference and not grad_mode.state.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a "
            "normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
        )
    if not recorded:
        return
    if meta is not None and meta.base is not None:
        if meta.creation is not None:
            check_view(tensor)
        if tensor.requires_grad and meta.base.is_leaf:
            raise _leaf_error("a view of a leaf Variable", "The view shares the leaf's memory.")
    if tensor._requires_grad and tensor._node is None:
        raise _leaf_error("a leaf Variable", "A leaf is what gradients are taken with respect to: it has no history.")


def _leaf_error(what: str, why: str) -> RuntimeError:
    return notes.explain(
        RuntimeError(f"{what} that requires grad is being used in an in-place operation."),
        why,
        "Change it under torch.no_grad() (as an optimizer does), or write the operation out of place.",
    )


def rebase(tensor: Tensor, node: Node) -> None:
    """After a recorded in-place change made ``node``: the tensor's history, and its base's, now go through it."""
    meta = tensor._meta
    if meta is None or meta.base is None:
        tensor._node, tensor._output_nr, tensor._requires_grad = node, 0, False
        return
    base = meta.base
    base._node, base._output_nr, base._requires_grad = CopySlices(base, tensor, node), 0, False
    current_grad_fn(tensor)


class _Strided(Node):
    """A node that knows where a view lies in its base, and shows it as PyTorch does."""

    __slots__ = ("_geometry", "_where_in_base")

    def _place(self, base: Tensor, view: Tensor) -> None:
        size = view._array.itemsize
        offset = view._array.__array_interface__["data"][0] - base._array.__array_interface__["data"][0]
        self._geometry = view._array.shape, tuple(s // size for s in view._array.strides), offset // size
        self._where_in_base = locate(base, view)
        self.sequence, self.hooks = next_sequence(), None
        notes.stamp(self)

    _saved_size = property(lambda self: self._geometry[0])
    _saved_stride = property(lambda self: self._geometry[1])
    _saved_storage_offset = property(lambda self: self._geometry[2])


class AsStridedBackward0(_Strided):
    """Leads from a view to its base, after the base's memory was changed."""

    __slots__ = ()

    def __init__(self, base: Tensor, view: Tensor) -> None:
        self.next_nodes, self.next_indices = (gradient_edge(base),), (base._output_nr,)
        self.shape, self.dtype = view._array.shape, view._array.dtype
        self._place(base, view)

    def backward(self, grad: Any) -> Any:
        from ..ops.dual import scatter_flat

        base = self.next_nodes[0]
        assert base is not None
        return (scatter_flat(grad, self._where_in_base, base.shape),)

    backward_graph = backward


class CopySlices(_Strided):
    """The history of a base after a write to one of its views.

    The gradient of the base goes on to what the base was before, except where the view lies: that part goes
    through the in-place operation (``fn``), and comes back as what it says.
    """

    __slots__ = ("fn",)

    def __init__(self, base: Tensor, view: Tensor, fn: Node) -> None:
        self.fn = fn
        self.next_nodes = (gradient_edge(base), *fn.next_nodes[1:])
        self.next_indices = (base._output_nr, *fn.next_indices[1:])
        self.shape, self.dtype = base._array.shape, base._array.dtype
        self._place(base, view)

    def backward(self, grad: Any) -> Any:
        whole = np.array(grad, order="C")
        flat = whole.reshape(-1)
        part = flat[self._where_in_base]
        first, *others = self.fn.backward(part)
        flat[self._where_in_base] = 0 if first is None else first
        return [whole, *others]

    def backward_graph(self, grad: Any) -> Any:
        from ..ops.dual import gather_flat, put_flat

        first, *others = self.fn.backward_graph(gather_flat(grad, self._where_in_base))
        return [put_flat(grad, self._where_in_base, first), *others]

    def release(self, freed: Any) -> None:
        self.fn.release(freed)

    def saved_bytes(self) -> int:
        return self.fn.saved_bytes()
