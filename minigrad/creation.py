"""How tensors come into being: from numbers, lists and numpy arrays, filled, counted or drawn at random.

Each function reads its arguments as PyTorch does (with its errors) and hands a way to make an array to `_leaf`, which
knows what all of them share: dtype, device, requires_grad. Nothing here has a history: results are leaves.
The page of a function is https://docs.pytorch.org/docs/2.13/generated/torch.<name>.html.
"""

from __future__ import annotations

import array as c_array
import math
import operator
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from minigrad import dtypes, random
from minigrad.dtypes import bool_, float32, float64, get_default_dtype, int64
from minigrad.ops import drawing
from minigrad.ops.arguments import broadcast_error
from minigrad.ops.templates import OPERATIONS, in_place
from minigrad.random import Generator
from minigrad.tensor import Tensor, wrap

if TYPE_CHECKING:
    from minigrad.dtypes import dtype


# Reading arguments


def _is_int(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value._array.ndim == 0 and value._array.dtype.kind in "iu"
    return type(value) is int or isinstance(value, np.integer)


def _is_number(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value._array.ndim == 0 and not value.requires_grad
    return dtypes.number_dtype(value) is not None


_KINDS: dict[str, Callable[[Any], bool]] = {
    "int": _is_int,
    "Number": _is_number,
    "bool": lambda value: isinstance(value, bool),
    "Tensor": lambda value: isinstance(value, Tensor),
    "tuple of ints": lambda value: isinstance(value, tuple | list),
    "torch.dtype": lambda value: isinstance(value, dtypes.dtype),
    "torch.Generator": lambda value: isinstance(value, Generator),
}


def _read(kind: str, function: str, name: str, value: Any, position: int = 0) -> Any:
    """An argument that must be of this kind. Numbers become Python's."""
    if not _KINDS[kind](value):
        if isinstance(value, complex) or value is complex:
            raise NotImplementedError("minigrad has no complex dtypes: " + ", ".join(map(str, dtypes.DTYPES)))
        where = f" (position {position})" if position else ""
        raise TypeError(f"{function}(): argument '{name}'{where} must be {kind}, not {dtypes.kind_name(value)}")
    if kind == "int":
        return operator.index(value)
    if kind == "Number":
        return value.item() if isinstance(value, Tensor | np.generic) else value
    return value


def _read_shape(function: str, sizes: Any, options: Any = None, position: int = 1) -> tuple[int, ...]:
    """A shape given as `f(2, 3)`, `f((2, 3))` or `f(size=(2, 3))`; no length may be negative."""
    if options and "size" in options:
        sizes, position = (_read("tuple of ints", function, "size", options.pop("size")),), 0
    if not sizes:
        raise TypeError(f'{function}() missing 1 required positional arguments: "size"')
    listed = isinstance(sizes[0], tuple | list)
    if listed and len(sizes) > 1:
        raise TypeError(f"{function}() takes 1 positional argument but {len(sizes)} were given")
    items = sizes[0] if listed else sizes
    if items and not _is_int(items[0]):
        if not listed:
            _read("tuple of ints", function, "size", items[0], position)
        raise TypeError(
            f"{function}(): argument 'size'{f' (position {position})' if position else ''} must be tuple of ints, "
            f"but found element of type {dtypes.kind_name(items[0])} at pos 0"
        )
    for place, size in enumerate(items, 1):
        if not _is_int(size) and not isinstance(size, bool):
            raise TypeError(
                f"{function}(): argument 'size' failed to unpack the object at pos {place} "
                f'with error "type must be tuple of ints,but got {dtypes.kind_name(size)}"'
            )
    shape = tuple(map(operator.index, items))
    for size in shape:
        if size < 0:
            if function == "zeros":
                raise RuntimeError("zeros: Dimension size must be non-negative.")
            raise RuntimeError(f"Trying to create tensor with negative dimension {size}: {list(shape)}")
    return shape


def _given(function: str, names: Sequence[str], values: Any, options: Any, *required: str) -> dict[str, Any]:
    """Arguments by name, given in a row or (taken out of the options) as keywords."""
    keywords = {name: options.pop(name) for name in ("start", "end", "step", "low", "high", "size") if name in options}
    given = keywords | dict(zip(names, values, strict=False))
    for name in required:
        if name not in given:
            raise TypeError(f'{function}() missing 1 required positional arguments: "{name}"')
    return given


def read_dtype(function: str, value: Any) -> dtype | None:
    """A dtype given as such or as Python's float, int or bool."""
    if value is None or isinstance(value, dtypes.dtype):
        return value
    found = {float: float64, int: int64, bool: bool_}.get(value) if isinstance(value, type) else None
    return found or _read("torch.dtype", function, "dtype", value)


def _leaf(
    function: str, options: Any, make: Callable[[dtype, Generator], np.ndarray], default: dtype | None = None
) -> Tensor:
    """The leaf holding `make(dtype, generator)`: those in the options, or else the default ones."""
    for name in options:
        if name not in ("dtype", "device", "requires_grad", "generator", "layout", "pin_memory", "memory_format"):
            raise TypeError(f"{function}() got an unexpected keyword argument '{name}'")
    dtype = read_dtype(function, options.get("dtype")) or default or get_default_dtype()
    dtypes.check_device(options.get("device"), function)
    generator = options.get("generator") or random.default_generator
    with np.errstate(all="ignore"):
        array = make(dtype, _read("torch.Generator", function, "generator", generator))
    return _wrap(function, array, options.get("requires_grad"))


def _wrap(function: str, array: np.ndarray, requires_grad: Any) -> Tensor:
    if requires_grad:
        _read("bool", function, "requires_grad", requires_grad)
        if array.dtype.kind != "f":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    return wrap(array, bool(requires_grad))


def _fits(value: Any, dtype: dtype) -> bool:
    """Whether a number can be stored: a float within the limits, an unsigned integer also modulo its range."""
    if dtype.category == dtypes.INTEGRAL:
        limits = np.iinfo(dtype.numpy)
        lowest = limits.min if dtype.is_signed or isinstance(value, float) else -limits.max
        return lowest <= value <= limits.max
    return dtype is bool_ or not math.isfinite(value) or abs(value) <= np.finfo(dtype.numpy).max


def _number_array(value: Any, dtype: dtype) -> np.ndarray:
    """A 0-d array of a number that must fit."""
    if not _fits(value, dtype):
        name = dtype.c_name if dtype.is_floating_point or dtype.name == "int32" else f"{dtype.name}_t"
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")
    return np.array(value).astype(dtype.numpy)


def _refuse_bool(dtype: dtype, kernel: str) -> None:
    if dtype is bool_:
        raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")


# From data


def _is_sequence(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return True
    return hasattr(type(value), "__getitem__") and not isinstance(value, Tensor | dict | np.generic | str | bytes)


_PLAIN = {int, float, bool}


def _array_of(data: Any, dtype: dtype | None) -> np.ndarray:
    """A new array of the data; the dtype is found from the data if it is not given."""
    if isinstance(data, np.ndarray):
        with np.errstate(over="ignore", invalid="ignore"):
            return _checked_array(data).astype(dtype.numpy if dtype else data.dtype, order="C")
    shape, first = [], data
    while _is_sequence(first):  # the first item of each level tells the shape
        shape.append(len(first))
        first = first[0] if shape[-1] else None
    if shape and isinstance(first, str):
        raise ValueError("too many dimensions 'str'")
    flat = [data]
    for dim, size in enumerate(shape):
        flat = _flatter(flat, dim, size)
    types = set(map(type, flat))
    plain = types <= _PLAIN
    if dtype is None and plain:
        dtype = get_default_dtype() if float in types or not types else int64 if int in types else bool_
    dtype = dtype or _item_dtype(flat)
    if not plain or dtype.category == dtypes.INTEGRAL:
        flat = _stored(flat, dtype)
    with np.errstate(over="ignore"):
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
            warnings.warn(
                "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the "
                "list to a single numpy.ndarray with numpy.array() before converting to a tensor.",
                stacklevel=4,
            )
        flat.extend(row)
    return flat


def _item_dtype(data: Any) -> dtype:
    """The smallest dtype that holds the item, or every item of a list."""
    if isinstance(data, Tensor):
        return data.dtype
    if isinstance(data, np.generic | np.ndarray):
        return dtypes.of(_checked_array(np.asarray(data)))
    found = dtypes.number_dtype(data)
    if found is not None:
        return found
    if isinstance(data, complex):
        _read("Number", "tensor", "data", data)
    if isinstance(data, str | bytes):
        raise TypeError(f"new(): invalid data type '{dtypes.kind_name(data)}'")
    if not _is_sequence(data):
        raise RuntimeError(f"Could not infer dtype of {dtypes.kind_name(data)}")
    for item in data:
        found = dtypes.PROMOTED[found, _item_dtype(item)] if found else _item_dtype(item)
    return found or get_default_dtype()


def _stored(flat: list[Any], dtype: dtype) -> Any:
    """The items as Python numbers that the dtype can store, or PyTorch's complaint."""
    for place, item in enumerate(flat):
        if type(item) in (float, int):
            continue
        if isinstance(item, Tensor):
            if item.requires_grad:
                warnings.warn(
                    "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
                    "Consider using tensor.detach() first.",
                    stacklevel=4,
                )
            if dtype.category != dtypes.INTEGRAL:
                if item._array.size != 1:
                    raise ValueError("only one element tensors can be converted to Python scalars")
                flat[place] = item._array.item()
    if dtype is bool_:
        return list(map(bool, flat))
    if dtype.is_floating_point:
        return c_array.array("d", flat)  # which refuses what is no number in the words PyTorch has it from
    ints = [operator.index(item) for item in flat if not isinstance(item, float)] or [0]
    if not -(2**63) <= min(ints) <= max(ints) < 2**63:
        raise ValueError("Overflow when unpacking long long")
    for item in (min(ints), max(ints), *(item for item in flat if isinstance(item, float))):
        if not _fits(item, dtype):
            raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")
    return np.array(list(map(int, flat)), np.int64).astype(dtype.numpy)


def _checked_array(array: np.ndarray) -> np.ndarray:
    """The array itself if its memory can be a tensor's."""
    if min(array.strides, default=0) < 0:
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with "
            "array.copy().) "
        )
    if array.dtype not in dtypes.FROM_NUMPY:
        theirs = "complex64, complex128, ", "uint64, uint32, uint16, "
        ours = ("", "") if array.dtype.kind in "cu" else theirs  # what PyTorch takes and minigrad does not
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{array.dtype.type.__name__}. The only supported types are: "
            f"float64, float32, float16, {ours[0]}int64, int32, int16, int8, {ours[1]}uint8, and bool."
        )
    return array


def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
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
    dtype = read_dtype("tensor", dtype)
    dtypes.check_device(device, "tensor")
    if isinstance(data, Tensor):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
            stacklevel=2,
        )
        data = data._array
    return _wrap("tensor", _array_of(data, dtype), requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """The data as a tensor, copied only where it must be: a tensor stays itself, a numpy array shares its memory."""
    dtype = read_dtype("as_tensor", dtype)
    dtypes.check_device(device, "as_tensor")
    if isinstance(data, Tensor):
        source: Any = data
        return data if dtype in (None, data.dtype) else source.to(dtype)
    if isinstance(data, np.ndarray) and dtype in (None, dtypes.FROM_NUMPY.get(data.dtype)):
        return from_numpy(data)
    return wrap(_array_of(data, dtype))


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A leaf on the memory of a numpy array: what changes one changes the other."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {dtypes.kind_name(ndarray)})")
    if not ndarray.flags.writeable:
        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means "
            "writing to this tensor will result in undefined behavior. You may want to copy the array to protect its "
            "data or make it writable before converting it to a tensor. This type of warning will be suppressed for "
            "the rest of this program.",
            stacklevel=2,
        )
    return wrap(np.asarray(_checked_array(ndarray)))


# Filled


Fill = Callable[[np.ndarray, Generator], Any]


def _filled(name: str, what: str, fill: Fill) -> tuple[Any, Any]:
    """Two functions from one row: `name(*size)` makes a tensor of this size, `name_like(input)` one like another.

    `fill` writes into an array of zeros.
    """

    def sized(*size: Any, **options: Any) -> Tensor:
        shape = _read_shape(name, size, options)
        return _leaf(name, options, lambda dtype, draw: _written(np.zeros(shape, dtype.numpy), fill, draw))

    def like(input: Tensor, **options: Any) -> Tensor:
        blank = partial(np.zeros_like, _read("Tensor", f"{name}_like", "input", input, 1)._array, subok=False)
        make = lambda dtype, draw: _written(blank(dtype.numpy), fill, draw)  # noqa: E731
        return _leaf(f"{name}_like", options, make, input.dtype)

    for function, shape_of, ending in ((sized, "this size", ""), (like, "input's shape", "_like")):
        function.__name__ = function.__qualname__ = name + ending
        function.__doc__ = f"A tensor of {shape_of}: {what}."
    return sized, like


def _written(blank: np.ndarray, fill: Fill, generator: Generator) -> np.ndarray:
    fill(blank, generator)
    return blank


def _draw(distribution: Callable[..., np.ndarray]) -> Fill:
    return lambda blank, generator: random.fill(blank, distribution, 0, 1, generator=generator)


zeros, zeros_like = _filled("zeros", "zeros", lambda blank, _: None)
ones, ones_like = _filled("ones", "ones", lambda blank, _: blank.fill(1))
empty, empty_like = _filled("empty", "values not to be relied on (zeros, so that runs repeat)", lambda blank, _: None)
rand, rand_like = _filled("rand", "random numbers, even in [0, 1)", _draw(random.draw_uniform))
randn, randn_like = _filled("randn", "random numbers, normal with mean 0 and variance 1", _draw(random.draw_normal))


def full(size: Sequence[int], fill_value: Any, **options: Any) -> Tensor:
    """A tensor of this size with one value everywhere; the dtype is the value's unless another is given.

    >>> full((2,), 3), full((2,), 3.5)
    (tensor([3, 3]), tensor([3.5000, 3.5000]))
    """
    shape = _read_shape("full", (_read("tuple of ints", "full", "size", size, 1),))
    number = _read("Number", "full", "fill_value", fill_value, 2)
    default = dtypes.number_dtype(number)
    return _leaf("full", options, lambda dtype, _: np.full(shape, _number_array(number, dtype)), default)


def full_like(input: Tensor, fill_value: Any, **options: Any) -> Tensor:
    """A tensor of input's shape and dtype with one value everywhere."""
    source = _read("Tensor", "full_like", "input", input, 1)._array
    number = _read("Number", "full_like", "fill_value", fill_value, 2)
    make = lambda dtype, _: np.full_like(source, _number_array(number, dtype), dtype.numpy, subok=False)  # noqa: E731
    return _leaf("full_like", options, make, input.dtype)


def eye(n: SupportsIndex, m: SupportsIndex | None = None, **options: Any) -> Tensor:
    """Ones on the diagonal of an n × m (or n × n) matrix of zeros."""
    rows = _read("int", "eye", "n", n, 1)
    columns = rows if m is None else _read("int", "eye", "m", m, 2)
    for name, length in (("n", rows), ("m", columns)):
        if length < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {length}")
    return _leaf("eye", options, lambda dtype, _: np.eye(rows, columns, dtype=dtype.numpy))


# Counted


def arange(*bounds: Any, **options: Any) -> Tensor:
    """`arange(end)` or `arange(start, end, step=1)`: the numbers from start on, step by step, before end.

    int64 if all three are whole numbers, else of the default dtype.

    >>> arange(3), arange(1, 2, 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    names = ("end",) if len(bounds) == 1 and "end" not in options else ("start", "end", "step")
    given = _given("arange", names, bounds, options, "end")
    order = [name for name in ("start", "end", "step") if name in given]
    numbers = {name: _read("Number", "arange", name, given[name], order.index(name) + 1) for name in order}
    start, end, step = numbers.get("start", 0), numbers["end"], numbers.get("step", 1)
    whole = not any(isinstance(number, float) for number in (start, end, step))
    return _leaf("arange", options, lambda dtype, _: _counted(start, end, step, dtype), int64 if whole else None)


def _counted(start: Any, end: Any, step: Any, dtype: dtype) -> np.ndarray:
    _refuse_bool(dtype, "arange_cpu")
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
    # start + step * index, rounded as in PyTorch: 32 bytes at a time are counted on from a rounded first number
    lanes, index = 32 // dtype.itemsize, np.arange(count)
    in_lanes = index < count // (2 * lanes) * 2 * lanes
    first = np.where(in_lanes, index // lanes * lanes, index)
    wide = _WIDE[np.float64] if dtype is float64 else np.float64
    firsts = wide(start) + wide(step) * first
    firsts = np.where(in_lanes, firsts.astype(dtype.numpy), firsts.astype(np.float64))
    return (firsts + wide(step) * (index - first)).astype(np.float64).astype(dtype.numpy)


_WIDE: dict[Any, Any] = {np.float16: np.float16, np.float32: np.float64, np.float64: np.longdouble}
"""What a product and a sum are computed in so that they are rounded once, as a fused multiply-add does."""


def linspace(start: Any, end: Any, steps: SupportsIndex, **options: Any) -> Tensor:
    """`steps` numbers from start to end, both included, evenly spaced.

    >>> linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    first, last = _read("Number", "linspace", "start", start, 1), _read("Number", "linspace", "end", end, 2)
    count = _read("int", "linspace", "steps", steps, 3)
    if count < 0:
        raise RuntimeError("number of steps must be non-negative")

    def make(dtype: dtype, _: Generator) -> np.ndarray:
        _refuse_bool(dtype, "linspace_cpu")
        if count < 2:  # end does not matter then
            return np.full(count, _number_array(first, dtype))
        kind = dtype.numpy.type if dtype.is_floating_point else np.float64
        a, b, wide = kind(_number_array(first, dtype)), kind(_number_array(last, dtype)), _WIDE[kind]
        step, index = wide((b - a) / kind(count - 1)), np.arange(count).astype(wide)
        values = np.where(index < count // 2, wide(a) + step * index, wide(b) - step * (count - 1 - index))
        return values.astype(kind).astype(dtype.numpy)  # counted from both ends, so that they are symmetric

    return _leaf("linspace", options, make)


# Random. What is drawn, and in which order, is in random.py.


def randint(*bounds_and_size: Any, **options: Any) -> Tensor:
    """`randint(high, size)` or `randint(low, high, size)`: random whole numbers in [low, high), int64 by default."""
    by_name = [name for name in ("low", "high", "size") if name in options]
    names = [name for name in ("low", "high", "size") if name not in by_name]
    if len(bounds_and_size) < len(names) and "low" in names:
        names.remove("low")
    given = _given("randint", names, bounds_and_size, options, "high", "size")
    last = 0 if "size" in by_name else len(names)
    low, high = (
        _read("int", "randint", "low", given.get("low", 0), 1),
        _read("int", "randint", "high", given["high"], 1),
    )
    size = _read("tuple of ints", "randint", "size", given["size"], last)
    shape = _read_shape("randint", (size,), position=last)
    return _leaf("randint", options, lambda dtype, draw: random.draw_integers(shape, dtype, low, high, draw), int64)


def randint_like(input: Tensor, *bounds: SupportsIndex, **options: Any) -> Tensor:
    """`randint_like(input, high)` or `randint_like(input, low, high)`: as randint, of input's shape and dtype."""
    return randint(*bounds, size=input.shape, **{"dtype": input.dtype, **options})


def randperm(n: SupportsIndex, **options: Any) -> Tensor:
    """The numbers 0 to n - 1 in random order, int64 by default."""
    count = _read("int", "randperm", "n", n, 1)
    _read_shape("randperm", (count,))
    return _leaf("randperm", options, lambda dtype, draw: random.draw_permutation(count, dtype, draw), int64)


def normal(mean: Any, std: Any = 1.0, size: Sequence[int] | None = None, **options: Any) -> Tensor:
    """Normal random numbers of this mean and standard deviation: two numbers and a size, or tensors that broadcast."""
    if size is not None:
        shape, mean, std = _read_shape("normal", (size,), position=3), float(mean), float(std)
        return _leaf("normal", options, lambda dtype, draw: random.draw_normal(shape, dtype, mean, std, draw))
    like = mean if isinstance(mean, Tensor) else _read("Tensor", "normal", "std", std, 2)
    center, spread = (value._array if isinstance(value, Tensor) else np.asarray(float(value)) for value in (mean, std))
    if (spread < 0).any():
        raise RuntimeError("normal expects all elements of std >= 0.0")
    try:
        shape = np.broadcast_shapes(center.shape, spread.shape)
    except ValueError:
        raise broadcast_error(center.shape, spread.shape) from None

    def make(dtype: dtype, generator: Generator) -> np.ndarray:
        return (random.draw_normal(shape, dtype, 0.0, 1.0, generator) * spread + center).astype(dtype.numpy)

    return _leaf("normal", options, make, like.dtype)


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability each element of input says (or with p everywhere), else 0; dtype and shape of input."""
    return drawing.bernoulli_of(
        _read("Tensor", "bernoulli", "input", input, 1), p, generator or random.default_generator
    )


def multinomial(input: Tensor, num_samples: SupportsIndex, replacement: bool = False, **options: Any) -> Tensor:
    """Indices drawn from each row of weights, num_samples a row, an index as often as its weight says; int64."""
    weights = _read("Tensor", "multinomial", "input", input, 1)._array
    count = _read("int", "multinomial", "num_samples", num_samples, 2)
    return _leaf("multinomial", options, lambda _, draw: random.draw_multinomial(weights, count, replacement, draw))


# Methods: self.new_zeros(2, 3) makes what zeros(2, 3) makes, of self's dtype; self.uniform_() draws in place


def _new(make: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def method(self: Tensor, *args: Any, **options: Any) -> Tensor:
        return make(*args, **{"dtype": self.dtype, **options})

    method.__doc__ = f"What `{make.__name__}` makes, of this tensor's dtype unless another is given."
    return method


METHODS = {f"new_{make.__name__}": _new(make) for make in (zeros, ones, empty, full, tensor)}
METHODS |= {"bernoulli": bernoulli, "multinomial": multinomial}
METHODS |= {f"{draw.__name__}_": in_place(draw) for draw in drawing.IN_PLACE}

for _name, _method in METHODS.items():
    setattr(Tensor, _name, _method)


# The constructors of old: a size, or data of a dtype


def _legacy(dtype: dtype, /, *args: Any, data: Any = None, size: Any = None, device: Any = None) -> Tensor:
    dtypes.check_device(device, "new")
    if not args:
        args = (data,) if data is not None else (dtypes.Size(size or (0,)),)
    first: Any = args[0]
    if len(args) > 1 or isinstance(first, dtypes.Size) or (_is_int(first) and not isinstance(first, Tensor)):
        return wrap(np.zeros(_read_shape("new", args), dtype.numpy))
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


FloatTensor, LongTensor = partial(_legacy, float32), partial(_legacy, int64)
