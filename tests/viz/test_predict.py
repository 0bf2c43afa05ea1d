"""What the reader is asked before it is shown, and what known wrong answers are told."""

from __future__ import annotations

import pytest

import minigrad as torch
import viz
from viz.magic import read_options
from viz.trace import Question, Trace, TraceError


def two_paths():
    x = torch.tensor([2.0], requires_grad=True)
    y = torch.tensor([3.0], requires_grad=True)
    z = x * y + x
    z.backward(retain_graph=True)
    z.backward()


def fails():
    x = torch.tensor([2.0], requires_grad=True)
    z = x * x
    z.backward()
    z.backward()


def asked(function, predict):
    return viz.step(function, predict=predict).trace.questions


def traps(question):
    return {trap.answer: trap.text for trap in question.traps}


def test_nothing_is_asked_unless_wanted():
    assert asked(two_paths, ()) == []


def test_a_gradient_is_asked_for_before_its_backward_begins():
    first, second = asked(two_paths, ["x.grad"])
    assert (first.answer, second.answer) == ("4", "8")
    assert first.text == "What will x.grad be when the backward pass of line 12 is over?".replace(
        "12", str(two_paths.__code__.co_firstlineno + 4)
    )
    steps = viz.step(two_paths).trace.steps
    assert [steps[question.step].kind for question in (first, second)] == ["backward", "backward"]


def test_a_gradient_that_does_not_come_is_asked_for_as_well():
    def cut():
        x = torch.tensor([2.0, 3.0], requires_grad=True)
        y = torch.tensor([1.0, 1.0], requires_grad=True)
        (x.detach() * y).sum().backward()

    (question,) = asked(cut, ["x.grad"])
    assert question.answer == "None"
    assert "Does any way lead" in traps(question)["0 0"]
    assert "gradient of y" in traps(question)["2 3"]


def test_known_wrong_answers_are_told_what_they_are():
    first, second = asked(two_paths, ["x.grad"])
    assert "along one path" in traps(first)["3"]
    assert "along one path" in traps(first)["1"]
    assert "value of x" in traps(first)["2"]
    assert "is added to" in traps(second)["4"]
    assert "Zero" in traps(first)["0"]
    assert "no gradient has arrived" in traps(first)["None"]
    assert "4" not in traps(first)


def test_whether_a_backward_raises_is_asked_of_each_so_that_the_question_tells_nothing():
    first, second = asked(fails, ["raises"])
    assert [first.answer, second.answer] == ["it runs", "it raises an error"]
    assert first.choices == second.choices == ["it runs", "it raises an error"]


def test_an_error_that_comes_before_any_backward_begins_is_asked_for():
    def no_graph():
        x = torch.ones(2)
        x.sum().backward()

    assert [question.answer for question in asked(no_graph, ["raises"])] == ["it raises an error"]


def test_all_asks_for_every_leaf_in_the_order_of_the_run():
    texts = [question.text.split(" be when")[0] for question in asked(two_paths, True)]
    each = ["What will x.grad", "What will y.grad"]
    assert [text for text in texts if text.startswith("What")] == each * 2


def test_tensors_of_many_numbers_are_not_asked_for():
    def large():
        x = torch.ones(100, requires_grad=True)
        x.sum().backward()

    assert [question.choices for question in asked(large, True)] == [["it runs", "it raises an error"]]


def test_numbers_up_to_sixteen_are_asked_for_by_name_and_more_are_refused():
    def matrix(side):
        w = torch.ones(side, side, requires_grad=True)
        y = w * 2
        y.retain_grad()
        y.sum().backward()

    of_y, of_w = viz.step(matrix, 4, predict=["w.grad", "y.grad"]).trace.questions
    assert (of_w.answer, of_y.answer) == (" ".join("2" * 16), " ".join("1" * 16))
    large = viz.step(matrix, 5, predict=["w.grad"]).trace
    assert large.questions == []
    assert large.notes == ["w.grad has more than 16 numbers, so it is not asked."]


def test_what_does_not_occur_is_refused_by_name_and_the_run_is_shown():
    trace = viz.step(two_paths, predict=["w.grad", "x.grad"]).trace
    assert len(trace.questions) == 2
    (note,) = trace.notes
    assert "'w.grad'" in note


def test_the_magic_reads_what_to_predict():
    assert read_options("--predict")["predict"] is True
    assert read_options("--predict x.grad,raises --title T")["predict"] == ["x.grad", "raises"]


def test_questions_are_part_of_the_trace_and_checked_on_reading():
    trace = viz.step(two_paths, predict=True).trace
    assert Trace.from_json(trace.to_json()) == trace
    for wrong in (Question(0, "?", "1"), Question(999, "?", "1"), Question(1, "?", "c", ["a", "b"])):
        trace.questions = [wrong]
        with pytest.raises(TraceError, match="questions"):
            trace.check()
