"""Indexing, for reading and for writing: ``x[...]`` as the chain of operations PyTorch makes of it.

Numbers, slices, None and Ellipsis become views, one operation each (select, slice, unsqueeze, alias); the
tensors, arrays and lists among the indices are then applied at once by ``index``, which copies. Below that,
what takes and puts by index tensors: gather, scatter, index_select, masked_select, sort, ...
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import partial
from operator import index as as_int
from operator import setitem
from typing import Any

import numpy as np

from .. import memory
from ..autograd import grad_mode, notes, views
from ..autograd.observe import tell
from ..dtypes import kind_name, number_array, of, type_name
from ..tensor import Tensor
from .arguments import METHODS, broadcast_shape, function, wrap_dim
from .dual import cast, either, masked, plain, reshape, scatter_flat, zeros, zeros_of
from .layout import laid_out
from .reduction import PAIR, return_type
from .shaping import Shape, _view, at, expand, method, select_row, slice_row, unbind, unsqueeze
from .templates import Operation, operation, row

END = 2**63 - 1  # the end of a slice that has none

Indices = Sequence[Any]  # for each dimension the places wanted (a Tensor or an array), or None: all of them


# Reading and writing arrays by index


def _key(indices: Iterable[Any]) -> tuple[Any, ...]:
    """Indices as numpy wants them."""
    return tuple(slice(None) if index is None else plain(index) for index in indices)


def _indexed(self: np.ndarray, indices: Indices) -> np.ndarray:
    key = _key(indices)
    if len(key) == 1 and key[0].dtype.kind == "i":
        return self.take(key[0], 0)
    out = self[key]
    return out if out.flags.c_contiguous and 1 not in out.shape else out.copy()


def _add_at(array: np.ndarray, key: Any, values: np.ndarray) -> None:
    """``array[key] += values`` where a place may occur several times; flat, because that is faster."""
    if not array.flags.c_contiguous:
        return np.add.at(array, key, values)
    places = np.arange(array.size).reshape(array.shape)[key]
    return np.add.at(array.reshape(-1), places.reshape(-1), np.broadcast_to(values, places.shape).reshape(-1))


def _put(self: np.ndarray, indices: Indices, values: np.ndarray, accumulate: bool) -> np.ndarray:
    """Write ``values`` (or add them) at these places of an array; returns it."""
    key = _key(indices)
    try:
        if not accumulate:
            self[key] = values
        elif len(key) == 1 and key[0].dtype.kind == "b":
            self[key] += values
        else:
            _add_at(self, key, values)
    except (ValueError, TypeError):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to indexing result of "
            f"shape {list(self[key].shape)}"
        ) from None
    return self


def _put_in_place(self: np.ndarray, indices: Indices, values: np.ndarray, accumulate: bool) -> np.ndarray:
    given = [index for index in indices if index is not None]
    fills = values.size == 1 and len(given) == 1 and given[0]._array.dtype == np.bool_  # PyTorch goes to masked_fill_
    if memory.overlaps_itself(self):
        notes.warn(
            f"Use of {'masked_fill_' if fills else 'index_put_'} on expanded tensors is deprecated. Please clone() the "
            "tensor before performing this operation. This also applies to advanced indexing e.g. "
            f"{'tensor[mask] = scalar' if fills else 'tensor[indices] = tensor'}"
        )
    if fills:
        _check_indices(self.shape, indices)
    else:
        memory.check_shared(self, values, also_whole=True)
        _check_put(self, indices, values)
    return _put(self, indices, values, accumulate)


_PLACED, _TAKEN = r"\bar{z} \text{ added at its places in } 0", r"\bar{z} \text{ at these places}"
_ELSEWHERE = r"\bar{z} \text{ elsewhere}"


def _unwritten(grad: Any, indices: Indices, accumulate: bool) -> Any:
    return grad if accumulate else either(_index_put, grad, indices, zeros_of(grad, ()), False)


def _unindexed(grad: Any, self_sym_sizes: Shape, indices: Indices) -> Any:
    return either(_index_put_impl, zeros_of(grad, self_sym_sizes), indices, grad, True)


_putting: Any = partial(
    Operation,
    self=(_unwritten, _ELSEWHERE),
    values=(lambda grad, indices: either(_index, grad, indices), _TAKEN),
    tensors=("indices",),
)


_alias = row("alias", lambda self: self[...], lambda grad: grad, r"\bar{z}", view=True)
_index: Operation = row("index", _indexed, _unindexed, _PLACED, tensors=("indices",))
_index_put: Operation = _putting(
    "index_put", lambda self, indices, values, accumulate: _put(self.copy(), indices, values, accumulate)
)
_index_put_: Operation = _putting("index_put_", _put_in_place)
_index_put_impl: Operation = _putting("_index_put_impl", _put)


# Writing over a tensor. These rows write into the array they are given; ``write`` runs them on a tensor.


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
        tell("inplace", operation.name, self, args, before, before + 1)
    return self


def _overwritten(self: np.ndarray, value: Any) -> np.ndarray:
    self[...] = value
    return self


def _copied(self: np.ndarray, src: np.ndarray, _dtype: Any = None) -> np.ndarray:
    alike = src.shape == self.shape
    together = alike and src.strides == self.strides and memory.owner(src) is memory.owner(self)
    if together and memory.address(src) == memory.address(self):
        return self
    memory.check_memory(self, [src])
    if not alike and (shape := broadcast_shape(self.shape, src.shape)) != self.shape:
        raise RuntimeError(f"output with shape {list(self.shape)} doesn't match the broadcast shape {list(shape)}")
    return _overwritten(self, src)


def _cast_back(grad: Any, _dtype: Any) -> Any:
    return cast(grad, _dtype)


_copy = Operation("copy_", _copied, self=(zeros, "0"), src=(_cast_back, r"\bar{z}"), node="CopyBackwards")
_fill = row("fill_", _overwritten, zeros, "0", node="FillBackward2")
_fill_tensor = Operation(
    "fill_",
    lambda self, value: _copied(self, value.copy()),
    self=(zeros, "0"),
    value=(lambda grad: grad.sum(), r"\sum \bar{z}"),
    node="FillBackward3",
)
_zero = row("zero_", lambda self: _overwritten(self, 0), zeros, "0")


@method("copy_(Tensor input, Tensor other, bool non_blocking=False)")
def copy_(input: Tensor, src: Tensor | float, non_blocking: bool = False) -> Tensor:
    """Write ``src``, broadcast and cast, over ``input``."""
    src = src if isinstance(src, Tensor) else _as_value(input, src)
    return write(_copy, input, src, src._array.dtype)


@method("fill_(Tensor input, Tensor value)", "fill_(Tensor input, Scalar value)")
def fill_(input: Tensor, value: Tensor | float) -> Tensor:
    """Write one value into every element."""
    if not isinstance(value, Tensor):
        return write(_fill, input, number_array(value, input.dtype))
    if dims := value._array.ndim:
        raise RuntimeError(f"fill_ only supports 0-dimension value tensor but got tensor with {dims} dimensions.")
    return write(_fill_tensor, input, value)


zero_ = method("zero_(Tensor input)", doc="Write zeros into every element.")(lambda input: write(_zero, input))


@function("index_put(Tensor input, any indices, Tensor values, bool accumulate=False)", page="torch.Tensor.{}")
def index_put(input: Tensor, indices: Indices, values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with ``values`` written at (or added to) the places of the index tensors."""
    indices = tuple(map(_unbyted, indices))
    _check_put(input._array, indices, values._array)
    return _index_put(input, indices, values, accumulate)


@method("index_put_(Tensor input, any indices, Tensor values, bool accumulate=False)")
def index_put_(input: Tensor, indices: Indices, values: Tensor, accumulate: bool = False) -> Tensor:
    """Write ``values`` at (or add them to) the places of the index tensors."""
    return write(_index_put_, input, tuple(map(_unbyted, indices)), values, accumulate)


def _as_value(like: Tensor, number: Any) -> Tensor:
    """A number as a tensor of the dtype of ``like``; RuntimeError where that cannot hold it."""
    return Tensor._plain(number_array(number, like.dtype))


# Reading an index the way PyTorch reads it


_ARRAYS = (list, tuple, range, np.ndarray, str, Tensor)


def _read(item: Any) -> Any:
    """A list, range or array among the indices as a tensor, of bools or else integers; a 0-d tensor as its number."""
    if isinstance(item, str):
        raise TypeError("new(): invalid data type 'str'")
    if not isinstance(item, Tensor):
        several = isinstance(item, list | tuple)
        array = np.array([v._array if isinstance(v, Tensor) else v for v in item] if several else item)
        item = Tensor._plain(array if array.size and array.dtype in (np.bool_, np.uint8) else array.astype(np.int64))
    item = _unbyted(item)
    number = not item._array.ndim and item._array.dtype.kind in "bi"
    return item._array.item() if number else item


def _unbyted(index: Tensor | None) -> Tensor | None:
    """An index tensor of bytes as the mask it was before there were bools."""
    if index is None or index._array.dtype != np.uint8:
        return index
    if index._array.ndim:
        notes.warn("indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.")
    return Tensor._plain(index._array != 0)


def _is_mask(item: Any) -> bool:
    return isinstance(item, Tensor) and item._array.dtype == np.bool_


def _dims_taken(item: Any) -> int:
    """How many dimensions of the tensor an item of an index speaks of."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    return item._array.ndim if _is_mask(item) else 1


def _means_tuple(index: Any) -> bool:
    """Whether a list is an old way to write a tuple: ``x[[slice(0, 1), 2]]``."""
    if not isinstance(index, list) or len(index) >= 32:
        return False
    if not any(i is None or i is Ellipsis or isinstance(i, (slice, *_ARRAYS)) for i in index):
        return False
    notes.warn(
        "Using a non-tuple sequence for multidimensional indexing is deprecated and will be changed in pytorch 2.9; "
        "use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will be interpreted as tensor index, "
        "x[torch.tensor(seq)], which will result either in an error or a different result"
    )
    return True


def _sliced(self: Tensor, dim: int, key: slice, full_too: bool) -> Tensor:
    if self._array.ndim == 0:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    key.indices(0)  # refuses, in Python's words, what is no number and a step of 0
    start, end = 0 if key.start is None else as_int(key.start), END if key.stop is None else as_int(key.stop)
    step = 1 if key.step is None else as_int(key.step)
    if step < 0:
        raise ValueError("step must be greater than zero")
    if not full_too and start == 0 and step == 1 and end >= self._array.shape[dim]:
        return self
    return slice_row(self, dim, start, end, step)


def _selected(self: Tensor, dim: int, index: int, place: int) -> Tensor:
    if self._array.ndim == 0 and index == 0:
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
            "0-dim tensor to a number"
        )
    length = self._array.shape[dim] if self._array.ndim else 0
    if not -length <= index < length:
        raise IndexError(f"index {index} is out of bounds for dimension {place} with size {length}")
    return select_row(self, dim, index)


def _resolve(self: Tensor, index: Any, full_too: bool = False) -> tuple[Tensor, list[Tensor | None]]:
    """The view that the numbers, slices and Nones of an index make, and the index tensors to apply to it."""
    if type(index) is int or isinstance(index, np.integer):
        return _selected(self, 0, int(index), 0), []
    if type(index) is slice:
        return _sliced(self, 0, index, full_too), []
    given = index if isinstance(index, tuple) else tuple(index) if _means_tuple(index) else (index,)
    items = [_read(item) if isinstance(item, _ARRAYS) else item for item in given]
    ndim, taken = self._array.ndim, sum(map(_dims_taken, items))
    if taken > ndim:
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    part, dim, folded = self, 0, 0  # folded: dimensions that masks take beyond the one place they have in the list
    indices: list[Tensor | None] = []
    for place, item in enumerate(items):
        if item is None:
            part = unsqueeze(part, dim)
            dim += 1
        elif item is Ellipsis:
            dim += ndim - taken
        elif isinstance(item, slice):
            part = _sliced(part, dim, item, full_too=False)
            dim += 1
        elif isinstance(item, (Tensor, bool)):
            if isinstance(item, bool):
                part = unsqueeze(part, dim)
            indices += [None] * (dim - folded - len(indices))
            indices.append(Tensor._plain(np.zeros(int(item), np.int64)) if isinstance(item, bool) else item)
            dim += _dims_taken(item) or 1
            folded += (_dims_taken(item) or 1) - 1
        elif hasattr(item, "__index__") and not isinstance(item, np.bool_):
            part = _selected(part, dim, item.__index__(), place)
        else:
            raise IndexError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got "
                f"{kind_name(item)})"
            )
    return part, indices


def _check_indices(shape: Shape, indices: Indices) -> None:
    """PyTorch's checks of index tensors: their dtypes, shapes and values."""
    count = sum(tensor._array.ndim if _is_mask(tensor) else 1 for tensor in indices)
    if count > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)} (got {count})")
    dim, shapes, bounded = 0, [], []
    for tensor in indices:
        array = None if tensor is None else tensor._array
        if array is None:
            dim += 1
        elif array.dtype not in (np.int64, np.int32, np.bool_):
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        elif _is_mask(tensor):
            for place, length in enumerate(array.shape, dim):
                if place >= len(shape) or shape[place] != length:
                    raise IndexError(
                        f"The shape of the mask {list(array.shape)} at index {place - dim} does not match the shape of "
                        f"the indexed tensor {list(shape)} at index {place}"
                    )
            dim += array.ndim
            shapes += [(int(np.count_nonzero(array)),)] * array.ndim
        else:
            bounded.append((array, shape[dim], len(shapes)))
            shapes.append(array.shape)
            dim += 1
    try:
        found = np.broadcast_shapes(*shapes)
    except ValueError:
        lists = ", ".join(str(list(s)) for s in shapes)
        text = f"shape mismatch: indexing tensors could not be broadcast together with shapes {lists}"
        raise IndexError(text) from None
    for array, length, number in bounded if 0 not in found else ():
        if not length:
            raise IndexError("index is out of bounds for dimension with size 0")
        _check_bounds(array, length, number, -length, IndexError)


def _check_put(self: np.ndarray, indices: Indices, values: np.ndarray) -> None:
    _check_indices(self.shape, indices)
    if values.dtype != self.dtype:
        _put(self.copy(), indices, values, accumulate=False)  # which refuses a wrong shape first
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {of(self).scalar_name} for the "
            f"destination and {of(values).scalar_name} for the source."
        )


def get_index(self: Tensor, key: Any) -> Tensor:
    """``x[key]``: a view, or a copy where tensors, arrays or lists are among the indices.

    >>> import minigrad as torch
    >>> x = torch.tensor([[1., 2.], [3., 4.]])
    >>> x[0], x[:, 1], x[[1, 0], [0, 0]], x[x > 2]
    (tensor([1., 2.]), tensor([2., 4.]), tensor([3., 1.]), tensor([3., 4.]))
    """
    try:
        part, indices = _resolve(self, key, full_too=True)
        if indices:
            _check_indices(part._array.shape, indices)
    except Exception as error:
        notes.told(error)
        raise
    if indices:
        return _index(part, tuple(indices))
    return _alias(part) if part is self else part


@notes.telling
def set_index(self: Tensor, key: Any, value: Any) -> None:
    """``x[key] = value``: the value, broadcast and cast, is written where the index leads.

    >>> import minigrad as torch
    >>> x = torch.zeros(2, 3)
    >>> x[0, 1:] = torch.tensor([1., 2.])
    >>> x[x == 0] = -1
    >>> x
    tensor([[-1.,  1.,  2.],
            [-1., -1., -1.]])
    """
    if not isinstance(value, Tensor):
        if not isinstance(value, int | float | np.integer):
            raise TypeError(f"can't assign a {kind_name(value)} to a {type_name(self.dtype)}")
        value = _as_value(self, value)
    if key is False:
        return
    part, indices = (unsqueeze(self, 0), []) if key is True else _resolve(self, key)
    shape = value._array.shape
    ones = next((place for place, length in enumerate(shape) if length != 1), len(shape))
    if indices:
        index_put_(part, indices, _view(value, shape[ones:]) if ones else value)
    elif part._array.shape == shape:
        copy_(part, value)
    elif not shape:
        fill_(part, value)
    else:
        value = _view(value, shape[ones:])
        copy_(part, value if value._array.shape == part._array.shape else expand.operation(value, part._array.shape))


def delete_index(self: Tensor, key: Any) -> None:
    """``del x[key]``: there is no such thing."""
    raise TypeError("Tensor does not support deleting items")


METHODS |= {"__getitem__": get_index, "__setitem__": set_index, "__delitem__": delete_index}


# One index for each element: gather, scatter


def _places(index: np.ndarray, dim: int) -> tuple[Any, ...]:
    """The numpy key of the elements at these places along ``dim``, in the first lines of the other dimensions."""
    index = np.atleast_1d(index)
    key: list[Any] = list(np.indices(index.shape, sparse=True))
    key[dim] = index
    return tuple(key)


def _check_index(name: str, self: np.ndarray, dim: int, index: np.ndarray, src: Any = None) -> None:
    """PyTorch's checks of what gather and scatter are given."""
    shape, dim = self.shape, wrap_dim(dim, self.ndim)
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index")
    if isinstance(src, np.ndarray) and src.dtype != self.dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")
    if not index.size:
        return
    if max(index.ndim, 1) != max(self.ndim, 1):
        who = "input" if name == "gather" else "self"
        raise RuntimeError(f"Index tensor must have the same number of dimensions as {who} tensor")
    sizes = f"index {list(index.shape)} to be no larger than self {list(shape)} apart from dimension {dim}"
    for d, length in enumerate(index.shape):
        too_long = d != dim and length > shape[d]
        if name == "gather" and too_long:
            raise RuntimeError(f"Size does not match at dimension {d} expected {sizes}")
        if isinstance(src, np.ndarray) and (too_long or length > src.shape[d]):
            raise RuntimeError(f"Expected {sizes} and to be no larger size than src {list(src.shape)}")
    _check_bounds(index, shape[dim] if shape else 1, dim)


def _check_bounds(where: np.ndarray, length: int, dim: int, lowest: int = 0, error: Any = RuntimeError) -> None:
    bad = _first_outside(where, lowest, length)
    if bad is not None:
        raise error(f"index {bad} is out of bounds for dimension {dim} with size {length}")


def _first_outside(where: np.ndarray, lowest: int, length: int) -> int | None:
    bad = (where < lowest) | (where >= length)
    return where.reshape(-1)[int(np.argmax(bad))] if bad.any() else None


def _ungathered(grad: Any, self: Any, dim: int, index: Any) -> Any:
    return either(scatter_add.operation, zeros_of(grad, self.shape), dim, index, grad)


_by_index: dict[str, Any] = {"tensors": ("index",)}
_in_place_too = partial(function, in_place=True)


@operation(
    "gather(Tensor input, int dim, Tensor index, *, bool sparse_grad=False, Tensor out=None)", _ungathered, _PLACED,
    shows=("sparse_grad",), **_by_index,
)  # fmt: skip
def gather(self: np.ndarray, dim: int, index: np.ndarray, sparse_grad: bool) -> np.ndarray:
    """The elements at these places along a dimension: ``out[i][j] = input[i][index[i][j]]`` for ``dim=1``."""
    _check_index("gather", self, dim, index)
    return np.atleast_1d(self)[_places(index, dim)].reshape(index.shape)


def _written(self: np.ndarray, dim: int, index: np.ndarray, src: Any, *, write: Any = setitem) -> np.ndarray:
    _check_index("scatter", self, dim, index, src)
    out = np.array(self, order="C")
    if index.size:
        if isinstance(src, np.ndarray):
            src = np.atleast_1d(src)[tuple(map(slice, np.atleast_1d(index).shape))]
        else:
            src = number_array(src, of(self))
        write(np.atleast_1d(out), _places(index, dim), src)
    return out


def _cleared(grad: Any, dim: int, index: Any) -> Any:
    return either(_scatter_value, grad, dim, index, 0)


def _gathered(grad: Any, dim: int, index: Any) -> Any:
    return either(gather.operation, grad, dim, index, False)


_scatter_value: Operation = row("scatter", _written, _cleared, _ELSEWHERE, node="ScatterBackward1", **_by_index)
_scatter = Operation("scatter", _written, self=(_cleared, _ELSEWHERE), src=(_gathered, _TAKEN), **_by_index)


@_in_place_too(
    "scatter(Tensor input, int dim, Tensor index, Tensor src, *, Tensor out=None)",
    "scatter(Tensor input, int dim, Tensor index, Scalar value, *, Tensor out=None)",
)
def scatter(input: Tensor, dim: int, index: Tensor, src: Tensor | None = None, value: float = 0) -> Tensor:
    """A copy with ``src`` (or a number) written at these places: ``out[i][index[i][j]] = src[i][j]``."""
    return _scatter_value(input, dim, index, value) if src is None else _scatter(input, dim, index, src)


@operation(
    "scatter_add(Tensor input, int dim, Tensor index, Tensor src, *, Tensor out=None)",
    self=(lambda grad: grad, r"\bar{z}"),
    src=(_gathered, _TAKEN),
    public=_in_place_too,
    **_by_index,
)
def scatter_add(self: np.ndarray, dim: int, index: np.ndarray, src: np.ndarray) -> np.ndarray:
    """A copy with ``src`` added at these places."""
    return _written(self, dim, index, src, write=_add_at)


# One index for each place of a dimension: index_select, index_add


def _added(self: np.ndarray, dim: int, index: np.ndarray, source: np.ndarray, alpha: float, _: Any) -> np.ndarray:
    out = np.array(self, order="C")
    key = at(max(self.ndim, 1), dim, np.atleast_1d(index))
    _add_at(np.atleast_1d(out), key, source if alpha == 1 else source * number_array(alpha, of(source)))
    return out


def _source_part(grad: Any, dim: int, index: Any, source: Any, alpha: float) -> Any:
    part = either(index_select.operation, grad, dim, index)
    part = expand(part, source._array.shape) if isinstance(part, Tensor) else part
    return part if alpha == 1 else part * alpha


_index_add: Operation = Operation(
    "index_add",
    _added,
    self=(lambda grad: grad, r"\bar{z}"),
    source=(_source_part, r"\alpha \bar{z} \text{ at these places}"),
    params=("self", "dim", "index", "source", "alpha", "source_dim"),
    shows=("source_dim",),
    **_by_index,
)


def _unselected(grad: Any, self_sym_sizes: Shape, dim: int, index: Any) -> Any:
    return either(_index_add, zeros_of(grad, self_sym_sizes), dim, index, grad, 1, 0)


@operation("index_select(Tensor input, int dim, Tensor index, *, Tensor out=None)", _unselected, _PLACED, **_by_index)
def index_select(self: np.ndarray, dim: int, index: np.ndarray) -> np.ndarray:
    """The parts at these places of a dimension."""
    length = self.shape[wrap_dim(dim, self.ndim)] if self.ndim else 1
    if index.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index.dtype not in (np.int64, np.int32):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    if not self.ndim and index.size != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {index.size} value(s)")
    bad = _first_outside(index, 0, length)
    if bad is not None:
        raise RuntimeError(f"INDICES element is out of DATA bounds, id={bad} axis_dim={length}")
    return np.take(self, np.atleast_1d(index), dim) if self.ndim else self.copy()


@_in_place_too("index_add(Tensor input, int dim, Tensor index, Tensor source, *, Scalar alpha=1, Tensor out=None)")
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """A copy with ``alpha * source`` added at these places of a dimension."""
    shape, added, along = input._array.shape or (1,), source._array, wrap_dim(dim, input._array.ndim)
    if added.dtype != input._array.dtype:
        names = input.dtype.scalar_name, source.dtype.scalar_name
        raise RuntimeError(f"index_add_(): self ({names[0]}) and source ({names[1]}) must have the same scalar type")
    have = added.shape[along] if added.ndim > along else 1
    if index._array.size != have:
        raise RuntimeError(
            f"index_add_(): Number of indices ({index._array.size}) should be equal to source.size(dim): ({have}), for "
            f"dim: {dim}"
        )
    if shape[:along] + shape[along + 1 :] != added.shape[:along] + added.shape[along + 1 :]:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = "
            f"{list(input.shape)} source.shape = {list(added.shape)}"
        )
    _check_bounds(index._array, shape[along], along)
    return _index_add(input, dim, index, source, alpha, added.ndim)


def _untaken(grad: Any, self: Any, index: Any) -> Any:
    places = plain(index).reshape(-1) % math.prod(self.shape)
    return scatter_flat(reshape(grad, (-1,)), places, tuple(self.shape))


@operation("take(Tensor input, Tensor index, *, Tensor out=None)", _untaken, _PLACED, **_by_index)
def take(self: np.ndarray, index: np.ndarray) -> np.ndarray:
    """The elements at these places, counted through all dimensions, in the shape of ``index``."""
    bad = _first_outside(index, -self.size, self.size)
    if bad is not None:
        raise IndexError(f"out of range: tried to access index {bad} on a tensor of {self.size} elements.")
    return np.asarray(self.reshape(-1)[index])


# Masks


def _mask_scattered(self: np.ndarray, mask: np.ndarray, source: np.ndarray) -> np.ndarray:
    out = np.array(np.broadcast_to(self, np.broadcast_shapes(self.shape, mask.shape)))
    chosen = np.broadcast_to(mask, out.shape)
    out[chosen] = source.reshape(-1)[: int(np.count_nonzero(chosen))]
    return out


def _unmasked(grad: Any, self: Any, mask: Any) -> Any:
    whole = zeros_of(grad, np.broadcast_shapes(tuple(self.shape), tuple(mask.shape)))
    return either(_masked_scatter, whole, mask, grad)


@operation("masked_select(Tensor input, Tensor mask, *, Tensor out=None)", _unmasked, _PLACED, tensors=("mask",))
def masked_select(self: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The elements where ``mask`` is true, in one dimension."""
    if mask.dtype != np.bool_:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    self, mask = np.broadcast_arrays(self, mask)
    return self[mask]


_masked_scatter: Operation = Operation(  # of as many numbers as the mask has trues
    "masked_scatter",
    _mask_scattered,
    self=(masked, _ELSEWHERE),
    source=(lambda grad, mask: either(masked_select.operation, grad, mask), _TAKEN),
    tensors=("mask",),
)


# Sorting


def _order(self: np.ndarray, dim: int, descending: bool) -> np.ndarray:
    """The places of the elements in order; equal ones keep theirs. NaN counts as the largest."""
    wrap_dim(dim, self.ndim)
    if not self.ndim:
        return np.zeros((), np.int64)
    if not descending:
        return laid_out(np.argsort(self, dim, kind="stable"), self)
    places = self.shape[dim] - 1 - np.argsort(np.flip(self, dim), dim, kind="stable")
    return laid_out(np.flip(places, dim).copy(), self)


def _ordered(self: np.ndarray, dim: int, descending: bool) -> tuple[np.ndarray, np.ndarray]:
    places = _order(self, dim, descending)
    return laid_out(gather.operation.forward(self, dim, places, False), places), places


def _first(self: np.ndarray, k: int, dim: int, largest: bool) -> tuple[np.ndarray, np.ndarray]:
    if not 0 <= k <= (self.shape[wrap_dim(dim, self.ndim)] if self.ndim else 1):
        raise RuntimeError("selected index k out of range")
    places = _order(self, dim, largest)
    places = np.ascontiguousarray(places[at(self.ndim, dim, slice(k))]) if self.ndim else places
    return gather.operation.forward(self, dim, places, False), places


def _put_back(grad: Any, self_sym_sizes: Shape, dim: int, indices: Any) -> Any:
    return either(_scatter, zeros_of(grad, self_sym_sizes), dim, indices, grad)


_BACK: dict[str, Any] = {"formula": r"\bar{z} \text{ back at its places}", "outputs": PAIR}
_sort, _topk = row("sort", _ordered, _put_back, **_BACK), row("topk", _first, _put_back, **_BACK)
_stable_sort = row("sort", _ordered, _put_back, **_BACK, node="SortBackward1")
_SORTED, _TOP = return_type("sort", *PAIR), return_type("topk", *PAIR)


@function("sort(Tensor input, int dim=-1, bool descending=False, *, bool? stable=None, Tensor[] out=None)")
def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool | None = None) -> Any:
    """The elements in order along a dimension, and the places they had: (values, indices)."""
    return _SORTED(*(_sort if stable is None else _stable_sort)(input, dim, descending))


@function("argsort(Tensor input, int dim=-1, bool descending=False, *, bool stable=False)")
def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:
    """The places of the elements in order along a dimension."""
    return Tensor._plain(_order(input._array, dim, descending))


@function("topk(Tensor input, int k, int dim=-1, bool largest=True, bool sorted=True, *, Tensor[] out=None)")
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The ``k`` largest (or smallest) elements along a dimension, and their places: (values, indices)."""
    return _TOP(*_topk(input, k, dim, largest))


@function("unique(Tensor input, bool sorted=True, bool return_inverse=False, bool return_counts=False, int? dim=None)")
def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: Any = None
) -> Any:
    """Each value once, in order; where each element's stands among them, and how often it occurs."""
    if dim is not None:
        if not input._array.ndim:
            raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
        if input._array.shape[wrap_dim(dim, input._array.ndim)] and 0 in input._array.shape:
            raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
    find: Any = np.unique
    found = find(input._array, False, return_inverse, return_counts, dim, equal_nan=False)
    return tuple(map(Tensor._plain, found)) if isinstance(found, tuple) else Tensor._plain(found)


@function("nonzero(Tensor input, *, bool as_tuple=False, Tensor out=None)")
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """The places of the elements that are not zero, a row each; ``as_tuple``: a tensor for each dimension."""
    if as_tuple:
        return unbind(nonzero(input if input._array.ndim else unsqueeze(input, 0)), 1)
    return Tensor._plain(np.argwhere(input._array))
