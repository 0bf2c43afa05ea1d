"""Shapes: views and copies of the same numbers in another arrangement, joins and splits, casts.

Most functions here are their forward on arrays: ``operation`` makes the row and the public function of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial, reduce
from itertools import pairwise
from typing import Any

import numpy as np

from ..autograd import grad_mode, views
from ..autograd.notes import warn
from ..autograd.observe import tell
from ..dtypes import DTYPES, FROM_NUMPY, NAMES, check_device, get_default_dtype, result_type, type_name
from ..dtypes import dtype as Dtype
from ..memory import address, as_it_lies, offset, storage, strided
from ..tensor import Tensor
from . import dual
from .arguments import FUNCTIONS, broadcast_shape, function, infer_shape, wrap_dim, wrap_dims
from .dual import either, sum_to, total, zeros_of
from .templates import Operation, operation, row

Shape = tuple[int, ...]
_SAME = r"\bar{z}"


method = partial(function, function=False, page="torch.Tensor.{}")


def at(ndim: int, dim: int, key: Any) -> tuple[Any, ...]:
    """A numpy index that takes ``key`` in one dimension and everything in the others."""
    return (*(slice(None),) * (dim % ndim), key, ...)


# Another shape


def _reshaped(grad: Any, self_sym_sizes: Shape) -> Any:
    return dual.reshape(grad, self_sym_sizes)


def _reread(self: np.ndarray, dtype: Dtype) -> np.ndarray:
    """The same bytes as numbers of this dtype."""
    if dtype.itemsize != self.itemsize:
        what = f"to view {FROM_NUMPY[self.dtype].scalar_name} as {dtype.scalar_name} (different element sizes)"
        if not self.ndim:
            raise RuntimeError(f"self.dim() cannot be 0 {what}")
        if self.shape[-1] * self.itemsize % dtype.itemsize:
            times = dtype.itemsize // self.itemsize
            raise RuntimeError(f"self.size(-1) must be divisible by {times} {what}, but got {self.shape[-1]}")
        if self.size and (step := self.strides[-1] // self.itemsize) != 1:
            raise RuntimeError(f"self.stride(-1) must be 1 {what}, but got {step}")
    return self.view(dtype.numpy)


def _viewed(self: np.ndarray, size: Shape) -> np.ndarray:
    try:
        return self.reshape(infer_shape(size, self.size), copy=False)
    except ValueError:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        ) from None


_view = row("view", _viewed, _reshaped, _SAME, view=True)
_reshape_alias = row("_reshape_alias", _viewed, _reshaped, _SAME, view=True)
_unsafe_view = row("_unsafe_view", _viewed, _reshaped, _SAME)
_clone_in_order = row("clone", lambda self: self.copy(), lambda grad: grad, _SAME)
_clone = row("clone", lambda self: self.copy(as_it_lies(self)), lambda grad: grad, _SAME)


@method("view(Tensor input, dtype dtype)", "view(Tensor input, int[] size)")
def view(input: Tensor, size: Any) -> Tensor:
    """The same memory in another shape (RuntimeError where the strides do not allow it), or in another dtype."""
    if not isinstance(size, Dtype):
        return _view.run(input, size)
    twin = input.detach()  # gradients do not pass from dtype to dtype
    twin._array = _reread(input._array, size)
    return input if input.dtype is size else twin


def _reshape(input: Tensor, shape: Shape) -> Tensor:
    """Another shape: a view where the memory allows, else a copy."""
    if input._array.flags.c_contiguous:
        return _view(input, shape)
    try:
        input._array.reshape(infer_shape(shape, input._array.size), copy=False)
    except ValueError:
        return _unsafe_view(_clone_in_order(input), shape)
    return _reshape_alias(input, shape)


reshape = function("reshape(Tensor input, int[] shape)")(_reshape)


@function("flatten(Tensor input, int start_dim=0, int end_dim=-1)")
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from ``start_dim`` to ``end_dim`` made one."""
    shape = input._array.shape
    start, end = wrap_dim(start_dim, len(shape)), wrap_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end and shape:
        return input
    return _reshape(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


@function("unflatten(Tensor input, int dim, int[] sizes)")
def unflatten(input: Tensor, dim: int, sizes: Shape) -> Tensor:
    """A view with one dimension made several."""
    shape = input._array.shape
    dim = wrap_dim(dim, len(shape))
    if not sizes:
        raise RuntimeError("unflatten: sizes must be non-empty")
    try:
        return _view(input, (*shape[:dim], *infer_shape(sizes, shape[dim]), *shape[dim + 1 :]))
    except RuntimeError as error:
        if "is invalid" not in str(error):
            raise RuntimeError(f"unflatten got an unexpected error:\n{error}") from None
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} ({shape[dim]}) in the "
            "input tensor"
        ) from None


@function("clone(Tensor input, *, memory_format? memory_format=None)")
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy that gradients flow through."""
    return _clone_in_order(input) if memory_format is NAMES["contiguous_format"] else _clone(input)


@method("contiguous(Tensor input, *, any memory_format=None)")
def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor itself where its elements lie in order, else a copy where they do."""
    return input if input._array.flags.c_contiguous else _clone_in_order(input)


@function("ravel(Tensor input)")
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension."""
    return _view(contiguous(input), (-1,))


@operation("unsqueeze(Tensor input, int dim)", lambda grad, dim: either(_squeeze_dim, grad, dim), view=True)
def unsqueeze(self: np.ndarray, dim: int) -> np.ndarray:
    """A view with a dimension of length 1 put in."""
    dim, shape, strides = wrap_dim(dim, self.ndim + 1), self.shape, self.strides
    step = strides[dim] * shape[dim] if dim < self.ndim else self.itemsize
    return strided(self, (*shape[:dim], 1, *shape[dim:]), (*strides[:dim], step, *strides[dim:]))


def _ones(dim: int | Shape | None, shape: Shape) -> Shape:
    """Which of these dimensions (None: of all) have length 1."""
    return tuple(sorted(d for d in wrap_dims(dim, len(shape)) if shape[d] == 1)) if dim != () else ()


def _without_ones(self: np.ndarray, dim: int | Shape) -> np.ndarray:
    return self.squeeze(_ones(dim, self.shape))


def _with_ones(grad: Any, dim: int | Shape | None, self_sym_sizes: Shape) -> Any:
    return reduce(partial(either, unsqueeze.operation), _ones(dim, self_sym_sizes), grad)


def _with_all_ones(grad: Any, self_sym_sizes: Shape) -> Any:
    return _with_ones(grad, None, self_sym_sizes)


_squeeze = row("squeeze", lambda self: self.squeeze(), _with_all_ones, _SAME, view=True)
_squeeze_dim: Operation = row("squeeze", _without_ones, _with_ones, _SAME, node="SqueezeBackward1", view=True)
_squeeze_dims = row("squeeze", _without_ones, _with_ones, _SAME, node="SqueezeBackward2", view=True)


def _squeezing(name: str, doc: str, whole: Any, one: Any, several: Any) -> Callable[..., Tensor]:
    signatures = f"{name}(Tensor input)", f"{name}(Tensor input, int dim)", f"{name}(Tensor input, int[] dim)"

    def squeezed(input: Tensor, dim: int | Shape | None = None) -> Tensor:
        if dim is None:
            return whole(input)
        return one(input, dim) if isinstance(dim, int) else several(input, dim)

    return (function if name == "squeeze" else method)(*signatures, doc=doc)(squeezed)


_WITHOUT = "A view without the dimensions of length 1 (all of them, or those named)."
squeeze = _squeezing("squeeze", _WITHOUT, _squeeze, _squeeze_dim, _squeeze_dims)


def _summed(grad: Any, self_sym_sizes: Shape) -> Any:
    return sum_to(grad, self_sym_sizes)


@operation("expand(Tensor input, int[] size)", _summed, r"\sum \bar{z}", view=True, public=method)
def expand(self: np.ndarray, size: Shape) -> np.ndarray:
    """A view stretched over dimensions of length 1 and new ones in front; -1 keeps a length."""
    extra = len(size) - self.ndim
    if extra < 0:
        kind = "CPUBoolType" if self.dtype == np.bool_ else type_name(FROM_NUMPY[self.dtype])
        raise RuntimeError(
            f"expand({kind}{{{list(self.shape)}}}, size={list(size)}): the number of "
            f"sizes provided ({len(size)}) must be greater or equal to the number of dimensions in the tensor "
            f"({self.ndim})"
        )
    shape, strides = list(size), [0] * len(size)
    for place in reversed(range(len(size))):
        length, new = size[place], place < extra
        have = 1 if new else self.shape[place - extra]
        if new and length < 0:
            raise RuntimeError(
                f"The expanded size of the tensor ({length}) isn't allowed in a leading, non-existing dimension {place}"
            )
        if length not in (-1, have) and have != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({length}) must match the existing size ({have}) at non-singleton "
                f"dimension {place}.  Target sizes: {list(size)}.  Tensor sizes: {list(self.shape)}"
            )
        shape[place] = have if length == -1 else length
        if shape[place] == have:  # a new dimension of length 1 lies as if elements followed each other
            follows = strides[place + 1] * shape[place + 1] if place + 1 < len(size) else self.itemsize
            strides[place] = follows if new else self.strides[place - extra]
    return strided(self, shape, strides)


broadcast_to = function("broadcast_to(Tensor input, int[] size)", doc="``input.expand(size)``.")(expand.operation)


for _change in (view, reshape, expand):
    _name = _change.__name__
    method(f"{_name}_as(Tensor input, Tensor other)", doc=f"``input.{_name}(other.shape)``.")(
        lambda input, other, change=_change: change(input, other._array.shape)
    )


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors, each expanded to the shape they broadcast to."""
    shape = reduce(broadcast_shape, [(), *(tensor._array.shape for tensor in tensors)])
    return tuple(tensor if tensor._array.shape == shape else expand(tensor, shape) for tensor in tensors)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """The coordinates of a grid: each vector expanded along the others' dimensions."""
    if len(tensors) == 1 and isinstance(tensors[0], tuple | list):
        tensors = tuple(tensors[0])
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing not in (None, "xy", "ij"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    if len({tensor.dtype for tensor in tensors}) > 1:
        raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if max(tensor.ndim for tensor in tensors) > 1:
        raise RuntimeError("torch.meshgrid: Expected 0D or 1D tensor in the tensor list")
    if indexing is None:
        warn("torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.")
    swapped = {0: 1, 1: 0} if indexing == "xy" and len(tensors) > 1 else {}
    places = [swapped.get(place, place) for place in range(len(tensors))]
    shape = tuple(tensors[place]._array.size for place in places)
    return tuple(
        expand(_view(tensor, tuple(-1 if dim == place else 1 for dim in range(len(shape)))), shape)
        for place, tensor in zip(places, tensors, strict=True)
    )


FUNCTIONS |= {"broadcast_tensors": broadcast_tensors, "meshgrid": meshgrid}


# Another order of dimensions


def _swapped_back(grad: Any, dim0: int, dim1: int) -> Any:
    return either(transpose.operation, grad, dim0, dim1)


@operation(
    "transpose(Tensor input, int dim0, int dim1)", _swapped_back, r"\bar{z}^\top", view=True,
    public=partial(function, aliases=("swapaxes", "swapdims")),
)  # fmt: skip
def transpose(self: np.ndarray, dim0: int, dim1: int) -> np.ndarray:
    """A view with two dimensions exchanged."""
    dim0, dim1 = wrap_dim(dim0, self.ndim), wrap_dim(dim1, self.ndim)
    return self.swapaxes(dim0, dim1) if self.ndim else self


def _transposed(name: str) -> Callable[[np.ndarray], np.ndarray]:
    def forward(self: np.ndarray) -> np.ndarray:
        if self.ndim > 2:
            raise RuntimeError(f"{name}() expects a tensor with <= 2 dimensions, but self is {self.ndim}D")
        return self.T

    return forward


_t: Operation = row("t", _transposed("t"), dual.t, r"\bar{z}^\top", view=True)
t = function("t(Tensor input)", doc="A matrix transposed, as a view; vectors stay as they are.")(_t)


def _permuted_back(grad: Any, dims: Shape) -> Any:
    return either(permute.operation, grad, tuple(np.argsort([dim % len(dims) for dim in dims]).tolist()))


@operation("permute(Tensor input, int[] dims)", _permuted_back, r"\bar{z} \text{ permuted back}", view=True)
def permute(self: np.ndarray, dims: Shape) -> np.ndarray:
    """A view with its dimensions in another order."""
    if len(dims) != self.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {self.ndim} is not equal to len(dims) = {len(dims)}"
        )
    if len({wrap_dim(dim, self.ndim) for dim in dims}) < self.ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return self.transpose(dims)


@function("movedim(Tensor input, int[1] source, int[1] destination)", aliases=("moveaxis",))
def movedim(input: Tensor, source: Shape, destination: Shape) -> Tensor:
    """A view with some dimensions moved to other places; the rest keep their order."""
    if len(source) != len(destination):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(source)} dims) should contain the same number "
            f"of dims as destination ({list(destination)} dims)"
        )
    ndim = input._array.ndim
    goes = [tuple(wrap_dim(dim, ndim) for dim in dims) for dims in (source, destination)]
    for name, dims, given in zip(("source", "destination"), goes, (source, destination), strict=True):
        if len(set(dims)) < len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(given)})")
    order = [dim for dim in range(ndim) if dim not in goes[0]]
    for place, dim in sorted(zip(goes[1], goes[0], strict=True)):
        order.insert(place, dim)
    return permute.operation(input, tuple(order))


def _reversed(input: Tensor) -> Tensor:
    """``x.T``: the dimensions in reverse order."""
    ndim = input._array.ndim
    if ndim == 0:
        warn("Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases.")
    elif ndim != 2:
        warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will "
            "throw an error in a future release. Consider `x.mT` to transpose batches of matrices or "
            "`x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor."
        )
    return permute.operation(input, tuple(reversed(range(ndim))))


def _turned(input: Tensor) -> Tensor:
    """``x.mT``: the last two dimensions exchanged."""
    if input._array.ndim < 2:
        got = f"Got {input._array.ndim}-D tensor."
        raise RuntimeError(f"tensor.mT is only supported on matrices or batches of matrices. {got}")
    return transpose.operation(input, -2, -1)


for _name, _get in {"T": _reversed, "mT": _turned, "mH": _turned, "H": _turned}.items():
    setattr(Tensor, _name, property(_get))


# Parts of a dimension


def _unread(view: Operation, derivative: Callable[..., Any]) -> Operation:
    """The derivative of a view of a part: zeros with the gradient where the part lies. Its own is the view again."""

    def forward(grad_output: np.ndarray, shape: Shape, *args: Any) -> np.ndarray:
        whole = np.zeros(shape, grad_output.dtype)
        view.forward(whole, *args)[...] = grad_output
        return whole

    params, name = ("grad_output", "shape", *view.params[1:]), f"{view.name}_backward"
    return Operation(name, forward, grad_output=(derivative, r"\bar{z} \text{ at these places}"), params=params)


def _unselect(grad: Any, self_sym_sizes: Shape, dim: int, index: int) -> Any:
    return either(_unselected, grad, self_sym_sizes, dim, index)


def _sliced(self: np.ndarray, dim: int, start: int, end: int, step: int) -> np.ndarray:
    return self[at(self.ndim, dim, slice(start, end, step))]


def _unslice(grad: Any, self_sym_sizes: Shape, dim: int, start: int, end: int, step: int) -> Any:
    return either(_unsliced, grad, self_sym_sizes, dim, start, end, step)


_PLACED: dict[str, Any] = {"formula": r"\bar{z} \text{ at its places in } 0", "view": True}
select_row = row("select", lambda self, dim, index: self[at(self.ndim, dim, index)], _unselect, **_PLACED)
slice_row = row("slice", _sliced, _unslice, **_PLACED)
_unselected: Operation = _unread(select_row, lambda grad, dim, index: either(select_row, grad, dim, index))
_unsliced: Operation = _unread(
    slice_row, lambda grad, dim, start, end, step: either(slice_row, grad, dim, start, end, step)
)


def _length(self: Any, dim: int, refusal: Exception) -> int:
    """How long a dimension is; what has no dimensions is refused."""
    if not self.ndim:
        raise refusal
    return self.shape[wrap_dim(dim, self.ndim)]


@function("select(Tensor input, int dim, int index)")
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """A view at one place of a dimension."""
    length = _length(input._array, dim, IndexError("select() cannot be applied to a 0-dim tensor."))
    if not -length <= index < length:
        shape = input._array.shape
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(shape)} at dimension {dim % len(shape)}"
        )
    return select_row(input, dim, index)


@function("narrow(Tensor input, int dim, int start, int length)")
def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """A view of ``length`` places of a dimension from ``start`` on."""
    have = _length(input._array, dim, RuntimeError("narrow() cannot be applied to a 0-dim tensor."))
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -have <= start <= have:
        raise IndexError(f"start out of range (expected to be in range of [{-have}, {have}], but got {start})")
    start = start + have if start < 0 else start
    if start + length > have:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({have}).")
    return slice_row(input, dim, start, start + length, 1)


@function("diff(Tensor input, int n=1, int dim=-1, Tensor prepend=None, Tensor append=None, *, Tensor out=None)")
def diff(input: Any, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None) -> Tensor:
    """Each element less the one before, along a dimension; ``n`` times over. More elements may be put at the ends."""
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    if prepend is not None or append is not None:
        input = cat([part for part in (prepend, input, append) if part is not None], dim)
    length = _length(input._array, dim, RuntimeError("diff expects input to be at least one-dimensional"))
    for left in range(length - 1, max(length - n, 0) - 1, -1):
        after, before = narrow(input, dim, 1, left), narrow(input, dim, 0, left)
        input = after != before if input._array.dtype.kind == "b" else after - before
    return input


def _unfolded_back(grad: Any, self_sym_sizes: Shape, dimension: int, size: int, step: int) -> Any:
    numbers = np.arange(math.prod(self_sym_sizes)).reshape(self_sym_sizes)
    places = unfold.operation.forward(numbers, dimension, size, step).reshape(-1)
    return dual.scatter_flat(dual.reshape(grad, (-1,)), places, self_sym_sizes)


@operation(
    "unfold(Tensor input, int dimension, int size, int step)", _unfolded_back, r"\bar{z} \text{ added at its places}",
    view=True, public=method,
)  # fmt: skip
def unfold(self: np.ndarray, dimension: int, size: int, step: int) -> np.ndarray:
    """A view of windows of ``size`` elements of a dimension, each ``step`` after the one before, in a new last one."""
    dim = wrap_dim(dimension, self.ndim)
    length = self.shape[dim] if self.ndim else 1
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > length:
        raise RuntimeError(f"maximum size for tensor at dimension {dim} is {length} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not self.ndim:
        return self.reshape(1)[:size]
    windows = np.lib.stride_tricks.sliding_window_view(self, size, dim, writeable=True)
    return windows[at(self.ndim, dim, slice(None, None, step))]


def _cut(self: Any, split_sizes: Sequence[int], dim: int) -> list[Any]:
    """A value cut along a dimension into pieces of these lengths."""
    ends = pairwise(np.cumsum([0, *split_sizes]).tolist())
    return [either(slice_row, self, dim, start, end, 1) for start, end in ends]


def _lengths(size: int, length: int) -> list[int]:
    return [min(length, size - start) for start in range(0, size, length or 1)] or [0]


def _rejoined(grads: Sequence[Any], self_sym_sizes: Shape, split_sizes: Sequence[int], dim: int) -> Any:
    front, back = self_sym_sizes[: dim % len(self_sym_sizes)], self_sym_sizes[dim % len(self_sym_sizes) + 1 :]
    return dual.cat(_whole(grads, [(*front, length, *back) for length in split_sizes]), dim)


def _whole(grads: Sequence[Any], shapes: Sequence[Shape]) -> list[Any]:
    """The gradients of several outputs, zeros where none arrived."""
    known = next(grad for grad in grads if grad is not None)
    return [zeros_of(known, shape) if grad is None else grad for grad, shape in zip(grads, shapes, strict=True)]


def _rejoined_evenly(grad: Sequence[Any], self_sym_sizes: Shape, split_size: int, dim: int) -> Any:
    return _rejoined(grad, self_sym_sizes, _lengths(self_sym_sizes[dim], split_size), dim)


def _piled(grads: Sequence[Any], dim: int) -> Any:
    shape = next(tuple(grad.shape) for grad in grads if grad is not None)
    grads = _whole(grads, [shape] * len(grads))
    return stack(grads, dim) if isinstance(grads[0], Tensor) else np.stack(grads, dim)


def _cut_evenly(self: np.ndarray, split_size: int, dim: int) -> list[np.ndarray]:
    return _cut(self, _lengths(self.shape[dim], split_size), dim)


_JOINED = r"\text{the gradients of the parts, joined}"
_split = row("split", _cut_evenly, _rejoined_evenly, _JOINED, outputs=None, view=True)
_split_with_sizes = row("split_with_sizes", _cut, _rejoined, _JOINED, outputs=None, view=True)


@function("split(Tensor input, any split_size, int dim=0)")
def split(input: Tensor, split_size: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of its parts along a dimension: of length ``split_size`` (the last one shorter), or of these lengths."""
    length = _length(input._array, dim, RuntimeError("split expects at least a 1-dimensional tensor"))
    if isinstance(split_size, int):
        if split_size < 0:
            raise RuntimeError(f"split expects split_size be non-negative, but got split_size={split_size}")
        if not split_size and length:
            raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}")
        return _split(input, split_size, dim)
    if min(split_size, default=0) < 0 or sum(split_size) != length:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {length} (input tensor's size at dimension "
            f"{dim % input._array.ndim}), but got split_sizes={list(split_size)}"
        )
    return _split_with_sizes(input, tuple(split_size), dim)


@function("chunk(Tensor input, int chunks, int dim=0)")
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of its parts along a dimension: ``chunks`` of them, or fewer, all of the same length but the last."""
    length = _length(input._array, dim, RuntimeError("chunk expects at least a 1-dimensional tensor"))
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    return split(input, -(-length // chunks) if length else [0] * chunks, dim)


def _parts(self: np.ndarray, dim: int) -> list[np.ndarray]:
    return [self[at(self.ndim, dim, i)] for i in range(self.shape[dim])]


_unbind = row("unbind", _parts, _piled, _JOINED, outputs=None, view=True)


@function("unbind(Tensor input, int dim=0)")
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of its parts along a dimension, which they no longer have."""
    length = _length(input._array, dim, IndexError(f"Dimension specified as {dim} but tensor has no dimensions"))
    return _unbind(input, dim) if length else ()


# Joining


def _joined(tensors: Sequence[np.ndarray], dim: int, _dtype: Any, _lengths: Any = None) -> np.ndarray:
    tensors = [array for array in tensors if array.shape != (0,)] or tensors  # an empty vector goes with everything
    shape = list(tensors[0].shape)
    shape[dim] = sum(array.shape[dim] for array in tensors)
    return np.concatenate(tensors, dim, out=np.empty(shape, _dtype), casting="unsafe")


def _parted(grad: Any, dim: int, _lengths: Sequence[int | None]) -> list[Any]:
    parts = iter(_cut(grad, [length for length in _lengths if length is not None], dim))
    return [zeros_of(grad, (0,)) if length is None else next(parts) for length in _lengths]


def _stacked(tensors: Sequence[np.ndarray], dim: int, _dtype: Any, _count: int) -> np.ndarray:
    return _joined([np.expand_dims(part, dim) for part in tensors], dim, _dtype)


def _unstacked(grad: Any, dim: int, _count: int) -> list[Any]:
    return [either(select_row, grad, dim, place) for place in range(_count)]


_PART = r"\text{its part of } \bar{z}"
_cat = Operation("cat", _joined, variadic=(_parted, _PART))
_stack = Operation("stack", _stacked, variadic=(_unstacked, _PART))


@function("cat(Tensor[] tensors, int dim=0, *, Tensor out=None)", method=False, aliases=("concat", "concatenate"))
def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after another along a dimension they have."""
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    shapes = [part._array.shape for part in tensors]
    if () in shapes:
        raise RuntimeError(f"zero-dimensional tensor (at position {shapes.index(())}) cannot be concatenated")
    model = next((shape for shape in shapes if shape != (0,)), (0,))
    if model == (0,):
        dim = 0  # empty vectors lie along any
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
    lengths = [None if shape == (0,) else shape[dim] for shape in shapes]  # None: an empty vector, which is left out
    return _cat(list(tensors), dim, result_type(*tensors).numpy, lengths)


@function("stack(Tensor[] tensors, int dim=0, *, Tensor out=None)", method=False)
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after another along a new dimension."""
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    shape = tensors[0]._array.shape
    wrap_dim(dim, len(shape) + 1)
    for place, part in enumerate(tensors):
        if part._array.shape != shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(shape)} at entry 0 and "
                f"{list(part._array.shape)} at entry {place}"
            )
    return _stack(list(tensors), dim, result_type(*tensors).numpy, len(tensors))


def _joining(name: str, doc: str, least: int) -> Callable[..., Tensor]:
    @function(f"{name}(Tensor[] tensors, *, Tensor out=None)", method=False, doc=doc)
    def pile(tensors: Sequence[Tensor]) -> Tensor:
        if not tensors:
            raise RuntimeError(f"{name} expects a non-empty TensorList")
        parts = [part if part._array.ndim else view(part, (1,) * least) for part in tensors]
        if least == 2:
            return cat([unsqueeze(part, 0) if part._array.ndim == 1 else part for part in parts])
        return cat(parts, 0 if parts[0]._array.ndim == 1 else 1)

    return pile


vstack = _joining("vstack", "The tensors one below the other; vectors are rows.", 2)
hstack = _joining("hstack", "The tensors side by side.", 1)


# Diagonals and triangles

_DIAGONAL = r"\mathrm{diag}(\bar{z})"


def _undiagonal(grad: Any, self_sym_sizes: Shape, offset: int, dim1: int, dim2: int) -> Any:
    return either(_diagonal_backward, grad, self_sym_sizes, offset, dim1, dim2)


def _rediagonal(grad: Any, offset: int, dim1: int, dim2: int) -> Any:
    return either(diagonal.operation, grad, offset, dim1, dim2)


@operation("diagonal(Tensor input, int offset=0, int dim1=0, int dim2=1)", _undiagonal, _DIAGONAL, view=True)
def diagonal(self: np.ndarray, offset: int, dim1: int, dim2: int) -> np.ndarray:
    """A view of a diagonal of the matrices in two dimensions; ``offset`` above the main one (below: negative)."""
    if wrap_dim(dim1, self.ndim) == wrap_dim(dim2, self.ndim):
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    found = self.diagonal(offset, dim1, dim2)  # numpy forbids to write there
    return strided(self, found.shape, found.strides, address(found) - address(self) if found.size else 0)


def _copied(self: np.ndarray, offset: int, dim1: int, dim2: int) -> np.ndarray:
    return self.diagonal(offset, dim1, dim2).copy()


_diagonal_backward = _unread(diagonal.operation, _rediagonal)
_diag_embed = row("diag_embed", lambda self, offset, dim1, dim2: np.diag(self, offset), _rediagonal, _DIAGONAL)
_diagonal_copy = row("diagonal_copy", _copied, _undiagonal, _DIAGONAL, node="DiagonalBackward0_copy")


@function("diag(Tensor input, int diagonal=0, *, Tensor out=None)")
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix (a copy), or the matrix with this diagonal."""
    if input._array.ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input._array.ndim}D")
    return _diag_embed(input, diagonal, -2, -1) if input._array.ndim == 1 else _diagonal_copy(input, diagonal, 0, 1)


def _triangle(name: str, what: str) -> Callable[..., Any]:
    def forward(self: np.ndarray, diagonal: int) -> np.ndarray:
        if self.ndim < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
        return np.ascontiguousarray(getattr(np, name)(self, diagonal))

    made = row(name, forward, lambda grad, diagonal: either(made, grad, diagonal), rf"\mathrm{{{name}}}(\bar{{z}})")
    doc = f"The part of each matrix on and {what} a diagonal; the rest is zero."
    return function(f"{name}(Tensor input, int diagonal=0, *, Tensor out=None)", in_place=True, doc=doc)(made)


tril, triu = _triangle("tril", "below"), _triangle("triu", "above")


# Other arrangements: copies


def _flipped_back(grad: Any, dims: Shape) -> Any:
    return either(flip.operation, grad, dims)


@operation("flip(Tensor input, int[] dims)", _flipped_back, r"\bar{z} \text{ flipped back}")
def flip(self: np.ndarray, dims: Shape) -> np.ndarray:
    """A copy with the order reversed in some dimensions."""
    wrap_dims(dims, self.ndim)
    return np.flip(self, dims if self.ndim else ()).copy(as_it_lies(self))


def _rolled_back(grad: Any, shifts: Shape, dims: Shape | None) -> Any:
    return either(roll.operation, grad, tuple(-shift for shift in shifts), dims)


@operation("roll(Tensor input, int[1] shifts, int[1]? dims=())", _rolled_back, r"\bar{z} \text{ rolled back}")
def roll(self: np.ndarray, shifts: Shape, dims: Shape | None) -> np.ndarray:
    """A copy moved along some dimensions; what leaves at the end comes in at the beginning."""
    dims = dims or ()
    if not shifts:
        raise RuntimeError("`shifts` required")
    if (dims or len(shifts) != 1) and len(shifts) != len(dims):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}")
    for dim in dims:
        _length(self, dim, IndexError(f"Dimension specified as {dim} but tensor has no dimensions"))
    return np.ascontiguousarray(np.roll(self, shifts, dims)) if dims else np.roll(self, shifts[0])


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


@operation("repeat(Tensor input, int[] repeats)", _unrepeated, r"\text{the sum of the copies' } \bar{z}", public=method)
def repeat(self: np.ndarray, repeats: Shape) -> np.ndarray:
    """Copies of the tensor side by side, so many in each dimension; further dimensions come in front."""
    extra = len(repeats) - self.ndim
    if extra < 0:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    size = [length * count for length, count in zip((1,) * extra + self.shape, repeats, strict=True)]
    if min(size, default=0) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(size)}: {size}")
    return np.tile(self, repeats)


@function("tile(Tensor input, int[] dims)")
def tile(input: Tensor, dims: Shape) -> Tensor:
    """``repeat``, with missing counts in front taken as 1."""
    return repeat(input, (1,) * (input._array.ndim - len(dims)) + dims)


@function(
    "repeat_interleave(Tensor input, Tensor repeats, int? dim=None)",
    "repeat_interleave(Tensor input, int repeats, int? dim=None)",
)
def repeat_interleave(input: Tensor, repeats: Tensor | int, dim: int | None = None) -> Tensor:
    """Each element (or part along ``dim``) so many times in a row; a tensor has a number for each."""
    if dim is None:
        input, dim = flatten(input), 0
    given, dim, shape = dim, wrap_dim(dim, input._array.ndim), input._array.shape
    if isinstance(repeats, Tensor):
        if repeats._array.size not in (1, shape[dim]):
            raise RuntimeError(
                "repeats must have the same size as input along dim, but got repeats.size(0) = "
                f"{repeats._array.size} and input.size({given}) = {shape[dim]}"
            )
        if np.any(repeats._array < 0):
            raise RuntimeError("repeats can not be negative")
        return FUNCTIONS["index_select"](input, given, Tensor._plain(np.repeat(np.arange(shape[dim]), repeats._array)))
    if repeats < 0:
        raise RuntimeError("Repeats must be non-negative")
    wide = expand(unsqueeze(input, dim + 1), (*shape[: dim + 1], repeats, *shape[dim + 1 :]))
    return _view(_clone_in_order(wide), (*shape[:dim], shape[dim] * repeats, *shape[dim + 1 :]))


@function("kron(Tensor input, Tensor other, *, Tensor out=None)")
def kron(input: Any, other: Any) -> Tensor:
    """Kronecker's product: ``other`` times each element of ``input``, side by side."""
    ndim = max(input._array.ndim, other._array.ndim)
    first, second = ((1,) * (ndim - t._array.ndim) + t._array.shape for t in (input, other))
    apart = _unsafe_view(input, tuple(n for length in first for n in (length, 1)))
    inner = _unsafe_view(other, tuple(n for length in second for n in (1, length)))
    return _unsafe_view(apart * inner, tuple(n * m for n, m in zip(first, second, strict=True)))


# The memory itself. A geometry is a shape, strides and an offset in it, all in elements.

Geometry = tuple[Shape, Shape, int]


def _read(self: np.ndarray, size: Shape, stride: Shape, storage_offset: int | None, _whole: Any = None) -> np.ndarray:
    strides = tuple(step * self.itemsize for step in stride)
    return strided(
        storage(self), size, strides, offset(self) if storage_offset is None else storage_offset * self.itemsize
    )


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
    memory, places = zeros_of(grad, numbers.shape), _read(numbers, *part).reshape(-1)
    many = np.bincount(places).max() > 1  # elements that are one
    times = np.bincount(_read(numbers, *_whole).reshape(-1), minlength=numbers.size).clip(1)
    if isinstance(grad, Tensor):
        if many:
            memory.index_add_(0, Tensor._plain(places), _reshape(grad, (-1,)))
        else:
            as_strided(memory, *part).copy_(grad)
        return as_strided(memory.div_(Tensor._plain(times)) if times.max() > 1 else memory, *_whole)
    if many:
        np.add.at(memory, places, grad.reshape(-1))
    else:
        _read(memory, *part)[...] = grad
    return _read(memory / times.astype(memory.dtype) if times.max() > 1 else memory, *_whole)


_as_strided = row("as_strided", _read, _unread_strided, r"\bar{z} \text{ added at its places in } 0", view=True)


def _geometry(tensor: Tensor) -> Geometry:
    array = tensor._array
    return array.shape, tuple(step // array.itemsize for step in array.strides), offset(array) // array.itemsize


def strided_node(base: Tensor, view: Tensor) -> Any:
    """The node of a view that leads straight to its base, whatever views it was made through."""
    args = (base, *_geometry(view), _geometry(base))
    return _as_strided.record(args, (Tensor._plain(view._array),), always=True)


@function("as_strided(Tensor input, int[] size, int[] stride, int? storage_offset=None)")
def as_strided(input: Tensor, size: Shape, stride: Shape, storage_offset: int | None = None) -> Tensor:
    """The memory of a tensor, read with this shape and these strides from this offset on (all in elements)."""
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if min(stride, default=0) < 0:
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    array, whole = input._array, _geometry(input)
    place = whole[2] if storage_offset is None else storage_offset
    if place < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {place}")
    needed, have = (0 if 0 in size else _end((size, stride, place))) * array.itemsize, storage(array).nbytes
    if needed > have:
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {place}, and itemsize "
            f"{array.itemsize} requiring a storage size of {needed} are out of bounds for storage of size {have}"
        )
    return _as_strided(input, size, stride, storage_offset, whole)


@method("stride(Tensor input, int? dim=None)")
def stride(input: Tensor, dim: int | None = None) -> Any:
    """Elements to jump for the next one, in each dimension or one."""
    shape, strides, _ = _geometry(input)
    if 0 in shape and not any(strides):  # numpy gives new empty arrays none
        strides = tuple(math.prod([max(n, 1) for n in shape[place + 1 :]]) for place in range(len(shape)))
    return strides if dim is None else strides[wrap_dim(dim, len(shape))]


@method("storage_offset(Tensor input)")
def storage_offset(input: Tensor) -> int:
    """Where in its memory it starts, in elements."""
    return _geometry(input)[2]


# The same numbers in another dtype


def _converted(self: np.ndarray, dtype: Dtype) -> np.ndarray:
    return self.astype(dtype.numpy, as_it_lies(self))


_to_copy = row("_to_copy", _converted, lambda grad: grad, _SAME)  # the walk casts the gradient back


def _cast(input: Tensor, dtype: Dtype) -> Tensor:
    return input if dtype.numpy == input._array.dtype else _to_copy(input, dtype)


_COPYING = "bool non_blocking=False, bool copy=False, *, memory_format memory_format=None"


@method(
    f"to(Tensor input, device device=None, dtype dtype=None, {_COPYING})",
    f"to(Tensor input, dtype dtype, {_COPYING})",
    f"to(Tensor input, Tensor tensor, {_COPYING})",
)
def to(
    input: Tensor, device: Any = None, dtype: Dtype | None = None, non_blocking: bool = False, copy: bool = False,
    memory_format: Any = None, tensor: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The tensor in another dtype (or like another tensor); itself where nothing changes."""
    check_device(device, "to")
    kind = dtype or (input if tensor is None else tensor).dtype
    return _to_copy(input, kind) if copy else _cast(input, kind)


@method("type(Tensor input, any dtype=None, bool non_blocking=False)")
def type(input: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of its type, or the tensor in another dtype."""
    if dtype is None:
        return type_name(input.dtype)
    names = {type_name(kind): kind for kind in DTYPES} | {"torch.Tensor": get_default_dtype()}
    name = dtype if isinstance(dtype, str) else f"torch.{getattr(dtype, '__name__', '')}"  # LongTensor is a class
    kind = dtype if isinstance(dtype, Dtype) else names.get(name)
    if kind is None:
        raise ValueError(f"invalid type: '{getattr(dtype, '__name__', dtype)}'")
    return _cast(input, kind)


method("type_as(Tensor input, Tensor other)", doc="In the dtype of ``other``.")(
    lambda input, other: _cast(input, other.dtype)
)
_KEPT = "(Tensor input, *, memory_format memory_format=None)"
method(f"cpu{_KEPT}", doc="The tensor itself: there is only the CPU.")(lambda input, memory_format=None: input)
for _kind in DTYPES:
    method(_kind.scalar_name.lower() + _KEPT, doc=f"The tensor as {_kind}.")(
        lambda input, memory_format=None, kind=_kind: _cast(input, kind)
    )


# In place: the same tensor with another shape


def _becoming(operation: Operation, node: str, forward: Callable[..., Any] | None = None) -> Callable[..., Tensor]:
    """Let a tensor be what a view of it would be. The base of a view stays as it is."""
    derivative = operation.derivatives[0][1]
    changing = row(operation.name + "_", forward or operation.forward, derivative, _SAME, node=node)

    def become(self: Tensor, *args: Any) -> Tensor:
        recorded = grad_mode.state.grad_enabled and self.requires_grad
        views.check_inplace(self, recorded)
        changed = changing(self, *args)
        self._array = changed._array
        before = self._changed()
        if recorded:
            views.reshaped(self, changed._node)
        if grad_mode.special and grad_mode.state.observers:
            tell("inplace", changing.name, self, args, before, before + 1)
        return self

    become.__doc__ = f"``{operation.name}`` in place."
    return become


method("t_(Tensor input)")(_becoming(_t, "TBackward1", _transposed("t_")))
method("transpose_(Tensor input, int dim0, int dim1)", aliases=("swapaxes_", "swapdims_"))(
    _becoming(transpose.operation, "TransposeBackward1")
)
method("unsqueeze_(Tensor input, int dim)")(_becoming(unsqueeze.operation, "UnsqueezeBackward1"))
_rows = enumerate((_squeeze, _squeeze_dim, _squeeze_dims), 3)
_squeezing("squeeze_", "``squeeze`` in place.", *[_becoming(row, f"SqueezeBackward{number}") for number, row in _rows])
