"""minigrad: a small autograd engine on numpy with PyTorch's names and semantics.

import minigrad as torch

x = torch.tensor([2.0], requires_grad=True)
y = x ** 2
y.backward()
print(x.grad)        # tensor([4.])
"""

import importlib
import warnings
from math import e, inf, nan, pi
from typing import Any

from . import autograd
from .autograd.anomaly import is_anomaly_check_nan_enabled, is_anomaly_enabled
from .autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .creation import TYPED, from_numpy
from .devices import accelerator, backends, cuda, get_default_device, set_default_device, use_deterministic_algorithms
from .dtypes import (
    NAMES,
    Size,
    can_cast,
    device,
    dtype,
    finfo,
    get_default_dtype,
    iinfo,
    promote_types,
    result_type,
    set_default_dtype,
)
from .formatting import set_printoptions
from .ops.arguments import FUNCTIONS as DECLARED
from .ops.arguments import METHODS, function
from .ops.dual import FUNCTIONS
from .random import Generator, default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from .serialization import load, save
from .tensor import Tensor

__version__ = "0.1.0"

# NaN and infinity pass silently, as in PyTorch: numpy's remarks about them stop here, for this package only.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minigrad\.")

for _signature, _body in (
    ("numel(Tensor input)", Tensor.numel),
    ("is_floating_point(Tensor input)", Tensor.is_floating_point),
    ("is_complex(Tensor input)", Tensor.is_complex),
    ("is_inference(Tensor input)", Tensor.is_inference),
    ("can_cast(dtype from_, dtype to)", can_cast),
    ("promote_types(dtype type1, dtype type2)", promote_types),
):
    function(_signature, method=False)(_body)
globals().update(FUNCTIONS | DECLARED | TYPED | NAMES)  # operations, constructors and dtypes
_CHANGING = (  # what PyTorch has in place as functions too: torch.sin_(x)
    "abs acos acosh arccos arccosh arcsin arcsinh arctan arctanh asin asinh atan atanh ceil clamp clamp_max "
    "clamp_min clip cos cosh erf exp exp2 expm1 fill fix floor frac index_put log log10 log1p log2 neg "
    "negative reciprocal relu round rsqrt sigmoid sin sinh sqrt square tan tanh trunc zero "
)
globals().update({f"{name}_": METHODS[f"{name}_"] for name in _CHANGING.split()})

_LAZY = ("linalg", "nn", "optim", "testing", "utils")


def is_tensor(obj: Any) -> Any:
    """Whether it is a Tensor."""
    return isinstance(obj, Tensor)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(
        f"module 'minigrad' has no attribute '{name}'. It covers what lessons on autograd use, not all of PyTorch: "
        "dir(minigrad) lists what is there."
    )
