"""Function: an operation of the learner's own, with a forward and a backward.

The node of a Function, an instance of ``<Name>Backward``, carries the ``ctx`` that forward and backward share. They are
two objects, so that ``ctx.shape = x.shape`` may be written; what is put on ctx can be read on the node, as in PyTorch.
"""

from __future__ import annotations

import functools
import inspect
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor
from . import grad_mode, notes, views
from .graph import Node, next_sequence
from .observe import tell
from .saved import Freed, SavedTensor, freed, raw, save, unpack
from .views import gradient_edge


class FunctionCtx:
    """What ``forward`` and ``backward`` are given first: a place to keep things for later."""

    _to_save: tuple[Any, ...] = ()
    _dirty: tuple[Tensor, ...] = ()
    _non_differentiable: tuple[Tensor, ...] = ()
    _materialize = True
    _holder: weakref.ref[BackwardFunction] | None = None  # the node, where there is one
    needs_input_grad: tuple[bool, ...] = ()

    def __getattr__(self, name: str) -> Any:  # name(), next_functions, ...: in PyTorch the node and ctx are one
        node = None if self._holder is None else self._holder()
        return object.__getattribute__(self if node is None else node, name)

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What save_for_backward kept. RuntimeError: freed by a backward, or changed in place since."""
        node = None if self._holder is None else self._holder()
        return self._to_save if node is None else node.saved_tensors

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for backward, where ``saved_tensors`` returns them; changes in place are noticed.

        See https://docs.pytorch.org/docs/stable/generated/torch.autograd.function.FunctionCtx.save_for_backward.html
        """
        self._to_save = tensors

    def mark_dirty(self, *args: Tensor) -> None:
        """Say which inputs forward changed in place."""
        self._dirty = args

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Say which outputs have no gradient."""
        self._non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros (default) or None for an output that nothing depends on."""
        if not isinstance(value, bool):
            raise TypeError(
                "set_materialize_grads received an invalid combination of arguments - got (), but expected (bool)"
            )
        self._materialize = value


class _Nothing(tuple[()]):
    """What a Function saved that saved nothing: a backward lets go of that too."""

    def __bool__(self) -> bool:
        return True


class BackwardFunction(Node):
    """The node of a custom Function."""

    multi = True
    owns_gradients = False
    function: type[Function]
    ctx: FunctionCtx
    _arity: int  # how many arguments forward was given, and which of them are tensors
    _tensor_places: list[int]

    def __getattr__(self, name: str) -> Any:
        if name == "ctx":  # a node half made
            raise AttributeError(name)
        return getattr(self.ctx, name)

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{self.name()} object at {id(self):#x}>"

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What save_for_backward kept. RuntimeError: freed by a backward, or changed in place since."""
        return tuple(unpack(self, self.saved, True))

    @property
    def _raw_saved_tensors(self) -> tuple[Any, ...]:
        if type(self.saved) is Freed:
            raise freed(self, self.saved)
        return tuple([raw(self, place) for place in range(len(self.saved))])

    def backward(self, grad: list[Any]) -> list[Any]:
        with grad_mode.no_grad():
            given = [None if g is None else Tensor._of(g) for g in grad]
            return [None if g is None else g._array for g in self._run(given)]

    def backward_graph(self, grad: list[Any]) -> list[Any]:
        return self._run(list(grad))

    def _run(self, grads: list[Any]) -> list[Any]:
        function = self.function
        if self.ctx._materialize:
            grads = [
                Tensor._plain(np.zeros(shape, dtype)) if g is None and shape is not None else g
                for g, shape, dtype in zip(grads, self.shape, self.dtype, strict=True)
            ]
        given = function._backward()(self.ctx, *grads)
        given = given if isinstance(given, tuple) else (given,)
        places = self._tensor_places
        if (len(given) > self._arity and any(g is not None for g in given[self._arity :])) or len(given) < self._arity:
            raise notes.explain(
                RuntimeError(
                    f"function {self.name()} returned an incorrect number of gradients (expected {self._arity}, got "
                    f"{len(given)})"
                ),
                "backward returns one gradient for each argument of forward after ctx; None for those that need none.",
            )
        for number, g in enumerate(given):
            if g is not None and not isinstance(g, Tensor):
                raise RuntimeError(f"expected Variable or None (got {type(g).__name__})")
            if g is not None and number not in places:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different than None at position {number + 1}, but the "
                    "corresponding forward input was not a Variable"
                )
        return [given[place] for place in places]

    def _keep(self, tensor: Any, made: list[Any], returned: list[Any]) -> Any:
        """What is saved of a tensor: an output without its node, anything else as it is."""
        if tensor is None:
            return None
        for before, after in zip(made, returned, strict=True):
            if tensor is before and after._node is self:
                return SavedTensor(after, is_output=True)
        return save(tensor)


class Function(FunctionCtx):
    """An operation with a backward of your own. Subclass it, write two static methods, call ``apply``.

    >>> import minigrad as torch
    >>> class Square(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     def backward(ctx, grad_output):
    ...         (x,) = ctx.saved_tensors
    ...         return 2 * x * grad_output
    >>> x = torch.tensor([3.0], requires_grad=True)
    >>> y = Square.apply(x)
    >>> y.backward()
    >>> x.grad
    tensor([6.])

    See https://docs.pytorch.org/docs/stable/autograd.html#torch.autograd.Function
    """

    _node_class: type[BackwardFunction]
    _ctx_class: type[FunctionCtx]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        module = "torch.autograd.function"  # as it is printed
        cls._node_class = type(cls.__name__ + "Backward", (BackwardFunction,), {"function": cls, "__module__": module})
        cls._ctx_class = type(cls.__name__ + "Backward", (FunctionCtx,), {"__module__": module})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
            "function with static forward method. (Example: "
            "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """``forward(ctx, *inputs)``, or ``forward(*inputs)`` with ``setup_context``: compute the outputs."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Put on ``ctx`` what backward needs, where forward does not take ctx itself."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """A gradient for each input, from a gradient for each output."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    vjp = backward

    @classmethod
    def _backward(cls) -> Callable[..., Any]:
        if cls.backward is Function.backward:
            return cls.vjp
        if cls.vjp is not Function.vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only "
                "implement one of them."
            )
        return cls.backward

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward, and record the node where an input requires grad."""
        if cls.setup_context is not Function.setup_context:  # it and backward see the defaults as well
            bound = inspect.signature(cls.forward).bind(*args, **kwargs)
            bound.apply_defaults()
            args = bound.args
        ctx = cls._ctx_class()
        node = cls._node_class()
        node.ctx = ctx
        tensors = [a for a in args if isinstance(a, Tensor)]
        ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        recorded = grad_mode.state.grad_enabled and any(ctx.needs_input_grad)
        edges = tuple(gradient_edge(t) if recorded else None for t in tensors)
        with grad_mode.no_grad():
            if cls.setup_context is Function.setup_context:
                output = cls.forward(ctx, *args, **kwargs)
            else:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, output)
        outputs = list(output) if isinstance(output, tuple) else [output]
        for number, tensor in enumerate(ctx._to_save):
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {number} is of type "
                    f"{type(tensor).__name__}"
                )
        for tensor in ctx._dirty:
            if not isinstance(tensor, Tensor):
                raise RuntimeError("mark_dirty can only accept variables, but argument ")
            if not any(tensor is out for out in outputs):
                raise RuntimeError(
                    "Some elements marked as dirty during the forward method were not returned as output. The inputs "
                    "that are modified inplace must all be outputs of the Function."
                )
            if not any(tensor is given for given in tensors):
                warnings.warn(
                    "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been "
                    "mutated should be passed to ctx.mark_dirty().",
                    UserWarning,
                    stacklevel=notes.outside(),
                )
            tensor._changed()
        if recorded:
            node.edges = edges
            node.sequence, node.hooks = next_sequence(), None
            notes.stamp(node)
            node._arity = len(args)
            node._tensor_places = [place for place, a in enumerate(args) if isinstance(a, Tensor)]
            arrays = [o._array if isinstance(o, Tensor) else None for o in outputs]
            node.shape = tuple(None if a is None else a.shape for a in arrays)
            node.dtype = tuple(None if a is None else a.dtype for a in arrays)
        saved_from = list(outputs)
        for number, out in enumerate(outputs):
            if isinstance(out, Tensor):
                outputs[number] = cls._output(node, out, number, tensors, recorded)
        if recorded:
            node.saved = tuple(node._keep(tensor, saved_from, outputs) for tensor in ctx._to_save) or _Nothing()
            ctx._holder = weakref.ref(node)
        for name in ("_to_save", "_dirty", "_non_differentiable"):
            ctx.__dict__.pop(name, None)
        if grad_mode.special and grad_mode.state.observers:
            seen = tuple(o for o in outputs if isinstance(o, Tensor))
            tell("operation", cls.__name__, args, seen, node if recorded else None)
        return tuple(outputs) if isinstance(output, tuple) else outputs[0]

    @classmethod
    def _output(cls, node: Any, out: Tensor, number: int, inputs: list[Tensor], recorded: bool) -> Tensor:
        """An output with its history: the node, unless it is marked as having no gradient."""
        is_input = any(out is tensor for tensor in inputs)
        dirty = any(out is tensor for tensor in node.ctx._dirty)
        apart = any(out is tensor for tensor in node.ctx._non_differentiable) or out._array.dtype.kind != "f"
        if dirty and not apart and recorded:
            if out._requires_grad and out._node is None:
                raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
            views.check_inplace(out, True)
            if out._is_view():
                views.rebase(out, node)
            else:
                out._node, out._output_nr, out._requires_grad = node, number, False
            return out
        if is_input and (apart or not recorded) and out.requires_grad:
            out = out.detach()
        elif is_input and not dirty:  # returned as it is: a view of it, so that the input keeps its own history
            with grad_mode.no_grad():
                out = views.as_view(Tensor._plain(out._array), out)
        if out._is_view() and not dirty:
            several = sum(isinstance(size, tuple) for size in getattr(node, "shape", ())) > 1
            meta = out._own_meta()
            meta.creation = views.MULTI if several else views.CUSTOM
            meta.seen_version = out._version  # what forward itself did to the memory is over
        if recorded and not apart:
            out._node, out._output_nr, out._requires_grad = node, number, False
        return out


class _Error(Function):
    """Stands behind the result of a backward that cannot be differentiated again, and leads nowhere."""

    @staticmethod
    def forward(ctx: Any, *outputs: Any) -> Any:
        return tuple([out.detach() for out in outputs])

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


_Error._node_class.__name__ = "Error"


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a ``backward`` whose own operations must not be differentiated: doing so is an error."""

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        with grad_mode.no_grad():
            outputs = fn(ctx, *args)
        if not grad_mode.state.grad_enabled or not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            return outputs
        given = outputs if isinstance(outputs, tuple) else (outputs,)
        nothing = Tensor._of(0)  # stands for a None: that has an edge too
        marked = _Error.apply(*[nothing if out is None else out.detach().requires_grad_() for out in given])
        marked = tuple([None if out is None else mark for out, mark in zip(given, marked, strict=True)])
        return marked if isinstance(outputs, tuple) else marked[0]

    return wrapper
