"""Shapes: views and copies of the same numbers in another arrangement."""

from __future__ import annotations

import builtins
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd import grad_mode, views
from ..autograd.observe import tell
from ..autograd.views import address, offset, storage, strided
from ..dtypes import DTYPES, FROM_NUMPY, Size, device, result_type, type_name
from ..dtypes import dtype as Dtype
from ..tensor import Tensor
from .arguments import broadcast_error, infer_shape, read_shape, wrap_dim
from .dual import sum_to, total
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
    if array.flags.c_contiguous and (1 not in array.shape or not array.size):
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
_reshape_alias = Operation(
    "_reshape_alias",
    _viewed,
    {"self": lambda grad, self_sym_sizes: _reshaped(grad, self_sym_sizes)},
    node="ReshapeAliasBackward0",
    view=True,
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
_clone_in_order = Operation(
    "clone", lambda self: self.copy(), {"self": lambda grad: grad}, formula={"self": r"\bar{z}"}
)
_to_copy = Operation(
    "_to_copy",
    lambda self, dtype: self.astype(dtype.numpy, "C" if 0 in self.strides else "K"),
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
    shape, strides, whole_at = geometry
    part_at = whole_at if storage_offset is None else storage_offset
    start = min(whole_at, part_at)
    ends = (place + _reach(*g) for place, g in ((whole_at, (shape, strides)), (part_at, (size, stride))))
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
    places = (
        _read_strided(np.arange(memory.size), size, stride, part_at - start) if _meets_itself(size, stride) else None
    )
    times = None  # how often each element of the memory is an element of the input
    if _meets_itself(shape, strides):
        seen = _read_strided(np.arange(memory.size), shape, strides, whole_at - start)
        times = np.bincount(seen.reshape(-1), minlength=memory.size).clip(1).astype(kind)
    if not isinstance(grad, Tensor):
        if places is not None:
            np.add.at(memory, places.reshape(-1), grad.reshape(-1))
        else:
            _read_strided(memory, size, stride, part_at - start)[...] = grad
        if times is not None:
            memory /= times
        return _read_strided(memory, shape, strides, whole_at - start)
    whole = Tensor._plain(memory)
    if places is not None:
        whole.index_add_(0, Tensor._plain(places.reshape(-1)), reshape(grad, -1))
    else:
        as_strided(whole, size, stride, part_at - start).copy_(grad)
    if times is not None:
        whole.div_(Tensor._plain(times))
    return as_strided(whole, shape, strides, whole_at - start)


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
    args = (base, view._array.shape, strides, offset(view._array) // size, _geometry(base))
    return _as_strided.record(args, (Tensor._plain(view._array),), always=True)


def _geometry(tensor: Tensor) -> tuple[Any, ...]:
    array = tensor._array
    size = array.itemsize
    strides = tuple(step // size for step in array.strides)
    return array.shape, strides, offset(array) // size


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
    place = geometry[2] if storage_offset is None else storage_offset
    if place < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {place}")
    needed, have = (0 if 0 in size else place + _reach(size, stride) + 1) * array.itemsize, storage(array).nbytes
    if needed > have:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {place}, and itemsize "
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
    array = input._array
    size = infer_shape(read_shape(shape), array.size)
    if array.flags.c_contiguous:
        return _view(input, size)
    if _view_strides(array, size) is not None:
        return _reshape_alias(input, size)
    return _unsafe_view(_clone_in_order(input), size)


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
    return input if input._array.flags.c_contiguous else _clone_in_order(input)


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
    full = list(sizes)
    for place in range(len(sizes) - 1, -1, -1):
        length = sizes[place]
        if place < extra:
            if length < 0:
                raise RuntimeError(
                    f"The expanded size of the tensor ({length}) isn't allowed in a leading, non-existing dimension {place}"
                )
            continue
        have = shape[place - extra]
        if length == -1:
            full[place] = have
        elif length != have and have != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({length}) must match the existing size ({have}) at non-singleton "
                f"dimension {place}.  Target sizes: {list(sizes)}.  Tensor sizes: {list(shape)}"
            )
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

# Diagonals and triangles


def _read_diagonal(self: np.ndarray, offset: int, dim1: int, dim2: int) -> np.ndarray:
    found = self.diagonal(offset, dim1, dim2)  # numpy forbids to write there
    return strided(self, found.shape, found.strides, address(found) - address(self) if found.size else 0)


def _write_diagonal(grad: np.ndarray, shape: Sequence[int], offset: int, dim1: int, dim2: int) -> np.ndarray:
    out = np.zeros(shape, grad.dtype)
    _read_diagonal(out, offset, dim1, dim2)[...] = grad
    return out


def _embedded(self: np.ndarray, offset: int, dim1: int, dim2: int) -> np.ndarray:
    ndim, length = self.ndim + 1, self.shape[-1] + abs(offset)
    dim1, dim2 = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    shape = list(self.shape[:-1])
    for dim in sorted((dim1, dim2)):
        shape.insert(dim, length)
    return _write_diagonal(self, shape, offset, dim1, dim2)


_diagonal_derivative = {
    "self": lambda grad, self_sym_sizes, offset, dim1, dim2: either(
        _diagonal_backward, grad, self_sym_sizes, offset, dim1, dim2
    )
}
_diagonal = Operation(
    "diagonal", _read_diagonal, _diagonal_derivative, view=True, formula={"self": r"\bar{z} \text{ on that diagonal}"}
)
_diagonal_copy = Operation(
    "diagonal_copy",
    lambda self, offset, dim1, dim2: self.diagonal(offset, dim1, dim2).copy(),
    _diagonal_derivative,
    node="DiagonalBackward0_copy",
    formula={"self": r"\bar{z} \text{ on that diagonal}"},
)
_diagonal_backward: Operation = Operation(
    "diagonal_backward",
    lambda grad_output, input_sizes, offset, dim1, dim2: _write_diagonal(grad_output, input_sizes, offset, dim1, dim2),
    {"grad_output": lambda grad, offset, dim1, dim2: either(_diagonal, grad, offset, dim1, dim2)},
    node="DiagonalBackwardBackward0",
    formula={"grad_output": r"\mathrm{diag}(\bar{z})"},
)
_diag_embed = Operation(
    "diag_embed",
    _embedded,
    {"self": lambda grad, offset, dim1, dim2: either(_diagonal, grad, offset, dim1, dim2)},
    formula={"self": r"\mathrm{diag}(\bar{z})"},
)
_tril: Operation = Operation(
    "tril",
    lambda self, diagonal: np.tril(self, diagonal),
    {"self": lambda grad, diagonal: either(_tril, grad, diagonal)},
    formula={"self": r"\mathrm{tril}(\bar{z})"},
)
_triu: Operation = Operation(
    "triu",
    lambda self, diagonal: np.triu(self, diagonal),
    {"self": lambda grad, diagonal: either(_triu, grad, diagonal)},
    formula={"self": r"\mathrm{triu}(\bar{z})"},
)


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A view of a diagonal of the matrices in two dimensions; ``offset`` above the main one (below: negative).

    See https://docs.pytorch.org/docs/stable/generated/torch.diagonal.html
    """
    ndim = input._array.ndim
    if wrap_dim(dim1, ndim) == wrap_dim(dim2, ndim):
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return _diagonal(input, offset, dim1, dim2)


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix (a copy), or the matrix with this diagonal.

    >>> import minigrad as torch
    >>> torch.diag(torch.tensor([1., 2.]))
    tensor([[1., 0.],
            [0., 2.]])

    See https://docs.pytorch.org/docs/stable/generated/torch.diag.html
    """
    if input._array.ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input._array.ndim}D")
    return _diag_embed(input, diagonal, -2, -1) if input._array.ndim == 1 else _diagonal_copy(input, diagonal, 0, 1)


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """The matrix with the flattened tensor as a diagonal."""
    return _diag_embed(reshape(input, -1), offset, -2, -1)


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices in two new dimensions with the last dimension of ``input`` as their diagonals.

    See https://docs.pytorch.org/docs/stable/generated/torch.diag_embed.html
    """
    return _diag_embed(input, offset, dim1, dim2)


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The part of each matrix on and below a diagonal; the rest is zero.

    See https://docs.pytorch.org/docs/stable/generated/torch.tril.html
    """
    if input._array.ndim < 2:
        raise RuntimeError("tril: input tensor must have at least 2 dimensions")
    return _tril(input, diagonal)


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The part of each matrix on and above a diagonal; the rest is zero.

    See https://docs.pytorch.org/docs/stable/generated/torch.triu.html
    """
    if input._array.ndim < 2:
        raise RuntimeError("triu: input tensor must have at least 2 dimensions")
    return _triu(input, diagonal)


# Joining


def _joined(tensors: Sequence[np.ndarray], dim: int, dtype: Any) -> np.ndarray:
    shape = list(tensors[0].shape)
    shape[dim] = sum(array.shape[dim] for array in tensors)
    return np.concatenate(tensors, dim, out=np.empty(shape, dtype), casting="unsafe")


def _piled(tensors: Sequence[np.ndarray], dim: int, dtype: Any) -> np.ndarray:
    return _joined([np.expand_dims(array, dim) for array in tensors], dim % (tensors[0].ndim + 1), dtype)


def _cut(grad: Any, dim: int, lengths: Sequence[int]) -> list[Any]:
    """A gradient cut along a dimension into pieces of these lengths."""
    pieces, start = [], 0
    for length in lengths:
        pieces.append(_piece(grad, dim, start, length))
        start += length
    return pieces


def _piece(value: Any, dim: int, start: int, length: int) -> Any:
    if isinstance(value, Tensor):
        return narrow(value, dim, start, length)
    return value[_at(value.ndim, dim, slice(start, start + length))]


_cat = Operation(
    "cat",
    lambda tensors, dim, _dtype, _lengths: _joined(tensors, dim, _dtype),
    {"tensors": lambda grad, dim, _lengths: _cut(grad, dim, _lengths)},
    variadic=True,
    formula={"tensors": r"\text{its part of } \bar{z}"},
)
_stack = Operation(
    "stack",
    lambda tensors, dim, _dtype, _count: _piled(tensors, dim, _dtype),
    {
        "tensors": lambda grad, dim, _count: [
            grad.select(dim, i) if isinstance(grad, Tensor) else np.take(grad, i, dim) for i in range(_count)
        ]
    },
    variadic=True,
    formula={"tensors": r"\text{its part of } \bar{z}"},
)


def _check_list(name: str, tensors: Any) -> list[Tensor]:
    if isinstance(tensors, Tensor) or not isinstance(tensors, tuple | list):
        kind = "Tensor" if isinstance(tensors, Tensor) else builtins.type(tensors).__name__
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {kind}")
    for place, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"expected Tensor as element {place} in argument 0, but got {builtins.type(tensor).__name__}"
            )
    return list(tensors)


def cat(tensors: Sequence[Tensor], dim: int = 0, *, out: None = None) -> Tensor:
    """The tensors one after another along a dimension they have.

    >>> import minigrad as torch
    >>> torch.cat([torch.zeros(2), torch.ones(3)])
    tensor([0., 0., 1., 1., 1.])

    See https://docs.pytorch.org/docs/stable/generated/torch.cat.html
    """
    parts = _check_list("cat", tensors)
    if not parts:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    shapes = [part._array.shape for part in parts]
    for place, shape in enumerate(shapes):
        if not shape:
            raise RuntimeError(f"zero-dimensional tensor (at position {place}) cannot be concatenated")
    model = next((shape for shape in shapes if shape != (0,)), shapes[0])  # an empty vector goes with everything
    at = wrap_dim(dim, len(model))
    for place, shape in enumerate(shapes):
        if shape == (0,):
            continue
        if len(shape) != len(model):
            raise RuntimeError(f"Tensors must have same number of dimensions: got {len(model)} and {len(shape)}")
        for d, (want, have) in enumerate(zip(model, shape, strict=True)):
            if d != at and want != have:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {at}. Expected size {want} but got size {have} for "
                    f"tensor number {place} in the list."
                )
    kind = result_type(*parts).numpy
    if len(model) > 1:
        parts = [part for part in parts if part._array.shape != (0,)]
    return _cat(parts, dim, kind, [part._array.shape[dim] for part in parts])


def concat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """``cat`` by another name."""
    return cat(tensors, dim)


def concatenate(tensors: Sequence[Tensor], axis: int = 0, dim: int | None = None) -> Tensor:
    """``cat`` by numpy's name."""
    return cat(tensors, axis if dim is None else dim)


def stack(tensors: Sequence[Tensor], dim: int = 0, *, out: None = None) -> Tensor:
    """The tensors one after another along a new dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.stack.html
    """
    parts = _check_list("stack", tensors)
    if not parts:
        raise RuntimeError("stack expects a non-empty TensorList")
    shape = parts[0]._array.shape
    wrap_dim(dim, len(shape) + 1)
    for place, part in enumerate(parts):
        if part._array.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                f"{list(part._array.shape)} at entry {place}"
            )
    return _stack(parts, dim, result_type(*parts).numpy, len(parts))


def _at_least(input: Tensor, ndim: int) -> Tensor:
    if not input._array.ndim:
        return reshape(input, (1,) * ndim)
    while input._array.ndim < ndim:
        input = unsqueeze(input, 0 if input._array.ndim == 1 else -1)
    return input


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined along the second dimension; vectors along their only one."""
    parts = [_at_least(part, 1) for part in _check_list("hstack", tensors)]
    return cat(parts, 0 if parts[0]._array.ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined along the first dimension; a vector counts as a row."""
    return cat([_at_least(part, 2) for part in _check_list("vstack", tensors)], 0)


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined along the third dimension."""
    return cat([_at_least(part, 3) for part in _check_list("dstack", tensors)], 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined along the second dimension; a vector counts as a column."""
    parts = _check_list("column_stack", tensors)
    return hstack([p if p._array.ndim > 1 else reshape(p, p._array.size, 1) for p in parts])


# Splitting


def _whole(grads: Sequence[Any], shapes: Sequence[Any]) -> list[Any]:
    """Gradients of several outputs, zeros where none arrived."""
    known = next(grad for grad in grads if grad is not None)
    return [_zeros_of(known, s) if g is None else g for g, s in zip(grads, shapes, strict=True)]


def _rejoined(grads: Sequence[Any], dim: int, shape: tuple[int, ...], lengths: Sequence[int]) -> Any:
    at = dim % len(shape)
    grads = _whole(grads, [(*shape[:at], length, *shape[at + 1 :]) for length in lengths])
    return cat(grads, dim) if isinstance(grads[0], Tensor) else np.concatenate(grads, dim)


def _repiled(grads: Sequence[Any], dim: int) -> Any:
    known = next(grad for grad in grads if grad is not None)
    grads = _whole(grads, [known.shape] * len(grads))
    return stack(grads, dim) if isinstance(known, Tensor) else np.stack(grads, dim)


def _lengths(size: int, length: int) -> list[int]:
    if not length:
        return [0]
    return [min(length, size - start) for start in range(0, size, length)] or [0]


_split = Operation(
    "split",
    lambda self, split_size, dim: tuple(_cut(self, dim, _lengths(self.shape[dim], split_size))),
    {
        "self": lambda grad, self_sym_sizes, split_size, dim: _rejoined(
            grad, dim, self_sym_sizes, _lengths(self_sym_sizes[dim], split_size)
        )
    },
    outputs=None,
    view=True,
    formula={"self": r"\text{the gradients of the parts, joined}"},
)
_split_with_sizes = Operation(
    "split_with_sizes",
    lambda self, split_sizes, dim: tuple(_cut(self, dim, split_sizes)),
    {"self": lambda grad, self_sym_sizes, split_sizes, dim: _rejoined(grad, dim, self_sym_sizes, split_sizes)},
    outputs=None,
    view=True,
    formula={"self": r"\text{the gradients of the parts, joined}"},
)
_unbind = Operation(
    "unbind",
    lambda self, dim: tuple(self[_at(self.ndim, dim, i)] for i in range(self.shape[dim])),
    {"self": lambda grad, dim: _repiled(grad, dim)},
    outputs=None,
    view=True,
    formula={"self": r"\text{the gradients of the parts, joined}"},
)


def split(input: Tensor, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of its parts along a dimension: each of length ``split_size`` (the last one shorter), or of these lengths.

    See https://docs.pytorch.org/docs/stable/generated/torch.split.html
    """
    if isinstance(split_size, tuple | list):
        return split_with_sizes(input, split_size, dim)
    if not input._array.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    length = input._array.shape[wrap_dim(dim, input._array.ndim)]
    if split_size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={split_size}")
    if not split_size and length:
        raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}")
    return _split(input, split_size, dim)


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of its parts along a dimension, of these lengths."""
    sizes, at = list(split_sizes), wrap_dim(dim, input._array.ndim)
    for size in sizes:
        if size < 0:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={sizes}"
            )
    if sum(sizes) != input._array.shape[at]:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {input._array.shape[at]} (input tensor's size at "
            f"dimension {at}), but got split_sizes={sizes}"
        )
    return _split_with_sizes(input, tuple(sizes), dim)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of its parts along a dimension: ``chunks`` of them, or fewer, all of the same length but the last.

    See https://docs.pytorch.org/docs/stable/generated/torch.chunk.html
    """
    if not input._array.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    length = input._array.shape[wrap_dim(dim, input._array.ndim)]
    if not length:
        return split_with_sizes(input, [0] * chunks, dim)
    return split(input, -(-length // chunks), dim)


def tensor_split(input: Tensor, indices_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of its parts along a dimension: so many of nearly the same length, or cut at these places.

    See https://docs.pytorch.org/docs/stable/generated/torch.tensor_split.html
    """
    length = input._array.shape[wrap_dim(dim, input._array.ndim)]
    if isinstance(indices_or_sections, int):
        if indices_or_sections <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {indices_or_sections}")
        each, longer = divmod(length, indices_or_sections)
        cuts = [i * each + min(i, longer) for i in range(indices_or_sections + 1)]
    else:
        cuts = [0, *indices_or_sections, length]
    return tuple(_slice(input, dim, start, end, 1) for start, end in zip(cuts, cuts[1:]))  # noqa: B905


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of its parts along a dimension, which they no longer have.

    See https://docs.pytorch.org/docs/stable/generated/torch.unbind.html
    """
    if not input._array.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    wrap_dim(dim, input._array.ndim)
    return _unbind(input, dim)


def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """A view of ``length`` places of a dimension from ``start`` on.

    See https://docs.pytorch.org/docs/stable/generated/torch.narrow.html
    """
    if not input._array.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    have = input._array.shape[wrap_dim(dim, input._array.ndim)]
    if not -have <= start <= have:
        raise IndexError(f"start out of range (expected to be in range of [{-have}, {have}], but got {start})")
    start = start + have if start < 0 else start
    if start + length > have:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({have}).")
    return _slice(input, dim, start, start + length, 1)


# Other arrangements: copies


def _kept_layout(array: np.ndarray) -> np.ndarray:
    """A copy whose dimensions lie in memory in the same order."""
    return array.copy("C" if 0 in array.strides else "K")


def _turned(self: np.ndarray, k: int, dims: Sequence[int]) -> np.ndarray:
    k, (first, second) = k % 4, dims
    if k == 0:
        return self.copy()
    if k == 2:
        return np.flip(self, tuple(dims)).copy()
    return np.flip(self, second if k == 1 else first).copy().swapaxes(first, second)


def _unrepeated(grad: Any, repeats: Sequence[int], shape: tuple[int, ...]) -> Any:
    """A gradient summed over the repetitions."""
    if 0 in repeats:
        return _zeros_of(grad, shape)
    for _ in range(len(repeats) - len(shape)):
        grad = total(grad, (0,))
    sizes: list[int] = []
    dims = []
    for times, length in zip(repeats[len(repeats) - len(shape) :], shape, strict=True):
        if times != 1:
            dims.append(len(sizes))
            sizes.append(times)
        sizes.append(length)
    return total(_reshaped(grad, tuple(sizes)), tuple(dims)) if dims else grad


_flip: Operation = Operation(
    "flip",
    lambda self, dims: _kept_layout(np.flip(self, dims if self.ndim else ())),
    {"self": lambda grad, dims: either(_flip, grad, dims)},
    formula={"self": r"\bar{z} \text{ flipped back}"},
)
_roll: Operation = Operation(
    "roll",
    lambda self, shifts, dims: np.roll(self, shifts, dims) if dims else np.roll(self, shifts[0]),
    {"self": lambda grad, shifts, dims: either(_roll, grad, tuple(-shift for shift in shifts), dims)},
    formula={"self": r"\bar{z} \text{ rolled back}"},
)
_repeat = Operation(
    "repeat",
    lambda self, repeats: np.tile(self, repeats) if repeats else self.copy(),
    {"self": lambda grad, repeats, self_sym_sizes: _unrepeated(grad, repeats, self_sym_sizes)},
    formula={"self": r"\text{the sum of the copies' } \bar{z}"},
)
_rot90: Operation = Operation(
    "rot90",
    _turned,
    {"self": lambda grad, k, dims: either(_rot90, grad, -k, dims)},
    formula={"self": r"\bar{z} \text{ turned back}"},
)


def flip(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    """A copy with the order reversed in some dimensions.

    See https://docs.pytorch.org/docs/stable/generated/torch.flip.html
    """
    order = read_shape(dims or (named["dims"],))
    seen = [wrap_dim(dim, input._array.ndim) for dim in order]
    for dim in seen:
        if seen.count(dim) > 1:
            raise RuntimeError(f"dim {dim} appears multiple times in the list of dims")
    return _flip(input, order)


def fliplr(input: Tensor) -> Tensor:
    """Flipped in the second dimension."""
    if input._array.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return _flip(input, (1,))


def flipud(input: Tensor) -> Tensor:
    """Flipped in the first dimension."""
    if input._array.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return _flip(input, (0,))


def roll(input: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
    """A copy moved along some dimensions; what leaves at the end comes in at the beginning.

    See https://docs.pytorch.org/docs/stable/generated/torch.roll.html
    """
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    dims = () if dims is None else (dims,) if isinstance(dims, int) else tuple(dims)
    if (dims or len(shifts) != 1) and len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    for dim in dims:
        wrap_dim(dim, input._array.ndim)
    return _roll(input, shifts, dims)


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """A copy turned by ``k`` quarters in the plane of two dimensions.

    See https://docs.pytorch.org/docs/stable/generated/torch.rot90.html
    """
    ndim = input._array.ndim
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {ndim}")
    if wrap_dim(dims[0], ndim) == wrap_dim(dims[1], ndim):
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    return _rot90(input, k, tuple(dims))


def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """Copies of the tensor side by side, so many in each dimension; further dimensions come in front.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.repeat.html
    """
    times = read_shape(repeats)
    if len(times) < input._array.ndim:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    shape = [1] * (len(times) - input._array.ndim) + list(input._array.shape)
    size = [length * count for length, count in zip(shape, times, strict=True)]
    for length in size:
        if length < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {length}: {size}")
    return _repeat(input, times)


def tile(input: Tensor, *dims: Any) -> Tensor:
    """``repeat``, with missing counts in front taken as 1.

    See https://docs.pytorch.org/docs/stable/generated/torch.tile.html
    """
    times = read_shape(dims)
    return repeat(input, (1,) * (input._array.ndim - len(times)) + times)


def repeat_interleave(
    input: Tensor, repeats: int | Tensor | None = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element (or part along ``dim``) so many times in a row. Of counts alone: the places they mean.

    See https://docs.pytorch.org/docs/stable/generated/torch.repeat_interleave.html
    """
    if repeats is None:
        return Tensor._plain(np.repeat(np.arange(input._array.size), input._array))
    if dim is None:
        input, dim = flatten(input), 0
    at = wrap_dim(dim, input._array.ndim)
    if isinstance(repeats, Tensor) and repeats._array.ndim:
        if (repeats._array < 0).any():
            raise RuntimeError("repeats can not be negative")
        if repeats._array.size != input._array.shape[at]:
            raise RuntimeError(
                "repeats must have the same size as input along dim, but got repeats.size(0) = "
                f"{repeats._array.size} and input.size({at}) = {input._array.shape[at]}"
            )
        return input.index_select(dim, repeat_interleave(repeats))
    times = int(repeats)
    if times < 0:
        raise RuntimeError("Repeats must be non-negative")
    shape = input._array.shape
    wide = expand(unsqueeze(input, at + 1), (*shape[: at + 1], times, *shape[at + 1 :]))
    return view(_clone_in_order(wide), *shape[:at], shape[at] * times, *shape[at + 1 :])


# Views made of the ones above


def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """A view with some dimensions moved to other places; the rest keep their order.

    See https://docs.pytorch.org/docs/stable/generated/torch.movedim.html
    """
    ends = [[dims] if isinstance(dims, int) else list(dims) for dims in (source, destination)]
    if len(ends[0]) != len(ends[1]):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({ends[0]} dims) should contain the same number of "
            f"dims as destination ({ends[1]} dims)"
        )
    ndim = input._array.ndim
    taken = [[wrap_dim(dim, ndim) for dim in dims] for dims in ends]
    for name, dims, given in zip(("source", "destination"), taken, ends, strict=True):
        if len(set(dims)) < len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({given})")
    rest = iter(dim for dim in range(ndim) if dim not in taken[0])
    placed = dict(zip(taken[1], taken[0], strict=True))
    return _permute(input, tuple(placed[dim] if dim in placed else next(rest) for dim in range(ndim)))


def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """A view with one dimension made several.

    See https://docs.pytorch.org/docs/stable/generated/torch.unflatten.html
    """
    shape, sizes = input._array.shape, read_shape((sizes,))
    at = wrap_dim(dim, len(shape))
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    try:
        sizes = infer_shape(sizes, shape[at])
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {at} ({shape[at]}) in the input "
            "tensor"
        ) from None
    return view(input, *shape[:at], *sizes, *shape[at + 1 :])


def broadcast_to(input: Tensor, *size: Any) -> Tensor:
    """``input.expand(size)``."""
    return expand(input, *size)


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors, each expanded to the shape they broadcast to.

    See https://docs.pytorch.org/docs/stable/generated/torch.broadcast_tensors.html
    """
    shape: tuple[int, ...] = ()
    for tensor in tensors:
        try:
            shape = np.broadcast_shapes(shape, tensor._array.shape)
        except ValueError:
            raise broadcast_error(shape, tensor._array.shape) from None
    return tuple(tensor if tensor._array.shape == shape else expand(tensor, shape) for tensor in tensors)


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of these shapes broadcast to."""
    sizes = [read_shape((shape,)) for shape in shapes]
    length = max(map(len, sizes), default=0)
    result = [1] * length
    for place, size in enumerate(sizes):
        for dim in range(-1, -len(size) - 1, -1):
            if size[dim] not in (1, result[dim]):
                if result[dim] != 1:
                    raise RuntimeError(
                        f"Attempting to broadcast a dimension of length {size[dim]} at {dim}! Mismatching argument at "
                        f"index {place} had {size}; but expected shape should be broadcastable to {result}"
                    )
                result[dim] = size[dim]
    return Size(result)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """The coordinates of a grid: each vector expanded along the others' dimensions.

    See https://docs.pytorch.org/docs/stable/generated/torch.meshgrid.html
    """
    if len(tensors) == 1 and isinstance(tensors[0], tuple | list):
        tensors = tuple(tensors[0])
    if indexing is None:
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.", stacklevel=2
        )
    places = list(range(len(tensors)))
    if indexing == "xy" and len(places) > 1:
        places[:2] = [1, 0]
    shape = [0] * len(tensors)
    for place, tensor in zip(places, tensors, strict=True):
        shape[place] = tensor._array.size
    return tuple(
        expand(view(tensor, [-1 if dim == place else 1 for dim in range(len(shape))]), shape)
        for place, tensor in zip(places, tensors, strict=True)
    )


# In place: the same tensor with another shape


def _renamed(row: Operation, node: str) -> Operation:
    derivatives = {key: derivative for key, derivative, _ in row.derivatives}
    return Operation(row.name + "_", row.forward, derivatives, params=row.params, node=node, formula=row.formula)


_t_, _transpose_, _unsqueeze_ = (
    _renamed(_t, "TBackward1"),
    _renamed(_transpose, "TransposeBackward1"),
    _renamed(_unsqueeze, "UnsqueezeBackward1"),
)
_squeeze_, _squeeze_dim_, _squeeze_dims_ = (
    _renamed(row, f"SqueezeBackward{number}") for number, row in enumerate((_squeeze, _squeeze_dim, _squeeze_dims), 3)
)


def _become(row: Operation, self: Tensor, *args: Any, error: Exception | None = None) -> Tensor:
    """Let a tensor be what a view of it would be. The base of a view stays as it is."""
    recorded = grad_mode.state.grad_enabled and self.requires_grad
    views.check_inplace(self, recorded)
    if error is not None:
        raise error
    changed = row(self, *args)
    self._array = changed._array
    before = self._changed()
    if recorded:
        views.reshaped(self, changed._node)
    if grad_mode.special and grad_mode.state.observers:
        tell("inplace", row.name, self, args, before, self._version)
    return self


def t_(input: Tensor) -> Tensor:
    """``t`` in place."""
    ndim = input._array.ndim
    wrong = RuntimeError(f"t_() expects a tensor with <= 2 dimensions, but self is {ndim}D") if ndim > 2 else None
    return _become(_t_, input, error=wrong)


def transpose_(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """``transpose`` in place."""
    wrap_dim(dim0, input._array.ndim), wrap_dim(dim1, input._array.ndim)
    return _become(_transpose_, input, dim0, dim1)


def unsqueeze_(input: Tensor, dim: int) -> Tensor:
    """``unsqueeze`` in place."""
    wrap_dim(dim, input._array.ndim + 1)
    return _become(_unsqueeze_, input, dim)


def squeeze_(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """``squeeze`` in place."""
    if dim is None:
        return _become(_squeeze_, input)
    for one in (dim,) if isinstance(dim, int) else dim:
        wrap_dim(one, input._array.ndim)
    return _become(_squeeze_dim_, input, dim) if isinstance(dim, int) else _become(_squeeze_dims_, input, tuple(dim))


def resize_(input: Tensor, *sizes: Any) -> Tensor:
    """Not here: a tensor keeps the memory it was made with."""
    if input.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    raise RuntimeError("minigrad does not resize tensors: make a new one, or take a view")


BOTH = (
    adjoint, as_strided, reshape, transpose, t, permute, flatten, ravel, squeeze, unsqueeze, diagonal, diag, diag_embed, diagflat,
    tril, triu, split, split_with_sizes, chunk, tensor_split, unbind, narrow, flip, fliplr, flipud, roll, rot90, tile,
    repeat_interleave, movedim, unflatten, broadcast_to,
)  # fmt: skip
FUNCTIONS_ONLY = (
    cat,
    concat,
    concatenate,
    stack,
    hstack,
    vstack,
    dstack,
    column_stack,
    broadcast_tensors,
    broadcast_shapes,
    meshgrid,
)
METHODS_ONLY = (
    stride, storage_offset, view, view_as, reshape_as, contiguous, expand, expand_as, repeat, to, type, type_as, cpu,
    t_, transpose_, unsqueeze_, squeeze_, resize_, *(_cast_to(_BY_NAME[kind], name) for name, kind in _CASTS.items()),
)  # fmt: skip
ALIASES = {"swapaxes": transpose, "swapdims": transpose, "moveaxis": movedim}
OPERATORS = {"swapaxes_": transpose_, "swapdims_": transpose_}
PROPERTIES = {"T": _reversed, "mT": _matrix_transposed, "mH": _matrix_transposed, "H": _conjugate_transposed}
