"""checkpoint in both its ways: results, gradients, how often the part runs, random numbers, errors and warnings."""

from __future__ import annotations

import gc
import weakref

import pytest

import minigrad as torch
from minigrad.utils.checkpoint import checkpoint
from tests.minigrad.oracle import program

GIVEN = """
    import importlib
    module = importlib.import_module(torch.__name__ + ".utils.checkpoint")
    checkpoint, checkpoint_sequential = module.checkpoint, module.checkpoint_sequential
    x = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, requires_grad=True)
    w = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    runs = []
    def block(x, y=None):
        runs.append("run")
        z = x.exp().sin() * x
        return z if y is None else z * y
    def changing(first, later):
        state = []
        def function(x):
            state.append(0)
            return (first if len(state) == 1 else later)(x)
        return function
    def done(out):
        out.sum().backward()
        print(out, out.grad_fn.name(), x.grad, w.grad, len(runs))
"""

CASES = {
    "plain": "done(checkpoint(block, x, {}))",
    "keywords": "done(checkpoint(block, x, y=2, {}))",
    "number and text": "done(checkpoint(lambda x, k, s: x.exp() * k, x, 3, 'a', {}))",
    "random": "done(checkpoint(lambda x: x.exp() * torch.rand(3), x, {})); print(torch.rand(2))",
    "random, not restored": """
        torch.manual_seed(0)
        out = checkpoint(lambda x: x.exp() * torch.rand(3), x, preserve_rng_state=False, {})
        print(torch.rand(2)); done(out); print(torch.rand(2))""",
    "no gradient": "out = checkpoint(block, x.detach(), {}); print(out.requires_grad)",
    "no_grad": "torch.set_grad_enabled(False); print(checkpoint(block, x, {}).requires_grad)",
    "parameter": "done(checkpoint(lambda x: (x * w).sin(), x, {}))",
    "parameter alone": "done(checkpoint(lambda x: (x * w).sin(), x.detach(), {}))",
    "grad()": "print(torch.autograd.grad(checkpoint(block, x, {}).sum(), x))",
    "inputs=": "checkpoint(block, x, {}).sum().backward(inputs=[x]); print(x.grad)",
    "twice": "out = checkpoint(block, x, {}); done(out); done(out)",
    "retained": "out = checkpoint(block, x, {}).sum(); out.backward(retain_graph=True); done(out)",
    "input changed": "h = x * 2; out = checkpoint(block, h, {}); h.add_(1); done(out)",
    "leaf changed": "h = x.detach().clone(); out = checkpoint(lambda x: w * x, h, {}); h.add_(1); done(out)",
    "several outputs": """
        a, b, c = checkpoint(lambda x: (x.exp(), x.sin().detach(), 3), x, {})
        print(b.requires_grad, c); done(a)""",
    "detached": "done(checkpoint(lambda x: x.detach() * 2, x, {}))",
    "one in another": "done(checkpoint(lambda x: checkpoint(block, x.sin(), {}) * 2, x, {}))",
    "second derivative": """
        g, = torch.autograd.grad(checkpoint(block, x, {}).sum(), x, create_graph=True)
        print(torch.autograd.grad(g.sum(), x))""",
    "error in the part": "checkpoint(lambda x: 1 / 0, x, {})",
    "saves less the second time": "done(checkpoint(changing(lambda x: x.exp().sin(), lambda x: x.exp()), x, {}))",
    "saves more the second time": "done(checkpoint(changing(lambda x: x.exp(), lambda x: x.exp().sin()), x, {}))",
    "another shape": "done(checkpoint(changing(lambda x: x.sin(), lambda x: x.sum().sin()), x, {}))",
    "runs to its end": "done(checkpoint(lambda x: (x.exp(), runs.append('end'))[0], x, early_stop=False, {}))",
    "runs to its end and saves more": """
        part = changing(lambda x: x.exp(), lambda x: x.exp().sin())
        done(checkpoint(part, x, early_stop=False, {}))""",
    "another shape, not compared": """
        part = changing(lambda x: x.sin(), lambda x: x.view(1, 3).sin())
        done(checkpoint(part, x, determinism_check="none", {}))""",
    "compared by what nobody knows": "checkpoint(block, x, determinism_check='values', {})",
    "in contexts": """
        done(checkpoint(block, x, context_fn=lambda: (torch.enable_grad(), torch.no_grad()), {}))""",
    "in a context without gradients": """
        out = checkpoint(block, x, context_fn=lambda: (torch.no_grad(), torch.enable_grad()), {})
        print(out.requires_grad)""",
    "sequential": "done(checkpoint_sequential([lambda x: x.sin(), lambda x: x * w, lambda x: x.cos()], 2, x, {}))",
    "sequential of five": """
        steps = [lambda x: x.exp(), lambda x: x * 2, lambda x: x.sin(), lambda x: x + w, lambda x: x * x]
        done(sum(checkpoint_sequential(steps, segments, x, {}) for segments in (1, 2, 3, 5)))""",
    "sequential, unknown": "checkpoint_sequential([block], 1, x, foo=1, {})",
}  # fmt: skip


@pytest.mark.parametrize("way", ["use_reentrant=True", "use_reentrant=False", "use_reentrant=None"])
@pytest.mark.parametrize("name", CASES)
def test_checkpoint(name: str, way: str) -> None:
    lines = [line.strip() for line in CASES[name].replace("{}", way).strip().replace("; ", "\n").splitlines()]
    indented = "\n        ".join(lines)
    program(f"""{GIVEN}
    try:
        {indented}
    except Exception as error:  # PyTorch adds a tip about torch.compile to some
        print(type(error).__name__, str(error).split("\\nTip")[0].strip())
    """)


def test_the_part_keeps_nothing_until_backward_and_nothing_after() -> None:
    kept = []

    def part(x: torch.Tensor) -> torch.Tensor:
        y = x.exp()
        kept.append(weakref.ref(y._array))
        return y.sin()

    gc.disable()
    try:
        x = torch.ones(1000, requires_grad=True)
        y = checkpoint(part, x, use_reentrant=False)
        assert kept[0]() is None
        y.sum().backward()
        assert len(kept) == 2
        assert kept[1]() is None
        node = weakref.ref(y.grad_fn)
        del y
        assert node() is None
    finally:
        gc.enable()


def test_a_log_of_operations_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="logs no operations"):
        checkpoint(torch.exp, torch.ones(1, requires_grad=True), use_reentrant=False, debug=True)


def test_sequential_takes_a_module() -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(), torch.nn.Linear(4, 1))
    x = torch.ones(2, 3)
    results = []
    for run in (model, lambda x: torch.utils.checkpoint.checkpoint_sequential(model, 2, x, use_reentrant=False)):
        model.zero_grad()
        torch.manual_seed(1)
        y = run(x)
        y.sum().backward()
        results.append([y.tolist(), *(parameter.grad.tolist() for parameter in model.parameters())])
    assert results[0] == results[1]
