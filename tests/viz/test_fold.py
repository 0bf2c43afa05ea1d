"""Pictures of large graphs: modules as boxes, repeated parts once, the rest cut, and all of it said."""

from __future__ import annotations

import itertools
import re
from collections import Counter

import pytest

import minigrad
import minigrad.nn
import viz
from tests.viz import recorded
from tests.viz.torchviz_cases import parse
from viz import fold, make_dot
from viz.place import is_placed, place
from viz.trace import Group, Trace

try:
    import torch
except ImportError:
    torch = None

ENGINES = [minigrad] if torch is None else [minigrad, torch]


def labels(dot, drawn=False):
    source = dot._drawn()[0] if drawn else dot.source
    return [found.get("label", "").split("\n")[0] for found in parse(source)[0].values()]


def network(engine, blocks):
    """A small residual network: an input layer, blocks with a skip connection, an output layer."""
    nn = engine.nn

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.up, self.down = nn.LayerNorm(4), nn.Linear(4, 8), nn.Linear(8, 4)

        def forward(self, x):
            return x + self.down(engine.relu(self.up(self.norm(x))))

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 2)
            self.blocks = nn.Sequential(*[Block() for _ in range(blocks)])

        def forward(self, x):
            return self.last(self.blocks(self.first(x)))

    net = Net()
    return net, net(engine.ones(2, 3)).sum()


def chain(engine, length):
    y = engine.ones(1, requires_grad=True)
    for _ in range(length):
        y = y * 0.5 + 1
    return y


@pytest.mark.parametrize("engine", ENGINES)
def test_depth_draws_modules_as_boxes_with_what_is_in_them(engine):
    net, out = network(engine, 3)
    dot = make_dot(out, names=net, depth=1)
    assert labels(dot) == ["", "SumBackward0", "last (Linear)", "AddBackward0", "blocks (Sequential)", "first (Linear)"]
    assert '"blocks (Sequential)\n20 operations, 252 parameters"' in dot.source


@pytest.mark.parametrize("engine", ENGINES)
def test_modules_that_are_open_are_frames_around_what_they_made(engine):
    net, out = network(engine, 2)
    dot = make_dot(out, names=net, depth=3)
    frames = re.findall(r'subgraph cluster_\d+ \{\s+label="([^"]+)"', dot.source)
    assert sorted(frames) == [
        "blocks (Sequential)",
        "blocks.0 (Block)",
        "blocks.1 (Block)",
        "first (Linear)",
        "last (Linear)",
    ]
    assert "blocks.0.up (Linear)" in labels(dot)
    assert dot.source.count("{") == dot.source.count("}")
    dot.pipe("svg")


def test_the_module_a_recorder_saw_is_the_module_drawn_even_without_parameters():
    nn = minigrad.nn
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    with viz.record():
        loss = net(minigrad.ones(4, 2)).sum()
    assert labels(make_dot(loss, depth=1)) == ["loss", "SumBackward0", "2", "1", "0"]
    assert "net.0.weight" in labels(make_dot(loss))


def test_names_that_a_recorder_saw_are_forgotten_with_their_tensors():
    with viz.record():
        x = minigrad.ones(1, requires_grad=True)
        y = x * 2
    assert "x" in labels(make_dot(y))
    y = minigrad.ones(1, requires_grad=True) * 2
    del x
    assert labels(make_dot(y)) == ["", "MulBackward0", "AccumulateGrad", ""]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_part_that_repeats_is_drawn_once_and_counted(engine):
    dot = make_dot(chain(engine, 12), fold=True)
    assert labels(dot).count("MulBackward0") == labels(dot).count("AddBackward0") == 1
    assert '"× 12"' in dot.source
    assert "[style=dashed constraint=false]" in dot.source  # from one repetition to the next


@pytest.mark.parametrize("engine", ENGINES)
def test_repeated_blocks_share_their_boxes_and_their_parameters_names(engine):
    net, out = network(engine, 12)
    assert "blocks.* (Block)" in labels(make_dot(out, names=net, depth=2, fold=True))
    dot = make_dot(out, names=net, fold=True)
    assert "blocks.*.up.weight" in labels(dot)
    assert labels(dot).count("NativeLayerNormBackward0") == 1
    assert "first.weight" in labels(dot)


def test_a_leaf_that_all_repetitions_share_stays_outside_of_them():
    w, h = minigrad.ones(3, 3, requires_grad=True), minigrad.zeros(1, 3)
    for _ in range(5):
        h = (h @ w + 1).tanh()
    source = make_dot(h, names={"w": w}, fold=True).source
    frame = source[source.index("subgraph") :]
    assert len(re.findall(r"^\t\d+$", frame, re.MULTILINE)) == 3  # mm, add, tanh


def test_nothing_that_comes_twice_only_is_folded():
    y = minigrad.ones(1, requires_grad=True)
    for _ in range(2):
        y = y.exp().sin()
    assert make_dot(y, fold=True).source == make_dot(y).source


def test_a_graph_over_the_limit_is_folded_and_says_so_while_its_source_stays_whole():
    dot = make_dot(chain(minigrad, 400))
    assert dot.source.count("MulBackward0") == 400
    source, graph = dot._drawn()
    assert len(graph.nodes) == 5
    assert "803 nodes, drawn as 5: parts that repeat are drawn once" in source
    assert "803 nodes, drawn as 5" in dot._repr_mimebundle_()["text/html"]
    assert make_dot(chain(minigrad, 400), limit=None)._drawn()[0].count("MulBackward0") == 400


def test_a_graph_that_does_not_repeat_is_cut_near_its_output():
    operations = ["exp", "sin", "cos", "tanh", "sigmoid", "relu", "neg", "abs"]
    y, number = minigrad.ones(1, requires_grad=True), 1
    for _ in range(300):
        number = number * 1103515245 % 2147483648 + 12345
        y = getattr(y, operations[number // 65536 % 8])()
    source, graph = make_dot(y, limit=40)._drawn()
    assert len(graph.nodes) <= 41
    assert "more" in source
    assert "only those nearest the output are drawn (limit=40)" in source


def test_a_model_over_the_limit_is_folded_by_module():
    net, out = network(minigrad, 4)
    source, graph = make_dot(out, names=net, limit=12)._drawn()
    assert len(graph.nodes) <= 12
    assert "modules are folded (depth=1)" in source


def test_a_hundred_thousand_nodes_are_shown_folded():
    y = minigrad.ones(1, requires_grad=True)
    for _ in range(50_000):
        y = y * 0.5 + 1
    page = make_dot(y)._repr_mimebundle_()["text/html"]
    assert "× 50,000" in page
    assert len(page) < 50_000


def test_lines_that_the_user_adds_keep_their_graph_whole():
    dot = make_dot(chain(minigrad, 30), limit=10)
    dot.edge("100001", "100002", label="mine")
    assert dot._drawn()[0].count("MulBackward0") == 30


@pytest.mark.parametrize(("name", "value"), [("depth", 0), ("limit", 0), ("depth", -1)])
def test_a_depth_or_limit_below_one_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} is a number of at least 1"):
        make_dot(chain(minigrad, 1), **{name: value})


# A recorded run, folded for the stepper

BLOCKS = """
    class Block(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(2, 3)
            self.second = torch.nn.Linear(3, 2)
        def forward(self, x):
            return x + self.second(torch.relu(self.first(x)))
    net = torch.nn.Sequential(*[Block() for _ in range(12)])
    loss = net(torch.ones(1, 2)).sum()
    loss.backward()
"""
LINE = """
    w = torch.tensor(0.99, requires_grad=True)
    y = torch.tensor(1.0, requires_grad=True)
    for i in range(100): y = y * w + 0.01
    y.backward()
"""


def folded_run(source: str) -> Trace:
    trace = place(recorded.run(source)[0].trace)
    trace.check()
    assert is_placed(trace)
    assert Trace.from_json(trace.to_json()) == trace
    return trace


def held(trace: Trace, name: str) -> list[str]:
    items = [*trace.groups, *trace.nodes]
    return [item.label for item in items if item.inside == name]


def group(trace: Trace, label: str) -> Group:
    return next(one for one in trace.groups if one.label == label)


@pytest.fixture(scope="module", params=[recorded.LOOP, BLOCKS, LINE], ids=["loop", "blocks", "line"])
def folded_trace(request: pytest.FixtureRequest) -> Trace:
    return folded_run(request.param)


def test_every_picture_of_a_folded_run_can_be_looked_at(folded_trace: Trace) -> None:
    inside = Counter(item.inside for item in [*folded_trace.groups, *folded_trace.nodes])
    assert max(inside.values()) <= 2 * fold.BRANCHES
    assert not any(one.shut for one in folded_trace.groups)


def test_every_edge_is_drawn_in_one_picture_or_by_links(folded_trace: Trace) -> None:
    inside = {node.id: node.inside for node in folded_trace.nodes}
    linked = {edge for link in folded_trace.links for edge in link.edges}
    for edge in folded_trace.edges:
        assert (inside[edge.source] == inside[edge.target]) != (edge.id in linked)
        assert bool(edge.path) != (edge.id in linked)


def test_no_boxes_of_a_picture_overlap(folded_trace: Trace) -> None:
    pictures: dict[str, list[list[float]]] = {}
    for item in [*folded_trace.nodes, *folded_trace.groups]:
        pictures.setdefault(item.inside, []).append(item.box or [])
    for boxes in pictures.values():
        for (a, b, c, d), (x, y, w, h) in itertools.combinations(boxes, 2):
            assert x >= a + c or a >= x + w or y >= b + d or b >= y + h


def test_a_loop_is_one_box_that_holds_its_passes() -> None:
    trace = folded_run(recorded.LOOP)
    loop = group(trace, "× 30")
    assert loop.kind == "loop"
    assert loop.detail == "150 operations"
    assert held(trace, loop.id) == [f"iterations {n} to {n + 4}" for n in range(1, 30, 5)]
    assert held(trace, group(trace, "iterations 6 to 10").id)[:2] == ["iteration 6", "iteration 7"]
    labels = held(trace, group(trace, "iteration 7").id)
    assert labels == ["MulBackward0", "AddBackward0", "TanhBackward0", "MulBackward0", "AddBackward0"]
    assert {"w", "b"} <= set(held(trace, "")), "what all passes share stands outside"


def test_modules_that_repeat_are_one_box_that_holds_them() -> None:
    trace = folded_run(BLOCKS)
    loop = group(trace, "Sequential × 12")
    assert held(trace, loop.id) == [f"Sequential.{n}" for n in range(12)]
    inner = held(trace, group(trace, "Sequential.3").id)
    assert "ReluBackward0" in inner
    assert "net.3.first.weight" in inner, "a parameter stands where it is used"


def test_a_loop_on_one_line_has_short_passes_that_are_not_boxes() -> None:
    trace = folded_run(LINE)
    first = group(trace, "iterations 1 to 10")
    assert held(trace, first.id).count("MulBackward0") == 10
    assert not any(one.kind == "pass" for one in trace.groups)


def test_a_run_that_is_small_enough_is_not_folded() -> None:
    assert folded_run(recorded.LOOP.replace("30", "5")).groups == []


def test_what_is_too_big_stays_shut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fold, "MOST_DRAWN", 60)
    trace = folded_run(recorded.LOOP)
    shut = [one for one in trace.groups if one.shut]
    assert shut
    assert all(one.width == 0 for one in shut)
    assert "cannot be opened" in trace.notes[-1]


def test_folding_again_gives_the_same() -> None:
    assert folded_run(recorded.LOOP) == folded_run(recorded.LOOP)
