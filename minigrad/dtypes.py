"""The dtypes and what goes with them: promotion, finfo and iinfo, and the small value types Size and device.

A dtype carries its numpy counterpart (`float32.numpy`) and `FROM_NUMPY` leads back, so both directions are one look-up.
`float`, `int` and `bool` keep their Python meaning in here: the package gives these names to float32, int32 and bool_.
See https://docs.pytorch.org/docs/2.13/tensor_attributes.html.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import SupportsIndex

    from minigrad.tensor import Tensor

BOOLEAN, INTEGRAL, FLOATING = range(3)  # the categories of promotion, lowest first


class Shown(type):
    """The class of classes that print as PyTorch's: ``<class 'torch.Tensor'>``."""

    def __repr__(cls) -> str:
        package, _, room = cls.__module__.partition(".")
        if package != "minigrad":
            return super().__repr__()
        room = "" if room in ("tensor", "dtypes") else f"{room}."  # these stand in torch itself
        return f"<class 'torch.{room}{cls.__qualname__}'>"


class dtype(metaclass=Shown):
    """The type of a tensor's elements.

    >>> float32, float32.itemsize, float32.is_floating_point
    (torch.float32, 4, True)
    """

    __slots__ = ("c_name", "category", "is_floating_point", "is_signed", "itemsize", "name", "numpy", "scalar_name")
    is_complex = False

    def __init__(self, name: str, scalar_name: str, c_name: str) -> None:
        self.name, self.numpy = name, np.dtype(name)
        self.scalar_name, self.c_name = scalar_name, c_name  # what error messages call it: "Long", "long int"
        self.category = {"b": BOOLEAN, "f": FLOATING}.get(self.numpy.kind, INTEGRAL)
        self.is_floating_point = self.category == FLOATING
        self.is_signed = self.numpy.kind in "if"
        self.itemsize = self.numpy.itemsize

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:  # a dtype is one object: copies and pickles are that object again
        return "bool_" if self.category == BOOLEAN else self.name


uint8 = dtype("uint8", "Byte", "unsigned char")
int8 = dtype("int8", "Char", "signed char")
int16 = dtype("int16", "Short", "short int")
int32 = dtype("int32", "Int", "int")
int64 = dtype("int64", "Long", "long int")
float16 = dtype("float16", "Half", "c10::Half")
float32 = dtype("float32", "Float", "float")
float64 = dtype("float64", "Double", "double")
bool_ = dtype("bool", "Bool", "bool")

DTYPES = (uint8, int8, int16, int32, int64, float16, float32, float64, bool_)
FROM_NUMPY: dict[np.dtype[Any], dtype] = {d.numpy: d for d in DTYPES}


def of(array: np.ndarray) -> dtype:
    """The dtype of a numpy array."""
    return FROM_NUMPY[array.dtype]


class _Named:
    """A constant that prints as its name: how elements lie in memory, which is told by strides here."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"


strided = _Named("strided")
NAMES: dict[str, Any] = {name: _Named(name) for name in ("contiguous_format", "preserve_format")} | {"strided": strided}
NAMES |= {d.name: d for d in DTYPES} | {"short": int16, "int": int32, "long": int64}
NAMES |= {"half": float16, "float": float32, "double": float64}
"""What the package calls all these."""


def type_name(dtype: dtype) -> str:
    """What `Tensor.type()` says: "torch.FloatTensor"."""
    return f"torch.{dtype.scalar_name}Tensor"


def kind_name(value: object) -> str:
    """The name error messages give a value's type."""
    kind = type(value)
    if isinstance(value, dtype | device | Size):
        return f"torch.{kind.__name__}"
    return f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__


_default = [float32]


def get_default_dtype() -> dtype:
    """The floating dtype that tensors get where nothing else says it."""
    return _default[0]


def set_default_dtype(d: Any) -> None:
    """Set the default dtype; TypeError unless it is a floating one."""
    if not isinstance(d, dtype) or not d.is_floating_point:
        begin = "" if isinstance(d, dtype) else "invalid dtype object: "
        raise TypeError(f"{begin}only floating-point types are supported as the default type")
    _default[0] = d


# Promotion


def _promoted(a: dtype, b: dtype) -> dtype:
    if a.category != b.category:
        return max(a, b, key=lambda d: d.category)
    if {a, b} == {uint8, int8}:  # neither holds the other's values
        return int16
    return max(a, b, key=lambda d: d.itemsize)


PROMOTED = {(a, b): _promoted(a, b) for a in DTYPES for b in DTYPES}


def promote_types(type1: dtype, type2: dtype) -> dtype:
    """The smallest dtype that is not smaller or of a lower category than either.

    >>> promote_types(int32, float16), promote_types(uint8, int8)
    (torch.float16, torch.int16)
    """
    return PROMOTED[type1, type2]


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether results of dtype `from_` may be written into a tensor of dtype `to`: the category must not sink."""
    return from_.category <= to.category


def number_dtype(number: object) -> dtype | None:
    """The dtype a Python or numpy number takes in an operation; None if it is no number."""
    if isinstance(number, float | np.floating | np.bool_):  # np.bool_: PyTorch's choice
        return _default[0]
    if isinstance(number, bool):
        return bool_
    if isinstance(number, int | np.integer):
        return int64
    return None


def result_type(*operands: Tensor | np.ndarray | float) -> dtype:
    """The dtype that an operation on these tensors (or their arrays) and numbers computes in.

    Tensors with dimensions count before 0-d tensors, and these before numbers: the lower ones only matter
    when they are of a higher category (bool < integral < floating).

    >>> result_type(1, 2.5)
    torch.float32
    """
    found: list[dtype | None] = [None, None, None]  # of tensors with dimensions, 0-d tensors, numbers
    for operand in operands:
        array: Any = operand if type(operand) is np.ndarray else getattr(operand, "_array", None)
        kind = number_dtype(operand) if array is None else FROM_NUMPY[array.dtype]
        if kind is None:
            raise TypeError(f"result_type(): tensors and numbers have a dtype, {kind_name(operand)} has none")
        place = 2 if array is None else 0 if array.ndim else 1
        before = found[place]
        found[place] = PROMOTED[before, kind] if before else kind
    return max(filter(None, found), key=lambda kind: kind.category)  # the first of those of the highest category


# Limits


class finfo:
    """The limits of a floating dtype (of the default one if none is given).

    >>> finfo(float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: dtype | None = None) -> None:
        type = _default[0] if type is None else type
        limits = _limits("finfo", "a floating point", "iinfo", type)
        self.resolution = 10.0**-limits.precision
        self.min, self.max, self.eps = float(limits.min), float(limits.max), float(limits.eps)
        self.smallest_normal = self.tiny = float(limits.tiny)
        self.bits, self.dtype = limits.bits, type.name

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return f"finfo({', '.join(f'{name}={getattr(self, name):g}' for name in names)}, dtype={self.dtype})"


class iinfo:
    """The limits of an integer dtype.

    >>> iinfo(int8)
    iinfo(min=-128, max=127, dtype=int8)
    """

    def __init__(self, type: dtype) -> None:
        limits = _limits("iinfo", "an integer", "finfo", type)
        self.min, self.max, self.bits, self.dtype = int(limits.min), int(limits.max), limits.bits, type.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def _limits(name: str, kind: str, other: str, type: dtype) -> Any:
    """numpy's finfo or iinfo of a dtype of that kind; TypeError for another."""
    if not isinstance(type, dtype):
        raise TypeError(f"{name}(): argument 'type' (position 1) must be torch.dtype, not {kind_name(type)}")
    if type is bool_ and name == "iinfo":
        raise TypeError("torch.bool is not supported by torch.iinfo")
    if type.is_floating_point != (name == "finfo"):
        raise TypeError(f"torch.{name}() requires {kind} input type. Use torch.{other} to handle 'torch.{name}'")
    return getattr(np, name)(type.numpy)


def fits(value: Any, dtype: dtype) -> bool:
    """Whether a number can be stored: a float within the limits, an unsigned integer also modulo its range."""
    if dtype.category == INTEGRAL:
        limits = np.iinfo(dtype.numpy)
        lowest = limits.min if dtype.is_signed or isinstance(value, float) else -limits.max
        return lowest <= value <= limits.max
    return dtype is bool_ or not math.isfinite(value) or abs(value) <= np.finfo(dtype.numpy).max


def number_array(value: Any, dtype: dtype) -> np.ndarray:
    """A 0-d array of a number that must fit."""
    if not fits(value, dtype):
        name = dtype.c_name if dtype.is_floating_point or dtype.name == "int32" else f"{dtype.name}_t"
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")
    return np.array(value).astype(dtype.numpy)


def refuse_kinds(kinds: str, kind: np.dtype[Any], kernel: str) -> None:
    """NotImplementedError where PyTorch has no such kernel for dtypes of these kinds (numpy's letters for them)."""
    if kind.kind in kinds:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{FROM_NUMPY[kind].scalar_name}'")


# Size


class Size(tuple[int, ...], metaclass=Shown):
    """The shape of a tensor: a tuple of ints whose slices and sums are Sizes again.

    >>> Size([2, 3]) + (4,), Size([2, 3]).numel()
    (torch.Size([2, 3, 4]), 6)
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[SupportsIndex] = ()) -> Size:
        items = []
        for position, item in enumerate(sizes):
            if not hasattr(item, "__index__"):
                raise TypeError(f"torch.Size() takes an iterable of 'int' (item {position} is '{type(item).__name__}')")
            items.append(item.__index__())
        return size_of(items)

    def numel(self) -> int:
        """The number of elements of a tensor of this size."""
        return math.prod(self)

    def __getitem__(self, index: Any) -> Any:
        item = tuple.__getitem__(self, index)
        return size_of(item) if type(item) is tuple else item

    def __add__(self, other: Any) -> Size:
        if not isinstance(other, tuple):
            raise TypeError(f"can only concatenate tuple (not {type(other).__name__}) to torch.Size")
        return size_of(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Size:
        return size_of(tuple.__add__(other, self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, times: SupportsIndex) -> Size:
        return size_of(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"


size_of = partial(tuple.__new__, Size)
"""A Size of a tuple known to hold ints, without the checks of the constructor: what `Tensor.shape` calls."""


# device

_DEVICES = (
    "cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, "
)
_DEVICES += "mtia, privateuseone"


class device(metaclass=Shown):
    """Where a tensor lives: here always the CPU. Other devices can be named, and are refused when used.

    >>> device("cpu"), str(device("cuda:0"))
    (device(type='cpu'), 'cuda:0')
    """

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: Any, index: int | None = None) -> None:
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
            return
        if not isinstance(type, str):
            raise TypeError(f"device() received an invalid combination of arguments - got ({kind_name(type)})")
        name, colon, number = type.partition(":")
        if not name or (colon and not number.isdecimal()):
            raise RuntimeError(f"Invalid device string: '{type}'")
        if name not in _DEVICES.split(", "):
            raise RuntimeError(f"Expected one of {_DEVICES} device type at start of device string: {name}")
        self.type, self.index = name, int(number) if colon else index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        return f"device(type='{self.type}'{'' if self.index is None else f', index={self.index}'})"


CPU = device("cpu")


def check_device(where: str | device | None, function: str) -> None:
    """Let the CPU pass (or no device at all) and refuse every other device as a CPU-only PyTorch does."""
    if where is None or where is CPU or where == "cpu":
        return
    if not isinstance(where, str | device):
        raise TypeError(f"{function}(): argument 'device' must be torch.device, not {kind_name(where)}")
    got = device(where).type.upper()
    if got in ("CUDA", "XPU"):
        raise AssertionError(f"Torch not compiled with {got} enabled")
    if got != "CPU":
        raise NotImplementedError(f"Could not run 'aten::empty.memory_format' with arguments from the '{got}' backend.")
