"""The records of a recording: which of a run's tensors, nodes and saved tensors is which of the engine's.

The engine tells of what it does, not of what there was before or is made aside; so a tensor or node that nobody has
told about gets its record where it is first met, from its graph, its memory and the tensor whose gradient it is.
"""

from __future__ import annotations

import functools
import itertools
import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from types import FrameType
from typing import Any

import numpy as np

from minigrad.autograd.graph import AccumulateGrad
from minigrad.autograd.saved import SavedTensor
from minigrad.tensor import Tensor
from viz.cast import ChipRecord, EdgeRecord, Event, NodeRecord, Snap, TensorRecord, number
from viz.naming import Naming, tensors_in
from viz.sources import Source, is_learners, line_of, segment
from viz.texts import say

_BETWEEN = ("viz.recorder", __name__, "minigrad.autograd.observe", "minigrad.autograd.notes", "minigrad.tensor")


class Deaths:
    """What weak references tell when a tensor or node goes. It holds nothing that could hold the recorder."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.seen: list[tuple[Any, int | None]] = []
        self.unseen = False  # nobody is recording, or the collector runs: when it does is chance, and must not show

    def watch(self, record: Any) -> Callable[[Any], None]:
        """What to call when the tensor or node of ``record`` goes."""
        return functools.partial(self._gone, record)

    def collector(self, phase: str, info: dict[str, int]) -> None:
        """Told by Python's garbage collector when it begins and ends."""
        self.unseen = phase == "start"

    def _gone(self, record: Any, reference: Any) -> None:
        if self.unseen:
            return
        line: int | None = None
        frame: FrameType | None = sys._getframe()
        while frame is not None and line is None:
            line = line_of(frame, self.sources)
            frame = frame.f_back
        self.seen.append((record, line))


class Records:
    """The cast of a run while it is recorded, found again by the tensors and nodes that are alive."""

    def __init__(self) -> None:
        self.deaths = Deaths()
        self.sources = self.deaths.sources
        self.events: list[Event] = []
        self.tensors: list[TensorRecord] = []
        self.nodes: list[NodeRecord] = []
        self.edges: list[EdgeRecord] = []
        self._by_tensor: dict[int, tuple[TensorRecord, weakref.ref[Any]]] = {}
        self._by_node: dict[int, tuple[NodeRecord, weakref.ref[Any]]] = {}
        self._naming = Naming(self._by_tensor)
        # What the block's variables held before it, by id().
        self._earlier: dict[int, tuple[weakref.ref[Any], Snap]] = {}
        self._changes: list[list[Any]] = []  # since the last event
        self._held: dict[ChipRecord, None] = {}
        self._bytes: int | None = 0  # what they amount to; None: to be counted again
        self._frames: list[FrameType] = []  # the learner's, the innermost first
        self._line: int | None = None
        self._modules: list[tuple[Any, str]] = []  # the modules whose forward is running, with their paths
        self._alone = False  # minigrad runs operations and passes of its own: see recorder.py

    @property
    def _frame(self) -> FrameType | None:
        """The learner's frame that is running."""
        return self._frames[0] if self._frames else None

    def _known(self, tensor: Any) -> TensorRecord | None:
        found = self._by_tensor.get(id(tensor))
        return found[0] if found is not None and found[1]() is tensor else None

    def _set(self, record: Any, attribute: str, value: Any) -> None:
        """Note a change; what is so already is no change."""
        state = record.__dict__.setdefault("now", {})
        if attribute not in state:
            state[attribute] = getattr(record.cast, attribute)
        if state[attribute] != value:
            state[attribute] = value
            self._changes.append([record, attribute, value])

    def _now(self, record: Any, attribute: str) -> Any:
        return record.__dict__.get("now", {}).get(attribute, getattr(record.cast, attribute))

    def _new_tensor(self, tensor: Any, made: int) -> TensorRecord:
        record = TensorRecord(made, Snap(tensor._array))
        record.line, record.scope = self._line, self._naming.scope
        record.cast.requires_grad = tensor.requires_grad
        record.cast.version = 0 if tensor.is_inference() else tensor._version
        record.cast.leaf = tensor.is_leaf
        record.key = id(tensor)
        self._by_tensor[record.key] = record, weakref.ref(tensor, self.deaths.watch(record))
        self.tensors.append(record)
        record.quiet = self._alone
        self._set(record, "visible", not self._alone)
        base = tensor._base
        if base is not None:
            record.memory = self._tensor(base).memory
        return record

    def _tensor(self, tensor: Any) -> TensorRecord:
        """The record of a tensor; one that nobody told about was there before, or is a leaf's gradient."""
        known = self._known(tensor) or self._unpacked(tensor)
        if known is not None:
            return known
        record = self._unseen(tensor)
        if node_of(tensor) is None:
            if tensor.grad is not None:
                record.cast.grad = Snap(tensor.grad._array).value
            self._own_node(record)
        else:
            node = self._node(node_of(tensor), {id(tensor._array): record})
            record.node = node
            record.cast.grad_fn = node.cast.label
            while len(node.outputs) <= tensor.output_nr:
                node.outputs.append(record)
            node.outputs[tensor.output_nr] = record
            node.tensor = node.tensor or record
            if tensor.retains_grad and tensor.grad is not None:
                record.cast.grad = Snap(tensor.grad._array).value
        return record

    def _unseen(self, tensor: Any, changed: bool = False) -> TensorRecord:
        """The record of a tensor that nobody told about, as it was before this step; which may have ``changed`` it."""
        record = self._new_tensor(tensor, -1)
        made, record.line = record.snap, None
        earlier = self._earlier.get(id(tensor))
        if earlier is not None and earlier[0]() is tensor:
            record.was(earlier[1])
        elif runs("dropout"):
            record.expression = say("mask")
        if changed or node_of(tensor) is None:
            owner = self._owner_of(tensor)
            if owner is not None:
                record.owner, record.of_gradient = owner, True
                self._set(record, "visible", False)  # it stands in its owner's row
            else:
                twin = self._twin_of(tensor)
                record.guessed = twin is None and record.snap is made
                if twin is not None:  # whose numbers are those from before this change
                    record.was(twin.snap)
                if self._frame is not None and ".data" in segment(self._frame):
                    record.data_of = twin
        return record

    def _unpacked(self, tensor: Any) -> TensorRecord | None:
        """The record of a result that its node saved, and has made a tensor of again: to the learner it is the same."""
        box = None if tensor._node is None else self._known_node(tensor._node)
        if box is None or tensor._output_nr >= len(box.outputs):
            return None
        record = box.outputs[tensor._output_nr]
        if record.node is not box or not record.snap.is_of(tensor._array):
            return None
        self._by_tensor[id(tensor)] = record, weakref.ref(tensor)
        return record

    def remember(self, variables: dict[str, Any]) -> None:
        """Before a block runs: what is known is read again, and what its variables hold is looked at."""
        self._read_again()
        self._earlier = {}
        for name, value in variables.items():
            for _, tensor in tensors_in(name, value, variables.get("__name__", "")):
                for seen in (tensor, tensor._grad):
                    if seen is not None:
                        self._earlier[id(seen)] = weakref.ref(seen), Snap(seen._array)

    def _owner_of(self, gradient: Any) -> TensorRecord | None:
        seen = (tensor for _, tensor in self._living())
        unseen = (reference() for key, (reference, _) in self._earlier.items() if key not in self._by_tensor)
        for tensor in itertools.chain(seen, unseen):
            kept = None if tensor is None else tensor._grad
            if kept is not None and (kept is gradient or kept._array is gradient._array):  # or its .data
                return self._tensor(tensor)
        return None

    def _living(self) -> Iterator[tuple[TensorRecord, Any]]:
        """The tensors of the run that are still there, with their records."""
        for record, reference in list(self._by_tensor.values()):
            if (tensor := reference()) is not None:
                yield record, tensor

    def _twin_of(self, tensor: Any) -> TensorRecord | None:
        """The tensor whose memory one has that nobody told about: whose ``.data`` it is."""
        same = (record for record, other in self._living() if other is not tensor and other._array is tensor._array)
        return next(same, None)

    def _read(self, record: TensorRecord, tensor: Any) -> None:
        """Note a tensor's numbers as they are now."""
        record.snap = Snap(tensor._array)
        self._set(record, "value", record.snap.value)

    def _own_node(self, record: TensorRecord) -> NodeRecord:
        """The box of a tensor that no operation made."""
        if record.node is None:
            kind = "leaf" if self._now(record, "requires_grad") else "untracked"
            record.node = NodeRecord(kind, "", record, record.line, len(self.events))
            record.node.outputs, record.node.hidden = [record], self._alone
            self.nodes.append(record.node)
        return record.node

    def _known_node(self, node: Any) -> NodeRecord | None:
        found = self._by_node.get(id(node))
        return found[0] if found is not None and found[1]() is node else None

    def _new_node(self, node: Any, line: int | None) -> NodeRecord:
        record = NodeRecord("operation", type(node).__name__, None, line, len(self.events))
        record.cast.group = self._modules[-1][1] if self._modules else ""
        record.key = id(node)
        self._by_node[record.key] = record, weakref.ref(node, self.deaths.watch(record))
        self.nodes.append(record)
        return record

    def _node(self, node: Any, results: dict[int, TensorRecord] | None = None) -> NodeRecord:
        """The record of a node; unknown ones (made before the recording) are read off the graph, inputs first."""
        known = self._known_node(node)
        if known is not None:
            return known
        order, seen, stack = [], {id(node)}, [node]
        while stack:
            current = stack.pop()
            order.append(current)
            for child, _ in current.next_functions:
                if child is None or type(child) is AccumulateGrad or id(child) in seen or self._known_node(child):
                    continue
                seen.add(id(child))
                stack.append(child)
        for current in sorted(order, key=lambda n: n._sequence_nr()):
            record = self._new_node(current, None)
            self._connect(record, current, {})
            self._hold(record, current, results or {})
            self._show(record)
        found = self._known_node(node)
        assert found is not None
        return found

    def _connect(self, record: NodeRecord, node: Any, places: dict[int, int]) -> None:
        """Draw the edges of ``next_functions``. ``places``: which argument each of them is."""
        for index, (child, output) in enumerate(node.next_functions):
            if child is None:
                record.arguments.append(None)
                continue
            if type(child) is AccumulateGrad:
                source = self._own_node(self._tensor(child.variable))
                source.cast.kind = "leaf"
            else:
                source = self._node(child)
            record.arguments.append(self._edge(source, record, places.get(index, index), output))

    def _edge(self, source: NodeRecord, target: NodeRecord, argument: int, output: int = 0) -> EdgeRecord:
        edge = EdgeRecord(source, target, argument, output)
        self.edges.append(edge)
        self._show(source)
        self._set(edge, "visible", True)
        return edge

    def _show(self, record: NodeRecord) -> None:
        self._set(record, "visible", True)

    def _hold(self, record: NodeRecord, node: Any, results: dict[int, TensorRecord]) -> None:
        """Note what a node saved. ``results``: its outputs by their arrays, which it keeps without their tensors."""
        chips: dict[TensorRecord, ChipRecord] = {}
        saved = getattr(node, "saved", ())
        saved = saved if type(saved) is tuple else ()
        record.numbers = [number(entry) for entry in saved if isinstance(entry, np.ndarray) and entry.ndim == 0]
        for name, entry in _saved(node):
            if isinstance(entry, Tensor):
                tensor, version, array = self._tensor(entry), 0, entry._array
            else:
                version, array = entry.version, entry.array
                if array is None:  # a pack hook has it
                    record.packed = True
                    continue
                if entry.tensor is not None:
                    tensor = self._tensor(entry.tensor)
                elif id(array) in results:
                    tensor = results[id(array)]
                else:  # a result from before the recording, of which only this is left
                    tensor = TensorRecord(-1, Snap(array))
                    self.tensors.append(tensor)
            if tensor in chips:
                chips[tensor].names.append(name)
                continue
            chips[tensor] = chip = ChipRecord(tensor, version, array.nbytes, [name])
            record.chips.append(chip)
            self._held[chip] = None
            self._bytes = None
            self._set(chip, "held", True)

    def _let_go(self, record: NodeRecord) -> bool:
        """A node's saved tensors are gone."""
        gone = [chip for chip in record.chips if chip in self._held]
        for chip in gone:
            del self._held[chip]
            self._bytes = None
            self._set(chip, "held", False)
        return bool(gone)

    def saved_bytes(self) -> int:
        """Bytes of the memory that saved tensors hold; memory held twice counts once."""
        if self._bytes is None:
            self._bytes = bytes_of(self._held)
        return self._bytes

    def _read_again(self) -> None:
        """What has changed where nobody was told: before an operation raised, by a module, through numpy."""
        for record, tensor in self._living():
            if not record.snap.is_of(tensor._array):
                self._read(record, tensor)
            if not tensor.is_inference():
                self._set(record, "version", tensor._version)

    def _refresh(self, changed: TensorRecord, tensor: Any) -> None:
        """Read again what lies in memory that was written to."""
        for record, other in self._living():
            if record.memory is not changed.memory and not np.may_share_memory(other._array, tensor._array):
                continue
            self._read(record, other)
            if not other.is_inference():
                self._set(record, "version", other._version)
            if is_outdated(other):
                self._has_history(record, "AsStridedBackward0")

    def _has_history(self, record: TensorRecord, grad_fn: str) -> None:
        """A tensor has become the result of something recorded, or of something else."""
        if self._now(record, "leaf") and self._now(record, "grad") is None:
            self._set(record, "grad", say("kept"))
        for attribute, value in {"grad_fn": grad_fn, "leaf": False, "requires_grad": True}.items():
            self._set(record, attribute, value)

    def _views_follow(self, base: Any) -> None:
        """Whether a view made under no_grad requires grad is asked of its base."""
        for record, tensor in self._living():
            if tensor._base is base:
                self._set(record, "requires_grad", tensor.requires_grad)
                if is_outdated(tensor):
                    self._has_history(record, "AsStridedBackward0")

    def _check_versions(self, record: TensorRecord, version: int) -> list[ChipRecord]:
        """Mark the saved tensors that are not any more what they were when they were saved."""
        stale = []
        for chip in self._held:
            if chip.tensor.memory is record.memory and chip.cast.version != version:
                self._set(chip, "stale", True)
                chip.changed_on = chip.changed_on or self._line
                stale.append(chip)
        return stale


def bytes_of(chips: Iterable[ChipRecord]) -> int:
    """Bytes of the memory that saved tensors lie in."""
    held: dict[TensorRecord, int] = {}
    for chip in chips:
        memory = chip.tensor.memory
        held[memory] = max(held.get(memory, 0), chip.cast.bytes)
    return sum(held.values())


def by_learner() -> bool:
    """Whether it is the learner's own line that uses a tensor, and not another part of minigrad."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "") in _BETWEEN:
        frame = frame.f_back
    return frame is not None and is_learners(frame)


def runs(name: str) -> bool:
    """Whether the learner's line has called a function of minigrad's that has this name and runs still."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not is_learners(frame):
        if frame.f_code.co_name == name:
            return True
        frame = frame.f_back
    return False


def node_of(tensor: Any) -> Any:
    """Its grad_fn; the old one of a view whose history cannot be written anew after a change of its base."""
    try:
        return tensor.grad_fn
    except RuntimeError:
        return tensor._node


def is_outdated(tensor: Any) -> bool:
    """Whether a view's grad_fn will be made anew when somebody asks for it: its memory has changed since."""
    meta = tensor._meta
    if meta is None or meta.base is None or meta.creation is not None:
        return False
    return meta.seen_version != tensor._version and (tensor._node is not None or meta.base.requires_grad)


def short_name(node: Any) -> str:
    """A node's name without its namespace: CopySlices for torch::autograd::CopySlices."""
    return node.name().rpartition("::")[2]


def _saved(node: Any) -> Iterator[tuple[str, Any]]:
    """What a node saved, name by name: Tensors, or SavedTensors with their version; numbers are left out."""
    saved = getattr(node, "saved", None)
    if type(saved) is not tuple:
        return
    row = getattr(node, "operation", None)
    names = row.saved_names if row is not None else ("",) * len(saved)  # a custom Function's have no names
    for name, entry in zip(names, saved, strict=False):
        for item in entry if type(entry) is tuple else (entry,):
            if isinstance(item, Tensor | SavedTensor):
                yield name, item
