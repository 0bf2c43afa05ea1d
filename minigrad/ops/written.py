"""Rows written out: what a row and its nodes' backward do, as Python without loops.

To run a row is to ask of every argument what it is, for what it is saved, which derivative wants it. All of that is
known from the row's names, so it is written down once, when the row is first used. Of exp it makes

    def run(self):
        self_array = self._array if isinstance(self, Tensor) else self
        out = forward(self_array)
        ...
        node.edges = (self_edge,)
        kept0 = SavedTensor(result, True)
        ...

    def backward(node, grad, edges):
        ...
        (saved0,) = node.saved
        saved0 = as_array(saved0, node)
        return (None if edges[0] is None else derivative0(grad, saved0),)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np

from ..autograd import grad_mode, notes, views
from ..autograd.graph import next_sequence
from ..autograd.observe import tell
from ..autograd.saved import Freed, SavedTensor, as_array, as_tensor, held, save
from ..tensor import Tensor
from .arguments import is_number

_new = object.__new__


class Formula:
    """Whether a derivative is running on Tensors: PyTorch's formulas take its overloads for numbers (MulBackward1)."""

    running = False


def made(array: np.ndarray, node: Any) -> Tensor:
    """A result: the tensor that ``node`` made. (Tensor._plain without the calls and the test that it needs.)"""
    tensor = _new(Tensor)
    tensor._array = array
    tensor._node = node
    tensor._output_nr = 0
    tensor._requires_grad = False
    tensor._version_counter = None
    tensor._grad = None
    tensor._accumulator = None
    tensor._meta = None
    return tensor


def leads_nowhere(tensor: Any) -> bool:
    """Whether it requires grad although it has no node: a view made in no_grad of a tensor that requires grad."""
    return isinstance(tensor, Tensor) and tensor._meta is not None and tensor.requires_grad


def _keep(value: Any, kind: Any) -> Any:
    if isinstance(value, Tensor):
        return save(value)
    if isinstance(value, tuple | list):
        return tuple(_keep(v, kind) for v in value)
    if not is_number(value):
        return value
    return np.array(value, dtype=np.float32 if kind.itemsize == 2 else kind)  # as binary keeps numbers


_KNOWN = {
    "Formula": Formula, "Freed": Freed, "SavedTensor": SavedTensor, "Tensor": Tensor, "as_array": as_array,
    "as_tensor": as_tensor, "as_view": views.as_view, "asarray": np.asarray, "edge_of": views.gradient_edge,
    "held": held, "keep": _keep, "leads_nowhere": leads_nowhere, "made": made, "modes": grad_mode,
    "ndarray": np.ndarray, "next_sequence": next_sequence, "save": save, "stamp": notes.stamp,
    "state": grad_mode.state, "tell": tell, "told": notes.told,
}  # fmt: skip


def run_of(row: Any) -> Callable[..., Any]:
    """The row as a function of its arguments."""
    params, single = row.params, _single(row)
    compute = f"forward({', '.join(f'{name}_array' for name in params)})"
    if row.quick is not None:
        quick = f"quick(self_array{', out=...' if isinstance(row.quick, np.ufunc) else ''})"
        compute = f"{quick} if self_array.dtype.kind == 'f' else {compute}"
    lines = [
        *_arrays(row),
        "try:",
        f"    out = {compute}",
        "except Exception as error:",
        "    told(error)",
        "    raise",
        "special, node = modes.special, None",
    ]
    if single:
        lines += ["if type(out) is not ndarray:", "    out = asarray(out)"]
        lines += ["result = Tensor._plain(out) if special else made(out, None)"]
    else:
        lines += ["results = tuple([Tensor._of(array) for array in out])", "out = results[0]._array"]
    if row.node is not None:
        lines += ["if not special or state.grad_enabled:", *_indented(_recorded(row, ""))]
    if row.view:
        view = f"as_view(result, {params[0]}, {not single})"
        lines += [view] if single else ["for result in results:", f"    {view}"]
    lines += [
        "if special and state.observers:",
        f"    tell('operation', row.name, ({_listed(params)}), {'(result,)' if single else 'results'}, node)",
        f"return {'result' if single else 'results'}",
    ]
    run = _compiled(f"run({', '.join(params)})", lines, {"forward": row.forward, "quick": row.quick}, row)
    run.__defaults__ = row.forward.__defaults__
    return run


@cache
def record_of(row: Any) -> Callable[..., Any]:
    """A function that makes the node of a run and hangs it on the result, as ``run`` does; it returns the node."""
    lines = [f"{_listed(row.params)} = args", *_arrays(row), "(result,) = results", "out, node = result._array, None"]
    lines += [*_recorded(row, "always or "), "return node"]
    return _compiled("record(args, results, always=False)", lines, {}, row)


def backward_of(row: Any, as_tensors: bool) -> Callable[..., Any]:
    """The backward of the row's nodes, on arrays or on Tensors."""
    saved = [f"saved{place}" for place in range(len(row.saved_names))]
    noted = [f"noted{place}" for place in range(len(row.attribute_names))]
    names, lines = [*saved, *noted], []
    if saved:
        bare = "{0}._array if type({0}) is Tensor and {0}._version_counter is None else as_array({0}, node)"
        unpacked = "as_tensor({0}, node)" if as_tensors else bare
        lines += [f"{_listed(saved)} = held(node) if type(node.saved) is Freed else node.saved"]
        lines += [f"{saved[i]} = {unpacked.format(saved[i])}" for i in row.packing]
    if noted:
        lines += [f"{_listed(noted)} = node.attributes"]
    gradients = [
        f"derivative{number}({', '.join(['grad', *(names[i] for i in places)])})"
        for number, (_, _, places) in enumerate(row.derivatives)
    ]
    if row.variadic:
        answer = [f"return {gradients[0]}"]
    else:
        each = (f"None if edges[{number}] is None else {gradient}" for number, gradient in enumerate(gradients))
        answer = [f"return ({_listed(each)})"]
    if as_tensors:
        answer = ["Formula.running = True", "try:", *_indented(answer), "finally:", "    Formula.running = False"]
    derivatives = {f"derivative{number}": derivative for number, (_, derivative, _) in enumerate(row.derivatives)}
    return _compiled("backward(node, grad, edges)", lines + answer, derivatives, row)


def _single(row: Any) -> bool:
    return len(row.outputs or ()) == 1


def _arrays(row: Any) -> Iterator[str]:
    for name in row.params:
        if row.variadic and name == row.params[0]:
            yield f"{name}_array = [tensor._array for tensor in {name}]"
        else:
            yield f"{name}_array = {_of_tensor(row, name, '{0}._array', name, 'isinstance({0}, Tensor)')}"


def _of_tensor(row: Any, name: str, value: str, otherwise: Any, test: str = "{0}_array is not {0}") -> str:
    """What an argument has if it is a Tensor, as one of a row that can be quick is."""
    if row.variadic and name == row.params[0]:
        return otherwise
    tested = "" if row.quick is not None else f" if {test.format(name)} else {otherwise}"
    return f"({value.format(name)}{tested})"


def _recorded(row: Any, always: str) -> list[str]:
    """Make the node, where an input needs a gradient."""
    inputs, first = [row.params[place] for place in row.inputs], row.params[0]
    result = "result" if _single(row) else "results[0]"
    if row.variadic:
        edges, lines = "edges", [f"edges = tuple([edge_of(tensor) for tensor in {first}])"]
        found, nowhere = "any([edge is not None for edge in edges])", f"any(map(leads_nowhere, {first}))"
    else:
        edge = "({0}._node if {0}._node is not None and {0}._meta is None and not {0}._output_nr else edge_of({0}))"
        lines = [f"{name}_edge = {_of_tensor(row, name, edge, None)}" for name in inputs]
        edges, found = f"({_listed(f'{name}_edge' for name in inputs)})", _any("{0}_edge is not None", inputs)
        nowhere = _any(_of_tensor(row, "{0}", "{0}._meta is not None and {0}.requires_grad", False), inputs)
    node = ["node = kind()", f"node.edges, node.hooks, node.sequence = {edges}, None, next_sequence()"]
    if row.node.multi:
        node += [f"node.{what} = tuple([result._array.{what} for result in results])" for what in ("shape", "dtype")]
        node += ["for number, result in enumerate(results):", "    result._node, result._output_nr = node, number"]
    else:
        node += ["node.shape, node.dtype = out.shape, out.dtype", f"{result}._node = node"]
    for place in row.packing:
        name = row.saved_names[place]
        if name in row.params:
            kept = _of_tensor(row, name, "save({0})", f"keep({name}, out.dtype)")
            if len(inputs) > 1:  # where a derivative that needs it will run
                wanted = _any("{0}_edge is not None", [inputs[i] for i in row.needed_by[place]])
                kept = f"({kept}) if {wanted} or not ({found}) else None"
        else:
            number = row.outputs.index(name)
            result = "result" if _single(row) else f"results[{number}]"
            kept = f"SavedTensor({result}, True)" if number < row.differentiable else f"save({result})"
        node += [f"kept{place} = {kept}"]
    node += [
        f"node.saved = ({_listed(f'kept{place}' for place in range(len(row.saved_names)))})",
        f"node.attributes = ({_listed(_noted(row, name) for name in row.attribute_names)})",
        "stamp(node)",
    ]
    return [*lines, f"if ({always}{found} or {nowhere}) and out.dtype.kind == 'f':", *_indented(node)]


def _noted(row: Any, name: str) -> str:
    """What else a derivative calls by a name: an argument, ``self_sym_sizes``, ``self_sym_strides``."""
    source, _, what = name.partition("_sym_")
    if name in row.params:
        return name
    if what == "strides":
        return f"{source}_array.strides if {source}_edge is not None else ()"
    return f"{source}_array.{'shape' if what == 'sizes' else 'size'}"


def _any(condition: str, names: Iterable[str]) -> str:
    return " or ".join(condition.format(name) for name in names)


def _listed(parts: Iterable[str]) -> str:
    return "".join(f"{part}, " for part in parts)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _compiled(head: str, lines: list[str], known: dict[str, Any], row: Any) -> Callable[..., Any]:
    known |= _KNOWN | {"row": row, "kind": row.node, "__name__": __name__}  # numpy's warnings are filtered by module
    exec(compile("\n".join([f"def {head}:", *_indented(lines)]), f"{__file__}:{row.name}", "exec"), known)
    return known[head.partition("(")[0]]
