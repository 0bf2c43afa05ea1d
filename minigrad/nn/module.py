"""Module: a tree of parameters and buffers with a forward; Parameter; the containers."""

from __future__ import annotations

import itertools
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ..autograd import grad_mode
from ..autograd.graph import RemovableHandle
from ..autograd.observe import tell
from ..dtypes import device, float16, float32, float64, get_default_dtype, type_name
from ..dtypes import dtype as Dtype
from ..tensor import Tensor

Table = dict[str, Any]


class Parameter(Tensor):
    """A tensor that a Module counts among its parameters when it is assigned as an attribute.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
    """

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            data = Tensor._plain(np.empty(0, get_default_dtype().numpy))
        array = data.detach()._array
        if requires_grad and array.dtype.kind != "f":
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        parameter: Parameter = cls._plain(array)  # type: ignore[assignment]
        parameter._version_counter = data._counter()
        parameter.requires_grad = requires_grad
        return parameter


class Module:
    """The base of every layer and network. Assign parameters, buffers and modules as attributes in ``__init__``
    (after ``super().__init__()``) and write ``forward``.

    >>> import minigrad as torch
    >>> class Net(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = torch.nn.Linear(2, 3)
    ...         self.out = torch.nn.Linear(3, 1)
    ...     def forward(self, x):
    ...         return self.out(self.hidden(x).relu())
    >>> [name for name, _ in Net().named_parameters()]
    ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
    """

    training: bool
    _parameters: Table
    _buffers: Table
    _modules: Table

    def __init__(self) -> None:
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _modules={},
            _non_persistent=set(),
            _backward_pre_hooks=OrderedDict(),
            _backward_hooks=OrderedDict(),
            _forward_pre_hooks=OrderedDict(),
            _forward_hooks=OrderedDict(),
        )

    # Attributes

    def __setattr__(self, name: str, value: Any) -> None:
        own = self.__dict__
        for table, kind, expected in _TABLES:
            if isinstance(value, kind):
                if table not in own:
                    raise AttributeError(f"cannot assign {expected[0]} before Module.__init__() call")
                for other in (own, own["_parameters"], own["_buffers"], own["_modules"]):
                    if other is not own[table]:
                        other.pop(name, None)
                own[table][name] = value
                return
        for table, _, (_, what, names) in (*_TABLES, _BUFFERS):
            if name in own.get(table, ()):
                if value is not None and not (table == "_buffers" and isinstance(value, Tensor)):
                    raise TypeError(f"cannot assign '{_kind(value)}' as {what} '{name}' ({names} or None expected)")
                own[table][name] = value
                return
        super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        for table in ("_parameters", "_buffers", "_modules"):
            entries = self.__dict__.get(table, {})
            if name in entries:
                return entries[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for table in (self._parameters, self._buffers, self._modules):
            if name in table:
                del table[name]
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._parameters, *self._buffers, *self._modules})

    def _enter(self, table: str, what: str, name: Any, value: Any, fits: bool, misfit: str) -> None:
        """Add a parameter, buffer or module by name, after PyTorch's checks."""
        if table not in self.__dict__:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string. Got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'{what} name can\'t contain "."' + (f", got: {name}" if what == "module" else ""))
        if not name:
            raise KeyError(f'{what} name can\'t be empty string ""')
        entries = self.__dict__[table]
        if hasattr(self, name) and name not in entries:
            raise KeyError(f"attribute '{name}' already exists")
        if not fits and value is not None:
            raise TypeError(misfit)
        entries[name] = value

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter by name; None keeps the name without one."""
        misfit = f"cannot assign '{_kind(param)}' object to parameter '{name}' (torch.nn.Parameter or None required)"
        self._enter("_parameters", "parameter", name, param, isinstance(param, Parameter), misfit)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is state but is not trained (a running mean); ``persistent``: part of state_dict."""
        misfit = f"cannot assign '{_kind(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
        self._enter("_buffers", "buffer", name, tensor, isinstance(tensor, Tensor), misfit)
        (self._non_persistent.discard if persistent else self._non_persistent.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child by name."""
        misfit = f"{type(module).__name__} is not a Module subclass"
        self._enter("_modules", "module", name, module, isinstance(module, Module), misfit)

    register_module = add_module

    # Running it

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        observed = grad_mode.special and grad_mode.state.observers
        backward = self._backward_hooks or self._backward_pre_hooks
        if not (backward or self._forward_pre_hooks or self._forward_hooks or observed):
            try:
                return self.forward(*args, **kwargs)
            except SHAPE_ERRORS as error:
                name_module(error, self, args)
                raise
        if observed:
            tell("module_begin", self, args)
        try:
            for before in list(self._forward_pre_hooks.values()):
                args, kwargs = before(self, args, kwargs)
            watch = None
            if backward:
                from .watch import BackwardWatch

                watch = BackwardWatch(self)
                args = watch.inputs(args)
            result = self.forward(*args, **kwargs)
            for after in list(self._forward_hooks.values()):
                changed = after(self, args, kwargs, result)
                if changed is not None:
                    result = changed
            return result if watch is None else watch.outputs(result)
        except SHAPE_ERRORS as error:
            name_module(error, self, args)
            raise
        finally:
            if observed:
                tell("module_end", self)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before forward; what it returns replaces the arguments."""

        def run(module: Module, args: tuple[Any, ...], kwargs: Table) -> Any:
            changed = hook(module, args, kwargs) if with_kwargs else hook(module, args)
            if changed is None:
                return args, kwargs
            if not with_kwargs:
                return changed if isinstance(changed, tuple) else (changed,), kwargs
            if isinstance(changed, tuple) and len(changed) == 2:
                return changed
            raise RuntimeError(
                f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
            )

        return _hung(self._forward_pre_hooks, run, prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after forward; what it returns replaces the output."""
        run = hook if with_kwargs else lambda module, args, kwargs, result: hook(module, args, result)
        return _hung(self._forward_hooks, run, prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are known; a tuple replaces them."""
        return _hung(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs are known; a tuple
        replaces grad_input."""
        return _hung(self._backward_hooks, hook, prepend)

    # The tree

    def children(self) -> Iterator[Module]:
        """The modules directly below."""
        return (module for _, module in self.named_children())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The same with their names; each module once."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def modules(self) -> Iterator[Module]:
        """This module and all below."""
        return (module for _, module in self.named_modules())

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """The same with their paths (``block.0``)."""
        seen = set() if memo is None else memo
        if self in seen:
            return
        if remove_duplicate:
            seen.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(seen, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def _named(self, table: str, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[tuple[str, Any]]:
        seen: set[Any] = set()
        modules = self.named_modules(None, prefix, remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, value in getattr(module, table).items():
                if value is not None and value not in seen:
                    if remove_duplicate:
                        seen.add(value)
                    yield f"{path}.{name}" if path else name, value

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once, in the order they were assigned."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The same with their paths (``layer1.weight``)."""
        return self._named("_parameters", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """The same with their paths."""
        return self._named("_buffers", prefix, recurse, remove_duplicate)

    def get_submodule(self, target: str) -> Module:
        """The module at a path."""
        module = self
        for name in target.split(".") if target else ():
            module = _found(module, name, Module, "an nn.Module")
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path."""
        path, _, name = target.rpartition(".")
        return _found(self.get_submodule(path), name, Parameter, "an nn.Parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path."""
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        return _found(module, name, Tensor if name in module._buffers else (), "a buffer")

    # Modes and conversions

    def apply(self, fn: Callable[[Module], None]) -> Any:
        """Call ``fn`` on every module below and then on this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Any:
        """Training mode for this module and all below (dropout drops, batch norm learns)."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Any:
        """Evaluation mode."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Freeze (False) or unfreeze all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Let the gradients of all parameters go, or fill them with zeros."""
        for parameter in self.parameters():
            forget_gradient(parameter, set_to_none)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Convert floating parameters and buffers to a dtype (or to that of a tensor), in place."""
        for value in (*args, *kwargs.values()):
            if isinstance(value, Tensor):
                return self._convert(value.dtype)
            if isinstance(value, Dtype):
                if not value.is_floating_point:
                    raise TypeError(
                        f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={value}"
                    )
                return self._convert(value)
            if isinstance(value, str):
                device(value)  # there is only the CPU: this complains about anything else
        return self

    def _convert(self, dtype: Dtype) -> Any:
        for tensor in itertools.chain(self.parameters(), self.buffers()):
            if tensor._array.dtype.kind == "f":
                tensor._array = tensor._array.astype(dtype.numpy, copy=False)
                tensor._accumulator = None
                if tensor._grad is not None:
                    tensor._grad._array = tensor._grad._array.astype(dtype.numpy, copy=False)
        return self

    def double(self) -> Any:
        """All floating parameters and buffers as float64."""
        return self._convert(float64)

    def float(self) -> Any:
        """All floating parameters and buffers as float32."""
        return self._convert(float32)

    def half(self) -> Any:
        """All floating parameters and buffers as float16."""
        return self._convert(float16)

    def cpu(self) -> Any:
        """Itself: everything is on the CPU."""
        return self

    # State

    def _state(self) -> Iterator[tuple[str, Module, list[str]]]:
        """Every module's path (with its dot) and the names of its parameters and persistent buffers."""
        for path, module in self.named_modules(remove_duplicate=False):
            entries = {**module._parameters, **module._buffers}
            names = [n for n, value in entries.items() if value is not None and n not in module._non_persistent]
            yield f"{path}." if path else "", module, names

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> OrderedDict[str, Tensor]:
        """Every parameter and persistent buffer by path; detached, memory shared."""
        state: OrderedDict[str, Tensor] = OrderedDict()
        for path, module, names in self._state():
            for name in names:
                tensor = getattr(module, name)
                state[prefix + path + name] = tensor if keep_vars else tensor.detach()
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Copy values in by path; with ``assign`` take the tensors themselves.

        Raises:
            RuntimeError: names every missing and unexpected key (unless not ``strict``) and every size that differs.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing: list[str] = []
        errors: list[str] = []
        known: set[str] = set()
        for path, module, names in self._state():
            for name in names:
                key = path + name
                known.add(key)
                if key not in state_dict:
                    missing.append(key)
                    continue
                problem = _load(module, name, key, state_dict[key], assign)
                if problem is not None:
                    errors.append(problem)
        unexpected = [key for key in state_dict if key not in known]
        if strict:
            for what, keys in (("Unexpected", unexpected), ("Missing", missing)):
                if keys:
                    listed = ", ".join(f'"{key}"' for key in keys)
                    errors.insert(0, f"{what} key(s) in state_dict: {listed}. ")
        if errors:
            lines = "\n\t".join(errors)
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{lines}")
        return _IncompatibleKeys(missing, unexpected)

    # Printing

    def extra_repr(self) -> str:
        """What stands between the parentheses."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def _child_lines(self) -> list[str]:
        return [f"({name}): {_indented(repr(module))}" for name, module in self._modules.items()]

    def __repr__(self) -> str:
        extra, children = self.extra_repr(), self._child_lines()
        lines = [*extra.split("\n"), *children] if extra else children
        if len(lines) == 1 and extra:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(" + "".join(f"\n  {line}" for line in lines) + ("\n)" if lines else ")")


_TABLES: tuple[tuple[str, type, tuple[str, str, str]], ...] = (
    ("_parameters", Parameter, ("parameters", "parameter", "torch.nn.Parameter")),
    ("_modules", Module, ("module", "child module", "torch.nn.Module")),
)
_BUFFERS = ("_buffers", Tensor, ("buffers", "buffer", "torch.nn.Buffer, torch.Tensor"))


class _IncompatibleKeys(namedtuple("_IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    def __repr__(self) -> str:
        return super().__repr__() if any(self) else "<All keys matched successfully>"


def _load(module: Module, name: str, key: str, value: Any, assign: bool) -> str | None:
    """Take over one entry of a state dict; returns what is wrong with it."""
    tensor: Any = getattr(module, name)
    if not isinstance(value, Tensor):
        return (
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint '
            f"but received {type(value)}"
        )
    if value.shape != tensor.shape:
        return (
            f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, the shape in current "
            f"model is {tensor.shape}."
        )
    if not assign:
        with grad_mode.no_grad():
            tensor.copy_(value)
    elif isinstance(tensor, Parameter):
        setattr(module, name, Parameter(value, tensor.requires_grad))
    else:
        setattr(module, name, value)
    return None


def _found(module: Module, name: str, kind: Any, what: str) -> Any:
    if not hasattr(module, name):
        raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
    value = getattr(module, name)
    if not isinstance(value, kind):
        raise AttributeError(f"`{name}` is not {what}")
    return value


SHAPE_ERRORS = (RuntimeError, ValueError, IndexError)


def name_module(error: Any, module: Module, args: tuple[Any, ...]) -> None:
    """Say in a note which module failed and what it was given; every module around it adds to its path."""
    if not hasattr(error, "failed_module"):
        shapes = ", ".join(str(list(arg.shape)) for arg in args if isinstance(arg, Tensor))
        given = f", given an input of shape {shapes}" if shapes else ""
        error.failed_module, error.failed_with = module, given
        error.add_note(f"minigrad: raised in {module._get_name()}({module.extra_repr()}){given}.")
        return
    failed = error.failed_module
    for path, each in module.named_modules():
        if each is failed and path:
            note = (
                f"minigrad: raised in module '{path}', {failed._get_name()}({failed.extra_repr()}){error.failed_with}."
            )
            error.__notes__[:] = [note if line.startswith("minigrad: raised in ") else line for line in error.__notes__]


def _hung(table: Any, hook: Callable[..., Any], prepend: bool) -> RemovableHandle:
    handle = RemovableHandle(table, hook)
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _kind(value: Any) -> str:
    """A value's type as PyTorch's messages have it."""
    if isinstance(value, Tensor):
        return type_name(value.dtype)
    return f"{type(value).__module__}.{type(value).__name__}".removeprefix("builtins.")


def forget_gradient(parameter: Tensor, set_to_none: bool) -> None:
    """What zero_grad does to one parameter."""
    grad: Any = parameter._grad
    if grad is None:
        return
    if set_to_none:
        parameter.grad = None
        return
    if grad.grad_fn is not None:
        grad.detach_()
    else:
        grad.requires_grad_(False)
    grad.zero_()


class _Listed(Module):
    """What Sequential and ModuleList share: children named 0, 1, 2, ..."""

    def _place(self, index: Any) -> int:
        """An index counted from the front, or IndexError."""
        size, place = len(self), index.__index__() if hasattr(index, "__index__") else index
        if not isinstance(place, int):
            raise TypeError(f"'{type(index).__name__}' object cannot be interpreted as an integer")
        if not -size <= place < size:
            raise IndexError(f"index {place} is out of range")
        return place % size

    def _renumber(self, modules: Iterable[Any]) -> None:
        modules = list(modules)
        self._modules.clear()
        for number, module in enumerate(modules):
            self.add_module(str(number), module)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, index: Any) -> Any:
        modules = list(self._modules.items())
        if isinstance(index, slice):
            return self._part(modules[index])
        return modules[self._place(index)][1]

    def _part(self, modules: list[tuple[str, Any]]) -> Any:
        raise NotImplementedError

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, list(self._modules)[self._place(index)], module)

    def __delitem__(self, index: int | slice) -> None:
        modules = list(self)
        del modules[index if isinstance(index, slice) else self._place(index)]
        self._renumber(modules)

    def append(self, module: Module) -> Any:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Any) -> Any:
        """Add several."""
        if not isinstance(modules, Iterable):
            name = type(self).__name__
            raise TypeError(f"{name}.extend should be called with an iterable, but got {type(modules).__name__}")
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        """Add a module before the one at ``index``."""
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        modules = list(self)
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def pop(self, index: int | slice) -> Any:
        """Take a module out."""
        module = self[index]
        del self[index]
        return module


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

    def _part(self, modules: list[tuple[str, Any]]) -> Any:
        return type(self)(OrderedDict(modules))

    def __add__(self, other: Any) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given.")
        return Sequential(*self, *other)


class ModuleList(_Listed):
    """A list of modules that are counted as children.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(() if modules is None else modules)

    def _part(self, modules: list[tuple[str, Any]]) -> Any:
        return type(self)(module for _, module in modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> Any:
        return self.extend(other)

    def _child_lines(self) -> list[str]:
        """Equal neighbours share a line: ``(0-2): 3 x Linear(...)``."""
        lines = []
        for text, run in itertools.groupby(enumerate(map(repr, self)), key=lambda item: item[1]):
            numbers = [number for number, _ in run]
            several = len(numbers) > 1
            label = f"({numbers[0]}-{numbers[-1]}): {len(numbers)} x " if several else f"({numbers[0]}): "
            lines.append(label + _indented(text))
        return lines


class ModuleDict(Module):
    """Modules by name.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleDict.html
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        self.update({} if modules is None else modules)

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add several."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleDict.update should be called with an iterable of key/value pairs, but got "
                + type(modules).__name__
            )
        for name, module in dict(modules).items():
            self.add_module(name, module)

    def __getitem__(self, name: str) -> Any:
        return self._modules[name]

    def __setitem__(self, name: str, module: Module) -> None:
        self.add_module(name, module)

    def __delitem__(self, name: str) -> None:
        del self._modules[name]

    def __contains__(self, name: str) -> bool:
        return name in self._modules

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __len__(self) -> int:
        return len(self._modules)

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Any]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and modules."""
        return self._modules.items()

    def pop(self, name: str) -> Any:
        """Take a module out."""
        return self._modules.pop(name)

    def clear(self) -> None:
        """Take all modules out."""
        self._modules.clear()
