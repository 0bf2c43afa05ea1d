"""The few shapes an operation can have.

An operation is one row: its forward on arrays, a derivative for each input, and the formula people read.

    mul = binary(
        "mul", np.multiply,
        self=(lambda grad, other: grad * other, r"\\bar z \\cdot y"),
        other=(lambda grad, self: grad * self, r"\\bar z \\cdot x"))

A derivative *names what it needs* and that is what is saved: another input (``other``), the output
(``result``), an argument (``dim``), the shape of an input (``self_sym_sizes``). It is written once: the same
lambda runs on arrays in a plain backward pass and on Tensors under create_graph, where it is recorded in turn.

A row is written out as Python when it is first used (see written.py). ``unary``, ``row`` and ``operation`` are short
ways to declare one; only ``binary``, which is the operators and the hottest of all, is a function by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np

from ..autograd import grad_mode, notes, views
from ..autograd.graph import Edge, Node, next_sequence
from ..autograd.observe import tell
from ..autograd.saved import Freed, SavedTensor, as_tensor, held, raw, save
from ..autograd.views import gradient_edge
from ..dtypes import get_default_dtype, result_type
from ..memory import check_memory
from ..tensor import Tensor
from . import written
from .arguments import broadcast_error, function, is_number, must_cast
from .layout import laid_out
from .written import Formula, leads_nowhere, made

OPERATIONS: dict[str, Operation] = {}
_state = grad_mode.state


class OpNode(Node):
    """A node whose derivatives stand in a row; each row has its own subclass."""

    __slots__ = ("attributes",)
    operation: Operation  # ``saved`` has the tensors that its saved_names name,
    attributes: tuple[Any, ...]  # and here is what its attribute_names name

    def backward(self, grad: Any, edges: Sequence[Edge]) -> Any:
        type(self).backward = written.backward_of(self.operation, False)  # type: ignore[method-assign]
        return self.backward(grad, edges)

    def backward_graph(self, grad: Any, edges: Sequence[Edge]) -> Any:
        type(self).backward_graph = written.backward_of(self.operation, True)  # type: ignore[method-assign]
        return self.backward_graph(grad, edges)


# What PyTorch shows as unsigned numbers: dimensions and places, negative ones included.
_UNSIGNED = ("dim", "index", "start", "end", "shifts", "offset", "diagonal", "k", "pad", "ignore_index")


def _saved_attribute(place: int, name: str = "") -> property:
    """What PyTorch shows as ``node._saved_self``: a saved tensor, or the attribute ``name``."""

    def tensor(node: OpNode) -> Any:
        if type(node.saved) is Freed and node.operation.spared(node.edges, place):
            return None
        return as_tensor(held(node)[place], node)

    def attribute(node: OpNode) -> Any:
        value = node.attributes[place]
        if name.endswith("_sym_strides"):
            return tuple(step // node.dtype.itemsize for step in value)
        if name.startswith(_UNSIGNED):
            if type(value) is tuple:
                return tuple(dim % 2**64 for dim in value)
            return value % 2**64 if type(value) is int else value
        return value

    return property(attribute if name else tensor)


class Operation:
    """One row.

    Args:
        name: the operation's name, as in ``torch.name``.
        forward: arrays (and arguments) to an array, or to several.
        inputs: input name -> its derivative, a function of the gradient and of what it names, and the LaTeX of it.
        params: the names of forward's arguments (read off ``forward`` by default).
        node: the name of the node's class.
        outputs: the names of the outputs; only the first ``differentiable`` of them get gradients. None: as
            many as forward returns, all differentiable.
        tensors: arguments that are tensors without a derivative (an index, a mask).
        variadic: the first argument is a sequence of tensors, and this derivative returns a gradient for each.
        view: the output shares the input's memory.
        shows: what PyTorch's node shows as ``_saved_*`` besides what the derivatives need.
        quick: does forward's work where ``self``, a Tensor and the one argument, is floating.
    """

    def __init__(
        self,
        /,
        name: str,
        forward: Callable[..., Any],
        *,
        params: tuple[str, ...] | None = None,
        node: str | None = None,
        outputs: tuple[str, ...] | None = ("result",),
        differentiable: int = 1,
        tensors: tuple[str, ...] = (),
        variadic: tuple[Callable[..., Any], str] | None = None,
        view: bool = False,
        shows: tuple[str, ...] = (),
        quick: Callable[..., Any] | None = None,
        **inputs: tuple[Callable[..., Any], str],
    ) -> None:
        self.name, self.forward, self.quick, self.view = name, forward, quick, view
        self.outputs, self.differentiable, self.variadic = outputs, differentiable, variadic is not None
        self.params = params or parameters(forward)
        if variadic is not None:
            inputs = {self.params[0]: variadic}
        derivatives = {key: derivative for key, (derivative, _) in inputs.items()}
        self.formula = {key: latex for key, (_, latex) in inputs.items()}
        title = node or "".join(part.capitalize() for part in name.split("_")) + "Backward0"
        OPERATIONS[title if inputs else name] = self
        self._declared = derivatives, title, {*derivatives, *tensors}, shows
        self.__class__ = Declared

    def _work_out(self) -> None:
        """What follows from the row: the class of its nodes, and what they keep."""
        derivatives, title, kept, shows = self._declared
        outputs = self.outputs or ()
        kept = {*kept, *outputs}
        self.inputs = tuple(self.params.index(name) for name in derivatives)
        needed = list(dict.fromkeys([name for fn in derivatives.values() for name in parameters(fn)[1:]] + [*shows]))
        order = (*self.params, *outputs)
        self.saved_names = tuple(sorted((name for name in needed if name in kept), key=order.index))
        # PyTorch packs (and unpacks) them in the order of their names, outputs last.
        names = sorted(self.saved_names, key=lambda name: (name not in self.params, name))
        self.packing = tuple(self.saved_names.index(name) for name in names)
        self.attribute_names = tuple(name for name in needed if name not in kept)
        places = {name: place for place, name in enumerate((*self.saved_names, *self.attribute_names))}
        self.derivatives = tuple(
            (key, fn, tuple(places[name] for name in parameters(fn)[1:])) for key, fn in derivatives.items()
        )
        # For each saved name, the inputs whose derivative needs it: it is saved when one of them needs a gradient.
        self.needed_by = tuple(
            tuple(i for i, fn in enumerate(derivatives.values()) if name in parameters(fn)) for name in self.saved_names
        )
        self.node: Any = None
        if derivatives:
            shown = {f"_saved_{n}": _saved_attribute(i) for i, n in enumerate(self.saved_names)}
            shown |= {f"_saved_{n}": _saved_attribute(i, n) for i, n in enumerate(self.attribute_names) if n[0] != "_"}
            shown |= {f"_raw_saved_{n}": property(partial(raw, place=i)) for i, n in enumerate(self.saved_names)}
            multi = self.outputs is None or self.differentiable > 1
            slots = {"__slots__": (), "__module__": "builtins", "operation": self}
            self.node = type(title, (OpNode,), {**slots, "multi": multi, **shown})

    def spared(self, edges: tuple[Any, ...], place: int) -> bool:
        """Whether an input was not saved, because no derivative that needs it was to run."""
        needed = self.needed_by[place] if len(edges) > 1 and self.saved_names[place] in self.params else ()
        return bool(needed) and all(edges[i] is None for i in needed)

    operation = property(lambda self: self)  # as the functions have that are made of one

    @property
    def __signature__(self) -> Any:
        """What help() and a notebook's tooltip show of a function made of it."""
        from inspect import Parameter, Signature

        names = ["input" if name == "self" else name for name in self.params]
        return Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names])

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __call__(self, *args: Any) -> Any:
        """Run it on Tensors and arguments, and record it where a gradient is needed."""
        return self.run(*args)

    @cached_property
    def run(self) -> Callable[..., Any]:
        """The same as a function, which is faster to call: the row written out."""
        return written.run_of(self)

    def record(self, args: tuple[Any, ...], results: tuple[Tensor, ...], always: bool = False) -> OpNode | None:
        """Make the node of a run and hang it on the result; None where no input needs a gradient."""
        return written.record_of(self)(args, results, always)


class Declared(Operation):
    """A row nobody has used yet. The rest of it is worked out when it is asked for: importing has no time for that."""

    def __getattr__(self, name: str) -> Any:
        self.__class__ = Operation  # type: ignore[assignment]
        self._work_out()
        return getattr(self, name)


def named(names: Sequence[str], function: Callable[..., Any]) -> Callable[..., Any]:
    """A forward or derivative that a template makes for many rows: what it takes as ``*args`` has these names."""
    function.names = tuple(names)  # type: ignore[attr-defined]
    return function


def parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names of a function's parameters."""
    if hasattr(function, "names"):
        return function.names
    code = getattr(function, "__wrapped__", function).__code__
    return code.co_varnames[: code.co_argcount]


def row(
    name: str, forward: Callable[..., Any], derivative: Callable[..., Any], formula: str = "", **more: Any
) -> Operation:
    """An operation with one input, ``self``."""
    return Operation(name, forward, self=(derivative, formula), **more)


def gradient_row(name: str, forward: Callable[..., Any], /, **derivatives: Callable[..., Any]) -> Operation:
    """The row that is the derivative of another, for when it is differentiated in turn."""
    node = f"{name.title().replace('_', '')}BackwardBackward0"
    inputs: Any = {key: (derivative, "") for key, derivative in derivatives.items()}
    return Operation(f"{name}_backward", forward, node=node, **inputs)


def operation(
    signature: str,
    derivative: Callable[..., Any] | None = None,
    formula: str = r"\bar{z}",
    *,
    public: Any = function,
    **more: Any,
) -> Callable[[Callable[..., Any]], Any]:
    """Make a forward on arrays a public operation: the rest of its row is given here (one derivative: of ``self``)."""
    if derivative is not None:
        more["self"] = derivative, formula

    def finish(forward: Callable[..., Any]) -> Any:
        made = Operation(signature.partition("(")[0], forward, **more)
        return public(signature, doc=forward.__doc__)(made)

    return finish


def in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The in-place form of an operation: compute it, write the result over the tensor, take over the node.

    The operation runs on a stand-in with the tensor's history, so that what it saves is not the memory that
    is about to be written over; a saved result is the tensor as it is afterwards.
    """
    name = function.__name__ + "_"

    def apply(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        recorded = _state.grad_enabled and any(
            isinstance(t, Tensor) and t.requires_grad for t in (self, *args, *kwargs.values())
        )
        views.check_inplace(self, recorded)
        check_memory(self._array, [arg._array for arg in args if isinstance(arg, Tensor)])
        node_before = self.grad_fn if recorded else None
        stand_in = made(self._array, node_before)
        stand_in._output_nr = self._output_nr
        if _state.saved_tensors_hooks:
            stand_in._array = self._array.copy()
        observers = _state.observers
        if observers:
            grad_mode.change(observers=())
        try:
            result = function(stand_in, *args, **kwargs)
            if result is NotImplemented:
                return result
            target, out = self._array, result._array
            node: Any = result._node
            if out.shape != target.shape:
                shapes = f"{list(target.shape)} doesn't match the broadcast shape {list(out.shape)}"
                raise RuntimeError(f"output with shape {shapes}")
            must_cast(result.dtype, self.dtype)
            if node is not None and any(entry is stand_in for entry in node.saved):
                original = OPERATIONS["CloneBackward0"](stand_in)
                node.saved = tuple(original if entry is stand_in else entry for entry in node.saved)
        except Exception as error:
            if observers:
                grad_mode.change(observers=observers)
                notes.told(error)
            raise
        finally:
            if observers:
                grad_mode.change(observers=observers)
        np.copyto(target, out, casting="unsafe")
        before = self._changed()
        if node is not None:
            node.dtype = target.dtype
            node.saved = tuple(
                SavedTensor(self, is_output=True) if type(entry) is SavedTensor and entry.array is out else entry
                for entry in node.saved
            )
            views.rebase(self, node)
        if observers:
            tell("inplace", name, self, (*args, *kwargs.values()), before, before + 1)
        return self

    apply.__name__ = apply.__qualname__ = name
    apply.operation = getattr(function, "operation", None)  # type: ignore[attr-defined]
    return apply


# Functions of elements


def computed(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """Call a numpy function; a 0-d result stays an array, where ufuncs return a scalar."""
    return function(*arrays, out=...) if isinstance(function, np.ufunc) else function(*arrays)


def unary(
    name: str,
    function: Callable[..., Any],
    derivative: Callable[..., Any] | None,
    *,
    floating: bool = True,
    general: Callable[..., Any] | None = None,
    formula: str = "",
    node: str | None = None,
) -> Operation:
    """An operation on each element of one tensor.

    ``function`` is for floating arrays. Others become the default float first; or, if not ``floating``, are given
    to ``function`` as they are, or to ``general`` where there is one.
    """

    def forward(self: np.ndarray) -> np.ndarray:
        if self.dtype.kind != "f":
            if general is not None:
                return general(self)
            if floating:
                self = self.astype(get_default_dtype().numpy)
        return computed(function, self)

    inputs: Any = {} if derivative is None else {"self": (derivative, formula)}
    return Operation(name, forward, params=("self",), node=node, quick=function, **inputs)


def binary(
    name: str,
    function: Callable[..., Any],
    /,
    *,
    floating: bool = False,
    extra: dict[str, Any] | None = None,
    general: Callable[..., Any] | None = None,
    number_node: str | None = None,
    wide: bool = False,
    **inputs: Any,
) -> Callable[..., Any]:
    """An operation on the elements of two tensors, broadcast, or of a tensor and a number.

    ``function`` is for two floating arrays of one dtype and the usual case; ``extra`` are further arguments
    with their defaults, and ``general`` takes them (and every dtype). The function made takes the two operands
    and returns NotImplemented where they are anything else, so that it serves as the operator as well.
    ``number_node`` is what PyTorch calls the node when the other operand is a number in another derivative. ``wide``:
    PyTorch's float16 kernel takes a single number there as it is, and not as float16.
    """
    extra = extra or {}
    defaults, simple, ufunc = tuple(extra.values()), bool(inputs), isinstance(function, np.ufunc)

    def forward(self: Any, other: Any, *more: Any) -> np.ndarray:
        x, y = promote(self, other, floating)
        if wide and x.dtype == np.float16 and not np.ndim(other):
            return broadcast(function, x, np.asarray(other, np.float32)).astype(np.float16)
        return broadcast((lambda x, y: general(x, y, *more)) if general else function, x, y)

    params = ("self", "other", *extra)
    operation = Operation(name, forward, params=params, **inputs)
    by_number = number_node and Operation(name, forward, params=params, node=number_node, self=inputs["self"])
    # Whether self is saved for the gradient of self, for that of other; and the same of other.
    needs = [parameters(derivative) for derivative, _ in inputs.values()] or [(), ()]
    self_self, self_other, other_self, other_other = [name in of for name in ("self", "other") for of in needs]
    saves = self_self or self_other or other_self or other_other

    def apply(input: Any, other: Any) -> Any:
        if grad_mode.special or not simple or not isinstance(input, Tensor):
            return apply_generally(input, other)
        x = input._array
        constants = _constants.get(x.dtype)
        if constants is None:
            return apply_generally(input, other)
        if (type(other) is float or type(other) is int) and not Formula.running:
            y = other = constants[other] if other in constants else constant(other, x.dtype)
            edge_other = None
        elif isinstance(other, Tensor):
            y = other._array
            if y.dtype is not x.dtype:
                return apply_generally(input, other)
            edge_other = other._node
            if edge_other is None or other._meta is not None or other._output_nr:
                edge_other = gradient_edge(other)
        else:
            return apply_generally(input, other)
        try:
            out = function(x, y, out=...) if ufunc else function(x, y)
        except ValueError:
            raise broadcast_error(x.shape, y.shape) from None
        if out.ndim > 1 and x.strides != out.strides:
            out = laid_out(out, x, y)
        edge = input._node
        if edge is None or input._meta is not None or input._output_nr:
            edge = gradient_edge(input)
        if edge is None and edge_other is None:
            if leads_nowhere(input) or (other is not y and leads_nowhere(other)):
                return apply_generally(input, other.item() if other is y else other)
            return made(out, None)
        node = operation.node()
        node.edges = (edge, edge_other)
        node.saved = ()
        if saves:
            mine = save(input) if (self_self and edge is not None) or (self_other and edge_other is not None) else None
            its = None
            if (other_self and edge is not None) or (other_other and edge_other is not None):
                its = other if other is y else save(other)
            node.saved = (mine, its)
        node.attributes = defaults
        node.shape, node.dtype, node.hooks, node.sequence = out.shape, out.dtype, None, next_sequence()
        notes.stamp(node)
        return made(out, node)

    def apply_generally(input: Any, other: Any) -> Any:
        if not isinstance(input, Tensor) or not (isinstance(other, Tensor) or is_number(other)):
            return NotImplemented
        if Formula.running and by_number and not isinstance(other, Tensor):
            return by_number(input, other, *defaults)
        return operation(input, other, *defaults)

    apply.__name__ = apply.__qualname__ = name
    apply.operation = operation  # type: ignore[attr-defined]
    return apply


_constants: dict[np.dtype[Any], dict[float, np.ndarray]] = {np.dtype(f"float{bits}"): {} for bits in (32, 64)}


def constant(number: float, kind: np.dtype[Any]) -> np.ndarray:
    """A number as a 0-d array, kept for the next time: numpy computes twice as fast with it."""
    known = _constants.get(kind)
    if known is None:
        return np.array(number, dtype=kind)
    if number in known:
        return known[number]
    array = np.array(number, dtype=kind)
    array.flags.writeable = False
    if len(known) > 1000:
        known.clear()
    if number:  # 0.0 == -0.0, but they are not the same
        known[number] = array
    return array


def promote(x: Any, y: Any, floating: bool) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays of the dtype PyTorch computes in."""
    if type(x) is type(y) is np.ndarray and x.dtype is y.dtype and (x.dtype.kind == "f" or not floating):
        return x, y
    kind = result_type(x, y)
    if floating and not kind.is_floating_point:
        kind = get_default_dtype()
    return np.asarray(x).astype(kind.numpy, copy=False), np.asarray(y).astype(kind.numpy, copy=False)


def promoting(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """A forward: a numpy function of two operands in the dtype PyTorch computes in."""
    return lambda self, other: broadcast(function, *promote(self, other, False))


def broadcast(function: Callable[..., Any], *arrays: np.ndarray) -> np.ndarray:
    """Call a numpy function of several arrays, with PyTorch's words where their shapes do not broadcast."""
    try:
        return laid_out(np.asarray(computed(function, *arrays)), *arrays)
    except ValueError:
        for second in arrays[1:]:
            try:
                np.broadcast_shapes(arrays[0].shape, second.shape)
            except ValueError:
                raise broadcast_error(arrays[0].shape, second.shape) from None
        raise
