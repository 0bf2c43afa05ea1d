"""Random programs, of the kind the engine is tested with, record to their end, and what is shown of them is true."""

from __future__ import annotations

import itertools
import re
import textwrap
import warnings
from typing import Any

import numpy as np
import pytest

import minigrad
from tests.minigrad.programs import functions, program
from tests.viz.recorded import run, state
from tests.viz.test_recorder import assert_shows
from viz.record import Run
from viz.recorder import short_name

SEEDS = pytest.mark.parametrize("seed", range(60))


def recorded(seed: int) -> tuple[Run, dict[str, Any]]:
    """A random program, each of whose statements may fail."""
    parts = [f"try:\n{textwrap.indent(line, '    ')}\nexcept Exception:\n    pass" for line in program(seed)]
    helpers = functions(minigrad, lambda *values: None) | {"note": lambda *values: None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recording, variables, error = run("\n".join(parts), given=helpers)
        assert error is None
        assert not recording._recorder.stopped
        assert recording.trace.steps is not None
    return recording, variables


@SEEDS
def test_last_state_is_that_of_the_tensors(seed: int) -> None:
    recording, variables = recorded(seed)
    rows = {row["name"]: row for row in state(recording.trace).values() if "requires_grad" in row and row["visible"]}
    for name, tensor in variables.items():
        if not isinstance(tensor, minigrad.Tensor) or name not in rows or tensor.is_inference():
            continue  # of several names of a tensor one is shown; what no operation took is not
        row = rows[name]
        assert_shows(row["value"], tensor._array)
        assert row["version"] == tensor._version
        try:
            grad_fn = tensor.grad_fn
        except RuntimeError:  # a view whose history can't be written anew
            continue
        assert row["grad_fn"] == (None if grad_fn is None else short_name(grad_fn))
        assert (row["leaf"], row["requires_grad"]) == (tensor.is_leaf, tensor.requires_grad)
        if tensor.is_leaf or tensor.retains_grad:
            if tensor.grad is None:
                assert row["grad"] is None
            else:
                assert_shows(row["grad"], tensor.grad._array)


@SEEDS
def test_calculations_are_right(seed: int) -> None:
    for step in recorded(seed)[0].trace.steps:
        for formula in step.formulas:
            sides = [calculated(side) for side in re.split(" [=←] ", formula.text)]
            found = [side for side in sides if side is not None]
            for left, right in itertools.pairwise(found):
                np.testing.assert_allclose(left, right, rtol=0.02, atol=0.01, err_msg=f"{step.title}: {formula.text}")


def calculated(text: str) -> Any:
    """What a side of an equation amounts to, if it is of numbers and rows of numbers alone."""
    for sign, python in {" × ": " * ", "−": "-", "²": "**2", "³": "**3"}.items():
        text = text.replace(sign, python)
    text = re.sub(r"\[([^\[\]]*)\]", r"A(\1)", text)
    if not re.fullmatch(r"[-+*/().,\deA ]+", text) or re.fullmatch(r"\(.*\)", text):
        return None
    with np.errstate(all="ignore"):
        return eval(text, {"A": lambda *numbers: np.array(numbers, float)})
