"""Graphs that torchviz draws, and what it drew: the yardstick for make_dot.

Each case builds its graph with the module it is given, PyTorch or minigrad. What torchviz 0.0.3 drew for PyTorch 2.13
is stored in goldens/torchviz.json, so that the tests need neither; `python -m tests.viz.torchviz_cases` renews it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

GOLDENS = Path(__file__).parent / "goldens" / "torchviz.json"

# (the output or outputs, names for make_dot's params)
Case = Callable[[Any], tuple[Any, dict[str, Any] | None]]
CASES: dict[str, Case] = {}


def case(build: Case) -> Case:
    CASES[build.__name__] = build
    return build


def leaf(torch: Any, *values: float) -> Any:
    return torch.tensor(list(values), requires_grad=True)


@case
def document_graph(torch):
    x, y = leaf(torch, 2.0), leaf(torch, 3.0)
    return (x + y) * (y - 2), {"x": x, "y": y}


@case
def unnamed(torch):
    x, y = leaf(torch, 2.0), leaf(torch, 3.0)
    return (x + y) * (y - 2), None


@case
def square(torch):
    a = leaf(torch, 2.0)
    return a * a, {"a": a}


@case
def square_of_intermediate(torch):
    a = leaf(torch, 2.0)
    b = a + 1
    return b * b, {"a": a}


@case
def power(torch):
    x = leaf(torch, 1.0, 2.0)
    return x**3, {"x": x}


@case
def polynomial(torch):
    x = torch.tensor(2.0, requires_grad=True)
    return x**2 + 3 * x + 1, {"x": x}


@case
def norm_by_hand(torch):
    x = leaf(torch, 1.0, 2.0)
    return (x * x).sum().sqrt(), {"x": x}


@case
def mean_of_squares(torch):
    x = torch.ones(2, 3, requires_grad=True)
    return (x**2).mean(), {"x": x}


@case
def exponential(torch):
    a, b = leaf(torch, 1.0), leaf(torch, 2.0)
    return (a.exp() * b + a).sum(), {"a": a, "b": b}


@case
def logarithm(torch):
    x = leaf(torch, 1.0, 2.0)
    return (x.log() / x).sum(), {"x": x}


@case
def branches(torch):
    x = leaf(torch, 1.0)
    y = x
    for i in range(4):
        y = y * 2 if i % 2 else -y
    return y, {"x": x}


@case
def diamond(torch):
    x = leaf(torch, 1.0, 2.0)
    h = x.exp()
    return (h.tanh() + h.relu()).sum(), {"x": x}


@case
def leaf_only(torch):
    x = leaf(torch, 1.0)
    return x, {"x": x}


@case
def no_graph(torch):
    return torch.ones(2, 3), None


@case
def scalar(torch):
    x = torch.tensor(3.0, requires_grad=True)
    return x * 1.0, None


@case
def two_outputs(torch):
    x = leaf(torch, 1.0, 2.0)
    h = x * 2
    return (h.sum(), h.exp()), {"x": x}


@case
def output_and_its_leaf(torch):
    x = leaf(torch, 1.0, 2.0)
    return (x * 2, x), {"x": x}


@case
def named_output(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 2
    return y, {"x": x, "y": y}


@case
def linear_regression(torch):
    x = torch.ones(4, 1)
    w, b = torch.ones(1, 1, requires_grad=True), torch.zeros(1, requires_grad=True)
    return ((x @ w + b - 2 * x) ** 2).mean(), {"w": w, "b": b}


@case
def mlp(torch):
    x = torch.ones(3, 4)
    params = {
        "layer1.weight": torch.ones(5, 4, requires_grad=True),
        "layer1.bias": torch.zeros(5, requires_grad=True),
        "layer2.weight": torch.ones(2, 5, requires_grad=True),
        "layer2.bias": torch.zeros(2, requires_grad=True),
    }
    h = (x @ params["layer1.weight"].t() + params["layer1.bias"]).relu()
    return (h @ params["layer2.weight"].t() + params["layer2.bias"]).sum(), params


@case
def rnn(torch):
    w, u, b = (torch.ones(*shape, requires_grad=True) for shape in ((3, 3), (2, 3), (3,)))
    h = torch.zeros(1, 3)
    for _ in range(3):
        h = (torch.ones(1, 2) @ u + h @ w + b).tanh()
    return h.sum(), {"w": w, "u": u, "b": b}


@case
def long_rnn(torch):
    w = torch.ones(2, 2, requires_grad=True)
    h = torch.ones(1, 2)
    for _ in range(40):  # many lines: the picture's size grows with them
        h = (h @ w).tanh()
    return h.sum(), {"w": w}


@case
def cnn(torch):
    image = torch.ones(1, 1, 6, 6)
    kernel, bias = torch.ones(2, 1, 3, 3, requires_grad=True), torch.zeros(2, requires_grad=True)
    h = torch.nn.functional.conv2d(image, kernel, bias).relu()
    h = torch.nn.functional.max_pool2d(h, 2)
    return h.flatten(1).sum(), {"conv.weight": kernel, "conv.bias": bias}


@case
def classifier(torch):
    x = torch.ones(3, 4)
    w = torch.ones(4, 2, requires_grad=True)
    return torch.nn.functional.cross_entropy(x @ w, torch.tensor([0, 1, 0])), {"w": w}


@case
def softmax(torch):
    x = torch.ones(2, 3, requires_grad=True)
    return x.softmax(dim=1).log().sum(), {"x": x}


@case
def custom_function(torch):
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 2 * x * grad

    x = leaf(torch, 1.0, 2.0)
    return Square.apply(x + 1).sum(), {"x": x}


@case
def custom_relu(torch):
    class Relu(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x > 0)
            return x.clamp(min=0)

        @staticmethod
        def backward(ctx, grad):
            return grad * ctx.saved_tensors[0]

    x = leaf(torch, -1.0, 2.0)
    return Relu.apply(x), {"x": x}


@case
def custom_function_saves_its_leaf(torch):
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    x = leaf(torch, 1.0, 2.0)
    return Double.apply(x), {"x": x}


@case
def view(torch):
    x = torch.ones(2, 3, requires_grad=True)
    y = x * 2
    return y.view(6), {"x": x}


@case
def view_of_leaf(torch):
    x = torch.ones(2, 3, requires_grad=True)
    return x.reshape(3, 2), {"x": x}


@case
def view_of_view(torch):
    x = torch.ones(2, 3, requires_grad=True)
    return (x * 2).view(6)[1:4], {"x": x}


@case
def row(torch):
    x = torch.ones(2, 3, requires_grad=True)
    return (x * x)[0].sum(), {"x": x}


@case
def inplace(torch):
    x = leaf(torch, 1.0, 2.0)
    y = x * 2
    y += 1
    return y.exp(), {"x": x}


@case
def copy_slices(torch):
    x = torch.ones(3, requires_grad=True)
    y = torch.zeros(3)
    y[0] = x[0] * 2
    return y, {"x": x}


@case
def concatenated(torch):
    a, b = leaf(torch, 1.0), leaf(torch, 2.0)
    return torch.cat([a, b, a]), {"a": a, "b": b}


@case
def stacked(torch):
    a, b = leaf(torch, 1.0), leaf(torch, 2.0)
    return torch.stack([a, b]).sum(dim=0), {"a": a, "b": b}


@case
def where(torch):
    x = leaf(torch, -1.0, 2.0)
    return torch.where(x > 0, x, x * 0.1).sum(), {"x": x}


@case
def huber(torch):
    error = leaf(torch, 0.5, 3.0)
    small = error.abs() < 1
    return torch.where(small, 0.5 * error**2, error.abs() - 0.5).mean(), {"error": error}


@case
def second_derivative(torch):
    x = leaf(torch, 2.0)
    (grad,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    return grad, {"x": x}


@case
def gradient_and_output(torch):
    x = leaf(torch, 2.0)
    y = x.exp() * x
    (grad,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    return (grad, y), {"x": x}


@case
def after_detach(torch):
    x = leaf(torch, 2.0)
    y = x * 2
    return y.detach() * x, {"x": x}


# A picture as a graph.

STATEMENT = re.compile(r'\t(\d+)(?: -> (\d+))?(?: \[((?:[^"\]]|"(?:[^"\\]|\\.)*")*)\])?\n')
ATTRIBUTE = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s"]+)')


def parse(source: str) -> tuple[dict[str, dict[str, str]], list[tuple[str, str, dict[str, str]]], str]:
    """Nodes with their attributes (a later statement wins), edges, and the size, of a source with numbers for ids."""
    nodes: dict[str, dict[str, str]] = {}
    edges = []
    for start, end, attributes in STATEMENT.findall(source):
        found = {key: value.strip('"') for key, value in ATTRIBUTE.findall(attributes)}
        for name in filter(None, (start, end)):
            nodes.setdefault(name, {})
        if end:
            edges.append((start, end, found))
        else:
            nodes[start].update(found)
    size = re.search(r'graph \[size="([^"]*)"', source)
    return nodes, edges, size[1] if size else ""


def shape_of(source: str) -> dict[str, Any]:
    """What two sources of the same graph have in common, whatever their ids and the order of their lines."""
    nodes, edges, size = parse(source)
    colors = {name: json.dumps(sorted(found.items())) for name, found in nodes.items()}
    text = {name: f"{found.get('label')} {found.get('fillcolor', '')}" for name, found in nodes.items()}
    # Refine each node's colour by its neighbours' until all that can differ does.
    for _ in range(min(len(nodes), 60)):
        around: dict[str, list[str]] = {name: [] for name in nodes}
        for start, end, found in edges:
            around[end].append(f"< {colors[start]} {sorted(found.items())}")
            around[start].append(f"> {colors[end]} {sorted(found.items())}")
        colors = {
            name: hashlib.sha1(json.dumps([colors[name], *sorted(around[name])]).encode()).hexdigest() for name in nodes
        }
    return {
        "size": size,
        "nodes": dict(sorted(Counter(text.values()).items())),
        "edges": dict(sorted(Counter(f"{text[a]} -> {text[b]} {sorted(at.items())}" for a, b, at in edges).items())),
        "places": sorted(colors.values()),
    }


def renumbered(source: str) -> str:
    """The source with 100000, 100001, ... in the place of addresses."""
    ids: dict[str, str] = {}
    for statement in STATEMENT.findall(source):
        for address in filter(None, statement[:2]):
            ids.setdefault(address, str(100000 + len(ids)))
    return re.sub(r"\b\d{9,}\b", lambda match: ids.get(match[0], match[0]), source)


def drawn_by_torchviz(name: str, **options: bool) -> str:
    import torch
    import torchviz

    var, params = CASES[name](torch)
    return renumbered(torchviz.make_dot(var, params, **options).source)


OPTIONS: dict[str, dict[str, bool]] = {
    "plain": {},
    "attrs": {"show_attrs": True},
    "saved": {"show_saved": True},
    "both": {"show_attrs": True, "show_saved": True},
}


def record() -> None:
    answers = {name: {key: drawn_by_torchviz(name, **options) for key, options in OPTIONS.items()} for name in CASES}
    GOLDENS.write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record()
