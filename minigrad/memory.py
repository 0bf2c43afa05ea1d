"""Where the elements of arrays lie: memory that arrays share, and what may not be written because of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# The memory of large arrays is given back to the system once more of it lies free than twice the largest block freed so
# far, and fetched again page by page in the next step. After a large block was freed, never touched, it is kept.
np.empty(2**25 - 2**16, np.uint8)


def owner(array: np.ndarray) -> np.ndarray:
    """The array that an array is a view of, in the end."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def storage(array: np.ndarray) -> np.ndarray:
    """The memory an array lies in, as an array whose elements follow each other."""
    array = owner(array)
    if not array.flags.c_contiguous:
        array = array.transpose(sorted(range(array.ndim), key=lambda dim: -array.strides[dim]))
    return array


def strided(array: np.ndarray, shape: Sequence[int], strides: Sequence[int], start: int = 0) -> np.ndarray:
    """The memory of ``array`` read with another shape and strides (bytes), from ``start`` bytes after its start on."""
    if not array.flags.c_contiguous or start < 0:
        memory = storage(array)
        start += address(array) - address(memory)
        array = memory
    return np.ndarray(tuple(shape), array.dtype, array, start, tuple(strides))


def address(array: np.ndarray) -> int:
    """Where an array starts, in bytes."""
    return array.__array_interface__["data"][0]


def offset(array: np.ndarray) -> int:
    """Where in its memory an array starts, in bytes."""
    whole = owner(array)
    return 0 if whole is array else address(array) - address(whole)


def overlaps_itself(array: np.ndarray) -> bool:
    """Whether two of its elements are one, as in what ``expand`` makes."""
    if 0 not in array.strides or not array.size:
        return False
    return any(not step and length > 1 for step, length in zip(array.strides, array.shape, strict=True))


def is_dense(array: np.ndarray) -> bool:
    """Whether its elements (there are some) fill a stretch of memory, in any order of dimensions."""
    expected = array.itemsize
    for step, length in sorted(zip(array.strides, array.shape, strict=True)):
        if length != 1 and step != expected:
            return False
        expected *= length
    return True


PIECE = 2**15


def pieces(*arrays: np.ndarray) -> Sequence[Sequence[np.ndarray]]:
    """Arrays of one shape, as many elements of each at a time as stay in the processor's cache: views of them."""
    size = arrays[0].size
    if size <= PIECE or not all(array.flags.c_contiguous for array in arrays):
        return (arrays,)
    rows = [array.reshape(size) for array in arrays]
    return [[row[start : start + PIECE] for row in rows] for start in range(0, size, PIECE)]


def as_it_lies(array: np.ndarray) -> Any:
    """The order (numpy's word) of a copy: that of the array, unless it is stretched."""
    return "C" if 0 in array.strides else "K"


def check_memory(target: np.ndarray, sources: Sequence[np.ndarray]) -> None:
    """Refuse to write where an element is written twice, or where a source lies partly under the target."""
    if overlaps_itself(target):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )
    for source in sources:
        check_shared(target, source)


def check_shared(target: np.ndarray, source: np.ndarray, also_whole: bool = False) -> None:
    """Refuse to write over a source that lies partly (``also_whole``: or exactly) under the target."""
    if not source.size or not target.size or owner(source) is not owner(target):
        return
    first, start = address(source), address(target)
    meet = first < start + target.nbytes and start < first + source.nbytes
    same = first == start and source.nbytes == target.nbytes and source.strides == target.strides
    if meet and (also_whole or not same) and is_dense(source) and is_dense(target):
        raise RuntimeError(
            "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single "
            "memory location. Please clone() the tensor before performing the operation."
        )


def like_strided(shape: Sequence[int], strides: Sequence[int], dtype: Any) -> np.ndarray:
    """New memory, zero, of this shape and with these strides (bytes)."""
    extent = sum((length - 1) * step for length, step in zip(shape, strides, strict=True)) // dtype.itemsize + 1
    return strided(np.zeros(max(extent, 1), dtype), shape, strides)
