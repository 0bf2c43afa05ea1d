"""Layers and losses as modules: what they print, hold and start with, and their gradients, first and second."""

from __future__ import annotations

import pytest

from tests.minigrad.oracle import program


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def agrees(module: str, inputs: str) -> None:
    """The module of a seed: its repr, its state, its output in float32; in float64 the gradients of all leaves."""
    source = f"""
        def rounded(t):  # so that not even the last digit of a random number differs
            return (t.double() * 100).round() / 100

        torch.manual_seed(3)
        m = {module}
        print(m, list(m.state_dict()), m.training)
        given = [{inputs}]
        y32 = m(*given)
        m.double()
        for p in m.parameters():
            p.data = rounded(p.data)
        given = [rounded(t).requires_grad_() if t.is_floating_point() else t for t in given]
        y = m(*given)
        leaves = [t for t in (*given, *m.parameters()) if t.requires_grad]
        weights = torch.linspace(0.5, 1.5, y.numel(), dtype=y.dtype).reshape(y.shape)
        firsts = torch.autograd.grad((y * weights).sum(), leaves, create_graph=True, allow_unused=True)
        some = [(g * g).sum() for g in firsts if g is not None and g.requires_grad]
        seconds = torch.autograd.grad(sum(some), leaves, allow_unused=True) if some else []
        for i, found in enumerate((*firsts, *seconds, *(v.float() for v in m.state_dict().values()))):
            globals()[f"found{{i}}"] = None if found is None else found.detach() + 0.0
        found = p = None
    """
    program(source, but="stride")


LAYERS = lines("""
    nn.Identity(3, a=4) | torch.randn(2, 3)
    nn.Mish() | torch.randn(2, 3)
    nn.Hardtanh(-0.5, 0.5) | torch.randn(2, 3)
    nn.ReLU6(inplace=True) | torch.randn(2, 3) * 4 + 0
    nn.Hardswish() | torch.randn(2, 3)
    nn.LogSigmoid() | torch.randn(2, 3)
    nn.Softsign() | torch.randn(2, 3)
    nn.Softmin(dim=1) | torch.randn(2, 3)
    nn.Linear(3, 4) | torch.randn(2, 3)
    nn.Linear(3, 4) | torch.randn(3)
    nn.Linear(3, 4) | torch.randn(2, 5, 3)
    nn.Linear(3, 4, bias=False) | torch.randn(2, 3)
    nn.Linear(20, 30) | torch.randn(2, 20)
    nn.Conv1d(2, 3, 3) | torch.randn(2, 2, 7)
    nn.Conv1d(2, 4, 3, stride=2, padding=1, groups=2, bias=False) | torch.randn(2, 2, 7)
    nn.Conv2d(1, 2, 3) | torch.randn(2, 1, 5, 5)
    nn.Conv2d(2, 3, 3, padding=1) | torch.randn(2, 2, 5, 4)
    nn.Conv2d(2, 3, (2, 3), stride=(2, 1), padding=(1, 0)) | torch.randn(2, 2, 5, 5)
    nn.Conv2d(2, 4, 3, padding='same', groups=2, bias=False) | torch.randn(1, 2, 5, 5)
    nn.Conv2d(2, 2, 3, dilation=2, padding='valid') | torch.randn(2, 2, 6, 6)
    nn.Conv2d(1, 2, 3) | torch.randn(1, 5, 5)
    nn.MaxPool2d(2) | torch.randn(2, 2, 5, 5)
    nn.MaxPool2d(3, stride=2, padding=1) | torch.randn(2, 2, 5, 5)
    nn.MaxPool2d((2, 1), ceil_mode=True) | torch.randn(2, 2, 5, 5)
    nn.AvgPool2d(2) | torch.randn(2, 2, 5, 5)
    nn.AdaptiveAvgPool2d(1) | torch.randn(2, 2, 5, 5)
    nn.AvgPool2d(3, stride=2, padding=1) | torch.randn(2, 2, 5, 5)
    nn.AvgPool2d(2, ceil_mode=True, count_include_pad=False) | torch.randn(2, 2, 5, 5)
    nn.Flatten() | torch.randn(2, 3, 4)
    nn.Flatten(0, 1) | torch.randn(2, 3, 4)
    nn.Unflatten(1, (2, 2)) | torch.randn(3, 4)
    nn.Dropout(0.3) | torch.randn(4, 5)
    nn.Dropout(0.3).eval() | torch.randn(4, 5)
    nn.Dropout(0.0) | torch.randn(4, 5)
    nn.Dropout(1.0) | torch.randn(4, 5)
    nn.Dropout() | torch.randn(3)
    nn.Embedding(5, 3) | torch.tensor([[1, 2], [2, 4]])
    nn.Embedding(5, 3, padding_idx=2) | torch.tensor([1, 2, 2, 0])
    nn.Embedding(5, 3, padding_idx=-1) | torch.tensor([1, 4])
    nn.BatchNorm1d(3) | torch.randn(4, 3)
    nn.BatchNorm1d(3) | torch.randn(4, 3, 2)
    nn.BatchNorm1d(3).eval() | torch.randn(4, 3)
    nn.BatchNorm1d(3, affine=False) | torch.randn(4, 3)
    nn.BatchNorm1d(3, momentum=None) | torch.randn(4, 3)
    nn.BatchNorm1d(3, track_running_stats=False) | torch.randn(4, 3)
    nn.BatchNorm1d(3, eps=0.1, momentum=0.5, track_running_stats=False).eval() | torch.randn(4, 3)
    nn.BatchNorm2d(2) | torch.randn(3, 2, 2, 3)
    nn.BatchNorm2d(2).eval() | torch.randn(3, 2, 2, 3)
    nn.LayerNorm(4) | torch.randn(3, 4)
    nn.LayerNorm([3, 4]) | torch.randn(2, 3, 4)
    nn.LayerNorm(4, elementwise_affine=False) | torch.randn(3, 4)
    nn.LayerNorm(4, bias=False, eps=0.1) | torch.randn(3, 4)
    nn.LayerNorm(4, dtype=torch.float64) | torch.randn(3, 4, dtype=torch.float64)
    nn.GroupNorm(2, 4) | torch.randn(3, 4, 5)
    nn.GroupNorm(2, 4, affine=False) | torch.randn(3, 4, 2)
    nn.GroupNorm(4, 4, 0.1, bias=False) | torch.randn(2, 4, 2, 3)
    nn.PReLU() | torch.randn(2, 3)
    nn.PReLU(3, 0.5) | torch.randn(2, 3, 2)
    nn.Embedding.from_pretrained(torch.eye(3)) | torch.tensor([2, 0])
    nn.Embedding.from_pretrained(torch.eye(3), freeze=False, padding_idx=0) | torch.tensor([2, 0])
    nn.Embedding(4, 2, dtype=torch.float64) | torch.tensor([1, 3])
    nn.BatchNorm1d(3, bias=False, dtype=torch.float64) | torch.randn(4, 3, dtype=torch.float64)
    nn.ReLU() | torch.randn(2, 3)
    nn.LeakyReLU() | torch.randn(2, 3)
    nn.LeakyReLU(0.2) | torch.randn(2, 3)
    nn.ELU() | torch.randn(2, 3)
    nn.ELU(2.0) | torch.randn(2, 3)
    nn.SELU() | torch.randn(2, 3)
    nn.GELU() | torch.randn(2, 3)
    nn.GELU('tanh') | torch.randn(2, 3)
    nn.SiLU() | torch.randn(2, 3)
    nn.Sigmoid() | torch.randn(2, 3)
    nn.Tanh() | torch.randn(2, 3)
    nn.Softplus() | torch.randn(2, 3)
    nn.Softplus(2, 1) | torch.randn(2, 3)
    nn.Softmax(1) | torch.randn(2, 3)
    nn.Softmax() | torch.randn(2, 3)
    nn.LogSoftmax(dim=0) | torch.randn(2, 3)
    nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Sequential(nn.Linear(4, 2), nn.Softmax(1))) | torch.randn(2, 3)
    nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4, 3)) | torch.randn(1, 1, 4, 4)
""")

LOSSES = lines("""
    nn.MSELoss() | torch.randn(2, 3), torch.randn(2, 3)
    nn.MSELoss(reduction='sum') | torch.randn(2, 3), torch.randn(2, 3)
    nn.MSELoss(reduction='none') | torch.randn(2, 3), torch.randn(2, 3)
    nn.L1Loss() | torch.randn(2, 3), torch.randn(2, 3)
    nn.L1Loss(reduction='sum') | torch.randn(2, 3), torch.randn(2, 3)
    nn.SmoothL1Loss() | torch.randn(2, 3), torch.randn(2, 3)
    nn.SmoothL1Loss(beta=0.5, reduction='none') | torch.randn(2, 3), torch.randn(2, 3)
    nn.HuberLoss() | torch.randn(2, 3), torch.randn(2, 3)
    nn.HuberLoss(delta=0.5, reduction='sum') | torch.randn(2, 3), torch.randn(2, 3)
    nn.HuberLoss('none', 2.0) | torch.randn(2, 3), torch.randn(2, 3)
    nn.CrossEntropyLoss() | torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
    nn.CrossEntropyLoss() | torch.randn(3), torch.tensor(2)
    nn.CrossEntropyLoss() | torch.randn(4, 3), torch.softmax(torch.randn(4, 3), 1)
    nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5])) | torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
    nn.CrossEntropyLoss(ignore_index=1, reduction='none') | torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
    nn.CrossEntropyLoss(label_smoothing=0.1) | torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
    nn.CrossEntropyLoss(reduction='sum') | torch.randn(2, 3, 4), torch.tensor([[0, 2, 1, 1], [1, 0, 2, 2]])
    nn.NLLLoss() | torch.log_softmax(torch.randn(4, 3), 1), torch.tensor([0, 2, 1, 1])
    nn.NLLLoss(torch.tensor([1.0, 2.0, 0.5]), reduction='sum') | torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
    nn.BCELoss() | torch.rand(2, 3), torch.rand(2, 3)
    nn.BCELoss(reduction='none') | torch.rand(2, 3), torch.rand(2, 3)
    nn.BCELoss(weight=torch.tensor([1.0, 2.0, 0.5])) | torch.rand(2, 3), torch.rand(2, 3)
    nn.BCEWithLogitsLoss() | torch.randn(2, 3), torch.rand(2, 3)
    nn.BCEWithLogitsLoss(pos_weight=torch.tensor([1.0, 2, 0.5]), reduction='sum') | torch.randn(2, 3), torch.rand(2, 3)
    nn.KLDivLoss() | torch.log_softmax(torch.randn(2, 3), 1), torch.softmax(torch.randn(2, 3), 1)
    nn.KLDivLoss(reduction='batchmean') | torch.log_softmax(torch.randn(2, 3), 1), torch.softmax(torch.randn(2, 3), 1)
    nn.KLDivLoss(reduction='sum', log_target=True) | torch.randn(2, 3), torch.randn(2, 3)
""")


@pytest.mark.parametrize("case", LAYERS + LOSSES)
def test_module(case: str) -> None:
    module, inputs = case.split(" | ")
    agrees(module, inputs)


@pytest.mark.parametrize(
    "call",
    lines("""
    uniform_(w, -1, 2)
    normal_(w, 1.0, 0.5)
    constant_(w, 3)
    ones_(w)
    zeros_(w)
    eye_(w)
    eye_(w[0])
    xavier_uniform_(w)
    xavier_normal_(w.view(2, 3, 2), gain=nn.init.calculate_gain("tanh"))
    kaiming_uniform_(w, mode="fan_out", nonlinearity="relu")
    kaiming_normal_(w, a=0.2)
    kaiming_normal_(w, mode="x")
    kaiming_uniform_(w, nonlinearity="x")
    xavier_normal_(w[0])
    kaiming_uniform_(w[:0])
    kaiming_normal_(w[:0])
    trunc_normal_(w)
    trunc_normal_(w, 1.0, 0.5, 0.9, 1.2)
    trunc_normal_(w, -3.0, 1.0, 0.0, 1.0)
    orthogonal_(w)
    orthogonal_(w.view(2, 3, 2), 0.5)
    orthogonal_(w.view(4, 3))
    orthogonal_(w[:0])
    orthogonal_(w[0])
"""),
)
def test_init(call: str) -> None:
    program(f"""
        w = torch.zeros(3, 4).requires_grad_()
        torch.manual_seed(5)
        print(nn.init.{call}.shape, w, w._version, w.requires_grad, torch.rand(1))
        w = w.detach()
    """)


def test_gains() -> None:
    program("""
        for name in ("linear", "sigmoid", "conv2d", "conv_transpose1d", "tanh", "relu", "selu", "leaky_relu"):
            print(name, nn.init.calculate_gain(name), nn.init.calculate_gain(name, 0.3))
        nn.init.calculate_gain("leaky_relu", True)
    """)
