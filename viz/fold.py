"""A smaller graph for the eye: modules as boxes, repeated parts drawn once, the rest cut; nothing is folded silently.

All of it is one operation, ``merged``: nodes with the same key become one. The key is a module's path, or a place in
a pattern that repeats. What was done stands in ``graph.note``, which the picture shows.
"""

from __future__ import annotations

import bisect
import heapq
import itertools
import math
import re
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .graph import Graph, TensorNode
from .names import Names
from .texts import say
from .trace import Edge, Group, Link, Node, Trace

_LONGEST_PATTERN = 500  # nodes in a part that repeats
_FEWEST_REPEATS = 3
# A parameter seen through one of these is still the parameter.
_VIEWS = {
    f"{name}Backward0" for name in ("T", "Transpose", "Permute", "View", "Expand", "Unsqueeze", "Select", "Slice")
}


@dataclass(slots=True)
class Box:
    """Something drawn in place of many nodes: a module, or what is left out."""

    label: str
    role: str = "module"


@dataclass(slots=True)
class Cluster:
    """A frame around nodes, with a label: a module that is open, or a part that repeats."""

    label: str
    members: list[int] = field(default_factory=list)
    inside: str = ""  # the key of the cluster around this one


def merged(graph: Graph, key: Callable[[int], Hashable], node: Callable[[Hashable, list[int]], Any]) -> Graph:
    """``graph`` with the nodes of one key drawn as one.

    Args:
        key: a node's number to its key; None for a node that stays as it is.
        node: a key and the numbers of its nodes to what is drawn for them.
    """
    keys = [(number,) if found is None else found for number, found in ((n, key(n)) for n in range(len(graph.nodes)))]
    members: dict[Hashable, list[int]] = {}
    for number, found in enumerate(keys):
        members.setdefault(found, []).append(number)
    places = {found: place for place, found in enumerate(members)}
    small = Graph(())
    small.kinds = graph.kinds
    for place, (found, numbers) in enumerate(members.items()):
        first = numbers[0]
        small.nodes.append(graph.nodes[first] if found == (first,) else node(found, numbers))
        if born := [graph.ages[n] for n in numbers if n in graph.ages]:
            small.ages[place] = min(born)
        if first in graph.paths:
            small.paths[place] = graph.paths[first]
    seen = set()
    for source, target, feeds in graph.edges:
        a, b = places[keys[source]], places[keys[target]]
        boxes = isinstance(small.nodes[a], Box) or isinstance(small.nodes[b], Box)
        edge = (a, b, 0 if boxes and isinstance(feeds, int) else feeds)
        if edge not in seen and not (a == b and boxes):
            seen.add(edge)
            small.edges.append(edge)
    return small


# Modules


def find_modules(graph: Graph, seen: Mapping[int, str]) -> None:
    """Fill ``graph.paths``: the module each node belongs to.

    It is what a recorder saw, where it saw any (``seen``, by id). Else it is read off the parameters' names: a
    function belongs to the module whose parameters it uses; one that uses none, to the innermost module around those
    that ran just before and after it.
    """
    users: dict[int, list[int]] = {}
    paths: dict[int, str] = {}
    for source, target, feeds in graph.edges:
        users.setdefault(source, []).append(target)
        if feeds == "leaf" and "." in graph.nodes[source].name:
            paths[target] = graph.nodes[source].name.rpartition(".")[0]
    functions = sorted(graph.ages, key=graph.ages.__getitem__)
    recorded = {n: seen[id(graph.nodes[n])] for n in functions if id(graph.nodes[n]) in seen}
    if recorded:
        roots = {path.partition(".")[0] for path in recorded.values()}
        paths = {n: path.partition(".")[2] if len(roots) == 1 else path for n, path in recorded.items()}
    elif paths:
        used: dict[int, list[str]] = {}  # whose parameters a function uses
        for parameter in (*paths, *functions):
            if parameter in used:
                paths[parameter] = _common(used[parameter])
            if parameter in paths and (parameter not in used or graph.kind(graph.nodes[parameter]).name in _VIEWS):
                for user in users.get(parameter, ()):
                    used.setdefault(user, []).append(paths[parameter])
        known = [n for n in functions if n in paths]
        for n in functions:
            if n not in paths:
                after = bisect.bisect(known, graph.ages[n], key=graph.ages.__getitem__)
                around = known[max(after - 1, 0) : after + 1]
                paths[n] = _common(paths[k] for k in around) if len(around) == 2 else ""
    accumulators = [n for n, node in enumerate(graph.nodes) if not isinstance(node, TensorNode) and n not in graph.ages]
    for number in accumulators:  # a leaf, its accumulator and what is saved stand with those that use them
        paths[number] = _common(paths.get(user, "") for user in users.get(number, ()))
    for number, node in enumerate(graph.nodes):
        if isinstance(node, TensorNode) and node.role in ("leaf", "saved"):
            paths[number] = _common(paths.get(user, "") for user in users.get(number, ()))
    graph.paths = {n: path for n, path in paths.items() if path}


def _common(paths: Iterable[str]) -> str:
    """The innermost module around all of these."""
    return ".".join(_beginning([path.split(".") if path else [] for path in paths]))


def with_modules(graph: Graph, depth: int, kinds: Mapping[str, str]) -> Graph:
    """Each module ``depth`` levels down as a box."""

    def box(number: int) -> Hashable:
        parts = graph.paths.get(number, "").split(".")
        return ".".join(parts[:depth]) if len(parts) >= depth and parts[0] else None

    def draw(path: Any, numbers: list[int]) -> Box:
        nodes = [graph.nodes[n] for n in numbers]
        count = sum(_computes(graph, n) for n in numbers)
        size = sum(n.tensor.numel() for n in nodes if isinstance(n, TensorNode) and n.role == "leaf")
        facts = [f"{count:,} operation{'s' * (count != 1)}"] + ([f"{size:,} parameters"] if size else [])
        return Box(f"{_title(path, kinds)}\n{', '.join(facts)}")

    return merged(graph, box, draw)


def frame_modules(graph: Graph, kinds: Mapping[str, str], depth: int) -> None:
    """Frames around the nodes of each module, at most ``depth`` levels of them."""
    for number, path in graph.paths.items():
        parts = path.split(".")[:depth]
        for level in range(1, len(parts) + 1):
            name = ".".join(parts[:level])
            graph.clusters.setdefault(name, Cluster(_title(name, kinds), inside=".".join(parts[: level - 1])))
        if parts:
            graph.clusters[".".join(parts)].members.append(number)


def _title(path: str, kinds: Mapping[str, str]) -> str:
    """A module's path, and its class where that is known: ``layer1 (Linear)``."""
    return f"{path} ({kinds[path]})" if path in kinds else path


# Repetition


def with_repeats_once(graph: Graph) -> Graph:
    """Parts that follow each other three times or more, operation for operation, are drawn once, marked ``× 12``."""
    line = [n for n, node in enumerate(graph.nodes) if isinstance(node, Box) or _computes(graph, n)]
    line.sort(key=lambda n: graph.ages.get(n, 0))
    runs = _runs([_likeness(graph, n) for n in line])
    if not runs:
        return graph
    turns: dict[int, tuple[int, int]] = {}  # the run and the repetition a node belongs to
    keys: dict[int, Hashable] = {}
    for run, (start, period, count) in enumerate(runs):
        for place in range(period * count):
            turns[line[start + place]] = run, place // period
            keys[line[start + place]] = run, place % period
    # What one repetition alone uses (its leaves, what it saved) goes with it: told apart by who uses it as which.
    uses: dict[int, list[tuple[int, int]]] = {}
    used: dict[int, int] = {}
    for source, target, _ in graph.edges:
        if source not in keys and not _computes(graph, source):
            used[target] = used.get(target, 0) + 1
            uses.setdefault(source, []).append((target, used[target]))
    tensors = [n for n in uses if isinstance(graph.nodes[n], TensorNode)]
    for group in ([n for n in uses if not isinstance(graph.nodes[n], TensorNode)], tensors):  # accumulators come first
        alike: dict[Hashable, list[int]] = {}
        for number in group:
            found = {turns.get(user) for user, _ in uses[number]}
            if len(found) == 1 and None not in found:
                user, place = uses[number][0]
                alike.setdefault((keys[user], place), []).append(number)
        for key, numbers in alike.items():
            turn = turns[uses[numbers[0]][0][0]]
            if len(numbers) == runs[turn[0]][2]:  # every repetition has one
                for number in numbers:
                    keys[number], turns[number] = key, turns[uses[number][0][0]]

    def draw(_: Hashable, numbers: list[int]) -> Any:
        first = graph.nodes[numbers[0]]
        if isinstance(first, TensorNode):
            name = _pattern([graph.nodes[n].name for n in numbers])
            return TensorNode(first.role, name, first.tensor, first.state)
        if isinstance(first, Box):
            titles = [graph.nodes[n].label.partition("\n")[0] for n in numbers]
            return Box(_pattern(titles) + "\n" + first.label.partition("\n")[2])
        return first

    small = merged(graph, keys.get, draw)
    places = {key: place for place, key in enumerate(dict.fromkeys(keys.get(n, (n,)) for n in range(len(graph.nodes))))}
    run_of = {keys[n]: run for n, (run, _) in turns.items()}
    for key, place in places.items():
        if key in run_of:
            _, _, count = runs[run_of[key]]
            frame = small.clusters.setdefault(f"×{run_of[key]}", Cluster(f"× {count:,}"))
            frame.members.append(place)
    within = {(keys.get(a), keys.get(b)) for a, b, _ in graph.edges if turns.get(a) == turns.get(b)}
    for source, target, _ in graph.edges:  # from one repetition to the next
        a, b = keys.get(source), keys.get(target)
        if a is not None and b is not None and run_of[a] == run_of[b] and (a, b) not in within:
            small.loops.add((places[a], places[b]))
    return small


def _computes(graph: Graph, number: int) -> bool:
    """Whether this is an operation's function, and no tensor, leaf's accumulator or box."""
    node = graph.nodes[number]
    return not isinstance(node, TensorNode | Box) and not graph.kind(node).has_variable


def _likeness(graph: Graph, number: int) -> str:
    """What two nodes have in common that may be drawn as one."""
    node = graph.nodes[number]
    return re.sub(r"\d+", "#", node.label, count=1) if isinstance(node, Box) else graph.kind(node).name


def note_ages(graph: Graph) -> None:
    """Fill ``graph.ages``: when each operation's function was made, as a number that rises."""
    for number in range(len(graph.nodes)):
        if _computes(graph, number):
            graph.ages[number] = graph.nodes[number]._sequence_nr()


def _runs(names: list[str]) -> list[tuple[int, int, int]]:
    """The parts of a sequence that repeat: where each begins, how long its pattern is, how often it comes."""
    codes = {name: code for code, name in enumerate(dict.fromkeys(names))}
    line = np.array([codes[name] for name in names])
    free = np.ones(len(line), bool)
    runs: list[tuple[int, int, int]] = []
    longest = min(len(line) // _FEWEST_REPEATS, _LONGEST_PATTERN)
    while True:
        best = (0, 0, 0)
        gain = 0
        for period in range(1, longest + 1):
            same = (line[period:] == line[:-period]) & free[period:] & free[:-period]
            starts, ends = np.flatnonzero(np.diff(same, prepend=False, append=False)).reshape(-1, 2).T
            counts = (ends - starts) // period + 1
            saved = np.where(counts >= _FEWEST_REPEATS, (counts - 1) * period, 0)
            if saved.size and saved.max() > gain:
                place = int(saved.argmax())
                gain, best = int(saved[place]), (int(starts[place]), period, int(counts[place]))
        if gain < 4:
            return sorted(runs)
        runs.append(best)
        free[best[0] : best[0] + best[1] * best[2]] = False


def _pattern(names: list[str]) -> str:
    """One name for several: ``blocks.*.weight``."""
    unlike = list(dict.fromkeys(names))
    if len(unlike) == 1:
        return unlike[0]
    start = "".join(_beginning(unlike))
    end = "".join(_beginning([name[len(start) :][::-1] for name in unlike]))[::-1]
    return f"{start}*{end}" if start or end else ""


def _beginning(sequences: Sequence[Sequence[str]]) -> list[str]:
    """What all of them begin with."""
    return [same[0] for same in itertools.takewhile(lambda found: len(set(found)) == 1, zip(*sequences, strict=False))]


# The rest


def folded(graph: Graph, names: Names, depth: int | None = None, fold: bool = False) -> Graph:
    """The graph as asked for: modules open down to ``depth``, repeated parts drawn once."""
    note_ages(graph)
    find_modules(graph, names.paths)
    small = graph
    if depth is not None:
        small = with_modules(graph, depth, names.kinds)
    if fold:
        small = with_repeats_once(small)
    if depth is not None and not small.clusters:
        frame_modules(small, names.kinds, depth - 1)
    return small


def fitting(graph: Graph, names: Names, limit: int) -> Graph:
    """A picture of at most ``limit`` nodes, with a note that says what was done to the others."""
    small = folded(graph, names, fold=True)
    done = "parts that repeat are drawn once"
    deepest = max((path.count(".") + 1 for path in graph.paths.values()), default=0)
    for depth in range(deepest, 0, -1):
        if len(small.nodes) <= limit:
            break
        small, done = folded(graph, names, depth, fold=True), f"modules are folded (depth={depth})"
    if len(small.nodes) > limit:
        small, done = cut(small, limit), f"only those nearest the output are drawn (limit={limit})"
    small.note = f"{len(graph.nodes):,} nodes, drawn as {len(small.nodes):,}: {done}"
    return small


def cut(graph: Graph, limit: int) -> Graph:
    """The ``limit`` nodes nearest the outputs; a box stands for the rest."""
    before: dict[int, list[int]] = {}
    used: set[int] = set()
    for source, target, _ in graph.edges:
        before.setdefault(target, []).append(source)
        used.add(source)
    queue = deque(n for n in range(len(graph.nodes)) if n not in used)
    kept: set[int] = set(queue)
    while queue and len(kept) < limit:
        for source in before.get(queue.popleft(), ()):
            if source not in kept and len(kept) < limit:
                kept.add(source)
                queue.append(source)
    left = len(graph.nodes) - len(kept)
    return merged(graph, lambda n: None if n in kept else "rest", lambda *_: Box(f"… {left:,} more", "cut"))


# A recorded run, folded for the stepper


READABLE = 120  # nodes; a run of more is folded
BRANCHES = 24  # boxes in one picture; more are put together
FEWEST = 3  # nodes in a group
MOST_DRAWN = 3000  # nodes; beyond, groups stay shut


@dataclass(eq=False, slots=True)
class Part:
    """Nodes that are drawn as one: a module, a loop, one of its passes, a line."""

    kind: str
    label: str
    items: list[Part | Node]
    unit: int = 1  # so many items belong together: those of one pass
    first: int = 1  # the number of the first pass in it

    def nodes(self) -> list[Node]:
        return [node for item in self.items for node in (item.nodes() if isinstance(item, Part) else [item])]


def fold_run(trace: Trace) -> None:
    """Give a trace its groups and links: by module, by loop, by line, and whatever is still long in parts.

    Every group is a stretch of the program's course, or of one kind of leaf, so a picture of groups has no circles.
    """
    fed = {edge.target for edge in trace.edges}
    ordered = _course(trace)
    shapes = _Shapes(trace)
    top = shapes.arranged([node for node in ordered if node.id in fed], 0)
    _number(trace, top, [node for node in ordered if node.id not in fed])
    _link(trace)


def _course(trace: Trace) -> list[Node]:
    """The nodes in the order they were made, and none before what it was made from."""
    places = {node.id: place for place, node in enumerate(trace.nodes)}
    waiting = [0] * len(places)
    users: list[list[int]] = [[] for _ in places]
    for edge in trace.edges:
        waiting[places[edge.target]] += 1
        users[places[edge.source]].append(places[edge.target])
    ready = [place for place, count in enumerate(waiting) if not count]
    order = []
    while ready:
        place = heapq.heappop(ready)
        order.append(trace.nodes[place])
        for user in users[place]:
            waiting[user] -= 1
            if not waiting[user]:
                heapq.heappush(ready, user)
    return order


class _Shapes:
    """Finds the parts of a stretch of a run."""

    def __init__(self, trace: Trace) -> None:
        self.line_name = trace.line_name
        self.paths = {node.id: node.group.split(".") if node.group else [] for node in trace.nodes}

    def arranged(self, nodes: Sequence[Part | Node], depth: int) -> list[Part | Node]:
        return self.few(self.lines(self.loops(self.modules(nodes, depth))), 1, 1)

    def modules(self, nodes: Sequence[Part | Node], depth: int) -> list[Part | Node]:
        """The stretches that one module made, each as a part."""
        made: list[Part | Node] = []
        for path, stretch in itertools.groupby(nodes, lambda node: self._path(node, depth)):
            members = list(stretch)
            if path and len(members) >= FEWEST:
                label = ".".join(path if path[1:] and path[1].isdigit() else path[1:] or path)
                made.append(_single(Part("module", label, self.arranged(members, depth + 1))))
            else:
                made += members
        return made

    def _path(self, node: Part | Node, depth: int) -> list[str]:
        path = self.paths[node.id] if not isinstance(node, Part) else []
        return path[: depth + 1] if len(path) > depth else []

    def loops(self, items: Sequence[Part | Node]) -> list[Part | Node]:
        """What is repeated, line for line, as one part that holds its passes."""
        made: list[Part | Node] = []
        end = 0
        for start, period, count in _runs([self._alike(item) for item in items]) if len(items) > FEWEST else ():
            stretch = items[start : start + period * count]
            if len(_nodes(stretch)) < 2 * FEWEST + 2:
                continue
            made += items[end:start]
            end = start + period * count
            passes: list[Part | Node] = list(stretch)
            unit = period
            if len(_nodes(stretch[:period])) > FEWEST and period > 1:
                unit = 1
                passes = [
                    Part("pass", say("fold.pass", number=n + 1), self.arranged(stretch[n * period :][:period], 99))
                    for n in range(count)
                ]
            made.append(_single(Part("loop", f"× {count:,}", self.few(passes, unit, 1), unit)))
        return [*made, *items[end:]]

    def _alike(self, item: Part | Node) -> str:
        if isinstance(item, Part):
            return f"{item.kind} {re.sub(r'[0-9]+', '#', item.label)}"
        return f"{item.label if item.kind == 'operation' else item.kind} {item.line}"

    def lines(self, items: Sequence[Part | Node]) -> list[Part | Node]:
        """In a long stretch, what one line made."""
        if len(items) <= BRANCHES:
            return list(items)
        made: list[Part | Node] = []
        for line, stretch in itertools.groupby(items, lambda item: None if isinstance(item, Part) else item.line):
            members = list(stretch)
            if line and len(members) >= FEWEST:
                label = say("fold.line", line=self.line_name(line))
                made.append(Part("lines", label, self.few(members, 1, 1)))
            else:
                made += members
        return made

    def few(self, items: list[Part | Node], unit: int, first: int) -> list[Part | Node]:
        """Many items put together, so that no picture holds more than can be looked at."""
        turns = len(items) // unit
        if len(items) <= BRANCHES or turns < 2:
            return items
        levels = math.ceil(math.log(max(turns, 2), BRANCHES))
        size = math.ceil(turns / math.ceil(turns ** (1 / max(levels, 2))))
        passes = unit > 1 or all(isinstance(item, Part) and item.kind in ("pass", "module") for item in items)
        made: list[Part | Node] = []
        for start in range(0, turns, size):
            last = start + size >= turns
            members = items[start * unit :] if last else items[start * unit : (start + size) * unit]
            begin, end = first + start, first + min(start + size, turns) - 1
            if passes:
                label = say("fold.passes", first=begin, last=end) if begin < end else say("fold.pass", number=begin)
            else:
                label = self._between(members)
            made.append(Part("lines", label, self.few(members, unit, begin), unit, begin))
        return made

    def _between(self, items: Sequence[Part | Node]) -> str:
        lines = [node.line for node in _nodes(items) if node.line]
        if not lines:
            return say("fold.part")
        first, last = self.line_name(min(lines)), self.line_name(max(lines))
        return say("fold.line", line=first) if first == last else say("fold.lines", first=first, last=last)


def _nodes(items: Iterable[Part | Node]) -> list[Node]:
    return [node for item in items for node in (item.nodes() if isinstance(item, Part) else [item])]


def _single(part: Part) -> Part:
    """A part that holds a single other one is that other one, with both labels."""
    if len(part.items) == 1 and isinstance(inner := part.items[0], Part):
        part.label, part.items, part.kind = f"{part.label} {inner.label}", inner.items, inner.kind
    return part


def _number(trace: Trace, top: list[Part | Node], leaves: list[Node]) -> None:
    """Make the groups, outermost first, and tell every node where it stands; leaves go where all their users are."""
    trace.groups = []
    waiting: list[tuple[Part, str]] = [(item, "") for item in reversed(top) if isinstance(item, Part)]
    for item in top:
        if not isinstance(item, Part):
            item.inside = ""
    above: dict[str, list[str]] = {"": []}
    drawn = 0
    while waiting:
        part, inside = waiting.pop()
        name = f"g{len(trace.groups)}"
        nodes = part.nodes()
        count = sum(node.kind != "output" for node in nodes)
        drawn += len(part.items)
        shut = drawn > MOST_DRAWN or (bool(inside) and any(g.id == inside and g.shut for g in trace.groups))
        above[name] = [*above[inside], name]
        detail = say("fold.count" if count != 1 else "fold.count.one", count=f"{count:,}")
        trace.groups.append(Group(name, part.kind, part.label, detail, inside, shut=shut))
        for item in part.items:
            if not isinstance(item, Part):
                item.inside = name
        waiting += [(item, name) for item in reversed(part.items) if isinstance(item, Part)]
    _place_leaves(trace, leaves, above)
    _open(trace)
    if shut_count := sum(group.shut for group in trace.groups):
        trace.notes.append(say("fold.shut", count=f"{shut_count:,}", nodes=f"{len(trace.nodes):,}"))


def _place_leaves(trace: Trace, leaves: list[Node], above: dict[str, list[str]]) -> None:
    inside = {node.id: node.inside for node in trace.nodes}
    users: dict[str, list[list[str]]] = {}
    for edge in trace.edges:
        users.setdefault(edge.source, []).append(above[inside[edge.target]])
    by_place: dict[str, list[Node]] = {}
    kinds = {group.id: group.kind for group in trace.groups}
    for leaf in leaves:
        around = _beginning(users.get(leaf.id, [[]]))
        # What several passes share was there before the loop, and stands outside it.
        loops = [level for level, name in enumerate(around) if kinds[name] == "loop"]
        if loops and not any(kinds[name] in ("pass", "module") for name in around[loops[-1] + 1 :]):
            around = around[: loops[-1]]
        leaf.inside = around[-1] if around else ""
        by_place.setdefault(leaf.inside, []).append(leaf)
    for place, members in by_place.items():
        if len(members) > BRANCHES:  # a picture of its own for so many
            name = f"g{len(trace.groups)}"
            label = say("fold.leaves", count=f"{len(members):,}")
            trace.groups.append(Group(name, "leaves", label, "", place))
            above[name] = [*above[place], name]
            for leaf in members:
                leaf.inside = name


OPEN_AT_FIRST = 26  # boxes in all


def _open(trace: Trace) -> None:
    """Open what can be opened without the picture growing too large, from the outside in."""
    inside: dict[str, int] = {}
    for place in [node.inside for node in trace.nodes] + [group.inside for group in trace.groups]:
        inside[place] = inside.get(place, 0) + 1
    depths = {"": 0}
    for group in trace.groups:
        depths[group.id] = depths[group.inside] + 1
    holders = {group.inside for group in trace.groups}
    seen, opened = inside.get("", 0), {""}
    for group in sorted(trace.groups, key=lambda group: depths[group.id]):
        more = inside.get(group.id, 0) - 1
        whole = group.kind in ("module", "loop") and not group.shut
        if whole and group.inside in opened and group.id in holders and seen + more <= OPEN_AT_FIRST:
            group.open = True
            opened.add(group.id)
            seen += more


def _link(trace: Trace) -> None:
    """The lines that stand for edges from one group to another."""
    groups = {group.id: group for group in trace.groups}
    nodes = {node.id: node for node in trace.nodes}
    names = {tensor.id: tensor.symbol or tensor.name for tensor in trace.tensors}

    def path(node: Node) -> list[str]:
        found = [node.id]
        inside = node.inside
        while inside:
            found.append(inside)
            inside = groups[inside].inside
        return found[::-1]

    paths = {node.id: path(node) for node in trace.nodes}
    links: dict[tuple[str, str, str, str, str, int], Link] = {}

    def add(edge: Edge, inside: str, source: str, target: str, tag: str = "", other: str = "") -> None:
        argument = edge.argument if target == edge.target else 0
        key = inside, source, target, tag, other, argument
        if key not in links:
            links[key] = Link("", [], inside, source, target, tag, argument)
        links[key].edges.append(edge.id)

    for edge in trace.edges:
        source, target = paths[edge.source], paths[edge.target]
        same = len(_beginning([source, target]))
        if len(source) == len(target) == same + 1:
            continue  # both stand in one picture
        add(edge, source[same - 1] if same else "", source[same], target[same])
        node = nodes[edge.source]
        come = names.get(node.tensor or "", "") or node.label
        if len(come) > TAG:
            come = _label(node if len(source) == same + 1 else groups[source[same]])
        to = _label(nodes[edge.target] if len(target) == same + 1 else groups[target[same]])
        for level in range(same, len(source) - 1):
            add(edge, source[level], source[level + 1], "", to, target[same])
        for level in range(same, len(target) - 1):
            add(edge, target[level], "", target[level + 1], come, edge.source)
    # What many boxes of a picture take from outside would be a thicket of tags: it is drawn where they are open.
    shared = Counter((key[0], key[4]) for key in links if not key[1] and key[2] in groups)
    kept = [link for key, link in links.items() if key[1] or key[2] not in groups or shared[key[0], key[4]] < SHARED]
    for number, link in enumerate(kept):
        link.id = f"l{number}"
    trace.links = kept


TAG = 16  # letters of the name on a tag
SHARED = 4  # boxes of one picture


def _label(item: Node | Group) -> str:
    return item.label
