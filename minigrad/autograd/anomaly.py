"""Anomaly detection: nodes remember the stack that made them, and a backward that returns NaN is an error."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from . import grad_mode
from .graph import Node


class Watch:
    """What the engine asks while anomaly detection is on."""

    def __init__(self, check_nan: bool) -> None:
        self.check_nan = check_nan

    def check(self, node: Node, outgoing: Any) -> None:
        """Raise RuntimeError where a node returned NaN."""
        for number, out in enumerate(outgoing if self.check_nan else ()):
            array = getattr(out, "_array", out)
            if array is not None and np.isnan(array).any():
                raise RuntimeError(f"Function '{node.name()}' returned nan values in its {number}th output.")

    def warn(self, node: Node) -> None:
        """Show the forward call that made the node that failed."""
        stack = node.metadata.get("traceback_")
        if stack is None:
            warnings.warn(
                f"Error detected in {node.name()}. No forward pass information available. Enable detect anomaly during "
                "forward pass for more information.",
                UserWarning,
                stacklevel=6,
            )
            return
        warnings.warn(
            f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n{''.join(stack)}",
            UserWarning,
            stacklevel=6,
        )


class detect_anomaly(grad_mode._Mode):
    """Inside, an error in backward shows the forward line that caused it, and NaN gradients are errors.

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.detect_anomaly
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
            "debugging.",
            UserWarning,
            stacklevel=2,
        )

    def clone(self) -> grad_mode._Mode:
        clone: detect_anomaly = object.__new__(detect_anomaly)
        clone.check_nan = self.check_nan
        return clone

    def modes(self) -> dict[str, Any]:
        return {"anomaly": Watch(self.check_nan)}


class set_detect_anomaly(grad_mode._Mode):
    """Turn anomaly detection on or off: at once, and back again when used as a context manager."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = {"anomaly": grad_mode.state.anomaly}
        grad_mode.change(anomaly=Watch(check_nan) if mode else None)

    def __enter__(self) -> None:
        pass


def is_anomaly_enabled() -> bool:
    """Whether anomaly detection is on."""
    return grad_mode.state.anomaly is not None
