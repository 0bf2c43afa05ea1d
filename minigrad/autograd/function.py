"""Function: an operation of the learner's own, with a forward and a backward.

The node of a Function, an instance of ``<Name>Backward``, carries the ``ctx`` that forward and backward share. They are
two objects, so that ``ctx.shape = x.shape`` may be written; what is put on ctx can be read on the node, as in PyTorch.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..tensor import Tensor
from . import grad_mode, notes, views
from .graph import Node, next_sequence
from .observe import tell
from .saved import SavedTensor, as_tensor, held, raw, save
from .views import gradient_edge


class FunctionCtx:
    """What ``forward`` and ``backward`` are given first: a place to keep things for later."""

    _to_save: tuple[Any, ...] = ()
    _dirty: tuple[Tensor, ...] = ()
    _non_differentiable: tuple[Tensor, ...] = ()
    _materialize = True
    _holder: Callable[[], Any] = staticmethod(lambda: None)  # a reference to the node, where there is one
    needs_input_grad: tuple[bool, ...] = ()

    def __getattr__(self, name: str) -> Any:  # name(), next_functions, ...: in PyTorch the node and ctx are one
        return object.__getattribute__(self._holder() or self, name)

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What save_for_backward kept. RuntimeError: freed by a backward, or changed in place since."""
        node = self._holder()
        return () if node is None else node.saved_tensors

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


class BackwardFunction(Node):
    """The node of a custom Function. What it saved is one entry, of all the tensors: so there is always one to free."""

    multi = True
    owns_gradients = False
    function: type[Function]
    ctx: FunctionCtx
    _tensor_places: list[int]  # which of forward's arguments are tensors

    def __getattr__(self, name: str) -> Any:
        if name == "ctx":  # a node half made
            raise AttributeError(name)
        return getattr(self.ctx, name)

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{self.name()} object at {id(self):#x}>"

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What save_for_backward kept. RuntimeError: freed by a backward, or changed in place since."""
        return as_tensor(held(self)[0], self)

    @property
    def _raw_saved_tensors(self) -> tuple[Any, ...]:
        held(self)
        return raw(self, 0)

    def backward(self, grad: list[Any], edges: Any) -> list[Any]:
        with grad_mode.no_grad():
            given = [None if g is None else Tensor._of(g) for g in grad]
            return [None if g is None else g._array for g in self._run(given)]

    def backward_graph(self, grad: list[Any], edges: Any) -> list[Any]:
        return self._run(list(grad))

    def _run(self, grads: list[Any]) -> list[Any]:
        if self.ctx._materialize:
            grads = [
                Tensor._plain(np.zeros(shape, dtype)) if g is None and shape is not None else g
                for g, shape, dtype in zip(grads, self.shape, self.dtype, strict=True)
            ]
        given = self.function._backward()(self.ctx, *grads)
        given = given if isinstance(given, tuple) else (given,)
        expected, places = len(self.ctx.needs_input_grad), self._tensor_places
        if len(given) < expected or any(g is not None for g in given[expected:]):
            raise notes.explain(
                RuntimeError(
                    f"function {self.name()} returned an incorrect number of gradients (expected {expected}, got "
                    f"{len(given)})"
                ),
                "backward returns one gradient for each argument of forward after ctx; None for those that need none.",
            )
        for number, g in enumerate(given):
            if g is None:
                continue
            if not isinstance(g, Tensor):
                raise RuntimeError(f"expected Variable or None (got {type(g).__name__})")
            if number not in places:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different than None at position {number + 1}, but the "
                    "corresponding forward input was not a Variable"
                )
        return [given[place] for place in places]


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
    _signature: inspect.Signature | None  # forward's, where it goes with setup_context

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        module = "torch.autograd.function"  # as it is printed
        cls._node_class = type(cls.__name__ + "Backward", (BackwardFunction,), {"function": cls, "__module__": module})
        cls._ctx_class = type(cls.__name__ + "Backward", (FunctionCtx,), {"__module__": module})
        separate = cls.setup_context is not Function.setup_context
        cls._signature = inspect.signature(cls.forward) if separate else None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        notes.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future "
            "version of PyTorch.",
            DeprecationWarning,
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
    @notes.telling
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward, and record the node where an input requires grad."""
        if cls._signature is not None:  # setup_context and backward see the defaults as well
            bound = cls._signature.bind(*args, **kwargs)
            bound.apply_defaults()
            args = bound.args
        node = cls._node_class()
        ctx = node.ctx = cls._ctx_class()
        ctx._holder = weakref.ref(node)
        places = [place for place, arg in enumerate(args) if isinstance(arg, Tensor)]
        inputs = [args[place] for place in places]
        ctx.needs_input_grad = tuple([isinstance(arg, Tensor) and arg.requires_grad for arg in args])
        recorded = grad_mode.state.grad_enabled and any(ctx.needs_input_grad)
        node.edges = tuple([gradient_edge(tensor) for tensor in inputs]) if recorded else ()
        node._tensor_places, node.saved, node.hooks = places, ((),), None
        with grad_mode.no_grad():
            if cls._signature is None:
                output = cls.forward(ctx, *args, **kwargs)
            else:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, output)
        made = output if isinstance(output, tuple) else (output,)
        _check_marks(ctx, inputs, made)
        if recorded:
            node.sequence = next_sequence()
            notes.stamp(node)
            like = [(o._array.shape, o._array.dtype) if isinstance(o, Tensor) else (None, None) for o in made]
            node.shape, node.dtype = zip(*like, strict=True) if like else ((), ())
        outputs = tuple(
            cls._output(node, out, number, inputs, recorded) if isinstance(out, Tensor) else out
            for number, out in enumerate(made)
        )
        if recorded:
            pairs = [pair for pair in zip(made, outputs, strict=True) if getattr(pair[1], "_node", None) is node]
            node.saved = (tuple([_kept(tensor, pairs) for tensor in ctx._to_save]),)
        for name in ("_to_save", "_dirty", "_non_differentiable"):
            ctx.__dict__.pop(name, None)
        if grad_mode.special:
            seen = tuple([out for out in outputs if isinstance(out, Tensor)])
            tell("operation", cls.__name__, args, seen, node if recorded else None)
        return outputs if isinstance(output, tuple) else outputs[0]

    @classmethod
    def _output(cls, node: Any, out: Tensor, number: int, inputs: list[Tensor], recorded: bool) -> Tensor:
        """An output with its history: the node, unless it is marked as having no gradient."""
        is_input, dirty = _among(inputs, out), _among(node.ctx._dirty, out)
        several = sum(isinstance(size, tuple) for size in getattr(node, "shape", ())) > 1
        recorded = recorded and not _among(node.ctx._non_differentiable, out) and out._array.dtype.kind == "f"
        if dirty and recorded:
            if out._requires_grad and out._node is None:
                raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
            views.check_inplace(out, True)
            if out._is_view():
                if several:
                    raise RuntimeError(
                        "If your Function modifies inplace an input that is a view of another Tensor, your Function "
                        "cannot return more than one Tensor. This is not supported by the current autograd engine. You "
                        "should either make sure the input is not a view (using .clone() for example) or make your "
                        "Function only return one Tensor (potentially splitting it into two Functions: one doing the "
                        "inplace that returns a single Tensor and a second one that does the other operations). You "
                        "can ask on the forum https://discuss.pytorch.org/ if you need help to do this change."
                    )
                views.rebase(out, node)
                return out
        elif is_input and not recorded and out.requires_grad:
            out = out.detach()
        elif is_input and not dirty:  # returned as it is: a view of it, so that the input keeps its own history
            with grad_mode.no_grad():
                out = views.as_view(Tensor._plain(out._array), out)
        if out._is_view() and not dirty:
            meta = out._own_meta()
            meta.creation = views.MULTI if several else views.CUSTOM
            meta.seen_version = out._version  # what forward itself did to the memory is over
        if recorded:
            out._node, out._output_nr, out._requires_grad = node, number, False
        return out


def _among(tensors: Iterable[Any], tensor: Any) -> bool:
    return any(each is tensor for each in tensors)


def _kept(tensor: Any, pairs: list[tuple[Any, Tensor]]) -> Any:
    """What is saved of a tensor: an output (what forward made, what became of it) without its node."""
    output = next((output for made, output in pairs if made is tensor), None)
    if output is not None:
        return SavedTensor(output, is_output=True)
    return None if tensor is None else save(tensor)


def _check_marks(ctx: FunctionCtx, inputs: list[Tensor], outputs: tuple[Any, ...]) -> None:
    """Refuse what forward cannot save or have changed; count its changes."""
    for number, tensor in enumerate(ctx._to_save):
        if tensor is not None and not isinstance(tensor, Tensor):
            kind = type(tensor).__name__
            raise TypeError(f"save_for_backward can only save variables, but argument {number} is of type {kind}")
    for tensor in ctx._dirty:
        if not isinstance(tensor, Tensor):
            raise RuntimeError("mark_dirty can only accept variables, but argument ")
        if not _among(outputs, tensor):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as output. The inputs that "
                "are modified inplace must all be outputs of the Function."
            )
        if not _among(inputs, tensor):
            notes.warn(
                "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated "
                "should be passed to ctx.mark_dirty()."
            )
        tensor._changed()


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
