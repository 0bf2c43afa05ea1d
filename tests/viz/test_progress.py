"""The bar that stands in a cell while it is at work."""

from __future__ import annotations

from typing import Any

import pytest

from tests.viz.conftest import Screen
from viz import progress
from viz.progress import Progress


def test_what_is_quick_shows_its_result_and_nothing_else(screen: Screen) -> None:
    bar = Progress(100, clock=lambda: 0.0)
    bar.recorded(50)
    bar.laying_out(20)
    bar.done("the stepper")
    assert screen.outputs == ["the stepper"]


def test_after_a_second_a_bar_stands_where_the_result_will(screen: Screen) -> None:
    now = [0.0]
    bar = Progress(100, clock=lambda: now[0])
    for now[0], steps in ((0.5, 10), (1.1, 25), (1.2, 30)):
        bar.recorded(steps)
    assert [output["text/plain"] for output in screen.outputs] == ["Recording: 25 steps"]
    assert 'value="0.250"' in screen.outputs[0]["text/html"]
    now[0] = 2.0
    bar.recorded(1_000)
    assert 'value="1.000"' in screen.outputs[0]["text/html"]
    bar.laying_out(20)
    assert "Laying out 20 nodes <progress style" in screen.outputs[0]["text/html"]
    bar.done("the stepper")
    assert screen.outputs == ["the stepper"]


def test_a_large_graph_is_announced_before_it_is_laid_out(screen: Screen) -> None:
    Progress(100, clock=lambda: 0.0).laying_out(2_000)
    assert screen.outputs[0]["text/plain"] == "Laying out 2,000 nodes"


def test_where_nobody_looks_there_is_no_bar(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    bar = Progress(100, clock=lambda: now[0], seen=False)
    now[0] = 2.0
    bar.recorded(50)
    bar.laying_out(2_000)
    bar.done("the stepper")
    assert screen.outputs == ["the stepper"]


@pytest.mark.parametrize("allowed", [True, False])
def test_somebody_looks_where_a_question_could_be_answered(monkeypatch: pytest.MonkeyPatch, allowed: bool) -> None:
    class Kernel:
        def get_parent(self) -> dict[str, Any]:
            return {"content": {"allow_stdin": allowed}}

    class Shell:
        kernel = Kernel()

    monkeypatch.setattr(progress, "get_ipython", Shell)
    assert progress.watched() == allowed
    monkeypatch.setattr(progress, "get_ipython", lambda: None)
    assert not progress.watched()
