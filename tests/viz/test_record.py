"""record() and step(): which block, which source, what the run that comes of it can do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import minigrad
import viz
from viz.record import record, step
from viz.trace import Trace, load


def kinds(trace: Trace) -> list[str]:
    return [step.kind for step in trace.steps]


def test_block_shows_its_body_only() -> None:
    with record() as run:
        x = minigrad.tensor([2.0], requires_grad=True)
        # a comment

        y = x * x
    assert run.trace.source == [
        *("x = minigrad.tensor([2.0], requires_grad=True)", "# a comment", "", "y = x * x"),
    ]
    assert [step.line for step in run.trace.steps] == [1, 4]
    file = Path(__file__).read_text(encoding="utf-8").split("\n")
    assert file[run.trace.first_line - 1].strip() == run.trace.source[0]
    assert [row.name for row in run.trace.tensors] == ["x", "y"]
    assert y.requires_grad


def test_block_on_one_line() -> None:
    x = minigrad.tensor([2.0], requires_grad=True)
    with record() as run: x * x  # noqa: E701  # fmt: skip
    assert run.trace.steps[0].line == 1
    assert run.trace.tensors[0].name == "x"


def test_block_that_raises_is_recorded_and_the_error_passes_on() -> None:
    run = record()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012, SIM117 - the block is what is tested
        with run:
            x = minigrad.tensor([2.0], requires_grad=True)
            x.number = 1 / 0
    assert kinds(run.trace) == ["leaf", "error"]
    assert run.trace.steps[1].error == "ZeroDivisionError: division by zero"
    assert run.trace.steps[1].line == 2
    assert x.requires_grad


def test_resumed_run_goes_on_in_one_trace() -> None:
    with record() as run:
        x = minigrad.tensor([2.0], requires_grad=True)
        y = x * x
    first = run.trace.to_json()
    with run.resume():
        y.backward()
    assert run.trace.source[-1] == "y.backward()"
    assert run.trace.steps[-1].line == 3
    assert [row.name for row in run.trace.tensors] == ["x", "y"]
    file = Path(__file__).read_text(encoding="utf-8").split("\n")
    ((begin, number),) = run.trace.resumed
    assert (begin, file[number - 1].strip()) == (3, "y.backward()")
    assert run.trace.line_name(3) == f"{number}, part 2"
    assert run.trace.line_name(2) == f"{run.trace.first_line + 1}, part 1"
    assert Trace.from_json(first).steps == Trace.from_json(run.trace.to_json()).steps[:2]


def test_tensors_from_before_the_block_are_known_when_they_are_used() -> None:
    w = minigrad.tensor([3.0], requires_grad=True)
    h = w.exp()
    with record() as run:
        loss = h * 2
        loss.backward()
    assert {node.label for node in run.trace.nodes} == {"w", "ExpBackward0", "MulBackward0", "loss"}
    assert kinds(run.trace) == ["operation", "backward", "node", "node", "accumulate", "free"]
    assert {row.name for row in run.trace.tensors} >= {"w", "h", "loss"}


def test_step_runs_a_function() -> None:
    def lesson(x: Any, factor: float) -> Any:
        y = x * factor
        y.backward()

    run = step(lesson, minigrad.tensor([2.0], requires_grad=True), factor=4)
    assert run.trace.source[0].startswith("def lesson")
    assert run.trace.title == "lesson"
    assert [row.name for row in run.trace.tensors] == ["x", "y"]
    assert [step.line for step in run.trace.steps] == [2, 3, 3, 3, 3]


def test_step_of_a_function_that_raises_ends_with_the_error() -> None:
    def lesson() -> None:
        minigrad.ones(2) @ minigrad.ones(3)

    assert step(lesson).trace.steps[-1].kind == "error"


def test_saved_and_read_back(tmp_path: Path) -> None:
    with record("a title") as run:
        minigrad.ones(3, requires_grad=True)
    run.save(tmp_path / "run.json")
    assert load(tmp_path / "run.json") == run.trace
    assert viz.load(tmp_path / "run.json").title == "a title"


def test_run_says_what_it_is() -> None:
    with record() as run:
        assert repr(run) == "<run, recording>"
        minigrad.ones(3, requires_grad=True)
    assert repr(run) == "<run of 1 step>"


def test_trace_can_be_read_while_recording() -> None:
    with record() as run:
        minigrad.ones(2)
        assert len(run.trace.steps) == 1
        minigrad.ones(2)
    assert len(run.trace.steps) == 2
