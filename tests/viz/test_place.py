"""The layout: everything has room, nothing overlaps, and the same trace gives the same picture everywhere."""

from __future__ import annotations

import pytest

from tests.viz.samples import FOLDER, SAMPLES, product, recurrent
from viz import place as module
from viz.place import is_placed, place, text_width
from viz.trace import Node, Trace, load

Box = tuple[float, float, float, float]


def with_chips(node: Node) -> Box:
    assert node.box is not None
    x, y, width, height = node.box
    right = x + width
    if node.chips:
        assert node.chip_at is not None
        widest = max(text_width(f"{chip.label} v{chip.version}", module.SMALL) for chip in node.chips)
        right = node.chip_at[0] + module.CHIP_SIGN + widest
    return x, y, right, y + height


def rooms(trace: Trace) -> dict[str, Box]:
    """Where a gradient's text will stand, at its longest."""
    out = {}
    for edge in trace.edges:
        widths = [
            text_width(value, module.SMALL)
            for step in trace.steps
            for i, f, value in step.changes
            if i == edge.id and f == "gradient" and value
        ]
        if widths:
            assert edge.label_at is not None, f"{edge.id} has a gradient but no room for it"
            x, y = edge.label_at
            out[edge.id] = (x - max(widths) / 2, y - 6, x + max(widths) / 2, y + 6)
    return out


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def ends(path: str) -> list[float]:
    return [float(n) for n in path[1:].replace("C", " ").split()]


def along(path: str) -> list[tuple[float, float]]:
    """Points on a path, close to each other."""
    numbers = ends(path)
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    out = []
    for k in range(0, len(points) - 3, 3):
        for t in (i / 24 for i in range(25)):
            p = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            out.append(tuple(sum(p[i] * points[k + i][axis] for i in range(4)) for axis in (0, 1)))
    return out  # type: ignore[return-value]


@pytest.fixture(scope="module", params=SAMPLES)
def placed(request: pytest.FixtureRequest) -> Trace:
    return place(SAMPLES[request.param]())


def test_nodes_and_their_saved_tensors_do_not_overlap(placed: Trace) -> None:
    boxes = [with_chips(node) for node in placed.nodes]
    assert not [(i, j) for i in range(len(boxes)) for j in range(i) if overlap(boxes[i], boxes[j])]


def test_gradients_stand_clear_of_nodes_and_of_each_other(placed: Trace) -> None:
    texts = rooms(placed)
    boxes = {node.id: with_chips(node) for node in placed.nodes}
    assert not [(edge, node) for edge, a in texts.items() for node, b in boxes.items() if overlap(a, b)]
    pairs = [(a, b) for a in texts for b in texts if a < b and overlap(texts[a], texts[b])]
    assert not pairs


def test_no_edge_crosses_a_gradient_or_a_node(placed: Trace) -> None:
    boxes = {node.id: with_chips(node) for node in placed.nodes}
    texts = rooms(placed) if len(placed.nodes) < 20 else {}  # in a large graph an edge may pass behind a text
    inner = {name: (x + 2, y + 2, u - 2, v - 2) for name, (x, y, u, v) in (texts | boxes).items()}
    crossed = [
        (edge.id, name)
        for edge in placed.edges
        for name, box in inner.items()
        if any(box[0] < x < box[2] and box[1] < y < box[3] for x, y in along(edge.path))
    ]
    assert not crossed


def test_everything_is_inside_the_picture(placed: Trace) -> None:
    for box in [with_chips(node) for node in placed.nodes] + list(rooms(placed).values()):
        assert box[0] >= 0
        assert box[1] >= 0
        assert box[2] <= placed.width
        assert box[3] <= placed.height


def test_texts_fit_their_boxes(placed: Trace) -> None:
    for step in range(len(placed.steps) + 1):
        for node in placed.at(step).nodes:
            assert node.box is not None
            assert max(text_width(node.label, module.LABEL), text_width(node.detail, module.SMALL)) <= node.box[2] - 12


def test_edges_leave_from_below_and_arrive_from_above(placed: Trace) -> None:
    boxes = {node.id: node.box or [0.0] * 4 for node in placed.nodes}
    for edge in placed.edges:
        x, y, c, _, *_, d, _, u, v = ends(edge.path)
        source, target = (edge.tag_at or boxes[edge.source]), boxes[edge.target]
        assert y == pytest.approx(source[1] + source[3], abs=1)
        assert v == pytest.approx(target[1], abs=1)
        assert source[0] <= x <= source[0] + source[2]
        assert target[0] <= u <= target[0] + target[2]
        assert c == pytest.approx(x, abs=0.2), "straight down"
        assert d == pytest.approx(u, abs=0.2)


def test_arguments_arrive_in_their_order(placed: Trace) -> None:
    for node in placed.nodes:
        into = sorted((edge.argument, ends(edge.path)[-2]) for edge in placed.edges if edge.target == node.id)
        assert [x for _, x in into] == sorted(x for _, x in into)


@pytest.mark.parametrize("name", SAMPLES)
def test_layout_is_the_one_stored(name: str) -> None:
    assert place(SAMPLES[name]()) == load(FOLDER / f"{name}.json"), "run python -m tests.viz.samples"


def test_placing_again_changes_nothing() -> None:
    once = place(product())
    assert is_placed(once)
    assert not is_placed(product())
    assert place(Trace.from_dict(once.to_dict())) == once


def test_an_empty_trace_has_an_empty_picture() -> None:
    trace = place(Trace(source=["pass"], steps=[]))
    assert (trace.width, trace.height) == (0.0, 0.0)
    assert is_placed(trace)


def test_what_the_learner_wrote_is_never_dot() -> None:
    trace = product()
    for text in ('"]; evil [label="', "<b>{|}</b>", "\\", "\n", "中文 😀"):
        trace.nodes[2].label = trace.nodes[2].detail = text
        assert is_placed(place(trace))


def test_wide_letters_count_twice() -> None:
    assert text_width("中文", 1) == 4
    assert text_width("ab", 1) == 2
    assert text_width("e\u0301", 1) == 1


def test_a_leaf_that_everything_uses_becomes_tags() -> None:
    trace = place(recurrent(100))
    tagged = [edge for edge in trace.edges if edge.tag_at]
    assert {edge.source for edge in tagged} == {"n-W", "n-U", "n-b"}


def test_what_graphviz_cannot_do_is_placed_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> bytes:
        raise module.layout.LayoutError("too deep")

    monkeypatch.setattr(module.layout, "render", refuse)
    trace = place(recurrent(100))
    assert is_placed(trace)
    boxes = sorted(with_chips(node) for node in trace.nodes)
    assert not [(i, j) for i in range(len(boxes)) for j in range(i) if overlap(boxes[i], boxes[j])]
    assert is_placed(place(recurrent(300)))
