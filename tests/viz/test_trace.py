"""The Trace: written and read back without loss, and refused with the place named where it is not one."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.viz.samples import FOLDER, SAMPLES, product
from viz import trace as module
from viz.trace import Step, Trace, TraceError, Value, load

SCHEMA = Path(module.__file__).parent / "static" / "trace.schema.json"


@pytest.mark.parametrize("name", SAMPLES)
def test_reads_back_what_it_wrote(name: str) -> None:
    trace = SAMPLES[name]()
    assert Trace.from_json(trace.to_json()) == trace


def test_saves_to_a_file_and_loads_it(tmp_path: Path) -> None:
    product().save(tmp_path / "x.json")
    assert load(tmp_path / "x.json") == product()


def test_numbers_that_json_does_not_know_survive() -> None:
    trace = product()
    trace.tensors[0].value = Value("?", [4], "float32", [math.nan, math.inf, -math.inf, 1.0])
    text = trace.to_json()
    assert "NaN" not in text
    read = Trace.from_json(text).tensors[0].value
    assert read is not None
    assert read.cells is not None
    assert math.isnan(read.cells[0] or 0)
    assert read.cells[1:] == [math.inf, -math.inf, 1.0]


@pytest.mark.parametrize("name", SAMPLES)
def test_fits_the_schema(name: str) -> None:
    jsonschema.Draft202012Validator(module.schema()).validate(json.loads((FOLDER / f"{name}.json").read_text("utf-8")))


def test_schema_file_is_the_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(module.schema())
    assert json.loads(SCHEMA.read_text("utf-8")) == module.schema(), "run python -m viz.trace"


def changed(*path: Any, to: Any) -> dict[str, Any]:
    """The product sample as data, with one part replaced (or removed, where ``to`` is ...)."""
    data: Any = json.loads(product().to_json())
    place = data
    for key in path[:-1]:
        place = place[key]
    if to is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return data


@pytest.mark.parametrize(
    ("path", "to", "says"),
    [
        (("version",), 1, "version 1, this program reads version 2"),
        (("version",), ..., "version None"),
        (("source",), "x = 1", "trace.source: expected a list, found a text"),
        (("source", 1), 7, r"trace.source\[1\]: expected a text, found a whole number"),
        (("extra",), 1, "trace: unknown field 'extra'"),
        (("nodes", 2, "id"), ..., r"trace.nodes\[2\]: 'id' is missing"),
        (("nodes", 2, "id"), "n-x", "the id 'n-x' is taken twice"),
        (("nodes", 2, "kind"), "cloud", "node 'n-a': unknown kind 'cloud'"),
        (("nodes", 2, "tensor"), "nobody", "node 'n-a': there is no tensor 'nobody'"),
        (("edges", 0, "target"), "x", "edge 'e-xa': there is no node 'x'"),
        (("tensors", 0, "version"), True, r"trace.tensors\[0\].version: expected a whole number, found true or false"),
        (("tensors", 0, "value"), 2.0, r"trace.tensors\[0\].value: expected an object or null, found a number"),
        (("steps", 0, "kind"), "leap", "step 1: unknown kind 'leap'"),
        (("steps", 0, "phase"), "sideways", "step 1: unknown phase 'sideways'"),
        (("steps", 0, "line"), 9, "step 1: there is no line 9, the source has 4"),
        (("steps", 0, "active"), ["ghost"], "step 1: active: there is nothing with the id 'ghost'"),
        (("steps", 0, "changes", 0), ["n-x", "visible"], r"step 1: a change is \[id, field, value\], found 2 parts"),
        (
            ("steps", 0, "changes", 0),
            ["ghost", "visible", True],
            "step 1: changes: there is nothing with the id 'ghost'",
        ),
        (("steps", 0, "changes", 0), ["n-x", "colour", "red"], "step 1: a node has no changing field 'colour'"),
        (("steps", 0, "changes", 0), ["n-x", "visible", "yes"], "n-x.visible: expected true or false, found a text"),
        (("steps", 0, "formulas", 0, "math"), ["script", "alert()"], "step 1: a formula is"),
        (("steps", 0, "formulas", 0, "math", 1), 3, "step 1: a formula is"),
    ],
)
def test_says_what_is_wrong_and_where(path: tuple[Any, ...], to: Any, says: str) -> None:
    with pytest.raises(TraceError, match=says):
        Trace.from_dict(changed(*path, to=to))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null"])
def test_refuses_what_is_not_an_object(text: str) -> None:
    with pytest.raises(TraceError):
        Trace.from_json(text)


def test_refuses_a_formula_without_end() -> None:
    math: list[Any] = ["mi", "x"]
    for _ in range(500):
        math = ["mrow", math]
    with pytest.raises(TraceError, match="nests deeper"):
        Trace.from_dict(changed("steps", 0, "formulas", 0, "math", to=math))


def test_state_at_a_step_is_the_cast_with_the_changes_so_far() -> None:
    trace = product()
    chips = [[chip.held for node in trace.at(step).nodes for chip in node.chips] for step in (0, 4, 5, 8)]
    assert chips == [[None, None], [None, None], [True, True], [False, False]]
    grad = [trace.at(step).tensors[1].grad for step in (9, 10, 13)]
    assert [None if g is None else g.text for g in grad if not isinstance(g, str)] == [None, "[5.]", "[6.]"]
    assert trace == product(), "the trace itself stays as it was"


def test_a_step_shares_nothing_with_the_next() -> None:
    first, second = Step("leaf", "forward", "", ""), Step("leaf", "forward", "", "")
    first.changes.append(["x", "visible", True])
    assert second.changes == []
