"""Modules that hold modules: in a row, in a list, by name. They are Python's own sequences and mappings besides."""

from __future__ import annotations

import itertools
import operator
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, MutableSequence
from typing import Any

from ..tensor import Tensor
from .module import Module, indented, typename
from .parameter import Parameter


class _Held(Module):
    """What all of them share: entries in one of the module's tables."""

    table = "_modules"

    @property
    def _entries(self) -> dict[str, Any]:
        return self.__dict__[self.table]

    def _fitting(self, value: Any) -> Any:
        return value

    def __len__(self) -> int:
        return len(self._entries)


class _HeldParameters(_Held):
    """Entries that are parameters; other tensors become some."""

    table = "_parameters"
    _kind: Callable[[Any], Any] = operator.attrgetter("dtype")

    def _fitting(self, value: Any) -> Any:
        return value if isinstance(value, Parameter) else Parameter(value)

    def extra_repr(self) -> str:
        lines = []
        for name, value in self._entries.items():
            size = "x".join(map(str, value.shape))
            lines.append(f"  ({name}): Parameter containing: [{self._kind(value)} of size {size}]")
        return "\n".join(lines)


class _Listed(_Held, MutableSequence[Any]):
    """Entries named 0, 1, 2, ..."""

    def _place(self, index: Any) -> int:
        """An index counted from the front, or IndexError."""
        size, place = len(self), operator.index(index)
        if not -size <= place < size:
            raise IndexError(f"index {place} is out of range")
        return place % size

    def _renumber(self, modules: list[Any]) -> None:
        self._entries.clear()
        for module in modules:
            self.append(module)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._entries.values())

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._of(list(self._entries.items())[index])
        return list(self)[self._place(index)]

    def _of(self, named: list[tuple[str, Any]]) -> Any:
        """A container of the same kind with these entries."""
        return type(self)([entry for _, entry in named])  # type: ignore[call-arg]

    def __setitem__(self, index: Any, module: Any) -> None:
        setattr(self, list(self._entries)[self._place(index)], self._fitting(module))

    def __delitem__(self, index: Any) -> None:
        modules = list(self)
        del modules[index if isinstance(index, slice) else self._place(index)]
        self._renumber(modules)

    def insert(self, index: int, module: Any) -> None:
        """Add a module before the one at ``index``."""
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)

    def append(self, module: Any) -> Any:
        """Add a module at the end."""
        self._register(self.table, str(len(self)), self._fitting(module))
        return self

    def extend(self, modules: Iterable[Any]) -> Any:
        """Add modules at the end."""
        super().extend(modules)
        return self

    def __add__(self, other: Iterable[Any]) -> Any:
        return self._of([(str(number), module) for number, module in enumerate([*self, *other])])


class Sequential(_Listed):
    """Modules one after the other.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], dict) else enumerate(args)
        for name, module in named:
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        """Each module on the result of the one before."""
        for module in self._modules.values():
            input = module(input)
        return input

    def insert(self, index: int, module: Any) -> Any:
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        super().insert(index, module)
        return self

    def _of(self, named: list[tuple[str, Any]]) -> Any:
        return type(self)(OrderedDict(named))


class ModuleList(_Listed):
    """A list of modules that are counted as children.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(() if modules is None else modules)

    def _child_lines(self) -> list[str]:
        """Equal neighbours share a line: ``(0-2): 3 x Linear(...)``."""
        lines = []
        for text, run in itertools.groupby(enumerate(map(repr, self)), key=lambda item: item[1]):
            numbers = [number for number, _ in run]
            several = len(numbers) > 1
            label = f"({numbers[0]}-{numbers[-1]}): {len(numbers)} x " if several else f"({numbers[0]}): "
            lines.append(label + indented(text))
        return lines


class ParameterList(_HeldParameters, _Listed):
    """A list of parameters; other tensors become some.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.ParameterList.html
    """

    def __init__(self, values: Iterable[Tensor] | None = None) -> None:
        super().__init__()
        self.extend(() if values is None else values)


class _Named(_Held, MutableMapping[str, Any]):
    """Entries by name."""

    __hash__, __eq__ = object.__hash__, object.__eq__  # each is itself, whatever it holds

    def __getitem__(self, name: str) -> Any:
        return self._entries[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._register(self.table, name, self._fitting(value))

    def __delitem__(self, name: str) -> None:
        del self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._entries)


class ModuleDict(_Named):
    """Modules by name.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleDict.html
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        self.update({} if modules is None else modules)


class ParameterDict(_HeldParameters, _Named):
    """Parameters by name; other tensors become some. Those of a plain dict are taken in the order of their names.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.ParameterDict.html
    """

    _kind = staticmethod(typename)

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self.update({} if parameters is None else parameters)

    def update(self, entries: Any = (), /, **more: Any) -> None:
        """Add parameters from a mapping, or from pairs of names and tensors."""
        super().update(sorted(entries.items()) if type(entries) is dict else entries, **more)
