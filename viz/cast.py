"""The cast of a run while it is recorded: its tensors, nodes, edges, saved tensors, and what happens to them.

Each record wraps what the Trace will show of its part and adds what only the recording needs. None holds a
tensor or a node of the learner's, only their numbers at a moment.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.formatting import tensor_str
from minigrad.tensor import Tensor
from viz import trace
from viz.trace import Value

CELLS = 64  # numbers of a tensor that are kept
COARSE = 8  # rows and columns of the picture of a larger matrix; a vector has twice as many parts
SHOWN = 28  # letters of a tensor's text; a longer one becomes a summary


class Snap:
    """A tensor's numbers at one moment: as the Trace shows them, and (a small one) to calculate with."""

    __slots__ = ("array", "value")

    def __init__(self, array: np.ndarray) -> None:
        small = array.size <= CELLS
        self.array = array.copy() if small else None
        self.value = _small(array.tobytes(), array.dtype.str, array.shape) if small else _value(array)

    def blank(self) -> Snap:
        """The same without the numbers to calculate with, where they are not those of the moment."""
        blank = Snap.__new__(Snap)
        blank.array, blank.value = None, self.value
        return blank

    def is_of(self, array: np.ndarray) -> bool:
        """Whether an array has these numbers still; of a large one, whose numbers are not kept, it is taken to have."""
        if self.array is None or array.size != self.array.size:
            return self.shape == array.shape
        return self.shape == array.shape and np.array_equal(self.array, array, equal_nan=array.dtype.kind == "f")

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape)


def _value(array: np.ndarray) -> Value:
    return Value(summary(array), list(array.shape), _dtype(array), _cells(array))


@functools.lru_cache(maxsize=2048)
def _small(numbers: bytes, dtype: str, shape: tuple[int, ...]) -> Value:
    """The same, done once for the same numbers: they are met again at the next node, and unchanged in every step."""
    return _value(np.frombuffer(numbers, dtype).reshape(shape))


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
    """A number with four significant digits, or a truth value, as it stands in a formula."""
    if isinstance(value, bool):
        return str(value)
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
        self.guessed = False  # its first numbers are not known: it had been changed when it was met
        self.momentum: Snap | None = None  # what an optimizer remembers of its gradients
        self.data_of: TensorRecord | None = None  # the tensor whose .data it is
        self.gradient_of: tuple[TensorRecord, TensorRecord] | None = None  # of the first with respect to the second
        self.quiet = False  # made by minigrad itself: shown only if the learner gives it a name
        self.hint = ""  # the variable that the instruction which made it assigns, where that was never seen itself

    @property
    def name(self) -> str | None:
        return self.names[-1][1] if self.names else None

    def was(self, snap: Snap) -> None:
        """Take these numbers for those it had when it was first seen."""
        self.snap = self.first = snap
        self.cast.value = snap.value

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
        self.numbers: list[str] = []  # plain numbers that it saved: freed like tensors, in a few bytes
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

    @property
    def operands(self) -> list[Operand]:
        """The tensors among the arguments."""
        return list(operands_in(self.arguments))


def operands_in(arguments: list[Any]) -> Iterator[Operand]:
    """The tensors among arguments, and in lists of them."""
    for argument in arguments:
        if isinstance(argument, Operand):
            yield argument
        elif isinstance(argument, list):
            yield from operands_in(argument)


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
