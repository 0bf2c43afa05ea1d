"""Trace: everything that happened in one recorded run, as plain data.

A Trace has two parts. The *cast* (source lines, nodes, edges, chips, tensors) is fixed and laid out
once. The *steps* say, in order, what changed: a step holds a list of changes ``[id, field, value]``,
so the picture at step k is the cast with the changes of steps 0 to k applied. Nothing in it refers to
a live tensor and every text of the learner's is text, never markup, so a Trace can be stored in a
notebook, sent to a browser, or read back from a file that somebody else wrote.
"""

from __future__ import annotations

import json
import math
import re
import types
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from viz.texts import say

VERSION = 2

# What a step can be, and the phase whose colour it takes.
PHASES = ("forward", "backward", "update", "error")
KINDS = (
    "leaf",  # a tensor made by the learner
    "operation",  # an operation ran and put a node on the graph
    "view",  # the same, but the result shares its input's memory
    "untracked",  # an operation ran without a node (no_grad, or nothing requires grad)
    "inplace",  # a tensor was changed in place: its version goes up
    "backward",  # backward() begins: the seed gradient
    "node",  # a node's backward ran: gradient in, gradients out
    "accumulate",  # a gradient arrived at a leaf: before + arriving = after
    "retain",  # a non-leaf with retain_grad() kept its gradient
    "hook",  # a hook looked at a gradient, or replaced it
    "free",  # saved tensors were let go
    "grad_set",  # .grad was zeroed, replaced or set to None by the learner
    "update",  # a leaf was changed under no_grad (an optimizer's step)
    "error",  # an exception, at the line and node where it happened
)


@dataclass
class Value:
    """A tensor's numbers at one moment: ``text`` to show, ``cells`` (row-major, at most 64) to colour.

    A large tensor has a summary as its text and no cells, or the cells of a coarser picture of it.
    """

    text: str
    shape: list[int]
    dtype: str
    cells: list[float | None] | None = None


@dataclass
class Tensor:
    """A tensor of the run. Changing fields: visible, name, value, grad, version, grad_fn, requires_grad.

    ``grad`` is None (reads ``None``), a Value, or a text such as ``not kept · 1.`` ``symbol`` is the letter
    that formulas and saved tensors use for it where ``name`` is only an expression: "a" for "x + y".
    """

    id: str
    name: str
    value: Value | None = None
    grad: Value | str | None = None
    version: int = 0
    leaf: bool = True
    requires_grad: bool = False
    grad_fn: str | None = None
    visible: bool = False
    symbol: str = ""


@dataclass
class Chip:
    """A tensor saved by a node for its backward. Changing fields: held (None before, True, False = freed), stale."""

    id: str
    label: str  # "saved b"
    tensor: str | None  # id of the Tensor it keeps alive
    version: int  # the version it was saved at
    bytes: int
    held: bool | None = None
    stale: bool = False  # the tensor has changed in place since: backward will refuse


@dataclass
class Node:
    """A box of the picture. Changing fields: visible, label, detail, freed, failed.

    ``group`` is the module whose forward made it: "Net.layer1"; ``inside`` the Group it is drawn in.

    ``box`` is [x, y, width, height] of the rectangle in points, y downwards, (x, y) the top left corner;
    ``chips`` stand to its right at ``chip_at``.
    """

    id: str
    kind: str  # leaf | operation | output | untracked
    label: str  # "MulBackward0", or the name of a leaf or output
    detail: str  # second line: "a · b = [5.]", "[2.] v0"
    tensor: str | None = None  # the Tensor it stands for or made
    line: int | None = None  # the line of the source that made it
    chips: list[Chip] = field(default_factory=list)
    box: list[float] | None = None
    chip_at: list[float] | None = None
    visible: bool = False
    freed: bool = False
    failed: bool = False
    group: str = ""
    inside: str = ""


@dataclass
class Edge:
    """From the node that made a value to the node that uses it (forward direction).

    Changing fields: visible, gradient (the text that stands on the edge once a gradient has travelled it).
    ``tag_at`` is set where the source is drawn once more beside the target as a small tag with its name,
    because a leaf that hundreds of nodes use would otherwise pull the whole picture together.
    """

    id: str
    source: str
    target: str
    argument: int = 0  # which argument of target it feeds
    path: str = ""  # SVG path data, from source to target
    label_at: list[float] | None = None  # the middle of the room kept free for the gradient
    tag_at: list[float] | None = None  # [x, y, width, height], as a node's box
    visible: bool = False
    gradient: str | None = None


@dataclass
class Group:
    """Nodes of a big run, drawn as one box until the reader opens it; groups stand in groups (``inside``).

    Closed it is ``box``, in the picture of the group around it. Open it is a frame around a picture of its own,
    ``width`` by ``height``, whose nodes, edges and links count from that picture's corner. What it shows at a step
    follows from its nodes: visible when one is, freed when all are.
    """

    id: str
    kind: str  # module | loop | pass | lines | leaves
    label: str  # "blocks.3", "× 12", "iteration 7", "lines 4 to 9"
    detail: str  # "60 operations"
    inside: str = ""
    open: bool = False  # at first
    shut: bool = False  # it cannot be opened: the run is too big to be drawn whole
    box: list[float] | None = None
    width: float = 0.0
    height: float = 0.0


@dataclass
class Link:
    """Edges across the border of a group, drawn as one line in the picture of ``inside``.

    In the picture around the group it joins two boxes. In the group's own picture one end is outside: ``source`` or
    ``target`` is empty, and a tag with the name of what is there stands at ``tag_at``.
    """

    id: str
    edges: list[str]
    inside: str = ""
    source: str = ""
    target: str = ""
    tag: str = ""
    argument: int = 0
    path: str = ""
    label_at: list[float] | None = None
    tag_at: list[float] | None = None


# A formula is MathML as nested lists: ["mrow", ["mi", "x"], ["mo", "="], ["mn", "3"]].
# The stepper builds elements from a fixed set of tags; strings become text nodes. "mark" is an mrow
# in the colour of the phase: the number the line is about.
MATH_TAGS = (
    *("mrow", "mi", "mn", "mo", "mtext", "mfrac", "msup", "msub", "msubsup", "mover", "munder", "munderover"),
    *("msqrt", "mtable", "mtr", "mtd", "mark"),
)
MATH_DEPTH = 40  # how deep a formula may nest


@dataclass
class Formula:
    """One line of mathematics: ``math`` to draw, ``text`` to read aloud, ``note`` small beside it."""

    math: list[Any]
    text: str
    note: str = ""


@dataclass
class Step:
    """One thing that happened. ``changes`` are [id, field, value] on tensors, chips, nodes and edges."""

    kind: str
    phase: str
    title: str  # "MulBackward0 passes the gradient to both factors"
    text: str  # one plain sentence
    line: int | None = None  # the line that runs now
    origin: int | None = None  # backward: the forward line that made the active node
    formulas: list[Formula] = field(default_factory=list)
    active: list[str] = field(default_factory=list)  # nodes, edges and tensors this step is about
    changes: list[list[Any]] = field(default_factory=list)
    saved_bytes: int = 0  # bytes of saved tensors held after this step
    error: str = ""  # "RuntimeError: Trying to backward ...": type and whole text, for a step of kind error
    changed: int | None = None  # the line that changed what a failing node had saved
    notes: list[str] = field(default_factory=list)  # what was added to the exception: add_note


@dataclass
class Trap:
    """A wrong answer that is known, and what may be behind it."""

    answer: str
    text: str


@dataclass
class Question:
    """What the reader is asked before ``step`` (its place in ``steps``) is shown.

    ``answer`` is one of ``choices`` where there are any; else ``None``, or numbers with spaces between them, which
    are compared with a tolerance.
    """

    step: int
    text: str
    answer: str
    choices: list[str] = field(default_factory=list)
    traps: list[Trap] = field(default_factory=list)


@dataclass
class Trace:
    """A recorded run. ``width`` and ``height`` are the picture's size in points.

    Lines are counted from 1 within ``source``; ``first_line`` is the number that ``source[0]`` has in its
    file or cell, for those who show numbers beside the code. Where a run was resumed, in another cell perhaps,
    ``resumed`` says for each further part at which line of ``source`` it begins, and which number that one has.
    """

    source: list[str]
    steps: list[Step]
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    tensors: list[Tensor] = field(default_factory=list)
    title: str = ""
    width: float = 0.0
    height: float = 0.0
    notes: list[str] = field(default_factory=list)  # "4,812 steps, the first 5,000 shown", ...
    version: int = VERSION
    first_line: int = 1
    resumed: list[list[int]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)  # one stands after the group it is inside
    links: list[Link] = field(default_factory=list)

    def to_json(self) -> str:
        """The trace as JSON text; ``from_json`` reads it back without loss."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        # Half a surrogate pair, which a learner's string may hold, has no UTF-8: it stays an escape.
        return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)

    def to_dict(self) -> dict[str, Any]:
        """The trace as dicts, lists, texts and numbers; fields that have their default are left out."""
        plain = _plain(self)
        assert isinstance(plain, dict)
        return {"version": self.version, **plain}

    @classmethod
    def from_json(cls, text: str) -> Trace:
        """Read JSON written by ``to_json``, perhaps by somebody else: TraceError where it is not a Trace."""
        try:
            data = json.loads(text)
        except ValueError as error:
            raise TraceError(f"not JSON: {error}") from error
        return cls.from_dict(data)

    @classmethod
    def from_dict(cls, data: Any) -> Trace:
        """Read what ``to_dict`` gives; raises TraceError, which names the place, where it is not a Trace."""
        if not isinstance(data, dict):
            raise TraceError(f"trace: expected an object, found {_kind(data)}")
        found = data.get("version")
        if found != VERSION:
            raise TraceError(f"trace.version: this is version {found!r}, this program reads version {VERSION}")
        trace = _read(cls, data, "trace")
        assert isinstance(trace, Trace)
        trace.check()
        return trace

    def line_name(self, line: int | None) -> str:
        """A line of ``source`` as the reader finds it beside the code."""
        return line_name(line, self.first_line, self.resumed)

    def at(self, step: int) -> Trace:
        """A copy whose cast is as it stands after ``step`` (counted from 1; 0 is before the first)."""
        copy = Trace.from_dict(self.to_dict())
        chips = (chip for node in copy.nodes for chip in node.chips)
        parts: tuple[Tensor | Chip | Node | Edge, ...] = (*copy.tensors, *copy.nodes, *copy.edges, *chips)
        cast = {part.id: part for part in parts}
        for one in copy.steps[:step]:
            for name, attribute, value in one.changes:
                setattr(cast[name], attribute, value)
        return copy

    def save(self, path: str | Path) -> None:
        """Write the trace to a file that ``load`` reads."""
        Path(path).write_text(self.to_json() + "\n", encoding="utf-8")

    def check(self) -> None:
        """Raise TraceError where the parts do not fit together: an unknown id, kind, phase, field or tag."""
        kinds: dict[str, str] = {}
        for tensor in self.tensors:
            _new(kinds, tensor.id, "tensor", "tensors")
        for node in self.nodes:
            _new(kinds, node.id, "node", "nodes")
            for chip in node.chips:
                _new(kinds, chip.id, "chip", f"node {node.id!r}")
        for edge in self.edges:
            _new(kinds, edge.id, "edge", "edges")
        for node in self.nodes:
            if node.kind not in NODE_KINDS:
                raise TraceError(
                    f"node {node.id!r}: unknown kind {node.kind!r}, expected one of {', '.join(NODE_KINDS)}"
                )
            for tensor_id in (node.tensor, *(chip.tensor for chip in node.chips)):
                if tensor_id is not None and kinds.get(tensor_id) != "tensor":
                    raise TraceError(f"node {node.id!r}: there is no tensor {tensor_id!r}")
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if kinds.get(end) != "node":
                    raise TraceError(f"edge {edge.id!r}: there is no node {end!r}")
        self._check_groups(kinds)
        for number, part in enumerate(self.resumed):
            after = self.resumed[number - 1][0] if number else 1
            if len(part) != 2 or not after < part[0] <= len(self.source):
                raise TraceError(f"resumed: {part} is no line after {after} of the source with its number")
        for number, step in enumerate(self.steps, 1):
            _check_step(step, f"step {number}", kinds, len(self.source))
        for question in self.questions:
            if not 0 < question.step < len(self.steps):
                raise TraceError(f"questions: there is no step {question.step} that could be hidden")
            if question.choices and question.answer not in question.choices:
                raise TraceError(f"questions: the answer {question.answer!r} is none of the choices")

    def _check_groups(self, kinds: dict[str, str]) -> None:
        names = {""}
        for group in self.groups:
            _new(kinds, group.id, "group", "groups")
            if group.kind not in GROUP_KINDS:
                raise TraceError(f"group {group.id!r}: unknown kind {group.kind!r}")
            if group.inside not in names:
                raise TraceError(f"group {group.id!r}: there is no group {group.inside!r} before it")
            names.add(group.id)
        for node in self.nodes:
            if node.inside not in names:
                raise TraceError(f"node {node.id!r}: there is no group {node.inside!r}")
        for link in self.links:
            _new(kinds, link.id, "link", "links")
            ends = [end for end in (link.source, link.target) if end]
            if link.inside not in names or not ends or any(kinds.get(end) not in ("node", "group") for end in ends):
                raise TraceError(f"link {link.id!r} joins nothing that is there")
            for name in link.edges:
                if kinds.get(name) != "edge":
                    raise TraceError(f"link {link.id!r}: there is no edge {name!r}")


def line_name(line: int | None, first: int, resumed: Sequence[Sequence[int]]) -> str:
    """A line as the reader finds it: ``3``, or in a run that was resumed ``3, part 2``; ``?`` if it is not shown."""
    if line is None:
        return "?"
    parts = [(begin, number) for begin, number in ((1, first), *resumed) if begin <= line]
    begin, number = parts[-1]
    number += line - begin
    return say("ui.line.of", line=number, part=len(parts)) if resumed else str(number)


def load(path: str | Path) -> Trace:
    """Read a trace that ``Trace.save`` wrote."""
    return Trace.from_json(Path(path).read_text(encoding="utf-8"))


class TraceError(ValueError):
    """What was read is not a Trace; the message names the place and what was expected there."""


NODE_KINDS = ("leaf", "operation", "output", "untracked")
GROUP_KINDS = ("module", "loop", "pass", "lines", "leaves")

# The fields a step may change, by what it changes, with the type of the new value.
CHANGES: dict[str, dict[str, Any]] = {
    "tensor": {
        "visible": bool,
        "name": str,
        "value": Value | None,
        "grad": Value | str | None,
        "version": int,
        "grad_fn": str | None,
        "requires_grad": bool,
        "leaf": bool,
    },
    "chip": {"held": bool | None, "stale": bool},
    "node": {"visible": bool, "label": str, "detail": str, "freed": bool, "failed": bool},
    "edge": {"visible": bool, "gradient": str | None},
}
_CHANGED = {name: hint for table in CHANGES.values() for name, hint in table.items()}


def _new(kinds: dict[str, str], name: str, kind: str, where: str) -> None:
    if name in kinds:
        raise TraceError(f"{where}: the id {name!r} is taken twice")
    kinds[name] = kind


def _check_step(step: Step, where: str, kinds: dict[str, str], lines: int) -> None:
    if step.kind not in KINDS:
        raise TraceError(f"{where}: unknown kind {step.kind!r}, expected one of {', '.join(KINDS)}")
    if step.phase not in PHASES:
        raise TraceError(f"{where}: unknown phase {step.phase!r}, expected one of {', '.join(PHASES)}")
    for line in (step.line, step.origin, step.changed):
        if line is not None and not 1 <= line <= lines:
            raise TraceError(f"{where}: there is no line {line}, the source has {lines}")
    for name in step.active:
        if kinds.get(name) not in CHANGES:
            raise TraceError(f"{where}: active: there is nothing with the id {name!r}")
    for change in step.changes:
        if len(change) != 3:
            raise TraceError(f"{where}: a change is [id, field, value], found {len(change)} parts")
        name, attribute, value = change
        if not isinstance(name, str) or kinds.get(name) not in CHANGES:
            raise TraceError(f"{where}: changes: there is nothing with the id {name!r}")
        allowed = CHANGES[kinds[name]]
        if attribute not in allowed:
            raise TraceError(f"{where}: a {kinds[name]} has no changing field {attribute!r}")
        _read(allowed[attribute], _plain(value), f"{where}: {name}.{attribute}")
    for formula in step.formulas:
        _check_math(formula.math, where, 0)


def _check_math(part: Any, where: str, depth: int) -> None:
    if isinstance(part, str) and depth:
        return
    if depth > MATH_DEPTH:
        raise TraceError(f"{where}: a formula nests deeper than {MATH_DEPTH}")
    if not isinstance(part, list) or not part or part[0] not in MATH_TAGS:
        raise TraceError(
            f"{where}: a formula is [tag, part, ...], a tag one of {', '.join(MATH_TAGS)}; found {part!r:.60}"
        )
    for inner in part[1:]:
        _check_math(inner, where, depth + 1)


# JSON. The dataclasses above say what is allowed; writing, reading and the schema all follow their types.


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(v) for f in fields(value) if (v := getattr(value, f.name)) != _default(f)}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)  # JSON has no nan and no inf: they are written as texts
    return value


def _default(f: Any) -> Any:
    if f.default_factory is not MISSING:
        return f.default_factory()
    return f.default


_NAMES = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
    list: "a list",
}


def _kind(value: Any) -> str:
    return _NAMES.get(type(value), "an object")


def _options(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _fits(option: Any, data: Any) -> bool:
    if is_dataclass(option):
        return isinstance(data, dict)
    if option is float:
        return (isinstance(data, int | float) and not isinstance(data, bool)) or data in ("nan", "inf", "-inf")
    if option is int:
        return isinstance(data, int) and not isinstance(data, bool)
    return option is Any or isinstance(data, get_origin(option) or option)


def _read(hint: Any, data: Any, where: str) -> Any:
    """``data`` as the type ``hint`` says, or a TraceError that names the place."""
    for option in _options(hint):
        if not _fits(option, data):
            continue
        if is_dataclass(option):
            return _read_fields(option, data, where)
        if get_origin(option) is list:
            return [_read(get_args(option)[0], item, f"{where}[{i}]") for i, item in enumerate(data)]
        return float(data) if option is float else data
    expected = " or ".join(
        "an object" if is_dataclass(o) else _NAMES.get(get_origin(o) or o, str(o)) for o in _options(hint)
    )
    raise TraceError(f"{where}: expected {expected}, found {_kind(data)}")


def _read_fields(cls: Any, data: dict[str, Any], where: str) -> Any:
    hints = _hints(cls)
    for name in data:
        if name not in hints:
            raise TraceError(f"{where}: unknown field {name!r}")
    for f in fields(cls):
        if f.name not in data and _default(f) is MISSING:
            raise TraceError(f"{where}: {f.name!r} is missing")
    read = {name: _read(hints[name], value, f"{where}.{name}") for name, value in data.items()}
    if cls is Step:
        read["changes"] = [_read_change(change, where) for change in read.get("changes", [])]
    return cls(**read)


def _read_change(change: list[Any], where: str) -> list[Any]:
    if len(change) == 3 and isinstance(change[2], dict):
        return [*change[:2], _read(_CHANGED.get(change[1], Value), change[2], f"{where}.changes")]
    return change


_HINTS: dict[Any, dict[str, Any]] = {}


def _hints(cls: Any) -> dict[str, Any]:
    if cls not in _HINTS:
        _HINTS[cls] = get_type_hints(cls)
    return _HINTS[cls]


def schema() -> dict[str, Any]:
    """The JSON Schema of a Trace; ``static/trace.schema.json`` is a copy of it for programs in other languages."""
    definitions = {
        cls.__name__: _schema_of(cls)
        for cls in (Value, Tensor, Chip, Node, Edge, Group, Link, Formula, Step, Trap, Question)
    }
    definitions["Step"]["properties"]["kind"] = {"enum": list(KINDS)}
    definitions["Step"]["properties"]["phase"] = {"enum": list(PHASES)}
    definitions["Node"]["properties"]["kind"] = {"enum": list(NODE_KINDS)}
    definitions["Group"]["properties"]["kind"] = {"enum": list(GROUP_KINDS)}
    definitions["Formula"]["properties"]["math"] = {"$ref": "#/$defs/Math"}
    definitions["Math"] = {
        "type": "array",
        "prefixItems": [{"enum": list(MATH_TAGS)}],
        "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Math"}]},
        "minItems": 1,
    }
    definitions["Change"] = {
        "type": "array",
        "prefixItems": [
            {"type": "string"},
            {"enum": sorted(_CHANGED)},
            {"anyOf": [{"type": ["boolean", "integer", "string", "null"]}, {"$ref": "#/$defs/Value"}]},
        ],
        "minItems": 3,
        "maxItems": 3,
    }
    definitions["Step"]["properties"]["changes"] = {"type": "array", "items": {"$ref": "#/$defs/Change"}}
    trace = _schema_of(Trace)
    trace["properties"]["version"] = {"const": VERSION}
    trace["required"] = ["version", *trace["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"minigrad trace, version {VERSION}",
        "description": "Everything that happened in one recorded run. See viz/trace.py.",
        **trace,
        "$defs": definitions,
    }


def _schema_of(cls: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: _schema_hint(hint) for name, hint in _hints(cls).items()},
        "required": [f.name for f in fields(cls) if _default(f) is MISSING],
        "additionalProperties": False,
    }


def _schema_hint(hint: Any) -> dict[str, Any]:
    options = [_schema_option(option) for option in _options(hint)]
    return options[0] if len(options) == 1 else {"anyOf": options}


def _schema_option(option: Any) -> dict[str, Any]:
    if is_dataclass(option):
        return {"$ref": f"#/$defs/{option.__name__}"}  # type: ignore[union-attr]
    if get_origin(option) is list:
        return {"type": "array", "items": _schema_hint(get_args(option)[0])}
    if option is float:
        return {"anyOf": [{"type": "number"}, {"enum": ["nan", "inf", "-inf"]}]}
    names = {str: "string", int: "integer", bool: "boolean", type(None): "null"}
    return {"type": names[option]} if option in names else {}


if __name__ == "__main__":
    file = Path(__file__).parent / "static" / "trace.schema.json"
    file.write_text(json.dumps(schema(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
