"""How a tensor prints, character for character as PyTorch prints it.

A first look over the numbers (only those that will be shown) picks one way to write them all: as integers with a
point, with a fixed number of digits, or in scientific notation; then rows are laid out under each other.
"""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd.grad_mode import Mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from minigrad.tensor import Tensor

_DEFAULT: dict[str, Any] = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80}
_PROFILES: dict[Any, Any] = {"default": {}, "short": {"precision": 2, "edgeitems": 2}, "full": {"threshold": inf}}
_options: dict[str, Any] = {**_DEFAULT, "sci_mode": None}


def set_printoptions(
    precision: Any = None, threshold: Any = None, edgeitems: Any = None, linewidth: Any = None,
    profile: str | None = None, sci_mode: bool | None = None,
) -> None:  # fmt: skip
    """Set how tensors print: digits, when to summarise and to how many items, line width, scientific or not.

    `profile` is "default", "short" or "full"; `sci_mode` goes back to automatic unless it is given.
    """
    if profile in _PROFILES:
        _options.update(_DEFAULT | _PROFILES[profile])
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    _options.update({name: value for name, value in given.items() if value is not None})
    _options["sci_mode"] = sci_mode


def _number_format(shown: np.ndarray) -> tuple[int, Callable[[Any], str]]:
    """The width the numbers need and a function that writes one of them, chosen by looking at all of them."""
    if shown.dtype.kind != "f":
        return max((len(str(value)) for value in shown.ravel().tolist()), default=1), str
    values = shown.astype(np.float64).ravel()
    values = values[np.isfinite(values) & (values != 0)]
    if not values.size:
        return 1, _whole
    magnitudes = np.abs(values)
    smallest, largest = float(magnitudes.min()), float(magnitudes.max())
    integral = bool((values == np.ceil(values)).all())
    scientific = _options["sci_mode"]
    if scientific is None:
        scientific = largest / smallest > 1000.0 or largest > 1e8 or smallest < 1e-4
    digits = f"{{:.{_options['precision']}{'e' if scientific else 'f'}}}".format
    write: Callable[[Any], str] = _whole if integral and not scientific else digits
    return max(len(write(value)) for value in values.tolist()), write


def _whole(value: float) -> str:
    return f"{value:.0f}." if isfinite(value) else str(value)


def _edges(array: np.ndarray) -> np.ndarray:
    """The items of a summarised array that are shown."""
    edge = _options["edgeitems"]
    for axis, size in enumerate(array.shape):
        if size > 2 * edge:
            array = np.take(array, [*range(edge), *range(size - edge, size)], axis=axis)
    return array


def _rows(array: np.ndarray, indent: int, summarize: bool, width: int, write: Callable[[Any], str]) -> str:
    if array.ndim == 0:
        return f"{write(array.item()):>{width}}"
    edge = _options["edgeitems"]
    shortened = summarize and array.shape[0] > 2 * edge
    parts = [array[:edge], array[len(array) - edge :]] if shortened else [array]
    shown = [[_rows(row, indent + 1, summarize, width, write) for row in part] for part in parts]
    items = [*shown[0], "..." if array.ndim > 1 else " ...", *shown[1]] if shortened else shown[0]
    if array.ndim == 1:
        per_line = max(1, (_options["linewidth"] - indent) // (width + 2))
        items = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
    return "[" + ("," + "\n" * max(1, array.ndim - 1) + " " * (indent + 1)).join(items) + "]"


def _suffixes(tensor: Tensor, array: np.ndarray) -> Iterator[str]:
    dtype, default = dtypes.of(array), dtypes.get_default_dtype()
    if array.size == 0 and array.ndim != 1:
        yield f"size={array.shape}"
    if dtype is not default and (array.size == 0 or dtype not in (dtypes.int64, dtypes.bool_)):
        yield f"dtype={dtype}"
    try:
        with Mode(observers=()):  # what comes of looking is no error of the program's
            grad_fn = tensor.grad_fn
    except RuntimeError:  # a view whose history cannot be told any more
        yield "grad_fn=<Invalid>"
        return
    if grad_fn is not None:
        yield f"grad_fn=<{type(grad_fn).__name__}>"
    elif tensor.requires_grad:
        yield "requires_grad=True"


def tensor_str(tensor: Tensor) -> str:
    """What `repr` and `print` show of a tensor.

    Tensors of more than 1000 elements are summarised. The dtype is left out where the numbers tell it.
    """
    kind = type(tensor).__name__
    text = "tensor(" if kind in ("Tensor", "Parameter") else f"{kind}("
    indent, array = len(text), tensor._array
    if array.size:
        summarize = array.size > _options["threshold"]
        text += _rows(array, indent, summarize, *_number_format(_edges(array) if summarize else array))
    else:
        text += "[]"
    line = len(text) - text.rfind("\n") + 1
    for suffix in _suffixes(tensor, array):
        if line + len(suffix) + 2 > _options["linewidth"]:
            text += ",\n" + " " * indent + suffix
            line = indent + len(suffix)
        else:
            text += ", " + suffix
            line += len(suffix) + 2
    text += ")"
    return "Parameter containing:\n" + text if kind == "Parameter" else text
