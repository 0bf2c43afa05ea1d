"""Two runs on one timeline: where they agree they step together, where one has more the other waits."""

from __future__ import annotations

import pytest

import minigrad as torch
import viz
from viz.compare import aligned


def train(zero):
    w = torch.tensor([1.0, -1.0], requires_grad=True)
    for _ in range(2):
        loss = (w * w).sum()
        if zero:
            w.grad = None
        loss.backward()


@pytest.fixture
def runs():
    return viz.step(train, True), viz.step(train, False)


def test_every_step_of_both_runs_has_its_place_in_order(runs):
    a, b = (run.trace for run in runs)
    pairs = aligned(a, b)
    for side, trace in enumerate((a, b)):
        shown = [pair[side] for pair in pairs]
        assert shown == sorted(shown)
        assert set(shown) == set(range(len(trace.steps)))


def test_a_run_waits_while_the_other_has_a_step_of_its_own(runs):
    pairs = aligned(*(run.trace for run in runs))
    zeroed = next(i for i, step in enumerate(runs[0].trace.steps) if step.kind == "grad_set")
    at = next(n for n, pair in enumerate(pairs) if pair[0] == zeroed)
    assert pairs[at][1] == pairs[at - 1][1]


def test_the_text_says_where_the_runs_part(runs):
    shown = repr(viz.compare(*runs, ["zeroed", "not zeroed"]))
    assert shown.splitlines()[0].startswith("zeroed: Stepper: 17 steps")
    assert shown.splitlines()[2].startswith("The runs part at step ")
    assert repr(viz.compare(runs[0], runs[0])).endswith("The runs do not differ.")


def test_labels_are_text_and_never_markup(runs):
    html = viz.compare(*runs, ["<script>alert(1)</script>", "b"])._repr_mimebundle_()["text/html"]
    assert "<script>alert" not in html


def test_what_is_no_run_is_refused(runs):
    with pytest.raises(TypeError, match="got a int"):
        viz.compare(runs[0], 3)
    with pytest.raises(ValueError, match="two labels"):
        viz.compare(*runs, ["one"])
    with pytest.raises(ValueError, match="nothing was recorded"):
        viz.compare(runs[0], viz.step(lambda: None))
