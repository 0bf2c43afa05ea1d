"""Reductions, running sums and norms: each against PyTorch, in forward, gradient and second gradient."""

from __future__ import annotations

import math

import pytest

import minigrad
from tests.minigrad.oracle import agree, given


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


# Where zeros or 0-d tensors take a way of their own in PyTorch, its graph of the gradient is not ours.
FUSED = "gradgraph"
WHOLE = ["", "0", "-1", "dim=1, keepdim=True", "(0, 1)", "(-1,)", "()"]
ONE = ["0", "-1", "1, True", "dim=1, keepdim=True"]


@pytest.mark.parametrize("args", [*WHOLE, "None", "None, True", "0, dtype=torch.float64", "dtype=torch.float64", "[0]"])
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_sums_and_means(name: str, args: str) -> None:
    agree(f"x.{name}({args})", x=(2, 3))


@pytest.mark.parametrize("args", ["", "0", "1, keepdim=True", "-1", "0, dtype=torch.float64"])
@pytest.mark.parametrize("values", [[[1.5, 2.0], [3.0, -1.0]], [[1.5, 0.0], [3.0, -1.0]], [[0.0, 0.0], [3.0, -1.0]]])
def test_prod_divides_by_no_zero(args: str, values: list[list[float]]) -> None:
    agree(f"x.prod({args})", x=values, but=FUSED)


@pytest.mark.parametrize(
    "name", ["sum", "mean", "prod", "max", "min", "amax", "argmax", "var", "std", "norm", "all", "median"]
)
@pytest.mark.parametrize("x", [(), (3,), (2, 3, 4), (0,), given((3, 2), layout="transposed")], ids=str)
def test_of_everything(name: str, x: object) -> None:
    agree(f"torch.{name}(x)", x=x, but="double" if name == "norm" and x == (0,) else "")


@pytest.mark.parametrize("args", ["0", "1", "-1", "5", "0, True"])
@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "min", "amax", "argmax", "all", "logsumexp"])
@pytest.mark.parametrize("x", [(), (2, 0), (0, 2), (2, 3, 2)], ids=str)
def test_shapes_with_a_dimension(name: str, args: str, x: tuple[int, ...]) -> None:
    agree(f"torch.{name}(x, {args})", x=x, but=FUSED)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool", "float64"])
@pytest.mark.parametrize("name", ["sum", "mean", "prod", "max", "amin", "argmin", "var", "any", "count_nonzero"])
@pytest.mark.parametrize("args", ["", ", 0"])
def test_dtypes(name: str, dtype: str, args: str) -> None:
    agree(f"torch.{name}(x{args})", x=given((3, 2), dtype, low=0, high=4))


@pytest.mark.parametrize(
    "args", [*WHOLE[:-1], "0, False", "False", "unbiased=False", "correction=0", "1, correction=2", "0, True, True"]
)
@pytest.mark.parametrize("name", ["var", "std", "var_mean"])
def test_spread(name: str, args: str) -> None:
    agree(f"torch.{name}(x, {args})", x=(2, 3))


@pytest.mark.parametrize("name", ["var", "std", "var_mean"])
def test_spread_without_freedom_warns(name: str) -> None:
    agree(f"torch.{name}(x, 0, correction=3)", x=(2, 3), but="double")
    agree(f"torch.{name}(x)", x=[1.0])
    agree(f"torch.{name}(x, 0)", x=(3, 0))


@pytest.mark.parametrize("args", ONE)
@pytest.mark.parametrize("name", ["max", "min"])
def test_values_and_indices(name: str, args: str) -> None:
    agree(f"x.{name}({args})", x=(2, 3))


@pytest.mark.parametrize("name", ["max", "min", "amax", "amin"])
@pytest.mark.parametrize("values", [[2.0, 1.0, 2.0, 1.0], [1.0, math.nan, 3.0, math.nan], [-math.inf, -math.inf]])
def test_equals_share_and_nan_wins(name: str, values: list[float]) -> None:
    agree(f"x.{name}()", x=values)


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
@pytest.mark.parametrize("values", [[2.0, 1.0, 2.0, 1.0], [1.0, math.nan, 3.0, math.nan]])
def test_which_of_equals(name: str, values: list[float]) -> None:
    agree(f"torch.{name}(x, 0)", x=values)


def test_a_return_type_is_a_named_tuple() -> None:
    agree("r = x.max(0); values, indices = r; print(r); (r.values, r.indices, values, indices, r[0])", x=(2, 3))
    agree("torch.max(x, y)", x=(2, 3), y=(3,))
    agree("torch.min(x, other=y)", x=(2, 3), y=(3,))


@pytest.mark.parametrize("args", [*WHOLE, "dim=None, keepdim=True"])
@pytest.mark.parametrize("name", ["all", "any", "amax", "amin"])
def test_over_dimensions(name: str, args: str) -> None:
    agree(f"x.{name}({args})", x=[[1.0, 0.0, 2.0], [1.0, 1.0, 2.0]], but="saved" if args.startswith("dim=None") else "")


@pytest.mark.parametrize("p", ["0", "0.5", "1", "1.5", "2", "2.5", "3", "inf", "-inf", "-1", "'fro'"])
@pytest.mark.parametrize("args", ["", ", dim=1", ", dim=(0, 1), keepdim=True", ", dim=-1, dtype=torch.float64"])
def test_norm(p: str, args: str) -> None:
    agree(f"torch.norm(x, {p}{args})", x=(2, 3))
    if not p.startswith("'"):
        agree(f"torch.linalg.vector_norm(x, {p}{args})", x=[[3.0, -4.0], [0.5, -0.5]])


def test_norm_of_integers_is_refused() -> None:
    agree("torch.linalg.vector_norm(torch.arange(3))")


@pytest.mark.parametrize("p", ["1", "1.5", "2", "3", "inf"])
def test_norm_of_zeros_has_a_gradient(p: str) -> None:
    agree(f"torch.norm(x, {p})", x=[0.0, 0.0], but="double")


@pytest.mark.parametrize("args", ["", "2, 0", "2.5, 1, True", "'fro', (0, 1)", "'fro'"])
@pytest.mark.parametrize("x", [(2, 3), (2, 2, 2)], ids=str)
def test_linalg_norm(args: str, x: tuple[int, ...]) -> None:
    agree(f"torch.linalg.norm(x, {args})", x=x)


@pytest.mark.parametrize("ord", ["", "1", "inf", "-1", "-inf", "0"])
def test_linalg_norm_of_a_vector(ord: str) -> None:
    agree(f"torch.linalg.norm(x, {ord})", x=(3,))


def test_norms_of_matrices_that_need_singular_values_are_refused_by_name() -> None:
    for ord in (1, 2, math.inf, "nuc"):
        with pytest.raises(NotImplementedError, match="norms of a matrix"):
            minigrad.linalg.norm(minigrad.ones(2, 2), ord)
    with pytest.raises(NotImplementedError, match="norms of a matrix"):
        minigrad.norm(minigrad.ones(2, 2), "nuc")


@pytest.mark.parametrize("args", ["0", "-1", "1, True", "(0, 1)"])
def test_logsumexp(args: str) -> None:
    agree(f"x.logsumexp({args})", x=(2, 3))
    agree(f"x.logsumexp({args})", x=[[1000.0, 1000.0], [-math.inf, 0.0]])


@pytest.mark.parametrize("args", ["0", "-1", "1, dtype=torch.float64", "2"])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("x", [(2, 3), (2, 3, 2), [[1000.0, 999.0], [-1000.0, 0.0]], given((2, 3), "int64")], ids=str)
def test_softmax(name: str, args: str, x: object) -> None:
    agree(f"x.{name}({args})", x=x)


@pytest.mark.parametrize("args", ["0", "-1", "1", "0, dtype=torch.float64", "2"])
@pytest.mark.parametrize("name", ["cumsum", "cumprod"])
@pytest.mark.parametrize(
    "x", [(2, 3), (), (2, 0), [[0.0, 2.0, 0.0], [1.0, 0.0, 3.0]], [[True, False], [True, True]]], ids=str
)
def test_running(name: str, args: str, x: object) -> None:
    agree(f"x.{name}({args})", x=x, but=FUSED)


@pytest.mark.parametrize(
    "code",
    lines("""
    x.sum((0, 0))
    x.sum(0, 1)
    torch.sum(x, axis=0, keepdims=True)
    y = x.clone(); y.cumsum_(1); y
    x.int().cumsum(0, dtype=torch.int32)
    x.byte().cumprod(0, dtype=torch.uint8)
    torch.autograd.grad(x.cumsum(0), x, torch.ones_like(x))
    x.std(0).sum() + x.max()
"""),
)
def test_arguments(code: str) -> None:
    agree(code, x=(2, 3))


CODES = "sum(1), mean(0), any(1), amax(0), cumsum(0), cumprod(1), softmax(0), log_softmax(-1), tril(), roll(1, 0)"


@pytest.mark.parametrize("code", [*CODES.split("), "), "sort(1", "argsort(2", "erf(", "masked_fill(x > 0, 1.0"])
def test_strides(code: str) -> None:
    for change in ("permute(2, 0, 1)", "transpose(0, 1)", "expand(2, 2, 3, 4)[:, 1]"):
        agree(f"x.{change}.{code.rstrip(')')})", x=given((2, 3, 4), grad=False))


def test_nothing_of_integers() -> None:
    for code in ("x.softmax(-1)", "x.log_softmax(0)", "x.bool() @ x.bool().T", "x.lerp(x, 0.5)"):
        agree(code, x=given((0, 3), "int64"))


@pytest.mark.parametrize("code", ["x.nansum()", "x.nansum(1)", "x.median()", "x.median(0)", "x.median(1, True).values"])
def test_what_is_unknown(code: str) -> None:
    agree(code, x=[[1.0, 4.0, 2.0], [5.0, -1.0, 0.5]])
    agree(code, x=[[1.0, math.nan, 2.0], [math.nan, -1.0, 0.5]], but="double gradgraph")
