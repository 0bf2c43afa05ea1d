"""Numbers and equations as they stand in a step: MathML with its reading in plain text, and short texts for boxes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from viz.cast import Snap, number
from viz.latex import Math, linear, op, row
from viz.texts import say
from viz.trace import Formula, Value

BRIEF = 20  # letters of a tensor's numbers in a box or on an edge


def size_text(count: int) -> str:
    """Bytes for a reader: ``8 B``, ``4.0 kB``."""
    if count < 1000:
        return f"{count} B"
    size, unit = float(count), 0
    while size >= 999.5:
        size, unit = size / 1000, unit + 1
    return f"{size:.1f} {' kMGT'[unit]}B" if size < 9.95 else f"{size:.0f} {' kMGT'[unit]}B"


def shape_text(shape: Any) -> str:
    """``2×3``; a single number's shape is empty."""
    return "×".join(str(length) for length in shape) or "1"


def value_math(snap: Snap) -> Math | None:
    """Numbers few enough to be read in a formula; None for more."""
    return None if snap.array is None else array_math(snap.array)


def value_shown(value: Value) -> Math:
    """The same of what a Trace holds: its numbers, or its shape."""
    few = value.cells is not None and len(value.cells) == math.prod(value.shape)
    drawn = array_math(np.array(value.cells).reshape(value.shape)) if few else None
    return drawn or ["mtext", f"({shape_text(value.shape)})"]


def array_math(array: np.ndarray) -> Math | None:
    """The numbers of an array: one, a row of up to four, a matrix of up to three rows and columns."""
    if array.size == 1:
        return ["mn", number(array.item())]
    if array.ndim == 1 and array.size <= 4:
        cells: list[Any] = []
        for item in array.tolist():
            cells += [op(","), ["mn", number(item)]]
        return row(op("["), *cells[1:], op("]"))
    if array.ndim == 2 and array.size > 0 and max(array.shape) <= 3:
        rows = [["mtr", *(["mtd", ["mn", number(item)]] for item in line)] for line in array.tolist()]
        return row(op("["), ["mtable", *rows], op("]"))
    return None


def matrix_math(snap: Snap) -> Math:
    """Numbers for a matrix product, where one number is a matrix as well."""
    drawn = shown(snap)
    return row(op("["), drawn, op("]")) if drawn[0] == "mn" and len(snap.shape) == 2 else drawn


def shown(snap: Snap) -> Math:
    """Numbers for a formula, or their shape where they are many."""
    return value_math(snap) or ["mtext", f"({shape_text(snap.shape)})"]


def term(snap: Snap) -> Math:
    """Numbers for a sum: a negative one stands in parentheses."""
    drawn = shown(snap)
    return row(op("("), drawn, op(")")) if drawn[0] == "mn" and drawn[1].startswith("−") else drawn


def formula_of(math: Math, note: str = "") -> Formula:
    """A formula with its reading in plain text."""
    return Formula(math, " ".join(linear(math).split()), note)


def equation(*sides: Math, note: str = "") -> Formula:
    """``a = b = c``, what is the same as the side before left out; the last side is marked."""
    kept: list[Math] = []
    for side in sides:
        if not kept or linear(side) != linear(kept[-1]):
            kept.append(side)
    parts: list[Any] = [kept[0]]
    for side in kept[1:-1]:
        parts += [op("="), side]
    if len(kept) > 1:
        parts += [op("="), ["mark", kept[-1]]]
    math = row(*parts)
    return formula_of(math, note)


def assigned(name: Math, formula: Formula) -> Formula:
    """``x ← a = b`` in a single row: a long one breaks at each "=" of it."""
    return formula_of(row(name, op("←"), *formula.math[1:]), formula.note)


def short(snap: Snap) -> str:
    """A gradient for an edge."""
    if snap.array is not None and snap.array.size == 1:
        return number(snap.array.item())
    return brief(snap.value)


def brief(value: Value) -> str:
    """A tensor's numbers for a box or an edge: all of them if they are few, else the shape."""
    if len(value.text) <= BRIEF and " · " not in value.text:
        return value.text
    if value.cells is not None and len(value.shape) == 1 and len(value.cells) <= 4:
        text = f"[{', '.join(number(cell) for cell in value.cells)}]"
        if len(text) <= BRIEF:
            return text
    return extent(value.shape)


def extent(shape: Any) -> str:
    """What stands where a tensor's numbers would: ``2×3``, ``4 numbers``."""
    return say("vector", count=shape[0]) if len(shape) == 1 else shape_text(shape)


def enumerated(parts: list[Math]) -> Math:
    """``a, b, c``."""
    return row(*[piece for part in parts for piece in (op(","), part)][1:]) if len(parts) > 1 else parts[0]


def is_number(value: Any) -> bool:
    """Whether an argument is a plain number."""
    return isinstance(value, int | float | np.number)
