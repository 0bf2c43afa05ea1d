"""The oracle itself: it notices what it is there to notice."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.minigrad import oracle
from tests.minigrad.oracle import agree, differences, given


def number(value: float, dtype: str = "float32") -> dict[str, Any]:
    return {"value": [dtype, [1], [value]], "shape": [1]}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (number(1.0), number(1.0001)),
        (number(0.0), number(-0.0)),
        (number(math.nan), number(math.inf)),
        (number(1.0), number(1.0, "float64")),
        ({"value": ["float32", [1], [1.0]]}, {"value": ["float32", [], [1.0]]}),
        (number(1.0), number(1.0) | {"view": True}),
        ({"graph": "MulBackward0(1 -) x"}, {"graph": "MulBackward1(1) x"}),
        ({"error": "RuntimeError: a"}, {"error": "RuntimeError: b"}),
        ({"grad": {"x": None}}, {"grad": {"x": ["float32", [1], [0.0]]}}),
    ],
)
def test_a_difference_is_seen(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert differences(ours, theirs)
    assert not differences(ours, ours)
    assert not differences(theirs, theirs)


def test_what_is_named_in_but_is_not_compared() -> None:
    assert not differences({"graph": "a", "shape": [1]}, {"graph": "b", "shape": [1]}, {"graph"})


def test_rounding_of_the_dtype_is_no_difference() -> None:
    assert not differences(number(1.0), number(1.000001))
    assert differences(number(1.0, "float64"), number(1.000001, "float64"))
    assert not differences(number(1.0, "float64"), number(1.000001, "float64"), coarsest="float32")


def test_a_missing_recording_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "recording", None)
    with pytest.raises(AssertionError, match=r"not recorded: x \+ 0\.125"):
        agree("x + 0.125", x=(2,))


def test_inputs_depend_on_name_and_shape_alone() -> None:
    assert given((2, 3)).array("x").tolist() == given((2, 3)).array("x").tolist()
    assert given((2, 3)).array("x").tolist() != given((2, 3)).array("y").tolist()
    assert given((2, 3), layout="transposed").array("x").strides == (4, 8)
    assert given((2, 3), layout="step").array("x").strides == (24, 8)
