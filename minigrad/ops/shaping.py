"""Shapes: views and copies of the same numbers in another arrangement, joins and splits, casts."""

from __future__ import annotations

import builtins
import math
import warnings
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..autograd import grad_mode, views
from ..autograd.observe import tell
from ..autograd.views import address, offset, storage, strided
from ..dtypes import DTYPES, device, result_type, type_name
from ..dtypes import dtype as Dtype
from ..tensor import Tensor
from . import dual
from .arguments import broadcast_error, infer_shape, read_shape, wrap_dim
from .dual import either, sum_to, total
from .reduction import public, row
from .templates import Operation

Shape = tuple[int, ...]


def zeros_of(like: Any, shape: Sequence[int]) -> Any:
    """Zeros of this shape, of the kind and dtype of ``like``."""
    if isinstance(like, Tensor):
        return Tensor._plain(np.zeros(shape, like._array.dtype))
    return np.zeros(shape, like.dtype)


def at(ndim: int, dim: int, key: Any) -> tuple[Any, ...]:
    """A numpy index that takes ``key`` in one dimension and everything in the others."""
    return (*(slice(None),) * (dim % ndim), key, ...)


# Another shape


def _viewed(self: np.ndarray, size: Shape) -> np.ndarray:
    try:
        return self.reshape(size, copy=False)
    except ValueError:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        ) from None


def _reshaped(grad: Any, self_sym_sizes: Shape) -> Any:
    return dual.reshape(grad, self_sym_sizes)


def _stretched(self: np.ndarray, size: Shape) -> np.ndarray:
    """The array in a larger shape (numpy's broadcast_to would forbid to write where that is harmless)."""
    extra = len(size) - self.ndim
    strides = [s if want == have else 0 for want, have, s in zip(size[extra:], self.shape, self.strides, strict=True)]
    for place in reversed(range(extra)):
        step = strides[0] * size[place + 1] if strides else self.itemsize
        strides.insert(0, step if size[place] == 1 else 0)
    return strided(self, size, strides)


def _with_one(self: np.ndarray, dim: int) -> np.ndarray:
    dim, shape, strides = wrap_dim(dim, self.ndim + 1), self.shape, self.strides
    step = strides[dim] * shape[dim] if dim < self.ndim else self.itemsize
    return strided(self, (*shape[:dim], 1, *shape[dim:]), (*strides[:dim], step, *strides[dim:]))


def _without_ones(self: np.ndarray, dim: Sequence[int]) -> np.ndarray:
    return self.squeeze(tuple(d for d in dim if wrap_dim(d, self.ndim) < self.ndim and self.shape[d] == 1))


def _unsqueezed(grad: Any, dim: Sequence[int], self_sym_sizes: Shape) -> Any:
    for place in sorted(d % len(self_sym_sizes) for d in dim if self_sym_sizes):
        if self_sym_sizes[place] == 1:
            grad = either(_unsqueeze, grad, place)
    return grad


_SAME = r"\bar{z}"
_view = row("view", _viewed, _reshaped, _SAME, view=True)
_reshape_alias = row("_reshape_alias", _viewed, _reshaped, _SAME, node="ReshapeAliasBackward0", view=True)
_unsafe_view = row("_unsafe_view", _viewed, _reshaped, _SAME, node="UnsafeViewBackward0")
_clone_in_order = row("clone", lambda self: self.copy(), lambda grad: grad, _SAME)
_expand = row(
    "expand", _stretched, lambda grad, self_sym_sizes: sum_to(grad, self_sym_sizes), r"\sum \bar{z}", view=True
)
_unsqueeze: Operation = row("unsqueeze", _with_one, lambda grad, dim: either(_squeeze_dim, grad, dim), _SAME, view=True)
_squeeze = row(
    "squeeze",
    lambda self: self.squeeze(),
    lambda grad, self_sym_sizes: _unsqueezed(grad, range(len(self_sym_sizes)), self_sym_sizes),
    _SAME,
    view=True,
)
_squeeze_dim: Operation = row(
    "squeeze",
    lambda self, dim: _without_ones(self, (dim,)),
    lambda grad, dim, self_sym_sizes: _unsqueezed(grad, (dim,), self_sym_sizes),
    _SAME,
    node="SqueezeBackward1",
    view=True,
)
_squeeze_dims = row("squeeze", _without_ones, _unsqueezed, _SAME, node="SqueezeBackward2", view=True)


@public(page="torch.Tensor.{}")
def view(input: Tensor, *shape: Any, size: Any = None) -> Tensor:
    """The same memory in another shape; RuntimeError where the strides do not allow it (use ``reshape``)."""
    shape = shape if size is None else (size,)
    if not shape or isinstance(shape[0], str | Dtype):
        kinds = ", ".join(builtins.type(s).__name__ for s in shape)
        raise TypeError(
            f"view() received an invalid combination of arguments - got ({kinds}), but expected one of:\n"
            " * (torch.dtype dtype)\n * (tuple of ints size)\n"
        )
    return _view(input, infer_shape(read_shape(shape), input._array.size))


@public(page="torch.Tensor.{}")
def view_as(input: Tensor, other: Tensor) -> Tensor:
    """``input.view(other.shape)``."""
    return view(input, other._array.shape)


@public()
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """Another shape: a view where the memory allows, else a copy."""
    if not shape:
        raise TypeError('reshape() missing 1 required positional arguments: "shape"')
    array, size = input._array, infer_shape(read_shape(shape), input._array.size)
    if array.flags.c_contiguous:
        return _view(input, size)
    try:
        array.reshape(size, copy=False)
    except ValueError:
        return _unsafe_view(_clone_in_order(input), size)
    return _reshape_alias(input, size)


@public(page="torch.Tensor.{}")
def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """``input.reshape(other.shape)``."""
    return reshape(input, other._array.shape)


@public()
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from ``start_dim`` to ``end_dim`` made one.

    >>> import minigrad as torch
    >>> torch.zeros(2, 3, 4).flatten(1).shape
    torch.Size([2, 12])
    """
    shape = input._array.shape
    start, end = wrap_dim(start_dim, len(shape)), wrap_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end and shape:
        return input
    return reshape(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


@public()
def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """A view with one dimension made several."""
    shape, sizes = input._array.shape, read_shape((sizes,))
    dim = wrap_dim(dim, len(shape))
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    try:
        sizes = infer_shape(sizes, shape[dim])
    except RuntimeError:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({shape[dim]}) in the "
            "input tensor"
        ) from None
    return view(input, (*shape[:dim], *sizes, *shape[dim + 1 :]))


@public(page="torch.Tensor.{}")
def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself where its elements lie in order, else a copy where they do."""
    return input if input._array.flags.c_contiguous else _clone_in_order(input)


@public()
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension."""
    return view(contiguous(input), -1)


@public()
def squeeze(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """A view without the dimensions of length 1 (all of them, or those named)."""
    if dim is None:
        return _squeeze(input)
    return _squeeze_dim(input, dim) if isinstance(dim, int) else _squeeze_dims(input, tuple(dim))


@public()
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """A view with a dimension of length 1 put in."""
    return _unsqueeze(input, dim)


@public(page="torch.Tensor.{}")
def expand(input: Tensor, *sizes: Any, size: Any = None) -> Tensor:
    """A view stretched over dimensions of length 1 and new ones in front; -1 keeps a length."""
    sizes, shape = read_shape(sizes if size is None else (size,)), input._array.shape
    extra = len(sizes) - len(shape)
    if extra < 0:
        raise RuntimeError(
            f"expand({type_name(input.dtype)}{{{list(shape)}}}, size={list(sizes)}): the number of sizes provided "
            f"({len(sizes)}) must be greater or equal to the number of dimensions in the tensor ({len(shape)})"
        )
    full = list(sizes)
    for place, length in reversed(list(enumerate(sizes))):
        have = shape[place - extra] if place >= extra else 1
        if place < extra and length < 0:
            raise RuntimeError(
                f"The expanded size of the tensor ({length}) isn't allowed in a leading, non-existing dimension {place}"
            )
        if length == -1:
            full[place] = have
        elif length != have and have != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({length}) must match the existing size ({have}) at non-singleton "
                f"dimension {place}.  Target sizes: {list(sizes)}.  Tensor sizes: {list(shape)}"
            )
    return _expand(input, tuple(full))


@public(page="torch.Tensor.{}")
def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """``input.expand(other.shape)``."""
    return expand(input, other._array.shape)


@public()
def broadcast_to(input: Tensor, *size: Any) -> Tensor:
    """``input.expand(size)``."""
    return expand(input, *size)


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors, each expanded to the shape they broadcast to.

    See https://docs.pytorch.org/docs/stable/generated/torch.broadcast_tensors.html
    """
    shape: Shape = ()
    for tensor in tensors:
        try:
            shape = np.broadcast_shapes(shape, tensor._array.shape)
        except ValueError:
            raise broadcast_error(shape, tensor._array.shape) from None
    return tuple(tensor if tensor._array.shape == shape else expand(tensor, shape) for tensor in tensors)


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
    swapped = {0: 1, 1: 0} if indexing == "xy" and len(tensors) > 1 else {}
    places = [swapped.get(place, place) for place in range(len(tensors))]
    shape = [tensors[place]._array.size for place in places]
    return tuple(
        expand(view(tensor, [-1 if dim == place else 1 for dim in range(len(shape))]), shape)
        for place, tensor in zip(places, tensors, strict=True)
    )


# Another order of dimensions


def _swapped(self: np.ndarray, dim0: int, dim1: int) -> np.ndarray:
    dim0, dim1 = wrap_dim(dim0, self.ndim), wrap_dim(dim1, self.ndim)
    return self.swapaxes(dim0, dim1) if self.ndim else self


_transpose: Operation = row(
    "transpose",
    _swapped,
    lambda grad, dim0, dim1: either(_transpose, grad, dim0, dim1),
    r"\bar{z}^\top",
    view=True,
)
_t: Operation = row("t", lambda self: self.T, lambda grad: either(_t, grad), r"\bar{z}^\top", view=True)
_permute: Operation = row(
    "permute",
    lambda self, dims: self.transpose(dims),
    lambda grad, dims: either(_permute, grad, tuple(np.argsort([dim % len(dims) for dim in dims]).tolist())),
    r"\bar{z} \text{ permuted back}",
    view=True,
)


@public()
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """A view with two dimensions exchanged."""
    return _transpose(input, dim0, dim1)


@public()
def t(input: Tensor) -> Tensor:
    """A matrix transposed, as a view; vectors stay as they are."""
    if input._array.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input._array.ndim}D")
    return _t(input)


@public()
def permute(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    """A view with its dimensions in another order."""
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


@public()
def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """A view with some dimensions moved to other places; the rest keep their order."""
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


def _reversed(input: Tensor) -> Tensor:
    """``x.T``: the dimensions in reverse order."""
    ndim = input._array.ndim
    if ndim == 0:
        warnings.warn(
            "Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases.", stacklevel=2
        )
    elif ndim != 2:
        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will "
            "throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
            "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.",
            stacklevel=2,
        )
    return _permute(input, tuple(reversed(range(ndim))))


def _matrix_transposed(input: Tensor) -> Tensor:
    """``x.mT``: the last two dimensions exchanged."""
    if input._array.ndim < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {input._array.ndim}-D tensor."
        )
    return _transpose(input, -2, -1)


# Parts of a dimension


def _zeros_with(grad_output: np.ndarray, shape: Shape, dim: int, key: Any) -> np.ndarray:
    whole = np.zeros(shape, grad_output.dtype)
    whole[at(len(shape), dim, key)] = grad_output
    return whole


_PLACED = r"\bar{z} \text{ at its places in } 0"
select_row = row(
    "select",
    lambda self, dim, index: self[at(self.ndim, dim, index)],
    lambda grad, self_sym_sizes, dim, index: either(_select_backward, grad, self_sym_sizes, dim, index),
    _PLACED,
    view=True,
)
slice_row = row(
    "slice",
    lambda self, dim, start, end, step: self[at(self.ndim, dim, slice(start, end, step))],
    lambda grad, self_sym_sizes, dim, start, end, step: either(
        _slice_backward, grad, self_sym_sizes, dim, start, end, step
    ),
    _PLACED,
    view=True,
)
_select_backward: Operation = Operation(
    "select_backward",
    _zeros_with,
    {"grad_output": lambda grad, dim, key: either(select_row, grad, dim, key)},
    node="SelectBackwardBackward0",
    formula={"grad_output": r"\bar{z} \text{ at that place}"},
)
_slice_backward: Operation = Operation(
    "slice_backward",
    lambda grad_output, shape, dim, start, end, step: _zeros_with(grad_output, shape, dim, slice(start, end, step)),
    {"grad_output": lambda grad, dim, start, end, step: either(slice_row, grad, dim, start, end, step)},
    node="SliceBackwardBackward0",
    formula={"grad_output": r"\bar{z} \text{ at these places}"},
)


def _length(input: Tensor, dim: int, refusal: Exception) -> int:
    """How long a dimension is; a tensor without dimensions is refused."""
    if not input._array.ndim:
        raise refusal
    return input._array.shape[wrap_dim(dim, input._array.ndim)]


@public()
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """A view at one place of a dimension."""
    length = _length(input, dim, IndexError("select() cannot be applied to a 0-dim tensor."))
    if not -length <= index < length:
        shape = input._array.shape
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(shape)} at dimension {dim % len(shape)}"
        )
    return select_row(input, dim, index)


@public()
def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """A view of ``length`` places of a dimension from ``start`` on."""
    have = _length(input, dim, RuntimeError("narrow() cannot be applied to a 0-dim tensor."))
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -have <= start <= have:
        raise IndexError(f"start out of range (expected to be in range of [{-have}, {have}], but got {start})")
    start = start + have if start < 0 else start
    if start + length > have:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({have}).")
    return slice_row(input, dim, start, start + length, 1)


def _cut(value: Any, dim: int, lengths: Sequence[int]) -> list[Any]:
    """A value cut along a dimension into pieces of these lengths."""
    ends = list(pairwise(np.cumsum([0, *lengths]).tolist()))
    return [either(slice_row, value, dim, start, end, 1) for start, end in ends]


def _lengths(size: int, length: int) -> list[int]:
    return [min(length, size - start) for start in range(0, size, length or 1)] or [0]


def _rejoined(grads: Sequence[Any], self_sym_sizes: Shape, split_sizes: Sequence[int], dim: int) -> Any:
    front, back = self_sym_sizes[: dim % len(self_sym_sizes)], self_sym_sizes[dim % len(self_sym_sizes) + 1 :]
    grads = _whole(grads, [(*front, length, *back) for length in split_sizes])
    return cat(grads, dim) if isinstance(grads[0], Tensor) else np.concatenate(grads, dim)


def _whole(grads: Sequence[Any], shapes: Sequence[Shape]) -> list[Any]:
    """The gradients of several outputs, zeros where none arrived."""
    known = next(grad for grad in grads if grad is not None)
    return [zeros_of(known, shape) if grad is None else grad for grad, shape in zip(grads, shapes, strict=True)]


def _piled(grads: Sequence[Any], dim: int) -> Any:
    shape = next(tuple(grad.shape) for grad in grads if grad is not None)
    grads = _whole(grads, [shape] * len(grads))
    return stack(grads, dim) if isinstance(grads[0], Tensor) else np.stack(grads, dim)


_JOINED = r"\text{the gradients of the parts, joined}"
_split = row(
    "split",
    lambda self, split_size, dim: _cut(self, dim, _lengths(self.shape[dim], split_size)),
    lambda grad, self_sym_sizes, split_size, dim: _rejoined(
        grad, self_sym_sizes, _lengths(self_sym_sizes[dim], split_size), dim
    ),
    _JOINED,
    outputs=None,
    view=True,
)
_split_with_sizes = row(
    "split_with_sizes",
    lambda self, split_sizes, dim: _cut(self, dim, split_sizes),
    _rejoined,
    _JOINED,
    outputs=None,
    view=True,
)
_unbind = row(
    "unbind",
    lambda self, dim: [self[at(self.ndim, dim, i)] for i in range(self.shape[dim])],
    _piled,
    _JOINED,
    outputs=None,
    view=True,
)


@public()
def split(input: Tensor, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of its parts along a dimension: of length ``split_size`` (the last one shorter), or of these lengths."""
    length = _length(input, dim, RuntimeError("split expects at least a 1-dimensional tensor"))
    if not isinstance(split_size, int):
        sizes = list(split_size)
        if min(sizes, default=0) < 0 or sum(sizes) != length:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size at dimension "
                f"{wrap_dim(dim, input._array.ndim)}), but got split_sizes={sizes}"
            )
        return _split_with_sizes(input, tuple(sizes), dim)
    if split_size < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={split_size}")
    if not split_size and length:
        raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}")
    return _split(input, split_size, dim)


@public()
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of its parts along a dimension: ``chunks`` of them, or fewer, all of the same length but the last."""
    length = _length(input, dim, RuntimeError("chunk expects at least a 1-dimensional tensor"))
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    return split(input, -(-length // chunks) if length else [0] * chunks, dim)


@public()
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of its parts along a dimension, which they no longer have."""
    _length(input, dim, IndexError(f"Dimension specified as {dim} but tensor has no dimensions"))
    return _unbind(input, dim)


# Joining


def _joined(tensors: Sequence[np.ndarray], dim: int, dtype: Any) -> np.ndarray:
    shape = list(tensors[0].shape)
    shape[dim] = sum(array.shape[dim] for array in tensors)
    return np.concatenate(tensors, dim, out=np.empty(shape, dtype), casting="unsafe")


_PART = {"tensors": r"\text{its part of } \bar{z}"}
_cat = Operation(
    "cat",
    lambda tensors, dim, _dtype, _lengths: _joined(tensors, dim, _dtype),
    {"tensors": lambda grad, dim, _lengths: _cut(grad, dim, _lengths)},
    variadic=True,
    formula=_PART,
)
_stack = Operation(
    "stack",
    lambda tensors, dim, _dtype, _count: _joined([_with_one(array, dim) for array in tensors], dim, _dtype),
    {"tensors": lambda grad, dim, _count: [either(select_row, grad, dim, i) for i in range(_count)]},
    variadic=True,
    formula=_PART,
)


def _check_list(name: str, tensors: Any) -> list[Tensor]:
    if not isinstance(tensors, tuple | list):
        kind = builtins.type(tensors).__name__
        raise TypeError(f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not {kind}")
    for place, tensor in enumerate(tensors):
        if not isinstance(tensor, Tensor):
            kind = builtins.type(tensor).__name__
            raise TypeError(f"expected Tensor as element {place} in argument 0, but got {kind}")
    return list(tensors)


def cat(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None, out: None = None) -> Tensor:
    """The tensors one after another along a dimension they have.

    >>> import minigrad as torch
    >>> torch.cat([torch.zeros(2), torch.ones(3)])
    tensor([0., 0., 1., 1., 1.])

    See https://docs.pytorch.org/docs/stable/generated/torch.cat.html
    """
    dim, parts = dim if axis is None else axis, _check_list("cat", tensors)
    if not parts:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    shapes = [part._array.shape for part in parts]
    if () in shapes:
        raise RuntimeError(f"zero-dimensional tensor (at position {shapes.index(())}) cannot be concatenated")
    model = next((shape for shape in shapes if shape != (0,)), (0,))  # an empty vector goes with everything
    along = wrap_dim(dim, len(model))
    for place, shape in enumerate(shapes):
        if shape != (0,) and len(shape) != len(model):
            raise RuntimeError(f"Tensors must have same number of dimensions: got {len(model)} and {len(shape)}")
        for d, (want, have) in enumerate(zip(model, shape, strict=False)):
            if shape != (0,) and d != along and want != have:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {along}. Expected size {want} but got size {have}"
                    f" for tensor number {place} in the list."
                )
    if len(model) > 1:
        parts = [part for part in parts if part._array.shape != (0,)]
    return _cat(parts, dim, result_type(*tensors).numpy, [part._array.shape[dim] for part in parts])


def stack(tensors: Sequence[Tensor], dim: int = 0, *, axis: int | None = None, out: None = None) -> Tensor:
    """The tensors one after another along a new dimension.

    See https://docs.pytorch.org/docs/stable/generated/torch.stack.html
    """
    dim, parts = dim if axis is None else axis, _check_list("stack", tensors)
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


# Diagonals and triangles


def _read_diagonal(self: np.ndarray, offset: int, dim1: int, dim2: int) -> np.ndarray:
    found = self.diagonal(offset, dim1, dim2)  # numpy forbids to write there
    return strided(self, found.shape, found.strides, address(found) - address(self) if found.size else 0)


def _write_diagonal(grad_output: np.ndarray, shape: Shape, offset: int, dim1: int, dim2: int) -> np.ndarray:
    out = np.zeros(shape, grad_output.dtype)
    _read_diagonal(out, offset, dim1, dim2)[...] = grad_output
    return out


def _undiagonal(grad: Any, self_sym_sizes: Shape, offset: int, dim1: int, dim2: int) -> Any:
    return either(_diagonal_backward, grad, self_sym_sizes, offset, dim1, dim2)


def _rediagonal(grad: Any, offset: int, dim1: int, dim2: int) -> Any:
    return either(_diagonal, grad, offset, dim1, dim2)


_DIAGONAL = r"\mathrm{diag}(\bar{z})"
_diagonal = row("diagonal", _read_diagonal, _undiagonal, _DIAGONAL, view=True)
_diagonal_copy = row(
    "diagonal_copy",
    lambda self, offset, dim1, dim2: self.diagonal(offset, dim1, dim2).copy(),
    _undiagonal,
    _DIAGONAL,
    node="DiagonalBackward0_copy",
)
_diagonal_backward = Operation(
    "diagonal_backward", _write_diagonal, {"grad_output": _rediagonal}, node="DiagonalBackwardBackward0",
    formula={"grad_output": _DIAGONAL},
)  # fmt: skip
_diag_embed = row("diag_embed", lambda self, offset, dim1, dim2: np.diag(self, offset), _rediagonal, _DIAGONAL)
_tril: Operation = row(
    "tril", lambda self, diagonal: np.tril(self, diagonal), lambda grad, diagonal: either(_tril, grad, diagonal),
    r"\mathrm{tril}(\bar{z})",
)  # fmt: skip
_triu: Operation = row(
    "triu", lambda self, diagonal: np.triu(self, diagonal), lambda grad, diagonal: either(_triu, grad, diagonal),
    r"\mathrm{triu}(\bar{z})",
)  # fmt: skip


@public()
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A view of a diagonal of the matrices in two dimensions; ``offset`` above the main one (below: negative)."""
    if wrap_dim(dim1, input._array.ndim) == wrap_dim(dim2, input._array.ndim):
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return _diagonal(input, offset, dim1, dim2)


@public()
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix (a copy), or the matrix with this diagonal.

    >>> import minigrad as torch
    >>> torch.diag(torch.tensor([1., 2.]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    if input._array.ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input._array.ndim}D")
    return _diag_embed(input, diagonal, -2, -1) if input._array.ndim == 1 else _diagonal_copy(input, diagonal, 0, 1)


@public()
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The part of each matrix on and below a diagonal; the rest is zero."""
    if input._array.ndim < 2:
        raise RuntimeError("tril: input tensor must have at least 2 dimensions")
    return _tril(input, diagonal)


@public()
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The part of each matrix on and above a diagonal; the rest is zero."""
    if input._array.ndim < 2:
        raise RuntimeError("triu: input tensor must have at least 2 dimensions")
    return _triu(input, diagonal)


# Other arrangements: copies


def _unrepeated(grad: Any, repeats: Shape, self_sym_sizes: Shape) -> Any:
    """A gradient summed over the repetitions."""
    if 0 in repeats:
        return zeros_of(grad, self_sym_sizes)
    extra = len(repeats) - len(self_sym_sizes)
    for _ in range(extra):
        grad = total(grad, (0,))
    sizes: list[int] = []
    dims = []
    for times, length in zip(repeats[extra:], self_sym_sizes, strict=True):
        if times != 1:
            dims.append(len(sizes))
            sizes.append(times)
        sizes.append(length)
    return total(dual.reshape(grad, tuple(sizes)), tuple(dims)) if dims else grad


def _flipped(self: np.ndarray, dims: Shape) -> np.ndarray:
    return np.flip(self, dims if self.ndim else ()).copy("C" if 0 in self.strides else "K")


_flip: Operation = row("flip", _flipped, lambda grad, dims: either(_flip, grad, dims), r"\bar{z} \text{ flipped back}")
_roll: Operation = row(
    "roll",
    lambda self, shifts, dims: np.roll(self, shifts, dims) if dims else np.roll(self, shifts[0]),
    lambda grad, shifts, dims: either(_roll, grad, tuple(-shift for shift in shifts), dims),
    r"\bar{z} \text{ rolled back}",
)
_repeat = row(
    "repeat", lambda self, repeats: np.tile(self, repeats), _unrepeated, r"\text{the sum of the copies' } \bar{z}"
)


@public()
def flip(input: Tensor, *dims: Any, **named: Any) -> Tensor:
    """A copy with the order reversed in some dimensions."""
    order = read_shape(dims or (named["dims"],))
    seen = [wrap_dim(dim, input._array.ndim) for dim in order]
    for dim in seen:
        if seen.count(dim) > 1:
            raise RuntimeError(f"dim {dim} appears multiple times in the list of dims")
    return _flip(input, order)


@public()
def roll(input: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] = ()) -> Tensor:
    """A copy moved along some dimensions; what leaves at the end comes in at the beginning."""
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    dims = (dims,) if isinstance(dims, int) else tuple(dims)
    if (dims or len(shifts) != 1) and len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    for dim in dims:
        wrap_dim(dim, input._array.ndim)
    return _roll(input, shifts, dims)


@public(page="torch.Tensor.{}")
def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """Copies of the tensor side by side, so many in each dimension; further dimensions come in front."""
    times = read_shape(repeats)
    extra = len(times) - input._array.ndim
    if extra < 0:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    size = [length * count for length, count in zip((1,) * extra + input._array.shape, times, strict=True)]
    if min(size, default=0) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(size)}: {size}")
    return _repeat(input, times)


@public()
def tile(input: Tensor, *dims: Any) -> Tensor:
    """``repeat``, with missing counts in front taken as 1."""
    times = read_shape(dims)
    return repeat(input, (1,) * (input._array.ndim - len(times)) + times)


@public()
def repeat_interleave(input: Tensor, repeats: int | Tensor, dim: int | None = None) -> Tensor:
    """Each element (or part along ``dim``) so many times in a row."""
    if dim is None:
        input, dim = flatten(input), 0
    dim, shape = wrap_dim(dim, input._array.ndim), input._array.shape
    if isinstance(repeats, Tensor) and repeats._array.ndim:
        if repeats._array.size != shape[dim]:
            raise RuntimeError("repeats must have the same size as input along dim")
        return input.index_select(dim, Tensor._plain(np.repeat(np.arange(shape[dim]), repeats._array)))
    times = int(repeats)
    if times < 0:
        raise RuntimeError("Repeats must be non-negative")
    wide = expand(unsqueeze(input, dim + 1), (*shape[: dim + 1], times, *shape[dim + 1 :]))
    return view(_clone_in_order(wide), (*shape[:dim], shape[dim] * times, *shape[dim + 1 :]))


# The memory itself. A geometry is a shape, strides and an offset in it, all in elements.

Geometry = tuple[Shape, Shape, int]


def _read_strided(self: np.ndarray, size: Shape, stride: Shape, storage_offset: int | None) -> np.ndarray:
    strides = tuple(step * self.itemsize for step in stride)
    if storage_offset is None:
        return strided(self, size, strides)
    return strided(storage(self), size, strides, storage_offset * self.itemsize)


def _end(geometry: Geometry) -> int:
    """Where in the memory the last element ends."""
    shape, strides, start = geometry
    return start + sum((length - 1) * step for length, step in zip(shape, strides, strict=True)) + 1


def _unread_strided(grad: Any, size: Shape, stride: Shape, storage_offset: int | None, _whole: Geometry) -> Any:
    """Zeros in the memory the input had, with the gradient added where the view lay, read as the input was read."""
    if 0 in size:
        return zeros_of(grad, _whole[0])
    for dim in reversed(range(len(size))):
        if size[dim] == 1:
            grad = either(_squeeze_dim, grad, dim)
        elif stride[dim] == 0:
            grad = total(grad, (dim,))
    steps = {dim: step for dim, step in enumerate(stride) if step and size[dim] != 1}
    start = _whole[2] if storage_offset is None else storage_offset
    part = tuple(size[dim] for dim in steps), tuple(steps.values()), start
    numbers = np.arange(max(_end(part), _end(_whole)))
    memory, places = zeros_of(grad, numbers.shape), _read_strided(numbers, *part).reshape(-1)
    many = np.bincount(places).max() > 1  # elements that are one
    times = np.bincount(_read_strided(numbers, *_whole).reshape(-1), minlength=numbers.size).clip(1)
    if isinstance(grad, Tensor):
        if many:
            memory.index_add_(0, Tensor._plain(places), reshape(grad, -1))
        else:
            as_strided(memory, *part).copy_(grad)
        return as_strided(memory.div_(Tensor._plain(times)) if times.max() > 1 else memory, *_whole)
    if many:
        np.add.at(memory, places, grad.reshape(-1))
    else:
        _read_strided(memory, *part)[...] = grad
    return _read_strided(memory / times.astype(memory.dtype) if times.max() > 1 else memory, *_whole)


_as_strided = row(
    "as_strided",
    lambda self, size, stride, storage_offset, _whole: _read_strided(self, size, stride, storage_offset),
    _unread_strided,
    r"\bar{z} \text{ added at its places in } 0",
    view=True,
)


def _geometry(tensor: Tensor) -> Geometry:
    array = tensor._array
    return array.shape, tuple(step // array.itemsize for step in array.strides), offset(array) // array.itemsize


def strided_node(base: Tensor, view: Tensor) -> Any:
    """The node of a view that leads straight to its base, whatever views it was made through."""
    args = (base, *_geometry(view), _geometry(base))
    return _as_strided.record(args, (Tensor._plain(view._array),), always=True)


@public()
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """The memory of a tensor, read with this shape and these strides from this offset on (all in elements)."""
    size, stride, array = read_shape((size,)), read_shape((stride,)), input._array
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if min(stride, default=0) < 0:
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    whole = _geometry(input)
    place = whole[2] if storage_offset is None else storage_offset
    if place < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {place}")
    needed = (0 if 0 in size else _end((size, stride, place))) * array.itemsize
    have = storage(array).nbytes
    if needed > have:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {place}, and itemsize "
            f"{array.itemsize} requiring a storage size of {needed} are out of bounds for storage of size {have}"
        )
    return _as_strided(input, size, stride, storage_offset, whole)


def stride(input: Tensor, dim: int | None = None) -> Any:
    """Elements to jump for the next one, in each dimension or one."""
    array = input._array
    strides = tuple(step // array.itemsize for step in array.strides)
    if not array.size and not any(strides):  # numpy gives new empty arrays none
        strides = tuple(math.prod([max(n, 1) for n in array.shape[place + 1 :]]) for place in range(array.ndim))
    return strides if dim is None else strides[wrap_dim(dim, array.ndim)]


def storage_offset(input: Tensor) -> int:
    """Where in its memory it starts, in elements."""
    return _geometry(input)[2]


# The same numbers in another dtype

_to_copy = row(
    "_to_copy",
    lambda self, dtype: self.astype(dtype.numpy, "C" if 0 in self.strides else "K"),
    lambda grad: grad,  # the walk casts it back
    _SAME,
    node="ToCopyBackward0",
)


def to(input: Tensor, *args: Any, copy: bool = False, **kwargs: Any) -> Tensor:
    """The tensor in another dtype (or like another tensor); itself where nothing changes.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html
    """
    kind = kwargs.get("dtype")
    for arg in (*args, kwargs.get("device"), kwargs.get("other")):
        if isinstance(arg, Dtype | Tensor):
            kind = arg if isinstance(arg, Dtype) else arg.dtype
        elif isinstance(arg, str | device) and device(arg).type != "cpu":
            raise AssertionError("Torch not compiled with CUDA enabled")
    kind = input.dtype if kind is None else kind
    return input if kind.numpy == input._array.dtype and not copy else _to_copy(input, kind)


def type(input: Tensor, dtype: Dtype | str | None = None) -> Any:
    """The name of its type, or the tensor in another dtype."""
    if dtype is None:
        return type_name(input.dtype)
    return to(input, {type_name(kind): kind for kind in DTYPES}[dtype] if isinstance(dtype, str) else dtype)


def type_as(input: Tensor, other: Tensor) -> Tensor:
    """``input`` in the dtype of ``other``."""
    return to(input, other.dtype)


def cpu(input: Tensor) -> Tensor:
    """The tensor itself: there is only the CPU."""
    return input


def _cast_to(kind: Dtype) -> Callable[[Tensor], Tensor]:
    def cast(input: Tensor) -> Tensor:
        return to(input, kind)

    cast.__name__ = cast.__qualname__ = kind.scalar_name.lower()
    cast.__doc__ = f"The tensor as {kind}."
    return cast


# In place: the same tensor with another shape


def _becoming(operation: Operation, node: str) -> Callable[..., Tensor]:
    """Let a tensor be what a view of it would be. The base of a view stays as it is."""
    changing = row(operation.name + "_", operation.forward, operation.derivatives[0][1], node=node)

    def become(self: Tensor, *args: Any) -> Tensor:
        recorded = grad_mode.state.grad_enabled and self.requires_grad
        views.check_inplace(self, recorded)
        if operation is _t and self._array.ndim > 2:
            raise RuntimeError(f"t_() expects a tensor with <= 2 dimensions, but self is {self._array.ndim}D")
        changed = changing(self, *args)
        self._array = changed._array
        before = self._changed()
        if recorded:
            views.reshaped(self, changed._node)
        if grad_mode.special and grad_mode.state.observers:
            tell("inplace", changing.name, self, args, before, self._version)
        return self

    become.__name__ = become.__qualname__ = changing.name
    become.__doc__ = f"``{operation.name}`` in place."
    return become


t_, transpose_ = _becoming(_t, "TBackward1"), _becoming(_transpose, "TransposeBackward1")
unsqueeze_ = _becoming(_unsqueeze, "UnsqueezeBackward1")
_squeeze_ = _becoming(_squeeze, "SqueezeBackward3")
_squeeze_dim_, _squeeze_dims_ = (
    _becoming(_squeeze_dim, "SqueezeBackward4"),
    _becoming(_squeeze_dims, "SqueezeBackward5"),
)


def squeeze_(input: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """``squeeze`` in place."""
    if dim is None:
        return _squeeze_(input)
    return _squeeze_dim_(input, dim) if isinstance(dim, int) else _squeeze_dims_(input, tuple(dim))


BOTH = (
    as_strided, broadcast_to, chunk, diag, diagonal, flatten, flip, movedim, narrow, permute, ravel, repeat_interleave,
    reshape, roll, select, split, squeeze, t, tile, transpose, tril, triu, unbind, unflatten, unsqueeze,
)  # fmt: skip
FUNCTIONS_ONLY = (broadcast_tensors, cat, meshgrid, stack)
METHODS_ONLY = (
    contiguous, cpu, expand, expand_as, repeat, reshape_as, squeeze_, storage_offset, stride, t_, to, transpose_, type,
    type_as, unsqueeze_, view, view_as, *map(_cast_to, DTYPES),
)  # fmt: skip
ALIASES = {"concat": cat, "moveaxis": movedim, "swapaxes": transpose}
PROPERTIES = {"T": _reversed, "mT": _matrix_transposed, "mH": _matrix_transposed}
