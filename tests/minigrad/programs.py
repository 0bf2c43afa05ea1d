"""Whole random programs: leaves, operations, views, in-place changes, hooks and backward in all its forms.

``program(seed)`` writes one as a list of statements. ``run(torch, statements)`` runs it and looks, after every
statement, at everything a user can see of every tensor; an error is an observation like any other. So two
engines agree on a program when their observations do.

    python -m tests.minigrad.programs 20000          # compare with the installed PyTorch
    python -m tests.minigrad.programs --show 17      # one program, and where it differs
"""

from __future__ import annotations

import math
import random
import sys
import warnings
from typing import Any

SHAPES = ["()", "(1,)", "(3,)", "(2, 3)", "(3, 1)", "(3, 2)"]
UNARY = ["exp", "tanh", "sigmoid", "relu", "neg", "abs", "sin", "cos", "square", "clone", "sqrt", "log"]
BINARY = ["+", "-", "*", "/"]
VIEWS = [
    "[0]", "[-1]", "[:1]", "[1:]", "[..., 0]", "[None]", "[...]", "[:, 0]", ".view(-1)", ".t()", ".T", ".unsqueeze(0)",
    ".squeeze()", ".reshape(-1)", ".detach()", ".transpose(0, -1)", ".expand(2, 3)", ".flatten()", ".diagonal()",
    ".unbind()[0]", ".chunk(2)[0]", ".narrow(0, 0, 1)", ".view(3, -1)", ".data",
]  # fmt: skip
REDUCTIONS = [".sum()", ".mean()", ".sum(0)", ".sum(-1, keepdim=True)", ".mean(0)", ".max()", ".prod()", ".norm()"]
INPLACE = [
    "{a}.add_({b})", "{a}.mul_({b})", "{a} += {b}", "{a} *= {k}", "{a}.sub_({b}, alpha=2)", "{a}.exp_()", "{a}.zero_()",
    "{a}.tanh_()", "{a}[0] = {k}", "{a}[0] = {b}", "{a}[...] = {b}", "{a}.copy_({b})", "{a}.fill_({k})", "{a} /= {k}",
    "{a}[:1].mul_({k})", "{a}.data.add_({k})", "{a}.detach().mul_({k})", "{a}.detach_()", "{a}.relu_()", "{a}.pow_(2)",
    "{a}[[0]] = {k}",
]  # fmt: skip


def program(seed: int, length: int = 14) -> list[str]:
    """The statements of one random program; the same for the same seed."""
    r = random.Random(seed)
    names: list[str] = []
    lines: list[str] = []

    def new() -> str:
        names.append(f"t{len(names)}")
        return names[-1]

    def one() -> str:
        return r.choice(names[-5:]) if r.random() < 0.8 else r.choice(names)

    def number() -> str:
        return str(r.choice([2, 0.5, -1, 3, 1.5]))

    def leaf() -> str:
        shape = r.choice(SHAPES)
        count = math.prod(eval(shape))
        values = [round(r.uniform(0.2, 2.0) * r.choice([1, 1, 1, -1]), 2) for _ in range(count)]
        dtype = ", dtype=torch.float64" if r.random() < 0.08 else ""
        grad = ", requires_grad=True" if r.random() < 0.75 else ""
        return f"{new()} = torch.tensor({values}{dtype}).reshape({shape}).clone().detach().requires_grad_({bool(grad)})"

    lines += [leaf(), leaf()]
    while len(lines) < length:
        kind, a, b = r.random(), one(), one()
        if kind < 0.08:
            lines.append(leaf())
        elif kind < 0.22:
            lines.append(f"{new()} = {a}.{r.choice(UNARY)}()")
        elif kind < 0.36:
            other = b if r.random() < 0.7 else number()
            left, right = (a, other) if r.random() < 0.8 else (other, a)
            lines.append(f"{new()} = {left} {r.choice(BINARY)} {right}")
        elif kind < 0.40:
            lines.append(f"{new()} = {a} ** {r.choice(['2', '3', '0.5', '-1', b])}")
        elif kind < 0.53:
            lines.append(f"{new()} = {a}{r.choice(VIEWS)}")
        elif kind < 0.58:
            lines.append(f"{new()} = {a}{r.choice(REDUCTIONS)}")
        elif kind < 0.74:
            line = r.choice(INPLACE).format(a=a, b=b, k=number())
            lines.append(f"with torch.no_grad(): {line}" if r.random() < 0.2 else line)
        elif kind < 0.77:
            lines.append(f"with torch.no_grad(): {new()} = {a}{r.choice(VIEWS)}")
        elif kind < 0.81:
            lines.append(f"{a}.retain_grad()")
        elif kind < 0.84:
            hook = r.choice(["lambda g: g * 2", "lambda g: seen.append(g.sum().item())", "lambda g: None"])
            lines.append(f"{a}.register_hook({hook})")
        elif kind < 0.94:
            options = r.choice(["", "retain_graph=True", "retain_graph=True", "create_graph=True"])
            if r.random() < 0.6:
                lines.append(f"{a}.sum().backward({options})")
            elif r.random() < 0.5:
                lines.append(f"{a}.backward({', '.join(filter(None, [f'torch.ones_like({a})', options]))})")
            else:
                lines.append(f"{new()} = torch.autograd.grad({a}.sum(), {b}, {options or 'allow_unused=True'})[0]")
        elif kind < 0.96:
            lines.append(f"{a}.grad = {r.choice(['None', f'torch.zeros_like({a})'])}")
        elif kind < 0.98:
            lines.append(f"if {a}.grad is not None: {a}.grad.zero_()")
        else:
            lines.append(f"{a}.requires_grad_({r.choice([True, False])})")
    return lines


def look(tensor: Any) -> dict[str, Any]:
    """Everything a user can see of a tensor."""

    def reading(read: Any) -> Any:
        try:
            return read()
        except RuntimeError as error:
            return f"{type(error).__name__}: {error}"

    grad = reading(lambda: tensor.grad)
    node = reading(lambda: tensor.grad_fn)
    named = hasattr(node, "name")
    return {
        "value": tensor.detach().tolist(),
        "dtype": str(tensor.dtype),
        "shape": tuple(tensor.shape),
        "stride": tuple(tensor.stride()),
        "requires_grad": reading(lambda: tensor.requires_grad),
        "leaf": reading(lambda: tensor.is_leaf),
        "grad_fn": node.name() if named else node,
        "next": [None if n is None else n.name() for n, _ in node.next_functions] if named else None,
        "version": tensor._version,
        "view": tensor._is_view(),
        "retains": reading(lambda: tensor.retains_grad),
        "grad": None if grad is None else grad if isinstance(grad, str) else grad.detach().tolist(),
        "grad_requires": None if grad is None or isinstance(grad, str) else grad.requires_grad,
    }


def run(torch: Any, statements: list[str]) -> list[Any]:
    """Run the statements with this ``torch``; after each, what is seen of every tensor, or the error."""
    space: dict[str, Any] = {"torch": torch, "seen": []}
    history = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for statement in statements:
            error = None
            try:
                exec(statement, space)
            except Exception as caught:
                error = f"{type(caught).__name__}: {caught}"
            tensors = {name: look(v) for name, v in space.items() if isinstance(v, torch.Tensor)}
            history.append({"error": error, "seen": list(space["seen"]), **tensors})
    return history


def same(a: Any, b: Any) -> bool:
    """Equal, numbers up to what the last bits of float32 may do."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=2e-4, abs_tol=1e-5) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def difference(ours: list[Any], theirs: list[Any], statements: list[str]) -> str | None:
    """The first thing seen that is not the same, or None."""
    for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        for what in sorted({*a, *b}):
            x, y = a.get(what), b.get(what)
            if isinstance(x, dict) and isinstance(y, dict):
                for key in x:
                    if not same(x[key], y[key]):
                        where, x, y = f"{what}.{key}", x[key], y[key]
                        return f"{number}: {statements[number]}\n    {where}: minigrad {x!r}, PyTorch {y!r}"
            elif not same(x, y):
                return f"{number}: {statements[number]}\n    {what}: minigrad {x!r}, PyTorch {y!r}"
    return None


def main(words: list[str]) -> int:
    import torch

    import minigrad

    torch.set_num_threads(1)
    if words[:1] == ["--show"]:
        statements = program(int(words[1]))
        print("\n".join(statements))
        print(difference(run(minigrad, statements), run(torch, statements), statements))
        return 0
    start = int(words[1]) if len(words) > 1 else 0
    differing = 0
    for seed in range(start, start + int(words[0])):
        statements = program(seed)
        found = difference(run(minigrad, statements), run(torch, statements), statements)
        if found:
            differing += 1
            print(f"program {seed}: {found}")
    print(f"{int(words[0]) - differing} passed, {differing} failed")
    return bool(differing)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
