"""Products: each against PyTorch, in forward, graph, gradient and second gradient."""

from __future__ import annotations

import pytest

from tests.minigrad.oracle import agree, given


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


SHAPES = lines("""
    3 @ 3
    2,3 @ 3
    3 @ 3,4
    2,3 @ 3,4
    5,2,3 @ 3
    3 @ 5,3,4
    5,2,3 @ 3,4
    2,3 @ 5,3,4
    5,2,3 @ 5,3,4
    1,2,3 @ 5,3,4
    5,2,3 @ 1,3,4
    6,5,2,3 @ 3,4
    6,5,2,3 @ 5,3,4
    6,5,2,3 @ 6,5,3,4
    6,1,2,3 @ 5,3,4
    6,5,2,3 @ 3
    2,3 @ 6,5,3,4
    3 @ 6,5,3,4
    5,2,3 @ 1,1,3,4
    6,5,2,3 @ 1,3,4
    1,2,3 @ 1,3,4
    2,0 @ 0,3
    0,3 @ 3,2
    0,2,3 @ 3,2
    0 @ 0
    5,0,3 @ 3,2
""")
REFUSED = lines("""
    3 @ 2
    2,3 @ 2
    3 @ 2,4
    2,3 @ 2,4
    5,2,3 @ 2
    5,2,3 @ 2,4
    5,2,3 @ 4,3,4
    5,2,3 @ 5,2,4
     @ 3
    3 @
    2,3 @ 5,2,4
    3 @ 5,2,4
    6,5,2,3 @ 4,3,4
""")


def shapes(text: str) -> list[tuple[int, ...]]:
    return [tuple(int(n) for n in part.split(",") if n.strip()) for part in text.split("@")]


@pytest.mark.parametrize("grads", [(True, True), (True, False), (False, True)], ids=["both", "left", "right"])
@pytest.mark.parametrize("case", SHAPES)
def test_matmul_is_composed_as_in_pytorch(case: str, grads: tuple[bool, bool]) -> None:
    left, right = shapes(case)
    agree("x @ y", x=given(left, grad=grads[0]), y=given(right, grad=grads[1]))


@pytest.mark.parametrize("case", REFUSED)
def test_matmul_refuses(case: str) -> None:
    left, right = shapes(case)
    agree("torch.matmul(x, y)", x=left, y=right)


@pytest.mark.parametrize("code", ["x.t() @ y.T", "x.mT @ y.transpose(0, 1)"])
def test_matmul_of_transposed(code: str) -> None:
    agree(code, x=(3, 2), y=(4, 3))


def test_matmul_of_a_batch_that_does_not_fold() -> None:
    agree("x.transpose(0, 1) @ y", x=(2, 4, 3), y=given((3,), grad=False))


@pytest.mark.parametrize(
    "code",
    lines("""
    torch.mm(x, y)
    x @ x.T @ y
    (x @ y).sum()
    torch.mm(x, x)
    torch.mm(x, 3)
    x @ 3
    3 @ x
    torch.matmul(x, [3])
    torch.mm(x[0], y)
    torch.mm(x, y[0])
    x.mv(y[:, 0])
    torch.mv(x, y)
    torch.mv(x[0], x[0])
    torch.mv(x, x[:, 0])
    torch.dot(x[0], y[:, 0])
    torch.dot(x[0], y[0])
    torch.dot(x, y)
    x.bmm(y)
    torch.bmm(x[None], y[None])
    torch.bmm(x[None], x[None])
    torch.bmm(x[None], y)
    torch.outer(x[0], y[0])
    torch.outer(x, y[0])
    torch.ger(x[0], y[0])
"""),
)
def test_products(code: str) -> None:
    agree(code, x=(2, 3), y=(3, 4))


@pytest.mark.parametrize(
    "dtypes", ["float32 float64", "int64 float32", "int64 int64", "bool bool", "uint8 float32", "int16 int8"]
)
@pytest.mark.parametrize("case", ["2,2 @ 2,2", "2 @ 2", "2,2 @ 2", "2,2,2 @ 2,2,2"])
def test_product_dtypes(case: str, dtypes: str) -> None:
    left, right = shapes(case)
    x, y = dtypes.split()
    agree("x @ y", x=given(left, x, low=0), y=given(right, y, low=0))


@pytest.mark.parametrize("more", ["", ", alpha=2", ", beta=3", ", alpha=0.5, beta=-1", ", beta=0"])
@pytest.mark.parametrize("z", [(2, 4), (4,), (1, 4), (2, 1), (), (3,), (2, 2, 4)], ids=str)
def test_addmm(z: tuple[int, ...], more: str) -> None:
    agree(f"torch.addmm(z, x, y{more})", z=z, x=(2, 3), y=(3, 4))


@pytest.mark.parametrize(
    "code",
    lines("""
    torch.addmm(z.double(), x, y)
    torch.addmm(z, x, x)
    torch.addmm(z, x[0], y)
    torch.addmm(z, x, y[0])
    w = z.expand(2, 4).contiguous(); w.addmm_(x, y); w
    torch.addmm(z * math.nan, x, y, beta=0)
"""),
)
def test_addmm_arguments(code: str) -> None:
    agree(code, z=(4,), x=(2, 3), y=(3, 4))


@pytest.mark.parametrize(
    "case",
    lines("""
    ij->ji 2,3
    ij-> 2,3
    ij->i 2,3
    ii->i 3,3
    ii 3,3
    i->i 3
    ...->... 2,3
    ...i->... 2,3
    ba 2,3
    iij->j 2,2,3
    i...->...i 2,3,4
    ...ij->ji 2,2,3
    ii->i 2,3
    ij->ii 2,3
    ijk->i 2,3
    i1->i 2,3
    ij-ji 2,3
    ij->ij-> 2,3
    ij,jk->ik 2,3
"""),
)
def test_einsum_of_one(case: str) -> None:
    equation, shape = case.rsplit(" ", 1)
    agree(f"torch.einsum({equation!r}, x)", x=shapes(shape)[0], but="stride")


@pytest.mark.parametrize(
    "case",
    lines("""
    ij,jk->ik 2,3 @ 3,4
    ij,jk 2,3 @ 3,4
    i,i-> 3 @ 3
    i,i 3 @ 3
    i,j->ij 3 @ 4
    bij,bjk->bik 5,2,3 @ 5,3,4
    bij,jk->bik 5,2,3 @ 3,4
    ...ij,...jk->...ik 5,2,3 @ 5,3,4
    ...ij,jk->...ik 6,5,2,3 @ 3,4
    ij,ij->ij 2,3 @ 2,3
    ij,ij-> 2,3 @ 2,3
    ij,ij->i 2,3 @ 2,3
    ij,j->i 2,3 @ 3
    i,ij->j 2 @ 2,3
    bhid,bhjd->bhij 2,3,4,5 @ 2,3,6,5
    ij,k->ijk 2,3 @ 4
    iij,jk->ik 3,3,2 @ 2,4
    ijk,ijl->kl 2,3,4 @ 2,3,5
    ij,kj->ik 2,3 @ 4,3
    ij,jk->ki 2,3 @ 3,4
    ij,jk->i 2,3 @ 3,4
    ij,kl-> 2,3 @ 4,5
    ij,j 2,3 @ 1
     i j , j k -> i k 2,3 @ 3,4
    ij...,jk->ik... 2,3,5 @ 3,4
    ...ij,...jk 2,2,3 @ 3,4
    ij,jk->ik 2,3 @ 4,4
    ij,jk->iz 2,3 @ 3,4
    ij 2,3 @ 3,4
    .ij,jk->ik 2,3 @ 3,4
    ...ij...,jk 2,3 @ 3,4
    ij,jk->.ik 2,3 @ 3,4
    ij,jk->...ik... 2,3 @ 3,4
    Ab,bA->A 2,3 @ 3,2
    ij...,j...->i 2,3,4 @ 3,4
"""),
)
def test_einsum_of_two(case: str) -> None:
    head, last = case.rsplit(" @ ", 1)
    equation, first = head.rsplit(" ", 1)
    agree(f"torch.einsum({equation!r}, x, y)", x=shapes(first)[0], y=shapes(last)[0])


def test_einsum_of_three() -> None:
    agree("torch.einsum('ij,jk,kl->il', x, y, z)", x=(2, 3), y=(3, 4), z=(4, 2))
    agree("torch.einsum('bn,anm,bm->ba', [x, y, z])", x=(2, 5), y=(3, 5, 4), z=(2, 4))


def test_einsum_of_numbers() -> None:
    agree("torch.einsum(x, [0, 1], y, [1, 30], [30, 0])", x=(2, 3), y=(3, 4))
    agree("torch.einsum(x, [..., 2], y, [2, 1])", x=(2, 3), y=(3, 4))
    agree("torch.einsum(x, [0, 52])", x=(2, 3))
    agree("torch.einsum('ij')")
    agree("torch.einsum(['ij'], x)", x=(2, 3))
    agree("torch.einsum('ij', 'a')")


@pytest.mark.parametrize("x", [(2, 3), (3, 3), (3,), given((2, 2), "int64"), (0, 2)], ids=str)
def test_trace(x: object) -> None:
    agree("torch.trace(x)", x=x, but="gradgraph")


@pytest.mark.parametrize(
    "code",
    [
        "torch.cross(x, y, dim=1)",
        "x.cross(y, 0)",
        "torch.cross(x, y)",
        "torch.tensordot(x, y)",
        "torch.tensordot(x, y.t(), dims=1)",
        "torch.tensordot(x, y, dims=([0], [0]))",
        "torch.tensordot(x, y.sum(0, keepdim=True), dims=([0], [0]))",
        "torch.tensordot(x.byte(), y.byte()[:1], dims=([0], [0]))",
        "torch.tensordot(x, y, dims=0)",
        "torch.tensordot(x, y, dims=1)",
        "torch.tensordot(x, y, dims=([0], [0, 1]))",
        "torch.cross(x[:, :, None].expand(2, 3, 2), y[:, :, None].expand(2, 3, 2), 1)",
    ],
)
def test_cross_and_tensordot(code: str) -> None:
    agree(
        code, x=(2, 3), y=(2, 3), but="graph gradgraph saved stride" if code.endswith("(x, y)") else "saved gradgraph"
    )
