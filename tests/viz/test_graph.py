"""Graph: what is read from a tensor, minigrad's or PyTorch's."""

from __future__ import annotations

import json
import sys

import pytest

import minigrad
from tests.viz.torchviz_cases import CASES
from viz import make_dot
from viz.graph import Edge, Graph, TensorNode, to_json, to_networkx, to_text

try:
    import networkx
except ImportError:
    networkx = None
try:
    import torch
except ImportError:
    torch = None

ENGINES = [minigrad] if torch is None else [minigrad, torch]


def edges(graph: Graph) -> list[Edge]:
    return [Edge._make(edge) for edge in graph.edges]


def label(graph: Graph, number: int) -> str:
    node = graph.nodes[number]
    return f"{node.role} {node.name}".strip() if isinstance(node, TensorNode) else graph.kind(node).name


def lines(graph: Graph) -> list[str]:
    return [f"{label(graph, e.source)} -> {label(graph, e.target)} ({e.feeds})" for e in edges(graph)]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_edge_knows_the_argument_it_feeds(engine):
    x, y = engine.ones(1, requires_grad=True), engine.ones(1, requires_grad=True)
    assert lines(Graph((x + y) * (y - 2), {id(x): "x", id(y): "y"})) == [
        "AddBackward0 -> MulBackward0 (0)",
        "AccumulateGrad -> AddBackward0 (0)",
        "leaf x -> AccumulateGrad (leaf)",
        "AccumulateGrad -> AddBackward0 (1)",
        "leaf y -> AccumulateGrad (leaf)",
        "SubBackward0 -> MulBackward0 (1)",
        "AccumulateGrad -> SubBackward0 (0)",
        "MulBackward0 -> output (output)",
    ]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_tensor_multiplied_by_itself_has_two_edges(engine):
    a = engine.ones(1, requires_grad=True)
    assert [edge.feeds for edge in edges(Graph(a * a)) if edge.target == 1] == [0, 1]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_input_without_gradient_keeps_the_others_position(engine):
    x = engine.ones(1, requires_grad=True)
    assert "AccumulateGrad -> SubBackward0 (1)" in lines(Graph(engine.ones(1) - x))


@pytest.mark.parametrize("engine", ENGINES)
def test_saved_tensors_are_read_when_asked_for(engine):
    x = engine.ones(2, requires_grad=True)
    y = x.exp().sum()
    assert not any("saved" in line for line in lines(Graph(y)))
    assert "saved result -> ExpBackward0 (saved)" in lines(Graph(y, saved=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_graph_can_be_read_from_a_grad_fn(engine):
    x = engine.ones(2, requires_grad=True)
    assert lines(Graph((x * 2).grad_fn)) == ["AccumulateGrad -> MulBackward0 (0)", "leaf -> AccumulateGrad (leaf)"]


@pytest.mark.parametrize("engine", ENGINES)
def test_outputs_share_one_graph(engine):
    x = engine.ones(2, requires_grad=True)
    h = x.exp()
    found = [label(graph, n) for graph in [Graph((h.sum(), h.sum(), h))] for n in range(len(graph.nodes))]
    assert sorted(found) == sorted(["output"] * 3 + ["SumBackward0"] * 2 + ["ExpBackward0", "AccumulateGrad", "leaf"])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_leaf_is_a_leaf_in_whatever_order_it_is_met(engine):
    x = engine.ones(2, requires_grad=True)
    for outputs in ((x, x * 2), (x * 2, x)):
        assert sorted(node.role for node in Graph(outputs).nodes if isinstance(node, TensorNode)) == ["leaf", "output"]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_output_stays_an_output_though_it_was_saved(engine):
    x = engine.ones(2, requires_grad=True)
    h = x + 1
    graph = Graph((h * h, h), saved=True)
    assert sorted(node.role for node in graph.nodes if isinstance(node, TensorNode)) == ["leaf", "output", "output"]
    assert "AddBackward0 -> output (output)" in lines(graph)


@pytest.mark.parametrize("engine", ENGINES)
def test_shared_leaves_can_be_drawn_once_per_use(engine):
    var, params = CASES["rnn"](engine)
    graph = Graph(var, {id(tensor): name for name, tensor in params.items()})
    drawn = graph.with_leaves_drawn_per_use()
    for name, uses in (("u", 3), ("w", 3), ("b", 3)):
        assert sum(isinstance(node, TensorNode) and node.name == name for node in drawn.nodes) == uses
    gradients = lambda g: sum(isinstance(edge.feeds, int) for edge in edges(g))  # noqa: E731
    assert gradients(drawn) == gradients(graph)
    assert all(0 <= end < len(drawn.nodes) for edge in edges(drawn) for end in edge[:2])


def test_a_graph_with_nothing_shared_is_drawn_as_it_is():
    var, _ = CASES["mlp"](minigrad)
    graph = Graph(var)
    drawn = graph.with_leaves_drawn_per_use()
    assert (drawn.nodes, drawn.edges) == (graph.nodes, graph.edges)


def test_the_graph_can_be_had_as_json():
    x = minigrad.ones(1, requires_grad=True)
    y = x.exp() * x
    y.backward(retain_graph=True)
    plain = json.loads(to_json(make_dot(y, {"x": x}, show_saved=True)))
    assert {"id": 0, "kind": "output", "name": "", "shape": [1], "dtype": "float32"} in plain["nodes"]
    assert {"source": 1, "target": 0, "kind": "output"} in plain["edges"]
    assert [edge["argument"] for edge in plain["edges"] if edge["kind"] == "gradient" and edge["target"] == 1] == [0, 1]
    y.sum().backward()
    states = [node.get("state") for node in json.loads(to_json(make_dot(y, show_saved=True)))["nodes"]]
    assert states.count("freed") == 3


def test_a_tree_of_a_hundred_thousand_nodes_is_cut():
    y = x = minigrad.ones(1, requires_grad=True)
    for _ in range(100_000):
        y = y * x
    lines = to_text(y, limit=10).splitlines()
    assert len(lines) == 11
    assert lines[-1].startswith("… cut after 10 lines")


if networkx is not None:

    def test_the_graph_can_be_had_for_networkx():
        a = minigrad.ones(1, requires_grad=True)
        graph = to_networkx(a * a)
        assert isinstance(graph, networkx.MultiDiGraph)
        assert graph.number_of_edges() == 4
        gradients = [data["argument"] for _, _, data in graph.edges(data=True) if data["kind"] == "gradient"]
        assert gradients == [0, 1]


def test_without_networkx_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(ImportError) as caught:
        to_networkx(minigrad.ones(1))
    assert "pip install networkx" in caught.value.__notes__[0]
