"""Symbols: what formulas call the tensors of a run, and its operations written with names and with numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from viz import latex
from viz.cast import Operand, OperationRecord, Snap, TensorRecord
from viz.latex import Math, Tree, Unreadable, linear, op, row
from viz.notation import is_number, matrix_math, shown, value_math
from viz.recorder import Recorder
from viz.sources import words_of
from viz.texts import say

# How an operation is written forward, with the letters its row uses for its inputs.
FORWARD = {
    "add": r"x + y", "sub": r"x - y", "rsub": r"y - x", "mul": r"x \cdot y", "div": r"\frac{x}{y}", "neg": r"-x",
    "pow": r"x^n", "exp": r"e^x", "sqrt": r"\sqrt{x}", "reciprocal": r"\frac{1}{x}", "abs": r"|x|", "mm": r"A B",
    "bmm": r"A B", "mv": r"A v", "addmm": r"C + A B", "t": r"A^\top", "transpose": r"A^\top",
    "lt": r"[x < y]", "le": r"[x \le y]", "gt": r"[x > y]", "ge": r"[x \ge y]", "eq": r"[x = y]", "ne": r"[x \ne y]",
}  # fmt: skip

SCALED = {"add": r"x + \alpha \cdot y", "sub": r"x - \alpha \cdot y"}

# Operations whose numbers, and dimensions, are written after their tensors.
WITH_NUMBERS = {
    "clamp", "clamp_min", "clamp_max", "lerp", "fill", "leaky_relu", "elu", "cumsum", "cumprod", "masked_fill",
    "addcmul", "addcdiv", "sum", "mean", "prod", "logsumexp", "amax", "amin", "max", "min", "softmax", "log_softmax",
    "permute", "transpose", "unsqueeze", "flip", "roll", "repeat", "split", "topk",
}  # fmt: skip

# Which argument a letter of a row stands for: the first of these that the row has.
LETTERS = {
    "x": ("self", "input", "exponent"),
    "y": ("other", "tensor", "exponent", "vec2", "target"),
    "n": ("exponent",),
    "a": ("self",),
    "A": ("mat1", "batch1", "mat", "self"),
    "B": ("mat2", "batch2"),
    "C": ("self",),
    "v": ("vec",),
    "p": ("p", "ord"),
    "m": ("mask",),
    "c": ("condition",),
    "min": ("min",),
    "max": ("max",),
    "α": ("alpha",),
    "β": ("beta",),
}

LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
NAME_LENGTH = 26  # letters of an expression that may stand for a name


class Symbols:
    """The names of one run's tensors, and its operations written with them."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.now = 0  # the number of the step being written
        self.letters: dict[TensorRecord, str] = {}
        self.versions = False  # whether names say which version of a tensor is meant
        taken = {name for record in recorder.tensors for _, name in record.names if name}
        taken |= {record.hint for record in recorder.tensors if record.hint}
        taken |= {name for source in recorder.sources for name in words_of(source.lines)}
        self.taken = taken
        # What a variable has held, one after the other, with their numbers.
        self.bearers: dict[str, dict[TensorRecord, int]] = {}
        held = [(since, record, name) for record in recorder.tensors for since, name in record.names if name]
        for _, record, name in sorted(held, key=lambda entry: entry[0]):
            known = self.bearers.setdefault(name, {})
            known.setdefault(record, len(known) + 1)
        self.moved: dict[str, TensorRecord] = {}  # those whose name has gone on, by what they are called now
        self._letters = self._free_letters()
        versions: dict[TensorRecord, set[int]] = {}
        for node in recorder.nodes:
            for record in node.outputs if node.cast.kind == "operation" else ():
                versions.setdefault(record, set()).add(node.version)
        self.rewritten = {record for record, known in versions.items() if len(known) > 1}  # by a node each

    def _free_letters(self) -> Iterator[str]:
        suffix = 0
        while True:
            for letter in "abcdfghkmpqrstuw":
                name = f"{letter}{suffix or ''}"
                if name not in self.taken:
                    yield name
            suffix += 1

    def given_name(self, record: TensorRecord) -> str | None:
        """The learner's name for a tensor at this step, if it has one."""
        name = record.name_at(self.now)
        if name is None:
            name = self._earlier(record) if record.names else record.hint or None
        if name is None and record.gradient_of is not None:
            name = "∂{}/∂{}".format(*map(self.symbol, record.gradient_of))
        if name is None and record.data_of is not None:
            name = f"{self.symbol(record.data_of)}.data"
        if name is None and record.owner is not None:
            name = say("gradient", x=self.symbol(record.owner))
        return name

    def _earlier(self, record: TensorRecord) -> str | None:
        """What a tensor is called whose name has gone on to another: h₂, where it was the second h."""
        name = record.names[0][1]  # the name it got when it was made, and none that it had in a function
        if name is None or not name.isidentifier():
            return None
        if len(bearers := self.bearers[name]) == 1:
            return name
        symbol = f"{name}{str(bearers[record]).translate(LOWERED)}"
        self.moved[symbol] = record
        return symbol

    def symbol(self, record: TensorRecord) -> str:
        """What formulas and sentences call a tensor: its name, or a letter for one that has none."""
        name = self.given_name(record)
        if name is not None:
            return name
        if record not in self.letters:
            self.letters[record] = next(self._letters)
        return self.letters[record]

    def row_name(self, record: TensorRecord) -> str:
        """What stands in the table: the name, or the expression that made it."""
        name = self.given_name(record)
        if name is not None:
            return name
        text = self.expression(record)
        return text or self.symbol(record)

    def expression(self, record: TensorRecord) -> str:
        """The learner's own expression for a tensor where it is short, else the operation with our letters."""
        results = [] if record.operation is None else [part.tensor for part in record.operation.results]
        if record.expression and len(record.expression) <= NAME_LENGTH:
            text = record.expression.replace(" - ", " − ")
        else:
            text = "" if record.operation is None else self.operation_text(record.operation)
        if record in results[1:]:  # beside the one that the learner may be aware of
            return say("result.nth", number=results.index(record) + 1, text=text)
        return text

    def defined(self, record: TensorRecord) -> str:
        """``a (x + y)`` for a tensor we had to name ourselves."""
        symbol = self.symbol(record)
        if self.given_name(record) is None and (text := self.expression(record)) and text != symbol:
            return f"{symbol} ({text})"
        return symbol

    def math(self, record: TensorRecord, version: int | None = None) -> Math:
        symbol = latex.name(self.symbol(record))
        if version is not None and record in self.rewritten:
            return ["msub", symbol, ["mtext", f"v{version}"]]
        return symbol

    def operand_math(self, operand: Any) -> Math:
        if isinstance(operand, Operand):
            return self.math(operand.tensor, operand.version if self.versions else None)
        return latex.number_math(operand) if is_number(operand) else ["mtext", str(operand)[:20]]

    def reading(self, operation: OperationRecord, text: str, forward: bool = False) -> tuple[Tree, dict[str, Any]]:
        """A row's formula as a tree with its constants put in (backward: worked out), and what its letters mean."""
        tree = latex.read(text)
        meaning: dict[str, Any] = {}
        constants: dict[str, float] = {}
        for letter in latex.symbols(tree):
            if letter == "π":
                continue
            value = self._meaning(operation, letter)
            if value is None:
                raise Unreadable(letter)
            if isinstance(value, Operand):
                meaning[letter] = value
            else:
                constants[letter] = float(value)
        return latex.put(tree, constants) if forward else latex.fold(tree, constants), meaning

    def _meaning(self, operation: OperationRecord, letter: str) -> Any:
        if letter in ("z", "Z"):
            return operation.results[0]
        given = arguments_of(operation)
        for name in LETTERS.get(letter, ()):
            if name in given and (isinstance(given[name], Operand) or is_number(given[name])):
                return given[name]
        if letter == "n" and isinstance(given.get("self"), Operand):  # a mean's
            whole, part = given["self"].snap.shape, operation.results[0].snap.shape
            return math.prod(whole) / max(1, math.prod(part))
        return None

    def draw(self, tree: Tree, meaning: dict[str, Any], gradient: Math) -> Math:
        ones = latex.number_math(1)
        return latex.draw(tree, lambda letter: self._letter(letter, meaning), gradient, ones, False)

    def _letter(self, letter: str, meaning: dict[str, Any]) -> Math:
        return self.operand_math(meaning[letter]) if letter in meaning else latex.name(letter)

    def draw_numbers(self, tree: Tree, meaning: dict[str, Any], incoming: Snap | None) -> Math | None:
        """The tree with numbers; None where they are too many to read."""
        small = [operand for operand in meaning.values() if value_math(operand.snap) is None]
        if small or (incoming is not None and value_math(incoming) is None):
            return None
        gradient = ["mn", "1"] if incoming is None else shown(incoming)
        try:
            numbers = matrix_math if latex.is_matrix(tree) else shown
            if incoming is not None:
                gradient = numbers(incoming)

            def drawn(letter: str) -> Math:
                return numbers(meaning[letter].snap) if letter in meaning else latex.name(letter)

            return latex.draw(tree, drawn, gradient, ["mn", "1"], True)
        except Unreadable:
            return None

    def operation_math(self, operation: OperationRecord) -> tuple[Math, Math | None]:
        """An operation with names, and with numbers if they are few."""
        name = operation.name.rstrip("_")
        given = arguments_of(operation)
        scaled = given.get("alpha", 1) != 1
        plain = (not scaled or name in SCALED) and (name != "addmm" or given.get("beta", 1) == 1)
        if name == "permute" and operation.arguments[1:] == [[1, 0]]:
            name = "transpose"
        elif name == "transpose" and len(operation.results[0].snap.shape) != 2:
            plain = False
        if name == "_to_copy" and (dtype := self.dtype_made(operation)):
            given_to = row(op("."), latex.name("to"), op("("), ["mtext", dtype], op(")"))
            return row(self.operand_math(operation.arguments[0]), given_to), None
        if name in FORWARD and plain:
            try:
                tree, meaning = self.reading(operation, (SCALED if scaled else FORWARD)[name], forward=True)
                if name == "mul" and tree[2][0] == "num" and not self._tensor_first(operation):
                    tree = ("mul", tree[2], tree[1])
                return self.draw(tree, meaning, row()), self.draw_numbers(tree, meaning, None)
            except Unreadable:
                pass
        if name in ("view", "reshape", "expand"):
            sizes: list[Any] = []
            for length in operation.results[0].snap.shape:
                sizes += [op(","), ["mn", str(length)]]
            return row(
                self.operand_math(operation.arguments[0]), op("."), latex.name(name), op("("), *sizes[1:], op(")")
            ), None
        if name in ("select", "slice"):
            return self._indexed(operation), None
        if name == "copy":
            return self.operand_math(operation.operands[-1]), None
        shown_too: list[Any] = []
        for value in operation.arguments if name in WITH_NUMBERS else ():
            if is_setting(value):
                shown_too += value if isinstance(value, list) else [value]
        parts: list[Any] = []
        for operand in (*operation.operands, *shown_too):
            parts += [op(","), self.operand_math(operand)]
        return row(latex.name(name.lstrip("_")), op("("), *parts[1:], op(")")), None

    def dtype_made(self, operation: OperationRecord) -> str:
        """The dtype that an operation has brought its first argument to; none where it had it already."""
        made = operation.results[0].snap.value.dtype
        return made if made != operation.operands[0].snap.value.dtype else ""

    def _tensor_first(self, operation: OperationRecord) -> bool:
        """Whether the learner wrote ``x * 2``, and not ``2 * x``, which runs as the same operation.

        A tensor may go by a name that is not shown (``h = x``, then ``h * 2``), so the number is looked for as well.
        """
        first = operation.arguments[0]
        left, _, right = (part.strip() for part in operation.results[0].tensor.expression.rpartition("*"))
        if not isinstance(first, Operand) or re.fullmatch(r"-?[\d.e]+", left):
            return False
        return not left or right not in (self.symbol(first.tensor), first.tensor.expression)

    def _indexed(self, operation: OperationRecord) -> Math:
        """x[0], x[:, 1:3]."""
        base, dim, *rest = operation.arguments
        inside = [op(":"), op(",")] * int(dim)
        if operation.name == "slice":
            start, end, step = (*rest, 1)[:3]
            ends = [str(start) if start else "", ":", "" if end > 2**62 else str(end), "" if step == 1 else f":{step}"]
            inside.append(["mtext", "".join(ends)])
        else:
            inside.append(["mn", str(rest[0])])
        return row(self.operand_math(base), op("["), *inside, op("]"))

    def operation_text(self, operation: OperationRecord) -> str:
        return " ".join(linear(self.operation_math(operation)[0]).split())


def is_setting(value: Any) -> bool:
    """Whether an argument is a number or the number of a dimension, or several."""
    if isinstance(value, list):
        return bool(value) and all(map(is_setting, value))
    return is_number(value) and not isinstance(value, bool)


def arguments_of(operation: OperationRecord) -> dict[str, Any]:
    """The arguments by name; those of an operation whose row is not known (it made no node) by their place."""
    if any(name.isidentifier() for name in operation.given):
        return operation.given
    second = "exponent" if operation.name.rstrip("_") == "pow" else "mat2" if operation.name == "mm" else "other"
    return dict(zip(("self", second, "alpha"), operation.arguments, strict=False))
