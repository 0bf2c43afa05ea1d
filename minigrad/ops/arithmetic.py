"""Arithmetic: two operands, or one and a number; comparisons, logic and bits. Derivatives follow derivatives.yaml."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..dtypes import FROM_NUMPY, float64
from ..tensor import Tensor
from . import dual, templates
from .arguments import is_number, must_be_tensor
from .pointwise import abs as absolute
from .pointwise import neg, positive, reciprocal, refusing
from .templates import Operation, binary, checked, in_place, operand_error, promote, unary


def _scaled(grad: Any, alpha: float) -> Any:
    return grad if alpha == 1 else grad * alpha


def _times(y: np.ndarray, alpha: float, kind: np.dtype[Any]) -> np.ndarray:
    """``alpha`` times the second operand, where the dtype allows it."""
    if alpha == 1:
        return y
    if isinstance(alpha, bool) and kind.kind != "b":
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if kind.kind != "f" and isinstance(alpha, float):
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    return np.asarray(y * alpha).astype(kind, copy=False)


def _bools_refused(forward: Callable[..., Any]) -> Callable[..., Any]:
    """Subtraction is not defined where an operand is bool."""

    def refusing(self: Any, other: Any, *more: Any) -> np.ndarray:
        bools = [isinstance(v, bool) or getattr(v, "dtype", None) == np.bool_ for v in (self, other)]
        if all(bools):
            raise RuntimeError(
                "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
                "operator instead."
            )
        if any(bools):
            raise RuntimeError(
                "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a "
                "mask, use the `~` or `logical_not()` operator instead."
            )
        return forward(self, other, *more)

    return refusing


_add: Any = binary(
    "add",
    np.add,
    {"self": lambda grad: grad, "other": lambda grad, alpha: _scaled(grad, alpha)},
    extra={"alpha": 1},
    general=lambda x, y, alpha: np.add(x, _times(y, alpha, x.dtype), out=...),
    number_node="AddBackward1",
    formula={"self": r"\bar{z}", "other": r"\alpha \, \bar{z}"},
)
_sub: Any = binary(
    "sub",
    np.subtract,
    {"self": lambda grad: grad, "other": lambda grad, alpha: _scaled(-grad, alpha)},
    extra={"alpha": 1},
    general=lambda x, y, alpha: np.subtract(x, _times(y, alpha, x.dtype), out=...),
    number_node="SubBackward1",
    formula={"self": r"\bar{z}", "other": r"-\alpha \, \bar{z}"},
)
_sub.operation.forward = _bools_refused(_sub.operation.forward)
_mul: Any = binary(
    "mul",
    np.multiply,
    {"self": lambda grad, other: grad * other, "other": lambda grad, self: grad * self},
    number_node="MulBackward1",
    formula={"self": r"\bar{z} \cdot y", "other": r"\bar{z} \cdot x"},
)
_div: Any = binary(
    "div",
    np.true_divide,
    {"self": lambda grad, other: grad / other, "other": lambda grad, self, other: -grad * ((self / other) / other)},
    floating=True,
    number_node="DivBackward1",
    formula={"self": r"\bar{z} / y", "other": r"-\bar{z} \cdot x / y^2"},
)


def add(input: Tensor | float, other: Tensor | float, *, alpha: float = 1) -> Tensor:
    """``input + alpha * other``, broadcast and promoted as in PyTorch.

    >>> import minigrad as torch
    >>> torch.add(torch.tensor([1., 2.]), 1, alpha=10)
    tensor([11., 12.])

    See https://docs.pytorch.org/docs/stable/generated/torch.add.html
    """
    return _with_alpha(_add, input, other, alpha)


def sub(input: Tensor | float, other: Tensor | float, *, alpha: float = 1) -> Tensor:
    """``input - alpha * other``, broadcast and promoted as in PyTorch.

    See https://docs.pytorch.org/docs/stable/generated/torch.sub.html
    """
    return _with_alpha(_sub, input, other, alpha)


def _with_alpha(row: Any, input: Any, other: Any, alpha: float) -> Tensor:
    if not is_number(alpha):
        raise TypeError(f"{row.__name__}(): argument 'alpha' must be Number, not {type(alpha).__name__}")
    result = row(input, other) if alpha == 1 else NotImplemented
    if result is NotImplemented:
        _check_operands(row.__name__, input, other)
        result = row.operation(input, other, alpha)
    return result


def _check_operands(name: str, input: Any, other: Any, number_first: bool = True) -> None:
    """Two tensors, or one and a number."""
    if isinstance(input, Tensor):
        if not (isinstance(other, Tensor) or is_number(other)):
            raise operand_error(name, input, other)
    elif not (number_first and is_number(input) and isinstance(other, Tensor)):
        raise operand_error(name, input, other)


def mul(input: Tensor | float, other: Tensor | float) -> Tensor:
    """``input * other``, broadcast and promoted as in PyTorch.

    See https://docs.pytorch.org/docs/stable/generated/torch.mul.html
    """
    result = _mul(input, other)
    if result is NotImplemented:
        _check_operands("mul", input, other)
        result = _mul.operation(input, other)
    return result


_rsub_number, _rsub_tensor = (
    Operation(
        "rsub",
        lambda self, other, alpha: _sub.operation.forward(other, self, alpha),
        {"self": lambda grad, alpha: _scaled(-grad, alpha)} | more,
        node=node,
        formula={"self": r"-\alpha \, \bar{z}", "other": r"\bar{z}"},
    )
    for node, more in (("RsubBackward1", {}), ("RsubBackward0", {"other": lambda grad: grad}))
)


def rsub(input: Tensor, other: Tensor | float, *, alpha: float = 1) -> Tensor:
    """``other - alpha * input``."""
    _check_operands("rsub", input, other, number_first=False)
    return (_rsub_tensor if isinstance(other, Tensor) else _rsub_number)(input, other, alpha)


# Division that rounds, and what it leaves over


def _dividing(kernel_name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A division of numbers (not bools), where whole numbers are not divided by zero."""

    def divide(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        if x.dtype.kind != "f" and not np.all(y):
            raise RuntimeError("ZeroDivisionError")
        return function(x, y)

    return refusing("b", kernel_name, divide)


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


def _rounded_division(self: Any, other: Any, rounding_mode: str | None) -> np.ndarray:
    if rounding_mode is None:
        return _div.operation.forward(self, other)
    x, y = promote(self, other, False)
    return templates.broadcast(_floor_division if rounding_mode == "floor" else _truncated_division, x, y)


_div_mode = Operation(
    "div",
    _rounded_division,
    {
        "self": lambda grad, other, rounding_mode: grad / other if rounding_mode is None else dual.zeros(grad),
        "other": lambda grad, self, other, rounding_mode: (
            -grad * ((self / other) / other) if rounding_mode is None else dual.zeros(grad)
        ),
    },
    node="DivBackward2",
    formula={"self": "0", "other": "0"},
)


def div(input: Tensor | float, other: Tensor | float, *, rounding_mode: str | None = None) -> Tensor:
    """``input / other``; integers give the default float. ``rounding_mode``: None, "trunc" or "floor".

    See https://docs.pytorch.org/docs/stable/generated/torch.div.html
    """
    if rounding_mode is None:
        result = _div(input, other)
        if result is not NotImplemented:
            return result
    _check_operands("div", input, other)
    if rounding_mode not in (None, "trunc", "floor"):
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    return _div_mode(input, other, rounding_mode) if rounding_mode else _div.operation(input, other)


def _undifferentiable(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
    """An operation that PyTorch records without knowing a derivative: its backward raises."""

    def refuse(grad: Any) -> Any:
        raise RuntimeError(f"derivative for aten::{name} is not implemented")

    operation = Operation(
        name,
        lambda self, other: templates.broadcast(forward, *promote(self, other, False)),
        {"self": refuse, "other": refuse},
        node="NotImplemented",
    )

    def apply(input: Any, other: Any) -> Tensor:
        result = operation(input, other)
        if result._node is not None:  # this node keeps only the edges that lead somewhere
            result._node.edges = tuple([edge for edge in result._node.edges if edge is not None])
        return result

    apply.__name__ = name
    apply.operation = operation  # type: ignore[attr-defined]
    return apply


_floor_divide = _undifferentiable("floor_divide", _floor_division)
_number_remainder = _undifferentiable("remainder", _remainder)
_heaviside = _undifferentiable("heaviside", lambda x, y: np.where(x == 0, y, (x > 0).astype(x.dtype)))

_remainder_number, _remainder_tensor, _fmod_number, _fmod_tensor = (
    Operation(
        name,
        lambda self, other, forward=forward: templates.broadcast(forward, *promote(self, other, False)),
        {"self": lambda grad: grad} | more,
        params=("self", "other"),
        node=node,
        formula={"self": r"\bar{z}", "other": r"-\bar{z} \cdot \mathrm{round}(x / y)"},
    )
    for name, node, forward, more in (
        ("remainder", "RemainderBackward0", _remainder, {}),
        (
            "remainder",
            "RemainderBackward1",
            _remainder,
            {"other": lambda g, self, other: -g * dual.floored(self, other)},
        ),
        ("fmod", "FmodBackward0", _fmod, {}),
        ("fmod", "FmodBackward1", _fmod, {"other": lambda g, self, other: -g * dual.truncated(self, other)}),
    )
)


def floor_divide(input: Tensor | float, other: Tensor | float) -> Tensor:
    """``input / other`` rounded down: ``input // other``. PyTorch defines no gradient for it.

    See https://docs.pytorch.org/docs/stable/generated/torch.floor_divide.html
    """
    _check_operands("floor_divide", input, other)
    return _floor_divide(input, other)


def remainder(input: Tensor | float, other: Tensor | float) -> Tensor:
    """What ``input // other`` leaves over, with the sign of ``other``: ``input % other``.

    See https://docs.pytorch.org/docs/stable/generated/torch.remainder.html
    """
    _check_operands("remainder", input, other)
    if not isinstance(input, Tensor):
        return _number_remainder(input, other)
    return (_remainder_tensor if isinstance(other, Tensor) else _remainder_number)(input, other)


def fmod(input: Tensor, other: Tensor | float) -> Tensor:
    """What truncated division leaves over, with the sign of ``input``.

    See https://docs.pytorch.org/docs/stable/generated/torch.fmod.html
    """
    _check_operands("fmod", input, other, number_first=False)
    return (_fmod_tensor if isinstance(other, Tensor) else _fmod_number)(input, other)


# Powers: a constant exponent, a constant base, or neither.


def _raise(x: Any, y: Any) -> np.ndarray:
    base, exponent = promote(x, y, False)
    power = refusing("b", "pow", np.power)
    if base.dtype.kind in "bf":
        return templates.broadcast(power, base, exponent)
    if is_number(y) and y < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    powers = templates.broadcast(power, base, np.maximum(exponent, 0))
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


_pow_number = Operation(
    "pow",
    _raise_to_number,
    {
        "self": lambda grad, self, exponent: (
            dual.zeros(grad) if exponent == 0 else grad * (float(exponent) * dual.power(self, float(exponent) - 1))
        )
    },
    formula={"self": r"\bar{z} \cdot n \, x^{n-1}"},
)
_pow_tensor = Operation(
    "pow",
    _raise,
    {
        "self": lambda grad, self, exponent: dual.dropped(
            grad * (exponent * dual.power(self, exponent - 1)), exponent == 0
        ),
        "exponent": lambda grad, self, exponent, result: (
            grad * dual.dropped(result * dual.log(dual.cast_like(self, grad)), (self == 0) & (exponent >= 0))
        ),
    },
    params=("self", "exponent"),
    node="PowBackward1",
    formula={"self": r"\bar{z} \cdot n \, x^{n-1}", "exponent": r"\bar{z} \cdot z \ln x"},
)
_pow_base = Operation(
    "pow",
    _raise,
    {
        "exponent": lambda grad, self, exponent, result: (
            grad * dual.dropped(result * -math.inf, exponent >= 0) if self == 0 else grad * (result * _log(self))
        )
    },
    params=("self", "exponent"),
    node="PowBackward2",
    formula={"exponent": r"\bar{z} \cdot z \ln x"},
)


def _log(base: float) -> float:
    return math.log(base) if base > 0 else math.nan


def pow(input: Tensor | float, exponent: Tensor | float) -> Tensor:
    """``input`` to the power ``exponent``; one of them may be a number.

    See https://docs.pytorch.org/docs/stable/generated/torch.pow.html
    """
    if isinstance(input, Tensor):
        if isinstance(exponent, Tensor):
            return _pow_tensor(input, exponent)
        if is_number(exponent):
            return _pow_number(input, exponent)
        raise TypeError(f"pow(): argument 'exponent' (position 2) must be Tensor, not {type(exponent).__name__}")
    if isinstance(exponent, Tensor) and is_number(input):
        return _pow_base(input, exponent)
    raise must_be_tensor("pow", "input", 1, input)


def float_power(input: Tensor | float, exponent: Tensor | float) -> Tensor:
    """``pow`` in float64.

    See https://docs.pytorch.org/docs/stable/generated/torch.float_power.html
    """
    return pow(*(v.to(float64) if isinstance(v, Tensor) else float(v) for v in (input, exponent)))


# The larger, the smaller, and other functions of two tensors


def _must_be_tensors(function: str, **arguments: Any) -> None:
    for position, (name, value) in enumerate(arguments.items(), 1):
        if not isinstance(value, Tensor):
            raise must_be_tensor(function, name, position, value)


def _of_tensors(row: Any) -> Callable[..., Any]:
    """A function that takes two tensors and no number."""
    name = row.__name__

    def function(input: Tensor, other: Tensor) -> Tensor:
        _must_be_tensors(name, input=input, other=other)
        return row(input, other)

    function.__name__ = function.__qualname__ = name
    function.operation = row.operation  # type: ignore[attr-defined]
    return function


def _shared(grad: Any, x: Any, y: Any, lost: Any) -> Any:
    """The gradient of the one that was chosen; on a tie each gets half."""
    ties = x == y
    if isinstance(grad, Tensor) or np.any(ties):
        grad = dual.where(ties, grad / 2, grad)
    return dual.masked(grad, lost)


def _extreme(name: str, function: np.ufunc, loses: Callable[..., Any], sign: str) -> Callable[..., Any]:
    derivatives = {
        "self": lambda grad, self, other: _shared(grad, self, other, loses(self, other)),
        "other": lambda grad, self, other: _shared(grad, self, other, loses(other, self)),
    }
    formula = {"self": rf"\bar{{z}} \cdot [x {sign} y]", "other": rf"\bar{{z}} \cdot [y {sign} x]"}
    return _of_tensors(binary(name, function, derivatives, formula=formula))


def _extreme_number(name: str, function: np.ufunc, wins: Callable[..., Any], sign: str) -> Callable[..., Any]:
    """The same, where a NaN loses against a number, and the first operand wins a tie."""
    derivatives = {
        "self": lambda grad, self, other: dual.masked(grad, ~(wins(self, other) | (other != other))),
        "other": lambda grad, self, other: dual.masked(grad, wins(self, other) | (other != other)),
    }
    formula = {"self": rf"\bar{{z}} \cdot [x {sign} y]", "other": rf"\bar{{z}} \cdot [\lnot\, x {sign} y]"}
    return _of_tensors(binary(name, dual.first(function), derivatives, formula=formula))


maximum = _extreme("maximum", np.maximum, operator.lt, ">")
minimum = _extreme("minimum", np.minimum, operator.gt, "<")
fmax = _extreme_number("fmax", np.fmax, operator.ge, r"\ge")
fmin = _extreme_number("fmin", np.fmin, operator.le, r"\le")


def _over_square(self: Any, other: Any) -> Any:
    """1 / (x^2 + y^2), and 0 at the origin."""
    return dual.masked(dual.reciprocal(self * self + other * other), (self == 0) & (other == 0))


atan2 = _of_tensors(
    binary(
        "atan2",
        np.arctan2,
        {
            "self": lambda grad, self, other: grad * other * _over_square(self, other),
            "other": lambda grad, self, other: grad * -self * _over_square(self, other),
        },
        floating=True,
        formula={"self": r"\bar{z} \cdot y / (x^2 + y^2)", "other": r"-\bar{z} \cdot x / (x^2 + y^2)"},
    )
)


hypot = _of_tensors(
    binary(
        "hypot",
        np.hypot,
        {
            "self": lambda grad, self, result: grad * self / result,
            "other": lambda grad, other, result: grad * other / result,
        },
        general=refusing("biu", "hypot_cpu", np.hypot),
        formula={"self": r"\bar{z} \cdot x / z", "other": r"\bar{z} \cdot y / z"},
    )
)
logaddexp = _of_tensors(
    binary(
        "logaddexp",
        np.logaddexp,
        {
            "self": lambda grad, self, other: grad / (1 + dual.exp(other - self)),
            "other": lambda grad, self, other: grad / (1 + dual.exp(self - other)),
        },
        general=refusing("biu", "logaddexp_cpu", np.logaddexp),
        formula={"self": r"\bar{z} / (1 + e^{y - x})", "other": r"\bar{z} / (1 + e^{x - y})"},
    )
)
heaviside = _of_tensors(_heaviside)


# Three operands


def _mixed(self: np.ndarray, end: np.ndarray, weight: Any) -> np.ndarray:
    for name, value in (("end", end), ("weight", weight)):
        if isinstance(value, np.ndarray) and value.dtype != self.dtype and (value.ndim or name == "end"):
            names = [FROM_NUMPY[v.dtype].c_name for v in (self, value)]
            raise RuntimeError(f"expected dtype {names[0]} for `{name}` but got dtype {names[1]}")
    if is_number(weight):
        return templates.broadcast(_near if abs(weight) < 0.5 else _far, self, end, np.asarray(weight, self.dtype))
    return np.where(np.abs(weight) < 0.5, *(templates.broadcast(way, self, end, weight) for way in (_near, _far)))


def _near(x: Any, y: Any, weight: Any) -> Any:
    return np.asarray(x + weight * (y - x))


def _far(x: Any, y: Any, weight: Any) -> Any:
    return np.asarray(y - (y - x) * (1 - weight))


_lerp_number, _lerp_tensor = (
    Operation(
        "lerp",
        _mixed,
        {
            "self": lambda grad, weight: grad * (1 - weight),
            "end": lambda grad, weight: grad * weight,
        }
        | more,
        node=node,
        formula={"self": r"\bar{z} (1 - w)", "end": r"\bar{z} w", "weight": r"\bar{z} (y - x)"},
    )
    for node, more in (
        ("LerpBackward0", {}),
        ("LerpBackward1", {"weight": lambda grad, self, end: grad * (end - self)}),
    )
)


def lerp(input: Tensor, end: Tensor, weight: Tensor | float) -> Tensor:
    """On the way from ``input`` to ``end``: ``input + weight * (end - input)``.

    See https://docs.pytorch.org/docs/stable/generated/torch.lerp.html
    """
    _must_be_tensors("lerp", input=input, end=end)
    return (_lerp_tensor if isinstance(weight, Tensor) else _lerp_number)(input, end, weight)


def _three(function: Callable[..., Any]) -> Callable[..., Any]:
    def forward(self: np.ndarray, tensor1: np.ndarray, tensor2: np.ndarray, value: float) -> np.ndarray:
        kind = templates.common_dtype(templates.promote(tensor1, tensor2, False)[0], self).numpy
        return templates.broadcast(
            lambda x, a, b: function(x, a, b, value).astype(kind, copy=False), self, tensor1, tensor2
        )

    return forward


def _no_integers(self: np.ndarray, tensor1: np.ndarray, tensor2: np.ndarray, value: float) -> np.ndarray:
    if tensor1.dtype.kind != "f" and tensor2.dtype.kind != "f":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a "
            "true division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value "
            "* torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / "
            "tensor2) for float inputs. The future addcdiv behavior is just the latter implementation: (input + value "
            "* tensor1 / tensor2), for all dtypes."
        )
    return _three(lambda x, a, b, v: np.asarray(x + v * a / b))(self, tensor1, tensor2, value)


_addcmul = Operation(
    "addcmul",
    _three(lambda x, a, b, value: np.asarray(x + value * a * b)),
    {
        "self": lambda grad: grad,
        "tensor1": lambda grad, tensor2, value: grad * (tensor2 * value),
        "tensor2": lambda grad, tensor1, value: grad * (tensor1 * value),
    },
    formula={"self": r"\bar{z}", "tensor1": r"v \, \bar{z} \cdot b", "tensor2": r"v \, \bar{z} \cdot a"},
)
_addcdiv = Operation(
    "addcdiv",
    _no_integers,
    {
        "self": lambda grad: grad,
        "tensor1": lambda grad, tensor2, value: grad * (value / tensor2),
        "tensor2": lambda grad, tensor1, tensor2, value: -grad * (value * tensor1 / (tensor2 * tensor2)),
    },
    formula={"self": r"\bar{z}", "tensor1": r"v \, \bar{z} / b", "tensor2": r"-v \, \bar{z} \cdot a / b^2"},
)


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """``input + value * tensor1 * tensor2``.

    See https://docs.pytorch.org/docs/stable/generated/torch.addcmul.html
    """
    _must_be_tensors("addcmul", input=input, tensor1=tensor1, tensor2=tensor2)
    return _addcmul(input, tensor1, tensor2, value)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """``input + value * tensor1 / tensor2``.

    See https://docs.pytorch.org/docs/stable/generated/torch.addcdiv.html
    """
    _must_be_tensors("addcdiv", input=input, tensor1=tensor1, tensor2=tensor2)
    return _addcdiv(input, tensor1, tensor2, value)


# Comparisons, logic and bits: no derivative.

_comparisons: dict[str, Any] = {
    name: binary(name, function)
    for name, function in {
        "eq": np.equal,
        "ne": np.not_equal,
        "lt": np.less,
        "le": np.less_equal,
        "gt": np.greater,
        "ge": np.greater_equal,
    }.items()
}
eq, ne, lt, le, gt, ge = map(checked, _comparisons.values())


def _comparison_in_place(name: str) -> Callable[..., Any]:
    """``x.eq_(y)`` writes 0 and 1: its node is there, and sends zeros."""
    by_number, by_tensor = (
        Operation(
            name,
            lambda self, other: _comparisons[name].operation.forward(self, other).astype(self.dtype),
            {"self": lambda grad: dual.zeros(grad)} | more,
            params=("self", "other"),
            node=f"{name.capitalize()}Backward{number}",
            formula={"self": "0", "other": "0"},
        )
        for number, more in enumerate(({}, {"other": lambda grad: dual.zeros(grad)}))
    )

    def compare(self: Tensor, other: Any) -> Tensor:
        _check_operands(name, self, other)
        return (by_tensor if isinstance(other, Tensor) else by_number)(self, other)

    compare.__name__ = name
    return in_place(compare)


logical_and, logical_or, logical_xor = (
    _of_tensors(binary(name, getattr(np, name))) for name in ("logical_and", "logical_or", "logical_xor")
)


_bits = {
    name: binary(name, function, general=refusing(kinds, cpu, function))
    for name, cpu, function, kinds in (
        ("bitwise_and", "bitwise_and_cpu", np.bitwise_and, "f"),
        ("bitwise_or", "bitwise_or_cpu", np.bitwise_or, "f"),
        ("bitwise_xor", "bitwise_xor_cpu", np.bitwise_xor, "f"),
        ("bitwise_left_shift", "lshift_cpu", np.left_shift, "fb"),
        ("bitwise_right_shift", "rshift_cpu", np.right_shift, "fb"),
    )
}
bitwise_and, bitwise_or, bitwise_xor, bitwise_left_shift, bitwise_right_shift = map(checked, _bits.values())
bitwise_not = unary("bitwise_not", refusing("f", "bitwise_not_cpu", np.invert), None, floating=False)


def _invert(self: Tensor) -> Tensor:
    if self._array.dtype.kind == "f":
        raise TypeError("~ (operator.invert) is only implemented on integer and Boolean-type tensors")
    return bitwise_not(self)


# Comparing whole tensors


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Where ``|input - other| <= atol + rtol * |other|``.

    See https://docs.pytorch.org/docs/stable/generated/torch.isclose.html
    """
    return Tensor._of(_close("isclose", input, other, rtol, atol, equal_nan))


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether ``isclose`` holds for every element.

    See https://docs.pytorch.org/docs/stable/generated/torch.allclose.html
    """
    return bool(np.all(_close("allclose", input, other, rtol, atol, equal_nan)))


def _close(name: str, input: Any, other: Any, rtol: float, atol: float, equal_nan: bool) -> np.ndarray:
    _must_be_tensors(name, input=input, other=other)
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{input.dtype.scalar_name} did not match {other.dtype.scalar_name}")
    for argument, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{argument} must be greater than or equal to zero, but got {value:g}")
    return templates.broadcast(lambda x, y: _is_close(x, y, rtol, atol, equal_nan), input._array, other._array)


def _is_close(x: np.ndarray, y: np.ndarray, rtol: float, atol: float, equal_nan: bool) -> np.ndarray:
    same, distance = (x == y) | ((x != x) & (y != y) if equal_nan else False), np.absolute(x - y)
    return same | (np.isfinite(distance) & (distance <= atol + np.absolute(rtol * y)))


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether shapes and all elements are the same.

    See https://docs.pytorch.org/docs/stable/generated/torch.equal.html
    """
    _must_be_tensors("equal", input=input, other=other)
    return input._array.shape == other._array.shape and bool(np.all(input._array == other._array))


# Operators: what they are given is left to Python where it is no operand.


def _operator(function: Callable[..., Any]) -> Callable[..., Any]:
    def operate(self: Tensor, other: Any) -> Any:
        return function(self, other) if isinstance(other, Tensor) or is_number(other) else NotImplemented

    operate.__name__ = function.__name__
    return operate


def _reversed(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, number: function(number, self) if is_number(number) else NotImplemented


def _right_sub(self: Tensor, number: Any) -> Any:
    if not is_number(number):
        return NotImplemented
    return _sub(_number_tensor(number, self), self) if templates.Formula.running else rsub(self, number)


def _right_div(self: Tensor, number: Any) -> Any:
    if not is_number(number):
        return NotImplemented
    return _div(_number_tensor(number, self), self) if templates.Formula.running else reciprocal(self) * number


def _number_tensor(number: float, like: Tensor) -> Tensor:
    return Tensor._plain(np.array(number, dtype=like._array.dtype))


def _from_number(operator: Callable[..., Any]) -> Callable[..., Any]:
    """``number & tensor``: the operation on a 0-d tensor of the number."""
    return lambda self, number: operator(Tensor._of(np.array(number)), self) if is_number(number) else NotImplemented


_BITS = {
    "and": bitwise_and, "or": bitwise_or, "xor": bitwise_xor,
    "lshift": bitwise_left_shift, "rshift": bitwise_right_shift,
}  # fmt: skip

_LONG_NAMES = {
    "greater": "gt", "greater_equal": "ge", "less": "lt", "less_equal": "le", "not_equal": "ne"
}  # fmt: skip
_written = {f"{name}_": _comparison_in_place(name) for name in _comparisons}

OPERATORS = {
    "__add__": _add,
    "__radd__": _add,
    "__sub__": _sub,
    "__rsub__": _right_sub,
    "__mul__": _mul,
    "__rmul__": _mul,
    "__truediv__": _div,
    "__rtruediv__": _right_div,
    "__floordiv__": _operator(floor_divide),
    "__rfloordiv__": _reversed(_floor_divide),
    "__mod__": _operator(remainder),
    "__rmod__": _reversed(remainder),
    "__pow__": _operator(pow),
    "__rpow__": _reversed(pow),
    "__neg__": neg,
    "__pos__": positive,
    "__abs__": absolute,
    "__invert__": _invert,
    "__iadd__": in_place(_add),
    "__isub__": in_place(_sub),
    "__imul__": in_place(_mul),
    "__itruediv__": in_place(_div),
    "__ifloordiv__": in_place(_operator(floor_divide)),
    "__imod__": in_place(_operator(remainder)),
    "__ipow__": in_place(_operator(pow)),
    **{f"__{name}__": _operator(function) for name, function in _BITS.items()},
    **{f"__r{name}__": _from_number(function) for name, function in _BITS.items()},
    **{f"__i{name}__": in_place(_operator(function)) for name, function in _BITS.items()},
    **{f"__{name}__": row for name, row in _comparisons.items()},
    **_written,
    **{f"{alias}_": _written[f"{name}_"] for alias, name in _LONG_NAMES.items()},
}

IN_PLACE = (
    add, sub, mul, div, floor_divide, remainder, fmod, pow, float_power, atan2, hypot, heaviside, lerp, addcmul,
    addcdiv, logical_and, logical_or, logical_xor, bitwise_and, bitwise_or, bitwise_xor, bitwise_not,
    bitwise_left_shift, bitwise_right_shift,
)  # fmt: skip
BOTH = (*IN_PLACE, maximum, minimum, fmax, fmin, logaddexp, isclose, allclose, equal, eq, ne, lt, le, gt, ge)
FUNCTIONS_ONLY = (rsub,)
ALIASES = {
    "subtract": sub, "multiply": mul, "divide": div, "true_divide": div, "arctan2": atan2,
    **{alias: globals()[name] for alias, name in _LONG_NAMES.items()},
}  # fmt: skip
