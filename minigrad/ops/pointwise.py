"""Functions of each element, clamping, and choosing by a mask. Derivatives follow PyTorch's derivatives.yaml."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..autograd.notes import warn
from ..dtypes import FROM_NUMPY, number_array, refuse_kinds, result_type
from ..tensor import Tensor
from . import dual
from .arguments import broadcast_shape, function
from .layout import laid_out
from .templates import Operation, broadcast, computed, gradient_row, parameters, promote, row, unary

_LN2, _LN10 = math.log(2), math.log(10)


def elementwise(
    name: str, compute: Callable[..., Any], derivative: Any, formula: str, aliases: tuple[str, ...] = (), *,
    no_bools: str = "", **more: Any,
) -> Callable[..., Tensor]:  # fmt: skip
    """A row, and the function, the method and the in-place method of it; ``no_bools``: see ``refusing``."""
    if no_bools:
        more["general"] = refusing("b", no_bools, compute)
    declare = function(
        f"{name}(Tensor input, *, Tensor out=None)", in_place=True, aliases=aliases, doc=f"``{name}`` of each element."
    )
    return declare(unary(name, compute, derivative, formula=formula, **more))


def by_last_operand(name: str, forward: Callable[..., Any], /, **more: Any) -> Callable[..., Tensor]:
    """Two rows, for a number as the last operand and for a tensor there, which has a gradient as well."""
    *_, last = parameters(forward)
    by_number = Operation(name, forward, **{key: given for key, given in more.items() if key != last})
    node = "".join(part.capitalize() for part in name.split("_")) + "Backward1"
    by_tensor = Operation(name, forward, node=node, **more)

    def compute(*args: Any) -> Tensor:
        return (by_tensor if isinstance(args[-1], Tensor) else by_number)(*args)

    compute.params = by_tensor.params  # type: ignore[attr-defined]
    return compute


def overloaded(signature: str, forward: Callable[..., Any], doc: str, /, **more: Any) -> Callable[..., Tensor]:
    """The function of these two rows, from PyTorch's signature for a tensor."""
    compute = by_last_operand(signature.partition("(")[0], forward, **more)
    last = compute.params[-1]  # type: ignore[attr-defined]
    return function(signature, signature.replace(f"Tensor {last}", f"Scalar {last}"), in_place=True, doc=doc)(compute)


def refusing(kinds: str, what: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """``compute``, but not for dtypes of these kinds: ``what`` is PyTorch's kernel that lacks them, or a whole text."""

    def general(*arrays: np.ndarray) -> np.ndarray:
        if " " in what and arrays[0].dtype.kind in kinds:
            raise RuntimeError(what)
        refuse_kinds(kinds, arrays[0].dtype, what)
        return computed(compute, *arrays)

    return general


# Exponentials, logarithms, roots

exp = elementwise("exp", np.exp, lambda grad, result: grad * result, r"\bar{z} \cdot z")
exp2 = elementwise("exp2", np.exp2, lambda grad, result: grad * result * _LN2, r"\bar{z} \cdot z \ln 2")
expm1 = elementwise("expm1", np.expm1, lambda grad, result: grad * (result + 1), r"\bar{z} \cdot (z + 1)")
log = elementwise("log", np.log, lambda grad, self: grad / self, r"\bar{z} / x")
log2 = elementwise("log2", np.log2, lambda grad, self: grad / (self * _LN2), r"\bar{z} / (x \ln 2)")
log10 = elementwise("log10", np.log10, lambda grad, self: grad / (self * _LN10), r"\bar{z} / (x \ln 10)")
log1p = elementwise(
    "log1p", np.log1p, lambda grad, self: grad / (self + 1), r"\bar{z} / (x + 1)", node="Log1PBackward0"
)
sqrt = elementwise("sqrt", np.sqrt, lambda grad, result: grad / (2 * result), r"\bar{z} / 2z")
rsqrt = elementwise(
    "rsqrt",
    dual.inverse_root,
    lambda grad, result: -0.5 * grad * dual.power(result, 3),
    r"-\tfrac{1}{2} \bar{z} \cdot z^3",
)
reciprocal = elementwise(
    "reciprocal",
    lambda x: np.true_divide(1, x, out=...),
    lambda grad, result: -grad * (result * result),
    r"-\bar{z} \cdot z^2",
)

# Angles, and their hyperbolic cousins

sin = elementwise("sin", np.sin, lambda grad, self: grad * dual.cos(self), r"\bar{z} \cos x")
cos = elementwise("cos", np.cos, lambda grad, self: grad * -dual.sin(self), r"-\bar{z} \sin x")
tan = elementwise("tan", np.tan, lambda grad, result: grad * (1 + dual.power(result, 2)), r"\bar{z} \cdot (1 + z^2)")
sinh = elementwise("sinh", np.sinh, lambda grad, self: grad * dual.cosh(self), r"\bar{z} \cosh x")
cosh = elementwise("cosh", np.cosh, lambda grad, self: grad * dual.sinh(self), r"\bar{z} \sinh x")


def _inverse(compute: np.ufunc, derivative: Callable[..., Any], formula: str) -> Callable[..., Tensor]:
    """PyTorch calls arcsin both that and asin."""
    return elementwise(compute.__name__.replace("arc", "a"), compute, derivative, formula, (compute.__name__,))


asin = _inverse(np.arcsin, lambda grad, self: grad * dual.rsqrt(-self * self + 1), r"\bar{z} / \sqrt{1 - x^2}")
acos = _inverse(np.arccos, lambda grad, self: grad * -dual.rsqrt(-self * self + 1), r"-\bar{z} / \sqrt{1 - x^2}")
atan = _inverse(np.arctan, lambda grad, self: grad / (self * self + 1), r"\bar{z} / (1 + x^2)")
asinh = _inverse(np.arcsinh, lambda grad, self: grad * dual.rsqrt(dual.power(self, 2) + 1), r"\bar{z} / \sqrt{x^2 + 1}")
acosh = _inverse(np.arccosh, lambda grad, self: grad * dual.rsqrt(self * self - 1), r"\bar{z} / \sqrt{x^2 - 1}")
atanh = _inverse(np.arctanh, lambda grad, self: grad * 1 / (1 - dual.power(self, 2)), r"\bar{z} / (1 - x^2)")

# Squashing. PyTorch has one kernel for each of these gradients, hence a node of its own when it is differentiated.


def _own_kernel(name: str, forward: Callable[..., Any], of_output: Callable[..., Any]) -> Callable[..., Any]:
    """A derivative that is a row: a product with ``grad_output``, and what is given of the output."""
    kernel: Operation = gradient_row(
        name, forward, grad_output=lambda grad, output: dual.either(kernel, grad, output), output=of_output
    )
    return lambda grad, result: dual.either(kernel, grad, result)


tanh = elementwise(
    "tanh",
    np.tanh,
    _own_kernel(
        "tanh",
        dual.rounded_once(lambda grad_output, output: grad_output * (1 - output * output)),
        lambda grad, grad_output, output: grad * (-2 * output * grad_output),
    ),
    r"\bar{z} \cdot (1 - z^2)",
)
sigmoid = elementwise(
    "sigmoid",
    dual.rounded_once(lambda x: np.true_divide(1, 1 + np.exp(-x), out=...)),
    _own_kernel(
        "sigmoid",
        lambda grad_output, output: grad_output * (1 - output) * output,
        lambda grad, grad_output, output: grad * grad_output * (-2 * output + 1),
    ),
    r"\bar{z} \cdot z (1 - z)",
)
threshold_backward: Operation = gradient_row(
    "threshold",
    lambda grad_output, self, threshold: dual.dropped(grad_output, self <= threshold),
    grad_output=lambda grad, self, threshold: dual.either(threshold_backward, grad, self, threshold),
    self=dual.zeros,
)


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(np.zeros(x.shape[-1:], x.dtype), x, out=...)  # a row: with one number numpy takes thrice as long


relu = elementwise(
    "relu",
    _relu,
    lambda grad, result: dual.either(threshold_backward, grad, result, 0),
    r"\bar{z} \cdot [z > 0]",
    no_bools="Boolean inputs not supported for relu",
)
_STEPS, _LAST = 512, 6  # a table of erf: steps from one number to the next; the last, where erf is 1 in float64


@cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    """The error function and its slope at -6, -6 + 1 / 512, ..., 6."""
    grid = np.arange(-_LAST * _STEPS, _LAST * _STEPS + 1) / _STEPS
    return np.array([math.erf(x) for x in grid]), 2 / math.sqrt(math.pi) * np.exp(-grid * grid)


def _erf(x: np.ndarray) -> np.ndarray:
    """By Taylor's series around the nearest entry of the table, exact but for the last bit or two of a float64."""
    values, slopes = _table()
    out, flat = np.empty(x.size, x.dtype), x.reshape(-1)
    for start in range(0, x.size, 8192):  # as many at a time as stay in the processor's cache
        part = flat[start : start + 8192]
        wide = np.clip(part, -_LAST, _LAST, dtype=np.float64)
        steps = np.rint(wide * _STEPS)
        near, place = steps / _STEPS, (steps + _LAST * _STEPS).astype(np.int64)
        off, square = wide - near, near * near
        bends = near * (2 * square - 3) / 6 - off * ((4 * square - 12) * square + 3) / 30
        series = 1 - off * (near - off * ((2 * square - 1) / 3 - off * bends))
        found = values.take(place, mode="clip") + slopes.take(place, mode="clip") * off * series
        out[start : start + 8192] = np.copysign(found, part)
    return laid_out(out.reshape(x.shape), x)


erf = elementwise(
    "erf",
    _erf,
    lambda grad, self: 2 / math.sqrt(math.pi) * dual.exp(-dual.power(self, 2)) * grad,
    r"\tfrac{2}{\sqrt\pi} e^{-x^2} \bar{z}",
)

# Signs and whole numbers. Where the derivative is zero, PyTorch sends zeros.


def _signs(x: np.ndarray) -> np.ndarray:
    return x.copy() if x.dtype.kind == "b" else dual.signs(x)


_NEGATION = (
    "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` or "
    "`logical_not()` operator instead."
)
neg = elementwise("neg", np.negative, lambda grad: -grad, r"-\bar{z}", ("negative",), no_bools=_NEGATION)
abs = elementwise(
    "abs", np.absolute, lambda grad, self: grad * dual.sgn(self), r"\bar{z} \cdot \mathrm{sgn}\, x", ("absolute",),
    no_bools="abs_cpu",
)  # fmt: skip
sign = elementwise("sign", dual.signs, dual.zeros, "0", general=_signs)
sgn = elementwise("sgn", dual.signs, lambda grad, self, result: dual.zeros(grad), "0", general=_signs)
floor, ceil, trunc = (
    elementwise(name, compute, dual.zeros, "0", aliases, general=refusing("b", f"{name}_vml_cpu", np.copy))
    for name, compute, aliases in (("floor", np.floor, ()), ("ceil", np.ceil, ()), ("trunc", np.trunc, ("fix",)))
)
frac = elementwise(
    "frac",
    lambda x: np.subtract(x, np.trunc(x), out=...),
    lambda grad: grad,
    r"\bar{z}",
    general=refusing("biu", "frac_cpu", np.copy),
)
_round = unary("round", np.rint, dual.zeros, general=refusing("b", "round_vml_cpu", np.copy), formula="0")


def _rounded(self: np.ndarray, decimals: int) -> np.ndarray:
    refuse_kinds("biu", self.dtype, "round_cpu" if decimals else "round_vml_cpu")
    ten = self.dtype.type(10.0 ** math.fabs(decimals))
    if decimals > 0:
        return np.true_divide(np.rint(self * ten), ten, out=...)
    return np.multiply(np.rint(self / ten), ten, out=...)


_round_to = row("round", _rounded, dual.zeros, "0", node="RoundBackward1")


@function(
    "round(Tensor input, *, Tensor out=None)", "round(Tensor input, *, int decimals, Tensor out=None)", in_place=True
)
def round(input: Tensor, *, decimals: int | None = None) -> Tensor:
    """Each element rounded, halves to the even neighbour, or to so many decimals."""
    return _round(input) if decimals is None else _round_to(input, decimals)


@function("square(Tensor input, *, Tensor out=None)", in_place=True)
def square(input: Tensor) -> Tensor:
    """Each element times itself: ``input ** 2``."""
    return input**2


@function("positive(Tensor input)")
def positive(input: Tensor) -> Tensor:
    """``input`` itself."""
    if input._array.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


# Questions: no derivative; the answer is a tensor of bools.

isnan, isinf, isfinite = (
    function(f"{compute.__name__}(Tensor input)", doc=f"``{compute.__name__}`` of each element.")(
        unary(compute.__name__, compute, None, floating=False)
    )
    for compute in (np.isnan, np.isinf, np.isfinite)
)
logical_not = elementwise("logical_not", np.logical_not, None, "", floating=False)


# Clamping: by numbers, or by tensors that have gradients of their own.


def _clamped(self: np.ndarray, min: Any, max: Any) -> np.ndarray:
    bounds = [(bound, of) for bound, of in ((min, np.maximum), (max, np.minimum)) if bound is not None]
    out = self.astype(result_type(self, *(bound for bound, _ in bounds)).numpy, copy=False)
    for bound, extreme in bounds:
        limit = bound if isinstance(bound, np.ndarray) else number_array(bound, FROM_NUMPY[out.dtype])
        out = broadcast(dual.first(extreme), out, limit.astype(out.dtype, copy=False))
    return out


def _within(self: Any, min: Any, max: Any) -> Any:
    if min is None:
        return self <= max
    return self >= min if max is None else (self >= min) & (self <= max)


_inside = (
    lambda grad, self, min, max: dual.kept(grad, _within(self, min, max)),
    r"\bar{z} \cdot [\mathrm{min} \le x \le \mathrm{max}]",
)
_clamp_numbers = Operation("clamp", _clamped, self=_inside, node="ClampBackward1")
_clamp_tensors = Operation(
    "clamp",
    _clamped,
    self=_inside,
    min=(
        lambda grad, self, min, max: dual.kept(grad, self < min if max is None else (min < max) & (self < min)),
        r"\bar{z} \cdot [x < \mathrm{min}]",
    ),
    max=(
        lambda grad, self, min, max: dual.kept(grad, self > max if min is None else (self > max) | (max < min)),
        r"\bar{z} \cdot [x > \mathrm{max}]",
    ),
)


@function(
    "clamp(Tensor input, Tensor min=None, Tensor max=None, *, Tensor out=None)",
    "clamp(Tensor input, Scalar min=None, Scalar max=None, *, Tensor out=None)",
    in_place=True,
    aliases=("clip",),
)
def clamp(input: Tensor, min: Tensor | float | None = None, max: Tensor | float | None = None) -> Tensor:
    """Each element moved into [min, max]; the bounds are numbers or tensors, and one may be left out."""
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        return _clamp_tensors(input, min, max)
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    return _clamp_numbers(input, min, max)


clamp_min = overloaded(
    "clamp_min(Tensor input, Tensor min, *, Tensor out=None)",
    lambda self, min: _clamped(self, min, None),
    "Each element, but at least ``min``.",
    self=(lambda grad, self, min: dual.kept(grad, self >= min), r"\bar{z} \cdot [x \ge \mathrm{min}]"),
    min=(lambda grad, self, min: dual.kept(grad, self < min), r"\bar{z} \cdot [x < \mathrm{min}]"),
)
clamp_max = overloaded(
    "clamp_max(Tensor input, Tensor max, *, Tensor out=None)",
    lambda self, max: _clamped(self, None, max),
    "Each element, but at most ``max``.",
    self=(lambda grad, self, max: dual.kept(grad, self <= max), r"\bar{z} \cdot [x \le \mathrm{max}]"),
    max=(lambda grad, self, max: dual.kept(grad, self > max), r"\bar{z} \cdot [x > \mathrm{max}]"),
)

# Choosing by a mask


def _chosen(condition: np.ndarray, self: Any, other: Any) -> np.ndarray:
    return broadcast(dual.choose, condition, *promote(self, other, False))


_where = Operation(
    "where",
    _chosen,
    self=(lambda grad, condition: dual.kept(grad, condition), r"\bar{z} \cdot [c]"),
    other=(lambda grad, condition: dual.dropped(grad, condition), r"\bar{z} \cdot [\lnot c]"),
    tensors=("condition",),
)


@function(
    "where(Tensor condition)",
    "where(Tensor condition, Tensor input, Tensor other, *, Tensor out=None)",
    "where(Tensor condition, Scalar self, Tensor other)",
    "where(Tensor condition, Tensor input, Scalar other)",
    "where(Tensor condition, Scalar self, Scalar other)",
    method=False,
)
def where(condition: Tensor, input: Tensor | float | None = None, other: Tensor | float | None = None) -> Any:
    """``input`` where ``condition`` is true, ``other`` elsewhere; all three broadcast. Alone: the true places."""
    if input is None:
        return dual.FUNCTIONS["nonzero"](condition, as_tuple=True)
    kind = condition._array.dtype
    if kind == np.uint8:
        warn(
            "where received a uint8 condition tensor. This behavior is deprecated and will be removed in a future "
            "version of PyTorch. Use a boolean condition instead."
        )
        condition = Tensor._plain(condition._array != 0)
    elif kind.kind != "b":
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype.scalar_name}"
        )
    return _where(condition, input, other)


@function(
    "where(Tensor input, Tensor condition, Tensor other)",
    "where(Tensor input, Tensor condition, Scalar other)",
    function=False,
)
def _where_method(input: Tensor, condition: Tensor, other: Tensor | float) -> Tensor:
    """``input`` where ``condition`` is true, ``other`` elsewhere."""
    return where(condition, input, other)


def _filled(self: np.ndarray, mask: np.ndarray, value: Any) -> np.ndarray:
    if mask.dtype.kind != "b":
        kind = FROM_NUMPY[mask.dtype].c_name
        raise RuntimeError(f"masked_fill_ only supports boolean masks, but got mask with dtype {kind}")
    if np.ndim(value):
        raise RuntimeError(
            f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    out = np.array(np.broadcast_to(self, broadcast_shape(mask.shape, self.shape)), order="C")
    np.copyto(out, number_array(np.asarray(value).item(), FROM_NUMPY[out.dtype]), where=mask)
    return out


masked_fill = overloaded(
    "masked_fill(Tensor input, Tensor mask, Tensor value)",
    _filled,
    "``input`` with ``value`` (a number or a 0-d tensor) where ``mask`` is true.",
    self=(lambda grad, mask: dual.masked(grad, mask), r"\bar{z} \cdot [\lnot m]"),
    value=(lambda grad, mask: dual.masked_total(grad, mask), r"\sum \bar{z} \cdot [m]"),
    tensors=("mask",),
)
