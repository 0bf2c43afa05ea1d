"""What a node saves for its backward, and the two checks on the way out: freed, and changed since.

An input that has never been changed in place is saved as it is: the bare Tensor *means* "saved at version 0".
Everything else (an output, a tensor changed before, a pack hook) is wrapped in a SavedTensor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor, VersionCounter
from . import grad_mode, notes
from .graph import AccumulateGrad, Edge, Node, as_pair, short_name


class Freed:
    """Stands where the saved tensors were, and remembers who let them go."""

    __slots__ = ("where",)

    def __init__(self, where: notes.Place) -> None:
        self.where = where


class SavedTensor:
    """A saved tensor with its version. An output is kept without its node: holding that would be a cycle.

    Where a pack hook took the tensor, ``packed`` is what it made of it and ``edge`` where the tensor's gradient goes.
    """

    __slots__ = ("array", "counter", "edge", "output_nr", "packed", "tensor", "unpack_hook", "version", "was_leaf")
    array: Any  # None where a pack hook took the tensor
    tensor: Tensor | None  # the same, and None for an output
    output_nr: Any  # which output of its node it is; None for an input
    unpack_hook: Callable[[Any], Any] | None

    def __init__(self, tensor: Tensor, is_output: bool = False) -> None:
        self.array = tensor._array
        self.counter = tensor._version_counter or tensor._counter()
        self.version = self.counter.version
        if is_output:
            self.tensor, self.output_nr = None, tensor._output_nr
        else:
            self.tensor, self.output_nr, self.was_leaf = tensor, None, tensor._node is None
        self.unpack_hook = None
        if grad_mode.special and grad_mode.state.saved_tensors_hooks:
            pack_hook, unpack_hook = grad_mode.state.saved_tensors_hooks[-1]
            self.register_hooks(pack_hook, unpack_hook, self.tensor)

    def register_hooks(
        self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Any], given: Tensor | None = None
    ) -> None:
        """Store it as ``pack_hook(given)``, by default detached, and read it back with ``unpack_hook(packed)``."""
        from .views import gradient_edge

        if self.unpack_hook is not None:
            raise RuntimeError(
                "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only one pair of "
                "hooks is allowed at a time."
            )
        self.edge: Edge = None if self.tensor is None else gradient_edge(self.tensor)
        given = _standing(self.array, self.counter) if given is None else given
        before = given._version
        with grad_mode.no_grad():
            self.packed = pack_hook(given)
        if given._version != before:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook "
                "cannot be modified by in-place operations as this can lead to unexpected side-effects. Please open an "
                "issue if you need to perform in-place operations on the input to a pack hook."
            )
        self.unpack_hook, self.array, self.tensor = unpack_hook, None, None

    def unpack_array(self, node: Node) -> np.ndarray:
        if self.unpack_hook is not None:
            return self._unpacked()._array
        if self.counter.version != self.version:
            raise changed(node, self)
        if self.tensor is not None and self.tensor._node is None and not self.was_leaf:
            raise cut_off(node)
        return self.array

    def unpack_tensor(self, node: Node) -> Tensor:
        if self.unpack_hook is not None:
            return self._with_history(self._unpacked(), node)
        array = self.unpack_array(node)
        return _standing(array, self.counter, node, self.output_nr) if self.tensor is None else self.tensor

    def _unpacked(self) -> Tensor:
        tensor = self.unpack_hook(self.packed)  # type: ignore[misc]
        if not isinstance(tensor, Tensor):
            kind = type(tensor).__name__
            raise TypeError(f"Output of saved tensor unpack_hook expected to be a Tensor but got result of type {kind}")
        return tensor

    def _with_history(self, unpacked: Tensor, node: Node) -> Tensor:
        """What a hook gave back stands in the saved tensor's place in the graph, wherever it was meanwhile."""
        maker, number = as_pair(self.edge) if self.output_nr is None else (node, self.output_nr)
        if maker is None:
            return unpacked
        if not isinstance(maker, AccumulateGrad):
            return _standing(unpacked._array, unpacked._counter(), maker, number)
        tensor = _standing(unpacked._array, unpacked._counter())
        tensor._requires_grad, tensor._accumulator = True, lambda: maker  # it stands for this leaf
        return tensor


def _standing(array: np.ndarray, counter: VersionCounter, node: Node | None = None, output_nr: int = 0) -> Tensor:
    """A tensor in the place of a saved one."""
    tensor = Tensor._plain(array)
    tensor._version_counter, tensor._node, tensor._output_nr = counter, node, output_nr
    return tensor


def save(tensor: Tensor) -> Tensor | SavedTensor:
    """What a node keeps of an input."""
    if grad_mode.special and grad_mode.state.saved_tensors_hooks:
        return SavedTensor(tensor)
    if tensor._meta is not None:
        if tensor._meta.inference:
            text = (
                "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode "
                "in computation tracked by autograd. To work around this, you can make a clone to get a normal tensor "
                "and use it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
            )
            raise notes.told(RuntimeError(text))
        if tensor._meta.detached:
            return SavedTensor(tensor)
    counter = tensor._version_counter
    return tensor if counter is None or counter.version == 0 else SavedTensor(tensor)


def held(node: Node) -> tuple[Any, ...]:
    """What a node saved. RuntimeError: an earlier backward has let it go."""
    if type(node.saved) is not Freed:
        return node.saved
    error = RuntimeError(
        "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
        "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). "
        "Specify retain_graph=True if you need to backward through the graph a second time or if you need to access "
        "saved tensors after calling backward."
    )
    raise notes.explain(
        error,
        f"{node.name()} (made in {notes.describe(node.where)}) let its saved tensors go in the first backward"
        f" ({notes.describe(node.saved.where)}).",
        "Give that one retain_graph=True, or run the forward again before the second backward.",
    )


_PLAIN = {np.ndarray, type(None), float, int, bool}  # numbers are kept as arrays of the tensor's dtype, mostly


def as_array(entry: Any, node: Node) -> Any:
    """One saved tensor as an array; a list where there are several under one name.

    Raises:
        RuntimeError: it was changed in place since it was saved.
    """
    kind = type(entry)
    if kind in _PLAIN:
        return entry
    if kind is SavedTensor:
        return entry.unpack_array(node)
    if kind is tuple:
        return [as_array(each, node) for each in entry]
    counter = entry._version_counter
    if counter is not None:
        if counter.version:
            raise changed(node, entry)
        if entry._meta is not None and entry._meta.detached:
            raise cut_off(node)
    return entry._array


def as_tensor(entry: Any, node: Node) -> Any:
    """The same as a Tensor, or several."""
    if type(entry) is SavedTensor:
        return entry.unpack_tensor(node)
    if type(entry) is tuple:
        return tuple([as_tensor(each, node) for each in entry])
    array = as_array(entry, node)  # unchanged?
    return Tensor._plain(array) if type(entry) is np.ndarray else entry


def raw(node: Node, place: int) -> Any:
    """A saved tensor of a node as the SavedTensor (or several) that takes ``register_hooks``."""
    if type(node.saved) is Freed:
        raise RuntimeError(
            "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values of the graph "
            "are freed when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward "
            "through the graph a second time or if you need to access saved variables after calling backward."
        )
    wrapped = _wrapped(node.saved[place])
    node.saved = (*node.saved[:place], wrapped, *node.saved[place + 1 :])
    return wrapped


def _wrapped(entry: Any) -> Any:
    if entry is None:
        raise RuntimeError("Calling register_hooks on a saved tensor with value None is forbidden")
    if type(entry) is SavedTensor:
        return entry
    if type(entry) is tuple:
        return tuple([_wrapped(each) for each in entry])
    saved = SavedTensor(entry if isinstance(entry, Tensor) else Tensor._of(entry))
    saved.version = 0
    return saved


def saved_bytes(saved: Any) -> int:
    """Bytes of what a node saved."""
    if type(saved) is tuple:
        return sum(map(saved_bytes, saved))
    if isinstance(saved, Node):  # the operation that wrote to a view
        return saved_bytes(saved.saved)
    array = saved.array if type(saved) is SavedTensor else getattr(saved, "_array", None)
    return 0 if array is None else array.nbytes


def cut_off(node: Node) -> RuntimeError:
    """The error for a saved tensor that lost its history."""
    error = RuntimeError(
        "Trying to use a saved tensor that has been detached in-place, i.e. with .detach_().This is not supported, "
        "please use out-of-place `.detach()` instead"
    )
    return notes.explain(
        error,
        f"{node.name()} (made in {notes.describe(node.where)}) saved it when it still had a grad_fn.",
        "Write y = y.detach(), or call detach_() after the backward.",
    )


def changed(node: Node, saved: Any) -> RuntimeError:
    """The error for a saved tensor that was changed in place; ``saved`` is a SavedTensor or a bare Tensor."""
    expected, tensor = (saved.version, saved.tensor) if type(saved) is SavedTensor else (0, saved)
    if tensor is None:
        tensor = _standing(saved.array, saved.counter, node, saved.output_nr)
    maker, version, where = tensor.grad_fn, tensor._version, tensor._counter().where
    origin = "" if maker is None else f", which is output {tensor._output_nr} of {short_name(maker)},"
    hint = (
        "the backtrace further above shows the operation that failed to compute its gradient. The variable in question "
        "was changed in there or anywhere later. Good luck!"
        if grad_mode.state.anomaly is not None
        else "enable anomaly detection to find the operation that failed to compute its gradient, with "
        "torch.autograd.set_detect_anomaly(True, check_nan=False)."
    )
    error = RuntimeError(
        f"one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[{tensor.type()} {list(tensor.shape)}]{origin} is at version {version}; "
        f"expected version {expected} instead. Hint: {hint}"
    )
    return notes.explain(
        error,
        f"{node.name()} saved it at version {expected} ({notes.describe(node.where)});"
        f" it was changed to version {version} ({notes.describe(where)}).",
        "Write the change out of place (y = y + 1 instead of y += 1), change a .clone(), or change it before its use.",
    )
