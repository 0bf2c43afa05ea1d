"""Programs of the course's kind, and a way to record them as a notebook's cell is recorded.

``python -m tests.viz.recorded`` writes the goldens: the Trace of each, a line for every step and part.
"""

from __future__ import annotations

import json
import linecache
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import minigrad
from viz.record import Run
from viz.sources import Source
from viz.trace import Trace, Value

GOLDENS = Path(__file__).parent / "goldens" / "traces"

PROGRAMS = {
    "product": """
        x = torch.tensor([2.0], requires_grad=True)
        y = torch.tensor([3.0], requires_grad=True)
        z = (x + y) * (y - 2)
        z.backward()
    """,
    "second_backward": """
        w = torch.tensor([4.0], requires_grad=True)
        y = w ** 2
        y.backward()
        y.backward()
    """,
    "retain_graph": """
        w = torch.tensor(3.0, requires_grad=True)
        y = w * w
        y.backward(retain_graph=True)
        y.backward()
    """,
    "changed_in_place": """
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = x.exp()
        y += 1
        y.sum().backward()
    """,
    "changed_and_fine": """
        x = torch.tensor([3.0], requires_grad=True)
        y = x ** 2
        y += 1
        y.backward()
    """,
    "leaf_in_place": """
        x = torch.tensor([1.0], requires_grad=True)
        try:
            x += 1
        except RuntimeError as error:
            caught = str(error)
        y = x * 2
    """,
    "not_scalar": """
        x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        y = x * 2
        y.backward()
    """,
    "no_graph": """
        x = torch.tensor([2.0])
        y = x * 3
        y.backward()
    """,
    "jacobian_row": """
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = 2 * x + 1
        v = torch.tensor([1.0, 10.0])
        y.backward(v)
    """,
    "accumulates": """
        x = torch.tensor([3.0], requires_grad=True)
        for turn in range(3):
            y = x ** 2
            y.backward()
    """,
    "zeroed": """
        x = torch.tensor([4.0], requires_grad=True)
        y = torch.sqrt(x)
        y.backward()
        x.grad.zero_()
        y = 3 * x
        y.backward()
        x.grad = None
    """,
    "two_losses": """
        x = torch.tensor([2.0], requires_grad=True)
        one = x ** 2
        two = x * 5
        one.backward()
        two.backward()
    """,
    "detached": """
        x = torch.tensor([2.0], requires_grad=True)
        y = x ** 2
        c = y.detach()
        z = c * x
        z.backward()
    """,
    "no_grad": """
        x = torch.tensor([5.0], requires_grad=True)
        with torch.no_grad():
            y = x + 1
        z = x * y
        z.backward()
    """,
    "frozen": """
        w = torch.tensor([2.0], requires_grad=True)
        b = torch.tensor([1.0], requires_grad=True)
        b.requires_grad_(False)
        y = w * 3 + b
        y.backward()
    """,
    "broadcast": """
        x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
        b = torch.tensor([10.0, 20.0, 30.0], requires_grad=True)
        y = x * b
        y.sum().backward()
    """,
    "descent_by_hand": """
        x = torch.tensor([[1.0], [2.0]])
        target = torch.tensor([[3.0], [5.0]])
        w = torch.tensor([[1.0]], requires_grad=True)
        b = torch.tensor([[0.0]], requires_grad=True)
        prediction = torch.mm(x, w) + b
        loss = ((prediction - target) ** 2).sum()
        loss.backward()
        rate = 0.1
        with torch.no_grad():
            w -= rate * w.grad
            b -= rate * b.grad
    """,
    "large": """
        torch.manual_seed(0)
        x = torch.randn(30, 20)
        w = torch.randn(20, 10, requires_grad=True)
        h = torch.relu(torch.mm(x, w))
        h.mean().backward()
    """,
    "second_derivative": """
        x = torch.tensor(2.0, requires_grad=True)
        y = x ** 3
        (slope,) = torch.autograd.grad(y, x, create_graph=True)
        (curve,) = torch.autograd.grad(slope, x)
    """,
    "retained": """
        x = torch.tensor([2.0], requires_grad=True)
        h = x * 3
        h.retain_grad()
        y = h ** 2
        y.backward()
    """,
    "hooked": """
        x = torch.tensor([2.0], requires_grad=True)
        h = x * 3
        h.register_hook(lambda g: g * 10)
        y = h ** 2
        y.backward()
    """,
    "views": """
        x = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
        m = x.view(2, 2)
        t = m.transpose(0, 1)
        y = (t * t).sum()
        y.backward()
    """,
    "written_by_index": """
        x = torch.tensor([2.0, 3.0], requires_grad=True)
        y = torch.zeros(2)
        y[0] = x[0] * x[1]
        y[1] = x[1] ** 2
        y.backward(torch.tensor([1.0, 1.0]))
    """,
    "function": """
        def square_error(prediction, target):
            difference = prediction - target
            return (difference * difference).sum()

        w = torch.tensor([1.0, 2.0], requires_grad=True)
        target = torch.tensor([0.0, 4.0])
        loss = square_error(w * 2, target)
        loss.backward()
    """,
    "custom": """
        class Double(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * 2

            @staticmethod
            def backward(ctx, g):
                (x,) = ctx.saved_tensors
                return g * 2

        x = torch.tensor([3.0], requires_grad=True)
        y = Double.apply(x)
        y.backward()
    """,
    "dropped": """
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = (x * x).sum()
        del y
        y = x.exp().sum()
    """,
    "branches": """
        x = torch.tensor([1.0], requires_grad=True)
        h = x
        for k in range(3):
            if h.sum() > 5:
                h = h - 1
            else:
                h = h * 3
        h.backward()
    """,
    "own_error": """
        x = torch.tensor([1.0], requires_grad=True)
        y = x * 2
        raise ValueError("the learner's own")
    """,
    "shapes_differ": """
        a = torch.ones(2, 3, requires_grad=True)
        b = torch.ones(2, 2)
        c = a + b
    """,
    "elementwise": """
        x = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
        y = torch.tanh(x) + torch.relu(x) - x.abs() / 2
        y.sum().backward()
    """,
    "module": """
        torch.manual_seed(1)
        net = torch.nn.Linear(2, 1)
        x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        loss = (net(x) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    """,
    "divided": """
        a = torch.tensor([6.0], requires_grad=True)
        b = torch.tensor([2.0], requires_grad=True)
        q = a / b + torch.log(a) - (-b)
        q.backward()
    """,
}


# A loop long enough to be folded.
LOOP = """
    w = torch.tensor([0.5, 0.2], requires_grad=True)
    b = torch.tensor([0.1, 0.3], requires_grad=True)
    h = torch.ones(2)
    for i in range(30):
        a = h * w
        c = a + b
        d = torch.tanh(c)
        h = d * 2 + h
    loss = h.sum()
    loss.backward()
"""


def run(
    source: str, torch: Any = minigrad, name: str = "cell", given: Mapping[str, Any] | None = None
) -> tuple[Run, dict[str, Any], Exception | None]:
    """Record a program; also its variables afterwards, and the error it ended with. ``given``: what it may use."""
    code = textwrap.dedent(source).strip() + "\n"
    filename = f"<{name}>"
    linecache.cache[filename] = (len(code), None, code.splitlines(True), filename)
    variables: dict[str, Any] = {"torch": torch, "__name__": "cell", **(given or {})}
    run = Run()
    run.start(Source(filename, 1, code.rstrip("\n").split("\n")))
    error: Exception | None = None
    try:
        exec(compile(code, filename, "exec"), variables)
    except Exception as raised:
        error = raised
    run.stop(error)
    return run, variables, error


def state(trace: Trace) -> dict[str, dict[str, Any]]:
    """The cast after the last step, by id: the changes of all steps folded."""
    parts = [*trace.tensors, *trace.nodes, *trace.edges, *(chip for node in trace.nodes for chip in node.chips)]
    folded = {part.id: dict(vars(part)) for part in parts}
    for step in trace.steps:
        for name, attribute, value in step.changes:
            assert attribute in folded[name]
            folded[name][attribute] = value
    return folded


def pretty(trace: Trace) -> str:
    """The trace's JSON with a line for every step and every part, so that a difference can be read."""
    plain = trace.to_dict()
    fields = []
    for key, value in plain.items():
        if isinstance(value, list) and value:
            lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in value)
            fields.append(f"{json.dumps(key)}: [\n{lines}\n]")
        else:
            fields.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    return "{\n" + ",\n".join(fields) + "\n}\n"


def numbers(value: Value) -> list[float | None]:
    assert value.cells is not None
    return value.cells


if __name__ == "__main__":
    GOLDENS.mkdir(parents=True, exist_ok=True)
    for name, source in PROGRAMS.items():
        (GOLDENS / f"{name}.json").write_text(pretty(run(source)[0].trace), encoding="utf-8")
