"""How tensors come into being: from numbers, lists and numpy arrays, filled, counted or drawn at random.

A body here makes an array; `@creation` makes the public function of it and has what all of them share: the options
dtype, device, requires_grad ... and the shape's check. Nothing here has a history: results are leaves.
"""

from __future__ import annotations

import array as c_array
import math
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from . import dtypes, random
from .autograd.notes import warn
from .dtypes import bool_, dtype, get_default_dtype, int64
from .memory import as_it_lies
from .ops import drawing
from .ops.arguments import METHODS, broadcast_shape, function
from .ops.templates import OPERATIONS
from .random import Generator
from .tensor import Tensor, wrap

Shape = tuple[int, ...]

OPTIONS = "dtype? dtype=None, layout? layout=None, device? device=None, bool? pin_memory=False"
OPTIONS, DRAWS = f"{OPTIONS}, bool? requires_grad=False", "Generator? generator=None, "


def creation(*texts: str, draws: bool = False, method: bool = False) -> Callable[[Callable[..., np.ndarray]], Any]:
    """Declare a public function: the leaf that holds the array its body makes. The options stand in no signature.

    The body is called with the arguments, the dtype asked for (or None) and, if it draws, a generator.
    """
    name, sized = texts[0].partition("(")[0], "int[]" in " ".join(texts)
    like = name.endswith("_like")
    fills = not (method or like or name == "tensor")
    options = DRAWS * draws + "Tensor out=None, " * fills + "memory_format? memory_format=None, " * like + OPTIONS
    signatures = [text if "*" in text else f"{text[:-1]}, *, {options})" for text in texts]

    def declare(body: Callable[..., np.ndarray]) -> Callable[..., Tensor]:
        def leaf(*args: Any, **options: Any) -> Tensor:
            dtypes.check_device(options.pop("device", None), name)
            requires_grad = bool(options.pop("requires_grad", False))
            for unused in ("layout", "pin_memory", "memory_format"):
                options.pop(unused, None)
            if draws:
                options["generator"] = options.get("generator") or random.default_generator
            for shape in (*args, *options.values()):
                if sized and type(shape) is tuple and min(shape, default=0) < 0:
                    _refuse_shape(name, shape)
            array = body(*args, **{"dtype": None, **options})
            if requires_grad and array.dtype.kind != "f":
                raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
            return wrap(array, requires_grad)

        leaf.__doc__, leaf.__module__ = body.__doc__, body.__module__
        page = "torch.Tensor.{}" if method else "torch.{}"
        return function(*signatures, method=method, function=not method, page=page)(leaf)

    return declare


def _refuse_shape(name: str, shape: Shape) -> None:
    if name == "zeros":
        raise RuntimeError("zeros: Dimension size must be non-negative.")
    raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}")


# Filled


def _filled(name: str, what: str, fill: Callable[..., np.ndarray], value: str = "", draws: bool = False) -> Any:
    """Functions from one row: `name(*size)`, `name_like(input)` and, unless it draws, the method `new_name(*size)`.

    `fill` writes into an array of zeros and returns it; it is given the value, if the functions take one.
    """

    def of_size(size: Shape, fill_value: Any = None, *, dtype: dtype | None, **draw: Generator) -> np.ndarray:
        dtype = dtype or (get_default_dtype() if fill_value is None else dtypes.result_type(fill_value))
        return fill(np.zeros(size, dtype.numpy), fill_value, **draw)

    def like(input: Tensor, fill_value: Any = None, *, dtype: dtype | None, **draw: Generator) -> np.ndarray:
        array, kind = input._array, (dtype or input.dtype).numpy
        return fill(np.zeros_like(array, kind, as_it_lies(array), False), fill_value, **draw)

    def new(self: Tensor, size: Shape, fill_value: Any = None, *, dtype: dtype | None) -> np.ndarray:
        return fill(np.zeros(size, (dtype or self.dtype).numpy), fill_value)

    owner = "the value's" if value else "the default"
    shapes = f"this size and {owner} dtype", "input's shape and dtype", "this size and self's dtype"
    for body, shape in zip((of_size, like, new), shapes, strict=True):
        body.__doc__ = f"A tensor of {shape}: {what}."
    if not draws:
        creation(f"new_{name}(Tensor self, int[] size{value})", method=True)(new)
    made = creation(f"{name}(int[] size{value})", draws=draws)(of_size)
    return made, creation(f"{name}_like(Tensor input{value})", draws=draws)(like)


def _drawn(name: str, what: str, distribution: Callable[..., np.ndarray]) -> Any:
    fill = lambda blank, _, generator: random.fill(blank, distribution, 0, 1, generator=generator)  # noqa: E731
    return _filled(name, f"random numbers, {what}", fill, draws=True)


def _set(blank: np.ndarray, value: float) -> np.ndarray:
    """The array with a number everywhere, which must fit."""
    blank.fill(dtypes.number_array(value, dtypes.of(blank)))
    return blank


zeros, zeros_like = _filled("zeros", "zeros", lambda blank, _: blank)
ones, ones_like = _filled("ones", "ones", lambda blank, _: _set(blank, 1))
full, full_like = _filled("full", "one value everywhere", _set, ", Scalar fill_value")
empty, empty_like = _filled("empty", "values not to be relied on (zeros, so that runs repeat)", lambda blank, _: blank)
rand, rand_like = _drawn("rand", "even in [0, 1)", random.draw_uniform)
randn, randn_like = _drawn("randn", "normal with mean 0 and variance 1", random.draw_normal)


@creation("eye(int n)", "eye(int n, int m)")
def eye(n: int, m: int | None = None, *, dtype: dtype | None) -> np.ndarray:
    """Ones on the diagonal of an n × m (or n × n) matrix of zeros."""
    for name, length in (("n", n), ("m", m)):
        if length is not None and length < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {length}")
    return np.eye(n, m, dtype=(dtype or get_default_dtype()).numpy)


# Counted


@creation("arange(Scalar end)", "arange(Scalar start, Scalar end, Scalar step=1)")
def arange(start: float = 0, end: float | None = None, step: float = 1, *, dtype: dtype | None) -> np.ndarray:
    """`arange(end)` or `arange(start, end, step=1)`: the numbers from start on, step by step, before end.

    int64 if all three are whole numbers, else of the default dtype.

    >>> arange(3), arange(1, 2, 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    if end is None:
        start, end = 0, start
    dtype = dtype or (get_default_dtype() if float in map(type, (start, end, step)) else int64)
    dtypes.refuse_kinds("b", dtype.numpy, "arange_cpu")
    if not (step > 0 or step < 0):
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start:g} -> {end:g}")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype is int64:
        start, end, step = int(start), int(end), int(step)
        if not step:
            raise ValueError("step must be nonzero")
        count = -((start - end) // step)
    else:
        count = math.ceil((float(end) - float(start)) / float(step))
    if not dtype.is_floating_point:
        return (int(start) + int(step) * np.arange(count, dtype=np.int64)).astype(dtype.numpy)
    # start + step * index, rounded once as PyTorch does, and 32 bytes at a time counted on from a rounded first number
    exact, rounded = (np.float64, np.float32) if dtype is dtypes.float16 else (np.longdouble, np.float64)
    lanes = 32 // dtype.itemsize
    begin, by = (exact(rounded(number)) for number in (start, step))
    whole = count - count % (2 * lanes)
    firsts = (begin + by * np.arange(0, whole, lanes)).astype(rounded).astype(dtype.numpy)
    numbers = (firsts[:, None] + by * np.arange(lanes)).ravel(), begin + by * np.arange(whole, count)
    return np.concatenate(numbers).astype(rounded).astype(dtype.numpy)


_WIDE: dict[Any, Any] = {np.float16: np.float16, np.float32: np.float64, np.float64: np.longdouble}
"""What a product and a sum are computed in so that they are rounded once, as a fused multiply-add does."""


@creation("linspace(Scalar start, Scalar end, int steps)")
def linspace(start: float, end: float, steps: int, dtype: dtype | None) -> np.ndarray:
    """`steps` numbers from start to end, both included, evenly spaced.

    >>> linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    dtype = dtype or get_default_dtype()
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    dtypes.refuse_kinds("b", dtype.numpy, "linspace_cpu")
    if steps < 2:  # end does not matter then
        return np.full(steps, dtypes.number_array(start, dtype))
    kind = dtype.numpy.type if dtype.is_floating_point else np.float64
    a, b, wide = kind(dtypes.number_array(start, dtype)), kind(dtypes.number_array(end, dtype)), _WIDE[kind]
    step, index = wide((b - a) / kind(steps - 1)), np.arange(steps).astype(wide)
    values = np.where(index < steps // 2, wide(a) + step * index, wide(b) - step * (steps - 1 - index))
    return values.astype(kind).astype(dtype.numpy)  # counted from both ends, so that they are symmetric


# Random. What is drawn, and in which order, is in random.py.


@creation("randint(int high, int[] size)", "randint(int low, int high, int[] size)", draws=True)
def randint(low: int = 0, high: Any = None, size: Any = (), *, dtype: dtype | None, generator: Generator) -> np.ndarray:
    """`randint(high, size)` or `randint(low, high, size)`: random whole numbers in [low, high), int64 by default."""
    if isinstance(high, tuple):
        high, size = None, high
    low, high = (0, low) if high is None else (low, high)
    return random.draw_integers(size, dtype or int64, low, high, generator)


@creation("randint_like(Tensor input, int high)", "randint_like(Tensor input, int low, int high)", draws=True)
def randint_like(
    input: Tensor, low: int = 0, high: int | None = None, *, dtype: dtype | None, generator: Generator
) -> np.ndarray:
    """`randint_like(input, high)` or `randint_like(input, low, high)`: as randint, of input's shape and dtype."""
    low, high = (0, low) if high is None else (low, high)
    return random.draw_integers(input.shape, dtype or input.dtype, low, high, generator)


@creation("randperm(int n)", draws=True)
def randperm(n: int, dtype: dtype | None, generator: Generator) -> np.ndarray:
    """The numbers 0 to n - 1 in random order, int64 by default."""
    if n < 0:
        _refuse_shape("randperm", (n,))
    return random.draw_permutation(n, dtype or int64, generator)


@creation(
    "normal(Tensor mean, Tensor std, *, Generator? generator=None, Tensor out=None)",
    "normal(Tensor mean, float std=1, *, Generator? generator=None, Tensor out=None)",
    "normal(float mean, Tensor std, *, Generator? generator=None, Tensor out=None)",
    f"normal(float mean, float std, int[] size, *, Generator? generator=None, Tensor out=None, {OPTIONS})",
    draws=True,
)
def normal(mean: Any, std: Any = 1.0, size: Any = None, *, dtype: dtype | None, generator: Generator) -> np.ndarray:
    """Normal random numbers of this mean and standard deviation: two numbers and a size, or tensors that broadcast."""
    if size is not None:
        return random.draw_normal(size, dtype or get_default_dtype(), mean, std, generator)
    dtype = (mean if isinstance(mean, Tensor) else std).dtype
    mean, std = (value._array if isinstance(value, Tensor) else np.asarray(value) for value in (mean, std))
    if (std < 0).any():
        raise RuntimeError("normal expects all elements of std >= 0.0")
    shape = broadcast_shape(mean.shape, std.shape)
    return (random.draw_normal(shape, dtype, 0.0, 1.0, generator) * std + mean).astype(dtype.numpy)


bernoulli = drawing.bernoulli


# From data


def _is_sequence(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return True
    return hasattr(type(value), "__getitem__") and not isinstance(value, Tensor | dict | np.generic | str | bytes)


def _array_of(data: Any, dtype: dtype | None) -> np.ndarray:
    """A new array of the data; the dtype is found from the data if it is not given."""
    if isinstance(data, np.ndarray):
        return _checked(data).astype(dtype.numpy if dtype else data.dtype, order="C")
    shape: list[int] = []
    first = data
    while _is_sequence(first) and len(shape) <= 128:  # the first item of each level tells the shape
        shape.append(len(first))
        first = first[0] if shape[-1] else None
    if shape and (isinstance(first, str) or _is_sequence(first)):
        raise ValueError(f"too many dimensions '{type(first).__name__}'")
    flat = [data]
    for dim, size in enumerate(shape):
        flat = _flatter(flat, dim, size)
    types = set(map(type, flat))
    plain = types <= {int, float, bool}
    if dtype is None and plain:
        dtype = get_default_dtype() if float in types or not types else int64 if int in types else bool_
    dtype = dtype or _item_dtype(flat)
    if not plain or dtype.category == dtypes.INTEGRAL:
        flat = _stored(flat, dtype)
    return np.array(flat, dtype.numpy).reshape(shape)


def _flatter(rows: list[Any], dim: int, size: int) -> list[Any]:
    """The items of all rows, which must be equally long."""
    flat: list[Any] = []
    for row in rows:
        if not _is_sequence(row):
            raise TypeError("not a sequence")
        if len(row) != size:
            raise ValueError(f"expected sequence of length {size} at dim {dim} (got {len(row)})")
        if dim and isinstance(row, np.ndarray):
            warn(
                "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the "
                "list to a single numpy.ndarray with numpy.array() before converting to a tensor."
            )
        flat.extend(row)
    return flat


def _item_dtype(data: Any) -> dtype:
    """The smallest dtype that holds the item, or every item of a list."""
    if isinstance(data, Tensor):
        return data.dtype
    if isinstance(data, np.generic | np.ndarray):
        return dtypes.of(_checked(np.asarray(data)))
    found = dtypes.number_dtype(data)
    if found is not None:
        return found
    if isinstance(data, complex):
        raise NotImplementedError("minigrad has no complex dtypes: " + ", ".join(map(str, dtypes.DTYPES)))
    if isinstance(data, str | bytes):
        raise TypeError(f"new(): invalid data type '{dtypes.kind_name(data)}'")
    if not _is_sequence(data):
        raise RuntimeError(f"Could not infer dtype of {dtypes.kind_name(data)}")
    return reduce(dtypes.promote_types, map(_item_dtype, data)) if data else get_default_dtype()


def _stored(flat: list[Any], dtype: dtype) -> Any:
    """The items as Python numbers that the dtype can store, or PyTorch's complaint."""
    if dtype is bool_:
        return [bool(operator.index(item) if isinstance(item, Tensor) else item) for item in flat]
    if dtype.is_floating_point:
        return c_array.array("d", flat)  # which refuses what is no number in the words PyTorch has it from
    ints = [operator.index(item) for item in flat if not isinstance(item, float)] or [0]
    if not -(2**63) <= min(ints) <= max(ints) < 2**63:
        raise ValueError("Overflow when unpacking long long")
    for item in (min(ints), max(ints), *(item for item in flat if isinstance(item, float))):
        if not dtypes.fits(item, dtype):
            raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")
    return np.array(list(map(int, flat)), np.int64).astype(dtype.numpy)


def _checked(array: np.ndarray) -> np.ndarray:
    """The array itself if its memory can be a tensor's."""
    if min(array.strides, default=0) < 0:
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with "
            "array.copy().) "
        )
    if any(step % array.itemsize for step in array.strides):
        raise ValueError(
            "given numpy array strides not a multiple of the element byte size. Copy the numpy array to reallocate the "
            "memory."
        )
    if array.dtype not in dtypes.FROM_NUMPY:
        theirs = "complex64, complex128, ", "uint64, uint32, uint16, "
        ours = ("", "") if array.dtype.kind in "cu" else theirs  # what PyTorch takes and minigrad does not
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{array.dtype.type.__name__}. The only supported types are: "
            f"float64, float32, float16, {ours[0]}int64, int32, int16, int8, {ours[1]}uint8, and bool."
        )
    return array


@creation("tensor(any data)")
def tensor(data: Any, dtype: dtype | None) -> np.ndarray:
    """A new leaf with a copy of the data: a number, nested lists, a numpy array, 0-d tensors in lists.

    The dtype is bool, int64 or the default dtype for Python's numbers, the array's own for numpy's.

    Raises:
        ValueError: lists of different lengths.
        TypeError, RuntimeError: something in the data is no number, or does not fit.
        RuntimeError: requires_grad with a dtype that is not floating.

    >>> tensor([[1, 2], [3, 4.5]])
    tensor([[1.0000, 2.0000],
            [3.0000, 4.5000]])
    """
    return _array_of(_detached(data, "torch.tensor"), dtype)


@creation("new_tensor(Tensor self, any data)", method=True)
def new_tensor(self: Tensor, data: Any, dtype: dtype | None) -> np.ndarray:
    """What `torch.tensor` makes, of self's dtype unless another is given."""
    return _array_of(_detached(data, "tensor.new_tensor"), dtype or self.dtype)


def _detached(data: Any, function: str) -> Any:
    if not isinstance(data, Tensor):
        return data
    warn(
        "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
        f"sourceTensor.detach().clone().requires_grad_(True), rather than {function}(sourceTensor)."
    )
    return data._array


@function("as_tensor(any data, dtype? dtype=None, device? device=None)", method=False)
def as_tensor(data: Any, dtype: dtype | None = None, device: Any = None) -> Tensor:
    """The data as a tensor, copied only where it must be: a tensor stays itself, a numpy array shares its memory."""
    dtypes.check_device(device, "as_tensor")
    if isinstance(data, Tensor):
        return data if dtype in (None, data.dtype) else data.to(dtype)
    if isinstance(data, np.ndarray) and dtype in (None, dtypes.FROM_NUMPY.get(data.dtype)):
        return from_numpy(data)
    return wrap(_array_of(data, dtype))


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A leaf on the memory of a numpy array: what changes one changes the other."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {dtypes.kind_name(ndarray)})")
    if not ndarray.flags.writeable:
        warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means "
            "writing to this tensor will result in undefined behavior. You may want to copy the array to protect its "
            "data or make it writable before converting it to a tensor. This type of warning will be suppressed for "
            "the rest of this program."
        )
    return wrap(np.asarray(_checked(ndarray)))


# The constructors of old: a size, or data of a dtype


_shape: Any = function("new(int[] size)", method=False, function=False)(lambda size: size)


def _legacy(dtype: dtype, /, *args: Any, data: Any = None, size: Any = None, device: Any = None) -> Tensor:
    dtypes.check_device(device, "new")
    if not args:
        args = (data,) if data is not None else (dtypes.Size(size or (0,)),)
    first: Any = args[0]
    if len(args) > 1 or isinstance(first, dtypes.Size | np.integer) or type(first) is int:
        shape: Shape = _shape(*args)
        if min(shape, default=0) < 0:
            _refuse_shape("new", shape)
        return wrap(np.zeros(shape, dtype.numpy))
    if isinstance(first, Tensor):
        return OPERATIONS["AliasBackward0"](first)
    if isinstance(first, str) or not _is_sequence(first):
        raise TypeError(f"new(): data must be a sequence (got {dtypes.kind_name(first)})")
    return wrap(_array_of(first, dtype))


def constructed(cls: type[Tensor], *args: Any, **options: Any) -> Tensor:
    """`Tensor(2, 3)`, `Tensor([1, 2])`, `Tensor(other)`: a leaf of the default dtype, or another's memory."""
    made = _legacy(get_default_dtype(), *args, **options)
    if cls is not Tensor:
        made.__class__ = cls
    return made


class Typed(dtypes.Shown):
    """The class of `FloatTensor`, `LongTensor` ...: of each, all tensors of its dtype are instances."""

    dtype: dtype

    def __call__(cls, *args: Any, **options: Any) -> Tensor:
        if args and isinstance(args[0], Tensor) and args[0].dtype is not cls.dtype:
            wanted, got = (
                f"TensorOptions(dtype={kind.c_name}, device=cpu, layout=Strided, requires_grad=false (default), "
                "pinned_memory=false (default), memory_format=(nullopt))"
                for kind in (cls.dtype, args[0].dtype)
            )
            raise TypeError(f"expected {wanted} (got {got})")
        return _legacy(cls.dtype, *args, **options)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype


_typed = [
    Typed(f"{kind.scalar_name}Tensor", (), {"dtype": kind, "__module__": "minigrad.tensor"}) for kind in dtypes.DTYPES
]
TYPED = {typed.__name__: typed for typed in _typed}

for _name, _method in METHODS.items():
    setattr(Tensor, _name, _method)
