"""Arithmetic: two operands, or one and a number; comparisons, logic and bits. Derivatives follow derivatives.yaml."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..dtypes import FROM_NUMPY, get_default_dtype, number_array
from ..tensor import Tensor
from . import dual
from .arguments import METHODS, function, is_number
from .pointwise import abs as absolute
from .pointwise import by_last_operand, elementwise, neg, overloaded, positive, reciprocal, refusing
from .templates import Operation, binary, broadcast, in_place, operation, promote, promoting, row
from .written import Formula


def _times(y: np.ndarray, alpha: float, kind: np.dtype[Any]) -> np.ndarray:
    """``alpha`` times the second operand, where the dtype allows it."""
    if isinstance(alpha, bool) and kind.kind != "b":
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if kind.kind != "f" and isinstance(alpha, float):
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    return y if alpha == 1 else np.multiply(y, number_array(alpha, FROM_NUMPY[kind]), out=...)


_add: Any = binary(
    "add",
    np.add,
    self=(lambda grad: grad, r"\bar{z}"),
    other=(lambda grad, alpha: dual.scaled(grad, alpha), r"\alpha \, \bar{z}"),
    extra={"alpha": 1},
    general=lambda x, y, alpha: np.add(x, _times(y, alpha, x.dtype), out=...),
    number_node="AddBackward1",
)
_sub: Any = binary(
    "sub",
    np.subtract,
    self=(lambda grad: grad, r"\bar{z}"),
    other=(lambda grad, alpha: dual.scaled(-grad, alpha), r"-\alpha \, \bar{z}"),
    extra={"alpha": 1},
    general=lambda x, y, alpha: np.subtract(x, _times(y, alpha, x.dtype), out=...),
    number_node="SubBackward1",
)
_mul: Any = binary(
    "mul",
    np.multiply,
    self=(lambda grad, other: grad * other, r"\bar{z} \cdot y"),
    other=(lambda grad, self: grad * self, r"\bar{z} \cdot x"),
    number_node="MulBackward1",
    wide=True,
)
_div: Any = binary(
    "div",
    np.true_divide,
    self=(lambda grad, other: grad / other, r"\bar{z} / y"),
    other=(lambda grad, self, other: -grad * ((self / other) / other), r"-\bar{z} \cdot x / y^2"),
    floating=True,
    number_node="DivBackward1",
    wide=True,
)
_subtract = _sub.operation.forward


def _subtract_numbers(self: Any, other: Any, alpha: float) -> np.ndarray:
    """Subtraction is not defined where an operand is bool."""
    bools = [isinstance(v, bool) or getattr(v, "dtype", None) == np.bool_ for v in (self, other)]
    if all(bools):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    if any(bools):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead."
        )
    return _subtract(self, other, alpha)


_sub.operation.forward = _subtract_numbers
_rsub = row(
    "rsub",
    lambda self, other, alpha: _subtract_numbers(other, self, alpha),
    lambda grad, alpha: dual.scaled(-grad, alpha),
    r"-\alpha \, \bar{z}",
    node="RsubBackward1",
)


@function("add(Tensor input, Tensor other, *, Scalar alpha=1, Tensor out=None)", in_place=True)
def add(input: Tensor | float, other: Tensor | float, *, alpha: float = 1) -> Tensor:
    """``input + alpha * other``, broadcast and promoted as in PyTorch.

    >>> import minigrad as torch
    >>> torch.add(torch.tensor([1., 2.]), 1, alpha=10)
    tensor([11., 12.])
    """
    simple = type(alpha) is int and alpha == 1 and isinstance(input, Tensor)
    return _add(input, other) if simple else _add.operation(input, other, alpha)


@function("sub(Tensor input, Tensor other, *, Scalar alpha=1, Tensor out=None)", in_place=True, aliases=("subtract",))
def sub(input: Tensor | float, other: Tensor | float, *, alpha: float = 1) -> Tensor:
    """``input - alpha * other``, broadcast and promoted as in PyTorch."""
    simple = type(alpha) is int and alpha == 1 and isinstance(input, Tensor)
    return _sub(input, other) if simple else _sub.operation(input, other, alpha)


@function("mul(Tensor input, Tensor other, *, Tensor out=None)", in_place=True, aliases=("multiply",))
def mul(input: Tensor | float, other: Tensor | float) -> Tensor:
    """``input * other``, broadcast and promoted as in PyTorch."""
    return (_mul if isinstance(input, Tensor) else _mul.operation)(input, other)


def pairwise(
    name: str, compute: np.ufunc, doc: str, /, *, in_place: bool = False, aliases: tuple[str, ...] = (), **more: Any
) -> Callable[..., Tensor]:
    """A row of the elements of two tensors, and the public function of it."""
    signature = f"{name}(Tensor input, Tensor other, *, Tensor out=None)"
    return function(signature, in_place=in_place, aliases=aliases, doc=doc)(binary(name, compute, **more))


def _of_numbers(name: str) -> tuple[str, ...]:
    """PyTorch's signatures where either operand may be a number."""
    return (
        f"{name}(Tensor input, Tensor other, *, Tensor out=None)",
        f"{name}(Scalar self, Tensor other)",
        f"{name}(Tensor input, Scalar other, *, Tensor out=None)",
    )


# Division that rounds, and what it leaves over


def _dividing(kernel: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A division of numbers (not bools), where whole numbers are not divided by zero."""

    def divide(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        if x.dtype.kind != "f" and x.size and not np.all(y):
            raise RuntimeError("ZeroDivisionError")
        return function(x, y)

    return refusing("b", kernel, divide)


def _truncated(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.trunc(np.true_divide(x, y, out=...), out=...) if x.dtype.kind == "f" else (x - np.fmod(x, y)) // y


def _modulo(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The remainder with the sign of ``y``; where it is zero, with that of ``x``: not as np.remainder has it."""
    rest = np.fmod(x, y, out=...)
    return np.where((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest)


_floor_division = _dividing("div_floor_cpu", np.floor_divide)
_truncated_division = _dividing("div_trunc_cpu", _truncated)
_remainder = _dividing("remainder_cpu", _modulo)
_fmod = _dividing("fmod_cpu", np.fmod)


def _rounded_division(self: Any, other: Any, rounding_mode: str) -> np.ndarray:
    divide = _floor_division if rounding_mode == "floor" else _truncated_division
    return promoting(divide)(self, other)


_div_mode = Operation(
    "div",
    _rounded_division,
    self=(lambda grad, other, rounding_mode: dual.zeros(grad), "0"),
    other=(lambda grad, self, other, rounding_mode: dual.zeros(grad), "0"),
    node="DivBackward2",
)


@function(
    "div(Tensor input, Tensor other, *, Tensor out=None)",
    "div(Tensor input, Tensor other, *, str? rounding_mode, Tensor out=None)",
    "div(Tensor input, Scalar other, *, str? rounding_mode)",
    in_place=True,
    aliases=("divide", "true_divide"),
)
def div(input: Tensor | float, other: Tensor | float, *, rounding_mode: str | None = None) -> Tensor:
    """``input / other``; integers give the default float. ``rounding_mode``: None, "trunc" or "floor"."""
    if rounding_mode not in (None, "trunc", "floor"):
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    if rounding_mode is not None:
        return _div_mode(input, other, rounding_mode)
    return (_div if isinstance(input, Tensor) else _div.operation)(input, other)


def _undifferentiable(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
    """An operation that PyTorch records without knowing a derivative: its backward raises."""

    def refuse(grad: Any) -> Any:
        raise RuntimeError(f"derivative for aten::{name} is not implemented")

    operation = Operation(name, promoting(forward), self=(refuse, ""), other=(refuse, ""), node="NotImplemented")

    def apply(input: Any, other: Any) -> Tensor:
        result = operation(input, other)
        if result._node is not None:  # this node keeps only the edges that lead somewhere
            result._node.edges = tuple([edge for edge in result._node.edges if edge is not None])
        return result

    apply.__name__ = name
    apply.operation = operation  # type: ignore[attr-defined]
    return apply


floor_divide = function(
    "floor_divide(Tensor input, Tensor other, *, Tensor out=None)",
    "floor_divide(Tensor input, Scalar other)",
    in_place=True,
    doc="``input / other`` rounded down: ``input // other``. PyTorch defines no gradient for it.",
)(_undifferentiable("floor_divide", _floor_division))
_remainder_of_number = _undifferentiable("remainder", _remainder)
_remainder_of_tensor = by_last_operand(
    "remainder",
    promoting(_remainder),
    self=(lambda grad: grad, r"\bar{z}"),
    other=(lambda grad, self, other: -grad * dual.floored(self, other), r"-\bar{z} \cdot \lfloor x / y \rfloor"),
)
fmod = overloaded(
    "fmod(Tensor input, Tensor other, *, Tensor out=None)",
    promoting(_fmod),
    "What truncated division leaves over, with the sign of ``input``.",
    self=(lambda grad: grad, r"\bar{z}"),
    other=(lambda grad, self, other: -grad * dual.truncated(self, other), r"-\bar{z} \cdot \mathrm{trunc}(x / y)"),
)


@function(*_of_numbers("remainder"), in_place=True)
def remainder(input: Tensor | float, other: Tensor | float) -> Tensor:
    """What ``input // other`` leaves over, with the sign of ``other``: ``input % other``."""
    return (_remainder_of_tensor if isinstance(input, Tensor) else _remainder_of_number)(input, other)


# Powers: a constant exponent, a constant base, or neither.


def _raise(x: Any, y: Any) -> np.ndarray:
    base, exponent = promote(x, y, False)
    power = refusing("b", "pow", np.power)
    if base.dtype.kind in "bf":
        return broadcast(power, base, exponent)
    if is_number(y) and y < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    powers = broadcast(power, base, np.maximum(exponent, 0))
    if not np.any(exponent < 0):
        return powers
    inverse = np.where(base == 1, 1, np.where(base == -1, 1 - 2 * (exponent % 2), 0))
    return np.where(exponent < 0, inverse, powers).astype(base.dtype)


def _raise_to_number(self: np.ndarray, exponent: float) -> np.ndarray:
    if self.dtype.kind == "f":
        return dual.raised(self, exponent)
    if exponent in (0, 1):
        x, _ = promote(self, exponent, False)
        return np.ones_like(x) if exponent == 0 else x.copy()
    return _raise(self, exponent)


_minus = dual.dual("sub", lambda x, y: _subtract_numbers(x, y, 1))  # which refuses bools
_pow_number = Operation(
    "pow",
    _raise_to_number,
    self=(
        lambda grad, self, exponent: (
            dual.zeros(grad) if exponent == 0 else grad * (float(exponent) * dual.power(self, float(exponent) - 1))
        ),
        r"\bar{z} \cdot n \, x^{n-1}",
    ),
)
_pow_tensor = Operation(
    "pow",
    _raise,
    self=(
        lambda grad, self, exponent: dual.dropped(
            grad * (exponent * dual.power(self, _minus(exponent, 1))), exponent == 0
        ),
        r"\bar{z} \cdot n \, x^{n-1}",
    ),
    exponent=(
        lambda grad, self, exponent, result: (
            grad * dual.dropped(result * dual.log(dual.cast_like(self, grad)), (self == 0) & (exponent >= 0))
        ),
        r"\bar{z} \cdot z \ln x",
    ),
    params=("self", "exponent"),
    node="PowBackward1",
)
_pow_base = Operation(
    "pow",
    _raise,
    exponent=(
        lambda grad, self, exponent, result: (
            grad * dual.dropped(result * -math.inf, exponent >= 0)
            if self == 0
            else grad * (result * (math.log(self) if self > 0 else math.nan))
        ),
        r"\bar{z} \cdot z \ln x",
    ),
    params=("self", "exponent"),
    node="PowBackward2",
)


@function(
    "pow(Tensor input, Tensor exponent, *, Tensor out=None)",
    "pow(Scalar self, Tensor exponent, *, Tensor out=None)",
    "pow(Tensor input, Scalar exponent, *, Tensor out=None)",
    in_place=True,
)
def pow(input: Tensor | float, exponent: Tensor | float) -> Tensor:
    """``input`` to the power ``exponent``; one of them may be a number."""
    if not isinstance(input, Tensor):
        return _pow_base(input, exponent)
    return (_pow_tensor if isinstance(exponent, Tensor) else _pow_number)(input, exponent)


# The larger, the smaller, and an angle


def _shared(grad: Any, x: Any, y: Any, lost: Any) -> Any:
    """The gradient of the one that was chosen; on a tie each gets half."""
    ties = x == y
    if isinstance(grad, Tensor) or np.any(ties):
        grad = dual.where(ties, grad / 2, grad)
    return dual.masked(grad, lost)


def _extreme(name: str, compute: np.ufunc, loses: Callable[..., Any], sign: str) -> Callable[..., Any]:
    return pairwise(
        name,
        compute,
        f"The {name} of each two elements.",
        self=(
            lambda grad, self, other: _shared(grad, self, other, loses(self, other)),
            rf"\bar{{z}} \cdot [x {sign} y]",
        ),
        other=(
            lambda grad, self, other: _shared(grad, self, other, loses(other, self)),
            rf"\bar{{z}} \cdot [y {sign} x]",
        ),
    )


maximum = _extreme("maximum", np.maximum, operator.lt, ">")
minimum = _extreme("minimum", np.minimum, operator.gt, "<")


def _over_square(self: Any, other: Any) -> Any:
    """1 / (x^2 + y^2), and 0 at the origin."""
    return dual.masked(dual.reciprocal(self * self + other * other), (self == 0) & (other == 0))


atan2 = pairwise(
    "atan2",
    np.arctan2,
    "The angle of the point (other, input).",
    self=(lambda grad, self, other: grad * other * _over_square(self, other), r"\bar{z} \cdot y / (x^2 + y^2)"),
    other=(lambda grad, self, other: grad * -self * _over_square(self, other), r"-\bar{z} \cdot x / (x^2 + y^2)"),
    floating=True,
    in_place=True,
    aliases=("arctan2",),
)
logaddexp = pairwise(
    "logaddexp",
    np.logaddexp,
    "ln(e^input + e^other), computed without overflow.",
    self=(lambda grad, self, other: grad / (1 + dual.exp(other - self)), r"\bar{z} \cdot e^{x - z}"),
    other=(lambda grad, self, other: grad / (1 + dual.exp(self - other)), r"\bar{z} \cdot e^{y - z}"),
    general=refusing("biu", "logaddexp_cpu", np.logaddexp),
)

# Three operands: what optimizers written by hand are made of


def _mixed(self: np.ndarray, end: np.ndarray, weight: Any) -> np.ndarray:
    for name, value in (("end", end), ("weight", weight)):
        if isinstance(value, np.ndarray) and value.dtype != self.dtype and (value.ndim or name == "end"):
            given, other = (FROM_NUMPY[v.dtype].c_name for v in (self, value))
            raise RuntimeError(f"expected dtype {given} for `{name}` but got dtype {other}")

    def mix(x: Any, y: Any, w: Any) -> Any:  # from the nearer end, so that weights 0 and 1 give the ends themselves
        return np.where(np.absolute(w) < 0.5, x + w * (y - x), y - (y - x) * (1 - w))

    kernel = "lerp_kernel_tensor" if isinstance(weight, np.ndarray) and weight.ndim else "lerp_kernel_scalar"
    return broadcast(refusing("biu", kernel, mix), self, end, np.asarray(weight, self.dtype))


lerp = overloaded(
    "lerp(Tensor input, Tensor end, Tensor weight, *, Tensor out=None)",
    _mixed,
    "On the way from ``input`` to ``end``: ``input + weight * (end - input)``.",
    self=(lambda grad, weight: grad * (1 - weight), r"\bar{z} (1 - w)"),
    end=(lambda grad, weight: grad * weight, r"\bar{z} w"),
    weight=(lambda grad, self, end: grad * (end - self), r"\bar{z} (y - x)"),
)


def _plus(self: np.ndarray, part: Callable[..., Any], *tensors: np.ndarray) -> np.ndarray:
    return broadcast(lambda x, *y: np.add(*promote(x, np.asarray(part(*y)), False)), self, *tensors)


@operation(
    "addcmul(Tensor input, Tensor tensor1, Tensor tensor2, *, Scalar value=1, Tensor out=None)",
    self=(lambda grad: grad, r"\bar{z}"),
    tensor1=(lambda grad, tensor2, value: grad * (tensor2 * value), r"v \, \bar{z} \cdot b"),
    tensor2=(lambda grad, tensor1, value: grad * (tensor1 * value), r"v \, \bar{z} \cdot a"),
    public=partial(function, in_place=True),
)
@dual.rounded_once
def addcmul(self: np.ndarray, tensor1: np.ndarray, tensor2: np.ndarray, value: float) -> np.ndarray:
    """``input + value * tensor1 * tensor2``."""
    return _plus(self, lambda a, b: value * a * b, *promote(tensor1, tensor2, False))


@operation(
    "addcdiv(Tensor input, Tensor tensor1, Tensor tensor2, *, Scalar value=1, Tensor out=None)",
    self=(lambda grad: grad, r"\bar{z}"),
    tensor1=(lambda grad, tensor2, value: grad * (value / tensor2), r"v \, \bar{z} / b"),
    tensor2=(
        lambda grad, tensor1, tensor2, value: -grad * (value * tensor1 / (tensor2 * tensor2)),
        r"-v \, \bar{z} \cdot a / b^2",
    ),
    public=partial(function, in_place=True),
)
@dual.rounded_once
def addcdiv(self: np.ndarray, tensor1: np.ndarray, tensor2: np.ndarray, value: float) -> np.ndarray:
    """``input + value * tensor1 / tensor2``."""
    if "f" not in tensor1.dtype.kind + tensor2.dtype.kind:
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a "
            "true division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value "
            "* torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / "
            "tensor2) for float inputs. The future addcdiv behavior is just the latter implementation: (input + value "
            "* tensor1 / tensor2), for all dtypes."
        )
    return _plus(self, lambda a, b: value * a / b, *promote(tensor1, tensor2, True))


# Comparisons, logic and bits: no derivative.

for _name, _long in {
    "eq": "equal", "ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
}.items():  # fmt: skip
    METHODS[f"__{_name}__"] = binary(_name, getattr(np, _long))
    function(
        f"{_name}(Tensor input, Tensor other, *, Tensor out=None)",
        f"{_name}(Tensor input, Scalar other, *, Tensor out=None)",
        aliases=(_long,) if _name != "eq" else (),  # torch.equal compares whole tensors
        doc=f"Where the {_long} of two numpy arrays is true.",
    )(METHODS[f"__{_name}__"])
for _name in ("logical_and", "logical_or", "logical_xor"):
    pairwise(_name, getattr(np, _name), f"``{_name}``, broadcast.", in_place=True)


def _bits(name: str, compute: np.ufunc, kernel: str, refused: str) -> Callable[..., Any]:
    row: Any = binary(name, compute, general=refusing(refused, f"{kernel}_cpu", compute))

    def apply(input: Tensor | float, other: Tensor | float) -> Tensor:
        return (row if isinstance(input, Tensor) else row.operation)(input, other)

    return function(*_of_numbers(name), in_place=True, doc=f"``{name}``, broadcast.")(apply)


_BITS = {
    "and": _bits("bitwise_and", np.bitwise_and, "bitwise_and", "f"),
    "or": _bits("bitwise_or", np.bitwise_or, "bitwise_or", "f"),
    "xor": _bits("bitwise_xor", np.bitwise_xor, "bitwise_xor", "f"),
    "lshift": _bits("bitwise_left_shift", np.left_shift, "lshift", "fb"),
    "rshift": _bits("bitwise_right_shift", np.right_shift, "rshift", "fb"),
}
bitwise_not = elementwise("bitwise_not", refusing("f", "bitwise_not_cpu", np.invert), None, "", floating=False)


def _invert(self: Tensor) -> Tensor:
    if self._array.dtype.kind == "f":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return bitwise_not(self)


# Comparing whole tensors


@function("isclose(Tensor input, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False)")
def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Where ``|input - other| <= atol + rtol * |other|``."""
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{input.dtype.scalar_name} did not match {other.dtype.scalar_name}")
    for argument, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{argument} must be greater than or equal to zero, but got {value:g}")
    return Tensor._of(broadcast(lambda x, y: _is_close(x, y, rtol, atol, equal_nan), input._array, other._array))


def _is_close(x: np.ndarray, y: np.ndarray, rtol: float, atol: float, equal_nan: bool) -> np.ndarray:
    same = (x == y) | ((x != x) & (y != y) if equal_nan else False)
    if not rtol and not atol:
        return same
    if x.dtype.kind != "f":
        x, y = x.astype(get_default_dtype().numpy), y.astype(get_default_dtype().numpy)
    distance = np.absolute(x - y)
    return same | (np.isfinite(distance) & (distance <= atol + np.absolute(rtol * y)))


@function("allclose(Tensor input, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False)")
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether ``isclose`` holds for every element."""
    return bool(isclose(input, other, rtol, atol, equal_nan)._array.all())


@function("equal(Tensor input, Tensor other)")
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shapes and all elements are the same."""
    return input._array.shape == other._array.shape and bool(np.all(input._array == other._array))


# Operators: what they are given is left to Python where it is no operand.


def _operator(compute: Callable[..., Any]) -> Callable[..., Any]:
    def operate(self: Tensor, other: Any) -> Any:
        return compute(self, other) if isinstance(other, Tensor) or is_number(other) else NotImplemented

    operate.__name__ = compute.__name__
    return operate


def _reversed(compute: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, number: compute(number, self) if is_number(number) else NotImplemented


def _from_number(row: Callable[..., Any], compute: Callable[..., Any]) -> Callable[..., Any]:
    """``number - tensor``: in PyTorch's formulas of derivatives the number is a tensor as well."""

    def operate(self: Tensor, number: Any) -> Any:
        if not is_number(number):
            return NotImplemented
        if Formula.running:
            return row(Tensor._plain(np.array(number, dtype=self._array.dtype)), self)
        return compute(self, number)

    return operate


METHODS.update(
    __add__=_add,
    __radd__=_add,
    __sub__=_sub,
    __rsub__=_from_number(_sub, lambda self, number: _rsub(self, number, 1)),
    __mul__=_mul,
    __rmul__=_mul,
    __truediv__=_div,
    __rtruediv__=_from_number(_div, lambda self, number: reciprocal(self) * number),
    __rfloordiv__=_reversed(floor_divide),
    __rmod__=_reversed(remainder),
    __rpow__=_reversed(pow),
    __neg__=neg,
    __pos__=positive,
    __abs__=absolute,
    __invert__=_invert,
)
METHODS.update({f"__i{row.__name__}__": in_place(row) for row in (_add, _sub, _mul)}, __itruediv__=in_place(_div))
METHODS.update({f"__r{name}__": _reversed(compute) for name, compute in _BITS.items()})
for _name, _function in {"floordiv": floor_divide, "mod": remainder, "pow": pow, **_BITS}.items():
    METHODS[f"__{_name}__"] = _operator(_function)
    METHODS[f"__i{_name}__"] = in_place(_operator(_function))
