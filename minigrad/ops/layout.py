"""Where the elements of an elementwise result lie: PyTorch orders its dimensions by the strides of the inputs.

numpy does nearly the same. They differ where inputs of several layouts meet (PyTorch asks the first one that knows,
numpy prefers rows) and in the strides of dimensions of length 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..memory import strided


def laid_out(out: np.ndarray, *inputs: np.ndarray) -> np.ndarray:
    """The new array ``out`` with PyTorch's strides for a result of these inputs."""
    rows = 1 not in out.shape  # contiguous then means what it says: no dimension has a stride without meaning
    if all(array.ndim < 2 or array.strides == out.strides or (rows and array.flags.c_contiguous) for array in inputs):
        return out
    order = _innermost_first(out.shape, inputs)
    strides, step = [0] * out.ndim, out.itemsize
    for dim in order:
        strides[dim], step = step, step * max(out.shape[dim], 1)
    if out.strides == tuple(strides):
        return out
    moved = strided(np.empty(out.size, out.dtype), out.shape, strides)
    moved[...] = out
    return moved


def _innermost_first(shape: tuple[int, ...], inputs: Sequence[np.ndarray]) -> list[int]:
    """The order of the result's dimensions in memory."""
    order = list(reversed(range(len(shape))))
    if all(array.shape == shape and array.flags.c_contiguous for array in inputs):
        return order
    steps = []  # of each input in each dimension; 0 where it is stretched
    for array in inputs:
        lengths = zip(shape[len(shape) - array.ndim :], array.shape, array.strides, strict=True)
        steps.append([0] * (len(shape) - array.ndim) + [s if have == want else 0 for want, have, s in lengths])
    for place in range(1, len(order)):  # an insertion sort that passes over what nothing tells apart
        moving = place
        for before in reversed(range(place)):
            told = _compare(order[before], order[moving], shape, steps)
            if told < 0:
                break
            if told > 0:
                order[before], order[moving] = order[moving], order[before]
                moving = before
    return order


def _compare(inner: int, outer: int, shape: tuple[int, ...], steps: list[list[int]]) -> int:
    """1 where dimension ``inner`` belongs further out than ``outer``, -1 where it does not, 0 where nothing tells."""
    for step in steps:
        if step[inner] and step[outer]:
            if step[inner] != step[outer]:
                return 1 if step[inner] > step[outer] else -1
            if shape[inner] > shape[outer]:
                return 1
    return 0
