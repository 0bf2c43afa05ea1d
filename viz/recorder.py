"""Recorder: watches the engine while a block of code runs, and notes what happens as events.

It keeps no tensor and no node: only their numbers at each moment, and weak references to tell them apart. So a
graph that the learner lets go of goes, and the run shows that it went. Names are found late (a result gets its name
only after the operation), which is why the events are put into words at the end, by explain.py.
"""

from __future__ import annotations

import ast
import functools
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from traceback import walk_tb
from types import FrameType
from typing import Any

import numpy as np

from minigrad.autograd import engine, function, grad_mode, observe
from minigrad.autograd.graph import AccumulateGrad
from minigrad.tensor import Tensor
from viz import names
from viz.cast import (
    EdgeRecord,
    Event,
    NodeRecord,
    Operand,
    OperationRecord,
    Snap,
    TensorRecord,
    as_array,
    operands_in,
)
from viz.naming import tensors_in
from viz.records import Records, by_learner, bytes_of, node_of, short_name
from viz.sources import callee, is_learners, library, line_of, operator_runs, segment, stores
from viz.texts import say
from viz.trace import Value

SHAPES = ("t", "transpose", "unsqueeze", "squeeze")  # in place they change a tensor's shape, and no number
_AIDS = ("unsqueeze", "reciprocal", "expand", "view", "_to_copy")  # in a @ b, a / b, what is done before
# What these run is their own, and only what comes of it is a step; in a check that goes for the learner's function too.
_ALONE, _CHECK = ("minigrad.autograd.functional", "minigrad.autograd.gradcheck"), "minigrad.autograd.gradcheck"
LIMIT = 5000  # steps; a longer run is cut


def notes_of(error: BaseException) -> list[str]:
    """What was written to an error besides its message."""
    return list(getattr(error, "__notes__", ()))


def guarded(method: Callable[..., None], looks: bool = False) -> Callable[..., None]:
    """An observer's method that never harms the program it watches: at its first failure the recording ends.

    Args:
        looks: what it is told of is no step where minigrad is alone.
    """

    @functools.wraps(method)
    def watch(self: Recorder, *details: Any) -> None:
        if self.stopped or self.busy:
            return
        self.busy = True
        try:
            if looks:
                self._look()
            if not looks or not self._alone:
                method(self, *details)
        except Exception as problem:
            self.stopped = f"Recording stopped after step {len(self.events)}: {type(problem).__name__}: {problem}"
            self.failed = True
            if os.environ.get("MINIGRAD_VIZ_DEBUG"):
                raise
        finally:
            self.busy = False

    return watch


looking = functools.partial(guarded, looks=True)


_WALK = engine.run.__code__
_FORWARD = function.Function.apply.__wrapped__.__code__  # type: ignore[attr-defined]
_FUNCTION = {_FORWARD, function.BackwardFunction._run.__code__}


def _in_function() -> bool:
    """Whether the forward of a custom Function is running, and not its backward."""
    frame: FrameType | None = None if grad_mode.is_grad_enabled() else sys._getframe(1)
    while frame is not None and frame.f_code not in _FUNCTION:
        frame = frame.f_back
    return frame is not None and frame.f_code is _FORWARD


@dataclass(eq=False)
class Pass:
    """What is known of a backward pass while it runs; one may run within another, as a checkpoint's does."""

    caller: tuple[int, int] | None = None  # where the learner's program called backward
    create_graph: bool = False  # whether it is recorded itself
    root: TensorRecord | None = None  # what is being differentiated
    running: Event | None = None  # the node whose backward is running
    arrived: dict[tuple[NodeRecord, int], list[tuple[NodeRecord, Snap]]] = field(default_factory=dict)
    released: list[NodeRecord] = field(default_factory=list)  # whose saved tensors it has let go of
    left: dict[tuple[NodeRecord, int], Snap] = field(default_factory=dict)  # what the last hook on an output has left
    hooked: list[tuple[Event, Any, Any]] = field(default_factory=list)  # hooks on a node: what they saw and left
    seeded: list[NodeRecord | None] = field(default_factory=list)  # where it started
    erred: bool = False


class Recorder(Records, observe.Observer):
    """Turns what the engine tells into events."""

    def __init__(self, limit: int = LIMIT) -> None:
        super().__init__()
        self.limit = limit
        self.stopped = ""
        self.cut = False  # the limit was reached
        self.progress: Callable[[int], None] | None = None  # told how many steps there are
        self.failed = False
        self.busy = False
        self._library = ""  # the part of minigrad that is working by itself: see library()
        self._shown = 0  # which of the learner's frames the line is of that is shown
        self._place: list[Any] = []  # where the program was at the last event of a walk
        self._pass = Pass()  # the backward pass that is running
        self._passes: list[Pass] = []  # those around it, outermost first: none is running where this is empty
        self._released: list[NodeRecord] = []
        self._travelled: list[EdgeRecord] = []  # gradients stand on them
        self._phase = ""  # of the last event, what was let go left out

    # Looking around

    def _look(self, last: bool = False, bury: bool = True) -> None:
        """Find where the learner's program is, what its variables are called, and what has gone since."""
        frame: FrameType | None = sys._getframe(2)
        frames: list[FrameType] = []
        home = whole = 0  # where the innermost line is that is shown; how many frames lead to the outermost
        line = None
        self._library, self._alone, walking = "", False, False
        while frame is not None:
            if is_learners(frame):
                here = line_of(frame, self.sources)
                frames.append(frame)
                if here is not None:
                    if line is None:
                        home, line = len(frames) - 1, here
                    whole = len(frames)
                    if not frame.f_code.co_flags & 0x1:
                        break  # the cell itself
            elif frame.f_code is _WALK:
                walking = True
            elif (name := frame.f_globals.get("__name__")) in _ALONE:
                if walking or not frames or name == _CHECK:
                    self._alone, frames, home, whole, line = True, [], 0, 0, None
            elif not frames:
                self._library = self._library or library(frame)
            frame = frame.f_back
        frames = frames[: whole or 1]
        if last and frames and not any(frames[0].f_code.co_filename == source.filename for source in self.sources):
            frames = []  # the learner's own frame is over
        self._frames, self._shown = frames, home
        self._line = line
        self._name(frames, home)
        if bury:
            self._bury()

    def _name(self, frames: list[FrameType], home: int) -> None:
        """Find what the variables of the learner's frames are called; ``home``: the one whose line is shown."""
        step, walking, changed = len(self.events) - 1, bool(self._passes), bool(self.deaths.seen)
        if walking and not changed:  # as long as nothing but the walk goes on, no variable is assigned
            place = [self._pass, home, len(self.tensors), *((id(frame), frame.f_lasti) for frame in frames)]
            self._place, before = place, self._place
            if place == before:
                return
        for record in self._naming.look(frames, home, step, walking, changed):
            self._set(record, "visible", True)

    def _at_caller(self) -> bool:
        """Whether the learner's program waits where it called backward, and no hook or function of its own runs."""
        frame = self._frame
        return frame is not None and (id(frame), frame.f_lasti) == self._pass.caller

    # What has gone

    def _bury(self) -> None:
        """Show what has gone since the last step: with it, or as a step of its own where memory was freed."""
        if not self.deaths.seen:
            return
        deaths = list(self.deaths.seen)
        self.deaths.seen.clear()
        kept, self._changes = self._changes, []
        nodes = [record for record, _ in deaths if isinstance(record, NodeRecord)]
        for record, _ in deaths:
            if isinstance(record, TensorRecord):
                record.alive = False
            table: dict[int, tuple[Any, Any]] = self._by_tensor if isinstance(record, TensorRecord) else self._by_node
            if record.key in table and table[record.key][0] is record:
                del table[record.key]
        for record in nodes:
            if record.hidden:
                self._let_go(record)
        before = self.saved_bytes()
        dropped = [record for record in nodes if self._let_go(record) and not record.hidden]
        over = {record: None for record, _ in deaths if isinstance(record, TensorRecord)}
        for record in nodes:
            self._set(record, "freed", True)
            over |= dict.fromkeys(output for output in record.outputs if not output.alive)
        for record in over:
            box = record.node
            if box is not None and box.cast.kind == "leaf":
                self._set(box, "freed", True)
            if box is None or box.cast.kind == "untracked" or self._now(box, "freed"):
                self._set(record, "visible", False)
        if dropped and not self._alone:
            line = next((line for record, line in deaths if record in dropped and line is not None), self._line)
            event = Event(
                "free", "forward", line, active=[*dropped], changes=self._changes, saved_bytes=self.saved_bytes()
            )
            event.facts = {"dropped": dropped, "bytes": before - self.saved_bytes()}
            self.events.append(event)
        elif self.events:
            self.events[-1].changes.extend(self._changes)
        else:
            kept = self._changes + kept
        self._changes = kept

    # Events

    def _emit(self, kind: str, phase: str | None = None, active: Any = (), **facts: Any) -> Event:
        for record in self._released:
            self._let_go(record)
        self._released = []
        phase = phase or ("backward" if self._passes else "forward")
        if self._alone:
            return Event(kind, phase, None)
        event = Event(kind, phase, self._line, active=list(active), changes=self._changes, facts=facts)
        event.saved_bytes = self.saved_bytes()
        facts["home"] = segment(self._frames[self._shown]) if self._frames else ""
        self._changes = []
        self.events.append(event)
        self._phase = phase
        if self.progress is not None:
            self.progress(len(self.events))
        if len(self.events) >= self.limit:
            self.stopped = f"This run is longer than {self.limit:,} steps."
            self.cut = True
        return event

    @guarded
    def leaf(self, tensor: Any) -> None:
        self._look()
        known = self._known(tensor)
        if known is None and (self._alone or (self._library and not tensor.requires_grad)):
            return  # what a module makes its parameters of
        if known is not None and self._now(known, "requires_grad") == tensor.requires_grad:
            return  # it was so already
        record = known or self._new_tensor(tensor, len(self.events))
        if known is None:
            self._name(self._frames, self._shown)
        if known is None and record.called:  # a variable holds it already: it was made before the recording
            known, record.made, record.line = record, -1, None
            record.cast.requires_grad = not tensor.requires_grad
        self._set(record, "requires_grad", tensor.requires_grad)
        if known is not None:
            self._views_follow(tensor)
        active: list[Any] = [record]
        if tensor.requires_grad:
            node = self._own_node(record)
            node.cast.kind = "leaf"
            self._show(node)
            active.insert(0, node)
        if known is None and self._frame is not None:
            record.expression = segment(self._frame)
            if not self._library:
                self._naming.hint([record], False)
        parameter = type(tensor).__name__ == "Parameter"
        self._emit("leaf", active=active, tensor=record, again=known is not None, parameter=parameter)

    @guarded
    def operation(self, name: str, inputs: tuple[Any, ...], outputs: tuple[Any, ...], node: Any) -> None:
        if name.endswith("_") or not outputs:
            return  # it is told as a change of the tensor; or a custom Function has made no tensor
        self._look()
        if node is not None and len(outputs) == 1 and outputs[0]._is_view() and any(outputs[0] is t for t in inputs):
            part = outputs[0]  # a custom Function has changed a part of a tensor
            others = tuple(value for value in inputs if value is not part)
            self._write(name, part, others, part._version - 1, part._version)
            return
        arguments = self._arguments(inputs)
        operands = list(operands_in(arguments))
        fresh = [self._known(output) is None for output in outputs]
        records = [self._result(output, name, operands, node is not None) for output in outputs]
        operation = OperationRecord(name, arguments, {}, [Operand(r, r.snap, self._now(r, "version")) for r in records])
        frame, view = self._frame, any(output._is_view() for output in outputs)
        # Steps of the engine's own are not the learner's: finding where x[0] = 1 writes to, copying a gradient.
        aside = view and frame is not None and stores(frame)
        box = None
        if node is not None:
            arrays = {id(output._array): record for output, record in zip(outputs, records, strict=True)}
            box = self._recorded(operation, node, operands, arrays)
            box.hidden = aside or self._alone
        elif any(fresh):
            box = self._unrecorded(operation, operands)
        expression = "" if frame is None else segment(frame)
        exact = callee(expression) == name.strip("_")
        direct = frame is not None and (
            exact or (operator_runs(frame) and not (name in _AIDS and calculates(expression)))
        )
        for record, new, output in zip(records, fresh, outputs, strict=True):
            if new:
                record.node, record.operation = box, operation
                record.cast.leaf = output.is_leaf
                record.cast.requires_grad = output.requires_grad
                if box is not None and node is not None and output.requires_grad:
                    record.cast.grad_fn, record.cast.grad = box.cast.label, say("kept")
                if direct and not self._pass.running:
                    record.expression = expression
            elif node is not None:  # made inside a custom Function's forward, and now its result
                record.node, record.operation = box, operation
                record.expression = expression if callee(expression) == "apply" else ""
                if not record.names:  # what the Function's result is called, it is called from here on
                    record.names.append((record.made, None))
                self._has_history(record, type(node).__name__)
        if not self._pass.running:
            self._naming.hint(records, direct)
        if (
            aside
            or self._alone
            or name == "BackwardHookFunction"
            or (node is None and (self._library or (self._passes and self._at_caller())))
        ):
            for record in records:
                record.quiet = True
                self._set(record, "visible", False)
            return
        kind = ("view" if view else "operation") if node is not None else "untracked"
        phase = "update" if node is None and records[0].aside and not self._passes else None
        edges = [edge for edge in self.edges[-len(operands) - 1 :] if edge.target is box]
        active = [*([box] if box else []), *edges, *records, *(box.chips if box else [])]
        self._emit(
            kind, phase, active, operation=operation, node=box, enabled=grad_mode.is_grad_enabled(), view=view,
            inference=grad_mode.is_inference_mode_enabled(),
            created=self._pass.running is not None, recorded=self._pass.create_graph, custom=_in_function(),
            needing=any(isinstance(value, Tensor) and value.requires_grad for value in inputs),
        )  # fmt: skip

    def _result(self, output: Any, name: str, operands: list[Operand], recorded: bool) -> TensorRecord:
        """The record of a tensor that an operation has made, or a custom Function has changed."""
        record = self._known(output)
        if record is not None:
            self._refresh(record, output)
            if output._is_view() and output._base.grad_fn is not None:
                self._has_history(self._tensor(output._base), short_name(output._base.grad_fn))
        else:
            record = self._new_tensor(output, len(self.events))
            if name == "detach":
                record.memory = operands[0].tensor.memory
        if not recorded:  # looking at a leaf between backward and the next forward is part of the update
            record.of_gradient = any(operand.tensor.of_gradient for operand in operands)
            record.aside = record.of_gradient or any(operand.tensor.aside for operand in operands)
            record.aside |= name == "detach" and self._phase in ("backward", "update")
        return record

    def _recorded(
        self, operation: OperationRecord, node: Any, operands: list[Operand], arrays: dict[int, TensorRecord]
    ) -> NodeRecord:
        """The box of an operation with a node. ``arrays``: its results by their arrays."""
        known = self._known_node(node)
        box = known or self._new_node(node, self._line)
        row = getattr(node, "operation", None)
        if row is not None:
            operation.given = dict(zip(row.params, operation.arguments, strict=False))
            operation.formula = row.formula
        box.operation, box.outputs = operation, [result.tensor for result in operation.results]
        box.tensor, box.version = box.outputs[0], operation.results[0].version
        if known is None:
            self._draw(box, node, operation, operands, row)
            self._hold(box, node, arrays)
            self._show(box)
        return box

    def _unrecorded(self, operation: OperationRecord, operands: list[Operand]) -> NodeRecord:
        """The box of an operation without a node."""
        outputs = [result.tensor for result in operation.results]
        box = NodeRecord("untracked", operation.name, outputs[0], self._line, len(self.events))
        box.operation, box.outputs = operation, outputs
        self.nodes.append(box)
        for place, operand in enumerate(operands):
            self._edge(self._own_node(operand.tensor), box, place)
        self._show(box)
        return box

    def _arguments(self, values: tuple[Any, ...], changed: Any = None) -> list[Any]:
        """An operation's arguments as it found them; a tensor never seen before, as in a hook, is named as well.

        What shares memory with the tensor that the operation has ``changed`` was what it was known to be.
        """
        count = len(self.tensors)
        arguments = [self._argument(value, changed) for value in values]
        if len(self.tensors) > count and self._frames:
            self._name(self._frames, self._shown)
        return arguments

    def _argument(self, value: Any, changed: Any = None) -> Any:
        if isinstance(value, Tensor):
            record = self._tensor(value)
            ours = changed is not None and np.may_share_memory(value._array, changed._array)
            if record.owner is not None:  # a gradient stands in its owner's row
                record.snap = Snap(value._array)
            elif not ours and not record.snap.is_of(value._array):  # changed, and nobody was told
                self._read(record, value)
            return Operand(record, record.snap, self._now(record, "version"))
        if isinstance(value, list | tuple):
            return [self._argument(item, changed) for item in value]
        return value

    def _draw(self, box: NodeRecord, node: Any, operation: OperationRecord, tensors: list[Operand], row: Any) -> None:
        """The edges of an operation's node: from the nodes of its inputs, and from data that needs no gradient."""
        if row is not None and not row.variadic:
            operation.inputs = [key for key, _, _ in row.derivatives]
            owners = [operation.given.get(name) for name in operation.inputs]
        else:
            owners = list(tensors)
            operation.inputs = [str(place) for place in range(len(owners))]
            operation.given |= {str(place): operand for place, operand in enumerate(owners)}
        order = {id(operand): place for place, operand in enumerate(tensors)}
        places = {index: order[id(owner)] for index, owner in enumerate(owners) if id(owner) in order}
        self._connect(box, node, places)
        for edge, owner in zip(box.arguments, owners, strict=False):
            if edge is not None and edge.source.tensor is None and isinstance(owner, Operand):
                # a view: it has another node since its base was changed
                owner.tensor.node, edge.source.tensor, edge.source.version = edge.source, owner.tensor, owner.version
                edge.source.outputs = [owner.tensor]
        drawn = {places.get(index, index) for index, edge in enumerate(box.arguments) if edge is not None}
        for place, operand in enumerate(tensors):
            if place not in drawn:
                self._edge(self._own_node(operand.tensor), box, place)

    @guarded
    def inplace(self, name: str, tensor: Any, inputs: tuple[Any, ...], before: int, after: int) -> None:
        self._look()
        self._write(name, tensor, inputs, before, after)

    def _write(self, name: str, tensor: Any, inputs: tuple[Any, ...], before: int, after: int) -> None:
        """A tensor's memory has been written to."""
        owner = self._owner_of(tensor)
        if owner is not None:
            self._gradient_changed(owner, name, tensor)
            return
        seen = self._known(tensor) is not None
        holder = tensor._base if tensor._is_view() and name.rstrip("_") not in SHAPES else tensor
        if grad_mode.is_grad_enabled() and tensor.requires_grad:  # its history was written anew
            target, record = (self._known(t) or self._unseen(t, True) for t in (holder, tensor))
        else:
            target, record = self._tensor(holder), self._tensor(tensor)
        if not seen and self._frames:
            self._name(self._frames, self._shown)
        arguments = self._arguments(inputs, tensor)
        old = Operand(record, record.snap.blank() if record.guessed and not seen else record.snap, before)
        self._refresh(record, tensor)
        if self._library == "init":
            # A module fills its parameters: that is how they are made, and no step of its own.
            record.was(record.snap)
            record.cast.version = after
            self._changes = [change for change in self._changes if change[0] is not record]
            return
        update = self._now(record, "leaf") and self._now(record, "requires_grad") and not grad_mode.is_grad_enabled()
        box, node = None, node_of(holder)
        operation = OperationRecord(name, [old, *arguments], {}, [Operand(record, record.snap, after)])
        if node is not None and self._known_node(node) is None:
            operation.results = [Operand(target, target.snap, after)]
            # A write to a view is drawn as one to its base: the view itself is not in the way of any gradient.
            written = old if target is record else Operand(target, target.snap, before)
            box = self._recorded(operation, node, [written, *operands_in(arguments)], {id(holder._array): target})
            target.node = box
            self._has_history(target, box.cast.label)
        if box is not None and target is not record:
            self._has_history(record, short_name(tensor._node))
        shared = [
            other
            for other, seen in self._living()
            if other not in (record, target) and not other.quiet
            and seen._base is not holder and np.may_share_memory(seen._array, tensor._array)
        ]  # fmt: skip
        stale = self._check_versions(record, after)
        if name == "copy_" and self._passes and self._at_caller():
            return  # a gradient is copied to be kept
        active = [*([box] if box else []), record, *([target] if target is not record else []), *stale]
        if record.node is not None and not box:
            active.insert(0, record.node)
        kind = "update" if update else "inplace"
        self._emit(
            kind, "update" if update else None, active, operation=operation, node=box, tensor=record, target=target,
            before=old, after=Operand(record, record.snap, after), stale=stale, shared=shared,
        )  # fmt: skip

    def _gradient_changed(self, owner: TensorRecord, name: str, gradient: Any) -> None:
        before = self._now(owner, "grad")
        after = Snap(gradient._array)
        self._set(owner, "grad", after.value)
        if (known := self._known(gradient)) is not None:
            self._refresh(known, gradient)
            if (node := node_of(gradient)) is not None:  # a tensor of the learner's, who has set it as a gradient
                self._has_history(known, short_name(node))
        phase = "backward" if self._passes else "update"
        active = [*([owner.node] if owner.node else []), owner]
        self._emit("grad_set", phase, active, tensor=owner, before=before, after=after, inplace=name)

    @guarded
    def grad_set(self, tensor: Any, before: Any, after: Any) -> None:
        if after is before and after is not None:
            return  # x.grad *= 2 has changed it, and puts it back
        self._look()
        seen = self._known(tensor) is not None
        record = self._tensor(tensor)
        old = self._now(record, "grad") if seen else None if before is None else Snap(before._array).value
        snap = None if after is None else Snap(after._array)
        self._set(record, "grad", None if snap is None else snap.value)
        if after is not None and (given := self._known(after)) is not None and not given.names:
            given.owner = record
        active = [*([record.node] if record.node else []), record]
        self._emit("grad_set", "update", active, tensor=record, before=old, after=snap, inplace="")

    @guarded
    def changed(self, tensor: Any, how: str) -> None:
        self._look()
        record = self._tensor(tensor)
        active, asked = [*([record.node] if record.node else []), record], by_learner()
        if how == "retain_grad":
            if not isinstance(self._now(record, "grad"), Value):
                self._set(record, "grad", None)
            if asked:
                self._emit("retain", None, active, tensor=record, snap=None)
        elif how == "detach_" and self._now(record, "leaf"):
            self._set(record, "requires_grad", False)
            if asked:
                self._emit("leaf", None, active[::-1], tensor=record, again=True, parameter=False)
        elif how == "detach_":
            kept = None if tensor._grad is None else Snap(tensor._grad._array).value
            for attribute, value in {"grad_fn": None, "leaf": True, "requires_grad": False, "grad": kept}.items():
                self._set(record, attribute, value)
            record.node = None  # the box of the operation shows another tensor from here on
            self._views_follow(tensor)
            if asked:
                self._emit("untracked", None, active, tensor=record, detached=True)
        else:
            before = record.snap
            self._refresh(record, tensor)
            if record.snap.value != before.value:  # w.data -= 1 has changed it before, and puts it back
                self._emit("update", "update", active, tensor=record, before=before, after=record.snap, data=True)

    @guarded
    def backward_begin(self, roots: tuple[Any, ...], gradients: tuple[Any, ...], options: dict[str, Any]) -> None:
        self._look()
        self._passes.append(self._pass)
        caller = (id(self._frames[0]), self._frames[0].f_lasti) if self._frames else None
        self._pass = Pass(caller, options.get("create_graph", False))
        for edge in self._travelled:  # the gradients of an earlier pass have gone by
            self._changes.append([edge, "gradient", None])
        self._travelled.clear()
        seeds = []
        for root, gradient in zip(roots, gradients, strict=True):
            record, snap = self._tensor(root), Snap(as_array(gradient))
            seeds.append((record, snap))
            self._passing(record, snap)
        self._pass.root = seeds[0][0] if seeds else None
        active: list[Any] = [record for record, _ in seeds]
        active += [record.node for record, _ in seeds if record.node is not None]
        nodes = [record.node for record, _ in seeds]
        self._pass.seeded = nodes
        event = self._emit("backward", "backward", active, seeds=seeds, nodes=nodes, options=dict(options))
        event.origin = seeds[0][0].node.cast.line if seeds[0][0].node is not None else None

    def _passing(self, record: TensorRecord, snap: Snap) -> None:
        """A gradient arrives at a tensor that will not keep it."""
        if not self._alone and not self._now(record, "leaf") and isinstance(self._now(record, "grad"), str):
            self._set(record, "grad", f"{say('kept')} · {snap.value.text}")

    @looking
    def node_begin(self, node: Any, grad_outputs: tuple[Any, ...]) -> None:
        if type(node) is AccumulateGrad:
            return
        box = self._node(node)
        incoming = [None if grad is None else Snap(as_array(grad)) for grad in grad_outputs]
        for hook, place, _ in self._hooked(grad_outputs):
            edges = [edge for edge in self._travelled if edge.source is box and edge.output == place]
            hook.facts.update(tensor=box.outputs[place], edges=edges)
        for output, grad in zip(box.outputs, grad_outputs, strict=False):
            if isinstance(grad, Tensor) and self._known(grad) is None and self._pass.root is not None:
                seed = self._new_tensor(grad, len(self.events))
                seed.gradient_of = self._pass.root, output
                self._set(seed, "visible", False)
        for record, snap in zip(box.outputs, incoming, strict=False):
            if snap is not None and record.node is box:
                self._passing(record, snap)
        arrived = {place: self._pass.arrived.get((box, place), []) for place in range(len(incoming))}
        facts = {"node": box, "incoming": incoming, "arrived": arrived}
        if box.packed and not self._pass.create_graph and type(node) is not function.BackwardFunction:
            # what it needs may have to be computed again first: it is told when it has run
            self._pass.running = Event("node", "backward", None, facts={**facts, "since": len(self.events)})
            return
        self._pass.running = self._emit("node", "backward", [box], **facts)
        self._pass.running.origin = box.cast.line

    @looking
    def node_end(self, node: Any, grad_outputs: tuple[Any, ...], grad_inputs: tuple[Any, ...]) -> None:
        if type(node) is AccumulateGrad:
            return
        event, self._pass.running = self._pass.running, None
        if event is None:
            return
        box = event.facts["node"]
        if "since" in event.facts:
            again = any(seen.kind in ("operation", "view") for seen in self.events[event.facts.pop("since") :])
            event = self._emit("node", "backward", [box], **event.facts, again=again)
            event.origin = box.cast.line
        outgoing = [None if grad is None else Snap(as_array(grad)) for grad in grad_inputs]
        computed = list(outgoing)
        later, self._changes = self._changes, []
        told = []
        for hook, place, before in self._hooked(grad_inputs):
            edge = box.arguments[place]
            if edge is not None and edge.output < len(edge.source.outputs):
                hook.facts.update(tensor=edge.source.outputs[edge.output], at=edge.source, edges=[edge])
                told.append((hook, edge, hook.facts["after"]))
            computed[place] = before
        event.facts["outgoing"] = computed
        for edge, snap, final in zip(box.arguments, computed, outgoing, strict=False):
            if edge is None or snap is None or final is None:
                continue
            self._pass.arrived.setdefault((edge.source, edge.output), []).append((box, final))
            self._travelled.append(edge)
            event.active += [edge, *self._travels(edge, snap)]
        event.active.extend(chip for chip in box.chips if chip in self._held)
        event.changes.extend(self._changes)
        for hook, edge, snap in reversed(told):
            self._changes = hook.changes
            hook.active += [edge, *self._travels(edge, snap)]
        self._changes = later

    def _travels(self, edge: EdgeRecord, snap: Snap) -> list[TensorRecord]:
        """A gradient goes along an edge: the tensor that it is the gradient of."""
        records = edge.source.outputs[edge.output : edge.output + 1]
        for record in records:
            only = len(self._pass.arrived[edge.source, edge.output]) == 1
            if edge.source.cast.kind == "operation" and record.node is edge.source and only:
                self._passing(record, snap)
        return records

    def _hooked(self, gradients: tuple[Any, ...]) -> Iterator[tuple[Event, int, Snap]]:
        """The hooks on a node that have run, the last first: which of ``gradients`` each has left, and what it saw."""
        places: dict[int, int] = {}
        for place, gradient in enumerate(gradients):
            if gradient is not None:
                places.setdefault(id(as_array(gradient)), place)
        for event, before, after in reversed(self._pass.hooked):
            if id(after) in places:
                place = places[id(before)] = places[id(after)]
                yield event, place, event.facts["before"]
        self._pass.hooked.clear()

    @looking
    def accumulate(self, tensor: Any, before: Any, arriving: Any, after: Any) -> None:
        record = self._tensor(tensor)
        if (kept := self._known(tensor.grad)) is not None:
            kept.owner = record  # under create_graph the gradient is a tensor with a history
            self._set(kept, "visible", False)
        box = self._own_node(record)
        snap = Snap(as_array(after))
        self._set(record, "grad", snap.value)
        event = self._emit(
            "accumulate", "backward", [box, record], tensor=record, node=box,
            before=None if before is None else Snap(as_array(before)), arriving=Snap(as_array(arriving)), after=snap,
            arrived=self._pass.arrived.pop((box, 0), []),
        )  # fmt: skip
        event.origin = record.line

    @looking
    def retain(self, tensor: Any, gradient: Any) -> None:
        record, snap = self._tensor(tensor), Snap(as_array(gradient))
        before = self._now(record, "grad")
        self._set(record, "grad", snap.value)
        active = [*([record.node] if record.node else []), record]
        event = self._emit("retain", "backward", active, tensor=record, node=record.node, before=before, snap=snap)
        event.origin = record.line

    @looking
    def returned(self, inputs: tuple[Any, ...], gradients: tuple[Any, ...]) -> None:
        pairs = []
        for tensor, gradient in zip(inputs, gradients, strict=True):
            if gradient is not None:
                known = self._known(gradient)
                record = known or self._new_tensor(gradient, len(self.events))
                pairs.append((self._tensor(tensor), record))
        self._naming.hint([record for _, record in pairs], False)
        active = [record for _, record in pairs]
        unused = [self._tensor(tensor) for tensor, gradient in zip(inputs, gradients, strict=True) if gradient is None]
        self._emit("accumulate", "backward", active, returned=pairs, unused=unused)

    @guarded
    def computed(self, name: str, given: tuple[Any, ...], result: Any) -> None:
        self._look(bury=False)  # what went when the function came to its end, goes after its result
        if self._alone:
            return
        wanted = [tensor for _, tensor in tensors_in("", result, "")]
        made = [self._known(tensor) or self._new_tensor(tensor, len(self.events)) for tensor in wanted]
        for record in made:
            record.quiet, record.expression = False, segment(self._frame) if self._frame is not None else ""
            self._set(record, "visible", True)
            if record.node is not None and record.node.cast.kind == "untracked":
                record.node = record.operation = None
                self._own_node(record)
        self._naming.hint(made, True)
        inputs, vector = ([self._tensor(t) for _, t in tensors_in("", part, "")] for part in (given[1], given[2:3]))
        function = getattr(given[0], "__name__", "")
        self._emit(
            "accumulate", "backward", made, computed=name, returned=made, inputs=inputs, vector=vector,
            function=function if function.isidentifier() else "func", right=result is True,
        )  # fmt: skip
        self._bury()

    @looking
    def hook(self, node: Any, output: int | None, before: Any, after: Any) -> None:
        record: TensorRecord | None = None
        if type(node) is AccumulateGrad:
            record = self._tensor(node.variable)
            box = self._own_node(record)
        else:
            box = self._node(node)
            if output is not None and 0 <= output < len(box.outputs):
                record = box.outputs[output]
        edges = [edge for edge in self._travelled if record and edge.source is box and edge.output == output]
        active = [part for part in (box, record, *edges) if part is not None]
        given, left, written = Snap(as_array(before)), Snap(as_array(after)), False
        if output is not None and output >= 0:
            came, self._pass.left[box, output] = self._came(box, output), left
            if came is not None and left.array is not None and before is after:
                written = not np.allclose(came, left.array, rtol=1e-3, equal_nan=True)
                given = Snap(came) if written else given
        event = self._emit(
            "hook", "backward", active, tensor=record, node=box, at=box, before=given, after=left, edges=edges,
            complete=output == -1, on_node=record is None, written=written,
        )  # fmt: skip
        event.origin = box.cast.line
        if record is None:
            self._pass.hooked.append((event, before, after))  # which gradient that is, the node's walk will show

    def _came(self, box: NodeRecord, output: int) -> np.ndarray | None:
        """What a hook was given, as far as is known: what the one before it left, or the sum of what has arrived."""
        if (box, output) in self._pass.left:
            return self._pass.left[box, output].array
        sent = [snap.array for _, snap in self._pass.arrived.get((box, output), [])]
        known = [array for array in sent if array is not None]
        return None if box in self._pass.seeded or not known or len(known) < len(sent) else np.asarray(sum(known))

    @looking
    def several_hook(self, mode: str, ends: list[Any], gradients: list[Any]) -> None:
        seen, names = [], []
        for (end, place), gradient in zip(ends, gradients, strict=True):
            box = self._own_node(self._tensor(end)) if isinstance(end, Tensor) else self._known_node(end)
            if box is not None and place < len(box.outputs):
                names.append(box.outputs[place])
                if gradient is not None:
                    seen.append((box.outputs[place], box, Snap(gradient._array)))
        active = [part for record, box, _ in seen for part in (box, record)]
        self._emit("hook", "backward", active, several=seen, tensors=names, mode=mode)

    @guarded
    def freed(self, node: Any, byte_count: int) -> None:
        box = self._known_node(node)
        if box is not None and (byte_count if box.chips else box.numbers):
            box.freed_on = self._line
            self._released.append(box)
            self._pass.released.append(box)

    @guarded
    def backward_end(self) -> None:
        over, self._pass = self._pass, self._passes.pop() if self._passes else Pass()
        if over.released and not over.erred:
            self._look()
            for box in over.released:
                self._set(box, "freed", True)
            chips = {chip: None for box in over.released for chip in box.chips}
            rest = [chip for chip in self._held if chip not in chips]
            count = bytes_of([*rest, *chips]) - bytes_of(rest)  # what other nodes hold as well is not free yet
            self._emit("free", "backward", [*over.released, *chips], nodes=over.released, bytes=count, chips=chips)

    @guarded
    def update(self, tensor: Any, optimizer: str, before: Any, version: int, options: dict[str, Any]) -> None:
        self._look()
        record = self._tensor(tensor)
        old = Operand(record, Snap(before), version)
        self._refresh(record, tensor)
        new = Operand(record, record.snap, tensor._version)
        stale = self._check_versions(record, new.version)
        numbers = {key: value for key, value in options.items() if isinstance(value, int | float | tuple)}
        gradient = None if tensor.grad is None else Snap(tensor.grad._array)
        buffer, remembered = options.get("momentum_buffer"), record.momentum
        record.momentum = None if buffer is None else Snap(buffer._array)
        self._emit(
            "update", "update", [self._own_node(record), record, *stale], tensor=record, before=old, after=new,
            stale=stale, optimizer=optimizer, options=numbers, gradient=gradient,
            momentum=(remembered, record.momentum),
        )  # fmt: skip

    @guarded
    def module_begin(self, module: Any, inputs: tuple[Any, ...]) -> None:
        name = type(module).__name__
        if self._modules:
            above, path = self._modules[-1]
            child = next((key for key, value in above.named_children() if value is module), name)
            name = f"{path}.{child}"
        self._modules.append((module, name))

    @guarded
    def module_end(self, module: Any) -> None:
        if self._modules and self._modules[-1][0] is module:
            self._modules.pop()

    @guarded
    def error(self, error: BaseException, node: Any) -> None:
        if type(error).__module__.startswith("minigrad.") and type(error).__name__.startswith("_"):
            return  # a checkpoint has recomputed what it needed: nobody's error
        if node is None and error.__dict__.get(_TOLD) == id(self):
            told = next(event for event in reversed(self.events) if event.kind == "error")
            told.facts["notes"] = notes_of(error)  # what was found out on its way
            return
        self._look()
        for frame, at in walk_tb(error.__traceback__):  # those of a hook, say
            self._line = self._line_at(frame, at) or self._line
        self._error(error, None if node is None else self._node(node))

    def _error(self, error: BaseException, box: NodeRecord | None) -> None:
        for record in self._pass.released:
            self._set(record, "freed", True)
        self._pass.erred = True
        active: list[Any] = []
        if box is not None:
            self._set(box, "failed", True)
            active = [box, *box.chips]
        last = self.events[-1] if self.events else None
        if last is not None and last.kind == "error" and error.__dict__.get(_TOLD) == id(self):
            self._changes[:0] = self.events.pop().changes  # told when it was made; now the engine says at which node
        event = self._emit("error", "error", active, node=box, type=type(error).__name__, message=str(error))
        if self._pass.running is not None and box is not None:  # the node never got so far as to pass a gradient on
            if self._pass.running in self.events:
                self.events.remove(self._pass.running)
            event.changes[:0] = self._pass.running.changes
            self._pass.running = None
        event.origin = None if box is None else box.cast.line
        event.error = f"{type(error).__name__}: {error}"
        event.facts["notes"] = notes_of(error)
        event.facts["chips"] = [] if box is None else box.chips
        error.__dict__[_TOLD] = id(self)

    @guarded
    def finish(self, error: BaseException | None) -> None:
        """The block is over: look a last time, and show the error that ended it unless the engine has told it."""
        self._read_again()
        if error is None:
            self._look(last=True)
        else:
            self._look_back(error)
            if error.__dict__.get(_TOLD) != id(self):
                self._passes.clear()
                self._error(error, None)
        for record in self._released:
            self._let_go(record)
        if self.events:
            self.events[-1].changes.extend(self._changes)
            self.events[-1].saved_bytes = self.saved_bytes()

    def _line_at(self, frame: FrameType, number: int) -> int | None:
        """The line of the Trace's source for a line of a frame's file."""
        lines = (source.number(frame.f_code.co_filename, number) for source in self.sources)
        return next((line for line in lines if line is not None), None)

    def _look_back(self, error: BaseException) -> None:
        """Find the place an error came through in its traceback: the frames themselves are over."""
        frames: list[FrameType] = []
        home = 0
        self._frames, self._line = [], None
        for frame, at in walk_tb(error.__traceback__):
            line = self._line_at(frame, at)
            if line is not None or (frames and is_learners(frame)):
                frames.insert(0, frame)
            home = 0 if line is not None else home + 1
            self._line = line or self._line
        self._name(frames, min(home, max(0, len(frames) - 1)))
        self._bury()

    def tell_names(self) -> None:
        """Let pictures of the graph know what was seen: what tensors are called, and which modules made the nodes."""
        for record, tensor in self._living():
            if record.name:
                names.SEEN_TENSORS.remember(tensor, record.name)
        for box, node in self._by_node.values():
            if box.cast.group and (seen := node()) is not None:
                names.SEEN_FUNCTIONS.remember(seen, box.cast.group)

    def leave(self) -> None:
        """A function is over: that its variables go is no step, and the last step shows them still."""
        self._frames = []
        self._naming.leave()
        self.deaths.seen.clear()

    def pause(self) -> None:
        """Hold nothing of the learner's while nobody is recording; weak references stay, for ``resume``."""
        self._frames, self._pass, self._place = [], Pass(), []
        self._passes.clear()
        self._naming.pause()
        self._earlier = {}
        self._modules.clear()
        self._released.clear()
        self._changes.clear()


@functools.lru_cache(maxsize=256)
def calculates(expression: str) -> bool:
    """Whether an expression is one of ``a @ b``, ``a / b``, and the like."""
    try:
        return isinstance(ast.parse(expression, mode="eval").body, ast.BinOp)
    except SyntaxError:
        return False


_TOLD = "_viz_recorder"  # the mark on an error that a recorder has shown
