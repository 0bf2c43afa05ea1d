"""Data in batches: a Dataset answers ``dataset[i]``, a DataLoader walks over it in batches, shuffled if wanted.

For the same seed the order is PyTorch's. Everything is loaded in this process.

See https://docs.pytorch.org/docs/stable/data.html
"""

from __future__ import annotations

import itertools
import math
import warnings
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..creation import as_tensor, empty, randint, randperm, tensor
from ..dtypes import float64, int64
from ..ops.dual import FUNCTIONS
from ..random import Generator, default_generator
from ..tensor import Tensor


class Dataset:
    """The base of datasets: write ``__getitem__`` and ``__len__``."""

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Any) -> ConcatDataset:
        return ConcatDataset([self, other])


class TensorDataset(Dataset):
    """Sample i is the tuple of all tensors' i-th entries."""

    def __init__(self, *tensors: Tensor) -> None:
        if any(tensors[0].size(0) != each.size(0) for each in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors: tuple[Any, ...] = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(each[index] for each in self.tensors)

    def __len__(self) -> int:
        return self.tensors[0].size(0)


class Subset(Dataset):
    """The samples of a dataset at some indices."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[each] for each in index]]
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset):
    """Several datasets one after the other."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        self.cumulative_sizes = list(itertools.accumulate(len(each) for each in self.datasets))

    def __getitem__(self, index: int) -> Any:
        if index < 0:
            if -index > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            index += len(self)
        which = bisect_right(self.cumulative_sizes, index)
        return self.datasets[which][index - (self.cumulative_sizes[which - 1] if which else 0)]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Generator | None = default_generator
) -> list[Subset]:
    """Cut a dataset at random into parts of these lengths, or of these fractions of it.

    Raises:
        ValueError: the lengths do not add up.

    See https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.random_split
    """
    total = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        for place, fraction in enumerate(lengths):
            if not 0 <= fraction <= 1:
                raise ValueError(f"Fraction at index {place} is not between 0 and 1")
        counts = [math.floor(total * fraction) for fraction in lengths]
        for place in range(total - sum(counts)):
            counts[place % len(counts)] += 1
        for place, count in enumerate(counts):
            if count == 0:
                warnings.warn(
                    f"Length of split at index {place} is 0. This might result in an empty dataset.", stacklevel=2
                )
        lengths = counts
    if sum(lengths) != total:
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    order = iter(randperm(total, generator=generator).tolist())
    return [Subset(dataset, list(itertools.islice(order, int(length)))) for length in lengths]


class Sampler:
    """The base of samplers: ``__iter__`` says in which order indices come."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError


class SequentialSampler(Sampler):
    """0, 1, 2, ..."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """All indices in random order, or ``num_samples`` of them, drawn with ``replacement`` if wanted."""

    def __init__(
        self,
        data_source: Any,
        replacement: Any = False,
        num_samples: Any = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source, self.replacement, self._num_samples = data_source, replacement, num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={self.num_samples}")

    @property
    def num_samples(self) -> Any:
        """How many indices come."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        generator = Generator().manual_seed(_draw_seed(None)) if self.generator is None else self.generator
        size, left = len(self.data_source), int(self.num_samples)
        while left >= 0:  # PyTorch draws once more than needed where the last block is full
            if self.replacement:
                drawn = randint(0, size, (min(left, 32),), generator=generator)
            else:
                drawn = randperm(size, generator=generator)
            yield from drawn.tolist()[:left]
            left -= 32 if self.replacement else size

    def __len__(self) -> int:
        return int(self.num_samples)


class BatchSampler(Sampler):
    """The indices of another sampler in lists of ``batch_size``."""

    def __init__(self, sampler: Any, batch_size: Any, drop_last: Any) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        size = len(self.sampler)
        return size // self.batch_size if self.drop_last else math.ceil(size / self.batch_size)


def _draw_seed(generator: Generator | None) -> int:
    return int(empty((), dtype=int64).random_(generator=generator).item())


class DataLoader:
    """Walks over a dataset in batches: ``for inputs, targets in DataLoader(dataset, batch_size=32, shuffle=True)``.

    Args:
        dataset: anything with ``__getitem__`` and ``__len__``.
        batch_size: samples in a batch; None hands out single samples.
        shuffle: a new random order in every pass, by ``generator``.
        sampler, batch_sampler: the order in another way: indices, or lists of them.
        num_workers: taken for PyTorch's sake; the batches are the same.
        collate_fn: makes a batch of a list of samples.
        drop_last: leave out the last batch if it is not full.

    >>> import minigrad as torch
    >>> from minigrad.utils.data import DataLoader, TensorDataset
    >>> dataset = TensorDataset(torch.arange(5), torch.arange(5) ** 2)
    >>> for number, square in DataLoader(dataset, batch_size=2):
    ...     print(number, square)
    tensor([0, 1]) tensor([0, 1])
    tensor([2, 3]) tensor([4, 9])
    tensor([4]) tensor([16])

    See https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Any = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
    ) -> None:
        if num_workers < 0:
            raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if sampler is None:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset, self.batch_size, self.num_workers = dataset, batch_size, num_workers
        self.sampler, self.batch_sampler, self.drop_last = sampler, batch_sampler, drop_last
        self.generator = generator
        self.collate_fn = collate_fn or (_converted if batch_sampler is None else default_collate)

    def __iter__(self) -> Iterator[Any]:
        _draw_seed(self.generator)  # PyTorch draws a seed for its workers, also without any
        return self._walk()

    def _walk(self) -> Iterator[Any]:
        if self.batch_sampler is None:
            for index in self.sampler:
                yield self.collate_fn(self.dataset[index])
            return
        for batch in self.batch_sampler:
            yield self.collate_fn([self.dataset[index] for index in batch])

    def __len__(self) -> int:
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)  # type: ignore[arg-type]


def default_collate(batch: Any) -> Any:
    """A batch of samples as a sample of batches: tensors are stacked, numbers become tensors, tuples are zipped.

    See https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.default_collate
    """
    first = batch[0]
    if isinstance(first, np.ndarray):
        if first.dtype.kind not in "biuf":
            raise _uncollated(first.dtype)
        batch = [as_tensor(each) for each in batch]
    if isinstance(batch[0], Tensor):
        return FUNCTIONS["stack"](list(batch), 0)
    if isinstance(first, np.generic):
        return as_tensor(np.asarray(batch))
    if isinstance(first, float):
        return tensor(list(batch), dtype=float64)
    if isinstance(first, int):
        return tensor(list(batch))
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return {key: default_collate([each[key] for each in batch]) for key in first}
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(list(part)) for part in zip(*batch, strict=True)))
    if isinstance(first, Sequence):
        if any(len(each) != len(first) for each in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        return [default_collate(list(part)) for part in zip(*batch, strict=True)]
    raise _uncollated(type(first))


def _uncollated(kind: Any) -> TypeError:
    return TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {kind}"
    )


def _converted(sample: Any) -> Any:
    """A sample with tensors in place of numpy arrays."""
    if isinstance(sample, np.ndarray):
        return as_tensor(sample)
    if isinstance(sample, Mapping):
        return {key: _converted(value) for key, value in sample.items()}
    if isinstance(sample, tuple | list):
        return [_converted(value) for value in sample]
    return sample
