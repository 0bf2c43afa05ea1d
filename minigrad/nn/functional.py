"""torch.nn.functional: what layers compute, as functions. See https://docs.pytorch.org/docs/stable/nn.functional.html

An error of shapes comes with a note on the usual mistake behind it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import numpy as np

from .. import dtypes, random
from ..autograd.notes import explain, warn
from ..ops import linalg, neural, pointwise, shaping
from ..ops import reduction as reductions
from ..ops.arguments import broadcast_shape, function, wrap_dim
from ..ops.dual import expand
from ..ops.templates import Operation, in_place
from ..tensor import Tensor

_TYPES = {"Any": "any", "float": "Scalar", "tuple[int, ...]": "int[]", "dtypes.dtype": "dtype"}
_declare = partial(function, method=False, function=False, page="torch.nn.functional.{}")
Lengths = tuple[int, ...]
Body = TypeVar("Body", bound=Callable[..., Any])


def public(body: Body) -> Body:
    """Declare a function that has PyTorch's parameters: its signature is read off."""
    names, count = [*body.__annotations__][:-1], body.__code__.co_argcount  # the last is the result's
    defaults = dict(zip(names[:count][::-1], (body.__defaults__ or ())[::-1], strict=False))
    defaults |= body.__kwdefaults__ or {}
    parts = []
    for name in names:
        kind, _, nullable = body.__annotations__[name].partition(" | ")
        default = f"={defaults[name]!r}" if name in defaults else ""
        parts.append(f"{_TYPES.get(kind, kind)}{'?' if nullable else ''} {name}{default}")
    parts[count:count] = ["*"] if count < len(names) else []
    body.signature = f"{body.__name__}({', '.join(parts)})"  # type: ignore[attr-defined]
    return _declare(body.signature)(body)  # type: ignore[attr-defined]


# Activations

sigmoid, tanh = pointwise.sigmoid, pointwise.tanh


def _activation(
    row: Operation, doc: str, parameters: str = "", *constants: float, name: str = "", inplace: bool = True
) -> Callable[..., Tensor]:
    """The function that is a row, of what its ``parameters`` take and of ``constants``; perhaps in place."""

    def compute(input: Tensor, *options: Any) -> Tensor:
        dtypes.refuse_kinds("biu", input._array.dtype, f"{row.name}_cpu")
        return row(input, *options, *constants)

    def activate(input: Tensor, *options: Any) -> Tensor:
        return (changing if options[-1] else compute)(input, *options[:-1])

    compute.__name__ = row.name
    changing, body = in_place(compute), activate if inplace else compute
    body.params = ("input",)  # type: ignore[attr-defined]  # it is given all arguments, as an Operation is
    parts = ["Tensor input", parameters, "bool inplace=False" if inplace else ""]
    return _declare(f"{name or row.name}({', '.join(filter(None, parts))})", doc=doc)(body)


leaky_relu = _activation(neural.leaky_relu, "x where positive, else negative_slope · x.", "Scalar negative_slope=0.01")
elu = _activation(neural.elu, "x where positive, else alpha (e^x - 1).", "Scalar alpha=1.0", 1, 1)
_SELU = 1.6732632423543772, 1.0507009873554805, 1
selu = _activation(neural.elu, "ELU with the scales that keep mean 0 and variance 1.", "", *_SELU, name="selu")
silu = _activation(neural.silu, "x times its sigmoid.")
mish = _activation(neural.mish, "x times the tanh of its softplus.")
_BOUNDS = "Scalar min_val=-1.0, Scalar max_val=1.0"
hardtanh = _activation(neural.hardtanh, "The nearest number between min_val and max_val.", _BOUNDS)
relu6 = _activation(neural.hardtanh, "The nearest number between 0 and 6.", "", 0, 6, name="relu6")
hardsigmoid = _activation(neural.hardsigmoid, "relu6(x + 3) / 6.")
hardswish = _activation(neural.hardswish, "x relu6(x + 3) / 6.")
logsigmoid = _activation(neural.log_sigmoid, "The logarithm of the sigmoid.", name="logsigmoid", inplace=False)
_softplus = "ln(1 + e^(beta x)) / beta; x itself where beta x is above the threshold."
softplus = _activation(neural.softplus, _softplus, "Scalar beta=1, Scalar threshold=20", inplace=False)


_relu = pointwise.relu.__wrapped__  # type: ignore[attr-defined]  # its arguments have been read


@public
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Zero where negative."""
    return input.relu_() if inplace else _relu.run(input)


@public
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where positive, else x times ``weight``: of one number, or of one for each channel."""
    ndim, number = input._array.ndim, weight._array.size
    if input.dtype is not weight.dtype:
        names = f"{input.dtype.scalar_name} and {weight.dtype.scalar_name}"
        raise RuntimeError(f"prelu: Type promoting not supported. Got {names}")
    if number != 1 and not ndim:
        raise RuntimeError("Not allow zero-dim input tensor.")
    channels = input._array.shape[1] if ndim > 1 else 1
    if number not in (1, channels):
        found = f"parameter numbers = {number} and channel size = {channels}"
        raise RuntimeError(f"Mismatch of parameter numbers and input channel size. Found {found}.")
    if weight._array.ndim > 1:
        text = "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim ="
        raise RuntimeError(f"{text} {weight._array.ndim}")
    if ndim != weight._array.ndim:
        weight = shaping.reshape(weight, (1, number, *(1,) * ndim)[:ndim])
    return neural.prelu(input, weight)


@public
def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """x times the normal distribution's probability of less than x; "tanh" approximates it."""
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    dtypes.refuse_kinds("biu", input._array.dtype, "GeluKernelImpl")
    return neural.gelu(input, approximate)


@public
def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return input / (input.abs() + 1)


def _over_dim(name: str, compute: Callable[..., Tensor], doc: str) -> Callable[..., Tensor]:
    def over(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: dtypes.dtype | None = None) -> Tensor:
        if dim is None:
            warn(
                f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an "
                "argument."
            )
            dim = 0 if input._array.ndim in (0, 1, 3) else 1
        return compute(input, dim, dtype)

    over.__name__, over.__doc__ = name, doc
    return public(over)


softmax = _over_dim("softmax", reductions.softmax, "Exponentials divided by their sum over ``dim``.")
log_softmax = _over_dim("log_softmax", reductions.log_softmax, "The logarithm of the softmax, without overflow.")
softmin = _over_dim("softmin", lambda input, *rest: reductions.softmax(-input, *rest), "The softmax of ``-input``.")


# Linear maps


@public
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``: (*, in) with weight (out, in) and bias (out) gives (*, out).

    Raises:
        RuntimeError: the last length of ``input`` is not that of ``weight``.
    """
    x, w = input._array, weight._array
    if not x.ndim or not w.ndim:
        raise RuntimeError(f"both arguments to linear need to be at least 1D, but they are {x.ndim}D and {w.ndim}D")
    turned = shaping._t.run(weight)
    try:
        if bias is None:
            return linalg.matmul(input, turned)
        if x.ndim == 2 and w.ndim == 2:
            return linalg._addmm.run(bias, input, turned, 1, 1)
        if not x.flags.c_contiguous or w.ndim == 1:
            product: Any = linalg.matmul(input, turned)
            product += bias
            return product
        rows = shaping.view(input, (math.prod(x.shape[:-1]), x.shape[-1]))
        return shaping.view(linalg._addmm(bias, rows, turned, 1, 1), (*x.shape[:-1], w.shape[0]))
    except RuntimeError as error:
        if w.ndim != 2 or x.shape[-1] == w.shape[1]:
            raise
        got, want = x.shape[-1], w.shape[1]
        way_out = "Look at what the layer before gives, and at in_features of this one."
        if x.ndim == 2 and x.shape[0] == want:
            way_out = "This one comes batch last: transpose it (x.T)."
        elif x.ndim > 2 and math.prod(x.shape[1:]) == want:
            way_out = f"Its pictures have to be flattened first (x.flatten(1) gives {want} features)."
        what = f"The last dimension of the input has {got} features, the layer takes {want}; the batch comes first."
        raise explain(error, what, way_out) from None


def _each(name: str, value: Any, count: int, refusal: str, optional: bool = False) -> Lengths:
    """One number for all dimensions, or one for each; none where it is ``optional``."""
    values = (value,) * count if isinstance(value, int) else tuple(value or ())
    if len(values) not in (1, count) and (values or not optional):
        raise RuntimeError(refusal.format(name, list(values)))
    return values if len(values) == count else values * count


def _named_padding(name: str, kernel: Lengths, stride: Lengths, dilation: Lengths) -> Lengths:
    """ "valid" is none; "same" keeps the size."""
    if name == "valid":
        return (0,)
    if name != "same":
        raise RuntimeError(f"Invalid padding string: '{name}'")
    if any(step != 1 for step in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    totals = [step * (length - 1) for step, length in zip(dilation, kernel, strict=True)]
    if any(total % 2 for total in totals):
        raise NotImplementedError("minigrad pads both ends alike: padding='same' takes kernels of odd lengths")
    return tuple(total // 2 for total in totals)


def _check_convolution(
    input: Tensor, weight: Tensor, bias: Tensor | None, settings: list[Lengths], groups: int
) -> None:
    x, w, (stride, padding, dilation) = input._array, weight._array, settings
    given, channels = f"Given groups={groups}", w.shape[1] * groups
    if min(padding) < 0:
        raise RuntimeError("negative padding is not supported")
    if min(stride) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if x.shape[1] != channels:
        raise explain(
            RuntimeError(
                f"{given}, weight of size {list(w.shape)}, expected input{list(x.shape)} to have {channels} channels, "
                f"but got {x.shape[1]} channels instead"
            ),
            f"The input is read as (batch, channels, ...): {x.shape[1]} channels, where the layer's in_channels is "
            f"{channels}.",
        )
    if w.shape[0] % groups:
        raise RuntimeError(
            f"{given}, expected weight to be divisible by {groups} at dimension 0, but got weight of size "
            f"{list(w.shape)} instead"
        )
    if bias is not None and bias._array.shape != w.shape[:1]:
        raise RuntimeError(
            f"Given weight of size {list(w.shape)}, expected bias to be 1-dimensional with {w.shape[0]} elements, "
            f"but got bias of size {list(bias._array.shape)} instead"
        )
    sizes = [length + 2 * pad for length, pad in zip(x.shape[2:], (padding * x.ndim)[: x.ndim - 2], strict=True)]
    kernel = [apart * (size - 1) + 1 for size, apart in zip(w.shape[2:], dilation, strict=True)]
    if any(map(operator.lt, sizes, kernel)):
        raise RuntimeError(
            f"Calculated padded input size per channel: ({' x '.join(map(str, sizes))}). Kernel size: "
            f"({' x '.join(map(str, kernel))}). Kernel size can't be greater than actual input size"
        )
    if x.dtype != w.dtype:
        raise RuntimeError(f"expected scalar type {input.dtype.scalar_name} but found {weight.dtype.scalar_name}")


def _convolving(dims: int, doc: str) -> Callable[..., Tensor]:
    kind = f"a single integer value or a list of {dims} values to match the convolution dimensions"
    refusal = f"expected {{0}} to be {kind}, but got {{0}}={{1}}"

    def convolve(
        input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1,
    ) -> Tensor:  # fmt: skip
        shape = input._array.shape
        if len(shape) == dims + 1:
            batch = convolve(shaping.unsqueeze(input, 0), weight, bias, stride, padding, dilation, groups)
            return shaping.squeeze(batch, 0)
        if len(shape) != dims + 2:
            expected = f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to conv{dims}d"
            what = "A batch of pictures is (batch, channels, height, width)"
            raise explain(
                RuntimeError(f"{expected}, but got input of size: {list(shape)}"),
                f"{what}: pictures without a channel need x.unsqueeze(1).",
            )
        stride, dilation = _each("stride", stride, dims, refusal), _each("dilation", dilation, dims, refusal)
        if isinstance(padding, str):
            padding = _named_padding(padding, weight._array.shape[2:], stride, dilation)
        else:
            padding = _each("padding", padding, dims, refusal)
        _check_convolution(input, weight, bias, [stride, padding, dilation], groups)
        rest = (False, (0,) * len(padding), groups, (0,) if bias is None else bias._array.shape)
        return neural.convolution(input, weight, bias, stride, padding, dilation, *rest)

    convolve.__name__, convolve.__doc__ = f"conv{dims}d", f'{doc} ``padding`` may be "same" or "valid".'
    return public(convolve)


conv1d = _convolving(1, "Convolution of (batch, in, length) with a weight (out, in / groups, kernel).")
conv2d = _convolving(2, "Convolution of (batch, in, height, width) with a weight (out, in / groups, kernel's two).")


@public
def pad(input: Tensor, pad: tuple[int, ...], mode: str = "constant", value: float | None = None) -> Tensor:
    """``pad`` elements of one value before and after: of the last dimension, the last but one, ..."""
    if mode != "constant":
        raise NotImplementedError(f"minigrad pads with a constant only, not with mode={mode!r}")
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * input._array.ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(pad)} and input of dimension {input._array.ndim}"
        )
    return neural.constant_pad_nd(input, pad, value or 0)


# Pooling


def _pool_settings(
    name: str, input: Tensor, ceil_mode: bool, kernel_size: Any, stride: Any, padding: Any, dilation: Any = 1
) -> list[tuple[int, ...]]:
    """Kernel, stride, padding and dilation, two numbers each, or () for none; checked."""
    settings = {"kernel_size": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
    refusal = f"{name}: {{}} must either be a single int, or a tuple of two ints"
    pairs = [_each(what, value, 2, refusal, optional=what == "stride") for what, value in settings.items()]
    kernel, steps, border, spread = pairs
    for size, pad, step in zip(kernel, border, spread, strict=True):
        if pad > (step * (size - 1) + 1) // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={pad}, kernel_size={size} and "
                f"dilation={step}"
            )
    if 0 in steps:
        raise RuntimeError("stride should not be zero")
    shape = input._array.shape
    if len(shape) not in (3, 4) and name == "max_pool2d":
        raise RuntimeError("non-empty 3D or 4D (batch mode) tensor expected for input")
    wrap_dim(-3, len(shape))
    if len(shape) > 4 or 0 in shape[-3:]:
        expected = "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input"
        raise RuntimeError(f"{expected}, but got:{list(shape)}")
    counts = neural.planned(shape, kernel, steps, border, spread, ceil_mode)[1]
    if min(counts) < 1:
        given, made = ("x".join(str(max(0, n)) for n in (shape[-3], *lengths)) for lengths in (shape[-2:], counts))
        raise RuntimeError(f"Given input size: ({given}). Calculated output size: ({made}). Output size is too small")
    return pairs


@public
def max_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest of each window of (batch, channels, height, width); with ``return_indices`` also where it stands."""
    settings = _pool_settings("max_pool2d", input, ceil_mode, kernel_size, stride, padding, dilation)
    values, indices = neural.max_pool2d(input, *settings, ceil_mode)
    return (values, indices) if return_indices else values


@public
def avg_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window of (batch, channels, height, width)."""
    settings = _pool_settings("avg_pool2d", input, ceil_mode, kernel_size, stride, padding)[:3]
    return neural.avg_pool2d(input, *settings, ceil_mode, count_include_pad, divisor_override)


@public
def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The means of as many windows as ``output_size`` says, which has to divide height and width."""
    size = output_size if isinstance(output_size, tuple) else (output_size, output_size)
    if size == (1, 1):
        return reductions.mean(input, (-1, -2), True)
    shape = input._array.shape[-2:]
    wanted = [n if m is None else m for m, n in zip(size, shape, strict=True)]
    kernel = tuple(n // m for m, n in zip(wanted, shape, strict=True))
    if any(n % m for m, n in zip(wanted, shape, strict=True)):
        raise NotImplementedError(f"minigrad divides {shape} evenly only, not into {size}")
    return neural.avg_pool2d(input, kernel, (), (0, 0), False, True, None)


# Look-up and dropout


@public
def embedding(input: Tensor, weight: Tensor, padding_idx: int | None = None) -> Tensor:
    """The rows of ``weight`` (number, length) that ``input`` (*) names; ``padding_idx`` gets no gradient."""
    if weight._array.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    indices, number = input._array, weight._array.shape[0]
    if padding_idx is not None and not -number <= padding_idx < number:
        raise AssertionError("Padding_idx must be within num_embeddings")
    if indices.dtype not in (np.int64, np.int32):
        raise explain(
            RuntimeError(
                "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but "
                f"got {input.type()} instead (while checking arguments for embedding)"
            ),
            "An embedding is looked up by whole numbers: x.long().",
        )
    if indices.size and (indices.min() < 0 or indices.max() >= number):
        error = IndexError("index out of range in self")
        raise explain(error, f"There are {number} rows, numbered from 0 to {number - 1}.")
    return neural.embedding(weight, input, -1 if padding_idx is None else padding_idx % number, False, False, number)


@public
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


@public
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element with probability ``p`` at zero, the others times 1 / (1 - p)."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    array = input._array
    if p == 0 or not training or not array.size:
        return input
    if p == 1:
        noise = np.zeros((), array.dtype)
    else:
        noise = random.draw_bernoulli(array.shape, input.dtype, 1 - p, random.default_generator)
        noise /= array.dtype.type(1 - p)
    return input.mul_(Tensor._of(noise)) if inplace else input * Tensor._of(noise)


# Normalisation


def _must_vary(size: Sequence[int], way_out: str) -> None:
    """Complain about the size (batch, channels, ...) of an input with one value for each channel."""
    if math.prod(size) == size[1]:
        error = ValueError(f"Expected more than 1 value per channel when training, got input size {size}")
        raise explain(error, f"One value has no variance: {way_out}.")


@public
def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
    bias: Tensor | None = None, training: bool = False, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Each channel of (batch, channels, *) with mean 0 and variance 1, times weight, plus bias.

    In training with the batch's own mean and variance, which the running ones follow by ``momentum``.
    """
    shape = input._array.shape
    if training:
        _must_vary(dtypes.Size(shape), "a batch of one needs eval(), or a larger batch")
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
    dtypes.refuse_kinds("biu", input._array.dtype, "batch_norm")
    return neural.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps)[0]


@public
def layer_norm(
    input: Tensor, normalized_shape: tuple[int, ...], weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """The last dimensions, ``normalized_shape``, with mean 0 and variance 1, times weight, plus bias."""
    shape = input._array.shape
    if len(normalized_shape) > len(shape) or shape[len(shape) - len(normalized_shape) :] != normalized_shape:
        wanted = ", ".join(["*", *map(str, normalized_shape)])
        raise RuntimeError(
            f"Given normalized_shape={list(normalized_shape)}, expected input with shape [{wanted}], but got input of "
            f"size{list(shape)}"
        )
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and given._array.shape != normalized_shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(given._array.shape)} and normalized_shape = {list(normalized_shape)}"
            )
    dtypes.refuse_kinds("biu", input._array.dtype, "LayerNormKernelImpl")
    return neural.layer_norm(input, normalized_shape, weight, bias, eps)[0]


@public
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """The channels of (batch, channels, *) in groups, each with mean 0 and variance 1; times weight, plus bias."""
    shape = input._array.shape
    if len(shape) < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {len(shape)}")
    batch, channels, number = shape[0], shape[1], math.prod(shape[2:])
    _must_vary([batch * channels // num_groups, num_groups, *shape[2:]], "it takes fewer groups")
    if channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(shape)} and num_groups={num_groups}"
        )
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and given._array.shape != (channels,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of "
                f"shape {list(given._array.shape)} and input of shape {list(shape)}"
            )
    dtypes.refuse_kinds("biu", input._array.dtype, "GroupNormKernelImpl")
    return neural.group_norm(input, weight, bias, batch, channels, number, num_groups, eps)[0]


@public
def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """``input`` divided by its p-norm over ``dim``."""
    return input / input.norm(p, dim, True).clamp_min(eps).expand_as(input)


# Losses. ``reduction`` is "none", "mean" or "sum"; a row takes it as 0, 1 or 2.

_REDUCTIONS = ("none", "mean", "sum")
_SQUEEZE = "Often one of them has a last dimension of length 1 that the other has not: x.squeeze(-1)."
_CLASSES = "The input has a row of scores for each sample (batch, classes), the target one class for each (batch)."
_FLOAT = "The target has to be of the input's dtype: target.float()."


def _reduction(reduction: str) -> int:
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return _REDUCTIONS.index(reduction)


def _reduced(loss: Any, reduction: str) -> Any:
    """A loss made of other operations, reduced."""
    return (loss, loss.mean, loss.sum)[_reduction(reduction)]() if _reduction(reduction) else loss


def _pair(input: Any, target: Any) -> tuple[Any, Any]:
    """Prediction and target of one shape; a warning where they had to be broadcast."""
    x, y = input._array.shape, target._array.shape
    if x == y:
        return input, target
    warn(
        f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will likely "
        "lead to incorrect results due to broadcasting. Please ensure they have the same size."
    )
    try:
        shape = broadcast_shape(x, y)
    except RuntimeError as error:
        what = f"The prediction has shape {x}, the target {y}: a loss compares them element by element."
        raise explain(error, what) from None
    return (input if x == shape else expand(input, shape)), (target if y == shape else expand(target, shape))


@public
def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """The mean (or sum, or each) of the squared differences."""
    return neural.mse_loss.run(*_pair(input, target), _reduction(reduction))


@public
def l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """The mean (or sum, or each) of the absolute differences."""
    x, y = _pair(input, target)
    return _reduced((x - y).abs(), reduction)


@public
def smooth_l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """Squared differences up to ``beta``, absolute ones beyond."""
    x, y = _pair(input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return _reduced((x - y).abs(), reduction)
    return neural.smooth_l1_loss(x, y, _reduction(reduction), beta)


@public
def huber_loss(input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """Half the squared differences up to ``delta``, ``delta`` times the absolute ones beyond."""
    x, y = _pair(input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    return neural.huber_loss(x, y, _reduction(reduction), delta)


@public
def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """Minus the log-probability of the right class: ``input`` (batch, classes, *), ``target`` (batch, *)."""
    return _nll(input, target, weight, _reduction(reduction), ignore_index)


def _check_classes(input: Tensor, target: Tensor, weight: Tensor | None) -> int:
    """The number of classes; an error where the target is not one class for each row of scores."""
    x, y = input._array, target._array
    if not x.ndim:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    batch, given = x.shape[0], y.shape[0] if y.ndim else 0
    if x.ndim > 1 and batch != given:
        error = ValueError(f"Expected input batch_size ({batch}) to match target batch_size ({given}).")
        raise explain(error, _CLASSES)
    if x.ndim < 3 and y.ndim > 1:
        raise explain(RuntimeError("0D or 1D target tensor expected, multi-target not supported"), _CLASSES)
    if x.ndim == 1 and y.size != 1:
        raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {y.size}")
    if x.ndim == 4 and y.ndim != 3:
        text = "only batches of spatial targets supported (3D tensors) but got targets of dimension"
        raise RuntimeError(f"{text}: {y.ndim}")
    if x.ndim > 2 and x.shape[2:] != y.shape[1:]:
        if x.ndim == 4:
            raise RuntimeError(f"size mismatch (got input: {list(x.shape)} , target: {list(y.shape)}")
        raise RuntimeError(f"Expected target size {[batch, *x.shape[2:]]}, got {list(y.shape)}")
    if y.dtype not in (np.int64, np.uint8):
        raise explain(
            RuntimeError(f"expected target dtype to be Long or Byte, but got {target.dtype.scalar_name}"),
            "Class numbers are whole: target.long(). Probabilities need the shape of the input.",
        )
    dtypes.refuse_kinds("biu", input._array.dtype, "nll_loss_out_frame")
    classes = x.shape[min(1, x.ndim - 1)]
    _check_weight(weight, classes)
    return classes


def _check_weight(weight: Tensor | None, classes: int, function: str = "") -> None:
    if weight is not None and weight._array.shape != (classes,):
        raise RuntimeError(
            f"{function}weight tensor should be defined either for all {classes} classes or no classes but got weight "
            f"tensor of shape: {list(weight._array.shape)}"
        )


def _nll(input: Any, target: Any, weight: Any, reduction: int, ignore_index: int) -> Tensor:
    classes, shape, ndim = _check_classes(input, target, weight), target._array.shape, input._array.ndim
    row = neural.nll_loss if ndim <= 2 else neural.nll_loss2d
    if ndim == 3 or ndim > 4:
        input, target = input.view(shape[0], classes, 1, -1), target.view(shape[0], 1, -1)
    try:
        out: Any = row.run(input, target, weight, reduction, ignore_index)[0]
    except IndexError as error:
        raise explain(error, f"There are {classes} classes, numbered from 0 to {classes - 1}.") from None
    return out.view(shape) if reduction == 0 and out._array.shape != shape else out


@public
def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """Minus the log-softmax of the right class; ``target`` holds classes, or probabilities in the shape of ``input``.

    ``input`` are scores (logits), not probabilities: (batch, classes, *).
    """
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")
    shape = input._array.shape
    axis = min(1, len(shape) - 1)
    if shape == target._array.shape:
        return _cross_entropy_of_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    scores: Any = reductions.log_softmax(input, axis)
    hard = _nll(scores, target, weight, _reduction(reduction), ignore_index)
    if not label_smoothing:
        return hard
    smooth = -_weighted(scores, weight, axis).sum(axis)
    ignored = target._array == ignore_index
    smooth = smooth.masked_fill(Tensor._of(ignored), 0.0)
    if reduction != "none":
        smooth = smooth.sum()
    if reduction == "mean":
        mass = (~ignored if weight is None else weight._array[np.where(ignored, 0, target._array)] * ~ignored).sum()
        smooth = smooth / Tensor._of(np.asarray(mass, input._array.dtype))
    share = label_smoothing / shape[axis]
    return neural.times_number(hard, 1 - label_smoothing) + neural.times_number(smooth, share)


def _weighted(scores: Any, weight: Any, axis: int) -> Any:
    """Each class times its weight."""
    if weight is None:
        return scores
    return scores * weight.view([-1 if d == axis else 1 for d in range(scores._array.ndim)])


def _cross_entropy_of_probabilities(
    input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> Tensor:
    x = input._array
    axis = min(1, x.ndim - 1)
    if target._array.dtype.kind != "f":
        raise RuntimeError(
            f"Expected floating point type for target with class probabilities, got {target.dtype.scalar_name}"
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    _check_weight(weight, x.shape[axis], "cross_entropy: ")
    scores = reductions.log_softmax(input, axis)
    if label_smoothing:
        target = neural.times_number(target, 1 - label_smoothing)
        target = neural.plus_number(target, label_smoothing / x.shape[axis], 1)
    product = _weighted(scores * target, weight, axis)
    if _reduction(reduction) == 0:
        return -product.sum(axis)
    total = -product.sum()
    return total if reduction == "sum" else neural.over_number(total, x.size // max(x.shape[axis], 1))


@public
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """Of probabilities between 0 and 1, and targets: -(y ln x + (1 - y) ln(1 - x))."""
    kind = _reduction(reduction)
    if input._array.shape != target._array.shape:
        sizes = f"Using a target size ({target.shape}) that is different to the input size ({input.shape})"
        raise explain(ValueError(f"{sizes} is deprecated. Please ensure they have the same size."), _SQUEEZE)
    if weight is not None:
        weight = weight.expand(np.broadcast_shapes(target._array.shape, weight._array.shape))
    if target._array.dtype != input._array.dtype:
        names = f"{target.dtype.scalar_name} but expected {input.dtype.scalar_name}"
        raise explain(RuntimeError(f"Found dtype {names}"), _FLOAT)
    try:
        return neural.binary_cross_entropy(input, target, weight, kind)
    except RuntimeError as error:
        what = "The input has to be probabilities: a sigmoid, or binary_cross_entropy_with_logits on the scores."
        raise explain(error, what) from None


@public
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The binary cross-entropy of sigmoid(input), computed from the scores without overflow."""
    kind = _reduction(reduction)
    if input._array.shape != target._array.shape:
        error = ValueError(f"Target size ({target.shape}) must be the same as input size ({input.shape})")
        raise explain(error, _SQUEEZE)
    if target._array.dtype.kind != "f":
        names = f"{input.dtype.scalar_name} can't be cast to the desired output type {target.dtype.scalar_name}"
        raise explain(RuntimeError(f"result type {names}"), _FLOAT)
    return neural.binary_cross_entropy_with_logits(input, target, weight, pos_weight, kind)


@public
def kl_div(input: Tensor, target: Tensor, *, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """y (ln y - x) for log-probabilities x and probabilities y (or their logarithms, with ``log_target``)."""
    if reduction == "mean":
        warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides "
            "only by the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the "
            "same as 'batchmean' in the next major release."
        )
    loss = target.exp() * (target - input) if log_target else neural.xlogy(target, target) - target * input
    if reduction == "batchmean":
        total = loss.sum()
        return total / input._array.shape[0] if input._array.ndim else total
    return _reduced(loss, reduction)


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    raise AttributeError(
        f"module 'torch.nn.functional' has no attribute '{name}' here: minigrad has what dir(nn.functional) lists"
    )
