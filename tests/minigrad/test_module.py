"""Module, Parameter and the containers: whole programs, which must print and leave behind what they do with PyTorch."""

from __future__ import annotations

import copy
import pickle

import pytest

import minigrad as torch
from minigrad import nn
from tests.minigrad.oracle import program

PROGRAMS = {
    "attributes": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(2, 3)
                self.scale = nn.Parameter(torch.ones(3))
                self.register_buffer("mean", torch.zeros(3))
                self.register_buffer("hidden", torch.zeros(1), persistent=False)
                self.number = 7
                self.none = None
                self.last = nn.Sequential(nn.ReLU(), nn.Linear(3, 1, bias=False))
        m = Net()
        print(m)
        print([n for n, _ in m.named_parameters()], [n for n, _ in m.named_parameters(prefix="net", recurse=False)])
        print([n for n, _ in m.named_buffers()], [n for n, _ in m.named_children()], [n for n, _ in m.named_modules()])
        print(len(list(m.parameters())), len(list(m.buffers())), len(list(m.children())), len(list(m.modules())))
        print(list(m.state_dict()), m.number, m.none, "scale" in dir(m), m.last[1].bias)
        s, kept = m.state_dict(), m.state_dict(keep_vars=True)
        print(type(s).__name__, s["scale"].requires_grad, kept["scale"].requires_grad)
        print(list(m.state_dict(prefix="net.")))
        print(m.get_submodule("last.1") is m.last[1], m.get_submodule("") is m)
        print(m.training, m.first.training)
    """,
    "assigning": """
        m = nn.Module()
        m.a = nn.Parameter(torch.ones(2))
        m.a = None
        print(list(m.named_parameters()), m.a)
        m.a = nn.Parameter(torch.zeros(1))
        m.b = nn.Linear(1, 1)
        m.b = nn.Parameter(torch.zeros(1))
        print([n for n, _ in m.named_parameters()], [n for n, _ in m.named_children()])
        m.c = torch.ones(1)
        m.c = nn.Parameter(torch.ones(1))
        print([n for n, _ in m.named_parameters()], "c" in m.__dict__)
        del m.c
        print(hasattr(m, "c"), list(m._parameters), list(m._modules), list(m._buffers))
        m.register_buffer("d", None)
        m.d = torch.ones(1)
        print([n for n, _ in m.named_buffers()])
        m.d = None
        print([n for n, _ in m.named_buffers()], m.d)
        m.b = None
        print(m, m._parameters.keys())
        m.x = 3
        m.x = nn.ReLU()
        print(m)
        m.x = None
        print(m)
    """,
    "shared": """
        linear = nn.Linear(2, 2)
        m = nn.Sequential(linear, nn.ReLU(), linear)
        print(len(list(m.parameters())), [n for n, _ in m.named_parameters()], [n for n, _ in m.named_modules()])
        print([n for n, _ in m.named_parameters(remove_duplicate=False)])
        print([n for n, _ in m.named_modules(remove_duplicate=False)])
        print(list(m.state_dict()), len(list(m.children())), m)
        a, b = nn.Linear(3, 3), nn.Linear(3, 3)
        b.weight = a.weight
        both = nn.ModuleList([a, b])
        print([n for n, _ in both.named_parameters()])
        x = torch.ones(1, 3)
        a.weight.data.fill_(0.5); a.bias.data.fill_(0.0); b.bias.data.fill_(0.0)
        (a(x).sum() * b(x).sum()).backward()
        print(a.weight.grad, b.weight.grad is a.weight.grad)
    """,
    "modes": """
        m = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.BatchNorm1d(2)))
        print([c.training for c in m.modules()])
        print(m.eval() is m, [c.training for c in m.modules()])
        m[1].train()
        print([c.training for c in m.modules()], m.train() is m)
        m.requires_grad_(False)
        print([p.requires_grad for p in m.parameters()])
        m[1][0].weight.requires_grad_()
        print([p.requires_grad for p in m.parameters()], m.requires_grad_() is m)
        seen = []
        print(m.apply(lambda c: seen.append(type(c).__name__)) is m, seen)
    """,
    "zero_grad": """
        m = nn.Linear(2, 1)
        m(torch.ones(1, 2)).sum().backward()
        g = m.weight.grad
        m.zero_grad(set_to_none=False)
        print(m.weight.grad, m.weight.grad is g, m.bias.grad, g._version)
        m(torch.ones(1, 2)).sum().backward()
        print(m.weight.grad)
        m.zero_grad()
        print(m.weight.grad, g)
    """,
    "conversions": """
        m = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        w = m[0].weight
        m(torch.ones(3, 2)).sum().backward()
        print(m.double() is m, m[0].weight is w, w.dtype, w.grad.dtype)
        print(m[1].running_mean.dtype, m[1].num_batches_tracked.dtype)
        print(m(torch.ones(3, 2, dtype=torch.float64)).dtype, w.is_leaf, w.requires_grad)
        m.float()
        print(w.dtype, w.grad.dtype)
        print(m.to(torch.float64)[0].bias.dtype, m.to("cpu")[0].bias.dtype)
        print(m.half()[0].bias.dtype, m.to(dtype=torch.float32)[0].bias.dtype)
        print(m.cpu() is m, m.to(torch.ones(1, dtype=torch.float64))[0].bias.dtype)
    """,
    "parameter": """
        p = nn.Parameter(torch.ones(2))
        print(p, repr(p), p.requires_grad, p.is_leaf, type(p).__name__, isinstance(p, torch.Tensor))
        q = nn.Parameter(torch.ones(2), requires_grad=False)
        print(q, q.requires_grad)
        t = torch.zeros(3)
        r = nn.Parameter(t)
        t[0] = 5
        print(r, r.data_ptr() == t.data_ptr(), type(r + 1).__name__, (r + 1).grad_fn is not None)
        print(nn.Parameter(), type(r.data).__name__, type(r.detach()).__name__)
        i = nn.Parameter(torch.tensor([1, 2]), requires_grad=False)
        print(i)
        r.data = torch.ones(4)
        print(r.shape, r.requires_grad)
        with torch.no_grad():
            r.add_(1).mul_(2)
        print(r, r._version)
        s = nn.Parameter((torch.ones(2, requires_grad=True) * 2))
        print(s.is_leaf, s.grad_fn)
    """,
    "load": """
        m = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        other = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        other(torch.randn(5, 2))
        w = m[0].weight
        print(m.load_state_dict(other.state_dict()))
        a, b = m[0].weight.detach(), m[1].running_mean
        print(torch.equal(a, other[0].weight), m[0].weight is w, w._version, w.data_ptr() == other[0].weight.data_ptr())
        state = other.state_dict()
        del state["0.bias"]
        state["new"] = torch.ones(1)
        print(m.load_state_dict(state, strict=False))
        double = {k: v.double() for k, v in other.state_dict().items()}
        m.load_state_dict(double)
        print(m[0].weight.dtype)
        print(m.load_state_dict(double, assign=True), m[0].weight.dtype, type(m[0].weight).__name__, m[0].weight is w)
    """,
    "hooks": """
        log = []
        m = nn.Linear(2, 2, bias=False)
        m.weight.data = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        a = m.register_forward_pre_hook(lambda mod, args: log.append(("pre", mod is m, args)))
        b = m.register_forward_hook(lambda mod, args, out: log.append(("forward", args, out)))
        c = m.register_full_backward_hook(lambda mod, gi, go: log.append(("backward", gi, go)))
        x = torch.ones(1, 2, requires_grad=True)
        y = m(x)
        y.sum().backward()
        for line in log: print(line)
        a.remove(); b.remove(); c.remove()
        log.clear()
        z = m(x)
        print(log, x.grad)
        a = m.register_forward_pre_hook(lambda mod, args: args[0] * 2)
        print(m(x))
        a.remove()
        a = m.register_forward_pre_hook(lambda mod, args: (args[0] * 3,))
        b = m.register_forward_hook(lambda mod, args, out: out + 100)
        d = m.register_forward_hook(lambda mod, args, out: print("second", out))
        print(m(x))
        a.remove(); b.remove(); d.remove()
        c = m.register_full_backward_hook(lambda mod, gi, go: (gi[0] * 10,))
        x.grad = None
        m(x).sum().backward()
        print(x.grad)
    """,
    "more_hooks": """
        n = nn.ReLU()
        n.register_full_backward_pre_hook(lambda mod, go: print("pre", go))
        n.register_full_backward_hook(lambda mod, gi, go: print("full", gi, go))
        x = torch.tensor([-1.0, 2.0], requires_grad=True)
        n(x).sum().backward()
        k = nn.Linear(2, 1)
        k.weight.data.fill_(1.0)
        k.register_full_backward_hook(lambda mod, gi, go: print("no input grad", gi, go))
        k(torch.ones(1, 2)).sum().backward()
    """,
    "hooks_of_two": """
        class Two(nn.Module):
            def forward(self, a, b):
                return a * b, a + b
        m = Two()
        m.register_full_backward_hook(lambda mod, gi, go: print(gi, go))
        a, b = torch.tensor([2.0], requires_grad=True), torch.tensor([3.0])
        p, q = m(a, b)
        (p + q).backward()
        print(a.grad)
        c = torch.tensor([4.0], requires_grad=True)
        p, q = m(a, c)
        p.backward()
        print(a.grad, c.grad)
    """,
    "containers": """
        m = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        print(m[0], m[-1], m[:2], len(m), m[1:][0])
        m.append(nn.Tanh())
        m[1] = nn.Sigmoid()
        print(m)
        del m[0]
        print(m, [n for n, _ in m.named_children()])
        m.insert(0, nn.Linear(2, 3))
        m.extend([nn.ReLU(), nn.ReLU()])
        print(m, m.pop(1), len(m), list(m)[0])
        print(nn.Sequential(nn.ReLU()) + nn.Sequential(nn.Tanh()))
        from collections import OrderedDict
        named = nn.Sequential(OrderedDict([("a", nn.Linear(1, 1)), ("b", nn.ReLU())]))
        print(named, named.a, named[0], [n for n, _ in named.named_parameters()])
        l = nn.ModuleList([nn.Linear(1, 1) for _ in range(3)])
        l.insert(1, nn.ReLU())
        print(l, l[1], l[-1], l[1:], len(l), [n for n, _ in l.named_parameters()])
        l.append(nn.Tanh()); l.extend([nn.ReLU(), nn.ReLU()]); l[0] = nn.Identity()
        del l[1]
        print(l, nn.ReLU in [type(c) for c in l], (l + [nn.Tanh()])[-1], l.pop(0))
        print(nn.ModuleList(), nn.Sequential(), nn.ModuleDict())
        d = nn.ModuleDict({"act": nn.ReLU(), "lin": nn.Linear(1, 1)})
        d["x"] = nn.Tanh()
        print(d, list(d), list(d.keys()), list(d.values()), list(d.items()))
        print("act" in d, len(d), d["act"])
        del d["act"]
        print(d.pop("x"), d, [n for n, _ in d.named_parameters()])
        d.update([["u", nn.ReLU()]])
        d.clear()
        print(d, len(d))
    """,
    "forward_of_lists": """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(2))
                self.by_name = nn.ModuleDict({"out": nn.Linear(2, 1)})
            def forward(self, x):
                for layer in self.layers:
                    x = layer(x).tanh()
                return self.by_name["out"](x)
        torch.manual_seed(1)
        m = Net()
        y = m(torch.ones(3, 2))
        y.sum().backward()
        grads = [p.grad for p in m.parameters()]
        print(m, y, *grads)
    """,
    "printing": """
        class Net(nn.Module):
            def extra_repr(self):
                return "a=1, b=2"
        print(Net())
        n = Net()
        n.l = nn.Linear(1, 1)
        print(n)
        class Long(nn.Module):
            def extra_repr(self):
                return "one\\ntwo"
        print(Long())
        k = Long()
        k.n = n
        print(nn.Sequential(k, nn.Sequential(n)))
        print(nn.ModuleList([nn.Sequential(nn.Linear(1, 1), nn.ReLU()) for _ in range(2)]))
    """,
    "training": """
        torch.manual_seed(0)
        x = torch.linspace(-1, 1, 20).reshape(-1, 1)
        t = 2 * x + 1
        m = nn.Linear(1, 1)
        opt = torch.optim.SGD(m.parameters(), lr=0.1)
        loss_fn = nn.MSELoss()
        for _ in range(10):
            opt.zero_grad()
            loss = loss_fn(m(x), t)
            loss.backward()
            opt.step()
        w, b = m.weight.detach(), m.bias.detach()
        print(loss)
    """,
}

ERRORS = [
    'm = nn.Module(); m.a = nn.Parameter(torch.ones(1)); m.a = torch.ones(1)',
    'm = nn.Module(); m.a = nn.Parameter(torch.ones(1)); m.a = 3',
    'm = nn.Module(); m.a = nn.ReLU(); m.a = torch.ones(1)',
    'm = nn.Module(); m.a = nn.ReLU(); m.a = "x"',
    'm = nn.Module(); m.register_buffer("a", torch.ones(1)); m.a = 3',
    'm = nn.Module(); m.register_buffer("a.b", torch.ones(1))',
    'm = nn.Module(); m.register_buffer("", torch.ones(1))',
    'm = nn.Module(); m.a = 3; m.register_buffer("a", torch.ones(1))',
    'm = nn.Module(); m.register_buffer(3, torch.ones(1))',
    'm = nn.Module(); m.register_buffer("a", 3)',
    'm = nn.Module(); m.register_parameter("a.b", None)',
    'm = nn.Module(); m.register_parameter("", None)',
    'm = nn.Module(); m.a = 3; m.register_parameter("a", None)',
    'm = nn.Module(); m.register_parameter("a", torch.ones(1))',
    'm = nn.Module(); m.register_parameter("a", 3)',
    'm = nn.Module(); m.add_module("a.b", nn.ReLU())',
    'm = nn.Module(); m.add_module("", nn.ReLU())',
    'm = nn.Module(); m.add_module("forward", nn.ReLU())',
    'm = nn.Module(); m.add_module("a", 3)',
    'm = nn.Module(); m.add_module("a", len)',
    'm = nn.Module(); m.add_module("a", str.upper)',
    'm = nn.Module(); m.register_parameter("a", np.ones(2))',
    'm = nn.Module(); m.add_module(3, nn.ReLU())',
    'nn.Module().foo',
    'del nn.Module().foo',
    'nn.Linear(1, 1).foo',
    'nn.Module()(1)',
    'nn.Module().train(3)',
    'nn.Module(3)',
    'nn.Module(a=3)',
    'nn.Linear(2, 3)(torch.ones(4, 5))',
    'nn.Linear(2, 3)(torch.ones(5))',
    'nn.Linear(2, 3)(torch.ones(2, 4, 5))',
    'nn.Linear(2, 3)(3)',
    'nn.Linear(2, 3)(torch.ones(2, dtype=torch.int64))',
    'nn.Linear(2, 3)(torch.ones(1, 2, dtype=torch.float64))',
    'nn.Linear(2, 3)()',
    'nn.Linear(2)',
    'nn.Linear(2.0, 3)',
    'nn.ReLU()(3)',
    'nn.ReLU()(torch.ones(1), torch.ones(1))',
    'nn.ReLU(foo=3)',
    'nn.ReLU(1, 2)',
    'nn.Conv2d(3, 4, 3, groups=2)',
    'nn.Conv2d(4, 3, 3, groups=2)',
    'nn.Conv2d(4, 4, 3, groups=0)',
    'nn.Conv2d(4, 4, 3, padding="same", stride=2)',
    'nn.Conv2d(1, 4, 3)(torch.ones(2, 3, 5, 5))',
    'nn.Conv2d(1, 4, 3)(torch.ones(5, 5))',
    'nn.Conv2d(1, 4, 3)(torch.ones(1, 1, 2, 2))',
    'nn.BatchNorm1d(3)(torch.ones(2, 4))',
    'nn.BatchNorm1d(3)(torch.ones(3))',
    'nn.BatchNorm1d(3)(torch.ones(1, 3))',
    'nn.BatchNorm2d(3)(torch.ones(2, 3))',
    'nn.LayerNorm(3)(torch.ones(2, 4))',
    'nn.Dropout(2)',
    'nn.Dropout(-0.1)',
    'nn.Embedding(3, 2)(torch.tensor([5]))',
    'nn.Embedding(3, 2)(torch.tensor([0.5]))',
    'nn.Embedding(3, 2, padding_idx=7)',
    'nn.MSELoss()(torch.ones(2))',
    'nn.MSELoss(reduction="x")(torch.ones(2), torch.ones(2))',
    'nn.MSELoss()(torch.ones(2), torch.ones(3))',
    'nn.CrossEntropyLoss()(torch.ones(2, 3), torch.tensor([0, 5]))',
    'nn.CrossEntropyLoss()(torch.ones(2, 3), torch.tensor([0, 1, 2]))',
    'nn.CrossEntropyLoss()(torch.ones(2, 3), torch.ones(2))',
    'nn.BCELoss()(torch.ones(2) * 2, torch.ones(2))',
    'nn.BCELoss()(torch.ones(2), torch.ones(3))',
    'nn.Parameter(torch.tensor([1, 2]))',
    'nn.Parameter(3)',
    'nn.Sequential(nn.ReLU())["a"]',
    'nn.Sequential(nn.ReLU())[1]',
    'nn.Sequential(3)',
    'nn.Sequential(nn.ReLU()).append(3)',
    'nn.Sequential(nn.Linear(1, 1))(torch.ones(2, 3))',
    'nn.ModuleList([nn.ReLU()])[3]',
    'nn.ModuleList([3])',
    'nn.ModuleList([nn.ReLU()])(1)',
    'nn.ModuleDict({"a": 3})',
    'nn.ModuleDict({"a": nn.ReLU()})["b"]',
    'nn.Linear(1, 1).load_state_dict(3)',
    'nn.Linear(1, 1).load_state_dict({})',
    'nn.Linear(1, 1).load_state_dict({"x": 1, "y": 2})',
    'nn.Linear(1, 2).load_state_dict(nn.Linear(2, 2).state_dict())',
    'nn.Linear(1, 2).load_state_dict({"weight": 3, "bias": torch.ones(2)})',
    'nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 1)).load_state_dict({"0.weight": torch.ones(1), "1.foo": 1})',
    'nn.Linear(1, 2).load_state_dict(nn.Linear(2, 2).state_dict(), strict=False)',
    'nn.Linear(1, 1).get_submodule("a.b")',
    'nn.Linear(1, 1).to(torch.int64)',
    'nn.Linear(1, 1).to("cuda:x")',
    'nn.Linear(1, 1).to("cuda")',
    'nn.Linear(1, 1).to(torch.device("cuda"), torch.float64)',
    "nn.BatchNorm1d(1, affine=False).cuda()",
    'class A(nn.Module):\n    def __init__(self): self.l = nn.Linear(1, 1)\nA()',
    'class A(nn.Module):\n    def __init__(self): self.l = nn.Parameter(torch.ones(1))\nA()',
    'class A(nn.Module):\n    def __init__(self): self.register_buffer("l", torch.ones(1))\nA()',
    'class A(nn.Module):\n    def __init__(self): self.x = 3\nA()(1)',
    'nn.Sequential(nn.Linear(1, 1), 3)',
    'nn.Sequential(nn.Linear(1, 1), lambda x: x)',
    'net = nn.Sequential(nn.ReLU()); print(net.insert(0, nn.Tanh()), net.extend([nn.Sigmoid()]))',
    'print(nn.ModuleList([nn.ReLU()]).extend([nn.Tanh()]), nn.ModuleList().insert(0, nn.Tanh()))',
]  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    program(PROGRAMS[name])


@pytest.mark.parametrize("code", ERRORS)
def test_error(code: str) -> None:
    program(code)


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.Linear(3, 1))


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))], ids=["deepcopy", "pickle"]
)
def test_a_copy_computes_the_same_and_shares_nothing(copied) -> None:
    module, x = net(), torch.randn(4, 2)
    module(x).sum().backward()
    other = copied(module)
    assert repr(other) == repr(module)
    assert torch.equal(other.eval()(x), module.eval()(x))
    for mine, theirs in zip(module.parameters(), other.parameters(), strict=True):
        assert isinstance(theirs, nn.Parameter)
        assert theirs.requires_grad
        assert theirs.data_ptr() != mine.data_ptr()
    assert other[1].running_mean.data_ptr() != module[1].running_mean.data_ptr()


def test_a_copy_keeps_shared_parameters_shared() -> None:
    module = net()
    module.again = module[0]
    other = copy.deepcopy(module)
    assert other.again is other[0]
    assert other.again.weight is other[0].weight


def notes_of(code: str) -> str:
    with pytest.raises(RuntimeError) as caught:
        exec(code, {"torch": torch, "nn": nn})
    return "\n".join(caught.value.__notes__)


def test_an_error_of_shapes_names_the_module_and_the_usual_mistake() -> None:
    notes = notes_of(
        "nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.ReLU(), nn.Linear(18, 3)))(torch.ones(4, 1, 5, 5))"
    )
    assert (
        "in module '1.1', Linear(in_features=18, out_features=3, bias=True), given an input of shape [4, 2, 3, 3]"
        in notes
    )
    assert "flattened first" in notes


def test_a_module_that_fails_alone_is_named_by_its_kind() -> None:
    notes = notes_of("nn.Linear(2, 3)(torch.ones(2, 4))")
    assert "raised in Linear(in_features=2, out_features=3, bias=True), given an input of shape [2, 4]" in notes
    assert notes.count("raised in") == 1


def test_a_layer_leaves_the_line_to_the_learner() -> None:
    notes = notes_of("y = nn.Tanh()(torch.ones(2, requires_grad=True))\ny += 1\ny.sum().backward()")
    assert "saved it at version 0 (line 1)" in notes


@pytest.mark.parametrize(
    "line",
    [
        "import minigrad.nn as nn; nn.Linear",
        "from minigrad import nn, optim; optim.SGD",
        "import minigrad.nn.functional as F; F.relu",
        "from minigrad.nn.parameter import Parameter",
        "from minigrad.nn.utils import clip_grad_norm_",
        "import minigrad.optim as optim; optim.Adam",
        "from minigrad.optim.lr_scheduler import StepLR",
        "from minigrad.utils.checkpoint import checkpoint",
        "from minigrad.utils.data import DataLoader, Dataset, TensorDataset, random_split",
    ],
)
def test_what_tutorials_import(line: str) -> None:
    exec(line, {})


def test_parameters_in_a_list() -> None:
    program("""
        p = nn.ParameterList(torch.ones(2, i) for i in range(3))
        p.append(nn.Parameter(torch.zeros(())))
        p[0] = nn.Parameter(torch.ones(1))
        print(p, p[1:], list(p.state_dict()), p[-1])
        print([q.shape for q in p], p.get_parameter("2").shape)
        for path in ("7", "training"):
            try:
                p.get_parameter(path)
            except AttributeError as error:
                print(error)
        p.register_buffer("b", torch.ones(1))
        print(p.get_buffer("b"))
        p[9]
    """)


def test_parameters_by_name() -> None:
    program("""
        p = nn.ParameterDict({"b": torch.ones(2), "a": nn.Parameter(torch.zeros(()))})
        p["c"] = torch.ones(1, 2, dtype=torch.float64)
        p.update([("u", torch.ones(1)), ("d", torch.ones(3))])
        print(p, nn.Sequential(p), list(p), "a" in p, len(p), list(p.state_dict()), p["u"])
        del p["a"]
        print(p.pop("u"), list(p.keys()), [v.shape for v in p.values()], [n for n, _ in p.named_parameters()])
        p.clear()
        print(p, nn.ParameterDict(parameters={"one": torch.ones(1)}), nn.ParameterList(values=[torch.ones(1)]))
        print(nn.ModuleDict(modules={"a": nn.ReLU()}), nn.ModuleList(modules=[nn.ReLU()]))
        q = nn.ParameterList([torch.ones(1), torch.ones(2)])
        q[0] = torch.zeros(3)
        print(q)
    """)


def test_hooks_that_want_the_arguments_given_by_name() -> None:
    program("""
        class Scaled(nn.Module):
            def forward(self, x, scale=1):
                return x * scale

        m = Scaled()
        replaced = lambda m, a, k: print(a, k) or ((a[0] + 1,), {"scale": 3})
        before = m.register_forward_pre_hook(replaced, with_kwargs=True)
        after = m.register_forward_hook(lambda m, a, k, out: print(a, k, out), with_kwargs=True)
        m.register_forward_hook(lambda m, a, out: out * 10)
        print(m(torch.ones(1), scale=2))
        before.remove()
        print(m(torch.ones(1)))
    """)


def test_hooks_before_those_that_are_there() -> None:
    program("""
        m = nn.Linear(1, 1)
        for number in 1, 2, 3:
            first = number > 1
            m.register_forward_pre_hook(lambda *_, number=number: print("pre", number), prepend=first)
            m.register_forward_hook(lambda *_, number=number: print("forward", number), prepend=first)
            m.register_full_backward_pre_hook(lambda *_, number=number: print("backward pre", number), prepend=first)
            m.register_full_backward_hook(lambda *_, number=number: print("backward", number), prepend=first)
        m(torch.ones(1, 1, requires_grad=True)).backward()
    """)


def test_backward_hooks_of_results_of_other_kinds() -> None:
    program("""
        import collections
        Pair = collections.namedtuple("Pair", "first second")

        class Made(nn.Module):
            def forward(self, make, x): return make(x * 2, x * 3)

        m = Made()
        m.register_full_backward_hook(lambda m, grad_input, grad_output: print(grad_output))
        x = torch.ones(2, requires_grad=True)
        for make in Pair, lambda a, b: (a, b), lambda a, b: {"a": a, "b": b}, lambda a, b: [a, b]:
            print(m(make, x))
        m(Pair, x).second.sum().backward()
    """)


def test_a_buffer_that_became_a_parameter_is_state() -> None:
    program("""
        m = nn.Module()
        m.register_buffer("b", torch.ones(1), persistent=False)
        print(m.state_dict())
        m.b = nn.Parameter(torch.zeros(1))
        print(m.state_dict())
    """)


def test_containers_as_sequences() -> None:
    program("""
        print(list(reversed(nn.ParameterDict({"a": torch.ones(1), "b": torch.ones(1)}))))
        s = nn.Sequential(nn.ReLU())
        print([name for name in dir(s) if not name.isidentifier()], s.insert(-1, nn.Tanh()))
        s.insert(3, nn.Tanh())
    """)
