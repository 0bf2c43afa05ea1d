"""Rows written out: what ``Operation.__call__`` and its node's backward do for one row, as Python without loops.

The general way asks for every argument what it is, for what it is saved, which derivative wants it. All of that is
known from the row's names, so it is written down once, when the row is first used. Of exp it makes

    def run(self):
        self_array = self._array if isinstance(self, Tensor) else self
        out = forward(self_array)
        ...
        node.edges = (self_edge,)
        node.saved = (SavedTensor(result, True),)
        ...

    def backward(node, grad):
        ...
        (saved0,) = node.saved
        saved0 = as_array(saved0, node)
        return (None if edges[0] is None else derivative0(grad, saved0),)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import notes, views
from ..autograd.graph import next_sequence
from ..autograd.saved import Freed, SavedTensor, as_array, freed, save
from ..tensor import Tensor


def run_of(row: Any, helpers: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    """The row as a function of its arguments, for the case that no mode asks for more than recording."""
    params, inputs = row.params, [row.params[place] for place in row.inputs]
    done = f"return as_view(result, {params[0]})" if row.view else "return result"
    lines = [
        *(f"{name}_array = {name}._array if isinstance({name}, Tensor) else {name}" for name in params),
        f"out = forward({', '.join(f'{name}_array' for name in params)})",
        "if type(out) is not ndarray:",
        "    out = asarray(out)",
    ]
    if row.node is None:
        lines += ["result = made(out, None)", done]
    else:
        edge = "({0}._node if {0}._node is not None and {0}._meta is None and not {0}._output_nr else edge_of({0}))"
        lines += [
            *(f"{name}_edge = {edge.format(name)} if isinstance({name}, Tensor) else None" for name in inputs),
            f"if out.dtype.kind != 'f' or ({' and '.join(f'{name}_edge is None' for name in inputs)}):",
            "    result = made(out, None)",
            f"    if {' or '.join(f'isinstance({name}, Tensor) and {name}._meta is not None' for name in inputs)}:",
            f"        row.record(({_listed(params)}), (result,))",
            f"    {done}",
            "node = kind()",
            "result = made(out, node)",
            f"node.edges = ({_listed(f'{name}_edge' for name in inputs)})",
            "node.shape, node.dtype, node.hooks, node.sequence = out.shape, out.dtype, None, next_sequence()",
            f"node.saved = ({_listed(_saved(row, place) for place in range(len(row.saved_names)))})",
            f"node.attributes = ({_listed(_noted(row, name) for name in row.attribute_names)})",
            "stamp(node)",
            done,
        ]
    known = {
        "Tensor": Tensor, "ndarray": np.ndarray, "asarray": np.asarray, "SavedTensor": SavedTensor, "save": save,
        "edge_of": views.gradient_edge, "as_view": views.as_view, "next_sequence": next_sequence,
        "stamp": notes.stamp, "row": row, "kind": row.node, "forward": row.forward,
    }  # fmt: skip
    return _compiled(f"run({', '.join(params)})", lines, known | helpers, row.name)


def backward_of(row: Any) -> Callable[..., Any]:
    """The backward of the row's nodes, on arrays."""
    saved = [f"saved{place}" for place in range(len(row.saved_names))]
    noted = [f"noted{place}" for place in range(len(row.attribute_names))]
    names = [*saved, *noted]
    lines = []
    if saved:
        lines += ["if type(node.saved) is Freed:", "    raise freed(node, node.saved)"]
        bare = "{0}._array if type({0}) is Tensor and {0}._version_counter is None else as_array({0}, node)"
        lines += [f"{_listed(saved)} = node.saved", *(f"{saved[i]} = {bare.format(saved[i])}" for i in row._packing)]
    if noted:
        lines += [f"{_listed(noted)} = node.attributes"]
    gradients = (
        f"None if edges[{number}] is None else derivative{number}({_listed(['grad', *(names[i] for i in places)])})"
        for number, (_, _, places) in enumerate(row.derivatives)
    )
    lines += ["edges = node.edges", f"return ({_listed(gradients)})"]
    known: dict[str, Any] = {
        f"derivative{number}": derivative for number, (_, derivative, _) in enumerate(row.derivatives)
    }
    known |= {"Freed": Freed, "freed": freed, "as_array": as_array, "Tensor": Tensor}
    return _compiled("backward(node, grad)", lines, known, row.name)


def _listed(parts: Any) -> str:
    return "".join(f"{part}, " for part in parts)


def _saved(row: Any, place: int) -> str:
    """What is kept under a name of ``_saved_*``: where a derivative that needs it will run."""
    name, (argument, number, needed_by) = row.saved_names[place], row._saving[place]
    if argument is None:
        return "SavedTensor(result, True)" if number < row.differentiable else "save(result)"
    kept = f"(save({name}) if isinstance({name}, Tensor) else keep({name}, out.dtype))"
    if len(row.inputs) == 1:
        return kept
    return f"{kept} if {' or '.join(f'{row.params[row.inputs[i]]}_edge is not None' for i in needed_by)} else None"


def _noted(row: Any, name: str) -> str:
    """What else a derivative calls by a name: an argument, ``self_sym_sizes``, ``self_sym_strides``."""
    source, _, what = name.partition("_sym_")
    if name in row.params:
        return name
    if what == "strides":
        return f"{source}_array.strides if {source}_edge is not None else ()"
    return f"{source}_array.{'shape' if what == 'sizes' else 'size'}"


def _compiled(head: str, lines: list[str], known: dict[str, Any], name: str) -> Callable[..., Any]:
    exec(compile("\n    ".join([f"def {head}:", *lines]), f"{__file__}:{name}", "exec"), known)
    return known[head.partition("(")[0]]
