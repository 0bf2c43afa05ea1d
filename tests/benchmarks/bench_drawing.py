"""Drawing: make_dot against torchviz on the same graphs, and the picture against torchviz with the program dot."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import viz
from tests.benchmarks import Workload

HAVE_TORCHVIZ = importlib.util.find_spec("torchviz") is not None
HAVE_DOT = shutil.which("dot") is not None


def graphs_of() -> ModuleType:
    """Whose graphs are drawn: PyTorch's, where torchviz can draw them too."""
    return importlib.import_module("torch" if HAVE_TORCHVIZ else "minigrad")


def chain(torch: ModuleType, nodes: int) -> Any:
    y = torch.tensor([1.0], requires_grad=True)
    for _ in range(nodes // 2):
        y = y * 0.9 + 0.1
    return y


def rnn(torch: ModuleType, nodes: int) -> Any:
    w, u, b = (torch.ones(*shape, requires_grad=True) for shape in ((3, 3), (2, 3), (3,)))
    h, x = torch.zeros(1, 3), torch.ones(1, 2)
    for _ in range(nodes // 5):
        h = (x @ u + h @ w + b).tanh()
    return h.sum()


Net = Callable[[ModuleType, int], Any]


def source(net: Net, nodes: int) -> Callable[[ModuleType], Callable[[], object]]:
    def make(_: ModuleType) -> Callable[[], object]:
        output = net(graphs_of(), nodes)
        return lambda: viz.make_dot(output)

    return make


def picture(net: Net, nodes: int) -> Callable[[ModuleType], Callable[[], object]]:
    def make(_: ModuleType) -> Callable[[], object]:
        output = net(graphs_of(), nodes)
        return lambda: viz.make_dot(output).pipe("svg")

    return make


def torchviz_source(net: Net, nodes: int) -> Callable[[], Callable[[], object]]:
    def make() -> Callable[[], object]:
        output, torchviz = net(graphs_of(), nodes), importlib.import_module("torchviz")
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 50 * nodes))  # torchviz recurses
        return lambda: torchviz.make_dot(output)

    return make


def torchviz_picture(net: Net, nodes: int) -> Callable[[], Callable[[], object]]:
    make_source = torchviz_source(net, nodes)

    def make() -> Callable[[], object]:
        draw = make_source()
        return lambda: draw().pipe("svg")  # type: ignore[attr-defined]

    return make


def a_tenth_of_a_second() -> Callable[[], object]:
    return lambda: time.sleep(0.1)


WORKLOADS = [
    Workload(
        f"make_dot, {net.__name__} of {nodes} nodes, against torchviz",
        source(net, nodes),
        goal=0.1,
        against=torchviz_source(net, nodes) if HAVE_TORCHVIZ else None,
    )
    for net in (chain, rnn)
    for nodes in (100, 1000, 3000)
] + [
    Workload(
        "SVG of an RNN of 300 nodes, against 0.1 s",
        picture(rnn, 300),
        goal=1.0,
        against=a_tenth_of_a_second,
        rounds=5,
    ),
]
if HAVE_TORCHVIZ and HAVE_DOT:
    WORKLOADS += [
        Workload(
            f"SVG of a chain of {nodes} nodes, against torchviz and dot",
            picture(chain, nodes),
            goal=1.0,
            against=torchviz_picture(chain, nodes),
            rounds=5,
        )
        for nodes in (10, 100, 1000, 3000)
    ]
