"""Indexing, for reading and for writing: ``x[...]`` as the chain of operations PyTorch makes of it.

Numbers, slices, None and Ellipsis become views, one operation each (select, slice, unsqueeze, alias); the
tensors, arrays and lists among the indices are then applied at once by ``index``, which copies.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..autograd import grad_mode, views
from ..autograd.observe import tell
from ..dtypes import FROM_NUMPY, type_name
from ..tensor import Tensor
from .arguments import broadcast_error, is_number, must_be_tensor, wrap_dim
from .dual import cast, dual
from .reduction import _return_type as return_type
from .shaping import (
    _alias,
    _at,
    _reshaped,
    _select,
    _slice,
    _zeros_of,
    contiguous_strides,
    either,
    expand,
    unbind,
    unsqueeze,
    view,
)
from .templates import Operation

LAST = 2**63 - 1  # the end of a slice that has none

Indices = Sequence[Tensor | None]  # for each dimension the places wanted, or None: all of them


# Index tensors


def _key(indices: Iterable[Any]) -> tuple[Any, ...]:
    """Indices as numpy wants them."""
    arrays = (i._array if isinstance(i, Tensor) else i for i in indices)
    return tuple(slice(None) if i is None else i.astype(np.bool_) if i.dtype == np.uint8 else i for i in arrays)


def _indexed(self: np.ndarray, indices: Indices) -> np.ndarray:
    key = _key(indices)
    if len(key) == 1 and key[0].dtype.kind == "i":
        return np.take(self, key[0], axis=0)
    out = np.ascontiguousarray(self[key])
    return views.strided(out, out.shape, contiguous_strides(out.shape, out.itemsize)) if 1 in out.shape else out


def _put(self: np.ndarray, indices: Any, values: np.ndarray, accumulate: bool) -> np.ndarray:
    """Write ``values`` (or add them) at these places of an array; returns it."""
    key = _key(indices)
    try:
        if not accumulate:
            self[key] = values
        elif len(key) == 1 and key[0].dtype.kind == "b":
            self[key] += values
        else:
            np.add.at(self, key, values)
    except (ValueError, TypeError):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to indexing result of shape "
            f"{list(self[key].shape)}"
        ) from None
    return self


def _put_checked(self: np.ndarray, indices: Any, values: np.ndarray, accumulate: bool) -> np.ndarray:
    if views.overlaps_itself(self):
        warnings.warn(
            "Use of index_put_ on expanded tensors is deprecated. Please clone() the tensor before performing this "
            "operation. This also applies to advanced indexing e.g. tensor[indices] = tensor",
            UserWarning,
            stacklevel=6,
        )
    key = [index for index in indices if index is not None]
    if values.size == 1 and len(key) == 1 and key[0]._array.dtype == np.bool_:  # as masked_fill_
        _checked(self.shape, list(indices))
    else:
        views.check_shared(self, values, also_whole=True)
        _check_put(self, indices, values)
    return _put(self, indices, values, accumulate)


def _check_put(self: np.ndarray, indices: Any, values: np.ndarray) -> None:
    _checked(self.shape, list(indices))
    if values.dtype != self.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{FROM_NUMPY[self.dtype].scalar_name} for the destination and {FROM_NUMPY[values.dtype].scalar_name} for the "
            "source."
        )


_put_derivatives = {
    "self": lambda grad, indices, accumulate: (
        grad if accumulate else either(_index_put, grad, indices, _zeros_of(grad, ()), False)
    ),
    "values": lambda grad, indices: either(_index, grad, indices),
}
_put_formula = {"self": r"\bar{z} \text{ elsewhere}", "values": r"\bar{z} \text{ at these places}"}
_index = Operation(
    "index",
    _indexed,
    {
        "self": lambda grad, self_sym_sizes, indices: either(
            _index_put_impl, _zeros_of(grad, self_sym_sizes), indices, grad, True
        )
    },
    tensors=("indices",),
    formula={"self": r"\bar{z} \text{ added at its places in } 0"},
)
_index_put = Operation(
    "index_put",
    lambda self, indices, values, accumulate: _put(self.copy(), indices, values, accumulate),
    _put_derivatives,
    tensors=("indices",),
    formula=_put_formula,
)
_index_put_impl = Operation(
    "_index_put_impl", _put, _put_derivatives, node="IndexPutImplBackward0", tensors=("indices",), formula=_put_formula
)


# Writing. The rows below write into the array they are given; ``write`` runs them on a tensor.


def _overwrite(self: np.ndarray, value: Any) -> np.ndarray:
    self[...] = value
    return self


def _copied(self: np.ndarray, src: np.ndarray) -> np.ndarray:
    if src.shape == self.shape and src.strides == self.strides and views.address(src) == views.address(self):
        return self
    views.check_memory(self, [src], "copy_")
    if src.shape != self.shape:
        try:
            shape = np.broadcast_shapes(self.shape, src.shape)
        except ValueError:
            raise broadcast_error(self.shape, src.shape) from None
        if shape != self.shape:
            raise RuntimeError(f"output with shape {list(self.shape)} doesn't match the broadcast shape {list(shape)}")
    return _overwrite(self, src)


_copy = Operation(
    "copy_",
    lambda self, src, _dtype: _copied(self, src),
    {"self": lambda grad: _zeros_of(grad, grad.shape), "src": lambda grad, _dtype: cast(grad, _dtype)},
    node="CopyBackwards",
    formula={"self": "0", "src": r"\bar{z}"},
)
_fill = Operation(
    "fill_",
    lambda self, value: _overwrite(self, value),
    {"self": lambda grad: _zeros_of(grad, grad.shape)},
    node="FillBackward2",
    formula={"self": "0"},
)
_fill_tensor = Operation(
    "fill_",
    lambda self, value: _copied(self, value.copy()),
    {"self": lambda grad: _zeros_of(grad, grad.shape), "value": lambda grad: grad.sum()},
    node="FillBackward3",
    formula={"self": "0", "value": r"\sum \bar{z}"},
)
_zero = Operation(
    "zero_",
    lambda self: _overwrite(self, 0),
    {"self": lambda grad: _zeros_of(grad, grad.shape)},
    node="ZeroBackward0",
    formula={"self": "0"},
)
_index_put_ = Operation(
    "index_put_", _put_checked, _put_derivatives, node="IndexPutBackward0", tensors=("indices",), formula=_put_formula
)


def write(operation: Operation, self: Tensor, *args: Any) -> Tensor:
    """Run an operation that writes into the memory of ``self``, and put it into its history."""
    recorded = grad_mode.state.grad_enabled and any(isinstance(t, Tensor) and t.requires_grad for t in (self, *args))
    views.check_inplace(self, recorded)
    node = operation.record((self, *args), (Tensor._plain(self._array),)) if recorded else None
    operation.forward(self._array, *[a._array if isinstance(a, Tensor) else a for a in args])
    before = self._changed()
    if node is not None:
        views.rebase(self, node)
    if grad_mode.special and grad_mode.state.observers:
        tell("inplace", operation.name, self, args, before, self._version)
    return self


def copy_(input: Tensor, src: Tensor | float, non_blocking: bool = False) -> Tensor:
    """Write ``src``, broadcast and cast, over ``input``.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.copy_.html
    """
    if not isinstance(src, Tensor):
        if not is_number(src):
            raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}")
        src = _as_value(input, src)
    return write(_copy, input, src, src._array.dtype)


def fill_(input: Tensor, value: Tensor | float) -> Tensor:
    """Write one value into every element.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.fill_.html
    """
    if not isinstance(value, Tensor):
        return write(_fill, input, _as_value(input, value)._array)
    if value._array.ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value._array.ndim} dimensions."
        )
    return write(_fill_tensor, input, value)


def zero_(input: Tensor) -> Tensor:
    """Write zeros into every element.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.zero_.html
    """
    return write(_zero, input)


def index_put(input: Tensor, indices: Sequence[Tensor | None], values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with ``values`` written at (or added to) the places of the index tensors.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_put_.html
    """
    if not isinstance(values, Tensor):
        raise must_be_tensor("index_put", "values", 2, values)
    _check_put(input._array, indices, values._array)
    return _index_put(input, tuple(indices), values, accumulate)


def index_put_(input: Tensor, indices: Sequence[Tensor | None], values: Tensor, accumulate: bool = False) -> Tensor:
    """Write ``values`` at (or add them to) the places of the index tensors.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_put_.html
    """
    if not isinstance(values, Tensor):
        raise must_be_tensor("index_put_", "values", 2, values)
    return write(_index_put_, input, tuple(indices), values, accumulate)


# Reading an index the way PyTorch reads it


def _is_sequence(value: Any) -> bool:
    return isinstance(value, list | tuple | range | np.ndarray | str)


def _as_index_tensor(value: Any) -> Tensor:
    """A list, range or array among the indices, as a tensor: of bools if it is one, else of integers."""
    if isinstance(value, str):
        raise TypeError("new(): invalid data type 'str'")
    if isinstance(value, list | tuple | range):
        value = [v._array if isinstance(v, Tensor) else v for v in value]
    array = np.array(value)
    if array.size == 0 or (array.dtype.kind not in "b" and array.dtype != np.uint8):
        array = array.astype(np.int64)
    return Tensor._plain(array)


def _dims_taken(item: Any) -> int:
    """How many dimensions of the tensor an item of an index speaks of."""
    if item is None or item is Ellipsis or item is True or item is False:
        return 0
    if isinstance(item, Tensor) and item._array.dtype in (np.bool_, np.uint8):
        return item._array.ndim
    return 1


def _means_tuple(index: Any) -> bool:
    """Whether a list is an old way to write a tuple: ``x[[slice(0, 1), 2]]``."""
    if not isinstance(index, list) or len(index) >= 32:
        return False
    if not any(i is None or i is Ellipsis or isinstance(i, slice | Tensor) or _is_sequence(i) for i in index):
        return False
    warnings.warn(
        "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch 2.9; use "
        "x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, "
        "x[torch.tensor(seq)], which will result either in an error or a different result",
        UserWarning,
        stacklevel=4,
    )
    return True


def _bound(value: Any) -> int:
    try:
        return value.__index__()
    except (AttributeError, TypeError):
        raise TypeError("slice indices must be integers or None or have an __index__ method") from None


def _sliced(self: Tensor, dim: int, key: slice, full_too: bool) -> Tensor:
    if self._array.ndim == 0:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    step = 1 if key.step is None else _bound(key.step)
    if step == 0:
        raise ValueError("slice step cannot be zero")
    start = 0 if key.start is None else _bound(key.start)
    end = LAST if key.stop is None else _bound(key.stop)
    if step < 0:
        raise ValueError("step must be greater than zero")
    if not full_too and start == 0 and step == 1 and end >= self._array.shape[dim]:
        return self
    return _slice(self, dim, start, end, step)


def _selected(self: Tensor, dim: int, index: int, real_dim: int) -> Tensor:
    if self._array.ndim == 0:
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
            "0-dim tensor to a number"
        )
    length = self._array.shape[dim]
    if not -length <= index < length:
        raise IndexError(f"index {index} is out of bounds for dimension {real_dim} with size {length}")
    return _select(self, dim, index)


def _resolve(self: Tensor, index: Any) -> tuple[Tensor, list[Tensor | None]]:
    """The view that the numbers, slices and Nones of an index make, and the index tensors to apply to it."""
    items = index if isinstance(index, tuple) else tuple(index) if _means_tuple(index) else (index,)
    taken = sum(map(_dims_taken, items))
    ndim = self._array.ndim
    if taken > ndim:
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    view, dim, indices = self, 0, []

    def note(tensor: Tensor) -> None:
        indices.extend([None] * (dim - len(indices)))
        indices.append(tensor)

    for place, item in enumerate(items):
        if item is None:
            view = unsqueeze(view, dim)
            dim += 1
        elif item is Ellipsis:
            dim += ndim - taken
        elif item is True or item is False:
            view = unsqueeze(view, dim)
            note(Tensor._plain(np.zeros(int(item), np.int64)))
            dim += 1
        elif isinstance(item, slice):
            view = _sliced(view, dim, item, full_too=False)
            dim += 1
        elif isinstance(item, Tensor) or _is_sequence(item):
            tensor = item if isinstance(item, Tensor) else _as_index_tensor(item)
            kind = tensor._array.dtype
            if tensor._array.ndim == 0 and kind.kind in "iu" and kind != np.uint8:
                view = _selected(view, dim, int(tensor._array), place)
            elif tensor._array.ndim == 0 and kind.kind in "bu":
                view = unsqueeze(view, dim)
                note(Tensor._plain(np.zeros(int(bool(tensor._array)), np.int64)))
                dim += 1
            else:
                note(tensor)
                dim += max(tensor._array.ndim, 1) if kind in (np.bool_, np.uint8) else 1
        elif hasattr(item, "__index__") and not isinstance(item, np.bool_):
            view = _selected(view, dim, item.__index__(), place)
        else:
            raise IndexError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
                f"{_full_name(item)})"
            )
    return view, indices


def _checked(shape: tuple[int, ...], indices: list[Tensor | None]) -> tuple[Tensor | None, ...]:
    """The same indices, after PyTorch's checks of their dtypes, shapes and values."""
    at, ordinal, shapes, bounded = 0, 0, [], []
    for tensor in indices:
        if tensor is None:
            at += 1
            continue
        array = tensor._array
        if array.dtype not in (np.int64, np.int32, np.bool_, np.uint8):
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        if array.dtype.kind in "bu" and array.dtype.itemsize == 1:
            if array.dtype == np.uint8:
                warnings.warn(
                    "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
                    UserWarning,
                    stacklevel=5,
                )
            for place, length in enumerate(array.shape):
                if at + place >= len(shape) or shape[at + place] != length:
                    raise IndexError(
                        f"The shape of the mask {list(array.shape)} at index {place} does not match the shape of the "
                        f"indexed tensor {list(shape)} at index {at + place}"
                    )
            at += array.ndim
            shapes.extend([(int(np.count_nonzero(array)),)] * array.ndim)
            ordinal += array.ndim
            continue
        shapes.append(array.shape)
        bounded.append((array, shape[at], ordinal))
        at += 1
        ordinal += 1
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise IndexError(
            "shape mismatch: indexing tensors could not be broadcast together with shapes "
            + ", ".join(str(list(s)) for s in shapes)
        ) from None
    for array, length, number in bounded:
        _check_bounds(array, length, number, -length, IndexError)
    return tuple(indices)


def index(self: Tensor, key: Any) -> Tensor:
    """``x[key]``: a view, or a copy where tensors, arrays or lists are among the indices.

    >>> import minigrad as torch
    >>> x = torch.tensor([[1., 2.], [3., 4.]])
    >>> x[0], x[:, 1], x[[1, 0], [0, 0]], x[x > 2]
    (tensor([1., 2.]), tensor([2., 4.]), tensor([3., 1.]), tensor([3., 4.]))

    Raises:
        IndexError: out of bounds, too many indices, or something that is no index.

    See https://docs.pytorch.org/docs/stable/tensor_view.html
    """
    if type(key) is int:
        return _selected(self, 0, key, 0)
    if type(key) is slice:
        return _sliced(self, 0, key, full_too=True)
    if key is None:
        return unsqueeze(self, 0)
    if key is Ellipsis:
        return _alias(self)
    view, indices = _resolve(self, key)
    if indices:
        return _index(view, _checked(view._array.shape, indices))
    return _alias(view) if view is self else view


def set_index(self: Tensor, key: Any, value: Any) -> None:
    """``x[key] = value``: the value, broadcast and cast, is written where the index leads.

    >>> import minigrad as torch
    >>> x = torch.zeros(2, 3)
    >>> x[0, 1:] = torch.tensor([1., 2.])
    >>> x[x == 0] = -1
    >>> x
    tensor([[-1.,  1.,  2.],
            [-1., -1., -1.]])

    Raises:
        IndexError: as for reading.
        TypeError: the value is neither a tensor nor a number.
        RuntimeError: its shape does not fit, or the tensor is a leaf that requires grad (or a view of one).
    """
    if not isinstance(value, Tensor):
        if not is_number(value) or (isinstance(value, np.generic) and not isinstance(value, float)):
            raise TypeError(f"can't assign a {_full_name(value)} to a {type_name(self.dtype)}")
        value = _as_value(self, value)
    if key is False:
        return
    if type(key) is int:
        part, indices = _selected(self, 0, key, 0), []
    elif key is True:
        part, indices = unsqueeze(self, 0), []
    else:
        part, indices = _resolve(self, key)
    shape = value._array.shape
    ones = next((place for place, length in enumerate(shape) if length != 1), len(shape))
    if indices:
        index_put_(part, indices, view(value, shape[ones:]) if ones else value)
    elif part._array.shape == shape:
        copy_(part, value)
    elif not shape:
        fill_(part, value)
    else:
        value = view(value, shape[ones:])
        copy_(part, value if value._array.shape == part._array.shape else expand(value, part._array.shape))


def _full_name(value: Any) -> str:
    kind = type(value)
    return f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__


_C_NAMES = {
    "uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int32": "int", "int64": "int64_t",
    "float16": "at::Half", "float32": "float", "float64": "double",
}  # fmt: skip


def _as_value(like: Tensor, number: Any) -> Tensor:
    """A number as a tensor of the dtype of ``like``.

    Raises:
        RuntimeError: the dtype cannot hold it.
    """
    kind = like._array.dtype
    if kind.kind == "f":
        limit = float(np.finfo(kind).max)
        fits = not np.isfinite(number) or abs(number) <= limit
    elif kind.kind == "b":
        fits = True
    else:
        limits = np.iinfo(kind)
        fits = number == number and abs(number) != float("inf")
        if fits:
            number = int(number)
            fits = (-limits.max if kind.kind == "u" else limits.min) <= number <= limits.max
            if fits and kind.kind == "u":
                number %= limits.max + 1
    if not fits:
        raise RuntimeError(f"value cannot be converted to type {_C_NAMES[kind.name]} without overflow")
    return Tensor._plain(np.array(number, dtype=kind))


# One index for each element: gather, scatter


def _cut_to(array: np.ndarray, shape: tuple[int, ...], dim: int) -> np.ndarray:
    """The first places of every dimension but ``dim``, as many as ``shape`` has."""
    at = dim % max(array.ndim, 1)
    return array[tuple(slice(None) if d == at else slice(length) for d, length in enumerate(shape))]


def _gathered(self: np.ndarray, dim: int, index: np.ndarray) -> np.ndarray:
    if not self.ndim:
        return np.broadcast_to(self, index.shape).copy()
    found = np.take_along_axis(_cut_to(self, index.shape, dim), np.atleast_1d(index), dim)
    return np.ascontiguousarray(found).reshape(index.shape)


def _scattered(self: np.ndarray, dim: int, index: np.ndarray, src: Any, add: bool = False) -> np.ndarray:
    out = np.array(self, order="C")
    if not index.size:
        return out
    if not self.ndim:
        return out + src if add else np.broadcast_to(np.asarray(src, out.dtype), ()).copy()
    part = _cut_to(out, index.shape, dim)
    if isinstance(src, np.ndarray) and src.ndim:
        src = src[tuple(slice(length) for length in index.shape)]
    if add:
        key = list(np.ogrid[tuple(slice(length) for length in index.shape)])
        key[dim] = index
        np.add.at(part, tuple(key), src)
    else:
        np.put_along_axis(part, index, src, dim)
    return out


_gather = Operation(
    "gather",
    lambda self, dim, index, sparse_grad: _gathered(self, dim, index),
    {"self": lambda grad, self, dim, index: either(_scatter_add, _zeros_of(grad, self.shape), dim, index, grad)},
    tensors=("index",),
    shows=("sparse_grad",),
    formula={"self": r"\bar{z} \text{ added at its places in } 0"},
)
_scatter_value: Operation = Operation(
    "scatter",
    lambda self, dim, index, value: _scattered(self, dim, index, value),
    {"self": lambda grad, dim, index: either(_scatter_value, grad, dim, index, 0)},
    node="ScatterBackward1",
    tensors=("index",),
    formula={"self": r"\bar{z} \text{ elsewhere}"},
)
_scatter = Operation(
    "scatter",
    lambda self, dim, index, src: _scattered(self, dim, index, src),
    {
        "self": lambda grad, dim, index: either(_scatter_value, grad, dim, index, 0),
        "src": lambda grad, dim, index: either(_gather, grad, dim, index, False),
    },
    tensors=("index",),
    formula={"self": r"\bar{z} \text{ elsewhere}", "src": r"\bar{z} \text{ at these places}"},
)
_scatter_add: Operation = Operation(
    "scatter_add",
    lambda self, dim, index, src: _scattered(self, dim, index, src, add=True),
    {"self": lambda grad: grad, "src": lambda grad, dim, index: either(_gather, grad, dim, index, False)},
    tensors=("index",),
    formula={"self": r"\bar{z}", "src": r"\bar{z} \text{ at these places}"},
)


def _check_index(name: str, self: Tensor, dim: int, index: Tensor, src: Tensor | None = None) -> None:
    """PyTorch's checks of what gather and scatter are given."""
    shape, where = self._array.shape, index._array
    at = wrap_dim(dim, len(shape))
    if where.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    if src is not None and src._array.dtype != self._array.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")
    if not where.size:
        return
    if max(where.ndim, 1) != max(len(shape), 1):
        who = "input" if name == "gather" else "self"
        raise RuntimeError(f"Index tensor must have the same number of dimensions as {who} tensor")
    for d, length in enumerate(where.shape):
        if name == "gather" and d != at and length > shape[d]:
            raise RuntimeError(
                f"Size does not match at dimension {d} expected index {list(where.shape)} to be no larger than self "
                f"{list(shape)} apart from dimension {at}"
            )
        if src is not None and (length > src._array.shape[d] or (d != at and length > shape[d])):
            raise RuntimeError(
                f"Expected index {list(where.shape)} to be no larger than self {list(shape)} apart from dimension {at} "
                f"and to be no larger size than src {list(src._array.shape)}"
            )
    _check_bounds(where, shape[at] if shape else 1, at)


def _check_bounds(where: np.ndarray, length: int, dim: int, lowest: int = 0, error: Any = RuntimeError) -> None:
    bad = (where < lowest) | (where >= length)
    if bad.any():
        first = where.reshape(-1)[int(np.argmax(bad))]
        raise error(f"index {first} is out of bounds for dimension {dim} with size {length}")


def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False, out: None = None) -> Tensor:
    """The elements at these places along a dimension: ``out[i][j] = input[i][index[i][j]]`` for ``dim=1``.

    See https://docs.pytorch.org/docs/stable/generated/torch.gather.html
    """
    _check_index("gather", input, dim, index)
    return _gather(input, dim, index, sparse_grad)


def scatter(input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None) -> Tensor:
    """A copy with ``src`` (a tensor or a number) written at these places: ``out[i][index[i][j]] = src[i][j]``.

    See https://docs.pytorch.org/docs/stable/generated/torch.scatter.html
    """
    given = value if src is None else src
    _check_index("scatter", input, dim, index, given if isinstance(given, Tensor) else None)
    return (_scatter if isinstance(given, Tensor) else _scatter_value)(input, dim, index, given)


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy with ``src`` added at these places.

    See https://docs.pytorch.org/docs/stable/generated/torch.scatter_add.html
    """
    _check_index("scatter", input, dim, index, src)
    return _scatter_add(input, dim, index, src)


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """``gather`` with broadcasting; without ``dim`` of the flattened tensor.

    See https://docs.pytorch.org/docs/stable/generated/torch.take_along_dim.html
    """
    if dim is None:
        return gather(view(input, -1), 0, view(indices, -1))
    at = wrap_dim(dim, input._array.ndim)
    a, b = list(input._array.shape), list(indices._array.shape)
    a[at] = b[at] = 1
    shape = list(np.broadcast_shapes(tuple(a), tuple(b)))
    wide = [(*shape[:at], tensor._array.shape[at], *shape[at + 1 :]) for tensor in (input, indices)]
    return gather(expand(input, wide[0]), at, expand(indices, wide[1]))


# One index for each place of a dimension: index_select, index_add, index_fill


def _added(self: np.ndarray, dim: int, index: np.ndarray, source: np.ndarray) -> np.ndarray:
    out = np.array(self, order="C")
    np.add.at(np.atleast_1d(out), _at(max(out.ndim, 1), dim, np.atleast_1d(index)), source)
    return out


def _filled(self: np.ndarray, dim: int, index: np.ndarray, value: Any) -> np.ndarray:
    out = np.array(self, order="C")
    np.atleast_1d(out)[_at(max(out.ndim, 1), dim, index)] = value
    return out


_index_select = Operation(
    "index_select",
    lambda self, dim, index: np.take(self, np.atleast_1d(index), dim) if self.ndim else self.copy(),
    {
        "self": lambda grad, self_sym_sizes, dim, index: either(
            _index_add, _zeros_of(grad, self_sym_sizes), dim, index, grad, 1, 0
        )
    },
    tensors=("index",),
    formula={"self": r"\bar{z} \text{ added at its places in } 0"},
)
_index_add = Operation(
    "index_add",
    lambda self, dim, index, source, alpha, source_dim: _added(
        self, dim, index, source if alpha == 1 else (source * alpha).astype(source.dtype)
    ),
    {
        "self": lambda grad: grad,
        "source": lambda grad, dim, index, source, alpha: _taken(grad, dim, index, source, alpha),
    },
    tensors=("index",),
    shows=("source_dim",),
    formula={"self": r"\bar{z}", "source": r"\alpha \bar{z} \text{ at these places}"},
)


def _taken(grad: Any, dim: int, index: Any, source: Any, alpha: float) -> Any:
    part = either(_index_select, grad, dim, index)
    if isinstance(part, Tensor):
        part = expand(part, source._array.shape)
    return part if alpha == 1 else part * alpha


_index_fill: Operation = Operation(
    "index_fill",
    _filled,
    {"self": lambda grad, dim, index: either(_index_fill, grad, dim, index, 0)},
    tensors=("index",),
    formula={"self": r"\bar{z} \text{ elsewhere}"},
)
_index_fill_tensor = Operation(
    "index_fill",
    _filled,
    {
        "self": lambda grad, dim, index: either(_index_fill, grad, dim, index, 0),
        "value": lambda grad, dim, index: either(_index_select, grad, dim, index).sum(),
    },
    node="IndexFillBackward1",
    tensors=("index",),
    formula={"self": r"\bar{z} \text{ elsewhere}", "value": r"\sum \bar{z} \text{ at these places}"},
)


def index_select(input: Tensor, dim: int, index: Tensor, *, out: None = None) -> Tensor:
    """The parts at these places of a dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.index_select.html
    """
    at, where = wrap_dim(dim, input._array.ndim), index._array
    if where.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if where.dtype not in (np.int64, np.int32):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    length = input._array.shape[at] if input._array.ndim else 1
    if not input._array.ndim and where.size != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {where.size} value(s)")
    bad = (where < 0) | (where >= length)
    if bad.any():
        first = where.reshape(-1)[int(np.argmax(bad))]
        raise RuntimeError(f"INDICES element is out of DATA bounds, id={first} axis_dim={length}")
    return _index_select(input, dim, index)


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """A copy with ``alpha * source`` added at these places of a dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_add_.html
    """
    at, where, added = wrap_dim(dim, input._array.ndim), index._array, source._array
    if added.dtype != input._array.dtype:
        raise RuntimeError(
            f"index_add_(): self ({input.dtype.scalar_name}) and source ({source.dtype.scalar_name}) must have the same "
            "scalar type"
        )
    length = added.shape[at] if added.ndim > at else 1
    if where.size != length:
        raise RuntimeError(
            f"index_add_(): Number of indices ({where.size}) should be equal to source.size(dim): ({length}), for dim: {dim}"
        )
    _check_bounds(where, input._array.shape[at] if input._array.ndim else 1, at)
    return _index_add(input, dim, index, source, alpha, added.ndim)


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """A copy with one value at these places of a dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_fill_.html
    """
    at = wrap_dim(dim, input._array.ndim)
    length = input._array.shape[at] if input._array.ndim else 1
    _check_bounds(index._array, length, at, -length, IndexError)
    return (_index_fill_tensor if isinstance(value, Tensor) else _index_fill)(input, dim, index, value)


# Places in the flattened tensor, and masks


def _written(self: np.ndarray, index: np.ndarray, source: np.ndarray, accumulate: bool) -> np.ndarray:
    out = np.array(self, order="C")
    return _put(out.reshape(-1), (index.reshape(-1),), source.reshape(-1), accumulate).reshape(out.shape)


_take: Operation = Operation(
    "take",
    lambda self, index: np.take(self, index),
    {"self": lambda grad, self, index: either(_flat_put, _zeros_of(grad, self.shape), index, grad, True)},
    tensors=("index",),
    formula={"self": r"\bar{z} \text{ added at its places in } 0"},
)
_flat_put: Operation = Operation(
    "put",
    _written,
    {
        "self": lambda grad, index, source, accumulate: (
            grad if accumulate else either(_flat_put, grad, index, _zeros_of(grad, source.shape), False)
        ),
        "source": lambda grad, index, source: _reshaped(either(_take, grad, index), tuple(source.shape)),
    },
    tensors=("index",),
    formula={"self": r"\bar{z} \text{ elsewhere}", "source": r"\bar{z} \text{ at these places}"},
)
_masked_select = Operation(
    "masked_select",
    lambda self, mask: np.broadcast_arrays(self, mask)[0][
        np.broadcast_to(mask, np.broadcast_shapes(self.shape, mask.shape))
    ],
    {"self": lambda grad, self, mask: _unmasked(grad, self, mask)},
    tensors=("mask",),
    formula={"self": r"\bar{z} \text{ at its places in } 0"},
)
_masked_fill = dual("masked_fill", lambda grad, mask, number: np.where(mask, grad.dtype.type(number), grad))
_masked_scatter = Operation(
    "masked_scatter",
    lambda self, mask, source: _poured(self, mask, source),
    {
        "self": lambda grad, mask: _masked_fill(grad, mask, 0),
        "source": lambda grad, mask, source_sym_sizes: _unpoured(grad, mask, source_sym_sizes),
    },
    tensors=("mask",),
    formula={"self": r"\bar{z} \text{ elsewhere}", "source": r"\bar{z} \text{ at these places}"},
)


def _poured(self: np.ndarray, mask: np.ndarray, source: np.ndarray) -> np.ndarray:
    out = np.array(np.broadcast_to(self, np.broadcast_shapes(self.shape, mask.shape)))
    chosen = np.broadcast_to(mask, out.shape)
    out[chosen] = source.reshape(-1)[: int(np.count_nonzero(chosen))]
    return out


def _unmasked(grad: Any, self: Any, mask: Any) -> Any:
    zeros = _zeros_of(grad, np.broadcast_shapes(tuple(self.shape), tuple(mask.shape)))
    return either(_masked_scatter, zeros, mask, grad)


def _unpoured(grad: Any, mask: Any, shape: tuple[int, ...]) -> Any:
    """What was poured where the mask is true comes back; what was left over gets zeros."""
    part = either(_masked_select, grad, mask)
    size = int(np.prod(shape, dtype=np.int64))
    places = np.arange(part.shape[0])
    spread = either(_index_put, _zeros_of(grad, (size,)), (_like(places, grad),), part, False)
    return _reshaped(spread, shape)


def _like(array: np.ndarray, value: Any) -> Any:
    return Tensor._plain(array) if isinstance(value, Tensor) else array


def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at these places of the flattened tensor.

    See https://docs.pytorch.org/docs/stable/generated/torch.take.html
    """
    _check_places(input, index)
    return _take(input, index)


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with ``source`` written at (or added to) these places of the flattened tensor.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.put_.html
    """
    _check_places(input, index)
    return _flat_put(input, index, source, accumulate)


def _check_places(input: Tensor, index: Tensor) -> None:
    size, where = input._array.size, index._array
    bad = (where < -size) | (where >= size)
    if bad.any():
        first = where.reshape(-1)[int(np.argmax(bad))]
        raise IndexError(f"out of range: tried to access index {first} on a tensor of {size} elements.")


def masked_select(input: Tensor, mask: Tensor, *, out: None = None) -> Tensor:
    """The elements where ``mask`` is true, in one dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.masked_select.html
    """
    if mask._array.dtype != np.bool_:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    return _masked_select(input, mask)


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """A copy with the elements of ``source``, in order, where ``mask`` is true.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.masked_scatter_.html
    """
    shape = np.broadcast_shapes(input._array.shape, mask._array.shape)
    if source._array.size < np.count_nonzero(np.broadcast_to(mask._array, shape)):
        raise RuntimeError("Number of elements of source < number of ones in mask")
    return _masked_scatter(input, mask, source)


# Sorting


def _order(self: np.ndarray, dim: int, descending: bool) -> np.ndarray:
    """The places of the elements in order; equal ones keep theirs. NaN counts as the largest."""
    if not self.ndim:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(self, dim, kind="stable")
    return np.flip(self.shape[dim] - 1 - np.argsort(np.flip(self, dim), dim, kind="stable"), dim).copy()


def _ordered(self: np.ndarray, dim: int, descending: bool) -> tuple[np.ndarray, np.ndarray]:
    places = _order(self, dim, descending)
    return _gathered(self, dim, places), places


def _first(self: np.ndarray, k: int, dim: int, largest: bool) -> tuple[np.ndarray, np.ndarray]:
    places = _order(self, dim, largest)
    places = np.ascontiguousarray(places[_at(self.ndim, dim, slice(k))]) if self.ndim else places
    return _gathered(self, dim, places), places


_put_back = {
    "self": lambda grad, self_sym_sizes, dim, indices: either(
        _scatter, _zeros_of(grad, self_sym_sizes), dim, indices, grad
    )
}
_put_back_formula = {"self": r"\bar{z} \text{ back at its places}"}
_sort = Operation("sort", _ordered, _put_back, outputs=("values", "indices"), formula=_put_back_formula)
_stable_sort = Operation(
    "sort", _ordered, _put_back, node="SortBackward1", outputs=("values", "indices"), formula=_put_back_formula
)
_topk = Operation("topk", _first, _put_back, outputs=("values", "indices"), formula=_put_back_formula)
_SORTED, _TOP = return_type("sort", "values", "indices"), return_type("topk", "values", "indices")


def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool | None = None) -> Any:
    """The elements in order along a dimension, and the places they had: (values, indices).

    See https://docs.pytorch.org/docs/stable/generated/torch.sort.html
    """
    wrap_dim(dim, input._array.ndim)
    return _SORTED(*(_sort if stable is None else _stable_sort)(input, dim, descending))


def msort(input: Tensor) -> Tensor:
    """The elements in order along the first dimension."""
    return sort(input, 0).values


def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """The places of the elements in order along a dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.argsort.html
    """
    wrap_dim(dim, input._array.ndim)
    return Tensor._plain(_order(input._array, dim, descending))


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The ``k`` largest (or smallest) elements along a dimension, and their places: (values, indices).

    See https://docs.pytorch.org/docs/stable/generated/torch.topk.html
    """
    at = wrap_dim(dim, input._array.ndim)
    if not 0 <= k <= (input._array.shape[at] if input._array.ndim else 1):
        raise RuntimeError("selected index k out of range")
    return _TOP(*_topk(input, k, dim, largest))


# Without derivatives


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The places of the elements that are not zero, a row each; ``as_tuple``: a tensor for each dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.nonzero.html
    """
    array = input._array
    if not as_tuple:
        return Tensor._plain(np.argwhere(array))
    return unbind(nonzero(input if array.ndim else unsqueeze(input, 0)), 1)


def argwhere(input: Tensor) -> Tensor:
    """The places of the elements that are not zero, a row each."""
    return nonzero(input)


def searchsorted(
    sorted_sequence: Tensor, input: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None
) -> Tensor:
    """Where each value would go in a sorted sequence (or each row's, in the rows of one).

    See https://docs.pytorch.org/docs/stable/generated/torch.searchsorted.html
    """
    where: Any = "right" if right or side == "right" else "left"
    values = input._array if isinstance(input, Tensor) else np.asarray(input)
    table = sorted_sequence._array
    if table.ndim == 1:
        places = np.searchsorted(table, values, where)
    else:
        rows = zip(table.reshape(-1, table.shape[-1]), values.reshape(-1, values.shape[-1]), strict=True)
        places = np.stack([np.searchsorted(row, part, where) for row, part in rows]).reshape(values.shape)
    return Tensor._of(np.asarray(places, np.int32 if out_int32 else np.int64))


def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Between which boundaries each value lies.

    See https://docs.pytorch.org/docs/stable/generated/torch.bucketize.html
    """
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different elements, in order; on request where each element went, and how often each occurs.

    See https://docs.pytorch.org/docs/stable/generated/torch.unique.html
    """
    values, inverse, counts = np.unique(
        input._array, return_inverse=True, return_counts=True, axis=dim, equal_nan=False
    )
    shape = input._array.shape if dim is None else (input._array.shape[dim],)
    found = [values, *([inverse.reshape(shape)] if return_inverse else []), *([counts] if return_counts else [])]
    tensors = tuple(map(Tensor._of, found))
    return tensors[0] if len(tensors) == 1 else tensors


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each of the numbers 0, 1, 2, ... occurs; with ``weights`` their sums.

    See https://docs.pytorch.org/docs/stable/generated/torch.bincount.html
    """
    counts = np.bincount(input._array, None if weights is None else weights._array, minlength)
    return Tensor._plain(counts if weights is None else counts.astype(np.result_type(weights._array, np.float32)))


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """A view at one place of a dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.select.html
    """
    shape = input._array.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    at = wrap_dim(dim, len(shape))
    if not -shape[at] <= index < shape[at]:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(shape)} at dimension {dim}")
    return _select(input, dim, index)


OPERATORS = {"__getitem__": index, "__setitem__": set_index}
BOTH = (
    index_put, gather, scatter, scatter_add, take_along_dim, index_select, index_add, index_fill, take, masked_select,
    masked_scatter, sort, msort, argsort, topk, nonzero, argwhere, unique, bincount, select, put,
)  # fmt: skip
FUNCTIONS_ONLY = (searchsorted, bucketize)
METHODS_ONLY = (copy_, fill_, zero_, index_put_)
IN_PLACE = (scatter, scatter_add, index_add, index_fill, masked_scatter, put)
