"""torch.nn.functional: what layers compute, as functions. See https://docs.pytorch.org/docs/stable/nn.functional.html

An error of shapes comes with a note on the usual mistake behind it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import random
from ..autograd.notes import explain
from ..dtypes import Size
from ..dtypes import dtype as Dtype
from ..ops import linalg, neural, pointwise, reduction, shaping
from ..ops.arguments import broadcast_error, must_be_tensor
from ..ops.dual import FUNCTIONS
from ..ops.templates import Operation, in_place
from ..tensor import Tensor

_log_softmax = reduction.log_softmax  # where ``reduction`` is an argument
_REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}


def _page(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add PyTorch's page to a function's docstring."""
    where = f"https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.{function.__name__}.html"
    function.__doc__ = f"{function.__doc__}\n\nSee {where}\n"
    return function


def _check(function: str, **tensors: Any) -> None:
    for position, (name, value) in enumerate(tensors.items(), 1):
        if not isinstance(value, Tensor):
            raise must_be_tensor(function, name, position, value)


def _reduction(reduction: str) -> int:
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return _REDUCTIONS[reduction]


def _legacy(size_average: Any, reduce: Any, reduction: str) -> str:
    """What the two old arguments mean: ``reduction``."""
    if size_average is None and reduce is None:
        return reduction
    meant = "none" if reduce is False else "mean" if size_average in (None, True) else "sum"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead.", stacklevel=3
    )
    return meant


def _reduced(loss: Any, reduction: str) -> Any:
    """A loss made of other operations, reduced."""
    kind = _reduction(reduction)
    return loss.mean() if kind == 1 else loss.sum() if kind == 2 else loss


# Activations


def _activation(name: str, operation: Operation, kernel: str = "", **options: float) -> Callable[..., Tensor]:
    """The function of a row whose arguments are ``options`` with their defaults."""

    def compute(input: Tensor, *values: float) -> Tensor:
        return operation(input, *values)

    compute.__name__ = name
    change = in_place(compute)
    names = list(options)

    def function(input: Tensor, *args: Any, inplace: bool = False, **named: Any) -> Tensor:
        _check(name, input=input)
        if len(args) > len(names):
            *args, inplace = args  # type: ignore[assignment]
        values = dict(zip(names, args, strict=False)) | named
        unknown = [key for key in values if key not in options]
        if unknown:
            raise TypeError(f"{name}() got an unexpected keyword argument '{unknown[0]}'")
        if kernel and input._array.dtype.kind != "f":
            raise NotImplementedError(f"\"{kernel}\" not implemented for '{input.dtype.scalar_name}'")
        return (change if inplace else compute)(input, *(values.get(key, options[key]) for key in names))

    function.__name__ = function.__qualname__ = name
    shown = ", ".join(["input", *(f"{key}={value}" for key, value in options.items()), "inplace=False"])
    function.__doc__ = f"``{name}({shown})``, element by element."
    return _page(function)


leaky_relu = _activation("leaky_relu", neural.leaky_relu, "leaky_relu_cpu", negative_slope=0.01)
celu = _activation("celu", neural.celu, "elu_cpu", alpha=1.0)
silu = _activation("silu", neural.silu, "silu_cpu")
mish = _activation("mish", neural.mish, "mish_cpu")
softplus = _activation("softplus", neural.softplus, "softplus_cpu", beta=1, threshold=20)
hardswish = _activation("hardswish", neural.hardswish, "hardswish_cpu")
hardsigmoid = _activation("hardsigmoid", neural.hardsigmoid, "hardsigmoid_cpu")
hardshrink = _activation("hardshrink", neural.hardshrink, "hardshrink_cpu", lambd=0.5)
softshrink = _activation("softshrink", neural.softshrink, "softshrink_cpu", lambd=0.5)
threshold = _activation("threshold", neural.threshold, threshold=0, value=0)
_elu = _activation("elu", neural.elu, "elu_cpu", alpha=1.0, scale=1, input_scale=1)
_clipped = _activation("hardtanh", neural.hardtanh, min_val=-1.0, max_val=1.0)


@_page
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Zero where negative."""
    _check("relu", input=input)
    return input.relu_() if inplace else pointwise.relu(input)


@_page
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """Between 0 and 6."""
    return _clipped(input, 0, 6, inplace=inplace)


@_page
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """Between ``min_val`` and ``max_val``."""
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _clipped(input, min_val, max_val, inplace=inplace)


@_page
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where positive, else alpha (e^x - 1)."""
    return _elu(input, alpha, inplace=inplace)


@_page
def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """ELU with the scales that keep mean 0 and variance 1."""
    return _elu(input, 1.6732632423543772, 1.0507009873554805, inplace=inplace)


@_page
def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x times the normal distribution's probability of less than x; "tanh" approximates it."""
    _check("gelu", input=input)
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f"\"GeluKernelImpl\" not implemented for '{input.dtype.scalar_name}'")
    return neural.gelu(input, approximate)


@_page
def logsigmoid(input: Tensor) -> Tensor:
    """The logarithm of the sigmoid, computed without overflow."""
    return neural.log_sigmoid(input)[0]


@_page
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where positive, else weight · x: one weight for all, or one for each channel."""
    number, ndim = weight._array.size, input._array.ndim
    if number != 1 and (ndim < 2 or number != input._array.shape[1]):
        raise RuntimeError(
            f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {number} and channel "
            f"size = {input._array.shape[1] if ndim > 1 else 1}."
        )
    channel = 1 if ndim > 1 else 0
    return neural.prelu(input, weight.view(tuple(number if d == channel else 1 for d in range(ndim))))


@_page
def softsign(input: Any) -> Tensor:
    """x / (1 + |x|)."""
    return input / (input.abs() + 1)


@_page
def tanhshrink(input: Any) -> Tensor:
    """x - tanh(x)."""
    return input - input.tanh()


@_page
def sigmoid(input: Any) -> Tensor:
    """1 / (1 + e^-x)."""
    return input.sigmoid()


@_page
def tanh(input: Any) -> Tensor:
    """The hyperbolic tangent."""
    return input.tanh()


def _implicit_dim(name: str, input: Tensor, stacklevel: int) -> int:
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel + 1,
    )
    return 0 if input._array.ndim in (0, 1, 3) else 1


@_page
def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Dtype | None = None) -> Tensor:
    """Exponentials divided by their sum over ``dim``."""
    return reduction.softmax(input, _implicit_dim("softmax", input, 2) if dim is None else dim, dtype)


@_page
def softmin(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Dtype | None = None) -> Tensor:
    """The softmax of -x."""
    return reduction.softmax(-input, _implicit_dim("softmin", input, 2) if dim is None else dim, dtype)


@_page
def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: Dtype | None = None) -> Tensor:
    """The logarithm of the softmax, computed without overflow."""
    return reduction.log_softmax(input, _implicit_dim("log_softmax", input, 2) if dim is None else dim, dtype)


# Linear maps


@_page
def linear(input: Any, weight: Any, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``: (*, in) with weight (out, in) and bias (out) gives (*, out).

    Raises:
        RuntimeError: the last length of ``input`` is not that of ``weight``.
    """
    if not isinstance(input, Tensor) or not isinstance(weight, Tensor):
        _check("linear", input=input, weight=weight)
    x, w = input._array, weight._array
    if not x.ndim or not w.ndim:
        raise RuntimeError(f"both arguments to linear need to be at least 1D, but they are {x.ndim}D and {w.ndim}D")
    if x.ndim == 2 and bias is not None:
        turned = shaping._t(weight)
        if linalg.fits(bias, input, turned):  # the usual case, told quickly
            return linalg._addmm(bias, input, turned, 1, 1)
    try:
        turned = shaping.t(weight)
        if bias is None:
            return linalg.matmul(input, turned)
        if x.ndim == 2 and w.ndim == 2:
            return linalg.addmm(bias, input, turned)
        if not x.flags.c_contiguous or w.ndim == 1:
            product: Any = linalg.matmul(input, turned)
            product += bias
            return product
        rows = shaping.view(input, (math.prod(x.shape[:-1]), x.shape[-1]))
        return shaping.view(linalg.addmm(bias, rows, turned), (*x.shape[:-1], w.shape[0]))
    except RuntimeError as error:
        if w.ndim != 2 or x.shape[-1] == w.shape[1]:
            raise
        got, want = x.shape[-1], w.shape[1]
        way_out = (
            "This one comes batch last: transpose it (x.T)."
            if x.ndim == 2 and x.shape[0] == want
            else f"Its pictures have to be flattened first (x.flatten(1) gives {math.prod(x.shape[1:])} features)."
            if x.ndim > 2 and math.prod(x.shape[1:]) == want
            else "Look at what the layer before gives, and at in_features of this one."
        )
        raise explain(
            error,
            f"The last dimension of the input has {got} features, the layer takes {want}; the batch comes first.",
            way_out,
        ) from None


def _tuple(value: Any, dims: int, name: str = "") -> tuple[int, ...]:
    """One number for all dimensions, or one for each."""
    if isinstance(value, int):
        return (value,) * dims
    values = tuple(value)
    if len(values) == 1:
        return values * dims
    if len(values) != dims and name:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {dims} values to match the convolution "
            f"dimensions, but got {name}={list(values)}"
        )
    return values


def _convolution(
    name: str, dims: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Tensor:
    _check(name, input=input, weight=weight)
    x, w = input._array, weight._array
    if x.ndim not in (dims + 1, dims + 2):
        raise explain(
            RuntimeError(
                f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {name}, but got input of size: "
                f"{list(x.shape)}"
            ),
            "A batch of pictures is (batch, channels, height, width): pictures without a channel need x.unsqueeze(1).",
        )
    lone = x.ndim == dims + 1
    if lone:
        input = shaping.unsqueeze(input, 0)
        x = input._array
    stride, dilation = _tuple(stride, w.ndim - 2, "stride"), _tuple(dilation, dims, "dilation")
    if isinstance(padding, str):
        input, padding = _named_padding(padding, input, w.shape[2:], stride, dilation)
        x = input._array
    shown = padding = _tuple(padding, dims, "padding") if padding != (0,) else padding
    if min(padding) < 0:
        raise RuntimeError("negative padding is not supported")
    if min(stride) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if x.shape[1] != w.shape[1] * groups:
        raise explain(
            RuntimeError(
                f"Given groups={groups}, weight of size {list(w.shape)}, expected input{list(x.shape)} to have "
                f"{w.shape[1] * groups} channels, but got {x.shape[1]} channels instead"
            ),
            f"The input is read as (batch, channels, ...): {x.shape[1]} channels, where the layer's in_channels is "
            f"{w.shape[1] * groups}.",
        )
    if w.shape[0] % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got weight "
            "of size "
            f"{list(w.shape)} instead"
        )
    if bias is not None and bias._array.shape != w.shape[:1]:
        raise RuntimeError(
            f"Given weight of size {list(w.shape)}, expected bias to be 1-dimensional with {w.shape[0]} "
            "elements, but got "
            f"bias of size {list(bias._array.shape)} instead"
        )
    full = padding * dims if len(padding) < dims else padding
    if any(x.shape[2 + d] + 2 * full[d] < dilation[d] * (w.shape[2 + d] - 1) + 1 for d in range(dims)):
        given = " x ".join(str(x.shape[2 + d] + 2 * full[d]) for d in range(dims))
        kernel = " x ".join(str(dilation[d] * (w.shape[2 + d] - 1) + 1) for d in range(dims))
        raise RuntimeError(
            f"Calculated padded input size per channel: ({given}). Kernel size: ({kernel}). Kernel size can't "
            "be greater "
            "than actual input size"
        )
    if x.dtype != w.dtype:
        raise RuntimeError(f"expected scalar type {input.dtype.scalar_name} but found {weight.dtype.scalar_name}")
    output_padding = (0,) * len(shown)
    sizes = (0,) if bias is None else bias._array.shape
    out = neural.convolution(input, weight, bias, stride, shown, dilation, False, output_padding, groups, sizes)
    return shaping.squeeze(out, 0) if lone else out


def _named_padding(
    name: str, input: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[Tensor, tuple[int, ...]]:
    """ "valid" is none; "same" keeps the size, with the odd one at the end."""
    if name == "valid":
        return input, (0,)
    if name != "same":
        raise RuntimeError(f"Invalid padding string: '{name}'")
    if any(step != 1 for step in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [step * (length - 1) for step, length in zip(dilation, kernel, strict=True)]
    odd = [total % 2 for total in totals]
    if any(odd):
        warnings.warn(
            "Using padding='same' with even kernel lengths and odd dilation may require a zero-padded copy of "
            "the input be "
            "created",
            stacklevel=4,
        )
        input = neural.constant_pad(input, tuple(n for extra in reversed(odd) for n in (0, extra)), 0)
    return input, tuple(total // 2 for total in totals)


@_page
def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolution of (batch, in, length) with a weight (out, in / groups, kernel)."""
    return _convolution("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@_page
def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    """Convolution of (batch, in, height, width) with a weight (out, in / groups, kernel height, kernel width).

    ``padding`` may be "same" or "valid".
    """
    return _convolution("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


# Pooling


def _pool_arguments(
    name: str, input: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any = 1
) -> tuple[Any, ...]:
    pairs: list[tuple[int, ...]] = []
    for what, value in (("kernel_size", kernel_size), ("stride", stride), ("padding", padding), ("dilation", dilation)):
        if value is None or value == []:
            pairs.append(())
        elif not isinstance(value, int) and len(value) not in (1, 2):
            raise RuntimeError(f"{name}: {what} must either be a single int, or a tuple of two ints")
        else:
            pairs.append(_tuple(value, 2))
    kernel, steps, border, spread = pairs
    for size, pad, step in zip(kernel, border, spread, strict=True):
        if pad > (step * (size - 1) + 1) // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={pad}, kernel_size={size} and "
                f"dilation={step}"
            )
    if 0 in steps:
        raise RuntimeError("stride should not be zero")
    return kernel, steps, border, spread


def _check_pool_size(input: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> None:
    shape = input._array.shape
    size = neural._pool_sizes(shape, kernel, stride or kernel, padding, dilation, ceil_mode)
    if min(size) < 1:
        planes = shape[-3]
        raise RuntimeError(
            f"Given input size: ({planes}x{shape[-2]}x{shape[-1]}). Calculated output size: "
            f"({planes}x{max(size[0], 0)}x"
            f"{max(size[1], 0)}). Output size is too small"
        )


@_page
def max_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest of each window of (batch, channels, height, width); with ``return_indices`` also where it stands."""
    _check("max_pool2d", input=input)
    kernel, stride, padding, dilation = _pool_arguments("max_pool2d", input, kernel_size, stride, padding, dilation)
    if input._array.ndim not in (3, 4):
        raise RuntimeError("non-empty 3D or 4D (batch mode) tensor expected for input")
    _check_pool_size(input, kernel, stride, padding, dilation, ceil_mode)
    values, indices = neural.max_pool2d(input, kernel, stride, padding, dilation, ceil_mode)
    return (values, indices) if return_indices else values


@_page
def max_pool1d(
    input: Tensor, kernel_size: int, stride: int | None = None, padding: int = 0, dilation: int = 1,
    ceil_mode: bool = False,
) -> Tensor:  # fmt: skip
    """The largest of each window of (batch, channels, length)."""
    steps = (1, kernel_size if stride is None else stride)
    flat = shaping.unsqueeze(input, -2)
    return shaping.squeeze(max_pool2d(flat, (1, kernel_size), steps, (0, padding), (1, dilation), ceil_mode), -2)


@_page
def avg_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window of (batch, channels, height, width)."""
    _check("avg_pool2d", input=input)
    kernel, stride, padding, _ = _pool_arguments("avg_pool2d", input, kernel_size, stride, padding)
    if input._array.ndim not in (3, 4):
        raise IndexError(
            f"Dimension out of range (expected to be in range of [-{input.ndim}, {input.ndim - 1}], but got -3)"
        )
    _check_pool_size(input, kernel, stride, padding, (1, 1), ceil_mode)
    return neural.avg_pool2d(input, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override)


@_page
def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The means of as many windows as make (batch, channels, *output_size)."""
    _check("adaptive_avg_pool2d", input=input)
    size = (output_size,) * 2 if isinstance(output_size, int) or output_size is None else tuple(output_size)
    size = tuple(have if want is None else want for want, have in zip(size, input._array.shape[-2:], strict=True))
    if size == (1, 1):
        return reduction.mean(input, (-1, -2), True)
    return neural.adaptive_avg_pool2d(input, size)


# Look-up, padding, dropout


@_page
def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None,
    norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:  # fmt: skip
    """The rows of ``weight`` (number, length) that ``input`` (*) names; ``padding_idx`` gets no gradient."""
    if max_norm is not None or scale_grad_by_freq or sparse:
        raise NotImplementedError("embedding: max_norm, scale_grad_by_freq and sparse are not in minigrad")
    indices, number = input._array, weight._array.shape[0]
    if padding_idx is not None and not -number <= padding_idx < number:
        raise AssertionError("Padding_idx must be within num_embeddings")
    if indices.dtype not in (np.int64, np.int32):
        raise explain(
            RuntimeError(
                "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, "
                "Int; but got "
                f"{input.type()} instead (while checking arguments for embedding)"
            ),
            "An embedding is looked up by whole numbers: x.long().",
        )
    if indices.size and (indices.min() < 0 or indices.max() >= number):
        raise explain(
            IndexError("index out of range in self"), f"There are {number} rows, numbered from 0 to {number - 1}."
        )
    padding = -1 if padding_idx is None else padding_idx % number
    return neural.embedding(weight, input, padding, scale_grad_by_freq, sparse, number)


@_page
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """A 1 at the place that each number of ``tensor`` (*) names: (*, num_classes), int64."""
    array = tensor._array
    if array.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if array.size == 0 and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if array.size and array.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    if num_classes == -1:
        num_classes = int(array.max()) + 1
    elif array.size and array.max() >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return Tensor._of((array[..., None] == np.arange(num_classes)).astype(np.int64))


@_page
def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """A border of ``value``: (before, after) of the last dimension, then of the one before it. Negative numbers cut."""
    pad, ndim = tuple(pad), input._array.ndim
    if mode in ("reflect", "replicate", "circular"):
        raise NotImplementedError(f"pad: mode {mode!r} is not in minigrad, only 'constant'")
    if mode != "constant":
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {ndim}"
        )
    return neural.constant_pad(input, pad, 0 if value is None else value)


def _dropped(input: Any, shape: tuple[int, ...], p: float, training: bool, inplace: bool) -> Tensor:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if p == 0 or not training or not input._array.size:
        return input
    if p == 1:
        noise = Tensor._of(np.zeros((), input._array.dtype))
    else:
        keep = random.draw_bernoulli(shape, input.dtype, 1 - p, random.default_generator)
        noise = Tensor._of(keep / keep.dtype.type(1 - p))
    return input.mul_(noise) if inplace else input * noise


@_page
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element with probability ``p`` at zero, the others times 1 / (1 - p)."""
    _check("dropout", input=input)
    return _dropped(input, input._array.shape, p, training, inplace)


@_page
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each channel of (batch, channels, height, width) with probability ``p`` at zero."""
    shape = input._array.shape
    return _dropped(input, shape[:2] + (1,) * (len(shape) - 2), p, training, inplace)


# Normalisation


@_page
def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
    bias: Tensor | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Each channel of (batch, channels, *) with mean 0 and variance 1, times weight, plus bias.

    In training with the batch's own mean and variance, which the running ones follow by ``momentum``.
    """
    shape = input._array.shape
    if training and math.prod(shape) == shape[1]:
        raise explain(
            ValueError(f"Expected more than 1 value per channel when training, got input size {Size(shape)}"),
            "One value has no variance: a batch of one needs eval(), or a larger batch.",
        )
    if training and eps <= 0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    if eps < 0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    channels = shape[1] if len(shape) > 1 else 0
    named = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    for name, given in named.items():
        if given is None and name.startswith("running") and not training:
            raise RuntimeError(f"{name} must be defined in evaluation mode")
        if given is not None and given._array.size != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {given._array.size}")
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f"\"batch_norm\" not implemented for '{input.dtype.scalar_name}'")
    return neural.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)[0]


@_page
def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """The last dimensions, ``normalized_shape``, with mean 0 and variance 1, times weight, plus bias."""
    if isinstance(normalized_shape, int):
        raise TypeError("layer_norm(): argument 'normalized_shape' (position 2) must be tuple of ints, not int")
    last, shape = tuple(normalized_shape), input._array.shape
    if shape[len(shape) - len(last) :] != last or len(last) > len(shape):
        wanted = ", ".join(["*", *map(str, last)])
        raise RuntimeError(
            f"Given normalized_shape={list(last)}, expected input with shape [{wanted}], but got input of "
            f"size{list(shape)}"
        )
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and given._array.shape != last:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(given._array.shape)} and normalized_shape = {list(last)}"
            )
    if input._array.dtype.kind != "f":
        raise NotImplementedError(f"\"LayerNormKernelImpl\" not implemented for '{input.dtype.scalar_name}'")
    return neural.layer_norm(input, last, weight, bias, eps)[0]


@_page
def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: None = None) -> Tensor:
    """``input`` divided by its p-norm over ``dim``."""
    return input / reduction.norm(input, p, dim, True).clamp_min(eps).expand_as(input)


# Losses


def _pair(name: str, input: Any, target: Any) -> tuple[Any, Any]:
    """Prediction and target of one shape; a warning where they had to be broadcast."""
    if not isinstance(input, Tensor) or not isinstance(target, Tensor):
        _check(name, input=input, target=target)
    if input._array.shape == target._array.shape:
        return input, target
    warnings.warn(
        f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
        "likely lead "
        "to incorrect results due to broadcasting. Please ensure they have the same size.",
        stacklevel=3,
    )
    x, y = input._array.shape, target._array.shape
    try:
        shape = np.broadcast_shapes(x, y)
    except ValueError:
        raise explain(
            broadcast_error(x, y),
            f"The prediction has shape {x}, the target {y}: a loss compares them element by element.",
        ) from None
    return (input if x == shape else input.expand(shape)), (target if y == shape else target.expand(shape))


def _weighted(loss: Any, weight: Any, input: Any, reduction: str) -> Tensor:
    if weight._array.shape != input._array.shape:
        raise ValueError("Weights and input must have the same size.")
    loss = loss * weight
    if reduction == "none":
        return loss
    if reduction not in ("sum", "mean"):
        raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")
    return loss.sum() if reduction == "sum" else loss.sum() / weight.sum()


@_page
def mse_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The mean (or sum, or each) of the squared differences."""
    reduction = _legacy(size_average, reduce, reduction)
    x, y = _pair("mse_loss", input, target)
    if weight is not None:
        return _weighted((x - y).pow(2), weight, input, reduction)
    return neural.mse_loss(x, y, _reduction(reduction))


@_page
def l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The mean (or sum, or each) of the absolute differences."""
    reduction = _legacy(size_average, reduce, reduction)
    x, y = _pair("l1_loss", input, target)
    loss = (x - y).abs()
    return _reduced(loss, reduction) if weight is None else _weighted(loss, weight, input, reduction)


@_page
def smooth_l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:  # fmt: skip
    """Squared differences up to ``beta``, absolute ones beyond."""
    reduction = _legacy(size_average, reduce, reduction)
    x, y = _pair("smooth_l1_loss", input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return _reduced((x - y).abs(), reduction)
    return neural.smooth_l1_loss(x, y, _reduction(reduction), beta)


@_page
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """Half the squared differences up to ``delta``, ``delta`` times the absolute ones beyond."""
    x, y = _pair("huber_loss", input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is None:
        return neural.huber_loss(x, y, _reduction(reduction), delta)
    if weight._array.shape != input._array.shape:
        raise ValueError("Weights and input must have the same size.")
    return _reduced(neural.huber_loss(x, y, 0, delta) * weight, reduction)


@_page
def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Minus the log-probability of the right class: ``input`` (batch, classes, *), ``target`` (batch, *)."""
    reduction = _legacy(size_average, reduce, reduction)
    _check("nll_loss", input=input, target=target)
    return _nll(input, target, weight, _reduction(reduction), ignore_index)


_CLASSES = "The input has a row of scores for each sample (batch, classes), the target one class for each (batch)."


def _nll(input: Any, target: Any, weight: Any, reduction: int, ignore_index: int) -> Tensor:
    x, y = input._array, target._array
    if x.ndim == 1:
        if y.ndim > 1 or y.size != 1:
            raise ValueError(f"Expected input batch_size ({x.shape[0]}) to match target batch_size ({y.size}).")
    elif x.shape[0] != y.shape[0] if y.ndim else True:
        size = y.shape[0] if y.ndim else 1
        raise explain(
            ValueError(f"Expected input batch_size ({x.shape[0]}) to match target batch_size ({size})."), _CLASSES
        )
    elif x.ndim == 2 and y.ndim > 1:
        raise explain(RuntimeError("0D or 1D target tensor expected, multi-target not supported"), _CLASSES)
    elif x.ndim == 4 and y.ndim != 3:
        raise RuntimeError(
            f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {y.ndim}"
        )
    elif x.ndim == 4 and x.shape[2:] != y.shape[1:]:
        raise RuntimeError(f"size mismatch (got input: {list(x.shape)} , target: {list(y.shape)}")
    elif x.ndim > 2 and x.shape[2:] != y.shape[1:]:
        raise RuntimeError(f"Expected target size {[x.shape[0], *x.shape[2:]]}, got {list(y.shape)}")
    if y.dtype not in (np.int64, np.uint8):
        raise explain(
            RuntimeError(f"expected target dtype to be Long or Byte, but got {target.dtype.scalar_name}"),
            "Class numbers are whole: target.long(). Probabilities need the shape of the input.",
        )
    if x.dtype.kind != "f":
        raise NotImplementedError(f"\"nll_loss_out_frame\" not implemented for '{input.dtype.scalar_name}'")
    classes = x.shape[0 if x.ndim == 1 else 1]
    if weight is not None and weight._array.shape != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(weight._array.shape)}"
        )
    try:
        if x.ndim <= 2:
            return neural.nll_loss(input, target, weight, reduction, ignore_index)[0]
        if x.ndim == 4:
            return neural.nll_loss2d(input, target, weight, reduction, ignore_index)[0]
        flat = shaping.view(input, (x.shape[0], classes, 1, -1))
        labels = shaping.view(target, (x.shape[0], 1, -1))
        out: Any = neural.nll_loss2d(flat, labels, weight, reduction, ignore_index)[0]
        return out.view(y.shape) if reduction == 0 else out
    except IndexError as error:
        raise explain(error, f"There are {classes} classes, numbered from 0 to {classes - 1}.") from None


@_page
def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """Minus the log-softmax of the right class; ``target`` holds classes, or probabilities in the shape of ``input``.

    ``input`` are scores (logits), not probabilities: (batch, classes, *).
    """
    reduction = _legacy(size_average, reduce, reduction)
    _check("cross_entropy_loss", input=input, target=target)
    if label_smoothing and not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")
    axis = 0 if input._array.ndim == 1 else 1
    if input._array.shape == target._array.shape:
        return _cross_entropy_of_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    scores: Any = _log_softmax(input, axis)
    if not label_smoothing:
        return _nll(scores, target, weight, _reduction(reduction), ignore_index)
    classes = input._array.shape[axis]
    kind = _reduction(reduction)
    hard = _nll(scores, target, weight, kind, ignore_index)
    weighted = scores if weight is None else scores * _along(weight, axis, input._array.ndim)
    smooth = -weighted.sum(axis)
    ignored = target._array == ignore_index
    smooth = smooth.masked_fill(Tensor._of(ignored), 0.0)
    if kind == 1:
        weights = ~ignored if weight is None else weight._array[np.where(ignored, 0, target._array)] * ~ignored
        smooth = smooth.sum() / Tensor._of(np.asarray(weights.sum(), input._array.dtype))
    elif kind == 2:
        smooth = smooth.sum()
    share = label_smoothing / classes
    return neural.times_number(hard, 1 - label_smoothing) + neural.times_number(smooth, share)


def _along(weight: Any, axis: int, ndim: int) -> Tensor:
    return weight.view(tuple(-1 if d == axis else 1 for d in range(ndim)))


def _cross_entropy_of_probabilities(
    input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> Tensor:
    x = input._array
    axis = 0 if x.ndim == 1 else 1
    if target._array.dtype.kind != "f":
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {target.dtype.scalar_name}"
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    if weight is not None and weight._array.shape != (x.shape[axis],):
        raise RuntimeError(
            f"cross_entropy: weight tensor should be defined either for all {x.shape[axis]} classes or no "
            "classes but got "
            f"weight tensor of shape: {list(weight._array.shape)}"
        )
    scores: Any = _log_softmax(input, axis)
    if label_smoothing:
        target = neural.times_number(target, 1 - label_smoothing)
        target = neural.plus_number(target, label_smoothing / x.shape[axis])
    product = scores * target
    if weight is not None:
        product = product * _along(weight, axis, x.ndim)
    kind = _reduction(reduction)
    if kind == 0:
        return -product.sum(axis)
    total = -product.sum()
    return total if kind == 2 else neural.over_number(total, x.size // x.shape[axis])


@_page
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Any = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Of probabilities between 0 and 1, and targets: -(y ln x + (1 - y) ln(1 - x))."""
    reduction = _legacy(size_average, reduce, reduction)
    _check("binary_cross_entropy", input=input, target=target)
    kind = _reduction(reduction)
    if input._array.shape != target._array.shape:
        raise explain(
            ValueError(
                f"Using a target size ({target.shape}) that is different to the input size ({input.shape}) is "
                "deprecated. "
                "Please ensure they have the same size."
            ),
            _SQUEEZE,
        )
    if weight is not None:
        weight = weight.expand(np.broadcast_shapes(target._array.shape, weight._array.shape))
    if target._array.dtype != input._array.dtype:
        names = f"{target.dtype.scalar_name} but expected {input.dtype.scalar_name}"
        raise explain(
            RuntimeError(f"Found dtype {names}"), "The target has to be of the input's dtype: target.float()."
        )
    try:
        return neural.binary_cross_entropy(input, target, weight, kind)
    except RuntimeError as error:
        raise explain(
            error, "The input has to be probabilities: a sigmoid, or binary_cross_entropy_with_logits on the scores."
        ) from None


_SQUEEZE = "Often one of them has a last dimension of length 1 that the other has not: x.squeeze(-1)."


@_page
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The binary cross-entropy of sigmoid(input), computed from the scores without overflow."""
    reduction = _legacy(size_average, reduce, reduction)
    _check("binary_cross_entropy_with_logits", input=input, target=target)
    kind = _reduction(reduction)
    if input._array.shape != target._array.shape:
        raise explain(
            ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})"), _SQUEEZE
        )
    if target._array.dtype.kind != "f":
        raise explain(
            RuntimeError(f"result type Float can't be cast to the desired output type {target.dtype.scalar_name}"),
            "The target has to be of the input's dtype: target.float().",
        )
    return neural.binary_cross_entropy_with_logits(input, target, weight, pos_weight, kind)


@_page
def kl_div(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:  # fmt: skip
    """y (ln y - x) for log-probabilities x and probabilities y (or their logarithms, with ``log_target``)."""
    if size_average is not None or reduce is not None:
        reduction = _legacy(size_average, reduce, reduction)
    elif reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides "
            "only by the batch size, and aligns with the KL div math definition.'mean' will be changed to "
            "behave the same "
            "as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    loss = target.exp() * (target - input) if log_target else neural.xlogy(target, target) - target * input
    if reduction == "batchmean":
        total = loss.sum()
        return total / input._array.shape[0] if input._array.ndim else total
    return _reduced(loss, reduction)


@_page
def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along ``dim``."""
    a, b = x1._array.shape, x2._array.shape
    try:
        shape = np.broadcast_shapes(a, b)
    except ValueError:
        raise broadcast_error(a, b) from None
    parts = []
    for x in (x1, x2) if a == b else (x1.expand(shape), x2.expand(shape)):
        size: Any = reduction.vector_norm(x, 2, dim, True).clone()
        np.maximum(size._array, eps, out=size._array)  # no part of the graph, as in PyTorch
        parts.append(x / size)
    return (parts[0] * parts[1]).sum(dim)


@_page
def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of x1 - x2 + eps over the last dimension."""
    off = neural.plus_number(x1 - x2, eps)
    return neural.p_norm(off, float(p), (off._array.ndim - 1,), keepdim)


@_page
def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2, eps: float = 1e-6,
    swap: bool = False, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """How much nearer than ``margin`` the negative is to the anchor than the positive."""
    near: Any = pairwise_distance(anchor, positive, p, eps)
    far: Any = pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = FUNCTIONS["minimum"](far, pairwise_distance(positive, negative, p, eps))
    return _reduced((neural.plus_number(near, margin) - far).clamp_min(0), _legacy(size_average, reduce, reduction))


@_page
def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """How far -target · (input1 - input2) + margin is above zero."""
    loss = neural.plus_number(-target * (input1 - input2), margin).clamp_min(0)
    return _reduced(loss, _legacy(size_average, reduce, reduction))


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    raise AttributeError(
        f"module 'torch.nn.functional' has no attribute '{name}' here: minigrad has what dir(nn.functional) lists"
    )
