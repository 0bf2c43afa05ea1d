"""Whole programs agree with PyTorch in everything that can be seen, after every statement.

Random ones (programs.py) run live where PyTorch is installed and from a recording everywhere. What they once found is
here by name, as short as it could be made. semantics.txt holds programs on what autograd promises, one a promise.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

import minigrad
from tests.minigrad import oracle, programs

TEXT = (Path(__file__).parent / "semantics.txt").read_text("utf-8")
SEMANTICS = dict(part.split("\n", 1) for part in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:])

# What random programs found; each line is a statement.
FOUND = {
    "what a node hands on is not what the caller of grad gets": """
        x = torch.tensor([1., 2.], requires_grad=True)
        y = x + 1
        note(torch.autograd.grad((y * 2 + x * 3).sum(), [x, y]))
        v = x.clone()
        note(torch.autograd.grad((v * 2 + x * 3).sum(), [x, v]))
    """,
    "a detached twin of an inference tensor is one": """
        with torch.inference_mode(): x = torch.ones(3)
        print(x.data.is_inference(), x.detach().is_inference(), x[0].is_inference())
    """,
    "a detached twin made in inference mode is an ordinary tensor": """
        x = torch.ones(3)
        with torch.inference_mode(): y = x.data
        print(y.is_inference(), x._version)
    """,
    "the shape of a result is checked before its dtype": """
        t0 = torch.tensor([1, 2, 3])
        t0.div_(torch.ones(2, 3))
    """,
    "an input returned in no_grad is detached": """
        class Same(torch.autograd.Function):
            forward = staticmethod(lambda ctx, x: x)
            backward = staticmethod(lambda ctx, grad: grad)
        x = torch.ones(2, requires_grad=True)
        with torch.no_grad(): y = Same.apply(x)
        print(y.requires_grad, y is x, Same.apply(torch.ones(2))._is_view())
    """,
    "inputs that no way leads to: nothing runs": """
        t1 = torch.tensor([1.0, 0.75, 0.5]).requires_grad_()
        t2 = t1 @ torch.ones(3, 2)
        with torch.no_grad(): t3 = t2.split(1)[-1]
        t1.sum().backward(retain_graph=True, inputs=[t2])
        t2.sum().backward(inputs=[t3])
        print(t2.grad, t1.grad)
    """,
    "softmax of one number that is not finite": """
        for value in (nan, inf, -inf, 2.0): print(torch.tensor(value).softmax(-1), torch.tensor(value).log_softmax(-1))
    """,
    "a leaf hook is not called where the leaf is not asked for": """
        x, y = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
        y.register_hook(lambda grad: print("called"))
        print(torch.autograd.grad((x * y).sum(), x))
        (x * y).sum().backward(inputs=[x])
    """,
    "hooks of the one tensor that a pass starts from run even if it leads to no input": """
        x, other = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
        y = x * 2
        y.retain_grad()
        for edge in (y.grad_fn.register_hook, y.grad_fn.register_prehook): edge(lambda *grads: print("not called"))
        parts = (x * 3).unbind()
        for tensor in (x, y, *parts): tensor.register_hook(lambda grad: print("called", grad))
        for root in (x, y, parts[1]):
            seed = torch.ones_like(root)
            print(torch.autograd.grad(root, other, seed, retain_graph=True, allow_unused=True))
            root.backward(seed, retain_graph=True, inputs=[other])
        torch.autograd.grad([x, y, other * 2], other, [seed.expand(2)] * 3)
        print(y.grad)
    """,
    "a hook on a leaf does not change how its gradient lies in memory": """
        x, one = torch.ones(3, requires_grad=True), torch.tensor(1.0, requires_grad=True)
        x.register_hook(lambda grad: None)
        grads = torch.autograd.grad(x.sum(), x) + torch.autograd.grad((one + x).sum(), [one])
        print([(grad.stride(), grad._is_view()) for grad in grads])
    """,
    "with create_graph a first gradient lies as its leaf does": """
        for x in (torch.ones(2, 3, requires_grad=True), torch.ones(2, 3).t().requires_grad_()):
            x.sum(0).backward(torch.ones(x.shape[1]), create_graph=True)
            print(x.grad.stride())
            x.t().backward(torch.ones_like(x.t()), create_graph=True)
            print(x.grad.stride())
    """,
    "gradients of running sums and of padded pictures lie in rows": """
        x = torch.ones(1, 1, 6, 6, requires_grad=True)
        for y in (x.cumsum(2), F.avg_pool2d(x, 3, 1, 1)): print(torch.autograd.grad(y.sum(), x)[0].stride())
    """,
    "detach_ does nothing in inference mode": """
        x = torch.ones(2, requires_grad=True)
        with torch.inference_mode(): x.detach_(); x[0].detach_()
        print(x.requires_grad)
    """,
    "a Function that writes to a view is differentiated": """
        class Triple(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x): ctx.mark_dirty(x); return x.mul_(3)
            @staticmethod
            def backward(ctx, grad): return grad * 3
        x = torch.ones(3, 2, requires_grad=True)
        y = x * 1
        Triple.apply(y[0])
        y.sum().backward()
        print(x.grad)
    """,
    "as many gradients as outputs": """
        x = torch.ones(1, requires_grad=True)
        torch.autograd.backward([x * 2, x], [torch.ones(1)])
    """,
    "no warning where backward does not start": """
        torch.ones(2).sum().backward(create_graph=True)
    """,
    "a bool exponent has no gradient": """
        x = torch.tensor([2.0, 3.0], requires_grad=True)
        y = x ** torch.tensor([True, False])
        print(y, x ** True)
        y.sum().backward()
    """,
    "the gradient of an empty sum may be changed": """
        x = torch.ones(0, 3, requires_grad=True)
        print(torch.autograd.grad(x.sum(0).sum(), x)[0].tanh_())
    """,
    "a raw saved tensor's hook is given it detached": """
        x, w = torch.ones(2, requires_grad=True), torch.tensor([3.0, 4.0], requires_grad=True)
        y = x * w
        y.grad_fn._raw_saved_other.register_hooks(lambda t: print(t, t.is_leaf, t is w) or t, lambda t: t * 2)
        with torch.autograd.graph.saved_tensors_hooks(lambda t: print(t is w, t is x) or t, lambda t: t): x * w
        grad, = torch.autograd.grad(y.sum(), x, create_graph=True)
        print(grad, torch.autograd.grad(grad.sum(), w))
        print(x[[0, 1]].grad_fn._saved_indices)
    """,
    "gradients of nothing are added": """
        x, y = torch.tensor([], requires_grad=True), torch.ones(2, 3, requires_grad=True)
        z = x.sum()
        torch.autograd.backward([x.sum(), (y * z.tanh_()).sum()])
        print(x.grad, y.grad)
    """,
    "a view of whole numbers takes a tensor with a gradient": """
        class Same(torch.autograd.Function):
            forward = staticmethod(lambda ctx, x: x)
            backward = staticmethod(lambda ctx, grad: grad)
        x = Same.apply(torch.tensor([1, 2])).unsqueeze(0)
        print(x.copy_(torch.tensor([3.5, 4.5], requires_grad=True)))
    """,
    "what float16 is inside": """
        print(torch.tensor([403.5, 1.0]).half().norm(), torch.tensor([300.0, 2.0]).half().norm(3))
        x = (torch.arange(60.0).reshape(3, 4, 5) * 0.37 % 3).half()
        for dim in range(3):
            for name in ("softmax", "log_softmax", "cumsum", "cumprod"): print(getattr(x, name)(dim).tolist())
    """,
    "the warning of create_graph comes with inputs too": """
        x = torch.ones(2, requires_grad=True)
        (x * 2).sum().backward(create_graph=True, inputs=[x])
    """,
}


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in FOUND.items()])
def test_what_random_programs_found(source: str) -> None:
    oracle.program(source)


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in SEMANTICS.items()])
def test_semantics(source: str) -> None:
    oracle.program(source)


@pytest.mark.parametrize("part", range(10))
def test_recorded_random_programs(part: int) -> None:
    for statements, theirs in programs.recorded()[part::10]:
        found = programs.difference(programs.run(minigrad, statements), theirs, statements)
        assert found is None or programs.known(found), "\n".join([*statements, *map(str, found)])


if oracle.pytorch is not None:  # without it the recorded ones run

    @settings(
        max_examples=2000,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # what is found is made short by programs.shrink, which is quicker
        suppress_health_check=list(HealthCheck),
    )
    @given(programs.programs())
    def test_random_programs(statements: list[str]) -> None:
        found = programs.compare(statements)
        if found is not None and not programs.known(found):
            short = programs.shrink(statements)
            pytest.fail("\n".join([*short, *map(str, programs.compare(short) or found)]), pytrace=False)
