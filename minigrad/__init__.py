"""minigrad: a small autograd engine on numpy with PyTorch's names and semantics.

    import minigrad as torch

    x = torch.tensor([2.0], requires_grad=True)
    y = x ** 2
    y.backward()
    print(x.grad)        # tensor([4.])
"""

from __future__ import annotations

import warnings

# NaN and infinity pass silently, as in PyTorch: numpy's remarks about them stop here, for this package only.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minigrad\.")

from . import autograd
from .autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from .dtypes import *  # noqa: F403
from .ops.dual import FUNCTIONS
from .tensor import Tensor
