"""The formulas of a backward function as lines of text: ``z = x · y`` and ``∂L/∂x = ∂L/∂z · y``.

They come from the engine's own rows, found by the function's name, so they serve PyTorch's graphs as well.
"""

from __future__ import annotations

import functools

from . import latex
from .latex import Unreadable
from .symbols import FORWARD, LETTERS


@functools.cache
def lines(function_name: str) -> tuple[str, ...]:
    """What a function computes and its derivative for each input; nothing where no row says.

    >>> lines("MulBackward0")
    ('z = x · y', '∂L/∂x = ∂L/∂z · y', '∂L/∂y = ∂L/∂z · x')
    """
    import minigrad.nn  # noqa: F401  (its rows)
    from minigrad.ops.templates import OPERATIONS

    operation = OPERATIONS.get(function_name)
    if operation is None:
        return ()
    found = [f"z = {_text(FORWARD[operation.name])}"] if operation.name in FORWARD else []
    used = set().union(*map(_symbols, (*operation.formula.values(), FORWARD.get(operation.name, ""))))
    taken: list[str] = []
    for parameter, formula in operation.formula.items():
        # Of the letters that may stand for the input, one that the formulas use.
        letters = [letter for letter, names in LETTERS.items() if parameter in names and letter not in taken]
        letters.sort(key=lambda letter: LETTERS[letter].index(parameter))
        taken.append(next((letter for letter in letters if letter in used), letters[0] if letters else parameter))
        if formula:
            found.append(f"∂L/∂{taken[-1]} = {_text(formula)}")
    return tuple(found)


def _symbols(formula: str) -> set[str]:
    try:
        return latex.symbols(latex.read(formula)) if formula else set()
    except Unreadable:
        return set()


def _text(formula: str) -> str:
    try:
        tree = latex.read(formula)
        drawn = latex.draw(tree, latex.name, latex.name("∂L/∂z"), latex.number_math(1), False)
        return " ".join(latex.linear(drawn).split()).replace(" ,", ",").replace(" ]", "]")
    except Unreadable:
        return formula
