"""Every differentiable operation: forward, derivative and formula stand together, a row each.

Here the operations become functions of the package and methods of Tensor: those declared with ``@function`` (see
arguments.py), and what a module says in tables. It says in ``BOTH`` what is
``torch.f`` and ``Tensor.f``, in ``FUNCTIONS_ONLY`` and ``METHODS_ONLY`` what is one of them, and in
``IN_PLACE`` what is also ``Tensor.f_``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor import Tensor
from . import arguments, arithmetic, indexing, linalg, pointwise, reduction, shaping
from .dual import FUNCTIONS
from .templates import in_place

MODULES = (arithmetic, pointwise, reduction, linalg, shaping, indexing)
METHODS: dict[str, Callable[..., Any]] = {}

for _module in MODULES:
    _table = vars(_module)
    _both = {function.__name__: function for function in _table.get("BOTH", ())} | _table.get("ALIASES", {})
    FUNCTIONS.update(_both)
    METHODS.update(_both)
    FUNCTIONS.update({function.__name__: function for function in _table.get("FUNCTIONS_ONLY", ())})
    METHODS.update({function.__name__: function for function in _table.get("METHODS_ONLY", ())})
    METHODS.update({function.__name__ + "_": in_place(function) for function in _table.get("IN_PLACE", ())})
    for _alias, _function in _table.get("ALIASES", {}).items():
        if _function in _table.get("IN_PLACE", ()):
            METHODS[_alias + "_"] = METHODS[_function.__name__ + "_"]
    METHODS.update(_table.get("OPERATORS", {}))
    for _name, _function in _table.get("PROPERTIES", {}).items():
        setattr(Tensor, _name, property(_function))

FUNCTIONS.update(arguments.FUNCTIONS)
METHODS.update(arguments.METHODS)
for _name, _function in METHODS.items():
    setattr(Tensor, _name, _function)
