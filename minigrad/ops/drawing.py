"""Filling a tensor with random numbers in place: x.uniform_(), x.normal_() and the like.

What is drawn does not depend on what was there before, so the gradient that arrives is answered with zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import random
from ..dtypes import FROM_NUMPY
from ..random import Generator
from ..tensor import Tensor
from .arguments import broadcast_error
from .templates import Operation


def _nothing(grad: Any) -> Any:
    return Tensor._of(np.zeros_like(grad._array)) if isinstance(grad, Tensor) else np.zeros_like(grad)


def _row(node: str, draw: Callable[..., np.ndarray]) -> Operation:
    def forward(self: np.ndarray, args: tuple[Any, ...], generator: Generator | None) -> np.ndarray:
        return random.fill(np.empty_like(self), draw, *args, generator=generator, blocks=self.flags.c_contiguous)

    return Operation(node, forward, {"self": _nothing}, node=node, formula={"self": "0"})


def _sampled(self: np.ndarray, p: float | None, generator: Generator) -> np.ndarray:
    return random.draw_bernoulli(self.shape, FROM_NUMPY[self.dtype], self if p is None else p, generator)


bernoulli_of = Operation("bernoulli", _sampled, {"self": _nothing}, formula={"self": "0"})
_uniform = _row("UniformBackward0", random.draw_uniform)
_normal = _row("NormalBackward0", random.draw_normal)
_exponential = _row("ExponentialBackward0", random.draw_exponential)
_bernoulli = _row("BernoulliBackward2", random.draw_bernoulli)
_bernoulli_tensor = _row("BernoulliBackward1", random.draw_bernoulli)
_random = _row("RandomBackward2", random.draw_any_integers)
_random_to = _row("RandomBackward1", random.draw_integers)
_random_from = _row("RandomBackward0", random.draw_any_integers)
_random_from_to = _row("RandomBackward0", random.draw_integers)


def uniform(self: Tensor, low: float = 0.0, high: float = 1.0, *, generator: Generator | None = None) -> Any:
    """Numbers even in [low, high). https://docs.pytorch.org/docs/2.13/generated/torch.Tensor.uniform_.html"""
    return _uniform(self, (low, high), generator)


def normal(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Any:
    """Normal numbers. https://docs.pytorch.org/docs/2.13/generated/torch.Tensor.normal_.html"""
    return _normal(self, (mean, std), generator)


def exponential(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Any:
    """Exponential numbers of this rate. https://docs.pytorch.org/docs/2.13/generated/torch.Tensor.exponential_.html"""
    return _exponential(self, (lambd,), generator)


def bernoulli(self: Tensor, p: float | Tensor = 0.5, *, generator: Generator | None = None) -> Any:
    """1 with probability p, else 0. https://docs.pytorch.org/docs/2.13/generated/torch.Tensor.bernoulli_.html"""
    if not isinstance(p, Tensor):
        return _bernoulli(self, (p,), generator)
    shape, array = self._array.shape, p._array
    try:
        return _bernoulli_tensor(self, (np.broadcast_to(array, shape),), generator)
    except ValueError:
        raise broadcast_error(shape, array.shape) from None


def random_numbers(self: Tensor, *bounds: int | None, generator: Generator | None = None) -> Any:
    """Whole numbers: all that the dtype holds exactly, those below `to`, or those in [from, to).

    https://docs.pytorch.org/docs/2.13/generated/torch.Tensor.random_.html
    """
    if not bounds:
        return _random(self, (None,), generator)
    if len(bounds) == 1:
        return _random_to(self, (0, *bounds), generator)
    return (_random_from if bounds[1] is None else _random_from_to)(
        self, bounds[: 1 + (bounds[1] is not None)], generator
    )


random_numbers.__name__ = "random"

IN_PLACE = (uniform, normal, exponential, bernoulli, random_numbers)
