"""What makes tensors differentiable: ``backward`` and ``grad``, and what belongs to them.

    y.backward()                 # adds dy/dx to x.grad for every leaf x
    autograd.grad(y, x)          # returns dy/dx instead

See https://docs.pytorch.org/docs/stable/autograd.html
"""

import importlib
from typing import Any

from . import function, graph
from .anomaly import detect_anomaly, set_detect_anomaly
from .function import Function
from .grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from .gradcheck import gradcheck, gradgradcheck
from .gradients import Variable, backward, grad


def __getattr__(name: str) -> Any:
    if name != "functional":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.functional")
