"""What tensors are called in a picture: what the caller says, what is found around, what a recorder saw.

Names are kept by ``id()``: tensors compare element by element, so they are no keys of a dict.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any


class Seen:
    """What recorders saw, as long as it lives: ``tensors`` have names, functions the paths of their modules."""

    def __init__(self) -> None:
        self._texts: dict[int, tuple[weakref.ref[Any], str]] = {}

    def remember(self, thing: Any, text: str) -> None:
        """Note a text for a tensor or function, until it dies."""
        key = id(thing)
        self._texts[key] = weakref.ref(thing, lambda _: self._texts.pop(key, None)), text

    def texts(self) -> dict[int, str]:
        """All of them, by ``id()``."""
        return {key: text for key, (thing, text) in self._texts.items() if thing() is not None}


SEEN_TENSORS, SEEN_FUNCTIONS = Seen(), Seen()


class Names:
    """The names for one picture.

    Attributes:
        tensors: names by ``id()``: ``x``, ``layer1.weight``.
        kinds: the class of a module by its path: ``layer1`` is a ``Linear``.
        paths: the module that made a function, by the function's ``id()``, where a recorder saw it.
    """

    def __init__(self, params: Any = None, around: Any = None) -> None:
        self.tensors = SEEN_TENSORS.texts()
        self.kinds: dict[str, str] = {}
        self.paths = SEEN_FUNCTIONS.texts()
        self._look_around(around)
        self._take(params)

    def _take(self, params: Mapping[str, Any] | Iterable[tuple[str, Any]] | None) -> None:
        for name, tensor in dict(params or {}).items():
            if not is_tensor(tensor):
                raise TypeError(f"params names tensors, and params[{name!r}] is {describe(tensor)}")
            self.tensors[id(tensor)] = str(name)

    def _look_around(self, names: Any) -> None:
        if names is None:
            return
        if hasattr(names, "named_parameters"):
            self._take_module(names, "")
            return
        if not isinstance(names, Mapping):
            raise TypeError(f"names takes locals(), a dict or a module, and got {describe(names)}")
        modules = {}
        found: dict[int, str] = {}
        for name, value in names.items():
            # A notebook's namespace is full of _, _12 and the like.
            if not isinstance(name, str) or name.startswith("_") or isinstance(value, type | ModuleType):
                continue
            if is_tensor(value):
                found.setdefault(id(value), name)
            elif hasattr(value, "named_parameters"):
                modules[name] = value
        self.tensors |= found
        for name, module in modules.items():
            self._take_module(module, f"{name}." if len(modules) > 1 else "")

    def _take_module(self, module: Any, prefix: str) -> None:
        for name, tensor in module.named_parameters():
            self.tensors[id(tensor)] = prefix + name
        if hasattr(module, "named_modules"):
            self.kinds |= {(prefix + path).rstrip("."): type(inner).__name__ for path, inner in module.named_modules()}


def is_tensor(value: Any) -> bool:
    """Whether ``value`` is a tensor, PyTorch's or minigrad's; a grad_fn and an array are not."""
    return hasattr(value, "grad_fn") and hasattr(value, "requires_grad") and hasattr(value, "shape")


def describe(value: Any) -> str:
    """What a value is, for the message of an error."""
    if value is None:
        return "None (backward() returns None: pass its tensor instead)"
    return f"a {type(value).__module__}.{type(value).__qualname__}".replace("builtins.", "")
