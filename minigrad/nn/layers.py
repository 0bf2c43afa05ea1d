"""The layers: what they hold, how they start, which function of ``nn.functional`` they are.

See https://docs.pytorch.org/docs/stable/nn.html
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import creation
from ..dtypes import dtype as Dtype
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter


def _tuple(value: Any, count: int) -> tuple[int, ...]:
    return (value,) * count if isinstance(value, int) else tuple(value)


def _shown(module: Module, *names: str) -> str:
    """Attributes as a layer prints them; ``name!r`` is one in quotes."""
    return ", ".join(f"{name.removesuffix('!r')}={{0.{name}}}".format(module) for name in names)


class _Weighted(Module):
    """A layer with a ``weight`` and a ``bias``, or None, which start uniform in ±1/√fan_in."""

    weight: Any
    bias: Any

    def _weights(self, dtype: Dtype | None = None, **shapes: tuple[int, ...] | None) -> None:
        for name, shape in shapes.items():
            self.register_parameter(name, None if shape is None else Parameter(creation.empty(shape, dtype=dtype)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = math.prod(self.weight.shape[1:])
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)


class Linear(_Weighted):
    """``x W^T + b``: (*, in_features) to (*, out_features), with a weight (out_features, in_features).

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
    """

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: Dtype | None = None
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self._weights(dtype, weight=(out_features, in_features), bias=(out_features,) if bias else None)

    def forward(self, input: Tensor) -> Tensor:
        """(*, in_features) to (*, out_features)."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"{_shown(self, 'in_features', 'out_features')}, bias={self.bias is not None}"


class _Conv(_Weighted):
    """Convolution over ``dims`` dimensions."""

    dims = 2

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1, padding: int | tuple[int, ...] | str = 0,
        dilation: int | tuple[int, ...] = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros",
        device: Any = None, dtype: Dtype | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{name} must be divisible by groups")
        if padding_mode != "zeros":
            raise NotImplementedError(f"minigrad pads convolutions with zeros only, not padding_mode={padding_mode!r}")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride, self.dilation = (
            _tuple(value, self.dims) for value in (kernel_size, stride, dilation)
        )
        self.padding = padding if isinstance(padding, str) else _tuple(padding, self.dims)
        if isinstance(padding, str) and padding not in ("valid", "same"):
            raise ValueError(f"Invalid padding string {padding!r}, should be one of {{'valid', 'same'}}")
        if padding == "same" and any(step != 1 for step in self.stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
        kernel = (out_channels, in_channels // groups, *self.kernel_size)
        self._weights(dtype, weight=kernel, bias=(out_channels,) if bias else None)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C_in, *) to (N, C_out, *)."""
        convolve: Callable[..., Tensor] = F.conv2d if self.dims == 2 else F.conv1d
        return convolve(input, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)

    def extra_repr(self) -> str:
        usual = {"padding": (0,) * self.dims, "dilation": (1,) * self.dims, "groups": 1}
        names = [name for name, value in usual.items() if getattr(self, name) != value]
        text = f"{self.in_channels}, {self.out_channels}, {_shown(self, 'kernel_size', 'stride', *names)}"
        return text if self.bias is not None else f"{text}, bias=False"


class Conv1d(_Conv):
    """(N, C_in, L) to (N, C_out, L_out). See https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html"""

    dims = 1


class Conv2d(_Conv):
    """(N, C_in, H, W) to (N, C_out, H_out, W_out).

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """


class Embedding(Module):
    """A row of ``weight`` (num_embeddings, embedding_dim) for each index: (*) int64 to (*, embedding_dim).

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
    """

    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, *,
        _weight: Tensor | None = None, _freeze: bool = False, device: Any = None, dtype: Dtype | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError("Padding_idx must be within num_embeddings")
            padding_idx %= num_embeddings
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        if _weight is None:
            self.weight = Parameter(creation.empty(num_embeddings, embedding_dim, dtype=dtype))
            self.reset_parameters()
        else:
            self.weight = Parameter(_weight, not _freeze)

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None) -> Embedding:
        """One whose weight is ``embeddings``; it does not learn unless ``freeze`` is False."""
        if embeddings.dim() != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        number, length = embeddings.shape
        return cls(number, length, padding_idx, _weight=embeddings, _freeze=freeze)

    def reset_parameters(self) -> None:
        """Draw the weight anew; the row at ``padding_idx`` is zero."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            init.zeros_(self.weight.detach()[self.padding_idx])

    def forward(self, input: Tensor) -> Tensor:
        """(*) int64 to (*, embedding_dim)."""
        return F.embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"


class _Normalised(_Weighted):
    """A layer that scales by a ``weight`` of ones and shifts by a ``bias`` of zeros, where it has them."""

    def reset_parameters(self) -> None:
        """Weight 1, bias 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class _BatchNorm(_Normalised):
    """Normalises each channel over the batch; keeps running statistics for evaluation."""

    ranks: tuple[int, ...] = ()

    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: Any = None, dtype: Dtype | None = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        for name in ("running_mean", "running_var"):
            self.register_buffer(name, creation.empty(num_features, dtype=dtype) if track_running_stats else None)
        self.register_buffer("num_batches_tracked", creation.tensor(0) if track_running_stats else None)
        shape = (num_features,) if affine else None
        self._weights(dtype, weight=shape, bias=shape if bias else None)

    def reset_running_stats(self) -> None:
        """Mean 0, variance 1, no batch seen."""
        if self.track_running_stats:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
            init.zeros_(self.num_batches_tracked)

    def reset_parameters(self) -> None:
        """Weight 1, bias 0, and the running statistics anew."""
        self.reset_running_stats()
        super().reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, *) to the same."""
        if input.ndim not in self.ranks:
            expected = " or ".join(f"{rank}D" for rank in self.ranks)
            raise ValueError(f"expected {expected} input (got {input.ndim}D input)")
        factor = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                factor = 1.0 / self.num_batches_tracked.item()
        use_batch = self.training or self.running_mean is None
        kept = self.track_running_stats or not self.training
        running: tuple[Any, Any] = (self.running_mean, self.running_var) if kept else (None, None)
        return F.batch_norm(input, *running, self.weight, self.bias, use_batch, factor, self.eps)

    def extra_repr(self) -> str:
        text = f"{self.num_features}, {_shown(self, 'eps', 'momentum', 'affine')}, bias={self.bias is not None}"
        return f"{text}, {_shown(self, 'track_running_stats')}"


class BatchNorm1d(_BatchNorm):
    """(N, C) or (N, C, L). See https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html"""

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """(N, C, H, W). See https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html"""

    ranks = (4,)


class LayerNorm(_Normalised):
    """Normalises over the last dimensions, whose shape is ``normalized_shape``.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
    """

    def __init__(
        self, normalized_shape: int | list[int] | tuple[int, ...], eps: float = 1e-5, elementwise_affine: bool = True,
        bias: bool = True, device: Any = None, dtype: Dtype | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.normalized_shape = _tuple(normalized_shape, 1)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        shape = self.normalized_shape if elementwise_affine else None
        self._weights(dtype, weight=shape, bias=shape if bias else None)

    def forward(self, input: Tensor) -> Tensor:
        """(*, *normalized_shape) to the same."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, {_shown(self, 'eps', 'elementwise_affine')}, bias={self.bias is not None}"


class GroupNorm(_Normalised):
    """Normalises the channels of (N, C, *) in groups.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, device: Any = None,
        dtype: Dtype | None = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        shape = (num_channels,) if affine else None
        self._weights(dtype, weight=shape, bias=shape if bias else None)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, *) to the same."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        shown = _shown(self, "eps", "affine")
        return f"{self.num_groups}, {self.num_channels}, {shown}, bias={self.bias is not None}"


class PReLU(Module):
    """x where positive, else x times a ``weight`` that is learnt: one, or one for each channel of (N, C, *).

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.PReLU.html
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Dtype | None = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(creation.empty(num_parameters, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The weight as at first."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """(*) to the same."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return _shown(self, "num_parameters")


class Identity(Module):
    """Its input, whatever arguments it was made with."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """(*) to the same."""
        return input


# Layers that are a function and its options: one row each.


def _layer(
    name: str, options: str = "", call: str = "", shown: tuple[str, ...] | None = None, inputs: str = "input"
) -> Any:
    """A Module class whose ``__init__`` takes ``options`` and whose ``forward`` calls a function of ``functional``.

    Both methods are made from source text, as namedtuple makes its class, so that their signatures are PyTorch's: the
    learner sees them in tooltips and in Python's own errors. Options are attributes; ``weight`` and ``pos_weight`` are
    buffers.

    Args:
        call: the function, to be called with the inputs and all options; or the whole call.
        shown: the options that the repr tells; by default all, ``inplace`` where it is True.
    """
    names = [option.partition("=")[0] for option in options.split(", ") if option not in ("", "*")]
    call = call or f"F.{name.lower()}"
    function = call.partition("(")[0]
    if call == function:
        # By place, which is faster, where the function is known to have its options in the same order.
        passed = [f"self.{key}" if "inplace" in names else f"{key}=self.{key}" for key in names]
        call += f"({', '.join([inputs, *passed])})"
    source = f"""
def __init__({", ".join(["self", *([options] if options else [])])}):
    Module.__init__(self)
    _keep(self, locals())
def forward(self, {inputs}):
    return {call}
"""
    body: dict[str, Any] = {}
    exec(compile(source, f"{__file__}:{name}", "exec"), {"Module": Module, "F": F, "_keep": _keep}, body)
    for method in body.values():
        method.__qualname__ = f"{name}.{method.__name__}"
    page = f"https://docs.pytorch.org/docs/stable/generated/torch.nn.{name}.html"

    def extra_repr(self: Any) -> str:
        return _shown(self, *([key for key in names if key != "inplace" or self.inplace] if shown is None else shown))

    body |= {"__doc__": f"``{function}`` as a module. See {page}", "extra_repr": extra_repr, "__module__": __name__}
    return type(name, (Module,), body)


def _keep(module: Any, options: dict[str, Any]) -> None:
    """Options as attributes."""
    del options["self"]
    for key, value in options.items():
        if key in ("weight", "pos_weight"):
            module.register_buffer(key, value)
        else:
            setattr(module, key, value)
    if "stride" in options and options["stride"] is None:
        module.stride = module.kernel_size
    if "p" in options and not 0 <= options["p"] <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {options['p']}")


Sigmoid, Tanh, Softsign, LogSigmoid = (_layer(name) for name in ("Sigmoid", "Tanh", "Softsign", "LogSigmoid"))
ReLU, ReLU6, SELU, SiLU, Mish, Hardsigmoid, Hardswish = (
    _layer(name, "inplace=False") for name in ("ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardsigmoid", "Hardswish")
)
LeakyReLU = _layer("LeakyReLU", "negative_slope=0.01, inplace=False", "F.leaky_relu")
ELU = _layer("ELU", "alpha=1.0, inplace=False")
Hardtanh = _layer("Hardtanh", "min_val=-1.0, max_val=1.0, inplace=False")
GELU = _layer("GELU", "approximate='none'", shown=("approximate!r",))
Softplus = _layer("Softplus", "beta=1.0, threshold=20.0")
Softmax, Softmin = (_layer(name, "dim=None") for name in ("Softmax", "Softmin"))
LogSoftmax = _layer("LogSoftmax", "dim=None", "F.log_softmax")
_DROPPING = "F.dropout(input, self.p, self.training, self.inplace)"
Dropout = _layer("Dropout", "p=0.5, inplace=False", _DROPPING, shown=("p", "inplace"))
Flatten = _layer("Flatten", "start_dim=1, end_dim=-1", "input.flatten(self.start_dim, self.end_dim)")
Unflatten = _layer("Unflatten", "dim, unflattened_size", "input.unflatten(self.dim, self.unflattened_size)")
AdaptiveAvgPool2d = _layer("AdaptiveAvgPool2d", "output_size", "F.adaptive_avg_pool2d")
_WINDOW, _WINDOW_SHOWN = "kernel_size, stride=None, padding=0", ("kernel_size", "stride", "padding")
_AVERAGED = f"{_WINDOW}, ceil_mode=False, count_include_pad=True, divisor_override=None"
AvgPool2d = _layer("AvgPool2d", _AVERAGED, "F.avg_pool2d", _WINDOW_SHOWN)
_LARGEST = f"{_WINDOW}, dilation=1, return_indices=False, ceil_mode=False"
MaxPool2d = _layer("MaxPool2d", _LARGEST, "F.max_pool2d", (*_WINDOW_SHOWN, "dilation", "ceil_mode"))


def _loss(name: str, function: Any) -> Any:
    """A loss of (input, target), with the options that the function has behind them."""
    parameters = function.__wrapped__.signature[:-1].split(", ")
    options = ", ".join(parameter.rpartition(" ")[2] for parameter in parameters[2:])
    return _layer(name, options, f"F.{function.__name__}", (), "input, target")


MSELoss = _loss("MSELoss", F.mse_loss)
L1Loss = _loss("L1Loss", F.l1_loss)
SmoothL1Loss = _loss("SmoothL1Loss", F.smooth_l1_loss)
HuberLoss = _loss("HuberLoss", F.huber_loss)
CrossEntropyLoss = _loss("CrossEntropyLoss", F.cross_entropy)
NLLLoss = _loss("NLLLoss", F.nll_loss)
BCELoss = _loss("BCELoss", F.binary_cross_entropy)
BCEWithLogitsLoss = _loss("BCEWithLogitsLoss", F.binary_cross_entropy_with_logits)
KLDivLoss = _loss("KLDivLoss", F.kl_div)
