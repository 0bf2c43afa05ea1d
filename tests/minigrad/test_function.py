"""Functions of one's own: what forward and backward are given, what is refused, and how their graphs look."""

from __future__ import annotations

import pytest

from tests.minigrad.oracle import program

GIVEN = """
Function = torch.autograd.Function
once = __import__("importlib").import_module(torch.__name__ + ".autograd.function").once_differentiable

def attempt(run):
    try:
        print(run())
    except Exception as error:
        print(type(error).__name__, error)

class Square(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return 2 * x * g

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True, dtype=torch.float64)
w = torch.tensor([0.5, -1.0, 2.0], requires_grad=True, dtype=torch.float64)
"""

PROGRAMS = {
    "first, second and third derivative": """
y = Square.apply(x); print(y.grad_fn.name(), y.grad_fn.saved_tensors[0] is x, y.grad_fn.next_functions[0][0].name())
g, = torch.autograd.grad(y.sum(), x, create_graph=True); h, = torch.autograd.grad(g.sum(), x, create_graph=True)
print(g, h, h.requires_grad); y = Square.apply(x); y.sum().backward(); print(x.grad)
attempt(lambda: y.sum().backward()); attempt(lambda: y.grad_fn.saved_tensors)
""",
    "what ctx knows": """
class F(Function):
    @staticmethod
    def forward(ctx, x, k, w, flag=None):
        ctx.k, ctx.shape = k, x.shape
        ctx.save_for_backward(x); print(ctx.saved_tensors, ctx.name(), [bool(node) for node, _ in ctx.next_functions])
        print(ctx.needs_input_grad, x.requires_grad, torch.is_grad_enabled())
        return x * k + w
    @staticmethod
    def backward(ctx, g):
        print(ctx.needs_input_grad, ctx.k, ctx.shape, torch.is_grad_enabled()); return g * ctx.k, None, g, None
F.apply(x, 3, w.detach(), True).sum().backward(); print(x.grad, w.grad)
torch.autograd.grad(F.apply(x, 3, w).sum(), [x, w], create_graph=True) if False else None
with torch.no_grad(): print(F.apply(x, 2, w).requires_grad)
print(F.apply(x.detach(), 2, w.detach()).grad_fn)
""",
    "setup_context": """
class F(Function):
    @staticmethod
    def forward(x, k): return x ** k
    @staticmethod
    def setup_context(ctx, inputs, output): x, ctx.k = inputs; ctx.save_for_backward(x, output)
    @staticmethod
    def backward(ctx, g): x, y = ctx.saved_tensors; print(y.grad_fn is not None); return g * ctx.k * y / x, None
y = F.apply(x, 3); y.sum().backward(); print(x.grad)
""",
    "several outputs, some without gradient": """
class F(Function):
    @staticmethod
    def forward(ctx, x):
        i = x > 1.5; f = x.floor(); ctx.mark_non_differentiable(f)
        return x * 2, i, f, x * 3
    @staticmethod
    def backward(ctx, a, i, f, b): print(a, i, f, b); return 2 * a + 3 * b
a, i, f, b = F.apply(x); print(a.requires_grad, i.requires_grad, f.requires_grad, b.output_nr, b.grad_fn is a.grad_fn)
b.sum().backward(); print(x.grad)
""",
    "gradients not made up": """
class F(Function):
    @staticmethod
    def forward(ctx, x): ctx.set_materialize_grads(False); return x * 2, x * 3
    @staticmethod
    def backward(ctx, a, b): print(a, b); return None if b is None else 3 * b
a, b = F.apply(x); a.sum().backward(); print(x.grad); a, b = F.apply(x); b.sum().backward(); print(x.grad)
""",
    "changed in place": """
class F(Function):
    @staticmethod
    def forward(ctx, x): x.mul_(3); ctx.mark_dirty(x); return x
    @staticmethod
    def backward(ctx, g): return g * 3
y = x * 1; z = F.apply(y); print(z is y, z._version, z.grad_fn.name()); z.sum().backward(); print(x.grad)
attempt(lambda: F.apply(x)); y = x * 1; F.apply(y[:2]); y.sum().backward(); print(x.grad, y)
class Two(Function):
    @staticmethod
    def forward(ctx, x): x.mul_(3); ctx.mark_dirty(x); return x, x + 1
    @staticmethod
    def backward(ctx, g, h): return 3 * (g + h)
attempt(lambda: Two.apply((x * 1)[:2])); y, z = Two.apply(x * 1); (y * z).sum().backward(); print(x.grad)
""",
    "an input returned as it is": """
class F(Function):
    @staticmethod
    def forward(ctx, x): return x
    @staticmethod
    def backward(ctx, g): return g * 5
y = F.apply(x); print(y is x, y._is_view(), y.grad_fn.name()); y.sum().backward(); print(x.grad)
y = F.apply(x * 1); attempt(lambda: y.add_(1))
""",
    "wrong gradients": """
def make(back):
    class F(Function):
        @staticmethod
        def forward(ctx, x, k): return x * k
        @staticmethod
        def backward(ctx, g): return back(g)
    return F
for back in (lambda g: g, lambda g: (g, g, g), lambda g: (g, g), lambda g: (3, None), lambda g: (g[:2], None),
             lambda g: (g.sum(), None), lambda g: (g.expand(2, 3), None), lambda g: (None, None),
             lambda g: (g.float(), None)):
    x.grad = None
    attempt(lambda: make(back).apply(x, 2).sum().backward()); print(x.grad)
""",
    "missing and misused": """
class F(Function): pass
attempt(lambda: F.apply(x))
class G(Function):
    @staticmethod
    def forward(ctx, x): return x * 2
attempt(lambda: G.apply(x).sum().backward())
class H(Function):
    @staticmethod
    def forward(ctx, x): ctx.save_for_backward(3); return x * 2
attempt(lambda: H.apply(x))
""",
    "once differentiable": """
class F(Function):
    @staticmethod
    def forward(ctx, x): ctx.save_for_backward(x); return x * x
    @staticmethod
    @once
    def backward(ctx, g): x, = ctx.saved_tensors; return 2 * x * g
y = F.apply(x); y.sum().backward(); print(x.grad)
g, = torch.autograd.grad(F.apply(x).sum(), x, create_graph=True); print(g.requires_grad, g.grad_fn)
g, = torch.autograd.grad((F.apply(x * x)).sum(), x, create_graph=True); print(g.requires_grad)
attempt(lambda: g.sum().backward())
v = torch.ones(3, dtype=torch.float64, requires_grad=True)
g, = torch.autograd.grad(F.apply(x), x, v, create_graph=True)
print(g.requires_grad, g.grad_fn.name()); attempt(lambda: torch.autograd.grad(g.sum(), x))
attempt(lambda: g.sum().backward())
""",
    "saved outputs, changes noticed": """
class Exp(Function):
    @staticmethod
    def forward(ctx, x): y = x.exp(); ctx.save_for_backward(y); return y
    @staticmethod
    def backward(ctx, g): y, = ctx.saved_tensors; return g * y
y = Exp.apply(x); g, = torch.autograd.grad(y.sum(), x, create_graph=True); print(torch.autograd.grad(g.sum(), x))
y = Exp.apply(x); y.add_(1); attempt(lambda: y.sum().backward())
u = x * 1; y = Square.apply(u); u.add_(1); attempt(lambda: y.sum().backward())
""",
    "hooks and retained gradients": """
y = Square.apply(x); y.retain_grad(); y.register_hook(lambda g: g * 2)
y.grad_fn.register_hook(lambda gi, go: print(gi, go))
y.sum().backward(); print(y.grad, x.grad)
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_in_pytorch(name: str) -> None:
    program(GIVEN + PROGRAMS[name])
