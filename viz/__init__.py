"""See a computation: draw its graph (make_dot), record a run (record, %%step), step through it (Stepper), choose with
sliders what a picture is drawn for (explore).

Nothing is imported until it is used: ``import viz`` costs next to nothing.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .compare import compare as compare
    from .dot import Dot as Dot
    from .dot import make_dot as make_dot
    from .dot import save as save
    from .explorers import explore as explore
    from .graph import Graph as Graph
    from .graph import to_json as to_json
    from .graph import to_networkx as to_networkx
    from .graph import to_text as to_text
    from .record import record as record
    from .record import step as step
    from .stepper import Stepper as Stepper
    from .trace import Trace as Trace
    from .trace import load as load

# Which module a public name lives in.
_HOMES = {
    "compare": "compare",
    "Dot": "dot",
    "make_dot": "dot",
    "save": "dot",
    "explore": "explorers",
    "Graph": "graph",
    "to_json": "graph",
    "to_networkx": "graph",
    "to_text": "graph",
    "record": "record",
    "step": "record",
    "Stepper": "stepper",
    "Trace": "trace",
    "load": "trace",
}

__all__ = ["load_ipython_extension", *_HOMES]  # noqa: PLE0604


class _Package(ModuleType):
    """The package as a module that never shows a submodule in place of the public name it is the home of."""

    def __getattr__(self, name: str) -> Any:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module 'viz' has no attribute {name!r}")
        value = getattr(importlib.import_module(f"viz.{home}"), name)
        setattr(self, name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # Importing viz.record makes Python set the attribute "record" to the module; the function is meant.
        if name in _HOMES and isinstance(value, ModuleType):
            value = getattr(value, name)
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted(__all__)


sys.modules[__name__].__class__ = _Package


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext viz`` makes ``%%step`` known to the notebook."""
    from .magic import load_ipython_extension as load

    load(ipython)
