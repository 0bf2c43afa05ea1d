"""Rows of what networks are made of: activations, convolution, pooling, normalisation, embedding, losses.

Their public functions are in ``nn/functional.py``. Convolution and pooling look at their input through strided
slices, one for each place of the kernel: nine slices of a picture are cheaper than every window of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..dtypes import FROM_NUMPY
from ..tensor import Tensor
from . import pointwise
from .dual import choose, dual, either, exp, like, log, matmul, plain, reshape, scatter_flat, sqrt, total, where, zeros
from .reduction import _norm, _norm_backward
from .templates import Operation, promote, row

sigmoid, tanh, erf = (
    dual(f.__name__, f.operation.forward)  # type: ignore[attr-defined]
    for f in (pointwise.sigmoid, pointwise.tanh, pointwise.erf)
)
clamp, clamp_max, log1p = dual("clamp", np.clip), dual("clamp_max", np.minimum), dual("log1p", np.log1p)

_flat = Operation(
    "flat",
    lambda value, self: value,
    {"value": lambda grad: grad, "self": lambda grad, self: zeros(self)},
)


def flat(value: Any, self: Any) -> Any:
    """``value``, whose slope by ``self`` is zero: where PyTorch's second derivative is zeros and not None."""
    return _flat(value, self) if isinstance(value, Tensor) else value


# Activations


def _softplus(x: Any, beta: float = 1, threshold: float = 20) -> Any:
    return np.where(x * beta > threshold, x, np.log1p(np.exp(np.minimum(x * beta, threshold))) / beta).astype(x.dtype)


def _elu(self: np.ndarray, alpha: float, scale: float, input_scale: float) -> np.ndarray:
    kind = self.dtype.type
    return np.where(
        self > 0, self * kind(scale), np.expm1(np.minimum(self, 0) * kind(input_scale)) * kind(alpha * scale)
    )


def _elu_backward(grad: Any, self: Any, alpha: float, scale: float, input_scale: float) -> Any:
    below = exp(clamp_max(self, 0) * input_scale) * (alpha * scale * input_scale)
    return where(self > 0, grad * scale, grad * below)


_GELU_SLOPE, _GELU_CUBE = math.sqrt(2 / math.pi), 0.044715


def _gelu(self: np.ndarray, approximate: str) -> np.ndarray:
    if approximate == "tanh":
        inner = (self + self * self * self * _GELU_CUBE) * _GELU_SLOPE
        return (self * 0.5 * (np.tanh(inner) + 1)).astype(self.dtype)
    return self * 0.5 * (erf(self * self.dtype.type(math.sqrt(0.5))) + 1)


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


def _mish_backward(grad: Any, self: Any) -> Any:
    bent = tanh(either(softplus, self, 1, 20))
    return grad * (bent + self * sigmoid(self) * (1 - bent * bent))


leaky_relu = row(
    "leaky_relu",
    lambda self, negative_slope: choose(self > 0, self, self * self.dtype.type(negative_slope)),
    lambda grad, self, negative_slope: flat(where(self > 0, grad, grad * negative_slope), self),
    r"\bar{z} \cdot ([x > 0] + a \, [x \le 0])",
)
elu = row("elu", _elu, _elu_backward, r"\bar{z} \cdot ([x > 0] + [x \le 0] \, \alpha e^{x})")
celu = row(
    "celu",
    lambda self, alpha: _elu(self, alpha, 1, 1 / alpha),
    lambda grad, self, alpha: _elu_backward(grad, self, alpha, 1, 1 / alpha),
    r"\bar{z} \cdot ([x > 0] + [x \le 0] \, e^{x / \alpha})",
)
silu = row(
    "silu", lambda self: self * sigmoid(self), _silu_backward, r"\bar{z} \cdot \sigma(x) (1 + x (1 - \sigma(x)))"
)
gelu = row("gelu", _gelu, _gelu_backward, r"\bar{z} \cdot (\Phi(x) + x \, \varphi(x))")
mish = row("mish", lambda self: self * np.tanh(_softplus(self)), _mish_backward)
softplus = row(
    "softplus",
    lambda self, beta, threshold: _softplus(self, beta, threshold),
    lambda grad, self, beta, threshold: where(self * beta > threshold, grad, grad * sigmoid(self * beta)),
    r"\bar{z} \cdot \sigma(\beta x)",
)
log_sigmoid = row(
    "log_sigmoid",
    lambda self: (np.minimum(self, 0) - np.log1p(np.exp(-np.abs(self))), np.exp(-np.abs(self))),
    lambda grad, self, buffer: grad * sigmoid(-self),
    r"\bar{z} \cdot \sigma(-x)",
    outputs=("result", "buffer"),
)
hardtanh = row(
    "hardtanh",
    lambda self, min_val, max_val: np.clip(self, self.dtype.type(min_val), self.dtype.type(max_val)),
    lambda grad, self, min_val, max_val: flat(grad * ((self > min_val) & (self < max_val)), self),
    r"\bar{z} \cdot [a < x < b]",
)
hardsigmoid = row(
    "hardsigmoid",
    lambda self: np.clip(self + 3, 0, 6) / 6,
    lambda grad, self: grad * ((self > -3) & (self < 3)) / 6,
    r"\bar{z} / 6 \cdot [-3 < x < 3]",
)
hardswish = row(
    "hardswish",
    lambda self: self * (np.clip(self + 3, 0, 6) / 6),
    lambda grad, self: where(self < -3, grad * 0, where(self > 3, grad, grad * (self / 3 + 0.5))),
)
hardshrink = row(
    "hardshrink",
    lambda self, lambd: np.where((self > lambd) | (self < -lambd), self, self.dtype.type(0)),
    lambda grad, self, lambd: flat(grad * ((self > lambd) | (self < -lambd)), self),
    r"\bar{z} \cdot [|x| > \lambda]",
)
softshrink = row(
    "softshrink",
    lambda self, lambd: np.where((self > lambd) | (self < -lambd), self - np.clip(self, -lambd, lambd), self * 0),
    lambda grad, self, lambd: flat(grad * ((self > lambd) | (self < -lambd)), self),
    r"\bar{z} \cdot [|x| > \lambda]",
)
threshold = row(
    "threshold",
    lambda self, threshold, value: np.where(self > threshold, self, self.dtype.type(value)),
    lambda grad, self, threshold: flat(grad * (self > threshold), self),
    r"\bar{z} \cdot [x > t]",
)
prelu = Operation(
    "_prelu_kernel",
    lambda self, weight: np.where(self > 0, self, weight * self),
    {
        "self": lambda grad, self, weight: where(self > 0, grad, weight * grad),
        "weight": lambda grad, self: where(self > 0, grad * 0, self * grad),
    },
    node="PreluKernelBackward0",
)

# A tensor and a number, where PyTorch's nodes keep the number

times_number = row("mul", lambda self, other: self * other, lambda grad, other: grad * other, node="MulBackward1")
over_number = row("div", lambda self, other: self / other, lambda grad, other: grad / other, node="DivBackward1")
plus_number = row("add", lambda self, other: self + other, lambda grad: grad, node="AddBackward1", shows=())
p_norm = row(
    "norm",
    lambda self, p, dim, keepdim: _norm(self, p, dim, keepdim, None),
    lambda grad, self, p, dim, keepdim, result: _norm_backward(grad, self, p, dim, keepdim, result),
    node="NormBackward1",
)


# Convolution: a product of matrices, the kernel's and that of all windows

Pair = tuple[int, ...]


def _slices(x: np.ndarray, kernel: Pair, stride: Pair, dilation: Pair, size: Pair) -> Iterator[np.ndarray]:
    """For each place of the kernel what it sees in every window: views of ``size`` in the last two dimensions."""
    for i in range(kernel[0]):
        top = i * dilation[0]
        for j in range(kernel[1]):
            left = j * dilation[1]
            yield x[
                ...,
                top : top + stride[0] * (size[0] - 1) + 1 : stride[0],
                left : left + stride[1] * (size[1] - 1) + 1 : stride[1],
            ]


def _padded(x: np.ndarray, padding: Pair, value: float = 0, extra: Pair = (0, 0)) -> np.ndarray:
    """With a border of ``value`` around the last two dimensions, and ``extra`` at the end."""
    top, left = padding
    if not (top or left or extra[0] or extra[1]):
        return x
    height, width = x.shape[-2:]
    out = np.full((*x.shape[:-2], height + 2 * top + extra[0], width + 2 * left + extra[1]), value, x.dtype)
    out[..., top : top + height, left : left + width] = x
    return out


def window_count(length: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """How many windows fit."""
    return (length + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def _flattened(settings: tuple[Any, ...], ndim: int) -> tuple[Pair, Pair, Pair, int]:
    """stride, padding, dilation for two dimensions: a convolution of one is one of height 1."""
    stride, padding, dilation, groups = settings
    if ndim == 3:
        return (1, *stride), (0, *padding), (1, *dilation), groups
    if len(padding) == 1:
        padding = padding * 2
    return stride, padding, dilation, groups


def _as_pictures(array: np.ndarray) -> np.ndarray:
    return array[:, :, None] if array.ndim == 3 else array


def _columns(x: np.ndarray, kernel: Pair, size: Pair, settings: tuple[Pair, Pair, Pair, int]) -> np.ndarray:
    """All windows: (batch, groups, channels of the group * places of the kernel, windows)."""
    stride, padding, dilation, groups = settings
    batch, channels = x.shape[:2]
    columns = np.empty((batch, channels, kernel[0] * kernel[1], *size), x.dtype)
    for place, seen in enumerate(_slices(_padded(x, padding), kernel, stride, dilation, size)):
        columns[:, :, place] = seen
    return columns.reshape(batch, groups, -1, size[0] * size[1])


def _convolve(input: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, *settings: Any) -> np.ndarray:
    one_dimension = input.ndim == 3
    stride, padding, dilation, groups = plan = _flattened(settings, input.ndim)
    x, w = _as_pictures(input), _as_pictures(weight)
    size = tuple(window_count(x.shape[2 + d], w.shape[2 + d], stride[d], padding[d], dilation[d]) for d in (0, 1))
    columns = _columns(x, w.shape[2:], size, plan)
    out = np.matmul(w.reshape(groups, w.shape[0] // groups, -1), columns).reshape(x.shape[0], w.shape[0], *size)
    if bias is not None:
        out += bias[:, None, None]
    return out[:, :, 0] if one_dimension else out


def _input_gradient(grad: np.ndarray, weight: np.ndarray, shape: Pair, *settings: Any) -> np.ndarray:
    stride, (top, left), dilation, groups = _flattened(settings, grad.ndim)
    g, w = _as_pictures(grad), _as_pictures(weight)
    batch, channels, *lengths = shape if len(shape) == 4 else (*shape[:2], 1, shape[2])
    height, width = lengths[0] + 2 * top, lengths[1] + 2 * left
    rows, columns = g.shape[2:]
    dense = stride == (1, 1)
    if dense:  # made as wide as the input, all of it moves by one step in memory from place to place of the kernel
        wide = np.zeros((*g.shape[:3], width), g.dtype)
        wide[..., :columns] = g
        g, columns = wide, width
    products = np.matmul(
        w.reshape(groups, w.shape[0] // groups, -1).swapaxes(1, 2), g.reshape(batch, groups, w.shape[0] // groups, -1)
    ).reshape(batch, channels, w.shape[2] * w.shape[3], rows * columns)
    out = np.zeros((batch, channels, height * width + (dilation[1] * w.shape[3] if dense else 0)), grad.dtype)
    if dense:
        for place in range(w.shape[2] * w.shape[3]):
            down, right = divmod(place, w.shape[3])
            start = down * dilation[0] * width + right * dilation[1]
            out[:, :, start : start + rows * width] += products[:, :, place]
    whole = out[:, :, : height * width].reshape(batch, channels, height, width)
    if not dense:
        size = (rows, columns)
        for place, seen in enumerate(_slices(whole, w.shape[2:], stride, dilation, size)):
            np.add(seen, products[:, :, place].reshape(seen.shape), out=seen)
    return whole[:, :, top : top + lengths[0], left : left + lengths[1]].reshape(shape)


def _weight_gradient(grad: np.ndarray, input: np.ndarray, shape: Pair, *settings: Any) -> np.ndarray:
    plan = _flattened(settings, grad.ndim)
    g, x = _as_pictures(grad), _as_pictures(input)
    kernel = shape[2:] if len(shape) == 4 else (1, shape[2])
    columns = _columns(x, kernel, g.shape[2:], plan)
    rows = g.reshape(g.shape[0], plan[3], shape[0] // plan[3], -1)
    return np.matmul(rows, columns.swapaxes(2, 3)).sum(0).reshape(shape)


# Three linear maps of two things each: the derivatives of one are the other two.

_SETTINGS = ("stride", "padding", "dilation", "groups")
convolution = Operation(
    "convolution",
    lambda input, weight, bias, stride, padding, dilation, transposed, output_padding, groups, bias_sym_sizes_opt: (
        _convolve(input, weight, bias, stride, padding, dilation, groups)
    ),
    {
        "input": lambda grad, input, weight, stride, padding, dilation, groups: either(
            _to_input, grad, weight, tuple(input.shape), stride, padding, dilation, groups
        ),
        "weight": lambda grad, input, weight, stride, padding, dilation, groups: either(
            _to_weight, grad, input, tuple(weight.shape), stride, padding, dilation, groups
        ),
        "bias": lambda grad: total(grad, (0, *range(2, len(grad.shape)))),
    },
    shows=("transposed", "output_padding", "bias_sym_sizes_opt"),
    formula={"input": r"\bar{z} * W^\top", "weight": r"x * \bar{z}", "bias": r"\textstyle\sum \bar{z}"},
)
_to_input: Operation = Operation(
    "convolution_input_gradient",
    _input_gradient,
    {
        "grad": lambda g, weight, stride, padding, dilation, groups: either(
            _product, g, weight, stride, padding, dilation, groups
        ),
        "weight": lambda g, grad, weight_sym_sizes, stride, padding, dilation, groups: either(
            _to_weight, grad, g, weight_sym_sizes, stride, padding, dilation, groups
        ),
    },
    params=("grad", "weight", "shape", *_SETTINGS),
    node="ConvolutionBackwardBackward0",
)
_to_weight: Operation = Operation(
    "convolution_weight_gradient",
    _weight_gradient,
    {
        "grad": lambda g, input, stride, padding, dilation, groups: either(
            _product, input, g, stride, padding, dilation, groups
        ),
        "input": lambda g, grad, input_sym_sizes, stride, padding, dilation, groups: either(
            _to_input, grad, g, input_sym_sizes, stride, padding, dilation, groups
        ),
    },
    params=("grad", "input", "shape", *_SETTINGS),
    node="ConvolutionBackwardBackward0",
)
_product: Operation = Operation(
    "convolution",
    lambda input, weight, stride, padding, dilation, groups: _convolve(
        input, weight, None, stride, padding, dilation, groups
    ),
    {
        "input": lambda grad, weight, input_sym_sizes, stride, padding, dilation, groups: either(
            _to_input, grad, weight, input_sym_sizes, stride, padding, dilation, groups
        ),
        "weight": lambda grad, input, weight_sym_sizes, stride, padding, dilation, groups: either(
            _to_weight, grad, input, weight_sym_sizes, stride, padding, dilation, groups
        ),
    },
)


# Pooling


def _pool_sizes(shape: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool) -> Pair:
    sizes = []
    for d in (0, 1):
        length = shape[-2 + d]
        spread = length + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1
        size = spread // stride[d] + 1
        if ceil_mode:
            size = -(-spread // stride[d]) + 1
            if (size - 1) * stride[d] >= length + padding[d]:  # no window may start in the border at the end
                size -= 1
        sizes.append(size)
    return tuple(sizes)


def _overhang(shape: Pair, size: Pair, kernel: Pair, stride: Pair, padding: Pair, dilation: Pair) -> Pair:
    """How far the last windows reach over the padded input (ceil_mode)."""
    return tuple(
        max(0, stride[d] * (size[d] - 1) + dilation[d] * (kernel[d] - 1) + 1 - shape[-2 + d] - 2 * padding[d])
        for d in (0, 1)
    )


def _max_pool(
    self: np.ndarray, kernel_size: Pair, stride: Pair, padding: Pair, dilation: Pair, ceil_mode: bool
) -> tuple[np.ndarray, np.ndarray]:
    steps = stride or kernel_size
    size = _pool_sizes(self.shape, kernel_size, steps, padding, dilation, ceil_mode)
    extra = _overhang(self.shape, size, kernel_size, steps, padding, dilation)
    lowest = -np.inf if self.dtype.kind == "f" else np.iinfo(self.dtype).min
    seen = list(_slices(_padded(self, padding, lowest, extra), kernel_size, steps, dilation, size))
    best = seen[0].copy()
    for values in seen[1:]:
        np.maximum(best, values, out=best)
    missing, places = np.ones(best.shape, bool), np.zeros(best.shape, np.uint8 if len(seen) < 256 else np.int64)
    for values in seen[:-1]:  # the place of the first that is the largest: how many before it are not
        missing &= values != best
        places += missing
    if self.dtype.kind == "f" and np.isnan(best).any():
        for place, values in enumerate(seen):
            np.copyto(places, place, where=np.isnan(values), casting="unsafe")
    rows, columns = (np.arange(size[d]) * steps[d] - padding[d] for d in (0, 1))
    down, right = (np.arange(kernel_size[d]) * dilation[d] for d in (0, 1))
    width = self.shape[-1]
    offsets = (down[:, None] * width + right).ravel()
    return best, offsets[places] + (rows[:, None] * width + columns)


def _max_pool_backward(grad: Any, self: Any, kernel_size: Pair, stride: Pair, dilation: Pair, result1: Any) -> Any:
    shape, indices = tuple(self.shape), plain(result1)
    apart = dilation == (1, 1) and all(
        step >= size for step, size in zip(stride or kernel_size, kernel_size, strict=True)
    )
    planes = math.prod(shape[:-2])
    starts = np.arange(planes).reshape(*shape[:-2], 1, 1) * (shape[-2] * shape[-1])
    places = indices + starts
    if isinstance(grad, Tensor):
        return flat(scatter_flat(grad, places, shape), self)
    if apart:  # no two windows choose the same
        out = np.zeros(shape, grad.dtype)
        out.reshape(-1)[places] = grad
        return out
    return np.bincount(places.ravel(), grad.ravel(), math.prod(shape)).astype(grad.dtype).reshape(shape)


max_pool2d = row(
    "max_pool2d_with_indices",
    _max_pool,
    lambda grad, self, kernel_size, stride, padding, dilation, ceil_mode, result1: _max_pool_backward(
        grad, self, kernel_size, stride, dilation, result1
    ),
    r"\bar{z} \text{ at the largest}",
    node="MaxPool2DWithIndicesBackward0",
    outputs=("result0", "result1"),
)


def _window_sizes(shape: Pair, size: Pair, args: tuple[Any, ...]) -> np.ndarray | int:
    """What each window's sum is divided by."""
    kernel, stride, padding, _, count_include_pad, divisor = args
    if divisor is not None:
        return int(divisor)
    counts = []
    for d in (0, 1):
        length = shape[-2 + d]
        start = np.arange(size[d]) * (stride or kernel)[d] - padding[d]
        end = np.minimum(start + kernel[d], length + padding[d])
        counts.append(end - start if count_include_pad else np.minimum(end, length) - np.maximum(start, 0))
    return counts[0][:, None] * counts[1]


def _average(self: np.ndarray, *args: Any) -> np.ndarray:
    kernel, stride, padding, ceil_mode = args[:4]
    steps, dense = stride or kernel, (1, 1)
    size = _pool_sizes(self.shape, kernel, steps, padding, dense, ceil_mode)
    padded = _padded(self, padding, 0, _overhang(self.shape, size, kernel, steps, padding, dense))
    out: Any = 0
    for seen in _slices(padded, kernel, steps, dense, size):
        out = out + seen
    return (out / _window_sizes(self.shape, size, args)).astype(self.dtype)


def _average_backward(grad: np.ndarray, shape: Pair, *args: Any) -> np.ndarray:
    kernel, stride, padding = args[:3]
    steps, size, (top, left) = stride or kernel, grad.shape[-2:], padding
    extra = _overhang(shape, size, kernel, steps, padding, (1, 1))
    out = _padded(np.zeros(shape, grad.dtype), padding, 0, extra).copy()
    share = grad / _window_sizes(shape, size, args)
    for seen in _slices(out, kernel, steps, (1, 1), size):
        np.add(seen, share, out=seen)
    return out[..., top : top + shape[-2], left : left + shape[-1]]


_POOL = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override")
avg_pool2d = row(
    "avg_pool2d",
    _average,
    lambda grad, self, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override: flat(
        either(
            _spread_average, grad, tuple(self.shape), kernel_size, stride, padding, ceil_mode, count_include_pad,
            divisor_override,
        ),
        self,
    ),
    r"\bar{z} / n \text{ on its window}",
    params=("self", *_POOL),
    node="AvgPool2DBackward0",
)  # fmt: skip
_spread_average: Operation = row(
    "avg_pool2d_backward",
    _average_backward,
    lambda grad, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override: either(
        avg_pool2d, grad, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    ),
    params=("self", "shape", *_POOL),
    node="AvgPool2DBackwardBackward0",
)


def _averaging(length: int, size: int, dtype: Any) -> np.ndarray:
    """The matrix that averages ``length`` numbers to ``size``."""
    matrix = np.zeros((size, length), dtype)
    for i in range(size):
        start, end = i * length // size, -(-(i + 1) * length // size)
        matrix[i, start:end] = 1 / (end - start)
    return matrix


def _adaptive(self: np.ndarray, output_size: Pair) -> np.ndarray:
    rows, columns = (_averaging(self.shape[-2 + d], output_size[d], self.dtype) for d in (0, 1))
    return rows @ self @ columns.T


def _adaptive_backward(grad: Any, self: Any) -> Any:
    kind = plain(grad).dtype
    rows, columns = (_averaging(self.shape[d], grad.shape[d], kind) for d in (-2, -1))
    return flat(matmul(matmul(like(grad, rows.T), grad), like(grad, columns)), self)


adaptive_avg_pool2d = row("_adaptive_avg_pool2d", _adaptive, _adaptive_backward, node="AdaptiveAvgPool2DBackward0")


# Embedding


def _embedding_backward(grad: Any, indices: Any, padding_idx: int, weight_sym_argsize_0: int) -> Any:
    places, width = plain(indices).ravel(), grad.shape[-1]
    rows = reshape(grad, (-1, width))
    if padding_idx >= 0:
        rows = rows * like(rows, (places != padding_idx)[:, None])
    if isinstance(grad, Tensor):
        return scatter_flat(rows, places[:, None] * width + np.arange(width), (weight_sym_argsize_0, width))
    out = np.zeros((weight_sym_argsize_0, width), grad.dtype)
    np.add.at(out, places, rows)
    return out


embedding = Operation(
    "embedding",
    lambda weight, indices, padding_idx, scale_grad_by_freq, sparse, weight_sym_argsize_0: weight[indices],
    {
        "weight": lambda grad, indices, padding_idx, scale_grad_by_freq, sparse, weight_sym_argsize_0: (
            _embedding_backward(grad, indices, padding_idx, weight_sym_argsize_0)
        )
    },
    tensors=("indices",),
    formula={"weight": r"\textstyle\sum \bar{z} \text{ of the row}"},
)


# Normalisation: (x - mean) * inverse deviation, times weight, plus bias


def _statistics(input: Any, dims: Pair, eps: float) -> tuple[Any, Any]:
    number = math.prod(input.shape[d] for d in dims)
    mean = total(input, dims, True) / number
    off = input - mean
    return mean, 1 / sqrt(total(off * off, dims, True) / number + eps)


def _through(grad: Any, input: Any, mean: Any, inverse: Any, dims: Pair) -> Any:
    """The gradient of the input from that of the normalised one, where mean and deviation are the input's own."""
    number = math.prod(input.shape[d] for d in dims)
    normal = (input - mean) * inverse
    inner = grad - total(grad, dims, True) / number - normal * (total(grad * normal, dims, True) / number)
    return inner * inverse


def _channels(value: Any, ndim: int) -> Any:
    return reshape(value, (1, -1, *(1,) * (ndim - 2)))


def _batch_norm(
    input: np.ndarray,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ndim = input.ndim
    if training:
        dims = (0, *range(2, ndim))
        mean, inverse = _statistics(input, dims, eps)
        if running_mean is not None:  # the running ones follow; PyTorch does not count it as a change, either
            running_mean += momentum * (mean.ravel() - running_mean)
            running_var += momentum * (np.var(input, dims, ddof=1) - running_var)
    else:
        mean, inverse = _channels(running_mean, ndim), 1 / np.sqrt(_channels(running_var, ndim) + eps)
    out = (input - mean) * inverse.astype(input.dtype)
    if weight is not None:
        out *= _channels(weight, ndim)
    if bias is not None:
        out += _channels(bias, ndim)
    saved = (mean.ravel(), inverse.ravel()) if training else (np.zeros(0, input.dtype), np.zeros(0, input.dtype))
    return (out, *saved)


def _batch_statistics(
    grad: Any, input: Any, running_mean: Any, running_var: Any, training: bool, eps: float, saved: Any
) -> tuple[Pair, Any, Any]:
    ndim = len(input.shape)
    dims = (0, *range(2, ndim))
    if not training:
        return dims, _channels(running_mean, ndim), 1 / sqrt(_channels(running_var, ndim) + eps)
    if isinstance(grad, Tensor):  # they depend on the input, too
        return dims, *_statistics(input, dims, eps)
    return dims, *(_channels(value, ndim) for value in saved)


def _batch_norm_input(
    grad: Any, input: Any, weight: Any, running_mean: Any, running_var: Any, training: bool, eps: float,
    result1: Any, result2: Any,
) -> Any:  # fmt: skip
    dims, mean, inverse = _batch_statistics(grad, input, running_mean, running_var, training, eps, (result1, result2))
    if weight is not None:
        grad = grad * _channels(weight, len(input.shape))
    return _through(grad, input, mean, inverse, dims) if training else grad * inverse


def _batch_norm_weight(
    grad: Any, input: Any, running_mean: Any, running_var: Any, training: bool, eps: float, result1: Any, result2: Any
) -> Any:
    dims, mean, inverse = _batch_statistics(grad, input, running_mean, running_var, training, eps, (result1, result2))
    return total(grad * ((input - mean) * inverse), dims)


batch_norm = Operation(
    "native_batch_norm",
    _batch_norm,
    {
        "input": _batch_norm_input,
        "weight": _batch_norm_weight,
        "bias": lambda grad: total(grad, (0, *range(2, len(grad.shape)))),
    },
    tensors=("running_mean", "running_var"),
    outputs=("result0", "result1", "result2"),
    formula={
        "input": r"w \bar{z} / \sigma \text{, without its mean and its part along the output}",
        "weight": r"\textstyle\sum \bar{z} x \text{, x normalised}",
        "bias": r"\textstyle\sum \bar{z}",
    },
)


def _layer_norm(
    input: np.ndarray, normalized_shape: Pair, weight: Any, bias: Any, _eps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    mean, inverse = _statistics(input, tuple(range(input.ndim - len(normalized_shape), input.ndim)), _eps)
    out = (input - mean) * inverse
    if weight is not None:
        out *= weight
    if bias is not None:
        out += bias
    return out, mean, inverse


def _layer_statistics(grad: Any, input: Any, normalized_shape: Pair, _eps: float, saved: Any) -> tuple[Pair, Any, Any]:
    ndim = len(input.shape)
    dims = tuple(range(ndim - len(normalized_shape), ndim))
    return dims, *(_statistics(input, dims, _eps) if isinstance(grad, Tensor) else saved)


def _layer_norm_input(
    grad: Any, input: Any, normalized_shape: Pair, weight: Any, _eps: float, result1: Any, result2: Any
) -> Any:
    dims, mean, inverse = _layer_statistics(grad, input, normalized_shape, _eps, (result1, result2))
    return _through(grad if weight is None else grad * weight, input, mean, inverse, dims)


def _layer_norm_weight(grad: Any, input: Any, normalized_shape: Pair, _eps: float, result1: Any, result2: Any) -> Any:
    dims, mean, inverse = _layer_statistics(grad, input, normalized_shape, _eps, (result1, result2))
    return total(grad * ((input - mean) * inverse), tuple(range(dims[0])))


layer_norm = Operation(
    "native_layer_norm",
    _layer_norm,
    {
        "input": _layer_norm_input,
        "weight": _layer_norm_weight,
        "bias": lambda grad, bias, normalized_shape: total(grad, tuple(range(len(grad.shape) - len(normalized_shape)))),
    },
    outputs=("result0", "result1", "result2"),
    formula={
        "input": r"w \bar{z} / \sigma \text{, without its mean and its part along the output}",
        "weight": r"\textstyle\sum \bar{z} x \text{, x normalised}",
        "bias": r"\textstyle\sum \bar{z}",
    },
)


# Padding


def _pad(self: np.ndarray, pad: Pair, value: float) -> np.ndarray:
    shape, source, target = list(self.shape), [slice(None)] * self.ndim, [slice(None)] * self.ndim
    for i in range(len(pad) // 2):
        before, after = pad[2 * i], pad[2 * i + 1]
        dim = self.ndim - 1 - i
        shape[dim] += before + after
        source[dim] = slice(max(0, -before), self.shape[dim] - max(0, -after))
        target[dim] = slice(max(0, before), shape[dim] - max(0, after))
    out = np.full(shape, value, self.dtype)
    out[tuple(target)] = self[tuple(source)]
    return out


constant_pad: Operation = row(
    "constant_pad_nd",
    _pad,
    lambda grad, pad: either(constant_pad, grad, tuple(-n for n in pad), 0),
    r"\bar{z} \text{ without the border}",
)


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
    if self.dtype is target.dtype and self.dtype.kind == "f":
        return np.subtract(self, target, out=...)
    x, y = promote(self, target, False)
    if x.dtype.kind != "f":
        raise NotImplementedError(f"\"mse_cpu\" not implemented for '{FROM_NUMPY[x.dtype].scalar_name}'")
    return np.subtract(x, y, out=...)


def _mse(self: np.ndarray, target: np.ndarray, reduction: int) -> np.ndarray:
    off = _difference(self, target)
    if reduction == 0:
        return np.multiply(off, off, out=...)
    flat = off.ravel()
    out = np.asarray(np.dot(flat, flat))
    return np.true_divide(out, out.dtype.type(flat.size), out=...) if reduction == 1 else out


def _smooth_l1(self: np.ndarray, target: np.ndarray, reduction: int, beta: float) -> np.ndarray:
    size = np.abs(_difference(self, target))
    return _reduced(np.where(size < beta, size * size * (0.5 / beta), size - 0.5 * beta).astype(self.dtype), reduction)


def _huber(self: np.ndarray, target: np.ndarray, reduction: int, delta: float) -> np.ndarray:
    size = np.abs(_difference(self, target))
    parts = np.where(size < delta, size * size * 0.5, (size - 0.5 * delta) * delta)
    return _reduced(parts.astype(self.dtype), reduction)


mse_loss = Operation(
    "mse_loss",
    _mse,
    {
        "self": lambda grad, self, target, reduction: (self - target) * (_scaled(grad, self, reduction) * 2),
        "target": lambda grad, self, target, reduction: (target - self) * (_scaled(grad, self, reduction) * 2),
    },
    formula={"self": r"\bar{z} \cdot \tfrac{2}{n} (x - y)", "target": r"\bar{z} \cdot \tfrac{2}{n} (y - x)"},
)
smooth_l1_loss = Operation(
    "smooth_l1_loss",
    _smooth_l1,
    {
        "self": lambda grad, self, target, reduction, beta: (
            _scaled(grad, self, reduction) * clamp((self - target) / beta, -1, 1)
        ),
        "target": lambda grad, self, target, reduction, beta: (
            _scaled(grad, self, reduction) * clamp((target - self) / beta, -1, 1)
        ),
    },
    formula={"self": r"\bar{z} \cdot (x - y) / (n \beta) \text{, clamped}"},
)
huber_loss = Operation(
    "huber_loss",
    _huber,
    {
        "self": lambda grad, self, target, reduction, delta: (
            _scaled(grad, self, reduction) * clamp(self - target, -delta, delta)
        ),
        "target": lambda grad, self, target, reduction, delta: (
            _scaled(grad, self, reduction) * clamp(target - self, -delta, delta)
        ),
    },
    formula={"self": r"\bar{z} \cdot (x - y) / n \text{, clamped}"},
)


def _picked(self: np.ndarray, target: np.ndarray, weight: Any, ignore_index: int) -> tuple[Any, Any, Any]:
    """For each target: whether it counts, its class with those ignored at 0, and its weight."""
    counts = target != ignore_index
    classes = self.shape[0 if self.ndim == 1 else 1]
    wrong = counts & ((target < 0) | (target >= classes))
    if wrong.any():
        raise IndexError(f"Target {target[wrong].flat[0]} is out of bounds.")
    index = np.where(counts, target, 0)
    weights = counts.astype(self.dtype) if weight is None else weight[index] * counts
    return counts, index, weights


def _rows(target: np.ndarray) -> np.ndarray:
    return np.arange(target.size)


def _nll(
    self: np.ndarray, target: np.ndarray, weight: Any, reduction: int, ignore_index: int
) -> tuple[np.ndarray, np.ndarray]:
    if self.ndim == 1:
        target = target.reshape(())
    elif self.ndim == 2 and weight is None and target.size:  # the usual case, in few steps
        low, high = target.min(), target.max()
        if low >= 0 and high < self.shape[1] and not low <= ignore_index <= high:
            loss = np.negative(self[_rows(target), target])
            mass = np.array(target.size, self.dtype)
            return _reduced(loss, reduction), mass if reduction else np.zeros((), self.dtype)
    counts, index, weights = _picked(self, target, weight, ignore_index)
    axis = 0 if self.ndim == 1 else 1
    chosen = np.take_along_axis(self, np.expand_dims(index, axis), axis).squeeze(axis)
    loss = np.where(counts, -chosen * weights, self.dtype.type(0))
    if reduction == 0:
        return loss, np.zeros((), self.dtype)
    mass = np.add.reduce(weights, axis=None, out=...)
    out = np.add.reduce(loss, axis=None, out=...)
    return (np.true_divide(out, mass, out=...) if reduction == 1 else out), mass


def _nll_backward(
    grad: Any, self: Any, target: Any, weight: Any, reduction: int, ignore_index: int, total_weight: Any
) -> Any:
    shape, labels = tuple(self.shape), plain(target)
    kind = plain(grad).dtype
    if type(grad) is np.ndarray and len(shape) == 2 and weight is None and reduction and total_weight == labels.size:
        chosen = np.zeros(shape, kind)
        chosen[_rows(labels), labels] = -grad / kind.type(labels.size if reduction == 1 else 1)
        return chosen
    weights = None if weight is None else plain(weight)
    counts, index, share = _picked(
        np.empty(shape, kind), labels.reshape(()) if len(shape) == 1 else labels, weights, ignore_index
    )
    if reduction == 1:
        share = np.where(counts, share / plain(total_weight), kind.type(0))
    axis = 0 if len(shape) == 1 else 1
    where_ = np.expand_dims(index, axis)
    if reduction == 0:
        grad = reshape(grad, where_.shape)
    chosen = np.zeros(shape, kind)
    if isinstance(grad, Tensor):
        np.put_along_axis(chosen, where_, np.expand_dims(-share, axis), axis)
        return flat(grad * Tensor._plain(chosen), self)
    np.put_along_axis(
        chosen, where_, np.where(np.expand_dims(counts, axis), np.expand_dims(-share, axis) * grad, 0), axis
    )
    return chosen


nll_loss, nll_loss2d = (
    row(
        name,
        _nll,
        _nll_backward,
        r"-\bar{z}\, w_y / \textstyle\sum w \text{ at } y",
        node=node,
        tensors=("target", "weight"),
        outputs=("output", "total_weight"),
    )
    for name, node in (("nll_loss", "NllLossBackward0"), ("nll_loss2d", "NllLoss2DBackward0"))
)


def _bce(self: np.ndarray, target: np.ndarray, weight: Any, reduction: int) -> np.ndarray:
    if self.size and not ((self >= 0) & (self <= 1)).all():
        raise RuntimeError("all elements of input should be between 0 and 1")
    loss = (target - 1) * np.maximum(np.log1p(-self), -100) - target * np.maximum(np.log(self), -100)
    return _reduced(loss if weight is None else loss * weight, reduction)


def _bce_backward(grad: Any, self: Any, target: Any, weight: Any, reduction: int) -> Any:
    grad = _scaled(grad, self, reduction) * (self - target)
    grad = grad if weight is None else grad * weight
    return grad / dual("clamp_min", np.maximum)((1 - self) * self, 1e-12)


def _bce_target(grad: Any, self: Any, target: Any, weight: Any, reduction: int) -> Any:
    grad = _scaled(grad, self, reduction) * (log(1 - self) - log(self))
    return grad if weight is None else grad * weight


binary_cross_entropy = Operation(
    "binary_cross_entropy",
    _bce,
    {"self": _bce_backward, "target": _bce_target},
    tensors=("weight",),
    formula={
        "self": r"\tfrac{\bar{z}}{n} \cdot \tfrac{x - y}{x (1 - x)}",
        "target": r"\tfrac{\bar{z}}{n} \ln \tfrac{1 - x}{x}",
    },
)


def _bce_logits(self: np.ndarray, target: np.ndarray, weight: Any, pos_weight: Any, reduction: int) -> np.ndarray:
    soft = np.log1p(np.exp(-np.abs(self))) + np.maximum(-self, 0)  # -log sigmoid(x)
    loss = (1 - target) * self + (soft if pos_weight is None else ((pos_weight - 1) * target + 1) * soft)
    return _reduced(loss if weight is None else loss * weight, reduction)


def _bce_logits_backward(grad: Any, self: Any, target: Any, weight: Any, pos_weight: Any, reduction: int) -> Any:
    grad = _scaled(grad, self, reduction)
    if pos_weight is None:
        grad = grad * (sigmoid(self) - target)
    else:
        positive = pos_weight * target
        grad = grad * ((positive + 1 - target) * sigmoid(self) - positive)
    return grad if weight is None else grad * weight


def _bce_logits_target(grad: Any, self: Any, target: Any, weight: Any, pos_weight: Any, reduction: int) -> Any:
    grad = _scaled(grad, self, reduction)
    grad = grad * (-self if pos_weight is None else log(sigmoid(-self)) - pos_weight * log(sigmoid(self)))
    return grad if weight is None else grad * weight


binary_cross_entropy_with_logits = Operation(
    "binary_cross_entropy_with_logits",
    _bce_logits,
    {"self": _bce_logits_backward, "target": _bce_logits_target},
    tensors=("weight", "pos_weight"),
    formula={"self": r"\tfrac{\bar{z}}{n} (\sigma(x) - y)", "target": r"-\tfrac{\bar{z}}{n} x"},
)


def _xlogy(self: Any, other: Any) -> np.ndarray:
    product = np.where(self == 0, 0, self * np.log(other)).astype(np.result_type(self, other))
    return np.where(np.isnan(other), other, product)


xlogy = Operation(
    "xlogy",
    _xlogy,
    {
        "self": lambda grad, self, other: where((self == 0) & (other <= 0), grad * 0, grad * log(other)),
        "other": lambda grad, self, other: grad * self / other,
    },
    formula={"self": r"\bar{z} \ln y", "other": r"\bar{z}\, x / y"},
)
