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
from ..dtypes import type_name
from ..tensor import Tensor
from .arguments import broadcast_error, is_number, must_be_tensor
from .dual import cast
from .shaping import _zeros_of, contiguous_strides, either, expand, unsqueeze, view
from .templates import Operation

LAST = 2**63 - 1  # the end of a slice that has none

Indices = Sequence[Tensor | None]  # for each dimension the places wanted, or None: all of them


def _at(ndim: int, dim: int, key: Any) -> tuple[Any, ...]:
    """A numpy index that takes ``key`` in one dimension and everything in the others."""
    return (*(slice(None),) * (dim % ndim), key, ...)


def _zeros_with(grad_output: np.ndarray, shape: tuple[int, ...], dim: int, key: Any) -> np.ndarray:
    whole = np.zeros(shape, grad_output.dtype)
    whole[_at(len(shape), dim, key)] = grad_output
    return whole


_select = Operation(
    "select",
    lambda self, dim, index: self[_at(self.ndim, dim, index)],
    {"self": lambda grad, self_sym_sizes, dim, index: either(_select_backward, grad, self_sym_sizes, dim, index)},
    view=True,
    formula={"self": r"\bar{z} \text{ at its place in } 0"},
)
_slice = Operation(
    "slice",
    lambda self, dim, start, end, step: self[_at(self.ndim, dim, slice(start, end, step))],
    {
        "self": lambda grad, self_sym_sizes, dim, start, end, step: either(
            _slice_backward, grad, self_sym_sizes, dim, start, end, step
        )
    },
    view=True,
    formula={"self": r"\bar{z} \text{ at its places in } 0"},
)
_alias = Operation(
    "alias", lambda self: self[...], {"self": lambda grad: grad}, view=True, formula={"self": r"\bar{z}"}
)
_select_backward = Operation(
    "select_backward",
    _zeros_with,
    {"grad_output": lambda grad, dim, key: either(_select, grad, dim, key)},
    node="SelectBackwardBackward0",
    formula={"grad_output": r"\bar{z} \text{ at that place}"},
)
_slice_backward = Operation(
    "slice_backward",
    lambda grad_output, input_sizes, dim, start, end, step: _zeros_with(
        grad_output, input_sizes, dim, slice(start, end, step)
    ),
    {"grad_output": lambda grad, dim, start, end, step: either(_slice, grad, dim, start, end, step)},
    node="SliceBackwardBackward0",
    formula={"grad_output": r"\bar{z} \text{ at these places}"},
)


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
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to indexing result of shape "
            f"{list(self[key].shape)}"
        ) from None
    return self


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


_copy = Operation(
    "copy_",
    lambda self, src, _dtype: _overwrite(self, src),
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
    lambda self, value: _overwrite(self, value),
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
    "index_put_", _put, _put_derivatives, node="IndexPutBackward0", tensors=("indices",), formula=_put_formula
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
    target, source = input._array, src._array
    if source.shape != target.shape:
        _check_broadcasts(target.shape, source.shape)
    views.check_memory(target, source)
    return write(_copy, input, src, source.dtype)


def _check_broadcasts(target: tuple[int, ...], source: tuple[int, ...]) -> None:
    try:
        shape = np.broadcast_shapes(target, source)
    except ValueError:
        raise broadcast_error(target, source) from None
    if shape != target:
        raise RuntimeError(f"output with shape {list(target)} doesn't match the broadcast shape {list(shape)}")


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
    views.check_memory(input._array)
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
    return _index_put(input, _putting(input, indices, values), values, accumulate)


def index_put_(input: Tensor, indices: Sequence[Tensor | None], values: Tensor, accumulate: bool = False) -> Tensor:
    """Write ``values`` at (or add them to) the places of the index tensors.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.index_put_.html
    """
    checked = _putting(input, indices, values)
    if views.overlaps_itself(input._array):
        warnings.warn(
            "Use of index_put_ on expanded tensors is deprecated. Please clone() the tensor before performing this "
            "operation. This also applies to advanced indexing e.g. tensor[indices] = tensor",
            UserWarning,
            stacklevel=3,
        )
    return write(_index_put_, input, checked, values, accumulate)


def _putting(input: Tensor, indices: Sequence[Tensor | None], values: Tensor) -> tuple[Tensor | None, ...]:
    if not isinstance(values, Tensor):
        raise must_be_tensor("index_put", "values", 2, values)
    checked = _checked(input._array.shape, list(indices))
    if values._array.dtype != input._array.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{input.dtype.scalar_name} for the destination and {values.dtype.scalar_name} for the source."
        )
    return checked


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
    at, ordinal, shapes = 0, 0, []
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
        length = shape[at]
        bad = (array < -length) | (array >= length)
        if bad.any():
            first = array.reshape(-1)[int(np.argmax(bad))]
            raise IndexError(f"index {first} is out of bounds for dimension {ordinal} with size {length}")
        at += 1
        ordinal += 1
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        raise IndexError(
            "shape mismatch: indexing tensors could not be broadcast together with shapes "
            + ", ".join(str(list(s)) for s in shapes)
        ) from None
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


OPERATORS = {"__getitem__": index, "__setitem__": set_index}
BOTH = (index_put,)
METHODS_ONLY = (copy_, fill_, zero_, index_put_)
