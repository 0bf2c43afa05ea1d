"""Rows of what networks are made of: activations, convolution, pooling, normalisation, embedding, losses.

Their public functions are in ``nn/functional.py``. Convolution and pooling look at pictures through strided views
without copying: what each place of the kernel sees in every window.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..dtypes import refuse_kinds
from ..tensor import Tensor
from . import pointwise
from .dual import (
    cast_like,
    choose,
    dual,
    either,
    exp,
    kept,
    like,
    log,
    plain,
    reshape,
    rounded_once,
    scatter_flat,
    sqrt,
    total,
    zeros,
)
from .templates import OPERATIONS, Operation, constant, gradient_row, named, parameters, promote, row

sigmoid, tanh, erf = (
    dual(f.__name__, f.operation.forward)  # type: ignore[attr-defined]
    for f in (pointwise.sigmoid, pointwise.tanh, pointwise.erf)
)
pick, clamp = dual("where", choose), dual("clamp", np.clip)
clamp_min, clamp_max = dual("clamp_min", np.maximum), dual("clamp_max", np.minimum)

_flat = Operation(
    "flat", lambda value, self: value, value=(lambda grad: grad, ""), self=(lambda grad, self: zeros(self), "")
)


def flat(value: Any, self: Any) -> Any:
    """``value``, whose slope by ``self`` is zero: where PyTorch's second derivative is zeros and not None."""
    return _flat(value, self) if isinstance(value, Tensor) else value


# Activations


def _kernel(name: str, forward: Callable[..., Any], derivative: Callable[..., Any], formula: str) -> Operation:
    """A row of which forward and backward are a kernel each in PyTorch."""
    return row(name, rounded_once(forward), rounded_once(derivative), formula)


def _leaky(self: np.ndarray, negative_slope: float) -> np.ndarray:
    low = self * self.dtype.type(negative_slope)
    return np.maximum(self, low) if 0 < negative_slope < 1 else choose(self > 0, self, low)


def _elu(self: np.ndarray, alpha: float, scale: float, input_scale: float) -> np.ndarray:
    kind = self.dtype.type
    below = np.expm1(np.minimum(self, 0) * kind(input_scale)) * kind(alpha * scale)
    return choose(self > 0, self * kind(scale), below)


def _elu_backward(grad: Any, self: Any, alpha: float, scale: float, input_scale: float) -> Any:
    below = exp(clamp_max(self, 0) * input_scale) * (alpha * scale * input_scale)
    return pick(self > 0, grad * scale, grad * below)


def _softplus(self: np.ndarray, beta: float, threshold: float) -> np.ndarray:
    kind = self.dtype.type
    bent = np.log1p(np.exp(np.minimum(self * kind(beta), kind(threshold)))) / kind(beta)
    return choose(self * kind(beta) > threshold, self, bent)


def softened(x: Any) -> Any:
    """The softplus of ``x``, without any bounds where it is an array."""
    return softplus(x, 1, 20) if isinstance(x, Tensor) else np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


def _mish_backward(grad: Any, self: Any) -> Any:
    bent = tanh(softened(self))
    return grad * (bent + self * sigmoid(self) * (1 - bent * bent))


_GELU_SLOPE, _GELU_CUBE = math.sqrt(2 / math.pi), 0.044715


def _gelu(self: np.ndarray, approximate: str) -> np.ndarray:
    if approximate == "tanh":
        return self * 0.5 * (np.tanh((self + self * self * self * _GELU_CUBE) * _GELU_SLOPE) + 1)
    return self * 0.5 * (erf(self * math.sqrt(0.5)) + 1)


def _gelu_backward(grad: Any, self: Any, approximate: str) -> Any:
    square = self * self
    if approximate == "tanh":
        bent = tanh((self + self * square * _GELU_CUBE) * _GELU_SLOPE)
        slope = (1 - bent * bent) * (square * (3 * _GELU_CUBE * _GELU_SLOPE) + _GELU_SLOPE)
        return grad * ((bent + 1) * 0.5 + self * slope * 0.5)
    density = exp(square * -0.5) * (1 / math.sqrt(2 * math.pi))
    return grad * ((erf(self * math.sqrt(0.5)) + 1) * 0.5 + self * density)


def _silu_backward(grad: Any, self: Any) -> Any:
    bent = sigmoid(self)
    return grad * (bent * (self * (1 - bent) + 1))


leaky_relu = _kernel(
    "leaky_relu",
    _leaky,
    lambda grad, self, negative_slope: flat(pick(self > 0, grad, grad * negative_slope), self),
    r"\bar{z} \cdot ([x > 0] + a \, [x \le 0])",
)
elu = _kernel("elu", _elu, _elu_backward, r"\bar{z} \cdot ([x > 0] + [x \le 0] \, \alpha e^{x})")
prelu = Operation(
    "prelu_kernel",
    lambda self, weight: choose(self > 0, self, self * weight),
    self=(lambda grad, self, weight: pick(self > 0, grad, grad * weight), r"\bar{z} \cdot ([x > 0] + w \, [x \le 0])"),
    weight=(lambda grad, self: pick(self > 0, grad * 0, grad * self), r"\bar{z} \cdot x \, [x \le 0]"),
)
silu = _kernel(
    "silu", lambda self: self * sigmoid(self), _silu_backward, r"\bar{z} \cdot \sigma(x) (1 + x (1 - \sigma(x)))"
)
mish = _kernel(
    "mish", lambda self: self * tanh(softened(self)), _mish_backward, r"\bar{z} \cdot (t + x \sigma(x) (1 - t^2))"
)
hardtanh = _kernel(
    "hardtanh",
    lambda self, min_val, max_val: np.clip(self, self.dtype.type(min_val), self.dtype.type(max_val)),
    lambda grad, self, min_val, max_val: flat(kept(grad, ~((self <= min_val) | (self >= max_val))), self),
    r"\bar{z} \cdot [\mathrm{min} < x < \mathrm{max}]",
)
hardsigmoid = _kernel(
    "hardsigmoid",
    lambda self: np.clip(self + 3, 0, 6) / 6,
    lambda grad, self: flat(kept(grad / 6, abs(self) < 3), self),
    r"\bar{z} / 6 \cdot [-3 < x < 3]",
)
hardswish = _kernel(
    "hardswish",
    lambda self: self * np.clip(self + 3, 0, 6) / 6,
    lambda grad, self: pick(self < 3, kept(grad * (self / 3 + 0.5), self > -3), grad),
    r"\bar{z} \cdot (x / 3 + 1 / 2)",
)
log_sigmoid = _kernel(
    "log_sigmoid", lambda self: -softened(-self), lambda grad, self: grad * sigmoid(-self), r"\bar{z} \cdot \sigma(-x)"
)
gelu = _kernel("gelu", _gelu, _gelu_backward, r"\bar{z} \cdot (\Phi(x) + x \, \varphi(x))")
softplus = _kernel(
    "softplus",
    _softplus,
    lambda grad, self, beta, threshold: pick(self * beta > threshold, grad, grad * sigmoid(self * beta)),
    r"\bar{z} \cdot \sigma(\beta x)",
)

# A tensor and a number, where PyTorch's nodes keep the number

times_number, over_number, plus_number = (OPERATIONS[f"{name}Backward1"] for name in ("Mul", "Div", "Add"))


# Pictures and windows


def _padded(self: np.ndarray, pad: tuple[int, ...], value: float) -> np.ndarray:
    """``pad`` elements more (or less, where negative) before and after, the last dimension's first."""
    spare = [(0, 0)] * (self.ndim - len(pad) // 2)
    ends = [*spare, *reversed([*zip(pad[::2], pad[1::2], strict=True)])]
    sizes = [length + before + after for length, (before, after) in zip(self.shape, ends, strict=True)]
    out = np.full(sizes, value, self.dtype)
    place = tuple(slice(max(b, 0), size - max(a, 0)) for size, (b, a) in zip(sizes, ends, strict=True))
    out[place] = self[tuple(slice(max(-b, 0), n - max(-a, 0)) for n, (b, a) in zip(self.shape, ends, strict=True))]
    return out


constant_pad_nd: Operation = row(
    "constant_pad_nd",
    _padded,
    lambda grad, pad: either(constant_pad_nd, grad, tuple(-n for n in pad), 0),
    r"\bar{z} \text{ without the border}",
)

Pair = tuple[int, ...]


# Windows on pictures: the kernel's size, how many windows, stride, padding, dilation; of two dimensions each.
Plan = tuple[Pair, Pair, Pair, Pair, Pair]


def planned(shape: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool = False) -> Plan:
    """As many windows as fit into the last two dimensions; with ``ceil_mode`` the last may reach over the end."""
    stride, counts = stride or kernel, []
    for length, size, step, pad, apart in zip(shape[-2:], kernel, stride, padding, dilation, strict=True):
        spread = length + 2 * pad - apart * (size - 1) - 1
        count = spread // step + 1
        if ceil_mode and spread % step and count * step < length + pad:  # none may start in the border at the end
            count += 1
        counts.append(count)
    return kernel, tuple(counts), stride, padding, dilation


def _windows(x: np.ndarray, plan: Plan) -> np.ndarray:
    """What each place of the kernel sees in every window, memory shared: (*kernel, ..., *count)."""
    kernel, count, stride, _, dilation = plan
    down, right = x.strides[-2:]
    strides = (down * dilation[0], right * dilation[1], *x.strides[:-2], down * stride[0], right * stride[1])
    return np.ndarray((*kernel, *x.shape[:-2], *count), x.dtype, x, 0, strides)


def _framed(shape: Pair, dtype: Any, plan: Plan, value: float = 0) -> tuple[np.ndarray, np.ndarray]:
    """Room for pictures of ``shape`` in a border of ``value`` as wide as the windows reach; and the pictures' place."""
    reach = [
        max(step * (number - 1) + apart * (size - 1) + 1, pad + length)
        for length, size, number, step, pad, apart in zip(shape[-2:], *plan, strict=True)
    ]
    whole = np.full((*shape[:-2], *reach), value, dtype) if value else np.zeros((*shape[:-2], *reach), dtype)
    (top, left), (height, width) = plan[3], shape[-2:]
    return whole, whole[..., top : top + height, left : left + width]


def _seen(x: np.ndarray, plan: Plan, value: float = 0) -> np.ndarray:
    """The windows of pictures with a border of ``value``."""
    kernel, _, stride, padding, dilation = plan
    whole = x
    if any(padding) or plan != planned(x.shape, kernel, stride, padding, dilation):
        whole, inside = _framed(x.shape, x.dtype, plan, value)
        inside[...] = x
    return _windows(np.ascontiguousarray(whole), plan)


_CACHE = 2**19


def _parts(batch: int, bytes_each: int) -> Iterator[slice]:
    """As many pictures at a time as stay in the processor's cache."""
    step = max(1, _CACHE // max(1, bytes_each))
    return (slice(start, start + step) for start in range(0, batch, step))


# Convolution: a product of matrices, the kernel's and that of all windows. One of one dimension is one of height 1.

Settings = tuple[Pair, Pair, Pair, int]


def _high(shape: Pair, kernel: Pair, settings: Settings) -> tuple[Plan, int]:
    """The windows in two dimensions, and the groups."""
    stride, padding, dilation, groups = settings
    return planned(shape, kernel, (1, *stride)[-2:], (0, *padding)[-2:], (1, *dilation)[-2:]), groups


def _channels(value: Any, ndim: int) -> Any:
    """A number for each channel, as a factor of pictures."""
    return None if value is None else reshape(value, (1, -1, *(1,) * (ndim - 2)))


def _over_channels(grad: Any) -> Any:
    """The sum for each channel."""
    return total(grad, (0, *range(2, len(grad.shape))))


def _pictures(array: np.ndarray) -> np.ndarray:
    return array[:, :, None] if array.ndim == 3 else array


def _columns(x: np.ndarray, plan: Plan, groups: int) -> Iterator[tuple[slice, np.ndarray]]:
    """All windows, some pictures at a time: (pictures, groups, channels of a group * places of the kernel, windows)."""
    kernel, count, *_ = plan
    seen = _seen(x, plan).transpose(2, 3, 0, 1, 4, 5)
    rows = x.shape[1] // groups * math.prod(kernel)
    for part in _parts(len(x), groups * rows * math.prod(count) * x.itemsize):
        yield part, seen[part].reshape(-1, groups, rows, math.prod(count))


def _convolve(input: np.ndarray, weight: np.ndarray, _: Any, settings: Settings) -> np.ndarray:
    x, w = _pictures(input), _pictures(weight)
    plan, groups = _high(x.shape, w.shape[2:], settings)
    count = plan[1]
    out = np.empty((len(x), groups, len(w) // groups, math.prod(count)), np.result_type(x, w))
    for part, columns in _columns(x, plan, groups):
        np.matmul(w.reshape(groups, len(w) // groups, -1), columns, out=out[part])
    return out.reshape(len(x), len(w), *count[4 - input.ndim :])


def _input_gradient(grad: np.ndarray, weight: np.ndarray, shape: Pair, settings: Settings) -> np.ndarray:
    g, w = _pictures(grad).swapaxes(0, 1), _pictures(weight)
    height, width = (1, *shape[2:])[-2:]
    (kernel, _, stride, padding, dilation), groups = _high((height, width), w.shape[2:], settings)
    high, wide = (length + 2 * pad for length, pad in zip((height, width), padding, strict=True))
    out = np.empty((shape[0], shape[1], height, width), grad.dtype)
    turned = w.reshape(groups, len(w) // groups, -1, *kernel).transpose(3, 4, 0, 2, 1).copy()
    starts = ..., slice(0, g.shape[2] * stride[0], stride[0]), slice(0, g.shape[3] * stride[1], stride[1])
    infinite = not np.isfinite(w).all()
    # A gradient stands where its window begins, and the pictures of a channel follow each other in one long row: then
    # what a place of the kernel gives is the whole row times its weights, moved by one distance. It stays in its
    # picture, as the window does; everywhere else zeros are moved.
    for part in _parts(shape[0], (len(g) + shape[1]) * high * wide * g.itemsize):
        begin = np.zeros((len(g), len(out[part]), high, wide), g.dtype)
        begin[starts] = g[:, part]
        begin = begin.reshape(groups, len(g) // groups, -1)
        length = begin.shape[2]
        rows = np.zeros((groups, shape[1] // groups, length + high * wide), g.dtype)
        product = np.empty((groups, shape[1] // groups, length), g.dtype)
        if infinite:
            gaps = np.ones((len(out[part]), high, wide), bool)
            gaps[starts] = False
        for i, j in np.ndindex(*kernel):
            distance = i * dilation[0] * wide + j * dilation[1]
            np.matmul(turned[i, j], begin, out=product)
            if infinite:  # 0 times infinity is not zero
                product[..., gaps.ravel()] = 0
            rows[..., distance : distance + length] += product
        whole = rows[..., :length].reshape(shape[1], -1, high, wide).swapaxes(0, 1)
        out[part] = whole[..., padding[0] : padding[0] + height, padding[1] : padding[1] + width]
    return out.reshape(shape)


def _weight_gradient(grad: np.ndarray, input: np.ndarray, shape: Pair, settings: Settings) -> np.ndarray:
    g, x = _pictures(grad), _pictures(input)
    plan, groups = _high(x.shape, (1, *shape[2:])[-2:], settings)
    rows = g.reshape(len(g), groups, shape[0] // groups, math.prod(g.shape[2:]))
    out = np.zeros((groups, shape[0] // groups, math.prod(shape[1:])), grad.dtype)
    for part, columns in _columns(x, plan, groups):
        out += np.matmul(rows[part], columns.swapaxes(2, 3)).sum(0)
    return out.reshape(shape)


# Of output, input and weight, two give the third, or its gradient: three maps, each linear in both, and the derivatives
# of each are the other two. ``shape`` is that of the third.


def _map(third: str, name: str, forward: Callable[..., Any], node: str) -> Operation:
    a, b = (role for role in ("output", "input", "weight") if role != third)

    def of_first(g: Any, second: Any, first_sym_sizes: Any, settings: Settings) -> Any:
        return _third(a, first_sym_sizes, settings, **{third: g, b: second})

    def of_second(g: Any, first: Any, second_sym_sizes: Any, settings: Settings) -> Any:
        return _third(b, second_sym_sizes, settings, **{third: g, a: first})

    params = ("first", "second", "shape", "settings")
    return Operation(name, forward, params=params, node=node, first=(of_first, ""), second=(of_second, ""))


def _third(role: str, shape: Any, settings: Settings, **known: Any) -> Any:
    """The output, input or weight, linear in the two others that are known."""
    return either(_MAPS[role], *(known[other] for other in _MAPS if other in known), tuple(shape), settings)


_MAPS = {
    "output": _map("output", "convolution", _convolve, "ConvolutionBackward0"),
    "input": _map("input", "convolution_input_gradient", _input_gradient, "ConvolutionBackwardBackward0"),
    "weight": _map("weight", "convolution_weight_gradient", _weight_gradient, "ConvolutionBackwardBackward0"),
}


def _convolution(
    input: np.ndarray, weight: np.ndarray, bias: Any, stride: Pair, padding: Pair, dilation: Pair, transposed: bool,
    output_padding: Pair, groups: int, bias_sym_sizes_opt: Pair,
) -> np.ndarray:  # fmt: skip
    out = _convolve(input, weight, None, (stride, padding, dilation, groups))
    if bias is not None:
        out += _channels(bias, out.ndim)
    return out


_GIVEN = ("grad", "input", "weight", "stride", "padding", "dilation", "groups")
convolution = Operation(
    "convolution",
    _convolution,
    input=(
        named(_GIVEN, lambda grad, x, w, *settings: _third("input", x.shape, settings, output=grad, weight=w)),
        r"W^\top \bar{z}",
    ),
    weight=(
        named(_GIVEN, lambda grad, x, w, *settings: _third("weight", w.shape, settings, output=grad, input=x)),
        r"\bar{z} x^\top",
    ),
    bias=(_over_channels, r"\textstyle\sum \bar{z}"),
    shows=("transposed", "output_padding", "bias_sym_sizes_opt"),
)


# Pooling


def _max_pool(
    self: np.ndarray, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> tuple[np.ndarray, np.ndarray]:
    _, count, steps, *_ = plan = planned(self.shape, kernel_size, stride, padding, dilation, ceil_mode)
    lowest = -np.inf if self.dtype.kind == "f" else np.iinfo(self.dtype).min
    windows = _seen(self, plan, lowest)
    values = windows.copy().reshape(-1, *windows.shape[2:])  # what lies together is compared much faster
    best, kind = values[0], np.uint8 if len(values) < 256 else np.int64
    place = np.zeros(best.shape, kind)
    for number, value in enumerate(values[1:], 1):
        larger = value > best
        best = np.maximum(best, value)
        np.maximum(place, larger.view(np.uint8) * kind(number), out=place)
    if self.dtype.kind == "f" and np.isnan(best).any():
        for number, value in enumerate(values):
            place[np.isnan(value)] = number
    (top, left), (down, right) = (np.ogrid[:n, :m] for n, m in (count, kernel_size))
    offsets = (down * dilation[0] * self.shape[-1] + right * dilation[1]).ravel()
    corners = (top * steps[0] - padding[0]) * self.shape[-1] + (left * steps[1] - padding[1])
    indices = np.take(offsets, place, mode="clip")  # which saves a check
    indices += corners
    return best, indices


def _max_pool_backward(
    grad: Any, self: Any, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool, result1: Any
) -> Any:
    shape, indices = tuple(self.shape), plain(result1)
    starts = np.arange(0, math.prod(shape), shape[-2] * shape[-1]).reshape(*shape[:-2], 1, 1)
    places = indices + starts
    if isinstance(grad, Tensor):
        return flat(scatter_flat(grad, places, shape), self)
    if dilation == (1, 1) and np.all(np.greater_equal(stride or kernel_size, kernel_size)):
        out = np.zeros(math.prod(shape), grad.dtype)
        out[places.ravel()] = grad.ravel()  # no two windows choose the same
    else:
        out = np.bincount(places.ravel(), grad.ravel(), math.prod(shape)).astype(grad.dtype)
    return out.reshape(shape)


max_pool2d = row(
    "max_pool2d_with_indices",
    _max_pool,
    _max_pool_backward,
    r"\bar{z} \text{ at the largest}",
    node="MaxPool2DWithIndicesBackward0",
    outputs=("result0", "result1"),
)


def _divisors(shape: Pair, plan: Plan, with_border: bool, divisor: int | None) -> np.ndarray | int:
    """What each window's sum is divided by."""
    lengths = []
    for length, size, number, step, pad, _ in zip(shape[-2:], *plan, strict=True):
        start = np.arange(number) * step - pad
        end = np.minimum(start + size, length + pad)
        lengths.append(end - start if with_border else np.minimum(end, length) - np.maximum(start, 0))
    return lengths[0][:, None] * lengths[1] if divisor is None else int(divisor)


def _average(
    self: np.ndarray, kernel_size: Pair, stride: Pair, padding: Pair, ceil_mode: bool, count_include_pad: bool,
    divisor_override: int | None,
) -> np.ndarray:  # fmt: skip
    plan = planned(self.shape, kernel_size, stride, padding, (1, 1), ceil_mode)
    divisors = _divisors(self.shape, plan, count_include_pad, divisor_override)
    return (_seen(self, plan).sum((0, 1)) / divisors).astype(self.dtype)


def _spread(self: np.ndarray, shape: Pair, settings: tuple[Any, ...]) -> np.ndarray:
    kernel, stride, padding, ceil_mode, *divisor = settings
    plan = planned(shape, kernel, stride, padding, (1, 1), ceil_mode)
    whole, inside = _framed(shape, self.dtype, plan)
    windows = _windows(whole, plan)
    share = (self / _divisors(shape, plan, *divisor)).astype(self.dtype)
    for i, j in np.ndindex(*kernel):
        windows[i, j] += share
    return np.ascontiguousarray(inside)


avg_pool2d = row(
    "avg_pool2d",
    _average,
    named(
        ("grad", *parameters(_average)),
        lambda grad, self, *settings: flat(either(_spread_average, grad, tuple(self.shape), settings), self),
    ),
    r"\bar{z} / n \text{ on its window}",
    node="AvgPool2DBackward0",
)
_spread_average: Operation = row(
    "avg_pool2d_backward",
    _spread,
    lambda grad, settings: either(avg_pool2d, grad, *settings),
    node="AvgPool2DBackwardBackward0",
)


# Embedding


def _embedding_backward(grad: Any, indices: Any, padding_idx: int, weight_sym_argsize_0: int) -> Any:
    places, width = plain(indices).ravel(), grad.shape[-1]
    rows = reshape(grad, (-1, width))
    if padding_idx >= 0:
        rows = rows * like(rows, (places != padding_idx)[:, None])
    return scatter_flat(rows, places[:, None] * width + np.arange(width), (weight_sym_argsize_0, width))


embedding = Operation(
    "embedding",
    lambda weight, indices, padding_idx, scale_grad_by_freq, sparse, weight_sym_argsize_0: weight[indices],
    weight=(_embedding_backward, r"\textstyle\sum \bar{z} \text{ of the row}"),
    tensors=("indices",),
    shows=("scale_grad_by_freq", "sparse"),
)


# Normalisation: (x - mean) * inverse deviation, times weight, plus bias


def _statistics(input: Any, dims: Pair, eps: float) -> tuple[Any, Any]:
    number = math.prod(input.shape[d] for d in dims)
    mean = total(input, dims, True) / number
    off = input - mean
    return mean, 1 / sqrt(total(off * off, dims, True) / number + eps)


def _normalised(input: np.ndarray, mean: Any, inverse: Any, weight: Any, bias: Any) -> np.ndarray:
    out = np.ascontiguousarray((input - mean) * inverse.astype(input.dtype))
    if weight is not None:
        out *= weight
    if bias is not None:
        out += bias
    return out


def _normal(grad: Any, input: Any, dims: Pair, eps: float, saved: Any) -> tuple[Any, Any]:
    """The normalised input and the inverse deviation, which for a second derivative depend on the input."""
    mean, inverse = _statistics(input, dims, eps) if isinstance(grad, Tensor) else saved
    return (input - mean) * inverse, inverse


def _through(grad: Any, normal: Any, inverse: Any, dims: Pair) -> Any:
    """The gradient of the input from that of the normalised one, where mean and deviation are the input's own."""
    number = math.prod(normal.shape[d] for d in dims)
    return (grad - total(grad, dims, True) / number - normal * (total(grad * normal, dims, True) / number)) * inverse


def _batch_norm(
    input: np.ndarray, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: float,
    eps: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    ndim = input.ndim
    if training:
        dims = (0, *range(2, ndim))
        mean, inverse = _statistics(input, dims, eps)
        if running_mean is not None:  # the running ones follow; PyTorch does not count it as a change, either
            running_mean += momentum * (mean.ravel() - running_mean)
            running_var += momentum * (np.var(input, dims, ddof=1) - running_var)
    else:
        mean, inverse = _channels(running_mean, ndim), 1 / np.sqrt(_channels(running_var, ndim) + eps)
    out = _normalised(input, mean, inverse, _channels(weight, ndim), _channels(bias, ndim))
    kept = slice(None if training else 0)  # nothing, where they are not the input's own
    return out, mean.ravel()[kept], inverse.ravel()[kept]


def _batch_normal(
    grad: Any, input: Any, running_mean: Any, running_var: Any, training: bool, eps: float, *saved: Any
) -> tuple[Any, Any, Pair]:
    ndim = len(input.shape)
    dims = (0, *range(2, ndim))
    if training:
        return *_normal(grad, input, dims, eps, [_channels(value, ndim) for value in saved]), dims
    inverse = 1 / sqrt(_channels(running_var, ndim) + eps)
    return (input - _channels(running_mean, ndim)) * inverse, inverse, dims


def _batch_norm_input(
    grad: Any, input: Any, weight: Any, running_mean: Any, running_var: Any, training: bool, eps: float,
    result1: Any, result2: Any,
) -> Any:  # fmt: skip
    normal, inverse, dims = _batch_normal(grad, input, running_mean, running_var, training, eps, result1, result2)
    if weight is not None:
        grad = grad * _channels(weight, len(input.shape))
    return _through(grad, normal, inverse, dims) if training else grad * inverse


def _batch_norm_weight(
    grad: Any, input: Any, running_mean: Any, running_var: Any, training: bool, eps: float, result1: Any, result2: Any
) -> Any:
    normal, _, dims = _batch_normal(grad, input, running_mean, running_var, training, eps, result1, result2)
    return total(grad * normal, dims)


def _norm(
    name: str, forward: Callable[..., Any], of_input: Any, of_weight: Any, of_bias: Any, **more: Any
) -> Operation:
    return Operation(
        name,
        forward,
        input=(of_input, r"w \bar{z} / \sigma \text{, without its mean and its part along the output}"),
        weight=(of_weight, r"\textstyle\sum \bar{z} \text{ times the normalised input}"),
        bias=(of_bias, r"\textstyle\sum \bar{z}"),
        outputs=("result0", "result1", "result2"),
        **more,
    )


_RUNNING = ("running_mean", "running_var")
batch_norm = _norm(
    "native_batch_norm", _batch_norm, _batch_norm_input, _batch_norm_weight, _over_channels, tensors=_RUNNING
)


def _layer_norm(
    input: np.ndarray, normalized_shape: Pair, weight: Any, bias: Any, _eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mean, inverse = _statistics(input, tuple(range(-len(normalized_shape), 0)), _eps)
    return _normalised(input, mean, inverse, weight, bias), mean, inverse


def _layer_norm_input(
    grad: Any, input: Any, normalized_shape: Pair, weight: Any, _eps: float, result1: Any, result2: Any
) -> Any:
    dims = tuple(range(-len(normalized_shape), 0))
    normal, inverse = _normal(grad, input, dims, _eps, (result1, result2))
    return _through(grad if weight is None else grad * weight, normal, inverse, dims)


def _layer_norm_weight(grad: Any, input: Any, normalized_shape: Pair, _eps: float, result1: Any, result2: Any) -> Any:
    last = len(normalized_shape)
    normal, _ = _normal(grad, input, tuple(range(-last, 0)), _eps, (result1, result2))
    return total(grad * normal, tuple(range(len(grad.shape) - last)))


def _layer_norm_bias(grad: Any, bias: Any, normalized_shape: Pair) -> Any:
    return total(grad, tuple(range(len(grad.shape) - len(normalized_shape))))


_kernels: Any = (_layer_norm, _layer_norm_input, _layer_norm_weight, _layer_norm_bias)
layer_norm = _norm("native_layer_norm", *map(rounded_once, _kernels))


def _groups(value: Any, group: int) -> Any:
    """What is normalised together in a row: (N, group, rest)."""
    return reshape(value, (value.shape[0], group, math.prod(value.shape[1:]) // group))


def _group_norm(
    input: np.ndarray, weight: Any, bias: Any, N: int, C: int, HxW: int, group: int, eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    grouped, ndim = _groups(input, group), input.ndim
    mean, inverse = _statistics(grouped, (2,), eps)
    normal = _normalised(grouped, mean, inverse, None, None).reshape(input.shape)
    return (
        _normalised(normal, 0, np.ones(1), _channels(weight, ndim), _channels(bias, ndim)),
        mean[..., 0],
        inverse[..., 0],
    )


def _group_norm_input(grad: Any, input: Any, weight: Any, group: int, eps: float, result1: Any, result2: Any) -> Any:
    scaled = grad if weight is None else grad * _channels(weight, len(input.shape))
    normal, inverse = _group_normal(grad, input, group, eps, result1, result2)
    return reshape(_through(_groups(scaled, group), normal, inverse, (2,)), input.shape)


def _group_norm_weight(grad: Any, input: Any, group: int, eps: float, result1: Any, result2: Any) -> Any:
    normal, _ = _group_normal(grad, input, group, eps, result1, result2)
    return _over_channels(grad * reshape(normal, input.shape))


def _group_normal(grad: Any, input: Any, group: int, eps: float, *saved: Any) -> tuple[Any, Any]:
    return _normal(grad, _groups(input, group), (2,), eps, [_groups(value, group) for value in saved])


_kernels = (_group_norm, _group_norm_input, _group_norm_weight, _over_channels)
group_norm = _norm("native_group_norm", *map(rounded_once, _kernels), shows=("N", "C", "HxW"))


# Losses: reduction 0 is none, 1 mean, 2 sum


def _reduced(loss: np.ndarray, reduction: int) -> np.ndarray:
    if reduction == 0:
        return loss
    out = np.add.reduce(loss, axis=None, out=...)
    return np.true_divide(out, out.dtype.type(loss.size), out=...) if reduction == 1 else out


def _scaled(grad: Any, value: Any, reduction: int) -> Any:
    """The gradient of each element's loss: of the mean, a share."""
    return grad / math.prod(value.shape) if reduction == 1 else grad


def _difference(self: np.ndarray, target: np.ndarray) -> np.ndarray:
    if self.dtype is target.dtype and self.dtype.kind == "f":  # the usual case, told quickly
        return np.subtract(self, target, out=...)
    x, y = promote(self, target, False)
    refuse_kinds("biu", x.dtype, "mse_cpu")
    return np.subtract(x, y, out=...)


def _mse(self: np.ndarray, target: np.ndarray, reduction: int) -> np.ndarray:
    off = _difference(self, target)
    if reduction == 0:
        return np.multiply(off, off, out=...)
    flat = off.ravel()
    out = flat.dot(flat)
    return np.asarray(out / out.dtype.type(flat.size) if reduction == 1 else out)


def _smooth_l1(self: np.ndarray, target: np.ndarray, reduction: int, beta: float) -> np.ndarray:
    size = np.abs(_difference(self, target))
    return _reduced(choose(size < beta, size * size * (0.5 / beta), size - 0.5 * beta), reduction)


def _of_differences(name: str, loss: Any, slope: Any, bend: Any, formula: str, factor: int = 1) -> Operation:
    """A loss of differences, its gradient ``factor * slope``, which is a row, and ``bend``, the slope's derivative."""

    def steepness(grad_output: Any, self: Any, target: Any, reduction: int, *option: float) -> Any:
        out = slope(np.subtract(self, target, out=...), *option)
        out *= constant(factor / max(self.size, 1) if reduction == 1 else factor, out.dtype)
        out *= grad_output
        return out

    def of_grad(grad: Any, self: Any, target: Any, reduction: int, *option: float) -> Any:
        each = either(gradient, grad, self, target, reduction, *option)
        return total(each, tuple(range(len(each.shape)))) if reduction else each

    def of_self(grad: Any, grad_output: Any, self: Any, target: Any, reduction: int, *option: float) -> Any:
        return _scaled(grad * grad_output, self, reduction) * factor * bend(self - target, *option)

    names = parameters(loss)
    first, second = ("grad", *names), ("grad", "grad_output", *names)
    gradient = gradient_row(
        name,
        named(second[1:], steepness),
        grad_output=named(first, of_grad),
        self=named(second, of_self),
        target=named(second, lambda *given: -of_self(*given)),
    )
    self = named(first, lambda grad, *given: either(gradient, grad, *given))
    target = named(first, lambda grad, self, target, *more: either(gradient, grad, target, self, *more))
    return Operation(name, loss, self=(self, formula), target=(target, formula.replace("x - y", "y - x")))


mse_loss = _of_differences(
    "mse_loss", _mse, lambda off: off, lambda off: 1, r"\bar{z} \cdot \tfrac{2}{n} (x - y)", factor=2
)
smooth_l1_loss = _of_differences(
    "smooth_l1_loss",
    _smooth_l1,
    lambda off, beta: clamp(off / beta, -1, 1),
    lambda off, beta: cast_like(abs(off) < beta, off) / beta,
    r"\bar{z} \cdot (x - y) / (n \beta) \text{, clamped}",
)
huber_loss = _of_differences(
    "huber_loss",
    lambda self, target, reduction, delta: _smooth_l1(self, target, reduction, delta) * self.dtype.type(delta),
    lambda off, delta: clamp(off, -delta, delta),
    lambda off, delta: cast_like(abs(off) < delta, off),
    r"\bar{z} \cdot (x - y) / n \text{, clamped}",
)


def _classes(target: np.ndarray, number: int, weight: Any, ignore_index: int, kind: Any) -> tuple[Any, Any, Any]:
    """Each target's class in a row, its weight, and which are ignored (None: none is)."""
    target = target.ravel()
    usual = target.size and weight is None and not 0 <= ignore_index < number
    if usual and np.maximum.reduce(target.view(f"u{target.itemsize}")) < number:  # unsigned, a negative one is huge
        return target, kind.type(1), None
    ignored = target == ignore_index
    wrong = ((target < 0) | (target >= number)) & ~ignored
    if wrong.any():
        raise IndexError(f"Target {target[wrong][0]} is out of bounds.")
    index = np.where(ignored, 0, target)
    return index, (np.ones(index.shape, kind) if weight is None else weight[index]) * ~ignored, ignored


def _nll(
    self: np.ndarray, target: np.ndarray, weight: Any, reduction: int, ignore_index: int
) -> tuple[np.ndarray, np.ndarray]:
    rows = np.moveaxis(self, 1, -1) if self.ndim > 2 else self
    number = rows.shape[-1]
    index, share, ignored = _classes(target, number, weight, ignore_index, self.dtype)
    loss = rows.reshape(-1, number)[np.arange(index.size), index] * -share
    if ignored is not None:
        loss[ignored] = 0
    if reduction == 0:
        return loss.reshape(rows.shape[:-1]), np.zeros((), self.dtype)
    mass = np.asarray(share.sum() if share.ndim else index.size, self.dtype)
    out = np.add.reduce(loss, out=...)
    return np.true_divide(out, mass, out=...) if reduction == 1 else out, mass


def _nll_backward(
    grad: Any, self: Any, target: Any, weight: Any, reduction: int, ignore_index: int, total_weight: Any
) -> Any:
    shape, values = tuple(self.shape), plain(grad)
    axis = min(1, len(shape) - 1)
    weight = None if weight is None else plain(weight)
    index, share, ignored = _classes(plain(target), shape[axis], weight, ignore_index, values.dtype)
    if reduction == 1:
        share = share / plain(total_weight)
    slope = np.zeros((index.size, shape[axis]), values.dtype)
    as_tensors = isinstance(grad, Tensor)
    chosen = -share if as_tensors else -share * values.ravel()
    if ignored is not None:
        chosen[ignored] = 0
    slope[np.arange(index.size), index] = chosen
    slope = slope.reshape(*shape[:axis], *shape[axis + 1 :], shape[axis])
    if len(shape) > 2:
        slope = np.moveaxis(slope, -1, 1)
    if as_tensors:
        each = reshape(grad, (*shape[:axis], 1, *shape[axis + 1 :])) if reduction == 0 else grad
        return flat(each * Tensor._plain(slope), self)
    return slope


_NLL: dict[str, Any] = {
    "formula": r"-\bar{z}\, w_y / \textstyle\sum w \text{ at } y",
    "tensors": ("target", "weight"),
    "outputs": ("output", "total_weight"),
}
nll_loss = row("nll_loss", _nll, _nll_backward, **_NLL)
nll_loss2d = row("nll_loss2d", _nll, _nll_backward, node="NllLoss2DBackward0", **_NLL)


def _bce(self: np.ndarray, target: np.ndarray, weight: Any, reduction: int) -> np.ndarray:
    if self.size and not ((self >= 0) & (self <= 1)).all():
        raise RuntimeError("all elements of input should be between 0 and 1")
    loss = (target - 1) * np.maximum(np.log1p(-self), -100) - target * np.maximum(np.log(self), -100)
    return _reduced(loss if weight is None else loss * weight, reduction)


def _bce_backward(grad: Any, self: Any, target: Any, weight: Any, reduction: int) -> Any:
    grad = _weighted(grad, self, weight, reduction) * (self - target)
    return grad / clamp_min((1 - self) * self, 1e-12)


def _weighted(grad: Any, self: Any, weight: Any, reduction: int) -> Any:
    grad = _scaled(grad, self, reduction)
    return grad if weight is None else grad * weight


binary_cross_entropy = Operation(
    "binary_cross_entropy",
    _bce,
    self=(_bce_backward, r"\tfrac{\bar{z}}{n} \cdot \tfrac{x - y}{x (1 - x)}"),
    target=(
        lambda grad, self, weight, reduction: _weighted(grad, self, weight, reduction) * (log(1 - self) - log(self)),
        r"\tfrac{\bar{z}}{n} \ln \tfrac{1 - x}{x}",
    ),
    tensors=("weight",),
)


def _bce_logits(self: np.ndarray, target: np.ndarray, weight: Any, pos_weight: Any, reduction: int) -> np.ndarray:
    soft = softened(-self)  # -log sigmoid(x)
    loss = (1 - target) * self + (soft if pos_weight is None else ((pos_weight - 1) * target + 1) * soft)
    return _reduced(loss if weight is None else loss * weight, reduction)


def _bce_logits_backward(grad: Any, self: Any, target: Any, weight: Any, pos_weight: Any, reduction: int) -> Any:
    positive = target if pos_weight is None else pos_weight * target
    return _weighted(grad, self, weight, reduction) * ((positive + 1 - target) * sigmoid(self) - positive)


def _bce_logits_target(grad: Any, self: Any, weight: Any, pos_weight: Any, reduction: int) -> Any:
    slope = -self if pos_weight is None else log(sigmoid(-self)) - pos_weight * log(sigmoid(self))
    return _weighted(grad, self, weight, reduction) * slope


binary_cross_entropy_with_logits = Operation(
    "binary_cross_entropy_with_logits",
    _bce_logits,
    self=(_bce_logits_backward, r"\tfrac{\bar{z}}{n} (\sigma(x) - y)"),
    target=(_bce_logits_target, r"-\tfrac{\bar{z}}{n} x"),
    tensors=("weight", "pos_weight"),
)


def _xlogy(self: np.ndarray, other: np.ndarray) -> np.ndarray:
    product = np.where(self == 0, 0, self * np.log(other)).astype(np.result_type(self, other))
    return np.where(np.isnan(other), other, product)


xlogy = Operation(
    "xlogy",
    _xlogy,
    self=(lambda grad, self, other: pick((self == 0) & (other <= 0), grad * 0, grad * log(other)), r"\bar{z} \ln y"),
    other=(lambda grad, self, other: grad * self / other, r"\bar{z}\, x / y"),
)
