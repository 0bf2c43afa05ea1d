"""Puts a recorded run into words: the title, the sentence and the formulas of every step.

A formula is the one that stands in the operation's row, drawn with the learner's names and then with the
numbers that were recorded; the sentences are in texts.py. Nothing here is calculated that the engine did
not calculate, so what a step says is what happened.
"""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from minigrad.ops.templates import OPERATIONS
from viz import latex
from viz.cast import EdgeRecord, Event, NodeRecord, Operand, OperationRecord, Snap, TensorRecord, number
from viz.latex import Math, Tree, Unreadable, linear, op, row
from viz.notation import (
    assigned,
    enumerated,
    equation,
    formula_of,
    shape_text,
    short,
    shown,
    size_text,
    term,
    value_math,
    value_shown,
)  # fmt: skip
from viz.recorder import SHAPES, Recorder
from viz.sources import callee, numbering
from viz.symbols import Symbols
from viz.texts import has, listing, say
from viz.trace import Formula, Step, Value, line_name

# Operations that are told in the same words.
KIN = {
    "bmm": "mm", "mv": "mm", "addmm": "mm", "baddbmm": "mm", "reshape": "view", "_unsafe_view": "view",
    "unsqueeze": "view", "squeeze": "view", "t": "transpose", "permute": "transpose", "slice": "select",
    "max_pool2d_with_indices": "pool", "avg_pool2d": "pool",
    "nll_loss2d": "nll_loss", "binary_cross_entropy": "loss", "native_batch_norm": "normalise",
    "native_layer_norm": "normalise", "stack": "cat", "split_with_sizes": "split", "unbind": "split", "amax": "max",
    "amin": "min", "clamp_min": "clamp", "clamp_max": "clamp", "index_select": "gather",
    "masked_select": "gather", "scatter_add": "gather", "masked_fill": "mask", "linalg_vector_norm": "norm",
    "leaky_relu": "leaky", "elu": "leaky", "roll": "flip", "tril": "triangle",
    "triu": "triangle", "fill": "copy", "zero": "copy", "index": "select",
    "alias": "clone", "to": "clone", "_to_copy": "clone", "iadd": "add", "isub": "sub",
}  # fmt: skip
MADE_ALIKE = {  # on the way forward alone
    "rsub": "sub", "mse_loss": "loss", "l1_loss": "loss", "smooth_l1_loss": "loss", "huber_loss": "loss",
}  # fmt: skip
_SECOND = ("hessian", "vhp", "hvp")  # second derivatives
MANY_TERMS = 6  # more addends than these are not all shown
OVERWRITING = ("copy_", "fill_", "zero_", "masked_fill_", "index_put_")  # what stood there before does not matter
FAILURES = {
    "Trying to backward through the graph a second time": "freed",
    "one of the variables needed for gradient computation has been modified": "changed",
    "grad can be implicitly created only for scalar outputs": "scalar",
    "element 0 of tensors does not require grad": "no_graph",
    "a leaf Variable that requires grad": "leaf",
    "a view of a leaf Variable": "leaf",
    "The differentiated Tensor at index": "unused",
    "attempting to assign a gradient": "grad",
    "Inference tensors cannot be saved": "inference",
    "only Tensors of floating point": "whole",
    "Only Tensors of floating point": "whole",
    "Can't call numpy() on Tensor that requires grad": "numpy",
    "The size of tensor a": "sizes",
    "mat1 and mat2 shapes cannot be multiplied": "product",
    "mat1 and mat2 must have the same dtype": "dtype",
    "shape '[": "view",
    "Sizes of tensors must match": "joined",
    "stack expects each tensor to be equal size": "joined",
    "index ": "index",
    "Dimension out of range": "dim",
    "Boolean value of Tensor": "truth",
    "a Tensor with": "one",
    "only one element tensors can be converted": "one",
    "you can only change requires_grad flags of leaf": "flag",
    "cannot register a hook on a tensor": "untracked",
    "can't retain_grad on Tensor": "untracked",
    "can't optimize a non-leaf Tensor": "not_leaf",
    "Mismatch in shape: grad_output": "seed",
    "One of the differentiated Tensors does not require grad": "not_asked",
    "mean(): could not infer output dtype": "mean",
    "Output 0 of": "part",
    "A view was created in no_grad mode": "quiet_view",
    "Inplace update to inference tensor": "sealed",
    "result type Float can't be cast": "cast",
    "Error(s) in loading state_dict": "state",
    "Function '": "nan",  # in anomaly mode
    "function ": "returned",
}


class Writer(Symbols):
    """Turns the events of one run into steps."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.outputs: dict[TensorRecord, tuple[NodeRecord, EdgeRecord]] = {}  # the boxes of results that nothing uses
        self.seeded: list[EdgeRecord] = []  # the edges that carry the seeds of the last backward pass
        self.top = "L"  # what the backward pass differentiates
        self.L, self.v, self.g = (
            next((letter for letter in letters if letter not in self.taken), letters[0])
            for letters in ("LℓJ", "vmμ", "gγδ")
        )

    def step(self, event: Event) -> Step:
        """One event in words."""
        self.versions = event.kind == "node"  # walking back, one meets a tensor as it was before and after a change
        title, text, formulas = getattr(self, f"_{event.kind}")(event, event.facts)
        self.versions = False
        text = f"{text} {self._moved([title, text, *(formula.text for formula in formulas)])}"
        return Step(
            event.kind, event.phase, title, " ".join(text.split()), event.line, event.origin, formulas,
            saved_bytes=event.saved_bytes, error=event.error, changed=event.facts.get("changed_on"),
            notes=[note.removeprefix("minigrad: ") for note in event.facts.get("notes", ())],
        )  # fmt: skip

    def _moved(self, texts: list[str]) -> str:
        """Which tensors are meant in a step by names that have gone on to others."""
        meant = []
        for symbol in dict.fromkeys(re.findall(r"\w+", " ".join(texts))):
            if (record := self.moved.get(symbol)) is not None:
                made = self.recorder.events[record.made] if 0 <= record.made < len(self.recorder.events) else None
                known = made is not None and record in made.active
                name = record.names[0][1]
                meant.append(say("moved.step" if known else "moved", x=symbol, name=name, step=record.made + 1))
        return f"{listing(meant)}." if meant else ""

    def _leaf(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        record = facts["tensor"]
        kind = "data"
        if isinstance(event.active[0], NodeRecord):
            kind = "leaf.parameter" if facts["parameter"] else "leaf"
        if facts["again"]:
            kind = "leaf.on" if isinstance(event.active[0], NodeRecord) else "leaf.off"
        x = self.symbol(record)
        return (
            say(f"{kind}.title", x=x),
            say(f"{kind}.text", x=x),
            [equation(self.math(record), shown(record.first))] if not facts["again"] else [],
        )

    def results(self, operation: OperationRecord) -> list[Operand]:
        """What an operation made, as far as it has a name; at least the first."""
        return [part for part in operation.results if self.given_name(part.tensor)] or operation.results[:1]

    def _result_text(self, operation: OperationRecord) -> str:
        return listing(list(dict.fromkeys(self.symbol(part.tensor) for part in self.results(operation))))

    def _operation(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        operation, node = facts["operation"], facts["node"]
        expression = self.operation_text(operation)
        named = ".named" if self.given_name(operation.results[0].tensor) else ""
        title = say(
            f"operation.title{named}", x=self._result_text(operation), expression=expression, node=node.cast.label
        )
        kin = self.kin(operation)
        key = f"op.{MADE_ALIKE.get(kin, kin)}"
        words = [say(key if has(key) else "op", name=operation.name.strip("_"), node=node.cast.label)]
        words += self._stretched(operation)
        words += [say("mask.drawn") for operand in operation.operands if operand.tensor.expression == say("mask")]
        words.append(say("saves.again") if node.packed and facts["created"] else self._saves(node))
        if facts["created"]:
            words.append(say("created" if facts["recorded"] else "again"))
        return title, " ".join(words), [self._forward(operation)]

    def _forward(self, operation: OperationRecord) -> Formula:
        names, numbers = self.operation_math(operation)
        results = self.results(operation)
        sides = [enumerated([self.math(result.tensor) for result in results]), names]
        note = ""
        small = all(value_math(result.snap) is not None for result in results)
        if numbers is not None and small:
            sides.append(numbers)
        elif not small:
            before, after = ([shape_text(o.snap.shape) for o in part] for part in (operation.operands, results))
            note = f"{', '.join(before)} → {', '.join(after)}"
        return equation(*sides, enumerated([shown(result.snap) for result in results]), note=note)

    def kin(self, operation: OperationRecord) -> str:
        name = operation.name.rstrip("_")
        if name == "_to_copy" and self.dtype_made(operation):
            return "to"
        if name in ("max", "min") and len(operation.results) > 1:  # along a dimension
            name += "_dim"
        return KIN.get(name, name)

    def _stretched(self, operation: OperationRecord) -> list[str]:
        if operation.name.rstrip("_") not in ("add", "sub", "mul", "div", "pow", "where", "rsub"):
            return []
        after = operation.results[0].snap.shape
        return [
            say("broadcast", x=self.symbol(o.tensor), before=list(o.snap.shape), after=list(after))
            for o in operation.operands
            if o.snap.shape != after
        ]

    def _saves(self, node: NodeRecord) -> str:
        if not node.chips and not node.numbers:
            return say("saves.hidden" if node.packed else "saves.nothing")
        numbers = [say("saves.number", number=number) for number in node.numbers]
        return say("saves", names=listing([*(self.defined(chip.tensor) for chip in node.chips), *numbers]))

    def _view(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        operation, node = facts["operation"], facts["node"]
        record = operation.results[0].tensor
        base = operation.operands[0].tensor
        words = {"x": self.defined(record), "base": self.symbol(base), "node": node.cast.label}
        many = ""
        if len(self.results(operation)) > 1:
            many, words["x"] = ".many", self._result_text(operation)
        return say(f"view.title{many}", **words), say(f"view.text{many}", **words), [self._forward(operation)]

    def _untracked(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        if "detached" in facts:
            x = self.symbol(facts["tensor"])
            return say("detached.title", x=x), say("detached.text", x=x), []
        operation = facts["operation"]
        record = operation.results[0].tensor
        if operation.name == "detach":
            words = {"x": self.symbol(record), "base": self.symbol(operation.operands[0].tensor)}
            same = ".same" if words["x"] == words["base"] else ""
            return say("detach.title", **words), say(f"detach.text{same}", **words), [self._forward(operation)]
        named = ".named" if self.given_name(record) else ""
        title = say(
            f"untracked.title{named}", x=self._result_text(operation), expression=self.operation_text(operation)
        )
        if facts["custom"]:
            why = "custom"
        elif facts["inference"]:
            why = "inference"
        elif not facts["enabled"]:
            why = "walk" if event.phase == "backward" and not facts["recorded"] else "off"
        elif any(self._is_gradient(operand.tensor) for operand in operation.operands):
            why = "gradient"
        else:
            why = "kind" if facts["needing"] else "data"
        return title, say(f"untracked.{why}"), [self._forward(operation)]

    def _is_gradient(self, record: TensorRecord) -> bool:
        """Whether a tensor is a .grad, or was worked out of one on the same line."""
        return record.owner is not None or (record.of_gradient and self.given_name(record) is None)

    def _inplace(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        record, before, after = facts["tensor"], facts["before"], facts["after"]
        operation, node, x = facts["operation"], facts["node"], self.row_name(facts["tensor"])
        owner = record.data_of or facts["target"].data_of
        if owner is not None:
            sentence = say("inplace.data", x=self.symbol(owner), data=x, operation=operation.name)
            return say("inplace.title", x=x), sentence, [self._written(before, operation, after)]
        names = [name for name in map(self.given_name, facts["shared"]) if name]
        key = "inplace.shared.many" if len(names) > 1 else "inplace.shared"
        shared = say(key, names=listing(names)) if names else ""
        if node is None and not facts["stale"]:
            plain = say("inplace.plain", operation=operation.name, x=x, before=before.version, after=after.version)
            return say("inplace.title", x=x), f"{plain} {shared}", [self._written(before, operation, after)]
        key = "inplace.shape" if operation.name.rstrip("_") in SHAPES else "inplace.text"
        if key == "inplace.shape" and callee(facts["home"]) != operation.name:
            key = "inplace.shape.own"
        words = [say(key, operation=operation.name, x=x, before=before.version, after=after.version)]
        if facts["target"] is not record and node is not None:
            words.append(say("inplace.slices", x=x, base=self.symbol(facts["target"])))
        elif node is not None:
            words.append(say("inplace.node", node=node.cast.label))
        outdated = [view for view, _, value in event.changes if value == "AsStridedBackward0"]
        if names := [name for name in map(self.given_name, outdated) if name]:
            words.append(say("inplace.views", names=listing(names), base=self.symbol(facts["target"])))
        words.append(shared)
        holders = [node for node in self.recorder.nodes for chip in node.chips if chip in facts["stale"]]
        for holder, chip in zip(holders, facts["stale"], strict=False):
            saved = self.symbol(chip.tensor)
            words.append(say("inplace.stale", node=holder.cast.label, saved=saved, version=chip.cast.version))
        if not holders:
            words.append(say("inplace.fine"))
        return say("inplace.title", x=x), " ".join(words), [self._written(before, operation, after)]

    def _written(self, before: Operand, operation: OperationRecord, after: Operand) -> Formula:
        names, numbers = self.operation_math(operation)
        sides = [names] if numbers is None or value_math(after.snap) is None else [names, numbers]
        return assigned(latex.name(self.row_name(before.tensor)), equation(*sides, shown(after.snap)))

    def _update(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        x = self.row_name(facts["tensor"])
        if "optimizer" in facts:
            return self._optimized(x, facts)
        if "data" in facts:
            before, after = shown(facts["before"]), shown(facts["after"])
            formula = formula_of(row(latex.name(x), op("="), before, op("→"), ["mark", after]))
            return say("update.data.title", x=x), say("update.data", x=x), [formula]
        formula = self._written(facts["before"], facts["operation"], facts["after"])
        return say("update.title", x=x), say("update.text", x=x), [formula]

    def _optimized(self, x: str, facts: Any) -> tuple[str, str, list[Formula]]:
        """A parameter that an optimizer changed: descent is written out, the others say what came of it."""
        options, name = facts["options"], facts["optimizer"]
        title = say("update.title.by", x=x, optimizer=name)
        idle = {"lr", "foreach", "decoupled_weight_decay" if name == "AdamW" else ""}
        extras = [key for key, value in options.items() if value and key not in idle]
        known = {"momentum", "dampening", "nesterov"} if options.get("momentum") else set()
        if (
            name == "SGD"
            and facts["gradient"] is not None
            and "lr" in options
            and set(extras) <= known | {"weight_decay"}
        ):
            return title, *self._descent(x, facts)
        before, after = shown(facts["before"].snap), shown(facts["after"].snap)
        said = [key if options[key] is True else f"{key} {_setting(options[key])}" for key in ("lr", *extras)]
        text = say("update.by", x=x, optimizer=name, options=listing(said))
        return title, text, [formula_of(row(latex.name(x), op("="), before, op("→"), ["mark", after]))]

    def _descent(self, x: str, facts: Any) -> tuple[str, list[Formula]]:
        """A step against the gradient, or along a memory of gradients: ``v ← μ · v + x.grad``."""
        options, (old, new) = facts["options"], facts["momentum"]
        before, after, gradient = facts["before"].snap, facts["after"].snap, facts["gradient"]
        rate, momentum, decay = (options.get(key, 0) for key in ("lr", "momentum", "weight_decay"))
        damped = 1 - options.get("dampening", 0)
        small = all(snap is None or value_math(snap) is not None for snap in (before, after, gradient, old, new))

        def drawn(numbers: bool) -> tuple[Math, Math]:
            """What the memory becomes, and the parameter."""
            times = op("×" if numbers else "·")
            target, slope = latex.name(x), latex.name(say("gradient", x=x))
            was = become = latex.name(self.v)
            if numbers:
                target, slope, become = shown(before), term(gradient), become if new is None else term(new)
                was = was if old is None else term(old)
            if decay:
                weight = term(before) if numbers else target
                slope = row(op("("), slope, op("+"), ["mn", number(decay)], times, weight, op(")"))
            part = [slope] if damped == 1 else [["mn", number(damped)], times, slope]
            memory = row(["mn", number(momentum)], times, was, op("+"), *part)
            if numbers and old is None:  # the first step: there is nothing to remember
                memory = row(*slope[2:-1]) if decay else slope
            way = become if momentum else slope
            if options.get("nesterov"):  # a look ahead
                way = row(op("("), slope, op("+"), ["mn", number(momentum)], times, become, op(")"))
            return memory, row(target, op("−"), ["mn", number(rate)], times, way)

        ways = [drawn(False), *([drawn(True)] if small and (new is not None or not momentum) else [])]
        shown_after = [*([(latex.name(self.v), new)] if momentum else []), (latex.name(x), after)]
        formulas = []
        for place, (name, snap) in zip((0, 1) if momentum else (1,), shown_after, strict=True):
            sides = [way[place] for way in ways] + ([] if snap is None else [shown(snap)])
            formula = equation(*sides) if len(sides) > 1 else formula_of(sides[0])
            formulas.append(assigned(name, formula))
        words = {"x": x, "v": self.v, "momentum": number(momentum)}
        return say("update.momentum" if momentum else "update.descent", **words), formulas

    def _backward(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        seeds, options = facts["seeds"], facts["options"]
        record, seed = seeds[0]
        plain = len(seeds) == 1 and seed.array is not None and seed.array.size == 1 and seed.array.item() == 1
        z = self.symbol(record)
        self.top = z if plain else self.L
        grad = "grad(" in facts["home"] and ".backward(" not in facts["home"]
        title = say(
            "backward.title.grad" if grad else "backward.title",
            z=listing([self.defined(record) for record, _ in seeds]),
        )
        if len(seeds) > 1:
            words = [say("backward.several", count=len(seeds), L=self.top)]
        else:
            words = [say("backward.one" if plain else "backward.given", z=z, L=self.top)]
        if options.get("create_graph"):
            words.append(say("backward.create"))
        elif options.get("retain_graph"):
            words.append(say("backward.retain"))
        formulas = []
        event.changes += [[edge, "gradient", None] for edge in self.seeded]  # those of the pass before
        self.seeded.clear()
        for (record, seed), node in zip(seeds, facts["nodes"], strict=True):
            v = [] if plain or len(seeds) > 1 else [latex.name("v")]
            formulas.append(equation(self.partial(record, node), *v, shown(seed)))
            self._seed_edge(event, record, seed)
        return title, " ".join(words), formulas

    def _seed_edge(self, event: Event, record: TensorRecord, seed: Snap) -> None:
        if record in self.outputs:
            box, edge = self.outputs[record]
            self.seeded.append(edge)
            event.changes.append([edge, "gradient", short(seed)])
            event.active += [box, edge]

    def partial(self, record: TensorRecord, node: NodeRecord | None = None) -> Math:
        """∂L/∂x; with the version of x that ``node`` made, where there are several."""
        version = node.version if node is not None and node.cast.kind == "operation" else None
        return ["mfrac", row(op("∂"), latex.name(self.top)), row(op("∂"), self.math(record, version))]

    def _node(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        box, incoming, outgoing = facts["node"], facts["incoming"], facts.get("outgoing", [])
        operation = box.operation
        key = "custom"
        if box.cast.label == "CopySlices":
            key = "slices" if operation is None or operation.name in OVERWRITING else "slices.through"
        elif box.cast.label in ("BackwardHookFunctionBackward", "CheckpointFunctionBackward"):
            key = "module_hook" if box.cast.label.startswith("BackwardHook") else "checkpoint"
        elif operation is not None and operation.formula:
            key = self.kin(operation)
        elif (row := OPERATIONS.get(box.cast.label)) is not None:  # one that the engine made itself
            key = KIN.get(row.name.rstrip("_"), row.name.rstrip("_"))
        receiving = [
            (place, edge, snap)
            for place, (edge, snap) in enumerate(zip(box.arguments, outgoing, strict=False))
            if edge is not None and snap is not None
        ]
        sources = [(edge.source, edge.output) for _, edge, _ in receiving]
        variant = ""
        if len(sources) == 2 and sources[0] == sources[1]:
            variant = ".same"
        elif len(sources) == 1:
            variant = ".first" if receiving[0][0] == 0 and has(f"back.{key}.first") else ".one"
        if key == "pow" and operation is not None and not isinstance(operation.given.get("self"), Operand):
            key = "pow.exponent"
        words = {"node": box.cast.label, "x": "", "n": ""}
        if receiving:
            record = self._owner(receiving[0][1])
            words["x"] = self.symbol(record) if record is not None else receiving[0][1].source.cast.label
        if operation is not None and key == "mean":
            words["n"] = number(self._meaning(operation, "n") or 0)
        title = self._best(f"back.{key}", variant, ".title", "node.title", words)
        text = [self._best(f"back.{key}", variant, "", "node.text", words)] if receiving else [say("node.nothing")]
        if facts.get("again"):
            text.append(say("node.again"))
        formulas = []
        for place, sent in facts["arrived"].items():
            if len(sent) > 1 and place < len(box.outputs) and incoming[place] is not None:
                formulas += self._joined(self.partial(box.outputs[place], box), sent, incoming[place], box.cast.label)
                text.insert(0, say("node.joined", count=len(sent)))
        for place, edge, snap in receiving:
            formula, tag, extra = self._outgoing(box, place, edge, incoming, snap)
            formulas.append(formula)
            text += [part for part in extra if part not in text]
            event.changes.append([edge, "gradient", tag])
        return title, " ".join(text), formulas

    def _best(self, key: str, variant: str, ending: str, general: str, words: dict[str, str]) -> str:
        for choice in (f"{key}{variant}{ending}", f"{key}{ending}"):
            if has(choice):
                return say(choice, **words)
        return say(general, **words)

    def _owner(self, edge: EdgeRecord) -> TensorRecord | None:
        """The tensor whose gradient travels along an edge."""
        return edge.source.outputs[edge.output] if edge.output < len(edge.source.outputs) else edge.source.tensor

    def _joined(self, left: Math, sent: list[tuple[NodeRecord, Snap]], total: Snap, where: str) -> list[Formula]:
        """The sum of what arrived along several edges; nothing where a hook made something else of it.

        Of many addends the first ones and the last stand there: nobody reads forty.
        """
        arrays: list[Any] = [*(snap.array for _, snap in sent), total.array]
        known = all(array is not None for array in arrays)
        if known and not np.allclose(sum(arrays[:-1]), arrays[-1], equal_nan=True):
            return []
        terms = [term(snap) for _, snap in sent]
        if len(terms) > MANY_TERMS:
            terms[MANY_TERMS - 2 : -1] = [op("⋯")]
        parts = [part for addend in terms for part in (op("+"), addend)]
        return [equation(left, row(*parts[1:]), shown(total), note=say("arrives", node=where))]

    def _outgoing(
        self, box: NodeRecord, place: int, edge: EdgeRecord, incoming: list[Any], snap: Snap
    ) -> tuple[Formula, str, list[str]]:
        """The formula of one outgoing gradient, the text for its edge, and what else is to be said."""
        record, operation, extra = self._owner(edge), box.operation, []
        source = edge.source
        left = self.partial(record, source) if record is not None else row(op("∂"), latex.name(self.top))
        if record is None or source.cast.kind == "leaf":
            note = say("to.leaf", x=self.symbol(record)) if record is not None else say("to", node=source.cast.label)
        else:
            expression = self.expression(record)
            plain = self.given_name(record) is not None or not expression
            note = say(
                "to" if plain else "to.what", node=source.cast.label, x=self.symbol(record), expression=expression
            )
        arrived = next((part for part in incoming if part is not None), None)
        sides: list[Math] = []
        tag = short(snap)
        shapes = ""
        if operation is not None and operation.results and arrived is not None:
            above = self.partial(operation.results[0].tensor, box)
            try:
                latexed = operation.formula.get(operation.inputs[place], "")
                tree, meaning = self.reading(operation, latexed)
                along = "mean" in str(tree) and operation.given.get("dim") is not None  # which the letters leave out
                if operation.given.get("correction") not in (None, 1):
                    raise Unreadable("n − 1 is not what was divided by")
                if not along and not _holds(tree, meaning, arrived, snap):
                    if any(key.startswith("dim") for key in operation.given) or "'holds'" in str(tree):
                        raise Unreadable("which dimension is meant, and what is done with equals or NaN")
                    extra.append(say("node.replaced"))
                    raise Unreadable("what a hook returned")
                reduced = snap.shape != arrived.shape and _broadcasts(operation, operation.inputs[place])
                unchanged = tree == ("grad",)
                if (
                    not reduced
                    and tree in (("grad",), ("neg", ("grad",)))
                    and (_broadcasts(operation) or operation.name in ("neg", "rsub"))
                ):
                    tree = ("mul", ("grad",), ("num", 1.0 if tree == ("grad",) else -1.0))
                if reduced:
                    tree = ("total", tree)
                    x = self.symbol(record) if record is not None else ""
                    extra.append(say("node.reduced", x=x, before=list(arrived.shape), after=list(snap.shape)))
                sides.append(self.draw(tree, meaning, above))
                numbers = None if along or "words" in str(tree) else self.draw_numbers(tree, meaning, arrived)
                if numbers is not None and value_math(snap) is not None and tree != ("grad",):
                    sides.append(numbers)
                    calculation = f"{' '.join(linear(numbers).split())} = {linear(shown(snap))}"
                    if snap.array is not None and snap.array.size == 1 and len(calculation) <= 16 and not unchanged:
                        tag = calculation
                elif value_math(snap) is None:
                    shapes = f"{shape_text(arrived.shape)} → {shape_text(snap.shape)}, "
            except Unreadable:
                pass
        return equation(left, *sides, shown(snap), note=shapes + note), tag, extra

    def _accumulate(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        if "computed" in facts:
            return self._computed(facts)
        if "returned" in facts:
            return self._returned(facts["returned"], facts["unused"])
        record, before, arriving, after = facts["tensor"], facts["before"], facts["arriving"], facts["after"]
        x = self.symbol(record)
        title = say("accumulate.title" if before is None else "accumulate.title.more", x=x)
        words = [say("accumulate.first" if before is None else "accumulate.more", x=x)]
        formulas = []
        if len(facts["arrived"]) > 1:
            words.insert(0, say("accumulate.paths", count=len(facts["arrived"])))
            formulas += self._joined(self.partial(record), facts["arrived"], arriving, x)
        start: Math = ["mtext", "None"] if before is None else shown(before)
        sum_ = row(start, op("+"), term(arriving))
        formulas.append(equation(latex.name(say("gradient", x=x)), sum_, shown(after)))
        return title, " ".join(words), formulas

    def _computed(self, facts: Any) -> tuple[str, str, list[Formula]]:
        """What jacobian() and its like return, which is worked out in passes that are not shown."""
        name, found, inputs = facts["computed"], facts["returned"], facts["inputs"]
        if name.startswith("grad"):
            key = f"computed.{name}.{'right' if facts['right'] else 'wrong'}"
            return say(f"{key}.title"), say(f"computed.{name}") + " " + say("computed.own"), []
        x = listing([self.symbol(record) for record in inputs])
        words = [say(f"computed.{name}", x=x, f=facts["function"]), say("computed.own"), say("computed.grad")]
        f, v, second = facts["function"], [latex.name(self.symbol(r)) for r in facts["vector"][:1]], name in _SECOND
        meant: list[Math | None] = [None] * len(found)
        if len(inputs) == 1 and len(found) <= 2:
            x_ = latex.name(x)
            above, below = (row(op("∂²"), latex.name(f)), row(op("∂"), ["msup", x_, ["mn", "2"]]))
            slope = ["mfrac", above, below] if second else ["mfrac", row(op("∂"), latex.name(f)), row(op("∂"), x_)]
            if len(found) == 1:
                meant = [slope]
            else:
                product = slope
                if v and name[0] == "v":
                    product = row(["msup", v[0], ["mi", latex.TRANSPOSED]], ["mtext", latex.THIN], slope)
                elif v:
                    product = row(slope, ["mtext", latex.THIN], v[0])
                meant = [row(latex.name(f), op("("), x_, op(")")), product]
        formulas = []
        for record, meaning in zip(found[:4], meant, strict=False):
            sides = [self.math(record)] if self.given_name(record) else []
            formulas.append(equation(*sides, *([meaning] if meaning is not None else []), shown(record.first)))
        return say(f"computed.{name}.title"), " ".join(words), formulas

    def _returned(
        self, pairs: list[tuple[TensorRecord, TensorRecord]], unused: list[TensorRecord]
    ) -> tuple[str, str, list[Formula]]:
        formulas, text = [], [say("returned.text")] if pairs else []
        if unused:
            text.append(say("returned.unused", names=listing([self.symbol(tensor) for tensor in unused])))
        for tensor, gradient in pairs:
            named = [latex.name(self.symbol(gradient))] if self.given_name(gradient) else []
            formulas.append(equation(*named, self.partial(tensor), shown(gradient.first)))
        if any(gradient.cast.grad_fn for _, gradient in pairs):
            text.append(say("returned.graph"))
        return say("returned.title" if pairs else "returned.title.none"), " ".join(text), formulas

    def _retain(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        x = self.symbol(facts["tensor"])
        if facts["snap"] is None:
            return say("retain.called.title", x=x), say("retain.called", x=x), []
        if isinstance(facts["before"], Value):
            sides = value_shown(facts["before"]), op("→"), ["mark", shown(facts["snap"])]
            more = formula_of(row(latex.name(say("gradient", x=x)), op("="), *sides))
            return say("retain.title.more", x=x), say("retain.more", x=x), [more]
        partial = self.partial(facts["tensor"], facts["node"])
        formula = equation(latex.name(say("gradient", x=x)), partial, shown(facts["snap"]))
        return say("retain.title", x=x), say("retain.text", x=x), [formula]

    def _hook(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        if "several" in facts:
            formulas = [equation(self.partial(record, box), shown(snap)) for record, box, snap in facts["several"]]
            x = listing([self.symbol(record) for record in facts["tensors"]])
            return say("hook.several.title", x=x), say(f"hook.several.{facts['mode']}"), formulas
        record, before, after = facts["tensor"], facts["before"], facts["after"]
        on_node = facts["on_node"]
        x = facts["node"].cast.label if on_node else self.symbol(record)
        if facts["complete"]:
            formula = equation(latex.name(say("gradient", x=x)), shown(after))
            return say("hook.title", x=x), say("hook.complete", x=x), [formula]
        same = linear(shown(before)) == linear(shown(after)) and before.value == after.value
        left = self.partial(record, facts["at"]) if record is not None else latex.name(self.g)
        math = row(left, op("="), shown(before), *([] if same else [op("→"), ["mark", shown(after)]]))
        formula = formula_of(math)
        edges = facts["edges"]
        if not edges and record in self.outputs:
            edges = [self.outputs[record][1]]
        if not same and len(edges) == 1:  # of several, what was replaced is the sum
            event.changes.append([edges[0], "gradient", short(after)])
            event.active.append(edges[0])
        kind = "same" if same else "written" if facts["written"] else "changed"
        key = f"hook.{'node.' if on_node else ''}{kind}"
        return say("hook.title", x=x), say(key, x=x), [formula]

    def _free(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        if "dropped" in facts:
            names, size = [node.cast.label for node in facts["dropped"]], size_text(facts["bytes"])
            many = ".many" if len(names) > 1 else ""
            return say("dropped.title"), say(f"dropped.text{many}", size=size, nodes=names[0], count=len(names)), []
        names = list(dict.fromkeys(node.cast.label for node in facts["nodes"]))
        title, key = "free.title", "free.text" if facts["bytes"] else "free.held"
        if not facts["chips"]:
            title, key = "free.numbers.title", "free.numbers"
        again = "free.again" if len(names) <= 3 else "free.again.many"
        words = say(key, size=size_text(facts["bytes"])), say(again, nodes=listing(names), count=len(facts["nodes"]))
        return say(title), " ".join(words), []

    def _grad_set(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        x, before, after = self.symbol(facts["tensor"]), facts["before"], facts["after"]
        if after is None:
            return say("grad.none.title", x=x), say("grad.none" if before is not None else "grad.none.again", x=x), []
        zero = after.array is not None and not after.array.any()
        key = "grad.zero" if zero and facts["inplace"] else "grad.changed" if facts["inplace"] else "grad.set"
        start: Math = value_shown(before) if isinstance(before, Value) else ["mtext", "None"]
        math = row(latex.name(say("gradient", x=x)), op("="), start, op("→"), ["mark", shown(after)])
        formula = formula_of(math)
        return say(f"{key}.title", x=x), say(key, x=x, operation=facts["inplace"]), [formula]

    def _error(self, event: Event, facts: Any) -> tuple[str, str, list[Formula]]:
        kind = next((kind for start, kind in FAILURES.items() if facts["message"].startswith(start)), "")
        box, notes = facts["node"], " ".join(facts["notes"])
        words: dict[str, Any] = {"type": facts["type"], "node": "" if box is None else box.cast.label}
        chips = facts["chips"]
        stale = [chip for chip in chips if chip.__dict__.get("now", {}).get("stale")]
        if kind == "freed" and box is not None and (chips or box.numbers):
            numbers = [say("saves.number", number=number) for number in box.numbers]
            words["names"] = listing([*(self.defined(chip.tensor) for chip in chips), *numbers])
            words["line"] = self.line_name(box.freed_on)
            kind = "freed" if box.freed_on is not None else "freed.before"
        elif kind == "changed" and box is not None and stale and stale[0].changed_on and box.cast.line:
            chip = stale[0]
            words |= {"x": self.symbol(chip.tensor), "saved": chip.cast.version}
            facts["changed_on"] = chip.changed_on
            words["version"] = chip.tensor.__dict__.get("now", {}).get("version", chip.tensor.cast.version)
            words |= {"line": self.line_name(box.cast.line), "changed": self.line_name(chip.changed_on)}
        elif kind == "scalar":
            found = re.search(r"shape \[([\d, ]*)\]", notes)
            if found is None:
                kind = ""
            else:
                count = math.prod(int(length) for length in found[1].split(",") if length.strip())
                words |= {"z": self._called_on(event), "count": count}
        elif kind in ("freed", "changed"):
            kind = ""
        title_kind = kind.removesuffix(".before")
        if not kind:
            general = "error.title.node" if box is not None else "error.title"
            return say(general, **words), say("error.text", **words), []
        return say(f"error.{title_kind}.title", **words), say(f"error.{kind}", **words), []

    def line_name(self, line: int | None) -> str:
        """A line of the source as it is numbered beside the code."""
        return line_name(line, *numbering(self.recorder.sources))

    def _called_on(self, event: Event) -> str:
        found = re.match(r"(.+)\.backward\(", event.facts.get("home", ""))
        return found[1] if found else say("tensor").capitalize()


def _holds(tree: Tree, meaning: dict[str, Any], arrived: Snap, snap: Snap) -> bool:
    """Whether a formula gives what was recorded. It does not where a hook on the node has replaced that."""
    arrays = {letter: operand.snap.array for letter, operand in meaning.items()}
    if snap.array is None or arrived.array is None or any(array is None for array in arrays.values()):
        return True  # too many to be kept
    try:
        with np.errstate(all="ignore"):
            found = latex.evaluate(tree, arrays.__getitem__, arrived.array, np.ones(snap.shape))
            if np.size(found) == 1 < min(snap.array.size, arrived.array.size):  # an outer product of two vectors
                return True
            found = latex.fitted(found, snap.array)
    except (Unreadable, ZeroDivisionError):
        return True
    except ValueError as problem:  # the formula leaves to words where the gradient goes
        raise Unreadable(str(problem)) from None
    if np.isfinite(snap.array).all() and not np.isfinite(found).all():
        raise Unreadable("not defined for these numbers")
    return not np.isfinite(snap.array).all() or np.allclose(found, snap.array, rtol=0.01, atol=1e-4, equal_nan=True)


def _setting(value: Any) -> str:
    return f"({', '.join(map(number, value))})" if isinstance(value, tuple) else number(value)


def _broadcasts(operation: OperationRecord, key: str = "") -> bool:
    """Whether an operation stretches its inputs to a common shape; ``key``: this input."""
    if key == "self" and operation.name.rstrip("_") in ("addmm", "addmv", "baddbmm", "addbmm"):
        return True
    return operation.name.rstrip("_") in ("add", "sub", "rsub", "mul", "div", "pow", "where", "maximum", "minimum")
