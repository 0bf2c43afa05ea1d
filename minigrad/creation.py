"""How tensors come into being: from numbers, lists and numpy arrays, filled, counted or drawn at random.

Each function reads its arguments as PyTorch does (with its errors) and hands an array to `_leaf`, which knows what
all of them share: dtype, device, requires_grad, out. Nothing here has a history: results are leaves.
"""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes, random
from minigrad.dtypes import bool_, float64, get_default_dtype, int64
from minigrad.ops import drawing
from minigrad.ops.arguments import broadcast_error, must_be_tensor
from minigrad.ops.templates import OPERATIONS, in_place
from minigrad.tensor import Tensor, wrap

if TYPE_CHECKING:
    from typing import SupportsIndex, TypedDict, Unpack

    from minigrad.dtypes import dtype
    from minigrad.random import Generator

    class Options(TypedDict, total=False):
        """What the functions here take besides their own arguments (generator: those that draw random numbers)."""

        dtype: Any
        device: Any
        requires_grad: bool
        out: Tensor | None
        layout: Any
        pin_memory: bool
        memory_format: Any
        generator: Generator | None


# What all share

_PYTHON_DTYPES = {float: float64, int: int64, bool: bool_}
_C_NAMES = {
    dtypes.uint8: "uint8_t",
    dtypes.int8: "int8_t",
    dtypes.int16: "int16_t",
    dtypes.int32: "int",
    dtypes.int64: "int64_t",
    dtypes.float16: "c10::Half",
    dtypes.float32: "float",
    dtypes.float64: "double",
}


def _leaf(
    function: str,
    make: Callable[[dtype], np.ndarray],
    options: Any,
    default: dtype | None = None,
) -> Tensor:
    """The leaf (or `out`) holding `make(dtype)`, where the dtype is the one in the options or else the default."""
    dtype, out, requires_grad = default, None, False
    for name, value in options.items():
        if name not in _OPTIONS:
            raise TypeError(f"{function}() got an unexpected keyword argument '{name}'")
        if value is None:
            continue
        if name == "dtype":
            dtype = read_dtype(function, value)
        elif name == "device":
            dtypes.check_device(value, function)
        elif name == "requires_grad":
            requires_grad = _read_bool(function, name, value)
        elif name == "out":
            out = value
    if out is not None:
        return _write(function, out, make, dtype if options.get("dtype") else None)
    with np.errstate(all="ignore"):
        array = make(dtype or get_default_dtype())
    return _wrap(array, requires_grad)


_OPTIONS = ("dtype", "device", "requires_grad", "out", "layout", "pin_memory", "memory_format")


def _wrap(array: np.ndarray, requires_grad: bool) -> Tensor:
    if requires_grad and array.dtype.kind != "f":
        raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
    return wrap(array, requires_grad)


def _write(function: str, out: Any, make: Callable[[dtype], np.ndarray], dtype: dtype | None) -> Tensor:
    if not isinstance(out, Tensor):
        raise TypeError(f"{function}(): argument 'out' must be Tensor, not {_kind(out)}")
    if dtype is not None and dtype is not out.dtype:
        raise RuntimeError(f"dtype {dtype.scalar_name} does not match dtype of out parameter ({out.dtype.scalar_name})")
    if out.requires_grad:
        raise RuntimeError(
            f"aten::{function}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    array = make(out.dtype)
    if array.shape == out._array.shape:
        out._array[...] = array
    else:
        out._array = array
    out._changed()
    return out


def _kind(value: object) -> str:
    """The name error messages give a value's type."""
    kind = type(value)
    if isinstance(value, Tensor):
        return "Tensor"
    return f"numpy.{kind.__name__}" if isinstance(value, np.generic) else kind.__name__


def read_dtype(function: str, value: Any) -> dtype:
    """A dtype given as such or as Python's float, int or bool."""
    if isinstance(value, dtypes.dtype):
        return value
    if value is complex:
        raise _no_complex()
    found = _PYTHON_DTYPES.get(value) if isinstance(value, type) else None
    if found is None:
        raise TypeError(f"{function}(): argument 'dtype' must be torch.dtype, not {_kind(value)}")
    return found


def _no_complex() -> NotImplementedError:
    return NotImplementedError("minigrad has no complex dtypes: " + ", ".join(map(str, dtypes.DTYPES)))


def _read_bool(function: str, name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{function}(): argument '{name}' must be bool, not {_kind(value)}")
    return value


def _is_int(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value._array.ndim == 0 and value._array.dtype.kind in "iu"
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _read_int(function: str, name: str, position: int, value: Any) -> int:
    if not _is_int(value):
        raise TypeError(f"{function}(): argument '{name}' (position {position}) must be int, not {_kind(value)}")
    return operator.index(value)


def _read_number(function: str, name: str, position: int, value: Any) -> Any:
    """A Python number from a number or a 0-d tensor outside the graph."""
    if isinstance(value, Tensor) and value._array.ndim == 0 and not value.requires_grad:
        return value._array.item()
    if dtypes.number_dtype(value) is None:
        if isinstance(value, complex):
            raise _no_complex()
        raise TypeError(f"{function}(): argument '{name}' (position {position}) must be Number, not {_kind(value)}")
    if isinstance(value, np.bool_):
        return float(value)  # as PyTorch takes it
    return value.item() if isinstance(value, np.generic) else value


def _read_generator(function: str, options: Any) -> Generator:
    generator = options.pop("generator", None)
    if generator is None:
        return random.default_generator
    if not isinstance(generator, random.Generator):
        raise TypeError(f"{function}(): argument 'generator' must be torch.Generator, not {_kind(generator)}")
    return generator


def _read_tensor(function: str, name: str, position: int, value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise must_be_tensor(function, name, position, value)
    return value


def _read_shape(function: str, sizes: Any, options: Any = None, position: int = 1) -> tuple[int, ...]:
    """A shape given as `f(2, 3)`, `f((2, 3))` or `f(size=(2, 3))`; no length may be negative."""
    where = f" (position {position})"
    if options and "size" in options:
        if sizes:
            raise TypeError(f"{function}() got multiple values for argument 'size'")
        sizes, where = (options.pop("size"),), ""
    if not sizes:
        raise TypeError(f'{function}() missing 1 required positional arguments: "size"')
    if isinstance(sizes[0], tuple | list):
        if len(sizes) > 1:
            raise TypeError(f"{function}() takes 1 positional argument but {len(sizes)} were given")
        sizes = tuple(sizes[0])
        if sizes and not _is_int(sizes[0]):
            raise TypeError(
                f"{function}(): argument 'size'{where} must be tuple of ints, "
                f"but found element of type {_kind(sizes[0])} at pos 0"
            )
    elif not where or not _is_int(sizes[0]):
        raise TypeError(f"{function}(): argument 'size'{where} must be tuple of ints, not {_kind(sizes[0])}")
    for place, size in enumerate(sizes, 1):
        if not _is_int(size) and not isinstance(size, bool):
            raise TypeError(
                f"{function}(): argument 'size' failed to unpack the object at pos {place} "
                f'with error "type must be tuple of ints,but got {_kind(size)}"'
            )
    shape = tuple(map(operator.index, sizes))
    for size in shape:
        if size < 0:
            if function == "zeros":
                raise RuntimeError("zeros: Dimension size must be non-negative.")
            raise RuntimeError(f"Trying to create tensor with negative dimension {size}: {list(shape)}")
    return shape


def _fits(value: Any, dtype: dtype) -> bool:
    """Whether a number can be stored: a float within the limits, an unsigned integer also modulo its range."""
    if dtype is bool_:
        return True
    if dtype.is_floating_point:
        return not math.isfinite(value) or abs(value) <= dtypes.finfo(dtype).max
    limits = dtypes.iinfo(dtype)
    lowest = limits.min if dtype.is_signed or isinstance(value, float) else -limits.max
    return lowest <= value <= limits.max


def _number_array(value: Any, dtype: dtype) -> np.ndarray:
    """A 0-d array of a number that must fit."""
    if not _fits(value, dtype):
        raise RuntimeError(f"value cannot be converted to type {_C_NAMES[dtype]} without overflow")
    if dtype.category == dtypes.INTEGRAL:
        value = int(value) % 2 ** (8 * dtype.itemsize) if value < 0 and not dtype.is_signed else int(value)
    return np.array(value, dtype.numpy)


# From data

_PLAIN = {int, float, bool}


def _leaf_types(data: Iterable[Any]) -> set[type]:
    """The types of what nested lists hold; a list among them says that they are not nested evenly."""
    types = set(map(type, data))
    if types and types <= {list, tuple}:
        return set().union(*map(_leaf_types, data))
    return types


def _array_of(data: Any, dtype: dtype | None) -> np.ndarray:
    """A new array of the data; the dtype is found from the data if it is not given."""
    if isinstance(data, np.ndarray) or (isinstance(data, np.generic) and dtype is None):
        array = _checked_array(np.asarray(data))
        with np.errstate(over="ignore", invalid="ignore"):
            return array.astype(dtype.numpy if dtype else array.dtype, order="C")
    if isinstance(data, str | bytes):
        raise TypeError(f"new(): invalid data type '{_kind(data)}'")
    types = _leaf_types(data) if isinstance(data, list | tuple) else {type(data)}
    if types <= _PLAIN and not (float in types and dtype and dtype.category == dtypes.INTEGRAL):
        target = dtype or _plain_dtype(types)
        try:
            with np.errstate(over="ignore"):
                if target is int64 or target.category != dtypes.INTEGRAL:
                    return np.array(data, target.numpy)
        except ValueError:  # not nested evenly: below, the odd one out is found
            pass
        except OverflowError:
            if target is int64:
                raise ValueError("Overflow when unpacking long long") from None
            raise
    sizes = _sizes(data)
    target = dtype or _inferred(data)
    flat: list[Any] = []
    _collect(data, sizes, 0, target, flat)
    with np.errstate(over="ignore"):
        return np.array(flat, target.numpy).reshape(sizes)


def _plain_dtype(types: set[type]) -> dtype:
    if float in types or not types:
        return get_default_dtype()
    return int64 if int in types else bool_


def _is_sequence(value: Any) -> bool:
    if isinstance(value, list | tuple | range | np.ndarray):
        return True
    return hasattr(type(value), "__getitem__") and not isinstance(value, Tensor | dict | np.generic)


def _sizes(data: Any) -> tuple[int, ...]:
    """The shape, told by the first item of each level."""
    sizes = []
    while _is_sequence(data):
        if isinstance(data, str) and data:
            raise ValueError(f"too many dimensions '{_kind(data)}'")
        sizes.append(len(data))
        if not sizes[-1] or isinstance(data, str | bytes):
            break
        data = data[0]
    return tuple(sizes)


def _inferred(data: Any) -> dtype:
    """The smallest dtype that holds every item."""
    if isinstance(data, Tensor):
        return data.dtype
    if isinstance(data, np.generic | np.ndarray):
        return dtypes.of(_checked_array(np.asarray(data)))
    found = dtypes.number_dtype(data)
    if found is not None:
        return found
    if isinstance(data, complex):
        raise _no_complex()
    if isinstance(data, str | bytes):
        raise TypeError(f"new(): invalid data type '{_kind(data)}'")
    if not _is_sequence(data):
        raise RuntimeError(
            f"Could not infer dtype of {'torch.dtype' if isinstance(data, dtypes.dtype) else _kind(data)}"
        )
    for item in data:
        found = _inferred(item) if found is None else dtypes.PROMOTED[found, _inferred(item)]
    return found or get_default_dtype()


def _collect(data: Any, sizes: Sequence[int], dim: int, dtype: dtype, flat: list[Any]) -> None:
    if dim == len(sizes):
        if isinstance(data, Tensor) and data.requires_grad:
            warnings.warn(
                "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
                "Consider using tensor.detach() first.",
                stacklevel=dim + 4,
            )
        flat.append(_stored(data, dtype))
        return
    if not _is_sequence(data):
        raise TypeError("not a sequence")
    if len(data) != sizes[dim]:
        raise ValueError(f"expected sequence of length {sizes[dim]} at dim {dim} (got {len(data)})")
    if dim and isinstance(data, np.ndarray):
        warnings.warn(
            "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider converting the list "
            "to a single numpy.ndarray with numpy.array() before converting to a tensor.",
            stacklevel=dim + 4,
        )
    if 0 in sizes[dim:]:
        return
    for item in data:
        _collect(item, sizes, dim + 1, dtype, flat)


def _stored(value: Any, dtype: dtype) -> Any:
    """One item as a Python number that numpy can store, or PyTorch's complaint."""
    if isinstance(value, Tensor) and dtype.category != dtypes.INTEGRAL:
        if value._array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return value._array.item()
    if dtype is bool_:
        return bool(value)
    if dtype.is_floating_point:
        if not hasattr(type(value), "__float__") and not hasattr(type(value), "__index__"):
            raise TypeError(f"must be real number, not {_kind(value)}")
        return float(value)
    if not isinstance(value, float):
        if not hasattr(type(value), "__index__"):
            raise TypeError(f"'{_kind(value)}' object cannot be interpreted as an integer")
        value = operator.index(value)
        if not -(2**63) <= value < 2**63:
            raise ValueError("Overflow when unpacking long long")
    if not (math.isfinite(value) and _fits(value, dtype)):
        raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")
    return int(value) % 256 if dtype is dtypes.uint8 else int(value)


def _checked_array(array: np.ndarray) -> np.ndarray:
    """The array itself if its memory can be a tensor's."""
    kind = array.dtype
    if any(stride < 0 for stride in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with "
            "array.copy().) "
        )
    if not kind.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. "
            "Conversion between byte orders is currently not supported."
        )
    if kind not in dtypes.FROM_NUMPY:
        theirs = "complex64, complex128, ", "uint64, uint32, uint16, "
        ours = ("", "") if kind.kind in "cu" else theirs  # what PyTorch takes and minigrad does not
        raise TypeError(
            f"can't convert np.ndarray of type numpy.{kind.type.__name__}. The only supported types are: float64, "
            f"float32, float16, {ours[0]}int64, int32, int16, int8, {ours[1]}uint8, and bool."
        )
    return array


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
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

    https://docs.pytorch.org/docs/2.13/generated/torch.tensor.html
    """
    if dtype is not None:
        dtype = read_dtype("tensor", dtype)
    dtypes.check_device(device, "tensor")
    _read_bool("tensor", "requires_grad", requires_grad)
    if isinstance(data, Tensor):
        return _wrap(_copied(data, dtype, "torch.tensor(sourceTensor)"), requires_grad)
    return _wrap(_array_of(data, dtype), requires_grad)


def _copied(source: Tensor, dtype: dtype | None, call: str) -> np.ndarray:
    warnings.warn(
        "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
        f"sourceTensor.detach().clone().requires_grad_(True), rather than {call}.",
        stacklevel=3,
    )
    with np.errstate(over="ignore", invalid="ignore"):
        return source._array.astype(dtype.numpy if dtype else source._array.dtype)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """The data as a tensor, copied only where it must be: a tensor stays itself, a numpy array shares its memory.

    https://docs.pytorch.org/docs/2.13/generated/torch.as_tensor.html
    """
    if dtype is not None:
        dtype = read_dtype("as_tensor", dtype)
    dtypes.check_device(device, "as_tensor")
    if isinstance(data, Tensor):
        source: Any = data
        return data if dtype in (None, data.dtype) else source.to(dtype)
    if isinstance(data, np.ndarray) and dtype in (None, dtypes.FROM_NUMPY.get(data.dtype)):
        return from_numpy(data)
    return wrap(_array_of(data, dtype))


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A leaf on the memory of a numpy array: what changes one changes the other.

    Raises:
        TypeError: not an array, or of a dtype tensors do not have.
        ValueError: negative strides or foreign byte order.

    https://docs.pytorch.org/docs/2.13/generated/torch.from_numpy.html
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {_kind(ndarray)})")
    if not ndarray.flags.writeable:
        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means "
            "writing to this tensor will result in undefined behavior. You may want to copy the array to protect its "
            "data or make it writable before converting it to a tensor. This type of warning will be suppressed for "
            "the rest of this program.",
            stacklevel=2,
        )
    return wrap(np.asarray(_checked_array(ndarray)))


def scalar_tensor(s: Any, **options: Unpack[Options]) -> Tensor:
    """A 0-d leaf with this number, of the default dtype unless another is given."""
    number = _read_number("scalar_tensor", "s", 1, s)
    return _leaf("scalar_tensor", lambda dtype: _number_array(number, dtype), options)


# Filled with one value


def _filled(name: str, what: str, fill: Callable[[np.ndarray, Generator], Any] | None) -> tuple[Any, Any]:
    """Two functions from one row: `name(*size)` makes a tensor of this size, `name_like(input)` one like another."""

    def generator_of(options: Any) -> Generator:
        return _read_generator(name, options) if name.startswith("rand") else random.default_generator

    def array(blank: np.ndarray, generator: Generator) -> np.ndarray:
        if fill is not None:
            fill(blank, generator)
        return blank

    def sized(*size: Any, **options: Unpack[Options]) -> Tensor:
        shape, generator = _read_shape(name, size, options), generator_of(options)
        return _leaf(name, lambda dtype: array(np.zeros(shape, dtype.numpy), generator), options)

    def like(input: Tensor, **options: Unpack[Options]) -> Tensor:
        source, generator = _read_tensor(f"{name}_like", "input", 1, input)._array, generator_of(options)
        make = lambda dtype: array(np.zeros_like(source, dtype.numpy, subok=False), generator)  # noqa: E731
        return _leaf(f"{name}_like", make, options, input.dtype)

    page = "https://docs.pytorch.org/docs/2.13/generated/torch."
    for function, text in ((sized, f"A tensor of this size: {what}."), (like, f"A tensor of input's shape: {what}.")):
        function.__name__ = function.__qualname__ = name if function is sized else f"{name}_like"
        function.__doc__ = f"{text}\n\n    {page}{function.__name__}.html"
    return sized, like


zeros, zeros_like = _filled("zeros", "zeros", None)
ones, ones_like = _filled("ones", "ones", lambda array, _: array.fill(1))
empty, empty_like = _filled("empty", "values not to be relied on (here zeros, so that runs repeat)", None)
rand, rand_like = _filled(
    "rand",
    "random numbers, even in [0, 1)",
    lambda array, generator: random.fill(array, random.draw_uniform, 0, 1, generator=generator),
)
randn, randn_like = _filled(
    "randn",
    "random numbers, normal with mean 0 and variance 1",
    lambda array, generator: random.fill(array, random.draw_normal, 0, 1, generator=generator),
)


def full(size: Sequence[int], fill_value: Any, **options: Unpack[Options]) -> Tensor:
    """A tensor of this size with one value everywhere; the dtype is the value's unless another is given.

    Raises:
        RuntimeError: the dtype cannot hold the value.

    >>> full((2,), 3), full((2,), 3.5)
    (tensor([3, 3]), tensor([3.5000, 3.5000]))

    https://docs.pytorch.org/docs/2.13/generated/torch.full.html
    """
    if not isinstance(size, tuple | list):
        raise TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not {_kind(size)}")
    shape = _read_shape("full", (size,))
    number = _read_number("full", "fill_value", 2, fill_value)
    default = dtypes.number_dtype(number)
    return _leaf("full", lambda dtype: np.full(shape, _number_array(number, dtype)), options, default)


def full_like(input: Tensor, fill_value: Any, **options: Unpack[Options]) -> Tensor:
    """A tensor of input's shape and dtype with one value everywhere.

    https://docs.pytorch.org/docs/2.13/generated/torch.full_like.html
    """
    source = _read_tensor("full_like", "input", 1, input)._array
    number = _read_number("full_like", "fill_value", 2, fill_value)
    make = lambda dtype: np.full_like(source, _number_array(number, dtype), dtype.numpy, subok=False)  # noqa: E731
    return _leaf("full_like", make, options, input.dtype)


def eye(n: SupportsIndex, m: SupportsIndex | None = None, **options: Unpack[Options]) -> Tensor:
    """Ones on the diagonal of an n × m (or n × n) matrix of zeros.

    https://docs.pytorch.org/docs/2.13/generated/torch.eye.html
    """
    rows = _read_int("eye", "n", 1, n)
    columns = rows if m is None else _read_int("eye", "m", 2, m)
    for name, length in (("n", rows), ("m", columns)):
        if length < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {length}")
    return _leaf("eye", lambda dtype: np.eye(rows, columns, dtype=dtype.numpy), options)


# Counted


def _indices(function: str, row: Any, col: Any, offset: Any, options: Any) -> Tensor:
    """The coordinates of a matrix's lower or upper triangle, row by row."""
    row, col = _read_int(function, "row", 1, row), _read_int(function, "col", 2, col)
    for name, length in (("row", row), ("col", col)):
        if length < 0:
            raise RuntimeError(f"{name} must be non-negative, got{length}")
    find = np.tril_indices if function == "tril_indices" else np.triu_indices

    def make(dtype: dtype) -> np.ndarray:
        if dtype not in (int64, dtypes.int32):
            raise NotImplementedError(f"\"{function}\" not implemented for '{dtype.scalar_name}'")
        return np.stack(find(row, _read_int(function, "offset", 3, offset), col)).astype(dtype.numpy)

    return _leaf(function, make, options, int64)


def tril_indices(row: int, col: int, offset: int = 0, **options: Unpack[Options]) -> Tensor:
    """The coordinates (2 × count, int64) of a row × col matrix's lower triangle."""
    return _indices("tril_indices", row, col, offset, options)


def triu_indices(row: int, col: int, offset: int = 0, **options: Unpack[Options]) -> Tensor:
    """The coordinates (2 × count, int64) of a row × col matrix's upper triangle."""
    return _indices("triu_indices", row, col, offset, options)


_TAIL = "torch.dtype dtype = None, torch.layout layout = None, torch.device device = None, "
_TAIL += "bool pin_memory = False, bool requires_grad = False)"
_OUT_TAIL = "*, Tensor out = None, " + _TAIL
_ARANGE_FORMS = (
    f"(Number end, {_OUT_TAIL}",
    f"(Number start, Number end, *, {_TAIL}",
    f"(Number start, Number end, Number step = 1, {_OUT_TAIL}",
)
_LINSPACE_FORMS = tuple(
    f"({start} start, {end} end, int steps, {_OUT_TAIL}"
    for start, end in (("Tensor", "Tensor"), ("Number", "Tensor"), ("Tensor", "Number"), ("Number", "Number"))
)
_RANDINT_FORMS = tuple(
    f"({bounds}, tuple of ints size, *, {generator}{_OUT_TAIL[3:]}"
    for bounds in ("int high", "int low, int high")
    for generator in ("torch.Generator generator, ", "")
)


def arange(*bounds: Any, **options: Any) -> Tensor:
    """`arange(end)` or `arange(start, end, step=1)`: the numbers from start on, step by step, before end.

    int64 if all three are whole numbers, else of the default dtype.

    Raises:
        RuntimeError: step is 0, or leads away from end.

    >>> arange(3), arange(1, 2, 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))

    https://docs.pytorch.org/docs/2.13/generated/torch.arange.html
    """
    names = ("end",) if len(bounds) == 1 and "end" not in options else ("start", "end", "step")
    if len(bounds) > 3 or not (bounds or "start" in options or "end" in options):
        raise dtypes.invalid_combination("arange", bounds, _ARANGE_FORMS)
    given: dict[str, Any] = dict(zip(names, bounds, strict=False))
    for name in ("start", "end", "step"):
        if name in options:
            given[name] = options.pop(name)
    if "end" not in given:
        raise TypeError('arange() missing 1 required positional arguments: "end"')
    numbers = {
        name: _read_number("arange", name, position, given[name])
        for position, name in enumerate((n for n in ("start", "end", "step") if n in given), 1)
    }
    start, end, step = numbers.get("start", 0), numbers["end"], numbers.get("step", 1)
    whole = not any(isinstance(number, float) for number in (start, end, step))

    def make(dtype: dtype) -> np.ndarray:
        if dtype is bool_:
            raise NotImplementedError("\"arange_cpu\" not implemented for 'Bool'")
        return _counted(start, end, step, dtype)

    return _leaf("arange", make, options, int64 if whole else None)


def _counted(start: Any, end: Any, step: Any, dtype: dtype) -> np.ndarray:
    for number in (start, end, step):
        if not -(2**63) <= number < 2**63 and not isinstance(number, float):
            raise RuntimeError("value cannot be converted to type int64_t without overflow")
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
    if dtype.is_floating_point:
        return _steps(start, step, count, dtype)
    return (int(start) + int(step) * np.arange(count, dtype=np.int64)).astype(dtype.numpy)


_WIDE: dict[Any, Any] = {np.float16: np.float16, np.float32: np.float64, np.float64: np.longdouble}
"""What a product and a sum are computed in so that they are rounded once, as a fused multiply-add does."""


def _steps(start: float, step: float, count: int, dtype: dtype) -> np.ndarray:
    """start + step * index, rounded as in PyTorch: 32 bytes at a time are counted on from a rounded first number."""
    lanes, index = 32 // dtype.itemsize, np.arange(count)
    in_lanes = index < count // (2 * lanes) * 2 * lanes
    first = np.where(in_lanes, index // lanes * lanes, index)
    wide = _WIDE[np.float64] if dtype is float64 else np.float64
    firsts = wide(start) + wide(step) * first
    firsts = np.where(in_lanes, firsts.astype(dtype.numpy), firsts.astype(np.float64))
    return (firsts + wide(step) * (index - first)).astype(np.float64).astype(dtype.numpy)


_NUMBERS = (int, float, np.number, Tensor)


def _spaced(function: str, start: Any, end: Any, steps: Any, options: Any, base: float | None = None) -> Tensor:
    """Evenly spaced numbers, or a base to their power; counted from both ends, so that they are symmetric."""
    for name, bound in (("start", start), ("end", end)):
        if isinstance(bound, Tensor) and bound._array.ndim:
            raise RuntimeError(
                f"{function} only supports 0-dimensional start and end tensors, "
                f"but got {name} with {bound._array.ndim} dimension(s)."
            )
    given = (start, end) if steps is None else (start, end, steps)
    if not (isinstance(start, _NUMBERS) and isinstance(end, _NUMBERS) and _is_int(steps)):
        tail = "int steps, float base = 10.0" if function == "logspace" else "int steps"
        raise dtypes.invalid_combination(function, given, [f.replace("int steps", tail) for f in _LINSPACE_FORMS])
    first, last = _read_number(function, "start", 1, start), _read_number(function, "end", 2, end)
    count = operator.index(steps)
    if count < 0:
        raise RuntimeError("number of steps must be non-negative")

    def make(dtype: dtype) -> np.ndarray:
        if dtype is bool_:
            raise NotImplementedError(f"\"{function}_cpu\" not implemented for 'Bool'")
        if count < 2:  # end does not matter then
            only = first if base is None else base ** float(first)
            return np.full(count, _number_array(only, dtype) if count else 0, dtype.numpy)
        kind = dtype.numpy.type if dtype.is_floating_point else np.float64
        wide = kind if base is not None else _WIDE[kind]
        a, b = kind(_number_array(first, dtype)), kind(_number_array(last, dtype))
        step, index = wide((b - a) / kind(count - 1)), np.arange(count)
        values = np.where(
            index < count // 2,
            wide(a) + step * index.astype(wide),
            wide(b) - step * (count - 1 - index).astype(wide),
        )
        return (values if base is None else np.power(kind(base), values)).astype(kind).astype(dtype.numpy)

    return _leaf(function, make, options)


def linspace(start: Any, end: Any, steps: Any = None, **options: Unpack[Options]) -> Tensor:
    """`steps` numbers from start to end, both included, evenly spaced.

    >>> linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])

    https://docs.pytorch.org/docs/2.13/generated/torch.linspace.html
    """
    return _spaced("linspace", start, end, steps, options)


def logspace(start: Any, end: Any, steps: Any = None, base: float = 10.0, **options: Unpack[Options]) -> Tensor:
    """`steps` numbers from base ** start to base ** end, their logarithms evenly spaced.

    https://docs.pytorch.org/docs/2.13/generated/torch.logspace.html
    """
    return _spaced("logspace", start, end, steps, options, base)


# Random. What is drawn, and in which order, is in random.py.


def randint(*bounds_and_size: Any, **options: Any) -> Tensor:
    """`randint(high, size)` or `randint(low, high, size)`: random whole numbers in [low, high), int64 by default.

    https://docs.pytorch.org/docs/2.13/generated/torch.randint.html
    """
    given: dict[str, Any] = {name: options.pop(name) for name in ("low", "high", "size") if name in options}
    three = len(bounds_and_size) + len(given) > 2 or "low" in given
    by_name = "size" in given
    names: tuple[str, ...] = ("low", "high", "size") if three else ("high", "size")
    given.update(zip(names, bounds_and_size, strict=False))
    for name in ("high", "size"):
        if name not in given:
            raise TypeError(f'randint() missing 1 required positional arguments: "{name}"')
    low, high, size = given.get("low", 0), given["high"], given["size"]
    if three and not (_is_int(low) and _is_int(high) and isinstance(size, tuple | list) and all(map(_is_int, size))):
        raise dtypes.invalid_combination("randint", bounds_and_size, _RANDINT_FORMS)
    low, high = operator.index(low), _read_int("randint", "high", 1, high)
    if not isinstance(size, tuple | list):
        where = "" if by_name else " (position 2)"
        raise TypeError(f"randint(): argument 'size'{where} must be tuple of ints, not {_kind(size)}")
    if not -(2**63) <= low < 2**63 or not -(2**63) <= high < 2**63:
        raise ValueError("Overflow when unpacking long long")
    shape, generator = _read_shape("randint", (size,), position=2), _read_generator("randint", options)
    return _leaf("randint", lambda dtype: random.draw_integers(shape, dtype, low, high, generator), options, int64)


def randint_like(input: Tensor, *bounds: SupportsIndex, **options: Any) -> Tensor:
    """`randint_like(input, high)` or `randint_like(input, low, high)`: as randint, of input's shape and dtype."""
    _read_tensor("randint_like", "input", 1, input)
    options.setdefault("dtype", input.dtype)
    return randint(*bounds, size=input.shape, **options)


def randperm(n: SupportsIndex, **options: Unpack[Options]) -> Tensor:
    """The numbers 0 to n - 1 in random order, int64 by default.

    https://docs.pytorch.org/docs/2.13/generated/torch.randperm.html
    """
    count, generator = _read_int("randperm", "n", 1, n), _read_generator("randperm", options)
    _read_shape("randperm", (count,))

    def make(dtype: dtype) -> np.ndarray:
        if dtype is bool_:
            raise NotImplementedError("\"randperm\" not implemented for 'Bool'")
        if dtype.is_floating_point:
            digits = np.finfo(dtype.numpy).nmant + 1
            if count > 2**digits + 1:
                limit = "2049" if dtype is dtypes.float16 else f"2^{digits}+1"
                raise RuntimeError(f"n cannot be greater than {limit} for {dtype.scalar_name} type.")
        else:
            _number_array(count, dtype)
        return random.draw_permutation(count, dtype, generator)

    return _leaf("randperm", make, options, int64)


def normal(mean: Any, std: Any = 1.0, size: Sequence[int] | None = None, **options: Unpack[Options]) -> Tensor:
    """Normal random numbers of this mean and standard deviation: two numbers and a size, or tensors that broadcast.

    Raises:
        RuntimeError: a standard deviation is negative.

    https://docs.pytorch.org/docs/2.13/generated/torch.normal.html
    """
    generator = _read_generator("normal", options)
    tensors = isinstance(mean, Tensor), isinstance(std, Tensor)
    if any(tensors) != (size is None):
        kinds = (mean, std) if size is None else (mean, std, size)
        raise dtypes.invalid_combination("normal", kinds, _NORMAL_FORMS)
    if size is not None:
        center, spread, shape = float(mean), float(std), _read_shape("normal", (size,), position=3)
        return _leaf("normal", lambda dtype: random.draw_normal(shape, dtype, center, spread, True, generator), options)
    if tensors[1] and (std._array < 0).any():
        raise RuntimeError("normal expects all elements of std >= 0.0")
    arrays = [value._array if isinstance(value, Tensor) else value for value in (mean, std)]
    try:
        shape = np.broadcast_shapes(*(np.shape(array) for array in arrays))
    except ValueError:
        raise broadcast_error(arrays[0].shape, arrays[1].shape) from None

    def make(dtype: dtype) -> np.ndarray:
        drawn = random.draw_normal(shape, dtype, 0.0, 1.0 if tensors[1] else float(std), True, generator)
        if tensors[1]:
            drawn = drawn * arrays[1]
        return (drawn + arrays[0]).astype(dtype.numpy)

    return _leaf("normal", make, options, (mean if tensors[0] else std).dtype)


_NORMAL_FORMS = (
    "(Tensor mean, Tensor std, *, torch.Generator generator = None, Tensor out = None)",
    "(Tensor mean, float std = 1, *, torch.Generator generator = None, Tensor out = None)",
    "(float mean, Tensor std, *, torch.Generator generator = None, Tensor out = None)",
    "(float mean, float std, tuple of ints size, *, torch.Generator generator = None, Tensor out = None, " + _TAIL,
)


def bernoulli(input: Tensor, p: float | None = None, **options: Unpack[Options]) -> Tensor:
    """1 with the probability each element of input says (or with p everywhere), else 0; dtype and shape of input.

    https://docs.pytorch.org/docs/2.13/generated/torch.bernoulli.html
    """
    _read_tensor("bernoulli", "input", 1, input)
    generator = _read_generator("bernoulli", options)
    if not options:
        return drawing.bernoulli_of(input, p, generator)
    array, chance = input._array, input._array if p is None else p
    make = lambda dtype: random.draw_bernoulli(array.shape, dtype, chance, generator)  # noqa: E731
    return _leaf("bernoulli", make, options, input.dtype)


def multinomial(
    input: Tensor, num_samples: SupportsIndex, replacement: bool = False, **options: Unpack[Options]
) -> Tensor:
    """Indices drawn from each row of weights, num_samples a row, an index as often as its weight says; int64.

    https://docs.pytorch.org/docs/2.13/generated/torch.multinomial.html
    """
    weights = _read_tensor("multinomial", "input", 1, input)._array
    count, generator = _read_int("multinomial", "num_samples", 2, num_samples), _read_generator("multinomial", options)
    return _leaf(
        "multinomial", lambda _: random.draw_multinomial(weights, count, replacement, generator), options, int64
    )


# Methods: self.new_zeros(2, 3) makes what zeros(2, 3) makes, of self's dtype; self.uniform_() draws in place


def _new(make: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def method(self: Tensor, *args: Any, **options: Any) -> Tensor:
        options.setdefault("dtype", self.dtype)
        return make(*args, **options)

    method.__doc__ = f"What `{make.__name__}` makes, of this tensor's dtype unless another is given."
    return method


METHODS = {f"new_{make.__name__}": _new(make) for make in (zeros, ones, empty, full, tensor)}
METHODS |= {"bernoulli": bernoulli, "multinomial": multinomial}
METHODS |= {f"{draw.__name__}_": in_place(draw) for draw in drawing.IN_PLACE}

for _name, _method in METHODS.items():
    setattr(Tensor, _name, _method)


# The constructor of old: a size, or data of the default dtype


def legacy_constructor(cls: type[Tensor], *args: Any, **options: Any) -> Tensor:
    """`Tensor(2, 3)`, `Tensor([1, 2])`, `Tensor(other)`: a leaf of the default dtype, or another's memory.

    https://docs.pytorch.org/docs/2.13/tensors.html#torch.Tensor
    """
    made = _legacy(get_default_dtype(), *args, **options)
    if cls is not Tensor:
        made.__class__ = cls
    return made


def _legacy(dtype: dtype, /, *args: Any, data: Any = None, size: Any = None, device: Any = None) -> Tensor:
    dtypes.check_device(device, "new")
    if not args:
        args = (data,) if data is not None else (dtypes.Size((0,) if size is None else size),)
    first: Any = args[0]
    if len(args) > 1 or isinstance(first, dtypes.Size) or (_is_int(first) and not isinstance(first, Tensor)):
        return wrap(np.zeros(_read_shape("new", args), dtype.numpy))
    if isinstance(first, Tensor):
        return OPERATIONS["AliasBackward0"](first)
    if not _is_sequence(first):
        raise TypeError(f"new(): data must be a sequence (got {_kind(first)})")
    return wrap(_array_of(first, dtype))


class _Typed(type):
    """The class of FloatTensor and its like: calling makes a tensor of the dtype, isinstance asks for it."""

    dtype: dtype

    def __call__(cls, *args: Any, **options: Any) -> Tensor:
        if args and isinstance(args[0], Tensor) and args[0].dtype is not cls.dtype:
            raise TypeError(f"expected a tensor of {cls.dtype}, got one of {args[0].dtype}")
        return _legacy(cls.dtype, *args, **options)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype


ByteTensor, CharTensor, ShortTensor, IntTensor, LongTensor, HalfTensor, FloatTensor, DoubleTensor, BoolTensor = (
    _Typed(f"{dtype.scalar_name}Tensor", (), {"dtype": dtype}) for dtype in dtypes.DTYPES
)
