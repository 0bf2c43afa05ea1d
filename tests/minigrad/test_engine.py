"""backward, grad, hooks, modes and what graphs keep: whole programs against PyTorch
and that nothing is left behind."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import minigrad
from minigrad.autograd import grad_mode
from tests.minigrad.oracle import program

GIVEN = """
def attempt(run):
    try:
        print(run())
    except Exception as error:
        print(type(error).__name__, error)

def said(name):
    return lambda *given: print(name, *[show(each) for each in given])

def show(given):
    if isinstance(given, tuple | list): return [show(each) for each in given]
    return None if given is None else given.tolist()

def walk(node):
    return node and (node.name(), [(walk(child), number) for child, number in node.next_functions])

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True, dtype=torch.float64)
w = torch.tensor([0.5, -1.0, 2.0], requires_grad=True, dtype=torch.float64)
"""

BACKWARD = {
    "a leaf used several times": "y = x * x + x.exp() * x; y.sum().backward(); print(x.grad, walk(y.grad_fn))",
    "a leaf is its own root": """
x.backward(torch.ones(3)); print(x.grad); x.sum().backward(); print(x.grad, x.grad._version)
g = torch.full((3,), 2.0, dtype=torch.float64); w.backward(g); print(w.grad is g, w.grad)
""",
    "several roots, one reached from another": """
y = x * 2; z = y * w
torch.autograd.backward([z, y, z.sum()], [torch.ones(3), torch.ones(3), None]); print(x.grad, w.grad)
""",
    "roots twice": "y = x * w; torch.autograd.backward([y, y], [torch.ones(3), w.detach()]); print(x.grad, w.grad)",
    "only what is asked for is computed": """
see = lambda inputs, outputs: print([None if g is None else g.tolist() for g in inputs])
part = (x * 1)[:2]; part.mul_(w[:2]); base = part._base
for make in (lambda: x * w, lambda: (x * 1) * (w * 2), lambda: torch.where(x > 0, x, w), lambda: torch.stack([x, w])):
    for run in (lambda y, **o: torch.autograd.grad(y, x, **o), lambda y, **o: y.backward(inputs=[x], **o)):
        y = make(); y.grad_fn.register_hook(see); run(y.sum(), create_graph=True); print(x.grad, w.grad)
base.grad_fn.register_hook(see); torch.autograd.grad(base.sum(), w); x.grad = None
""",
    "accumulation is in place and seen by all who hold .grad": """
(x * w).sum().backward(); g, h = x.grad, x.grad.view(3); (x * 2).sum().backward(); print(g is x.grad, g, h, g._version)
(x * x).sum().backward(create_graph=True); print(g is x.grad, x.grad.grad_fn is not None, x.grad)
x.grad = None; w.grad = None
""",
    "versions of gradients": """
for k in range(3):
    (x * w).sum().backward(); (x + w).sum().backward(); print(x.grad._version, w.grad._version)
    x.grad.zero_(); print(x.grad._version)
x.grad = torch.zeros(3); print(x.grad._version); x.sum().backward(); print(x.grad._version)
x.grad = None; x.sum().backward(); print(x.grad._version, x.grad.is_contiguous(), x.grad.stride())
""",
    "a first gradient is the leaf's own": """
g = torch.ones(3); (x + w).backward(g); print(x.grad is g, w.grad is g, x.grad is w.grad)
x.grad.add_(1); print(g, w.grad, x.grad)
y = x + 0; y.retain_grad(); x.grad = None; y.sum().backward(); y.grad.mul_(5); print(x.grad, y.grad)
""",
    "a stretched gradient becomes a whole one": """
x.sum().backward(); print(x.grad.stride(), x.grad.is_contiguous()); x.grad.add_(1); print(x.grad)
m = torch.ones(2, 3, requires_grad=True); m.t().sum(0).sum().backward(); print(m.grad.stride())
m.grad = None; (m.t() * torch.ones(3, 2)).sum().backward(); print(m.grad.stride())
""",
    "gradients broadcast and of several dtypes": """
d = torch.tensor(2.0, dtype=torch.float64, requires_grad=True); s = torch.tensor([[1.0], [2.0]], requires_grad=True)
y = x * d + s; print(y.dtype, y.shape); y.sum().backward(); print(x.grad, d.grad, s.grad)
z = x.double() * d; z.sum().backward(); print(x.grad, d.grad)
""",
    "scalars only without a gradient": """
attempt(lambda: (x * 2).backward()); attempt(lambda: (x[:1] * 2).backward()); print(x.grad)
attempt(lambda: (x * 2).backward(torch.ones(2))); attempt(lambda: (x * 2).backward(1.0))
attempt(lambda: torch.ones(1).backward()); attempt(lambda: x.detach().sum().backward())
attempt(lambda: torch.autograd.backward([x.sum(), torch.ones(1)]))
attempt(lambda: torch.autograd.backward([torch.ones(1), x]))
(x * 2).backward(torch.ones(3, dtype=torch.float64)); print(x.grad)
""",
    "freed after one backward": """
y = x.exp(); z = y.sum(); z.backward(); attempt(lambda: z.backward()); attempt(lambda: y.grad_fn._saved_result)
s = (x + w).sum(); s.backward(); s.backward(); print(x.grad)
y = x * w; y.sum().backward(retain_graph=True); y.sum().backward(); attempt(lambda: y.sum().backward())
""",
    "half of a graph freed": """
y = x.exp(); a = y.sin().sum(); b = y.cos().sum(); a.backward(); attempt(lambda: b.backward()); print(x.grad)
""",
    "grad returns and does not accumulate": """
y = (x * w).sum(); print(torch.autograd.grad(y, [x, w, x], retain_graph=True), x.grad)
print(torch.autograd.grad(y, x)); attempt(lambda: torch.autograd.grad(y, x))
z = x * 2; u = z.exp(); print(torch.autograd.grad(u.sum(), [z, x], retain_graph=True), torch.autograd.grad(u.sum(), z))
""",
    "grad through parts that are not needed": """
y = x.exp() * w; g = torch.autograd.grad(y.sum(), w)[0]; print(g, g.requires_grad)
print(torch.autograd.grad(y.sum(), w)) if False else None
attempt(lambda: torch.autograd.grad(y.sum(), w)); z = x.exp(); q = (z * 2 + w * w).sum()
print(torch.autograd.grad(q, w)); print(torch.autograd.grad(z.sum(), x)); print(x.grad, w.grad)
""",
    "unused inputs": """
y = (x * 2).sum()
attempt(lambda: torch.autograd.grad(y, [x, w])); attempt(lambda: torch.autograd.grad(y, w, allow_unused=True))
y = (x * 2).sum(); print(torch.autograd.grad(y, [x, w], allow_unused=True))
y = (x * 2).sum(); print(torch.autograd.grad(y, [w, x], materialize_grads=True))
attempt(lambda: torch.autograd.grad(y, x, materialize_grads=True, allow_unused=False))
attempt(lambda: torch.autograd.grad(y, [])); attempt(lambda: torch.autograd.grad(y, torch.ones(1)))
""",
    "inputs of backward": """
y = x * 2; z = (y * w).sum(); z.backward(inputs=[w, y]); print(x.grad, w.grad, y.grad)
y = x * 2; z = (y * w).sum(); z.backward(inputs=x, retain_graph=True); z.backward(inputs=[x]); print(x.grad, w.grad)
attempt(lambda: z.backward(inputs=[])); attempt(lambda: z.backward(inputs=[torch.ones(1)]))
""",
    "second and third derivatives": """
y = (x ** 3 * w).sum(); g, = torch.autograd.grad(y, x, create_graph=True); print(g, walk(g.grad_fn))
h, = torch.autograd.grad(g.sum(), x, create_graph=True); print(h); print(torch.autograd.grad(h.sum(), [x, w]))
""",
    "backward with create_graph": """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always"); (x * x * w).sum().backward(create_graph=True)
    print([str(c.message)[:99] for c in caught])
g = x.grad; print(g, g.requires_grad, g.grad_fn.name(), w.grad.grad_fn.name())
g.sum().backward(); print(x.grad is g, x.grad, w.grad); x.grad = w.grad = None; del g
""",
    "gradients of gradients by grad_outputs": """
v = torch.ones(3, requires_grad=True); y = x * x
g, = torch.autograd.grad(y, x, v, create_graph=True); print(torch.autograd.grad(g, [x, v], torch.ones(3)))
""",
    "the leaf was frozen meanwhile": """
y = (x * w).sum(); x.requires_grad_(False); y.backward(); print(x.grad, w.grad)
""",
    "gradient edges": """
edge = torch.autograd.graph.get_gradient_edge; y = x * 2; z = (y * w).sum()
print(torch.autograd.grad(z, [edge(y), edge(x)], retain_graph=True))
print(edge(y).node is y.grad_fn, edge(y).output_nr)
attempt(lambda: edge(torch.ones(1)))
z.backward(); print(isinstance(y.grad_fn, torch.autograd.graph.Node), edge(x).node.name(), edge(x).node.variable is x)
""",
    "a hook of several tensors waits for all that the pass comes to": """
several = torch.autograd.graph.register_multi_grad_hook; y = x * w; z = y * 2; q = y * 3; v = x[0]
with several((x, w, y, z, q), said("all")), several((z, z, v), said("twice")):
    z.sum().backward(retain_graph=True); (z + q).sum().backward(retain_graph=True)
    z.sum().backward(inputs=[x], retain_graph=True); attempt(lambda: torch.autograd.grad(z.sum(), x, retain_graph=True))
z.sum().backward(retain_graph=True)
with several((y, z), lambda grads: print([None if g is None else (g.tolist(), g.requires_grad) for g in grads])):
    torch.autograd.grad(z.sum(), y, retain_graph=True); torch.autograd.grad((z * z).sum(), y, create_graph=True)
a, b = (x * 2)[:2].unbind()
with several((a, b), said("unbound")): (a * 1).backward(retain_graph=True); (a * b).backward()
def fail(grads): raise ValueError("of the hook")
handle = several([x], fail); attempt(lambda: x.sum().backward()); handle.remove(); x.sum().backward()
attempt(lambda: several((x,), print, mode="some")); attempt(lambda: several((torch.ones(2),), print))
""",
    "a hook of several tensors takes the first": """
several = torch.autograd.graph.register_multi_grad_hook; y = x * w; z = y * 2; q = y * 3
with several((x, y, z, torch.ones(1)), said("any"), mode="any"):
    z.sum().backward(retain_graph=True); q.sum().backward(retain_graph=True); (z + q).sum().backward(retain_graph=True)
    torch.autograd.grad(q.sum(), y)
""",
    "a node's hook sees what is handed on": """
m = torch.ones(2, 3, requires_grad=True); y = m * x; y.grad_fn.register_hook(said("mul")); y.sum().backward()
y = m + x; y.grad_fn.register_hook(lambda into, out: (into[0] * 2, into[1] * 3)); y.sum().backward(); print(m.grad)
print(x.grad)
y = m * x; y.grad_fn.register_hook(lambda into, out: (into[0].sum(0), into[1])); attempt(lambda: y.sum().backward())
""",
    "hooks on several outputs run in the order they were registered": """
a, b = x[:2].unbind(); b.register_hook(said("b")); a.register_hook(said("a")); b.register_hook(said("b again"))
a.backward(retain_graph=True); (a * b).backward()
""",
    "what node hooks may return": """
for bad in (lambda *g: 3, lambda *g: (g[0][0],) * 3, lambda *g: (g[0][0].float(), g[0][1]), lambda *g: (g[0][0], x)):
    y = x * 2; y.grad_fn.register_hook(bad); attempt(lambda: y.sum().backward())
    y = x * 2; y.grad_fn.register_prehook(bad); attempt(lambda: y.sum().backward())
for bad in (lambda t: 3, lambda t: torch.ones(1), lambda t: t * 2, lambda t: t):
    with w.register_post_accumulate_grad_hook(bad): attempt(lambda: w.sum().backward())
attempt(lambda: (x * x).grad_fn(torch.ones(3), torch.ones(3))); print((x * x).grad_fn(torch.ones(3)))
""",
    "edges as roots, and arguments of the wrong kind": """
edge = torch.autograd.graph.get_gradient_edge; y = x * 3; s = y.sum()
torch.autograd.backward(edge(y), torch.ones(3)); print(x.grad); attempt(lambda: torch.autograd.grad(edge(s), x))
print(torch.autograd.grad(x.sum(), edge(x), materialize_grads=True))
attempt(lambda: torch.autograd.grad(x.sum(), [edge(w), x], materialize_grads=True))
attempt(lambda: torch.autograd.backward(3.0)); attempt(lambda: torch.autograd.grad(x.sum(), [3]))
attempt(lambda: torch.autograd.backward([x.sum(), x.sum()], [torch.ones(())])); attempt(lambda: x.sum().backward(2.0))
attempt(lambda: torch.autograd.backward(x * 2, grad_variables=torch.ones(3)))
attempt(lambda: torch.autograd.backward(x * 2, torch.ones(3), grad_variables=torch.ones(3)))
attempt(lambda: torch.autograd.grad((x * 2).sum(), x, only_inputs=False)); print(torch.autograd.Variable(x), x.grad)
""",
    "several outputs": """
m = torch.tensor([[3.0, 1.0], [2.0, 4.0]], requires_grad=True); v, i = m.max(1); a, b = m.unbind()
(v.sum() + b.sum()).backward(); print(m.grad, walk(b.grad_fn), b.output_nr)
a, b = m.unbind(); b.sum().backward(); print(m.grad); print(torch.autograd.grad(m.unbind()[0].sum(), m))
""",
    "nan and infinity pass": """
y = (x - 1).sqrt() * (x - 1).log(); y.sum().backward(); print(x.grad); (x / 0).sum().backward(); print(x.grad)
""",
    "metadata, names and numbers of nodes": """
y = x * w; n = y.grad_fn; n.metadata["k"] = 1; print(y.grad_fn.metadata, n.name(), type(n).__name__, n.requires_grad)
a = (x + 1).grad_fn; b = (x + 1).grad_fn
print(b._sequence_nr() - a._sequence_nr(), a.next_functions[0][0]._sequence_nr())
print(a.next_functions[0][0] is b.next_functions[0][0], a.next_functions[0][0].variable is x)
print(n(torch.ones(3)), n._saved_self is x, n._saved_other)
""",
    "what arrives at a node": """
m = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True); y = m.unbind()[0]
for each in y.grad_fn._input_metadata: print(each.shape, each.dtype, each.device)
print((x + 1).grad_fn._input_metadata[0].shape, x.sum().grad_fn._input_metadata[0].shape)
""",
    "bad arguments": """
attempt(lambda: torch.autograd.grad(x.sum(), x, grad_outputs=[torch.ones(2)]))
attempt(lambda: torch.autograd.grad(x * 2, x)); attempt(lambda: torch.autograd.grad(x.sum(), w))
attempt(lambda: x.grad_fn.name()); attempt(lambda: setattr(x, "grad", 1.0)); attempt(lambda: setattr(x, "grad", x))
attempt(lambda: setattr(x, "grad", torch.ones(2))); attempt(lambda: setattr(x, "grad", torch.ones(3).double()))
attempt(lambda: torch.tensor([1]).requires_grad_()); attempt(lambda: (x * 2).requires_grad_(False))
""",
}

HOOKS = {
    "a tensor hook sees and replaces": """
y = x * 2; y.register_hook(said("y")); y.register_hook(lambda g: g * 10); y.register_hook(said("then"))
x.register_hook(lambda g: g + 1); y.sum().backward(); print(x.grad)
""",
    "hooks of a leaf run once on the whole gradient": """
x.register_hook(said("x")); (x * w + x * 3).sum().backward(); print(x.grad); (x * 2).sum().backward(); print(x.grad)
""",
    "handles take hooks away": """
y = x * 2; h = y.register_hook(said("gone")); k = y.register_hook(said("kept")); h.remove(); h.remove()
with x.register_hook(said("for a while")): y.sum().backward(retain_graph=True)
k.remove(); y.sum().backward(); print(x.grad)
""",
    "retain_grad and hooks": """
y = x * 2; y.register_hook(lambda g: g * 3); y.retain_grad(); y.register_hook(lambda g: g * 5); y.sum().backward()
print(y.grad, x.grad, y.retains_grad, x.retains_grad); y = x * 2; y.retain_grad()
y.sum().backward(retain_graph=True); g = y.grad; y.sum().backward(); print(y.grad, g is y.grad)
attempt(lambda: torch.ones(1).retain_grad()); x.retain_grad(); print(x.retains_grad)
""",
    "hooks that are wrong": """
y = x * 2; h = y.register_hook(lambda g: g[:2]); attempt(lambda: y.sum().backward()); h.remove()
h = y.register_hook(lambda g: 3); attempt(lambda: y.sum().backward()); h.remove()
def bad(g): raise ValueError("mine")
y.register_hook(bad); attempt(lambda: y.sum().backward()); print(x.grad)
attempt(lambda: torch.ones(1).register_hook(bad)); attempt(lambda: y.register_post_accumulate_grad_hook(bad))
attempt(lambda: torch.ones(1).register_post_accumulate_grad_hook(bad))
""",
    "hooks of a node": """
y = x * w; z = y.sum(); n = y.grad_fn
n.register_prehook(said("pre")); n.register_hook(said("post")); z.backward(retain_graph=True); print(x.grad)
n.register_prehook(lambda g: (g[0] * 10,)); n.register_hook(lambda gi, go: (gi[0] * 2, gi[1])); z.backward()
print(x.grad, w.grad)
""",
    "hooks of an AccumulateGrad": """
y = x * 2; a = y.grad_fn.next_functions[0][0]
a.register_prehook(said("pre")); a.register_hook(said("post")); a.register_prehook(lambda g: (g[0] * 2,))
y.sum().backward(); print(x.grad); del a; y = x * 3; y.sum().backward(); print(x.grad)
""",
    "hooks after accumulation": """
x.register_post_accumulate_grad_hook(lambda t: print("post", t is x, t.grad))
h = w.register_post_accumulate_grad_hook(lambda t: setattr(t, "grad", None)); x.register_hook(said("x"))
(x * w).sum().backward(); print(w.grad); h.remove(); (x * w).sum().backward(); print(w.grad)
torch.autograd.grad((x * w).sum(), [x, w]); print("no post hook with grad")
""",
    "hooks with grad()": """
y = x * 2; y.register_hook(lambda g: g * 7); x.register_hook(lambda g: g * 11); z = y.sum()
print(torch.autograd.grad(z, [y, x], retain_graph=True)); print(torch.autograd.grad(z, x), x.grad)
""",
    "hooks under create_graph are recorded": """
y = x * x; y.register_hook(lambda g: g * x); g, = torch.autograd.grad(y.sum(), x, create_graph=True); print(g)
print(torch.autograd.grad(g.sum(), x)); modes = []
y = x * x; y.register_hook(lambda g: modes.append((torch.is_grad_enabled(), g.requires_grad)))
y.sum().backward(); torch.autograd.grad((y * x).sum(), x, create_graph=True) if False else None; print(modes)
""",
    "a hook that runs a backward of its own": """
y = x * 2
def again(g):
    with torch.enable_grad(): s = (w * w).sum()
    s.backward()
y.register_hook(again); y.sum().backward(); print(x.grad, w.grad)
""",
    "order of nodes, leaves and hooks": """
a = torch.ones(1, requires_grad=True); b = torch.ones(1, requires_grad=True); c = torch.ones(1, requires_grad=True)
for n, t in zip("abc", (a, b, c)):
    t.register_hook(said(n)); t.register_post_accumulate_grad_hook(lambda t, n=n: print(n, "done"))
p = b * a; q = p + c; r = q * b; s = r - a
for n, t in zip("pqrs", (p, q, r, s)): t.register_hook(said(n))
s.backward(); s2 = c * c + a; s2.backward(); (b * b * a).backward()
""",
    "a hook on each output": """
m = torch.tensor([[3.0, 1.0], [2.0, 4.0]], requires_grad=True); a, b = m.unbind()
a.register_hook(said("a")); b.register_hook(lambda g: g * 2); a.grad_fn.register_prehook(lambda g: print(g))
b.sum().backward(retain_graph=True); (a * b).sum().backward(); print(m.grad)
""",
}

MODES = {
    "no_grad, enable_grad, set_grad_enabled": """
with torch.no_grad():
    y = x * 2; print(y.requires_grad, torch.is_grad_enabled())
    with torch.enable_grad(): print((x * 2).requires_grad)
    with torch.set_grad_enabled(True): print((x * 2).requires_grad)
    print((x * 2).requires_grad)
torch.set_grad_enabled(False); print((x * 2).requires_grad); torch.set_grad_enabled(True); print((x * 2).requires_grad)
""",
    "as decorators": """
@torch.no_grad()
def f(x): return x * 2
@torch.no_grad
def g(x): "doc"; return x * 2
@torch.inference_mode()
def h(x): return x * 2
@torch.set_grad_enabled(False)
def k(x): return x * 2
@torch.enable_grad()
def e(x): return x * 2
print(f(x).requires_grad, g(x).requires_grad, g.__name__, h(x).is_inference(), k(x).requires_grad)
print((x * 2).requires_grad)
with torch.no_grad(): print(e(x).requires_grad)
@torch.no_grad()
def each(x):
    sent = yield (x * 2).requires_grad
    yield sent, torch.is_grad_enabled()
    try: yield 1
    except ValueError: yield "caught", torch.is_grad_enabled()
it = each(x); print(next(it), torch.is_grad_enabled(), it.send(5), torch.is_grad_enabled()); next(it)
print(it.throw(ValueError()), torch.is_grad_enabled()); it.close()
""",
    "modes end with an error": """
class Mine(Exception): pass
for mode in (torch.no_grad(), torch.inference_mode(), torch.enable_grad(), torch.autograd.set_detect_anomaly(True)):
    try:
        with mode: raise Mine
    except Mine: print(torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.is_anomaly_enabled())
""",
    "inference tensors": """
with torch.inference_mode():
    y = x * 2; z = torch.ones(3); y.add_(1); print(y.is_inference(), torch.is_inference_mode_enabled())
attempt(lambda: y.requires_grad_()); attempt(lambda: (x * z).sum()); print((z + 1).is_inference())
attempt(lambda: z._version); print(z.clone().is_inference(), z.is_leaf, z.grad_fn)
with torch.inference_mode(False): print((x * 2).requires_grad)
""",
    "anomalies": """
import warnings
def forward(): return x.detach().requires_grad_().sqrt() * 0
def caught(run):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", UserWarning); attempt(run)
        print([str(w.message).split(". No")[0].split(chr(10))[0] for w in seen])
x.data[0] = -1
with torch.autograd.detect_anomaly(): caught(lambda: (x.sqrt() * 0).sum().backward())
y = (x.sqrt() * 0).sum()
with torch.autograd.set_detect_anomaly(True): caught(lambda: y.backward())
with torch.autograd.detect_anomaly(check_nan=False): caught(lambda: (x.sqrt() * 0).sum().backward())
print(torch.is_anomaly_enabled()); (x.sqrt() * 0).sum().backward(); print(x.grad)
def mine(*grads): raise ValueError("mine")
with torch.autograd.detect_anomaly():
    y = x * 2; y.register_hook(mine); caught(lambda: y.sum().backward())
    y = x * 2; y.grad_fn.register_hook(mine); caught(lambda: y.sum().backward())
    y = x.sqrt(); y.grad_fn.register_hook(lambda out, given: given); caught(lambda: (y * 0).sum().backward())
    y = x.exp(); y.grad_fn.register_hook(lambda out, given: (out[0] / 0,)); caught(lambda: y.mul(0).sum().backward())
""",
}

SAVED = {
    "pack and unpack hooks": """
packed = []
def pack(t): packed.append(t.tolist()); return t.tolist()
def unpack(p): return torch.tensor(p) * 2
with torch.autograd.graph.saved_tensors_hooks(pack, unpack): y = x * w; z = y.exp()
print(packed); z.sum().backward(); print(x.grad, w.grad)
attempt(lambda: z.sum().backward())
""",
    "hooks one in another": """
hooks = torch.autograd.graph.saved_tensors_hooks
with hooks(lambda t: t, lambda t: t * 2):
    with hooks(lambda t: t, lambda t: t * 3): y = x * x
    z = w * w
(y.sum() + z.sum()).backward(); print(x.grad, w.grad)
""",
    "hooks and second derivatives": """
with torch.autograd.graph.saved_tensors_hooks(lambda t: t.detach().clone(), lambda t: t): y = (x.exp() * x * w).sum()
g, = torch.autograd.grad(y, x, create_graph=True); print(torch.autograd.grad(g.sum(), [x, w]))
""",
    "hooks that are wrong": """
hooks = torch.autograd.graph.saved_tensors_hooks
with hooks(lambda t: 1, lambda p: p): y = x * w
attempt(lambda: y.sum().backward()); del y
def change(t): t.data.mul_(1); t.detach().mul_(2); return t
with hooks(change, lambda p: p): attempt(lambda: (x * 2) * w)
""",
    "save_on_cpu and hooks forbidden": """
with torch.autograd.graph.save_on_cpu(): y = x * w
with torch.no_grad(): x.mul_(2)
y.sum().backward(); print(x.grad, w.grad)
with torch.autograd.graph.disable_saved_tensors_hooks("not here"):
    def enter():
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t): pass
    attempt(enter)
""",
    "changed since they were saved": """
y = x * 2; z = y * y; y.add_(1); attempt(lambda: z.sum().backward())
y = x.exp(); y.mul_(2); attempt(lambda: y.sum().backward()); y = x * 2; z = y + y; y.add_(1); z.sum().backward()
print(x.grad)
y = x * 2; y.add_(1); z = y * y; z.sum().backward(); print(x.grad); v = torch.ones(3); y = x * v
torch.autograd.graph.increment_version(v); print(v._version); attempt(lambda: y.sum().backward())
attempt(lambda: y.grad_fn._saved_other)
""",
}


@pytest.mark.parametrize("name", BACKWARD)
def test_backward_and_grad(name: str) -> None:
    program(GIVEN + BACKWARD[name])


@pytest.mark.parametrize("name", HOOKS)
def test_hooks(name: str) -> None:
    program(GIVEN + HOOKS[name])


@pytest.mark.parametrize("name", MODES)
def test_modes(name: str) -> None:
    program(GIVEN + MODES[name])


@pytest.mark.parametrize("name", SAVED)
def test_saved_tensors(name: str) -> None:
    program(GIVEN + SAVED[name])


def _leaf() -> Any:
    return minigrad.tensor([1.0, 2.0], requires_grad=True)


def _interrupt(where: str, error: type[BaseException]) -> None:
    """Raise ``error`` inside of something."""
    x = _leaf()
    y = x * x

    def hook(*given: Any) -> None:
        raise error

    @minigrad.no_grad()
    def generator() -> Any:
        yield 1
        raise error

    match where:
        case "no_grad" | "inference_mode":
            with getattr(minigrad, where)():
                raise error
        case "generator":
            list(generator())
        case "hook" | "create_graph":
            y.register_hook(hook)
            minigrad.autograd.grad(y.sum(), x, create_graph=where == "create_graph")
        case "node hook":
            y.grad_fn.register_hook(hook)
            y.sum().backward()
        case "post hook":
            x.register_post_accumulate_grad_hook(hook)
            y.sum().backward()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize(
    "where", ["hook", "node hook", "post hook", "no_grad", "inference_mode", "generator", "create_graph"]
)
def test_whatever_passes_through_leaves_nothing_behind(where: str, error: type[BaseException]) -> None:
    with pytest.raises(error):
        _interrupt(where, error)
    assert not grad_mode.special
    assert not grad_mode.special
    x = _leaf()
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 4]


def test_threads_run_graphs_of_their_own() -> None:
    found: dict[int, Any] = {}
    start = threading.Barrier(4)

    def work(number: int) -> None:
        start.wait()
        for _ in range(200):
            x = _leaf()
            with minigrad.no_grad() if number % 2 else minigrad.enable_grad():
                quiet = x * 2
            y = x
            for _ in range(5):
                y = y * x
            y.sum().backward()
            found[number] = (x.grad.tolist(), quiet.requires_grad)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: ([6, 192], number % 2 == 0) for number in range(4)}
    assert not grad_mode.special


PIECES: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda x: (x * x + 1) / x.exp(),
    "several outputs": lambda x: x.unbind()[0] * 2,
    "a write to a view": lambda x: (x * 1).clone()[0].mul_(3),
    "hooks": lambda x: _hooked(x * x),
}


def _hooked(y: Any) -> Any:
    y.register_hook(lambda grad: grad * 2)
    y.retain_grad()
    return y


@pytest.mark.parametrize("name", PIECES)
@pytest.mark.parametrize("backward", ["none", "plain", "retained", "failed", "create_graph"])
def test_a_graph_goes_with_its_last_reference(name: str, backward: str) -> None:
    gc.collect()
    gc.disable()
    try:
        x = _leaf()
        y = PIECES[name](x)
        total = y.sum()
        seen = [weakref.ref(each) for each in (y, y.grad_fn, total.grad_fn)]
        match backward:
            case "plain":
                total.backward()
            case "retained":
                total.backward(retain_graph=True)
            case "create_graph":
                minigrad.autograd.grad(total, x, create_graph=True)
            case "failed":
                with pytest.raises(RuntimeError):
                    total.backward(minigrad.ones(2))
        del y, total
        assert [each() for each in seen] == [None] * 3
    finally:
        gc.enable()


def test_a_hundred_thousand_operations_build_run_and_die() -> None:
    x = minigrad.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(50_000):
        y = y * 1.0 + x
    node = weakref.ref(y.grad_fn)
    y.backward()
    assert x.grad.item() == 50_001
    del y
    assert node() is None


def test_two_paths_a_step_are_walked_once() -> None:
    x = minigrad.tensor(1.0, requires_grad=True, dtype=minigrad.float64)
    y = x
    for _ in range(300):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**300
