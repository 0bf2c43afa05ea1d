"""Whole Jacobians and Hessians: many small backward passes over one graph."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType

from tests.benchmarks import Workload


def jacobian(torch: ModuleType) -> Callable[[], object]:
    functional = importlib.import_module(f"{torch.__name__}.autograd.functional")
    weight, x = torch.randn(64, 64), torch.randn(64)
    return lambda: functional.jacobian(lambda x: torch.tanh(weight @ x), x)


def hessian(torch: ModuleType) -> Callable[[], object]:
    functional = importlib.import_module(f"{torch.__name__}.autograd.functional")
    weight, x = torch.randn(32, 32), torch.randn(32)
    return lambda: functional.hessian(lambda x: torch.tanh(weight @ x).sum(), x)


WORKLOADS = [
    Workload("Jacobian of tanh(W x), 64 to 64", jacobian, goal=0.30),
    Workload("Hessian of sum(tanh(W x)), 32", hessian, goal=0.60),
]
