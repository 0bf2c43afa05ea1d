"""Traces written by hand, as a recorder would write them: what the tests of the stepper step through.

``python -m tests.viz.samples`` lays them out and writes them to ``tests/viz/traces``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from viz.place import place
from viz.trace import Chip, Edge, Formula, Node, Step, Tensor, Trace, Value

FOLDER = Path(__file__).parent / "traces"

SECOND_BACKWARD = (
    "RuntimeError: Trying to backward through the graph a second time (or directly access saved tensors after they "
    "have already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
    "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if you "
    "need to access saved tensors after calling backward."
)
CHANGED_IN_PLACE = (
    "RuntimeError: one of the variables needed for gradient computation has been modified by an inplace operation: "
    "[torch.FloatTensor [2]], which is output 0 of AddBackward0, is at version 1; expected version 0 instead. Hint: "
    "enable anomaly detection to find the operation that failed to compute its gradient, with "
    "torch.autograd.set_detect_anomaly(True)."
)


def number(value: float) -> str:
    return f"{value:g}" if value % 1 else f"{value:g}."


def vector(*cells: float) -> Value:
    return Value(f"[{', '.join(number(c) for c in cells)}]", [len(cells)], "float32", list(cells))


def scalar(value: float) -> Value:
    return Value(number(value), [], "float32", [value])


def row(*parts: Any) -> list[Any]:
    """A formula from words: operators, numbers and names become mo, mn and mi; lists stay as they are."""
    out: list[Any] = ["mrow"]
    for part in parts:
        if isinstance(part, list):
            out.append(part)
        else:
            kind = "mn" if part[0].isdigit() else "mo" if part in "=+−·×()[]," else "mi"
            out.append([kind, part])
    return out


def part_of(of: str, by: str) -> list[Any]:
    return ["mfrac", ["mrow", ["mo", "∂"], ["mi", of]], ["mrow", ["mo", "∂"], ["mi", by]]]


def product() -> Trace:
    """z = (x + y) * (y - 2) and z.backward(): the example of the first lesson."""
    trace = Trace(
        title="z = (x + y) * (y - 2)",
        source=[
            "x = torch.tensor([2.], requires_grad=True)",
            "y = torch.tensor([3.], requires_grad=True)",
            "z = (x + y) * (y - 2)",
            "z.backward()",
        ],
        tensors=[
            Tensor("x", "x", vector(2.0), requires_grad=True),
            Tensor("y", "y", vector(3.0), requires_grad=True),
            Tensor("a", "x + y", vector(5.0), leaf=False, requires_grad=True, grad_fn="AddBackward0", grad="not kept"),
            Tensor("b", "y − 2", vector(1.0), leaf=False, requires_grad=True, grad_fn="SubBackward0", grad="not kept"),
            Tensor("z", "z", vector(5.0), leaf=False, requires_grad=True, grad_fn="MulBackward0", grad="not kept"),
        ],
        nodes=[
            Node("n-x", "leaf", "x", "[2.]  v0", "x", 1),
            Node("n-y", "leaf", "y", "[3.]  v0", "y", 2),
            Node("n-a", "operation", "AddBackward0", "x + y = [5.]", "a", 3),
            Node("n-b", "operation", "SubBackward0", "y − 2 = [1.]", "b", 3),
            Node(
                "n-m",
                "operation",
                "MulBackward0",
                "a · b = [5.]",
                "z",
                3,
                chips=[Chip("c-a", "saved a", "a", 0, 4), Chip("c-b", "saved b", "b", 0, 4)],
            ),
            Node("n-z", "output", "z", "[5.]  v0", "z", 3),
        ],
        edges=[
            Edge("e-xa", "n-x", "n-a", 0),
            Edge("e-ya", "n-y", "n-a", 1),
            Edge("e-yb", "n-y", "n-b", 0),
            Edge("e-am", "n-a", "n-m", 0),
            Edge("e-bm", "n-b", "n-m", 1),
            Edge("e-mz", "n-m", "n-z", 0),
        ],
        steps=[],
    )
    add = trace.steps.append
    for line, name, value in ((1, "x", "2"), (2, "y", "3")):
        add(
            Step(
                "leaf",
                "forward",
                f"{name} is made",
                f"{name} is a leaf: you made it yourself, and it asks for a gradient.",
                line,
                formulas=[Formula(row(name, "=", ["mark", ["mn", value]]), f"{name} = {value}")],
                active=[f"n-{name}", name],
                changes=[[f"n-{name}", "visible", True], [name, "visible", True]],
            )
        )
    add(
        Step(
            "operation",
            "forward",
            "x + y makes AddBackward0",
            "The sum is 5. Its node notes where gradients will have to go, and needs to remember nothing else.",
            3,
            formulas=[Formula(row("a", "=", "x", "+", "y", "=", "2", "+", "3", "=", ["mark", ["mn", "5"]]), "a = 5")],
            active=["n-a", "e-xa", "e-ya", "a"],
            changes=[[i, "visible", True] for i in ("n-a", "e-xa", "e-ya", "a")],
        )
    )
    add(
        Step(
            "operation",
            "forward",
            "y − 2 makes SubBackward0",
            "The number 2 is a constant: only y is an edge of the graph.",
            3,
            formulas=[Formula(row("b", "=", "y", "−", "2", "=", "3", "−", "2", "=", ["mark", ["mn", "1"]]), "b = 1")],
            active=["n-b", "e-yb", "b"],
            changes=[[i, "visible", True] for i in ("n-b", "e-yb", "b")],
        )
    )
    add(
        Step(
            "operation",
            "forward",
            "The product is z, and saves both factors",
            "The derivative of a product needs the other factor, so MulBackward0 keeps a and b.",
            3,
            formulas=[Formula(row("z", "=", "a", "·", "b", "=", "5", "×", "1", "=", ["mark", ["mn", "5"]]), "z = 5")],
            active=["n-m", "n-z", "e-am", "e-bm", "e-mz", "z", "c-a", "c-b"],
            changes=[
                *([i, "visible", True] for i in ("n-m", "n-z", "e-am", "e-bm", "e-mz", "z")),
                ["c-a", "held", True],
                ["c-b", "held", True],
            ],
            saved_bytes=8,
        )
    )
    add(
        Step(
            "backward",
            "backward",
            "backward() starts at z with the gradient 1",
            "z changes by 1 when z changes by 1: the walk begins there.",
            4,
            3,
            [Formula(row(part_of("z", "z"), "=", ["mark", ["mn", "1"]]), "dz/dz = 1")],
            ["n-z", "e-mz", "z"],
            [["e-mz", "gradient", "1"], ["z", "grad", "not kept · 1."]],
            8,
        )
    )
    add(
        Step(
            "node",
            "backward",
            "MulBackward0 passes the gradient to both factors",
            "Each factor receives the incoming gradient times the other factor, which the node had saved.",
            4,
            3,
            [
                Formula(
                    row(
                        part_of("z", "a"),
                        "=",
                        part_of("z", "z"),
                        "·",
                        "b",
                        "=",
                        "1",
                        "×",
                        "1",
                        "=",
                        ["mark", ["mn", "1"]],
                    ),
                    "dz/da = dz/dz times b = 1 times 1 = 1",
                    "to AddBackward0 (a = x + y)",
                ),
                Formula(
                    row(
                        part_of("z", "b"),
                        "=",
                        part_of("z", "z"),
                        "·",
                        "a",
                        "=",
                        "1",
                        "×",
                        "5",
                        "=",
                        ["mark", ["mn", "5"]],
                    ),
                    "dz/db = dz/dz times a = 1 times 5 = 5",
                    "to SubBackward0 (b = y − 2)",
                ),
            ],
            ["n-m", "e-am", "e-bm", "a", "b", "c-a", "c-b"],
            [
                ["e-am", "gradient", "1 × b = 1"],
                ["e-bm", "gradient", "1 × a = 5"],
                ["a", "grad", "not kept · 1."],
                ["b", "grad", "not kept · 5."],
            ],
            8,
        )
    )
    add(
        Step(
            "free",
            "backward",
            "MulBackward0 lets its saved tensors go",
            "They have done their work: the memory is free again, and a second backward() could not pass here.",
            4,
            3,
            [],
            ["n-m", "c-a", "c-b"],
            [["n-m", "freed", True], ["c-a", "held", False], ["c-b", "held", False]],
        )
    )
    add(
        Step(
            "node",
            "backward",
            "SubBackward0 passes the gradient on unchanged",
            "When y grows by 1, so does y − 2.",
            4,
            3,
            [Formula(row("5", "×", "1", "=", ["mark", ["mn", "5"]]), "5 times 1 = 5", "to y")],
            ["n-b", "e-yb"],
            [["e-yb", "gradient", "5"], ["n-b", "freed", True]],
        )
    )
    add(
        Step(
            "accumulate",
            "backward",
            "y receives its first gradient",
            "y.grad was None, which is not the same as zero; now it holds what arrived.",
            4,
            2,
            [Formula(row(["mtext", "None"], "+", "5", "=", ["mark", ["mn", "5"]]), "None + 5 = 5")],
            ["n-y", "e-yb", "y"],
            [["y", "grad", vector(5.0)]],
        )
    )
    add(
        Step(
            "node",
            "backward",
            "AddBackward0 copies the gradient to x and to y",
            "A sum hands the incoming gradient to both terms.",
            4,
            3,
            [Formula(row("1", "×", "1", "=", ["mark", ["mn", "1"]]), "1 times 1 = 1", "to x, and to y")],
            ["n-a", "e-xa", "e-ya"],
            [["e-xa", "gradient", "1"], ["e-ya", "gradient", "1"], ["n-a", "freed", True]],
        )
    )
    add(
        Step(
            "accumulate",
            "backward",
            "x receives its gradient",
            "Only one path leads from x to z, so this is the whole of it.",
            4,
            1,
            [Formula(row(["mtext", "None"], "+", "1", "=", ["mark", ["mn", "1"]]), "None + 1 = 1")],
            ["n-x", "e-xa", "x"],
            [["x", "grad", vector(1.0)]],
        )
    )
    add(
        Step(
            "accumulate",
            "backward",
            "y receives a second gradient: they add up",
            "Two paths lead from y to z. The gradient is the sum over both.",
            4,
            2,
            [Formula(row("5", "+", "1", "=", ["mark", ["mn", "6"]]), "5 + 1 = 6")],
            ["n-y", "e-ya", "y"],
            [["y", "grad", vector(6.0)]],
        )
    )
    return trace


def second_backward() -> Trace:
    """backward() twice on one graph: the second finds the saved tensors freed."""
    trace = Trace(
        title="backward() a second time",
        source=[
            "x = torch.tensor([1., 2., 3.], requires_grad=True)",
            "y = (x * x).sum()",
            "y.backward()",
            "y.backward()  # <b>again</b>",
        ],
        tensors=[
            Tensor("x", "x", vector(1, 2, 3), requires_grad=True),
            Tensor(
                "q", "x * x", vector(1, 4, 9), leaf=False, requires_grad=True, grad_fn="MulBackward0", grad="not kept"
            ),
            Tensor("y", "y", scalar(14), leaf=False, requires_grad=True, grad_fn="SumBackward0", grad="not kept"),
        ],
        nodes=[
            Node("n-x", "leaf", "x", "[1., 2., 3.]  v0", "x", 1),
            Node(
                "n-q",
                "operation",
                "MulBackward0",
                "x · x = [1., 4., 9.]",
                "q",
                2,
                chips=[Chip("c-1", "saved self", "x", 0, 12), Chip("c-2", "saved other", "x", 0, 12)],
            ),
            Node("n-s", "operation", "SumBackward0", "sum = 14.", "y", 2),
            Node("n-y", "output", "y", "14.  v0", "y", 2),
        ],
        edges=[
            Edge("e-1", "n-x", "n-q", 0),
            Edge("e-2", "n-x", "n-q", 1),
            Edge("e-qs", "n-q", "n-s"),
            Edge("e-sy", "n-s", "n-y"),
        ],
        steps=[],
    )
    ones = "[1., 1., 1.]"
    trace.steps = [
        Step(
            "leaf",
            "forward",
            "x is made",
            "x is a leaf that asks for a gradient.",
            1,
            active=["n-x", "x"],
            changes=[["n-x", "visible", True], ["x", "visible", True]],
        ),
        Step(
            "operation",
            "forward",
            "x * x makes MulBackward0",
            "x is both factors: two edges lead from x, and x is saved for each of them.",
            2,
            active=["n-q", "e-1", "e-2", "q", "c-1", "c-2"],
            changes=[
                *([i, "visible", True] for i in ("n-q", "e-1", "e-2", "q")),
                ["c-1", "held", True],
                ["c-2", "held", True],
            ],
            saved_bytes=24,
        ),
        Step(
            "operation",
            "forward",
            "sum() makes SumBackward0",
            "1 + 4 + 9 = 14: a scalar, so backward() can begin here.",
            2,
            active=["n-s", "e-qs", "e-sy", "n-y", "y"],
            changes=[[i, "visible", True] for i in ("n-s", "e-qs", "n-y", "e-sy", "y")],
            saved_bytes=24,
        ),
        Step(
            "backward",
            "backward",
            "backward() starts at y with the gradient 1",
            "The walk begins at the output.",
            3,
            2,
            active=["n-y", "e-sy", "y"],
            changes=[["e-sy", "gradient", "1."], ["y", "grad", "not kept · 1."]],
            saved_bytes=24,
        ),
        Step(
            "node",
            "backward",
            "SumBackward0 hands the gradient to every element",
            "Each element counts once in the sum.",
            3,
            2,
            active=["n-s", "e-qs", "q"],
            changes=[["e-qs", "gradient", ones], ["q", "grad", f"not kept · {ones}"], ["n-s", "freed", True]],
            saved_bytes=24,
        ),
        Step(
            "node",
            "backward",
            "MulBackward0 passes the gradient to both factors",
            "Each time, the incoming gradient times the other factor, x.",
            3,
            2,
            active=["n-q", "e-1", "e-2", "c-1", "c-2"],
            changes=[["e-1", "gradient", "[1., 2., 3.]"], ["e-2", "gradient", "[1., 2., 3.]"]],
            saved_bytes=24,
        ),
        Step(
            "free",
            "backward",
            "MulBackward0 lets its saved tensors go",
            "The graph is still there, the numbers it needs are not.",
            3,
            2,
            active=["n-q", "c-1", "c-2"],
            changes=[["n-q", "freed", True], ["c-1", "held", False], ["c-2", "held", False]],
        ),
        Step(
            "accumulate",
            "backward",
            "x receives its gradient",
            "Both edges lead to the same leaf, so what arrives is their sum.",
            3,
            1,
            [Formula(row("1", "+", "1", "=", ["mark", ["mn", "2"]]), "1 + 1 = 2", "and so on for each element")],
            ["n-x", "e-1", "e-2", "x"],
            [["x", "grad", vector(2, 4, 6)]],
        ),
        Step(
            "backward",
            "backward",
            "backward() starts at y again",
            "The nodes are still there, so the walk can begin.",
            4,
            2,
            active=["n-y", "e-sy"],
            changes=[["e-sy", "gradient", "1."], *([e, "gradient", None] for e in ("e-qs", "e-1", "e-2"))],
        ),
        Step(
            "node",
            "backward",
            "SumBackward0 needs nothing saved and runs again",
            "It only has to know the shape.",
            4,
            2,
            active=["n-s", "e-qs"],
            changes=[["e-qs", "gradient", ones]],
        ),
        Step(
            "error",
            "error",
            "MulBackward0 cannot run a second time",
            "It needs the factors it had saved, and they were freed by the first backward().",
            4,
            2,
            active=["n-q", "c-1", "c-2"],
            changes=[["n-q", "failed", True]],
            error=SECOND_BACKWARD,
        ),
    ]
    return trace


def inplace() -> Trace:
    """exp saves its result; the result is changed in place; backward() refuses."""
    trace = Trace(
        title="a saved tensor, changed in place",
        source=[
            "x = torch.tensor([0., 1.], requires_grad=True)",
            "y = x.exp()",
            "y += 1",
            "y.sum().backward()",
        ],
        tensors=[
            Tensor("x", "x", vector(0, 1), requires_grad=True),
            Tensor(
                "y", "y", vector(1, 2.7183), leaf=False, requires_grad=True, grad_fn="ExpBackward0", grad="not kept"
            ),
            Tensor("s", "y.sum()", scalar(5.7183), leaf=False, requires_grad=True, grad_fn="SumBackward0"),
        ],
        nodes=[
            Node("n-x", "leaf", "x", "[0., 1.]  v0", "x", 1),
            Node(
                "n-e",
                "operation",
                "ExpBackward0",
                "exp(x) = [1., 2.7183]",
                "y",
                2,
                chips=[Chip("c-r", "saved result", "y", 0, 8)],
            ),
            Node("n-i", "operation", "AddBackward0", "y += 1 → [2., 3.7183]", "y", 3),
            Node("n-s", "operation", "SumBackward0", "sum = 5.7183", "s", 4),
        ],
        edges=[Edge("e-xe", "n-x", "n-e"), Edge("e-ei", "n-e", "n-i"), Edge("e-is", "n-i", "n-s")],
        steps=[],
    )
    trace.steps = [
        Step(
            "leaf",
            "forward",
            "x is made",
            "x is a leaf that asks for a gradient.",
            1,
            active=["n-x", "x"],
            changes=[["n-x", "visible", True], ["x", "visible", True]],
        ),
        Step(
            "operation",
            "forward",
            "exp saves its own result",
            "The derivative of exp is exp itself, so ExpBackward0 keeps y, at version 0.",
            2,
            formulas=[
                Formula(
                    row(
                        ["mfrac", ["mrow", ["mi", "d"]], ["mrow", ["mi", "d"], ["mi", "x"]]],
                        ["msup", ["mi", "e"], ["mi", "x"]],
                        "=",
                        ["msup", ["mi", "e"], ["mi", "x"]],
                    ),
                    "the derivative of e to the x is e to the x",
                )
            ],
            active=["n-e", "e-xe", "y", "c-r"],
            changes=[*([i, "visible", True] for i in ("n-e", "e-xe", "y")), ["c-r", "held", True]],
            saved_bytes=8,
        ),
        Step(
            "inplace",
            "forward",
            "y is changed in place: its version goes from 0 to 1",
            "The memory that ExpBackward0 had saved now holds other numbers, and the saved version 0 is out of date.",
            3,
            active=["n-i", "e-ei", "y", "c-r"],
            changes=[
                *([i, "visible", True] for i in ("n-i", "e-ei")),
                ["y", "value", vector(2, 3.7183)],
                ["y", "version", 1],
                ["y", "grad_fn", "AddBackward0"],
                ["c-r", "stale", True],
            ],
            saved_bytes=8,
        ),
        Step(
            "operation",
            "forward",
            "sum() makes SumBackward0",
            "2 + 3.7183 = 5.7183.",
            4,
            active=["n-s", "e-is", "s"],
            changes=[[i, "visible", True] for i in ("n-s", "e-is", "s")],
            saved_bytes=8,
        ),
        Step(
            "node",
            "backward",
            "SumBackward0 hands the gradient to every element",
            "Each element counts once.",
            4,
            4,
            active=["n-s", "e-is"],
            changes=[["e-is", "gradient", "[1., 1.]"], ["s", "grad", "not kept · 1."]],
            saved_bytes=8,
        ),
        Step(
            "node",
            "backward",
            "AddBackward0 passes the gradient on unchanged",
            "Adding 1 changes no slope.",
            4,
            3,
            active=["n-i", "e-ei"],
            changes=[["e-ei", "gradient", "[1., 1.]"]],
            saved_bytes=8,
        ),
        Step(
            "error",
            "error",
            "ExpBackward0 refuses: its saved result was changed",
            "It saved y at version 0 on line 2; line 3 changed it, and y is now at version 1.",
            4,
            2,
            active=["n-e", "c-r"],
            changes=[["n-e", "failed", True]],
            saved_bytes=8,
            error=CHANGED_IN_PLACE,
        ),
    ]
    return trace


def matrices() -> Trace:
    """A linear layer with a mean squared error: matrices, heat maps, a constant without a node of its own."""
    cells = [0.5, -1.0, 0.25, 2.0, -0.75, 1.5]
    weight = Value("tensor of 2×3", [2, 3], "float32", cells)
    big = Value(
        "32×784, mean 0.13, std 0.31, from 0. to 1.", [32, 784], "float32", [((7 * i) % 64) / 63 for i in range(64)]
    )

    def matrix(*rows: tuple[str, ...]) -> list[Any]:
        return [
            "mrow",
            ["mo", "["],
            ["mtable", *(["mtr", *(["mtd", ["mn", c]] for c in line)] for line in rows)],
            ["mo", "]"],
        ]

    trace = Trace(
        title="a layer of a network",
        source=[
            "for images, labels in batches:",
            "    W = torch.tensor([[0.5, -1., 0.25], [2., -0.75, 1.5]], requires_grad=True)",
            "    h = images @ W.T  # 中文 😀",
            "    loss = ((h - labels) ** 2).mean()",
            "    loss.backward()",
        ],
        tensors=[
            Tensor("i", "images", big, visible=True),
            Tensor("w", "W", weight, requires_grad=True),
            Tensor("h", "h", big, leaf=False, requires_grad=True, grad_fn="MmBackward0", grad="not kept"),
            Tensor("l", "loss", scalar(0.1234), leaf=False, requires_grad=True, grad_fn="MeanBackward0"),
        ],
        nodes=[
            Node("n-w", "leaf", "W", "2×3  v0", "w", 2),
            Node("n-i", "untracked", "images", "32×784", "i", 1),
            Node(
                "n-h", "operation", "MmBackward0", "h 32×2", "h", 3, chips=[Chip("c-1", "saved self", "i", 0, 100352)]
            ),
            Node("n-l", "operation", "MeanBackward0", "loss = 0.1234", "l", 4),
        ],
        edges=[Edge("e-1", "n-i", "n-h", 0), Edge("e-2", "n-w", "n-h", 1), Edge("e-3", "n-h", "n-l")],
        steps=[],
    )
    trace.steps = [
        Step(
            "leaf",
            "forward",
            "W is made",
            "A matrix of two rows and three columns.",
            2,
            active=["n-w", "w"],
            changes=[["n-w", "visible", True], ["n-i", "visible", True], ["w", "visible", True]],
        ),
        Step(
            "operation",
            "forward",
            "images @ W.T makes MmBackward0",
            "Every image becomes a row of two numbers.",
            3,
            active=["n-h", "e-1", "e-2", "h", "c-1"],
            changes=[*([i, "visible", True] for i in ("n-h", "e-1", "e-2", "h")), ["c-1", "held", True]],
            saved_bytes=100352,
        ),
        Step(
            "operation",
            "forward",
            "The loss is one number",
            "The mean over all elements.",
            4,
            active=["n-l", "e-3", "l"],
            changes=[[i, "visible", True] for i in ("n-l", "e-3", "l")],
            saved_bytes=100352,
        ),
        Step(
            "node",
            "backward",
            "MmBackward0 multiplies by the transposed factor",
            "The shapes decide which factor has to be transposed.",
            5,
            3,
            [
                Formula(
                    row(
                        *(part_of("L", "W"), "=", ["msup", part_of("L", "h"), ["mi", "T"]], "·", "X", "="),
                        *(matrix(("0.1", "0.2"), ("0.3", "0.4")), "·", matrix(("1", "2", "3"), ("4", "5", "6")), "="),
                        ["mark", matrix(("0.9", "1.2", "1.5"), ("1.9", "2.6", "3.3"))],
                    ),
                    "dL/dW = dL/dh transposed times X",
                    "2×3 = (32×2)ᵀ · 32×784",
                )
            ],
            ["n-h", "e-2"],
            [["e-2", "gradient", "2×3, |g| = 0.42"]],
            100352,
        ),
        Step(
            "accumulate",
            "backward",
            "W receives its gradient",
            "It has the shape of W.",
            5,
            2,
            [],
            ["n-w", "e-2", "w"],
            [
                ["w", "grad", Value("tensor of 2×3", [2, 3], "float32", [0.9, 1.2, 1.5, 1.9, 2.6, 3.3])],
                ["n-h", "freed", True],
                ["c-1", "held", False],
            ],
        ),
        Step(
            "update",
            "update",
            "The optimizer moves W against its gradient",
            "Under no_grad, so nothing is added to the graph.",
            5,
            None,
            [],
            ["n-w", "w"],
            [
                ["w", "version", 1],
                ["n-w", "detail", "2×3  v1"],
                ["w", "value", Value("tensor of 2×3", [2, 3], "float32", [round(c - 0.1, 2) for c in cells])],
            ],
        ),
    ]
    return trace


def recurrent(nodes: int) -> Trace:
    """A recurrent network of about so many nodes, forward and backward: three weights that every moment shares."""
    trace = Trace(
        title=f"about {nodes} nodes",
        source=["for x in inputs:", "    h = torch.tanh(x @ W + h @ U + b)", "h.sum().backward()"],
        steps=[],
    )
    for name in "WUbh":
        _grow(trace, f"{name}", "leaf", name, "8×8", [], 1)
    last = "n-h"
    made = []
    for moment in range(max(1, (nodes - 6) // 5)):
        for name, label, arguments in (
            ("p", "MmBackward0", ["n-W"]),
            ("q", "MmBackward0", [last, "n-U"]),
            ("r", "AddBackward0", [f"n-p{moment}", f"n-q{moment}"]),
            ("s", "AddBackward0", [f"n-r{moment}", "n-b"]),
            ("t", "TanhBackward0", [f"n-s{moment}"]),
        ):
            _grow(trace, f"{name}{moment}", "operation", label, f"step {moment}", arguments, 2)
            made.append(f"n-{name}{moment}")
        last = f"n-t{moment}"
    _grow(trace, "sum", "operation", "SumBackward0", "sum = 4.2", [last], 3)
    made.append("n-sum")
    into: dict[str, list[Edge]] = {}
    for edge in trace.edges:
        into.setdefault(edge.target, []).append(edge)
    for name in reversed(made):
        trace.steps.append(
            Step(
                "node",
                "backward",
                f"{name} runs",
                "The gradient goes on to its arguments.",
                3,
                2,
                active=[name, *(e.id for e in into[name]), *(e.source[2:] for e in into[name])],
                changes=[[name, "freed", True]]
                + [[e.id, "gradient", "8×8, |g| = 0.1"] for e in into[name]]
                + [[e.source[2:], "grad", "not kept · 0.1"] for e in into[name]]
                + [[chip.id, "held", False] for node in trace.nodes if node.id == name for chip in node.chips],
            )
        )
    return trace


def _grow(trace: Trace, name: str, kind: str, label: str, detail: str, arguments: list[str], line: int) -> None:
    chips = [Chip(f"c-{name}", "saved result", None, 0, 256)] if label == "TanhBackward0" else []
    trace.nodes.append(Node(f"n-{name}", kind, label, detail, name, line, chips))
    trace.tensors.append(Tensor(name, name, Value("8×8", [8, 8], "float32"), leaf=kind == "leaf", requires_grad=True))
    edges = [Edge(f"e-{name}-{i}", source, f"n-{name}", i) for i, source in enumerate(arguments)]
    trace.edges += edges
    shown = [f"n-{name}", name, *(edge.id for edge in edges)]
    trace.steps.append(
        Step(
            "leaf" if kind == "leaf" else "operation",
            "forward",
            f"{label} is made",
            "One more node.",
            line,
            active=shown,
            changes=[[i, "visible", True] for i in shown] + [[chip.id, "held", True] for chip in chips],
            saved_bytes=256 * sum(n.label == "TanhBackward0" for n in trace.nodes),
        )
    )


SAMPLES = {
    "product": product,
    "second_backward": second_backward,
    "inplace": inplace,
    "matrices": matrices,
    "recurrent_40": lambda: recurrent(40),
}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, make in SAMPLES.items():
        place(make()).save(FOLDER / f"{name}.json")


if __name__ == "__main__":
    main()
