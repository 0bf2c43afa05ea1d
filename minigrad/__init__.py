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
from .autograd.anomaly import is_anomaly_enabled
from .autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .creation import TYPED, from_numpy
from .dtypes import (
    Size,
    can_cast,
    contiguous_format,
    device,
    double,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    long,
    preserve_format,
    promote_types,
    result_type,
    set_default_dtype,
    short,
    strided,
    uint8,
)
from .dtypes import bool_ as bool
from .formatting import set_printoptions
from .ops import arguments
from .ops.dual import FUNCTIONS
from .random import Generator, default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from .serialization import load, save
from .tensor import Tensor

__version__ = "0.1.0"
float, int = float32, int32

# NaN and infinity pass silently, as in PyTorch: numpy's remarks about them stop here, for this package only.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minigrad\.")

globals().update(
    FUNCTIONS | arguments.FUNCTIONS | TYPED
)  # all that @function declares

_LAZY = ("linalg", "nn", "optim", "special", "testing", "utils")


def is_tensor(obj: Any) -> Any:
    """Whether ``obj`` is a Tensor."""
    return isinstance(obj, Tensor)


def numel(input: Tensor) -> Any:
    """The number of elements."""
    return input._array.size


def is_floating_point(input: Tensor) -> Any:
    """Whether the dtype is a floating one."""
    return input.is_floating_point()


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(
        f"module 'minigrad' has no attribute '{name}'. It covers what lessons on autograd use, not all of PyTorch: "
        "dir(minigrad) lists what is there."
    )
