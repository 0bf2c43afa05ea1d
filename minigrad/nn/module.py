"""Module: a tree of parameters and buffers with a forward."""

from __future__ import annotations

import itertools
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..autograd import grad_mode, notes
from ..autograd.graph import RemovableHandle
from ..autograd.observe import tell
from ..dtypes import device, float16, float32, float64, type_name
from ..dtypes import dtype as Dtype
from ..tensor import Tensor
from .parameter import Parameter

Table = dict[str, Any]


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
        hooks = ("_backward_pre_hooks", "_backward_hooks", "_forward_pre_hooks", "_forward_hooks")
        tables: Table = {name: {} for name in ("_parameters", "_buffers", "_modules", *hooks)}
        self.__dict__.update(tables, training=True, _non_persistent=set())

    # Attributes

    def _holding(self, name: str) -> str | None:
        """The table that has this name."""
        return next((table for table in _TABLES if name in self.__dict__.get(table, ())), None)

    def __setattr__(self, name: str, value: Any) -> None:
        own, held = self.__dict__, self._holding(name)
        if isinstance(value, Parameter | Module):
            table, what = ("_modules", "module") if isinstance(value, Module) else ("_parameters", "parameters")
            if table not in own:
                raise AttributeError(f"cannot assign {what} before Module.__init__() call")
            if held != table:
                (own[held] if held else own).pop(name, None)
            own[table][name] = value
        elif held is None:
            super().__setattr__(name, value)
        elif value is None or isinstance(value, _TABLES[held][0]):
            own[held][name] = value
        else:
            _, _, what, expected, _ = _TABLES[held]
            raise TypeError(f"cannot assign '{typename(value)}' as {what} '{name}' ({expected} or None expected)")

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        if "_parameters" in own:
            for table in (own["_parameters"], own["_modules"], own["_buffers"]):
                if name in table:
                    return table[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        held = self._holding(name)
        if held is None:
            super().__delattr__(name)
        else:
            del self.__dict__[held][name]

    def __dir__(self) -> list[str]:
        names = {*super().__dir__(), *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if not name[0].isdigit())

    def _register(self, table: str, name: Any, value: Any) -> None:
        """Add a parameter, buffer or module by name, after PyTorch's checks."""
        kind, what, _, _, required = _TABLES[table]
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
        if not isinstance(value, kind) and value is not None:
            given = typename(value)
            if kind is Module:
                raise TypeError(f"{given} is not a Module subclass")
            raise TypeError(f"cannot assign '{given}' object to {what} '{name}' ({required} or None required)")
        entries[name] = value

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter by name; None keeps the name without one."""
        self._register("_parameters", name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is state but is not trained (a running mean); ``persistent``: part of state_dict."""
        self._register("_buffers", name, tensor)
        (self._non_persistent.discard if persistent else self._non_persistent.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child by name."""
        self._register("_modules", name, module)

    register_module = add_module

    # Running it

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        hooked = self._backward_hooks or self._backward_pre_hooks or self._forward_pre_hooks or self._forward_hooks
        observed = grad_mode.special and grad_mode.state.observers
        try:
            if not (hooked or observed):
                return self.forward(*args, **kwargs)
            if observed:
                tell("module_begin", self, args)
            try:
                return self._call_hooked(args, kwargs) if hooked else self.forward(*args, **kwargs)
            finally:
                if observed:
                    tell("module_end", self)
        except (RuntimeError, ValueError, IndexError) as error:
            _name_module(error, self, args)
            raise

    def _call_hooked(self, args: tuple[Any, ...], kwargs: Table) -> Any:
        for before, with_kwargs in list(self._forward_pre_hooks.values()):
            changed = before(self, args, kwargs) if with_kwargs else before(self, args)
            if changed is not None and with_kwargs:
                args, kwargs = changed
            elif changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        watch = None
        if self._backward_hooks or self._backward_pre_hooks:
            from .watch import BackwardWatch

            watch = BackwardWatch(self)
            args = watch.inputs(args)
        result = self.forward(*args, **kwargs)
        for after, with_kwargs in list(self._forward_hooks.values()):
            changed = after(self, args, kwargs, result) if with_kwargs else after(self, args, result)
            if changed is not None:
                result = changed
        return result if watch is None else watch.outputs(result)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before forward; what it returns replaces the arguments.

        ``with_kwargs``: it is called with, and returns, those that were given by name as well: ``(args, kwargs)``.
        ``prepend``: before the hooks that are there, here and below.
        """
        return _hooked(self._forward_pre_hooks, (hook, with_kwargs), prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after forward (``with_kwargs``: ``hook(module, args, kwargs, output)``);
        what it returns replaces the output."""
        return _hooked(self._forward_hooks, (hook, with_kwargs), prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the gradients of the outputs are known; a tuple replaces them."""
        return _hooked(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs are known; a tuple
        replaces grad_input."""
        return _hooked(self._backward_hooks, hook, prepend)

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
        return self._at(target, "_modules", "an nn.Module") if target else self

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path."""
        return self._at(target, "_parameters", "an nn.Parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path."""
        return self._at(target, "_buffers", "a buffer")

    def _at(self, target: str, table: str, what: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        if module.__dict__[table].get(name) is None:
            raise AttributeError(f"`{name}` is not {what}")
        return module.__dict__[table][name]

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
        forget_gradients(self.parameters(), set_to_none)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Convert floating parameters and buffers to a dtype (or to that of a tensor), in place."""
        for value in (*args, *kwargs.values()):
            if isinstance(value, str | device):
                where = device(value)
                for tensor in itertools.chain(self.parameters(), self.buffers()):
                    tensor.to(where)  # there is only the CPU: this complains about anything else
            elif isinstance(value, Tensor | Dtype):
                dtype = value.dtype if isinstance(value, Tensor) else value
                if not dtype.is_floating_point:
                    raise TypeError(
                        f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
                    )
                self._convert(dtype)
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

    def cuda(self, device: Any = None) -> Any:
        """There is no GPU here."""
        return self.to("cuda")

    # State

    def _state(self) -> Iterator[tuple[str, Module, str]]:
        """Every parameter and persistent buffer: its path, its module and its name there."""
        for path, module in self.named_modules(remove_duplicate=False):
            for name, value in (*module._parameters.items(), *module._buffers.items()):
                if value is not None and (name in module._parameters or name not in module._non_persistent):
                    yield f"{path}.{name}" if path else name, module, name

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> OrderedDict[str, Tensor]:
        """Every parameter and persistent buffer by path; detached, memory shared."""
        found = ((prefix + path, getattr(module, name)) for path, module, name in self._state())
        return OrderedDict((path, tensor if keep_vars else tensor.detach()) for path, tensor in found)

    @notes.telling
    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Copy values in by path; with ``assign`` take the tensors themselves.

        Raises:
            RuntimeError: names every missing and unexpected key (unless not ``strict``) and every size that differs.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        wanted = {path: (module, name) for path, module, name in self._state()}
        missing = [path for path in wanted if path not in state_dict]
        unexpected = [path for path in state_dict if path not in wanted]
        errors = [
            f"{what} key(s) in state_dict: " + ", ".join(f'"{path}"' for path in paths) + ". "
            for what, paths in (("Missing", missing), ("Unexpected", unexpected))
            if strict and paths
        ]
        for path, (module, name) in wanted.items():
            if path in state_dict:
                problem = _load(module, name, path, state_dict[path], assign)
                errors += [] if problem is None else [problem]
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
        return [f"({name}): {indented(repr(module))}" for name, module in self._modules.items()]

    def __repr__(self) -> str:
        extra, children = self.extra_repr(), self._child_lines()
        lines = [*extra.split("\n"), *children] if extra else children
        if len(lines) == 1 and extra:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(" + "".join(f"\n  {line}" for line in lines) + ("\n)" if lines else ")")


# The tables of a module: the class of the entries, and how PyTorch's errors name them.
_TABLES: dict[str, tuple[type, str, str, str, str]] = {
    "_parameters": (Parameter, "parameter", "parameter", "torch.nn.Parameter", "torch.nn.Parameter"),
    "_modules": (Module, "module", "child module", "torch.nn.Module", ""),
    "_buffers": (Tensor, "buffer", "buffer", "torch.nn.Buffer, torch.Tensor", "torch Tensor"),
}


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
    if assign:
        setattr(module, name, Parameter(value, tensor.requires_grad) if isinstance(tensor, Parameter) else value)
    else:
        with grad_mode.no_grad():
            tensor.copy_(value)
    return None


def _name_module(error: Any, module: Module, args: tuple[Any, ...]) -> None:
    """Say in a note which module failed and what it was given; every module around it adds to its path."""
    if not hasattr(error, "failed_module"):
        shapes = ", ".join(str(list(arg.shape)) for arg in args if isinstance(arg, Tensor))
        given = f", given an input of shape {shapes}" if shapes else ""
        error.failed_module, error.failure = module, f"{module._get_name()}({module.extra_repr()}){given}."
    begin = "minigrad: raised in "
    for path, each in module.named_modules():
        if each is error.failed_module:
            note = begin + (f"module '{path}', " if path else "") + error.failure
            error.__notes__ = [*(n for n in getattr(error, "__notes__", ()) if not n.startswith(begin)), note]


def _hooked(hooks: dict[int, Any], entry: Any, prepend: bool) -> RemovableHandle:
    others, handle = list(hooks), RemovableHandle(hooks, entry)
    for number in others if prepend else ():
        hooks[number] = hooks.pop(number)  # behind the new one
    return handle


def forget_gradients(parameters: Iterable[Tensor], set_to_none: bool) -> None:
    """What zero_grad does."""
    for parameter in parameters:
        grad = parameter._grad
        if grad is not None and set_to_none:
            parameter.grad = None
        elif grad is not None:
            if grad.requires_grad:
                grad = grad.requires_grad_(False) if grad.is_leaf else grad.detach_()
            grad.zero_()


def indented(text: str) -> str:
    """What stands below a line of a printed module."""
    return text.replace("\n", "\n  ")


def typename(value: Any) -> str:
    """What PyTorch's errors call a value: a tensor by its dtype, a class by its name, anything else by its class's."""
    if isinstance(value, Tensor):
        return type_name(value.dtype)
    named = value if hasattr(value, "__qualname__") else type(value)  # nn.ReLU, where nn.ReLU() was meant
    return f"{getattr(named, '__module__', None) or 'builtins'}.{named.__qualname__}".removeprefix("builtins.")
