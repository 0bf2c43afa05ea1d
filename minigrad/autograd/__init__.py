"""What makes tensors differentiable: ``backward`` and ``grad``, and what belongs to them.

    y.backward()                 # adds dy/dx to x.grad for every leaf x
    autograd.grad(y, x)          # returns dy/dx instead

See https://docs.pytorch.org/docs/stable/autograd.html
"""

from .grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from .gradients import backward, grad

__all__ = ["backward", "enable_grad", "grad", "inference_mode", "no_grad", "set_grad_enabled"]
