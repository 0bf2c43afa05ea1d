"""A step of training through nn and optim: a tiny network, an MLP for digits, a small CNN."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

from tests.benchmarks import Workload


def step(torch: ModuleType, model: Any, loss_fn: Any, x: Any, target: Any, momentum: float) -> Callable[[], object]:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=momentum)

    def run() -> None:
        optimizer.zero_grad()
        loss_fn(model(x), target).backward()
        optimizer.step()

    return run


def tiny(torch: ModuleType) -> Callable[[], object]:
    nn = importlib.import_module(f"{torch.__name__}.nn")
    model = nn.Sequential(nn.Linear(1, 10), nn.ReLU(), nn.Linear(10, 1))
    return step(torch, model, nn.MSELoss(), torch.randn(3, 1), torch.randn(3, 1), 0.0)


def mlp(torch: ModuleType) -> Callable[[], object]:
    nn = importlib.import_module(f"{torch.__name__}.nn")
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    return step(torch, model, nn.CrossEntropyLoss(), torch.randn(128, 784), torch.randint(0, 10, (128,)), 0.9)


def cnn(torch: ModuleType) -> Callable[[], object]:
    nn = importlib.import_module(f"{torch.__name__}.nn")
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * 5 * 5, 10),
    )  # fmt: skip
    return step(torch, model, nn.CrossEntropyLoss(), torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,)), 0.9)


WORKLOADS = [
    Workload("step of a 1-10-1 MLP, batch 3, MSE, SGD", tiny, goal=0.35),
    Workload("step of a 784-256-10 MLP, batch 128", mlp, goal=0.90),
    Workload("step of a CNN, 1x28x28, 8 and 16 channels, batch 64", cnn, goal=1.0),
]
