"""Random numbers: for the same seed the same ones as PyTorch's CPU generator draws, call by call.

Both use the Mersenne Twister; what has to agree is how many of its 32-bit words a distribution takes for a number and
what it makes of them. The functions named `draw_*` do that for arrays, and leave the generator where PyTorch's is.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, SupportsInt

import numpy as np

from . import dtypes
from .dtypes import dtype
from .tensor import Tensor, wrap

Shape = tuple[int, ...]

_FIELDS: list[Any] = [("seed", "u8"), ("left", "i4"), ("seeded", "i4"), ("next", "u8"), ("words", "u8", 624)]
_FIELDS += [("normal_x", "f8"), ("next_normal", "f8"), ("normal_rho", "f8"), ("has_next_normal", "i4")]
_STATE = np.dtype([*_FIELDS, ("unused", "u1", 12)])
"""The bytes of `get_state()`, as PyTorch lays them out."""


class Generator:
    """A stream of random numbers, told by its seed."""

    __slots__ = ("__weakref__", "_fresh", "_next_normal", "_seed", "_source")
    device = dtypes.CPU

    def __init__(self, device: str | dtypes.device = "cpu") -> None:
        dtypes.check_device(device, "Generator")
        self._source: np.random.MT19937 | None = None  # made at the first draw: importing numpy.random takes a while
        self._reset(67280421310721)

    def manual_seed(self, seed: int) -> Generator:
        """Begin the stream of this seed (from -2**63 to 2**64 - 1; a negative one counts back from 2**64)."""
        if not isinstance(seed, int | np.integer):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        if not -(2**63) <= seed < 2**64:
            raise ValueError("Overflow when unpacking long long")
        return self._reset(int(seed) % 2**64)

    def seed(self) -> int:
        """Begin the stream of a seed nobody knows beforehand, and return that seed."""
        return self._reset(int.from_bytes(os.urandom(8), "little") % 2**53)._seed

    def initial_seed(self) -> int:
        """The seed the stream began with."""
        return self._seed

    def _reset(self, seed: int) -> Generator:
        self._seed = seed
        self._fresh = True  # nothing drawn since the seed
        self._next_normal: float | None = None  # Box-Muller makes two numbers: the one not yet asked for
        return self

    def _twister(self) -> np.random.MT19937:
        if self._source is None:
            self._source = np.random.MT19937(0)
        if self._fresh:
            self._source._legacy_seeding(self._seed % 2**32)
        return self._source

    def words(self, n: int) -> np.ndarray:
        """The next n 32-bit words, as uint64."""
        drawn = self._twister().random_raw(n)
        self._fresh = self._fresh and n == 0
        return drawn

    def long_words(self, n: int) -> np.ndarray:
        """The next n 64-bit words: two 32-bit ones each, the higher half first."""
        halves = self.words(2 * n)
        return (halves[::2] << np.uint64(32)) | halves[1::2]

    def even(self, n: int, dtype: dtype) -> np.ndarray:
        """n numbers in [0, 1): float64 of the low 53 bits of a 64-bit word each, else float32 of 24 bits of a word."""
        if dtype is dtypes.float64:
            return (self.long_words(n) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53
        return (self.words(n) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(2**-24)

    def get_state(self) -> Tensor:
        """The state as a uint8 tensor, byte for byte PyTorch's."""
        state, twister = np.zeros((), _STATE), self._twister().state["state"]
        state["seed"], state["seeded"], state["words"] = self._seed, 1, twister["key"]
        state["next"], state["left"] = (0, 1) if self._fresh else (twister["pos"], 625 - twister["pos"])
        if self._next_normal is not None:
            state["next_normal"], state["has_next_normal"] = self._next_normal, 1
        return wrap(np.frombuffer(state.tobytes(), np.uint8).copy())

    def set_state(self, new_state: Tensor) -> Generator:
        """Go on where `get_state` was called; TypeError or RuntimeError if these bytes are no generator's state."""
        array = getattr(new_state, "_array", None)
        if array is None or array.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        state = np.frombuffer(array.tobytes(), _STATE)[0] if array.size == _STATE.itemsize else None
        if state is None or not state["seeded"]:
            raise RuntimeError("Invalid mt19937 state")
        left, position = int(state["left"]), int(state["next"])
        self._reset(int(state["seed"]))
        inner: Any = {"key": state["words"].astype(np.uint32), "pos": 624 if left == 1 else position}
        self._twister().state = {"bit_generator": "MT19937", "state": inner}
        self._fresh = left == 1 and not position
        if state["has_next_normal"]:
            self._next_normal = float(state["next_normal"])
        return self

    def __repr__(self) -> str:  # no memory address: the same cell prints the same
        return f"<torch._C.Generator object with seed {self._seed}>"


default_generator = Generator()
default_generator.seed()
seed, initial_seed = default_generator.seed, default_generator.initial_seed
get_rng_state = default_generator.get_state


def manual_seed(seed: SupportsInt) -> Generator:
    """Begin the default generator's stream of this seed."""
    return default_generator.manual_seed(int(seed))


def set_rng_state(new_state: Tensor) -> None:
    """Put the default generator where `get_rng_state` was called."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True) -> Iterator[None]:
    """Draw within the block without moving the default generator on for what comes after."""
    before = get_rng_state() if enabled else None
    try:
        yield
    finally:
        if before is not None:
            set_rng_state(before)


# Distributions. Every `draw_*` gives an array of the shape and dtype asked for.


def fill(
    array: np.ndarray, draw: Callable[..., np.ndarray], *args: Any, generator: Generator | None, blocks: bool = True
) -> np.ndarray:
    """Fill an array in place with `draw(shape, dtype, *args, generator)`, in the order the elements lie in memory.

    `blocks`: whether the tensor to be filled is contiguous, on which it depends how `draw_normal` goes about it.
    """
    order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    view = array.transpose(order)
    args = tuple(arg.transpose(order) if isinstance(arg, np.ndarray) else arg for arg in args)
    options = {"blocks": blocks and array.flags.c_contiguous} if draw is draw_normal else {}
    view[...] = draw(view.shape, dtypes.of(array), *args, generator or default_generator, **options)
    return array


def draw_uniform(shape: Shape, dtype: dtype, low: float, high: float, generator: Generator) -> np.ndarray:
    """Evenly in [low, high): a float32 (also for float16) takes one word, a float64 two."""
    dtypes.refuse_kinds("biu", dtype.numpy, "check_uniform_bounds")
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}")
    values = generator.even(math.prod(shape), dtype)
    if (low, high) != (0, 1):
        kind = values.dtype.type
        values = _scaled(values, kind(high) - kind(low), kind(low))
    values = values.astype(dtype.numpy, copy=False)
    values[values == dtype.numpy.type(high)] = low  # rounded up to what must not be reached
    return values.reshape(shape)


def draw_normal(
    shape: Shape, dtype: dtype, mean: float, std: float, generator: Generator, blocks: bool = True
) -> np.ndarray:
    """Normally distributed, by Box and Muller: two even numbers make two normal ones.

    From 16 elements on (`blocks`: the tensor is contiguous) they are made in blocks of 8 + 8 of the dtype's own
    precision, the last 16 once more if the length is no multiple; fewer are made in float64, one pair after the other.
    """
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    dtypes.refuse_kinds("biu", dtype.numpy, "normal_kernel_cpu")
    n = math.prod(shape)
    if n < 16 or not blocks:
        return (_normal_pairs(n, generator) * std + mean).astype(dtype.numpy).reshape(shape)
    whole, tail = n // 16 * 16, n % 16
    values = _normal_blocks(generator.even(whole if dtype is dtypes.float16 else n, dtype)[:whole], mean, std)
    if tail:
        values = np.concatenate([values[: n - 16], _normal_blocks(generator.even(16, dtype), mean, std)])
    return values.astype(dtype.numpy, copy=False).reshape(shape)


def _normal_blocks(even: np.ndarray, mean: float, std: float) -> np.ndarray:
    kind = even.dtype.type
    blocks = even.reshape(-1, 2, 8)
    radius = np.sqrt(kind(-2) * np.log(kind(1) - blocks[:, 0]))
    angle = kind(2 * math.pi) * blocks[:, 1]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return _scaled(pairs.reshape(-1), kind(std), kind(mean))


def _scaled(values: np.ndarray, factor: Any, offset: Any) -> np.ndarray:
    """values * factor + offset, rounded once as a fused multiply-add does."""
    wide = np.longdouble if values.dtype == np.float64 else np.float64
    return (values * wide(factor) + wide(offset)).astype(values.dtype)


def _normal_pairs(n: int, generator: Generator) -> np.ndarray:
    if not n:
        return np.empty(0)
    kept = [] if generator._next_normal is None else [generator._next_normal]
    even = generator.even((n - len(kept) + 1) // 2 * 2, dtypes.float64)
    angle, radius = 2.0 * math.pi * even[::2], np.sqrt(-2.0 * np.log1p(-even[1::2]))
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)
    values = np.concatenate([kept, pairs])
    generator._next_normal = float(values[n]) if len(values) > n else None
    return values[:n]


def draw_integers(shape: Shape, dtype: dtype, low: int, high: int | None, generator: Generator) -> np.ndarray:
    """Whole numbers in [low, high): a word each, two from a range of 2**28 on. None: all the dtype holds exactly."""
    n, smallest, largest = math.prod(shape), 0, 1
    if dtype.is_floating_point:
        largest = 2 ** (np.finfo(dtype.numpy).nmant + 1)
    elif dtype is not dtypes.bool_:
        smallest, largest = dtypes.iinfo(dtype).min, dtypes.iinfo(dtype).max
    wide = dtype.itemsize == 8 if high is None else high - low >= 2**28
    high = largest + 1 if high is None else high
    if not low < high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    for name, bound in (("from", low), ("to - 1", high - 1)):
        if not dtype.is_floating_point and not smallest <= bound <= largest:
            raise RuntimeError(f"{name} is out of bounds for {dtype.c_name}")
    words = generator.long_words(n) if wide else generator.words(n)
    values = (words % np.uint64(high - low) + np.uint64(low % 2**64)).view(np.int64)
    return values.astype(dtype.numpy).reshape(shape)


def draw_permutation(n: int, dtype: dtype, generator: Generator) -> np.ndarray:
    """0 to n - 1 shuffled: each place in turn changes with one of those not before it."""
    partners = (generator.words(max(n - 1, 0)) % np.arange(n, 1, -1, dtype=np.uint64)).tolist()
    items = list(range(n))
    for i, ahead in enumerate(partners):
        items[i], items[i + ahead] = items[i + ahead], items[i]
    return np.array(items, dtype.numpy)


def draw_bernoulli(shape: Shape, dtype: dtype, p: float | np.ndarray, generator: Generator) -> np.ndarray:
    """1 with probability p (a number, or an array of a floating dtype that broadcasts to the shape), else 0."""
    kind = dtypes.float64
    if isinstance(p, np.ndarray):
        kind = dtypes.of(p)
        dtypes.refuse_kinds("biu", p.dtype, "bernoulli_tensor_cpu_p_")
        if not ((p >= 0) & (p <= 1)).all():
            raise RuntimeError(
                "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be "
                "improved?  If so, please report an enhancement request to PyTorch.)"
            )
    elif not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    return (generator.even(math.prod(shape), kind).reshape(shape) < p).astype(dtype.numpy)


def draw_multinomial(weights: np.ndarray, n: int, replacement: bool, generator: Generator) -> np.ndarray:
    """n indices into each row of weights, an index as often as its weight says (int64)."""
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if (weights.sum(-1) == 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    if n <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and n > weights.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if not replacement or n == 1:  # the smallest of waiting times with these rates picks an index as often as it should
        times = -np.log1p(-generator.even(weights.size, dtypes.float64)).astype(weights.dtype)
        return np.argsort(-weights / times.reshape(weights.shape), axis=-1, kind="stable")[..., :n]
    rows = np.cumsum(weights, axis=-1, dtype=weights.dtype).reshape(-1, weights.shape[-1])
    rows = (rows / rows[:, -1:]).astype(np.float64)
    wanted = generator.even(len(rows) * n, dtypes.float64).reshape(-1, n)
    found = [np.searchsorted(row, thresholds) for row, thresholds in zip(rows, wanted, strict=True)]
    return np.array(found, np.int64).reshape(*weights.shape[:-1], n)
