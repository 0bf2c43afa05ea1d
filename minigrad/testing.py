"""torch.testing: what tests compare tensors with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import dtypes
from .ops.dual import FUNCTIONS
from .tensor import Tensor

_TOLERANCES = {dtypes.float16: (1e-3, 1e-5), dtypes.float32: (1.3e-6, 1e-5), dtypes.float64: (1e-7, 1e-7)}


def assert_close(
    actual: Any, expected: Any, *, rtol: float | None = None, atol: float | None = None, equal_nan: bool = False,
    check_dtype: bool = True, msg: str | None = None, **unused: bool,
) -> None:  # fmt: skip
    """Fail unless tensors, numbers, or lists and dicts of them are the same up to ``atol + rtol * |expected|``.

    Raises:
        AssertionError: says how many elements differ, by how much, and where most.

    See https://docs.pytorch.org/docs/stable/testing.html#torch.testing.assert_close
    """
    if (rtol is None) != (atol is None):
        missing = "rtol" if rtol is None else "atol"
        raise ValueError(f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}.")
    options: Any = {"rtol": rtol, "atol": atol, "equal_nan": equal_nan, "check_dtype": check_dtype}
    pairs: list[tuple[str, Any, Any]] = [("", actual, expected)]
    while pairs:
        path, a, b = pairs.pop()
        if isinstance(a, Mapping | list | tuple) and isinstance(b, Mapping | list | tuple):
            if len(a) != len(b):
                raise AssertionError(f"The length of the sequences mismatch: {len(a)} != {len(b)}")
            keys = [*a] if isinstance(a, Mapping) else range(len(a))
            pairs += [(f"{path}[{key!r}]", a[key], b[key]) for key in reversed(keys)]
            continue
        if isinstance(a, Tensor) != isinstance(b, Tensor):
            raise TypeError(f"No comparison pair was able to handle inputs of type {type(a)} and {type(b)}.")
        problem = _difference(a, b, **options)
        if problem:
            raise AssertionError(msg or problem + (f"\n\nThe failure occurred for item {path}" if path else ""))


def _difference(a: Any, b: Any, rtol: float | None, atol: float | None, equal_nan: bool, check_dtype: bool) -> str:
    if not isinstance(a, Tensor):
        kind = dtypes.float64 if isinstance(a, float) or isinstance(b, float) else dtypes.int64
        a, b = (Tensor._plain(np.array(value, kind.numpy)) for value in (a, b))
    for name in ("shape", "dtype") if check_dtype else ("shape",):
        if getattr(a, name) != getattr(b, name):
            return f"The values for attribute '{name}' do not match: {getattr(a, name)} != {getattr(b, name)}."
    kind = dtypes.PROMOTED[a.dtype, b.dtype]
    tolerances = _TOLERANCES.get(kind, (0.0, 0.0)) if rtol is None else (rtol, atol)
    a, b = (value.detach().to(kind) for value in (a, b))
    wrong = ~FUNCTIONS["isclose"](a, b, *tolerances, equal_nan)._array
    if not wrong.any():
        return ""
    x, y, exact = a._array, b._array, tolerances == (0, 0)
    off = np.where(wrong, np.abs(x - y), 0)
    lines = [f"{'Tensor-likes' if x.ndim else 'Scalars'} are not {'equal' if exact else 'close'}!", ""]
    found = [("absolute", off), ("relative", off / np.abs(y))]
    if x.ndim:
        lines.append(f"Mismatched elements: {wrong.sum()} / {x.size} ({wrong.mean() * 100:.1f}%)")
    else:
        lines.append(f"Expected {y} but got {x}.")
    for (name, values), allowed in zip(found, reversed(tolerances), strict=True):
        worst = np.unravel_index(int(np.argmax(np.where(wrong, values, -1))), x.shape)
        where = f" at index {tuple(map(int, worst))}" if x.ndim else ""
        greatest = "Greatest " + name if x.ndim else name.capitalize()
        limit = "" if exact else f" (up to {allowed} allowed)"
        lines.append(f"{greatest} difference: {values[worst].item()}{where}{limit}")
    return "\n".join(lines)
