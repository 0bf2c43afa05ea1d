"""nn.functional: each function against PyTorch, in forward, graph, gradient, second gradient, warning and error."""

from __future__ import annotations

import pytest

import minigrad
from tests.minigrad.oracle import agree, given


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


FUSED = "gradgraph"  # PyTorch differentiates these by kernels of their own: its graph of the gradient is not ours

ACTIVATIONS = lines("""
    relu
    leaky_relu
    elu
    selu
    silu
    gelu
    softplus
    sigmoid
    tanh
    mish
    hardtanh
    relu6
    hardsigmoid
    hardswish
    logsigmoid
    softsign
    softmin
""")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name: str) -> None:
    but = FUSED + {"logsigmoid": " saved", "hardsigmoid": " double double_error"}.get(name, "")
    agree(f"F.{name}(x)", x=(2, 3), but=but)
    agree(f"F.{name}(x)", x=[-50.0, -3.5, -1.0, -0.25, 0.75, 3.5, 50.0], but=but)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "silu", "gelu", "softplus"])
def test_activation_of_integers(name: str) -> None:
    agree(f"F.{name}(x)", x=[-2, 0, 7])


@pytest.mark.parametrize(
    "code",
    lines("""
    F.leaky_relu(x, 0.2)
    F.elu(x, 2.0)
    F.gelu(x, approximate='tanh')
    F.hardtanh(x, -0.5, max_val=2)
    F.hardtanh(x, min_value=-0.5)
    F.leaky_relu(x, 0.2, True, 3)
    F.gelu(x, approximate='x')
    F.softplus(x, 2, 1)
    F.softmax(x)
    F.log_softmax(x, -1, dtype=torch.float64)
    F.log_softmax(x)
    F.relu(x * 1, inplace=True)
    F.relu(3)
"""),
)
def test_activation_arguments(code: str) -> None:
    agree(code, x=(2, 3), but=FUSED)


def test_hardtanh_of_nan() -> None:
    agree("F.hardtanh(x) + F.relu6(x)", x=[float("nan"), 1.0, 2.0, -1.0, 0.0], but=FUSED)


@pytest.mark.parametrize("name", ["elu", "leaky_relu", "silu", "selu", "mish", "hardtanh", "relu6", "hardswish"])
def test_activation_in_place(name: str) -> None:
    agree(f"y = x * 1; F.{name}(y, inplace=True); y", x=(2, 3), but=FUSED + " graph saved")


@pytest.mark.parametrize(
    "x",
    [(4, 3), (2, 4, 3), (3,), (2, 2, 4, 3), (0, 3), given((4, 3), grad=False), given((4, 3), layout="transposed")],
    ids=str,
)
@pytest.mark.parametrize("bias", [", b", ""])
def test_linear(x: object, bias: str) -> None:
    agree(f"F.linear(x, w{bias})", x=x, w=(5, 3), b=(5,))


@pytest.mark.parametrize(
    "code",
    lines("""
    F.linear(x, w)
    F.linear(x[0], w, b)
    F.linear(x[None], w, b)
    F.linear(y, w, b[:4])
    F.linear(y.double(), w, b)
    F.linear(y, w[0])
    F.linear(y, w[None])
    F.linear(x.sum(), w)
    F.linear(3, w)
    F.linear(y[None].transpose(1, 2).contiguous().transpose(1, 2), w, b)
"""),
)
def test_linear_arguments(code: str) -> None:
    agree(code, x=(4, 2), y=(4, 3), w=(5, 3), b=(5,))


@pytest.mark.parametrize(
    "args",
    [
        "",
        ", stride=2",
        ", padding=1",
        ", stride=2, padding=1",
        ", dilation=2",
        ", stride=(2, 1), padding=(0, 2), dilation=(1, 2)",
        ", padding='valid'",
    ],
)
def test_conv2d(args: str) -> None:
    agree(f"F.conv2d(x, w, b{args})", x=(2, 3, 6, 7), w=(4, 3, 3, 2), b=(4,), but=FUSED)
    agree(f"F.conv2d(x, w{args})", x=(1, 2, 6, 6), w=(2, 2, 3, 3), but=FUSED)
    agree("F.conv2d(x, w, padding='same', dilation=2)", x=(1, 2, 6, 6), w=(2, 2, 3, 1), but=FUSED)


def test_conv2d_in_groups_unbatched_and_of_one_dimension() -> None:
    agree(
        "F.conv2d(x, w, b, groups=2)",
        x=given((2, 4, 5, 5), "float64"),
        w=given((4, 2, 3, 3), "float64"),
        b=given((4,), "float64"),
        but=FUSED,
    )
    agree("F.conv2d(x, w, b, groups=4, padding=1)", x=(2, 4, 5, 5), w=(8, 1, 3, 3), b=(8,), but=FUSED)
    agree("F.conv2d(x, w)", x=(3, 5, 5), w=(4, 3, 3, 3), but=FUSED)
    agree("F.conv1d(x, w, b, stride=2, padding=1)", x=(2, 3, 8), w=(4, 3, 3), b=(4,), but=FUSED)
    agree("F.conv1d(x, w)", x=(3, 8), w=(4, 3, 3), but=FUSED)
    agree("F.conv2d(x, w)", x=given((2, 3, 5, 5), grad=False), w=(4, 3, 3, 3), but=FUSED)


def test_a_batch_of_pictures_may_be_empty() -> None:
    x, w = minigrad.ones(0, 1, 4, 4, requires_grad=True), minigrad.ones(2, 1, 2, 2, requires_grad=True)
    minigrad.nn.functional.conv2d(x, w).sum().backward()
    assert x.grad.shape == x.shape
    assert w.grad.tolist() == minigrad.zeros(2, 1, 2, 2).tolist()


@pytest.mark.parametrize("stride", [1, 2])
def test_an_infinite_weight_touches_only_what_its_windows_see(stride: int) -> None:
    agree(f"F.conv1d(x, torch.tensor([[[float('inf'), 1.]]]), stride={stride})", x=(2, 1, 4), but=FUSED)


@pytest.mark.parametrize(
    "code",
    lines("""
    F.conv2d(x, w[:, :2])
    F.conv2d(x, torch.ones(4, 3, 7, 7))
    F.conv2d(x[0, 0], w)
    F.conv2d(x, w, torch.ones(3))
    F.conv2d(x, w, stride=0)
    F.conv2d(x, w, padding=-1)
    F.conv2d(x, w, groups=2)
    F.conv2d(x.double(), w)
    F.conv2d(x, w, stride=(1, 1, 1))
    F.conv2d(x, w, padding='same', stride=2)
    F.conv2d(x, w, padding='x')
"""),
)
def test_conv2d_refuses(code: str) -> None:
    agree(code, x=(2, 3, 6, 6), w=(4, 3, 3, 3))


@pytest.mark.parametrize(
    "args",
    lines("""
    2
    3, 2, 1
    2, ceil_mode=True
    2, dilation=2
    (2, 3), (1, 2)
    2, return_indices=True
    3, 3, 1, ceil_mode=True
"""),
)
@pytest.mark.parametrize("x", [(2, 3, 7, 7), (3, 6, 5)], ids=str)
def test_max_pool2d(args: str, x: tuple[int, ...]) -> None:
    agree(f"F.max_pool2d(x, {args})", x=x, but=FUSED)


@pytest.mark.parametrize(
    "args",
    lines("""
    2
    3, 2, 1
    3, 2, 1, count_include_pad=False
    2, ceil_mode=True
    2, divisor_override=3
    3, 3, 1, True, False
    (2, 3), (1, 2)
"""),
)
@pytest.mark.parametrize("x", [(2, 3, 7, 7), (3, 6, 5)], ids=str)
def test_avg_pool2d(args: str, x: tuple[int, ...]) -> None:
    agree(f"F.avg_pool2d(x, {args})", x=x, but=FUSED)


@pytest.mark.parametrize(
    "code",
    lines("""
    F.max_pool2d(x[0, 0], 2)
    F.max_pool2d(x, 7)
    F.max_pool2d(x, 2, padding=2)
    F.max_pool2d(x, (2, 2, 2))
    F.avg_pool2d(x[0, 0], 2)
    F.avg_pool2d(x, 2, padding=2)
    F.max_pool2d(x, 2, 0)
    F.avg_pool2d(x[None], 2)
    F.avg_pool2d(x[:, :0], 2)
    F.max_pool2d(x, ())
    F.max_pool2d(x * math.nan, 2)
    F.max_pool2d(x.floor(), 3)
"""),
)
def test_pooling(code: str) -> None:
    agree(code, x=(2, 3, 6, 6), but=FUSED)


@pytest.mark.parametrize(
    "code",
    lines("""
    F.pad(x, (1, 2))
    F.pad(x, (1, -1, 0, 2), value=3.0)
    F.pad(x, (1,))
    F.pad(x, (1, 1) * 4)
"""),
)
def test_pad(code: str) -> None:
    agree(code, x=(2, 3, 2), but="view saved gradgraph")


@pytest.mark.parametrize("args", ["", ", padding_idx=1", ", padding_idx=-1", ", padding_idx=9"])
@pytest.mark.parametrize("i", [[[0, 2], [1, 1]], [0, 4], [1.0], given([0, 1], "int32")], ids=str)
def test_embedding(i: object, args: str) -> None:
    agree(f"F.embedding(i, w{args})", i=i, w=(4, 3), but=FUSED)


@pytest.mark.parametrize("x", [(4, 3), (4, 3, 2), (2, 3, 2, 2)], ids=str)
@pytest.mark.parametrize(
    "args",
    lines("""
    m, v, w, b, True
    m, v, w, b
    None, None, training=True
    m, v, w, None, True, 0.3, 0.1
    m, v
    None, None
"""),
)
def test_batch_norm(args: str, x: tuple[int, ...]) -> None:
    m, v = given([0.1, 0.2, 0.3], grad=False), given([1.0, 0.5, 2.0], grad=False)
    agree(f"y = F.batch_norm(x, {args}); (y, m, v)", x=x, m=m, v=v, w=[1.0, 2.0, 0.5], b=(3,), but=FUSED)


@pytest.mark.parametrize(
    "code",
    lines("""
    F.batch_norm(x[:1], None, None, training=True)
    F.batch_norm(x, w[:2], w)
    F.batch_norm(x, None, None, w[:2], training=True)
    F.batch_norm(x, w, w, training=True, eps=0)
    F.layer_norm(x, (4,))
    F.layer_norm(x, (3,), w[:2])
    F.layer_norm(x, 3)
    F.group_norm(x, 2)
    F.group_norm(x, 3, w[:2])
    F.group_norm(x[0], 3)
    F.group_norm(x[:1], 3)
    F.group_norm(x.long(), 1)
"""),
)
def test_normalisation_refuses(code: str) -> None:
    agree(code, x=(4, 3), w=given((3,), grad=False))


@pytest.mark.parametrize("args", ["2", "1, w, b", "2, w", "4"])
def test_group_norm(args: str) -> None:
    w, b = given((4,), "float64"), given((4,), "float64")
    agree(f"F.group_norm(x, {args})", x=given((2, 4, 3), "float64"), w=w, b=b, but=FUSED)


@pytest.mark.parametrize(
    "code",
    lines("""
    F.prelu(x, w)
    F.prelu(x, w[:1])
    F.prelu(x, w[0])
    F.prelu(x[0, 0, 0], w[0])
    F.prelu(x, w[:2])
    F.prelu(x[0, 0, 0], w)
    F.prelu(x, w.view(3, 1))
    F.prelu(x.double(), w)
"""),
)
def test_prelu(code: str) -> None:
    agree(code, x=(2, 3, 2), w=(3,), but=FUSED)


@pytest.mark.parametrize("args", ["(3,)", "(3,), w, b", "(3,), w", "(2, 3)"])
def test_layer_norm(args: str) -> None:
    agree(
        f"F.layer_norm(x, {args})",
        x=given((4, 2, 3), "float64"),
        w=given((3,), "float64"),
        b=given((3,), "float64"),
        but=FUSED,
    )


@pytest.mark.parametrize(
    "code",
    lines("""
    F.dropout(x)
    F.dropout(x, 0.2)
    F.dropout(x, 0.5, False)
    F.dropout(x, 0.0)
    F.dropout(x, 1.0)
    F.dropout(x, 1.5)
    F.dropout(x * 1, 0.5, inplace=True)
    F.dropout('a')
"""),
)
def test_dropout_draws_as_pytorch_does(code: str) -> None:
    agree(f"torch.manual_seed(3); y = {code}; (y, torch.rand(2))", x=(2, 3, 4, 4))


REDUCTIONS = ["", ", reduction='none'", ", reduction='sum'"]


@pytest.mark.parametrize("reduction", [*REDUCTIONS, ", reduction='x'"])
@pytest.mark.parametrize(
    "loss",
    lines("""
    mse_loss
    l1_loss
    smooth_l1_loss
    huber_loss
    kl_div
    binary_cross_entropy_with_logits
"""),
)
def test_losses_of_differences(loss: str, reduction: str) -> None:
    agree(f"F.{loss}(x, y{reduction})", x=(4, 3), y=given((4, 3), low=0.1, high=1), but=FUSED)
    agree(f"F.{loss}(x, y{reduction})", x=(4, 3), y=given((4, 3), low=0.1, high=1, grad=False), but=FUSED)


@pytest.mark.parametrize(
    "code",
    lines("""
    F.mse_loss(x, y[0])
    F.mse_loss(x[:1], y)
    F.l1_loss(x, y[0])
    F.smooth_l1_loss(x, y[0])
    F.huber_loss(x, y[0])
    F.mse_loss(x, y[:2])
    F.mse_loss(x, y.double())
    F.mse_loss(x, x.detach().long())
    F.mse_loss(x.long(), y.long())
    F.smooth_l1_loss(x, y, beta=0.5)
    F.smooth_l1_loss(x, y, beta=0.0)
    F.smooth_l1_loss(x, y, beta=-1)
    F.huber_loss(x, y, delta=0.3)
    F.huber_loss(x, y, delta=0)
    F.mse_loss(x[:, :1], y[:, 0])
"""),
)
def test_loss_arguments(code: str) -> None:
    agree(code, x=(4, 3), y=(4, 3), but=FUSED)


T = given([0, 2, 1, 1])
CE = [
    "",
    ", weight=w",
    ", reduction='none'",
    ", reduction='sum', weight=w",
    ", ignore_index=1",
    ", label_smoothing=0.1",
    ", label_smoothing=0.1, weight=w",
    ", label_smoothing=0.1, reduction='none'",
    ", label_smoothing=0.1, reduction='sum', ignore_index=1",
    ", reduction='x'",
    ", label_smoothing=2",
    ", weight=w[:2]",
]


@pytest.mark.parametrize("args", CE)
def test_cross_entropy_of_classes(args: str) -> None:
    agree(f"F.cross_entropy(x, t{args})", x=(4, 3), t=T, w=given([1.0, 0.5, 2.0], grad=False), but=FUSED)


@pytest.mark.parametrize("args", [*CE[:4], *CE[5:8], ", ignore_index=1", ", weight=w[:2]"])
def test_cross_entropy_of_probabilities(args: str) -> None:
    agree(
        f"F.cross_entropy(x, p{args})",
        x=(4, 3),
        p=given((4, 3), low=0, high=1),
        w=given([1.0, 0.5, 2.0], grad=False),
        but=FUSED,
    )
    agree(
        f"F.cross_entropy(x, p{args})",
        x=(4, 3),
        p=given((4, 3), low=0, high=1, grad=False),
        w=given([1.0, 0.5, 2.0], grad=False),
        but=FUSED,
    )


@pytest.mark.parametrize(
    "code",
    lines("""
    F.cross_entropy(x[0], t[0])
    F.cross_entropy(x.detach()[:, :0], x.detach()[:, :0])
    F.embedding(t, x[0])
    F.cross_entropy(x[0], t[:2])
    F.cross_entropy(x[0], t[:1, None])
    F.cross_entropy(x, t[0])
    F.nll_loss(x[0, 0], t[0])
    F.cross_entropy(x, t[:2])
    F.cross_entropy(x, t + 1)
    F.cross_entropy(x, t - 1)
    F.cross_entropy(x, t.float())
    F.cross_entropy(x, t.int())
    F.cross_entropy(x, t[:, None])
    F.cross_entropy(x, x[:3])
    F.cross_entropy(x, torch.zeros(4, 3).long())
    F.cross_entropy(x.view(2, 3, 2), t.view(2, 2))
    F.cross_entropy(x.view(2, 3, 2), t.view(2, 2)[:, :1])
    F.cross_entropy(x.view(1, 3, 2, 2), t.view(1, 2, 2), reduction='none')
    F.cross_entropy(x.view(1, 3, 2, 2), t.view(1, 4))
    F.cross_entropy(x.view(1, 3, 2, 2), t[:2].view(1, 2, 1))
    F.nll_loss(F.log_softmax(x, 1), t)
    F.nll_loss(x, t, weight=torch.ones(3).to(x.dtype))
    F.nll_loss(x, x)
    F.nll_loss(x.view(2, 3, 2), t.view(2, 2), reduction='none')
"""),
)
def test_cross_entropy_shapes(code: str) -> None:
    agree(code, x=(4, 3), t=T, but=FUSED)


def test_cross_entropy_of_nothing_is_nan() -> None:
    agree("F.cross_entropy(x, t)", x=(4, 3), t=[-100, -100, -100, -100], but=FUSED + " double")


@pytest.mark.parametrize("args", [*REDUCTIONS, ", weight=w", ", weight=w, reduction='none'"])
def test_binary_cross_entropy(args: str) -> None:
    probabilities = given((4, 3), low=0.05, high=0.95)
    agree(
        f"F.binary_cross_entropy(x, y{args})",
        x=probabilities,
        y=given((4, 3), low=0.05, high=0.95, grad=False),
        w=given([1.0, 0.5, 2.0], grad=False),
        but=FUSED,
    )
    agree(
        f"F.binary_cross_entropy_with_logits(x, y{args}, pos_weight=w)",
        x=(4, 3),
        y=probabilities,
        w=given([1.0, 0.5, 2.0], grad=False),
        but=FUSED,
    )


@pytest.mark.parametrize(
    "code",
    lines("""
    F.binary_cross_entropy(x, y[0])
    F.binary_cross_entropy(x + 2, y)
    F.binary_cross_entropy(x, y.long())
    F.binary_cross_entropy_with_logits(x, y[0])
    F.binary_cross_entropy_with_logits(x, y.long())
    F.binary_cross_entropy_with_logits(x.double(), y.long())
    F.binary_cross_entropy(x.round(), y.round())
    F.binary_cross_entropy_with_logits(x * 1000 - 500, y)
    F.kl_div(x.log(), y, reduction='batchmean')
    F.kl_div(x.log(), y.log(), log_target=True, reduction='sum')
    F.kl_div(x.log(), y.round(), reduction='sum')
    F.normalize(x)
    F.normalize(x, p=1, dim=0)
"""),
)
def test_other_losses(code: str) -> None:
    agree(code, x=given((4, 3), low=0.05, high=0.95), y=given((4, 3), low=0.05, high=0.95, grad=False), but=FUSED)


@pytest.mark.parametrize(
    "code",
    lines("""
    F.one_hot(t)
    F.one_hot(t, 5)
    F.one_hot(t, 2)
    F.one_hot(t.float())
    F.one_hot(t - 1)
    F.one_hot(t[:0])
    F.one_hot(t[0], 4)
"""),
)
def test_one_hot(code: str) -> None:
    agree(code, t=T, but="version")


def test_adaptive_average() -> None:
    agree("F.adaptive_avg_pool2d(x, (2, 3))", x=(2, 2, 4, 6), but=FUSED + " graph saved")
    agree("F.adaptive_avg_pool2d(x, (None, 1))", x=(2, 4, 6), but=FUSED + " graph saved")
