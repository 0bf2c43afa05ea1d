"""The layers: what they hold, how they start, which function of ``nn.functional`` they are.

See https://docs.pytorch.org/docs/stable/nn.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import creation
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module, Parameter


def _pair(value: Any, count: int = 2) -> tuple[int, ...]:
    return (value,) * count if isinstance(value, int) else tuple(value)


def _parameter(*shape: int) -> Parameter:
    return Parameter(creation.empty(*shape))


class Identity(Module):
    """Its input, whatever arguments it was made with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """(*) to the same."""
        return input


class Linear(Module):
    """``x W^T + b``: (*, in_features) to (*, out_features).

    ``weight`` (out_features, in_features) and ``bias`` (out_features) start uniform in ±1/√in_features.
    """

    def __init__(self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(creation.empty(out_features, in_features, dtype=dtype))
        if bias:
            self.bias = Parameter(creation.empty(out_features, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        _reset(self.weight, self.bias, self.in_features)

    def forward(self, input: Tensor) -> Tensor:
        """(*, in_features) to (*, out_features)."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


def _reset(weight: Tensor, bias: Tensor | None, fan_in: int) -> None:
    init.kaiming_uniform_(weight, a=math.sqrt(5))
    if bias is not None:
        bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
        init.uniform_(bias, -bound, bound)


class _Conv(Module):
    """Convolution over ``dims`` dimensions: (N, C_in, ...) to (N, C_out, ...)."""

    dims = 2

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | str = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__()
        if in_channels % groups:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups:
            raise ValueError("out_channels must be divisible by groups")
        if padding_mode != "zeros":
            raise NotImplementedError(f"minigrad has padding_mode='zeros' only, not {padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = _pair(kernel_size, self.dims), _pair(stride, self.dims)
        self.padding = padding if isinstance(padding, str) else _pair(padding, self.dims)
        self.dilation = _pair(dilation, self.dims)
        self.weight = _parameter(out_channels, in_channels // groups, *self.kernel_size)
        if bias:
            self.bias = _parameter(out_channels)
        else:
            self.register_parameter("bias", None)
        _reset(self.weight, self.bias, in_channels // groups * math.prod(self.kernel_size))

    def forward(self, input: Tensor) -> Tensor:
        """(N, C_in, ...) to (N, C_out, ...)."""
        convolve: Callable[..., Tensor] = getattr(F, f"conv{self.dims}d")
        return convolve(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * self.dims:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.dims:
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        return text + ("" if self.bias is not None else ", bias=False")


class Conv1d(_Conv):
    """(N, C_in, L) to (N, C_out, L_out)."""

    dims = 1


class Conv2d(_Conv):
    """(N, C_in, H, W) to (N, C_out, H_out, W_out)."""


class Embedding(Module):
    """A row of ``weight`` (num_embeddings, embedding_dim) for each index: (*) int64 to (*, embedding_dim)."""

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None) -> None:
        super().__init__()
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.weight = _parameter(num_embeddings, embedding_dim)
        init.normal_(self.weight)
        if padding_idx is not None:
            self.weight._array[padding_idx] = 0

    def forward(self, input: Tensor) -> Tensor:
        """(*) int64 to (*, embedding_dim)."""
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"


class _BatchNorm(Module):
    """Normalises each channel over the batch; keeps running statistics for evaluation."""

    ranks: tuple[int, ...] = ()

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.register_parameter("weight", Parameter(creation.ones(num_features)) if affine else None)
        self.register_parameter("bias", Parameter(creation.zeros(num_features)) if affine else None)
        tracked = track_running_stats
        self.register_buffer("running_mean", creation.zeros(num_features) if tracked else None)
        self.register_buffer("running_var", creation.ones(num_features) if tracked else None)
        self.register_buffer("num_batches_tracked", creation.tensor(0) if tracked else None)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, ...) to the same."""
        if input.dim() not in self.ranks:
            expected = " or ".join(f"{rank}D" for rank in self.ranks)
            raise ValueError(f"expected {expected} input (got {input.dim()}D input)")
        factor = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats:
            self.num_batches_tracked += 1
            if self.momentum is None:
                factor = 1.0 / self.num_batches_tracked.item()
        use_batch = self.training or self.running_mean is None
        return F.batch_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, use_batch, factor, self.eps
        )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class BatchNorm1d(_BatchNorm):
    """(N, C) or (N, C, L)."""

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """(N, C, H, W)."""

    ranks = (4,)


class LayerNorm(Module):
    """Normalises over the last dimensions, whose shape is ``normalized_shape``."""

    def __init__(
        self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True
    ) -> None:
        super().__init__()
        self.normalized_shape = _pair(normalized_shape, 1)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        shape = self.normalized_shape
        self.register_parameter("weight", Parameter(creation.ones(*shape)) if elementwise_affine else None)
        self.register_parameter("bias", Parameter(creation.zeros(*shape)) if elementwise_affine and bias else None)

    def forward(self, input: Tensor) -> Tensor:
        """(*, *normalized_shape) to the same."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


# Layers that are a function and its options: one row each. The options are attributes; those in ``shown`` print.


def _layer(
    name: str,
    function: str,
    options: dict[str, Any] | None = None,
    shown: str | Callable[[Any], str] = "",
    inputs: int = 1,
    tensors: tuple[str, ...] = (),
) -> Any:
    """A Module class that calls ``F.<function>`` on its inputs with its options.

    ``shown`` is a format string over the attributes, or a function of the module; ``tensors`` are options kept as
    buffers (class weights).
    """
    options = options or {}
    names = tuple(options)
    compute = getattr(F, function)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        Module.__init__(self)
        given = dict(zip(names, args, strict=False)) | kwargs
        for legacy in ("size_average", "reduce"):
            given.pop(legacy, None)
        unknown = [key for key in given if key not in options]
        if unknown or len(args) > len(names):
            what = f"an unexpected keyword argument '{unknown[0]}'" if unknown else f"{len(args)} positional arguments"
            raise TypeError(f"{name}.__init__() got {what}")
        for key, default in options.items():
            value = given.get(key, default)
            if value is REQUIRED:
                raise TypeError(f"{name}.__init__() missing 1 required positional argument: '{key}'")
            if key in tensors:
                self.register_buffer(key, value)
            else:
                setattr(self, key, value)

    def forward(self: Any, *args: Tensor) -> Tensor:
        if len(args) != inputs:
            raise TypeError(f"{name}.forward() takes {inputs} arguments, not {len(args)}")
        return compute(*args, **{key: getattr(self, key) for key in names}, **_training(self))

    def extra_repr(self: Any) -> str:
        return shown(self) if callable(shown) else shown.format(self)

    passes_training = "dropout" in function

    def _training(self: Any) -> dict[str, bool]:
        return {"training": self.training} if passes_training else {}

    body = {"__init__": __init__, "forward": forward, "extra_repr": extra_repr, "__module__": __name__}
    doc = f"``functional.{function}`` as a module. See https://docs.pytorch.org/docs/stable/generated/torch.nn.{name}.html"
    return type(name, (Module,), {**body, "__doc__": doc})


REQUIRED = object()


def _inplace(module: Any) -> str:
    return "inplace=True" if module.inplace else ""


ReLU = _layer("ReLU", "relu", {"inplace": False}, _inplace)
ReLU6 = _layer("ReLU6", "relu6", {"inplace": False}, _inplace)
SiLU = _layer("SiLU", "silu", {"inplace": False}, _inplace)
SELU = _layer("SELU", "selu", {"inplace": False}, _inplace)
Mish = _layer("Mish", "mish", {"inplace": False}, _inplace)
LeakyReLU = _layer(
    "LeakyReLU",
    "leaky_relu",
    {"negative_slope": 0.01, "inplace": False},
    lambda m: f"negative_slope={m.negative_slope}" + (", inplace=True" if m.inplace else ""),
)
ELU = _layer(
    "ELU",
    "elu",
    {"alpha": 1.0, "inplace": False},
    lambda m: f"alpha={m.alpha}" + (", inplace=True" if m.inplace else ""),
)
GELU = _layer("GELU", "gelu", {"approximate": "none"}, "approximate={0.approximate!r}")
Hardtanh = _layer(
    "Hardtanh",
    "hardtanh",
    {"min_val": -1.0, "max_val": 1.0, "inplace": False},
    lambda m: f"min_val={m.min_val}, max_val={m.max_val}" + (", inplace=True" if m.inplace else ""),
)
Sigmoid = _layer("Sigmoid", "sigmoid")
Tanh = _layer("Tanh", "tanh")
Tanhshrink = _layer("Tanhshrink", "tanhshrink")
Softsign = _layer("Softsign", "softsign")
LogSigmoid = _layer("LogSigmoid", "logsigmoid")
Softplus = _layer("Softplus", "softplus", {"beta": 1.0, "threshold": 20.0}, "beta={0.beta}, threshold={0.threshold}")
Softmax = _layer("Softmax", "softmax", {"dim": None}, "dim={0.dim}")
LogSoftmax = _layer("LogSoftmax", "log_softmax", {"dim": None}, "dim={0.dim}")
Dropout = _layer("Dropout", "dropout", {"p": 0.5, "inplace": False}, "p={0.p}, inplace={0.inplace}")
MaxPool2d = _layer(
    "MaxPool2d",
    "max_pool2d",
    {"kernel_size": REQUIRED, "stride": None, "padding": 0, "dilation": 1, "return_indices": False, "ceil_mode": False},
    lambda m: (
        f"kernel_size={m.kernel_size}, stride={m.kernel_size if m.stride is None else m.stride}, padding={m.padding}, "
        f"dilation={m.dilation}, ceil_mode={m.ceil_mode}"
    ),
)
AvgPool2d = _layer(
    "AvgPool2d",
    "avg_pool2d",
    {"kernel_size": REQUIRED, "stride": None, "padding": 0, "ceil_mode": False, "count_include_pad": True},
    lambda m: (
        f"kernel_size={m.kernel_size}, stride={m.kernel_size if m.stride is None else m.stride}, padding={m.padding}"
    ),
)
AdaptiveAvgPool2d = _layer(
    "AdaptiveAvgPool2d", "adaptive_avg_pool2d", {"output_size": REQUIRED}, "output_size={0.output_size}"
)
CosineSimilarity = _layer("CosineSimilarity", "cosine_similarity", {"dim": 1, "eps": 1e-8}, inputs=2)

# Losses: (prediction, target) to a number, or with reduction="none" one for each.

_REDUCTION = {"reduction": "mean"}
MSELoss = _layer("MSELoss", "mse_loss", _REDUCTION, inputs=2)
L1Loss = _layer("L1Loss", "l1_loss", _REDUCTION, inputs=2)
SmoothL1Loss = _layer("SmoothL1Loss", "smooth_l1_loss", {**_REDUCTION, "beta": 1.0}, inputs=2)
HuberLoss = _layer("HuberLoss", "huber_loss", {**_REDUCTION, "delta": 1.0}, inputs=2)
CrossEntropyLoss = _layer(
    "CrossEntropyLoss",
    "cross_entropy",
    {"weight": None, "ignore_index": -100, **_REDUCTION, "label_smoothing": 0.0},
    inputs=2,
    tensors=("weight",),
)
NLLLoss = _layer(
    "NLLLoss", "nll_loss", {"weight": None, "ignore_index": -100, **_REDUCTION}, inputs=2, tensors=("weight",)
)
BCELoss = _layer("BCELoss", "binary_cross_entropy", {"weight": None, **_REDUCTION}, inputs=2, tensors=("weight",))
BCEWithLogitsLoss = _layer(
    "BCEWithLogitsLoss",
    "binary_cross_entropy_with_logits",
    {"weight": None, **_REDUCTION, "pos_weight": None},
    inputs=2,
    tensors=("weight", "pos_weight"),
)
KLDivLoss = _layer("KLDivLoss", "kl_div", {**_REDUCTION, "log_target": False}, inputs=2)


class Flatten(Module):
    """Merges the dimensions from ``start_dim`` to ``end_dim``: (N, C, H, W) to (N, C·H·W)."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Any) -> Tensor:
        """(N, *) to (N, product of *)."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits one dimension into several."""

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        super().__init__()
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Any) -> Tensor:
        """(*, n, *) to (*, *unflattened_size, *)."""
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
