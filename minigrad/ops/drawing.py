"""Filling a tensor with random numbers in place: x.uniform_(), x.normal_() and the like.

What is drawn does not depend on what was there before, so the gradient that arrives is answered with zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import random
from ..dtypes import of
from ..random import Generator
from ..tensor import Tensor
from .arguments import function
from .dual import zeros
from .shaping import expand
from .templates import Operation, row


def _row(node: str, draw: Callable[..., np.ndarray], *params: str) -> Operation:
    def forward(self: np.ndarray, *args: Any) -> np.ndarray:
        return random.fill(np.empty_like(self), draw, *args[:-1], generator=args[-1], blocks=self.flags.c_contiguous)

    return row(node, forward, zeros, "0", node=node, params=("self", *params, "generator"))


def _sample(self: np.ndarray, p: float | None, generator: Generator) -> np.ndarray:
    return random.draw_bernoulli(self.shape, of(self), self if p is None else p, generator)


_sampled = row("bernoulli", _sample, zeros, "0")
FROM = "*, Generator? generator=None"
IN_PLACE: Any = {"method": False, "function": False, "in_place": True}

function(f"uniform(Tensor self, float from=0, float to=1, {FROM})", doc="Numbers even in [from, to).", **IN_PLACE)(
    _row("UniformBackward0", random.draw_uniform, "low", "high")
)
function(f"normal(Tensor self, float mean=0, float std=1, {FROM})", doc="Normal numbers.", **IN_PLACE)(
    _row("NormalBackward0", random.draw_normal, "mean", "std")
)
# By whether p is a tensor, and by the number of bounds
_bernoulli = [_row(f"BernoulliBackward{i}", random.draw_bernoulli, "p") for i in (2, 1)]
_random = [_row(f"RandomBackward{i}", random.draw_integers, "low", "high") for i in (2, 1, 0)]


@function(f"bernoulli(Tensor self, Tensor p, {FROM})", f"bernoulli(Tensor self, float p=0.5, {FROM})", **IN_PLACE)
def bernoulli_(self: Tensor, p: float | Tensor = 0.5, *, generator: Generator | None = None) -> Any:
    """1 with probability p, else 0."""
    if not isinstance(p, Tensor):
        return _bernoulli[0](self, p, generator)
    return _bernoulli[1](self, expand.operation.forward(p._array, self._array.shape), generator)


@function(
    f"random(Tensor self, {FROM})",
    f"random(Tensor self, int from, int? to, {FROM})",
    f"random(Tensor self, int to, {FROM})",
    **IN_PLACE,
)
def random_(self: Tensor, *bounds: int | None, generator: Generator | None = None) -> Any:
    """Whole numbers: all that the dtype holds exactly, those below `to`, or those in [from, to)."""
    low, high = bounds if len(bounds) == 2 else (0, bounds[0] if bounds else None)
    return _random[len(bounds)](self, low, high, generator)


@function(f"bernoulli(Tensor input, {FROM}, Tensor out=None)", f"bernoulli(Tensor input, float p, {FROM})")
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability each element of input says (or with p everywhere), else 0; dtype and shape of input."""
    return _sampled(input, p, generator or random.default_generator)


@function(f"multinomial(Tensor input, int num_samples, bool replacement=False, {FROM}, Tensor out=None)")
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Indices drawn from each row of weights, an index as often as its weight says; int64."""
    draw = generator or random.default_generator
    return Tensor._of(random.draw_multinomial(input._array, num_samples, replacement, draw))
