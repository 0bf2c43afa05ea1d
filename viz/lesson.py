"""Exercises in a notebook: an answer is looked at, and the reader is told what is wrong with it, never what is right.

An answer is an ordinary value in an ordinary cell; one that is still ``...`` is "not answered yet", and no answer,
not even one that raises, stops the cells below. What is right is computed beside the check, from the program that the
exercise is about; where nothing can be computed (a choice), a seal stands for it: a hash, so that it cannot be read.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from typing import Any

from viz.texts import say

SEALED = "sealed:"


class _Unanswered(Exception):
    """A function that is to be written still returns the dots."""


def check(name: str, answer: Any, right: Any, *hints: str | tuple[Any, str]) -> None:
    """Say whether an answer is right; if not, what is wrong.

    Args:
        answer: a number, a tensor, a truth value, None, a word, several of these, or a function.
        right: the same, computed; a `seal`; or, for a function, what judges it: it gets the function, and returns
            what is wrong in a sentence, or nothing; ``...`` if it is still as it was given.
        hints: (a wrong answer, what to say about it); a text alone is said about every other one.

    >>> check("slope", ..., 3.0)
    slope: not answered yet
    >>> check("slope", 9.0, 3.0, (9.0, "That is the value; how much does it change?"))
    slope: not yet. That is the value; how much does it change?
    """
    try:
        wrong = _judged(answer, right) if callable(right) else _wrong(name, answer, right, hints)
    except _Unanswered:
        print(say("lesson.unanswered", name=name))
    except Exception as error:  # the reader's own code: it is to be read, and the cells below are to run
        print(say("lesson.raised", name=name, kind=type(error).__name__, error=error))
    else:
        print(say("lesson.wrong", name=name, hint=wrong) if wrong else say("lesson.right", name=name))


def quiz(name: str, answer: Any, right: str, **remarks: str) -> None:
    """Say what there is to say about the choice made, one of the names of ``remarks``; ``right`` is a `seal`."""
    choice = str(answer).strip().lower()
    if answer is ...:
        print(say("lesson.unanswered", name=name))
    elif choice not in remarks:
        print(say("lesson.wrong", name=name, hint=say("lesson.choices", choices=", ".join(map(repr, remarks)))))
    elif seal(name, choice) == right:
        print(say("lesson.right.why", name=name, why=remarks[choice]))
    else:
        print(say("lesson.wrong", name=name, hint=remarks[choice]))


def predict(name: str, guess: Any, result: Any, hint: str = "") -> None:
    """Show a result to a reader who has said what to expect, beside the expectation."""
    if _open(guess):
        print(say("lesson.predict.open", name=name))
        return
    same = _same(_plain(guess), _plain(result))
    key = "lesson.predict.right" if same else "lesson.predict.wrong"
    print(say(key, name=name, result=_shown(result), guess=_shown(guess), hint=hint).rstrip())


def seal(name: str, value: Any) -> str:
    """What stands for a right answer where it is not to be read: a hash of the exercise's name and the value."""
    return SEALED + hashlib.sha256(f"{name}: {_shown(value, 3)}".encode()).hexdigest()[:12]


def _judged(answer: Any, judge: Callable[[Any], Any]) -> str | None:
    if answer is ...:
        raise _Unanswered
    if not callable(answer):
        return say("lesson.type", wanted=say("lesson.function"), given=_kind(_plain(answer)))

    def watched(*args: Any, **kwargs: Any) -> Any:
        result = answer(*args, **kwargs)
        if _open(result):
            raise _Unanswered
        return result

    verdict: str | None = judge(watched)
    if _open(verdict):
        raise _Unanswered
    return verdict


def _wrong(name: str, answer: Any, right: Any, hints: tuple[str | tuple[Any, str], ...]) -> str:
    """What is wrong with a value; nothing if it is right."""
    if _open(answer):
        raise _Unanswered
    given = _plain(answer)
    sealed = isinstance(right, str) and right.startswith(SEALED)
    wanted = _plain(right)
    if seal(name, answer) == right if sealed else _same(given, wanted):
        return ""
    if not sealed and wanted is not None and given is not None and _kind(given) != _kind(wanted):
        return say("lesson.type", wanted=_kind(wanted), given=_kind(given))
    for hint in hints:
        if isinstance(hint, str) or _same(given, _plain(hint[0])):
            return hint if isinstance(hint, str) else hint[1]
    if isinstance(wanted, tuple) and given is not None:
        if good := sum(map(_same, given, wanted)):
            return say("lesson.some", good=good, count=len(wanted))
    elif isinstance(wanted, float) and _same(-wanted, given):
        return say("lesson.sign")
    return say("lesson.again")


def _open(value: Any) -> bool:
    """Whether the dots are still there, if only in one of several places."""
    if isinstance(value, Mapping):
        return any(map(_open, value.values()))
    return any(map(_open, value)) if isinstance(value, list | tuple) else value is ...


def _plain(value: Any) -> Any:
    """Numbers as floats, words in small letters, several of them as a tuple; of a tensor its numbers."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, str):
        return value.strip().lower()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        parts = tuple(map(_plain, value))
    except TypeError:
        return value
    return parts[0] if len(parts) == 1 else parts  # tensor([3.]) is as good as 3


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=2e-3, abs_tol=1e-9)  # three digits are enough
    return type(a) is type(b) and bool(a == b)


def _kind(plain: Any) -> str:
    """What a value is, in words."""
    if isinstance(plain, tuple):
        return say("lesson.several", count=len(plain))
    kinds = {float: "lesson.number", bool: "lesson.truth", str: "lesson.word"}
    return say(kinds[type(plain)]) if type(plain) in kinds else f"{type(plain).__name__}"


def _shown(value: Any, digits: int = 6) -> str:
    plain = _plain(value)
    parts = [f"{part:.{digits}g}" if isinstance(part, float) else str(part) for part in _flat(plain)]
    return f"[{', '.join(parts)}]" if isinstance(plain, tuple) else parts[0]


def _flat(plain: Any) -> list[Any]:
    return [leaf for part in plain for leaf in _flat(part)] if isinstance(plain, tuple) else [plain]
