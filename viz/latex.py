"""Formulas: the LaTeX of an operation's row, read once, then drawn with names, drawn with numbers, and calculated.

Rows write the derivatives in a small part of LaTeX. Reading it into a tree lets one row say both lines of a
step, ``∂z/∂x = ∂z/∂a · y`` and ``1 × 3``, and lets the tests calculate it and compare with the engine.
A tree is a tuple: its kind, then its parts.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

Tree = tuple[Any, ...]
Math = list[Any]
TRANSPOSED = "\u22a4"
APPLIED = "\u2061"  # between a function's name and what it is applied to
THIN = "\u2009"  # the space between two matrices that are multiplied

_TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|\d+(?:\.\d+)?|[A-Za-z]|[-+/^_{}()\[\]|<>=,]|\s+")
_SPACES = (r"\,", r"\;", r"\:", r"\!", r"\ ", r"\quad", r"\left", r"\right", r"\textstyle")
_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "lambda": "λ", "mu": "μ", "sigma": "σ",
    "theta": "θ", "Phi": "Φ", "varphi": "φ", "phi": "φ", "pi": "π", "rho": "ρ", "eta": "η", "kappa": "κ",
}  # fmt: skip
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "ln": np.log, "log": np.log, "exp": np.exp, "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh,
    "cosh": np.cosh, "tanh": np.tanh, "sgn": np.sign, "sign": np.sign, "trunc": np.trunc, "floor": np.floor,
    "σ": lambda x: 1 / (1 + np.exp(-x)), "φ": lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
    "Φ": np.vectorize(lambda x: (1 + math.erf(x / math.sqrt(2))) / 2, otypes=[float]),
    "diag": np.diag, "tril": np.tril, "triu": np.triu,
}  # fmt: skip
_BRACKETED = ("σ", "φ", "Φ", "diag", "tril", "triu", "trunc")  # always applied to something in brackets
_RELATIONS = {
    "<": np.less,
    ">": np.greater,
    "=": np.equal,
    "≤": np.less_equal,
    "≥": np.greater_equal,
    "≠": np.not_equal,
}
_RELATION_NAMES = {
    r"\le": "≤",
    r"\leq": "≤",
    r"\ge": "≥",
    r"\geq": "≥",
    r"\ne": "≠",
    r"\neq": "≠",
    r"\lt": "<",
    r"\gt": ">",
}


class Unreadable(ValueError):
    """The LaTeX uses what this small reader does not know."""


_ENDS = ("+", "-", "/", ")", "]", "}", r"\}", r"\rfloor", "<", ">", "=", ",", "^", "_")


_PRODUCTS = (r"\cdot", r"\times", r"\odot")


class _Reader:
    def __init__(self, latex: str) -> None:
        self.tokens: list[str] = []
        self.texts: list[str] = []
        at = 0
        while at < len(latex):
            if latex.startswith(r"\text{", at):
                end = latex.index("}", at)
                self.texts.append(latex[at + 6 : end])
                self.tokens.append(r"\text")
                at = end + 1
                continue
            found = _TOKEN.match(latex, at)
            if found is None:
                raise Unreadable(latex)
            at = found.end()
            token = found.group()
            if not token.isspace() and token not in _SPACES:
                self.tokens.append(token)
        self.at = 0
        self.text_at = 0
        self.in_bars = False

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token != wanted):
            raise Unreadable(f"{wanted or 'more'} expected, found {token!r}")
        self.at += 1
        return token

    def sum(self) -> Tree:
        parts = [self.term()]
        while self.peek() in ("+", "-"):
            sign = self.take()
            part = self.term()
            parts.append(("neg", part) if sign == "-" else part)
        return parts[0] if len(parts) == 1 else ("sum", *parts)

    def term(self) -> Tree:
        if self.peek() == "-":
            self.take()
            return ("neg", self.term())
        left = self.factor()
        while True:
            token = self.peek()
            if token in _PRODUCTS:
                self.take()
                left = ("mul", left, self.factor())
            elif token == "/":
                self.take()
                divisor = self.factor()
                while self.begins() and self.peek() not in (*_PRODUCTS, r"\text"):
                    divisor = ("mul", divisor, self.factor())  # 1 / 2z is 1 / (2z)
                left = ("div", left, divisor)
            elif token == r"\text":
                left = ("words", left, self.words())
                if self.begins():
                    left = (*left, self.factor())
            elif self.begins():
                left = ("mul", left, self.factor())
            else:
                return left

    def words(self) -> str:
        self.take(r"\text")
        self.text_at += 1
        return self.texts[self.text_at - 1].strip()

    def begins(self) -> bool:
        token = self.peek()
        if token == "|":
            return not self.in_bars
        return bool(token) and token not in _ENDS and token not in _RELATION_NAMES

    def factor(self) -> Tree:
        base = self.base()
        while self.peek() in ("^", "_"):
            if self.take() == "^":
                if self.peek() == r"\top":
                    self.take()
                    base = ("top", base)
                else:
                    base = ("pow", base, self.group())
            else:
                base = ("sub", base, self.group())
        return base

    def group(self) -> Tree:
        if self.peek() == "{":
            self.take()
            inside = self.sum()
            self.take("}")
            return inside
        return self.base()

    def base(self) -> Tree:
        token = self.take()
        if token[0].isdigit():
            return ("num", float(token))
        if token.isalpha():
            return ("sym", token)
        if token == "(":
            inside = self.sum()
            self.take(")")
            return inside
        if token == "{":
            self.at -= 1
            return self.group()
        if token == "|":
            self.in_bars = True
            inside = self.sum()
            self.in_bars = False
            self.take("|")
            return ("abs", inside)
        if token == "[":
            condition = self.condition()
            self.take("]")
            return ("holds", *condition)
        if token == r"\#":
            self.take(r"\{")
            condition = self.condition()
            self.take(r"\}")
            return ("count", *condition)
        if token == r"\lfloor":
            inside = self.sum()
            self.take(r"\rfloor")
            return ("call", "floor", inside)
        if token == r"\lnot":
            return ("not", self.factor())
        if token == r"\text":
            self.at -= 1
            words = self.words()
            return ("words", words, self.factor()) if self.begins() else ("words", words)
        name = token[1:]
        if name == "bar":
            inside = self.group()
            if inside == ("sym", "x"):
                return ("mean", inside)
            return ("grad",) if inside in (("sym", "z"), ("sym", "Z")) else ("grad", inside)
        if name in ("frac", "tfrac"):
            return ("frac", self.group(), self.group())
        if name == "sqrt":
            return ("sqrt", self.group())
        if name == "mathbf":
            self.group()
            return ("ones",)
        if name == "sum":
            if self.peek() == "_":
                while self.take() != "}":
                    pass
            return ("total", self.term())
        if name in ("mathrm", "operatorname"):
            self.take("{")
            name = ""
            while self.peek() != "}":
                name += self.take()
            self.take("}")
            return self.function(name) if name in FUNCTIONS else ("sym", name)
        if name in FUNCTIONS:
            return self.function(name)
        if name in _GREEK:
            letter = _GREEK[name]
            return self.function(letter) if letter in FUNCTIONS and self.peek() == "(" else ("sym", letter)
        raise Unreadable(token)

    def condition(self) -> Tree:
        """``x < y``, ``a \\le x \\le b``, or a mask by itself: terms with the relations between them."""
        parts: list[Any] = [self.sum()]
        while (relation := _RELATION_NAMES.get(self.peek(), self.peek())) in _RELATIONS:
            self.take()
            parts += [relation, self.sum()]
        return tuple(parts)

    def function(self, name: str) -> Tree:
        power = None
        if self.peek() == "^":
            self.take()
            power = self.group()
        applied: Tree = ("call", name, self.factor())
        return applied if power is None else ("pow", applied, power)


@functools.lru_cache(maxsize=512)
def read(latex: str) -> Tree:
    """The tree of a formula.

    Raises:
        Unreadable: it is not in the part of LaTeX that rows use.
    """
    reader = _Reader(latex)
    try:
        tree = reader.sum()
    except (ValueError, IndexError) as error:
        raise Unreadable(f"{latex}: {error}") from error
    if reader.peek():
        raise Unreadable(f"{latex}: {reader.peek()!r} is left over")
    return tree


def symbols(tree: Any) -> set[str]:
    """The letters in a tree."""
    if not isinstance(tree, tuple):
        return set()
    if tree[0] == "sym":
        return {tree[1]}
    return set().union(*(symbols(part) for part in tree[1:]))


def put(tree: Tree, constants: dict[str, float]) -> Tree:
    """The tree with Python's numbers put in, nothing worked out."""
    if tree[0] == "sym":
        return ("num", constants[tree[1]]) if tree[1] in constants else tree
    return tuple(put(part, constants) if isinstance(part, tuple) else part for part in tree)


def fold(tree: Tree, constants: dict[str, float]) -> Tree:
    """The tree with Python's numbers put in and worked out where nothing else is involved: n x^{n-1} becomes 2 x."""
    if tree[0] == "sym":
        return ("num", constants[tree[1]]) if tree[1] in constants else tree
    tree = tuple(fold(part, constants) if isinstance(part, tuple) else part for part in tree)
    kind = tree[0]
    known: list[Any] = [part[1] if part[0] == "num" else None for part in tree[1:] if isinstance(part, tuple)]
    if kind == "neg" and known[0] is not None:
        return ("num", -known[0])
    if kind == "sum" and None not in known:
        return ("num", sum(known))
    if kind == "mul" and 1 in known:
        return tree[2] if known[0] == 1 else tree[1]
    if kind == "mul" and None not in known:
        return ("num", known[0] * known[1])
    if kind in ("div", "frac") and known[1] == 1:
        return tree[1]
    if kind == "pow" and known[1] == 1:
        return tree[1]
    if kind == "pow" and known[1] == 0:
        return ("num", 1.0)
    return tree


# Calculating


def evaluate(tree: Any, values: Callable[[str], Any], gradient: Any, ones: Any) -> Any:
    """The number a tree stands for. ``values`` gives a symbol's, ``gradient`` the incoming one's.

    Raises:
        Unreadable: the tree says something in words.
    """

    def go(part: Tree) -> Any:
        kind, *inside = part
        match kind:
            case "num":
                return inside[0]
            case "sym":
                return np.pi if inside[0] == "π" else values(inside[0])
            case "grad" if not inside:
                return gradient
            case "ones":
                return ones
            case "neg":
                return -go(inside[0])
            case "sum":
                return functools.reduce(np.add, [go(p) for p in inside])
            case "mul":
                left, right = go(inside[0]), go(inside[1])
                return np.matmul(left, right) if is_matrix(part) else left * right
            case "div" | "frac":
                return go(inside[0]) / go(inside[1])
            case "pow":
                return go(inside[0]) ** go(inside[1])
            case "sub":
                return go(inside[0])
            case "top":
                return np.swapaxes(go(inside[0]), -1, -2) if np.ndim(go(inside[0])) > 1 else go(inside[0])
            case "sqrt":
                return np.sqrt(go(inside[0]))
            case "abs":
                return np.abs(go(inside[0]))
            case "call" if inside[0] in FUNCTIONS:
                return FUNCTIONS[inside[0]](go(inside[1]))
            case "mean":
                return np.mean(go(inside[0]))
            case "not":
                return np.logical_not(go(inside[0]))
            case "holds" | "count":
                holds = go(inside[0]) if len(inside) == 1 else True
                for place in range(1, len(inside), 2):
                    holds = holds & _RELATIONS[inside[place]](go(inside[place - 1]), go(inside[place + 1]))
                return np.sum(holds) if kind == "count" else holds * 1.0
        raise Unreadable(kind)

    return go(tree)


def fitted(gradient: Any, like: np.ndarray) -> np.ndarray:
    """A gradient in the shape of what it belongs to: summed over broadcast dimensions, or rearranged as a view is."""
    gradient = np.asarray(gradient)
    if gradient.size == like.size:
        return gradient.reshape(like.shape)
    while gradient.ndim > like.ndim:
        gradient = gradient.sum(0)
    gradient = gradient.reshape((1,) * (like.ndim - gradient.ndim) + gradient.shape)
    for axis, length in enumerate(like.shape):
        if length == 1 and gradient.shape[axis] != 1:
            gradient = gradient.sum(axis, keepdims=True)
    return np.broadcast_to(gradient, like.shape)


def is_matrix(tree: Tree) -> bool:
    """Whether a product is one of matrices: written without a dot, of capital letters or of something transposed."""
    return tree[0] == "mul" and all(_matrix_part(part) for part in tree[1:])


def _matrix_part(tree: Tree) -> bool:
    if tree[0] in ("top", "grad"):
        return True
    if tree[0] == "sub":
        return _matrix_part(tree[1])
    if tree[0] == "mul":
        return is_matrix(tree) or _matrix_part(tree[2])
    return tree[0] == "sym" and (tree[1].isupper() or tree[1] == "v")


# Drawing


def row(*parts: Any) -> Math:
    """Several pieces side by side."""
    return ["mrow", *parts]


def op(sign: str) -> Math:
    """An operator's sign."""
    return ["mo", sign]


def name(text: str) -> Math:
    """A variable's name; ``y`` with a version as its index is the tensor as it was then."""
    return ["mi", text]


def draw(tree: Tree, values: Callable[[str], Math], gradient: Math, ones: Math, numbers: bool) -> Math:
    """A tree as MathML. ``numbers``: symbols are drawn as numbers, so products need their sign."""
    times = "×" if numbers else "·"

    def part(inner: Tree, level: int) -> Math:
        drawn = go(inner)
        return row(op("("), drawn, op(")")) if _level(inner, drawn) < level else drawn

    def go(tree: Tree) -> Math:
        kind, *inside = tree
        match kind:
            case "num":
                return number_math(inside[0])
            case "sym":
                return values(inside[0])
            case "grad":
                return ["mover", go(inside[0]), op("¯")] if inside else gradient
            case "ones":
                return ones
            case "neg":
                return row(op("−"), part(inside[0], 2))
            case "sum":
                out: list[Any] = [part(inside[0], 1)]
                for term in inside[1:]:
                    minus = term[0] == "neg" or (term[0] == "num" and term[1] < 0)
                    plain = term[1] if term[0] == "neg" else ("num", -term[1]) if minus else term
                    out += [op("−" if minus else "+"), part(plain, 3)]
                return row(*out)
            case "mul":
                sign = ["mtext", THIN] if is_matrix(tree) else op(times)
                return row(part(inside[0], 2), sign, part(inside[1], 3))
            case "div":
                return row(part(inside[0], 2), op("/"), part(inside[1], 4))
            case "frac":
                return ["mfrac", go(inside[0]), go(inside[1])]
            case "pow":
                return ["msup", part(inside[0], 4), go(inside[1])]
            case "top":
                return ["msup", part(inside[0], 4), ["mi", TRANSPOSED]]
            case "sub":
                return go(inside[0])
            case "sqrt":
                return ["msqrt", go(inside[0])]
            case "abs":
                return row(op("|"), go(inside[0]), op("|"))
            case "total":
                return row(op("∑"), part(inside[0], 3))
            case "call":
                if inside[0] == "floor":
                    return row(op("⌊"), go(inside[1]), op("⌋"))
                if inside[0] in _BRACKETED:
                    return row(["mi", inside[0]], op("("), go(inside[1]), op(")"))
                return row(["mi", inside[0]], op(APPLIED), part(inside[1], 4))
            case "mean":
                return ["mover", go(inside[0]), op("¯")]
            case "not":
                return row(op("¬"), part(inside[0], 4))
            case "holds" | "count":
                parts = [op(one) if isinstance(one, str) else go(one) for one in inside]
                return row(op("["), *parts, op("]")) if kind == "holds" else row(op("#{"), *parts, op("}"))
            case "words":
                return row(*(["mtext", f" {one} "] if isinstance(one, str) else go(one) for one in inside))
        raise Unreadable(kind)

    return go(tree)


def _level(tree: Tree, drawn: Math) -> int:
    """How tightly a drawn piece holds together: 1 a sum, 2 a negative, 3 a product, 4 one thing."""
    kind = tree[0]
    if kind == "sum":
        return 1
    if kind == "neg" or (drawn[0] == "mn" and str(drawn[1]).startswith("−")):
        return 2
    return 3 if kind in ("mul", "div", "total", "words") else 4


def number_math(value: float) -> Math:
    """A number."""
    from viz.cast import number

    return ["mn", number(value)]


_SPACED = ("=", "+", "·", "×", "→", "←", "<", ">", "≤", "≥", "≠")


def linear(math: Any) -> str:
    """MathML as a line of text, to be read aloud."""
    if isinstance(math, str):
        return math
    tag, *inside = math
    if tag in ("mi", "mn"):
        return str(inside[0])
    parts = [linear(part) for part in inside]
    match tag:
        case "mtext" if parts == [THIN]:
            return " @ "
        case "mfrac":
            join = "/" if inside[0][0] == "mrow" and inside[0][1] in (["mo", "∂"], ["mo", "∂²"]) else " / "
            return join.join(_enclosed(math, text) for math, text in zip(inside, parts, strict=True))
        case "msup":
            return _enclosed(inside[0], parts[0]) + _raised(parts[1], inside[1])
        case "msub":
            return f"{parts[0]}({parts[1]})"
        case "msqrt":
            return f"√({''.join(parts)})"
        case "mtable":
            return ", ".join(parts)
        case "mtr":
            return f"[{', '.join(parts)}]"
        case "mo":
            return (
                f" {parts[0]} "
                if parts[0] in _SPACED
                else {",": ", ", "∑": "∑ ", "/": " / ", APPLIED: " "}.get(parts[0], parts[0])
            )
        case "mrow":
            for place in range(1, len(inside)):  # a minus between two things, not before one
                if inside[place] == ["mo", "−"]:
                    parts[place] = " − "
    return "".join(parts)


def _raised(text: str, math: Any) -> str:
    if text == TRANSPOSED:
        return "ᵀ"
    if text.isdigit():
        return text.translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return "^" + _enclosed(math, text)


def _enclosed(math: Any, text: str) -> str:
    simple = (" " not in text and "/" not in text) or re.fullmatch(r"\[[^\[\]]*\]|\[\[.*\]\]", text)
    return text if simple else f"({text})"
