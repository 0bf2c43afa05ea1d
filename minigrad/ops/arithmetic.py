"""Arithmetic: two operands, or one and a number. Names and derivatives follow PyTorch's derivatives.yaml."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor
from .arguments import is_number, must_be_tensor
from .dual import like, log, power, where
from .pointwise import abs as absolute
from .templates import Operation, binary, checked, in_place, operand_error, promote, unary


def _scaled(grad: Any, alpha: float) -> Any:
    return grad if alpha == 1 else grad * alpha


def _subtract(x: np.ndarray, y: np.ndarray, alpha: float) -> np.ndarray:
    if x.dtype.kind == "b":
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    return np.subtract(x, y if alpha == 1 else y * alpha, out=...)


_add = binary(
    "add",
    np.add,
    {"self": lambda grad: grad, "other": lambda grad, alpha: _scaled(grad, alpha)},
    extra={"alpha": 1},
    general=lambda x, y, alpha: np.add(x, y if alpha == 1 else (y * alpha).astype(y.dtype), out=...),
    formula={"self": r"\bar{z}", "other": r"\alpha \, \bar{z}"},
)
_sub = binary(
    "sub",
    np.subtract,
    {"self": lambda grad: grad, "other": lambda grad, alpha: _scaled(-grad, alpha)},
    extra={"alpha": 1},
    general=_subtract,
    formula={"self": r"\bar{z}", "other": r"-\alpha \, \bar{z}"},
)
_mul = binary(
    "mul",
    np.multiply,
    {"self": lambda grad, other: grad * other, "other": lambda grad, self: grad * self},
    formula={"self": r"\bar{z} \cdot y", "other": r"\bar{z} \cdot x"},
)
_div = binary(
    "div",
    np.true_divide,
    {"self": lambda grad, other: grad / other, "other": lambda grad, self, other: -grad * ((self / other) / other)},
    floating=True,
    formula={"self": r"\bar{z} / y", "other": r"-\bar{z} \cdot x / y^2"},
)

mul = checked(_mul)


def add(input: Tensor, other: Tensor | float, *, alpha: float = 1, out: None = None) -> Tensor:
    """``input + alpha * other``, broadcast and promoted as in PyTorch.

    >>> import minigrad as torch
    >>> torch.add(torch.tensor([1., 2.]), 1, alpha=10)
    tensor([11., 12.])

    See https://docs.pytorch.org/docs/stable/generated/torch.add.html
    """
    return _alpha(_add, input, other, alpha)


def sub(input: Tensor, other: Tensor | float, *, alpha: float = 1, out: None = None) -> Tensor:
    """``input - alpha * other``, broadcast and promoted as in PyTorch.

    See https://docs.pytorch.org/docs/stable/generated/torch.sub.html
    """
    return _alpha(_sub, input, other, alpha)


def _alpha(operator: Any, input: Any, other: Any, alpha: float) -> Tensor:
    result = operator(input, other) if alpha == 1 else NotImplemented
    if result is NotImplemented:
        if not isinstance(input, Tensor) or not (isinstance(other, Tensor) or is_number(other)):
            raise operand_error(operator.__name__, input, other)
        result = operator.operation(input, other, alpha)
    return result


def div(input: Tensor, other: Tensor | float, *, rounding_mode: str | None = None, out: None = None) -> Tensor:
    """``input / other``; integers give the default float.

    See https://docs.pytorch.org/docs/stable/generated/torch.div.html
    """
    result = _div(input, other)
    if result is NotImplemented:
        raise operand_error("div", input, other)
    return result


def rsub(input: Tensor, other: Tensor | float, alpha: float = 1) -> Tensor:
    """``other - alpha * input``."""
    if not isinstance(other, Tensor | int | float):
        return NotImplemented
    return _rsub(input, other, alpha)


_rsub = Operation(
    "rsub",
    lambda self, other, alpha: _subtract(*reversed(promote(self, other, False)), alpha),
    {"self": lambda grad, alpha: _scaled(-grad, alpha)},
    node="RsubBackward1",
    formula={"self": r"-\alpha \, \bar{z}"},
)
neg = unary("neg", np.negative, lambda grad: -grad, floating=False, formula=r"-\bar{z}")
reciprocal = unary(
    "reciprocal", np.reciprocal, lambda grad, result: -grad * (result * result), formula=r"-\bar{z} \cdot z^2"
)


# Powers: a constant exponent, a constant base, or neither.


def _raise(x: Any, y: Any) -> np.ndarray:
    x, y = promote(x, y, False)
    if x.dtype.kind in "iu" and y.dtype.kind == "i" and y.ndim == 0 and y < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return np.power(x, y, out=...)


def _raise_to_number(self: np.ndarray, exponent: float) -> np.ndarray:
    if self.dtype.kind == "f" and exponent == 2:
        return np.multiply(self, self, out=...)
    return _raise(self, exponent)


_pow_number = Operation(
    "pow",
    _raise_to_number,
    {
        "self": lambda grad, self, exponent: (
            grad * 0 if exponent == 0 else grad * (exponent * _to_power(self, exponent - 1))
        )
    },
    formula={"self": r"\bar{z} \cdot n \, x^{n-1}"},
)


def _to_power(base: Any, exponent: float) -> Any:
    return pow(base, exponent) if isinstance(base, Tensor) else _raise_to_number(base, exponent)


_pow_tensor = Operation(
    "pow",
    _raise,
    {
        "self": lambda grad, self, exponent: where(
            exponent == 0, like(grad, 0.0), grad * (exponent * power(self, exponent - 1))
        ),
        "exponent": lambda grad, self, exponent, result: _exponent_gradient(grad, self, exponent, result),
    },
    params=("self", "exponent"),
    node="PowBackward1",
    formula={"self": r"\bar{z} \cdot y \, x^{y-1}", "exponent": r"\bar{z} \cdot z \ln x"},
)
_pow_base = Operation(
    "pow",
    _raise,
    {"exponent": lambda grad, self, exponent, result: _exponent_gradient(grad, self, exponent, result)},
    params=("self", "exponent"),
    node="PowBackward2",
    formula={"exponent": r"\bar{z} \cdot z \ln a"},
)


def _exponent_gradient(grad: Any, base: Any, exponent: Any, result: Any) -> Any:
    if is_number(base):
        if base == 0:
            return where(exponent >= 0, like(grad, 0.0), grad * float("nan"))
        return grad * (result * float(np.log(float(base))))
    flat = (base == 0) & (exponent >= 0)
    return grad * where(flat, like(grad, 0.0), result * log(base))


def pow(input: Tensor | float, exponent: Tensor | float, *, out: None = None) -> Tensor:
    """``input`` to the power ``exponent``; one of them may be a number.

    See https://docs.pytorch.org/docs/stable/generated/torch.pow.html
    """
    if isinstance(input, Tensor):
        if isinstance(exponent, Tensor):
            return _pow_tensor(input, exponent)
        if is_number(exponent):
            return _pow_number(input, exponent)
        raise operand_error("pow", input, exponent)
    if isinstance(exponent, Tensor) and is_number(input):
        return _pow_base(input, exponent)
    raise must_be_tensor("pow", "input", 1, input)


# Comparisons: no derivative; the result is a tensor of bools.

_comparisons = {
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
eq, ne, lt, le, gt, ge = (checked(operator) for operator in _comparisons.values())


def _power_operator(self: Tensor, exponent: Any) -> Any:
    return pow(self, exponent) if isinstance(exponent, Tensor) or is_number(exponent) else NotImplemented


OPERATORS = {
    "__add__": _add,
    "__radd__": _add,
    "__sub__": _sub,
    "__rsub__": rsub,
    "__mul__": _mul,
    "__rmul__": _mul,
    "__truediv__": _div,
    "__rtruediv__": lambda self, other: reciprocal(self) * other,
    "__pow__": _power_operator,
    "__rpow__": lambda self, base: pow(base, self) if is_number(base) else NotImplemented,
    "__neg__": neg,
    "__abs__": absolute,
    "__iadd__": in_place(_add),
    "__isub__": in_place(_sub),
    "__imul__": in_place(_mul),
    "__itruediv__": in_place(_div),
    "__ipow__": in_place(pow),
    "__pos__": lambda self: self,
    **{f"__{name}__": operator for name, operator in _comparisons.items()},
}


BOTH = (add, sub, mul, div, rsub, neg, reciprocal, pow, eq, ne, lt, le, gt, ge)
IN_PLACE = (add, sub, mul, div, neg, reciprocal, pow, eq, ne, lt, le, gt, ge)
ALIASES = {"subtract": sub, "multiply": mul, "divide": div, "true_divide": div, "negative": neg}
