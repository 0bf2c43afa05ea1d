"""What make_dot shows beyond torchviz: values, gradients, versions, formulas, directions, themes, a legend."""

from __future__ import annotations

import re

import pytest

import minigrad
from tests.viz.torchviz_cases import parse
from viz import make_dot, write
from viz.write import THEMES, value_lines

try:
    import torch
except ImportError:
    torch = None

ENGINES = [minigrad] if torch is None else [minigrad, torch]


def product(engine):
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    y = engine.tensor([3.0, 4.0], requires_grad=True)
    return (x * y).sum(), {"x": x, "y": y}


def boxes(dot):
    return {
        found["label"].split("\n")[0]: found["label"] for found in parse(dot.source)[0].values() if "label" in found
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_values_and_gradients_stand_in_their_boxes(engine):
    z, names = product(engine)
    dot = make_dot(z, names, show_values=True, show_grads=True)
    assert boxes(dot)["x"] == "x\n (2)\n [1 2]\n .grad None"
    z.backward()
    dot = make_dot(z, names, show_values=True, show_grads=True)
    assert boxes(dot)["x"] == "x\n (2)\n [1 2]\n .grad [3 4]"
    assert boxes(dot)[""] == "\n ()\n 11"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("values", "lines"),
    [
        (2.5, ["2.5"]),
        ([], ["[]"]),
        ([1.0, -0.5], ["[1 -0.5]"]),
        ([[1.0, 10.0], [2.0, 3.0]], ["[[ 1 10]", "[ 2  3]]"]),
        ([True, False], ["[True False]"]),
        (list(range(100)), ["0 to 99"]),
        ([[[1.0]]], ["1 to 1"]),
        ([float("nan")], ["[nan]"]),
    ],
)
def test_few_numbers_are_shown_and_many_summed_up(engine, values, lines):
    assert value_lines(engine.tensor(values)) == lines


@pytest.mark.parametrize("engine", ENGINES)
def test_versions_say_what_was_saved_and_what_is_now(engine):
    x = engine.tensor([1.0, 2.0], requires_grad=True)
    y = x.exp()
    z = (y * 2).sum()
    assert "saved v0 · now v0" in make_dot(z, show_versions=True).source
    with engine.no_grad():
        y += 1
    dot = make_dot(z, {"x": x}, show_versions=True)
    assert boxes(dot)["result"] == "result\n changed\n saved v0 · now v1"
    assert boxes(dot)["x"] == "x\n (2)\n v0"


@pytest.mark.parametrize("engine", ENGINES)
def test_formulas_stand_under_the_function(engine):
    z, names = product(engine)
    found = boxes(make_dot(z, names, show_formulas=True))
    assert found["MulBackward0"] == "MulBackward0\nz = x · y\n∂L/∂x = ∂L/∂z · y\n∂L/∂y = ∂L/∂z · x"
    assert found["AccumulateGrad"] == "AccumulateGrad"


def test_edges_point_the_way_gradients_flow_when_asked():
    z, names = product(minigrad)
    forward, backward = (
        parse(make_dot(z, names, show_saved=True, direction=d).source)[1] for d in ("forward", "backward")
    )
    feeding = {(a, b) for a, b, _ in forward if not _}
    assert feeding
    assert {(b, a) for a, b in feeding} <= {(a, b) for a, b, _ in backward}


def test_rankdir_and_theme_reach_graphviz():
    z, names = product(minigrad)
    source = make_dot(z, names, rankdir="LR", theme="dark").source
    assert "rankdir=LR" in source
    assert 'bgcolor="#111418"' in source


@pytest.mark.parametrize("theme", THEMES)
def test_in_a_theme_every_kind_of_box_has_a_shape_or_border_of_its_own(theme):
    shapes = {re.sub(r' fillcolor="[^"]*"', "", write._style(role, theme)) for role in write._LEGEND}
    assert len(shapes) == len(write._LEGEND)
    z, names = product(minigrad)
    make_dot(z, names, show_saved=True, theme=theme, legend=True).pipe("svg")


def test_a_legend_explains_the_boxes_that_are_there():
    z, names = product(minigrad)
    source = make_dot(z, names, legend=True).source
    for text in ("leaf: .grad is filled here", "[label=output ", "backward function"):
        assert text in source
    assert "saved for backward" not in source
    assert "legend" not in make_dot(z, names).source


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("direction", "up", "'forward', 'backward'"),
        ("theme", "pink", "'light', 'dark', 'print'"),
        ("rankdir", "tb", "'TB', 'LR'"),
    ],
)
def test_what_is_no_choice_is_refused_with_the_choices(name, value, message):
    with pytest.raises(ValueError, match=message):
        make_dot(product(minigrad)[0], **{name: value})


@pytest.mark.parametrize("engine", ENGINES)
def test_the_tooltip_of_a_function_says_what_it_made_saved_and_passes_on(engine):
    z, names = product(engine)
    page = make_dot(z, names)._repr_mimebundle_()["text/html"]
    assert "<title>MulBackward0\nmade shape (2,)\nsaved other: shape (2,)\nsaved self: shape (2,)\nz = x · y\n" in page
