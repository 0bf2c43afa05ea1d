"""Functions of each element, clamping, and choosing by a mask. Derivatives follow PyTorch's derivatives.yaml."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..dtypes import FROM_NUMPY, dtype
from ..tensor import Tensor
from . import dual
from .arguments import broadcast_error, must_be_tensor
from .templates import Operation, broadcast, common_dtype, promote, unary

_LN2, _LN10, _DEGREE = math.log(2), math.log(10), math.pi / 180


def refusing(kinds: str, error: Callable[[str], Exception], function: Callable[..., Any]) -> Callable[..., Any]:
    """``function``, but for dtypes of these kinds there is none: it raises ``error(name of the dtype)``."""

    def general(*arrays: np.ndarray) -> np.ndarray:
        kind = arrays[0].dtype
        if kind.kind in kinds:
            raise error(FROM_NUMPY[kind].scalar_name)
        return function(*arrays, out=...) if isinstance(function, np.ufunc) else function(*arrays)

    return general


_C_NAMES = {"float16": "c10::Half", "float32": "float", "float64": "double", "int64": "long int", "int32": "int"}
_C_NAMES |= {"int16": "short int", "int8": "signed char", "uint8": "unsigned char", "bool": "bool"}


def c_name(kind: dtype) -> str:
    """What PyTorch's templates call a dtype."""
    return _C_NAMES[kind.name]


def kernel(name: str) -> Callable[[str], Exception]:
    """The error for a dtype that PyTorch's kernel of this name does not have."""
    return lambda dtype: NotImplementedError(f"\"{name}\" not implemented for '{dtype}'")


# Exponentials and logarithms

exp = unary("exp", np.exp, lambda grad, result: grad * result, formula=r"\bar{z} \cdot z")
exp2 = unary("exp2", np.exp2, lambda grad, result: grad * result * _LN2, formula=r"\bar{z} \cdot z \ln 2")
expm1 = unary("expm1", np.expm1, lambda grad, result: grad * (result + 1), formula=r"\bar{z} \cdot (z + 1)")
log = unary("log", np.log, lambda grad, self: grad / self, formula=r"\bar{z} / x")
log2 = unary("log2", np.log2, lambda grad, self: grad / (self * _LN2), formula=r"\bar{z} / (x \ln 2)")
log10 = unary("log10", np.log10, lambda grad, self: grad / (self * _LN10), formula=r"\bar{z} / (x \ln 10)")
log1p = unary(
    "log1p", np.log1p, lambda grad, self: grad / (self + 1), node="Log1PBackward0", formula=r"\bar{z} / (x + 1)"
)

# Roots and reciprocals

sqrt = unary("sqrt", np.sqrt, lambda grad, result: grad / (2 * result), formula=r"\bar{z} / 2z")
rsqrt = unary(
    "rsqrt",
    lambda x: np.true_divide(1, np.sqrt(x), out=...),
    lambda grad, result: -0.5 * grad * dual.power(result, 3),
    formula=r"-\tfrac{1}{2} \bar{z} \cdot z^3",
)
reciprocal = unary(
    "reciprocal",
    lambda x: np.true_divide(1, x, out=...),
    lambda grad, result: -grad * (result * result),
    formula=r"-\bar{z} \cdot z^2",
)

# Angles, and their hyperbolic cousins

sin = unary("sin", np.sin, lambda grad, self: grad * dual.cos(self), formula=r"\bar{z} \cos x")
cos = unary("cos", np.cos, lambda grad, self: grad * -dual.sin(self), formula=r"-\bar{z} \sin x")
tan = unary("tan", np.tan, lambda grad, result: grad * (1 + dual.power(result, 2)), formula=r"\bar{z} \cdot (1 + z^2)")
asin = unary(
    "asin",
    np.arcsin,
    lambda grad, self: grad * dual.rsqrt(-self * self + 1),
    formula=r"\bar{z} / \sqrt{1 - x^2}",
)
acos = unary(
    "acos",
    np.arccos,
    lambda grad, self: grad * -dual.rsqrt(-self * self + 1),
    formula=r"-\bar{z} / \sqrt{1 - x^2}",
)
atan = unary("atan", np.arctan, lambda grad, self: grad / (self * self + 1), formula=r"\bar{z} / (1 + x^2)")
sinh = unary("sinh", np.sinh, lambda grad, self: grad * dual.cosh(self), formula=r"\bar{z} \cosh x")
cosh = unary("cosh", np.cosh, lambda grad, self: grad * dual.sinh(self), formula=r"\bar{z} \sinh x")
asinh = unary(
    "asinh",
    np.arcsinh,
    lambda grad, self: grad * dual.rsqrt(dual.power(self, 2) + 1),
    formula=r"\bar{z} / \sqrt{x^2 + 1}",
)
acosh = unary(
    "acosh",
    np.arccosh,
    lambda grad, self: grad * dual.rsqrt(self * self - 1),
    formula=r"\bar{z} / \sqrt{x^2 - 1}",
)
atanh = unary(
    "atanh", np.arctanh, lambda grad, self: grad * 1 / (1 - dual.power(self, 2)), formula=r"\bar{z} / (1 - x^2)"
)
deg2rad = unary(
    "deg2rad", lambda x: np.multiply(x, _DEGREE, out=...), lambda grad: grad * _DEGREE, node="Deg2RadBackward0"
)
rad2deg = unary(
    "rad2deg",
    lambda x: np.multiply(x, 1 / _DEGREE, out=...),
    lambda grad: grad * (1 / _DEGREE),
    node="Rad2DegBackward0",
)

# Squashing. PyTorch has one kernel for each of these gradients, hence a node of its own when it is differentiated.

_tanh_backward: Operation = Operation(
    "tanh_backward",
    lambda grad_output, output: grad_output * (1 - output * output),
    {
        "grad_output": lambda grad, output: dual.either(_tanh_backward, grad, output),
        "output": lambda grad, grad_output, output: grad * (-2 * output * grad_output),
    },
    node="TanhBackwardBackward0",
)
_sigmoid_backward: Operation = Operation(
    "sigmoid_backward",
    lambda grad_output, output: grad_output * ((1 - output) * output),
    {
        "grad_output": lambda grad, output: dual.either(_sigmoid_backward, grad, output),
        "output": lambda grad, grad_output, output: grad * grad_output * (-2 * output + 1),
    },
    node="SigmoidBackwardBackward0",
)
threshold_backward: Operation = Operation(
    "threshold_backward",
    lambda grad_output, self, threshold: dual.dropped(grad_output, self <= threshold),
    {
        "grad_output": lambda grad, self, threshold: dual.either(threshold_backward, grad, self, threshold),
        "self": lambda grad: dual.zeros(grad),
    },
    node="ThresholdBackwardBackward0",
)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.true_divide(1, 1 + np.exp(-x), out=...)


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x.dtype.type(0), x, out=...)  # see dual.first


tanh = unary(
    "tanh", np.tanh, lambda grad, result: dual.either(_tanh_backward, grad, result), formula=r"\bar{z} \cdot (1 - z^2)"
)
sigmoid = unary(
    "sigmoid",
    _sigmoid,
    lambda grad, result: dual.either(_sigmoid_backward, grad, result),
    formula=r"\bar{z} \cdot z (1 - z)",
)
relu = unary(
    "relu",
    _relu,
    lambda grad, result: dual.either(threshold_backward, grad, result, 0),
    general=refusing("b", lambda dtype: RuntimeError("Boolean inputs not supported for relu"), _relu),
    formula=r"\bar{z} \cdot [z > 0]",
)
_error_function = np.frompyfunc(math.erf, 1, 1)
erf = unary(
    "erf",
    lambda x: np.asarray(_error_function(x)).astype(x.dtype),
    lambda grad, self: 2 / math.sqrt(math.pi) * dual.exp(-dual.power(self, 2)) * grad,
    formula=r"\tfrac{2}{\sqrt\pi} e^{-x^2} \bar{z}",
)

# Signs and whole numbers. Where the derivative is zero, PyTorch sends zeros, and no formula is shown but 0.


def _step(name: str, function: Callable[..., Any], general: Callable[..., Any], **row: Any) -> Callable[..., Tensor]:
    return unary(name, function, lambda grad: dual.zeros(grad), general=general, formula="0", **row)


neg = unary(
    "neg",
    np.negative,
    lambda grad: -grad,
    general=refusing(
        "b",
        lambda dtype: RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use "
            "the `~` or `logical_not()` operator instead."
        ),
        np.negative,
    ),
    formula=r"-\bar{z}",
)
abs = unary(
    "abs",
    np.absolute,
    lambda grad, self: grad * dual.sgn(self),
    general=refusing("b", kernel("abs_cpu"), np.absolute),
    formula=r"\bar{z} \cdot \mathrm{sgn}\, x",
)
sign = _step("sign", dual.signs, lambda x: x.copy() if x.dtype.kind == "b" else dual.signs(x))
sgn = unary(
    "sgn",
    dual.signs,
    lambda grad, self, result: dual.zeros(grad),
    general=lambda x: x.copy() if x.dtype.kind == "b" else dual.signs(x),
    formula="0",
)
floor, ceil, trunc = (
    _step(name, function, refusing("b", kernel(f"{name}_vml_cpu"), np.copy))
    for name, function in (("floor", np.floor), ("ceil", np.ceil), ("trunc", np.trunc))
)
frac = unary(
    "frac",
    lambda x: np.subtract(x, np.trunc(x), out=...),
    lambda grad: grad,
    general=refusing("biu", kernel("frac_cpu"), np.copy),
    formula=r"\bar{z}",
)
_round = _step("round", np.rint, refusing("b", kernel("round_vml_cpu"), np.copy))


def _to_decimals(self: np.ndarray, decimals: int) -> np.ndarray:
    if self.dtype.kind != "f":
        raise kernel("round_cpu" if decimals else "round_vml_cpu")(FROM_NUMPY[self.dtype].scalar_name)
    ten = self.dtype.type(10.0 ** math.fabs(decimals))
    return (
        np.true_divide(np.rint(self * ten), ten, out=...)
        if decimals > 0
        else np.multiply(np.rint(self / ten), ten, out=...)
    )


_round_to = Operation(
    "round", _to_decimals, {"self": lambda grad: dual.zeros(grad)}, node="RoundBackward1", formula={"self": "0"}
)


def round(input: Tensor, *, decimals: int | None = None) -> Tensor:
    """Each element rounded, halves to the even neighbour, or to so many decimals.

    See https://docs.pytorch.org/docs/stable/generated/torch.round.html
    """
    return _round(input) if decimals is None or not isinstance(input, Tensor) else _round_to(input, decimals)


def square(input: Tensor) -> Tensor:
    """Each element times itself: ``input ** 2``.

    See https://docs.pytorch.org/docs/stable/generated/torch.square.html
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("square", "input", 1, input)
    return input**2


def positive(input: Tensor) -> Tensor:
    """``input`` itself.

    See https://docs.pytorch.org/docs/stable/generated/torch.positive.html
    """
    if input._array.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


# Questions: no derivative; the answer is a tensor of bools.

isnan, isinf, isfinite, logical_not, signbit = (
    unary(name, function, None, floating=False)
    for name, function in (
        ("isnan", np.isnan),
        ("isinf", np.isinf),
        ("isfinite", np.isfinite),
        ("logical_not", np.logical_not),
        ("signbit", lambda x: np.signbit(x, out=...) if x.dtype.kind == "f" else np.less(x, 0, out=...)),
    )
)
isposinf = unary("isposinf", lambda x: np.equal(x, np.inf, out=...), None, floating=False)
isneginf = unary("isneginf", lambda x: np.equal(x, -np.inf, out=...), None, floating=False)


def _replaced(self: np.ndarray, nan: float | None, posinf: float | None, neginf: float | None) -> np.ndarray:
    if self.dtype.kind != "f":
        return self.copy()
    return np.asarray(np.nan_to_num(self, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf))


_nan_to_num = Operation(
    "nan_to_num",
    _replaced,
    {"self": lambda grad, self: grad * dual.isfinite(self)},
    formula={"self": r"\bar{z} \cdot [x \text{ finite}]"},
)


def nan_to_num(
    input: Tensor,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Tensor:
    """``input`` with NaN (0 by default) and the infinities (the dtype's limits) replaced.

    See https://docs.pytorch.org/docs/stable/generated/torch.nan_to_num.html
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("nan_to_num", "input", 1, input)
    return _nan_to_num(input, nan, posinf, neginf)


_clone = Operation(
    "clone",
    lambda self: self.copy("C" if 0 in self.strides else "K"),  # the layout stays, unless it is stretched
    {"self": lambda grad: grad},
    formula={"self": r"\bar{z}"},
)


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy that gradients flow through.

    See https://docs.pytorch.org/docs/stable/generated/torch.clone.html
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("clone", "input", 1, input)
    return _clone(input)


# Clamping: by numbers, or by tensors that have gradients of their own.


def _clamped(self: np.ndarray, min: Any, max: Any) -> np.ndarray:
    out = self
    kind = self.dtype if FROM_NUMPY[self.dtype].category else None  # bools take the dtype of their bounds
    for bound in (min, max):
        if bound is not None:
            promoted = common_dtype(out, bound).numpy
            kind = promoted
            out = out.astype(promoted, copy=False)
    if min is not None:
        out = broadcast(dual.first(np.maximum), out, np.asarray(min, dtype=kind))
    if max is not None:
        out = broadcast(dual.first(np.minimum), out, np.asarray(max, dtype=kind))
    return out


def _within(self: Any, min: Any, max: Any) -> Any:
    if min is None:
        return self <= max
    return self >= min if max is None else (self >= min) & (self <= max)


_WITHIN = r"\bar{z} \cdot [\mathrm{min} \le x \le \mathrm{max}]"
_clamp_numbers = Operation(
    "clamp",
    _clamped,
    {"self": lambda grad, self, min, max: dual.kept(grad, _within(self, min, max))},
    node="ClampBackward1",
    formula={"self": _WITHIN},
)
_clamp_tensors = Operation(
    "clamp",
    _clamped,
    {
        "self": lambda grad, self, min, max: dual.kept(grad, _within(self, min, max)),
        "min": lambda grad, self, min, max: dual.kept(grad, self < min if max is None else (min < max) & (self < min)),
        "max": lambda grad, self, min, max: dual.kept(grad, self > max if min is None else (self > max) | (max < min)),
    },
    node="ClampBackward0",
    formula={"self": _WITHIN, "min": r"\bar{z} \cdot [x < \mathrm{min}]", "max": r"\bar{z} \cdot [x > \mathrm{max}]"},
)
_clamp_min, _clamp_min_tensor = (
    Operation(
        "clamp_min",
        lambda self, min: _clamped(self, min, None),
        {"self": lambda grad, self, min: dual.kept(grad, self >= min)} | more,
        node=node,
        formula={"self": r"\bar{z} \cdot [x \ge \mathrm{min}]", "min": r"\bar{z} \cdot [x < \mathrm{min}]"},
    )
    for node, more in (
        ("ClampMinBackward0", {}),
        ("ClampMinBackward1", {"min": lambda grad, self, min: dual.kept(grad, self < min)}),
    )
)
_clamp_max, _clamp_max_tensor = (
    Operation(
        "clamp_max",
        lambda self, max: _clamped(self, None, max),
        {"self": lambda grad, self, max: dual.kept(grad, self <= max)} | more,
        node=node,
        formula={"self": r"\bar{z} \cdot [x \le \mathrm{max}]", "max": r"\bar{z} \cdot [x > \mathrm{max}]"},
    )
    for node, more in (
        ("ClampMaxBackward0", {}),
        ("ClampMaxBackward1", {"max": lambda grad, self, max: dual.kept(grad, self > max)}),
    )
)


def clamp(input: Tensor, min: Tensor | float | None = None, max: Tensor | float | None = None) -> Tensor:
    """Each element moved into [min, max]; the bounds are numbers or tensors, and one may be left out.

    Raises:
        RuntimeError: both are left out.

    See https://docs.pytorch.org/docs/stable/generated/torch.clamp.html
    """
    if not isinstance(input, Tensor):
        raise must_be_tensor("clamp", "input", 1, input)
    if isinstance(min, Tensor) != isinstance(max, Tensor) and min is not None and max is not None:
        min, max = (bound.item() if isinstance(bound, Tensor) else bound for bound in (min, max))
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        return _clamp_tensors(input, min, max)
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    return _clamp_numbers(input, min, max)


def clamp_min(input: Tensor, min: Tensor | float) -> Tensor:
    """Each element, but at least ``min``."""
    return (_clamp_min_tensor if isinstance(min, Tensor) else _clamp_min)(input, min)


def clamp_max(input: Tensor, max: Tensor | float) -> Tensor:
    """Each element, but at most ``max``."""
    return (_clamp_max_tensor if isinstance(max, Tensor) else _clamp_max)(input, max)


# Choosing by a mask


def _chosen(condition: np.ndarray, self: Any, other: Any) -> np.ndarray:
    x, y = promote(self, other, False)
    try:
        return dual.choose(condition, x, y)
    except ValueError:
        raise broadcast_error(x.shape, y.shape) from None


_where = Operation(
    "where",
    _chosen,
    {
        "self": lambda grad, condition: dual.kept(grad, condition),
        "other": lambda grad, condition: dual.dropped(grad, condition),
    },
    tensors=("condition",),
    formula={"self": r"\bar{z} \cdot [c]", "other": r"\bar{z} \cdot [\lnot c]"},
)


def where(condition: Tensor, input: Tensor | float | None = None, other: Tensor | float | None = None) -> Any:
    """``input`` where ``condition`` is true, ``other`` elsewhere; all three broadcast. Alone: the true places.

    See https://docs.pytorch.org/docs/stable/generated/torch.where.html
    """
    if input is None and other is None:
        return dual.FUNCTIONS["nonzero"](condition, as_tuple=True)
    kind = condition._array.dtype
    if kind == np.uint8:
        warnings.warn(
            "where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future "
            "version of PyTorch. Use a boolean condition instead.",
            UserWarning,
            stacklevel=2,
        )
        condition = Tensor._plain(condition._array != 0)
    elif kind.kind != "b":
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype.scalar_name}"
        )
    return _where(condition, input, other)


def _filled(self: np.ndarray, mask: np.ndarray, value: Any) -> np.ndarray:
    try:
        shape = np.broadcast_shapes(self.shape, mask.shape)
    except ValueError:
        raise broadcast_error(mask.shape, self.shape) from None
    out = self.copy("K") if shape == self.shape else np.array(np.broadcast_to(self, shape), order="C")
    np.copyto(out, np.asarray(value).astype(out.dtype), where=mask)
    return out


_fill_number, _fill_tensor = (
    Operation(
        "masked_fill",
        _filled,
        {"self": lambda grad, mask: dual.masked(grad, mask)} | more,
        tensors=("mask",),
        node=node,
        formula={"self": r"\bar{z} \cdot [\lnot m]", "value": r"\sum \bar{z} \cdot [m]"},
    )
    for node, more in (
        ("MaskedFillBackward0", {}),
        ("MaskedFillBackward1", {"value": lambda grad, mask: dual.masked_total(grad, mask)}),
    )
)


def masked_fill(input: Tensor, mask: Tensor, value: Tensor | float) -> Tensor:
    """``input`` with ``value`` (a number or a 0-d tensor) where ``mask`` is true.

    See https://docs.pytorch.org/docs/stable/generated/torch.Tensor.masked_fill_.html
    """
    if mask._array.dtype.kind != "b":
        raise RuntimeError(f"masked_fill_ only supports boolean masks, but got mask with dtype {c_name(mask.dtype)}")
    if not isinstance(value, Tensor):
        return _fill_number(input, mask, value)
    if value._array.ndim:
        raise RuntimeError(
            f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value._array.ndim} "
            "dimension(s)."
        )
    return _fill_tensor(input, mask, value)


_OF_FLOATS = (
    exp, exp2, expm1, log, log2, log10, log1p, sqrt, rsqrt, reciprocal, sin, cos, tan, asin, acos, atan, sinh, cosh,
    asinh, acosh, atanh, deg2rad, rad2deg, tanh, sigmoid, erf, relu, neg, abs, sign, sgn, floor, ceil, trunc, frac,
    round, square, nan_to_num, clamp, clamp_min, clamp_max, masked_fill,
)  # fmt: skip

BOTH = (*_OF_FLOATS, positive, isnan, isinf, isfinite, isposinf, isneginf, logical_not, signbit, clone)
FUNCTIONS_ONLY = (where,)
OPERATORS = {"where": lambda self, condition, other: where(condition, self, other)}
IN_PLACE = (*_OF_FLOATS, logical_not)
ALIASES = {
    "absolute": abs, "negative": neg, "arcsin": asin, "arccos": acos, "arctan": atan, "arcsinh": asinh,
    "arccosh": acosh, "arctanh": atanh, "fix": trunc, "clip": clamp,
}  # fmt: skip
