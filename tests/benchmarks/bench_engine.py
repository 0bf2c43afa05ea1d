"""Forward and backward through small graphs, where the cost is the engine's own."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from tests.benchmarks import Workload


def chain_of_constants(torch: ModuleType) -> Callable[[], object]:
    x = torch.tensor([1.0], requires_grad=True)

    def run() -> None:
        y = x
        for _ in range(333):
            y = (y * 0.9 + 0.1) * 1.01
        y.sum().backward()

    return run


def chain_of_leaves(torch: ModuleType) -> Callable[[], object]:
    x = torch.tensor([1.0], requires_grad=True)
    w = torch.tensor([0.9], requires_grad=True)
    b = torch.tensor([0.1], requires_grad=True)

    def run() -> None:
        y = x
        for _ in range(333):
            y = (y * w + b) * w
        y.sum().backward()

    return run


def four_elements(torch: ModuleType) -> Callable[[], object]:
    x = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    y = torch.tensor([5.0, 6.0, 7.0, 8.0], requires_grad=True)
    gradient = torch.ones(4)

    def run() -> None:
        z = (x + y) * (y - 2)
        z.backward(gradient)

    return run


def million_elements(torch: ModuleType) -> Callable[[], object]:
    a = torch.randn(1_000_000, requires_grad=True)
    b = torch.randn(1_000_000, requires_grad=True)

    def run() -> None:
        (torch.exp(a) * b + a).sum().backward()

    return run


WORKLOADS = [
    Workload("999-op scalar chain, constants", chain_of_constants, goal=0.60),
    Workload("999-op scalar chain, leaves w and b", chain_of_leaves, goal=0.85),
    Workload("z = (x + y) * (y - 2), 4 elements", four_elements, goal=0.35),
    Workload("exp(a) * b + a, summed, 10^6 elements", million_elements, goal=0.80),
]
