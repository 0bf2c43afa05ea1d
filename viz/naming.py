"""What the learner calls a tensor: the names of the variables that hold it, as its functions see them.

A result gets its variable only after the operation that made it, so names are looked up at the next event, and
what the running instruction is about to assign is noted as a hint.
"""

from __future__ import annotations

import itertools
import re
import sys
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any

import numpy as np

from minigrad.tensor import Tensor
from viz.cast import TensorRecord
from viz.sources import is_learners, targets

CONTAINER = 64  # items of a list, a dict or an object that are looked at for tensors with a name
DEPTH = 4  # how many of these may lie in one another
_PLAIN = (str, bytes, int, float, complex, np.generic, np.ndarray)  # a list of these is not looked through


def namespace(frame: FrameType) -> Iterator[tuple[str, Any]]:
    """The variables that the code of a frame mentions, with their values; local ones first."""
    code, outer = frame.f_code, frame.f_globals
    if code.co_flags & 0x1:  # CO_OPTIMIZED: a function. Reading f_locals makes a copy, which would keep tensors alive
        inner = frame.f_locals
        found = [
            (name, inner[name]) for name in (*code.co_varnames, *code.co_cellvars, *code.co_freevars) if name in inner
        ]
        if sys.version_info < (3, 13):
            inner.clear()
        yield from found
    elif frame.f_locals is not outer:
        yield from list(frame.f_locals.items())
    for name in code.co_names:
        if name in outer:
            yield name, outer[name]


def tensors_in(name: str, value: Any, module: str, depth: int = DEPTH) -> Iterator[tuple[str, Any]]:
    """The tensors a variable holds, with the expressions that reach them: ``x``, ``ws[0]``, ``net.weight``.

    ``module``: where the learner's code is; objects of classes from elsewhere are not looked into.
    """
    if isinstance(value, Tensor):
        yield name, value
    elif depth == 0:
        return
    elif isinstance(value, list | tuple):
        if 0 < len(value) <= CONTAINER and not isinstance(value[0], _PLAIN):
            for place, item in enumerate(value):
                yield from tensors_in(f"{name}[{place}]", item, module, depth - 1)
    elif isinstance(value, dict):
        if len(value) <= CONTAINER:
            for key, item in list(value.items()):
                if isinstance(key, str | int):
                    yield from tensors_in(f"{name}[{key!r}]", item, module, depth - 1)
    elif hasattr(type(value), "named_parameters"):
        for path, item in (*value.named_parameters(), *value.named_buffers()):
            yield f"{name}.{path}", item
    elif type(value).__module__ == module and len(inside := getattr(value, "__dict__", {})) <= CONTAINER:
        for key, item in list(inside.items()):
            yield from tensors_in(f"{name}.{key}", item, module, depth - 1)


@dataclass(eq=False)
class Hint:
    """The variables that the running instruction is about to assign."""

    scope: int
    place: int  # the instruction
    records: list[TensorRecord]
    certain: bool  # whether they are to hold these tensors for certain, and not what a call makes of them

    def is_taken(self) -> bool:
        """Whether the variables hold the tensors now."""
        return all(record.called.get(self.scope) == record.hint for record in self.records)


class Naming:
    """Gives tensors the names of the variables that hold them. ``tensors``: the living ones, by their id()."""

    def __init__(self, tensors: dict[int, tuple[TensorRecord, weakref.ref[Any]]]) -> None:
        self.tensors = tensors
        self.scope = 0  # of the frame whose line is shown; the cell's is 0
        self._frames: list[FrameType] = []
        self._scopes: list[tuple[int, CodeType, int]] = []  # the frames of the last event, with their numbers
        self._count = 0
        self._bound: dict[int, dict[str, TensorRecord]] = {}  # in every scope that runs, what its variables hold
        self._contents: dict[int, tuple[Any, list[tuple[str, int]]]] = {}  # the same by id(), while it waits
        self._named: dict[str, dict[TensorRecord, None]] = {}  # the tensors that have a name
        self._globals: dict[str, Any] | None = None  # the cell's variables, and those that cells so far mention
        self._mentioned: tuple[str, ...] = ()
        self._hint: Hint | None = None

    def leave(self) -> None:
        """Hold no frame, and with it what its variables hold."""
        self._frames = []

    def pause(self) -> None:
        """Hold nothing of the learner's."""
        self._globals = self._hint = None
        self.leave()

    def _scope_of(self, frame: FrameType) -> int | None:
        """The number of a frame that was running at the last event."""
        return next((n for i, c, n in self._scopes if i == id(frame) and c is frame.f_code), None)

    def look(self, frames: list[FrameType], home: int, step: int, waits: bool, changed: bool) -> list[TensorRecord]:
        """Name tensors after the variables that hold them now; the quiet ones among them that got a name.

        Args:
            frames: the learner's, the innermost first.
            home: which of them the line is of that is shown.
            step: the last one so far.
            waits: whether the innermost waits for the engine as well, as in a backward pass.
            changed: whether tensors have gone, so that what was looked up before does not hold.
        """
        scopes = []
        for frame in frames:
            known = self._scope_of(frame)
            if not frame.f_code.co_flags & 0x1:
                known = 0
            if known is None:
                self._count += 1
                known = self._count
            scopes.append((id(frame), frame.f_code, known))
        self._frames, self._scopes = frames, scopes
        if changed:
            self._contents.clear()
        lost: dict[TensorRecord, None] = {}
        for frame, (_, _, scope) in zip(frames, scopes, strict=True):
            variables = namespace(frame)
            if scope == 0:
                names = frame.f_code.co_names
                if self._globals is None or self._globals is frame.f_globals:
                    # a cell's last line is code of its own, and so is the next cell
                    names = tuple(dict.fromkeys((*names, *self._mentioned)))
                self._globals, self._mentioned = frame.f_globals, names
                globals_ = ((n, frame.f_globals[n]) for n in names if n in frame.f_globals)
                local = frame.f_locals is not frame.f_globals
                variables = itertools.chain(variables, globals_) if local else globals_
            lost |= self._bind(variables, scope, frame.f_lasti if waits or frame is not frames[0] else -1)
        if not frames and (outer := self._globals) is not None:
            lost |= self._bind(((name, outer[name]) for name in self._mentioned if name in outer), 0)
        numbers = [scope for _, _, scope in scopes] if frames else [0]
        if self._hint is not None and self._hint.scope in numbers:
            place = numbers.index(self._hint.scope)
            if not frames or frames[place].f_lasti != self._hint.place or self._hint.is_taken():  # it has gone on
                self._drop_hint()
        self.scope = numbers[home] if numbers else 0
        self._bound = {scope: self._bound.get(scope, {}) for scope in numbers}
        self._contents = {scope: self._contents[scope] for scope in numbers if scope in self._contents}
        return self._rename(numbers[home:], numbers[:home], lost, step)

    def _bind(self, variables: Iterator[tuple[str, Any]], scope: int, place: int = -1) -> dict[TensorRecord, None]:
        """Compare the variables of a scope with what they were; the tensors that one of them does not hold any more.

        ``place``: the call at which the scope waits. As long as it does, what its variables contain is looked up once.
        """
        given = list(variables)
        state = place, [id(value) for _, value in given]
        if place >= 0 and self._contents.get(scope, (None,))[0] == state:
            inside = self._contents[scope][1]
        else:
            module = (self._globals or {}).get("__name__", "")
            inside = [(n, id(tensor)) for name, value in given for n, tensor in tensors_in(name, value, module)]
            self._contents[scope] = state, inside
        bound: dict[str, TensorRecord] = {}
        for name, key in inside:
            found = self.tensors.get(key)
            if found is not None and name not in bound and found[1]() is not None:
                bound[name] = found[0]
        lost: dict[TensorRecord, None] = {}
        for name, record in self._bound.get(scope, {}).items():
            if bound.get(name) is not record and record.called.get(scope) == name:
                del record.called[scope]
                lost[record] = None
        for name, record in bound.items():
            if scope not in record.called:
                record.called[scope] = record.hint if bound.get(record.hint) is record else name
        self._bound[scope] = bound
        return lost

    def _rename(
        self, scopes: list[int], inside: list[int], lost: dict[TensorRecord, None], step: int
    ) -> list[TensorRecord]:
        """Choose between the names that a tensor has: what the function that runs calls it, else its callers, outwards.

        What is reached through another object (``net.weight``) is called as the cell calls it. ``inside`` are scopes
        of functions that are not shown.
        """
        found = []
        waiting = self._hint.records if self._hint is not None and self._hint.scope in (*scopes, *inside) else []
        held = {record: None for scope in (*scopes, *inside) for record in self._bound[scope].values()}
        for record in lost | held:
            names = [record.called[scope] for scope in scopes if scope in record.called]
            best = next((name for name in names if name.isidentifier()), names[-1] if names else None)
            if best is None:
                best = next((record.called[scope] for scope in reversed(inside) if scope in record.called), None)
            if best is not None and not best.startswith("self."):  # which the name of the object itself will replace
                called = self._named.setdefault(best, {})
                for other in [other for other in called if other is not record and other not in held]:
                    del called[other]
                    if other.name == best:
                        other.names.append((step + 1, None))  # a variable of a function that is over
                called[record] = None
            current = record.name
            if best == current or (best is None and record not in lost):
                continue
            hint = "" if record in waiting else record.hint
            there = max((scope for scope in record.called if scope <= record.scope), default=-1)  # of no later call
            again = best is not None and re.search(rf"\b{re.escape(best)}\b", record.expression)  # not t = t * t
            first = hint or record.called.get(there, None if again else best)
            if not record.names and first != best:
                record.names += [(step, first), (step + 1, best)]
            elif current is None:
                record.names.append((step, best))
            elif best is not None and current.startswith("self.") and not best.startswith("self."):
                begin = next(at for at, (_, name) in enumerate(record.names) if name and name.startswith("self."))
                # self.weight is model.weight, seen from outside
                record.names[begin:] = [(record.names[begin][0], best)]
            else:
                record.names.append((step + 1, best))  # in the step that gave it away it still has it: h = 3 * h
            if record.quiet and best is not None:
                record.quiet = False
                found.append(record)
        return found

    def hint(self, records: list[TensorRecord], certain: bool) -> None:
        """Note the variables that the running instruction is about to assign, through functions that return it.

        ``certain``: whether the instruction is the operation that made the tensors, and no call that may go on.
        """
        for frame in self._callers():
            if not is_learners(frame):
                certain = False
                continue
            names = targets(frame)
            if names != "return":
                break
            if frame is self._frames[-1]:
                return
        else:
            return
        scope = self._scope_of(frame)
        if scope is None or len(names) != len(records):
            return
        if self._hint is not None and (self._hint.scope, self._hint.place) == (scope, frame.f_lasti):
            self._hint.certain = False
            self._drop_hint()  # of several operations in one call it is the last that made the result
        for record, name in zip(records, names, strict=True):
            record.hint = name
        self._hint = Hint(scope, frame.f_lasti, records, certain)

    def _callers(self) -> Iterator[FrameType]:
        frame = self._frames[0] if self._frames else None
        while frame is not None:
            yield frame
            frame = frame.f_back

    def _drop_hint(self) -> None:
        """The variable did not take that tensor after all, unless it is certain that it has: y, z = z, y may follow."""
        hint, self._hint = self._hint, None
        if hint is not None and not hint.certain:
            for record in hint.records:
                if record.called.get(hint.scope) != record.hint:
                    record.hint = ""
