"""Workloads to time. `make bench` runs them; each says what it is held against and how far it may stay behind."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Workload:
    """One thing worth timing.

    `make` gets minigrad, and once more PyTorch, under the name torch; it prepares its tensors and returns the function
    to time. Where the yardstick is something else than PyTorch, `against` makes that instead. What measures itself
    gives its `seconds`, and is held against a `budget` of seconds.
    """

    name: str
    make: Callable[[ModuleType], Callable[[], object]] = lambda torch: lambda: None
    goal: float = 1.0
    against: Callable[[], Callable[[], object]] | None = None
    rounds: int = 15
    seconds: Callable[[], float] | None = None
    budget: float = 0.0

    def ours(self) -> Callable[[], object]:
        return self.make(importlib.import_module("minigrad"))

    def theirs(self, torch: ModuleType | None) -> Callable[[], object] | None:
        if self.against is not None:
            return self.against()
        return None if torch is None else self.make(torch)
