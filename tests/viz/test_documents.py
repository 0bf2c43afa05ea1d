"""The topics of the five documents, in programs of our own: recorded to the end, the last state right, the gradients
PyTorch's.

The engine's own semantics are tested elsewhere; here it is what a stepper shows of them. ``python -m
tests.viz.test_documents`` writes what the steps are called into goldens/documents.txt.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad
from tests.viz.hooked import DOCUMENTS, everything, ours, quiet, recorded, seen_by_hooks, small
from tests.viz.recorded import run, state
from viz.cast import summary
from viz.place import is_placed, place
from viz.record import Run
from viz.trace import Trace

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment]

GOLDEN = Path(__file__).parent / "goldens" / "documents.txt"
MOST = 60  # steps of a program in the golden


@functools.cache
def run_of(name: str) -> tuple[Run, dict[str, Any], Exception | None]:
    minigrad.manual_seed(0)
    with quiet():
        return run(ours(everything()[name]), name=name)


def outline() -> str:
    """Every step of every program in a line: enough to see what changed."""
    parts = []
    for name in DOCUMENTS:
        trace = run_of(name)[0].trace
        lines = [
            f"{number:3} {step.phase:8} {step.kind:10} L{step.line or '-':<3} {step.title}"
            + (f" !! {step.error.splitlines()[0][:60]}" if step.error else "")
            for number, step in enumerate(trace.steps[:MOST], 1)
        ]
        parts.append("\n".join([f"## {name}", *lines]))
    return "\n\n".join(parts) + "\n"


ALL = pytest.mark.parametrize("name", everything())
EACH = pytest.mark.parametrize("name", DOCUMENTS)


@EACH
def test_it_is_recorded_and_steps_to_its_end(name: str) -> None:
    recording, _, error = run_of(name)
    trace = place(Trace.from_dict(recording.trace.to_dict()))
    trace.check()
    assert is_placed(trace)
    assert not recording._recorder.stopped
    assert error is None, "the programs catch what they raise"
    assert {part.id: dict(vars(part)) for part in trace.at(len(trace.steps)).tensors} == {
        part.id: state(trace)[part.id] for part in trace.tensors
    }


@EACH
def test_the_last_state_is_that_of_the_program(name: str) -> None:
    recording, variables, _ = run_of(name)
    last = state(recording.trace)
    rows = {row["name"]: row for key, row in last.items() if key.startswith("t") and row["visible"]}
    named = [(variable, value) for variable, value in variables.items() if isinstance(value, minigrad.Tensor)]
    for variable, value in variables.items():
        if hasattr(type(value), "named_parameters"):
            named += [(f"{variable}.{path}", tensor) for path, tensor in value.named_parameters()]
    for variable, tensor in named:
        row = rows.get(variable)
        if row is None:  # another name of the same tensor, or the .grad of one
            continue
        assert row["value"].text == summary(tensor._array), variable
        assert row["requires_grad"] == tensor.requires_grad, variable
        assert row["leaf"] == tensor.is_leaf, variable
        assert tensor.is_inference() or row["version"] == tensor._version, variable
        if tensor.is_leaf or tensor.retains_grad:
            shown = row["grad"]
            assert (None if tensor.grad is None else summary(tensor.grad._array)) == (shown and shown.text), variable


def test_every_program_that_names_tensors_shows_some_of_them() -> None:
    for name in DOCUMENTS:
        recording, variables, _ = run_of(name)
        names = {row["name"] for key, row in state(recording.trace).items() if key.startswith("t")}
        tensors = {variable for variable, value in variables.items() if isinstance(value, minigrad.Tensor)}
        assert not tensors or names & tensors, name


def test_errors_are_where_the_programs_make_them() -> None:
    errors = {name: sum(bool(step.error) for step in run_of(name)[0].trace.steps) for name in DOCUMENTS}
    assert {name: count for name, count in errors.items() if count} == {
        "nothing_asks_for_a_gradient": 1,
        "no_single_output": 1,
        "scalar_or_direction": 1,
        "gradient_none": 2,
        "who_requires_grad": 1,
        "clipping_returns_the_length": 1,
        "nothing_recorded": 1,
        "walked_twice": 1,
        "changed_and_refused": 5,
    }


@ALL
def test_gradients_are_pytorchs_in_the_same_order(name: str) -> None:
    written = recorded()[name]
    if torch is not None:
        live = [
            [node, [small(g) for g in into], [small(g) for g in out]]
            for node, into, out in seen_by_hooks(everything()[name])
        ]
        assert [entry[0] for entry in live] == [entry[0] for entry in written], "run python -m tests.viz.hooked"
        expected = live
    else:
        expected = written
    events = run_of(name)[0]._recorder.events
    mine = []
    for event in events:
        facts = event.facts
        if event.kind == "node":
            mine.append((facts["node"].cast.label, facts["incoming"], facts["outgoing"]))
        elif event.kind == "accumulate" and "returned" not in facts:
            mine.append(("AccumulateGrad", [facts["arriving"]], [facts["after"]]))
    if any("computed" in event.facts for event in events):  # the passes of a gradcheck at the end are no steps
        expected = expected[: len(mine)]
    exact = 2e-5 if len(mine) < 200 else 1e-3  # in a training the last digits of every step add up
    assert [node for node, _, _ in mine] == [node for node, _, _ in expected]
    for (node, into, out), (_, their_into, their_out) in zip(mine, expected, strict=True):
        for ours_, theirs in zip((*into, *out), (*their_into, *their_out), strict=True):
            if ours_ is None or theirs is None:
                continue
            if theirs["numbers"] is not None and ours_.array is not None:
                given = np.array(theirs["numbers"]).reshape(theirs["shape"])
                np.testing.assert_allclose(ours_.array, given, rtol=exact, atol=exact / 20, err_msg=node)


@ALL
def test_numbers_on_the_edges_are_those_that_travelled(name: str) -> None:
    """With the test above: what stands in the picture is PyTorch's gradient, to the digits that are shown."""
    recording = run_of(name)[0]
    for event, step in zip(recording._recorder.events, recording.trace.steps, strict=True):
        texts = [value for _, attribute, value in step.changes if attribute == "gradient" and value]
        if event.kind != "node":
            continue
        sent = [snap.array for snap in event.facts["outgoing"] if snap is not None and snap.array is not None]
        for text in texts:
            number = text.rpartition("= ")[2].replace("−", "-").strip("[]")
            if not re.fullmatch(r"-?[\d.]+(e-?\d+)?(, -?[\d.]+(e-?\d+)?)*", number) or "×" in number:
                continue  # a shape
            shown = np.array([float(part) for part in number.split(",")])
            assert any(
                array.size == shown.size and np.allclose(array.ravel(), shown, rtol=1e-3, atol=1e-4) for array in sent
            ) or (shown.size == 1 and not shown[0] % 1), f"{step.title}: {text}"


def test_steps_are_called_what_they_were() -> None:
    assert outline() == GOLDEN.read_text("utf-8"), "python -m tests.viz.test_documents writes it anew"


if __name__ == "__main__":
    GOLDEN.write_text(outline(), encoding="utf-8")
