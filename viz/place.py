"""Lays a Trace's cast out once: boxes, paths, and the room that gradients and saved tensors will need.

Graphviz places rectangles whose sizes we measure ourselves (monospace: so much a letter), so the
picture is the same on every machine and nothing overflows. The room is for the longest text a node
or an edge has at any step: the picture never moves while one steps through it.
"""

from __future__ import annotations

import itertools
import json
import math
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from viz import fold, layout
from viz.trace import Edge, Group, Node, Trace

LABEL = 7.3  # width of a letter of a node's first line (12 px monospace), and of the smaller texts (11 px)
SMALL = 6.7
PAD = 12.0  # beside the text, in a box
HEIGHT = 46.0
CHIP = 18.0  # height of a saved tensor beside its node
CHIP_SIGN = 19.0  # its square, and the gap after it
LONGEST = 28  # letters; longer texts end in an ellipsis, and can be read whole by inspecting the node
MARGIN = 10.0
UNIT = 6.0  # Graphviz measures a letter of 10-point Courier as 6 points: what we reserve room with
PORTS = 8  # a node with more arguments takes them all at its middle
SHARED_USES = 6  # in a picture of BIG nodes or more, a leaf used more often is drawn as a tag at each use
BIG = 60


def place(trace: Trace) -> Trace:
    """Give every node its box and every edge its path, in ``trace`` itself, which is also returned.

    A big run is folded first (viz/fold.py): then there is a picture for the whole and one for the inside of each group.
    """
    if not trace.nodes:
        trace.width, trace.height = 0.0, 0.0
        return trace
    texts = _longest(trace)
    if len(trace.nodes) > fold.READABLE and not trace.groups:
        fold.fold_run(trace)
    if not trace.groups:
        sheet = Sheet(trace.nodes, trace.edges)
        _draw(sheet, _tagged(sheet), texts)
        trace.width, trace.height = sheet.width, sheet.height
        return trace
    _place_groups(trace, texts)
    return trace


@dataclass
class Sheet:
    """One picture: boxes and the lines between them."""

    nodes: list[Node]
    edges: list[Edge]
    chain: list[tuple[str, str]] = field(default_factory=list)  # these stand below each other, joined or not
    width: float = 0.0
    height: float = 0.0


def _draw(sheet: Sheet, tagged: dict[str, str], texts: Texts) -> None:
    try:
        _take(sheet, tagged, texts, json.loads(layout.render(_dot(sheet, tagged, texts), "json0")))
    except layout.LayoutError:  # a graph of a thousand ranks is too deep for it
        _stack(sheet, tagged, texts)


def _place_groups(trace: Trace, texts: Texts) -> None:
    """The whole with its groups closed, and the inside of each: groups and tags are drawn as nodes."""
    shut = {group.id for group in trace.groups if group.shut}
    nodes: defaultdict[str, list[Node]] = defaultdict(list)
    edges: defaultdict[str, list[Edge]] = defaultdict(list)
    tags: defaultdict[str, dict[str, str]] = defaultdict(dict)
    inside = {}
    for node in trace.nodes:
        nodes[node.inside].append(node)
        inside[node.id] = node.inside
    stand_ins = {}
    for group in trace.groups:
        stand_ins[group.id] = stand_in = Node(group.id, "group", group.label, group.detail)
        texts.labels[group.id] = text_width(group.label, LABEL)
        texts.details[group.id] = max(text_width(group.detail, SMALL), ACTIVE * SMALL)
        nodes[group.inside].append(stand_in)
    for edge in trace.edges:
        if inside[edge.source] == inside[edge.target]:
            edges[inside[edge.source]].append(edge)
    lines = {}
    for link in trace.links:
        lines[link.id] = line = Edge(link.id, link.source, link.target, link.argument)
        gradients = [texts.gradients[edge] for edge in link.edges if edge in texts.gradients]
        if gradients:
            texts.gradients[link.id] = max(gradients)
        if not link.source:
            tags[link.inside][link.id] = link.tag
        elif not link.target:
            line.target = link.id + ">"
            stand_ins[line.target] = Node(line.target, "tag", link.tag, "")
            texts.labels[line.target], texts.details[line.target] = text_width(link.tag, SMALL), 0.0
            nodes[link.inside].append(stand_ins[line.target])
        edges[link.inside].append(line)
    holders: dict[str, Trace | Group] = {"": trace}
    holders |= {group.id: group for group in trace.groups if group.id not in shut}
    for name, holder in holders.items():
        passes = [one.id for one in trace.groups if one.inside == name and one.kind in ("pass", "lines")]
        sheet = Sheet(nodes[name], edges[name], list(itertools.pairwise(passes)))
        _draw(sheet, {**_tagged(sheet, 0), **tags[name]}, texts)
        holder.width, holder.height = sheet.width, sheet.height
    for group in trace.groups:
        group.box = stand_ins[group.id].box
    for link in trace.links:
        line = lines[link.id]
        link.path, link.label_at, link.tag_at = line.path, line.label_at, line.tag_at
        if not link.target:
            link.tag_at = stand_ins[line.target].box


ACTIVE = 24  # letters of what a closed group says while one of its nodes is at work


def _take(trace: Sheet, tagged: dict[str, str], texts: Texts, picture: dict[str, Any]) -> None:
    """Read boxes, paths and rooms from what Graphviz answered."""
    _, _, width, height = (float(number) for number in picture["bb"].split(","))
    trace.width, trace.height = _round(width + 2 * MARGIN), _round(height + 2 * MARGIN)

    def point(pair: str) -> tuple[float, float]:
        x, y = pair.split(",")[:2]
        return float(x) + MARGIN, height - float(y) + MARGIN  # Graphviz counts y upwards

    drawn = {item["name"]: item for item in picture["objects"]}
    for number, node in enumerate(trace.nodes):
        # A record's fields: the ports above, the result below, the saved tensors at the right.
        corners = [rect.split(",") for rect in drawn[f"n{number}"]["rects"].split()]
        fields = corners[:-1] if node.chips else corners
        left, top = point(f"{fields[0][0]},{fields[0][3]}")
        right, bottom = point(f"{fields[-1][2]},{fields[-1][1]}")
        _set_box(node, left, top, right - left, bottom - top)
    for item in picture.get("edges", []):
        if "id" not in item:
            continue
        edge = trace.edges[int(item["id"])]
        edge.path = _path([point(pair) for pair in item["pos"].split()])
        edge.label_at = [_round(n) for n in point(item["lp"])] if "lp" in item else None
        edge.tag_at = None
        if edge.id in tagged:
            _set_tag(edge, tagged[edge.id], *point(drawn[f"t{item['id']}"]["pos"]))
    _part_twins(trace, texts)
    _smooth(trace, tagged)


def _set_box(node: Node, left: float, top: float, width: float, height: float) -> None:
    node.box = [_round(n) for n in (left, top, width, height)]
    if node.chips:
        node.chip_at = [_round(left + width + 8), _round(top + (height - CHIP * len(node.chips)) / 2)]


def _set_tag(edge: Edge, name: str, x: float, y: float) -> None:
    width, height = _tag_size(name)
    edge.tag_at = [_round(n) for n in (x - width / 2, y - height / 2, width, height)]


def _stack(trace: Sheet, tagged: dict[str, str], texts: Texts) -> None:
    """A plainer layout, for what Graphviz cannot do: ranks by the longest way from a leaf, each spread around the
    middle of what it comes from."""
    into: defaultdict[str, list[Edge]] = defaultdict(list)
    out: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in trace.edges:
        if edge.id not in tagged:
            into[edge.target].append(edge)
            out[edge.source].append(edge)
    nodes = {node.id: node for node in trace.nodes}
    waiting = {node.id: len(into[node.id]) for node in trace.nodes}
    ready = [name for name, left in waiting.items() if not left]
    rank = dict.fromkeys(ready, 0)
    order: list[str] = []
    while ready:
        name = ready.pop()
        order.append(name)
        for edge in out[name]:
            rank[edge.target] = max(rank.get(edge.target, 0), rank[name] + 1)
            waiting[edge.target] -= 1
            if not waiting[edge.target]:
                ready.append(edge.target)
    for name in order:
        if not into[name] and out[name]:  # what needs nothing else stands right above its first use
            rank[name] = min(rank[edge.target] for edge in out[name]) - 1
    ranks: defaultdict[int, list[str]] = defaultdict(list)
    for name in order:
        ranks[rank[name]].append(name)

    sizes = {node.id: _size(node, texts) for node in trace.nodes}
    middles: dict[str, float] = {}
    top = MARGIN
    for number in sorted(ranks):
        row = [(_mean([middles.get(edge.source, 0.0) for edge in into[name]]), name) for name in ranks[number]]
        row.sort()
        x = _mean([middle for middle, _ in row]) - sum(sum(sizes[name][:2]) + GAP for _, name in row) / 2
        for _, name in row:
            width, chips, height = sizes[name]
            middles[name] = x + width / 2
            _set_box(nodes[name], x, top, width, height)
            x += width + chips + GAP
        top += max(sizes[name][2] for _, name in row) + 58
    start = min(middle - sizes[name][0] / 2 for name, middle in middles.items()) - MARGIN - 20
    for node in trace.nodes:
        left, y, width, height = node.box or [0.0] * 4
        _set_box(node, left - start, y, width, height)
    arguments = _arguments(trace)
    for edge in trace.edges:
        left, y, width, _ = nodes[edge.target].box or [0.0] * 4
        ports = arguments[edge.target]
        x = left + width * (edge.argument + 0.5) / ports
        own = nodes[edge.source].box if edge.source else None
        source_left, source_top, source_width, source_height = own or [0.0] * 4
        begin = (source_left + source_width / 2, source_top + source_height)
        edge.tag_at = None
        if edge.id in tagged:
            begin = (x, y - 24)
            _set_tag(edge, tagged[edge.id], x, y - 33)
        edge.path = _path(_curve(begin, (x, y), None, []))
        room = texts.gradients.get(edge.id)
        edge.label_at = None if room is None else [_round(x + 8 + room / 2), _round(y - 13)]
    trace.width = _round(max((node.box or [0.0] * 4)[0] + sum(sizes[node.id][:2]) for node in trace.nodes) + MARGIN)
    trace.height = _round(top - 58 + MARGIN)


GAP = 26.0


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def is_placed(trace: Trace) -> bool:
    """True when every node has its box and every edge its path."""
    shut = {group.id for group in trace.groups if group.shut}
    inside = {node.id: node.inside for node in trace.nodes}
    nodes = (node.box for node in trace.nodes if node.inside not in shut)
    groups = (group.box for group in trace.groups if group.inside not in shut)
    lines = (edge.path for edge in trace.edges if inside[edge.source] == inside[edge.target] not in shut)
    links = (link.path for link in trace.links if link.inside not in shut)
    return all(nodes) and all(groups) and all(lines) and all(links)


def text_width(text: str, letter: float) -> float:
    """The width of a line of monospace text: wide letters (中) count twice, combining marks not at all."""
    return letter * sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text[:LONGEST]
    )


def _dot(trace: Sheet, tagged: dict[str, str], texts: Texts) -> str:
    gradients = texts.gradients
    arguments = _arguments(trace)
    names = {node.id: f"n{number}" for number, node in enumerate(trace.nodes)}
    lines = [
        "digraph {",
        f"graph [rankdir=TB, nodesep=0.36, ranksep={'0.42' if gradients else '0.5'}];",
        f"node [{_FONT}, shape=record, margin=0, width=0.01];",
        f"edge [{_FONT}, arrowhead=none];",
    ]
    lines += [_dot_node(names[node.id], node, _size(node, texts), arguments[node.id]) for node in _reading_order(trace)]
    for number, edge in enumerate(trace.edges):
        source = f"{names.get(edge.source)}:o:s"
        if edge.id in tagged:
            w, h = _tag_size(tagged[edge.id])
            source = f"t{number}"
            lines.append(f'{source} [shape=box, fixedsize=true, label="", width={w / 72:.4f}, height={h / 72:.4f}];')
            source += ":s"
        port = f"i{edge.argument}" if arguments[edge.target] <= PORTS else "i0"
        room = f', label="{_room(gradients[edge.id] + 10)}"' if edge.id in gradients else ""
        lines.append(f'{source} -> {names[edge.target]}:{port}:n [id="{number}"{room}];')
    joined = {(edge.source, edge.target) for edge in trace.edges}
    for above, below in trace.chain:
        if (above, below) not in joined:
            lines.append(f"{names[above]}:o:s -> {names[below]}:i0:n [style=invis];")
    return "\n".join([*lines, "}"])


def _reading_order(trace: Sheet) -> list[Node]:
    """The nodes as one reads the expression, first arguments first: from there Graphviz crosses fewer edges."""
    nodes = {node.id: node for node in trace.nodes}
    into: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in trace.edges:
        into[edge.target].append(edge)
    used = {edge.source for edge in trace.edges}
    order: dict[str, Node] = {}
    waiting = [(node.id, False) for node in reversed(trace.nodes) if node.id not in used]
    while waiting:
        name, done = waiting.pop()
        if done:
            order.setdefault(name, nodes[name])
        elif name not in order:
            waiting.append((name, True))
            arguments = sorted(into[name], key=lambda edge: edge.argument, reverse=True)
            waiting += [(edge.source, False) for edge in arguments if edge.source and edge.source not in order]
    return [*order.values(), *(node for node in trace.nodes if node.id not in order)]


def _arguments(trace: Sheet) -> Counter[str]:
    """How many arguments each node has, by its id."""
    arguments: Counter[str] = Counter()
    for edge in trace.edges:
        arguments[edge.target] = max(arguments[edge.target], edge.argument + 1)
    return arguments


_FONT = "fontname=Courier, fontsize=10"


def _dot_node(name: str, node: Node, size: tuple[float, float, float], arguments: int) -> str:
    """A record: ports for the arguments above, one for the result below, the saved tensors at the right."""
    width, chips, height = size
    letters = math.ceil(width / UNIT)
    ports = arguments if 1 <= arguments <= PORTS else 1
    first, rest = divmod(letters, ports)
    above = "|".join(f"<i{i}> {'x' * (first + (i < rest))}" for i in range(ports))
    record = f"{{{{{above}}}|<o> {'x' * letters}}}" + (f"|{_room(chips)}" if chips else "")
    return f'{name} [label="{record}", height={height / 72:.4f}];'


def _size(node: Node, texts: Texts) -> tuple[float, float, float]:
    """Width of the box, width of the saved tensors beside it, height."""
    if node.kind == "tag":
        return texts.labels[node.id] + 12, 0.0, 18.0
    width = max(texts.labels[node.id], texts.details[node.id], 44.0) + 2 * PAD
    chips = max(
        (text_width(f"{chip.label} v{chip.version}", SMALL) + CHIP_SIGN + 12 for chip in node.chips), default=0.0
    )
    return width, chips, max(HEIGHT, CHIP * len(node.chips) + 4)


def _room(width: float) -> str:
    return "x" * math.ceil(width / UNIT)


@dataclass
class Texts:
    """The width of the longest text of each node's two lines, and of each edge, over all the steps."""

    labels: dict[str, float]
    details: dict[str, float]
    gradients: dict[str, float]  # only of edges that a gradient travels


def _longest(trace: Trace) -> Texts:
    labels = {node.id: text_width(node.label, LABEL) for node in trace.nodes}
    details = {node.id: text_width(node.detail, SMALL) for node in trace.nodes}
    gradients = {edge.id: text_width(edge.gradient, SMALL) for edge in trace.edges if edge.gradient}
    for step in trace.steps:
        for name, attribute, value in step.changes:
            if attribute == "label" and name in labels:
                labels[name] = max(labels[name], text_width(value, LABEL))
            elif attribute == "detail":
                details[name] = max(details[name], text_width(value, SMALL))
            elif attribute == "gradient" and value is not None:
                gradients[name] = max(gradients.get(name, 0.0), text_width(value, SMALL))
            elif attribute == "failed" and step.error:
                # the stepper writes this in the node's second line (failureText)
                text = step.error.split(":")[0] + (f" · line {trace.line_name(step.line)}" if step.line else "")
                details[name] = max(details[name], text_width(text, SMALL))
    return Texts(labels, details, gradients)


def _tagged(trace: Sheet, big: int = BIG) -> dict[str, str]:
    """The edges that start at a tag with the leaf's name instead of at the leaf itself."""
    if len(trace.nodes) < big:
        return {}
    uses = Counter(edge.source for edge in trace.edges)
    shared = {node.id: node.label for node in trace.nodes if node.kind == "leaf" and uses[node.id] > SHARED_USES}
    return {edge.id: shared[edge.source] for edge in trace.edges if edge.source in shared}


def _tag_size(name: str) -> tuple[float, float]:
    return text_width(name, SMALL) + 12, 18.0


def _path(points: list[tuple[float, float]]) -> str:
    start, *rest = ([f"{_round(x):g}", f"{_round(y):g}"] for x, y in points)
    return f"M{start[0]} {start[1]}C" + " ".join(f"{x} {y}" for x, y in rest)


def _numbers(path: str) -> list[float]:
    return [float(n) for n in path[1:].replace("C", " ").split()]


def _smooth(trace: Sheet, tagged: dict[str, str]) -> None:
    """Draw the edges again, calmer than Graphviz does.

    Edges leave the bottom of a box side by side, in the order of where they go, and enter the next one
    straight from above. Where no box stands between, a curve needs no more than its ends and the point
    where it passes the room of its gradient; other edges keep Graphviz's way around the boxes.
    """
    rows: defaultdict[int, list[list[float]]] = defaultdict(list)  # boxes by where they are, to find those near
    for node in trace.nodes:
        left, top, width, height = node.box or [0.0] * 4
        for row in range(int(top // ROW), int((top + height) // ROW) + 1):
            rows[row].append([left, top, left + width, top + height])

    def free(x: float, y: float, u: float, v: float) -> bool:
        near = (box for row in range(int(y // ROW), int(v // ROW) + 1) for box in rows[row])
        left, right = min(x, u) - 24, max(x, u) + 24
        return not any(a < right and c > left and b < v - 1 and d > y + 1 for a, b, c, d in near)

    boxes = {node.id: node.box or [0.0, 0.0, 0.0, 0.0] for node in trace.nodes}
    leaving: defaultdict[str, list[tuple[float, Edge, list[float]]]] = defaultdict(list)
    for edge in trace.edges:
        numbers = _numbers(edge.path)
        if edge.id in tagged:
            edge.path = _path(_vertical_ends(numbers, numbers[0], numbers[1]))
        else:
            leaving[edge.source].append((_x_at(numbers, numbers[1] + 20), edge, numbers))
    for source, group in leaving.items():
        left, top, width, height = boxes[source]
        gap = min(40.0, width / (len(group) + 1))
        group.sort(key=lambda item: item[0])
        for number, (_, edge, numbers) in enumerate(group):
            x = left + width / 2 + gap * (number - (len(group) - 1) / 2)
            y = top + height
            if 0 < numbers[-1] - y < NEIGHBOURS and free(x, y, numbers[-2], numbers[-1]):
                edge.path = _path(_curve((x, y), (numbers[-2], numbers[-1]), edge.label_at, numbers))
            else:
                edge.path = _path(_vertical_ends(numbers, x, y))


def _part_twins(trace: Sheet, texts: Texts) -> None:
    """Where two edges join the same boxes (``x * x``), the gradient of the first stands at its left: Graphviz puts it
    between them and leads the edge around it."""
    boxes = {node.id: node.box or [0.0] * 4 for node in trace.nodes}
    seen: dict[tuple[str, str], Edge] = {}
    most_left = MARGIN
    for edge in trace.edges:
        first = seen.setdefault((edge.source, edge.target), edge)
        if first is edge or not edge.source or not (first.label_at and edge.label_at) or first.argument > edge.argument:
            continue
        left, _, width, _ = boxes[edge.source]
        start = left + width / 2 - min(40.0, width / 3) / 2
        middle = (start + float(first.path.split()[-2])) / 2
        y, room = first.label_at[1], texts.gradients[first.id]
        x = middle - 8 - room / 2
        near = ((other, other.label_at) for other in trace.edges if other is not first and other.label_at)
        if all(
            abs(v - y) > 14 or u - texts.gradients[e.id] / 2 > middle or u + 60 < x - room / 2 for e, (u, v) in near
        ):
            first.label_at = [_round(x), y]
            most_left = min(most_left, x - room / 2)
    if most_left < MARGIN:
        _shift(trace, MARGIN - most_left)


def _shift(trace: Sheet, by: float) -> None:
    """Move everything to the right, and make the picture so much wider."""
    trace.width = _round(trace.width + by)
    for at in (
        *(at for node in trace.nodes for at in (node.box, node.chip_at)),
        *(at for edge in trace.edges for at in (edge.label_at, edge.tag_at)),
    ):
        if at:
            at[0] = _round(at[0] + by)
    for edge in trace.edges:
        numbers = _numbers(edge.path)
        edge.path = _path([(x + by, y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)])


BEND = 24.0  # how far a longer edge runs straight down before it turns
NEIGHBOURS = 110.0  # a longer edge passes a rank of boxes
ROW = 100.0


def _curve(
    start: tuple[float, float], end: tuple[float, float], label_at: list[float] | None, numbers: list[float]
) -> list[tuple[float, float]]:
    (x, y), (u, v) = start, end
    half = [start, (x, y + 0.5 * (v - y)), (u, v - 0.5 * (v - y)), end]
    if not label_at:
        return half
    # As straight as its room lets it be: the slanted line must clear the room's whole height, at its right.
    h = label_at[1]
    beside = _x_at(numbers, h)
    slope = 1.5 * (u - x) / (v - y)
    w = min(max((x + u) / 2, beside - 22), beside - 7 * abs(slope))
    if not min(x, u) <= w <= max(x, u):  # too flat for that: no detour, but down beside its room
        w, slope = u, 0.0
    if label_at[0] < (x + u) / 2:  # the room is at the left (_part_twins)
        w = (x + u) / 2
    if abs(w - (x + u) / 2) < 1:
        return half
    a, b = 0.5 * (h - y), 0.5 * (v - h)
    first = [start, (x, y + a), (w - slope * a * 0.6, h - a * 0.6), (w, h)]
    return [*first, (w + slope * b * 0.6, h + b * 0.6), (u, v - b), end]


def _vertical_ends(numbers: list[float], x: float, y: float) -> list[tuple[float, float]]:
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    points[0] = (x, y)
    points[1] = (x, y + min(0.45 * (points[3][1] - y), BEND))
    u, v = points[-1]
    points[-2] = (u, v - min(0.45 * (v - points[-4][1]), BEND))
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
