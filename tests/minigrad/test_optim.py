"""Optimizers, schedules and clipping: 50 steps must end where PyTorch's end; printing, state, groups, errors too."""

from __future__ import annotations

import pytest

import minigrad
from tests.minigrad.oracle import program


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


OPTIMIZERS = lines("""
    SGD(params, lr=0.05)
    SGD(params)
    SGD(params, lr=0.05, momentum=0.9)
    SGD(params, lr=0.05, momentum=0.9, dampening=0.3)
    SGD(params, lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.1)
    SGD(params, lr=0.05, weight_decay=0.1)
    SGD(params, lr=0.001, momentum=0.5, maximize=True)
    SGD([{'params': params[:1]}, {'params': params[1:], 'lr': 0.01, 'momentum': 0.5}], lr=0.05)
    Adam(params)
    Adam(params, lr=0.05, betas=(0.8, 0.99), eps=0.001)
    Adam(params, lr=0.05, weight_decay=0.1)
    Adam(params, lr=0.05, amsgrad=True)
    Adam(params, lr=0.01, maximize=True)
    Adam(params, lr=0.05, weight_decay=0.1, decoupled_weight_decay=True)
    AdamW(params)
    AdamW(params, lr=0.05, weight_decay=0.1, amsgrad=True)
    RMSprop(params)
    RMSprop(params, lr=0.01, alpha=0.9, eps=0.001)
    RMSprop(params, lr=0.01, momentum=0.9)
    RMSprop(params, lr=0.01, centered=True, weight_decay=0.1)
    RMSprop(params, lr=0.01, centered=True, momentum=0.5)
    RMSprop(params, lr=0.001, maximize=True)
    Adagrad(params, lr=0.1, lr_decay=0.1, initial_accumulator_value=0.5)
    Adagrad(params, weight_decay=0.1, maximize=True)
    Adadelta(params)
    Adadelta(params, lr=0.5, rho=0.8, weight_decay=0.1)
""")

STEPS = """
    x = torch.linspace(-1, 1, 12, dtype=torch.{dtype}).reshape(4, 3)
    target = torch.tensor([[0.5], [-1.0], [0.25], [2.0]], dtype=torch.{dtype})
    params = [torch.tensor(start, dtype=torch.{dtype}) for start in ([[0.3], [-0.2], [0.1]], [0.5], 1.5)]
    for p in params:
        p.requires_grad_()
    opt = torch.optim.{optimizer}
    for _ in range(50):
        opt.zero_grad()
        loss = ((params[2] * torch.tanh(x @ params[0] + params[1]) - target) ** 2).mean()
        loss.backward()
        opt.step()
    a, b, c = params
    p = loss = None
    print(opt)
    for group in opt.state_dict()["param_groups"]:
        print(group)
    for number, state in opt.state_dict()["state"].items():
        for key, value in state.items() if a.dtype == torch.float64 else ():
            globals()[f"state_{{number}}_{{key}}"] = value.clone()
            del value
"""


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_fifty_steps(optimizer: str, dtype: str) -> None:
    program(STEPS.format(optimizer=optimizer, dtype=dtype))


SCHEDULES = lines("""
    StepLR(opt, 2)
    StepLR(opt, step_size=3, gamma=0.5)
    MultiStepLR(opt, [2, 4], gamma=0.5)
    ExponentialLR(opt, 0.9)
    LambdaLR(opt, lambda epoch: 1 / (epoch + 1))
    LambdaLR(opt, [lambda epoch: 0.9 ** epoch, lambda epoch: 2.0])
    LinearLR(opt)
    LinearLR(opt, start_factor=0.5, end_factor=0.1, total_iters=3)
    LinearLR(opt, 1.0, 0.0, 3)
    LinearLR(opt, start_factor=0)
    LinearLR(opt, end_factor=1.5)
    CosineAnnealingLR(opt, 5)
    CosineAnnealingLR(opt, 4, eta_min=0.01)
""")


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedule(schedule: str) -> None:
    program(f"""
        a, b = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
        opt = torch.optim.SGD([{{'params': [a]}}, {{'params': [b], 'lr': 0.3}}], lr=0.1)
        s = torch.optim.lr_scheduler.{schedule}
        print(s.get_last_lr(), s.last_epoch, s.base_lrs, opt.param_groups[1]['initial_lr'])
        for _ in range(8):
            opt.step()
            s.step()
            print([f"{{lr:.12g}}" for lr in s.get_last_lr()], s.last_epoch)
        state = s.state_dict()
        s.load_state_dict(state)
        opt.step()
        s.step()
        print([f"{{lr:.12g}}" for lr in s.get_last_lr()], opt.param_groups[0]['lr'] == s.get_last_lr()[0])
        for epoch in 2, 5, 0, 7:
            s.step(epoch)
            print(s.get_last_lr(), s.last_epoch)
        print(s.get_lr(), s.state_dict())
        for group in opt.param_groups:
            group['lr'] = 0.05
        s = torch.optim.lr_scheduler.{schedule[:-1]}, last_epoch=3)
        print(s.get_last_lr(), s.last_epoch)
    """)


def test_schedules_one_after_the_other() -> None:
    program("""
        opt = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)
        wave = torch.optim.lr_scheduler.CosineAnnealingLR(opt, 5)
        fall = torch.optim.lr_scheduler.ExponentialLR(opt, 0.5)
        for _ in range(12):
            opt.step()
            wave.step()
            fall.step()
            print(wave.get_last_lr(), fall.get_last_lr())
    """)


def test_what_a_called_object_remembers_is_state() -> None:
    program("""
        class Warmup:
            def __init__(self, epochs): self.epochs = epochs
            def __call__(self, epoch): return min(1, (epoch + 1) / self.epochs)
        opt = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)
        s = torch.optim.lr_scheduler.LambdaLR(opt, [Warmup(5)])
        state = s.state_dict()
        print(state, torch.optim.lr_scheduler.LambdaLR(opt, Warmup(3)).load_state_dict(state))
        other = torch.optim.lr_scheduler.LambdaLR(opt, Warmup(3))
        other.load_state_dict(state)
        print(other.lr_lambdas[0].epochs)
    """)


@pytest.mark.parametrize(
    "arguments",
    [
        "patience=1",
        "mode='max', factor=0.5, patience=0, cooldown=1",
        "threshold_mode='abs', threshold=0.3, patience=1, min_lr=[0.02]",
        "threshold_mode='none'",
        "min_lr=[0.1, 0.2]",
        "mode='none'",
    ],
)
def test_the_learning_rate_sinks_on_a_plateau(arguments: str) -> None:
    program(f"""
        opt = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)
        s = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, {arguments})
        for loss in [math.nan, 3.0, 2.0, 2.0, 1.9, 1.9, 1.9, 1.8, 1.8, 1.8, torch.tensor(1.7), 1.7, 1.7, 1.7]:
            s.step(loss)
            print(round(opt.param_groups[0]["lr"], 12), s.get_last_lr() == [opt.param_groups[0]["lr"]], s.best)
        s.step(9.0, 20)
        print(s.last_epoch)
    """)


PROGRAMS = {
    "large parameters go by pieces": """
        def train(**options):
            w = torch.linspace(-1, 1, 42000, dtype=torch.float64).reshape(210, 200).requires_grad_()
            turned = torch.linspace(-2, 1, 42000, dtype=torch.float64).reshape(200, 210).t().requires_grad_()
            opt = torch.optim.SGD([w, turned], lr=0.1, momentum=0.9, **options)
            for _ in range(3):
                opt.zero_grad()
                (w.relu() * turned + turned.abs()).sum().backward()
                opt.step()
            return [(p.detach()[::70, ::50].clone(), round(p.sum().item(), 6), p._version) for p in (w, turned)]
        for options in ({}, {"nesterov": True}, {"dampening": 0.5, "weight_decay": 0.1}): print(train(**options))
    """,
    "zero_grad": """
        a, b, c = (torch.ones(2, requires_grad=True) for _ in range(3))
        opt = torch.optim.SGD([a, b, c], lr=0.1)
        (a * 2 + b).sum().backward()
        kept = a.grad
        opt.zero_grad(set_to_none=False)
        print(a.grad, b.grad, c.grad, kept is a.grad)
        opt.zero_grad()
        print(a.grad, b.grad, c.grad)
        print(opt.step(), a, a._version)
    """,
    "closure": """
        a = torch.ones(2, requires_grad=True)
        opt = torch.optim.SGD([a], lr=0.1)
        def closure():
            print(torch.is_grad_enabled())
            opt.zero_grad()
            loss = (a * a).sum()
            loss.backward()
            return loss
        print(opt.step(closure), a)
        with torch.no_grad():
            print(opt.step(closure), a)
    """,
    "versions": """
        a = torch.ones(2, requires_grad=True)
        opt = torch.optim.Adam([a], lr=0.1)
        y = (a * a).sum()
        y.backward(retain_graph=True)
        before = a.data_ptr()
        opt.step()
        print(a._version, a.is_leaf, a.requires_grad, a.data_ptr() == before)
        y.backward()
    """,
    "groups": """
        a, b = torch.ones(2, requires_grad=True), torch.ones(1, requires_grad=True)
        opt = torch.optim.SGD([a], lr=0.1, momentum=0.9)
        opt.add_param_group({"params": b, "lr": 0.5})
        print(opt, len(opt.param_groups), opt.param_groups[1]["params"], opt.defaults)
        (a.sum() + b.sum()).backward()
        opt.param_groups[0]["lr"] = 1.0
        opt.step()
        print(a, b, list(opt.param_groups[0]), opt.state[a])
    """,
    "state": """
        def made():
            a, b = torch.ones(2, requires_grad=True), torch.ones(1, requires_grad=True)
            return a, b, torch.optim.Adam([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=0.1)
        def step(a, b, opt):
            opt.zero_grad()
            ((a * 3).exp().sum() + (b ** 2).sum()).backward()
            opt.step()
        a, b, opt = made()
        print(opt.state_dict())
        step(a, b, opt)
        state = opt.state_dict()
        print(state)
        c, d, other = made()
        with torch.no_grad():
            c.copy_(a)
            d.copy_(b)
        other.load_state_dict(state)
        step(a, b, opt)
        step(c, d, other)
        print(a, b, c, d, other.state[c]["exp_avg"] is opt.state[a]["exp_avg"], other.param_groups[1]["lr"])
    """,
    "none": """
        a, b = torch.ones(2, requires_grad=True), torch.ones(2)
        opt = torch.optim.Adam([a, b], lr=0.1)
        opt.step()
        print(a, b, opt.state_dict()["state"])
    """,
    "printing": """
        a = torch.ones(1, requires_grad=True)
        for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop):
            print(kind([a]), kind([a]).defaults, isinstance(kind([a]), torch.optim.Optimizer))
    """,
    "scheduler_too_early": """
        a = torch.ones(1, requires_grad=True)
        opt = torch.optim.SGD([a], lr=0.1)
        s = torch.optim.lr_scheduler.StepLR(opt, 2)
        s.step()
        opt.step()
        s.step()
        print(s.get_last_lr())
    """,
    "own_optimizer": """
        class Plain(torch.optim.Optimizer):
            def __init__(self, params, lr=0.1):
                super().__init__(params, {"lr": lr})
            @torch.no_grad()
            def step(self, closure=None):
                for group in self.param_groups:
                    for p in group["params"]:
                        if p.grad is not None:
                            p.add_(p.grad, alpha=-group["lr"])
                            self.state[p]["seen"] = 1
        a = torch.ones(2, requires_grad=True)
        opt = Plain([a])
        (a * a).sum().backward()
        opt.step()
        print(opt, a, opt.state_dict())
        s = torch.optim.lr_scheduler.ExponentialLR(opt, 0.5)
        opt.step()
        s.step()
        print(opt.param_groups[0]["lr"])
    """,
    "hooks": """
        a = torch.ones(2, requires_grad=True)
        a.sum().backward()
        opt = torch.optim.SGD([a], lr=0.1)
        pre = opt.register_step_pre_hook(lambda o, args, kwargs: print("pre", o is opt, args[1:], kwargs, a))
        post = opt.register_step_post_hook(lambda o, args, kwargs: print("post", o is opt, args[1:], kwargs, a))
        opt.step()
        pre.remove()
        changing = opt.register_step_pre_hook(lambda o, args, kwargs: ((*args, lambda: "closure"), kwargs))
        print(opt.step())
        post.remove()
        with changing:
            print(opt.step())
        print(opt.step(), a)
    """,
    "names": """
        m = nn.Linear(2, 1)
        opt = torch.optim.SGD(m.named_parameters(), lr=0.1)
        opt.add_param_group({"params": [("x", torch.ones(1, requires_grad=True))], "lr": 1})
        print(opt, [group["param_names"] for group in opt.state_dict()["param_groups"]], list(opt.param_groups[1]))
        print([p.shape for group in opt.param_groups for p in group["params"]])
        other = torch.optim.SGD([{"params": [("u", m.weight), ("v", m.bias)]}, {"params": [("w", torch.ones(1))]}])
        other.load_state_dict(opt.state_dict())
        print(other.param_groups[0]["param_names"])
        try:
            opt.add_param_group({"params": torch.ones(1)})
        except ValueError as error:
            print(error)
        torch.optim.SGD([("x", torch.ones(1)), torch.ones(1)])
    """,
    "clipping": """
        def made():
            a, b = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
            (a * 3).sum().backward()
            (b * -4).sum().backward()
            return a, b, torch.zeros(1, requires_grad=True)
        for norm_type in (2, 1, math.inf, 0.5, 3.0, "inf"):
            a, b, c = made()
            total = nn.utils.clip_grad_norm_([a, b, c], 1.0, norm_type=norm_type)
            print(norm_type, total, a.grad, b.grad, c.grad)
        a, b, c = made()
        print(nn.utils.clip_grad_norm_(a, 100.0), a.grad, a.grad._version)
        print(nn.utils.clip_grad_norm_((p for p in [a, b]), 1.0), b.grad)
        print(nn.utils.clip_grad_norm_([c], 1.0), nn.utils.clip_grad_norm_([], 1.0))
        a, b, c = made()
        print(nn.utils.clip_grad_value_([a, b, c], 2), a.grad, b.grad)
        print(nn.utils.clip_grad_value_(a, 1.5), a.grad)
        a.grad[0] = math.nan
        print(nn.utils.clip_grad_norm_([a], 1.0), a.grad)
        vector = nn.utils.parameters_to_vector([a, b])
        print(vector)
        nn.utils.vector_to_parameters(torch.arange(5.0), [a, b])
        print(a, b)
    """,
}

ERRORS = lines("""
    torch.optim.SGD([], lr=0.1)
    torch.optim.SGD(torch.ones(1), lr=0.1)
    torch.optim.SGD([1], lr=0.1)
    torch.optim.SGD([np.ones(2)], lr=0.1)
    torch.optim.SGD([torch.ones(1)], lr=-1)
    torch.optim.SGD([torch.ones(1)], lr=0.1, momentum=-1)
    torch.optim.SGD([torch.ones(1)], lr=0.1, weight_decay=-1)
    torch.optim.SGD([torch.ones(1)], lr=0.1, nesterov=True)
    torch.optim.SGD([torch.ones(1)], lr=0.1, foo=3)
    torch.optim.SGD([torch.ones(1, requires_grad=True) * 2], lr=0.1)
    torch.optim.SGD([{'params': [a]}, {'params': [a]}], lr=0.1)
    torch.optim.SGD([a, a])
    torch.optim.SGD([a]).add_param_group({'params': [('b', torch.ones(1))]})
    torch.optim.SGD([{'lr': 0.1}])
    torch.optim.SGD([{'params': {a}}])
    torch.optim.SGD({a}, lr=0.1)
    torch.optim.SGD(3, lr=0.1)
    torch.optim.SGD()
    torch.optim.SGD([a]).add_param_group(3)
    torch.optim.SGD([a]).add_param_group({'params': 3})
    torch.optim.SGD([a]).load_state_dict(torch.optim.SGD([{'params': [a]}, {'params': [torch.ones(1)]}]).state_dict())
    torch.optim.SGD([a]).load_state_dict(torch.optim.SGD([a, torch.ones(1)]).state_dict())
    torch.optim.Adam([a], betas=(1, 2))
    torch.optim.Adam([a], betas=(0.5, 1.0))
    torch.optim.Adam([a], eps=-1)
    torch.optim.Adam([a], lr=-1)
    torch.optim.Adam([a], weight_decay=-1)
    torch.optim.AdamW([a], betas=(1, 2))
    torch.optim.RMSprop([a], alpha=-1)
    torch.optim.RMSprop([a], momentum=-1)
    torch.optim.RMSprop([a], lr=-1)
    torch.optim.RMSprop([a], eps=-1)
    torch.optim.RMSprop([a], weight_decay=-1)
    torch.optim.Optimizer([a], {}).step()
    torch.optim.lr_scheduler.StepLR(3, 1)
    torch.optim.lr_scheduler.StepLR(torch.optim.SGD([a]), 1, last_epoch=3)
    torch.optim.lr_scheduler.LambdaLR(torch.optim.SGD([a]), [])
    nn.utils.clip_grad_norm_(3, 1)
    a.grad = torch.tensor([math.nan]); nn.utils.clip_grad_norm_(a, 1, error_if_nonfinite=True)
    nn.utils.vector_to_parameters([1.0], [a])
    nn.utils.vector_to_parameters(torch.ones(3), [a, torch.ones(4)])
""")


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name: str) -> None:
    program(PROGRAMS[name])


@pytest.mark.parametrize("code", ERRORS)
def test_error(code: str) -> None:
    program(f"a = torch.ones(1, requires_grad=True)\n{code}")


def test_a_step_within_the_graph_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="step outside of the graph"):
        minigrad.optim.SGD([minigrad.ones(1, requires_grad=True)], differentiable=True)
