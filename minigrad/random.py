"""Random numbers: for the same seed the same ones as PyTorch's CPU generator draws, call by call.

Both use the Mersenne Twister; what has to agree is how many of its 32-bit words a distribution takes for a number and
what it makes of them. The functions named `draw_*` do that for arrays, and leave the generator where PyTorch's is.
"""

from __future__ import annotations

import math
import os
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import SupportsInt

    from minigrad.dtypes import dtype
    from minigrad.tensor import Tensor

    Shape = tuple[int, ...]

_STATE_WORDS = 624
_STATE = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),
        ("seeded", "<i4"),
        ("next", "<u8"),
        ("words", "<u8", _STATE_WORDS),
        ("normal_x", "<f8"),
        ("next_normal", "<f8"),
        ("normal_rho", "<f8"),
        ("has_next_normal", "<i4"),
        ("unused", "u1", 12),
    ]
)
"""The bytes of `get_state()`, as PyTorch lays them out."""


class Generator:
    """A stream of random numbers, told by its seed.

    >>> g = Generator().manual_seed(5)
    >>> g.initial_seed()
    5

    https://docs.pytorch.org/docs/2.13/generated/torch.Generator.html
    """

    __slots__ = ("__weakref__", "_fresh", "_next_normal", "_seed", "_source")

    def __init__(self, device: str | dtypes.device = "cpu") -> None:
        if dtypes.device(device).type != "cpu":
            raise RuntimeError(f"Cannot get {str(device).upper()} generator: there is only the CPU here")
        self._source: np.random.MT19937 | None = None  # made at the first draw: importing numpy.random takes a while
        self._reset(67280421310721)

    @property
    def device(self) -> dtypes.device:
        """The device the generator draws for: always the CPU."""
        return dtypes.CPU

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

    def words(self, n: int) -> np.ndarray:
        """The next n 32-bit words, as uint64."""
        if self._source is None:
            self._source = np.random.MT19937(0)
        if self._fresh:
            self._source._legacy_seeding(self._seed % 2**32)
            self._fresh = n == 0
        return self._source.random_raw(n)

    def long_words(self, n: int) -> np.ndarray:
        """The next n 64-bit words: two 32-bit ones each, the higher half first."""
        halves = self.words(2 * n)
        return (halves[::2] << np.uint64(32)) | halves[1::2]

    def floats(self, n: int) -> np.ndarray:
        """n float32 in [0, 1): the low 24 bits of a word each."""
        return (self.words(n) & np.uint64(2**24 - 1)).astype(np.float32) * np.float32(2**-24)

    def doubles(self, n: int) -> np.ndarray:
        """n float64 in [0, 1): the low 53 bits of a 64-bit word each."""
        return (self.long_words(n) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53

    def get_state(self) -> Tensor:
        """The state as a uint8 tensor, byte for byte PyTorch's."""
        from minigrad.tensor import wrap

        state = np.zeros((), _STATE)
        self.words(0)
        assert self._source is not None
        position = self._source.state["state"]["pos"]
        state["seed"], state["seeded"] = self._seed, 1
        state["next"], state["left"] = (0, 1) if self._fresh else (position, _STATE_WORDS + 1 - position)
        state["words"] = self._source.state["state"]["key"]
        if self._next_normal is not None:
            state["next_normal"], state["has_next_normal"] = self._next_normal, 1
        return wrap(np.frombuffer(state.tobytes(), np.uint8).copy())

    def set_state(self, new_state: Tensor) -> Generator:
        """Go on where `get_state` was called.

        Raises:
            TypeError: not a uint8 tensor.
            RuntimeError: the bytes are no generator's state.
        """
        array = getattr(new_state, "_array", None)
        if array is None:
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
        if array.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if array.size != _STATE.itemsize:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {_STATE.itemsize} "
                f"but found the input RNG state size to be {array.size}"
            )
        state = np.ascontiguousarray(array).view(_STATE)[0]
        left, position = int(state["left"]), int(state["next"])
        if not (state["seeded"] and 0 < left <= _STATE_WORDS and position <= _STATE_WORDS):
            raise RuntimeError("Invalid mt19937 state")
        self._reset(int(state["seed"])).words(0)
        assert self._source is not None
        words = state["words"].astype(np.uint32)
        position = _STATE_WORDS if left == 1 else position
        self._source.state = {"bit_generator": "MT19937", "state": {"key": words, "pos": position}}
        self._fresh = left == 1 and not state["next"]
        if state["has_next_normal"]:
            self._next_normal = float(state["next_normal"])
        return self

    def __repr__(self) -> str:  # no memory address: the same cell prints the same
        return f"<torch._C.Generator object with seed {self._seed}>"


default_generator = Generator()
default_generator.seed()


def manual_seed(seed: SupportsInt) -> Generator:
    """Begin the default generator's stream of this seed.

    https://docs.pytorch.org/docs/2.13/generated/torch.manual_seed.html
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator with a number nobody knows beforehand, and return it."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed the default generator began with."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The default generator's state, a uint8 tensor."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Put the default generator where `get_rng_state` was called."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True) -> Iterator[None]:
    """Draw within the block without moving the default generator on for what comes after.

    https://docs.pytorch.org/docs/2.13/random.html#torch.random.fork_rng
    """
    before = get_rng_state() if enabled else None
    try:
        yield
    finally:
        if before is not None:
            set_rng_state(before)


# Distributions. Every `draw_*` gives an array of the shape and dtype asked for.


def fill(
    array: np.ndarray,
    draw: Callable[..., np.ndarray],
    *args: Any,
    generator: Generator | None = None,
    blocks: bool | None = None,
) -> np.ndarray:
    """Fill an array in place with `draw(shape, dtype, *args, generator)`, in the order the elements lie in memory.

    `blocks` is for `draw_normal`: whether what is filled is contiguous, if the array does not tell.
    """
    order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    view = array.transpose(order)
    args = tuple(arg.transpose(order) if isinstance(arg, np.ndarray) else arg for arg in args)
    if draw is draw_normal:
        args = (*args, array.flags.c_contiguous if blocks is None else blocks)
    with np.errstate(all="ignore"):
        view[...] = draw(view.shape, dtypes.of(array), *args, generator or default_generator)
    return array


def _floating(dtype: dtype, kernel: str) -> None:
    if not dtype.is_floating_point:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtype.scalar_name}'")


def _bounds_name(dtype: dtype) -> str:
    return _C_NAMES.get(dtype, dtype.name)


_C_NAMES = {
    dtypes.uint8: "unsigned char",
    dtypes.int8: "signed char",
    dtypes.int16: "short int",
    dtypes.int32: "int",
    dtypes.int64: "long int",
    dtypes.float16: "c10::Half",
    dtypes.float32: "float",
    dtypes.float64: "double",
}
_DIGITS = {dtypes.float16: 11, dtypes.float32: 24, dtypes.float64: 53}


def draw_uniform(shape: Shape, dtype: dtype, low: float, high: float, generator: Generator) -> np.ndarray:
    """Evenly in [low, high): a float32 (also for float16) takes one word, a float64 two."""
    _floating(dtype, "check_uniform_bounds")
    n = math.prod(shape)
    if (low, high) != (0, 1):
        _check_interval(dtype, low, high)
    values = generator.doubles(n) if dtype is dtypes.float64 else generator.floats(n)
    if (low, high) != (0, 1):
        kind = values.dtype.type
        values = _scaled(values, kind(high) - kind(low), kind(low))
    values = values.astype(dtype.numpy, copy=False)
    if dtype is not dtypes.float64 or (low, high) != (0, 1):
        values[values == dtype.numpy.type(high)] = low  # rounded up to what must not be reached
    return values.reshape(shape)


def _check_interval(dtype: dtype, low: float, high: float) -> None:
    limits = dtypes.finfo(dtype)
    for name, bound in (("from", low), ("to", high)):
        if not limits.min <= bound <= limits.max:
            raise RuntimeError(f"{name} is out of bounds for {_bounds_name(dtype)}")
    if low > high:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={low:g} > to={high:g}",
        )
    if high - low > limits.max:
        raise RuntimeError(
            f"uniform_ expects to-from <= std::numeric_limits<{dtype.scalar_name}>::max(), but found "
            f"to={high:g} and from={low:g} which result in to-from to exceed the limit"
        )


def draw_normal(shape: Shape, dtype: dtype, mean: float, std: float, blocks: bool, generator: Generator) -> np.ndarray:
    """Normally distributed, by Box and Muller: two even numbers make two normal ones.

    From 16 elements on (`blocks`: the tensor is contiguous) they are made in blocks of 8 + 8 of the dtype's own
    precision, the last 16 once more if the length is no multiple; fewer are made in float64, one pair after the other.
    """
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    n = math.prod(shape)
    if not n:
        return np.empty(shape, dtype.numpy)
    _floating(dtype, "normal_kernel_cpu")
    if n < 16 or not blocks:
        return (_normal_pairs(n, generator) * std + mean).astype(dtype.numpy).reshape(shape)
    uniform = generator.doubles if dtype is dtypes.float64 else generator.floats
    whole, tail = n // 16 * 16, n % 16
    if dtype is dtypes.float16:
        values = _normal_blocks(uniform(whole), mean, std)
    else:
        values = _normal_blocks(uniform(n)[:whole], mean, std)
    if tail:
        values = np.concatenate([values[: n - 16], _normal_blocks(uniform(16), mean, std)])
    return values.astype(dtype.numpy, copy=False).reshape(shape)


def _normal_blocks(uniform: np.ndarray, mean: float, std: float) -> np.ndarray:
    kind = uniform.dtype.type
    blocks = uniform.reshape(-1, 2, 8)
    radius = np.sqrt(kind(-2) * np.log(kind(1) - blocks[:, 0]))
    angle = kind(2 * math.pi) * blocks[:, 1]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return _scaled(pairs.reshape(-1), kind(std), kind(mean))


def _scaled(values: np.ndarray, factor: Any, offset: Any) -> np.ndarray:
    """values * factor + offset, rounded once as a fused multiply-add does."""
    wide = np.longdouble if values.dtype == np.float64 else np.float64
    return (values * wide(factor) + wide(offset)).astype(values.dtype)


def _normal_pairs(n: int, generator: Generator) -> np.ndarray:
    kept = [] if generator._next_normal is None else [generator._next_normal]
    uniform = generator.doubles((n - len(kept) + 1) // 2 * 2)
    angle, radius = 2.0 * math.pi * uniform[::2], np.sqrt(-2.0 * np.log1p(-uniform[1::2]))
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)
    values = np.concatenate([kept, pairs])
    generator._next_normal = float(values[n]) if len(values) > n else None
    return values[:n]


def draw_integers(shape: Shape, dtype: dtype, low: int, high: int, generator: Generator) -> np.ndarray:
    """Whole numbers in [low, high): a word each, two from a range of 2**28 on."""
    if not low < high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if dtype.is_floating_point:
        low, high = _inside(low, 1, dtype), _inside(high, -1, dtype)
        if not low < high:
            raise RuntimeError(
                "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, "
                f"but got from={low} >= to={high}"
            )
    _check_range(low, high - 1, dtype)
    return _integers(shape, dtype, low, high - low, generator)


def draw_any_integers(shape: Shape, dtype: dtype, low: int | None, generator: Generator) -> np.ndarray:
    """Whole numbers from low (None: 0) to the largest the dtype holds exactly: `random_()` without an upper end."""
    if low is None:
        count = 2 if dtype is dtypes.bool_ else _largest(dtype) + 1
        n = math.prod(shape)
        words = generator.long_words(n) if dtype in (dtypes.int64, dtypes.float64) else generator.words(n)
        return (words % np.uint64(count)).astype(dtype.numpy).reshape(shape)
    low = _inside(low, 1, dtype)
    _check_range(low, _largest(dtype), dtype)
    return _integers(shape, dtype, low, _largest(dtype) - low + 1, generator)


def _integers(shape: Shape, dtype: dtype, low: int, count: int, generator: Generator) -> np.ndarray:
    n = math.prod(shape)
    words = generator.long_words(n) if count >= 2**28 else generator.words(n)
    values = (words % np.uint64(count) + np.uint64(low % 2**64)).view(np.int64)
    return values.astype(dtype.numpy).reshape(shape)


def _largest(dtype: dtype) -> int:
    if dtype.is_floating_point:
        return 2 ** _DIGITS[dtype]
    return 1 if dtype is dtypes.bool_ else dtypes.iinfo(dtype).max


def _inside(bound: int, step: int, dtype: dtype) -> int:
    """A bound moved inwards until rounding to a floating dtype cannot carry a number beyond it."""
    neighbour = bound + step
    rounded = float(dtype.numpy.type(neighbour)) if dtype.is_floating_point else math.inf
    if math.isinf(rounded) or (rounded >= bound if step > 0 else rounded < bound):
        return bound
    return int(rounded) + step * 2 ** (abs(neighbour).bit_length() - _DIGITS[dtype])


def _check_range(low: int, last: int, dtype: dtype) -> None:
    if dtype is dtypes.bool_:
        smallest, largest = 0, 1
    else:
        limits = dtypes.finfo(dtype) if dtype.is_floating_point else dtypes.iinfo(dtype)
        smallest, largest = limits.min, limits.max
    for name, bound in (("from", low), ("to - 1", last)):
        if not smallest <= bound <= largest:
            raise RuntimeError(f"{name} is out of bounds for {_bounds_name(dtype)}")
    if dtype.is_floating_point:
        digits = _DIGITS[dtype]
        for name, bound in (("from", low), ("to - 1", last)):
            if abs(bound) > 2**digits:
                warnings.warn(
                    f"{name} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision limitations "
                    f"{_bounds_name(dtype)} can support discrete uniform distribution only within this range. "
                    "This warning will become an error in version 1.7 release, please fix the code in advance",
                    stacklevel=4,
                )


def draw_permutation(n: int, dtype: dtype, generator: Generator) -> np.ndarray:
    """0 to n - 1 shuffled: each place in turn changes with one of those not before it."""
    partners = (generator.words(max(n - 1, 0)) % np.arange(n, 1, -1, dtype=np.uint64)).tolist()
    items = list(range(n))
    for i, ahead in enumerate(partners):
        items[i], items[i + ahead] = items[i + ahead], items[i]
    return np.array(items, dtype.numpy)


def draw_bernoulli(shape: Shape, dtype: dtype, p: float | np.ndarray, generator: Generator) -> np.ndarray:
    """1 with probability p (a number, or an array of a floating dtype that broadcasts to the shape), else 0."""
    n = math.prod(shape)
    if isinstance(p, np.ndarray):
        _floating(dtypes.of(p), "bernoulli_tensor_cpu_p_")
        if not ((p >= 0) & (p <= 1)).all():
            raise RuntimeError(
                "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be "
                "improved?  If so, please report an enhancement request to PyTorch.)"
            )
        values = generator.doubles(n) if p.dtype == np.float64 else generator.floats(n)
    else:
        if not 0 <= p <= 1:
            raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
        values = generator.doubles(n)
    return (values.reshape(shape) < p).astype(dtype.numpy)


def draw_exponential(shape: Shape, dtype: dtype, rate: float, generator: Generator) -> np.ndarray:
    """Exponentially distributed with this rate, computed in float64."""
    if not rate > 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={rate:g}")
    if not dtype.is_floating_point:
        raise RuntimeError(
            "Exponential distribution is a continuous probability distribution. "
            f"dtype must be a floating point but you specified {dtype.scalar_name}"
        )
    return (-1.0 / rate * np.log1p(-generator.doubles(math.prod(shape)))).astype(dtype.numpy).reshape(shape)


def draw_multinomial(weights: np.ndarray, n: int, replacement: bool, generator: Generator) -> np.ndarray:
    """n indices into each row of weights, an index as often as its weight says (int64)."""
    if not 1 <= weights.ndim <= 2:
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    dtype = dtypes.of(weights)
    if not dtype.is_floating_point:
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {dtype.scalar_name}")
    if n <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and n > weights.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    shape = (*weights.shape[:-1], n)
    if not math.prod(shape):
        return np.empty(shape, np.int64)
    if replacement and n > 1:
        return _multinomial_with_replacement(weights, shape, generator)
    if not (np.isfinite(weights) & (weights >= 0)).all():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if (weights.sum(-1) == 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    # The smallest of waiting times with these rates picks an index as often as its rate says.
    with np.errstate(divide="ignore", over="ignore"):
        speeds = weights / draw_exponential(weights.shape, dtype, 1.0, generator)
    return np.argsort(-speeds, axis=-1, kind="stable")[..., :n]


def _multinomial_with_replacement(weights: np.ndarray, shape: Shape, generator: Generator) -> np.ndarray:
    if (weights < 0).any():
        raise RuntimeError("invalid multinomial distribution (encountering probability entry < 0)")
    if not np.isfinite(weights).all():
        raise RuntimeError("invalid multinomial distribution (encountering probability entry = infinity or NaN)")
    precise = weights.astype(np.float32) if weights.dtype == np.float16 else weights
    cumulated = np.cumsum(precise, axis=-1, dtype=precise.dtype)
    if not (cumulated[..., -1] > 0).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    cumulated /= cumulated[..., -1:].copy()
    cumulated[..., -1] = 1
    rows = cumulated.reshape(-1, weights.shape[-1]).astype(np.float64)
    thresholds = generator.doubles(math.prod(shape)).reshape(len(rows), -1)
    found = [np.searchsorted(row, wanted) for row, wanted in zip(rows, thresholds, strict=True)]
    return np.stack(found).reshape(shape)
