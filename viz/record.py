"""record(): watches the engine while a block of code runs, and writes down what happens as a Trace.

The recorder keeps no tensor and no node: only their numbers at each moment, and weak references to tell
them apart. So a graph that the learner lets go of goes, and the run shows that it went. Names are found
late (a result gets its name only after the operation), which is why the events are put into words at the
end, by explain.py.
"""

from __future__ import annotations

import ast
import dis
import functools
import gc
import itertools
import linecache
import os
import re
import sys
import textwrap
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

import numpy as np

import minigrad
from minigrad.autograd import function, grad_mode, observe
from minigrad.autograd.graph import AccumulateGrad
from minigrad.autograd.saved import SavedTensor
from minigrad.formatting import tensor_str
from minigrad.tensor import Tensor
from viz import names, trace
from viz.texts import say
from viz.trace import Trace, Value

LIMIT = 5000  # steps; a longer run is cut
CELLS = 64  # numbers of a tensor that are kept
COARSE = 8  # rows and columns of the picture of a larger matrix; a vector has twice as many parts
SHOWN = 28  # letters of a tensor's text; a longer one becomes a summary
CONTAINER = 64  # items of a list, tuple or dict that are looked at for tensors with a name

_OURS = tuple(os.path.dirname(os.path.abspath(m.__file__ or "")) + os.sep for m in (minigrad, trace))
_ours: dict[str, bool] = {}


# What is kept of a tensor's numbers


class Snap:
    """A tensor's numbers at one moment: as the Trace shows them, and (a small one) to calculate with."""

    __slots__ = ("array", "value")

    def __init__(self, array: np.ndarray) -> None:
        self.array = array.copy() if array.size <= CELLS else None
        self.value = Value(summary(array), list(array.shape), _dtype(array), _cells(array))

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)


def summary(array: np.ndarray) -> str:
    """A tensor's numbers as PyTorch prints them where that is short; else its shape and range."""
    if array.size <= CELLS:
        text = tensor_str(Tensor._plain(array))[len("tensor(") : -1]
        text = " ".join(text.split(", dtype=")[0].split(", size=")[0].split()).replace("[ ", "[")
        if len(text) <= SHOWN:
            return text
    shape = "×".join(str(length) for length in array.shape)
    if array.dtype.kind == "b":
        return f"{shape} · {int(array.sum())} True"
    if not np.isfinite(array).all():
        return f"{shape} · {int((~np.isfinite(array)).sum())} not finite"
    return f"{shape} · {number(array.min())} to {number(array.max())}"


def number(value: Any) -> str:
    """A number with four significant digits, as it stands in a formula."""
    value = float(value)
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "∞", "-inf": "−∞"}[str(value)]
    text = f"{value:.4g}"
    if "e" in text:
        mantissa, exponent = text.split("e")
        text = f"{mantissa}e{int(exponent)}"
    return ("0" if text == "-0" else text).replace("-", "−")


def _cells(array: np.ndarray) -> list[float | None] | None:
    """The numbers to colour; of a large tensor the means of its parts, few enough to be seen."""
    if array.size > CELLS:
        if array.ndim > 2 or array.dtype.kind != "f" or not np.isfinite(array).all():
            return None
        for axis, length in enumerate(array.shape):
            most = COARSE if array.ndim == 2 else 2 * COARSE
            starts = np.linspace(0, length, min(length, most), endpoint=False, dtype=np.intp)
            parts = np.diff(np.append(starts, length))
            array = np.add.reduceat(array, starts, axis) / np.expand_dims(parts, tuple(range(1, array.ndim - axis)))
        return [float(f"{cell:.2g}") for cell in array.ravel().tolist()]
    return [float(f"{cell:.6g}") for cell in array.astype(np.float64).ravel().tolist()]


def _dtype(array: np.ndarray) -> str:
    return str(array.dtype)


def as_array(value: Any) -> np.ndarray:
    """The array of a gradient, which is an array or (under create_graph) a Tensor."""
    return value._array if isinstance(value, Tensor) else np.asarray(value)


# The cast while it is recorded. Each wraps what the Trace will show and adds what finding names needs.


class TensorRecord:
    """A tensor of the run."""

    def __init__(self, made: int, snap: Snap) -> None:
        self.cast = trace.Tensor("", "", snap.value)
        self.made = made  # the number of the step that made it; -1: it was there before
        self.snap = self.first = snap  # now, and when it was first seen
        self.names: list[tuple[int, str | None]] = []  # from which step on it has which name
        self.called: dict[int, str] = {}  # its name in every scope that has one for it
        self.scope = 0  # where it was made
        self.expression = ""  # the learner's source that made it: "x + y"
        self.operation: OperationRecord | None = None
        self.node: NodeRecord | None = None  # the node that stands for it: of its grad_fn, or its own
        self.memory = self  # the first tensor known to lie in the same memory
        self.line: int | None = None
        self.alive = True
        self.key = 0  # the tensor's id() while it lives
        self.of_gradient = False  # computed from a .grad
        self.aside = False  # unrecorded, and part of an update
        self.owner: TensorRecord | None = None  # the tensor whose .grad it is
        self.gradient_of: tuple[TensorRecord, TensorRecord] | None = None  # of the first with respect to the second
        self.quiet = False  # made by minigrad itself: shown only if the learner gives it a name
        self.hint = ""  # the variable that the instruction which made it assigns, where that was never seen itself

    @property
    def name(self) -> str | None:
        return self.names[-1][1] if self.names else None

    def name_at(self, step: int) -> str | None:
        """Its name in a step. The first name it got counts from its birth."""
        found = None
        for number, (since, name) in enumerate(self.names):
            if number == 0 or since <= step:
                found = name
        return found


class NodeRecord:
    """A box of the picture: a leaf, data, an operation's node."""

    def __init__(self, kind: str, label: str, tensor: TensorRecord | None, line: int | None, step: int) -> None:
        self.cast = trace.Node("", kind, label, "", line=line)
        self.tensor = tensor
        self.step = step  # the step that showed it first
        self.operation: OperationRecord | None = None
        self.outputs: list[TensorRecord] = []
        self.arguments: list[EdgeRecord | None] = []  # for each of next_functions
        self.chips: list[ChipRecord] = []
        self.packed = False  # a hook has taken something it saved
        self.version = 0  # of the tensor when this node made it
        self.key = 0  # the node's id() while it lives
        self.hidden = False  # drawn only if something that is drawn uses it
        self.freed_on: int | None = None  # the line of the backward that let its saved tensors go


class EdgeRecord:
    """An edge of the picture; ``output`` says which output of its source it carries."""

    def __init__(self, source: NodeRecord, target: NodeRecord, argument: int, output: int = 0) -> None:
        self.cast = trace.Edge("", "", "", argument)
        self.source, self.target, self.output = source, target, output


class ChipRecord:
    """A tensor that a node has saved; ``names`` are what the node calls it."""

    def __init__(self, tensor: TensorRecord, version: int, size: int, names: list[str]) -> None:
        self.cast = trace.Chip("", "", None, version, size)
        self.tensor, self.names = tensor, names
        self.changed_on: int | None = None  # the line that changed the tensor since


@dataclass(eq=False)
class Operand:
    """A tensor among an operation's arguments, as it was then."""

    tensor: TensorRecord
    snap: Snap
    version: int


@dataclass(eq=False)
class OperationRecord:
    """An operation that ran: what explain.py needs to put it, and later its backward, into words."""

    name: str
    arguments: list[Any]  # Operands, numbers, and lists of them
    given: dict[str, Any]  # the same by the row's names
    results: list[Operand]
    formula: dict[str, str] = field(default_factory=dict)  # LaTeX of each input's gradient
    inputs: list[str] = field(default_factory=list)  # the row's name of each of next_functions


@dataclass(eq=False)
class Event:
    """One step before it is put into words; records stand where the Trace has ids."""

    kind: str
    phase: str
    line: int | None
    origin: int | None = None
    active: list[Any] = field(default_factory=list)
    changes: list[list[Any]] = field(default_factory=list)
    saved_bytes: int = 0
    error: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


# Where the learner's program is


def is_ours(filename: str) -> bool:
    """Whether a file belongs to minigrad or viz."""
    known = _ours.get(filename)
    if known is None:
        known = _ours[filename] = filename.startswith(_OURS)
    return known


def notes_of(error: BaseException) -> list[str]:
    """What was written to an error besides its message."""
    return list(getattr(error, "__notes__", ()))


def is_learners(frame: FrameType) -> bool:
    """Whether a frame is neither minigrad's nor of a function that minigrad made from text (those are in no module)."""
    return not is_ours(frame.f_code.co_filename) and "__name__" in frame.f_globals


def library(frame: FrameType) -> str:
    """The part of minigrad that works by itself, in tensor operations that are not the learner's steps: or nothing."""
    name = frame.f_globals.get("__name__", "")
    if name.startswith(("minigrad.optim", "minigrad.nn.utils")):
        return "tools"
    if name.startswith("minigrad.") and frame.f_code.co_name in ("checkpoint", "keep", "fork_rng"):
        return "tools"
    if name.startswith("minigrad.nn") and frame.f_code.co_name in ("__init__", "reset_parameters"):
        return "init"
    return ""


@dataclass
class Source:
    """The lines of a file, or of a cell, that are shown; ``offset`` is where they begin in the Trace's source."""

    filename: str
    first: int
    lines: list[str]
    offset: int = 0

    def line(self, frame: FrameType) -> int | None:
        """The number, in the Trace, of the line that runs in a frame."""
        return self.number(frame.f_code.co_filename, frame.f_lineno)

    def number(self, filename: str, line: int | None) -> int | None:
        if filename != self.filename or line is None or not self.first <= line < self.first + len(self.lines):
            return None
        return line - self.first + 1 + self.offset


def line_of(frame: FrameType, sources: list[Source]) -> int | None:
    """The line of the Trace's source that runs in a frame."""
    for source in reversed(sources):
        line = source.line(frame)
        if line is not None:
            return line
    return None


def block_source(frame: FrameType) -> Source:
    """The body of the ``with`` statement that a frame has just entered."""
    filename, entered = frame.f_code.co_filename, frame.f_lineno
    lines = [line.rstrip("\n") for line in linecache.getlines(filename, frame.f_globals)]
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError):
        lines = []
    if not lines:
        return Source(filename, 0, [])
    found: ast.With | None = None
    for part in ast.walk(tree):
        if isinstance(part, ast.With) and part.lineno <= entered <= part.body[0].lineno:
            found = part
    if found is None:
        return Source(filename, 1, lines)
    header = max(item.context_expr.end_lineno or 0 for item in found.items)
    first, last = header + 1, found.end_lineno or header
    if found.body[0].lineno == header:  # with viz.record() as run: z.backward()
        return Source(filename, header, [lines[header - 1].strip()])
    while first < last and not lines[first - 1].strip():
        first += 1
    return Source(filename, first, textwrap.dedent("\n".join(lines[first - 1 : last])).split("\n"))


def function_source(function: Callable[..., Any]) -> Source:
    """The lines of a function."""
    import inspect

    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return Source("", 0, [])
    try:
        lines, first = inspect.getsourcelines(code)
    except OSError:
        return Source(code.co_filename, 0, [])
    return Source(code.co_filename, first, textwrap.dedent("".join(lines)).rstrip("\n").split("\n"))


@functools.lru_cache(maxsize=256)
def _positions(code: CodeType) -> list[tuple[int | None, int | None, int | None, int | None]]:
    return list(code.co_positions())


@functools.lru_cache(maxsize=256)
def _instructions(code: CodeType) -> tuple[list[dis.Instruction], dict[int, int]]:
    found = list(dis.get_instructions(code))
    ends = [*(instruction.offset for instruction in found[1:]), len(code.co_code)]
    # A frame that waits for a function may stand anywhere in the caches behind its instruction.
    places = {
        offset: place
        for place, (instruction, end) in enumerate(zip(found, ends, strict=True))
        for offset in range(instruction.offset, end, 2)
    }
    return found, places


def segment(frame: FrameType) -> str:
    """The source of the expression that a frame is evaluating: ``x + y``."""
    code = frame.f_code
    line, last, start, end = _positions(code)[frame.f_lasti // 2]
    if line is None or last is None or start is None or end is None:
        return ""
    lines = linecache.getlines(code.co_filename, frame.f_globals)[line - 1 : last]
    if not lines:
        return ""
    parts = [text.encode() for text in lines]  # columns count bytes
    parts[-1] = parts[-1][:end]
    parts[0] = parts[0][start:]
    return " ".join(b" ".join(part.strip() for part in parts).decode(errors="replace").split())


@functools.lru_cache(maxsize=256)
def callee(expression: str) -> str:
    """What an expression calls or reads: ``relu`` of ``F.relu(h)``, ``mT`` of ``w.mT``."""
    try:
        part = ast.parse(expression, mode="eval").body
    except SyntaxError:
        return ""
    part = part.func if isinstance(part, ast.Call) else part
    return getattr(part, "attr", getattr(part, "id", ""))


def operator_runs(frame: FrameType) -> bool:
    """Whether a frame is at an operator such as +, so that its expression is one operation for certain."""
    instructions, places = _instructions(frame.f_code)
    place = places.get(frame.f_lasti)
    return place is not None and instructions[place].opname.startswith(("BINARY", "UNARY", "COMPARE", "STORE_SUBSCR"))


def stores(frame: FrameType) -> bool:
    """Whether a frame is at ``x[...] = value``."""
    instructions, places = _instructions(frame.f_code)
    place = places.get(frame.f_lasti)
    return place is not None and instructions[place].opname == "STORE_SUBSCR"


def targets(frame: FrameType) -> list[str] | str:
    """The names that take the value a frame is computing, or "return", or nothing."""
    instructions, places = _instructions(frame.f_code)
    place = places.get(frame.f_lasti)
    if place is None:
        return []
    following = iter(instructions[place + 1 :])
    wanted, names = 1, []
    for instruction in following:
        if instruction.opname in ("COPY", "CACHE"):
            continue
        if instruction.opname == "UNPACK_SEQUENCE":
            wanted = instruction.argval
        elif instruction.opname in ("STORE_NAME", "STORE_FAST", "STORE_GLOBAL", "STORE_DEREF"):
            names.append(instruction.argval)
            if len(names) == wanted:
                return names
        elif instruction.opname == "RETURN_VALUE" and not names:
            return "return"
        else:
            break
    return []


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


def tensors_in(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The tensors a variable holds, with the expressions that reach them: ``x``, ``ws[0]``, ``net.weight``."""
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, list | tuple):
        if len(value) <= CONTAINER:
            yield from ((f"{name}[{i}]", item) for i, item in enumerate(value) if isinstance(item, Tensor))
    elif isinstance(value, dict):
        if len(value) <= CONTAINER:
            for key, item in list(value.items()):
                if isinstance(item, Tensor) and isinstance(key, str | int):
                    yield f"{name}[{key!r}]", item
    elif hasattr(type(value), "named_parameters"):
        yield from ((f"{name}.{path}", item) for path, item in value.named_parameters())
    elif name == "self":
        for path, item in list(getattr(value, "__dict__", {}).items()):
            if isinstance(item, Tensor):
                yield f"self.{path}", item


# The recorder


def guarded(method: Callable[..., None]) -> Callable[..., None]:
    """An observer's method that never harms the program it watches: at its first failure the recording ends."""

    @functools.wraps(method)
    def watch(self: Recorder, *details: Any) -> None:
        if self.stopped or self.busy:
            return
        self.busy = True
        try:
            method(self, *details)
        except Exception as problem:
            self.stopped = f"Recording stopped after step {len(self.events)}: {type(problem).__name__}: {problem}"
            self.failed = True
            if os.environ.get("MINIGRAD_VIZ_DEBUG"):
                raise
        finally:
            self.busy = False

    return watch


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


_FUNCTION = {function.Function.apply.__func__.__code__, function.BackwardFunction._run.__code__}  # type: ignore[attr-defined]


def _in_function() -> bool:
    """Whether the forward or backward of a custom Function is running."""
    frame: FrameType | None = None if grad_mode.is_grad_enabled() else sys._getframe(1)
    while frame is not None and frame.f_code not in _FUNCTION:
        frame = frame.f_back
    return frame is not None


class Recorder(observe.Observer):
    """Turns what the engine tells into events."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.deaths = Deaths()
        self.sources = self.deaths.sources
        self.events: list[Event] = []
        self.tensors: list[TensorRecord] = []
        self.nodes: list[NodeRecord] = []
        self.edges: list[EdgeRecord] = []
        self.stopped = ""
        self.cut = False  # the limit was reached
        self.progress: Callable[[int], None] | None = None  # told how many steps there are
        self.failed = False
        self.busy = False
        self._by_tensor: dict[int, tuple[TensorRecord, weakref.ref[Any]]] = {}
        self._by_node: dict[int, tuple[NodeRecord, weakref.ref[Any]]] = {}
        self._changes: list[list[Any]] = []
        self._globals: dict[str, Any] | None = None  # the cell's variables, and those that cells so far mention
        self._mentioned: tuple[str, ...] = ()
        self._held: dict[ChipRecord, None] = {}
        self._bytes: int | None = 0  # what they amount to; None: to be counted again
        self._bound: dict[int, dict[str, TensorRecord]] = {}  # in every scope that runs, what its variables hold
        self._contents: dict[int, tuple[Any, list[tuple[str, int]]]] = {}  # the same by id(), while it waits
        self._named: dict[str, TensorRecord] = {}  # which tensor was given a name last
        self._scopes: list[tuple[int, CodeType, int]] = []  # the frames of the last event, with their numbers
        self._scope_count = self._scope = 0
        self._hinted: tuple[int, int, list[TensorRecord]] | None = None  # in which scope, at which instruction
        self._library = ""  # the part of minigrad that is working by itself: see library()
        self._frame: FrameType | None = None
        self._home: FrameType | None = None  # whose line is shown
        self._outer: FrameType | None = None  # the cell's
        self._line: int | None = None
        self._in_backward = 0
        self._caller: tuple[int, int] | None = None  # where the learner's program called backward
        self._running: Event | None = None  # the node whose backward is running
        self._create_graph = False  # whether the pass that is running is recorded itself
        self._root: TensorRecord | None = None  # what is being differentiated
        self._modules: list[tuple[Any, str]] = []  # the modules whose forward is running, with their paths
        self._arrived: dict[tuple[NodeRecord, int], list[tuple[NodeRecord, Snap]]] = {}
        self._released: list[NodeRecord] = []
        self._travelled: list[EdgeRecord] = []  # gradients stand on them
        self._walk_released: list[NodeRecord] = []
        self._erred = False
        self._phase = ""  # of the last event, what was let go left out

    # Looking around

    def _look(self, last: bool = False) -> None:
        """Find where the learner's program is, what its variables are called, and what has gone since."""
        frame: FrameType | None = sys._getframe(3)
        frames: list[FrameType] = []
        home = whole = 0  # where the innermost line is that is shown; how many frames lead to the outermost
        line = None
        self._library = ""
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
            elif not frames:
                self._library = self._library or library(frame)
            frame = frame.f_back
        frames = frames[: whole or 1]
        if last and frames and not any(frames[0].f_code.co_filename == source.filename for source in self.sources):
            frames = []  # the learner's own frame is over
        self._frame = frames[0] if frames else None
        self._home = frames[home] if frames else None
        self._outer = frames[-1] if frames else None
        self._line = line
        self._find_names(frames, home)
        self._bury()

    def _at(self, frame: FrameType) -> tuple[int, int]:
        return id(frame), frame.f_lasti

    def _scope_of(self, frame: FrameType) -> int | None:
        """The number of a frame that was running at the last event."""
        return next((n for i, c, n in self._scopes if i == id(frame) and c is frame.f_code), None)

    def _find_names(self, frames: list[FrameType], home: int) -> None:
        """Give tensors the names of the variables that hold them now; ``home``: the frame whose line is shown."""
        scopes = []
        for frame in frames:
            known = self._scope_of(frame)
            if not frame.f_code.co_flags & 0x1:
                known = 0
            if known is None:
                self._scope_count += 1
                known = self._scope_count
            scopes.append((id(frame), frame.f_code, known))
        self._scopes = scopes
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
            waits = frame is not frames[0] or self._in_backward > 0
            lost |= self._bind(variables, scope, frame.f_lasti if waits else -1)
        if not frames and (outer := self._globals) is not None:
            lost |= self._bind(((name, outer[name]) for name in self._mentioned if name in outer), 0)
        numbers = [scope for _, _, scope in scopes] if frames else [0]
        if self._hinted is not None and self._hinted[0] in numbers:
            place = numbers.index(self._hinted[0])
            if not frames or frames[place].f_lasti != self._hinted[1]:  # it has gone on
                self._forget_hints(numbers[place])
        self._scope = numbers[home] if numbers else 0
        self._bound = {scope: self._bound.get(scope, {}) for scope in numbers}
        self._contents = {scope: self._contents[scope] for scope in numbers if scope in self._contents}
        self._rename(numbers[home:], numbers[:home], lost)

    def _bind(self, variables: Iterator[tuple[str, Any]], scope: int, place: int = -1) -> dict[TensorRecord, None]:
        """Compare the variables of a scope with what they were; the tensors that one of them does not hold any more.

        ``place``: the call at which the scope waits. As long as it does, what its variables contain is looked up once.
        """
        given = list(variables)
        state = place, [id(value) for _, value in given]
        if place >= 0 and not self.deaths.seen and self._contents.get(scope, (None,))[0] == state:
            inside = self._contents[scope][1]
        else:
            inside = [(name, id(tensor)) for variable, value in given for name, tensor in tensors_in(variable, value)]
            self._contents[scope] = state, inside
        bound: dict[str, TensorRecord] = {}
        for name, key in inside:
            found = self._by_tensor.get(key)
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

    def _rename(self, scopes: list[int], inside: list[int], lost: dict[TensorRecord, None]) -> None:
        """Choose between the names that a tensor has: what the function that runs calls it, else its callers, outwards.

        What is reached through another object (``net.weight``) is called as the cell calls it. ``inside`` are scopes
        of functions that are not shown.
        """
        step = len(self.events) - 1
        waiting = self._hinted[2] if self._hinted is not None and self._hinted[0] in (*scopes, *inside) else []
        held = {record: None for scope in (*scopes, *inside) for record in self._bound[scope].values()}
        for record in lost | held:
            names = [record.called[scope] for scope in scopes if scope in record.called]
            best = next((name for name in names if name.isidentifier()), names[-1] if names else None)
            if best is None:
                best = next((record.called[scope] for scope in reversed(inside) if scope in record.called), None)
            if best is not None and (other := self._named.get(best)) is not record:
                self._named[best] = record
                kept = other in held or best.startswith("self.")  # which the name of the object itself will replace
                if other is not None and not kept and other.name == best:
                    other.names.append((step + 1, None))  # a variable of a function that is over
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
                record.names[-1] = record.names[-1][0], best  # self.weight is model.weight, seen from outside
            else:
                record.names.append((step + 1, best))  # in the step that gave it away it still has it: h = 3 * h
            if record.quiet and best is not None:
                record.quiet = False
                self._set(record, "visible", True)

    def _known(self, tensor: Any) -> TensorRecord | None:
        found = self._by_tensor.get(id(tensor))
        return found[0] if found is not None and found[1]() is tensor else None

    # The cast

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
        record.line, record.scope = self._line, self._scope
        record.cast.requires_grad = tensor.requires_grad
        record.cast.version = 0 if tensor.is_inference() else tensor._version
        record.cast.leaf = tensor.is_leaf
        record.key = id(tensor)
        self._by_tensor[record.key] = record, weakref.ref(tensor, self.deaths.watch(record))
        self.tensors.append(record)
        self._set(record, "visible", True)
        base = tensor._base
        if base is not None:
            record.memory = self._tensor(base).memory
        return record

    def _tensor(self, tensor: Any) -> TensorRecord:
        """The record of a tensor; one that nobody told about was there before, or is a leaf's gradient."""
        known = self._known(tensor)
        if known is not None:
            return known
        record = self._new_tensor(tensor, -1)
        record.line = None
        if tensor.is_leaf:
            owner = self._owner_of(tensor)
            if owner is not None:
                record.owner, record.of_gradient = owner, True
                self._set(record, "visible", False)  # it stands in its owner's row
            if tensor.grad is not None:
                record.cast.grad = Snap(tensor.grad._array).value
            self._own_node(record)
        else:
            node = self._node(tensor.grad_fn, {id(tensor._array): record})
            record.node = node
            record.cast.grad_fn = node.cast.label
            while len(node.outputs) <= tensor.output_nr:
                node.outputs.append(record)
            node.outputs[tensor.output_nr] = record
            node.tensor = node.tensor or record
            if tensor.retains_grad and tensor.grad is not None:
                record.cast.grad = Snap(tensor.grad._array).value
        return record

    def _owner_of(self, gradient: Any) -> TensorRecord | None:
        for record, reference in self._by_tensor.values():
            tensor = reference()
            if tensor is not None and tensor._grad is gradient:
                return record
        return None

    def _own_node(self, record: TensorRecord) -> NodeRecord:
        """The box of a tensor that no operation made."""
        if record.node is None:
            kind = "leaf" if self._now(record, "requires_grad") else "untracked"
            record.node = NodeRecord(kind, "", record, record.line, len(self.events))
            record.node.outputs = [record]
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
            held: dict[TensorRecord, int] = {}
            for chip in self._held:
                memory = chip.tensor.memory
                held[memory] = max(held.get(memory, 0), chip.cast.bytes)
            self._bytes = sum(held.values())
        return self._bytes

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
        before = self.saved_bytes()
        dropped = [record for record in nodes if self._let_go(record)]
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
        if dropped:
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
        phase = phase or ("backward" if self._in_backward else "forward")
        event = Event(kind, phase, self._line, active=list(active), changes=self._changes, facts=facts)
        event.saved_bytes = self.saved_bytes()
        facts["home"] = segment(self._home) if self._home is not None else ""
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
        if self._library and not tensor.requires_grad and known is None:
            return  # what a module makes its parameters of
        if known is not None and self._now(known, "requires_grad") == tensor.requires_grad:
            return  # it was so already
        record = known or self._new_tensor(tensor, len(self.events))
        self._set(record, "requires_grad", tensor.requires_grad)
        active: list[Any] = [record]
        if tensor.requires_grad:
            node = self._own_node(record)
            node.cast.kind = "leaf"
            self._show(node)
            active.insert(0, node)
        if known is None and self._frame is not None:
            record.expression = segment(self._frame)
            if not self._library:
                self._hint([record])
        parameter = type(tensor).__name__ == "Parameter"
        self._emit("leaf", active=active, tensor=record, again=known is not None, parameter=parameter)

    @guarded
    def operation(self, name: str, inputs: tuple[Any, ...], outputs: tuple[Any, ...], node: Any) -> None:
        self._look()
        arguments = [self._argument(value) for value in inputs]
        tensors = list(_flat(arguments))
        fresh = [self._known(output) is None for output in outputs]
        records = []
        for output, new in zip(outputs, fresh, strict=True):
            record = self._new_tensor(output, len(self.events)) if new else self._tensor(output)
            if new and name == "detach":
                record.memory = tensors[0].tensor.memory
            record.of_gradient = node is None and any(o.tensor.of_gradient for o in tensors)
            if node is None:  # looking at a leaf between backward and the next forward is part of the update
                record.aside = record.of_gradient or any(o.tensor.aside for o in tensors)
                record.aside |= name == "detach" and self._phase in ("backward", "update")
            records.append(record)
        results = [Operand(record, record.snap, record.cast.version) for record in records]
        row = getattr(node, "operation", None)
        view = any(output._is_view() for output in outputs)
        # Steps of the engine's own are not the learner's: finding where x[0] = 1 writes to, copying a gradient.
        aside = view and self._frame is not None and stores(self._frame)
        internal = self._in_backward and self._frame is not None and self._at(self._frame) == self._caller
        operation = OperationRecord(name, arguments, {}, results)
        if row is not None:
            operation.given = dict(zip(row.params, arguments, strict=False))
            operation.formula = row.formula
        expression = segment(self._frame) if self._frame is not None else ""
        direct = self._frame is not None and (operator_runs(self._frame) or callee(expression) == name.strip("_"))
        box = None
        if node is not None:
            known = self._known_node(node)
            box = known or self._new_node(node, self._line)
            box.operation, box.outputs, box.tensor = operation, records, records[0]
            box.hidden = aside
            if known is None:
                self._draw(box, node, operation, tensors, row)
                self._hold(
                    box, node, {id(output._array): record for output, record in zip(outputs, records, strict=True)}
                )
                self._show(box)
        elif any(fresh):
            box = NodeRecord("untracked", name, records[0], self._line, len(self.events))
            box.operation, box.outputs = operation, records
            self.nodes.append(box)
            for place, operand in enumerate(tensors):
                self._edge(self._own_node(operand.tensor), box, place)
            self._show(box)
        for record, new, output in zip(records, fresh, outputs, strict=True):
            if new:
                record.node, record.operation = box, operation
                record.cast.leaf = output.is_leaf
                record.cast.requires_grad = output.requires_grad
                record.cast.grad_fn = None if node is None else box.cast.label  # type: ignore[union-attr]
                if node is not None:
                    record.cast.grad = say("kept")
                if direct and not self._running:
                    record.expression = expression
            elif node is not None:  # made inside a custom Function's forward, and now its result
                record.node, record.operation = box, operation
                if not record.names:  # what the Function's result is called, it is called from here on
                    record.names.append((record.made, None))
                self._set(record, "leaf", False)
                self._set(record, "requires_grad", True)
                self._set(record, "grad_fn", type(node).__name__)
                self._set(record, "grad", say("kept"))
        if not self._running:
            self._hint(records)
        if aside or (node is None and (internal or self._library)):
            for record in records:
                record.quiet = True
                self._set(record, "visible", False)
            return
        kind = ("view" if view else "operation") if node is not None else "untracked"
        phase = "update" if node is None and records[0].aside and not self._in_backward else None
        edges = [edge for edge in self.edges[-len(tensors) - 1 :] if edge.target is box]
        active = [*([box] if box else []), *edges, *records, *(box.chips if box else [])]
        self._emit(
            kind, phase, active, operation=operation, node=box, enabled=grad_mode.is_grad_enabled(), view=view,
            inference=grad_mode.is_inference_mode_enabled(),
            created=self._running is not None, recorded=self._create_graph, custom=_in_function(),
            needing=any(isinstance(value, Tensor) and value.requires_grad for value in inputs),
        )  # fmt: skip

    def _argument(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            record = self._tensor(value)
            if record.owner is not None:  # a gradient changes with every backward
                record.snap = Snap(value._array)
            return Operand(record, record.snap, self._now(record, "version"))
        if isinstance(value, list | tuple):
            return [self._argument(item) for item in value]
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
        drawn = {places.get(index, index) for index, edge in enumerate(box.arguments) if edge is not None}
        for place, operand in enumerate(tensors):
            if place not in drawn:
                self._edge(self._own_node(operand.tensor), box, place)

    def _hint(self, records: list[TensorRecord]) -> None:
        """Note the variables that the running instruction is about to assign, through functions that return it."""
        frame = self._frame
        while frame is not None:
            if is_learners(frame):
                names = targets(frame)
                if names != "return":
                    break
                if frame is self._outer:
                    return
            frame = frame.f_back
        else:
            return
        scope = self._scope_of(frame)
        if scope is None or len(names) != len(records):
            return
        if self._hinted is not None and self._hinted[:2] == (scope, frame.f_lasti):
            self._forget_hints(scope)  # of several operations in one call it is the last that made the result
        for record, name in zip(records, names, strict=True):
            record.hint = name
        self._hinted = scope, frame.f_lasti, records

    def _forget_hints(self, scope: int) -> None:
        """The variable did not take that tensor after all."""
        for record in self._hinted[2] if self._hinted is not None else ():
            if record.called.get(scope) != record.hint:
                record.hint = ""
        self._hinted = None

    @guarded
    def inplace(self, name: str, tensor: Any, inputs: tuple[Any, ...], before: int, after: int) -> None:
        self._look()
        owner = self._owner_of(tensor)
        if owner is not None:
            self._gradient_changed(owner, name, tensor)
            return
        arguments = [self._argument(value) for value in inputs]
        record = self._tensor(tensor)
        old = Operand(record, record.snap, before)
        self._refresh(record, tensor)
        if self._library == "init" and self.events and record.made >= 0 and self._now(record, "leaf"):
            # A module fills its parameters: that is how they are made, and no step of its own.
            record.first, record.cast.value, record.cast.version = record.snap, record.snap.value, after
            self._changes = [change for change in self._changes if change[0] is not record]
            return
        update = self._now(record, "leaf") and self._now(record, "requires_grad") and not grad_mode.is_grad_enabled()
        target = record.memory if tensor._is_view() else record
        holder = tensor._base if tensor._is_view() else tensor
        box, node = None, holder.grad_fn
        operation = OperationRecord(name, [old, *arguments], {}, [Operand(record, record.snap, after)])
        if node is not None and self._known_node(node) is None:
            box = self._new_node(node, self._line)
            operand = Operand(target, target.snap, after)
            row = getattr(node, "operation", None)
            if row is not None:
                operation.given = dict(zip(row.params, operation.arguments, strict=False))
                operation.formula = row.formula
            operation.results = [operand]
            box.operation, box.outputs, box.tensor, box.version = operation, [target], target, after
            # A write to a view is drawn as one to its base: the view itself is not in the way of any gradient.
            written = old if target is record else Operand(target, target.snap, before)
            self._draw(box, node, operation, [written, *_flat(arguments)], row)
            self._hold(box, node, {id(holder._array): target})
            self._show(box)
            target.node = box
            self._set(target, "grad_fn", box.cast.label)
            self._set(target, "leaf", False)
            self._set(target, "requires_grad", True)
            self._set(target, "grad", say("kept"))
        stale = self._check_versions(record, after)
        active = [*([box] if box else []), record, *([target] if target is not record else []), *stale]
        if record.node is not None and not box:
            active.insert(0, record.node)
        kind = "update" if update else "inplace"
        self._emit(
            kind, "update" if update else None, active, operation=operation, node=box, tensor=record, target=target,
            before=old, after=Operand(record, record.snap, after), stale=stale,
        )  # fmt: skip

    def _refresh(self, changed: TensorRecord, tensor: Any) -> None:
        """Read again what lies in memory that was written to."""
        for record, reference in list(self._by_tensor.values()):
            if record is changed or record.memory is changed.memory:
                other = reference()
                if other is not None:
                    record.snap = Snap(other._array)
                    self._set(record, "value", record.snap.value)
                    if not other.is_inference():
                        self._set(record, "version", other._version)

    def _check_versions(self, record: TensorRecord, version: int) -> list[ChipRecord]:
        """Mark the saved tensors that are not any more what they were when they were saved."""
        stale = []
        for chip in self._held:
            if chip.tensor.memory is record.memory and chip.cast.version != version:
                self._set(chip, "stale", True)
                chip.changed_on = chip.changed_on or self._line
                stale.append(chip)
        return stale

    def _gradient_changed(self, owner: TensorRecord, name: str, gradient: Any) -> None:
        before = self._now(owner, "grad")
        after = Snap(gradient._array)
        self._set(owner, "grad", after.value)
        phase = "backward" if self._in_backward else "update"
        active = [*([owner.node] if owner.node else []), owner]
        self._emit("grad_set", phase, active, tensor=owner, before=before, after=after, inplace=name)

    @guarded
    def grad_set(self, tensor: Any, before: Any, after: Any) -> None:
        self._look()
        record = self._tensor(tensor)
        old = self._now(record, "grad")
        snap = None if after is None else Snap(after._array)
        self._set(record, "grad", None if snap is None else snap.value)
        active = [*([record.node] if record.node else []), record]
        self._emit("grad_set", "update", active, tensor=record, before=old, after=snap, inplace="")

    @guarded
    def backward_begin(self, roots: tuple[Any, ...], gradients: tuple[Any, ...], options: dict[str, Any]) -> None:
        self._look()
        self._in_backward += 1
        self._caller = self._at(self._frame) if self._frame is not None else None
        self._arrived, self._walk_released, self._erred = {}, [], False
        for edge in self._travelled:  # the gradients of an earlier pass have gone by
            self._changes.append([edge, "gradient", None])
        self._travelled.clear()
        seeds = []
        for root, gradient in zip(roots, gradients, strict=True):
            record, snap = self._tensor(root), Snap(as_array(gradient))
            seeds.append((record, snap))
            self._passing(record, snap)
        self._root = seeds[0][0] if seeds else None
        active: list[Any] = [record for record, _ in seeds]
        active += [record.node for record, _ in seeds if record.node is not None]
        self._create_graph = options.get("create_graph", False)
        event = self._emit("backward", "backward", active, seeds=seeds, options=dict(options))
        event.origin = seeds[0][0].node.cast.line if seeds[0][0].node is not None else None

    def _passing(self, record: TensorRecord, snap: Snap) -> None:
        """A gradient arrives at a tensor that will not keep it."""
        if not self._now(record, "leaf") and not isinstance(self._now(record, "grad"), Value):
            self._set(record, "grad", f"{say('kept')} · {snap.value.text}")

    @guarded
    def node_begin(self, node: Any, grad_outputs: tuple[Any, ...]) -> None:
        if type(node) is AccumulateGrad:
            return
        self._look()
        box = self._node(node)
        incoming = [None if grad is None else Snap(as_array(grad)) for grad in grad_outputs]
        for output, grad in zip(box.outputs, grad_outputs, strict=False):
            if isinstance(grad, Tensor) and self._known(grad) is None and self._root is not None:
                seed = self._new_tensor(grad, len(self.events))
                seed.gradient_of = self._root, output
                self._set(seed, "visible", False)
        for record, snap in zip(box.outputs, incoming, strict=False):
            if snap is not None and not (box.version and record.node is not box):
                self._passing(record, snap)
        arrived = {place: self._arrived.get((box, place), []) for place in range(len(incoming))}
        self._running = self._emit("node", "backward", [box], node=box, incoming=incoming, arrived=arrived)
        self._running.origin = box.cast.line

    @guarded
    def node_end(self, node: Any, grad_outputs: tuple[Any, ...], grad_inputs: tuple[Any, ...]) -> None:
        if type(node) is AccumulateGrad:
            return
        event, self._running = self._running, None
        if event is None:
            return
        box = event.facts["node"]
        outgoing = [None if grad is None else Snap(as_array(grad)) for grad in grad_inputs]
        event.facts["outgoing"] = outgoing
        later, self._changes = self._changes, []
        for edge, snap in zip(box.arguments, outgoing, strict=False):
            if edge is None or snap is None:
                continue
            sent = self._arrived.setdefault((edge.source, edge.output), [])
            sent.append((box, snap))
            self._travelled.append(edge)
            event.active.append(edge)
            for record in edge.source.outputs[edge.output : edge.output + 1]:
                current = not edge.source.version or record.node is edge.source
                if edge.source.cast.kind == "operation" and current and len(sent) == 1:
                    self._passing(record, snap)
                event.active.append(record)
        event.active.extend(chip for chip in box.chips if chip in self._held)
        event.changes.extend(self._changes)
        self._changes = later

    @guarded
    def accumulate(self, tensor: Any, before: Any, arriving: Any, after: Any) -> None:
        self._look()
        record = self._tensor(tensor)
        box = self._own_node(record)
        snap = Snap(as_array(after))
        self._set(record, "grad", snap.value)
        event = self._emit(
            "accumulate", "backward", [box, record], tensor=record, node=box,
            before=None if before is None else Snap(as_array(before)), arriving=Snap(as_array(arriving)), after=snap,
            arrived=self._arrived.pop((box, 0), []),
        )  # fmt: skip
        event.origin = record.line

    @guarded
    def retain(self, tensor: Any, gradient: Any) -> None:
        self._look()
        record, snap = self._tensor(tensor), Snap(as_array(gradient))
        self._set(record, "grad", snap.value)
        active = [*([record.node] if record.node else []), record]
        event = self._emit("retain", "backward", active, tensor=record, snap=snap)
        event.origin = record.line

    @guarded
    def returned(self, inputs: tuple[Any, ...], gradients: tuple[Any, ...]) -> None:
        self._look()
        pairs = []
        for tensor, gradient in zip(inputs, gradients, strict=True):
            if gradient is not None:
                known = self._known(gradient)
                record = known or self._new_tensor(gradient, len(self.events))
                pairs.append((self._tensor(tensor), record))
        self._hint([record for _, record in pairs])
        active = [record for _, record in pairs]
        unused = [self._tensor(tensor) for tensor, gradient in zip(inputs, gradients, strict=True) if gradient is None]
        self._emit("accumulate", "backward", active, returned=pairs, unused=unused)

    @guarded
    def hook(self, target: Any, before: Any, after: Any) -> None:
        self._look()
        if isinstance(target, Tensor):
            record: TensorRecord | None = self._tensor(target)
            box = record.node  # type: ignore[union-attr]
        elif type(target) is AccumulateGrad:
            record = self._tensor(target.variable)
            box = self._own_node(record)
        else:
            box = self._node(target)
            record = box.tensor
        edges = [
            edge
            for edge in self._travelled
            if edge.source is box and (record is None or record in edge.source.outputs[edge.output : edge.output + 1])
        ]
        active = [part for part in (box, record, *edges) if part is not None]
        event = self._emit(
            "hook", "backward", active, tensor=record, node=box, before=Snap(as_array(before)),
            after=Snap(as_array(after)), edges=edges,
        )  # fmt: skip
        event.origin = None if box is None else box.cast.line

    @guarded
    def freed(self, node: Any, byte_count: int) -> None:
        box = self._known_node(node)
        if box is not None and box.chips:
            box.freed_on = self._line
            self._released.append(box)
            self._walk_released.append(box)

    @guarded
    def backward_end(self) -> None:
        self._in_backward = max(0, self._in_backward - 1)
        self._running = None
        if self._walk_released and not self._erred:
            self._look()
            for box in self._walk_released:
                self._set(box, "freed", True)
            count = sum(chip.cast.bytes for box in self._walk_released for chip in box.chips)
            chips = [chip for box in self._walk_released for chip in box.chips]
            self._emit(
                "free", "backward", [*self._walk_released, *chips], nodes=self._walk_released, bytes=count, chips=chips
            )
        self._walk_released = []

    @guarded
    def update(self, tensor: Any, optimizer: str, before: Any, version: int, options: dict[str, Any]) -> None:
        self._look()
        record = self._tensor(tensor)
        old = Operand(record, Snap(before), version)
        self._refresh(record, tensor)
        new = Operand(record, record.snap, tensor._version)
        stale = self._check_versions(record, new.version)
        numbers = {key: value for key, value in options.items() if isinstance(value, int | float)}
        gradient = None if tensor.grad is None else Snap(tensor.grad._array)
        self._emit(
            "update", "update", [self._own_node(record), record, *stale], tensor=record, before=old, after=new,
            stale=stale, optimizer=optimizer, options=numbers, gradient=gradient,
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
        if node is None and error.__dict__.get(_TOLD) == id(self):
            self.events[-1].facts["notes"] = notes_of(error)  # what was found out on its way
            return
        self._look()
        self._error(error, None if node is None else self._node(node))

    def _error(self, error: BaseException, box: NodeRecord | None) -> None:
        for record in self._walk_released:
            self._set(record, "freed", True)
        self._erred = True
        active: list[Any] = []
        if box is not None:
            self._set(box, "failed", True)
            active = [box, *box.chips]
        last = self.events[-1] if self.events else None
        if last is not None and last.kind == "error" and error.__dict__.get(_TOLD) == id(self):
            self._changes[:0] = self.events.pop().changes  # told when it was made; now the engine says at which node
        event = self._emit("error", "error", active, node=box, type=type(error).__name__, message=str(error))
        if self._running is not None and box is not None:  # the node never got so far as to pass a gradient on
            self.events.remove(self._running)
            event.changes[:0] = self._running.changes
            self._running = None
        event.origin = None if box is None else box.cast.line
        event.error = f"{type(error).__name__}: {error}"
        event.facts["notes"] = notes_of(error)
        event.facts["chips"] = [] if box is None else box.chips
        error.__dict__[_TOLD] = id(self)

    @guarded
    def finish(self, error: BaseException | None) -> None:
        """The block is over: look a last time, and show the error that ended it unless the engine has told it."""
        if error is None:
            self._look(last=True)
        else:
            self._look_back(error)
            if error.__dict__.get(_TOLD) != id(self):
                self._in_backward = 0
                self._error(error, None)
        for record in self._released:
            self._let_go(record)
        if self.events:
            self.events[-1].changes.extend(self._changes)
            self.events[-1].saved_bytes = self.saved_bytes()

    def _look_back(self, error: BaseException) -> None:
        """Find the place an error came through in its traceback: the frames themselves are over."""
        frames: list[FrameType] = []
        home = 0
        self._frame = self._home = self._outer = self._line = None
        step = error.__traceback__
        while step is not None:
            frame = step.tb_frame
            lines = (source.number(frame.f_code.co_filename, step.tb_lineno) for source in self.sources)
            line = next((line for line in lines if line is not None), None)
            if line is not None or (frames and is_learners(frame)):
                frames.insert(0, frame)
            home = 0 if line is not None else home + 1
            self._line = line or self._line
            step = step.tb_next
        self._find_names(frames, min(home, max(0, len(frames) - 1)))
        self._bury()

    def tell_names(self) -> None:
        """Let pictures of the graph know what was seen: what tensors are called, and which modules made the nodes."""
        for record, tensor in self._by_tensor.values():
            if record.name and (seen := tensor()) is not None:
                names.SEEN_TENSORS.remember(seen, record.name)
        for box, node in self._by_node.values():
            if box.cast.group and (seen := node()) is not None:
                names.SEEN_FUNCTIONS.remember(seen, box.cast.group)

    def pause(self) -> None:
        """Hold nothing of the learner's while nobody is recording; weak references stay, for ``resume``."""
        self._frame = self._home = self._outer = self._caller = self._running = None
        self._globals = None
        self._hinted = None
        self._modules.clear()
        self._released.clear()
        self._changes.clear()
        self._in_backward = 0


def short_name(node: Any) -> str:
    """A node's name without its namespace: CopySlices for torch::autograd::CopySlices."""
    return node.name().rpartition("::")[2]


_TOLD = "_viz_recorder"  # the mark on an error that a recorder has shown


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


def _flat(arguments: list[Any]) -> Iterator[Operand]:
    for argument in arguments:
        if isinstance(argument, Operand):
            yield argument
        elif isinstance(argument, list):
            yield from _flat(argument)


# The public face


class Run:
    """A recorded run: ``with viz.record() as run:``. In a notebook it shows as a stepper."""

    def __init__(self, title: str = "", limit: int = LIMIT, predict: Sequence[str] | bool = ()) -> None:
        self._title, self._recorder = title, Recorder(limit)
        self._predict = (
            ("all",) if predict is True else (predict,) if isinstance(predict, str) else tuple(predict or ())
        )
        self._trace: Trace | None = None
        self._watching = False

    @property
    def trace(self) -> Trace:
        """What was recorded, as plain data."""
        if self._trace is None or self._watching:
            from viz import explain

            self._trace = explain.put_into_words(self._recorder, self._title, self._predict)
        return self._trace

    def __enter__(self) -> Run:
        return self.start(block_source(sys._getframe(1)))

    def __exit__(self, kind: Any, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.stop(error)

    def start(self, source: Source) -> Run:
        """Watch from now on; ``source`` is what is shown.

        Raises:
            RuntimeError: something is being recorded on this thread already.
        """
        if any(isinstance(observer, Recorder) for observer in grad_mode.state.observers):
            raise RuntimeError("a recording is already running here: viz.record() and %%step do not nest")
        recorder = self._recorder
        source.offset = sum(len(part.lines) for part in recorder.sources)
        recorder.sources.append(source)
        self._trace, self._watching = None, True
        recorder.deaths.unseen = False
        gc.callbacks.append(recorder.deaths.collector)
        self._context = observe.observing(recorder)
        self._context.__enter__()
        return self

    def stop(self, error: BaseException | None = None) -> None:
        """Watch no longer; ``error`` is what ended the block."""
        recorder = self._recorder
        self._context.__exit__(None, None, None)
        gc.callbacks.remove(recorder.deaths.collector)
        self._trace, self._watching = None, False
        recorder.finish(error)
        recorder.tell_names()
        recorder.pause()
        recorder.deaths.unseen = True
        if recorder.failed:
            recorder.failed = False
            warnings.warn(f"{recorder.stopped} (The program itself was not disturbed.)", RuntimeWarning, stacklevel=3)

    def resume(self) -> Run:
        """Record more into the same run: ``with run.resume():`` in a later cell."""
        return self

    def show(self, step: int | None = None) -> Any:
        """The stepper, opened at a step (counted from 1; negative from the end)."""
        from viz.stepper import Stepper

        return Stepper(self.trace) if step is None else Stepper(self.trace, step=step)

    def save(self, path: str | Path) -> None:
        """Write the trace to a file that ``viz.load`` reads."""
        self.trace.save(path)

    def to_html(self, path: str | Path) -> None:
        """Write the stepper to one HTML file, which needs no Python and no network."""
        from viz import page

        page.save(self.trace, path)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self.show()._repr_mimebundle_(include=include, exclude=exclude)

    def __repr__(self) -> str:
        if self._watching:
            return "<run, recording>"
        steps = self.trace.steps
        ending = f", ends in {steps[-1].error.split(':')[0]}" if steps and steps[-1].error else ""
        return f"<run of {len(steps)} step{'' if len(steps) == 1 else 's'}{ending}>"


def record(title: str = "", *, limit: int = LIMIT, predict: Sequence[str] | bool = ()) -> Run:
    """Watch a block of code: ``with viz.record() as run:``.

    Recording takes time, about 0.8 ms a step, whatever the step calculates. Measured: a training step of a 784-256-10
    network on 128 images runs 3 times as long, forty steps of a 1-10-1 network 53 times, a loop of 200 operations on
    single numbers 116 times. Nothing is slower once the block is over.

    Args:
        title: what stands above the stepper.
        limit: the most steps that are recorded.
        predict: what the reader is asked before it is shown: ``["x.grad"]``, ``["raises"]``; True: every leaf's
            gradient, and whether a backward raises.

    >>> import minigrad as torch
    >>> with record() as run:
    ...     x = torch.tensor([2.0], requires_grad=True)
    ...     y = x * x
    ...     y.backward()
    >>> [step.kind for step in run.trace.steps]
    ['leaf', 'operation', 'backward', 'node', 'accumulate', 'free']
    """
    return Run(title, limit, predict)


def step(
    function: Callable[..., Any], *args: Any, title: str = "", predict: Sequence[str] | bool = (), **kwargs: Any
) -> Run:
    """Run ``function(*args, **kwargs)`` and return the recorded run; an error is its last step."""
    run = Run(title or getattr(function, "__name__", ""), predict=predict)
    run.start(function_source(function))
    error: BaseException | None = None
    try:
        function(*args, **kwargs)
    except Exception as raised:
        error = raised
    finally:
        run._recorder.deaths.seen.clear()
        run.stop(error)
        del error
    return run
