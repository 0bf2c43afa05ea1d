"""What scripts ask and say about devices before they begin. Here is one CPU, which computes the same every time."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from .dtypes import CPU, check_device, device


def _no() -> bool:
    return False


def _nothing(*args: Any) -> None:
    pass


accelerator = SimpleNamespace(is_available=_no, current_accelerator=_nothing, device_count=lambda: 0)
cuda = SimpleNamespace(
    is_available=_no, device_count=lambda: 0, manual_seed=_nothing, manual_seed_all=_nothing, empty_cache=_nothing
)
backends = SimpleNamespace(
    cudnn=SimpleNamespace(is_available=_no, enabled=True, deterministic=False, benchmark=False),
    cuda=SimpleNamespace(is_built=_no),
    mps=SimpleNamespace(is_available=_no, is_built=_no),
)


def get_default_device() -> device:
    """Where tensors are made: the CPU."""
    return CPU


def set_default_device(device: str | device | None) -> None:
    """Say where tensors are to be made: on the CPU. AssertionError, RuntimeError: anywhere else."""
    check_device(device, "set_default_device")


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Ask for the same result every time, which every operation here gives."""
