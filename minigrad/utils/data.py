"""Data in batches: a Dataset answers ``dataset[i]``, a DataLoader walks over it in batches, shuffled if wanted.

For the same seed the order is PyTorch's. Everything is loaded in this process.

See https://docs.pytorch.org/docs/stable/data.html
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ..creation import as_tensor, empty, randperm, tensor
from ..dtypes import float64, int64
from ..ops.dual import FUNCTIONS
from ..random import Generator, default_generator
from ..tensor import Tensor


class Dataset:
    """The base of datasets: write ``__getitem__`` and ``__len__``."""

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")


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
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)


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
        lengths = counts
    if sum(lengths) != total:
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    order = iter(randperm(total, generator=generator).tolist())
    return [Subset(dataset, list(itertools.islice(order, int(length)))) for length in lengths]


class DataLoader:
    """Walks over a dataset in batches: ``for inputs, targets in DataLoader(dataset, batch_size=32, shuffle=True)``.

    Args:
        dataset: anything with ``__getitem__`` and ``__len__``.
        batch_size: samples in a batch; None hands out single samples.
        shuffle: a new random order in every pass, by ``generator``.
        sampler: another order: the indices.
        num_workers, pin_memory: taken for PyTorch's sake; the batches are the same.
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
        self, dataset: Any, batch_size: Any = 1, shuffle: bool | None = None, sampler: Any = None,
        *, num_workers: int = 0, collate_fn: Callable[[list[Any]], Any] | None = None, pin_memory: bool = False,
        drop_last: bool = False, generator: Generator | None = None,
    ) -> None:  # fmt: skip
        if num_workers < 0:
            raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_size is None and drop_last:
            raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
        if batch_size is not None and not (isinstance(batch_size, int) and batch_size > 0):
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if shuffle and not len(dataset):
            raise ValueError("num_samples should be a positive integer value, but got num_samples=0")
        self.dataset, self.batch_size, self.shuffle, self.sampler = dataset, batch_size, shuffle, sampler
        self.drop_last, self.generator, self.num_workers = drop_last, generator, num_workers
        self.collate_fn = collate_fn or (default_convert if batch_size is None else default_collate)

    def __iter__(self) -> Iterator[Any]:
        _draw_seed(self.generator)  # PyTorch draws a seed for its workers, also without any
        return self._walk()

    def _walk(self) -> Iterator[Any]:
        indices = self._indices()
        if self.batch_size is None:
            yield from (self.collate_fn(self.dataset[index]) for index in indices)
            return
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield self.collate_fn([self.dataset[index] for index in batch])

    def _indices(self) -> Iterator[Any]:
        if not self.shuffle:
            yield from range(len(self.dataset)) if self.sampler is None else self.sampler
            return
        generator = self.generator or Generator().manual_seed(_draw_seed(None))
        yield from randperm(len(self.dataset), generator=generator).tolist()
        randperm(len(self.dataset), generator=generator)  # PyTorch draws an order more than it needs

    def __len__(self) -> int:
        size = len(self.dataset if self.sampler is None else self.sampler)
        if self.batch_size is None:
            return size
        return size // self.batch_size if self.drop_last else math.ceil(size / self.batch_size)


def _draw_seed(generator: Generator | None) -> int:
    return int(empty((), dtype=int64).random_(generator=generator).item())


def default_collate(batch: Any) -> Any:
    """A batch of samples as a sample of batches: tensors are stacked, numbers become tensors, tuples are zipped.

    See https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.default_collate
    """
    first = batch[0]
    if isinstance(first, Tensor) or (isinstance(first, np.ndarray | np.generic) and first.dtype.kind in "biuf"):
        return FUNCTIONS["stack"]([as_tensor(each) for each in batch], 0)
    if isinstance(first, int | float):
        return tensor(list(batch), dtype=float64 if isinstance(first, float) else None)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return {key: default_collate([each[key] for each in batch]) for key in first}
    if isinstance(first, Sequence):
        if any(len(each) != len(first) for each in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        parts = [default_collate(list(part)) for part in zip(*batch, strict=True)]
        return type(first)(*parts) if hasattr(first, "_fields") else parts  # a named tuple stays one
    kind = first.dtype if isinstance(first, np.ndarray) else type(first)
    raise TypeError(f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {kind}")


def default_convert(sample: Any) -> Any:
    """A sample with tensors in place of numpy arrays."""
    if isinstance(sample, np.ndarray):
        return as_tensor(sample)
    if isinstance(sample, Mapping):
        return {key: default_convert(value) for key, value in sample.items()}
    if isinstance(sample, tuple | list):
        return [default_convert(value) for value in sample]
    return sample
