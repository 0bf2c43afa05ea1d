"""Shapes: views and copies of the same numbers in another arrangement."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.views import address, storage, strided
from ..dtypes import DTYPES, FROM_NUMPY, device, type_name
from ..dtypes import dtype as Dtype
from ..tensor import Tensor
from .arguments import infer_shape, read_shape, wrap_dim
from .dual import sum_to, total
from .pointwise import clone
from .templates import Operation


def either(operation: Operation, value: Any, *args: Any) -> Any:
    """An operation in a derivative: recorded on Tensors, its bare forward on arrays."""
    return operation(value, *args) if isinstance(value, Tensor) else operation.forward(value, *args)


def _viewed(self: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    strides = _view_strides(self, size)
    if strides is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return strided(self, size, strides)


def contiguous_strides(shape: Sequence[int], step: int = 1) -> tuple[int, ...]:
    """The strides of a tensor whose elements follow each other: PyTorch counts empty dimensions as one."""
    strides = []
    for length in reversed(shape):
        strides.append(step)
        step *= max(length, 1)
    return tuple(reversed(strides))


def _view_strides(array: np.ndarray, size: tuple[int, ...]) -> tuple[int, ...] | None:
    """The strides that show an array's memory in another shape; None where there are none.

    Dimensions that follow each other in memory make one chunk; every chunk must be used up by dimensions of ``size``.
    """
    if array.flags.c_contiguous:
        return contiguous_strides(size, array.itemsize)
    strides, left = [0] * len(size), len(size)
    chunk_step, chunk_size, used = array.strides[-1], 1, 1
    for dim in range(array.ndim - 1, -1, -1):
        chunk_size *= array.shape[dim]
        if dim == 0 or (array.shape[dim - 1] != 1 and array.strides[dim - 1] != chunk_size * chunk_step):
            while left and (used < chunk_size or size[left - 1] == 1):
                left -= 1
                strides[left] = used * chunk_step
                used *= size[left]
            if used != chunk_size:
                return None
            if dim:
                chunk_step, chunk_size, used = array.strides[dim - 1], 1, 1
    return None if left else tuple(strides)


def _reshaped(grad: Any, size: tuple[int, ...]) -> Any:
    return reshape(grad, size) if isinstance(grad, Tensor) else np.reshape(grad, size)


_view = Operation(
    "view",
    _viewed,
    {"self": lambda grad, self_sym_sizes: _reshaped(grad, self_sym_sizes)},
    view=True,
    formula={"self": r"\bar{z}"},
)
_unsafe_view = Operation(
    "_unsafe_view",
    _viewed,
    {"self": lambda grad, self_sym_sizes: _reshaped(grad, self_sym_sizes)},
    node="UnsafeViewBackward0",
    formula={"self": r"\bar{z}"},
)
_transpose = Operation(
    "transpose",
    lambda self, dim0, dim1: self.swapaxes(dim0, dim1) if self.ndim else self,
    {"self": lambda grad, dim0, dim1: either(_transpose, grad, dim0, dim1)},
    view=True,
    formula={"self": r"\bar{z}^\top"},
)
_t = Operation(
    "t", lambda self: self.T, {"self": lambda grad: either(_t, grad)}, view=True, formula={"self": r"\bar{z}^\top"}
)
_permute = Operation(
    "permute",
    lambda self, dims: self.transpose(dims),
    {"self": lambda grad, dims: either(_permute, grad, _inverse(dims))},
    view=True,
    formula={"self": r"\bar{z} \text{ permuted back}"},
)
_expand = Operation(
    "expand",
    lambda self, size: _stretched(self, size),
    {"self": lambda grad, self_sym_sizes: sum_to(grad, self_sym_sizes)},
    view=True,
    formula={"self": r"\sum \bar{z}"},
)
_unsqueeze = Operation(
    "unsqueeze",
    lambda self, dim: _with_one(self, dim % (self.ndim + 1)),
    {"self": lambda grad, dim: either(_squeeze_dim, grad, dim)},
    view=True,
    formula={"self": r"\bar{z}"},
)
_squeeze = Operation(
    "squeeze",
    lambda self: self.squeeze(),
    {"self": lambda grad, self_sym_sizes: _unsqueezed(grad, range(len(self_sym_sizes)), self_sym_sizes)},
    view=True,
    formula={"self": r"\bar{z}"},
)
_squeeze_dim = Operation(
    "squeeze",
    lambda self, dim: _without_ones(self, (dim,)),
    {"self": lambda grad, dim, self_sym_sizes: _unsqueezed(grad, (dim,), self_sym_sizes)},
    node="SqueezeBackward1",
    view=True,
    formula={"self": r"\bar{z}"},
)
_squeeze_dims = Operation(
    "squeeze",
    lambda self, dim: _without_ones(self, dim),
    {"self": lambda grad, dim, self_sym_sizes: _unsqueezed(grad, dim, self_sym_sizes)},
    node="SqueezeBackward2",
    view=True,
    formula={"self": r"\bar{z}"},
)
_as_strided = Operation(
    "as_strided",
    lambda self, size, stride, storage_offset, _geometry: _read_strided(self, size, stride, storage_offset),
    {
        "self": lambda grad, size, stride, storage_offset, _geometry: _unread_strided(
            grad, size, stride, storage_offset, _geometry
        )
    },
    view=True,
    formula={"self": r"\bar{z} \text{ added at its places in } 0"},
)
_to_copy = Operation(
    "_to_copy",
    lambda self, dtype: self.astype(dtype.numpy),
    {"self": lambda grad: grad},  # the walk casts it back
    node="ToCopyBackward0",
    formula={"self": r"\bar{z}"},
)


def _inverse(dims: Sequence[int]) -> tuple[int, ...]:
    inverse = [0] * len(dims)
    for place, dim in enumerate(dims):
        inverse[dim] = place
    return tuple(inverse)


def _stretched(array: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The array in a larger shape (numpy's broadcast_to would forbid to write where that is harmless)."""
    extra = len(size) - array.ndim
    strides = [
        step if want == have else 0 for want, have, step in zip(size[extra:], array.shape, array.strides, strict=True)
    ]
    for place in range(extra - 1, -1, -1):
        step = strides[0] * size[place + 1] if strides else array.itemsize
        strides.insert(0, step if size[place] == 1 else 0)
    return strided(array, size, strides)


def _with_one(array: np.ndarray, dim: int) -> np.ndarray:
    shape, strides = array.shape, array.strides
    step = strides[dim] * shape[dim] if dim < array.ndim else array.itemsize
    return strided(array, (*shape[:dim], 1, *shape[dim:]), (*strides[:dim], step, *strides[dim:]))


def _without_ones(array: np.ndarray, dims: Sequence[int]) -> np.ndarray:
    return array.squeeze(tuple(d for d in dims if array.ndim and array.shape[d] == 1))


def _zeros_of(like: Any, shape: Sequence[int]) -> Any:
    """Zeros of this shape, of the kind and dtype of ``like``."""
    if isinstance(like, Tensor):
        return Tensor._plain(np.zeros(shape, like._array.dtype))
    return np.zeros(shape, like.dtype)


def _unsqueezed(grad: Any, dims: Sequence[int], shape: tuple[int, ...]) -> Any:
    for dim in sorted(dim % len(shape) for dim in dims if shape):
        if shape[dim] == 1:
            grad = either(_unsqueeze, grad, dim)
    return grad


def _read_strided(array: np.ndarray, size: Any, stride: Any, storage_offset: int | None) -> np.ndarray:
    strides = tuple(step * array.itemsize for step in stride)
    if storage_offset is None:
        return strided(array, size, strides)
    return strided(storage(array), size, strides, storage_offset * array.itemsize)


def _unread_strided(grad: Any, size: Any, stride: Any, storage_offset: int | None, geometry: Any) -> Any:
    """Zeros in the memory the input had, with the gradient added where the view lay, read as the input was read."""
    shape, strides, offset = geometry
    place = offset if storage_offset is None else storage_offset
    start = min(offset, place)
    ends = (where + _reach(*g) for where, g in ((offset, (shape, strides)), (place, (size, stride))))
    kind = grad._array.dtype if isinstance(grad, Tensor) else grad.dtype
    memory = np.zeros(max(ends) - start + 1, kind)
    if 0 in size:
        return _zeros_of(grad, shape)
    for dim in range(len(size) - 1, -1, -1):
        if size[dim] == 1:
            grad = either(_squeeze_dim, grad, dim)
        elif stride[dim] == 0:
            grad = total(grad, (dim,))
    kept = [dim for dim in range(len(size)) if size[dim] != 1 and stride[dim] != 0]
    size, stride = tuple(size[dim] for dim in kept), tuple(stride[dim] for dim in kept)
    places = _read_strided(np.arange(memory.size), size, stride, place - start) if _meets_itself(size, stride) else None
    if not isinstance(grad, Tensor):
        if places is not None:
            np.add.at(memory, places.reshape(-1), grad.reshape(-1))
        else:
            _read_strided(memory, size, stride, place - start)[...] = grad
        return _read_strided(memory, shape, strides, offset - start)
    whole = Tensor._plain(memory)
    if places is not None:
        whole.index_add_(0, Tensor._plain(places.reshape(-1)), reshape(grad, -1))
    else:
        as_strided(whole, size, stride, place - start).copy_(grad)
    return as_strided(whole, shape, strides, offset - start)


def _reach(shape: Sequence[int], strides: Sequence[int]) -> int:
    """How far the last element lies from the first."""
    return sum((length - 1) * step for length, step in zip(shape, strides, strict=True))


def _meets_itself(shape: Sequence[int], strides: Sequence[int]) -> bool:
    reach = 0
    for step, length in sorted(zip(strides, shape, strict=True)):
        if step <= reach and length > 1:
            return True
        reach += step * (length - 1)
    return False


def strided_node(base: Tensor, view: Tensor) -> Any:
    """The node of a view that leads straight to its base, whatever views it was made through."""
    size = view._array.itemsize
    strides = tuple(step // size for step in view._array.strides)
    place = (address(view._array) - address(storage(base._array))) // size
    args = (base, view._array.shape, strides, place, _geometry(base))
    return _as_strided.record(args, (Tensor._plain(view._array),))


def _geometry(tensor: Tensor) -> tuple[Any, ...]:
    array = tensor._array
    size = array.itemsize
    strides = tuple(step // size for step in array.strides)
    return array.shape, strides, (address(array) - address(storage(array))) // size


# Views in another shape


def view(input: Tensor, *shape: Any, size: Any = None, dtype: Dtype | None = None) -> Tensor:
    """The same memory in another shape.

    Raises:
        RuntimeError: the number of elements differs, or the strides do not allow it (use ``reshape``).

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.view.html
    """
    kind = shape[0] if shape and isinstance(shape[0], Dtype) else dtype
    if kind is not None:
        twin = Tensor._plain(input._array.view(kind.numpy))
        twin._version_counter = input._counter()
        return twin
    if size is not None:
        shape = (size,)
    if not shape or isinstance(shape[0], str):
        kinds = ", ".join(type(s).__name__ for s in shape)
        raise TypeError(
            f"view() received an invalid combination of arguments - got ({kinds}), but expected one of:\n"
            " * (torch.dtype dtype)\n * (tuple of ints size)\n"
        )
    return _view(input, infer_shape(read_shape(shape), input._array.size))


def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """The memory of a tensor, read with this shape and these strides from this offset on (all in elements).

    Raises:
        RuntimeError: that would lead out of the memory.

    See https://docs.pytorch.org/docs/stable/generated/torch.as_strided.html
    """
    size, stride, array = read_shape((size,)), read_shape((stride,)), input._array
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(step < 0 for step in stride):
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    geometry = _geometry(input)
    offset = geometry[2] if storage_offset is None else storage_offset
    if offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {offset}")
    needed, have = (0 if 0 in size else offset + _reach(size, stride) + 1) * array.itemsize, storage(array).nbytes
    if needed > have:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize "
            f"{array.itemsize} requiring a storage size of {needed} are out of bounds for storage of size {have}"
        )
    return _as_strided(input, size, stride, storage_offset, geometry)


def stride(input: Tensor, dim: int | None = None) -> Any:
    """Elements to jump for the next one, in each dimension or one."""
    array = input._array
    if array.size or any(array.strides):
        strides = tuple(step // array.itemsize for step in array.strides)
    else:  # numpy gives new empty arrays none
        strides = contiguous_strides(array.shape)
    return strides if dim is None else strides[wrap_dim(dim, array.ndim)]


def storage_offset(input: Tensor) -> int:
    """Where in its memory it starts, in elements."""
    return _geometry(input)[2]


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """``input.view(other.shape)``."""
    return view(input, other._array.shape)


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """Another shape: a view where the memory allows, else a copy.

    See https://docs.pytorch.org/docs/stable/generated/torch.reshape.html
    """
    if not shape:
        raise TypeError('reshape() missing 1 required positional arguments: "shape"')
    size = infer_shape(read_shape(shape), input._array.size)
    try:
        return _view(input, size)
    except RuntimeError:
        return _unsafe_view(clone(input), size)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """``input.reshape(other.shape)``."""
    return reshape(input, other._array.shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from ``start_dim`` to ``end_dim`` made one.

    >>> import minigrad as torch
    >>> torch.zeros(2, 3, 4).flatten(1).shape
    torch.Size([2, 12])

    See https://docs.pytorch.org/docs/stable/generated/torch.flatten.html
    """
    shape = input._array.shape
    start, end = wrap_dim(start_dim, len(shape)), wrap_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if not shape:
        return reshape(input, (1,))
    if start == end:
        return input
    middle = int(np.prod(shape[start : end + 1]))
    return reshape(input, (*shape[:start], middle, *shape[end + 1 :]))


def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.ravel.html
    """
    return view(contiguous(input), -1)


def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself where its elements lie in order, else a copy where they do.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.contiguous.html
    """
    return input if input._array.flags.c_contiguous else clone(input, memory_format="contiguous")


def squeeze(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """A view without the dimensions of length 1 (all of them, or those named).

    See https://docs.pytorch.org/docs/stable/generated/torch.squeeze.html
    """
    if dim is None:
        return _squeeze(input)
    ndim = input._array.ndim
    if isinstance(dim, tuple | list):
        for d in dim:
            wrap_dim(d, ndim)
        return _squeeze_dims(input, tuple(dim))
    wrap_dim(dim, ndim)
    return _squeeze_dim(input, dim)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """A view with a dimension of length 1 put in.

    See https://docs.pytorch.org/docs/stable/generated/torch.unsqueeze.html
    """
    wrap_dim(dim, input._array.ndim + 1)
    return _unsqueeze(input, dim)


# Views in another order


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """A view with two dimensions exchanged.

    See https://docs.pytorch.org/docs/stable/generated/torch.transpose.html
    """
    ndim = input._array.ndim
    wrap_dim(dim0, ndim), wrap_dim(dim1, ndim)
    return _transpose(input, dim0, dim1)


def t(input: Tensor) -> Tensor:
    """A matrix transposed, as a view; vectors stay as they are.

    See https://docs.pytorch.org/docs/stable/generated/torch.t.html
    """
    if input._array.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._array.ndim}D")
    return _t(input)


def permute(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    """A view with its dimensions in another order.

    See https://docs.pytorch.org/docs/stable/generated/torch.permute.html
    """
    if not dims and "dims" not in named:
        raise TypeError('permute() missing 1 required positional arguments: "dims"')
    order, ndim = read_shape(dims or (named["dims"],)), input._array.ndim
    if len(order) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {ndim} is not equal to len(dims) = {len(order)}"
        )
    if len({wrap_dim(dim, ndim) for dim in order}) < ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return _permute(input, order)


def _reversed(input: Tensor) -> Tensor:
    """``x.T``: the dimensions in reverse order."""
    ndim = input._array.ndim
    if ndim == 0:
        warnings.warn(
            "Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases.", stacklevel=2
        )
    elif ndim != 2:
        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will throw "
            "an error in a future release. Consider `x.mT` to transpose batches of matrices or "
            "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.",
            stacklevel=2,
        )
    return _permute(input, tuple(range(ndim - 1, -1, -1)))


def _matrix_transposed(input: Tensor) -> Tensor:
    """``x.mT``: the last two dimensions exchanged."""
    if input._array.ndim < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {input._array.ndim}-D tensor."
        )
    return _transpose(input, -2, -1)


def _conjugate_transposed(input: Tensor) -> Tensor:
    """``x.H``: a matrix transposed."""
    if input._array.ndim != 2:
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {input._array.ndim}-D tensor."
            + (" For batches of matrices, consider using tensor.mH" if input._array.ndim > 2 else "")
        )
    return _transpose(input, -2, -1)


def adjoint(input: Tensor) -> Tensor:
    """``x.mH``: the last two dimensions exchanged."""
    return _matrix_transposed(input)


def expand(input: Tensor, *sizes: Any, size: Any = None) -> Tensor:
    """A view stretched over dimensions of length 1 and new ones in front; -1 keeps a length.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand.html
    """
    sizes = read_shape(sizes if size is None else (size,))
    shape = input._array.shape
    extra = len(sizes) - len(shape)
    if extra < 0:
        raise RuntimeError(
            f"expand({type_name(input.dtype)}{{{list(shape)}}}, size={list(sizes)}): the number of sizes provided "
            f"({len(sizes)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    full = []
    for place, length in enumerate(sizes):
        if place < extra:
            if length < 0:
                raise RuntimeError(
                    f"The expanded size of the tensor ({length}) isn't allowed in a leading, non-existing dimension {place}"
                )
            full.append(length)
            continue
        have = shape[place - extra]
        if length not in (-1, have) and have != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({length}) must match the existing size ({have}) at non-singleton "
                f"dimension {place}.  Target sizes: {list(sizes)}.  Tensor sizes: {list(shape)}"
            )
        full.append(have if length == -1 else length)
    return _expand(input, tuple(full))


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """``input.expand(other.shape)``."""
    return expand(input, other._array.shape)


# The same numbers in another dtype

_BY_TYPE_NAME = {type_name(d): d for d in DTYPES}


def to(input: Tensor, *args: Any, copy: bool = False, **kwargs: Any) -> Tensor:
    """The tensor in another dtype (or like another tensor); itself where nothing changes.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html
    """
    kind = kwargs.get("dtype")
    for arg in (*args, kwargs.get("device"), kwargs.get("other")):
        if isinstance(arg, Dtype):
            kind = arg
        elif isinstance(arg, Tensor):
            kind = arg.dtype
        elif isinstance(arg, str | device) and device(arg).type != "cpu":
            raise AssertionError("Torch not compiled with CUDA enabled")
    kind = input.dtype if kind is None else kind
    if kind.numpy == input._array.dtype and not copy:
        return input
    return _to_copy(input, kind)


def type(input: Tensor, dtype: Dtype | str | None = None) -> Any:
    """The name of its type, or the tensor in another dtype."""
    if dtype is None:
        return type_name(input.dtype)
    return to(input, _BY_TYPE_NAME[dtype] if isinstance(dtype, str) else dtype)


def type_as(input: Tensor, other: Tensor) -> Tensor:
    """``input`` in the dtype of ``other``."""
    return to(input, other.dtype)


def cpu(input: Tensor) -> Tensor:
    """The tensor itself: there is only the CPU."""
    return input


def _cast_to(kind: Dtype, name: str) -> Any:
    def cast(input: Tensor) -> Tensor:
        return to(input, kind)

    cast.__name__ = cast.__qualname__ = name
    cast.__doc__ = f"The tensor as {kind}."
    return cast


_CASTS = {
    "float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32", "short": "int16",
    "char": "int8", "byte": "uint8", "bool": "bool",
}  # fmt: skip
_BY_NAME = {d.name: d for d in FROM_NUMPY.values()}

BOTH = (adjoint, as_strided, reshape, transpose, t, permute, flatten, ravel, squeeze, unsqueeze)
METHODS_ONLY = (
    stride, storage_offset,
    view, view_as, reshape_as, contiguous, expand, expand_as, to, type, type_as, cpu,
    *(_cast_to(_BY_NAME[kind], name) for name, kind in _CASTS.items()),
)  # fmt: skip
ALIASES = {"swapaxes": transpose, "swapdims": transpose}
PROPERTIES = {"T": _reversed, "mT": _matrix_transposed, "mH": _matrix_transposed, "H": _conjugate_transposed}
