"""What is kept of a tensor's numbers."""

from __future__ import annotations

import numpy as np

import minigrad
from tests.viz.recorded import PROGRAMS, run
from viz.cast import Snap, as_array


def test_large_tensor_is_summarised() -> None:
    trace = run(PROGRAMS["large"])[0].trace
    row = next(row for row in trace.tensors if row.name == "w")
    assert row.value is not None
    assert row.value.text.startswith("20×10 · ")
    assert len(row.value.cells or ()) == 64


def test_large_tensors_are_coloured_by_the_means_of_their_parts() -> None:
    halves = np.repeat(np.float32([1, 3]), 50)
    assert Snap(halves).value.cells == [1.0] * 8 + [3.0] * 8
    assert Snap(np.tile(halves, (3, 1))).value.cells == ([1.0] * 4 + [3.0] * 4) * 3
    assert Snap(np.ones((5, 5, 5), np.float32)).value.cells is None
    assert Snap(np.full(100, np.nan, np.float32)).value.cells is None


def test_gradient_may_be_a_tensor_or_an_array() -> None:
    np.testing.assert_array_equal(as_array(minigrad.ones(2)), as_array(np.ones(2)))
