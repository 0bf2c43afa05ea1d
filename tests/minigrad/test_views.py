"""Views and in-place changes: what shares memory, whose history a write changes, and what is refused."""

from __future__ import annotations

import gc
import weakref

import pytest

import minigrad
from tests.minigrad.oracle import agree, program

SEES = """
def see(*tensors):
    for t in tensors:
        base = None if t._base is None else tuple(t._base.shape)
        print(t.tolist(), t.stride(), t.storage_offset(), t._version, t._is_view(), base, t.requires_grad)
        try:
            node = t.grad_fn
            print(node and (node.name(), [n and n.name() for n, _ in node.next_functions]), t.is_leaf, t.output_nr)
        except RuntimeError as error:
            print(error)

def attempt(run):
    try:
        run()
        print("fine")
    except (RuntimeError, IndexError) as error:
        print(type(error).__name__, error)

x = torch.arange(6.0).reshape(2, 3).requires_grad_()
"""


def shows(source: str, but: str = "") -> None:
    """Compare a program that begins with the leaf ``x`` and two helpers."""
    program(SEES + source, but=but)


PROGRAMS = {
    "a write to a view rewrites the history of its base": """
y = x * 2; v = y[0]; v.mul_(3); see(y, v); y.sum().backward(); print(x.grad)
""",
    "a write to the base makes a view's grad_fn anew": """
y = x * 2; v = y[0]; w = v[1:]; y.mul_(x); see(y, v, w); (v.sum() + w.sum()).backward(); print(x.grad)
""",
    "a view of a view knows the first base only": """
y = x * 2; v = y.t(); w = v[1]; print(w._base is y, v._base is y); w.add_(1); see(y, v, w)
""",
    "writes through several views of one base add up": """
y = x * 2; a = y[:, :2]; b = y[1]; a.mul_(3); b.add_(x[0]); y[0, 0] = 7; see(y, a, b)
(y * y).sum().backward(); print(x.grad)
""",
    "a write into a tensor without gradient takes over the value's": """
y = torch.zeros(2, 3); v = y[0]; v.copy_(x[1]); see(y, v); y.sum().backward(); print(x.grad)
""",
    "x[0] += 1 writes twice": """
y = x * 2; y[0] += 1; see(y); y.sum().backward(); print(x.grad)
""",
    "a leaf, a view of it and a detached leaf": """
attempt(lambda: x.add_(1)); attempt(lambda: x[0].add_(1)); attempt(lambda: x.t().zero_()); d = x.detach()
attempt(lambda: d.add_(1)); see(x, d)
""",
    "a leaf may change under no_grad, and its views see it": """
v = x[0]
with torch.no_grad(): x.mul_(2); v.add_(1)
see(x, v); v.sum().backward(); print(x.grad)
""",
    "a view made under no_grad": """
y = x * 2
with torch.no_grad(): v = y[0]; w = x[0]
see(v, w); attempt(lambda: v.add_(1)); z = w * 2; see(z); y.add_(1)
attempt(lambda: v.grad_fn); attempt(lambda: v * 2); u = w[:1]; see(u); attempt(lambda: u.add_(1)); del v
""",
    "a view made in inference mode": """
y = x * 2
with torch.inference_mode(): v = y[0]; z = x * 2; w = z[0]
print(v.is_inference(), z.is_inference(), w.is_inference(), v._is_view())
attempt(lambda: v.add_(1)); attempt(lambda: z.add_(1)); attempt(lambda: w.add_(1)); see(v[:1])
attempt(lambda: v[:1].add_(1)); del z, w
with torch.inference_mode(): leaf = torch.ones(2, requires_grad=True)
part = leaf.view(-1); print(leaf.is_leaf, part.requires_grad, part.is_leaf, part.is_inference()); del leaf, part
""",
    "the outputs of unbind, split and chunk are not for writing": """
for cut in (lambda t: t.unbind(), lambda t: t.split(1), lambda t: t.chunk(2), lambda t: t.split([1, 1])):
    y = x * 2; a, b = cut(y); attempt(lambda: a.add_(1)); c = a[:1]; attempt(lambda: c.mul_(2)); y.add_(1)
    attempt(lambda: b.grad_fn); attempt(lambda: b * 2)
with torch.no_grad(): a, b = y.chunk(2)
attempt(lambda: a.add_(1)); del c
""",
    "data has a version counter of its own, detach has not": """
y = x * 2; d = y.detach(); e = y.data; e.add_(1); see(y, d, e); d.add_(1); see(y, d, e)
""",
    "a saved tensor changed through a view": """
y = x * 2; z = y * y; y[0] = 1; attempt(lambda: z.sum().backward())
y = x * 2; v = y[0]; z = v * v; y.zero_(); attempt(lambda: z.sum().backward())
y = x * 2; z = y * y; y.data[0] = 1; z.sum().backward(); print(x.grad)
""",
    "a row written with its own product": """
y = x * 2; y[0] = y[1] * y[0]; see(y); attempt(lambda: y.sum().backward())
""",
    "retain_grad moves with the history, hooks stay with the value": """
y = x * 2; v = y[0]
y.retain_grad(); v.retain_grad()
y.register_hook(lambda g: print("y before", g)); v.register_hook(lambda g: print("v before", g))
v.mul_(3)
print(y.retains_grad, v.retains_grad)
y.register_hook(lambda g: print("y after", g)); v.register_hook(lambda g: print("v after", g))
(y.sum() + 10 * v.sum()).backward(); print(x.grad, y.grad, v.grad)
""",
    "retain_grad of a view whose base is written to": """
y = x * 2; v = y[0]; v.retain_grad(); y.mul_(3); print(v.retains_grad)
(y.sum() + 10 * v.sum()).backward(); print(v.grad, v.retains_grad)
""",
    "double gradients through writes": """
v = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = x * 2; y[0] = v * v; y[:, 1].mul_(v[1]); y.t()[2].add_(y[0, 0])
g, h = torch.autograd.grad((y * y).sum(), [x, v], create_graph=True); print(g, h)
print(torch.autograd.grad((g * g).sum() + (h * h).sum(), [x, v]))
""",
    "double gradients through what a write to a view saved of its result": """
x = x.detach().double().div(4).requires_grad_()
def twice(y):
    g, = torch.autograd.grad((y * y).sum(), x, create_graph=True); print(g)
    print(torch.autograd.grad((g * g).sum(), x))
y = x * 2; y[0].tanh_(); twice(y)
y = x * 2; v = y.t()[1]; v.sigmoid_(); twice(y); twice(v)
""",
    "transposed and stepped views as targets": """
y = x * 2; y.t()[::2] = torch.tensor([10.0, 20.0]); see(y); y[:, ::2].t().mul_(2); see(y)
(y * y).sum().backward(); print(x.grad)
""",
    "a diagonal is a view one can write to": """
y = x * 2; y.diagonal().mul_(5); y.diagonal(1).fill_(1.0); see(y); (y * y).sum().backward(); print(x.grad)
""",
    "shapes changed in place": """
y = x * 2; y.t_(); see(y); y.unsqueeze_(1); see(y); y.mul_(2); see(y); y.squeeze_(); see(y)
y.sum().backward(); print(x.grad)
y = x * 2; v = y[0]; v.unsqueeze_(0); see(y, v); v.add_(1); see(y, v); y.sum().backward(); print(x.grad)
attempt(lambda: x.t_())
""",
    "memory that is there twice is not for writing": """
e = torch.zeros(3).expand(2, 3); attempt(lambda: e.add_(1)); attempt(lambda: e.copy_(x.detach()))
attempt(lambda: e[:].mul_(2)); e[0].add_(1); see(e); e.fill_(2.0); see(e)
""",
    "source and target that partly share memory": """
y = torch.arange(6.0); attempt(lambda: y[1:].copy_(y[:-1])); attempt(lambda: y[1:].add_(y[:-1])); y.copy_(y); see(y)
z = torch.arange(4.0).reshape(2, 2); attempt(lambda: z.copy_(z.t())); attempt(lambda: z.mul_(z.t()))
""",
    "a write whose value does not fit changes nothing": """
y = x * 2
def write(i, value): y[i] = value
attempt(lambda: write(0, torch.ones(5))); attempt(lambda: write(5, 1.0)); attempt(lambda: write([0, 1], torch.ones(4)))
see(y)
""",
    "detach_ refuses views and cuts off the rest": """
y = x * 2; attempt(lambda: y[0].detach_()); v = y[0]; y.detach_(); see(y, v); y.add_(1); see(y, v)
""",
    "a view of a leaf that comes to require grad": """
u = torch.ones(3); v = u[:2]; u.requires_grad_(); see(u, v); attempt(lambda: v.add_(1))
attempt(lambda: v.requires_grad_(False)); w = (v * 2).sum(); see(w)
""",
    "a base frozen after its views were made": """
v = x[0]; x.requires_grad_(False); see(v); v.sum().backward(); print(x.grad)
""",
    "hooks on a view and on its base without writes": """
y = x * 2; v = y[0]; y.register_hook(lambda g: g * 2); v.register_hook(lambda g: g * 3)
v.sum().backward(); print(x.grad)
""",
    "an expanded tensor's gradient is summed, and written views of its clone too": """
s = x[0, 1] * 1; e = s.expand(2, 2); c = e.clone(); c[0] = 5; see(e, c); c.sum().backward(); print(x.grad)
""",
    "as_strided over a base that was written to": """
y = x * 2; v = y.as_strided((2, 2), (1, 2), 1); y.mul_(x); see(v); v.mul_(2); see(y, v)
y.sum().backward(); print(x.grad)
""",
    "a view made before its base had a history, asked for its grad_fn or not": """
y = torch.zeros(4); v = y[:2]; y[2:].add_(x[0, :2]); attempt(lambda: v.mul_(2)); v.grad_fn; attempt(lambda: v.mul_(2))
see(y, v)
""",
    "a stale view of many may still change under no_grad": """
y = x * 2; a, b, c = y.unbind(1); y[0] += 1
with torch.no_grad(): a.exp_(); b.retains_grad
print(y._version, a._version); y.sum().backward(); print(x.grad); del a, b, c
""",
    "data replaced under a view": """
u = torch.arange(4.0).requires_grad_(); v = u[:2]; u.data = u.data.clone() * 2
with torch.no_grad(): u.neg_()
v.sum().backward(); print(u.grad, u, v)
""",
    "windows over a stretched tensor": """
e = x.expand(2, 2, 3); w = e.as_strided((2,), (2,), 1); (w * w).sum().backward(); print(x.grad)
""",
    "a tensor written over itself where it is positive": """
y = x.detach() - 2; attempt(lambda: y.index_put_((y > 0,), y)); y[y > 0] = 0; see(y); y[y < 0] = y[0, 0]; see(y)
""",
    "a second backward through a write": """
y = x * 2; y[0] = 3.0; y.sum().backward(retain_graph=True); y.sum().backward(); attempt(lambda: y.sum().backward())
y = x + 2; y[0] = 3.0; y.sum().backward(); attempt(lambda: y.sum().backward())
""",
    "overlapping windows add their gradients": """
w = x.reshape(-1).as_strided((4, 3), (1, 1)); (w * w).sum().backward(); print(x.grad)
""",
}


@pytest.mark.parametrize("source", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_views_and_writes_as_in_pytorch(source: str) -> None:
    shows(source)


@pytest.mark.parametrize("change", ["add_(1)", "mul_(2)", "zero_()", "neg_()", "t_()", "fill_(3)"])
@pytest.mark.parametrize("mode", ["no_grad()", "enable_grad()"])
def test_every_write_is_counted_once_for_all_that_share_the_memory(change: str, mode: str) -> None:
    program(f"""
        y = torch.arange(4.0).reshape(2, 2) * 2
        views = [y, y[0], y.detach(), y.t(), y.view(-1)]
        with torch.{mode}: views[3].{change}
        print([v._version for v in views], [v.tolist() for v in views])
    """)


@pytest.mark.parametrize(
    "code", ["x[0]", "x.t()", "x.view(-1)", "x[:, 1:]", "x.expand(2, 2, 3)", "x[None]", "x.diagonal()"]
)
def test_a_view_of_a_view_agrees_with_its_gradients(code: str) -> None:
    agree(f"y = x * 2; v = {code.replace('x', 'y', 1)}; w = v[..., :1]; y.mul_(y.detach()); v, w", x=(2, 3))


def test_many_writes_need_no_recursion() -> None:
    x = minigrad.ones(3, requires_grad=True)
    y = x * 1
    for _ in range(20_000):
        y[0] += 1
    y.sum().backward()
    assert x.grad.tolist() == [1, 1, 1]
    del y


def test_a_written_view_makes_no_reference_cycle() -> None:
    gc.collect()
    gc.disable()
    try:
        x = minigrad.ones(2, 3, requires_grad=True)
        y = x * 2
        view = y[0]
        view.mul_(3)
        y[1] = view
        nodes = [weakref.ref(node) for node in (y.grad_fn, view.grad_fn)]
        del y, view
        assert [node() for node in nodes] == [None, None]
    finally:
        gc.enable()


def test_a_refused_write_leaves_memory_version_and_history_alone() -> None:
    x = minigrad.ones(2, 3, requires_grad=True)
    y = x * 2
    node = y.grad_fn
    with pytest.raises(RuntimeError, match="shape mismatch"):
        y[[0, 1]] = minigrad.ones(4)
    assert y.grad_fn is node
    assert y._version == 0
    assert y.tolist() == [[2, 2, 2], [2, 2, 2]]
