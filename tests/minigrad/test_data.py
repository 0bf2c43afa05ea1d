"""Datasets and DataLoader: the same batches in the same order as PyTorch for the same seed, the same errors."""

from __future__ import annotations

import pytest

import minigrad as torch
from minigrad import nn
from minigrad.utils.data import DataLoader, TensorDataset, random_split
from tests.minigrad.oracle import program

GIVEN = """
    import importlib
    from collections import namedtuple
    data = importlib.import_module(torch.__name__ + ".utils.data")
    tensors = data.TensorDataset(torch.arange(10), torch.arange(20.0).reshape(10, 2))
    Pair = namedtuple("Pair", "a b")
    class Mine(data.Dataset):
        def __len__(self):
            return 4
        def __getitem__(self, i):
            return torch.tensor([i * 1.0]), i
    def walked(loader):
        return len(loader), list(loader), list(loader)
"""

LOADERS = [
    "", "batch_size=3", "batch_size=3, drop_last=True", "batch_size=3, shuffle=True", "batch_size=20, shuffle=True",
    "batch_size=None", "batch_size=None, shuffle=True", "sampler=[3, 1, 1]", "batch_size=4, collate_fn=len",
    "batch_size=0", "batch_size=-1", "batch_size=2.0", "shuffle=True, sampler=range(3)",
    "batch_size=None, drop_last=True", "num_workers=-1",
]  # fmt: skip
SPLITS = [
    "[3, 7]",
    "[0.3, 0.7]",
    "[0.33, 0.33, 0.34]",
    "[0.5, 0.25, 0.25]",
    "[3, 3]",
    "[0.5, 0.6]",
    "[-0.5, 1.5]",
]
CALLS = [
    "data.TensorDataset(torch.ones(2), torch.ones(3))",
    "(len(tensors), tensors[3], tensors[-1], tensors[2:4])",
    "tensors[10]",
    "walked(data.DataLoader([1, 2, 3], batch_size=2))",
    "walked(data.DataLoader([1.0, 2.0, 3.0], batch_size=2))",
    "walked(data.DataLoader([True, False], batch_size=2))",
    "walked(data.DataLoader(['a', 'b', 'c'], batch_size=2))",
    "walked(data.DataLoader([{'x': torch.ones(2), 'y': 1, 'n': 's'}] * 3, batch_size=2))",
    "walked(data.DataLoader([Pair(1, 2.0)] * 3, batch_size=2))",
    "walked(data.DataLoader([(1, [2.0, 3])] * 3, batch_size=2))",
    "walked(data.DataLoader(np.arange(6.0).reshape(3, 2), batch_size=2))",
    "walked(data.DataLoader(np.arange(6.0).reshape(3, 2), batch_size=None))",
    "walked(data.DataLoader([(np.arange(2.0), np.float32(3), np.int64(1))] * 3, batch_size=2))",
    "walked(data.DataLoader([(1, 2), (1,)], batch_size=2))",
    "walked(data.DataLoader([torch.ones(2), torch.ones(3)], batch_size=2))",
    "walked(data.DataLoader([None], batch_size=2))",
    "walked(data.DataLoader([np.array(['a'])], batch_size=2))",
    "walked(data.DataLoader([], batch_size=2))",
    "walked(data.DataLoader([], batch_size=2, shuffle=True))",
    "walked(data.DataLoader(Mine(), batch_size=3, shuffle=True))",
    "data.Dataset()[0]",
    "len(data.DataLoader(data.Dataset()))",
    "walked(data.DataLoader(data.Subset(tensors, [3, 5, 7]), batch_size=2))",
    "data.default_collate([(1, torch.ones(2)), (2, torch.zeros(2))])",
]  # fmt: skip


@pytest.mark.parametrize("options", LOADERS)
def test_loader(options: str) -> None:
    program(f"{GIVEN}\n    print(walked(data.DataLoader(tensors, {options})), torch.rand(2))")


@pytest.mark.parametrize("options", LOADERS[:7])
def test_loader_with_a_generator_of_its_own(options: str) -> None:
    program(f"""{GIVEN}
    g = torch.Generator().manual_seed(7)
    print(walked(data.DataLoader(tensors, generator=g, {options})), torch.rand(2), torch.rand(2, generator=g))
    """)


@pytest.mark.parametrize("lengths", SPLITS)
def test_random_split(lengths: str) -> None:
    program(f"""{GIVEN}
    print([part.indices for part in data.random_split(range(10), {lengths})], torch.rand(1))
    g = torch.Generator().manual_seed(7)
    print([part.indices for part in data.random_split(range(10), {lengths}, generator=g)], torch.rand(1))
    """)


@pytest.mark.parametrize("call", CALLS)
def test_call(call: str) -> None:
    program(f"{GIVEN}\n    print({call})")


def test_two_walks_at_once_do_not_disturb_each_other() -> None:
    program(f"""{GIVEN}
    loader = data.DataLoader(tensors, batch_size=4, shuffle=True)
    for a, b in zip(loader, loader):
        print(a, b, torch.rand(1))
    """)


def test_a_classifier_of_digits_reaches_97_percent() -> None:
    from sklearn.datasets import load_digits

    digits = load_digits()
    torch.manual_seed(0)
    images = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 16
    train, test = random_split(TensorDataset(images, torch.tensor(digits.target)), [0.8, 0.2])
    convolution = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    model = nn.Sequential(convolution, nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10))
    loss_fn, optimizer = nn.CrossEntropyLoss(), torch.optim.Adam(model.parameters(), lr=0.005)
    for _ in range(10):
        for x, target in DataLoader(train, batch_size=64, shuffle=True):
            optimizer.zero_grad()
            loss_fn(model(x), target).backward()
            optimizer.step()
    with torch.no_grad():
        ((x, target),) = DataLoader(test, batch_size=len(test))
        accuracy = (model(x).argmax(1) == target).float().mean().item()
    assert accuracy >= 0.97
