"""Anomaly detection: nodes remember the stack that made them, and a backward that returns NaN is an error."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import grad_mode, notes
from .graph import Node


def check_nan(node: Node, outgoing: Any) -> None:
    """Raise RuntimeError where a node returned NaN."""
    for number, out in enumerate(outgoing):
        array = getattr(out, "_array", out)
        if array is not None and np.isnan(array).any():
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {number}th output.")


def warn(node: Node) -> None:
    """Show the forward call that made the node that failed."""
    stack = node.metadata.get("traceback_")
    told = "No forward pass information available. Enable detect anomaly during forward pass for more information."
    if stack is not None:
        told = f"Traceback of forward call that caused the error:\n{''.join(stack)}"
    notes.warn(f"Error detected in {node.name()}. {told}")


class detect_anomaly(grad_mode.Mode):
    """Inside, an error in backward shows the forward line that caused it, and NaN gradients are errors.

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.detect_anomaly
    """

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(anomaly=check_nan)
        notes.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging."
        )


class set_detect_anomaly(grad_mode.AtOnce):
    """Turn anomaly detection on or off: at once, and back again when used as a context manager."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(anomaly=check_nan if mode else None)


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on."""
    return grad_mode.state.anomaly is not None


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly detection, when it is on, takes NaN gradients for errors."""
    return grad_mode.state.anomaly is not False
