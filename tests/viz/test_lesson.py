"""Exercises: right and wrong answers of every kind, answers not yet given, and answers that cannot be read off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import minigrad
from viz.lesson import check, predict, quiz, seal

Out = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (3, 3.0),
        (2 / 3, 0.6667),
        (0.447, minigrad.tensor(0.4472136)),
        ([1, 2], minigrad.tensor([1.0, 2.0])),
        ((1.0, None), [1.0, None]),
        ({"a": True, "b": False}, {"a": True, "b": False}),
        (minigrad.tensor([3.0]), 3.0),
        (None, None),
        (" Leaf ", "leaf"),
        (12, seal("1", 12.0)),
        ([0.25, 1], seal("1", minigrad.tensor([0.25, 1.0]))),
    ],
    ids=str,
)
def test_a_right_answer_is_right_however_it_is_written(capsys: Out, answer: Any, right: Any) -> None:
    check("1", answer, right)
    assert capsys.readouterr().out == "1: right\n"


@pytest.mark.parametrize(
    "answer", [..., [1.0, ...], {"a": True, "b": ...}, lambda x: ...], ids=["nothing", "list", "dict", "function"]
)
def test_what_still_has_its_dots_is_not_answered_yet(capsys: Out, answer: Any) -> None:
    judge: Callable[[Any], str | None] = lambda f: None if f(2) == 4 else "no"  # noqa: E731
    check("1", answer, judge if callable(answer) else [1.0, 2.0])
    assert capsys.readouterr().out == "1: not answered yet\n"


@pytest.mark.parametrize(
    ("answer", "right", "reply"),
    [
        (9, 3.0, "That is the value."),
        (-3, 3.0, "The size is right, but not the direction"),
        (5, 3.0, "Look again"),
        ("three", 3.0, "What is wanted is a number; yours is a word in quotes."),
        (1, True, "What is wanted is True or False; yours is a number."),
        (None, 3.0, "Look again"),
        (3.0, None, "Look again"),
        ([1, 2], [1.0, 2.0, 3.0], "What is wanted is a group of 3; yours is a group of 2."),
        ([1, 5, 3], [1.0, 2.0, 3.0], "2 of the 3 are right."),
        (float("nan"), 3.0, "Look again"),
        (print, 3.0, "yours is builtin_function_or_method"),
        (13, seal("1", 12.0), "Look again"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_and_not_what_is_right(
    capsys: Out, answer: Any, right: Any, reply: str
) -> None:
    check("1", answer, right, (9, "That is the value."))
    said = capsys.readouterr().out
    assert said.startswith("1: not yet. ")
    assert reply in said


def test_a_hint_for_every_other_answer_comes_last(capsys: Out) -> None:
    for answer in (9, 10):
        check("1", answer, 3.0, (9, "That is the value."), "How much does it change?")
    assert capsys.readouterr().out == "1: not yet. That is the value.\n1: not yet. How much does it change?\n"


def test_a_function_is_judged_and_its_errors_are_told_and_stop_nothing(capsys: Out) -> None:
    def doubles(function: Callable[[float], float]) -> str | None:
        return None if function(4) == 8 else "Four does not become eight."

    check("f", lambda x: 2 * x, doubles)
    check("f", lambda x: x, doubles)
    check("f", lambda x: x / 0, doubles)
    check("f", 8, doubles)
    assert capsys.readouterr().out.splitlines() == [
        "f: right",
        "f: not yet. Four does not become eight.",
        "f: not yet. Your code raises ZeroDivisionError: division by zero",
        "f: not yet. What is wanted is a function; yours is a number.",
    ]


def test_a_judge_can_say_that_a_function_is_still_as_it_was_given(capsys: Out) -> None:
    check("1", lambda x: x, lambda f: ... if f(2) == 2 else None)
    assert capsys.readouterr().out == "1: not answered yet\n"


def test_a_quiz_has_a_remark_on_every_choice(capsys: Out) -> None:
    for choice in (..., "A", "b", "d", 1, ["a"]):
        quiz("2", choice, "sealed:a8e397194ee1", a="Too early.", b="At the leaf.")
    assert capsys.readouterr().out.splitlines() == [
        "2: not answered yet",
        "2: not yet. Too early.",
        "2: right. At the leaf.",
        *3 * ["2: not yet. The choices are 'a', 'b'."],
    ]


def test_a_prediction_is_asked_for_before_the_result_is_shown(capsys: Out) -> None:
    result = minigrad.tensor([1.0, 6.5])
    predict("x.grad", ..., result)
    assert "6.5" not in (said := capsys.readouterr().out)
    assert said.startswith("x.grad: not answered yet")
    predict("x.grad", [1, 6.5], result)
    predict("x.grad", [1, 5], result, "Two paths lead to y.")
    predict("x.grad", None, True)
    assert capsys.readouterr().out.splitlines() == [
        "x.grad is [1, 6.5], as you predicted.",
        "x.grad is [1, 6.5]; you predicted [1, 5]. Two paths lead to y.",
        "x.grad is True; you predicted None.",
    ]


def test_a_seal_tells_exercises_and_answers_apart() -> None:
    assert len({seal(name, value) for name in "12" for value in ("a", "b", 1.0, True)}) == 8
