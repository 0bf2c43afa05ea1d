"""Lays a Trace's cast out once: boxes, paths, and the room that gradients and saved tensors will need.

Graphviz places rectangles whose sizes we measure ourselves (monospace: so much a letter), so the
picture is the same on every machine and nothing overflows. The room is for the longest text a node
or an edge has at any step: the picture never moves while one steps through it.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator

from viz import layout
from viz.trace import Edge, Node, Trace

LABEL = 7.3  # width of a letter of a node's first line (12 px monospace), and of the smaller texts (11 px)
SMALL = 6.7
PAD = 12.0  # beside the text, in a box
HEIGHT = 46.0
CHIP = 18.0  # height of a saved tensor beside its node
CHIP_SIGN = 19.0  # its square, and the gap after it
LONGEST = 34  # letters; longer texts end in an ellipsis, and can be read whole by inspecting the node
MARGIN = 10.0
UNIT = 6.0  # Graphviz measures a letter of 10-point Courier as 6 points: what we reserve room with
PORTS = 8  # a node with more arguments takes them all at its middle
SHARED_USES = 6  # in a picture of BIG nodes or more, a leaf used more often is drawn as a tag at each use
BIG = 60


def place(trace: Trace) -> Trace:
    """Give every node its box and every edge its path, in ``trace`` itself, which is also returned."""
    if not trace.nodes:
        trace.width, trace.height = 0.0, 0.0
        return trace
    tagged = _tagged(trace)
    picture = json.loads(layout.render(_dot(trace, tagged), "json0"))
    _, _, width, height = (float(number) for number in picture["bb"].split(","))
    trace.width, trace.height = _round(width + 2 * MARGIN), _round(height + 2 * MARGIN)

    def point(x: float, y: float) -> tuple[float, float]:
        return x + MARGIN, height - y + MARGIN  # Graphviz counts y upwards

    boxes = {item["name"]: item for item in picture["objects"]}
    for number, node in enumerate(trace.nodes):
        rects = [[float(n) for n in rect.split(",")] for rect in boxes[f"n{number}"]["rects"].split()]
        chips = rects.pop() if node.chips else None
        left, top = point(min(r[0] for r in rects), max(r[3] for r in rects))
        right, bottom = point(max(r[2] for r in rects), min(r[1] for r in rects))
        node.box = [_round(n) for n in (left, top, right - left, bottom - top)]
        if chips:
            free = (bottom - top) - CHIP * len(node.chips)
            node.chip_at = [_round(right + 8), _round(top + free / 2)]
    for item in picture.get("edges", []):
        edge = trace.edges[int(item["id"])]
        points = [point(*(float(n) for n in pair.split(","))) for pair in item["pos"].split()]
        edge.path = _path(points)
        edge.label_at = [_round(n) for n in point(*(float(n) for n in item["lp"].split(",")))] if "lp" in item else None
        edge.tag_at = None
        if edge.id in tagged:
            x, y = point(*(float(n) for n in boxes[f"t{item['id']}"]["pos"].split(",")))
            w, h = _tag_size(tagged[edge.id])
            edge.tag_at = [_round(n) for n in (x - w / 2, y - h / 2, w, h)]
    _smooth(trace, tagged)
    return trace


def is_placed(trace: Trace) -> bool:
    """True when every node has its box and every edge its path."""
    return all(node.box for node in trace.nodes) and all(edge.path for edge in trace.edges)


def text_width(text: str, letter: float) -> float:
    """The width of a line of monospace text: wide letters (中) count twice, combining marks not at all."""
    return letter * sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text[:LONGEST]
    )


def _dot(trace: Trace, tagged: dict[str, str]) -> str:
    labels, details, gradients = _longest(trace)
    arguments: Counter[str] = Counter()
    for edge in trace.edges:
        arguments[edge.target] = max(arguments[edge.target], edge.argument + 1)
    names = {node.id: f"n{number}" for number, node in enumerate(trace.nodes)}
    lines = [
        "digraph {",
        f"graph [rankdir=TB, nodesep=0.36, ranksep={'0.42' if gradients else '0.5'}];",
        f"node [{_FONT}, shape=record, margin=0, width=0.01];",
        f"edge [{_FONT}, arrowhead=none];",
    ]
    lines += [
        _dot_node(names[node.id], node, labels[node.id], details[node.id], arguments[node.id]) for node in trace.nodes
    ]
    for number, edge in enumerate(trace.edges):
        source = f"{names[edge.source]}:o:s"
        if edge.id in tagged:
            w, h = _tag_size(tagged[edge.id])
            source = f"t{number}"
            lines.append(f'{source} [shape=box, fixedsize=true, label="", width={w / 72:.4f}, height={h / 72:.4f}];')
            source += ":s"
        port = f"i{edge.argument}" if arguments[edge.target] <= PORTS else "i0"
        room = f', label="{_room(gradients[edge.id] + 10)}"' if edge.id in gradients else ""
        lines.append(f'{source} -> {names[edge.target]}:{port}:n [id="{number}"{room}];')
    return "\n".join([*lines, "}"])


_FONT = "fontname=Courier, fontsize=10"


def _dot_node(name: str, node: Node, label: float, detail: float, arguments: int) -> str:
    """A record: ports for the arguments above, one for the result below, the saved tensors at the right."""
    letters = math.ceil((max(label, detail, 44.0) + 2 * PAD) / UNIT)
    ports = arguments if 1 <= arguments <= PORTS else 1
    first, rest = divmod(letters, ports)
    above = "|".join(f"<i{i}> {'x' * (first + (i < rest))}" for i in range(ports))
    record = f"{{{{{above}}}|<o> {'x' * letters}}}"
    if node.chips:
        widest = max(text_width(f"{chip.label} v{chip.version}", SMALL) for chip in node.chips)
        record += f"|{_room(widest + CHIP_SIGN + 12)}"
    height = max(HEIGHT, CHIP * len(node.chips) + 4)
    return f'{name} [label="{record}", height={height / 72:.4f}];'


def _room(width: float) -> str:
    return "x" * math.ceil(width / UNIT)


def _longest(trace: Trace) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """The width of the longest text of each node's two lines, and of each edge, over all the steps."""
    labels = {node.id: text_width(node.label, LABEL) for node in trace.nodes}
    details = {node.id: text_width(node.detail, SMALL) for node in trace.nodes}
    gradients = {edge.id: text_width(edge.gradient, SMALL) for edge in trace.edges if edge.gradient}
    for name, attribute, value in _changes(trace):
        if attribute == "label" and name in labels:
            labels[name] = max(labels[name], text_width(value, LABEL))
        elif attribute == "detail":
            details[name] = max(details[name], text_width(value, SMALL))
        elif attribute == "gradient":
            gradients[name] = max(gradients.get(name, 0.0), text_width(value, SMALL))
    return labels, details, gradients


def _changes(trace: Trace) -> Iterator[tuple[str, str, str]]:
    for step in trace.steps:
        for name, attribute, value in step.changes:
            if attribute in ("label", "detail", "gradient") and value is not None:
                yield name, attribute, value


def _tagged(trace: Trace) -> dict[str, str]:
    """The edges that start at a tag with the leaf's name instead of at the leaf itself."""
    if len(trace.nodes) < BIG:
        return {}
    uses = Counter(edge.source for edge in trace.edges)
    shared = {node.id: node.label for node in trace.nodes if node.kind == "leaf" and uses[node.id] > SHARED_USES}
    return {edge.id: shared[edge.source] for edge in trace.edges if edge.source in shared}


def _tag_size(name: str) -> tuple[float, float]:
    return text_width(name, SMALL) + 12, 18.0


def _path(points: list[tuple[float, float]]) -> str:
    start, *rest = ([f"{_round(x):g}", f"{_round(y):g}"] for x, y in points)
    return f"M{start[0]} {start[1]}C" + " ".join(f"{x} {y}" for x, y in rest)


def _smooth(trace: Trace, tagged: dict[str, str]) -> None:
    """Draw the edges again, calmer than Graphviz does.

    Edges leave the bottom of a box side by side, in the order of where they go, and enter the next one
    straight from above. Between neighbouring ranks stand only the rooms for gradients, so there a curve
    needs no more than its ends and the point where it passes its own room; a longer edge keeps
    Graphviz's way around the boxes.
    """
    boxes = {node.id: node.box or [0.0, 0.0, 0.0, 0.0] for node in trace.nodes}
    leaving: defaultdict[str, list[tuple[float, Edge, list[float]]]] = defaultdict(list)
    for edge in trace.edges:
        numbers = [float(n) for n in edge.path[1:].replace("C", " ").split()]
        if edge.id in tagged:
            edge.path = _path(_vertical_ends(numbers, numbers[0], numbers[1]))
        else:
            leaving[edge.source].append((_x_at(numbers, numbers[1] + 20), edge, numbers))
    for source, group in leaving.items():
        left, top, width, height = boxes[source]
        gap = min(26.0, width / (len(group) + 1))
        group.sort(key=lambda item: item[0])
        for number, (_, edge, numbers) in enumerate(group):
            x = left + width / 2 + gap * (number - (len(group) - 1) / 2)
            y = top + height
            if 0 < numbers[-1] - y < NEIGHBOURS:
                edge.path = _path(_curve((x, y), (numbers[-2], numbers[-1]), edge.label_at, numbers))
            else:
                edge.path = _path(_vertical_ends(numbers, x, y))


NEIGHBOURS = 110.0  # a longer edge passes a rank of boxes


def _curve(
    start: tuple[float, float], end: tuple[float, float], label_at: list[float] | None, numbers: list[float]
) -> list[tuple[float, float]]:
    (x, y), (u, v) = start, end
    if not label_at:
        pull = 0.5 * (v - y)
        return [start, (x, y + pull), (u, v - pull), end]
    h = label_at[1]
    w = _x_at(numbers, h)
    slope = (u - x) / (v - y)  # of the curve where it passes the room
    a, b = 0.55 * (h - y), 0.55 * (v - h)
    first = [start, (x, y + a), (w - slope * a * 0.8, h - a * 0.8), (w, h)]
    return [*first, (w + slope * b * 0.8, h + b * 0.8), (u, v - b), end]


def _vertical_ends(numbers: list[float], x: float, y: float) -> list[tuple[float, float]]:
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    points[0] = (x, y)
    points[1] = (x, y + 0.45 * (points[3][1] - y))
    u, v = points[-1]
    points[-2] = (u, v - 0.45 * (v - points[-4][1]))
    return points


def _x_at(numbers: list[float], height: float) -> float:
    """Where a spline that goes down is at a height: the nearest of a few points on it."""
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    found = min(
        (
            tuple(
                (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t * t * (1 - t) * c + t**3 * d
                for a, b, c, d in zip(*points[k : k + 4], strict=True)
            )
            for k in range(0, len(points) - 3, 3)
            for t in (i / 8 for i in range(9))
        ),
        key=lambda point: abs(point[1] - height),
    )
    return found[0]


def _round(number: float) -> float:
    return round(number, 1)
