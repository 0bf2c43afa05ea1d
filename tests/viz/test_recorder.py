"""What the recorder sees is what happened: compared with the tensors themselves, and with PyTorch's own graph."""

from __future__ import annotations

import gc
import json
import sys
import textwrap
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad.autograd import grad_mode
from minigrad.utils.checkpoint import checkpoint
from tests.viz.recorded import GOLDENS, PROGRAMS, numbers, pretty, run, state
from viz.assemble import put_into_words
from viz.cast import Snap
from viz.record import Run, record, step
from viz.recorder import Recorder, short_name
from viz.trace import VERSION, Step, Trace, Value

ALL = pytest.mark.parametrize("name", PROGRAMS)


def steps_of(name: str) -> list[Step]:
    return run(PROGRAMS[name])[0].trace.steps


def kinds(trace: Trace) -> list[str]:
    return [step.kind for step in trace.steps]


# Every program


@ALL
def test_trace_is_as_it_was(name: str) -> None:
    golden = (GOLDENS / f"{name}.json").read_text(encoding="utf-8")
    assert pretty(run(PROGRAMS[name])[0].trace) == golden


@ALL
def test_trace_is_the_same_every_time_and_whenever_the_collector_runs(name: str) -> None:
    first = run(PROGRAMS[name])[0].trace.to_json()
    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        second = run(PROGRAMS[name])[0].trace.to_json()
    finally:
        gc.set_threshold(*before)
    assert first == second


@ALL
def test_trace_holds_together_and_reads_back(name: str) -> None:
    trace = run(PROGRAMS[name])[0].trace
    trace.check()
    assert Trace.from_json(trace.to_json()) == trace
    assert len(trace.to_json()) < 60_000


@ALL
def test_last_state_is_that_of_the_tensors(name: str) -> None:
    recording, variables, _ = run(PROGRAMS[name])
    folded = state(recording.trace)
    rows = {row["name"]: row for row in folded.values() if "requires_grad" in row and row["visible"]}
    compared = 0
    for variable, tensor in variables.items():
        if not isinstance(tensor, minigrad.Tensor):
            continue
        row = rows[variable]
        compared += 1
        assert row["version"] == tensor._version
        assert row["requires_grad"] == tensor.requires_grad
        assert row["leaf"] == tensor.is_leaf
        assert row["grad_fn"] == (None if tensor.grad_fn is None else short_name(tensor.grad_fn))
        assert_shows(row["value"], tensor._array)
        if tensor.is_leaf or tensor.retains_grad:
            if tensor.grad is None:
                assert row["grad"] is None
            else:
                assert_shows(row["grad"], tensor.grad._array)
        else:
            assert str(row["grad"]).startswith("not kept")
    assert compared


def assert_shows(value: Any, array: np.ndarray) -> None:
    assert isinstance(value, Value)
    assert value.shape == list(array.shape)
    assert value.dtype == str(array.dtype)
    if array.size <= 64:
        np.testing.assert_allclose(numbers(value), array.ravel(), rtol=1e-5)
    else:
        assert value.cells == Snap(array).value.cells


@ALL
def test_bytes_held_are_those_of_the_chips_that_are_held(name: str) -> None:
    trace = run(PROGRAMS[name])[0].trace
    chips = {chip.id: chip for node in trace.nodes for chip in node.chips}
    held: dict[str, bool] = {}
    for at in trace.steps:
        held |= {name: value for name, attribute, value in at.changes if attribute == "held"}
        kept = [chips[name] for name, value in held.items() if value]
        assert (at.saved_bytes == 0) == (not kept)
        assert at.saved_bytes <= sum(chip.bytes for chip in kept)


@ALL
def test_everything_visible_came_with_a_step(name: str) -> None:
    folded = state(run(PROGRAMS[name])[0].trace)
    parts = [part for part in folded.values() if "source" in part or "kind" in part]
    assert parts
    assert all(part["visible"] for part in parts)


@ALL
def test_recording_changes_nothing_in_the_program(name: str) -> None:
    _, recorded, error = run(PROGRAMS[name])
    plain: dict[str, Any] = {"torch": minigrad, "__name__": "cell"}
    raised: Exception | None = None
    try:
        exec(textwrap.dedent(PROGRAMS[name]), plain)
    except Exception as caught:
        raised = caught
    assert (type(raised), str(raised)) == (type(error), str(error))
    for variable, tensor in plain.items():
        if isinstance(tensor, minigrad.Tensor):
            np.testing.assert_array_equal(tensor._array, recorded[variable]._array)


# What the steps are


def test_product_is_told_step_by_step() -> None:
    trace = run(PROGRAMS["product"])[0].trace
    assert kinds(trace) == [
        *("leaf", "leaf", "operation", "operation", "operation"),
        *("backward", "node", "node", "node", "accumulate", "accumulate", "free"),
    ]
    assert [step.line for step in trace.steps] == [1, 2, 3, 3, 3, *[4] * 7]
    assert [step.origin for step in trace.steps[5:11]] == [3, 3, 3, 3, 1, 2]
    assert [step.saved_bytes for step in trace.steps] == [0, 0, 0, 0, 8, 8, 8, 0, 0, 0, 0, 0]
    assert [node.label for node in trace.nodes] == ["x", "y", "AddBackward0", "SubBackward0", "MulBackward0", "z"]
    assert [node.detail for node in trace.nodes[2:]] == [
        "a = x + y = [5.]",
        "b = y − 2 = [1.]",
        "a · b = [5.]",
        "[5.]  v0",
    ]
    assert [chip.label for chip in trace.nodes[4].chips] == ["saved a", "saved b"]
    assert [(edge.source, edge.target) for edge in trace.edges] == [
        *(("n0", "n2"), ("n1", "n2"), ("n1", "n3"), ("n2", "n4"), ("n3", "n4"), ("n4", "n5"))
    ]


def test_second_backward_fails_at_the_node_whose_saved_tensors_are_gone() -> None:
    trace = run(PROGRAMS["second_backward"])[0].trace
    last, folded = trace.steps[-1], state(trace)
    assert (last.kind, last.phase, last.line, last.origin) == ("error", "error", 4, 2)
    failed = [part["label"] for part in folded.values() if part.get("failed")]
    assert failed == ["PowBackward0"]
    assert last.error.startswith("RuntimeError: Trying to backward through the graph a second time")
    assert "line 3" in last.text


def test_changed_saved_tensor_names_both_versions_and_both_lines() -> None:
    trace = run(PROGRAMS["changed_in_place"])[0].trace
    change, last = next(step for step in trace.steps if step.kind == "inplace"), trace.steps[-1]
    stale = [name for name, attribute, value in change.changes if attribute == "stale" and value]
    assert len(stale) == 1
    assert stale[0] in last.active
    for word in ("line 2", "version 0", "line 3", "version 1"):
        assert word in last.text.lower()


def test_in_place_change_of_what_nobody_saved_marks_nothing() -> None:
    trace = run(PROGRAMS["changed_and_fine"])[0].trace
    assert not any(attribute == "stale" for step in trace.steps for _, attribute, _ in step.changes)
    assert trace.steps[-1].kind == "free"


def test_error_that_the_learner_catches_is_a_step() -> None:
    steps = steps_of("leaf_in_place")
    assert [step.kind for step in steps] == ["leaf", "error", "operation"]
    assert steps[1].line == 3


@pytest.mark.parametrize(("name", "line"), [("not_scalar", 3), ("no_graph", 3), ("own_error", 3), ("shapes_differ", 3)])
def test_error_stands_at_its_line_and_is_told_once(name: str, line: int) -> None:
    steps = steps_of(name)
    assert [step.line for step in steps if step.kind == "error"] == [line]
    assert steps[-1].kind == "error"


def test_first_gradient_is_added_to_none_and_the_next_to_what_is_there() -> None:
    steps = [step for step in steps_of("accumulates") if step.kind == "accumulate"]
    assert [step.formulas[-1].text for step in steps] == [
        *("x.grad = None + 6 = 6", "x.grad = 6 + 6 = 12", "x.grad = 12 + 6 = 18")
    ]


def test_graph_that_is_let_go_shows_and_its_memory_is_free() -> None:
    trace = run(PROGRAMS["dropped"])[0].trace
    gone = next(step for step in trace.steps if step.kind == "free")
    assert (gone.line, gone.saved_bytes) == (3, 0)


def test_memory_that_two_nodes_hold_is_freed_once() -> None:
    source = "x = torch.ones(2, requires_grad=True)\ny = x.exp()\nw = (y * y).sum()\n"
    assert "and 8 B of memory are free again" in run(f"{source}w.backward()")[0].trace.steps[-1].text
    assert "so no memory is free again yet" in run(f"{source}z = y * 2 * y\nw.backward()")[0].trace.steps[-1].text


def test_a_graph_that_saved_only_numbers_is_freed_as_well() -> None:
    steps = run("x = torch.tensor(3.0, requires_grad=True)\ny = x * 2\ny.backward()\ny.backward()")[0].trace.steps
    freed = next(step for step in steps if step.kind == "free")
    assert (freed.saved_bytes, freed.title) == (0, "The saved numbers are let go")
    assert any(part == "freed" for _, part, _ in freed.changes)
    assert "needs the number 2, which the backward in line 3 let go of" in steps[-1].text


def test_a_view_leaves_its_old_node_in_the_picture_when_its_base_is_written_anew() -> None:
    trace = run("x = torch.ones(2, requires_grad=True)\ny = x * 1\nv = y[0]\nv.mul_(3)")[0].trace
    box = next(node.id for node in trace.nodes if node.kind == "output" and node.label == "v")
    edge = next(edge.id for edge in trace.edges if edge.target == box)
    assert [state(trace)[part]["visible"] for part in (box, edge)] == [False, False]
    assert "The old grad_fn of v no longer holds: AsStridedBackward0" in trace.steps[-1].text


def test_a_node_comes_after_what_a_checkpoint_runs_again_for_it() -> None:
    def two() -> None:
        x = minigrad.ones(2, requires_grad=True)
        checkpoint(lambda h: (h * h).sin().exp(), x, use_reentrant=False).sum().backward()

    titles = [step.title for step in step(two).trace.steps if step.phase == "backward"]
    again = max(place for place, title in enumerate(titles) if "makes" in title)
    assert titles[again + 1].startswith("ExpBackward0 passes")


def test_last_step_of_a_function_shows_its_tensors_still() -> None:
    def two() -> None:
        w = minigrad.ones(1, requires_grad=True)
        y = w.exp()
        y.backward()

    trace = step(two).trace
    assert trace.steps[-1].title == "The saved tensors are let go"
    assert {row["name"] for row in state(trace).values() if "grad" in row and row["visible"]} == {"w", "y"}


def test_loop_shows_every_graph_and_fades_the_old_one() -> None:
    trace = run(PROGRAMS["accumulates"])[0].trace
    powers = [node.id for node in trace.nodes if node.label == "PowBackward0"]
    assert len(powers) == 3
    assert all(state(trace)[node]["freed"] for node in powers)


def test_loop_rows_that_are_over_are_hidden() -> None:
    folded = state(run(PROGRAMS["accumulates"])[0].trace)
    assert [row["visible"] for row in folded.values() if row.get("name") == "y"].count(True) == 1


def test_graph_of_the_gradient_grows() -> None:
    trace = run(PROGRAMS["second_derivative"])[0].trace
    grown = [step for step in trace.steps if step.kind == "operation" and step.phase == "backward"]
    assert len(grown) >= 2
    assert trace.steps[-1].formulas[0].text == "curve = ∂slope/∂x = 12"


def test_hook_shows_the_gradient_before_and_after() -> None:
    hook = next(step for step in steps_of("hooked") if step.kind == "hook")
    assert hook.formulas[0].text == "∂y/∂h = 12 → 120"


def test_function_shows_the_line_of_the_cell_and_the_names_inside() -> None:
    trace = run(PROGRAMS["function"])[0].trace
    names = [row.name for row in trace.tensors]
    assert {"w", "target", "difference", "loss"} <= set(names)
    assert next(step.line for step in trace.steps if "difference = " in step.title) == 2


def test_setting_by_index_is_one_step() -> None:
    trace = run(PROGRAMS["written_by_index"])[0].trace
    assert [step.line for step in trace.steps if step.kind == "inplace"] == [3, 4]
    assert [node.label for node in trace.nodes].count("CopySlices") == 2
    assert "y[0]" in next(step.title for step in trace.steps if step.kind == "inplace")


def test_data_and_untracked_results_are_pale() -> None:
    trace = run(PROGRAMS["no_grad"])[0].trace
    assert [(node.label, node.kind) for node in trace.nodes if node.kind == "untracked"] == [("y", "untracked")]


def test_big_run_is_cut_and_says_so() -> None:
    with record(limit=10) as run:
        x = minigrad.tensor([1.0], requires_grad=True)
        for _ in range(50):
            x = x * 1
    assert len(run.trace.steps) == 10
    assert run.trace.notes[0].startswith("This run is longer than 10 steps; the first 10 are shown. To see more,")
    run.trace.check()


def test_big_run_is_cut_where_a_phase_ends() -> None:
    with record(limit=15) as run:
        x = minigrad.tensor([1.0], requires_grad=True)
        for _ in range(5):
            (x * x).backward()
    steps = run.trace.steps
    assert 1 < len(steps) < 15
    assert steps[-1].kind in ("operation", "free")  # the end of a forward or of a backward pass
    assert f"the first {len(steps)} are shown, to the end of a phase" in run.trace.notes[0]


TWICE = """
        class Twice(torch.autograd.Function):
            @staticmethod
            def forward(ctx, t):
                ctx.mark_dirty(t.mul_(2))
                return t

            @staticmethod
            def backward(ctx, g): return g * 2
"""


def texts(source: str, kind: str) -> list[str]:
    """The formulas of the steps of one kind."""
    steps = run(textwrap.dedent(source))[0].trace.steps
    return [formula.text for step in steps if step.kind == kind for formula in step.formulas]


def test_change_of_a_gradient_in_place_is_one_step() -> None:
    source = """
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        (x * x).sum().backward()
        x.grad *= 0.5
    """
    assert texts(source, "grad_set") == ["x.grad = [2, 4] → [1, 2]"]


@pytest.mark.filterwarnings("ignore:Using backward")
def test_gradient_kept_with_its_history_is_no_change_of_the_learners() -> None:
    source = """
        x = torch.tensor(2.0, requires_grad=True)
        (x**3).backward(create_graph=True)
        x.grad.backward()
    """
    trace = run(textwrap.dedent(source))[0].trace
    assert "inplace" not in kinds(trace)
    assert [step.title for step in trace.steps if step.kind == "backward"][1] == "backward() starts at x.grad"


def test_tensor_from_before_the_recording_is_not_made_when_it_is_to_require_grad() -> None:
    x = minigrad.ones(2)
    with record() as seen:
        x.requires_grad_()
    assert [step.title for step in seen.trace.steps] == ["x requires grad from now on"]


def test_sum_over_many_paths_shows_the_first_and_the_last() -> None:
    source = """
        x = torch.tensor(1.0, requires_grad=True)
        sum(x * i for i in range(40)).backward()
    """
    assert any("39 + 38 + 37 + 36 + ⋯ + 0 = 780" in text for text in texts(source, "accumulate"))


def test_names_in_a_function_and_writing_to_a_slice_are_found_in_any_pythons_bytecode() -> None:
    source = """
        def f(x):
            h = x * 2; h[1:] = 0; a, b = h.chunk(2); u = v = a * b; return u + v
        x = torch.ones(4, requires_grad=True)
        y = f(x)
    """
    assert [step.kind for step in run(textwrap.dedent(source))[0].trace.steps].count("view") == 1
    assert [text.partition(" =")[0] for text in texts(source, "operation")] == ["h", "u", "y"]


def test_view_that_is_written_to_and_put_back_keeps_its_place_in_the_formulas() -> None:
    source = """
        y = torch.ones(2, requires_grad=True) * 3
        y[0] += 2
        y.sum().backward()
    """
    assert texts(source, "inplace") == ["y[0] ← b + 2 = 3 + 2 = 5", "y[0] ← b = 5"]
    assert "∂c/∂b(v1) = 1" in texts(source, "node")


def test_gradient_of_a_tensor_that_a_function_of_the_learners_changed_names_its_version() -> None:
    source = (
        TWICE
        + """
        x = torch.tensor(1.0, requires_grad=True) * 3
        Twice.apply(x)
        (x * 5).backward()
    """
    )
    assert texts(source, "node")[:2] == ["∂b/∂x(v2) = ∂b/∂b · 5 = 1 × 5 = 5", "∂b/∂x(v0) = 10"]


def test_result_that_a_function_of_the_learners_saves_is_the_same_tensor_in_its_backward() -> None:
    source = """
        class Exp(torch.autograd.Function):
            @staticmethod
            def forward(ctx, t):
                y = t.exp()
                ctx.save_for_backward(y)
                return y

            @staticmethod
            def backward(ctx, g):
                (y,) = ctx.saved_tensors
                return g * y

        x = torch.tensor(0.0, requires_grad=True)
        Exp.apply(x).backward()
    """
    trace = run(textwrap.dedent(source))[0].trace
    assert [row["name"] for row in state(trace).values() if "grad_fn" in row] == ["x", "y"]
    assert texts(source, "untracked")[1] == "b = g · y = 1 × 1 = 1"


def test_gradients_of_a_view_and_of_its_base_name_their_versions() -> None:
    source = """
        x = torch.ones(2, requires_grad=True) * 3
        v = x[1:]
        x.mul_(2)
        s = v * 4
        v.mul_(5)
        (s + v * 3).sum().backward()
    """
    named = [text.split(" = ")[0] for text in texts(source, "node")]
    assert named[3:9] == [f"∂d/∂{x}" for x in ("v(v2)", "x(v2)", "x(v1)", "v(v1)", "x(v1)", "x(v1)")]


def test_jacobian_and_its_like_are_one_step_after_those_of_the_learners_function() -> None:
    source = """
        def f(t): return t**3

        def loss(t): return f(t).sum()

        x, v = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0])
        J = torch.autograd.functional.jacobian(f, x)
        H = torch.autograd.functional.hessian(loss, x)
        value, product = torch.autograd.functional.hvp(loss, x, v)
        torch.autograd.gradcheck(f, x.double().requires_grad_())
    """
    trace = run(textwrap.dedent(source))[0].trace
    assert kinds(trace)[2:9] == ["operation", "accumulate", "free", "operation", "operation", "accumulate", "operation"]
    assert texts(source, "accumulate") == [
        "J = ∂f/∂x = [[3, 0], [0, 12]]",
        "H = ∂²loss/∂x² = [[6, 0], [0, 12]]",
        "value = loss(x) = 9",
        "product = ∂²loss/∂x² @ v = [6, 0]",
    ]
    assert trace.steps[-1].title == "gradcheck() finds the gradients right"
    rows = [row["name"] for row in state(trace).values() if "grad_fn" in row and row["visible"]]
    assert rows == ["x", "v", "J", "H", "value", "product"]
    leaves = {node.label for node in trace.nodes if node.kind == "leaf"}
    assert leaves == {"t", "detach(x)", "x.to(float64)"}  # and none that is minigrad's own
    assert not any(attribute == "grad" and "·" in str(value) for s in trace.steps for _, attribute, value in s.changes)


@pytest.mark.parametrize(("mode", "arrived"), [("all", ["∂c/∂a = 6", "∂c/∂b = 2"]), ("any", ["∂c/∂b = 2"])])
def test_hook_on_several_tensors_is_one_step(mode: str, arrived: list[str]) -> None:
    source = f"""
        x = torch.tensor(1.0, requires_grad=True)
        a, b = x * 2, x * 6
        torch.autograd.graph.register_multi_grad_hook((a, b), print, mode={mode!r})
        (a * b).backward()
    """
    assert texts(source, "hook") == arrived
    assert [step.title for step in run(textwrap.dedent(source))[0].trace.steps if step.kind == "hook"] == [
        "The hook on a and b is called"
    ]


def test_change_through_data_is_seen_in_the_tensor() -> None:
    source = """
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        (w * w).sum().backward()
        w.data -= 0.5 * w.grad
        w.grad.data.zero_()
        w.data = w.data + 1
    """
    trace = run(textwrap.dedent(source))[0].trace
    assert texts(source, "inplace") == ["w.data ← w.data − c = [1, 2] − [1, 2] = [0, 0]"]
    assert texts(source, "grad_set") == ["w.grad = [2, 4] → [0, 0]"]
    assert texts(source, "update") == ["w = [0, 0] → [1, 1]"]
    assert [row["value"].text for row in state(trace).values() if row.get("name") == "w"] == ["[1., 1.]"]


def test_tensor_cut_off_or_asked_to_keep_its_gradient_is_a_step() -> None:
    source = """
        x = torch.tensor(1.0, requires_grad=True)
        y = x * 2
        y.retain_grad()
        z = y * 3
        z.detach_()
    """
    told = [step.title for step in run(textwrap.dedent(source))[0].trace.steps]
    assert told[2] == "y is asked to keep its gradient"
    assert told[4] == "z is cut off from its graph"


def test_tensor_that_gets_another_shape_in_place_is_one_step() -> None:
    source = """
        y = torch.ones(2, requires_grad=True) * 3
        y.unsqueeze_(0)
    """
    assert texts(source, "inplace") == ["y ← unsqueeze(y, 0) = [[3, 3]]"]
    assert len(texts(source, "operation")) == 1


def test_hooks_on_a_node_are_steps() -> None:
    source = """
        x = torch.tensor(2.0, requires_grad=True)
        y = x * 3
        y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 5,))
        y.grad_fn.register_hook(lambda inputs, outputs: None)
        y.backward()
    """
    told = [s for s in run(textwrap.dedent(source))[0].trace.steps if s.kind == "hook"]
    assert [step.title for step in told] == ["A hook on MulBackward0 is called"] * 2
    assert [step.formulas[0].text for step in told] == ["∂y/∂y = 1 → 5", "∂y/∂x = 15"]


def test_hook_that_writes_over_a_gradient_shows_what_it_was() -> None:
    source = """
        x = torch.tensor(2.0, requires_grad=True)
        y = x * 3
        y.register_hook(lambda g: None if g.mul_(10) is None else None)
        y.register_hook(lambda g: None)
        (y * 5 + y).backward()
    """
    assert texts(source, "hook") == ["∂b/∂y = 6 → 60", "∂b/∂y = 60"]
    assert texts(source, "inplace") == ["g ← g · 10 = 60"]


def test_hook_on_a_complete_gradient_is_a_step() -> None:
    source = """
        x = torch.tensor(2.0, requires_grad=True)
        x.register_post_accumulate_grad_hook(lambda p: None)
        (x * 3).backward()
    """
    assert texts(source, "hook") == ["x.grad = 3"]


def test_error_in_a_hook_is_a_step_at_its_node_whether_it_is_caught_or_not() -> None:
    source = """
        def fails(grad):
            raise ValueError("no")

        x = torch.tensor(2.0, requires_grad=True)
        y = x * 3
        y.register_hook(fails)
        try:
            y.backward()
        except ValueError:
            pass
        z = x * 2
    """
    errors = [s for s in run(textwrap.dedent(source))[0].trace.steps if s.kind == "error"]
    assert [(step.title, step.line) for step in errors] == [("ValueError at MulBackward0", 2)]


def test_node_shows_what_it_computed_and_its_hooks_what_they_made_of_it() -> None:
    source = """
        x = torch.tensor(2.0, requires_grad=True)
        y = x * 3
        y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 10, None))
        y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] + 1, None))
        y.backward()
    """
    assert texts(source, "node") == ["∂y/∂x = ∂y/∂y · 3 = 1 × 3 = 3"]
    assert texts(source, "hook") == ["∂y/∂x = 3 → 30", "∂y/∂x = 30 → 31"]


def test_tensors_from_before_the_recording_are_shown_as_they_were_before_their_first_change() -> None:
    w = minigrad.tensor([1.0, 2.0], requires_grad=True)
    (w * w).sum().backward()
    with record() as seen, minigrad.no_grad():
        w -= 0.1 * w.grad  # type: ignore[operator]
    update = seen.trace.steps[-1]
    assert update.formulas[0].text == "w ← w − a = [1, 2] − [0.2, 0.4] = [0.8, 1.6]"
    assert seen.trace.steps[0].title == "0.1 · w.grad: no node is made"


def test_numbers_are_those_in_memory_also_where_nobody_was_told_of_a_change() -> None:
    source = """
        p = torch.tensor([1.0], requires_grad=True)
        g = torch.tensor([7.0])
        p.grad = g
        p.grad.zero_()
        y = g + 1
        g.numpy()[0] = 4
        z = g + 1
    """
    assert texts(source, "untracked") == ["y = g + 1 = 0 + 1 = 1", "z = g + 1 = 4 + 1 = 5"]
    assert texts(source, "grad_set") == ["p.grad = None → 7", "p.grad = 7 → 0"]


def test_tensors_from_before_the_recording_that_are_changed_in_place_have_a_new_history() -> None:
    x = minigrad.ones(2, requires_grad=True)
    y, b = x * 2, x * 4
    v = b[1:]
    with record() as seen:
        y.mul_(3)
        v.add_(1)
        (y.sum() + b.sum()).backward()
    told = [formula.text for step in seen.trace.steps if step.kind == "node" for formula in step.formulas]
    assert {"∂d/∂y(v0) = ∂d/∂y(v1) · 3 = [1, 1] × 3 = [3, 3]", "∂d/∂b(v0) = [1, 1]"} <= set(told)


def test_truth_values_are_no_numbers() -> None:
    source = "x = torch.tensor([1.0, 3.0], requires_grad=True)\ny = x > 2"
    assert texts(source, "untracked") == ["y = [x > 2] = [[1, 3] > 2] = [False, True]"]


def test_part_that_a_function_of_the_learners_changed_is_a_change_in_place() -> None:
    source = (
        TWICE
        + """
        b = torch.ones(2, requires_grad=True) * 3
        x = b[1:]
        Twice.apply(x)
        b.sum().backward()
    """
    )
    assert texts(source, "inplace")[1] == "x ← Twice(x) = 6"
    assert texts(source, "node")[1] == "∂c/∂b(v0) = [1, 2]"


def test_leaf_that_is_detached_in_place_keeps_its_gradient() -> None:
    source = """
        x = torch.ones(1, requires_grad=True)
        (x * 2).backward()
        x.detach_()
    """
    trace = run(textwrap.dedent(source))[0].trace
    assert trace.steps[-1].title == "x no longer requires grad"
    assert next(row["grad"].text for row in state(trace).values() if row.get("name") == "x") == "[2.]"


def test_resumed_run_knows_what_happened_in_between() -> None:
    w = minigrad.tensor(1.0, requires_grad=True)
    with record() as seen:
        y = w * 2
    with minigrad.no_grad():
        w += 1
    with seen.resume():
        y = w * 3
    assert y.item() == 6
    assert seen.trace.steps[-1].formulas[0].text == "y = w · 3 = 2 × 3 = 6"


@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpoints_own_ways_are_no_steps(reentrant: bool) -> None:
    from minigrad.utils.checkpoint import checkpoint

    x = minigrad.tensor(3.0, requires_grad=True)
    with record() as seen:
        y = checkpoint(lambda t: (t * t).sin(), x, use_reentrant=reentrant)
        y.backward()
    assert "error" not in kinds(seen.trace)
    assert not any("No input of it needs" in step.text for step in seen.trace.steps)


def test_error_of_the_learners_with_a_name_of_its_own_is_a_step() -> None:
    source = """
        class _Mine(Exception): pass

        def fails(grad): raise _Mine

        x = torch.ones(1, requires_grad=True)
        y = x * 2
        y.register_hook(fails)
        try:
            y.backward()
        except _Mine:
            pass
    """
    errors = [step.title for step in run(textwrap.dedent(source))[0].trace.steps if step.kind == "error"]
    assert errors == ["_Mine at MulBackward0"]


def test_block_in_a_function_keeps_no_tensor_alive() -> None:
    x = minigrad.ones(2, requires_grad=True)
    with record():
        gone = weakref.ref(x)
        del x
        assert gone() is None


def test_recording_lets_inference_tensors_be_changed() -> None:
    source = """
        w = torch.tensor([1.0], requires_grad=True)
        with torch.inference_mode():
            y = w * 2
            y += 1
            y[0] = 4
    """
    assert run(textwrap.dedent(source))[2] is None
    assert texts(source, "inplace")[0] == "y ← y + 1 = 2 + 1 = 3"


def test_number_that_is_saved_is_missed_in_a_second_backward() -> None:
    source = """
        x = torch.ones(1, requires_grad=True)
        y = x * 2
        y.backward()
        y.backward()
    """
    steps = run(textwrap.dedent(source))[0].trace.steps
    assert "it saves the number 2" in steps[1].text
    assert steps[-1].title == "MulBackward0 has nothing left to work with"


def test_index_that_a_reduction_returns_has_no_history() -> None:
    source = """
        x = torch.ones(2, 2, requires_grad=True)
        most, place = torch.max(x, dim=0)
    """
    rows = {row["name"]: row for row in state(run(textwrap.dedent(source))[0].trace).values() if "grad_fn" in row}
    assert (rows["place"]["grad_fn"], rows["place"]["grad"]) == (None, None)
    assert rows["most"]["grad_fn"] == "MaxBackward0"


# What is refused


REFUSED = {
    "x.grad = torch.ones(2)": "This cannot be its gradient",
    "torch.tensor([1, 2]).requires_grad_()": "These numbers have no gradient",
    "x * sealed": "A tensor of inference_mode cannot be saved",
    "torch.autograd.grad(x * 2, idle)": "Not every input has a gradient",
    "(x * 2).requires_grad = False": "Its gradient is part of a graph",
    "x.numpy()": "numpy() would leave the graph unseen",
    "bool(torch.ones(2) > 0)": "Many numbers have no single truth value",
    "(x * 2).backward(torch.ones(3))": "The first gradient has another shape",
    "torch.autograd.grad((x * 2).sum(), torch.ones(1))": "One of these inputs does not require grad",
    "torch.tensor([1, 2]).mean()": "Whole numbers have no mean of their kind",
    "(x * 2).unbind()[0].add_(1)": "One of several views must not be changed in place",
    "sealed.add_(1)": "A tensor of inference_mode is changed in it or not at all",
    "torch.tensor([1, 2]).add_(0.5)": "The result does not fit into this dtype",
    "whole += 0.5": "The result does not fit into this dtype",
    "torch.nn.Linear(1, 1).load_state_dict({})": "The saved parameters are not those of this module",
    "torch.ones(2).item()": "Only a single number becomes a Python number",
    "float(torch.ones(2))": "Only a single number becomes a Python number",
    "torch.ones(2).register_hook(print)": "No gradient will ever come here",
    "torch.ones(2).retain_grad()": "No gradient will ever come here",
    "torch.optim.SGD([x * 2], lr=0.1)": "An optimizer moves leaves only",
    "torch.ones(1, 2) @ torch.ones(2, 1, dtype=torch.int64)": "RuntimeError",
    "torch.nn.Linear(2, 1)(torch.ones(1, 2, dtype=torch.int64))": "These numbers are of two kinds",
    "torch.ones(2) + torch.ones(3)": "These shapes do not fit together",
    "torch.ones(2, 3) @ torch.ones(2, 3)": "These matrices cannot be multiplied",
    "torch.nn.Linear(2, 1)(torch.ones(1, 3))": "These matrices cannot be multiplied",
    "torch.ones(2).view(3)": "The numbers do not fit this shape",
    "torch.cat([torch.ones(1, 2), torch.ones(1, 3)])": "These tensors do not fit side by side",
    "torch.stack([torch.ones(1), torch.ones(2)])": "These tensors do not fit side by side",
    "x[1]": "There is no such element",
    "x[1] = 0": "There is no such element",
    "x.sum(3)": "There is no such dimension",
    "torch.relu('x')": "TypeError",
}


@pytest.mark.parametrize("caught", [True, False])
@pytest.mark.parametrize("call", REFUSED)
def test_refusal_is_one_step_whether_it_is_caught_or_not(call: str, caught: bool) -> None:
    source = f"""
        x, idle, whole = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True), torch.tensor([1, 2])
        with torch.inference_mode():
            sealed = torch.ones(1)
        try:
            {call}
        except {"Exception" if caught else "KeyError"}:
            pass
    """
    recorded, _, error = run(textwrap.dedent(source))
    told = [step for step in recorded.trace.steps if step.kind == "error"]
    assert [(step.title, step.line) for step in told] == [(REFUSED[call], 5)]
    assert caught is (error is None)
    assert not any("returns the gradient" in step.title for step in recorded.trace.steps)


@pytest.mark.filterwarnings("ignore")
def test_gradient_that_is_no_number_or_missing_is_a_failure_of_its_node() -> None:
    source = """
        class Once(torch.autograd.Function):
            forward = staticmethod(lambda ctx, a, b: a * b)
            backward = staticmethod(lambda ctx, g: g)

        x = torch.zeros(1, requires_grad=True)
        try:
            Once.apply(x, x).backward()
        except RuntimeError:
            pass
        with torch.autograd.detect_anomaly():
            (x.sqrt() * 0).backward()
    """
    errors = [step.title for step in run(textwrap.dedent(source))[0].trace.steps if step.kind == "error"]
    assert errors == [
        "OnceBackward has not returned what it should",
        "SqrtBackward0 has made a gradient that is no number",
    ]


def test_no_sum_is_shown_of_what_a_hook_replaced() -> None:
    source = """
        x = torch.tensor(2.0, requires_grad=True)
        handle = x.register_hook(lambda g: g * 10)
        (x * 3 + x).backward()
        handle.remove()
        (x * 3 + x).backward()
    """
    steps = run(textwrap.dedent(source))[0].trace.steps
    first, second = ([formula.text for formula in step.formulas] for step in steps if step.kind == "accumulate")
    assert first == ["x.grad = None + 40 = 40"]
    assert len(second) == 2


def test_what_looking_at_a_tensor_raises_is_no_step() -> None:
    source = """
        y = torch.ones(2, requires_grad=True) * 2
        a, b = y.unbind(0)
        y += 1
        repr(a)
    """
    assert [step for step in run(textwrap.dedent(source))[0].trace.steps if step.kind == "error"] == []


# Good manners


def test_recordings_do_not_nest() -> None:
    with record(), pytest.raises(RuntimeError, match="do not nest"), record():
        pass
    assert not grad_mode.special


def test_tensors_live_no_longer_than_without_recording() -> None:
    gc.collect()
    gc.disable()
    try:
        with record() as run:
            x = minigrad.ones(4, requires_grad=True)
            y = x.exp()
            z = (y * y).sum()
            alive = [weakref.ref(tensor) for tensor in (x, y, z, z.grad_fn)]
            del y, z
            assert [reference() is None for reference in alive] == [False, True, True, True]
        del x
        assert alive[0]() is None
        assert len(run.trace.steps) >= 4
    finally:
        gc.enable()


def test_run_that_is_dropped_goes_at_once() -> None:
    x = minigrad.ones(2, requires_grad=True)
    with record() as run:
        y = x * x
    gone = weakref.ref(run._recorder)
    gc.disable()
    try:
        del run
        assert gone() is None
    finally:
        gc.enable()
    assert y.requires_grad


def test_failing_recorder_does_not_disturb_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any, *args: Any) -> None:
        raise KeyError("a bug in the recorder")

    run = record()
    with pytest.warns(RuntimeWarning, match=r"Recording stopped after step 1: KeyError"):  # noqa: PT031, SIM117
        with run:
            x = minigrad.tensor([2.0], requires_grad=True)
            monkeypatch.setattr(Recorder, "_argument", broken)
            y = x * x
            y.backward()
    assert x.grad is not None
    assert len(run.trace.notes) == 1


def test_other_threads_are_not_watched() -> None:
    def elsewhere() -> None:
        minigrad.ones(5)

    with record() as run:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert run.trace.steps == []


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    import subprocess

    heavy = ("IPython", "ipywidgets", "anywidget", "graphviz", "torch")
    code = f"import sys, viz, viz.record; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_words_can_be_put_twice() -> None:
    recording, _, _ = run(PROGRAMS["product"])
    assert put_into_words(recording._recorder).to_json() == put_into_words(recording._recorder).to_json()


def test_golden_files_are_those_of_the_programs() -> None:
    assert sorted(path.stem for path in GOLDENS.glob("*.json")) == sorted(PROGRAMS)
    assert all(json.loads(path.read_text(encoding="utf-8"))["version"] == VERSION for path in GOLDENS.glob("*.json"))


def test_run_is_shown_by_the_stepper() -> None:
    with record() as run:
        minigrad.ones(3, requires_grad=True)
    assert isinstance(run, Run)
    bundle = run._repr_mimebundle_()
    assert bundle["text/plain"].startswith("Stepper: 1 step")
