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
from ..dtypes import dtype as Dtype
from ..dtypes import get_default_dtype, type_name
from ..tensor import Tensor

_IncompatibleKeys = namedtuple("_IncompatibleKeys", ["missing_keys", "unexpected_keys"])


class Parameter(Tensor):
    """A tensor that a Module counts among its parameters when it is assigned as an attribute.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
    """

    __slots__ = ()

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        array = np.empty(0, get_default_dtype().numpy) if data is None else data._array
        parameter: Parameter = cls._plain(array)  # type: ignore[assignment]
        parameter.requires_grad = requires_grad
        return parameter


class Module:
    """The base of every layer and network. Assign parameters, buffers and modules as attributes in ``__init__``
    (after ``super().__init__()``) and write ``forward``.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]

    def __init__(self) -> None:
        set_ = super().__setattr__
        set_("training", True)
        set_("_parameters", {})
        set_("_buffers", {})
        set_("_modules", {})
        set_("_non_persistent", set())
        set_("_forward_pre_hooks", {})
        set_("_forward_hooks", {})
        set_("_backward_hooks", {})

    # Attributes

    def __setattr__(self, name: str, value: Any) -> None:
        tables = self.__dict__
        if isinstance(value, Parameter):
            self._need_init("parameters")
            for table in (tables, self._buffers, self._modules):
                table.pop(name, None)
            self._parameters[name] = value
        elif isinstance(value, Module):
            self._need_init("module")
            for table in (tables, self._buffers, self._parameters):
                table.pop(name, None)
            self._modules[name] = value
        elif name in tables.get("_parameters", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{_kind(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)"
                )
            self._parameters[name] = None
        elif name in tables.get("_modules", ()):
            if value is not None:
                raise TypeError(f"cannot assign '{_kind(value)}' as child module '{name}' (torch.nn.Module or None expected)")
            self._modules[name] = None
        elif name in tables.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{_kind(value)}' as buffer '{name}' (torch.Tensor, torch.nn.Buffer or None expected)"
                )
            self._buffers[name] = value
        else:
            super().__setattr__(name, value)

    def _need_init(self, what: str) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"cannot assign {what} before Module.__init__() call")

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

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter by name; None keeps the name without one."""
        self._need_init("parameter")
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is state but is not trained (a running mean)."""
        self._need_init("buffer")
        self._buffers[name] = tensor
        (self._non_persistent.discard if persistent else self._non_persistent.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child by name."""
        self._modules[name] = module

    register_module = add_module

    # Running it

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes."""
        raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        observed = grad_mode.special and grad_mode.state.observers
        if not (observed or self._forward_pre_hooks or self._forward_hooks or self._backward_hooks):
            return self.forward(*args, **kwargs)
        if observed:
            tell("module_begin", self, args)
        try:
            for hook in list(self._forward_pre_hooks.values()):
                changed = hook(self, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
            args, watch = _backward_watch(self, args)
            result = self.forward(*args, **kwargs)
            for hook in list(self._forward_hooks.values()):
                changed = hook(self, args, result)
                if changed is not None:
                    result = changed
            return result if watch is None else watch(result)
        finally:
            if observed:
                tell("module_end", self)

    def register_forward_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, args)`` before forward; what it returns replaces the arguments."""
        return RemovableHandle(self._forward_pre_hooks, hook)

    def register_forward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after forward; what it returns replaces the output."""
        return RemovableHandle(self._forward_hooks, hook)

    def register_full_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradients of the inputs are known."""
        return RemovableHandle(self._backward_hooks, hook)

    # The tree

    def children(self) -> Iterator[Module]:
        """The modules directly below."""
        return (module for _, module in self.named_children())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The same with their names; each module once."""
        seen: set[int] = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def modules(self) -> Iterator[Module]:
        """This module and all below."""
        return (module for _, module in self.named_modules())

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """The same with their paths (``block.0``)."""
        seen = set() if memo is None else memo
        if self in seen and remove_duplicate:
            return
        seen.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(seen, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def _named(self, table: str, prefix: str, recurse: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for path, module in self.named_modules(prefix=prefix) if recurse else [(prefix, self)]:
            for name, value in getattr(module, table).items():
                if value is not None and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{path}.{name}" if path else name, value

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """The parameters, each once, in the order they were assigned."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_parameters(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Iterator[tuple[str, Parameter]]:
        """The same with their paths (``layer1.weight``)."""
        return self._named("_parameters", prefix, recurse)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """The buffers."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True) -> Iterator[tuple[str, Tensor]]:
        """The same with their paths."""
        return self._named("_buffers", prefix, recurse)

    def get_submodule(self, target: str) -> Module:
        """The module at a path."""
        module = self
        for name in target.split(".") if target else ():
            if name not in module._modules:
                raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
            module = module._modules[name]  # type: ignore[assignment]
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path."""
        path, _, name = target.rpartition(".")
        return getattr(self.get_submodule(path), name)

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
            if parameter._grad is not None:
                if set_to_none:
                    parameter.grad = None
                else:
                    _zero(parameter)

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Convert floating parameters and buffers to a dtype, in place."""
        dtype = next((a for a in (*args, *kwargs.values()) if isinstance(a, Dtype)), None)
        return self if dtype is None else self._convert(dtype)

    def _convert(self, dtype: Dtype) -> Any:
        for tensor in itertools.chain(self.parameters(), self.buffers()):
            if tensor.is_floating_point():
                tensor._array = tensor._array.astype(dtype.numpy, copy=False)
                tensor._accumulator = None
                if tensor._grad is not None:
                    tensor._grad._array = tensor._grad._array.astype(dtype.numpy, copy=False)
        return self

    def double(self) -> Any:
        """All floating parameters and buffers as float64."""
        from ..dtypes import float64

        return self._convert(float64)

    def float(self) -> Any:
        """All floating parameters and buffers as float32."""
        from ..dtypes import float32

        return self._convert(float32)

    def half(self) -> Any:
        """All floating parameters and buffers as float16."""
        from ..dtypes import float16

        return self._convert(float16)

    def cpu(self) -> Any:
        """Itself: everything is on the CPU."""
        return self

    # State

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> OrderedDict[str, Tensor]:
        """Every parameter and persistent buffer by path; detached, memory shared."""
        state: OrderedDict[str, Tensor] = OrderedDict()
        for path, module in self.named_modules(prefix=prefix.rstrip("."), remove_duplicate=False):
            for name, tensor in itertools.chain(module._parameters.items(), module._buffers.items()):
                if tensor is not None and name not in module._non_persistent:
                    state[f"{path}.{name}" if path else name] = tensor if keep_vars else tensor.detach()
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Copy values in by path.

        Raises:
            RuntimeError: names every missing and unexpected key (unless not ``strict``) and every size that differs.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        own = self.state_dict(keep_vars=True)
        missing = [key for key in own if key not in state_dict]
        unexpected = [key for key in state_dict if key not in own]
        errors = []
        if strict and missing:
            errors.append("Missing key(s) in state_dict: {}. ".format(", ".join(f'"{key}"' for key in missing)))
        if strict and unexpected:
            errors.append("Unexpected key(s) in state_dict: {}. ".format(", ".join(f'"{key}"' for key in unexpected)))
        for key, tensor in own.items():
            if key in state_dict and state_dict[key].shape != tensor.shape:
                errors.append(
                    f"size mismatch for {key}: copying a param with shape {state_dict[key].shape} from checkpoint, the "
                    f"shape in current model is {tensor.shape}."
                )
        if errors:
            listed = "\n\t".join(errors)
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}")
        with grad_mode.no_grad():
            for key, tensor in own.items():
                if key in state_dict:
                    tensor.copy_(state_dict[key])  # type: ignore[attr-defined]
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
        if not children:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(\n  " + "\n  ".join([*([extra] if extra else []), *children]) + "\n)"


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _kind(value: Any) -> str:
    if isinstance(value, Tensor):
        return type_name(value.dtype)
    return f"{type(value).__module__}.{type(value).__name__}".removeprefix("builtins.")


def _zero(parameter: Tensor) -> None:
    grad = parameter._grad
    assert grad is not None
    if grad.grad_fn is not None:
        grad.detach_()
    else:
        grad.requires_grad_(False)
    grad.zero_()  # type: ignore[attr-defined]


def _backward_watch(module: Module, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
    """Put the module between two identities whose gradients a full backward hook is shown."""
    if not module._backward_hooks:
        return args, None
    from ..autograd.function import Function

    seen: dict[str, tuple[Any, ...]] = {}

    class _Inputs(Function):
        @staticmethod
        def forward(ctx: Any, *tensors: Tensor) -> Any:
            ctx.set_materialize_grads(False)
            return tuple(t.view_as(t) for t in tensors)  # type: ignore[attr-defined]

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            for hook in list(module._backward_hooks.values()):
                replaced = hook(module, grads, seen["outputs"])
                if replaced is not None:
                    grads = replaced if isinstance(replaced, tuple) else (replaced,)
            return grads

    class _Outputs(Function):
        @staticmethod
        def forward(ctx: Any, *tensors: Tensor) -> Any:
            ctx.set_materialize_grads(False)
            return tuple(t.view_as(t) for t in tensors)  # type: ignore[attr-defined]

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            seen["outputs"] = grads
            return grads

    tensors = iter(_Inputs.apply(*[a for a in args if isinstance(a, Tensor)]))
    args = tuple(next(tensors) if isinstance(a, Tensor) else a for a in args)

    def watch(result: Any) -> Any:
        several = isinstance(result, tuple)
        wrapped = _Outputs.apply(*(result if several else (result,)))
        return wrapped if several else wrapped[0]

    return args, watch


class Sequential(Module):
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
            input = module(input)  # type: ignore[misc]
        return input

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, index: int | slice) -> Any:
        modules = list(self._modules.items())
        return type(self)(OrderedDict(modules[index])) if isinstance(index, slice) else modules[index][1]

    def append(self, module: Module) -> Sequential:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self


class ModuleList(Module):
    """A list of modules that are counted as children.

    See https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)

    def append(self, module: Module) -> ModuleList:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> ModuleList:
        """Add several."""
        for module in modules:
            self.append(module)
        return self

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, index: int | slice) -> Any:
        found = list(self._modules.values())[index]
        return type(self)(found) if isinstance(index, slice) else found  # type: ignore[arg-type]

    def __setitem__(self, index: int, module: Module) -> None:
        self._modules[list(self._modules)[index]] = module

    def _child_lines(self) -> list[str]:
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

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] = ()) -> None:
        super().__init__()
        self.update(modules)

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add several."""
        for name, module in dict(modules).items():
            self.add_module(name, module)

    def __getitem__(self, name: str) -> Module:
        return self._modules[name]  # type: ignore[return-value]

    def __setitem__(self, name: str, module: Module) -> None:
        self.add_module(name, module)

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
